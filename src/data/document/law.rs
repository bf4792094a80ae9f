//! The laws of the encodings, on generated data of a model with every type and kind of node: what is written is read as
//! it was, and whatever the way through the encodings, the data is the same.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::{Format, Kind, ReadOptions, read, write};
use crate::data::edit::choice;
use crate::data::read::WithDefaults;
use crate::data::tree::{Container, Data, List, Tree};
use crate::yang::schema::types::{ParseContext, Raw, Strictness, Type, TypeKind, integer};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};
use crate::yang::testing;

const INET: &str = "module ietf-inet-types { namespace urn:inet; prefix inet;
    typedef ipv6-prefix { type string { pattern '[0-9a-fA-F:]+/[0-9]+'; } } typedef domain-name { type string { pattern '[a-zA-Z.]+'; } } }";

const OTHER: &str = "module other { yang-version 1.1; namespace 'urn:other?a&b'; prefix o; import t { prefix t; }
    identity far { base t:base; } identity near { base t:base; }
    augment /t:top { leaf name { type string; } container more { leaf i { type identityref { base t:base; } } leaf-list il { type identityref { base t:base; } } } }
    augment /t:top/t:entry { leaf extra { type uint64; } } leaf alone { type boolean; } }";

const MODEL: &str = "
    import ietf-inet-types { prefix inet; }
    identity base; identity one { base base; } identity two { base one; }
    typedef percent { type uint8 { range 0..100; } }
    typedef mixed { type union { type percent; type int64; type enumeration { enum auto; enum '5x'; } type identityref { base base; } type instance-identifier { require-instance false; } type boolean; type empty; type binary { length 1..4; } type string { pattern 'x.*'; } type decimal64 { fraction-digits 3; } } }
    container top { leaf name { type string; default fallback; }
        leaf i8 { type int8; } leaf i16 { type int16; default -7; } leaf i32 { type int32; } leaf i64 { type int64; default 9; }
        leaf u8 { type uint8; } leaf u16 { type uint16; } leaf u32 { type uint32; } leaf u64 { type uint64; }
        leaf d1 { type decimal64 { fraction-digits 1; } default 1.5; } leaf d18 { type decimal64 { fraction-digits 18; } }
        leaf flag { type boolean; default true; } leaf nothing { type empty; } leaf octets { type binary; }
        leaf set { type bits { bit r; bit w; bit x; } default 'r x'; } leaf pick { type enumeration { enum a; enum 'b c'; enum 'null'; enum true; } }
        leaf id { type identityref { base base; } } leaf at { type instance-identifier { require-instance false; } }
        leaf ref { type leafref { path '../entry/k'; require-instance false; } } leaf any-kind { type mixed; }
        leaf prefix { type inet:ipv6-prefix; } leaf host { type union { type inet:ipv6-prefix; type inet:domain-name; } }
        leaf-list strings { type string; } leaf-list kinds { type mixed; ordered-by user; } leaf-list numbers { type uint32; default 1; default 2; }
        list entry { key k; leaf k { type string; } leaf v { type mixed; } container inside { leaf deep { type string; default d; } }
            list pair { key 'a b'; ordered-by user; leaf a { type int64; } leaf b { type identityref { base base; } } leaf c { type string; } } }
        list by-kind { key kind; leaf kind { type mixed; } }
        container marker { presence p; leaf note { type string; } }
        choice way { default left; case left { leaf l1 { type string; default l; } leaf l2 { type int8; } } case right { leaf-list r { type string; } choice inner { leaf in1 { type empty; } leaf in2 { type string; } } } }
        anydata free; anyxml wild;
        container state { config false; list keyless { leaf x { type string; } leaf y { type uint8; } } leaf-list again { type uint8; } } }
    leaf-list tops { type string; }";

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| testing::schema(&[INET, MODEL, OTHER]));

/// Random numbers from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

const STRINGS: &[&str] = &[
    "",
    " ",
    "a",
    "5",
    "-5",
    "true",
    "null",
    "~",
    "1.0",
    "1e3",
    "0x1F",
    " lead",
    "trail ",
    "a\nb",
    "a\r\nb\n",
    "\t",
    "]]>",
    "<a>&amp;",
    "&#13;",
    "'",
    "\"",
    "\\",
    "#x",
    "a: b",
    "- a",
    "{}",
    "[null]",
    "x",
    "xyz",
    "yes",
    "été",
    "\u{2028}",
    "\u{10ffff}x",
    "\u{85}",
    "one",
    "t:one",
    "other:far",
    "/t:top",
    "2026-01-01",
    "<<",
    "=",
    "@",
    "%",
    "x\u{feff}y",
];

