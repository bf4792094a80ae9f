//! The walk itself: every inner node, list and scalar as serde's data model has it.

use std::num::NonZeroU32;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::marks::{Marks, Origin};
use super::scalar::{Name, Scalar};
use super::{Content, Remaining, Shape, Subject, Surroundings, View, WithDefaults};
use crate::base::json::Plain;
use crate::data::default::{self, DefaultValue};
use crate::data::fields::FieldTree;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, Overlay};
use crate::yang::schema::{ModuleId, Node, NodeId, Schema, Value};

pub(super) fn serialize<S: Serializer>(view: &View<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let Shape { fields, depth, .. } = view.shape;
    let asked = Asked::of(view.shape);
    let at = At { view, depth: depth.unwrap_or(u32::MAX), fields: fields.as_ref(), asked };
    match view.data {
        Subject::Container(container) => {
            at.inner(container.node, Some(container)).with_module_of_parent().serialize(serializer)
        }
        Subject::List(list) => serializer.collect_seq(list.iter().map(|entry| at.entry(entry))),
        Subject::Completed(list, completion) => {
            let entries = list.iter().filter_map(|entry| completion.complete(entry));
            let entries = entries.map(Overlay::into_container);
            serializer.collect_seq(entries.map(|entry| Completed { at, entry }))
        }
        Subject::Entries(entries) => {
            let mut page = view.shape.page.as_ref();
            serializer.collect_seq(entries.iter().map(|entry| {
                let marks = Marks { page: page.take(), ..Marks::default() };
                at.entry(entry).marked(marks)
            }))
        }
        Subject::Keys(entries) => serializer.collect_seq(entries.iter().map(|entry| Keys { at, entry })),
        Subject::Leaf(node, value) => at.scalar(node, value).serialize(serializer),
        Subject::LeafList(node, values) => at.values(node, values).serialize(serializer),
        Subject::Any(value) => value.serialize(serializer),
    }
}

/// What most requests do not ask for, so that it need not be looked into at every node.
#[derive(Clone, Copy)]
struct Asked {
    /// Every node is shown that can come out at all.
    shows_all: bool,
    /// There can be metadata.
    tells: bool,
}

impl Asked {
    fn of(shape: &Shape) -> Self {
        Asked {
            shows_all: shape.fields.is_none()
                && shape.depth.is_none()
                && shape.content == Content::All
                && shape.hidden.is_empty(),
            tells: shape.with_origin
                || shape.sublist_limit.is_some()
                || shape.defaults == WithDefaults::ReportAllTagged,
        }
    }
}

/// A place in the walk: what is left of the depth, and which fields are wanted below. On the way to a field, and at it, the
/// depth is still that of the subject: so both are shown whatever it is (RFC 8040 section 4.8.2).
#[derive(Clone, Copy)]
struct At<'v, 'a> {
    view: &'v View<'a>,
    depth: u32,
    fields: Option<&'v FieldTree>,
    asked: Asked,
}

