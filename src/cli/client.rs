//! The HTTP client behind the commands that talk to a running daemon: one request, one answer.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::TokioExecutor;
use rustls_pki_types::pem::PemObject;

use crate::base::secret::Secret;

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// Where the daemon is and who asks.
pub struct Client {
    address: String,
    token: Option<Secret>,
    pool: Pool<hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>, Full<Bytes>>,
}

/// What the daemon answered.
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// `Location`, where there is one.
    pub location: Option<String>,
    /// `ETag`, where there is one.
    pub etag: Option<String>,
    /// The body, whole.
    pub body: Bytes,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("the address '{0}' is not a URL such as http://127.0.0.1:8200")]
    Address(String),
    /// The file of certificate authorities cannot be used.
    #[error("cannot read certificates from {0}: {1}")]
    Certificates(String, String),
    /// The connection failed.
    #[error("cannot reach {address}: {reason}")]
    Unreachable {
        /// Where to.
        address: String,
        /// Why, with its causes.
        reason: String,
    },
    /// A header value or path has characters that HTTP does not carry.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// The answer broke off or is larger than [`MAX_ANSWER`].
    #[error("the answer cannot be read: {0}")]
    Answer(String),
}

impl Client {
    /// A client for `address` (`http://host:port` or `https://host:port`). With `ca_file`, only certificates signed by
    /// an authority in that PEM file are trusted; otherwise the machine's own.
    ///
    /// # Errors
    /// When the address is no URL or the certificates cannot be read.
    pub fn new(
        address: &str,
        token: Option<Secret>,
        ca_file: Option<&std::path::Path>,
    ) -> Result<Self, ClientError> {
        let address = address.trim_end_matches('/').to_owned();
        let uri: hyper::Uri = address.parse().map_err(|_| ClientError::Address(address.clone()))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.path() != "/" {
            return Err(ClientError::Address(address));
        }
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls(ca_file)?)
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Client { address, token, pool: Pool::builder(TokioExecutor::new()).build(connector) })
    }

    /// Sends one request. `path` begins with `/` and is encoded already; a body is sent as YAML, which JSON is too.
    ///
    /// # Errors
    /// When there is no complete answer. An answer with an error status is an answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Option<Bytes>,
        headers: &[(header::HeaderName, String)],
    ) -> Result<Answer, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header(header::ACCEPT, accept)
            .header(header::USER_AGENT, concat!("strongbox/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = self.token.as_ref().and_then(Secret::expose_text) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/yaml");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(body.unwrap_or_default()))
            .map_err(|error| ClientError::Request(error.to_string()))?;
        let answer = self.pool.request(request).await.map_err(|error| ClientError::Unreachable {
            address: self.address.clone(),
            reason: causes(&error),
        })?;
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (status, location, etag) = (answer.status(), text(header::LOCATION), text(header::ETAG));
        let body = Limited::new(answer.into_body(), MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| ClientError::Answer(error.to_string()))?
            .to_bytes();
        Ok(Answer { status, location, etag, body })
    }
}

fn tls(ca_file: Option<&std::path::Path>) -> Result<rustls::ClientConfig, ClientError> {
    let builder =
        rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| ClientError::Certificates("the TLS provider".to_owned(), error.to_string()))?;
    let Some(file) = ca_file else {
        use hyper_rustls::ConfigBuilderExt as _;
        return match builder.clone().with_native_roots() {
            Ok(builder) => Ok(builder.with_no_client_auth()),
            // A machine without authorities can still be used over plain HTTP on loopback.
            Err(_) => {
                Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
            }
        };
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        ClientError::Certificates(file.display().to_string(), error.to_string())
    };
    let mut roots = rustls::RootCertStore::empty();
    let certificates =
        rustls_pki_types::CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// An error with its causes, outermost first: `client error (Connect): Connection refused`.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}
