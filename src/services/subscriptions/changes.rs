//! Differences between two trees as the edits of a YANG Patch (RFC 8072), as one receiver may see them.
//!
//! A filter is asked about each change in a tree that holds nothing but the change, the way to it, and the leafs beside the
//! way: what it costs has nothing to do with how much data there is.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::selection::shape;
use crate::access::authorize::prune::{come_to, prune};
use crate::access::authorize::{Authority, Hidden};
use crate::data::diff::{Change, ChangeKind, by_entries};
use crate::data::path::{InstancePath, Keys};
use crate::data::read::{Subject, View as Encoded};
use crate::data::tree::{Data, Position, Tree, spine_with_leafs};
use crate::data::xpath::{Cursor, Evaluator};
use crate::engine::Datastore;
use crate::yang::schema::xpath::Expression;
use crate::yang::schema::{NodeKind, Schema};

/// Steps that a filter may take for one change.
const BUDGET: u64 = 1_000_000;

/// A YANG Patch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Patch {
    pub patch_id: String,
    pub edit: Vec<Edit>,
}

impl Patch {
    /// About how many bytes it has.
    pub fn size(&self) -> usize {
        let of = |edit: &Edit| edit.value.as_ref().map_or(0, |value| value.to_string().len());
        self.edit.iter().map(|edit| edit.target.len() + of(edit)).sum()
    }
}

/// One edit of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Edit {
    edit_id: String,
    operation: &'static str,
    target: String,
    point: Option<String>,
    #[serde(rename = "where")]
    place: Option<&'static str>,
    value: Option<Json>,
}

/// Two trees, and who looks at them.
pub struct View<'a> {
    pub schema: &'a Schema,
    /// What may be told; `None` where there is nothing else in the trees.
    pub authority: Option<&'a Authority>,
    pub filter: Option<&'a Expression>,
    pub datastore: Datastore,
    /// Kinds of changes that are not told.
    pub excluded: &'a [String],
    pub before: &'a Tree,
    pub after: &'a Tree,
}

