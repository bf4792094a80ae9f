//! Small schemas and trees for the tests of this folder, from a few lines of text.

use std::sync::Arc;

use super::path::InstancePath;
use super::tree::{Container, Data, List, Tree};
use crate::yang::schema::types::{EnumName, ParseContext, Raw, Strictness, Type, TypeKind};
use crate::yang::schema::{
    Extensions, ListFacts, Module, ModuleId, Node, NodeId, NodeKind, Schema, Status, Value,
};

/// A schema with one module `test` from lines such as `list role key=name user` and `leaf max int32 =5`, nested by two
/// spaces. Flags: `=value` (default), `key=a,b`, `user`, `presence`, `state`, `stored`, `computed`, `secret`, `hashed`,
/// `mandatory`.
pub(crate) fn schema(text: &str) -> Schema {
    let root = node(NodeId::ROOT, "", NodeKind::Root, NodeId::ROOT, NodeId::ROOT);
    let mut schema = Schema::new(vec![module("test")], vec![root], Vec::new());
    let mut open: Vec<NodeId> = vec![NodeId::ROOT];
    let mut keys: Vec<(NodeId, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let depth = (line.len() - line.trim_start().len()) / 2;
        open.truncate(depth + 1);
        let above = open[depth];
        let mut data_parent = above;
        while matches!(schema.node(data_parent).kind, NodeKind::Choice { .. } | NodeKind::Case) {
            data_parent = schema.node(data_parent).schema_parent;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let has = |flag: &str| words.contains(&flag);
        let after = |prefix: &str| words.iter().find_map(|word| word.strip_prefix(prefix));
        let id = NodeId(u32::try_from(schema.nodes.len()).unwrap());
        let facts = ListFacts { user_ordered: has("user"), min: 0, max: None };
        let kind = match words[0] {
            "container" => NodeKind::Container { presence: has("presence") },
            "list" => {
                keys.extend(after("key=").map(|names| (id, names.to_owned())));
                NodeKind::List { keys: Vec::new(), unique: Vec::new(), facts }
            }
            "leaf" => {
                let ty = ty(words[2]);
                let default = after("=").map(|text| value(&schema, &ty, text));
                NodeKind::Leaf { ty, default, is_key: false }
            }
            "leaf-list" => {
                let ty = ty(words[2]);
                let defaults = after("=")
                    .map(|text| text.split(',').map(|text| value(&schema, &ty, text)).collect())
                    .unwrap_or_default();
                NodeKind::LeafList { ty, defaults, facts }
            }
            "choice" => NodeKind::Choice { default_case: None },
            "case" => NodeKind::Case,
            "anydata" => NodeKind::Anydata,
            "action" => NodeKind::Action,
            "rpc" => NodeKind::Rpc,
            "input" => NodeKind::Input,
            "output" => NodeKind::Output,
            other => panic!("unknown kind {other}"),
        };
        let mut new = node(id, words.get(1).unwrap_or(&words[0]), kind, data_parent, above);
        new.config = schema.node(above).config && !has("state");
        new.mandatory = has("mandatory");
        new.extensions = Extensions {
            secret: has("secret"),
            hashed: has("hashed"),
            stored: has("stored"),
            computed: has("computed"),
            ..Extensions::default()
        };
        schema.nodes.push(new);
        schema.nodes[above.0 as usize].schema_children.push(id);
        if words[0] == "case" && has("default") {
            schema.nodes[above.0 as usize].kind = NodeKind::Choice { default_case: Some(id) };
        }
        if !matches!(words[0], "choice" | "case") {
            schema.nodes[data_parent.0 as usize].children.push(id);
        }
        open.push(id);
    }
    schema.index();
    for (list, names) in keys {
        let ids: Vec<NodeId> = names.split(',').map(|name| schema.child(list, None, name).unwrap()).collect();
        for id in &ids {
            if let NodeKind::Leaf { is_key, .. } = &mut schema.nodes[id.0 as usize].kind {
                *is_key = true;
            }
        }
        if let NodeKind::List { keys, .. } = &mut schema.nodes[list.0 as usize].kind {
            *keys = ids;
        }
    }
    schema
}

/// The schema that most tests of this folder use: issuers with roles, a user-ordered list, choices, secrets, state.
pub(crate) fn issuers() -> Schema {
    schema(
        "
container top
  leaf enabled boolean =true
  container limits
    leaf max uint8 =5
    leaf rate decimal64
  container marker presence
    leaf note string
  list issuer key=name
    leaf name string
    leaf issuer string
    leaf secret-note string secret
    leaf-list audiences string
    leaf-list steps string user
    list role key=name
      leaf name string
      leaf max-ttl string =1h
      leaf count int64
      leaf flag empty
      leaf level enumeration(low,high) =low
      leaf mixed union(int32,string)
      leaf words union(boolean,string)
      leaf blob binary
      container target
        choice kind
          case one
            leaf to string
            choice inner
              case left
                leaf left string
              case right
                leaf right string
          case two
            leaf-list sites string
    list rule key=from,port user
      leaf from string
      leaf port int32
      leaf text string
    list version key=id state stored
      leaf id uint64
      leaf key string secret
    leaf used uint64 state computed
    anydata notes
    action mint
      input
        leaf ttl string
        leaf-list aud string
      output
        leaf jwt string
",
    )
}

fn module(name: &str) -> Module {
    Module {
        name: name.into(),
        revision: None,
        namespace: format!("urn:{name}").into(),
        prefix: name.into(),
        implemented: true,
        features: Vec::new(),
        submodules: Vec::new(),
        deviated_by: Vec::new(),
        text: "".into(),
    }
}

fn node(id: NodeId, name: &str, kind: NodeKind, parent: NodeId, schema_parent: NodeId) -> Node {
    Node {
        id,
        name: name.into(),
        module: ModuleId(0),
        parent,
        schema_parent,
        kind,
        config: true,
        mandatory: false,
        status: Status::Current,
        children: Vec::new(),
        schema_children: Vec::new(),
        musts: Vec::new(),
        whens: Vec::new(),
        extensions: Extensions::default(),
        description: None,
        units: None,
        presence: None,
    }
}

fn ty(name: &str) -> Arc<Type> {
    let string = || TypeKind::String { length: None, patterns: Vec::new() };
    let (base, arguments) = name.split_once('(').unwrap_or((name, ""));
    let arguments = arguments.trim_end_matches(')');
    let kind = match base {
        "string" => string(),
        "boolean" => TypeKind::Boolean,
        "empty" => TypeKind::Empty,
        "binary" => TypeKind::Binary { length: None },
        "int32" => TypeKind::Int { bits: 32, range: None },
        "int64" => TypeKind::Int { bits: 64, range: None },
        "uint8" => TypeKind::Uint { bits: 8, range: None },
        "uint64" => TypeKind::Uint { bits: 64, range: None },
        "decimal64" => TypeKind::Decimal64 { fraction_digits: 2, range: None },
        "enumeration" => TypeKind::Enumeration {
            names: (0..)
                .zip(arguments.split(','))
                .map(|(value, name)| EnumName { name: name.into(), value })
                .collect(),
        },
        "union" => TypeKind::Union { members: arguments.split(',').map(ty).collect() },
        other => panic!("unknown type {other}"),
    };
    Arc::new(Type { name: base.into(), kind, format: None })
}

fn value(schema: &Schema, ty: &Type, text: &str) -> Value {
    let context = ParseContext { schema, module: ModuleId(0), strictness: Strictness::Text };
    ty.parse(Raw::Text(text), context).unwrap()
}

/// A path in `/v1` form.
pub(crate) fn path(schema: &Schema, text: &str) -> InstancePath {
    InstancePath::parse_v1(schema, text).unwrap()
}

/// A tree from JSON, by name, without any of the checks that decoding makes.
pub(crate) fn tree(schema: &Schema, json: &str) -> Tree {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    Tree { root: container(schema, NodeId::ROOT, &json) }
}

/// A container or entry from JSON.
pub(crate) fn container(schema: &Schema, id: NodeId, json: &serde_json::Value) -> Arc<Container> {
    let members = json.as_object().unwrap();
    let children = members
        .iter()
        .map(|(name, json)| {
            let child = schema.child(id, None, name).unwrap();
            (child, data(schema, child, json))
        })
        .collect();
    Arc::new(Container::with_children(id, children))
}

/// Any node's content from JSON.
pub(crate) fn data(schema: &Schema, id: NodeId, json: &serde_json::Value) -> Data {
    let items = || json.as_array().unwrap().iter();
    match &schema.node(id).kind {
        NodeKind::Leaf { ty, .. } => Data::Leaf(scalar(schema, ty, json)),
        NodeKind::LeafList { ty, .. } => {
            Data::LeafList(items().map(|json| scalar(schema, ty, json)).collect())
        }
        NodeKind::List { .. } => {
            let mut list = List::new(schema, id);
            for json in items() {
                list.insert(container(schema, id, json));
            }
            Data::List(Arc::new(list))
        }
        NodeKind::Anydata | NodeKind::Anyxml => Data::Any(Arc::new(json.clone())),
        _ => Data::Container(container(schema, id, json)),
    }
}

fn scalar(schema: &Schema, ty: &Type, json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::String(text) => value(schema, ty, text),
        serde_json::Value::Array(_) => Value::Empty,
        other => value(schema, ty, &other.to_string()),
    }
}
