//! A description in the making: paths and components as they come up, and the whole at the end.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::yang::json_schema::{Generator, Options, Purpose, generate::paragraphs};
use crate::yang::schema::{ModuleId, NodeId, NodeKind, Schema};

/// Where components of a kind stand.
fn component(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// A reference to a response by its name.
pub fn response(name: &str) -> Value {
    component("responses", name)
}

/// A reference to a parameter by its name.
pub fn parameter(name: &str) -> Value {
    component("parameters", name)
}

/// A reference to a header by its name.
pub fn header(name: &str) -> Value {
    component("headers", name)
}

/// A reference to a schema by its name.
pub fn schema_of(name: &str) -> Value {
    component("schemas", name)
}

/// References to refusals by their statuses.
pub fn refusals(statuses: &[&'static str]) -> impl Iterator<Item = (&'static str, Value)> {
    statuses.iter().map(|status| (*status, response(status)))
}

/// Where a walk through the model is.
pub struct Spot {
    /// The URL so far.
    pub path: String,
    /// The names so far, for operation ids and summaries.
    pub names: String,
    /// Path parameters so far.
    pub parameters: Vec<String>,
}

impl Spot {
    /// The beginning of a walk.
    pub fn new(path: String) -> Self {
        Spot { path, names: String::new(), parameters: Vec::new() }
    }

    /// A child of that name.
    pub fn below(&self, segment: &str) -> Spot {
        let names =
            if self.names.is_empty() { segment.to_owned() } else { format!("{}/{segment}", self.names) };
        Spot { path: format!("{}/{segment}", self.path), names, parameters: self.parameters.clone() }
    }

    /// An entry that these parameters name, behind a separator.
    pub fn entry(&self, separator: char, keys: Vec<String>) -> Spot {
        let placeholders: Vec<String> = keys.iter().map(|key| format!("{{{key}}}")).collect();
        let path = format!("{}{separator}{}", self.path, placeholders.join(","));
        let parameters = [self.parameters.clone(), keys].concat();
        Spot { path, names: self.names.clone(), parameters }
    }
}

/// What goes into an operation and what comes out.
pub struct Sides {
    /// The input, when it has any node.
    pub input: Option<NodeId>,
    /// The output, likewise.
    pub output: Option<NodeId>,
    /// Something in the input is mandatory.
    pub needs_input: bool,
}

/// Paths and components.
pub struct Api<'s> {
    /// The model.
    pub schema: &'s Schema,
    /// Makes the schemas of data.
    pub generator: Generator<'s>,
    /// Paths with their operations.
    pub paths: Map<String, Value>,
    /// `components/parameters`
    pub parameters: Map<String, Value>,
    /// `components/responses`
    pub responses: Map<String, Value>,
    /// `components/headers`
    pub headers: Map<String, Value>,
    /// Schemas that are not of the model.
    pub schemas: Map<String, Value>,
    modules: Option<&'s [String]>,
    tags: BTreeSet<ModuleId>,
}

/// One operation of a path.
#[derive(Default)]
pub struct Operation {
    /// Unique in the document.
    pub id: String,
    /// One line.
    pub summary: String,
    /// More than that.
    pub description: Option<String>,
    /// By what it is grouped.
    pub tag: String,
    /// Parameters besides those of the path.
    pub parameters: Vec<Value>,
    /// The request's body.
    pub body: Option<Value>,
    /// Answers by status.
    pub responses: Vec<(&'static str, Value)>,
    /// It needs no credentials.
    pub public: bool,
    /// The model says that it is on its way out.
    pub deprecated: bool,
}

impl<'s> Api<'s> {
    /// Without any path yet. With `modules`, only of nodes that these define.
    pub fn new(schema: &'s Schema, options: Options, modules: Option<&'s [String]>) -> Self {
        Api {
            schema,
            generator: Generator::new(schema, options),
            paths: Map::new(),
            parameters: Map::new(),
            responses: Map::new(),
            headers: Map::new(),
            schemas: Map::new(),
            modules,
            tags: BTreeSet::new(),
        }
    }

    /// Whether a node, or something below it, is of the modules that are to be described.
    pub fn is_wanted(&self, id: NodeId) -> bool {
        let Some(modules) = self.modules else { return true };
        let node = self.schema.node(id);
        modules.iter().any(|name| self.schema.module(node.module).name == **name)
            || self.schema.children(id).iter().any(|child| self.is_wanted(*child))
    }

    /// The tag of a node: its module.
    pub fn tag(&mut self, id: NodeId) -> String {
        let module = self.schema.node(id).module;
        self.tags.insert(module);
        self.schema.module(module).name.as_str().to_owned()
    }

    /// The sides of an operation.
    pub fn sides(&self, id: NodeId) -> Sides {
        let schema = self.schema;
        let side = |wanted: fn(&NodeKind) -> bool| {
            let mut children = schema.node(id).schema_children.iter().copied();
            let side = children.find(|child| wanted(&schema.node(*child).kind));
            side.filter(|side| !schema.children(*side).is_empty())
        };
        let input = side(|kind| matches!(kind, NodeKind::Input));
        let needs_input = input.is_some_and(|input| {
            let mut children = schema.node(input).schema_children.iter().map(|child| schema.node(*child));
            children.any(|child| child.mandatory && child.whens.is_empty())
        });
        Sides { input, output: side(|kind| matches!(kind, NodeKind::Output)), needs_input }
    }

    /// The segment of a node's name in URLs.
    pub fn segment(&self, id: NodeId, is_qualified: bool) -> String {
        let node = self.schema.node(id);
        match is_qualified {
            true => format!("{}:{}", self.schema.module(node.module).name, node.name),
            false => node.name.as_str().to_owned(),
        }
    }

    /// The path parameters that name an entry of a list or leaf-list, as placeholders; they are added to the components.
    pub fn entry_parameters(&mut self, id: NodeId) -> Vec<String> {
        let node = self.schema.node(id);
        let keys: Vec<NodeId> = match &node.kind {
            NodeKind::LeafList { .. } => vec![id],
            _ => node.keys().to_vec(),
        };
        let mut names = Vec::with_capacity(keys.len());
        for key in keys {
            let leaf = self.schema.node(key);
            let name = match key == id {
                true => format!("{}-value", node.name),
                false => format!("{}-{}", node.name, leaf.name),
            };
            let described = leaf.description.as_deref().map(paragraphs);
            let schema = self.generator.entry_scalar(key, Purpose::Answer);
            names.push(self.path_parameter(&name, described, schema));
        }
        names
    }

    /// Adds a parameter of paths under that name, or a numbered one where another has it.
    fn path_parameter(&mut self, name: &str, description: Option<String>, schema: Value) -> String {
        let make = |name: &str| {
            let mut made = json!({"name": name, "in": "path", "required": true, "schema": schema});
            if let (Some(description), Value::Object(members)) = (&description, &mut made) {
                members.insert("description".to_owned(), json!(description));
            }
            made
        };
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        for name in std::iter::once(name.to_owned()).chain(numbered) {
            let made = make(&name);
            match self.parameters.get(&format!("path.{name}")) {
                Some(other) if *other != made => {}
                Some(_) => return name,
                None => {
                    self.parameters.insert(format!("path.{name}"), made);
                    return name;
                }
            }
        }
        name.to_owned()
    }

    /// Adds a path with its operations, by method.
    pub fn path(&mut self, path: &str, parameters: &[String], operations: Vec<(&str, Operation)>) {
        if operations.is_empty() {
            return;
        }
        let mut item = Map::new();
        if !parameters.is_empty() {
            let references: Vec<Value> =
                parameters.iter().map(|name| parameter(&format!("path.{name}"))).collect();
            item.insert("parameters".to_owned(), Value::Array(references));
        }
        for (method, operation) in operations {
            item.insert(method.to_owned(), operation.described());
        }
        self.paths.insert(path.to_owned(), Value::Object(item));
    }

    /// The document.
    pub fn finish(
        self,
        title: &str,
        description: &str,
        security: &Value,
        own_tags: &[(&str, &str)],
    ) -> Value {
        let Api { schema, generator, paths, parameters, responses, headers, mut schemas, tags, .. } = self;
        schemas.append(&mut generator.finish());
        let mut all_tags: Vec<Value> = own_tags
            .iter()
            .map(|(name, description)| json!({"name": name, "description": description}))
            .collect();
        all_tags.extend(tags.iter().map(|tag| {
            let module = schema.module(*tag);
            let revision = module.revision.as_deref().map_or_else(String::new, |date| format!(" of {date}"));
            json!({"name": module.name.as_str(), "description": format!("Nodes of the YANG module {}{revision}", module.name)})
        }));
        let mut schemes = Map::new();
        let mut alternatives = Vec::new();
        for (name, scheme) in security.as_object().into_iter().flatten() {
            schemes.insert(name.clone(), scheme.clone());
            alternatives.push(json!({name.clone(): []}));
        }
        json!({
            "openapi": "3.1.0",
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "info": {
                "title": title,
                "version": env!("CARGO_PKG_VERSION"),
                "description": description,
                "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": alternatives,
            "tags": all_tags,
            "paths": paths,
            "components": {
                "schemas": schemas,
                "parameters": parameters,
                "headers": headers,
                "responses": responses,
                "securitySchemes": schemes,
            },
        })
    }
}

impl Operation {
    fn described(self) -> Value {
        let mut made = Map::new();
        made.insert("operationId".to_owned(), json!(self.id));
        made.insert("tags".to_owned(), json!([self.tag]));
        made.insert("summary".to_owned(), json!(self.summary));
        if let Some(description) = self.description {
            made.insert("description".to_owned(), json!(description));
        }
        if self.deprecated {
            made.insert("deprecated".to_owned(), json!(true));
        }
        if !self.parameters.is_empty() {
            made.insert("parameters".to_owned(), Value::Array(self.parameters));
        }
        made.extend(self.body.map(|body| ("requestBody".to_owned(), body)));
        let responses: Map<String, Value> =
            self.responses.into_iter().map(|(status, answer)| (status.to_owned(), answer)).collect();
        made.insert("responses".to_owned(), Value::Object(responses));
        if self.public {
            made.insert("security".to_owned(), json!([]));
        }
        Value::Object(made)
    }
}
