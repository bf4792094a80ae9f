//! Reading a request body: never more than the cap, never longer than the timeout, nothing at all when
//! `Content-Length` already says that it is too much.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use std::time::Duration;

use super::limits::Limits;
use super::refusal::{Refusal, shorten};
use crate::base::error::ErrorTag;

/// A body that has not been read yet.
#[derive(Debug)]
pub struct Payload {
    source: Source,
    cap: usize,
    timeout: Duration,
}

#[derive(Debug)]
enum Source {
    Incoming(Incoming),
    Ready(Bytes),
}

impl Payload {
    /// The body of a request on a connection.
    pub fn incoming(body: Incoming, limits: &Limits) -> Self {
        Payload { source: Source::Incoming(body), cap: limits.body_bytes, timeout: limits.body_timeout }
    }

    /// A body that is in memory already.
    pub fn ready(bytes: impl Into<Bytes>) -> Self {
        Payload { source: Source::Ready(bytes.into()), cap: usize::MAX, timeout: Duration::MAX }
    }

    /// Reads it whole.
    ///
    /// # Errors
    /// 413 when it is larger than the limit, 408 when it comes too slowly, 415 when it is compressed, 400 when the
    /// connection or the framing breaks.
    pub async fn read(self, headers: &HeaderMap) -> Result<Bytes, Refusal> {
        if let Some(coding) = headers.get(CONTENT_ENCODING)
            && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
        {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ErrorTag::BadAttribute,
                format!(
                    "Content-Encoding '{}' is not accepted in requests; send the body uncompressed",
                    shorten(&String::from_utf8_lossy(coding.as_bytes()))
                ),
            ));
        }
        match self.source {
            Source::Ready(bytes) => Ok(bytes),
            Source::Incoming(body) if body.is_end_stream() => Ok(Bytes::new()),
            Source::Incoming(body) => {
                let reading = collect(body, self.cap);
                tokio::time::timeout(self.timeout, reading).await.unwrap_or_else(|_| {
                    Err(Refusal::new(
                        StatusCode::REQUEST_TIMEOUT,
                        ErrorTag::OperationFailed,
                        format!("the body did not arrive within {} seconds", self.timeout.as_secs()),
                    ))
                })
            }
        }
    }
}

async fn collect<B>(mut body: B, cap: usize) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let declared = body.size_hint();
    if declared.lower() > cap as u64 {
        return Err(too_large(cap));
    }
    let mut first = Bytes::new();
    let mut more: Option<BytesMut> = None;
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Refusal::bad_request(ErrorTag::MalformedMessage, format!("the body broke off: {error}"))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > cap {
            return Err(too_large(cap));
        }
        // Most bodies arrive in one piece and are handed on without a copy.
        match &mut more {
            None if first.is_empty() => first = data,
            None => {
                let mut buffer = BytesMut::with_capacity(length.max(declared.lower() as usize));
                buffer.extend_from_slice(&first);
                buffer.extend_from_slice(&data);
                more = Some(buffer);
            }
            Some(buffer) => buffer.extend_from_slice(&data),
        }
    }
    Ok(more.map_or(first, BytesMut::freeze))
}

fn too_large(cap: usize) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        ErrorTag::TooBig,
        format!("the body is larger than the limit of {cap} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;
    use std::convert::Infallible;

    async fn collect_chunks(chunks: &[&'static str], cap: usize) -> Result<Bytes, Refusal> {
        let frames: Vec<Result<Frame<Bytes>, Infallible>> =
            chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes())))).collect();
        collect(StreamBody::new(stream::iter(frames)), cap).await
    }

    #[tokio::test]
    async fn chunks_are_joined_up_to_the_cap() {
        assert_eq!(collect_chunks(&["ab", "cd", "e"], 5).await.unwrap(), "abcde");
        assert_eq!(collect_chunks(&["ab", "cd", "e"], 4).await.unwrap_err().status, 413);
        assert_eq!(collect_chunks(&[], 4).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_declared_length_over_the_cap_is_refused_unread() {
        let body = Full::new(Bytes::from_static(b"abcdef"));
        assert_eq!(collect(body, 5).await.unwrap_err().status, 413);
    }

    #[tokio::test]
    async fn compressed_requests_are_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        assert_eq!(Payload::ready("x").read(&headers).await.unwrap_err().status, 415);
    }
}
