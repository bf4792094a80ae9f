//! Subscriptions that clients make (RFC 8639, over RESTCONF RFC 8650): to the stream of events, and to data (RFC 8641).
//!
//! A subscription lives in memory. It begins when it is established, has to be received within a minute, and ends with the
//! connection by which it is received. Configured subscriptions, which the RFC makes optional, are not there. Never here: how
//! a notification is written, and by which connection it leaves.

mod changes;
mod churn;
mod events;
mod filter;
mod policy;
mod push;
mod refusal;
mod selection;
mod state;
mod streams;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::access::{Access, Gate};
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::engine::notification::Feed;
use crate::engine::{ActionContext, ActionError, Caller, Commit, Engine, Observer, Registry, Snapshot};
use crate::yang::schema::NodeId;

use policy::{Policy, Source, Terms};
use refusal::{Operation, Reason, Wrong, no_such};

/// The name of the one stream.
pub const STREAM: &str = "NETCONF";

/// Where subscriptions are received, below the public URL.
pub const RESOURCES: &str = "/restconf/subscriptions";

/// Filters that subscriptions refer to.
const FILTERS: &str = "/ietf-subscribed-notifications:filters";

/// So long a subscription waits for its receiver.
const WAITS: Duration = Duration::from_secs(60);

/// So many subscriptions a tenant has at most.
const MOST: usize = 4_096;

/// Every subscription that there is.
pub struct Subscriptions {
    access: Arc<Access>,
    /// So much data there is in one notification at most.
    most_bytes: usize,
    next: AtomicU32,
    all: Mutex<BTreeMap<u32, Arc<Subscription>>>,
}

/// One subscription.
pub(crate) struct Subscription {
    id: u32,
    tenant: Ident,
    /// Who made it, and may receive, modify and delete it.
    owner: String,
    phase: watch::Sender<Phase>,
    is_received: AtomicBool,
    /// Nothing is sent for the time being.
    is_suspended: AtomicBool,
    sent: AtomicU64,
    excluded: AtomicU64,
}

/// How a subscription stands.
#[derive(Clone)]
struct Phase {
    terms: Arc<Terms>,
    /// How often it was modified.
    modified: u32,
    /// How often the whole was asked for again.
    resync: u32,
    ended: Option<Ended>,
}

/// Why a subscription was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Its subscriber did, and is not told (RFC 8639 section 2.4.4).
    Deleted,
    /// Somebody else did.
    Killed,
    /// The filter that it refers to is gone, or cannot be used any more.
    FilterGone,
}

impl Subscription {
    fn belongs_to(&self, caller: &Caller) -> bool {
        self.tenant == caller.tenant && self.owner == caller.actor()
    }

    /// Other terms from now on.
    fn change(&self, terms: Terms) {
        self.phase.send_modify(|phase| {
            phase.terms = Arc::new(terms);
            phase.modified += 1;
        });
    }
}

/// A subscription while it is received: it ends with this.
struct Receiving {
    subscriptions: Arc<Subscriptions>,
    subscription: Arc<Subscription>,
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.subscriptions.remove(self.subscription.id);
    }
}

