//! `GET /openapi.json` and `GET /schema.json`: for callers only, because a model can say as much as the data.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, ETAG, HeaderValue};
use hyper::{Method, StatusCode};

use super::{Dialect, document};
use crate::access::gate::Gate;
use crate::base::error::ErrorTag;
use crate::surface::failure::Failure;
use crate::surface::http::conditional::{Conditions, Verdict};
use crate::surface::http::refusal::shorten;
use crate::surface::http::request::decode_percent;
use crate::surface::http::{Refusal, Reply, Request};
use crate::surface::trail::Trail;
use crate::surface::v1::errors;
use crate::surface::v1::format::Wanted;
use crate::yang::json_schema::{self, Encoding};
use crate::yang::schema::Schema;

const METHODS: &str = "GET, HEAD, OPTIONS";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The documents of one model.
pub struct Descriptions {
    gate: Gate,
    dialects: Vec<(Dialect, OnceLock<Written>)>,
    boot: OnceLock<Written>,
}

/// A document as it goes over the wire, with its entity tag.
#[derive(Clone, Debug)]
struct Written {
    body: Bytes,
    tag: Arc<str>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    OpenApi(Dialect),
    Boot,
}

impl Descriptions {
    /// Of the model behind a gate. Nothing is made yet.
    pub fn new(gate: Gate) -> Self {
        let dialects = Dialect::ALL.iter().map(|dialect| (*dialect, OnceLock::new())).collect();
        Descriptions { gate, dialects, boot: OnceLock::new() }
    }

    /// Whether a request is for one of them.
    pub fn serves(request: &Request) -> bool {
        matches!(request.path(), "/openapi.json" | "/schema.json")
    }

    /// Answers such a request.
    pub async fn answer(&self, request: &Request) -> Reply {
        let mut trail = Trail::new(&self.gate, request);
        let outcome = match trail.authenticate().await {
            Ok(()) => self.find(request),
            Err(failure) => Err(failure),
        };
        let outcome = outcome.map_err(errors::settle);
        let recorded = match &outcome {
            Ok(reply) => trail.record(reply.status, None).await,
            Err(failure) => {
                trail.record(failure.status.unwrap_or(StatusCode::BAD_REQUEST), Some(failure.summary())).await
            }
        };
        match recorded.and(outcome) {
            Ok(reply) => reply,
            Err(failure) => errors::reply(failure, self.schema(), Wanted::default()),
        }
    }

    fn schema(&self) -> &Arc<Schema> {
        self.gate.engine().schema()
    }

    fn find(&self, request: &Request) -> Result<Reply, Failure> {
        if request.method == Method::OPTIONS {
            let allow = HeaderValue::from_static(METHODS);
            return Ok(Reply::empty(StatusCode::NO_CONTENT).header(hyper::header::ALLOW, allow));
        }
        if !request.is_read() {
            let method = request.method.as_str();
            return Err(Refusal::method_not_allowed(method, "a description", METHODS).into());
        }
        let asked = asked(request)?;
        let Some(written) = self.written(asked) else {
            return Err(Failure::internal("a description that was asked for is not in the table"));
        };
        let conditions = Conditions::parse(&request.headers)?;
        let dressed = |reply: Reply| {
            reply
                .header_text(ETAG, format!("\"{}\"", written.tag))
                .header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))
        };
        Ok(match conditions.decide_read(&written.tag, None) {
            Verdict::NotModified(_) => dressed(Reply::empty(StatusCode::NOT_MODIFIED)),
            Verdict::Proceed | Verdict::Failed(_) => {
                dressed(Reply::with_body(StatusCode::OK, JSON, written.body.clone()))
            }
        })
    }

    fn written(&self, asked: Asked) -> Option<&Written> {
        match asked {
            Asked::Boot => Some(self.boot.get_or_init(|| {
                let boot = json_schema::Document::Boot;
                Written::of(&json_schema::of_document(self.schema(), Encoding::Plain, boot))
            })),
            Asked::OpenApi(wanted) => {
                let (_, written) = self.dialects.iter().find(|(dialect, _)| *dialect == wanted)?;
                Some(written.get_or_init(|| Written::of(&document(self.schema(), wanted, None))))
            }
        }
    }
}

impl Written {
    fn of(document: &serde_json::Value) -> Self {
        let body = Bytes::from(serde_json::to_vec(document).unwrap_or_default());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
        let tag: String = digest.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        Written { body, tag: tag.into() }
    }
}

fn asked(request: &Request) -> Result<Asked, Refusal> {
    let mut asked = match request.path() {
        "/schema.json" => Asked::Boot,
        _ => Asked::OpenApi(Dialect::V1),
    };
    let is_openapi = asked != Asked::Boot;
    let mut given = false;
    for pair in request.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode_percent(name)?, decode_percent(value)?);
        match (&*name, is_openapi) {
            ("dialect", true) if !given => {
                let names: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect();
                let dialect = Dialect::named(&value).ok_or_else(|| {
                    let message =
                        format!("'{}' is no dialect; there are {}", shorten(&value), names.join(", "));
                    Refusal::bad_request(ErrorTag::BadAttribute, message)
                })?;
                asked = Asked::OpenApi(dialect);
                given = true;
            }
            ("dialect", true) => {
                return Err(Refusal::bad_request(ErrorTag::BadAttribute, "'dialect' is given twice"));
            }
            _ => {
                let message = format!("there is no query parameter '{}' here", shorten(&name));
                return Err(Refusal::bad_request(ErrorTag::UnknownAttribute, message));
            }
        }
    }
    Ok(asked)
}
