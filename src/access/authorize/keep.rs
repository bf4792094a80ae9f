//! What a replacement leaves alone: the parts of a resource that its author could not see.
//!
//! Whoever puts back what a GET returned changes nothing, also when the GET did not show everything.

use std::sync::Arc;

use super::compile::Segment;
use super::prune::prune_container;
use super::walk::Walk;
use crate::data::tree::{Container, Data, List};
use crate::yang::schema::{NodeId, Schema};

/// Adds to `value`, which is to replace `current`, what the walk hides of `current` and `value` does not name. The walk
/// stands at both. The same value when there is nothing to add.
pub fn keep_hidden(
    schema: &Schema,
    walk: &Walk<'_>,
    current: &Container,
    value: &Arc<Container>,
) -> Arc<Container> {
    let mut kept = Container::clone(value);
    let mut changed = false;
    let hidden = walk.hidden();
    let keys = schema.node(current.node).keys();
    for (id, data) in current.children() {
        if keys.contains(id) || !schema.node(*id).config {
            continue;
        }
        let inside = walk.enter(Segment::Name(*id));
        let addition = if hidden.contains(*id) {
            value.get(*id).is_none().then(|| data.clone())
        } else if inside.is_allowed() && inside.shows_all_below() {
            None
        } else {
            below(schema, &inside, *id, data, value.get(*id))
        };
        if let Some(addition) = addition {
            kept.set(*id, addition);
            changed = true;
        }
    }
    if changed { Arc::new(kept) } else { Arc::clone(value) }
}

/// What takes the place of a child, when that is something else than the author wrote.
fn below(
    schema: &Schema,
    walk: &Walk<'_>,
    node: NodeId,
    current: &Data,
    value: Option<&Data>,
) -> Option<Data> {
    match (current, value) {
        (Data::Container(current), Some(Data::Container(value))) => {
            let kept = keep_hidden(schema, walk, current, value);
            (!Arc::ptr_eq(&kept, value)).then_some(Data::Container(kept))
        }
        (Data::Container(current), None) => {
            let kept = keep_hidden(schema, walk, current, &Arc::new(Container::new(node)));
            (!kept.is_empty()).then_some(Data::Container(kept))
        }
        (Data::List(current), Some(Data::List(value))) => keep_entries(schema, walk, current, value),
        (Data::List(current), None) => {
            keep_entries(schema, walk, current, &Arc::new(List::new(schema, node)))
        }
        (_, None) => (!walk.is_allowed()).then(|| current.clone()),
        _ => None,
    }
}

fn keep_entries(schema: &Schema, walk: &Walk<'_>, current: &List, value: &Arc<List>) -> Option<Data> {
    let mut kept = List::clone(value);
    let mut changed = false;
    for entry in current.iter() {
        let keys = entry.key(schema);
        let inside = walk.enter(Segment::Keys(&keys));
        match value.get(&keys) {
            Some(new) => {
                let merged = keep_hidden(schema, &inside, entry, new);
                if !Arc::ptr_eq(&merged, new) {
                    kept.insert(merged);
                    changed = true;
                }
            }
            None if prune_container(schema, &inside, entry).is_none() => {
                kept.insert(Arc::clone(entry));
                changed = true;
            }
            // The author saw the entry, or something of it, and left it out: it is to go.
            None => {}
        }
    }
    changed.then(|| Data::List(Arc::new(kept)))
}

#[cfg(test)]
mod tests {
    use super::super::compile::NameIndex;
    use super::super::prune::walk_to;
    use super::super::{Policy, PolicyBook};
    use super::*;
    use crate::base::ident::Ident;
    use crate::data::testing;

    const MODEL: &str = "
container top
  leaf title string
  list users key=name
    leaf name string
    leaf note string
    container deep
      leaf secret-plan string
      leaf plan string
  leaf-list tags string
";

    const DATA: &str = r#"{"top": {"title": "t", "tags": ["x"],
        "users": [{"name": "a", "note": "n", "deep": {"secret-plan": "s", "plan": "p"}}, {"name": "b", "note": "m"}]}}"#;

    const RULES: &str = r#"[{"path": "**", "operations": {"all": "allow"}, "hide-fields": ["note", "secret-plan"]},
        {"path": "top/users/b/**", "operations": {"read": "reject"}},
        {"path": "top/tags", "operations": {"read": "reject"}}]"#;

    /// What becomes of `top` when somebody under [`RULES`] replaces it by `value`.
    fn replaced(value: &str) -> String {
        let schema = testing::schema(MODEL);
        let tree = testing::tree(&schema, DATA);
        let policy: Policy =
            serde_json::from_str(&format!(r#"{{"name": "p", "rest-api": {{"rules": {RULES}}}}}"#)).unwrap();
        let book = PolicyBook::new([&policy], &NameIndex::new(&schema));
        let authority = book.authority(&[Ident::from("p")]);
        let path = testing::path(&schema, "top");
        let walk = walk_to(&authority, &path);
        let current = tree.entry(&path).unwrap();
        let json = serde_json::from_str(value).unwrap();
        let value = testing::container(&schema, path.target(), &json);
        format!("{:?}", keep_hidden(&schema, &walk, current, &value))
    }

    fn same(value: &str) -> String {
        let schema = testing::schema(MODEL);
        let json = serde_json::from_str(value).unwrap();
        format!("{:?}", testing::container(&schema, testing::path(&schema, "top").target(), &json))
    }

    #[test]
    fn putting_back_what_was_shown_changes_nothing() {
        let shown = r#"{"title": "t", "users": [{"name": "a", "deep": {"plan": "p"}}]}"#;
        assert_eq!(replaced(shown), same(&DATA[8..DATA.len() - 1]));
    }

    #[test]
    fn what_was_seen_and_left_out_goes() {
        assert_eq!(replaced("{}"), same(r#"{"tags": ["x"], "users": [{"name": "b", "note": "m"}]}"#));
        assert_eq!(
            replaced(r#"{"users": [{"name": "a"}]}"#),
            same(
                r#"{"tags": ["x"], "users": [{"name": "a", "note": "n", "deep": {"secret-plan": "s"}}, {"name": "b", "note": "m"}]}"#
            )
        );
    }

    #[test]
    fn what_is_written_is_written() {
        assert_eq!(
            replaced(r#"{"users": [{"name": "a", "note": "mine"}], "tags": ["y"]}"#),
            same(
                r#"{"tags": ["y"], "users": [{"name": "a", "note": "mine", "deep": {"secret-plan": "s"}}, {"name": "b", "note": "m"}]}"#
            )
        );
    }
}
