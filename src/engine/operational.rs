//! The operational datastore (RFC 8342 section 5.3): what is stored, with computed state put in as it is read.
//!
//! Entry by entry: a list of a hundred thousand entries with computed state is never there as a whole, unless somebody asks
//! for a container around it. Parts without computed state are shared with the snapshot. Defaults in use are the encoder's
//! business.

use std::sync::Arc;

use super::Engine;
use super::caller::Caller;
use super::snapshot::{Snapshot, TenantData};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, Found, List, Over, Overlay};
use crate::yang::schema::{NodeId, Value};

/// Makes up the state of one node.
pub trait StateProvider: Send + Sync {
    /// The state below one parent instance; `None` when there is none. Of the node's own kind: [`Data::Leaf`] for a leaf, and
    /// so on.
    ///
    /// # Errors
    /// When it cannot be told; the text is for the log.
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError>;
}

/// What a provider works with.
pub struct StateContext<'a> {
    /// For settings and further reads.
    pub engine: &'a Engine,
    /// The data as of the read.
    pub snapshot: &'a Snapshot,
    /// Whose tree.
    pub tenant: &'a Ident,
    /// Who reads, where that is known.
    pub caller: Option<&'a Caller>,
    /// The time of the read.
    pub now: Timestamp,
    /// The node to be provided.
    pub node: NodeId,
    /// The parent instance.
    pub path: &'a InstancePath,
    /// The parent's content, without computed state; empty where it is a container that is not stored.
    pub entry: &'a Container,
    /// Of a list, the keys of the one entry that is asked for; none where all are. A provider that finds one entry more easily
    /// than all may leave out the others.
    pub keys: &'a [Value],
}

/// A provider could not tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("state at {path} cannot be read: {reason}")]
pub struct StateError {
    /// The node, as a schema path.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Reads the operational datastore of one tenant as of one snapshot.
#[derive(Clone)]
pub struct StateReader {
    engine: Engine,
    snapshot: Arc<Snapshot>,
    data: Arc<TenantData>,
    tenant: Ident,
    caller: Option<Arc<Caller>>,
    now: Timestamp,
}

/// What a path leads to in the operational datastore.
#[derive(Clone, Debug)]
pub enum State {
    /// The root, a container or a list entry, with computed state in it.
    Container(Arc<Container>),
    /// A whole list. Its entries are as stored, unless a provider made them up: pass each through
    /// [`StateReader::complete`] when it is shown.
    List(Arc<List>),
    /// A leaf, leaf-list, `anydata`; one entry of a leaf-list is a [`Data::Leaf`].
    Other(Data),
}

impl Engine {
    /// A reader of a tenant's state; `None` when there is no such tenant.
    pub fn state(&self, tenant: &Ident, caller: Option<Arc<Caller>>) -> Option<StateReader> {
        self.state_of(self.snapshot(), tenant, caller)
    }

    /// A reader of a tenant's state as of a snapshot.
    pub fn state_of(
        &self,
        snapshot: Arc<Snapshot>,
        tenant: &Ident,
        caller: Option<Arc<Caller>>,
    ) -> Option<StateReader> {
        let data = Arc::clone(snapshot.tenant(tenant)?);
        let now = self.clock().now();
        Some(StateReader { engine: self.clone(), snapshot, data, tenant: tenant.clone(), caller, now })
    }
}

impl StateReader {
    /// The snapshot that is read.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// What the path leads to; `None` when it does not exist.
    ///
    /// # Errors
    /// When a provider fails.
    pub fn get(&self, path: &InstancePath) -> Result<Option<State>, StateError> {
        let facts = &self.snapshot.facts;
        if let Some(computed) = self.computed_step(path) {
            return self.inside_computed(path, computed);
        }
        Ok(match self.data.tree.get(path) {
            Some(Found::Entry(container) | Found::Node(Data::Container(container))) => {
                Some(State::Container(self.complete(&mut path.clone(), container)?))
            }
            Some(Found::Node(Data::List(list))) => Some(State::List(Arc::clone(list))),
            Some(Found::Node(data)) => Some(State::Other(data.clone())),
            Some(Found::Value(value)) => Some(State::Other(Data::Leaf(value.clone()))),
            None if facts.has_computed(path.target())
                && self.snapshot.schema.node(path.target()).is_np_container()
                && self.engine.core().surrounded(&self.data.tree, path) =>
            {
                let empty = Arc::new(Container::new(path.target()));
                Some(State::Container(self.complete(&mut path.clone(), &empty)?))
            }
            None => None,
        })
    }

