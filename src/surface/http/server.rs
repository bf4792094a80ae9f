//! Listening: several addresses, plain or TLS, HTTP/1.1 and HTTP/2 on each, a cap on connections, and a stop that lets
//! requests in flight finish.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Service;
use super::activity::Activity;
use super::client::{Peer, plain};
use super::crowd::{Crowd, Place};
use super::exchange::Exchange;
use super::limits::Limits;
use super::stream::HangUp;
use super::tls::Tls;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}")]
pub struct BindError {
    /// The address as configured.
    pub address: SocketAddr,
    /// What the system says.
    pub reason: io::Error,
}

/// Sockets that are bound, and not yet served: whoever asks for port 0 learns the port here.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<(TcpListener, SocketAddr)>,
    tls: Option<Arc<Tls>>,
}

impl Bound {
    /// Binds every address.
    ///
    /// # Errors
    /// The first address that cannot be bound.
    pub async fn bind(addresses: &[SocketAddr], tls: Option<Arc<Tls>>) -> Result<Self, BindError> {
        let mut listeners = Vec::with_capacity(addresses.len());
        for address in addresses {
            let failed = |reason| BindError { address: *address, reason };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let local = listener.local_addr().map_err(failed)?;
            listeners.push((listener, local));
        }
        Ok(Bound { listeners, tls })
    }

    /// The addresses with the ports that the system gave.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|(_, local)| *local).collect()
    }

    /// Whether the listeners speak TLS.
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves until `stop` shows true, then stops accepting and gives open connections
    /// [`Limits::shutdown_grace`] to finish what they have begun.
    pub async fn serve<S: Service>(self, exchange: Arc<Exchange<S>>, mut stop: watch::Receiver<bool>) {
        let slots = u32::try_from(exchange.limits.connections).unwrap_or(u32::MAX >> 4).max(1);
        let permits = Arc::new(Semaphore::new(slots as usize));
        let builder = Arc::new(builder(&exchange.limits));
        let crowd = Crowd::new(exchange.limits.connections_per_address);
        if let Some(tls) = &self.tls {
            tokio::spawn(Arc::clone(tls).follow(stop.clone()));
        }
        for (listener, _) in self.listeners {
            let door = Door {
                exchange: Arc::clone(&exchange),
                builder: Arc::clone(&builder),
                tls: self.tls.clone(),
                permits: Arc::clone(&permits),
                crowd: Arc::clone(&crowd),
                stop: stop.clone(),
            };
            tokio::spawn(door.accept_all(listener));
        }
        let _ = stop.wait_for(|stopped| *stopped).await;
        // Every connection holds one permit: having all of them means that none is open.
        let drained = permits.acquire_many(slots);
        if tokio::time::timeout(exchange.limits.shutdown_grace, drained).await.is_err() {
            tracing::warn!("stopped with connections still open");
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Longer targets and header sections than we accept are read up to this size, so that they get their own status
    // (414, 431) instead of a closed connection.
    let buffer = 128 * 1024 + limits.header_bytes + limits.url_bytes;
    builder.http1().header_read_timeout(None).max_buf_size(buffer);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(buffer).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(limits.header_timeout);
    builder
}

struct Door<S> {
    exchange: Arc<Exchange<S>>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    tls: Option<Arc<Tls>>,
    permits: Arc<Semaphore>,
    crowd: Arc<Crowd>,
    stop: watch::Receiver<bool>,
}

impl<S: Service> Door<S> {
    async fn accept_all(self, listener: TcpListener) {
        let mut stop = self.stop.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stopped| *stopped) => return,
                accepted = self.accept_one(&listener) => accepted,
            };
            match accepted {
                Ok((stream, socket, permit)) => {
                    let Ok(place) = self.place(socket) else {
                        tracing::debug!(%socket, "its address has all the connections that it can have");
                        continue;
                    };
                    let connection = Connection {
                        exchange: Arc::clone(&self.exchange),
                        builder: Arc::clone(&self.builder),
                        tls: self.tls.clone(),
                        stop: self.stop.clone(),
                        socket,
                        _permit: permit,
                        _place: place,
                    };
                    tokio::spawn(connection.run(stream));
                }
                Err(error) => {
                    // Out of file descriptors, or a client that left before it was let in: neither is a reason to stop.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    async fn accept_one(
        &self,
        listener: &TcpListener,
    ) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, socket) = listener.accept().await?;
        Ok((stream, socket, permit))
    }

    /// A place for a connection among those of its address. Everybody behind a trusted proxy has the proxy's address.
    fn place(&self, socket: SocketAddr) -> Result<Option<Place>, TooMany> {
        let address = plain(socket.ip());
        if self.exchange.trusted_proxies.iter().any(|network| network.contains(&address)) {
            return Ok(None);
        }
        self.crowd.enter(address).map(Some).ok_or(TooMany)
    }
}