impl<'v, 'a> At<'v, 'a> {
    fn schema(&self) -> &'a Schema {
        self.view.schema
    }

    fn inner<'c>(self, node: NodeId, container: Option<&'c Container>) -> Inner<'v, 'a, 'c> {
        let module = Some(self.schema().node(node).module);
        Inner { at: self, node, container, module, above: None, marks: Marks::default() }
    }

    fn entry<'c>(self, entry: &'c Container) -> Inner<'v, 'a, 'c> {
        self.inner(entry.node, Some(entry))
    }

    /// One level further down, where these fields are wanted.
    fn below(self, fields: Option<&'v FieldTree>) -> Self {
        let depth = if self.fields.is_some() { self.depth } else { self.depth.saturating_sub(1) };
        At { depth, fields, ..self }
    }

    fn scalar<'c>(self, node: NodeId, value: &'c Value) -> Scalar<'a, 'c> {
        Scalar {
            schema: self.schema(),
            node: self.schema().node(node),
            strictness: self.view.shape.strictness,
            value,
        }
    }

    fn values<'c>(self, node: NodeId, values: &'c [Value]) -> Values<'v, 'a, 'c> {
        Values { at: self, node, values }
    }

    /// Whether it is told where a node comes from.
    fn tells_origin(&self, node: NodeId) -> bool {
        self.view.shape.with_origin && self.schema().node(node).config
    }

    /// How many of so many entries below the subject are shown, and what is told of the others.
    fn shown_of(&self, count: usize) -> (usize, Option<Remaining>) {
        let limit = self.view.shape.sublist_limit.map_or(u32::MAX, NonZeroU32::get);
        let shown = count.min(usize::try_from(limit).unwrap_or(usize::MAX));
        let remaining = u32::try_from(count - shown).unwrap_or(u32::MAX);
        (shown, (remaining > 0).then_some(Remaining::Exactly(remaining)))
    }

    /// Whether a child is shown at all, and with which fields.
    fn shows(&self, node: &Node) -> Option<Option<&'v FieldTree>> {
        if !comes_out(node) {
            return None;
        }
        if self.asked.shows_all || node.is_key() {
            return Some(None);
        }
        let shape = self.view.shape;
        if self.fields.is_none() && self.depth <= 1 {
            return None;
        }
        let wanted = match shape.content {
            Content::All => true,
            Content::Config => node.config,
            Content::Nonconfig => !node.config || self.schema().has_state_below(node.id),
        };
        if !wanted {
            return None;
        }
        match self.fields {
            None => Some(None),
            Some(fields) => fields.child(node.id),
        }
    }
}

/// Whether values of a node come out at all.
pub(super) fn comes_out(node: &Node) -> bool {
    !node.extensions.secret && !node.extensions.hashed
}

/// An object. Without content it is a non-presence container that exists without being stored.
struct Inner<'v, 'a, 'c> {
    at: At<'v, 'a>,
    node: NodeId,
    container: Option<&'c Container>,
    /// The module whose names need no qualification inside.
    module: Option<ModuleId>,
    /// What it stands in, up to the subject.
    above: Option<&'c Inner<'v, 'a, 'c>>,
    /// What is told of it.
    marks: Marks<'v>,
}

impl<'v, 'a, 'c> Inner<'v, 'a, 'c> {
    /// The same, standing in another.
    fn in_(self, above: &'c Inner<'v, 'a, 'c>) -> Self {
        Inner { above: Some(above), ..self }
    }

    /// The same, with metadata.
    fn marked(self, marks: Marks<'v>) -> Self {
        Inner { marks, ..self }
    }

