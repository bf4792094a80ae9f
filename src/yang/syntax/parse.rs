//! YANG text to a [`Statement`] tree. The only file that knows the pest grammar `yang.pest`.

use pest::Parser as _;
use pest::iterators::Pair;

use grammar::{Rule, YangGrammar};

use super::argument::is_identifier;
use super::keyword::KeywordId;
use super::scan::scan;
use super::statement::{Argument, Keyword, Statement};
use super::string::append_quoted;
use crate::base::diagnostic::{Diagnostic, SourceId, Span};
use crate::base::ident::{Ident, Interner};

mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "yang/syntax/yang.pest"]
    pub struct YangGrammar;
}

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
    let scanned = scan(text, source);
    let mut reader =
        Reader { text, source, interner, diagnostics: scanned.diagnostics, in_1_1: scanned.in_1_1 };
    if scanned.fatal {
        return (None, reader.diagnostics);
    }
    let module = match YangGrammar::parse(Rule::file, text) {
        Ok(mut pairs) => pairs.next().and_then(|file| reader.file(file)),
        // The grammar accepts every text that the scan lets through; this is what is left if it should not.
        Err(error) => {
            let at = match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
            };
            let span = reader.span(at, at);
            reader.diagnostics.push(Diagnostic::error("Y0007", span, "expected a statement"));
            None
        }
    };
    let is_1_1 = module.as_ref().and_then(|module| module.text_of(KeywordId::YangVersion));
    if is_1_1.is_some_and(|version| version == "1.1") {
        reader.diagnostics.append(&mut reader.in_1_1);
    }
    reader.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    (module, reader.diagnostics)
}

struct Reader<'a> {
    text: &'a str,
    source: SourceId,
    interner: &'a mut Interner,
    diagnostics: Vec<Diagnostic>,
    /// Errors in YANG 1.1 only: the version is known at the end.
    in_1_1: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        let clip = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { source: self.source, start: clip(start), end: clip(end) }
    }

    fn span_of(&self, pair: &Pair<'_, Rule>) -> Span {
        self.span(pair.as_span().start(), pair.as_span().end())
    }

    fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Option<&mut Diagnostic> {
        self.diagnostics.push(Diagnostic::error(code, span, message));
        self.diagnostics.last_mut()
    }

    fn file(&mut self, file: Pair<'_, Rule>) -> Option<Statement> {
        let mut module: Option<Statement> = None;
        for statement in self.statements(file) {
            let Some(first) = &module else {
                module = Some(statement);
                continue;
            };
            let (first, span) = (first.head_span(), statement.head_span());
            let message = format!("'{}' behind the end of the module", statement.keyword);
            if let Some(diagnostic) = self.error("Y0008", span, message) {
                diagnostic.related.push((first, "the module of this file".to_owned()));
                diagnostic.notes.push("a file holds one module or submodule".to_owned());
            }
        }
        if module.is_none() && self.diagnostics.is_empty() {
            let span = self.span(0, 0);
            self.error("Y0009", span, "the text is empty; expected 'module' or 'submodule'");
        }
        module
    }

    /// The statements of a block or of the file; what else stands there is reported.
    fn statements(&mut self, block: Pair<'_, Rule>) -> Vec<Statement> {
        let open = self.span(block.as_span().start(), block.as_span().start() + 1);
        let mut statements = Vec::new();
        for pair in block.into_inner() {
            let span = self.span_of(&pair);
            match pair.as_rule() {
                Rule::statement => statements.push(self.statement(pair)),
                Rule::unclosed => {
                    self.error("Y0010", open, "this block is never closed: '}' is missing");
                }
                Rule::stray_close => {
                    self.error("Y0011", span, "'}' without a block that it could close");
                }
                Rule::stray_block => {
                    let at = self.span(pair.as_span().start(), pair.as_span().start() + 1);
                    self.error("Y0012", at, "expected a statement, found a block without keyword");
                    for inner in pair.into_inner() {
                        self.statements(inner);
                    }
                }
                Rule::stray if pair.as_str() == ";" => {
                    self.error("Y0012", span, "expected a statement, found ';'");
                }
                Rule::stray => {
                    self.error("Y0012", span, "expected a statement, found a string");
                }
                _ => {}
            }
        }
        statements
    }

    fn statement(&mut self, pair: Pair<'_, Rule>) -> Statement {
        let span = self.span_of(&pair);
        let mut statement = Statement {
            keyword: Keyword::Unknown(Ident::from("")),
            keyword_span: span,
            argument: None,
            substatements: Vec::new(),
            span,
        };
        let mut token_end = span.start;
        for part in pair.into_inner() {
            let part_span = self.span_of(&part);
            match part.as_rule() {
                Rule::keyword => {
                    statement.keyword = self.keyword(part.as_str(), part_span);
                    statement.keyword_span = part_span;
                }
                Rule::argument => statement.argument = Some(self.argument(part)),
                Rule::surplus => self.surplus(&statement, part.as_str(), part_span),
                Rule::block => statement.substatements = self.statements(part),
                Rule::missing_end => {
                    statement.span.end = token_end;
                    self.missing_end(&statement, token_end);
                }
                _ => {}
            }
            token_end = part_span.end;
        }
        statement
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

    fn argument(&mut self, pair: Pair<'_, Rule>) -> Argument {
        let span = self.span_of(&pair);
        let mut value = String::new();
        for part in pair.into_inner() {
            let part_span = self.span_of(&part);
            if part.as_rule() == Rule::bare {
                self.check_bare(part.as_str(), part_span);
                value.push_str(part.as_str());
            } else {
                self.in_1_1.append(&mut append_quoted(self.text, part_span, &mut value));
            }
        }
        let text =
            if value.len() <= MAX_INTERNED { self.interner.intern(&value) } else { Ident::from(value) };
        Argument { text, span }
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

    fn surplus(&mut self, statement: &Statement, text: &str, span: Span) {
        let trimmed = text.trim_start();
        let start = span.start as usize + (text.len() - trimmed.len());
        let span = self.span(start, span.end as usize);
        let quoted = self.text.as_bytes().get(statement.argument_span().start as usize);
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

    fn missing_end(&mut self, statement: &Statement, at: u32) {
        let span = Span { source: self.source, start: at, end: at };
        let behind = self.text.get(at as usize..).unwrap_or_default();
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
        // Every way to hide a brace from one of the two tokenizers.
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
