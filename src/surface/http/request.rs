//! One request as dialects see it: everything but the body, which is read when a dialect asks for it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::client::Client;
use super::refusal::{Refusal, shorten};
use crate::base::error::ErrorTag;
use crate::base::secret::Secret;

/// A request whose line and headers passed the limits.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The target as it was sent.
    pub uri: Uri,
    /// Header lines.
    pub headers: HeaderMap,
    /// Who is at the other end.
    pub client: Client,
    /// The client's own request id, or one that was made here.
    pub request_id: HeaderValue,
    /// When the header section was complete; for durations only.
    pub received: Instant,
}

impl Request {
    /// The path as it was sent, percent-encoded, with its leading slash.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The first path segment, still encoded: it chooses the dialect.
    pub fn first_segment(&self) -> &str {
        let path = self.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        path.split('/').next().unwrap_or_default()
    }

    /// A header's value as text; `None` when it is absent or not visible ASCII.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The request id as text.
    pub fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// Whether GET or HEAD: the same answer, and the listener drops HEAD's body.
    pub fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

/// Percent-decodes a path segment or a query part. `+` is an ordinary character in a path and a space in a query.
///
/// # Errors
/// 400 for a `%` without two hexadecimal digits behind it, and for bytes that are not UTF-8.
pub fn decode_percent(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let bytes = text.as_bytes();
    let whole = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if !whole {
        return Err(Refusal::bad_request(
            ErrorTag::MalformedMessage,
            format!(
                "'{}' has a % that two hexadecimal digits do not follow; write %25 for a % itself",
                shorten(text)
            ),
        ));
    }
    percent_decode_str(text).decode_utf8().map_err(|_| {
        Refusal::bad_request(
            ErrorTag::MalformedMessage,
            format!(
                "'{}' does not decode to UTF-8; percent-encode the UTF-8 bytes of a character",
                shorten(text)
            ),
        )
    })
}

/// Makes request ids: a random start per process and a count, so that they cost no system call and never repeat.
#[derive(Debug)]
pub struct RequestIds {
    start: u64,
    count: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        let random = Secret::random(8).ok();
        let start = random
            .as_ref()
            .and_then(|bytes| bytes.expose().first_chunk().copied())
            .map_or_else(|| u64::from(std::process::id()), u64::from_be_bytes);
        RequestIds { start, count: AtomicU64::new(0) }
    }
}

impl RequestIds {
    /// The client's `X-Request-Id` where it is 1 to 128 harmless characters (it goes into logs), else a fresh one.
    pub fn of(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(given) = headers.get("x-request-id")
            && (1..=128).contains(&given.len())
            && given.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(byte))
        {
            return given.clone();
        }
        let mut text = [0_u8; 32];
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        write_hex(&mut text, (u128::from(self.start) << 64) | u128::from(count));
        HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("-"))
    }
}

fn write_hex(out: &mut [u8; 32], mut value: u128) {
    for digit in out.iter_mut().rev() {
        let nibble = (value & 0xf) as u8;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + (nibble - 10) };
        value >>= 4;
    }
}

#[cfg(test)]
impl Request {
    /// A request of somebody on this machine, without headers.
    pub fn for_tests(method: &str, target: &str) -> Self {
        let peer =
            super::client::Peer { socket: ([127, 0, 0, 1], 1).into(), encrypted: false, certificate: None };
        Request {
            method: method.parse().unwrap(),
            uri: target.parse().unwrap(),
            headers: HeaderMap::new(),
            client: Client { address: [127, 0, 0, 1].into(), peer },
            request_id: HeaderValue::from_static("r1"),
            received: Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_echoed_when_harmless_and_made_otherwise() {
        let ids = RequestIds::default();
        let mut headers = HeaderMap::new();
        let first = ids.of(&headers);
        assert_eq!(first.len(), 32);
        assert_ne!(first, ids.of(&headers));
        headers.insert("x-request-id", HeaderValue::from_static("build-7/step:3"));
        assert_eq!(ids.of(&headers), "build-7/step:3");
        headers.insert("x-request-id", HeaderValue::from_static("a\tb"));
        assert_eq!(ids.of(&headers).len(), 32);
        headers.insert("x-request-id", HeaderValue::from_str(&"x".repeat(129)).unwrap());
        assert_eq!(ids.of(&headers).len(), 32);
    }

    #[test]
    fn percent_decoding_refuses_broken_escapes_and_broken_utf8() {
        assert_eq!(decode_percent("a%2Fb").unwrap(), "a/b");
        assert_eq!(decode_percent("a+b").unwrap(), "a+b");
        for wrong in ["%", "%4", "%zz", "a%", "%ff", "%c3%28", "%e2%82"] {
            assert_eq!(decode_percent(wrong).unwrap_err().status, 400, "{wrong}");
        }
    }
}