    /// Its metadata. Where nothing is said of an origin it is that of what is around (RFC 8342 section 5.3.4).
    fn own_marks(&self) -> Marks<'v> {
        let begins = self.node != NodeId::ROOT && self.above.is_none_or(|above| above.node == NodeId::ROOT);
        let origin = (begins && self.at.tells_origin(self.node)).then_some(Origin::Intended);
        Marks { origin, ..self.marks }
    }

    /// The path of the object.
    fn path(&self, surroundings: Surroundings<'_>) -> InstancePath {
        let schema = self.at.schema();
        let is_entry = schema.node(self.node).is_list();
        let keys = self.container.filter(|_| is_entry).map(|entry| entry.key(schema));
        let whole = match self.above {
            Some(above) => above.path(surroundings).child(self.node),
            None => surroundings.path.clone(),
        };
        match keys {
            Some(keys) if whole.keys().is_empty() => whole.entry(keys),
            _ => whole,
        }
    }

    /// At the top of a body RFC 7951 wants names qualified only where the root itself is shown.
    fn with_module_of_parent(mut self) -> Self {
        if self.node == NodeId::ROOT {
            self.module = None;
        }
        self
    }

    fn child<M: SerializeMap>(&self, map: &mut M, id: NodeId, data: &Data) -> Result<(), M::Error> {
        let node = self.at.schema().node(id);
        let Some(fields) = self.at.shows(node) else { return Ok(()) };
        let at = self.at.below(fields);
        match data {
            Data::Leaf(value) => {
                if self.is_trimmed(node, DefaultValue::Leaf(value)) {
                    return Ok(());
                }
                self.member(map, node, &at.scalar(id, value))?;
                if at.asked.tells { self.metadata(map, node, self.marks_of(id)) } else { Ok(()) }
            }
            Data::LeafList(values) => {
                if self.is_trimmed(node, DefaultValue::LeafList(values)) {
                    return Ok(());
                }
                if !at.asked.tells {
                    return self.member(map, node, &at.values(id, values));
                }
                let (shown, remaining) = at.shown_of(values.len());
                let values = values.get(..shown).unwrap_or_default();
                self.member(map, node, &at.values(id, values))?;
                self.metadata_of_each(map, node, shown, self.marks_of(id), remaining)
            }
            Data::Container(container) => {
                self.member(map, node, &at.inner(container.node, Some(container)).in_(self))
            }
            Data::List(list) if !at.asked.tells => {
                let entry = move |entry| at.entry(entry).in_(self);
                self.member(map, node, &Sequence(|| list.iter().map(|entry| &**entry).map(entry)))
            }
            Data::List(list) => {
                let (shown, remaining) = at.shown_of(list.len());
                let marks =
                    move |index| Marks { remaining: remaining.filter(|_| index == 0), ..Marks::default() };
                let entry = move |(index, entry)| at.entry(entry).in_(self).marked(marks(index));
                self.member(
                    map,
                    node,
                    &Sequence(|| list.iter().map(|entry| &**entry).enumerate().take(shown).map(entry)),
                )
            }
            Data::Any(value) => self.member(map, node, &**value),
        }
    }

    /// The metadata of a leaf or leaf-list that somebody set: what is around it tells its origin, but for the root.
    fn marks_of(&self, child: NodeId) -> Marks<'static> {
        let tells = self.node == NodeId::ROOT && self.at.tells_origin(child);
        Marks { origin: tells.then_some(Origin::Intended), ..Marks::default() }
    }

    /// The metadata of a leaf (RFC 7952 section 5.2.1).
    fn metadata<M: SerializeMap>(&self, map: &mut M, node: &Node, marks: Marks<'_>) -> Result<(), M::Error> {
        if marks.is_empty() {
            return Ok(());
        }
        map.serialize_entry(&Metadata(self.name(node)), &marks)
    }

    /// The metadata of so many values of a leaf-list, of which the first tells what is not shown.
    fn metadata_of_each<M: SerializeMap>(
        &self,
        map: &mut M,
        node: &Node,
        count: usize,
        marks: Marks<'_>,
        remaining: Option<Remaining>,
    ) -> Result<(), M::Error> {
        let of_first = Marks { remaining, ..marks };
        if of_first.is_empty() {
            return Ok(());
        }
        let each = || (0..count).map(|index| if index == 0 { of_first } else { marks });
        map.serialize_entry(&Metadata(self.name(node)), &Sequence(each))
    }

    /// A default or non-presence container in the place of a child that is not stored.
    fn absent<M: SerializeMap>(&self, map: &mut M, id: NodeId) -> Result<(), M::Error> {
        let schema = self.at.schema();
        let node = schema.node(id);
        let value = default::default_of(schema, id);
        if self.at.view.shape.hidden.binary_search(&id).is_ok() {
            return Ok(());
        }
        if value.is_none() && !(node.is_np_container() && default::any_in_use(schema, id)) {
            return Ok(());
        }
        let Some(fields) = self.at.shows(node) else { return Ok(()) };
        let is_allowed = |surroundings: Surroundings<'_>| {
            default::is_allowed(schema, surroundings.tree, &self.path(surroundings), id)
        };
        if !default::case_holds(schema, self.container, id)
            || (!node.whens.is_empty() && !self.at.view.surroundings.is_none_or(is_allowed))
        {
            return Ok(());
        }
        let at = self.at.below(fields);
        let marks = Marks {
            default: self.at.view.shape.defaults == WithDefaults::ReportAllTagged,
            origin: self.at.tells_origin(id).then_some(Origin::Default),
            ..Marks::default()
        };
        match value {
            Some(DefaultValue::Leaf(value)) => {
                self.member(map, node, &at.scalar(id, value))?;
                self.metadata(map, node, marks)
            }
            Some(DefaultValue::LeafList(values)) => {
                let (shown, remaining) = at.shown_of(values.len());
                self.member(map, node, &at.values(id, values.get(..shown).unwrap_or_default()))?;
                self.metadata_of_each(map, node, shown, marks, remaining)
            }
            None => self.member(map, node, &at.inner(id, None).in_(self)),
        }
    }

    #[inline]
    fn is_trimmed(&self, node: &Node, value: DefaultValue<'_>) -> bool {
        self.at.view.shape.defaults == WithDefaults::Trim
            && default::default_of(self.at.schema(), node.id) == Some(value)
    }

    fn name<'n>(&'n self, node: &'n Node) -> Name<'n> {
        Name::of(self.at.schema(), self.at.view.shape.names, self.module, node)
    }

    fn member<M: SerializeMap, T: Serialize + ?Sized>(
        &self,
        map: &mut M,
        node: &Node,
        value: &T,
    ) -> Result<(), M::Error> {
        match self.name(node) {
            Name { module: None, name } => map.serialize_entry(&Plain(name), value),
            name => map.serialize_entry(&name, value),
        }
    }
}

