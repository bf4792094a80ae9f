//! Reading both text forms of a path.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use smallvec::SmallVec;

use super::{InstancePath, Keys};
use crate::base::error::ErrorTag;
use crate::base::suggest::nearest;
use crate::data::tree::Tree;
use crate::data::violation::{Violation, shorten};
use crate::yang::schema::types::{ParseContext, Raw, Strictness};
use crate::yang::schema::{ChildError, Node, NodeId, NodeKind, Schema, Value};

pub(super) fn v1(schema: &Schema, text: &str, stored: Option<&Tree>) -> Result<InstancePath, Violation> {
    let mut path = InstancePath::root();
    let text = text.strip_prefix('/').unwrap_or(text);
    if text.is_empty() {
        return Ok(path);
    }
    let mut segments = text.split('/');
    while let Some(segment) = segments.next() {
        let name = decode(segment, &path)?;
        let child = named_child(schema, &path, &name, BareName::Ambiguous)?;
        let node = schema.node(child);
        let texts = match &node.kind {
            NodeKind::List { keys, .. } if !keys.is_empty() => segments.next(),
            NodeKind::LeafList { .. } => segments.next(),
            _ => None,
        };
        let keys = match texts {
            None => Keys::new(),
            Some(texts) if node.is_list() => list_keys(schema, &path, node, texts)?,
            Some(text) => Keys::from([key_value(schema, &path, child, &decode(text, &path)?)?]),
        };
        path.push(child, keys);
        if let (Some(stored), Some(texts)) = (stored, texts) {
            path.prefer_stored(schema, stored, texts);
        }
    }
    Ok(path)
}

/// What a name without a module means where several modules define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BareName {
    /// That of the module of the node above.
    OfNodeAbove,
    /// Nothing: it must say which.
    Ambiguous,
}

/// The child of that name (bare or `module:name`) below the end of the path. Where several modules define a bare name, it is
/// the one of the node above that is meant, or nothing is.
pub(super) fn named_child(
    schema: &Schema,
    path: &InstancePath,
    name: &str,
    bare_names: BareName,
) -> Result<NodeId, Violation> {
    let parent = path.target();
    let (module, bare) = match name.split_once(':') {
        Some((module, bare)) => match schema.module_by_name(module) {
            Some(id) => (Some(id), bare),
            None => {
                let message =
                    format!("'{}' is not the name of a module that this server implements", shorten(module));
                return Err(Violation::unknown(path.clone(), name, message));
            }
        },
        None => (None, name),
    };
    let found = match (module, bare_names) {
        (None, BareName::OfNodeAbove) => schema.child_meant(parent, bare),
        _ => schema.child(parent, module, bare),
    };
    match found {
        Ok(id) => navigable(schema, path, id),
        Err(ChildError::Unknown) => {
            Err(Violation::unknown(path.clone(), name, unknown_message(schema, parent, bare)))
        }
        Err(ChildError::Ambiguous(candidates)) => {
            let modules: Vec<&str> =
                candidates.iter().map(|id| schema.module(schema.node(*id).module).name.as_str()).collect();
            let message = format!(
                "'{}' is defined by several modules here; write one of {}",
                shorten(bare),
                modules.iter().map(|module| format!("{module}:{bare}")).collect::<Vec<_>>().join(", ")
            );
            Err(Violation::unknown(path.clone(), name, message))
        }
    }
}

/// Refuses what no path can lead to or through.
pub(super) fn navigable(schema: &Schema, path: &InstancePath, id: NodeId) -> Result<NodeId, Violation> {
    let node = schema.node(id);
    if node.is_data() || node.is_operation() {
        return Ok(id);
    }
    let message = format!("'{}' is not data and cannot be addressed", node.name);
    Err(Violation::unknown(path.clone(), &node.name, message))
}

