//! Location paths: axes, node tests, predicates, and the short ways to nodes that need no search.
//!
//! Paths are walked depth first and hand each node to a visitor, so that "is there one" stops at the first and
//! `count()` keeps nothing. Only a path that could meet a node twice, or out of document order, is collected step by
//! step instead.

use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::accessible::{ON, SharedParent, Visited};
use super::cursor::{Cursor, Item};
use super::{Context, EvalError, Evaluator, kind};
use crate::yang::schema::NodeId;
use crate::yang::schema::xpath::{Axis, Expr, LocationPath, NodeTest, Step};

/// Paths of more steps are collected step by step: walking depth first takes stack for each.
const MAX_STEPS: usize = 64;

/// What is certain of the nodes at some step of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// At most one.
    One,
    /// Each once, none below another, in document order.
    Flat,
    /// Each once, in no certain order.
    Distinct,
}

/// How the nodes lie that a path reaches from one node; `None`: some perhaps several times.
fn spread(steps: &[Step]) -> Option<Spread> {
    if steps.len() > MAX_STEPS {
        return None;
    }
    steps.iter().try_fold(Spread::One, |before, step| match (before, step.axis) {
        (_, Axis::Attribute | Axis::Namespace | Axis::SelfAxis) => Some(before),
        (Spread::One, Axis::Parent) => Some(Spread::One),
        (Spread::One | Spread::Flat, Axis::Child) => Some(Spread::Flat),
        (Spread::Distinct, Axis::Child) => Some(Spread::Distinct),
        (Spread::Flat, Axis::Descendant | Axis::DescendantOrSelf) => Some(Spread::Distinct),
        (Spread::One, _) => Some(Spread::Distinct),
        _ => None,
    })
}

/// Whether visiting a path meets each node once.
pub(super) fn is_distinct(path: &LocationPath) -> bool {
    spread(&path.steps).is_some()
}

/// Whether visiting a path meets each node once and in document order.
pub(super) fn is_ordered(path: &LocationPath) -> bool {
    matches!(spread(&path.steps), Some(Spread::One | Spread::Flat))
}

