//! Findings as text, JSON and annotations of a GitHub workflow; `sarif` has the fourth form.

pub(super) mod sarif;

use std::io::Write;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::color::{BLUE, BOLD, Color, PLAIN, RED, YELLOW};
use crate::base::diagnostic::{Diagnostic, Severity, Sources, Span};

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, as rustc prints
    Text,
    /// An array of objects
    Json,
    /// Annotations of a GitHub workflow
    Github,
    /// SARIF 2.1.0, for code scanning services
    Sarif,
}

/// A diagnostic that no longer needs the text it points into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    diagnostic: Diagnostic,
    place: Place,
    related: Vec<(Place, String)>,
    rendered: String,
}

/// A range of a file; lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl Place {
    fn new(sources: &Sources, span: Span) -> Self {
        let (line, column) = sources.position(span.source, span.start);
        let (end_line, end_column) = sources.position(span.source, span.end.max(span.start));
        let file = sources.get(span.source).map_or_else(String::new, |source| source.name.clone());
        Place { file, line, column, end_line, end_column }
    }

    fn json(&self) -> Value {
        json!({
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end-line": self.end_line,
            "end-column": self.end_column,
        })
    }
}

impl Finding {
    /// The diagnostic with its places worked out.
    pub fn new(sources: &Sources, diagnostic: &Diagnostic) -> Self {
        let related = diagnostic.related.iter();
        Finding {
            place: Place::new(sources, diagnostic.span),
            related: related.map(|(span, text)| (Place::new(sources, *span), text.clone())).collect(),
            rendered: sources.render(diagnostic),
            diagnostic: diagnostic.clone(),
        }
    }

    /// What it is about.
    pub fn code(&self) -> &'static str {
        self.diagnostic.code
    }

    /// The text for people, without colour.
    pub fn rendered(&self) -> &str {
        &self.rendered
    }

    /// Makes an error of it.
    pub fn deny(&mut self) {
        self.diagnostic.severity = Severity::Error;
        if let Some(rest) = self.rendered.strip_prefix(Severity::Warning.as_str()) {
            self.rendered = format!("{}{rest}", Severity::Error.as_str());
        }
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.diagnostic.is_error()
    }
}

/// As rustc prints, with an empty line behind each.
pub(super) fn text(findings: &[Finding], color: Color, out: &mut dyn Write) -> std::io::Result<()> {
    for finding in findings {
        match color {
            Color::Off => writeln!(out, "{}", finding.rendered)?,
            Color::On => writeln!(out, "{}", paint(&finding.rendered, finding.diagnostic.severity))?,
        }
    }
    Ok(())
}

/// How many findings there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub errors: usize,
    pub warnings: usize,
}

impl Count {
    /// Counts more.
    pub fn add(&mut self, findings: &[Finding]) {
        let errors = findings.iter().filter(|finding| finding.is_error()).count();
        self.errors += errors;
        self.warnings += findings.len() - errors;
    }

    /// `2 errors, no warnings in 3 files`
    pub fn summary(self, files: usize) -> String {
        let count = |number: usize, what: &str| match number {
            0 => format!("no {what}s"),
            1 => format!("1 {what}"),
            more => format!("{more} {what}s"),
        };
        let Count { errors, warnings } = self;
        format!("{}, {} in {}", count(errors, "error"), count(warnings, "warning"), count(files, "file"))
    }
}

