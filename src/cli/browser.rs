//! `strongbox login --method oidc`: logging in with a browser. A listener on this machine waits for the browser to come back
//! from the issuer; what it brings is exchanged for a token.
//!
//! Whoever else listens on this machine learns nothing that is of use: the code is bound to the daemon that began the log in,
//! and ending it takes a text that only this process knows.

use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use hyper::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::client::{Answer, ClientError};
use super::remote::Connection;
use crate::base::secret::Secret;

/// How long somebody may take at the issuer's.
const PATIENCE: Duration = Duration::from_secs(600);

/// The longest request of a browser that is read, in bytes.
const LONGEST: usize = 128 * 1024;

/// Where the browser comes back to.
const CALLBACK: &str = "/oidc/callback";

/// What there is to say about logging in with a browser.
#[derive(Args, Debug)]
pub struct Browser {
    /// The role; when absent, the mount's default role
    #[arg(long, requires = "method")]
    role: Option<String>,
    /// The path of the mount at which to log in
    #[arg(long, default_value = "oidc", requires = "method")]
    path: String,
    /// The port on which to wait for the browser; 0 takes a free one
    #[arg(long, default_value_t = 8250, requires = "method")]
    port: u16,
    /// Only print where to go; open no browser
    #[arg(long, requires = "method")]
    no_browser: bool,
}

/// Logs in and answers with the token.
pub(super) async fn log_in(
    connection: &Connection,
    browser: &Browser,
    tenant: Option<&str>,
) -> Result<Answer, ClientError> {
    let failed = |error: &dyn std::fmt::Display| ClientError::Request(error.to_string());
    let listener = TcpListener::bind(("127.0.0.1", browser.port)).await.map_err(|error| failed(&error))?;
    let port = listener.local_addr().map_err(|error| failed(&error))?.port();
    let random = Secret::random(15).map_err(|error| failed(&error))?;
    let nonce: String = random.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    let at = |mut input: Value| {
        input["mount"] = browser.path.as_str().into();
        if let Some(tenant) = tenant {
            input["tenant"] = tenant.into();
        }
        Bytes::from(input.to_string())
    };
    let redirect_uri = format!("http://localhost:{port}{CALLBACK}");
    let mut begin = json!({"redirect-uri": redirect_uri, "client-nonce": nonce});
    if let Some(role) = &browser.role {
        begin["role"] = role.as_str().into();
    }
    let answer = connection.ask(Method::POST, "/v1/oidc-auth-url", at(begin)).await?;
    if answer.status.is_client_error() || answer.status.is_server_error() {
        return Ok(answer);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(url) = body["auth-url"].as_str() else {
        return Err(ClientError::Request(format!(
            "the role does not allow to come back to {redirect_uri}, or the issuer cannot be reached; the daemon's log says which"
        )));
    };
    eprintln!("Log in here:\n\n    {url}\n\nWaiting for the browser at {redirect_uri} ...");
    if !browser.no_browser {
        open(url);
    }
    let waited = tokio::time::timeout(PATIENCE, wait(&listener)).await;
    let Returned { mut stream, mut parameters, posted } =
        waited.map_err(|_| ClientError::Request("nobody came back within ten minutes".to_owned()))?;
    let mut take = |name: &str| {
        parameters.iter().position(|(found, _)| found == name).map(|at| parameters.swap_remove(at).1)
    };
    if let Some(error) = take("error") {
        let why = take("error_description").unwrap_or_default();
        tell(&mut stream, "The log in failed. The terminal has the reason.").await;
        return Err(ClientError::Request(format!("the issuer says '{}': {}", shown(&error), shown(&why))));
    }
    let (state, mut code) = (take("state").unwrap_or_default(), take("code").unwrap_or_default());
    if posted {
        let input = json!({"state": state, "code": code, "id-token": take("id_token").unwrap_or_default()});
        let kept = connection.ask(Method::POST, "/v1/oidc-form-post", at(input)).await?;
        if !kept.status.is_success() {
            tell(&mut stream, "The log in failed. The terminal has the reason.").await;
            return Ok(kept);
        }
        code = "no_code".to_owned();
    }
    let input = json!({"state": state, "code": code, "client-nonce": nonce});
    let ended = connection.ask(Method::POST, "/v1/oidc-callback", at(input)).await?;
    let said = match ended.status.is_success() {
        true => "You are logged in. This window can be closed.",
        false => "The log in failed. The terminal has the reason.",
    };
    tell(&mut stream, said).await;
    Ok(ended)
}

/// A browser that came back, with what it brought.
struct Returned {
    stream: TcpStream,
    parameters: Vec<(String, String)>,
    posted: bool,
}

/// Waits until a browser comes back; whatever else asks for something is told that there is nothing.
async fn wait(listener: &TcpListener) -> Returned {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let read = tokio::time::timeout(Duration::from_secs(10), read(&mut stream)).await;
        if let Ok(Some((posted, parameters))) = read {
            return Returned { stream, parameters, posted };
        }
        let _ = stream
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await;
    }
}

/// Reads a request; `None` for one that is not for the callback.
async fn read(stream: &mut TcpStream) -> Option<(bool, Vec<(String, String)>)> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        request.extend_from_slice(part.get(..length)?);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if request.len() > LONGEST {
                return None;
            }
            continue;
        };
        let mut line = head.lines().next()?.split(' ');
        let (method, target) = (line.next()?, line.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != CALLBACK {
            return None;
        }
        match method {
            "GET" => return Some((false, pairs(query))),
            "POST" => {
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
                })?;
                if body.len() >= length {
                    return Some((true, pairs(body)));
                }
                if length > LONGEST {
                    return None;
                }
            }
            _ => return None,
        }
    }
}

/// `name=value&…`, decoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// Tells somebody at a browser something.
async fn tell(stream: &mut TcpStream, text: &str) {
    let page = format!("<!doctype html>\n<meta charset=\"utf-8\"><title>Strongbox</title><p>{text}</p>\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-security-policy: default-src 'none'";
    let answer = format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}", page.len());
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// What an issuer says, for a terminal: without what a terminal would take for commands.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

/// Asks the desktop to open a URL. Where there is none, the URL on the terminal has to do.
fn open(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = std::process::Command::new(opener);
    let _ = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_what_issuers_say_commands_no_terminal() {
        let expected = [("code", "a b"), ("state", "s=1")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(pairs("code=a+b&state=s%3D1&x"), expected);
        assert_eq!(shown("no\u{1b}[2J"), "no[2J");
    }
}
