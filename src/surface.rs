//! The dialects over HTTP: each turns a request into one neutral operation and its outcome into a body of its own form.
//!
//! The first path segment chooses the dialect; below `/v1/`, which two dialects share, the second one does. Everything made of data stands behind one pointer, which is empty while the
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
pub mod streams;
pub mod trail;
pub mod v1;
pub mod writing;
pub mod vault;
pub mod openapi;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use hyper::StatusCode;
use tokio::sync::{mpsc, watch};

use self::http::{Payload, Refusal, Reply, Request};
use self::openapi::Descriptions;
use self::public::metrics::Metrics;
use self::public::{Always, Documents, Public};
use self::restconf::{Restconf, host_meta};
use self::sealed::Sealed;
use self::streams::{Counters, Streams, Subscriptions};
use self::trail::Trail;
use self::v1::V1;
use self::v1::route::is_taken;
use self::vault::Vault;
use self::vault::unsealing::Unsealing;
use crate::access::gate::Gate;
use crate::base::clock::Clock;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;

/// Every dialect, behind one listener. To serve it: [`http::Bound::bind`], [`http::exchange::Exchange::new`],
/// [`http::Bound::serve`].
pub struct Surface {
    sealed: Sealed,
    /// `None` where the model has no seal.
    unsealing: Option<Unsealing>,
    always: Always,
    doorway: Doorway,
}

/// Through which requests get to the data, while it is open. Cheap to clone.
#[derive(Clone, Default)]
pub struct Doorway {
    open: Arc<ArcSwapOption<Open>>,
    counters: Arc<Counters>,
}

/// What is there while the daemon is unsealed.
struct Open {
    gate: Gate,
    v1: V1,
    restconf: Restconf,
    vault: Vault,
    descriptions: Descriptions,
    public: Public,
    /// Shows true once answers that go on and on are to end.
    ending: watch::Sender<bool>,
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
    pub fn new(sealed: Sealed, doorway: Doorway, site: Ident, clock: &Clock) -> Self {
        let started = clock.now();
        let unsealing = Unsealing::new(Arc::clone(sealed.schema()), Arc::clone(sealed.seal()), clock.clone());
        let always = Always { metrics: Metrics::new(Arc::clone(&doorway.counters)), site, started };
        Surface { sealed, unsealing, always, doorway }
    }
}

impl Doorway {
    /// Serves the data behind a gate from now on; `documents` is where the public documents of issuers come from, and
    /// `subscriptions` what clients subscribed to. A stream waits for a client that does not read for `patience`. What it
    /// returns tells, after [`Doorway::close`], when the last request let go of them.
    pub fn open(
        &self,
        gate: Gate,
        documents: Arc<dyn Documents>,
        subscriptions: Arc<dyn Subscriptions>,
        patience: Duration,
    ) -> Drained {
        let (in_use, drained) = mpsc::channel(1);
        let ending = watch::Sender::new(false);
        let counters = Arc::clone(&self.counters);
        let streams = Streams::new(ending.subscribe(), in_use.clone(), counters, patience);
        let public = Public::new(gate.engine().clone(), documents, gate.default_tenant().clone());
        let open = Open {
            gate: gate.clone(),
            v1: V1::new(gate.clone()),
            restconf: Restconf::new(gate.clone(), streams, subscriptions),
            descriptions: Descriptions::new(gate.clone()),
            vault: Vault::new(gate),
            public,
            ending,
            _in_use: in_use,
        };
        self.open.store(Some(Arc::new(open)));
        Drained(drained)
    }

    /// Ends the answers that go on and on, and those that begin from now on.
    pub fn end_streams(&self) {
        if let Some(open) = self.open.load().as_ref() {
            open.ending.send_replace(true);
        }
    }

    /// Serves no data from now on. Requests that have begun go on, but for streams.
    pub fn close(&self) {
        self.end_streams();
        self.open.store(None);
    }
}

