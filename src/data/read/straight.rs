//! JSON without detours: every member that is stored, one after the other, for queries that leave nothing out but state and
//! tell nothing beside the data. Nearly all are of this kind.
//!
//! What it writes is byte for byte what the general walk writes; the tests hold each against the other. Not for other
//! formats, nor for defaults, `fields`, `depth` and metadata: those are the general walk's.

use serde_json::Error;

use super::message::Message;
use super::scalar::{Name, Scalar};
use super::walk::comes_out;
use super::{Content, Shape, Subject, View, WithDefaults};
use crate::base::json::{self, text::append_quoted};
use crate::data::decode::Names;
use crate::data::tree::fetch::Fetched;
use crate::data::tree::{Container, Data};
use crate::yang::schema::types::Strictness;
use crate::yang::schema::{ModuleId, Node, NodeId, Schema, Value};

/// The writer of one view.
#[derive(Clone, Copy)]
pub(super) struct Straight<'a> {
    schema: &'a Schema,
    names: Names,
    strictness: Strictness,
    /// Without state.
    config_only: bool,
}

impl<'a> Straight<'a> {
    /// The writer of a view; `None` where its query asks for more than what is stored.
    pub fn of(view: &View<'a>) -> Option<Self> {
        let shape: &Shape = view.shape;
        let leaves_out =
            shape.fields.is_some() || shape.depth.is_some() || shape.content == Content::Nonconfig;
        let is_stored = shape.defaults == WithDefaults::Explicit && !matches!(view.data, Subject::Keys(_));
        let tells_more = shape.with_origin || shape.sublist_limit.is_some() || shape.page.is_some();
        (is_stored && !leaves_out && !tells_more).then_some(Straight {
            schema: view.schema,
            names: shape.names,
            strictness: shape.strictness,
            config_only: shape.content == Content::Config,
        })
    }

    /// Appends what a message says.
    ///
    /// # Errors
    /// None: writing to memory does not fail.
    pub fn append_message(&self, message: &Message<'_, '_>, out: &mut Vec<u8>) -> Result<(), Error> {
        out.push(b'{');
        append_quoted(message.name, out)?;
        out.push(b':');
        let is_entry = message.is_entry();
        out.extend_from_slice(if is_entry { b"[" } else { b"" });
        self.append(message.view.data, out)?;
        out.extend_from_slice(if is_entry { b"]}" } else { b"}" });
        Ok(())
    }

    /// Appends what is shown.
    ///
    /// # Errors
    /// None, as above.
    pub fn append(&self, data: Subject<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        match data {
            // At the top of a body RFC 7951 wants names qualified only where the root itself is shown.
            Subject::Container(root) if root.node == NodeId::ROOT => {
                self.object(None, root.children().iter(), out)
            }
            Subject::Container(container) => self.container(container, out),
            Subject::List(list) => {
                array(Fetched::new(list.iter()), out, |entry, out| self.container(entry, out))
            }
            Subject::Completed(list, completion) => {
                let entries = Fetched::new(list.iter()).filter_map(|entry| completion.complete(entry));
                array(entries, out, |entry, out| self.object(self.own(entry.node()), entry.children(), out))
            }
            Subject::Entries(entries) => array(entries, out, |entry, out| self.container(entry, out)),
            Subject::Leaf(node, value) => self.scalar(self.schema.node(node), value, out),
            Subject::LeafList(node, values) => self.values(self.schema.node(node), values, out),
            Subject::Any(value) => json::append(value, out),
            Subject::Keys(_) => Ok(()),
        }
    }

    /// The module whose names need no qualification in a node.
    fn own(&self, node: NodeId) -> Option<ModuleId> {
        Some(self.schema.node(node).module)
    }

    fn container(&self, container: &Container, out: &mut Vec<u8>) -> Result<(), Error> {
        self.object(self.own(container.node), container.children().iter(), out)
    }

    fn object<'d>(
        &self,
        own: Option<ModuleId>,
        children: impl Iterator<Item = &'d (NodeId, Data)>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let begin = out.len();
        for (id, data) in children {
            let node = self.schema.node(*id);
            if !self.shows(node) {
                continue;
            }
            self.name(own, node, out);
            match data {
                Data::Leaf(value) => self.scalar(node, value, out)?,
                Data::LeafList(values) => self.values(node, values, out)?,
                Data::Container(container) => self.container(container, out)?,
                Data::List(list) => array(list.iter(), out, |entry, out| self.container(entry, out))?,
                Data::Any(value) => json::append(&**value, out)?,
            }
        }
        close(begin, [b'{', b'}'], out);
        Ok(())
    }

    fn shows(&self, node: &Node) -> bool {
        comes_out(node) && (!self.config_only || node.config || node.is_key())
    }

    /// Appends a name with a comma before it and a colon behind it.
    #[inline]
    fn name(&self, own: Option<ModuleId>, node: &Node, out: &mut Vec<u8>) {
        let member = self.schema.member(node.id);
        let Some(module) = Name::of(self.schema, self.names, own, node).module else {
            out.extend_from_slice(member);
            return;
        };
        let (before, name) = member.split_at_checked(2).unwrap_or_default();
        out.extend_from_slice(before);
        out.extend_from_slice(module.as_bytes());
        out.push(b':');
        out.extend_from_slice(name);
    }

    fn values(&self, node: &Node, values: &[Value], out: &mut Vec<u8>) -> Result<(), Error> {
        array(values, out, |value, out| self.scalar(node, value, out))
    }

    #[inline]
    fn scalar(&self, node: &Node, value: &Value, out: &mut Vec<u8>) -> Result<(), Error> {
        match value {
            Value::String(text) => append_quoted(text, out),
            _ => json::append(&Scalar { schema: self.schema, node, strictness: self.strictness, value }, out),
        }
    }
}

/// How much room is made at most, in bytes, for elements that are still to be written.
const MOST_AHEAD: usize = 1 << 20;

/// Appends an array.
fn array<T>(
    elements: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    append: impl Fn(T, &mut Vec<u8>) -> Result<(), Error>,
) -> Result<(), Error> {
    let begin = out.len();
    let mut elements = elements.into_iter();
    if let Some(first) = elements.next() {
        out.push(b',');
        append(first, out)?;
        // The others are mostly about as long.
        let room = (out.len() - begin).saturating_mul(elements.size_hint().1.unwrap_or(0));
        out.reserve(room.saturating_add(room / 8).min(MOST_AHEAD));
    }
    for element in elements {
        out.push(b',');
        append(element, out)?;
    }
    close(begin, [b'[', b']'], out);
    Ok(())
}

/// Puts brackets around what was written from a place on, each part of it with a comma before it: the first comma becomes
/// the opening bracket.
#[inline]
fn close(begin: usize, [opening, closing]: [u8; 2], out: &mut Vec<u8>) {
    match out.get_mut(begin) {
        Some(comma) => *comma = opening,
        None => out.push(opening),
    }
    out.push(closing);
}