impl<'a> Evaluator<'a> {
    /// Where a path starts.
    pub(super) fn start<'c>(path: &LocationPath, context: &Context<'c, 'a>) -> &'c Cursor<'a> {
        if path.absolute { context.node.top() } else { context.node }
    }

    /// Visits what the steps lead to. Nodes may come several times where [`spread`] says so.
    pub(super) fn visit_path(
        &self,
        start: &Cursor<'a>,
        steps: &[Step],
        current: &Cursor<'a>,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        match steps.split_first() {
            None => visit(start),
            Some((step, rest)) => self.visit_step(start, step, current, &mut |found| {
                if rest.is_empty() { visit(found) } else { self.visit_path(found, rest, current, visit) }
            }),
        }
    }

    /// The nodes that the steps lead to from a set of nodes: each once, in document order.
    pub(super) fn collect_path(
        &self,
        start: Vec<Cursor<'a>>,
        steps: &[Step],
        current: &Cursor<'a>,
    ) -> Result<Vec<Cursor<'a>>, EvalError> {
        let mut nodes = start;
        for step in steps {
            let mut found = Vec::new();
            for node in &nodes {
                let _ = self.visit_step(node, step, current, &mut |node| {
                    found.push(node.clone());
                    ON
                })?;
            }
            // A step down from nodes that lie flat keeps their order; anything else is sorted.
            let sorted = nodes.len() <= 1 && matches!(step.axis, Axis::Child | Axis::SelfAxis | Axis::Parent);
            nodes = if sorted { found } else { self.sort(found)? };
        }
        Ok(nodes)
    }

    /// Brings nodes into document order and drops repetitions.
    pub(super) fn sort(&self, mut nodes: Vec<Cursor<'a>>) -> Result<Vec<Cursor<'a>>, EvalError> {
        let count = nodes.len() as u64;
        self.spend(count.saturating_mul(u64::from(count.max(1).ilog2())))?;
        nodes.sort_by(Cursor::document_order);
        nodes.dedup_by(|a, b| a.is_same(b));
        Ok(nodes)
    }

    /// Visits what one step leads to from one node.
    pub(super) fn visit_step(
        &self,
        from: &Cursor<'a>,
        step: &Step,
        current: &Cursor<'a>,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        if step.predicates.is_empty() {
            return self.visit_axis(from, step, visit);
        }
        if let Some(entry) = self.entry_by_key(from, step, current, None)? {
            let Some(entry) = entry else { return ON };
            return if self.fulfils_all(&entry, &step.predicates, current)? { visit(&entry) } else { ON };
        }
        if step.predicates.iter().any(kind::uses_last) {
            let mut found = Vec::new();
            let _ = self.visit_axis(from, step, &mut |node| {
                found.push(node.clone());
                ON
            })?;
            for node in self.filter(found, &step.predicates, current)? {
                if visit(&node)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            return ON;
        }
        let mut positions: SmallVec<[usize; 4]> = SmallVec::from_elem(0, step.predicates.len());
        self.visit_axis(from, step, &mut |node| {
            for (predicate, position) in step.predicates.iter().zip(&mut positions) {
                *position += 1;
                let context = Context { node, current, position: *position, size: 0 };
                if !self.fulfils(predicate, &context)? {
                    return ON;
                }
            }
            visit(node)
        })
    }

    /// Applies predicates one after the other to nodes in the order of their axis.
    pub(super) fn filter(
        &self,
        mut nodes: Vec<Cursor<'a>>,
        predicates: &[Expr],
        current: &Cursor<'a>,
    ) -> Result<Vec<Cursor<'a>>, EvalError> {
        for predicate in predicates {
            let size = nodes.len();
            let mut kept = Vec::new();
            for (index, node) in nodes.into_iter().enumerate() {
                let context = Context { node: &node, current, position: index + 1, size };
                if self.fulfils(predicate, &context)? {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    /// XPath 1.0 section 2.4: a number is a position, anything else is a condition.
    fn fulfils(&self, predicate: &Expr, context: &Context<'_, 'a>) -> Result<bool, EvalError> {
        if kind::of(predicate) == kind::Kind::Number {
            #[allow(clippy::cast_precision_loss, clippy::float_cmp)] // positions are small and exact
            return Ok(self.number_of(predicate, context)? == context.position as f64);
        }
        self.boolean_of(predicate, context)
    }

    /// Whether a node fulfils predicates none of which looks at positions.
    pub(super) fn fulfils_all(
        &self,
        node: &Cursor<'a>,
        predicates: &[Expr],
        current: &Cursor<'a>,
    ) -> Result<bool, EvalError> {
        for predicate in predicates {
            if !self.boolean_of(predicate, &Context { node, current, position: 1, size: 1 })? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn passes(&self, step: &Step, item: &Item<'a>) -> bool {
        match (&step.test, item) {
            (NodeTest::Node, _) => true,
            (NodeTest::Text, Item::Text { .. }) => true,
            (NodeTest::Text | NodeTest::Nothing, _) | (_, Item::Text { .. }) => false,
            (NodeTest::Any(module), item) => {
                item.node() != NodeId::ROOT
                    && module.is_none_or(|module| self.schema.node(item.node()).module == module)
            }
            (NodeTest::Name { .. }, item) => {
                // The operation is what carries the name; its input has none of its own.
                let mut node = self.schema.node(item.node());
                if !node.is_data() && node.id != NodeId::ROOT {
                    node = self.schema.node(node.parent);
                }
                names(&step.test, node.id, self.schema)
            }
        }
    }

    /// Visits the nodes on an axis that pass the node test, in the order of the axis.
    fn visit_axis(
        &self,
        from: &Cursor<'a>,
        step: &Step,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        if step.axis == Axis::Child && !matches!(step.test, NodeTest::Node | NodeTest::Text) {
            return self.visit_named_children(from, step, visit);
        }
        let mut visit = |node: &Cursor<'a>| {
            self.spend(1)?;
            if self.passes(step, &node.item()) { visit(node) } else { ON }
        };
        match step.axis {
            Axis::SelfAxis => visit(from),
            Axis::Child => self.visit_inside(from, &mut visit),
            Axis::Parent => from.parent().map_or(ON, |parent| visit(parent)),
            Axis::Ancestor => self.visit_ancestors(from, &mut visit),
            Axis::AncestorOrSelf => match visit(from)? {
                ControlFlow::Continue(()) => self.visit_ancestors(from, &mut visit),
                stop => Ok(stop),
            },
            Axis::Descendant => self.visit_descendants(from, &mut visit),
            Axis::DescendantOrSelf => self.visit_subtree(from, &mut visit),
            Axis::FollowingSibling => each(self.siblings(from, Side::After)?, &mut visit),
            Axis::PrecedingSibling => each(self.siblings(from, Side::Before)?, &mut visit),
            Axis::Following => self.visit_following(from, &mut visit),
            Axis::Preceding => self.visit_preceding(from, &mut visit),
            Axis::Attribute | Axis::Namespace => ON,
        }
    }

    /// Children by name or `*`: only the schema nodes that can match are looked at.
    fn visit_named_children(
        &self,
        from: &Cursor<'a>,
        step: &Step,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        let Item::Inner { node, data } = from.item() else { return ON };
        let shared = SharedParent::new(from);
        for child in self.matching_children(node, step) {
            let visited = self.visit_child(data, child, &mut || shared.get(), &mut |item| {
                visit(&Cursor::below(&shared.get(), item))
            })?;
            if visited.is_break() {
                return Ok(visited);
            }
        }
        ON
    }

    /// The schema nodes below `parent` that a child step can reach, as far as they are accessible.
    pub(super) fn matching_children<'s>(
        &'s self,
        parent: NodeId,
        step: &'s Step,
    ) -> impl Iterator<Item = NodeId> + 's {
        let bound = step.targets.as_deref();
        let candidates = bound.unwrap_or_else(|| self.schema.children(parent));
        candidates.iter().copied().filter(move |child| {
            let passes = match bound {
                Some(_) => self.schema.node(*child).parent == parent,
                None => names(&step.test, *child, self.schema),
            };
            passes && self.is_accessible(*child)
        })
    }

    /// All children; a leaf's is its text.
    fn visit_inside(&self, from: &Cursor<'a>, visit: &mut dyn FnMut(&Cursor<'a>) -> Visited) -> Visited {
        match from.item() {
            Item::Leaf { node, value } => {
                let parent = SharedParent::new(from);
                visit(&Cursor::below(&parent.get(), Item::Text { node, value }))
            }
            _ => self.visit_children(from, &mut |child| visit(&child)),
        }
    }

    fn visit_ancestors(&self, from: &Cursor<'a>, visit: &mut dyn FnMut(&Cursor<'a>) -> Visited) -> Visited {
        let mut at = from.parent();
        while let Some(node) = at {
            if visit(node)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            at = node.parent();
        }
        ON
    }

    /// A node and everything below it, in document order. Recursion ends with the depth of the schema.
    pub(super) fn visit_subtree(
        &self,
        from: &Cursor<'a>,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        if visit(from)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.visit_descendants(from, visit)
    }

    fn visit_descendants(&self, from: &Cursor<'a>, visit: &mut dyn FnMut(&Cursor<'a>) -> Visited) -> Visited {
        self.visit_inside(from, &mut |child| self.visit_subtree(child, visit))
    }

    fn siblings(&self, from: &Cursor<'a>, side: Side) -> Result<Vec<Cursor<'a>>, EvalError> {
        let Some(parent) = from.parent() else { return Ok(Vec::new()) };
        let mut before = Vec::new();
        let mut after = Vec::new();
        let mut seen = false;
        let _ = self.visit_inside(parent, &mut |child| {
            if child.is_same(from) {
                seen = true;
            } else if seen && side == Side::After {
                after.push(child.clone());
            } else if !seen && side == Side::Before {
                before.push(child.clone());
            } else if seen && side == Side::Before {
                return Ok(ControlFlow::Break(()));
            }
            ON
        })?;
        before.reverse();
        Ok(if side == Side::After { after } else { before })
    }

    fn visit_following(&self, from: &Cursor<'a>, visit: &mut dyn FnMut(&Cursor<'a>) -> Visited) -> Visited {
        let mut at = Some(from);
        while let Some(node) = at {
            for sibling in self.siblings(node, Side::After)? {
                if self.visit_subtree(&sibling, visit)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            at = node.parent().map(AsRef::as_ref);
        }
        ON
    }

    fn visit_preceding(&self, from: &Cursor<'a>, visit: &mut dyn FnMut(&Cursor<'a>) -> Visited) -> Visited {
        let mut at = Some(from);
        while let Some(node) = at {
            for sibling in self.siblings(node, Side::Before)? {
                let mut subtree = Vec::new();
                let _ = self.visit_subtree(&sibling, &mut |node| {
                    self.spend(1)?;
                    subtree.push(node.clone());
                    ON
                })?;
                subtree.reverse();
                if each(subtree, visit)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            at = node.parent().map(AsRef::as_ref);
        }
        ON
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

fn each<'a>(nodes: Vec<Cursor<'a>>, visit: &mut dyn FnMut(&Cursor<'a>) -> Visited) -> Visited {
    for node in nodes {
        if visit(&node)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    ON
}

/// Whether a schema node has the name that a test asks for.
fn names(test: &NodeTest, node: NodeId, schema: &crate::yang::schema::Schema) -> bool {
    let node = schema.node(node);
    match test {
        NodeTest::Name { module, name } => {
            node.name == *name && module.is_none_or(|module| node.module == module)
        }
        NodeTest::Any(module) => module.is_none_or(|module| node.module == module),
        NodeTest::Node => true,
        NodeTest::Text | NodeTest::Nothing => false,
    }
}
