mod faults;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::base::secret::Secret;
use crate::store::conformance::{effects, record};
use crate::store::log::{EditRecord, RowValue, TransactionRecord};
use crate::store::seal::Keyring;

fn barrier() -> Barrier {
    Barrier::new(Keyring::new(Secret::new([3_u8; 32]), Secret::new([4_u8; 32]), Timestamp(0))).unwrap()
}

fn open(dir: &Path) -> Result<(SqliteStore, Recovered), StoreError> {
    SqliteStore::open(dir, barrier())
}

fn store_with(dir: &Path, records: u64) -> SqliteStore {
    let (mut store, _) = open(dir).unwrap();
    for number in 1..=records {
        let record = record(u128::from(number));
        store.append(Revision(number - 1), &record, &effects(&record)).unwrap();
    }
    store
}

/// Everything that a store says of itself, for comparing.
fn content(store: &SqliteStore) -> Result<BTreeMap<String, (String, u64, i64)>, StoreError> {
    let mut rows = BTreeMap::new();
    store.visit_rows(|row| {
        let key = format!("{}{}", row.tenant, row.path);
        rows.insert(key, (row.value.to_owned(), row.revision.0, row.time.0));
    })?;
    store.read_from(store.bounds().first.0.checked_sub(1).map(Revision).unwrap(), usize::MAX)?;
    Ok(rows)
}

fn reopened(dir: &Path) -> Result<BTreeMap<String, (String, u64, i64)>, StoreError> {
    open(dir).and_then(|(store, _)| content(&store))
}

#[test]
fn conforms_to_the_commit_log() {
    let mut dirs = Vec::new();
    crate::store::conformance::run(&mut || {
        let dir = tempfile::tempdir().unwrap();
        let (store, recovered) = open(dir.path()).unwrap();
        assert!(recovered.created);
        dirs.push(dir);
        Box::new(store)
    });
}

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store_with(dir.path(), 3);
    let gone = Record {
        transactions: vec![TransactionRecord {
            tenant: "acme".into(),
            request_id: String::new(),
            actor: String::new(),
            comment: None,
            edits: vec![
                EditRecord { path: "/m:list[name='2']".into(), value: None },
                EditRecord { path: "/m:list[name='never']".into(), value: None },
                EditRecord { path: "/m:list[name='1']".into(), value: Some(RowValue::new("{}".into())) },
            ],
            notifications: Vec::new(),
        }],
        ..record(4)
    };
    store.append(Revision(3), &gone, &effects(&gone)).unwrap();
    let log_id = store.bounds().log_id;
    drop(store);
    let (store, recovered) = open(dir.path()).unwrap();
    assert_eq!(recovered, Recovered { created: false, last: Revision(4), time: Timestamp(4_000_000) });
    assert_eq!(store.bounds(), Bounds { log_id, first: Revision(1), last: Revision(4) });
    let rows = content(&store).unwrap();
    let expected = BTreeMap::from([
        ("acme/m:list[name='1']".to_owned(), ("{}".to_owned(), 4, 4_000_000)),
        ("acme/m:list[name='3']".to_owned(), ("{\"name\":\"3\"}".to_owned(), 3, 3_000_000)),
    ]);
    assert_eq!(rows, expected);
}

#[test]
fn a_purged_log_opens_again_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store_with(dir.path(), 5);
    store.purge(Revision(5)).unwrap();
    drop(store);
    let (mut store, _) = open(dir.path()).unwrap();
    assert_eq!(store.append(Revision(5), &record(6), &effects(&record(6))).unwrap(), Revision(6));
    store.close().unwrap();
    assert_eq!(reopened(dir.path()).unwrap().len(), 6);
}

