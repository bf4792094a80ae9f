//! Reading the members of an object: names to children of the schema node, and what an object must and must not have.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use smallvec::SmallVec;

use super::metadata::Metadata;
use super::node::NodeSeed;
use super::{Allow, Decoder, ENTRY_NUMBER, Names, Nulls};
use crate::base::error::ErrorTag;
use crate::data::edit::{Edit, EditOperation, choice};
use crate::data::path::unknown_message;
use crate::data::tree::share::shared;
use crate::data::tree::{Container, Data};
use crate::data::violation::{Violation, shorten};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// What a member name stands for.
pub(super) enum Member {
    Child(NodeId),
    /// Metadata of the object or of one of its members, by the member's whole name.
    Metadata(String),
    /// What a protocol puts around all data of a document.
    Envelope,
    Refused,
}

/// Reads a member name.
struct NameSeed<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    parent: NodeId,
    /// Which child is likely to come next: bodies mostly have the order of the schema.
    next: &'d mut usize,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_, '_> {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_, '_> {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Member, E> {
        Ok(self.decoder.member(self.parent, name, self.next))
    }
}

/// How many violations and edits there are, to tell later which came since.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    violations: usize,
    edits: usize,
}

impl Decoder<'_> {
    /// Reads the members of an object as children of `node`.
    pub(super) fn object<'de, A: MapAccess<'de>>(
        &mut self,
        node: NodeId,
        keys: &[Value],
        mut members: A,
    ) -> Result<Option<Container>, A::Error> {
        self.enter()?;
        let schema = self.schema;
        let mut children: Vec<(NodeId, Data)> = Vec::with_capacity(8);
        let mut seen: SmallVec<[NodeId; 32]> = SmallVec::new();
        let mut metadata = Metadata::new();
        let mut next = 0;
        loop {
            let seed = NameSeed { decoder: &mut *self, parent: node, next: &mut next };
            let Some(member) = members.next_key_seed(seed)? else { break };
            let child = match member {
                Member::Child(child) => child,
                Member::Metadata(name) => {
                    self.metadata_member(node, &name, &mut members, &mut metadata)?;
                    continue;
                }
                Member::Envelope => {
                    let inside = members.next_value_seed(NodeSeed { decoder: &mut *self, node })?;
                    if let Some(Data::Container(inside)) = inside {
                        seen.extend(inside.children().iter().map(|(id, _)| *id));
                        children.extend(inside.children().iter().cloned());
                    }
                    continue;
                }
                Member::Refused => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if seen.contains(&child) {
                let message = format!("'{}' is given twice", schema.node(child).name);
                self.violations.push(Violation::new(ErrorTag::InvalidValue, self.path.child(child), message));
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            seen.push(child);
            self.path.push(child, Vec::new());
            let read = members.next_value_seed(NodeSeed { decoder: &mut *self, node: child })?;
            self.path.steps.pop();
            self.keep(&mut children, child, read);
        }
        self.leave();
        if !metadata.is_empty() {
            self.apply_metadata(node, metadata, &mut children, &seen);
        }
        self.check_choices(&mut children);
        let mut container = Container::with_children(node, children);
        self.check_keys(&mut container, keys, &seen);
        Ok(Some(container))
    }

    /// Adds a child that was read, unless it says nothing.
    pub(super) fn keep(&self, children: &mut Vec<(NodeId, Data)>, child: NodeId, read: Option<Data>) {
        if let Some(data) = read
            && (means_something_empty(&self.schema.node(child).kind) || !data.is_empty())
        {
            // Parts of an entry are often those of another one, too.
            let is_part = self.entries > 0;
            children.push((child, if is_part { shared(self.schema, child, data) } else { data }));
        }
    }

    /// Two nodes of different cases of one choice cannot both be given (RFC 7950 section 7.9); the later is left out.
    pub(super) fn check_choices(&mut self, children: &mut Vec<(NodeId, Data)>) {
        let inside: SmallVec<[NodeId; 8]> =
            children.iter().map(|(id, _)| *id).filter(|id| choice::is_in_choice(self.schema, *id)).collect();
        for (index, one) in inside.iter().enumerate() {
            let others = inside.iter().take(index);
            let rival = others
                .filter_map(|other| choice::conflict(self.schema, *one, *other).map(|choice| (other, choice)))
                .next();
            if let Some((other, choice)) = rival {
                let name = |id: NodeId| &self.schema.node(id).name;
                let message = format!(
                    "'{}' and '{}' exclude each other (choice '{}'); give one of them",
                    name(*other),
                    name(*one),
                    name(choice)
                );
                self.violations.push(Violation::new(ErrorTag::BadElement, self.path.child(*one), message));
                children.retain(|(id, _)| id != one);
            }
        }
    }

    /// An entry has all its keys; those that the path gives may be left out of the body and must agree with it.
    pub(super) fn check_keys(&mut self, entry: &mut Container, keys: &[Value], seen: &[NodeId]) {
        let schema = self.schema;
        let list = schema.node(entry.node);
        for (index, leaf) in list.keys().iter().enumerate() {
            match (entry.leaf(*leaf), keys.get(index)) {
                (Some(found), Some(wanted)) if found != wanted => {
                    let message = format!(
                        "the key '{}' is '{}' in the body and '{}' in the path; they must agree",
                        schema.node(*leaf).name,
                        shorten(&found.to_string()),
                        shorten(&wanted.to_string())
                    );
                    let path = self.path.child(*leaf);
                    self.violations.push(Violation::new(ErrorTag::InvalidValue, path, message));
                }
                (Some(_), _) => {}
                // A key that was refused has been reported.
                (None, _) if seen.contains(leaf) => {}
                (None, Some(wanted)) => entry.set(*leaf, Data::Leaf(wanted.clone())),
                (None, None) => {
                    let message = format!(
                        "an entry of '{}' has no '{}', which is its key",
                        list.name,
                        schema.node(*leaf).name
                    );
                    let path = self.path.child(*leaf);
                    self.violations.push(Violation::new(ErrorTag::MissingElement, path, message));
                }
            }
        }
    }

    pub(super) fn member(&mut self, parent: NodeId, name: &str, next: &mut usize) -> Member {
        let schema = self.schema;
        let children = schema.children(parent);
        let names = self.options.names;
        let qualified = names == Names::Qualified;
        if qualified && name.starts_with('@') {
            return Member::Metadata(name.to_owned());
        }
        if qualified && parent == NodeId::ROOT && self.depth <= 2 {
            match (name, self.options.allow) {
                ("ietf-restconf:data", Allow::Config | Allow::Stored)
                | ("ietf-restconf:notification", Allow::Notification) => return Member::Envelope,
                ("eventTime", Allow::Notification) => return Member::Refused,
                _ => {}
            }
        }
        let (module, bare) = match name.split_once(':') {
            Some((module, bare)) => (Some(module), bare),
            None => (None, name),
        };
        let parent_module = schema.node(parent).module;
        let fits = |id: &NodeId| {
            let node = schema.node(*id);
            &*node.name == bare
                && match module {
                    Some(module) => schema.module(node.module).name == module,
                    None if qualified => parent != NodeId::ROOT && node.module == parent_module,
                    None => names == Names::Bare || !schema.is_overshadowed(*id),
                }
        };
        let (before, after) = children.split_at((*next).min(children.len()));
        let mut found = after.iter().position(&fits).map(|at| at + before.len());
        found = found.or_else(|| before.iter().position(&fits));
        let Some(at) = found else {
            self.unknown_member(parent, name, bare);
            return Member::Refused;
        };
        *next = at + 1;
        let Some(id) = children.get(at) else { return Member::Refused };
        if module.is_none() && names == Names::Bare && schema.is_ambiguous(*id) {
            let same = children.iter().map(|id| schema.node(*id)).filter(|node| &*node.name == bare);
            let names: Vec<String> =
                same.map(|node| format!("{}:{bare}", schema.module(node.module).name)).collect();
            let message = format!("several modules define '{bare}' here; write one of {}", names.join(", "));
            self.violations.push(Violation::unknown(self.path.clone(), name, message));
            return Member::Refused;
        }
        self.writable(*id)
    }

    fn unknown_member(&mut self, parent: NodeId, name: &str, bare: &str) {
        let same: Vec<String> = self
            .schema
            .children_named(parent, bare)
            .iter()
            .map(|(_, id)| format!("{}:{bare}", self.schema.module(self.schema.node(*id).module).name))
            .collect();
        let message = if name.starts_with('@') {
            format!("'{}' is metadata (RFC 7952), which is not accepted here", shorten(name))
        } else if !same.is_empty() {
            format!("'{}' must be qualified by the right module name: {}", shorten(name), same.join(", "))
        } else {
            unknown_message(self.schema, parent, name)
        };
        let violation = Violation::unknown(self.path.clone(), name, message);
        // The name of a module stands for its namespace (RFC 7951 section 4).
        let module = name.split_once(':').map(|(module, _)| self.schema.module_by_name(module));
        let tag = match module {
            _ if name.starts_with('@') => ErrorTag::UnknownAttribute,
            Some(None) => ErrorTag::UnknownNamespace,
            _ => violation.tag,
        };
        self.violations.push(Violation { tag, ..violation });
    }

    /// Whether a body of this kind may hold the node.
    pub(super) fn writable(&mut self, id: NodeId) -> Member {
        let node = self.schema.node(id);
        let is_allowed = match node.kind {
            NodeKind::Rpc | NodeKind::Action => matches!(self.options.allow, Allow::Input | Allow::Output),
            NodeKind::Notification => self.options.allow == Allow::Notification,
            _ if !node.is_data() => false,
            _ => match self.options.allow {
                Allow::Config => node.config,
                Allow::Kept => is_kept(self.schema, id),
                _ => true,
            },
        };
        if is_allowed {
            return Member::Child(id);
        }
        let (tag, message) = match node.kind {
            NodeKind::Rpc | NodeKind::Action => {
                (ErrorTag::UnknownElement, format!("'{}' is an operation, which is no data", node.name))
            }
            NodeKind::Notification => {
                (ErrorTag::UnknownElement, format!("'{}' is a notification, which is no data", node.name))
            }
            _ => (ErrorTag::BadElement, format!("'{}' is state, which only the server writes", node.name)),
        };
        self.violations.push(Violation::new(tag, self.path.child(id), message));
        Member::Refused
    }

    pub(super) fn any(&mut self, id: NodeId, value: serde_json::Value) -> Option<Data> {
        if value.is_null() {
            return match self.nulls {
                Nulls::Refused if matches!(self.schema.node(id).kind, NodeKind::Anyxml) => {
                    Some(Data::Any(Arc::new(value)))
                }
                _ => self.null_meaning(),
            };
        }
        if matches!(self.schema.node(id).kind, NodeKind::Anydata) && !value.is_object() {
            self.misfit(&value.to_string(), "an object");
            return None;
        }
        Some(Data::Any(Arc::new(value)))
    }

    /// `null` where an inner node was to be read.
    pub(super) fn null<E: de::Error>(&mut self) -> Result<Option<Data>, E> {
        self.count()?;
        Ok(self.null_meaning())
    }

    fn null_meaning(&mut self) -> Option<Data> {
        match self.nulls {
            Nulls::Refused => self.misfit("null", "a value; leave it out instead"),
            Nulls::Delete => {
                self.edits.push(Edit::without_value(self.path.clone(), EditOperation::Remove));
            }
            Nulls::Absent => {}
        }
        None
    }

    pub(super) fn misfit(&mut self, found: &str, wanted: &str) {
        let node = self.schema.node(self.path.target());
        let name = if self.path.steps.is_empty() { "the body" } else { node.name.as_str() };
        let found = if node.extensions.secret || node.extensions.hashed { "something else" } else { found };
        let message = format!("{name}: found {}, needs {wanted}", shorten(found));
        self.report(ErrorTag::BadElement, message);
    }

    /// A patch replaces what is user-ordered as a whole.
    pub(super) fn replace_later(&mut self, data: Data) {
        self.edits.push(Edit::new(self.path.clone(), EditOperation::Replace, data));
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { violations: self.violations.len(), edits: self.edits.len() }
    }

    /// An entry's key may come after what is wrong inside it: once known, it is put into the paths since `mark`.
    pub(super) fn complete_paths(&mut self, mark: Mark, entry: &Container) {
        if self.violations.len() == mark.violations && self.edits.len() == mark.edits {
            return;
        }
        let Some(at) = self.path.steps.len().checked_sub(1) else { return };
        let keys = entry.key(self.schema);
        if keys.len() < self.schema.node(entry.node).keys().len() {
            return;
        }
        let violations =
            self.violations.iter_mut().skip(mark.violations).map(|violation| &mut violation.path);
        let edits = self.edits.iter_mut().skip(mark.edits).map(|edit| &mut edit.path);
        for path in violations.chain(edits) {
            if let Some(step) = path.steps.get_mut(at)
                && step.keys.is_empty()
            {
                step.keys.clone_from(&keys);
            }
        }
    }

    /// Says which entry of an array it is that has no path, for want of a key.
    pub(super) fn number_missing_keys(&mut self, mark: Mark, number: usize) {
        for violation in self.violations.iter_mut().skip(mark.violations) {
            violation.message.push_str(&format!(" (entry number {number})"));
            violation.info.push((ENTRY_NUMBER.to_owned(), number.to_string().into()));
        }
    }
}

/// Whether the node says something though nothing is in it.
fn means_something_empty(kind: &NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Container { presence: true } | NodeKind::Rpc | NodeKind::Action | NodeKind::Notification
    )
}

/// Whether trees and rows can hold the node: also a container of state, for what is `stored` inside of it.
fn is_kept(schema: &Schema, id: NodeId) -> bool {
    let node = schema.node(id);
    let inside = || schema.children(id).iter().any(|child| is_kept(schema, *child));
    node.config || node.extensions.stored || node.is_np_container() && inside()
}
