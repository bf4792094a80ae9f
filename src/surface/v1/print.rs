//! Data to bodies: how the query of a request shapes what is shown, and the format that was asked for.

use std::sync::Arc;

use super::Visit;
use super::format::Format;
use super::query::Query;
use crate::access::authorize::Hidden;
use crate::access::gate::{Reading, Resource};
use crate::data::fields::FieldTree;
use crate::data::read::{
    Content, Shape, Subject, Surroundings, View, WithDefaults, encode_json, encode_yaml,
};
use crate::data::tree::{Container, List};
use crate::engine::Datastore;
use crate::surface::failure::Failure;
use crate::surface::select::Selection;
use crate::yang::schema::Schema;

/// Most entries are shorter in print, in bytes, and allocators keep pieces of this size at hand.
const ORDINARY_BODY: usize = 1_024;

/// Prints what a request shows.
#[derive(Clone, Debug)]
pub struct Printer<'a> {
    schema: &'a Schema,
    format: Format,
    shape: Shape,
    surroundings: Option<Surroundings<'a>>,
}

impl<'a> Printer<'a> {
    /// For the query of a read. Without `with-defaults`, config shows what was set, so that it can be sent back, and state
    /// shows what is in use.
    pub fn new(
        schema: &'a Schema,
        format: Format,
        datastore: Datastore,
        query: &Query,
        fields: Option<FieldTree>,
        hidden: &Hidden,
    ) -> Self {
        let (content, defaults) = match datastore {
            Datastore::Config | Datastore::Candidate => (Content::Config, WithDefaults::Explicit),
            Datastore::State => (query.content, WithDefaults::ReportAll),
        };
        let shape = Shape {
            fields,
            depth: query.depth,
            content,
            defaults: query.with_defaults.unwrap_or(defaults),
            hidden: hidden.shared(),
            ..Shape::default()
        };
        Printer { schema, format, shape, surroundings: None }
    }

    /// The same, for data that stands there.
    #[must_use]
    pub fn within(self, surroundings: Option<Surroundings<'a>>) -> Self {
        Printer { surroundings, ..self }
    }

    /// For the output of an operation.
    pub fn of_output(schema: &'a Schema, format: Format, fields: Option<FieldTree>) -> Self {
        Printer { schema, format, shape: Shape { fields, ..Shape::default() }, surroundings: None }
    }

    /// The body that shows a subject.
    pub fn print(&self, data: Subject<'_>) -> Vec<u8> {
        let view = View { schema: self.schema, data, shape: &self.shape, surroundings: self.surroundings };
        let mut out = Vec::with_capacity(ORDINARY_BODY);
        match self.format {
            Format::Json => encode_json(&view, &mut out),
            Format::Yaml => encode_yaml(&view, &mut out),
        }
        out
    }

    /// A list, or what `count` and `keys` make of it.
    ///
    /// # Errors
    /// Those of [`Selection::entries`].
    pub fn list(
        &self,
        reading: &Reading,
        list: &List,
        selection: &Selection,
        query: &Query,
    ) -> Result<Vec<u8>, Failure> {
        if query.count {
            let count = selection.count(reading, list)?;
            let line_end = if self.format == Format::Yaml { "\n" } else { "" };
            return Ok(format!("{count}{line_end}").into_bytes());
        }
        if !query.keys
            && let Some(body) = selection.whole(reading, list, |whole| self.print(whole))
        {
            return body;
        }
        let entries = selection.entries(reading, list)?;
        Ok(self.print(if query.keys { Subject::Keys(&entries) } else { Subject::Entries(&entries) }))
    }
}

impl Visit<'_> {
    /// The configuration of an entry or container as a JSON document.
    pub(super) fn document_of(&self, container: &Container) -> Vec<u8> {
        let shape = Shape { content: Content::Config, ..Shape::default() };
        let view = View {
            schema: self.v1.schema(),
            data: Subject::Container(container),
            shape: &shape,
            surroundings: None,
        };
        let mut out = Vec::new();
        encode_json(&view, &mut out);
        out
    }

    /// The entry or container that was read, if nothing of it is kept from the caller.
    pub(super) fn whole<'r>(&self, reading: &'r Reading) -> Option<&'r Arc<Container>> {
        let Resource::Container(shown) = &reading.resource else { return None };
        let stored = reading.snapshot.entry(&self.trail.caller.as_ref()?.tenant, &reading.target);
        let is_whole = stored.map_or(shown.is_empty(), |stored| Arc::ptr_eq(shown, stored));
        (is_whole && reading.hidden.is_empty()).then_some(shown)
    }
}
