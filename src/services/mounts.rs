//! Mounts: under which paths the Vault dialect serves what. What each type of mount does is the business of the service of
//! that type; here is what holds for all of them.

pub mod departure;
pub mod relocate;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

use crate::base::error::ErrorTag;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::tree::{Container, Data, List};
use crate::data::violation::Violation;
use crate::engine::{
    GuardContext, Prepare, PrepareContext, Registry, StateContext, StateError, StateProvider,
};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

const AUTH: &str = "/strongbox/mounts/auth";
const SECRETS: &str = "/strongbox/mounts/secrets";
const BUILT_IN: &str = "/strongbox/mounts/built-in";

/// What is there without being enabled: path, type and description.
pub const ALWAYS: [(&str, &str, &str); 4] = [
    ("auth/token", "token", "token based credentials"),
    ("cubbyhole", "cubbyhole", "per-token private secret storage"),
    ("identity", "identity", "identity store"),
    ("sys", "system", "system endpoints used for control, policy and debugging"),
];

/// First names of paths below `/v1/` that are neither mounts nor operations of the model.
const TAKEN: [&str; 7] = ["auth", "config", "cubbyhole", "identity", "state", "sys", "audit"];

/// Hangs the service on the model.
pub fn register(registry: &mut Registry, schema: &Schema) {
    for (path, prefix) in [(AUTH, "auth_"), (SECRETS, "")] {
        relocate::register(registry, path);
        if let Some(named) = Named::new(schema, path, prefix) {
            registry.prepare(path, Arc::new(named));
        }
    }
    if let Some(tokens) = departure::TokensOfMount::new(schema) {
        registry.prepare(AUTH, Arc::new(tokens));
    }
    registry.guard(AUTH, |context| check(context, |_, _| None));
    registry.guard(SECRETS, |context| check(context, taken));
    registry.state(BUILT_IN, Arc::new(BuiltIn));
}

/// Gives a new mount its accessor and its identifier.
struct Named {
    prefix: &'static str,
    kind: NodeId,
    accessor: NodeId,
    uuid: NodeId,
}

impl Named {
    fn new(schema: &Schema, list: &str, prefix: &'static str) -> Option<Self> {
        let leaf = |name: &str| schema.find(&format!("{list}/{name}"));
        Some(Named { prefix, kind: leaf("type")?, accessor: leaf("accessor")?, uuid: leaf("uuid")? })
    }
}

impl Prepare for Named {
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        if context.after.leaf(self.accessor).is_some() {
            return Ok(Vec::new());
        }
        let failed = || {
            let message = "no random name could be made for the mount";
            vec![Violation::new(ErrorTag::OperationFailed, context.path.clone(), message)]
        };
        let random: [u8; 20] =
            Secret::random(20).ok().and_then(|bytes| bytes.expose().try_into().ok()).ok_or_else(failed)?;
        let Some(kind) = context.after.leaf(self.kind) else { return Ok(Vec::new()) };
        let (accessor, uuid) = names(self.prefix, type_name(&kind.to_string()), random);
        let leaf = |node, text: String| {
            Edit::new(context.path.child(node), EditOperation::Replace, Data::Leaf(Value::string(text)))
        };
        Ok(vec![leaf(self.accessor, accessor), leaf(self.uuid, uuid)])
    }
}

/// An accessor of a type and a UUID, from 20 bytes.
fn names(prefix: &str, kind: &str, bytes: [u8; 20]) -> (String, String) {
    let [a, b, c, d, uuid @ ..] = bytes;
    let accessor = format!("{prefix}{kind}_{:08x}", u32::from_be_bytes([a, b, c, d]));
    (accessor, uuid::Builder::from_random_bytes(uuid).into_uuid().to_string())
}

/// The name of a type, without the module that it is from.
pub fn type_name(identity: &str) -> &str {
    identity.rsplit_once(':').map_or(identity, |(_, name)| name)
}

