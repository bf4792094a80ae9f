//! The head of a module and what it defines besides nodes: features, identities, extensions, typedefs, groupings.

use std::collections::BTreeMap;

use super::side::{Exported, Side};
use super::{Change, Class};
use crate::yang::resolve::library::Library;
use crate::yang::resolve::load::{Wanted, load};
use crate::yang::resolve::scope::{NameKind, split_name};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// The typedefs and groupings at the top of a revision.
pub(super) fn exported(library: &mut Library, wanted: &Wanted) -> Vec<Exported> {
    let (loaded, _) = load(library, std::slice::from_ref(wanted));
    let Some(module) = loaded.module_indexes().find(|index| loaded.module(*index).name == wanted.module)
    else {
        return Vec::new();
    };
    let statements =
        loaded.module(module).units.iter().flat_map(|unit| &loaded.unit(*unit).root.substatements);
    let kind = |statement: &Statement| match statement.id() {
        Some(K::Typedef) => Some(NameKind::Typedef),
        Some(K::Grouping) => Some(NameKind::Grouping),
        _ => None,
    };
    statements
        .filter_map(|statement| Some(Exported { kind: kind(statement)?, name: statement.text().into() }))
        .collect()
}

/// Everything but nodes.
pub(super) fn compare(old: &Side, new: &Side, compiled: &[Exported], changes: &mut Vec<Change>) {
    head(old, new, changes);
    revisions(old, new, changes);
    named(old, new, K::Feature, changes);
    named(old, new, K::Identity, changes);
    named(old, new, K::Extension, changes);
    exports(old, new, compiled, changes);
}

fn change(path: impl Into<String>, kind: &'static str, class: Class, old: &str, new: &str) -> Change {
    Change { path: path.into(), kind, class, old: old.to_owned(), new: new.to_owned(), note: None }
}

