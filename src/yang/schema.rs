//! The compiled schema: an immutable arena of nodes addressed by [`NodeId`], made once at boot.
//!
//! Everything that a request needs is bound here: types with their restrictions, defaults as values, `must`, `when`
//! and leafref paths as XPath over node ids. Nothing looks a name up by string on a hot path.

pub mod node;
pub mod types;
pub mod value;
pub mod xpath;

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::ident::Ident;
pub use node::{Extensions, ListFacts, Must, Node, NodeKind, Status, When};
pub use types::Type;
pub use value::Value;

/// Index of a node in [`Schema`]. Ids follow schema order: a parent's id is smaller than its children's, and siblings
/// are numbered in the order in which they are to be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The virtual root of all data: parent of every top-level node, rpc and notification.
    pub const ROOT: NodeId = NodeId(0);
}

/// Index of a module in [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u16);

/// Index of an identity in [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityId(pub u32);

/// What is known of a compiled module.
#[derive(Clone, Debug)]
pub struct Module {
    /// Module name.
    pub name: Ident,
    /// Latest revision date, if it has one.
    pub revision: Option<Ident>,
    /// XML namespace.
    pub namespace: Ident,
    /// Its own prefix.
    pub prefix: Ident,
    /// False where it was only imported (RFC 7950 section 5.6.5): its data nodes are not part of the schema.
    pub implemented: bool,
    /// Names of the features that are on.
    pub features: Vec<Ident>,
    /// Submodule names and revisions.
    pub submodules: Vec<(Ident, Option<Ident>)>,
    /// Names of modules that deviate this one.
    pub deviated_by: Vec<Ident>,
    /// The YANG text of the module as it was read.
    pub text: Arc<str>,
}

/// An identity with everything that is derived from it (RFC 7950 section 7.18).
#[derive(Clone, Debug)]
pub struct Identity {
    /// Module that defines it.
    pub module: ModuleId,
    /// Its name.
    pub name: Ident,
    /// Direct bases.
    pub bases: Vec<IdentityId>,
    /// Every identity from which this one is derived, directly or not; without itself; sorted.
    pub ancestors: Vec<IdentityId>,
}

/// The compiled modules.
#[derive(Debug)]
pub struct Schema {
    pub(crate) modules: Vec<Module>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) identities: Vec<Identity>,
    /// (parent data node, name) to the children of that name, one per module; choices and cases are looked through.
    pub(crate) children_by_name: HashMap<(NodeId, Ident), Vec<NodeId>>,
    /// Constraints by the schema node whose change may alter their outcome; see [`xpath::Dependency`].
    pub(crate) dependents: HashMap<NodeId, Vec<xpath::Dependent>>,
}

impl Schema {
    /// The node behind an id. Ids come from this schema only, so this does not fail.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The module behind an id.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// All modules, in the order of their ids.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The id of the module of that name.
    pub fn module_by_name(&self, name: &str) -> Option<ModuleId> {
        let index = self.modules.iter().position(|module| module.name == name)?;
        u16::try_from(index).ok().map(ModuleId)
    }

    /// The identity behind an id.
    pub fn identity(&self, id: IdentityId) -> &Identity {
        &self.identities[id.0 as usize]
    }

    /// All identities, in the order of their ids.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// All nodes, in the order of their ids.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        (0_u32..).map(NodeId).zip(&self.nodes)
    }

    /// The data children (and actions, notifications) of a node, looking through choices and cases, in schema order.
    pub fn children(&self, parent: NodeId) -> &[NodeId] {
        &self.node(parent).children
    }

    /// The child of that name. `module` decides where modules define the same name under one parent; without it the
    /// name must be unambiguous.
    ///
    /// # Errors
    /// [`ChildError::Unknown`] when there is no such child, [`ChildError::Ambiguous`] when several modules define it.
    pub fn child(&self, parent: NodeId, module: Option<ModuleId>, name: &str) -> Result<NodeId, ChildError> {
        let found = self.children_by_name.get(&(parent, Ident::from(name))).map_or(&[][..], Vec::as_slice);
        let mut matching =
            found.iter().filter(|id| module.is_none_or(|wanted| self.node(**id).module == wanted));
        match (matching.next(), matching.next()) {
            (Some(only), None) => Ok(*only),
            (None, _) => Err(ChildError::Unknown),
            (Some(_), Some(_)) => Err(ChildError::Ambiguous(found.to_vec())),
        }
    }

    /// The schema path of a node for messages: `/strongbox/jwt-issuers/roles/max-ttl`; a module name stands where it
    /// differs from the parent's and the bare name is ambiguous.
    pub fn path(&self, id: NodeId) -> String {
        if id == NodeId::ROOT {
            return "/".to_owned();
        }
        let mut names = Vec::new();
        let mut at = id;
        while at != NodeId::ROOT {
            let node = self.node(at);
            names.push(node.name.as_str());
            at = node.parent;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }

    /// Finds a node by data path of names, as services name theirs: `/strongbox/jwt-issuers/roles/mint`. A name may be
    /// written `module:name`.
    pub fn find(&self, path: &str) -> Option<NodeId> {
        let mut at = NodeId::ROOT;
        for step in path.split('/').filter(|step| !step.is_empty()) {
            let (module, name) = match step.split_once(':') {
                Some((module, name)) => (Some(self.module_by_name(module)?), name),
                None => (None, step),
            };
            at = self.child(at, module, name).ok()?;
        }
        Some(at)
    }
}

/// Why [`Schema::child`] found no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildError {
    /// No module defines such a child here.
    Unknown,
    /// Several modules do; the name must be qualified.
    Ambiguous(Vec<NodeId>),
}
