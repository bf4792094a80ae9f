//! Answers that go on and on: a feed of notifications written as server-sent events, until one side has had enough.
//!
//! Each has a task of its own, which waits for what comes next and hands it to the connection through a bounded queue. Never
//! here: which notifications these are, and how one is written.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::http::Reply;
use super::http::stream::{Maker, Unsent, streamed};
use crate::access::gate::Gate;
use crate::engine::Caller;
use crate::engine::notification::{Delivered, Delivery, End, EventId, Feed};

/// What server-sent events are called.
pub const EVENT_STREAM: &str = "text/event-stream";

/// The header by which a client tells which event it saw last.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// So long after the last bytes a comment is sent, so that neither side takes the other for dead; and so often it is looked
/// whether whoever receives still may.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// So long credentials count of which nothing tells later whether they are still good; then the client comes again, with them
/// and with what it saw last.
const SHOWN: Duration = Duration::from_secs(600);

/// Where subscriptions are received; the service that keeps them implements it.
pub trait Subscriptions: Send + Sync {
    /// What a subscription of the caller delivers, from now on; `None` when it has none of that number, or somebody receives
    /// it already.
    fn receive(&self, gate: &Gate, caller: &Arc<Caller>, id: u32) -> Option<Subscribed>;

    /// Whether the caller has a subscription of that number that nobody receives yet.
    fn is_waiting(&self, caller: &Caller, id: u32) -> bool;
}

/// A subscription that is received.
pub struct Subscribed {
    /// What it delivers.
    pub feed: Box<dyn Feed>,
    /// Whether as XML rather than JSON.
    pub is_xml: bool,
}

/// Why a stream ended, as numbers and log lines tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum Reason {
    Client,
    Stalled,
    Complete,
    Withdrawn,
    Renewal,
    Terminated,
    Gap,
    Closing,
    Fault,
}

const REASONS: [(&str, &str); 9] = [
    ("client", "the client has gone"),
    ("stalled", "the client does not read"),
    ("complete", "the time to stop has come"),
    ("withdrawn", "the token has ended"),
    ("renewal", "credentials are to be shown again"),
    ("terminated", "the subscription was ended"),
    ("gap", "what comes next is no longer in the log; events are missing"),
    ("closing", "the data is being sealed, or the daemon stops"),
    ("fault", "the server failed"),
];

impl From<End> for Reason {
    fn from(end: End) -> Self {
        match end {
            End::Complete => Reason::Complete,
            End::Withdrawn => Reason::Withdrawn,
            End::Terminated => Reason::Terminated,
            End::Gap => Reason::Gap,
            End::Closing => Reason::Closing,
            End::Fault => Reason::Fault,
        }
    }
}

/// How many there are and were.
#[derive(Debug, Default)]
pub struct Counters {
    open: AtomicI64,
    sent: AtomicU64,
    ended: [AtomicU64; REASONS.len()],
}

impl Counters {
    /// Appends the numbers as Prometheus has them.
    pub fn write(&self, out: &mut String) {
        use std::fmt::Write as _;
        let _ = writeln!(out, "# HELP strongbox_event_streams Streams of events that are open.");
        let _ = writeln!(out, "# TYPE strongbox_event_streams gauge");
        let _ = writeln!(out, "strongbox_event_streams {}", self.open.load(Ordering::Relaxed));
        let _ = writeln!(out, "# HELP strongbox_events_sent_total Notifications sent to receivers.");
        let _ = writeln!(out, "# TYPE strongbox_events_sent_total counter");
        let _ = writeln!(out, "strongbox_events_sent_total {}", self.sent.load(Ordering::Relaxed));
        let _ = writeln!(out, "# HELP strongbox_event_streams_ended_total Streams of events that ended.");
        let _ = writeln!(out, "# TYPE strongbox_event_streams_ended_total counter");
        for ((reason, _), count) in REASONS.iter().zip(&self.ended) {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(out, "strongbox_event_streams_ended_total{{reason=\"{reason}\"}} {count}");
        }
    }
}

/// How streams begin, and what ends all of them.
#[derive(Clone)]
pub struct Streams {
    ending: watch::Receiver<bool>,
    in_use: mpsc::Sender<Infallible>,
    counters: Arc<Counters>,
    patience: Duration,
}

impl Streams {
    /// Streams that end when `ending` shows true, hold `in_use` until then, and wait for clients for so long.
    pub fn new(
        ending: watch::Receiver<bool>,
        in_use: mpsc::Sender<Infallible>,
        counters: Arc<Counters>,
        patience: Duration,
    ) -> Self {
        Streams { ending, in_use, counters, patience }
    }

