//! One request and its answer: the limits on the header section, the call of the service, and what every answer gets
//! whatever dialect made it (request id, compression, CORS, HSTS, HEAD without a body).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::header::{STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::{Method, Response, StatusCode, Version};
use ipnet::IpNet;

use super::body::Payload;
use super::client::{Client, Peer};
use super::compress::compress;
use super::cors::Cors;
use super::crowd::{Crowd, Place};
use super::limits::Limits;
use super::negotiate;
use super::refusal::Refusal;
use super::reply::{Outgoing, Reply};
use super::request::{Request, RequestIds};
use super::stream::HangUp;
use super::{Service, request};
use crate::base::error::ErrorTag;

/// Header that carries the request id both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What all connections of a server share.
#[derive(Debug)]
pub struct Exchange<S> {
    /// The dialects.
    pub service: S,
    /// The bounds.
    pub limits: Limits,
    /// Which browser origins may read answers.
    pub cors: Cors,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Source of request ids.
    pub ids: RequestIds,
    /// Who has how many requests going on.
    pub crowd: Arc<Crowd>,
    /// Who has how many answers that go on and on.
    pub streams: Arc<Crowd>,
}

impl<S: Service> Exchange<S> {
    /// Shares a service with these bounds.
    pub fn new(service: S, limits: Limits, cors: Cors, trusted_proxies: Vec<IpNet>) -> Arc<Self> {
        let crowd = Crowd::new(limits.requests_per_address);
        let streams = Crowd::new(limits.event_streams_per_address);
        Arc::new(Exchange {
            service,
            limits,
            cors,
            trusted_proxies,
            ids: RequestIds::default(),
            crowd,
            streams,
        })
    }

    /// Answers one request of a connection, which can be closed from the inside where the answer goes on and on.
    pub async fn handle(
        &self,
        peer: &Peer,
        connection: &HangUp,
        request: hyper::Request<Incoming>,
    ) -> Response<Outgoing> {
        let (head, body) = request.into_parts();
        let request_id = self.ids.of(&head.headers);
        let client = Client::of(peer, &head.headers, &self.trusted_proxies);
        let version = head.version;
        let request = Request {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            client,
            request_id,
            received: Instant::now(),
        };
        let mut reply = match self.admit(&request, version) {
            Err(refusal) => self.service.refuse(&request, &refusal).await,
            Ok(_place) => match self.cors.preflight(&request.method, &request.headers) {
                Some(reply) => reply,
                None => self.call(&request, Payload::incoming(body, &self.limits)).await,
            },
        };
        if let Some(body) = reply.stream.take() {
            match self.streams.enter(request.client.address) {
                Some(place) => reply.stream = Some(body.over(connection.clone(), place)),
                None => {
                    let refusal = crowded("streams", self.streams.most());
                    reply = self.service.refuse(&request, &refusal).await;
                }
            }
        }
        if let Some(coding) = negotiate::coding(&request.headers) {
            compress(&mut reply, coding).await;
        }
        self.dress(&request, version, &mut reply);
        finish(reply, request.method == Method::HEAD)
    }

    /// A panic is a defect of ours: the client gets a 500, the log gets the request id, the connection lives on.
    async fn call(&self, request: &Request, payload: Payload) -> Reply {
        // Of some kilobytes, which would be copied from one future to the next around it.
        let answering = AssertUnwindSafe(Box::pin(self.service.answer(request, payload)));
        match answering.catch_unwind().await {
            Ok(reply) => reply,
            Err(panic) => {
                let reason = panic
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_default();
                tracing::error!(
                    request_id = request.request_id(),
                    method = %request.method,
                    path = request::decode_percent(request.path()).as_deref().unwrap_or("?"),
                    reason,
                    "a handler panicked"
                );
                self.service.refuse(request, &Refusal::internal()).await
            }
        }
    }

    /// Holds a request against the limits; the place is the request's among those of its address.
    fn admit(&self, request: &Request, version: Version) -> Result<Place, Refusal> {
        let target = request.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if target > self.limits.url_bytes {
            return Err(Refusal::new(
                StatusCode::URI_TOO_LONG,
                ErrorTag::TooBig,
                format!("the URL has {target} bytes; at most {} are accepted", self.limits.url_bytes),
            ));
        }
        let bytes: usize =
            request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if bytes > self.limits.header_bytes {
            return Err(Refusal::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                ErrorTag::TooBig,
                format!(
                    "the header section has {bytes} bytes; at most {} are accepted",
                    self.limits.header_bytes
                ),
            ));
        }
        // RFC 9112 section 3.2: an HTTP/1.1 request names its host once.
        if version == Version::HTTP_11 && request.headers.get_all(HOST).iter().count() != 1 {
            return Err(Refusal::bad_request(
                ErrorTag::MissingAttribute,
                "an HTTP/1.1 request carries exactly one Host header",
            ));
        }
        self.crowd.enter(request.client.address).ok_or_else(|| crowded("requests", self.crowd.most()))
    }

    fn dress(&self, request: &Request, version: Version, reply: &mut Reply) {
        let headers = &mut reply.headers;
        headers.insert(X_REQUEST_ID, request.request_id.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        if request.client.peer.encrypted {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        // What is left of a refused body is not worth reading; HTTP/2 resets the stream by itself.
        let abandoned = matches!(reply.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
        if abandoned && version <= Version::HTTP_11 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.cors.dress(self.cors.allowed(&request.headers), headers);
    }
}

/// An address has all that it can have going on.
fn crowded(what: &str, most: usize) -> Refusal {
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        ErrorTag::ResourceDenied,
        format!("this address has {most} {what} going on, as many as it can have at once"),
    )
    .header(RETRY_AFTER, HeaderValue::from_static("1"))
}

fn finish(reply: Reply, head_only: bool) -> Response<Outgoing> {
    let Reply { status, mut headers, mut body, stream, .. } = reply;
    if head_only {
        if !body.is_empty() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        body = Bytes::new();
    }
    let body = match stream.filter(|_| !head_only) {
        Some(stream) => Outgoing::streamed(stream),
        None => Outgoing::whole(body),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
