//! Reading: a resource as its caller sees it.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use super::Gate;
use super::outcome::Refusal;
use crate::access::authorize::compile::Segment;
use crate::access::authorize::prune::{prune, prune_container, walk_to};
use crate::access::authorize::walk::Walk;
use crate::access::authorize::{Authority, Hidden, PolicyOperation};
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::data::read::{Completion, Surroundings};
use crate::data::tree::{Container, Data, Found, List, Overlay, Tree, spine};
use crate::engine::caller::Caller;
use crate::engine::commit::CommitError;
use crate::engine::operation::Datastore;
use crate::engine::operational::{State, StateError, StateReader};
use crate::engine::snapshot::Snapshot;
use crate::yang::schema::{NodeKind, Schema};

/// A resource as its caller sees it. What it may not read is not in it.
pub struct Reading {
    /// The data that was read.
    pub snapshot: Arc<Snapshot>,
    /// Which tree: of a candidate, that of configuration.
    pub datastore: Datastore,
    /// The resource.
    pub target: InstancePath,
    /// What is there.
    pub resource: Resource,
    /// Nodes that are not to be shown as a default in use where they are not there: something of them may be hidden.
    pub hidden: Hidden,
    pub(super) tenant: Ident,
    pub(super) authority: Authority,
    /// Nothing of the resource is kept from the caller.
    pub(super) shows_all: bool,
    state: Option<StateReader>,
    /// Something is there that the caller sees, and not only what exists without being stored.
    is_there: bool,
    around: Around,
    /// Made when somebody asks for it.
    tree: OnceLock<Tree>,
}

/// What expressions may look at beside the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    /// All of the configuration where nothing is kept from the caller, and otherwise what leads to the resource.
    Configuration,
    /// What leads to the resource.
    Ancestors,
    /// Not even the resource: no expression is about it.
    Nothing,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub enum Resource {
    /// The root, a container or a list entry.
    Container(Arc<Container>),
    /// A whole list. Its entries are as stored: each is to go through [`Reading::complete`] when it is shown.
    List(Arc<List>),
    /// A leaf, a leaf-list, `anydata`; one entry of a leaf-list is a [`Data::Leaf`].
    Value(Data),
}

impl Reading {
    /// Where the resource stands, for the conditions of defaults.
    pub fn surroundings(&self) -> Option<Surroundings<'_>> {
        let data = self.snapshot.tenant(&self.tenant)?;
        Some(Surroundings { tree: &data.tree, path: &self.target })
    }

    /// The accessible tree for expressions: what the caller may read of the resource, in its place. In config it holds
    /// everything else as well where nothing is kept from the caller.
    pub fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| match self.around {
            Around::Configuration if reads_everything(&self.authority) => {
                self.snapshot.tenant(&self.tenant).map(|data| data.tree.clone()).unwrap_or_default()
            }
            Around::Configuration | Around::Ancestors if self.is_there => {
                let data = match &self.resource {
                    Resource::Container(container) => Data::Container(Arc::clone(container)),
                    Resource::List(list) => Data::List(Arc::clone(list)),
                    Resource::Value(Data::Leaf(value)) if !self.target.keys().is_empty() => {
                        Data::LeafList([value.clone()].into())
                    }
                    Resource::Value(data) => data.clone(),
                };
                spine(self.snapshot.schema(), &self.target, data)
            }
            _ => Tree::empty(),
        })
    }

    /// An entry of the list that was read, with its computed state put in and without what the caller may not read.
    /// `None` when nothing of it may be read. In config the entry is complete as it is.
    ///
    /// # Errors
    /// When state cannot be read.
    pub fn complete(&self, entry: &Arc<Container>) -> Result<Option<Arc<Container>>, StateError> {
        let complete = self.complete_at(&mut self.target.clone(), entry)?;
        Ok(complete.map(Overlay::into_container))
    }

    /// Makes entries complete as they are shown, one after the other.
    pub fn completing(&self) -> Completing<'_> {
        Completing { reading: self, path: RefCell::new(self.target.clone()), fault: RefCell::default() }
    }

    /// As [`Reading::complete`], given the path of the list or of another of its entries.
    fn complete_at(
        &self,
        path: &mut InstancePath,
        entry: &Arc<Container>,
    ) -> Result<Option<Overlay>, StateError> {
        let Some(state) = &self.state else { return Ok(Some(Arc::clone(entry).into())) };
        let schema = self.snapshot.schema();
        if let Some(last) = path.steps.last_mut() {
            last.keys = entry.key(schema);
        }
        let complete = state.overlay(path, entry)?;
        if self.shows_all {
            return Ok(Some(complete));
        }
        let complete = complete.into_container();
        let walk = walk_to(&self.authority, &self.target);
        let shown = prune_container(schema, &walk.enter(Segment::Keys(path.keys())), &complete);
        Ok(shown.map(Overlay::from))
    }
}

/// The entries of a list that was read, each made complete as it is shown.
pub struct Completing<'r> {
    reading: &'r Reading,
    /// The path of the entry that was last shown.
    path: RefCell<InstancePath>,
    fault: RefCell<Option<StateError>>,
}

impl Completing<'_> {
    /// Whether all went well.
    ///
    /// # Errors
    /// When the state of an entry could not be read: from it on, none was shown.
    pub fn finish(self) -> Result<(), StateError> {
        self.fault.into_inner().map_or(Ok(()), Err)
    }
}

impl Completion for Completing<'_> {
    fn complete(&self, entry: &Arc<Container>) -> Option<Overlay> {
        let mut fault = self.fault.borrow_mut();
        if fault.is_some() {
            return None;
        }
        match self.reading.complete_at(&mut self.path.borrow_mut(), entry) {
            Ok(complete) => complete,
            Err(error) => {
                *fault = Some(error);
                None
            }
        }
    }
}

