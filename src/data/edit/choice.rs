//! One case of a choice at a time (RFC 7950 section 7.9).

use super::super::tree::Container;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// The choices around a data node, innermost first: each with the branch (case, or node of the shorthand form) that
/// the node is in.
pub(in crate::data) fn branches(schema: &Schema, child: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
    let mut at = child;
    std::iter::from_fn(move || {
        loop {
            let above = schema.node(at).schema_parent;
            match schema.node(above).kind {
                NodeKind::Choice { .. } => {
                    let found = (above, at);
                    at = above;
                    return Some(found);
                }
                NodeKind::Case => at = above,
                _ => return None,
            }
        }
    })
}

/// Whether two data nodes are in different cases of one choice.
pub(in crate::data) fn conflict(schema: &Schema, one: NodeId, other: NodeId) -> Option<NodeId> {
    branches(schema, one).find_map(|(choice, branch)| {
        branches(schema, other).any(|(same, another)| same == choice && another != branch).then_some(choice)
    })
}

/// Whether a node stands below a choice at all.
pub(in crate::data) fn is_in_choice(schema: &Schema, child: NodeId) -> bool {
    let node = schema.node(child);
    node.schema_parent != node.parent
}

/// Removes every child of `container` that is in another case than `child` of a choice around both.
pub(super) fn displace_others(schema: &Schema, container: &mut Container, child: NodeId) {
    if !is_in_choice(schema, child) {
        return;
    }
    let displaced: Vec<NodeId> = container
        .children()
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| *id != child && is_in_choice(schema, *id) && conflict(schema, *id, child).is_some())
        .collect();
    for id in displaced {
        container.remove(id);
    }
}
