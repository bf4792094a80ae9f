//! Constraints on small models, each named after the section of RFC 7950 where implementers go wrong.

use super::{Reach, ReferenceIndex, prune_false_whens, validate_diff, validate_full, validate_input};
use crate::data::decode::{Allow, DecodeOptions, Format, decode, decode_patch};
use crate::data::diff::diff;
use crate::data::edit::apply;
use crate::data::path::InstancePath;
use crate::data::tree::{Data, Tree};
use crate::data::violation::Violation;
use crate::data::xpath::testing::{STEPS, compiled, module, tree};
use crate::yang::schema::Schema;

/// `error-tag app-tag path`, one a violation, sorted.
fn shown(schema: &Schema, violations: &[Violation]) -> Vec<String> {
    let mut shown: Vec<String> = violations
        .iter()
        .map(|violation| {
            let app_tag = violation.app_tag.as_deref().unwrap_or("-");
            format!("{} {app_tag} {}", violation.tag, violation.path.to_instance_identifier(schema))
        })
        .collect();
    shown.sort();
    shown
}

fn check(schema: &Schema, json: &str, expected: &[&str]) {
    let tree = tree(schema, json);
    assert_eq!(shown(schema, &validate_full(schema, &tree)), expected, "{json}");
}

fn message(schema: &Schema, json: &str) -> String {
    let tree = tree(schema, json);
    validate_full(schema, &tree).iter().map(|violation| violation.message.clone()).collect()
}

/// Both ways of validation from one tree to another, the first of which must be valid.
fn step(schema: &Schema, before: &str, after: &str, expected: &[&str]) {
    let (before, after) = (tree(schema, before), tree(schema, after));
    assert_eq!(shown(schema, &validate_full(schema, &before)), [""; 0]);
    assert_eq!(shown(schema, &validate_full(schema, &after)), expected);
    let mut index = ReferenceIndex::build(schema, &before);
    let changes = diff(schema, &before, &after);
    let found = validate_diff(schema, &before, &after, &changes, &mut index);
    assert_eq!(shown(schema, &found), expected);
}

/// The tree before with a patch, without what that made impossible.
fn pruned(schema: &Schema, before: &str, patch: &str) -> Tree {
    let before = tree(schema, before);
    let options = DecodeOptions::plain(Format::Json, Allow::Config);
    let edits = decode_patch(schema, &InstancePath::root(), patch.as_bytes(), &options).unwrap();
    let after = apply(schema, &before, &edits).unwrap();
    let changes = diff(schema, &before, &after);
    let index = ReferenceIndex::build(schema, &before);
    let reach = Reach::of(schema, &before, &after, &changes, &index);
    prune_false_whens(schema, &before, &after, &reach, edits.iter(), &index).unwrap_or(after)
}

