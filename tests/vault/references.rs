//! The published references, sample by sample: a folder each, a file for each sample, run one after the other on a daemon of
//! their own. The `curl` lines stand there as they were published and are run by curl: what is put in their place is the token
//! for `...`, and the daemon for `127.0.0.1:8200`, with TLS where they say `https`.
//!
//! A file is prose, and then parts: `--- payload.json` is that file, `--- run` (or `--- run as NAME`, with that one's token)
//! the command, and `--- STATUS` what comes back: each member that is written there must be in the answer, `<<any>>` stands
//! for any text, and `<<save NAME>>` keeps it for the files that follow.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use rcgen::KeyPair;
use serde_json::{Value, json};

use super::provider::{Provider, Request, server_config, with_tls};
use crate::conversation::pattern::{Kept, fill, matches};
use crate::conversation::wire::{exchange, host};
use crate::support::{Daemon, command};
use crate::tls::{Authority, authority};

#[test]
fn identity_tokens() {
    hold("identity-tokens");
}

#[test]
fn jwt_auth_of_2018() {
    hold("jwt-auth-2018");
}

#[test]
fn jwt_and_oidc_auth_of_2019() {
    hold("jwt-oidc-auth-2019");
}

#[test]
fn jwt_secrets_backend() {
    hold("jwt-secrets-backend");
}

