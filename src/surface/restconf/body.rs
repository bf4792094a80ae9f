//! From a request's body to edits and inputs. Pure: a schema, a path and bytes in; edits out. Who may do it and whether the
//! whole is valid comes later.

use std::sync::Arc;

use super::media::Format;
use super::query::{Insert, Query};
use crate::base::error::ErrorTag;
use crate::data::decode::{
    Allow, DecodeOptions, Message, decode, decode_input, decode_member, decode_target,
};
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::{InstancePath, Keys};
use crate::data::tree::{Container, Data, Position, Tree};
use crate::data::violation::Violation;
use crate::yang::schema::Schema;

type Faults = Vec<Violation>;

fn options(format: Format) -> DecodeOptions {
    DecodeOptions::qualified(format.into(), Allow::Config)
}

/// POST: a child that is not there yet (RFC 8040 section 4.4.1).
pub fn create(
    schema: &Schema,
    parent: &InstancePath,
    format: Format,
    body: &[u8],
    query: &Query,
) -> Result<Edit, Faults> {
    let Message { path, data } = decode_member(schema, parent, body, &options(format))?;
    let operation = match position(schema, &path, query).map_err(|fault| vec![fault])? {
        Some(position) => EditOperation::Insert(position),
        None => EditOperation::Create,
    };
    Ok(edit(path, operation, data))
}

/// PUT: the whole content of a resource (section 4.5).
pub fn put(
    schema: &Schema,
    target: &InstancePath,
    format: Format,
    body: &[u8],
    query: &Query,
) -> Result<Edit, Faults> {
    let operation = match position(schema, target, query).map_err(|fault| vec![fault])? {
        Some(position) => EditOperation::Place(position),
        None => EditOperation::Replace,
    };
    content(schema, target, format, body, operation)
}

/// The entries on the way to a target that are not there: a PUT creates them, as merging does in NETCONF, with nothing but
/// their keys in them. Containers on the way need no edit.
pub fn ancestors(schema: &Schema, tree: &Tree, target: &InstancePath) -> Vec<Edit> {
    let above = target.steps.len().saturating_sub(1);
    let entries = (1..=above)
        .map(|length| InstancePath { steps: target.steps.iter().take(length).cloned().collect() })
        .filter(|path| schema.node(path.target()).is_list() && tree.entry(path).is_none());
    let empty = |path: InstancePath| {
        let entry = Data::Container(Arc::new(Container::new(path.target())));
        Edit::new(path, EditOperation::Merge, entry)
    };
    entries.map(empty).collect()
}

/// A plain PATCH: what is there, and this merged into it (section 4.6.1).
pub fn patch(schema: &Schema, target: &InstancePath, format: Format, body: &[u8]) -> Result<Edit, Faults> {
    content(schema, target, format, body, EditOperation::Merge)
}

/// An edit that does this with the content of a resource.
///
/// # Errors
/// Everything that is wrong with the body.
pub fn content(
    schema: &Schema,
    target: &InstancePath,
    format: Format,
    body: &[u8],
    operation: EditOperation,
) -> Result<Edit, Faults> {
    if target.steps.is_empty() {
        let data = decode(schema, target, body, &options(format))?;
        return Ok(Edit::new(target.clone(), operation, data));
    }
    let Message { path, data } = decode_target(schema, target, body, &options(format))?;
    Ok(edit(path, operation, data))
}

/// A leaf that is tagged as a default is one that was not set (RFC 6243 section 4.5.2).
fn edit(path: InstancePath, operation: EditOperation, data: Option<Data>) -> Edit {
    match data {
        Some(data) => Edit::new(path, operation, data),
        None => Edit::without_value(path, EditOperation::Remove),
    }
}

/// DELETE. A container without presence exists whenever its parent does, so deleting an empty one is no error.
pub fn delete(schema: &Schema, path: &InstancePath) -> Edit {
    let operation = match schema.node(path.target()).is_np_container() {
        true => EditOperation::Remove,
        false => EditOperation::Delete,
    };
    Edit::without_value(path.clone(), operation)
}

/// The input of an operation; `None` for an empty body.
pub fn input(
    schema: &Schema,
    operation: &InstancePath,
    format: Format,
    body: &[u8],
) -> Result<Arc<Container>, Faults> {
    decode_input(schema, operation, body, &DecodeOptions::qualified(format.into(), Allow::Input))
}

/// Where `insert` and `point` put an entry (sections 4.8.5 and 4.8.6); `None` where they say nothing.
fn position(schema: &Schema, entry: &InstancePath, query: &Query) -> Result<Option<Position>, Violation> {
    let bad = |name: &str, message: String| {
        Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message).info("bad-attribute", name)
    };
    let Some(insert) = query.insert else {
        return match query.point {
            Some(_) => Err(bad("point", "'point' needs 'insert=before' or 'insert=after'".to_owned())),
            None => Ok(None),
        };
    };
    let node = schema.node(entry.target());
    if !node.list_facts().is_some_and(|facts| facts.user_ordered) {
        let message =
            format!("'{}' has no place among others: only what is ordered by the user has", node.name);
        return Err(bad("insert", message));
    }
    let position = match (insert, &query.point) {
        (Insert::First, None) => Position::First,
        (Insert::Last, None) => Position::Last,
        (Insert::First | Insert::Last, Some(_)) => {
            return Err(bad("point", "'point' goes with 'insert=before' and 'insert=after' only".to_owned()));
        }
        (Insert::Before | Insert::After, None) => {
            let message = "'insert=before' and 'insert=after' need a 'point'";
            return Err(bad("point", message.to_owned()));
        }
        (Insert::Before, Some(point)) => Position::Before(sibling(schema, entry, point)?),
        (Insert::After, Some(point)) => Position::After(sibling(schema, entry, point)?),
    };
    Ok(Some(position))
}

/// The key of the entry that `point` names, which stands in the same list.
fn sibling(schema: &Schema, entry: &InstancePath, point: &str) -> Result<Keys, Violation> {
    let bad = |message: String| {
        Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message).info("bad-attribute", "point")
    };
    let path = InstancePath::parse_restconf(schema, point)
        .map_err(|fault| bad(format!("'point' is no path: {}", fault.message)))?;
    let list = entry.entry(Vec::new());
    if path.keys().is_empty() || path.entry(Vec::new()) != list {
        let message = format!("'point' names no entry of {}", list.to_restconf(schema));
        return Err(bad(message));
    }
    Ok(path.keys().into())
}
