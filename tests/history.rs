//! Commits that wait for confirmation, and candidates, as an operator meets them: time that runs out, and a daemon that dies
//! in between.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::daemon::{Running, directory, root_token};
use crate::support::Daemon;

const ISSUER: &str = "strongbox/jwt-issuers/payments-api";

/// Runs a command against a daemon; it must succeed.
fn done(address: &str, token: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strongbox"));
    let output = command.args(arguments).args(["--address", address, "--token", token]).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_nobody_confirms_in_time_is_undone_with_all_that_followed() {
    let daemon = Daemon::quickstart();
    let address = daemon.fact("/address");
    let admin = |arguments: &[&str]| done(address, daemon.fact("/tokens/admin"), arguments);
    let ttl = |leaf: &str| admin(&["show", &format!("{ISSUER}/{leaf}")]);
    let (max, default) = (ttl("max-ttl"), ttl("default-ttl"));
    admin(&["merge", ISSUER, "--data", "max-ttl: 2h", "--confirmed=600"]);
    admin(&["merge", ISSUER, "--data", "default-ttl: 20m"]);
    // A second one extends the first: both go back to what was before it.
    admin(&["merge", ISSUER, "--data", "max-ttl: 3h", "--confirmed=1"]);
    assert_eq!((ttl("max-ttl").trim(), ttl("default-ttl").trim()), ("3h", "20m"));
    let patience = Instant::now() + Duration::from_secs(20);
    while ttl("max-ttl") != max {
        assert!(Instant::now() < patience, "nothing was undone");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert_eq!(ttl("default-ttl"), default);
    let newest: Value =
        serde_json::from_str(&admin(&["history", "--limit", "1", "--output", "json"])).unwrap();
    assert_eq!(newest["commits"][0]["author"], "confirmed-commit");
    let comment = newest["commits"][0]["comment"].as_str().unwrap();
    assert!(
        comment.starts_with("back to revision ") && comment.ends_with(": not confirmed in time"),
        "{comment}"
    );
    admin(&["merge", ISSUER, "--data", "max-ttl: 2h", "--confirmed=1"]);
    admin(&["confirm-commit"]);
    std::thread::park_timeout(Duration::from_millis(1_500));
    assert_eq!(ttl("max-ttl").trim(), "2h");
}

#[test]
fn rfc6241_8_4_1_what_is_not_confirmed_when_the_daemon_dies_is_undone_at_its_next_start() {
    let (_dir, data) = directory();
    let (mut daemon, at) = Running::new(&data);
    let token = root_token(&data);
    done(&at, &token, &["create", "policy/policies", "--data", "name: kept"]);
    done(
        &at,
        &token,
        &["create", "policy/policies", "--data", "name: tried", "--confirmed=600", "--persist=p"],
    );
    done(&at, &token, &["create", "policy/policies", "--data", "name: followed"]);
    daemon.die();

    let (mut daemon, at) = Running::new(&data);
    assert!(daemon.log.contains("not confirmed before the daemon stopped"), "{}", daemon.log);
    let policies = |at: &str| done(at, &token, &["show", "policy/policies", "--config", "--keys"]);
    assert_eq!(policies(&at).trim(), "- kept");
    done(&at, &token, &["create", "policy/policies", "--data", "name: kept-too", "--confirmed=600"]);
    done(&at, &token, &["confirm-commit"]);
    let newest = done(&at, &token, &["history", "--limit", "1"]);
    let revision: u64 = newest.split_whitespace().nth(1).unwrap().parse().unwrap();
    done(&at, &token, &["rollback", &(revision - 1).to_string()]);
    done(&at, &token, &["rollback", &revision.to_string()]);
    daemon.die();
    let audit = std::fs::read_to_string(data.join("audit.log")).unwrap();
    let line = audit.lines().find(|line| line.contains("\"method\":\"UNDO\"")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["path"], "/strongbox/history/confirmed-commit");
    let gone: Vec<&str> =
        line["changes"].as_array().unwrap().iter().map(|change| change["path"].as_str().unwrap()).collect();
    assert_eq!(gone, ["/policy/policies/followed", "/policy/policies/tried"]);
    let back = audit.lines().find(|line| line.contains("\"path\":\"/v1/rollback\"")).unwrap();
    let back: Value = serde_json::from_str(back).unwrap();
    assert_eq!(back["changes"][0]["path"], "/policy/policies/kept-too", "{back}");

    let (_daemon, at) = Running::new(&data);
    assert_eq!(policies(&at).trim(), "- kept\n- kept-too");
}

#[test]
fn a_candidate_goes_with_the_daemon_and_what_was_committed_stays() {
    let (_dir, data) = directory();
    let (mut daemon, at) = Running::new(&data);
    let token = root_token(&data);
    let admin = |at: &str, arguments: &[&str]| done(at, &token, arguments);
    let create = |at: &str, name: &str| {
        let body = format!("name: {name}");
        admin(at, &["create", "policy/policies", "--data", &body, "--candidate"])
    };
    create(&at, "kept");
    assert!(admin(&at, &["diff", "candidate"]).ends_with("to the candidate\n  + /policy/policies/kept\n"));
    assert_eq!(admin(&at, &["show", "policy/policies", "--candidate", "--keys"]).trim(), "- kept");
    assert_eq!(admin(&at, &["show", "policy/policies", "--config", "--keys"]).trim(), "[]");
    assert!(admin(&at, &["commit", "--comment", "one"]).ends_with("\n  + /policy/policies/kept\n"));
    create(&at, "tried");
    admin(&at, &["commit", "--confirmed=600"]);
    create(&at, "forgotten");
    daemon.die();

    let (mut daemon, at) = Running::new(&data);
    assert_eq!(admin(&at, &["diff", "candidate"]), "the candidate changes nothing\n");
    assert_eq!(admin(&at, &["show", "policy/policies", "--candidate", "--keys"]).trim(), "- kept");
    create(&at, "discarded");
    admin(&at, &["discard-changes"]);
    assert!(admin(&at, &["commit"]).starts_with("nothing to change; still revision "));
    daemon.die();
}
