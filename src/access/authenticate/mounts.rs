//! The mounts of log-in methods that are there: a token that is kept nowhere ends with the mount through which it was
//! obtained, and this is how that is noticed at its next request.
//!
//! A look-up takes no lock. What a commit does to mounts is followed before its author is told of it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::access::model::Model;
use crate::base::ident::Ident;
use crate::data::diff::{Change, ChangeKind};
use crate::engine::caller::Mount;
use crate::engine::snapshot::Snapshot;
use crate::engine::watch::{Commit, Observer};
use crate::yang::schema::Value;

/// The accessors of a tenant's mounts, by their paths.
type Accessors = HashMap<Ident, Ident>;

/// Every mount of a log-in method, by tenant.
#[derive(Debug, Default)]
pub struct LiveMounts(ArcSwap<HashMap<Ident, Accessors>>);

impl LiveMounts {
    /// Whether a mount is where it was, and is not another one by now.
    pub fn has(&self, tenant: &str, mount: &Mount) -> bool {
        let all = self.0.load();
        all.get(tenant).and_then(|mounts| mounts.get(&mount.path)) == Some(&mount.accessor)
    }

    /// Takes in the mounts of tenants, in place of those that were known of them.
    fn put(&self, tenants: impl IntoIterator<Item = (Ident, Accessors)>) {
        let mut all = HashMap::clone(&self.0.load());
        for (tenant, mounts) in tenants {
            match mounts.is_empty() {
                true => drop(all.remove(&tenant)),
                false => drop(all.insert(tenant, mounts)),
            }
        }
        self.0.store(Arc::new(all));
    }
}

/// Writes into [`LiveMounts`] what commits do to mounts.
#[derive(Debug)]
pub struct MountFollower {
    mounts: Arc<LiveMounts>,
    model: Model,
}

impl MountFollower {
    /// Follows for these mounts.
    pub fn new(mounts: Arc<LiveMounts>, model: Model) -> Self {
        MountFollower { mounts, model }
    }

    /// Takes in every mount of a snapshot. To be observing already when this is called: then nothing is missed.
    pub fn load(&self, snapshot: &Snapshot) {
        self.mounts.put(snapshot.tenants().map(|(tenant, _)| (tenant.clone(), self.read(snapshot, tenant))));
    }

    fn read(&self, snapshot: &Snapshot, tenant: &Ident) -> Accessors {
        let list = snapshot.tenant(tenant).and_then(|data| data.tree.list(&self.model.mounts));
        let text = |value: &Value| Ident::from(value.to_string());
        let known = list.into_iter().flat_map(|list| list.iter()).filter_map(|mount| {
            let accessor = mount.leaf(self.model.mount_accessor)?;
            Some((text(mount.key_values(1).next()?), text(accessor)))
        });
        known.collect()
    }

    /// Whether a change is of mounts as such, not of the users and the roles below them.
    fn concerns(&self, change: &Change) -> bool {
        let list = &self.model.mounts;
        let is_one = change.path.starts_with(list) && change.path.steps.len() <= list.steps.len() + 1;
        is_one || list.starts_with(&change.path)
    }

    /// The tenant that a change takes away.
    fn removed(&self, change: &Change) -> Option<Ident> {
        match change.path.keys() {
            [name] if change.kind == ChangeKind::Deleted && change.path.starts_with(&self.model.tenants) => {
                Some(Ident::from(name.to_string()))
            }
            _ => None,
        }
    }
}

impl Observer for MountFollower {
    fn committed(&self, commit: &Commit) {
        let mut touched: Vec<Ident> = Vec::new();
        for part in commit.transactions.iter().flat_map(|transaction| &transaction.changes) {
            if part.changes.iter().any(|change| self.concerns(change)) {
                touched.push(part.tenant.clone());
            }
            touched.extend(part.changes.iter().filter_map(|change| self.removed(change)));
        }
        if !touched.is_empty() {
            let read = |tenant: Ident| {
                let mounts = self.read(&commit.after, &tenant);
                (tenant, mounts)
            };
            self.mounts.put(touched.into_iter().map(read));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_that_was_enabled_anew_or_moved_is_another_one() {
        let mounts = LiveMounts::default();
        let mount = |path: &str, accessor: &str| Mount { path: path.into(), accessor: accessor.into() };
        let put = |tenant: &str, known: &[(&str, &str)]| {
            let known = known.iter().map(|(path, accessor)| (Ident::from(*path), Ident::from(*accessor)));
            mounts.put([(Ident::from(tenant), known.collect())]);
        };
        put("acme", &[("kiosk", "auth_jwt_1"), ("desk", "auth_jwt_2")]);
        assert!(mounts.has("acme", &mount("kiosk", "auth_jwt_1")));
        assert!(!mounts.has("other", &mount("kiosk", "auth_jwt_1")));
        put("acme", &[("kiosk", "auth_jwt_3"), ("hall", "auth_jwt_2")]);
        assert!(!mounts.has("acme", &mount("kiosk", "auth_jwt_1")));
        assert!(
            !mounts.has("acme", &mount("desk", "auth_jwt_2"))
                && mounts.has("acme", &mount("hall", "auth_jwt_2"))
        );
        put("acme", &[]);
        assert!(!mounts.has("acme", &mount("hall", "auth_jwt_2")));
    }
}
