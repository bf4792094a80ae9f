//! `union` (RFC 7950 section 9.12): the first member that accepts the value decides.

use std::sync::Arc;

use super::parse::Found;
use super::{ParseContext, Raw, Strictness, Type, TypeError, TypeKind};
use crate::yang::schema::value::Value;

pub(super) fn parse(
    members: &[Arc<Type>],
    raw: Raw<'_>,
    context: ParseContext<'_>,
) -> Result<Value, TypeError> {
    if context.strictness == Strictness::Plain {
        // A number given as a number and a text given as a text are what they look like, before any member bends them.
        for member in members.iter().filter(|member| looks_like(raw, member)) {
            if let Ok(value) = member.parse(raw, context) {
                return Ok(value);
            }
        }
    }
    let mut reasons = Vec::new();
    for member in members {
        match member.parse(raw, context) {
            Ok(value) => return Ok(value),
            Err(refused) => reasons.push(refused),
        }
    }
    match (reasons.len(), reasons.pop()) {
        (1, Some(only)) => Err(only),
        (_, last) => {
            let mut messages: Vec<String> = Vec::new();
            for reason in reasons.into_iter().chain(last) {
                if !messages.contains(&reason.message) {
                    messages.push(reason.message);
                }
            }
            Err(TypeError::new(format!(
                "{} fits no member of the union: {}",
                Found(raw),
                messages.join("; ")
            )))
        }
    }
}

/// Whether the scalar has the JSON type of the member's values (RFC 7951 section 6.10), numbers of any width being numbers.
fn looks_like(raw: Raw<'_>, member: &Type) -> bool {
    match &member.effective().kind {
        TypeKind::Int { .. } | TypeKind::Uint { .. } | TypeKind::Decimal64 { .. } => {
            matches!(raw, Raw::Int(_) | Raw::Uint(_) | Raw::Float(_))
        }
        TypeKind::Boolean => matches!(raw, Raw::Bool(_)),
        TypeKind::Empty => matches!(raw, Raw::Null),
        TypeKind::Union { members } => members.iter().any(|member| looks_like(raw, member)),
        _ => matches!(raw, Raw::Text(_)),
    }
}
