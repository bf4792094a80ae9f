//! What a compiler stage or a file reader has to say: severity, code, place, message and what would be right.
//!
//! Printed as rustc prints. A stage never fails: it returns its result and a list of these.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

/// Which file of a [`Sources`] table a span points into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A range of bytes in one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The range that covers `self` and `other`, which must be of one source.
    pub fn to(self, other: Span) -> Span {
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used, and is probably not what its author meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One thing that a stage has to say about its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable short code, such as `Y0101`; `strongbox yang explain CODE` tells more.
    pub code: &'static str,
    /// One line: what was found and why it is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Text under the caret; empty for none.
    pub label: String,
    /// Other places that explain it, with a text each.
    pub related: Vec<(Span, String)>,
    /// Why it is so, and other remarks; one line each.
    pub notes: Vec<String>,
    /// What to do about it; one line each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            label: String::new(),
            related: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// Adds the text under the caret.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Adds a line that says why it is so.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds a line that says what to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Notes and help, a line each.
    pub fn remarks(&self) -> impl Iterator<Item = &String> {
        self.notes.iter().chain(&self.help)
    }

    /// Adds another place that explains it.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// One input text and the name to show for it.
#[derive(Clone, Debug)]
pub struct Source {
    /// File name as the user gave it.
    pub name: String,
    /// Its whole text.
    pub text: Arc<str>,
    /// Line and column every so many bytes, made when a place is first asked for: a text of one long line can have
    /// thousands of diagnostics.
    landmarks: OnceLock<Vec<Landmark>>,
}

/// How many lines and characters of the last line stand before a byte.
#[derive(Clone, Copy, Debug, Default)]
struct Landmark {
    at: usize,
    lines: usize,
    characters: usize,
}

/// Bytes between landmarks.
const STRIDE: usize = 1024;

impl Source {
    fn landmarks(&self) -> &[Landmark] {
        self.landmarks.get_or_init(|| {
            let mut all = vec![Landmark::default()];
            let mut next = STRIDE;
            let (mut lines, mut characters) = (0, 0);
            for (at, c) in self.text.char_indices() {
                if at >= next {
                    all.push(Landmark { at, lines, characters });
                    next = at + STRIDE;
                }
                characters += 1;
                if c == '\n' {
                    (lines, characters) = (lines + 1, 0);
                }
            }
            all
        })
    }

    /// Lines and characters of the last line before a byte, which is at the start of a character.
    fn before(&self, at: usize) -> (usize, usize) {
        let landmarks = self.landmarks();
        let known = landmarks.partition_point(|landmark| landmark.at <= at).saturating_sub(1);
        let Landmark { at: from, mut lines, mut characters } =
            landmarks.get(known).copied().unwrap_or_default();
        for c in self.text.get(from..at).unwrap_or_default().chars() {
            characters += 1;
            if c == '\n' {
                (lines, characters) = (lines + 1, 0);
            }
        }
        (lines, characters)
    }
}

/// The texts that spans point into.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and returns the id that its spans carry.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Source { name: name.into(), text: text.into(), landmarks: OnceLock::new() });
        id
    }

    /// The text behind an id; `None` for an id of another table.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    pub fn position(&self, id: SourceId, offset: u32) -> (usize, usize) {
        let Some(source) = self.get(id) else { return (1, 1) };
        let mut at = (offset as usize).min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at -= 1;
        }
        let (lines, characters) = source.before(at);
        (lines + 1, characters + 1)
    }

    /// The text that a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source)
            .and_then(|source| source.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }

    /// `file:line:column` of the start of a span.
    pub fn place(&self, span: Span) -> String {
        let (line, column) = self.position(span.source, span.start);
        let name = self.get(span.source).map_or("<unknown>", |source| source.name.as_str());
        format!("{name}:{line}:{column}")
    }

    /// The diagnostic as rustc would print it, without colour, with a final newline.
    pub fn render(&self, diagnostic: &Diagnostic) -> String {
        let mut out = String::new();
        let _ =
            writeln!(out, "{}[{}]: {}", diagnostic.severity.as_str(), diagnostic.code, diagnostic.message);
        self.render_place(&mut out, "-->", diagnostic.span, '^', &diagnostic.label);
        for (span, text) in &diagnostic.related {
            self.render_place(&mut out, ":::", *span, '-', text);
        }
        for note in &diagnostic.notes {
            let _ = writeln!(out, "  = note: {note}");
        }
        for help in &diagnostic.help {
            let _ = writeln!(out, "  = help: {help}");
        }
        out
    }

    fn render_place(&self, out: &mut String, arrow: &str, span: Span, mark: char, label: &str) {
        let Some(source) = self.get(span.source) else { return };
        let (line, column) = self.position(span.source, span.start);
        let gutter = line.to_string().len();
        let (shown, before) = window(&source.text, span.start as usize, column - 1);
        let room = shown.chars().count().saturating_sub(before).max(1);
        let width = self.slice(span).lines().next().map_or(1, |first| first.chars().count()).clamp(1, room);
        let _ = writeln!(out, "{:gutter$}{arrow} {}", "", self.place(span));
        let _ = writeln!(out, "{:gutter$} |", "");
        let _ = writeln!(out, "{line} | {shown}");
        let marks: String = std::iter::repeat_n(mark, width).collect();
        let underline = format!("{:gutter$} | {:indent$}{marks} {label}", "", "", indent = before);
        let _ = writeln!(out, "{}", underline.trim_end());
    }
}

