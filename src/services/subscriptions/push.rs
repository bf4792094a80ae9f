//! What a subscription to data delivers (RFC 8641): all of it in periods, or changes as they happen.
//!
//! A change costs what it costs: the trees before and after share what is the same, and only what differs is looked at. Who
//! is slow gets several commits as one change; nothing waits for it in memory but the tree that it saw last.

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
use super::events::{Change, after, told};
use super::policy::{Source, Terms, centiseconds};
use super::{Phase, Receiving};
use crate::access::Gate;
use crate::access::gate::Resource;
use crate::data::path::InstancePath;
use crate::data::projection::Projection;
use crate::data::read::{Content, Names, Shape, Subject, View as Encoded};
use crate::data::tree::Tree;
use crate::data::xpath::{Cursor, Evaluator};
use crate::engine::notification::{self, Delivered, Delivery, End};
use crate::engine::{Caller, Datastore, Watch, WatchEnd};
use crate::yang::schema::types::Strictness;

const UPDATE: &str = "/ietf-yang-push:push-update";
const CHANGES: &str = "/ietf-yang-push:push-change-update";

/// Delivers one subscription.
pub(super) struct PushFeed {
    gate: Gate,
    caller: Arc<Caller>,
    receiving: Receiving,
    phases: watch::Receiver<Phase>,
    modified: u32,
    resync: u32,
    commits: Watch,
    /// The tree that the receiver knows; before the first message none.
    known: Option<Tree>,
    /// When data is sent next at the earliest; `None`: when something changes.
    due: Option<Instant>,
    /// Whether there are commits that were not looked at.
    is_behind: bool,
    /// Whether the whole is to be sent.
    wants_all: bool,
    patches: u64,
    is_over: bool,
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
            let on_change = phase.terms.policy.on_change.as_ref();
            (
                phase.modified,
                phase.resync,
                on_change.is_some_and(|policy| policy.sync_on_start != Some(false)),
            )
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
            wants_all,
            patches: 0,
            is_over: false,
        };
        feed.known = feed.newest();
        feed.due = feed.first_due();
        feed
    }

    fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.phases.borrow().terms)
    }

    fn newest(&self) -> Option<Tree> {
        let snapshot = self.gate.engine().snapshot();
        snapshot.tenant(&self.caller.tenant).map(|data| data.tree.clone())
    }

    /// When the first of periodic data is sent: at once, or when a whole number of periods lies between then and the anchor.
    fn first_due(&self) -> Option<Instant> {
        let terms = self.terms();
        let periodic = terms.policy.periodic.as_ref()?;
        let now = Instant::now();
        let Some(anchor) = periodic.anchor_time else { return Some(now) };
        let period = i64::from(periodic.period).saturating_mul(10_000).max(1);
        let past = self.gate.engine().clock().now().0.saturating_sub(anchor.0).rem_euclid(period);
        let wait = Duration::from_micros(u64::try_from((period - past) % period).unwrap_or(0));
        Some(now + wait)
    }

    async fn step(&mut self) -> Option<Delivered> {
        if self.is_over {
            return Some(Delivered::End(End::Terminated));
        }
        let terms = self.terms();
        if self.wants_all {
            self.wants_all = false;
            return Some(self.everything(&terms));
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
                    let period = centiseconds(periodic.period);
                    let next = due.map(|due| due + period);
                    // After a pause the next one is in a period from now, in step with those before.
                    self.due = next.map(|mut next| {
                        while next < Instant::now() {
                            next += period;
                        }
                        next
                    });
                    return Some(self.everything(&terms));
                }
                self.is_behind = false;
                let wait = terms.policy.on_change.as_ref().map_or(0, |policy| policy.dampening_period);
                self.due = (wait > 0).then(|| Instant::now() + centiseconds(wait));
                self.changed(&terms)
            }
            next = self.commits.next(), if !is_periodic && !self.is_behind => match next {
                Ok(_) | Err(WatchEnd::Lagged { .. }) => {
                    self.is_behind = true;
                    None
                }
                Err(WatchEnd::Stopped) => Some(Delivered::End(End::Closing)),
            },
        }
    }

    fn new_phase(&mut self) -> Option<Delivered> {
        let phase = self.phases.borrow_and_update().clone();
        let id = self.receiving.subscription.id;
        if phase.resync != self.resync {
            self.resync = phase.resync;
            self.wants_all = true;
        }
        match after(&self.gate, id, &phase, &mut self.modified) {
            Change::Ended(told) => {
                self.is_over = true;
                told.map(Delivered::Notification)
            }
            Change::Modified(told) => {
                self.due = self.first_due();
                // With another filter the receiver knows something else than what is selected now.
                self.wants_all = phase.terms.is_on_change();
                told.map(Delivered::Notification)
            }
            Change::None => None,
        }
    }

    /// All of the selected data, as the receiver may see it.
    fn everything(&mut self, terms: &Terms) -> Delivered {
        let Source::Data(datastore) = terms.source else { return Delivered::End(End::Fault) };
        self.known = self.newest();
        let reading = match self.gate.read(&self.caller, datastore, InstancePath::root()) {
            Ok(reading) => reading,
            Err(refusal) => {
                tracing::debug!(%refusal, "a subscription to data cannot read it");
                return Delivered::End(End::Withdrawn);
            }
        };
        let Resource::Container(root) = &reading.resource else { return Delivered::End(End::Fault) };
        let tree = Tree { root: Arc::clone(root) };
        let schema = self.gate.engine().schema();
        let selected = match &terms.filter {
            None => tree,
            Some(filter) => {
                let evaluator = Evaluator::new(schema, &tree.root).without_secrets();
                let evaluator =
                    if datastore == Datastore::Config { evaluator.config_only() } else { evaluator };
                match evaluator.nodes(filter, &Cursor::root(&tree.root)) {
                    Ok(nodes) => {
                        let mut projection = Projection::default();
                        nodes.iter().for_each(|node| projection.add(&node.path(schema)));
                        projection.of(schema, &tree)
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the filter of a subscription cannot be decided");
                        return Delivered::End(End::Fault);
                    }
                }
            }
        };
        let shape = shape(datastore, reading.hidden.nodes().into());
        let data = Subject::Container(&selected.root);
        let contents = serde_json::to_value(Encoded { schema, data, shape: &shape, surroundings: None });
        let Ok(datastore_contents) = contents else { return Delivered::End(End::Fault) };
        let id = self.receiving.subscription.id;
        self.deliver(told(&self.gate, UPDATE, &Update { id, datastore_contents }))
    }

    /// What is different from what the receiver knows; `None` when nothing of it concerns the receiver.
    fn changed(&mut self, terms: &Terms) -> Option<Delivered> {
        let Source::Data(datastore) = terms.source else { return Some(Delivered::End(End::Fault)) };
        let after = self.newest()?;
        let before = self.known.replace(after.clone()).unwrap_or_default();
        if Arc::ptr_eq(&before.root, &after.root) {
            return None;
        }
        let excluded = terms.policy.on_change.as_ref().map_or(&[][..], |policy| &policy.excluded_change);
        let engine = self.gate.engine();
        let authority = self.gate.authority(&engine.snapshot(), &self.caller);
        let view = View {
            schema: engine.schema(),
            authority: &authority,
            filter: terms.filter.as_deref(),
            datastore,
            excluded,
            before: &before,
            after: &after,
        };
        let edits = view.edits();
        if edits.is_empty() {
            self.receiving.subscription.excluded.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.patches += 1;
        let patch = Patch { patch_id: self.patches.to_string(), edit: edits };
        let id = self.receiving.subscription.id;
        let update = ChangeUpdate { id, datastore_changes: Changes { yang_patch: &patch } };
        Some(self.deliver(told(&self.gate, CHANGES, &update)))
    }

    fn deliver(&self, delivery: Option<Delivery>) -> Delivered {
        match delivery {
            Some(delivery) => {
                self.receiving.subscription.sent.fetch_add(1, Ordering::Relaxed);
                Delivered::Notification(delivery)
            }
            None => Delivered::End(End::Fault),
        }
    }
}

/// How data is written into notifications: RFC 7951, what was set.
pub(super) fn shape(datastore: Datastore, hidden: Arc<[crate::yang::schema::NodeId]>) -> Shape {
    let content = if datastore == Datastore::Config { Content::Config } else { Content::All };
    Shape { content, hidden, names: Names::Qualified, strictness: Strictness::Rfc7951, ..Shape::default() }
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
