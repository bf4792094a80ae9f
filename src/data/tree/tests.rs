use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::data::testing::{issuers, path, tree};

fn list_node(schema: &Schema, name: &str) -> NodeId {
    schema.find(name).unwrap()
}

fn entry(schema: &Schema, node: NodeId, name: &str, text: &str) -> Arc<Container> {
    let leaf = |name: &str| schema.child(node, None, name).unwrap();
    Arc::new(Container::with_children(
        node,
        vec![
            (leaf("issuer"), Data::Leaf(Value::string(text))),
            (leaf("name"), Data::Leaf(Value::string(name))),
        ],
    ))
}

fn rule(schema: &Schema, from: &str, port: i64) -> Arc<Container> {
    let node = list_node(schema, "/top/issuer/rule");
    let leaf = |name: &str| schema.child(node, None, name).unwrap();
    Arc::new(Container::with_children(
        node,
        vec![(leaf("from"), Data::Leaf(Value::string(from))), (leaf("port"), Data::Leaf(Value::Int(port)))],
    ))
}

#[test]
fn data_is_24_bytes_and_a_child_32() {
    assert_eq!(size_of::<Data>(), 24);
    assert_eq!(size_of::<(NodeId, Data)>(), 32);
    assert_eq!(size_of::<Container>(), 40);
}

#[test]
fn paths_lead_to_what_is_there() {
    let schema = issuers();
    let tree = tree(
        schema,
        r#"{"top":{"limits":{"max":7},"issuer":[{"name":"a","audiences":["x","y"],"role":[{"name":"r","max-ttl":"5m"}]}]}}"#,
    );
    assert_eq!(tree.leaf(&path(schema, "top/limits/max")), Some(&Value::Uint(7)));
    assert_eq!(tree.leaf(&path(schema, "top/issuer/a/role/r/max-ttl")), Some(&Value::string("5m")));
    assert_eq!(tree.leaf(&path(schema, "top/issuer/a/audiences/y")), Some(&Value::string("y")));
    assert!(tree.get(&path(schema, "top/issuer/a/audiences/z")).is_none());
    assert!(tree.entry(&path(schema, "top/issuer/b")).is_none());
    assert_eq!(tree.list(&path(schema, "top/issuer")).unwrap().len(), 1);
    assert_eq!(tree.entry(&InstancePath::root()).unwrap().node, NodeId::ROOT);
    assert_eq!(tree.entry(&path(schema, "top/issuer/a")).unwrap().key(schema)[..], [Value::string("a")]);
}

#[test]
fn a_clone_is_not_changed_by_what_is_done_to_the_other() {
    let schema = issuers();
    let node = list_node(schema, "/top/issuer");
    let mut list = List::new(schema, node);
    for number in 0..100 {
        list.insert(entry(schema, node, &format!("i{number:03}"), "x"));
    }
    let before = list.clone();
    let digest = before.digest();
    list.insert(entry(schema, node, "i050", "y"));
    list.remove(&[Value::string("i051")]);
    assert_eq!((before.len(), list.len()), (100, 99));
    assert_eq!(before.digest(), digest);
    assert_ne!(list.digest(), digest);
}

#[test]
fn rfc7950_7_8_6_positions_are_next_to_others() {
    let schema = issuers();
    let mut list = List::new(schema, list_node(schema, "/top/issuer/rule"));
    let at = |from: &str| Keys::from(vec![Value::string(from), Value::Int(1)]);
    list.insert(rule(schema, "a", 1));
    list.insert_at(rule(schema, "b", 1), &Position::First).unwrap();
    list.insert_at(rule(schema, "c", 1), &Position::After(at("b"))).unwrap();
    list.insert_at(rule(schema, "d", 1), &Position::Before(at("b"))).unwrap();
    list.insert_at(rule(schema, "b", 1), &Position::Last).unwrap();
    let names: Vec<String> = list.iter().map(|entry| entry.key(schema)[0].to_string()).collect();
    assert_eq!(names, ["d", "c", "a", "b"]);
    assert_eq!(list.insert_at(rule(schema, "e", 1), &Position::After(at("z"))), Err(PointMissing));
    assert_eq!(list.insert_at(rule(schema, "a", 1), &Position::After(at("a"))), Err(PointMissing));
}

/// What a user-ordered list should be, kept as a plain vector.
#[derive(Default)]
struct Model(Vec<(i64, String)>);

#[derive(Clone, Debug)]
enum Step {
    Insert(i64, String),
    Place(i64, String, u8, i64),
    Remove(i64),
    Digest,
}

