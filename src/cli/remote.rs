//! The commands that talk to a running daemon: show, create, replace, merge, delete, do, login.
//!
//! Each is one request of the `/v1` dialect; what it prints is the daemon's own YAML or JSON.

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use bytes::Bytes;
use clap::{Args, Subcommand};
use hyper::{Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::browser::{self, Browser};
use super::client::{Answer, Client, ClientError};
use crate::base::secret::Secret;

/// Where the daemon is, who asks, and how answers are to look.
#[derive(Args, Debug)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The daemon's address
    #[arg(long, env = "STRONGBOX_ADDRESS", default_value = "http://127.0.0.1:8200", value_name = "URL")]
    address: String,
    /// The token to present; `strongbox login` prints one
    #[arg(long, env = "STRONGBOX_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Trust the certificate authorities in this PEM file instead of the machine's own
    #[arg(long, env = "STRONGBOX_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print answers as this; when not set, as YAML, or as text by the commands that have one
    #[arg(long, value_parser = ["yaml", "json"])]
    output: Option<String>,
}

/// What to send.
#[derive(Args, Debug)]
pub struct Body {
    /// The body, as YAML or JSON
    #[arg(long, short, conflicts_with = "file")]
    data: Option<String>,
    /// Read the body from this file; `-` and nothing at all mean standard input
    #[arg(long, short)]
    file: Option<PathBuf>,
}

/// Whether a change is to wait for confirmation.
#[derive(Args, Debug)]
pub struct Confirming {
    /// Undo it, and all that follows, unless it is confirmed within so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "600", require_equals = true)]
    pub(super) confirmed: Option<u32>,
    /// Let whoever knows this text confirm it
    #[arg(long, value_name = "TEXT", requires = "confirmed")]
    pub(super) persist: Option<String>,
}

/// What a write says besides what it changes.
#[derive(Args, Debug)]
pub struct Writing {
    /// Prepare it in the candidate; nothing changes until `strongbox commit`
    #[arg(long, conflicts_with = "confirmed")]
    candidate: bool,
    /// Why, for the history
    #[arg(long)]
    comment: Option<String>,
    /// Whether it waits for confirmation
    #[command(flatten)]
    confirming: Confirming,
    /// The text of the change that waits for confirmation already, to extend it
    #[arg(long, value_name = "TEXT", requires = "confirmed")]
    persist_id: Option<String>,
}

/// Query parameters of a GET, by the names that the API has for them.
#[derive(Args, Debug)]
pub struct Selection {
    /// Show the config tree (what was set) instead of the state tree (everything in use)
    #[arg(long)]
    config: bool,
    /// Show the config tree as it is prepared in the candidate
    #[arg(long, conflicts_with = "config")]
    candidate: bool,
    /// Only these descendants: name,roles/[name,max-ttl]
    #[arg(long)]
    fields: Option<String>,
    /// Only the entries for which this XPath expression is true
    #[arg(long = "where", value_name = "XPATH")]
    condition: Option<String>,
    /// Only the keys of a list
    #[arg(long)]
    keys: bool,
    /// Only the number of entries of a list
    #[arg(long)]
    count: bool,
    /// At most this many entries
    #[arg(long)]
    limit: Option<usize>,
    /// Leave out this many entries first
    #[arg(long)]
    offset: Option<usize>,
    /// Sort by this leaf; -leaf for descending
    #[arg(long, allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most this many levels
    #[arg(long)]
    depth: Option<u32>,
    /// Ask this site
    #[arg(long)]
    site: Option<String>,
}

