//! The outline of an XML text: elements as members by name, those that come more than once as a sequence.
//!
//! Not here: what is wrong with the text. The outline is of as much as can be read.

use std::collections::HashMap;

use quick_xml::escape::unescape;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::{Kind, MAX_DEPTH, Outline, Place};

/// The outline of the elements at the top of a text, down to a depth. `module_of` gives the name of the module of a
/// namespace; names are `module:name` where there is one. Elements of no module (the envelopes of protocols) are looked
/// through at the top.
pub fn outline<'m>(text: &str, module_of: &dyn Fn(&str) -> Option<&'m str>) -> Option<Outline> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut lines = Lines { text, at: 0, line: 1, column: 1 };
    let mut open = vec![Open::new(String::new(), Place { line: 1, column: 1 }, false)];
    loop {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        match reader.read_event() {
            Ok(Event::Start(tag)) if open.len() <= MAX_DEPTH => {
                let module = match reader.resolver().resolve_element(tag.name()).0 {
                    ResolveResult::Bound(namespace) => {
                        unescape(namespace.into_inner()).ok().and_then(|namespace| module_of(&namespace))
                    }
                    _ => None,
                };
                let name = tag.local_name().into_inner();
                let is_envelope = module.is_none() && open.iter().skip(1).all(|above| above.is_envelope);
                let name = module.map_or_else(|| name.to_owned(), |module| format!("{module}:{name}"));
                open.push(Open::new(name, lines.place(start), is_envelope));
            }
            Ok(Event::End(_)) => {
                if open.len() > 1
                    && let (Some(done), Some(above)) = (open.pop(), open.last_mut())
                {
                    above.take(done);
                }
            }
            Ok(Event::Text(text)) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Ok(Event::CData(text)) => open.last_mut()?.text.push_str(&text),
            Ok(Event::GeneralRef(reference)) => {
                let letter = reference.resolve_char_ref().ok().flatten();
                open.last_mut()?.text.extend(letter);
            }
            Ok(Event::Eof | Event::Start(_)) | Err(_) => break,
            Ok(_) => {}
        }
    }
    while open.len() > 1
        && let (Some(done), Some(above)) = (open.pop(), open.last_mut())
    {
        above.take(done);
    }
    open.pop().map(Open::close)
}

/// An element whose end has not been met yet.
struct Open {
    name: String,
    place: Place,
    is_envelope: bool,
    text: String,
    members: Vec<(String, Place, Outline)>,
    /// Which member has a name.
    by_name: HashMap<String, usize>,
}

impl Open {
    fn new(name: String, place: Place, is_envelope: bool) -> Self {
        let by_name = HashMap::new();
        Open { name, place, is_envelope, text: String::new(), members: Vec::new(), by_name }
    }

    /// Takes an element in that has ended.
    fn take(&mut self, done: Open) {
        if done.is_envelope && !done.members.is_empty() {
            self.members = done.members;
            self.by_name = done.by_name;
            return;
        }
        let (name, place) = (done.name.clone(), done.place);
        let node = done.close();
        let known = self.by_name.get(&name).and_then(|known| self.members.get_mut(*known));
        let Some((_, _, first)) = known else {
            self.by_name.insert(name.clone(), self.members.len());
            self.members.push((name, place, node));
            return;
        };
        if let Kind::Sequence(entries) = &mut first.kind {
            entries.push(node);
        } else {
            let before = first.clone();
            first.kind = Kind::Sequence(vec![before, node]);
        }
    }

    fn close(self) -> Outline {
        let kind = if self.members.is_empty() { Kind::Scalar(self.text) } else { Kind::Map(self.members) };
        Outline { place: self.place, start: 0, end: 0, kind }
    }
}

/// Counts lines and columns on the way through a text.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    column: usize,
}

impl Lines<'_> {
    /// The place of a byte that is not before the last one asked for.
    fn place(&mut self, at: usize) -> Place {
        for letter in self.text.get(self.at..at).unwrap_or_default().chars() {
            if letter == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at = self.at.max(at);
        Place { line: self.line, column: self.column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module_of(namespace: &str) -> Option<&'static str> {
        (namespace == "urn:m").then_some("m")
    }

    #[test]
    fn elements_know_their_line_and_column() {
        let text = "<data xmlns='urn:x'>\n <c xmlns='urn:m'>\n  <l><k>a&#98;</k></l> <v/>\n  <l><k>b</k></l></c></data>";
        let read = outline(text, &module_of).unwrap();
        let (place, container) = read.member("m:c").unwrap();
        assert_eq!(place, Place { line: 2, column: 2 });
        let Kind::Sequence(entries) = &container.member("m:l").unwrap().1.kind else { panic!("two entries") };
        assert_eq!(entries[0].member("m:k").unwrap().1.text(), Some("ab"));
        assert_eq!(entries[1].place, Place { line: 4, column: 3 });
    }

    #[test]
    fn what_can_be_read_of_a_broken_text_has_an_outline() {
        let read = outline("<c xmlns='urn:m'><a>1</a><b", &module_of).unwrap();
        assert_eq!(read.member("m:c").unwrap().1.member("m:a").unwrap().1.text(), Some("1"));
        assert!(outline(&"<a>".repeat(100_000), &module_of).is_some());
    }
}
