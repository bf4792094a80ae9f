use super::*;
use crate::data::path::Keys;
use crate::data::testing::{data, issuers, path, tree};

fn edit(schema: &Schema, at: &str, operation: EditOperation, json: &str) -> Edit {
    let path = path(schema, at);
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let node = path.target();
    let value = if schema.node(node).is_list() && json.is_object() {
        Data::Container(crate::data::testing::container(schema, node, &json))
    } else {
        data(schema, node, &json)
    };
    Edit::new(path, operation, value)
}

fn without_value(schema: &Schema, at: &str, operation: EditOperation) -> Edit {
    Edit::without_value(path(schema, at), operation)
}

/// Applies one edit and compares with the tree that should come out.
fn gives(before: &str, edit: impl Fn(&Schema) -> Edit, after: &str) {
    let schema = issuers();
    let result = apply(schema, &tree(schema, before), &[edit(schema)]).unwrap();
    assert_eq!(result, tree(schema, after), "{:?}", result.root);
    assert_eq!(result.digest(), tree(schema, after).digest());
}

fn refused(before: &str, edit: impl Fn(&Schema) -> Edit) -> Violation {
    let schema = issuers();
    let mut violations = apply(schema, &tree(schema, before), &[edit(schema)]).unwrap_err();
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations.remove(0)
}

const ONE: &str = r#"{"top":{"issuer":[{"name":"a","issuer":"x","secret-note":"s","audiences":["p","q"]}]}}"#;

#[test]
fn missing_containers_are_created_missing_entries_are_not() {
    gives(
        "{}",
        |s| edit(s, "top/limits/max", EditOperation::Replace, "7"),
        r#"{"top":{"limits":{"max":7}}}"#,
    );
    gives(
        "{}",
        |s| edit(s, "top/issuer/a", EditOperation::Create, "{}"),
        r#"{"top":{"issuer":[{"name":"a"}]}}"#,
    );
    let missing = refused("{}", |s| edit(s, "top/issuer/a/role/r", EditOperation::Merge, "{}"));
    assert_eq!(missing.tag, ErrorTag::DataMissing);
    assert_eq!(missing.message, "'a' in 'issuer' does not exist");
    assert_eq!(missing.path.to_v1(issuers()), "/top/issuer/a");
}

#[test]
fn rfc8072_2_5_create_replace_delete_remove() {
    assert_eq!(
        refused(ONE, |s| edit(s, "top/issuer/a", EditOperation::Create, "{}")).message,
        "'a' in 'issuer' exists already"
    );
    assert_eq!(
        refused(ONE, |s| without_value(s, "top/issuer/b", EditOperation::Delete)).tag,
        ErrorTag::DataMissing
    );
    assert_eq!(
        refused(ONE, |s| without_value(s, "top/limits/max", EditOperation::Delete)).tag,
        ErrorTag::DataMissing
    );
    gives(ONE, |s| without_value(s, "top/issuer/b", EditOperation::Remove), ONE);
    gives(ONE, |s| without_value(s, "top/issuer/b/role/c", EditOperation::Remove), ONE);
    gives(ONE, |s| without_value(s, "top/limits/max", EditOperation::Remove), ONE);
    gives(ONE, |s| without_value(s, "top/issuer/a", EditOperation::Delete), "{}");
    gives(ONE, |s| without_value(s, "top/issuer", EditOperation::Delete), "{}");
    gives(
        r#"{"top":{"limits":{"max":1}}}"#,
        |s| without_value(s, "top/limits/max", EditOperation::Delete),
        "{}",
    );
    gives(
        r#"{"top":{"marker":{"note":"n"}}}"#,
        |s| without_value(s, "top/marker/note", EditOperation::Delete),
        r#"{"top":{"marker":{}}}"#,
    );
    gives(
        ONE,
        |s| without_value(s, "top/issuer/a/audiences/p", EditOperation::Delete),
        &ONE.replace("\"p\",", ""),
    );
}

