//! From XML (RFC 7950 sections 7.5.7 to 7.11, RFC 6241) to data.
//!
//! The entries of a list and of a leaf-list may stand between other nodes; the keys of an entry come first (section
//! 7.8.5). Text and elements are not mixed.

mod any;
mod source;

use std::sync::Arc;

use smallvec::SmallVec;

use self::source::{Attribute, Malformed, Namespace, Source, Tag, Token};
use super::metadata::WITH_DEFAULTS;
use super::object::Member;
use super::{Allow, Decoder, Stop};
use crate::base::error::ErrorTag;
use crate::data::path::unknown_message;
use crate::data::tree::build::ListBuilder;
use crate::data::tree::{Container, Data};
use crate::data::violation::{Violation, shorten};
use crate::yang::schema::types::Raw;
use crate::yang::schema::{NodeId, NodeKind, Value};

/// NETCONF itself (RFC 6241).
const NETCONF: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";
/// The `action` element (RFC 7950 section 7.15.2).
const ACTION: &str = "urn:ietf:params:xml:ns:yang:1";
/// The envelope of notifications (RFC 5277).
const NOTIFICATION: &str = "urn:ietf:params:xml:ns:netconf:notification:1.0";
/// The attribute that tags defaults (RFC 6243 section 6).
const DEFAULTS: &str = "urn:ietf:params:xml:ns:netconf:default:1.0";
/// RESTCONF (RFC 8040).
const RESTCONF: &str = "urn:ietf:params:xml:ns:yang:ietf-restconf";

/// What has been read of an inner node: lists and leaf-lists grow until its end.
#[derive(Default)]
struct Parts {
    children: Vec<(NodeId, Data)>,
    lists: SmallVec<[OpenList; 2]>,
    leaf_lists: SmallVec<[OpenLeafList; 2]>,
    seen: SmallVec<[NodeId; 32]>,
}

struct OpenLeafList {
    node: NodeId,
    values: Vec<Value>,
    /// How many of them are tagged as defaults.
    defaults: usize,
}

struct OpenList {
    node: NodeId,
    list: ListBuilder,
    /// How many entries there were, refused ones too.
    count: usize,
}

