//! A server in a process of its own, and what it takes of the machine.

use std::net::SocketAddr;
use std::process::Child;
use std::time::Duration;

use super::load::{self, Measured, Request};

/// Ticks of a processor's time that Linux counts in a second (`USER_HZ`, the same on every architecture that it runs on here).
const TICKS: f64 = 100.0;

/// A process that serves HTTP at an address; killed when dropped.
pub struct Process {
    pub child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// Resident memory in MiB.
    pub fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
    }

    /// Processor time that it has taken so far, user and system, in seconds.
    pub fn processor(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / TICKS
    }

    /// Loads it as [`load::run`] does; with what was measured comes the processor time that a request took.
    pub async fn load<F>(&self, connections: usize, time: Duration, make: F) -> Measured
    where
        F: Fn(usize, usize) -> Request + Send + Sync + 'static,
    {
        let before = self.processor();
        let mut measured = load::run(self.address, connections, time, make).await;
        let taken = (self.processor() - before) / measured.all.max(1) as f64;
        measured.processor = Some(Duration::from_secs_f64(taken.max(0.0)));
        measured
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
