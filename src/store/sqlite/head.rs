//! The head: one sealed value that says how far the log goes and what all rows together must be.
//!
//! It stands in the row of the newest record, written with it, so the log and the rows can be held against it. That of a log
//! without records, and that behind a purge, is in a table of its own.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use siphasher::sip128::{Hasher128 as _, SipHasher24};
use std::hash::Hasher as _;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{damaged, refused, trouble};
use crate::base::clock::Timestamp;
use crate::store::barrier::{Aad, Barrier, BarrierError, RowKey};
use crate::store::chain::Chain;
use crate::store::log::{AppendError, Revision, StoreError};

/// What the sealed head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The newest revision.
    pub revision: Revision,
    /// Its time.
    pub time: Timestamp,
    /// Its record's id.
    pub id: Uuid,
    /// Its chain value.
    pub chain: Chain,
    /// The newest revision that was purged.
    pub purged: Revision,
    /// Its chain value.
    pub purged_chain: Chain,
    /// All rows together.
    pub rows: RowSum,
}

/// A sum over all rows that does not depend on their order: a missing, added, or outdated row changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowSum {
    /// How many there are.
    pub count: u64,
    /// Sum of the hashes of their keys and revisions.
    pub sum: u128,
}

impl RowSum {
    /// With a row more.
    pub fn add(&mut self, key: &RowKey, revision: Revision) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash(key, revision.0.to_be_bytes()));
    }

    /// With a row less.
    pub fn subtract(&mut self, key: &RowKey, revision: Revision) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(hash(key, revision.0.to_be_bytes()));
    }
}

/// A sum over all rows that says where each of them stands, for holding an index against its table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PlaceSum(u128);

impl PlaceSum {
    /// With a row more.
    pub fn add(&mut self, key: &RowKey, place: i64) {
        self.0 = self.0.wrapping_add(hash(key, place.to_be_bytes()));
    }
}

/// Keys are secret hashes and the sum of rows is sealed, so the hash itself needs no key.
fn hash(key: &RowKey, of_row: [u8; 8]) -> u128 {
    let mut hasher = SipHasher24::new();
    hasher.write(&key.0);
    hasher.write(&of_row);
    hasher.finish128().as_u128()
}

