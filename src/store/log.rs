//! The commit log as the engine sees it: the record, and the one seam ([`CommitLog`]) behind which it may be a SQLite
//! table or a stream that several machines share.
//!
//! Never here: how an implementation keeps its bytes.

mod text;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::base::secret::Wiped;

/// The place of a record in the log: the first is 1, and 0 is the state before it. There are no gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision behind this one.
    #[must_use]
    pub fn next(self) -> Self {
        Revision(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One entry of the log: the transactions that were made durable together, in the order in which they were validated.
///
/// It holds effects, not requests: generated keys, identifiers and times are inside, so replaying it gives the same
/// state everywhere.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// Chosen at random by the writer; tells the writer after an unclear answer whose record is in the slot.
    pub id: Uuid,
    /// When the writer made it, which is the modification time of everything it changes.
    #[serde(deserialize_with = "micros")]
    pub time: Timestamp,
    /// At least one.
    pub transactions: Vec<TransactionRecord>,
}

/// What one transaction changed in one tenant's tree. A transaction over several tenants has one of these for each, with
/// the same request id.
#[derive(Clone, Debug, Deserialize)]
pub struct TransactionRecord {
    /// Whose tree.
    pub tenant: Ident,
    /// The request that caused it.
    #[serde(rename = "request-id")]
    pub request_id: String,
    /// Who caused it: a token accessor, a user or a service, for people to read.
    pub actor: String,
    /// Why, where that is worth telling.
    #[serde(default)]
    pub comment: Option<String>,
    /// In order.
    pub edits: Vec<EditRecord>,
    /// What was told of it, and what services told beside it, in order: kept with the record, so that it can be told again.
    #[serde(default)]
    pub notifications: Vec<NotificationRecord>,
}

/// One notification of a model (RFC 7950 section 7.16).
#[derive(Clone, Debug, Deserialize)]
pub struct NotificationRecord {
    /// Instance-identifier (RFC 7951 section 6.11) of the instance that it is bound to; `/` for the root.
    pub at: String,
    /// Its name, as `module:name`.
    pub name: String,
    /// Its content: RFC 7951 JSON text.
    pub content: RowValue,
}

/// One row put or deleted.
#[derive(Clone, Debug, Deserialize)]
pub struct EditRecord {
    /// Instance-identifier (RFC 7951 section 6.11) of a list entry; `/` for the row of the tenant itself.
    pub path: String,
    /// The row's content from now on. `None` deletes the entry with everything below it.
    #[serde(default)]
    pub value: Option<RowValue>,
}

/// A row's content: RFC 7951 JSON text. It may hold key material, so `Debug` shows nothing and memory is wiped on drop.
#[derive(Clone)]
pub struct RowValue(String);

impl RowValue {
    /// Takes over what a writer of JSON has put together: it is not read again.
    pub fn new(json: String) -> Self {
        RowValue(json)
    }

    /// The JSON text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for RowValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|json| RowValue(Box::<str>::from(json).into_string()))
    }
}

impl Drop for RowValue {
    fn drop(&mut self) {
        drop(Wiped::new(std::mem::take(&mut self.0).into_bytes()));
    }
}

impl fmt::Debug for RowValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowValue(***)")
    }
}

/// What a record does to the materialised rows; borrowed from the record wherever the two say the same. A record that
/// deletes an entry has one effect for every row below it.
#[derive(Clone, Copy)]
pub struct Effect<'a> {
    /// Whose row.
    pub tenant: &'a str,
    /// Its path, as in [`EditRecord::path`].
    pub path: &'a str,
    /// Its content from now on; `None` deletes it.
    pub value: Option<&'a str>,
}

/// What of the log there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Made at random when the log was created. A record of another log is never applied.
    pub log_id: Uuid,
    /// The oldest revision that can still be read; one more than `last` when none can.
    pub first: Revision,
    /// The newest revision; 0 when nothing was ever committed.
    pub last: Revision,
}

