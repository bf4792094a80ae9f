//! Why a request was turned away before any dialect understood it: a status, an error-tag and a sentence.

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

use crate::base::error::ErrorTag;
pub use crate::data::violation::shorten;

/// A refusal that has no data path. Each dialect prints it in its own body form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status; always 4xx or 5xx.
    pub status: StatusCode,
    /// The kind of error.
    pub tag: ErrorTag,
    /// One sentence for the client: what was found, what is allowed.
    pub message: String,
    /// Header lines that belong to the status, such as `Allow`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// A refusal with a status that is not the tag's usual one.
    pub fn new(status: StatusCode, tag: ErrorTag, message: impl Into<String>) -> Self {
        Refusal { status, tag, message: message.into(), headers: Vec::new() }
    }

    /// 400: a header, parameter or URL that cannot be used.
    pub fn bad_request(tag: ErrorTag, message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, tag, message)
    }

    /// 500, for what is our fault. The sentence must not carry internals.
    pub fn internal() -> Self {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorTag::OperationFailed,
            "the server failed while it worked on this request; the request id finds the reason in its log",
        )
    }

    /// 405 with the methods that the resource does have (RFC 9110 section 15.5.6).
    pub fn method_not_allowed(method: &str, what: &str, allow: &'static str) -> Self {
        Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorTag::OperationNotSupported,
            format!("{} is not possible on {what}; possible: {allow}", shorten(method)),
        )
        .header(hyper::header::ALLOW, HeaderValue::from_static(allow))
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_15_5_6_a_405_carries_allow() {
        let refusal = Refusal::method_not_allowed("PUT", "a list", "GET, HEAD");
        assert_eq!(refusal.headers[0].1, "GET, HEAD");
        assert_eq!(refusal.message, "PUT is not possible on a list; possible: GET, HEAD");
    }
}