#[derive(Deserialize)]
struct WithId {
    id: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Established {
    id: u32,
    replay_start_time_revision: Option<String>,
    uri: String,
}

#[derive(Deserialize)]
struct Modification {
    id: u32,
    #[serde(flatten)]
    policy: Policy,
}

impl Subscriptions {
    /// None yet. A notification has so much data at most.
    pub fn new(access: Arc<Access>, most_bytes: usize) -> Arc<Self> {
        Arc::new(Subscriptions { access, most_bytes, next: AtomicU32::new(0), all: Mutex::default() })
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let all = Arc::clone(self);
        registry.action("/ietf-subscribed-notifications:establish-subscription", move |context, input| {
            let all = Arc::clone(&all);
            async move { all.establish(&context, input) }
        });
        let all = Arc::clone(self);
        registry.action("/ietf-subscribed-notifications:modify-subscription", move |context, input| {
            let all = Arc::clone(&all);
            async move { all.modify(&context, input) }
        });
        let all = Arc::clone(self);
        registry.action(
            "/ietf-subscribed-notifications:delete-subscription",
            move |context: ActionContext, input: WithId| {
                let all = Arc::clone(&all);
                async move {
                    let found = all.own(context.caller()?, input.id);
                    all.end(&context, Operation::Delete, Ended::Deleted, found)
                }
            },
        );
        let all = Arc::clone(self);
        registry.action(
            "/ietf-subscribed-notifications:kill-subscription",
            move |context: ActionContext, input: WithId| {
                let all = Arc::clone(&all);
                async move {
                    let found = all.find(input.id).filter(|found| found.tenant == context.tenant);
                    all.end(&context, Operation::Kill, Ended::Killed, found)
                }
            },
        );
        let all = Arc::clone(self);
        registry.action(
            "/ietf-yang-push:resync-subscription",
            move |context: ActionContext, input: WithId| {
                let all = Arc::clone(&all);
                async move { all.resync(&context, &input) }
            },
        );
        state::register(registry, self);
        streams::register(registry);
    }

    /// Follows changes of the filters that subscriptions refer to.
    pub fn follow(self: &Arc<Self>, engine: &Engine) {
        let Some(filters) = engine.schema().find(FILTERS) else { return };
        engine.observe(Arc::new(FilterFollower { all: Arc::downgrade(self), filters }));
    }

    /// What a subscription of the caller delivers from now on, and whether as XML; `None` when it has none of that number that
    /// nobody receives yet.
    pub fn receive(
        self: &Arc<Self>,
        gate: &Gate,
        caller: &Arc<Caller>,
        id: u32,
    ) -> Option<(Box<dyn Feed>, bool)> {
        let subscription = self.own(caller, id)?;
        if subscription.is_received.swap(true, Ordering::AcqRel) {
            return None;
        }
        let phases = subscription.phase.subscribe();
        let receiving = Receiving { subscriptions: Arc::clone(self), subscription };
        let terms = Arc::clone(&phases.borrow().terms);
        let (gate, caller) = (gate.clone(), Arc::clone(caller));
        let feed: Box<dyn Feed> = if terms.is_data() {
            Box::new(push::PushFeed::new(gate, caller, receiving, phases))
        } else {
            Box::new(events::Feed::new(gate, caller, receiving, phases))
        };
        Some((feed, terms.is_xml()))
    }

    /// Whether the caller has a subscription of that number that nobody receives yet.
    pub fn is_waiting(&self, caller: &Caller, id: u32) -> bool {
        self.own(caller, id).is_some_and(|found| !found.is_received.load(Ordering::Acquire))
    }

