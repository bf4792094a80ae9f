//! Data on its way out: a subtree seen through a query. One `Serialize` walk gives JSON, YAML and XML alike, straight from
//! the tree to the bytes.
//!
//! What the model marks `secret` or `hashed` never comes out here. Which entries of a list are shown, and whether the
//! caller may see them, is decided before.

mod marks;
mod message;
mod scalar;
mod straight;
mod walk;

use std::fmt::Debug;
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use self::message::{Message, qualified_name};
use self::straight::Straight;
pub use super::decode::Names;
use super::fields::FieldTree;
use super::path::InstancePath;
use super::tree::{Container, Data, Found, List, Overlay, Tree};
use super::xml;
pub use super::xml::{Element, Layout, XmlError, has_form, write as write_xml};
use super::yaml;
use crate::base::json;
use crate::yang::schema::types::Strictness;
use crate::yang::schema::{NodeId, Schema, Value};

/// Which nodes `content` asks for (RFC 8040 section 4.8.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Content {
    /// Configuration only.
    Config,
    /// State only, with the keys that name it.
    Nonconfig,
    /// Both.
    #[default]
    All,
}

/// What `with-defaults` asks for (RFC 6243 section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WithDefaults {
    /// What was set.
    #[default]
    Explicit,
    /// Every value in use.
    ReportAll,
    /// What differs from the default.
    Trim,
    /// Every value in use, and which are defaults (RFC 6243 section 6, as RFC 7952 metadata).
    ReportAllTagged,
}

/// Whether there can be state at or below a node.
pub fn can_hold_state(schema: &Schema, node: NodeId) -> bool {
    let facts = schema.node(node);
    facts.is_data() && !facts.config || schema.has_state_below(node)
}

/// How a subtree is shown.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Only these descendants; `None` is all.
    pub fields: Option<FieldTree>,
    /// How many levels, the target counting as the first (RFC 8040 section 4.8.2); `None` is all. Keys of an entry
    /// always come along.
    pub depth: Option<u32>,
    /// Configuration, state or both.
    pub content: Content,
    /// Which defaults.
    pub defaults: WithDefaults,
    /// Nodes of which no default is shown where they are not there, ascending.
    pub hidden: Arc<[NodeId]>,
    /// How scalars are written: [`Strictness::Rfc7951`] writes 64-bit numbers and decimals as strings.
    pub strictness: Strictness,
    /// How member names are written.
    pub names: Names,
    /// Whether it is told where configuration comes from (RFC 8342 section 5.3.4, as RFC 7952 metadata).
    pub with_origin: bool,
    /// How many entries of a list or leaf-list below the subject are shown; the metadata tell how many are not.
    pub sublist_limit: Option<NonZeroU32>,
    /// What is told of the entries of [`Subject::Entries`] that are not shown.
    pub page: Option<Page>,
}

/// Where some entries of a list stand among those that were asked for: the metadata of `ietf-list-pagination`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// How many come after them.
    pub remaining: Option<Remaining>,
    /// Where those begin.
    pub next: Option<String>,
    /// Where as many as these begin that come before them.
    pub previous: Option<String>,
    /// By whose rules they were sorted.
    pub locale: Option<&'static str>,
}

/// How many entries are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// So many.
    Exactly(u32),
    /// At least one.
    Unknown,
}

impl Default for Shape {
    /// Everything that was set, in the `/v1` dialect.
    fn default() -> Self {
        Shape {
            fields: None,
            depth: None,
            content: Content::All,
            defaults: WithDefaults::Explicit,
            hidden: Arc::default(),
            strictness: Strictness::Plain,
            names: Names::Bare,
            with_origin: false,
            sublist_limit: None,
            page: None,
        }
    }
}

