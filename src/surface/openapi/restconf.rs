//! The description of RESTCONF (RFC 8040): the datastore with the paths of the model, operations, and what stands beside
//! them.

use serde_json::{Map, Value, json};

use super::api::{Api, Operation, Spot, header, parameter, refusals, response, schema_of};
use super::common::{self, ANY, BODY};
use super::streams;
use crate::base::error::ErrorTag;
use crate::surface::restconf::query::{PARAMETERS, Place};
use crate::yang::json_schema::{Encoding, Options, Purpose, generate::paragraphs};
use crate::yang::schema::{NodeId, NodeKind, Schema, node::Status};

const JSON: &str = "application/yang-data+json";
const XML: &str = "application/yang-data+xml";

/// The tag of what is no node.
const TAG: (&str, &str) = ("restconf", "The datastore as a whole, and what stands beside it");

const DESCRIPTION: &str = "\
The model by RFC 8040. Data are JSON (RFC 7951) or XML (RFC 7950), whichever `Accept` and `Content-Type` say, also under their plain names \
`application/json` and `application/xml`; schemas are given for JSON. The resource that a URL names is a member of its qualified name. \
The paths below `/restconf/data` stand below each datastore too (RFC 8527), `/restconf/ds/ietf-datastores:running` and so on, and are not listed again. \
Wherever there is a GET there is a HEAD; OPTIONS works everywhere and answers `Allow`. \
Parameters that RFC 8040 does not have begin with `own` in their description. \
What JSON Schema cannot say of the model stands in `$comment`: conditions, references, and what makes entries unique.";

/// The document.
pub fn describe(schema: &Schema, modules: Option<&[String]>) -> Value {
    let options = Options::requests(Encoding::Rfc7951, "#/components/schemas/");
    let mut api = Api::new(schema, options, modules);
    common::add(&mut api, &[JSON, XML], "Errors", |tag, message| {
        let error = json!({"error-type": "protocol", "error-tag": tag, "error-message": message});
        json!({"ietf-restconf:errors": {"error": [error]}})
    });
    add_components(&mut api);
    beside(&mut api);
    streams::add(&mut api, TAG.0);
    let mut walk = Walk { api };
    walk.datastore();
    walk.operations();
    walk.api.finish("Strongbox RESTCONF", DESCRIPTION, &common::security(), &[TAG])
}

/// What is sent or answered, in both encodings; XML has no schema here.
fn bodies(schema: &Value) -> Map<String, Value> {
    let mut content = Map::new();
    content.insert(JSON.to_owned(), json!({"schema": schema}));
    content.insert(XML.to_owned(), json!({}));
    content
}

fn wrapped(name: &str, inside: &Value) -> Value {
    json!({
        "type": "object",
        "properties": {name: inside},
        "patternProperties": {"^@": true},
        "required": [name],
        "additionalProperties": false,
    })
}

fn add_components(api: &mut Api<'_>) {
    let tags: Vec<&str> = ErrorTag::ALL.iter().map(|tag| tag.as_str()).collect();
    let text = json!({"type": "string"});
    let list = json!({
        "type": "object",
        "properties": {"error": {"type": "array", "items": {
            "type": "object",
            "properties": {
                "error-type": {"type": "string", "enum": ["transport", "rpc", "protocol", "application"]},
                "error-tag": {"type": "string", "enum": tags},
                "error-app-tag": text,
                "error-path": {"type": "string", "description": "An instance-identifier"},
                "error-message": text,
                "error-info": {"type": "object"},
            },
            "required": ["error-type", "error-tag"],
            "additionalProperties": false,
        }}},
        "required": ["error"],
        "additionalProperties": false,
    });
    let status = json!({
        "type": "object",
        "description": "What came of a YANG Patch (RFC 8072 section 2.3)",
        "properties": {
            "patch-id": text,
            "ok": {"const": [null]},
            "errors": list,
            "edit-status": {"type": "object"},
        },
        "required": ["patch-id"],
    });
    api.schemas.insert("YangPatchStatus".to_owned(), wrapped("ietf-yang-patch:yang-patch-status", &status));
    let errors = wrapped("ietf-restconf:errors", &list);
    api.schemas.insert("Errors".to_owned(), json!({"oneOf": [errors, schema_of("YangPatchStatus")]}));
    api.schemas.insert("YangPatch".to_owned(), yang_patch());
    common::add_queries(api, PARAMETERS.iter());
}

