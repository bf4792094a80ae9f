//! What the compiled schema says of small models; that wrong ones are refused is shown by the cases in `tests/yang`.

use crate::base::ident::Ident;
use crate::yang::schema::node::NodeKind;
use crate::yang::schema::types::{Format, ParseContext, Raw, Strictness, TypeKind};
use crate::yang::schema::xpath::Expr;
use crate::yang::schema::{ChildError, NodeId, Schema, Value};
use crate::yang::testing::{node, schema, try_schema};
use crate::yang::{Features, Library, Wanted, compile};

fn default_of(schema: &Schema, path: &str) -> Option<Value> {
    match &schema.node(node(schema, path)).kind {
        NodeKind::Leaf { default, .. } => default.clone(),
        other => panic!("{path} is {other:?}"),
    }
}

fn parse(schema: &Schema, path: &str, text: &str) -> Result<Value, String> {
    let leaf = schema.node(node(schema, path));
    let context = ParseContext { schema, module: leaf.module, strictness: Strictness::Plain, prefixes: None };
    leaf.ty().unwrap().parse(Raw::Text(text), context).map_err(|refused| refused.message)
}

#[test]
fn keys_have_the_smallest_ids_in_key_order_and_parents_come_before_children() {
    let schema = schema(&["list l { key 'b a'; leaf x { type string; } leaf a { type string; }
        container c { leaf d { type string; } } leaf b { type string; } }"]);
    let list = node(&schema, "/l");
    let names: Vec<&str> = schema.children(list).iter().map(|id| schema.node(*id).name.as_str()).collect();
    assert_eq!(names, ["b", "a", "x", "c"]);
    assert_eq!(schema.node(list).keys(), [NodeId(list.0 + 1), NodeId(list.0 + 2)]);
    let written: Vec<&str> =
        schema.node(list).schema_children.iter().map(|id| schema.node(*id).name.as_str()).collect();
    assert_eq!(written, ["x", "a", "c", "b"]);
    for (id, found) in schema.nodes() {
        assert_eq!(found.id, id);
        assert!(id == NodeId::ROOT || found.parent < id && found.schema_parent < id, "{}", found.name);
        assert!(found.children.is_sorted(), "{}", found.name);
    }
}

#[test]
fn rfc7950_7_9_choices_are_looked_through() {
    let schema =
        schema(&["container c { choice one { default b; case a { choice two { leaf x { type string; } } }
        leaf b { type string; } } }"]);
    let x = schema.node(node(&schema, "/c/x"));
    assert_eq!(x.parent, node(&schema, "/c"));
    let case = schema.node(x.schema_parent);
    assert!(matches!(case.kind, NodeKind::Case) && case.name == "x");
    let one = schema.node(schema.node(node(&schema, "/c")).schema_children[0]);
    let NodeKind::Choice { default_case: Some(default) } = one.kind else { panic!() };
    assert_eq!(schema.node(default).name, "b");
}

#[test]
fn rfc7950_7_21_5_a_node_carries_the_conditions_around_it_outermost_first() {
    let schema = schema(&["leaf on { type boolean; }
        grouping g { choice ch { when '1'; case ca { when '2'; leaf x { when '3'; type string; } } } }
        container c { uses g { when '../on'; } }"]);
    let x = schema.node(node(&schema, "/c/x"));
    let found: Vec<(&str, u16)> =
        x.whens.iter().map(|when| (when.condition.source.as_str(), when.levels_up)).collect();
    assert_eq!(found, [("../on", 1), ("1", 1), ("2", 1), ("3", 0)]);
    let choice = schema.node(schema.node(node(&schema, "/c")).schema_children[0]);
    assert_eq!(choice.whens.len(), 2);
}

#[test]
fn rfc7950_7_21_1_config_is_inherited_and_means_nothing_in_operations() {
    let schema = schema(&["container c { config false; list l { leaf v { type string; } } }
        container d { leaf w { type string; } action a { input { leaf i { type string; } } } }
        rpc r { output { leaf o { type string; } } }"]);
    for (path, config) in
        [("/c/l/v", false), ("/d/w", true), ("/d/a", false), ("/d/a/input/i", false), ("/r/output/o", false)]
    {
        assert_eq!(schema.node(node(&schema, path)).config, config, "{path}");
    }
}

#[test]
fn rfc7950_7_3_typedefs_hand_down_default_units_and_restrictions() {
    let schema = schema(&["typedef a { type uint8 { range '1..100'; } units s; default 50; }
        typedef b { type a { range 'min..9 | 50..max'; } }
        leaf l { type b; } leaf m { type b; default 9; units ms; } leaf n { type b; mandatory true; }"]);
    assert_eq!(default_of(&schema, "/l"), Some(Value::Uint(50)));
    assert_eq!(default_of(&schema, "/m"), Some(Value::Uint(9)));
    assert_eq!(default_of(&schema, "/n"), None);
    assert_eq!(schema.node(node(&schema, "/l")).units.as_deref(), Some("s"));
    assert_eq!(schema.node(node(&schema, "/m")).units.as_deref(), Some("ms"));
    assert_eq!(schema.node(node(&schema, "/l")).ty().unwrap().name, "b");
    assert_eq!(parse(&schema, "/l", "10"), Err("'10' is outside 1..9 | 50..100".to_owned()));
}

#[test]
fn rfc7950_9_6_4_2_values_are_assigned_from_the_highest_so_far() {
    let schema = schema(&[
        "typedef e { type enumeration { enum a; enum b { value 7; } enum c { value -3; } enum d; } }
        leaf l { type e { enum d; enum a; } }",
    ]);
    let ty = schema.node(node(&schema, "/l")).ty().unwrap().clone();
    let TypeKind::Enumeration { names } = &ty.kind else { panic!() };
    let found: Vec<(&str, i32)> = names.iter().map(|name| (name.name.as_str(), name.value)).collect();
    assert_eq!(found, [("d", 8), ("a", 0)]);
}

#[test]
fn rfc7950_9_9_chains_of_leafrefs_end_in_the_type_of_the_last_target() {
    let schema = schema(&["container c { leaf a { type leafref { path '../b'; } }
        leaf b { type leafref { path '/c/n'; } } leaf n { type int8; } }"]);
    let ty = schema.node(node(&schema, "/c/a")).ty().unwrap().clone();
    let TypeKind::Leafref(leafref) = &ty.kind else { panic!() };
    assert_eq!(leafref.target, node(&schema, "/c/b"));
    assert!(matches!(leafref.target_type.kind, TypeKind::Int { bits: 8, .. }));
    assert_eq!(parse(&schema, "/c/a", "5"), Ok(Value::Int(5)));
}

#[test]
fn rfc7950_7_13_nodes_of_a_grouping_are_in_the_namespace_of_its_user() {
    let lib =
        "module lib { yang-version 1.1; namespace urn:lib; prefix lib; identity i; identity j { base i; }
        typedef t { type identityref { base i; } default j; }
        grouping g { leaf l { type t; } leaf k { type identityref { base i; } default 'lib:j'; } } }";
    let schema = schema(&[lib, "import lib { prefix x; } container c { uses x:g; }"]);
    let leaf = schema.node(node(&schema, "/c/l"));
    assert_eq!(schema.module(leaf.module).name, "t");
    assert_eq!(default_of(&schema, "/c/l").unwrap().to_string(), "lib:j");
    assert_eq!(default_of(&schema, "/c/k").unwrap().to_string(), "lib:j");
}

#[test]
fn rfc7950_7_17_augmented_nodes_keep_their_module_and_may_share_a_name() {
    let base = "module base { yang-version 1.1; namespace urn:base; prefix b; container c { leaf l { type string; } } }";
    let schema = schema(&[base, "import base { prefix b; } augment /b:c { leaf l { type int8; } }"]);
    let container = node(&schema, "/c");
    assert!(
        matches!(schema.child(container, None, "l"), Err(ChildError::Ambiguous(both)) if both.len() == 2)
    );
    let own = schema.child(container, schema.module_by_name("t"), "l").unwrap();
    assert_eq!(schema.module(schema.node(own).module).name, "t");
    assert_eq!(schema.child(container, None, "m"), Err(ChildError::Unknown));
}

#[test]
fn rfc7950_5_6_5_a_module_that_is_augmented_or_referred_to_is_implemented() {
    let mut library = Library::new();
    library.add_text(
        "base.yang",
        "module base { namespace urn:base; prefix b; container c { leaf n { type string; } } }",
    );
    library.add_text(
        "other.yang",
        "module other { namespace urn:other; prefix o; container d { leaf n { type string; } } }",
    );
    library.add_text(
        "types.yang",
        "module types { namespace urn:types; prefix y; typedef s { type string; } container e; }",
    );
    library.add_text(
        "t.yang",
        "module t { namespace urn:t; prefix t; import base { prefix b; } import other { prefix o; } import types { prefix y; }
         augment /b:c { leaf x { type y:s; } } leaf r { type leafref { path '/o:d/o:n'; } } }",
    );
    let (schema, diagnostics) = compile(&mut library, &[Wanted::latest("t")]);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let schema = schema.unwrap();
    let implemented = |name: &str| schema.module(schema.module_by_name(name).unwrap()).implemented;
    assert!(implemented("t") && implemented("base") && implemented("other") && !implemented("types"));
    assert!(schema.find("/e").is_none() && schema.find("/d/n").is_some());
}

#[test]
fn rfc7950_9_10_2_a_module_whose_identity_is_a_default_is_implemented() {
    let mut library = Library::new();
    for name in ["one", "two", "three", "four"] {
        let text = format!(
            "module {name} {{ yang-version 1.1; namespace urn:{name}; prefix {name}; identity base; identity cat {{ base base; }}
             typedef own {{ type identityref {{ base base; }} default cat; }} }}"
        );
        library.add_text(&format!("{name}.yang"), &text);
    }
    library.add_text(
        "t.yang",
        "module t { yang-version 1.1; namespace urn:t; prefix t;
         import one { prefix a; } import two { prefix b; } import three { prefix c; } import four { prefix d; }
         leaf one { type identityref { base a:base; } default a:cat; }
         leaf two { type b:own; }
         leaf-list three { type union { type int8; type c:own; } default 5; default c:cat; }
         leaf four { type string; default d:cat; }
         leaf five { type identityref { base d:base; } } }",
    );
    let (schema, diagnostics) = compile(&mut library, &[Wanted::latest("t")]);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let schema = schema.unwrap();
    let implemented = |name: &str| schema.module(schema.module_by_name(name).unwrap()).implemented;
    assert!(implemented("one") && implemented("two") && implemented("three") && !implemented("four"));
}

#[test]
fn rfc7950_5_1_1_two_revisions_of_a_module_can_be_imported() {
    let mut library = Library::new();
    let text = |date: &str, width: &str| {
        format!("module v {{ namespace urn:v; prefix v; revision {date}; typedef n {{ type {width}; }} identity i;
                 container c {{ leaf k {{ type n; }} }} }}")
    };
    library.add_text("v@2020-01-01.yang", &text("2020-01-01", "int8"));
    library.add_text("v@2021-01-01.yang", &text("2021-01-01", "int16"));
    library.add_text(
        "t.yang",
        "module t { yang-version 1.1; namespace urn:t; prefix t; import v { prefix old; revision-date 2020-01-01; }
         import v { prefix new; } leaf a { type old:n; } leaf b { type new:n; } augment /old:c { leaf x { type old:n; } } }",
    );
    let (schema, diagnostics) = compile(&mut library, &[Wanted::latest("t")]);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let schema = schema.unwrap();
    let bits = |path| match schema.node(node(&schema, path)).ty().unwrap().kind {
        TypeKind::Int { bits, .. } => bits,
        _ => 0,
    };
    assert_eq!((bits("/a"), bits("/b"), bits("/c/k"), bits("/c/x")), (8, 16, 16, 8));
    assert_eq!(schema.identities_named("i").len(), 1);
    let revision = schema.module(schema.module_by_name("v").unwrap()).revision.clone();
    assert_eq!(revision.as_deref(), Some("2021-01-01"));
    let wanted = |date: &str| Wanted { revision: Some(Ident::from(date)), ..Wanted::latest("v") };
    let (none, diagnostics) = compile(&mut library, &[wanted("2020-01-01"), wanted("2021-01-01")]);
    assert!(none.is_none() && diagnostics.iter().any(|found| found.code == "Y0215"));
}

#[test]
fn rfc7950_7_20_1_features_are_on_when_wanted_and_everything_they_need_is_on() {
    let text = "module t { yang-version 1.1; namespace urn:t; prefix t; feature a; feature b { if-feature a; } feature c;
        leaf x { if-feature b; type string; } leaf y { if-feature 'not b and c'; type string; }
        leaf e { type enumeration { enum one { if-feature c; } enum two; } } }";
    let with = |features: &[&str]| {
        let mut library = Library::new();
        library.add_text("t.yang", text);
        let features = Features::Only(features.iter().map(|name| Ident::from(*name)).collect());
        let (schema, diagnostics) = compile(&mut library, &[Wanted { features, ..Wanted::latest("t") }]);
        schema.ok_or(diagnostics)
    };
    let schema = with(&["a", "b"]).unwrap();
    assert!(schema.find("/x").is_some() && schema.find("/y").is_none());
    assert_eq!(schema.modules()[0].features, ["a", "b"]);
    assert!(parse(&schema, "/e", "one").is_err() && parse(&schema, "/e", "two").is_ok());
    let schema = with(&["b", "c"]).unwrap();
    assert!(schema.find("/x").is_none() && schema.find("/y").is_some());
    assert_eq!(with(&["d"]).unwrap_err()[0].code, "Y0223");
}

