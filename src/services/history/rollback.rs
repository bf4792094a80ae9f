//! Going back to a revision, as a transaction.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::differences::Differences;
use super::eyes::Eyes;
use super::{not_told, tree_at};
use crate::access::Access;
use crate::access::approval::Asking;
use crate::base::ident::Ident;
use crate::data::diff::{ChangeKind, diff};
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::engine::history::HistoryError;
use crate::engine::{
    ActionContext, ActionError, Approval, Author, CommitOptions, CommitRequest, Committed, Engine,
    Precondition, SYSTEM_TENANT, Snapshot, TenantEdits,
};
use crate::store::Revision;

/// Input of `rollback`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Back {
    revision: u64,
    comment: Option<String>,
    if_match: Option<String>,
}

/// What came of a transaction.
#[derive(Serialize)]
pub(in crate::services) struct Made {
    revision: u64,
    changed: bool,
    #[serde(flatten)]
    differences: Differences,
}

impl Made {
    /// What its author may know of a transaction.
    pub fn of(access: &Access, context: &ActionContext, committed: &Committed) -> Result<Self, ActionError> {
        let authority = access.policies.authority(&committed.snapshot, context.caller()?);
        let eyes = Eyes { schema: context.engine.schema(), authority: &authority };
        let own = committed.changes.iter().filter(|part| part.tenant == context.tenant);
        let changes: Vec<_> = own.flat_map(|part| part.changes.iter().cloned()).collect();
        Ok(Made {
            revision: committed.revision.0,
            changed: committed.changed,
            differences: Differences::of(&eyes, &changes),
        })
    }
}

/// Makes the configuration what it was.
pub(super) async fn rollback(
    access: &Arc<Access>,
    context: ActionContext,
    input: Back,
) -> Result<Made, ActionError> {
    let goal = tree_at(&context, "rollback", "revision", input.revision).await?;
    let own = (context.tenant.clone(), goal);
    let goals = goals(access, &context.engine, &context.snapshot, own, Revision(input.revision)).await;
    let goals = goals.map_err(|error| not_told(&context, "rollback", "revision", &error))?;
    let root = InstancePath::root();
    let condition = |etag: String| Precondition::IfMatch { path: root.clone(), etags: vec![etag] };
    let mut preconditions: Vec<Precondition> = input.if_match.map(condition).into_iter().collect();
    let changes = goals
        .iter()
        .map(|(tenant, _)| TenantEdits {
            tenant: tenant.clone(),
            edits: Vec::new(),
            preconditions: std::mem::take(&mut preconditions),
        })
        .collect();
    let comment = match input.comment {
        Some(comment) => format!("roll back to revision {}: {comment}", input.revision),
        None => format!("roll back to revision {}", input.revision),
    };
    let caller = context.caller()?;
    let asking = Asking::new(access, &context.engine, &context.snapshot, caller);
    let tenant = context.tenant.clone();
    let request = CommitRequest {
        actor: caller.actor(),
        request_id: context.client.request_id.clone(),
        by: Author::Service,
        changes,
        validate_only: context.validate_only,
        approve: Some(Arc::new(move |approval: &Approval<'_>| {
            // What comes back with the entry of a tenant is decided by that entry.
            if *approval.tenant != tenant {
                return Vec::new();
            }
            asking.about_changes(approval)
        })),
        options: CommitOptions { comment: Some(comment), goals, ..CommitOptions::default() },
    };
    let committed = context.engine.commit(request).await?;
    context.made.note(&committed);
    Made::of(access, &context, &committed)
}

/// The trees that are to be again: the one of a tenant, and those of tenants that come back with their entries in it.
///
/// # Errors
/// When one of these cannot be told.
pub(super) async fn goals(
    access: &Access,
    engine: &Engine,
    snapshot: &Arc<Snapshot>,
    own: (Ident, Tree),
    revision: Revision,
) -> Result<Vec<(Ident, Tree)>, HistoryError> {
    let returning = returning(access, snapshot, &own);
    let mut goals = vec![own];
    for tenant in returning {
        match engine.tree_at(snapshot, &tenant, revision).await {
            Ok(tree) => goals.push((tenant, tree)),
            // Its entry was there before it was a tenant.
            Err(HistoryError::BeforeTenant { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(goals)
}

/// The tenants that are gone and come back with the configuration of the system tenant.
fn returning(access: &Access, snapshot: &Snapshot, own: &(Ident, Tree)) -> Vec<Ident> {
    let (tenant, goal) = own;
    let Some(data) = snapshot.tenant(tenant).filter(|_| **tenant == *SYSTEM_TENANT) else {
        return Vec::new();
    };
    let is_tenant = |path: &InstancePath| path.target() == access.model.tenants.target();
    diff(snapshot.schema(), &data.tree, goal)
        .iter()
        .filter(|change| change.kind == ChangeKind::Created && is_tenant(&change.path))
        .filter_map(|change| change.path.keys().first())
        .map(|name| Ident::from(name.to_string()))
        .collect()
}
