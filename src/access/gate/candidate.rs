//! Reading and editing what a caller prepares.

use std::sync::Arc;

use super::Gate;
use super::outcome::{Refusal, Written};
use super::write::{ATTEMPTS, Write, keep, was_created};
use crate::access::authorize::approve::{approve_asked, asked};
use crate::access::candidate::Held;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::caller::Caller;
use crate::engine::commit::{CommitError, TenantEdits};
use crate::engine::snapshot::Snapshot;

impl Gate {
    /// The data with what a caller prepares in the place of what is running.
    pub fn prepared(&self, caller: &Caller, running: Arc<Snapshot>) -> Arc<Snapshot> {
        match self.access().candidates.of(self.engine(), &running, caller) {
            Some(held) => held.candidate.view(&running),
            None => running,
        }
    }

    /// Edits what a caller prepares. Its policies are asked as for a change of what is running; they are asked again when it
    /// is committed.
    pub(super) async fn edit_candidate(
        &self,
        caller: &Arc<Caller>,
        write: Write,
    ) -> Result<Written, Refusal> {
        if write.options.confirmed.is_some() {
            let message = "'confirmed' goes with the commit of a candidate, not with its edits";
            let fault = Violation::new(ErrorTag::BadAttribute, InstancePath::root(), message);
            return Err(Refusal::Invalid(vec![fault.info("bad-attribute", "confirmed")]));
        }
        let engine = self.engine();
        let (schema, candidates) = (engine.schema(), &self.access().candidates);
        for _ in 0..ATTEMPTS {
            let running = engine.snapshot();
            let before = candidates.of(engine, &running, caller);
            let none = || Refusal::Commit(CommitError::NoTenant(caller.tenant.clone()));
            let held = match &before {
                Some(held) => Arc::clone(held),
                None => Arc::new(Held::new(&running, &caller.tenant).ok_or_else(none)?),
            };
            let tree = held.candidate.tree();
            let authority = self.authority(&running, caller);
            let asked = asked(schema, write.kind, &write.target, &write.edits, tree);
            approve_asked(&authority, &asked).map_err(Refusal::Invalid)?;
            let view = held.candidate.view(&running);
            let (preconditions, _) = self.as_seen(&authority, &view, &caller.tenant, &write.preconditions)?;
            let mut edits = write.edits.clone();
            keep(schema, &authority, tree, &mut edits);
            let edits = TenantEdits { tenant: caller.tenant.clone(), edits, preconditions };
            let approve = self.approval(&running, caller, &write);
            let edited = engine.edit_candidate(&held.candidate, &running, edits, approve).await;
            let (candidate, committed) = edited?;
            let created = was_created(&write, &committed);
            if !write.validate_only && committed.changed {
                let asked = asked.into_iter().map(|asked| (asked.operation, asked.path.clone()));
                let next = held.edited(candidate, asked, &write.edits, write.options.comment.clone());
                let now = engine.clock().now();
                let kept = candidates.keep(caller, before.as_ref(), next, now);
                if kept.map_err(|fault| Refusal::Invalid(vec![fault]))?.is_none() {
                    continue;
                }
            }
            return Ok(Written { committed, created });
        }
        Err(Refusal::Commit(CommitError::TooBusy))
    }
}
