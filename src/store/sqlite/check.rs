//! Reading the log, and what is verified at boot: the structure of the file, and that the end of the log is unbroken.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::head::Head;
use super::{damaged, trouble};
use crate::base::clock::Timestamp;
use crate::store::barrier::{Aad, Barrier};
use crate::store::chain::Chain;
use crate::store::log::{Record, Revision, StoreError};

/// So many records at the end of the log are opened at boot.
const TAIL: u64 = 256;

/// Lets SQLite walk every page.
pub(super) fn structure(connection: &Connection, place: &Path) -> Result<(), StoreError> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| trouble("check", place, &error))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(damaged(place, format!("SQLite's check says \"{}\"", verdict.replace('\n', " "))))
}

/// Holds the log against the head: no gap, an unbroken chain over the last records, and each of them opens.
pub(super) fn log_tail(
    connection: &Connection,
    barrier: &Barrier,
    log_id: Uuid,
    head: &Head,
    place: &Path,
) -> Result<(), StoreError> {
    let (count, first, last): (Revision, Option<Revision>, Option<Revision>) = connection
        .query_row("SELECT count(*), min(revision), max(revision) FROM log", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .map_err(|error| trouble("read", place, &error))?;
    let expected = head.revision.0 - head.purged.0.min(head.revision.0);
    let whole = match (first, last) {
        (Some(first), Some(last)) => {
            first == head.purged.next() && last == head.revision && count.0 == expected
        }
        _ => expected == 0,
    };
    if !whole {
        let found = match (first, last) {
            (Some(first), Some(last)) => format!("{count} records, {first} to {last}"),
            _ => "no records".to_owned(),
        };
        return Err(damaged(
            place,
            format!(
                "its log has {found}, but should have {expected}, {} to {}",
                head.purged.next(),
                head.revision
            ),
        ));
    }
    let after = Revision(head.revision.0.saturating_sub(TAIL).max(head.purged.0));
    let mut chain = None;
    walk(connection, barrier, log_id, head, after, usize::MAX, place, |_, _, value| chain = Some(value))?;
    match chain {
        Some(chain) if chain != head.chain => Err(damaged(place, "its log does not end where its head says")),
        _ => Ok(()),
    }
}

/// Opens records behind `after`, verifying the chain from record to record.
pub(super) fn read_log(
    connection: &Connection,
    barrier: &Barrier,
    log_id: Uuid,
    head: &Head,
    after: Revision,
    limit: usize,
    place: &Path,
) -> Result<Vec<(Revision, Record)>, StoreError> {
    let mut records = Vec::new();
    walk(connection, barrier, log_id, head, after, limit, place, |revision, record, _| {
        records.push((revision, record));
    })?;
    Ok(records)
}

/// The chain value of a revision.
pub(super) fn chain_at(connection: &Connection, at: Revision, place: &Path) -> Result<Chain, StoreError> {
    let bytes: Option<Vec<u8>> = connection
        .query_row("SELECT chain FROM log WHERE revision = ?1", [at], |row| row.get(0))
        .optional()
        .map_err(|error| trouble("read", place, &error))?;
    bytes
        .and_then(|bytes| Chain::from_bytes(&bytes))
        .ok_or_else(|| damaged(place, format!("its log has no record {at}")))
}

/// The time of a record, as it stands beside it: good for finding it, which its own time then confirms.
pub(super) fn time_at(connection: &Connection, at: Revision, place: &Path) -> Result<Timestamp, StoreError> {
    let failed = |error: &rusqlite::Error| trouble("read", place, error);
    let mut statement = connection
        .prepare_cached("SELECT time FROM log WHERE revision = ?1")
        .map_err(|error| failed(&error))?;
    let time: Option<i64> =
        statement.query_row([at], |row| row.get(0)).optional().map_err(|error| failed(&error))?;
    time.map(Timestamp).ok_or_else(|| damaged(place, format!("its log has no record {at}")))
}

#[allow(clippy::too_many_arguments, reason = "private, and every one of them is a different thing")]
fn walk(
    connection: &Connection,
    barrier: &Barrier,
    log_id: Uuid,
    head: &Head,
    after: Revision,
    limit: usize,
    place: &Path,
    mut visit: impl FnMut(Revision, Record, Chain),
) -> Result<(), StoreError> {
    if after >= head.revision {
        return Ok(());
    }
    let mut chain =
        if after == head.purged { head.purged_chain } else { chain_at(connection, after, place)? };
    let mut expected = after.next();
    let failed = |error: rusqlite::Error| trouble("read", place, &error);
    let mut statement = connection
        .prepare_cached(
            "SELECT revision, id, chain, body FROM log WHERE revision > ?1 ORDER BY revision LIMIT ?2",
        )
        .map_err(failed)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(rusqlite::params![after, limit]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let broken = |what: &str| damaged(place, format!("record {expected} of its log {what}"));
        let revision: Revision = row.get(0).map_err(failed)?;
        if revision != expected {
            return Err(broken("is missing"));
        }
        let id = Uuid::from_bytes(row.get(1).map_err(failed)?);
        let stored: [u8; 32] = row.get(2).map_err(failed)?;
        let mut body: Zeroizing<Vec<u8>> = Zeroizing::new(row.get(3).map_err(failed)?);
        let next = chain.next(revision, id, &body);
        if next.0 != stored {
            return Err(broken("breaks the chain"));
        }
        let aad = Aad::Record { log: log_id, revision, id, previous: &chain };
        let plain = barrier.open(&aad, &mut body).map_err(|_| broken("does not open"))?;
        let record: Record =
            serde_json::from_slice(plain).map_err(|error| broken(&format!("is not a record: {error}")))?;
        if record.id != id {
            return Err(broken("has another record's id"));
        }
        visit(revision, record, next);
        chain = next;
        expected = revision.next();
    }
    Ok(())
}
