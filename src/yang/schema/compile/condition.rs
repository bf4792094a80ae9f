//! Circles of `when`: a condition must not depend on a node that is there only if the condition holds, itself or by way of
//! other conditions (RFC 7950 section 7.21.5).

use crate::base::diagnostic::{Diagnostic, Span};
use crate::base::hashed::HashMap;
use crate::yang::schema::xpath::{Axis, Expr, NodeTest, Step};
use crate::yang::schema::{NodeId, Schema};
use crate::yang::syntax::statement::Statement;

/// What the conditions of a schema look at.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    /// Governed nodes in the order in which they came, with a condition each and the nodes that it names.
    rows: Vec<(NodeId, Span, Vec<NodeId>)>,
}

impl Conditions {
    /// A condition that governs a node.
    pub fn add(&mut self, node: NodeId, when: &Statement, condition: &Expr) {
        let mut named = Vec::new();
        expression(condition, &mut named);
        if !named.is_empty() {
            self.rows.push((node, when.head_span(), named));
        }
    }

    /// An error for every circle.
    pub fn circles(&self, schema: &Schema) -> Vec<Diagnostic> {
        let mut rows_of: HashMap<NodeId, Vec<usize>> = HashMap::default();
        for (index, (node, ..)) in self.rows.iter().enumerate() {
            rows_of.entry(*node).or_default().push(index);
        }
        let mut walk =
            Walk { conditions: self, rows_of, states: HashMap::default(), schema, found: Vec::new() };
        for (node, ..) in &self.rows {
            walk.visit(*node);
        }
        walk.found
    }
}

/// How far the search has come with a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is on the way that is being followed.
    Open,
    /// Nothing that it depends on leads back to it.
    Done,
}

struct Walk<'c> {
    conditions: &'c Conditions,
    rows_of: HashMap<NodeId, Vec<usize>>,
    states: HashMap<NodeId, State>,
    schema: &'c Schema,
    found: Vec<Diagnostic>,
}

impl Walk<'_> {
    /// Follows what the conditions of a node depend on; the way is kept on the heap, for chains may be long.
    fn visit(&mut self, start: NodeId) {
        let mut way: Vec<(NodeId, Vec<(NodeId, Span)>)> = Vec::new();
        self.open(start, &mut way);
        while let Some((node, rest)) = way.last_mut() {
            let Some((next, at)) = rest.pop() else {
                self.states.insert(*node, State::Done);
                way.pop();
                continue;
            };
            match self.states.get(&next) {
                Some(State::Done) => {}
                Some(State::Open) => {
                    let from = way.iter().position(|(node, _)| *node == next).unwrap_or_default();
                    let mut chain: Vec<String> =
                        way.iter().skip(from).map(|(node, _)| self.schema.path(*node)).collect();
                    chain.push(self.schema.path(next));
                    let message = format!("the condition depends on itself: {}", chain.join(" -> "));
                    self.found.push(Diagnostic::error("Y0365", at, message).note(
                        "whether a node is there must not depend on whether it is there (RFC 7950 section 7.21.5)",
                    ));
                }
                None => self.open(next, &mut way),
            }
        }
    }

    fn open(&mut self, node: NodeId, way: &mut Vec<(NodeId, Vec<(NodeId, Span)>)>) {
        if self.states.contains_key(&node) {
            return;
        }
        let Some(rows) = self.rows_of.get(&node) else {
            self.states.insert(node, State::Done);
            return;
        };
        self.states.insert(node, State::Open);
        let rows = rows.iter().filter_map(|index| self.conditions.rows.get(*index));
        let next = rows.flat_map(|(_, at, named)| named.iter().map(|named| (*named, *at))).collect();
        way.push((node, next));
    }
}

/// The nodes that an expression names. `*` and `//` alone name none: that a search passes a node is no dependence on it.
fn expression(expr: &Expr, named: &mut Vec<NodeId>) {
    match expr {
        Expr::Or(left, right)
        | Expr::And(left, right)
        | Expr::Compare(_, left, right)
        | Expr::Arithmetic(_, left, right)
        | Expr::Union(left, right) => {
            expression(left, named);
            expression(right, named);
        }
        Expr::Negate(inner) => expression(inner, named),
        Expr::Number(_) | Expr::Literal(_) => {}
        Expr::Call(_, arguments) => arguments.iter().for_each(|argument| expression(argument, named)),
        Expr::Path(path) => steps(&path.steps, named),
        Expr::Filter { primary, predicates, steps: behind } => {
            expression(primary, named);
            predicates.iter().for_each(|predicate| expression(predicate, named));
            steps(behind, named);
        }
    }
}

fn steps(steps: &[Step], named: &mut Vec<NodeId>) {
    for step in steps {
        let upwards =
            matches!(step.axis, Axis::Parent | Axis::Ancestor | Axis::AncestorOrSelf | Axis::SelfAxis);
        if let (NodeTest::Name { .. }, Some(targets), false) = (&step.test, &step.targets, upwards) {
            named.extend(targets);
        }
        step.predicates.iter().for_each(|predicate| expression(predicate, named));
    }
}
