//! The file `keyring`: the root key sealed under the seal key, and the data keys sealed under the root key. Beside them, for
//! everybody to read, stands into how many shares the seal key was split; that is authenticated with the root key.
//!
//! It is replaced as a whole, by a file written beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::key::SealKey;
use super::keyring::Keyring;
use crate::base::cipher::{Cipher, NONCE_LEN};
use crate::base::secret::Secret;
use crate::store::barrier::{BarrierError, KEY_LENGTH, SubKeys};
use crate::store::disk::{io_error, replace};
use crate::store::log::StoreError;

/// The format that this program reads and writes.
const FORMAT: u32 = 1;
/// No keyring is larger than this many bytes: it has room for several thousand data keys.
const LARGEST: u64 = 1 << 20;
const NAME: &str = "keyring";

/// How the seal key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Holders {
    /// Into how many shares it was split.
    pub shares: u8,
    /// How many of them open it.
    pub threshold: u8,
}

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Envelope {
    format: u32,
    /// Chosen when the keyring was made; binds the sealed parts together.
    id: Uuid,
    /// How the seal key is kept.
    holders: Holders,
    root_key: String,
    data_keys: String,
}

/// Why a keyring was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The seal key is another one, or the shares were not all of this store. Which of them is wrong cannot be known.
    #[error("this seal key, or these shares, do not open the store")]
    WrongKey,
    /// The seal key is right, but the rest of the file is not what was written.
    #[error("the keyring is damaged: restore it from a backup")]
    Damaged,
    /// No random nonce could be had.
    #[error(transparent)]
    Barrier(#[from] BarrierError),
}

impl Envelope {
    /// Puts a keyring under a seal key.
    ///
    /// # Errors
    /// When no random nonce can be had.
    pub fn seal(keyring: &Keyring, key: &SealKey, holders: Holders) -> Result<Self, BarrierError> {
        Envelope::make(Uuid::new_v4(), keyring, key, holders)
    }

    fn make(id: Uuid, keyring: &Keyring, key: &SealKey, holders: Holders) -> Result<Self, BarrierError> {
        let mut root_key = keyring.root().expose().to_vec();
        let root_key = seal(&wrapping_key(key), &root_place(id, holders), &mut root_key)?;
        let data_keys = data_keys(id, keyring)?;
        Ok(Envelope { format: FORMAT, id, holders, root_key, data_keys })
    }

    /// The same under another seal key.
    ///
    /// # Errors
    /// When no random nonce can be had.
    pub fn rekeyed(&self, keyring: &Keyring, key: &SealKey, holders: Holders) -> Result<Self, BarrierError> {
        Envelope::make(self.id, keyring, key, holders)
    }

    /// The same with the data keys of `keyring`: what it takes to add a data key without the seal key.
    ///
    /// # Errors
    /// When no random nonce can be had.
    pub fn with_data_keys(&self, keyring: &Keyring) -> Result<Self, BarrierError> {
        Ok(Envelope { data_keys: data_keys(self.id, keyring)?, ..self.clone() })
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn open(&self, key: &SealKey) -> Result<Keyring, EnvelopeError> {
        let wrapping = wrapping_key(key);
        let root = open(&wrapping, &root_place(self.id, self.holders), &self.root_key)
            .ok_or(EnvelopeError::WrongKey)?;
        let sealing = SubKeys::of(&root).derive(NAME);
        let data = open(&sealing, &data_place(self.id), &self.data_keys).ok_or(EnvelopeError::Damaged)?;
        Keyring::from_parts(root, data.expose()).ok_or(EnvelopeError::Damaged)
    }

    /// Names the store to anybody: made of the id by which the parts of the keyring are bound together, and not that itself.
    pub fn store_id(&self) -> Uuid {
        let hash = digest(&SHA256, &[b"store of ".as_slice(), self.id.as_bytes()].concat());
        let bytes = hash.as_ref().first_chunk::<16>().copied().unwrap_or_default();
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// How the seal key is kept.
    pub fn holders(&self) -> Holders {
        self.holders
    }

    /// The file of a data directory.
    pub fn path(directory: &Path) -> PathBuf {
        directory.join(NAME)
    }

    /// Reads the file of a data directory; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is not what was written, [`StoreError::Format`], [`StoreError::Io`].
    pub fn load(directory: &Path) -> Result<Option<Self>, StoreError> {
        Envelope::read(&Envelope::path(directory))
    }

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// As [`Envelope::load`].
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let text = match fs::metadata(path).and_then(|facts| match facts.len() {
            0..=LARGEST => fs::read_to_string(path),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "too large")),
        }) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(damaged(path, "it is not a keyring"));
            }
            Err(error) => return Err(io_error("read the keyring", path, &error)),
        };
        let envelope: Envelope = serde_json::from_str(&text)
            .map_err(|error| damaged(path, &format!("it is not a keyring: {error}")))?;
        if envelope.format != FORMAT {
            let (found, known) = (i64::from(envelope.format), i64::from(FORMAT));
            return Err(StoreError::Format { place: path.to_owned(), found, known });
        }
        Ok(Some(envelope))
    }

    /// Writes the file of a data directory, in place of an older one; durable when this returns.
    ///
    /// # Errors
    /// [`StoreError::Io`]; then the older one is still there.
    pub fn store(&self, directory: &Path) -> Result<(), StoreError> {
        let path = Envelope::path(directory);
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        replace(&path, text.as_bytes()).map_err(|error| io_error("write the keyring", &path, &error))
    }
}

