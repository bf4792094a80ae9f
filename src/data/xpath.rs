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
mod conditions;
mod cursor;
mod function;
mod keyed;
mod kind;
mod operand;
mod pattern;
pub(super) mod reference;
mod text;

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub use cursor::{Cursor, Item};

use self::kind::Kind;
use crate::data::tree::Container;
use crate::yang::schema::xpath::{Expr, Expression};
use crate::yang::schema::{NodeId, Schema};

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
    pub(super) sees_secrets: bool,
    budget: u64,
    left: Cell<u64>,
    depth: Cell<u32>,
    /// The operation or notification whose content is part of the tree.
    invoked: Option<Invoked<'a>>,
    /// Nodes whose `when` is being worked out, with their parents.
    in_question: RefCell<Vec<(NodeId, Rc<Cursor<'a>>)>>,
    conditions: conditions::Known,
    patterns: pattern::Recent,
}

/// An operation or notification in the accessible tree.
#[derive(Clone, Copy)]
pub(super) struct Invoked<'a> {
    /// The operation or notification.
    pub node: NodeId,
    /// What it is bound to, where that is stored.
    pub holder: Option<&'a Container>,
    /// Its input or output; for a notification its content.
    pub content: &'a Container,
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
            sees_secrets: true,
            budget: DEFAULT_BUDGET,
            left: Cell::new(DEFAULT_BUDGET),
            depth: Cell::new(0),
            invoked: None,
            in_question: RefCell::new(Vec::new()),
            conditions: conditions::Known::default(),
            patterns: pattern::Recent::default(),
        }
    }

    /// The same with configuration only: what constraints on configuration may see (RFC 7950 section 6.4.1).
    #[must_use]
    pub fn config_only(mut self) -> Self {
        self.sees_state = false;
        self
    }

    /// The same with an operation or notification in the tree, as its own constraints see it (RFC 7950 section 6.4.1).
    #[must_use]
    pub(super) fn with_invoked(mut self, invoked: Invoked<'a>) -> Self {
        self.invoked = Some(invoked);
        self
    }

    /// The same with a notification of which the tree holds the content: for filters of events.
    #[must_use]
    pub fn with_notification(self, node: NodeId, content: &'a Container) -> Self {
        self.with_invoked(Invoked { node, holder: None, content })
    }

    /// The same without what the model marks `secret` or `hashed`: for expressions that somebody asks, who could find out
    /// a secret by asking often enough whether it begins with this or that.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        self.sees_secrets = false;
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
        #[cfg(test)]
        testing::STEPS.set(testing::STEPS.get() + steps);
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
}