/// Says what there is instead, and the nearest name if one is near.
pub(in crate::data) fn unknown_message(schema: &Schema, parent: NodeId, name: &str) -> String {
    let node = schema.node(parent);
    let place = match node.kind {
        _ if parent == NodeId::ROOT => "the top level".to_owned(),
        NodeKind::Input | NodeKind::Output => {
            format!("the {} of '{}'", node.name, schema.node(node.parent).name)
        }
        _ => format!("'{}'", node.name),
    };
    // Data first; notifications are no part of any path or body.
    let children = || schema.children(parent).iter().map(|id| schema.node(*id));
    let operations = children().filter(|node| node.is_operation());
    let known: Vec<&str> =
        children().filter(|node| node.is_data()).chain(operations).map(|node| node.name.as_str()).collect();
    let shown = shorten(name);
    let of_others = schema.children_named(parent, name).iter().map(|(_, id)| schema.node(*id));
    let of_others: Vec<String> = of_others
        .filter(|node| node.is_data() || node.is_operation())
        .map(|node| format!("'{}:{name}'", schema.module(node.module).name))
        .collect();
    if !of_others.is_empty() {
        return format!(
            "'{shown}' in {place} is of another module than that; did you mean {}?",
            of_others.join(" or ")
        );
    }
    if known.is_empty() {
        return format!("{place} has no children, so '{shown}' is unknown");
    }
    if let Some(near) = nearest(name, known.iter().copied()) {
        return format!("'{shown}' is unknown in {place}; did you mean '{near}'?");
    }
    const LISTED: usize = 20;
    let mut list = known.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if known.len() > LISTED {
        list.push_str(", …");
    }
    format!("'{shown}' is unknown in {place}; it has {list}")
}

fn list_keys(schema: &Schema, path: &InstancePath, node: &Node, segment: &str) -> Result<Keys, Violation> {
    let texts: SmallVec<[&str; 2]> = segment.split(',').collect();
    let names = node.keys();
    if texts.len() != names.len() {
        let wanted: Vec<&str> = names.iter().map(|id| schema.node(*id).name.as_str()).collect();
        let message = format!(
            "an entry of '{}' is named by {} key value(s) ({}), comma separated; '{}' has {} (a comma inside a value is written %2C)",
            node.name,
            names.len(),
            wanted.join(", "),
            shorten(segment),
            texts.len()
        );
        return Err(Violation::new(ErrorTag::BadElement, path.child(node.id), message));
    }
    names
        .iter()
        .zip(texts)
        .map(|(key, text)| {
            let value = key_value(schema, path, *key, &decode(text, path)?);
            value.map_err(|fault| Violation { path: path.child(node.id).child(*key), ..fault })
        })
        .collect()
}

/// Parses a key leaf's (or leaf-list's) value from its text.
pub(super) fn key_value(
    schema: &Schema,
    path: &InstancePath,
    leaf: NodeId,
    text: &str,
) -> Result<Value, Violation> {
    let node = schema.node(leaf);
    let at = || path.child(leaf);
    let Some(ty) = node.ty() else {
        return Err(Violation::new(ErrorTag::BadElement, at(), format!("'{}' is not a leaf", node.name)));
    };
    let context = ParseContext { schema, module: node.module, strictness: Strictness::Text, prefixes: None };
    ty.parse(Raw::Text(text), context).map_err(|error| Violation {
        app_tag: error.app_tag,
        ..Violation::new(ErrorTag::InvalidValue, at(), error.message)
    })
}

pub(super) fn decode<'t>(segment: &'t str, path: &InstancePath) -> Result<Cow<'t, str>, Violation> {
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    let malformed = |message: String| Violation::new(ErrorTag::MalformedMessage, path.clone(), message);
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        let digits = rest.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() != 2 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(malformed(format!(
                "'{}' has a % that two hexadecimal digits do not follow",
                shorten(segment)
            )));
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| malformed(format!("'{}' does not decode to UTF-8", shorten(segment))))
}

pub(super) fn instance_identifier(schema: &Schema, text: &str) -> Result<InstancePath, Violation> {
    let mut reader = Reader { text, at: 0 };
    let mut path = InstancePath::root();
    reader.space();
    if text.trim() == "/" {
        return Ok(path);
    }
    loop {
        reader.expect('/', &path)?;
        let name = reader.name(&path)?;
        let child = named_child(schema, &path, name, BareName::OfNodeAbove)?;
        let keys = predicates(schema, &mut reader, &path, child)?;
        path.push(child, keys);
        reader.space();
        if reader.rest().is_empty() {
            return Ok(path);
        }
    }
}

