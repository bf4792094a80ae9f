//! Equal small parts of many entries (two audiences, one claim, a list of rules) share one piece of memory, where they come
//! close together. Content that many entries have in common then costs each of them a pointer.
//!
//! Only small parts are looked at, from the leafs up: what is inside of a part was shared before, so that comparing two
//! parts is comparing pointers. Never what holds a secret: it would live on in here.

use std::cell::RefCell;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use siphasher::sip::SipHasher13;

use super::list::Store;
use super::{Container, Data, List};
use crate::yang::schema::{NodeId, Schema};

/// How many parts are remembered a thread.
const REMEMBERED: usize = 1024;

/// Parts with more children, entries or values than this are seldom equal.
const LARGEST: usize = 16;

thread_local! {
    static RECENT: RefCell<Vec<Option<Data>>> = const { RefCell::new(Vec::new()) };
}

/// The same content of a node, if possible with the memory of an equal part that was seen lately.
pub(crate) fn shared(schema: &Schema, node: NodeId, part: Data) -> Data {
    remembered(schema, node, &part).unwrap_or(part)
}

/// As [`shared`], for an entry or container.
pub(crate) fn shared_container(schema: &Schema, container: Arc<Container>) -> Arc<Container> {
    match remembered(schema, container.node, &Data::Container(Arc::clone(&container))) {
        Some(Data::Container(known)) => known,
        _ => container,
    }
}

/// An equal part that was seen lately; otherwise this one is remembered.
fn remembered(schema: &Schema, node: NodeId, part: &Data) -> Option<Data> {
    let size = match part {
        Data::LeafList(values) => values.len(),
        Data::Container(container) => container.children().len(),
        Data::List(list) => list.len(),
        Data::Leaf(_) | Data::Any(_) => return None,
    };
    if size > LARGEST || schema.holds_secret(node) {
        return None;
    }
    let mut hasher = SipHasher13::new();
    hash(part, &mut hasher);
    let slot = usize::try_from(hasher.finish() % REMEMBERED as u64).unwrap_or(0);
    RECENT.with_borrow_mut(|recent| {
        recent.resize(REMEMBERED, None);
        match recent.get_mut(slot)? {
            Some(known) if is_same(known, part) => Some(known.clone()),
            slot => {
                *slot = Some(part.clone());
                None
            }
        }
    })
}

fn hash(part: &Data, hasher: &mut SipHasher13) {
    match part {
        Data::LeafList(values) => values.hash(hasher),
        Data::Container(container) => {
            hasher.write_u32(container.node.0);
            for (id, data) in container.children() {
                hasher.write_u32(id.0);
                match data {
                    Data::Leaf(value) => value.hash(hasher),
                    inner => hasher.write_usize(address(inner)),
                }
            }
        }
        Data::List(list) => list.iter().for_each(|entry| hasher.write_usize(Arc::as_ptr(entry) as usize)),
        Data::Leaf(_) | Data::Any(_) => {}
    }
}

/// Where the content of a part is.
fn address(part: &Data) -> usize {
    match part {
        Data::LeafList(values) => values.as_ptr() as usize,
        Data::Container(container) => Arc::as_ptr(container) as usize,
        Data::List(list) => Arc::as_ptr(list) as usize,
        Data::Any(value) => Arc::as_ptr(value) as usize,
        Data::Leaf(value) => std::ptr::from_ref(value) as usize,
    }
}

/// Whether two parts are of one node and have the same leafs, and inner parts in the same memory. Digests are not asked:
/// whoever can make two contents with one digest must not get one put in the place of the other.
fn is_same(one: &Data, other: &Data) -> bool {
    match (one, other) {
        (Data::LeafList(one), Data::LeafList(other)) => one == other,
        (Data::Container(one), Data::Container(other)) => {
            let is_equal = |(one, other): (&(NodeId, Data), &(NodeId, Data))| {
                one.0 == other.0
                    && match (&one.1, &other.1) {
                        (Data::Leaf(one), Data::Leaf(other)) => one == other,
                        (one, other) => address(one) == address(other),
                    }
            };
            one.node == other.node
                && one.children().len() == other.children().len()
                && one.children().iter().zip(other.children()).all(is_equal)
        }
        (Data::List(one), Data::List(other)) => is_same_list(one, other),
        _ => false,
    }
}

fn is_same_list(one: &List, other: &List) -> bool {
    match (&one.store, &other.store) {
        (Store::Small(own), Store::Small(others)) => {
            one.node == other.node
                && own.len() == others.len()
                && own.iter().zip(others).all(|(own, other)| Arc::ptr_eq(own, other))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::decode::{Allow, DecodeOptions, Format, decode};
    use crate::data::testing::{issuers, path};

    /// The entry of a role, read as a part of a body.
    fn role(json: &str) -> Arc<Container> {
        let options = DecodeOptions::plain(Format::Json, Allow::Config);
        match decode(issuers(), &path(issuers(), "top/issuer/a/role/r"), json.as_bytes(), &options) {
            Ok(Data::Container(role)) => role,
            other => panic!("{other:?}"),
        }
    }

    fn issuer(json: &str) -> Arc<Container> {
        let options = DecodeOptions::stored();
        match decode(issuers(), &path(issuers(), "top/issuer/a"), json.as_bytes(), &options) {
            Ok(Data::Container(issuer)) => issuer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn equal_small_parts_are_one() {
        let text = r#"{"level":"high","words":"x","target":{"sites":["a","b"]}}"#;
        assert!(Arc::ptr_eq(&role(text), &role(text)));
        let other = role(r#"{"level":"high","words":"y","target":{"sites":["a","b"]}}"#);
        let target = issuers().find("/top/issuer/role/target").unwrap();
        assert!(Arc::ptr_eq(role(text).container(target).unwrap(), other.container(target).unwrap()));
        assert_ne!(role(text), other);
    }

    #[test]
    fn lists_of_equal_entries_are_one_and_their_order_counts() {
        let rule = issuers().find("/top/issuer/rule").unwrap();
        let rules = |json: &str| Arc::clone(issuer(json).list(rule).unwrap());
        let (a, b) = (r#"{"from":"a","port":1}"#, r#"{"from":"b","port":1}"#);
        let both = rules(&format!(r#"{{"rule":[{a},{b}]}}"#));
        assert!(Arc::ptr_eq(&both, &rules(&format!(r#"{{"issuer":"x","rule":[{a},{b}]}}"#))));
        assert_ne!(both, rules(&format!(r#"{{"rule":[{b},{a}]}}"#)));
    }

    #[test]
    fn secrets_are_not_remembered() {
        let version = issuers().find("/top/issuer/version").unwrap();
        let read = || issuer(r#"{"version":[{"id":"1","key":"hunter2"}]}"#);
        let (one, other) = (read(), read());
        assert_eq!(one, other);
        assert!(!Arc::ptr_eq(one.list(version).unwrap(), other.list(version).unwrap()));
    }
}