fn text_of(ty: &Type, random: &mut Random) -> String {
    let whole = |random: &mut Random, low: i128, high: i128| match random.below(4) {
        0 => low.to_string(),
        1 => high.to_string(),
        2 => (low + i128::from(random.next()) % (high - low + 1)).to_string(),
        _ => (random.below(300).min(usize::try_from(high).unwrap_or(usize::MAX))).to_string(),
    };
    match &ty.kind {
        TypeKind::Binary { .. } => (*random.pick(&["", "AA==", "AQI=", "AQID", "/+8=", "eHh4"])).to_owned(),
        TypeKind::Bits { bits } => {
            let set: Vec<&str> =
                bits.iter().filter(|_| random.below(2) == 0).map(|bit| bit.name.as_str()).collect();
            set.join(" ")
        }
        TypeKind::Boolean => (*random.pick(&["true", "false"])).to_owned(),
        TypeKind::Decimal64 { .. } => {
            (*random.pick(&["0", "-0.5", "1.500", "7", "-9.2", "0.001", "3.141592653589793238", "2.5"]))
                .to_owned()
        }
        TypeKind::Empty => String::new(),
        TypeKind::Enumeration { names } => random.pick(names).name.to_string(),
        TypeKind::Identityref { .. } => {
            (*random.pick(&["t:one", "t:two", "other:far", "other:near"])).to_owned()
        }
        TypeKind::InstanceIdentifier { .. } => (*random.pick(&[
            "/t:top",
            "/t:top/name",
            "/t:top/other:name",
            "/t:top/other:more/i",
            "/t:top/entry[k='a b']/other:extra",
            "/t:top/entry[k=\"it's\"]/pair[a='-1'][b='other:far']/c",
            "/t:tops[.='x:y']",
            "/t:top/state/keyless[2]/x",
        ]))
        .to_owned(),
        TypeKind::Int { bits, .. } => {
            let (low, high) = integer::signed_bounds(*bits);
            whole(random, i128::from(low), i128::from(high))
        }
        TypeKind::Uint { bits, .. } => whole(random, 0, i128::from(integer::unsigned_bound(*bits))),
        TypeKind::Leafref(leafref) => text_of(&leafref.target_type, random),
        TypeKind::String { patterns, .. } if patterns.is_empty() => (*random.pick(STRINGS)).to_owned(),
        TypeKind::String { .. } => {
            (*random.pick(&["x", "x5", "x y", "2001:DB8::1/48", "::/0", "Example.ORG", "a.b"])).to_owned()
        }
        TypeKind::Union { members } => {
            let member = &members[random.below(members.len())];
            text_of(member, random)
        }
    }
}

fn value(node: NodeId, random: &mut Random) -> Option<Value> {
    let facts = SCHEMA.node(node);
    let ty = facts.ty()?;
    let text = text_of(ty, random);
    let context =
        ParseContext { schema: &SCHEMA, module: facts.module, strictness: Strictness::Text, prefixes: None };
    ty.parse(Raw::Text(&text), context).ok()
}

fn free(random: &mut Random, depth: usize) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    for name in ["a", "other:b", "t:c", "d-e.f_g"] {
        let value = match random.below(5) {
            0 if depth < 3 => free(random, depth + 1),
            1 => serde_json::json!([STRINGS[random.below(STRINGS.len())], "second"]),
            2 => STRINGS[random.below(STRINGS.len())].into(),
            _ => continue,
        };
        // In XML a name says its module exactly where that is not the module around.
        if depth == 0 && name != "t:c" {
            object.insert(name.to_owned(), value);
        }
    }
    if object.is_empty() {
        object.insert("only".to_owned(), "x".into());
    }
    serde_json::Value::Object(object)
}