/// Characters of a line that are shown.
const SHOWN: usize = 160;
/// Characters that are shown before the place of interest, where the line is cut.
const BEFORE: usize = 40;

/// The part of a line around a byte, and how many characters of it stand before that byte; `column` characters of the
/// whole line do.
fn window(text: &str, at: usize, column: usize) -> (String, usize) {
    const DOTS: &str = "...";
    let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let kept = if column < SHOWN - BEFORE { column } else { BEFORE };
    let head = text.get(..at).unwrap_or_default();
    let start = head.char_indices().rev().take(kept).last().map_or(at, |(start, _)| start);
    let tail = text.get(start..).unwrap_or_default();
    let part = tail.chars().take_while(|c| *c != '\n').take(SHOWN).collect::<String>();
    let part = part.trim_end_matches('\r').replace(char::is_control, " ");
    if kept == column { (part, column) } else { (format!("{DOTS}{part}"), kept + DOTS.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_line_caret_and_notes() {
        let mut sources = Sources::default();
        let id = sources.add("a.yang", "module a {\n  leef b;\n}\n");
        let span = Span { source: id, start: 13, end: 17 };
        let found = Diagnostic::error("Y0001", span, "unknown statement 'leef'")
            .label("not a YANG statement")
            .help("did you mean 'leaf'?");
        assert_eq!(
            sources.render(&found),
            "error[Y0001]: unknown statement 'leef'\n --> a.yang:2:3\n  |\n2 |   leef b;\n  |   ^^^^ not a YANG statement\n  = help: did you mean 'leaf'?\n"
        );
    }

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let mut sources = Sources::default();
        let id = sources.add("a.yang", format!("{}here{}", "x".repeat(10_000), "y".repeat(10_000)));
        let found = Diagnostic::error("Y0001", Span { source: id, start: 10_000, end: 10_004 }, "this");
        let shown = sources.render(&found);
        assert!(shown.len() < 600 && shown.contains("xhereyy"), "{shown}");
        assert!(shown.ends_with(&format!("\n  | {}^^^^\n", " ".repeat(43))), "{shown}");
    }

    #[test]
    fn offsets_out_of_range_do_not_panic() {
        let mut sources = Sources::default();
        let id = sources.add("x", "é");
        assert_eq!(sources.position(id, 1), (1, 1));
        assert_eq!(sources.position(id, 99), (1, 2));
        assert_eq!(sources.position(SourceId(7), 3), (1, 1));
    }
}