#[test]
fn nothing_on_the_disk_can_be_read_without_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with(dir.path(), 2);
    for closed in [false, true] {
        for file in fs::read_dir(dir.path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            for plain in ["acme", "alice", "request-", "m:list", "name"] {
                let found = bytes.windows(plain.len()).any(|window| window == plain.as_bytes());
                assert!(!found, "{} holds {plain:?}", path.display());
            }
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
        }
        if closed {
            break;
        }
        store.connection.pragma_query(None, "wal_checkpoint", |_| Ok(())).unwrap();
    }
}

#[test]
fn a_second_opening_is_refused_and_names_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with(dir.path(), 1);
    let refused = open(dir.path()).err().unwrap().to_string();
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    drop(store);
    open(dir.path()).unwrap();
}

#[test]
fn another_key_is_recognised() {
    let dir = tempfile::tempdir().unwrap();
    drop(store_with(dir.path(), 1));
    let other = SqliteStore::open(dir.path(), Barrier::random().unwrap()).err().unwrap();
    assert!(matches!(other, StoreError::WrongKey { .. }), "{other}");
    assert_eq!(reopened(dir.path()).unwrap().len(), 1);
}

#[test]
fn another_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with(dir.path(), 1);
    store.connection.pragma_update(None, "user_version", 1).unwrap();
    drop(store);
    let refused = open(dir.path()).err().unwrap().to_string();
    assert!(refused.contains("store format 1") && refused.contains("format 4"), "{refused}");
}

#[test]
fn a_full_disk_refuses_the_write_and_keeps_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store_with(dir.path(), 1);
    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages + 2).unwrap();
    let mut big = record(2);
    big.transactions[0].edits[0].value = Some(RowValue::new(format!("{:?}", "x".repeat(50_000))));
    let refused = store.append(Revision(1), &big, &effects(&big));
    assert!(matches!(refused, Err(AppendError::Full(_))), "{refused:?}");
    store.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert_eq!(content(&store).unwrap().len(), 1);
    assert_eq!(store.append(Revision(1), &big, &effects(&big)).unwrap(), Revision(2));
    drop(store);
    assert_eq!(reopened(dir.path()).unwrap().len(), 2);
}

#[test]
fn a_store_that_cannot_be_written_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store_with(dir.path(), 1);
    store.connection.pragma_update(None, "query_only", true).unwrap();
    let refused = store.append(Revision(1), &record(2), &effects(&record(2)));
    assert!(
        matches!(&refused, Err(AppendError::Unavailable(why)) if why.contains("read-only")),
        "{refused:?}"
    );
    let refused = open(Path::new("/proc/strongbox")).err().unwrap().to_string();
    assert!(refused.contains("cannot create the data directory /proc/strongbox"), "{refused}");
}

#[test]
fn missing_and_emptied_files_are_damage_and_not_a_first_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("strongbox.db");
    store_with(dir.path(), 3).close().unwrap();
    let whole = fs::read(&path).unwrap();
    for (length, says) in [(0, "is empty"), (50, "not a Strongbox database"), (whole.len() - 5000, "damaged")]
    {
        fs::write(&path, &whole[..length]).unwrap();
        let said = reopened(dir.path()).unwrap_err();
        assert!(matches!(said, StoreError::Damaged { .. }), "{said}");
        assert!(said.to_string().contains(says), "{said}");
        assert_eq!(fs::read(&path).unwrap().len(), length, "left as it was");
    }
    fs::remove_file(&path).unwrap();
    fs::write(dir.path().join("strongbox.db-wal"), b"rest").unwrap();
    assert!(reopened(dir.path()).unwrap_err().to_string().contains("missing"));
}

