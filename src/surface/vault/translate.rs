//! From the fields of an endpoint to the leafs of an entry, and back: names, units, and the values that stand for nothing.

use serde_json::{Map, Value};

use super::call::internal;
use super::fault::Fault;
use super::field::{Arguments, Field, Kind};
use crate::access::gate::Refusal;
use crate::base::duration::Duration;
use crate::data::decode::from_serde;
use crate::data::deserialize::from_data;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::yang::schema::Schema;

/// The edit that makes sure that an entry, or a container, is there.
pub fn present(schema: &Schema, entry: &InstancePath) -> Edit {
    let keys = schema.node(entry.target()).keys().iter().copied();
    let children = keys.zip(entry.keys().iter().cloned().map(Data::Leaf)).collect();
    let value = Container::with_children(entry.target(), children);
    Edit::new(entry.clone(), EditOperation::Merge, Data::Container(value.into()))
}

/// The edits that bring the leafs of an entry to what was sent. What was not sent is left alone.
///
/// # Errors
/// 400 for values that the model does not allow; 500 where the table does not fit the model.
pub fn edits(
    schema: &Schema,
    entry: &InstancePath,
    fields: &[&[Field]],
    arguments: &Arguments,
) -> Result<Vec<Edit>, Fault> {
    let mut edits = Vec::new();
    let mut faults = Vec::new();
    for field in fields.iter().flat_map(|group| group.iter()).filter(|field| !field.leaf.is_empty()) {
        let Some(value) = arguments.get(field.name) else { continue };
        let path = leaf(schema, entry, field)?;
        match in_model(field.kind, value) {
            None => edits.push(Edit::without_value(path, EditOperation::Remove)),
            Some(value) => match from_serde(schema, path.target(), &value) {
                Ok(data) => edits.push(Edit::new(path, EditOperation::Replace, data)),
                Err(found) => faults.extend(found),
            },
        }
    }
    if faults.is_empty() { Ok(edits) } else { Err(Fault::from(Refusal::Invalid(faults))) }
}

/// The place of a field's leaf.
fn leaf(schema: &Schema, entry: &InstancePath, field: &Field) -> Result<InstancePath, Fault> {
    let mut path = entry.clone();
    for name in field.leaf.split('/') {
        let node = schema
            .own_child(path.target(), name)
            .ok_or_else(|| internal(&format!("the model has no '{}' for {}", field.leaf, field.name)))?;
        path.push(node, Vec::new());
    }
    Ok(path)
}

/// A value in the form of the model; `None` for one that stands for nothing.
fn in_model(kind: Kind, value: &Value) -> Option<Value> {
    match (kind, value) {
        (_, Value::Null) => None,
        (_, Value::String(text)) if text.is_empty() => None,
        (_, Value::Array(members)) if members.is_empty() => None,
        (Kind::Duration | Kind::LeaseLength | Kind::SignedDuration, value) => {
            let seconds = value.as_u64().filter(|seconds| *seconds > 0)?;
            Some(Value::from(Duration::from_seconds(seconds).to_string()))
        }
        (Kind::Pairs, Value::Object(members)) => {
            let pair = |(name, value): (&String, &Value)| serde_json::json!({"name": name, "value": value});
            (!members.is_empty()).then(|| members.iter().map(pair).collect())
        }
        (_, value) => Some(value.clone()),
    }
}

/// What the fields of an endpoint are in an entry. Every field is there; secrets are not.
///
/// # Errors
/// 500 where the entry cannot be read.
pub fn shown(schema: &Schema, fields: &[&[Field]], entry: &Container) -> Result<Map<String, Value>, Fault> {
    let readable = |field: &&Field| !field.leaf.is_empty() && field.kind != Kind::Secret;
    let fields: Vec<&Field> = fields.iter().flat_map(|group| group.iter()).filter(readable).collect();
    let part =
        part(schema, entry, |name| fields.iter().any(|field| field.leaf.split('/').next() == Some(name)))?;
    Ok(fields
        .into_iter()
        .map(|field| {
            let (first, rest) = field.leaf.split_once('/').unwrap_or((field.leaf, ""));
            let mut below = rest.split('/').filter(|name| !name.is_empty());
            let found = part.get(first).and_then(|child| below.try_fold(child, |at, name| at.get(name)));
            (
                field.name.to_owned(),
                found.map_or_else(|| field.kind.nothing(), |found| for_client(field.kind, found)),
            )
        })
        .collect())
}

/// The children of an entry or a container that are wanted, as JSON. Nothing else is looked at: below it may be very much
/// that is no client's, and secrets and hashes among that.
///
/// # Errors
/// 500 where it cannot be read.
pub fn part(
    schema: &Schema,
    entry: &Container,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Map<String, Value>, Fault> {
    let children = entry.children().iter().filter(|(node, _)| is_wanted(&schema.node(*node).name));
    let entry = Container::with_children(entry.node, children.cloned().collect());
    from_data(schema, &entry).map_err(|error| internal(&error.to_string()))
}

/// A value in the form of clients.
fn for_client(kind: Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Duration | Kind::LeaseLength | Kind::SignedDuration, Value::String(text)) => {
            Value::from(text.parse::<Duration>().map_or(0, |length| length.seconds()))
        }
        (Kind::Pairs, Value::Array(members)) => Value::Object(
            members
                .iter()
                .filter_map(|member| {
                    Some((member.get("name")?.as_str()?.to_owned(), member.get("value")?.clone()))
                })
                .collect(),
        ),
        (_, value) => value.clone(),
    }
}
