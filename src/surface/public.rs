//! What the world may read without a token: discovery documents and key sets of issuers, health, metrics, an index.
//!
//! Bodies are JSON (metrics: text), whatever `Accept` says: the readers are verifiers, probes and scrapers.

pub mod metrics;

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, HeaderValue};

use self::metrics::{Gauges, Metrics};
use super::sealed::{self, Condition};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::engine::Engine;
use crate::surface::http::request::decode_percent;
use crate::surface::http::{Refusal, Reply, Request};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const METHODS: &str = "GET, HEAD, OPTIONS";

/// A document of an issuer and how long it may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicDocument {
    /// JSON.
    pub json: String,
    /// For `Cache-Control: max-age`, in seconds.
    pub max_age: u32,
}

/// Which document of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// `.well-known/openid-configuration` (OpenID Connect Discovery 1.0 section 4).
    Configuration,
    /// `.well-known/jwks.json` (RFC 7517 section 5).
    KeySet,
}

/// Where the documents of issuers come from; the service that keeps issuers implements it.
pub trait Documents: Send + Sync {
    /// The document of an issuer; `None` when there is no such tenant or issuer, or it has no key yet.
    fn find(&self, tenant: &str, issuer: &str, kind: DocumentKind) -> Option<PublicDocument>;

    /// The document of a tenant's identity tokens; `None` when there is no such tenant.
    fn of_identity_tokens(&self, tenant: &str, kind: DocumentKind) -> Option<PublicDocument>;
}

/// What the world may read of the data.
pub struct Public {
    engine: Engine,
    documents: Arc<dyn Documents>,
    default_tenant: Ident,
}

/// What the world may read of the daemon, sealed or not.
pub struct Always {
    /// The numbers.
    pub metrics: Metrics,
    /// The site on which it runs.
    pub site: Ident,
    /// When it started.
    pub started: Timestamp,
}

impl Public {
    /// Serves what `documents` finds, and the state of `engine`.
    pub fn new(engine: Engine, documents: Arc<dyn Documents>, default_tenant: Ident) -> Self {
        Public { engine, documents, default_tenant }
    }

    fn document(&self, tenant: &str, issuer: &str, document: &str) -> Option<Reply> {
        let kind = match document {
            "openid-configuration" => DocumentKind::Configuration,
            "jwks.json" => DocumentKind::KeySet,
            _ => return None,
        };
        Some(Public::reply(self.documents.find(tenant, issuer, kind)?))
    }

    fn of_identity_tokens(&self, tenant: &str, document: &str) -> Option<Reply> {
        let kind = match document {
            "openid-configuration" => DocumentKind::Configuration,
            "keys" => DocumentKind::KeySet,
            _ => return None,
        };
        Some(Public::reply(self.documents.of_identity_tokens(tenant, kind)?))
    }

    fn reply(found: PublicDocument) -> Reply {
        // Anybody may read it, and pages in browsers verify tokens too.
        Reply::with_body(StatusCode::OK, JSON, found.json)
            .header(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))
            .header_text(CACHE_CONTROL, format!("public, max-age={}", found.max_age))
    }
}

impl Always {
    /// Answers a request for anything that is not a dialect of its own; `public` is there while the daemon is unsealed.
    pub fn answer(&self, request: &Request, public: Option<&Public>, condition: Condition) -> Reply {
        match self.find(request, public, condition) {
            Err(refusal) => refuse(&refusal),
            Ok(None) => refuse(&Refusal::new(
                StatusCode::NOT_FOUND,
                crate::base::error::ErrorTag::DataMissing,
                "there is nothing here; the API is at /v1",
            )),
            Ok(Some(_)) if request.method == hyper::Method::OPTIONS => {
                Reply::empty(StatusCode::NO_CONTENT).header(ALLOW, HeaderValue::from_static(METHODS))
            }
            Ok(Some(_)) if !request.is_read() => {
                refuse(&Refusal::method_not_allowed(request.method.as_str(), "a public document", METHODS))
            }
            Ok(Some(reply)) => reply,
        }
    }

    fn find(
        &self,
        request: &Request,
        public: Option<&Public>,
        condition: Condition,
    ) -> Result<Option<Reply>, Refusal> {
        let segments: Vec<_> = request
            .path()
            .trim_start_matches('/')
            .split('/')
            .map(decode_percent)
            .collect::<Result<_, _>>()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            ["health"] => return Ok(Some(self.health(condition))),
            ["metrics"] => return Ok(Some(self.metrics(public, condition))),
            _ => {}
        }
        let public = public.ok_or_else(sealed::refusal)?;
        Ok(match segments.as_slice() {
            ["" | "*"] => Some(index()),
            ["jwt", issuer, ".well-known", document] => {
                public.document(&public.default_tenant, issuer, document)
            }
            [tenant, "jwt", issuer, ".well-known", document] => public.document(tenant, issuer, document),
            [tenant, "identity", "oidc", ".well-known", document] => {
                public.of_identity_tokens(tenant, document)
            }
            _ => None,
        })
    }

    fn health(&self, condition: Condition) -> Reply {
        let body = serde_json::json!({
            "status": condition.word(),
            "initialized": condition.initialized,
            "sealed": condition.sealed,
            "version": env!("CARGO_PKG_VERSION"),
            "site": self.site,
        });
        let status = if condition.sealed { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        uncached(Reply::with_body(status, JSON, body.to_string()))
    }

    fn metrics(&self, public: Option<&Public>, condition: Condition) -> Reply {
        let gauges = Gauges {
            revision: public.map(|public| public.engine.snapshot().revision.0),
            sealed: condition.sealed,
            start_seconds: self.started.seconds(),
        };
        let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        uncached(Reply::with_body(StatusCode::OK, text, self.metrics.exposition(gauges)))
    }
}

fn index() -> Reply {
    let body = serde_json::json!({
        "name": "strongbox",
        "version": env!("CARGO_PKG_VERSION"),
        "api": "/v1",
        "description": "/openapi.json",
        "health": "/health",
        "metrics": "/metrics",
    });
    Reply::with_body(StatusCode::OK, JSON, body.to_string())
}

fn uncached(reply: Reply) -> Reply {
    reply.header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// A refusal in JSON, in the same shape as the errors of `/v1`.
pub fn refuse(refusal: &Refusal) -> Reply {
    let body = serde_json::json!({
        "errors": [{"error-tag": refusal.tag.as_str(), "error-message": refusal.message}],
    });
    let mut reply = Reply::with_body(refusal.status, JSON, body.to_string());
    for (name, value) in &refusal.headers {
        reply.headers.insert(name, value.clone());
    }
    reply
}
