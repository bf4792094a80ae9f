//! The Vault dialect: paths, envelopes and texts that unmodified Vault clients expect, over the same model.
//!
//! It is a table of routes ([`route`]) whose handlers translate a request into one operation on the model and its outcome
//! into an answer ([`answer`], [`fault`]). It holds no logic: who may do what is the gate's business, what happens is the
//! services'. What a mount of a type serves stands in the file of the type.
//!
//! Below `/v1/`, `config`, `state` and the names of the model's operations are the other dialect's; `sys`, `auth`,
//! `identity`, `cubbyhole` and the mounts of secrets backends are this one's ([`Vault::claims`]).

pub mod answer;
pub mod approle;
pub mod asked;
pub mod call;
pub mod coerce;
pub mod cubbyhole;
pub mod fault;
pub mod field;
pub mod help;
pub mod identity;
pub mod jwt_auth;
pub mod jwt_secrets;
pub mod keys;
pub mod mount;
pub mod oidc;
pub mod route;
pub mod sys;
pub mod token;
pub mod token_fields;
pub mod translate;
pub mod unsealing;
pub mod userpass;

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde_json::{Map, Value};

use self::answer::{Answer, Body};
use self::asked::{Asked, Verb};
use self::call::Call;
use self::fault::Fault;
use self::field::{Arguments, Read};
use self::mount::{Found, Mounts};
use self::route::{Audience, Backend};
use crate::access::authenticate::Credentials;
use crate::access::authorize::{AclRequest, Capability};
use crate::access::gate::{Gate, Judgement};
use crate::access::model::path_to;
use crate::base::ident::Ident;
use crate::surface::failure::Failure;
use crate::surface::http::{Payload, Refusal, Reply, Request};
use crate::surface::trail::Trail;
use crate::yang::schema::Value as Name;

/// What is there without being enabled, by path.
static BUILT_IN: &[(&str, &Backend)] = &[
    ("sys", &sys::BACKEND),
    ("auth/token", &token::BACKEND),
    ("identity", &identity::BACKEND),
    ("cubbyhole", &cubbyhole::BACKEND),
];

/// What serves mounts below `auth/`, by type.
static LOG_IN_METHODS: &[(&str, &Backend)] = &[
    ("userpass", &userpass::BACKEND),
    ("approle", &approle::BACKEND),
    ("jwt", &jwt_auth::BACKEND),
    ("oidc", &jwt_auth::OIDC),
];

/// What serves other mounts, by type.
static SECRETS_BACKENDS: &[(&str, &Backend)] = &[("jwt", &jwt_secrets::BACKEND)];

/// First names below `/v1/` that are this dialect's in every tenant.
const NAMES: [&str; 4] = ["sys", "auth", "identity", "cubbyhole"];

/// The dialect in front of a gate.
pub struct Vault {
    gate: Gate,
    mounts: Option<Mounts>,
}

/// The second segment of a path: what chooses between the dialects below `/v1/`.
pub fn second_segment(request: &Request) -> &str {
    request.path().trim_start_matches('/').split('/').nth(1).unwrap_or_default()
}

/// Whether a path below `/v1/` is this dialect's whatever the data are.
pub fn is_named(request: &Request) -> bool {
    NAMES.contains(&second_segment(request))
}

impl Vault {
    /// The dialect in front of a gate.
    pub fn new(gate: Gate) -> Self {
        let mounts = Mounts::of(gate.engine().schema());
        Vault { gate, mounts }
    }

    /// Whether a request below `/v1/` is for this dialect: by its first name, or, where that name is nobody's, because
    /// some tenant has a mount there or the client says so in its headers. `taken` tells whose names are the other's.
    pub fn claims(&self, request: &Request, taken: impl Fn(&str) -> bool) -> bool {
        let first = second_segment(request);
        if NAMES.contains(&first) {
            return true;
        }
        if first.is_empty() || taken(first) {
            return false;
        }
        let is_mounted = || {
            let snapshot = self.gate.engine().snapshot();
            let mounts = self.mounts.as_ref();
            mounts.is_some_and(|mounts| {
                snapshot.tenants().any(|(_, data)| mounts.has_secrets_at(&data.tree, first))
            })
        };
        asked::is_spoken(request) || is_mounted()
    }

