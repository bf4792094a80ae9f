//! The `/v1` dialect: config and state trees as resources with bare bodies in JSON and YAML.
//!
//! A request goes through the same stages whatever it is: what does the URL name; who asks; does the resource have that
//! method; which format is wanted; what do the parameters say; then it is read, written or invoked through the gate, and the
//! answer is written down before it leaves.

pub mod body;
pub mod causes;
pub mod failure;
pub mod format;
pub mod invoke;
pub mod json_patch;
pub mod print;
pub mod query;
pub mod read;
pub mod route;
pub mod select;
pub mod site;
pub mod transaction;
pub mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use hyper::header::{ALLOW, FORWARDED, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, StatusCode};

use self::failure::Failure;
use self::format::{ACCEPT_PATCH, PATCH_TYPES, Wanted};
use self::query::Query;
use self::route::{Resource, RouteError};
use crate::access::audit::{AuditChange, AuditEntry};
use crate::access::gate::Gate;
use crate::engine::{Attempted, Caller, ClientInfo, Engine};
use crate::surface::http::{Payload, Refusal, Reply, Request};
use crate::yang::schema::{NodeId, NodeKind, Schema};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The dialect.
#[derive(Clone, Debug)]
pub struct V1 {
    gate: Gate,
}

/// One request on its way through the stages, with what the audit log is to know of it.
struct Visit<'a> {
    v1: &'a V1,
    request: &'a Request,
    client: Arc<ClientInfo>,
    wanted: Wanted,
    caller: Option<Arc<Caller>>,
    changes: Vec<AuditChange>,
    attempted: Option<Attempted>,
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
        let mut visit = Visit {
            v1: self,
            request,
            client: Arc::new(client_info(request)),
            wanted: *wanted.as_ref().unwrap_or(&Wanted::default()),
            caller: None,
            changes: Vec::new(),
            attempted: None,
        };
        let outcome = visit.run(wanted.err(), payload).await;
        let (reply, error) = match outcome {
            Ok(reply) => (reply, None),
            Err(failure) => (failure.reply(self.schema(), visit.wanted), Some(failure)),
        };
        match visit.record(reply.status, error.as_ref()).await {
            Ok(()) => reply,
            Err(failure) => failure.reply(self.schema(), visit.wanted),
        }
    }
}

impl Visit<'_> {
    async fn run(&mut self, not_acceptable: Option<Refusal>, payload: Payload) -> Result<Reply, Failure> {
        let request = self.request;
        let schema = self.v1.schema();
        let found = Resource::find(schema, request.path());
        // Whether a path exists is told to callers only; what is public is for anybody.
        if !matches!(found, Ok(Resource::Operation { public: true, .. })) {
            self.caller = Some(self.v1.gate.authenticate(request.bearer(), &self.client).await?);
        }
        let resource = found.map_err(|error| match error {
            RouteError::NotFound(violation) => Failure::new(StatusCode::NOT_FOUND, violation),
            RouteError::Bad(violation) => Failure::from(violation),
        })?;
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
            Resource::Data { path, kind, .. } => self.write(path, kind, &query, payload).await,
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
        let body =
            serde_json::json!({"config": "/v1/config", "state": "/v1/state", "operations": operations});
        let json = HeaderValue::from_static("application/json");
        Reply::with_body(StatusCode::OK, json, body.to_string())
    }

    /// Writes the request down. Without that, no answer.
    async fn record(&self, status: StatusCode, failure: Option<&Failure>) -> Result<(), Failure> {
        let gate = &self.v1.gate;
        let Some(audit) = gate.audit() else { return Ok(()) };
        let request = self.request;
        let time = self.v1.engine().clock().now().rfc3339();
        let token_hash = request.bearer().map(|token| audit.hash_token(token));
        let caller = self.caller.as_deref();
        let attempted = self.attempted.as_ref();
        let reason = attempted.map(|attempted| attempted.reason.as_str());
        let entry = AuditEntry {
            time: &time,
            tenant: caller
                .map(|caller| caller.tenant.as_str())
                .or_else(|| attempted.map(|attempted| attempted.tenant.as_str())),
            user: caller.and_then(|caller| caller.user.as_deref()),
            attempted_user: attempted.map(|attempted| attempted.user.as_str()),
            accessor: caller.and_then(|caller| caller.accessor.as_deref()),
            token_hash: token_hash.as_deref(),
            method: request.method.as_str(),
            path: request.uri.path_and_query().map_or(request.path(), |target| target.as_str()),
            status: status.as_u16(),
            duration_us: u64::try_from(request.received.elapsed().as_micros()).unwrap_or(u64::MAX),
            client_address: self.client.address,
            forwarded_for: self.client.forwarded_for.as_deref(),
            user_agent: self.client.user_agent.as_deref(),
            request_id: request.request_id(),
            site: &self.v1.engine().settings().site,
            changes: &self.changes,
            error: reason.or_else(|| failure.map(Failure::summary)),
        };
        gate.record(&entry).await.map_err(|error| Failure::unaudited(&error.to_string()))
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

fn client_info(request: &Request) -> ClientInfo {
    let text = |name: &HeaderName| request.header(name).map(str::to_owned);
    ClientInfo {
        address: Some(request.client.address),
        forwarded_for: text(&X_FORWARDED_FOR).or_else(|| text(&FORWARDED)),
        user_agent: text(&USER_AGENT),
        request_id: request.request_id().to_owned(),
    }
}
