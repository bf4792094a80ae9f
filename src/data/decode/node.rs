//! Seeds and visitors for inner nodes: objects as containers and entries, arrays as lists and leaf-lists.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::any::AnySeed;
use super::object::Mark;
use super::scalar::{LeafSeed, scalars};
use super::{Decoder, Nulls};
use crate::base::error::ErrorTag;
use crate::data::tree::build::ListBuilder;
use crate::data::tree::share::shared_container;
use crate::data::tree::{Container, Data};
use crate::data::violation::{Violation, shorten};
use crate::yang::schema::types::Raw;
use crate::yang::schema::{NodeId, NodeKind, Value};

/// Reads the target of a request.
pub(super) struct TargetSeed<'d, 's, 'k> {
    pub decoder: &'d mut Decoder<'s>,
    /// The keys that the path gives.
    pub keys: &'k [Value],
}

impl<'de> DeserializeSeed<'de> for TargetSeed<'_, '_, '_> {
    type Value = Option<Data>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let TargetSeed { decoder, keys } = self;
        let id = decoder.path.target();
        let node = decoder.schema.node(id);
        match &node.kind {
            NodeKind::List { .. } if keys.is_empty() => {
                deserializer.deserialize_any(ListVisitor { decoder, node: id, whole: false })
            }
            NodeKind::List { .. } => deserializer.deserialize_any(ObjectVisitor { decoder, node: id, keys }),
            NodeKind::LeafList { .. } if !keys.is_empty() => {
                let value = LeafSeed { decoder, node: id }.deserialize(deserializer)?;
                if let (Some(value), [wanted]) = (&value, keys)
                    && value != wanted
                {
                    let message = format!(
                        "the body says '{}' and the path '{}'; they must agree",
                        shorten(&value.to_string()),
                        shorten(&wanted.to_string())
                    );
                    decoder.report(ErrorTag::InvalidValue, message);
                }
                Ok(value.map(Data::Leaf))
            }
            _ => NodeSeed { decoder, node: id }.deserialize(deserializer),
        }
    }
}

/// Reads the content of a node; `None` where it was refused, is absent or gave edits instead.
pub(super) struct NodeSeed<'d, 's> {
    pub decoder: &'d mut Decoder<'s>,
    pub node: NodeId,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_, '_> {
    type Value = Option<Data>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let NodeSeed { decoder, node: id } = self;
        match &decoder.schema.node(id).kind {
            NodeKind::Leaf { .. } => {
                Ok(LeafSeed { decoder, node: id }.deserialize(deserializer)?.map(Data::Leaf))
            }
            NodeKind::LeafList { .. } => deserializer.deserialize_any(LeafListVisitor { decoder, node: id }),
            NodeKind::List { .. } => {
                deserializer.deserialize_any(ListVisitor { decoder, node: id, whole: true })
            }
            NodeKind::Anydata | NodeKind::Anyxml => {
                let value = AnySeed { decoder: &mut *decoder }.deserialize(deserializer)?;
                value.iter().for_each(|value| decoder.check_any(value));
                Ok(value.and_then(|value| decoder.any(id, value)))
            }
            NodeKind::Rpc | NodeKind::Action => {
                let Some(side) = decoder.side(id) else {
                    let IgnoredAny = serde::Deserialize::deserialize(deserializer)?;
                    return Ok(None);
                };
                decoder.path.push(side, Vec::new());
                let read = deserializer.deserialize_any(ObjectVisitor {
                    decoder: &mut *decoder,
                    node: side,
                    keys: &[],
                });
                decoder.path.steps.pop();
                read
            }
            _ => deserializer.deserialize_any(ObjectVisitor { decoder, node: id, keys: &[] }),
        }
    }
}

/// An object: a container, an entry, an operation's input or output, the root.
struct ObjectVisitor<'d, 's, 'k> {
    decoder: &'d mut Decoder<'s>,
    node: NodeId,
    /// For a list's entry: keys that the path gives.
    keys: &'k [Value],
}

impl ObjectVisitor<'_, '_, '_> {
    fn scalar<E: de::Error>(self, raw: Raw<'_>) -> Result<Option<Data>, E> {
        self.decoder.misfit(&raw_text(raw), "an object");
        Ok(None)
    }

    fn null<E: de::Error>(self) -> Result<Option<Data>, E> {
        self.decoder.null()
    }
}

impl<'de> Visitor<'de> for ObjectVisitor<'_, '_, '_> {
    type Value = Option<Data>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        self.decoder.misfit("an array", "an object");
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        let ObjectVisitor { decoder, node, keys } = self;
        Ok(decoder.object(node, keys, members)?.map(|container| Data::Container(Arc::new(container))))
    }
}

/// An array of entries.
struct ListVisitor<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    node: NodeId,
    /// Only the array form; otherwise one entry will do too.
    whole: bool,
}

impl ListVisitor<'_, '_> {
    fn scalar<E: de::Error>(self, raw: Raw<'_>) -> Result<Option<Data>, E> {
        self.decoder.misfit(&raw_text(raw), "an array of objects");
        Ok(None)
    }