    /// The answer to a HEAD.
    pub fn head() -> Reply {
        Reply::with_body(StatusCode::OK, HeaderValue::from_static(EVENT_STREAM), Vec::new())
            .header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
    }

    /// An answer that delivers what a feed has, each notification as `write` puts it into bytes without line ends of its own.
    pub fn begin(
        &self,
        gate: &Gate,
        caller: &Arc<Caller>,
        feed: Box<dyn Feed>,
        write: impl Fn(&Delivery) -> Option<Vec<u8>> + Send + 'static,
    ) -> Reply {
        let (maker, body) = streamed(self.patience);
        let sending = Sending {
            gate: gate.clone(),
            caller: Arc::clone(caller),
            feed,
            write,
            maker,
            ending: self.ending.clone(),
            counters: Arc::clone(&self.counters),
            _in_use: self.in_use.clone(),
        };
        self.counters.open.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(sending.run());
        Reply::streamed(StatusCode::OK, HeaderValue::from_static(EVENT_STREAM), body)
            .header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
    }
}

struct Sending<W> {
    gate: Gate,
    caller: Arc<Caller>,
    feed: Box<dyn Feed>,
    write: W,
    maker: Maker,
    ending: watch::Receiver<bool>,
    counters: Arc<Counters>,
    _in_use: mpsc::Sender<Infallible>,
}

impl<W: Fn(&Delivery) -> Option<Vec<u8>> + Send> Sending<W> {
    async fn run(mut self) {
        let reason = self.send_all().await;
        let (name, words) = REASONS.get(reason as usize).copied().unwrap_or(("fault", ""));
        if !matches!(reason, Reason::Client | Reason::Stalled) {
            let _ = self.maker.send(format!("event: end\ndata: {words}\n\n").into()).await;
        }
        if matches!(reason, Reason::Stalled | Reason::Gap | Reason::Fault) {
            tracing::warn!(receiver = self.caller.actor(), reason = name, "a stream of events ended");
        } else {
            tracing::debug!(receiver = self.caller.actor(), reason = name, "a stream of events ended");
        }
        self.counters.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(count) = self.counters.ended.get(reason as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Until it ends, and why it did.
    async fn send_all(&mut self) -> Reason {
        // The first bytes tell the client that it is heard.
        let mut sent = self.maker.send(Bytes::from_static(b":\n\n")).await;
        let mut quiet_until = Instant::now() + KEEP_ALIVE;
        let shown_until = Instant::now() + SHOWN;
        loop {
            match sent {
                Ok(()) => {}
                Err(Unsent::Gone) => return Reason::Client,
                Err(Unsent::Stalled) => return Reason::Stalled,
            }
            tokio::select! {
                biased;
                () = ended(&mut self.ending) => return Reason::Closing,
                () = self.maker.gone() => return Reason::Client,
                delivered = self.feed.next() => match delivered {
                    Delivered::End(end) => return end.into(),
                    Delivered::Notification(delivery) => {
                        if !self.gate.is_alive(&self.caller) {
                            return Reason::Withdrawn;
                        }
                        let Some(text) = (self.write)(&delivery) else { return Reason::Fault };
                        sent = self.maker.send(frame(delivery.id, &text)).await;
                        self.counters.sent.fetch_add(1, Ordering::Relaxed);
                    }
                },
                () = sleep_until(shown_until), if self.caller.accessor.is_none() => return Reason::Renewal,
                () = sleep_until(quiet_until) => {
                    if !self.gate.is_alive(&self.caller) {
                        return Reason::Withdrawn;
                    }
                    sent = self.maker.send(Bytes::from_static(b":\n\n")).await;
                }
            }
            quiet_until = Instant::now() + KEEP_ALIVE;
        }
    }
}

/// Waits until all streams are to end.
async fn ended(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}

/// One server-sent event. A text of several lines has a field for each.
fn frame(id: Option<EventId>, text: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + 48);
    if let Some(id) = id {
        out.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    for line in text.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_its_id_and_a_field_for_each_line() {
        let id = "17-2".parse().ok();
        assert_eq!(frame(id, b"{\"a\":1}"), "id: 17-2\ndata: {\"a\":1}\n\n");
        assert_eq!(frame(None, b"<a>x\ny</a>"), "data: <a>x\ndata: y</a>\n\n");
    }

    #[test]
    fn the_numbers_name_every_reason() {
        let counters = Counters::default();
        let mut text = String::new();
        counters.write(&mut text);
        assert!(text.contains("strongbox_event_streams_ended_total{reason=\"stalled\"} 0"), "{text}");
        assert_eq!(text.matches("ended_total{").count(), REASONS.len());
        assert_eq!(REASONS[Reason::Fault as usize].0, "fault");
    }
}
