//! Confirming and cancelling commits that wait for confirmation, and undoing those that nobody confirmed in time.

use std::sync::Arc;
use std::time::Duration as Wait;

use serde::Deserialize;

use super::rollback::{Made, goals};
use crate::access::Access;
use crate::access::audit::{AuditEntry, AuditLog};
use crate::access::confirm::{Claim, PENDING, Pending};
use crate::access::gate::Written;
use crate::base::ident::Ident;
use crate::engine::history::HistoryError;
use crate::engine::{
    ActionContext, ActionError, Amend, Author, CommitError, CommitOptions, CommitRequest, Committed, Engine,
    TenantEdits,
};
use crate::store::Revision;

/// How long to wait after an attempt to undo that failed.
const AGAIN: Wait = Wait::from_secs(30);

/// Who the log and the audit log name for what nobody confirmed.
const ACTOR: &str = "confirmed-commit";

/// Input of `confirm-commit` and `cancel-commit`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Named {
    persist_id: Option<String>,
    comment: Option<String>,
}

/// Ends the waiting; what was changed stays.
pub(super) async fn confirm(
    access: &Arc<Access>,
    context: ActionContext,
    input: Named,
) -> Result<Made, ActionError> {
    let claim = Claim::of(access, &context.snapshot, context.caller()?, input.persist_id);
    let amend = access.confirmations.end(context.engine.schema(), Some(claim), None);
    let actor = context.caller()?.actor();
    let request = CommitRequest {
        validate_only: context.validate_only,
        ..request(&context.tenant, actor, &context.client.request_id, amend, input.comment)
    };
    let committed = context.engine.commit(request).await?;
    context.made.note(&committed);
    Made::of(access, &context, &committed)
}

/// Undoes what waits.
pub(super) async fn cancel(
    access: &Arc<Access>,
    context: ActionContext,
    input: Named,
) -> Result<Made, ActionError> {
    let claim = Claim::of(access, &context.snapshot, context.caller()?, input.persist_id);
    let tree = context.snapshot.tenant(&context.tenant).ok_or(ActionError::NotFound)?.tree.clone();
    let schema = context.engine.schema();
    let pending = access.confirmations.check(schema, &tree, &claim).map_err(ActionError::Invalid)?;
    let why = input.comment.unwrap_or_else(|| "cancelled".to_owned());
    let amend = access.confirmations.end(schema, Some(claim), Some(&pending));
    let undo = Undo { pending: &pending, actor: context.caller()?.actor(), why: &why, amend };
    let request = undo.request(access, &context.engine, &context.tenant, &context.client.request_id).await;
    let request = request.map_err(|error| ActionError::Unavailable(error.to_string()))?;
    let request = CommitRequest { validate_only: context.validate_only, ..request };
    let committed = context.engine.commit(request).await?;
    context.made.note(&committed);
    Made::of(access, &context, &committed)
}

fn request(
    tenant: &Ident,
    actor: String,
    request_id: &str,
    amend: Amend,
    comment: Option<String>,
) -> CommitRequest {
    CommitRequest {
        actor,
        request_id: request_id.to_owned(),
        by: Author::Service,
        changes: vec![TenantEdits { tenant: tenant.clone(), edits: Vec::new(), preconditions: Vec::new() }],
        validate_only: false,
        approve: None,
        options: CommitOptions { comment, amend: Some(amend), ..CommitOptions::default() },
    }
}

/// Taking back what waits.
struct Undo<'a> {
    pending: &'a Pending,
    actor: String,
    why: &'a str,
    amend: Amend,
}

impl Undo<'_> {
    async fn request(
        self,
        access: &Access,
        engine: &Engine,
        tenant: &Ident,
        request_id: &str,
    ) -> Result<CommitRequest, HistoryError> {
        let (snapshot, base) = (engine.snapshot(), self.pending.base_revision);
        let goal = engine.tree_at(&snapshot, tenant, Revision(base)).await?;
        let goals = goals(access, engine, &snapshot, (tenant.clone(), goal), Revision(base)).await?;
        let comment = Some(format!("back to revision {base}: {}", self.why));
        let mut request = request(tenant, self.actor, request_id, self.amend, comment);
        request.changes.extend(goals.iter().skip(1).map(|(tenant, _)| TenantEdits {
            tenant: tenant.clone(),
            edits: Vec::new(),
            preconditions: Vec::new(),
        }));
        request.options.goals = goals;
        Ok(request)
    }
}

