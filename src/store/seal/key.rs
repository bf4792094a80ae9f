//! The seal key: 32 random bytes that people keep as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::base::secret::{RandomError, Secret};
use crate::store::barrier::KEY_LENGTH;

/// What opens the store. Never stored by the daemon, unless the operator keeps it in a file for it.
#[derive(Clone, Debug)]
pub struct SealKey(Secret);

/// A text that is not a seal key. It says nothing of what was found but the length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not base64.
    #[error("is not base64; a seal key is {KEY_LENGTH} bytes in base64")]
    Encoding,
    /// Another number of bytes.
    #[error("has {0} bytes; a seal key has {KEY_LENGTH} in base64")]
    Length(usize),
}

impl SealKey {
    /// A new one from the operating system's generator.
    ///
    /// # Errors
    /// When the generator fails.
    pub fn generate() -> Result<Self, RandomError> {
        Secret::random(KEY_LENGTH).map(SealKey)
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`KeyError::Length`].
    pub fn from_bytes(bytes: Secret) -> Result<Self, KeyError> {
        match bytes.expose().len() {
            KEY_LENGTH => Ok(SealKey(bytes)),
            other => Err(KeyError::Length(other)),
        }
    }

    /// From base64, with or without white space around it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError::Encoding)?;
        SealKey::from_bytes(Secret::new(bytes))
    }

    /// As base64, for whoever is to keep it.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.expose()))
    }

    /// The bytes, for deriving and splitting.
    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// Whether both are the same key, in constant time.
    pub fn same_as(&self, other: &SealKey) -> bool {
        self.0.same_as(other.0.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_text_and_shows_nothing() {
        let key = SealKey::generate().unwrap();
        assert!(SealKey::parse(&format!(" {}\n", *key.to_text())).unwrap().same_as(&key));
        assert!(!format!("{key:?}").contains(&*key.to_text()));
    }

    #[test]
    fn what_is_no_key_is_told_without_being_repeated() {
        assert_eq!(SealKey::parse("not base64!").unwrap_err(), KeyError::Encoding);
        assert_eq!(
            SealKey::parse("AAAA").unwrap_err().to_string(),
            "has 3 bytes; a seal key has 32 in base64"
        );
    }
}
