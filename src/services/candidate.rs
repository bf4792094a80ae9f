//! The operations on what a caller prepares: commit it, validate it, show what it would change, forget it.
//!
//! Who has prepared what is `access`'s to know, and what it is the engine's; here they meet the commit pipeline.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::history::{Differences, Eyes, Made};
use crate::access::Access;
use crate::access::approval::Asking;
use crate::access::candidate::Held;
use crate::access::confirm::Claim;
use crate::engine::{
    ActionContext, ActionError, Amend, Approval, Author, CommitOptions, CommitRequest, Committed, Confirmed,
    Registry, TenantEdits,
};

/// Hangs the service on the model.
pub fn register(registry: &mut Registry, access: &Arc<Access>) {
    let own = Arc::clone(access);
    registry.action("/commit", move |context, input| {
        let access = Arc::clone(&own);
        async move { commit(&access, context, input).await }
    });
    let own = Arc::clone(access);
    registry.action("/strongbox-candidate:validate", move |context, _: Nothing| {
        let access = Arc::clone(&own);
        async move { validate(&access, &context).await }
    });
    let own = Arc::clone(access);
    registry.action("/discard-changes", move |context, _: Nothing| {
        let access = Arc::clone(&own);
        async move { discard(&access, &context) }
    });
    let own = Arc::clone(access);
    registry.action("/diff-candidate", move |context, _: Nothing| {
        let access = Arc::clone(&own);
        async move { diff(&access, &context) }
    });
}

/// No input, and no output.
#[derive(Deserialize, Serialize)]
struct Nothing {}

/// Input of `commit`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Asked {
    #[serde(default)]
    confirmed: bool,
    confirm_timeout: Option<u32>,
    persist: Option<String>,
    persist_id: Option<String>,
    comment: Option<String>,
}

async fn commit(access: &Arc<Access>, context: ActionContext, input: Asked) -> Result<Made, ActionError> {
    let caller = Arc::clone(context.caller()?);
    let claim = Claim::of(access, &context.snapshot, &caller, input.persist_id.clone());
    let schema = context.engine.schema();
    let amend = match input.confirmed {
        true => {
            let timeout = input.confirm_timeout.unwrap_or(Confirmed::TIMEOUT);
            let (persist, persist_id) = (input.persist, input.persist_id);
            access.confirmations.begin(schema, claim, Confirmed { timeout, persist, persist_id })
        }
        false => access.confirmations.settle(schema, claim),
    };
    let held = access.candidates.of(&context.engine, &context.snapshot, &caller);
    let committed =
        make(access, &context, held.as_ref(), amend, input.comment, context.validate_only).await?;
    if !context.validate_only {
        access.candidates.discard(&caller, held.as_ref());
        context.made.note(&committed);
    }
    Made::of(access, &context, &committed)
}

async fn validate(access: &Arc<Access>, context: &ActionContext) -> Result<Nothing, ActionError> {
    let caller = context.caller()?;
    let held = access.candidates.of(&context.engine, &context.snapshot, caller);
    let nothing = Amend(Arc::new(|_| Ok(Vec::new())));
    make(access, context, held.as_ref(), nothing, None, true).await?;
    Ok(Nothing {})
}

/// The transaction that a candidate comes to. It is worked out on what is running now, and holds only if by the time of its
/// turn nobody has changed there what it changes.
async fn make(
    access: &Arc<Access>,
    context: &ActionContext,
    held: Option<&Arc<Held>>,
    amend: Amend,
    comment: Option<String>,
    validate_only: bool,
) -> Result<Committed, ActionError> {
    let caller = context.caller()?;
    let engine = context.engine.clone();
    let data = context.snapshot.tenant(&context.tenant).ok_or(ActionError::NotFound)?;
    let mut edits = Vec::new();
    if let Some(held) = held {
        engine.hold(&held.candidate, &data.tree).map_err(ActionError::Invalid)?;
        edits = held.candidate.edits(engine.schema());
    }
    let comment = comment.or_else(|| held.and_then(|held| held.comment.clone()));
    let asking = Asking::new(access, &engine, &context.snapshot, caller);
    let prepared = held.map(Arc::clone);
    let changes = TenantEdits { tenant: context.tenant.clone(), edits, preconditions: Vec::new() };
    let request = CommitRequest {
        actor: caller.actor(),
        request_id: context.client.request_id.clone(),
        by: Author::Client,
        changes: vec![changes],
        validate_only,
        approve: Some(Arc::new(move |approval: &Approval<'_>| {
            let Some(held) = &prepared else { return Vec::new() };
            match engine.hold(&held.candidate, approval.before) {
                Ok(()) => asking.about_prepared(&held.asked, approval),
                Err(conflicts) => conflicts,
            }
        })),
        options: CommitOptions { comment, amend: Some(amend), ..CommitOptions::default() },
    };
    Ok(context.engine.commit(request).await?)
}

fn discard(access: &Access, context: &ActionContext) -> Result<Nothing, ActionError> {
    let caller = context.caller()?;
    if !context.validate_only {
        access.candidates.discard(caller, None);
    }
    Ok(Nothing {})
}

/// Output of `diff-candidate`.
#[derive(Serialize)]
struct Prepared {
    revision: u64,
    #[serde(flatten)]
    differences: Differences,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<String>,
}

fn diff(access: &Access, context: &ActionContext) -> Result<Prepared, ActionError> {
    let caller = context.caller()?;
    let (engine, snapshot) = (&context.engine, &context.snapshot);
    let schema = engine.schema();
    let data = snapshot.tenant(&context.tenant).ok_or(ActionError::NotFound)?;
    let Some(held) = access.candidates.of(engine, snapshot, caller) else {
        let (revision, differences) = (snapshot.revision.0, Differences::default());
        return Ok(Prepared { revision, differences, conflicts: Vec::new() });
    };
    let authority = access.policies.authority(snapshot, caller);
    let eyes = Eyes { schema, authority: &authority };
    let conflicts = engine.hold(&held.candidate, &data.tree).err().unwrap_or_default();
    Ok(Prepared {
        revision: held.candidate.revision().0,
        differences: Differences::of(&eyes, &held.candidate.changes(schema)),
        conflicts: conflicts.iter().map(|conflict| conflict.path.to_v1(schema)).collect(),
    })
}
