//! What an expression evaluates to. XPath without variables has static types, so nothing is decided at run time.

use crate::yang::schema::xpath::{Expr, Function};

/// The four types of XPath 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Kind {
    Nodes,
    Boolean,
    Number,
    Text,
}

/// The type of an expression.
pub(in crate::data) fn of(expr: &Expr) -> Kind {
    match expr {
        Expr::Or(..) | Expr::And(..) | Expr::Compare(..) => Kind::Boolean,
        Expr::Arithmetic(..) | Expr::Negate(_) | Expr::Number(_) => Kind::Number,
        Expr::Literal(_) => Kind::Text,
        Expr::Union(..) | Expr::Path(_) | Expr::Filter { .. } => Kind::Nodes,
        Expr::Call(function, _) => of_call(*function),
    }
}

/// The type that a function returns.
pub(in crate::data) fn of_call(function: Function) -> Kind {
    match function {
        Function::Id | Function::Current | Function::Deref => Kind::Nodes,
        Function::Boolean
        | Function::Not
        | Function::True
        | Function::False
        | Function::Lang
        | Function::StartsWith
        | Function::Contains
        | Function::ReMatch
        | Function::DerivedFrom
        | Function::DerivedFromOrSelf
        | Function::BitIsSet => Kind::Boolean,
        Function::Last
        | Function::Position
        | Function::Count
        | Function::StringLength
        | Function::Number
        | Function::Sum
        | Function::Floor
        | Function::Ceiling
        | Function::Round
        | Function::EnumValue => Kind::Number,
        Function::LocalName
        | Function::NamespaceUri
        | Function::Name
        | Function::String
        | Function::Concat
        | Function::SubstringBefore
        | Function::SubstringAfter
        | Function::Substring
        | Function::NormalizeSpace
        | Function::Translate => Kind::Text,
    }
}

/// Whether `last()` is asked for in this predicate itself (predicates inside it have a context of their own).
pub(super) fn uses_last(predicate: &Expr) -> bool {
    calls(predicate, &[Function::Last])
}

/// Whether the outcome of a predicate depends on where the node stands among its siblings.
pub(super) fn is_positional(predicate: &Expr) -> bool {
    of(predicate) == Kind::Number || calls(predicate, &[Function::Last, Function::Position])
}

fn calls(expr: &Expr, functions: &[Function]) -> bool {
    match expr {
        Expr::Or(a, b)
        | Expr::And(a, b)
        | Expr::Compare(_, a, b)
        | Expr::Arithmetic(_, a, b)
        | Expr::Union(a, b) => calls(a, functions) || calls(b, functions),
        Expr::Negate(a) => calls(a, functions),
        Expr::Filter { primary, .. } => calls(primary, functions),
        Expr::Call(function, arguments) => {
            functions.contains(function) || arguments.iter().any(|argument| calls(argument, functions))
        }
        Expr::Number(_) | Expr::Literal(_) | Expr::Path(_) => false,
    }
}
