//! Bytes that are wiped when dropped and never printed.

use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Key material, a password or a token. `Debug` shows `***`; memory is overwritten on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Secret(Zeroizing::new(bytes.into()))
    }

    /// Takes the bytes out of a text buffer without copying them.
    pub fn from_text(text: String) -> Self {
        Secret(Zeroizing::new(text.into_bytes()))
    }

    /// `length` bytes from the operating system's generator.
    ///
    /// # Errors
    /// When the generator fails, which on a running machine it does not.
    pub fn random(length: usize) -> Result<Self, RandomError> {
        let mut bytes = vec![0_u8; length];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| RandomError)?;
        Ok(Secret::new(bytes))
    }

    /// The bytes, for the one operation that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, when they are UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Equality in time that depends on the length only.
    pub fn same_as(&self, other: &[u8]) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, other).is_ok()
    }
}

/// The operating system's random generator failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random number generator failed")]
pub struct RandomError;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// From a string: a service's own struct has its passwords as these.
impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::from_text)
    }
}

impl Zeroize for Secret {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new(*b"hunter2")), "Secret(***)");
    }

    #[test]
    fn comparison_is_by_content() {
        assert!(Secret::new(*b"a").same_as(b"a"));
        assert!(!Secret::new(*b"a").same_as(b"ab"));
    }
}
