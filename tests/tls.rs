//! TLS as an operator meets it: certificates that change under a running daemon, HSTS, no plain HTTP for other machines.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::daemon::{directory, run, serve, start, stop};

type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a certificate for localhost and its key, and returns the certificate.
pub fn renew(authority: &Authority, directory: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    std::fs::write(directory.join("server.crt"), certificate.pem()).unwrap();
    std::fs::write(directory.join("server.key"), key.serialize_pem()).unwrap();
    certificate.der().clone()
}

/// Sends one request over TLS; returns the server's certificate and the whole answer.
fn request(authority: &Authority, address: &str, head: &str) -> (CertificateDer<'static>, String) {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(client, TcpStream::connect(address).unwrap());
    stream.write_all(format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let shown = stream.conn.peer_certificates().unwrap()[0].clone();
    (shown, answer)
}

#[test]
fn a_new_certificate_is_shown_after_sighup_without_a_restart() {
    let (dir, data) = directory();
    let authority = authority();
    let first = renew(&authority, dir.path());
    let (child, log) = start(&data, &["--tls-certificate", "server.crt", "--tls-key", "server.key"]);
    let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let (shown, answer) = request(&authority, address, "GET /health HTTP/1.1");
    assert_eq!(shown, first);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");

    let second = renew(&authority, dir.path());
    assert!(Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success());
    let patience = Instant::now() + Duration::from_secs(20);
    while request(&authority, address, "GET /health HTTP/1.1").0 != second {
        assert!(Instant::now() < patience, "the new certificate was never shown");
    }
    stop(child);
}

#[test]
fn plain_http_for_other_machines_needs_a_word() {
    let (_dir, data) = directory();
    let (output, log) = run(serve(&data, &[]).args(["--listen", "0.0.0.0:0"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        log.contains("listen: 0.0.0.0:0 can be reached from other machines and is not encrypted"),
        "{log}"
    );
    assert!(!data.exists(), "nothing was made");
    let (child, _) = start(&data, &["--listen", "0.0.0.0:0", "--insecure-http"]);
    stop(child);
}