fn predicates(
    schema: &Schema,
    reader: &mut Reader<'_>,
    path: &InstancePath,
    child: NodeId,
) -> Result<Keys, Violation> {
    let node = schema.node(child);
    let names = node.keys();
    let at = path.child(child);
    let mut found: Vec<Option<Value>> = vec![None; names.len()];
    let mut any = false;
    loop {
        reader.space();
        if !reader.take('[') {
            break;
        }
        any = true;
        reader.space();
        if reader.take('.') {
            let text = reader.value(&at)?;
            if !matches!(node.kind, NodeKind::LeafList { .. }) {
                let message = format!("[.=…] selects an entry of a leaf-list, and '{}' is none", node.name);
                return Err(Violation::new(ErrorTag::BadElement, at, message));
            }
            return Ok(Keys::from([key_value(schema, path, child, &text)?]));
        }
        let name = reader.name(&at)?;
        let key = named_child(schema, &at, name, BareName::OfNodeAbove)?;
        let text = reader.value(&at)?;
        let Some(slot) = names.iter().position(|known| *known == key).and_then(|index| found.get_mut(index))
        else {
            let message = format!("'{}' is not a key of '{}'", shorten(name), node.name);
            return Err(Violation::new(ErrorTag::BadElement, at, message));
        };
        if slot.replace(key_value(schema, &at, key, &text)?).is_some() {
            let message = format!("the key '{}' is given twice", shorten(name));
            return Err(Violation::new(ErrorTag::BadElement, at, message));
        }
    }
    if !any {
        return Ok(Keys::new());
    }
    found.into_iter().collect::<Option<Keys>>().ok_or_else(|| {
        let wanted: Vec<&str> = names.iter().map(|id| schema.node(*id).name.as_str()).collect();
        let message = format!("an entry of '{}' is named by all its keys: {}", node.name, wanted.join(", "));
        Violation::new(ErrorTag::BadElement, at, message)
    })
}

/// The characters of an instance-identifier.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, letter: char) -> bool {
        let there = self.rest().starts_with(letter);
        if there {
            self.at += letter.len_utf8();
        }
        there
    }

    fn expect(&mut self, letter: char, path: &InstancePath) -> Result<(), Violation> {
        if self.take(letter) { Ok(()) } else { Err(self.unexpected(&format!("'{letter}'"), path)) }
    }

    fn unexpected(&self, wanted: &str, path: &InstancePath) -> Violation {
        let column = self.text.get(..self.at).unwrap_or_default().chars().count() + 1;
        let found = match self.rest() {
            "" => "its end".to_owned(),
            rest => format!("'{}'", shorten(rest)),
        };
        let message =
            format!("the instance-identifier needs {wanted} at column {column}, where it has {found}");
        Violation::new(ErrorTag::MalformedMessage, path.clone(), message)
    }

    fn name(&mut self, path: &InstancePath) -> Result<&'t str, Violation> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
            .unwrap_or(rest.len());
        match rest.get(..end) {
            Some(name) if !name.is_empty() => {
                self.at += end;
                Ok(name)
            }
            _ => Err(self.unexpected("a name", path)),
        }
    }

    /// `= literal ]`, with white space where XPath allows it.
    fn value(&mut self, path: &InstancePath) -> Result<String, Violation> {
        self.space();
        self.expect('=', path)?;
        self.space();
        let text = if self.rest().starts_with("concat(") {
            self.at += "concat(".len();
            let mut text = String::new();
            loop {
                self.space();
                text.push_str(self.literal(path)?);
                self.space();
                if self.take(')') {
                    break text;
                }
                self.expect(',', path)?;
            }
        } else {
            self.literal(path)?.to_owned()
        };
        self.space();
        self.expect(']', path)?;
        Ok(text)
    }

    fn literal(&mut self, path: &InstancePath) -> Result<&'t str, Violation> {
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let inside = quote.and_then(|quote| {
            let inside = rest.get(1..)?;
            inside.get(..inside.find(quote)?)
        });
        match inside {
            Some(inside) => {
                self.at += inside.len() + 2;
                Ok(inside)
            }
            None => Err(self.unexpected("a quoted value", path)),
        }
    }
}
