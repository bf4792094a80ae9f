//! The dialects over HTTP: each turns a request into one neutral operation and its outcome into a body of its own form.
//!
//! The first path segment chooses the dialect. Never here: a rule about data or about who may do what; a service called by
//! name.

pub mod http;
pub mod public;
pub mod v1;

use std::sync::Arc;

use self::http::{Payload, Refusal, Reply, Request};
use self::public::metrics::Metrics;
use self::public::{Documents, Public};
use self::v1::V1;
use crate::access::gate::Gate;

/// Every dialect, behind one listener. To serve it: [`http::Bound::bind`], [`http::exchange::Exchange::new`],
/// [`http::Bound::serve`].
pub struct Surface {
    v1: V1,
    public: Public,
    metrics: Metrics,
}

impl Surface {
    /// The dialects in front of a gate; `documents` is where the public documents of issuers come from.
    pub fn new(gate: Gate, documents: Arc<dyn Documents>) -> Self {
        let public = Public::new(gate.engine().clone(), documents, gate.default_tenant().clone());
        Surface { v1: V1::new(gate), public, metrics: Metrics::default() }
    }
}

impl http::Service for Surface {
    async fn answer(&self, request: &Request, payload: Payload) -> Reply {
        let _in_flight = self.metrics.begin();
        let reply = match request.first_segment() {
            "v1" => self.v1.answer(request, payload).await,
            _ => self.public.answer(request, &self.metrics),
        };
        self.metrics.count(&request.method, reply.status, request.received.elapsed());
        reply
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Reply {
        let reply = match request.first_segment() {
            "v1" => self.v1.refuse(request, refusal),
            _ => public::refuse(refusal),
        };
        self.metrics.count(&request.method, reply.status, request.received.elapsed());
        reply
    }
}
