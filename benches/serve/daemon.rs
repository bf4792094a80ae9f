//! The daemon under load, and what it takes of the machine.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::load::{self, Measured, Request};
use super::{ISSUER, role};

/// Ticks of a processor's time that Linux counts in a second (`USER_HZ`, the same on every architecture that it runs on here).
const TICKS: f64 = 100.0;

/// A daemon that was started with `quickstart`; killed when dropped.
pub struct Daemon {
    child: Child,
    pub address: SocketAddr,
    pub token: String,
    pub admin: String,
}

impl Daemon {
    /// Starts it in a directory.
    pub fn start(dir: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_strongbox"))
            .args(["quickstart", "--output", "json", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let facts: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
        let text =
            |pointer: &str| facts.pointer(pointer).and_then(|fact| fact.as_str()).expect("a fact").to_owned();
        let address = text("/address").trim_start_matches("http://").parse().expect("an address");
        Daemon { child, address, token: text("/tokens/alice"), admin: text("/tokens/admin") }
    }

    /// Resident memory in MiB.
    pub fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
    }

    /// Processor time that it has taken so far, user and system.
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

    /// A request with a token that may do what the bench does.
    pub fn request(&self, method: &str, path: &str, body: &str, expected: u16) -> Request {
        Request::new(method, path, &self.token, body, expected)
    }

    /// Sends one request and returns the body of the answer.
    pub async fn once(&self, request: Request) -> Vec<u8> {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(self.address).await.expect("the server listens");
        stream.write_all(&request.bytes).await.expect("the server reads");
        let mut answer = Vec::new();
        let status = load::read_answer(&mut stream, &mut answer).await;
        assert_eq!(status, request.expected, "{}", String::from_utf8_lossy(&answer));
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |end| end + 4);
        answer.split_off(head)
    }

    /// Brings the issuer to `count` roles of the reference example's size, a thousand a request.
    pub async fn fill(&self, from: usize, count: usize) {
        for start in (from..count).step_by(1000) {
            let roles: Vec<_> = (start..count.min(start + 1000)).map(|n| role(&format!("r{n:07}"))).collect();
            let body = serde_json::json!({ "roles": roles }).to_string();
            self.once(self.request("PATCH", ISSUER, &body, 204)).await;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
