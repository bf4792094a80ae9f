//! The seal from outside: a daemon that has no store, is sealed, is opened and closed again, and what lies on its disk
//! meanwhile.

mod vault_clients;

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::conversation::wire::exchange;

const SYSTEM: &str = "v1/state/strongbox/system";

/// A daemon in a process of its own, killed when dropped.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub address: String,
    lines: Receiver<String>,
    log: RefCell<String>,
}

impl Served {
    /// Starts one on a data directory, with more arguments and variables of the environment.
    pub fn start(data: &Path, more: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strongbox"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-directory"]).arg(data).args(more);
        command.current_dir(data.parent().unwrap()).env_remove("STRONGBOX_CONFIG");
        command.envs(environment.iter().copied());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut served = Served { child, address: String::new(), lines, log: RefCell::default() };
        served.wait_for("listening");
        let log = served.log();
        let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        served.address = format!("http://{address}");
        served
    }

    /// What it has said so far.
    fn log(&self) -> String {
        self.lines.try_iter().for_each(|line| self.keep(&line));
        self.log.borrow().clone()
    }

    fn keep(&self, line: &str) {
        let mut log = self.log.borrow_mut();
        log.push_str(line);
        log.push('\n');
    }

    fn wait_for(&self, words: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.log().contains(words) {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.keep(&line),
                Err(why) => panic!("no {words:?} ({why}) in {}", self.log()),
            }
        }
    }

    /// Status and body.
    fn send(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} /{path} HTTP/1.1\r\nhost: box\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = exchange(&self.address, request.as_bytes()).unwrap();
        (answer.status(), serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, "none", None)
    }

    fn post(&self, action: &str, token: &str, body: Value) -> (u16, Value) {
        self.send("POST", &format!("{SYSTEM}/{action}"), token, Some(&body))
    }

    fn status(&self) -> Value {
        let (status, body) = self.get(&format!("{SYSTEM}/seal-status"));
        assert_eq!(status, 200, "{body}");
        body
    }

    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "SIGTERM ends it in order: {}", self.log());
        // The sender is gone when the last line was read.
        while let Ok(line) = self.lines.recv() {
            self.keep(&line);
        }
        self.log()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory that goes when the first part is dropped, and a data directory in it that is not there yet.
pub fn directory() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    (dir, data)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

/// The error of an answer.
fn message(body: &Value) -> &str {
    text(body, "/errors/0/error-message")
}

