//! A tree around one part of it.

use std::sync::Arc;

use super::{Container, Data, List, Tree};
use crate::data::path::InstancePath;
use crate::yang::schema::{NodeId, Schema};

/// A tree with nothing in it but `data` at `path`, and the containers, entries and keys that lead to it. `data` of an
/// entry is the entry.
pub fn spine(schema: &Schema, path: &InstancePath, data: Data) -> Tree {
    among(schema, None, path, data)
}

/// The same with the leafs that stand beside the way in another tree: what an expression may ask about the surroundings of a
/// part without looking at all of them.
pub fn spine_with_leafs(schema: &Schema, tree: &Tree, path: &InstancePath, data: Data) -> Tree {
    among(schema, Some(tree), path, data)
}

fn among(schema: &Schema, tree: Option<&Tree>, path: &InstancePath, data: Data) -> Tree {
    let mut inner = data;
    for (index, step) in path.steps.iter().enumerate().rev() {
        let parent = match index.checked_sub(1).and_then(|above| path.steps.get(above)) {
            Some(above) => above.node,
            None => NodeId::ROOT,
        };
        let child = match inner {
            Data::Container(entry) if schema.node(step.node).is_list() => {
                let mut list = List::new(schema, step.node);
                let _ = list.insert(entry);
                Data::List(Arc::new(list))
            }
            other => other,
        };
        let mut above = match tree.and_then(|tree| tree.entry(&prefix(path, index))) {
            Some(there) => leafs_of(there),
            None => Container::new(parent),
        };
        if let Some(above_step) = index.checked_sub(1).and_then(|above| path.steps.get(above)) {
            for (key, value) in schema.node(parent).keys().iter().zip(&above_step.keys) {
                above.set(*key, Data::Leaf(value.clone()));
            }
        }
        above.set(step.node, child);
        inner = Data::Container(Arc::new(above));
    }
    match inner {
        Data::Container(root) => Tree { root },
        _ => Tree::empty(),
    }
}

fn prefix(path: &InstancePath, steps: usize) -> InstancePath {
    InstancePath { steps: path.steps.iter().take(steps).cloned().collect() }
}

fn leafs_of(container: &Container) -> Container {
    let is_leaf = |data: &Data| matches!(data, Data::Leaf(_) | Data::LeafList(_));
    let leafs = container.children().iter().filter(|(_, data)| is_leaf(data)).cloned().collect();
    Container::with_children(container.node, leafs)
}
