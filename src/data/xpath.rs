//! The XPath 1.0 evaluator: `must`, `when`, leafref paths, `where` and `filter` over the accessible tree of RFC 7950
//! section 6.4.1.
//!
//! Expressions come compiled ([`Expression`]): names are bound to schema nodes, so that a child leaf is fetched by its
//! id. No evaluation allocates for such an operand. Every node that is looked at costs a step of a budget, and nesting
//! is bounded, so that a hostile expression ends in an error and not in a stalled server.
//!
//! Beyond XPath 1.0, leafs compare by the meaning of their type: see [`compare`].

pub(super) mod accessible;
mod axis;
mod compare;
mod cursor;
mod function;
mod keyed;
mod kind;
mod pattern;
mod reference;
mod text;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;

pub use cursor::{Cursor, Item};

use self::accessible::{ON, Visited};
use self::kind::Kind;
use crate::data::tree::Container;
use crate::yang::schema::xpath::{Axis, Expr, Expression, Function, LocationPath, NodeTest, Step};
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// Steps that an evaluation may take unless somebody says otherwise: a fraction of a second.
pub const DEFAULT_BUDGET: u64 = 20_000_000;

/// How deep operators, calls and predicates may nest at run time; chains of `and` and `or` count once.
const MAX_DEPTH: u32 = 100;

