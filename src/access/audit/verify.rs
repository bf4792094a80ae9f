//! Reads a log from its first line to its last and says where its chain is broken.

use std::io::{self, BufRead};

use super::chain::{self, ChainKey, Link};

/// Why a log cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error("the audit log cannot be read: {0}")]
    Read(#[from] io::Error),
    /// A line was changed, or is not a line of an audit log.
    #[error("line {line} was changed, or was written by another server")]
    Changed {
        /// From 1.
        line: u64,
    },
    /// Lines are missing, or stand elsewhere.
    #[error(
        "line {line} has number {found} and not {expected}: lines are missing before it, or stand elsewhere"
    )]
    Missing {
        /// From 1.
        line: u64,
        /// Its number.
        found: u64,
        /// The number that it should have.
        expected: u64,
    },
    /// The last line has no end.
    #[error("line {line} is cut off; what stands before it is whole")]
    Torn {
        /// From 1.
        line: u64,
    },
}

/// What was found in a file whose chain is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many lines it has.
    pub lines: u64,
    /// The number of its last line. Compare it with what is known from elsewhere: lines that were cut off at the end
    /// leave a chain that is whole.
    pub last: u64,
}

/// Checks the files of one log, the oldest first.
#[derive(Debug)]
pub struct Verifier {
    key: ChainKey,
    /// Number and link of the last line that was checked.
    end: Option<(u64, Link)>,
}

impl Verifier {
    /// `key` is the sub-key of the barrier that [`super::AuditLog::open`] was given.
    pub fn new(key: &[u8]) -> Self {
        Verifier { key: ChainKey::new(key), end: None }
    }

    /// Checks every line of the next file. The first file of all may go on from one that is not there.
    ///
    /// # Errors
    /// The first line that is wrong, and how.
    pub fn file(&mut self, mut log: impl BufRead) -> Result<Verified, VerifyError> {
        let mut lines = 0_u64;
        let mut text = Vec::new();
        loop {
            text.clear();
            if log.read_until(b'\n', &mut text)? == 0 {
                return Ok(Verified { lines, last: self.end.map_or(0, |(number, _)| number) });
            }
            let line = lines + 1;
            if text.pop() != Some(b'\n') {
                return Err(VerifyError::Torn { line });
            }
            let (body, number, link) = chain::split(&text).ok_or(VerifyError::Changed { line })?;
            let (expected, previous) = match (self.end, chain::continues(body)) {
                (Some((last, link)), _) => (last + 1, link),
                (None, Some(previous)) => (number, previous),
                (None, None) => (1, chain::START),
            };
            if number != expected {
                return Err(VerifyError::Missing { line, found: number, expected });
            }
            if self.key.link(&previous, body, number) != link {
                return Err(VerifyError::Changed { line });
            }
            self.end = Some((number, link));
            lines = line;
        }
    }
}
