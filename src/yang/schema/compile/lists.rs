//! Leafs, leaf-lists and lists: types, defaults, sizes and keys.

use std::sync::Arc;

use super::nodes::{Builder, Surroundings};
use super::typing::{TypeWorld, Typing};
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::HashMap;
use crate::base::suggest::nearest;
use crate::yang::resolve::load::Version;
use crate::yang::resolve::scope::split_name;
use crate::yang::resolve::tree::{Property, Resolved, ResolvedId};
use crate::yang::schema::NodeId;
use crate::yang::schema::node::{ListFacts, NodeKind};
use crate::yang::syntax::keyword::KeywordId as K;

impl<'a> Builder<'_, 'a> {
    fn typing(&mut self, node: &Resolved<'a>) -> Option<Arc<Typing<'a>>> {
        let ty = node.property(K::Type)?;
        let mut world = TypeWorld {
            names: self.names,
            features: &mut self.features,
            identities: &self.identities,
            diagnostics: &mut self.diagnostics,
        };
        self.typer.typing(&mut world, ty.statement, ty.scope)
    }

    pub(super) fn leaf(&mut self, id: NodeId, node: &Resolved<'a>, is_key: bool) -> NodeKind {
        let own = node.property(K::Default);
        let mandatory = self.nodes[id.0 as usize].mandatory;
        if let (Some(default), true) = (own, mandatory) {
            let message = format!("the leaf '{}' is mandatory and has a default", node.name);
            self.report("Y0344", default.statement, message);
        }
        if let Some(typing) = self.typing(node) {
            let unneeded = is_key || mandatory;
            if let Some(default) = own.or(typing.default).filter(|_| !unneeded) {
                self.waiting.defaults.push((id, default));
            }
            let unit = &mut self.nodes[id.0 as usize].units;
            if unit.is_none() {
                unit.clone_from(&typing.units);
            }
            self.waiting.types.push((id, typing.template.clone()));
        }
        NodeKind::Leaf { ty: self.placeholder.clone(), default: None, is_key }
    }

    pub(super) fn leaf_list(&mut self, id: NodeId, node: &Resolved<'a>) -> NodeKind {
        let facts = self.list_facts(id, node);
        let own: Vec<Property<'a>> = node.all(K::Default).collect();
        if let (Some(default), true) = (own.first(), facts.min > 0) {
            let message = format!("the leaf-list '{}' needs entries and has a default", node.name);
            self.report("Y0344", default.statement, message);
        }
        if let Some(typing) = self.typing(node) {
            if own.is_empty() {
                let version = typing
                    .default
                    .map(|default| self.names.loaded.unit(self.names.unit_of(default.scope)).version);
                if facts.min == 0 && version == Some(Version::V1_1) {
                    self.waiting.defaults.extend(typing.default.map(|default| (id, default)));
                }
            }
            self.waiting.defaults.extend(own.into_iter().map(|default| (id, default)));
            let unit = &mut self.nodes[id.0 as usize].units;
            if unit.is_none() {
                unit.clone_from(&typing.units);
            }
            self.waiting.types.push((id, typing.template.clone()));
        }
        NodeKind::LeafList { ty: self.placeholder.clone(), defaults: Vec::new(), facts }
    }

    fn list_facts(&mut self, id: NodeId, node: &Resolved<'a>) -> ListFacts {
        let number =
            |kind| node.property(kind).and_then(|property| property.statement.text().parse::<u32>().ok());
        let user = node.property(K::OrderedBy).is_some_and(|property| property.statement.text() == "user");
        let facts = ListFacts {
            user_ordered: user && self.nodes[id.0 as usize].config,
            min: number(K::MinElements).unwrap_or(0),
            max: number(K::MaxElements),
        };
        if let Some(max) = facts.max.filter(|max| *max < facts.min) {
            let message = format!("'{}' needs {} entries and may have only {max}", node.name, facts.min);
            self.report("Y0345", node.statement, message);
        }
        facts
    }

    pub(super) fn list(&mut self, id: NodeId, node: &Resolved<'a>, inside: &Surroundings<'a>) -> NodeKind {
        let facts = self.list_facts(id, node);
        let mut keys: Vec<ResolvedId> = Vec::new();
        match node.property(K::Key) {
            Some(key) => {
                let children: HashMap<&str, ResolvedId> = node
                    .children
                    .iter()
                    .rev()
                    .map(|child| (self.tree.node(*child).name.as_str(), *child))
                    .collect();
                for name in key.statement.text().split_whitespace() {
                    self.key(node, key, name, &children, &mut keys);
                }
            }
            None if inside.config && !self.aside => {
                let message = format!("the list '{}' has no key", node.name);
                self.diagnostics.push(
                    Diagnostic::error("Y0346", node.statement.head_span(), message)
                        .note("only state lists may do without (RFC 7950 section 7.8.2)"),
                );
            }
            None => {}
        }
        self.children(node, inside, &keys);
        for unique in node.all(K::Unique) {
            self.waiting.uniques.push((id, unique));
        }
        for key in &keys {
            self.key_is_like_its_list(*key, inside.config && !self.aside);
        }
        let keys = keys.iter().filter_map(|key| self.ids.get(key).copied()).collect();
        NodeKind::List { keys, unique: Vec::new(), facts }
    }

    /// A key of a configured list is configuration, and in YANG version 1 it is not empty (RFC 7950 and RFC 6020 section
    /// 7.8.2).
    fn key_is_like_its_list(&mut self, key: ResolvedId, config: bool) {
        let leaf = self.tree.node(key);
        let is_state = self.ids.get(&key).is_some_and(|id| !self.nodes[id.0 as usize].config);
        if config && is_state {
            let message = format!("the key '{}' of a list of configuration is state", leaf.name);
            self.report("Y0349", leaf.statement, message);
        }
        let version = self.names.loaded.unit(self.names.unit_of(leaf.scope)).version;
        let is_empty = leaf.property(K::Type).is_some_and(|property| property.statement.text() == "empty");
        if version == Version::V1 && is_empty {
            let message = format!("the key '{}' cannot be empty in YANG version 1", leaf.name);
            self.report("Y0349", leaf.statement, message);
        }
    }

    fn key(
        &mut self,
        node: &Resolved<'a>,
        key: Property<'a>,
        name: &str,
        children: &HashMap<&str, ResolvedId>,
        keys: &mut Vec<ResolvedId>,
    ) {
        let tree = self.tree;
        let (_, local) = split_name(name);
        let at = key.statement.argument_span();
        let found = children.get(local).copied();
        let Some(found) = found.filter(|child| tree.node(*child).kind == K::Leaf) else {
            let leafs =
                node.children.iter().map(|child| tree.node(*child)).filter(|child| child.kind == K::Leaf);
            let message = format!("the key '{name}' is no leaf of the list '{}'", node.name);
            let mut diagnostic = Diagnostic::error("Y0347", at, message);
            if let Some(near) = nearest(local, leafs.map(|leaf| leaf.name.as_str())) {
                diagnostic = diagnostic.help(format!("did you mean '{near}'?"));
            }
            self.diagnostics.push(diagnostic);
            return;
        };
        if keys.contains(&found) {
            self.diagnostics.push(Diagnostic::error("Y0347", at, format!("the key '{name}' is named twice")));
            return;
        }
        let leaf = tree.node(found);
        if !self.present(leaf) {
            let why = if leaf.removed { "a deviation removed it" } else { "its feature is off" };
            let message = format!("the key '{name}' of {} is not there: {why}", tree.path(found));
            self.diagnostics.push(Diagnostic::error("Y0347", at, message));
            return;
        }
        let version = self.names.loaded.unit(self.names.unit_of(leaf.scope)).version;
        for property in &leaf.properties {
            let forbidden = matches!(property.statement.id(), Some(K::When | K::IfFeature));
            if forbidden && version == Version::V1_1 {
                let message = format!("the key '{name}' cannot depend on '{}'", property.statement.keyword);
                self.diagnostics.push(
                    Diagnostic::error("Y0348", property.statement.head_span(), message)
                        .note("a key is always there (RFC 7950 sections 7.8.2 and 7.20.2)"),
                );
            }
        }
        keys.push(found);
    }
}
