//! What there is to check, worked out once from the schema: which nodes carry constraints or lead to some, where
//! references point, and which constraints a change of a node can reach.
//!
//! Not here: data.

use std::borrow::Cow;
use std::sync::Arc;

use super::reach::{self, Reached};
use crate::base::hashed::{HashMap, HashSet};
use crate::data::xpath::reference::as_member;
use crate::yang::schema::types::{Leafref, Type, TypeKind};
use crate::yang::schema::xpath::Expr;
use crate::yang::schema::{Node, NodeId, NodeKind, Schema, Value};

/// Which instances there are to check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// What a datastore keeps: configuration and state that is `stored`.
    #[default]
    Kept,
    /// Configuration alone.
    Config,
    /// Everything that a document can hold: all state, and notifications.
    Everything,
}

/// The constraints of a schema. Shared by all tenants.
#[derive(Debug)]
pub struct Constraints {
    /// Which instances they are of. Operations are checked in every scope.
    scope: Scope,
    /// By node id: the children that are kept in trees and carry constraints or have some below them.
    pub(super) watched: Vec<Box<[NodeId]>>,
    /// By node id of a data parent: its mandatory choices, also those inside cases.
    pub(super) mandatory_choices: HashMap<NodeId, Vec<NodeId>>,
    /// Every reference that a leaf's type can make.
    pub(super) sites: Vec<Site>,
    /// Leafs and leaf-lists that refer, to their sites.
    pub(super) sites_of: HashMap<NodeId, Vec<usize>>,
    /// Leafs and leaf-lists that are referred to, to the sites that refer to them.
    pub(super) sites_to: HashMap<NodeId, Vec<usize>>,
    /// Sites of instance-identifiers that need their instance: it may be anything.
    pub(super) open_sites: Vec<usize>,
    /// Lists with `unique`, with the ids of their statements.
    pub(super) unique_of: HashMap<NodeId, Vec<usize>>,
    /// Every `unique` statement.
    pub(super) uniques: Vec<Unique>,
    /// What a change of a node can reach.
    pub(super) reached: HashMap<NodeId, Vec<Reached>>,
    /// What any change can reach: constraints that follow an instance-identifier.
    pub(super) reached_by_all: Vec<Reached>,
    /// By node id: the node or something below it is referred to, refers, is in a `unique`, or reaches constraints.
    pub(super) is_relevant: Vec<bool>,
    /// By node id: the node or something below it is referred to, refers, or is in a `unique`: an index has rows of it.
    pub(super) is_indexed: Vec<bool>,
}

/// One way in which a leaf can refer: its leafref or instance-identifier, or one of the members of its union.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The leaf or leaf-list that refers.
    pub leaf: NodeId,
    /// What it refers to; `None` for an instance-identifier.
    pub target: Option<Target>,
    /// The type of what it refers to, where the leaf has a union: its value may be that of another member.
    pub member: Option<Arc<Type>>,
}

impl Site {
    /// The leaf's value as this site has it; `None` where it cannot have it.
    pub(super) fn value<'v>(&self, schema: &Schema, value: &'v Value) -> Option<Cow<'v, Value>> {
        match &self.member {
            None => Some(Cow::Borrowed(value)),
            Some(member) => as_member(schema, self.leaf, member, value).map(Cow::Owned),
        }
    }
}

/// The target of a leafref.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The leaf or leaf-list that is referred to.
    pub node: NodeId,
    /// The node that referring and referred-to leaf are certain to share an instance of.
    pub anchor: NodeId,
    /// The values of the target are indexed: it is no key, and an equal value alone says that the target is there.
    pub is_indexed: bool,
}

/// One `unique` statement.
#[derive(Clone, Debug)]
pub(super) struct Unique {
    /// The list.
    pub list: NodeId,
    /// The leafs that must not be equal, taken together.
    pub leafs: Vec<NodeId>,
}

