//! What we say of the API and of its data, read by software that we did not write: openapi-spec-validator, jsonschema, and
//! schemathesis, which sends what the description allows and what it does not to a running daemon.

use std::path::Path;
use std::process::Command;

use crate::support::{Daemon, run_python, variable};

/// The output of the command, in a file for Python to read.
fn written(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_strongbox")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, output.stdout).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_descriptions_are_valid_openapi() {
    let v1 = written("openapi-v1.json", &["openapi"]);
    let restconf = written("openapi-restconf.json", &["openapi", "--dialect", "restconf"]);
    run_python("interop/valid_openapi.py", &[&v1, &restconf]);
}

#[test]
fn jsonschema_accepts_the_example_and_finds_what_is_wrong_with_its_variations() {
    let document = written("boot.json", &["yang", "json-schema", "--boot"]);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/payments.yaml");
    run_python("interop/boot_schema.py", &[&document, example.to_str().unwrap()]);
}

/// Lets schemathesis loose on a fresh daemon with the description of a dialect.
fn attack(dialect: &str) {
    let daemon = Daemon::quickstart();
    let name = format!("openapi-{dialect}-attacked.json");
    let document = written(&name, &["openapi", "--dialect", dialect]);
    // Everything that is described takes minutes: SCHEMATHESIS=all.
    let extent = variable("SCHEMATHESIS").unwrap_or_else(|| "some".to_owned());
    let arguments = [&document, daemon.fact("/address"), daemon.fact("/tokens/root"), dialect, &extent];
    run_python("interop/attack.py", &arguments);
}

#[test]
fn schemathesis_finds_nothing_that_contradicts_the_description_of_v1() {
    attack("v1");
}

#[test]
fn schemathesis_finds_nothing_that_contradicts_the_description_of_restconf() {
    attack("restconf");
}
