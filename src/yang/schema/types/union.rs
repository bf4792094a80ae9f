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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yang::schema::ModuleId;
    use crate::yang::testing::{node, schema};

    fn parsed(ty: &str, raw: Raw<'_>, strictness: Strictness) -> Result<Value, String> {
        let schema = schema(&[&format!("leaf l {{ type union {{ {ty} }} }}")]);
        let leaf = schema.node(node(&schema, "/l"));
        let context = ParseContext { schema: &schema, module: ModuleId(0), strictness, prefixes: None };
        leaf.ty().unwrap().parse(raw, context).map_err(|refused| refused.message)
    }

    const NUMBER_OR_TEXT: &str = "type uint8; type string;";

    #[test]
    fn rfc7950_9_12_in_text_the_first_member_that_fits_decides() {
        assert_eq!(parsed(NUMBER_OR_TEXT, Raw::Text("5"), Strictness::Text), Ok(Value::Uint(5)));
        assert_eq!(parsed(NUMBER_OR_TEXT, Raw::Text("500"), Strictness::Text), Ok(Value::string("500")));
        assert_eq!(
            parsed("type string; type uint8;", Raw::Text("5"), Strictness::Text),
            Ok(Value::string("5"))
        );
    }

    #[test]
    fn rfc7951_6_10_the_json_type_takes_part() {
        for strictness in [Strictness::Rfc7951, Strictness::Plain] {
            assert_eq!(parsed(NUMBER_OR_TEXT, Raw::Text("5"), strictness), Ok(Value::string("5")));
            assert_eq!(parsed(NUMBER_OR_TEXT, Raw::Uint(5), strictness), Ok(Value::Uint(5)));
            let boolean_or_name = "type string; type boolean;";
            assert_eq!(parsed(boolean_or_name, Raw::Bool(true), strictness), Ok(Value::Bool(true)));
            assert_eq!(parsed(boolean_or_name, Raw::Text("true"), strictness), Ok(Value::string("true")));
        }
    }

    #[test]
    fn a_plain_text_bends_to_a_number_when_nothing_else_takes_it() {
        let ty = "type uint16; type enumeration { enum any; }";
        assert_eq!(parsed(ty, Raw::Text("80"), Strictness::Plain), Ok(Value::Uint(80)));
        assert_eq!(parsed(ty, Raw::Text("any"), Strictness::Plain), Ok(Value::Enum("any".into())));
        assert!(parsed(ty, Raw::Text("80"), Strictness::Rfc7951).is_err());
    }

    #[test]
    fn a_refusal_gives_every_members_reason() {
        let refused =
            parsed("type uint8; type enumeration { enum any; }", Raw::Text("none"), Strictness::Plain);
        assert_eq!(
            refused.unwrap_err(),
            "'none' fits no member of the union: 'none' is not a whole number; 'none' is not one of any"
        );
    }
}
