//! What this server can do by RESTCONF beyond what every server can (RFC 8040 section 9.1).

use std::sync::Arc;

use serde::Serialize;

use crate::data::decode::from_serde;
use crate::data::tree::Data;
use crate::engine::{Registry, StateContext, StateError, StateProvider};

const CAPABILITIES: &str = "/ietf-restconf-monitoring:restconf-state/capabilities";

/// The URIs of RFC 8040 section 9.1.1 and of the RFCs that add to it.
pub const SUPPORTED: &[&str] = &[
    "urn:ietf:params:restconf:capability:defaults:1.0?basic-mode=explicit",
    "urn:ietf:params:restconf:capability:depth:1.0",
    "urn:ietf:params:restconf:capability:fields:1.0",
    "urn:ietf:params:restconf:capability:filter:1.0",
    "urn:ietf:params:restconf:capability:replay:1.0",
    "urn:ietf:params:restconf:capability:with-defaults:1.0",
    "urn:ietf:params:restconf:capability:yang-patch:1.0",
    "urn:ietf:params:restconf:capability:with-operational-defaults:1.0",
    "urn:ietf:params:restconf:capability:with-origin:1.0",
    "urn:ietf:params:restconf:capability:limit:1.0",
    "urn:ietf:params:restconf:capability:offset:1.0",
    "urn:ietf:params:restconf:capability:cursor:1.0",
    "urn:ietf:params:restconf:capability:direction:1.0",
    "urn:ietf:params:restconf:capability:sort-by:1.0",
    "urn:ietf:params:restconf:capability:locale:1.0",
    "urn:ietf:params:restconf:capability:where:1.0",
    "urn:ietf:params:restconf:capability:sublist-limit:1.0",
];

/// Hangs the service on the model.
pub fn register(registry: &mut Registry) {
    registry.state(CAPABILITIES, Arc::new(Provider));
}

struct Provider;

#[derive(Serialize)]
struct Capabilities {
    capability: &'static [&'static str],
}

impl StateProvider for Provider {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let capabilities = Capabilities { capability: SUPPORTED };
        from_serde(context.engine.schema(), context.node, &capabilities).map(Some).map_err(|violations| {
            let reason = violations.first().map_or_else(String::new, |violation| violation.message.clone());
            StateError { path: CAPABILITIES.to_owned(), reason }
        })
    }
}
