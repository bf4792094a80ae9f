//! From data to a service's own structs, through serde: member names are the kebab-case leaf names, defaults in use are
//! filled in, absent lists and leaf-lists are absent members (`#[serde(default)]`). Secrets are included: this is for
//! services, never for what leaves the process.

use std::fmt;
use std::rc::Rc;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::default::{self, DefaultValue};
use super::path::InstancePath;
use super::tree::{Container, Data, Entries, Tree};
use super::xpath::{Cursor, Evaluator, Item};
use crate::yang::schema::{NodeId, Schema, Value};

/// Why data does not fit a struct: a defect of the service or its model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct DeserializeError {
    /// The schema path.
    pub at: String,
    /// What serde had to say.
    pub message: String,
}

impl fmt::Display for DeserializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be read: {}", self.at, self.message)
    }
}

impl de::Error for DeserializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        DeserializeError { at: String::new(), message: message.to_string() }
    }
}

/// Reads a container or entry as a `T`. The conditions of defaults see nothing outside of it: where a model has some that
/// look further, use [`from_tree`].
///
/// # Errors
/// When a member that `T` needs is missing or of another type.
pub fn from_data<T: DeserializeOwned>(schema: &Schema, container: &Container) -> Result<T, DeserializeError> {
    read(Inner { schema, node: container.node, container: Some(container), above: Above::Nothing })
}

/// Reads the container or entry at a path as a `T`; a container that is not stored by its defaults alone.
///
/// # Errors
/// As [`from_data`].
pub fn from_tree<T: DeserializeOwned>(
    schema: &Schema,
    tree: &Tree,
    path: &InstancePath,
) -> Result<T, DeserializeError> {
    let container = tree.entry(path).map(AsRef::as_ref);
    read(Inner { schema, node: path.target(), container, above: Above::Tree(tree, path) })
}

fn read<T: DeserializeOwned>(inner: Inner<'_>) -> Result<T, DeserializeError> {
    T::deserialize(inner).map_err(|error| {
        let place = inner.schema.path(inner.node);
        let at =
            if error.at.is_empty() { place } else { format!("{}/{}", place.trim_end_matches('/'), error.at) };
        DeserializeError { at, ..error }
    })
}

/// An inner node; without content where it exists without being stored.
#[derive(Clone, Copy)]
struct Inner<'a> {
    schema: &'a Schema,
    node: NodeId,
    container: Option<&'a Container>,
    above: Above<'a>,
}

/// What an inner node stands in.
#[derive(Clone, Copy)]
enum Above<'a> {
    Nothing,
    Inner(&'a Inner<'a>),
    Tree(&'a Tree, &'a InstancePath),
}

impl<'a> Inner<'a> {
    /// Where the conditions of children look from.
    fn cursor(&self, evaluator: &Evaluator<'a>) -> Option<Cursor<'a>> {
        let item = Item::Inner { node: self.node, data: self.container };
        match self.above {
            Above::Nothing => self.container.map(Cursor::root),
            Above::Inner(above) => Some(Cursor::below(&Rc::new(above.cursor(evaluator)?), item)),
            Above::Tree(_, path) => evaluator.find(path).ok().flatten(),
        }
    }

    /// Whether the conditions of a child hold that is not stored.
    fn allows(&self, id: NodeId) -> bool {
        if self.schema.node(id).whens.is_empty() {
            return true;
        }
        let root = match self.outermost() {
            Inner { above: Above::Tree(tree, _), .. } => Some(&*tree.root),
            outermost => outermost.container,
        };
        let Some(root) = root else { return false };
        let evaluator = default::evaluator(self.schema, root, id);
        let Some(cursor) = self.cursor(&evaluator) else { return false };
        evaluator.whens_of(id, &Rc::new(cursor)).unwrap_or(false)
    }

    fn outermost(&self) -> Inner<'a> {
        let mut at = *self;
        while let Above::Inner(above) = at.above {
            at = *above;
        }
        at
    }

    /// What stands for a child, if anything does.
    fn child<'i>(&'i self, id: NodeId) -> Option<Member<'i>> {
        let schema = self.schema;
        let inner = |node, container| Inner { schema, node, container, above: Above::Inner(self) };
        if let Some(data) = self.container.and_then(|container| container.get(id)) {
            return Some(match data {
                Data::Leaf(value) => Member::Leaf(value),
                Data::LeafList(values) => Member::LeafList(values),
                Data::Container(container) => Member::Inner(inner(id, Some(&**container))),
                Data::List(list) => Member::List(self, list.iter()),
                Data::Any(value) => Member::Any(value),
            });
        }
        let member = match default::default_of(schema, id) {
            Some(DefaultValue::Leaf(value)) => Member::Leaf(value),
            Some(DefaultValue::LeafList(values)) => Member::LeafList(values),
            None if schema.node(id).is_np_container() => Member::Inner(inner(id, None)),
            None => return None,
        };
        (default::case_holds(schema, self.container, id) && self.allows(id)).then_some(member)
    }
}