/// An ordered, durable, gapless sequence of records.
pub trait CommitLog: Send {
    /// Puts `record` into the slot behind `after` together with its effects, and returns when it is durable.
    ///
    /// # Errors
    /// [`AppendError::Unknown`] leaves open whether it happened (see [`append_settled`]); after every other error it
    /// certainly did not.
    fn append(
        &mut self,
        after: Revision,
        record: &Record,
        effects: &[Effect<'_>],
    ) -> Result<Revision, AppendError>;

    /// What of the log there is.
    fn bounds(&self) -> Bounds;

    /// At most `limit` records behind `after`, oldest first; none when `after` is the last.
    ///
    /// # Errors
    /// [`StoreError::Purged`] when the record behind `after` is gone; damage and I/O.
    fn read_from(&self, after: Revision, limit: usize) -> Result<Vec<(Revision, Record)>, StoreError>;

    /// When the record of a revision was made.
    ///
    /// # Errors
    /// [`StoreError::Purged`] when it is gone; damage, also where there never was one; I/O.
    fn time_of(&self, revision: Revision) -> Result<Timestamp, StoreError>;

    /// Forgets the records up to and including `up_to`. State is not touched.
    ///
    /// # Errors
    /// I/O.
    fn purge(&mut self, up_to: Revision) -> Result<Bounds, StoreError>;
}

/// Why a record was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else's record is in the slot.
    #[error("the log is at revision {last} already")]
    Conflict {
        /// The newest revision.
        last: Revision,
    },
    /// Nobody can say whether it was appended; the occupant of the slot decides.
    #[error("whether transaction {id} was committed is not known: {reason}")]
    Unknown {
        /// The record's id.
        id: Uuid,
        /// What went wrong.
        reason: String,
    },
    /// The log takes no records now; nothing was written.
    #[error("the store takes no writes: {0}")]
    Unavailable(String),
    /// No space is left; nothing was written.
    #[error("the store is full: {0}")]
    Full(String),
    /// The record is too large for the log; nothing was written.
    #[error("the change is {size} bytes, more than the {limit} that one record may have")]
    TooBig {
        /// Size of the record, in bytes.
        size: usize,
        /// The largest possible.
        limit: usize,
    },
}

/// Why the store could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the directory open.
    #[error("the data directory {} is in use by {}", dir.display(), user(*pid))]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// The other process, when it left its number.
        pid: Option<u32>,
    },
    /// Content that cannot be what was written. Nothing was changed.
    #[error("the store is damaged: {what}; nothing was changed, restore {} from a backup", place.display())]
    Damaged {
        /// What was found where.
        what: String,
        /// The file.
        place: PathBuf,
    },
    /// The key does not open this store.
    #[error("the key does not open the store {}: it belongs to another store, or was changed", place.display())]
    WrongKey {
        /// The database file.
        place: PathBuf,
    },
    /// The key file cannot be used.
    #[error("the key file {} {reason}", path.display())]
    KeyFile {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it, as the end of a sentence.
        reason: String,
    },
    /// Written by another version of the program.
    #[error("{} has store format {found}, this program knows format {known}", place.display())]
    Format {
        /// The database file.
        place: PathBuf,
        /// The format it has.
        found: i64,
        /// The format that this program reads and writes.
        known: i64,
    },
    /// The records asked for were purged.
    #[error("revision {wanted} is no longer in the log, which begins at {first}")]
    Purged {
        /// The first revision asked for.
        wanted: Revision,
        /// The oldest revision there is.
        first: Revision,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
}

fn user(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// How often an identical record is sent again into a slot that stays empty.
const RESENDS: usize = 3;

/// [`CommitLog::append`] with the slot rule: after an unclear answer the occupant of the slot decides. The own record is
/// there: committed. Another one: conflict. None: the identical record is sent again.
///
/// # Errors
/// As [`CommitLog::append`]; [`AppendError::Unknown`] only when the slot cannot be read either, or stays unclear.
pub fn append_settled(
    log: &mut dyn CommitLog,
    after: Revision,
    record: &Record,
    effects: &[Effect<'_>],
) -> Result<Revision, AppendError> {
    let mut answer = log.append(after, record, effects);
    for _ in 0..RESENDS {
        let Err(AppendError::Unknown { .. }) = &answer else { return answer };
        match log.read_from(after, 1).as_deref() {
            Ok([(revision, occupant)]) if occupant.id == record.id => return Ok(*revision),
            Ok([_, ..]) => return Err(AppendError::Conflict { last: log.bounds().last }),
            Ok([]) => answer = log.append(after, record, effects),
            Err(_) => return answer,
        }
    }
    answer
}

/// The newest revision whose record was made before `time`; the one before the oldest record when none was. Times grow with
/// revisions, so this is behind what reading "from then on" begins.
///
/// # Errors
/// As [`CommitLog::time_of`].
pub fn last_before(log: &dyn CommitLog, time: Timestamp) -> Result<Revision, StoreError> {
    let bounds = log.bounds();
    let (mut from, mut to) = (bounds.first.0, bounds.last.next().0);
    while from < to {
        let middle = from + (to - from) / 2;
        if log.time_of(Revision(middle))? < time {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    Ok(Revision(from.saturating_sub(1)))
}

fn micros<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    i64::deserialize(deserializer).map(Timestamp)
}
