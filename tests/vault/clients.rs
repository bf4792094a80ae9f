//! Clients of the reference product, unmodified from their registries, against a daemon of their own.

use crate::support::{Daemon, run_python};

#[test]
fn hvac_does_what_it_does_with_the_reference_product() {
    let daemon = Daemon::quickstart();
    run_python("vault/hvac_client.py", &[daemon.fact("/address"), daemon.fact("/tokens/root")]);
}
