//! The file that holds the seal key for a daemon that is to unseal itself: one line of base64, readable by its owner only.
//!
//! Whoever has it and the data directory has everything, so it belongs elsewhere than the backups of the store.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::disk::{beside, io_error, make_directory, sync_directory_of};
use super::log::StoreError;
use super::seal::SealKey;

/// No key file is longer than this; a longer one is something else.
const LONGEST: u64 = 256;

/// Reads the seal key in `path`; `None` where there is no such file.
///
/// # Errors
/// [`StoreError::KeyFile`]: readable by others, or not a key; [`StoreError::Io`].
pub fn read(path: &Path) -> Result<Option<SealKey>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("open the key file", path, &error)),
    };
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
    SealKey::parse(&text).map(Some).map_err(|error| wrong(path, &error.to_string()))
}

/// Puts a seal key into a new file. Written beside, made durable and then linked into place, so that a crash leaves either
/// no key or a whole one, and two first starts at once cannot end with two keys.
///
/// # Errors
/// [`StoreError::Io`], also when the file exists.
pub fn create(path: &Path, key: &SealKey) -> Result<(), StoreError> {
    let mut line = key.to_text();
    line.push('\n');
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_directory(parent)?;
    }
    let fresh = beside(path, &format!("new-{}", std::process::id()));
    let written = write_new(&fresh, line.as_bytes()).and_then(|()| fs::hard_link(&fresh, path));
    let removed = fs::remove_file(&fresh);
    written
        .and(removed)
        .and_then(|()| sync_directory_of(path))
        .map_err(|error| io_error("create the key file", path, &error))
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

    fn message(path: &Path) -> String {
        read(path).unwrap_err().to_string()
    }

    #[test]
    fn a_key_that_was_put_there_is_read_again_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("not/there/yet/seal.key");
        assert!(read(&path).unwrap().is_none());
        let key = SealKey::generate().unwrap();
        create(&path, &key).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(create(&path, &SealKey::generate().unwrap()).is_err());
        assert!(read(&path).unwrap().unwrap().same_as(&key));
        let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "nothing is left beside the key");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seal.key");
        create(&path, &SealKey::generate().unwrap()).unwrap();
        for (mode, says) in [(0o640, "mode 0640"), (0o604, "mode 0604")] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(message(&path).contains(says));
        }
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (content, says) in [
            (&b""[..], "has 0 bytes"),
            (b"AAAA\n", "has 3 bytes"),
            (b"not base64!\n", "is not base64"),
            (b"\xff\xfe", "one line of base64"),
        ] {
            let path = dir.path().join("seal.key");
            let _ = fs::remove_file(&path);
            write_new(&path, content).unwrap();
            let said = message(&path);
            assert!(said.contains(says), "{content:?}: {said}");
        }
    }
}
