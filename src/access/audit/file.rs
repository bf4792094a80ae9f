//! One file of the audit log: lines are only ever added at its end, in batches.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::chain::{self, ChainKey, Link};

/// How far back from the end of a file its last line is looked for.
const LONGEST_LINE: u64 = 1 << 20;

/// An open log file and the end of its chain.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    file: File,
    key: ChainKey,
    last: Link,
    number: u64,
    length: u64,
    /// Size at which the file begins anew; `None` never.
    limit: Option<u64>,
}

impl AuditFile {
    /// Opens or creates a file, readable by its owner only, and continues its chain. The beginning of a line that a
    /// crash left at the end is cut off: nobody was answered on the strength of it.
    ///
    /// # Errors
    /// When it cannot be opened, or its last line is not one of an audit log.
    pub fn open(path: &Path, key: ChainKey, limit: Option<u64>) -> io::Result<Self> {
        let mut file = open(path)?;
        let length = file.seek(SeekFrom::End(0))?;
        let from = length.saturating_sub(LONGEST_LINE);
        file.seek(SeekFrom::Start(from))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let torn = u64::try_from(end.len() - whole).unwrap_or(0);
        let length = length - torn;
        file.set_len(length)?;
        let mut opened =
            AuditFile { path: path.to_owned(), file, key, last: chain::START, number: 0, length, limit };
        let lines = end.get(..whole.saturating_sub(1)).unwrap_or_default();
        if whole > 0 {
            let line = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            let (_, number, link) = chain::split(line).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the last line of {} is not a line of an audit log", path.display()),
                )
            })?;
            (opened.last, opened.number) = (link, number);
        } else if length > 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the end of {} is not an audit log", path.display()),
            ));
        }
        Ok(opened)
    }

    /// Adds lines, each without its end, in one write.
    ///
    /// # Errors
    /// When they cannot be written; then none of them is in the file, and the next attempt begins where this one did.
    pub fn append<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        let mut lines = lines.peekable();
        if lines.peek().is_none() {
            return Ok(());
        }
        if self.limit.is_some_and(|limit| self.length >= limit) {
            self.begin_anew()?;
        }
        let (mut last, mut number) = (self.last, self.number);
        let mut batch = Vec::new();
        for line in lines {
            number += 1;
            last = self.key.link(&last, &chain::covered(line, number));
            batch.extend_from_slice(line);
            batch.extend_from_slice(chain::tail(number, &last).as_bytes());
            batch.push(b'\n');
        }
        // Not in append mode: after a failure half a line may stand behind the end, and is overwritten.
        self.file.seek(SeekFrom::Start(self.length))?;
        if let Err(error) = self.file.write_all(&batch) {
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += u64::try_from(batch.len()).unwrap_or(0);
        (self.last, self.number) = (last, number);
        Ok(())
    }

    /// Keeps the full file under another name, in place of an older one, and begins an empty one with a chain of its own.
    fn begin_anew(&mut self) -> io::Result<()> {
        let mut older = self.path.clone().into_os_string();
        older.push(".1");
        std::fs::rename(&self.path, older)?;
        self.file = open(&self.path)?;
        (self.last, self.number, self.length) = (chain::START, 0, 0);
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
