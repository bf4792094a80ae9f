//! Nodes as JSON Schema: objects, arrays, what must be there and what excludes what.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Encoding, Options, sample};
use crate::yang::schema::node::{Node, Status};
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// What a schema describes data for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// What an answer may hold: configuration and state without secrets, of which a query can leave out any part.
    Answer,
    /// Configuration as a whole: what is mandatory is there.
    Whole,
    /// Changes to configuration: any part; in the plain encoding `null` deletes.
    Change,
    /// Configuration and state as a whole.
    Data,
    /// The input of an operation.
    Input,
}

impl Purpose {
    /// Whether clients send it.
    pub fn is_sent(self) -> bool {
        !matches!(self, Purpose::Answer)
    }

    /// Whether everything mandatory must be there.
    fn is_complete(self) -> bool {
        matches!(self, Purpose::Whole | Purpose::Data | Purpose::Input)
    }

    /// What tells its definitions from those for other purposes.
    fn suffix(self) -> &'static str {
        match self {
            Purpose::Answer | Purpose::Data | Purpose::Input => "",
            Purpose::Whole => ".whole",
            Purpose::Change => ".change",
        }
    }
}

/// Makes schemas of nodes, and the definitions that they refer to.
pub struct Generator<'s> {
    pub(super) schema: &'s Schema,
    pub(super) options: Options,
    definitions: Map<String, Value>,
    nodes: HashMap<(NodeId, Purpose), String>,
    /// Names of definitions by their text.
    texts: HashMap<String, String>,
}

impl<'s> Generator<'s> {
    /// Without any definition yet.
    pub fn new(schema: &'s Schema, options: Options) -> Self {
        Generator { schema, options, definitions: Map::new(), nodes: HashMap::new(), texts: HashMap::new() }
    }

    /// Everything that the schemas made so far refer to.
    pub fn finish(mut self) -> Map<String, Value> {
        self.definitions.sort_keys();
        self.definitions
    }

    fn reference(&self, name: &str) -> Value {
        json!({"$ref": format!("{}{name}", self.options.place)})
    }

