use proptest::prelude::*;

use super::*;
use crate::data::edit::apply;
use crate::data::testing::{issuers, path, tree};

fn told(before: &str, after: &str) -> Vec<String> {
    let schema = issuers();
    diff(schema, &tree(schema, before), &tree(schema, after))
        .iter()
        .map(|change| format!("{:?} {}", change.kind, change.path.to_v1(schema)))
        .collect()
}

#[test]
fn one_change_a_leaf_or_whole_subtree() {
    assert_eq!(
        told(
            r#"{"top":{"limits":{"max":1},"issuer":[{"name":"a","issuer":"x","steps":["p"]},{"name":"b"}]}}"#,
            r#"{"top":{"enabled":false,"marker":{"note":"n"},"issuer":[{"name":"a","issuer":"y","steps":["q"]},{"name":"c","role":[{"name":"r"}]}]}}"#,
        ),
        [
            "Created /top/enabled",
            "Deleted /top/limits/max",
            "Created /top/marker",
            "Changed /top/issuer/a/issuer",
            "Changed /top/issuer/a/steps",
            "Deleted /top/issuer/b",
            "Created /top/issuer/c",
        ]
    );
    assert_eq!(told("{}", "{}"), [""; 0]);
}

#[test]
fn moves_are_as_few_as_can_be() {
    let rules = |order: &[u32]| {
        let entries: Vec<String> =
            order.iter().map(|port| format!(r#"{{"from":"k","port":{port}}}"#)).collect();
        format!(r#"{{"top":{{"issuer":[{{"name":"a","rule":[{}]}}]}}}}"#, entries.join(","))
    };
    assert_eq!(told(&rules(&[1, 2, 3, 4]), &rules(&[4, 1, 2, 3])), ["Moved /top/issuer/a/rule/k,4"]);
    let many: Vec<u32> = (0..100).collect();
    let mut other = many.clone();
    other.remove(50);
    other.insert(10, 50);
    assert_eq!(told(&rules(&many), &rules(&other)).len(), 1);
}

#[test]
fn a_move_in_a_large_list_is_one_change() {
    let schema = issuers();
    let entries: Vec<String> = (0..100).map(|port| format!(r#"{{"from":"k","port":{port}}}"#)).collect();
    let before =
        tree(schema, &format!(r#"{{"top":{{"issuer":[{{"name":"a","rule":[{}]}}]}}}}"#, entries.join(",")));
    let moved =
        Edit::without_value(path(schema, "top/issuer/a/rule/k,70"), EditOperation::Move(Position::First));
    let after = apply(schema, &before, &[moved]).unwrap();
    let changes = diff(schema, &before, &after);
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].kind, changes[0].position.clone()), (ChangeKind::Moved, Some(Position::First)));
}

fn json_tree() -> impl Strategy<Value = String> {
    let word = || "[a-d]{1,2}";
    let words = || {
        let words = prop::collection::btree_set(word(), 0..5);
        words
            .prop_map(|words| words.into_iter().collect::<Vec<_>>())
            .prop_shuffle()
            .prop_map(|words| format!("{words:?}"))
    };
    let target = prop_oneof![
        Just("{}".to_owned()),
        word().prop_map(|word| format!(r#"{{"to":"{word}"}}"#)),
        word().prop_map(|word| format!(r#"{{"to":"x","left":"{word}"}}"#)),
        word().prop_map(|word| format!(r#"{{"right":"{word}"}}"#)),
        Just(r#"{"sites":["s"]}"#.to_owned()),
    ];
    let role = (word(), prop::option::of(word()), target).prop_map(|(name, ttl, target)| {
        let ttl = ttl.map(|ttl| format!(r#","max-ttl":"{ttl}""#)).unwrap_or_default();
        format!(r#"{{"name":"{name}"{ttl},"target":{target}}}"#)
    });
    let rules = prop::collection::vec(0..80_u32, 0..50).prop_map(|mut ports| {
        let mut seen = std::collections::HashSet::new();
        ports.retain(|port| seen.insert(*port));
        let rules: Vec<String> = ports
            .iter()
            .map(|port| format!(r#"{{"from":"k","port":{port},"text":"{}"}}"#, port % 3))
            .collect();
        rules.join(",")
    });
    let issuer = (word(), word(), words(), words(), prop::collection::vec(role, 0..40), rules).prop_map(
        |(name, issuer, audiences, steps, roles, rules)| {
            format!(
                r#"{{"name":"{name}","issuer":"{issuer}","secret-note":"n","audiences":{audiences},"steps":{steps},"role":[{}],"rule":[{rules}]}}"#,
                roles.join(",")
            )
        },
    );
    let marker = prop::option::of(prop::option::of(word())).prop_map(|marker| match marker {
        None => String::new(),
        Some(None) => r#","marker":{}"#.to_owned(),
        Some(Some(note)) => format!(r#","marker":{{"note":"{note}"}}"#),
    });
    (prop::option::of(0..4_u8), marker, prop::collection::vec(issuer, 0..4)).prop_map(
        |(max, marker, issuers)| {
            let limits = max.map(|max| format!(r#""limits":{{"max":{max}}},"#)).unwrap_or_default();
            format!(r#"{{"top":{{{limits}"enabled":true{marker},"issuer":[{}]}}}}"#, issuers.join(","))
        },
    )
}

/// The tree in normal form, as an edit of the whole would leave it.
fn normal(schema: &Schema, json: &str) -> Tree {
    let raw = tree(schema, json);
    let whole = Edit::new(InstancePath::root(), EditOperation::Merge, Data::Container(raw.root));
    apply(schema, &Tree::empty(), &[whole]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_diff_replayed_gives_the_tree_after(before in json_tree(), after in json_tree()) {
        let schema = issuers();
        let (before, after) = (normal(schema, &before), normal(schema, &after));
        let changes = diff(schema, &before, &after);
        let replayed = apply(schema, &before, &changes_to_edits(&changes)).unwrap();
        prop_assert_eq!(&replayed, &after);
        prop_assert_eq!(replayed.digest(), after.digest());
        prop_assert_eq!(changes.is_empty(), before.digest() == after.digest());
        prop_assert!(diff(schema, &replayed, &after).is_empty());
        let single: Vec<Change> =
            changes.into_iter().flat_map(|change| by_entries(schema, change)).collect();
        let whole = |change: &&Change| change.path.is_whole_list(schema);
        prop_assert_eq!(single.iter().find(whole), None);
        // The order of a leaf-list that the system orders means nothing.
        let replayed = apply(schema, &before, &changes_to_edits(&single)).unwrap();
        let left = diff(schema, &replayed, &after).into_iter().flat_map(|change| by_entries(schema, change));
        prop_assert_eq!(left.collect::<Vec<_>>(), []);
    }
}
