//! The compiled rules against the procedure of RFC 8341 section 3.4.5, followed word by word on texts.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::compile::Segment;
use super::super::walk::Walk;
use super::super::{Authority, segments};
use super::*;
use crate::data::path::InstancePath;
use crate::data::testing;

const MODEL: &str = "
container top
  leaf title string
  list issuers key=name
    leaf name string
    leaf key string
    list roles key=name
      leaf name string
      leaf ttl string
";

/// A place: names, and the key of an entry where one is named.
type Place = &'static [(&'static str, Option<&'static str>)];

const RULE_PATHS: &[(&str, Place)] = &[
    ("/", &[]),
    ("/test:top", &[("top", None)]),
    ("/test:top/test:title", &[("top", None), ("title", None)]),
    ("/top/issuers", &[("top", None), ("issuers", None)]),
    ("/test:top/issuers[name='a']", &[("top", None), ("issuers", Some("a"))]),
    ("/top/issuers/roles", &[("top", None), ("issuers", None), ("roles", None)]),
    (
        "/top/issuers[test:name=\"b\"]/roles[name='r']",
        &[("top", None), ("issuers", Some("b")), ("roles", Some("r"))],
    ),
    ("/top/issuers/roles/ttl", &[("top", None), ("issuers", None), ("roles", None), ("ttl", None)]),
    (
        "/top/issuers/roles[name='r']/ttl",
        &[("top", None), ("issuers", None), ("roles", Some("r")), ("ttl", None)],
    ),
];

const PLACES: &[(&str, Place)] = &[
    ("top", &[("top", None)]),
    ("top/title", &[("top", None), ("title", None)]),
    ("top/issuers", &[("top", None), ("issuers", None)]),
    ("top/issuers/a", &[("top", None), ("issuers", Some("a"))]),
    ("top/issuers/b/key", &[("top", None), ("issuers", Some("b")), ("key", None)]),
    ("top/issuers/a/roles", &[("top", None), ("issuers", Some("a")), ("roles", None)]),
    ("top/issuers/b/roles/r", &[("top", None), ("issuers", Some("b")), ("roles", Some("r"))]),
    (
        "top/issuers/b/roles/r/ttl",
        &[("top", None), ("issuers", Some("b")), ("roles", Some("r")), ("ttl", None)],
    ),
    (
        "top/issuers/a/roles/s/ttl",
        &[("top", None), ("issuers", Some("a")), ("roles", Some("s")), ("ttl", None)],
    ),
];

#[derive(Clone, Debug)]
struct Written {
    path: Option<usize>,
    module: &'static str,
    operations: Vec<&'static str>,
    permit: bool,
}

fn word(operation: PolicyOperation) -> &'static str {
    match operation {
        PolicyOperation::Execute => "exec",
        other => other.as_str(),
    }
}

/// Steps 5 to 12 of section 3.4.5.
fn naively(rules: &[Written], defaults: [bool; 3], operation: PolicyOperation, place: Place) -> bool {
    let matches = |rule: &&Written| {
        let above: Place = rule.path.map_or(&[], |path| RULE_PATHS[path].1);
        let reaches = above.len() <= place.len()
            && above
                .iter()
                .zip(place)
                .all(|(own, here)| own.0 == here.0 && (own.1.is_none() || own.1 == here.1));
        let operations = rule.operations.contains(&"*") || rule.operations.contains(&word(operation));
        reaches && operations && ["*", "test"].contains(&rule.module)
    };
    match (rules.iter().find(matches), operation) {
        (Some(rule), _) => rule.permit,
        (None, PolicyOperation::Read) => defaults[0],
        (None, PolicyOperation::Execute) => defaults[2],
        (None, _) => defaults[1],
    }
}

fn nacm(rules: &[Written], defaults: [bool; 3]) -> Nacm {
    let action = |permit: bool| if permit { "permit" } else { "deny" };
    let rules: Vec<serde_json::Value> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| {
            serde_json::json!({"name": index.to_string(), "module-name": rule.module, "path": rule.path.map(|path| RULE_PATHS[path].0),
                "access-operations": rule.operations.join(" "), "action": action(rule.permit)})
        })
        .collect();
    serde_json::from_value(serde_json::json!({"enable-nacm": true, "enable-external-groups": true,
        "read-default": action(defaults[0]), "write-default": action(defaults[1]), "exec-default": action(defaults[2]),
        "rule-list": [{"name": "l", "group": ["g"], "rule": rules}]}))
    .unwrap()
}