fn yang_patch() -> Value {
    let edit = json!({
        "type": "object",
        "properties": {
            "edit-id": {"type": "string"},
            "operation": {"type": "string", "enum": ["create", "delete", "insert", "merge", "move", "replace", "remove"]},
            "target": {"type": "string", "description": "A path below the resource; / is the resource itself"},
            "where": {"type": "string", "enum": ["before", "after", "first", "last"]},
            "point": {"type": "string"},
            "value": {"type": "object"},
        },
        "required": ["edit-id", "operation", "target"],
        "additionalProperties": false,
    });
    let patch = json!({
        "type": "object",
        "description": "RFC 8072",
        "properties": {
            "patch-id": {"type": "string"},
            "comment": {"type": "string"},
            "edit": {"type": "array", "items": edit},
        },
        "required": ["patch-id"],
        "additionalProperties": false,
    });
    wrapped("ietf-yang-patch:yang-patch", &patch)
}

/// The API resource and what it holds besides data and operations.
fn beside(api: &mut Api<'_>) {
    let read = |id: &str, summary: &str, content: Value| {
        let mut responses = vec![("200", json!({"description": summary, "content": content}))];
        responses.extend(refusals(ANY));
        let (id, summary, tag) = (id.to_owned(), summary.to_owned(), TAG.0.to_owned());
        vec![("get", Operation { id, summary, tag, responses, ..Operation::default() })]
    };
    let content = |name: &str, inside: &Value| {
        Value::Object(bodies(&wrapped(&format!("ietf-restconf:{name}"), inside)))
    };
    let date = json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"});
    let object = json!({"type": "object"});
    let root = json!({
        "type": "object",
        "properties": {"data": object, "operations": object, "yang-library-version": date},
    });
    let mut root = read("get.api", "The API resource (RFC 8040 section 3.3)", content("restconf", &root));
    for (_, operation) in &mut root {
        operation.parameters = Walk::parameters(Place::Api, &[]);
    }
    api.path("/restconf", &[], root);
    let operations = json!({"type": "object", "additionalProperties": {"const": [null]}});
    let operations =
        read("list.operations", "The operations that there are", content("operations", &operations));
    api.path("/restconf/operations", &[], operations);
    let version = read(
        "get.yang-library-version",
        "Which YANG library there is",
        content("yang-library-version", &date),
    );
    api.path("/restconf/yang-library-version", &[], version);
    let file = json!({"name": "file", "in": "path", "required": true,
        "description": "As the YANG library names it",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.@-]+$", "examples": ["strongbox.yang"]}});
    api.parameters.insert("path.file".to_owned(), file);
    let text = json!({"application/yang": {"schema": {"type": "string"}}});
    let mut module = read("get.module", "The text of a module (section 3.7)", text);
    for (_, operation) in &mut module {
        operation.responses.retain(|(status, _)| *status != "406");
    }
    api.path("/restconf/schema/{file}", &["file".to_owned()], module);
    let mut host_meta = read(
        "get.host-meta",
        "Where the API is (section 3.1)",
        json!({"application/xrd+xml": {"schema": {"type": "string"}}}),
    );
    for (_, operation) in &mut host_meta {
        operation.public = true;
        operation.responses.retain(|(status, _)| matches!(*status, "200" | "400" | "414" | "429" | "431"));
    }
    api.path("/.well-known/host-meta", &[], host_meta);
}

struct Walk<'s> {
    api: Api<'s>,
}

