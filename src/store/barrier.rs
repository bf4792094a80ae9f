//! The barrier: everything that reaches the disk passes it, sealed with AES-256-GCM-SIV.
//!
//! The associated data bind a sealed value to its place (log, revision, row), so that a value moved elsewhere does not
//! open. Never here: where the keys come from (`seal`), or what the values mean.

use std::fmt;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use uuid::Uuid;

use super::chain::Chain;
use super::log::Revision;
use super::seal::Keyring;
use crate::base::cipher::{Cipher, NONCE_LEN, TAG_LENGTH};
use crate::base::clock::Timestamp;
use crate::base::secret::Secret;

pub use crate::base::cipher::KEY_LENGTH;

const HEADER_LENGTH: usize = size_of::<u32>() + NONCE_LEN;

/// Seals and opens. Cheap to clone; the keys are wiped with the last clone.
#[derive(Clone)]
pub struct Barrier(Arc<Keys>);

struct Keys {
    sub_keys: SubKeys,
    rows: hmac::Key,
    ring: ArcSwap<Ring>,
}

/// The keyring, and its data keys ready for use.
struct Ring {
    keyring: Keyring,
    ciphers: Vec<Cipher>,
}

/// Tells whether the keys of a barrier are still in memory, without keeping them there.
#[derive(Clone)]
pub struct KeysWatch(Weak<Keys>);

impl KeysWatch {
    /// Whether the last clone of the barrier is gone.
    pub fn are_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// The place that a sealed value belongs to, authenticated with it and not stored in it.
#[derive(Clone, Copy, Debug)]
pub enum Aad<'a> {
    /// The body of a log record.
    Record {
        /// The log.
        log: Uuid,
        /// Its slot.
        revision: Revision,
        /// The record's id.
        id: Uuid,
        /// The chain value of the slot before.
        previous: &'a Chain,
    },
    /// A materialised row.
    Row {
        /// The log.
        log: Uuid,
        /// The row's primary key.
        key: &'a RowKey,
        /// The revision that wrote it.
        revision: Revision,
        /// The time of that revision.
        time: Timestamp,
    },
    /// A part of what rows were before a record.
    Past {
        /// The log.
        log: Uuid,
        /// The record's slot.
        revision: Revision,
        /// The number of the part, counted from 0.
        part: u32,
        /// Whether no part follows.
        last: bool,
    },
    /// The head: last revision, chain, sum over the rows.
    Head {
        /// The log.
        log: Uuid,
    },
    /// The revision that was acknowledged last.
    Mark {
        /// The log.
        log: Uuid,
    },
    /// The value by which a wrong key is recognised.
    KeyCheck {
        /// The log.
        log: Uuid,
    },
}

/// Primary key of a row: the first half of a keyed hash of tenant and path, which tells nothing about either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(pub [u8; 16]);

/// Why a value was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BarrierError {
    /// It is not what was sealed at this place with this key.
    #[error("the sealed value does not open")]
    DoesNotOpen,
    /// It names a data key that the keyring does not have.
    #[error("it needs data key {0}, which the keyring does not have: the keyring is older than the store")]
    NoKey(u32),
    /// A key has not the right length.
    #[error("a key has another length than {KEY_LENGTH} bytes")]
    KeyLength,
    /// No random numbers can be had.
    #[error("the operating system's random number generator failed")]
    Random,
}

/// Keys for purposes of their own, made of one key (HKDF, RFC 5869, one block, with the purpose as `info`).
#[derive(Clone)]
pub struct SubKeys(hmac::Key);

impl SubKeys {
    /// Those of a key.
    pub fn of(key: &Secret) -> Self {
        let salt = hmac::Key::new(hmac::HMAC_SHA256, b"strongbox barrier 1");
        let extracted = Secret::new(hmac::sign(&salt, key.expose()).as_ref());
        SubKeys(hmac::Key::new(hmac::HMAC_SHA256, extracted.expose()))
    }

    /// The one for a purpose, [`KEY_LENGTH`] bytes.
    pub fn derive(&self, purpose: &str) -> Secret {
        expand(&self.0, purpose.as_bytes())
    }
}

impl Ring {
    fn new(keyring: Keyring) -> Result<Self, BarrierError> {
        let ciphers = keyring
            .data_keys()
            .iter()
            .map(|key| Cipher::new(key.expose()).map_err(|_| BarrierError::KeyLength))
            .collect::<Result<_, _>>()?;
        Ok(Ring { keyring, ciphers })
    }

    fn cipher(&self, number: u32) -> Result<&Cipher, BarrierError> {
        let before = number.checked_sub(1).ok_or(BarrierError::DoesNotOpen)?;
        let index = usize::try_from(before).map_err(|_| BarrierError::DoesNotOpen)?;
        self.ciphers.get(index).ok_or(BarrierError::NoKey(number))
    }
}

