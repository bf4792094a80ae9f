//! Instance data held against the rules of RFC 7950 (sections 6.4.1, 7 to 10 and 15): `tests/yang/data` has a file a topic,
//! named after the section, with a model and cases ([`super::case`]). Every violation of a case is compared; and yanglint
//! says what it makes of the same data. `UPDATE=1` writes what was found into the files; review it before you commit.

use std::sync::Mutex;

use strongbox::data::decode::{Allow, DecodeOptions, Format, Names, decode};
use strongbox::data::path::InstancePath;
use strongbox::data::tree::{Data, Tree};
use strongbox::data::validate::{Constraints, ReferenceIndex, Scope, validate_input, validate_within};
use strongbox::data::violation::Violation;
use strongbox::yang::schema::types::Strictness;
use strongbox::yang::schema::{NodeId, NodeKind, Schema};
use strongbox::yang::{self, Library, Wanted};

use super::case::{Case, Kind, Topic};
use super::yanglint::{self, Verdict};
use crate::support::command;

/// Held by a test that may write the files.
static FILES: Mutex<()> = Mutex::new(());

pub fn compile(topic: &Topic) -> Schema {
    let mut library = Library::new();
    for (name, text) in &topic.modules {
        library.add_text(&format!("{name}.yang"), text);
    }
    let wanted: Vec<Wanted> = topic.implemented().map(Wanted::latest).collect();
    let (schema, diagnostics) = yang::compile(&mut library, &wanted);
    let told: Vec<String> = diagnostics.iter().map(|found| library.sources().render(found)).collect();
    schema.unwrap_or_else(|| panic!("{}:\n{}", topic.path.display(), told.join("\n")))
}

pub fn options(allow: Allow) -> DecodeOptions {
    DecodeOptions {
        format: Format::Json,
        strictness: Strictness::Rfc7951,
        names: Names::Qualified,
        max_nodes: 100_000,
        max_depth: 64,
        allow,
    }
}

/// All violations of a case.
fn violations(schema: &Schema, case: &Case) -> Vec<Violation> {
    let root = |text: &str, allow: Allow| {
        let data = decode(schema, &InstancePath::root(), text.as_bytes(), &options(allow))?;
        match data {
            Data::Container(root) => Ok(Tree { root }),
            other => panic!("{}: {other:?}", case.name),
        }
    };
    match case.kind {
        Kind::Config => match root(&case.body, Allow::Config) {
            Ok(tree) => validate_within(schema, &tree, Scope::Config),
            Err(violations) => violations,
        },
        Kind::Data => match root(&case.body, Allow::Stored) {
            Ok(tree) => validate_within(schema, &tree, Scope::Everything),
            Err(violations) => violations,
        },
        Kind::Input | Kind::Output | Kind::Notification => {
            let datastore = case.datastore.as_deref().unwrap_or("{}");
            let tree =
                root(datastore, Allow::Stored).unwrap_or_else(|found| panic!("{}: {found:?}", case.name));
            let (path, body) = unwrapped(schema, &case.body);
            let allow = match case.kind {
                Kind::Input => Allow::Input,
                Kind::Output => Allow::Output,
                _ => Allow::Stored,
            };
            let index = ReferenceIndex::of(Constraints::within(schema, Scope::Everything), schema, &tree);
            match decode(schema, &path, body.to_string().as_bytes(), &options(allow)) {
                Ok(Data::Container(content)) => validate_input(schema, &tree, &index, &path, &content),
                Ok(other) => panic!("{}: {other:?}", case.name),
                Err(violations) => violations,
            }
        }
    }
}

/// The path of the operation or notification in a document, and its content.
fn unwrapped(schema: &Schema, text: &str) -> (InstancePath, serde_json::Value) {
    let mut at = NodeId::ROOT;
    let mut path = String::new();
    let mut inside: serde_json::Value = serde_json::from_str(text).unwrap();
    loop {
        let node = schema.node(at);
        let is_notification = matches!(node.kind, NodeKind::Notification);
        if is_notification || node.is_operation() {
            let above = if path.is_empty() { "/" } else { path.as_str() };
            let path = InstancePath::parse_instance_identifier(schema, above).unwrap();
            return (path.child(at), inside);
        }
        let keys: Vec<&str> = node.keys().iter().map(|key| schema.node(*key).name.as_str()).collect();
        let members = inside.as_object().unwrap();
        for key in &keys {
            let value = &members[*key];
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path.push_str(&format!("[{key}='{value}']"));
        }
        let (name, value) = members.iter().find(|(name, _)| !keys.contains(&name.as_str())).unwrap();
        let bare = name.rsplit(':').next().unwrap();
        at = schema.child(at, None, bare).unwrap();
        if schema.node(at).is_data() {
            path.push_str(&format!("/{name}"));
        }
        inside = match value {
            serde_json::Value::Array(entries) if schema.node(at).is_list() => entries[0].clone(),
            other => other.clone(),
        };
    }
}

