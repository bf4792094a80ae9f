//! YANG text to a [`Statement`] tree (RFC 7950 section 6.3), by recursive descent over the tokens of [`super::scan`].
//!
//! What is missing or too much is reported and the reading goes on, so that one run shows all errors of a file.

use super::argument::is_identifier;
use super::keyword::KeywordId;
use super::scan::{Scanner, illegal_characters};
use super::statement::{Argument, Keyword, Statement};
use super::string::append_quoted;
use crate::base::diagnostic::{Diagnostic, SourceId, Span};
use crate::base::ident::{Ident, Interner};

/// Blocks within blocks; published modules stay below 20.
pub(super) const MAX_DEPTH: usize = 100;
/// Bytes of one module; the largest published modules have about 2 MB.
const MAX_BYTES: usize = 32 << 20;
/// Arguments longer than this are prose or patterns, of which no two are alike.
const MAX_INTERNED: usize = 64;

/// Reads the one module or submodule of a text.
///
/// The tree is there as soon as anything could be read; whoever goes on with it must look for errors among the
/// diagnostics first.
pub fn parse_module(
    text: &str,
    source: SourceId,
    interner: &mut Interner,
) -> (Option<Statement>, Vec<Diagnostic>) {
    let mut scanner = Scanner::new(text, source);
    if text.len() > MAX_BYTES {
        let message = format!("a module of more than {} MiB is not read", MAX_BYTES >> 20);
        scanner.fail("Y0001", 0, 1, &message, "");
        return (None, scanner.fatal.into_iter().collect());
    }
    let (diagnostics, in_1_1) = illegal_characters(&scanner);
    let mut reader =
        Reader { scanner, interner, diagnostics, in_1_1, value: String::new(), finished: Vec::new() };
    let module = reader.file();
    let is_1_1 = module.as_ref().and_then(|module| module.text_of(KeywordId::YangVersion));
    if is_1_1.is_some_and(|version| version == "1.1") {
        reader.diagnostics.append(&mut reader.in_1_1);
    }
    let is_whole = reader.scanner.fatal.is_none();
    reader.diagnostics.extend(reader.scanner.fatal);
    reader.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    (module.filter(|_| is_whole), reader.diagnostics)
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    interner: &'a mut Interner,
    diagnostics: Vec<Diagnostic>,
    /// Errors in YANG 1.1 only: the version is known at the end.
    in_1_1: Vec<Diagnostic>,
    /// The value of the argument that is being read.
    value: String,
    /// Statements of the blocks that are being read. They move into a vector of the right size when their block ends.
    finished: Vec<Statement>,
}

