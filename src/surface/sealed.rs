//! What a sealed daemon answers: the status of its seal, the operations that open it, and 503 for everything else. It works
//! with the model alone; there are no data.
//!
//! The status is answered from here while the daemon is unsealed too, to anybody, like health.

use std::sync::{Arc, OnceLock};

use hyper::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use hyper::{Method, StatusCode};

use super::failure::Failure;
use super::http::{Payload, Refusal, Reply, Request};
use super::select::fields;
use super::v1::body;
use super::v1::errors;
use super::v1::format::{Sent, Wanted};
use super::v1::print::Printer;
use super::v1::query::{Place, Query};
use super::v1::route::{Resource, RouteError};
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::read::Subject;
use crate::data::tree::{Container, Tree};
use crate::data::validate::{ReferenceIndex, validate_input};
use crate::data::violation::Violation;
use crate::engine::registry::BoxFuture;
use crate::engine::{ActionError, Datastore};
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// The words by which clients know a sealed daemon.
pub const SEALED: &str = "Service Unavailable (strongbox sealed)";
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The seal behind the surface; the daemon implements it.
pub trait Seal: Send + Sync {
    /// Whether there is a store, and whether it is closed.
    fn condition(&self) -> Condition;
    /// The node of the status, and what it shows.
    ///
    /// # Errors
    /// [`ActionError::Internal`].
    fn status(&self) -> Result<Arc<Container>, ActionError>;
    /// Whether an operation works on a sealed daemon.
    fn works(&self, operation: NodeId) -> bool;
    /// Runs one that does.
    fn invoke(&self, operation: NodeId, input: Arc<Container>, validate_only: bool) -> Invoked;
}

/// The output of an operation, when it has one.
pub type Invoked = BoxFuture<Result<Option<Arc<Container>>, ActionError>>;

/// What anybody may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// There is a store.
    pub initialized: bool,
    /// It is closed.
    pub sealed: bool,
}

impl Condition {
    /// One word for health.
    pub fn word(self) -> &'static str {
        match self {
            Condition { initialized: false, .. } => "uninitialized",
            Condition { sealed: true, .. } => "sealed",
            Condition { .. } => "ok",
        }
    }
}

/// The surface of the seal.
pub struct Sealed {
    schema: Arc<Schema>,
    seal: Arc<dyn Seal>,
    status: InstancePath,
    status_url: String,
    nothing: Tree,
    /// Of no data; made when the first input is to be checked.
    index: OnceLock<ReferenceIndex>,
}

impl Sealed {
    /// The surface of a seal whose status stands at `status` in the model.
    pub fn new(schema: Arc<Schema>, seal: Arc<dyn Seal>, status: InstancePath) -> Self {
        let nothing = Tree::empty();
        let status_url = format!("/v1/state{}", status.to_v1(&schema));
        Sealed { schema, seal, status, status_url, nothing, index: OnceLock::new() }
    }

    /// The seal behind it, for dialects with forms of their own.
    pub fn seal(&self) -> &Arc<dyn Seal> {
        &self.seal
    }

    /// The model.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Whether a request is for the status of the seal.
    pub fn is_status(&self, request: &Request) -> bool {
        request.path() == self.status_url
    }

    /// Whether there is a store, and whether it is closed.
    pub fn condition(&self) -> Condition {
        self.seal.condition()
    }

    /// Answers a request below `/v1`.
    pub async fn answer(&self, request: &Request, payload: Payload) -> Reply {
        let wanted = Wanted::of(&request.headers);
        let form = *wanted.as_ref().unwrap_or(&Wanted::default());
        match self.run(request, payload, wanted).await {
            Ok(reply) => reply,
            Err(failure) => errors::reply(failure, &self.schema, form),
        }
    }

    /// Prints a refusal.
    pub fn refuse(&self, request: &Request, refusal: &Refusal) -> Reply {
        let wanted = Wanted::of(&request.headers).unwrap_or_default();
        errors::reply(refusal.clone().into(), &self.schema, wanted)
    }

