//! TLS for the listeners: a certificate chain and a key from PEM files, TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read or holds no section of that kind.
    #[error("{path}: {what}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it was read for.
        what: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The certificate and the key do not fit, or neither can be used.
    #[error("{certificate} and {key} do not make a TLS server: {reason}", certificate = certificate.display(), key = key.display())]
    Unfit {
        /// The certificate chain's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls says.
        reason: rustls::Error,
    },
}

/// Reads a certificate chain (leaf first) and its private key (PKCS#8, PKCS#1 or SEC1).
///
/// # Errors
/// When a file cannot be read, holds nothing of its kind, or key and certificate do not belong together.
pub fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let file_error = |path: &Path, what, reason: String| TlsError::File { path: path.into(), what, reason };
    let read =
        |path: &Path, what| std::fs::read(path).map_err(|error| file_error(path, what, error.to_string()));
    let certificate_text = read(certificate, "TLS certificate chain")?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certificate_text)
        .collect::<Result<_, _>>()
        .map_err(|error| file_error(certificate, "TLS certificate chain", error.to_string()))?;
    if chain.is_empty() {
        return Err(file_error(
            certificate,
            "TLS certificate chain",
            "holds no CERTIFICATE section".to_owned(),
        ));
    }
    let key_text = zeroize::Zeroizing::new(read(key, "TLS private key")?);
    let private = PrivateKeyDer::from_pem_slice(&key_text)
        .map_err(|error| file_error(key, "TLS private key", error.to_string()))?;
    let unfit = |reason| TlsError::Unfit { certificate: certificate.into(), key: key.into(), reason };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let certificate = dir.path().join("server.crt");
        let error = load(&certificate, &certificate).unwrap_err().to_string();
        assert!(error.contains("server.crt: TLS certificate chain: "), "{error}");
        std::fs::write(&certificate, "nothing").unwrap();
        let error = load(&certificate, &certificate).unwrap_err().to_string();
        assert!(error.contains("holds no CERTIFICATE section"), "{error}");
    }

    /// A key and a certificate for localhost that only the test below trusts.
    const CERTIFICATE: &str = include_str!("tls/test.crt");
    const KEY: &str = include_str!("tls/test.key");

    #[tokio::test]
    async fn rfc7301_http_2_and_http_1_1_are_offered() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = (dir.path().join("server.crt"), dir.path().join("server.key"));
        std::fs::write(&certificate, CERTIFICATE).unwrap();
        std::fs::write(&key, KEY).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(load(&certificate, &key).unwrap());
        for (offered, chosen) in [(&[&b"h2"[..], b"http/1.1"][..], &b"h2"[..]), (&[b"http/1.1"], b"http/1.1")]
        {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()).unwrap();
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let mut config = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
            let (near, far) = tokio::io::duplex(16 * 1024);
            let name = "localhost".try_into().unwrap();
            let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
            assert_eq!(client.unwrap().get_ref().1.alpn_protocol(), Some(chosen));
            assert_eq!(server.unwrap().get_ref().1.alpn_protocol(), Some(chosen));
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = (dir.path().join("server.crt"), dir.path().join("server.key"));
        std::fs::write(&certificate, CERTIFICATE).unwrap();
        let other = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
            &aws_lc_rs::rand::SystemRandom::new(),
        )
        .unwrap();
        let pem = pem_of(other.as_ref());
        std::fs::write(&key, pem).unwrap();
        assert!(matches!(load(&certificate, &key), Err(TlsError::Unfit { .. })));
    }

    fn pem_of(pkcs8: &[u8]) -> String {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(pkcs8);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }
}
