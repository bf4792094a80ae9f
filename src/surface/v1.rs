//! The `/v1` dialect: config and state trees as resources with bare bodies in JSON and YAML.
//!
//! A request goes through the same stages whatever it is: what does the URL name; who asks; does the resource have that
//! method; which format is wanted; what do the parameters say; then it is read, written or invoked through the gate, and the
//! answer is written down before it leaves.

pub mod body;
pub mod errors;
pub mod format;
pub mod invoke;
pub mod json_patch;
pub mod print;
pub mod query;
pub mod read;
pub mod route;
pub mod site;
pub mod transaction;
pub mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode};

use self::format::{ACCEPT_PATCH, PATCH_TYPES, Wanted};
use self::query::Query;
use self::route::{Resource, RouteError};
use crate::access::gate::Gate;
use crate::engine::{Datastore, Engine};
use crate::surface::failure::Failure;
use crate::surface::http::{Payload, Refusal, Reply, Request};
use crate::surface::trail::Trail;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// The dialect.
#[derive(Clone, Debug)]
pub struct V1 {
    gate: Gate,
}

/// One request on its way through the stages.
struct Visit<'a> {
    v1: &'a V1,
    trail: Trail<'a>,
    wanted: Wanted,
}

impl V1 {
    /// The dialect in front of a gate.
    pub fn new(gate: Gate) -> Self {
        V1 { gate }
    }

    fn engine(&self) -> &Engine {
        self.gate.engine()
    }

    fn schema(&self) -> &Arc<Schema> {
        self.gate.engine().schema()
    }

    /// Answers a request whose path begins with `/v1`.
    pub async fn answer(&self, request: &Request, payload: Payload) -> Reply {
        let wanted = Wanted::of(&request.headers);
        let form = *wanted.as_ref().unwrap_or(&Wanted::default());
        let mut visit = Visit { v1: self, trail: Trail::new(&self.gate, request), wanted: form };
        let outcome = visit.run(wanted.err(), payload).await.map_err(errors::settle);
        let recorded = match &outcome {
            Ok(reply) => visit.trail.record(reply.status, None).await,
            Err(failure) => {
                let status = failure.status.unwrap_or(StatusCode::BAD_REQUEST);
                visit.trail.record(status, Some(failure.summary())).await
            }
        };
        match recorded.and(outcome) {
            Ok(reply) => reply,
            Err(failure) => errors::reply(failure, self.schema(), form),
        }
    }
}

impl From<RouteError> for Failure {
    fn from(error: RouteError) -> Self {
        match error {
            RouteError::NotFound(violation) => Failure::new(StatusCode::NOT_FOUND, violation),
            RouteError::Bad(violation) => Failure::from(violation),
        }
    }
}

impl Visit<'_> {
    /// The same resource, now that what is stored can tell what the keys of its path mean.
    fn among_stored(&self, resource: Resource) -> Result<Resource, RouteError> {
        let schema = self.v1.schema();
        let (path, is_candidate) = match &resource {
            Resource::Data { path, datastore, .. } => (path, *datastore == Datastore::Candidate),
            Resource::Operation { path, .. } => (path, false),
            Resource::Index => return Ok(resource),
        };
        if !path.has_several_readings(schema) {
            return Ok(resource);
        }
        Resource::find_among(schema, self.trail.request.path(), self.trail.stored(is_candidate).as_ref())
    }

    async fn run(&mut self, not_acceptable: Option<Refusal>, payload: Payload) -> Result<Reply, Failure> {
        let request = self.trail.request;
        let schema = self.v1.schema();
        let found = Resource::find(schema, request.path());
        // Whether a path exists is told to callers only; what is public is for anybody.
        if !matches!(found, Ok(Resource::Operation { public: true, .. })) {
            self.trail.authenticate().await?;
        }
        let resource = found.and_then(|resource| self.among_stored(resource))?;
        let method = &request.method;
        if *method == Method::OPTIONS {
            return Ok(options(&resource));
        }
        if !resource.has(method) {
            let refusal = Refusal::method_not_allowed(method.as_str(), resource.describe(), resource.allow());
            return Err(refusal.into());
        }
        if let Some(refusal) = not_acceptable {
            return Err(refusal.into());
        }
        let query = Query::parse(request.uri.query(), resource.place(method))?;
        site::check(self.v1.engine(), query.site.as_deref())?;
        match resource {
            Resource::Index => Ok(self.index()),
            Resource::Data { datastore, path, .. } if request.is_read() => {
                self.read(datastore, path, &query).await
            }
            Resource::Data { datastore, path, kind } => {
                self.write(datastore, path, kind, &query, payload).await
            }
            Resource::Operation { path, .. } => self.invoke(path, &query, payload).await,
        }
    }

    fn index(&self) -> Reply {
        let schema = self.v1.schema();
        let operations: Vec<&str> = schema
            .children(NodeId::ROOT)
            .iter()
            .map(|id| schema.node(*id))
            .filter(|node| matches!(node.kind, NodeKind::Rpc))
            .map(|node| node.name.as_str())
            .collect();
        let body = serde_json::json!({
            "config": "/v1/config",
            "candidate": "/v1/candidate",
            "state": "/v1/state",
            "operations": operations,
        });
        let json = HeaderValue::from_static("application/json");
        Reply::with_body(StatusCode::OK, json, body.to_string())
    }
}

fn options(resource: &Resource) -> Reply {
    let reply =
        Reply::empty(StatusCode::NO_CONTENT).header(ALLOW, HeaderValue::from_static(resource.allow()));
    if resource.has(&Method::PATCH) {
        return reply.header(ACCEPT_PATCH, HeaderValue::from_static(PATCH_TYPES));
    }
    reply
}
