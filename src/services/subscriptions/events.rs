//! What a subscription to the stream of events delivers (RFC 8639 section 2): the events, and how the subscription fares.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;
use tokio::sync::watch;

use super::policy::Policy;
use super::{Ended, Phase, Receiving, at_top, uri};
use crate::access::Gate;
use crate::access::gate::{Announcement, EventFeed, StreamOptions};
use crate::data::decode::from_serde;
use crate::data::tree::Data;
use crate::engine::Caller;
use crate::engine::notification::{self, Delivered, Delivery, End, EventsEnd, Start};
use crate::yang::schema::NodeId;

const REPLAY_COMPLETED: &str = "/ietf-subscribed-notifications:replay-completed";
const MODIFIED: &str = "/ietf-subscribed-notifications:subscription-modified";
const RESUMED: &str = "/ietf-subscribed-notifications:subscription-resumed";
const SUSPENDED: &str = "/ietf-subscribed-notifications:subscription-suspended";
const TERMINATED: &str = "/ietf-subscribed-notifications:subscription-terminated";

/// Why a subscription ends: identities with the base `subscription-terminated-reason`.
pub(super) const FILTER_UNAVAILABLE: &str = "ietf-subscribed-notifications:filter-unavailable";
const NO_SUCH_SUBSCRIPTION: &str = "ietf-subscribed-notifications:no-such-subscription";
const STREAM_UNAVAILABLE: &str = "ietf-subscribed-notifications:stream-unavailable";

/// Delivers one subscription.
pub(super) struct Feed {
    gate: Gate,
    caller: Arc<Caller>,
    receiving: Receiving,
    phases: watch::Receiver<Phase>,
    modified: u32,
    events: Option<EventFeed>,
    over: Option<End>,
}

impl Feed {
    pub fn new(
        gate: Gate,
        caller: Arc<Caller>,
        receiving: Receiving,
        mut phases: watch::Receiver<Phase>,
    ) -> Self {
        let modified = phases.borrow_and_update().modified;
        Feed { gate, caller, receiving, phases, modified, events: None, over: None }
    }

    async fn begin(&mut self) -> Result<(), End> {
        let terms = Arc::clone(&self.phases.borrow().terms);
        let start = terms.replay().map_or(Start::Now, Start::From);
        let engine = self.gate.engine();
        let reader = engine.events(self.caller.tenant.clone(), start).await.map_err(|error| match error {
            EventsEnd::Purged { .. } => End::Gap,
            EventsEnd::Stopped => End::Closing,
            EventsEnd::Unreadable(_) => End::Fault,
        })?;
        let caught_up = terms.replay().and_then(|_| {
            let id = WithId { id: self.receiving.subscription.id };
            let delivery = told(&self.gate, REPLAY_COMPLETED, &id)?;
            Some(Announcement { node: delivery.path.target(), content: delivery.content })
        });
        let options = StreamOptions {
            filter: terms.expression().cloned(),
            stop: terms.policy.stop_time,
            caught_up,
            complete: None,
        };
        self.events = Some(self.gate.feed(Arc::clone(&self.caller), reader, options));
        Ok(())
    }

    async fn step(&mut self) -> Option<Delivered> {
        if let Some(end) = self.over {
            return Some(Delivered::End(end));
        }
        if self.events.is_none()
            && let Err(end) = self.begin().await
        {
            return Some(Delivered::End(end));
        }
        let events = self.events.as_mut()?;
        let subscription = &self.receiving.subscription;
        tokio::select! {
            biased;
            changed = self.phases.changed() => {
                if changed.is_err() {
                    return Some(Delivered::End(End::Terminated));
                }
                let phase = self.phases.borrow_and_update().clone();
                match after(&self.gate, subscription.id, &phase, &mut self.modified) {
                    Change::Ended(told) => {
                        self.over = Some(End::Terminated);
                        told.map(Delivered::Notification)
                    }
                    Change::Modified(told) => {
                        events.choose(phase.terms.expression().cloned(), phase.terms.policy.stop_time);
                        told.map(Delivered::Notification)
                    }
                    Change::None => None,
                }
            }
            delivered = events.step() => {
                match &delivered {
                    Some(Delivered::Notification(_)) => {
                        subscription.sent.fetch_add(1, Ordering::Relaxed);
                    }
                    Some(Delivered::End(end @ (End::Gap | End::Fault))) => {
                        self.over = Some(*end);
                        let told = terminated(&self.gate, subscription.id, STREAM_UNAVAILABLE);
                        return told.map(Delivered::Notification);
                    }
                    Some(Delivered::End(_)) => {}
                    None => {
                        subscription.excluded.fetch_add(1, Ordering::Relaxed);
                    }
                }
                delivered
            }
        }
    }
}

impl notification::Feed for Feed {
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

/// What became of a subscription.
pub(super) enum Change {
    None,
    Modified(Option<Delivery>),
    Ended(Option<Delivery>),
}

/// What its receiver is to be told of a new phase (RFC 8639 section 2.7).
pub(super) fn after(gate: &Gate, id: u32, phase: &Phase, modified: &mut u32) -> Change {
    match phase.ended {
        Some(Ended::Deleted) => return Change::Ended(None),
        Some(Ended::Killed) => return Change::Ended(terminated(gate, id, NO_SUCH_SUBSCRIPTION)),
        Some(Ended::FilterGone) => return Change::Ended(terminated(gate, id, FILTER_UNAVAILABLE)),
        None => {}
    }
    if phase.modified == *modified {
        return Change::None;
    }
    *modified = phase.modified;
    let uri = uri(&gate.engine().settings().public_url, id);
    let policy = phase.terms.policy.with_filter(phase.terms.filter.as_ref());
    Change::Modified(told(gate, MODIFIED, &Modified { id, uri, policy: &policy }))
}

/// That nothing comes any more, and why (RFC 8639 section 2.7.3).
pub(super) fn terminated(gate: &Gate, id: u32, reason: &'static str) -> Option<Delivery> {
    told(gate, TERMINATED, &WithReason { id, reason })
}

/// That nothing comes for the time being, and why (section 2.7.4).
pub(super) fn suspended(gate: &Gate, id: u32, reason: &'static str) -> Option<Delivery> {
    told(gate, SUSPENDED, &WithReason { id, reason })
}

/// That it goes on (section 2.7.5).
pub(super) fn resumed(gate: &Gate, id: u32) -> Option<Delivery> {
    told(gate, RESUMED, &WithId { id })
}

#[derive(Serialize)]
struct WithId {
    id: u32,
}

#[derive(Serialize)]
struct WithReason {
    id: u32,
    reason: &'static str,
}

#[derive(Serialize)]
struct Modified<'a> {
    id: u32,
    uri: String,
    #[serde(flatten)]
    policy: &'a Policy,
}

/// A notification about a subscription, or of one.
pub(super) fn told<T: Serialize>(gate: &Gate, path: &str, content: &T) -> Option<Delivery> {
    let engine = gate.engine();
    let node: NodeId = engine.schema().find(path)?;
    match from_serde(engine.schema(), node, content) {
        Ok(Data::Container(content)) => {
            Some(Delivery { id: None, time: engine.clock().now(), path: at_top(node), content })
        }
        Ok(_) => None,
        Err(violations) => {
            let reason = violations.first().map(|violation| violation.message.as_str()).unwrap_or_default();
            tracing::error!(reason, path, "what was to be told of a subscription does not fit the model");
            None
        }
    }
}
