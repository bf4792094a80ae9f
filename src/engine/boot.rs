//! From the rows of a store to the first snapshot.
//!
//! Reading and unsealing go on in one thread, decoding in another; then the rows of each tenant are sorted, so that a row
//! comes directly before those below it, and the trees are put together in one pass. Rows that other modules wrote take a
//! slower way, which assumes nothing: `upgrade`.

mod repair;
mod salvage;
mod upgrade;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use imbl::OrdMap;
use zeroize::Zeroizing;

use super::StartError;
use super::facts::Facts;
use super::model_change::ModelChange;
use super::modified::Modified;
use super::row_codec::decode_row;
use super::snapshot::{SYSTEM_TENANT, Snapshot, TenantData};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::build::ListBuilder;
use crate::data::tree::share::shared;
use crate::data::tree::{Container, Data, Tree};
use crate::data::validate::{Constraints, ReferenceIndex};
use crate::store::{Recovered, SqliteStore};
use crate::yang::schema::{NodeId, Schema, Value};

/// So many rows travel from thread to thread at once.
const CHUNK: usize = 512;
/// So many chunks may wait.
const CHUNKS: usize = 16;

/// A row on its way to be decoded.
struct Sealed {
    tenant: Ident,
    path: String,
    value: Zeroizing<String>,
    time: Timestamp,
}

/// A decoded row.
struct Opened {
    path: InstancePath,
    content: Arc<Container>,
    time: Timestamp,
}

/// What the data is read by.
pub(super) struct Model<'a> {
    pub schema: &'a Arc<Schema>,
    pub facts: &'a Arc<Facts>,
    pub constraints: &'a Arc<Constraints>,
    /// The leaf of the system tenant with the content-id of the modules that the data was stored with; `None` where
    /// nobody asked for one, and then rows that do not fit are faults of the store.
    pub content_id: Option<NodeId>,
    /// The list of tenants.
    pub tenants: Option<NodeId>,
}

/// How the start is to go.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub change: ModelChange,
    pub now: Timestamp,
}

/// Rebuilds the snapshot that the rows add up to; where the modules are others than those that wrote them, brings the rows
/// to these. With it comes whether others had been there before.
pub(super) fn recover(
    model: &Model<'_>,
    store: &mut SqliteStore,
    recovered: Recovered,
    start: Start,
) -> Result<(Snapshot, bool), StartError> {
    let found = snapshot(model, store, recovered);
    let Some(mark) = model.content_id else { return found.map(|snapshot| (snapshot, false)) };
    let had_others = match found {
        Ok(snapshot) => match marked(model.schema, &snapshot, mark) {
            Some(id) if id == model.schema.content_id().as_str() => return Ok((snapshot, false)),
            other => other.is_some(),
        },
        Err(StartError::Row { .. }) => true,
        Err(error) => return Err(error),
    };
    upgrade::upgrade(model, mark, store, recovered, start).map(|snapshot| (snapshot, had_others))
}

/// The content-id of the modules that the data was last stored with.
fn marked<'s>(schema: &Schema, snapshot: &'s Snapshot, mark: NodeId) -> Option<&'s str> {
    let system = snapshot.tenant(SYSTEM_TENANT)?;
    system.tree.leaf(&path_of(schema, mark)).and_then(Value::as_str)
}

/// The path of a node that no list is around.
fn path_of(schema: &Schema, node: NodeId) -> InstancePath {
    let mut path = InstancePath::root();
    let mut at = node;
    while at != NodeId::ROOT {
        path.push(at, Vec::new());
        at = schema.node(at).parent;
    }
    path.steps.reverse();
    path
}

fn snapshot(model: &Model<'_>, store: &SqliteStore, recovered: Recovered) -> Result<Snapshot, StartError> {
    let Model { schema, facts, constraints, .. } = model;
    let by_tenant = read(schema, store)?;
    let mut tenants = OrdMap::new();
    tenants.insert(Ident::from(SYSTEM_TENANT), Arc::new(TenantData::empty(constraints)));
    for (tenant, rows) in by_tenant {
        let data = build(schema, facts, constraints, &tenant, rows)?;
        tenants.insert(tenant, Arc::new(data));
    }
    Ok(Snapshot {
        revision: recovered.last,
        time: recovered.time,
        schema: Arc::clone(schema),
        facts: Arc::clone(facts),
        tenants,
        running: None,
    })
}

fn read(schema: &Schema, store: &SqliteStore) -> Result<HashMap<Ident, Vec<Opened>>, StartError> {
    let (sender, receiver) = sync_channel::<Vec<Sealed>>(CHUNKS);
    std::thread::scope(|scope| {
        let decoder = scope.spawn(move || {
            let mut by_tenant: HashMap<Ident, Vec<Opened>> = HashMap::new();
            for chunk in receiver {
                for row in chunk {
                    let opened = open(schema, &row)?;
                    by_tenant.entry(row.tenant).or_default().push(opened);
                }
            }
            Ok(by_tenant)
        });
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut tenant = Ident::from("");
        let visited = store.visit_rows(|row| {
            if tenant != *row.tenant {
                tenant = Ident::from(row.tenant);
            }
            chunk.push(Sealed {
                tenant: tenant.clone(),
                path: row.path.to_owned(),
                value: Zeroizing::new(row.value.to_owned()),
                time: row.time,
            });
            if chunk.len() == CHUNK {
                // The decoder is gone only when it failed, and says why below.
                let _ = sender.send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK)));
            }
        });
        let _ = sender.send(chunk);
        drop(sender);
        let decoded = decoder.join().unwrap_or(Err(StartError::Thread));
        visited.map_err(StartError::Store)?;
        decoded
    })
}

