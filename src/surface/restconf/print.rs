//! Data to bodies: what a query makes of a resource, in the envelope that its encoding has (RFC 8040 section 4.3): a member
//! or an element by the name of the node.

use std::sync::Arc;

use hyper::StatusCode;

use super::media::{Format, Wanted, XML_LIST};
use super::page::Chosen;
use super::query::Query;
use crate::access::authorize::Hidden;
use crate::access::gate::Reading;
use crate::base::error::ErrorTag;
use crate::data::fields::FieldTree;
use crate::data::path::InstancePath;
use crate::data::read::{
    Content, Element, Layout, Message, Names, Page, Shape, Subject, Surroundings, View, WithDefaults,
    encode_json_message, encode_xml_in, qualified_name, write_xml,
};
use crate::data::tree::{Container, List};
use crate::data::violation::Violation;
use crate::surface::failure::Failure;
use crate::surface::select::Selection;
use crate::yang::schema::types::Strictness;
use crate::yang::schema::{NodeId, Schema, Value};

/// Prints what a request shows.
#[derive(Clone, Debug)]
pub struct Printer<'a> {
    schema: &'a Schema,
    wanted: Wanted,
    shape: Shape,
    surroundings: Option<Surroundings<'a>>,
    is_default: bool,
}

impl<'a> Printer<'a> {
    /// For the query of a read. Without `with-defaults` it shows what was set: the basic mode `explicit` (RFC 6243).
    pub fn new(
        schema: &'a Schema,
        wanted: Wanted,
        query: &Query,
        fields: Option<FieldTree>,
        hidden: &Hidden,
    ) -> Self {
        let shape = Shape {
            fields,
            depth: query.depth,
            content: query.content,
            defaults: query.with_defaults.unwrap_or(WithDefaults::Explicit),
            hidden: hidden.shared(),
            sublist_limit: query.sublist_limit,
            with_origin: query.with_origin,
            ..letter()
        };
        Printer { schema, wanted, shape, surroundings: None, is_default: false }
    }

    /// The same, for data that stands there.
    #[must_use]
    pub fn within(self, surroundings: Option<Surroundings<'a>>) -> Self {
        Printer { surroundings, ..self }
    }

    /// The same, for a value that nobody set.
    #[must_use]
    pub fn of_default(self, is_default: bool) -> Self {
        Printer { is_default, ..self }
    }

    /// For the output of an operation.
    pub fn of_output(schema: &'a Schema, wanted: Wanted) -> Self {
        Printer { schema, wanted, shape: letter(), surroundings: None, is_default: false }
    }

    /// The body that shows the content of a node. An entry stands in an array of one, as a list has it.
    ///
    /// # Errors
    /// 406 for `anydata` that has no XML form.
    pub fn print(&self, node: NodeId, data: Subject<'_>) -> Result<Vec<u8>, Failure> {
        let schema = self.schema;
        let view = View { schema, data, shape: &self.shape, surroundings: self.surroundings };
        let name = match node {
            NodeId::ROOT => "ietf-restconf:data".to_owned(),
            node => qualified_name(schema, node),
        };
        let message = Message { view: &view, node, name: &name, is_default: self.is_default };
        let mut out = Vec::with_capacity(512);
        let written = match self.wanted.format {
            Format::Json => {
                encode_json_message(&message, &mut out);
                return Ok(out);
            }
            Format::Xml if node == NodeId::ROOT => {
                encode_xml_in(&view, Element::restconf("data"), Layout::Compact, &mut out)
            }
            Format::Xml => {
                let element = if self.wanted.is_list() { Element::XML_LIST } else { Element::NONE };
                write_xml(schema, &message, element, Layout::Compact, &mut out)
            }
        };
        written.map_err(|error| {
            let message = format!("there is no XML form of this: {error}");
            let violation = Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message);
            Failure::new(StatusCode::NOT_ACCEPTABLE, violation)
        })?;
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
            return Ok(self.count(selection.count(reading, list)?));
        }
        let has_any_number = self.wanted.format == Format::Json || self.wanted.is_list();
        if has_any_number
            && !query.keys
            && query.page.is_whole()
            && let Some(body) = selection.whole(reading, list, |whole| self.print(list.node, whole))
        {
            return body?;
        }
        let Chosen { mut entries, page } = query.page.of_list(reading, list, selection)?;
        self.is_one(&reading.target, entries.len())?;
        if query.keys {
            entries = entries.iter().map(|entry| keys_of(self.schema, entry)).collect();
        }
        self.on_page(page).print(list.node, Subject::Entries(&entries))
    }

    fn count(&self, count: usize) -> Vec<u8> {
        match self.wanted.format {
            Format::Json => format!("{{\"strongbox:count\":{count}}}"),
            Format::Xml => format!("<count xmlns=\"urn:strongbox:strongbox\">{count}</count>"),
        }
        .into_bytes()
    }

    /// The same, for entries that are so many of more.
    fn on_page(&self, page: Option<Page>) -> Self {
        Printer { shape: Shape { page, ..self.shape.clone() }, ..self.clone() }
    }

    /// A leaf-list as a whole, or what `count` makes of it.
    ///
    /// # Errors
    /// Those of [`super::page::Wish::of_values`]; 400 for more than one value in XML, as for lists.
    pub fn values(&self, path: &InstancePath, values: Vec<Value>, query: &Query) -> Result<Vec<u8>, Failure> {
        if query.count {
            return Ok(self.count(values.len()));
        }
        let Chosen { entries, page } = query.page.of_values(values)?;
        self.is_one(path, entries.len())?;
        self.on_page(page).print(path.target(), Subject::LeafList(path.target(), &entries))
    }

    /// Several instances have no common element in XML.
    ///
    /// # Errors
    /// 400.
    pub fn is_one(&self, path: &InstancePath, count: usize) -> Result<(), Failure> {
        if self.wanted.format == Format::Json || self.wanted.is_list() || count == 1 {
            return Ok(());
        }
        let message = format!(
            "there are {count} instances, and XML has a form for exactly one: ask for JSON or {XML_LIST}"
        );
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

fn keys_of(schema: &Schema, entry: &Container) -> Arc<Container> {
    let keys = schema.node(entry.node).keys();
    let children = entry.children().iter().filter(|(id, _)| keys.contains(id)).cloned().collect();
    Arc::new(Container::with_children(entry.node, children))
}
