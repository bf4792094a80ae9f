//! Validation of data against the constraints of its model (RFC 7950 section 8): mandatory nodes and choices, numbers of
//! entries, `unique`, `must`, `when`, leafrefs and instance-identifiers. Types were checked when the data was decoded.
//!
//! There are two ways to the same list of violations. [`validate_full`] looks at everything. [`validate_diff`] looks at
//! what changes reach, in a tree that was valid before: its cost is the change's, whatever the size of the tree.

mod check;
mod constraints;
mod index;
mod operation;
mod prune;
mod reach;
mod reached;
mod walk;

#[cfg(test)]
mod law;
#[cfg(test)]
mod tests;

use std::hash::Hash;
use std::rc::Rc;

use smallvec::SmallVec;

pub use constraints::{Constraints, Scope};
pub use index::ReferenceIndex;
pub use operation::validate_input;
pub use prune::prune_false_whens;
pub use reached::Reach;

use self::check::{Checker, visit_instances};
use self::index::Rows;
use self::reached::Task;
use super::diff::Change;
use super::path::InstancePath;
use super::tree::Tree;
use super::violation::Violation;
use super::xpath::accessible::ON;
use super::xpath::reference::Way;
use super::xpath::{Cursor, Evaluator};
use crate::base::hashed::HashSet;
use crate::yang::schema::Schema;
use crate::yang::schema::xpath::ConstraintRef;

/// Checks a whole tree: every violation, in document order, those of `unique` last.
pub fn validate_full(schema: &Schema, tree: &Tree) -> Vec<Violation> {
    validate_indexed(schema, tree, &ReferenceIndex::build(schema, tree))
}

/// Checks a whole tree as [`validate_full`] does, of what is in scope.
pub fn validate_within(schema: &Schema, tree: &Tree, scope: Scope) -> Vec<Violation> {
    let index = ReferenceIndex::of(Constraints::within(schema, scope), schema, tree);
    validate_indexed(schema, tree, &index)
}

/// Checks a whole tree of which the index is known.
pub fn validate_indexed(schema: &Schema, tree: &Tree, index: &ReferenceIndex) -> Vec<Violation> {
    let mut checker = Checker::new(schema, &tree.root, index);
    checker.subtree(&Cursor::root(&tree.root));
    checker.all_uniques();
    without_repetitions(checker.violations)
}

/// Checks what changes reach, and brings the index from the tree before to the tree after. Where the tree before was
/// valid, the violations are exactly those of [`validate_full`] of the tree after, in another order.
pub fn validate_diff(
    schema: &Schema,
    before: &Tree,
    after: &Tree,
    changes: &[Change],
    index: &mut ReferenceIndex,
) -> Vec<Violation> {
    let reach = Reach::of(schema, before, after, changes, index);
    validate_reached(schema, before, after, &reach, index)
}

/// The same for changes of which is known what they reach.
pub fn validate_reached(
    schema: &Schema,
    before: &Tree,
    after: &Tree,
    reach: &Reach,
    index: &mut ReferenceIndex,
) -> Vec<Violation> {
    let mut gone = Rows::of_change();
    let mut come = Rows::of_change();
    let old = Evaluator::new(schema, &before.root);
    let new = Evaluator::new(schema, &after.root);
    for place in &reach.touched {
        let path = reach.path(*place);
        index.gather(&old, path, &mut gone);
        index.gather(&new, path, &mut come);
    }
    index.remove(&gone);
    let tuples = in_order(come.uniques.iter().map(|row| (row.what, row.hash)));
    let unreferable: Vec<(usize, u64)> = match (&gone.referable, &come.referable) {
        (Some(gone), Some(come)) => gone.difference(come).copied().collect(),
        _ => Vec::new(),
    };
    index.insert(come);

    let mut checker = Checker::new(schema, &after.root, index);
    let mut standing = Standing::of(reach);
    for place in &reach.touched {
        for cursor in standing.at(&checker, *place) {
            if cursor.parent().is_none_or(|parent| checker.is_allowed(parent)) {
                checker.subtree(cursor);
            }
        }
    }
    for place in &reach.structures {
        for cursor in standing.at(&checker, *place) {
            if checker.is_allowed(cursor) {
                checker.structure(&Rc::new(cursor.clone()));
            }
        }
    }
    // What is below a touched place has been checked with it.
    for task in reach.tasks.iter().filter(|task| !reach.is_touched(task.anchor)) {
        let anchors = standing.at(&checker, task.anchor);
        perform(&mut checker, task, anchors);
    }
    for path in index.referrers(schema, unreferable) {
        for cursor in each_at(&checker, &mut Way::default(), &path) {
            if checker.is_allowed(&cursor) {
                checker.reference(&cursor);
            }
        }
    }
    for (unique, hash) in tuples {
        let rows = index.tuples(unique, hash);
        if rows.len() > 1 {
            checker.unique(&rows);
        }
    }
    without_repetitions(checker.violations)
}

/// What comes, without repetitions.
fn in_order<T: Copy + Eq + Hash>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::default();
    items.filter(|item| seen.insert(*item)).collect()
}

/// What stands at a place: nearly always one node.
type Instances<'a> = SmallVec<[Cursor<'a>; 1]>;

/// What stands at the places of a change. Constraints are many to a place: it is looked up once.
struct Standing<'r, 'a> {
    reach: &'r Reach,
    way: Way<'r, 'a>,
    found: Vec<Option<Instances<'a>>>,
}

impl<'r, 'a> Standing<'r, 'a> {
    fn of(reach: &'r Reach) -> Self {
        Standing { reach, way: Way::default(), found: vec![None; reach.count()] }
    }

    fn at(&mut self, checker: &Checker<'a>, place: usize) -> &[Cursor<'a>] {
        let Standing { reach, way, found } = self;
        let look = || each_at(checker, way, reach.path(place));
        found.get_mut(place).map_or(&[], |found| found.get_or_insert_with(look))
    }
}

/// What stands at a path, stored or by default.
fn each_at<'p, 'a>(checker: &Checker<'a>, way: &mut Way<'p, 'a>, path: &'p InstancePath) -> Instances<'a> {
    let mut found = SmallVec::new();
    checker.all.refill();
    let _ = checker.all.visit_along(way, path, &mut |cursor| {
        found.push(cursor.clone());
        ON
    });
    found
}

fn perform<'a>(checker: &mut Checker<'a>, task: &Task, anchors: &[Cursor<'a>]) {
    let mut instances: Instances<'a> = SmallVec::new();
    for anchor in anchors {
        checker.all.refill();
        let _ =
            visit_instances(&checker.all, anchor, task.node, &mut |cursor| instances.push(cursor.clone()));
    }
    for cursor in instances {
        // Of a condition that fails, the node that carries it is told.
        let above = match task.constraint {
            ConstraintRef::When(_) => cursor.parent().map(AsRef::as_ref),
            _ => Some(&cursor),
        };
        if above.is_some_and(|above| !checker.is_allowed(above)) {
            continue;
        }
        match task.constraint {
            ConstraintRef::Must(index) => checker.must(&cursor, usize::from(index)),
            ConstraintRef::When(index) if checker.is_stored(&cursor) => {
                checker.when(&cursor, usize::from(index))
            }
            ConstraintRef::When(_) => {}
            ConstraintRef::Reference => checker.reference(&cursor),
        }
    }
}

/// One violation may be found from several sides.
fn without_repetitions(mut violations: Vec<Violation>) -> Vec<Violation> {
    let mut seen = HashSet::default();
    violations.retain(|violation| seen.insert(format!("{violation:?}")));
    violations
}
