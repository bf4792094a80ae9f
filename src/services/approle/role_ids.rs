//! Which role has which id: made when a role has none, kept when a replacement leaves it out, and found by log ins.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use super::RoleName;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, List};
use crate::data::violation::Violation;
use crate::engine::{Commit, Observer, Prepare, PrepareContext, Snapshot};
use crate::yang::schema::{NodeId, Value};

/// Gives a role an id of its own.
pub struct OwnId(pub NodeId);

impl Prepare for OwnId {
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        if context.after.leaf(self.0).is_some() {
            return Ok(Vec::new());
        }
        let path = context.path.child(self.0);
        let id = match context.before.and_then(|before| before.leaf(self.0)) {
            Some(before) => before.clone(),
            None => Value::string(random_id().ok_or_else(|| {
                let message = "no random id could be made for the role";
                vec![Violation::new(ErrorTag::OperationFailed, path.clone(), message)]
            })?),
        };
        Ok(vec![Edit::new(path, EditOperation::Replace, Data::Leaf(id))])
    }
}

/// A random UUID (RFC 9562 section 5.4).
fn random_id() -> Option<String> {
    let bytes = Secret::random(16).ok()?;
    let bytes: [u8; 16] = bytes.expose().try_into().ok()?;
    Some(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
}

/// The roles by their ids.
#[derive(Debug)]
pub struct RoleIds {
    roles: InstancePath,
    role_id: NodeId,
    /// An id is one role's within a tenant; two tenants may have the same.
    known: RwLock<HashMap<Ident, BTreeMap<Ident, Ident>>>,
}

impl RoleIds {
    /// No role known.
    pub fn new(roles: InstancePath, role_id: NodeId) -> Arc<Self> {
        Arc::new(RoleIds { roles, role_id, known: RwLock::default() })
    }

    /// Takes in every role of a snapshot.
    pub fn load(&self, snapshot: &Snapshot) {
        for (tenant, data) in snapshot.tenants() {
            let entries = data.tree.list(&self.roles).map(|list| list.iter());
            for entry in entries.into_iter().flatten() {
                self.learn(tenant, entry);
            }
        }
    }

    /// The role that a log in means: of the tenant that it names; without one, of the default tenant if that has it,
    /// otherwise of the only tenant that has it. What is found may be gone by now; that is for the caller to see.
    pub fn find(&self, role_id: &str, tenant: Option<&Ident>, default: &Ident) -> Option<RoleName> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let by_tenant = known.get(role_id)?;
        let of = |tenant: &Ident| by_tenant.get(tenant).map(|name| (tenant.clone(), name.clone()));
        match tenant {
            Some(tenant) => of(tenant),
            None => of(default).or_else(|| {
                let mut all = by_tenant.iter();
                let (tenant, name) = all.next()?;
                all.next().is_none().then(|| (tenant.clone(), name.clone()))
            }),
        }
    }

    fn learn(&self, tenant: &Ident, role: &Container) {
        let Some((id, name)) = self.id_and_name(role) else { return };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(id).or_default().insert(tenant.clone(), name);
    }

    fn forget(&self, tenant: &Ident, role: &Container) {
        let Some((id, name)) = self.id_and_name(role) else { return };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Some(by_tenant) = known.get_mut(&id) else { return };
        if by_tenant.get(tenant) == Some(&name) {
            by_tenant.remove(tenant);
        }
        if by_tenant.is_empty() {
            known.remove(&id);
        }
    }

    fn id_and_name(&self, role: &Container) -> Option<(Ident, Ident)> {
        let id = role.leaf(self.role_id)?.to_string();
        let name = role.key_values(1).next()?.to_string();
        Some((Ident::from(id), Ident::from(name)))
    }

    /// Follows what a transaction did to one tenant's roles: the ids before are forgotten, those after learnt.
    fn follow(&self, before: Option<&List>, after: Option<&List>, tenant: &Ident, key: Option<&[Value]>) {
        let of = |list: Option<&List>| -> Vec<Arc<Container>> {
            match (list, key) {
                (None, _) => Vec::new(),
                (Some(list), Some(key)) => list.get(key).cloned().into_iter().collect(),
                (Some(list), None) => list.iter().cloned().collect(),
            }
        };
        of(before).iter().for_each(|role| self.forget(tenant, role));
        of(after).iter().for_each(|role| self.learn(tenant, role));
    }
}

impl Observer for RoleIds {
    fn committed(&self, commit: &Commit) {
        let list = |snapshot: &Snapshot, tenant: &Ident| {
            snapshot.tenant(tenant).and_then(|data| data.tree.list(&self.roles).cloned())
        };
        for part in commit.transactions.iter().flat_map(|transaction| &transaction.changes) {
            for change in part.changes.iter() {
                let inside = change.path.starts_with(&self.roles);
                if !inside && !self.roles.starts_with(&change.path) {
                    continue;
                }
                let step = self.roles.steps.len().checked_sub(1).and_then(|at| change.path.steps.get(at));
                let key = step.map(|step| step.keys.as_slice()).filter(|keys| inside && !keys.is_empty());
                let (before, after) = (list(&commit.before, &part.tenant), list(&commit.after, &part.tenant));
                self.follow(before.as_deref(), after.as_deref(), &part.tenant, key);
            }
        }
    }
}