/// A violation as the files have it. Its message is compared where it is the model's.
pub fn shown(topic: &Topic, schema: &Schema, violation: &Violation) -> String {
    let app_tag = violation.app_tag.as_deref().unwrap_or("-");
    let path = violation.instance_identifier(schema);
    let message = format!("\"{}\"", violation.message);
    let is_of_model = topic.modules.iter().any(|(_, text)| text.contains(&message));
    let message = if is_of_model { format!(" {message}") } else { String::new() };
    format!("{} {app_tag} {path}{message}", violation.tag)
}

fn found(topic: &Topic, schema: &Schema, case: &Case) -> Vec<String> {
    let mut found: Vec<String> =
        violations(schema, case).iter().map(|violation| shown(topic, schema, violation)).collect();
    found.sort();
    found
}

#[test]
fn every_violation_of_instance_data_is_found_and_nothing_else() {
    let _files = FILES.lock();
    let mut wrong = Vec::new();
    let mut count = 0;
    for mut topic in Topic::all("tests/yang/data") {
        let schema = compile(&topic);
        let path = topic.path.clone();
        let mut changed = false;
        count += topic.cases.len();
        let judged: Vec<Vec<String>> = topic.cases.iter().map(|case| found(&topic, &schema, case)).collect();
        for (case, found) in topic.cases.iter_mut().zip(judged) {
            if found != case.violations {
                let (name, expected) = (&case.name, &case.violations);
                wrong.push(format!(
                    "{}: {name}\n  expected {expected:#?}\n  found {found:#?}",
                    path.display()
                ));
                case.violations = found;
                changed = true;
            }
        }
        if changed && crate::support::updates() {
            topic.write();
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count >= 450, "only {count} cases");
}

#[test]
fn yanglint_agrees_or_the_case_says_who_is_right() {
    if !command("yanglint", "libyang2-tools") {
        return;
    }
    let _files = FILES.lock();
    let mut wrong = Vec::new();
    for mut topic in Topic::all("tests/yang/data") {
        let path = topic.path.display().to_string();
        let verdicts = match (yanglint::judge(&topic), &topic.model_refused) {
            (Ok(verdicts), None) => verdicts,
            (Err(_), Some(_)) => continue,
            (Err(told), None) => {
                wrong.push(format!("{path}: yanglint refuses the model: {told}"));
                continue;
            }
            (Ok(_), Some(_)) => {
                wrong.push(format!("{path}: yanglint accepts the model now"));
                continue;
            }
        };
        let mut changed = false;
        for (case, verdict) in topic.cases.iter_mut().zip(verdicts) {
            let explained = case.disagreement.as_deref().and_then(|said| said.split_once(": "));
            let explained = explained.map(|(what, _)| what.to_owned());
            let found = disagreement(case, &verdict);
            if found != explained {
                wrong.push(format!(
                    "{path}: {}\n  explained {explained:?}\n  found {found:?} {verdict:?}",
                    case.name
                ));
                case.disagreement = found.map(|what| format!("{what}: {verdict:?}"));
                changed = true;
            }
        }
        if changed && crate::support::updates() {
            topic.write();
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// In which way yanglint says something else than the case.
fn disagreement(case: &Case, verdict: &Verdict) -> Option<String> {
    let is_valid = case.violations.is_empty();
    match verdict {
        Verdict::Crashes => Some("crashes".to_owned()),
        Verdict::Accepts => (!is_valid).then(|| "accepts".to_owned()),
        Verdict::Refuses { .. } if is_valid => Some("refuses".to_owned()),
        Verdict::Refuses { path: None, .. } => None,
        Verdict::Refuses { path: Some(path), .. } => {
            let agrees = case.violations.iter().any(|violation| {
                let expected = violation.splitn(3, ' ').nth(2).unwrap_or_default();
                is_same_place(expected, path)
            });
            (!agrees).then(|| format!("names {path}"))
        }
    }
}

/// Whether yanglint's path names the place that is expected: the node, one entry of it where all of them are at fault, or
/// the parent of what is missing. Of entries that it has not read it does not know the keys.
fn is_same_place(expected: &str, path: &str) -> bool {
    let expected: Vec<(&str, &str)> = steps(expected);
    let path = steps(path);
    let is_same = path.iter().zip(&expected).all(|((name, keys), (expected_name, expected_keys))| {
        name == expected_name && (keys == expected_keys || keys.is_empty() || expected_keys.is_empty())
    });
    is_same && (path.len() == expected.len() || path.len() + 1 == expected.len())
}

/// The names of a path, each with its predicates. What stands behind the path is a message.
fn steps(path: &str) -> Vec<(&str, &str)> {
    let (mut steps, mut quote, mut start) = (Vec::new(), None, 1);
    let path = path.split(" \"").next().unwrap_or_default();
    for (at, letter) in path.char_indices().skip(1).chain([(path.len(), '/')]) {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            None if letter == '/' => {
                let step = &path[start.min(at)..at];
                steps.push(step.split_at(step.find('[').unwrap_or(step.len())));
                start = at + 1;
            }
            _ => {}
        }
    }
    steps
}
