//! The evaluator against XPath 1.0, RFC 7950 sections 6.4 and 10, and the typed comparison of the product.

use super::testing::{compiled, tree};
use super::{Cursor, EvalError, Evaluator};
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::yang::schema::xpath::Expression;
use crate::yang::schema::xpath::bind::compile_expression;
use crate::yang::schema::{ModuleId, NodeId, Schema};

const SHOP: &str = r#"
module shop { yang-version 1.1; namespace "urn:shop"; prefix s;
  import strongbox-types { prefix sbt; }
  identity animal;
  identity bird { base animal; }
  identity duck { base bird; }
  identity stone;
  container shop {
    leaf open { type boolean; default true; }
    leaf closed { type boolean; }
    leaf greeting { type string; default "good day"; }
    leaf ttl { type sbt:duration; default "90s"; }
    leaf max-ttl { type sbt:duration; }
    leaf kind { type identityref { base animal; } }
    leaf size { type enumeration { enum small { value 3; } enum big { value 8; } } }
    leaf flags { type bits { bit a; bit b; bit c; } }
    leaf big { type uint64; }
    leaf bigger { type uint64; }
    leaf price { type decimal64 { fraction-digits 2; } }
    leaf favourite { type leafref { path "../item/name"; } }
    leaf favourite-part { type leafref { path "../item[name = current()/../favourite]/part/id"; } }
    leaf pointer { type instance-identifier; }
    container box { container inner { leaf depth { type int8; default 4; } } }
    container door { presence "there is one"; leaf width { type int8; default 2; } }
    choice way {
      default walk;
      case walk { leaf shoes { type string; default "brown"; } }
      case ride { leaf horse { type string; } leaf saddle { type string; default "leather"; } }
    }
    leaf only-open { when "../closed"; type string; default "yes"; }
    leaf-list tag { type string; ordered-by user; }
    leaf-list default-tag { type int8; default 1; default 2; }
    list item {
      key name;
      leaf name { type string; }
      leaf count { type int32; }
      leaf ready { type boolean; default false; }
      list part { key id; ordered-by user; leaf id { type uint8; } leaf weight { type int32; } }
    }
  }
}"#;

const DATA: &str = r#"{"shop": {
  "max-ttl": "1h", "kind": "duck", "size": "big", "flags": "a c",
  "big": 9007199254740993, "bigger": 9007199254740992, "price": 1.5,
  "favourite": "bolt", "favourite-part": 9,
  "pointer": "/shop:shop/item[name='nut']/count",
  "tag": ["red", "green", "red-green"],
  "item": [
    {"name": "bolt", "count": 10, "part": [{"id": 9, "weight": 1}, {"id": 2, "weight": 5}]},
    {"name": "nut", "count": 20, "ready": true},
    {"name": "washer", "count": 3, "part": [{"id": 2, "weight": 7}]}
  ]}}"#;

fn schema() -> Schema {
    let types = include_str!("../../../yang/strongbox-types.yang");
    let extensions = include_str!("../../../yang/strongbox-extensions.yang");
    compiled(&[extensions, types, SHOP])
}

fn expression(schema: &Schema, context: NodeId, text: &str) -> Expression {
    let module = schema.module_by_name("shop").unwrap_or(ModuleId(0));
    match compile_expression(schema, text, context, module) {
        Ok((expression, _)) => expression,
        Err(error) => panic!("{text}: {error}"),
    }
}

/// The string-value of an expression seen from a path.
fn string_at(schema: &Schema, tree: &Tree, path: &str, text: &str) -> Result<String, EvalError> {
    let path = InstancePath::parse_v1(schema, path).unwrap();
    let evaluator = Evaluator::new(schema, &tree.root);
    let cursor = evaluator.find(&path).unwrap().unwrap();
    evaluator.string(&expression(schema, path.target(), text), &cursor)
}

fn check(cases: &[(&str, &str)]) {
    check_at("shop", cases);
}

