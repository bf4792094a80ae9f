//! Whether a caller may make a change: what each edit asks for, and what it comes to.
//!
//! An edit asks for one operation on its path, and that decides. But a replaced or deleted entry takes along what is below
//! it, of which other rules may speak; so every entry that would come or go, and every leaf that would change, is held
//! against the rules as well. What no rule speaks of goes with the edit.

use super::book::Authority;
use super::compile::Segment;
use super::policy::PolicyOperation;
use super::segments;
use super::walk::Walk;
use crate::base::error::ErrorTag;
use crate::base::hashed::HashMap;
use crate::data::diff::{Change, ChangeKind};
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::{Container, Data, Tree};
use crate::data::violation::Violation;
use crate::engine::operation::WriteKind;
use crate::yang::schema::{NodeKind, Schema};

/// One thing that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// What.
    pub operation: PolicyOperation,
    /// Of which resource.
    pub path: &'a InstancePath,
}

/// What a request asks for: of the resource that it names, or of each edit of a transaction. What is put is created or
/// updated, by whether it is there `before`.
pub fn asked<'a>(
    schema: &Schema,
    kind: WriteKind,
    target: &'a InstancePath,
    edits: &'a [Edit],
    before: &Tree,
) -> Vec<Asked<'a>> {
    match kind {
        WriteKind::Put => {
            // Beside the target, what has to be there for it.
            let around = edits.iter().filter(|edit| edit.path != *target);
            let of_edit =
                |edit: &'a Edit| Asked { operation: of_edit(schema, edit, before), path: &edit.path };
            let target = Asked { operation: put(schema, target, before), path: target };
            around.map(of_edit).chain([target]).collect()
        }
        WriteKind::Patch => vec![Asked { operation: PolicyOperation::Update, path: target }],
        WriteKind::Delete => vec![Asked { operation: PolicyOperation::Delete, path: target }],
        WriteKind::Create | WriteKind::Transaction => {
            let of_edit =
                |edit: &'a Edit| Asked { operation: of_edit(schema, edit, before), path: &edit.path };
            edits.iter().map(of_edit).collect()
        }
    }
}

fn of_edit(schema: &Schema, edit: &Edit, before: &Tree) -> PolicyOperation {
    match edit.operation {
        EditOperation::Create | EditOperation::Insert(_) => PolicyOperation::Create,
        EditOperation::Delete | EditOperation::Remove => PolicyOperation::Delete,
        EditOperation::Move(_) => PolicyOperation::Update,
        EditOperation::Merge | EditOperation::Replace | EditOperation::Place(_) => {
            put(schema, &edit.path, before)
        }
    }
}

fn put(schema: &Schema, target: &InstancePath, before: &Tree) -> PolicyOperation {
    if is_there(schema, target, before) { PolicyOperation::Update } else { PolicyOperation::Create }
}

/// Whether a resource exists. Containers without `presence` and whole lists do wherever they can be.
pub fn is_there(schema: &Schema, target: &InstancePath, tree: &Tree) -> bool {
    target.steps.is_empty()
        || schema.node(target.target()).is_np_container()
        || target.is_whole_list(schema)
        || tree.get(target).is_some()
}