impl Reader<'_> {
    fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Option<&mut Diagnostic> {
        self.diagnostics.push(Diagnostic::error(code, span, message));
        self.diagnostics.last_mut()
    }

    fn file(&mut self) -> Option<Statement> {
        loop {
            self.scanner.separator();
            match self.scanner.peek() {
                None => break,
                Some(b'}') => {
                    let span = self.scanner.span(self.scanner.at, self.scanner.at + 1);
                    self.error("Y0011", span, "'}' without a block that it could close");
                    self.scanner.step();
                }
                Some(_) => self.item(),
            }
        }
        let mut statements = std::mem::take(&mut self.finished).into_iter();
        let module = statements.next();
        for (statement, first) in statements.zip(module.iter().cycle()) {
            let message = format!("'{}' behind the end of the module", statement.keyword);
            if let Some(diagnostic) = self.error("Y0008", statement.head_span(), message) {
                diagnostic.related.push((first.head_span(), "the module of this file".to_owned()));
                diagnostic.notes.push("a file holds one module or submodule".to_owned());
            }
        }
        if module.is_none() && self.diagnostics.is_empty() && self.scanner.fatal.is_none() {
            let span = self.scanner.span(0, 0);
            self.error("Y0009", span, "the text is empty; expected 'module' or 'submodule'");
        }
        module
    }

    /// A statement goes to those that are finished; what else can stand in its place is reported.
    fn item(&mut self) {
        let start = self.scanner.at;
        match self.scanner.peek() {
            Some(b';') => {
                self.scanner.step();
                let span = self.scanner.span(start, start + 1);
                self.error("Y0012", span, "expected a statement, found ';'");
            }
            Some(b'"' | b'\'') => {
                self.scanner.quoted_sum(|_, _| {});
                let span = self.scanner.span(start, self.scanner.at);
                if self.scanner.fatal.is_none() {
                    self.error("Y0012", span, "expected a statement, found a string");
                }
            }
            Some(b'{') => {
                let span = self.scanner.span(start, start + 1);
                self.error("Y0012", span, "expected a statement, found a block without keyword");
                self.block();
            }
            _ => {
                let statement = self.statement();
                self.finished.push(statement);
            }
        }
    }

    /// The statements of a block, from its brace on.
    fn block(&mut self) -> Vec<Statement> {
        let open = self.scanner.at;
        let first = self.finished.len();
        self.scanner.enter();
        loop {
            self.scanner.separator();
            match self.scanner.peek() {
                None if self.scanner.fatal.is_some() => break,
                None => {
                    let span = self.scanner.span(open, open + 1);
                    self.error("Y0010", span, "this block is never closed: '}' is missing");
                    break;
                }
                Some(b'}') => {
                    self.scanner.step();
                    break;
                }
                Some(_) => self.item(),
            }
        }
        self.scanner.leave();
        self.finished.drain(first..).collect()
    }

    fn statement(&mut self) -> Statement {
        let start = self.scanner.at;
        self.scanner.word();
        let mut end = self.scanner.at;
        let keyword_span = self.scanner.span(start, end);
        let keyword = self.keyword(self.scanner.written(start, end), keyword_span);
        let mut statement = Statement {
            keyword,
            keyword_span,
            argument: None,
            substatements: Vec::new(),
            span: keyword_span,
        };
        self.scanner.separator();
        if self.scanner.is_quote() || self.scanner.is_word() {
            statement.argument = self.argument();
            let argument_end = self.scanner.at;
            end = self.surplus();
            if end > argument_end {
                self.report_surplus(&statement, argument_end, end);
            }
            self.scanner.separator();
        }
        match self.scanner.peek() {
            Some(b';') => {
                self.scanner.step();
                end = self.scanner.at;
            }
            Some(b'{') => {
                statement.substatements = self.block();
                end = self.scanner.at;
            }
            _ if self.scanner.fatal.is_some() => {}
            _ => self.missing_end(&statement, end),
        }
        statement.span = self.scanner.span(start, end);
        statement
    }

    /// Goes over words and strings that stand where an argument has ended, and returns where they end: words on the same
    /// line, strings anywhere.
    fn surplus(&mut self) -> usize {
        loop {
            let end = self.scanner.at;
            self.scanner.blanks();
            if self.scanner.is_word() {
                self.scanner.word();
                continue;
            }
            self.scanner.separator();
            if self.scanner.is_quote() {
                self.scanner.quoted_sum(|_, _| {});
            } else if self.scanner.fatal.is_none() {
                self.scanner.at = end;
            }
            if self.scanner.at == end || self.scanner.fatal.is_some() {
                return end;
            }
        }
    }

    fn keyword(&mut self, text: &str, span: Span) -> Keyword {
        if let Some(id) = KeywordId::from_name(text) {
            return Keyword::Known(id);
        }
        match text.split_once(':') {
            Some((prefix, name)) if is_identifier(prefix) && is_identifier(name) => {
                Keyword::Extension { prefix: self.interner.intern(prefix), name: self.interner.intern(name) }
            }
            _ => {
                if !is_identifier(text) {
                    self.bad_keyword(text, span);
                }
                Keyword::Unknown(self.interner.intern(text))
            }
        }
    }

    fn bad_keyword(&mut self, text: &str, span: Span) {
        let shown = shorten(text);
        if let Some(diagnostic) = self.error("Y0013", span, format!("'{shown}' is not a keyword")) {
            let before_quote = text.split(['"', '\'']).next().unwrap_or_default();
            diagnostic.notes.push(if before_quote.len() < text.len() {
                format!("between '{before_quote}' and its argument there must be a space")
            } else {
                "a keyword is a name, or prefix:name for an extension".to_owned()
            });
        }
    }

    fn argument(&mut self) -> Option<Argument> {
        let start = self.scanner.at;
        if self.scanner.is_word() {
            self.scanner.word();
            let span = self.scanner.span(start, self.scanner.at);
            let written = self.scanner.written(start, self.scanner.at);
            self.check_bare(written, span);
            return Some(Argument { text: self.text(written), span });
        }
        let mut value = std::mem::take(&mut self.value);
        value.clear();
        let (text, source, in_1_1) = (self.scanner.text, self.scanner.source, &mut self.in_1_1);
        let clip = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        self.scanner.quoted_sum(|start, end| {
            let span = Span { source, start: clip(start), end: clip(end) };
            in_1_1.append(&mut append_quoted(text, span, &mut value));
        });
        let text = self.text(&value);
        self.value = value;
        Some(Argument { text, span: self.scanner.span(start, self.scanner.at) })
    }

    fn text(&mut self, value: &str) -> Ident {
        if value.len() <= MAX_INTERNED { self.interner.intern(value) } else { Ident::from(value) }
    }

    /// RFC 7950 section 6.1.3 forbids quotes in an unquoted string, RFC 6020 does not; neither allows `*/`.
    fn check_bare(&mut self, text: &str, span: Span) {
        if text.contains("*/") {
            let message = format!("'*/' in the unquoted argument '{}'", shorten(text));
            if let Some(diagnostic) = self.error("Y0014", span, message) {
                diagnostic.notes.push("put the argument in quotes".to_owned());
            }
        }
        if text.contains(['"', '\'']) {
            self.in_1_1.push(
                Diagnostic::error(
                    "Y0014",
                    span,
                    format!("quotes in the unquoted argument '{}'", shorten(text)),
                )
                .note("put the whole argument in quotes"),
            );
        }
    }

    fn report_surplus(&mut self, statement: &Statement, start: usize, end: usize) {
        let written = self.scanner.written(start, end);
        let trimmed = written.trim_start();
        let span = self.scanner.span(start + (written.len() - trimmed.len()), end);
        let quoted = self.scanner.text.as_bytes().get(statement.argument_span().start as usize);
        let note = match (quoted, trimmed.chars().next()) {
            (Some(b'"' | b'\''), Some('"' | '\'')) => "strings are joined with '+'",
            (_, Some('+')) => "only quoted strings can be joined with '+'",
            _ => "an argument with spaces in it must be quoted",
        };
        let message = format!(
            "expected ';' or '{{' behind the argument of '{}', found '{}'",
            statement.keyword,
            shorten(trimmed)
        );
        if let Some(diagnostic) = self.error("Y0015", span, message) {
            diagnostic.notes.push(note.to_owned());
        }
    }

    fn missing_end(&mut self, statement: &Statement, at: usize) {
        let span = self.scanner.span(at, at);
        let behind = self.scanner.text.get(at..).unwrap_or_default();
        let what = if statement.argument.is_some() { "the argument of " } else { "" };
        let message = format!("expected ';' or '{{' behind {what}'{}'", statement.keyword);
        if let Some(diagnostic) = self.error("Y0016", span, message)
            && behind.starts_with("//")
        {
            diagnostic.notes.push("'//' starts a comment; put the argument in quotes".to_owned());
        }
    }
}

