//! What the model cannot say of a role: that its default audiences match its globs.

use super::glob::GlobSet;
use crate::base::error::ErrorTag;
use crate::data::violation::{Violation, shorten};
use crate::engine::GuardContext;
use crate::yang::schema::{NodeId, Schema, Value};

/// The nodes that the guard looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nodes {
    allowed: NodeId,
    default: NodeId,
}

impl Nodes {
    pub(super) fn find(schema: &Schema, roles: NodeId) -> Option<Self> {
        Some(Nodes {
            allowed: schema.own_child(roles, "allowed-audiences")?,
            default: schema.own_child(roles, "default-audiences")?,
        })
    }
}

/// Refuses default audiences that no glob of `allowed-audiences` admits, where there are any globs.
pub(super) fn guard(nodes: &Nodes, context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(role) = context.entry_after else { return Vec::new() };
    let allowed = role.leaf_list(nodes.allowed);
    if allowed.is_empty() {
        return Vec::new();
    }
    let globs: GlobSet = allowed.iter().filter_map(Value::as_str).collect();
    let known = || -> Vec<String> { allowed.iter().take(8).map(|glob| shorten(&glob.to_string())).collect() };
    role.leaf_list(nodes.default)
        .iter()
        .filter(|audience| !audience.as_str().is_some_and(|audience| globs.matches(audience)))
        .map(|audience| {
            let message = format!(
                "the default audience '{}' matches none of allowed-audiences: {}",
                shorten(&audience.to_string()),
                known().join(", ")
            );
            let path = context.path.child(nodes.default).entry([audience.clone()]);
            Violation::new(ErrorTag::InvalidValue, path, message)
        })
        .collect()
}
