//! TLS as an operator meets it: certificates that change under a running daemon, HSTS, no plain HTTP for other machines.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::daemon::{directory, run, serve, start, stop};

pub type Authority = CertifiedIssuer<'static, KeyPair>;

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

/// A client's certificate and its key.
type Client = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn client(authority: &Authority, name: &str) -> Client {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.signed_by(&key, authority).unwrap();
    (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

/// Sends one request over TLS; returns the server's certificate and the whole answer.
fn request(authority: &Authority, address: &str, head: &str) -> (CertificateDer<'static>, String) {
    request_by(authority, address, head, None)
}

fn request_by(
    authority: &Authority,
    address: &str,
    head: &str,
    client: Option<Client>,
) -> (CertificateDer<'static>, String) {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match client {
        Some((certificate, key)) => config.with_client_auth_cert(vec![certificate], key).unwrap(),
        None => config.with_no_client_auth(),
    };
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(client, TcpStream::connect(address).unwrap());
    stream.write_all(format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let shown = stream.conn.peer_certificates().unwrap()[0].clone();
    (shown, answer)
}

#[test]
fn a_new_certificate_is_shown_after_sighup_or_by_itself_without_a_restart() {
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

    // Nobody has to say anything: the files are looked at every few seconds.
    let third = renew(&authority, dir.path());
    let (_never, pause) = std::sync::mpsc::channel::<()>();
    let patience = Instant::now() + Duration::from_secs(60);
    while request(&authority, address, "GET /health HTTP/1.1").0 != third {
        assert!(Instant::now() < patience, "the new certificate was never shown");
        let _ = pause.recv_timeout(Duration::from_millis(100));
    }
    stop(child);
}

#[test]
fn a_client_certificate_logs_in_over_tls() {
    let (dir, data) = directory();
    let (server, clients) = (authority(), authority());
    renew(&server, dir.path());
    std::fs::write(dir.path().join("clients.crt"), clients.pem()).unwrap();
    let boot = "config:\n  strongbox:\n    authentication:\n      certificate-auth:\n      - name: ops\n        common-names: [ops-*]\n        token-policies: [root]\n";
    std::fs::write(dir.path().join("boot.yaml"), boot).unwrap();
    let (child, log) = start(
        &data,
        &[
            "--tls-certificate",
            "server.crt",
            "--tls-key",
            "server.key",
            "--tls-client-authorities",
            "clients.crt",
            "--boot",
            "boot.yaml",
            "--default-tenant",
            "system",
        ],
    );
    let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let ask = |head: &str, by: Option<Client>| request_by(&server, address, head, by).1;
    let log_in = "POST /v1/certificate-login HTTP/1.1\r\nContent-Length: 0";
    let answer = ask(log_in, Some(client(&clients, "ops-1")));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"token\":\"sb."), "{answer}");
    let read = "GET /v1/config/tenants HTTP/1.1";
    assert!(ask(read, Some(client(&clients, "ops-1"))).starts_with("HTTP/1.1 200 "));
    assert!(ask(read, Some(client(&clients, "dev-1"))).starts_with("HTTP/1.1 401 "));
    assert!(ask(read, None).starts_with("HTTP/1.1 401 "));
    let nonsense = format!("{read}\r\nAuthorization: Bearer sb.nonsense");
    let answer = ask(&nonsense, Some(client(&clients, "ops-1")));
    assert!(answer.starts_with("HTTP/1.1 401 "), "a header counts before a certificate: {answer}");
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
