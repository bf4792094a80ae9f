//! The description of `/v1`: config and state with the paths of the model, actions and operations.

use serde_json::{Map, Value, json};

use super::api::{Api, Operation, Spot, header, parameter, refusals, response, schema_of};
use super::common::{self, ANY, BODY};
use super::public;
use crate::base::error::ErrorTag;
use crate::engine::Datastore;
use crate::surface::v1::query::{PARAMETERS, Place};
use crate::surface::v1::transaction::MAX_EDITS;
use crate::yang::json_schema::{Encoding, Options, Purpose, generate::paragraphs};
use crate::yang::schema::{NodeId, NodeKind, Schema, node::Status};

/// The media types of bodies that are said; there are further names for YAML.
const MEDIA_TYPES: &[&str] = &["application/json", "application/yaml"];

const DESCRIPTION: &str = "\
The model as resources with bare bodies. `/v1/config` is what was configured and can be read and written, `/v1/state` what is \
in use; actions are invoked on state, operations at the top. \
`/v1/candidate` is configuration that the caller prepares: all paths, methods and bodies of `/v1/config` stand there too, and are not listed again. \
Wherever there is a GET there is a HEAD; OPTIONS works everywhere and answers `Allow`. \
Bodies are JSON or YAML both ways (also `application/x-yaml`, `text/yaml`); answers carry `X-Request-Id`, the client's own or one that was made. \
What JSON Schema cannot say of the model stands in `$comment`: conditions, references, and what makes entries unique.";

/// The document.
pub fn describe(schema: &Schema, modules: Option<&[String]>) -> Value {
    let options = Options::requests(Encoding::Plain, "#/components/schemas/");
    let mut api = Api::new(schema, options, modules);
    common::add(
        &mut api,
        MEDIA_TYPES,
        "Errors",
        |tag, message| json!({"errors": [{"error-tag": tag, "error-message": message}]}),
    );
    add_components(&mut api);
    public::add(&mut api);
    index(&mut api);
    let mut walk = Walk { api, datastore: Datastore::Config };
    for datastore in [Datastore::Config, Datastore::State] {
        walk.datastore = datastore;
        walk.root();
    }
    walk.operations();
    let tags = [("v1", "Whole trees, and transactions"), public::TAG];
    walk.api.finish("Strongbox", DESCRIPTION, &common::security(), &tags)
}

/// A body in each of the media types.
fn bodies(schema: &Value) -> Map<String, Value> {
    MEDIA_TYPES.iter().map(|media_type| ((*media_type).to_owned(), json!({"schema": schema}))).collect()
}

fn add_components(api: &mut Api<'_>) {
    let tags: Vec<&str> = ErrorTag::ALL.iter().map(|tag| tag.as_str()).collect();
    let text = json!({"type": "string"});
    api.schemas.insert(
        "Errors".to_owned(),
        json!({
            "type": "object",
            "description": "Every violation of a request",
            "properties": {"errors": {"type": "array", "minItems": 1, "items": {
                "type": "object",
                "properties": {
                    "error-tag": {"type": "string", "enum": tags},
                    "error-app-tag": text,
                    "error-path": {"type": "string", "description": "The path of the data at fault, as in URLs"},
                    "error-message": {"type": "string", "description": "What was found and what is allowed"},
                    "error-info": {"type": "object", "additionalProperties": {"anyOf": [text, {"type": "array", "items": text}]}},
                },
                "required": ["error-tag", "error-message"],
                "additionalProperties": false,
            }}},
            "required": ["errors"],
            "additionalProperties": false,
        }),
    );
    api.schemas.insert("Transaction".to_owned(), transaction());
    api.schemas.insert("JsonPatch".to_owned(), json_patch());
    common::add_queries(api, PARAMETERS.iter().filter(|row| row.name != "sort"));
}

fn transaction() -> Value {
    let edit = |operations: &[&str], takes_value: bool| {
        let mut properties = json!({
            "operation": {"type": "string", "enum": operations},
            "path": {"type": "string", "description": "As in URLs, without /v1/config", "examples": ["strongbox/jwt-issuers/payments-api"]},
        });
        let mut required = vec!["operation", "path"];
        if let (true, Value::Object(members)) = (takes_value, &mut properties) {
            members.insert(
                "value".to_owned(),
                json!({"description": "What stands there afterwards, or what is merged"}),
            );
            required.push("value");
        }
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    };
    json!({
        "description": "Edits in order, all or none",
        "type": "array",
        "maxItems": MAX_EDITS,
        "items": {"oneOf": [edit(&["create", "merge", "replace"], true), edit(&["delete", "remove"], false)]},
        "examples": [[{"operation": "remove", "path": "strongbox/jwt-issuers/old"}]],
    })
}

