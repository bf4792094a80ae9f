//! Which instances of the nodes that somebody is interested in a diff touches: the entries in which something changed, and
//! those inside of what came or went.

use crate::base::hashed::{HashMap, IndexSet};
use crate::data::diff::Change;
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::{Container, Data};
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// Containers and lists with something attached to them.
#[derive(Debug)]
pub(super) struct Attached<T> {
    by_node: HashMap<NodeId, Vec<T>>,
    /// By node: whether something is attached at or below it.
    below: Vec<bool>,
}

impl<T> Attached<T> {
    pub fn new(schema: &Schema, attached: impl IntoIterator<Item = (NodeId, T)>) -> Self {
        let mut by_node: HashMap<NodeId, Vec<T>> = HashMap::default();
        let mut below = vec![false; schema.nodes().count()];
        for (node, thing) in attached {
            by_node.entry(node).or_default().push(thing);
            let mut at = node;
            loop {
                if let Some(flag) = below.get_mut(at.0 as usize) {
                    *flag = true;
                }
                if at == NodeId::ROOT {
                    break;
                }
                at = schema.node(at).parent;
            }
        }
        Attached { by_node, below }
    }

    /// What is attached to a node.
    pub fn at(&self, node: NodeId) -> &[T] {
        self.by_node.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Whether an edit of the node at `path` can touch anything.
    pub fn concerns(&self, path: &InstancePath) -> bool {
        self.has_below(path.target()) || path.steps.iter().any(|step| self.by_node.contains_key(&step.node))
    }

    fn has_below(&self, node: NodeId) -> bool {
        self.below.get(node.0 as usize).copied().unwrap_or(false)
    }

    /// The instances that the changes touch, each once, in the order in which they are met.
    pub fn touched(&self, schema: &Schema, changes: &[Change]) -> Vec<InstancePath> {
        if self.by_node.is_empty() {
            return Vec::new();
        }
        let mut found: IndexSet<InstancePath> = IndexSet::default();
        let mut add = |steps: &[PathStep]| {
            // Many changes are in one entry: a path is made for the first of them.
            if !found.contains(steps) {
                found.insert(InstancePath { steps: steps.to_vec() });
            }
        };
        for change in changes {
            for (index, step) in change.path.steps.iter().enumerate() {
                let is_instance = !schema.node(step.node).is_list() || !step.keys.is_empty();
                if is_instance && self.by_node.contains_key(&step.node) {
                    add(change.path.steps.get(..=index).unwrap_or_default());
                }
            }
            for data in [&change.before, &change.after].into_iter().flatten() {
                if let Data::Container(container) = data {
                    self.inside(schema, &mut change.path.clone(), container, &mut add);
                }
            }
        }
        found.into_iter().collect()
    }

    fn inside(
        &self,
        schema: &Schema,
        path: &mut InstancePath,
        container: &Container,
        add: &mut impl FnMut(&[PathStep]),
    ) {
        for (id, data) in container.children().iter().filter(|(id, _)| self.has_below(*id)) {
            match data {
                Data::Container(inner) => {
                    path.push(*id, Vec::new());
                    self.instance(schema, path, inner, add);
                    path.steps.pop();
                }
                Data::List(list) if !matches!(schema.node(*id).kind, NodeKind::List { ref keys, .. } if keys.is_empty()) => {
                    for entry in list.iter() {
                        path.push(*id, entry.key(schema));
                        self.instance(schema, path, entry, add);
                        path.steps.pop();
                    }
                }
                _ => {}
            }
        }
    }

    fn instance(
        &self,
        schema: &Schema,
        path: &mut InstancePath,
        container: &Container,
        add: &mut impl FnMut(&[PathStep]),
    ) {
        if self.by_node.contains_key(&container.node) {
            add(&path.steps);
        }
        self.inside(schema, path, container, add);
    }
}
