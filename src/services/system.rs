//! The daemon itself: which version runs here, since when, and whether it is sealed.

use std::sync::Arc;

use serde::Serialize;

use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::tree::Data;
use crate::engine::{Registry, StateContext, StateError, StateProvider};

const SYSTEM: &str = "/strongbox/system";
const CONTENT_ID: &str = "/strongbox/content-id";

/// What is known of the daemon when it starts.
#[derive(Clone, Debug)]
pub struct System {
    /// When it started.
    pub start_time: Timestamp,
}

/// The container `system`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Status {
    version: &'static str,
    site: Ident,
    start_time: Timestamp,
    current_time: Timestamp,
    revision: u64,
    seal_status: SealStatus,
}

/// Its container `seal-status`.
#[derive(Serialize)]
struct SealStatus {
    initialized: bool,
    sealed: bool,
}

/// Hangs the service on the model.
pub fn register(registry: &mut Registry, start_time: Timestamp) {
    registry.content_id(CONTENT_ID);
    registry.state(SYSTEM, Arc::new(System { start_time }));
}

impl StateProvider for System {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let status = Status {
            version: env!("CARGO_PKG_VERSION"),
            site: context.engine.settings().site.clone(),
            start_time: self.start_time,
            current_time: context.now,
            revision: context.snapshot.revision.0,
            // Whoever reads this got past the barrier: a store that is open has its keys.
            seal_status: SealStatus { initialized: true, sealed: false },
        };
        from_serde(context.engine.schema(), context.node, &status).map(Some).map_err(|violations| {
            let reasons: Vec<&str> = violations.iter().map(|violation| violation.message.as_str()).collect();
            StateError { path: SYSTEM.to_owned(), reason: reasons.join("; ") }
        })
    }
}
