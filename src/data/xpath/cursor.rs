//! Where an expression stands: a node of the accessible tree together with its ancestors.
//!
//! Not here: which children a node has ([`super::accessible`]) and how an axis is walked ([`super::axis`]).

use std::cmp::Ordering;
use std::rc::Rc;

use smallvec::SmallVec;

use crate::data::path::{InstancePath, Keys, PathStep};
use crate::data::tree::{Container, Data};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// One node of the accessible tree (RFC 7950 section 6.4.1) without its ancestors.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// The root, a container, a list entry, or the input or output of an operation.
    Inner {
        /// Its schema node.
        node: NodeId,
        /// Its content; `None` for a non-presence container that exists without being stored.
        data: Option<&'a Container>,
    },
    /// A leaf, or one entry of a leaf-list; the value may be a default in use.
    Leaf {
        /// Its schema node.
        node: NodeId,
        /// Its value.
        value: &'a Value,
    },
    /// The text node inside a leaf.
    Text {
        /// The leaf's schema node.
        node: NodeId,
        /// The leaf's value.
        value: &'a Value,
    },
    /// `anydata` or `anyxml`; nothing looks inside.
    Any {
        /// Its schema node.
        node: NodeId,
        /// Its content.
        value: &'a serde_json::Value,
    },
}

impl<'a> Item<'a> {
    /// Its schema node; for a text node the leaf's.
    pub fn node(&self) -> NodeId {
        match self {
            Item::Inner { node, .. }
            | Item::Leaf { node, .. }
            | Item::Text { node, .. }
            | Item::Any { node, .. } => *node,
        }
    }

    /// The value of a leaf, a leaf-list entry or a text node.
    pub fn value(&self) -> Option<&'a Value> {
        match self {
            Item::Leaf { value, .. } | Item::Text { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The content of an inner node, where it is stored.
    pub fn container(&self) -> Option<&'a Container> {
        match self {
            Item::Inner { data, .. } => *data,
            _ => None,
        }
    }

    /// Where it lies in memory. Within one parent and one schema node this tells nodes apart: a tree does not change
    /// while an expression looks at it.
    pub(super) fn address(&self) -> usize {
        match self {
            Item::Inner { data, .. } => data.map_or(0, |data| std::ptr::from_ref(data).addr()),
            Item::Leaf { value, .. } | Item::Text { value, .. } => std::ptr::from_ref(*value).addr(),
            Item::Any { value, .. } => std::ptr::from_ref(*value).addr(),
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Item::Text { .. })
    }

    fn same(&self, other: &Self) -> bool {
        self.node() == other.node() && self.address() == other.address() && self.is_text() == other.is_text()
    }
}

/// A node with its ancestors. Cloning is cheap: ancestors are shared.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    item: Item<'a>,
    parent: Option<Rc<Cursor<'a>>>,
}

impl<'a> Cursor<'a> {
    /// The root of a tree.
    pub fn root(root: &'a Container) -> Self {
        Cursor { item: Item::Inner { node: root.node, data: Some(root) }, parent: None }
    }

    /// A node below `parent`.
    pub fn below(parent: &Rc<Cursor<'a>>, item: Item<'a>) -> Self {
        Cursor { item, parent: Some(Rc::clone(parent)) }
    }

    /// A container, list entry or operation input directly below this node.
    #[must_use]
    pub fn child(&self, container: &'a Container) -> Self {
        let item = Item::Inner { node: container.node, data: Some(container) };
        Cursor { item, parent: Some(Rc::new(self.clone())) }
    }

    /// The stored node at a path: `None` where nothing is stored there, and for a list or leaf-list as a whole.
    pub fn at(schema: &'a Schema, root: &'a Container, steps: &[PathStep]) -> Option<Self> {
        let mut cursor = Cursor::root(root);
        for step in steps {
            let item = stored_child(schema, cursor.item.container(), step)?;
            cursor = Cursor::below(&Rc::new(cursor), item);
        }
        Some(cursor)
    }

