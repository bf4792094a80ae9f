//! What a subscription to data delivers (RFC 8641): all of it in periods, or changes as they happen.
//!
//! A change costs what it costs: the trees before and after share what is the same, and only what differs is looked at. Who
//! is slow gets several commits as one change; nothing waits for it in memory but the tree that it saw last.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value as Json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::changes::{Patch, View};
use super::churn::Churn;
use super::events::{Change, FILTER_UNAVAILABLE, after, resumed, suspended, terminated, told};
use super::policy::{Source, Terms, centiseconds};
use super::refusal::Reason;
use super::selection::{SelectError, Selection, select, select_in};
use super::{Phase, Receiving};
use crate::access::Gate;
use crate::access::authorize::Authority;
use crate::data::diff::diff;
use crate::data::tree::Tree;
use crate::engine::notification::{self, Delivered, Delivery, End};
use crate::engine::{Caller, Datastore, Snapshot, Watch, WatchEnd};

const UPDATE: &str = "/ietf-yang-push:push-update";
const CHANGES: &str = "/ietf-yang-push:push-change-update";

/// So long at least after something was too big it is not tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Delivers one subscription.
pub(super) struct PushFeed {
    gate: Gate,
    caller: Arc<Caller>,
    receiving: Receiving,
    phases: watch::Receiver<Phase>,
    modified: u32,
    resync: u32,
    commits: Watch,
    /// What the receiver knows; before the first message what there was when the subscription began.
    known: Option<Known>,
    /// When data is sent next at the earliest; `None`: when something changes.
    due: Option<Instant>,
    /// Whether there are commits that were not looked at.
    is_behind: bool,
    churn: Churn,
    /// Whether the whole is to be sent.
    wants_all: bool,
    /// Number of the next patch.
    patch: u32,
    /// What is sent before anything else.
    waiting: VecDeque<Delivery>,
    over: Option<End>,
}

/// Data, and what of it the receiver could read.
struct Known {
    tree: Tree,
    authority: Authority,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Update {
    id: u32,
    datastore_contents: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ChangeUpdate<'a> {
    id: u32,
    datastore_changes: Changes<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Changes<'a> {
    yang_patch: &'a Patch,
}

impl PushFeed {
    pub fn new(
        gate: Gate,
        caller: Arc<Caller>,
        receiving: Receiving,
        mut phases: watch::Receiver<Phase>,
    ) -> Self {
        let (modified, resync, wants_all) = {
            let phase = phases.borrow_and_update();
            (phase.modified, phase.resync, phase.terms.is_on_change() && phase.terms.sends_all())
        };
        let commits = gate.engine().watch();
        let mut feed = PushFeed {
            gate,
            caller,
            receiving,
            phases,
            modified,
            resync,
            commits,
            known: None,
            due: None,
            is_behind: false,
            churn: Churn::default(),
            wants_all,
            patch: 0,
            waiting: VecDeque::new(),
            over: None,
        };
        feed.known = feed.at(&feed.gate.engine().snapshot());
        feed.due = feed.first_due();
        feed
    }

    fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.phases.borrow().terms)
    }

    fn id(&self) -> u32 {
        self.receiving.subscription.id
    }

    /// What there is as of a snapshot.
    fn at(&self, snapshot: &Snapshot) -> Option<Known> {
        let data = snapshot.tenant(&self.caller.tenant)?;
        Some(Known { tree: data.tree.clone(), authority: self.gate.authority(snapshot, &self.caller) })
    }

    /// When the first of periodic data is sent: at once, or when a whole number of periods lies between then and the anchor.
    fn first_due(&self) -> Option<Instant> {
        let terms = self.terms();
        let periodic = terms.policy.periodic.as_ref()?;
        let now = self.gate.engine().clock().now();
        let wait = periodic.anchor_time.map(|anchor| until_in_step(now.0, anchor.0, periodic.period));
        Some(Instant::now() + wait.unwrap_or_default())
    }

    async fn step(&mut self) -> Option<Delivered> {
        if let Some(delivery) = self.waiting.pop_front() {
            return Some(Delivered::Notification(delivery));
        }
        if let Some(end) = self.over {
            return Some(Delivered::End(end));
        }
        let terms = self.terms();
        if std::mem::take(&mut self.wants_all) {
            let delivered = self.everything(&terms);
            self.rest(&terms);
            return delivered;
        }
        let now = self.gate.engine().clock().now();
        if terms.policy.stop_time.is_some_and(|stop| now >= stop) {
            return Some(Delivered::End(End::Complete));
        }
        let is_periodic = terms.policy.periodic.is_some();
        let due =
            if is_periodic || self.is_behind { self.due.or(self.is_behind.then(Instant::now)) } else { None };
        let stop = terms.policy.stop_time.map(|stop| {
            let left = u64::try_from(stop.0.saturating_sub(now.0)).unwrap_or(0);
            Instant::now() + Duration::from_micros(left)
        });
        tokio::select! {
            biased;
            changed = self.phases.changed() => {
                if changed.is_err() {
                    return Some(Delivered::End(End::Terminated));
                }
                self.new_phase()
            }
            () = until(stop), if stop.is_some() => None,
            () = until(due), if due.is_some() => {
                if let Some(periodic) = &terms.policy.periodic {
                    self.due = due.map(|due| next_in_step(due, Instant::now(), centiseconds(periodic.period)));
                    return self.everything(&terms);
                }
                self.is_behind = false;
                self.due = None;
                let delivered =
                    if self.is_suspended() { self.everything(&terms) } else { self.changed(&terms) };
                // What the receiver is not told of delays nothing (RFC 8641 section 3.9).
                if delivered.is_some() || self.is_suspended() {
                    self.rest(&terms);
                }
                delivered
            }
            next = self.commits.next(), if !is_periodic => match next {
                Ok(commit) => {
                    self.is_behind = true;
                    if terms.policy.on_change.as_ref().is_some_and(|policy| policy.dampening_period > 0) {
                        self.churn.note(&commit, &self.caller.tenant);
                    }
                    None
                }
                Err(WatchEnd::Lagged { .. }) => {
                    self.is_behind = true;
                    None
                }
                Err(WatchEnd::Stopped) => Some(Delivered::End(End::Closing)),
            },
        }
    }

    /// Sends no changes for as long as the dampening period says.
    fn rest(&mut self, terms: &Terms) {
        let Some(policy) = &terms.policy.on_change else { return };
        let dampening = centiseconds(policy.dampening_period);
        let rest = if self.is_suspended() { dampening.max(RETRY) } else { dampening };
        self.due = (!rest.is_zero()).then(|| Instant::now() + rest);
    }

    fn new_phase(&mut self) -> Option<Delivered> {
        let phase = self.phases.borrow_and_update().clone();
        if phase.resync != self.resync {
            self.resync = phase.resync;
            self.wants_all = true;
        }
        match after(&self.gate, self.id(), &phase, &mut self.modified) {
            Change::Ended(told) => {
                self.over = Some(End::Terminated);
                told.map(Delivered::Notification)
            }
            Change::Modified(told) => {
                self.due = self.first_due();
                // With another filter the receiver knows something else than what is selected now.
                self.wants_all = phase.terms.is_on_change();
                // A modified subscription is active (RFC 8639 section 2.4.3).
                self.receiving.subscription.is_suspended.store(false, Ordering::Relaxed);
                told.map(Delivered::Notification)
            }
            Change::None => None,
        }
    }

    fn is_suspended(&self) -> bool {
        self.receiving.subscription.is_suspended.load(Ordering::Relaxed)
    }

    /// Says that what there is to be sent is too much, once.
    fn suspend(&mut self, reason: Reason) -> Option<Delivered> {
        if self.receiving.subscription.is_suspended.swap(true, Ordering::Relaxed) {
            return None;
        }
        suspended(&self.gate, self.id(), reason.identity()).map(Delivered::Notification)
    }

    /// All of the selected data, as the receiver may see it; `None` where there is nothing to be told.
    fn everything(&mut self, terms: &Terms) -> Option<Delivered> {
        let Source::Data(datastore) = terms.source else { return Some(Delivered::End(End::Fault)) };
        let engine = self.gate.engine();
        let snapshot = engine.snapshot();
        let Some(known) = self.at(&snapshot) else { return Some(Delivered::End(End::Withdrawn)) };
        let filter = terms.expression().map(|filter| &**filter);
        let selected = select(engine, &snapshot, &known.authority, &self.caller, datastore, filter);
        let text = match selected {
            Ok(selected) => selected.text(engine.schema(), datastore),
            Err(error) => return self.unselectable(&error),
        };
        self.known = Some(known);
        let _ = self.churn.cancelled(&[]);
        if text.len() > self.receiving.subscriptions.most_bytes {
            let reason = if terms.is_on_change() { Reason::SyncTooBig } else { Reason::UpdateTooBig };
            return self.suspend(reason);
        }
        if self.receiving.subscription.is_suspended.swap(false, Ordering::Relaxed) {
            self.waiting.extend(resumed(&self.gate, self.id()));
        }
        // Who is told of changes is not told of nothing; who is told in periods is (RFC 8641 section 3.9).
        if !(terms.is_on_change() && text == b"{}") {
            self.patch = 0;
            let Ok(datastore_contents) = serde_json::from_slice(&text) else {
                return Some(Delivered::End(End::Fault));
            };
            let update = told(&self.gate, UPDATE, &Update { id: self.id(), datastore_contents });
            match self.count(update) {
                Ok(update) => self.waiting.push_back(update),
                Err(end) => return Some(Delivered::End(end)),
            }
        }
        self.waiting.pop_front().map(Delivered::Notification)
    }

    /// What is different from what the receiver knows; `None` when nothing of it concerns the receiver.
    fn changed(&mut self, terms: &Terms) -> Option<Delivered> {
        let Source::Data(datastore) = terms.source else { return Some(Delivered::End(End::Fault)) };
        let engine = self.gate.engine();
        let schema = engine.schema();
        let after = self.at(&engine.snapshot())?;
        let before = self.known.take()?;
        let filter = terms.expression().map(|filter| &**filter);
        let excluded = terms.policy.on_change.as_ref().map_or(&[][..], |policy| &policy.excluded_change);
        let edits = if after.authority.is_same(&before.authority) {
            let mut changes = diff(schema, &before.tree, &after.tree);
            changes.extend(self.churn.cancelled(&changes));
            let authority = Some(&after.authority);
            let (before, after) = (&before.tree, &after.tree);
            Ok(View { schema, authority, filter, datastore, excluded, before, after }.edits(changes))
        } else {
            let _ = self.churn.cancelled(&[]);
            seen_otherwise(schema, &before, &after, datastore, filter).map(|(before, after)| {
                let (before, after) = (&before.tree, &after.tree);
                let changes = diff(schema, before, after);
                let view = View { schema, authority: None, filter: None, datastore, excluded, before, after };
                view.edits(changes)
            })
        };
        self.known = Some(after);
        let edits = match edits {
            Ok(edits) => edits,
            Err(error) => return self.unselectable(&error),
        };
        if edits.is_empty() {
            self.receiving.subscription.excluded.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let patch = Patch { patch_id: self.patch.to_string(), edit: edits };
        if patch.size() > self.receiving.subscriptions.most_bytes {
            return self.suspend(Reason::SyncTooBig);
        }
        self.patch = self.patch.wrapping_add(1);
        let update = ChangeUpdate { id: self.id(), datastore_changes: Changes { yang_patch: &patch } };
        let update = told(&self.gate, CHANGES, &update);
        Some(self.count(update).map_or_else(Delivered::End, Delivered::Notification))
    }

    /// Nothing can be selected any more: that is the end.
    fn unselectable(&mut self, error: &SelectError) -> Option<Delivered> {
        tracing::warn!(%error, "a subscription to data cannot go on");
        let told = match error {
            SelectError::Filter(_) => terminated(&self.gate, self.id(), FILTER_UNAVAILABLE),
            SelectError::State(_) | SelectError::NoTenant => None,
        };
        self.over = Some(if told.is_some() { End::Terminated } else { End::Fault });
        told.map(Delivered::Notification)
    }

    fn count(&self, delivery: Option<Delivery>) -> Result<Delivery, End> {
        self.receiving.subscription.sent.fetch_add(1, Ordering::Relaxed);
        delivery.ok_or(End::Fault)
    }
}