#[test]
fn removed_and_outdated_content_is_noticed() {
    let says = |statement: &str| {
        let dir = tempfile::tempdir().unwrap();
        let store = store_with(dir.path(), 4);
        store.connection.execute_batch(statement).unwrap();
        drop(store);
        reopened(dir.path()).unwrap_err().to_string()
    };
    assert!(says("DELETE FROM rows WHERE revision = 2").contains("3 rows instead of 4"));
    assert!(
        says("UPDATE rows SET value = (SELECT value FROM rows WHERE revision = 1)").contains("does not open")
    );
    // An index in which a row is missing, or is there under another's key.
    for of in ["key) WHERE place > 1", "iif(place = 1, zeroblob(16), key))", "iif(place < 3, x'00', key))"] {
        let said = says(&format!(
            "DROP INDEX places; CREATE INDEX places ON rows ({of};
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX places ON rows (key)' WHERE name = 'places';"
        ));
        assert!(said.contains("index"), "{of}: {said}");
    }
    assert!(says("DROP INDEX places").contains("no such index: places"));
    assert!(says("DELETE FROM log WHERE revision = 2").contains("3 records, 1 to 4"));
    assert!(says("DELETE FROM log WHERE revision = 4").contains("revision 4 was acknowledged"));
    assert!(says("UPDATE log SET state = NULL WHERE revision = 4").contains("should have 0"));
    let other = "UPDATE log SET state = (SELECT state FROM log WHERE revision = 3) WHERE revision = 4";
    assert!(says(other).contains("record 4 of its log has the head of record 3"));
    assert!(says("UPDATE log SET state = zeroblob(168) WHERE revision = 4").contains("head does not open"));
    assert!(
        says("UPDATE log SET body = zeroblob(100) WHERE revision = 2").contains("record 2 of its log breaks")
    );
    assert!(says("DELETE FROM head").contains("head is missing"));
    assert!(says("UPDATE head SET state = zeroblob(168)").contains("head does not open"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_flipped_bit_is_reported_or_without_effect(bit in any::<prop::sample::Index>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("strongbox.db");
        let store = store_with(dir.path(), 12);
        let before = content(&store).unwrap();
        store.close().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        if let Ok(after) = reopened(dir.path()) {
            prop_assert_eq!(after, before);
        }
    }
}

/// A store that was killed: its directory as it is while it is open.
fn killed(dir: &Path, records: u64) -> tempfile::TempDir {
    let store = store_with(dir, records);
    let copy = copied(dir);
    drop(store);
    copy
}

/// The files of a directory as they are, which is what is left of a process that is killed now.
fn copied(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(dir).unwrap() {
        let from = file.unwrap().path();
        fs::copy(&from, copy.path().join(from.file_name().unwrap())).unwrap();
    }
    copy
}

#[test]
fn a_crash_in_the_last_commit_loses_that_one_only() {
    let dir = tempfile::tempdir().unwrap();
    let copy = killed(dir.path(), 6);
    let path = copy.path().join("strongbox.db-wal");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    // Before the acknowledgement the mark is that of the record before.
    let (store, _) = open(dir.path()).unwrap();
    store.mark.put(&barrier(), Revision(5));
    drop(store);
    fs::copy(dir.path().join("strongbox.mark"), copy.path().join("strongbox.mark")).unwrap();
    assert_eq!(reopened(copy.path()).unwrap().len(), 5);
}

#[test]
fn damage_in_the_middle_of_the_write_ahead_log_is_not_taken_for_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let copy = killed(dir.path(), 6);
    assert_eq!(reopened(copy.path()).unwrap().len(), 6);
    let copy = killed(tempfile::tempdir().unwrap().path(), 6);
    let path = copy.path().join("strongbox.db-wal");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let said = reopened(copy.path()).unwrap_err().to_string();
    assert!(said.contains("commits follow"), "{said}");
    bytes[middle] ^= 1;
    bytes[20] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let said = reopened(copy.path()).unwrap_err().to_string();
    assert!(said.contains("header of the write-ahead log"), "{said}");
}

/// Revision, path and value of everything that is kept of the past.
fn past(store: &SqliteStore, after: u64) -> Result<Vec<(u64, String, Option<String>)>, StoreError> {
    let found = store.read_past(Revision(after), usize::MAX)?;
    let of_record = |(revision, rows): (Revision, Vec<PastRow>)| {
        rows.into_iter().map(move |row| {
            assert_eq!(row.tenant, "acme");
            (revision.0, row.path, row.value.map(|value| value.as_str().to_owned()))
        })
    };
    Ok(found.into_iter().flat_map(of_record).collect())
}

fn changing(number: u128, edits: &[(&str, Option<String>)]) -> Record {
    let mut changed = record(number);
    changed.transactions[0].edits = edits
        .iter()
        .map(|(path, value)| EditRecord { path: (*path).to_owned(), value: value.clone().map(RowValue::new) })
        .collect();
    changed
}

#[test]
fn what_rows_were_before_a_record_stays_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store_with(dir.path(), 1);
    let one = "/m:list[name='1']";
    for (after, record) in [
        (1, changing(2, &[(one, Some("{\"a\":1}".into())), (one, Some("{\"a\":2}".into()))])),
        (2, changing(3, &[(one, None)])),
    ] {
        store.append(Revision(after), &record, &effects(&record)).unwrap();
    }
    let path = one.to_owned();
    let wanted = vec![
        (1, path.clone(), None),
        (2, path.clone(), Some("{\"name\":\"1\"}".to_owned())),
        (3, path, Some("{\"a\":2}".to_owned())),
    ];
    assert_eq!(past(&store, 0).unwrap(), wanted);
    drop(store);
    let (mut store, _) = open(dir.path()).unwrap();
    assert_eq!(past(&store, 1).unwrap(), wanted[1..]);
    assert_eq!(store.read_past(Revision(0), 2).unwrap().len(), 2);
    store.purge(Revision(2)).unwrap();
    assert_eq!(store.first_past().unwrap(), Revision(2));
    assert!(matches!(past(&store, 1), Err(StoreError::Purged { .. })));
    assert_eq!(past(&store, 2).unwrap(), wanted[2..]);
}

