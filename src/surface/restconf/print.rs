//! Data to bodies: what a query makes of a resource, in the envelope that its encoding has (RFC 8040 section 4.3): a member
//! or an element by the name of the node.

use std::sync::Arc;

use hyper::StatusCode;

use super::media::Format;
use super::query::Query;
use crate::access::authorize::Hidden;
use crate::access::gate::Reading;
use crate::base::error::ErrorTag;
use crate::data::fields::FieldTree;
use crate::data::path::InstancePath;
use crate::data::read::{
    Content, Element, Layout, Names, Shape, Subject, Surroundings, View, WithDefaults, encode_json,
    encode_xml_in,
};
use crate::data::tree::{Container, List};
use crate::data::violation::Violation;
use crate::surface::failure::Failure;
use crate::surface::select::Selection;
use crate::yang::schema::types::Strictness;
use crate::yang::schema::{NodeId, Schema};

/// The member by which JSON tells that a value is a default (RFC 6243 section 6, RFC 7952).
const IS_DEFAULT: &str = r#"{"ietf-netconf-with-defaults:default":true}"#;

/// The attribute by which XML tells the same.
const DEFAULT_ATTRIBUTE: &str =
    r#" xmlns:ncwd="urn:ietf:params:xml:ns:netconf:default:1.0" ncwd:default="true""#;

/// Prints what a request shows.
#[derive(Clone, Debug)]
pub struct Printer<'a> {
    schema: &'a Schema,
    format: Format,
    shape: Shape,
    surroundings: Option<Surroundings<'a>>,
}

impl<'a> Printer<'a> {
    /// For the query of a read. Without `with-defaults` it shows what was set: the basic mode `explicit` (RFC 6243).
    pub fn new(
        schema: &'a Schema,
        format: Format,
        query: &Query,
        fields: Option<FieldTree>,
        hidden: &Hidden,
    ) -> Self {
        let shape = Shape {
            fields,
            depth: query.depth,
            content: query.content,
            defaults: query.with_defaults.unwrap_or(WithDefaults::Explicit),
            hidden: hidden.nodes().into(),
            ..letter()
        };
        Printer { schema, format, shape, surroundings: None }
    }

    /// The same, for data that stands there.
    #[must_use]
    pub fn within(self, surroundings: Option<Surroundings<'a>>) -> Self {
        Printer { surroundings, ..self }
    }

    /// For the output of an operation.
    pub fn of_output(schema: &'a Schema, format: Format) -> Self {
        Printer { schema, format, shape: letter(), surroundings: None }
    }

    /// Whether a value that was not set is to be tagged as a default.
    pub fn tags_defaults(&self) -> bool {
        self.shape.defaults == WithDefaults::ReportAllTagged
    }

    /// The body that shows the content of a node. An entry stands in an array of one, as a list has it.
    ///
    /// # Errors
    /// 406 for `anydata` that has no XML form.
    pub fn print(&self, node: NodeId, data: Subject<'_>) -> Result<Vec<u8>, Failure> {
        self.message(node, data, false)
    }

    /// The body that shows a value which was not set.
    ///
    /// # Errors
    /// As [`Printer::print`].
    pub fn print_default(&self, node: NodeId, data: Subject<'_>) -> Result<Vec<u8>, Failure> {
        self.message(node, data, self.tags_defaults())
    }

    fn message(&self, node: NodeId, data: Subject<'_>, tagged: bool) -> Result<Vec<u8>, Failure> {
        let view = View { schema: self.schema, data, shape: &self.shape, surroundings: self.surroundings };
        let mut out = Vec::with_capacity(512);
        match self.format {
            Format::Json => {
                let name = qualified(self.schema, node);
                let facts = self.schema.node(node);
                let is_entry = match data {
                    Subject::Container(_) => facts.is_list(),
                    Subject::Leaf(..) => facts.list_facts().is_some(),
                    _ => false,
                };
                out.extend_from_slice(format!("{{\"{name}\":").as_bytes());
                out.extend_from_slice(if is_entry { b"[" } else { b"" });
                encode_json(&view, &mut out);
                out.extend_from_slice(if is_entry { b"]" } else { b"" });
                if tagged {
                    let marks = match data {
                        Subject::LeafList(_, values) => {
                            format!("[{}]", vec![IS_DEFAULT; values.len()].join(","))
                        }
                        _ => IS_DEFAULT.to_owned(),
                    };
                    out.extend_from_slice(format!(",\"@{name}\":{marks}").as_bytes());
                }
                out.push(b'}');
            }
            Format::Xml => {
                let element = match node {
                    NodeId::ROOT => Element::restconf("data"),
                    node => Element::of(self.schema, node),
                };
                let written = encode_xml_in(&view, element, Layout::Compact, &mut out);
                written.map_err(|error| {
                    let violation = Violation::new(
                        ErrorTag::InvalidValue,
                        InstancePath::root(),
                        format!("there is no XML form of this: {error}"),
                    );
                    Failure::new(StatusCode::NOT_ACCEPTABLE, violation)
                })?;
                if tagged {
                    let behind_name = 1 + self.schema.node(node).name.len();
                    out.splice(behind_name..behind_name, DEFAULT_ATTRIBUTE.bytes());
                }
            }
        }
        Ok(out)
    }

    /// A list, or what `where`, `keys` and `count` make of it.
    ///
    /// # Errors
    /// Those of [`Selection::entries`]; 400 for more than one entry in XML, which has no form for that (section 4.3).
    pub fn list(
        &self,
        reading: &Reading,
        list: &List,
        selection: &Selection,
        query: &Query,
    ) -> Result<Vec<u8>, Failure> {
        if query.count {
            let count = selection.count(reading, list)?;
            return Ok(match self.format {
                Format::Json => format!("{{\"strongbox:count\":{count}}}"),
                Format::Xml => format!("<count xmlns=\"urn:strongbox:strongbox\">{count}</count>"),
            }
            .into_bytes());
        }
        let entries = selection.entries(reading, list)?;
        self.is_one(&reading.target, entries.len())?;
        if query.keys {
            let keys: Vec<Arc<Container>> = entries.iter().map(|entry| keys_of(self.schema, entry)).collect();
            return self.print(list.node, Subject::Entries(&keys));
        }
        self.print(list.node, Subject::Entries(&entries))
    }

    /// Several instances have no common element in XML.
    ///
    /// # Errors
    /// 400.
    pub fn is_one(&self, path: &InstancePath, count: usize) -> Result<(), Failure> {
        if self.format == Format::Json || count == 1 {
            return Ok(());
        }
        let message =
            format!("there are {count} instances, and XML has a form for exactly one: ask for JSON");
        Err(Violation::new(ErrorTag::InvalidValue, path.clone(), message).into())
    }
}

/// RFC 7951 to the letter.
fn letter() -> Shape {
    Shape {
        names: Names::Qualified,
        strictness: Strictness::Rfc7951,
        content: Content::All,
        ..Shape::default()
    }
}

/// The member name of a node at the top of a message.
fn qualified(schema: &Schema, node: NodeId) -> String {
    if node == NodeId::ROOT {
        return "ietf-restconf:data".to_owned();
    }
    let node = schema.node(node);
    format!("{}:{}", schema.module(node.module).name, node.name)
}

fn keys_of(schema: &Schema, entry: &Container) -> Arc<Container> {
    let keys = schema.node(entry.node).keys();
    let children = entry.children().iter().filter(|(id, _)| keys.contains(id)).cloned().collect();
    Arc::new(Container::with_children(entry.node, children))
}
