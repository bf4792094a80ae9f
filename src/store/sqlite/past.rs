//! What rows were before each record: by this, state goes back in time without a copy of it for every revision.
//!
//! Beside each record stands, sealed, the content that every row which it changed had before it; undoing records from the
//! newest to a revision gives the rows of that revision. It is derived, like the rows: the log alone says what happened.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{damaged, refused, trouble};
use crate::base::secret::Wiped;
use crate::store::barrier::{Aad, Barrier};
use crate::store::log::{AppendError, Revision, StoreError};

/// The table of all parts but the last, which stands in the record's own row of the log: most records have no other.
pub(super) const TABLE: &str = "
CREATE TABLE past (
    revision INTEGER NOT NULL,
    part INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (revision, part)
) STRICT, WITHOUT ROWID;
";

/// What is longer than this many bytes is sealed in several parts, so that a large change needs no large memory.
const PART: usize = 1 << 20;

/// Most rows with their paths have less than so many bytes.
const USUAL_ROW: usize = 1_280;

/// A row as it was before a record.
pub struct PastRow {
    /// Whose.
    pub tenant: String,
    /// Instance-identifier, `/` for the tenant itself.
    pub path: String,
    /// RFC 7951 JSON text, which may hold key material; `None` where there was no such row.
    pub value: Option<Zeroizing<String>>,
}

/// Writes what the rows of one record were.
pub(super) struct PastWriter<'a> {
    connection: &'a Connection,
    barrier: &'a Barrier,
    log: Uuid,
    revision: Revision,
    part: u32,
    plain: Wiped,
}

impl<'a> PastWriter<'a> {
    /// For the record of that revision, which changes so many rows, in the transaction that appends it.
    pub fn new(
        connection: &'a Connection,
        barrier: &'a Barrier,
        log: Uuid,
        revision: Revision,
        rows: usize,
    ) -> Self {
        let plain = Wiped::with_capacity(rows.saturating_mul(USUAL_ROW).min(PART + USUAL_ROW));
        PastWriter { connection, barrier, log, revision, part: 0, plain }
    }

    /// Adds a row.
    pub fn add(&mut self, tenant: &str, path: &str, value: Option<&str>) -> Result<(), AppendError> {
        if self.plain.len() > PART {
            self.put()?;
        }
        text(&mut self.plain, tenant);
        text(&mut self.plain, path);
        self.plain.push(u8::from(value.is_some()));
        if let Some(value) = value {
            text(&mut self.plain, value);
        }
        Ok(())
    }

    /// The last part, sealed, for the record's row of the log.
    pub fn finish(self) -> Result<Vec<u8>, AppendError> {
        self.seal(true)
    }

    fn seal(&self, last: bool) -> Result<Vec<u8>, AppendError> {
        let aad = Aad::Past { log: self.log, revision: self.revision, part: self.part, last };
        self.barrier.seal(&aad, &self.plain).map_err(|error| AppendError::Unavailable(error.to_string()))
    }

    fn put(&mut self) -> Result<(), AppendError> {
        let sealed = self.seal(false)?;
        self.connection
            .prepare_cached("INSERT INTO past (revision, part, body) VALUES (?1, ?2, ?3)")
            .and_then(|mut insert| insert.execute(params![self.revision, self.part, sealed]))
            .map_err(|error| refused(&error))?;
        self.part += 1;
        self.plain.clear();
        Ok(())
    }
}

/// What the rows that a record changed were before it; `None` where that was not kept.
pub(super) fn read(
    connection: &Connection,
    barrier: &Barrier,
    log: Uuid,
    revision: Revision,
    place: &Path,
) -> Result<Option<Vec<PastRow>>, StoreError> {
    let failed = |error: rusqlite::Error| trouble("read", place, &error);
    let mut statement = connection
        .prepare_cached("SELECT body FROM past WHERE revision = ?1 ORDER BY part")
        .map_err(failed)?;
    let mut parts = statement.query([revision]).map_err(failed)?;
    let mut sealed: Vec<Wiped> = Vec::new();
    while let Some(row) = parts.next().map_err(failed)? {
        sealed.push(Wiped::new(row.get(0).map_err(failed)?));
    }
    let last: Option<Option<Vec<u8>>> = connection
        .prepare_cached("SELECT before FROM log WHERE revision = ?1")
        .and_then(|mut find| find.query_row([revision], |row| row.get(0)).optional())
        .map_err(failed)?;
    let Some(last) = last.flatten() else { return Ok(None) };
    sealed.push(Wiped::new(last));
    let count = sealed.len();
    let mut rows = Vec::new();
    for (index, mut body) in sealed.into_iter().enumerate() {
        let broken = |what: &str| damaged(place, format!("what was before record {revision} {what}"));
        let part = u32::try_from(index).unwrap_or(u32::MAX);
        let aad = Aad::Past { log, revision, part, last: index + 1 == count };
        let plain = barrier.open(&aad, &mut body).map_err(|_| broken("does not open"))?;
        let mut rest: &[u8] = plain;
        while !rest.is_empty() {
            rows.push(take_row(&mut rest).ok_or_else(|| broken("is cut off"))?);
        }
    }
    Ok(Some(rows))
}

/// The oldest revision of which it is known what was before it.
pub(super) fn first(connection: &Connection, place: &Path) -> Result<Option<Revision>, StoreError> {
    connection
        .query_row("SELECT revision FROM log WHERE before IS NOT NULL ORDER BY revision LIMIT 1", [], |row| {
            row.get(0)
        })
        .optional()
        .map_err(|error| trouble("read", place, &error))
}

/// Forgets what was before the records up to and including `up_to`, but for what goes with them.
pub(super) fn purge(connection: &Connection, up_to: Revision) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM past WHERE revision <= ?1", [up_to]).map(drop)
}

/// A text with its length in front, four bytes, most significant first.
fn text(plain: &mut Vec<u8>, text: &str) {
    plain.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    plain.extend_from_slice(text.as_bytes());
}

fn take_row(rest: &mut &[u8]) -> Option<PastRow> {
    let (tenant, path) = (take_text(rest)?.to_owned(), take_text(rest)?.to_owned());
    let (is_there, behind) = rest.split_first()?;
    *rest = behind;
    let value = match is_there {
        0 => None,
        _ => Some(Zeroizing::new(take_text(rest)?.to_owned())),
    };
    Some(PastRow { tenant, path, value })
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let (text, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}
