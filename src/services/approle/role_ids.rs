//! Which role has which id: made when a role has none, kept when a replacement leaves it out, and found by log ins.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use super::RoleName;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::data::violation::Violation;
use crate::engine::{Commit, Observer, Prepare, PrepareContext, Snapshot};
use crate::services::login::place::{Place, Places};
use crate::yang::schema::{Schema, Value};

/// Gives a role an id of its own.
pub struct OwnId;

impl Prepare for OwnId {
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        let Some(leaf) = context.schema.own_child(context.path.target(), "role-id") else {
            return Ok(Vec::new());
        };
        if context.after.leaf(leaf).is_some() {
            return Ok(Vec::new());
        }
        let path = context.path.child(leaf);
        let id = match context.before.and_then(|before| before.leaf(leaf)) {
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
    places: Places,
    /// An id is one role's within a place of a tenant; others may have the same.
    known: RwLock<HashMap<(Ident, Place), BTreeMap<Ident, Ident>>>,
}

impl RoleIds {
    /// No role known.
    pub fn new(places: Places) -> Arc<Self> {
        Arc::new(RoleIds { places, known: RwLock::default() })
    }

    /// Takes in every role of a snapshot.
    pub fn load(&self, snapshot: &Snapshot) {
        for (tenant, data) in snapshot.tenants() {
            for place in self.places.all(&data.tree) {
                let entries = data.tree.list(&self.places.list(&place)).map(|list| list.iter());
                for entry in entries.into_iter().flatten() {
                    self.learn(snapshot.schema(), tenant, &place, entry);
                }
            }
        }
    }

    /// The role that a log in at a place means: of the tenant that it names; without one, of the default tenant if that has
    /// it, otherwise of the only tenant that has it. What is found may be gone by now; that is for the caller to see.
    pub fn find(
        &self,
        role_id: &str,
        place: &Place,
        tenant: Option<&Ident>,
        default: &Ident,
    ) -> Option<RoleName> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let of = |tenant: &Ident| {
            let name = known.get(&(tenant.clone(), place.clone()))?.get(role_id)?;
            Some((tenant.clone(), place.clone(), name.clone()))
        };
        match tenant {
            Some(tenant) => of(tenant),
            None => of(default).or_else(|| {
                let mut all = known.keys().filter(|(_, at)| at == place).filter_map(|(tenant, _)| of(tenant));
                let found = all.next()?;
                all.next().is_none().then_some(found)
            }),
        }
    }

    fn learn(&self, schema: &Schema, tenant: &Ident, place: &Place, role: &Container) {
        let Some((id, name)) = id_and_name(schema, role) else { return };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry((tenant.clone(), place.clone())).or_default().insert(id, name);
    }

    fn forget(&self, schema: &Schema, tenant: &Ident, place: &Place, role: &Container) {
        let Some((id, name)) = id_and_name(schema, role) else { return };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let at = (tenant.clone(), place.clone());
        let Some(by_id) = known.get_mut(&at) else { return };
        if by_id.get(&id) == Some(&name) {
            by_id.remove(&id);
        }
        if by_id.is_empty() {
            known.remove(&at);
        }
    }

    /// Follows what a transaction did to the roles of one place: the ids before are forgotten, those after learnt.
    fn follow(&self, commit: &Commit, tenant: &Ident, place: &Place, key: Option<&[Value]>) {
        let list = self.places.list(place);
        let of = |snapshot: &Snapshot| -> Vec<Arc<Container>> {
            let roles = snapshot.tenant(tenant).and_then(|data| data.tree.list(&list));
            match (roles, key) {
                (None, _) => Vec::new(),
                (Some(roles), Some(key)) => roles.get(key).cloned().into_iter().collect(),
                (Some(roles), None) => roles.iter().cloned().collect(),
            }
        };
        let schema = commit.after.schema();
        of(&commit.before).iter().for_each(|role| self.forget(schema, tenant, place, role));
        of(&commit.after).iter().for_each(|role| self.learn(schema, tenant, place, role));
    }

    /// Whether a change is at, around or inside of a list of roles or the list of mounts: most are not.
    fn concerns(&self, change: &InstancePath) -> bool {
        let own = self.places.list(&Place::Tenant);
        let mut lists = [&own, self.places.mounts()].into_iter();
        lists.any(|list| change.starts_with(list) || list.starts_with(change))
    }

    /// The places that a change touches.
    fn touched(&self, commit: &Commit, tenant: &Ident, change: &InstancePath) -> BTreeSet<Place> {
        let mounts = self.places.mounts();
        if change.starts_with(mounts)
            && let place @ Place::Mount(_) = self.places.of(change)
        {
            return BTreeSet::from([place]);
        }
        let is_above = mounts.starts_with(change) || change.starts_with(mounts);
        let trees = [&commit.before, &commit.after].into_iter().filter(|_| is_above);
        let trees = trees.filter_map(|snapshot| snapshot.tenant(tenant)).map(|data| &data.tree);
        let mut places: BTreeSet<Place> = trees.flat_map(|tree| self.places.all(tree)).collect();
        places.insert(Place::Tenant);
        places
    }
}

fn id_and_name(schema: &Schema, role: &Container) -> Option<(Ident, Ident)> {
    let id = role.leaf(schema.own_child(role.node, "role-id")?)?.to_string();
    let name = role.key_values(1).next()?.to_string();
    Some((Ident::from(id), Ident::from(name)))
}

impl Observer for RoleIds {
    fn committed(&self, commit: &Commit) {
        for part in commit.transactions.iter().flat_map(|transaction| &transaction.changes) {
            for change in part.changes.iter().filter(|change| self.concerns(&change.path)) {
                for place in self.touched(commit, &part.tenant, &change.path) {
                    let roles = self.places.list(&place);
                    let inside = change.path.starts_with(&roles);
                    if !inside && !roles.starts_with(&change.path) {
                        continue;
                    }
                    let step = roles.steps.len().checked_sub(1).and_then(|at| change.path.steps.get(at));
                    let key = step.map(|step| step.keys.as_slice()).filter(|keys| inside && !keys.is_empty());
                    self.follow(commit, &part.tenant, &place, key);
                }
            }
        }
    }
}
