//! Policies in the first version of HCL, which is what those who write them for the reference product write, brought into
//! the form of the second one: several settings on one line or with commas between them, names in quotes, and maps that
//! are written as blocks.
//!
//! It is tried where a text is not of the second version, and is not for finding out what is wrong with one: what is
//! neither is refused in the words of the parser.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::vec::IntoIter;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    /// A name, a number, a text in quotes, or a text between two lines: as it stands.
    Word(&'t str),
    /// A bracket, `=`, `,` or `:`.
    Mark(char),
}

type Pieces<'t> = Peekable<IntoIter<Piece<'t>>>;

/// The same in the newer form; `None` for what is not of the older one either.
pub fn in_newer_form(text: &str) -> Option<String> {
    let mut pieces = pieces(text)?.into_iter().peekable();
    let mut out = String::with_capacity(text.len() + 64);
    items(&mut pieces, &mut out, 0)?;
    pieces.next().is_none().then_some(out)
}

/// The pieces of a text, without its comments.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with('#') || rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/")? + 2
        } else if matches!(first, '{' | '}' | '[' | ']' | '=' | ',' | ':') {
            found.push(Piece::Mark(first));
            1
        } else {
            let length = match first {
                '"' => quoted(rest)?,
                '<' => between_lines(rest)?,
                _ => rest.find(|found| !is_of_name(found)).unwrap_or(rest.len()),
            };
            found.push(Piece::Word(rest.get(..length).filter(|word| !word.is_empty())?));
            length
        };
        rest = rest.get(length..)?.trim_start();
    }
    Some(found)
}

fn is_of_name(found: char) -> bool {
    found.is_alphanumeric() || matches!(found, '_' | '-' | '.')
}

/// How long the text in quotes is with which this begins.
fn quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, found)| {
        let ends = !escaped && matches!(found, '"' | '\n');
        escaped = !escaped && *found == '\\';
        ends
    });
    end.filter(|(_, found)| *found == '"').map(|(at, _)| at + 1)
}

/// How long the text is that begins with `<<WORD` and ends with a line that consists of that word.
fn between_lines(text: &str) -> Option<usize> {
    let (first, _) = text.split_once('\n')?;
    let word = first.strip_prefix("<<")?.trim_start_matches('-').trim();
    let mut length = first.len() + 1;
    for line in text.get(length..)?.split_inclusive('\n') {
        length += line.len();
        if line.trim() == word && !word.is_empty() {
            return Some(length);
        }
    }
    None
}

/// Settings and blocks up to the bracket that closes them, or the end: at depth 0 the blocks of a policy, at depth 1 what
/// is in them, below that maps.
fn items(pieces: &mut Pieces<'_>, out: &mut String, depth: usize) -> Option<()> {
    loop {
        let mut names = Vec::new();
        while let Some(piece) = pieces.peek() {
            match piece {
                Piece::Mark(',') if names.is_empty() => {}
                Piece::Word(text) => names.push(*text),
                Piece::Mark(_) => break,
            }
            pieces.next();
        }
        match (names.as_slice(), pieces.peek()) {
            ([], None) if depth == 0 => return Some(()),
            ([], Some(Piece::Mark('}'))) if depth > 0 => return Some(()),
            ([name], Some(Piece::Mark('=' | ':'))) if depth > 0 => {
                pieces.next();
                let _ = write!(out, "{} = ", if depth == 1 { bare(name) } else { name });
                value(pieces, out, depth)?;
            }
            // A map that is written as a block.
            ([name], Some(Piece::Mark('{'))) if depth > 0 => {
                let _ = write!(out, "{} = ", if depth == 1 { bare(name) } else { name });
                value(pieces, out, depth)?;
            }
            ([kind, label], Some(Piece::Mark('{'))) if depth == 0 => {
                let _ = write!(out, "{} {label} ", bare(kind));
                value(pieces, out, depth)?;
            }
            _ => return None,
        }
        out.push('\n');
    }
}

/// A name without its quotes.
fn bare(name: &str) -> &str {
    name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(name)
}

fn value(pieces: &mut Pieces<'_>, out: &mut String, depth: usize) -> Option<()> {
    match pieces.next()? {
        Piece::Word(text) => out.push_str(text),
        Piece::Mark('{') => {
            out.push_str("{\n");
            items(pieces, out, depth + 1)?;
            out.push('}');
            (pieces.next()? == Piece::Mark('}')).then_some(())?;
        }
        Piece::Mark('[') => {
            out.push('[');
            while pieces.peek()? != &Piece::Mark(']') {
                value(pieces, out, depth + 1)?;
                if pieces.peek()? == &Piece::Mark(',') {
                    pieces.next();
                    out.push_str(", ");
                }
            }
            pieces.next();
            out.push(']');
        }
        Piece::Mark(_) => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_get_a_line_each() {
        let text =
            r#"path "a" { capabilities = ["read", "list",] min_wrapping_ttl = "1m", max_wrapping_ttl = 60 }"#;
        let newer = "path \"a\" {\ncapabilities = [\"read\", \"list\", ]\nmin_wrapping_ttl = \"1m\"\nmax_wrapping_ttl = 60\n}\n";
        assert_eq!(in_newer_form(text).as_deref(), Some(newer));
    }

    #[test]
    fn names_lose_their_quotes_where_the_newer_form_wants_none() {
        let text = "\"path\" \"a\" { \"capabilities\" = [\"read\"] allowed_parameters { \"*\" = [] \"b\" = [\"c\"] } }";
        let newer = "path \"a\" {\ncapabilities = [\"read\"]\nallowed_parameters = {\n\"*\" = []\n\"b\" = [\"c\"]\n}\n}\n";
        assert_eq!(in_newer_form(text).as_deref(), Some(newer));
    }

    #[test]
    fn comments_and_escapes_are_seen() {
        let text = "// path\npath \"a\\\"{\" { # }\n policy /* = */ = \"read\" }";
        assert_eq!(in_newer_form(text).as_deref(), Some("path \"a\\\"{\" {\npolicy = \"read\"\n}\n"));
    }

    #[test]
    fn what_is_of_neither_form_stays_what_it_is() {
        for text in [
            "path \"a\" {",
            "path \"a\" { capabilities = [\"read\" }",
            "path \"a\" capabilities = []",
            "path { }",
            "path \"a\" = { }",
            "\"",
            "/*",
            "<<EOF\nx",
            "}",
            "a = 1",
        ] {
            assert_eq!(in_newer_form(text), None, "{text}");
        }
        assert_eq!(in_newer_form("").as_deref(), Some(""));
    }
}
