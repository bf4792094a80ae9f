//! The embedded commit log: one SQLite database that holds the log and the rows it adds up to.
//!
//! One connection, owned by whoever owns the [`SqliteStore`]: the engine's writer thread. Everything in it is sealed.
//! Never here: what a path or a value means.

mod check;
mod column;
mod files;
mod format;
mod head;
mod mark;
mod past;
mod rows;
mod wal;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};
use uuid::Uuid;

use super::barrier::{Aad, Barrier};
use super::chain::Chain;
use super::disk;
use super::log::{AppendError, Bounds, CommitLog, Effect, Record, Revision, StoreError};
use crate::base::clock::Timestamp;
use crate::base::parallel::both_or;
use crate::base::secret::Wiped;
use files::Lock;
pub(in crate::store) use files::database;
use head::Head;
use mark::Mark;
pub use past::PastRow;
use past::PastWriter;
use rows::Keyed;
pub use rows::Row;

/// The format that this program reads and writes; kept in SQLite's `user_version`.
pub const FORMAT: i64 = 4;
/// A record may be this many bytes before it is sealed: half of what SQLite takes in one value.
pub const LARGEST_RECORD: usize = 500_000_000;

/// The store in one data directory.
pub struct SqliteStore {
    connection: Connection,
    barrier: Barrier,
    log_id: Uuid,
    head: Head,
    place: PathBuf,
    mark: Mark,
    /// About how many pages the write-ahead log holds that are not in the database file.
    waiting_pages: usize,
    /// Set when a commit failed half way: what is on the disk is known again only after a restart.
    broken: Option<String>,
    _lock: Lock,
}

/// What was found when the store was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// There was no store before.
    pub created: bool,
    /// The newest revision.
    pub last: Revision,
    /// Its time; the epoch when nothing was ever committed.
    pub time: Timestamp,
}

impl SqliteStore {
    /// Whether there is a store in `dir` already, whole or damaged.
    pub fn exists(dir: &Path) -> bool {
        files::any_of_database(dir)
    }

    /// Opens the store in `dir`, which is made when it does not exist. The directory stays locked until the store is
    /// dropped. Structure and the end of the log are verified; [`SqliteStore::visit_rows`] verifies the rest.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it, [`StoreError::Damaged`], [`StoreError::WrongKey`],
    /// [`StoreError::Format`], [`StoreError::Io`]. A damaged store is left as it is.
    pub fn open(dir: &Path, barrier: Barrier) -> Result<(Self, Recovered), StoreError> {
        disk::make_directory(dir)?;
        let lock = Lock::take(dir)?;
        let place = files::database(dir);
        let created = !files::any_of_database(dir);
        if created {
            files::create(dir, &barrier)?;
        }
        wal::check(&files::write_ahead_log(dir))?;
        let connection = files::connect(dir)?;
        check::structure(&connection, &place)?;
        let (log_id, head) = head::read(&connection, &barrier, &place)?;
        check::log_tail(&connection, &barrier, log_id, &head, &place)?;
        let mark = Mark::open(dir, &barrier, log_id, head.revision)?;
        let recovered = Recovered { created, last: head.revision, time: head.time };
        let store = SqliteStore {
            connection,
            barrier,
            log_id,
            head,
            place,
            mark,
            waiting_pages: 0,
            broken: None,
            _lock: lock,
        };
        Ok((store, recovered))
    }

    /// The barrier that everything in the store passes.
    pub fn barrier(&self) -> &Barrier {
        &self.barrier
    }

