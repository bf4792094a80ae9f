//! Lines that wait for one write, and what came of it for each of them.
//!
//! One allocation a batch tells all of its lines. Not for files: whoever takes a batch writes it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::AuditUnavailable;

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    /// Without its end, where the chain goes.
    pub text: Vec<u8>,
    /// Whether it is known who sent the request.
    pub known: bool,
}

/// What came of a write, for the lines of either file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// Of calls by those who are known.
    pub known: Result<(), AuditUnavailable>,
    /// Of all other calls.
    pub anonymous: Result<(), AuditUnavailable>,
}

/// Where the lines of the next write gather.
#[derive(Debug, Default)]
pub(super) struct Batches(Mutex<Batch>);

/// The lines of one write.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In the order in which they came.
    pub lines: Vec<Line>,
    outcome: Arc<OnceLock<Outcome>>,
}

/// A line's part in a batch.
#[derive(Debug)]
pub(super) struct Ticket(Arc<OnceLock<Outcome>>);

impl Batches {
    /// Adds a line to the next write.
    pub fn join(&self, line: Line) -> Ticket {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        next.lines.push(line);
        Ticket(Arc::clone(&next.outcome))
    }

    /// Everything that waits. Whoever takes it writes it before anybody else takes more.
    pub fn take(&self) -> Batch {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Batch {
    /// Tells all of its lines what came of the write.
    pub fn settle(self, outcome: Outcome) {
        // Nobody else has this batch.
        let _ = self.outcome.set(outcome);
    }
}

impl Ticket {
    /// What came of the line's write; `None` before it.
    pub fn outcome(&self) -> Option<Outcome> {
        self.0.get().copied()
    }
}
