//! What readers see: all tenants' data as of one revision. Loading it is one atomic read; it never changes.

use std::sync::Arc;

use imbl::OrdMap;
use serde::de::DeserializeOwned;

use super::facts::Facts;
use super::modified::Modified;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::deserialize::{DeserializeError, from_tree};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Tree};
use crate::data::validate::{Constraints, ReferenceIndex};
use crate::store::Revision;
use crate::yang::schema::Schema;

/// The tenant that always exists and that manages the others.
pub const SYSTEM_TENANT: &str = "system";

/// All data as of one revision.
#[derive(Clone)]
pub struct Snapshot {
    /// The newest revision in it.
    pub revision: Revision,
    /// The time of that revision.
    pub time: Timestamp,
    pub(super) schema: Arc<Schema>,
    pub(super) facts: Arc<Facts>,
    pub(super) tenants: OrdMap<Ident, Arc<TenantData>>,
    /// What is in force, where the data is what somebody prepares.
    pub(super) running: Option<Arc<Snapshot>>,
}

/// One tenant's data.
#[derive(Clone)]
pub struct TenantData {
    /// Configuration and stored state.
    pub tree: Tree,
    /// Who refers to what, kept with the tree.
    pub index: ReferenceIndex,
    pub(super) modified: Modified,
}

impl TenantData {
    /// A tenant without any data.
    pub(super) fn empty(constraints: &Arc<Constraints>) -> Self {
        TenantData {
            tree: Tree::empty(),
            index: ReferenceIndex::empty(Arc::clone(constraints)),
            modified: Modified::default(),
        }
    }
}

impl Snapshot {
    /// The data of a tenant.
    pub fn tenant(&self, name: &str) -> Option<&Arc<TenantData>> {
        self.tenants.get(name)
    }

    /// All tenants, by name.
    pub fn tenants(&self) -> impl Iterator<Item = (&Ident, &Arc<TenantData>)> {
        self.tenants.iter()
    }

    /// What is in force: this, or where a candidate is read, what is running meanwhile. Whoever asks what somebody may do
    /// has to ask this one, or a candidate could give its author authority.
    pub fn in_force(&self) -> &Snapshot {
        self.running.as_deref().unwrap_or(self)
    }

    /// The same with other data for a tenant, which is not in force.
    pub(super) fn with_candidate(self: &Arc<Self>, tenant: &Ident, data: Arc<TenantData>) -> Snapshot {
        let mut candidate = Snapshot::clone(self);
        candidate.tenants.insert(tenant.clone(), data);
        candidate.running = Some(Arc::clone(self));
        candidate
    }

    /// The schema of the data.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The container or list entry at a path.
    pub fn entry(&self, tenant: &str, path: &InstancePath) -> Option<&Arc<Container>> {
        self.tenant(tenant)?.tree.entry(path)
    }

    /// The container or list entry at a path as a struct, with defaults filled in; `None` when it does not exist. A
    /// container without `presence` always exists in a tenant that does, if only with defaults.
    ///
    /// # Errors
    /// When the struct does not fit the model.
    pub fn get<T: DeserializeOwned>(
        &self,
        tenant: &str,
        path: &InstancePath,
    ) -> Result<Option<T>, DeserializeError> {
        let Some(data) = self.tenant(tenant) else { return Ok(None) };
        if data.tree.entry(path).is_none() && !self.schema.node(path.target()).is_np_container() {
            return Ok(None);
        }
        from_tree(&self.schema, &data.tree, path).map(Some)
    }

    /// When the resource at `path` was last changed, descendants and deleted descendants included; the time of the list
    /// entry that it is part of stands for all of its leafs. The epoch when there is no such tenant or it never had data.
    pub fn modified(&self, tenant: &str, path: &InstancePath) -> Timestamp {
        self.tenant(tenant).map_or(Timestamp(0), |data| data.modified.of(&self.facts, path))
    }
}
