//! XPath 1.0 bound to the schema: names are modules and idents, location steps carry the schema nodes that they can
//! reach.
//!
//! The evaluator is `data/xpath`, what a change of data can do to an expression is worked out in `data/validate`; the text
//! grammar is `yang/syntax/xpath`.

pub mod bind;
mod functions;
pub(crate) mod reach;

use super::{ModuleId, NodeId};
use crate::base::ident::Ident;
pub use crate::yang::syntax::xpath::{Arithmetic, Axis, Comparison};

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// The text it came from.
    pub source: Ident,
    /// The tree.
    pub root: Expr,
}

/// One operator, operand or call.
#[derive(Clone, Debug)]
pub enum Expr {
    /// `or`
    Or(Box<Expr>, Box<Expr>),
    /// `and`
    And(Box<Expr>, Box<Expr>),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `+`, `-`, `*`, `div`, `mod`
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    /// Unary minus.
    Negate(Box<Expr>),
    /// `|`
    Union(Box<Expr>, Box<Expr>),
    /// A number.
    Number(f64),
    /// A string literal.
    Literal(Ident),
    /// A function call.
    Call(Function, Vec<Expr>),
    /// A location path.
    Path(LocationPath),
    /// `primary[predicate]/step`: predicates and steps applied to a node-set that is not a location path.
    Filter {
        /// What gives the node-set.
        primary: Box<Expr>,
        /// Its predicates.
        predicates: Vec<Expr>,
        /// Steps from there.
        steps: Vec<Step>,
    },
}

/// A location path.
#[derive(Clone, Debug)]
pub struct LocationPath {
    /// Starts at the root of the accessible tree instead of the context node.
    pub absolute: bool,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// One location step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Direction.
    pub axis: Axis,
    /// Which nodes.
    pub test: NodeTest,
    /// Conditions.
    pub predicates: Vec<Expr>,
    /// The schema nodes that can be reached by this step, where the compiler could tell; sorted.
    pub targets: Option<Vec<NodeId>>,
}

/// Node tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeTest {
    /// A name; without module in requests where no prefix is needed.
    Name {
        /// Its module; `None` matches any.
        module: Option<ModuleId>,
        /// The name.
        name: Ident,
    },
    /// `*`, or `prefix:*` with its module.
    Any(Option<ModuleId>),
    /// `node()`
    Node,
    /// `text()`
    Text,
    /// `comment()` and `processing-instruction()`: never anything.
    Nothing,
}

/// The functions of XPath 1.0 section 4 and RFC 7950 section 10.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Last,
    Position,
    Count,
    Id,
    LocalName,
    NamespaceUri,
    Name,
    String,
    Concat,
    StartsWith,
    Contains,
    SubstringBefore,
    SubstringAfter,
    Substring,
    StringLength,
    NormalizeSpace,
    Translate,
    Boolean,
    Not,
    True,
    False,
    Lang,
    Number,
    Sum,
    Floor,
    Ceiling,
    Round,
    Current,
    ReMatch,
    Deref,
    DerivedFrom,
    DerivedFromOrSelf,
    EnumValue,
    BitIsSet,
}

/// A constraint of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConstraintRef {
    /// `musts[i]`
    Must(u16),
    /// `whens[i]`
    When(u16),
    /// The leaf's leafref or instance-identifier.
    Reference,
}
