//! The materialised rows: sealed under a key that tells nothing, with tenant and path inside the sealed value.

use std::path::Path;

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::head::{Head, PlaceSum, RowSum};
use super::past::PastWriter;
use super::{damaged, refused, trouble};
use crate::base::clock::Timestamp;
use crate::base::hashed::IndexMap;
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

/// The table. Rows stand in the order in which they came: those that were made together, a role and its claims or a thousand
/// tokens, are in the same pages. Keys are hashes, so only the small index of them is written all over the place.
pub(super) const TABLE: &str = "
CREATE TABLE rows (
    place INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    revision INTEGER NOT NULL,
    time INTEGER NOT NULL,
    value BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX places ON rows (key);
";

/// Where a row stands in the table.
#[derive(Clone, Copy)]
pub(super) struct RowPlace(i64);

/// What a record does to rows: one effect a row.
pub(super) struct Keyed<'e>(IndexMap<RowKey, &'e Effect<'e>>);

impl<'e> Keyed<'e> {
    /// In the order of the effects; of several on one row the last one counts.
    pub fn of(barrier: &Barrier, effects: &'e [Effect<'e>]) -> Self {
        let keys = |effects: &'e [Effect<'e>]| -> Vec<(RowKey, &'e Effect<'e>)> {
            effects.iter().map(|effect| (barrier.row_key(effect.tenant, effect.path), effect)).collect()
        };
        let (first, second) = effects.split_at(effects.len() / 2);
        let (first, second) = both(effects.len(), || keys(first), || keys(second));
        Keyed(first.into_iter().chain(second).collect())
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

    /// Where each of the rows stands, if it is there; tells `past` what it was, and takes it out of the sum of `head`.
    pub fn find(
        &self,
        connection: &Connection,
        barrier: &Barrier,
        log: Uuid,
        head: &mut Head,
        past: &mut PastWriter<'_>,
    ) -> Result<Vec<Option<RowPlace>>, AppendError> {
        let failed = |error: rusqlite::Error| refused(&error);
        let mut find = connection
            .prepare_cached("SELECT place, revision, time, value FROM rows WHERE key = ?1")
            .map_err(failed)?;
        let mut places = Vec::with_capacity(self.0.len());
        let mut found = Wiped::with_capacity(1024);
        for (key, effect) in &self.0 {
            let mut rows = find.query([key.0]).map_err(failed)?;
            let Some(row) = rows.next().map_err(failed)? else {
                past.add(effect.tenant, effect.path, None)?;
                places.push(None);
                continue;
            };
            places.push(Some(RowPlace(row.get(0).map_err(failed)?)));
            let revision = row.get(1).map_err(failed)?;
            let time = Timestamp(row.get(2).map_err(failed)?);
            let sealed = row.get_ref(3).map_err(failed)?;
            let sealed = sealed.as_blob().unwrap_or_default();
            found.begin(sealed.len());
            found.extend_from_slice(sealed);
            head.rows.subtract(key, revision);
            let aad = Aad::Row { log, key, revision, time };
            let (tenant, path, value) = open(barrier, &aad, &mut found).ok_or_else(|| unopened(revision))?;
            past.add(tenant, path, Some(value))?;
        }
        Ok(places)
    }

    /// Puts what [`Keyed::seal`] made where [`Keyed::find`] found the row, or behind all others, and deletes the rows that
    /// go; `head` gets the new sum.
    pub fn put(
        &self,
        connection: &Connection,
        places: &[Option<RowPlace>],
        sealed: &[Option<Vec<u8>>],
        head: &mut Head,
    ) -> Result<(), AppendError> {
        let failed = |error: rusqlite::Error| refused(&error);
        let mut insert = connection
            .prepare_cached("INSERT INTO rows (key, revision, time, value) VALUES (?1, ?2, ?3, ?4)")
            .map_err(failed)?;
        let mut update = connection
            .prepare_cached("UPDATE rows SET revision = ?1, time = ?2, value = ?3 WHERE place = ?4")
            .map_err(failed)?;
        let mut delete = connection.prepare_cached("DELETE FROM rows WHERE place = ?1").map_err(failed)?;
        let (revision, time) = (head.revision, head.time.0);
        for ((key, place), sealed) in self.0.keys().zip(places).zip(sealed) {
            match (place, sealed) {
                (Some(place), Some(sealed)) => update.execute(params![revision, time, sealed, place.0]),
                (None, Some(sealed)) => insert.execute(params![key.0, revision, time, sealed]),
                (Some(place), None) => delete.execute([place.0]),
                (None, None) => continue,
            }
            .map_err(failed)?;
            if sealed.is_some() {
                head.rows.add(key, revision);
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
    let mut statement = connection
        .prepare("SELECT key, revision, time, value, place FROM rows NOT INDEXED")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut sum = RowSum::default();
    let mut places = PlaceSum::default();
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
        places.add(&key, row.get(4).map_err(not_of_type)?);
        visit(Row { tenant, path, value, revision, time });
    }
    if sum.count != head.rows.count {
        return Err(damaged(place, format!("it has {} rows instead of {}", sum.count, head.rows.count)));
    }
    if sum != head.rows {
        return Err(damaged(place, "a row is not of the revision that last wrote it"));
    }
    if index(connection).map_err(failed)? != Some(places) {
        return Err(damaged(place, "its index of rows is not that of the rows it has"));
    }
    Ok(())
}

/// All rows of the index together; `None` where two have one key. A row that the index did not have would stay as it is when
/// it is written again, beside the new one.
fn index(connection: &Connection) -> rusqlite::Result<Option<PlaceSum>> {
    let mut statement = connection.prepare("SELECT key, place FROM rows INDEXED BY places ORDER BY key")?;
    let mut rows = statement.query([])?;
    let mut sum = PlaceSum::default();
    let mut before = None;
    while let Some(row) = rows.next()? {
        let key = RowKey(row.get(0)?);
        if before.replace(key).is_some_and(|before| before >= key) {
            return Ok(None);
        }
        sum.add(&key, row.get(1)?);
    }
    Ok(Some(sum))
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
