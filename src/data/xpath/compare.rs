//! Comparison: the rules of XPath 1.0 section 3.4, and on top of them what the types of leafs mean.
//!
//! - A boolean leaf against `true()` or `false()`: by its value (XPath would only ask whether the leaf exists).
//! - A leaf of a duration or date-and-time against another such leaf or a text of that form: by length or instant, also
//!   with `<` and `>` (XPath would make numbers of them, which they are not).
//! - Two whole numbers: exactly, beyond the 53 bits of XPath's numbers.
//! - An identityref against a text: by the identity's name, alone or with its module's name or prefix before it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::accessible::ON;
use super::cursor::Item;
use super::kind::{self, Kind};
use super::{Context, Cursor, EvalError, Evaluator, text};
use crate::base::duration::Duration;
use crate::yang::schema::types::{Format, Type, TypeKind};
use crate::yang::schema::value::IdentityName;
use crate::yang::schema::xpath::{Comparison, Expr};
use crate::yang::schema::{NodeId, Value};

/// One side of a comparison of single things.
enum Operand<'x> {
    Leaf(NodeId, &'x Value),
    Text(Cow<'x, str>),
    Number(f64),
}

impl Operand<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Operand::Leaf(_, value) => text::of_value(value),
            Operand::Text(text) => Cow::Borrowed(text),
            Operand::Number(number) => Cow::Owned(text::from_number(*number)),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Operand::Leaf(_, value) => text::number_of_value(value),
            Operand::Text(text) => text::to_number(text),
            Operand::Number(number) => *number,
        }
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn compare(
        &self,
        comparison: Comparison,
        left: &Expr,
        right: &Expr,
        context: &Context<'_, 'a>,
    ) -> Result<bool, EvalError> {
        match (kind::of(left), kind::of(right)) {
            (Kind::Nodes, Kind::Nodes) => self.compare_node_sets(comparison, left, right, context),
            (Kind::Nodes, other) => self.compare_nodes(comparison, left, right, other, context),
            (other, Kind::Nodes) => self.compare_nodes(mirrored(comparison), right, left, other, context),
            (a, b) => self.compare_scalars(comparison, (left, a), (right, b), context),
        }
    }

    fn compare_scalars(
        &self,
        comparison: Comparison,
        (left, left_kind): (&Expr, Kind),
        (right, right_kind): (&Expr, Kind),
        context: &Context<'_, 'a>,
    ) -> Result<bool, EvalError> {
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if is_equality && (left_kind == Kind::Boolean || right_kind == Kind::Boolean) {
            let left = self.boolean_of(left, context)?;
            let right = self.boolean_of(right, context)?;
            return Ok(decide(comparison, left.cmp(&right)));
        }
        if is_equality && left_kind == Kind::Text && right_kind == Kind::Text {
            let left = self.text_of(left, context)?;
            let right = self.text_of(right, context)?;
            return Ok(decide(comparison, left.cmp(&right)));
        }
        let left = self.number_of(left, context)?;
        let right = self.number_of(right, context)?;
        Ok(decide_numbers(comparison, left, right))
    }

    /// A node-set against a single thing: true if it is true of one node.
    fn compare_nodes(
        &self,
        comparison: Comparison,
        nodes: &Expr,
        other: &Expr,
        other_kind: Kind,
        context: &Context<'_, 'a>,
    ) -> Result<bool, EvalError> {
        let other = match other_kind {
            Kind::Boolean => return self.compare_with_boolean(comparison, nodes, other, context),
            Kind::Number => Operand::Number(self.number_of(other, context)?),
            _ => Operand::Text(self.text_of(other, context)?),
        };
        let visited = self.visit_values_of(nodes, context, &mut |item, cursor| {
            let own = self.operand(item, cursor)?;
            Ok(if self.test(comparison, &own, &other) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(visited.is_break())
    }

    fn compare_with_boolean(
        &self,
        comparison: Comparison,
        nodes: &Expr,
        other: &Expr,
        context: &Context<'_, 'a>,
    ) -> Result<bool, EvalError> {
        let other = self.boolean_of(other, context)?;
        let mut exists = false;
        let mut has_booleans = false;
        let visited = self.visit_items_of(nodes, context, &mut |item| {
            exists = true;
            if let Some(Value::Bool(value)) = item.value() {
                has_booleans = true;
                if decide(comparison, value.cmp(&other)) {
                    return Ok(ControlFlow::Break(()));
                }
            }
            ON
        })?;
        Ok(visited.is_break() || (!has_booleans && decide(comparison, exists.cmp(&other))))
    }

    /// Two node-sets: true if it is true of one pair.
    fn compare_node_sets(
        &self,
        comparison: Comparison,
        left: &Expr,
        right: &Expr,
        context: &Context<'_, 'a>,
    ) -> Result<bool, EvalError> {
        let mut others: SmallVec<[Operand<'a>; 2]> = SmallVec::new();
        let _ = self.visit_values_of(right, context, &mut |item, cursor| {
            others.push(self.operand(item, cursor)?);
            ON
        })?;
        if others.is_empty() {
            return Ok(false);
        }
        let visited = self.visit_values_of(left, context, &mut |item, cursor| {
            let own = self.operand(item, cursor)?;
            for other in &others {
                self.spend(1)?;
                if self.test(comparison, &own, other) {
                    return Ok(ControlFlow::Break(()));
                }
            }
            ON
        })?;
        Ok(visited.is_break())
    }

    fn operand(&self, item: Item<'a>, cursor: Option<&Cursor<'a>>) -> Result<Operand<'a>, EvalError> {
        Ok(match (item, cursor) {
            (Item::Leaf { node, value } | Item::Text { node, value }, _) => Operand::Leaf(node, value),
            (_, Some(cursor)) => Operand::Text(self.string_value(cursor)?),
            (_, None) => Operand::Text(Cow::Borrowed("")),
        })
    }

    fn test(&self, comparison: Comparison, left: &Operand<'_>, right: &Operand<'_>) -> bool {
        if let Some(ordering) = self.typed_order(left, right) {
            return decide(comparison, ordering);
        }
        match comparison {
            Comparison::Equal | Comparison::NotEqual => {
                let equal = match (left, right) {
                    #[allow(clippy::float_cmp)] // XPath compares numbers exactly
                    (Operand::Number(number), other) | (other, Operand::Number(number)) => {
                        *number == other.number()
                    }
                    (Operand::Leaf(_, Value::Identity(identity)), Operand::Text(text))
                    | (Operand::Text(text), Operand::Leaf(_, Value::Identity(identity))) => {
                        self.is_identity(identity, text)
                    }
                    (Operand::Leaf(_, a), Operand::Leaf(_, b)) if a == b => true,
                    _ => left.text() == right.text(),
                };
                equal == (comparison == Comparison::Equal)
            }
            _ => decide_numbers(comparison, left.number(), right.number()),
        }
    }

    /// The order of two operands where their types give one.
    fn typed_order(&self, left: &Operand<'_>, right: &Operand<'_>) -> Option<Ordering> {
        let format = match (left, right) {
            (
                Operand::Leaf(_, Value::Int(_) | Value::Uint(_)),
                Operand::Leaf(_, Value::Int(_) | Value::Uint(_)),
            ) => {
                return Some(whole(left)?.cmp(&whole(right)?));
            }
            (
                Operand::Leaf(node, Value::String(text)),
                Operand::Text(_) | Operand::Leaf(_, Value::String(_)),
            )
            | (Operand::Text(_), Operand::Leaf(node, Value::String(text))) => {
                self.format(*node, text).or_else(|| match right {
                    Operand::Leaf(node, Value::String(text)) => self.format(*node, text),
                    _ => None,
                })?
            }
            _ => return None,
        };
        match format {
            Format::Duration => {
                let length = |operand: &Operand<'_>| operand.text().parse::<Duration>().ok();
                Some(length(left)?.cmp(&length(right)?))
            }
            Format::DateAndTime => {
                let instant = |operand: &Operand<'_>| operand.text().parse::<jiff::Timestamp>().ok();
                Some(instant(left)?.cmp(&instant(right)?))
            }
            Format::Spelling(_) => None,
        }
    }

    fn format(&self, node: NodeId, text: &str) -> Option<Format> {
        format_of(self.schema.node(node).ty()?.effective(), text)
    }

    /// Whether a text names an identity: `name`, `module:name` or `prefix:name` with the module's own prefix.
    fn is_identity(&self, identity: &IdentityName, text: &str) -> bool {
        match text.split_once(':') {
            None => identity.name == *text,
            Some((qualifier, name)) => {
                identity.name == *name
                    && (identity.module == *qualifier
                        || self
                            .schema
                            .module_by_name(&identity.module)
                            .is_some_and(|module| self.schema.module(module).prefix == *qualifier))
            }
        }
    }
}

/// The format of a type; in a union, of the first member of which the text can be a value.
fn format_of(ty: &Type, text: &str) -> Option<Format> {
    match &ty.kind {
        TypeKind::Union { members } => members
            .iter()
            .filter_map(|member| format_of(member.effective(), text))
            .find(|format| match format {
                Format::Duration => text.parse::<Duration>().is_ok(),
                Format::DateAndTime => text.parse::<jiff::Timestamp>().is_ok(),
                Format::Spelling(_) => false,
            }),
        _ => ty.format,
    }
}

fn whole(operand: &Operand<'_>) -> Option<i128> {
    match operand {
        Operand::Leaf(_, Value::Int(number)) => Some(i128::from(*number)),
        Operand::Leaf(_, Value::Uint(number)) => Some(i128::from(*number)),
        _ => None,
    }
}

/// The comparison with its sides exchanged.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

fn decide(comparison: Comparison, ordering: Ordering) -> bool {
    match comparison {
        Comparison::Equal => ordering == Ordering::Equal,
        Comparison::NotEqual => ordering != Ordering::Equal,
        Comparison::Less => ordering == Ordering::Less,
        Comparison::LessOrEqual => ordering != Ordering::Greater,
        Comparison::Greater => ordering == Ordering::Greater,
        Comparison::GreaterOrEqual => ordering != Ordering::Less,
    }
}

fn decide_numbers(comparison: Comparison, left: f64, right: f64) -> bool {
    match left.partial_cmp(&right) {
        Some(ordering) => decide(comparison, ordering),
        None => comparison == Comparison::NotEqual,
    }
}
