//! What a replacement leaves alone: nodes that its author could not have read back (`secret`, `hashed`) and state that
//! only services write (`stored`).

use std::sync::Arc;

use super::choice;
use crate::data::tree::{Container, Data, List};
use crate::yang::schema::{Extensions, NodeId, Schema};

fn is_kept(extensions: Extensions) -> bool {
    extensions.secret || extensions.hashed || extensions.stored
}

fn is_stored(extensions: Extensions) -> bool {
    extensions.stored
}

/// `new` in the place of `old`, with what `old` has that is to be kept and `new` leaves out.
pub(super) fn replaced(schema: &Schema, old: &Container, new: Arc<Container>) -> Arc<Container> {
    let mut result = new;
    for (id, before) in old.children() {
        let data = match result.get(*id) {
            Some(after) => {
                let after = after.clone();
                let data = replaced_data(schema, before, after.clone());
                if is_same(&data, &after) {
                    continue;
                }
                data
            }
            None => {
                let Some(kept) = only(schema, *id, before, is_kept) else { continue };
                if displaced(schema, &result, *id) {
                    continue;
                }
                kept
            }
        };
        Arc::make_mut(&mut result).set(*id, data);
    }
    result
}

/// As [`replaced`], for any kind of node.
pub(super) fn replaced_data(schema: &Schema, old: &Data, new: Data) -> Data {
    match (old, new) {
        (Data::Container(old), Data::Container(new)) => Data::Container(replaced(schema, old, new)),
        (Data::List(old), Data::List(new)) if new.key_count() > 0 => {
            let mut result = Arc::clone(&new);
            for entry in new.iter() {
                let key: Vec<_> = entry.key_values(new.key_count()).cloned().collect();
                if let Some(before) = old.get(&key) {
                    let after = replaced(schema, before, Arc::clone(entry));
                    if !Arc::ptr_eq(&after, entry) {
                        let list: &mut List = Arc::make_mut(&mut result);
                        list.insert(after);
                    }
                }
            }
            Data::List(result)
        }
        (_, new) => new,
    }
}

/// What is left of a container when everything but its `stored` nodes goes; `None` for nothing.
pub(super) fn stored_only(schema: &Schema, container: &Container) -> Option<Container> {
    only_container(schema, container, is_stored)
}

fn only(schema: &Schema, id: NodeId, data: &Data, keep: fn(Extensions) -> bool) -> Option<Data> {
    let node = schema.node(id);
    if keep(node.extensions) {
        return Some(data.clone());
    }
    match data {
        Data::Container(container) if node.is_np_container() => {
            only_container(schema, container, keep).map(|kept| Data::Container(Arc::new(kept)))
        }
        _ => None,
    }
}

fn only_container(schema: &Schema, container: &Container, keep: fn(Extensions) -> bool) -> Option<Container> {
    let children: Vec<(NodeId, Data)> = container
        .children()
        .iter()
        .filter_map(|(id, data)| only(schema, *id, data, keep).map(|data| (*id, data)))
        .collect();
    (!children.is_empty()).then(|| Container::with_children(container.node, children))
}

/// Whether another case of a choice around `id` has taken its place.
fn displaced(schema: &Schema, container: &Container, id: NodeId) -> bool {
    choice::is_in_choice(schema, id)
        && container.children().iter().any(|(other, _)| choice::conflict(schema, *other, id).is_some())
}

/// Whether two data are one and the same in memory, or leafs.
fn is_same(one: &Data, other: &Data) -> bool {
    match (one, other) {
        (Data::Container(one), Data::Container(other)) => Arc::ptr_eq(one, other),
        (Data::List(one), Data::List(other)) => Arc::ptr_eq(one, other),
        _ => true,
    }
}
