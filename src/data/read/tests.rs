use proptest::prelude::*;

use super::*;
use crate::data::decode::{Allow, DecodeOptions, Format, decode};
use crate::data::fields::parse_fields;
use crate::data::path::InstancePath;
use crate::data::testing::{from_yang, issuers, path, tree};
use crate::data::tree::{Over, Overlay, Tree};

const TREE: &str = r#"{"top":{"enabled":true,"limits":{"max":5},"issuer":[{"name":"a","secret-note":"hush","audiences":["x","y"],
    "role":[{"name":"r","max-ttl":"1h","count":9007199254740993,"flag":[null],"mixed":"m5","blob":"AQID","target":{"to":"all"}}],
    "version":[{"id":1,"key":"hidden"}],"used":3}]}}"#;

/// The view as JSON, which is what the general walk makes of it whether there is a straight way or not.
fn json(view: &View<'_>) -> String {
    let mut out = Vec::new();
    encode_json(view, &mut out);
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out, serde_json::to_string(view).unwrap());
    out
}

fn json_of(tree: &Tree, at: &str, shape: &Shape) -> String {
    let schema = issuers();
    let path = path(schema, at);
    let found = tree.get(&path).unwrap();
    json(&View { schema, data: Subject::found(path.target(), found), shape, surroundings: None })
}

fn shown(at: &str, shape: &Shape) -> String {
    json_of(&tree(issuers(), TREE), at, shape)
}

