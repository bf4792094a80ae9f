//! Our own YAML writer: block style, two spaces, a scalar quoted exactly where some YAML 1.1 or 1.2 reader would take the
//! plain text for something else (`no`, `12:30`, `1_000`, `~`), texts of several lines as literal blocks.
//!
//! Not a general YAML emitter: no anchors, no tags, no folding. Reading is the decoder's business.

mod scalar;

use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Impossible, Serialize, Serializer};

/// Appends a value as one document, with a final newline.
///
/// # Errors
/// [`YamlError`] for a value that has no YAML form: a map with names that are not texts.
pub fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), YamlError> {
    value.serialize(&mut Writer { out, indent: 0, place: Place::Root })
}

/// A value has no YAML form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(String);

impl ser::Error for YamlError {
    fn custom<T: Display>(message: T) -> Self {
        YamlError(message.to_string())
    }
}

/// What has been written just before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing: this is the whole document.
    Root,
    /// `name:`
    Name,
    /// `- `
    Dash,
    /// The indentation before a name: this is the name.
    BeforeName,
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// Column of the innermost open collection.
    indent: usize,
    place: Place,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn spaces(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, b' ');
    }

    /// A scalar that needs no quotes.
    fn plain(&mut self, text: fmt::Arguments<'_>) -> Result<(), YamlError> {
        self.before_scalar();
        let _ = Bytes(self.out).write_fmt(text);
        self.after_scalar();
        Ok(())
    }

    fn before_scalar(&mut self) {
        if self.place == Place::Name {
            self.out.push(b' ');
        }
    }

    fn after_scalar(&mut self) {
        self.out.push(if self.place == Place::BeforeName { b':' } else { b'\n' });
    }

    fn string(&mut self, text: &str) {
        let nested = matches!(self.place, Place::Name | Place::Dash);
        if nested && scalar::is_literal(text) {
            self.before_scalar();
            self.text(if text.ends_with('\n') { "|\n" } else { "|-\n" });
            let indent = self.indent + 2;
            for line in text.lines() {
                if !line.is_empty() {
                    self.spaces(indent);
                    self.text(line);
                }
                self.out.push(b'\n');
            }
            return;
        }
        self.before_scalar();
        scalar::write(text, self.out);
        self.after_scalar();
    }
}

/// Formats into bytes.
struct Bytes<'o>(&'o mut Vec<u8>);

impl fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// A mapping or sequence that is being written.
struct Collection<'w, 'o> {
    writer: &'w mut Writer<'o>,
    place: Place,
    outer: usize,
    column: usize,
    is_map: bool,
    is_empty: bool,
}

impl Collection<'_, '_> {
    /// Goes to where the next entry starts.
    fn start_entry(&mut self) {
        // The first entry of a collection in a sequence stands behind the dash.
        let inline = self.is_empty && self.place != Place::Name;
        if self.is_empty && self.place == Place::Name {
            self.writer.out.push(b'\n');
        }
        if !inline {
            self.writer.spaces(self.column);
        }
        self.is_empty = false;
        self.writer.indent = self.column;
    }

    fn finish(self) -> Result<(), YamlError> {
        self.writer.indent = self.outer;
        if self.is_empty {
            self.writer.place = self.place;
            return self.writer.plain(format_args!("{}", if self.is_map { "{}" } else { "[]" }));
        }
        Ok(())
    }
}

impl ser::SerializeMap for Collection<'_, '_> {
    type Ok = ();
    type Error = YamlError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), YamlError> {
        self.start_entry();
        self.writer.place = Place::BeforeName;
        key.serialize(&mut *self.writer)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), YamlError> {
        self.writer.place = Place::Name;
        self.writer.indent = self.column;
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), YamlError> {
        self.finish()
    }
}