fn written() -> impl Strategy<Value = Written> {
    let operations = prop_oneof![
        Just(vec!["*"]),
        proptest::sample::subsequence(vec!["create", "read", "update", "delete", "exec"], 1..4),
    ];
    let module = prop_oneof![3 => Just("*"), 3 => Just("test"), 1 => Just("other")];
    let path = proptest::option::weighted(0.9, 0..RULE_PATHS.len());
    (path, module, operations, any::<bool>()).prop_map(|(path, module, operations, permit)| Written {
        path,
        module,
        operations,
        permit,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rfc8341_3_4_5_the_first_rule_that_matches_decides(
        rules in proptest::collection::vec(written(), 0..8),
        defaults in any::<[bool; 3]>(),
    ) {
        let schema = testing::schema(MODEL);
        let compiled = Arc::new(nacm(&rules, defaults).compile(&schema, &[Ident::from("g")]));
        let authority = Authority::from(compiled);
        for (text, place) in PLACES {
            let path = InstancePath::parse_v1(&schema, text).unwrap();
            for operation in PolicyOperation::ALL {
                let expected = naively(&rules, defaults, operation, place);
                let decision = authority.decide(operation, segments(&path));
                prop_assert_eq!(decision.allowed, expected, "{} {}: {}", operation, text, decision);
                let nowhere: [Segment<'_>; 0] = [];
                let mut walk = Walk::begin_for(&authority, operation, nowhere);
                for segment in segments(&path) {
                    prop_assert!(!walk.is_uniform() || walk.enter(segment).is_allowed() == walk.is_allowed());
                    walk = walk.enter(segment);
                }
                prop_assert_eq!(walk.is_allowed(), expected, "on the way to {} of {}", operation, text);
                prop_assert!(!expected || operation != PolicyOperation::Read || walk.leads_to_readable());
            }
        }
    }
}

fn decide(nacm: &Nacm, groups: &[&str], path: &str) -> String {
    let schema = testing::schema(MODEL);
    let groups: Vec<Ident> = groups.iter().map(|name| Ident::from(*name)).collect();
    let compiled = Arc::new(nacm.compile(&schema, &groups));
    let authority = Authority::from(compiled);
    let path = InstancePath::parse_v1(&schema, path).unwrap();
    authority.may(PolicyOperation::Update, &path).to_string()
}

#[test]
fn rfc8341_3_4_4_groups_choose_the_lists() {
    let permit = Written { path: Some(0), module: "*", operations: vec!["*"], permit: true };
    let mut rules = nacm(&[permit], [false; 3]);
    assert_eq!(decide(&rules, &["g"], "top"), "allowed by rule 'l/0' of policy 'nacm'");
    assert_eq!(decide(&rules, &["x"], "top"), "refused by rule 'the defaults' of policy 'nacm'");
    rules.rule_list[0].group = vec![Ident::from("*")];
    assert!(decide(&rules, &["x"], "top").starts_with("allowed"));
    assert!(decide(&rules, &[], "top").starts_with("refused"), "who is in no group has the defaults");
    rules.enable_nacm = false;
    assert_eq!(decide(&rules, &[], "top"), "allowed by rule 'enable-nacm' of policy 'nacm'");
}

#[test]
fn groups_are_those_that_name_the_user_and_those_from_outside() {
    let mut rules = nacm(&[], [false; 3]);
    rules.groups.group = ["a", "b"]
        .map(|name| Group {
            name: Ident::from(name),
            user_name: vec![Ident::from("alice"), Ident::from(name)],
        })
        .to_vec();
    let (alice, external) = (Ident::from("alice"), [Ident::from("ops"), Ident::from("a")]);
    assert_eq!(rules.groups_of(Some(&alice), &external), ["a", "b", "ops"].map(Ident::from));
    assert_eq!(rules.groups_of(None, &external), ["a", "ops"].map(Ident::from));
    rules.enable_external_groups = false;
    assert_eq!(rules.groups_of(Some(&Ident::from("b")), &external), ["b"].map(Ident::from));
}

#[test]
fn a_path_that_leads_nowhere_is_no_path() {
    let schema = testing::schema(MODEL);
    for path in [
        "",
        "top",
        "/nothing",
        "/top/",
        "/top[name='a']",
        "/top/issuers[key='a']",
        "/top/issuers[name='a'",
        "/x:top",
    ] {
        assert!(steps(&schema, path).is_none(), "{path}");
    }
}
