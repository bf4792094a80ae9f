//! From a request's body to edits and inputs: which decoder, which format, and what each method makes of the result.
//!
//! Pure: a schema, a path and bytes in; edits out. Who may do it and whether the whole is valid comes later.

use std::sync::Arc;

use super::format::{Format, Sent};
use super::transaction::{self, SentOperation};
use crate::base::error::ErrorTag;
use crate::data::decode::{Allow, DecodeOptions, decode, decode_patch};
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::data::violation::Violation;
use crate::surface::failure::Failure;
use crate::yang::schema::{NodeKind, Schema};

type Faults = Vec<Violation>;

/// Reads a body in the format that was sent. Where none was named JSON is tried, and YAML when that is no JSON: then the
/// faults are those of the format that the first character speaks for.
pub fn in_format<T>(
    sent: Sent,
    body: &[u8],
    mut read: impl FnMut(Format) -> Result<T, Faults>,
) -> Result<T, Faults> {
    match sent {
        Sent::Value(format) => read(format),
        Sent::JsonPatch => read(Format::Json),
        Sent::Either => read(Format::Json).or_else(|as_json| {
            if !is_malformed(&as_json) {
                return Err(as_json);
            }
            read(Format::Yaml).map_err(|as_yaml| {
                let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
                if matches!(first, Some(b'{' | b'[' | b'"')) && is_malformed(&as_yaml) {
                    as_json
                } else {
                    as_yaml
                }
            })
        }),
    }
}

fn is_malformed(faults: &[Violation]) -> bool {
    faults.iter().any(|fault| fault.tag == ErrorTag::MalformedMessage)
}

fn options(format: Format, allow: Allow) -> DecodeOptions {
    DecodeOptions::plain(format.into(), allow)
}

/// PUT: the whole content of an entry or container.
pub fn put(schema: &Schema, path: &InstancePath, sent: Sent, body: &[u8]) -> Result<Edit, Faults> {
    let value = in_format(sent, body, |format| decode(schema, path, body, &options(format, Allow::Config)))?;
    Ok(Edit::new(path.clone(), EditOperation::Replace, value))
}

/// POST on a list: one entry with its key, and the edit that creates it.
pub fn create(schema: &Schema, list: &InstancePath, sent: Sent, body: &[u8]) -> Result<Edit, Faults> {
    let value = in_format(sent, body, |format| decode(schema, list, body, &options(format, Allow::Config)))?;
    create_edit(schema, list, value).map_err(|fault| vec![fault])
}

fn create_edit(schema: &Schema, list: &InstancePath, value: Data) -> Result<Edit, Violation> {
    match value {
        Data::Container(entry) => {
            let path = list.entry(entry.key(schema));
            Ok(Edit::new(path, EditOperation::Create, Data::Container(entry)))
        }
        _ => Err(Violation::new(
            ErrorTag::BadElement,
            list.clone(),
            "one entry is created at a time: send a map; several at once are a transaction (POST /v1/config)",
        )),
    }
}

/// A plain PATCH.
pub fn patch(schema: &Schema, path: &InstancePath, sent: Sent, body: &[u8]) -> Result<Vec<Edit>, Faults> {
    in_format(sent, body, |format| decode_patch(schema, path, body, &options(format, Allow::Config)))
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
    sent: Sent,
    body: &[u8],
) -> Result<Option<Arc<Container>>, Faults> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let read = |format| decode(schema, operation, body, &options(format, Allow::Input));
    match in_format(sent, body, read)? {
        Data::Container(input) => Ok(Some(input)),
        _ => Err(vec![Violation::new(ErrorTag::BadElement, operation.clone(), "the input is a map")]),
    }
}

