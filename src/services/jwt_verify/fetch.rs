//! Getting a small document from another server: the keys of an issuer and its discovery document, and what it says to who
//! asks with a form.
//!
//! The URL is configured by a tenant, and the daemon stands where the tenant may not be. So: `https` unless the server is
//! this machine or plain `http` was allowed for it, no redirects, no addresses at which clouds answer questions about
//! their machines, the address that was checked is the one that is connected to, a megabyte and ten seconds at most, and
//! nothing of what came is ever told in an error.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::base::secret::Secret;

/// The largest answer, in bytes.
const LARGEST: usize = 1024 * 1024;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// A document on a server, and on what terms it may be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Where.
    pub url: String,
    /// Certificates of the authorities that may vouch for the server, in PEM; `None`: those of the system.
    pub authorities: Option<String>,
    /// Whether plain `http` will do for servers elsewhere.
    pub allow_http: bool,
}

/// What is asked of a server besides the document itself.
#[derive(Debug, Default)]
pub struct Question {
    /// `Authorization`.
    pub authorization: Option<Secret>,
    /// A form that is posted; without one it is a GET.
    pub form: Option<Secret>,
}

/// Why a document could not be had. Nothing in it comes from the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL is none that is fetched.
    #[error("{0}")]
    Url(&'static str),
    /// The name leads nowhere, or nowhere that is asked.
    #[error("the server's name leads to no address that is asked")]
    Address,
    /// The certificates of the authorities cannot be read, or those of the system cannot be found.
    #[error("the certificates of the authorities cannot be used")]
    Authorities,
    /// No connection.
    #[error("the server does not answer")]
    Connection,
    /// The server is not who it should be.
    #[error("no secure connection to the server can be made")]
    Security,
    /// Not status 200; redirects are not followed.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// More than a megabyte, or an answer that breaks off.
    #[error("the answer is too large or breaks off")]
    Body,
    /// Too slow.
    #[error("the server takes too long")]
    Time,
}

/// Gets documents. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Fetcher(Arc<OnceLock<Option<Arc<ClientConfig>>>>);

/// A URL that may be asked.
struct Target {
    host: String,
    port: u16,
    secure: bool,
    path: String,
}

impl Fetcher {
    /// Gets a document.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn get(&self, site: &Site) -> Result<Bytes, FetchError> {
        self.ask(site, &Question::default()).await
    }

    /// Asks a question that is answered with a document.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn ask(&self, site: &Site, question: &Question) -> Result<Bytes, FetchError> {
        let asked = self.ask_at_leisure(site, question);
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(FetchError::Time))
    }

    async fn ask_at_leisure(&self, site: &Site, question: &Question) -> Result<Bytes, FetchError> {
        let target = check_url(site)?;
        let addresses = addresses(&target, site).await?;
        let stream = connect(&addresses).await?;
        if !target.secure {
            return ask(stream, &target, question).await;
        }
        let config = match &site.authorities {
            Some(pem) => trusting(pem)?,
            None => self.trusting_the_system().await?,
        };
        let name =
            ServerName::try_from(target.host.clone()).map_err(|_| FetchError::Url("the host has no name"))?;
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await;
        ask(stream.map_err(|_| FetchError::Security)?, &target, question).await
    }

    /// Reading the system's authorities takes milliseconds and happens once.
    async fn trusting_the_system(&self) -> Result<Arc<ClientConfig>, FetchError> {
        let kept = Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || kept.get_or_init(system).clone());
        read.await.ok().flatten().ok_or(FetchError::Authorities)
    }
}

fn builder() -> Option<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()
}

fn system() -> Option<Arc<ClientConfig>> {
    use hyper_rustls::ConfigBuilderExt as _;
    let config = builder()?.with_native_roots().ok()?.with_no_client_auth();
    Some(Arc::new(config))
}