fn head(old: &Side, new: &Side, changes: &mut Vec<Change>) {
    let (Some(before), Some(after)) = (old.root(), new.root()) else { return };
    let module = before.text();
    for (id, kind, class) in [
        (K::Namespace, "namespace", Class::Incompatible),
        (K::Prefix, "prefix", Class::Compatible),
        (K::YangVersion, "yang-version", Class::Compatible),
        (K::Organization, "organization", Class::Editorial),
        (K::Contact, "contact", Class::Editorial),
        (K::Description, "description", Class::Editorial),
        (K::Reference, "reference", Class::Editorial),
    ] {
        let text = |root: &Statement| root.find(id).map_or(String::new(), |found| words(found.text()));
        let (before, after) = (text(before), text(after));
        if before != after {
            changes.push(change(module, kind, class, &before, &after));
        }
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A new revision comes with a `revision` statement, and the old ones stay.
fn revisions(old: &Side, new: &Side, changes: &mut Vec<Change>) {
    let (Some(before), Some(after)) = (old.root(), new.root()) else { return };
    let dates = |root: &Statement| -> Vec<String> {
        root.all(K::Revision).map(|revision| revision.text().to_owned()).collect()
    };
    let (theirs, ours) = (dates(before), dates(after));
    for lost in theirs.iter().filter(|date| !ours.contains(date)) {
        let mut found = change(before.text(), "revision-removed", Class::Editorial, lost, "");
        found.note = Some("the history of a module stays in it");
        changes.push(found);
    }
    let is_changed = old.written(before) != new.written(after)
        || old.loaded.module(old.index).units.len() != new.loaded.module(new.index).units.len();
    let newest = |dates: &[String]| dates.iter().max().cloned().unwrap_or_default();
    if is_changed && newest(&ours) <= newest(&theirs) {
        let mut found =
            change(before.text(), "revision-missing", Class::Incompatible, &newest(&theirs), &newest(&ours));
        found.note = Some("a changed module has a new revision statement in front of the others");
        changes.push(found);
    }
}

/// Statements of one kind at the top, by name.
fn by_name(side: &Side, id: K) -> BTreeMap<&str, &Statement> {
    side.statements().filter(|found| found.is(id)).map(|found| (found.text(), found)).collect()
}

fn named(old: &Side, new: &Side, id: K, changes: &mut Vec<Change>) {
    let (before, after) = (by_name(old, id), by_name(new, id));
    for (name, old_statement) in &before {
        let path = format!("{id} {name}");
        match after.get(name) {
            None => changes.push(change(path, "removed", Class::Incompatible, &path_of(id, name), "")),
            Some(new_statement) => definition(&path, old_statement, new_statement, changes),
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        changes.push(change(format!("{id} {name}"), "added", Class::Compatible, "", &path_of(id, name)));
    }
}

fn path_of(id: K, name: &str) -> String {
    format!("{id} {name}")
}

/// A feature, identity or extension that is in both.
fn definition(path: &str, old: &Statement, new: &Statement, changes: &mut Vec<Change>) {
    status(path, old, new, changes);
    let texts = |statement: &Statement, id: K| -> Vec<String> {
        let mut texts: Vec<String> =
            statement.all(id).map(|found| split_name(found.text()).1.to_owned()).collect();
        texts.sort();
        texts
    };
    let (before, after) = (texts(old, K::Base), texts(new, K::Base));
    if before != after {
        let only_more = before.iter().all(|base| after.contains(base));
        let class = if only_more { Class::Compatible } else { Class::Incompatible };
        changes.push(change(path, "base", class, &before.join(", "), &after.join(", ")));
    }
    let (before, after) = (texts(old, K::IfFeature), texts(new, K::IfFeature));
    if before != after {
        let only_fewer = after.iter().all(|condition| before.contains(condition));
        let class = if only_fewer { Class::Compatible } else { Class::Incompatible };
        changes.push(change(path, "if-feature", class, &before.join(", "), &after.join(", ")));
    }
    let argument = |statement: &Statement| {
        statement.find(K::Argument).map_or(String::new(), |argument| {
            let in_element = argument.find(K::YinElement).is_some_and(|element| element.text() == "true");
            format!("{}{}", argument.text(), if in_element { " (an element in YIN)" } else { "" })
        })
    };
    if argument(old) != argument(new) {
        changes.push(change(path, "argument", Class::Incompatible, &argument(old), &argument(new)));
    }
    for (id, kind) in [(K::Description, "description"), (K::Reference, "reference")] {
        let text =
            |statement: &Statement| statement.find(id).map_or(String::new(), |found| words(found.text()));
        if text(old) != text(new) {
            changes.push(change(path, kind, Class::Editorial, &text(old), &text(new)));
        }
    }
}

fn status(path: &str, old: &Statement, new: &Statement, changes: &mut Vec<Change>) {
    let of = |statement: &Statement| {
        statement.find(K::Status).map_or("current", |status| match status.text() {
            "deprecated" => "deprecated",
            "obsolete" => "obsolete",
            _ => "current",
        })
    };
    // Their names happen to be in the order of a life.
    let (before, after) = (of(old), of(new));
    if before != after {
        let class = if after > before { Class::Compatible } else { Class::Incompatible };
        changes.push(change(path, "status", class, before, after));
    }
}

/// Typedefs and groupings; those that were compiled are compared with the nodes.
fn exports(old: &Side, new: &Side, compiled: &[Exported], changes: &mut Vec<Change>) {
    for (id, kind) in [(K::Typedef, NameKind::Typedef), (K::Grouping, NameKind::Grouping)] {
        let (before, after) = (by_name(old, id), by_name(new, id));
        for (name, old_statement) in &before {
            let path = format!("{id} {name}");
            let Some(new_statement) = after.get(name) else {
                changes.push(change(path, "removed", Class::Incompatible, &path_of(id, name), ""));
                continue;
            };
            status(&path, old_statement, new_statement, changes);
            let is_compiled = compiled.iter().any(|known| known.kind == kind && known.name == **name);
            if !is_compiled && old.written(old_statement) != new.written(new_statement) {
                let mut found = change(path, "changed", Class::Incompatible, "", "");
                found.note = Some("it has no meaning by itself, so a person has to compare the two");
                changes.push(found);
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            changes.push(change(format!("{id} {name}"), "added", Class::Compatible, "", &path_of(id, name)));
        }
    }
}
