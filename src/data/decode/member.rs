//! Messages that say what they are about: one member of an object, or one element, with the name of a node (RFC 8040
//! section 4). The path tells where that node stands, and the message which one it is.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::metadata::Metadata;
use super::node::{NodeSeed, raw_text};
use super::object::Member;
use super::scalar::scalars;
use super::{DecodeOptions, Decoder, Format, Nulls};
use crate::base::error::ErrorTag;
use crate::data::path::{InstancePath, Keys};
use crate::data::tree::{Container, Data};
use crate::data::violation::{Violation, shorten};
use crate::yang::schema::types::Raw;
use crate::yang::schema::{NodeId, Schema, Value};

/// What a message says of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The node: an entry where it is a list or leaf-list, whose key the message tells.
    pub path: InstancePath,
    /// Its content; `None` for a leaf that is tagged as a default (RFC 6243 section 6).
    pub data: Option<Data>,
}

/// Reads a message about a child of `parent`. Of a list or leaf-list it holds exactly one entry.
///
/// # Errors
/// As [`super::decode`]; `invalid-value` for a message about nothing or about more than one node.
pub fn decode_member(
    schema: &Schema,
    parent: &InstancePath,
    body: &[u8],
    options: &DecodeOptions,
) -> Result<Message, Vec<Violation>> {
    let mut decoder = Decoder::new(schema, parent, options, Nulls::Refused);
    let read = decoder.read_member(body);
    match read {
        Some((node, data)) if decoder.violations.is_empty() => {
            single(schema, parent, node, data).map_err(|fault| vec![fault])
        }
        _ => Err(decoder.refusal()),
    }
}

/// Reads a message about the very node at `target`, which is not the root.
///
/// # Errors
/// As [`decode_member`]; `invalid-value` for a message about another node, or about an entry with another key.
pub fn decode_target(
    schema: &Schema,
    target: &InstancePath,
    body: &[u8],
    options: &DecodeOptions,
) -> Result<Message, Vec<Violation>> {
    let parent = target.parent().unwrap_or_default();
    let message = decode_member(schema, &parent, body, options)?;
    if message.path == *target {
        return Ok(message);
    }
    if message.path.target() != target.target() {
        let (found, wanted) = (schema.node(message.path.target()), schema.node(target.target()));
        let text = format!("the message is about '{}', and the URL about '{}'", found.name, wanted.name);
        return Err(vec![Violation::new(ErrorTag::InvalidValue, message.path, text)]);
    }
    let keys = schema.node(target.target()).keys().iter().map(Some).chain(std::iter::repeat(None));
    let pairs = message.path.keys().iter().zip(target.keys()).zip(keys);
    let differing = pairs.filter(|((found, wanted), _)| found != wanted);
    let fault = |((found, wanted), key): ((&Value, &Value), Option<&NodeId>)| {
        let path = key.map_or_else(|| target.clone(), |key| target.child(*key));
        let text = format!(
            "'{}' in the message is '{}', and '{}' in the URL; they must agree",
            schema.node(path.target()).name,
            shorten(&found.to_string()),
            shorten(&wanted.to_string())
        );
        Violation::new(ErrorTag::InvalidValue, path, text)
    };
    Err(differing.map(fault).collect())
}

/// Reads the input of an operation: one member `module:input`, or one element `input`.
///
/// # Errors
/// As [`super::decode`]; `invalid-value` where there is something else.
pub fn decode_input(
    schema: &Schema,
    operation: &InstancePath,
    body: &[u8],
    options: &DecodeOptions,
) -> Result<Arc<Container>, Vec<Violation>> {
    let mut decoder = Decoder::new(schema, operation, options, Nulls::Refused);
    let read = decoder.read_member(body);
    match read {
        Some((_, Some(Data::Container(input)))) if decoder.violations.is_empty() => Ok(input),
        _ => Err(decoder.refusal()),
    }
}

/// The node that a message is about; one entry of what has entries.
fn single(
    schema: &Schema,
    parent: &InstancePath,
    node: NodeId,
    data: Option<Data>,
) -> Result<Message, Violation> {
    let whole = parent.child(node);
    let (count, found) = match &data {
        Some(Data::List(list)) => {
            let first = list.iter().next();
            (list.len(), first.map(|entry| (entry.key(schema), Data::Container(Arc::clone(entry)))))
        }
        Some(Data::LeafList(values)) => {
            let first = values.first();
            (values.len(), first.map(|value| (Keys::from([value.clone()]), Data::Leaf(value.clone()))))
        }
        _ => return Ok(Message { path: whole, data }),
    };
    match found {
        Some((keys, data)) if count == 1 => Ok(Message { path: whole.entry(keys), data: Some(data) }),
        _ => {
            let name = &schema.node(node).name;
            let message = format!("a message holds exactly one entry of '{name}'; this one has {count}");
            Err(Violation::new(ErrorTag::InvalidValue, whole, message))
        }
    }
}

