//! Names, functions and what a condition depends on, over one small model.

use super::*;
use crate::yang::testing::{node, schema};

const ROLES: &str = "
    identity kind; identity fast { base kind; }
    container top {
      leaf limit { type uint8; }
      list role {
        key name;
        leaf name { type string; }
        leaf kind { type identityref { base kind; } }
        leaf max { type uint8; must '. <= ../../limit'; }
        leaf peer { type leafref { path '../../role/name'; } must 'deref(.)/../max > 3'; }
        leaf alone { type string; when \"../kind = 't:fast'\"; }
        choice c { case a { leaf deep { type string; must 'count(../../role[max > current()/../max]) < 3'; } } }
      }
    }
    rpc run { input { leaf a { type string; } leaf b { type string; must '../a'; } } }";

fn where_error(text: &str) -> Option<(usize, String)> {
    let schema = schema(&[ROLES]);
    let role = node(&schema, "/top/role");
    compile_expression(&schema, text, role, schema.node(role).module)
        .err()
        .map(|error| (error.offset, error.message))
}

#[test]
fn a_where_needs_no_prefixes_and_takes_module_names() {
    for text in ["name = 'a' and max > 3", "t:name", "starts-with(name, 'r')", "../limit", "*", "deep", "."] {
        assert_eq!(where_error(text), None, "{text}");
    }
}

#[test]
fn a_where_names_what_it_does_not_know() {
    let at = |text| where_error(text).unwrap();
    assert_eq!(at("1 = nam"), (4, "there is no 'nam' in /top/role; did you mean 'name'?".to_owned()));
    assert_eq!(at("q:name").1, "there is no module 'q'");
    assert_eq!(
        at("true() and start-with(name,'x')"),
        (11, "there is no function 'start-with'; did you mean 'starts-with'?".to_owned())
    );
    assert_eq!(at("contains(name)").1, "'contains' takes 2 arguments, not 1");
    assert_eq!(at("count(3)").1, "the first argument of 'count' must select nodes");
    assert_eq!(
        at("re-match(name, '(')").1,
        "'(' is not an XML Schema regular expression: '(' is never closed"
    );
    assert_eq!(at("derived-from(kind, 'nobody')").1, "there is no identity 'nobody'");
    assert!(at("name =").0 >= 6);
}

#[test]
fn a_where_warns_of_what_can_never_be() {
    let schema = schema(&[ROLES]);
    let role = node(&schema, "/top/role");
    let warnings = |text| {
        let (_, warnings) = compile_expression(&schema, text, role, schema.node(role).module).unwrap();
        warnings.into_iter().map(|warning| (warning.offset, warning.message)).collect::<Vec<_>>()
    };
    assert_eq!(warnings("max = '3' and kind = 'fast' and kind = 't:fast'"), []);
    assert_eq!(
        warnings("name = 'a' and kind = 'fats'"),
        [(22, "'fats' is no value of /top/role/kind; did you mean 'fast'?".to_owned())]
    );
    assert_eq!(warnings("max > 'many'").len(), 1);
    assert_eq!(warnings("../..").len(), 0);
    assert_eq!(warnings("../../..").len(), 1);
}

#[test]
fn rfc7950_9_10_an_identity_in_a_comparison_gets_its_module_name() {
    let schema = schema(&[ROLES]);
    let alone = schema.node(node(&schema, "/top/role/alone"));
    let Expr::Compare(_, _, right) = &alone.whens[0].condition.root else { panic!() };
    let Expr::Literal(text) = &**right else { panic!() };
    assert_eq!(text.as_str(), "t:fast");
    assert_eq!(alone.whens[0].levels_up, 0);
}

#[test]
fn steps_carry_the_nodes_they_can_reach() {
    let schema = schema(&[ROLES]);
    let role = node(&schema, "/top/role");
    let (expression, _) = compile_expression(&schema, "//name", role, schema.node(role).module).unwrap();
    let Expr::Path(path) = &expression.root else { panic!() };
    let last = path.steps.last().unwrap();
    assert_eq!(last.targets.as_deref(), Some(&[node(&schema, "/top/role/name")][..]));
}