    /// A name that no definition has yet.
    fn unused(&self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| !self.definitions.contains_key(name))
            .unwrap_or_default()
    }

    /// A reference to a definition of that text, made if there is none.
    pub fn shared(&mut self, name: &str, definition: Value) -> Value {
        let text = definition.to_string();
        if let Some(name) = self.texts.get(&text) {
            return self.reference(name);
        }
        let name = self.unused(name);
        self.definitions.insert(name.clone(), definition);
        let reference = self.reference(&name);
        self.texts.insert(text, name);
        reference
    }

    /// The schema of a container, a list's entry, or an operation's input or output: a reference to its definition.
    pub fn content(&mut self, id: NodeId, purpose: Purpose) -> Value {
        if let Some(name) = self.nodes.get(&(id, purpose)) {
            return self.reference(name);
        }
        let name = self.unused(&format!("{}{}", self.dotted(id), purpose.suffix()));
        // The name is taken before the nodes below look for theirs.
        self.definitions.insert(name.clone(), Value::Null);
        self.nodes.insert((id, purpose), name.clone());
        let object = self.object(id, purpose);
        let reference = self.reference(&name);
        self.definitions.insert(name, Value::Object(object));
        reference
    }

    /// The path of a node, with points.
    fn dotted(&self, id: NodeId) -> String {
        let mut names = Vec::new();
        let mut at = id;
        while at != NodeId::ROOT {
            let node = self.schema.node(at);
            names.push(match self.schema.is_ambiguous(at) {
                true => format!("{}_{}", self.schema.module(node.module).name, node.name),
                false => node.name.as_str().to_owned(),
            });
            at = node.parent;
        }
        names.reverse();
        if names.is_empty() { "root".to_owned() } else { names.join(".") }
    }

    /// The schema of the members of a node, without a definition of its own.
    pub fn object(&mut self, id: NodeId, purpose: Purpose) -> Map<String, Value> {
        let schema = self.schema;
        let node = schema.node(id);
        let mut properties = Map::new();
        let mut required = Vec::new();
        for child in schema.children(id).iter().copied() {
            if !self.is_shown(child, purpose) {
                continue;
            }
            let name = self.member_name(child);
            properties.insert(name.clone(), self.member(child, purpose));
            if self.is_required(child, purpose) {
                required.push(name);
            }
        }
        let mut object = Map::new();
        object.insert("type".to_owned(), json!("object"));
        self.describe(node, purpose, &mut object);
        if !properties.is_empty() {
            object.insert("properties".to_owned(), Value::Object(properties));
        }
        if self.options.encoding == Encoding::Rfc7951 || !purpose.is_sent() {
            // Metadata (RFC 7952).
            object.insert("patternProperties".to_owned(), json!({"^@": true}));
        }
        if !required.is_empty() {
            object.insert("required".to_owned(), json!(required));
        }
        object.insert("additionalProperties".to_owned(), json!(false));
        if purpose.is_complete() {
            let mut rules = Vec::new();
            self.choices(id, purpose, false, &mut rules);
            if !rules.is_empty() {
                object.insert("allOf".to_owned(), Value::Array(rules));
            }
            if self.options.for_requests && id != NodeId::ROOT {
                let sample = sample::of_content(self, id, purpose);
                object.insert("examples".to_owned(), json!([sample]));
            }
        }
        object
    }

    /// Whether data for that purpose can have the node.
    pub fn is_shown(&self, id: NodeId, purpose: Purpose) -> bool {
        let node = self.schema.node(id);
        node.is_data()
            && match purpose {
                Purpose::Whole | Purpose::Change => node.config,
                Purpose::Answer => !(node.extensions.secret || node.extensions.hashed),
                Purpose::Data | Purpose::Input => true,
            }
    }

    /// The name of a member that stands for a node.
    pub fn member_name(&self, id: NodeId) -> String {
        let node = self.schema.node(id);
        let parent = self.schema.node(node.parent);
        let qualified = match self.options.encoding {
            Encoding::Plain => self.schema.is_ambiguous(id),
            Encoding::Rfc7951 => node.parent == NodeId::ROOT || parent.module != node.module,
        };
        match qualified {
            true => format!("{}:{}", self.schema.module(node.module).name, node.name),
            false => node.name.as_str().to_owned(),
        }
    }

    /// The schema of a member's value: of a list, an array of its entries.
    pub fn member(&mut self, id: NodeId, purpose: Purpose) -> Value {
        let node = self.schema.node(id);
        let nullable =
            purpose == Purpose::Change && self.options.encoding == Encoding::Plain && !node.is_key();
        let schema = match &node.kind {
            NodeKind::Leaf { .. } => self.scalar(id, purpose),
            NodeKind::LeafList { .. } => {
                let items = self.entry_scalar(id, purpose);
                self.array(node, items, purpose)
            }
            NodeKind::List { .. } => {
                let items = self.entry(id, purpose);
                self.array(node, items, purpose)
            }
            NodeKind::Anydata => self.described(node, purpose, json!({"type": "object"})),
            NodeKind::Anyxml => self.described(node, purpose, json!({})),
            _ if self.options.for_requests => self.content(id, purpose),
            _ => Value::Object(self.object(id, purpose)),
        };
        if nullable { or_null(schema) } else { schema }
    }

    /// The schema of an entry where its keys must be there.
    pub fn entry(&mut self, id: NodeId, purpose: Purpose) -> Value {
        let content = self.content(id, purpose);
        let keys: Vec<String> =
            self.schema.node(id).keys().iter().map(|key| self.member_name(*key)).collect();
        match (content, purpose) {
            (content, Purpose::Answer | Purpose::Data | Purpose::Input) => content,
            (Value::Object(mut reference), _) if !keys.is_empty() => {
                reference.insert("required".to_owned(), json!(keys));
                Value::Object(reference)
            }
            (content, _) => content,
        }
    }

    fn array(&self, node: &Node, items: Value, purpose: Purpose) -> Value {
        let mut array = Map::new();
        array.insert("type".to_owned(), json!("array"));
        array.insert("items".to_owned(), items);
        if let (Some(facts), true) = (node.list_facts(), purpose.is_complete()) {
            if facts.min > 0 {
                array.insert("minItems".to_owned(), json!(facts.min));
            }
            if let Some(max) = facts.max {
                array.insert("maxItems".to_owned(), json!(max));
            }
        }
        if node.config && !node.is_list() {
            array.insert("uniqueItems".to_owned(), json!(true));
        }
        // The definition of a list's entries has its description.
        match node.is_list() {
            true => Value::Object(array),
            false => self.described(node, purpose, Value::Object(array)),
        }
    }

    /// The schema of one value of a leaf-list.
    pub fn entry_scalar(&mut self, id: NodeId, purpose: Purpose) -> Value {
        let node = self.schema.node(id);
        match node.ty() {
            Some(ty) => self.type_schema(ty, node.module, purpose),
            None => json!({}),
        }
    }

    /// The schema of a leaf.
    pub fn scalar(&mut self, id: NodeId, purpose: Purpose) -> Value {
        let node = self.schema.node(id);
        let schema = self.entry_scalar(id, purpose);
        self.described(node, purpose, schema)
    }

    fn described(&self, node: &Node, purpose: Purpose, schema: Value) -> Value {
        match schema {
            Value::Object(mut members) => {
                self.describe(node, purpose, &mut members);
                Value::Object(members)
            }
            other => other,
        }
    }

    /// Adds what there is to say of a node beyond its form.
    fn describe(&self, node: &Node, purpose: Purpose, members: &mut Map<String, Value>) {
        if purpose == Purpose::Change {
            return;
        }
        if let Some(description) = &node.description {
            let mut text = paragraphs(description);
            if let Some(units) = &node.units {
                text.push_str(&format!(" (units: {units})"));
            }
            members.insert("description".to_owned(), json!(text));
        } else if let Some(units) = &node.units {
            members.insert("description".to_owned(), json!(format!("(units: {units})")));
        }
        match &node.kind {
            NodeKind::Leaf { ty, default: Some(default), .. } => {
                members.insert("default".to_owned(), self.json(default, ty));
            }
            NodeKind::LeafList { ty, defaults, .. } if !defaults.is_empty() => {
                let defaults: Vec<Value> = defaults.iter().map(|default| self.json(default, ty)).collect();
                members.insert("default".to_owned(), json!(defaults));
            }
            _ => {}
        }
        if node.status != Status::Current {
            members.insert("deprecated".to_owned(), json!(true));
        }
        let is_state = !node.config && self.schema.node(node.parent).config;
        if is_state && matches!(purpose, Purpose::Answer | Purpose::Data) && node.is_data() {
            members.insert("readOnly".to_owned(), json!(true));
        }
        if node.extensions.secret || node.extensions.hashed {
            members.insert("writeOnly".to_owned(), json!(true));
        }
        if purpose.is_complete() {
            self.comment(node, members);
        }
    }

    /// Says in words what JSON Schema has none for.
    fn comment(&self, node: &Node, members: &mut Map<String, Value>) {
        let mut said: Vec<String> = Vec::new();
        if let Some(Value::String(of_type)) = members.get("$comment") {
            said.push(of_type.clone());
        }
        if let Some(crate::yang::schema::types::TypeKind::Leafref(leafref)) = node.ty().map(|ty| &ty.kind) {
            said.push(format!("refers to {}", leafref.path.source));
        }
        said.extend(node.whens.iter().map(|when| format!("when {}", when.condition.source)));
        said.extend(node.musts.iter().map(|must| match &must.message {
            Some(message) => format!("must {} ({})", must.condition.source, paragraphs(message)),
            None => format!("must {}", must.condition.source),
        }));
        if let NodeKind::List { unique, .. } = &node.kind {
            let names = |leafs: &Vec<NodeId>| {
                leafs.iter().map(|leaf| self.schema.node(*leaf).name.as_str()).collect::<Vec<_>>().join(" ")
            };
            said.extend(unique.iter().map(|leafs| format!("unique {}", names(leafs))));
        }
        if !said.is_empty() {
            members.insert("$comment".to_owned(), json!(said.join("; ")));
        }
    }

    /// Whether a member must be there, as far as that depends on nothing else.
    fn is_required(&self, id: NodeId, purpose: Purpose) -> bool {
        let node = self.schema.node(id);
        let is_key = node.is_key();
        if is_key {
            // Where they stand in the URL keys can be left out; [`Generator::entry`] asks for them elsewhere.
            return matches!(purpose, Purpose::Answer | Purpose::Data | Purpose::Input);
        }
        let schema_parent = self.schema.node(node.schema_parent);
        let in_choice = matches!(schema_parent.kind, NodeKind::Choice { .. } | NodeKind::Case);
        purpose.is_complete() && !in_choice && self.is_mandatory(id, purpose)
    }

    /// A mandatory node (RFC 7950 section 3) without conditions. A secret is not asked for: what is there stays when it is
    /// left out.
    pub(super) fn is_mandatory(&self, id: NodeId, purpose: Purpose) -> bool {
        let node = self.schema.node(id);
        if !node.whens.is_empty() || !self.is_shown(id, purpose) {
            return false;
        }
        let is_secret = node.extensions.secret || node.extensions.hashed;
        if is_secret && purpose != Purpose::Input {
            return false;
        }
        node.mandatory
            || node.list_facts().is_some_and(|facts| facts.min > 0)
            || (node.is_np_container()
                && node.schema_children.iter().any(|child| match self.schema.node(*child).kind {
                    NodeKind::Choice { .. } => {
                        self.schema.node(*child).mandatory && self.schema.node(*child).whens.is_empty()
                    }
                    _ => self.is_mandatory(*child, purpose),
                }))
    }

    /// Rules for the choices directly below a node, and for those inside of their cases.
    fn choices(&self, id: NodeId, purpose: Purpose, nested: bool, rules: &mut Vec<Value>) {
        for child in &self.schema.node(id).schema_children {
            let node = self.schema.node(*child);
            if !matches!(node.kind, NodeKind::Choice { .. }) {
                continue;
            }
            let mut cases: Vec<Vec<String>> = Vec::new();
            for case in &node.schema_children {
                let mut names = Vec::new();
                self.names_of_case(*case, purpose, &mut names);
                if !names.is_empty() {
                    cases.push(names);
                }
                self.choices(*case, purpose, true, rules);
            }
            let is_mandatory = node.mandatory && !nested && node.whens.is_empty();
            if cases.is_empty() || (cases.len() == 1 && !is_mandatory) {
                continue;
            }
            let mut branches: Vec<Value> = cases.iter().map(|names| any_of(names)).collect();
            if !is_mandatory {
                let all: Vec<String> = cases.concat();
                branches.push(json!({"not": any_of(&all)}));
            }
            rules.push(json!({"oneOf": branches}));
        }
    }

    /// The members by which a case is there.
    pub(super) fn names_of_case(&self, id: NodeId, purpose: Purpose, names: &mut Vec<String>) {
        let node = self.schema.node(id);
        match node.kind {
            NodeKind::Case | NodeKind::Choice { .. } => {
                node.schema_children.iter().for_each(|child| self.names_of_case(*child, purpose, names));
            }
            _ if self.is_shown(id, purpose) => names.push(self.member_name(id)),
            _ => {}
        }
    }
}

/// At least one of these members is there.
fn any_of(names: &[String]) -> Value {
    match names {
        [only] => json!({"required": [only]}),
        _ => json!({"anyOf": names.iter().map(|name| json!({"required": [name]})).collect::<Vec<_>>()}),
    }
}

/// The same, or `null`.
fn or_null(schema: Value) -> Value {
    match schema {
        Value::Object(mut members)
            if !["enum", "const", "$ref", "anyOf", "allOf"]
                .iter()
                .any(|word| members.contains_key(*word)) =>
        {
            let kinds = match members.get("type") {
                Some(Value::Array(kinds)) => [kinds.as_slice(), &[json!("null")]].concat(),
                Some(kind) => vec![kind.clone(), json!("null")],
                None => return Value::Object(members),
            };
            members.insert("type".to_owned(), Value::Array(kinds));
            Value::Object(members)
        }
        other => json!({"anyOf": [other, {"type": "null"}]}),
    }
}

/// A text of the model as paragraphs: lines are broken there for the width of a module, not for the reader here.
pub fn paragraphs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for paragraph in text.split("\n\n") {
        let joined = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        if !joined.is_empty() {
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            out.push_str(&joined);
        }
    }
    out
}
