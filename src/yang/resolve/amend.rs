//! Augments and deviations: one module amends the nodes of another (RFC 7950 sections 7.17 and 7.20.3).
//!
//! Order does not matter: an augment whose target another augment makes is tried again until nothing moves, and
//! deviations come when all augments are in.

use super::expand::Expander;
use super::load::ModuleIndex;
use super::scope::{Names, ScopeId, split_name};
use super::tree::{Applied, Property, ResolvedId};
use crate::base::diagnostic::Diagnostic;
use crate::base::suggest::nearest;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::known::Known;
use crate::yang::syntax::statement::Statement;

/// A top-level `augment`, `augment-structure` or `deviation`.
#[derive(Clone, Copy, Debug)]
pub struct Amendment<'a> {
    statement: &'a Statement,
    /// It amends a structure (RFC 8791 section 3), not the data of datastores.
    of_structure: bool,
    scope: ScopeId,
    module: ModuleIndex,
}

/// The amendments of all implemented modules.
#[derive(Debug, Default)]
pub struct Amendments<'a> {
    /// Augments whose target is not there yet.
    waiting: Vec<Amendment<'a>>,
    deviations: Vec<Amendment<'a>>,
}

impl<'a> Amendments<'a> {
    /// Takes the amendments of a module and returns the modules that they amend.
    pub fn take(&mut self, names: &Names<'a>, module: ModuleIndex) -> Vec<ModuleIndex> {
        let mut amended = Vec::new();
        let loaded = names.loaded;
        for unit in &loaded.module(module).units {
            let scope = names.unit_scope(*unit);
            let root = &loaded.unit(*unit).root;
            for statement in &root.substatements {
                let of_structure = Known::of(root, &statement.keyword) == Some(Known::AugmentStructure);
                let list = match statement.id() {
                    Some(K::Augment) => &mut self.waiting,
                    Some(K::Deviation) => &mut self.deviations,
                    None if of_structure => &mut self.waiting,
                    _ => continue,
                };
                let amendment = Amendment { statement, of_structure, scope, module };
                amended.extend(amendment.target_modules(names));
                list.push(amendment);
            }
        }
        amended
    }

    /// Applies the augments whose targets are there, until nothing moves.
    pub fn settle(&mut self, expander: &mut Expander<'_, 'a>) {
        // What an augment adds lies deeper than its target: from the top down one pass does.
        self.waiting.sort_by_key(|augment| augment.statement.text().matches('/').count());
        loop {
            let before = self.waiting.len();
            self.waiting.retain(|augment| match find(expander, *augment) {
                Ok(target) => {
                    apply(expander, *augment, target);
                    false
                }
                Err(_) => true,
            });
            if self.waiting.is_empty() || self.waiting.len() == before {
                break;
            }
        }
    }

    /// Reports augments without a target and applies the deviations.
    pub fn finish(self, expander: &mut Expander<'_, 'a>) {
        for augment in self.waiting {
            if let Err(unknown) = find(expander, augment) {
                expander.report(*unknown);
            }
        }
        for deviation in self.deviations {
            match find(expander, deviation) {
                Ok(target) => deviate_all(expander, deviation, target),
                Err(unknown) => expander.report(*unknown),
            }
        }
    }
}

impl<'a> Amendment<'a> {
    /// The modules that the target path names: all of them must be implemented for the target to exist.
    fn target_modules(&self, names: &Names<'a>) -> Vec<ModuleIndex> {
        let path: &'a str = self.statement.text();
        let steps = path.trim().trim_start_matches('/').split('/');
        let mut modules: Vec<ModuleIndex> = steps
            .filter_map(|step| names.data_module_of_prefix(self.scope, split_name(step.trim()).0))
            .collect();
        modules.dedup();
        modules
    }
}

fn apply<'a>(expander: &mut Expander<'_, 'a>, augment: Amendment<'a>, target: ResolvedId) {
    let scope = expander.names.inside(augment.statement, augment.scope);
    let added = expander.augment(augment.statement, scope, augment.module, target);
    expander.tree.augments.push(Applied {
        module: augment.module,
        statement: augment.statement,
        target,
        added,
    });
}