impl Head {
    /// The head of a log without records.
    pub fn start(log_id: Uuid) -> Self {
        let chain = Chain::start(log_id);
        Head {
            revision: Revision(0),
            time: Timestamp(0),
            id: Uuid::nil(),
            chain,
            purged: Revision(0),
            purged_chain: chain,
            rows: RowSum::default(),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(136);
        bytes.extend_from_slice(&self.revision.0.to_be_bytes());
        bytes.extend_from_slice(&self.time.0.to_be_bytes());
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.chain.0);
        bytes.extend_from_slice(&self.purged.0.to_be_bytes());
        bytes.extend_from_slice(&self.purged_chain.0);
        bytes.extend_from_slice(&self.rows.count.to_be_bytes());
        bytes.extend_from_slice(&self.rows.sum.to_be_bytes());
        bytes
    }

    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let head = Head {
            revision: Revision(u64::from_be_bytes(take(&mut bytes)?)),
            time: Timestamp(i64::from_be_bytes(take(&mut bytes)?)),
            id: Uuid::from_bytes(take(&mut bytes)?),
            chain: Chain(take(&mut bytes)?),
            purged: Revision(u64::from_be_bytes(take(&mut bytes)?)),
            purged_chain: Chain(take(&mut bytes)?),
            rows: RowSum {
                count: u64::from_be_bytes(take(&mut bytes)?),
                sum: u128::from_be_bytes(take(&mut bytes)?),
            },
        };
        bytes.is_empty().then_some(head)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

/// What the key check opens to.
const KEY_CHECK: &[u8] = b"strongbox";

/// Writes the head of a new database.
pub(super) fn create(connection: &Connection, barrier: &Barrier, log_id: Uuid) -> Result<(), AppendError> {
    let key_check = barrier
        .seal(&Aad::KeyCheck { log: log_id }, KEY_CHECK)
        .map_err(|error| AppendError::Unavailable(error.to_string()))?;
    let state = seal(barrier, log_id, &Head::start(log_id))?;
    connection
        .execute(
            "INSERT INTO head (one, log_id, key_check, state) VALUES (1, ?1, ?2, ?3)",
            rusqlite::params![log_id.as_bytes(), key_check, state],
        )
        .map(|_| ())
        .map_err(|error| refused(&error))
}

/// The head as it stands in the row of its record.
pub(super) fn seal(barrier: &Barrier, log_id: Uuid, head: &Head) -> Result<Vec<u8>, AppendError> {
    barrier
        .seal(&Aad::Head { log: log_id }, &head.to_bytes())
        .map_err(|error| AppendError::Unavailable(error.to_string()))
}

/// Replaces the head where no record is written with it.
pub(super) fn write(
    connection: &Connection,
    barrier: &Barrier,
    log_id: Uuid,
    head: &Head,
) -> Result<(), AppendError> {
    let state = seal(barrier, log_id, head)?;
    connection
        .prepare_cached("UPDATE head SET state = ?1 WHERE one = 1")
        .and_then(|mut update| update.execute([state]))
        .map(|_| ())
        .map_err(|error| refused(&error))
}

/// Reads and opens the head.
pub(super) fn read(
    connection: &Connection,
    barrier: &Barrier,
    place: &Path,
) -> Result<(Uuid, Head), StoreError> {
    let found: Option<(Vec<u8>, Vec<u8>, Vec<u8>)> = connection
        .query_row("SELECT log_id, key_check, state FROM head WHERE one = 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(|error| trouble("read", place, &error))?;
    let (log_id, mut key_check, state) = found.ok_or_else(|| damaged(place, "its head is missing"))?;
    let log_id = Uuid::from_slice(&log_id).map_err(|_| damaged(place, "its log id is not a UUID"))?;
    match barrier.open(&Aad::KeyCheck { log: log_id }, &mut key_check) {
        Ok(check) if check == KEY_CHECK => {}
        _ => return Err(StoreError::WrongKey { place: place.to_owned() }),
    }
    let kept = open(barrier, log_id, state, place)?;
    let newest: Option<(Revision, Option<Vec<u8>>)> = connection
        .query_row("SELECT revision, state FROM log ORDER BY revision DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(|error| trouble("read", place, &error))?;
    match newest {
        Some((revision, Some(state))) if revision > kept.revision => {
            let head = open(barrier, log_id, state, place)?;
            if head.revision != revision {
                let what = format!("record {revision} of its log has the head of record {}", head.revision);
                return Err(damaged(place, what));
            }
            Ok((log_id, head))
        }
        _ => Ok((log_id, kept)),
    }
}

fn open(barrier: &Barrier, log_id: Uuid, state: Vec<u8>, place: &Path) -> Result<Head, StoreError> {
    let mut state = Zeroizing::new(state);
    barrier
        .open(&Aad::Head { log: log_id }, &mut state)
        .map_err(|error| match error {
            BarrierError::NoKey(_) => damaged(place, format!("its head cannot be opened: {error}")),
            _ => damaged(place, "its head does not open"),
        })
        .and_then(|plain| Head::from_bytes(plain).ok_or_else(|| damaged(place, "its head is no head")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_survives_its_bytes() {
        let mut head = Head::start(Uuid::from_u128(5));
        head.revision = Revision(9);
        head.time = Timestamp(-3);
        head.rows.add(&RowKey([1; 16]), Revision(2));
        let bytes = head.to_bytes();
        assert_eq!(Head::from_bytes(&bytes), Some(head));
        assert_eq!(Head::from_bytes(&bytes[1..]), None);
    }

    #[test]
    fn the_sum_depends_on_the_rows_and_not_on_their_order() {
        let (a, b) = (RowKey([1; 16]), RowKey([2; 16]));
        let mut one = RowSum::default();
        one.add(&a, Revision(1));
        one.add(&b, Revision(2));
        let mut other = RowSum::default();
        other.add(&b, Revision(2));
        other.add(&a, Revision(3));
        assert_ne!(one, other);
        other.subtract(&a, Revision(3));
        other.add(&a, Revision(1));
        assert_eq!(one, other);
    }
}
