//! One node of the compiled schema.

use std::sync::Arc;

use super::types::Type;
use super::value::Value;
use super::xpath::Expression;
use super::{ModuleId, NodeId};
use crate::base::ident::Ident;

/// `status` (RFC 7950 section 7.21.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// In use.
    #[default]
    Current,
    /// Still supported, to be given up.
    Deprecated,
    /// Gone.
    Obsolete,
}

/// A compiled `must` (RFC 7950 section 7.5.3).
#[derive(Clone, Debug)]
pub struct Must {
    /// The condition; its context node is the node that carries it.
    pub condition: Arc<Expression>,
    /// The model's own `error-message`.
    pub message: Option<Ident>,
    /// The model's own `error-app-tag`.
    pub app_tag: Option<Ident>,
}

/// A compiled `when` (RFC 7950 section 7.21.5) that governs a node, its own or inherited from a `uses`, `augment`,
/// `choice` or `case` around it.
#[derive(Clone, Debug)]
pub struct When {
    /// The condition.
    pub condition: Arc<Expression>,
    /// How many data-node levels above the governed node the context node is: 0 for its own `when`, 1 for the parent.
    pub levels_up: u16,
}

/// Facts that lists and leaf-lists share.
#[derive(Clone, Debug, Default)]
pub struct ListFacts {
    /// `ordered-by user`. Always false for state data.
    pub user_ordered: bool,
    /// `min-elements`.
    pub min: u32,
    /// `max-elements`; `None` is unbounded.
    pub max: Option<u32>,
}

/// What a node is, with the facts that only that kind has.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// The virtual root.
    Root,
    /// The root of data that stands in no datastore: of an `rc:yang-data` template (RFC 8040 section 8) or of a structure
    /// (RFC 8791). Its children are what such data has at its top; it is no child of [`NodeId::ROOT`].
    Structure,
    /// A container.
    Container {
        /// Its existence means something by itself.
        presence: bool,
    },
    /// A list.
    List {
        /// Key leafs in key order; empty only for state lists.
        keys: Vec<NodeId>,
        /// Each `unique` statement as its leafs (descendants through non-presence containers).
        unique: Vec<Vec<NodeId>>,
        /// Ordering and size.
        facts: ListFacts,
    },
    /// A leaf.
    Leaf {
        /// Its type.
        ty: Arc<Type>,
        /// The default in use when it is absent, own or of its type.
        default: Option<Value>,
        /// It is a key of the list above.
        is_key: bool,
    },
    /// A leaf-list.
    LeafList {
        /// Type of each entry.
        ty: Arc<Type>,
        /// The defaults in use when there is no entry.
        defaults: Vec<Value>,
        /// Ordering and size.
        facts: ListFacts,
    },
    /// A choice: never in instance data.
    Choice {
        /// The default case.
        default_case: Option<NodeId>,
    },
    /// A case: never in instance data.
    Case,
    /// `anydata`.
    Anydata,
    /// `anyxml`.
    Anyxml,
    /// A top-level operation.
    Rpc,
    /// An operation bound to a container or list entry.
    Action,
    /// Input of an rpc or action; the first child of it in `schema_children`.
    Input,
    /// Output of an rpc or action; the second.
    Output,
    /// A notification.
    Notification,
}

/// What extension statements say of a node: ours (module `strongbox-extensions`), and those of RFC 8341 section 3.5. The
/// engine acts on them by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// `secret`: can be written, never comes back.
    pub secret: bool,
    /// `hashed`: a password; kept as an argon2id string only.
    pub hashed: bool,
    /// `distributable`: an entry that may travel to sites.
    pub distributable: bool,
    /// `stored`: state that is kept in the store and replicated (token entries, key versions), written by services only.
    pub stored: bool,
    /// `computed`: state that a provider makes up when it is read.
    pub computed: bool,
    /// `grants`: names of policies that whoever logs in by the entry around it gets.
    pub grants: bool,
    /// `public`: an operation that needs no token (log in, unseal).
    pub public: bool,
    /// `nacm:default-deny-write`: no default of NACM lets it be changed.
    pub default_deny_write: bool,
    /// `nacm:default-deny-all`: no default of NACM lets anything be done with it.
    pub default_deny_all: bool,
}