fn check_at(path: &str, cases: &[(&str, &str)]) {
    let schema = schema();
    let tree = tree(&schema, DATA);
    for (text, expected) in cases {
        let found = string_at(&schema, &tree, path, text);
        assert_eq!(found.as_deref(), Ok(*expected), "{text}");
    }
}

/// Names of nodes joined by spaces, leafs by value.
fn nodes_at(path: &str, cases: &[(&str, &str)]) {
    let schema = schema();
    let tree = tree(&schema, DATA);
    let path = InstancePath::parse_v1(&schema, path).unwrap();
    let evaluator = Evaluator::new(&schema, &tree.root);
    let cursor = evaluator.find(&path).unwrap().unwrap();
    for (text, expected) in cases {
        let found = evaluator.nodes(&expression(&schema, path.target(), text), &cursor).unwrap();
        let shown: Vec<String> = found.iter().map(|node| shown(&schema, node)).collect();
        assert_eq!(shown.join(" "), *expected, "{text}");
    }
}

fn shown(schema: &Schema, node: &Cursor<'_>) -> String {
    match (node.item().value(), node.item().container()) {
        (Some(value), _) => value.to_string(),
        (None, Some(container)) if !container.key(schema).is_empty() => {
            format!("{}[{}]", schema.node(node.item().node()).name, container.key(schema)[0])
        }
        _ if node.parent().is_none() => "/".to_owned(),
        _ => schema.node(node.item().node()).name.to_string(),
    }
}

#[test]
fn xpath_2_axes_reach_their_nodes_in_document_order() {
    nodes_at(
        "shop/item/nut",
        &[
            ("self::node()", "item[nut]"),
            (".", "item[nut]"),
            ("..", "shop"),
            ("../..", "/"),
            ("../../..", ""),
            ("child::*", "nut 20 true"),
            ("child::count/text()", "20"),
            ("ancestor::*", "shop"),
            ("ancestor::node()", "/ shop"),
            ("ancestor-or-self::*", "shop item[nut]"),
            ("following-sibling::item", "item[washer]"),
            ("preceding-sibling::item", "item[bolt]"),
            ("../item/part", "part[9] part[2] part[2]"),
            ("../item/part/id", "9 2 2"),
            ("//part/weight", "1 5 7"),
            ("/descendant::weight", "1 5 7"),
            ("following::weight", "7"),
            ("preceding::weight", "1 5"),
            ("preceding::part[1]/id", "2"),
            ("preceding::part[2]/id", "9"),
            ("../item/part/..", "item[bolt] item[washer]"),
            ("../item/part/../..", "shop"),
            ("//part/ancestor::item/name", "bolt washer"),
            ("../item[2] | ../item[1] | ../item[2]", "item[bolt] item[nut]"),
            ("@*", ""),
            ("namespace::*", ""),
            ("comment()", ""),
            ("count/node()", "20"),
            ("count/*", ""),
            ("../tag", "red green red-green"),
            ("descendant-or-self::node()/name/..", "item[nut]"),
        ],
    );
}

#[test]
fn xpath_2_4_predicates_count_positions_along_the_axis() {
    nodes_at(
        "shop",
        &[
            ("item[1]", "item[bolt]"),
            ("item[last()]", "item[washer]"),
            ("item[position() > 1]", "item[nut] item[washer]"),
            ("item[position() > 1][1]", "item[nut]"),
            ("item[last() - 1]", "item[nut]"),
            ("item[count > 5][2]", "item[nut]"),
            ("item[2][count > 15]", "item[nut]"),
            ("item/part[1]", "part[9] part[2]"),
            ("(item/part)[2]", "part[2]"),
            ("(item/part)[last()]/weight", "7"),
            ("item[3]/preceding-sibling::item[1]", "item[nut]"),
            ("item[part]", "item[bolt] item[washer]"),
            ("item[not(part)]", "item[nut]"),
            ("item[part[id = 2]/weight > 6]", "item[washer]"),
            ("item[1.5]", ""),
            ("item['x']", "item[bolt] item[nut] item[washer]"),
            ("item['']", ""),
            ("tag[. = 'green']", "green"),
            ("item[name = 'nut']", "item[nut]"),
            ("item['nut' = name]/count", "20"),
            ("item[name = 'gone']", ""),
            ("item[name = current()/favourite]", "item[bolt]"),
            ("item[name = /shop/favourite]/part[id = '9']", "part[9]"),
            ("item/part[id = '09']", ""),
            ("item/part[id = 9.0]", "part[9]"),
            ("item[name = 'nut' and count = 20]", "item[nut]"),
            ("item[name = 'nut' and count = 21]", ""),
            ("item[name = 'nut' or count = 3]", "item[nut] item[washer]"),
        ],
    );
}

