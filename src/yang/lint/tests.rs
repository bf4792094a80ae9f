//! What the guidelines leave alone. That each of them finds what it is about, the examples of `codes` show.

use super::*;

fn found(texts: &[&str], audience: Audience) -> Vec<String> {
    let mut library = Library::new();
    for text in texts {
        library.add_text("text.yang", text);
    }
    let wanted = [Wanted::latest("ietf-a")];
    let mut guidelines = Guidelines::default().of(audience);
    // The texts of these tests do not go into an RFC.
    guidelines.remove("Y0457");
    let found = lint(&mut library, &wanted, &guidelines);
    found.iter().map(|found| format!("{}: {}", found.code, found.message)).collect()
}

const HEAD: &str = "module ietf-a { yang-version 1.1; namespace urn:ietf:params:xml:ns:yang:ietf-a; prefix a;
    import b { prefix b; reference \"RFC 1\"; }
    organization \"IETF\"; contact \"<mailto:a@ietf.org>\";
    description \"A model. Copyright (c) 2026 IETF Trust and the persons identified as authors of the code.
      This version of this YANG module is part of RFC 9999. RFC 2119 and RFC 8174 apply.\";
    revision 2026-01-01 { description \"First.\"; reference \"RFC 9999\"; } ";
const B: &str = "module b { namespace urn:b; prefix b; identity base; extension mark; grouping g {
    leaf x { type string; mandatory true; } } typedef t { type string; } }";

fn of_body(body: &str) -> Vec<String> {
    found(&[&format!("{HEAD} {body} }}"), B], Audience::Ietf)
}

#[test]
fn a_module_that_follows_every_guideline_is_left_alone() {
    let none: Vec<String> = Vec::new();
    assert_eq!(of_body("leaf l { type b:t; description \"It MUST be odd.\"; }"), none);
}

#[test]
fn an_import_is_used_by_any_mention_of_its_prefix() {
    let none: Vec<String> = Vec::new();
    for body in [
        "leaf l { type identityref { base b:base; } description \"One.\"; }",
        "b:mark;",
        "leaf l { type string; must \"derived-from(., 'b:base')\"; description \"One.\"; }",
        "container c { presence \"on\"; uses b:g; description \"One.\"; }",
    ] {
        assert_eq!(of_body(body), none, "{body}");
    }
    assert_eq!(
        of_body("leaf l { type string; description \"see b:t\"; }"),
        ["Y0414: nothing of 'b' is used"]
    );
}

#[test]
fn rfc8407_4_4_a_refinement_may_say_what_is_usual() {
    let none: Vec<String> = Vec::new();
    assert_eq!(of_body("uses b:g { refine x { mandatory false; } }"), none);
    assert_eq!(
        of_body("leaf l { type b:t; config true; description \"One.\"; }"),
        ["Y0411: 'config true' is what holds without it"]
    );
}

#[test]
fn rfc8407_4_10_what_is_mandatory_on_a_condition_or_in_state_is_left_alone() {
    let mandatory = |wrapped: &str| {
        let found = of_body(wrapped);
        found.iter().filter(|found| found.starts_with("Y0410")).count()
    };
    assert_eq!(mandatory("uses b:g;"), 1);
    assert_eq!(mandatory("container c { uses b:g; }"), 1);
    assert_eq!(mandatory("container c { presence \"on\"; uses b:g; }"), 0);
    assert_eq!(mandatory("container c { config false; uses b:g; }"), 0);
    assert_eq!(mandatory("container c { when \"true()\"; uses b:g; }"), 0);
    assert_eq!(mandatory("list l { key x; uses b:g; }"), 0);
    assert_eq!(mandatory("list l { key x; min-elements 1; uses b:g; }"), 1);
}

#[test]
fn well_known_values_are_written_as_the_world_writes_them() {
    let found = of_body("identity DES_CBC { base b:base; description \"One.\"; }");
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn every_rule_is_explained() {
    for rule in RULES {
        assert!(crate::yang::codes::find(rule.code).is_some(), "{}", rule.code);
    }
}
