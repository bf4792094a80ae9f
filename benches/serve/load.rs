//! A load generator for HTTP/1.1 keep-alive connections: one request in flight on each, latencies kept.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a run measured.
pub struct Measured {
    /// Requests that were answered.
    pub requests: usize,
    /// How long the run took.
    pub elapsed: Duration,
    /// Latency of each request, sorted.
    pub latencies: Vec<Duration>,
    /// Requests that were answered, with those of the warm-up.
    pub all: usize,
    /// Processor time of the server for a request, where it is known.
    pub processor: Option<Duration>,
}

impl Measured {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that a share of the requests did not exceed; `share` from 0 to 1.
    pub fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * share) as usize).copied().unwrap_or_default()
    }
}

/// A request as bytes; `expected` is the status that counts as success.
#[derive(Clone)]
pub struct Request {
    /// Head and body.
    pub bytes: Vec<u8>,
    /// `200`, `204`.
    pub expected: u16,
}

impl Request {
    /// A request to `path` with a bearer token and a JSON body.
    pub fn new(method: &str, path: &str, token: &str, body: &str, expected: u16) -> Self {
        Request::with_type(method, path, token, "application/json", body, expected)
    }

    /// The same with a body of another media type.
    pub fn with_type(
        method: &str,
        path: &str,
        token: &str,
        media_type: &str,
        body: &str,
        expected: u16,
    ) -> Self {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\
             Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Request { bytes: [head.as_bytes(), body.as_bytes()].concat(), expected }
    }
}

/// Sends requests over `connections` connections for `time`, after a tenth of it as a warm-up that is not counted.
/// `make(connection, n)` gives the n-th request of a connection.
pub async fn run<F>(address: std::net::SocketAddr, connections: usize, time: Duration, make: F) -> Measured
where
    F: Fn(usize, usize) -> Request + Send + Sync + 'static,
{
    let make = std::sync::Arc::new(make);
    let begin = Instant::now() + time / 10;
    let end = begin + time;
    let mut workers = tokio::task::JoinSet::new();
    for connection in 0..connections {
        let make = make.clone();
        workers.spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("the server listens");
            stream.set_nodelay(true).expect("a socket option");
            let mut latencies = Vec::new();
            let mut all = 0;
            let mut buffer = Vec::with_capacity(64 * 1024);
            for n in 0.. {
                let request = make(connection, n);
                let sent = Instant::now();
                stream.write_all(&request.bytes).await.expect("the server reads");
                let status = read_answer(&mut stream, &mut buffer).await;
                let answered = Instant::now();
                assert_eq!(
                    status,
                    request.expected,
                    "{}\n{}",
                    String::from_utf8_lossy(&request.bytes),
                    String::from_utf8_lossy(&buffer)
                );
                all += 1;
                if answered >= end {
                    break;
                }
                if sent >= begin {
                    latencies.push(answered - sent);
                }
            }
            (latencies, all)
        });
    }
    let mut latencies = Vec::new();
    let mut all = 0;
    while let Some(mut worker) = workers.join_next().await.transpose().expect("a worker does not panic") {
        latencies.append(&mut worker.0);
        all += worker.1;
    }
    latencies.sort_unstable();
    Measured { requests: latencies.len(), elapsed: time, latencies, all, processor: None }
}

/// Reads one answer with a Content-Length or in chunks; returns its status. The buffer holds the whole answer.
pub async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    buffer.clear();
    let (status, end) = loop {
        assert!(
            stream.read_buf(buffer).await.expect("the server answers") > 0,
            "the server closed the connection"
        );
        if let Some(head) = read_head(buffer) {
            break head;
        }
    };
    let is_whole = |buffer: &[u8]| match end {
        End::At(length) => buffer.len() >= length,
        End::LastChunk => buffer.ends_with(b"0\r\n\r\n"),
    };
    while !is_whole(buffer) {
        assert!(stream.read_buf(buffer).await.expect("a body") > 0, "the server closed the connection");
    }
    status
}

/// Where an answer ends.
enum End {
    /// After so many bytes.
    At(usize),
    /// With a chunk of no length.
    LastChunk,
}

/// Status and end of an answer whose head is there.
fn read_head(buffer: &[u8]) -> Option<(u16, End)> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(buffer).expect("a head") else { return None };
    let header = |name: &str| head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    let body = header("content-length").map(|header| {
        let text = std::str::from_utf8(header.value).expect("digits");
        text.parse::<usize>().expect("a length")
    });
    let end = match body {
        None if header("transfer-encoding").is_some() => End::LastChunk,
        body => End::At(length + body.unwrap_or(0)),
    };
    Some((head.code.expect("a status"), end))
}
