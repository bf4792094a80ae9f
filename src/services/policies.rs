//! What the model cannot say of policies: that a rule's path can match anything of the model at all.

use crate::access::authorize::acl::parse::parse;
use crate::access::authorize::check::{check_hidden_field, check_path};
use crate::base::error::ErrorTag;
use crate::data::violation::Violation;
use crate::engine::{GuardContext, Registry};
use crate::yang::schema::Value;

/// Hangs the checks on the model.
pub fn register(registry: &mut Registry) {
    registry.guard("/policy/policies/rest-api/rules", check_rule);
    registry.guard("/policy/policies", check_text);
}

/// A misspelt name in a rule would silently grant nothing, or worse, reject nothing.
fn check_rule(context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(rule) = context.entry_after else { return Vec::new() };
    let schema = context.schema;
    let mut violations = Vec::new();
    if let Some(Value::String(path)) = rule.key_values(1).next()
        && let Err(message) = check_path(schema, path)
    {
        violations.push(Violation::new(ErrorTag::InvalidValue, context.path.clone(), message));
    }
    if let Some(leaf) = schema.own_child(rule.node, "hide-fields") {
        for name in rule.leaf_list(leaf) {
            if let Err(message) = check_hidden_field(schema, &name.to_string()) {
                violations.push(Violation::new(ErrorTag::InvalidValue, context.path.child(leaf), message));
            }
        }
    }
    violations
}

/// A text that cannot be read would grant nothing, or worse, deny nothing.
fn check_text(context: &GuardContext<'_>) -> Vec<Violation> {
    let text = context.entry_after.and_then(|entry| {
        let vault = context.schema.own_child(entry.node, "vault")?;
        let leaf = context.schema.own_child(vault, "policy")?;
        Some((context.path.child(vault).child(leaf), entry.container(vault)?.leaf(leaf)?.to_string()))
    });
    let Some((path, text)) = text else { return Vec::new() };
    match parse(&text) {
        Ok(_) => Vec::new(),
        Err(message) => {
            let message = format!("failed to parse policy: {message}");
            vec![Violation::new(ErrorTag::InvalidValue, path, message)]
        }
    }
}