/// One command.
#[derive(Subcommand, Debug)]
pub enum RemoteCommand {
    /// Show a part of the state tree, or with --config of the config tree
    Show {
        /// Such as strongbox/jwt-issuers/payments-api
        path: String,
        /// What of it
        #[command(flatten)]
        selection: Selection,
    },
    /// Create an entry in a list
    Create {
        /// The list, such as strongbox/jwt-issuers
        path: String,
        /// What to send
        #[command(flatten)]
        body: Body,
        /// Only check; change nothing
        #[arg(long)]
        validate: bool,
        /// What else to say of it
        #[command(flatten)]
        writing: Writing,
    },
    /// Create or replace an entry or a container
    Replace {
        /// The entry, such as strongbox/jwt-issuers/payments-api
        path: String,
        /// What to send
        #[command(flatten)]
        body: Body,
        /// Only check; change nothing
        #[arg(long)]
        validate: bool,
        /// What else to say of it
        #[command(flatten)]
        writing: Writing,
        /// Only if the entry still has this ETag
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Change parts of an entry or a container
    Merge {
        /// The entry, such as strongbox/jwt-issuers/payments-api
        path: String,
        /// What to send
        #[command(flatten)]
        body: Body,
        /// Only check; change nothing
        #[arg(long)]
        validate: bool,
        /// What else to say of it
        #[command(flatten)]
        writing: Writing,
        /// Only if the entry still has this ETag
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Delete an entry or a container
    Delete {
        /// The entry, such as strongbox/jwt-issuers/payments-api
        path: String,
        /// Only check; change nothing
        #[arg(long)]
        validate: bool,
        /// What else to say of it
        #[command(flatten)]
        writing: Writing,
        /// Only if the entry still has this ETag
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Invoke an action, such as strongbox/jwt-issuers/payments-api/roles/reader/mint
    Do {
        /// The action
        path: String,
        /// What to send
        #[command(flatten)]
        body: Body,
        /// Only check; do nothing
        #[arg(long)]
        validate: bool,
        /// Ask this site
        #[arg(long)]
        site: Option<String>,
    },
    /// Log in with a user's name and a password read from standard input, or with a browser; prints the token
    Login {
        /// The user, for logging in with a password
        #[arg(required_unless_present = "method", conflicts_with = "method")]
        username: Option<String>,
        /// How to log in otherwise
        #[arg(long)]
        method: Option<LoginMethod>,
        /// What there is to say about that
        #[command(flatten)]
        browser: Browser,
        /// The tenant; when absent, the server's default tenant
        #[arg(long)]
        tenant: Option<String>,
    },
}

/// Ways of logging in other than with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LoginMethod {
    /// With a browser, at an OpenID provider
    Oidc,
}

/// Characters of a query value that must be encoded.
const QUERY: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>').add(b'=');
/// Characters of a path that must be encoded; `%` stays, so that an encoded key can be given.
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'[').add(b']');

/// Runs a command; the exit code is 0 for success, 1 when the daemon refused, 2 when it could not be asked.
pub async fn run(connection: &Connection, command: RemoteCommand) -> ExitCode {
    match request(connection, command).await {
        Ok(answer) => print(&answer),
        Err(problem) => {
            eprintln!("strongbox: {problem}");
            ExitCode::from(2)
        }
    }
}

async fn request(connection: &Connection, command: RemoteCommand) -> Result<Answer, ClientError> {
    let (method, path, body, if_match) = match command {
        RemoteCommand::Show { path, selection } => (Method::GET, selection.path(&path), None, None),
        RemoteCommand::Create { path, body, validate, writing } => {
            (Method::POST, config_path(&path, validate, &writing), Some(body.read()?), None)
        }
        RemoteCommand::Replace { path, body, validate, writing, if_match } => {
            (Method::PUT, config_path(&path, validate, &writing), Some(body.read()?), if_match)
        }
        RemoteCommand::Merge { path, body, validate, writing, if_match } => {
            (Method::PATCH, config_path(&path, validate, &writing), Some(body.read()?), if_match)
        }
        RemoteCommand::Delete { path, validate, writing, if_match } => {
            (Method::DELETE, config_path(&path, validate, &writing), None, if_match)
        }
        RemoteCommand::Do { path, body, validate, site } => {
            let mut query = Query::default();
            query.flag("validate", validate);
            query.value("site", site.as_deref());
            (Method::POST, query.on("/v1/state", &path), Some(body.read_optional()?), None)
        }
        RemoteCommand::Login { method: Some(LoginMethod::Oidc), browser, tenant, .. } => {
            return browser::log_in(connection, &browser, tenant.as_deref()).await;
        }
        RemoteCommand::Login { username, tenant, .. } => {
            let body = serde_json::json!({"username": username, "password": password()?, "tenant": tenant});
            let body = match body {
                serde_json::Value::Object(mut map) => {
                    map.retain(|_, value| !value.is_null());
                    serde_json::Value::Object(map)
                }
                other => other,
            };
            (Method::POST, "/v1/login".to_owned(), Some(Bytes::from(body.to_string())), None)
        }
    };
    let headers: Vec<_> = if_match.map(|etag| (header::IF_MATCH, etag)).into_iter().collect();
    connection.send(method, &path, body, &headers).await
}

impl Connection {
    /// One request; the answer is in the format that was asked for.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        headers: &[(header::HeaderName, String)],
    ) -> Result<Answer, ClientError> {
        let token = self.token.clone().map(Secret::from_text);
        let client = Client::new(&self.address, token, self.ca_file.as_deref())?;
        let format = self.output.as_deref().unwrap_or("yaml");
        client.send(method, path, &format!("application/{format}"), body, headers).await
    }