#[test]
fn rfc7950_7_20_3_deviations_come_last_whatever_the_order() {
    let deviating = "module d { yang-version 1.1; namespace urn:d; prefix d; import t { prefix t; }
        deviation /t:c/t:l { deviate replace { type int16; default 7; } deviate add { units s; must '. > 1'; } }
        deviation /t:c/t:gone { deviate not-supported; } deviation /t:c/t:keep { deviate delete { default a; } } }";
    let base = "container c { leaf l { type int8; default 5; } leaf gone { type string; } leaf keep { type string; default a; } }";
    for texts in [[deviating, base], [base, deviating]] {
        let schema = schema(&texts);
        assert_eq!(default_of(&schema, "/c/l"), Some(Value::Int(7)));
        assert_eq!(default_of(&schema, "/c/keep"), None);
        assert_eq!(schema.node(node(&schema, "/c/l")).musts.len(), 1);
        assert!(schema.find("/c/gone").is_none());
        assert_eq!(schema.module(schema.module_by_name("t").unwrap()).deviated_by, ["d"]);
    }
}

#[test]
fn rfc7950_5_1_a_submodule_sees_the_module_in_version_1_1_and_its_includes_in_version_1() {
    let module = |version: &str| {
        format!(
            "module t {{ yang-version {version}; namespace urn:t; prefix t; include s; typedef n {{ type string; }} }}"
        )
    };
    let submodule = |version: &str| {
        format!("submodule s {{ yang-version {version}; belongs-to t {{ prefix t; }} leaf l {{ type n; }} }}")
    };
    assert!(try_schema(&[&module("1.1"), &submodule("1.1")]).is_ok());
    let refused = try_schema(&[&module("1"), &submodule("1")]).unwrap_err();
    assert_eq!(refused, ["Y0212: there is no typedef 'n' in 't'"]);
}

