//! The commands about the history of the configuration, and its future: history, diff, rollback, commit.
//!
//! Each is one request of the `/v1` dialect. What comes back is printed for people to read, unless YAML or JSON is asked for.

mod text;

use std::process::ExitCode;
use std::str::FromStr;

use bytes::Bytes;
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Map, Value, json};

use super::client::Answer;
use super::remote::{Confirming, Connection, print};

/// One command.
#[derive(Subcommand, Debug)]
pub enum HistoryCommand {
    /// List the commits of the configuration, newest first
    History {
        /// At most this many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Only those before this revision
        #[arg(long, value_name = "REVISION", value_parser = revision)]
        before: Option<u64>,
    },
    /// Show what is different in the configuration between two revisions, or what the candidate would change
    Diff {
        /// The one revision, or the word `candidate`
        #[arg(value_name = "REVISION|candidate")]
        from: Side,
        /// The other revision; when left out, the newest
        #[arg(value_name = "REVISION", value_parser = revision)]
        to: Option<u64>,
    },
    /// Make the configuration what it was at a revision; that is a change like any other, and can be undone like any other
    Rollback {
        /// The revision to go back to
        #[arg(value_parser = revision)]
        revision: u64,
        /// Why, for the history
        #[arg(long)]
        comment: Option<String>,
        /// Only check; change nothing
        #[arg(long)]
        validate: bool,
    },
    /// Make what was prepared with --candidate the configuration
    Commit {
        /// Why, for the history
        #[arg(long)]
        comment: Option<String>,
        /// Whether it waits for confirmation
        #[command(flatten)]
        confirming: Confirming,
        /// The text of the change that waits for confirmation already, to confirm or to extend it
        #[arg(long, value_name = "TEXT")]
        persist_id: Option<String>,
        /// Only check; change nothing
        #[arg(long)]
        validate: bool,
    },
    /// Forget what was prepared with --candidate
    DiscardChanges,
    /// Confirm the change that waits for confirmation
    ConfirmCommit {
        /// Which
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Undo the change that waits for confirmation, and all that followed it
    CancelCommit {
        /// Which
        #[command(flatten)]
        waiting: Waiting,
    },
}

fn revision(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "a revision is a number, as `strongbox history` shows it")
}

/// What differences are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A revision.
    Revision(u64),
    /// What is prepared.
    Candidate,
}

impl FromStr for Side {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "candidate" => Ok(Side::Candidate),
            number => number
                .parse()
                .map(Side::Revision)
                .map_err(|_| "neither a revision, as `strongbox history` shows it, nor the word 'candidate'"),
        }
    }
}

/// A change that waits for confirmation.
#[derive(Args, Debug)]
pub struct Waiting {
    /// What was given as --persist, where somebody else made it
    #[arg(long, value_name = "TEXT")]
    persist_id: Option<String>,
    /// Why, for the history
    #[arg(long)]
    comment: Option<String>,
}

impl Waiting {
    fn body(&self) -> Bytes {
        said(json!({"persist-id": self.persist_id, "comment": self.comment}))
    }
}

/// Runs a command; the exit code is 0 for success, 1 when the daemon refused, 2 when it could not be asked.
pub async fn run(connection: &Connection, command: HistoryCommand) -> ExitCode {
    let (path, body) = match request(&command) {
        Ok(request) => request,
        Err(problem) => {
            eprintln!("strongbox: {problem}");
            return ExitCode::from(2);
        }
    };
    match connection.ask(Method::POST, path, body).await {
        Ok(answer) if connection.wants_text() => printed(&command, path, answer),
        Ok(answer) => print(&answer),
        Err(problem) => {
            eprintln!("strongbox: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Prints an answer for people to read.
fn printed(command: &HistoryCommand, path: &str, answer: Answer) -> ExitCode {
    if !answer.status.is_success() {
        let operation = path.trim_start_matches("/v1").trim_end_matches("?validate");
        let Some(text) = text::refusal(operation, &answer.body) else { return print(&answer) };
        eprint!("{text}");
        return ExitCode::from(1);
    }
    match text::answer(command, &answer.body) {
        Ok(text) => print(&Answer { body: Bytes::from(text), ..answer }),
        Err(error) => {
            eprintln!("strongbox: the answer cannot be read: {error}");
            ExitCode::from(2)
        }
    }
}

/// Where a command is sent, and what.
fn request(command: &HistoryCommand) -> Result<(&'static str, Bytes), &'static str> {
    Ok(match command {
        HistoryCommand::History { limit, before } => {
            ("/v1/list-commits", said(json!({"limit": limit, "before": before})))
        }
        HistoryCommand::Diff { from: Side::Revision(from), to } => {
            ("/v1/diff", said(json!({"from": from, "to": to})))
        }
        HistoryCommand::Diff { from: Side::Candidate, to: None } => ("/v1/diff-candidate", Bytes::new()),
        HistoryCommand::Diff { from: Side::Candidate, to: Some(_) } => {
            return Err(
                "the candidate is compared with the running configuration only: leave the revision out",
            );
        }
        HistoryCommand::Commit {
            comment,
            confirming: Confirming { confirmed, persist },
            persist_id,
            validate,
        } => {
            let path = if *validate { "/v1/commit?validate" } else { "/v1/commit" };
            let body = json!({
                "comment": comment,
                "confirmed": confirmed.map(|_| [Value::Null]),
                "confirm-timeout": confirmed,
                "persist": persist,
                "persist-id": persist_id,
            });
            (path, said(body))
        }
        HistoryCommand::DiscardChanges => ("/v1/discard-changes", Bytes::new()),
        HistoryCommand::Rollback { revision, comment, validate } => {
            let path = if *validate { "/v1/rollback?validate" } else { "/v1/rollback" };
            (path, said(json!({"revision": revision, "comment": comment})))
        }
        HistoryCommand::ConfirmCommit { waiting } => ("/v1/confirm-commit", waiting.body()),
        HistoryCommand::CancelCommit { waiting } => ("/v1/cancel-commit", waiting.body()),
    })
}

/// The body without what was not said.
fn said(body: Value) -> Bytes {
    let mut map = match body {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    map.retain(|_, value| !value.is_null());
    Bytes::from(Value::Object(map).to_string())
}
