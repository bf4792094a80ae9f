//! Paths into instance data: steps of schema node and key values, and their text forms: that of `/v1` URLs, that of
//! RESTCONF URLs, and the instance-identifier of RFC 7951 section 6.11.
//!
//! Never here: whether anything exists at a path, or who may see it.

mod parse;
mod reading;
mod restconf;

pub(in crate::data) use parse::unknown_message;

use std::borrow::{Borrow, Cow};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use smallvec::SmallVec;

use super::tree::Tree;
use super::violation::Violation;
use crate::yang::schema::{ModuleId, NodeId, NodeKind, Schema, Value};

/// Everything but the unreserved characters of RFC 3986 is encoded in a key (RFC 8040 section 3.5.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The texts of most paths have less than so many bytes.
const USUAL_LENGTH: usize = 128;

/// The address of an instance: from the root down, one step a data node.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct InstancePath {
    /// The steps; none for the root.
    pub steps: Vec<PathStep>,
}

/// Key values of an entry, in key order. Most lists have one key, which needs no memory of its own then.
pub type Keys = SmallVec<[Value; 1]>;

/// One step of a path.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct PathStep {
    /// The schema node.
    pub node: NodeId,
    /// The key values of a list entry, in key order, or the one value of a leaf-list entry. Empty for every other node,
    /// and for a list or leaf-list as a whole.
    pub keys: Keys,
}

/// Paths are copied for every change, and mostly have one key or none: those are not collected one by one.
impl Clone for PathStep {
    fn clone(&self) -> Self {
        let keys = match self.keys.as_slice() {
            [] => Keys::new(),
            [only] => Keys::from_buf([only.clone()]),
            several => several.into(),
        };
        PathStep { node: self.node, keys }
    }
}

/// So that what is kept by paths is found by the steps of one, without a path of their own. Both hash and compare alike.
impl Borrow<[PathStep]> for InstancePath {
    fn borrow(&self) -> &[PathStep] {
        &self.steps
    }
}

impl InstancePath {
    /// The path of the root.
    pub fn root() -> Self {
        InstancePath::default()
    }

    /// Adds a step.
    pub fn push(&mut self, node: NodeId, keys: impl Into<Keys>) {
        self.steps.push(PathStep { node, keys: keys.into() });
    }

    /// The path of a child.
    #[must_use]
    pub fn child(&self, node: NodeId) -> Self {
        let mut path = self.clone();
        path.push(node, Keys::new());
        path
    }

    /// From the path of a whole list or leaf-list to the one of its entry with these keys.
    #[must_use]
    pub fn entry(&self, keys: impl Into<Keys>) -> Self {
        let mut path = self.clone();
        if let Some(last) = path.steps.last_mut() {
            last.keys = keys.into();
        }
        path
    }

    /// The schema node that the path leads to; [`NodeId::ROOT`] for the root.
    pub fn target(&self) -> NodeId {
        self.steps.last().map_or(NodeId::ROOT, |step| step.node)
    }