impl Barrier {
    /// A barrier of the keys of a keyring.
    ///
    /// # Errors
    /// When a key has another length than [`KEY_LENGTH`].
    pub fn new(keyring: Keyring) -> Result<Self, BarrierError> {
        let sub_keys = SubKeys::of(keyring.root());
        let rows = hmac::Key::new(hmac::HMAC_SHA256, sub_keys.derive("row keys").expose());
        let ring = ArcSwap::from_pointee(Ring::new(keyring)?);
        Ok(Barrier(Arc::new(Keys { sub_keys, rows, ring })))
    }

    /// A barrier with keys of its own that nobody else has: for tests and throw-away stores.
    ///
    /// # Errors
    /// When the operating system's generator fails.
    pub fn random() -> Result<Self, BarrierError> {
        Barrier::new(Keyring::generate(Timestamp::default()).map_err(|_| BarrierError::Random)?)
    }

    /// The keys that it seals and opens with.
    pub fn keyring(&self) -> Keyring {
        self.0.ring.load().keyring.clone()
    }

    /// Seals with the newest data key of `keyring` from now on, in every clone. It must have all the keys that were in use
    /// before, and be stored already: what is sealed from now on cannot be opened without it.
    ///
    /// # Errors
    /// When a key has another length than [`KEY_LENGTH`].
    pub fn use_keyring(&self, keyring: Keyring) -> Result<(), BarrierError> {
        self.0.ring.store(Arc::new(Ring::new(keyring)?));
        Ok(())
    }

    /// For finding out later whether its keys are gone.
    pub fn watch(&self) -> KeysWatch {
        KeysWatch(Arc::downgrade(&self.0))
    }

