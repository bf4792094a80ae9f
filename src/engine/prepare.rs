//! The slow part of a transaction, before it has its turn: passwords are hashed and key material is made away from the
//! writer, on a guess of what the transaction will do.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};

use super::Core;
use super::commit::{CommitError, CommitRequest, TenantEdits};
use super::snapshot::Snapshot;
use super::transaction::{Prepared, fault};
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::base::password::{self, PasswordError};
use crate::base::secret::Secret;
use crate::data::diff::diff;
use crate::data::edit::apply;
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::{Container, Data, Tree};
use crate::data::violation::Violation;
use crate::yang::schema::Value;

/// One transaction takes up so many places in the queue of passwords, however many it brings.
const HASHED_AT_ONCE: usize = 4;

impl Core {
    /// Puts hashes in place of passwords and asks the preparations that the transaction will need.
    ///
    /// # Errors
    /// When a preparation refuses, or hashing fails.
    pub(super) async fn prepare(
        self: &Arc<Self>,
        request: &mut CommitRequest,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Prepared, CommitError> {
        for edits in &mut request.changes {
            self.hash_passwords(edits, snapshot).await?;
        }
        let concerned = |edits: &TenantEdits| {
            edits.edits.iter().any(|edit| self.bindings.preparations.concerns(&edit.path))
        };
        if !request.changes.iter().any(concerned) {
            return Ok(Prepared::default());
        }
        let core = Arc::clone(self);
        let snapshot = Arc::clone(snapshot);
        let changes = request.changes.clone();
        let time = self.clock.now();
        tokio::task::spawn_blocking(move || core.guess(&snapshot, &changes, time))
            .await
            .unwrap_or_else(|stopped| Err(if stopped.is_panic() { fault() } else { CommitError::Stopped }))
    }

    /// Does the transaction on the current snapshot, as far as preparations are concerned. Faults are left to be found,
    /// all of them, when it is its turn.
    fn guess(
        &self,
        snapshot: &Snapshot,
        changes: &[TenantEdits],
        time: Timestamp,
    ) -> Result<Prepared, CommitError> {
        let mut prepared = Prepared::default();
        let nothing = Tree::empty();
        for edits in changes {
            let before = snapshot.tenant(&edits.tenant).map_or(&nothing, |data| &data.tree);
            let Ok(mut next) = apply(&self.schema, before, &edits.edits) else { continue };
            let mut asked = HashSet::new();
            loop {
                let changes = diff(&self.schema, before, &next);
                let mut added = Vec::new();
                for path in self.bindings.preparations.touched(&self.schema, &changes) {
                    // What goes with an instance is found out in the transaction itself.
                    if next.entry(&path).is_some() && asked.insert(path.clone()) {
                        let more = self.prepare_instance(before, &next, &edits.tenant, &path, time)?;
                        added.extend_from_slice(&more);
                        prepared.add(&edits.tenant, path, before, &next, more);
                    }
                }
                match apply(&self.schema, &next, &added) {
                    Ok(further) if !added.is_empty() => next = further,
                    _ => break,
                }
            }
        }
        Ok(prepared)
    }

    pub(super) async fn hash_passwords(
        &self,
        edits: &mut TenantEdits,
        snapshot: &Snapshot,
    ) -> Result<(), CommitError> {
        let data = snapshot.tenant(&edits.tenant);
        for edit in &mut edits.edits {
            let Some(value) = &mut edit.value else { continue };
            if !self.facts.has_hashed(edit.path.target()) {
                continue;
            }
            let mut plain = Vec::new();
            let mut unusable = Vec::new();
            collect(self, &mut edit.path.clone(), value, &mut plain, &mut unusable);
            if !unusable.is_empty() {
                return Err(CommitError::Invalid(unusable));
            }
            let mut hashes = stream::iter(plain)
                .map(|(path, text)| async move {
                    let stored = data.and_then(|data| data.tree.leaf(&path)).and_then(Value::as_str);
                    (self.hashed(stored, text).await, path)
                })
                .buffered(HASHED_AT_ONCE);
            while let Some((hash, path)) = hashes.next().await {
                let hash = hash.map_err(|error| {
                    let fault = Violation::new(ErrorTag::OperationFailed, path.clone(), error.to_string());
                    CommitError::Invalid(vec![fault])
                })?;
                let below = path.steps.get(edit.path.steps.len()..).unwrap_or_default();
                put(value, below, Value::string(hash));
            }
        }
        Ok(())
    }

    /// What to store for a password: what is stored already, when it is the same password.
    async fn hashed(&self, stored: Option<&str>, password: Secret) -> Result<String, PasswordError> {
        if let Some(stored) = stored
            && self.passwords.verify(Some(stored), password.clone()).await == Ok(true)
        {
            return Ok(stored.to_owned());
        }
        self.passwords.hash(password).await
    }
}

/// Finds the passwords in a value, with their paths, and the hashes among them that cannot be kept.
fn collect(
    core: &Core,
    path: &mut InstancePath,
    data: &Data,
    found: &mut Vec<(InstancePath, Secret)>,
    unusable: &mut Vec<Violation>,
) {
    match data {
        Data::Leaf(value) if core.schema.node(path.target()).extensions.hashed => match value.as_str() {
            Some(text) if !password::is_hash(text) => {
                found.push((path.clone(), Secret::new(text.as_bytes())));
            }
            Some(text) => {
                if let Err(error) = password::check_hash(text) {
                    unusable.push(Violation::new(ErrorTag::InvalidValue, path.clone(), error.to_string()));
                }
            }
            None => {}
        },
        Data::Container(container) => collect_in(core, path, container, found, unusable),
        Data::List(list) => {
            for entry in list.iter() {
                let keys = entry.key(&core.schema);
                if let Some(last) = path.steps.last_mut() {
                    last.keys = keys;
                }
                collect_in(core, path, entry, found, unusable);
            }
            if let Some(last) = path.steps.last_mut() {
                last.keys.clear();
            }
        }
        _ => {}
    }
}

fn collect_in(
    core: &Core,
    path: &mut InstancePath,
    container: &Container,
    found: &mut Vec<(InstancePath, Secret)>,
    unusable: &mut Vec<Violation>,
) {
    for (id, data) in container.children().iter().filter(|(id, _)| core.facts.has_hashed(*id)) {
        path.push(*id, Vec::new());
        collect(core, path, data, found, unusable);
        path.steps.pop();
    }
}

/// Sets the leaf at the end of `steps` inside of a value.
fn put(data: &mut Data, steps: &[PathStep], leaf: Value) {
    let Some((first, rest)) = steps.split_first() else {
        *data = Data::Leaf(leaf);
        return;
    };
    let Data::Container(container) = data else { return };
    let container = Arc::make_mut(container);
    let Some(mut child) = container.remove(first.node) else { return };
    match &mut child {
        Data::List(list) => {
            Arc::make_mut(list).update(&first.keys, |entry| {
                let mut inner = Data::Container(Arc::clone(entry));
                put(&mut inner, rest, leaf);
                if let Data::Container(inner) = inner {
                    *entry = inner;
                }
            });
        }
        other => put(other, rest, leaf),
    }
    container.set(first.node, child);
}
