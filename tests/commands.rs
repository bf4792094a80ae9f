//! Commands that need no daemon, as an operator runs them: what they print, and the exit codes that scripts go by.

use std::process::Command;

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
    let daemon = Daemon::start(&[
        "quickstart",
        "--output",
        "json",
        "--listen",
        "127.0.0.1:0",
        "--data-directory",
        directory,
    ]);
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
