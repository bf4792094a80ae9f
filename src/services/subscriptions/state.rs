//! The list of subscriptions (RFC 8639 section 2.8): those of the tenant.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use serde::Serialize;

use super::policy::Policy;
use super::streams::provide;
use super::{Subscriptions, uri};
use crate::data::tree::Data;
use crate::engine::{Registry, StateContext, StateError, StateProvider};

const SUBSCRIPTIONS: &str = "/ietf-subscribed-notifications:subscriptions";

pub(super) fn register(registry: &mut Registry, all: &Arc<Subscriptions>) {
    registry.state(SUBSCRIPTIONS, Arc::new(Provider(Arc::downgrade(all))));
}

struct Provider(Weak<Subscriptions>);

#[derive(Serialize)]
struct Listed {
    subscription: Vec<One>,
}

#[derive(Serialize)]
struct One {
    id: u32,
    uri: String,
    #[serde(flatten)]
    policy: Policy,
    receivers: Receivers,
}

#[derive(Serialize)]
struct Receivers {
    receiver: Vec<Receiver>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Receiver {
    name: String,
    /// Numbers of 64 bits are texts in JSON.
    sent_event_records: String,
    excluded_event_records: String,
    state: &'static str,
}

impl StateProvider for Provider {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let Some(all) = self.0.upgrade() else { return Ok(None) };
        let public_url = &context.engine.settings().public_url;
        let listed = all.of_tenant(context.tenant).into_iter().map(|subscription| {
            let is_received = subscription.is_received.load(Ordering::Acquire);
            let is_suspended = subscription.is_suspended.load(Ordering::Relaxed);
            let receiver = Receiver {
                name: subscription.owner.clone(),
                sent_event_records: subscription.sent.load(Ordering::Relaxed).to_string(),
                excluded_event_records: subscription.excluded.load(Ordering::Relaxed).to_string(),
                state: if is_received && !is_suspended { "active" } else { "suspended" },
            };
            One {
                id: subscription.id,
                uri: uri(public_url, subscription.id),
                policy: subscription.phase.borrow().terms.policy.clone(),
                receivers: Receivers { receiver: vec![receiver] },
            }
        });
        let listed = Listed { subscription: listed.collect() };
        if listed.subscription.is_empty() {
            return Ok(None);
        }
        provide(context, SUBSCRIPTIONS, &listed)
    }
}