    /// A stored container or entry with its computed state put in, all the way down; itself where there is none. The path is left
    /// as it was.
    ///
    /// # Errors
    /// When a provider fails.
    pub fn complete(
        &self,
        path: &mut InstancePath,
        container: &Arc<Container>,
    ) -> Result<Arc<Container>, StateError> {
        self.overlay(path, container).map(Overlay::into_container)
    }

    /// The same without a copy of what is stored.
    ///
    /// # Errors
    /// When a provider fails.
    pub fn overlay(
        &self,
        path: &mut InstancePath,
        container: &Arc<Container>,
    ) -> Result<Overlay, StateError> {
        let schema = &self.snapshot.schema;
        let mut over = Over::new();
        for child in self.snapshot.facts.completed_children(container.node) {
            if self.snapshot.facts.is_computed(*child) {
                let provided = self.provide(path, container, *child, &[])?;
                over.extend(provided.map(|data| (*child, data)));
                continue;
            }
            path.push(*child, Vec::new());
            let data = match container.get(*child) {
                Some(Data::Container(inner)) => Some(Data::Container(self.complete(path, inner)?)),
                Some(Data::List(list)) => Some(Data::List(self.complete_list(path, list)?)),
                None if schema.node(*child).is_np_container() => {
                    let inner = self.complete(path, &Arc::new(Container::new(*child)))?;
                    (!inner.is_empty()).then_some(Data::Container(inner))
                }
                _ => None,
            };
            path.steps.pop();
            over.extend(data.map(|data| (*child, data)));
        }
        Ok(Overlay::new(Arc::clone(container), over))
    }

    fn complete_list(&self, path: &mut InstancePath, list: &Arc<List>) -> Result<Arc<List>, StateError> {
        let schema = &self.snapshot.schema;
        let mut complete = List::new(schema, list.node);
        for entry in list.iter() {
            if let Some(last) = path.steps.last_mut() {
                last.keys = entry.key(schema);
            }
            complete.insert(self.complete(path, entry)?);
        }
        Ok(Arc::new(complete))
    }

    fn provide(
        &self,
        path: &InstancePath,
        entry: &Container,
        node: NodeId,
        keys: &[Value],
    ) -> Result<Option<Data>, StateError> {
        let Some(provider) = self.engine.core().bindings.states.get(&node) else { return Ok(None) };
        let context = StateContext {
            engine: &self.engine,
            snapshot: &self.snapshot,
            tenant: &self.tenant,
            caller: self.caller.as_deref(),
            now: self.now,
            node,
            path,
            entry,
            keys,
        };
        provider.read(&context)
    }

    /// Whether what the path leads to is made up by a provider.
    pub fn is_computed(&self, path: &InstancePath) -> bool {
        self.computed_step(path).is_some()
    }

    /// Which step of the path is the outermost computed node.
    fn computed_step(&self, path: &InstancePath) -> Option<usize> {
        path.steps.iter().position(|step| self.snapshot.facts.is_computed(step.node))
    }

    /// The target is computed, or is inside of something that is.
    fn inside_computed(&self, path: &InstancePath, computed: usize) -> Result<Option<State>, StateError> {
        let parent = InstancePath { steps: path.steps.iter().take(computed).cloned().collect() };
        let empty;
        let entry = match self.data.tree.entry(&parent) {
            Some(entry) => entry,
            None if self.engine.core().surrounded(&self.data.tree, &parent) => {
                empty = Arc::new(Container::new(parent.target()));
                &empty
            }
            None => return Ok(None),
        };
        let Some(first) = path.steps.get(computed) else { return Ok(None) };
        let Some(data) = self.provide(&parent, entry, first.node, &first.keys)? else { return Ok(None) };
        let mut at = enter(data, &first.keys);
        for step in path.steps.iter().skip(computed + 1) {
            at = match at {
                Some(State::Container(container)) => {
                    container.get(step.node).cloned().and_then(|data| enter(data, &step.keys))
                }
                _ => None,
            };
        }
        Ok(at)
    }
}

/// What data and the keys behind its name lead to.
fn enter(data: Data, keys: &[Value]) -> Option<State> {
    match data {
        Data::Container(container) => Some(State::Container(container)),
        Data::List(list) if keys.is_empty() => Some(State::List(list)),
        Data::List(list) => list.get(keys).map(|entry| State::Container(Arc::clone(entry))),
        Data::LeafList(values) if !keys.is_empty() => values
            .iter()
            .find(|value| keys.first() == Some(*value))
            .map(|value| State::Other(Data::Leaf(value.clone()))),
        other => Some(State::Other(other)),
    }
}
