//! Handshakes over a pipe: which certificate is shown, which protocol is chosen, who is let in.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::*;

/// A folder with the files of a server whose certificate an authority of its own signed.
struct Server {
    dir: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Server {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let server = Server { dir: tempfile::tempdir().unwrap(), authority };
        server.renew();
        std::fs::write(server.path("clients.crt"), server.authority.pem()).unwrap();
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a new certificate and key for localhost and returns the certificate.
    fn renew(&self) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        std::fs::write(self.path("server.crt"), certificate.pem()).unwrap();
        std::fs::write(self.path("server.key"), key.serialize_pem()).unwrap();
        certificate.der().clone()
    }

    fn files(&self, with_clients: bool) -> TlsFiles {
        TlsFiles {
            certificate: self.path("server.crt"),
            key: self.path("server.key"),
            client_authorities: with_clients.then(|| self.path("clients.crt")),
        }
    }

    fn client(
        &self,
        protocols: &[&[u8]],
        identity: Option<&CertifiedIssuer<'static, KeyPair>>,
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(signer) => {
                let key = KeyPair::generate().unwrap();
                let params = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
                let certificate = params.signed_by(&key, signer).unwrap();
                let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
                builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
        };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        config
    }
}

/// What one end saw of the other, for the client and for the server.
struct Seen {
    by_client: CertificateDer<'static>,
    by_server: Option<CertificateDer<'static>>,
    protocol: Option<Vec<u8>>,
}

async fn shake_hands(tls: &Tls, client: ClientConfig) -> std::io::Result<Seen> {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let connector = TlsConnector::from(Arc::new(client));
    let name = "localhost".try_into().unwrap();
    let acceptor = tls.acceptor();
    let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
    let (client, server) = (client?, server?);
    let leaf = |certificates: Option<&[CertificateDer<'static>]>| certificates.map(|all| all[0].clone());
    Ok(Seen {
        by_client: leaf(client.get_ref().1.peer_certificates()).unwrap(),
        by_server: leaf(server.get_ref().1.peer_certificates()),
        protocol: server.get_ref().1.alpn_protocol().map(<[u8]>::to_vec),
    })
}

#[test]
fn a_missing_or_empty_file_is_named() {
    let server = Server::new();
    std::fs::remove_file(server.path("server.crt")).unwrap();
    let problem = || Tls::load(server.files(true)).unwrap_err().to_string();
    assert!(problem().contains("server.crt: TLS certificate chain: "), "{}", problem());
    std::fs::write(server.path("server.crt"), "nothing").unwrap();
    assert!(problem().contains("holds no CERTIFICATE section"), "{}", problem());
    server.renew();
    std::fs::write(server.path("clients.crt"), "").unwrap();
    assert!(
        problem().contains("clients.crt: authorities of TLS client certificates: holds no"),
        "{}",
        problem()
    );
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let server = Server::new();
    std::fs::write(server.path("server.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(matches!(Tls::load(server.files(false)), Err(TlsError::Unfit { .. })));
}

#[tokio::test]
async fn rfc7301_http_2_and_http_1_1_are_offered() {
    let server = Server::new();
    let tls = Tls::load(server.files(false)).unwrap();
    for (offered, chosen) in [(&[&b"h2"[..], b"http/1.1"][..], &b"h2"[..]), (&[b"http/1.1"], b"http/1.1")] {
        let seen = shake_hands(&tls, server.client(offered, None)).await.unwrap();
        assert_eq!(seen.protocol.unwrap(), chosen);
        assert_eq!(seen.by_server, None);
    }
}

#[tokio::test]
async fn new_files_are_for_new_connections_and_broken_ones_for_none() {
    let server = Server::new();
    let tls = Tls::load(server.files(false)).unwrap();
    let first = shake_hands(&tls, server.client(&[], None)).await.unwrap().by_client;
    assert!(!tls.reload().unwrap());
    let renewed = server.renew();
    assert_ne!(first, renewed);
    assert!(tls.reload().unwrap());
    assert_eq!(shake_hands(&tls, server.client(&[], None)).await.unwrap().by_client, renewed);
    std::fs::write(server.path("server.key"), "half of a").unwrap();
    assert!(tls.reload().is_err());
    assert_eq!(shake_hands(&tls, server.client(&[], None)).await.unwrap().by_client, renewed);
}

#[tokio::test]
async fn a_client_certificate_is_asked_for_need_not_be_shown_and_must_be_good() {
    let server = Server::new();
    let tls = Tls::load(server.files(true)).unwrap();
    assert_eq!(shake_hands(&tls, server.client(&[], None)).await.unwrap().by_server, None);
    let known = server.client(&[], Some(&server.authority));
    assert!(shake_hands(&tls, known).await.unwrap().by_server.is_some());
    let stranger = Server::new();
    let unknown = server.client(&[], Some(&stranger.authority));
    assert!(shake_hands(&tls, unknown).await.is_err());
}
