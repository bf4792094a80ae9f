//! Quoted strings: quotes, escapes, indentation and `+` (RFC 7950 section 6.1.3).
//!
//! Everything works on pieces of the source, so that a place in the value can be traced to a place in the source.

use crate::base::diagnostic::{Diagnostic, Span};

/// Columns that a tab counts for.
const TAB: usize = 8;

/// Receives the value of a string piece by piece: the text, and the offset in the source where it comes from.
trait Sink {
    fn push(&mut self, text: &str, from: usize);
    /// An escape sequence that YANG 1.1 does not have; its two characters go into the value as they are.
    fn bad_escape(&mut self, start: usize, end: usize);
}

/// Appends the value of one quoted string to `value`. `start` and `end` enclose it in `source`, quotes included.
/// Returns the diagnostics that hold in YANG 1.1 only.
pub(super) fn append_quoted(source: &str, span: Span, value: &mut String) -> Vec<Diagnostic> {
    struct Build<'a> {
        value: &'a mut String,
        span: Span,
        found: Vec<Diagnostic>,
        source: &'a str,
    }
    impl Sink for Build<'_> {
        fn push(&mut self, text: &str, _from: usize) {
            self.value.push_str(text);
        }
        fn bad_escape(&mut self, start: usize, end: usize) {
            let written: String = self.source.get(start..end).unwrap_or_default().escape_debug().collect();
            let clip = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            let span = Span { start: clip(start), end: clip(end), ..self.span };
            let shown = if written.contains("\\n") {
                "a backslash at the end of a line".to_owned()
            } else {
                format!("'{}'", self.source.get(start..end).unwrap_or_default())
            };
            self.found.push(
                Diagnostic::error("Y0006", span, format!("{shown} is not an escape sequence"))
                    .note("in double quotes only \\n, \\t, \\\" and \\\\ are escapes; in single quotes a backslash stands for itself"),
            );
        }
    }
    let inner =
        source.get(span.start as usize + 1..(span.end as usize).saturating_sub(1)).unwrap_or_default();
    if !inner.bytes().any(|byte| matches!(byte, b'\n' | b'\\')) {
        value.push_str(inner);
        return Vec::new();
    }
    let mut build = Build { value, span, found: Vec::new(), source };
    walk_quoted(source, span.start as usize, span.end as usize, &mut build);
    build.found
}

