//! Our own XML writer: what serialises as RFC 7951 JSON comes out as the XML of RFC 7950.
//!
//! Members become elements and arrays elements of one name. A member's module becomes the default namespace of its
//! element; names inside values are prefixed with the name of their module. Reading is the decoder's business.

mod element;
mod text;

use std::fmt::{self, Write as _};

use serde::Serialize;

use self::element::Value;
pub use self::text::has_form;
use crate::yang::schema::{ModuleId, NodeId, Schema};

/// By this name of a newtype a serializer knows the value of an `identityref`, `module:name` or `name`.
pub(in crate::data) const IDENTITYREF: &str = "identityref";

/// By this name of a newtype a serializer knows the value of an `instance-identifier` in the form of RFC 7951.
pub(in crate::data) const INSTANCE_IDENTIFIER: &str = "instance-identifier";

/// By this name of a newtype a serializer knows what stands in the namespace of YANG itself (RFC 7950 section 5.3.1).
pub(in crate::data) const OF_YANG: &str = "of-yang";

const YANG: Space<'static> = Space::Other("urn:ietf:params:xml:ns:yang:1");

/// How elements are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Nothing between them.
    Compact,
    /// Each on a line of its own, indented by two spaces, with a newline at the end.
    Indented,
}

/// Something has no XML form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct XmlError(String);

impl serde::ser::Error for XmlError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        XmlError(message.to_string())
    }
}

/// The element around a value.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    name: &'a str,
    space: Space<'a>,
}

impl<'a> Element<'a> {
    /// The `data` of NETCONF (RFC 6241 section 7.1).
    pub const DATA: Element<'static> =
        Element { name: "data", space: Space::Other("urn:ietf:params:xml:ns:netconf:base:1.0") };

    /// An element of RESTCONF itself (RFC 8040).
    pub const fn restconf(name: &str) -> Element<'_> {
        Element { name, space: Space::Other("urn:ietf:params:xml:ns:yang:ietf-restconf") }
    }

    /// An element of YANG Patch (RFC 8072).
    pub const fn yang_patch(name: &str) -> Element<'_> {
        Element { name, space: Space::Other("urn:ietf:params:xml:ns:yang:ietf-yang-patch") }
    }

    /// What holds several instances that have no element around them (draft-ietf-netconf-list-pagination-rc).
    pub const XML_LIST: Element<'static> = Element { name: "xml-list", space: Space::Nowhere };

    /// None: the members of an object stand by themselves.
    pub const NONE: Element<'static> = Element { name: "", space: Space::Nowhere };

    /// Its name without a prefix.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The element of a schema node.
    pub fn of(schema: &'a Schema, node: NodeId) -> Self {
        let node = schema.node(node);
        Element { name: &node.name, space: Space::Module(node.module) }
    }
}

/// A namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space<'a> {
    /// No element is around.
    Nowhere,
    /// That of a module.
    Module(ModuleId),
    /// One of no module.
    Other(&'a str),
}

/// Appends a value as the content of an element; of an array each item has an element of its own.
///
/// # Errors
/// [`XmlError`] for names and texts that XML does not have, and for names of unknown modules.
pub fn write<T: Serialize + ?Sized>(
    schema: &Schema,
    value: &T,
    element: Element<'_>,
    layout: Layout,
    out: &mut Vec<u8>,
) -> Result<(), XmlError> {
    let mut writer = Writer { schema, layout, out, level: 0, scratch: String::new() };
    let mut starts = Vec::new();
    value.serialize(Value { writer: &mut writer, element, around: Space::Nowhere, starts: &mut starts })
}

/// Where it is written to.
struct Writer<'o> {
    schema: &'o Schema,
    layout: Layout,
    out: &'o mut Vec<u8>,
    level: usize,
    scratch: String,
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn indent(&mut self) {
        if self.layout == Layout::Indented {
            self.out.resize(self.out.len() + 2 * self.level, b' ');
        }
    }

    fn end_line(&mut self) {
        if self.layout == Layout::Indented {
            self.out.push(b'\n');
        }
    }

    /// A start tag without its end, and where attributes can be added to it.
    fn open(&mut self, element: Element<'_>, around: Space<'_>) -> Result<usize, XmlError> {
        text::check_name(element.name)?;
        self.indent();
        self.put("<");
        self.put(element.name);
        if element.space != around {
            let schema = self.schema;
            let namespace = match element.space {
                Space::Nowhere => "",
                Space::Module(module) => &schema.module(module).namespace,
                Space::Other(namespace) => namespace,
            };
            self.attribute("xmlns", namespace)?;
        }
        Ok(self.out.len())
    }

    fn attribute(&mut self, name: &str, value: &str) -> Result<(), XmlError> {
        self.put(" ");
        self.put(name);
        self.put("=\"");
        text::escape(value, text::Place::Attribute, self.out)?;
        self.put("\"");
        Ok(())
    }

    /// An element with a text.
    fn text(
        &mut self,
        element: Element<'_>,
        around: Space<'_>,
        shown: &dyn fmt::Display,
    ) -> Result<usize, XmlError> {
        let start = self.open(element, around)?;
        self.content(element, shown)?;
        Ok(start)
    }

    /// The rest of an element whose start tag is still open.
    fn content(&mut self, element: Element<'_>, shown: &dyn fmt::Display) -> Result<(), XmlError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let _ = write!(scratch, "{shown}");
        if scratch.is_empty() {
            self.put("/>");
        } else {
            self.put(">");
            text::escape(&scratch, text::Place::Text, self.out)?;
            self.put("</");
            self.put(element.name);
            self.put(">");
        }
        self.scratch = scratch;
        self.end_line();
        Ok(())
    }

    /// An element with a value in which names are prefixed: their namespaces are declared on it.
    fn qualified(
        &mut self,
        element: Element<'_>,
        around: Space<'_>,
        shown: &str,
        modules: &[&str],
    ) -> Result<usize, XmlError> {
        let start = self.open(element, around)?;
        for module in modules {
            let id = self.module(module)?;
            let schema = self.schema;
            self.attribute(&format!("xmlns:{module}"), &schema.module(id).namespace)?;
        }
        self.content(element, &shown)?;
        Ok(start)
    }

    fn module(&self, name: &str) -> Result<ModuleId, XmlError> {
        let known = self.schema.module_by_name(name);
        known.ok_or_else(|| XmlError(format!("'{name}' is no module, so it has no namespace")))
    }
}

#[cfg(test)]
mod tests;
