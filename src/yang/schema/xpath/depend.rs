//! Which constraints a change can reach: the table from changed nodes to conditions and references.

use std::collections::HashMap;

use super::{ConstraintRef, Dependent};
use crate::yang::schema::NodeId;

/// Collects the table while constraints are bound.
#[derive(Debug, Default)]
pub(crate) struct Dependencies(HashMap<NodeId, Vec<Dependent>>);

impl Dependencies {
    /// A constraint of `node` looked at these nodes, each below its anchor.
    pub fn add(&mut self, node: NodeId, constraint: ConstraintRef, touched: &[(NodeId, NodeId)]) {
        for (changed, anchor) in touched {
            self.0.entry(*changed).or_default().push(Dependent { node, constraint, anchor: *anchor });
        }
    }

    /// The table, each row in the order of the nodes that carry the constraints.
    pub fn finish(mut self) -> HashMap<NodeId, Vec<Dependent>> {
        for row in self.0.values_mut() {
            row.sort_by_key(|dependent| dependent.node);
        }
        self.0
    }
}
