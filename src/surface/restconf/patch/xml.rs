//! A YANG Patch in XML.
//!
//! The content of a value is cut out of the text and put into an element that binds every prefix that the value may use, so that it is read like a body
//! of its own.

use std::borrow::Cow;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;

use super::message::{Loose, LooseEdit, malformed};
use crate::data::violation::Violation;

const NAMESPACE: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-patch";

struct Reader<'x> {
    text: &'x str,
    xml: NsReader<&'x [u8]>,
}

/// What is between the tags.
enum Piece<'x> {
    Open(BytesStart<'x>),
    Text(String),
    Close,
}

pub(super) fn read(body: &str) -> Result<Loose<'_>, Violation> {
    let mut xml = NsReader::from_str(body);
    xml.config_mut().expand_empty_elements = true;
    let mut reader = Reader { text: body, xml };
    let mut loose = None;
    loop {
        match reader.xml.read_event().map_err(|error| malformed(&error.to_string()))? {
            Event::Start(tag) if loose.is_none() && reader.name_of(&tag) == Some("yang-patch") => {
                loose = Some(reader.patch()?);
            }
            Event::Start(_) => return Err(malformed("the body's element is another")),
            Event::Text(text) if text.trim_ascii().is_empty() => {}
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return loose.ok_or_else(|| malformed("the body has no element")),
            _ => return Err(malformed("the body has something else than one element")),
        }
    }
}

impl<'x> Reader<'x> {
    /// The name of an element of the patch itself; `None` for one of another namespace.
    fn name_of<'t>(&self, tag: &'t BytesStart<'_>) -> Option<&'t str> {
        match self.xml.resolver().resolve(tag.name(), true).0 {
            ResolveResult::Bound(Namespace(NAMESPACE)) => Some(tag.local_name().into_inner()),
            _ => None,
        }
    }

    fn next(&mut self) -> Result<Piece<'x>, Violation> {
        loop {
            return Ok(match self.xml.read_event().map_err(|error| malformed(&error.to_string()))? {
                Event::Start(tag) => Piece::Open(tag),
                Event::End(_) => Piece::Close,
                Event::Text(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => Piece::Text(resolved(&reference)?),
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof => return Err(malformed("the body ends within an element")),
                Event::Decl(_) | Event::DocType(_) | Event::Empty(_) => {
                    return Err(malformed("the body has a declaration within an element"));
                }
            });
        }
    }

    fn patch(&mut self) -> Result<Loose<'x>, Violation> {
        let mut loose = Loose::default();
        loop {
            match self.next()? {
                Piece::Close => return Ok(loose),
                Piece::Text(text) => blank(&text)?,
                Piece::Open(tag) => {
                    let name = self.name_of(&tag).unwrap_or_default().to_owned();
                    let slot = match name.as_str() {
                        "patch-id" => &mut loose.patch_id,
                        "comment" => &mut loose.comment,
                        "edit" => {
                            let edit = self.edit()?;
                            loose.edits.get_or_insert_default().push(edit);
                            continue;
                        }
                        _ => {
                            self.content()?;
                            loose.unknown.push(tag.local_name().into_inner().to_owned());
                            continue;
                        }
                    };
                    set(slot, self.text()?, &name)?;
                }
            }
        }
    }

    fn edit(&mut self) -> Result<LooseEdit<'x>, Violation> {
        let mut edit = LooseEdit::default();
        loop {
            match self.next()? {
                Piece::Close => return Ok(edit),
                Piece::Text(text) => blank(&text)?,
                Piece::Open(tag) => {
                    let name = self.name_of(&tag).unwrap_or_default().to_owned();
                    if name == "value" {
                        let value = self.value()?;
                        if edit.value.replace(value).is_some() {
                            return Err(malformed("'value' stands twice in an edit"));
                        }
                    } else if let Some(slot) = edit.text(&name) {
                        set(slot, self.text()?, &name)?;
                    } else {
                        self.content()?;
                        edit.unknown.push(tag.local_name().into_inner().to_owned());
                    }
                }
            }
        }
    }

    /// The text of an element that has no others inside.
    fn text(&mut self) -> Result<String, Violation> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Piece::Close => return Ok(text.trim_ascii().to_owned()),
                Piece::Text(more) => text.push_str(&more),
                Piece::Open(_) => return Err(malformed("there is an element where text is wanted")),
            }
        }
    }

    /// The content of the element that has just been opened, as it stands in the text.
    fn content(&mut self) -> Result<&'x str, Violation> {
        let start = self.at();
        let mut depth = 0_usize;
        loop {
            let end = self.at();
            match self.next()? {
                Piece::Open(_) => depth += 1,
                Piece::Close if depth == 0 => return Ok(self.text.get(start..end).unwrap_or_default()),
                Piece::Close => depth -= 1,
                Piece::Text(_) => {}
            }
        }
    }

    /// The one element inside of a value, with every prefix that holds there bound by itself.
    fn value(&mut self) -> Result<Cow<'x, str>, Violation> {
        let mut element = None;
        loop {
            match self.next()? {
                Piece::Close => {
                    return element.map(Cow::Owned).ok_or_else(|| malformed("a 'value' holds nothing"));
                }
                Piece::Text(text) => blank(&text)?,
                Piece::Open(tag) if element.is_none() => {
                    let mut text = self.start(&tag)?;
                    text.push_str(self.content()?);
                    text.push_str(&format!("</{}>", tag.name().into_inner()));
                    element = Some(text);
                }
                Piece::Open(_) => return Err(malformed("a 'value' holds more than one node")),
            }
        }
    }

    /// The start tag that has just been read, with all bindings of namespaces that hold in it.
    fn start(&self, tag: &BytesStart<'_>) -> Result<String, Violation> {
        let mut text = format!("<{}", tag.name().into_inner());
        // The reader keeps values as they are written, escaped; only their own quotation marks may be others.
        let mut attribute = |name: &str, value: &str| {
            text.push_str(&format!(" {name}=\"{}\"", value.replace('"', "&quot;")));
        };
        for (declaration, Namespace(namespace)) in self.xml.resolver().bindings() {
            match declaration {
                PrefixDeclaration::Default => attribute("xmlns", namespace),
                PrefixDeclaration::Named(prefix) => attribute(&format!("xmlns:{prefix}"), namespace),
            }
        }
        for found in tag.attributes() {
            let found = found.map_err(|error| malformed(&error.to_string()))?;
            if found.key.as_namespace_binding().is_none() {
                attribute(found.key.into_inner(), &found.value);
            }
        }
        text.push('>');
        Ok(text)
    }

    fn at(&self) -> usize {
        usize::try_from(self.xml.buffer_position()).unwrap_or(usize::MAX)
    }
}

fn set(slot: &mut Option<String>, text: String, name: &str) -> Result<(), Violation> {
    match slot.replace(text) {
        None => Ok(()),
        Some(_) => Err(malformed(&format!("'{name}' stands twice in one element"))),
    }
}

fn blank(text: &str) -> Result<(), Violation> {
    match text.trim_ascii().is_empty() {
        true => Ok(()),
        false => Err(malformed("there is text where elements are wanted")),
    }
}

/// What a reference stands for: a character, or one of the five entities of XML itself.
fn resolved(reference: &BytesRef<'_>) -> Result<String, Violation> {
    match reference.resolve_char_ref() {
        Ok(Some(letter)) => Ok(letter.to_string()),
        Ok(None) => resolve_xml_entity(reference)
            .map(str::to_owned)
            .ok_or_else(|| malformed("only the five entities of XML itself are read")),
        Err(error) => Err(malformed(&error.to_string())),
    }
}
