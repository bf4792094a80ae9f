//! Merging content into content, and bringing content into normal form.

use std::sync::Arc;

use super::choice;
use crate::data::tree::{Container, Data, List};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// Merges every child of `new` into `old`.
pub(super) fn container(schema: &Schema, old: &mut Container, new: &Container) {
    for (id, data) in new.children() {
        child(schema, old, *id, data);
    }
}

/// Merges one child into `parent`.
pub(super) fn child(schema: &Schema, parent: &mut Container, id: NodeId, new: &Data) {
    match (parent.get_mut(id), new) {
        (Some(Data::Container(old)), Data::Container(new)) => container(schema, Arc::make_mut(old), new),
        (Some(Data::List(old)), Data::List(new)) if old.key_count() > 0 => {
            let old = Arc::make_mut(old);
            for entry in new.iter() {
                let key: Vec<Value> = entry.key_values(old.key_count()).cloned().collect();
                let merged = old.update(&key, |old| container(schema, Arc::make_mut(old), entry));
                if merged.is_none() {
                    old.insert(Arc::clone(entry));
                }
            }
        }
        (Some(Data::LeafList(old)), Data::LeafList(new)) => {
            let mut values = old.to_vec();
            for value in new.iter() {
                if !values.contains(value) {
                    values.push(value.clone());
                }
            }
            *old = values.into();
        }
        _ => parent.set(id, new.clone()),
    }
    choice::displace_others(schema, parent, id);
}

/// The same content in normal form: see [`crate::data::tree`]. What is normal already is shared, not copied.
pub(super) fn normal(schema: &Schema, data: &Data) -> Data {
    match data {
        Data::Container(container) => Data::Container(normal_container(schema, container)),
        Data::List(list) if !list.iter().all(|entry| is_normal(schema, entry)) => {
            let mut normal = List::new(schema, list.node);
            for entry in list.iter() {
                normal.insert(normal_container(schema, entry));
            }
            Data::List(Arc::new(normal))
        }
        _ => data.clone(),
    }
}

pub(super) fn normal_container(schema: &Schema, container: &Arc<Container>) -> Arc<Container> {
    if is_normal(schema, container) {
        return Arc::clone(container);
    }
    let children = container.children().iter().map(|(id, data)| (*id, normal(schema, data)));
    let kept = children.filter(|(id, data)| !is_nothing(schema, *id, data)).collect();
    Arc::new(Container::with_children(container.node, kept))
}

fn is_normal(schema: &Schema, container: &Container) -> bool {
    container.children().iter().all(|(id, data)| {
        !is_nothing(schema, *id, data)
            && match data {
                Data::Container(inner) => is_normal(schema, inner),
                Data::List(list) => list.iter().all(|entry| is_normal(schema, entry)),
                _ => true,
            }
    })
}

/// An empty non-presence container, list or leaf-list.
fn is_nothing(schema: &Schema, id: NodeId, data: &Data) -> bool {
    data.is_empty() && !matches!(schema.node(id).kind, NodeKind::Container { presence: true })
}
