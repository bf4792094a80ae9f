//! The dialects over HTTP: each turns a request into one neutral operation and its outcome into a body of its own form.
//!
//! The first path segment chooses the dialect. Everything made of data stands behind one pointer, which is empty while the
//! daemon is sealed. Never here: a rule about data or about who may do what; a service called by name.

pub mod credentials;
pub mod failure;
pub mod http;
pub mod members;
pub mod parameters;
pub mod precondition;
pub mod public;
pub mod restconf;
pub mod sealed;
pub mod select;
pub mod trail;
pub mod v1;

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::mpsc;

use self::http::{Payload, Refusal, Reply, Request};
use self::public::metrics::Metrics;
use self::public::{Always, Documents, Public};
use self::restconf::{Restconf, host_meta};
use self::sealed::Sealed;
use self::v1::V1;
use crate::access::gate::Gate;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;

/// Every dialect, behind one listener. To serve it: [`http::Bound::bind`], [`http::exchange::Exchange::new`],
/// [`http::Bound::serve`].
pub struct Surface {
    sealed: Sealed,
    always: Always,
    doorway: Doorway,
}

/// Through which requests get to the data, while it is open. Cheap to clone.
#[derive(Clone, Default)]
pub struct Doorway(Arc<ArcSwapOption<Open>>);

/// What is there while the daemon is unsealed.
struct Open {
    v1: V1,
    restconf: Restconf,
    public: Public,
    /// Held by every request that has begun; the other end of the channel learns when the last one let go.
    _in_use: mpsc::Sender<Infallible>,
}

/// Tells when the last request that was let in has been answered.
#[derive(Debug)]
pub struct Drained(mpsc::Receiver<Infallible>);

impl Drained {
    /// Waits for it.
    pub async fn wait(mut self) {
        let _ = self.0.recv().await;
    }
}

impl Surface {
    /// Serves what is behind the doorway, and the seal while nothing is.
    pub fn new(sealed: Sealed, doorway: Doorway, site: Ident, started: Timestamp) -> Self {
        let always = Always { metrics: Metrics::default(), site, started };
        Surface { sealed, always, doorway }
    }
}

impl Doorway {
    /// Serves the data behind a gate from now on; `documents` is where the public documents of issuers come from. What it
    /// returns tells, after [`Doorway::close`], when the last request let go of them.
    pub fn open(&self, gate: Gate, documents: Arc<dyn Documents>) -> Drained {
        let (in_use, drained) = mpsc::channel(1);
        let public = Public::new(gate.engine().clone(), documents, gate.default_tenant().clone());
        let restconf = Restconf::new(gate.clone());
        self.0.store(Some(Arc::new(Open { v1: V1::new(gate), restconf, public, _in_use: in_use })));
        Drained(drained)
    }

    /// Serves no data from now on. Requests that have begun go on.
    pub fn close(&self) {
        self.0.store(None);
    }
}

impl http::Service for Surface {
    async fn answer(&self, request: &Request, payload: Payload) -> Reply {
        let Surface { sealed, always, doorway } = self;
        let _in_flight = always.metrics.begin();
        let open = doorway.0.load_full();
        let reply = match (request.first_segment(), &open) {
            ("v1", _) if sealed.is_status(request) => sealed.answer(request, payload).await,
            ("v1", Some(open)) => open.v1.answer(request, payload).await,
            ("v1", None) => sealed.answer(request, payload).await,
            ("restconf", Some(open)) => open.restconf.answer(request, payload).await,
            ("restconf", None) => restconf::refuse(sealed.schema(), request, &sealed::refusal()),
            (".well-known", _) if request.path() == host_meta::PATH => {
                host_meta::answer(request).unwrap_or_else(|refusal| public::refuse(&refusal))
            }
            (_, open) => {
                let public = open.as_ref().map(|open| &open.public);
                always.answer(request, public, sealed.condition())
            }
        };
        always.metrics.count(&request.method, reply.status, request.received.elapsed());
        reply
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Reply {
        let reply = match request.first_segment() {
            "v1" => self.sealed.refuse(request, refusal),
            "restconf" => restconf::refuse(self.sealed.schema(), request, refusal),
            _ => public::refuse(refusal),
        };
        self.always.metrics.count(&request.method, reply.status, request.received.elapsed());
        reply
    }
}
