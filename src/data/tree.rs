//! The persistent data tree: immutable once shared, so a snapshot is a pointer and a change copies only the way down
//! to what changed.
//!
//! A tree is kept in one normal form, so that equal content has one digest: no empty non-presence container, no empty
//! list and no empty leaf-list is stored. [`super::edit`] and [`super::decode`] see to that. Nothing here checks values
//! against the model; that is decoding's and validation's business.

pub(crate) mod build;
mod digest;
pub mod fetch;
mod list;
mod order;
mod overlay;
pub(crate) mod share;
mod spine;

use std::fmt;
use std::sync::Arc;

use digest::Kept;
pub use list::{Entries, List, PointMissing, Position};
pub(in crate::data) use list::{Key, Store};
pub(in crate::data) use order::Ordered;
pub use overlay::{Over, Overlay};
pub use spine::{spine, spine_with_leafs};

use super::path::{InstancePath, Keys, PathStep};
use crate::yang::schema::{NodeId, Schema, Value};

/// One node of a tree below a container or entry.
#[derive(Clone, PartialEq, Eq)]
pub enum Data {
    /// A leaf's value.
    Leaf(Value),
    /// A leaf-list's values, in the order in which they were given.
    LeafList(Arc<[Value]>),
    /// A container.
    Container(Arc<Container>),
    /// A list.
    List(Arc<List>),
    /// `anydata` and `anyxml`, as JSON.
    Any(Arc<serde_json::Value>),
}

impl Data {
    /// Whether it stands for nothing: an empty list or leaf-list, or a container without children.
    pub fn is_empty(&self) -> bool {
        match self {
            Data::LeafList(values) => values.is_empty(),
            Data::Container(container) => container.is_empty(),
            Data::List(list) => list.is_empty(),
            Data::Leaf(_) | Data::Any(_) => false,
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::Leaf(value) => fmt::Debug::fmt(value, f),
            Data::LeafList(values) => f.debug_list().entries(values.iter()).finish(),
            Data::Container(container) => fmt::Debug::fmt(container, f),
            Data::List(list) => f.debug_list().entries(list.iter()).finish(),
            Data::Any(value) => fmt::Debug::fmt(value, f),
        }
    }
}

/// An inner node: a container, a list entry, the root, or the input or output of an operation.
#[derive(Clone)]
pub struct Container {
    /// Its schema node; a list entry carries its list's.
    pub node: NodeId,
    /// Sorted by node id, each id once. The key leafs of a list have the smallest ids, so they come first, in key order.
    children: Box<[(NodeId, Data)]>,
    digest: Kept,
}

impl Container {
    /// An empty one.
    pub fn new(node: NodeId) -> Self {
        Container { node, children: Box::default(), digest: Kept::default() }
    }

    /// One with these children, in any order; of several with the same id the last stays.
    pub fn with_children(node: NodeId, mut children: Vec<(NodeId, Data)>) -> Self {
        if !children.is_sorted_by(|a, b| a.0 < b.0) {
            children.reverse();
            children.sort_by_key(|(id, _)| *id);
            children.dedup_by_key(|(id, _)| *id);
        }
        Container { node, children: children.into_boxed_slice(), digest: Kept::default() }
    }

    /// The child of that id.
    pub fn get(&self, child: NodeId) -> Option<&Data> {
        self.children.get(self.position(child).ok()?).map(|(_, data)| data)
    }

    /// The value of a leaf.
    pub fn leaf(&self, child: NodeId) -> Option<&Value> {
        match self.get(child) {
            Some(Data::Leaf(value)) => Some(value),
            _ => None,
        }
    }

    /// The values of a leaf-list; none where it is absent.
    pub fn leaf_list(&self, child: NodeId) -> &[Value] {
        match self.get(child) {
            Some(Data::LeafList(values)) => values,
            _ => &[],
        }
    }

    /// A container below this one.
    pub fn container(&self, child: NodeId) -> Option<&Arc<Container>> {
        match self.get(child) {
            Some(Data::Container(container)) => Some(container),
            _ => None,
        }
    }

    /// A list below this one.
    pub fn list(&self, child: NodeId) -> Option<&Arc<List>> {
        match self.get(child) {
            Some(Data::List(list)) => Some(list),
            _ => None,
        }
    }

    /// All children, sorted by node id.
    pub fn children(&self) -> &[(NodeId, Data)] {
        &self.children
    }

    /// Sets a child, whatever was there before.
    pub fn set(&mut self, child: NodeId, data: Data) {
        self.digest.forget();
        match self.position(child) {
            Ok(at) => {
                if let Some(slot) = self.children.get_mut(at) {
                    slot.1 = data;
                }
            }
            Err(at) => self.change(|children| children.insert(at, (child, data))),
        }
    }

    /// Takes a child away.
    pub fn remove(&mut self, child: NodeId) -> Option<Data> {
        let at = self.position(child).ok()?;
        self.digest.forget();
        Some(self.change(|children| children.remove(at)).1)
    }