#[test]
fn the_past_of_a_large_change_is_kept_in_parts_and_none_can_be_taken_out() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    let paths: Vec<String> = (0..5).map(|number| format!("/m:list[name='{number}']")).collect();
    let value = |letter: &str| Some(format!("\"{}\"", letter.repeat(600_000)));
    for (after, letter) in [(0, "x"), (1, "y")] {
        let edits: Vec<_> = paths.iter().map(|path| (path.as_str(), value(letter))).collect();
        let record = changing(u128::from(after) + 1, &edits);
        store.append(Revision(after), &record, &effects(&record)).unwrap();
    }
    let parts = |store: &SqliteStore| -> i64 {
        store
            .connection
            .query_row("SELECT count(*) FROM past WHERE revision = 2", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(parts(&store), 2, "and the last beside the record");
    assert_eq!(past(&store, 1).unwrap().len(), 5);
    let taken = "DELETE FROM past WHERE revision = 2 AND part = 1 RETURNING body";
    let part: Vec<u8> = store.connection.query_row(taken, [], |row| row.get(0)).unwrap();
    assert!(matches!(past(&store, 1), Err(StoreError::Damaged { .. })));
    let other = "UPDATE log SET before = ?1 WHERE revision = 2";
    store.connection.execute(other, [part]).unwrap();
    assert!(matches!(past(&store, 1), Err(StoreError::Damaged { .. })));
    store.connection.execute("UPDATE past SET part = 7 WHERE revision = 2 AND part = 0", []).unwrap();
    assert!(matches!(past(&store, 1), Err(StoreError::Damaged { .. })));
}

/// Makes of a store what format 3 would have made of it.
const TO_FORMAT_3: &str = "
UPDATE head SET state = (SELECT state FROM log ORDER BY revision DESC LIMIT 1);
INSERT INTO past SELECT revision, (SELECT count(*) FROM past WHERE past.revision = log.revision), before FROM log;
ALTER TABLE log DROP COLUMN state;
ALTER TABLE log DROP COLUMN before;
CREATE TABLE old (key BLOB PRIMARY KEY, revision INTEGER NOT NULL, time INTEGER NOT NULL, value BLOB NOT NULL)
    STRICT, WITHOUT ROWID;
INSERT INTO old SELECT key, revision, time, value FROM rows;
DROP TABLE rows;
ALTER TABLE old RENAME TO rows;
PRAGMA user_version = 3;
";
/// And of that what format 2 would have.
const TO_FORMAT_2: &str = "DROP TABLE past; PRAGMA user_version = 2;";

#[test]
fn a_store_of_format_2_is_brought_to_this_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with(dir.path(), 3);
    let before = content(&store).unwrap();
    store.connection.execute_batch(TO_FORMAT_3).unwrap();
    store.connection.execute_batch(TO_FORMAT_2).unwrap();
    drop(store);
    let (mut store, _) = open(dir.path()).unwrap();
    assert_eq!(content(&store).unwrap(), before);
    assert_eq!(store.first_past().unwrap(), Revision(3));
    assert!(matches!(past(&store, 2), Err(StoreError::Purged { .. })));
    store.append(Revision(3), &record(4), &effects(&record(4))).unwrap();
    assert_eq!((store.first_past().unwrap(), past(&store, 3).unwrap().len()), (Revision(3), 1));
}

