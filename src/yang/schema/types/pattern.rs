//! `pattern`: XML Schema regular expressions (RFC 7950 section 9.4.5, XSD 1.0 part 2 appendix F) for the `regex` crate.
//!
//! The languages differ in what is implied (XSD is anchored at both ends), in what is literal (`^` and `$`), in `.`, `\w`,
//! `\i` and `\c`, in subtraction inside classes, and in the names of Unicode blocks. Both run in linear time.

use std::fmt::{self, Write as _};
use std::iter::Peekable;
use std::str::Chars;
use std::sync::OnceLock;

use regex::Regex;

use super::blocks;

/// Why a text is not an XSD regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatternError(pub String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Compiled expressions may need this much memory: `.{0,65535}` and its like are legal.
const SIZE_LIMIT: usize = 64 << 20;

/// Groups and classes may nest this deep.
const MAX_DEPTH: usize = 100;

/// `\i`: what may start an XML name.
const INITIAL: &str = r"_:A-Za-z\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}-\x{200D}\x{2070}-\x{218F}\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}";
/// What `\c` adds to `\i`.
const FURTHER: &str = r"\-.0-9\x{B7}\x{300}-\x{36F}\x{203F}-\x{2040}";

/// An XSD regular expression, anchored at both ends. Translating checks it; the automaton is built at first use, because
/// most patterns of a large model are never met.
#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    translated: String,
    regex: OnceLock<Option<Regex>>,
}

/// Repetitions of more than this are tried out at once: they may exceed the memory that an automaton is given.
const LARGE_REPETITION: u32 = 1_000;

impl Matcher {
    /// Translates an expression.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let (translated, largest) = translate(source)?;
        let regex = OnceLock::new();
        if largest > LARGE_REPETITION {
            let built = build(&translated)?;
            let _ = regex.set(Some(built));
        }
        Ok(Matcher { translated, regex })
    }

    /// The expression in the syntax of the `regex` crate.
    pub fn translated(&self) -> &str {
        &self.translated
    }

    /// Whether the whole text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex
            .get_or_init(|| build(&self.translated).ok())
            .as_ref()
            .is_some_and(|regex| regex.is_match(text))
    }
}

fn build(translated: &str) -> Result<Regex, PatternError> {
    regex::RegexBuilder::new(translated)
        .size_limit(SIZE_LIMIT)
        .nest_limit(2 * u32::try_from(MAX_DEPTH).unwrap_or(u32::MAX))
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError("it needs too much memory".to_owned()),
            other => {
                let text = other.to_string();
                PatternError(text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
            }
        })
}

/// The same expression in the syntax of the `regex` crate, and its largest repetition.
pub(crate) fn translate(source: &str) -> Result<(String, u32), PatternError> {
    let mut translator =
        Translator { input: source.chars().peekable(), out: String::new(), depth: 0, largest: 0 };
    translator.out.push_str(r"\A(?:");
    translator.branches()?;
    if translator.input.peek().is_some() {
        return Err(PatternError("')' closes nothing".to_owned()));
    }
    translator.out.push_str(r")\z");
    Ok((translator.out, translator.largest))
}

struct Translator<'s> {
    input: Peekable<Chars<'s>>,
    out: String,
    depth: usize,
    largest: u32,
}

