//! The embedded standard modules say what the IETF's own texts say, as pyang's package has them: statement by statement,
//! but for prose and for older revisions.

use strongbox::base::diagnostic::SourceId;
use strongbox::base::ident::Interner;
use strongbox::yang::product::{STANDARD, module_of};
use strongbox::yang::syntax::{KeywordId as K, Statement, parse_module};

use crate::support::python;

/// Modules of which pyang's package has no text.
const NOT_THERE: [&str; 2] = ["ietf-restconf-subscribed-notifications", "nc-notifications"];

/// What is left out of a module, and its description says so: what refers to modules that nothing here needs.
const LEFT_OUT: [(&str, &str, &str); 10] = [
    ("ietf-subscribed-notifications", "import", "ietf-interfaces"),
    ("ietf-subscribed-notifications", "import", "ietf-network-instance"),
    ("ietf-subscribed-notifications", "import", "ietf-netconf-acm"),
    ("ietf-subscribed-notifications", "feature", "interface-designation"),
    ("ietf-subscribed-notifications", "feature", "supports-vrf"),
    ("ietf-subscribed-notifications", "case", "interface-originated"),
    ("ietf-subscribed-notifications", "leaf", "source-vrf"),
    ("ietf-subscribed-notifications", "nacm:default-deny-all", ""),
    ("ietf-subscribed-notifications", "refine", ""),
    ("ietf-yang-push", "refine", ""),
];

/// Takes out of a module what is left out.
fn leave_out(module: &str, statement: &mut Statement) {
    statement.substatements.retain(|one| {
        !LEFT_OUT.iter().any(|(of, keyword, argument)| {
            *of == module
                && one.keyword.to_string() == *keyword
                && (argument.is_empty() || one.text() == *argument)
        })
    });
    statement.substatements.iter_mut().for_each(|one| leave_out(module, one));
}

/// A statement without prose: what it says, properties by keyword, and the rest in order.
fn essence(statement: &Statement) -> String {
    const PROSE: [K; 4] = [K::Description, K::Reference, K::Organization, K::Contact];
    let is_definition = |one: &Statement| {
        one.id().is_none_or(|id| {
            matches!(
                id,
                K::Container
                    | K::Leaf
                    | K::LeafList
                    | K::List
                    | K::Uses
                    | K::Choice
                    | K::Case
                    | K::Anydata
                    | K::Enum
                    | K::Pattern
                    | K::Type
            )
        })
    };
    let newest = statement.all(K::Revision).map(Statement::text).max();
    let mut inside: Vec<(String, String)> = statement
        .substatements
        .iter()
        .filter(|one| !one.id().is_some_and(|id| PROSE.contains(&id)))
        .filter(|one| !one.is(K::Revision) || Some(one.text()) == newest)
        .map(|one| {
            let order =
                if is_definition(one) { String::new() } else { format!("{} {}", one.keyword, one.text()) };
            (order, essence(one))
        })
        .collect();
    inside.sort_by(|a, b| a.0.cmp(&b.0));
    let inside: Vec<String> = inside.into_iter().map(|(_, text)| text).collect();
    // Where a line of a long argument breaks says nothing, not even that there is a space.
    let argument: Vec<&str> = statement.text().split_whitespace().collect();
    format!("{} {}{{{}}}", statement.keyword, argument.concat(), inside.join(""))
}

fn read(module: &str, text: &str) -> String {
    let (statement, diagnostics) = parse_module(text, SourceId(0), &mut Interner::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let mut statement = statement.unwrap();
    leave_out(module, &mut statement);
    essence(&statement)
}

#[test]
fn the_embedded_standard_modules_are_those_of_the_rfcs() {
    let Some(python) = python() else { return };
    let share = python.parent().unwrap().parent().unwrap().join("share/yang/modules/ietf");
    for (file, text) in STANDARD.iter().filter(|(file, _)| !NOT_THERE.contains(&module_of(file))) {
        let theirs = std::fs::read_to_string(share.join(format!("{}.yang", module_of(file)))).unwrap();
        let (ours, theirs) = (read(module_of(file), text), read(module_of(file), &theirs));
        let differs = ours.bytes().zip(theirs.bytes()).position(|(a, b)| a != b).unwrap_or(ours.len());
        let near = differs.saturating_sub(80);
        assert!(
            ours == theirs,
            "{file}:\n{}\n{}",
            ours.get(near..).unwrap_or_default().chars().take(200).collect::<String>(),
            theirs.get(near..).unwrap_or_default().chars().take(200).collect::<String>()
        );
    }
}
