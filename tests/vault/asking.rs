//! Requests of the Vault dialect, as the tests send them.

use serde_json::Value;

use crate::conversation::wire::{Answer, exchange, host};

/// Somebody who asks a daemon, with a token or without one.
#[derive(Clone)]
pub struct Asker {
    address: String,
    token: String,
}

impl Asker {
    /// With the token of somebody; with an empty one, nobody.
    pub fn new(address: &str, token: &str) -> Self {
        Asker { address: address.to_owned(), token: token.to_owned() }
    }

    /// Sends a request with more header lines; `Null` is no body.
    pub fn ask_with(&self, headers: &str, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let token = match self.token.as_str() {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        let request = format!(
            "{method} /v1/{path} HTTP/1.1\r\nhost: {}\r\n{token}{headers}content-length: {}\r\nconnection: close\r\n\r\n\
             {body}",
            host(&self.address),
            body.len(),
        );
        exchange(&self.address, request.as_bytes()).unwrap()
    }

    /// Sends a request; status and body, which is `Null` where there is none.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.ask_with("", method, path, body);
        (answer.status(), serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    /// A request that has to succeed; its body.
    pub fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert!((200..300).contains(&status), "{method} {path} {body}: {status} {answer}");
        answer
    }
}
