//! The materialised rows: sealed under a key that tells nothing, with tenant and path inside the sealed value.

use std::path::Path;

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::head::{Head, RowSum};
use super::past::PastWriter;
use super::{damaged, refused, trouble};
use crate::base::clock::Timestamp;
use crate::base::parallel::both;
use crate::base::secret::Wiped;
use crate::store::barrier::{Aad, Barrier, BarrierError, RowKey};
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

/// What a record does to rows: one effect a row.
pub(super) struct Keyed<'e>(Vec<(RowKey, &'e Effect<'e>)>);

impl<'e> Keyed<'e> {
    /// In the order of the keys, a thousand rows go into the tree of pages from left to right instead of all over it. Of
    /// several effects on one row the last one counts.
    pub fn of(barrier: &Barrier, effects: &'e [Effect<'e>]) -> Self {
        let keys = |effects: &'e [Effect<'e>]| -> Vec<(RowKey, &'e Effect<'e>)> {
            effects.iter().map(|effect| (barrier.row_key(effect.tenant, effect.path), effect)).collect()
        };
        let (first, second) = effects.split_at(effects.len() / 2);
        let (mut keyed, more) = both(effects.len(), || keys(first), || keys(second));
        keyed.extend(more);
        keyed.sort_by_key(|(key, _)| *key);
        keyed.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                *kept = *later;
            }
            is_same
        });
        Keyed(keyed)
    }

    /// The rows as they will be, sealed for the revision and the time of `head`; `None` for those that go.
    pub fn seal(
        &self,
        barrier: &Barrier,
        log: Uuid,
        head: &Head,
    ) -> Result<Vec<Option<Vec<u8>>>, AppendError> {
        let mut plain = Wiped::with_capacity(1024);
        let sealed = self.0.iter().map(|(key, effect)| {
            let Some(value) = effect.value else { return Ok(None) };
            encode(&mut plain, effect.tenant, effect.path, value);
            let aad = Aad::Row { log, key, revision: head.revision, time: head.time };
            barrier.seal(&aad, &plain).map(Some)
        });
        let sealed: Result<_, BarrierError> = sealed.collect();
        sealed.map_err(|error| AppendError::Unavailable(error.to_string()))
    }

    /// Tells `past` what each of the rows was, and takes it out of the sum of `head`.
    pub fn find(
        &self,
        connection: &Connection,
        barrier: &Barrier,
        log: Uuid,
        head: &mut Head,
        past: &mut PastWriter<'_>,
    ) -> Result<(), AppendError> {
        let failed = |error: rusqlite::Error| refused(&error);
        let mut find = connection
            .prepare_cached("SELECT revision, time, value FROM rows WHERE key = ?1")
            .map_err(failed)?;
        let mut found = Wiped::with_capacity(1024);
        for (key, effect) in &self.0 {
            let mut rows = find.query([key.0]).map_err(failed)?;
            let Some(row) = rows.next().map_err(failed)? else {
                past.add(effect.tenant, effect.path, None)?;
                continue;
            };
            let revision = row.get(0).map_err(failed)?;
            let time = Timestamp(row.get(1).map_err(failed)?);
            let sealed = row.get_ref(2).map_err(failed)?;
            let sealed = sealed.as_blob().unwrap_or_default();
            found.begin(sealed.len());
            found.extend_from_slice(sealed);
            head.rows.subtract(key, revision);
            let aad = Aad::Row { log, key, revision, time };
            let (tenant, path, value) = open(barrier, &aad, &mut found).ok_or_else(|| unopened(revision))?;
            past.add(tenant, path, Some(value))?;
        }
        Ok(())
    }

    /// Puts what [`Keyed::seal`] made, and deletes the rows that go; `head` gets the new sum.
    pub fn put(
        &self,
        connection: &Connection,
        sealed: &[Option<Vec<u8>>],
        head: &mut Head,
    ) -> Result<(), AppendError> {
        let failed = |error: rusqlite::Error| refused(&error);
        let mut put = connection
            .prepare_cached(
                "INSERT OR REPLACE INTO rows (key, revision, time, value) VALUES (?1, ?2, ?3, ?4)",
            )
            .map_err(failed)?;
        let mut delete = connection.prepare_cached("DELETE FROM rows WHERE key = ?1").map_err(failed)?;
        for ((key, _), sealed) in self.0.iter().zip(sealed) {
            match sealed {
                Some(sealed) => {
                    put.execute(params![key.0, head.revision, head.time.0, sealed]).map_err(failed)?;
                    head.rows.add(key, head.revision);
                }
                None => {
                    delete.execute([key.0]).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
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
fn encode(plain: &mut Wiped, tenant: &str, path: &str, value: &str) {
    plain.begin(8 + tenant.len() + path.len() + value.len());
    for text in [tenant, path] {
        plain.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        plain.extend_from_slice(text.as_bytes());
    }
    plain.extend_from_slice(value.as_bytes());
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
        let mut plain = Wiped::default();
        encode(&mut plain, "acme", "/a:b[name='ü']", "{}");
        assert_eq!(decode(&plain), Some(("acme", "/a:b[name='ü']", "{}")));
        assert_eq!(decode(&plain[..9]), None);
        assert_eq!(decode(&[]), None);
    }
}
