//! How a store comes to be: whole, with its keyring and its first record, or not at all.
//!
//! Everything is made in a directory of its own. Its keyring is then moved to its place: from that moment the store exists,
//! and what a crash left undone after it is done at the next start. What it left before it is thrown away then, since nobody
//! was told of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{io_error, make_directory, sync_directory_of};
use super::log::StoreError;
use super::seal::Envelope;
use super::sqlite;

/// Name of the directory in which a store is made.
const UNFINISHED: &str = "unfinished";

/// A store that is being made.
#[derive(Debug)]
pub struct Founding {
    directory: PathBuf,
    place: PathBuf,
}

impl Founding {
    /// Begins in an empty directory below `directory`, which is made where it does not exist.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn begin(directory: &Path) -> Result<Self, StoreError> {
        make_directory(directory)?;
        let place = directory.join(UNFINISHED);
        remove(&place)?;
        make_directory(&place)?;
        Ok(Founding { directory: directory.to_owned(), place })
    }

    /// Where the store is to be made. It must be closed when it is done.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Makes what was made the store of the directory.
    ///
    /// # Errors
    /// [`StoreError::Io`]; there is no store then, unless it was only the moving of the database that failed: the next
    /// [`settle`] does that.
    pub fn finish(self, envelope: &Envelope) -> Result<(), StoreError> {
        envelope.store(&self.place)?;
        let (from, to) = (Envelope::path(&self.place), Envelope::path(&self.directory));
        let failed = |error: io::Error| io_error("put the keyring into", &self.directory, &error);
        fs::rename(&from, &to).map_err(failed)?;
        sync_directory_of(&to).map_err(failed)?;
        settle(&self.directory)
    }
}

/// Finishes or throws away what a crash left of a store that was being made.
///
/// # Errors
/// [`StoreError::Io`].
pub fn settle(directory: &Path) -> Result<(), StoreError> {
    let place = directory.join(UNFINISHED);
    if !place.exists() {
        return Ok(());
    }
    let founded = Envelope::path(directory).exists();
    let (from, to) = (sqlite::database(&place), sqlite::database(directory));
    if founded && from.exists() && !to.exists() {
        let failed = |error: io::Error| io_error("put the database into", directory, &error);
        fs::rename(&from, &to).map_err(failed)?;
        sync_directory_of(&to).map_err(failed)?;
    }
    remove(&place)
}

fn remove(place: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", place, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::store::conformance::{effects, record};
    use crate::store::seal::{Holders, Keyring, SealKey};
    use crate::store::{Barrier, CommitLog as _, Revision, SqliteStore};

    /// A directory in which a store was made and closed, but not put in its place.
    fn made() -> (tempfile::TempDir, Founding, Barrier, Envelope) {
        let dir = tempfile::tempdir().unwrap();
        let founding = Founding::begin(dir.path()).unwrap();
        let keyring = Keyring::generate(Timestamp(0)).unwrap();
        let holders = Holders { shares: 1, threshold: 1 };
        let envelope = Envelope::seal(&keyring, &SealKey::generate().unwrap(), holders).unwrap();
        let barrier = Barrier::new(keyring).unwrap();
        let (mut store, _) = SqliteStore::open(founding.place(), barrier.clone()).unwrap();
        store.append(Revision(0), &record(1), &effects(&record(1))).unwrap();
        store.close().unwrap();
        (dir, founding, barrier, envelope)
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "strongbox.lock")
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_finished_store_has_its_first_record() {
        let (dir, founding, barrier, envelope) = made();
        founding.finish(&envelope).unwrap();
        assert!(names(dir.path()).starts_with(&["keyring".to_owned(), "strongbox.db".to_owned()]));
        assert!(!dir.path().join(UNFINISHED).exists());
        let (_, recovered) = SqliteStore::open(dir.path(), barrier).unwrap();
        assert_eq!((recovered.created, recovered.last), (false, Revision(1)));
    }

    #[test]
    fn a_crash_before_the_keyring_is_in_place_leaves_no_store() {
        let (dir, founding, _, envelope) = made();
        envelope.store(founding.place()).unwrap();
        drop(founding);
        settle(dir.path()).unwrap();
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_crash_behind_that_leaves_one_that_is_finished_later() {
        let (dir, founding, barrier, envelope) = made();
        envelope.store(dir.path()).unwrap();
        drop(founding);
        settle(dir.path()).unwrap();
        settle(dir.path()).unwrap();
        assert!(!dir.path().join(UNFINISHED).exists());
        assert_eq!(SqliteStore::open(dir.path(), barrier).unwrap().1.last, Revision(1));
    }
}
