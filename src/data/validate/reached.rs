//! What a set of changes reaches: places to look at anew as a whole, containers whose children are to be counted, and
//! single constraints elsewhere.
//!
//! A change can make other nodes appear or disappear that nobody stored: defaults of another case, non-presence
//! containers and defaults under a `when`. Those places count as changed too, until nothing new is reached.

use std::rc::Rc;

use smallvec::SmallVec;

use super::check::{Checker, visit_instances};
use super::constraints::{Constraints, index};
use super::index::{ReferenceIndex, Trail, hash_of};
use super::reach::{Reached, Via};
use crate::base::hashed::{HashSet, IndexMap};
use crate::data::diff::Change;
use crate::data::path::{InstancePath, Keys, PathStep};
use crate::data::tree::{Container, Tree};
use crate::data::xpath::accessible::ON;
use crate::data::xpath::{Cursor, Evaluator};
use crate::yang::schema::xpath::ConstraintRef;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// One constraint to check again, on all instances of a node below an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Task {
    pub node: NodeId,
    pub constraint: ConstraintRef,
    /// The anchor's number among the places.
    pub anchor: usize,
}

/// What is to be done after some changes of a tree. Much of it is about the same places, so each of these is kept once, and
/// goes by its number.
#[derive(Debug, Default)]
pub struct Reach {
    places: IndexMap<InstancePath, Marks>,
    /// Places to be looked at as a whole, in the order in which they were found.
    pub(super) touched: Vec<usize>,
    /// Containers whose direct children may be missing or too many.
    pub(super) structures: Vec<usize>,
    /// Constraints elsewhere.
    pub(super) tasks: Vec<Task>,
    seen_tasks: HashSet<Task>,
}

/// What is known of a place already.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    is_touched: bool,
    is_structure: bool,
}

impl Reach {
    /// Follows changes from one tree to another; `index` is that of the tree before.
    pub fn of(
        schema: &Schema,
        before: &Tree,
        after: &Tree,
        changes: &[Change],
        index: &ReferenceIndex,
    ) -> Self {
        let checker = Checker::new(schema, &after.root, index);
        let before = Evaluator::new(schema, &before.root);
        let constraints = index.constraints();
        Tracer { schema, constraints, before: &before, after: &checker, index, reach: Reach::default() }
            .trace(changes)
    }

    /// The path of a place.
    pub(super) fn path(&self, place: usize) -> &InstancePath {
        const ROOT: &InstancePath = &InstancePath { steps: Vec::new() };
        self.places.get_index(place).map_or(ROOT, |(path, _)| path)
    }

    /// How many places there are; their numbers are below that.
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// Whether a place is to be looked at as a whole.
    pub(super) fn is_touched(&self, place: usize) -> bool {
        self.places.get_index(place).is_some_and(|(_, marks)| marks.is_touched)
    }

    fn place(&mut self, steps: &[PathStep]) -> usize {
        match self.places.get_index_of(steps) {
            Some(known) => known,
            None => self.places.insert_full(InstancePath { steps: steps.to_vec() }, Marks::default()).0,
        }
    }

    /// The place itself, if what is found out about it now was not known.
    fn mark(&mut self, place: usize, mark: impl FnOnce(&mut Marks) -> &mut bool) -> Option<usize> {
        let (_, marks) = self.places.get_index_mut(place)?;
        (!std::mem::replace(mark(marks), true)).then_some(place)
    }
}

/// A path that is followed, with the numbers of those of its beginnings that are places already: constraints are many to a
/// path, and their anchors the same few.
struct Followed {
    path: InstancePath,
    /// By number of steps.
    places: SmallVec<[Option<usize>; 8]>,
}

impl Followed {
    /// A path that is a place.
    fn new(path: InstancePath, place: usize) -> Self {
        let mut places = SmallVec::from_elem(None, path.steps.len());
        places.push(Some(place));
        Followed { path, places }
    }

