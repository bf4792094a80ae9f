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
    let fits = |identity: &Identity| schema.is_value(identity, bases);
    let found = match (text.split_once(':'), context.prefixes) {
        (split, Some(prefixes)) => {
            let name = split.map_or(text, |(_, name)| name);
            prefixes.module(text).and_then(|module| schema.identity_by_name(module, name))
        }
        (Some((module, name)), None) => {
            schema.module_by_name(module).and_then(|module| schema.identity_by_name(module, name))
        }
        (None, None) => schema
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
        Some(identity) if identity.is_derived_from(bases) => Err(TypeError::new(format!(
            "{} is an identity of the module '{}', which is only imported: values are of modules that are \
             implemented (RFC 7950 section 9.10.2)",
            Found(raw),
            schema.module(identity.module).name
        ))),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yang::testing::{node, schema};
    use crate::yang::{Library, Wanted, compile};

    const BASE: &str = "module base { yang-version 1.1; namespace urn:base; prefix b;
        identity vehicle; identity electric; identity car { base vehicle; }
        identity tram { base car; base electric; } }";
    const USER: &str =
        "import base { prefix x; } identity car { base x:vehicle; } identity bike { base x:vehicle; }
        leaf one { type identityref { base x:vehicle; } }
        leaf both { type identityref { base x:vehicle; base x:electric; } }";

    fn parsed(leaf: &str, text: &str, strictness: Strictness) -> Result<String, String> {
        let schema = schema(&[BASE, USER]);
        let leaf = schema.node(node(&schema, leaf));
        let context = ParseContext { schema: &schema, module: leaf.module, strictness, prefixes: None };
        let value = leaf.ty().unwrap().parse(Raw::Text(text), context);
        value.map(|value| value.to_string()).map_err(|refused| refused.message)
    }

    #[test]
    fn rfc7951_6_8_the_module_may_be_left_out_for_identities_of_the_leafs_module() {
        let strict = Strictness::Rfc7951;
        assert_eq!(parsed("/one", "bike", strict).unwrap(), "t:bike");
        assert_eq!(parsed("/one", "car", strict).unwrap(), "t:car");
        assert_eq!(parsed("/one", "base:car", strict).unwrap(), "base:car");
        assert!(parsed("/one", "tram", strict).is_err());
        assert!(parsed("/one", "x:car", strict).is_err());
    }

    #[test]
    fn rfc7950_9_10_2_an_identity_of_a_module_that_is_only_imported_is_no_value() {
        let mut library = Library::new();
        library.add_text("base.yang", BASE);
        library.add_text(
            "t.yang",
            &format!("module t {{ yang-version 1.1; namespace urn:t; prefix t; {USER} }}"),
        );
        let (schema, diagnostics) = compile(&mut library, &[Wanted::latest("t")]);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let schema = schema.unwrap();
        let leaf = schema.node(node(&schema, "/one"));
        for strictness in [Strictness::Rfc7951, Strictness::Plain, Strictness::Text] {
            let context = ParseContext { schema: &schema, module: leaf.module, strictness, prefixes: None };
            let parsed = |text| leaf.ty().unwrap().parse(Raw::Text(text), context);
            assert_eq!(parsed("bike").unwrap().to_string(), "t:bike");
            assert_eq!(
                parsed("base:tram").unwrap_err().message,
                "'base:tram' is an identity of the module 'base', which is only imported: values are of modules \
                 that are implemented (RFC 7950 section 9.10.2)"
            );
            assert!(
                parsed("tram").unwrap_err().message.ends_with("is not one of the identities t:car, t:bike")
            );
        }
    }

    #[test]
    fn plainly_written_a_name_may_be_of_any_module_when_only_one_has_it() {
        assert_eq!(parsed("/one", "tram", Strictness::Plain).unwrap(), "base:tram");
    }

    #[test]
    fn rfc7950_9_10_2_derived_from_all_bases_and_not_the_base_itself() {
        assert_eq!(parsed("/both", "base:tram", Strictness::Text).unwrap(), "base:tram");
        assert_eq!(
            parsed("/both", "base:car", Strictness::Text).unwrap_err(),
            "'base:car' is not one of the identities base:tram"
        );
        assert!(parsed("/one", "base:vehicle", Strictness::Text).is_err());
    }
}
