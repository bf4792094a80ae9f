//! What a disk can do to a store, tried everywhere: each bit of content, each place of a ciphertext, each cut of a file. The
//! answer is the whole content or an error, never anything between.

use rusqlite::types::Value as Column;

use super::*;

/// The files of a store.
struct Files(Vec<(std::ffi::OsString, Vec<u8>)>);

impl Files {
    fn of(dir: &Path) -> Self {
        let files = fs::read_dir(dir).unwrap().map(|file| {
            let path = file.unwrap().path();
            (path.file_name().unwrap().to_owned(), fs::read(&path).unwrap())
        });
        Files(files.collect())
    }

    /// A store that was closed in order, with entries that were changed and one that was deleted.
    fn closed() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store_with(dir.path(), 6);
        let changed = |number: u128, of: &[u128], value: Option<&str>| {
            let edit = |of: &u128| EditRecord {
                path: format!("/m:list[name='{of}']"),
                value: value.map(|text| RowValue::new(text.to_owned())),
            };
            let mut record = record(number);
            record.transactions[0].edits = of.iter().map(edit).collect();
            record
        };
        for (number, of, value) in [(7, &[1_u128, 2][..], Some(r#"{"again":true}"#)), (8, &[3], None)] {
            let record = changed(number, of, value);
            store.append(Revision(u64::try_from(number).unwrap() - 1), &record, &effects(&record)).unwrap();
        }
        store.close().unwrap();
        Files::of(dir.path())
    }

    fn put(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in &self.0 {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        dir
    }

    fn cut(&self, name: &str, length: usize) -> tempfile::TempDir {
        let dir = self.put();
        let bytes = &self.0.iter().find(|(known, _)| known == name).unwrap().1;
        fs::write(dir.path().join(name), &bytes[..length]).unwrap();
        dir
    }

    fn length(&self, name: &str) -> usize {
        self.0.iter().find(|(known, _)| known == name).unwrap().1.len()
    }

    /// Changes a fresh copy with SQL, and returns what the store says of itself then.
    fn after(
        &self,
        change: impl FnOnce(&Connection),
    ) -> Result<BTreeMap<String, (String, u64, i64)>, StoreError> {
        let dir = self.put();
        let connection = Connection::open(dir.path().join("strongbox.db")).unwrap();
        change(&connection);
        connection.close().unwrap();
        reopened(dir.path())
    }

    /// A column of every row of a table.
    fn column(&self, table: &str, column: &str) -> Vec<Column> {
        let dir = self.put();
        let connection = Connection::open(dir.path().join("strongbox.db")).unwrap();
        let mut all = connection.prepare(&format!("SELECT {column} FROM {table} ORDER BY 1")).unwrap();
        let values: Vec<Column> = all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        values
    }
}

#[test]
fn a_flipped_bit_in_every_record_and_row_is_told() {
    let files = Files::closed();
    let whole = reopened(files.put().path()).unwrap();
    let mut tried = 0;
    for (table, key, columns) in [
        ("log", "revision", &["id", "chain", "body", "revision", "time"][..]),
        ("rows", "key", &["value", "key", "revision", "time"]),
        ("head", "one", &["log_id", "key_check", "state"]),
    ] {
        for (at, row) in files.column(table, key).into_iter().enumerate() {
            for column in columns {
                let found = files.after(|connection| {
                    let read = format!("SELECT {column} FROM {table} WHERE {key} = ?1");
                    let value: Column = connection.query_row(&read, [&row], |found| found.get(0)).unwrap();
                    let value = match value {
                        Column::Blob(mut bytes) => {
                            let bit = (at * 37 + 11) % (bytes.len() * 8);
                            bytes[bit / 8] ^= 1 << (bit % 8);
                            Column::Blob(bytes)
                        }
                        Column::Integer(number) => Column::Integer(number ^ (1 << (at + 5))),
                        other => panic!("{other:?}"),
                    };
                    let write = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
                    assert_eq!(connection.execute(&write, params![value, row]).unwrap(), 1);
                });
                tried += 1;
                match found {
                    // The time of a record counts inside its body; the column beside it is read by nobody.
                    Ok(found) => assert!(
                        (table, *column) == ("log", "time") && found == whole,
                        "{table}.{column} {at}"
                    ),
                    Err(error) => assert!(
                        matches!(error, StoreError::Damaged { .. } | StoreError::WrongKey { .. }),
                        "{table}.{column} {at}: {error}"
                    ),
                }
            }
        }
    }
    assert_eq!(tried, 8 * 5 + 5 * 4 + 3);
}

#[test]
fn a_flipped_bit_in_what_rows_were_is_told_and_costs_nothing_else() {
    let files = Files::closed();
    let whole = reopened(files.put().path()).unwrap();
    let past_of = |dir: &Path| past(&open(dir).unwrap().0, 0);
    let before = past_of(files.put().path()).unwrap();
    let revisions = files.column("log", "revision");
    assert_eq!(revisions.len(), 8);
    for (at, revision) in revisions.iter().enumerate() {
        let dir = files.put();
        let connection = Connection::open(dir.path().join("strongbox.db")).unwrap();
        let read = "SELECT before FROM log WHERE revision = ?1";
        let mut body: Vec<u8> = connection.query_row(read, [revision], |row| row.get(0)).unwrap();
        let bit = (at * 53 + 7) % (body.len() * 8);
        body[bit / 8] ^= 1 << (bit % 8);
        connection
            .execute("UPDATE log SET before = ?1 WHERE revision = ?2", params![body, revision])
            .unwrap();
        connection.close().unwrap();
        let said = past_of(dir.path());
        assert!(matches!(said, Err(StoreError::Damaged { .. })), "{at}: {said:?} {before:?}");
        assert_eq!(reopened(dir.path()).unwrap(), whole, "the rows are what they are");
    }
}

#[test]
fn every_ciphertext_opens_in_its_own_place_only() {
    let files = Files::closed();
    let keys = files.column("rows", "key");
    for from in &keys {
        for to in keys.iter().filter(|to| *to != from) {
            for columns in
                ["value = other.value", "value = other.value, revision = other.revision, time = other.time"]
            {
                let moved = format!(
                    "UPDATE rows SET {columns} FROM (SELECT * FROM rows WHERE key = ?1) AS other WHERE rows.key = ?2"
                );
                let found = files.after(|connection| {
                    assert_eq!(connection.execute(&moved, params![from, to]).unwrap(), 1);
                });
                assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
            }
        }
    }
    let revisions = files.column("log", "revision");
    for from in &revisions {
        for to in revisions.iter().filter(|to| *to != from) {
            let moved = "UPDATE log SET body = other.body, id = other.id, chain = other.chain
                         FROM (SELECT * FROM log WHERE revision = ?1) AS other WHERE log.revision = ?2";
            let found = files.after(|connection| {
                assert_eq!(connection.execute(moved, params![from, to]).unwrap(), 1);
            });
            assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
        }
    }
}

#[test]
fn a_row_that_was_rolled_back_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store_with(dir.path(), 2);
    let row = "SELECT key, revision, time, value FROM rows WHERE revision = 1";
    let old: (Column, Column, Column, Column) = store
        .connection
        .query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap();
    let mut again = record(3);
    again.transactions[0].edits[0].path = "/m:list[name='1']".into();
    store.append(Revision(2), &again, &effects(&again)).unwrap();
    store.close().unwrap();
    let files = Files::of(dir.path());
    let found = files.after(|connection| {
        let back = "UPDATE rows SET revision = ?2, time = ?3, value = ?4 WHERE key = ?1";
        assert_eq!(connection.execute(back, params![old.0, old.1, old.2, old.3]).unwrap(), 1);
    });
    let said = found.unwrap_err().to_string();
    assert!(said.contains("a row is not of the revision that last wrote it"), "{said}");
}

/// Cuts a file at every 512 bytes: what is there then is everything, or told to be damaged.
fn cuts(files: &Files, name: &str) {
    let whole = reopened(files.put().path()).unwrap();
    for length in (0..files.length(name)).step_by(512) {
        match reopened(files.cut(name, length).path()) {
            Ok(found) => assert_eq!(found, whole, "{name} cut at {length}"),
            Err(StoreError::Damaged { .. }) => {}
            Err(other) => panic!("{name} cut at {length}: {other}"),
        }
    }
}

#[test]
fn a_database_cut_at_every_512_bytes_is_told_to_be_damaged() {
    let files = Files::closed();
    cuts(&files, "strongbox.db");
    for length in (0..files.length("strongbox.db")).step_by(512) {
        assert!(reopened(files.cut("strongbox.db", length).path()).is_err(), "cut at {length}");
    }
}

#[test]
fn a_write_ahead_log_cut_at_every_512_bytes_loses_nothing_unnoticed() {
    let dir = tempfile::tempdir().unwrap();
    let copy = killed(dir.path(), 6);
    let files = Files::of(copy.path());
    cuts(&files, "strongbox.db-wal");
    let said = reopened(files.cut("strongbox.db-wal", 0).path()).unwrap_err().to_string();
    assert!(said.contains("ends at revision 0, but revision 6 was acknowledged"), "{said}");
}

#[test]
fn a_mark_that_was_cut_or_changed_is_told_and_one_that_was_removed_is_made_anew() {
    let files = Files::closed();
    let length = files.length("strongbox.mark");
    for cut in 0..length {
        let said = reopened(files.cut("strongbox.mark", cut).path()).unwrap_err().to_string();
        assert!(said.contains("the mark does not open"), "{said}");
    }
    let dir = files.put();
    fs::remove_file(dir.path().join("strongbox.mark")).unwrap();
    reopened(dir.path()).unwrap();
    assert_eq!(fs::read(dir.path().join("strongbox.mark")).unwrap().len(), length);
}