/// An address has as many connections as it can have.
struct TooMany;

struct Connection<S> {
    exchange: Arc<Exchange<S>>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    tls: Option<Arc<Tls>>,
    stop: watch::Receiver<bool>,
    socket: SocketAddr,
    _permit: OwnedSemaphorePermit,
    _place: Option<Place>,
}

impl<S: Service> Connection<S> {
    async fn run(self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let peer = |encrypted, certificate| Peer { socket: self.socket, encrypted, certificate };
        let outcome = match &self.tls {
            None => self.serve(stream, peer(false, None)).await,
            Some(tls) => {
                let shaking =
                    tokio::time::timeout(self.exchange.limits.header_timeout, tls.acceptor().accept(stream));
                match shaking.await {
                    Ok(Ok(stream)) => {
                        let shown = stream.get_ref().1.peer_certificates();
                        let certificate =
                            shown.map(|chain| chain.iter().map(|one| one.clone().into_owned()).collect());
                        self.serve(stream, peer(true, certificate)).await
                    }
                    Ok(Err(error)) => Err(error.into()),
                    Err(_) => Err("the TLS handshake took too long".into()),
                }
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(peer = %self.socket, error, "a connection ended early");
        }
    }

    async fn serve<I>(&self, stream: I, peer: Peer) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
    where
        I: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (activity, hang_up) = (Activity::default(), HangUp::default());
        let peer = Arc::new(peer);
        let service = service_fn(|request| {
            let turn = activity.begin(request.version());
            let exchange = Arc::clone(&self.exchange);
            let (peer, hang_up) = (Arc::clone(&peer), hang_up.clone());
            async move {
                let answer = exchange.handle(&peer, &hang_up, request).await;
                Ok::<_, Infallible>(answer.map(|body| body.during(turn)))
            }
        });
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let mut stop = self.stop.clone();
        let mut quiet = pin!(activity.quiet_for(self.exchange.limits.header_timeout));
        let mut stopping = false;
        loop {
            tokio::select! {
                biased;
                result = connection.as_mut() => return result,
                _ = stop.wait_for(|stopped| *stopped), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = hang_up.asked() => return Err("a client does not read what it asked for".into()),
                () = quiet.as_mut() => return Err("no request arrived in time".into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::http::cors::Cors;
    use crate::surface::http::{Payload, Refusal, Reply, Request};
    use hyper::StatusCode;
    use hyper::header::HeaderValue;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Echoes a body; panics on `/panic`; prints refusals as plain text.
    struct Echo;

    impl Service for Echo {
        async fn answer(&self, request: &Request, payload: Payload) -> Reply {
            assert_ne!(request.path(), "/panic", "asked to");
            match payload.read(&request.headers).await {
                Ok(body) => Reply::with_body(StatusCode::OK, HeaderValue::from_static("text/plain"), body),
                Err(refusal) => self.refuse(request, &refusal).await,
            }
        }

        async fn refuse(&self, _: &Request, refusal: &Refusal) -> Reply {
            let text = refusal.message.clone();
            Reply::with_body(refusal.status, HeaderValue::from_static("text/plain"), text)
        }
    }

    async fn start(limits: Limits) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
        let bound = Bound::bind(&["127.0.0.1:0".parse().unwrap()], None).await.unwrap();
        let address = bound.addresses()[0];
        let (sender, receiver) = watch::channel(false);
        let exchange = Exchange::new(Echo, limits, Cors::default(), Vec::new());
        (address, sender, tokio::spawn(bound.serve(exchange, receiver)))
    }

    async fn talk(address: SocketAddr, text: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap().unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_request_is_answered_and_the_connection_kept() {
        let (address, _stop, _task) = start(Limits::default()).await;
        let answer = talk(
            address,
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
        assert!(answer.contains("x-request-id: "), "{answer}");
    }

    #[tokio::test]
    async fn a_panic_is_a_500_and_the_connection_lives() {
        let (address, _stop, _task) = start(Limits::default()).await;
        let answer = talk(
            address,
            b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 1, "{answer}");
    }

    #[tokio::test]
    async fn limits_have_their_own_statuses() {
        let limits = Limits { body_bytes: 10, ..Limits::default() };
        let (address, _stop, _task) = start(limits).await;
        let long = |length: usize| {
            format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "a".repeat(length))
        };
        for length in [17, 64, 100] {
            let answer = talk(address, long(length * 1024).as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 414 "), "{length} KiB: {answer}");
        }
        let header =
            format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {}\r\n\r\n", "a".repeat(40_000));
        assert!(talk(address, header.as_bytes()).await.starts_with("HTTP/1.1 431 "));
        let declared = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n";
        assert!(talk(address, declared).await.starts_with("HTTP/1.1 413 "));
        let chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n";
        assert!(talk(address, chunked).await.starts_with("HTTP/1.1 413 "));
        assert!(
            talk(address, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await.starts_with("HTTP/1.1 400 ")
        );
    }

    #[tokio::test]
    async fn rfc9113_requests_share_a_connection_and_have_the_same_limits() {
        let limits = Limits { body_bytes: 10, ..Limits::default() };
        let (address, _stop, _task) = start(limits).await;
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let ask = |path: String, body: &'static str, header: String| {
            let mut sender = sender.clone();
            let request = hyper::Request::post(format!("http://x{path}")).header("x-more", header);
            let request = request.body(http_body_util::Full::new(bytes::Bytes::from_static(body.as_bytes())));
            async move {
                let answer = sender.send_request(request.unwrap()).await.unwrap();
                assert_eq!(answer.version(), hyper::Version::HTTP_2);
                answer.status().as_u16()
            }
        };
        let none = String::new;
        let statuses = tokio::join!(
            ask("/".to_owned(), "hi", none()),
            ask("/".to_owned(), "eleven byte", none()),
            ask(format!("/{}", "a".repeat(20_000)), "", none()),
            ask("/".to_owned(), "", "a".repeat(40_000)),
            ask("/panic".to_owned(), "", none()),
        );
        assert_eq!(statuses, (200, 413, 414, 431, 500));
        assert_eq!(ask("/".to_owned(), "hi", none()).await, 200, "the connection lives");
    }

    #[tokio::test]
    async fn what_is_over_the_bounds_of_an_address_or_of_all_waits_or_is_refused() {
        let (address, _stop, _task) = start(Limits { requests_per_address: 1, ..Limits::default() }).await;
        let mut waiting = TcpStream::connect(address).await.unwrap();
        waiting.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh").await.unwrap();
        let get = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        // Until the first has begun, the second may be the first.
        while !talk(address, get).await.contains("HTTP/1.1 429 ") {}
        waiting.write_all(b"i").await.unwrap();
        let mut line = [0_u8; 15];
        waiting.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"HTTP/1.1 200 OK");
        assert!(talk(address, get).await.starts_with("HTTP/1.1 200 OK"));

        let (address, _stop, _task) = start(Limits { connections: 1, ..Limits::default() }).await;
        let first = TcpStream::connect(address).await.unwrap();
        let mut second = tokio::spawn(async move { talk(address, get).await });
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut second).await.is_err(), "it waits");
        drop(first);
        assert!(second.await.unwrap().starts_with("HTTP/1.1 200 OK"));
    }

    #[tokio::test]
    async fn slow_headers_and_silent_connections_are_closed() {
        let limits = Limits {
            header_timeout: Duration::from_millis(150),
            body_timeout: Duration::from_millis(150),
            ..Limits::default()
        };
        let (address, _stop, _task) = start(limits).await;
        for begun in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
            assert!(!talk(address, begun).await.contains("200 OK"));
        }
        let body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc";
        assert!(talk(address, body).await.starts_with("HTTP/1.1 408 "));
    }

    #[tokio::test]
    async fn head_has_the_length_and_no_body() {
        let (address, _stop, _task) = start(Limits::default()).await;
        let answer =
            talk(address, b"HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
                .await;
        assert!(answer.contains("content-length: 2\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    }

    #[tokio::test]
    async fn stopping_closes_idle_connections_and_ends() {
        let (address, stop, task) = start(Limits::default()).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut first = [0_u8; 15];
        idle.read_exact(&mut first).await.unwrap();
        stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