impl View<'_> {
    /// Changes as edits: those of a leaf-list entry by entry, for the target of an edit is an entry (RFC 8072 section 2.4).
    pub fn edits(&self, changes: Vec<Change>) -> Vec<Edit> {
        let mut edits = Vec::new();
        for change in changes.into_iter().flat_map(|change| by_entries(self.schema, change)) {
            for part in self.selected(change) {
                let number = edits.len() + 1;
                edits.extend(self.edit(&part, number));
            }
        }
        edits
    }

    /// What of a change the filter selects: all of it, or nodes inside of what came or went.
    fn selected(&self, change: Change) -> Vec<Change> {
        let Some(filter) = self.filter else { return vec![change] };
        let before = change.before.clone().map(|data| self.nodes(filter, self.before, &change.path, data));
        let after = change.after.clone().map(|data| self.nodes(filter, self.after, &change.path, data));
        let all = || before.iter().chain(&after).flat_map(|(_, nodes)| nodes);
        if all().any(|node| change.path.starts_with(node)) {
            return vec![change];
        }
        let mut inside: Vec<InstancePath> =
            all().filter(|node| node.starts_with(&change.path)).cloned().collect();
        inside.dedup();
        let after_nodes: &[InstancePath] = after.as_ref().map_or(&[], |(_, nodes)| nodes);
        let mut seen: Vec<InstancePath> = Vec::new();
        let mut parts = Vec::new();
        for path in inside {
            if seen.iter().any(|known| path.starts_with(known)) {
                continue;
            }
            let part_of = |side: &Option<(Tree, Vec<InstancePath>)>| {
                let (tree, nodes) = side.as_ref()?;
                let is_selected = nodes.contains(&path);
                is_selected.then(|| tree.get(&path).map(owned)).flatten()
            };
            let (before, after) = (part_of(&before), part_of(&after));
            let kind = match (&before, &after) {
                (None, None) => continue,
                (None, _) => ChangeKind::Created,
                (_, None) => ChangeKind::Deleted,
                _ => ChangeKind::Changed,
            };
            if before != after {
                let selected = after_nodes.iter().rev().skip_while(|node| **node != path).skip(1);
                let position = (kind == ChangeKind::Created).then(|| self.behind(&path, selected)).flatten();
                parts.push(Change { path: path.clone(), kind, before, after, position });
            }
            seen.push(path);
        }
        parts
    }

    /// Where a created entry stands that users order: behind the nearest before it that is selected too.
    fn behind<'p>(
        &self,
        path: &InstancePath,
        mut before: impl Iterator<Item = &'p InstancePath>,
    ) -> Option<Position> {
        let facts = self.schema.node(path.target()).list_facts()?;
        if !facts.user_ordered || path.keys().is_empty() {
            return None;
        }
        let list = path.entry(Keys::new());
        let nearest = before.find(|other| other.entry(Keys::new()) == list);
        Some(nearest.map_or(Position::First, |other| Position::After(other.keys().into())))
    }

    /// The nodes that a filter selects around and in one part of a tree. One that has no outcome selects nothing.
    fn nodes(
        &self,
        filter: &Expression,
        tree: &Tree,
        path: &InstancePath,
        data: Data,
    ) -> (Tree, Vec<InstancePath>) {
        let data = match data {
            // An entry of a leaf-list is changed with its leaf-list.
            Data::Leaf(value)
                if matches!(self.schema.node(path.target()).kind, NodeKind::LeafList { .. }) =>
            {
                Data::LeafList(Arc::new([value]))
            }
            other => other,
        };
        let part = spine_with_leafs(self.schema, tree, path, data);
        let evaluator = Evaluator::new(self.schema, &part.root).without_secrets().with_budget(BUDGET);
        let evaluator = if self.datastore == Datastore::Config { evaluator.config_only() } else { evaluator };
        let nodes = evaluator.nodes(filter, &Cursor::root(&part.root));
        let paths = nodes.map(|nodes| nodes.iter().map(|node| node.path(self.schema)).collect());
        let paths = paths.unwrap_or_else(|error| {
            tracing::warn!(%error, "the filter of a subscription cannot be decided");
            Vec::new()
        });
        (part, paths)
    }

    fn edit(&self, change: &Change, number: usize) -> Option<Edit> {
        let node = self.schema.node(change.path.target());
        if !node.config && self.datastore == Datastore::Config {
            return None;
        }
        if node.extensions.secret || node.extensions.hashed {
            return None;
        }
        let operation = match (change.kind, &change.position) {
            (ChangeKind::Created, Some(_)) => "insert",
            (ChangeKind::Created, None) => "create",
            (ChangeKind::Deleted, _) => "delete",
            (ChangeKind::Changed, _) => "replace",
            (ChangeKind::Moved, _) => "move",
        };
        if self.excluded.iter().any(|excluded| excluded == operation) {
            return None;
        }
        let value = match (change.kind, &change.after) {
            (ChangeKind::Deleted | ChangeKind::Moved, _) | (_, None) => {
                self.is_known(change)?;
                None
            }
            (_, Some(data)) => {
                let (data, hidden) = self.readable(&change.path, data)?;
                Some(self.value(&change.path, &data, &hidden)?)
            }
        };
        let (place, point) = match &change.position {
            None => (None, None),
            Some(position) => self.place(change, position),
        };
        Some(Edit {
            edit_id: number.to_string(),
            operation,
            target: change.path.to_restconf(self.schema),
            point,
            place,
            value,
        })
    }

    /// What of the data at a path may be told, and which nodes in it may not; `None` when nothing may.
    fn readable(&self, path: &InstancePath, data: &Data) -> Option<(Data, Hidden)> {
        let Some(authority) = self.authority else { return Some((data.clone(), Hidden::default())) };
        let walk = come_to(authority, path)?;
        Some((prune(self.schema, &walk, data)?, walk.hidden()))
    }

    /// Whether it may be told that there was something: something of it could be read.
    fn is_known(&self, change: &Change) -> Option<()> {
        let data = change.before.as_ref().or(change.after.as_ref())?;
        self.readable(&change.path, data).map(drop)
    }

    fn place(&self, change: &Change, position: &Position) -> (Option<&'static str>, Option<String>) {
        let sibling = |keys: &[crate::yang::schema::Value]| {
            Some(change.path.entry(keys.to_vec()).to_restconf(self.schema))
        };
        match position {
            Position::First => (Some("first"), None),
            Position::Last => (Some("last"), None),
            Position::Before(keys) => (Some("before"), sibling(keys)),
            Position::After(keys) => (Some("after"), sibling(keys)),
        }
    }

    /// The resource as a message has it: a member by its name, an entry in an array of one.
    fn value(&self, path: &InstancePath, data: &Data, hidden: &Hidden) -> Option<Json> {
        let node = self.schema.node(path.target());
        let shape = shape(self.datastore, hidden.shared());
        let data = Subject::of(node.id, data);
        let shown =
            serde_json::to_value(Encoded { schema: self.schema, data, shape: &shape, surroundings: None })
                .ok()?;
        let is_entry = match data {
            Subject::Container(_) => node.is_list(),
            Subject::Leaf(..) => node.list_facts().is_some(),
            _ => false,
        };
        let shown = if is_entry { json!([shown]) } else { shown };
        Some(json!({format!("{}:{}", self.schema.module(node.module).name, node.name): shown}))
    }
}

fn owned(found: crate::data::tree::Found<'_>) -> Data {
    use crate::data::tree::Found;
    match found {
        Found::Entry(entry) => Data::Container(Arc::clone(entry)),
        Found::Node(data) => data.clone(),
        Found::Value(value) => Data::Leaf(value.clone()),
    }
}
