//! Notifications from outside: the stream of events and subscriptions over server-sent events (RFC 8040 section 6, RFC 8650),
//! with a client of our own that sees every byte, and with one that somebody else wrote. Here is the client; the tests are
//! in the modules below.

mod access;
mod cost;
mod crash;
mod data;
mod refusals;
mod stream;
mod subscriptions;

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use serde_json::{Value, json};
use strongbox::base::clock::{Clock, Timestamp};

use crate::conversation::wire::{Answer, exchange, host};
use crate::support::Daemon;

const NETCONF: &str = "/restconf/streams/NETCONF/json";

/// A daemon, and the holder of its root token.
struct At {
    daemon: Option<Daemon>,
    address: String,
    token: String,
}

impl At {
    /// One that runs over a directory, with its process.
    fn over(data: &Path, more: &[&str]) -> (At, Child) {
        let (child, log) = crate::daemon::start(data, more);
        let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        let token = std::fs::read_to_string(data.join("root-token")).unwrap().trim().to_owned();
        (At { daemon: None, address: format!("http://{address}"), token }, child)
    }

    fn quickstart() -> At {
        let daemon = Daemon::quickstart();
        let (address, token) = (daemon.fact("/address").to_owned(), daemon.fact("/tokens/root").to_owned());
        At { daemon: Some(daemon), address, token }
    }
}

/// What one server-sent event says.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sse {
    id: Option<String>,
    event: Option<String>,
    data: String,
}

impl Sse {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The notification in the envelope, without `eventTime`.
    fn notification(&self) -> (String, Value) {
        let envelope = self.json();
        let members = envelope["ietf-restconf:notification"].as_object().unwrap().clone();
        members.into_iter().find(|(name, _)| name != "eventTime").unwrap()
    }

    fn time(&self) -> String {
        self.json()["ietf-restconf:notification"]["eventTime"].as_str().unwrap().to_owned()
    }
}

/// A client that reads a stream.
struct Stream {
    reader: BufReader<TcpStream>,
    head: String,
    text: String,
}

impl Stream {
    fn open(daemon: &At, token: &str, target: &str, more: &str) -> Stream {
        let stream = TcpStream::connect(host(&daemon.address)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut writer = stream.try_clone().unwrap();
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n{more}\r\n"
        );
        writer.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
        }
        Stream { reader, head, text: String::new() }
    }

    /// Opens one that works.
    fn of(daemon: &At, target: &str, more: &str) -> Stream {
        let stream = Stream::open(daemon, &daemon.token, target, more);
        assert!(stream.head.starts_with("HTTP/1.1 200 "), "{}", stream.head);
        assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
        stream
    }

    /// The next event; `None` at the end of the body.
    fn next(&mut self) -> Option<Sse> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let mut event = Sse::default();
                let mut data: Vec<&str> = Vec::new();
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => event.id = Some(id.to_owned()),
                        Some(("event", name)) => event.event = Some(name.to_owned()),
                        Some(("data", text)) => data.push(text),
                        _ => assert!(line.is_empty() || line.starts_with(':'), "{line:?}"),
                    }
                }
                event.data = data.join("\n");
                if !event.data.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let chunk = self.chunk()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next chunk of the body; `None` at its end, whether it is a proper one or the daemon was killed.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let is_cut =
            |error: &Error| matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof);
        let mut size = String::new();
        match self.reader.read_line(&mut size) {
            Ok(0) => return None,
            Err(error) if is_cut(&error) => return None,
            read => read.unwrap(),
        };
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or_else(|_| panic!("{size:?}"));
        let mut chunk = vec![0; size + 2];
        match self.reader.read_exact(&mut chunk) {
            Err(error) if is_cut(&error) => return None,
            read => read.unwrap(),
        }
        chunk.truncate(size);
        (size > 0).then_some(chunk)
    }

    fn expect(&mut self) -> Sse {
        self.next().expect("an event, not the end")
    }

    /// The next notification of that name.
    fn named(&mut self, wanted: &str) -> Value {
        loop {
            let (name, content) = self.expect().notification();
            if name == wanted {
                return content;
            }
        }
    }
}

fn ask_as(daemon: &At, token: &str, method: &str, target: &str, body: &str) -> Answer {
    let kind =
        if target.starts_with("/restconf") { "application/yang-data+json" } else { "application/json" };
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(&daemon.address, request.as_bytes()).unwrap()
}

fn ask(daemon: &At, method: &str, target: &str, body: &str) -> Answer {
    ask_as(daemon, &daemon.token, method, target, body)
}

/// Makes an entry whose name it is.
fn make(daemon: &At, name: &str) {
    let answer = ask(daemon, "PUT", &format!("/v1/config/policy/policies/{name}"), "{}");
    assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
}

/// The names that a change notification tells of.
fn made(event: &Sse) -> Option<String> {
    let (name, content) = event.notification();
    if name != "ietf-netconf-notifications:netconf-config-change" {
        return None;
    }
    let target = content["edit"][0]["target"].as_str()?.to_owned();
    let (_, name) = target.split_once("policies[name='")?;
    Some(name.split('\'').next()?.to_owned())
}

/// Makes a subscription: its id, and the target from which it is received.
fn establish(daemon: &At, input: Value) -> (u64, String) {
    establish_as(daemon, &daemon.token, input)
}

fn establish_as(daemon: &At, token: &str, input: Value) -> (u64, String) {
    let output = established_as(daemon, token, input);
    let uri = output["ietf-restconf-subscribed-notifications:uri"].as_str().unwrap();
    let path = uri.split_once("//").unwrap().1.split_once('/').unwrap().1;
    (output["id"].as_u64().unwrap(), format!("/{path}"))
}

/// Makes a subscription: what is answered.
fn established(daemon: &At, input: Value) -> Value {
    established_as(daemon, &daemon.token, input)
}

fn established_as(daemon: &At, token: &str, input: Value) -> Value {
    let body = json!({"ietf-subscribed-notifications:input": input}).to_string();
    let target = "/restconf/operations/ietf-subscribed-notifications:establish-subscription";
    let answer = ask_as(daemon, token, "POST", target, &body);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let output: Value = serde_json::from_str(&answer.text()).unwrap();
    output["ietf-subscribed-notifications:output"].clone()
}

fn operation(daemon: &At, name: &str, input: Value) -> Answer {
    let module = name.split_once(':').unwrap().0;
    let body = json!({format!("{module}:input"): input}).to_string();
    ask(daemon, "POST", &format!("/restconf/operations/{name}"), &body)
}

/// Invokes an operation with XML.
fn ask_in_xml(daemon: &At, name: &str, body: &str) -> Answer {
    let request = format!(
        "POST /restconf/operations/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/yang-data+xml\r\nContent-Length: {}\r\n\r\n{body}",
        daemon.token,
        body.len()
    );
    exchange(&daemon.address, request.as_bytes()).unwrap()
}

/// An instant so many milliseconds from now.
fn in_milliseconds(count: i64) -> String {
    Timestamp(Clock::system().now().0 + count * 1_000).rfc3339()
}
