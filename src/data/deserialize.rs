//! A container or entry as a struct: the way in which services read. Defaults in use are filled in; secret and hashed
//! leafs are there, since only services read like this.
//!
//! Members have the bare names of the schema nodes. Integers and decimals arrive as numbers, booleans as booleans, binary
//! as base64 text, everything else as its canonical text. Not for answers to clients: those are encoded along a view.

use std::fmt;

use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};

use super::tree::{Container, Data};
use super::xpath::accessible::case_holds;
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// The struct does not fit the model: a defect of the service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeserializeError(String);

impl serde::de::Error for DeserializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        DeserializeError(message.to_string())
    }
}

/// Reads a container, a list entry, or the input of an operation as a struct. An empty input can be read as `()`.
///
/// # Errors
/// When the struct does not fit; the text names the schema node and never holds a value of a secret leaf.
pub fn from_data<T: DeserializeOwned>(schema: &Schema, container: &Container) -> Result<T, DeserializeError> {
    T::deserialize(Inner { schema, container }).map_err(|DeserializeError(reason)| {
        DeserializeError(format!("{} cannot be read: {reason}", schema.path(container.node)))
    })
}

/// A container, entry, input or output.
#[derive(Clone, Copy)]
struct Inner<'a> {
    schema: &'a Schema,
    container: &'a Container,
}

impl<'a> Inner<'a> {
    /// The children that are there or in use by default, in schema order.
    fn members(self) -> impl Iterator<Item = (&'a str, Member<'a>)> {
        let Inner { schema, container } = self;
        schema.children(container.node).iter().filter_map(move |id| {
            let content = match container.get(*id) {
                Some(data) => Content::Data(data),
                None => in_use(schema, container, *id)?,
            };
            Some((schema.node(*id).name.as_str(), Member { schema, content }))
        })
    }
}

/// What a child that is not stored has by default (RFC 7950 sections 7.6.1 and 7.7.2); an absent container without presence
/// is there with its own defaults. A `when` is not looked at.
fn in_use<'a>(schema: &'a Schema, container: &Container, child: NodeId) -> Option<Content<'a>> {
    let content = match &schema.node(child).kind {
        NodeKind::Leaf { default: Some(value), .. } => Content::Value(value),
        NodeKind::LeafList { defaults, .. } if !defaults.is_empty() => Content::Values(defaults),
        NodeKind::Container { presence: false } => Content::Absent(child),
        _ => return None,
    };
    case_holds(schema, Some(container), child).then_some(content)
}

