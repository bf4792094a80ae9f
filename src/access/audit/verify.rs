//! Reads a log from its first line to its last and says where its chain is broken.

use std::io::{self, BufRead};

use super::chain::{self, ChainKey};

/// What is known of a log whose chain is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many lines it has. Compare it with what is known from elsewhere: lines that were cut off at the end leave a
    /// chain that is whole.
    pub lines: u64,
}

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
    #[error("line {line} has number {found}: lines are missing before it, or stand elsewhere")]
    Missing {
        /// From 1.
        line: u64,
        /// Its number.
        found: u64,
    },
    /// The last line has no end.
    #[error("line {line} is cut off; what stands before it is whole")]
    Torn {
        /// From 1.
        line: u64,
    },
}

/// Checks every line of a log. `key` is the sub-key of the barrier that [`super::AuditLog::open`] was given.
///
/// # Errors
/// The first line that is wrong, and how.
pub fn verify(mut log: impl BufRead, key: &[u8]) -> Result<Verified, VerifyError> {
    let key = ChainKey::new(key);
    let mut last = chain::START;
    let mut lines = 0_u64;
    let mut line = Vec::new();
    loop {
        line.clear();
        if log.read_until(b'\n', &mut line)? == 0 {
            return Ok(Verified { lines });
        }
        let number = lines + 1;
        if line.pop() != Some(b'\n') {
            return Err(VerifyError::Torn { line: number });
        }
        let (body, found, link) = chain::split(&line).ok_or(VerifyError::Changed { line: number })?;
        if found != number {
            return Err(VerifyError::Missing { line: number, found });
        }
        if key.link(&last, &chain::covered(body, number)) != link {
            return Err(VerifyError::Changed { line: number });
        }
        (last, lines) = (link, number);
    }
}