    fn establish(
        self: &Arc<Self>,
        context: &ActionContext,
        mut policy: Policy,
    ) -> Result<Established, ActionError> {
        let caller = context.caller()?.clone();
        let is_data = policy.is_data();
        let refused = |wrong: Wrong| wrong.of(context, Operation::Establish, is_data);
        let of_request = if context.client.speaks_xml { "encode-xml" } else { "encode-json" };
        policy.encoding.get_or_insert_with(|| format!("ietf-subscribed-notifications:{of_request}"));
        let terms =
            policy::terms(&context.snapshot, &context.tenant, context.now, policy).map_err(refused)?;
        self.measure(context, &terms, terms.sends_all()).map_err(refused)?;
        let mut revised = None;
        if let Some(from) = terms.replay() {
            let log = context.engine.event_log();
            let earliest = log.aged.unwrap_or(log.begins);
            revised = (from < earliest).then(|| earliest.rfc3339());
        }
        let subscription = {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            if all.values().filter(|other| other.tenant == context.tenant).count() >= MOST {
                let message = format!("there are {MOST} subscriptions already, as many as there can be");
                return Err(refused(Wrong {
                    leaf: None,
                    ..Wrong::new(Reason::InsufficientResources, "", message)
                }));
            }
            let id = self.next.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            if context.validate_only {
                return Ok(Established {
                    id,
                    replay_start_time_revision: revised,
                    uri: uri(&context.public_url, id),
                });
            }
            let phase = Phase { terms: Arc::new(terms), modified: 0, resync: 0, ended: None };
            let subscription = Arc::new(Subscription {
                id,
                tenant: context.tenant.clone(),
                owner: caller.actor(),
                phase: watch::Sender::new(phase),
                is_received: AtomicBool::new(false),
                is_suspended: AtomicBool::new(false),
                sent: AtomicU64::new(0),
                excluded: AtomicU64::new(0),
            });
            all.insert(id, Arc::clone(&subscription));
            subscription
        };
        let (all, waiting) = (Arc::downgrade(self), Arc::downgrade(&subscription));
        tokio::spawn(async move {
            tokio::time::sleep(WAITS).await;
            if let (Some(all), Some(waiting)) = (all.upgrade(), waiting.upgrade())
                && !waiting.is_received.load(Ordering::Acquire)
            {
                all.remove(waiting.id);
            }
        });
        let uri = uri(&context.public_url, subscription.id);
        Ok(Established { id: subscription.id, replay_start_time_revision: revised, uri })
    }

    /// Whether the filter of a subscription to data can be decided, and what is sent as a whole is not too much (RFC 8641
    /// section 3.2).
    fn measure(&self, context: &ActionContext, terms: &Terms, sends_all: bool) -> Result<(), Wrong> {
        let Source::Data(datastore) = terms.source else { return Ok(()) };
        let Some(caller) = &context.caller else { return Ok(()) };
        let authority = self.access.policies.authority(&context.snapshot, caller);
        let filter = terms.expression().map(|filter| &**filter);
        let leaf = terms.filter.as_ref().map_or("datastore", |filter| filter.leaf);
        let selected =
            selection::select(&context.engine, &context.snapshot, &authority, caller, datastore, filter);
        let selected = selected.map_err(|error| {
            Wrong::new(Reason::FilterUnsupported, leaf, error.to_string())
                .hint("filter-failure-hint", error.to_string())
        })?;
        if !sends_all {
            return Ok(());
        }
        let size = selected.text(context.engine.schema(), datastore).len();
        if size <= self.most_bytes {
            return Ok(());
        }
        let reason = if terms.is_on_change() { Reason::SyncTooBig } else { Reason::UpdateTooBig };
        let message =
            format!("what is selected has {size} bytes; at most {} are sent at once", self.most_bytes);
        Err(Wrong::new(reason, leaf, message)
            .hint("kilobytes-estimate", kilobytes(size))
            .hint("kilobytes-limit", kilobytes(self.most_bytes)))
    }

    fn modify(&self, context: &ActionContext, input: Modification) -> Result<(), ActionError> {
        let found = self.own(context.caller()?, input.id);
        let subscription = found.ok_or_else(|| no_such(context, Operation::Modify))?;
        let before = Arc::clone(&subscription.phase.borrow().terms);
        let terms = policy::modified(&before, input.policy)
            .and_then(|policy| policy::terms(&context.snapshot, &context.tenant, context.now, policy))
            .and_then(|terms| self.measure(context, &terms, true).map(|()| terms));
        let terms = terms.map_err(|wrong| wrong.of(context, Operation::Modify, before.is_data()))?;
        if !context.validate_only {
            subscription.change(terms);
        }
        Ok(())
    }

