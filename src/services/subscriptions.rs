//! Subscriptions that clients make (RFC 8639, over RESTCONF RFC 8650): to the stream of events, and to data (RFC 8641).
//!
//! A subscription lives in memory. It begins when it is established, has to be received within a minute, and ends with the
//! connection by which it is received. Configured subscriptions, which the RFC makes optional, are not there. Never here: how
//! a notification is written, and by which connection it leaves.

mod changes;
mod events;
mod policy;
mod push;
mod state;
mod streams;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::access::Gate;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::notification::Feed;
use crate::engine::{ActionContext, ActionError, Caller, Registry};

use policy::{Policy, Terms, refused};

/// The name of the one stream.
pub const STREAM: &str = "NETCONF";

/// Where subscriptions are received, below the public URL.
pub const RESOURCES: &str = "/restconf/subscriptions";

/// So long a subscription waits for its receiver.
const WAITS: Duration = Duration::from_secs(60);

/// So many subscriptions a tenant has at most.
const MOST: usize = 4_096;

/// Every subscription that there is.
#[derive(Default)]
pub struct Subscriptions {
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
    /// Why it was ended: the name of an identity.
    ended: Option<&'static str>,
}

impl Subscription {
    fn belongs_to(&self, caller: &Caller) -> bool {
        self.tenant == caller.tenant && self.owner == caller.actor()
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
    /// None yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let all = Arc::clone(self);
        registry.action("/ietf-subscribed-notifications:establish-subscription", move |context, input| {
            Arc::clone(&all).establish(context, input)
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
                    let caller = context.caller()?;
                    let found = all.find(input.id).filter(|found| found.belongs_to(caller));
                    all.end(&context, "delete-subscription", found)
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
                    all.end(&context, "kill-subscription", found)
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

    /// What a subscription of the caller delivers from now on, and whether as XML; `None` when it has none of that number that
    /// nobody receives yet.
    pub fn receive(
        self: &Arc<Self>,
        gate: &Gate,
        caller: &Arc<Caller>,
        id: u32,
    ) -> Option<(Box<dyn Feed>, bool)> {
        let subscription = self.find(id).filter(|found| found.belongs_to(caller))?;
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

    async fn establish(
        self: Arc<Self>,
        context: ActionContext,
        policy: Policy,
    ) -> Result<Established, ActionError> {
        const ACTION: &str = "establish-subscription";
        let caller = context.caller()?.clone();
        let terms =
            policy::terms(&context, ACTION, policy).map_err(|fault| ActionError::Invalid(vec![*fault]))?;
        let mut revised = None;
        if let Some(from) = terms.replay() {
            let log = context.engine.event_log();
            revised = log.aged.filter(|aged| from <= *aged).map(|_| log.begins.rfc3339());
        }
        let subscription = {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            if all.values().filter(|other| other.tenant == context.tenant).count() >= MOST {
                let message = format!("there are {MOST} subscriptions already, as many as there can be");
                let fault = refused(&context, ACTION, "insufficient-resources", None, message);
                return Err(ActionError::Invalid(vec![Violation { tag: ErrorTag::ResourceDenied, ..fault }]));
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
                sent: AtomicU64::new(0),
                excluded: AtomicU64::new(0),
            });
            all.insert(id, Arc::clone(&subscription));
            subscription
        };
        let (all, waiting) = (Arc::downgrade(&self), Arc::downgrade(&subscription));
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

    fn modify(&self, context: &ActionContext, input: Modification) -> Result<(), ActionError> {
        const ACTION: &str = "modify-subscription";
        let caller = context.caller()?;
        let found = self.find(input.id).filter(|found| found.belongs_to(caller));
        let subscription = found.ok_or_else(|| no_such(context, ACTION))?;
        let before = Arc::clone(&subscription.phase.borrow().terms);
        let terms = policy::modified(context, ACTION, &before, input.policy)
            .map_err(|fault| ActionError::Invalid(vec![*fault]))?;
        if !context.validate_only {
            subscription.phase.send_modify(|phase| {
                phase.terms = Arc::new(terms);
                phase.modified += 1;
            });
        }
        Ok(())
    }

    fn resync(&self, context: &ActionContext, input: &WithId) -> Result<(), ActionError> {
        let caller = context.caller()?;
        let found = self.find(input.id).filter(|found| found.belongs_to(caller));
        let found = found.filter(|found| found.phase.borrow().terms.is_on_change()).ok_or_else(|| {
            let message = "you have no subscription of that number that tells of changes".to_owned();
            let identity = "no-such-subscription-resync";
            ActionError::Invalid(vec![refused(context, "resync-subscription", identity, Some("id"), message)])
        })?;
        if !context.validate_only {
            found.phase.send_modify(|phase| phase.resync += 1);
        }
        Ok(())
    }

    /// Ends a subscription because somebody asked for that.
    fn end(
        &self,
        context: &ActionContext,
        action: &str,
        found: Option<Arc<Subscription>>,
    ) -> Result<(), ActionError> {
        let subscription = found.ok_or_else(|| no_such(context, action))?;
        if !context.validate_only {
            subscription.phase.send_modify(|phase| phase.ended = Some("no-such-subscription"));
            self.remove(subscription.id);
        }
        Ok(())
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

fn no_such(context: &ActionContext, action: &str) -> ActionError {
    let message = "you have no subscription of that number".to_owned();
    ActionError::Invalid(vec![refused(context, action, "no-such-subscription", Some("id"), message)])
}

/// The path of a notification at the top of the tree.
fn at_top(node: crate::yang::schema::NodeId) -> InstancePath {
    let mut path = InstancePath::root();
    path.push(node, Vec::new());
    path
}
