//! Nodes compared one by one, from the top down.

use super::side::{PROBE, Side, known_as};
use super::types::{self, Typed};
use super::{Change, Class};
use crate::yang::resolve::scope::split_name;
use crate::yang::schema::node::{Node, NodeKind};
use crate::yang::schema::{NodeId, Schema};
use crate::yang::syntax::keyword::KeywordId;

/// Compares the nodes of the module, wherever they stand, and those of its exported definitions.
pub(super) fn compare(old: &Side, new: &Side, changes: &mut Vec<Change>) {
    let mut walk = Walk { old, new, changes };
    walk.children(NodeId::ROOT, NodeId::ROOT, "", "");
}

struct Walk<'w> {
    old: &'w Side,
    new: &'w Side,
    changes: &'w mut Vec<Change>,
}

/// The two of a node, and what it is called.
#[derive(Clone, Copy)]
struct Pair<'p> {
    old: &'p Node,
    new: &'p Node,
    path: &'p str,
}

impl Walk<'_> {
    fn add(&mut self, path: &str, kind: &'static str, class: Class, old: String, new: String) -> &mut Change {
        let index = self.changes.len();
        self.changes.push(Change { path: path.to_owned(), kind, class, old, new, note: None });
        &mut self.changes[index]
    }

    /// Whether a node is of the module, or of what was made to compare its definitions.
    fn is_ours(&self, side: &Side, node: &Node) -> bool {
        node.module == side.module || is_probe(&side.schema, node)
    }

    /// `shown` is the path for people, `path` the one with all module names.
    fn children(&mut self, old_parent: NodeId, new_parent: NodeId, shown: &str, path: &str) {
        let (old, new) = (self.old, self.new);
        let before = &old.schema.node(old_parent).schema_children;
        let after = &new.schema.node(new_parent).schema_children;
        let mut order = Vec::new();
        for id in before {
            let node = old.schema.node(*id);
            let same = after.iter().position(|other| self.is_same(node, new.schema.node(*other)));
            let (shown, path) = (show(old, node, shown), format!("{path}/{}", full_name(&old.schema, node)));
            match same.and_then(|position| Some((position, *after.get(position)?))) {
                Some((position, other)) => {
                    if self.is_ours(old, node) {
                        order.push(position);
                        let pair = Pair { old: node, new: new.schema.node(other), path: &shown };
                        self.node(pair, &path);
                    }
                    self.children(*id, other, &shown, &path);
                }
                None if self.is_ours(old, node) => {
                    let heir = after.iter().map(|other| new.schema.node(*other)).find(|other| {
                        kind(other) == kind(node)
                            && self.is_ours(new, other)
                            && !before.iter().any(|id| self.is_same(old.schema.node(*id), other))
                    });
                    let was = kind(node).to_owned();
                    let change = self.add(&shown, "node-removed", Class::Incompatible, was, String::new());
                    if heir.is_some() {
                        change.note =
                            Some("if it was renamed: nodes keep their names, a new name is a new node");
                    }
                }
                None => {}
            }
        }
        if !order.is_sorted() {
            let change = self.add(
                shown,
                "order",
                Class::Incompatible,
                String::new(),
                "nodes are reordered".to_owned(),
            );
            change.note = Some("existing nodes keep their order, which XML and rpc input rely on");
        }
        for id in after {
            let node = new.schema.node(*id);
            let is_new = !before.iter().any(|other| self.is_same(old.schema.node(*other), node));
            if is_new && self.is_ours(new, node) {
                self.added(
                    node,
                    &show(new, node, shown),
                    &format!("{path}/{}", full_name(&new.schema, node)),
                );
            }
        }
    }

    fn is_same(&self, old: &Node, new: &Node) -> bool {
        old.name == new.name && module_name(&self.old.schema, old) == module_name(&self.new.schema, new)
    }

    fn added(&mut self, node: &Node, shown: &str, path: &str) {
        let is_conditional = self.depends_on_a_new_feature(path);
        let mandatory = mandatory(&self.new.schema, node).filter(|_| {
            // A new operation or notification, and what is below a new entry, asks nothing of existing data.
            !is_conditional && !matches!(node.kind, NodeKind::Case)
        });
        let class = if mandatory.is_some() { Class::Incompatible } else { Class::Compatible };
        let change = self.add(shown, "node-added", class, String::new(), kind(node).to_owned());
        if mandatory.is_some() {
            change.note = Some("a new node is not mandatory, unless a new feature says so");
        }
    }

    /// Whether a node is there only with a feature that the old revision does not have.
    fn depends_on_a_new_feature(&self, path: &str) -> bool {
        let knows = |side: &Side, name: &str| {
            side.statements().any(|statement| statement.is(KeywordId::Feature) && statement.text() == name)
        };
        self.new.conditions.get(path).into_iter().flatten().any(|condition| {
            let names = condition.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
            names.map(|name| split_name(name).1).any(|name| knows(self.new, name) && !knows(self.old, name))
        })
    }

    fn node(&mut self, pair: Pair<'_>, path: &str) {
        let Pair { old, new, path: shown } = pair;
        if kind(old) != kind(new) {
            let (before, after) = (kind(old).to_owned(), kind(new).to_owned());
            self.add(shown, "kind", Class::Incompatible, before, after);
            return;
        }
        self.flags(pair);
        self.conditions(pair, path);
        self.values(pair);
        self.lists(pair);
        let text = |text: &Option<crate::base::ident::Ident>| {
            let words: Vec<&str> = text.as_deref().unwrap_or_default().split_whitespace().collect();
            words.join(" ")
        };
        if text(&old.description) != text(&new.description) {
            let (before, after) = (text(&old.description), text(&new.description));
            self.add(shown, "description", Class::Editorial, before, after);
        }
    }

    fn flags(&mut self, Pair { old, new, path }: Pair<'_>) {
        if old.config != new.config {
            let allowed = new.config && mandatory(&self.new.schema, new).is_none();
            let class = if allowed { Class::Compatible } else { Class::Incompatible };
            self.add(path, "config", class, old.config.to_string(), new.config.to_string());
        }
        if old.mandatory != new.mandatory {
            let class = if old.mandatory { Class::Compatible } else { Class::Incompatible };
            self.add(path, "mandatory", class, old.mandatory.to_string(), new.mandatory.to_string());
        }
        if old.status != new.status {
            let class = if new.status > old.status { Class::Compatible } else { Class::Incompatible };
            let shown = |node: &Node| format!("{:?}", node.status).to_lowercase();
            self.add(path, "status", class, shown(old), shown(new));
        }
        if old.presence.is_some() != new.presence.is_some() {
            let shown = |node: &Node| node.presence.as_deref().unwrap_or_default().to_owned();
            self.add(path, "presence", Class::Incompatible, shown(old), shown(new));
        }
    }

    fn conditions(&mut self, Pair { old, new, path }: Pair<'_>, full_path: &str) {
        let musts = |node: &Node| -> Vec<String> {
            node.musts.iter().map(|must| words(&must.condition.source)).collect()
        };
        let whens = |node: &Node| -> Vec<String> {
            node.whens.iter().map(|when| words(&when.condition.source)).collect()
        };
        self.expressions(path, "must", &musts(old), &musts(new));
        self.expressions(path, "when", &whens(old), &whens(new));
        let none = Vec::new();
        let before = self.old.conditions.get(full_path).unwrap_or(&none).clone();
        let after = self.new.conditions.get(full_path).unwrap_or(&none).clone();
        if before != after {
            let only_fewer = after.iter().all(|condition| before.contains(condition));
            let allowed = only_fewer && mandatory(&self.new.schema, new).is_none();
            let class = if allowed { Class::Compatible } else { Class::Incompatible };
            let change = self.add(path, "if-feature", class, before.join(", "), after.join(", "));
            if only_fewer && !allowed {
                change.note = Some("without its condition the node is mandatory for everybody");
            }
        }
    }

    fn expressions(&mut self, path: &str, kind: &'static str, old: &[String], new: &[String]) {
        let gone: Vec<&String> = old.iter().filter(|text| !new.contains(text)).collect();
        let more: Vec<&String> = new.iter().filter(|text| !old.contains(text)).collect();
        let join = |texts: &[&String]| texts.iter().map(|text| text.as_str()).collect::<Vec<_>>().join(", ");
        if !more.is_empty() {
            let change = self.add(path, kind, Class::Incompatible, join(&gone), join(&more));
            if !gone.is_empty() {
                change.note = Some("a looser condition is allowed; a person has to compare the two");
            }
        } else if !gone.is_empty() {
            self.add(path, kind, Class::Compatible, join(&gone), String::new());
        }
    }

    fn values(&mut self, Pair { old, new, path }: Pair<'_>) {
        if let (Some(before), Some(after)) = (old.ty(), new.ty()) {
            let old = Typed { schema: &self.old.schema, ty: before };
            let new = Typed { schema: &self.new.schema, ty: after };
            types::compare(path, old, new, self.changes);
        }
        let (before, after) = (defaults(&self.old.schema, old), defaults(&self.new.schema, new));
        if before != after {
            let is_choice = matches!(old.kind, NodeKind::Choice { .. });
            let class = if before.is_empty() && !is_choice { Class::Compatible } else { Class::Incompatible };
            self.add(path, "default", class, before, after);
        }
        let units = |node: &Node| node.units.as_deref().unwrap_or_default().to_owned();
        if units(old) != units(new) {
            let class = if old.units.is_none() { Class::Compatible } else { Class::Incompatible };
            self.add(path, "units", class, units(old), units(new));
        }
    }

    fn lists(&mut self, Pair { old, new, path }: Pair<'_>) {
        let (Some(before), Some(after)) = (old.list_facts(), new.list_facts()) else { return };
        if before.user_ordered != after.user_ordered {
            let shown = |user: bool| if user { "user" } else { "system" }.to_owned();
            let (before, after) = (shown(before.user_ordered), shown(after.user_ordered));
            self.add(path, "ordered-by", Class::Incompatible, before, after);
        }
        if before.min != after.min {
            let class = if after.min < before.min { Class::Compatible } else { Class::Incompatible };
            self.add(path, "min-elements", class, before.min.to_string(), after.min.to_string());
        }
        if before.max != after.max {
            let shown = |most: Option<u32>| most.map_or("unbounded".to_owned(), |most| most.to_string());
            let is_more = match (before.max, after.max) {
                (Some(before), Some(after)) => after > before,
                (_, after) => after.is_none(),
            };
            let class = if is_more { Class::Compatible } else { Class::Incompatible };
            self.add(path, "max-elements", class, shown(before.max), shown(after.max));
        }
        let (NodeKind::List { keys, unique, .. }, NodeKind::List { keys: new_keys, unique: new_unique, .. }) =
            (&old.kind, &new.kind)
        else {
            return;
        };
        let names = |schema: &Schema, ids: &[NodeId]| {
            ids.iter().map(|id| schema.node(*id).name.to_string()).collect::<Vec<_>>().join(" ")
        };
        let (before, after) = (names(&self.old.schema, keys), names(&self.new.schema, new_keys));
        if before != after {
            self.add(path, "key", Class::Incompatible, before, after);
        }
        let before: Vec<String> = unique.iter().map(|leafs| names(&self.old.schema, leafs)).collect();
        let after: Vec<String> = new_unique.iter().map(|leafs| names(&self.new.schema, leafs)).collect();
        if before != after {
            let only_fewer = after.iter().all(|unique| before.contains(unique));
            let class = if only_fewer { Class::Compatible } else { Class::Incompatible };
            self.add(path, "unique", class, before.join(", "), after.join(", "));
        }
    }
}

