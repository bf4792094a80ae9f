//! The commands about the seal of a running daemon: init, unseal, seal, seal-status, rekey, rotate.
//!
//! Keys and shares are read from standard input, one a line: arguments can be seen by everybody on the machine, and stay in
//! the history of the shell.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use bytes::Bytes;
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::client::{Answer, ClientError};
use super::remote::{Connection, print};

const SYSTEM: &str = "/v1/state/strongbox/system";

/// Into how many shares a new seal key is split.
#[derive(Args, Debug)]
pub struct Split {
    /// Into how many shares the new seal key is split
    #[arg(long, default_value_t = 5)]
    shares: u8,
    /// How many of them open the store
    #[arg(long, default_value_t = 3)]
    threshold: u8,
}

/// What to do about a change of the seal key.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub struct RekeyStep {
    /// Begin a change
    #[arg(long)]
    start: bool,
    /// Give the new seal key, or shares of it, back
    #[arg(long)]
    verify: bool,
    /// Leave the seal key as it is
    #[arg(long)]
    cancel: bool,
    /// Show how far the change is
    #[arg(long)]
    status: bool,
}

/// One command.
#[derive(Subcommand, Debug)]
pub enum SealCommand {
    /// Make a store; prints the seal key, its shares and a root token, this once
    Init {
        /// How the key is kept
        #[command(flatten)]
        split: Split,
    },
    /// Unseal the daemon with the seal key, or shares of it, from standard input, one a line
    Unseal {
        /// The nonce of the unsealing that is under way
        #[arg(long)]
        nonce: Option<String>,
        /// Forget the shares that were given before
        #[arg(long)]
        reset: bool,
    },
    /// Drop every key from the daemon's memory; nothing is served until it is unsealed
    Seal,
    /// Show whether the daemon is sealed, and how many shares were given
    SealStatus,
    /// Change the seal key; without --start and the like, gives the present key or shares of it, from standard input
    Rekey {
        /// What to do
        #[command(flatten)]
        step: RekeyStep,
        /// The nonce that --start printed
        #[arg(long, required_unless_present_any = ["start", "status"])]
        nonce: Option<String>,
        /// How the new key is kept
        #[command(flatten)]
        split: Split,
        /// With --start: let the new key count without its shares being given back
        #[arg(long)]
        unverified: bool,
    },
    /// Make a new data key; what is stored stays as it is
    Rotate,
}

/// Runs a command; the exit code is 0 for success, 1 when the daemon refused, 2 when it could not be asked.
pub async fn run(connection: &Connection, command: SealCommand) -> ExitCode {
    match request(connection, command).await {
        Ok(answer) => print(&answer),
        Err(problem) => {
            eprintln!("strongbox: {problem}");
            ExitCode::from(2)
        }
    }
}

async fn request(connection: &Connection, command: SealCommand) -> Result<Answer, ClientError> {
    let (action, body) = match command {
        SealCommand::SealStatus => return show(connection, "seal-status").await,
        SealCommand::Rekey { step: RekeyStep { status: true, .. }, .. } => {
            return show(connection, "rekey").await;
        }
        SealCommand::Init { split } => ("init", split.body()),
        SealCommand::Unseal { nonce, reset } => {
            let mut body = if reset { Map::new() } else { given_keys()? };
            body.insert("reset".to_owned(), reset.into());
            body.extend(nonce.map(|nonce| ("nonce".to_owned(), nonce.into())));
            ("unseal", Value::Object(body))
        }
        SealCommand::Seal => ("seal", json!({})),
        SealCommand::Rotate => ("rotate-data-key", json!({})),
        SealCommand::Rekey { step: RekeyStep { start: true, .. }, split, unverified, .. } => {
            let mut body = split.body();
            if let Some(body) = body.as_object_mut() {
                body.insert("verify".to_owned(), (!unverified).into());
            }
            ("rekey/start", body)
        }
        SealCommand::Rekey { step, nonce, .. } => {
            let mut body = if step.cancel { Map::new() } else { given_keys()? };
            body.extend(nonce.map(|nonce| ("nonce".to_owned(), nonce.into())));
            let action = match step {
                RekeyStep { cancel: true, .. } => "rekey/cancel",
                RekeyStep { verify: true, .. } => "rekey/verify",
                RekeyStep { .. } => "rekey/submit",
            };
            (action, Value::Object(body))
        }
    };
    let body = Bytes::from(body.to_string());
    connection.send(Method::POST, &format!("{SYSTEM}/{action}"), Some(body), &[]).await
}

async fn show(connection: &Connection, what: &str) -> Result<Answer, ClientError> {
    connection.send(Method::GET, &format!("{SYSTEM}/{what}"), None, &[]).await
}

impl Split {
    fn body(&self) -> Value {
        json!({"shares": self.shares, "threshold": self.threshold})
    }
}

/// Reads lines of standard input up to an empty one: at a terminal one, otherwise all. What has a colon is a share.
fn given_keys() -> Result<Map<String, Value>, ClientError> {
    let input = std::io::stdin();
    let asked = input.is_terminal();
    if asked {
        eprint!("Seal key, or a share of it: ");
    }
    let failed = |error: std::io::Error| ClientError::Request(format!("cannot read standard input: {error}"));
    let mut body = Map::new();
    let mut shares: Vec<Value> = Vec::new();
    for line in input.lock().lines() {
        let line = Zeroizing::new(line.map_err(failed)?);
        match line.trim() {
            "" => break,
            share if share.contains(':') => shares.push(share.into()),
            key => {
                body.insert("seal-key".to_owned(), key.into());
            }
        }
        if asked {
            break;
        }
    }
    if !shares.is_empty() {
        body.insert("shares".to_owned(), shares.into());
    }
    Ok(body)
}