/// A mount keeps its type; no path leads to two mounts, and none to a mount and something else.
fn check(context: &GuardContext<'_>, taken: impl Fn(&Schema, &str) -> Option<String>) -> Vec<Violation> {
    let Some(after) = context.entry_after else { return Vec::new() };
    let schema = context.schema;
    let mut violations = Vec::new();
    let mut fault = |name: &str, tag, message: String| {
        let path = schema
            .own_child(after.node, name)
            .map_or_else(|| context.path.clone(), |leaf| context.path.child(leaf));
        violations.push(Violation::new(tag, path, message));
    };
    let Some(path) = after.key_values(1).next().map(ToString::to_string) else { return Vec::new() };
    match context.entry_before {
        Some(before) => {
            let kind = |entry: &Container| {
                schema.own_child(entry.node, "type").and_then(|leaf| entry.leaf(leaf).cloned())
            };
            if kind(before) != kind(after) {
                fault("type", ErrorTag::InvalidValue, "the type of a mount cannot be changed".to_owned());
            }
        }
        None => {
            if let Some(message) = taken(schema, &path) {
                fault("path", ErrorTag::InvalidValue, message);
            }
            let list = context.path.parent().map(|mut list| {
                list.push(context.path.target(), Vec::new());
                list
            });
            let others = list.and_then(|list| context.after.list(&list).cloned());
            if let Some(other) = others.and_then(|others| overlapping(&others, &path)) {
                let message = format!("the path is already in use at {other}/");
                fault("path", ErrorTag::InvalidValue, message);
            }
        }
    }
    violations
}

/// Another mount that the path is above or below of.
fn overlapping(mounts: &List, path: &str) -> Option<String> {
    let is_below =
        |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    mounts
        .iter()
        .filter_map(|entry| entry.key_values(1).next().map(ToString::to_string))
        .find(|other| is_below(path, other) || is_below(other, path))
}

/// Why a secrets backend cannot be at a path: its first name is somebody else's.
fn taken(schema: &Schema, path: &str) -> Option<String> {
    let first = path.split('/').next().unwrap_or_default();
    let is_operation = || {
        let nodes = schema.children(NodeId::ROOT).iter().map(|id| schema.node(*id));
        nodes.filter(|node| matches!(node.kind, NodeKind::Rpc)).any(|node| node.name == first)
    };
    (TAKEN.contains(&first) || first.contains(':') || is_operation())
        .then(|| format!("nothing can be mounted at '{first}': the name is taken"))
}

/// `mounts/built-in`.
struct BuiltIn;

#[derive(Serialize)]
struct Shown {
    path: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    description: &'static str,
    accessor: String,
    uuid: String,
}

impl StateProvider for BuiltIn {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let shown: Vec<Shown> = ALWAYS
            .into_iter()
            .map(|(path, kind, description)| {
                // The same in every run, without anything being stored.
                let hash = digest(&SHA256, format!("{}/{path}", context.tenant).as_bytes());
                let bytes = hash.as_ref().first_chunk().copied().unwrap_or_default();
                let prefix = if path.starts_with("auth/") { "auth_" } else { "" };
                let (accessor, uuid) = names(prefix, kind, bytes);
                Shown { path, kind, description, accessor, uuid }
            })
            .collect();
        from_serde(context.engine.schema(), context.node, &shown).map(Some).map_err(|violations| {
            let reasons: Vec<&str> = violations.iter().map(|one| one.message.as_str()).collect();
            StateError { path: BUILT_IN.to_owned(), reason: reasons.join("; ") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessors_tell_the_type_and_nothing_else() {
        let (accessor, uuid) = names("auth_", "jwt", [7; 20]);
        assert_eq!(accessor, "auth_jwt_07070707");
        assert_eq!(uuid.len(), 36);
    }

    #[test]
    fn names_of_others_are_taken() {
        let schema = crate::yang::compile_product().unwrap();
        for path in ["sys", "config/x", "login", "jwt-login/y", "identity", "cubbyhole", "a:b"] {
            assert!(taken(&schema, path).is_some(), "{path}");
        }
        for path in ["jwt", "kv/team", "system", "logins"] {
            assert_eq!(taken(&schema, path), None, "{path}");
        }
    }
}