    /// Changes which children there are; in between the slice is a vector.
    fn change<R>(&mut self, change: impl FnOnce(&mut Vec<(NodeId, Data)>) -> R) -> R {
        let mut children = std::mem::take(&mut self.children).into_vec();
        let result = change(&mut children);
        self.children = children.into_boxed_slice();
        result
    }

    /// A child to change in place. The digest is worked out anew afterwards.
    pub(super) fn get_mut(&mut self, child: NodeId) -> Option<&mut Data> {
        let at = self.position(child).ok()?;
        self.digest.forget();
        self.children.get_mut(at).map(|(_, data)| data)
    }

    /// A hash of the content, cached: equal content has an equal digest, whatever way it came about.
    pub fn digest(&self) -> u128 {
        self.digest.get_or_init(|| digest::of_container(self))
    }

    /// The key values of a list entry, in key order, those that it has; nothing for what is not an entry.
    pub fn key(&self, schema: &Schema) -> Keys {
        match schema.node(self.node).keys() {
            [only] => self.leaf(*only).cloned().map_or_else(Keys::new, |key| Keys::from_buf([key])),
            several => several.iter().filter_map(|key| self.leaf(*key)).cloned().collect(),
        }
    }

    /// The first `count` leafs: the keys of an entry of a list with that many, provided that it has them all.
    pub fn key_values(&self, count: usize) -> impl Iterator<Item = &Value> {
        self.children.iter().take(count).filter_map(|(_, data)| match data {
            Data::Leaf(value) => Some(value),
            _ => None,
        })
    }

    /// Whether it has no children.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    fn position(&self, child: NodeId) -> Result<usize, usize> {
        self.children.binary_search_by_key(&child, |(id, _)| *id)
    }
}

/// Equality of content. Digests decide where both are known; none is worked out for it.
impl PartialEq for Container {
    fn eq(&self, other: &Self) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        match (self.digest.get(), other.digest.get()) {
            (Some(own), Some(other)) => own == other,
            _ => self.node == other.node && self.children == other.children,
        }
    }
}

impl Eq for Container {}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.children.iter().map(|(id, data)| (id.0, data))).finish()
    }
}

/// All data of one tenant: configuration and the state nodes that are `stored`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The root; its node is [`NodeId::ROOT`].
    pub root: Arc<Container>,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A leaf, leaf-list, container, whole list, `anydata` or `anyxml`.
    Node(&'a Data),
    /// The root or a list entry.
    Entry(&'a Arc<Container>),
    /// One entry of a leaf-list.
    Value(&'a Value),
}

impl Tree {
    /// A tree without any data.
    pub fn empty() -> Self {
        Tree { root: Arc::new(Container::new(NodeId::ROOT)) }
    }

    /// What the path leads to. An absent non-presence container is `None` here, though RFC 7950 section 7.5.1 says that
    /// it exists whenever its parent does.
    pub fn get(&self, path: &InstancePath) -> Option<Found<'_>> {
        let mut at = Found::Entry(&self.root);
        for step in &path.steps {
            let inside = match at {
                Found::Entry(entry) | Found::Node(Data::Container(entry)) => entry,
                _ => return None,
            };
            at = step_into(inside, step)?;
        }
        Some(at)
    }

    /// The root, container or list entry at a path.
    pub fn entry(&self, path: &InstancePath) -> Option<&Arc<Container>> {
        match self.get(path)? {
            Found::Entry(entry) | Found::Node(Data::Container(entry)) => Some(entry),
            _ => None,
        }
    }

    /// The value of the leaf, or of the leaf-list entry, at a path.
    pub fn leaf(&self, path: &InstancePath) -> Option<&Value> {
        match self.get(path)? {
            Found::Node(Data::Leaf(value)) | Found::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The list at a path that ends in a list without keys.
    pub fn list(&self, path: &InstancePath) -> Option<&Arc<List>> {
        match self.get(path)? {
            Found::Node(Data::List(list)) => Some(list),
            _ => None,
        }
    }

    /// A hash of the whole content.
    pub fn digest(&self) -> u128 {
        self.root.digest()
    }
}

impl Default for Tree {
    fn default() -> Self {
        Tree::empty()
    }
}

fn step_into<'a>(inside: &'a Container, step: &PathStep) -> Option<Found<'a>> {
    match (inside.get(step.node)?, step.keys.as_slice()) {
        (data, []) => Some(Found::Node(data)),
        (Data::List(list), keys) => list.get(keys).map(Found::Entry),
        (Data::LeafList(values), [wanted]) => values.iter().find(|value| *value == wanted).map(Found::Value),
        _ => None,
    }
}

impl Found<'_> {
    /// A hash of the content, for entity tags.
    pub fn digest(&self) -> u128 {
        match self {
            Found::Node(data) => digest::of_data(data),
            Found::Entry(entry) => entry.digest(),
            Found::Value(value) => digest::of_value(value),
        }
    }
}

#[cfg(test)]
mod tests;
