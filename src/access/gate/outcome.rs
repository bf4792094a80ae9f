//! What comes of a request, in words that every dialect can turn into its own.

use super::read::Reading;
use crate::access::audit::{AuditChange, AuditUnavailable};
use crate::access::authenticate::AuthError;
use crate::access::authorize::{Decision, PolicyOperation};
use crate::base::error::ErrorTag;
use crate::data::diff::{Change, ChangeKind};
use crate::data::path::InstancePath;
use crate::data::tree::Data;
use crate::data::violation::Violation;
use crate::engine::action::{ActionError, Attempted};
use crate::engine::commit::{CommitError, Committed, TenantChanges};
use crate::engine::operational::StateError;
use crate::engine::output::Output;
use crate::yang::schema::Schema;

/// A request that succeeded.
#[derive(Debug)]
pub enum Outcome {
    /// Data, seen with the eyes of the caller.
    Read(Box<Reading>),
    /// A change was made, or would have been.
    Written(Written),
    /// An action ran.
    Invoked(Invoked),
}

/// What came of an action.
#[derive(Debug)]
pub struct Invoked {
    /// Its output, when it has one.
    pub output: Option<Output>,
    /// What it changed on behalf of its caller, as far as it says so.
    pub changes: Vec<TenantChanges>,
}

impl Invoked {
    /// What changed, for the audit log, as [`Written::audit_changes`].
    pub fn audit_changes(&self, schema: &Schema) -> Vec<AuditChange> {
        audit_changes(schema, &self.changes)
    }
}

/// What came of a change.
pub struct Written {
    /// The transaction.
    pub committed: Committed,
    /// Whether the resource that the request names was not there before.
    pub created: bool,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written")
            .field("revision", &self.committed.revision)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

impl Written {
    /// What changed, for the audit log: each path, the new value of each leaf, secrets as `***`.
    pub fn audit_changes(&self, schema: &Schema) -> Vec<AuditChange> {
        audit_changes(schema, &self.committed.changes)
    }
}

fn audit_changes(schema: &Schema, parts: &[TenantChanges]) -> Vec<AuditChange> {
    let changes = parts.iter().flat_map(|part| part.changes.iter());
    changes.filter(|change| is_worth_a_line(schema, change)).map(|change| line(schema, change)).collect()
}

/// Stored state comes and goes with what the line tells of already.
fn is_worth_a_line(schema: &Schema, change: &Change) -> bool {
    schema.node(change.path.target()).config
}

fn line(schema: &Schema, change: &Change) -> AuditChange {
    let extensions = schema.node(change.path.target()).extensions;
    let value = match &change.after {
        Some(Data::Leaf(_) | Data::LeafList(_)) if extensions.secret || extensions.hashed => {
            Some("***".to_owned())
        }
        Some(Data::Leaf(value)) => Some(value.to_string()),
        Some(Data::LeafList(values)) => {
            Some(values.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
        _ => None,
    };
    let change_name = match change.kind {
        ChangeKind::Created => "created",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Changed => "changed",
        ChangeKind::Moved => "moved",
    };
    AuditChange { path: change.path.to_v1(schema), change: change_name, value }
}

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no valid token.
    #[error(transparent)]
    Unauthenticated(#[from] AuthError),
    /// The caller's policies, or the limits of its tenant, do not allow it.
    #[error("{operation} is {decision}")]
    Forbidden {
        /// What was asked for.
        operation: PolicyOperation,
        /// Of which resource.
        path: InstancePath,
        /// Why not.
        decision: Box<Decision>,
    },
    /// The resource does not exist.
    #[error("there is no such resource")]
    NotFound {
        /// Which.
        path: InstancePath,
    },
    /// The change is not allowed for some part of it, or not valid; every fault is listed.
    #[error("{}", .0.first().map_or("the change is not valid", |violation| violation.message.as_str()))]
    Invalid(Vec<Violation>),
    /// A precondition does not hold.
    #[error("{0}")]
    Precondition(Violation),
    /// The change could not be made.
    #[error(transparent)]
    Commit(CommitError),
    /// The action did not succeed.
    #[error(transparent)]
    Action(ActionError),
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// Nothing can be written down, so nothing is done.
    #[error(transparent)]
    Audit(#[from] AuditUnavailable),
}

impl Refusal {
    /// Whether it is the policies that do not allow what was asked for.
    pub fn is_of_policy(&self) -> bool {
        match self {
            Refusal::Forbidden { .. } => true,
            Refusal::Invalid(faults) => faults.iter().any(|fault| fault.tag == ErrorTag::AccessDenied),
            _ => false,
        }
    }

    /// The log in that failed, when that is what happened.
    pub fn attempted(&self) -> Option<&Attempted> {
        match self {
            Refusal::Action(
                ActionError::Unauthenticated { attempted, .. } | ActionError::TooMany { attempted, .. },
            ) => Some(attempted),
            _ => None,
        }
    }
}

/// What a client can do something about gets a variant of its own.
impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Invalid(violations) => Refusal::Invalid(violations),
            CommitError::Precondition(violation) => Refusal::Precondition(violation),
            other => Refusal::Commit(other),
        }
    }
}

impl From<ActionError> for Refusal {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Invalid(violations) => Refusal::Invalid(violations),
            ActionError::Commit(error) => error.into(),
            other => Refusal::Action(other),
        }
    }
}