impl ser::SerializeStruct for Collection<'_, '_> {
    type Ok = ();
    type Error = YamlError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), YamlError> {
        ser::SerializeMap::serialize_entry(self, key, value)
    }

    fn end(self) -> Result<(), YamlError> {
        self.finish()
    }
}

impl ser::SerializeSeq for Collection<'_, '_> {
    type Ok = ();
    type Error = YamlError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), YamlError> {
        self.start_entry();
        self.writer.text("- ");
        self.writer.place = Place::Dash;
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), YamlError> {
        self.finish()
    }
}

impl ser::SerializeTuple for Collection<'_, '_> {
    type Ok = ();
    type Error = YamlError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), YamlError> {
        ser::SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<(), YamlError> {
        self.finish()
    }
}

impl<'w, 'o> Serializer for &'w mut Writer<'o> {
    type Ok = ();
    type Error = YamlError;
    type SerializeSeq = Collection<'w, 'o>;
    type SerializeTuple = Collection<'w, 'o>;
    type SerializeTupleStruct = Impossible<(), YamlError>;
    type SerializeTupleVariant = Impossible<(), YamlError>;
    type SerializeMap = Collection<'w, 'o>;
    type SerializeStruct = Collection<'w, 'o>;
    type SerializeStructVariant = Impossible<(), YamlError>;

    fn serialize_bool(self, value: bool) -> Result<(), YamlError> {
        self.plain(format_args!("{value}"))
    }

    fn serialize_i8(self, value: i8) -> Result<(), YamlError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), YamlError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), YamlError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), YamlError> {
        self.plain(format_args!("{value}"))
    }

    fn serialize_u8(self, value: u8) -> Result<(), YamlError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), YamlError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), YamlError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), YamlError> {
        self.plain(format_args!("{value}"))
    }

    fn serialize_f32(self, value: f32) -> Result<(), YamlError> {
        self.serialize_f64(value.into())
    }

    /// Always with a point and never with an exponent, which YAML 1.1 and 1.2 read differently.
    fn serialize_f64(self, value: f64) -> Result<(), YamlError> {
        if value.is_nan() {
            self.plain(format_args!(".nan"))
        } else if value.is_infinite() {
            self.plain(format_args!("{}.inf", if value < 0.0 { "-" } else { "" }))
        } else if value.fract() == 0.0 {
            self.plain(format_args!("{value}.0"))
        } else {
            self.plain(format_args!("{value}"))
        }
    }

    fn serialize_char(self, value: char) -> Result<(), YamlError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), YamlError> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), YamlError> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), YamlError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), YamlError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), YamlError> {
        self.plain(format_args!("null"))
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), YamlError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), YamlError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), YamlError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), YamlError> {
        self.collect_map([(variant, value)])
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Collection<'w, 'o>, YamlError> {
        self.open(false)
    }

    fn serialize_tuple(self, _length: usize) -> Result<Collection<'w, 'o>, YamlError> {
        self.open(false)
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, YamlError> {
        Err(unsupported(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, YamlError> {
        Err(unsupported(name))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Collection<'w, 'o>, YamlError> {
        self.open(true)
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Collection<'w, 'o>, YamlError> {
        self.open(true)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, YamlError> {
        Err(unsupported(name))
    }
}

impl<'w, 'o> Writer<'o> {
    fn open(&'w mut self, is_map: bool) -> Result<Collection<'w, 'o>, YamlError> {
        if self.place == Place::BeforeName {
            return Err(YamlError("a name in a mapping is a text".to_owned()));
        }
        let outer = self.indent;
        let column = match self.place {
            Place::Root | Place::BeforeName => 0,
            // A sequence stands below its name, in the same column.
            Place::Name if !is_map => outer,
            Place::Name | Place::Dash => outer + 2,
        };
        Ok(Collection { place: self.place, outer, column, is_map, is_empty: true, writer: self })
    }
}

fn unsupported(name: &str) -> YamlError {
    YamlError(format!("{name} has no YAML form"))
}

#[cfg(test)]
mod tests;