    fn null<E: de::Error>(self) -> Result<Option<Data>, E> {
        self.decoder.null()
    }
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_> {
    type Value = Option<Data>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    scalars!();

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let ListVisitor { decoder, node, whole } = self;
        if !whole {
            let mark = decoder.mark();
            let entry = decoder.object(node, &[], members)?;
            if let Some(entry) = &entry {
                decoder.complete_paths(mark, entry);
            }
            return Ok(entry.map(|entry| Data::Container(Arc::new(entry))));
        }
        decoder.misfit("an object", "an array of objects");
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let ListVisitor { decoder, node, .. } = self;
        decoder.enter()?;
        let mut list = ListBuilder::new(decoder.schema, node);
        let mut number = 0_usize;
        loop {
            number += 1;
            let mark = decoder.mark();
            decoder.entries += 1;
            let read = items.next_element_seed(EntrySeed { decoder: &mut *decoder, node })?;
            decoder.entries -= 1;
            let Some(read) = read else { break };
            let Some(Data::Container(entry)) = read else {
                decoder.number_missing_keys(mark, number);
                continue;
            };
            decoder.complete_paths(mark, &entry);
            decoder.insert_entry(&mut list, entry, mark, number);
        }
        let list = list.finish();
        decoder.leave();
        if decoder.nulls == Nulls::Delete && list.is_user_ordered() {
            decoder.replace_later(Data::List(Arc::new(list)));
            return Ok(None);
        }
        Ok(Some(Data::List(Arc::new(list))))
    }
}

/// One entry of an array.
struct EntrySeed<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    node: NodeId,
}

impl<'de> DeserializeSeed<'de> for EntrySeed<'_, '_> {
    type Value = Option<Data>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(EntryVisitor(ObjectVisitor {
            decoder: self.decoder,
            node: self.node,
            keys: &[],
        }))
    }
}

/// As [`ObjectVisitor`], but `null` among the entries of an array means nothing.
struct EntryVisitor<'d, 's>(ObjectVisitor<'d, 's, 'static>);

impl EntryVisitor<'_, '_> {
    fn scalar<E: de::Error>(self, raw: Raw<'_>) -> Result<Option<Data>, E> {
        self.0.scalar(raw)
    }

    fn null<E: de::Error>(self) -> Result<Option<Data>, E> {
        self.0.scalar(Raw::Null)
    }
}

impl<'de> Visitor<'de> for EntryVisitor<'_, '_> {
    type Value = Option<Data>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        self.0.visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        self.0.visit_map(members)
    }
}

/// An array of scalars.
struct LeafListVisitor<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    node: NodeId,
}

impl LeafListVisitor<'_, '_> {
    fn scalar<E: de::Error>(self, raw: Raw<'_>) -> Result<Option<Data>, E> {
        self.decoder.misfit(&raw_text(raw), "an array of values");
        Ok(None)
    }

    fn null<E: de::Error>(self) -> Result<Option<Data>, E> {
        self.decoder.null()
    }
}

impl<'de> Visitor<'de> for LeafListVisitor<'_, '_> {
    type Value = Option<Data>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of values")
    }

    scalars!();

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        self.decoder.misfit("an object", "an array of values");
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let LeafListVisitor { decoder, node } = self;
        decoder.enter()?;
        let nulls = std::mem::replace(&mut decoder.nulls, Nulls::Refused);
        let mut values: Vec<Value> = Vec::new();
        while let Some(value) = items.next_element_seed(LeafSeed { decoder: &mut *decoder, node })? {
            values.extend(value);
        }
        decoder.nulls = nulls;
        decoder.leave();
        decoder.check_repetitions(node, &mut values);
        let user_ordered = decoder.schema.node(node).list_facts().is_some_and(|facts| facts.user_ordered);
        if decoder.nulls == Nulls::Delete && user_ordered {
            decoder.replace_later(Data::LeafList(values.into()));
            return Ok(None);
        }
        Ok(Some(Data::LeafList(values.into())))
    }
}

impl Decoder<'_> {
    /// Adds an entry to its list; one without all of its keys is told by its number, from 1.
    pub(super) fn insert_entry(
        &mut self,
        list: &mut ListBuilder,
        entry: Arc<Container>,
        mark: Mark,
        number: usize,
    ) {
        let keys = self.schema.node(entry.node).keys();
        if !keys.iter().all(|key| entry.leaf(*key).is_some()) {
            self.number_missing_keys(mark, number);
            return;
        }
        if list.contains(&entry) {
            let keys = entry.key(self.schema);
            let shown: Vec<String> = keys.iter().map(Value::to_string).collect();
            let message = format!(
                "two entries of '{}' have the key '{}'",
                self.schema.node(entry.node).name,
                shorten(&shown.join(","))
            );
            let path = self.path.entry(keys);
            self.violations.push(Violation::new(ErrorTag::InvalidValue, path, message));
            return;
        }
        self.add_entry(list, entry);
    }

    /// Adds an entry that is not in the list yet. Entries of a list inside an entry are often those of another one, too.
    pub(super) fn add_entry(&self, list: &mut ListBuilder, entry: Arc<Container>) {
        list.push(if self.entries > 0 { shared_container(self.schema, entry) } else { entry });
    }

    /// The values of a leaf-list are unique in configuration (RFC 7950 section 7.7); those that come again are left out.
    pub(super) fn check_repetitions(&mut self, node: NodeId, values: &mut Vec<Value>) {
        if !self.schema.node(node).config {
            return;
        }
        let mut seen = HashSet::with_capacity(values.len());
        let mut again = HashSet::new();
        for (index, value) in values.iter().enumerate() {
            if !seen.insert(value) {
                let message = format!("'{}' is given twice", shorten(&value.to_string()));
                let path = self.path.entry([value.clone()]);
                self.violations.push(Violation::new(ErrorTag::InvalidValue, path, message));
                again.insert(index);
            }
        }
        if !again.is_empty() {
            let mut index = 0..;
            values.retain(|_| index.next().is_none_or(|index| !again.contains(&index)));
        }
    }
}

pub(super) fn raw_text(raw: Raw<'_>) -> String {
    match raw {
        Raw::Text(text) => format!("'{}'", shorten(text)),
        Raw::Bool(value) => value.to_string(),
        Raw::Int(value) => value.to_string(),
        Raw::Uint(value) => value.to_string(),
        Raw::Float(value) => value.to_string(),
        Raw::Null => "null".to_owned(),
    }
}