/// A text for a message: one line of at most 64 characters.
pub(super) fn shorten(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(64) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(64).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::Sources;

    fn read(text: &str) -> (Option<Statement>, Vec<String>) {
        let mut sources = Sources::default();
        let id = sources.add("t", text);
        let (module, diagnostics) = parse_module(text, id, &mut Interner::default());
        let shown = diagnostics.iter().map(|d| {
            let (line, column) = sources.position(d.span.source, d.span.start);
            format!("{line}:{column} {} {}", d.code, d.message)
        });
        (module, shown.collect())
    }

    fn errors(text: &str) -> Vec<String> {
        read(text).1
    }

    /// The argument of the description of a module with that text in it.
    fn description(text: &str) -> String {
        let (module, errors) = read(&format!("module m {{\n{text}\n}}"));
        assert_eq!(errors, [""; 0], "{text}");
        module.unwrap().text_of(KeywordId::Description).unwrap().to_string()
    }

    #[test]
    fn rfc7950_6_3_statements_nest_and_carry_spans() {
        let text =
            "\u{FEFF}// head\nmodule a /* x */ {\n  leaf b { type string; }\n  p:e 'v';\n  p:f;\n}\n// end";
        let (module, errors) = read(text);
        let module = module.unwrap();
        assert_eq!(errors, [""; 0]);
        assert!(module.is(KeywordId::Module) && module.text() == "a");
        let leaf = module.find(KeywordId::Leaf).unwrap();
        assert_eq!(&text[leaf.span.start as usize..leaf.span.end as usize], "leaf b { type string; }");
        assert_eq!(leaf.text_of(KeywordId::Type).unwrap(), "string");
        let [_, extension, bare] = module.substatements.as_slice() else { panic!() };
        assert_eq!(extension.keyword.to_string(), "p:e");
        assert_eq!(extension.text(), "v");
        assert_eq!(bare.argument, None);
    }

    #[test]
    fn rfc7950_6_1_3_quotes_concatenation_and_escapes() {
        assert_eq!(description(r#"description "a\n\t\"\\b";"#), "a\n\t\"\\b");
        assert_eq!(description(r"description 'a\n' + 'b';"), r"a\nb");
        assert_eq!(description("description 'a'+\"b\"/* c */+// d\n'e';"), "abe");
        assert_eq!(description("description a+b;"), "a+b");
        assert_eq!(description("description http:/x;"), "http:/x");
        assert_eq!(description("description \"\";"), "");
        assert_eq!(description("description 'a // b /* c';"), "a // b /* c");
    }

    #[test]
    fn rfc7950_6_1_3_indentation_is_stripped_up_to_the_column_of_the_quote() {
        assert_eq!(
            description("  description \"one  \n               two\n    three\n                 four\";"),
            "one\ntwo\nthree\n  four"
        );
        assert_eq!(description("\tdescription \"a\n\t\t\t b\";"), "a\n    b");
        assert_eq!(description("description \"a \t\r\n b\";"), "a\r\nb");
        assert_eq!(description("description 'a  \n   b';"), "a  \n   b");
        assert_eq!(description("description\n\"a\n\n  b\n\";"), "a\n\n b\n");
        assert_eq!(description("description \"a\\t\n b\";"), "a\t\nb");
    }

    #[test]
    fn rfc7950_6_1_3_other_escapes_are_errors_in_yang_1_1_only() {
        assert_eq!(errors(r#"module m { description "a\d"; }"#), [""; 0]);
        assert_eq!(
            errors(r#"module m { yang-version 1.1; description "a\d"; }"#),
            [r"1:44 Y0006 '\d' is not an escape sequence"]
        );
        assert_eq!(
            errors("module m { yang-version 1.1; description \"a\\\n\"; }"),
            ["1:44 Y0006 a backslash at the end of a line is not an escape sequence"]
        );
        assert_eq!(errors("module m { yang-version 1.1; contact a'b; }").len(), 1);
        assert_eq!(errors("module m { contact a'b; }").len(), 0);
    }

    #[test]
    fn one_pass_reports_every_syntax_error() {
        let text = "module m {\n  namespace http://x;\n  leaf a b;\n  leaf c\n  ;;\n  'x' + 'y'\n  description \"d\"\n  \"e\";\n  { leaf q; }\n  type\"string\";\n";
        assert_eq!(
            errors(text),
            [
                "1:10 Y0010 this block is never closed: '}' is missing",
                "2:18 Y0016 expected ';' or '{' behind the argument of 'namespace'",
                "3:10 Y0015 expected ';' or '{' behind the argument of 'leaf', found 'b'",
                "5:4 Y0012 expected a statement, found ';'",
                "6:3 Y0012 expected a statement, found a string",
                "8:3 Y0015 expected ';' or '{' behind the argument of 'description', found '\"e\"'",
                "9:3 Y0012 expected a statement, found a block without keyword",
                "10:3 Y0013 'type\"string\"' is not a keyword",
            ]
        );
    }

    #[test]
    fn what_is_not_one_module_is_refused() {
        assert_eq!(
            errors(" // nothing\n"),
            ["1:1 Y0009 the text is empty; expected 'module' or 'submodule'"]
        );
        assert_eq!(errors("module a {} module b {}"), ["1:13 Y0008 'module' behind the end of the module"]);
        assert_eq!(errors("module a {} }"), ["1:13 Y0011 '}' without a block that it could close"]);
        assert_eq!(errors("module a { /* "), ["1:12 Y0004 this comment is never closed"]);
        assert_eq!(errors("module a { contact \"x }"), ["1:20 Y0005 this string is never closed"]);
        assert_eq!(
            errors("module a { contact 'x\u{1}'; }"),
            ["1:22 Y0002 the character U+0001 is not allowed in a YANG module"]
        );
    }

    #[test]
    fn nesting_is_limited_before_it_can_hurt() {
        let deep = "a {".repeat(10_000);
        assert_eq!(
            errors(&deep),
            ["1:303 Y0003 blocks are nested more than 100 deep; nothing below is read"]
        );
        // Braces in every company.
        for hidden in [
            "'+\"{",
            "\"a\"+\"{\" {",
            "'x'+'{'+'{' y {",
            "a\"{",
            "'a'/**/+//\n'{' b {",
            "; 'a'+'b{' c {",
            "'a'+{",
        ] {
            let _ = errors(&format!("module m {{{}", hidden.repeat(20_000)));
        }
        let allowed = format!("{}{}", "a {".repeat(100), "}".repeat(100));
        assert_eq!(errors(&allowed), [""; 0]);
    }

    #[test]
    fn places_inside_an_argument_are_found_again() {
        let text = "module m { description \"ab\\n\"\n  + // \"\n 'c\u{e9}d'; contact xyz; }";
        let (module, _) = read(text);
        let module = module.unwrap();
        let argument = module.find(KeywordId::Description).unwrap().argument.as_ref().unwrap();
        assert_eq!(argument.text, "ab\ncéd");
        let place = |offset| {
            let span = super::super::string::locate(text, argument.span, offset);
            &text[span.start as usize..span.end as usize]
        };
        assert_eq!([place(0), place(1), place(3), place(4), place(6)], ["a", "b", "c", "é", "d"]);
        assert_eq!(place(7), "'");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(\\PC|[ \n\t{};\"'+/*\\\\]|module|leaf|a:b|//|/\\*|\\*/){0,80}") {
            let (_, _) = read(&text);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let (_, _) = read(&String::from_utf8_lossy(&bytes));
        }
    }
}