impl Constraints {
    /// Works the constraints of a schema out, for what a datastore keeps.
    pub fn new(schema: &Schema) -> Arc<Self> {
        Constraints::within(schema, Scope::Kept)
    }

    /// Works the constraints of a schema out.
    pub fn within(schema: &Schema, scope: Scope) -> Arc<Self> {
        let mut constraints = Constraints {
            scope,
            watched: Vec::new(),
            mandatory_choices: HashMap::default(),
            sites: Vec::new(),
            sites_of: HashMap::default(),
            sites_to: HashMap::default(),
            open_sites: Vec::new(),
            unique_of: HashMap::default(),
            uniques: Vec::new(),
            reached: HashMap::default(),
            reached_by_all: Vec::new(),
            is_relevant: Vec::new(),
            is_indexed: Vec::new(),
        };
        for (id, node) in schema.nodes().filter(|(id, _)| scope.checks(schema, *id)) {
            if let Some(ty) = node.ty() {
                constraints.add_sites(schema, id, ty, None);
            }
            if let NodeKind::List { unique, .. } = &node.kind {
                for leafs in unique {
                    constraints.unique_of.entry(id).or_default().push(constraints.uniques.len());
                    constraints.uniques.push(Unique { list: id, leafs: leafs.clone() });
                }
            }
        }
        for (id, node) in schema.nodes() {
            let is_mandatory_choice = matches!(node.kind, NodeKind::Choice { .. }) && node.mandatory;
            let parent = schema.node(node.parent);
            let is_checked = if node.config || scope.is_holder(schema, parent.id) {
                true
            } else if parent.config || parent.id == NodeId::ROOT {
                scope == Scope::Everything
            } else {
                scope.checks(schema, parent.id)
            };
            if is_mandatory_choice && is_checked {
                constraints.mandatory_choices.entry(node.parent).or_default().push(id);
            }
        }
        reach::analyse(schema, &mut constraints);
        constraints.mark(schema);
        Arc::new(constraints)
    }

    fn add_sites(&mut self, schema: &Schema, leaf: NodeId, ty: &Type, member: Option<&Arc<Type>>) {
        let member = member.cloned();
        match &ty.kind {
            TypeKind::Leafref(leafref) => {
                let target = self.target_of(schema, leaf, leafref);
                if self.keeps(schema, leaf) {
                    self.sites_to.entry(target.node).or_default().push(self.sites.len());
                }
                self.sites_of.entry(leaf).or_default().push(self.sites.len());
                self.sites.push(Site { leaf, target: Some(target), member });
            }
            TypeKind::InstanceIdentifier { require_instance } => {
                if *require_instance && self.keeps(schema, leaf) {
                    self.open_sites.push(self.sites.len());
                }
                self.sites_of.entry(leaf).or_default().push(self.sites.len());
                self.sites.push(Site { leaf, target: None, member });
            }
            TypeKind::Union { members } => {
                for member in members {
                    self.add_sites(schema, leaf, member, Some(member));
                }
            }
            _ => {}
        }
    }

