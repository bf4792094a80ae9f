//! Sealing with AES-256-GCM-SIV, each time under a nonce from the operating system.
//!
//! The cryptographic library would make nonces too, but gathers randomness of its own for that when it is first asked, which
//! takes it longer than the daemon takes to start.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

use super::secret::RandomError;

pub use aws_lc_rs::aead::NONCE_LEN;

/// Length of a key, in bytes.
pub const KEY_LENGTH: usize = 32;
/// Length of the tag that authenticates what is sealed, in bytes.
pub const TAG_LENGTH: usize = 16;

/// A key, ready for use; wiped when dropped.
pub struct Cipher(LessSafeKey);

/// What was given for a key has another length than [`KEY_LENGTH`], or does not open what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongKey;

impl Cipher {
    /// With a key of [`KEY_LENGTH`] bytes.
    ///
    /// # Errors
    /// [`WrongKey`] when it has another length.
    pub fn new(key: &[u8]) -> Result<Self, WrongKey> {
        UnboundKey::new(&AES_256_GCM_SIV, key).map(|key| Cipher(LessSafeKey::new(key))).map_err(|_| WrongKey)
    }

    /// Seals `content` in place and returns the nonce and the tag; `place` is authenticated with it.
    ///
    /// # Errors
    /// When no random nonce can be had.
    pub fn seal(&self, place: &[u8], content: &mut [u8]) -> Result<([u8; NONCE_LEN], Tag), RandomError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| RandomError)?;
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), content)
            .map_err(|_| RandomError)?;
        Ok((nonce, tag))
    }

    /// Opens in place what was sealed for the same place: content and tag behind one another. Returns the content.
    ///
    /// # Errors
    /// [`WrongKey`] when it was sealed with another key or for another place, or was changed since.
    pub fn open<'c>(
        &self,
        place: &[u8],
        nonce: [u8; NONCE_LEN],
        sealed: &'c mut [u8],
    ) -> Result<&'c mut [u8], WrongKey> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place(nonce, Aad::from(place), sealed).map_err(|_| WrongKey)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_same_key_for_the_same_place_only() {
        let cipher = Cipher::new(&[1; KEY_LENGTH]).unwrap();
        let mut sealed = b"content".to_vec();
        let (nonce, tag) = cipher.seal(b"place", &mut sealed).unwrap();
        sealed.extend_from_slice(tag.as_ref());
        assert_eq!(sealed.len(), b"content".len() + TAG_LENGTH);
        assert_eq!(cipher.open(b"place", nonce, &mut sealed.clone()).unwrap(), b"content");
        assert_eq!(cipher.open(b"elsewhere", nonce, &mut sealed.clone()), Err(WrongKey));
        let other = Cipher::new(&[2; KEY_LENGTH]).unwrap();
        assert_eq!(other.open(b"place", nonce, &mut sealed), Err(WrongKey));
        assert!(Cipher::new(&[1; 16]).is_err());
    }

    #[test]
    fn no_two_nonces_are_alike() {
        let cipher = Cipher::new(&[1; KEY_LENGTH]).unwrap();
        let nonce = || cipher.seal(b"", &mut []).unwrap().0;
        assert_ne!(nonce(), nonce());
    }
}
