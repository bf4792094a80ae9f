//! A caller's view of data: what it may not read is taken out before anything else looks at it.
//!
//! Because selection (`where`, `count`, `sort`, `fields`) works on what is left, no query can tell a caller about what its
//! policies hide. Where the policies say the same of a whole subtree, the subtree is passed on as it is.

use std::sync::Arc;

use super::compile::Segment;
use super::segments;
use super::walk::Walk;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, Found, List, Tree, spine};
use crate::yang::schema::{NodeId, Schema};

/// What of the data at a place may be shown; `None` when nothing may.
///
/// `walk` stands at that place: at the node for a container, leaf, leaf-list or whole list, behind the keys for an entry.
pub fn prune(schema: &Schema, walk: &Walk<'_>, data: &Data) -> Option<Data> {
    if walk.shows_all_below() {
        return walk.is_allowed().then(|| data.clone());
    }
    match data {
        Data::Container(container) => prune_container(schema, walk, container).map(Data::Container),
        Data::List(list) => prune_list(schema, walk, list).map(Data::List),
        Data::Leaf(_) | Data::LeafList(_) | Data::Any(_) => walk.is_allowed().then(|| data.clone()),
    }
}

/// What of a container or list entry may be shown; `None` when nothing may. The keys of an entry come along with
/// anything below it that is shown.
pub fn prune_container(
    schema: &Schema,
    walk: &Walk<'_>,
    container: &Arc<Container>,
) -> Option<Arc<Container>> {
    let readable = walk.is_allowed();
    if walk.shows_all_below() {
        return readable.then(|| Arc::clone(container));
    }
    if !walk.leads_to_readable() {
        return None;
    }
    let hidden = walk.hidden();
    let keys = schema.node(container.node).keys();
    let mut shown: Vec<(NodeId, Data)> = Vec::with_capacity(container.children().len());
    let mut changed = false;
    let mut only_keys = true;
    for (id, data) in container.children() {
        let kept = if keys.contains(id) {
            Some(data.clone())
        } else if hidden.contains(*id) {
            None
        } else {
            let kept = prune(schema, &walk.enter(Segment::Name(*id)), data);
            // What is left without anything in it would tell that there is something.
            let kept = kept.filter(|kept| !is_empty(schema, kept));
            only_keys &= kept.is_none();
            kept
        };
        match kept {
            Some(kept) => {
                changed |= !is_same(&kept, data);
                shown.push((*id, kept));
            }
            None => changed = true,
        }
    }
    if !readable && only_keys {
        return None;
    }
    Some(if changed {
        Arc::new(Container::with_children(container.node, shown))
    } else {
        Arc::clone(container)
    })
}

/// Whether data is as good as none: a list without entries, or a container that means nothing by itself.
fn is_empty(schema: &Schema, data: &Data) -> bool {
    match data {
        Data::Container(container) => container.is_empty() && schema.node(container.node).is_np_container(),
        Data::List(list) => list.is_empty(),
        Data::LeafList(values) => values.is_empty(),
        Data::Leaf(_) | Data::Any(_) => false,
    }
}

fn prune_list(schema: &Schema, walk: &Walk<'_>, list: &Arc<List>) -> Option<Arc<List>> {
    if !walk.leads_to_readable() {
        return None;
    }
    let count = schema.node(list.node).keys().len();
    let mut shown = List::new(schema, list.node);
    let mut changed = false;
    for entry in list.iter() {
        let keys: smallvec::SmallVec<[_; 2]> = entry.key_values(count).cloned().collect();
        let inside = walk.enter(Segment::Keys(&keys));
        match prune_container(schema, &inside, entry) {
            Some(kept) => {
                changed |= !Arc::ptr_eq(&kept, entry);
                // Entries come in the order of the list, so each belongs behind those before it.
                let _ = shown.insert(kept);
            }
            None => changed = true,
        }
    }
    if shown.is_empty() && !walk.is_allowed() {
        return None;
    }
    Some(if changed { Arc::new(shown) } else { Arc::clone(list) })
}

