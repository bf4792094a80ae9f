//! Somebody's requests while others try passwords: 200 clients, each attempt for another user and from another address, so
//! that no limit on attempts turns them away and every password is hashed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::load::{self, Request};
use super::process::Process;
use super::{Ceiling, report};

/// What is measured.
pub const WHAT: &str = "GET beside wrong passwords";

/// How many try passwords at once.
const CLIENTS: usize = 200;

/// A daemon that believes this machine when it says for whom it asks.
struct Proxied {
    process: Process,
    token: String,
}

impl Proxied {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_strongbox"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.0/8"])
            .arg("--data-directory")
            .arg(dir)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("listening") {
            line.clear();
            assert!(log.read_line(&mut line).expect("a line") > 0, "the daemon ended");
        }
        let address = line.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next());
        let address = address.and_then(|text| text.parse().ok()).expect("an address");
        // What it goes on to say is read away, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let token = std::fs::read_to_string(dir.join("root-token")).expect("a token").trim().to_owned();
        Proxied { process: Process { child, address }, token }
    }
}

/// Measures a GET alone and beside the attempts.
pub async fn run(dir: &Path, time: Duration) {
    let daemon = Proxied::start(&dir.join("tried"));
    let get = Request::new("GET", "/v1/state/strongbox/token/info", &daemon.token, "", 200);
    let again = get.clone();
    let address = daemon.process.address;
    let alone = load::run(address, 1, time, move |_, _| again.clone()).await;
    let attempts = load::run(address, CLIENTS, time * 2, attempt);
    let beside = async {
        // All of them are under way by then.
        tokio::time::sleep(time / 2).await;
        load::run(address, 1, time, move |_, _| get.clone()).await
    };
    let (attempts, beside) = tokio::join!(attempts, beside);
    let what = format!("{WHAT}, {:.0} a second", attempts.rate());
    let alone = Ceiling { name: "the same alone", rate: alone.rate(), server: None, target: 0.9 };
    report(&what, &beside, &[alone]);
}

fn attempt(connection: usize, n: usize) -> Request {
    let body = format!(r#"{{"tenant":"system","username":"u{connection}-{n}","password":"wrong"}}"#);
    let address = format!("10.{}.{}.{}", connection % 256, n / 256 % 256, n % 256);
    let head = format!(
        "POST /v1/login HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    Request { bytes: [head, body].concat().into_bytes(), expected: 401 }
}
