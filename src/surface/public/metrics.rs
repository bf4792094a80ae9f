//! Counters of the surface and their text form for Prometheus (exposition format 0.0.4).
//!
//! Kept by hand: a few atomic numbers cost nothing on the request path, and names and labels are fixed.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use hyper::{Method, StatusCode};

use crate::surface::streams::Counters;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];

/// Every status that we answer with; the last stands for what is not listed.
const STATUSES: [u16; 25] = [
    200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 415, 422, 429, 431, 500, 501,
    502, 503, 507, 0,
];

/// Upper ends of the histogram's buckets, in microseconds.
const BUCKETS: [u64; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000];

/// The numbers.
#[derive(Debug)]
pub struct Metrics {
    requests: [[AtomicU64; STATUSES.len()]; METHODS.len()],
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    sum_micros: AtomicU64,
    in_flight: AtomicI64,
    streams: Arc<Counters>,
}

impl Metrics {
    /// Numbers that begin at 0, beside those of streams, which are counted elsewhere.
    pub fn new(streams: Arc<Counters>) -> Self {
        Metrics {
            requests: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            count: AtomicU64::new(0),
            sum_micros: AtomicU64::new(0),
            in_flight: AtomicI64::new(0),
            streams,
        }
    }
}

/// What is known elsewhere and shown beside the counters.
#[derive(Clone, Copy, Debug)]
pub struct Gauges {
    /// The newest revision of the data; unknown while they are sealed.
    pub revision: Option<u64>,
    /// Whether they are sealed.
    pub sealed: bool,
    /// When the daemon started, in seconds since the epoch.
    pub start_seconds: i64,
}

impl Metrics {
    /// Counts a request as being worked on until the guard is dropped.
    pub fn begin(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    /// Counts an answered request.
    pub fn count(&self, method: &Method, status: StatusCode, duration: Duration) {
        let method = METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1);
        let status =
            STATUSES.iter().position(|known| *known == status.as_u16()).unwrap_or(STATUSES.len() - 1);
        if let Some(counter) = self.requests.get(method).and_then(|row| row.get(status)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get(BUCKETS.partition_point(|end| *end < micros)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The text form.
    pub fn exposition(&self, gauges: Gauges) -> String {
        let mut out = String::with_capacity(4_096);
        let version = env!("CARGO_PKG_VERSION");
        let _ = writeln!(out, "# HELP strongbox_build_info The running version.");
        let _ = writeln!(out, "# TYPE strongbox_build_info gauge");
        let _ = writeln!(out, "strongbox_build_info{{version=\"{version}\"}} 1");
        let _ = writeln!(out, "# HELP strongbox_sealed Whether the data are sealed.");
        let _ = writeln!(out, "# TYPE strongbox_sealed gauge");
        let _ = writeln!(out, "strongbox_sealed {}", u8::from(gauges.sealed));
        if let Some(revision) = gauges.revision {
            let _ = writeln!(out, "# HELP strongbox_revision Newest revision of the data.");
            let _ = writeln!(out, "# TYPE strongbox_revision gauge");
            let _ = writeln!(out, "strongbox_revision {revision}");
        }
        let _ = writeln!(out, "# HELP process_start_time_seconds When the daemon started.");
        let _ = writeln!(out, "# TYPE process_start_time_seconds gauge");
        let _ = writeln!(out, "process_start_time_seconds {}", gauges.start_seconds);
        let _ = writeln!(out, "# HELP strongbox_http_requests_in_flight Requests being worked on.");
        let _ = writeln!(out, "# TYPE strongbox_http_requests_in_flight gauge");
        let _ = writeln!(out, "strongbox_http_requests_in_flight {}", self.in_flight.load(Ordering::Relaxed));
        self.write_requests(&mut out);
        self.write_durations(&mut out);
        self.streams.write(&mut out);
        out
    }

    fn write_requests(&self, out: &mut String) {
        let _ = writeln!(out, "# HELP strongbox_http_requests_total Answered requests.");
        let _ = writeln!(out, "# TYPE strongbox_http_requests_total counter");
        for (method, row) in METHODS.iter().zip(&self.requests) {
            for (status, counter) in STATUSES.iter().zip(row) {
                let count = counter.load(Ordering::Relaxed);
                if count > 0 {
                    let status = if *status == 0 { "other".to_owned() } else { status.to_string() };
                    let _ = writeln!(
                        out,
                        "strongbox_http_requests_total{{method=\"{method}\",status=\"{status}\"}} {count}"
                    );
                }
            }
        }
    }

    fn write_durations(&self, out: &mut String) {
        let name = "strongbox_http_request_duration_seconds";
        let _ = writeln!(out, "# HELP {name} From the end of the header section to the answer.");
        let _ = writeln!(out, "# TYPE {name} histogram");
        let mut below = 0;
        for (end, bucket) in BUCKETS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            let _ = writeln!(out, "{name}_bucket{{le=\"{}\"}} {below}", seconds(*end));
        }
        let count = self.count.load(Ordering::Relaxed);
        let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{name}_sum {}", seconds(self.sum_micros.load(Ordering::Relaxed)));
        let _ = writeln!(out, "{name}_count {count}");
    }
}

/// Microseconds as seconds, exactly.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A request that is being worked on.
#[derive(Debug)]
pub struct InFlight<'a>(&'a Metrics);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exposition_counts_and_accumulates() {
        let metrics = Metrics::new(Arc::default());
        metrics.count(&Method::GET, StatusCode::OK, Duration::from_micros(200));
        metrics.count(&Method::GET, StatusCode::OK, Duration::from_micros(300));
        metrics.count(&Method::TRACE, StatusCode::IM_A_TEAPOT, Duration::from_secs(9));
        let working = metrics.begin();
        let gauges = Gauges { revision: Some(7), sealed: false, start_seconds: 1 };
        let text = metrics.exposition(gauges);
        for line in [
            "strongbox_revision 7",
            "strongbox_http_requests_in_flight 1",
            "strongbox_http_requests_total{method=\"GET\",status=\"200\"} 2",
            "strongbox_http_requests_total{method=\"other\",status=\"other\"} 1",
            "strongbox_http_request_duration_seconds_bucket{le=\"0.0001\"} 0",
            "strongbox_http_request_duration_seconds_bucket{le=\"0.00025\"} 1",
            "strongbox_http_request_duration_seconds_bucket{le=\"5\"} 2",
            "strongbox_http_request_duration_seconds_bucket{le=\"+Inf\"} 3",
            "strongbox_http_request_duration_seconds_sum 9.0005",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        drop(working);
        let text = metrics.exposition(Gauges { revision: None, sealed: true, ..gauges });
        assert!(text.contains("in_flight 0") && text.contains("strongbox_sealed 1"), "{text}");
        assert!(!text.contains("strongbox_revision"), "{text}");
    }
}
