//! serde's data model as elements: the value of a member, and the members of an object.

use std::fmt;

use serde::ser::{self, Impossible, Serialize, Serializer};

use super::{Element, IDENTITYREF, INSTANCE_IDENTIFIER, OF_YANG, Space, Writer, XmlError, YANG, text};

/// A value that is to be written in an element.
pub(super) struct Value<'w, 'o, 'e> {
    pub writer: &'w mut Writer<'o>,
    pub element: Element<'e>,
    /// The namespace of what is around.
    pub around: Space<'e>,
    /// Where attributes can be added to the elements that are written.
    pub starts: &'w mut Vec<usize>,
}

impl<'o> Value<'_, 'o, '_> {
    fn shown(self, shown: impl fmt::Display) -> Result<(), XmlError> {
        let start = self.writer.text(self.element, self.around, &shown)?;
        self.starts.push(start);
        Ok(())
    }
}

/// What serialises as a text or number, as it is printed.
struct Printed<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> fmt::Display for Printed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

macro_rules! shown {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), XmlError> {
            self.shown(value)
        })*
    };
}

impl<'w, 'o, 'e> Serializer for Value<'w, 'o, 'e> {
    type Ok = ();
    type Error = XmlError;
    type SerializeSeq = Items<'w, 'o, 'e>;
    type SerializeTuple = Items<'w, 'o, 'e>;
    type SerializeTupleStruct = Impossible<(), XmlError>;
    type SerializeTupleVariant = Impossible<(), XmlError>;
    type SerializeMap = Members<'w, 'o, 'e>;
    type SerializeStruct = Impossible<(), XmlError>;
    type SerializeStructVariant = Impossible<(), XmlError>;

