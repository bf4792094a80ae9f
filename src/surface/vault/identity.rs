//! `identity/…`: entities, groups and what they are called, by the lists and operations of `strongbox/identity`; identity
//! tokens have a file of their own.

mod alike;
pub mod entity;
pub mod group;
pub mod oidc;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::call::Call;
use super::fault::Fault;
use super::route::Backend;
use crate::access::model::path_to;
use crate::data::tree::Container;
use crate::yang::schema::Value as Leaf;

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "identity",
    about: "The identity backend: entities, groups, and identity tokens.",
    endpoints: &[oidc::ENDPOINTS, entity::ENDPOINTS, group::ENDPOINTS],
};

/// What is known of the place that an accessor names.
struct Place {
    path: String,
    kind: String,
}

/// The mount with an accessor, or the method below `authentication` of that name.
fn place_of(call: &Call<'_>, accessor: &str) -> Option<Place> {
    let snapshot = call.trail.gate.engine().snapshot();
    let schema = snapshot.schema();
    let list = path_to(schema, "/strongbox/mounts/auth").ok()?;
    let leaf = |name: &str| schema.own_child(list.target(), name);
    let (of_accessor, of_kind) = (leaf("accessor")?, leaf("type")?);
    let tree = &snapshot.tenant(&call.tenant)?.tree;
    let is_it = |entry: &&Arc<Container>| entry.leaf(of_accessor).and_then(Leaf::as_str) == Some(accessor);
    let found = tree.list(&list).and_then(|entries| entries.iter().find(is_it).cloned());
    match found {
        Some(entry) => {
            let path = entry.key_values(1).next().map(ToString::to_string).unwrap_or_default();
            let kind = entry.leaf(of_kind).map(ToString::to_string).unwrap_or_default();
            let kind = kind.rsplit_once(':').map_or(kind.as_str(), |(_, name)| name).to_owned();
            Some(Place { path: format!("auth/{path}/"), kind })
        }
        None => {
            let kind = match accessor {
                "userpass" | "approle" | "certificate-auth" => accessor,
                other => other.strip_prefix("jwt-auth/").map(|_| "jwt")?,
            };
            Some(Place { path: format!("auth/{accessor}/"), kind: kind.to_owned() })
        }
    }
}

/// The accessor that a request names.
fn accessor(call: &Call<'_>) -> Result<String, Fault> {
    let accessor =
        call.arguments.text("mount_accessor").ok_or_else(|| Fault::bad_request("missing mount_accessor"))?;
    match place_of(call, accessor) {
        Some(_) => Ok(accessor.to_owned()),
        None => Err(Fault::bad_request(format!("invalid mount accessor {accessor:?}"))),
    }
}

/// A member of an entry as it is read from the model; null when it is not there.
fn member<'v>(entry: &'v Value, name: &str) -> &'v Value {
    entry.get(name).unwrap_or(&Value::Null)
}

/// A text of an entry; empty when it is not there.
fn text(entry: &Value, name: &str) -> Value {
    Value::from(member(entry, name).as_str().unwrap_or_default())
}

/// The values of a leaf-list; an empty list when there are none.
fn texts(entry: &Value, name: &str) -> Value {
    member(entry, name).as_array().cloned().unwrap_or_default().into()
}

/// Facts by name.
fn facts(entry: &Value, name: &str) -> Map<String, Value> {
    let facts = member(entry, name).as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = |fact: &Value| Some((fact.get("name")?.as_str()?.to_owned(), fact.get("value")?.clone()));
    facts.iter().filter_map(pair).collect()
}

/// The same where clients expect null for none.
fn facts_or_null(entry: &Value, name: &str) -> Value {
    let facts = facts(entry, name);
    if facts.is_empty() { Value::Null } else { facts.into() }
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A list of ids with what is known of each.
fn key_info(keys: Vec<String>, info: Map<String, Value>) -> Result<super::answer::Answer, Fault> {
    let mut answer = super::answer::Answer::keys(keys)?;
    if let super::answer::Body::Data(data) = &mut answer.body {
        data.insert("key_info".to_owned(), info.into());
    }
    Ok(answer)
}