/// `POST /v1/config`: every edit of the list, in order.
pub fn transaction(schema: &Schema, sent: Sent, body: &[u8]) -> Result<Vec<Edit>, Faults> {
    let Ok(text) = std::str::from_utf8(body) else {
        let message = "the body is not UTF-8";
        return Err(vec![Violation::new(ErrorTag::MalformedMessage, InstancePath::root(), message)]);
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (format, sent_edits) =
        in_format(sent, body, |format| transaction::parse(text, format).map(|edits| (format, edits)))?;
    let mut edits = Vec::with_capacity(sent_edits.len());
    let mut faults = Vec::new();
    for (index, sent) in sent_edits.iter().enumerate() {
        match transaction_edit(schema, sent, format) {
            Ok(mut made) => edits.append(&mut made),
            Err(found) => faults.extend(found.into_iter().map(|fault| of_edit(fault, index))),
        }
    }
    if faults.is_empty() { Ok(edits) } else { Err(faults) }
}

fn of_edit(mut fault: Violation, index: usize) -> Violation {
    fault.message = format!("edit {index}: {}", fault.message);
    fault.info("edit", index.to_string())
}

fn transaction_edit(
    schema: &Schema,
    sent: &transaction::SentEdit<'_>,
    format: Format,
) -> Result<Vec<Edit>, Faults> {
    let path = InstancePath::parse_v1(schema, &sent.path).map_err(|fault| vec![fault])?;
    let node = schema.node(path.target());
    let refuse = |message: String| Err(vec![Violation::new(ErrorTag::BadElement, path.clone(), message)]);
    if !node.config || path.steps.is_empty() {
        return refuse(format!("'{}' is not a path of configuration that can be edited", sent.path));
    }
    let body = sent.value.as_deref().unwrap_or_default().as_bytes();
    let value = || decode(schema, &path, body, &options(format, Allow::Config));
    let is_list = path.is_whole_list(schema) && matches!(node.kind, NodeKind::List { .. });
    match sent.operation {
        SentOperation::Create if is_list => {
            create_edit(schema, &path, value()?).map(|edit| vec![edit]).map_err(|fault| vec![fault])
        }
        SentOperation::Create => Ok(vec![Edit::new(path.clone(), EditOperation::Create, value()?)]),
        SentOperation::Replace => Ok(vec![Edit::new(path.clone(), EditOperation::Replace, value()?)]),
        SentOperation::Merge => decode_patch(schema, &path, body, &options(format, Allow::Config)),
        SentOperation::Delete => Ok(vec![Edit::without_value(path.clone(), EditOperation::Delete)]),
        SentOperation::Remove => Ok(vec![Edit::without_value(path.clone(), EditOperation::Remove)]),
    }
}

/// The JSON value of a JSON Patch body, guarded against depth by the parser and against size by the listener.
///
/// # Errors
/// 400 when it is no JSON.
pub fn json_patch(body: &[u8]) -> Result<serde_json::Value, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("the patch is not JSON: {error}");
        Failure::from(Violation::new(ErrorTag::MalformedMessage, InstancePath::root(), message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(tag: ErrorTag) -> Faults {
        vec![Violation::new(tag, InstancePath::root(), "no")]
    }

    #[test]
    fn without_a_content_type_json_is_tried_and_then_yaml() {
        let yaml_only = |format| match format {
            Format::Json => Err(fault(ErrorTag::MalformedMessage)),
            Format::Yaml => Ok(()),
        };
        assert!(in_format(Sent::Either, b"a: 1", yaml_only).is_ok());
        assert!(in_format(Sent::Value(Format::Json), b"a: 1", yaml_only).is_err());
        let found = in_format::<()>(Sent::Either, b"{", |format| match format {
            Format::Json => Err(fault(ErrorTag::MalformedMessage)),
            Format::Yaml => Err([fault(ErrorTag::MalformedMessage), fault(ErrorTag::TooBig)].concat()),
        });
        assert_eq!(found.unwrap_err().len(), 1);
    }

    #[test]
    fn what_is_json_and_wrong_is_not_read_as_yaml() {
        let mut asked = Vec::new();
        let found = in_format::<()>(Sent::Either, b"{}", |format| {
            asked.push(format);
            Err(fault(ErrorTag::UnknownElement))
        });
        assert_eq!((found.unwrap_err()[0].tag, asked), (ErrorTag::UnknownElement, vec![Format::Json]));
    }
}
