//! Bytes that are wiped when dropped and never printed.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zeroize::Zeroize;

/// Key material, a password or a token. `Debug` shows `***`; memory is overwritten on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Wiped);

/// A buffer that may hold secrets among much else, as a record of the store does. Its memory is overwritten on drop, as
/// `zeroize` does it, but a word at a time: a commit of a thousand edits fills some megabytes of such buffers.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    /// Takes a buffer over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Wiped(bytes)
    }

    /// An empty buffer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Wiped(Vec::with_capacity(capacity))
    }

    /// Empties it, with room for `capacity` bytes. A smaller buffer is wiped and not moved, as a vector that grows would be.
    pub fn begin(&mut self, capacity: usize) {
        self.0.clear();
        if self.0.capacity() < capacity {
            *self = Wiped::with_capacity(capacity);
        }
    }

    /// Overwrites the whole buffer, its unused end too, and empties it.
    pub fn wipe(&mut self) {
        self.0.resize(self.0.capacity(), 0);
        let (head, words, tail) = bytemuck::pod_align_to_mut::<u8, u64>(&mut self.0);
        head.zeroize();
        words.zeroize();
        tail.zeroize();
        self.0.clear();
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiped(***)")
    }
}

impl Secret {
    /// Takes ownership of the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Secret(Wiped::new(bytes.into()))
    }

    /// Takes the bytes out of a text buffer without copying them.
    pub fn from_text(text: String) -> Self {
        Secret(Wiped::new(text.into_bytes()))
    }

    /// `length` bytes from the operating system's generator.
    ///
    /// # Errors
    /// When the generator fails, which on a running machine it does not.
    pub fn random(length: usize) -> Result<Self, RandomError> {
        let mut secret = Secret::new(vec![0_u8; length]);
        getrandom::fill(&mut secret.0).map_err(|_| RandomError)?;
        Ok(secret)
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
        self.0.wipe();
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
    fn a_wiped_buffer_is_empty_and_zero_to_its_end() {
        for length in [0, 1, 7, 8, 9, 63, 1_000] {
            let mut buffer = Wiped::new(vec![0xA5; length]);
            buffer.truncate(length / 2);
            buffer.wipe();
            assert!(buffer.is_empty());
            buffer.resize(length, 0);
            assert!(buffer.iter().all(|byte| *byte == 0), "{length}");
        }
    }

    #[test]
    fn comparison_is_by_content() {
        assert!(Secret::new(*b"a").same_as(b"a"));
        assert!(!Secret::new(*b"a").same_as(b"ab"));
    }
}