impl Translator<'_> {
    /// Branches up to a closing parenthesis or the end.
    fn branches(&mut self) -> Result<(), PatternError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PatternError(format!("groups are nested more than {MAX_DEPTH} deep")));
        }
        let mut atom = false;
        while let Some(c) = self.input.next_if(|c| *c != ')') {
            match c {
                '|' => {
                    self.out.push('|');
                    atom = false;
                    continue;
                }
                '*' | '+' | '?' | '{' => {
                    if !atom {
                        return Err(PatternError(format!("'{c}' repeats nothing")));
                    }
                    self.quantifier(c)?;
                    atom = false;
                    continue;
                }
                '(' => {
                    self.out.push_str("(?:");
                    self.branches()?;
                    if self.input.next() != Some(')') {
                        return Err(PatternError("'(' is never closed".to_owned()));
                    }
                    self.out.push(')');
                }
                '.' => self.out.push_str(r"[^\n\r]"),
                '[' => self.class()?,
                '\\' => self.escape(false)?,
                ']' | '}' | '^' | '$' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                _ => literal(&mut self.out, c),
            }
            atom = true;
        }
        self.depth -= 1;
        Ok(())
    }

    fn quantifier(&mut self, c: char) -> Result<(), PatternError> {
        if c != '{' {
            self.out.push(c);
            return Ok(());
        }
        let mut inside = String::new();
        loop {
            match self.input.next() {
                Some('}') => break,
                Some(c) if (c.is_ascii_digit() || c == ',') && inside.len() < 24 => inside.push(c),
                _ => {
                    return Err(PatternError(
                        "'{' starts no repetition such as {2}, {2,} or {2,5}".to_owned(),
                    ));
                }
            }
        }
        let (low, high) = match inside.split_once(',') {
            Some((low, high)) => (if low.is_empty() { "0" } else { low }, Some(high)),
            None => (inside.as_str(), None),
        };
        let number = |text: &str| {
            text.parse::<u32>().map_err(|_| PatternError(format!("'{{{inside}}}' is no repetition")))
        };
        let least = number(low)?;
        self.largest = self.largest.max(least);
        match high {
            None => {
                let _ = write!(self.out, "{{{least}}}");
            }
            Some("") => {
                let _ = write!(self.out, "{{{least},}}");
            }
            Some(high) => {
                let most = number(high)?;
                self.largest = self.largest.max(most);
                if most < least {
                    return Err(PatternError(format!("'{{{inside}}}' ends before it begins")));
                }
                let _ = write!(self.out, "{{{least},{most}}}");
            }
        }
        Ok(())
    }

    /// An escape, outside (`in_class` false) or inside a class.
    fn escape(&mut self, in_class: bool) -> Result<(), PatternError> {
        let Some(c) = self.input.next() else {
            return Err(PatternError("'\\' stands at the end".to_owned()));
        };
        let class = |inside: &str| format!("[{inside}]");
        let text = match c {
            'n' | 'r' | 't' => format!("\\{c}"),
            'd' => r"\p{Nd}".to_owned(),
            'D' => r"\P{Nd}".to_owned(),
            's' => class(r" \t\n\r"),
            'S' => class(r"^ \t\n\r"),
            'w' => class(r"^\p{P}\p{Z}\p{C}"),
            'W' => class(r"\p{P}\p{Z}\p{C}"),
            'i' => class(INITIAL),
            'I' => format!("[^{INITIAL}]"),
            'c' => format!("[{INITIAL}{FURTHER}]"),
            'C' => format!("[^{INITIAL}{FURTHER}]"),
            'p' | 'P' => self.property(c == 'P')?,
            c if c.is_ascii_punctuation() => {
                if in_class {
                    class_literal(&mut self.out, c)
                } else {
                    literal(&mut self.out, c)
                }
                return Ok(());
            }
            c => return Err(PatternError(format!("'\\{c}' is not an escape"))),
        };
        self.out.push_str(&text);
        Ok(())
    }

    /// `{Lu}` or `{IsBasicLatin}` behind `\p`.
    fn property(&mut self, negated: bool) -> Result<String, PatternError> {
        let mut name = String::new();
        if self.input.next() == Some('{') {
            for c in self.input.by_ref().take(60) {
                if c == '}' {
                    break;
                }
                name.push(c);
            }
        }
        let caret = if negated { "^" } else { "" };
        if let Some(block) = name.strip_prefix("Is") {
            return match blocks::find(block) {
                Some(ranges) => {
                    let mut text = format!("[{caret}");
                    for (low, high) in ranges {
                        let _ = write!(text, r"\x{{{low:X}}}-\x{{{high:X}}}");
                    }
                    Ok(text + "]")
                }
                None => Err(PatternError(format!("there is no Unicode block '{block}'"))),
            };
        }
        let known = match name.as_bytes() {
            [major] => b"LMNPZSC".contains(major),
            [major, minor] => CATEGORIES.contains(&[*major, *minor]),
            _ => false,
        };
        if !known {
            return Err(PatternError(format!("there is no character property '{name}'")));
        }
        Ok(format!(r"[{caret}\p{{{name}}}]"))
    }

    /// A character class behind its `[`, subtraction included.
    fn class(&mut self) -> Result<(), PatternError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PatternError(format!("classes are nested more than {MAX_DEPTH} deep")));
        }
        let never_closed = || PatternError("'[' is never closed".to_owned());
        // The outer bracket takes a subtraction: negation binds to the inner one only, as XSD has it.
        self.out.push('[');
        self.out.push('[');
        if self.input.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut members = 0;
        let mut subtracted = false;
        loop {
            let c = self.input.next().ok_or_else(never_closed)?;
            match c {
                ']' if members > 0 => break,
                ']' => return Err(PatternError("a class has at least one member".to_owned())),
                '-' if members > 0 && self.input.peek() == Some(&'[') => {
                    self.input.next();
                    self.out.push_str("]--");
                    self.class()?;
                    subtracted = true;
                    if self.input.next() != Some(']') {
                        return Err(PatternError("a subtraction stands at the end of its class".to_owned()));
                    }
                    break;
                }
                _ => self.member(c)?,
            }
            members += 1;
        }
        self.out.push_str(if subtracted { "]" } else { "]]" });
        self.depth -= 1;
        Ok(())
    }

    /// One character, escape or range of a class.
    fn member(&mut self, c: char) -> Result<(), PatternError> {
        let low = match c {
            '\\' => match self.single_escape() {
                Some(single) => single,
                None => return self.escape(true),
            },
            c => c,
        };
        let mut ahead = self.input.clone();
        if ahead.next() != Some('-') || matches!(ahead.peek(), None | Some(']' | '[')) {
            class_literal(&mut self.out, low);
            return Ok(());
        }
        let high = match ahead.next() {
            Some('\\') => {
                let mut escaped = ahead.clone();
                match escaped.next().and_then(single) {
                    Some(single) => {
                        ahead = escaped;
                        single
                    }
                    // `[a-\d]`: the minus sign stands for itself.
                    None => {
                        class_literal(&mut self.out, low);
                        return Ok(());
                    }
                }
            }
            Some(high) => high,
            None => low,
        };
        if high < low {
            return Err(PatternError(format!("the range '{low}-{high}' ends before it begins")));
        }
        self.input = ahead;
        class_literal(&mut self.out, low);
        self.out.push('-');
        class_literal(&mut self.out, high);
        Ok(())
    }

    /// Behind a backslash: the one character that is meant, if it is one character.
    fn single_escape(&mut self) -> Option<char> {
        let found = single(*self.input.peek()?)?;
        self.input.next();
        Some(found)
    }
}

