//! Edits held against RFC 7950 (sections 7.5.8 to 7.9.3 and 8.2 to 8.3.3): `tests/yang/edits` has a file a topic with a
//! model and cases, in the form of [`super::case`] but for the data:
//!
//! ```text
//! === a name for the case
//! {"t:a": "1"}                            before
//! merge / {"t:b": "2"}                    edits in order: operation, instance-identifier, content where it has one
//! > {"t:b": "2"}                          after, where that can be done and is valid; or every violation
//! ```
//!
//! The way is that of a commit: apply, take away what conditions forbid now, validate what the changes reach. What comes
//! out is validated in full too, with the same outcome. `UPDATE=1` writes what was found.

use strongbox::data::decode::{Allow, decode};
use strongbox::data::diff::diff;
use strongbox::data::edit::{Edit, EditOperation, apply};
use strongbox::data::path::InstancePath;
use strongbox::data::read::{Names, Shape, Subject, View, encode_json};
use strongbox::data::tree::{Data, Position, Tree};
use strongbox::data::validate::{Reach, ReferenceIndex, prune_false_whens, validate_diff, validate_full};
use strongbox::data::violation::Violation;
use strongbox::yang::schema::Schema;
use strongbox::yang::schema::types::Strictness;

use super::case::{Case, Topic};
use super::data::{compile, options, shown};

fn tree(schema: &Schema, text: &str) -> Tree {
    match decode(schema, &InstancePath::root(), text.as_bytes(), &options(Allow::Config)) {
        Ok(Data::Container(root)) => Tree { root },
        other => panic!("{text}: {other:?}"),
    }
}

fn printed(schema: &Schema, tree: &Tree) -> String {
    let shape = Shape { strictness: Strictness::Rfc7951, names: Names::Qualified, ..Shape::default() };
    let data = Subject::Container(&tree.root);
    let mut out = Vec::new();
    encode_json(&View { schema, data, shape: &shape, surroundings: None }, &mut out);
    String::from_utf8(out).unwrap()
}

/// `operation path content`; positions are `first`, `last`, `before=KEY` and `after=KEY` behind `insert` and `move`.
fn edit(schema: &Schema, line: &str) -> Edit {
    let (operation, rest) = line.split_once(' ').unwrap();
    let (place, rest) = match operation {
        "insert" | "move" => rest.split_once(' ').unwrap(),
        _ => ("", rest),
    };
    let (path, content) = match rest.split_once(" {").or_else(|| rest.split_once(" \"")) {
        Some((path, _)) => (path, Some(&rest[path.len() + 1..])),
        None => (rest, None),
    };
    let path =
        InstancePath::parse_instance_identifier(schema, path).unwrap_or_else(|why| panic!("{line}: {why}"));
    let position = || match place.split_once('=') {
        None if place == "first" => Position::First,
        None => Position::Last,
        Some((side, key)) => {
            let key = path.keys().first().map(|_| strongbox::yang::schema::Value::String(key.into()));
            let point = key.into_iter().collect();
            if side == "before" { Position::Before(point) } else { Position::After(point) }
        }
    };
    let operation = match operation {
        "create" => EditOperation::Create,
        "merge" => EditOperation::Merge,
        "replace" => EditOperation::Replace,
        "delete" => EditOperation::Delete,
        "remove" => EditOperation::Remove,
        "insert" => EditOperation::Insert(position()),
        "move" => EditOperation::Move(position()),
        other => panic!("there is no operation '{other}'"),
    };
    let value = content.map(|content| {
        decode(schema, &path, content.as_bytes(), &options(Allow::Config))
            .unwrap_or_else(|why| panic!("{line}: {why:?}"))
    });
    Edit { path, operation, value }
}

/// The tree that the edits lead to.
fn outcome(schema: &Schema, before: &Tree, edits: &[Edit]) -> Result<Tree, Vec<Violation>> {
    let mut index = ReferenceIndex::build(schema, before);
    let next = apply(schema, before, edits)?;
    let changes = diff(schema, before, &next);
    let reach = Reach::of(schema, before, &next, &changes, &index);
    let next = prune_false_whens(schema, before, &next, &reach, edits.iter(), &index).unwrap_or(next);
    let changes = diff(schema, before, &next);
    let violations = validate_diff(schema, before, &next, &changes, &mut index);
    let full = validate_full(schema, &next);
    assert_eq!(violations.len(), full.len(), "{violations:?}\n{full:?}");
    if violations.is_empty() { Ok(next) } else { Err(violations) }
}

fn found(topic: &Topic, schema: &Schema, case: &Case) -> Vec<String> {
    let mut lines = case.body.lines();
    let before = tree(schema, lines.next().unwrap());
    let wrong = validate_full(schema, &before);
    assert!(wrong.is_empty(), "{}: {wrong:?}", case.name);
    let edits: Vec<Edit> = lines.map(|line| edit(schema, line)).collect();
    match outcome(schema, &before, &edits) {
        Ok(after) => vec![format!("> {}", printed(schema, &after))],
        Err(violations) => {
            let mut found: Vec<String> =
                violations.iter().map(|violation| shown(topic, schema, violation)).collect();
            found.sort();
            found
        }
    }
}

#[test]
fn edits_lead_where_rfc_7950_says() {
    let mut wrong = Vec::new();
    for mut topic in Topic::all("tests/yang/edits") {
        let schema = compile(&topic);
        let path = topic.path.display().to_string();
        let mut changed = false;
        let judged: Vec<Vec<String>> = topic.cases.iter().map(|case| found(&topic, &schema, case)).collect();
        for (case, found) in topic.cases.iter_mut().zip(judged) {
            if found != case.violations {
                let (name, expected) = (&case.name, &case.violations);
                wrong.push(format!("{path}: {name}\n  expected {expected:#?}\n  found {found:#?}"));
                case.violations = found;
                changed = true;
            }
        }
        if changed && crate::support::updates() {
            topic.write();
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
