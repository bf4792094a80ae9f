//! Who stands behind tokens: entities, what they are called where they log in, and the groups that they are in.
//!
//! Reads only, as of a snapshot. What a log in changes, and what administrators ask for, is the business of the services;
//! what follows for a decision is worked out here, when a request comes, and kept until an identity changes.

pub mod directory;
pub mod model;
pub mod reach;
pub mod variable;

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;

use self::directory::Directory;
use self::model::IdentityModel;
use super::authorize::policy::ROOT;
use crate::base::hashed::SharedHashMap;
use crate::base::ident::Ident;
use crate::data::tree::Container;
use crate::engine::snapshot::Snapshot;
use crate::yang::schema::Value;

/// How many entities' standings are kept.
const KEPT: usize = 65_536;

/// What entities come to, worked out when a token of theirs is used. Look-ups take no lock.
#[derive(Debug)]
pub struct Identities {
    model: IdentityModel,
    /// By entity. Should two tenants have one of the same id, the last that was asked about is kept.
    kept: ArcSwap<SharedHashMap<Ident, Arc<Kept>>>,
}

/// What was worked out, and from which identities.
#[derive(Debug)]
struct Kept {
    /// Only to be compared: weak, so that no old version of the data lives on because of it, and its address is not
    /// used again.
    from: Weak<Container>,
    standing: Arc<Standing>,
}

/// What an entity comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The entity: of one that was merged into another, that other.
    pub entity: Ident,
    /// Whether there is such an entity, and it may act.
    pub state: EntityState,
    /// The policies of the entity and of its groups, each once, in the order of names. Never `root`.
    pub policies: Vec<Ident>,
    /// The names of its groups, in their order.
    pub groups: Vec<Ident>,
}

/// Whether an entity may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityState {
    /// It may.
    Active,
    /// An administrator disabled it.
    Disabled,
    /// There is none of that id.
    Gone,
}

impl Identities {
    /// Nothing worked out yet.
    pub fn new(model: IdentityModel) -> Self {
        Identities { model, kept: ArcSwap::default() }
    }

    /// Where identities are in the model.
    pub fn model(&self) -> &IdentityModel {
        &self.model
    }

    /// The identities of a tenant; `None` when there is no such tenant.
    pub fn directory<'a>(&'a self, snapshot: &'a Snapshot, tenant: &str) -> Option<Directory<'a>> {
        let data = snapshot.tenant(tenant)?;
        Some(Directory { model: &self.model, schema: snapshot.schema(), data })
    }

    /// What an entity comes to, as of a snapshot.
    pub fn standing(&self, snapshot: &Snapshot, tenant: &Ident, entity: &Ident) -> Arc<Standing> {
        let now = snapshot.tenant(tenant).and_then(|data| data.tree.entry(&self.model.top));
        if let (Some(now), Some(kept)) = (now, self.kept.load().get(entity))
            && std::ptr::eq(kept.from.as_ptr(), Arc::as_ptr(now))
        {
            return Arc::clone(&kept.standing);
        }
        let standing = Arc::new(match self.directory(snapshot, tenant) {
            Some(directory) => standing(&directory, entity),
            None => Standing {
                entity: entity.clone(),
                state: EntityState::Gone,
                policies: Vec::new(),
                groups: Vec::new(),
            },
        });
        if let Some(now) = now {
            let kept = Arc::new(Kept { from: Arc::downgrade(now), standing: Arc::clone(&standing) });
            self.kept.rcu(|all| {
                let mut next =
                    if all.len() >= KEPT { SharedHashMap::default() } else { SharedHashMap::clone(all) };
                next.insert(entity.clone(), Arc::clone(&kept));
                next
            });
        }
        standing
    }
}

fn standing(directory: &Directory<'_>, id: &Ident) -> Standing {
    let Some((entity, entry)) = directory.resolve(id) else {
        return Standing {
            entity: id.clone(),
            state: EntityState::Gone,
            policies: Vec::new(),
            groups: Vec::new(),
        };
    };
    let model = directory.model;
    if entry.leaf(model.entity_disabled) == Some(&Value::Bool(true)) {
        return Standing { entity, state: EntityState::Disabled, policies: Vec::new(), groups: Vec::new() };
    }
    let groups = directory.groups_of(&entity);
    let of_groups: Vec<_> = groups.all().filter_map(|group| directory.group(group)).collect();
    let names = of_groups.iter().filter_map(|group| directory::text(group, model.group_name));
    let group_names: BTreeSet<Ident> = names.collect();
    let names = entry.leaf_list(model.entity_policies).iter();
    let names = names.chain(of_groups.iter().flat_map(|group| group.leaf_list(model.group_policies)));
    let policies: BTreeSet<Ident> = names.map(|name| Ident::from(name.to_string())).collect();
    let policies = policies.into_iter().filter(|name| !is_root(name)).collect();
    let groups = group_names.into_iter().collect();
    Standing { entity, state: EntityState::Active, policies, groups }
}

/// Whether a name, read as loosely as anybody could, is that of the policy that allows everything. The model refuses it
/// where identities have policies; what was stored in spite of that counts for nothing.
fn is_root(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case(ROOT)
}
