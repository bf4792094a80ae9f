//! From the rows of a store to the first snapshot.
//!
//! Reading and unsealing go on in one thread, decoding in others, and a row is put below the row around it as soon as it is
//! decoded, by what its path's text says; when all are there the trees are put together from the leafs up: `assemble`. Rows
//! that other modules wrote take a slower way, which assumes nothing: `upgrade`.

mod assemble;
mod place;
mod repair;
mod salvage;
mod upgrade;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use imbl::OrdMap;
use zeroize::Zeroizing;

use super::StartError;
use super::facts::Facts;
use super::model_change::ModelChange;
use super::row_codec::{decode_entry_row, decode_row};
use super::snapshot::{SYSTEM_TENANT, Snapshot, TenantData};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::data::validate::Constraints;
use crate::store::{Recovered, SqliteStore, StoreError};
use crate::yang::schema::{NodeId, Schema, Value};
use assemble::Assembly;
use place::{Place, Places};

/// So many rows travel from thread to thread at once.
const CHUNK: usize = 512;
/// So many chunks may wait.
const CHUNKS: usize = 16;
/// More threads than this do not decode any faster than rows are read.
const DECODERS: usize = 4;

/// A row on its way to be decoded.
struct Sealed {
    tenant: Ident,
    path: String,
    value: Zeroizing<String>,
    time: Timestamp,
}

/// A decoded row.
struct Opened {
    tenant: Ident,
    place: Place,
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
    let mut tenants = OrdMap::new();
    tenants.insert(Ident::from(SYSTEM_TENANT), Arc::new(TenantData::empty(constraints)));
    for (tenant, rows) in read(schema, facts, store)? {
        let data = rows.finish(schema, facts, constraints).map_err(|(path, reason)| {
            let tenant = tenant.clone();
            StartError::Row { tenant, path, reason: reason.to_owned() }
        })?;
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

/// Reads all rows, and decodes them while the next ones are read.
fn read(schema: &Schema, facts: &Facts, store: &SqliteStore) -> Result<HashMap<Ident, Assembly>, StartError> {
    let places = Places::new(facts);
    let (sealed, to_decode) = sync_channel::<Vec<Sealed>>(CHUNKS);
    let (opened, decoded) = sync_channel(CHUNKS);
    let to_decode = Mutex::new(to_decode);
    let count = std::thread::available_parallelism().map_or(1, usize::from).min(DECODERS);
    std::thread::scope(|scope| {
        for _ in 0..count {
            let (opened, places, to_decode) = (opened.clone(), places.clone(), &to_decode);
            scope.spawn(move || decode_all(schema, places, to_decode, &opened));
        }
        drop(opened);
        let collector = scope.spawn(move || collect(&decoded));
        let visited = visit(store, &sealed);
        drop(sealed);
        let collected = collector.join().unwrap_or(Err(StartError::Thread));
        visited.map_err(StartError::Store)?;
        collected
    })
}

fn visit(store: &SqliteStore, sealed: &SyncSender<Vec<Sealed>>) -> Result<(), StoreError> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut tenant = Ident::from("");
    store.visit_rows(|row| {
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
            // The decoders are gone only when one of them failed, and says why.
            let _ = sealed.send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK)));
        }
    })?;
    let _ = sealed.send(chunk);
    Ok(())
}

/// Decodes chunks until there are no more, or nobody wants them.
fn decode_all(
    schema: &Schema,
    mut places: Places<'_>,
    to_decode: &Mutex<Receiver<Vec<Sealed>>>,
    opened: &SyncSender<Result<Vec<Opened>, StartError>>,
) {
    loop {
        let next = to_decode.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(chunk) = next else { return };
        let rows = chunk.into_iter().map(|row| open(schema, &mut places, row)).collect();
        if opened.send(rows).is_err() {
            // The rest is read for nobody.
            return;
        }
    }
}

fn collect(
    decoded: &Receiver<Result<Vec<Opened>, StartError>>,
) -> Result<HashMap<Ident, Assembly>, StartError> {
    let mut tenants: HashMap<Ident, Assembly> = HashMap::new();
    let mut failure = None;
    // To the end, even after a failure: whoever decodes must not wait for ever.
    for rows in decoded {
        match rows {
            Ok(rows) => {
                for Opened { tenant, place, content, time } in rows {
                    tenants.entry(tenant).or_default().add(place, content, time);
                }
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(tenants), Err)
}

fn open(schema: &Schema, places: &mut Places<'_>, row: Sealed) -> Result<Opened, StartError> {
    let Sealed { tenant, path, value, time } = row;
    let read = places.of(schema, &path).and_then(|(place, list)| {
        let content = match place {
            Place::Tenant => decode_row(schema, &InstancePath::root(), &value),
            Place::Entry { .. } => decode_entry_row(schema, list, &value),
        };
        content.map(|content| (place, content)).map_err(|error| error.to_string())
    });
    match read {
        Ok((place, content)) => Ok(Opened { tenant, place, content, time }),
        Err(reason) => Err(StartError::Row { tenant, path, reason }),
    }
}