/// Whether the authority covers what a request asks for.
///
/// # Errors
/// Violations with `access-denied` that name the operation and the rule that refused it.
pub fn approve_asked(authority: &Authority, asked: &[Asked<'_>]) -> Result<(), Vec<Violation>> {
    let mut refused = Vec::new();
    for (index, Asked { operation, path }) in asked.iter().enumerate() {
        let decision = authority.may(*operation, path);
        if !decision.allowed {
            let message = format!("{operation} is {decision}");
            refused.push(Violation::new(ErrorTag::AccessDenied, (*path).clone(), message).of_edit(index));
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

/// Whether the authority covers a transaction: what is asked for, and what that comes to.
///
/// # Errors
/// Everything that is refused.
pub fn approve(
    schema: &Schema,
    authority: &Authority,
    asked: &[Asked<'_>],
    changes: &[Change],
) -> Result<(), Vec<Violation>> {
    approve_asked(authority, asked)?;
    // The targets below which not everything is as at the target itself. Edits and changes may be ten thousand each, so the
    // changes find their targets, and not the targets their changes.
    let mut open = Vec::new();
    let mut by_path: HashMap<&InstancePath, Vec<usize>> = HashMap::default();
    for (index, Asked { operation, path }) in asked.iter().enumerate() {
        let walk = Walk::begin_for(authority, *operation, segments(path)).covered();
        if !walk.is_uniform_for_all(&PolicyOperation::WRITES) {
            by_path.entry(*path).or_default().push(open.len());
            open.push(Open { index, target: path, walk, refused: Vec::new() });
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    for change in changes {
        for above in std::iter::once(InstancePath::root()).chain(change.path.lineage()) {
            for at in by_path.get(&above).into_iter().flatten() {
                if let Some(Open { target, walk, refused, .. }) = open.get_mut(*at) {
                    below(schema, walk, target, change, refused);
                }
            }
        }
    }
    let of_edit = |open: Open<'_>| open.refused.into_iter().map(move |refused| refused.of_edit(open.index));
    let refused: Vec<Violation> = open.into_iter().flat_map(of_edit).collect();
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

/// A target below which the rules are to be followed further.
struct Open<'a> {
    /// Of which of the things that are asked for.
    index: usize,
    target: &'a InstancePath,
    walk: Walk<'a>,
    /// What they refuse.
    refused: Vec<Violation>,
}

/// Holds one change, at or below the target of an edit, against the rules below that target.
fn below(
    schema: &Schema,
    walk: &Walk<'_>,
    target: &InstancePath,
    change: &Change,
    refused: &mut Vec<Violation>,
) {
    if !schema.node(change.path.target()).config {
        return;
    }
    let mut steps = change.path.steps.iter().skip(target.steps.len().saturating_sub(1));
    let mut rest: Vec<PathStep> = Vec::new();
    // The target may be a whole list and the change one of its entries: then the keys are still to be walked.
    if let (Some(last), Some(same)) = (target.steps.last(), steps.next())
        && last.keys.is_empty()
        && !same.keys.is_empty()
    {
        rest.push(same.clone());
    }
    let inside = change.path.steps.get(target.steps.len()..).unwrap_or_default();
    let operation = operation_of_change(schema, change, !rest.is_empty() || !inside.is_empty(), walk);
    let mut walk = walk.clone().asking(operation);
    for step in &rest {
        walk = walk.enter(Segment::Keys(&step.keys));
    }
    for segment in segments(&InstancePath { steps: inside.to_vec() }) {
        walk = walk.enter(segment);
    }
    let mut path = change.path.clone();
    let data = if change.kind == ChangeKind::Deleted { &change.before } else { &change.after };
    match data {
        Some(data) => hold(schema, &walk, &mut path, data, refused),
        None if walk.is_allowed() => {}
        None => refused.push(refusal(operation, path)),
    }
}

/// Entries and containers with `presence` come and go; everything else that happens to a resource is an update of it.
fn operation_of_change(schema: &Schema, change: &Change, is_below: bool, walk: &Walk<'_>) -> PolicyOperation {
    let node = schema.node(change.path.target());
    let is_resource = match node.kind {
        NodeKind::List { .. } => !change.path.keys().is_empty(),
        NodeKind::Container { presence } => presence,
        _ => false,
    };
    match change.kind {
        _ if !is_below => walk.operation(),
        ChangeKind::Created if is_resource => PolicyOperation::Create,
        ChangeKind::Deleted if is_resource => PolicyOperation::Delete,
        _ => PolicyOperation::Update,
    }
}

/// Goes through what comes or goes, as far as rules can still speak of it.
fn hold(
    schema: &Schema,
    walk: &Walk<'_>,
    path: &mut InstancePath,
    data: &Data,
    refused: &mut Vec<Violation>,
) {
    if !walk.is_allowed() {
        refused.push(refusal(walk.operation(), path.clone()));
        return;
    }
    if walk.is_uniform() {
        return;
    }
    match data {
        Data::Container(container) => hold_children(schema, walk, path, container, refused),
        Data::List(list) => {
            for entry in list.iter() {
                let keys = entry.key(schema);
                let inside = walk.enter(Segment::Keys(&keys));
                let whole = path.steps.last_mut().map(|last| std::mem::replace(&mut last.keys, keys));
                hold(schema, &inside, path, &Data::Container(entry.clone()), refused);
                if let (Some(last), Some(whole)) = (path.steps.last_mut(), whole) {
                    last.keys = whole;
                }
            }
        }
        Data::Leaf(_) | Data::LeafList(_) | Data::Any(_) => {}
    }
}

fn hold_children(
    schema: &Schema,
    walk: &Walk<'_>,
    path: &mut InstancePath,
    container: &Container,
    refused: &mut Vec<Violation>,
) {
    let keys = schema.node(container.node).keys();
    for (id, data) in container.children() {
        if keys.contains(id) || !schema.node(*id).config {
            continue;
        }
        path.push(*id, Vec::new());
        hold(schema, &walk.enter(Segment::Name(*id)), path, data, refused);
        path.steps.pop();
    }
}

fn refusal(operation: PolicyOperation, path: InstancePath) -> Violation {
    let message = format!("{operation} is refused: a rule of the caller's policies rejects it for this part");
    Violation::new(ErrorTag::AccessDenied, path, message)
}

#[cfg(test)]
mod tests {
    use super::super::compile::NameIndex;
    use super::super::{Policy, PolicyBook};
    use super::*;
    use crate::base::ident::Ident;
    use crate::data::diff::diff;
    use crate::data::edit::apply;
    use crate::data::testing;

    const MODEL: &str = "
container top
  list issuers key=name
    leaf name string
    leaf key string
    list roles key=name
      leaf name string
      leaf ttl string
";

    const DATA: &str =
        r#"{"top": {"issuers": [{"name": "a", "key": "k1", "roles": [{"name": "r", "ttl": "1h"}]}]}}"#;

    /// The paths that are refused when the subtree at `target` is edited.
    fn refused(rules: &str, target: &str, operation: EditOperation, value: Option<&str>) -> Vec<String> {
        let schema = testing::schema(MODEL);
        let before = testing::tree(&schema, DATA);
        let policy: Policy =
            serde_json::from_str(&format!(r#"{{"name": "p", "rest-api": {{"rules": {rules}}}}}"#)).unwrap();
        let book = PolicyBook::new([&policy], &NameIndex::new(&schema));
        let authority = book.authority(&[Ident::from("p")]);
        let path = testing::path(&schema, target);
        let value = value.map(|json| {
            Data::Container(testing::container(&schema, path.target(), &serde_json::from_str(json).unwrap()))
        });
        let edits = [Edit { path, operation, value }];
        let after = apply(&schema, &before, &edits).unwrap();
        let changes = diff(&schema, &before, &after);
        let root = InstancePath::root();
        let asked = asked(&schema, WriteKind::Transaction, &root, &edits, &before);
        match approve(&schema, &authority, &asked, &changes) {
            Ok(()) => Vec::new(),
            Err(violations) => violations.iter().map(|violation| violation.v1_path(&schema)).collect(),
        }
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn a_replace_that_creates_needs_create_and_one_that_changes_needs_update() {
        let update = r#"[{"path": "top/issuers/*", "operations": {"update": "allow"}}]"#;
        let create = r#"[{"path": "top/issuers/*", "operations": {"create": "allow"}}]"#;
        let old = (r"top/issuers/a", Some(r#"{"name": "a"}"#));
        let new = (r"top/issuers/b", Some(r#"{"name": "b"}"#));
        assert_eq!(refused(update, old.0, EditOperation::Replace, old.1), NOTHING);
        assert_eq!(refused(create, new.0, EditOperation::Replace, new.1), NOTHING);
        assert_eq!(refused(update, new.0, EditOperation::Replace, new.1), ["/top/issuers/b"]);
        assert_eq!(refused(create, old.0, EditOperation::Merge, old.1), ["/top/issuers/a"]);
    }

    #[test]
    fn what_is_rejected_below_cannot_be_changed_from_above() {
        let rules = r#"[{"path": "top/issuers/**", "operations": {"all": "allow"}},
            {"path": "top/issuers/*/roles/r", "operations": {"delete": "reject"}},
            {"path": "top/issuers/*/roles/*/ttl", "operations": {"update": "reject"}}]"#;
        let emptied = refused(rules, "top/issuers/a", EditOperation::Replace, Some(r#"{"name": "a"}"#));
        assert_eq!(emptied, ["/top/issuers/a/roles/r"]);
        assert_eq!(refused(rules, "top/issuers/a", EditOperation::Delete, None), ["/top/issuers/a/roles/r"]);
        let longer = r#"{"name": "a", "key": "k2", "roles": [{"name": "r", "ttl": "2h"}]}"#;
        assert_eq!(
            refused(rules, "top/issuers/a", EditOperation::Merge, Some(longer)),
            ["/top/issuers/a/roles/r/ttl"]
        );
        let added = r#"{"name": "a", "roles": [{"name": "s"}]}"#;
        assert_eq!(refused(rules, "top/issuers/a", EditOperation::Merge, Some(added)), NOTHING);
    }

    #[test]
    fn a_change_is_held_against_each_edit_around_it_and_no_other() {
        let schema = testing::schema(MODEL);
        let before = testing::tree(&schema, DATA);
        let rules = r#"[{"path": "top/**", "operations": {"all": "allow"}},
            {"path": "top/issuers/*/roles/*/ttl", "operations": {"update": "reject"}}]"#;
        let policy: Policy =
            serde_json::from_str(&format!(r#"{{"name": "p", "rest-api": {{"rules": {rules}}}}}"#)).unwrap();
        let book = PolicyBook::new([&policy], &NameIndex::new(&schema));
        let authority = book.authority(&[Ident::from("p")]);
        let paths = ["top/issuers/b", "top/issuers/a", "top/issuers", "top/issuers/a/roles/r"]
            .map(|target| testing::path(&schema, target));
        let asked: Vec<Asked<'_>> =
            paths.iter().map(|path| Asked { operation: PolicyOperation::Update, path }).collect();
        let after = testing::tree(&schema, &DATA.replace("1h", "2h"));
        let changes = diff(&schema, &before, &after);
        let told = approve(&schema, &authority, &asked, &changes).unwrap_err();
        let told: Vec<(Option<u16>, String)> =
            told.iter().map(|fault| (fault.edit, fault.v1_path(&schema))).collect();
        let ttl = "/top/issuers/a/roles/r/ttl".to_owned();
        assert_eq!(told, [(Some(1), ttl.clone()), (Some(2), ttl.clone()), (Some(3), ttl)]);
    }

    #[test]
    fn a_leaf_that_goes_is_an_update_of_its_entry() {
        let rules = r#"[{"path": "top/issuers/*", "operations": {"update": "allow", "delete": "reject"}}]"#;
        let without_key = r#"{"name": "a", "roles": [{"name": "r", "ttl": "1h"}]}"#;
        assert_eq!(refused(rules, "top/issuers/a", EditOperation::Replace, Some(without_key)), NOTHING);
    }

    #[test]
    fn creating_is_allowed_on_the_list_or_on_the_entry() {
        for path in ["top/issuers", "top/issuers/*", "top/issuers/b"] {
            let rules = format!(r#"[{{"path": "{path}", "operations": {{"create": "allow"}}}}]"#);
            let new = refused(&rules, "top/issuers/b", EditOperation::Create, Some(r#"{"name": "b"}"#));
            assert_eq!(new, NOTHING, "{path}");
        }
    }
}
