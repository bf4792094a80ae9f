//! Changing configuration.

use std::sync::Arc;

use super::Gate;
use super::outcome::{Refusal, Written};
use crate::access::authorize::Authority;
use crate::access::authorize::approve::{approve, approve_asked, asked, is_there};
use crate::base::error::ErrorTag;
use crate::data::diff::ChangeKind;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::data::violation::Violation;
use crate::engine::caller::{Caller, ClientInfo};
use crate::engine::commit::{
    Approval, Approve, Author, CommitError, CommitRequest, Precondition, TenantEdits,
};
use crate::engine::operation::WriteKind;
use crate::yang::schema::Schema;

/// A change that somebody asks for; the fields are those of [`crate::engine::operation::Operation::Write`].
pub(super) struct Write {
    pub kind: WriteKind,
    pub target: InstancePath,
    pub edits: Vec<Edit>,
    pub preconditions: Vec<Precondition>,
    pub validate_only: bool,
}

impl Gate {
    /// Makes a change for a caller. What it asks for is decided on the snapshot of now, before anything else is looked
    /// at, so that a refusal tells nothing of what is there; and once more by the writer, when it is known what the
    /// change comes to.
    pub(super) async fn write(
        &self,
        caller: &Arc<Caller>,
        client: &ClientInfo,
        write: Write,
    ) -> Result<Written, Refusal> {
        let engine = self.engine();
        let schema = Arc::clone(engine.schema());
        let snapshot = engine.snapshot();
        let authority = self.authority(&snapshot, caller);
        let data = snapshot
            .tenant(&caller.tenant)
            .ok_or_else(|| Refusal::Commit(CommitError::NoTenant(caller.tenant.clone())))?;
        let Write { kind, target, edits, preconditions, validate_only } = write;
        approve_asked(&authority, &asked(&schema, kind, &target, &edits, &data.tree))
            .map_err(Refusal::Invalid)?;
        let request = CommitRequest {
            actor: caller.actor(),
            request_id: client.request_id.clone(),
            by: Author::Client,
            changes: vec![TenantEdits { tenant: caller.tenant.clone(), edits, preconditions }],
            validate_only,
            approve: Some(approval(schema, authority, kind, target.clone())),
        };
        let committed = engine.commit(request).await?;
        let changes = committed.changes.iter().flat_map(|part| part.changes.iter());
        let created = changes
            .filter(|change| change.kind == ChangeKind::Created)
            .any(|change| target.starts_with(&change.path));
        Ok(Written { committed, created: created || kind == WriteKind::Create })
    }
}

/// Asked by the writer, with the tree that the change is really made on.
fn approval(schema: Arc<Schema>, authority: Authority, kind: WriteKind, target: InstancePath) -> Approve {
    Arc::new(move |approval: &Approval<'_>| {
        if let Some(missing) = missing(&schema, kind, &target, approval.before) {
            return vec![missing];
        }
        let asked = asked(&schema, kind, &target, approval.edits, approval.before);
        approve(&schema, &authority, &asked, approval.changes).err().unwrap_or_default()
    })
}

/// What is patched must be there.
fn missing(schema: &Schema, kind: WriteKind, target: &InstancePath, before: &Tree) -> Option<Violation> {
    (kind == WriteKind::Patch && !is_there(schema, target, before)).then(|| {
        Violation::new(ErrorTag::DataMissing, target.clone(), "there is no such resource to be changed")
    })
}
