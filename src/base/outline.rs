//! Where things stand in a YAML or JSON text: maps, sequences and scalars with their positions, nothing decoded.
//!
//! The decoder knows what a value means and forgets where it stood; this remembers where it stood, so that a boot file's
//! errors can name a line and a column.

pub mod json;
pub mod xml;

use saphyr_parser::{Event, Marker, Parser, Span};

/// A place in a text; line and column count from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// A node of the text with the range of characters that it covers.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Where it begins.
    pub place: Place,
    /// Index of its first character.
    pub start: usize,
    /// Index behind its last character.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// What an outline node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A scalar with its text.
    Scalar(String),
    /// A sequence.
    Sequence(Vec<Outline>),
    /// A map: key text, key place, value.
    Map(Vec<(String, Place, Outline)>),
    /// An alias; what it stands for is looked up where its anchor is.
    Alias,
}

/// Why a text has no outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineError {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
}

/// Nesting beyond this is refused: nobody writes it by hand.
const MAX_DEPTH: usize = 128;

/// The outlines of all documents of a text.
///
/// # Errors
/// The first syntax error, or nesting deeper than [`MAX_DEPTH`].
pub fn outline(text: &str) -> Result<Vec<Outline>, OutlineError> {
    let mut reading = Reading::default();
    reading.read(text)?;
    Ok(reading.documents)
}

/// The outlines of as much of a text as there is before the first syntax error.
pub fn partial(text: &str) -> Vec<Outline> {
    let mut reading = Reading::default();
    if let Err(OutlineError { .. }) = reading.read(text) {
        while let Some(open) = reading.open.pop() {
            let end = open.start;
            reading.put(open.close(end));
        }
    }
    reading.documents
}

/// The documents that have been read, and the maps and sequences around where the reading is.
#[derive(Default)]
struct Reading {
    documents: Vec<Outline>,
    open: Vec<Open>,
}

impl Reading {
    fn read(&mut self, text: &str) -> Result<(), OutlineError> {
        for next in Parser::new_from_str(text) {
            let (event, span) = next.map_err(|error| OutlineError {
                place: place(*error.marker()),
                message: error.info().to_owned(),
            })?;
            match event {
                Event::Scalar(text, ..) => self.put(leaf(span, Kind::Scalar(text.into_owned()))),
                Event::Alias(_) => self.put(leaf(span, Kind::Alias)),
                Event::SequenceStart(..) | Event::MappingStart(..) => {
                    if self.open.len() >= MAX_DEPTH {
                        return Err(OutlineError {
                            place: place(span.start),
                            message: format!("nested deeper than {MAX_DEPTH} levels"),
                        });
                    }
                    let is_map = matches!(event, Event::MappingStart(..));
                    self.open.push(Open { is_map, start: span.start, nodes: Vec::new() });
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(done) = self.open.pop() {
                        self.put(done.close(span.end));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn put(&mut self, finished: Outline) {
        match self.open.last_mut() {
            Some(parent) => parent.nodes.push(finished),
            None => self.documents.push(finished),
        }
    }
}

/// A map or sequence whose end has not been met yet; a map's keys and values alternate in `nodes`.
struct Open {
    is_map: bool,
    start: Marker,
    nodes: Vec<Outline>,
}

impl Open {
    fn close(self, end: Marker) -> Outline {
        let kind = if self.is_map {
            let mut pairs = Vec::with_capacity(self.nodes.len() / 2);
            let mut nodes = self.nodes.into_iter();
            while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
                let text = match key.kind {
                    Kind::Scalar(text) => text,
                    _ => String::new(),
                };
                pairs.push((text, key.place, value));
            }
            Kind::Map(pairs)
        } else {
            Kind::Sequence(self.nodes)
        };
        Outline { place: place(self.start), start: self.start.index(), end: end.index(), kind }
    }
}

fn leaf(span: Span, kind: Kind) -> Outline {
    Outline { place: place(span.start), start: span.start.index(), end: span.end.index(), kind }
}

fn place(marker: Marker) -> Place {
    Place { line: marker.line(), column: marker.col() + 1 }
}

impl Outline {
    /// The key's place and the value of a map's member.
    pub fn member(&self, name: &str) -> Option<(Place, &Outline)> {
        match &self.kind {
            Kind::Map(pairs) => {
                pairs.iter().find(|(key, ..)| key == name).map(|(_, place, value)| (*place, value))
            }
            _ => None,
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_know_their_line_and_column() {
        let documents = outline("a: 1\nb:\n  - name: x\n    v: 2\n---\n{\"c\": [true]}\n").unwrap();
        assert_eq!(documents.len(), 2);
        let (key, list) = documents[0].member("b").unwrap();
        assert_eq!(key, Place { line: 2, column: 1 });
        let Kind::Sequence(entries) = &list.kind else { panic!("a sequence") };
        assert_eq!(entries[0].member("v").unwrap().0, Place { line: 4, column: 5 });
        assert_eq!(documents[1].member("c").unwrap().0.line, 6);
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let error = outline("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.place.line >= 2, "{error:?}");
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        assert!(outline(&"[".repeat(100_000)).is_err());
        let block: String = (0..200).map(|depth| format!("{:depth$}a:\n", "")).collect();
        assert!(outline(&block).unwrap_err().message.contains("deeper"));
    }
}
