//! A tree made valid by taking away what is not: as little as the constraints let one see.

use std::collections::HashSet;
use std::sync::Arc;

use super::Model;
use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation, apply};
use crate::data::path::InstancePath;
use crate::data::tree::{Data, Found, Tree};
use crate::data::validate::{ReferenceIndex, validate_indexed};
use crate::data::violation::Violation;
use crate::engine::model_change::Losses;
use crate::yang::schema::{NodeKind, Schema};

/// Takes away what violates a constraint, and what that makes violate one, until nothing does.
pub(super) fn repair(model: &Model<'_>, tenant: &Ident, mut tree: Tree, losses: &mut Losses) -> Tree {
    let schema = model.schema;
    let validate = |tree: &Tree| {
        let index = ReferenceIndex::of(Arc::clone(model.constraints), schema, tree);
        validate_indexed(schema, tree, &index)
    };
    // What a tree without any data violates is not the data's fault, and cannot be mended by taking data away.
    let unavoidable: HashSet<String> =
        validate(&Tree::empty()).iter().map(|violation| fault(schema, violation)).collect();
    loop {
        let mut gone: Vec<InstancePath> = Vec::new();
        for violation in validate(&tree) {
            if unavoidable.contains(&fault(schema, &violation)) {
                continue;
            }
            for path in victims(schema, &tree, &violation) {
                losses.add(tenant, path.to_instance_identifier(schema), violation.told());
                gone.push(path);
            }
        }
        let edits: Vec<Edit> = outermost(gone)
            .into_iter()
            .map(|path| Edit::without_value(path, EditOperation::Remove))
            .collect();
        match apply(schema, &tree, &edits) {
            // Every victim is there, so that each round leaves less to check.
            Ok(next) if next != tree => tree = next,
            _ => return tree,
        }
    }
}

/// The paths that are not at or below another one.
fn outermost(mut paths: Vec<InstancePath>) -> Vec<InstancePath> {
    paths.sort_by_key(|path| path.steps.len());
    let mut kept: HashSet<InstancePath> = HashSet::new();
    paths.retain(|path| {
        let is_inside = (1..=path.steps.len()).any(|length| {
            let above = InstancePath { steps: path.steps.iter().take(length).cloned().collect() };
            kept.contains(&above) || kept.contains(&above.entry(Vec::new()))
        });
        !is_inside && kept.insert(path.clone())
    });
    paths
}

fn fault(schema: &Schema, violation: &Violation) -> String {
    format!("{} {:?} {:?}", violation.instance_identifier(schema), violation.tag, violation.app_tag)
}

/// What has to go for a violation to be one no longer: data that is there.
fn victims(schema: &Schema, tree: &Tree, violation: &Violation) -> Vec<InstancePath> {
    let path = &violation.path;
    match violation.app_tag.as_deref() {
        Some("too-many-elements") => surplus(schema, tree, path),
        Some("data-not-unique") => repetitions(schema, violation),
        // What is missing is missed by what is around it.
        Some("too-few-elements") => around(schema, tree, path.parent()).into_iter().collect(),
        Some("missing-choice") => around(schema, tree, Some(path.clone())).into_iter().collect(),
        _ => {
            let is_key = schema.node(path.target()).is_key();
            let is_there = tree.get(path).is_some() && !path.steps.is_empty() && !is_key;
            if is_there {
                vec![path.clone()]
            } else {
                around(schema, tree, path.parent()).into_iter().collect()
            }
        }
    }
}

/// The nearest entry or container with `presence` at or around a path. What is between exists whenever that does.
fn around(schema: &Schema, tree: &Tree, mut path: Option<InstancePath>) -> Option<InstancePath> {
    while let Some(at) = path.filter(|at| !at.steps.is_empty()) {
        let can_go = match schema.node(at.target()).kind {
            NodeKind::Container { presence } => presence,
            NodeKind::List { .. } => !at.keys().is_empty(),
            _ => false,
        };
        if can_go && tree.get(&at).is_some() {
            return Some(at);
        }
        path = at.parent();
    }
    None
}

/// The entries behind the last that may be there.
fn surplus(schema: &Schema, tree: &Tree, path: &InstancePath) -> Vec<InstancePath> {
    let Some(max) = schema.node(path.target()).list_facts().and_then(|facts| facts.max) else {
        return Vec::new();
    };
    let max = max as usize;
    match tree.get(path) {
        Some(Found::Node(Data::List(list))) => {
            list.iter().skip(max).map(|entry| path.entry(entry.key(schema))).collect()
        }
        Some(Found::Node(Data::LeafList(values))) => {
            values.iter().skip(max).map(|value| path.entry([value.clone()])).collect()
        }
        _ => Vec::new(),
    }
}

/// All entries but the first of those that must not be the same.
fn repetitions(schema: &Schema, violation: &Violation) -> Vec<InstancePath> {
    let depth = violation.path.steps.len();
    let mut entries: Vec<InstancePath> = Vec::new();
    for text in violation.info_texts("non-unique") {
        let Ok(mut path) = InstancePath::parse_instance_identifier(schema, text) else { continue };
        path.steps.truncate(depth);
        if !entries.contains(&path) {
            entries.push(path);
        }
    }
    entries.drain(..1.min(entries.len()));
    entries
}