fn trusting(pem: &str) -> Result<Arc<ClientConfig>, FetchError> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| FetchError::Authorities)?;
        roots.add(certificate).map_err(|_| FetchError::Authorities)?;
    }
    if roots.is_empty() {
        return Err(FetchError::Authorities);
    }
    let builder = builder().ok_or(FetchError::Authorities)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Whether certificates in PEM can be authorities.
///
/// # Errors
/// [`FetchError::Authorities`].
pub fn check_authorities(pem: &str) -> Result<(), FetchError> {
    trusting(pem).map(drop)
}

/// Whether a URL is one that is fetched, as far as can be told without asking for its host's address.
///
/// # Errors
/// [`FetchError::Url`], [`FetchError::Address`].
pub fn check(site: &Site) -> Result<(), FetchError> {
    check_url(site).map(drop)
}

fn check_url(site: &Site) -> Result<Target, FetchError> {
    if site.url.contains(['#', '@']) {
        return Err(FetchError::Url("a URL with a user or a fragment is not fetched"));
    }
    let uri: Uri = site.url.parse().map_err(|_| FetchError::Url("it is not a URL"))?;
    let host = uri.host().ok_or(FetchError::Url("it is not a URL with a host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(FetchError::Url("only https URLs are fetched")),
    };
    let literal: Option<IpAddr> = host.parse().ok();
    let is_here = host == "localhost" || literal.is_some_and(|address| address.to_canonical().is_loopback());
    if !secure && !is_here && !site.allow_http {
        return Err(FetchError::Url(
            "plain http is only used on this machine unless allow-http says otherwise",
        ));
    }
    if literal.is_some_and(is_off_limits) {
        return Err(FetchError::Address);
    }
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    Ok(Target { host, port, secure, path })
}

/// The addresses of a host that may be connected to.
async fn addresses(target: &Target, site: &Site) -> Result<Vec<SocketAddr>, FetchError> {
    let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    // A name that was taken for this machine has to be it.
    let must_be_here = !target.secure && !site.allow_http;
    let may = |address: &SocketAddr| {
        let ip = address.ip().to_canonical();
        !is_off_limits(ip) && (!must_be_here || ip.is_loopback())
    };
    let found: Vec<SocketAddr> = found.map_err(|_| FetchError::Address)?.filter(may).take(8).collect();
    if found.is_empty() { Err(FetchError::Address) } else { Ok(found) }
}

/// Addresses at which no issuer lives: unspecified, broadcast, multicast, link-local, and those at which clouds tell a
/// machine about itself. Private networks are not among them, because issuers do live there.
fn is_off_limits(address: IpAddr) -> bool {
    const ALIBABA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    const AMAZON: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_link_local()
                || v4 == ALIBABA
        }
        IpAddr::V6(v6) => {
            v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local() || v6 == AMAZON
        }
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, FetchError> {
    for address in addresses {
        if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_PATIENCE, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(FetchError::Connection)
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    target: &Target,
    question: &Question,
) -> Result<Bytes, FetchError> {
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(64 * 1024)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| FetchError::Connection)?;
    // It ends when the sender is dropped, or the server hangs up.
    tokio::spawn(connection);
    let host = match target.host.parse::<Ipv6Addr>() {
        Ok(v6) => format!("[{v6}]:{}", target.port),
        Err(_) => format!("{}:{}", target.host, target.port),
    };
    let method = if question.form.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder()
        .method(method)
        .uri(target.path.as_str())
        .header(HOST, host)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("strongbox/", env!("CARGO_PKG_VERSION")));
    if let Some(credentials) = question.authorization.as_ref().and_then(Secret::expose_text) {
        request = request.header(AUTHORIZATION, credentials);
    }
    if question.form.is_some() {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = question.form.as_ref().map(|form| Bytes::copy_from_slice(form.expose()));
    let request =
        request.body(Full::new(body.unwrap_or_default())).map_err(|_| FetchError::Url("it is not a URL"))?;
    let answer = sender.send_request(request).await.map_err(|_| FetchError::Connection)?;
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let body = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|_| FetchError::Body)?;
    Ok(body.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls_pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn site(url: &str) -> Site {
        Site { url: url.to_owned(), authorities: None, allow_http: false }
    }

    #[test]
    fn ssrf_plain_http_is_for_this_machine_only() {
        for url in [
            "https://idp.example.com/keys",
            "http://127.0.0.1:8080/keys",
            "http://localhost/",
            "http://[::1]/x",
        ] {
            assert_eq!(check(&site(url)), Ok(()), "{url}");
        }
        for url in [
            "http://idp.example.com/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "idp",
            "",
            "https://user@idp.example.com/",
            "https://idp.example.com/#x",
        ] {
            assert!(matches!(check(&site(url)), Err(FetchError::Url(_))), "{url}");
        }
        assert_eq!(check(&Site { allow_http: true, ..site("http://10.0.0.1/") }), Ok(()));
    }

    #[test]
    fn ssrf_addresses_at_which_clouds_answer_are_off_limits() {
        for url in [
            "https://169.254.169.254/latest",
            "https://[fe80::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://0.0.0.0/",
            "https://[fd00:ec2::254]/",
            "https://100.100.100.200/",
            "https://224.0.0.1/",
        ] {
            assert_eq!(check(&site(url)), Err(FetchError::Address), "{url}");
        }
    }

    #[test]
    fn authorities_are_certificates() {
        let certificate = include_str!("../jose/testdata/certificate.pem");
        assert_eq!(check_authorities(certificate), Ok(()));
        assert_eq!(check_authorities("nonsense"), Err(FetchError::Authorities));
    }

    /// A server that sends `answer` to whoever connects.
    async fn server(answer: &'static [u8]) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 2048];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
            }
        });
        url
    }

    #[tokio::test]
    async fn ssrf_only_a_whole_answer_with_status_200_counts() {
        let fetcher = Fetcher::default();
        let fine = server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        assert_eq!(fetcher.get(&site(&fine)).await.unwrap(), "{}");
        let moved =
            server(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(fetcher.get(&site(&moved)).await, Err(FetchError::Status(302)));
        let short = server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}").await;
        assert_eq!(fetcher.get(&site(&short)).await, Err(FetchError::Body));
        let large = server(b"HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n").await;
        assert_eq!(fetcher.get(&site(&large)).await, Err(FetchError::Body));
        let noise = server(b"220 smtp.example.com\r\n").await;
        assert_eq!(fetcher.get(&site(&noise)).await, Err(FetchError::Connection));
        assert_eq!(fetcher.get(&site("http://127.0.0.1:1/")).await, Err(FetchError::Connection));
    }

    /// An HTTPS server for localhost; its port, and its authority.
    async fn secure_server() -> (u16, CertifiedIssuer<'static, KeyPair>) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust this server hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 2048];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
            }
        });
        (port, authority)
    }

    #[tokio::test]
    async fn a_server_is_who_its_authorities_say_and_nobody_else() {
        let (port, authority) = secure_server().await;
        let (_, other) = secure_server().await;
        let fetcher = Fetcher::default();
        let get = |host: &str, authorities: Option<String>| {
            let url = format!("https://{host}:{port}/keys");
            let fetcher = fetcher.clone();
            async move { fetcher.get(&Site { url, authorities, allow_http: true }).await }
        };
        assert_eq!(get("localhost", Some(authority.pem())).await.unwrap(), "{}");
        let both = format!("{}{}", other.pem(), authority.pem());
        assert_eq!(get("localhost", Some(both)).await.unwrap(), "{}");
        assert_eq!(get("localhost", Some(other.pem())).await, Err(FetchError::Security));
        assert_eq!(get("127.0.0.1", Some(authority.pem())).await, Err(FetchError::Security), "another name");
        let of_system = get("localhost", None).await;
        assert!(matches!(of_system, Err(FetchError::Security | FetchError::Authorities)), "{of_system:?}");
    }
}
