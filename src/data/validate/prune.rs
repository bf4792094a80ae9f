//! Takes away what a change has made impossible: nodes whose `when` became false (RFC 7950 section 8.2).
//!
//! What the change itself wrote stays, so that validation refuses it: nobody's input vanishes silently.

use std::sync::Arc;

use super::check::{Checker, visit_instances};
use super::index::ReferenceIndex;
use super::{each_at, trace};
use crate::data::diff::{Change, ChangeKind};
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::{Container, Data, Tree};
use crate::yang::schema::xpath::ConstraintRef;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// How often one removal may make another `when` false before this gives up; validation names what is left.
const ROUNDS: usize = 16;

/// The tree after the changes without the nodes whose `when` the changes made false; the same tree where there are
/// none. `index` is that of the tree before.
pub fn prune_false_whens(
    schema: &Schema,
    before: &Tree,
    after: &Tree,
    changes: &[Change],
    index: &ReferenceIndex,
) -> Tree {
    let mut pruned = after.clone();
    if !index.constraints.has_whens {
        return pruned;
    }
    let mut current = changes.to_vec();
    for _ in 0..ROUNDS {
        let gone = false_whens(schema, before, &pruned, &current, changes, index);
        if gone.is_empty() {
            break;
        }
        let mut removed = Vec::new();
        for path in gone {
            let root = without(schema, &pruned.root, &path.steps);
            pruned = Tree { root: Arc::new(root) };
            removed.push(Change {
                path,
                kind: ChangeKind::Deleted,
                before: None,
                after: None,
                position: None,
            });
        }
        current = removed;
    }
    pruned
}

fn false_whens(
    schema: &Schema,
    before: &Tree,
    after: &Tree,
    current: &[Change],
    written: &[Change],
    index: &ReferenceIndex,
) -> Vec<InstancePath> {
    let reach = trace(schema, before, after, current, index);
    let checker = Checker::new(schema, &after.root, index);
    let mut gone: Vec<InstancePath> = Vec::new();
    for task in &reach.tasks {
        let ConstraintRef::When(when) = task.constraint else { continue };
        for anchor in each_at(&checker, &task.anchor) {
            let _ = visit_instances(&checker.all, &anchor, task.node, &mut |cursor| {
                let Some(parent) = cursor.parent() else { return };
                let path = parent.path(schema).child(task.node);
                let path = if schema.node(task.node).is_list() { cursor.path(schema) } else { path };
                let is_false = checker.is_stored(cursor)
                    && checker.evaluator(task.node).when_holds(task.node, usize::from(when), parent)
                        == Ok(false);
                let is_written = written
                    .iter()
                    .any(|change| change.kind != ChangeKind::Deleted && change.path.starts_with(&path));
                if is_false && !is_written && !gone.contains(&path) {
                    gone.push(path);
                }
            });
        }
    }
    gone
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
