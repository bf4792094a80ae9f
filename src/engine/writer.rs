//! The one thread that writes: it takes what waits in the queue as a group, makes each transaction on a candidate in order,
//! appends one record for all of them, publishes the snapshot, tells observers, and then answers.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::Core;
use super::commit::{CommitError, CommitRequest, Committed, TenantChanges};
use super::rows::RowWrites;
use super::snapshot::Snapshot;
use super::transaction::{Made, Prepared};
use super::watch::{Commit, CommittedTransaction};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::store::log::append_settled;
use crate::store::{
    AppendError, CommitLog as _, Effect, Record, Revision, RowValue, SqliteStore, TransactionRecord,
};

/// At most so many transactions share a record.
const GROUP: usize = 256;
/// At most so many revisions pile up beyond the retention before they are purged together.
const PURGE_STEP: u64 = 1_000;

/// What the writer is asked to do.
pub(super) enum Work {
    /// Make a transaction.
    Commit(Box<Waiting>),
    /// Let somebody look at the store, shortly.
    Look(Box<dyn FnOnce(&SqliteStore) + Send>),
    /// Finish what waits, close the store and end.
    Stop(oneshot::Sender<()>),
}

/// A transaction in the queue.
pub(super) struct Waiting {
    pub request: CommitRequest,
    pub prepared: Prepared,
    pub answer: oneshot::Sender<Result<Committed, CommitError>>,
}

/// A transaction of a group, made or not.
struct Done {
    answer: oneshot::Sender<Result<Committed, CommitError>>,
    outcome: Result<Vec<TenantChanges>, CommitError>,
    transaction: Option<CommittedTransaction>,
    writes: Vec<(Ident, RowWrites)>,
}

pub(super) struct Writer {
    pub core: Arc<Core>,
    pub store: SqliteStore,
    pub queue: mpsc::Receiver<Work>,
}

impl Writer {
    /// Works until told to stop, or until nobody is left who could ask.
    pub fn run(mut self) {
        let mut stop = None;
        while stop.is_none() {
            let Some(first) = self.queue.blocking_recv() else { break };
            let mut group = Vec::new();
            let mut next = Some(first);
            while let Some(work) = next.take() {
                match work {
                    Work::Commit(waiting) => {
                        if waiting.request.options.amend.is_some() && !group.is_empty() {
                            self.commit(std::mem::take(&mut group));
                        }
                        group.push(*waiting);
                    }
                    Work::Look(look) => look(&self.store),
                    Work::Stop(answer) => {
                        self.queue.close();
                        stop = Some(answer);
                    }
                }
                if group.len() < GROUP {
                    next = self.queue.try_recv().ok();
                }
            }
            if !group.is_empty() {
                self.commit(group);
            }
        }
        while let Ok(Work::Commit(waiting)) = self.queue.try_recv() {
            self.commit(vec![*waiting]);
        }
        if let Err(error) = self.store.close() {
            tracing::error!(%error, "the store did not close in order");
        }
        if let Some(answer) = stop {
            let _ = answer.send(());
        }
    }

    fn commit(&mut self, group: Vec<Waiting>) {
        let before = self.core.snapshot.load_full();
        // Times never run backwards from revision to revision, whatever the clock does.
        let time = self.core.clock.now().max(Timestamp(before.time.0 + 1));
        let mut candidate = Snapshot::clone(&before);
        let mut done = Vec::with_capacity(group.len());
        for waiting in group {
            done.push(self.make(&mut candidate, waiting, time));
        }
        if done.iter().all(|one| one.transaction.is_none()) {
            return answer(done, &before);
        }
        match self.append(before.revision, &mut done, time) {
            Ok(revision) => {
                candidate.revision = revision;
                candidate.time = time;
                let after = Arc::new(candidate);
                self.core.snapshot.store(Arc::clone(&after));
                let transactions = done.iter_mut().filter_map(|one| one.transaction.take()).collect();
                let commit = Commit { revision, time, transactions, before, after: Arc::clone(&after) };
                self.core.tell(commit);
                answer(done, &after);
                self.purge(revision);
            }
            Err(error) => {
                tracing::error!(%error, "a commit was not stored");
                refuse(done, &Arc::new(error));
            }
        }
    }

    fn make(&self, candidate: &mut Snapshot, waiting: Waiting, time: Timestamp) -> Done {
        let Waiting { request, prepared, answer } = waiting;
        match self.core.make(candidate, &request, &prepared, time) {
            Err(error) => Done { answer, outcome: Err(error), transaction: None, writes: Vec::new() },
            Ok(Made { changes, .. }) if changes.is_empty() => {
                Done { answer, outcome: Ok(changes), transaction: None, writes: Vec::new() }
            }
            Ok(Made { snapshot, changes, writes }) => {
                *candidate = snapshot;
                let transaction = CommittedTransaction {
                    request_id: request.request_id,
                    actor: request.actor,
                    comment: request.options.comment,
                    changes: changes.clone(),
                };
                Done { answer, outcome: Ok(changes), transaction: Some(transaction), writes }
            }
        }
    }

    fn append(
        &mut self,
        after: Revision,
        done: &mut [Done],
        time: Timestamp,
    ) -> Result<Revision, AppendError> {
        let mut transactions = Vec::new();
        let mut deleted_below = Vec::new();
        for one in done {
            let Some(transaction) = &one.transaction else { continue };
            for (tenant, writes) in one.writes.drain(..) {
                deleted_below.push(writes.deleted_below);
                transactions.push(TransactionRecord {
                    tenant,
                    request_id: transaction.request_id.clone(),
                    actor: transaction.actor.clone(),
                    comment: transaction.comment.clone(),
                    edits: writes.edits,
                });
            }
        }
        let record = Record { id: Uuid::new_v4(), time, transactions };
        let mut effects = Vec::new();
        for (transaction, below) in record.transactions.iter().zip(&deleted_below) {
            let tenant = &*transaction.tenant;
            effects.extend(below.iter().map(|path| Effect { tenant, path, value: None }));
            effects.extend(transaction.edits.iter().map(|edit| Effect {
                tenant,
                path: &edit.path,
                value: edit.value.as_ref().map(RowValue::expose),
            }));
        }
        append_settled(&mut self.store, after, &record, &effects)
    }

    fn purge(&mut self, newest: Revision) {
        let keep = self.core.settings.log_retention;
        let oldest = self.store.bounds().first.0;
        if newest.0.saturating_sub(oldest) > keep.saturating_add((keep / 4).min(PURGE_STEP))
            && let up_to = Revision(newest.0 - keep)
            && let Err(error) = self.store.purge(self.core.pins.oldest().map_or(up_to, |pin| up_to.min(pin)))
        {
            tracing::warn!(%error, "the log was not purged");
        }
    }
}

fn answer(done: Vec<Done>, snapshot: &Arc<Snapshot>) {
    for one in done {
        let answer = one.outcome.map(|changes| Committed {
            revision: snapshot.revision,
            time: snapshot.time,
            changed: !changes.is_empty(),
            changes,
            snapshot: Arc::clone(snapshot),
        });
        let _ = one.answer.send(answer);
    }
}

/// Nothing of the group was stored. What failed by itself says so; what changed nothing may have relied on what was not
/// stored, so it fails like the rest.
fn refuse(done: Vec<Done>, error: &Arc<AppendError>) {
    for one in done {
        let refusal = one.outcome.err().unwrap_or_else(|| CommitError::Store(Arc::clone(error)));
        let _ = one.answer.send(Err(refusal));
    }
}