#[test]
fn rfc7951_merge_adds_and_replaces() {
    gives(
        ONE,
        |s| edit(s, "top/issuer/a", EditOperation::Merge, r#"{"issuer":"y","audiences":["q","r"]}"#),
        r#"{"top":{"issuer":[{"name":"a","issuer":"y","secret-note":"s","audiences":["p","q","r"]}]}}"#,
    );
    gives(
        ONE,
        |s| edit(s, "top", EditOperation::Merge, r#"{"issuer":[{"name":"b"},{"name":"a","issuer":"z"}]}"#),
        r#"{"top":{"issuer":[{"name":"a","issuer":"z","secret-note":"s","audiences":["p","q"]},{"name":"b"}]}}"#,
    );
}

#[test]
fn a_replacement_keeps_secrets_and_stored_state_that_it_leaves_out() {
    gives(
        ONE,
        |s| edit(s, "top/issuer/a", EditOperation::Replace, r#"{"issuer":"y"}"#),
        r#"{"top":{"issuer":[{"name":"a","issuer":"y","secret-note":"s"}]}}"#,
    );
    gives(
        ONE,
        |s| edit(s, "top/issuer/a", EditOperation::Replace, r#"{"secret-note":"t"}"#),
        r#"{"top":{"issuer":[{"name":"a","secret-note":"t"}]}}"#,
    );
    gives(
        ONE,
        |s| edit(s, "top/issuer", EditOperation::Replace, r#"[{"name":"a"},{"name":"b"}]"#),
        r#"{"top":{"issuer":[{"name":"a","secret-note":"s"},{"name":"b"}]}}"#,
    );
    let stored = r#"{"top":{"issuer":[{"name":"a","version":[{"id":1,"key":"k"}]}]}}"#;
    gives(stored, |s| edit(s, "top/issuer/a", EditOperation::Replace, "{}"), stored);
    gives(stored, |s| without_value(s, "top/issuer/a", EditOperation::Delete), "{}");
    gives(
        stored,
        |s| edit(s, "top/issuer/a", EditOperation::Replace, r#"{"version":[{"id":2}]}"#),
        r#"{"top":{"issuer":[{"name":"a","version":[{"id":2}]}]}}"#,
    );
}

const TARGET: &str =
    r#"{"top":{"issuer":[{"name":"a","role":[{"name":"r","target":{"to":"all","left":"l"}}]}]}}"#;

#[test]
fn rfc7950_7_9_one_case_displaces_the_others() {
    let at = "top/issuer/a/role/r/target";
    gives(
        TARGET,
        |s| edit(s, &format!("{at}/sites"), EditOperation::Replace, r#"["x"]"#),
        r#"{"top":{"issuer":[{"name":"a","role":[{"name":"r","target":{"sites":["x"]}}]}]}}"#,
    );
    gives(
        TARGET,
        |s| edit(s, &format!("{at}/right"), EditOperation::Replace, r#""r""#),
        &TARGET.replace(r#""left":"l""#, r#""right":"r""#),
    );
    gives(
        TARGET,
        |s| edit(s, at, EditOperation::Merge, r#"{"right":"r"}"#),
        &TARGET.replace(r#""left":"l""#, r#""right":"r""#),
    );
    gives(
        TARGET,
        |s| edit(s, &format!("{at}/to"), EditOperation::Replace, r#""one""#),
        &TARGET.replace("all", "one"),
    );
}

#[test]
fn rfc7950_7_8_2_keys_do_not_change() {
    let schema = issuers();
    let key = |operation, json: &str| edit(schema, "top/issuer/a/name", operation, json);
    assert!(apply(schema, &tree(schema, ONE), &[key(EditOperation::Replace, r#""a""#)]).is_ok());
    assert_eq!(
        refused(ONE, |_| key(EditOperation::Merge, r#""b""#)).message,
        "'name' is a key and cannot change from 'a' to 'b'; create another entry instead"
    );
    assert!(
        refused(ONE, |s| without_value(s, "top/issuer/a/name", EditOperation::Remove))
            .message
            .contains("delete the entry")
    );
    let other = refused(ONE, |s| edit(s, "top/issuer/a", EditOperation::Replace, r#"{"name":"b"}"#));
    assert_eq!(other.message, "the key 'name' is 'b' in the body and 'a' in the path; they must agree");
}

#[test]
fn rfc8040_4_8_5_insert_and_move() {
    let rules = |order: &[&str]| {
        let entries: Vec<String> =
            order.iter().map(|from| format!(r#"{{"from":"{from}","port":1}}"#)).collect();
        format!(r#"{{"top":{{"issuer":[{{"name":"a","rule":[{}]}}]}}}}"#, entries.join(","))
    };
    let before = rules(&["x", "y"]);
    let point = |from: &str| Keys::from(vec![Value::string(from), Value::Int(1)]);
    let at = "top/issuer/a/rule/z,1";
    gives(&before, |s| edit(s, at, EditOperation::Create, "{}"), &rules(&["x", "y", "z"]));
    gives(&before, |s| edit(s, at, EditOperation::Insert(Position::First), "{}"), &rules(&["z", "x", "y"]));
    gives(
        &before,
        |s| edit(s, at, EditOperation::Insert(Position::After(point("x"))), "{}"),
        &rules(&["x", "z", "y"]),
    );
    gives(
        &before,
        |s| without_value(s, "top/issuer/a/rule/y,1", EditOperation::Move(Position::First)),
        &rules(&["y", "x"]),
    );
    let missing =
        refused(&before, |s| edit(s, at, EditOperation::Insert(Position::Before(point("q"))), "{}"));
    assert_eq!((missing.tag, missing.app_tag.as_deref()), (ErrorTag::BadAttribute, Some("missing-instance")));
    let steps = r#"{"top":{"issuer":[{"name":"a","steps":["p","q","r"]}]}}"#;
    gives(
        steps,
        |s| {
            without_value(
                s,
                "top/issuer/a/steps/r",
                EditOperation::Move(Position::Before(Keys::from([Value::string("q")]))),
            )
        },
        &steps.replace(r#""q","r""#, r#""r","q""#),
    );
    assert_eq!(
        refused(ONE, |s| edit(s, "top/issuer/b", EditOperation::Insert(Position::First), "{}")).tag,
        ErrorTag::BadElement
    );
}

#[test]
fn all_faults_are_reported_and_nothing_is_done() {
    let schema = issuers();
    let before = tree(schema, ONE);
    let edits = [
        edit(schema, "top/issuer/a", EditOperation::Create, "{}"),
        edit(schema, "top/issuer/a/role/r", EditOperation::Create, "{}"),
        without_value(schema, "top/issuer/c", EditOperation::Delete),
        edit(schema, "top/limits/max", EditOperation::Replace, "9"),
    ];
    let violations = apply(schema, &before, &edits).unwrap_err();
    let paths: Vec<String> = violations.iter().map(|violation| violation.v1_path(schema)).collect();
    assert_eq!(
        paths,
        ["/top/issuer/a", "/top/issuer/c"],
        "what is below a failed edit is not reported again"
    );
    let at_fault: Vec<Option<u16>> = violations.iter().map(|violation| violation.edit).collect();
    assert_eq!(at_fault, [Some(0), Some(2)]);
}

#[test]
fn what_is_not_touched_is_shared() {
    let schema = issuers();
    let before = tree(schema, r#"{"top":{"limits":{"max":1},"issuer":[{"name":"a"},{"name":"b"}]}}"#);
    let after =
        apply(schema, &before, &[edit(schema, "top/issuer/b/issuer", EditOperation::Replace, r#""x""#)])
            .unwrap();
    let shared = |at: &str| {
        Arc::ptr_eq(before.entry(&path(schema, at)).unwrap(), after.entry(&path(schema, at)).unwrap())
    };
    assert!(shared("top/limits") && shared("top/issuer/a"));
    assert!(!shared("top/issuer/b"));
}
