//! Where an instance stands in the text that it came from.

use std::collections::HashMap;

use super::decode::ENTRY_NUMBER;
use super::path::{Keys, PathStep};
use super::violation::Violation;
use crate::base::outline::{Kind, Outline, Place};
use crate::yang::schema::types::{ParseContext, Raw, Strictness};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// Finds places in one text. What it has looked through once it finds by name and key afterwards, so that many
/// violations in a large text take no longer than reading it.
pub struct Locator<'o> {
    text: &'o Outline,
    schema: &'o Schema,
    /// By the address of a map: its members by name.
    members: HashMap<usize, HashMap<&'o str, usize>>,
    /// By the address of a sequence and its list or leaf-list: its entries by key.
    entries: HashMap<(usize, NodeId), HashMap<Keys, usize>>,
}

impl<'o> Locator<'o> {
    /// Places in a text. The envelope that a protocol puts around data is looked through.
    pub fn new(schema: &'o Schema, text: &'o Outline) -> Self {
        let inside = match &text.kind {
            Kind::Map(members) => match members.as_slice() {
                [(name, _, inside)] if ENVELOPES.contains(&name.as_str()) => inside,
                _ => text,
            },
            _ => text,
        };
        Locator { text: inside, schema, members: HashMap::new(), entries: HashMap::new() }
    }

    /// Where a violation stands, and how many steps of its path were found: an instance that the text does not have is
    /// told by the place of the nearest ancestor that it has.
    pub fn locate(&mut self, violation: &Violation) -> (Place, usize) {
        let mut found = (self.text.place, 0);
        let mut at = self.text;
        let numbers = entry_numbers(violation);
        let mut numbers = numbers.iter();
        for (depth, next) in violation.path.steps.iter().enumerate() {
            if is_silent(self.schema, next.node) {
                continue;
            }
            let Some((mut place, mut node)) = self.step(at, next) else { return found };
            if let Kind::Sequence(entries) = &node.kind
                && self.schema.node(next.node).is_list()
                && next.keys.is_empty()
                && let Some(entry) = numbers.next().and_then(|number| entries.get(number.checked_sub(1)?))
            {
                (place, node) = (entry.place, entry);
            }
            found = (place, depth + 1);
            at = node;
        }
        let unknown = violation.unknown.as_ref().and_then(|name| self.named(at, name));
        (unknown.map_or(found.0, |(place, _)| place), found.1)
    }

    fn step(&mut self, from: &'o Outline, step: &PathStep) -> Option<(Place, &'o Outline)> {
        let (place, value) = self.member(from, step.node)?;
        let Kind::Sequence(entries) = &value.kind else { return Some((place, value)) };
        if step.keys.is_empty() {
            return Some((place, value));
        }
        let index = (address(value), step.node);
        if !self.entries.contains_key(&index) {
            let mut by_key = HashMap::new();
            for (at, entry) in entries.iter().enumerate() {
                if let Some(key) = self.key(entry, step.node) {
                    by_key.entry(key).or_insert(at);
                }
            }
            self.entries.insert(index, by_key);
        }
        let at = self.entries.get(&index)?.get(&step.keys);
        Some(at.and_then(|at| entries.get(*at)).map_or((place, value), |entry| (entry.place, entry)))
    }

    /// The key of an entry, from texts that need not be canonical.
    fn key(&self, entry: &Outline, list: NodeId) -> Option<Keys> {
        match entry.text() {
            Some(text) => Some(Keys::from([meaning(self.schema, list, text)?])),
            None => {
                let keys = self.schema.node(list).keys().iter();
                keys.map(|key| {
                    // Entries have few members.
                    let (bare, qualified) = names(self.schema, *key);
                    let (_, found) = entry.member(bare).or_else(|| entry.member(&qualified))?;
                    meaning(self.schema, *key, found.text()?)
                })
                .collect()
            }
        }
    }

    fn member(&mut self, from: &'o Outline, node: NodeId) -> Option<(Place, &'o Outline)> {
        let (bare, qualified) = names(self.schema, node);
        self.named(from, bare).or_else(|| self.named(from, &qualified))
    }

    fn named(&mut self, from: &'o Outline, name: &str) -> Option<(Place, &'o Outline)> {
        let Kind::Map(pairs) = &from.kind else { return None };
        let by_name = self.members.entry(address(from)).or_insert_with(|| {
            let mut by_name = HashMap::new();
            for (at, (name, ..)) in pairs.iter().enumerate() {
                by_name.entry(name.as_str()).or_insert(at);
            }
            by_name
        });
        let (_, place, value) = pairs.get(*by_name.get(name)?)?;
        Some((*place, value))
    }
}

/// Members that hold all data of a document by themselves.
pub(in crate::data) const ENVELOPES: [&str; 2] = ["ietf-restconf:data", "ietf-restconf:notification"];

fn address(outline: &Outline) -> usize {
    std::ptr::from_ref(outline) as usize
}

/// Which entries of lists hold it where its path has no key for them, outermost first, counted from 1.
fn entry_numbers(violation: &Violation) -> Vec<usize> {
    let numbers = violation.info_texts(ENTRY_NUMBER).rev();
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// Whether the node has no name in texts.
fn is_silent(schema: &Schema, node: NodeId) -> bool {
    matches!(schema.node(node).kind, NodeKind::Input | NodeKind::Output)
}

/// The names by which a text can have a node.
fn names(schema: &Schema, node: NodeId) -> (&str, String) {
    let facts = schema.node(node);
    (&facts.name, format!("{}:{}", schema.module(facts.module).name, facts.name))
}

/// The value that a text of a leaf stands for.
fn meaning(schema: &Schema, node: NodeId, text: &str) -> Option<Value> {
    let facts = schema.node(node);
    let context = ParseContext { schema, module: facts.module, strictness: Strictness::Text, prefixes: None };
    facts.ty()?.parse(Raw::Text(text), context).ok()
}