impl<'de> Deserializer<'de> for Inner<'_> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError> {
        visitor.visit_map(MapDeserializer::new(self.members()))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError> {
        visitor.visit_some(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A child of a container, or an entry of a list or leaf-list.
#[derive(Clone, Copy)]
struct Member<'a> {
    schema: &'a Schema,
    content: Content<'a>,
}

#[derive(Clone, Copy)]
enum Content<'a> {
    /// What is stored.
    Data(&'a Data),
    /// A leaf's default, or one value of a leaf-list.
    Value(&'a Value),
    /// A leaf-list's defaults.
    Values(&'a [Value]),
    /// A container that is not stored.
    Absent(NodeId),
    /// An entry of a list.
    Entry(&'a Container),
}

impl<'a> Member<'a> {
    fn of(self, content: Content<'a>) -> Self {
        Member { content, ..self }
    }

    fn values(self, values: &'a [Value]) -> impl Iterator<Item = Member<'a>> {
        values.iter().map(move |value| self.of(Content::Value(value)))
    }
}

impl<'de> Deserializer<'de> for Member<'_> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError> {
        let schema = self.schema;
        match self.content {
            Content::Value(value) | Content::Data(Data::Leaf(value)) => scalar(value, visitor),
            Content::Values(values) => visitor.visit_seq(SeqDeserializer::new(self.values(values))),
            Content::Data(Data::LeafList(values)) => {
                visitor.visit_seq(SeqDeserializer::new(self.values(values)))
            }
            Content::Data(Data::List(list)) => visitor
                .visit_seq(SeqDeserializer::new(list.iter().map(|entry| self.of(Content::Entry(entry))))),
            Content::Data(Data::Container(container)) => Inner { schema, container }.deserialize_any(visitor),
            Content::Entry(container) => Inner { schema, container }.deserialize_any(visitor),
            Content::Absent(node) => {
                Inner { schema, container: &Container::new(node) }.deserialize_any(visitor)
            }
            Content::Data(Data::Any(value)) => {
                let value = serde_json::Value::clone(value);
                value.deserialize_any(visitor).map_err(|error| DeserializeError(error.to_string()))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeserializeError> {
        match self.content {
            Content::Value(value) | Content::Data(Data::Leaf(value)) => {
                value.to_string().into_deserializer().deserialize_enum(name, variants, visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DeserializeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError> {
        // What a struct leaves out is not walked through: it may be a list of very many entries.
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier
    }
}

impl<'de> IntoDeserializer<'de, DeserializeError> for Member<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn scalar<'de, V: Visitor<'de>>(value: &Value, visitor: V) -> Result<V::Value, DeserializeError> {
    match value {
        Value::Empty => visitor.visit_unit(),
        Value::Bool(value) => visitor.visit_bool(*value),
        Value::Int(value) => visitor.visit_i64(*value),
        Value::Uint(value) => visitor.visit_u64(*value),
        Value::Decimal(value) => visitor.visit_f64(value.to_f64()),
        Value::String(_)
        | Value::Enum(_)
        | Value::Bits(_)
        | Value::Binary(_)
        | Value::Identity(_)
        | Value::InstanceIdentifier(_) => match value.as_str() {
            Some(text) => visitor.visit_str(text),
            None => visitor.visit_string(value.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::data::decode::{Allow, DecodeOptions, Format, decode};
    use crate::data::path::InstancePath;
    use crate::yang::product::compile_product;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Role {
        name: String,
        #[serde(default)]
        allowed_audiences: Vec<String>,
        require_audience: bool,
        max_ttl: Option<String>,
        algorithm: Option<Algorithm>,
        #[serde(default)]
        fixed_claims: Vec<Claim>,
        distribute: Distribute,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Algorithm {
        ES256,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Claim {
        name: String,
        value: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Distribute {
        to: Option<String>,
        #[serde(default)]
        sites: Vec<String>,
    }

    fn read<T: DeserializeOwned>(path: &str, body: &str) -> Result<T, DeserializeError> {
        let schema = compile_product().unwrap();
        let path = InstancePath::parse_v1(&schema, path).unwrap();
        let options = DecodeOptions::plain(Format::Yaml, Allow::Config);
        let Data::Container(entry) = decode(&schema, &path, body.as_bytes(), &options).unwrap() else {
            panic!("no entry")
        };
        from_data(&schema, &entry)
    }

    const ROLE: &str = "strongbox/jwt-issuers/i/roles/r";

    #[test]
    fn what_is_stored_and_what_is_in_use_by_default() {
        let role: Role = read(
            ROLE,
            "{allowed-audiences: [b, a], max-ttl: 60m, algorithm: ES256, fixed-claims: [{name: n, value: v}]}",
        )
        .unwrap();
        let expected = Role {
            name: "r".to_owned(),
            allowed_audiences: vec!["b".to_owned(), "a".to_owned()],
            require_audience: true,
            max_ttl: Some("1h".to_owned()),
            algorithm: Some(Algorithm::ES256),
            fixed_claims: vec![Claim { name: "n".to_owned(), value: "v".to_owned() }],
            distribute: Distribute { to: Some("inherit".to_owned()), sites: Vec::new() },
        };
        assert_eq!(role, expected);
    }

    #[test]
    fn rfc7950_7_9_3_a_default_of_a_case_that_is_not_chosen_is_not_in_use() {
        let role: Role = read(ROLE, "{distribute: {sites: [x]}}").unwrap();
        assert_eq!(role.distribute, Distribute { to: None, sites: vec!["x".to_owned()] });
    }

    #[test]
    fn a_struct_that_does_not_fit_is_named_with_its_node() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Wrong {
            #[allow(dead_code)]
            require_audience: u32,
        }
        let error = read::<Wrong>(ROLE, "{}").unwrap_err().to_string();
        assert!(error.starts_with("/strongbox/jwt-issuers/roles cannot be read: invalid type"), "{error}");
    }

    #[test]
    fn an_empty_input_is_the_unit() {
        let schema = compile_product().unwrap();
        let input = schema.find("/strongbox/transit-keys/rotate").unwrap();
        assert_eq!(from_data::<()>(&schema, &Container::new(input)), Ok(()));
    }
}
