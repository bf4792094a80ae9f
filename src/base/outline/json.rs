//! The outline of a JSON text. YAML readers do not take all of JSON: tabs and long names are beyond them.

use super::{Kind, MAX_DEPTH, Outline, Place};

/// The outline of one JSON text, or of as much of it as there is before the first syntax error. Nesting deeper than
/// [`MAX_DEPTH`] is such an error. What is wrong is for the decoder to tell.
pub fn outline(text: &str) -> Outline {
    let mut scanner = Scanner { rest: text, index: 0, line: 1, column: 1, depth: 0, failed: false };
    scanner.value()
}

struct Scanner<'t> {
    rest: &'t str,
    index: usize,
    line: usize,
    column: usize,
    depth: usize,
    /// A syntax error was met: nothing more is read.
    failed: bool,
}

impl<'t> Scanner<'t> {
    fn place(&self) -> Place {
        Place { line: self.line, column: self.column }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = self.rest.get(next.len_utf8()..).unwrap_or_default();
        self.index += 1;
        if next == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(next)
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r')) {
            self.bump();
        }
    }

    /// Takes a character that may stand behind blanks.
    fn take(&mut self, wanted: char) -> bool {
        self.blanks();
        let there = self.peek() == Some(wanted);
        if there {
            self.bump();
        }
        there
    }

    /// Takes what must stand there.
    fn need(&mut self, wanted: char) {
        self.failed |= !self.take(wanted);
    }

    fn value(&mut self) -> Outline {
        self.blanks();
        let (place, start) = (self.place(), self.index);
        let kind = match self.peek() {
            Some('{') => self.nested(Self::members),
            Some('[') => self.nested(Self::items),
            Some('"') => Kind::Scalar(self.string()),
            _ => Kind::Scalar(self.word().to_owned()),
        };
        Outline { place, start, end: self.index, kind }
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Kind) -> Kind {
        self.bump();
        self.depth += 1;
        self.failed |= self.depth > MAX_DEPTH;
        let kind = inside(self);
        self.depth -= 1;
        kind
    }

    fn members(&mut self) -> Kind {
        let mut members = Vec::new();
        if self.take('}') {
            return Kind::Map(members);
        }
        while !self.failed {
            self.blanks();
            let place = self.place();
            if self.peek() != Some('"') {
                self.failed = true;
                break;
            }
            let name = self.string();
            self.need(':');
            if self.failed {
                break;
            }
            members.push((name, place, self.value()));
            if self.failed || self.take('}') {
                break;
            }
            self.need(',');
        }
        Kind::Map(members)
    }

    fn items(&mut self) -> Kind {
        let mut items = Vec::new();
        if self.take(']') {
            return Kind::Sequence(items);
        }
        while !self.failed {
            items.push(self.value());
            if self.failed || self.take(']') {
                break;
            }
            self.need(',');
        }
        Kind::Sequence(items)
    }

    /// A literal, whatever it says.
    fn word(&mut self) -> &'t str {
        let text = self.rest;
        let ends = |c: char| matches!(c, ',' | ']' | '}' | ':' | '"' | ' ' | '\t' | '\n' | '\r');
        let length = text.find(ends).unwrap_or(text.len());
        let word = text.get(..length).unwrap_or_default();
        self.failed |= word.is_empty();
        let letters = word.chars().count();
        self.rest = text.get(length..).unwrap_or_default();
        self.index += letters;
        self.column += letters;
        word
    }

    fn string(&mut self) -> String {
        let text = self.rest;
        self.bump();
        loop {
            match self.bump() {
                Some('"') => break,
                Some('\\') => {
                    self.bump();
                }
                Some(_) => {}
                None => {
                    self.failed = true;
                    break;
                }
            }
        }
        let quoted = text.get(..text.len() - self.rest.len()).unwrap_or_default();
        serde_json::from_str(quoted).unwrap_or_else(|_| {
            self.failed = true;
            String::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_know_their_line_and_column() {
        let read = outline("{\n\t\"a\\u0062\": [1, {\"c\": null}],\n\t\"d\":\"\u{e9}\", \"e\": \"x\"\n}");
        let (place, list) = read.member("ab").unwrap();
        assert_eq!(place, Place { line: 2, column: 2 });
        let Kind::Sequence(items) = &list.kind else { panic!("a sequence") };
        assert_eq!(items[0].text(), Some("1"));
        assert_eq!(items[1].place, Place { line: 2, column: 17 });
        assert_eq!(read.member("e").unwrap().0, Place { line: 3, column: 11 });
    }

    #[test]
    fn what_stands_before_a_syntax_error_has_an_outline() {
        let read = outline("{\"a\": {\"b\": 1, \"c\": [true, }, \"d\": 2}");
        let inside = read.member("a").unwrap().1;
        assert_eq!(inside.member("b").unwrap().1.text(), Some("1"));
        assert_eq!(inside.member("c").unwrap().0.column, 16);
        assert!(read.member("d").is_none());
        for text in ["", "{", "[1 2]", "{\"a\"}", "{a:1}", "\"x", "\"\\q\"", "1 2", "[1,", "{\"a\":1,}x"] {
            outline(text);
        }
        outline(&"[".repeat(100_000));
        outline(&"{\"a\":".repeat(100_000));
    }
}
