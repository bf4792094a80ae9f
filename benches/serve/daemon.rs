//! The daemon that is measured, and what it is filled with.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::load::{self, Request};
use super::process::Process;
use super::{ISSUER, role};

/// A daemon that was started with `quickstart`.
pub struct Daemon {
    pub process: Process,
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
        Daemon {
            process: Process { child, address },
            token: text("/tokens/alice"),
            admin: text("/tokens/admin"),
        }
    }

    /// A request with a token that may do what the bench does.
    pub fn request(&self, method: &str, path: &str, body: &str, expected: u16) -> Request {
        Request::new(method, path, &self.token, body, expected)
    }

    /// Sends one request and returns the body of the answer.
    pub async fn once(&self, request: Request) -> Vec<u8> {
        use tokio::io::AsyncWriteExt;
        let mut stream =
            tokio::net::TcpStream::connect(self.process.address).await.expect("the server listens");
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