impl std::fmt::Debug for Completing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Completing").field("reading", &self.reading).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("datastore", &self.datastore)
            .field("target", &self.target)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// Reads a resource for a caller. A resource that the caller may not read as such is shown with those parts that it
    /// may, as long as there are any.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::State`].
    pub fn read(
        &self,
        caller: &Arc<Caller>,
        datastore: Datastore,
        target: InstancePath,
    ) -> Result<Reading, Refusal> {
        let engine = self.engine();
        let schema = engine.schema();
        let (snapshot, datastore) = match datastore {
            Datastore::Candidate => (self.prepared(caller, engine.snapshot()), Datastore::Config),
            running => (engine.snapshot(), running),
        };
        let data = snapshot
            .tenant(&caller.tenant)
            .ok_or_else(|| Refusal::Commit(CommitError::NoTenant(caller.tenant.clone())))?;
        let authority = self.authority(&snapshot, caller);
        let walk = walk_to(&authority, &target);
        let forbidden = || Refusal::Forbidden {
            operation: PolicyOperation::Read,
            path: target.clone(),
            decision: Box::new(authority.may(PolicyOperation::Read, &target)),
        };
        if !walk.is_allowed() && !walk.leads_to_readable() {
            return Err(forbidden());
        }
        let stored = data.tree.get(&target);
        if stored.is_none() && !can_exist(schema, &data.tree, &target) {
            return Err(Refusal::NotFound { path: target });
        }
        let (found, state) = match datastore {
            Datastore::Config | Datastore::Candidate => (None, None),
            Datastore::State => {
                let reader = engine
                    .state_of(Arc::clone(&snapshot), &caller.tenant, Some(Arc::clone(caller)))
                    .ok_or_else(|| Refusal::Commit(CommitError::NoTenant(caller.tenant.clone())))?;
                (Some(reader.get(&target)?), Some(reader))
            }
        };
        let is_made_up = state.as_ref().is_some_and(|reader| reader.is_computed(&target));
        let (there, shown, around) = match found {
            Some(Some(State::List(list))) if is_made_up => {
                let shown = prune(schema, &walk, &Data::List(list));
                (true, shown.map(Resource::from), Around::Ancestors)
            }
            // Config, and lists of state, whose entries get their state one by one.
            None | Some(Some(State::List(_))) => {
                let shown = stored.and_then(|found| readable(schema, &walk, found));
                (stored.is_some(), shown, Around::Configuration)
            }
            Some(None) => (false, None, Around::Nothing),
            Some(Some(State::Container(container))) => {
                let shown = prune_container(schema, &walk, &container);
                (true, shown.map(Resource::Container), Around::Ancestors)
            }
            Some(Some(State::Other(value))) => {
                let shown = prune(schema, &walk, &value);
                (true, shown.map(Resource::Value), Around::Nothing)
            }
        };
        let is_there = shown.is_some();
        let resource = match shown {
            Some(resource) => resource,
            None if !walk.is_allowed() => return Err(forbidden()),
            None if there => return Err(forbidden()),
            None => nothing_in(schema, &target).ok_or(Refusal::NotFound { path: target.clone() })?,
        };
        let hidden = walk.hidden_below();
        let shows_all = walk.is_allowed() && walk.shows_all_below();
        drop(walk);
        let tenant = caller.tenant.clone();
        Ok(Reading {
            tenant,
            snapshot,
            datastore,
            target,
            resource,
            hidden,
            authority,
            shows_all,
            state,
            is_there,
            around,
            tree: OnceLock::new(),
        })
    }
}

/// Whether nothing at all is kept from a caller.
fn reads_everything(authority: &Authority) -> bool {
    let from_root = walk_to(authority, &InstancePath::root());
    from_root.shows_all_below() && from_root.is_allowed()
}

/// What of the data at the place of a walk may be shown.
fn readable(schema: &Schema, walk: &Walk<'_>, found: Found<'_>) -> Option<Resource> {
    match found {
        Found::Entry(entry) => prune_container(schema, walk, entry).map(Resource::Container),
        Found::Node(data) => prune(schema, walk, data).map(Resource::from),
        Found::Value(value) => walk.is_allowed().then(|| Resource::Value(Data::Leaf(value.clone()))),
    }
}

impl From<Data> for Resource {
    fn from(data: Data) -> Self {
        match data {
            Data::Container(container) => Resource::Container(container),
            Data::List(list) => Resource::List(list),
            value => Resource::Value(value),
        }
    }
}

/// What a resource is that exists without anything in it.
fn nothing_in(schema: &Schema, target: &InstancePath) -> Option<Resource> {
    let node = schema.node(target.target());
    match node.kind {
        NodeKind::Root | NodeKind::Container { presence: false } => {
            Some(Resource::Container(Arc::new(Container::new(node.id))))
        }
        NodeKind::List { .. } if target.keys().is_empty() => {
            Some(Resource::List(Arc::new(List::new(schema, node.id))))
        }
        NodeKind::LeafList { .. } if target.keys().is_empty() => {
            Some(Resource::Value(Data::LeafList(Arc::new([]))))
        }
        _ => None,
    }
}

/// Whether the entries and containers with `presence` above a resource are there.
fn can_exist(schema: &Schema, tree: &Tree, target: &InstancePath) -> bool {
    let mut above = target.parent();
    while let Some(path) = above {
        let must_be_there = matches!(
            schema.node(path.target()).kind,
            NodeKind::List { .. } | NodeKind::Container { presence: true }
        );
        let node = schema.node(path.target());
        let stored = node.config || node.extensions.stored;
        if must_be_there && stored && tree.get(&path).is_none() {
            return false;
        }
        above = path.parent();
    }
    true
}
