//! HTTP/1.1 by hand: what a well-behaved client library would not send must be sendable here.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `HTTP/1.1 200 OK`.
    pub status_line: String,
    /// Header lines in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, transfer coding taken off.
    pub body: Vec<u8>,
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// `host:port` of a URL.
pub fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// Sends bytes and reads one answer. A write that fails is no error: the daemon may have answered and closed already.
pub fn exchange(address: &str, request: &[u8]) -> Result<Answer, String> {
    let mut stream = TcpStream::connect(host(address)).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(|error| error.to_string())?;
    let _ = stream.write_all(request);
    let is_head = request.starts_with(b"HEAD ");
    read_answer(&mut stream, is_head)
}

/// Reads one answer.
pub fn read_answer(stream: &mut TcpStream, is_head: bool) -> Result<Answer, String> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = find(&bytes, b"\r\n\r\n") {
            break at;
        }
        fill(stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes[end + 4..].to_vec();
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let answer = Answer { status_line, headers, body: Vec::new() };
    let empty = is_head || matches!(answer.status(), 204 | 304);
    let length: usize = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    assert!(answer.header("transfer-encoding").is_none(), "answers have a length");
    while !empty && body.len() < length {
        fill(stream, &mut body)?;
    }
    Ok(Answer { body: if empty { Vec::new() } else { body }, ..answer })
}

fn fill(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<(), String> {
    let mut buffer = [0_u8; 64 * 1024];
    match stream.read(&mut buffer) {
        Ok(0) => Err("the connection was closed".to_owned()),
        Ok(count) => {
            bytes.extend_from_slice(&buffer[..count]);
            Ok(())
        }
        // A read with a time limit is interrupted when the process was stopped for a moment; nothing was lost.
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