fn is_same(a: &Data, b: &Data) -> bool {
    match (a, b) {
        (Data::Container(a), Data::Container(b)) => Arc::ptr_eq(a, b),
        (Data::List(a), Data::List(b)) => Arc::ptr_eq(a, b),
        _ => true,
    }
}

/// What a caller may read at one path, and a tree in which it stands at that path: the accessible tree for `where`.
/// Above it there are only containers, entries and their keys. The tree is the whole one where nothing is kept back.
///
/// `None` when there is nothing to show, be it that nothing is there or that nothing may be read.
pub fn readable_tree(
    schema: &Schema,
    walk_from_root: &Walk<'_>,
    walk: &Walk<'_>,
    tree: &Tree,
    target: &InstancePath,
) -> Option<Tree> {
    if walk_from_root.shows_all_below() && walk_from_root.is_allowed() {
        return Some(tree.clone());
    }
    let shown = match tree.get(target)? {
        Found::Entry(entry) => Data::Container(prune_container(schema, walk, entry)?),
        Found::Node(data) => prune(schema, walk, data)?,
        Found::Value(value) => {
            if !walk.is_allowed() {
                return None;
            }
            Data::LeafList([value.clone()].into())
        }
    };
    Some(spine(schema, target, shown))
}

/// The walk to a path, as [`Walk::begin`] makes it.
pub fn walk_to<'a>(authority: &'a super::Authority, path: &InstancePath) -> Walk<'a> {
    Walk::begin(authority, segments(path))
}

/// Where a read of everything comes to a path, with what it inherits on the way; `None` where it does not, because a node on
/// the way is hidden.
pub fn come_to<'a>(authority: &'a super::Authority, path: &InstancePath) -> Option<Walk<'a>> {
    let mut walk = walk_to(authority, &InstancePath::root());
    for segment in segments(path) {
        if matches!(segment, Segment::Name(node) if walk.hidden().contains(node)) {
            return None;
        }
        walk = walk.enter(segment);
    }
    Some(walk)
}

#[cfg(test)]
mod tests {
    use super::super::compile::NameIndex;
    use super::super::{Authority, Policy, PolicyBook};
    use super::*;
    use crate::base::ident::Ident;
    use crate::data::testing;

    const MODEL: &str = "
container top
  leaf title string
  list issuers key=name
    leaf name string
    leaf key string
    container deep
      leaf note string
    list roles key=name
      leaf name string
      leaf ttl string
  list keys key=name
    leaf name string
    leaf pem string
";