/// Colours a rendered diagnostic: its shape is that of [`Sources::render`].
pub(super) fn paint(rendered: &str, severity: Severity) -> String {
    let strong = if severity == Severity::Error { RED } else { YELLOW };
    let mut out = String::new();
    for (index, line) in rendered.lines().enumerate() {
        let bar = line.find(" |").filter(|bar| line.get(..*bar).is_some_and(is_gutter));
        let trimmed = line.trim_start();
        match (index, bar) {
            (0, _) => {
                let (head, message) = line.split_once(": ").unwrap_or((line, ""));
                out.push_str(&format!("{strong}{head}{PLAIN}{BOLD}: {message}{PLAIN}"));
            }
            (_, Some(bar)) => {
                let (gutter, rest) = line.split_at(bar + 2);
                let mark = match rest.trim_start().chars().next() {
                    Some('^') => strong,
                    Some('-') if gutter.trim() == "|" => BLUE,
                    _ => "",
                };
                out.push_str(&format!("{BLUE}{gutter}{PLAIN}{mark}{rest}{PLAIN}"));
            }
            _ if trimmed.starts_with("--> ") || trimmed.starts_with("::: ") => {
                let (arrow, place) = line.split_at(line.len() - trimmed.len() + 3);
                out.push_str(&format!("{BLUE}{arrow}{PLAIN}{place}"));
            }
            _ => {
                match line.split_once(": ").and_then(|(head, rest)| Some((head.strip_prefix("  = ")?, rest)))
                {
                    Some((what, rest)) => {
                        out.push_str(&format!("{BLUE}  = {PLAIN}{BOLD}{what}{PLAIN}: {rest}"));
                    }
                    None => out.push_str(line),
                }
            }
        }
        out.push('\n');
    }
    out
}

/// Blanks, or the number of a line.
fn is_gutter(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || c.is_ascii_digit())
}

/// An array of objects, one a finding.
pub(super) fn json(findings: &[Finding], out: &mut dyn Write) -> std::io::Result<()> {
    let all: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let Diagnostic { severity, code, message, label, notes, help, .. } = &finding.diagnostic;
            let related: Vec<Value> = finding
                .related
                .iter()
                .map(|(place, text)| json!({ "place": place.json(), "message": text }))
                .collect();
            json!({
                "severity": severity.as_str(),
                "code": code,
                "message": message,
                "place": finding.place.json(),
                "label": label,
                "related": related,
                "notes": notes,
                "help": help,
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

/// Workflow commands, one a finding.
pub(super) fn github(findings: &[Finding], out: &mut dyn Write) -> std::io::Result<()> {
    for finding in findings {
        let Diagnostic { severity, code, message, .. } = &finding.diagnostic;
        let Place { file, line, column, end_line, end_column } = &finding.place;
        let lines: Vec<&str> =
            std::iter::once(message).chain(finding.diagnostic.remarks()).map(String::as_str).collect();
        let body = lines.join("\n").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let file = file.replace('%', "%25").replace(':', "%3A").replace(',', "%2C");
        let severity = severity.as_str();
        writeln!(
            out,
            "::{severity} file={file},line={line},endLine={end_line},col={column},endColumn={end_column},title={code}::{body}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        let mut sources = Sources::default();
        let id = sources.add("a,b.yang", "module a {\n  leef b;\n}\n");
        let span = Span { source: id, start: 13, end: 17 };
        let found = Diagnostic::error("Y0101", span, "there is no statement 'leef'")
            .related(Span { source: id, start: 0, end: 6 }, "in here")
            .help("did you mean 'leaf'? 100%");
        Finding::new(&sources, &found)
    }

    fn printed(print: impl Fn(&mut dyn Write) -> std::io::Result<()>) -> String {
        let mut out = Vec::new();
        print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn github_annotations_escape_what_separates() {
        assert_eq!(
            printed(|out| github(&[finding()], out)),
            "::error file=a%2Cb.yang,line=2,endLine=2,col=3,endColumn=7,title=Y0101::\
             there is no statement 'leef'%0Adid you mean 'leaf'? 100%25\n"
        );
    }

    #[test]
    fn json_names_places_by_line_and_column() {
        let all: Value = serde_json::from_str(&printed(|out| json(&[finding()], out))).unwrap();
        assert_eq!(all[0]["code"], "Y0101");
        assert_eq!(all[0]["place"]["end-column"], 7);
        assert_eq!(all[0]["related"][0]["place"]["line"], 1);
        assert_eq!(printed(|out| json(&[], out)), "[]\n");
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let painted = printed(|out| text(&[finding()], Color::On, out));
        let mut plain = painted.clone();
        for code in [RED, YELLOW, BLUE, BOLD, PLAIN] {
            plain = plain.replace(code, "");
        }
        assert_ne!(plain, painted);
        assert_eq!(plain, printed(|out| text(&[finding()], Color::Off, out)));
    }

    #[test]
    fn the_summary_counts() {
        let mut count = Count::default();
        count.add(&[finding()]);
        assert_eq!(count.summary(2), "1 error, no warnings in 2 files");
    }
}
