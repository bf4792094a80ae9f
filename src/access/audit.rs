//! The audit log: one JSON line a request, reads and refusals too, chained so that a changed or missing line is found.
//!
//! A line is on its way to the disk before the answer leaves. When it cannot be written the request is refused rather
//! than served unseen. Calls without a valid token go to a file of their own with a limit on its size, so that a stranger
//! cannot fill the disk with it. Never here: the value of a secret leaf, a token, a password.

pub mod chain;
pub mod entry;
pub mod file;
pub mod verify;

mod batch;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::base::secret::Secret;
use batch::{Batches, Line, Outcome, Ticket};
use chain::TokenKey;
pub use entry::{AuditChange, AuditEntry};
use file::AuditFile;
pub use file::Rotation;

/// Label of the barrier's sub-key from which the chain and the hashes of tokens are made.
pub const KEY_LABEL: &str = "audit";

/// The audit log could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written; requests are refused until it can")]
pub struct AuditUnavailable;

/// Where the lines go.
#[derive(Clone, Debug)]
pub struct AuditFiles {
    /// Calls by those who are known.
    pub known: PathBuf,
    /// When a file of them is full.
    pub known_rotation: Rotation,
    /// All other calls.
    pub anonymous: PathBuf,
    /// When a file of those is full.
    pub anonymous_rotation: Rotation,
}

/// The log. Cheap to clone; its files are closed with the last clone.
#[derive(Clone, Debug)]
pub struct AuditLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    waiting: Batches,
    /// Held by the one request that writes the lines of all.
    files: Mutex<Files>,
    failing: AtomicBool,
    token_key: TokenKey,
}

#[derive(Debug)]
struct Files {
    known: AuditFile,
    anonymous: AuditFile,
}

impl AuditLog {
    /// Opens the log and continues its chain. `key` is the sub-key of the barrier from which the chain and the hashes of
    /// tokens are made.
    ///
    /// # Errors
    /// When a file cannot be opened, or the end of an existing one cannot be read as an audit log.
    pub fn open(files: &AuditFiles, key: &Secret) -> io::Result<Self> {
        let chain_key = chain::ChainKey::new(key.expose());
        let known = AuditFile::open(&files.known, chain_key.clone(), files.known_rotation)?;
        let anonymous = AuditFile::open(&files.anonymous, chain_key, files.anonymous_rotation)?;
        Ok(AuditLog(Arc::new(Inner {
            waiting: Batches::default(),
            files: Mutex::new(Files { known, anonymous }),
            failing: AtomicBool::new(false),
            token_key: TokenKey::new(key.expose()),
        })))
    }

    /// Whether the last write failed: a request that changes something is better refused before it has.
    pub fn is_failing(&self) -> bool {
        self.0.failing.load(Ordering::Acquire)
    }

    /// Writes a line and waits until it is with the operating system. Requests that are ready get their turn first, so
    /// that one of them writes the lines of all: a write goes to the page cache and takes a few microseconds, less than
    /// waking a thread or a task for it.
    ///
    /// # Errors
    /// [`AuditUnavailable`] when the line is not in the log.
    pub async fn write(&self, entry: &AuditEntry<'_>) -> Result<(), AuditUnavailable> {
        let text = entry.to_line().ok_or(AuditUnavailable)?;
        let known = entry.is_known();
        let pending = Pending { log: self, ticket: self.0.waiting.join(Line { text, known }) };
        tokio::task::yield_now().await;
        let outcome = match pending.ticket.outcome() {
            Some(outcome) => outcome,
            None => {
                self.flush(Some(&pending.ticket)).await;
                // Whoever held the files had this line among those that waited.
                pending.ticket.outcome().ok_or(AuditUnavailable)?
            }
        };
        if known { outcome.known } else { outcome.anonymous }
    }

    /// Writes what waits, unless that of the ticket was written meanwhile.
    async fn flush(&self, ticket: Option<&Ticket>) {
        let mut files = self.0.files.lock().await;
        if ticket.is_none_or(|ticket| ticket.outcome().is_none()) {
            self.write_waiting(&mut files);
        }
    }

    fn write_waiting(&self, files: &mut Files) {
        let batch = self.0.waiting.take();
        if batch.lines.is_empty() {
            return;
        }
        let outcome = Outcome {
            known: write_all(&mut files.known, batch.lines.iter().filter(|line| line.known)),
            anonymous: write_all(&mut files.anonymous, batch.lines.iter().filter(|line| !line.known)),
        };
        self.0.failing.store(outcome.known.is_err() || outcome.anonymous.is_err(), Ordering::Release);
        batch.settle(outcome);
    }

    /// Goes on in new files where something else, such as log rotation of the system, has moved the open ones away.
    pub async fn reopen(&self) {
        let mut files = self.0.files.lock().await;
        self.write_waiting(&mut files);
        let Files { known, anonymous } = &mut *files;
        for file in [known, anonymous] {
            if let Err(error) = file.reopen() {
                tracing::error!(%error, "an audit log cannot be opened anew; the open file stays in use");
            }
        }
    }

    /// What stands in a line for a token: a keyed hash, which tells two tokens apart and can be made for a given token
    /// by the server only.
    pub fn hash_token(&self, token: &str) -> String {
        self.0.token_key.hash(token)
    }
}

/// A line on its way. Where whoever asked is gone before it is written, it is written all the same.
struct Pending<'a> {
    log: &'a AuditLog,
    ticket: Ticket,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if self.ticket.outcome().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            let log = self.log.clone();
            runtime.spawn(async move { log.flush(None).await });
        }
    }
}

fn write_all<'a>(
    file: &mut AuditFile,
    lines: impl Iterator<Item = &'a Line>,
) -> Result<(), AuditUnavailable> {
    file.append(lines.map(|line| line.text.as_slice())).map_err(|error| {
        tracing::error!(%error, "the audit log cannot be written");
        AuditUnavailable
    })
}

#[cfg(test)]
mod tests;
