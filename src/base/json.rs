//! Compact JSON, byte for byte as serde_json writes it: for what is written with every request.
//!
//! Texts go by [`text`], and every number is left to serde_json. Not for member names other than texts: what is written
//! here has no others. What is read goes by serde_json too, but where a name must not stand twice: that is [`distinct`].

pub mod distinct;
pub mod text;

use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Error as _, Impossible, Serialize, Serializer};
use serde_json::Error;

use self::text::{append_plain, append_quoted, append_text};

/// Appends a value.
///
/// # Errors
/// Those of the value itself; writing to memory does not fail.
pub fn append<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    value.serialize(Json { out, is_plain: false })
}

/// A text that stands in JSON as it is, such as the name of a node: nobody looks for what has to be escaped in it.
pub struct Plain<'a>(pub &'a str);

/// What [`Plain`] says to the writer.
const PLAIN: &str = "plain text";

impl Serialize for Plain<'_> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(PLAIN, self.0)
    }
}

/// Takes the parts of a text that is formatted.
struct Parts<'o>(&'o mut Vec<u8>);

impl fmt::Write for Parts<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        append_text(part, self.0).map_err(|_| fmt::Error)
    }
}

/// Writes one value.
struct Json<'o> {
    out: &'o mut Vec<u8>,
    /// It is a [`Plain`] text.
    is_plain: bool,
}

impl<'o> Json<'o> {
    fn plain(self, text: &str) -> Result<(), Error> {
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn open(self, opening: u8, closing: u8) -> Members<'o> {
        self.out.push(opening);
        Members { out: self.out, closing, is_first: true }
    }
}

macro_rules! by_serde_json {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            serde_json::to_writer(self.out, &value)
        })*
    };
}

impl<'o> Serializer for Json<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Members<'o>;
    type SerializeTuple = Members<'o>;
    type SerializeTupleStruct = Members<'o>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Members<'o>;
    type SerializeStruct = Members<'o>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.plain(if value { "true" } else { "false" })
    }

    by_serde_json! {
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
        serialize_bytes: &[u8],
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        append_quoted(value.encode_utf8(&mut [0; 4]), self.out)
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        if self.is_plain {
            append_plain(value, self.out)
        } else {
            append_quoted(value, self.out)?
        }
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.plain("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.plain("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.plain("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(Json { is_plain: name == PLAIN, ..self })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(no_data(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'o>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Members<'o>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Members<'o>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(no_data(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'o>, Error> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'o>, Error> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(no_data(name))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.out.push(b'"');
        write!(Parts(&mut *self.out), "{value}").map_err(Error::custom)?;
        self.out.push(b'"');
        Ok(())
    }
}

/// What is written here is texts, numbers, arrays and objects.
fn no_data(name: &str) -> Error {
    Error::custom(format_args!("a variant of '{name}' with something in it is not written"))
}

/// The elements of an array, or the members of an object.
struct Members<'o> {
    out: &'o mut Vec<u8>,
    closing: u8,
    is_first: bool,
}

impl Members<'_> {
    #[inline]
    fn next<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        append(value, self.out)
    }

    fn close(self) -> Result<(), Error> {
        self.out.push(self.closing);
        Ok(())
    }
}

macro_rules! elements {
    ($($kind:ident::$method:ident,)*) => {
        $(impl ser::$kind for Members<'_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.next(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        })*
    };
}

elements! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
}

impl ser::SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(b':');
        append(value, self.out)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl ser::SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        ser::SerializeMap::serialize_entry(self, key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written<T: Serialize + ?Sized>(value: &T) -> String {
        let mut out = Vec::new();
        append(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let scalar = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        scalar.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::vec((any::<String>(), inner), 0..8)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_writes(value in any_json()) {
            prop_assert_eq!(written(&value), serde_json::to_string(&value).unwrap());
        }

        #[test]
        fn a_formatted_text_is_that_text(first in any::<String>(), second in any::<String>()) {
            struct Formatted(String, String);
            impl Serialize for Formatted {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(&format_args!("{}:{}", self.0, self.1))
                }
            }
            let formatted = Formatted(first, second);
            prop_assert_eq!(written(&formatted), serde_json::to_string(&formatted).unwrap());
        }
    }

    #[test]
    fn a_plain_text_is_that_text() {
        #[derive(serde::Serialize)]
        struct Wrapped(&'static str);
        assert_eq!(written(&Plain("a-name")), r#""a-name""#);
        assert_eq!(written(&Wrapped("\n")), r#""\n""#, "another newtype is not taken for one");
    }

    #[test]
    fn a_struct_is_an_object_of_what_is_not_left_out() {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        struct Line<'a> {
            first_name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            last_name: Option<&'a str>,
            address: std::net::IpAddr,
            years: Option<u16>,
        }
        let address = "2001:db8::1".parse().unwrap();
        for last_name in [None, Some("\"Bo\"")] {
            let line = Line { first_name: "Ann", last_name, address, years: Some(7) };
            assert_eq!(written(&line), serde_json::to_string(&line).unwrap());
        }
    }
}