/// Makes the entries of a list complete one by one, so that no more than one is there at a time.
pub trait Completion: Debug {
    /// The entry as it is shown, if it is shown at all.
    fn complete(&self, entry: &Arc<Container>) -> Option<Overlay>;
}

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The root, a container, an entry, or the input or output of an operation: an object.
    Container(&'a Container),
    /// A whole list: an array.
    List(&'a List),
    /// A whole list of which each entry is made complete as it is shown: an array.
    Completed(&'a List, &'a dyn Completion),
    /// Some entries of a list, in this order: an array.
    Entries(&'a [Arc<Container>]),
    /// The keys of some entries: an array of values for a list with one key, of objects for one with several.
    Keys(&'a [Arc<Container>]),
    /// A leaf, or one entry of a leaf-list: a scalar.
    Leaf(NodeId, &'a Value),
    /// A leaf-list: an array.
    LeafList(NodeId, &'a [Value]),
    /// `anydata` and `anyxml`.
    Any(&'a serde_json::Value),
}

impl<'a> Subject<'a> {
    /// The content of the node of that id.
    pub fn of(node: NodeId, data: &'a Data) -> Self {
        match data {
            Data::Leaf(value) => Subject::Leaf(node, value),
            Data::LeafList(values) => Subject::LeafList(node, values),
            Data::Container(container) => Subject::Container(container),
            Data::List(list) => Subject::List(list),
            Data::Any(value) => Subject::Any(value),
        }
    }

    /// What a path to the node of that id led to.
    pub fn found(node: NodeId, found: Found<'a>) -> Self {
        match found {
            Found::Node(data) => Subject::of(node, data),
            Found::Entry(entry) => Subject::Container(entry),
            Found::Value(value) => Subject::Leaf(node, value),
        }
    }
}

/// Where a subject stands: the conditions of defaults look around.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The data around.
    pub tree: &'a Tree,
    /// The path of the subject; of a list as a whole where some of its entries are shown.
    pub path: &'a InstancePath,
}

/// A subject in a shape: what an answer's body says.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The model.
    pub schema: &'a Schema,
    /// What is shown.
    pub data: Subject<'a>,
    /// How.
    pub shape: &'a Shape,
    /// Where it stands. Without it, defaults are shown whatever their conditions.
    pub surroundings: Option<Surroundings<'a>>,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        walk::serialize(self, serializer)
    }
}

/// Appends a view as compact JSON, without a final newline.
pub fn encode_json(view: &View<'_>, out: &mut Vec<u8>) {
    // Writing to memory does not fail, and every name is a string.
    let _ = match Straight::of(view) {
        Some(straight) => straight.append(view.data, out),
        None => json::append(view, out),
    };
}

/// Appends a message as compact JSON, without a final newline.
pub fn encode_json_message(message: &Message<'_, '_>, out: &mut Vec<u8>) {
    let _ = match Straight::of(message.view) {
        Some(straight) => straight.append_message(message, out),
        None => json::append(message, out),
    };
}

/// Appends a view as one YAML document, with a final newline. Any YAML 1.1 or 1.2 reader gets back the same values.
pub fn encode_yaml(view: &View<'_>, out: &mut Vec<u8>) {
    let _ = yaml::write(view, out);
}

/// Appends a view as XML: the element of what is shown, the root as the `data` of NETCONF (RFC 6241). Names are those of
/// [`Names::Qualified`] and scalars those of [`Strictness::Rfc7951`], whatever the shape says of these.
///
/// # Errors
/// [`XmlError`] for `anydata` and `anyxml` with names or texts that XML does not have.
pub fn encode_xml(view: &View<'_>, layout: Layout, out: &mut Vec<u8>) -> Result<(), XmlError> {
    let node = match view.data {
        Subject::Container(container) => Some(container.node),
        Subject::List(list) | Subject::Completed(list, _) => Some(list.node),
        Subject::Entries(entries) | Subject::Keys(entries) => entries.first().map(|entry| entry.node),
        Subject::Leaf(node, _) | Subject::LeafList(node, _) => Some(node),
        Subject::Any(_) => None,
    };
    let element = match node {
        None | Some(NodeId::ROOT) => Element::DATA,
        Some(node) => Element::of(view.schema, node),
    };
    encode_xml_in(view, element, layout, out)
}

/// Appends a view as XML, as [`encode_xml`] does, in an element of another name.
///
/// # Errors
/// As [`encode_xml`].
pub fn encode_xml_in(
    view: &View<'_>,
    element: Element<'_>,
    layout: Layout,
    out: &mut Vec<u8>,
) -> Result<(), XmlError> {
    let shape = Shape { names: Names::Qualified, strictness: Strictness::Rfc7951, ..view.shape.clone() };
    xml::write(view.schema, &View { shape: &shape, ..*view }, element, layout, out)
}

/// The text of an instance-identifier (RFC 7951 section 6.11) in what is no data: JSON has it as it is, XML with prefixes.
#[derive(Clone, Copy, Debug)]
pub struct InstanceIdentifierText<'a>(pub &'a str);

impl Serialize for InstanceIdentifierText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(xml::INSTANCE_IDENTIFIER, self.0)
    }
}

/// What RFC 7950 defines itself and no module does: XML has it in the namespace of YANG.
#[derive(Clone, Copy, Debug)]
pub struct OfYang<T>(pub T);

impl<T: Serialize> Serialize for OfYang<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(xml::OF_YANG, &self.0)
    }
}

#[cfg(test)]
mod tests;
