//! `pattern` in the part of ECMA-262's regular expressions that other engines read alike.
//!
//! Editors run ECMAScript, validators whatever their language has; `\d`, `\w` and `\p{...}` are not the same everywhere.
//! So classes are written out as ranges. Where a class has letters of other scripts by the hundred, it is exact for ASCII
//! and takes every other character; of the digits of all scripts, which XSD's `\d` stands for, `0-9` is left.

use std::fmt::Write as _;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use crate::yang::schema::types::Pattern;

/// More ranges than this are no expression that anybody reads.
const READABLE: usize = 12;

/// Characters that no YANG string holds (RFC 7950 section 14), as far as two bytes name them.
const FORBIDDEN: [(char, char); 5] = [
    ('\0', '\u{8}'),
    ('\u{B}', '\u{C}'),
    ('\u{E}', '\u{1F}'),
    ('\u{FDD0}', '\u{FDEF}'),
    ('\u{FFFE}', '\u{FFFF}'),
];

/// A pattern for JSON Schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portable {
    /// Anchored at both ends.
    pub expression: String,
    /// It matches what the model's pattern matches, and nothing else.
    pub is_exact: bool,
}

/// How classes of characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// As the pattern has them.
    AsWritten,
    /// Without what no YANG string may hold.
    Permitted,
}

/// A translation; `None` where there is none that rejects nothing which the model accepts.
pub fn portable(pattern: &Pattern, characters: Characters) -> Option<Portable> {
    let hir = parsed(pattern)?;
    let mut writer = Writer { out: String::from("^"), is_exact: true, characters };
    writer.grouped(&hir, true);
    writer.out.push('$');
    // What is to be left out must not grow.
    (writer.is_exact || !pattern.inverted)
        .then_some(Portable { expression: writer.out, is_exact: writer.is_exact })
}

/// The expression for a text of any permitted characters.
pub fn any_text() -> String {
    format!("^[^{}]*$", FORBIDDEN.map(|(low, high)| range(low, high)).concat())
}

/// The syntax tree of a pattern.
pub fn parsed(pattern: &Pattern) -> Option<Hir> {
    regex_syntax::ParserBuilder::new().nest_limit(400).build().parse(pattern.translated()).ok()
}

struct Writer {
    out: String,
    is_exact: bool,
    characters: Characters,
}

impl Writer {
    /// Writes an expression so that what stands before and behind it applies to the whole of it.
    fn grouped(&mut self, hir: &Hir, is_whole: bool) {
        let needs_group = match hir.kind() {
            HirKind::Alternation(_) => true,
            HirKind::Concat(_) | HirKind::Repetition(_) | HirKind::Empty => !is_whole,
            HirKind::Literal(literal) => !is_whole && literal.0.len() > 1 && !is_one_character(&literal.0),
            HirKind::Class(_) | HirKind::Look(_) | HirKind::Capture(_) => false,
        };
        let needs_group = needs_group || (is_whole && ends_in_alternation(hir));
        if needs_group {
            self.out.push_str("(?:");
        }
        self.expression(hir);
        if needs_group {
            self.out.push(')');
        }
    }

    fn expression(&mut self, hir: &Hir) {
        match hir.kind() {
            // The anchors are written around the whole.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                for c in String::from_utf8_lossy(&literal.0).chars() {
                    escape(&mut self.out, c, false);
                }
            }
            HirKind::Class(Class::Unicode(class)) => self.class(class),
            HirKind::Class(Class::Bytes(_)) => self.out.push_str("[^\\s\\S]"),
            HirKind::Capture(capture) => self.grouped(&capture.sub, false),
            HirKind::Concat(parts) => {
                for part in parts {
                    match part.kind() {
                        HirKind::Alternation(_) => self.grouped(part, false),
                        _ => self.expression(part),
                    }
                }
            }
            HirKind::Alternation(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        self.out.push('|');
                    }
                    self.expression(branch);
                }
            }
            HirKind::Repetition(repetition) => {
                self.grouped(&repetition.sub, false);
                let _ = match (repetition.min, repetition.max) {
                    (0, None) => write!(self.out, "*"),
                    (1, None) => write!(self.out, "+"),
                    (0, Some(1)) => write!(self.out, "?"),
                    (least, None) => write!(self.out, "{{{least},}}"),
                    (least, Some(most)) if least == most => write!(self.out, "{{{least}}}"),
                    (least, Some(most)) => write!(self.out, "{{{least},{most}}}"),
                };
            }
        }
    }

    fn class(&mut self, class: &ClassUnicode) {
        let mut class = class.clone();
        let foreign = foreign(&class);
        if foreign == *foreign_digits() {
            class.difference(&foreign);
            self.is_exact = false;
        } else if foreign.ranges().len() > READABLE {
            class.union(&ClassUnicode::new([ClassUnicodeRange::new('\u{80}', char::MAX)]));
            self.is_exact = false;
        }
        if self.characters == Characters::Permitted {
            let forbidden = FORBIDDEN.map(|(low, high)| ClassUnicodeRange::new(low, high));
            class.difference(&ClassUnicode::new(forbidden));
        }
        let mut others = class.clone();
        others.negate();
        let is_open = class.ranges().last().is_some_and(|last| last.end() == char::MAX);
        match (class.ranges(), others.ranges()) {
            ([], _) => self.out.push_str("[^\\s\\S]"),
            (_, []) => self.out.push_str("[\\s\\S]"),
            ([only], _) if only.start() == only.end() => escape(&mut self.out, only.start(), false),
            (_, others) if is_open => {
                let _ = write!(self.out, "[^{}]", ranges(others));
            }
            (own, _) => {
                let _ = write!(self.out, "[{}]", ranges(own));
            }
        }
    }
}

