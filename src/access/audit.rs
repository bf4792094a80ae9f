//! The audit log: one JSON line a request, reads and refusals too, chained so that a changed or missing line is found.
//!
//! A line is on its way to the disk before the answer leaves. When it cannot be written the request is refused rather
//! than served unseen. Calls without a valid token go to a file of their own with a limit on its size, so that a stranger
//! cannot fill the disk with it. Never here: the value of a secret leaf, a token, a password.

pub mod chain;
pub mod entry;
pub mod file;
pub mod verify;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::base::secret::Secret;
use chain::TokenKey;
pub use entry::{AuditChange, AuditEntry};
use file::AuditFile;
pub use file::Rotation;

/// Label of the barrier's sub-key from which the chain and the hashes of tokens are made.
pub const KEY_LABEL: &str = "audit";

/// How many lines may wait for the disk before requests wait for their turn.
const QUEUE: usize = 4_096;

/// How many lines go to the disk in one write.
const BATCH: usize = 512;

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

/// The way into the log. Cheap to clone; the writer ends with the last clone.
#[derive(Clone, Debug)]
pub struct AuditLog {
    queue: mpsc::Sender<Work>,
    failing: Arc<AtomicBool>,
    token_key: Arc<TokenKey>,
}

enum Work {
    Write(Line),
    Reopen,
}

struct Line {
    text: Vec<u8>,
    authenticated: bool,
    written: oneshot::Sender<Result<(), AuditUnavailable>>,
}

impl AuditLog {
    /// Opens the log, continues its chain, and starts the task that writes it, on the runtime of the caller. `key` is the
    /// sub-key of the barrier from which the chain and the hashes of tokens are made.
    ///
    /// # Errors
    /// When a file cannot be opened, or the end of an existing one cannot be read as an audit log.
    pub fn open(files: &AuditFiles, key: &Secret) -> io::Result<Self> {
        let chain_key = chain::ChainKey::new(key.expose());
        let known = AuditFile::open(&files.known, chain_key.clone(), files.known_rotation)?;
        let anonymous = AuditFile::open(&files.anonymous, chain_key, files.anonymous_rotation)?;
        let (queue, lines) = mpsc::channel(QUEUE);
        let failing = Arc::new(AtomicBool::new(false));
        let writer = Writer { known, anonymous, failing: Arc::clone(&failing) };
        tokio::spawn(writer.run(lines));
        Ok(AuditLog { queue, failing, token_key: Arc::new(TokenKey::new(key.expose())) })
    }

    /// Whether the last write failed: a request that changes something is better refused before it has.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Writes a line and waits until it is with the operating system.
    ///
    /// # Errors
    /// [`AuditUnavailable`] when the line is not in the log.
    pub async fn write(&self, entry: &AuditEntry<'_>) -> Result<(), AuditUnavailable> {
        let text = entry.to_line().ok_or(AuditUnavailable)?;
        let (written, answer) = oneshot::channel();
        let line = Line { text, authenticated: entry.is_known(), written };
        self.queue.send(Work::Write(line)).await.map_err(|_| AuditUnavailable)?;
        answer.await.map_err(|_| AuditUnavailable)?
    }

    /// Goes on in new files where something else, such as log rotation of the system, has moved the open ones away.
    pub async fn reopen(&self) {
        // Without a writer there is nothing to reopen, and every request says so.
        let _ = self.queue.send(Work::Reopen).await;
    }

    /// What stands in a line for a token: a keyed hash, which tells two tokens apart and can be made for a given token
    /// by the server only.
    pub fn hash_token(&self, token: &str) -> String {
        self.token_key.hash(token)
    }
}

struct Writer {
    known: AuditFile,
    anonymous: AuditFile,
    failing: Arc<AtomicBool>,
}

impl Writer {
    /// A task and not a thread: a write goes to the page cache and takes a few microseconds, less than waking a thread and
    /// being woken by it. Requests that are ready get their turn first, so that their lines share the write.
    async fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        let mut works = Vec::with_capacity(BATCH);
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut works, 1).await > 0 {
            tokio::task::yield_now().await;
            while works.len() < BATCH
                && let Ok(work) = queue.try_recv()
            {
                works.push(work);
            }
            for work in works.drain(..) {
                match work {
                    Work::Write(line) => batch.push(line),
                    Work::Reopen => {
                        self.write(&mut batch);
                        self.reopen();
                    }
                }
            }
            self.write(&mut batch);
        }
    }

    fn write(&mut self, batch: &mut Vec<Line>) {
        if batch.is_empty() {
            return;
        }
        let known = write_all(&mut self.known, batch.iter().filter(|line| line.authenticated));
        let anonymous = write_all(&mut self.anonymous, batch.iter().filter(|line| !line.authenticated));
        self.failing.store(known.is_err() || anonymous.is_err(), Ordering::Release);
        for line in batch.drain(..) {
            // Whoever asked may be gone; the line is in the log all the same.
            let _ = line.written.send(if line.authenticated { known } else { anonymous });
        }
    }

    fn reopen(&mut self) {
        for file in [&mut self.known, &mut self.anonymous] {
            if let Err(error) = file.reopen() {
                tracing::error!(%error, "an audit log cannot be opened anew; the open file stays in use");
            }
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
