//! One log: a file to whose end lines are added in batches, and the older files that it was before.
//!
//! A full file is kept under the number of its last line, `audit.log.000000000042`, and its chain goes on in the next
//! one, so that a file that was taken away is missed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::chain::{self, ChainKey, Link};

/// How far back from the end of a file its last line is looked for.
const LONGEST_LINE: u64 = 1 << 20;

/// When a file is full, and how many full ones are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Size in bytes from which on the next lines go to a new file.
    pub bytes: u64,
    /// How many full files are kept; `None`: all.
    pub keep: Option<usize>,
}

/// An open log and the end of its chain.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    file: File,
    key: ChainKey,
    last: Link,
    number: u64,
    length: u64,
    rotation: Rotation,
    /// What is written next; kept for its memory.
    batch: Vec<u8>,
}

/// More memory than this, in bytes, is not kept from one write to the next.
const KEPT: usize = 256 * 1024;

impl AuditFile {
    /// Opens or creates a log, readable by its owner only, and continues its chain. The beginning of a line that a crash
    /// left at the end is cut off: nobody was answered on the strength of it.
    ///
    /// # Errors
    /// When it cannot be opened, or its last line is not one of an audit log.
    pub fn open(path: &Path, key: ChainKey, rotation: Rotation) -> io::Result<Self> {
        let mut file = open(path)?;
        let (length, end) = read_end(path, &mut file)?;
        file.set_len(length)?;
        let mut log = AuditFile {
            path: path.to_owned(),
            file,
            key,
            last: chain::START,
            number: 0,
            length,
            rotation,
            batch: Vec::new(),
        };
        match (end, older_files(path)?.pop()) {
            (Some((number, link)), _) => (log.number, log.last) = (number, link),
            // A crash may come between keeping the full file and writing to the next one.
            (None, Some(newest)) => {
                if let (_, Some((number, link))) = read_end(&newest, &mut File::open(&newest)?)? {
                    (log.number, log.last) = (number, link);
                }
            }
            (None, None) => {}
        }
        Ok(log)
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
        if self.length >= self.rotation.bytes {
            self.rotate()?;
        }
        let (mut last, mut number) = (self.last, self.number);
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        let mut add = |line: &[u8]| {
            number += 1;
            last = self.key.link(&last, line, number);
            batch.extend_from_slice(line);
            chain::write_tail(&mut batch, number, &last);
            batch.push(b'\n');
        };
        if self.length == 0 && self.number > 0 {
            add(&chain::continuation(&self.last));
        }
        lines.for_each(&mut add);
        // Not in append mode: after a failure half a line may stand behind the end, and is overwritten.
        if let Err(error) = self.file.write_all_at(&batch, self.length) {
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += u64::try_from(batch.len()).unwrap_or(0);
        (self.last, self.number) = (last, number);
        if batch.capacity() <= KEPT {
            self.batch = batch;
        }
        Ok(())
    }

    /// Goes on in a new file where something else has moved this one away, as log rotation of the system does.
    ///
    /// # Errors
    /// When it cannot be told, or the new file cannot be made; then the old one stays in use.
    pub fn reopen(&mut self) -> io::Result<()> {
        let ours = self.file.metadata()?;
        let there = match std::fs::metadata(&self.path) {
            Ok(there) => Some((there.dev(), there.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if there != Some((ours.dev(), ours.ino())) {
            self.file = open(&self.path)?;
            self.file.set_len(0)?;
            self.length = 0;
        }
        Ok(())
    }

    /// Keeps the full file under the number of its last line and begins an empty one.
    fn rotate(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, older_name(&self.path, self.number))?;
        self.file = open(&self.path)?;
        self.length = 0;
        let Some(keep) = self.rotation.keep else { return Ok(()) };
        let mut older = older_files(&self.path)?;
        older.truncate(older.len().saturating_sub(keep));
        older.iter().try_for_each(std::fs::remove_file)
    }
}

/// The older files of a log, the oldest first.
///
/// # Errors
/// When its directory cannot be read.
pub fn older_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut older = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let found = entry?.file_name();
        let number =
            found.to_str().and_then(|found| found.strip_prefix(&*name)?.strip_prefix('.')?.parse().ok());
        if let Some(number) = number {
            older.push((number, directory.join(found)));
        }
    }
    older.sort_by_key(|(number, _): &(u64, PathBuf)| *number);
    Ok(older.into_iter().map(|(_, path)| path).collect())
}

fn older_name(path: &Path, number: u64) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{number:012}"));
    PathBuf::from(name)
}

/// The length of what is whole of a file, and the number and link of its last line.
fn read_end(path: &Path, file: &mut File) -> io::Result<(u64, Option<(u64, Link)>)> {
    let unusable = |what: &str| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{what} of {} is not a line of an audit log", path.display()),
        )
    };
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_LINE)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let length = length - u64::try_from(end.len() - whole).unwrap_or(0);
    if whole == 0 {
        return if length == 0 { Ok((0, None)) } else { Err(unusable("the last line")) };
    }
    let lines = end.get(..whole - 1).unwrap_or_default();
    let line = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let (_, number, link) = chain::split(line).ok_or_else(|| unusable("the last line"))?;
    Ok((length, Some((number, link))))
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