fn json_patch() -> Value {
    let pointer = json!({"type": "string", "pattern": "^(?:/(?:[^/~]|~[01])*)*$"});
    let operation = |names: &[&str], more: &[&str]| {
        let mut properties = json!({"op": {"type": "string", "enum": names}, "path": pointer});
        let mut required = vec!["op", "path"];
        if let Value::Object(members) = &mut properties {
            for name in more {
                members.insert((*name).to_owned(), if *name == "from" { pointer.clone() } else { json!({}) });
                required.push(name);
            }
        }
        json!({"type": "object", "properties": properties, "required": required})
    };
    json!({
        "description": "RFC 6902",
        "type": "array",
        "items": {"oneOf": [
            operation(&["add", "replace", "test"], &["value"]),
            operation(&["remove"], &[]),
            operation(&["move", "copy"], &["from"]),
        ]},
    })
}

fn index(api: &mut Api<'_>) {
    let schema = json!({
        "type": "object",
        "properties": {
            "config": {"type": "string"},
            "candidate": {"type": "string"},
            "state": {"type": "string"},
            "operations": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["config", "candidate", "state", "operations"],
    });
    let body = json!({"description": "The index", "content": {"application/json": {"schema": schema}}});
    let mut responses = vec![("200", body)];
    responses.extend(refusals(ANY));
    let operation = Operation {
        id: "index.v1".to_owned(),
        summary: "What there is".to_owned(),
        tag: "v1".to_owned(),
        responses,
        ..Operation::default()
    };
    api.path("/v1", &[], vec![("get", operation)]);
}

struct Walk<'s> {
    api: Api<'s>,
    datastore: Datastore,
}

