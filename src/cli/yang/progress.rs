//! One line that says how far a long run is: on a terminal only, and only when there is something to wait for.

use std::io::Write;
use std::time::{Duration, Instant};

/// Runs shorter than this say nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the line changes.
const PACE: Duration = Duration::from_millis(100);

/// The line. Finish it before anything else is written to the terminal.
pub(super) struct Progress {
    wanted: bool,
    total: usize,
    started: Instant,
    last: Option<Instant>,
}

impl Progress {
    /// Counts to `total`; silent unless `wanted`.
    pub fn new(wanted: bool, total: usize) -> Progress {
        Progress { wanted, total, started: Instant::now(), last: None }
    }

    /// So many are done.
    pub fn show(&mut self, done: usize, messages: &mut dyn Write) -> std::io::Result<()> {
        let due = match self.last {
            None => self.started.elapsed() >= PATIENCE,
            Some(last) => last.elapsed() >= PACE,
        };
        if !self.wanted || !due {
            return Ok(());
        }
        self.last = Some(Instant::now());
        write!(messages, "\r\x1b[Kchecked {done} of {} files", self.total)?;
        messages.flush()
    }

    /// Takes the line away.
    pub fn clear(&mut self, messages: &mut dyn Write) -> std::io::Result<()> {
        if self.last.take().is_some() {
            write!(messages, "\r\x1b[K")?;
            messages.flush()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_runs_and_files_get_no_progress() {
        let mut out = Vec::new();
        Progress::new(true, 3).show(1, &mut out).unwrap();
        let mut unwanted = Progress::new(false, 3);
        unwanted.last = Some(Instant::now() - PACE);
        unwanted.show(1, &mut out).unwrap();
        assert!(out.is_empty());
    }

    #[test]
    fn long_runs_on_a_terminal_are_counted_and_the_line_goes_away() {
        let mut out = Vec::new();
        let mut progress = Progress::new(true, 3);
        progress.started = Instant::now() - PATIENCE;
        progress.show(1, &mut out).unwrap();
        progress.clear(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\r\x1b[Kchecked 1 of 3 files\r\x1b[K");
    }
}
