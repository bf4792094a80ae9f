//! The files of a data directory: the lock that keeps a second process out, and how a database comes to be whole or not
//! at all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::{FORMAT, damaged, format, head, past, rows, trouble};
use crate::store::barrier::Barrier;
use crate::store::disk::{io_error, sync_directory_of};
use crate::store::log::StoreError;

/// SQLite's `application_id`: "Stbx".
const APPLICATION: i64 = 0x5374_6278;

const TABLES: &str = "
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    log_id BLOB NOT NULL,
    key_check BLOB NOT NULL,
    state BLOB NOT NULL
) STRICT;
CREATE TABLE log (
    revision INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    time INTEGER NOT NULL,
    chain BLOB NOT NULL,
    body BLOB NOT NULL,
    state BLOB,
    before BLOB
) STRICT;
";

/// The database file of a data directory.
pub(in crate::store) fn database(dir: &Path) -> PathBuf {
    dir.join("strongbox.db")
}

/// SQLite's write-ahead log beside it.
pub(super) fn write_ahead_log(dir: &Path) -> PathBuf {
    dir.join("strongbox.db-wal")
}

/// Whether the directory holds a database, or a part of one.
pub(super) fn any_of_database(dir: &Path) -> bool {
    database(dir).exists() || write_ahead_log(dir).exists()
}

/// The lock on a data directory; given back when dropped, by the operating system too when the process dies.
pub(super) struct Lock(#[allow(dead_code, reason = "held for its lock")] File);

impl Lock {
    /// Takes the lock and leaves the number of this process in its file.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("strongbox.lock");
        let failed = |error: &io::Error| io_error("write the lock file", &path, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let _ = (&file).take(20).read_to_string(&mut owner);
                return Err(StoreError::InUse { dir: dir.to_owned(), pid: owner.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|error| failed(&error))?;
        Ok(Lock(file))
    }
}

/// Makes a new database beside its place and moves it there when it is whole.
pub(super) fn create(dir: &Path, barrier: &Barrier) -> Result<(), StoreError> {
    let fresh = dir.join("strongbox.db.new");
    let io = |error: io::Error| io_error("create", &fresh, &error);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).map_err(io)?;
    let failed = |error: rusqlite::Error| trouble("create", &fresh, &error);
    let connection = open_file(&fresh)?;
    // Nothing of it counts before it is whole: it is made durable once, before it is moved, and not step by step.
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE")
        .map_err(failed)?;
    connection.execute_batch(TABLES).map_err(failed)?;
    connection.execute_batch(rows::TABLE).map_err(failed)?;
    connection.execute_batch(past::TABLE).map_err(failed)?;
    connection.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
    connection.pragma_update(None, "user_version", FORMAT).map_err(failed)?;
    head::create(&connection, barrier, Uuid::new_v4()).map_err(|error| StoreError::Io {
        action: "create",
        path: fresh.clone(),
        reason: error.to_string(),
    })?;
    connection.execute_batch("COMMIT").map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    file.sync_all().map_err(io)?;
    fs::rename(&fresh, database(dir)).map_err(io)?;
    sync_directory_of(&database(dir)).map_err(io)
}

/// The size of a page of the database, in bytes: what SQLite takes by itself.
pub(super) const PAGE: usize = 4_096;
/// After about so many pages the write-ahead log is written back between commits; 16 MB.
pub(super) const PAGES_TO_WRITE_BACK: usize = 4_000;

/// Opens the database of a directory for this process alone and sets how it is written.
pub(super) fn connect(dir: &Path) -> Result<Connection, StoreError> {
    let place = database(dir);
    let facts = fs::metadata(&place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => damaged(&place, "it is missing, but its write-ahead log is there"),
        _ => io_error("open", &place, &error),
    })?;
    if facts.len() == 0 {
        return Err(damaged(&place, "the file is empty"));
    }
    let connection = open_file(&place)?;
    let failed = |error: rusqlite::Error| trouble("open", &place, &error);
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id").map_err(failed)?;
    if application != APPLICATION {
        return Err(damaged(&place, "the file is not a Strongbox database"));
    }
    let found = pragma("user_version").map_err(failed)?;
    if found != FORMAT && !format::EARLIER.contains(&found) {
        return Err(StoreError::Format { place, found, known: FORMAT });
    }
    connection
        .execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = 16000;
             PRAGMA journal_size_limit = 67108864;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -8192;",
        )
        .map_err(failed)?;
    if found != FORMAT {
        format::upgrade(&connection, found, || ()).map_err(failed)?;
    }
    Ok(connection)
}

fn open_file(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| trouble("open", path, &error))?;
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")
        .map_err(|error| trouble("open", path, &error))?;
    Ok(connection)
}