    /// Shows every row to `visit`, in no particular order.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a row does not open, or one is missing, added or older than it should be; by then
    /// `visit` has seen some rows, which must not be used.
    pub fn visit_rows(&self, visit: impl FnMut(Row<'_>)) -> Result<(), StoreError> {
        rows::visit(&self.connection, &self.barrier, self.log_id, &self.head, &self.place, visit)
    }

    /// What the rows that the records behind `after` changed were before them, of at most `limit` records, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Purged`] when that of the record behind `after` is gone, or was never kept; damage and I/O.
    pub fn read_past(
        &self,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<(Revision, Vec<PastRow>)>, StoreError> {
        let mut found = Vec::new();
        let mut revision = after.next();
        while revision <= self.head.revision && found.len() < limit {
            let (connection, barrier) = (&self.connection, &self.barrier);
            let Some(rows) = past::read(connection, barrier, self.log_id, revision, &self.place)? else {
                return Err(StoreError::Purged { wanted: revision, first: self.first_past()?.next() });
            };
            found.push((revision, rows));
            revision = revision.next();
        }
        Ok(found)
    }

    /// The oldest revision that the rows can be taken back to.
    ///
    /// # Errors
    /// I/O.
    pub fn first_past(&self) -> Result<Revision, StoreError> {
        let first = past::first(&self.connection, &self.place)?;
        Ok(first.map_or(self.head.revision, |first| Revision(first.0.saturating_sub(1))))
    }

    /// Copies what the write-ahead log holds into the database file, once it is much. SQLite would do it by itself, but inside
    /// of the commit that makes it too much: here it is done while nobody waits for an answer.
    pub fn write_back(&mut self) {
        if self.waiting_pages < files::PAGES_TO_WRITE_BACK {
            return;
        }
        self.waiting_pages = 0;
        // Nothing is lost when it cannot be done now: the log goes on growing, and SQLite tries it in a later commit.
        if let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the write-ahead log was not written back");
        }
    }

    /// Writes everything into the database file and closes it.
    ///
    /// # Errors
    /// I/O; what was committed is safe in the write-ahead log even then.
    pub fn close(self) -> Result<(), StoreError> {
        self.connection.close().map_err(|(_, error)| trouble("close", &self.place, &error))
    }

    fn write(&mut self, record: &Record, effects: &[Effect<'_>]) -> Result<Revision, AppendError> {
        let (barrier, log) = (&self.barrier, self.log_id);
        let before = &self.head;
        let mut head = before.clone();
        head.revision = before.revision.next();
        head.time = record.time;
        head.id = record.id;

        let refused = |error: rusqlite::Error| refused(&error);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
        let mut past = PastWriter::new(&transaction, barrier, log, head.revision, effects.len());
        let rows = Keyed::of(barrier, effects);
        // What a large transaction has to seal is sealed by another processor, while this one has to do with the database.
        let sealing = head.clone();
        let (places, sealed_rows) = both_or(
            effects.len(),
            || rows.find(&transaction, barrier, log, &mut head, &mut past),
            || rows.seal(barrier, log, &sealing),
        )?;
        let sealed_rows = sealed_rows?;
        let (sealed_past, sealed_record) = both_or(
            effects.len(),
            || rows.put(&transaction, &places, &sealed_rows, &mut head).and_then(|()| past.finish()),
            || seal_record(barrier, log, before, record),
        )?;
        let sealed;
        (sealed, head.chain) = sealed_record?;
        let state = head::seal(barrier, log, &head)?;
        transaction
            .prepare_cached(
                "INSERT INTO log (revision, id, time, chain, body, state, before)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .and_then(|mut insert| {
                let (id, time) = (record.id.as_bytes(), record.time.0);
                insert.execute(params![head.revision, id, time, head.chain.0, sealed, state, sealed_past])
            })
            .map_err(refused)?;
        match transaction.commit() {
            Ok(()) => {
                let revision = head.revision;
                self.head = head;
                // At most a page for each row, however small; what a record holds, it holds twice: what is, and what was.
                self.waiting_pages += effects.len() + 2 * (1 + sealed.len() / files::PAGE);
                self.mark.put(&self.barrier, revision);
                Ok(revision)
            }
            Err(error) if code(&error) == Some(ErrorCode::SystemIoFailure) => {
                let reason = error.to_string();
                self.broken = Some(format!("a commit failed with \"{reason}\"; restart to recover"));
                Err(AppendError::Unknown { id: record.id, reason })
            }
            Err(error) => Err(refused(error)),
        }
    }
}

impl CommitLog for SqliteStore {
    fn append(
        &mut self,
        after: Revision,
        record: &Record,
        effects: &[Effect<'_>],
    ) -> Result<Revision, AppendError> {
        if let Some(reason) = &self.broken {
            return Err(AppendError::Unavailable(reason.clone()));
        }
        if after != self.head.revision {
            return Err(AppendError::Conflict { last: self.head.revision });
        }
        self.write(record, effects)
    }

    fn bounds(&self) -> Bounds {
        Bounds { log_id: self.log_id, first: self.head.purged.next(), last: self.head.revision }
    }

    fn read_from(&self, after: Revision, limit: usize) -> Result<Vec<(Revision, Record)>, StoreError> {
        if let Some(reason) = &self.broken {
            return Err(StoreError::Io { action: "read", path: self.place.clone(), reason: reason.clone() });
        }
        let bounds = self.bounds();
        if after.next() < bounds.first {
            return Err(StoreError::Purged { wanted: after.next(), first: bounds.first });
        }
        check::read_log(&self.connection, &self.barrier, self.log_id, &self.head, after, limit, &self.place)
    }

    fn time_of(&self, revision: Revision) -> Result<Timestamp, StoreError> {
        let bounds = self.bounds();
        if revision < bounds.first {
            return Err(StoreError::Purged { wanted: revision, first: bounds.first });
        }
        check::time_at(&self.connection, revision, &self.place)
    }

    fn purge(&mut self, up_to: Revision) -> Result<Bounds, StoreError> {
        let up_to = up_to.min(self.head.revision);
        if up_to <= self.head.purged {
            return Ok(self.bounds());
        }
        let failed = |error: &rusqlite::Error| trouble("purge the log of", &self.place, error);
        let mut head = self.head.clone();
        head.purged = up_to;
        head.purged_chain = check::chain_at(&self.connection, up_to, &self.place)?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| failed(&error))?;
        transaction
            .execute("DELETE FROM log WHERE revision <= ?1", [up_to])
            .and_then(|_| past::purge(&transaction, up_to))
            .map_err(|error| failed(&error))?;
        head::write(&transaction, &self.barrier, self.log_id, &head).map_err(|error| StoreError::Io {
            action: "purge the log of",
            path: self.place.clone(),
            reason: error.to_string(),
        })?;
        transaction.commit().map_err(|error| failed(&error))?;
        self.head = head;
        Ok(self.bounds())
    }
}

/// A record behind `before` as it stands in the log, and its chain value.
fn seal_record(
    barrier: &Barrier,
    log: Uuid,
    before: &Head,
    record: &Record,
) -> Result<(Vec<u8>, Chain), AppendError> {
    let mut body = Wiped::with_capacity(record.json_length());
    record.append_json(&mut body).map_err(|error| AppendError::Unavailable(error.to_string()))?;
    if body.len() > LARGEST_RECORD {
        return Err(AppendError::TooBig { size: body.len(), limit: LARGEST_RECORD });
    }
    let revision = before.revision.next();
    let aad = Aad::Record { log, revision, id: record.id, previous: &before.chain };
    let sealed = barrier.seal(&aad, &body).map_err(|error| AppendError::Unavailable(error.to_string()))?;
    let chain = before.chain.next(revision, record.id, &sealed);
    Ok((sealed, chain))
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

/// Why nothing was appended, from SQLite's answer before the commit.
fn refused(error: &rusqlite::Error) -> AppendError {
    match code(error) {
        Some(ErrorCode::DiskFull) => AppendError::Full("the disk has no space left".to_owned()),
        Some(ErrorCode::ReadOnly) => AppendError::Unavailable("the data directory is read-only".to_owned()),
        _ => AppendError::Unavailable(error.to_string()),
    }
}

/// SQLite's answer outside of an append.
fn trouble(action: &'static str, place: &Path, error: &rusqlite::Error) -> StoreError {
    match code(error) {
        Some(ErrorCode::DatabaseCorrupt) => damaged(place, format!("SQLite says \"{error}\"")),
        Some(ErrorCode::NotADatabase) => damaged(place, "the file is not a SQLite database".to_owned()),
        None => damaged(place, format!("a column is not what was written: {error}")),
        _ => StoreError::Io { action, path: place.to_owned(), reason: error.to_string() },
    }
}

fn damaged(place: &Path, what: impl Into<String>) -> StoreError {
    StoreError::Damaged { what: what.into(), place: place.to_owned() }
}

#[cfg(test)]
mod tests;