#[test]
fn what_was_set_in_schema_order_and_no_secret() {
    assert_eq!(
        shown("/", &Shape::default()),
        r#"{"top":{"enabled":true,"limits":{"max":5},"issuer":[{"name":"a","audiences":["x","y"],"role":[{"name":"r","max-ttl":"1h","count":9007199254740993,"flag":[null],"mixed":"m5","blob":"AQID","target":{"to":"all"}}],"version":[{"id":1}],"used":3}]}}"#
    );
    assert_eq!(shown("top/limits/max", &Shape::default()), "5");
    assert_eq!(shown("top/issuer/a/audiences", &Shape::default()), r#"["x","y"]"#);
    assert_eq!(shown("top/issuer/a/audiences/y", &Shape::default()), r#""y""#);
}

#[test]
fn rfc7951_names_and_numbers() {
    let shape = Shape { strictness: Strictness::Rfc7951, names: Names::Qualified, ..Shape::default() };
    assert_eq!(
        shown("/", &shape),
        r#"{"test:top":{"enabled":true,"limits":{"max":5},"issuer":[{"name":"a","audiences":["x","y"],"role":[{"name":"r","max-ttl":"1h","count":"9007199254740993","flag":[null],"mixed":"m5","blob":"AQID","target":{"to":"all"}}],"version":[{"id":"1"}],"used":"3"}]}}"#
    );
}

#[test]
fn rfc6243_3_the_four_modes_of_defaults() {
    let mode = |defaults| Shape { defaults, ..Shape::default() };
    let role = "top/issuer/a/role/r";
    assert_eq!(shown("top/limits", &mode(WithDefaults::Explicit)), r#"{"max":5}"#);
    assert_eq!(shown("top/limits", &mode(WithDefaults::Trim)), "{}");
    assert!(shown(role, &mode(WithDefaults::ReportAll)).contains(r#""level":"low""#));
    assert!(!shown(role, &mode(WithDefaults::Trim)).contains("max-ttl"));
    let bare = tree(issuers(), r#"{"top":{"marker":{}}}"#);
    assert_eq!(
        json_of(&bare, "top", &mode(WithDefaults::ReportAll)),
        r#"{"enabled":true,"limits":{"max":5},"marker":{}}"#
    );
    assert_eq!(
        json_of(&bare, "top", &mode(WithDefaults::ReportAllTagged)),
        r#"{"enabled":true,"@enabled":{"ietf-netconf-with-defaults:default":true},"limits":{"max":5,"@max":{"ietf-netconf-with-defaults:default":true}},"marker":{}}"#
    );
}

#[test]
fn rfc8342_5_3_4_origins_are_told_where_they_begin_and_where_they_change() {
    let shape = Shape {
        defaults: WithDefaults::ReportAll,
        with_origin: true,
        names: Names::Qualified,
        ..Shape::default()
    };
    let bare = tree(issuers(), r#"{"top":{"marker":{}}}"#);
    assert_eq!(
        json_of(&bare, "/", &shape),
        r#"{"test:top":{"@":{"ietf-origin:origin":"ietf-origin:intended"},"enabled":true,"@enabled":{"ietf-origin:origin":"ietf-origin:default"},"limits":{"max":5,"@max":{"ietf-origin:origin":"ietf-origin:default"}},"marker":{}}}"#
    );
    let role = json_of(&tree(issuers(), TREE), "top/issuer/a/role/r", &shape);
    assert!(role.starts_with(r#"{"@":{"ietf-origin:origin":"ietf-origin:intended"},"name":"r","#), "{role}");
    let state = json_of(&tree(issuers(), TREE), "top/issuer/a/version/1", &shape);
    assert!(!state.contains("origin"), "{state}");
}

#[test]
fn what_a_limit_leaves_out_is_told() {
    let shape = Shape { sublist_limit: NonZeroU32::new(1), ..Shape::default() };
    let lists = tree(
        issuers(),
        r#"{"top":{"issuer":[{"name":"a","audiences":["x","y","z"]},{"name":"b"},{"name":"c","audiences":["x"]}]}}"#,
    );
    assert_eq!(
        json_of(&lists, "top", &shape),
        r#"{"issuer":[{"@":{"ietf-list-pagination:remaining":2},"name":"a","audiences":["x"],"@audiences":[{"ietf-list-pagination:remaining":2}]}]}"#
    );
    let schema = issuers();
    let Some(Found::Node(Data::List(list))) = lists.get(&path(schema, "top/issuer")) else { panic!() };
    let entries: Vec<Arc<Container>> = list.iter().skip(1).cloned().collect();
    let page = Page {
        remaining: Some(Remaining::Unknown),
        next: Some("d".to_owned()),
        previous: None,
        locale: Some("C"),
    };
    let shape = Shape { page: Some(page), sublist_limit: None, ..shape };
    let view = View { schema, data: Subject::Entries(&entries), shape: &shape, surroundings: None };
    assert_eq!(
        json(&view),
        r#"[{"@":{"ietf-list-pagination:remaining":"unknown","ietf-list-pagination:next":"d","ietf-list-pagination:locale":"C"},"name":"b"},{"name":"c","audiences":["x"]}]"#
    );
    let mut xml = Vec::new();
    encode_xml(&view, Layout::Compact, &mut xml).unwrap();
    assert_eq!(
        String::from_utf8(xml).unwrap(),
        concat!(
            r#"<issuer xmlns="urn:test" xmlns:ietf-list-pagination="urn:ietf:params:xml:ns:yang:ietf-list-pagination" "#,
            r#"ietf-list-pagination:remaining="unknown" ietf-list-pagination:next="d" ietf-list-pagination:locale="C">"#,
            r#"<name>b</name></issuer><issuer xmlns="urn:test"><name>c</name><audiences>x</audiences></issuer>"#
        )
    );
}

#[test]
fn rfc8040_4_8_fields_depth_and_content() {
    let schema = issuers();
    let fields = |at: &str, text: &str| Shape {
        fields: Some(parse_fields(schema, path(schema, at).target(), text).unwrap()),
        ..Shape::default()
    };
    assert_eq!(
        shown("top", &fields("top", "issuer/[role/target,audiences]")),
        r#"{"issuer":[{"name":"a","audiences":["x","y"],"role":[{"name":"r","target":{"to":"all"}}]}]}"#
    );
    assert_eq!(shown("top/issuer", &fields("top/issuer", "secret-note")), r#"[{"name":"a"}]"#);
    let depth = |depth| Shape { depth: Some(depth), ..Shape::default() };
    assert_eq!(shown("top", &depth(1)), "{}");
    assert_eq!(shown("top", &depth(2)), r#"{"enabled":true,"limits":{},"issuer":[{"name":"a"}]}"#);
    assert_eq!(shown("top/issuer/a", &depth(1)), r#"{"name":"a"}"#);
    let content = |content| Shape { content, ..Shape::default() };
    assert_eq!(
        shown("top", &content(Content::Nonconfig)),
        r#"{"issuer":[{"name":"a","version":[{"id":1}],"used":3}]}"#
    );
    assert!(!shown("top", &content(Content::Config)).contains("used"));
    let hidden = schema.find("/top/issuer/role/level").unwrap();
    let shape = |hidden| Shape { hidden, defaults: WithDefaults::ReportAll, ..Shape::default() };
    assert!(shown("/", &shape(Arc::new([]))).contains("level"));
    assert!(!shown("/", &shape(Arc::new([hidden]))).contains("level"));
}

#[test]
fn state_stands_at_or_below_a_node_where_it_is_state_or_one_of_its_children_holds_some() {
    let schema = crate::yang::compile_product().unwrap();
    for (id, node) in schema.nodes().filter(|(id, node)| node.is_data() || *id == NodeId::ROOT) {
        let children = schema.children(id).iter().filter(|child| schema.node(**child).is_data());
        let below = children.into_iter().any(|child| can_hold_state(&schema, *child));
        assert_eq!(
            can_hold_state(&schema, id),
            node.is_data() && !node.config || below,
            "{}",
            schema.path(id)
        );
    }
}

#[test]
fn keys_alone_are_values_or_objects() {
    let schema = issuers();
    let tree = tree(
        schema,
        r#"{"top":{"issuer":[{"name":"a","rule":[{"from":"x","port":1,"text":"t"}]},{"name":"b"}]}}"#,
    );
    let keys = |at: &str| {
        let entries: Vec<Arc<Container>> = tree.list(&path(schema, at)).unwrap().iter().cloned().collect();
        json(&View { schema, data: Subject::Keys(&entries), shape: &Shape::default(), surroundings: None })
    };
    assert_eq!(keys("top/issuer"), r#"["a","b"]"#);
    assert_eq!(keys("top/issuer/a/rule"), r#"[{"from":"x","port":1}]"#);
}

#[test]
fn names_that_two_modules_define_are_qualified() {
    let schema = from_yang(&[
        (
            "one.yang",
            "module one { namespace urn:one; prefix o; container c { leaf x { type string; } leaf y { type identityref { base b; } } } identity b; identity d { base b; } }",
        ),
        (
            "two.yang",
            "module two { namespace urn:two; prefix t; import one { prefix o; } augment /o:c { leaf x { type string; } leaf z { type string; } } identity e { base o:b; } }",
        ),
    ]);
    let options = DecodeOptions::plain(Format::Json, Allow::Config);
    let body = r#"{"c":{"one:x":"1","y":"two:e","two:x":"2","z":"3"}}"#;
    let Data::Container(root) = decode(&schema, &InstancePath::root(), body.as_bytes(), &options).unwrap()
    else {
        panic!("the root")
    };
    let print = |shape: &Shape| {
        json(&View { schema: &schema, data: Subject::Container(&root), shape, surroundings: None })
    };
    assert_eq!(print(&Shape::default()), body);
    let qualified = Shape { strictness: Strictness::Rfc7951, names: Names::Qualified, ..Shape::default() };
    assert_eq!(print(&qualified), r#"{"one:c":{"x":"1","y":"two:e","two:x":"2","two:z":"3"}}"#);
    let path = InstancePath::parse_v1(&schema, "c/two:x").unwrap();
    assert_eq!(path.to_v1(&schema), "/c/two:x");
    assert!(InstancePath::parse_v1(&schema, "c/x").unwrap_err().message.contains("one:x, two:x"));
}

fn any_tree() -> impl Strategy<Value = serde_json::Value> {
    let text = || prop_oneof!["[ -~é\n]{0,10}", "(no|yes|~|1[.]10|12:30|0x1|null|- a|a: b)"];
    let name = || "[a-e]{1,2}";
    let role = (text(), any::<i64>(), prop::option::of(any::<bool>()), any::<Vec<u8>>(), prop_oneof![text().prop_map(serde_json::Value::from), any::<i32>().prop_map(Into::into)]).prop_map(
        |(ttl, count, flag, blob, mixed)| {
            use base64::Engine as _;
            let blob = base64::engine::general_purpose::STANDARD.encode(blob);
            let mut role = serde_json::json!({"max-ttl": ttl, "count": count, "blob": blob, "mixed": mixed, "level": "high"});
            if flag == Some(true) {
                role["flag"] = serde_json::json!([null]);
            }
            role
        },
    );
    let roles = prop::collection::btree_map(name(), role, 0..4);
    let issuer = (prop::collection::btree_set(text(), 0..4), roles, prop::option::of(text())).prop_map(|(audiences, roles, note)| {
        let roles: Vec<serde_json::Value> = roles
            .into_iter()
            .map(|(name, mut role)| {
                role["name"] = name.into();
                role
            })
            .collect();
        serde_json::json!({"audiences": audiences.into_iter().collect::<Vec<_>>(), "role": roles, "notes": {"note": note, "deep": [1, {"x": "no"}]}})
    });
    (prop::collection::btree_map(text(), issuer, 0..4), -1_000_000_i64..1_000_000, any::<bool>()).prop_map(|(issuers, rate, enabled)| {
        let issuers: Vec<serde_json::Value> = issuers
            .into_iter()
            .map(|(name, mut issuer)| {
                issuer["name"] = name.into();
                issuer
            })
            .collect();
        serde_json::json!({"top": {"enabled": enabled, "limits": {"rate": format!("{}.{:02}", rate / 100, rate.abs() % 100)}, "issuer": issuers}})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read_back(json in any_tree()) {
        let schema = issuers();
        let options = DecodeOptions::plain(Format::Json, Allow::Config);
        let Data::Container(root) = decode(schema, &InstancePath::root(), json.to_string().as_bytes(), &options).unwrap() else {
            panic!("the root")
        };
        let shape = Shape::default();
        let strict = Shape { strictness: Strictness::Rfc7951, names: Names::Qualified, ..Shape::default() };
        let written = |shape: &Shape, encode: fn(&View<'_>, &mut Vec<u8>)| {
            let mut out = Vec::new();
            encode(&View { schema, data: Subject::Container(&root), shape, surroundings: None }, &mut out);
            out
        };
        let yaml = DecodeOptions::plain(Format::Yaml, Allow::Config);
        for (text, options) in [
            (written(&shape, encode_json), options),
            (written(&shape, encode_yaml), yaml),
            (written(&strict, encode_json), DecodeOptions::stored()),
        ] {
            let read = decode(schema, &InstancePath::root(), &text, &options);
            prop_assert_eq!(&read, &Ok(Data::Container(Arc::clone(&root))), "{}", String::from_utf8_lossy(&text));
        }
    }
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let names = prop::sample::select(vec![Names::Bare, Names::Qualified, Names::Own]);
    let strictness = prop::sample::select(vec![Strictness::Plain, Strictness::Rfc7951]);
    let content = prop::sample::select(vec![Content::All, Content::Config, Content::Nonconfig]);
    let defaults = prop::sample::select(vec![WithDefaults::Explicit, WithDefaults::Trim]);
    (names, strictness, content, defaults, prop::option::weighted(0.2, 1_u32..4)).prop_map(
        |(names, strictness, content, defaults, depth)| Shape {
            names,
            strictness,
            content,
            defaults,
            depth,
            ..Shape::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn json_without_detours_is_what_the_general_walk_writes(
        tree_json in prop_oneof![9 => any_tree(), 1 => Just(serde_json::from_str(TREE).unwrap())],
        shape in any_shape(),
    ) {
        let schema = issuers();
        let tree = tree(schema, &tree_json.to_string());
        let shown = |node: NodeId, data| {
            let view = View { schema, data, shape: &shape, surroundings: None };
            let name = qualified_name(schema, node);
            let message = Message { view: &view, node, name: &name, is_default: false };
            let mut out = Vec::new();
            encode_json_message(&message, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&message).unwrap());
            json(&view)
        };
        shown(NodeId::ROOT, Subject::Container(&tree.root));
        let (limits, list) = (path(schema, "top/limits"), path(schema, "top/issuer"));
        for (node, data) in tree.entry(&limits).iter().flat_map(|limits| limits.children()) {
            shown(*node, Subject::of(*node, data));
        }
        let Some(list_data) = tree.list(&list) else { return Ok(()) };
        shown(list.target(), Subject::List(list_data));
        shown(list.target(), Subject::Completed(list_data, &Renamed));
        for entry in list_data.iter() {
            shown(list.target(), Subject::Container(entry));
            for (node, data) in entry.children() {
                shown(*node, Subject::of(*node, data));
                if let Data::LeafList(values) = data
                    && let Some(value) = values.first()
                {
                    shown(*node, Subject::Leaf(*node, value));
                }
            }
        }
    }
}

/// Gives every second entry another name of its audience, and leaves out those without any.
#[derive(Debug)]
struct Renamed;

impl Completion for Renamed {
    fn complete(&self, entry: &Arc<Container>) -> Option<Overlay> {
        let audiences = issuers().find("/top/issuer/audiences").unwrap();
        let renamed = match entry.leaf_list(audiences) {
            [] => return None,
            [_] => return Some(Arc::clone(entry).into()),
            several => several.iter().map(|_| crate::yang::schema::Value::string("renamed")).collect(),
        };
        let over = Over::from([(audiences, Data::LeafList(renamed))]);
        Some(Overlay::new(Arc::clone(entry), over))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn completing_entries_as_they_are_shown_is_showing_complete_entries(json in any_tree()) {
        let schema = issuers();
        let tree = tree(schema, &json.to_string());
        let path = path(schema, "top/issuer");
        let Some(Found::Node(Data::List(list))) = tree.get(&path) else { return Ok(()) };
        let complete: Vec<Arc<Container>> = list.iter().filter_map(|entry| Renamed.complete(entry)).map(Overlay::into_container).collect();
        for defaults in [WithDefaults::Explicit, WithDefaults::ReportAll] {
            let shape = Shape { defaults, ..Shape::default() };
            let [one_by_one, gathered] = [Subject::Completed(list, &Renamed), Subject::Entries(&complete)].map(|data| {
                let view = View { schema, data, shape: &shape, surroundings: None };
                let (mut json, mut yaml) = (Vec::new(), Vec::new());
                encode_json(&view, &mut json);
                encode_yaml(&view, &mut yaml);
                (json, yaml)
            });
            prop_assert_eq!(one_by_one, gathered);
        }
    }
}

#[test]
fn rfc7950_7_21_5_a_default_whose_condition_is_false_is_not_in_use() {
    let yang = r#"module test { yang-version 1.1; namespace urn:test; prefix t;
      leaf mode { type string; }
      list l { key k; leaf k { type string; } leaf kind { type string; }
        leaf near { when "../kind = 'x'"; type string; default n; }
        leaf far { when "../../mode = 'x'"; type string; default f; }
        container c { leaf deep { when "../../kind = 'x'"; type string; default d; } } } }"#;
    let schema = from_yang(&[("test.yang", yang)]);
    let tree = tree(&schema, r#"{"mode": "x", "l": [{"k": "a", "kind": "x"}, {"k": "b"}]}"#);
    let shape = Shape { defaults: WithDefaults::ReportAll, ..Shape::default() };
    let shown = |path: &InstancePath, subject| {
        let surroundings = Some(Surroundings { tree: &tree, path });
        json(&View { schema: &schema, data: subject, shape: &shape, surroundings })
    };
    let entries =
        r#"[{"k":"a","kind":"x","near":"n","far":"f","c":{"deep":"d"}},{"k":"b","far":"f","c":{}}]"#;
    let root = InstancePath::root();
    assert_eq!(shown(&root, Subject::Container(&tree.root)), format!(r#"{{"mode":"x","l":{entries}}}"#));
    let list = InstancePath::parse_v1(&schema, "l").unwrap();
    assert_eq!(shown(&list, Subject::List(tree.root.list(list.target()).unwrap())), entries);
    let entry = InstancePath::parse_v1(&schema, "l/b").unwrap();
    assert_eq!(
        shown(&entry, Subject::Container(tree.entry(&entry).unwrap())),
        r#"{"k":"b","far":"f","c":{}}"#
    );
}
