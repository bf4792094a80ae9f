//! Small schemas and trees for the tests of this folder, from a few lines of text.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use super::path::InstancePath;
use super::tree::{Container, Data, List, Tree};
use crate::yang::product::product_library;
use crate::yang::resolve::load::Wanted;
use crate::yang::schema::types::{ParseContext, Raw, Strictness, Type};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value, compile};

/// A schema with one module `test` from lines such as `list role key=name user` and `leaf max int32 =5`, nested by two
/// spaces. Flags: `=value` (default), `key=a,b`, `user`, `presence`, `state`, `mandatory`, `default` (of a case) and our
/// extension statements. Whatever stands behind `|` is YANG.
pub(crate) fn schema(text: &str) -> Schema {
    let mut yang = String::from(
        "module test { yang-version 1.1; namespace urn:test; prefix t; import strongbox-extensions { prefix sx; }",
    );
    let mut open = 0;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let depth = |line: &str| (line.len() - line.trim_start().len()) / 2;
    for (at, line) in lines.iter().enumerate() {
        yang.push_str(&"}".repeat(open - depth(line)));
        open = depth(line) + 1;
        let (own, rest) = line.split_once('|').unwrap_or((line, ""));
        let words: Vec<&str> = own.split_whitespace().collect();
        let _ = write!(yang, "\n{} {} {{ {rest} ", words[0], words.get(1).unwrap_or(&""));
        if let "leaf" | "leaf-list" = words[0] {
            yang.push_str(&type_statement(words[2]));
        }
        for word in words.iter().skip(2) {
            yang.push_str(&flag(word));
        }
        if words[0] == "choice" {
            let inside = lines[at + 1..].iter().take_while(|inner| depth(inner) >= open);
            let default =
                inside.filter(|inner| inner.contains(" default")).map(|inner| inner.split_whitespace());
            if let Some(case) = default.filter_map(|mut words| words.nth(1)).next() {
                let _ = write!(yang, "default {case}; ");
            }
        }
    }
    yang.push_str(&"}".repeat(open + 1));
    from_yang(&[("test.yang", &yang)])
}

fn flag(word: &str) -> String {
    if let Some(keys) = word.strip_prefix("key=") {
        return format!("key \"{}\"; ", keys.replace(',', " "));
    }
    if let Some(values) = word.strip_prefix('=') {
        return values.split(',').map(|value| format!("default \"{value}\"; ")).collect();
    }
    match word {
        "user" => "ordered-by user; ".to_owned(),
        "presence" => "presence p; ".to_owned(),
        "state" => "config false; ".to_owned(),
        "mandatory" => "mandatory true; ".to_owned(),
        "secret" | "hashed" | "stored" | "computed" => format!("sx:{word}; "),
        _ => String::new(),
    }
}

fn type_statement(ty: &str) -> String {
    let (base, arguments) = ty.split_once('(').unwrap_or((ty, ""));
    let arguments = arguments.trim_end_matches(')').split(',').filter(|argument| !argument.is_empty());
    let inside: String = match base {
        "decimal64" => "fraction-digits 2;".to_owned(),
        "enumeration" => arguments.map(|name| format!("enum {name};")).collect(),
        "bits" => arguments.map(|name| format!("bit {name};")).collect(),
        "leafref" => arguments.map(|path| format!("path \"{path}\";")).collect(),
        "identityref" => arguments.map(|base| format!("base {base};")).collect(),
        _ => arguments.map(type_statement).collect(),
    };
    format!("type {base} {{ {inside} }} ")
}

/// A schema from YANG modules, given as file name and text, which may import our own.
pub(crate) fn from_yang(modules: &[(&str, &str)]) -> Schema {
    let mut library = product_library();
    for (name, text) in modules {
        library.add_text(name, text);
    }
    let wanted: Vec<Wanted> =
        modules.iter().map(|(name, _)| Wanted::latest(name.trim_end_matches(".yang"))).collect();
    let (schema, diagnostics) = compile(&mut library, &wanted);
    let told: String = diagnostics.iter().map(|found| library.sources().render(found)).collect();
    schema.unwrap_or_else(|| panic!("{told}"))
}

/// The schema that most tests of this folder use: issuers with roles, a user-ordered list, choices, secrets, state.
pub(crate) fn issuers() -> &'static Schema {
    static ISSUERS: LazyLock<Schema> = LazyLock::new(|| schema(MODEL));
    &ISSUERS
}

const MODEL: &str = "
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
";

fn value(schema: &Schema, ty: &Type, text: &str) -> Value {
    let context = ParseContext {
        schema,
        module: schema.module_by_name("test").unwrap(),
        strictness: Strictness::Text,
        prefixes: None,
    };
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