    /// Answers a request.
    pub async fn answer(&self, request: &Request, payload: Payload) -> Reply {
        let mut trail = Trail::new(&self.gate, request);
        trail.credentials = asked::token(request).map_or(Credentials::Missing, Credentials::Token);
        let (trail, outcome) = self.run(trail, payload).await;
        let (reply, failure) = match outcome {
            Ok(answer) => (answer.reply(request.request_id()), None),
            Err(fault) => (fault.reply(), Some(fault.summary().to_owned())),
        };
        match trail.record(reply.status, failure.as_deref()).await {
            Ok(()) => reply,
            Err(failure) => Fault::from(failure).reply(),
        }
    }

    /// Prints a refusal that came before any dialect.
    pub fn refuse(refusal: &Refusal) -> Reply {
        Fault::from(refusal.clone()).reply()
    }

    async fn run<'r>(&self, mut trail: Trail<'r>, payload: Payload) -> (Trail<'r>, Result<Answer, Fault>) {
        let (mut call, warnings) = match self.prepare(&mut trail, payload).await {
            Err(fault) => return (trail, Err(fault)),
            Ok(Prepared::Answered(answer)) => return (trail, Ok(answer)),
            Ok(Prepared::Call(parts, warnings)) => (parts.with(trail), warnings),
        };
        let allowed = match (judge(&mut call), call.asked.wrap_ttl) {
            (Ok(()), Some(seconds)) => sys::wrapping::check(&mut call, seconds).await,
            (judged, _) => judged,
        };
        let outcome = match allowed {
            Err(fault) => Err(fault),
            Ok(()) => match call.endpoint.handler(call.asked.verb) {
                Some(handler) => handler(&mut call).await,
                None => Err(Fault::unsupported_operation()),
            },
        };
        let outcome = match (outcome, call.asked.wrap_ttl) {
            (Ok(answer), Some(seconds)) if !matches!(answer.body, Body::Nothing | Body::Wrapped(_)) => {
                sys::wrapping::keep(&mut call, &answer, seconds).await
            }
            (outcome, _) => outcome,
        };
        let outcome = outcome.map(|mut answer| {
            if !matches!(answer.body, Body::Nothing) {
                answer.warnings.extend(warnings);
            }
            answer
        });
        (call.trail, outcome)
    }

    /// Finds out what a request is for and whether whoever sent it may be answered at all.
    async fn prepare(&self, trail: &mut Trail<'_>, payload: Payload) -> Result<Prepared, Fault> {
        let request = trail.request;
        let asked = Asked::of(request)?;
        let body = payload.read(&request.headers).await?;
        let sent = asked.parameters(&request.headers, &body)?;
        let tenant = self.tenant(trail);
        let snapshot = self.gate.engine().snapshot();
        let found = match (&self.mounts, snapshot.tenant(&tenant)) {
            (Some(mounts), Some(data)) => mounts.find(&data.tree, &asked.path),
            _ => None,
        };
        let endpoint = found.as_ref().and_then(|found| found.backend?.find(found.below, asked.verb));
        let is_public = endpoint.as_ref().is_some_and(|(row, _)| row.audience == Audience::Anybody);
        if !is_public {
            trail.authenticate().await.map_err(|failure: Failure| match failure.status {
                Some(StatusCode::UNAUTHORIZED) => Fault::denied().because(failure.summary()),
                _ => Fault::from(failure),
            })?;
            if trail.caller.as_ref().is_none_or(|caller| caller.tenant != tenant) {
                return Err(Fault::denied().because("the token is of another namespace"));
            }
        }
        let Some(Found { mount, backend, below }) = found else {
            let message = format!("no handler for route {:?}. route entry not found.", asked.path);
            return Err(Fault::new(StatusCode::NOT_FOUND, message));
        };
        if asked.help {
            return help::answer(backend, below).map(Prepared::Answered);
        }
        let (endpoint, captures) = endpoint.ok_or_else(Fault::unsupported_path)?;
        if endpoint.handler(asked.verb).is_none() {
            return Err(match is_public {
                true => Fault::new(StatusCode::METHOD_NOT_ALLOWED, "unsupported operation"),
                false => Fault::unsupported_operation(),
            });
        }
        if asked.verb == Verb::Write && asked.trailing_slash {
            return Err(Fault::bad_request("cannot write to a path ending in '/'"));
        }
        let Read { mut arguments, unknown } = Arguments::read(endpoint.fields, &sent)?;
        arguments.name_policies(endpoint.fields, &sent, |name| {
            let policies = path_to(self.gate.engine().schema(), "/policy/policies").ok();
            let policy = policies.map(|policies| policies.entry([Name::string(name)]));
            policy
                .zip(snapshot.tenant(&tenant))
                .is_some_and(|(policy, data)| data.tree.get(&policy).is_some())
        });
        let warnings = match endpoint.fields.is_empty() {
            // It takes whatever it gets.
            true => Vec::new(),
            false => ignored(asked.verb, unknown, &captures, &sent),
        };
        Ok(Prepared::Call(
            Box::new(Parts { tenant, mount, endpoint, asked, captures, arguments, sent }),
            warnings,
        ))
    }

    /// Whose tree a request is about: that of its namespace, or of its token, or the default one.
    fn tenant(&self, trail: &Trail<'_>) -> Ident {
        if let Some(name) = asked::namespace(trail.request) {
            return Ident::from(name);
        }
        self.gate.tenant_of(trail.token()).unwrap_or_else(|| self.gate.default_tenant().clone())
    }
}