#[test]
fn a_store_of_format_3_is_brought_to_this_one_with_its_past() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    let paths: Vec<String> = (0..3).map(|number| format!("/m:list[name='{number}']")).collect();
    for (after, letter) in [(0, "x"), (1, "y")] {
        let value = Some(format!("\"{}\"", letter.repeat(600_000)));
        let edits: Vec<_> = paths.iter().map(|path| (path.as_str(), value.clone())).collect();
        let record = changing(u128::from(after) + 1, &edits);
        store.append(Revision(after), &record, &effects(&record)).unwrap();
    }
    let (rows, was) = (content(&store).unwrap(), past(&store, 0).unwrap());
    store.connection.execute_batch(TO_FORMAT_3).unwrap();
    drop(store);
    let (mut store, recovered) = open(dir.path()).unwrap();
    assert_eq!(recovered.last, Revision(2));
    assert_eq!((content(&store).unwrap(), past(&store, 0).unwrap()), (rows, was));
    let third = changing(3, &[(&paths[1], None)]);
    store.append(Revision(2), &third, &effects(&third)).unwrap();
    drop(store);
    let (store, _) = open(dir.path()).unwrap();
    assert_eq!((content(&store).unwrap().len(), past(&store, 2).unwrap().len()), (2, 1));
    assert_eq!(store.first_past().unwrap(), Revision(0));
}

#[test]
fn an_upgrade_that_is_killed_at_any_step_leaves_a_store_that_opens() {
    for (format, steps) in [(2, 13), (3, 12)] {
        let dir = tempfile::tempdir().unwrap();
        let store = store_with(dir.path(), 3);
        let before = content(&store).unwrap();
        store.connection.execute_batch(TO_FORMAT_3).unwrap();
        if format == 2 {
            store.connection.execute_batch(TO_FORMAT_2).unwrap();
        }
        // A small cache, so that pages get to the write-ahead log before the commit.
        store.connection.pragma_update(None, "cache_size", 1).unwrap();
        let mut copies = Vec::new();
        format::upgrade(&store.connection, format, || copies.push(copied(dir.path()))).unwrap();
        assert_eq!(copies.len(), steps);
        for (step, copy) in copies.iter().enumerate() {
            let (mut store, _) =
                open(copy.path()).unwrap_or_else(|error| panic!("{format} killed at step {step}: {error}"));
            assert_eq!(content(&store).unwrap(), before, "{format} killed at step {step}");
            store.append(Revision(3), &record(4), &effects(&record(4))).unwrap();
            assert_eq!(past(&store, 3).unwrap().len(), 1, "{format} killed at step {step}");
            drop(store);
            assert_eq!(reopened(copy.path()).unwrap().len(), 4);
        }
    }
}