/// Undoes everything that waits: what was not confirmed when the daemon stopped, however it did, is not confirmed any more (RFC
/// 6241 section 8.4.1). What cannot be undone is tried again later.
pub async fn undo_all(engine: &Engine, access: &Arc<Access>, audit: &AuditLog) {
    for (tenant, pending) in access.confirmations.waiting() {
        undo_and_say(engine, access, audit, &tenant, &pending, "not confirmed before the daemon stopped")
            .await;
    }
}

/// Undoes what is not confirmed in time, for ever.
pub async fn watch(engine: Engine, access: Arc<Access>, audit: AuditLog) {
    loop {
        let now = engine.clock().now();
        let waiting = access.confirmations.waiting();
        let (due, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, pending)| pending.deadline <= now);
        let mut failed = false;
        for (tenant, pending) in due {
            failed |=
                !undo_and_say(&engine, &access, &audit, &tenant, &pending, "not confirmed in time").await;
        }
        let next = later.iter().map(|(_, pending)| pending.deadline.0 - now.0).min();
        let next = next.map(|micros| Wait::from_micros(u64::try_from(micros).unwrap_or(0)));
        let wait = if failed { Some(next.map_or(AGAIN, |next| next.min(AGAIN))) } else { next };
        tokio::select! {
            () = access.confirmations.changed.notified() => {}
            () = tokio::time::sleep(wait.unwrap_or(Wait::MAX)), if wait.is_some() => {}
        }
    }
}

async fn undo_and_say(
    engine: &Engine,
    access: &Arc<Access>,
    audit: &AuditLog,
    tenant: &Ident,
    pending: &Pending,
    why: &str,
) -> bool {
    let request_id = uuid::Uuid::new_v4().to_string();
    match undo(engine, access, tenant, pending, why, &request_id).await {
        Ok(committed) => {
            tracing::warn!(%tenant, author = pending.author, revision = pending.base_revision, "a commit was undone: {why}");
            let changes = Written { committed, created: false }.audit_changes(engine.schema());
            let entry = AuditEntry {
                time: &engine.clock().now().rfc3339(),
                tenant: Some(tenant),
                user: pending.user.as_deref(),
                attempted_user: None,
                accessor: pending.accessor.as_deref(),
                token_hash: None,
                method: "UNDO",
                path: PENDING,
                status: 200,
                duration_us: 0,
                client_address: None,
                forwarded_for: None,
                user_agent: None,
                request_id: &request_id,
                site: &engine.settings().site,
                changes: &changes,
                error: Some(why),
            };
            if let Err(error) = audit.write(&entry).await {
                tracing::error!(%tenant, %error, "that a commit was undone could not be written down");
            }
            true
        }
        // Somebody confirmed, cancelled or extended it in this very moment.
        Err(_)
            if access
                .confirmations
                .waiting()
                .get(tenant)
                .is_none_or(|now| now.deadline != pending.deadline) =>
        {
            true
        }
        Err(error) => {
            tracing::error!(%tenant, author = pending.author, %error, "a commit that was not confirmed cannot be undone");
            false
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum UndoError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

async fn undo(
    engine: &Engine,
    access: &Arc<Access>,
    tenant: &Ident,
    pending: &Pending,
    why: &str,
    request_id: &str,
) -> Result<Committed, UndoError> {
    let amend = access.confirmations.end(engine.schema(), None, Some(pending));
    let undo = Undo { pending, actor: ACTOR.to_owned(), why, amend };
    let request = undo.request(access, engine, tenant, request_id).await?;
    Ok(engine.commit(request).await?)
}

/// Follows what waits for confirmation from now on.
pub fn follow(engine: &Engine, access: &Access) {
    engine.observe(access.confirmations.follower(Arc::clone(engine.pins())));
    access.confirmations.load(&engine.snapshot(), engine.pins());
}
