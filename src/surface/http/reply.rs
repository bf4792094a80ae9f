//! An answer before it is dressed for the wire: status, header lines, body.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

/// What a [`super::Service`] answers with. Compression, CORS, `X-Request-Id` and the treatment of HEAD come later and are
/// the same for every dialect.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Header lines.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// Whether the body may be compressed. False for what holds a fresh secret: compressed length leaks (BREACH).
    pub compressible: bool,
}

impl Reply {
    /// A reply without a body.
    pub fn empty(status: StatusCode) -> Self {
        Reply { status, headers: HeaderMap::new(), body: Bytes::new(), compressible: true }
    }

    /// A reply with a body of that media type.
    pub fn with_body(status: StatusCode, media_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, media_type);
        Reply { status, headers, body: body.into(), compressible: true }
    }

    /// Sets a header line, in place of one of that name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets a header line from a text; one that cannot stand in a header is left out.
    #[must_use]
    pub fn header_text(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Forbids compression, for bodies that hold a fresh secret.
    #[must_use]
    pub fn uncompressed(mut self) -> Self {
        self.compressible = false;
        self
    }
}
