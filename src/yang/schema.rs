//! The compiled schema: an immutable arena of nodes addressed by [`NodeId`], made once at boot.
//!
//! Everything that a request needs is bound here: types with their restrictions, defaults as values, `must`, `when`
//! and leafref paths as XPath over node ids. Nothing looks a name up by string on a hot path.

pub mod compile;
mod content;
pub mod node;
pub mod types;
pub mod value;
pub mod xpath;

use std::sync::{Arc, OnceLock};

use crate::base::hashed::HashMap;
use crate::base::ident::Ident;
pub use compile::compile;
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
    /// Its submodules.
    pub submodules: Vec<Submodule>,
    /// Names of modules that deviate this one.
    pub deviated_by: Vec<Ident>,
    /// The YANG text of the module as it was read.
    pub text: Arc<str>,
    /// SHA-256 over the texts of the module and its submodules.
    pub digest: [u8; 32],
}

/// What is known of a submodule of a compiled module.
#[derive(Clone, Debug)]
pub struct Submodule {
    /// Its name.
    pub name: Ident,
    /// Latest revision date, if it has one.
    pub revision: Option<Ident>,
    /// Its YANG text as it was read.
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

impl Identity {
    /// Whether it is derived from all of these.
    pub fn is_derived_from(&self, bases: &[IdentityId]) -> bool {
        bases.iter().all(|base| self.ancestors.binary_search(base).is_ok())
    }
}

/// Data that stands in no datastore: a template made with `rc:yang-data` (RFC 8040 section 8) or a structure (RFC 8791).
#[derive(Clone, Debug)]
pub struct Structure {
    /// The module that defines it.
    pub module: ModuleId,
    /// Its name. The data of a structure is a container of that name; that of a template is what the template holds.
    pub name: Ident,
    /// The root of its nodes, of kind [`NodeKind::Structure`]: such data is decoded and checked as a tree whose root is
    /// this node instead of [`NodeId::ROOT`].
    pub root: NodeId,
    /// It was made with `rc:yang-data`.
    pub is_template: bool,
}

/// Metadata that instances can carry (RFC 7952).
#[derive(Clone, Debug)]
pub struct Annotation {
    /// The module that defines it.
    pub module: ModuleId,
    /// Its name.
    pub name: Ident,
    /// The type of its values.
    pub ty: Arc<Type>,
    /// `units`, own or of the type.
    pub units: Option<Ident>,
}

/// The compiled modules.
#[derive(Debug)]
pub struct Schema {
    pub(crate) modules: Vec<Module>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) identities: Vec<Identity>,
    /// By node: its children's names with their ids, sorted by name; choices and cases are looked through.
    pub(crate) child_names: Vec<Box<[(Ident, NodeId)]>>,
    /// Nodes that share their name with a sibling of another module, sorted; nearly always none.
    pub(crate) ambiguous: Vec<NodeId>,
    /// By node: it is a secret, or something below it is.
    pub(crate) secrets: Vec<bool>,
    /// By node: state can stand below it, though it is none itself.
    pub(crate) state_below: Vec<bool>,
    /// By node, what [`Schema::member`] answers; made when it is first asked.
    members: OnceLock<Vec<Box<[u8]>>>,
    /// By node, what [`Schema::has_conditional_default_below`] answers; made when it is first asked.
    conditional_defaults: OnceLock<Vec<bool>>,
    /// Modules by name.
    pub(crate) module_names: HashMap<Ident, ModuleId>,
    /// Identities by name.
    pub(crate) identity_names: HashMap<Ident, Vec<IdentityId>>,
    /// Data outside of datastores.
    pub(crate) structures: Vec<Structure>,
    /// Metadata that instances can carry.
    pub(crate) annotations: Vec<Annotation>,
}

impl Schema {
    /// A schema of these nodes, without constraints.
    pub(crate) fn new(modules: Vec<Module>, nodes: Vec<Node>, identities: Vec<Identity>) -> Self {
        let mut schema = Schema {
            modules,
            nodes,
            identities,
            child_names: Vec::new(),
            ambiguous: Vec::new(),
            secrets: Vec::new(),
            state_below: Vec::new(),
            members: OnceLock::new(),
            conditional_defaults: OnceLock::new(),
            module_names: HashMap::default(),
            identity_names: HashMap::default(),
            structures: Vec::new(),
            annotations: Vec::new(),
        };
        schema.index();
        schema
    }

