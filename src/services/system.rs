//! The daemon itself: which version runs here, since when, and the state of its seal.

use std::sync::Arc;

use serde::Serialize;

use super::sealing::Sealing;
use super::sealing::model::{RekeyState, SealStatus};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::tree::Data;
use crate::engine::{Registry, SYSTEM_TENANT, StateContext, StateError, StateProvider};

const SYSTEM: &str = "/strongbox/system";
const CONTENT_ID: &str = "/strongbox/content-id";

/// What is known of the daemon when it starts.
#[derive(Debug)]
pub struct System {
    start_time: Timestamp,
    sealing: Arc<Sealing>,
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
    rekey: Option<RekeyState>,
}

/// Hangs the service on the model.
pub fn register(registry: &mut Registry, start_time: Timestamp, sealing: Arc<Sealing>) {
    registry.content_id(CONTENT_ID);
    registry.state(SYSTEM, Arc::new(System { start_time, sealing }));
}

impl StateProvider for System {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        // Who changes the seal key is the affair of the one tenant that may.
        let rekey = self.sealing.rekey().filter(|_| *context.tenant == SYSTEM_TENANT);
        let status = Status {
            version: env!("CARGO_PKG_VERSION"),
            site: context.engine.settings().site.clone(),
            start_time: self.start_time,
            current_time: context.now,
            revision: context.snapshot.revision.0,
            seal_status: SealStatus::clone(&self.sealing.status()),
            rekey: rekey.map(|progress| RekeyState::from(&*progress)),
        };
        from_serde(context.engine.schema(), context.node, &status).map(Some).map_err(|violations| {
            let reasons: Vec<&str> = violations.iter().map(|violation| violation.message.as_str()).collect();
            StateError { path: SYSTEM.to_owned(), reason: reasons.join("; ") }
        })
    }
}
