//! `strongbox quickstart`: a daemon to try out, with the payments example loaded, and what a newcomer needs on the screen.
//!
//! Everything that it shows it got over HTTP, as a stranger would: logging in, minting, reading.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine as _;
use bytes::Bytes;
use clap::Args;
use hyper::Method;
use serde_json::{Value, json};

use super::client::Client;
use crate::base::secret::Secret;
use crate::daemon::{Daemon, DaemonError, Signals, memory};
use crate::settings::{ModuleName, Settings, ValueError};

/// The example that is loaded into a new data directory.
const EXAMPLE: &str = include_str!("../../examples/payments.yaml");
/// The user of the example, and the password that the example gives.
const USER: (&str, &str) = ("alice", "wonderland");
/// The tenant of the example.
const TENANT: &str = "acme";
/// The role of the example.
const ROLE: &str = "strongbox/jwt-issuers/payments-api/roles/reader";
/// What the reference example asks to be minted.
const MINT: &str = r#"{"audiences":["https://api.example.com"],"subject":"acme/alice","ttl":"15m","extra-claims":"{\"scope\":[\"read:orders\",\"list:invoices\"],\"trace_id\":\"7c1a\"}"}"#;

/// Flags of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8200, or a free port where that is taken]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Keep the data in this directory; without it, a directory that is removed at the end
    #[arg(long, alias = "data-directory", value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// Directories with YANG modules of your own
    #[arg(long, value_name = "DIRECTORY", num_args = 1..)]
    yang_dir: Vec<PathBuf>,
    /// Modules of your own to serve
    #[arg(long, value_name = "NAME[@REVISION]", num_args = 1..)]
    module: Vec<String>,
    /// `text` for people; `json` prints one line for scripts
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// Why there is nothing to try out.
#[derive(Debug, thiserror::Error)]
enum QuickstartError {
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    #[error("--module: {0}")]
    Module(#[from] ValueError),
    #[error("cannot make the data directory {0}: {1}")]
    Directory(PathBuf, std::io::Error),
    #[error("{0}")]
    Client(#[from] super::client::ClientError),
    #[error("the daemon answered {status} to {what}: {body}")]
    Answer { what: String, status: u16, body: String },
    #[error("cannot make a token: {0}")]
    Token(String),
}

/// Starts the daemon, shows what it can do, and serves until it is told to stop.
pub async fn run(arguments: Arguments) -> ExitCode {
    let signals = Signals::new();
    memory::hide();
    let scratch = Scratch::new(arguments.data_dir.clone());
    match start(&arguments, &scratch).await {
        Ok((daemon, facts)) => {
            let text =
                if arguments.output == "json" { format!("{}\n", facts.to_json()) } else { facts.to_text() };
            // A reader that went away is no reason to stop serving.
            let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
            daemon.run_until_stopped(signals).await;
            ExitCode::SUCCESS
        }
        Err(QuickstartError::Daemon(DaemonError::Model(problem))) => {
            eprintln!("{}", problem.report());
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("strongbox: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// The data directory, removed at the end unless it was asked for by name.
struct Scratch {
    path: PathBuf,
    temporary: bool,
}

impl Scratch {
    fn new(wanted: Option<PathBuf>) -> Self {
        let temporary = wanted.is_none();
        let path = wanted.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("strongbox-{}", uuid::Uuid::new_v4().simple()))
        });
        Scratch { path, temporary }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// What was found out about the daemon, over HTTP.
struct Facts {
    address: String,
    data_directory: PathBuf,
    temporary: bool,
    root: String,
    admin: String,
    user: String,
    minted: Value,
}

async fn start(arguments: &Arguments, scratch: &Scratch) -> Result<(Daemon, Facts), QuickstartError> {
    let directory = |error| QuickstartError::Directory(scratch.path.clone(), error);
    std::fs::create_dir_all(&scratch.path).map_err(directory)?;
    let mut settings = Settings::defaults();
    settings.data_directory = scratch.path.clone();
    settings.default_tenant = TENANT.into();
    settings.log_level = "warn".to_owned();
    settings.yang.dirs = arguments.yang_dir.clone();
    settings.yang.modules =
        arguments.module.iter().map(|name| ModuleName::read(name)).collect::<Result<_, _>>()?;
    let daemon = listen(settings, arguments.listen).await?;
    if daemon.is_new() {
        let example = scratch.path.join("payments.yaml");
        std::fs::write(&example, EXAMPLE).map_err(directory)?;
        daemon.boot(std::slice::from_ref(&example), false).await?;
    }
    let root = daemon.root_token().await?;
    let facts = look_around(&daemon, scratch, root).await?;
    Ok((daemon, facts))
}

/// Starts on the usual port, or on a free one where that is taken and no address was asked for.
async fn listen(mut settings: Settings, wanted: Option<SocketAddr>) -> Result<Daemon, DaemonError> {
    if let Some(address) = wanted {
        settings.listen = vec![address];
        return Daemon::start_to_try_out(&settings).await;
    }
    match Daemon::start_to_try_out(&settings).await {
        Err(DaemonError::Listen(_)) => {
            for address in &mut settings.listen {
                address.set_port(0);
            }
            Daemon::start_to_try_out(&settings).await
        }
        other => other,
    }
}

async fn look_around(daemon: &Daemon, scratch: &Scratch, root: Secret) -> Result<Facts, QuickstartError> {
    let address = daemon.public_url().to_owned();
    let as_root = Client::new(&address, Some(root.clone()), None)?;
    let admin = post(&as_root, &format!("/v1/state/tenants/{TENANT}/create-token"), "{}").await?;
    let login = json!({"tenant": TENANT, "username": USER.0, "password": USER.1}).to_string();
    let user = post(&Client::new(&address, None, None)?, "/v1/login", &login).await?;
    let user = text(&user, "token")?;
    let as_user = Client::new(&address, Some(Secret::from_text(user.clone())), None)?;
    let minted = post(&as_user, &format!("/v1/state/{ROLE}/mint"), MINT).await?;
    Ok(Facts {
        address,
        data_directory: scratch.path.clone(),
        temporary: scratch.temporary,
        root: root.expose_text().unwrap_or_default().to_owned(),
        admin: text(&admin, "token")?,
        user,
        minted,
    })
}

async fn post(client: &Client, path: &str, body: &str) -> Result<Value, QuickstartError> {
    let body = Some(Bytes::from(body.to_owned()));
    let answer = client.send(Method::POST, path, "application/json", body, &[]).await?;
    match serde_json::from_slice(&answer.body) {
        Ok(value) if answer.status.is_success() => Ok(value),
        _ => Err(QuickstartError::Answer {
            what: format!("POST {path}"),
            status: answer.status.as_u16(),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        }),
    }
}

fn text(value: &Value, member: &str) -> Result<String, QuickstartError> {
    value
        .get(member)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| QuickstartError::Token(format!("the answer has no '{member}'")))
}

impl Facts {
    fn to_json(&self) -> Value {
        json!({
            "address": self.address,
            "tenant": TENANT,
            "user": USER.0,
            "password": USER.1,
            "token": self.user,
            "tokens": {"root": self.root, "admin": self.admin, (USER.0): self.user},
            "data-directory": self.data_directory,
            "minted": self.minted,
        })
    }

    fn to_text(&self) -> String {
        let Facts { address, user, .. } = self;
        let (header, claims) = decoded(self.minted.get("jwt").and_then(Value::as_str).unwrap_or_default());
        let keep = if self.temporary { " (removed at the end)" } else { "" };
        let jwt = self.minted.get("jwt").and_then(Value::as_str).unwrap_or_default();
        format!(
            "\
Strongbox {version} is running, to be tried out: plain HTTP, an example loaded, passwords that everybody knows.

  address         {address}
  tenant          {TENANT}
  user            {name}, password {password}
  {name}'s token   {user}
  admin's token   {admin}   (everything in {TENANT})
  root's token    {root}   (everything in the system tenant)
  data            {data}{keep}

Read the role 'reader' of the issuer 'payments-api', as it was configured:

  curl -s -H 'Authorization: Bearer {user}' -H 'Accept: application/yaml' \\
    '{address}/v1/config/{ROLE}'

Ask for roles, and for some of their leafs:

  curl -s -G -H 'Authorization: Bearer {user}' '{address}/v1/config/strongbox/jwt-issuers/payments-api/roles' \\
    --data-urlencode \"where=starts-with(name,'r') and require-audience='true'\" --data-urlencode 'fields=name,allowed-claims/[name,type]'

Mint a token:

  curl -s -X POST -H 'Authorization: Bearer {user}' -H 'Content-Type: application/json' \\
    '{address}/v1/state/{ROLE}/mint' \\
    -d '{mint}'

One that was minted just now, and what it says:

  {jwt}

  header  {header}
  claims  {claims}

Whoever gets it finds the keys from its 'iss': {issuer}/.well-known/openid-configuration
Ctrl-C stops the daemon.
",
            version = env!("CARGO_PKG_VERSION"),
            name = USER.0,
            password = USER.1,
            admin = self.admin,
            root = self.root,
            data = self.data_directory.display(),
            mint = MINT.replace('\'', "'\\''"),
            issuer = self.minted.get("issuer").and_then(Value::as_str).unwrap_or_default(),
        )
    }
}

/// Header and claims of a JWT as text.
fn decoded(jwt: &str) -> (String, String) {
    let mut parts = jwt.split('.').map(|part| {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}
