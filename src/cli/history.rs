//! The commands about the history of the configuration, and its future: history, diff, rollback, commit.
//!
//! Each is one request of the `/v1` dialect. What comes back is printed for people to read, unless YAML or JSON is asked for.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::str::FromStr;

use bytes::Bytes;
use clap::{Args, Subcommand};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::{Answer, ClientError};
use super::remote::{Connection, print};

/// One command.
#[derive(Subcommand, Debug)]
pub enum HistoryCommand {
    /// List the commits of the configuration, newest first
    History {
        /// At most this many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Only those before this revision
        #[arg(long, value_name = "REVISION")]
        before: Option<u64>,
    },
    /// Show what is different in the configuration between two revisions, or what the candidate would change
    Diff {
        /// The one revision, or the word `candidate`
        #[arg(value_name = "REVISION|candidate")]
        from: Side,
        /// The other revision; when left out, the newest
        #[arg(value_name = "REVISION")]
        to: Option<u64>,
    },
    /// Make the configuration what it was at a revision; that is a change like any other, and can be undone like any other
    Rollback {
        /// The revision to go back to
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
        /// Undo it, and all that follows, unless it is confirmed within so many seconds
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "600", require_equals = true)]
        confirmed: Option<u32>,
        /// Let whoever knows this text confirm it
        #[arg(long, value_name = "TEXT", requires = "confirmed")]
        persist: Option<String>,
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
            number => number.parse().map(Side::Revision).map_err(|_| "neither a revision nor 'candidate'"),
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
    match request(connection, &command).await {
        Ok(answer) if connection.wants_text() && answer.status == StatusCode::OK => {
            match text(&command, &answer.body) {
                Ok(text) => print(&Answer { body: Bytes::from(text), ..answer }),
                Err(error) => {
                    eprintln!("strongbox: the answer cannot be read: {error}");
                    ExitCode::from(2)
                }
            }
        }
        Ok(answer) => print(&answer),
        Err(problem) => {
            eprintln!("strongbox: {problem}");
            ExitCode::from(2)
        }
    }
}