    /// Fills the tables by node id, from the leafs up: ids of children are larger than their parents'.
    fn mark(&mut self, schema: &Schema) {
        let count = schema.nodes().count();
        let mut is_watched = vec![false; count];
        self.is_relevant = vec![false; count];
        self.is_indexed = vec![false; count];
        let in_unique: HashSet<NodeId> =
            self.uniques.iter().flat_map(|unique| &unique.leafs).copied().collect();
        self.watched = vec![Box::default(); count];
        let ids: Vec<NodeId> = schema.nodes().map(|(id, _)| id).collect();
        for id in ids.into_iter().rev() {
            let below: Vec<NodeId> = schema
                .children(id)
                .iter()
                .copied()
                .filter(|child| {
                    self.scope.checks(schema, *child) && is_watched.get(index(*child)) == Some(&true)
                })
                .collect();
            let own = self.is_constrained(schema, id) || self.mandatory_choices.contains_key(&id);
            let any_below = |flags: &[bool]| {
                schema.children(id).iter().any(|child| flags.get(index(*child)) == Some(&true))
            };
            let indexed = self.sites_of.contains_key(&id)
                || self.sites_to.contains_key(&id)
                || self.unique_of.contains_key(&id)
                || in_unique.contains(&id)
                || !self.open_sites.is_empty()
                || any_below(&self.is_indexed);
            let relevant = indexed || self.reached.contains_key(&id) || any_below(&self.is_relevant);
            if let (Some(watched), Some(slot), Some(is_relevant), Some(is_indexed)) = (
                is_watched.get_mut(index(id)),
                self.watched.get_mut(index(id)),
                self.is_relevant.get_mut(index(id)),
                self.is_indexed.get_mut(index(id)),
            ) {
                *watched = own || !below.is_empty();
                *slot = below.into_boxed_slice();
                *is_relevant = relevant;
                *is_indexed = indexed;
            }
        }
    }

    /// Whether instances of a node stand in the trees that are checked.
    pub(super) fn keeps(&self, schema: &Schema, id: NodeId) -> bool {
        self.scope.keeps(schema, id)
    }

    fn target_of(&self, schema: &Schema, leaf: NodeId, leafref: &Leafref) -> Target {
        let anchor = reach::anchor_of(schema, leaf, leafref);
        let Expr::Path(path) = &leafref.path.root else {
            return Target { node: leafref.target, anchor, is_indexed: false };
        };
        let has_predicates = path.steps.iter().any(|step| !step.predicates.is_empty());
        let is_key = schema.node(leafref.target).is_key();
        let is_found_by_key = is_key && schema.node(schema.node(leafref.target).parent).keys().len() == 1;
        let is_indexed = !has_predicates && !is_found_by_key && self.keeps(schema, leaf);
        Target { node: leafref.target, anchor, is_indexed }
    }

    fn is_constrained(&self, schema: &Schema, id: NodeId) -> bool {
        let node = schema.node(id);
        node.mandatory
            || !node.musts.is_empty()
            || !node.whens.is_empty()
            || self.sites_of.contains_key(&id)
            || self.unique_of.contains_key(&id)
            || node.list_facts().is_some_and(|facts| facts.min > 0 || facts.max.is_some())
    }
}

impl Scope {
    /// Whether instances of a node stand in trees.
    fn keeps(self, schema: &Schema, id: NodeId) -> bool {
        let node = schema.node(id);
        let lineage = || {
            let ids = std::iter::successors(Some(id), |id| Some(schema.node(*id).parent));
            ids.take_while(|id| *id != NodeId::ROOT).map(|id| schema.node(id))
        };
        match self {
            _ if !node.is_data() => false,
            _ if node.config => true,
            Scope::Config => false,
            Scope::Kept if node.extensions.computed => false,
            Scope::Kept => lineage().all(Node::is_data) && lineage().any(|node| node.extensions.stored),
            Scope::Everything => lineage().all(Node::is_data),
        }
    }

    /// Whether instances of a node are checked: those in trees, and what operations are called with and answer.
    fn checks(self, schema: &Schema, id: NodeId) -> bool {
        if self.keeps(schema, id) {
            return true;
        }
        let mut at = id;
        while at != NodeId::ROOT && schema.node(at).is_data() {
            at = schema.node(at).parent;
        }
        schema.node(id).is_data() && self.is_holder(schema, at)
    }

    /// Whether a node holds data apart from trees: the input or output of an operation, a notification.
    fn is_holder(self, schema: &Schema, id: NodeId) -> bool {
        match schema.node(id).kind {
            NodeKind::Input | NodeKind::Output => true,
            NodeKind::Notification => self == Scope::Everything,
            _ => false,
        }
    }
}

pub(super) fn index(id: NodeId) -> usize {
    id.0 as usize
}
