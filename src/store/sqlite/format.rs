//! Databases that an earlier version of the program wrote, brought to the format of this one.

use rusqlite::Connection;

use super::{FORMAT, past, rows};

/// The formats that become this one when the store is opened.
pub(super) const EARLIER: [i64; 2] = [WITHOUT_PAST, BY_KEY];

/// Kept nothing of what rows were.
const WITHOUT_PAST: i64 = 2;
/// Had rows in the order of their keys, the head nowhere but in its table, and all of what rows were in `past`.
const BY_KEY: i64 = 3;

/// Brings a database of the format `found` to this one: all of it or none, like every other change of the store. `between`
/// is called where the process could end: before each step and behind the last.
pub(super) fn upgrade(
    connection: &Connection,
    found: i64,
    mut between: impl FnMut(),
) -> rusqlite::Result<()> {
    let format = format!("PRAGMA user_version = {FORMAT}");
    let mut steps = vec!["BEGIN IMMEDIATE"];
    if found == WITHOUT_PAST {
        steps.push(past::TABLE);
    }
    steps.extend([
        "ALTER TABLE log ADD COLUMN state BLOB",
        "ALTER TABLE log ADD COLUMN before BLOB",
        "UPDATE log SET before = (
             SELECT body FROM past WHERE past.revision = log.revision ORDER BY part DESC LIMIT 1
         )",
        "DELETE FROM past WHERE (revision, part) IN (SELECT revision, max(part) FROM past GROUP BY revision)",
        "ALTER TABLE rows RENAME TO rows_by_key_alone",
        rows::TABLE,
        "INSERT INTO rows (key, revision, time, value) SELECT key, revision, time, value FROM rows_by_key_alone",
        "DROP TABLE rows_by_key_alone",
        &format,
        "COMMIT",
    ]);
    for step in steps {
        between();
        connection.execute_batch(step)?;
    }
    between();
    Ok(())
}
