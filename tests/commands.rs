//! Commands that need no daemon, as an operator runs them: what they print, and the exit codes that scripts go by.

use std::process::Command;

use crate::conversation::wire::exchange;
use crate::support::Daemon;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/payments.yaml");

/// Exit code, standard output and standard error of the command.
fn ran(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_strongbox")).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// `policy check` of a policy of the tenant `acme` of the example.
fn checked(policy: &str, operation: &str, path: &str) -> (Option<i32>, String, String) {
    let from = ["policy", "check", "--boot", EXAMPLE, "--tenant", "acme"];
    ran(&[&from[..], &["--policy", policy, "--operation", operation, path]].concat())
}

#[test]
fn policy_check_says_allow_or_reject_and_which_rule_decided() {
    let mint = "strongbox/jwt-issuers/payments-api/roles/reader/mint";
    assert_eq!(
        checked("payments", "update", mint),
        (Some(0), "allow: rule 'strongbox/jwt-issuers/**' of policy 'payments'\n".to_owned(), String::new())
    );
    assert_eq!(
        checked("payments", "delete", "policy/policies/payments"),
        (
            Some(1),
            "reject: no rule of policy 'payments' says anything of delete there\n".to_owned(),
            String::new()
        )
    );
}

#[test]
fn policy_check_names_the_policies_that_there_are() {
    let (status, out, messages) = checked("payment", "read", "strongbox");
    assert_eq!((status, out.as_str()), (Some(2), ""));
    assert_eq!(
        messages,
        "strongbox: the boot files have no policy 'payment' of tenant 'acme'; they have 'payments' of tenant 'acme'\n"
    );
    assert_eq!(checked("payments", "write", "strongbox").0, Some(2), "not an operation");
}

#[test]
fn audit_verify_believes_what_the_daemon_wrote_and_finds_a_changed_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let directory = data.to_str().unwrap();
    let daemon = Daemon::quickstart_in(directory);
    // What no dialect got to see is written down as well.
    let token = daemon.fact("/tokens/alice");
    let long = format!(
        "GET /v1/{} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
        "x".repeat(20_000)
    );
    assert_eq!(exchange(daemon.fact("/address"), long.as_bytes()).unwrap().status(), 414);
    let strangers = std::fs::read_to_string(data.join("audit-anonymous.log")).unwrap();
    let line = strangers.lines().find(|line| line.contains("\"status\":414")).unwrap();
    assert!(
        line.contains("the URL has 20004 bytes") && line.len() < 3_000 && !line.contains(token),
        "{line}"
    );
    let (status, out, messages) = ran(&["audit", "verify", "--data-directory", directory]);
    assert_eq!(status, Some(0), "{out}{messages}");
    assert!(out.contains("audit.log: the chain is whole, lines checked: "), "{out}");
    drop(daemon);

    let log = data.join("audit.log");
    let text = std::fs::read_to_string(&log).unwrap();
    let at = text.find("\"status\":2").unwrap();
    let line = text[..at].lines().count();
    std::fs::write(&log, text.replacen("\"status\":2", "\"status\":4", 1)).unwrap();
    let name = log.to_str().unwrap();
    let (status, out, messages) = ran(&["audit", "verify", name]);
    assert_eq!((status, messages.as_str()), (Some(1), ""), "{out}");
    assert!(out.starts_with(&format!("{name}: line {line} was changed")), "{out}");
    assert_eq!(ran(&["audit", "verify", "no/such/log"]).0, Some(2));
}

/// A token that is kept nowhere is no reason to be a stranger.
#[test]
fn a_log_in_is_written_down_under_its_user_whatever_token_comes_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let directory = data.to_str().unwrap();
    let daemon = Daemon::quickstart_in(directory);
    let ask = |method: &str, path: &str, head: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\n{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        );
        exchange(daemon.fact("/address"), request.as_bytes()).unwrap().status()
    };
    let admin = format!("Authorization: Bearer {}\r\n", daemon.fact("/tokens/admin"));
    for kind in ["service", "batch"] {
        let user = format!(r#"{{"password": "correct horse", "token-type": "{kind}"}}"#);
        let place = format!("/v1/config/strongbox/authentication/userpass/{kind}");
        assert_eq!(ask("PUT", &place, &admin, &user), 201);
        let credentials = format!(r#"{{"username": "{kind}", "password": "correct horse"}}"#);
        assert_eq!(ask("POST", "/v1/login", "", &credentials), 200);
        let log = std::fs::read_to_string(data.join("audit.log")).unwrap();
        let line = log.lines().find(|line| line.contains(&format!("\"user\":\"{kind}\""))).unwrap();
        assert!(line.contains("\"path\":\"/v1/login\",\"status\":200"), "{line}");
    }
}

#[test]
fn history_diff_and_rollback_speak_to_people_and_to_programs() {
    let daemon = Daemon::quickstart();
    let token = daemon.facts["tokens"]["admin"].as_str().unwrap();
    let asked = |arguments: &[&str]| {
        let connection = ["--address", daemon.fact("/address"), "--token", token];
        ran(&[arguments, &connection].concat())
    };
    let done = |arguments: &[&str]| {
        let (status, out, messages) = asked(arguments);
        assert_eq!((status, messages.as_str()), (Some(0), ""), "{arguments:?}");
        out
    };
    let issuer = "strongbox/jwt-issuers/payments-api";
    done(&["merge", issuer, "--data", "max-ttl: 2h", "--comment", "shorter tokens"]);
    let told = done(&["history", "--limit", "1"]);
    let lines: Vec<&str> = told.lines().collect();
    let revision = lines[0].split_whitespace().nth(1).unwrap();
    assert!(
        lines[0].starts_with(&format!("revision {revision}  2")) && lines[0].contains("  acme/"),
        "{told}"
    );
    assert_eq!(lines[1..3], ["    shorter tokens", "  ~ /strongbox/jwt-issuers/payments-api/max-ttl"]);
    assert_eq!(lines.last().unwrap(), &format!("older: strongbox history --before {revision}"));
    done(&["merge", issuer, "--data", "max-ttl: 3h"]);
    let told = done(&["diff", revision]);
    assert!(told.ends_with("\n  ~ /strongbox/jwt-issuers/payments-api/max-ttl: 2h -> 3h\n"), "{told}");
    assert!(done(&["diff", revision, revision]).ends_with("\nno differences\n"));
    done(&["rollback", revision, "--validate"]);
    assert_eq!(done(&["show", &format!("{issuer}/max-ttl")]).trim(), "3h");
    let told = done(&["rollback", revision, "--comment", "they were long enough"]);
    assert!(told.ends_with("\n  ~ /strongbox/jwt-issuers/payments-api/max-ttl: 3h -> 2h\n"), "{told}");
    assert_eq!(done(&["show", &format!("{issuer}/max-ttl")]).trim(), "2h");
    let json: serde_json::Value =
        serde_json::from_str(&done(&["history", "--limit", "1", "--output", "json"])).unwrap();
    let comment = format!("roll back to revision {revision}: they were long enough");
    assert_eq!(json["commits"][0]["comment"], comment.as_str());
    assert!(done(&["diff", revision, "--output", "yaml"]).starts_with(&format!("from: {revision}\n")));
    let (status, out, messages) = asked(&["rollback", "100000"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(messages.contains("there is no revision 100000 yet"), "{messages}");
}
