//! XML text as a stream of tags and texts, with namespaces resolved to modules.
//!
//! What a data model has no use for is passed over (comments, processing instructions) or refused (document type
//! definitions and entities, other encodings than UTF-8). What the elements mean is not known here.

use std::borrow::Cow;
use std::collections::HashMap;

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace as Name, QName, ResolveResult};
use quick_xml::reader::NsReader;

use crate::yang::schema::types::Prefixes;
use crate::yang::schema::{ModuleId, Schema};

/// How many attributes an element may have; telling repeated ones takes time in the square of it.
const MAX_ATTRIBUTES: usize = 64;

/// A piece of the stream.
pub(super) enum Token<'x> {
    /// A start tag. An empty element has an end tag too.
    Open(Tag<'x>),
    /// An end tag.
    Close,
    /// Text, with references resolved.
    Text(Cow<'x, str>),
    /// The end of the text.
    End,
}

/// What a namespace stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// A module of the schema.
    Module(ModuleId),
    /// No module of the schema.
    Other(String),
    /// There is none.
    None,
}

/// A start tag.
pub(super) struct Tag<'x> {
    start: BytesStart<'x>,
    /// The byte at which it begins.
    at: usize,
    /// The namespace of the element.
    pub namespace: Namespace,
}

/// An attribute that is no namespace declaration.
pub(super) struct Attribute {
    /// Its name without prefix.
    pub name: String,
    /// Its namespace; an attribute without prefix has none.
    pub namespace: Namespace,
    /// Its value.
    pub value: String,
}

impl Tag<'_> {
    /// The name of the element without prefix.
    pub fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// Whether this is the element of that name in that namespace, be that a module's or not.
    pub fn is(&self, schema: &Schema, namespace: &str, name: &str) -> bool {
        let own = match &self.namespace {
            Namespace::Module(module) => schema.module(*module).namespace.as_str(),
            Namespace::Other(other) => other,
            Namespace::None => "",
        };
        own == namespace && self.name() == name
    }
}

/// Why the text is no XML, and at which byte.
pub(super) struct Malformed {
    pub message: String,
    pub at: usize,
}

/// The stream.
pub(super) struct Source<'x, 's> {
    reader: NsReader<&'x [u8]>,
    modules: HashMap<&'s str, ModuleId>,
}

impl<'x, 's> Source<'x, 's> {
    pub fn new(schema: &'s Schema, text: &'x str) -> Self {
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        let mut modules = HashMap::new();
        for (module, index) in schema.modules().iter().zip(0_u16..) {
            let known = modules.entry(module.namespace.as_str()).or_insert(ModuleId(index));
            if module.implemented {
                *known = ModuleId(index);
            }
        }
        Source { reader, modules }
    }

    /// The next piece.
    pub fn next(&mut self) -> Result<Token<'x>, Malformed> {
        loop {
            let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
            let event = self.reader.read_event().map_err(|error| Malformed {
                message: error.to_string(),
                at: usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX),
            })?;
            return Ok(match event {
                Event::Start(start) | Event::Empty(start) => {
                    let namespace = self.resolve(start.name(), true);
                    if let (Namespace::None, Some(prefix)) = (&namespace, start.name().prefix()) {
                        let message =
                            format!("the prefix '{}' is not bound to a namespace", prefix.into_inner());
                        return Err(self.malformed(message));
                    }
                    Token::Open(Tag { start, at, namespace })
                }
                Event::End(_) => Token::Close,
                Event::Text(text) => Token::Text(text.xml10_content()),
                Event::CData(text) => Token::Text(text.xml10_content()),
                Event::GeneralRef(reference) => Token::Text(Cow::Owned(match reference.resolve_char_ref() {
                    Ok(Some(letter)) => letter.to_string(),
                    Ok(None) => match &*reference {
                        "lt" => "<".to_owned(),
                        "gt" => ">".to_owned(),
                        "amp" => "&".to_owned(),
                        "apos" => "'".to_owned(),
                        "quot" => "\"".to_owned(),
                        _ => return Err(self.malformed("only the five entities of XML itself are read")),
                    },
                    Err(error) => return Err(self.malformed(error.to_string())),
                })),
                Event::DocType(_) => {
                    return Err(self.malformed("a document type definition is not read"));
                }
                Event::Decl(declaration) => match declaration.encoding() {
                    None => continue,
                    Some(Ok(encoding))
                        if encoding.eq_ignore_ascii_case("utf-8")
                            || encoding.eq_ignore_ascii_case("us-ascii") =>
                    {
                        continue;
                    }
                    Some(_) => return Err(self.malformed("only the encoding UTF-8 is read")),
                },
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof => Token::End,
            });
        }
    }

    /// Something wrong at the place that was read last.
    pub fn malformed(&self, message: impl Into<String>) -> Malformed {
        let at = usize::try_from(self.reader.error_position().max(self.reader.buffer_position()));
        Malformed { message: message.into(), at: at.unwrap_or(usize::MAX) }
    }

    /// The attributes of a tag, without namespace declarations and those that XML itself defines.
    pub fn attributes(&self, tag: &Tag<'_>) -> Result<Vec<Attribute>, Malformed> {
        let mut found = Vec::new();
        for (count, attribute) in tag.start.attributes().enumerate() {
            let malformed = |message: String| Malformed { message, at: tag.at };
            let attribute = attribute.map_err(|error| malformed(error.to_string()))?;
            if count >= MAX_ATTRIBUTES {
                return Err(malformed(format!("an element has more than {MAX_ATTRIBUTES} attributes")));
            }
            let prefix = attribute.key.prefix();
            let of_xml = prefix.is_some_and(|prefix| prefix.is_xml() || prefix.is_xmlns());
            if of_xml || attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| malformed(error.to_string()))?;
            found.push(Attribute {
                name: attribute.key.local_name().into_inner().to_owned(),
                namespace: self.resolve(attribute.key, false),
                value: value.into_owned(),
            });
        }
        Ok(found)
    }

    fn resolve(&self, name: QName<'_>, use_default: bool) -> Namespace {
        match self.reader.resolver().resolve(name, use_default).0 {
            ResolveResult::Bound(Name(namespace)) => {
                // The reader keeps namespaces as they are written.
                let namespace = unescape(namespace).unwrap_or(Cow::Borrowed(namespace));
                match self.modules.get(&*namespace) {
                    Some(module) => Namespace::Module(*module),
                    None => Namespace::Other(namespace.into_owned()),
                }
            }
            ResolveResult::Unbound | ResolveResult::Unknown(_) => Namespace::None,
        }
    }
}

impl Prefixes for Source<'_, '_> {
    fn module(&self, qualified: &str) -> Option<ModuleId> {
        match self.resolve(QName(qualified), true) {
            Namespace::Module(module) => Some(module),
            Namespace::Other(_) | Namespace::None => None,
        }
    }
}
