//! An issuer of the tests on loopback: discovery, keys, and codes that become ID tokens. What it answers can be changed, and
//! it can be switched off; it counts how often its keys are asked for.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use strongbox::base::clock::Clock;

use crate::access::jwt::Issuer;
use crate::tls::Authority;

/// The provider; it listens until the process ends.
#[derive(Clone)]
pub struct Provider {
    /// Its address, and its name as an issuer.
    pub url: String,
    state: Arc<State>,
}

struct State {
    /// Its keys with their ids, the newest last.
    keys: Mutex<Vec<(String, Arc<Issuer>)>>,
    is_up: AtomicBool,
    keys_asked_for: AtomicUsize,
}

impl Provider {
    /// Begins to listen, with one key whose id is `1`.
    pub fn start() -> Self {
        Self::listen(None)
    }

    /// The same behind a certificate that an authority signed.
    pub fn start_with_tls(authority: &Authority) -> Self {
        Self::listen(Some(server_config(authority)))
    }

    fn listen(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            keys: Mutex::new(vec![("1".to_owned(), Arc::new(Issuer::new()))]),
            is_up: AtomicBool::new(true),
            keys_asked_for: AtomicUsize::new(0),
        });
        let provider = Provider { url, state };
        let serving = provider.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                // A provider that is down closes what comes: to a client that is a broken connection.
                if !serving.state.is_up.load(Ordering::SeqCst) {
                    continue;
                }
                match &tls {
                    None => serving.answer(&mut stream),
                    Some(config) => with_tls(config, stream, |stream| serving.answer(stream)),
                }
            }
        });
        provider
    }

    /// Switches it off, or on again.
    pub fn set_up(&self, is_up: bool) {
        self.state.is_up.store(is_up, Ordering::SeqCst);
    }

    /// How often its keys were asked for.
    pub fn keys_asked_for(&self) -> usize {
        self.state.keys_asked_for.load(Ordering::SeqCst)
    }

    /// Takes another key, whose id is one higher; the old ones stay published.
    pub fn rotate(&self) {
        let mut keys = self.state.keys.lock().unwrap();
        let kid = (keys.len() + 1).to_string();
        keys.push((kid, Arc::new(Issuer::new())));
    }

    /// The PEM of its newest key.
    pub fn pem(&self) -> String {
        self.state.keys.lock().unwrap().last().unwrap().1.pem()
    }

    /// A JWT that it signs now with its newest key, for the audience `us` and the user `anna` unless the claims say otherwise.
    pub fn signed(&self, more: &Value) -> String {
        let keys = self.state.keys.lock().unwrap();
        let (kid, key) = keys.last().unwrap();
        key.signed(kid, &self.claims(more))
    }

    /// Its usual claims, and more.
    pub fn claims(&self, more: &Value) -> Value {
        let now = Clock::system().now().seconds();
        let mut claims = json!({"iss": self.url, "sub": "anna", "aud": "us", "iat": now, "exp": now + 300});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    }

    fn answer(&self, stream: &mut (impl Read + Write)) {
        let Some(request) = Request::read(stream) else { return };
        let url = &self.url;
        let found = match request.path.as_str() {
            "/.well-known/openid-configuration" => json!({
                "issuer": url, "jwks_uri": format!("{url}/keys"), "token_endpoint": format!("{url}/token"),
                "authorization_endpoint": format!("{url}/authorize"),
            }),
            "/keys" => {
                self.state.keys_asked_for.fetch_add(1, Ordering::SeqCst);
                let keys = self.state.keys.lock().unwrap();
                json!({"keys": keys.iter().map(|(kid, key)| key.jwk(kid)).collect::<Vec<_>>()})
            }
            // A code is the nonce of the ID token that it is exchanged for, so that a client can say what it wants.
            "/token" => {
                let code =
                    request.body.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap_or_default();
                let id_token = self.signed(&json!({"aud": "client", "nonce": code}));
                json!({"access_token": "x", "token_type": "Bearer", "id_token": id_token})
            }
            _ => json!({}),
        };
        let text = found.to_string();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
            text.len()
        );
    }
}

/// What a server on 127.0.0.1 shows whose certificate an authority signed.
pub fn server_config(authority: &Authority) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    // Of the same name as the authority it would pass for signed by itself.
    params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// Talks to a client by TLS, and says goodbye.
pub fn with_tls(
    config: &Arc<ServerConfig>,
    stream: TcpStream,
    talk: impl FnOnce(&mut StreamOwned<ServerConnection, TcpStream>),
) {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    talk(&mut stream);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

/// A request as it came.
pub struct Request {
    /// All of it.
    pub bytes: Vec<u8>,
    path: String,
    body: String,
}

impl Request {
    /// Reads one; `None` where the client went away before its end.
    pub fn read(stream: &mut impl Read) -> Option<Self> {
        let (mut bytes, mut buffer) = (Vec::new(), [0_u8; 4096]);
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
                });
                if body.len() >= length.unwrap_or(0) {
                    let (path, body) = (head.split(' ').nth(1)?.to_owned(), body.to_owned());
                    return Some(Request { bytes, path, body });
                }
            }
            match stream.read(&mut buffer).ok()? {
                0 => return None,
                count => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }
}