/// Holds every file of a folder.
fn hold(folder: &str) {
    if !command("curl", "curl") {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vault/references").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5, "{files:?}");
    let bench = Bench::new();
    let mut kept = bench.known();
    for file in files {
        let case = Case::read(&std::fs::read_to_string(&file).unwrap());
        if let Err(why) = bench.run(&case, &mut kept) {
            panic!("{}: {why}", file.display());
        }
    }
}

/// A sample.
#[derive(Default)]
struct Case {
    /// Files by name.
    payloads: Vec<(String, String)>,
    /// Whose token stands for `...`.
    caller: String,
    command: String,
    status: String,
    /// `Null` where nothing comes back.
    body: Value,
}

impl Case {
    fn read(text: &str) -> Self {
        let mut case = Case::default();
        for part in format!("\n{text}").split("\n--- ").skip(1) {
            let (title, text) = part.split_once('\n').unwrap_or((part, ""));
            match title.trim() {
                title if title == "run" || title.starts_with("run as ") => {
                    case.caller = title.strip_prefix("run as ").unwrap_or("admin").to_owned();
                    case.command = text.trim().to_owned();
                }
                title if title.bytes().all(|byte| byte.is_ascii_digit()) => {
                    case.status = title.to_owned();
                    if !text.trim().is_empty() {
                        case.body = serde_json::from_str(text)
                            .unwrap_or_else(|error| panic!("{error} in the answer: {text}"));
                    }
                }
                title => case.payloads.push((title.to_owned(), text.trim().to_owned())),
            }
        }
        case
    }
}

/// Where samples are run.
struct Bench {
    daemon: Daemon,
    provider: Provider,
    directory: tempfile::TempDir,
    /// `host:port` that speaks TLS for the daemon.
    secure: String,
}

impl Bench {
    fn new() -> Self {
        let daemon = Daemon::quickstart();
        let directory = tempfile::tempdir().unwrap();
        let authority = authority();
        std::fs::write(directory.path().join("authority.pem"), authority.pem()).unwrap();
        let secure = front(&authority, daemon.fact("/address"));
        Bench { daemon, provider: Provider::start(), directory, secure }
    }

    /// What files can name: the tokens of people, and what a provider of the tests says.
    fn known(&self) -> Kept {
        let mut kept = Kept::new();
        for (user, token) in self.daemon.facts["tokens"].as_object().unwrap() {
            kept.insert(user.clone(), token.as_str().unwrap_or_default().to_owned());
        }
        kept.insert("issuer".to_owned(), self.provider.url.clone());
        let in_json = |pem: &str| pem.replace(['\r', '\n'], "\\n").replace("\\n\\n", "\\n");
        kept.insert("pem".to_owned(), in_json(&self.provider.pem()));
        let key = |algorithm| in_json(&KeyPair::generate_for(algorithm).unwrap().serialize_pem());
        kept.insert("rsa-key".to_owned(), key(&rcgen::PKCS_RSA_SHA256));
        kept.insert("ecdsa-key".to_owned(), key(&rcgen::PKCS_ECDSA_P256_SHA256));
        let claims = json!({"iss": "https://myco.auth0.com/", "aud": "https://myco.test",
            "sub": "sl29dlldsfj3uECzsU3Sbmh0F29Fios1@clients", "https://vault/user": "anna",
            "https://vault/groups": ["staff"], "department": "engineering", "sector": "7g",
            "preferred_language": "nl", "group": "staff"});
        kept.insert("jwt".to_owned(), self.provider.signed(&claims));
        kept
    }

    fn run(&self, case: &Case, kept: &mut Kept) -> Result<(), String> {
        let directory = self.directory.path();
        for (name, text) in &case.payloads {
            std::fs::write(directory.join(name), fill(text, kept)).unwrap();
        }
        let is_secure = case.command.contains("https://127.0.0.1:8200");
        let there = if is_secure { &self.secure } else { host(self.daemon.fact("/address")) };
        // curl reads its settings from here, so that its command line can stay what it is.
        let mut settings = String::from("silent\nshow-error\nwrite-out = \"\\n%{http_code}\"\n");
        let _ = writeln!(settings, "cacert = \"{}\"", directory.join("authority.pem").display());
        let _ = writeln!(settings, "connect-to = \"127.0.0.1:8200:{there}\"");
        std::fs::write(directory.join(".curlrc"), settings).unwrap();
        let token = kept.get(&case.caller).ok_or_else(|| format!("no token of {}", case.caller))?;
        let command =
            fill(&case.command, kept).replace("X-Vault-Token: ...", &format!("X-Vault-Token: {token}"));
        let output = Command::new("sh")
            .arg("-c")
            .arg(&command)
            .current_dir(directory)
            .env("CURL_HOME", directory)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = said.trim_end().rsplit_once('\n').unwrap_or(("", said.trim()));
        let complaints = String::from_utf8_lossy(&output.stderr);
        if status != case.status {
            return Err(format!("{status} instead of {}: {body}{complaints}\n{command}", case.status));
        }
        if case.body.is_null() {
            return if body.trim().is_empty() {
                Ok(())
            } else {
                Err(format!("nothing was expected: {body}"))
            };
        }
        let found: Value = serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
        holds(&case.body, &found, kept).map_err(|at| format!("{at}\n{found:#}"))
    }
}

/// Whether everything that is expected is there; where not, what.
fn holds(expected: &Value, found: &Value, kept: &mut Kept) -> Result<(), String> {
    match (expected, found) {
        (Value::Object(members), Value::Object(there)) => members.iter().try_for_each(|(name, value)| {
            let found = there.get(name).ok_or_else(|| format!("no '{name}'"))?;
            holds(value, found, kept).map_err(|at| format!("in '{name}': {at}"))
        }),
        (Value::Array(members), Value::Array(there)) if members.len() == there.len() => {
            members.iter().zip(there).try_for_each(|(value, found)| holds(value, found, kept))
        }
        (Value::String(pattern), Value::String(text)) if matches(pattern, text, kept) => Ok(()),
        (expected, found) if expected == found => Ok(()),
        (expected, found) => Err(format!("{expected} was expected, {found} is there")),
    }
}

/// Speaks TLS for a daemon that does not, until the process ends.
fn front(authority: &Authority, daemon: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let (config, daemon) = (server_config(authority), daemon.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            with_tls(&config, stream, |stream| {
                let Some(request) = Request::read(stream) else { return };
                let answer = exchange(&daemon, &request.bytes).unwrap();
                let mut head = format!("{}\r\n", answer.status_line);
                for (name, value) in &answer.headers {
                    let _ = write!(head, "{name}: {value}\r\n");
                }
                let _ = write!(stream, "{head}connection: close\r\n\r\n")
                    .and_then(|()| stream.write_all(&answer.body));
            });
        }
    });
    here
}