#[test]
fn our_extensions_mark_nodes_and_stored_and_computed_reach_below() {
    let extensions = include_str!("../../../../yang/strongbox-extensions.yang");
    let model = "import strongbox-extensions { prefix e; } typedef d { type string; e:format duration; } typedef f { type d; }
        list u { key k; e:distributable; leaf k { type string; } leaf p { type string; e:hashed; }
        container s { config false; e:stored; leaf v { type f; e:secret; } } } rpc r { e:public; }";
    let schema = schema(&[extensions, model]);
    let flags = |path| schema.node(node(&schema, path)).extensions;
    assert!(flags("/u").distributable && !flags("/u/p").distributable);
    assert!(flags("/u/p").hashed && flags("/u/s/v").secret && flags("/u/s/v").stored && flags("/r").public);
    assert_eq!(schema.node(node(&schema, "/u/s/v")).ty().unwrap().format, Some(Format::Duration));
    assert_eq!(parse(&schema, "/u/s/v", "90s").unwrap().to_string(), "1m30s");
}

#[test]
fn limits_hold_against_models_that_grow_without_end() {
    let doubling: String = (0..40)
        .map(|level| {
            format!(
                "grouping g{level} {{ container a {{ uses g{0}; }} container b {{ uses g{0}; }} }}",
                level + 1
            )
        })
        .collect();
    let refused = try_schema(&[&format!("{doubling} grouping g40 {{ leaf l {{ type string; }} }} uses g0;")]);
    assert!(refused.unwrap_err().iter().any(|error| error.starts_with("Y0231")));
    let chain: String =
        (0..2_000).map(|level| format!("typedef t{level} {{ type t{}; }}", level + 1)).collect();
    assert!(
        try_schema(&[&format!("{chain} typedef t2000 {{ type string; }} leaf l {{ type t0; }}")]).is_err()
    );
    let deep: String = (0..2_000)
        .map(|level| format!("grouping g{level} {{ container c {{ uses g{}; }} }}", level + 1))
        .collect();
    assert!(
        try_schema(&[&format!("{deep} grouping g2000 {{ leaf l {{ type string; }} }} uses g0;")]).is_err()
    );
}

