//! RESTCONF (RFC 8040): the same data for standard clients, in JSON (RFC 7951) and XML, for any loaded module.
//!
//! A request goes through the same stages whatever it is: what does the URL name; who asks; does the resource have that
//! method; which format is wanted; what do the parameters say; then it is read, written or invoked through the gate, and the
//! answer is written down before it leaves. `docs/restconf.md` holds every MUST and SHOULD of the RFC against a test.

pub mod api;
pub mod body;
pub mod errors;
pub mod host_meta;
pub mod invoke;
pub mod media;
pub mod page;
pub mod patch;
pub mod print;
pub mod query;
pub mod read;
pub mod route;
pub mod schema_text;
pub mod store;
pub mod streams;
pub mod write;

use std::sync::Arc;

use hyper::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use hyper::{Method, StatusCode};

use self::media::{ACCEPT_PATCH, PATCH_TYPES, Wanted};
use self::patch::Names;
use self::query::{Place, Query};
use self::route::Resource;
use self::store::Store;
use crate::access::gate::Gate;
use crate::engine::Engine;
use crate::surface::failure::Failure;
use crate::surface::http::{Payload, Refusal, Reply, Request};
use crate::surface::streams::{Streams, Subscriptions};
use crate::surface::trail::Trail;
use crate::yang::schema::Schema;

/// Where the API is: `{+restconf}` in the words of the RFC.
pub const ROOT: &str = "/restconf";

/// The dialect.
#[derive(Clone)]
pub struct Restconf {
    gate: Gate,
    streams: Streams,
    subscriptions: Arc<dyn Subscriptions>,
}

/// One request on its way through the stages.
struct Visit<'a> {
    dialect: &'a Restconf,
    trail: Trail<'a>,
    wanted: Wanted,
    /// The YANG Patch that was sent: its answer has a form of its own.
    patch: Option<Names>,
}

impl Restconf {
    /// The dialect in front of a gate, with the streams that it begins and what clients subscribe to.
    pub fn new(gate: Gate, streams: Streams, subscriptions: Arc<dyn Subscriptions>) -> Self {
        Restconf { gate, streams, subscriptions }
    }

    fn engine(&self) -> &Engine {
        self.gate.engine()
    }

    fn schema(&self) -> &Arc<Schema> {
        self.gate.engine().schema()
    }

    /// Answers a request whose path begins with [`ROOT`].
    pub async fn answer(&self, request: &Request, payload: Payload) -> Reply {
        let wanted = Wanted::of(&request.headers);
        let form = *wanted.as_ref().unwrap_or(&Wanted::default());
        let of_failure = form.of_one();
        let mut visit =
            Visit { dialect: self, trail: Trail::new(&self.gate, request), wanted: form, patch: None };
        let outcome = visit.run(wanted.err(), payload).await;
        let outcome = outcome.map_err(|failure| errors::settle(failure, &request.method));
        let recorded = match &outcome {
            Ok(reply) => visit.trail.record(reply.status, None).await,
            Err(failure) => {
                let status = failure.status.unwrap_or(StatusCode::BAD_REQUEST);
                visit.trail.record(status, Some(failure.summary())).await
            }
        };
        cautious(match recorded.and(outcome) {
            Ok(reply) => reply,
            Err(failure) => match &visit.patch {
                Some(names) => patch::refused(&failure, names, self.schema(), of_failure),
                None => errors::reply(&failure, self.schema(), of_failure),
            },
        })
    }
}

/// Every answer says whether it may be cached (RFC 8040 section 5.5); what says nothing of it may not.
fn cautious(mut reply: Reply) -> Reply {
    reply.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    reply
}

/// Prints a refusal in the words of the dialect.
pub fn refuse(schema: &Schema, request: &Request, refusal: &Refusal) -> Reply {
    let wanted = Wanted::of(&request.headers).unwrap_or_default().of_one();
    let failure = errors::settle(refusal.clone().into(), &request.method);
    cautious(errors::reply(&failure, schema, wanted))
}

impl Visit<'_> {
    async fn run(&mut self, not_acceptable: Option<Refusal>, payload: Payload) -> Result<Reply, Failure> {
        let request = self.trail.request;
        let found = Resource::find(self.dialect.schema(), request.path());
        // Whether a path exists is told to callers only; what is public is for anybody.
        if !matches!(found, Ok(Resource::Operation { public: true, .. })) {
            self.trail.authenticate().await?;
        }
        let resource = self.among_stored(found?)?;
        let method = &request.method;
        if *method == Method::OPTIONS {
            return Ok(options(&resource));
        }
        resource.check(method)?;
        // The text of a module has a media type of its own.
        if let Resource::Module(text) = resource {
            return schema_text::read(&text, &request.headers);
        }
        let is_stream = matches!(resource, Resource::Stream { .. } | Resource::Subscription { .. });
        if let Some(refusal) = not_acceptable.filter(|_| !is_stream) {
            return Err(refusal.into());
        }
        if self.wanted.is_list() && resource.place(method) != Place::List {
            return Err(media::not_acceptable(&request.headers, false).into());
        }
        let query = Query::parse(request.uri.query(), resource.place(method))?;
        match resource {
            Resource::Api => self.api(&query),
            Resource::Operations => self.operations(),
            Resource::LibraryVersion => self.library_version(),
            Resource::Data { store, path, .. } if request.is_read() => self.read(store, path, &query).await,
            Resource::Data { store, path, kind, .. } => self.write(store, path, kind, &query, payload).await,
            Resource::Operation { path, .. } => self.invoke(path, &query, payload).await,
            Resource::Stream { format } => self.stream(format, &query).await,
            Resource::Subscription { id } => self.subscription(id),
            Resource::Module(_) | Resource::Misplaced { .. } => {
                Err(Failure::internal("a resource was found twice"))
            }
        }
    }

    /// The same resource, now that what is stored can tell what the keys of its path mean.
    fn among_stored(&self, resource: Resource) -> Result<Resource, Failure> {
        let schema: &Schema = self.dialect.schema();
        let (path, is_candidate) = match &resource {
            Resource::Data { path, store, .. } => (path, *store == Store::Candidate),
            Resource::Operation { path, .. } => (path, false),
            _ => return Ok(resource),
        };
        if !path.has_several_readings(schema) {
            return Ok(resource);
        }
        let stored = self.trail.stored(is_candidate);
        Resource::find_among(schema, self.trail.request.path(), stored.as_ref())
    }
}

fn options(resource: &Resource) -> Reply {
    let reply = Reply::empty(StatusCode::OK).header(ALLOW, HeaderValue::from_static(resource.allow()));
    if resource.has(&Method::PATCH) {
        return reply.header(ACCEPT_PATCH, HeaderValue::from_static(PATCH_TYPES));
    }
    reply
}
