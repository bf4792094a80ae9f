//! A service's own struct on its way to data, without a text between them: a serializer that is guided by the schema as the
//! readers of texts are, and leaves everything that is more than names and types to the same functions.
//!
//! Shapes that only a text settles (an enum that carries something, `[null]`, numbers of 128 bits) are not taken here: with
//! [`Elsewhere`] the whole struct goes by its text.

use std::fmt;

use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use serde_json::value::Value as Json;
use smallvec::SmallVec;

use super::Decoder;
use super::object::Member;
use crate::data::tree::build::ListBuilder;
use crate::data::tree::{Container, Data};
use crate::yang::schema::types::Raw;
use crate::yang::schema::{NodeId, NodeKind, Value};

/// The struct has a shape that is not taken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Elsewhere;

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the struct goes by its text")
    }
}

impl std::error::Error for Elsewhere {}

impl ser::Error for Elsewhere {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Elsewhere
    }
}

type Taken = Result<Option<Data>, Elsewhere>;

/// The names by which serde_json hands itself what is JSON already.
const OF_SERDE_JSON: &str = "$serde_json";

/// Takes the content of the target; `None` where it is absent or was refused.
///
/// # Errors
/// [`Elsewhere`].
pub(super) fn take<T: Serialize>(decoder: &mut Decoder<'_>, value: &T) -> Taken {
    let mut node = decoder.path.target();
    if let Some(side) = decoder.side(node) {
        decoder.path.push(side, Vec::new());
        node = side;
    }
    value.serialize(Direct { decoder, node, place: Place::Target })
}

/// Takes the content of a node.
struct Direct<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    node: NodeId,
    place: Place,
}

/// Where the content stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is all there is.
    Target,
    /// In an object.
    Member,
    /// In an array.
    Item,
}

impl<'d, 's> Direct<'d, 's> {
    fn kind(&self) -> &'s NodeKind {
        &self.decoder.schema.node(self.node).kind
    }

    fn scalar(self, raw: Raw<'_>) -> Taken {
        let ty = match self.kind() {
            NodeKind::Leaf { ty, .. } if self.place != Place::Item => ty,
            NodeKind::LeafList { ty, .. } if self.place == Place::Item => ty,
            _ => return Err(Elsewhere),
        };
        Ok(self.decoder.parse(self.node, ty, raw, None).map(Data::Leaf))
    }

    fn object(self) -> Result<Object<'d, 's>, Elsewhere> {
        match self.kind() {
            NodeKind::List { .. } if self.place != Place::Member => {}
            NodeKind::Container { .. } | NodeKind::Input | NodeKind::Output | NodeKind::Notification => {}
            _ => return Err(Elsewhere),
        }
        let Direct { decoder, node, .. } = self;
        Ok(Object {
            decoder,
            node,
            children: Vec::with_capacity(8),
            seen: SmallVec::new(),
            next: 0,
            name: None,
        })
    }
}

impl<'d, 's> Serializer for Direct<'d, 's> {
    type Ok = Option<Data>;
    type Error = Elsewhere;
    type SerializeSeq = Items<'d, 's>;
    type SerializeTuple = Impossible<Option<Data>, Elsewhere>;
    type SerializeTupleStruct = Impossible<Option<Data>, Elsewhere>;
    type SerializeTupleVariant = Impossible<Option<Data>, Elsewhere>;
    type SerializeMap = Object<'d, 's>;
    type SerializeStruct = Object<'d, 's>;
    type SerializeStructVariant = Impossible<Option<Data>, Elsewhere>;