impl Open {
    /// Writes down a request that no dialect got to see.
    ///
    /// # Errors
    /// The refusal that is to be answered instead when it could not be written.
    async fn note(&self, request: &Request, refusal: &Refusal) -> Result<(), Refusal> {
        let recorded = Trail::new(&self.gate, request).record(refusal.status, Some(&refusal.message)).await;
        recorded.map_err(|failure| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorTag::OperationFailed, failure.summary())
        })
    }
}

/// Two dialects stand below `/v1/`.
impl Surface {
    /// Whether a request below `/v1/` speaks the Vault dialect. What has no name there that is anybody's belongs to the
    /// other one, unless the data have a mount of that name or the client says what it speaks.
    fn is_vaults(&self, request: &Request, open: Option<&Open>) -> bool {
        let taken = |name: &str| is_taken(self.sealed.schema(), name);
        match open {
            Some(open) => open.vault.claims(request, taken),
            None => {
                vault::is_named(request)
                    || vault::asked::is_spoken(request) && !taken(vault::second_segment(request))
            }
        }
    }

    /// A refusal in the words of the dialect that a request speaks.
    fn print(&self, request: &Request, refusal: &Refusal, open: Option<&Open>) -> Reply {
        match request.first_segment() {
            "v1" if self.is_vaults(request, open) => Vault::refuse(refusal),
            "v1" => self.sealed.refuse(request, refusal),
            "restconf" => restconf::refuse(self.sealed.schema(), request, refusal),
            _ => public::refuse(refusal),
        }
    }

    async fn vault(&self, request: &Request, payload: Payload, open: Option<&Open>) -> Reply {
        match (&self.unsealing, open) {
            (Some(unsealing), Some(_)) if unsealing.is_mine(request) => {
                unsealing.answer(request, payload).await
            }
            (_, Some(open)) => open.vault.answer(request, payload).await,
            (Some(unsealing), None) => unsealing.answer(request, payload).await,
            (None, None) => Vault::refuse(&sealed::refusal()),
        }
    }
}

impl http::Service for Surface {
    async fn answer(&self, request: &Request, payload: Payload) -> Reply {
        let Surface { sealed, always, doorway, .. } = self;
        let _in_flight = always.metrics.begin();
        let open = doorway.open.load_full();
        let reply = match (request.first_segment(), &open) {
            ("v1", _) if sealed.is_status(request) => sealed.answer(request, payload).await,
            ("v1", open) if self.is_vaults(request, open.as_deref()) => {
                self.vault(request, payload, open.as_deref()).await
            }
            ("v1", Some(open)) => open.v1.answer(request, payload).await,
            ("v1", None) => sealed.answer(request, payload).await,
            ("restconf", Some(open)) => open.restconf.answer(request, payload).await,
            ("restconf", None) => restconf::refuse(sealed.schema(), request, &sealed::refusal()),
            (".well-known", _) if request.path() == host_meta::PATH => {
                host_meta::answer(request).unwrap_or_else(|refusal| public::refuse(&refusal))
            }
            (_, Some(open)) if Descriptions::serves(request) => open.descriptions.answer(request).await,
            (_, open) => {
                let public = open.as_ref().map(|open| &open.public);
                always.answer(request, public, sealed.condition())
            }
        };
        always.metrics.count(&request.method, reply.status, request.received.elapsed());
        reply
    }

    async fn refuse(&self, request: &Request, refusal: &Refusal) -> Reply {
        let open = self.doorway.open.load_full();
        let reply = match &open {
            Some(open) => match open.note(request, refusal).await {
                Ok(()) => self.print(request, refusal, Some(open)),
                Err(unaudited) => self.print(request, &unaudited, Some(open)),
            },
            None => self.print(request, refusal, None),
        };
        self.always.metrics.count(&request.method, reply.status, request.received.elapsed());
        reply
    }
}
