//! Where location steps lead in the schema: the tree as XPath sees it.

use super::Axis;
use crate::yang::schema::node::NodeKind;
use crate::yang::schema::{NodeId, Schema};

/// Sets of more nodes than this are not followed.
const MAX_REACH: usize = 4_000;

/// The nodes on an axis from any of some nodes, sorted, before the test.
pub(super) fn walk(schema: &Schema, from: &[NodeId], axis: Axis) -> Option<Vec<NodeId>> {
    let mut found: Vec<NodeId> = Vec::new();
    for id in from.iter().copied() {
        match axis {
            Axis::Child => {
                if matches!(schema.node(id).kind, NodeKind::Anydata | NodeKind::Anyxml) {
                    return None;
                }
                found.extend(children(schema, id));
            }
            Axis::SelfAxis => found.push(id),
            Axis::Parent => found.extend(parent(schema, id)),
            Axis::Ancestor | Axis::AncestorOrSelf => {
                let mut at = if axis == Axis::Ancestor { parent(schema, id) } else { Some(id) };
                while let Some(ancestor) = at {
                    found.push(ancestor);
                    at = parent(schema, ancestor);
                }
            }
            Axis::Descendant | Axis::DescendantOrSelf => {
                let mut open: Vec<NodeId> =
                    if axis == Axis::Descendant { children(schema, id).collect() } else { vec![id] };
                while let Some(at) = open.pop() {
                    found.push(at);
                    open.extend(children(schema, at));
                    if found.len() > MAX_REACH {
                        return None;
                    }
                }
            }
            Axis::FollowingSibling | Axis::PrecedingSibling => {
                found.extend(parent(schema, id).into_iter().flat_map(|parent| children(schema, parent)));
            }
            Axis::Following | Axis::Preceding => {
                if schema.nodes.len() > MAX_REACH {
                    return None;
                }
                found.extend(schema.nodes().map(|(id, _)| id).filter(|id| *id != NodeId::ROOT));
            }
            Axis::Attribute | Axis::Namespace => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// The parent as XPath sees it: the input and output of an operation are not nodes (RFC 7950 section 6.4.1).
pub(crate) fn parent(schema: &Schema, id: NodeId) -> Option<NodeId> {
    if matches!(schema.node(id).kind, NodeKind::Root | NodeKind::Structure) {
        return None;
    }
    let parent = schema.node(id).parent;
    match schema.node(parent).kind {
        NodeKind::Input | NodeKind::Output => Some(schema.node(parent).parent),
        _ => Some(parent),
    }
}

/// The children as XPath sees them.
pub(super) fn children(schema: &Schema, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    let node = schema.node(id);
    let sides: &[NodeId] = if node.is_operation() { &node.children } else { &[] };
    let own: &[NodeId] = if node.is_operation() { &[] } else { &node.children };
    sides.iter().flat_map(|side| &schema.node(*side).children).chain(own).copied()
}

/// The children of that name, of any module, below some nodes, sorted; `None` when they cannot be told.
pub(super) fn children_named(schema: &Schema, from: &[NodeId], name: &str) -> Option<Vec<NodeId>> {
    let mut found: Vec<NodeId> = Vec::new();
    for id in from.iter().copied() {
        let node = schema.node(id);
        if matches!(node.kind, NodeKind::Anydata | NodeKind::Anyxml) {
            return None;
        }
        let own = [id];
        let parents = if node.is_operation() { node.children.as_slice() } else { &own };
        for parent in parents {
            found.extend(schema.children_named(*parent, name).iter().map(|(_, id)| *id));
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// The root of the document that a node is in: that of the structure around it, else that of all data.
pub(super) fn document_root(schema: &Schema, id: NodeId) -> NodeId {
    let mut at = id;
    while let Some(above) = parent(schema, at) {
        at = above;
    }
    at
}
