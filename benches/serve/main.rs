//! What the daemon does in a second, each figure beside its ceiling in the same run.
//!
//! `cargo bench --bench serve` starts the release binary with `quickstart`, fills it, and loads it over loopback; the ceilings are
//! bare hyper servers, each a process of its own as the daemon is, and bare SQLite on the same disk. `SECONDS` sets the length of
//! a measurement (default 2), `ROUNDS` how often each ceiling and the daemon take turns (default 3: the round with the middle
//! ratio is printed), `ROLES` the sizes (default `1000,100000`), `ONLY` a word that the works to be measured have in their names.
//!
//! Beside the rate stands the processor time that the daemon took for a request, user and system, and that of a bare server: on a
//! busy machine that is what can be compared.

// A measurement that cannot be made ends the run; there is nobody to recover for.
#![allow(clippy::expect_used)]

mod ceiling;
mod daemon;
mod load;
mod log_in;
mod process;
mod wrong_passwords;

use std::path::Path;
use std::time::Duration;

use ceiling::Work;
use daemon::Daemon;
use load::{Measured, Request};
use process::Process;

/// Requests in flight at once in the measurements that are not of one client.
const CONNECTIONS: usize = 64;
/// Where the roles are.
const ISSUER: &str = "/v1/config/strongbox/jwt-issuers/payments-api";
/// Where they are by RESTCONF.
const ISSUER_BY_RESTCONF: &str =
    "/restconf/data/strongbox:strongbox/strongbox-jwt-issuer:jwt-issuers=payments-api";

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

/// What a measurement stands beside.
struct Ceiling {
    name: &'static str,
    /// Requests a second.
    rate: f64,
    /// Processor time for a request, and the latency that 99 of 100 do not exceed, of a ceiling that is a server.
    server: Option<(Duration, Duration)>,
    /// Which part of the rate is to be reached.
    target: f64,
}

/// What is measured, where, for how long and how often.
struct Bench<'a> {
    daemon: &'a Daemon,
    dir: &'a Path,
    time: Duration,
    rounds: usize,
    only: &'a str,
}

