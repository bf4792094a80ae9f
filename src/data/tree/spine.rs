//! A tree around one part of it.

use std::sync::Arc;

use super::{Container, Data, List, Tree};
use crate::data::path::InstancePath;
use crate::yang::schema::{NodeId, Schema};

/// A tree with nothing in it but `data` at `path`, and the containers, entries and keys that lead to it. `data` of an
/// entry is the entry.
pub fn spine(schema: &Schema, path: &InstancePath, data: Data) -> Tree {
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
        let mut above = Container::new(parent);
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
