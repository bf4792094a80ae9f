//! What of a datastore a subscription selects, as its receiver may see it.
//!
//! What the receiver may not read is taken out before the filter is asked, so that no filter tells of it.

use std::sync::Arc;

use crate::access::authorize::Authority;
use crate::access::authorize::prune::{prune_container, walk_to};
use crate::data::path::InstancePath;
use crate::data::projection::Projection;
use crate::data::read::{Content, Names, Shape, Subject, View, encode_json};
use crate::data::tree::{Container, Tree};
use crate::data::xpath::{Cursor, EvalError, Evaluator};
use crate::engine::operational::State;
use crate::engine::snapshot::Snapshot;
use crate::engine::{Caller, Datastore, Engine, StateError};
use crate::yang::schema::types::Strictness;
use crate::yang::schema::xpath::Expression;
use crate::yang::schema::{NodeId, Schema};

/// Selected data.
pub(super) struct Selection {
    pub tree: Tree,
    /// Nodes that are not to be shown even as a default in use.
    hidden: Arc<[NodeId]>,
}

/// Why nothing can be selected.
#[derive(Debug, thiserror::Error)]
pub(super) enum SelectError {
    /// The filter has no outcome.
    #[error("the filter cannot be decided: {0}")]
    Filter(#[from] EvalError),
    /// State cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The tenant is gone.
    #[error("there is no such tenant")]
    NoTenant,
}

/// Selects from a datastore of the caller's tenant as of a snapshot.
pub(super) fn select(
    engine: &Engine,
    snapshot: &Arc<Snapshot>,
    authority: &Authority,
    caller: &Arc<Caller>,
    datastore: Datastore,
    filter: Option<&Expression>,
) -> Result<Selection, SelectError> {
    let data = snapshot.tenant(&caller.tenant).ok_or(SelectError::NoTenant)?;
    let root = match datastore {
        // A candidate is its author's alone and cannot be subscribed to.
        Datastore::Config | Datastore::Candidate => Arc::clone(&data.tree.root),
        Datastore::State => {
            let state = engine.state_of(Arc::clone(snapshot), &caller.tenant, Some(Arc::clone(caller)));
            match state.ok_or(SelectError::NoTenant)?.get(&InstancePath::root())? {
                Some(State::Container(root)) => root,
                _ => Arc::new(Container::new(NodeId::ROOT)),
            }
        }
    };
    select_in(engine.schema(), authority, &Tree { root }, datastore, filter)
}

/// The same from a tree that is at hand.
pub(super) fn select_in(
    schema: &Schema,
    authority: &Authority,
    tree: &Tree,
    datastore: Datastore,
    filter: Option<&Expression>,
) -> Result<Selection, SelectError> {
    let walk = walk_to(authority, &InstancePath::root());
    let hidden = walk.hidden().nodes().into();
    let tree = match prune_container(schema, &walk, &tree.root) {
        Some(root) => Tree { root },
        None => Tree::empty(),
    };
    let Some(filter) = filter else { return Ok(Selection { tree, hidden }) };
    let evaluator = Evaluator::new(schema, &tree.root).without_secrets();
    let evaluator = if datastore == Datastore::Config { evaluator.config_only() } else { evaluator };
    let mut projection = Projection::default();
    for node in evaluator.nodes(filter, &Cursor::root(&tree.root))? {
        projection.add(&node.path(schema));
    }
    Ok(Selection { tree: projection.of(schema, &tree), hidden })
}

impl Selection {
    /// The data as JSON text.
    pub fn text(&self, schema: &Schema, datastore: Datastore) -> Vec<u8> {
        let shape = shape(datastore, Arc::clone(&self.hidden));
        let data = Subject::Container(&self.tree.root);
        let mut text = Vec::new();
        encode_json(&View { schema, data, shape: &shape, surroundings: None }, &mut text);
        text
    }
}

/// How data is written into notifications: RFC 7951, what was set.
pub(super) fn shape(datastore: Datastore, hidden: Arc<[NodeId]>) -> Shape {
    let content = if datastore == Datastore::Config { Content::Config } else { Content::All };
    Shape { content, hidden, names: Names::Qualified, strictness: Strictness::Rfc7951, ..Shape::default() }
}
