//! The text of a token and what is kept of it.
//!
//! `sb.` and 32 characters that stand for 24 bytes from the operating system: 192 bits, so a plain hash of it can be kept
//! without salt or work, and looked up directly. The mark lets scanners for leaked secrets find tokens in texts.

use std::fmt;
use std::hash::{Hash, Hasher};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::base::secret::{RandomError, Secret};

/// What every token begins with.
pub const MARK: &str = "sb.";

const RANDOM_BYTES: usize = 24;

/// A token that was just made: shown once, never kept.
#[derive(Debug)]
pub struct Bearer {
    /// Its text.
    pub text: Secret,
    /// Its public name, 24 hexadecimal digits that have nothing to do with the text.
    pub accessor: String,
}

impl Bearer {
    /// Makes one.
    ///
    /// # Errors
    /// When the operating system's generator fails.
    pub fn generate() -> Result<Self, RandomError> {
        let random = Secret::random(RANDOM_BYTES)?;
        let mut text = String::with_capacity(MARK.len() + 32);
        text.push_str(MARK);
        URL_SAFE_NO_PAD.encode_string(random.expose(), &mut text);
        let accessor = Secret::random(12)?.expose().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Bearer { text: Secret::from_text(text), accessor })
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of_bytes(self.text.expose())
    }
}

/// The SHA-256 of a token's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of what a client sent. `None` when it cannot be a token, whatever tokens there are.
    pub fn of(text: &str) -> Option<Self> {
        text.starts_with(MARK).then(|| TokenHash::of_bytes(text.as_bytes()))
    }

    fn of_bytes(text: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, text).as_ref());
        TokenHash(hash)
    }
}

/// The bytes are random already: eight of them are as good as a hash of all.
impl Hash for TokenHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// A hasher for [`TokenHash`]: passes on the eight bytes that it is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct PassOn(u64);

impl Hasher for PassOn {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

impl serde::Serialize for TokenHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

impl<'de> serde::Deserialize<'de> for TokenHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = TokenHash;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("32 bytes, or base64 of them")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<TokenHash, E> {
                let bytes = STANDARD.decode(text).map_err(|_| E::custom("not base64"))?;
                self.visit_bytes(&bytes)
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<TokenHash, E> {
                bytes.try_into().map(TokenHash).map_err(|_| E::invalid_length(bytes.len(), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_mark_and_192_bits() {
        let token = Bearer::generate().unwrap();
        let text = token.text.expose_text().unwrap();
        assert!(text.starts_with("sb.") && text.len() == 35, "{text}");
        assert_eq!(TokenHash::of(text), Some(token.hash()));
        assert_eq!(TokenHash::of("hvs.abc"), None);
        assert_ne!(Bearer::generate().unwrap().hash(), token.hash());
        assert_eq!(token.accessor.len(), 24);
    }

    #[test]
    fn a_hash_goes_through_json_and_not_into_debug() {
        let hash = Bearer::generate().unwrap().hash();
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<TokenHash>(&json).unwrap(), hash);
        assert_eq!(format!("{hash:?}"), "TokenHash(***)");
    }
}
