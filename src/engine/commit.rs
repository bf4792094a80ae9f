//! What is asked of the commit pipeline and what it answers.

use std::sync::Arc;

use super::snapshot::Snapshot;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::diff::Change;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::data::violation::Violation;
use crate::store::{AppendError, Revision};

/// A transaction: all of it happens or nothing does.
#[derive(Clone)]
pub struct CommitRequest {
    /// Who asks, for people to read: goes into the log.
    pub actor: String,
    /// The request that causes it: goes into the log.
    pub request_id: String,
    /// Whether state that is `stored` may be written.
    pub by: Author,
    /// The edits, in order. A tenant that the first ones create can be written by the later ones.
    pub changes: Vec<TenantEdits>,
    /// Everything short of doing it.
    pub validate_only: bool,
    /// Asked about each tenant's part once its changes are known, before anything else is found fault with; `None`: the
    /// author needs nobody's approval.
    pub approve: Option<Approve>,
    /// What else is asked for.
    pub options: CommitOptions,
}

/// What a transaction is besides its edits. By default nothing.
#[derive(Clone, Debug, Default)]
pub struct CommitOptions {
    /// Why it is made, for people to read: goes into the log.
    pub comment: Option<String>,
    /// Trees whose configuration that of their tenants is to become. Which edits that takes is worked out when the
    /// transaction has its turn; they come before those of the tenant's part.
    pub goals: Vec<(Ident, Tree)>,
    /// What a service adds to the first part.
    pub amend: Option<Amend>,
}

/// Further edits to the first part of a transaction, worked out when it has its turn; they may write `stored` state, whoever the
/// author is. Such a transaction is the first one of its revision: what was before it is the revision before.
#[derive(Clone)]
pub struct Amend(pub Arc<Amending>);

/// How they are worked out; what it returns instead is why they cannot be.
type Amending = dyn Fn(&Amendment<'_>) -> Result<Vec<Edit>, Vec<Violation>> + Send + Sync;

impl std::fmt::Debug for Amend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Amend(..)")
    }
}

/// What an [`Amend`] goes by.
pub struct Amendment<'a> {
    /// The tree before the transaction.
    pub before: &'a Tree,
    /// The newest revision before it.
    pub revision: Revision,
    /// The time of the transaction.
    pub time: Timestamp,
}

/// Whether an author may make these changes to a tree; what it returns is why not.
pub type Approve = Arc<dyn Fn(&Approval<'_>) -> Vec<Violation> + Send + Sync>;

/// What is to be approved: one tenant's part of a transaction.
pub struct Approval<'a> {
    /// Whose tree.
    pub tenant: &'a Ident,
    /// The edits that were asked for.
    pub edits: &'a [Edit],
    /// The tree before.
    pub before: &'a Tree,
    /// The tree after.
    pub after: &'a Tree,
    /// What the edits come to, preparations included.
    pub changes: &'a [Change],
}

/// Edits of one tenant's tree.
#[derive(Clone, Debug)]
pub struct TenantEdits {
    /// Whose tree.
    pub tenant: Ident,
    /// In order.
    pub edits: Vec<Edit>,
    /// Must all hold before the edits are made.
    pub preconditions: Vec<Precondition>,
}

/// On whose behalf a transaction is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// A client: configuration only.
    Client,
    /// A service: `stored` state too.
    Service,
}

/// What must hold for a transaction to be made (RFC 9110 section 13.1). Entity tags are those of [`super::Engine::etag`] of
/// the configuration at the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// `If-Match` with tags: the resource exists and has one of them.
    IfMatch {
        /// The resource.
        path: InstancePath,
        /// Entity tags without quotes.
        etags: Vec<String>,
    },
    /// `If-Match: *`: the resource exists.
    IfMatchAny {
        /// The resource.
        path: InstancePath,
    },
    /// `If-None-Match` with tags: the resource has none of them.
    IfNoneMatch {
        /// The resource.
        path: InstancePath,
        /// Entity tags without quotes.
        etags: Vec<String>,
    },
    /// `If-None-Match: *`: the resource does not exist.
    IfNoneMatchAny {
        /// The resource.
        path: InstancePath,
    },
    /// `If-Unmodified-Since`: compared by whole seconds.
    UnmodifiedSince {
        /// The resource.
        path: InstancePath,
        /// The instant.
        time: Timestamp,
    },
}

/// What came of a transaction.
#[derive(Clone)]
pub struct Committed {
    /// The revision that it became; the newest one when nothing changed or it was only validated.
    pub revision: Revision,
    /// The time of that revision.
    pub time: Timestamp,
    /// Whether anything changed. If not, nothing was written.
    pub changed: bool,
    /// What changed, or would have.
    pub changes: Vec<TenantChanges>,
    /// The data with the transaction in it; without it when it was only validated.
    pub snapshot: Arc<Snapshot>,
}

/// What a transaction changed in one tenant's tree.
#[derive(Clone, Debug)]
pub struct TenantChanges {
    /// Whose tree.
    pub tenant: Ident,
    /// In schema order.
    pub changes: Arc<[Change]>,
}

/// Why a transaction was not made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The data or the edits are not valid; every fault is listed.
    #[error("{}", summary(.0))]
    Invalid(Vec<Violation>),
    /// A precondition does not hold.
    #[error("{0}")]
    Precondition(Violation),
    /// There is no such tenant.
    #[error("there is no tenant '{0}'")]
    NoTenant(Ident),
    /// The store did not take it, or nobody can say whether it did.
    #[error(transparent)]
    Store(Arc<AppendError>),
    /// Too many transactions wait; nothing was done.
    #[error("too many changes wait to be committed; try again")]
    TooBusy,
    /// The engine is stopping; nothing was done.
    #[error("the engine is stopping")]
    Stopped,
}

fn summary(violations: &[Violation]) -> String {
    match violations {
        [] => "the change is not valid".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}