fn steps(keys: i64) -> impl Strategy<Value = Vec<Step>> {
    let key = move || 0..keys;
    let text = || "[a-c]{0,2}";
    let step = prop_oneof![
        4 => (key(), text()).prop_map(|(key, text)| Step::Insert(key, text)),
        4 => (key(), text(), 0..4_u8, key()).prop_map(|(key, text, how, point)| Step::Place(key, text, how, point)),
        2 => key().prop_map(Step::Remove),
        1 => Just(Step::Digest),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #[test]
    fn overlaying_is_setting_one_child_after_the_other(
        stored in prop::collection::btree_map(0_u32..12, any::<i64>(), 0..8),
        over in prop::collection::btree_map(0_u32..12, any::<i64>(), 0..8),
    ) {
        let children = |numbers: std::collections::BTreeMap<u32, i64>| -> Vec<(NodeId, Data)> {
            numbers.into_iter().map(|(id, number)| (NodeId(id), Data::Leaf(Value::Int(number)))).collect()
        };
        let container = Container::with_children(NodeId(99), children(stored));
        let mut set = container.clone();
        for (id, data) in children(over.clone()) {
            set.set(id, data);
        }
        let overlaid = Overlay::new(Arc::new(container), children(over).into()).into_container();
        prop_assert_eq!(overlaid.children(), set.children());
        prop_assert_eq!(overlaid.node, set.node);
    }

    #[test]
    fn a_user_ordered_list_behaves_like_a_vector(steps in steps(60), spread in any::<bool>()) {
        let schema = issuers();
        let node = list_node(schema, "/top/issuer/rule");
        let text_leaf = schema.child(node, None, "text").unwrap();
        let make = |key: i64, text: &str| {
            let mut entry = (*rule(schema, "k", key)).clone();
            entry.set(text_leaf, Data::Leaf(Value::string(text)));
            Arc::new(entry)
        };
        let keys = |key: i64| Keys::from(vec![Value::string("k"), Value::Int(key)]);
        let mut list = List::new(schema, node);
        let mut model = Model::default();
        if spread {
            for key in 100..150 {
                list.insert(make(key, ""));
                model.0.push((key, String::new()));
            }
        }
        for step in steps {
            match step {
                Step::Digest => drop(list.digest()),
                Step::Insert(key, text) => {
                    list.insert(make(key, &text));
                    match model.0.iter_mut().find(|(other, _)| *other == key) {
                        Some(slot) => slot.1 = text,
                        None => model.0.push((key, text)),
                    }
                }
                Step::Remove(key) => {
                    let removed = list.remove(&keys(key)).is_some();
                    let before = model.0.len();
                    model.0.retain(|(other, _)| *other != key);
                    prop_assert_eq!(removed, model.0.len() < before);
                }
                Step::Place(key, text, how, point) => {
                    let position = match how {
                        0 => Position::First,
                        1 => Position::Last,
                        2 => Position::Before(keys(point)),
                        _ => Position::After(keys(point)),
                    };
                    let there = how < 2 || (point != key && model.0.iter().any(|(other, _)| *other == point));
                    let done = list.insert_at(make(key, &text), &position).is_ok();
                    prop_assert_eq!(done, there);
                    if done {
                        model.0.retain(|(other, _)| *other != key);
                        let at = |point| model.0.iter().position(|(other, _)| *other == point).unwrap();
                        let index = match how {
                            0 => 0,
                            1 => model.0.len(),
                            2 => at(point),
                            _ => at(point) + 1,
                        };
                        model.0.insert(index, (key, text));
                    }
                }
            }
        }
        let found: Vec<(i64, String)> = list
            .iter()
            .map(|entry| {
                let Value::Int(key) = entry.key(schema)[1] else { panic!("an integer key") };
                (key, entry.leaf(text_leaf).unwrap().to_string())
            })
            .collect();
        prop_assert_eq!(&found, &model.0);
        prop_assert_eq!(list.len(), found.len());
        let mut fresh = List::new(schema, node);
        for (key, text) in &found {
            fresh.insert(make(*key, text));
        }
        prop_assert_eq!(fresh.digest(), list.digest());
        if found.len() > 1 {
            fresh.insert_at(make(found[0].0, &found[0].1), &Position::Last).unwrap();
            prop_assert_ne!(fresh.digest(), list.digest(), "the order is content");
        }
    }

    #[test]
    fn a_system_ordered_list_behaves_like_a_map(steps in steps(60)) {
        let schema = issuers();
        let node = list_node(schema, "/top/issuer");
        let name = |key: i64| format!("{key:03}");
        let mut list = List::new(schema, node);
        let mut model: BTreeMap<String, String> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Digest => drop(list.digest()),
                Step::Insert(key, text) | Step::Place(key, text, ..) => {
                    list.insert(entry(schema, node, &name(key), &text));
                    model.insert(name(key), text);
                }
                Step::Remove(key) => {
                    let removed = list.remove(&[Value::string(name(key))]).is_some();
                    prop_assert_eq!(removed, model.remove(&name(key)).is_some());
                }
            }
        }
        let found: Vec<String> = list.iter().map(|entry| entry.key(schema)[0].to_string()).collect();
        prop_assert_eq!(&found, &model.keys().cloned().collect::<Vec<_>>());
        let mut fresh = List::new(schema, node);
        for (name, text) in model.iter().rev() {
            fresh.insert(entry(schema, node, name, text));
        }
        prop_assert_eq!(fresh.digest(), list.digest());
        prop_assert_eq!(&fresh, &list);
    }
}

#[test]
fn ranks_are_spread_out_when_a_gap_is_used_up() {
    let schema = issuers();
    let mut list = List::new(schema, list_node(schema, "/top/issuer/rule"));
    for port in 0..40 {
        list.insert(rule(schema, "k", port));
    }
    let gap = Keys::from(vec![Value::string("k"), Value::Int(20)]);
    // Always in the same gap: 64 halvings use it up.
    for port in 1000..1300 {
        list.insert_at(rule(schema, "k", port), &Position::Before(gap.clone())).unwrap();
    }
    let ports: Vec<String> = list.iter().map(|entry| entry.key(schema)[1].to_string()).collect();
    let expected: Vec<String> =
        (0..20).chain(1000..1300).chain(20..40).map(|port: i64| port.to_string()).collect();
    assert_eq!(ports, expected);
    let last = Keys::from(vec![Value::string("k"), Value::Int(1299)]);
    assert_eq!(list.get(&last).unwrap().key(schema), last);
}