fn damaged(path: &Path, what: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned(), place: path.to_owned() }
}

fn data_keys(id: Uuid, keyring: &Keyring) -> Result<String, BarrierError> {
    let sealing = SubKeys::of(keyring.root()).derive(NAME);
    seal(&sealing, &data_place(id), &mut keyring.data_to_bytes())
}

/// The key that seals the root key.
fn wrapping_key(key: &SealKey) -> Secret {
    SubKeys::of(&Secret::new(key.expose())).derive("seal")
}

fn root_place(id: Uuid, holders: Holders) -> Vec<u8> {
    let mut place = b"strongbox root key".to_vec();
    place.extend_from_slice(id.as_bytes());
    place.extend_from_slice(&[holders.shares, holders.threshold]);
    place
}

fn data_place(id: Uuid) -> Vec<u8> {
    let mut place = b"strongbox data keys".to_vec();
    place.extend_from_slice(id.as_bytes());
    place
}

/// Nonce, ciphertext and tag in base64; `plain` is overwritten with the ciphertext.
fn seal(key: &Secret, place: &[u8], plain: &mut Vec<u8>) -> Result<String, BarrierError> {
    let cipher = Cipher::new(key.expose()).map_err(|_| BarrierError::KeyLength)?;
    let (nonce, tag) = cipher.seal(place, plain).map_err(|_| BarrierError::Random)?;
    let sealed = [&nonce, plain.as_slice(), tag.as_ref()].concat();
    Ok(STANDARD.encode(sealed))
}

fn open(key: &Secret, place: &[u8], sealed: &str) -> Option<Secret> {
    let cipher = Cipher::new(key.expose()).ok()?;
    let sealed = STANDARD.decode(sealed).ok()?;
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut body = Zeroizing::new(body.to_vec());
    let plain = cipher.open(place, *nonce, &mut body).ok()?;
    Some(Secret::new(&*plain))
}

const _: () = assert!(KEY_LENGTH == 32, "AES-256 takes 32 bytes");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;

    const HOLDERS: Holders = Holders { shares: 5, threshold: 3 };

    fn sealed() -> (Keyring, SealKey, Envelope) {
        let keyring = Keyring::generate(Timestamp(1)).unwrap();
        let key = SealKey::generate().unwrap();
        let envelope = Envelope::seal(&keyring, &key, HOLDERS).unwrap();
        (keyring, key, envelope)
    }

    fn same(one: &Keyring, other: &Keyring) -> bool {
        let data = |keyring: &Keyring| -> Vec<Vec<u8>> {
            keyring.data_keys().iter().map(|key| key.expose().to_vec()).collect()
        };
        one.root().same_as(other.root().expose()) && data(one) == data(other)
    }

    #[test]
    fn the_right_key_opens_it_from_the_file_too() {
        let (keyring, key, envelope) = sealed();
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Envelope::load(dir.path()).unwrap(), None);
        envelope.store(dir.path()).unwrap();
        let read = Envelope::load(dir.path()).unwrap().unwrap();
        assert_eq!((&read, read.holders()), (&envelope, HOLDERS));
        assert!(same(&read.open(&key).unwrap(), &keyring));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn another_key_does_not() {
        let (_, _, envelope) = sealed();
        assert_eq!(envelope.open(&SealKey::generate().unwrap()).unwrap_err(), EnvelopeError::WrongKey);
    }

    #[test]
    fn a_new_data_key_needs_no_seal_key_and_a_new_seal_key_keeps_the_data_keys() {
        let (keyring, key, envelope) = sealed();
        let two = keyring.rotated(Timestamp(2)).unwrap();
        let envelope = envelope.with_data_keys(&two).unwrap();
        assert!(same(&envelope.open(&key).unwrap(), &two));
        let other = SealKey::generate().unwrap();
        let rekeyed = envelope.rekeyed(&two, &other, Holders { shares: 1, threshold: 1 }).unwrap();
        assert!(same(&rekeyed.open(&other).unwrap(), &two));
        assert_eq!(rekeyed.open(&key).unwrap_err(), EnvelopeError::WrongKey);
    }

    #[test]
    fn what_stands_beside_the_sealed_parts_cannot_be_changed() {
        let (keyring, key, envelope) = sealed();
        let fewer = Envelope { holders: Holders { shares: 5, threshold: 2 }, ..envelope.clone() };
        assert_eq!(fewer.open(&key).unwrap_err(), EnvelopeError::WrongKey);
        let foreign = Envelope::seal(&keyring, &key, HOLDERS).unwrap();
        let mixed = Envelope { data_keys: foreign.data_keys, ..envelope };
        assert_eq!(mixed.open(&key).unwrap_err(), EnvelopeError::Damaged);
    }

    #[test]
    fn every_cut_and_every_flipped_bit_of_the_file_is_told() {
        let (keyring, key, envelope) = sealed();
        let dir = tempfile::tempdir().unwrap();
        envelope.store(dir.path()).unwrap();
        let path = Envelope::path(dir.path());
        let whole = fs::read(&path).unwrap();
        let opens = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            Envelope::load(dir.path()).ok().flatten().and_then(|read| read.open(&key).ok())
        };
        for length in 0..whole.trim_ascii_end().len() {
            assert!(opens(&whole[..length]).is_none(), "cut at {length}");
        }
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // A flipped bit in white space, or in the case of a digit of the id, leaves the same content.
            assert!(opens(&bytes).is_none_or(|opened| same(&opened, &keyring)), "bit {bit}");
        }
    }
}