/// Asks the caller's rules over paths. What they do not speak of, the gate decides by the rules over the data.
fn judge(call: &mut Call<'_>) -> Result<(), Fault> {
    let (Some(caller), false) = (&call.trail.caller, call.endpoint.audience == Audience::Anybody) else {
        return Ok(());
    };
    let capability = match call.asked.verb {
        Verb::Read => Capability::Read,
        Verb::List => Capability::List,
        Verb::Delete => Capability::Delete,
        Verb::Write if call.endpoint.exists.is_some_and(|exists| !exists(call)) => Capability::Create,
        Verb::Write => Capability::Update,
    };
    let request = AclRequest {
        path: &call.asked.path,
        capability,
        sudo: call.endpoint.audience == Audience::Sudo,
        parameters: &call.sent,
        wrap_ttl: call.asked.wrap_ttl.unwrap_or(0),
    };
    match call.trail.gate.judge(caller, &request) {
        Judgement::Allowed(caller) => call.trail.caller = Some(caller),
        Judgement::Silent => {}
        Judgement::Denied => {
            return Err(Fault::denied_by_policy().because("a rule over paths refuses it"));
        }
    }
    Ok(())
}

/// What preparations come to.
enum Prepared {
    /// There is nothing more to do.
    Answered(Answer),
    /// A handler is to be called; its answer gets these warnings.
    Call(Box<Parts>, Vec<String>),
}

/// A call without its trail.
struct Parts {
    tenant: Ident,
    mount: mount::Mount,
    endpoint: &'static route::Endpoint,
    asked: Asked,
    captures: route::Captures,
    arguments: Arguments,
    sent: Map<String, Value>,
}

impl Parts {
    fn with(self: Box<Self>, trail: Trail<'_>) -> Call<'_> {
        let Parts { tenant, mount, endpoint, asked, captures, arguments, sent } = *self;
        Call { trail, tenant, mount, endpoint, asked, captures, arguments, sent }
    }
}

/// What a client is told of parameters that did nothing.
fn ignored(
    verb: Verb,
    unknown: Vec<String>,
    captures: &route::Captures,
    sent: &Map<String, Value>,
) -> Vec<String> {
    if verb != Verb::Write {
        return Vec::new();
    }
    let is_captured = |name: &String| captures.iter().any(|(captured, _)| captured == name);
    let (replaced, unknown): (BTreeSet<String>, BTreeSet<String>) =
        unknown.into_iter().partition(|name| is_captured(name));
    let differs = |name: &&String| {
        let captured = captures.iter().find(|(captured, _)| *captured == name.as_str());
        captured.map(|(_, value)| value.as_str()) != sent.get(name.as_str()).and_then(Value::as_str)
    };
    let list = |names: Vec<&String>| names.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut warnings = Vec::new();
    if !unknown.is_empty() {
        warnings.push(format!(
            "Endpoint ignored these unrecognized parameters: [{}]",
            list(unknown.iter().collect())
        ));
    }
    let replaced: Vec<&String> = replaced.iter().filter(differs).collect();
    if !replaced.is_empty() {
        warnings.push(format!(
            "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [{}]",
            list(replaced)
        ));
    }
    warnings
}
