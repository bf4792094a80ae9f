//! Software that we did not write meets a running daemon: PyJWT verifies what it mints, pyang and yanglint read its model.

mod descriptions;
mod encodings;
mod modules;
mod restconf;

use std::path::Path;
use std::process::Command;

use crate::support::{Daemon, command, python, run_node, run_python};

#[test]
fn pyjwt_verifies_a_minted_token_by_its_discovery_url_only() {
    let daemon = Daemon::quickstart();
    run_python("interop/verify_minted.py", &[daemon.fact("/address"), daemon.fact("/tokens/alice")]);
}

#[test]
fn tokens_that_pyjwt_signed_log_in_by_keys_at_a_url_by_discovery_and_in_pem() {
    let daemon = Daemon::quickstart();
    run_python("interop/login_with_jwt.py", &[daemon.fact("/address"), daemon.fact("/tokens/admin")]);
}

#[test]
fn people_log_in_with_a_browser_at_a_provider_that_we_did_not_write() {
    let daemon = Daemon::quickstart();
    run_node(
        "interop/log_in_with_browser.mjs",
        &[daemon.fact("/address"), daemon.fact("/tokens/admin"), env!("CARGO_BIN_EXE_strongbox")],
    );
}

#[test]
fn pyjwt_verifies_identity_tokens_by_their_issuer_only() {
    let daemon = Daemon::quickstart();
    run_python("interop/verify_identity_token.py", &[daemon.fact("/address"), daemon.fact("/tokens/admin")]);
}

#[test]
fn pyang_finds_nothing_to_complain_about_in_the_model() {
    let Some(python) = python() else { return };
    let pyang = python.with_file_name("pyang");
    // Not by its first line, which names the place where it was installed.
    let output = Command::new(python)
        .arg(pyang)
        .args(["--lint", "-p", "yang"])
        .args(own_modules())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("pyang runs");
    let text = String::from_utf8_lossy(&output.stderr);
    // A deviation adds a property that no statement gives its target: so RFC 7950 section 7.20.3.2 is read here and by
    // libyang; pyang takes the inherited one for a statement.
    const KNOWN: [&str; 2] = ["no module name prefix string used", "the \"config\" property already exists"];
    let complaints: Vec<&str> =
        text.lines().filter(|line| !KNOWN.iter().any(|known| line.contains(known))).collect();
    assert!(complaints.is_empty(), "{text}");
}

#[test]
fn yanglint_accepts_the_model() {
    if !command("yanglint", "libyang2-tools") {
        return;
    }
    for module in own_modules() {
        let output = Command::new("yanglint")
            .args(["-p", "yang", &module])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("yanglint runs");
        assert!(output.status.success(), "{module}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn own_modules() -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("yang");
    let mut modules: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| format!("yang/{}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|name| name.ends_with(".yang"))
        .collect();
    modules.sort();
    modules
}