    fn serialize_bool(self, value: bool) -> Taken {
        self.scalar(Raw::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Taken {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Taken {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Taken {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Taken {
        self.scalar(u64::try_from(value).map_or(Raw::Int(value), Raw::Uint))
    }

    fn serialize_u8(self, value: u8) -> Taken {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Taken {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Taken {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Taken {
        self.scalar(Raw::Uint(value))
    }

    fn serialize_f32(self, _: f32) -> Taken {
        Err(Elsewhere)
    }

    fn serialize_f64(self, _: f64) -> Taken {
        Err(Elsewhere)
    }

    fn serialize_char(self, value: char) -> Taken {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Taken {
        self.scalar(Raw::Text(text))
    }

    fn serialize_bytes(self, _: &[u8]) -> Taken {
        Err(Elsewhere)
    }

    fn serialize_none(self) -> Taken {
        Ok(None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Taken {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Taken {
        Ok(None)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Taken {
        Ok(None)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Taken {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Taken {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Taken {
        Err(Elsewhere)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'d, 's>, Elsewhere> {
        let items = match self.kind() {
            _ if self.place == Place::Item => return Err(Elsewhere),
            NodeKind::LeafList { .. } => Gathered::Values(Vec::new()),
            NodeKind::List { .. } => {
                Gathered::Entries(Box::new(ListBuilder::new(self.decoder.schema, self.node)))
            }
            _ => return Err(Elsewhere),
        };
        let Direct { decoder, node, .. } = self;
        Ok(Items { decoder, node, items })
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Elsewhere> {
        Err(Elsewhere)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Elsewhere> {
        Err(Elsewhere)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Elsewhere> {
        Err(Elsewhere)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'d, 's>, Elsewhere> {
        self.object()
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object<'d, 's>, Elsewhere> {
        if name.starts_with(OF_SERDE_JSON) { Err(Elsewhere) } else { self.object() }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Elsewhere> {
        Err(Elsewhere)
    }
}

/// The members of an object.
pub(super) struct Object<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    node: NodeId,
    children: Vec<(NodeId, Data)>,
    seen: SmallVec<[NodeId; 32]>,
    /// Which child is likely to come next.
    next: usize,
    /// The name of a map's member whose value comes next.
    name: Option<String>,
}

impl Object<'_, '_> {
    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Elsewhere> {
        let decoder = &mut *self.decoder;
        let Member::Child(node) = decoder.member(self.node, name, &mut self.next) else {
            return Err(Elsewhere);
        };
        if self.seen.contains(&node) {
            return Err(Elsewhere);
        }
        self.seen.push(node);
        decoder.path.push(node, Vec::new());
        let read = match decoder.schema.node(node).kind {
            NodeKind::Anydata | NodeKind::Anyxml => {
                let value = serde_json::to_value(value).map_err(|_| Elsewhere)?;
                decoder.any(node, value)
            }
            _ => value.serialize(Direct { decoder: &mut *decoder, node, place: Place::Member })?,
        };
        decoder.path.steps.pop();
        decoder.keep(&mut self.children, node, read);
        Ok(())
    }

    fn finish(self) -> Taken {
        let Object { decoder, node, mut children, seen, .. } = self;
        decoder.check_choices(&mut children);
        let mut container = Container::with_children(node, children);
        decoder.check_keys(&mut container, &[], &seen);
        Ok(Some(Data::Container(container.into())))
    }
}

impl SerializeStruct for Object<'_, '_> {
    type Ok = Option<Data>;
    type Error = Elsewhere;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Elsewhere> {
        self.member(name, value)
    }

    fn end(self) -> Taken {
        self.finish()
    }
}

impl SerializeMap for Object<'_, '_> {
    type Ok = Option<Data>;
    type Error = Elsewhere;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Elsewhere> {
        match serde_json::to_value(name) {
            Ok(Json::String(name)) => self.name = Some(name),
            _ => return Err(Elsewhere),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Elsewhere> {
        let name = self.name.take().ok_or(Elsewhere)?;
        self.member(&name, value)
    }

    fn end(self) -> Taken {
        self.finish()
    }
}

/// The entries of a list, or the values of a leaf-list.
pub(super) struct Items<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    node: NodeId,
    items: Gathered,
}

enum Gathered {
    Values(Vec<Value>),
    Entries(Box<ListBuilder>),
}

impl SerializeSeq for Items<'_, '_> {
    type Ok = Option<Data>;
    type Error = Elsewhere;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Elsewhere> {
        let Items { decoder, node, items } = self;
        let is_entry = usize::from(matches!(items, Gathered::Entries(_)));
        decoder.entries += is_entry;
        let read = item.serialize(Direct { decoder, node: *node, place: Place::Item })?;
        decoder.entries -= is_entry;
        match (items, read) {
            (Gathered::Values(values), Some(Data::Leaf(value))) => values.push(value),
            (Gathered::Entries(list), Some(Data::Container(entry))) => {
                let has_keys = decoder.schema.node(*node).keys().iter().all(|key| entry.leaf(*key).is_some());
                if !has_keys || list.contains(&entry) {
                    return Err(Elsewhere);
                }
                decoder.add_entry(list, entry);
            }
            _ => return Err(Elsewhere),
        }
        Ok(())
    }

    fn end(self) -> Taken {
        let Items { decoder, node, items } = self;
        Ok(Some(match items {
            Gathered::Values(mut values) => {
                decoder.check_repetitions(node, &mut values);
                Data::LeafList(values.into())
            }
            Gathered::Entries(list) => Data::List(list.finish().into()),
        }))
    }
}

#[cfg(test)]
mod tests;
