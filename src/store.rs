//! Durable bytes: the commit log, the rows that it adds up to, and the barrier that seals both.
//!
//! Never here: a YANG node, a tree, a decision about a request. A row is a text path and a text value; what they mean
//! is the engine's business. The file format is described in `docs/store-format.md`.

pub mod barrier;
pub mod chain;
mod disk;
pub mod key_file;
pub mod log;
pub mod sqlite;

#[cfg(test)]
mod conformance;

pub use barrier::Barrier;
pub use log::{
    AppendError, Bounds, CommitLog, EditRecord, Effect, Record, Revision, RowValue, StoreError,
    TransactionRecord,
};
pub use sqlite::{Recovered, Row, SqliteStore};