    async fn run(
        &self,
        request: &Request,
        payload: Payload,
        wanted: Result<Wanted, Refusal>,
    ) -> Result<Reply, Failure> {
        let found = Resource::find(&self.schema, request.path());
        let resource = match found {
            Ok(resource) if self.works(&resource) => resource,
            // What there is behind the seal is nobody's business.
            Ok(_) | Err(RouteError::NotFound(_) | RouteError::Bad(_)) => return Err(sealed()),
        };
        let method = &request.method;
        if *method == Method::OPTIONS {
            let allow = HeaderValue::from_static(resource.allow());
            return Ok(Reply::empty(StatusCode::NO_CONTENT).header(ALLOW, allow));
        }
        if !resource.has(method) {
            let refusal = Refusal::method_not_allowed(method.as_str(), resource.describe(), resource.allow());
            return Err(refusal.into());
        }
        let wanted = wanted?;
        match resource {
            Resource::Operation { path, .. } => self.invoke(request, payload, wanted, path).await,
            _ => self.show(request, wanted),
        }
    }

    /// Whether a resource is there while the daemon is sealed.
    fn works(&self, resource: &Resource) -> bool {
        match resource {
            Resource::Operation { path, .. } => self.seal.works(path.target()),
            Resource::Data { datastore: Datastore::State, path, .. } => *path == self.status,
            _ => false,
        }
    }

    fn show(&self, request: &Request, wanted: Wanted) -> Result<Reply, Failure> {
        let query = Query::parse(request.uri.query(), Place::Invoke)?;
        let fields = fields(&self.schema, self.status.target(), query.fields.as_deref())?;
        let status = self.seal.status()?;
        let text = Printer::of_output(&self.schema, wanted.format, fields).print(Subject::Container(&status));
        Ok(Reply::with_body(StatusCode::OK, wanted.content_type(), text).header(CACHE_CONTROL, NO_STORE))
    }

    async fn invoke(
        &self,
        request: &Request,
        payload: Payload,
        wanted: Wanted,
        path: InstancePath,
    ) -> Result<Reply, Failure> {
        let schema = &self.schema;
        let query = Query::parse(request.uri.query(), Place::Invoke)?;
        let bytes = payload.read(&request.headers).await?;
        let sent = if bytes.is_empty() { Sent::Either } else { Sent::of(&request.headers, false)? };
        let child = |wanted: fn(&NodeKind) -> bool| {
            let children = &schema.node(path.target()).schema_children;
            children.iter().copied().find(|child| wanted(&schema.node(*child).kind)).unwrap_or(path.target())
        };
        let fields = fields(schema, child(|kind| matches!(kind, NodeKind::Output)), query.fields.as_deref())?;
        let input = body::input(schema, &path, sent, &bytes)?
            .unwrap_or_else(|| Arc::new(Container::new(child(|kind| matches!(kind, NodeKind::Input)))));
        let index = self.index.get_or_init(|| ReferenceIndex::build(schema, &self.nothing));
        let faults = validate_input(schema, &self.nothing, index, &path, &input);
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let outcome = self.seal.invoke(path.target(), input, query.validate).await;
        // There is no audit log without the keys that its chain is made with: this line is all that there is.
        tracing::info!(
            request_id = request.request_id(),
            client = %request.client.address,
            operation = path.to_v1(schema),
            accepted = outcome.is_ok(),
            "an operation on the seal"
        );
        let Some(output) = outcome?.filter(|output| !query.validate && !output.is_empty()) else {
            return Ok(Reply::empty(StatusCode::NO_CONTENT).header(CACHE_CONTROL, NO_STORE));
        };
        let text = Printer::of_output(schema, wanted.format, fields).print(Subject::Container(&output));
        let reply = Reply::with_body(StatusCode::OK, wanted.content_type(), text);
        Ok(reply.header(CACHE_CONTROL, NO_STORE).uncompressed())
    }
}

fn sealed() -> Failure {
    let violation = Violation::new(ErrorTag::ResourceDenied, InstancePath::root(), SEALED);
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, violation.app_tag("sealed"))
}

/// The refusal of everything that is not `/v1`.
pub fn refusal() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, ErrorTag::ResourceDenied, SEALED)
}
