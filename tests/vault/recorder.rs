//! Stands between a client and a daemon and keeps what was asked for, so that a test can say what a client did and not only
//! that it did not complain.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::conversation::wire::host;

/// `METHOD path` of every request, the path below `/v1/` and without its query.
type Requests = Arc<Mutex<Vec<String>>>;

/// A recorder; it listens until the process ends.
pub struct Recorder {
    /// What a client takes for the daemon's address.
    pub address: String,
    requests: Requests,
}

impl Recorder {
    /// Begins to listen in front of a daemon.
    pub fn before(daemon: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (daemon, requests) = (host(daemon).to_owned(), Requests::default());
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&daemon).unwrap();
                let (from_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || relay(&from_server, &to_client, |_| {}));
                std::thread::spawn(move || {
                    let mut reader = Requested::default();
                    relay(&client, &server, |bytes| reader.take(bytes, &kept));
                });
            }
        });
        Recorder { address, requests }
    }

    /// Which of these were never asked for: `METHOD path`, in which `+` is one segment and `A|B` at the beginning either
    /// method. Reading of lists is `LIST`, whichever way it was asked for.
    pub fn missing(&self, wanted: &[&'static str]) -> Vec<&'static str> {
        let requests = self.requests.lock().unwrap();
        wanted
            .iter()
            .copied()
            .filter(|wanted| !requests.iter().any(|request| is_meant(wanted, request)))
            .collect()
    }
}

fn is_meant(wanted: &str, request: &str) -> bool {
    let ((methods, pattern), (method, path)) =
        (wanted.split_once(' ').unwrap(), request.split_once(' ').unwrap());
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    methods.split('|').any(|known| known == method)
        && pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(pattern, segment)| *pattern == "+" || *pattern == segment)
}

fn relay(mut from: &TcpStream, mut to: &TcpStream, mut seen: impl FnMut(&[u8])) {
    let mut buffer = [0_u8; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        seen(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Finds the heads of requests in what a client sends.
#[derive(Default)]
struct Requested {
    bytes: Vec<u8>,
}

impl Requested {
    fn take(&mut self, bytes: &[u8], kept: &Mutex<Vec<String>>) {
        self.bytes.extend_from_slice(bytes);
        while let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().unwrap());
            if self.bytes.len() < end + 4 + length {
                return;
            }
            self.bytes.drain(..end + 4 + length);
            kept.lock().unwrap().push(requested(&head));
        }
    }
}

fn requested(head: &str) -> String {
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = if query.contains("list=") { "LIST" } else { method };
    let path = path.trim_start_matches("/v1/").trim_end_matches('/');
    if query.contains("help=") { format!("HELP {path}") } else { format!("{method} {path}") }
}

#[test]
fn requests_are_told_apart_by_method_and_path() {
    let kept = Mutex::new(Vec::new());
    let mut reader = Requested::default();
    reader.take(b"POST /v1/auth/jwt/login HTTP/1.1\r\ncontent-length: 3\r\n\r\n{", &kept);
    reader.take(b"}\nGET /v1/auth/jwt/role?list=true HTTP/1.1\r\n\r\n", &kept);
    assert_eq!(*kept.lock().unwrap(), ["POST auth/jwt/login", "LIST auth/jwt/role"]);
    assert!(is_meant("POST|PUT auth/+/login", "POST auth/jwt/login"));
    assert!(!is_meant("POST auth/+", "POST auth/jwt/login") && !is_meant("GET a", "PUT a"));
}
