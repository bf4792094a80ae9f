//! The log as people read it: who changed what, newest first.

use std::collections::HashMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::PORTION;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::diff::{Change, ChangeKind, diff};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, Tree, spine};
use crate::engine::Engine;
use crate::engine::row_codec::decode_row;
use crate::store::{
    CommitLog as _, EditRecord, PastRow, Record, Revision, RowValue, SqliteStore, StoreError,
};
use crate::yang::schema::Schema;

/// One transaction in one tenant's tree.
#[derive(Clone, Debug)]
pub struct PastCommit {
    /// The revision that it is part of.
    pub revision: Revision,
    /// Which of the tenant's transactions in that revision, counted from 1: those that were made durable together share one.
    pub number: u16,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub actor: String,
    /// By which request.
    pub request_id: String,
    /// Why, where somebody said so.
    pub comment: Option<String>,
    /// The configuration that it changed: entries that came or went, and single nodes inside of those that stayed. Empty
    /// for one that changed only state.
    pub changes: Vec<Change>,
}

/// A stretch of the log.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Newest first.
    pub commits: Vec<PastCommit>,
    /// The oldest revision that was looked at: the next stretch lies before it. `None` when nothing older is left.
    pub down_to: Option<Revision>,
}

/// A record, with what its rows were before where that is known.
type Entry = (Revision, Record, Option<Vec<PastRow>>);

impl Engine {
    /// The transactions of a tenant in the newest records before a revision, a small portion of the log. Waits on this
    /// thread, for about as long as a commit takes.
    ///
    /// # Errors
    /// Damage and I/O.
    pub fn stretch(&self, tenant: &Ident, before: Revision) -> Result<Stretch, StoreError> {
        let entries = self.look_now(move |store| read(store, before))??;
        let mut commits = Vec::new();
        let mut down_to = None;
        for (revision, record, past) in entries.into_iter().rev() {
            down_to = (revision > Revision(1)).then_some(revision);
            let mut found = commits_of(self.schema(), tenant, revision, &record, past.unwrap_or_default());
            found.reverse();
            commits.append(&mut found);
        }
        Ok(Stretch { commits, down_to })
    }
}

/// The newest records before a revision, oldest first.
fn read(store: &SqliteStore, before: Revision) -> Result<Vec<Entry>, StoreError> {
    let bounds = store.bounds();
    let end = before.min(bounds.last.next());
    let portion = u64::try_from(PORTION).unwrap_or(u64::MAX);
    let begin = Revision(end.0.saturating_sub(portion)).max(bounds.first);
    if begin >= end {
        return Ok(Vec::new());
    }
    let count = usize::try_from(end.0 - begin.0).unwrap_or(PORTION);
    let records = store.read_from(Revision(begin.0.saturating_sub(1)), count)?;
    let mut entries = Vec::with_capacity(records.len());
    for (revision, record) in records {
        let past = match store.read_past(Revision(revision.0.saturating_sub(1)), 1) {
            Ok(past) => past.into_iter().next().map(|(_, rows)| rows),
            Err(StoreError::Purged { .. }) => None,
            Err(error) => return Err(error),
        };
        entries.push((revision, record, past));
    }
    Ok(entries)
}

/// Rows of a tenant, as they are between the transactions of a record.
type Rows = HashMap<String, Option<Zeroizing<String>>>;

fn commits_of(
    schema: &Schema,
    tenant: &Ident,
    revision: Revision,
    record: &Record,
    past: Vec<PastRow>,
) -> Vec<PastCommit> {
    let own = past.into_iter().filter(|row| *tenant == *row.tenant);
    let mut rows: Rows = own.map(|row| (row.path, row.value)).collect();
    let transactions = record.transactions.iter().filter(|transaction| transaction.tenant == *tenant);
    transactions
        .zip(1..)
        .map(|(transaction, number)| PastCommit {
            revision,
            number,
            time: record.time,
            actor: transaction.actor.clone(),
            request_id: transaction.request_id.clone(),
            comment: transaction.comment.clone(),
            changes: changes(schema, &transaction.edits, &mut rows),
        })
        .collect()
}

fn changes(schema: &Schema, edits: &[EditRecord], rows: &mut Rows) -> Vec<Change> {
    let mut found: Vec<Change> = Vec::new();
    for edit in edits {
        let after = edit.value.as_ref().map(RowValue::expose);
        let before = rows.insert(edit.path.clone(), after.map(|text| Zeroizing::new(text.to_owned())));
        let before = before.flatten();
        if before.as_ref().map(|text| text.as_str()) == after {
            continue;
        }
        let path = match edit.path.as_str() {
            "/" => InstancePath::root(),
            // What the model has no more is nothing that anybody could ask for.
            text => match InstancePath::parse_instance_identifier(schema, text) {
                Ok(path) => path,
                Err(_) => continue,
            },
        };
        let decoded = |text: &str| decode_row(schema, &path, text).ok();
        let (before, after) = (before.as_ref().and_then(|text| decoded(text)), after.and_then(decoded));
        if !path.steps.is_empty() && (before.is_none() || after.is_none()) {
            let is_inside = found.iter().any(|other| {
                other.before.is_none() != other.after.is_none() && path.starts_with(&other.path)
            });
            if !is_inside {
                found.push(whole(path, before, after));
            }
            continue;
        }
        found.extend(diff(schema, &around(schema, &path, before), &around(schema, &path, after)));
    }
    found.retain(|change| schema.node(change.path.target()).config);
    found
}

/// An entry that came or went.
fn whole(path: InstancePath, before: Option<Arc<Container>>, after: Option<Arc<Container>>) -> Change {
    let kind = match (&before, &after) {
        (None, Some(_)) => ChangeKind::Created,
        (Some(_), None) => ChangeKind::Deleted,
        _ => ChangeKind::Changed,
    };
    let (before, after) = (before.map(Data::Container), after.map(Data::Container));
    Change { path, kind, before, after, position: None }
}

/// The row in its place, and nothing else.
fn around(schema: &Schema, path: &InstancePath, row: Option<Arc<Container>>) -> Tree {
    match row {
        Some(row) => spine(schema, path, Data::Container(row)),
        None => Tree::empty(),
    }
}