/// General categories of two letters.
const CATEGORIES: &[[u8; 2]] = &[
    *b"Lu", *b"Ll", *b"Lt", *b"Lm", *b"Lo", *b"Mn", *b"Mc", *b"Me", *b"Nd", *b"Nl", *b"No", *b"Pc", *b"Pd",
    *b"Ps", *b"Pe", *b"Pi", *b"Pf", *b"Po", *b"Zs", *b"Zl", *b"Zp", *b"Sm", *b"Sc", *b"Sk", *b"So", *b"Cc",
    *b"Cf", *b"Co", *b"Cn",
];

/// The character that an escape of one character stands for.
fn single(escaped: char) -> Option<char> {
    match escaped {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        c if c.is_ascii_punctuation() => Some(c),
        _ => None,
    }
}

fn literal(out: &mut String, c: char) {
    if regex_syntax_character(c) {
        out.push('\\');
    }
    out.push(c);
}

fn class_literal(out: &mut String, c: char) {
    if matches!(c, '[' | ']' | '\\' | '^' | '-' | '&' | '~') {
        out.push('\\');
    }
    out.push(c);
}

fn regex_syntax_character(c: char) -> bool {
    matches!(c, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Matcher::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn rfc7950_9_4_5_patterns_are_anchored_alternations_too() {
        assert!(matches("a|bc", "bc"));
        assert!(!matches("a|bc", "abc"));
        assert!(!matches("a", "a\n"));
        assert!(matches("", "") && !matches("", "a"));
    }

    #[test]
    fn class_subtraction() {
        let pattern = r"\d{3}[a-z-[aeiou]]";
        assert!(matches(pattern, "123b"));
        assert!(!matches(pattern, "123a"));
        assert!(matches("[^a-c-[x]]", "d") && !matches("[^a-c-[x]]", "x") && !matches("[^a-c-[x]]", "a"));
        assert!(matches("[a-z-[b-y-[m]]]+", "amz") && !matches("[a-z-[b-y-[m]]]+", "b"));
    }

    #[test]
    fn caret_and_dollar_are_literal() {
        assert!(matches("^a$", "^a$"));
        assert!(!matches("^a$", "a"));
        assert!(matches("[$^]+", "^$"));
    }

    #[test]
    fn dot_is_everything_but_line_ends() {
        assert!(matches(".", "ä") && matches(".", "\u{85}"));
        assert!(!matches(".", "\n") && !matches(".", "\r"));
    }

    #[test]
    fn multi_character_escapes() {
        assert!(matches(r"\d", "٣") && !matches(r"\d", "a"));
        assert!(matches(r"\s", "\t") && !matches(r"\s", "\u{a0}"));
        assert!(matches(r"\w", "€") && !matches(r"\w", "_") && !matches(r"\w", "-"));
        assert!(matches(r"\i\c*", "_a-b.c:1") && !matches(r"\i", "1") && matches(r"\I", "1"));
        assert!(matches(r"[\i-[:]][\c-[:]]*", "ab") && !matches(r"[\i-[:]]", ":"));
        assert!(matches(r"[\w\-]+", "a-b") && matches(r"[^\d]", "x"));
        assert!(matches(r"\p{Lu}\p{IsBasicLatin}\P{L}", "Äa1"));
        assert!(matches(r"\p{IsGreek}", "λ") && matches(r"\P{IsGreek}", "l"));
    }

    #[test]
    fn punctuation_in_classes() {
        assert!(matches("[a&&b]+", "&a&b") && matches("[a~~]+", "~a"));
        assert!(matches("[-a]", "-") && matches("[a-]", "-") && matches(r"[\]\[]+", "[]"));
        assert!(matches("[[]", "[") && matches(r"[+\-*/]+", "-+*/"));
        assert!(matches(r"[\.-9]", "/"));
    }

    #[test]
    fn repetition() {
        assert!(matches("a{2}", "aa") && matches("a{2,}", "aaa") && matches("a{,2}", ""));
        assert!(matches("a{0,65535}", &"a".repeat(65535)));
        assert!(!matches("a{0,65535}", &"a".repeat(65536)));
    }

    #[test]
    fn what_is_no_xsd_expression() {
        for wrong in [
            "(",
            ")",
            "a**",
            "a*?",
            "*a",
            "a|*",
            "[",
            "[]",
            "[^]",
            "[z-a]",
            r"\",
            r"\b",
            r"\1",
            "a{2",
            "a{x}",
            "a{3,2}",
            "{",
            r"\p{Foo}",
            r"\p{IsNowhere}",
            "(?i)a",
            "(?:a)",
        ] {
            assert!(Matcher::new(wrong).is_err(), "{wrong}");
        }
        assert!(translate(&"(".repeat(100_000)).is_err());
        assert!(translate(&"[a-".repeat(100_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn whatever_translates_compiles(pattern in r"[a-c\\\[\]\-^$(){}|*+?.,0-9pdwsic&~]{0,12}") {
            if let Ok((translated, _)) = translate(&pattern) {
                proptest::prop_assert!(build(&translated).is_ok(), "{translated}");
            }
        }
    }
}