#[test]
fn xpath_3_4_comparison_of_node_sets_asks_for_one_pair() {
    check(&[
        ("item/count = 20", "true"),
        ("item/count != 20", "true"),
        ("not(item/count = 21)", "true"),
        ("item/count > 19", "true"),
        ("20 < item/count", "false"),
        ("10 < item/count", "true"),
        ("item/part/id = item/part/weight", "false"),
        ("item/part/weight > item/count", "true"),
        ("item[name = 'gone'] = item[name = 'gone']", "false"),
        ("count(item) = 3", "true"),
        ("tag = 'green'", "true"),
        ("tag != 'green'", "true"),
        ("'a' = 'a'", "true"),
        ("1 = '1.0'", "true"),
        ("'1' = '1.0'", "false"),
        ("'b' > 'a'", "false"),
        ("true() = 'x'", "true"),
        ("false() = ''", "true"),
        ("true() > false()", "true"),
        ("(0 div 0) = (0 div 0)", "false"),
        ("(0 div 0) != (0 div 0)", "true"),
        ("item = true()", "true"),
        ("door = false()", "true"),
        ("door = true()", "false"),
    ]);
}

#[test]
fn xpath_3_5_arithmetic() {
    check(&[
        ("1 + 2 * 3", "7"),
        ("7 mod 3", "1"),
        ("-7 mod 3", "-1"),
        ("1 div 0", "Infinity"),
        ("-1 div 0", "-Infinity"),
        ("0 div 0", "NaN"),
        ("- - 2", "2"),
        ("sum(item/count)", "33"),
        ("sum(item/name)", "NaN"),
        ("count(item) + count(//part)", "6"),
        ("price * 2", "3"),
        ("number(tag)", "NaN"),
        ("floor(-1.5)", "-2"),
        ("ceiling(-1.5)", "-1"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-2"),
        ("number(true())", "1"),
        ("number('  12 ')", "12"),
    ]);
}

#[test]
fn xpath_4_2_string_functions() {
    check(&[
        ("string(item)", "bolt10false9125"),
        ("string(item[name = 'nut']/count)", "20"),
        ("concat('a', 1, true())", "a1true"),
        ("starts-with(tag, 're')", "true"),
        ("contains('abc', 'd')", "false"),
        ("substring-before('1999/04/01', '/')", "1999"),
        ("substring-after('1999/04/01', '/')", "04/01"),
        ("substring-after('abc', 'x')", ""),
        ("substring('12345', 2, 3)", "234"),
        ("string-length('äöü')", "3"),
        ("normalize-space('  a   b ')", "a b"),
        ("translate('bar', 'abc', 'ABC')", "BAr"),
        ("local-name(item)", "item"),
        ("name(item)", "s:item"),
        ("namespace-uri(item)", "urn:shop"),
        ("local-name(/)", ""),
        ("string(/shop/greeting)", "good day"),
        ("string(item/count/text())", "10"),
        ("count(item/count/text())", "3"),
        ("item/count/text() = 20", "true"),
        ("count(greeting/node())", "1"),
        ("count(box/node())", "1"),
        ("boolean('false')", "true"),
        ("lang('en')", "false"),
        ("id('x') = 1", "false"),
    ]);
}

#[test]
fn rfc7950_6_4_1_defaults_and_containers_are_in_the_accessible_tree() {
    check(&[
        ("open = 'true'", "true"),
        ("greeting", "good day"),
        ("box/inner/depth", "4"),
        ("count(box/inner)", "1"),
        ("box/inner/depth + 1", "5"),
        ("count(door)", "0"),
        ("count(door/width)", "0"),
        ("default-tag[2]", "2"),
        ("count(default-tag)", "2"),
        ("item[name = 'bolt']/ready", "false"),
        ("count(item[ready = 'false'])", "2"),
        ("shoes", "brown"),
        ("count(saddle)", "0"),
        ("count(only-open)", "0"),
        ("count(//depth)", "1"),
    ]);
}

#[test]
fn rfc7950_7_9_3_defaults_of_a_case_follow_the_case() {
    let schema = schema();
    let ridden = tree(&schema, r#"{"shop": {"horse": "Max", "closed": false}}"#);
    for (text, expected) in
        [("saddle", "leather"), ("count(shoes)", "0"), ("only-open", "yes"), ("count(only-open)", "1")]
    {
        assert_eq!(string_at(&schema, &ridden, "shop", text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn rfc7950_10_functions() {
    check(&[
        ("re-match('1.22.333', '\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}')", "true"),
        ("re-match('aax', 'a')", "false"),
        ("count(item[re-match(name, '[a-z-[aeiou]]ut')])", "1"),
        ("deref(favourite)/../count", "10"),
        ("deref(favourite-part)/../weight", "1"),
        ("deref(pointer)", "20"),
        ("deref(deref(favourite-part)/../../name)", ""),
        ("derived-from(kind, 'animal')", "true"),
        ("derived-from(kind, 'shop:bird')", "true"),
        ("derived-from(kind, 'duck')", "false"),
        ("derived-from-or-self(kind, 'duck')", "true"),
        ("derived-from-or-self(kind, 'stone')", "false"),
        ("enum-value(size)", "8"),
        ("enum-value(greeting)", "NaN"),
        ("bit-is-set(flags, 'c')", "true"),
        ("bit-is-set(flags, 'b')", "false"),
        ("count(item[name = current()/favourite])", "1"),
    ]);
}

#[test]
fn where_compares_booleans_durations_and_identities_by_meaning() {
    check(&[
        ("open = true()", "true"),
        ("open = false()", "false"),
        ("open != true()", "false"),
        ("closed = false()", "true"),
        ("count(item[ready = true()])", "1"),
        ("count(item[ready = false()])", "2"),
        ("not(open)", "false"),
        ("ttl = '90s'", "true"),
        ("ttl = '1m30s'", "true"),
        ("ttl != '90s'", "false"),
        ("ttl > '10s'", "true"),
        ("'10s' < ttl", "true"),
        ("ttl < max-ttl", "true"),
        ("max-ttl <= '60m'", "true"),
        ("max-ttl > '2h'", "false"),
        ("ttl = 'soon'", "false"),
        ("ttl > 'soon'", "false"),
        ("kind = 'duck'", "true"),
        ("kind = 'shop:duck'", "true"),
        ("kind = 'bird'", "false"),
        ("kind != 'bird'", "true"),
        ("big > bigger", "true"),
        ("big = bigger", "false"),
        ("price = 1.5", "true"),
        ("price = '1.5'", "true"),
    ]);
}

#[test]
fn xpath_5_strings_of_inner_nodes_are_their_texts() {
    check_at(
        "shop/item/bolt",
        &[("string(part)", "91"), ("string(.)", "bolt10false9125"), (". = 'x'", "false")],
    );
}

#[test]
fn a_hostile_expression_ends_in_an_error() {
    let schema = schema();
    let items: Vec<String> = (0..2_000).map(|at| format!(r#"{{"name": "n{at}", "count": {at}}}"#)).collect();
    let tree = tree(&schema, &format!(r#"{{"shop": {{"item": [{}]}}}}"#, items.join(",")));
    let evaluator = Evaluator::new(&schema, &tree.root).with_budget(100_000);
    let root = Cursor::root(&tree.root);
    for text in [
        "count(//*[count(//*[count(//*) > 1]) > 1])",
        "//item[//item/name = 'x']",
        "count(//item/following::*/preceding::*)",
        "//*/../*/../*/../*/../*",
        "//item[re-match(name, concat(name, 'x'))]",
    ] {
        let outcome = evaluator.string(&expression(&schema, NodeId::ROOT, text), &root);
        assert_eq!(outcome, Err(EvalError::TooExpensive { steps: 100_000 }), "{text}");
        evaluator.refill();
    }
}

#[test]
fn a_hostile_expression_over_100_000_entries_ends_in_bounded_time() {
    use crate::data::tree::{Container, Data, List};
    use crate::yang::schema::Value;
    use std::sync::Arc;

    let schema = schema();
    let node = |path: &str| schema.find(path).unwrap();
    let (shop, item) = (node("/shop"), node("/shop/item"));
    let (name, count) = (node("/shop/item/name"), node("/shop/item/count"));
    let mut list = List::new(&schema, item);
    for at in 0..100_000 {
        let leafs =
            [(name, Data::Leaf(Value::string(format!("n{at:06}")))), (count, Data::Leaf(Value::Int(at)))];
        let _ = list.insert(Arc::new(Container::with_children(item, leafs.to_vec())));
    }
    let inner = Container::with_children(shop, vec![(item, Data::List(Arc::new(list)))]);
    let whole = Container::with_children(NodeId::ROOT, vec![(shop, Data::Container(Arc::new(inner)))]);
    // In a debug build a step takes some fifty times longer than in one that serves.
    let steps = 400_000;
    let evaluator = Evaluator::new(&schema, &whole).with_budget(steps);
    let entry =
        Cursor::at(&schema, &whole, &InstancePath::parse_v1(&schema, "shop/item/n050000").unwrap().steps)
            .unwrap();
    let begun = std::time::Instant::now();
    for text in [
        "count(//item[count(//item[count > 1]) > 1]) > 1",
        "count(../item/following-sibling::item) > 0",
        "count(preceding-sibling::item/preceding-sibling::item) > 3",
        "sum(//count[. > sum(//count)]) > 0",
        "count(//*/ancestor::*/descendant::*) > 0",
    ] {
        let outcome = evaluator.matches(&expression(&schema, item, text), &entry);
        assert_eq!(outcome, Err(EvalError::TooExpensive { steps }), "{text}");
        evaluator.refill();
    }
    let taken = begun.elapsed();
    assert!(taken < std::time::Duration::from_secs(20), "{taken:?} for five times {steps} steps");
}

#[test]
fn deep_nesting_ends_in_an_error_and_long_chains_do_not() {
    let schema = schema();
    let tree = tree(&schema, DATA);
    let nested = format!("{}1{}", "not(".repeat(150), ")".repeat(150));
    assert_eq!(string_at(&schema, &tree, "shop", &nested), Err(EvalError::TooDeep));
    let chain = vec!["greeting = 'x'"; 150].join(" or ");
    assert_eq!(string_at(&schema, &tree, "shop", &chain).as_deref(), Ok("false"));
    let path = format!("greeting{}", "/.".repeat(20_000));
    assert_eq!(string_at(&schema, &tree, "shop", &path).as_deref(), Ok("good day"));
}

#[test]
fn a_pattern_that_needs_too_much_memory_is_refused() {
    let schema = schema();
    let tree = tree(&schema, DATA);
    let outcome = string_at(&schema, &tree, "shop", r"re-match(greeting, concat('(\w{500}){5', '00}'))");
    assert!(matches!(outcome, Err(EvalError::BadPattern { .. })), "{outcome:?}");
}