    /// The number of the path that consists of its first `length` steps.
    fn place(&mut self, length: usize, reach: &mut Reach) -> usize {
        let steps = self.path.steps.get(..length).unwrap_or_default();
        match self.places.get_mut(length) {
            Some(known) => *known.get_or_insert_with(|| reach.place(steps)),
            None => reach.place(steps),
        }
    }
}

/// Follows changes to everything that they reach.
struct Tracer<'t, 'a> {
    schema: &'a Schema,
    constraints: &'a Constraints,
    /// The tree before.
    before: &'t Evaluator<'a>,
    /// The tree after.
    after: &'t Checker<'a>,
    /// The references of the tree before.
    index: &'t ReferenceIndex,
    reach: Reach,
}

impl<'a> Tracer<'_, 'a> {
    /// Everything that the changes reach.
    fn trace(mut self, changes: &[Change]) -> Reach {
        for change in changes {
            self.touch(&change.path.steps);
        }
        let mut next = 0;
        while let Some(place) = self.reach.touched.get(next) {
            let followed = Followed::new(self.reach.path(*place).clone(), *place);
            self.follow(followed);
            next += 1;
        }
        self.reach
    }

    fn touch(&mut self, steps: &[PathStep]) {
        let place = self.reach.place(steps);
        self.touch_place(place);
    }

    fn touch_place(&mut self, place: usize) {
        let place = self.reach.mark(place, |marks| &mut marks.is_touched);
        self.reach.touched.extend(place);
    }

    fn structure(&mut self, place: usize) {
        let place = self.reach.mark(place, |marks| &mut marks.is_structure);
        self.reach.structures.extend(place);
    }

    fn follow(&mut self, mut followed: Followed) {
        self.surroundings(&mut followed);
        let mut below = Vec::new();
        self.reaching(followed.path.target(), &mut below);
        let constraints = self.constraints;
        for changed in below {
            for reached in constraints.reached.get(&changed).into_iter().flatten() {
                self.reached(&mut followed, reached);
            }
        }
        for reached in &constraints.reached_by_all {
            let root = followed.place(0, &mut self.reach);
            self.task(reached, root);
        }
    }

    /// The node and its schema descendants from which constraints are reached.
    fn reaching(&self, node: NodeId, found: &mut Vec<NodeId>) {
        if self.constraints.is_relevant.get(index(node)) != Some(&true) {
            return;
        }
        found.push(node);
        for child in self.schema.children(node) {
            self.reaching(*child, found);
        }
    }

    /// The container around a change, and what stands in other cases of the same choices. A non-presence container
    /// comes and goes with its content, so what is around it counts as well.
    fn surroundings(&mut self, followed: &mut Followed) {
        for length in (0..followed.path.steps.len()).rev() {
            let Some((parent, [last, ..])) = followed.path.steps.split_at_checked(length) else { break };
            self.other_cases(parent, last.node);
            let around = parent.last().map_or(NodeId::ROOT, |step| step.node);
            let is_passed_on = self.schema.node(around).is_np_container();
            let comes_or_goes = is_passed_on
                && self.is_stored_in(self.before.root, parent)
                    != self.is_stored_in(self.after.all.root, parent);
            let place = followed.place(length, &mut self.reach);
            self.structure(place);
            if !is_passed_on {
                break;
            }
            if comes_or_goes {
                self.touch_place(place);
            }
        }
    }

    fn is_stored_in(&self, root: &'a Container, steps: &[PathStep]) -> bool {
        Cursor::at(self.schema, root, steps).is_some()
    }

    fn other_cases(&mut self, parent: &[PathStep], node: NodeId) {
        let facts = self.schema.node(node);
        let mut outermost = None;
        let mut at = facts.schema_parent;
        while at != facts.parent {
            outermost = Some(at);
            at = self.schema.node(at).schema_parent;
        }
        if let Some(choice) = outermost {
            self.data_nodes(parent, choice, node);
        }
    }

    /// Touches what can exist by default in a choice or case.
    fn data_nodes(&mut self, parent: &[PathStep], inside: NodeId, except: NodeId) {
        let schema = self.schema;
        for child in &schema.node(inside).schema_children {
            if matches!(schema.node(*child).kind, NodeKind::Choice { .. } | NodeKind::Case) {
                self.data_nodes(parent, *child, except);
            } else if *child != except && self.after.all.can_be_virtual(*child) {
                self.touch_child(parent, *child);
            }
        }
    }

    fn touch_child(&mut self, parent: &[PathStep], child: NodeId) {
        let mut steps = parent.to_vec();
        steps.push(PathStep { node: child, keys: Keys::new() });
        self.touch(&steps);
    }

    fn reached(&mut self, followed: &mut Followed, reached: &Reached) {
        if let Some(via) = reached.via {
            for referrer in self.referrers(&followed.path, via) {
                if let Some(anchor) = prefix(&referrer, reached.anchor) {
                    let anchor = self.reach.place(anchor);
                    self.task(reached, anchor);
                }
            }
        } else if let Some(anchor) = prefix(&followed.path, reached.anchor) {
            let length = anchor.len();
            let anchor = followed.place(length, &mut self.reach);
            self.task(reached, anchor);
        }
    }

    /// The leafs that refer to an entry inside which, or around which, something changed.
    fn referrers(&self, path: &InstancePath, via: Via) -> Vec<InstancePath> {
        let site = self.constraints.sites.get(via.site);
        let Some(target) = site.and_then(|site| site.target.as_ref()) else { return Vec::new() };
        let leafs = match prefix(path, via.entry) {
            Some(entry) => InstancePath { steps: entry.to_vec() }.child(target.node),
            None => path.clone(),
        };
        let mut hashes = HashSet::default();
        for evaluator in [self.before, &self.after.all] {
            let _ = evaluator.visit_at(&leafs, &mut |top| {
                let _ = visit_instances(evaluator, top, target.node, &mut |leaf| {
                    if let Some(value) = leaf.item().value() {
                        let trail = Trail::to(&leaf.path(self.schema));
                        hashes.insert(hash_of(trail.keys_to(target.anchor), value));
                    }
                });
                ON
            });
            evaluator.refill();
        }
        self.index.referrers(self.schema, hashes.into_iter().map(|hash| (via.site, hash)))
    }

    fn task(&mut self, reached: &Reached, anchor: usize) {
        let task = Task { node: reached.node, constraint: reached.constraint, anchor };
        if self.reach.seen_tasks.insert(task) {
            if matches!(task.constraint, ConstraintRef::When(_)) {
                self.conditional(task);
            }
            self.reach.tasks.push(task);
        }
    }

    /// A `when` that may have another outcome now: what it governs may be missing now, or exist by default, or not.
    fn conditional(&mut self, task: Task) {
        let facts = self.schema.node(task.node);
        let mut parents = Vec::new();
        let after = self.after;
        let _ = after.all.visit_at(self.reach.path(task.anchor), &mut |anchor| {
            // The anchor may be the governed node itself, when its condition looks at nothing but itself.
            if anchor.item().node() == task.node {
                parents.extend(anchor.parent().cloned());
            } else {
                let _ = visit_instances(&after.all, anchor, facts.parent, &mut |parent| {
                    parents.push(Rc::new(parent.clone()));
                });
            }
            ON
        });
        after.all.refill();
        for parent in parents {
            let InstancePath { steps } = parent.path(self.schema);
            let place = self.reach.place(&steps);
            self.structure(place);
            let is_stored = parent.item().container().is_some_and(|data| data.get(task.node).is_some());
            if !is_stored && matches!(facts.kind, NodeKind::Choice { .. } | NodeKind::Case) {
                self.data_nodes(&steps, task.node, NodeId::ROOT);
            } else if !is_stored && after.all.can_be_virtual(task.node) {
                self.touch_child(&steps, task.node);
            }
        }
    }
}

/// The part of a path that leads to an instance of a node: an ancestor of the path's target, or the target itself.
fn prefix(path: &InstancePath, node: NodeId) -> Option<&[PathStep]> {
    if node == NodeId::ROOT {
        return Some(&[]);
    }
    let length = path.steps.iter().position(|step| step.node == node)? + 1;
    path.steps.get(..length)
}