#[test]
fn rfc7950_7_5_3_must_on_an_empty_np_container_is_evaluated() {
    let schema = module(r#"container c { must "x"; leaf x { type string; } }"#);
    check(&schema, "{}", &["operation-failed must-violation /t:c"]);
    check(&schema, r#"{"c": {"x": "1"}}"#, &[]);
    step(&schema, r#"{"c": {"x": "1"}}"#, "{}", &["operation-failed must-violation /t:c"]);
}

#[test]
fn rfc7950_7_5_3_must_in_an_absent_presence_container_is_not_evaluated() {
    let schema = module(r#"container p { presence "p"; container c { must "x"; leaf x { type string; } } }"#);
    check(&schema, "{}", &[]);
    check(&schema, r#"{"p": {}}"#, &["operation-failed must-violation /t:p/c"]);
    step(&schema, "{}", r#"{"p": {}}"#, &["operation-failed must-violation /t:p/c"]);
}

#[test]
fn rfc7950_7_5_4_the_models_message_and_tag_travel() {
    let schema = module(
        r#"leaf a { type int8; must ". > 3" { error-message "too small"; error-app-tag "small"; } }
           leaf b { type int8; must ". > 3"; }"#,
    );
    check(
        &schema,
        r#"{"a": 1, "b": 1}"#,
        &["operation-failed must-violation /t:b", "operation-failed small /t:a"],
    );
    assert_eq!(message(&schema, r#"{"a": 1}"#), "too small");
    assert_eq!(message(&schema, r#"{"b": 1}"#), "'1' does not fulfil the condition '. > 3'");
}

#[test]
fn rfc7950_7_6_1_must_and_leafref_see_defaults_in_use() {
    let schema = module(
        r#"leaf low { type int8; default 3; must ". <= ../high"; } leaf high { type int8; default 5; }
           leaf to-low { type leafref { path "../low"; } }
           container p { presence "p"; leaf d { type int8; default 9; must ". <= ../../high"; } }"#,
    );
    check(&schema, r#"{"to-low": 3}"#, &[]);
    check(&schema, r#"{"to-low": 4}"#, &["data-missing instance-required /t:to-low"]);
    step(&schema, "{}", r#"{"high": 2}"#, &["operation-failed must-violation /t:low"]);
    step(
        &schema,
        r#"{"to-low": 3}"#,
        r#"{"to-low": 3, "low": 2}"#,
        &["data-missing instance-required /t:to-low"],
    );
    step(&schema, "{}", r#"{"p": {}}"#, &["operation-failed must-violation /t:p/d"]);
}

#[test]
fn rfc7950_7_6_5_mandatory_leafs_where_their_parent_exists() {
    let schema = module(
        r#"container p { presence "p"; leaf m { type string; mandatory true; }
             container np { leaf n { type string; mandatory true; } } }
           choice c { case one { leaf a { type string; mandatory true; } leaf b { type string; } } }"#,
    );
    check(&schema, "{}", &[]);
    check(&schema, r#"{"p": {}}"#, &["missing-element - /t:p/m", "missing-element - /t:p/np/n"]);
    check(&schema, r#"{"b": "1"}"#, &["missing-element - /t:a"]);
    step(&schema, "{}", r#"{"p": {"m": "1"}}"#, &["missing-element - /t:p/np/n"]);
    step(&schema, r#"{"a": "1", "b": "1"}"#, r#"{"b": "1"}"#, &["missing-element - /t:a"]);
    assert_eq!(message(&schema, r#"{"b": "1"}"#), "a is missing; it is mandatory");
}

#[test]
fn rfc7950_7_7_5_and_7_7_6_numbers_of_entries() {
    let schema = module(
        r#"leaf-list few { type int8; max-elements 2; }
           container p { presence "p"; leaf-list some { type int8; min-elements 1; }
             list l { key k; min-elements 1; max-elements 2; leaf k { type int8; } } }"#,
    );
    check(&schema, r#"{"few": [1, 2, 3]}"#, &["operation-failed too-many-elements /t:few"]);
    check(
        &schema,
        r#"{"p": {}}"#,
        &["operation-failed too-few-elements /t:p/l", "operation-failed too-few-elements /t:p/some"],
    );
    step(
        &schema,
        r#"{"p": {"some": [1], "l": [{"k": 1}, {"k": 2}]}}"#,
        r#"{"p": {"some": [1], "l": [{"k": 1}, {"k": 2}, {"k": 3}]}}"#,
        &["operation-failed too-many-elements /t:p/l"],
    );
    step(
        &schema,
        r#"{"p": {"some": [1], "l": [{"k": 1}]}}"#,
        r#"{"p": {"some": [1]}}"#,
        &["operation-failed too-few-elements /t:p/l"],
    );
}

#[test]
fn rfc7950_7_8_3_unique_through_containers_with_defaults_and_exemptions() {
    let schema = module(
        r#"list l { key k; unique "a/ip port"; leaf k { type string; } leaf port { type int16; default 80; }
             container a { leaf ip { type string; } } }"#,
    );
    let same = r#"{"l": [{"k": "1", "a": {"ip": "x"}}, {"k": "2", "port": 80, "a": {"ip": "x"}}]}"#;
    check(&schema, same, &["operation-failed data-not-unique /t:l"]);
    check(&schema, r#"{"l": [{"k": "1"}, {"k": "2"}]}"#, &[]);
    check(&schema, r#"{"l": [{"k": "1", "a": {"ip": "x"}}, {"k": "2", "a": {"ip": "y"}}]}"#, &[]);
    step(
        &schema,
        r#"{"l": [{"k": "1", "a": {"ip": "x"}}, {"k": "2", "a": {"ip": "y"}}]}"#,
        same,
        &["operation-failed data-not-unique /t:l"],
    );
    let violations = validate_full(&schema, &tree(&schema, same));
    assert_eq!(violations[0].message, "'1', '2' have the same a/ip 'x' and port '80'; no two entries may");
    let named: Vec<&str> = violations[0].info_texts("non-unique").collect();
    assert_eq!(named, ["/t:l[k='1']/a/ip", "/t:l[k='1']/port", "/t:l[k='2']/a/ip", "/t:l[k='2']/port"]);
}

#[test]
fn rfc7950_7_8_3_unique_counts_within_one_parent_only() {
    let schema = module(
        r#"list o { key k; leaf k { type string; } list l { key k; unique v; leaf k { type string; }
             leaf v { type string; } } }"#,
    );
    let apart =
        r#"{"o": [{"k": "1", "l": [{"k": "a", "v": "x"}]}, {"k": "2", "l": [{"k": "a", "v": "x"}]}]}"#;
    check(&schema, apart, &[]);
    let together = r#"{"o": [{"k": "1", "l": [{"k": "a", "v": "x"}, {"k": "b", "v": "x"}]}]}"#;
    check(&schema, together, &["operation-failed data-not-unique /t:o[k='1']/l"]);
}

#[test]
fn rfc7950_7_9_4_mandatory_choices() {
    let schema = module(
        r#"container p { presence "p"; choice c { mandatory true; leaf a { type string; }
             case b { container b { leaf x { type string; } } choice inner { mandatory true;
               leaf i { type string; } leaf j { type string; } } } } }"#,
    );
    check(&schema, r#"{"p": {}}"#, &["data-missing missing-choice /t:p"]);
    check(&schema, r#"{"p": {"a": "1"}}"#, &[]);
    check(&schema, r#"{"p": {"b": {"x": "1"}}}"#, &["data-missing missing-choice /t:p"]);
    assert_eq!(
        message(&schema, r#"{"p": {"b": {"x": "1"}}}"#),
        "nothing is chosen for inner; one of i, j is needed"
    );
    step(
        &schema,
        r#"{"p": {"a": "1"}}"#,
        r#"{"p": {"b": {"x": "1"}}}"#,
        &["data-missing missing-choice /t:p"],
    );
}

#[test]
fn rfc7950_7_9_3_default_case_comes_and_goes_with_the_others() {
    let schema = module(
        r#"choice c { default one; case one { leaf a { type string; default "x"; must "../allowed"; } }
             leaf b { type string; } }
           leaf allowed { type empty; }"#,
    );
    check(&schema, "{}", &["operation-failed must-violation /t:a"]);
    check(&schema, r#"{"b": "1"}"#, &[]);
    step(&schema, r#"{"b": "1"}"#, "{}", &["operation-failed must-violation /t:a"]);
}

#[test]
fn rfc7950_7_21_5_when_looks_from_the_right_node() {
    let schema = module(
        r#"container c { leaf on { type boolean; } leaf own { when "../on = 'true'"; type string; }
             uses g { when "on = 'true'"; } choice ch { when "on = 'true'"; leaf chosen { type string; } } }
           augment "/c" { when "on = 'true'"; leaf added { type string; mandatory true; } }
           grouping g { leaf used { type string; } }"#,
    );
    let all = r#""own": "1", "used": "1", "chosen": "1", "added": "1""#;
    check(&schema, &format!(r#"{{"c": {{"on": true, {all}}}}}"#), &[]);
    check(
        &schema,
        &format!(r#"{{"c": {{"on": false, {all}}}}}"#),
        &[
            "unknown-element - /t:c/added",
            "unknown-element - /t:c/chosen",
            "unknown-element - /t:c/own",
            "unknown-element - /t:c/used",
        ],
    );
    step(&schema, "{}", r#"{"c": {"on": true}}"#, &["missing-element - /t:c/added"]);
}

#[test]
fn rfc7950_7_21_5_when_that_depends_on_when_with_defaults() {
    let schema = module(
        r#"leaf mode { type string; default "x"; }
           leaf first { when "../mode = 'x'"; type string; default "a"; }
           leaf second { when "../first = 'a'"; type string; default "b"; }
           leaf third { type string; must "../second"; }"#,
    );
    check(&schema, r#"{"third": "1"}"#, &[]);
    step(
        &schema,
        r#"{"third": "1"}"#,
        r#"{"third": "1", "mode": "y"}"#,
        &["operation-failed must-violation /t:third"],
    );
}

#[test]
fn rfc7950_8_2_nodes_whose_when_became_false_go() {
    let schema = module(
        r#"container c { leaf mode { type string; } leaf a { when "../mode = 'x'"; type string; }
             container b { when "../a"; leaf deep { type string; } } list l { when "mode = 'x'"; key k;
             leaf k { type string; } } leaf keep { type string; } }"#,
    );
    let before = r#"{"c": {"mode": "x", "a": "1", "b": {"deep": "1"}, "keep": "1"}}"#;
    let left = pruned(&schema, before, r#"{"c": {"mode": "y"}}"#);
    assert_eq!(left, tree(&schema, r#"{"c": {"mode": "y", "keep": "1"}}"#));
}

#[test]
fn rfc7950_8_3_1_what_a_request_writes_under_a_false_when_is_refused_not_dropped() {
    let schema = module(r#"leaf mode { type string; } leaf a { when "../mode = 'x'"; type string; }"#);
    for after in [r#"{"mode": "y", "a": "2"}"#, r#"{"mode": "y", "a": "1"}"#] {
        let left = pruned(&schema, r#"{"mode": "x", "a": "1"}"#, after);
        assert_eq!(left, tree(&schema, after));
        check(&schema, after, &["unknown-element - /t:a"]);
    }
}

#[test]
fn rfc7950_9_9_deleting_a_target_finds_its_referrers() {
    let schema = module(
        r#"list l { key k; leaf k { type string; } leaf other { type leafref { path "../../l/k"; } } }
           leaf-list many { type leafref { path "../l/k"; } }
           leaf loose { type leafref { path "../l/k"; require-instance false; } }
           leaf chain { type leafref { path "../l/other"; } }"#,
    );
    let before =
        r#"{"l": [{"k": "a", "other": "b"}, {"k": "b"}], "many": ["a", "b"], "loose": "z", "chain": "b"}"#;
    let after = r#"{"l": [{"k": "a", "other": "b"}], "many": ["a", "b"], "loose": "z", "chain": "b"}"#;
    step(
        &schema,
        before,
        after,
        &[
            "data-missing instance-required /t:l[k='a']/other",
            "data-missing instance-required /t:many[.='b']",
        ],
    );
    assert_eq!(message(&schema, r#"{"chain": "q"}"#), "'q' does not exist: there is no such /l/other");
}

#[test]
fn rfc7950_9_9_2_predicates_pick_the_entry() {
    let schema = module(
        r#"list i { key name; leaf name { type string; } list a { key ip; leaf ip { type string; } } }
           leaf name { type leafref { path "../i/name"; } }
           leaf ip { type leafref { path "../i[name = current()/../name]/a/ip"; } }"#,
    );
    let lists = r#""i": [{"name": "e0", "a": [{"ip": "1"}]}, {"name": "e1", "a": [{"ip": "2"}]}]"#;
    let with = |rest: &str| format!("{{{lists}, {rest}}}");
    check(&schema, &with(r#""name": "e0", "ip": "1""#), &[]);
    step(
        &schema,
        &with(r#""name": "e0", "ip": "1""#),
        &with(r#""name": "e1", "ip": "1""#),
        &["data-missing instance-required /t:ip"],
    );
}

#[test]
fn rfc7950_9_12_unions_of_leafrefs_are_tried_in_order() {
    let schema = module(
        r#"list a { key k; leaf k { type string; } } list b { key k; leaf k { type string; } }
           leaf u { type union { type leafref { path "../a/k"; } type leafref { path "../b/k"; }
             type enumeration { enum none; } } }"#,
    );
    check(&schema, r#"{"a": [{"k": "x"}], "u": "x"}"#, &[]);
    check(&schema, r#"{"b": [{"k": "x"}], "u": "x"}"#, &[]);
    step(
        &schema,
        r#"{"b": [{"k": "x"}], "u": "x"}"#,
        r#"{"u": "x"}"#,
        &["data-missing instance-required /t:u"],
    );
}

#[test]
fn rfc7950_9_13_instance_identifiers_require_their_instance() {
    let schema = module(
        r#"list l { key k; leaf k { type string; } leaf v { type string; } leaf d { type int8; default 1; } }
           leaf to { type instance-identifier; }
           leaf loose { type instance-identifier { require-instance false; } }"#,
    );
    let gone = r#""to": "/t:l[k='a']/v", "loose": "/t:l[k='q']""#;
    let before = format!(r#"{{"l": [{{"k": "a", "v": "1"}}], {gone}}}"#);
    step(
        &schema,
        &before,
        &format!(r#"{{"l": [{{"k": "a"}}], {gone}}}"#),
        &["data-missing instance-required /t:to"],
    );
    check(&schema, r#"{"l": [{"k": "a"}], "to": "/t:l[k='a']/d"}"#, &[]);
}

#[test]
fn rfc7950_10_3_must_through_deref_is_reached_from_the_target() {
    let schema = module(
        r#"list key { key name; leaf name { type string; } leaf kind { type string; } }
           list user { key name; leaf name { type string; }
             leaf with { type leafref { path "/key/name"; } must "deref(.)/../kind = 'good'"; } }"#,
    );
    let user = r#""user": [{"name": "u", "with": "k"}]"#;
    let good = format!(r#"{{"key": [{{"name": "k", "kind": "good"}}], {user}}}"#);
    let bad = format!(r#"{{"key": [{{"name": "k", "kind": "bad"}}], {user}}}"#);
    step(&schema, &good, &bad, &["operation-failed must-violation /t:user[name='u']/with"]);
}

#[test]
fn rfc7950_6_4_1_expressions_of_a_grouping_belong_to_its_module() {
    let defining = r#"module d { yang-version 1.1; namespace "urn:d"; prefix d;
      grouping g { leaf a { type int8; } leaf b { type int8; must ". >= ../a"; } } }"#;
    let using = r#"module u { yang-version 1.1; namespace "urn:u"; prefix u; import d { prefix dd; }
      container c { uses dd:g; } }"#;
    let schema = compiled(&[defining, using]);
    check(&schema, r#"{"c": {"a": 3, "b": 2}}"#, &["operation-failed must-violation /u:c/b"]);
    check(&schema, r#"{"c": {"a": 3, "b": 4}}"#, &[]);
}

#[test]
fn rfc7950_7_15_input_is_checked_against_the_datastore() {
    let schema = module(
        r#"list l { key k; leaf k { type string; } leaf max { type int8; default 5; }
             action go { input { leaf n { type int8; must ". <= ../../max"; }
               leaf to { type leafref { path "/l/k"; } mandatory true; } leaf tight { when "../n"; type string; } } } }"#,
    );
    let tree = tree(&schema, r#"{"l": [{"k": "a"}]}"#);
    let index = ReferenceIndex::build(&schema, &tree);
    let path = InstancePath::parse_v1(&schema, "l/a/go").unwrap();
    let check = |json: &str, expected: &[&str]| {
        let options = DecodeOptions::plain(Format::Json, Allow::Input);
        let Ok(Data::Container(input)) = decode(&schema, &path, json.as_bytes(), &options) else {
            panic!("{json}");
        };
        let found = validate_input(&schema, &tree, &index, &path, &input);
        assert_eq!(shown(&schema, &found), expected, "{json}");
    };
    check(r#"{"n": 5, "to": "a"}"#, &[]);
    check(
        r#"{"n": 6, "to": "b"}"#,
        &[
            "data-missing instance-required /t:l[k='a']/go/to",
            "operation-failed must-violation /t:l[k='a']/go/n",
        ],
    );
    check(
        r#"{"tight": "x"}"#,
        &["missing-element - /t:l[k='a']/go/to", "unknown-element - /t:l[k='a']/go/tight"],
    );
}

#[test]
fn rfc7950_7_21_5_conditions_that_ask_for_conditions_are_worked_out_once() {
    let chain: String = (1..40)
        .map(|at| {
            let before = at - 1;
            format!("leaf c{at} {{ when \"../c{before} and ../c{before}\"; type string; default a; }}")
        })
        .collect();
    let schema =
        module(&format!("leaf c0 {{ type string; }} {chain} leaf sees {{ type string; must \"../c39\"; }}"));
    check(&schema, r#"{"c0": "a", "sees": "a"}"#, &[]);
    check(&schema, r#"{"sees": "a"}"#, &["operation-failed must-violation /t:sees"]);
}

#[test]
fn rfc7950_9_12_a_member_refers_by_its_own_type() {
    let schema = module(
        r#"leaf text { type string; } leaf-list level { type enumeration { enum low; enum high; } }
           leaf u { type union { type leafref { path "../text"; } type leafref { path "../level"; } } }"#,
    );
    check(&schema, r#"{"u": "low"}"#, &["data-missing instance-required /t:u"]);
    check(&schema, r#"{"u": "low", "level": ["low"]}"#, &[]);
    step(
        &schema,
        r#"{"u": "low", "level": ["low", "high"]}"#,
        r#"{"u": "low", "level": ["high"]}"#,
        &["data-missing instance-required /t:u"],
    );
}

#[test]
fn every_violation_is_listed() {
    let schema = module(
        r#"list l { key k; leaf k { type int8; must ". < 3"; } leaf m { type string; mandatory true; } }"#,
    );
    let json = r#"{"l": [{"k": 1}, {"k": 3}, {"k": 4, "m": "x"}]}"#;
    check(
        &schema,
        json,
        &[
            "missing-element - /t:l[k='1']/m",
            "missing-element - /t:l[k='3']/m",
            "operation-failed must-violation /t:l[k='3']/k",
            "operation-failed must-violation /t:l[k='4']/k",
        ],
    );
}

#[test]
fn a_secret_is_never_quoted() {
    let extensions = include_str!("../../../yang/strongbox-extensions.yang");
    let own = r#"module s { yang-version 1.1; namespace "urn:s"; prefix s; import strongbox-extensions { prefix x; }
      leaf p { type string; x:secret; must "string-length(.) > 20"; } }"#;
    let schema = compiled(&[extensions, own]);
    let violations = validate_full(&schema, &tree(&schema, r#"{"p": "hunter2"}"#));
    assert_eq!(violations.len(), 1);
    assert!(!format!("{violations:?}").contains("hunter2"));
}

/// A model like the product's: keys that issuers refer to, a `must` through the reference, a `unique`.
const ISSUERS: &str = r#"
  list key { key name; leaf name { type string; } leaf kind { type string; } }
  list issuer { key name; unique port; must "count(role) < 10";
    leaf name { type string; } leaf port { type uint32; } leaf max { type int32; default 10; }
    leaf with { type leafref { path "/key/name"; } mandatory true; must "deref(.)/../kind = 'good'"; }
    leaf-list friend { type leafref { path "../../issuer/name"; } }
    list role { key name; leaf name { type string; } leaf ttl { type int32; must ". <= ../../max"; } } }"#;

fn issuers(schema: &Schema, count: usize) -> Tree {
    let issuers: Vec<String> = (0..count)
        .map(|at| {
            format!(
                r#"{{"name": "i{at}", "port": {at}, "with": "k{}", "friend": ["i{}"], "role": [{{"name": "r", "ttl": 3}}]}}"#,
                at % (count / 4),
                (at + 1) % count
            )
        })
        .collect();
    let keys: Vec<String> = (0..count).map(|at| format!(r#"{{"name": "k{at}", "kind": "good"}}"#)).collect();
    tree(schema, &format!(r#"{{"key": [{}], "issuer": [{}]}}"#, keys.join(","), issuers.join(",")))
}

/// Steps that it takes to validate one edit.
fn cost(schema: &Schema, before: &Tree, index: &ReferenceIndex, edit: &str, expected: &[&str]) -> u64 {
    let options = DecodeOptions::plain(Format::Json, Allow::Config);
    let edits = decode_patch(schema, &InstancePath::root(), edit.as_bytes(), &options).unwrap();
    let after = apply(schema, before, &edits).unwrap();
    let changes = diff(schema, before, &after);
    let start = STEPS.get();
    let found = validate_diff(schema, before, &after, &changes, &mut index.clone());
    assert_eq!(shown(schema, &found), expected, "{edit}");
    STEPS.get() - start
}

#[test]
fn a_change_costs_the_same_in_a_small_and_in_a_large_tree() {
    let schema = module(ISSUERS);
    let small = issuers(&schema, 40);
    let large = issuers(&schema, 4_000);
    let (small_index, large_index) =
        (ReferenceIndex::build(&schema, &small), ReferenceIndex::build(&schema, &large));
    for (edit, expected) in [
        (r#"{"issuer": [{"name": "i7", "role": [{"name": "r", "ttl": 4}]}]}"#, &[][..]),
        (
            r#"{"issuer": [{"name": "i7", "max": 2}]}"#,
            &["operation-failed must-violation /t:issuer[name='i7']/role[name='r']/ttl"],
        ),
        (r#"{"issuer": [{"name": "i7", "with": "k9"}]}"#, &[]),
        (
            r#"{"issuer": [{"name": "new", "port": 7, "with": "k1"}]}"#,
            &["operation-failed data-not-unique /t:issuer"],
        ),
        (r#"{"key": [{"name": "new", "kind": "bad"}]}"#, &[]),
        (
            r#"{"issuer": [{"name": "i8", "friend": ["gone"]}]}"#,
            &["data-missing instance-required /t:issuer[name='i8']/friend[.='gone']"],
        ),
    ] {
        let few = cost(&schema, &small, &small_index, edit, expected);
        let many = cost(&schema, &large, &large_index, edit, expected);
        assert!(few > 0 && many == few, "{edit}: {few} steps among 40 entries, {many} among 4000");
    }
}