    /// The path without its last step; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.steps.split_last()?;
        Some(InstancePath { steps: above.to_vec() })
    }

    /// The keys of the last step.
    pub fn keys(&self) -> &[Value] {
        self.steps.last().map_or(&[], |step| step.keys.as_slice())
    }

    /// Whether `ancestor` is this path or leads to it. The path of a whole list is an ancestor of its entries'.
    pub fn starts_with(&self, ancestor: &InstancePath) -> bool {
        let Some((last, above)) = ancestor.steps.split_last() else { return true };
        let same = self.steps.iter().zip(above).all(|(own, other)| own == other);
        same && self
            .steps
            .get(above.len())
            .is_some_and(|own| own.node == last.node && (last.keys.is_empty() || own.keys == last.keys))
    }

    /// This path and every path that leads to it, but not the root; where there is an entry, its whole list too. Another path
    /// is an ancestor in the sense of [`InstancePath::starts_with`] exactly when it is one of these, or the root.
    pub fn lineage(&self) -> impl Iterator<Item = InstancePath> {
        (1..=self.steps.len()).flat_map(|end| {
            let path = InstancePath { steps: self.steps.iter().take(end).cloned().collect() };
            let whole = (!path.keys().is_empty()).then(|| path.entry(Keys::new()));
            whole.into_iter().chain([path])
        })
    }

    /// Whether the path ends in a list or leaf-list as a whole.
    pub fn is_whole_list(&self, schema: &Schema) -> bool {
        self.keys().is_empty() && schema.node(self.target()).list_facts().is_some()
    }

    /// The form of `/v1` URLs: `/strongbox/jwt-issuers/payments-api/roles/reader`. Keys are percent-encoded and comma
    /// separated. A name is qualified (`module:name`) only where several modules define it under one parent.
    pub fn to_v1(&self, schema: &Schema) -> String {
        let mut out = String::with_capacity(USUAL_LENGTH);
        for step in self.printed(schema) {
            let node = schema.node(step.node);
            out.push('/');
            if schema.is_ambiguous(step.node) {
                out.push_str(&schema.module(node.module).name);
                out.push(':');
            }
            out.push_str(&node.name);
            for (index, key) in step.keys.iter().enumerate() {
                out.push(if index == 0 { '/' } else { ',' });
                out.extend(utf8_percent_encode(&text_of(key), RESERVED));
            }
        }
        if out.is_empty() { "/".to_owned() } else { out }
    }

    /// The form of RFC 7951 section 6.11: `/strongbox:strongbox/jwt-issuers[name='payments-api']`. A value that holds
    /// both kinds of quotes, for which the RFC has no form, is written as an XPath `concat(...)`.
    pub fn to_instance_identifier(&self, schema: &Schema) -> String {
        let mut out = String::with_capacity(USUAL_LENGTH);
        let mut module: Option<ModuleId> = None;
        for step in self.printed(schema) {
            let node = schema.node(step.node);
            out.push('/');
            if module != Some(node.module) {
                out.push_str(&schema.module(node.module).name);
                out.push(':');
                module = Some(node.module);
            }
            out.push_str(&node.name);
            if let [value] = step.keys.as_slice()
                && matches!(node.kind, NodeKind::LeafList { .. })
            {
                out.push_str("[.=");
                push_quoted(&mut out, &text_of(value));
                out.push(']');
                continue;
            }
            for (key, value) in node.keys().iter().zip(&step.keys) {
                let key = schema.node(*key);
                out.push('[');
                if key.module != node.module {
                    out.push_str(&schema.module(key.module).name);
                    out.push(':');
                }
                out.push_str(&key.name);
                out.push('=');
                push_quoted(&mut out, &text_of(value));
                out.push(']');
            }
        }
        if out.is_empty() { "/".to_owned() } else { out }
    }

    /// Reads the form of `/v1` URLs, with or without a leading slash. It may end in an action or rpc. Key values are
    /// decoded, parsed by their type and so made canonical.
    ///
    /// # Errors
    /// `unknown-element` for a name that the model does not have there, `invalid-value` for a key that is not of its
    /// type, `bad-element` for a wrong number of keys, `malformed-message` for a bad percent-encoding.
    pub fn parse_v1(schema: &Schema, segments: &str) -> Result<InstancePath, Violation> {
        parse::v1(schema, segments, None)
    }

    /// The same, where a key that can be read in several ways means an entry that is stored.
    ///
    /// # Errors
    /// As [`InstancePath::parse_v1`].
    pub fn parse_v1_among(
        schema: &Schema,
        segments: &str,
        stored: Option<&Tree>,
    ) -> Result<InstancePath, Violation> {
        parse::v1(schema, segments, stored)
    }

    /// Reads the form of RFC 7951 section 6.11. Keys may come in any order; a name without module is in the module of
    /// the node above it, or in whatever module defines it where that is the only one.
    ///
    /// # Errors
    /// As [`InstancePath::parse_v1`]; `malformed-message` for bad syntax.
    pub fn parse_instance_identifier(schema: &Schema, text: &str) -> Result<InstancePath, Violation> {
        parse::instance_identifier(schema, text)
    }

    /// The steps that have a name in texts: the input and output of an operation do not.
    fn printed<'a>(&'a self, schema: &'a Schema) -> impl Iterator<Item = &'a PathStep> {
        self.steps
            .iter()
            .filter(|step| !matches!(schema.node(step.node).kind, NodeKind::Input | NodeKind::Output))
    }
}

/// A value's canonical text.
fn text_of(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

/// Adds a text as an XPath literal.
fn push_quoted(out: &mut String, text: &str) {
    let mut literal = |quote: char, text: &str| {
        out.push(quote);
        out.push_str(text);
        out.push(quote);
    };
    if !text.contains('\'') {
        return literal('\'', text);
    }
    if !text.contains('"') {
        return literal('"', text);
    }
    out.push_str("concat(");
    for (index, part) in text.split('\'').enumerate() {
        out.push_str(if index > 0 { ",\"'\",'" } else { "'" });
        out.push_str(part);
        out.push('\'');
    }
    out.push(')');
}

#[cfg(test)]
mod tests;
