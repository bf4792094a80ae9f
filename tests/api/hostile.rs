//! What strangers send on purpose: each gets a clear 4xx or a closed connection, and the next request is served.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::conversation::wire::{Answer, exchange, host, read_answer};
use crate::support::Daemon;

struct Target {
    daemon: Daemon,
}

impl Target {
    fn new() -> Self {
        Target { daemon: Daemon::quickstart() }
    }

    fn send(&self, line: &str, headers: &str, body: &[u8]) -> Result<Answer, String> {
        let address = self.daemon.fact("/address");
        let token = self.daemon.fact("/tokens/alice");
        let mut request = format!(
            "{line} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n{headers}content-length: {}\r\n\r\n",
            host(address),
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        exchange(address, &request)
    }

    fn refused(&self, what: &str, answer: Result<Answer, String>, allowed: &[u16]) {
        let answer = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(allowed.contains(&answer.status()), "{what}: {} {}", answer.status_line, answer.text());
        assert!(answer.body.len() < 16 * 1024, "{what}: an answer of {} bytes", answer.body.len());
        let next = self.send("GET /v1/config/strongbox/jwt-issuers/payments-api", "", b"");
        assert_eq!(next.unwrap().status(), 200, "{what}: the next request is served");
    }

    /// Kilobytes of memory that the daemon has in use, at most so far.
    fn peak_memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.daemon.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

const ROLE: &str = "/v1/config/strongbox/jwt-issuers/payments-api/roles/hostile";
const JSON: &str = "content-type: application/json\r\n";
const YAML: &str = "content-type: application/yaml\r\n";

#[test]
fn bodies_that_are_not_what_they_say() {
    let target = Target::new();
    let put = format!("PUT {ROLE}");
    let alias_bomb = {
        let mut text = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
        for (name, before) in
            ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"])
        {
            let aliases = vec![format!("*{before}"); 10].join(",");
            text.push_str(&format!("{name}: &{name} [{aliases}]\n"));
        }
        text.push_str("allowed-audiences: *i\n");
        text
    };
    let deep_json = format!("{{\"fixed-claims\":{}", "[".repeat(100_000));
    let deep_yaml = format!("fixed-claims: {}", "[".repeat(100_000));
    for (what, headers, body) in [
        ("malformed JSON", JSON, &b"{\"max-ttl\": "[..]),
        ("trailing JSON", JSON, b"{} {}"),
        ("malformed YAML", YAML, b"max-ttl: [1h\n  x: {"),
        ("invalid UTF-8 in JSON", JSON, b"{\"algorithm\": \"\xff\xfe\"}"),
        ("invalid UTF-8 in YAML", YAML, b"algorithm: \xff\xfe"),
        ("duplicate keys in JSON", JSON, b"{\"max-ttl\":\"1h\",\"max-ttl\":\"2h\"}"),
        ("duplicate keys in YAML", YAML, b"max-ttl: 1h\nmax-ttl: 2h\n"),
        ("two YAML documents", YAML, b"max-ttl: 1h\n---\nmax-ttl: 2h\n"),
        ("a YAML alias bomb", YAML, alias_bomb.as_bytes()),
        ("deep JSON", JSON, deep_json.as_bytes()),
        ("deep YAML", YAML, deep_yaml.as_bytes()),
        ("deep of an unknown format", "", deep_json.as_bytes()),
        ("a NUL", JSON, b"\0"),
        ("a body that is a scalar", JSON, b"1"),
        ("no body", JSON, b""),
    ] {
        let begun = Instant::now();
        target.refused(what, target.send(&put, headers, body), &[400, 413]);
        assert!(begun.elapsed() < Duration::from_secs(10), "{what} took {:?}", begun.elapsed());
    }
    let patch = format!("PATCH {ROLE}");
    let json_patch = "content-type: application/json-patch+json\r\n";
    target.refused("a deep JSON Patch", target.send(&patch, json_patch, deep_json.as_bytes()), &[400]);
    target.refused("a deep transaction", target.send("POST /v1/config", YAML, deep_yaml.as_bytes()), &[400]);
    assert!(target.peak_memory() < 512 * 1024, "{} KiB", target.peak_memory());
}

#[test]
fn urls_that_nobody_types() {
    let target = Target::new();
    let config = "GET /v1/config/strongbox/jwt-issuers";
    let parentheses = format!("{config}?where={}1{}", "(".repeat(7_000), ")".repeat(7_000));
    let encoded_parentheses = format!("{config}?where={}", "(".repeat(10_000));
    let brackets = format!("{config}?fields={}", "a/[".repeat(5_000));
    let minus = format!("{config}?where={}1", "-".repeat(15_000));
    let long = format!("{config}/{}", "x".repeat(64 * 1024));
    let many = format!("{config}?{}", "a&".repeat(7_000));
    for (what, line, allowed) in [
        ("a URL of 64 KiB", long.as_str(), &[414][..]),
        ("where with 14,000 parentheses", &parentheses, &[400]),
        ("where with 10,000 open parentheses", &encoded_parentheses, &[400]),
        ("where with 15,000 minus signs", &minus, &[200, 400]),
        ("fields with 5,000 brackets", &brackets, &[400]),
        ("7,000 parameters", &many, &[400]),
        ("invalid UTF-8 in a path", "GET /v1/config/strongbox/%ff%fe", &[400]),
        ("a broken escape", "GET /v1/config/strongbox/%zz", &[400]),
        ("invalid UTF-8 in a query", "GET /v1/config/strongbox/jwt-issuers?where=%ff", &[400]),
        ("an encoded slash", "GET /v1/config/strongbox%2fjwt-issuers", &[404]),
        ("dots", "GET /v1/config/../../etc/passwd", &[404]),
        ("a NUL in a key", "GET /v1/config/strongbox/jwt-issuers/a%00b", &[400]),
    ] {
        target.refused(what, target.send(line, "", b""), allowed);
    }
}

#[test]
fn a_body_of_a_gibibyte() {
    let target = Target::new();
    let address = target.daemon.fact("/address").to_owned();
    let token = target.daemon.fact("/tokens/alice").to_owned();
    let head = |length: &str| {
        format!(
            "PUT {ROLE} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n{length}\r\n\r\n",
            host(&address)
        )
    };
    let declared = head("content-length: 1073741824");
    target.refused("by Content-Length", exchange(&address, declared.as_bytes()), &[413]);

    let mut stream = TcpStream::connect(host(&address)).unwrap();
    stream.write_all(head("transfer-encoding: chunked").as_bytes()).unwrap();
    let mut chunk = format!("{:x}\r\n", 1024 * 1024).into_bytes();
    chunk.resize(chunk.len() + 1024 * 1024, b' ');
    chunk.extend_from_slice(b"\r\n");
    let mut written = 0;
    while written < 1024 && stream.write_all(&chunk).is_ok() {
        written += 1;
    }
    assert!(written < 1024, "the daemon read all of it");
    // What it answered may be lost when it closes with unread data behind it.
    if let Ok(answer) = read_answer(&mut stream, false) {
        assert_eq!(answer.status(), 413);
    }
    assert!(target.peak_memory() < 256 * 1024, "{} KiB", target.peak_memory());
    target.refused("afterwards", target.send("GET /v1/config/nothing", "", b""), &[404]);
}

/// That they are closed in the end is tested beside the listener, with a shorter timeout than a daemon has.
#[test]
fn headers_drop_by_drop_keep_nobody_waiting() {
    let target = Target::new();
    let mut slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(host(target.daemon.fact("/address"))).unwrap();
            stream.write_all(b"GET /v1/config HTTP/1.1\r\nhost: x\r\n").unwrap();
            stream
        })
        .collect();
    for _ in 0..5 {
        for stream in &mut slow {
            stream.write_all(b"x-a: b\r\n").unwrap();
        }
        let begun = Instant::now();
        target.refused("meanwhile", target.send("GET /v1/config/nothing", "", b""), &[404]);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[test]
fn header_sections_without_end() {
    let target = Target::new();
    let large = format!("x-large: {}\r\n", "x".repeat(40 * 1024));
    target.refused("40 KiB of headers", target.send("GET /v1/config", &large, b""), &[431]);
    let many: String = (0..200).map(|index| format!("x-{index}: y\r\n")).collect();
    let answer = target.send("GET /v1/config", &many, b"").unwrap();
    assert_eq!(answer.status(), 431, "{}", answer.status_line);
}
