//! Data to bodies (interim: to be replaced by the codec of `data`).

use std::sync::Arc;

use super::Exchange;
use super::failure::Failure;
use super::format::Format;
use super::query::Query;
use super::select::Selection;
use crate::access::gate::{Reading, Resource};
use crate::data::tree::{Container, Data, List};
use crate::engine::Datastore;
use crate::yang::schema::{Schema, Value};

/// Interim.
#[derive(Clone, Debug)]
pub struct FieldTree;

/// Prints.
pub struct Printer<'a> {
    schema: &'a Schema,
    format: Format,
}

impl<'a> Printer<'a> {
    /// For one request.
    pub fn new(
        schema: &'a Schema,
        format: Format,
        _datastore: Datastore,
        _query: &'a Query,
        _fields: Option<FieldTree>,
        _reading: &'a Reading,
    ) -> Self {
        Printer { schema, format }
    }

    fn bytes(&self, value: &serde_json::Value) -> Vec<u8> {
        match self.format {
            Format::Json => serde_json::to_vec(value).unwrap_or_default(),
            Format::Yaml => serde_yaml::to_string(value).unwrap_or_default().into_bytes(),
        }
    }

    /// A list.
    pub fn list(
        &self,
        reading: &Reading,
        list: &List,
        selection: Option<&Selection>,
        query: &Query,
    ) -> Result<Vec<u8>, Failure> {
        let Some(selection) = selection else { return Ok(Vec::new()) };
        if query.count {
            return Ok(self.bytes(&selection.count(reading, list)?.into()));
        }
        let entries = selection.entries(reading, list)?;
        let values = entries.iter().map(|entry| container(self.schema, entry)).collect();
        Ok(self.bytes(&values))
    }

    /// A container.
    pub fn container(&self, inner: &Arc<Container>) -> Vec<u8> {
        self.bytes(&container(self.schema, inner))
    }

    /// A value.
    pub fn value(&self, value: &Data, _query: &Query) -> Vec<u8> {
        self.bytes(&data(self.schema, value))
    }
}

fn container(schema: &Schema, inner: &Container) -> serde_json::Value {
    inner
        .children()
        .iter()
        .map(|(id, child)| (schema.node(*id).name.to_string(), data(schema, child)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn data(schema: &Schema, data: &Data) -> serde_json::Value {
    match data {
        Data::Leaf(value) => scalar(value),
        Data::LeafList(values) => values.iter().map(scalar).collect(),
        Data::Container(inner) => container(schema, inner),
        Data::List(list) => list.iter().map(|entry| container(schema, entry)).collect(),
        Data::Any(value) => serde_json::Value::clone(value),
    }
}

fn scalar(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Uint(value) => (*value).into(),
        other => other.to_string().into(),
    }
}

impl Exchange<'_> {
    pub(super) fn print_output(&self, output: &Arc<Container>, _fields: Option<FieldTree>) -> Vec<u8> {
        let schema = self.v1.schema();
        Printer { schema, format: self.wanted.format }.container(output)
    }

    pub(super) fn print_document(&self, reading: &Reading) -> Vec<u8> {
        let printer = Printer { schema: self.v1.schema(), format: Format::Json };
        match &reading.resource {
            Resource::Container(inner) => printer.container(inner),
            Resource::List(_) | Resource::Value(_) => b"null".to_vec(),
        }
    }

    /// Whether nothing of the resource is kept from the caller.
    pub(super) fn sees_all_of(&self, reading: &Reading) -> bool {
        let Some(caller) = &self.caller else { return false };
        let whole = reading.snapshot.entry(&caller.tenant, &reading.target);
        match (&reading.resource, whole) {
            (Resource::Container(shown), Some(whole)) => {
                Arc::ptr_eq(shown, whole) && reading.hidden.is_empty()
            }
            (Resource::Container(shown), None) => shown.is_empty() && reading.hidden.is_empty(),
            _ => false,
        }
    }
}