    fn resync(&self, context: &ActionContext, input: &WithId) -> Result<(), ActionError> {
        let found = self.own(context.caller()?, input.id);
        let found = found.filter(|found| found.phase.borrow().terms.is_on_change()).ok_or_else(|| {
            let message = "you have no subscription of that number that tells of changes";
            let wrong = Wrong::new(Reason::NoSuchSubscriptionResync, "id", message);
            wrong.of(context, Operation::Resync, true)
        })?;
        let terms = Arc::clone(&found.phase.borrow().terms);
        self.measure(context, &terms, true)
            .map_err(|wrong| Wrong { leaf: Some("id"), ..wrong }.of(context, Operation::Resync, true))?;
        if !context.validate_only {
            found.phase.send_modify(|phase| phase.resync += 1);
        }
        Ok(())
    }

    /// Ends a subscription because somebody asked for that.
    fn end(
        &self,
        context: &ActionContext,
        operation: Operation,
        ended: Ended,
        found: Option<Arc<Subscription>>,
    ) -> Result<(), ActionError> {
        let subscription = found.ok_or_else(|| no_such(context, operation))?;
        if !context.validate_only {
            self.finish(&subscription, ended);
        }
        Ok(())
    }

    fn finish(&self, subscription: &Subscription, ended: Ended) {
        subscription.phase.send_modify(|phase| phase.ended = Some(ended));
        self.remove(subscription.id);
    }

    /// Looks anew at the filters that the subscriptions of a tenant refer to.
    fn filters_changed(&self, snapshot: &Snapshot, tenant: &Ident) {
        for subscription in self.of_tenant(tenant) {
            let terms = Arc::clone(&subscription.phase.borrow().terms);
            let policy = &terms.policy;
            if policy.stream_filter_name.is_none() && policy.selection_filter_ref.is_none() {
                continue;
            }
            match (policy.filter(snapshot, tenant), &terms.filter) {
                (Ok(Some(filter)), Some(before)) if filter.is_same(before) => {}
                (Ok(filter), _) => subscription.change(Terms { filter, ..Terms::clone(&terms) }),
                (Err(wrong), _) => {
                    tracing::debug!(
                        reason = wrong.message,
                        "the filter of a subscription cannot be used any more"
                    );
                    self.finish(&subscription, Ended::FilterGone);
                }
            }
        }
    }

    /// One that the caller made.
    fn own(&self, caller: &Caller, id: u32) -> Option<Arc<Subscription>> {
        self.find(id).filter(|found| found.belongs_to(caller))
    }

    fn find(&self, id: u32) -> Option<Arc<Subscription>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn remove(&self, id: u32) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    fn of_tenant(&self, tenant: &Ident) -> Vec<Arc<Subscription>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().filter(|subscription| subscription.tenant == *tenant).cloned().collect()
    }
}

fn uri(public_url: &str, id: u32) -> String {
    format!("{public_url}{RESOURCES}/{id}")
}

/// In units of 1,000 bytes, rounded up.
fn kilobytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1_000)).unwrap_or(u32::MAX)
}

/// Sees when filters of the configuration become others.
struct FilterFollower {
    all: Weak<Subscriptions>,
    filters: NodeId,
}

impl Observer for FilterFollower {
    fn committed(&self, commit: &Commit) {
        let changes = commit.transactions.iter().flat_map(|transaction| &transaction.changes);
        let mut tenants: Vec<&Ident> = changes.map(|changes| &changes.tenant).collect();
        tenants.sort();
        tenants.dedup();
        for tenant in tenants {
            let filters = |snapshot: &Snapshot| {
                let data = snapshot.tenant(tenant)?;
                data.tree.root.container(self.filters).map(Arc::as_ptr)
            };
            if filters(&commit.before) != filters(&commit.after)
                && let Some(all) = self.all.upgrade()
            {
                all.filters_changed(&commit.after, tenant);
            }
        }
    }
}

/// The path of a notification at the top of the tree.
fn at_top(node: NodeId) -> InstancePath {
    let mut path = InstancePath::root();
    path.push(node, Vec::new());
    path
}
