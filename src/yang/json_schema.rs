//! JSON Schema (2020-12) of instance data: for editors, for validators, and as the schemas inside of OpenAPI documents.
//!
//! Generated from the compiled schema, so features, deviations and augments have been applied. What JSON Schema cannot say
//! (`must`, `when`, whether a reference leads anywhere, that keys are unique) stands in a `$comment`; nothing that the model
//! allows is refused. Never here: paths and methods of an API, or looking at data.

pub mod example;
pub mod generate;
pub mod number;
pub mod pattern;
mod sample;
mod types;

use serde_json::{Map, Value, json};

pub use generate::{Generator, Purpose};

use super::schema::{NodeId, Schema};

/// The dialect of JSON Schema.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As in `/v1` and boot files: bare names, numbers as numbers.
    Plain,
    /// RFC 7951: names with their modules, 64-bit numbers and decimals as strings.
    Rfc7951,
}

/// What the schemas are for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How data is written.
    pub encoding: Encoding,
    /// Where definitions stand, as the beginning of a `$ref`.
    pub place: &'static str,
    /// For requests to a server: everything that it takes is said, beyond what it would write itself, and containers are
    /// definitions of their own, being resources.
    pub for_requests: bool,
}

impl Options {
    /// For documents that people write.
    pub fn editor(encoding: Encoding) -> Self {
        Options { encoding, place: "#/$defs/", for_requests: false }
    }

    /// For bodies of requests and answers.
    pub fn requests(encoding: Encoding, place: &'static str) -> Self {
        Options { encoding, place, for_requests: true }
    }
}

/// What a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// Configuration.
    Config,
    /// Configuration and state.
    Data,
    /// One document of a boot file: a tenant and its configuration.
    Boot,
}

/// The schema of whole documents with the data of all implemented modules.
pub fn of_document(schema: &Schema, encoding: Encoding, document: Document) -> Value {
    let mut generator = Generator::new(schema, Options::editor(encoding));
    let purpose = if document == Document::Data { Purpose::Data } else { Purpose::Whole };
    let mut tree = generator.object(NodeId::ROOT, purpose);
    let title = match document {
        Document::Config => "Configuration",
        Document::Data => "Configuration and state",
        Document::Boot => "One document of a boot file",
    };
    let mut whole = Map::new();
    whole.insert("$schema".to_owned(), json!(DIALECT));
    whole.insert("title".to_owned(), json!(title));
    if document == Document::Boot {
        // What is merged into a tree need not be whole at its top.
        tree.remove("required");
        let tenant = json!({"type": "string", "default": "system",
            "description": "The tenant into whose configuration it is merged"});
        whole.insert("type".to_owned(), json!(["object", "null"]));
        whole.insert("properties".to_owned(), json!({"tenant": tenant, "config": tree}));
        whole.insert("additionalProperties".to_owned(), json!(false));
    } else {
        whole.append(&mut tree);
    }
    whole.insert("$defs".to_owned(), Value::Object(generator.finish()));
    Value::Object(whole)
}

#[cfg(test)]
mod tests;
