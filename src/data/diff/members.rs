//! Changes of a leaf-list by its entries, for whoever can name an entry only, such as a YANG Patch (RFC 8072).
//!
//! Not for leaf-lists of state: their values need not be distinct (RFC 7950 section 7.7), so no path leads to one of them.

use std::collections::{BTreeMap, BTreeSet};

use super::order::{behind_keys, longest_ascending};
use super::{Change, ChangeKind};
use crate::data::path::Keys;
use crate::data::tree::Data;
use crate::yang::schema::{NodeKind, Schema, Value};

/// A change as it is, or that of a whole leaf-list of configuration as changes of its entries: first what went, then what
/// came or moved in the order that is there after it.
pub fn by_entries(schema: &Schema, change: Change) -> Vec<Change> {
    let node = schema.node(change.path.target());
    let NodeKind::LeafList { facts, .. } = &node.kind else { return vec![change] };
    if !change.path.keys().is_empty() || !node.config {
        return vec![change];
    }
    let (before, after) = (values(change.before.as_ref()), values(change.after.as_ref()));
    let one = |kind, value: &Value, position| {
        let leaf = || Some(Data::Leaf(value.clone()));
        Change {
            path: change.path.entry([value.clone()]),
            kind,
            before: if kind == ChangeKind::Created { None } else { leaf() },
            after: if kind == ChangeKind::Deleted { None } else { leaf() },
            position,
        }
    };
    let old: BTreeMap<&Value, usize> = before.iter().enumerate().map(|(at, value)| (value, at)).collect();
    let new: BTreeSet<&Value> = after.iter().collect();
    let gone = before.iter().filter(|value| !new.contains(value));
    let mut changes: Vec<Change> = gone.map(|value| one(ChangeKind::Deleted, value, None)).collect();
    let common: Vec<usize> = after.iter().filter_map(|value| old.get(value).copied()).collect();
    let stayed: BTreeSet<usize> = longest_ascending(&common).into_iter().collect();
    let mut previous: Option<&Value> = None;
    for value in after {
        let position =
            || facts.user_ordered.then(|| behind_keys(previous.map(|value| Keys::from([value.clone()]))));
        match old.get(value) {
            None => changes.push(one(ChangeKind::Created, value, position())),
            Some(at) if facts.user_ordered && !stayed.contains(at) => {
                changes.push(one(ChangeKind::Moved, value, position()));
            }
            Some(_) => {}
        }
        previous = Some(value);
    }
    changes
}

fn values(data: Option<&Data>) -> &[Value] {
    match data {
        Some(Data::LeafList(values)) => values,
        _ => &[],
    }
}