impl Walk<'_> {
    fn tree(&self) -> &'static str {
        match self.datastore {
            Datastore::Config => "config",
            Datastore::Candidate => "candidate",
            Datastore::State => "state",
        }
    }

    fn root(&mut self) {
        let spot =
            Spot { path: format!("/v1/{}", self.tree()), names: String::new(), parameters: Vec::new() };
        let content = self.api.generator.content(NodeId::ROOT, Purpose::Answer);
        let mut get = self.read(NodeId::ROOT, &spot, false, &content);
        get.summary = format!("Read the whole {}", self.tree());
        get.tag = "v1".to_owned();
        let mut operations = vec![("get", get)];
        if self.datastore == Datastore::Config {
            let mut responses = vec![("204", response("204"))];
            responses.extend(refusals(ANY));
            responses.extend(refusals(BODY));
            responses.extend(refusals(&["409", "412", "507"]));
            let post = Operation {
                id: "transact".to_owned(),
                summary: "Make several edits at once, all or none".to_owned(),
                tag: "v1".to_owned(),
                parameters: self
                    .parameters(Place::Write, &["If-Match", "If-None-Match", "If-Unmodified-Since"]),
                body: Some(json!({"required": true, "content": bodies(&schema_of("Transaction"))})),
                responses,
                ..Operation::default()
            };
            operations.push(("post", post));
        }
        self.api.path(&spot.path, &[], operations);
        self.children(NodeId::ROOT, &spot);
    }

    fn children(&mut self, id: NodeId, spot: &Spot) {
        let schema = self.api.schema;
        for child in schema.children(id).iter().copied() {
            let node = schema.node(child);
            if !self.api.is_wanted(child) || (self.datastore == Datastore::Config && !node.config) {
                continue;
            }
            let segment = self.api.segment(child, schema.is_ambiguous(child));
            let spot = spot.below(&segment);
            match &node.kind {
                NodeKind::Container { .. } => {
                    self.entry(child, &spot);
                    self.children(child, &spot);
                }
                NodeKind::List { keys, .. } => {
                    self.list(child, &spot);
                    if !keys.is_empty() {
                        let spot = spot.entry('/', self.api.entry_parameters(child));
                        self.entry(child, &spot);
                        self.children(child, &spot);
                    }
                }
                NodeKind::Leaf { .. } | NodeKind::LeafList { .. } | NodeKind::Anydata | NodeKind::Anyxml
                    if self.api.generator.is_shown(child, Purpose::Answer) =>
                {
                    self.value(child, &spot);
                }
                NodeKind::Action if self.datastore == Datastore::State => self.action(child, &spot),
                _ => {}
            }
        }
    }

    /// References to the query parameters that mean something there, and to headers.
    fn parameters(&self, place: Place, headers: &[&str]) -> Vec<Value> {
        let rows = PARAMETERS.iter().filter(|row| row.places.contains(&place) && row.name != "sort");
        let queries = rows.map(|row| parameter(&format!("query.{}", row.name)));
        queries.chain(headers.iter().map(|name| parameter(&format!("header.{name}")))).collect()
    }

    /// A GET of a node, whose body has that schema.
    fn read(&mut self, id: NodeId, spot: &Spot, is_list: bool, content: &Value) -> Operation {
        let (place, headers): (Place, &[&str]) = match (self.datastore, is_list) {
            (Datastore::Config | Datastore::Candidate, true) => {
                (Place::ConfigList, &["If-None-Match", "If-Modified-Since"])
            }
            (Datastore::Config | Datastore::Candidate, false) => {
                (Place::ConfigNode, &["If-None-Match", "If-Modified-Since"])
            }
            (Datastore::State, true) => (Place::StateList, &[]),
            (Datastore::State, false) => (Place::StateNode, &[]),
        };
        let node = self.api.schema.node(id);
        let mut answer = json!({"description": "What there is", "content": bodies(content)});
        let is_config = self.datastore == Datastore::Config;
        if let (true, Value::Object(members)) = (is_config, &mut answer) {
            let validators = json!({"ETag": header("ETag"), "Last-Modified": header("Last-Modified")});
            members.insert("headers".to_owned(), validators);
        }
        let mut responses = vec![("200", answer), ("204", response("204.valid"))];
        responses.extend(is_config.then(|| ("304", response("304"))));
        responses.extend(refusals(ANY));
        responses.extend(refusals(if is_config { &["412"] } else { &[] }));
        Operation {
            id: self.id("get", spot),
            summary: format!("Read {}", spot.names),
            description: node.description.as_deref().map(paragraphs),
            tag: self.api.tag(id),
            parameters: self.parameters(place, headers),
            responses,
            deprecated: node.status != Status::Current,
            ..Operation::default()
        }
    }

    fn id(&self, verb: &str, spot: &Spot) -> String {
        let names = spot.names.replace('/', ".").replace(':', "_");
        let dot = if names.is_empty() { "" } else { "." };
        format!("{verb}.{}{dot}{names}", self.tree())
    }

    /// A list as a whole.
    fn list(&mut self, id: NodeId, spot: &Spot) {
        let schema = self.api.schema;
        let entries = {
            let items = self.api.generator.entry(id, Purpose::Answer);
            json!({"type": "array", "items": items})
        };
        let keys = self.keys(id);
        let count = json!({"type": "integer", "minimum": 0, "description": "With `count`"});
        let content = json!({"anyOf": [entries, keys, count]});
        let mut get = self.read(id, spot, true, &content);
        get.id = self.id("list", spot);
        get.summary = format!("Read the entries of {}", spot.names);
        get.parameters.push(self.sort(id));
        let mut operations = vec![("get", get)];
        if self.datastore == Datastore::Config {
            let body = self.created(id);
            let mut responses = vec![("201", response("201"))];
            responses.extend(refusals(ANY));
            responses.extend(refusals(BODY));
            responses.extend(refusals(&["409", "412", "507"]));
            let post = Operation {
                id: self.id("create", spot),
                summary: format!("Create an entry of {}", spot.names),
                description: schema.node(id).description.as_deref().map(paragraphs),
                tag: self.api.tag(id),
                parameters: self.parameters(Place::Write, &["If-None-Match"]),
                body: Some(json!({"required": true, "content": bodies(&body)})),
                responses,
                ..Operation::default()
            };
            operations.push(("post", post));
        }
        self.api.path(&spot.path, &spot.parameters, operations);
    }

    /// A new entry: its keys are there, and secrets too where they are mandatory, since there are none yet to keep.
    fn created(&mut self, id: NodeId) -> Value {
        let schema = self.api.schema;
        let mut entry = self.api.generator.entry(id, Purpose::Whole);
        let secrets = schema.children(id).iter().filter(|child| {
            let node = schema.node(**child);
            node.mandatory && node.whens.is_empty() && (node.extensions.secret || node.extensions.hashed)
        });
        if let Some(Value::Array(required)) = entry.get_mut("required") {
            required.extend(secrets.map(|secret| json!(self.api.generator.member_name(*secret))));
        }
        entry
    }

    /// What `keys` makes of a list.
    fn keys(&mut self, id: NodeId) -> Value {
        let keys = self.api.schema.node(id).keys().to_vec();
        let items = match keys.as_slice() {
            [only] => self.api.generator.entry_scalar(*only, Purpose::Answer),
            _ => {
                let mut properties = Map::new();
                for key in keys {
                    let schema = self.api.generator.entry_scalar(key, Purpose::Answer);
                    properties.insert(self.api.generator.member_name(key), schema);
                }
                json!({"type": "object", "properties": properties})
            }
        };
        json!({"type": "array", "items": items, "description": "With `keys`"})
    }

    /// The leafs that a list can be sorted by.
    fn sort(&self, id: NodeId) -> Value {
        let schema = self.api.schema;
        let leafs = schema.children(id).iter().copied().filter(|child| {
            schema.node(*child).is_leaf() && self.api.generator.is_shown(*child, Purpose::Answer)
        });
        let names: Vec<String> = leafs.map(|leaf| self.api.generator.member_name(leaf)).collect();
        let descending: Vec<String> = names.iter().map(|name| format!("-{name}")).collect();
        let values = [names, descending].concat();
        json!({"name": "sort", "in": "query",
            "description": "The entries in the order of a leaf; - before its name for descending order",
            "schema": {"type": "string", "enum": values}})
    }

    /// A container or an entry of a list.
    fn entry(&mut self, id: NodeId, spot: &Spot) {
        let is_entry = self.api.schema.node(id).is_list();
        let content = self.api.generator.content(id, Purpose::Answer);
        let get = self.read(id, spot, false, &content);
        let mut operations = vec![("get", get)];
        if self.datastore == Datastore::Config {
            let what = if is_entry { format!("an entry of {}", spot.names) } else { spot.names.clone() };
            let whole = self.api.generator.content(id, Purpose::Whole);
            let change = self.api.generator.content(id, Purpose::Change);
            let put_body = bodies(&whole);
            let mut patch_body = bodies(&change);
            patch_body
                .insert("application/json-patch+json".to_owned(), json!({"schema": schema_of("JsonPatch")}));
            let conditions: &[&str] = &["If-Match", "If-None-Match", "If-Unmodified-Since"];
            for (method, verb, summary, body, first) in [
                (
                    "put",
                    "replace",
                    "Create or replace",
                    Some(put_body),
                    &[("201", "201"), ("204", "204")][..],
                ),
                ("patch", "change", "Change parts of", Some(patch_body), &[("204", "204")]),
                ("delete", "delete", "Delete", None, &[("204", "204")]),
            ] {
                let mut responses: Vec<(&'static str, Value)> =
                    first.iter().map(|(status, name)| (*status, response(name))).collect();
                responses.extend(refusals(ANY));
                responses.extend(refusals(if body.is_some() { BODY } else { &[] }));
                responses.extend(refusals(&["409", "412", "507"]));
                let operation = Operation {
                    id: self.id(verb, spot),
                    summary: format!("{summary} {what}"),
                    tag: self.api.tag(id),
                    parameters: self.parameters(Place::Write, conditions),
                    body: body.map(|content| json!({"required": true, "content": content})),
                    responses,
                    ..Operation::default()
                };
                operations.push((method, operation));
            }
        }
        self.api.path(&spot.path, &spot.parameters, operations);
    }

    /// A leaf, a leaf-list with its entries, `anydata` or `anyxml`.
    fn value(&mut self, id: NodeId, spot: &Spot) {
        let node = self.api.schema.node(id);
        let content = self.api.generator.member(id, Purpose::Answer);
        let get = self.read(id, spot, false, &content);
        self.api.path(&spot.path, &spot.parameters, vec![("get", get)]);
        if matches!(node.kind, NodeKind::LeafList { .. }) {
            let spot = spot.entry('/', self.api.entry_parameters(id));
            let content = self.api.generator.entry_scalar(id, Purpose::Answer);
            let mut get = self.read(id, &spot, false, &content);
            get.id = self.id("get-value", &spot);
            get.summary = format!("Read one value of {}", spot.names);
            self.api.path(&spot.path, &spot.parameters, vec![("get", get)]);
        }
    }

    fn action(&mut self, id: NodeId, spot: &Spot) {
        let operation = Operation {
            id: self.id("invoke", spot),
            parameters: self.parameters(Place::Invoke, &[]),
            ..common::invocation(&mut self.api, id, spot, &["409", "501", "507"], |_, schema| bodies(schema))
        };
        self.api.path(&spot.path, &spot.parameters, vec![("post", operation)]);
    }

    /// Operations that belong to no node.
    fn operations(&mut self) {
        let schema = self.api.schema;
        let top = Spot::new("/v1".to_owned());
        for child in schema.children(NodeId::ROOT).iter().copied() {
            if matches!(schema.node(child).kind, NodeKind::Rpc) && self.api.is_wanted(child) {
                let segment = self.api.segment(child, schema.is_ambiguous(child));
                self.action(child, &top.below(&segment));
            }
        }
    }
}
