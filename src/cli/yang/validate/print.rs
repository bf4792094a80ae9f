//! Violations in data as text, JSON and annotations of a GitHub workflow.

use std::fmt::Write as _;
use std::io::Write;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::base::diagnostic::Severity;
use crate::cli::yang::color::Color;
use crate::cli::yang::finding::paint;
use crate::data::document::{Finding, Place};
use crate::yang::schema::Schema;

/// How violations are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
    Github,
}

/// One violation in one file.
pub(super) struct Found {
    file: String,
    place: Option<Place>,
    /// The line that the place is in.
    line: String,
    tag: &'static str,
    app_tag: Option<String>,
    path: String,
    message: String,
    info: Vec<(String, Value)>,
}

/// The violations of one file.
pub(super) fn found(schema: &Schema, file: &str, bytes: &[u8], findings: &[Finding]) -> Vec<Found> {
    let text = String::from_utf8_lossy(bytes);
    // Findings come in the order of the text.
    let mut lines = text.lines().enumerate().peekable();
    let mut line_at = |place: Place| -> String {
        while lines.next_if(|(index, _)| index + 1 < place.line).is_some() {}
        lines.peek().map_or_else(String::new, |(_, line)| excerpt(line, place.column))
    };
    let found = findings.iter().map(|finding| {
        let violation = &finding.violation;
        let is_place = |name: &str| matches!(name, "line" | "column");
        Found {
            file: file.to_owned(),
            place: finding.place,
            line: finding.place.map_or_else(String::new, &mut line_at),
            tag: violation.tag.as_str(),
            app_tag: violation.app_tag.as_ref().map(ToString::to_string),
            path: violation.instance_identifier(schema),
            message: violation.told().into_owned(),
            info: violation.info.iter().filter(|(name, _)| !is_place(name)).cloned().collect(),
        }
    });
    found.collect()
}

/// A line as it is shown: whole where it is short, otherwise nothing of it, because columns count from its start.
fn excerpt(line: &str, column: usize) -> String {
    const LONGEST: usize = 160;
    let shown: String = line.chars().take(LONGEST).map(|c| if c == '\t' { ' ' } else { c }).collect();
    if column > shown.chars().count() + 1 { String::new() } else { shown }
}

impl Found {
    /// The shape of [`crate::base::diagnostic::Sources::render`].
    fn render(&self) -> String {
        let mut out = format!("error[{}]: {}\n", self.tag, self.message);
        if let Some(place) = self.place {
            let gutter = place.line.to_string().len();
            let _ = writeln!(out, "{:gutter$}--> {}:{}:{}", "", self.file, place.line, place.column);
            if !self.line.is_empty() {
                let indent = place.column.saturating_sub(1);
                let _ = writeln!(out, "{:gutter$} |", "");
                let _ = writeln!(out, "{} | {}", place.line, self.line);
                let _ = writeln!(out, "{:gutter$} | {:indent$}^", "", "");
            }
        } else {
            let _ = writeln!(out, " --> {}", self.file);
        }
        let _ = writeln!(out, "  = note: at {}", self.path);
        if let Some(app_tag) = &self.app_tag {
            let _ = writeln!(out, "  = note: error-app-tag is {app_tag}");
        }
        out
    }

    fn json(&self) -> Value {
        let mut object = json!({
            "file": self.file,
            "error-tag": self.tag,
            "error-path": self.path,
            "error-message": self.message,
        });
        if let Some(members) = object.as_object_mut() {
            if let Some(place) = self.place {
                members.insert("line".into(), place.line.into());
                members.insert("column".into(), place.column.into());
            }
            if let Some(app_tag) = &self.app_tag {
                members.insert("error-app-tag".into(), app_tag.as_str().into());
            }
            if !self.info.is_empty() {
                let info: Vec<Value> = self.info.iter().map(|(name, fact)| json!({ name: fact })).collect();
                members.insert("error-info".into(), info.into());
            }
        }
        object
    }

    fn github(&self) -> String {
        let body = format!("{}\nat {}", self.message, self.path);
        let body = body.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let file = self.file.replace('%', "%25").replace(':', "%3A").replace(',', "%2C");
        let place = self.place.unwrap_or(Place { line: 1, column: 1 });
        format!("::error file={file},line={},col={},title={}::{body}", place.line, place.column, self.tag)
    }
}

/// Prints violations.
pub(super) fn print(
    output: Output,
    found: &[Found],
    color: Color,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    match (output, color) {
        (Output::Text, Color::Off) => found.iter().try_for_each(|found| writeln!(out, "{}", found.render())),
        (Output::Text, Color::On) => {
            let painted = |found: &Found| paint(&found.render(), Severity::Error);
            found.iter().try_for_each(|found| writeln!(out, "{}", painted(found)))
        }
        (Output::Json, _) => {
            let all: Vec<Value> = found.iter().map(Found::json).collect();
            serde_json::to_writer_pretty(&mut *out, &all)?;
            writeln!(out)
        }
        (Output::Github, _) => found.iter().try_for_each(|found| writeln!(out, "{}", found.github())),
    }
}

/// How many violations there are.
pub(super) fn summary(found: &[Found], files: usize) -> String {
    let violations = match found.len() {
        0 => "no violations".to_owned(),
        1 => "1 violation".to_owned(),
        more => format!("{more} violations"),
    };
    let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    format!("{violations} in {files}")
}