impl Bench<'_> {
    fn asks_for(&self, what: &str) -> bool {
        what.contains(self.only)
    }

    /// Measures a work in turns with its ceilings, and prints the round in the middle.
    async fn work<F>(&self, what: &str, connections: usize, make: F, ceilings: impl AsyncFn() -> Vec<Ceiling>)
    where
        F: Fn(usize, usize) -> Request + Clone + Send + Sync + 'static,
    {
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            let ceilings = ceilings().await;
            rounds.push((self.daemon.process.load(connections, self.time, make.clone()).await, ceilings));
        }
        // The last ceiling is the one that a server can come near to.
        let ratio = |(ours, ceilings): &(Measured, Vec<Ceiling>)| {
            ours.rate() / ceilings.last().map_or(1.0, |ceiling| ceiling.rate)
        };
        rounds.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
        let (ours, ceilings) = rounds.swap_remove(rounds.len() / 2);
        report(what, &ours, &ceilings);
    }

    /// The same, when every request is this one and the ceiling a bare server that does `work`.
    async fn beside(
        &self,
        what: &str,
        connections: usize,
        request: Request,
        name: &'static str,
        work: Work,
        target: f64,
    ) {
        if !self.asks_for(what) {
            return;
        }
        let (server, again) = (ceiling::start(&work), request.clone());
        let ceilings = async || vec![self.bare(name, &server, &again, connections, target).await];
        self.work(what, connections, move |_, _| request.clone(), ceilings).await;
    }

    /// Requests that a bare server answers in a second.
    async fn bare(
        &self,
        name: &'static str,
        server: &Process,
        request: &Request,
        connections: usize,
        target: f64,
    ) -> Ceiling {
        let request = request.clone();
        let measured = server.load(connections, self.time, move |_, _| request.clone()).await;
        let server = Some((measured.processor.unwrap_or_default(), measured.percentile(0.99)));
        Ceiling { name, rate: measured.rate(), server, target }
    }

    async fn one_role(&self, what: &str, path: &str) {
        let get = self.daemon.request("GET", path, "", 200);
        let body = self.daemon.once(get.clone()).await;
        self.beside(what, CONNECTIONS, get, "bare hyper", Work::Bytes(body), 0.6).await;
    }

    async fn mint(&self) {
        let path = "/v1/state/strongbox/jwt-issuers/payments-api/roles/reader/mint";
        let mint = self.daemon.request("POST", path, "{}", 200);
        let ceiling = "bare hyper + signature";
        self.beside("mint ES256, 64 connections", CONNECTIONS, mint, ceiling, Work::SignEs256, 0.7).await;
    }

    /// Identity tokens as a Vault client gets them.
    async fn identity_tokens(&self) {
        let daemon = self.daemon;
        // The administrator's token stands for nobody; one that somebody logged in for does.
        let user = r#"{"password": "correct horse", "token-policies": ["root"]}"#;
        let place = "/v1/config/strongbox/authentication/userpass/ida";
        daemon.once(Request::new("PUT", place, &daemon.admin, user, 201)).await;
        let login = r#"{"username": "ida", "password": "correct horse"}"#;
        let issued = daemon.once(Request::new("POST", "/v1/login", &daemon.admin, login, 200)).await;
        let issued: serde_json::Value = serde_json::from_slice(&issued).expect("JSON");
        let token = issued["token"].as_str().expect("a token");
        let works = [("ES256", Work::SignEs256), ("RS256", Work::SignRs256), ("EdDSA", Work::SignEdDsa)];
        for (algorithm, work) in works {
            let request = |method: &str, path: &str, body: &str, expected: u16| {
                Request::new(method, &format!("/v1/identity/oidc/{path}/{algorithm}"), token, body, expected)
            };
            let key = format!(r#"{{"algorithm": "{algorithm}", "allowed_client_ids": ["*"]}}"#);
            daemon.once(request("POST", "key", &key, 204)).await;
            daemon.once(request("POST", "role", &format!(r#"{{"key": "{algorithm}"}}"#), 204)).await;
            let get = request("GET", "token", "", 200);
            let what = format!("identity token {algorithm}, 64 connections");
            self.beside(&what, CONNECTIONS, get, "bare hyper + signature", work, 0.7).await;
        }
    }

    async fn list(&self, size: usize, path: &str, what: &str) {
        let get = self.daemon.request("GET", path, "", 200);
        let plain = |n| serde_json::from_value(role(&format!("r{n:07}"))).expect("a role");
        let roles = (0..size).map(plain).collect();
        let what = format!("{what} {size} roles, 1 connection");
        self.beside(&what, 1, get, "hyper + serde_json", Work::Json(roles), 0.67).await;
    }

    async fn patch(&self, size: usize, connections: usize) {
        let token = self.daemon.token.clone();
        let make = move |connection: usize, n: usize| {
            let path = format!("{ISSUER}/roles/r{:07}", 1 + (connection * 13) % (size - 2));
            let body = format!("{{\"max-ttl\":\"{}s\"}}", 1800 + (n % 1000));
            Request::new("PATCH", &path, &token, &body, 204)
        };
        let what = format!("PATCH one leaf of {size} roles, {connections} clients");
        self.beside_commits(&what, connections, make, Work::Bytes(Vec::new())).await;
    }

    async fn patch_by_restconf(&self, size: usize) {
        let token = self.daemon.token.clone();
        let make = move |_: usize, n: usize| {
            let path = format!("{ISSUER_BY_RESTCONF}/roles=r{:07}/max-ttl", 1 + n % (size - 2));
            let body = format!("{{\"strongbox-jwt-issuer:max-ttl\":\"{}s\"}}", 1800 + (n % 1000));
            Request::new("PATCH", &path, &token, &body, 204)
        };
        let what = format!("RESTCONF PATCH one leaf of {size} roles, 1 client");
        self.beside_commits(&what, 1, make, Work::Bytes(Vec::new())).await;
    }

    /// A YANG Patch of a thousand edits is one commit (RFC 8072). What it stands beside is a time that it may take.
    async fn yang_patch(&self, size: usize) {
        const EDITS: usize = 1_000;
        let token = self.daemon.token.clone();
        let make = move |_: usize, n: usize| {
            let edit = |at: usize| {
                let target = format!("/roles=r{:07}/max-ttl", 1 + at % (size - 2));
                let value = serde_json::json!({"strongbox-jwt-issuer:max-ttl": format!("{}s", 1800 + (n + at) % 1000)});
                serde_json::json!({"edit-id": at.to_string(), "operation": "merge", "target": target, "value": value})
            };
            let edits: Vec<_> = (0..EDITS).map(edit).collect();
            let body =
                serde_json::json!({"ietf-yang-patch:yang-patch": {"patch-id": n.to_string(), "edit": edits}});
            let content_type = "application/yang-patch+json";
            Request::with_type("PATCH", ISSUER_BY_RESTCONF, &token, content_type, &body.to_string(), 200)
        };
        let what = format!("YANG Patch of {EDITS} edits of {size} roles, 1 client");
        if self.asks_for(&what) {
            let most = || Ceiling { name: "20 ms each,", rate: 50.0, server: None, target: 1.0 };
            self.work(&what, 1, make, async || vec![most()]).await;
        }
    }

    /// Measures a durable write beside its two ceilings: inserts into SQLite without HTTP, and a bare server with a thread that
    /// commits what waits as a group, after doing `work`.
    async fn beside_commits<F>(&self, what: &str, connections: usize, make: F, work: Work)
    where
        F: Fn(usize, usize) -> Request + Clone + Send + Sync + 'static,
    {
        if !self.asks_for(what) {
            return;
        }
        let (inserts, target) =
            if connections == 1 { ("one SQLite commit", 0.77) } else { ("SQLite group of 64", 0.6) };
        let (served, target) = match (&work, connections) {
            (Work::VerifyEs256, _) => ("hyper + verification + group commit", 0.7),
            (_, 1) => ("hyper + commit", target),
            _ => ("hyper + group commit", target),
        };
        let server = ceiling::start(&Work::Commit(self.dir.to_owned(), Box::new(work)));
        let request = Request { expected: 200, ..make(0, 0) };
        let ceilings = async || {
            let rate = ceiling::sqlite_commits(self.dir, connections as u64, self.time);
            let inserts = Ceiling { name: inserts, rate, server: None, target };
            vec![inserts, self.bare(served, &server, &request, connections, target).await]
        };
        self.work(what, connections, make, ceilings).await;
    }

    async fn count(&self, size: usize) {
        let path = format!("{ISSUER}/roles?count&where=starts-with(name,'r00000')");
        let count = self.daemon.request("GET", &path, "", 200);
        let what = format!("where and count over {size} roles");
        if self.asks_for(&what) {
            self.work(&what, 1, move |_, _| count.clone(), async || Vec::new()).await;
        }
    }
}

/// Prints what was measured beside each of its ceilings.
fn report(what: &str, ours: &Measured, ceilings: &[Ceiling]) {
    let (p50, p99) = (milliseconds(ours.percentile(0.5)), milliseconds(ours.percentile(0.99)));
    let measured =
        format!("| {what} | {:.0}/s | {} | {p50} | {p99} |", ours.rate(), microseconds(ours.processor));
    for Ceiling { name, rate, server, target } in ceilings {
        let processor = microseconds(server.map(|(processor, _)| processor));
        let p99 = server.map_or(String::new(), |(_, p99)| milliseconds(p99));
        let ratio = ours.rate() / rate;
        println!("{measured} {name} {rate:.0}/s | {processor} | {p99} | {ratio:.2} | {target:.2} |");
    }
    if ceilings.is_empty() {
        println!("{measured} | | | | |");
    }
}

fn microseconds(time: Option<Duration>) -> String {
    time.map_or(String::new(), |time| format!("{:.1} µs", time.as_secs_f64() * 1e6))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

async fn run(time: Duration, rounds: usize, sizes: &[usize], only: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let daemon = Daemon::start(&data);
    println!(
        "| work | strongbox | processor | p50 | p99 | ceiling | processor | p99 | ratio | target |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    let bench = Bench { daemon: &daemon, dir: dir.path(), time, rounds, only };
    bench.one_role("GET one role, 64 connections", &format!("{ISSUER}/roles/reader")).await;
    let path = format!("{ISSUER_BY_RESTCONF}/roles=reader");
    bench.one_role("RESTCONF GET one role, 64 connections", &path).await;
    bench.mint().await;
    bench.identity_tokens().await;
    if log_in::WHAT.iter().any(|what| bench.asks_for(what)) {
        // Tens of thousands of tokens come of it, and are not to be swept while something else is measured.
        let visited = Daemon::start(&dir.path().join("visited"));
        log_in::run(&Bench { daemon: &visited, ..bench }).await;
    }
    if bench.asks_for(wrong_passwords::WHAT) {
        wrong_passwords::run(dir.path(), time).await;
    }
    let mut filled = 1;
    for size in sizes {
        daemon.fill(filled, *size).await;
        filled = *size;
        if *size == sizes[0] {
            bench.list(*size, &format!("{ISSUER}/roles"), "GET").await;
            bench.list(*size, &format!("{ISSUER_BY_RESTCONF}/roles"), "RESTCONF GET").await;
        }
        bench.patch(*size, 1).await;
        bench.patch(*size, CONNECTIONS).await;
        bench.patch_by_restconf(*size).await;
        bench.yang_patch(*size).await;
        println!(
            "| resident memory at {size} roles | {:.0} MiB | | | | | | | | |",
            daemon.process.resident()
        );
        bench.count(*size).await;
    }
    drop(daemon);
    let begin = std::time::Instant::now();
    let daemon = Daemon::start(&data);
    println!(
        "| boot with {filled} roles | {:.2} s to a first token | {:.2} s | | | {:.0} MiB resident | | | | |",
        begin.elapsed().as_secs_f64(),
        daemon.process.processor(),
        daemon.process.resident()
    );
}

fn main() {
    // `cargo test` runs bench targets too, with this argument; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let setting = |name: &str, default: &str| {
        std::env::vars().find(|(key, _)| key == name).map_or(default.to_owned(), |pair| pair.1)
    };
    let seconds: f64 = setting("SECONDS", "2").parse().expect("SECONDS is a number");
    let rounds: usize = setting("ROUNDS", "3").parse().expect("ROUNDS is a number");
    let sizes: Vec<usize> = setting("ROLES", "1000,100000")
        .split(',')
        .map(|size| size.trim().parse().expect("ROLES are numbers"))
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if std::env::args().any(|argument| argument == ceiling::SERVE) {
        return runtime.block_on(ceiling::serve());
    }
    runtime.block_on(run(Duration::from_secs_f64(seconds), rounds.max(1), &sizes, &setting("ONLY", "")));
}
