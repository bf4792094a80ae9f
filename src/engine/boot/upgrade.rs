//! Stored data under modules that are not those it was stored with: kept as far as it fits, written in the form that the new
//! modules give it, all in one record of the log.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use imbl::OrdMap;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::repair::repair;
use super::salvage::{StoredRow, salvage};
use super::{Model, Start};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation, apply};
use crate::data::path::InstancePath;
use crate::data::tree::{Data, Tree};
use crate::data::validate::ReferenceIndex;
use crate::engine::StartError;
use crate::engine::model_change::{Loss, Losses, ModelChange};
use crate::engine::modified::Modified;
use crate::engine::row_codec::encode_row;
use crate::engine::rows::{each_row, without_rows};
use crate::engine::snapshot::{SYSTEM_TENANT, Snapshot, TenantData};
use crate::store::log::append_settled;
use crate::store::{
    EditRecord, Effect, Record, Recovered, Revision, RowValue, SqliteStore, TransactionRecord,
};
use crate::yang::schema::{NodeId, Schema, Value};

/// Who the log names for what an upgrade changes.
const ACTOR: &str = "upgrade";

/// Brings the data of a store to the modules of `model`.
///
/// # Errors
/// [`StartError::Misfit`] with everything that would be lost, where that was not agreed to; trouble with the store.
pub(super) fn upgrade(
    model: &Model<'_>,
    mark: NodeId,
    store: &mut SqliteStore,
    recovered: Recovered,
    start: Start,
) -> Result<Snapshot, StartError> {
    let schema = model.schema;
    let mut stored = read(store)?;
    stored.entry(Ident::from(SYSTEM_TENANT)).or_default();
    let mut losses = Losses::default();
    let mut trees: BTreeMap<Ident, Tree> = BTreeMap::new();
    for (tenant, rows) in &stored {
        let tree = salvage(schema, tenant, rows, &mut losses);
        trees.insert(tenant.clone(), repair(model, tenant, tree, &mut losses));
    }
    drop_orphans(model, &mut trees, &mut losses);
    let losses = losses.outermost();
    if !losses.is_empty() && start.change != ModelChange::Drop {
        return Err(StartError::Misfit(losses));
    }
    if let Some(system) = trees.get_mut(SYSTEM_TENANT) {
        *system = marked(schema, system, mark);
    }
    let time = start.now.max(Timestamp(recovered.time.0.saturating_add(1)));
    let change = Change::between(model, &stored, &trees, time)?;
    let (revision, time) = if change.is_empty() || start.change == ModelChange::Look {
        (recovered.last, recovered.time)
    } else {
        (change.write(store, recovered.last, &losses, time)?, time)
    };
    let mut tenants = OrdMap::new();
    for (tenant, tree) in trees {
        let index = ReferenceIndex::of(Arc::clone(model.constraints), schema, &tree);
        let modified = change.modified.get(&tenant).cloned().unwrap_or_default();
        tenants.insert(tenant, Arc::new(TenantData { tree, index, modified }));
    }
    let (schema, facts) = (Arc::clone(schema), Arc::clone(model.facts));
    Ok(Snapshot { revision, time, schema, facts, tenants, running: None })
}

fn read(store: &SqliteStore) -> Result<BTreeMap<Ident, Vec<StoredRow>>, StartError> {
    let mut stored: BTreeMap<Ident, Vec<StoredRow>> = BTreeMap::new();
    store
        .visit_rows(|row| {
            let row_of = StoredRow {
                path: row.path.to_owned(),
                value: Zeroizing::new(row.value.to_owned()),
                time: row.time,
            };
            match stored.get_mut(row.tenant) {
                Some(rows) => rows.push(row_of),
                None => drop(stored.insert(Ident::from(row.tenant), vec![row_of])),
            }
        })
        .map_err(StartError::Store)?;
    Ok(stored)
}

/// A tenant whose entry in the list of tenants is gone goes with it.
fn drop_orphans(model: &Model<'_>, trees: &mut BTreeMap<Ident, Tree>, losses: &mut Losses) {
    let Some(list) = model.tenants else { return };
    let known: HashSet<String> = trees
        .get(SYSTEM_TENANT)
        .and_then(|tree| tree.root.list(list))
        .into_iter()
        .flat_map(|entries| entries.iter())
        .filter_map(|entry| entry.key(model.schema).first().map(Value::to_string))
        .collect();
    trees.retain(|tenant, _| {
        let stays = *tenant == *SYSTEM_TENANT || known.contains(tenant.as_str());
        if !stays {
            losses.add(tenant, "/", "the tenant's entry is gone");
        }
        stays
    });
}

