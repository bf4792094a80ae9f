//! The materialised rows: sealed under a key that tells nothing, with tenant and path inside the sealed value.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::head::{Head, RowSum};
use super::past::PastWriter;
use super::{damaged, refused, trouble};
use crate::base::clock::Timestamp;
use crate::base::secret::Wiped;
use crate::store::barrier::{Aad, Barrier, RowKey};
use crate::store::log::{AppendError, Effect, Revision, StoreError};

/// One opened row, borrowed for the moment in which it is visited.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// Instance-identifier, `/` for the tenant itself.
    pub path: &'a str,
    /// RFC 7951 JSON text; may hold key material.
    pub value: &'a str,
    /// The revision that wrote it.
    pub revision: Revision,
    /// The time of that revision.
    pub time: Timestamp,
}

/// Puts and deletes what a record does to the rows; `head` carries the new revision and gets the new sum, `past` what each
/// row was.
pub(super) fn apply(
    connection: &Connection,
    barrier: &Barrier,
    log: Uuid,
    head: &mut Head,
    effects: &[Effect<'_>],
    past: &mut PastWriter<'_>,
) -> Result<(), AppendError> {
    let failed = |error: rusqlite::Error| refused(&error);
    let mut find =
        connection.prepare_cached("SELECT revision, time, value FROM rows WHERE key = ?1").map_err(failed)?;
    let mut put = connection
        .prepare_cached("INSERT OR REPLACE INTO rows (key, revision, time, value) VALUES (?1, ?2, ?3, ?4)")
        .map_err(failed)?;
    let mut delete = connection.prepare_cached("DELETE FROM rows WHERE key = ?1").map_err(failed)?;
    // In the order of the keys, a thousand rows go into the tree of pages from left to right instead of all over it. Several
    // effects on one row stay in their order.
    let mut keyed: Vec<(RowKey, &Effect<'_>)> =
        effects.iter().map(|effect| (barrier.row_key(effect.tenant, effect.path), effect)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    let mut previous = None;
    for (key, effect) in keyed {
        let before: Option<(Revision, Timestamp, Vec<u8>)> = find
            .query_row([key.0], |row| Ok((row.get(0)?, Timestamp(row.get(1)?), row.get(2)?)))
            .optional()
            .map_err(failed)?;
        let is_first = previous.replace(key) != Some(key);
        let there = before.is_some();
        match before {
            Some((revision, time, sealed)) => {
                head.rows.subtract(&key, revision);
                if is_first {
                    let mut sealed = Wiped::new(sealed);
                    let aad = Aad::Row { log, key: &key, revision, time };
                    let (tenant, path, value) =
                        open(barrier, &aad, &mut sealed).ok_or_else(|| unopened(revision))?;
                    past.add(tenant, path, Some(value))?;
                }
            }
            None if is_first => past.add(effect.tenant, effect.path, None)?,
            None => {}
        }
        match effect.value {
            Some(value) => {
                let plain = encode(effect.tenant, effect.path, value);
                let aad = Aad::Row { log, key: &key, revision: head.revision, time: head.time };
                let sealed = barrier
                    .seal(&aad, &plain)
                    .map_err(|error| AppendError::Unavailable(error.to_string()))?;
                put.execute(params![key.0, head.revision, head.time.0, sealed]).map_err(failed)?;
                head.rows.add(&key, head.revision);
            }
            None if there => {
                delete.execute([key.0]).map_err(failed)?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Opens every row, shows it to `visit`, and holds all of them against the head.
pub(super) fn visit(
    connection: &Connection,
    barrier: &Barrier,
    log: Uuid,
    head: &Head,
    place: &Path,
    mut visit: impl FnMut(Row<'_>),
) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| trouble("read", place, &error);
    let mut statement = connection.prepare("SELECT key, revision, time, value FROM rows").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut sum = RowSum::default();
    let mut plain = Wiped::default();
    while let Some(row) = rows.next().map_err(failed)? {
        let number = sum.count + 1;
        let not_of_type = |_| damaged(place, format!("row {number} has a column of another type"));
        let key: RowKey = RowKey(row.get(0).map_err(not_of_type)?);
        let revision: Revision = row.get(1).map_err(not_of_type)?;
        let time = Timestamp(row.get(2).map_err(not_of_type)?);
        let sealed = row.get_ref(3).map_err(not_of_type)?;
        plain.clear();
        plain.extend_from_slice(sealed.as_blob().unwrap_or_default());
        let (tenant, path, value) = open(barrier, &Aad::Row { log, key: &key, revision, time }, &mut plain)
            .ok_or_else(|| {
            damaged(place, format!("row {number} (of revision {revision}) does not open"))
        })?;
        sum.add(&key, revision);
        visit(Row { tenant, path, value, revision, time });
    }
    if sum.count != head.rows.count {
        return Err(damaged(place, format!("it has {} rows instead of {}", sum.count, head.rows.count)));
    }
    if sum != head.rows {
        return Err(damaged(place, "a row is not of the revision that last wrote it"));
    }
    Ok(())
}

/// Tenant, path and value of a sealed row.
fn open<'v>(barrier: &Barrier, aad: &Aad<'_>, sealed: &'v mut [u8]) -> Option<(&'v str, &'v str, &'v str)> {
    barrier.open(aad, sealed).ok().and_then(|plain| decode(plain))
}

fn unopened(revision: Revision) -> AppendError {
    AppendError::Unavailable(format!("a row that is to be changed (of revision {revision}) does not open"))
}

/// Tenant and path with their lengths in front (four bytes each, most significant first), then the value.
fn encode(tenant: &str, path: &str, value: &str) -> Wiped {
    let mut plain = Wiped::with_capacity(8 + tenant.len() + path.len() + value.len());
    for text in [tenant, path] {
        plain.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        plain.extend_from_slice(text.as_bytes());
    }
    plain.extend_from_slice(value.as_bytes());
    plain
}

fn decode(plain: &[u8]) -> Option<(&str, &str, &str)> {
    let (tenant, rest) = text(plain)?;
    let (path, rest) = text(rest)?;
    Some((tenant, path, std::str::from_utf8(rest).ok()?))
}

fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_survives_its_bytes() {
        let plain = encode("acme", "/a:b[name='ü']", "{}");
        assert_eq!(decode(&plain), Some(("acme", "/a:b[name='ü']", "{}")));
        assert_eq!(decode(&plain[..9]), None);
        assert_eq!(decode(&[]), None);
    }
}
