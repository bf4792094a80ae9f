//! Entity tags and times as a caller sees them.
//!
//! What a policy hides must not shine through the validators of what it shows: a caller that does not see everything gets
//! the tag of what it sees, which stays the same when something else changes, and no time at all. Where it makes a
//! condition of such a tag, the condition is held against the view, and the change is made only if nothing at all changed
//! since.

use super::{Gate, Reading};
use crate::access::authorize::Authority;
use crate::access::authorize::prune::{readable_tree, walk_to};
use crate::access::authorize::walk::Walk;
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::read::WithDefaults;
use crate::data::violation::Violation;
use crate::engine::caller::Caller;
use crate::engine::commit::{CommitError, Precondition};
use crate::engine::snapshot::Snapshot;
use crate::yang::schema::{NodeId, Schema};

/// The validators of a resource of configuration; by default those of what has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// Entity tag without quotes; `None` when there is no such resource.
    pub etag: Option<String>,
    /// When it was last changed; `None` for who does not see all of it.
    pub modified: Option<Timestamp>,
}

impl Gate {
    /// The validators of configuration at a path, for what a caller sees of it.
    pub fn validators(&self, snapshot: &Snapshot, caller: &Caller, path: &InstancePath) -> Validators {
        let authority = self.authority(snapshot, caller);
        self.validators_for(&authority, &walk_to(&authority, path), snapshot, &caller.tenant, path)
    }

    /// The validators of the configuration at the place of a reading, for what its caller sees of it.
    pub fn validators_of(&self, reading: &Reading) -> Validators {
        let Reading { snapshot, tenant, target, authority, .. } = reading;
        if reading.shows_all {
            return self.validators_of_all(snapshot, tenant, target);
        }
        self.validators_for(authority, &walk_to(authority, target), snapshot, tenant, target)
    }

    /// The validators of what is shown of a reading in that mode of defaults. A default that a condition brings into use changes
    /// what is shown without a change below the target: then the tag, which begins as ever, ends with that of all of the
    /// configuration. A caller that does not see all of it has none then, since what it does not see may decide.
    pub fn validators_with(&self, reading: &Reading, defaults: WithDefaults) -> Validators {
        let own = self.validators_of(reading);
        let shows_unset = matches!(defaults, WithDefaults::ReportAll | WithDefaults::ReportAllTagged);
        if !shows_unset || !self.engine().schema().has_conditional_default_below(reading.target.target()) {
            return own;
        }
        let Reading { snapshot, tenant, authority, .. } = reading;
        let root = InstancePath::root();
        let all = self.validators_for(authority, &walk_to(authority, &root), snapshot, tenant, &root);
        match (own.etag, all.etag) {
            (Some(own), Some(all_etag)) if all.modified.is_some() => {
                Validators { etag: Some([&own, ".", &all_etag].concat()), modified: all.modified }
            }
            _ => Validators::default(),
        }
    }

    /// For who sees all of it.
    fn validators_of_all(&self, snapshot: &Snapshot, tenant: &str, path: &InstancePath) -> Validators {
        let etag = self.engine().config_etag(snapshot, tenant, path);
        Validators { etag, modified: Some(snapshot.modified(tenant, path)) }
    }

    /// For who sees what is at the end of a walk.
    fn validators_for(
        &self,
        authority: &Authority,
        walk: &Walk<'_>,
        snapshot: &Snapshot,
        tenant: &str,
        path: &InstancePath,
    ) -> Validators {
        let engine = self.engine();
        let whole = self.validators_of_all(snapshot, tenant, path);
        if whole.etag.is_none() || sees_all(authority, walk, engine.schema(), path) {
            return whole;
        }
        let from_root = walk_to(authority, &InstancePath::root());
        let seen = snapshot
            .tenant(tenant)
            .and_then(|data| readable_tree(engine.schema(), &from_root, walk, &data.tree, path))
            .and_then(|tree| engine.etag_of(&tree, path));
        Validators { etag: Some(seen.unwrap_or_else(|| engine.etag(0))), modified: None }
    }

    /// A caller's conditions as the writer can check them, and whether one of them stands for a view.
    ///
    /// # Errors
    /// [`CommitError::Precondition`] when a condition does not hold for what the caller sees.
    pub(super) fn as_seen(
        &self,
        authority: &Authority,
        snapshot: &Snapshot,
        tenant: &str,
        conditions: &[Precondition],
    ) -> Result<(Vec<Precondition>, bool), CommitError> {
        let mut found = Vec::with_capacity(conditions.len());
        let mut of_view = false;
        for condition in conditions {
            let (Precondition::IfMatch { path, .. }
            | Precondition::IfNoneMatch { path, .. }
            | Precondition::UnmodifiedSince { path, .. }) = condition
            else {
                found.push(condition.clone());
                continue;
            };
            let walk = walk_to(authority, path);
            let seen = self.validators_for(authority, &walk, snapshot, tenant, path);
            if seen.modified.is_some() {
                found.push(condition.clone());
                continue;
            }
            let has = |etags: &[String]| seen.etag.as_ref().is_some_and(|etag| etags.contains(etag));
            match condition {
                Precondition::IfMatch { etags, .. } if has(etags) => {
                    let whole = self.engine().config_etag(snapshot, tenant, path);
                    let etags = whole.into_iter().collect();
                    found.push(Precondition::IfMatch { path: path.clone(), etags });
                    of_view = true;
                }
                Precondition::IfMatch { .. } => {
                    return Err(broken(path, "the resource was changed meanwhile", seen.etag));
                }
                Precondition::IfNoneMatch { etags, .. } if has(etags) => {
                    return Err(broken(path, "the resource is still the same", seen.etag));
                }
                // Without a time there is nothing to compare with (RFC 9110 section 13.1.4).
                _ => {}
            }
        }
        Ok((found, of_view))
    }
}

/// Whether nothing of a resource is kept from a caller. Policies speak of what is in the datastore, not of the datastore.
fn sees_all(authority: &Authority, walk: &Walk<'_>, schema: &Schema, path: &InstancePath) -> bool {
    let shows = |walk: &Walk<'_>| walk.is_allowed() && walk.shows_all_below();
    let at_the_top = || schema.children(NodeId::ROOT).iter().filter(|id| schema.node(**id).is_data());
    shows(walk)
        || path.steps.is_empty() && at_the_top().all(|id| shows(&walk_to(authority, &path.child(*id))))
}

fn broken(path: &InstancePath, message: &str, etag: Option<String>) -> CommitError {
    let violation = Violation::new(ErrorTag::OperationFailed, path.clone(), message);
    CommitError::Precondition(match etag {
        Some(etag) => violation.info("etag", etag),
        None => violation,
    })
}