/// The tree with the content-id of the model in it.
pub(super) fn marked(schema: &Schema, tree: &Tree, mark: NodeId) -> Tree {
    let id = Data::Leaf(Value::String(schema.content_id().as_str().into()));
    let edit = Edit::new(super::path_of(schema, mark), EditOperation::Replace, id);
    apply(schema, tree, &[edit]).unwrap_or_else(|_| tree.clone())
}

/// What an upgrade writes, and what it leaves as it is.
struct Change {
    edits: Vec<(Ident, Vec<EditRecord>)>,
    modified: BTreeMap<Ident, Modified>,
}

impl Change {
    /// The difference between the rows that are there and those that the trees come to.
    fn between(
        model: &Model<'_>,
        stored: &BTreeMap<Ident, Vec<StoredRow>>,
        trees: &BTreeMap<Ident, Tree>,
        time: Timestamp,
    ) -> Result<Self, StartError> {
        let mut change = Change { edits: Vec::new(), modified: BTreeMap::new() };
        for (tenant, rows) in stored {
            let mut before: BTreeMap<&str, &StoredRow> =
                rows.iter().map(|row| (row.path.as_str(), row)).collect();
            let mut puts = Vec::new();
            let mut modified = Modified::default();
            if let Some(tree) = trees.get(tenant) {
                for path in rows_of(model, tree) {
                    let Some(entry) = tree.entry(&path) else { continue };
                    let text = path.to_instance_identifier(model.schema);
                    let value =
                        encode_row(model.schema, &without_rows(model.facts, entry)).map_err(|error| {
                            StartError::Row {
                                tenant: tenant.clone(),
                                path: text.clone(),
                                reason: error.to_string(),
                            }
                        })?;
                    match before.remove(text.as_str()) {
                        Some(row) if *row.value == value.expose() => {
                            modified.touch(model.facts, &path, row.time)
                        }
                        _ => {
                            modified.touch(model.facts, &path, time);
                            puts.push(EditRecord { path: text, value: Some(value) });
                        }
                    }
                }
            }
            let mut edits: Vec<EditRecord> =
                before.into_keys().map(|path| EditRecord { path: path.to_owned(), value: None }).collect();
            edits.extend(puts);
            if !edits.is_empty() {
                change.edits.push((tenant.clone(), edits));
            }
            change.modified.insert(tenant.clone(), modified);
        }
        Ok(change)
    }

    fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    fn write(
        &self,
        store: &mut SqliteStore,
        after: Revision,
        losses: &[Loss],
        time: Timestamp,
    ) -> Result<Revision, StartError> {
        let id = Uuid::new_v4();
        let comment = |tenant: &Ident| {
            let lost: Vec<&str> =
                losses.iter().filter(|loss| loss.tenant == *tenant).map(|loss| loss.path.as_str()).collect();
            match lost.as_slice() {
                [] => "the modules changed".to_owned(),
                lost => format!("the modules changed; dropped what does not fit them: {}", lost.join(", ")),
            }
        };
        let transactions = self.edits.iter().map(|(tenant, edits)| TransactionRecord {
            tenant: tenant.clone(),
            request_id: id.to_string(),
            actor: ACTOR.to_owned(),
            comment: Some(comment(tenant)),
            edits: edits.clone(),
            notifications: Vec::new(),
        });
        let record = Record { id, time, transactions: transactions.collect() };
        let effects: Vec<Effect<'_>> = record
            .transactions
            .iter()
            .flat_map(|transaction| {
                transaction.edits.iter().map(|edit| Effect {
                    tenant: &transaction.tenant,
                    path: &edit.path,
                    value: edit.value.as_ref().map(RowValue::expose),
                })
            })
            .collect();
        append_settled(store, after, &record, &effects).map_err(StartError::Upgrade)
    }
}

/// The paths of all rows of a tree.
fn rows_of(model: &Model<'_>, tree: &Tree) -> Vec<InstancePath> {
    let mut paths = Vec::new();
    each_row(model.schema, model.facts, tree, &mut |path| paths.push(path.clone()));
    paths
}
