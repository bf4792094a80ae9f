//! Durable bytes: the commit log, the rows that it adds up to, the barrier that seals both, and the seal that opens it.
//!
//! Never here: a YANG node, a tree, a decision about a request. A row is a text path and a text value; what they mean
//! is the engine's business. The file format is described in `docs/store-format.md`.

pub mod barrier;
pub mod chain;
mod disk;
pub mod founding;
pub mod key_file;
pub mod log;
pub mod seal;
pub mod sqlite;

#[cfg(test)]
pub(crate) mod conformance;

pub use barrier::Barrier;
pub use log::{
    AppendError, Bounds, CommitLog, EditRecord, Effect, NotificationRecord, Record, Revision, RowValue,
    StoreError, TransactionRecord,
};
pub use sqlite::{PastRow, Recovered, Row, SqliteStore};