    shown! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), XmlError> {
        self.shown(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), XmlError> {
        Err(unsupported("a sequence of octets"))
    }

    fn serialize_none(self) -> Result<(), XmlError> {
        self.shown("")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), XmlError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), XmlError> {
        self.shown("")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), XmlError> {
        self.shown("")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), XmlError> {
        self.shown(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), XmlError> {
        let Value { writer, element, around, starts } = self;
        let start = match name {
            IDENTITYREF => {
                let text = Printed(value).to_string();
                let module = text.split_once(':').map(|(module, _)| module);
                writer.qualified(element, around, &text, module.as_slice())?
            }
            INSTANCE_IDENTIFIER => {
                let text = Printed(value).to_string();
                let schema = writer.schema;
                let (text, modules) = text::qualify(&text, &|module| schema.module_by_name(module).is_some());
                writer.qualified(element, around, &text, &modules)?
            }
            OF_YANG => {
                let element = Element { space: YANG, ..element };
                return value.serialize(Value { writer, element, around, starts });
            }
            _ => return value.serialize(Value { writer, element, around, starts }),
        };
        starts.push(start);
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), XmlError> {
        Err(unsupported(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w, 'o, 'e>, XmlError> {
        Ok(Items(self))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'w, 'o, 'e>, XmlError> {
        Ok(Items(self))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, XmlError> {
        Err(unsupported(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, XmlError> {
        Err(unsupported(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'w, 'o, 'e>, XmlError> {
        let Value { writer, element, around, starts } = self;
        let has_tags = !element.name.is_empty();
        if has_tags {
            starts.push(writer.open(element, around)?);
            writer.level += 1;
        }
        Ok(Members { writer, element, name: String::new(), is_empty: true, has_tags, starts: Vec::new() })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, XmlError> {
        Err(unsupported(name))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, XmlError> {
        Err(unsupported(name))
    }
}

fn unsupported(what: &str) -> XmlError {
    XmlError(format!("{what} has no XML form"))
}

/// The items of an array: elements of one name.
pub(super) struct Items<'w, 'o, 'e>(Value<'w, 'o, 'e>);

impl ser::SerializeSeq for Items<'_, '_, '_> {
    type Ok = ();
    type Error = XmlError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), XmlError> {
        let Value { element, around, .. } = self.0;
        item.serialize(Value { writer: self.0.writer, element, around, starts: self.0.starts })
    }

    fn end(self) -> Result<(), XmlError> {
        Ok(())
    }
}

impl ser::SerializeTuple for Items<'_, '_, '_> {
    type Ok = ();
    type Error = XmlError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), XmlError> {
        ser::SerializeSeq::serialize_element(self, item)
    }

    fn end(self) -> Result<(), XmlError> {
        Ok(())
    }
}

/// The members of an object: elements, and the metadata of the element before (RFC 7952 section 5.2).
pub(super) struct Members<'w, 'o, 'e> {
    writer: &'w mut Writer<'o>,
    element: Element<'e>,
    /// The name of the member whose value comes next.
    name: String,
    is_empty: bool,
    /// The members stand in an element.
    has_tags: bool,
    /// Where attributes can be added to the elements of the member that was written last.
    starts: Vec<usize>,
}

impl ser::SerializeMap for Members<'_, '_, '_> {
    type Ok = ();
    type Error = XmlError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), XmlError> {
        use fmt::Write as _;
        self.name.clear();
        write!(self.name, "{}", Printed(key)).map_err(|_| unsupported("a name that is no text"))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), XmlError> {
        if self.name.starts_with('@') {
            return self.metadata(value);
        }
        if std::mem::take(&mut self.is_empty) && self.has_tags {
            self.writer.put(">");
            self.writer.end_line();
        }
        let around = self.element.space;
        let element = match self.name.split_once(':') {
            Some((module, name)) => Element { name, space: Space::Module(self.writer.module(module)?) },
            None => Element { name: &self.name, space: around },
        };
        self.starts.clear();
        value.serialize(Value { writer: self.writer, element, around, starts: &mut self.starts })
    }

    fn end(self) -> Result<(), XmlError> {
        if !self.has_tags {
            return Ok(());
        }
        self.writer.level -= 1;
        if self.is_empty {
            self.writer.put("/>");
        } else {
            self.writer.indent();
            self.writer.put("</");
            self.writer.put(self.element.name);
            self.writer.put(">");
        }
        self.writer.end_line();
        Ok(())
    }
}

impl Members<'_, '_, '_> {
    /// Annotations as attributes: of the elements before, or of the one that is around.
    fn metadata<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), XmlError> {
        let value = serde_json::to_value(value).map_err(|error| XmlError(error.to_string()))?;
        if self.name == "@" && self.is_empty && self.has_tags {
            return self.annotations(&value);
        }
        let of_each = match value {
            serde_json::Value::Array(items) => items,
            one => vec![one],
        };
        let mut annotated: Vec<(usize, serde_json::Value)> =
            self.starts.iter().copied().zip(of_each).collect();
        annotated.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
        for (start, annotations) in annotated {
            let behind = self.writer.out.split_off(start);
            self.annotations(&annotations)?;
            self.writer.out.extend_from_slice(&behind);
        }
        Ok(())
    }

    fn annotations(&mut self, annotations: &serde_json::Value) -> Result<(), XmlError> {
        let mut declared: Vec<String> = Vec::new();
        for (name, value) in annotations.as_object().into_iter().flatten() {
            self.annotation(name, value, &mut declared)?;
        }
        Ok(())
    }

    fn annotation(
        &mut self,
        qualified: &str,
        value: &serde_json::Value,
        declared: &mut Vec<String>,
    ) -> Result<(), XmlError> {
        let (module, name) = qualified.split_once(':').ok_or_else(|| unsupported(qualified))?;
        let schema = self.writer.schema;
        let namespace = match (module, schema.module_by_name(module)) {
            // RFC 6243 section 6 has a namespace of its own for the attribute.
            ("ietf-netconf-with-defaults", _) => "urn:ietf:params:xml:ns:netconf:default:1.0",
            (_, Some(module)) => &schema.module(module).namespace,
            // Annotations are used without the module being there.
            ("ietf-list-pagination", None) => "urn:ietf:params:xml:ns:yang:ietf-list-pagination",
            ("ietf-origin", None) => "urn:ietf:params:xml:ns:yang:ietf-origin",
            (_, None) => return Err(unsupported(qualified)),
        };
        text::check_name(name)?;
        if !declared.iter().any(|known| known == module) {
            self.writer.attribute(&format!("xmlns:{module}"), namespace)?;
            declared.push(module.to_owned());
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.writer.attribute(&format!("{module}:{name}"), &text)
    }
}
