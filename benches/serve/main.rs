//! What the daemon does in a second, each figure beside its ceiling in the same run.
//!
//! `cargo bench --bench serve` starts the release binary with `quickstart`, fills it, and loads it over loopback; the ceilings are
//! bare hyper servers in this process and bare SQLite on the same disk. `SECONDS` sets the length of a measurement (default 3),
//! `ROLES` the sizes (default `1000,100000`).

// A measurement that cannot be made ends the run; there is nobody to recover for.
#![allow(clippy::expect_used)]

mod ceiling;
mod load;
mod log_in;
mod wrong_passwords;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use ceiling::Work;
use load::{Measured, Request};

/// Requests in flight at once in the measurements that are not of one client.
const CONNECTIONS: usize = 64;
/// Where the roles are.
const ISSUER: &str = "/v1/config/strongbox/jwt-issuers/payments-api";
/// Where they are by RESTCONF.
const ISSUER_BY_RESTCONF: &str =
    "/restconf/data/strongbox:strongbox/strongbox-jwt-issuer:jwt-issuers=payments-api";

/// The daemon under load, killed when dropped.
struct Daemon {
    child: Child,
    address: SocketAddr,
    token: String,
    admin: String,
}

impl Daemon {
    fn start(dir: &std::path::Path) -> Self {
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
    fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
    }

    fn request(&self, method: &str, path: &str, body: &str, expected: u16) -> Request {
        Request::new(method, path, &self.token, body, expected)
    }

