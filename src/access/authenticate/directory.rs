//! The seam between logging in and identities: who stands behind a token, whatever way somebody logged in.
//!
//! A log-in method says under which name it knows somebody ([`Arrival`]); a [`Directory`] knows which entity that is, brings
//! what is known of it up to date, and says at each request what the entity adds to its tokens. Without a directory, tokens
//! stand for nobody but themselves.

use super::Metadata;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::edit::Edit;
use crate::engine::snapshot::Snapshot;

/// Somebody who has proved to a log-in method who they are.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The accessor of the mount, or the name of a method below `authentication`: `auth_jwt_885cebdc`, `userpass`,
    /// `jwt-auth/corp`. Together with `alias` it is what an entity is found by.
    pub accessor: Ident,
    /// The name under which that method knows them, as it stands: no trimming, no folding of case.
    pub alias: Ident,
    /// What the method knows of them: replaces what it said the last time.
    pub metadata: Vec<Metadata>,
    /// The groups that the method says they are in, to be followed: those that it no longer names are left. `None`: the
    /// method knows nothing of groups.
    pub groups: Option<Vec<Ident>>,
}

/// Who arrived.
#[derive(Clone, Debug, Default)]
pub struct Welcome {
    /// The entity; `None`: they are nobody in particular.
    pub entity: Option<Ident>,
    /// What has to change for the directory to be up to date; often nothing. They are made in one transaction with the
    /// token, on data that may be newer than the snapshot: what is there already by then (`data-exists`), and everything
    /// else that does not fit any more, makes the directory be asked again.
    pub edits: Vec<Edit>,
}

/// Knows entities.
pub trait Directory: Send + Sync {
    /// Who arrived.
    ///
    /// # Errors
    /// Why they are not let in, such as that the entity is disabled: for the audit log.
    fn welcome(
        &self,
        snapshot: &Snapshot,
        tenant: &Ident,
        arrival: &Arrival,
        now: Timestamp,
    ) -> Result<Welcome, String>;

    /// Names of the policies that an entity has, by itself and by its groups, at this moment; `None` when it is disabled or
    /// gone, and its tokens are good for nothing.
    fn policies(&self, snapshot: &Snapshot, tenant: &Ident, entity: &Ident) -> Option<Vec<Ident>>;
}
