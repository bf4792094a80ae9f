//! The policies in force: read from the snapshot that a request works with, compiled when they changed.
//!
//! Nobody has to be told of a change. A look-up compares, by pointer, the lists that the compiled form was made from with
//! those in the snapshot; where they differ, the policies that changed are compiled and the others kept.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;

use super::book::{Authority, PolicyBook};
use super::compile::{CompiledPolicy, NameIndex};
use super::grant::{Author, Granting};
use super::nacm::{NACM, Nacm};
use super::policy::{Policy, ROOT};
use crate::access::identity::model::IdentityModel;
use crate::access::identity::{EntityState, Identities, Standing};
use crate::access::model::Model;
use crate::base::hashed::SharedHashMap;
use crate::base::ident::Ident;
use crate::data::tree::{Container, List};
use crate::engine::caller::Caller;
use crate::engine::snapshot::{SYSTEM_TENANT, Snapshot};
use crate::yang::schema::{Schema, Value};

/// For how many sets of groups the rules of NACM are kept compiled, in each tenant.
const NACM_KEPT: usize = 1_024;

/// The compiled policies of all tenants.
#[derive(Debug)]
pub struct Policies {
    model: Model,
    names: NameIndex,
    granting: Granting,
    identities: Identities,
    kept: ArcSwap<SharedHashMap<Ident, Arc<Kept>>>,
}

/// What was compiled for a tenant, and from what.
#[derive(Debug)]
struct Kept {
    policies: Option<Arc<List>>,
    book: Arc<PolicyBook>,
    /// Of the system tenant, where limits stand: its tenants and its policies.
    tenants: Option<Arc<List>>,
    system_policies: Option<Arc<List>>,
    limits: Option<Limits>,
    nacm: NacmBook,
}

/// The rules of NACM of a tenant, and what they come to for the groups that have asked.
#[derive(Debug, Default)]
struct NacmBook {
    from: Option<Arc<Container>>,
    rules: OnceLock<Option<Nacm>>,
    by_groups: ArcSwap<imbl::HashMap<Vec<Ident>, Arc<CompiledPolicy>>>,
}

#[derive(Debug)]
struct Limits {
    book: Arc<PolicyBook>,
    names: Vec<Ident>,
}

impl Policies {
    /// Nothing compiled yet.
    pub fn new(schema: &Schema, model: Model, identity: IdentityModel) -> Self {
        let names = NameIndex::new(schema);
        let granting = Granting::new(schema, &model, identity.clone());
        Policies { model, names, granting, identities: Identities::new(identity), kept: ArcSwap::default() }
    }

    /// The identities behind tokens.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// What the entity behind a caller brings along; `None` for a caller without one.
    pub fn standing(&self, snapshot: &Snapshot, caller: &Caller) -> Option<Arc<Standing>> {
        let entity = caller.entity.as_ref()?;
        Some(self.identities.standing(snapshot.in_force(), &caller.tenant, entity))
    }

    /// What a caller may do, as of a snapshot.
    ///
    /// A tenant's limits hold for everybody in it, also for the holder of `root`: what the system tenant took from a
    /// tenant, the tenant cannot give itself. The system tenant has none.
    ///
    /// Where the path of the request is allowed as such, the tenant's limits are all that there is.
    ///
    /// To the token's own policies come those of its entity and of the entity's groups, as they are in the snapshot. To an
    /// entity that is disabled or gone nothing is allowed, whatever its token carries.
    pub fn authority(&self, snapshot: &Snapshot, caller: &Caller) -> Authority {
        let snapshot = snapshot.in_force();
        let kept = self.of(snapshot, &caller.tenant);
        let standing = self.standing(snapshot, caller);
        let own = match &standing {
            _ if caller.warranted => kept.book.authority([&Ident::from(ROOT)]),
            None => kept.book.authority(&caller.policies),
            Some(standing) if standing.state == EntityState::Active => {
                let more = standing.policies.iter().filter(|name| !caller.policies.contains(name));
                kept.book.authority(caller.policies.iter().chain(more))
            }
            Some(_) => kept.book.authority([]),
        };
        let own = match self.nacm(snapshot, &kept, caller, standing.as_deref()) {
            Some(policy) => own.and(policy),
            None => own,
        };
        match &kept.limits {
            Some(limits) => own.within(&limits.book, &limits.names),
            None => own,
        }
    }

    /// What a variable in a rule over paths stands for, for a caller: `identity.entity.name` and the like.
    pub fn variable(&self, snapshot: &Snapshot, caller: &Caller, variable: &str) -> Option<String> {
        let snapshot = snapshot.in_force();
        let standing = self.standing(snapshot, caller).filter(|one| one.state == EntityState::Active)?;
        let directory = self.identities.directory(snapshot, &caller.tenant)?;
        directory.variable(&standing.entity, variable)
    }

