//! TLS for the listeners: a certificate chain and a key from PEM files, TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN,
//! client certificates where authorities for them are named, and all of it anew when the files change.
//!
//! Not for what a client certificate entitles to: here it is only verified.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{Context, SHA256};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

/// How often the files are looked at. Their content is compared: a certificate manager may swap links or write in place.
const EVERY: Duration = Duration::from_secs(5);

/// Uses of the files, as errors name them.
const CHAIN: &str = "TLS certificate chain";
const KEY: &str = "TLS private key";
const AUTHORITIES: &str = "authorities of TLS client certificates";

/// The files that TLS is made of, all PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
    /// Who may sign client certificates; `None`: clients are not asked for one. Where they are asked they need not have
    /// one, but one that they show must be good.
    pub client_authorities: Option<PathBuf>,
}

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

impl TlsError {
    fn file(path: &Path, what: &'static str, reason: impl ToString) -> Self {
        TlsError::File { path: path.to_owned(), what, reason: reason.to_string() }
    }
}

/// The TLS of a server: what new connections get, until the files change. Connections that are open keep what they have.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    current: ArcSwap<ServerConfig>,
    digest: Mutex<Digest>,
}

type Digest = [u8; 32];

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When a file cannot be read, holds nothing of its kind, or key and certificate do not belong together.
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let content = Content::read(&files)?;
        let config = content.configure(&files)?;
        let digest = Mutex::new(content.digest());
        Ok(Arc::new(Tls { files, current: ArcSwap::from_pointee(config), digest }))
    }

    /// What shakes hands with the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Reads the files again and says whether there was something new in them.
    ///
    /// # Errors
    /// As [`Tls::load`]; then new connections go on getting what they got before.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let content = Content::read(&self.files)?;
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        let found = content.digest();
        if *digest == found {
            return Ok(false);
        }
        self.current.store(Arc::new(content.configure(&self.files)?));
        *digest = found;
        Ok(true)
    }

    /// Looks at the files now and then until `stop` shows true, and logs what came of it. Files that cannot be used are
    /// logged once, not at every look.
    pub(super) async fn follow(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut last_problem = None;
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stopped| *stopped) => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            let problem = self.reload_logged_as(&last_problem);
            last_problem = problem;
        }
    }

    fn reload_logged_as(&self, last_problem: &Option<String>) -> Option<String> {
        match self.reload() {
            Ok(true) => {
                tracing::info!(certificate = %self.files.certificate.display(), "new TLS certificate");
                None
            }
            Ok(false) => None,
            Err(error) => {
                let problem = error.to_string();
                if last_problem.as_ref() != Some(&problem) {
                    tracing::error!(
                        problem,
                        "the TLS files changed and cannot be used; the old ones stay in use"
                    );
                }
                Some(problem)
            }
        }
    }
}

/// What stands in the files.
struct Content {
    chain: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    authorities: Option<Vec<u8>>,
}

impl Content {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = |path: &Path, what| std::fs::read(path).map_err(|error| TlsError::file(path, what, error));
        Ok(Content {
            chain: read(&files.certificate, CHAIN)?,
            key: Zeroizing::new(read(&files.key, KEY)?),
            authorities: files
                .client_authorities
                .as_deref()
                .map(|path| read(path, AUTHORITIES))
                .transpose()?,
        })
    }

    fn digest(&self) -> Digest {
        let mut context = Context::new(&SHA256);
        for part in [&self.chain[..], &self.key, self.authorities.as_deref().unwrap_or_default()] {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        digest
    }

    fn configure(&self, files: &TlsFiles) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&self.chain, &files.certificate, CHAIN)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| TlsError::file(&files.key, KEY, error))?;
        let unfit = |reason| TlsError::Unfit {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            reason,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(unfit)?;
        let builder = match (&self.authorities, &files.client_authorities) {
            (Some(text), Some(path)) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(text, path, AUTHORITIES)? {
                    roots.add(authority).map_err(|error| TlsError::file(path, AUTHORITIES, error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| TlsError::file(path, AUTHORITIES, error))?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(unfit)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn certificates(
    text: &[u8],
    path: &Path,
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::file(path, what, error))?;
    if found.is_empty() {
        return Err(TlsError::file(path, what, "holds no CERTIFICATE section"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
