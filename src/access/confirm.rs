//! Commits that are undone unless they are confirmed in time (RFC 6241 section 8.4).
//!
//! What waits for confirmation is stored state of the tenant, made and unmade inside of the commits that begin, extend and
//! confirm it; so a crash in between finds all of it or nothing. Not for undoing: that takes the history.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::Access;
use super::authorize::PolicyOperation;
use super::model::{ModelError, path_to};
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::deserialize::from_tree;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::data::violation::Violation;
use crate::engine::caller::Caller;
use crate::engine::commit::{Amend, Amendment};
use crate::engine::history::Pins;
use crate::engine::operation::Confirmed;
use crate::engine::snapshot::Snapshot;
use crate::engine::watch::{Commit, Observer};
use crate::store::Revision;
use crate::yang::schema::Schema;

/// Where what waits for confirmation is in the model.
pub const PENDING: &str = "/strongbox/history/confirmed-commit";

/// A commit that waits for confirmation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pending {
    /// The revision before it.
    pub base_revision: u64,
    /// When it is undone.
    pub deadline: Timestamp,
    /// Who began it.
    pub author: String,
    /// The token behind that.
    #[serde(default)]
    pub accessor: Option<Ident>,
    /// The user behind that.
    #[serde(default)]
    pub user: Option<Ident>,
    /// By what others may confirm it.
    #[serde(default)]
    pub persist_id: Option<Secret>,
}

/// The same on its way into the store.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Stored<'a> {
    base_revision: u64,
    deadline: Timestamp,
    author: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    accessor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    persist_id: Option<&'a str>,
}

/// Who wants to extend, confirm or cancel.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The caller.
    pub caller: Arc<Caller>,
    /// What it says to be somebody who may.
    pub persist_id: Option<String>,
    /// Whether its policies let it delete what waits: then it may whoever began it.
    pub may_delete: bool,
}

impl Claim {
    /// The claim of a caller, as of a snapshot.
    pub fn of(
        access: &Access,
        snapshot: &Snapshot,
        caller: &Arc<Caller>,
        persist_id: Option<String>,
    ) -> Self {
        let authority = access.policies.authority(snapshot, caller);
        let may_delete = authority.may(PolicyOperation::Delete, access.confirmations.path()).allowed;
        Claim { caller: Arc::clone(caller), persist_id, may_delete }
    }
}

impl Pending {
    /// Whether a claim is good: with a persist-id it is that which counts. Without one it is that of the same token or user.
    fn is_held_by(&self, claim: &Claim) -> bool {
        let same = |own: &Option<Ident>, other: &Option<Ident>| own.is_some() && own == other;
        match (&claim.persist_id, &self.persist_id) {
            (Some(said), Some(known)) => known.same_as(said.as_bytes()),
            (Some(_), None) => false,
            (None, _) if claim.may_delete => true,
            (None, Some(_)) => false,
            (None, None) => {
                same(&self.accessor, &claim.caller.accessor) || same(&self.user, &claim.caller.user)
            }
        }
    }
}

/// What waits, by tenant, and what it takes to change that.
#[derive(Debug)]
pub struct Confirmations {
    path: InstancePath,
    schema_path: &'static str,
    waiting: Mutex<BTreeMap<Ident, Pending>>,
    /// Told whenever something begins or ceases to wait.
    pub changed: Notify,
}

impl Confirmations {
    /// Nothing waits yet.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn new(schema: &Schema) -> Result<Arc<Self>, ModelError> {
        Ok(Arc::new(Confirmations {
            path: path_to(schema, PENDING)?,
            schema_path: PENDING,
            waiting: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// Where it is in a tenant's tree.
    pub fn path(&self) -> &InstancePath {
        &self.path
    }

    /// What waits, by tenant.
    pub fn waiting(&self) -> BTreeMap<Ident, Pending> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a transaction adds that begins a confirmed commit, or extends the one that waits.
    pub fn begin(self: &Arc<Self>, schema: &Arc<Schema>, claim: Claim, asked: Confirmed) -> Amend {
        let (own, schema) = (Arc::clone(self), Arc::clone(schema));
        Amend(Arc::new(move |amendment: &Amendment<'_>| {
            let base = match own.read(&schema, amendment.before)? {
                Some(pending) if pending.is_held_by(&claim) => pending.base_revision,
                Some(pending) => return Err(own.in_use(&pending, &claim)),
                None if claim.persist_id.is_some() => return Err(own.nothing()),
                None => amendment.revision.0,
            };
            let wait = i64::from(asked.timeout).saturating_mul(1_000_000);
            let stored = Stored {
                base_revision: base,
                deadline: Timestamp(amendment.time.0.saturating_add(wait)),
                author: claim.caller.actor(),
                accessor: claim.caller.accessor.as_deref(),
                user: claim.caller.user.as_deref(),
                persist_id: asked.persist.as_deref(),
            };
            let value = from_serde(&schema, own.path.target(), &stored)?;
            Ok(vec![Edit::new(own.path.clone(), EditOperation::Replace, value)])
        }))
    }

    /// What a transaction adds that ends the waiting: of just this commit, or of whichever there is. Without a claim it is the
    /// daemon's own.
    pub fn end(
        self: &Arc<Self>,
        schema: &Arc<Schema>,
        claim: Option<Claim>,
        only: Option<&Pending>,
    ) -> Amend {
        let (own, schema) = (Arc::clone(self), Arc::clone(schema));
        let only = only.map(|only| (only.base_revision, only.deadline));
        Amend(Arc::new(move |amendment: &Amendment<'_>| {
            let pending = own.read(&schema, amendment.before)?.ok_or_else(|| own.nothing())?;
            if let Some(claim) = &claim
                && !pending.is_held_by(claim)
            {
                return Err(own.in_use(&pending, claim));
            }
            if only.is_some_and(|only| only != (pending.base_revision, pending.deadline)) {
                return Err(own.nothing());
            }
            Ok(vec![Edit::without_value(own.path.clone(), EditOperation::Remove)])
        }))
    }

    /// What the commit of a candidate adds: it confirms what waits, if anything does (RFC 6241 section 8.4.1).
    pub fn settle(self: &Arc<Self>, schema: &Arc<Schema>, claim: Claim) -> Amend {
        let (own, schema) = (Arc::clone(self), Arc::clone(schema));
        Amend(Arc::new(move |amendment: &Amendment<'_>| match own.read(&schema, amendment.before)? {
            Some(pending) if pending.is_held_by(&claim) => {
                Ok(vec![Edit::without_value(own.path.clone(), EditOperation::Remove)])
            }
            Some(pending) => Err(own.in_use(&pending, &claim)),
            None if claim.persist_id.is_some() => Err(own.nothing()),
            None => Ok(Vec::new()),
        }))
    }

