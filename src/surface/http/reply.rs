//! An answer before it is dressed for the wire: status, header lines, body.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::activity::Turn;
use super::stream::StreamedBody;

/// What a [`super::Service`] answers with. Compression, CORS, `X-Request-Id` and the treatment of HEAD come later and are
/// the same for every dialect.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Header lines.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// A body that comes into being while it is sent, in place of that one.
    pub stream: Option<StreamedBody>,
    /// Whether the body may be compressed. False for what holds a fresh secret: compressed length leaks (BREACH).
    pub compressible: bool,
}

impl Reply {
    /// A reply without a body.
    pub fn empty(status: StatusCode) -> Self {
        Reply { status, headers: HeaderMap::new(), body: Bytes::new(), stream: None, compressible: true }
    }

    /// A reply with a body of that media type.
    pub fn with_body(status: StatusCode, media_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, media_type);
        Reply { status, headers, body: body.into(), stream: None, compressible: true }
    }

    /// A reply whose body comes into being while it is sent.
    pub fn streamed(status: StatusCode, media_type: HeaderValue, body: StreamedBody) -> Self {
        Reply { stream: Some(body), ..Reply::with_body(status, media_type, Bytes::new()) }
    }

    /// Sets a header line, in place of one of that name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets a header line from a text; one that cannot stand in a header is left out.
    #[must_use]
    pub fn header_text(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        if let Ok(value) = HeaderValue::try_from(value.into()) {
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

/// A body on the wire.
#[derive(Debug)]
pub struct Outgoing {
    form: Form,
    /// The request is not over before its answer is.
    _turn: Option<Turn>,
}

#[derive(Debug)]
enum Form {
    /// All there from the start.
    Whole(Full<Bytes>),
    /// Made while it is sent.
    Streamed(StreamedBody),
}

impl Outgoing {
    /// A body that is all there from the start.
    pub fn whole(body: Bytes) -> Self {
        Outgoing { form: Form::Whole(Full::new(body)), _turn: None }
    }

    /// A body that is made while it is sent.
    pub fn streamed(body: StreamedBody) -> Self {
        Outgoing { form: Form::Streamed(body), _turn: None }
    }

    /// Has the request go on until the body was sent, or dropped.
    #[must_use]
    pub fn during(self, turn: Turn) -> Self {
        Outgoing { _turn: Some(turn), ..self }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.get_mut().form {
            Form::Whole(body) => Pin::new(body).poll_frame(context),
            Form::Streamed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.form {
            Form::Whole(body) => body.is_end_stream(),
            Form::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.form {
            Form::Whole(body) => body.size_hint(),
            Form::Streamed(body) => body.size_hint(),
        }
    }
}