    const DATA: &str = r#"{"top": {"title": "t",
        "issuers": [
          {"name": "a", "key": "k1", "deep": {"note": "n"}, "roles": [{"name": "r", "ttl": "1h"}, {"name": "s", "ttl": "2h"}]},
          {"name": "b", "key": "k2", "roles": [{"name": "r", "ttl": "3h"}]}],
        "keys": [{"name": "k1", "pem": "x"}]}}"#;

    fn seen(rules: &str, target: &str) -> Option<String> {
        let schema = testing::schema(MODEL);
        let tree = testing::tree(&schema, DATA);
        let names = NameIndex::new(&schema);
        let policy: Policy =
            serde_json::from_str(&format!(r#"{{"name": "p", "rest-api": {{"rules": {rules}}}}}"#)).unwrap();
        let authority: Authority = PolicyBook::new([&policy], &names).authority(&[Ident::from("p")]);
        let path = InstancePath::parse_v1(&schema, target).unwrap();
        let from_root = walk_to(&authority, &InstancePath::root());
        let shown = readable_tree(&schema, &from_root, &walk_to(&authority, &path), &tree, &path)?;
        Some(json(&schema, &shown.root).to_string())
    }

    fn json(schema: &Schema, container: &Container) -> serde_json::Value {
        let children = container.children().iter().map(|(id, data)| {
            let value = match data {
                Data::Leaf(value) => value.to_string().into(),
                Data::Container(inner) => json(schema, inner),
                Data::List(list) => list.iter().map(|entry| json(schema, entry)).collect(),
                Data::LeafList(_) | Data::Any(_) => panic!("not in this model"),
            };
            (schema.node(*id).name.to_string(), value)
        });
        serde_json::Value::Object(children.collect())
    }

    fn rule(path: &str) -> String {
        format!(r#"[{{"path": "{path}", "operations": {{"read": "allow"}}}}]"#)
    }

    #[test]
    fn a_list_shows_the_entries_that_may_be_read() {
        assert_eq!(
            seen(&rule("top/issuers/b"), "top/issuers").unwrap(),
            r#"{"top":{"issuers":[{"name":"b","key":"k2","roles":[{"name":"r","ttl":"3h"}]}]}}"#
        );
        assert_eq!(
            seen(&rule("top/issuers/*/roles/s"), "top/issuers").unwrap(),
            r#"{"top":{"issuers":[{"name":"a","roles":[{"name":"s","ttl":"2h"}]}]}}"#
        );
        assert_eq!(seen(&rule("top/keys/**"), "top/issuers"), None);
        assert_eq!(seen(&rule("top/issuers/nobody"), "top/issuers"), None);
    }

    #[test]
    fn what_is_rejected_below_is_left_out() {
        let rules = r#"[{"path": "**", "operations": {"all": "allow"}},
            {"path": "top/keys/**", "operations": {"read": "reject"}},
            {"path": "top/issuers/a/**", "operations": {"read": "reject"}},
            {"path": "top/issuers/a/roles/r", "operations": {"read": "allow"}}]"#;
        assert_eq!(
            seen(rules, "/").unwrap(),
            r#"{"top":{"title":"t","issuers":[{"name":"a","roles":[{"name":"r","ttl":"1h"}]},{"name":"b","key":"k2","roles":[{"name":"r","ttl":"3h"}]}]}}"#
        );
        assert_eq!(seen(rules, "top/keys"), None);
    }

    #[test]
    fn hidden_fields_are_gone_and_keys_stay() {
        let rules = r#"[{"path": "top/issuers/**", "operations": {"read": "allow"}, "hide-fields": ["key", "deep", "ttl", "name"]}]"#;
        assert_eq!(
            seen(rules, "top/issuers/a").unwrap(),
            r#"{"top":{"issuers":[{"name":"a","roles":[{"name":"r"},{"name":"s"}]}]}}"#
        );
    }

    #[test]
    fn an_entry_that_is_readable_shows_what_is_below_it() {
        assert_eq!(
            seen(&rule("top/issuers/a/deep"), "top/issuers/a").unwrap(),
            r#"{"top":{"issuers":[{"name":"a","deep":{"note":"n"}}]}}"#
        );
        assert_eq!(
            seen(&rule("top/issuers/*"), "top/issuers/a").unwrap(),
            r#"{"top":{"issuers":[{"name":"a","key":"k1","deep":{"note":"n"},"roles":[{"name":"r","ttl":"1h"},{"name":"s","ttl":"2h"}]}]}}"#
        );
    }

    #[test]
    fn a_caller_with_everything_gets_the_tree_itself() {
        let schema = testing::schema(MODEL);
        let tree = testing::tree(&schema, DATA);
        let book = PolicyBook::built_in(&NameIndex::new(&schema));
        let authority = book.authority(&[Ident::from("default"), Ident::from("root")]);
        let root = walk_to(&authority, &InstancePath::root());
        let shown = readable_tree(&schema, &root, &root, &tree, &InstancePath::root()).unwrap();
        assert!(Arc::ptr_eq(&shown.root, &tree.root));
    }
}
