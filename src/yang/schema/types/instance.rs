//! `instance-identifier` (RFC 7950 section 9.13) in the form of RFC 7951 section 6.11. That the instance exists is the
//! business of validation.

use std::fmt::Write as _;

use super::parse::{Found, text_of};
use super::{ParseContext, Raw, Strictness, TypeError};
use crate::yang::schema::node::NodeKind;
use crate::yang::schema::value::Value;
use crate::yang::schema::{ModuleId, NodeId};

pub(super) fn parse(raw: Raw<'_>, context: ParseContext<'_>) -> Result<Value, TypeError> {
    let text = text_of(raw, "an instance identifier")?;
    match canonical(text.trim_ascii(), context) {
        Ok(canonical) => Ok(Value::InstanceIdentifier(canonical.into())),
        Err(why) => Err(TypeError::new(format!("{} is not an instance identifier: {why}", Found(raw)))),
    }
}

/// What stands in brackets.
enum Predicate {
    /// `[name='value']`, the name with its module if one is written.
    Key(Option<ModuleId>, String, String),
    /// `[.='value']`
    Entry(String),
    /// `[3]`
    Position(u64),
}

/// Checks names and keys and writes the canonical form: a module name where it differs from the parent's, keys in key
/// order with their canonical values, single quotes unless the value has one.
fn canonical(text: &str, context: ParseContext<'_>) -> Result<String, String> {
    let schema = context.schema;
    if !text.starts_with('/') {
        return Err("it starts with '/'".to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut at = NodeId::ROOT;
    let mut module: Option<ModuleId> = None;
    while let Some(step) = rest.strip_prefix('/') {
        let end = step.find(['/', '[']).unwrap_or(step.len());
        let (name, after) = step.split_at(end);
        let name = name.trim_ascii();
        let (stated, local) = match name.split_once(':') {
            Some((_, local)) => (Some(module_of(name, context)?), local),
            None if context.prefixes.is_some() => {
                return Err(format!("'{name}' needs a prefix, as every name has in XML"));
            }
            None => (module, name),
        };
        if stated.is_none() {
            return Err(format!("the first name, '{name}', needs its module in front"));
        }
        at = schema
            .child(at, stated, local)
            .map_err(|_| format!("there is no '{name}' in {}", schema.path(at)))?;
        let node = schema.node(at);
        let module_name = &schema.module(node.module).name;
        if module == Some(node.module) {
            let _ = write!(out, "/{local}");
        } else {
            let _ = write!(out, "/{module_name}:{local}");
        }
        module = Some(node.module);
        let mut predicates = Vec::new();
        rest = after;
        while let Some(inside) = rest.strip_prefix('[') {
            let (predicate, after) = predicate(inside, context)?;
            predicates.push(predicate);
            rest = after;
        }
        write_predicates(context, at, &predicates, &mut out)?;
    }
    if rest.is_empty() && at != NodeId::ROOT { Ok(out) } else { Err(format!("'{rest}' cannot stand there")) }
}

/// The module that a name says it is of, by the module's name or by a prefix.
fn module_of(qualified: &str, context: ParseContext<'_>) -> Result<ModuleId, String> {
    let (stated, _) = qualified.split_once(':').unwrap_or_default();
    match context.prefixes {
        None => context.schema.module_by_name(stated).ok_or_else(|| format!("there is no module '{stated}'")),
        Some(prefixes) => {
            prefixes.module(qualified).ok_or_else(|| format!("the prefix '{stated}' is not that of a module"))
        }
    }
}

fn predicate<'t>(inside: &'t str, context: ParseContext<'_>) -> Result<(Predicate, &'t str), String> {
    let wrong = || "a predicate is written [name='value'], [.='value'] or [1]".to_owned();
    let inside = inside.trim_ascii_start();
    if inside.starts_with(|c: char| c.is_ascii_digit()) {
        let (number, after) = inside.split_once(']').ok_or_else(wrong)?;
        let position = number.trim_ascii().parse().ok().filter(|position| *position > 0).ok_or_else(wrong)?;
        return Ok((Predicate::Position(position), after));
    }
    let (name, value) = inside.split_once('=').ok_or_else(wrong)?;
    let value = value.trim_ascii_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"')).ok_or_else(wrong)?;
    let (value, after) = value.get(1..).and_then(|value| value.split_once(quote)).ok_or_else(wrong)?;
    let after = after.trim_ascii_start().strip_prefix(']').ok_or_else(wrong)?;
    let name = name.trim_ascii();
    if name == "." {
        return Ok((Predicate::Entry(value.to_owned()), after));
    }
    let (module, local) = match name.split_once(':') {
        Some((_, local)) => (Some(module_of(name, context)?), local),
        None if context.prefixes.is_some() => {
            return Err(format!("'{name}' needs a prefix, as every name has in XML"));
        }
        None => (None, name),
    };
    Ok((Predicate::Key(module, local.to_owned(), value.to_owned()), after))
}

fn write_predicates(
    context: ParseContext<'_>,
    node: NodeId,
    predicates: &[Predicate],
    out: &mut String,
) -> Result<(), String> {
    let schema = context.schema;
    let name = &schema.node(node).name;
    let checked = |node: NodeId, value: &str| -> Result<String, String> {
        let Some(ty) = schema.node(node).ty() else { return Ok(value.to_owned()) };
        let context =
            ParseContext { module: schema.node(node).module, strictness: Strictness::Text, ..context };
        ty.parse(Raw::Text(value), context).map(|value| value.to_string()).map_err(|wrong| wrong.message)
    };
    match (&schema.node(node).kind, predicates) {
        (_, []) => Ok(()),
        (NodeKind::List { keys, .. }, _) if !keys.is_empty() => {
            for key in keys {
                let key_name = &schema.node(*key).name;
                let of_module = schema.node(*key).module;
                let mut given = predicates.iter().filter_map(|predicate| match predicate {
                    Predicate::Key(module, name, value)
                        if key_name == name.as_str() && module.is_none_or(|module| of_module == module) =>
                    {
                        Some(value)
                    }
                    _ => None,
                });
                let (Some(value), None) = (given.next(), given.next()) else {
                    return Err(format!("an entry of '{name}' is named by each of its keys, once"));
                };
                let _ = write!(out, "[{key_name}={}]", quoted(&checked(*key, value)?));
            }
            if predicates.len() == keys.len() { Ok(()) } else { Err(format!("'{name}' has other keys")) }
        }
        (NodeKind::List { .. } | NodeKind::LeafList { .. }, [Predicate::Position(position)]) => {
            let _ = write!(out, "[{position}]");
            Ok(())
        }
        (NodeKind::LeafList { .. }, [Predicate::Entry(value)]) => {
            let _ = write!(out, "[.={}]", quoted(&checked(node, value)?));
            Ok(())
        }
        _ => Err(format!("'{name}' takes no such predicate")),
    }
}

fn quoted(value: &str) -> String {
    if value.contains('\'') { format!("\"{value}\"") } else { format!("'{value}'") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yang::testing::schema;

    const MODEL: &str = "leaf at { type instance-identifier; }
        container c { list l { key 'a b'; leaf a { type string; } leaf b { type uint8; } leaf v { type string; } }
        leaf-list n { type int8; } list k { config false; leaf v { type string; } } }";

    fn parsed(text: &str) -> Result<String, String> {
        let schema = schema(&[MODEL]);
        let context = ParseContext {
            schema: &schema,
            module: ModuleId(0),
            strictness: Strictness::Rfc7951,
            prefixes: None,
        };
        canonical(text, context)
    }

    #[test]
    fn rfc7951_6_11_module_names_stand_where_the_module_changes_and_keys_in_key_order() {
        assert_eq!(parsed("/t:c/t:l[t:b='07'][a=\"x'y\"]/v").unwrap(), "/t:c/l[a=\"x'y\"][b='7']/v");
        assert_eq!(parsed("/t:c/n[.='+3']").unwrap(), "/t:c/n[.='3']");
        assert_eq!(parsed("/t:c/k[ 2 ]/v").unwrap(), "/t:c/k[2]/v");
    }

    #[test]
    fn rfc7950_9_13_what_is_no_instance_identifier() {
        for text in [
            "",
            "/",
            "c",
            "/c",
            "/t:d",
            "/q:c",
            "/t:c/l[a='x']",
            "/t:c/l[a='x'][a='y']",
            "/t:c/l[a='x'][b='7'][v='1']",
            "/t:c/l[a='x'][b='999']",
            "/t:c[1]",
            "/t:c/l[0]",
            "/t:c/n[.='x']",
            "/t:c/n[.=3]",
            "/t:c/l[a='x'",
            "/t:c//n",
            "/t:c/n[.='3']x",
            "//t:c",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
