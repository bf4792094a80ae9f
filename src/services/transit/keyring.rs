//! A transit key as it is used: its versions by number, each parsed when it is first needed and then kept.
//!
//! Not for changes: [`super::version`] makes new versions.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::model::{PublicJwk, TransitKey};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::secret::Secret;
use crate::services::jose::{Cipher, Key, KeyError};

/// The versions of one key.
pub struct Keyring {
    /// What the key is.
    pub cipher: Cipher,
    active: u32,
    versions: BTreeMap<u32, Version>,
    next_rotation: Option<Timestamp>,
}

/// One version of a key.
pub struct Version {
    /// Its number.
    pub number: u32,
    /// When it was made.
    pub created: Timestamp,
    /// When a newer one took its place.
    pub retired: Option<Timestamp>,
    /// The public part; empty for symmetric keys.
    pub jwk: PublicJwk,
    material: Secret,
    parsed: OnceLock<Arc<Key>>,
}

impl Keyring {
    /// Takes the versions of an entry.
    pub fn new(entry: TransitKey) -> Self {
        let next_rotation = next_rotation(entry.auto_rotate_period, entry.last_rotation);
        let versions = entry.versions.into_iter().map(|version| {
            let kept = Version {
                number: version.version,
                created: version.creation_time,
                retired: version.retired_time,
                jwk: version.jwk,
                material: version.private_key.0,
                parsed: OnceLock::new(),
            };
            (version.version, kept)
        });
        Keyring {
            cipher: entry.cipher,
            active: entry.active_version.unwrap_or_default(),
            versions: versions.collect(),
            next_rotation,
        }
    }

    /// The version with which new signatures are made; `None` where the key has no material.
    pub fn active(&self) -> Option<&Version> {
        self.versions.get(&self.active)
    }

    /// One version.
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.versions.get(&number)
    }

    /// All versions, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Version> {
        self.versions.values().rev()
    }

    /// When the key is to be rotated by itself; `None`: never.
    pub fn next_rotation(&self) -> Option<Timestamp> {
        self.next_rotation
    }

    /// A version ready to sign.
    ///
    /// # Errors
    /// [`KeyError`] when the stored material is no key of that cipher.
    pub fn key(&self, version: &Version) -> Result<Arc<Key>, KeyError> {
        if let Some(key) = version.parsed.get() {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(Key::from_material(self.cipher, version.material.expose())?);
        Ok(Arc::clone(version.parsed.get_or_init(|| key)))
    }
}

/// When a key is due for a new version: one period after the last was made. A period of zero is none.
pub fn next_rotation(period: Option<Duration>, last: Option<Timestamp>) -> Option<Timestamp> {
    let period = period.filter(|period| *period != Duration::default())?;
    Some(last?.plus_seconds(i64::try_from(period.seconds()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::super::model::{KeyVersion, Octets};
    use super::*;

    fn entry(cipher: Cipher, versions: u32) -> TransitKey {
        let version = |number: u32| KeyVersion {
            version: number,
            creation_time: Timestamp::from_seconds(i64::from(number) * 100),
            retired_time: (number < versions).then(|| Timestamp::from_seconds(i64::from(number) * 100 + 100)),
            public_key: None,
            jwk: PublicJwk::default(),
            private_key: Octets(Key::generate(cipher).unwrap()),
        };
        TransitKey {
            name: "k".to_owned(),
            cipher,
            exportable: false,
            deletion_allowed: false,
            auto_rotate_period: None,
            active_version: Some(versions),
            last_rotation: Some(Timestamp::from_seconds(i64::from(versions) * 100)),
            versions: (1..=versions).map(version).collect(),
        }
    }

    #[test]
    fn the_active_version_signs_and_the_newest_comes_first() {
        let ring = Keyring::new(entry(Cipher::Ed25519, 3));
        assert_eq!(ring.active().map(|version| version.number), Some(3));
        assert_eq!(ring.newest_first().map(|version| version.number).collect::<Vec<_>>(), [3, 2, 1]);
        let (first, third) = (ring.version(1).unwrap(), ring.active().unwrap());
        let signature = ring.key(first).unwrap().sign(None, b"m").unwrap();
        assert_eq!(ring.key(first).unwrap().verify(None, b"m", &signature), Ok(true));
        assert_eq!(ring.key(third).unwrap().verify(None, b"m", &signature), Ok(false));
    }

    #[test]
    fn a_version_is_parsed_once() {
        let ring = Keyring::new(entry(Cipher::EcdsaP256, 1));
        let version = ring.active().unwrap();
        assert!(Arc::ptr_eq(&ring.key(version).unwrap(), &ring.key(version).unwrap()));
    }

    #[test]
    fn rotation_is_due_one_period_after_the_last() {
        let last = Some(Timestamp::from_seconds(100));
        let hour = Some(Duration::from_seconds(3600));
        assert_eq!(next_rotation(hour, last), Some(Timestamp::from_seconds(3700)));
        assert_eq!(next_rotation(hour, None), None);
        assert_eq!(next_rotation(None, last), None);
        assert_eq!(next_rotation(Some(Duration::default()), last), None);
    }

    #[test]
    fn debug_of_an_entry_shows_no_material() {
        let key = entry(Cipher::HmacSha256, 1);
        assert!(format!("{key:?}").contains("***"));
    }
}