    /// Whether a command that can print text is to do so.
    pub(super) fn wants_text(&self) -> bool {
        self.output.is_none()
    }

    /// One request of a command that can print text; the answer is JSON where that is what it is to do.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Answer, ClientError> {
        let token = self.token.clone().map(Secret::from_text);
        let client = Client::new(&self.address, token, self.ca_file.as_deref())?;
        let format = self.output.as_deref().unwrap_or("json");
        client.send(method, path, &format!("application/{format}"), Some(body), &[]).await
    }
}

/// Prints an answer; one with an error status goes to standard error.
pub(super) fn print(answer: &Answer) -> ExitCode {
    let refused = answer.status.is_client_error() || answer.status.is_server_error();
    let mut text = answer.body.to_vec();
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    let written = if refused {
        eprintln!("strongbox: {}", answer.status);
        std::io::stderr().write_all(&text)
    } else {
        std::io::stdout().write_all(&text)
    };
    match (refused, written) {
        (true, _) => ExitCode::from(1),
        // A reader that went away (`| head`) is no failure of ours.
        (false, _) => ExitCode::SUCCESS,
    }
}

fn password() -> Result<String, ClientError> {
    if std::io::stdin().is_terminal() {
        eprint!("Password: ");
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| ClientError::Request(error.to_string()))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

impl Body {
    fn read(&self) -> Result<Bytes, ClientError> {
        let unreadable =
            |name: &str, error: std::io::Error| ClientError::Request(format!("cannot read {name}: {error}"));
        match (&self.data, &self.file) {
            (Some(text), _) => Ok(Bytes::from(text.clone().into_bytes())),
            (None, Some(file)) if file.as_os_str() != "-" => std::fs::read(file)
                .map(Bytes::from)
                .map_err(|error| unreadable(&file.display().to_string(), error)),
            _ => {
                let mut text = Vec::new();
                std::io::stdin()
                    .read_to_end(&mut text)
                    .map(|_| Bytes::from(text))
                    .map_err(|error| unreadable("standard input", error))
            }
        }
    }

    /// An action may have no input: at a terminal nothing is waited for.
    fn read_optional(&self) -> Result<Bytes, ClientError> {
        if self.data.is_none() && self.file.is_none() && std::io::stdin().is_terminal() {
            return Ok(Bytes::new());
        }
        self.read()
    }
}

impl Selection {
    fn path(&self, path: &str) -> String {
        let mut query = Query::default();
        query.value("fields", self.fields.as_deref());
        query.value("where", self.condition.as_deref());
        query.flag("keys", self.keys);
        query.flag("count", self.count);
        query.value("limit", self.limit.map(|count| count.to_string()).as_deref());
        query.value("offset", self.offset.map(|count| count.to_string()).as_deref());
        query.value("sort", self.sort.as_deref());
        query.value("depth", self.depth.map(|depth| depth.to_string()).as_deref());
        query.value("site", self.site.as_deref());
        let tree = match (self.config, self.candidate) {
            (_, true) => "/v1/candidate",
            (true, false) => "/v1/config",
            (false, false) => "/v1/state",
        };
        query.on(tree, path)
    }
}

fn config_path(path: &str, validate: bool, writing: &Writing) -> String {
    let mut query = Query::default();
    query.flag("validate", validate);
    query.value("comment", writing.comment.as_deref());
    query.value("confirmed", writing.confirming.confirmed.map(|seconds| seconds.to_string()).as_deref());
    query.value("persist", writing.confirming.persist.as_deref());
    query.value("persist-id", writing.persist_id.as_deref());
    query.on(if writing.candidate { "/v1/candidate" } else { "/v1/config" }, path)
}

/// A query string in the making.
#[derive(Default)]
struct Query(String);

impl Query {
    fn value(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, QUERY));
    }

    fn flag(&mut self, name: &str, on: bool) {
        self.value(name, on.then_some("true"));
    }

    fn on(&self, root: &str, path: &str) -> String {
        let path = utf8_percent_encode(path.trim_matches('/'), PATH);
        format!("{root}/{path}{}", self.0).replace("/?", "?")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_encoded_and_paths_keep_their_encoding() {
        let mut query = Query::default();
        query.value("where", Some("name = 'a&b' and x + 1"));
        query.flag("count", true);
        assert_eq!(
            query.on("/v1/config", "/strongbox/jwt-issuers/a%2Fb/"),
            "/v1/config/strongbox/jwt-issuers/a%2Fb?where=name%20%3D%20'a%26b'%20and%20x%20%2B%201&count=true"
        );
    }
}
