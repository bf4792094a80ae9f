//! Whether the author of a transaction may make it, asked when it has its turn: by then it is known what it comes to.

use std::collections::HashSet;
use std::sync::Arc;

use super::Access;
use super::authorize::approve::{Asked, approve, asked};
use super::authorize::{Authority, PolicyOperation, grant};
use crate::data::diff::{Change, ChangeKind};
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::Engine;
use crate::engine::caller::Caller;
use crate::engine::commit::Approval;
use crate::engine::operation::WriteKind;
use crate::engine::snapshot::Snapshot;
use crate::yang::schema::{NodeKind, Schema};

/// An author, with what it may do and hand out as of a snapshot.
pub struct Asking {
    access: Arc<Access>,
    schema: Arc<Schema>,
    authority: Authority,
    author: grant::Author,
}

impl Asking {
    /// The author that a caller is.
    pub fn new(access: &Arc<Access>, engine: &Engine, snapshot: &Snapshot, caller: &Caller) -> Self {
        Asking {
            authority: access.policies.authority(snapshot, caller),
            author: access.policies.author(snapshot, caller),
            access: Arc::clone(access),
            schema: Arc::clone(engine.schema()),
        }
    }

    /// Why it may not make this part of a transaction that it wrote itself: the policies do not allow what it asks for, or it
    /// would get authority by it that it does not have.
    pub fn about(&self, kind: WriteKind, target: &InstancePath, approval: &Approval<'_>) -> Vec<Violation> {
        let asked = asked(&self.schema, kind, target, approval.edits, approval.before);
        self.hold(&asked, approval)
    }

    /// The same for a part that was worked out: each change is asked for as if its entry had been written.
    pub fn about_changes(&self, approval: &Approval<'_>) -> Vec<Violation> {
        let mut known = HashSet::new();
        let changes = approval.changes.iter().filter(|change| self.schema.node(change.path.target()).config);
        let resources: Vec<(PolicyOperation, InstancePath)> = changes
            .map(|change| self.resource_of(change))
            .filter(|(operation, path)| known.insert((operation.to_string(), path.clone())))
            .collect();
        let asked: Vec<Asked<'_>> =
            resources.iter().map(|(operation, path)| Asked { operation: *operation, path }).collect();
        self.hold(&asked, approval)
    }

    /// The same for a part that several requests prepared: what they asked for, as far as anything came of it.
    pub fn about_prepared<'a>(
        &self,
        prepared: impl IntoIterator<Item = &'a (PolicyOperation, InstancePath)>,
        approval: &Approval<'_>,
    ) -> Vec<Violation> {
        let changed: HashSet<&InstancePath> = approval.changes.iter().map(|change| &change.path).collect();
        let above: HashSet<InstancePath> = changed.iter().flat_map(|path| path.lineage()).collect();
        let came_of_it = |path: &InstancePath| {
            path.steps.is_empty()
                || above.contains(path)
                || path.lineage().any(|above| changed.contains(&above))
        };
        let asked = prepared.into_iter().filter(|(_, path)| came_of_it(path));
        let mut asked: Vec<Asked<'_>> =
            asked.map(|(operation, path)| Asked { operation: *operation, path }).collect();
        asked.sort_by_cached_key(|asked| (asked.path.to_v1(&self.schema), asked.operation));
        self.hold(&asked, approval)
    }

    fn hold(&self, asked: &[Asked<'_>], approval: &Approval<'_>) -> Vec<Violation> {
        match approve(&self.schema, &self.authority, asked, approval.changes) {
            Ok(()) => {
                let granting = self.access.policies.granting();
                granting.check(&self.schema, &self.author, approval.after, approval.changes)
            }
            Err(refused) => refused,
        }
    }

    /// Which resource a change creates, deletes or updates. A leaf is part of the containers around it, up to an entry: whoever
    /// may update one of those may change it.
    fn resource_of(&self, change: &Change) -> (PolicyOperation, InstancePath) {
        let is_resource = |path: &InstancePath| match self.schema.node(path.target()).kind {
            NodeKind::List { .. } => !path.keys().is_empty(),
            NodeKind::Container { presence } => presence,
            _ => false,
        };
        match change.kind {
            ChangeKind::Created if is_resource(&change.path) => {
                return (PolicyOperation::Create, change.path.clone());
            }
            ChangeKind::Deleted if is_resource(&change.path) => {
                return (PolicyOperation::Delete, change.path.clone());
            }
            ChangeKind::Moved => return (PolicyOperation::Update, change.path.clone()),
            _ => {}
        }
        let mut outermost = change.path.parent().unwrap_or_default();
        let mut at = outermost.clone();
        loop {
            if self.authority.may(PolicyOperation::Update, &at).allowed {
                return (PolicyOperation::Update, at);
            }
            outermost = at.clone();
            match at.parent() {
                Some(above) if !is_resource(&at) && !above.steps.is_empty() => at = above,
                _ => return (PolicyOperation::Update, outermost),
            }
        }
    }
}