async fn request(connection: &Connection, command: &HistoryCommand) -> Result<Answer, ClientError> {
    let (path, body) = match command {
        HistoryCommand::History { limit, before } => {
            ("/v1/list-commits", said(json!({"limit": limit, "before": before})))
        }
        HistoryCommand::Diff { from: Side::Revision(from), to } => {
            ("/v1/diff", said(json!({"from": from, "to": to})))
        }
        HistoryCommand::Diff { from: Side::Candidate, to: None } => ("/v1/diff-candidate", Bytes::new()),
        HistoryCommand::Diff { from: Side::Candidate, to: Some(_) } => {
            let problem =
                "the candidate is compared with the running configuration only: leave the revision out";
            return Err(ClientError::Request(problem.to_owned()));
        }
        HistoryCommand::Commit { comment, confirmed, persist, persist_id, validate } => {
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
    };
    connection.ask(Method::POST, path, body).await
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

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Commits {
    #[serde(default)]
    commits: Vec<Commit>,
    next: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Commit {
    revision: u64,
    time: String,
    author: String,
    comment: Option<String>,
    #[serde(default)]
    changes: Vec<Change>,
    #[serde(default)]
    further_changes: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Differences {
    from: Option<u64>,
    to: Option<u64>,
    revision: Option<u64>,
    changed: Option<bool>,
    #[serde(default)]
    conflicts: Vec<String>,
    #[serde(default)]
    changes: Vec<Change>,
    #[serde(default)]
    further_changes: u64,
}

#[derive(Deserialize)]
struct Change {
    path: String,
    change: String,
    #[serde(default)]
    before: Vec<String>,
    #[serde(default)]
    after: Vec<String>,
}

fn text(command: &HistoryCommand, body: &[u8]) -> Result<String, serde_json::Error> {
    match command {
        HistoryCommand::History { .. } => serde_json::from_slice(body).map(|commits| history(&commits)),
        HistoryCommand::Diff { from: Side::Candidate, .. } => {
            serde_json::from_slice(body).map(|differences| prepared(&differences))
        }
        _ => serde_json::from_slice(body).map(|differences| diff(&differences)),
    }
}

fn history(commits: &Commits) -> String {
    let mut out = String::new();
    for commit in &commits.commits {
        let _ = writeln!(out, "revision {}  {}  {}", commit.revision, commit.time, commit.author);
        for line in commit.comment.iter().flat_map(|comment| comment.lines()) {
            let _ = writeln!(out, "    {line}");
        }
        changes(&mut out, &commit.changes, commit.further_changes);
        out.push('\n');
    }
    match commits.next {
        Some(next) => drop(writeln!(out, "older: strongbox history --before {next}")),
        None if commits.commits.is_empty() => out.push_str("no commits\n"),
        None => drop(out.pop()),
    }
    out
}

fn diff(differences: &Differences) -> String {
    let mut out = String::new();
    if let (Some(from), Some(to)) = (differences.from, differences.to) {
        let _ = writeln!(out, "revision {from} to {to}");
    }
    match (differences.revision, differences.changed) {
        (Some(revision), Some(false)) => drop(writeln!(out, "nothing to change; still revision {revision}")),
        (Some(revision), _) => drop(writeln!(out, "revision {revision}")),
        (None, _) if differences.changes.is_empty() => out.push_str("no differences\n"),
        (None, _) => {}
    }
    changes(&mut out, &differences.changes, differences.further_changes);
    out
}

fn prepared(differences: &Differences) -> String {
    let mut out = String::new();
    if differences.changes.is_empty() && differences.further_changes == 0 {
        out.push_str("the candidate changes nothing\n");
    } else if let Some(revision) = differences.revision {
        let _ = writeln!(out, "revision {revision} to the candidate");
    }
    changes(&mut out, &differences.changes, differences.further_changes);
    if !differences.conflicts.is_empty() {
        out.push_str("changed meanwhile by others, so it cannot be committed:\n");
    }
    for path in &differences.conflicts {
        let _ = writeln!(out, "  ! {path}");
    }
    out
}

/// One line a change, with a sign in front that tells what happened.
fn changes(out: &mut String, changes: &[Change], further: u64) {
    for change in changes {
        let sign = match change.change.as_str() {
            "created" => '+',
            "deleted" => '-',
            "moved" => '>',
            _ => '~',
        };
        let _ = write!(out, "  {sign} {}", change.path);
        match (change.before.as_slice(), change.after.as_slice()) {
            ([], []) => {}
            (before, []) => drop(write!(out, ": {}", before.join(", "))),
            ([], after) => drop(write!(out, ": {}", after.join(", "))),
            (before, after) => drop(write!(out, ": {} -> {}", before.join(", "), after.join(", "))),
        }
        out.push('\n');
    }
    if further > 0 {
        let _ = writeln!(out, "  and {further} more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_and_differences_are_lines_to_read() {
        let command = HistoryCommand::History { limit: 1, before: None };
        let body = br#"{"commits": [{"revision": 7, "number": 1, "time": "2026-11-22T08:00:00Z", "author": "acme/alice",
            "comment": "because", "changes": [{"path": "/a/b", "change": "created"}], "further-changes": 2}], "next": 7}"#;
        assert_eq!(
            text(&command, body).unwrap(),
            "revision 7  2026-11-22T08:00:00Z  acme/alice\n    because\n  + /a/b\n  and 2 more\n\nolder: strongbox history --before 7\n"
        );
        let command = HistoryCommand::Diff { from: Side::Revision(3), to: None };
        let body = br#"{"from": 3, "to": 7, "changes": [{"path": "/a/b", "change": "changed", "before": ["1h"], "after": ["2h", "3h"]},
            {"path": "/a/c", "change": "deleted"}, {"path": "/a/d", "change": "moved"}]}"#;
        assert_eq!(
            text(&command, body).unwrap(),
            "revision 3 to 7\n  ~ /a/b: 1h -> 2h, 3h\n  - /a/c\n  > /a/d\n"
        );
        assert_eq!(text(&command, br#"{"from": 3, "to": 3}"#).unwrap(), "revision 3 to 3\nno differences\n");
        let command = HistoryCommand::Rollback { revision: 3, comment: None, validate: false };
        assert_eq!(
            text(&command, br#"{"revision": 8, "changed": true, "changes": []}"#).unwrap(),
            "revision 8\n"
        );
    }
}