/// The node that an absolute schema node identifier names.
fn find(expander: &Expander<'_, '_>, amendment: Amendment<'_>) -> Result<ResolvedId, Box<Diagnostic>> {
    let at = amendment.statement.argument_span();
    let path = amendment.statement.text().trim();
    let names = expander.names;
    let mut found: Option<ResolvedId> = None;
    for step in path.trim_start_matches('/').split('/') {
        let (prefix, name) = split_name(step.trim());
        let Some(module) = names.data_module_of_prefix(amendment.scope, prefix) else {
            return Err(Box::new(names.unknown_prefix(amendment.scope, prefix.unwrap_or_default(), at)));
        };
        let structures;
        let level = match found {
            None if amendment.of_structure => {
                structures = expander.tree.structure_tops(module);
                structures.as_slice()
            }
            None => expander.tree.top(module),
            Some(parent) => &expander.tree.node(parent).children,
        };
        let next = expander.tree.named(level, module, name);
        if next.is_none() {
            let known = level.iter().map(|id| expander.tree.node(*id).name.as_str());
            let message = format!(
                "'{path}' names no node: there is no '{name}' of module '{}' {}",
                names.loaded.module(module).name,
                found.map_or_else(|| "at the top".to_owned(), |id| format!("in {}", expander.tree.path(id)))
            );
            let mut diagnostic = Diagnostic::error("Y0241", at, message);
            if let Some(near) = nearest(name, known) {
                diagnostic = diagnostic.note(if near == name {
                    format!("'{near}' of another module is there: is the prefix right?")
                } else {
                    format!("did you mean '{near}'?")
                });
            }
            return Err(Box::new(diagnostic));
        }
        found = next;
    }
    found.ok_or_else(|| Box::new(Diagnostic::error("Y0241", at, format!("'{path}' names no node"))))
}

fn deviate_all<'a>(expander: &mut Expander<'_, 'a>, deviation: Amendment<'a>, target: ResolvedId) {
    let deviated = expander.tree.node(target).module;
    let pair = (deviated, deviation.module);
    if !expander.tree.deviations.contains(&pair) {
        expander.tree.deviations.push(pair);
    }
    for deviate in deviation.statement.all(K::Deviate) {
        match deviate.text() {
            "not-supported" => expander.tree.node_mut(target).removed = true,
            "add" => add(expander, deviate, deviation.scope, target),
            "replace" => replace(expander, deviate, deviation.scope, target),
            "delete" => delete(expander, deviate, target),
            _ => {}
        }
    }
}

fn illegal(expander: &mut Expander<'_, '_>, statement: &Statement, target: ResolvedId, why: &str) {
    let message = format!("cannot deviate '{}' of {}: {why}", statement.keyword, expander.tree.path(target));
    expander
        .report(Diagnostic::error("Y0242", statement.head_span(), message).note("RFC 7950 section 7.20.3.2"));
}

fn add<'a>(expander: &mut Expander<'_, 'a>, deviate: &'a Statement, scope: ScopeId, target: ResolvedId) {
    for statement in &deviate.substatements {
        let node = expander.tree.node(target);
        if let Some(id) = statement.id() {
            let many = matches!(id, K::Must | K::Unique) || (id == K::Default && node.kind == K::LeafList);
            if !deviates(id, node.kind) {
                let kind = node.kind;
                illegal(expander, statement, target, &format!("a {kind} has no such property"));
                continue;
            }
            if !many && node.property(id).is_some() {
                illegal(expander, statement, target, "it is there already; use 'deviate replace'");
                continue;
            }
        }
        expander.tree.node_mut(target).properties.push(Property { statement, scope });
    }
}

fn replace<'a>(expander: &mut Expander<'_, 'a>, deviate: &'a Statement, scope: ScopeId, target: ResolvedId) {
    let mut replaced_defaults = false;
    for statement in &deviate.substatements {
        let Some(id) = statement.id() else { continue };
        let node = expander.tree.node(target);
        // Every node is configuration or not, without having to say so.
        let implied = id == K::Config;
        if !deviates(id, node.kind) {
            let kind = node.kind;
            illegal(expander, statement, target, &format!("a {kind} has no such property"));
            continue;
        }
        if !implied && !replaced_defaults && node.property(id).is_none() {
            illegal(expander, statement, target, "it is not there; use 'deviate add'");
            continue;
        }
        let node = expander.tree.node_mut(target);
        if !(id == K::Default && replaced_defaults) {
            node.properties.retain(|known| !known.statement.is(id));
        }
        replaced_defaults |= id == K::Default;
        node.properties.push(Property { statement, scope });
    }
}

fn delete<'a>(expander: &mut Expander<'_, 'a>, deviate: &'a Statement, target: ResolvedId) {
    for statement in &deviate.substatements {
        let node = expander.tree.node_mut(target);
        let same = |known: &Property<'_>| {
            known.statement.keyword == statement.keyword && known.statement.text() == statement.text()
        };
        match node.properties.iter().position(same) {
            Some(position) => {
                node.properties.remove(position);
            }
            None if statement.id().is_some() => {
                illegal(expander, statement, target, "there is none with that argument");
            }
            None => {}
        }
    }
}

/// What can be deviated of which node.
fn deviates(property: K, kind: K) -> bool {
    match property {
        K::Type | K::Units => matches!(kind, K::Leaf | K::LeafList),
        K::Default => matches!(kind, K::Leaf | K::LeafList | K::Choice),
        K::Unique => kind == K::List,
        K::MinElements | K::MaxElements => matches!(kind, K::List | K::LeafList),
        K::Mandatory => matches!(kind, K::Leaf | K::Choice | K::Anydata | K::Anyxml),
        K::Must => !matches!(kind, K::Choice | K::Case | K::Rpc | K::Action),
        K::Config => !matches!(kind, K::Rpc | K::Action | K::Input | K::Output | K::Notification),
        _ => false,
    }
}