/// The place in the source of a byte of an argument's value: `offset` counts bytes of the value. For an offset at the
/// end of the value it is the place behind the last character. The result is one character wide.
pub fn locate(source: &str, argument: Span, offset: usize) -> Span {
    struct Trace {
        left: usize,
        found: Option<(usize, usize)>,
        last: usize,
    }
    impl Sink for Trace {
        fn push(&mut self, text: &str, from: usize) {
            if self.found.is_some() {
                return;
            }
            if self.left < text.len() {
                let width =
                    text.get(self.left..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                self.found = Some((from + self.left, width));
            } else {
                self.left -= text.len();
                self.last = from + text.len();
            }
        }
        fn bad_escape(&mut self, _start: usize, _end: usize) {}
    }
    let (start, end) = (argument.start as usize, argument.end as usize);
    let mut trace = Trace { left: offset, found: None, last: start };
    let written = source.get(start..end).unwrap_or_default();
    if written.starts_with(['"', '\'']) {
        let mut at = start;
        while at < end {
            match source.as_bytes().get(at) {
                Some(b'"' | b'\'') => {
                    let close = closing_quote(source, at, end);
                    walk_quoted(source, at, close, &mut trace);
                    at = close;
                }
                Some(b'/') => {
                    let rest = source.get(at..end).unwrap_or_default();
                    let length =
                        if rest.starts_with("//") { rest.find('\n') } else { rest.find("*/").map(|n| n + 2) };
                    at += length.unwrap_or(rest.len()).max(1);
                }
                _ => at += 1,
            }
        }
    } else {
        trace.push(written, start);
    }
    let (from, width) = trace.found.unwrap_or((trace.last, 1));
    let clip = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { start: clip(from), end: clip((from + width).min(source.len())), ..argument }
}

/// The offset behind the quote that closes the string opened at `open`.
fn closing_quote(source: &str, open: usize, end: usize) -> usize {
    let bytes = source.as_bytes();
    let quote = bytes.get(open).copied().unwrap_or_default();
    let mut at = open + 1;
    while at < end {
        match bytes.get(at) {
            Some(byte) if *byte == quote => return at + 1,
            Some(b'\\') if quote == b'"' => at += 2,
            _ => at += 1,
        }
    }
    end
}

fn walk_quoted(source: &str, start: usize, end: usize, sink: &mut impl Sink) {
    let Some(inner) = source.get(start + 1..end.saturating_sub(1)) else { return };
    if source.as_bytes().get(start) == Some(&b'\'') {
        return sink.push(inner, start + 1);
    }
    // Where the quote stands matters for the lines below it only.
    let column = if inner.contains('\n') { quote_column(source, start) } else { 0 };
    let mut from = start + 1;
    let mut first = true;
    for line in inner.split_inclusive('\n') {
        let next = from + line.len();
        let (mut body, ending) = split_ending(line);
        if !ending.is_empty() {
            body = body.trim_end_matches([' ', '\t']);
        }
        let mut body_from = from;
        if !first {
            let (skipped, left_over) = strip_indentation(body, column + 1);
            sink.push(&" ".repeat(left_over), from);
            body_from += skipped;
            body = body.get(skipped..).unwrap_or_default();
        }
        unescape(body, body_from, !ending.is_empty(), sink);
        if !ending.is_empty() {
            sink.push(ending, next - ending.len());
        }
        from = next;
        first = false;
    }
}

/// A line without and its line break.
fn split_ending(line: &str) -> (&str, &str) {
    let length = if line.ends_with("\r\n") { 2 } else { usize::from(line.ends_with('\n')) };
    line.split_at(line.len() - length)
}

/// The column of a quote, from 0.
fn quote_column(source: &str, quote: usize) -> usize {
    let before = source.get(..quote).unwrap_or_default();
    let line = before.rfind('\n').map_or(before, |newline| before.get(newline + 1..).unwrap_or_default());
    line.trim_start_matches('\u{FEFF}').chars().map(|c| if c == '\t' { TAB } else { 1 }).sum()
}

/// How many bytes of blanks to skip to get rid of `columns` columns, and how many spaces of a tab are left over.
fn strip_indentation(line: &str, columns: usize) -> (usize, usize) {
    let mut stripped = 0;
    for (at, byte) in line.bytes().enumerate() {
        if stripped >= columns {
            return (at, stripped - columns);
        }
        match byte {
            b' ' => stripped += 1,
            b'\t' => stripped += TAB,
            _ => return (at, 0),
        }
    }
    (line.len(), stripped.saturating_sub(columns))
}

fn unescape(text: &str, from: usize, more_lines: bool, sink: &mut impl Sink) {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(length) = rest.find('\\') else {
            sink.push(rest, from + at);
            return;
        };
        sink.push(rest.get(..length).unwrap_or_default(), from + at);
        at += length;
        let mut behind = rest.get(length + 1..).unwrap_or_default().chars();
        let value = match behind.next() {
            Some('n') => "\n",
            Some('t') => "\t",
            Some('"') => "\"",
            Some('\\') => "\\",
            Some(other) => {
                let end = at + 1 + other.len_utf8();
                sink.bad_escape(from + at, from + end);
                sink.push(text.get(at..end).unwrap_or_default(), from + at);
                at = end;
                continue;
            }
            None => {
                sink.bad_escape(from + at, from + at + 1 + usize::from(more_lines));
                sink.push("\\", from + at);
                return;
            }
        };
        sink.push(value, from + at);
        at += 2;
    }
}