const STRUCTURES: &str = "module ietf-yang-structure-ext { namespace urn:sx; prefix sx;
    extension structure { argument name; } extension augment-structure { argument path; } }";
const METADATA: &str =
    "module ietf-yang-metadata { namespace urn:md; prefix md; extension annotation { argument name; } }";
const MOUNT: &str = "module ietf-yang-schema-mount { namespace urn:ym; prefix ym; extension mount-point { argument label; } }";

#[test]
fn rfc8791_a_structure_is_a_tree_of_its_own() {
    let text = "import ietf-yang-structure-ext { prefix sx; }
        container book;
        sx:structure book { leaf title { type string; } list author { leaf name { type string; must '/t:book/title'; } } }
        sx:augment-structure /t:book/t:author { leaf born { type uint16; } }";
    let schema = schema(&[STRUCTURES, text]);
    let module = schema.module_by_name("t").unwrap();
    let structure = schema.structure(module, "book").unwrap();
    assert!(!structure.is_template && schema.structures().len() == 1);
    let book = schema.child(structure.root, Some(module), "book").unwrap();
    assert_ne!(Some(book), schema.find("/book"));
    let author = schema.child(book, None, "author").unwrap();
    let born = schema.child(author, None, "born").unwrap();
    assert_eq!(schema.path(born), "/book/author/born");
    assert!(!schema.node(born).config);
    let name = schema.node(schema.child(author, None, "name").unwrap());
    let Expr::Path(path) = &name.musts[0].condition.root else { panic!() };
    let title = schema.child(book, None, "title").unwrap();
    assert_eq!(path.steps.last().unwrap().targets.as_deref(), Some(&[title][..]));
    assert_eq!(schema.children(NodeId::ROOT), [schema.find("/book").unwrap()]);
}

#[test]
fn rfc7952_annotations_and_rfc8528_mount_points_are_in_the_schema() {
    let text = "import ietf-yang-metadata { prefix md; } import ietf-yang-schema-mount { prefix ym; }
        md:annotation stamp { type uint32; units second; } container c { ym:mount-point inner; } container d;";
    let schema = schema(&[METADATA, MOUNT, text]);
    let module = schema.module_by_name("t").unwrap();
    let stamp = schema.annotation(module, "stamp").unwrap();
    assert_eq!((stamp.ty.name.as_str(), stamp.units.as_deref()), ("uint32", Some("second")));
    assert_eq!(schema.annotations().len(), 1);
    let label = |path| schema.node(node(&schema, path)).mount_point.clone();
    assert_eq!((label("/c").as_deref(), label("/d")), (Some("inner"), None));
}
