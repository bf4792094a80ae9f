//! The one thread that writes: it takes what waits in the queue as a group, makes each transaction on a candidate in order,
//! appends one record for all of them, publishes the snapshot, tells observers, and then answers.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::commit::{CommitError, CommitRequest, Committed, TenantChanges};
use super::notification::{Event, Notification, Told, place, to_record};
use super::rows::RowWrites;
use super::snapshot::Snapshot;
use super::transaction::{Made, Prepared};
use super::watch::{Commit, CommittedTransaction};
use super::{Core, oldest};
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
    /// What is to be told beside what the transaction itself gives to tell.
    pub notifications: Vec<Notification>,
    pub answer: oneshot::Sender<Result<Committed, CommitError>>,
}

/// A transaction of a group, made or not.
struct Done {
    answer: oneshot::Sender<Result<Committed, CommitError>>,
    outcome: Result<Vec<TenantChanges>, CommitError>,
    transaction: Option<CommittedTransaction>,
    writes: Vec<(Ident, RowWrites)>,
    notifications: Vec<Notification>,
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
        // Times never run backwards from revision to revision, whatever the clock does, and leave room for those of the
        // events between.
        let room = group.iter().map(|waiting| self.most_events(waiting)).sum();
        let time = self.core.clock.now().max(Timestamp(before.time.0.saturating_add(1).saturating_add(room)));
        let mut candidate = Snapshot::clone(&before);
        let mut done = Vec::with_capacity(group.len());
        for waiting in group {
            done.push(self.make(&mut candidate, waiting, time));
        }
        if done.iter().all(|one| one.transaction.is_none()) {
            return answer(done, &before);
        }
        match self.append(before.revision, &mut done, time) {
            Ok(Appended { revision, kept, record }) => {
                let events = events(revision, time, &done, &kept);
                candidate.revision = revision;
                candidate.time = time;
                let after = Arc::new(candidate);
                self.core.snapshot.store(Arc::clone(&after));
                // Whoever lets go of what only the snapshot before has frees it: better here, behind the answers.
                let spent = Arc::clone(&before);
                let transactions = done.iter_mut().filter_map(|one| one.transaction.take()).collect();
                let commit = Commit { revision, time, transactions, before, after: Arc::clone(&after) };
                self.core.tell(commit);
                if !events.is_empty() {
                    let _ = self.core.told.send(Told { revision, events });
                }
                answer(done, &after);
                // Letting go of a large record, which is wiped, takes its time too.
                drop(record);
                self.purge(revision);
                self.store.write_back();
                drop(spent);
            }
            Err(error) => {
                tracing::error!(%error, "a commit was not stored");
                refuse(done, &Arc::new(error));
            }
        }
    }

    /// How many events there can be about a transaction.
    fn most_events(&self, waiting: &Waiting) -> i64 {
        let told = self.core.bindings.announcers.len().saturating_mul(waiting.request.changes.len());
        i64::try_from(told.saturating_add(waiting.notifications.len())).unwrap_or(i64::MAX)
    }

    fn make(&self, candidate: &mut Snapshot, waiting: Waiting, time: Timestamp) -> Done {
        let Waiting { request, prepared, mut notifications, answer } = waiting;
        match self.core.make(candidate, &request, &prepared, time) {
            Err(error) => {
                let notifications = Vec::new();
                Done { answer, outcome: Err(error), transaction: None, writes: Vec::new(), notifications }
            }
            Ok(Made { changes, .. }) if changes.is_empty() && notifications.is_empty() => {
                Done { answer, outcome: Ok(changes), transaction: None, writes: Vec::new(), notifications }
            }
            Ok(Made { snapshot, changes, writes }) => {
                *candidate = snapshot;
                notifications.extend(self.core.announce(&request.actor, request.by, &changes));
                let transaction = CommittedTransaction {
                    request_id: request.request_id,
                    actor: request.actor,
                    comment: request.options.comment,
                    changes: changes.clone(),
                };
                Done { answer, outcome: Ok(changes), transaction: Some(transaction), writes, notifications }
            }
        }
    }

    /// Appends one record for the group.
    fn append(
        &mut self,
        after: Revision,
        done: &mut [Done],
        time: Timestamp,
    ) -> Result<Appended, AppendError> {
        let mut transactions = Vec::new();
        let mut deleted_below = Vec::new();
        let mut kept = Vec::new();
        for (at, one) in done.iter_mut().enumerate() {
            let Some(transaction) = &one.transaction else { continue };
            let record = |tenant, edits| TransactionRecord {
                tenant,
                request_id: transaction.request_id.clone(),
                actor: transaction.actor.clone(),
                comment: transaction.comment.clone(),
                edits,
                notifications: Vec::new(),
            };
            let first = transactions.len();
            for (tenant, writes) in one.writes.drain(..) {
                deleted_below.push(writes.deleted_below);
                transactions.push(record(tenant, writes.edits));
            }
            for (number, notification) in one.notifications.iter().enumerate() {
                let Some(told) = to_record(&self.core.schema, notification) else { continue };
                let own = transactions.iter().skip(first).position(|made| made.tenant == notification.tenant);
                let own = own.map_or(transactions.len(), |own| own + first);
                if own == transactions.len() {
                    deleted_below.push(Vec::new());
                    transactions.push(record(notification.tenant.clone(), Vec::new()));
                }
                if let Some(transaction) = transactions.get_mut(own) {
                    transaction.notifications.push(told);
                    kept.push(Kept { transaction: own, of: at, number });
                }
            }
        }
        // The order in which the record has them is the order of their numbers.
        kept.sort_by_key(|kept| kept.transaction);
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
        let revision = append_settled(&mut self.store, after, &record, &effects)?;
        Ok(Appended { revision, kept, record })
    }

    fn purge(&mut self, newest: Revision) {
        let keep = self.core.settings.log_retention;
        let first = self.store.bounds().first.0;
        if newest.0.saturating_sub(first) > keep.saturating_add((keep / 4).min(PURGE_STEP))
            && let up_to = Revision(newest.0 - keep)
            && let Err(error) = self.store.purge(self.core.pins.oldest().map_or(up_to, |pin| up_to.min(pin)))
        {
            tracing::warn!(%error, "the log was not purged");
        }
        let first = self.store.bounds().first;
        if self.core.oldest.load().as_ref().is_none_or(|oldest| oldest.0 < first) {
            match oldest(&self.store) {
                Ok(oldest) => self.core.oldest.store(oldest.map(Arc::new)),
                Err(error) => tracing::warn!(%error, "how far the log reaches could not be read"),
            }
        }
    }
}

/// What is in the log now.
struct Appended {
    revision: Revision,
    /// Which notifications of the transactions the record holds, in its order.
    kept: Vec<Kept>,
    record: Record,
}

/// A notification that a record holds.
struct Kept {
    /// In which of the record's transactions.
    transaction: usize,
    /// Of which transaction of the group.
    of: usize,
    /// Which of its notifications.
    number: usize,
}

/// What a record holds, as those hear it who listen.
fn events(revision: Revision, time: Timestamp, done: &[Done], kept: &[Kept]) -> Arc<[Arc<Event>]> {
    let events = kept.iter().enumerate().filter_map(|(number, of)| {
        let notification = done.get(of.of)?.notifications.get(of.number)?.clone();
        let (id, time) = place(revision, time, number, kept.len())?;
        let Notification { tenant, path, content } = notification;
        Some(Arc::new(Event { id, time, tenant, path, content }))
    });
    events.collect()
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
