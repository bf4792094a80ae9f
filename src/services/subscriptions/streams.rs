//! The list of streams, as RESTCONF (RFC 8040 section 9) and as subscriptions (RFC 8639) have it: one stream, with every event
//! of the tenant.

use std::sync::Arc;

use serde::Serialize;

use super::STREAM;
use crate::data::decode::from_serde;
use crate::data::tree::Data;
use crate::engine::{Registry, StateContext, StateError, StateProvider};

const BY_RESTCONF: &str = "/ietf-restconf-monitoring:restconf-state/streams";
const BY_SUBSCRIPTION: &str = "/ietf-subscribed-notifications:streams";

const DESCRIPTION: &str = "Every event of the tenant, as far as its receiver may know of it";

/// Hangs the lists on the model.
pub(super) fn register(registry: &mut Registry) {
    registry.state(BY_RESTCONF, Arc::new(ByRestconf));
    registry.state(BY_SUBSCRIPTION, Arc::new(BySubscription));
}

#[derive(Serialize)]
struct Streams<T> {
    stream: [T; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RestconfStream {
    name: &'static str,
    description: &'static str,
    replay_support: bool,
    replay_log_creation_time: String,
    access: [Access; 2],
}

#[derive(Serialize)]
struct Access {
    encoding: &'static str,
    location: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SubscribedStream {
    name: &'static str,
    description: &'static str,
    /// `empty` is `[null]` (RFC 7951 section 6.9).
    replay_support: [(); 1],
    replay_log_creation_time: String,
    replay_log_aged_time: Option<String>,
}

struct ByRestconf;

impl StateProvider for ByRestconf {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let url = &context.engine.settings().public_url;
        let access = ["json", "xml"].map(|encoding| Access {
            encoding,
            location: format!("{url}/restconf/streams/{STREAM}/{encoding}"),
        });
        let stream = RestconfStream {
            name: STREAM,
            description: DESCRIPTION,
            replay_support: true,
            replay_log_creation_time: context.engine.event_log().begins.rfc3339(),
            access,
        };
        provide(context, BY_RESTCONF, &Streams { stream: [stream] })
    }
}

struct BySubscription;

impl StateProvider for BySubscription {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let log = context.engine.event_log();
        let stream = SubscribedStream {
            name: STREAM,
            description: DESCRIPTION,
            replay_support: [()],
            replay_log_creation_time: log.begins.rfc3339(),
            replay_log_aged_time: log.aged.map(|aged| aged.rfc3339()),
        };
        provide(context, BY_SUBSCRIPTION, &Streams { stream: [stream] })
    }
}

pub(super) fn provide<T: Serialize>(
    context: &StateContext<'_>,
    path: &str,
    value: &T,
) -> Result<Option<Data>, StateError> {
    from_serde(context.engine.schema(), context.node, value).map(Some).map_err(|violations| {
        let reasons: Vec<String> = violations.iter().map(ToString::to_string).collect();
        StateError { path: path.to_owned(), reason: reasons.join("; ") }
    })
}