    /// The node itself.
    pub fn item(&self) -> Item<'a> {
        self.item
    }

    /// Its parent; `None` for the root.
    pub fn parent(&self) -> Option<&Rc<Cursor<'a>>> {
        self.parent.as_ref()
    }

    /// The root above it.
    pub fn top(&self) -> &Cursor<'a> {
        let mut at = self;
        while let Some(parent) = &at.parent {
            at = parent;
        }
        at
    }

    /// The node `levels` above it.
    pub fn above(&self, levels: usize) -> Option<&Cursor<'a>> {
        let mut at = self;
        for _ in 0..levels {
            at = at.parent.as_deref()?;
        }
        Some(at)
    }

    /// Its address. A text node has its leaf's.
    pub fn path(&self, schema: &Schema) -> InstancePath {
        let mut steps: Vec<PathStep> = Vec::new();
        for at in self.chain().iter().filter(|at| at.parent.is_some() && !at.item.is_text()) {
            let node = at.item.node();
            let facts = schema.node(node);
            if let NodeKind::Input | NodeKind::Output = facts.kind {
                // In expressions the input or output itself stands for its operation.
                steps.push(PathStep { node: facts.parent, keys: Keys::new() });
            }
            steps.push(PathStep { node, keys: keys(schema, &at.item) });
        }
        steps.shrink_to_fit();
        InstancePath { steps }
    }

    /// Whether both are the same node of the same tree.
    pub fn is_same(&self, other: &Self) -> bool {
        if !self.item.same(&other.item) {
            return false;
        }
        match (&self.parent, &other.parent) {
            (None, None) => true,
            (Some(own), Some(others)) => Rc::ptr_eq(own, others) || own.is_same(others),
            _ => false,
        }
    }

    /// Document order (XPath 1.0 section 5) of two nodes of one tree: schema order, then the order of list entries.
    pub fn document_order(&self, other: &Self) -> Ordering {
        let own = self.chain();
        let others = other.chain();
        let mut parent: Option<&Cursor<'a>> = None;
        for (a, b) in own.iter().zip(&others) {
            if !a.item.same(&b.item) {
                return sibling_order(parent, &a.item, &b.item);
            }
            parent = Some(a);
        }
        own.len().cmp(&others.len())
    }

    /// From the root down to this node.
    fn chain(&self) -> SmallVec<[&Cursor<'a>; 12]> {
        let mut chain = SmallVec::new();
        let mut at = Some(self);
        while let Some(cursor) = at {
            chain.push(cursor);
            at = cursor.parent.as_deref();
        }
        chain.reverse();
        chain
    }
}

fn sibling_order(parent: Option<&Cursor<'_>>, a: &Item<'_>, b: &Item<'_>) -> Ordering {
    let by_node = a.node().cmp(&b.node());
    if by_node != Ordering::Equal {
        return by_node;
    }
    let list = parent.and_then(|parent| parent.item.container()?.list(a.node()));
    match (list, a.container(), b.container()) {
        (Some(list), Some(a), Some(b)) if !list.is_user_ordered() && list.key_count() > 0 => {
            a.key_values(list.key_count()).cmp(b.key_values(list.key_count()))
        }
        (Some(list), Some(a), Some(b)) => {
            let place = |entry: &Container| list.iter().position(|other| std::ptr::eq(&**other, entry));
            place(a).cmp(&place(b))
        }
        // Entries of a leaf-list lie side by side in one slice.
        _ => a.address().cmp(&b.address()),
    }
}

fn stored_child<'a>(schema: &Schema, container: Option<&'a Container>, step: &PathStep) -> Option<Item<'a>> {
    let node = step.node;
    // The operation itself has no data of its own; its input hangs directly below the node that it is bound to.
    if schema.node(node).is_operation() {
        return None;
    }
    match (container?.get(node)?, step.keys.as_slice()) {
        (Data::Leaf(value), []) => Some(Item::Leaf { node, value }),
        (Data::LeafList(values), [wanted]) => {
            values.iter().find(|value| *value == wanted).map(|value| Item::Leaf { node, value })
        }
        (Data::Container(container), []) => Some(Item::Inner { node, data: Some(container) }),
        (Data::List(list), keys) if !keys.is_empty() => {
            list.get(keys).map(|entry| Item::Inner { node, data: Some(entry) })
        }
        (Data::Any(value), []) => Some(Item::Any { node, value }),
        _ => None,
    }
}

/// The keys by which a step addresses an item.
fn keys(schema: &Schema, item: &Item<'_>) -> Keys {
    let node = schema.node(item.node());
    match (&node.kind, item) {
        (NodeKind::List { .. }, Item::Inner { data: Some(entry), .. }) => entry.key(schema),
        (NodeKind::LeafList { .. }, Item::Leaf { value, .. }) => Keys::from([(*value).clone()]),
        _ => Keys::new(),
    }
}