fn open(schema: &Schema, row: &Sealed) -> Result<Opened, StartError> {
    let failed =
        |reason: String| StartError::Row { tenant: row.tenant.clone(), path: row.path.clone(), reason };
    let path = match row.path.as_str() {
        "/" => InstancePath::root(),
        text => InstancePath::parse_instance_identifier(schema, text)
            .map_err(|violation| failed(violation.message))?,
    };
    let content = decode_row(schema, &path, &row.value).map_err(|error| failed(error.to_string()))?;
    Ok(Opened { path, content, time: row.time })
}

/// A row whose lists are still being filled.
struct Open {
    path: InstancePath,
    content: Arc<Container>,
    /// The entries of each list below, with the containers between the row and the list.
    lists: Vec<(Vec<NodeId>, ListBuilder)>,
}

fn build(
    schema: &Schema,
    facts: &Facts,
    constraints: &Arc<Constraints>,
    tenant: &Ident,
    mut rows: Vec<Opened>,
) -> Result<TenantData, StartError> {
    rows.sort_unstable_by(|a, b| compare(&a.path, &b.path));
    let mut modified = Modified::default();
    let root = Arc::new(Container::new(NodeId::ROOT));
    let mut open = vec![Open { path: InstancePath::root(), content: root, lists: Vec::new() }];
    for row in rows {
        modified.touch(facts, &row.path, row.time);
        let Some((_, above)) = row.path.steps.split_last() else {
            if let Some(root) = open.first_mut() {
                root.content = row.content;
            }
            continue;
        };
        while open.len() > 1 && open.last().is_some_and(|top| !above.starts_with(&top.path.steps)) {
            close(schema, &mut open);
        }
        let above = InstancePath { steps: above.to_vec() };
        if open.last().is_none_or(|top| top.path.steps.len() != facts.row_steps(&above)) {
            return Err(StartError::Row {
                tenant: tenant.clone(),
                path: row.path.to_instance_identifier(schema),
                reason: "the entry above it is missing".to_owned(),
            });
        }
        open.push(Open { path: row.path, content: row.content, lists: Vec::new() });
    }
    while open.len() > 1 {
        close(schema, &mut open);
    }
    let root = open.pop().map_or_else(|| Arc::new(Container::new(NodeId::ROOT)), |root| filled(schema, root));
    let tree = Tree { root };
    let index = ReferenceIndex::of(Arc::clone(constraints), schema, &tree);
    Ok(TenantData { tree, index, modified })
}

/// Puts the last open row into its list.
fn close(schema: &Schema, open: &mut Vec<Open>) {
    let Some(row) = open.pop() else { return };
    let Some(above) = open.last_mut() else { return };
    let between: Vec<NodeId> =
        row.path.steps.iter().skip(above.path.steps.len()).map(|step| step.node).collect();
    let Some(list) = between.last().copied() else { return };
    let entry = filled(schema, row);
    match above.lists.last_mut() {
        Some((steps, entries)) if *steps == between => entries.push(entry),
        _ => {
            let mut entries = ListBuilder::new(schema, list);
            entries.push(entry);
            above.lists.push((between, entries));
        }
    }
}

/// The row with its lists in it. Without any it stays what it is: others may share its memory.
fn filled(schema: &Schema, row: Open) -> Arc<Container> {
    if row.lists.is_empty() {
        return row.content;
    }
    let is_entry = row.path.steps.len() > 1;
    let mut content = Arc::unwrap_or_clone(row.content);
    for (between, list) in row.lists {
        let node = list.node();
        let list = Data::List(Arc::new(list.finish()));
        let list = if is_entry { shared(schema, node, list) } else { list };
        put_list(&mut content, &between, list);
    }
    Arc::new(content)
}

fn put_list(content: &mut Container, between: &[NodeId], list: Data) {
    match between {
        [] => {}
        [last] => content.set(*last, list),
        [first, rest @ ..] => {
            let mut inner = match content.remove(*first) {
                Some(Data::Container(inner)) => Arc::unwrap_or_clone(inner),
                _ => Container::new(*first),
            };
            put_list(&mut inner, rest, list);
            content.set(*first, Data::Container(Arc::new(inner)));
        }
    }
}

/// Parents before children, the entries of one list together and in the order of their keys.
fn compare(a: &InstancePath, b: &InstancePath) -> Ordering {
    let step = |a: &PathStep, b: &PathStep| a.node.cmp(&b.node).then_with(|| a.keys.cmp(&b.keys));
    for (a, b) in a.steps.iter().zip(&b.steps) {
        match step(a, b) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    a.steps.len().cmp(&b.steps.len())
}
