//! What a stranger may cost: every bound that the listener keeps, with its default.

use std::time::Duration;

/// Bounds on connections, requests and waiting. Sizes are bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once, over all listeners; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Connections open at once from one address (all of an IPv6 /64 are one); further ones are closed at once.
    /// Trusted proxies have as many as there are.
    pub connections_per_address: usize,
    /// Requests at once from one client address; further ones are 429.
    pub requests_per_address: usize,
    /// Answers that go on and on (streams of events) at once from one client address; further ones are 429.
    pub event_streams_per_address: usize,
    /// How long such an answer waits for a client that does not read before its connection is closed.
    pub event_stream_patience: Duration,
    /// Data in one notification of a subscription to data.
    pub push_bytes: usize,
    /// Names and values of all header lines of one request together; more is 431.
    pub header_bytes: usize,
    /// How long a client may take for the header section, a TLS handshake, or to stay idle between requests.
    pub header_timeout: Duration,
    /// The request target; longer is 414.
    pub url_bytes: usize,
    /// A request body; larger is 413, known before reading where `Content-Length` tells.
    pub body_bytes: usize,
    /// How long a client may take to send a body; slower is 408.
    pub body_timeout: Duration,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
    /// How long open connections may go on when the daemon stops.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 4_096,
            connections_per_address: 1_024,
            requests_per_address: 512,
            event_streams_per_address: 1_024,
            event_stream_patience: Duration::from_secs(30),
            push_bytes: 16 * 1024 * 1024,
            header_bytes: 32 * 1024,
            header_timeout: Duration::from_secs(15),
            url_bytes: 16 * 1024,
            body_bytes: 4 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            streams: 128,
            shutdown_grace: Duration::from_secs(10),
        }
    }
}
