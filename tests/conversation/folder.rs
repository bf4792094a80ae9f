//! One folder: `NN-request.http` is sent, `NN-response.http` is what must come back.
//!
//! A request file is the request line, header lines, an empty line and the body. `@NAME` as a header line stands for the
//! token of that user; `Host` and `Content-Length` are added. JSON and XML bodies of answers are compared pretty-printed.

use std::fmt::Write as _;
use std::path::Path;

use super::pattern::{Kept, fill, generalise, matches};
use super::wire::{Answer, exchange, host};
use crate::support::Daemon;

/// Header lines that are the same everywhere or differ every time.
const NOT_COMPARED: &[&str] =
    &["content-length", "date", "last-modified", "x-content-type-options", "x-frame-options", "x-request-id"];

/// Runs a folder against a daemon.
pub fn run(folder: &Path, daemon: &Daemon) -> Result<(), String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with("-request.http"))
        .collect();
    names.sort();
    let address = daemon.fact("/address");
    let mut kept = Kept::new();
    kept.insert("address".to_owned(), host(address).to_owned());
    for (user, token) in daemon.facts["tokens"].as_object().unwrap() {
        kept.insert(user.clone(), token.as_str().unwrap_or_default().to_owned());
    }
    let mut report = String::new();
    for name in names {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        let answer = exchange(address, &request(&text, &kept, host(address)))
            .map_err(|error| format!("  {name}: {error}"))?;
        let expected = folder.join(name.replace("-request", "-response"));
        let pattern = std::fs::read_to_string(&expected).unwrap_or_default();
        let found = print(&answer);
        if let Err(difference) = compare(&pattern, &found, &mut kept) {
            if crate::support::updates() {
                std::fs::write(&expected, update(&pattern, &found, &mut kept)).unwrap();
            } else {
                let _ = writeln!(report, "  {}: {difference}", expected.display());
            }
        }
    }
    if report.is_empty() { Ok(()) } else { Err(report) }
}

/// The bytes of a request file.
fn request(text: &str, kept: &Kept, host: &str) -> Vec<u8> {
    let text = fill(text, kept);
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let body = body.strip_suffix('\n').unwrap_or(body);
    let mut lines = head.lines();
    let mut out = format!("{} HTTP/1.1\r\nhost: {host}\r\n", lines.next().unwrap_or_default());
    for line in lines {
        match line.strip_prefix('@') {
            Some(user) => {
                let token = kept.get(user).unwrap_or_else(|| panic!("no token of {user}"));
                let _ = write!(out, "authorization: Bearer {token}\r\n");
            }
            None => {
                let _ = write!(out, "{line}\r\n");
            }
        }
    }
    if !body.is_empty() {
        let _ = write!(out, "content-length: {}\r\n", body.len());
    }
    format!("{out}\r\n{body}").into_bytes()
}

fn print(answer: &Answer) -> String {
    let mut out = format!("{}\n", answer.status_line);
    for (name, value) in &answer.headers {
        if !NOT_COMPARED.contains(&name.as_str()) {
            let _ = writeln!(out, "{name}: {value}");
        }
    }
    let kind = answer.header("content-type").unwrap_or_default();
    let body = match serde_json::from_slice::<serde_json::Value>(&answer.body) {
        Ok(value) if kind.contains("json") => serde_json::to_string_pretty(&value).unwrap(),
        _ if kind.contains("xml") => indented(&answer.text()),
        _ => answer.text(),
    };
    if !body.is_empty() {
        let _ = writeln!(out, "\n{}", body.trim_end());
    }
    out
}

/// XML with each element on a line of its own.
fn indented(text: &str) -> String {
    let mut out = String::new();
    let mut level = 0_usize;
    for piece in text.replace("><", ">\n<").lines().map(str::trim_start) {
        let closes = piece.starts_with("</");
        level = level.saturating_sub(usize::from(closes));
        let _ = writeln!(out, "{}{piece}", "  ".repeat(level));
        let opens = piece.starts_with('<') && !closes && !piece.ends_with("/>") && !piece.contains("</");
        level += usize::from(opens);
    }
    out
}

fn compare(pattern: &str, found: &str, kept: &mut Kept) -> Result<(), String> {
    let (expected, lines): (Vec<&str>, Vec<&str>) = (pattern.lines().collect(), found.lines().collect());
    for (index, line) in lines.iter().enumerate() {
        let pattern = expected.get(index).copied().unwrap_or("(nothing)");
        if !matches(pattern, line, kept) {
            return Err(format!("line {}: expected {pattern:?}, found {line:?}\n{found}", index + 1));
        }
    }
    if expected.len() > lines.len() {
        return Err(format!("expected {} lines, found {}\n{found}", expected.len(), lines.len()));
    }
    Ok(())
}

/// The new expectation; lines that still match stay as they were written.
fn update(pattern: &str, found: &str, kept: &mut Kept) -> String {
    let mut expected = pattern.lines().peekable();
    let mut out = String::new();
    for line in found.lines() {
        let old = expected.next().filter(|old| matches(old, line, kept));
        let _ = writeln!(out, "{}", old.map_or_else(|| generalise(line), str::to_owned));
    }
    out
}
