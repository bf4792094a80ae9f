//! `identityref` (RFC 7950 section 9.10, RFC 7951 section 6.8).

use std::sync::Arc;

use super::parse::{Found, joined, text_of};
use super::{ParseContext, Raw, Strictness, TypeError};
use crate::yang::schema::value::{IdentityName, Value};
use crate::yang::schema::{Identity, IdentityId, Schema};

pub(super) fn parse(
    bases: &[IdentityId],
    raw: Raw<'_>,
    context: ParseContext<'_>,
) -> Result<Value, TypeError> {
    let schema = context.schema;
    let text = text_of(raw, "an identity")?;
    let text = if context.strictness == Strictness::Text { text.trim_ascii() } else { text };
    let fits = |identity: &Identity| bases.iter().all(|base| identity.ancestors.binary_search(base).is_ok());
    let found = match text.split_once(':') {
        Some((module, name)) => {
            schema.module_by_name(module).and_then(|module| schema.identity_by_name(module, name))
        }
        None => schema
            .identity_by_name(context.module, text)
            .filter(|id| fits(schema.identity(*id)))
            .or_else(|| {
                let lenient = context.strictness == Strictness::Plain;
                lenient.then(|| the_only(schema, text, fits)).flatten()
            }),
    };
    match found.map(|id| schema.identity(id)) {
        Some(identity) if fits(identity) => Ok(Value::Identity(Arc::new(IdentityName {
            module: schema.module(identity.module).name.clone(),
            name: identity.name.clone(),
        }))),
        _ => {
            let known: Vec<String> = schema
                .identities()
                .iter()
                .filter(|identity| fits(identity))
                .map(|identity| format!("{}:{}", schema.module(identity.module).name, identity.name))
                .collect();
            let known = joined(known.iter().map(String::as_str));
            Err(TypeError::new(format!("{} is not one of the identities {known}", Found(raw))))
        }
    }
}

/// The identity of that name when exactly one module has a fitting one.
fn the_only(schema: &Schema, name: &str, fits: impl Fn(&Identity) -> bool) -> Option<IdentityId> {
    let mut fitting = schema.identities_named(name).iter().copied().filter(|id| fits(schema.identity(*id)));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}
