//! One linear walk over a YANG text before the grammar is tried: what the grammar cannot recover from (strings and
//! comments that never end) or could not survive (deep nesting), and characters that YANG does not allow.

use crate::base::diagnostic::{Diagnostic, SourceId, Span};

/// Blocks within blocks; published modules stay below 20.
pub(super) const MAX_DEPTH: usize = 100;
/// Bytes of one module; the largest published modules have about 2 MB.
pub(super) const MAX_BYTES: usize = 32 << 20;
/// Of illegal characters in one text, as many are reported.
const MAX_ILLEGAL: usize = 8;

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The text cannot be given to the grammar.
    pub fatal: bool,
    /// Errors in any version of YANG.
    pub diagnostics: Vec<Diagnostic>,
    /// Errors in YANG 1.1 only.
    pub in_1_1: Vec<Diagnostic>,
}

/// Walks the text.
pub(super) fn scan(text: &str, source: SourceId) -> Scan {
    let mut walk = Walk { text, source, at: 0, open: Vec::new(), found: Scan::default() };
    if text.len() > MAX_BYTES {
        walk.fatal("Y0001", 0, 1, &format!("a module of more than {} MiB is not read", MAX_BYTES >> 20), "");
        return walk.found;
    }
    walk.characters();
    walk.at = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    walk.tokens();
    walk.found
}

struct Walk<'a> {
    text: &'a str,
    source: SourceId,
    at: usize,
    open: Vec<usize>,
    found: Scan,
}

impl Walk<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        let clip = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { source: self.source, start: clip(start), end: clip(end) }
    }

    fn fatal(&mut self, code: &'static str, start: usize, length: usize, message: &str, note: &str) {
        let mut diagnostic = Diagnostic::error(code, self.span(start, start + length), message);
        if !note.is_empty() {
            diagnostic = diagnostic.note(note);
        }
        self.found.diagnostics.push(diagnostic);
        self.found.fatal = true;
    }

    /// RFC 7950 section 14, `yang-char`; RFC 6020 section 6 excludes the control characters only.
    fn characters(&mut self) {
        let mut reported = 0;
        for (at, c) in self.text.char_indices() {
            let control = c < ' ' && !matches!(c, '\t' | '\n' | '\r');
            if !control && !is_noncharacter(c) {
                continue;
            }
            reported += 1;
            if reported > MAX_ILLEGAL {
                break;
            }
            let diagnostic = Diagnostic::error(
                "Y0002",
                self.span(at, at + c.len_utf8()),
                format!("the character U+{:04X} is not allowed in a YANG module", u32::from(c)),
            );
            if control {
                self.found.diagnostics.push(diagnostic);
            } else {
                self.found.in_1_1.push(diagnostic);
            }
        }
    }

    fn tokens(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' => self.at += 1,
                b'{' => {
                    self.open.push(self.at);
                    if self.open.len() > MAX_DEPTH {
                        let message =
                            format!("blocks are nested more than {MAX_DEPTH} deep; nothing below is read");
                        return self.fatal("Y0003", self.at, 1, &message, "");
                    }
                    self.at += 1;
                }
                b'}' => {
                    self.open.pop();
                    self.at += 1;
                }
                b'"' | b'\'' => {
                    if !self.string(*byte) {
                        return;
                    }
                    self.plus();
                }
                b'/' if self.starts_comment() => {
                    if !self.comment() {
                        return;
                    }
                }
                _ => self.bare(),
            }
        }
    }

    fn starts_comment(&self) -> bool {
        matches!(self.text.as_bytes().get(self.at..self.at + 2), Some(b"//" | b"/*"))
    }

    fn comment(&mut self) -> bool {
        let start = self.at;
        let rest = self.text.get(start + 2..).unwrap_or_default();
        if self.text.as_bytes().get(start + 1) == Some(&b'/') {
            self.at = rest.find('\n').map_or(self.text.len(), |length| start + 2 + length);
            return true;
        }
        if let Some(length) = rest.find("*/") {
            self.at = start + 2 + length + 2;
            return true;
        }
        self.fatal("Y0004", start, 2, "this comment is never closed", "a comment '/*' ends with '*/'");
        false
    }

    fn string(&mut self, quote: u8) -> bool {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while let Some(byte) = bytes.get(at) {
            if *byte == quote {
                self.at = at + 1;
                return true;
            }
            at += if *byte == b'\\' && quote == b'"' { 2 } else { 1 };
        }
        let note = if quote == b'"' {
            "a quote inside a double-quoted string is written \\\""
        } else {
            "a single-quoted string cannot contain a single quote; use a double-quoted string"
        };
        self.fatal("Y0005", start, 1, "this string is never closed", note);
        false
    }

    /// `+` between two quoted strings is a token of its own, even where a quote follows at once.
    fn plus(&mut self) {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(b'/') if self.starts_comment() => {
                    if !self.comment() {
                        self.at = self.text.len();
                        return;
                    }
                }
                Some(b'+') => {
                    let behind = self.text.get(self.at + 1..).unwrap_or_default();
                    if quote_follows(behind) {
                        self.at += 1;
                    }
                    return;
                }
                _ => return,
            }
        }
    }

    fn bare(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            self.at += 1;
            match bytes.get(self.at) {
                None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b'}') => return,
                Some(b'/') if self.starts_comment() => return,
                Some(_) => {}
            }
        }
    }
}

/// Whether a quoted string comes next, behind separators.
fn quote_follows(text: &str) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.find('\n').map_or("", |at| &comment[at..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map_or("", |at| &comment[at + 2..]);
        } else {
            return rest.starts_with(['"', '\'']);
        }
    }
}

/// Code points that Unicode reserves for internal use: U+FDD0 to U+FDEF and the last two of every plane.
fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}
