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
}
