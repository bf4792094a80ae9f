//! The tokens of a YANG text (RFC 7950 section 6): separators and comments, quoted strings, words. Nothing of what they
//! mean.
//!
//! A string or comment that never ends and nesting that is too deep end the reading: nothing sensible can follow.

use super::parse::MAX_DEPTH;
use crate::base::diagnostic::{Diagnostic, SourceId, Span};

/// Of illegal characters in one text, as many are reported.
const MAX_ILLEGAL: usize = 8;

/// A place in a text that moves from token to token.
pub(super) struct Scanner<'a> {
    pub text: &'a str,
    pub source: SourceId,
    /// Where the next token starts, or a separator in front of it.
    pub at: usize,
    /// How many blocks are open here.
    depth: usize,
    /// What ended the reading before the end of the text.
    pub fatal: Option<Diagnostic>,
}

impl<'a> Scanner<'a> {
    /// At the start of a text, behind its byte order mark.
    pub fn new(text: &'a str, source: SourceId) -> Self {
        let at = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        Scanner { text, source, at, depth: 0, fatal: None }
    }

    pub fn span(&self, start: usize, end: usize) -> Span {
        let clip = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { source: self.source, start: clip(start), end: clip(end) }
    }

    /// What is written between two offsets.
    pub fn written(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Ends the reading.
    pub fn fail(&mut self, code: &'static str, start: usize, length: usize, message: &str, note: &str) {
        let mut diagnostic = Diagnostic::error(code, self.span(start, start + length), message);
        if !note.is_empty() {
            diagnostic = diagnostic.note(note);
        }
        self.fatal = Some(diagnostic);
        self.at = self.text.len();
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// The byte here.
    pub fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    /// Goes over one byte: a brace or a semicolon.
    pub fn step(&mut self) {
        self.at += 1;
    }

    /// Goes into a block, over its brace. Where that would be too deep, the reading ends.
    pub fn enter(&mut self) {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("blocks are nested more than {MAX_DEPTH} deep; nothing below is read");
            self.fail("Y0003", self.at, 1, &message, "");
            return;
        }
        self.step();
    }

    /// Comes out of a block.
    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Whether a quoted string starts here.
    pub fn is_quote(&self) -> bool {
        matches!(self.peek(), Some(b'"' | b'\''))
    }

    /// Whether an unquoted string, or a keyword, starts here.
    pub fn is_word(&self) -> bool {
        !self.is_quote() && !self.is_word_end(self.at)
    }

    /// Goes over blanks, line breaks and comments.
    pub fn separator(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(b'/') if self.is_comment(self.at) => self.comment(),
                _ => return,
            }
        }
    }

    /// Goes over blanks that stay on the line.
    pub fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn is_comment(&self, at: usize) -> bool {
        matches!(self.text.as_bytes().get(at..at + 2), Some(b"//" | b"/*"))
    }

    fn comment(&mut self) {
        let start = self.at;
        let rest = self.text.get(start + 2..).unwrap_or_default();
        if self.byte(start + 1) == Some(b'/') {
            self.at = rest.find('\n').map_or(self.text.len(), |length| start + 2 + length);
        } else if let Some(length) = rest.find("*/") {
            self.at = start + 2 + length + 2;
        } else {
            self.fail("Y0004", start, 2, "this comment is never closed", "a comment '/*' ends with '*/'");
        }
    }

    /// Goes over an unquoted string or a keyword.
    pub fn word(&mut self) {
        self.at += 1;
        while !self.is_word_end(self.at) {
            self.at += 1;
        }
    }

    fn is_word_end(&self, at: usize) -> bool {
        match self.byte(at) {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b'}') => true,
            Some(b'/') => self.is_comment(at),
            Some(_) => false,
        }
    }

    /// Goes over a quoted string.
    pub fn quoted(&mut self) {
        let start = self.at;
        let quote = self.peek().unwrap_or_default();
        let mut at = start + 1;
        while let Some(byte) = self.byte(at) {
            if byte == quote {
                self.at = at + 1;
                return;
            }
            at += if byte == b'\\' && quote == b'"' { 2 } else { 1 };
        }
        let note = if quote == b'"' {
            "a quote inside a double-quoted string is written \\\""
        } else {
            "a single-quoted string cannot contain a single quote; use a double-quoted string"
        };
        self.fail("Y0005", start, 1, "this string is never closed", note);
    }

    /// Goes over quoted strings that are joined with `+` and tells where each stands.
    pub fn quoted_sum(&mut self, mut each: impl FnMut(usize, usize)) {
        loop {
            let start = self.at;
            self.quoted();
            let end = self.at;
            if self.fatal.is_some() {
                return;
            }
            each(start, end);
            self.separator();
            let has_plus = self.peek() == Some(b'+');
            if has_plus {
                self.step();
                self.separator();
            }
            if self.fatal.is_some() {
                return;
            }
            if !has_plus || !self.is_quote() {
                self.at = end;
                return;
            }
        }
    }
}

/// Characters that may not stand in a YANG text: those that no version allows, and those that YANG 1.1 does not. RFC 7950
/// section 14, `yang-char`; RFC 6020 section 6 excludes the control characters only.
pub(super) fn illegal_characters(scanner: &Scanner<'_>) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let (mut always, mut in_1_1) = (Vec::new(), Vec::new());
    if scanner.text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
        return (always, in_1_1);
    }
    let is_control = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r');
    let illegal = scanner.text.char_indices().filter(|(_, c)| is_control(*c) || is_noncharacter(*c));
    for (at, c) in illegal.take(MAX_ILLEGAL) {
        let message = format!("the character U+{:04X} is not allowed in a YANG module", u32::from(c));
        let diagnostic = Diagnostic::error("Y0002", scanner.span(at, at + c.len_utf8()), message);
        if is_control(c) { always.push(diagnostic) } else { in_1_1.push(diagnostic) }
    }
    (always, in_1_1)
}

/// Code points that Unicode reserves for internal use: U+FDD0 to U+FDEF and the last two of every plane.
fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}