impl Serialize for Inner<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let marks = self.own_marks();
        if !marks.is_empty() {
            map.serialize_entry("@", &marks)?;
        }
        let stored = self.container.map_or(&[][..], Container::children);
        match self.at.view.shape.defaults {
            WithDefaults::Explicit | WithDefaults::Trim => {
                for (id, data) in stored {
                    self.child(&mut map, *id, data)?;
                }
            }
            WithDefaults::ReportAll | WithDefaults::ReportAllTagged => {
                // Both are in schema order.
                let mut stored = stored.iter().peekable();
                for id in self.at.schema().children(self.node) {
                    match stored.next_if(|(next, _)| next == id) {
                        Some((_, data)) => self.child(&mut map, *id, data)?,
                        None => self.absent(&mut map, *id)?,
                    }
                }
            }
        }
        map.end()
    }
}

/// An entry that is there only while it is shown.
struct Completed<'v, 'a> {
    at: At<'v, 'a>,
    entry: Arc<Container>,
}

impl Serialize for Completed<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.at.entry(&self.entry).serialize(serializer)
    }
}

/// The key of an entry.
struct Keys<'v, 'a, 'c> {
    at: At<'v, 'a>,
    entry: &'c Arc<Container>,
}

impl Serialize for Keys<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let schema = self.at.schema();
        let keys = schema.node(self.entry.node).keys();
        let mut values = keys.iter().filter_map(|key| self.entry.leaf(*key).map(|value| (*key, value)));
        if let [_] = keys {
            return match values.next() {
                Some((key, value)) => self.at.scalar(key, value).serialize(serializer),
                None => serializer.serialize_unit(),
            };
        }
        let named = values.map(|(key, value)| (schema.node(key).name.as_str(), self.at.scalar(key, value)));
        serializer.collect_map(named)
    }
}

/// Anything that can be iterated more than once, as an array.
struct Sequence<F>(F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for Sequence<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The values of a leaf-list.
struct Values<'v, 'a, 'c> {
    at: At<'v, 'a>,
    node: NodeId,
    values: &'c [Value],
}

impl Serialize for Values<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.values.iter().map(|value| self.at.scalar(self.node, value)))
    }
}

/// The name of the metadata member beside a member (RFC 7952 section 5.2).
struct Metadata<'n>(Name<'n>);

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("@{}", self.0))
    }
}
