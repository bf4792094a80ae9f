//! One request on its way through a dialect: who asks, what came of it, and the line that the audit log gets about it
//! before the answer leaves. Every dialect that goes through the gate keeps one of these a request.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, FORWARDED, HeaderName, USER_AGENT};

use super::credentials;
use super::failure::Failure;
use super::http::Request;
use crate::access::audit::{AuditChange, AuditEntry};
use crate::access::authenticate::Credentials;
use crate::access::gate::{Gate, Outcome, Reading, Refusal, Written};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Tree};
use crate::engine::{Attempted, Caller, ClientInfo, Datastore, Operation, Output};
use crate::services::token::IssuedToken;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A request and what is to be written down of it.
pub struct Trail<'a> {
    /// The way to the data.
    pub gate: &'a Gate,
    /// The request.
    pub request: &'a Request,
    /// The other end of the connection, as the gate knows it.
    pub client: Arc<ClientInfo>,
    /// What it shows to say who sent it.
    pub credentials: Credentials<'a>,
    /// Who asks, once that is known.
    pub caller: Option<Arc<Caller>>,
    /// Of everything that the request did.
    changes: Vec<AuditChange>,
    attempted: Option<Attempted>,
}

impl<'a> Trail<'a> {
    /// The beginning of it.
    pub fn new(gate: &'a Gate, request: &'a Request) -> Self {
        let client = Arc::new(client_info(request));
        let credentials = credentials::of(request);
        Trail { gate, request, client, credentials, caller: None, changes: Vec::new(), attempted: None }
    }

    /// The log in that failed, when that is what happened.
    pub fn attempted(&self) -> Option<&Attempted> {
        self.attempted.as_ref()
    }

    /// The token that it shows.
    pub fn token(&self) -> Option<&'a str> {
        match self.credentials {
            Credentials::Token(token) => Some(token),
            _ => None,
        }
    }

    /// Finds out who asks.
    ///
    /// # Errors
    /// 401.
    pub async fn authenticate(&mut self) -> Result<(), Failure> {
        let caller = self.gate.authenticate(&self.credentials, &self.client).await;
        self.caller = Some(caller.inspect_err(|refusal| self.attempted = refusal.attempted().cloned())?);
        Ok(())
    }

    /// Reads a resource for whoever asks.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn read(&self, datastore: Datastore, target: InstancePath) -> Result<Box<Reading>, Refusal> {
        let operation = Operation::Read { datastore, target };
        match self.gate.execute(self.caller.clone(), &self.client, operation).await? {
            Outcome::Read(reading) => Ok(reading),
            Outcome::Written(_) | Outcome::Invoked(_) => Err(Refusal::Invalid(Vec::new())),
        }
    }

    /// The configuration among which the paths of a request are understood, as it was set or as the caller prepares it. What of
    /// it the caller may know is decided by what the paths are for.
    pub fn stored(&self, is_candidate: bool) -> Option<Tree> {
        let caller = self.caller.as_ref()?;
        let running = self.gate.engine().snapshot();
        let snapshot = if is_candidate { self.gate.prepared(caller, running) } else { running };
        snapshot.tenant(&caller.tenant).map(|data| data.tree.clone())
    }

    /// Makes a change for whoever asks, and keeps in mind what changed.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn write(&mut self, operation: Operation) -> Result<Written, Refusal> {
        match self.gate.execute(self.caller.clone(), &self.client, operation).await? {
            Outcome::Written(written) => {
                self.changes.extend(written.audit_changes(self.gate.engine().schema()));
                Ok(written)
            }
            Outcome::Read(_) | Outcome::Invoked(_) => Err(Refusal::Invalid(Vec::new())),
        }
    }

    /// Runs an operation, and keeps in mind whom a log in was for. Answers its output in the form of the model.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn invoke(&mut self, operation: Operation) -> Result<Option<Arc<Container>>, Refusal> {
        match self.run(operation).await? {
            Some(output) => output.container().map_err(Refusal::from),
            None => Ok(None),
        }
    }

    /// The same, for whoever knows what the operation answers.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn run(&mut self, operation: Operation) -> Result<Option<Output>, Refusal> {
        let outcome = self.gate.execute(self.caller.clone(), &self.client, operation).await;
        let outcome = outcome.inspect_err(|refusal| self.attempted = refusal.attempted().cloned())?;
        let output = match outcome {
            Outcome::Invoked(invoked) => {
                self.changes.extend(invoked.audit_changes(self.gate.engine().schema()));
                invoked.output
            }
            Outcome::Read(_) | Outcome::Written(_) => None,
        };
        if self.caller.is_none() {
            let issued = output.as_ref().and_then(Output::value::<IssuedToken>);
            let issued = issued.filter(|issued| issued.token.is_some());
            self.caller = issued.map(|issued| Arc::new(issued.holder()));
        }
        Ok(output)
    }

    /// Writes the request down, with the reason of its failure. Without that, no answer.
    ///
    /// # Errors
    /// 500: the answer is to be this instead.
    pub async fn record(&self, status: StatusCode, failure: Option<&str>) -> Result<(), Failure> {
        let Some(audit) = self.gate.audit() else { return Ok(()) };
        let request = self.request;
        let engine = self.gate.engine();
        let time = engine.clock().now().rfc3339();
        let token_hash = self.token().map(|token| audit.hash_token(token));
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
            site: &engine.settings().site,
            changes: &self.changes,
            error: reason.or(failure),
        };
        self.gate.record(&entry).await.map_err(|error| Failure::unaudited(&error.to_string()))
    }
}

fn client_info(request: &Request) -> ClientInfo {
    let text = |name: &HeaderName| request.header(name).map(str::to_owned);
    ClientInfo {
        address: Some(request.client.address),
        forwarded_for: text(&X_FORWARDED_FOR).or_else(|| text(&FORWARDED)),
        user_agent: text(&USER_AGENT),
        speaks_xml: request.header(&CONTENT_TYPE).is_some_and(is_xml),
        request_id: request.request_id().to_owned(),
        certificate: request.client.certificate().cloned(),
    }
}

/// Whether a media type is one of XML.
fn is_xml(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.rsplit(['/', '+']).next().is_some_and(|last| last.eq_ignore_ascii_case("xml"))
}
