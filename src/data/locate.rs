//! Where an instance stands in the text that it came from.

use super::decode::ENTRY_NUMBER;
use super::path::{InstancePath, PathStep};
use super::violation::Violation;
use crate::base::outline::{Kind, Outline, Place};
use crate::yang::schema::types::{ParseContext, Raw, Strictness};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// Where a violation stands, and how many steps of its path were found: an instance that the text does not have is told
/// by the place of the nearest ancestor that it has.
pub fn locate(text: &Outline, schema: &Schema, violation: &Violation) -> (Place, usize) {
    let mut found = (text.place, 0);
    let mut at = text;
    let numbers = entry_numbers(violation);
    let mut numbers = numbers.iter();
    for (depth, next) in violation.path.steps.iter().enumerate() {
        if is_silent(schema, next.node) {
            continue;
        }
        let Some((mut place, mut node)) = step(at, schema, next) else { return found };
        if let Kind::Sequence(entries) = &node.kind
            && schema.node(next.node).is_list()
            && next.keys.is_empty()
            && let Some(entry) = numbers.next().and_then(|number| entries.get(number.checked_sub(1)?))
        {
            (place, node) = (entry.place, entry);
        }
        found = (place, depth + 1);
        at = node;
    }
    let unknown = violation.unknown.as_ref().and_then(|name| at.member(name));
    (unknown.map_or(found.0, |(place, _)| place), found.1)
}

/// Which entries of lists hold it where its path has no key for them, outermost first, counted from 1.
fn entry_numbers(violation: &Violation) -> Vec<usize> {
    let numbers = violation.info.iter().rev().filter(|(name, _)| name == ENTRY_NUMBER);
    numbers.filter_map(|(_, number)| number.parse().ok()).collect()
}

/// The node of the text at a path, when the text has it.
pub fn node<'o>(text: &'o Outline, schema: &Schema, path: &InstancePath) -> Option<&'o Outline> {
    let mut spoken = path.steps.iter().filter(|step| !is_silent(schema, step.node));
    spoken.try_fold(text, |at, next| step(at, schema, next).map(|(_, node)| node))
}

/// Whether the node has no name in texts.
fn is_silent(schema: &Schema, node: NodeId) -> bool {
    matches!(schema.node(node).kind, NodeKind::Input | NodeKind::Output)
}

fn step<'o>(from: &'o Outline, schema: &Schema, step: &PathStep) -> Option<(Place, &'o Outline)> {
    let node = schema.node(step.node);
    let (place, value) = member(from, schema, step.node)?;
    let Kind::Sequence(entries) = &value.kind else { return Some((place, value)) };
    if step.keys.is_empty() {
        return Some((place, value));
    }
    let is_it = |entry: &&Outline| match entry.text() {
        Some(text) => step.keys.first().is_some_and(|value| means(schema, step.node, text, value)),
        None => node.keys().iter().zip(&step.keys).all(|(key, value)| {
            let text = member(entry, schema, *key).and_then(|(_, found)| found.text());
            text.is_some_and(|text| means(schema, *key, text, value))
        }),
    };
    Some(entries.iter().find(is_it).map_or((place, value), |entry| (entry.place, entry)))
}

fn member<'o>(from: &'o Outline, schema: &Schema, node: NodeId) -> Option<(Place, &'o Outline)> {
    let facts = schema.node(node);
    let qualified = || format!("{}:{}", schema.module(facts.module).name, facts.name);
    from.member(&facts.name).or_else(|| from.member(&qualified()))
}

/// Whether a text, which need not be canonical, stands for a value.
fn means(schema: &Schema, node: NodeId, text: &str, value: &Value) -> bool {
    if value.to_string() == text {
        return true;
    }
    let facts = schema.node(node);
    let context = ParseContext { schema, module: facts.module, strictness: Strictness::Text, prefixes: None };
    facts.ty().is_some_and(|ty| ty.parse(Raw::Text(text), context).is_ok_and(|found| found == *value))
}