/// What the receiver saw and sees, where what it may read is not what it was: differences of these tell of what it lost with
/// its rights, and of what it gained (RFC 8641 section 3.9).
fn seen_otherwise(
    schema: &crate::yang::schema::Schema,
    before: &Known,
    after: &Known,
    datastore: Datastore,
    filter: Option<&crate::yang::schema::xpath::Expression>,
) -> Result<(Selection, Selection), SelectError> {
    let of = |known: &Known| select_in(schema, &known.authority, &known.tree, datastore, filter);
    Ok((of(before)?, of(after)?))
}

/// How long it is from `now` until a whole number of periods (in hundredths of a second) lies between then and the anchor;
/// instants are in microseconds.
fn until_in_step(now: i64, anchor: i64, period: u32) -> Duration {
    let period = i64::from(period).saturating_mul(10_000).max(1);
    let past = now.saturating_sub(anchor).rem_euclid(period);
    Duration::from_micros(u64::try_from((period - past) % period).unwrap_or(0))
}

/// When data is sent again that was due then: in a period, or after a pause in so many that it is not past.
fn next_in_step(due: Instant, now: Instant, period: Duration) -> Instant {
    let late = now.saturating_duration_since(due);
    let periods = late.as_nanos() / period.as_nanos().max(1);
    due + period.saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX).saturating_add(1))
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

impl notification::Feed for PushFeed {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Delivered> + Send + '_>> {
        Box::pin(async move {
            loop {
                if let Some(delivered) = self.step().await {
                    return delivered;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8641_4_2_data_is_sent_in_step_with_the_anchor_before_and_after_it() {
        let second = 1_000_000;
        for (now, anchor, period, wait) in [
            (10 * second, 4 * second, 500, 4 * second),
            (14 * second, 4 * second, 500, 0),
            (14 * second + 1, 4 * second, 500, 5 * second - 1),
            // The anchor may lie in the future.
            (second, 4 * second, 500, 3 * second),
            (second, 14 * second, 500, 3 * second),
            (0, i64::MIN, 0, 0),
        ] {
            let wait = Duration::from_micros(u64::try_from(wait).unwrap());
            assert_eq!(until_in_step(now, anchor, period), wait, "{now} {anchor} {period}");
        }
    }

    #[test]
    fn after_a_pause_data_is_sent_in_step_with_what_went_before() {
        let (begun, period) = (Instant::now(), Duration::from_secs(10));
        for (now, next) in [(0, 10), (9, 10), (10, 20), (34, 40)] {
            let next_due = next_in_step(begun, begun + Duration::from_secs(now), period);
            assert_eq!(next_due - begun, Duration::from_secs(next), "{now}");
        }
    }
}
