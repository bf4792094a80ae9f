//! Clients of the reference product, unmodified from their registries, each against daemons of its own. A recorder in between
//! holds what each of them did against the list of what they have to do.

mod wanted;

use serde_json::json;

use super::provider::Provider;
use super::recorder::Recorder;
use crate::seal::{Served, directory};
use crate::support::{Daemon, run_node, run_python, run_rust};

/// A daemon with its data, and a recorder before it.
fn open() -> (Daemon, Recorder) {
    let daemon = Daemon::quickstart();
    let recorder = Recorder::before(daemon.fact("/address"));
    (daemon, recorder)
}

/// Nothing is missing, unless nothing could be done: where a client is not to be had, that has been said on the terminal.
fn hold(recorder: &Recorder, could_run: bool, wanted: &[&[&'static str]]) {
    let missing = recorder.missing(&wanted.concat());
    assert!(!could_run || missing.is_empty(), "not asked for: {missing:#?}");
}

#[test]
fn hvac_does_what_it_does_with_the_reference_product() {
    let (daemon, recorder) = open();
    let ran = run_python("vault/hvac_client.py", &[&recorder.address, daemon.fact("/tokens/root")]);
    hold(&recorder, ran, &[wanted::COMMAND_LINE, wanted::POLICIES, wanted::APPROLE]);
}

#[test]
fn hvac_keeps_identities_and_gets_identity_tokens() {
    let (daemon, recorder) = open();
    let ran = run_python("vault/hvac_identity.py", &[&recorder.address, daemon.fact("/tokens/admin")]);
    hold(&recorder, ran, &[wanted::IDENTITY, wanted::IDENTITY_TOKENS]);
}

#[test]
fn hvac_logs_in_with_jwts_and_browsers_and_signs() {
    let (daemon, recorder) = open();
    let ran = run_python("vault/hvac_jwt.py", &[&recorder.address, daemon.fact("/tokens/root")]);
    hold(&recorder, ran, &[wanted::JWT, wanted::JWT_SECRETS]);
}

#[test]
fn hvac_initializes_unseals_and_seals() {
    let (_kept, data) = directory();
    let sealed = Served::start(&data, &[], &[]);
    let recorder = Recorder::before(&sealed.address);
    let ran = run_python("vault/hvac_seal.py", &[&recorder.address]);
    hold(&recorder, ran, &[wanted::SEAL]);
}

#[test]
fn node_vault_does_what_it_does_with_the_reference_product() {
    let ((daemon, recorder), (_kept, data)) = (open(), directory());
    let sealed = Served::start(&data, &[], &[]);
    let before_sealed = Recorder::before(&sealed.address);
    let ran = run_node(
        "vault/node_vault.mjs",
        &[&recorder.address, daemon.fact("/tokens/root"), &before_sealed.address],
    );
    hold(
        &recorder,
        ran,
        &[
            wanted::COMMAND_LINE,
            wanted::POLICIES,
            wanted::APPROLE,
            wanted::IDENTITY,
            wanted::IDENTITY_TOKENS,
            wanted::JWT,
            wanted::JWT_SECRETS,
        ],
    );
    hold(&before_sealed, ran, &[wanted::SEAL]);
}

#[test]
fn vaultrs_does_what_it_does_with_the_reference_product() {
    let ((daemon, recorder), (_kept, data)) = (open(), directory());
    let sealed = Served::start(&data, &[], &[]);
    let provider = Provider::start();
    let jwt = provider.signed(&json!({"level": "3", "mail": "anna@example.com"}));
    let (root, pem) = (daemon.fact("/tokens/root"), provider.pem());
    let ran =
        run_rust("vault/vaultrs", &[&recorder.address, root, &provider.url, &pem, &jwt, &sealed.address]);
    hold(&recorder, ran, &[wanted::VAULTRS]);
}