impl<'de> Deserializer<'de> for Inner<'_> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_map(Members { inner: &self, rest: self.schema.children(self.node), current: None })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    /// An operation without input or output has `()` for it.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

struct Members<'a> {
    inner: &'a Inner<'a>,
    rest: &'a [NodeId],
    current: Option<(NodeId, Member<'a>)>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = DeserializeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        while let Some((id, rest)) = self.rest.split_first() {
            self.rest = rest;
            // What a user's module adds beside a node of the same name is not what the struct means.
            if let Some(member) = self.inner.child(*id)
                && !self.inner.schema.is_overshadowed(*id)
            {
                self.current = Some((*id, member));
                let name = &self.inner.schema.node(*id).name;
                return seed.deserialize(StrDeserializer::new(name)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        let Some((id, member)) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its name"));
        };
        seed.deserialize(member).map_err(|error| {
            let node = self.inner.schema.node(id);
            // serde quotes the value in its messages.
            let secret = node.extensions.secret || node.extensions.hashed;
            let message = if secret { "the secret does not fit".to_owned() } else { error.message };
            let at = if error.at.is_empty() {
                node.name.to_string()
            } else {
                format!("{}/{}", node.name, error.at)
            };
            DeserializeError { at, message }
        })
    }
}

/// What stands behind a name.
enum Member<'a> {
    Leaf(&'a Value),
    LeafList(&'a [Value]),
    Inner(Inner<'a>),
    List(&'a Inner<'a>, Entries<'a>),
    Any(&'a serde_json::Value),
}

/// Hands every request of the deserializer on to what the member is.
macro_rules! hand_on {
    ($($method:ident($($argument:ident: $ty:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $ty,)* visitor: V) -> Result<V::Value, Self::Error> {
            match self {
                Member::Leaf(value) => Scalar(value).$method($($argument,)* visitor),
                Member::Inner(inner) => inner.$method($($argument,)* visitor),
                Member::LeafList(values) => {
                    SeqDeserializer::new(values.iter().map(Scalar)).$method($($argument,)* visitor)
                }
                Member::List(above, entries) => {
                    let entries = entries.map(|entry| Inner {
                        schema: above.schema,
                        node: entry.node,
                        container: Some(entry),
                        above: Above::Inner(above),
                    });
                    SeqDeserializer::new(entries).$method($($argument,)* visitor)
                }
                Member::Any(value) => {
                    value.clone().$method($($argument,)* visitor).map_err(de::Error::custom)
                }
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Member<'_> {
    type Error = DeserializeError;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Member::Any(serde_json::Value::Null) => visitor.visit_none(),
            member => visitor.visit_some(member),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    /// What a struct leaves out is not walked through: it may be a list of very many entries.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    hand_on! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
    }
}

/// A leaf's value.
#[derive(Clone, Copy)]
struct Scalar<'a>(&'a Value);

impl<'de> IntoDeserializer<'de, DeserializeError> for Scalar<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> IntoDeserializer<'de, DeserializeError> for Inner<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Scalar<'_> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Empty => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => visitor.visit_i64(*value),
            Value::Uint(value) => visitor.visit_u64(*value),
            Value::Decimal(value) => visitor.visit_f64(value.to_f64()),
            Value::String(text) | Value::Bits(text) | Value::InstanceIdentifier(text) => {
                visitor.visit_str(text)
            }
            Value::Enum(name) => visitor.visit_str(name),
            Value::Secret(secret) => visitor.visit_str(secret.expose_text().unwrap_or_default()),
            Value::Binary(bytes) => visitor.visit_bytes(bytes.expose()),
            Value::Identity(_) => visitor.visit_string(self.0.to_string()),
        }
    }

    /// A leaf of type `empty` that is there is true.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Empty => visitor.visit_bool(true),
            _ => self.deserialize_any(visitor),
        }
    }

    /// Decimals as their exact text, binary as base64.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Decimal(_) | Value::Binary(_) => visitor.visit_string(self.0.to_string()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Binary(bytes) => {
                SeqDeserializer::new(bytes.expose().iter().copied()).deserialize_seq(visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    /// An enumeration or identity is a variant by its name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Identity(identity) => visitor.visit_enum(StrDeserializer::new(&identity.name)),
            value => match value.as_str() {
                Some(text) => visitor.visit_enum(StrDeserializer::new(text)),
                None => self.deserialize_any(visitor),
            },
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct map
        struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
