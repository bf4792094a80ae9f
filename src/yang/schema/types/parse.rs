//! From a scalar to a value: dispatch on the built-in type, and the words that every refusal shares.

use std::fmt;

use super::{ParseContext, Ranges, Raw, Strictness, Type, TypeError, TypeKind};
use super::{binary, bits, decimal, enumeration, identityref, instance, integer, string, union};
use crate::base::ident::Ident;
use crate::yang::schema::value::Value;

pub(super) fn parse(ty: &Type, raw: Raw<'_>, context: ParseContext<'_>) -> Result<Value, TypeError> {
    match &ty.kind {
        TypeKind::Binary { length } => binary::parse(length.as_ref(), raw),
        TypeKind::Bits { bits } => bits::parse(bits, raw),
        TypeKind::Boolean => boolean(raw, context.strictness),
        TypeKind::Decimal64 { fraction_digits, range } => {
            decimal::parse(*fraction_digits, range.as_ref(), raw, context.strictness)
        }
        TypeKind::Empty => empty(raw, context.strictness),
        TypeKind::Enumeration { names } => enumeration::parse(names, raw),
        TypeKind::Identityref { bases } => identityref::parse(bases, raw, context),
        TypeKind::InstanceIdentifier { .. } => instance::parse(raw, context),
        TypeKind::Int { bits, range } => integer::signed(*bits, range.as_ref(), raw, context.strictness),
        TypeKind::Uint { bits, range } => integer::unsigned(*bits, range.as_ref(), raw, context.strictness),
        TypeKind::Leafref(leafref) => parse(&leafref.target_type, raw, context),
        TypeKind::String { length, patterns } => string::parse(length.as_ref(), patterns, ty.format, raw),
        TypeKind::Union { members } => union::parse(members, raw, context),
    }
}

fn boolean(raw: Raw<'_>, strictness: Strictness) -> Result<Value, TypeError> {
    match (raw, strictness) {
        (Raw::Bool(value), Strictness::Rfc7951 | Strictness::Plain) => Ok(Value::Bool(value)),
        (Raw::Text("true"), Strictness::Plain | Strictness::Text) => Ok(Value::Bool(true)),
        (Raw::Text("false"), Strictness::Plain | Strictness::Text) => Ok(Value::Bool(false)),
        _ => Err(TypeError::new(format!("{} is not a boolean; write true or false", Found(raw)))),
    }
}

/// RFC 7950 section 9.11; RFC 7951 section 6.9: `[null]`, of which the decoder passes the `null`.
fn empty(raw: Raw<'_>, strictness: Strictness) -> Result<Value, TypeError> {
    match (raw, strictness) {
        (Raw::Null, Strictness::Rfc7951 | Strictness::Plain) | (Raw::Text(""), Strictness::Text) => {
            Ok(Value::Empty)
        }
        _ => Err(TypeError::new(format!("{} given to a leaf without a value; write [null]", Found(raw)))),
    }
}

/// A scalar as a message shows it: texts quoted and cut to 64 characters.
pub(super) struct Found<'a>(pub Raw<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Raw::Text(text) => {
                let mut characters = text.chars();
                f.write_str("'")?;
                for c in characters.by_ref().take(64) {
                    if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
                }
                f.write_str(if characters.next().is_some() { "…'" } else { "'" })
            }
            Raw::Bool(value) => write!(f, "{value}"),
            Raw::Int(value) => write!(f, "{value}"),
            Raw::Uint(value) => write!(f, "{value}"),
            Raw::Float(value) => write!(f, "{value}"),
            Raw::Null => f.write_str("null"),
        }
    }
}

impl TypeError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        TypeError { message: message.into(), app_tag: None }
    }

    /// The refusal of a restriction: in the model's words where it has some, with the value in any case.
    pub(super) fn restricted(
        found: &Found<'_>,
        own: Option<&Ident>,
        app_tag: Option<&Ident>,
        otherwise: impl FnOnce() -> String,
    ) -> Self {
        let message = match own {
            Some(own) => format!("{own} (found {found})"),
            None => otherwise(),
        };
        TypeError { message, app_tag: app_tag.cloned() }
    }
}

/// The text of a scalar of a type whose values are texts in every encoding.
pub(super) fn text_of<'a>(raw: Raw<'a>, what: &str) -> Result<&'a str, TypeError> {
    match raw {
        Raw::Text(text) => Ok(text),
        _ => Err(TypeError::new(format!("{} is not {what}; write it as a string", Found(raw)))),
    }
}

impl<T: Copy + Ord> Ranges<T> {
    /// Whether a value is in one of the parts.
    pub fn contains(&self, value: T) -> bool {
        self.parts.iter().any(|(low, high)| *low <= value && value <= *high)
    }
}

impl<T: fmt::Display + PartialEq> fmt::Display for Ranges<T> {
    /// As in a `range` statement: `1..5 | 7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (low, high)) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            if low == high { write!(f, "{low}")? } else { write!(f, "{low}..{high}")? }
        }
        Ok(())
    }
}

/// Names joined by commas, the first 40 of them.
pub(super) fn joined<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let count = names.len();
    let mut text = names.take(40).collect::<Vec<_>>().join(", ");
    if count > 40 {
        text.push_str(", …");
    }
    text
}
