//! The outline of a JSON text. YAML readers do not take all of JSON: tabs and long names are beyond them.

use super::{Kind, MAX_DEPTH, Outline, OutlineError, Place};

/// The outline of one JSON text. What it accepts beyond JSON (any word for a literal) is for the decoder to refuse.
///
/// # Errors
/// The first syntax error, or nesting deeper than [`MAX_DEPTH`].
pub fn outline(text: &str) -> Result<Outline, OutlineError> {
    let mut scanner = Scanner { rest: text, index: 0, line: 1, column: 1, depth: 0 };
    let read = scanner.value()?;
    scanner.blanks();
    match scanner.peek() {
        None => Ok(read),
        Some(_) => Err(scanner.error("something follows the value")),
    }
}

struct Scanner<'t> {
    rest: &'t str,
    index: usize,
    line: usize,
    column: usize,
    depth: usize,
}

impl<'t> Scanner<'t> {
    fn place(&self) -> Place {
        Place { line: self.line, column: self.column }
    }

    fn error(&self, message: &str) -> OutlineError {
        OutlineError { place: self.place(), message: message.to_owned() }
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

    fn value(&mut self) -> Result<Outline, OutlineError> {
        self.blanks();
        let (place, start) = (self.place(), self.index);
        let kind = match self.peek() {
            Some('{') => self.nested(Self::members)?,
            Some('[') => self.nested(Self::items)?,
            Some('"') => Kind::Scalar(self.string()?),
            Some(_) => Kind::Scalar(self.word().to_owned()),
            None => return Err(self.error("a value is missing")),
        };
        Ok(Outline { place, start, end: self.index, kind })
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Result<Kind, OutlineError>) -> Result<Kind, OutlineError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("nested too deep"));
        }
        self.bump();
        let kind = inside(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn members(&mut self) -> Result<Kind, OutlineError> {
        let mut members = Vec::new();
        if self.take('}') {
            return Ok(Kind::Map(members));
        }
        loop {
            self.blanks();
            let place = self.place();
            if self.peek() != Some('"') {
                return Err(self.error("a name is missing"));
            }
            let name = self.string()?;
            if !self.take(':') {
                return Err(self.error("a colon is missing"));
            }
            members.push((name, place, self.value()?));
            if self.take('}') {
                return Ok(Kind::Map(members));
            }
            if !self.take(',') {
                return Err(self.error("a comma is missing"));
            }
        }
    }

    fn items(&mut self) -> Result<Kind, OutlineError> {
        let mut items = Vec::new();
        if self.take(']') {
            return Ok(Kind::Sequence(items));
        }
        loop {
            items.push(self.value()?);
            if self.take(']') {
                return Ok(Kind::Sequence(items));
            }
            if !self.take(',') {
                return Err(self.error("a comma is missing"));
            }
        }
    }

    fn word(&mut self) -> &'t str {
        let text = self.rest;
        let ends = |c: char| matches!(c, ',' | ']' | '}' | ':' | '"' | ' ' | '\t' | '\n' | '\r');
        let length = text.find(ends).unwrap_or(text.len());
        let word = text.get(..length).unwrap_or_default();
        let letters = word.chars().count();
        self.rest = text.get(length..).unwrap_or_default();
        self.index += letters;
        self.column += letters;
        word
    }

    fn string(&mut self) -> Result<String, OutlineError> {
        let text = self.rest;
        self.bump();
        loop {
            match self.bump() {
                Some('"') => break,
                Some('\\') => {
                    self.bump();
                }
                Some(_) => {}
                None => return Err(self.error("a text is never closed")),
            }
        }
        let quoted = text.get(..text.len() - self.rest.len()).unwrap_or_default();
        serde_json::from_str(quoted).map_err(|_| self.error("a text has a wrong escape"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_know_their_line_and_column() {
        let read =
            outline("{\n\t\"a\\u0062\": [1, {\"c\": null}],\n\t\"d\":\"\u{e9}\", \"e\": \"x\"\n}").unwrap();
        let (place, list) = read.member("ab").unwrap();
        assert_eq!(place, Place { line: 2, column: 2 });
        let Kind::Sequence(items) = &list.kind else { panic!("a sequence") };
        assert_eq!(items[0].text(), Some("1"));
        assert_eq!(items[1].place, Place { line: 2, column: 17 });
        assert_eq!(read.member("e").unwrap().0, Place { line: 3, column: 11 });
    }

    #[test]
    fn what_is_no_json_is_told_by_its_place() {
        for text in ["", "{", "[1 2]", "{\"a\"}", "{a:1}", "\"x", "\"\\q\"", "1 2", "[1,", "{\"a\":1,}x"] {
            assert!(outline(text).is_err(), "{text}");
        }
        assert!(outline(&"[".repeat(100_000)).is_err());
    }
}
