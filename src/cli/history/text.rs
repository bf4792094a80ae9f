//! What the commands about the history print for people: commits and differences as lines, refusals as sentences.

use std::fmt::Write as _;

use serde::Deserialize;

use super::{HistoryCommand, Side};

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

/// The answer to a command; what has nothing to say has no body.
pub(super) fn answer(command: &HistoryCommand, body: &[u8]) -> Result<String, serde_json::Error> {
    let body = if body.is_empty() { b"{}" } else { body };
    match command {
        HistoryCommand::History { .. } => serde_json::from_slice(body).map(|commits| history(&commits)),
        HistoryCommand::Diff { from: Side::Candidate, .. } => {
            serde_json::from_slice(body).map(|differences| prepared(&differences))
        }
        HistoryCommand::DiscardChanges => Ok(String::new()),
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

/// A refusal of `/v1`.
#[derive(Deserialize)]
struct Refusal {
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Fault {
    error_path: Option<String>,
    error_message: String,
}

/// Why the daemon refused, one line a fault; `None` when it did not say so in the way of `/v1`. What a fault of the command's
/// own input is about, the message says.
pub(super) fn refusal(operation: &str, body: &[u8]) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let own = |path: &str| {
        path.strip_prefix(operation).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut out = String::new();
    for Fault { error_path, error_message } in &refusal.errors {
        let _ = match error_path.as_deref().filter(|path| !own(path)) {
            Some(path) => writeln!(out, "strongbox: {path}: {error_message}"),
            None => writeln!(out, "strongbox: {error_message}"),
        };
    }
    (!out.is_empty()).then_some(out)
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
            answer(&command, body).unwrap(),
            "revision 7  2026-11-22T08:00:00Z  acme/alice\n    because\n  + /a/b\n  and 2 more\n\nolder: strongbox history --before 7\n"
        );
        let command = HistoryCommand::Diff { from: Side::Revision(3), to: None };
        let body = br#"{"from": 3, "to": 7, "changes": [{"path": "/a/b", "change": "changed", "before": ["1h"], "after": ["2h", "3h"]},
            {"path": "/a/c", "change": "deleted"}, {"path": "/a/d", "change": "moved"}]}"#;
        assert_eq!(
            answer(&command, body).unwrap(),
            "revision 3 to 7\n  ~ /a/b: 1h -> 2h, 3h\n  - /a/c\n  > /a/d\n"
        );
        assert_eq!(
            answer(&command, br#"{"from": 3, "to": 3}"#).unwrap(),
            "revision 3 to 3\nno differences\n"
        );
        let command = HistoryCommand::Rollback { revision: 3, comment: None, validate: false };
        assert_eq!(
            answer(&command, br#"{"revision": 8, "changed": true, "changes": []}"#).unwrap(),
            "revision 8\n"
        );
    }

    #[test]
    fn a_candidate_is_told_with_its_conflicts_and_no_commits_are_told_too() {
        let command = HistoryCommand::Diff { from: Side::Candidate, to: None };
        assert_eq!(answer(&command, br#"{"revision": 3}"#).unwrap(), "the candidate changes nothing\n");
        let body = br#"{"revision": 3, "changes": [{"path": "/a", "change": "changed", "before": ["1"], "after": ["2"]}],
            "conflicts": ["/a"]}"#;
        assert_eq!(
            answer(&command, body).unwrap(),
            "revision 3 to the candidate\n  ~ /a: 1 -> 2\nchanged meanwhile by others, so it cannot be committed:\n  ! /a\n"
        );
        let command = HistoryCommand::History { limit: 1, before: Some(0) };
        assert_eq!(answer(&command, b"").unwrap(), "no commits\n");
        assert_eq!(answer(&HistoryCommand::DiscardChanges, b"").unwrap(), "");
    }

    #[test]
    fn a_refusal_is_a_sentence_with_the_path_of_what_is_in_the_way() {
        let body = br#"{"errors": [{"error-tag": "invalid-value", "error-path": "/diff/from", "error-message": "too old"},
            {"error-tag": "in-use", "error-path": "/differ", "error-message": "changed"}, {"error-message": "no"}]}"#;
        assert_eq!(
            refusal("/diff", body).unwrap(),
            "strongbox: too old\nstrongbox: /differ: changed\nstrongbox: no\n"
        );
        assert_eq!(refusal("/diff", b"no JSON"), None);
    }
}
