//! No way round the policies by way of log in: who writes a user, a role or a policy gets by that no authority that it
//! does not have.
//!
//! Leaf-lists that hand out policies are marked in the model (`grants`). Whoever changes anything in an entry around one
//! could log in by it afterwards (a new password is as good as a new policy), so every policy that the entry hands out
//! afterwards must be one that the author holds, or one that allows nothing that the author may not do. The same goes for
//! a policy that is written. The holder of `root` may do everything.

use std::collections::HashSet;
use std::sync::Arc;

use super::acl::{self, Acl};
use super::book::PolicyBook;
use super::compile::Segment;
use super::cover::covers;
use super::policy::{DEFAULT, Policy, ROOT};
use super::prune::walk_to;
use crate::access::identity::model::IdentityModel;
use crate::access::identity::reach::handed_out;
use crate::access::model::Model;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::data::diff::{Change, ChangeKind};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, Found, Tree};
use crate::data::violation::Violation;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// Which nodes of a schema hand out policies, or have one below that does.
#[derive(Clone, Debug)]
pub struct Granting {
    /// One bit a node.
    leads: Arc<[bool]>,
    policies: InstancePath,
    nacm: InstancePath,
    identity: IdentityModel,
}

/// What an author may hand out.
#[derive(Clone, Debug)]
pub struct Author {
    /// The policies that it holds.
    pub holds: Vec<Ident>,
    /// The policies of its tenant.
    pub book: Arc<PolicyBook>,
}

impl Granting {
    /// Reads the marks of a schema. `model` is where policies are, `identity` where those are who have some by being in a
    /// group.
    pub fn new(schema: &Schema, model: &Model, identity: IdentityModel) -> Self {
        let (policies, nacm) = (model.policies.clone(), model.nacm.clone());
        let count = schema.nodes().map(|(id, _)| id.0 as usize + 1).max().unwrap_or(0);
        let mut leads = vec![false; count];
        for (id, _) in schema.nodes().filter(|(_, node)| node.extensions.grants) {
            let mut at = id;
            while at != NodeId::ROOT {
                if let Some(mark) = leads.get_mut(at.0 as usize) {
                    *mark = true;
                }
                at = schema.node(at).parent;
            }
        }
        Granting { leads: leads.into(), policies, nacm, identity }
    }

    fn leads(&self, node: NodeId) -> bool {
        self.leads.get(node.0 as usize).copied().unwrap_or(false)
    }

    /// Holds the changes of a transaction against what its author may hand out.
    ///
    /// # Errors
    /// A violation with `access-denied` for each policy that it may not hand out or write, and where.
    pub fn check(
        &self,
        schema: &Schema,
        author: &Author,
        after: &Tree,
        changes: &[Change],
    ) -> Vec<Violation> {
        if author.holds.iter().any(|name| *name == ROOT) {
            return Vec::new();
        }
        if let Some(refused) = self.check_nacm(author, changes) {
            return vec![refused];
        }
        let concerned: HashSet<InstancePath> =
            changes.iter().filter_map(|change| self.concerned(schema, change)).collect();
        let mut refused = Vec::new();
        for path in &concerned {
            let mut walk = Walk { schema, granting: self, author, after, refused: &mut refused };
            match after.get(path) {
                Some(Found::Node(data)) => walk.data(path, data),
                Some(Found::Entry(entry)) => walk.container(path, entry),
                Some(Found::Value(_)) | None => {}
            }
        }
        let handed_out = handed_out(&self.identity, after, changes);
        let mut walk = Walk { schema, granting: self, author, after, refused: &mut refused };
        for (path, name) in
            handed_out.iter().filter(|(path, _)| !concerned.iter().any(|seen| path.starts_with(seen)))
        {
            walk.hand_out(path, name);
        }
        refused
    }

    /// The rules of NACM can come to anything, so they are written by who may do everything.
    fn check_nacm(&self, author: &Author, changes: &[Change]) -> Option<Violation> {
        let touches = |change: &&Change| {
            change.path.starts_with(&self.nacm)
                || self.nacm.starts_with(&change.path) && change.kind != ChangeKind::Changed
        };
        let change = changes.iter().find(touches)?;
        let held: Vec<&Policy> = author.holds.iter().filter_map(|name| author.book.source(name)).collect();
        (!covers(&held, &everything())).then(|| {
            let message = "the rules of NACM can be written only by who may do everything";
            Violation::new(ErrorTag::AccessDenied, change.path.clone(), message)
        })
    }