    /// Why a claim on what waits is not good; `Ok` when it is.
    ///
    /// # Errors
    /// Nothing waits, or somebody else has it.
    pub fn check(&self, schema: &Schema, tree: &Tree, claim: &Claim) -> Result<Pending, Vec<Violation>> {
        let pending = self.read(schema, tree)?.ok_or_else(|| self.nothing())?;
        if pending.is_held_by(claim) { Ok(pending) } else { Err(self.in_use(&pending, claim)) }
    }

    /// What waits in a tree.
    ///
    /// # Errors
    /// When it does not fit the model.
    pub fn read(&self, schema: &Schema, tree: &Tree) -> Result<Option<Pending>, Vec<Violation>> {
        if tree.entry(&self.path).is_none() {
            return Ok(None);
        }
        from_tree(schema, tree, &self.path).map(Some).map_err(|error| {
            vec![Violation::new(ErrorTag::OperationFailed, self.path.clone(), error.to_string())]
        })
    }

    fn nothing(&self) -> Vec<Violation> {
        let message = "no commit waits for confirmation";
        vec![Violation::new(ErrorTag::InvalidValue, self.path.clone(), message)]
    }

    fn in_use(&self, pending: &Pending, claim: &Claim) -> Vec<Violation> {
        let (tag, message) = match (&claim.persist_id, &pending.persist_id) {
            (Some(_), _) => {
                (ErrorTag::InvalidValue, "the persist-id is not that of the commit that waits".to_owned())
            }
            (None, Some(_)) => {
                (ErrorTag::InUse, "the commit that waits for confirmation asks for its persist-id".to_owned())
            }
            (None, None) => {
                (ErrorTag::InUse, format!("a commit of '{}' waits for confirmation", pending.author))
            }
        };
        vec![Violation::new(tag, self.path.clone(), message)]
    }

    /// Takes in what waits in a snapshot, and from now on what commits do to that; `pins` keep the log from forgetting what is
    /// gone back to. To be observing already when [`Confirmations::load`] is called.
    pub fn follower(self: &Arc<Self>, pins: Arc<Pins>) -> Arc<dyn Observer> {
        Arc::new(Follower { own: Arc::clone(self), pins })
    }

    /// Takes in what waits in a snapshot.
    pub fn load(&self, snapshot: &Snapshot, pins: &Pins) {
        for (tenant, _) in snapshot.tenants() {
            self.note(snapshot, tenant, pins);
        }
    }

    fn note(&self, snapshot: &Snapshot, tenant: &Ident, pins: &Pins) {
        let found = snapshot.get::<Pending>(tenant, &self.path).unwrap_or_else(|error| {
            tracing::error!(%tenant, %error, path = self.schema_path, "what waits for confirmation cannot be read");
            None
        });
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(pending) => {
                pins.set(tenant, Some(Revision(pending.base_revision)));
                waiting.insert(tenant.clone(), pending);
            }
            None if waiting.remove(tenant).is_some() => pins.set(tenant, None),
            None => return,
        }
        self.changed.notify_one();
    }
}

struct Follower {
    own: Arc<Confirmations>,
    pins: Arc<Pins>,
}

impl Observer for Follower {
    fn committed(&self, commit: &Commit) {
        let parts = commit.transactions.iter().flat_map(|transaction| &transaction.changes);
        for part in parts {
            let is_ours = |path: &InstancePath| path.starts_with(&self.own.path);
            if part.changes.iter().any(|change| is_ours(&change.path)) {
                self.own.note(&commit.after, &part.tenant, &self.pins);
            }
        }
        // A tenant that went took along what waited in it.
        let gone: Vec<Ident> =
            self.own.waiting().into_keys().filter(|tenant| commit.after.tenant(tenant).is_none()).collect();
        for tenant in gone {
            self.own.note(&commit.after, &tenant, &self.pins);
        }
    }
}