/// Why an expression has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// It looked at more nodes than its budget allows.
    #[error("the expression needs more than {steps} steps over this data")]
    TooExpensive {
        /// The budget.
        steps: u64,
    },
    /// It nests too deep.
    #[error("the expression nests more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// A function was given something that it cannot take: too few arguments, or no node-set.
    #[error("{0}")]
    BadArgument(String),
    /// The pattern of `re-match` is not a regular expression.
    #[error("'{pattern}' is not a pattern: {reason}")]
    BadPattern {
        /// The pattern, shortened.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Evaluates expressions over one tree. Its budget covers everything that it is asked; one evaluator serves all entries
/// of a `where`.
pub struct Evaluator<'a> {
    pub(super) schema: &'a Schema,
    pub(super) root: &'a Container,
    pub(super) sees_state: bool,
    budget: u64,
    left: Cell<u64>,
    depth: Cell<u32>,
    /// Nodes whose `when` is being worked out, with their parents.
    in_question: RefCell<Vec<(NodeId, Rc<Cursor<'a>>)>>,
    patterns: pattern::Recent,
}

/// What an expression is evaluated for.
#[derive(Clone, Copy)]
struct Context<'c, 'a> {
    node: &'c Cursor<'a>,
    /// What `current()` returns (RFC 7950 section 10.1.1).
    current: &'c Cursor<'a>,
    position: usize,
    /// What `last()` returns; right only where a predicate asks for it.
    size: usize,
}

impl<'a> Evaluator<'a> {
    /// An evaluator over configuration and stored state, with [`DEFAULT_BUDGET`].
    pub fn new(schema: &'a Schema, root: &'a Container) -> Self {
        Evaluator {
            schema,
            root,
            sees_state: true,
            budget: DEFAULT_BUDGET,
            left: Cell::new(DEFAULT_BUDGET),
            depth: Cell::new(0),
            in_question: RefCell::new(Vec::new()),
            patterns: pattern::Recent::default(),
        }
    }

    /// The same with configuration only: what constraints on configuration may see (RFC 7950 section 6.4.1).
    #[must_use]
    pub fn config_only(mut self) -> Self {
        self.sees_state = false;
        self
    }

    /// The same with another budget, in nodes looked at.
    #[must_use]
    pub fn with_budget(mut self, steps: u64) -> Self {
        self.budget = steps;
        self.left.set(steps);
        self
    }

    /// Makes the whole budget available again: for the next of many evaluations that each have their own.
    pub fn refill(&self) {
        self.left.set(self.budget);
    }

    /// Whether the expression is true of a node.
    ///
    /// # Errors
    /// [`EvalError`], foremost [`EvalError::TooExpensive`].
    pub fn matches(&self, expression: &Expression, node: &Cursor<'a>) -> Result<bool, EvalError> {
        self.boolean_of(&expression.root, &Context { node, current: node, position: 1, size: 1 })
    }

    /// The expression as a string, seen from a node.
    ///
    /// # Errors
    /// As [`Evaluator::matches`].
    pub fn string(&self, expression: &Expression, node: &Cursor<'a>) -> Result<String, EvalError> {
        let context = Context { node, current: node, position: 1, size: 1 };
        self.text_of(&expression.root, &context).map(Cow::into_owned)
    }

    /// The expression as a number, seen from a node.
    ///
    /// # Errors
    /// As [`Evaluator::matches`].
    pub fn number(&self, expression: &Expression, node: &Cursor<'a>) -> Result<f64, EvalError> {
        self.number_of(&expression.root, &Context { node, current: node, position: 1, size: 1 })
    }

    /// The nodes that the expression leads to from a node, in document order.
    ///
    /// # Errors
    /// As [`Evaluator::matches`]; [`EvalError::BadArgument`] when it is not a node-set.
    pub fn nodes(&self, expression: &Expression, node: &Cursor<'a>) -> Result<Vec<Cursor<'a>>, EvalError> {
        self.nodes_of(&expression.root, &Context { node, current: node, position: 1, size: 1 })
    }

    /// Takes steps from the budget.
    pub(super) fn spend(&self, steps: u64) -> Result<(), EvalError> {
        match self.left.get().checked_sub(steps) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.left.set(0);
                Err(EvalError::TooExpensive { steps: self.budget })
            }
        }
    }

    /// Runs something one level deeper.
    fn deeper<T>(&self, run: impl FnOnce() -> Result<T, EvalError>) -> Result<T, EvalError> {
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return Err(EvalError::TooDeep);
        }
        self.spend(1)?;
        self.depth.set(depth + 1);
        let outcome = run();
        self.depth.set(depth);
        outcome
    }

    fn boolean_of(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<bool, EvalError> {
        match expr {
            Expr::Or(..) | Expr::And(..) => self.deeper(|| self.junction(expr, context)),
            Expr::Compare(comparison, left, right) => {
                self.deeper(|| self.compare(*comparison, left, right, context))
            }
            Expr::Literal(text) => Ok(!text.is_empty()),
            _ => match kind::of(expr) {
                Kind::Nodes => self.exists(expr, context),
                Kind::Number => {
                    let number = self.number_of(expr, context)?;
                    Ok(number != 0.0 && !number.is_nan())
                }
                Kind::Text => Ok(!self.text_of(expr, context)?.is_empty()),
                Kind::Boolean => match expr {
                    Expr::Call(function, arguments) => {
                        self.deeper(|| self.call_boolean(*function, arguments, context))
                    }
                    _ => Ok(false),
                },
            },
        }
    }

    /// A chain of `and` or of `or`, from its first operand on. Chains lean to the left and may be long, so this walks
    /// them without recursion.
    fn junction(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<bool, EvalError> {
        let stops_at = matches!(expr, Expr::Or(..));
        let mut operands = Vec::new();
        let mut at = expr;
        loop {
            match at {
                Expr::Or(left, right) if stops_at => {
                    operands.push(&**right);
                    at = left;
                }
                Expr::And(left, right) if !stops_at => {
                    operands.push(&**right);
                    at = left;
                }
                first => {
                    operands.push(first);
                    break;
                }
            }
        }
        for operand in operands.into_iter().rev() {
            if self.boolean_of(operand, context)? == stops_at {
                return Ok(stops_at);
            }
        }
        Ok(!stops_at)
    }

    fn number_of(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<f64, EvalError> {
        use crate::yang::schema::xpath::Arithmetic;
        match expr {
            Expr::Number(number) => Ok(*number),
            Expr::Negate(operand) => self.deeper(|| Ok(-self.number_of(operand, context)?)),
            Expr::Arithmetic(operator, left, right) => self.deeper(|| {
                let left = self.number_of(left, context)?;
                let right = self.number_of(right, context)?;
                Ok(match operator {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                    Arithmetic::Divide => left / right,
                    Arithmetic::Modulo => left % right,
                })
            }),
            Expr::Call(function, arguments) if kind::of_call(*function) == Kind::Number => {
                self.deeper(|| self.call_number(*function, arguments, context))
            }
            _ => match kind::of(expr) {
                Kind::Boolean => Ok(f64::from(u8::from(self.boolean_of(expr, context)?))),
                _ => Ok(text::to_number(&self.text_of(expr, context)?)),
            },
        }
    }

    fn text_of<'x>(&self, expr: &'x Expr, context: &Context<'_, 'a>) -> Result<Cow<'x, str>, EvalError>
    where
        'a: 'x,
    {
        match expr {
            Expr::Literal(text) => Ok(Cow::Borrowed(text)),
            Expr::Call(function, arguments) if kind::of_call(*function) == Kind::Text => {
                self.deeper(|| self.call_text(*function, arguments, context))
            }
            _ => match kind::of(expr) {
                Kind::Nodes => self.first_text(expr, context),
                Kind::Boolean => {
                    Ok(Cow::Borrowed(if self.boolean_of(expr, context)? { "true" } else { "false" }))
                }
                _ => Ok(Cow::Owned(text::from_number(self.number_of(expr, context)?))),
            },
        }
    }

    /// The string-value of the node that comes first in document order; empty for none.
    fn first_text(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<Cow<'a, str>, EvalError> {
        if !is_ordered(expr) {
            return match self.nodes_of(expr, context)?.first() {
                Some(first) => self.string_value(first),
                None => Ok(Cow::Borrowed("")),
            };
        }
        let mut text = Cow::Borrowed("");
        let _ = self.visit_values_of(expr, context, &mut |item, cursor| {
            text = match (item.value(), cursor) {
                (Some(value), _) => text::of_value(value),
                (None, Some(cursor)) => self.string_value(cursor)?,
                (None, None) => Cow::Borrowed(""),
            };
            Ok(ControlFlow::Break(()))
        })?;
        Ok(text)
    }

    /// XPath 1.0 section 5: a leaf's text; for an inner node the texts of all leafs inside it, one after the other.
    fn string_value(&self, cursor: &Cursor<'a>) -> Result<Cow<'a, str>, EvalError> {
        if let Some(value) = cursor.item().value() {
            return Ok(text::of_value(value));
        }
        let mut text = String::new();
        let _ = self.visit_subtree(cursor, &mut |node| {
            if let Item::Leaf { value, .. } = node.item() {
                text.push_str(&text::of_value(value));
            }
            ON
        })?;
        Ok(Cow::Owned(text))
    }

    fn exists(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<bool, EvalError> {
        Ok(self.visit_items_of(expr, context, &mut |_| Ok(ControlFlow::Break(())))?.is_break())
    }

    fn count(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<u64, EvalError> {
        if !is_distinct(expr) {
            return Ok(self.nodes_of(expr, context)?.len() as u64);
        }
        let mut count = 0;
        let _ = self.visit_items_of(expr, context, &mut |_| {
            count += 1;
            ON
        })?;
        Ok(count)
    }

    /// Visits the nodes of a node-set for their existence alone.
    fn visit_items_of(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
        visit: &mut dyn FnMut(Item<'a>) -> Visited,
    ) -> Visited {
        if let Expr::Path(path) = expr
            && let Some((from, steps)) = self.plain(path, context, false)
        {
            return self.visit_plain(from.item(), steps, visit);
        }
        self.visit_nodes_of(expr, context, &mut |node| visit(node.item()))
    }

    /// Visits the nodes of a node-set for their string-values. The cursor is there for every node without a value of
    /// its own.
    fn visit_values_of(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
        visit: &mut dyn FnMut(Item<'a>, Option<&Cursor<'a>>) -> Visited,
    ) -> Visited {
        if let Expr::Path(path) = expr
            && let Some((from, steps)) = self.plain(path, context, true)
        {
            if steps.is_empty() {
                return visit(from.item(), Some(from));
            }
            return self.visit_plain(from.item(), steps, &mut |item| visit(item, None));
        }
        self.visit_nodes_of(expr, context, &mut |node| visit(node.item(), Some(node)))
    }

    /// Visits the nodes of a node-set, each once; in document order where [`is_ordered`] says so.
    fn visit_nodes_of(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        match expr {
            Expr::Path(path) if axis::is_distinct(path) => self
                .deeper(|| self.visit_path(Self::start(path, context), &path.steps, context.current, visit)),
            _ => {
                for node in self.nodes_of(expr, context)? {
                    if visit(&node)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                ON
            }
        }
    }

    /// All nodes of a node-set in document order.
    fn nodes_of(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<Vec<Cursor<'a>>, EvalError> {
        self.deeper(|| match expr {
            Expr::Path(path) if axis::is_ordered(path) => {
                let mut found = Vec::new();
                let start = Self::start(path, context);
                let _ = self.visit_path(start, &path.steps, context.current, &mut |node| {
                    found.push(node.clone());
                    ON
                })?;
                Ok(found)
            }
            Expr::Path(path) => {
                let start = Self::start(path, context).clone();
                self.collect_path(vec![start], &path.steps, context.current)
            }
            Expr::Union(left, right) => {
                let mut nodes = self.nodes_of(left, context)?;
                nodes.extend(self.nodes_of(right, context)?);
                self.sort(nodes)
            }
            Expr::Filter { primary, predicates, steps } => {
                let nodes = self.nodes_of(primary, context)?;
                let nodes = self.filter(nodes, predicates, context.current)?;
                self.collect_path(nodes, steps, context.current)
            }
            Expr::Call(Function::Current, _) => Ok(vec![context.current.clone()]),
            Expr::Call(Function::Deref, arguments) => match arguments.first() {
                Some(argument) => match self.nodes_of(argument, context)?.first() {
                    Some(first) => self.deref(first),
                    None => Ok(Vec::new()),
                },
                None => Err(EvalError::BadArgument("deref() takes a node-set".to_owned())),
            },
            Expr::Call(Function::Id, _) => Ok(Vec::new()),
            _ => Err(EvalError::BadArgument("a node-set is expected".to_owned())),
        })
    }

    /// Splits a path that can be followed without cursors: up some levels, then down by name, nothing conditional.
    /// With `to_leafs` it must end in leafs, or where it starts.
    fn plain<'c, 'p>(
        &self,
        path: &'p LocationPath,
        context: &Context<'c, 'a>,
        to_leafs: bool,
    ) -> Option<(&'c Cursor<'a>, &'p [Step])> {
        let mut from = Self::start(path, context);
        let mut steps = path.steps.as_slice();
        while let Some((step, rest)) = steps.split_first()
            && step.test == NodeTest::Node
            && step.predicates.is_empty()
        {
            match step.axis {
                Axis::Parent => from = from.parent()?,
                Axis::SelfAxis => {}
                _ => break,
            }
            steps = rest;
        }
        let is_plain = |step: &Step| {
            step.axis == Axis::Child
                && step.predicates.is_empty()
                && step
                    .targets
                    .as_ref()
                    .is_some_and(|targets| targets.iter().all(|id| !self.is_conditional(*id)))
        };
        let ends_in_leafs = |step: &Step| {
            step.targets.iter().flatten().all(|id| {
                matches!(self.schema.node(*id).kind, NodeKind::Leaf { .. } | NodeKind::LeafList { .. })
            })
        };
        let fits = steps.iter().all(is_plain) && (!to_leafs || steps.last().is_none_or(ends_in_leafs));
        fits.then_some((from, steps))
    }

    fn visit_plain(
        &self,
        from: Item<'a>,
        steps: &[Step],
        visit: &mut dyn FnMut(Item<'a>) -> Visited,
    ) -> Visited {
        let Some((step, rest)) = steps.split_first() else { return visit(from) };
        let Item::Inner { node, data } = from else { return ON };
        for child in self.matching_children(node, step) {
            // Nothing on a plain path is conditional, so the parent is not asked for.
            let mut parent = || Rc::new(Cursor::root(self.root));
            let visited = self.visit_child(data, child, &mut parent, &mut |item| {
                if rest.is_empty() { visit(item) } else { self.visit_plain(item, rest, visit) }
            })?;
            if visited.is_break() {
                return Ok(visited);
            }
        }
        ON
    }
}

/// Whether visiting the nodes of an expression meets each once and in document order.
fn is_ordered(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => axis::is_ordered(path),
        _ => true,
    }
}

/// Whether visiting the nodes of an expression meets each once without collecting them first.
fn is_distinct(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if axis::is_distinct(path))
}
