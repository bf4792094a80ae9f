//! Where an instance stands in the text that it came from.

use crate::base::outline::{Kind, Outline, Place};
use crate::data::path::{InstancePath, PathStep};
use crate::yang::schema::Schema;

/// Where an instance stands, and how many steps of its path were found: an instance that the text does not have is told
/// by the place of the nearest ancestor that it has. `numbers` tell entries without a usable key by their position in
/// their lists, outermost first, counted from 1.
pub fn locate(tree: &Outline, schema: &Schema, path: &InstancePath, numbers: &[usize]) -> (Place, usize) {
    let mut found = (tree.place, 0);
    let mut at = tree;
    let mut numbers = numbers.iter();
    for (depth, next) in path.steps.iter().enumerate() {
        let Some((mut place, mut node)) = step(at, schema, next) else { break };
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
    found
}

/// The node of the text at a path, when the text has it.
pub fn node<'o>(tree: &'o Outline, schema: &Schema, path: &InstancePath) -> Option<&'o Outline> {
    path.steps.iter().try_fold(tree, |at, next| step(at, schema, next).map(|(_, node)| node))
}

fn step<'o>(from: &'o Outline, schema: &Schema, step: &PathStep) -> Option<(Place, &'o Outline)> {
    let node = schema.node(step.node);
    let qualified = format!("{}:{}", schema.module(node.module).name, node.name);
    let (place, value) = from.member(&node.name).or_else(|| from.member(&qualified))?;
    let Kind::Sequence(entries) = &value.kind else { return Some((place, value)) };
    if step.keys.is_empty() {
        return Some((place, value));
    }
    let keys: Vec<(&str, String)> = node
        .keys()
        .iter()
        .map(|key| schema.node(*key).name.as_str())
        .zip(step.keys.iter().map(ToString::to_string))
        .collect();
    let is_it = |entry: &&Outline| match entry.text() {
        Some(text) => step.keys.first().is_some_and(|value| value.to_string() == text),
        None => keys.iter().all(|(name, value)| {
            entry.member(name).and_then(|(_, found)| found.text()).is_some_and(|found| found == value)
        }),
    };
    Some(entries.iter().find(is_it).map_or((place, value), |entry| (entry.place, entry)))
}
