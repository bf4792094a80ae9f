//! Takes away what a change has made impossible: nodes whose `when` became false (RFC 7950 sections 8.2 and 8.3.2).
//!
//! What the edits themselves say, changed or not, stays, so that validation refuses it (section 8.3.1): nobody's input
//! vanishes silently.

use std::sync::Arc;

use super::check::{Checker, visit_instances};
use super::index::ReferenceIndex;
use super::{Reach, each_at};
use crate::data::diff::{Change, ChangeKind};
use crate::data::edit::Edit;
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::{Container, Data, Tree};
use crate::data::xpath::reference::Way;
use crate::yang::schema::xpath::ConstraintRef;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// How often one removal may make another `when` false before this gives up; validation names what is left.
const ROUNDS: usize = 16;

/// The tree after the changes that some edits made, without the nodes whose `when` the changes made false; `None` where
/// there are none of these. `reach` is that of the changes, `index` that of the tree before.
pub fn prune_false_whens<'e>(
    schema: &Schema,
    before: &Tree,
    after: &Tree,
    reach: &Reach,
    edits: impl Iterator<Item = &'e Edit> + Clone,
    index: &ReferenceIndex,
) -> Option<Tree> {
    let said = |path: &InstancePath| edits.clone().any(|edit| says(edit, path));
    let mut pruned = None;
    let mut further: Option<Reach> = None;
    for _ in 0..ROUNDS {
        let tree = pruned.as_ref().unwrap_or(after);
        let mut gone = false_whens(schema, tree, further.as_ref().unwrap_or(reach), index);
        gone.retain(|path| !said(path));
        if gone.is_empty() {
            break;
        }
        let mut root = Arc::clone(&tree.root);
        for path in &gone {
            root = Arc::new(without(schema, &root, &path.steps));
        }
        let kind = ChangeKind::Deleted;
        let removed =
            gone.into_iter().map(|path| Change { path, kind, before: None, after: None, position: None });
        let next = Tree { root };
        further = Some(Reach::of(schema, before, &next, &removed.collect::<Vec<_>>(), index));
        pruned = Some(next);
    }
    pruned
}

fn false_whens(schema: &Schema, after: &Tree, reach: &Reach, index: &ReferenceIndex) -> Vec<InstancePath> {
    let mut gone: Vec<InstancePath> = Vec::new();
    let whens = || reach.tasks.iter().filter(|task| matches!(task.constraint, ConstraintRef::When(_)));
    if whens().next().is_none() {
        return gone;
    }
    let checker = Checker::new(schema, &after.root, index);
    let mut way = Way::default();
    for task in whens() {
        let ConstraintRef::When(when) = task.constraint else { continue };
        for anchor in each_at(&checker, &mut way, reach.path(task.anchor)) {
            let _ = visit_instances(&checker.all, &anchor, task.node, &mut |cursor| {
                let Some(parent) = cursor.parent() else { return };
                let path = parent.path(schema).child(task.node);
                let path = if schema.node(task.node).is_list() { cursor.path(schema) } else { path };
                let is_false = checker.is_stored(cursor)
                    && checker.evaluator(task.node).when_holds(task.node, usize::from(when), parent)
                        == Ok(false);
                if is_false && !gone.contains(&path) {
                    gone.push(path);
                }
            });
        }
    }
    gone
}

/// Whether an edit gives content to the node at a path, or to something below it.
fn says(edit: &Edit, path: &InstancePath) -> bool {
    let Some(value) = &edit.value else { return false };
    if edit.path.starts_with(path) {
        return true;
    }
    let Some(last) = edit.path.steps.len().checked_sub(1) else { return holds(value, &path.steps) };
    if !path.starts_with(&edit.path) {
        return false;
    }
    let is_whole_list = edit.path.keys().is_empty() && matches!(value, Data::List(_));
    holds(value, path.steps.get(if is_whole_list { last } else { last + 1 }..).unwrap_or_default())
}

/// Whether data has a node at the end of these steps. Those into a list as a whole start with the list.
fn holds(data: &Data, steps: &[PathStep]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return true };
    match data {
        Data::List(list) => list.get(&step.keys).is_some_and(|entry| holds_inside(entry, rest)),
        Data::Container(container) => holds_inside(container, steps),
        _ => false,
    }
}

fn holds_inside(container: &Container, steps: &[PathStep]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return true };
    match container.get(step.node) {
        Some(data @ Data::List(_)) if !step.keys.is_empty() => holds(data, steps),
        Some(data) => holds(data, rest),
        None => false,
    }
}

/// A container without what a path below it leads to, and without the non-presence containers that are empty then.
fn without(schema: &Schema, container: &Container, steps: &[PathStep]) -> Container {
    let mut changed = container.clone();
    let Some((step, rest)) = steps.split_first() else { return changed };
    match (changed.get(step.node).cloned(), rest) {
        (Some(Data::List(list)), rest) if !step.keys.is_empty() => {
            let mut list = (*list).clone();
            if rest.is_empty() {
                list.remove(&step.keys);
            } else {
                list.update(&step.keys, |entry| *entry = Arc::new(without(schema, entry, rest)));
            }
            put(schema, &mut changed, step.node, Data::List(Arc::new(list)));
        }
        (Some(Data::Container(inner)), rest) if !rest.is_empty() => {
            let inner = Arc::new(without(schema, &inner, rest));
            put(schema, &mut changed, step.node, Data::Container(inner));
        }
        _ => {
            changed.remove(step.node);
        }
    }
    changed
}

fn put(schema: &Schema, container: &mut Container, node: NodeId, data: Data) {
    let may_be_empty = matches!(schema.node(node).kind, NodeKind::Container { presence: true });
    if data.is_empty() && !may_be_empty {
        container.remove(node);
    } else {
        container.set(node, data);
    }
}
