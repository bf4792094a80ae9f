//! The keyring: the root key, and the data keys in the order in which they were made. The newest one seals, the others open
//! what was sealed before they had a successor.

use std::fmt;

use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::secret::{RandomError, Secret};
use crate::store::barrier::KEY_LENGTH;

/// All keys of a store. `Debug` shows none of them; they are wiped when dropped.
#[derive(Clone)]
pub struct Keyring {
    root: Secret,
    data: Vec<DataKey>,
}

/// One data key. Its number is its place in the keyring, the first being 1.
#[derive(Clone)]
pub struct DataKey {
    /// When it was made.
    pub time: Timestamp,
    key: Secret,
}

impl DataKey {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        self.key.expose()
    }
}

impl Keyring {
    /// A new root key and a first data key.
    ///
    /// # Errors
    /// When the operating system's generator fails.
    pub fn generate(time: Timestamp) -> Result<Self, RandomError> {
        Ok(Keyring::new(Secret::random(KEY_LENGTH)?, Secret::random(KEY_LENGTH)?, time))
    }

    /// A keyring of two keys of [`KEY_LENGTH`] bytes.
    pub fn new(root: Secret, first: Secret, time: Timestamp) -> Self {
        Keyring { root, data: vec![DataKey { time, key: first }] }
    }

    /// The same with one more data key.
    ///
    /// # Errors
    /// When the operating system's generator fails.
    pub fn rotated(&self, time: Timestamp) -> Result<Self, RandomError> {
        let mut next = self.clone();
        next.data.push(DataKey { time, key: Secret::random(KEY_LENGTH)? });
        Ok(next)
    }

    /// The root key: what is derived from it stays the same for the life of the store.
    pub fn root(&self) -> &Secret {
        &self.root
    }

    /// The data keys, oldest first.
    pub fn data_keys(&self) -> &[DataKey] {
        &self.data
    }

    /// The number of the newest data key.
    pub fn newest(&self) -> u32 {
        u32::try_from(self.data.len()).unwrap_or(u32::MAX)
    }

    /// The data keys as bytes, to be sealed under the root key: for each its time (8 bytes, most significant first) and the
    /// key.
    pub(super) fn data_to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.data.len() * (8 + KEY_LENGTH)));
        for key in &self.data {
            bytes.extend_from_slice(&key.time.0.to_be_bytes());
            bytes.extend_from_slice(key.expose());
        }
        bytes
    }

    /// Reads what [`Keyring::data_to_bytes`] wrote; `None` when it is something else, or no key at all.
    pub(super) fn from_parts(root: Secret, data: &[u8]) -> Option<Self> {
        let (entries, rest) = data.as_chunks::<{ 8 + KEY_LENGTH }>();
        let data: Option<Vec<DataKey>> = entries
            .iter()
            .map(|entry| {
                let (time, key) = entry.split_first_chunk::<8>()?;
                Some(DataKey { time: Timestamp(i64::from_be_bytes(*time)), key: Secret::new(key) })
            })
            .collect();
        let data = data.filter(|data| !data.is_empty() && rest.is_empty())?;
        (root.expose().len() == KEY_LENGTH).then_some(Keyring { root, data })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("newest", &self.newest()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_survives_its_bytes_and_grows_at_its_end() {
        let one = Keyring::generate(Timestamp(5)).unwrap();
        let two = one.rotated(Timestamp(6)).unwrap();
        let read = Keyring::from_parts(two.root().clone(), &two.data_to_bytes()).unwrap();
        assert_eq!((one.newest(), read.newest(), read.data_keys()[1].time), (1, 2, Timestamp(6)));
        assert_eq!(read.data_keys()[0].expose(), one.data_keys()[0].expose());
        assert_ne!(read.data_keys()[1].expose(), one.data_keys()[0].expose());
        assert!(Keyring::from_parts(two.root().clone(), &two.data_to_bytes()[1..]).is_none());
        assert!(Keyring::from_parts(two.root().clone(), &[]).is_none());
    }
}
