//! `/.well-known/host-meta` (RFC 6415): where the API is, for clients that know the host only (RFC 8040 section 3.1).

use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode};

use super::ROOT;
use crate::surface::http::{Refusal, Reply, Request};

/// The path of the document.
pub const PATH: &str = "/.well-known/host-meta";

const METHODS: &str = "GET, HEAD, OPTIONS";

/// Answers a request for it; anybody may read it, sealed or not.
///
/// # Errors
/// 405.
pub fn answer(request: &Request) -> Result<Reply, Refusal> {
    if request.method == Method::OPTIONS {
        return Ok(Reply::empty(StatusCode::OK).header(ALLOW, HeaderValue::from_static(METHODS)));
    }
    if !request.is_read() {
        return Err(Refusal::method_not_allowed(request.method.as_str(), "a public document", METHODS));
    }
    let text = format!(
        "<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\n  <Link rel=\"restconf\" href=\"{ROOT}\"/>\n</XRD>\n"
    );
    Ok(Reply::with_body(StatusCode::OK, HeaderValue::from_static("application/xrd+xml"), text))
}
