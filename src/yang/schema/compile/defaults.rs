//! Defaults: their values, and whether these are always there (RFC 7950 section 7.6.4).

use crate::base::ident::Ident;
use crate::yang::resolve::scope::{Names, split_name};
use crate::yang::resolve::tree::Property;
use crate::yang::schema::types::{ParseContext, Raw, Strictness, Type, TypeKind};
use crate::yang::schema::value::Value;
use crate::yang::schema::{ModuleId, Schema};

use super::module_id;

/// The enum or bit with an `if-feature` that a default names.
pub(super) fn conditional<'t>(ty: &'t Type, default: &str) -> Option<&'t Ident> {
    match &ty.kind {
        TypeKind::Enumeration { names } => {
            names.iter().find(|known| known.is_conditional && known.name == *default).map(|known| &known.name)
        }
        TypeKind::Bits { bits } => {
            let named = |name: &Ident| default.split_ascii_whitespace().any(|word| *name == *word);
            bits.iter().find(|known| known.is_conditional && named(&known.name)).map(|known| &known.name)
        }
        _ => None,
    }
}

/// The value of a default. Prefixes of identities are those of the text that states the default.
pub(super) fn default_value(
    names: &Names<'_>,
    schema: &Schema,
    ty: &Type,
    default: Property<'_>,
    module: ModuleId,
) -> Result<Value, String> {
    let text = default.statement.text();
    let context = ParseContext { schema, module, strictness: Strictness::Text, prefixes: None };
    match &ty.effective().kind {
        TypeKind::Union { members } => {
            let mut reasons = Vec::new();
            for member in members {
                match default_value(names, schema, member, default, module) {
                    Ok(value) => return Ok(value),
                    Err(why) => reasons.push(why),
                }
            }
            reasons.dedup();
            Err(reasons.join("; "))
        }
        TypeKind::Identityref { .. } => {
            let (prefix, name) = split_name(text.trim());
            let Some(named) = names.data_module_of_prefix(default.scope, prefix).map(module_id) else {
                return Err(format!("no import has the prefix '{}'", prefix.unwrap_or_default()));
            };
            let qualified = format!("{}:{name}", schema.module(named).name);
            ty.parse(Raw::Text(&qualified), context).map_err(|wrong| wrong.message)
        }
        TypeKind::Empty => Err("an empty leaf has no default".to_owned()),
        _ => ty.parse(Raw::Text(text), context).map_err(|wrong| wrong.message),
    }
}
