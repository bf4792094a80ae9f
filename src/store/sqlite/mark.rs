//! The mark: the revision that was acknowledged last, sealed in a file of its own.
//!
//! A write-ahead log from which whole commits were cut off looks like one in which they were never made. The mark tells the
//! difference. It is written behind every commit and not synchronised: a crash leaves an older mark at worst, which says less
//! and nothing wrong.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;
use zeroize::Zeroizing;

use super::damaged;
use crate::store::barrier::{Aad, Barrier};
use crate::store::disk::{io_error, replace};
use crate::store::log::{Revision, StoreError};

/// The mark of an open store.
pub(super) struct Mark {
    file: File,
    log: Uuid,
}

/// The file of a data directory.
fn path(dir: &Path) -> PathBuf {
    dir.join("strongbox.mark")
}

impl Mark {
    /// Holds the end of the log against the mark. Where there is none, one is made: it was removed by somebody who wants
    /// an older copy of the store to be taken for the whole.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the log ends before the mark, or the mark does not open; [`StoreError::Io`].
    pub fn open(dir: &Path, barrier: &Barrier, log: Uuid, last: Revision) -> Result<Self, StoreError> {
        let path = path(dir);
        let failed = |error: io::Error| io_error("open", &path, &error);
        match fs::read(&path) {
            Ok(bytes) => check(&path, barrier, log, last, bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let sealed = seal(barrier, log, last).ok_or_else(|| damaged(&path, "it cannot be sealed"))?;
                replace(&path, &sealed).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
        Ok(Mark { file, log })
    }

    /// Notes a revision that is about to be acknowledged. The commit is durable whatever becomes of the mark.
    pub fn put(&self, barrier: &Barrier, revision: Revision) {
        if let Some(sealed) = seal(barrier, self.log, revision) {
            let _ = self.file.write_all_at(&sealed, 0);
        }
    }
}

fn seal(barrier: &Barrier, log: Uuid, revision: Revision) -> Option<Vec<u8>> {
    barrier.seal(&Aad::Mark { log }, &revision.0.to_be_bytes()).ok()
}

fn check(
    path: &Path,
    barrier: &Barrier,
    log: Uuid,
    last: Revision,
    bytes: Vec<u8>,
) -> Result<(), StoreError> {
    let mut bytes = Zeroizing::new(bytes);
    let marked = barrier.open(&Aad::Mark { log }, &mut bytes).ok().and_then(|plain| plain.try_into().ok());
    let marked = marked.map(u64::from_be_bytes).ok_or_else(|| damaged(path, "the mark does not open"))?;
    if marked > last.0 {
        let what = format!("its log ends at revision {last}, but revision {marked} was acknowledged");
        return Err(damaged(path, what));
    }
    Ok(())
}