/// Whether the last thing written would swallow what follows.
fn ends_in_alternation(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Alternation(_))
}

fn is_one_character(utf8: &[u8]) -> bool {
    String::from_utf8_lossy(utf8).chars().count() == 1
}

/// The characters of a class that are not ASCII.
fn foreign(class: &ClassUnicode) -> ClassUnicode {
    let mut foreign = class.clone();
    foreign.intersect(&ClassUnicode::new([ClassUnicodeRange::new('\u{80}', char::MAX)]));
    foreign
}

/// Digits of other scripts.
fn foreign_digits() -> &'static ClassUnicode {
    static DIGITS: std::sync::LazyLock<ClassUnicode> = std::sync::LazyLock::new(|| {
        let parsed = regex_syntax::parse(r"\p{Nd}");
        match parsed.as_ref().map(Hir::kind) {
            Ok(HirKind::Class(Class::Unicode(class))) => foreign(class),
            _ => ClassUnicode::empty(),
        }
    });
    &DIGITS
}

fn ranges(ranges: &[ClassUnicodeRange]) -> String {
    ranges.iter().map(|one| range(one.start(), one.end())).collect()
}

fn range(low: char, high: char) -> String {
    let mut out = String::new();
    escape(&mut out, low, true);
    if low != high {
        if u32::from(low) + 1 < u32::from(high) {
            out.push('-');
        }
        escape(&mut out, high, true);
    }
    out
}

/// A character as every engine reads it.
fn escape(out: &mut String, c: char, in_class: bool) {
    let special = if in_class { r"\[]^-" } else { r"\.+*?()|[]{}^$/" };
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // An escaped slash is a slash in some languages only.
        '/' => out.push('/'),
        c if special.contains(c) => {
            out.push('\\');
            out.push(c);
        }
        c if c.is_ascii_graphic() || c == ' ' => out.push(c),
        c if u32::from(c) <= 0xFF => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if u32::from(c) <= 0xFFFF => {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yang::schema::types::TypeKind;
    use crate::yang::testing::{node, schema};

    fn translated(xsd: &str, characters: Characters) -> (String, bool) {
        let schema = schema(&[&format!("leaf l {{ type string {{ pattern '{xsd}'; }} }}")]);
        let ty = schema.node(node(&schema, "/l")).ty().unwrap();
        let TypeKind::String { patterns, .. } = &ty.kind else { panic!("a string") };
        let found = portable(&patterns[0], characters).unwrap();
        (found.expression, found.is_exact)
    }

    #[test]
    fn patterns_look_as_they_did_where_both_languages_say_the_same() {
        for (xsd, ecma) in [
            ("[a-z]+", "^[a-z]+$"),
            ("a|bc", "^(?:a|bc)$"),
            ("x(a|bc)y", "^x(?:a|bc)y$"),
            ("(ab)*", "^(?:ab)*$"),
            ("(a|bc)?", "^(?:a|bc)?$"),
            (".", r"^[^\n\r]$"),
            (r"[^\s]+", r"^[^\t\n\r ]+$"),
            ("^a$", r"^\^a\$$"),
            (r"\d{3}[a-z-[aeiou]]", "^[0-9]{3}[b-df-hj-np-tv-z]$"),
            (r"https?://[^\s#@]+", r"^https?://[^\t\n\r #@]+$"),
            ("[0-9]{1,3}(%[a-z]+)?", "^[0-9]{1,3}(?:%[a-z]+)?$"),
            ("", "^$"),
        ] {
            assert_eq!(translated(xsd, Characters::AsWritten).0, ecma, "{xsd}");
        }
    }

    #[test]
    fn letters_of_all_scripts_are_exact_for_ascii_and_say_so() {
        let (expression, is_exact) = translated(r"[\p{L}\p{N}]+", Characters::AsWritten);
        assert_eq!((expression.as_str(), is_exact), (r"^[^\x00-/:-@\[-`{-\x7f]+$", false));
        assert!(!translated(r"\d", Characters::AsWritten).1);
        assert!(translated("[a-zà-ö]", Characters::AsWritten).1);
    }

    #[test]
    fn what_no_string_holds_can_be_left_out() {
        let (expression, _) = translated("[^/]*", Characters::Permitted);
        assert_eq!(expression, r"^[^\x00-\x08\x0b\x0c\x0e-\x1f/\ufdd0-\ufdef\ufffe\uffff]*$");
        let any_text = regex::Regex::new(&any_text()).unwrap();
        assert!(any_text.is_match("tab\t, Ω and \u{1F600}") && !any_text.is_match("\u{0}"));
    }
}