    /// Fills the look-up tables by name.
    pub(crate) fn index(&mut self) {
        let names_of = |node: &Node| {
            let mut names: Vec<(Ident, NodeId)> =
                node.children.iter().map(|id| (self.node(*id).name.clone(), *id)).collect();
            names.sort();
            names.into_boxed_slice()
        };
        self.child_names = self.nodes.iter().map(names_of).collect();
        let same_names = self.child_names.iter().flat_map(|names| {
            names
                .windows(2)
                .filter(|pair| pair.first().map(|one| &one.0) == pair.last().map(|other| &other.0))
        });
        self.ambiguous = same_names.flatten().map(|(_, id)| *id).collect();
        self.ambiguous.sort_unstable();
        self.secrets =
            self.nodes.iter().map(|node| node.extensions.secret || node.extensions.hashed).collect();
        // Parents have smaller ids than their children.
        for node in self.nodes.iter().rev() {
            if self.secrets.get(node.id.0 as usize) == Some(&true)
                && let Some(parent) = self.secrets.get_mut(node.parent.0 as usize)
            {
                *parent = true;
            }
        }
        self.state_below = vec![false; self.nodes.len()];
        for node in self.nodes.iter().rev().filter(|node| node.is_data()) {
            let is_state = !node.config || self.has_state_below(node.id);
            if let Some(parent) = self.state_below.get_mut(node.parent.0 as usize).filter(|_| is_state) {
                *parent = true;
            }
        }
        self.module_names = HashMap::default();
        for (module, index) in self.modules.iter().zip(0_u16..) {
            let known = self.module_names.entry(module.name.clone()).or_insert(ModuleId(index));
            if module.implemented {
                *known = ModuleId(index);
            }
        }
        self.identity_names = HashMap::default();
        for (identity, index) in self.identities.iter().zip(0_u32..) {
            self.identity_names.entry(identity.name.clone()).or_default().push(IdentityId(index));
        }
    }

    /// The node behind an id. Ids come from this schema only, so this does not fail.
    #[inline]
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

    /// The id of the module of that name; of several revisions, of the implemented one.
    pub fn module_by_name(&self, name: &str) -> Option<ModuleId> {
        self.module_names.get(name).copied()
    }

    /// The identity behind an id.
    pub fn identity(&self, id: IdentityId) -> &Identity {
        &self.identities[id.0 as usize]
    }

    /// All identities, in the order of their ids.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Whether an identity is a value of leafs with these bases: it is derived from all of them, and its module is
    /// implemented (RFC 7950 section 9.10.2).
    pub fn is_value(&self, identity: &Identity, bases: &[IdentityId]) -> bool {
        self.module(identity.module).implemented && identity.is_derived_from(bases)
    }