impl Walk<'_> {
    /// The name of a node at the top of a message.
    fn qualified(&self, id: NodeId) -> String {
        match id {
            NodeId::ROOT => "ietf-restconf:data".to_owned(),
            id => self.api.segment(id, true),
        }
    }

    /// A message with the content of a node; an entry stands in an array of one.
    fn message(&mut self, id: NodeId, purpose: Purpose) -> Value {
        let node = self.api.schema.node(id);
        let one = |item: Value| json!({"type": "array", "items": item, "minItems": 1, "maxItems": 1});
        let content = match &node.kind {
            NodeKind::List { .. } => one(self.api.generator.entry(id, purpose)),
            NodeKind::LeafList { .. } => one(self.api.generator.entry_scalar(id, purpose)),
            NodeKind::Leaf { .. } | NodeKind::Anydata | NodeKind::Anyxml => {
                self.api.generator.member(id, purpose)
            }
            _ => self.api.generator.content(id, purpose),
        };
        wrapped(&self.qualified(id), &content)
    }

    /// A message with one new child of a node: of a list, with its keys and secrets.
    fn child(&mut self, id: NodeId) -> Option<Value> {
        let schema = self.api.schema;
        let children: Vec<NodeId> = schema.children(id).to_vec();
        let mut choices = Vec::new();
        for child in children {
            if self.api.generator.is_shown(child, Purpose::Whole) && self.api.is_wanted(child) {
                choices.push(self.message(child, Purpose::Whole));
            }
        }
        (!choices.is_empty()).then(|| json!({"anyOf": choices}))
    }

    fn datastore(&mut self) {
        let spot = Spot::new("/restconf/data".to_owned());
        let mut operations = self.inner(NodeId::ROOT, &spot);
        for (_, operation) in &mut operations {
            operation.tag = TAG.0.to_owned();
            operation.responses.retain(|(status, _)| *status != "201" || operation.id.starts_with("create"));
        }
        operations.retain(|(method, _)| *method != "delete");
        self.api.path(&spot.path, &[], operations);
        self.children(NodeId::ROOT, &spot);
    }

    fn children(&mut self, id: NodeId, spot: &Spot) {
        let schema = self.api.schema;
        for child in schema.children(id).iter().copied() {
            let node = schema.node(child);
            if !self.api.is_wanted(child) {
                continue;
            }
            let is_qualified = id == NodeId::ROOT || schema.node(id).module != node.module;
            let spot = spot.below(&self.api.segment(child, is_qualified));
            match &node.kind {
                NodeKind::Container { .. } => {
                    let operations = self.inner(child, &spot);
                    self.api.path(&spot.path, &spot.parameters, operations);
                    self.children(child, &spot);
                }
                NodeKind::List { keys, .. } => {
                    self.whole(child, &spot);
                    if !keys.is_empty() {
                        let spot = spot.entry('=', self.api.entry_parameters(child));
                        let operations = self.inner(child, &spot);
                        self.api.path(&spot.path, &spot.parameters, operations);
                        self.children(child, &spot);
                    }
                }
                NodeKind::LeafList { .. } => {
                    self.whole(child, &spot);
                    let spot = spot.entry('=', self.api.entry_parameters(child));
                    self.value(child, &spot);
                }
                NodeKind::Leaf { .. } | NodeKind::Anydata | NodeKind::Anyxml => self.value(child, &spot),
                NodeKind::Action => self.operation(child, &spot),
                _ => {}
            }
        }
    }

    fn id(verb: &str, spot: &Spot) -> String {
        let names = spot.names.replace('/', ".").replace(':', "_");
        let dot = if names.is_empty() { "" } else { "." };
        format!("{verb}.data{dot}{names}")
    }

    fn parameters(place: Place, headers: &[&str]) -> Vec<Value> {
        let rows = PARAMETERS.iter().filter(|row| row.places.contains(&place));
        let queries = rows.map(|row| parameter(&format!("query.{}", row.name)));
        queries.chain(headers.iter().map(|name| parameter(&format!("header.{name}")))).collect()
    }

    fn get(&mut self, id: NodeId, spot: &Spot, place: Place, content: &Value) -> Operation {
        let node = self.api.schema.node(id);
        let validators = json!({"ETag": header("ETag"), "Last-Modified": header("Last-Modified")});
        let answer =
            json!({"description": "What there is", "headers": validators, "content": bodies(content)});
        let mut responses = vec![("200", answer), ("204", response("204.valid")), ("304", response("304"))];
        responses.extend(refusals(ANY));
        responses.extend(refusals(&["412"]));
        let what = if spot.names.is_empty() { "the datastore" } else { &spot.names };
        Operation {
            id: Self::id("get", spot),
            summary: format!("Read {what}"),
            description: node.description.as_deref().map(paragraphs),
            tag: self.api.tag(id),
            parameters: Self::parameters(place, &["If-None-Match", "If-Modified-Since"]),
            responses,
            deprecated: node.status != Status::Current,
            ..Operation::default()
        }
    }

    /// A list or leaf-list as a whole, which can only be read.
    fn whole(&mut self, id: NodeId, spot: &Spot) {
        if !self.api.generator.is_shown(id, Purpose::Answer) {
            return;
        }
        let entries = self.api.generator.member(id, Purpose::Answer);
        let name = self.qualified(id);
        let count = wrapped("strongbox:count", &json!({"type": "integer", "minimum": 0}));
        let content = json!({"anyOf": [wrapped(&name, &entries), count]});
        let mut get = self.get(id, spot, Place::List, &content);
        get.id = Self::id("list", spot);
        self.api.path(&spot.path, &spot.parameters, vec![("get", get)]);
    }

    /// The datastore, a container or an entry of a list.
    fn inner(&mut self, id: NodeId, spot: &Spot) -> Vec<(&'static str, Operation)> {
        let is_config = id == NodeId::ROOT || self.api.schema.node(id).config;
        let content = self.message(id, Purpose::Answer);
        let mut operations = vec![("get", self.get(id, spot, Place::Node, &content))];
        if !is_config {
            return operations;
        }
        // Without children to create the method is there all the same, and refuses what is sent.
        let child = self.child(id).unwrap_or_else(|| json!({"type": "object", "not": {}}));
        operations.push(("post", self.write(id, spot, "create", "Create a child of", Some(bodies(&child)))));
        operations.extend(self.changes(id, spot));
        operations
    }

    /// A leaf, an entry of a leaf-list, `anydata` or `anyxml`.
    fn value(&mut self, id: NodeId, spot: &Spot) {
        let is_readable = self.api.generator.is_shown(id, Purpose::Answer);
        let mut operations = Vec::new();
        if is_readable {
            let content = self.message(id, Purpose::Answer);
            let mut get = self.get(id, spot, Place::Node, &content);
            get.id = Self::id(if self.api.schema.node(id).is_leaf() { "get" } else { "get-value" }, spot);
            operations.push(("get", get));
        } else {
            operations.push(("get", self.secret(id, spot)));
        }
        if self.api.schema.node(id).config {
            operations.extend(self.changes(id, spot));
        }
        self.api.path(&spot.path, &spot.parameters, operations);
    }

    /// A GET of what never comes back.
    fn secret(&mut self, id: NodeId, spot: &Spot) -> Operation {
        Operation {
            id: Self::id("get", spot),
            summary: format!("{} can be written and never comes back", spot.names),
            tag: self.api.tag(id),
            responses: refusals(ANY).collect(),
            ..Operation::default()
        }
    }

    /// PUT, PATCH and DELETE.
    fn changes(&mut self, id: NodeId, spot: &Spot) -> Vec<(&'static str, Operation)> {
        let put = bodies(&self.message(id, Purpose::Whole));
        let mut patch = bodies(&self.message(id, Purpose::Change));
        patch.insert("application/yang-patch+json".to_owned(), json!({"schema": schema_of("YangPatch")}));
        patch.insert("application/yang-patch+xml".to_owned(), json!({}));
        vec![
            ("put", self.write(id, spot, "replace", "Create or replace", Some(put))),
            ("patch", self.write(id, spot, "change", "Change", Some(patch))),
            ("delete", self.write(id, spot, "delete", "Delete", None)),
        ]
    }

    fn write(
        &mut self,
        id: NodeId,
        spot: &Spot,
        verb: &str,
        summary: &str,
        body: Option<Map<String, Value>>,
    ) -> Operation {
        let mut responses = match verb {
            "create" => vec![("201", response("201"))],
            "replace" => vec![("201", response("201")), ("204", response("204"))],
            "change" => {
                let status =
                    json!({"application/yang-data+json": {"schema": schema_of("YangPatchStatus")}, XML: {}});
                let patched = json!({"description": "What came of a YANG Patch", "content": status});
                vec![("200", patched), ("204", response("204"))]
            }
            _ => vec![("204", response("204"))],
        };
        // `validate` answers what would have been.
        responses.extend(refusals(ANY));
        responses.extend(refusals(if body.is_some() { BODY } else { &[] }));
        responses.extend(refusals(&["409", "412", "507"]));
        let place = if matches!(verb, "create" | "replace") { Place::Put } else { Place::Change };
        let what = if spot.names.is_empty() { "the datastore" } else { &spot.names };
        Operation {
            id: Self::id(verb, spot),
            summary: format!("{summary} {what}"),
            tag: self.api.tag(id),
            parameters: Self::parameters(place, &["If-Match", "If-None-Match", "If-Unmodified-Since"]),
            body: body.map(|content| json!({"required": true, "content": content})),
            responses,
            ..Operation::default()
        }
    }

    fn operation(&mut self, id: NodeId, spot: &Spot) {
        let module = self.api.schema.module(self.api.schema.node(id).module).name.clone();
        let content = |side: &str, schema: &Value| bodies(&wrapped(&format!("{module}:{side}"), schema));
        let operation = Operation {
            id: Self::id("invoke", spot),
            parameters: Self::parameters(Place::Invoke, &[]),
            ..common::invocation(&mut self.api, id, spot, &["409", "412", "501", "507"], content)
        };
        self.api.path(&spot.path, &spot.parameters, vec![("post", operation)]);
    }

    /// Operations that belong to no node.
    fn operations(&mut self) {
        let schema = self.api.schema;
        let top = Spot::new("/restconf/operations".to_owned());
        for child in schema.children(NodeId::ROOT).iter().copied() {
            if matches!(schema.node(child).kind, NodeKind::Rpc) && self.api.is_wanted(child) {
                let segment = self.api.segment(child, true);
                self.operation(child, &top.below(&segment));
            }
        }
    }
}
