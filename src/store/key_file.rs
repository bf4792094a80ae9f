//! The file that holds the master key: 32 random bytes as one line of base64, readable by its owner only.
//!
//! Until sealing exists this file is what opens the store, so it belongs elsewhere than the backups of the store.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize as _, Zeroizing};

use super::barrier::{Barrier, KEY_LENGTH};
use super::disk::{io_error, make_directory, sync_directory_of};
use super::log::StoreError;
use crate::base::secret::Secret;

/// No key file is longer than this; a longer one is something else.
const LONGEST: u64 = 256;

impl Barrier {
    /// The barrier whose key is in `path`. Where there is no file and `first_start` says that there is no store either,
    /// a new key is made, readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::KeyFile`]: missing although a store exists, readable by others, or not a key; [`StoreError::Io`].
    pub fn from_key_file(path: &Path, first_start: bool) -> Result<Barrier, StoreError> {
        match File::open(path) {
            Ok(file) => read(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound && first_start => create(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(wrong(path, "does not exist, but the store that it opens does: restore it"))
            }
            Err(error) => Err(io_error("open the key file", path, &error)),
        }
    }
}

fn read(path: &Path, file: File) -> Result<Barrier, StoreError> {
    let facts = file.metadata().map_err(|error| io_error("read the key file", path, &error))?;
    if !facts.is_file() {
        return Err(wrong(path, "is not a file"));
    }
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let reason = format!("can be read by others (mode {mode:04o}): set it to 0600");
        return Err(wrong(path, &reason));
    }
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize));
    match file.take(LONGEST).read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(wrong(path, "holds no key: one line of base64 is expected"));
        }
        Err(error) => return Err(io_error("read the key file", path, &error)),
    }
    let bytes = STANDARD
        .decode(text.trim_end())
        .map_err(|_| wrong(path, "holds no key: one line of base64 is expected"))?;
    let length = bytes.len();
    Barrier::new(&Secret::new(bytes))
        .map_err(|_| wrong(path, &format!("holds a key of {length} bytes: {KEY_LENGTH} are expected")))
}

/// Written beside, made durable and then linked into place, so that a crash leaves either no key or a whole one, and two
/// first starts at once cannot end with two keys.
fn create(path: &Path) -> Result<Barrier, StoreError> {
    let key = Secret::random(KEY_LENGTH).map_err(|error| wrong(path, &error.to_string()))?;
    let mut line = Zeroizing::new(STANDARD.encode(key.expose()));
    line.push('\n');
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_directory(parent)?;
    }
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let written = write_new(&fresh, line.as_bytes()).and_then(|()| fs::hard_link(&fresh, path));
    line.zeroize();
    let removed = fs::remove_file(&fresh);
    written.and(removed).map_err(|error| io_error("create the key file", path, &error))?;
    sync_directory_of(path).map_err(|error| io_error("create the key file", path, &error))?;
    read(path, File::open(path).map_err(|error| io_error("open the key file", path, &error))?)
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn wrong(path: &Path, reason: &str) -> StoreError {
    StoreError::KeyFile { path: path.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(answer: Result<Barrier, StoreError>) -> String {
        answer.unwrap_err().to_string()
    }

    #[test]
    fn the_first_start_makes_a_key_that_only_its_owner_reads_and_later_ones_use_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("not/there/yet/seal.key");
        let made = Barrier::from_key_file(&path, true).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Barrier::from_key_file(&path, false).unwrap();
        assert!(made.derive("x").same_as(again.derive("x").expose()));
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing is left beside the key"
        );
    }

    #[test]
    fn a_missing_key_of_an_existing_store_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seal.key");
        assert!(message(Barrier::from_key_file(&path, false)).contains("restore it"));
        assert!(!path.exists());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seal.key");
        Barrier::from_key_file(&path, true).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(message(Barrier::from_key_file(&path, false)).contains("mode 0640"));
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (content, says) in [
            (&b""[..], "a key of 0 bytes"),
            (b"AAAA\n", "a key of 3 bytes"),
            (b"not base64!\n", "one line of base64"),
            (b"\xff\xfe", "one line of base64"),
        ] {
            let path = dir.path().join("seal.key");
            let _ = fs::remove_file(&path);
            write_new(&path, content).unwrap();
            let said = message(Barrier::from_key_file(&path, true));
            assert!(said.contains(says), "{content:?}: {said}");
        }
    }
}