fn is_probe(schema: &Schema, node: &Node) -> bool {
    schema.module(node.module).name.starts_with(PROBE)
}

/// The name of a node's module; the modules that are made for comparing count as one.
fn module_name<'s>(schema: &'s Schema, node: &Node) -> &'s str {
    known_as(&schema.module(node.module).name)
}

fn full_name(schema: &Schema, node: &Node) -> String {
    format!("{}:{}", module_name(schema, node), node.name)
}

/// The path for people: a definition is named as such.
fn show(side: &Side, node: &Node, above: &str) -> String {
    if is_probe(&side.schema, node) && above.is_empty() {
        let name = node.name.as_str();
        let definition = [("typedef-", "typedef "), ("grouping-", "grouping ")];
        let named = definition
            .iter()
            .find_map(|(start, shown)| name.strip_prefix(start).map(|rest| format!("{shown}{rest}")));
        return named.unwrap_or_else(|| name.to_owned());
    }
    let space = if above.starts_with("grouping ") && !above.contains('/') { " " } else { "" };
    format!("{above}{space}/{}", node.name)
}

fn kind(node: &Node) -> &'static str {
    match node.kind {
        NodeKind::Root => "root",
        NodeKind::Container { .. } => "container",
        NodeKind::List { .. } => "list",
        NodeKind::Leaf { .. } => "leaf",
        NodeKind::LeafList { .. } => "leaf-list",
        NodeKind::Choice { .. } => "choice",
        NodeKind::Case => "case",
        NodeKind::Anydata => "anydata",
        NodeKind::Anyxml => "anyxml",
        NodeKind::Rpc => "rpc",
        NodeKind::Action => "action",
        NodeKind::Input => "input",
        NodeKind::Output => "output",
        NodeKind::Notification => "notification",
        NodeKind::Structure => "structure",
    }
}

/// The node that makes another mandatory (RFC 7950 section 3): itself, or one below it through containers without presence.
fn mandatory<'s>(schema: &'s Schema, node: &'s Node) -> Option<&'s Node> {
    let least = node.list_facts().map_or(0, |facts| facts.min);
    if node.mandatory || least > 0 {
        return Some(node);
    }
    match node.kind {
        NodeKind::Container { presence: false } => {
            node.schema_children.iter().find_map(|child| mandatory(schema, schema.node(*child)))
        }
        _ => None,
    }
}

fn defaults(schema: &Schema, node: &Node) -> String {
    match &node.kind {
        NodeKind::Leaf { default: Some(default), .. } => default.to_string(),
        NodeKind::LeafList { defaults, .. } => {
            defaults.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        NodeKind::Choice { default_case: Some(case) } => schema.node(*case).name.to_string(),
        _ => String::new(),
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