/// One node of the schema tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its own id.
    pub id: NodeId,
    /// Its name.
    pub name: Ident,
    /// The module whose namespace it is in (of the augmenting or using module, not of the grouping's).
    pub module: ModuleId,
    /// The nearest ancestor that can stand in instance data (or an rpc, action, input, output, notification); `ROOT` for
    /// top-level nodes. Choices and cases are skipped.
    pub parent: NodeId,
    /// The direct parent in the schema tree, choices and cases included.
    pub schema_parent: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// `config` (RFC 7950 section 7.21.1). False inside operations and notifications too.
    pub config: bool,
    /// `mandatory true` of a leaf, choice, anydata or anyxml.
    pub mandatory: bool,
    /// `status`.
    pub status: Status,
    /// Children that can stand in data below it (choices and cases looked through), actions and notifications; schema order.
    pub children: Vec<NodeId>,
    /// Direct children in the schema tree: choices and cases are not looked through.
    pub schema_children: Vec<NodeId>,
    /// Conditions that instances must fulfil.
    pub musts: Vec<Must>,
    /// Conditions on which the node exists, outermost first.
    pub whens: Vec<When>,
    /// Our extensions.
    pub extensions: Extensions,
    /// `description`, whole.
    pub description: Option<Ident>,
    /// `units`, own or of the type.
    pub units: Option<Ident>,
    /// `presence` text.
    pub presence: Option<Ident>,
    /// The label of the mount point that this container or list is (RFC 8528 section 3.1).
    pub mount_point: Option<Ident>,
}

impl Node {
    /// The type of a leaf or leaf-list.
    pub fn ty(&self) -> Option<&Arc<Type>> {
        match &self.kind {
            NodeKind::Leaf { ty, .. } | NodeKind::LeafList { ty, .. } => Some(ty),
            _ => None,
        }
    }

    /// The key leafs of a list; empty for everything else.
    pub fn keys(&self) -> &[NodeId] {
        match &self.kind {
            NodeKind::List { keys, .. } => keys,
            _ => &[],
        }
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.kind, NodeKind::List { .. })
    }

    /// Whether it is a leaf.
    pub fn is_leaf(&self) -> bool {
        matches!(self.kind, NodeKind::Leaf { .. })
    }

    /// Whether it is a key of a list.
    pub fn is_key(&self) -> bool {
        matches!(self.kind, NodeKind::Leaf { is_key: true, .. })
    }

    /// Whether it is a container without `presence`: it exists whenever its parent does.
    pub fn is_np_container(&self) -> bool {
        matches!(self.kind, NodeKind::Container { presence: false })
    }

    /// Whether instances of it can stand in a datastore.
    pub fn is_data(&self) -> bool {
        matches!(
            self.kind,
            NodeKind::Container { .. }
                | NodeKind::List { .. }
                | NodeKind::Leaf { .. }
                | NodeKind::LeafList { .. }
                | NodeKind::Anydata
                | NodeKind::Anyxml
        )
    }

    /// Whether it can be invoked.
    pub fn is_operation(&self) -> bool {
        matches!(self.kind, NodeKind::Rpc | NodeKind::Action)
    }

    /// Whether it is a notification.
    pub fn is_notification(&self) -> bool {
        matches!(self.kind, NodeKind::Notification)
    }

    /// List and leaf-list facts; `None` for other kinds.
    pub fn list_facts(&self) -> Option<&ListFacts> {
        match &self.kind {
            NodeKind::List { facts, .. } | NodeKind::LeafList { facts, .. } => Some(facts),
            _ => None,
        }
    }
}