fn data(node: NodeId, random: &mut Random, depth: usize) -> Option<Data> {
    let facts = SCHEMA.node(node);
    Some(match &facts.kind {
        NodeKind::Leaf { .. } => Data::Leaf(value(node, random)?),
        NodeKind::LeafList { .. } => {
            let mut values: Vec<Value> = Vec::new();
            for _ in 0..random.below(5) {
                let value = value(node, random)?;
                if !facts.config || !values.contains(&value) {
                    values.push(value);
                }
            }
            Data::LeafList(values.into())
        }
        NodeKind::List { keys, .. } => {
            let mut list = List::new(&SCHEMA, node);
            for _ in 0..random.below(4) {
                let entry = container(node, random, depth + 1);
                let key = entry.key(&SCHEMA);
                let is_new = keys.is_empty() || list.get(&key).is_none();
                if key.len() == keys.len() && is_new && !(keys.is_empty() && entry.is_empty()) {
                    list.insert(Arc::new(entry));
                }
            }
            Data::List(Arc::new(list))
        }
        NodeKind::Container { .. } => Data::Container(Arc::new(container(node, random, depth + 1))),
        NodeKind::Anydata => Data::Any(Arc::new(free(random, 0))),
        NodeKind::Anyxml => Data::Any(Arc::new((*random.pick(STRINGS)).into())),
        _ => return None,
    })
}

fn container(node: NodeId, random: &mut Random, depth: usize) -> Container {
    let mut children: Vec<(NodeId, Data)> = Vec::new();
    for child in SCHEMA.children(node) {
        let facts = SCHEMA.node(*child);
        let is_key = facts.is_key();
        let conflicts = children.iter().any(|(other, _)| choice::conflict(&SCHEMA, *child, *other).is_some());
        if !is_key && (conflicts || random.below(3) == 0) {
            continue;
        }
        let presence = matches!(facts.kind, NodeKind::Container { presence: true });
        if let Some(data) = data(*child, random, depth)
            && (presence || !data.is_empty())
        {
            children.push((*child, data));
        }
    }
    Container::with_children(node, children)
}

fn generated(seed: u64) -> Tree {
    Tree { root: Arc::new(container(NodeId::ROOT, &mut Random(seed), 0)) }
}

fn through(tree: &Tree, format: Format, defaults: WithDefaults) -> Result<Tree, String> {
    let mut out = Vec::new();
    write(&SCHEMA, Kind::Data, tree, format, defaults, &mut out).map_err(|error| error.to_string())?;
    let reading = read(&SCHEMA, &ReadOptions::new(Kind::Data, format), &out);
    match (reading.tree, reading.findings.as_slice()) {
        (Some(tree), []) => Ok(tree),
        (_, findings) => Err(format!("{findings:#?}\n{}", String::from_utf8_lossy(&out))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_written_is_read_as_it_was(seed in any::<u64>()) {
        let tree = generated(seed);
        for format in [Format::Json, Format::Yaml, Format::Xml] {
            let read = through(&tree, format, WithDefaults::Explicit);
            prop_assert!(read.is_ok(), "{format:?}: {}", read.unwrap_err());
            prop_assert_eq!(&read.unwrap(), &tree, "{:?}", format);
        }
    }

    #[test]
    fn defaults_that_are_tagged_come_back_as_if_they_had_been_left_out(seed in any::<u64>()) {
        let tree = generated(seed);
        for format in [Format::Json, Format::Yaml, Format::Xml] {
            let read = through(&tree, format, WithDefaults::ReportAllTagged);
            prop_assert!(read.is_ok(), "{format:?}: {}", read.unwrap_err());
            prop_assert_eq!(&read.unwrap(), &tree, "{:?}", format);
        }
    }

    #[test]
    fn every_way_through_the_encodings_leads_to_the_same_data(seed in any::<u64>()) {
        let tree = generated(seed);
        let ways = [[Format::Xml, Format::Json, Format::Yaml], [Format::Yaml, Format::Xml, Format::Json]];
        for way in ways {
            let mut at = tree.clone();
            for format in way {
                at = through(&at, format, WithDefaults::Explicit).map_err(TestCaseError::fail)?;
            }
            prop_assert_eq!(&at, &tree, "{:?}", way);
        }
    }
}

/// The generator is worth nothing if it leaves things out.
#[test]
fn the_generated_data_has_every_leaf_of_the_model() {
    fn visit(container: &Container, met: &mut std::collections::HashSet<NodeId>) {
        for (id, data) in container.children() {
            met.insert(*id);
            match data {
                Data::Container(inner) => visit(inner, met),
                Data::List(list) => list.iter().for_each(|entry| visit(entry, met)),
                _ => {}
            }
        }
    }
    let mut met = std::collections::HashSet::new();
    for seed in 0..200 {
        visit(&generated(seed).root, &mut met);
    }
    let missing: Vec<String> = SCHEMA
        .nodes()
        .filter(|(id, node)| node.is_data() && !met.contains(id))
        .map(|(id, _)| SCHEMA.path(id))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}