    /// What is to be looked at because of a change: the innermost entry around it that hands out policies; where there is
    /// none, what came by it. And the policy that it is a part of.
    fn concerned(&self, schema: &Schema, change: &Change) -> Option<InstancePath> {
        let steps = &change.path.steps;
        let policy = self.policies.steps.len();
        if change.path.starts_with(&self.policies) || self.policies.starts_with(&change.path) {
            let entry = steps.get(..policy).unwrap_or(steps).to_vec();
            return Some(InstancePath { steps: entry });
        }
        let first = steps.first()?;
        if !self.leads(first.node) {
            return None;
        }
        let innermost = steps.iter().rposition(|step| {
            matches!(schema.node(step.node).kind, NodeKind::List { .. })
                && !step.keys.is_empty()
                && self.leads(step.node)
        });
        match innermost {
            Some(at) => Some(InstancePath { steps: steps.get(..=at)?.to_vec() }),
            None if change.kind == ChangeKind::Deleted => None,
            None => self.leads(change.path.target()).then(|| change.path.clone()),
        }
    }
}

/// Goes through what may hand out policies.
struct Walk<'a> {
    schema: &'a Schema,
    granting: &'a Granting,
    author: &'a Author,
    after: &'a Tree,
    refused: &'a mut Vec<Violation>,
}

impl Walk<'_> {
    fn data(&mut self, path: &InstancePath, data: &Data) {
        match data {
            Data::Container(container) => self.container(path, container),
            Data::List(list) => {
                for entry in list.iter() {
                    self.container(&path.entry(entry.key(self.schema)), entry);
                }
            }
            Data::LeafList(names) if self.schema.node(path.target()).extensions.grants => {
                for name in names.iter() {
                    self.hand_out(path, &Ident::from(name.to_string()));
                }
            }
            Data::LeafList(_) | Data::Leaf(_) | Data::Any(_) => {}
        }
    }

    fn container(&mut self, path: &InstancePath, container: &Arc<Container>) {
        if container.node == self.granting.policies.target() {
            return self.policy(path, container);
        }
        let leads_to_policies = self.granting.policies.starts_with(path);
        for (id, data) in container.children() {
            let to_policies = leads_to_policies && self.granting.policies.starts_with(&path.child(*id));
            if to_policies || self.granting.leads(*id) {
                self.data(&path.child(*id), data);
            }
        }
    }

    fn hand_out(&mut self, path: &InstancePath, name: &Ident) {
        if *name == DEFAULT || self.author.holds.contains(name) {
            return;
        }
        let may = *name != ROOT
            && match self.written(name) {
                Some(policy) => self.covers(&policy),
                // Nobody knows what it will allow.
                None => self.covers(&everything()),
            };
        if !may {
            let which =
                if self.is_seen(path) { format!("the policy '{name}'") } else { "a policy".to_owned() };
            let message = format!(
                "{which} can be handed out only by who holds it, or may do all that it allows; \
                 who changes an entry hands out all of its policies"
            );
            self.refused.push(Violation::new(ErrorTag::AccessDenied, path.clone(), message));
        }
    }

    /// Whether the author may read a leaf-list; if not, it is not told what is in it.
    fn is_seen(&self, path: &InstancePath) -> bool {
        let authority = self.author.book.authority(&self.author.holds);
        let walk = walk_to(&authority, &path.parent().unwrap_or_default());
        let leaf = path.target();
        !walk.hidden().contains(leaf) && walk.enter(Segment::Name(leaf)).is_allowed()
    }

    fn policy(&mut self, path: &InstancePath, entry: &Container) {
        // What cannot be read grants nothing, and is refused by validation.
        let Ok(policy) = from_data::<Policy>(self.schema, entry) else { return };
        if !self.covers(&policy) {
            let message = "a policy can be written only by who may do all that it allows";
            self.refused.push(Violation::new(ErrorTag::AccessDenied, path.clone(), message));
        }
    }

    /// A policy as it will be.
    fn written(&self, name: &Ident) -> Option<Policy> {
        let path = self.granting.policies.entry([crate::yang::schema::Value::string(name.as_str())]);
        from_data(self.schema, self.after.entry(&path)?).ok()
    }

    fn covers(&self, policy: &Policy) -> bool {
        let held: Vec<&Policy> =
            self.author.holds.iter().filter_map(|name| self.author.book.source(name)).collect();
        let acls: Vec<&Acl> = self
            .author
            .holds
            .iter()
            .filter_map(|name| self.author.book.get(name))
            .map(|policy| &policy.acl)
            .collect();
        let over_paths = match policy.vault.policy.as_deref().map(acl::parse::parse) {
            Some(Ok(wanted)) => acl::cover::covers(&acls, &wanted),
            // It grants nothing.
            Some(Err(_)) | None => true,
        };
        over_paths && covers(&held, policy)
    }
}

fn everything() -> Policy {
    let [root, _] = super::policy::built_in();
    root
}