    /// All nodes, in the order of their ids.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        (0_u32..).map(NodeId).zip(&self.nodes)
    }

    /// The templates and structures of all implemented modules.
    pub fn structures(&self) -> &[Structure] {
        &self.structures
    }

    /// The template or structure of that name.
    pub fn structure(&self, module: ModuleId, name: &str) -> Option<&Structure> {
        self.structures.iter().find(|structure| structure.module == module && structure.name == *name)
    }

    /// The annotations that the implemented modules define.
    pub fn annotations(&self) -> &[Annotation] {
        &self.annotations
    }

    /// The annotation of that name.
    pub fn annotation(&self, module: ModuleId, name: &str) -> Option<&Annotation> {
        self.annotations.iter().find(|annotation| annotation.module == module && annotation.name == *name)
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
        let mut matching = self
            .children_named(parent, name)
            .iter()
            .map(|(_, id)| *id)
            .filter(|id| module.is_none_or(|wanted| self.node(*id).module == wanted));
        match (matching.next(), matching.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(ChildError::Unknown),
            (Some(first), Some(second)) => {
                Err(ChildError::Ambiguous([first, second].into_iter().chain(matching).collect()))
            }
        }
    }

    /// The child that a name without a module means below a node that is known: that of the module of this node where it has
    /// one (RFC 7951 section 4), otherwise the only one. So what other modules add changes nothing of what a name means.
    ///
    /// # Errors
    /// As [`Schema::child`].
    pub fn child_meant(&self, parent: NodeId, name: &str) -> Result<NodeId, ChildError> {
        if parent != NodeId::ROOT
            && let Ok(own) = self.child(parent, Some(self.node(parent).module), name)
        {
            return Ok(own);
        }
        self.child(parent, None, name)
    }

    /// The child of that name; where several modules define one, the one of the module that was loaded first. So the
    /// product's own code names its nodes: its modules are loaded before any that a user adds beside them.
    pub fn own_child(&self, parent: NodeId, name: &str) -> Option<NodeId> {
        self.children_named(parent, name).iter().map(|(_, id)| *id).min_by_key(|id| self.node(*id).module)
    }

    /// Whether a sibling of a module that was loaded earlier has the same name.
    pub fn is_overshadowed(&self, id: NodeId) -> bool {
        self.is_ambiguous(id) && self.own_child(self.node(id).parent, &self.node(id).name) != Some(id)
    }

    /// Whether a sibling of another module has the same name, so that the bare name does not say which is meant.
    #[inline]
    pub fn is_ambiguous(&self, id: NodeId) -> bool {
        self.ambiguous.binary_search(&id).is_ok()
    }

    /// Whether a node is a secret, or something below it is.
    pub fn holds_secret(&self, id: NodeId) -> bool {
        self.secrets.get(id.0 as usize) != Some(&false)
    }

    /// The name of a node as a member of a JSON object, with the comma before it and the colon behind it: `,"name":`.
    #[inline]
    pub fn member(&self, id: NodeId) -> &[u8] {
        let member = |node: &Node| [b",\"", node.name.as_bytes(), b"\":"].concat().into_boxed_slice();
        let members = self.members.get_or_init(|| self.nodes.iter().map(member).collect());
        members.get(id.0 as usize).map_or(&[], |member| member)
    }

    /// Whether state can stand somewhere below a node.
    pub fn has_state_below(&self, id: NodeId) -> bool {
        self.state_below.get(id.0 as usize) == Some(&true)
    }

    /// Whether a default below a node is in use only on a condition (`when`), which may look at any other data.
    pub fn has_conditional_default_below(&self, id: NodeId) -> bool {
        let known = self.conditional_defaults.get_or_init(|| {
            let mut defaults = vec![false; self.nodes.len()];
            let mut below = vec![false; self.nodes.len()];
            let mark = |marks: &mut [bool], id: NodeId| marks.get_mut(id.0 as usize).map(|mark| *mark = true);
            // Parents have smaller ids than their children.
            for node in self.nodes.iter().rev().filter(|node| node.is_data()) {
                let at = node.id.0 as usize;
                let has_default = match &node.kind {
                    NodeKind::Leaf { default, .. } => default.is_some(),
                    NodeKind::LeafList { defaults, .. } => !defaults.is_empty(),
                    _ => node.is_np_container() && defaults.get(at) == Some(&true),
                };
                if has_default {
                    mark(&mut defaults, node.parent);
                }
                if below.get(at) == Some(&true) || has_default && !node.whens.is_empty() {
                    mark(&mut below, node.parent);
                }
            }
            below
        });
        known.get(id.0 as usize) == Some(&true)
    }

    /// The children of that name, one per module that defines one, with their names.
    pub(crate) fn children_named(&self, parent: NodeId, name: &str) -> &[(Ident, NodeId)] {
        let names = self.child_names.get(parent.0 as usize).map_or(&[][..], |names| names);
        let start = names.partition_point(|(known, _)| known.as_str() < name);
        let rest = names.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|(known, _)| *known == *name).count();
        rest.get(..count).unwrap_or_default()
    }

    /// The identity of that name in a module.
    pub fn identity_by_name(&self, module: ModuleId, name: &str) -> Option<IdentityId> {
        self.identities_named(name).iter().copied().find(|id| self.identity(*id).module == module)
    }

    /// The identities of that name in all modules.
    pub fn identities_named(&self, name: &str) -> &[IdentityId] {
        self.identity_names.get(name).map_or(&[], Vec::as_slice)
    }

    /// The schema path of a node for messages: `/strongbox/jwt-issuers/roles/max-ttl`; a module name stands where it
    /// differs from the parent's and the bare name is ambiguous.
    pub fn path(&self, id: NodeId) -> String {
        let is_root = |id: NodeId| matches!(self.node(id).kind, NodeKind::Root | NodeKind::Structure);
        if is_root(id) {
            return "/".to_owned();
        }
        let mut names = Vec::new();
        let mut at = id;
        while !is_root(at) {
            let node = self.node(at);
            names.push(node.name.as_str());
            at = node.parent;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }

    /// Finds a node by data path of names, as services name theirs: `/strongbox/jwt-issuers/roles/mint`. A name may be
    /// written `module:name`; without a module it is found as by [`Schema::own_child`].
    pub fn find(&self, path: &str) -> Option<NodeId> {
        let mut at = NodeId::ROOT;
        for step in path.split('/').filter(|step| !step.is_empty()) {
            at = match step.split_once(':') {
                Some((module, name)) => self.child(at, Some(self.module_by_name(module)?), name).ok()?,
                None => self.own_child(at, step)?,
            };
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