    /// What the rules of NACM come to for a caller that carries the policy which stands for them.
    fn nacm(
        &self,
        snapshot: &Snapshot,
        kept: &Kept,
        caller: &Caller,
        standing: Option<&Standing>,
    ) -> Option<Arc<CompiledPolicy>> {
        if standing.is_some_and(|standing| standing.state != EntityState::Active) {
            return None;
        }
        let of_entity = standing.map_or(&[][..], |standing| &standing.policies);
        caller.policies.iter().chain(of_entity).find(|name| **name == *NACM)?;
        let read = || snapshot.get::<Nacm>(&caller.tenant, &self.model.nacm);
        let rules = kept.nacm.rules.get_or_init(|| {
            let rules = read();
            if let Err(error) = &rules {
                tracing::error!(tenant = %caller.tenant, %error, "the rules of NACM cannot be read and grant nothing");
            }
            rules.ok().flatten()
        });
        let rules = rules.as_ref()?;
        let external = standing.map_or(&[][..], |standing| &standing.groups);
        let groups = rules.groups_of(caller.user.as_ref(), external);
        if let Some(known) = kept.nacm.by_groups.load().get(&groups) {
            return Some(Arc::clone(known));
        }
        let compiled = Arc::new(rules.compile(snapshot.schema(), &groups));
        kept.nacm.by_groups.rcu(|all| {
            let mut next =
                if all.len() >= NACM_KEPT { imbl::HashMap::new() } else { imbl::HashMap::clone(all) };
            next.insert(groups.clone(), Arc::clone(&compiled));
            next
        });
        Some(compiled)
    }

    /// What a caller may hand out, as of a snapshot.
    pub fn author(&self, snapshot: &Snapshot, caller: &Caller) -> Author {
        let snapshot = snapshot.in_force();
        let mut holds = caller.policies.clone();
        match self.standing(snapshot, caller) {
            None => {}
            Some(standing) if standing.state == EntityState::Active => {
                holds.extend_from_slice(&standing.policies)
            }
            Some(_) => holds.clear(),
        }
        Author { holds, book: Arc::clone(&self.of(snapshot, &caller.tenant).book) }
    }

    /// Where policies are handed out.
    pub fn granting(&self) -> &Granting {
        &self.granting
    }

    fn of(&self, snapshot: &Snapshot, tenant: &Ident) -> Arc<Kept> {
        let policies = snapshot.tenant(tenant).and_then(|data| data.tree.list(&self.model.policies));
        let system = snapshot.tenant(SYSTEM_TENANT).filter(|_| *tenant != *SYSTEM_TENANT);
        let tenants = system.and_then(|data| data.tree.list(&self.model.tenants));
        let system_policies = system.and_then(|data| data.tree.list(&self.model.policies));
        let nacm = snapshot.entry(tenant, &self.model.nacm);
        let known = self.kept.load().get(tenant).cloned();
        if let Some(known) = &known
            && same(known.policies.as_ref(), policies)
            && same(known.tenants.as_ref(), tenants)
            && same(known.system_policies.as_ref(), system_policies)
            && same(known.nacm.from.as_ref(), nacm)
        {
            return Arc::clone(known);
        }
        let book = match &known {
            Some(known) if same(known.policies.as_ref(), policies) => Arc::clone(&known.book),
            _ => {
                let before = known.as_ref().map(|known| &*known.book);
                let read = |entry: &Arc<Container>| self.read(snapshot, tenant, entry);
                Arc::new(PolicyBook::of_list(before, policies.map(|list| &**list), &self.names, read))
            }
        };
        let names = self.limits_of(tenants, tenant);
        let limits = (!names.is_empty()).then(|| Limits {
            book: Arc::clone(&self.of(snapshot, &Ident::from(SYSTEM_TENANT)).book),
            names,
        });
        let kept = Arc::new(Kept {
            policies: policies.cloned(),
            book,
            tenants: tenants.cloned(),
            system_policies: system_policies.cloned(),
            limits,
            nacm: NacmBook { from: nacm.cloned(), ..NacmBook::default() },
        });
        self.kept.rcu(|all| {
            let mut next = SharedHashMap::clone(all);
            next.insert(tenant.clone(), Arc::clone(&kept));
            next
        });
        kept
    }

    fn read(&self, snapshot: &Snapshot, tenant: &Ident, entry: &Arc<Container>) -> Option<Policy> {
        let path = self.model.policies.entry(entry.key(snapshot.schema()));
        let policy = snapshot.get(tenant, &path);
        if policy.is_err() {
            tracing::error!(%tenant, "a policy cannot be read and grants nothing");
        }
        policy.ok().flatten()
    }

    /// The names of the policies that bound a tenant.
    fn limits_of(&self, tenants: Option<&Arc<List>>, tenant: &Ident) -> Vec<Ident> {
        let entry = tenants.and_then(|list| list.get(&[Value::string(tenant.as_str())]));
        let names = entry.map_or(&[][..], |entry| entry.leaf_list(self.model.limits));
        names.iter().map(|name| Ident::from(name.to_string())).collect()
    }
}

fn same<T>(kept: Option<&Arc<T>>, now: Option<&Arc<T>>) -> bool {
    match (kept, now) {
        (None, None) => true,
        (Some(kept), Some(now)) => Arc::ptr_eq(kept, now),
        _ => false,
    }
}