impl Decoder<'_> {
    /// Reads the content of the target: of the root in or without the envelope of a protocol, of every other node as
    /// the element of that node.
    pub(super) fn xml(&mut self, text: &str, keys: &[Value]) -> Option<Data> {
        let mut source = Source::new(self.schema, text);
        let read = if self.path.steps.is_empty() {
            self.xml_root(&mut source)
        } else {
            self.xml_target(&mut source, keys)
        };
        read.unwrap_or_else(|stop| {
            self.xml_stopped(stop, text);
            None
        })
    }

    fn xml_root(&mut self, source: &mut Source<'_, '_>) -> Result<Option<Data>, XmlStop> {
        let mut parts = Parts::default();
        self.xml_envelope(source, &mut parts, false)?;
        Ok(Some(Data::Container(Arc::new(self.xml_close(NodeId::ROOT, parts)))))
    }

    /// The elements at the top, or in an envelope around them.
    fn xml_envelope(
        &mut self,
        source: &mut Source<'_, '_>,
        parts: &mut Parts,
        inside: bool,
    ) -> Result<(), XmlStop> {
        loop {
            match source.next()? {
                Token::Open(tag) if self.is_envelope(&tag) => {
                    self.enter::<Stop>()?;
                    self.xml_envelope(source, parts, true)?;
                    self.leave();
                }
                Token::Open(tag) if tag.is(self.schema, NOTIFICATION, "eventTime") => {
                    self.xml_skip(source)?
                }
                Token::Open(tag) => self.xml_child(source, NodeId::ROOT, &tag, parts)?,
                Token::Text(text) => self.refuse_text(source, &text)?,
                Token::Close if inside => return Ok(()),
                Token::Close => {}
                Token::End if inside => {
                    return Err(source.malformed("the text ends within an element").into());
                }
                Token::End => return Ok(()),
            }
        }
    }

    /// Whether an element says only what kind of message the data in it is.
    fn is_envelope(&self, tag: &Tag<'_>) -> bool {
        let is = |namespace, name| tag.is(self.schema, namespace, name);
        match self.options.allow {
            Allow::Config | Allow::Stored | Allow::Kept => {
                is(NETCONF, "data")
                    || is(NETCONF, "config")
                    || is(RESTCONF, "data")
                    || is(NETCONF, "rpc-reply")
            }
            Allow::Input => is(NETCONF, "rpc") || is(ACTION, "action"),
            Allow::Output => is(NETCONF, "rpc-reply"),
            Allow::Notification => is(NOTIFICATION, "notification"),
        }
    }

    /// The element of a target other than the root.
    fn xml_target(&mut self, source: &mut Source<'_, '_>, keys: &[Value]) -> Result<Option<Data>, XmlStop> {
        let target = self.path.target();
        let node = self.schema.node(target);
        let mut read = None;
        loop {
            match source.next()? {
                Token::Open(tag) if read.is_none() && self.is_element_of(&tag, target) => {
                    let mut parts = Parts::default();
                    let step = self.path.steps.pop();
                    self.xml_known(source, target, &tag, keys, &mut parts)?;
                    self.path.steps.extend(step);
                    let holder = self.xml_close(node.parent, parts);
                    read = holder.children().first().map(|(_, data)| data.clone());
                    read = match read {
                        Some(Data::List(list)) => list.iter().next().cloned().map(Data::Container),
                        Some(Data::LeafList(values)) if !keys.is_empty() => {
                            values.first().cloned().map(Data::Leaf)
                        }
                        other => other,
                    };
                }
                Token::Open(tag) => {
                    let message =
                        format!("the body is the element '{}', not '{}'", node.name, shorten(tag.name()));
                    self.report(ErrorTag::UnknownElement, message);
                    self.xml_skip(source)?;
                }
                Token::Text(text) => self.refuse_text(source, &text)?,
                Token::Close => {}
                Token::End => return Ok(read),
            }
        }
    }

    /// The one element of a message about a child of the target.
    pub(super) fn xml_member(&mut self, text: &str) -> Option<(NodeId, Option<Data>)> {
        let mut source = Source::new(self.schema, text);
        match self.xml_only_element(&mut source) {
            Ok(read) => read,
            Err(stop) => {
                self.xml_stopped(stop, text);
                None
            }
        }
    }

    fn xml_only_element(
        &mut self,
        source: &mut Source<'_, '_>,
    ) -> Result<Option<(NodeId, Option<Data>)>, XmlStop> {
        let parent = self.path.target();
        let side = self.side(parent);
        let mut parts = Parts::default();
        loop {
            match source.next()? {
                Token::Open(tag) => match side {
                    _ if !parts.seen.is_empty() => {
                        self.unknown_tag(parent, &tag);
                        self.xml_skip(source)?;
                    }
                    Some(side) if self.is_element_of(&tag, side) => {
                        self.xml_known(source, side, &tag, &[], &mut parts)?;
                    }
                    Some(_) => {
                        self.unknown_tag(parent, &tag);
                        self.xml_skip(source)?;
                    }
                    None => self.xml_child(source, parent, &tag, &mut parts)?,
                },
                Token::Text(text) => self.refuse_text(source, &text)?,
                Token::Close => {}
                Token::End => break,
            }
        }
        let Some(node) = parts.seen.first().copied() else {
            self.refuse_none();
            return Ok(None);
        };
        let holder = self.xml_close(parent, parts);
        let read = holder.children().first().map(|(_, data)| data.clone());
        let is_inner = side == Some(node) || self.schema.node(node).is_np_container();
        let nothing = || Data::Container(Arc::new(Container::new(node)));
        Ok(Some((node, read.or_else(|| is_inner.then(nothing)))))
    }

    fn is_element_of(&self, tag: &Tag<'_>, node: NodeId) -> bool {
        let node = self.schema.node(node);
        tag.name() == &*node.name && tag.namespace == Namespace::Module(node.module)
    }

    fn xml_stopped(&mut self, XmlStop(malformed): XmlStop, text: &str) {
        if let Some(Malformed { message, at }) = malformed {
            self.unreadable("XML", &message, Some(line_and_column(text, at)));
        }
    }

    /// The children of an element up to its end tag.
    fn xml_children(
        &mut self,
        source: &mut Source<'_, '_>,
        node: NodeId,
        parts: &mut Parts,
    ) -> Result<(), XmlStop> {
        self.enter::<Stop>()?;
        let mut has_text = false;
        loop {
            match source.next()? {
                Token::Open(tag) => self.xml_child(source, node, &tag, parts)?,
                Token::Text(text) if is_blank(&text) => {}
                Token::Text(text) => {
                    if !std::mem::replace(&mut has_text, true) {
                        self.misfit(&format!("the text '{}'", shorten(text.trim())), "elements");
                    }
                }
                Token::Close => break,
                Token::End => return Err(source.malformed("the text ends within an element").into()),
            }
        }
        self.leave();
        Ok(())
    }

    /// One child of an inner node.
    fn xml_child(
        &mut self,
        source: &mut Source<'_, '_>,
        parent: NodeId,
        tag: &Tag<'_>,
        parts: &mut Parts,
    ) -> Result<(), XmlStop> {
        let child = match &tag.namespace {
            Namespace::Module(module) => self.schema.child(parent, Some(*module), tag.name()).ok(),
            Namespace::Other(_) | Namespace::None => None,
        };
        match child.map(|child| self.writable(child)) {
            Some(Member::Child(child)) => self.xml_known(source, child, tag, &[], parts),
            Some(Member::Refused | Member::Metadata(_) | Member::Envelope) => self.xml_skip(source),
            None => {
                self.unknown_tag(parent, tag);
                self.xml_skip(source)
            }
        }
    }

    fn unknown_tag(&mut self, parent: NodeId, tag: &Tag<'_>) {
        let name = shorten(tag.name());
        let (shown, message, error) = match &tag.namespace {
            Namespace::Module(module) => {
                let shown = format!("{}:{name}", self.schema.module(*module).name);
                (shown, unknown_message(self.schema, parent, tag.name()), ErrorTag::UnknownElement)
            }
            Namespace::Other(namespace) => {
                let message = format!("no module has the namespace '{}' of '{name}'", shorten(namespace));
                (name, message, ErrorTag::UnknownNamespace)
            }
            Namespace::None => {
                let message = format!("'{name}' has no namespace; an element is in that of its module");
                (name, message, ErrorTag::UnknownNamespace)
            }
        };
        let violation = Violation::unknown(self.path.clone(), &shown, message);
        self.violations.push(Violation { tag: error, ..violation });
    }

    /// A node of which the schema node is known; its start tag has been read.
    fn xml_known(
        &mut self,
        source: &mut Source<'_, '_>,
        child: NodeId,
        tag: &Tag<'_>,
        keys: &[Value],
        parts: &mut Parts,
    ) -> Result<(), XmlStop> {
        let schema = self.schema;
        let kind = &schema.node(child).kind;
        let is_repeated =
            !matches!(kind, NodeKind::List { .. } | NodeKind::LeafList { .. }) && parts.seen.contains(&child);
        if is_repeated {
            let message = format!("'{}' is given twice", schema.node(child).name);
            self.violations.push(Violation::new(ErrorTag::InvalidValue, self.path.child(child), message));
            return self.xml_skip(source);
        }
        if !parts.seen.contains(&child) {
            self.check_key_order(child, &parts.seen);
            parts.seen.push(child);
        }
        self.path.push(child, Vec::new());
        let mut is_default = false;
        for attribute in source.attributes(tag)? {
            is_default |= self.xml_attribute(source, child, &attribute);
        }
        let read = match kind {
            NodeKind::Leaf { .. } => self.xml_value(source, child)?.map(Data::Leaf),
            NodeKind::LeafList { .. } => {
                let value = self.xml_value(source, child)?;
                let at = parts.leaf_lists.iter().position(|open| open.node == child);
                let at = at.unwrap_or_else(|| {
                    parts.leaf_lists.push(OpenLeafList { node: child, values: Vec::new(), defaults: 0 });
                    parts.leaf_lists.len() - 1
                });
                if let Some(open) = parts.leaf_lists.get_mut(at) {
                    open.values.extend(value);
                    open.defaults += usize::from(is_default);
                }
                None
            }
            NodeKind::List { .. } => {
                self.xml_entry(source, child, keys, parts)?;
                None
            }
            NodeKind::Anydata | NodeKind::Anyxml => {
                let value = self.xml_any(source)?;
                value.and_then(|value| self.any(child, value))
            }
            _ => {
                let inside = self.side(child);
                if let Some(side) = inside {
                    self.path.push(side, Vec::new());
                }
                let mut inner = Parts::default();
                self.xml_children(source, inside.unwrap_or(child), &mut inner)?;
                let container = self.xml_close(inside.unwrap_or(child), inner);
                if inside.is_some() {
                    self.path.steps.pop();
                }
                Some(Data::Container(Arc::new(container)))
            }
        };
        self.keep(&mut parts.children, child, read);
        if is_default && matches!(kind, NodeKind::Leaf { .. }) {
            self.leave_default_out(child, &mut parts.children);
        }
        self.path.steps.pop();
        Ok(())
    }

    /// RFC 7950 section 7.8.5: the keys come first, in their order.
    fn check_key_order(&mut self, child: NodeId, seen: &[NodeId]) {
        let node = self.schema.node(child);
        if !node.is_key() {
            return;
        }
        let keys = self.schema.node(node.parent).keys();
        let expected = keys.iter().take_while(|key| **key != child);
        if !expected.eq(seen) {
            let message = format!(
                "the key '{}' stands behind another node; keys come first, in their order",
                node.name
            );
            self.violations.push(Violation::new(ErrorTag::BadElement, self.path.child(child), message));
        }
    }

    /// One entry of a list, whose path ends in the list.
    fn xml_entry(
        &mut self,
        source: &mut Source<'_, '_>,
        node: NodeId,
        keys: &[Value],
        parts: &mut Parts,
    ) -> Result<(), XmlStop> {
        let at = match parts.lists.iter().position(|open| open.node == node) {
            Some(at) => at,
            None => {
                parts.lists.push(OpenList { node, list: ListBuilder::new(self.schema, node), count: 0 });
                parts.lists.len() - 1
            }
        };
        let mark = self.mark();
        let mut inner = Parts::default();
        self.entries += 1;
        self.xml_children(source, node, &mut inner)?;
        let seen = std::mem::take(&mut inner.seen);
        let mut entry = self.xml_close(node, inner);
        self.entries -= 1;
        self.check_keys(&mut entry, keys, &seen);
        self.complete_paths(mark, &entry);
        let Some(open) = parts.lists.get_mut(at) else { return Ok(()) };
        open.count += 1;
        self.insert_entry(&mut open.list, Arc::new(entry), mark, open.count);
        Ok(())
    }

    /// An inner node from its parts.
    fn xml_close(&mut self, node: NodeId, parts: Parts) -> Container {
        let Parts { mut children, lists, leaf_lists, .. } = parts;
        for OpenList { node, list, .. } in lists {
            self.keep(&mut children, node, Some(Data::List(Arc::new(list.finish()))));
        }
        for OpenLeafList { node, mut values, defaults } in leaf_lists {
            self.path.push(node, Vec::new());
            self.check_repetitions(node, &mut values);
            let are_defaults = defaults > 0 && defaults == values.len();
            self.keep(&mut children, node, Some(Data::LeafList(values.into())));
            if are_defaults {
                self.leave_default_out(node, &mut children);
            }
            self.path.steps.pop();
        }
        self.check_choices(&mut children);
        Container::with_children(node, children)
    }

    /// The value of a leaf, or one of a leaf-list: the text up to the end tag.
    fn xml_value(&mut self, source: &mut Source<'_, '_>, node: NodeId) -> Result<Option<Value>, XmlStop> {
        self.count::<Stop>()?;
        let Some(text) = self.xml_text(source)? else { return Ok(None) };
        let Some(ty) = self.schema.node(node).ty() else { return Ok(None) };
        Ok(self.parse(node, ty, Raw::Text(&text), Some(&*source)))
    }

    /// The text up to the end tag; `None` where there are elements in it.
    fn xml_text(&mut self, source: &mut Source<'_, '_>) -> Result<Option<String>, XmlStop> {
        let mut all = String::new();
        let mut is_text = true;
        loop {
            match source.next()? {
                Token::Text(text) => all.push_str(&text),
                Token::Open(tag) => {
                    if std::mem::replace(&mut is_text, false) {
                        self.misfit(&format!("the element '{}'", shorten(tag.name())), "a text");
                    }
                    self.xml_skip(source)?;
                }
                Token::Close => return Ok(is_text.then_some(all)),
                Token::End => return Err(source.malformed("the text ends within an element").into()),
            }
        }
    }

    /// Passes over the rest of an element.
    fn xml_skip(&mut self, source: &mut Source<'_, '_>) -> Result<(), XmlStop> {
        let mut depth = 1_usize;
        while depth > 0 {
            match source.next()? {
                Token::Open(_) => depth += 1,
                Token::Close => depth -= 1,
                Token::Text(_) => {}
                Token::End => return Err(source.malformed("the text ends within an element").into()),
            }
        }
        Ok(())
    }

    fn refuse_text(&mut self, source: &Source<'_, '_>, text: &str) -> Result<(), XmlStop> {
        if is_blank(text) {
            return Ok(());
        }
        Err(source.malformed(format!("text outside of an element: '{}'", shorten(text.trim()))).into())
    }

    /// An attribute, which is an annotation; whether it says that the instance is a default.
    fn xml_attribute(&mut self, source: &Source<'_, '_>, node: NodeId, attribute: &Attribute) -> bool {
        let Attribute { name, namespace, value } = attribute;
        let shown = shorten(name);
        let message = match namespace {
            Namespace::Module(module) => {
                let module = &self.schema.module(*module).name;
                return self.annotation(node, module, name, Raw::Text(value), Some(source));
            }
            Namespace::Other(other) if other == DEFAULTS => {
                return self.annotation(node, WITH_DEFAULTS, name, Raw::Text(value), Some(source));
            }
            Namespace::None => format!("the attribute '{shown}' has no namespace and means nothing here"),
            Namespace::Other(other) if other == NETCONF || other == ACTION => {
                format!("'{shown}' asks for an edit; this is data, which has no attributes of that kind")
            }
            Namespace::Other(other) => {
                format!("no annotation '{shown}' is known of the namespace '{}'", shorten(other))
            }
        };
        self.report(ErrorTag::UnknownAttribute, message);
        false
    }
}

/// The end of the reading: the text is no XML, or a limit was hit and reported.
struct XmlStop(Option<Malformed>);

impl From<Malformed> for XmlStop {
    fn from(malformed: Malformed) -> Self {
        XmlStop(Some(malformed))
    }
}

impl From<Stop> for XmlStop {
    fn from(_: Stop) -> Self {
        XmlStop(None)
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// Line and column, both from 1, of a byte.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = text.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

#[cfg(test)]
mod tests;
