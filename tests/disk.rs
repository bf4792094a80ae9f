//! Disks that are full or read-only, for real: a small file system of its own in memory. Where that may not be mounted, it
//! is said on the terminal.

use std::path::{Path, PathBuf};
use std::process::Command;

use strongbox::base::clock::Timestamp;
use strongbox::store::log::{EditRecord, RowValue, TransactionRecord};
use strongbox::store::{
    AppendError, Barrier, CommitLog as _, Effect, Record, Revision, SqliteStore, StoreError,
};
use uuid::Uuid;

use crate::support::skipped;

/// A file system of some size, gone when dropped.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn of(kibibytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk { dir };
        if disk.mount(&format!("size={kibibytes}k")) {
            return Some(disk);
        }
        skipped("full and read-only disks", "no file system may be mounted here");
        None
    }

    fn mount(&self, options: &str) -> bool {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.dir.path());
        command.output().is_ok_and(|output| output.status.success())
    }

    fn grow(&self) {
        self.remount("remount,size=16m");
    }

    fn remount(&self, options: &str) {
        let mut command = Command::new("mount");
        let output = command.args(["-o", options]).arg(self.dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn read_only(&self, on: bool) {
        self.remount(if on { "remount,ro" } else { "remount,rw" });
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.dir.path()).output();
    }
}

fn append(store: &mut SqliteStore, after: u64, size: usize) -> Result<Revision, AppendError> {
    let path = format!("/m:list[name='{after}']");
    let value = RowValue::new(format!("\"{}\"", "x".repeat(size)));
    let edits = vec![EditRecord { path: path.clone(), value: Some(value.clone()) }];
    let transaction = TransactionRecord {
        tenant: "acme".into(),
        request_id: "r".into(),
        actor: "alice".into(),
        comment: None,
        edits,
        notifications: Vec::new(),
    };
    let time = Timestamp(i64::try_from(after).unwrap() + 1);
    let record = Record { id: Uuid::new_v4(), time, transactions: vec![transaction] };
    let effect = Effect { tenant: "acme", path: &path, value: Some(value.expose()) };
    store.append(Revision(after), &record, &[effect])
}

/// How many rows there are when everything can be read.
fn rows(store: &SqliteStore) -> u64 {
    let mut rows = 0;
    store.visit_rows(|_| rows += 1).unwrap();
    assert_eq!(store.read_from(Revision(0), usize::MAX).unwrap().len() as u64, rows);
    rows
}

fn open(data: &Path, barrier: &Barrier) -> SqliteStore {
    SqliteStore::open(data, barrier.clone()).unwrap().0
}

#[test]
fn a_disk_that_fills_up_refuses_what_does_not_fit_and_keeps_what_was_acknowledged() {
    let Some(disk) = Disk::of(768) else { return };
    let barrier = Barrier::random().unwrap();
    let mut store = open(&disk.data(), &barrier);
    let mut acknowledged = 0;
    let refusal = loop {
        match append(&mut store, acknowledged, 5_000) {
            Ok(revision) => acknowledged = revision.0,
            Err(refusal) => break refusal,
        }
        assert!(acknowledged < 1_000, "the disk never fills up");
    };
    assert!(acknowledged > 5, "{acknowledged} fitted");
    assert!(matches!(&refusal, AppendError::Full(_)), "{refusal:?}");
    assert!(refusal.to_string().contains("no space left"), "{refusal}");
    assert_eq!(rows(&store), acknowledged, "reads go on");
    // A small one may still fit, or not: what is acknowledged is there.
    if append(&mut store, acknowledged, 1).is_ok() {
        acknowledged += 1;
    }
    drop(store);
    disk.grow();
    let mut store = open(&disk.data(), &barrier);
    assert_eq!(rows(&store), acknowledged);
    assert_eq!(append(&mut store, acknowledged, 5_000).unwrap(), Revision(acknowledged + 1));
}

#[test]
fn a_data_directory_that_can_only_be_read_is_told_at_the_start() {
    let Some(disk) = Disk::of(4_096) else { return };
    let barrier = Barrier::random().unwrap();
    let mut store = open(&disk.data(), &barrier);
    append(&mut store, 0, 100).unwrap();
    store.close().unwrap();
    disk.read_only(true);
    let refusal = SqliteStore::open(&disk.data(), barrier.clone()).err().unwrap();
    assert!(matches!(refusal, StoreError::Io { .. }), "{refusal}");
    let said = refusal.to_string();
    assert!(said.contains("strongbox.lock") && said.contains("Read-only file system"), "{said}");

    let mut serve = Command::new(env!("CARGO_BIN_EXE_strongbox"));
    serve.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-directory"]);
    let output = serve.arg(disk.dir.path().join("new")).current_dir("/").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("Read-only file system"), "{said}");
    disk.read_only(false);
    assert_eq!(rows(&open(&disk.data(), &barrier)), 1);
}