    /// Seals `plain` for one place. The result is [`HEADER_LENGTH`] and 16 bytes longer: key number, nonce, ciphertext, tag.
    ///
    /// # Errors
    /// When no random nonce can be had.
    pub fn seal(&self, aad: &Aad<'_>, plain: &[u8]) -> Result<Vec<u8>, BarrierError> {
        let mut sealed = Vec::with_capacity(HEADER_LENGTH + plain.len() + TAG_LENGTH);
        let ring = self.0.ring.load();
        let number = ring.keyring.newest();
        sealed.extend_from_slice(&number.to_be_bytes());
        sealed.extend_from_slice(&[0; NONCE_LEN]);
        sealed.extend_from_slice(plain);
        let (header, body) = sealed.split_at_mut(HEADER_LENGTH);
        let (nonce, tag) = ring.cipher(number)?.seal(&aad.bytes(), body).map_err(|_| BarrierError::Random)?;
        if let Some(place) = header.last_chunk_mut() {
            *place = nonce;
        }
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens in place what [`Barrier::seal`] made for the same place, and returns the plain bytes inside `sealed`.
    ///
    /// # Errors
    /// When a single bit of the value or of its place differs, or it was sealed with a key that is not in the keyring.
    pub fn open<'v>(&self, aad: &Aad<'_>, sealed: &'v mut [u8]) -> Result<&'v mut [u8], BarrierError> {
        let (number, rest) = sealed.split_first_chunk_mut::<4>().ok_or(BarrierError::DoesNotOpen)?;
        let (nonce, body) = rest.split_first_chunk_mut::<NONCE_LEN>().ok_or(BarrierError::DoesNotOpen)?;
        let ring = self.0.ring.load();
        let cipher = ring.cipher(u32::from_be_bytes(*number))?;
        cipher.open(&aad.bytes(), *nonce, body).map_err(|_| BarrierError::DoesNotOpen)
    }

    /// A sub-key of the root key for a purpose of its own: etags, audit. It stays the same for the life of the store.
    pub fn derive(&self, purpose: &str) -> Secret {
        self.0.sub_keys.derive(purpose)
    }

    /// The primary key of the row of `tenant` at `path`.
    pub fn row_key(&self, tenant: &str, path: &str) -> RowKey {
        let mut context = hmac::Context::with_key(&self.0.rows);
        context.update(&(tenant.len() as u64).to_be_bytes());
        context.update(tenant.as_bytes());
        context.update(path.as_bytes());
        let mut key = [0_u8; 16];
        for (place, byte) in key.iter_mut().zip(context.sign().as_ref()) {
            *place = *byte;
        }
        RowKey(key)
    }
}

/// HKDF-Expand of RFC 5869 section 2.3 for one block.
fn expand(extracted: &hmac::Key, info: &[u8]) -> Secret {
    let mut context = hmac::Context::with_key(extracted);
    context.update(info);
    context.update(&[1]);
    Secret::new(context.sign().as_ref())
}

impl Aad<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        match self {
            Aad::Record { log, revision, id, previous } => {
                bytes.push(b'L');
                bytes.extend_from_slice(log.as_bytes());
                bytes.extend_from_slice(&revision.0.to_be_bytes());
                bytes.extend_from_slice(id.as_bytes());
                bytes.extend_from_slice(&previous.0);
            }
            Aad::Row { log, key, revision, time } => {
                bytes.push(b'R');
                bytes.extend_from_slice(log.as_bytes());
                bytes.extend_from_slice(&key.0);
                bytes.extend_from_slice(&revision.0.to_be_bytes());
                bytes.extend_from_slice(&time.0.to_be_bytes());
            }
            Aad::Past { log, revision, part, last } => {
                bytes.push(b'P');
                bytes.extend_from_slice(log.as_bytes());
                bytes.extend_from_slice(&revision.0.to_be_bytes());
                bytes.extend_from_slice(&part.to_be_bytes());
                bytes.push(u8::from(*last));
            }
            Aad::Head { log } => {
                bytes.push(b'H');
                bytes.extend_from_slice(log.as_bytes());
            }
            Aad::Mark { log } => {
                bytes.push(b'M');
                bytes.extend_from_slice(log.as_bytes());
            }
            Aad::KeyCheck { log } => {
                bytes.push(b'K');
                bytes.extend_from_slice(log.as_bytes());
            }
        }
        bytes
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Barrier(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn barrier() -> Barrier {
        let keyring = Keyring::new(Secret::new([7_u8; 32]), Secret::new([8_u8; 32]), Timestamp(0));
        Barrier::new(keyring).unwrap()
    }

    #[test]
    fn a_new_data_key_seals_and_the_old_ones_still_open() {
        let barrier = barrier();
        let clone = barrier.clone();
        let aad = Aad::Head { log: Uuid::nil() };
        let old = barrier.seal(&aad, b"old").unwrap();
        barrier.use_keyring(barrier.keyring().rotated(Timestamp(1)).unwrap()).unwrap();
        let new = clone.seal(&aad, b"new").unwrap();
        assert_eq!((&old[..4], &new[..4]), (&[0, 0, 0, 1][..], &[0, 0, 0, 2][..]));
        assert_eq!(barrier.open(&aad, &mut old.clone()).unwrap(), b"old");
        assert_eq!(barrier.open(&aad, &mut new.clone()).unwrap(), b"new");
        assert_eq!(super::tests::barrier().open(&aad, &mut new.clone()).unwrap_err(), BarrierError::NoKey(2));
        assert_eq!(barrier.row_key("a", "/"), super::tests::barrier().row_key("a", "/"));
    }

    #[test]
    fn the_keys_go_with_the_last_clone() {
        let barrier = barrier();
        let (clone, watch) = (barrier.clone(), barrier.watch());
        drop(barrier);
        assert!(!watch.are_gone());
        drop(clone);
        assert!(watch.are_gone());
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_place() {
        let log = Uuid::from_u128(9);
        let chain = Chain::start(log);
        let place = |revision| Aad::Record { log, revision, id: Uuid::nil(), previous: &chain };
        let sealed = barrier().seal(&place(Revision(3)), b"content").unwrap();
        assert_eq!(barrier().open(&place(Revision(3)), &mut sealed.clone()).unwrap(), b"content");
        assert!(barrier().open(&place(Revision(4)), &mut sealed.clone()).is_err());
        assert!(barrier().open(&Aad::Head { log }, &mut sealed.clone()).is_err());
        assert!(Barrier::random().unwrap().open(&place(Revision(3)), &mut sealed.clone()).is_err());
    }

    #[test]
    fn two_seals_of_one_text_differ() {
        let aad = Aad::Head { log: Uuid::nil() };
        assert_ne!(barrier().seal(&aad, b"text").unwrap(), barrier().seal(&aad, b"text").unwrap());
    }

    #[test]
    fn sub_keys_and_row_keys_are_stable_and_distinct() {
        assert!(barrier().derive("etags").same_as(barrier().derive("etags").expose()));
        assert!(!barrier().derive("etags").same_as(barrier().derive("audit").expose()));
        assert_eq!(barrier().row_key("acme", "/a"), barrier().row_key("acme", "/a"));
        assert_ne!(barrier().row_key("acm", "e/a"), barrier().row_key("acme", "/a"));
    }

    #[test]
    fn rfc5869_appendix_a_1_first_block() {
        let bytes = |hex: &str| -> Vec<u8> {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        };
        let key = bytes("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
        let okm = bytes("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
        let info = bytes("f0f1f2f3f4f5f6f7f8f9");
        assert_eq!(expand(&hmac::Key::new(hmac::HMAC_SHA256, &key), &info).expose(), okm);
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_noticed(
            plain in proptest::collection::vec(any::<u8>(), 0..200),
            bit in any::<prop::sample::Index>(),
        ) {
            let aad = Aad::Head { log: Uuid::nil() };
            let mut sealed = barrier().seal(&aad, &plain).unwrap();
            let mut copy = sealed.clone();
            prop_assert_eq!(barrier().open(&aad, &mut copy).unwrap(), &plain[..]);
            let bit = bit.index(sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(barrier().open(&aad, &mut sealed).is_err());
        }
    }
}
