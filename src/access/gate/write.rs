//! Changing configuration.

use std::sync::Arc;

use super::Gate;
use super::outcome::{Refusal, Written};
use crate::access::approval::Asking;
use crate::access::authorize::Authority;
use crate::access::authorize::approve::{approve_asked, asked, is_there};
use crate::access::authorize::keep::keep_hidden;
use crate::access::authorize::prune::walk_to;
use crate::access::confirm::Claim;
use crate::base::error::ErrorTag;
use crate::data::diff::{Change, ChangeKind};
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::{Data, Tree};
use crate::data::violation::Violation;
use crate::engine::caller::{Caller, ClientInfo};
use crate::engine::commit::{
    Amend, Approval, Approve, Author, CommitError, CommitOptions, CommitRequest, Committed, Precondition,
    TenantEdits,
};
use crate::engine::operation::{Confirmed, WriteKind, WriteOptions};
use crate::engine::snapshot::Snapshot;
use crate::yang::schema::Schema;

/// How often a replacement is tried whose hidden parts somebody else keeps changing.
pub(super) const ATTEMPTS: u32 = 8;

/// A change that somebody asks for; the fields are those of [`crate::engine::operation::Operation::Write`].
pub(super) struct Write {
    pub kind: WriteKind,
    pub target: InstancePath,
    pub edits: Vec<Edit>,
    pub preconditions: Vec<Precondition>,
    pub validate_only: bool,
    pub options: WriteOptions,
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
        if write.options.candidate {
            return self.edit_candidate(caller, write).await;
        }
        let engine = self.engine();
        let schema = Arc::clone(engine.schema());
        let snapshot = engine.snapshot();
        let authority = self.authority(&snapshot, caller);
        let data = snapshot
            .tenant(&caller.tenant)
            .ok_or_else(|| Refusal::Commit(CommitError::NoTenant(caller.tenant.clone())))?;
        let asked = asked(&schema, write.kind, &write.target, &write.edits, &data.tree);
        approve_asked(&authority, &asked).map_err(Refusal::Invalid)?;
        let committed = self.commit(caller, client, &write).await?;
        let created = was_created(&write, &committed);
        Ok(Written { committed, created })
    }
}

/// Whether the resource that a write names was not there before.
pub(super) fn was_created(write: &Write, committed: &Committed) -> bool {
    let mut changes = committed.changes.iter().flat_map(|part| part.changes.iter());
    write.kind == WriteKind::Create || changes.any(|change| creates(change, &write.target))
}

/// Whether a resource is there by a change and was not before. A leaf-list changes as a whole.
fn creates(change: &Change, target: &InstancePath) -> bool {
    match (&change.before, target.keys()) {
        (Some(Data::LeafList(before)), [value]) => {
            target.starts_with(&change.path)
                && target.steps.len() == change.path.steps.len()
                && !before.contains(value)
        }
        _ => change.kind == ChangeKind::Created && target.starts_with(&change.path),
    }
}

impl Gate {
    /// Commits a write. Where its author does not see everything that it replaces, the rest is taken over from a snapshot,
    /// and the commit holds only if that is still what is there; otherwise it is done again.
    async fn commit(
        &self,
        caller: &Arc<Caller>,
        client: &ClientInfo,
        write: &Write,
    ) -> Result<Committed, CommitError> {
        let engine = self.engine();
        let schema = engine.schema();
        for attempt in 1.. {
            let snapshot = engine.snapshot();
            let authority = self.authority(&snapshot, caller);
            let mut edits = write.edits.clone();
            let (mut preconditions, of_view) =
                self.as_seen(&authority, &snapshot, &caller.tenant, &write.preconditions)?;
            let before = preconditions.len();
            if let Some(data) = snapshot.tenant(&caller.tenant) {
                for path in keep(schema, &authority, &data.tree, &mut edits) {
                    let etags = engine.config_etag(&snapshot, &caller.tenant, &path).into_iter().collect();
                    preconditions.push(Precondition::IfMatch { path, etags });
                }
            }
            let is_taken_over = of_view || preconditions.len() > before;
            let request = CommitRequest {
                actor: caller.actor(),
                request_id: client.request_id.clone(),
                by: Author::Client,
                changes: vec![TenantEdits { tenant: caller.tenant.clone(), edits, preconditions }],
                validate_only: write.validate_only,
                approve: Some(self.approval(&snapshot, caller, write)),
                options: CommitOptions {
                    comment: write.options.comment.clone(),
                    amend: write.options.confirmed.clone().map(|asked| self.begin(caller, &snapshot, asked)),
                    ..CommitOptions::default()
                },
            };
            match engine.commit(request).await {
                Err(CommitError::Precondition(_)) if is_taken_over && attempt < ATTEMPTS => {}
                outcome => return outcome,
            }
        }
        Err(CommitError::TooBusy)
    }

    /// What the write adds that is to be undone unless it is confirmed.
    fn begin(&self, caller: &Arc<Caller>, snapshot: &Snapshot, asked: Confirmed) -> Amend {
        let access = self.access();
        let claim = Claim::of(access, snapshot, caller, asked.persist_id.clone());
        access.confirmations.begin(self.engine().schema(), claim, asked)
    }

    /// Asked by the writer, with the tree that the change is really made on: whether the policies allow it, and whether
    /// its author gets no authority by it.
    pub(super) fn approval(&self, snapshot: &Snapshot, caller: &Caller, write: &Write) -> Approve {
        let schema = Arc::clone(self.engine().schema());
        let asking = Asking::new(self.access(), self.engine(), snapshot, caller);
        let (kind, target) = (write.kind, write.target.clone());
        Arc::new(move |approval: &Approval<'_>| match missing(&schema, kind, &target, approval.before) {
            Some(missing) => vec![missing],
            None => asking.about(kind, &target, approval),
        })
    }
}

/// Adds to each replacement what its author does not see of what it replaces, and says which resources those are.
pub(super) fn keep(
    schema: &Schema,
    authority: &Authority,
    tree: &Tree,
    edits: &mut [Edit],
) -> Vec<InstancePath> {
    let mut kept = Vec::new();
    for edit in edits.iter_mut().filter(|edit| is_replacement(edit)) {
        let walk = walk_to(authority, &edit.path);
        // Who sees all knows what it leaves out; who sees nothing means to replace all.
        let sees_nothing = !walk.is_allowed() && !walk.leads_to_readable();
        if sees_nothing || walk.is_allowed() && walk.shows_all_below() {
            continue;
        }
        if let (Some(Data::Container(value)), Some(current)) = (&mut edit.value, tree.entry(&edit.path)) {
            *value = keep_hidden(schema, &walk, current, value);
            kept.push(edit.path.clone());
        }
    }
    kept
}

fn is_replacement(edit: &Edit) -> bool {
    matches!(edit.operation, EditOperation::Replace | EditOperation::Place(_))
}

/// What is patched must be there.
fn missing(schema: &Schema, kind: WriteKind, target: &InstancePath, before: &Tree) -> Option<Violation> {
    (kind == WriteKind::Patch && !is_there(schema, target, before)).then(|| {
        Violation::new(ErrorTag::DataMissing, target.clone(), "there is no such resource to be changed")
    })
}