#[test]
fn from_nothing_to_unsealed_and_back() {
    let (_dir, data) = directory();
    let daemon = Served::start(&data, &[], &[]);
    assert!(daemon.log().contains("strongbox init"), "{}", daemon.log());
    assert_eq!(daemon.status(), json!({"initialized": false, "sealed": true}));
    assert_eq!(daemon.get("health").0, 503);
    assert_eq!(daemon.get("health").1["status"], "uninitialized");
    assert_eq!(daemon.post("unseal", "none", json!({"shares": ["1:AAAA"]})).0, 400);

    for wrong in
        [json!({"shares": 3, "threshold": 4}), json!({"shares": 3, "threshold": 1}), json!({"shares": 0})]
    {
        let (status, body) = daemon.post("init", "none", wrong.clone());
        assert_eq!(status, 400, "{wrong}: {body}");
    }
    assert_eq!(daemon.send("POST", &format!("{SYSTEM}/init?validate"), "none", None).0, 204);
    let (status, made) = daemon.post("init", "none", json!({}));
    assert_eq!(status, 200, "{made}");
    let shares: Vec<&str> = made["key-shares"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(shares.len(), 5);
    assert!(shares[0].starts_with("1:") && shares[4].starts_with("5:"), "{shares:?}");
    let root = text(&made, "/root-token");
    let (status, again) = daemon.post("init", "none", json!({}));
    assert_eq!((status, message(&again)), (400, "the store is initialized already"));

    // Sealed: nothing but the seal, health and metrics.
    assert_eq!(daemon.get("health").1["status"], "sealed");
    assert_eq!(daemon.get("metrics").0, 200);
    for (method, path) in [
        ("GET", "v1/config"),
        ("GET", "v1"),
        ("GET", "v1/state/strongbox/system"),
        ("GET", "v1/no/such/thing"),
        ("POST", "v1/login"),
        ("POST", "v1/state/strongbox/system/seal"),
        ("POST", "v1/state/strongbox/system/rekey/start"),
        ("GET", "jwt/x/.well-known/jwks.json"),
        ("GET", ""),
    ] {
        let (status, body) = daemon.send(method, path, root, None);
        assert_eq!(
            (status, message(&body)),
            (503, "Service Unavailable (strongbox sealed)"),
            "{method} {path}"
        );
    }
    assert_eq!(daemon.send("PUT", &format!("{SYSTEM}/seal-status"), root, None).0, 405);

    let (status, one) = daemon.post("unseal", "none", json!({"shares": [shares[4]]}));
    assert_eq!(
        (status, &one["progress"], &one["threshold"], &one["sealed"]),
        (200, &json!(1), &json!(3), &json!(true))
    );
    let (status, two) = daemon.post("unseal", "none", json!({"shares": [shares[1]], "nonce": one["nonce"]}));
    assert_eq!((status, &two["progress"]), (200, &json!(2)));
    let (status, reset) = daemon.post("unseal", "none", json!({"reset": true}));
    assert_eq!((status, &reset["progress"]), (200, &json!(0)));
    let (status, open) = daemon.post("unseal", "none", json!({"shares": shares[1..4]}));
    assert_eq!((status, &open["sealed"], &open["data-key"]), (200, &json!(false), &json!(1)), "{open}");

    // The root token of init is the first thing in the store.
    assert_eq!(daemon.get("health"), (200, daemon.get("health").1));
    let (status, _) =
        daemon.send("PUT", "v1/config/tenants/acme", root, Some(&json!({"description": "mountain-lake"})));
    assert_eq!(status, 201);
    assert_eq!(daemon.get("v1/config").0, 401);
    let (status, seen) = daemon.post("unseal", "none", json!({"shares": [shares[0]]}));
    assert_eq!((status, &seen["sealed"]), (200, &json!(false)), "unsealing what is open changes nothing");

    // Only the system tenant may seal, whatever the policies of another say.
    let (_, admin) = daemon.send("POST", "v1/state/tenants/acme/create-token", root, None);
    assert_eq!(daemon.post("seal", text(&admin, "/token"), json!({})).0, 403);
    assert_eq!(daemon.post("seal", "none", json!({})).0, 401);
    assert_eq!(daemon.post("seal", root, json!({})).0, 204);
    assert_eq!(daemon.send("GET", "v1/config", root, None).0, 503);
    let (status, open) = daemon.post("unseal", "none", json!({"seal-key": made["seal-key"]}));
    assert_eq!((status, &open["sealed"]), (200, &json!(false)), "{open} {}", daemon.log());
    let (status, tenant) = daemon.send("GET", "v1/config/tenants/acme", root, None);
    assert_eq!((status, text(&tenant, "/description")), (200, "mountain-lake"));
    assert_eq!(daemon.post("seal", root, json!({})).0, 204);
    daemon.wait_for("the keys are gone from memory");
    let log = daemon.stop();
    assert!(!log.contains("still in memory"), "{log}");
    for secret in [root, shares[0], text(&made, "/seal-key")] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn what_callers_prepared_is_gone_when_the_daemon_is_sealed() {
    let (_dir, data) = directory();
    let daemon = Served::start(&data, &[], &[]);
    let (_, made) = daemon.post("init", "none", json!({"shares": 1, "threshold": 1}));
    let (root, key) = (text(&made, "/root-token"), json!({"seal-key": made["seal-key"]}));
    assert_eq!(daemon.post("unseal", "none", key.clone()).0, 200);
    let (_, other) = daemon.send("POST", "v1/state/strongbox/token/create-token", root, None);
    let callers = [root, text(&other, "/token")];
    let acme = "v1/candidate/tenants/acme";
    let differences = |token: &str| daemon.send("POST", "v1/diff-candidate", token, Some(&json!({})));
    let (_, none) = differences(root);
    for token in callers {
        let sent = daemon.send("PUT", acme, token, Some(&json!({"description": "prepared"})));
        assert_eq!(sent.0, 201, "{sent:?}");
        assert_eq!(daemon.send("GET", acme, token, None).0, 200);
        assert_ne!(differences(token).1, none);
    }
    assert_eq!(daemon.post("seal", root, json!({})).0, 204);
    assert_eq!(daemon.send("GET", acme, root, None).0, 503);
    daemon.wait_for("the keys are gone from memory");
    assert_eq!(daemon.post("unseal", "none", key).0, 200);
    for token in callers {
        assert_eq!(daemon.send("GET", acme, token, None).0, 404);
        assert_eq!(differences(token), (200, none.clone()));
        assert_eq!(daemon.send("GET", "v1/config/tenants/acme", token, None).0, 404);
    }
    let log = daemon.stop();
    assert!(!log.contains("still in memory"), "{log}");
}

#[test]
fn a_daemon_unseals_itself_by_file_environment_or_credential() {
    let (dir, data) = directory();
    let daemon = Served::start(&data, &[], &[]);
    let (_, made) = daemon.post("init", "none", json!({"shares": 1, "threshold": 1}));
    let key = text(&made, "/seal-key").to_owned();
    daemon.stop();
    let file = dir.path().join("strongbox-seal-key");
    std::fs::write(&file, &key).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let name = file.to_str().unwrap();
    let credentials = [("CREDENTIALS_DIRECTORY", dir.path().to_str().unwrap())];
    let of_file = ["--seal-key-file", name];
    for (flags, environment) in
        [(&of_file[..], &[][..]), (&[], &[("STRONGBOX_SEAL_KEY", key.as_str())]), (&[], &credentials)]
    {
        let daemon = Served::start(&data, flags, environment);
        assert_eq!(daemon.status()["sealed"], false, "{}", daemon.log());
        let log = daemon.stop();
        assert!(!log.contains(&key), "{log}");
    }
    let refused = |environment: &[(&str, &str)], flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strongbox"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-directory"]).arg(&data).args(flags);
        let output = command.current_dir(dir.path()).envs(environment.iter().copied()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&[("STRONGBOX_SEAL_KEY", "aHVudGVyMg==")], &[]);
    assert!(said.contains("STRONGBOX_SEAL_KEY has 7 bytes"), "{said}");
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let said = refused(&[("STRONGBOX_SEAL_KEY", other)], &[]);
    assert!(said.contains("is not the one of this store") && !said.contains(other), "{said}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused(&[], &of_file).contains("can be read by others (mode 0644)"));
}

/// What a command prints, given lines on its standard input.
fn ran(address: &str, token: &str, arguments: &[&str], input: &str) -> (Option<i32>, Value, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_strongbox"))
        .args(arguments)
        .args(["--output", "json", "--address", address])
        .env("STRONGBOX_TOKEN", token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), answer, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_commands_of_the_seal() {
    let (_dir, data) = directory();
    let daemon = Served::start(&data, &[], &[]);
    let address = daemon.address.clone();
    let (code, made, _) = ran(&address, "", &["init", "--shares", "3", "--threshold", "2"], "");
    assert_eq!(code, Some(0));
    let root = text(&made, "/root-token").to_owned();
    let share = |of: &Value, at: usize| text(of, &format!("/key-shares/{at}")).to_owned();
    let (code, _, said) = ran(&address, "", &["init"], "");
    assert!(code == Some(1) && said.contains("initialized already"), "{said}");
    let (_, status, _) = ran(&address, "", &["unseal"], &share(&made, 0));
    assert_eq!(status["progress"], 1);
    let (_, status, _) = ran(&address, "", &["unseal"], &format!("{}\n", share(&made, 2)));
    assert_eq!(status["sealed"], false);
    assert_eq!(ran(&address, &root, &["rotate"], "").1["data-key"], 2);
    assert_eq!(ran(&address, "", &["seal-status"], "").1["data-key"], 2);

    let (_, begun, _) = ran(&address, &root, &["rekey", "--start", "--shares", "2", "--threshold", "2"], "");
    let nonce = text(&begun, "/nonce").to_owned();
    assert_eq!(ran(&address, &root, &["rekey", "--status"], "").1["required"], 2);
    let old = format!("{}\n{}\n", share(&made, 1), share(&made, 0));
    let (_, new, said) = ran(&address, &root, &["rekey", "--nonce", &nonce], &old);
    assert_eq!(new["verifying"], true, "{said}");
    let given = format!("{}\n{}\n", share(&new, 1), share(&new, 0));
    let (_, done, said) = ran(&address, &root, &["rekey", "--verify", "--nonce", &nonce], &given);
    assert_eq!(done["complete"], true, "{said}");
    assert_eq!(ran(&address, &root, &["rekey", "--cancel", "--nonce", &nonce], "").0, Some(1));

    assert_eq!(ran(&address, &root, &["seal"], "").0, Some(0));
    let (code, _, said) = ran(&address, "", &["unseal"], &old);
    assert!(code == Some(1) && said.contains("do not open the store"), "{said}");
    let (_, status, said) = ran(&address, "", &["unseal"], text(&new, "/seal-key"));
    assert_eq!((&status["sealed"], &status["shares"]), (&json!(false), &json!(2)), "{said}");
    assert_eq!(ran(&address, &root, &["show", "strongbox/system/seal-status"], "").1["data-key"], 2);
}

#[test]
fn the_memory_of_the_daemon_is_its_own() {
    let (_dir, data) = directory();
    let of = |daemon: &Served, file: &str| {
        std::fs::read_to_string(format!("/proc/{}/{file}", daemon.child.id())).unwrap()
    };
    let line = |text: &str, name: &str| {
        let found = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        found[name.len()..].split_whitespace().next().unwrap_or_default().to_owned()
    };
    let daemon = Served::start(&data, &[], &[]);
    assert_eq!(line(&of(&daemon, "limits"), "Max core file size"), "0");
    let locked: u64 = line(&of(&daemon, "status"), "VmLck:").parse().unwrap();
    let warned = daemon.log().contains("memory cannot be locked");
    assert_ne!(locked > 0, warned, "it is locked, or it says that it is not: {}", daemon.log());
    drop(daemon);
    let daemon = Served::start(&data, &["--lock-memory=false"], &[]);
    assert_eq!(line(&of(&daemon, "status"), "VmLck:"), "0");
    assert!(!daemon.log().contains("memory cannot be locked"));
}

/// Every file below a directory.
fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Words of the example, of paths, and of what a store is made of: none of them may stand in a file of the store.
const PLAIN: &[&str] = &[
    "payments-api",
    "wonderland",
    "argon2",
    "alice",
    "acme",
    "jwt-issuers",
    "signing-key",
    "strongbox/",
    "reader",
    "PRIVATE KEY",
    "token-hash",
    "allowed-audiences",
    "api.example.com",
    "root",
    "request-id",
    "mountain-lake",
];

#[test]
fn nothing_can_be_read_in_the_files_of_the_store_while_it_runs_and_afterwards() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/payments.yaml");
    let (_dir, data) = directory();
    let daemon = Served::start(&data, &["--boot", example], &[]);
    let (_, made) = daemon.post("init", "none", json!({"shares": 1, "threshold": 1}));
    let (root, key) = (text(&made, "/root-token").to_owned(), text(&made, "/seal-key").to_owned());
    assert_eq!(daemon.post("unseal", "none", json!({"seal-key": key})).0, 200, "{}", daemon.log());
    let body = json!({"description": "mountain-lake"});
    assert_eq!(daemon.send("PUT", "v1/config/tenants/other", &root, Some(&body)).0, 201);
    let look = || {
        let mut found = Vec::new();
        files(&data, &mut found);
        // The audit logs are for reading; who wants them elsewhere says so in the settings.
        found.retain(|path| !path.file_name().unwrap().to_string_lossy().starts_with("audit"));
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        for path in found {
            let bytes = std::fs::read(&path).unwrap();
            for plain in PLAIN.iter().copied().chain([root.as_str(), key.as_str()]) {
                let holds = bytes.windows(plain.len()).any(|window| window == plain.as_bytes());
                // The keyring says of itself what its members are called.
                let own = path.ends_with("keyring") && plain == "root";
                assert!(own || !holds, "{} holds {plain:?}", path.display());
            }
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is for its owner only", path.display());
        }
        names
    };
    assert!(look().iter().any(|name| name == "strongbox.db-wal"), "it looks at the write-ahead log too");
    assert_eq!(daemon.post("rotate-data-key", &root, json!({})).0, 200);
    daemon.stop();
    let names = look();
    assert!(!names.iter().any(|name| name == "strongbox.db-wal"), "{names:?}");
}