impl Decoder<'_> {
    /// Reads a whole message about one child of the target; what is wrong with it is in `violations` afterwards.
    fn read_member(&mut self, body: &[u8]) -> Option<(NodeId, Option<Data>)> {
        let text = self.text(body)?;
        match self.options.format {
            Format::Xml => self.xml_member(text),
            Format::Json | Format::Yaml => {
                let mut reader = serde_json::Deserializer::from_str(text);
                let read = MemberSeed { decoder: &mut *self }.deserialize(&mut reader);
                match read.and_then(|read| reader.end().map(|()| read)) {
                    Ok(read) => read,
                    Err(error) => {
                        let place = (error.line() > 0).then(|| (error.line(), error.column()));
                        self.unreadable("JSON", &error, place);
                        None
                    }
                }
            }
        }
    }

    /// A second node where there can be one only.
    pub(super) fn refuse_second(&mut self, node: NodeId) {
        let message =
            format!("'{}' is one node too many: a message is about one", self.schema.node(node).name);
        self.violations.push(Violation::new(ErrorTag::InvalidValue, self.path.child(node), message));
    }

    /// A message about nothing, unless what it is about was refused.
    pub(super) fn refuse_none(&mut self) {
        if self.violations.is_empty() {
            self.report(ErrorTag::InvalidValue, "the message is about no node; it names exactly one");
        }
    }

    /// The child that the top of a message names, where every name is qualified (RFC 7951 section 4).
    fn top_member(&mut self, name: &str) -> Member {
        let parent = self.path.target();
        if let Some(side) = self.side(parent) {
            let module = &self.schema.module(self.schema.node(side).module).name;
            let wanted = format!("{module}:{}", self.schema.node(side).name);
            if name == wanted {
                return Member::Child(side);
            }
            let message = format!("'{}' is not the member '{wanted}'", shorten(name));
            self.violations.push(Violation::unknown(self.path.clone(), name, message));
            return Member::Refused;
        }
        if !name.contains(':') && !name.starts_with('@') {
            let modules = self.schema.children_named(parent, name).iter();
            let names: Vec<String> = modules
                .map(|(_, id)| format!("{}:{name}", self.schema.module(self.schema.node(*id).module).name))
                .collect();
            let hint = if names.is_empty() { "module:name".to_owned() } else { names.join(", ") };
            let message =
                format!("'{}' stands at the top, where names are qualified: write {hint}", shorten(name));
            self.violations.push(Violation::unknown(self.path.clone(), name, message));
            return Member::Refused;
        }
        match self.member(parent, name, &mut 0) {
            Member::Envelope => {
                let message = format!("'{}' stands for a whole datastore", shorten(name));
                self.violations.push(Violation::unknown(self.path.clone(), name, message));
                Member::Refused
            }
            other => other,
        }
    }
}

/// Reads an object with one member.
struct MemberSeed<'d, 's> {
    decoder: &'d mut Decoder<'s>,
}

type Found = Option<(NodeId, Option<Data>)>;

impl<'de> DeserializeSeed<'de> for MemberSeed<'_, '_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl MemberSeed<'_, '_> {
    fn scalar<E: de::Error>(self, raw: Raw<'_>) -> Result<Found, E> {
        let message = format!("the body is {}, and not an object", raw_text(raw));
        self.decoder.report(ErrorTag::BadElement, message);
        Ok(None)
    }

    fn null<E: de::Error>(self) -> Result<Found, E> {
        self.scalar(Raw::Null)
    }
}

impl<'de> Visitor<'de> for MemberSeed<'_, '_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
        self.decoder.report(ErrorTag::BadElement, "the body is an array, and not an object");
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found, A::Error> {
        let MemberSeed { decoder } = self;
        decoder.enter()?;
        let parent = decoder.path.target();
        let mut children: Vec<(NodeId, Data)> = Vec::new();
        let mut seen: Vec<NodeId> = Vec::new();
        let mut metadata = Metadata::new();
        while let Some(name) = members.next_key::<String>()? {
            match decoder.top_member(&name) {
                Member::Child(child) if seen.is_empty() => {
                    seen.push(child);
                    decoder.path.push(child, Vec::new());
                    let read = members.next_value_seed(NodeSeed { decoder: &mut *decoder, node: child })?;
                    decoder.path.steps.pop();
                    children.extend(read.map(|data| (child, data)));
                }
                Member::Child(child) => {
                    decoder.refuse_second(child);
                    members.next_value::<IgnoredAny>()?;
                }
                Member::Metadata(name) => {
                    decoder.metadata_member(parent, &name, &mut members, &mut metadata)?
                }
                Member::Refused | Member::Envelope => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        decoder.leave();
        if !metadata.is_empty() {
            decoder.apply_metadata(parent, metadata, &mut children, &seen);
        }
        if seen.is_empty() {
            decoder.refuse_none();
        }
        Ok(seen.first().map(|node| (*node, children.into_iter().next().map(|(_, data)| data))))
    }
}
