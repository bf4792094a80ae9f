//! What the engine works out about schema nodes once, so that no request has to: which lists' entries are rows of their
//! own, and below which nodes stored state, computed state or passwords can be.

use crate::data::path::PathStep;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// Facts by schema node.
#[derive(Debug)]
pub struct Facts {
    nodes: Vec<NodeFacts>,
    /// By node, the children that are computed or that can have computed state below them.
    completed: Vec<Box<[NodeId]>>,
}

/// Facts of one schema node; those that end in `below` include the node itself.
#[derive(Clone, Copy, Debug, Default)]
struct NodeFacts {
    row_list: bool,
    row_list_below: bool,
    stored_below: bool,
    computed: bool,
    computed_below: bool,
    hashed_below: bool,
}

impl Facts {
    /// Works out the facts of a schema of which services provide these nodes, each with what is below it.
    pub fn new(schema: &Schema, provided: impl Fn(NodeId) -> bool) -> Self {
        let mut nodes: Vec<NodeFacts> = Vec::new();
        // Parents have smaller ids than their children, so one pass down and one up see everything.
        let mut rows_possible = vec![true; schema.nodes().count()];
        for (id, node) in schema.nodes() {
            let above = rows_possible.get(node.parent.0 as usize).copied().unwrap_or(true);
            let is_row_list = match &node.kind {
                NodeKind::List { keys, facts, .. } => above && !keys.is_empty() && !facts.user_ordered,
                _ => false,
            };
            if let Some(possible) = rows_possible.get_mut(id.0 as usize) {
                *possible = above && (is_row_list || !node.is_list());
            }
            let around = nodes.get(node.parent.0 as usize).is_some_and(|facts: &NodeFacts| facts.computed);
            let computed = node.extensions.computed || around || provided(id);
            nodes.push(NodeFacts {
                row_list: is_row_list,
                row_list_below: is_row_list,
                stored_below: node.extensions.stored,
                computed,
                computed_below: computed,
                hashed_below: node.extensions.hashed,
            });
        }
        for index in (1..nodes.len()).rev() {
            let Some(own) = nodes.get(index).copied() else { continue };
            let parent = schema.node(NodeId(u32::try_from(index).unwrap_or(u32::MAX))).parent;
            if let Some(above) = nodes.get_mut(parent.0 as usize) {
                above.row_list_below |= own.row_list_below;
                above.stored_below |= own.stored_below;
                above.computed_below |= own.computed_below;
                above.hashed_below |= own.hashed_below;
            }
        }
        let mut facts = Facts { nodes, completed: Vec::new() };
        let is_completed = |child: &NodeId| {
            facts.is_computed(*child) || facts.has_computed(*child) && schema.node(*child).is_data()
        };
        let children_of = |id| schema.children(id).iter().copied().filter(is_completed).collect();
        facts.completed = schema.nodes().map(|(id, _)| children_of(id)).collect();
        facts
    }

    fn of(&self, node: NodeId) -> NodeFacts {
        self.nodes.get(node.0 as usize).copied().unwrap_or_default()
    }

    /// Whether each entry of this list is a row of its own: it has keys, the system orders it, and so it is with every
    /// list around it.
    pub fn is_row_list(&self, node: NodeId) -> bool {
        self.of(node).row_list
    }

    /// Whether rows of their own can be at or below this node.
    pub fn has_rows(&self, node: NodeId) -> bool {
        self.of(node).row_list_below
    }

    /// Whether rows of their own can be below this node.
    pub fn has_rows_inside(&self, schema: &Schema, node: NodeId) -> bool {
        schema.children(node).iter().any(|child| self.has_rows(*child))
    }

    /// Whether `stored` state can be at or below this node.
    pub fn has_stored(&self, node: NodeId) -> bool {
        self.of(node).stored_below
    }

    /// Whether the node is state that a provider makes up: the model says `computed`, or a service provides it.
    pub fn is_computed(&self, node: NodeId) -> bool {
        self.of(node).computed
    }

    /// Whether computed state can be at or below this node.
    pub fn has_computed(&self, node: NodeId) -> bool {
        self.of(node).computed_below
    }

    /// The children of a node that are computed, or that can have computed state below them.
    pub fn completed_children(&self, node: NodeId) -> &[NodeId] {
        self.completed.get(node.0 as usize).map_or(&[], |children| children)
    }

    /// Whether `hashed` leafs can be at or below this node.
    pub fn has_hashed(&self, node: NodeId) -> bool {
        self.of(node).hashed_below
    }

    /// How many of a path's first steps lead to the row that it is in: 0 for the tenant's own row.
    pub fn row_steps(&self, steps: &[PathStep]) -> usize {
        let is_row = |step: &PathStep| !step.keys.is_empty() && self.is_row_list(step.node);
        steps.iter().rposition(is_row).map_or(0, |last| last + 1)
    }
}