    /// Sends one request and returns the body of the answer.
    async fn once(&self, request: Request) -> Vec<u8> {
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
    async fn fill(&self, from: usize, count: usize) {
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

fn role(name: &str) -> serde_json::Value {
    serde_json::json!({
        "name": name,
        "allowed-audiences": ["https://api.example.com", "https://api.*.example.com"],
        "default-audiences": ["https://api.example.com"],
        "require-audience": true,
        "subject-template": "${SYS_TENANT}/${SYS_USERNAME}",
        "default-ttl": "15m",
        "max-ttl": "1h",
        "algorithm": "ES256",
        "fixed-claims": [{"name": "tier", "value": "gold"}, {"name": "realm", "value": "${SYS_TENANT}"}],
        "allowed-claims": [
            {"name": "scope", "type": "string-array", "allowed-values": ["read:*", "list:*"]},
            {"name": "trace_id", "type": "string", "allowed-values": ["*"]}
        ],
        "required-claims": ["tier"],
        "verbose-logging": false,
        "distribute": {"to": "all"}
    })
}

fn report(what: &str, ours: &Measured, ceiling_name: &str, ceiling: f64, target: f64) {
    let ratio = ours.rate() / ceiling;
    println!(
        "| {what} | {:.0}/s | {:.2} ms | {:.2} ms | {ceiling_name} {ceiling:.0}/s | {ratio:.2} | {target:.2} |",
        ours.rate(),
        ours.percentile(0.5).as_secs_f64() * 1e3,
        ours.percentile(0.99).as_secs_f64() * 1e3,
    );
}

async fn bare(work: Work, request: Request, connections: usize, time: Duration) -> Measured {
    let address = ceiling::bare_server(work).await;
    load::run(address, connections, time, move |_, _| request.clone()).await
}

async fn run(time: Duration, sizes: &[usize]) {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let daemon = Daemon::start(&data);
    println!(
        "| work | strongbox | p50 | p99 | ceiling | ratio | target |\n| --- | --- | --- | --- | --- | --- | --- |"
    );

    let get = daemon.request("GET", &format!("{ISSUER}/roles/reader"), "", 200);
    let body = Bytes::from(daemon.once(get.clone()).await);
    let ceiling = bare(Work::Bytes(body), get.clone(), CONNECTIONS, time).await;
    let ours = load::run(daemon.address, CONNECTIONS, time, move |_, _| get.clone()).await;
    report("GET one role, 64 connections", &ours, "bare hyper", ceiling.rate(), 0.6);

    let get = daemon.request("GET", &format!("{ISSUER_BY_RESTCONF}/roles=reader"), "", 200);
    let body = Bytes::from(daemon.once(get.clone()).await);
    let ceiling = bare(Work::Bytes(body), get.clone(), CONNECTIONS, time).await;
    let ours = load::run(daemon.address, CONNECTIONS, time, move |_, _| get.clone()).await;
    report("RESTCONF GET one role, 64 connections", &ours, "bare hyper", ceiling.rate(), 0.6);

    let mint =
        daemon.request("POST", "/v1/state/strongbox/jwt-issuers/payments-api/roles/reader/mint", "{}", 200);
    let ceiling = bare(Work::sign_es256(), mint.clone(), CONNECTIONS, time).await;
    let ours = load::run(daemon.address, CONNECTIONS, time, move |_, _| mint.clone()).await;
    report("mint ES256, 64 connections", &ours, "bare hyper + signature", ceiling.rate(), 0.7);

    identity_tokens(&daemon, time).await;

    log_in::run(&daemon, dir.path(), time).await;
    wrong_passwords::run(dir.path(), time).await;

    let mut filled = 1;
    for size in sizes {
        daemon.fill(filled, *size).await;
        filled = *size;
        if *size == sizes[0] {
            list(&daemon, *size, &format!("{ISSUER}/roles"), "GET", time).await;
            list(&daemon, *size, &format!("{ISSUER_BY_RESTCONF}/roles"), "RESTCONF GET", time).await;
        }
        patch(&daemon, *size, dir.path(), time).await;
        patch_by_restconf(&daemon, *size, dir.path(), time).await;
        yang_patch(&daemon, *size, time).await;
        println!("| resident memory at {size} roles | {:.0} MiB | | | | | |", daemon.resident());
        let count =
            daemon.request("GET", &format!("{ISSUER}/roles?count&where=starts-with(name,'r00000')"), "", 200);
        let ours = load::run(daemon.address, 1, time, move |_, _| count.clone()).await;
        println!(
            "| where and count over {size} roles | {:.0}/s | {:.2} ms | {:.2} ms | | | |",
            ours.rate(),
            ours.percentile(0.5).as_secs_f64() * 1e3,
            ours.percentile(0.99).as_secs_f64() * 1e3
        );
    }
    drop(daemon);
    let begin = std::time::Instant::now();
    let daemon = Daemon::start(&data);
    println!(
        "| boot with {filled} roles | {:.2} s to a first token, {:.0} MiB resident | | | | | |",
        begin.elapsed().as_secs_f64(),
        daemon.resident()
    );
}

/// Identity tokens as a Vault client gets them.
async fn identity_tokens(daemon: &Daemon, time: Duration) {
    // The administrator's token stands for nobody; one that somebody logged in for does.
    let user = r#"{"password": "correct horse", "token-policies": ["root"]}"#;
    let place = "/v1/config/strongbox/authentication/userpass/ida";
    daemon.once(Request::new("PUT", place, &daemon.admin, user, 201)).await;
    let login = r#"{"username": "ida", "password": "correct horse"}"#;
    let issued = daemon.once(Request::new("POST", "/v1/login", &daemon.admin, login, 200)).await;
    let issued: serde_json::Value = serde_json::from_slice(&issued).expect("JSON");
    let token = issued["token"].as_str().expect("a token");
    let works = [("ES256", Work::sign_es256()), ("RS256", Work::sign_rs256()), ("EdDSA", Work::sign_eddsa())];
    for (algorithm, work) in works {
        let request = |method: &str, path: &str, body: &str, expected: u16| {
            Request::new(method, &format!("/v1/identity/oidc/{path}/{algorithm}"), token, body, expected)
        };
        let key = format!(r#"{{"algorithm": "{algorithm}", "allowed_client_ids": ["*"]}}"#);
        daemon.once(request("POST", "key", &key, 204)).await;
        daemon.once(request("POST", "role", &format!(r#"{{"key": "{algorithm}"}}"#), 204)).await;
        let get = request("GET", "token", "", 200);
        let ceiling = bare(work, get.clone(), CONNECTIONS, time).await;
        let ours = load::run(daemon.address, CONNECTIONS, time, move |_, _| get.clone()).await;
        let what = format!("identity token {algorithm}, 64 connections");
        report(&what, &ours, "bare hyper + signature", ceiling.rate(), 0.7);
    }
}

async fn list(daemon: &Daemon, size: usize, path: &str, what: &str, time: Duration) {
    let get = daemon.request("GET", path, "", 200);
    let roles: Vec<_> = (0..size).map(|n| role(&format!("r{n:07}"))).collect();
    let ceiling = bare(Work::json(roles), get.clone(), 1, time).await;
    let ours = load::run(daemon.address, 1, time, move |_, _| get.clone()).await;
    report(&format!("{what} {size} roles, 1 connection"), &ours, "hyper + serde_json", ceiling.rate(), 0.67);
}

async fn patch_by_restconf(daemon: &Daemon, size: usize, dir: &std::path::Path, time: Duration) {
    let ceiling = ceiling::sqlite_commits(dir, time);
    let token = daemon.token.clone();
    let ours = load::run(daemon.address, 1, time, move |_, n| {
        let path = format!("{ISSUER_BY_RESTCONF}/roles=r{:07}/max-ttl", 1 + n % (size - 2));
        let body = format!("{{\"strongbox-jwt-issuer:max-ttl\":\"{}s\"}}", 1800 + (n % 1000));
        Request::new("PATCH", &path, &token, &body, 204)
    })
    .await;
    report(
        &format!("RESTCONF PATCH one leaf of {size} roles, 1 client"),
        &ours,
        "one SQLite commit",
        ceiling,
        0.77,
    );
}

/// A YANG Patch of a thousand edits is one commit (RFC 8072). Its ceiling is a time, not a peer.
async fn yang_patch(daemon: &Daemon, size: usize, time: Duration) {
    const EDITS: usize = 1_000;
    const CEILING: Duration = Duration::from_millis(20);
    let token = daemon.token.clone();
    let ours = load::run(daemon.address, 1, time, move |_, n| {
        let edit = |at: usize| {
            let target = format!("/roles=r{:07}/max-ttl", 1 + at % (size - 2));
            let value = serde_json::json!({"strongbox-jwt-issuer:max-ttl": format!("{}s", 1800 + (n + at) % 1000)});
            serde_json::json!({"edit-id": at.to_string(), "operation": "merge", "target": target, "value": value})
        };
        let edits: Vec<_> = (0..EDITS).map(edit).collect();
        let body = serde_json::json!({"ietf-yang-patch:yang-patch": {"patch-id": n.to_string(), "edit": edits}});
        let content_type = "application/yang-patch+json";
        Request::with_type("PATCH", ISSUER_BY_RESTCONF, &token, content_type, &body.to_string(), 200)
    })
    .await;
    let median = ours.percentile(0.5).as_secs_f64() * 1e3;
    println!(
        "| YANG Patch of {EDITS} edits of {size} roles, 1 client | {:.0}/s | {median:.2} ms | {:.2} ms | {} ms | {:.2} | 1.00 |",
        ours.rate(),
        ours.percentile(0.99).as_secs_f64() * 1e3,
        CEILING.as_millis(),
        median / (CEILING.as_secs_f64() * 1e3),
    );
}

async fn patch(daemon: &Daemon, size: usize, dir: &std::path::Path, time: Duration) {
    let single = ceiling::sqlite_commits(dir, time);
    let group = ceiling::sqlite_group_commits(dir, CONNECTIONS as u64, time);
    for (connections, name, ceiling, target) in
        [(1, "one SQLite commit", single, 0.77), (CONNECTIONS, "SQLite group of 64", group, 0.6)]
    {
        let token = daemon.token.clone();
        let ours = load::run(daemon.address, connections, time, move |connection, n| {
            let path = format!("{ISSUER}/roles/r{:07}", 1 + (connection * 13) % (size - 2));
            let body = format!("{{\"max-ttl\":\"{}s\"}}", 1800 + (n % 1000));
            Request::new("PATCH", &path, &token, &body, 204)
        })
        .await;
        report(
            &format!("PATCH one leaf of {size} roles, {connections} clients"),
            &ours,
            name,
            ceiling,
            target,
        );
    }
}

fn main() {
    // `cargo test` runs bench targets too, with this argument; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let setting = |name: &str, default: &str| {
        std::env::vars().find(|(key, _)| key == name).map_or(default.to_owned(), |pair| pair.1)
    };
    let seconds: f64 = setting("SECONDS", "3").parse().expect("SECONDS is a number");
    let sizes: Vec<usize> = setting("ROLES", "1000,100000")
        .split(',')
        .map(|size| size.trim().parse().expect("ROLES are numbers"))
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(Duration::from_secs_f64(seconds), &sizes));
}
