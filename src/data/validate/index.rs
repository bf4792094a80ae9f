//! The indexes that make validation cost what a change costs: who refers to a value, where the values of leafs that are
//! not keys stand, and which entries have which `unique` tuple.
//!
//! Rows hold a hash instead of a value, so a row that is found is a candidate: whoever asks looks at the data itself.
//! The maps are persistent, so an index is cloned with a snapshot at no cost.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use imbl::OrdSet;

use super::constraints::{Constraints, index as index_of};
use crate::base::hashed::HashSet;
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::Tree;
use crate::data::tree::build::packed;
use crate::data::xpath::accessible::ON;
use crate::data::xpath::{Cursor, EvalError, Evaluator, Item};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// Reverse references and `unique` tuples of one tree, with the constraints of its schema.
#[derive(Clone, Debug)]
pub struct ReferenceIndex {
    pub(super) constraints: Arc<Constraints>,
    referrers: OrdSet<Row>,
    targets: OrdSet<Row>,
    pub(super) uniques: OrdSet<Row>,
}

/// One row of an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Row {
    /// The site, or the `unique` statement.
    pub what: usize,
    /// Of the value or tuple, and of the keys of the instance that both ends share.
    pub hash: u64,
    /// All keys on the way to the leaf or entry, and the value of a leaf-list entry.
    pub keys: Arc<[Value]>,
}

/// What a subtree adds to an index.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub referrers: Vec<Row>,
    pub targets: Vec<Row>,
    pub uniques: Vec<Row>,
    /// Site and hash of everything that can be referred to, by key or not. Only for a part of a tree that changes is it asked
    /// what no longer is there; `None` for a whole tree.
    pub referable: Option<HashSet<(usize, u64)>>,
}

impl Rows {
    /// For a part of a tree, before or after a change.
    pub(super) fn of_change() -> Self {
        Rows { referable: Some(HashSet::default()), ..Rows::default() }
    }
}

impl ReferenceIndex {
    /// An index of an empty tree.
    pub fn empty(constraints: Arc<Constraints>) -> Self {
        ReferenceIndex {
            constraints,
            referrers: OrdSet::new(),
            targets: OrdSet::new(),
            uniques: OrdSet::new(),
        }
    }

    /// The index of a tree, with the constraints of its schema worked out anew.
    pub fn build(schema: &Schema, tree: &Tree) -> Self {
        Self::of(Constraints::new(schema), schema, tree)
    }

    /// The index of a tree.
    pub fn of(constraints: Arc<Constraints>, schema: &Schema, tree: &Tree) -> Self {
        let mut index = ReferenceIndex::empty(constraints);
        let evaluator = Evaluator::new(schema, &tree.root);
        let mut rows = Rows::default();
        index.gather(&evaluator, &InstancePath::root(), &mut rows);
        index.insert(rows);
        index
    }

    /// The constraints of the schema, to be shared by other indexes.
    pub fn constraints(&self) -> &Arc<Constraints> {
        &self.constraints
    }

    /// All rows, to compare two indexes.
    #[cfg(test)]
    pub(super) fn rows(&self) -> [Vec<Row>; 3] {
        [&self.referrers, &self.targets, &self.uniques].map(|rows| rows.iter().cloned().collect())
    }

    /// Takes rows in.
    pub(super) fn insert(&mut self, mut rows: Rows) {
        for (index, come) in [
            (&mut self.referrers, &mut rows.referrers),
            (&mut self.targets, &mut rows.targets),
            (&mut self.uniques, &mut rows.uniques),
        ] {
            come.sort_unstable();
            index.extend(packed(std::mem::take(come)));
        }
    }

    /// Takes rows out.
    pub(super) fn remove(&mut self, rows: &Rows) {
        for (index, gone) in [
            (&mut self.referrers, &rows.referrers),
            (&mut self.targets, &rows.targets),
            (&mut self.uniques, &rows.uniques),
        ] {
            for row in gone {
                index.remove(row);
            }
        }
    }

    /// Paths of the leafs that perhaps refer, each by its site, to the values of those hashes. Hashes have no order that
    /// means anything, and the same edit is to be answered the same way each time: so the paths are in theirs.
    pub(super) fn referrers(
        &self,
        schema: &Schema,
        values: impl IntoIterator<Item = (usize, u64)>,
    ) -> Vec<InstancePath> {
        let mut found = Vec::new();
        for (site, hash) in values {
            let Some(leaf) = self.constraints.sites.get(site).map(|site| site.leaf) else { continue };
            found.extend(rows(&self.referrers, site, hash).map(|row| path_of(schema, leaf, &row.keys)));
        }
        found.sort_by_cached_key(|path| path.to_v1(schema));
        found
    }

    /// The entries with a leaf or leaf-list `leaf` that refers to `value`, for leafs that share no list entry with what they
    /// refer to. Candidates: whoever asks looks at the data itself.
    pub fn referring<'i>(
        &'i self,
        schema: &'i Schema,
        leaf: NodeId,
        value: &Value,
    ) -> impl Iterator<Item = InstancePath> + use<'i> {
        let hash = hash_of(&[], value);
        let sites = self.constraints.sites_of.get(&leaf).into_iter().flatten();
        sites.flat_map(move |site| {
            let found = rows(&self.referrers, *site, hash);
            found.filter_map(move |row| path_of(schema, leaf, &row.keys).parent())
        })
    }

    /// The entries of a list that stands in no other, with these values of the leafs that a `unique` statement of it
    /// names. Candidates: whoever asks looks at the data itself.
    pub fn with_unique(
        &self,
        schema: &Schema,
        list: NodeId,
        leafs: &[NodeId],
        values: &[&Value],
    ) -> Vec<InstancePath> {
        let statements = self.constraints.unique_of.get(&list).into_iter().flatten();
        let is_wanted =
            |id: &&usize| self.constraints.uniques.get(**id).is_some_and(|unique| unique.leafs == leafs);
        let hash = hash_of_tuple(&[], values);
        let found = statements.filter(is_wanted).flat_map(|id| rows(&self.uniques, *id, hash));
        found.map(|row| path_of(schema, list, &row.keys)).collect()
    }

    /// Paths of the leafs to which the value of that hash perhaps leads, for a site whose targets are indexed.
    pub(super) fn targets(&self, schema: &Schema, site: usize, hash: u64) -> Vec<InstancePath> {
        let target = self.constraints.sites.get(site).and_then(|site| site.target.as_ref());
        let Some(target) = target else { return Vec::new() };
        rows(&self.targets, site, hash).map(|row| path_of(schema, target.node, &row.keys)).collect()
    }

    /// Whether anything refers by that site.
    fn has_site(&self, site: usize) -> bool {
        let first = Row { what: site, hash: 0, keys: Arc::new([]) };
        self.referrers.range(first..).next().is_some_and(|row| row.what == site)
    }

    /// The rows of a `unique` statement with that hash.
    pub(super) fn tuples(&self, unique: usize, hash: u64) -> Vec<Row> {
        rows(&self.uniques, unique, hash).cloned().collect()
    }

    /// Collects the rows of everything at and below a path; and of the entries around it whose `unique` tuples may
    /// look into it. A condition that cannot be evaluated leaves its node out.
    pub(super) fn gather(&self, evaluator: &Evaluator<'_>, path: &InstancePath, into: &mut Rows) {
        if self.constraints.is_indexed.get(index_of(path.target())) != Some(&true) {
            return;
        }
        let open: Vec<usize> = match into.referable {
            Some(_) => {
                self.constraints.open_sites.iter().copied().filter(|site| self.has_site(*site)).collect()
            }
            None => Vec::new(),
        };
        let mut gatherer = Gatherer { constraints: &self.constraints, evaluator, open, rows: into };
        for length in 1..path.steps.len() {
            let steps = path.steps.get(..length).unwrap_or_default();
            let Some(last) = steps.last() else { continue };
            if self.constraints.unique_of.contains_key(&last.node)
                && let Ok(Some(entry)) = evaluator.find(&InstancePath { steps: steps.to_vec() })
            {
                let mut trail = Trail::to(&InstancePath { steps: steps.to_vec() });
                let _ = gatherer.tuples(&entry, &mut trail);
            }
        }
        let mut trail = Trail::to(&path.parent().unwrap_or_default());
        let _ = evaluator.visit_at(path, &mut |cursor| {
            evaluator.refill();
            gatherer.subtree(cursor, &mut trail)?;
            ON
        });
        evaluator.refill();
    }
}

/// The hash under which a value is found from both ends of a site.
pub(super) fn hash_of(shared: &[Value], value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    shared.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}

/// The hash under which an entry is found by the values of its `unique` leafs.
fn hash_of_tuple(around: &[Value], tuple: &[&Value]) -> u64 {
    let mut hasher = DefaultHasher::new();
    around.hash(&mut hasher);
    tuple.hash(&mut hasher);
    hasher.finish()
}

/// The hash under which an instance is found that an instance-identifier names.
pub(super) fn hash_of_instance(path: &InstancePath) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// The hash of an instance-identifier's value.
pub(super) fn hash_of_identifier(schema: &Schema, value: &Value) -> Option<u64> {
    let Value::InstanceIdentifier(text) = value else { return None };
    let path = InstancePath::parse_instance_identifier(schema, text).ok()?;
    Some(hash_of_instance(&path))
}

fn rows(index: &OrdSet<Row>, what: usize, hash: u64) -> impl Iterator<Item = &Row> {
    let first = Row { what, hash, keys: Arc::new([]) };
    index.range(first..).take_while(move |row| row.what == what && row.hash == hash)
}

/// The path of an instance of a node from all keys on the way to it.
pub(super) fn path_of(schema: &Schema, node: NodeId, keys: &[Value]) -> InstancePath {
    let mut nodes = Vec::new();
    let mut at = node;
    while at != NodeId::ROOT {
        nodes.push(at);
        at = schema.node(at).parent;
    }
    let mut keys = keys.iter();
    let steps = nodes.into_iter().rev().map(|node| {
        let count = match &schema.node(node).kind {
            NodeKind::List { keys, .. } => keys.len(),
            NodeKind::LeafList { .. } => 1,
            _ => 0,
        };
        PathStep { node, keys: keys.by_ref().take(count).cloned().collect() }
    });
    InstancePath { steps: steps.collect() }
}

/// A path that grows and shrinks while a subtree is walked: the keys of all steps in one vector.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// Each step's node, and how many keys there are up to and with it.
    steps: Vec<(NodeId, usize)>,
    keys: Vec<Value>,
    /// The keys as rows hold them, once a row has asked for them: the rows of one entry share them.
    row_keys: Option<Arc<[Value]>>,
}

impl Trail {
    /// The trail that leads along a path.
    pub(super) fn to(path: &InstancePath) -> Self {
        let mut trail = Trail::default();
        for step in &path.steps {
            trail.enter(step.node, step.keys.iter().cloned());
        }
        trail
    }

    fn enter(&mut self, node: NodeId, keys: impl Iterator<Item = Value>) {
        let before = self.keys.len();
        self.keys.extend(keys);
        self.steps.push((node, self.keys.len()));
        self.changed_from(before);
    }

    fn leave(&mut self) {
        self.steps.pop();
        let before = self.keys.len();
        self.keys.truncate(self.steps.last().map_or(0, |(_, count)| *count));
        self.changed_from(before);
    }

    fn changed_from(&mut self, before: usize) {
        if self.keys.len() != before {
            self.row_keys = None;
        }
    }

    /// All keys on the way.
    fn row_keys(&mut self) -> Arc<[Value]> {
        Arc::clone(self.row_keys.get_or_insert_with(|| self.keys.as_slice().into()))
    }

    /// All keys up to and with the step of a node; none for the root.
    pub(super) fn keys_to(&self, node: NodeId) -> &[Value] {
        let count = self.steps.iter().find(|(step, _)| *step == node).map_or(0, |(_, count)| *count);
        self.keys.get(..count).unwrap_or_default()
    }

    fn path(&self) -> InstancePath {
        let mut start = 0;
        let steps = self.steps.iter().map(|(node, end)| {
            let keys = self.keys.get(start..*end).unwrap_or_default().into();
            start = *end;
            PathStep { node: *node, keys }
        });
        InstancePath { steps: steps.collect() }
    }
}

struct Gatherer<'g, 'a> {
    constraints: &'g Constraints,
    evaluator: &'g Evaluator<'a>,
    /// The sites of which there are instance-identifiers: these may name anything that there is.
    open: Vec<usize>,
    rows: &'g mut Rows,
}

impl<'a> Gatherer<'_, 'a> {
    fn subtree(&mut self, cursor: &Cursor<'a>, trail: &mut Trail) -> Result<(), EvalError> {
        let schema = self.evaluator.schema;
        match cursor.item() {
            Item::Inner { node, data } => {
                let count = schema.node(node).keys().len();
                if node != NodeId::ROOT {
                    trail.enter(node, data.into_iter().flat_map(|entry| entry.key_values(count).cloned()));
                }
                let outcome = self.inside(cursor, node, trail);
                if node != NodeId::ROOT {
                    trail.leave();
                }
                outcome
            }
            Item::Leaf { node, value } => {
                let is_entry = matches!(schema.node(node).kind, NodeKind::LeafList { .. });
                trail.enter(node, is_entry.then(|| value.clone()).into_iter());
                self.leaf(node, value, trail);
                trail.leave();
                Ok(())
            }
            Item::Text { .. } | Item::Any { .. } => Ok(()),
        }
    }

    fn inside(&mut self, cursor: &Cursor<'a>, node: NodeId, trail: &mut Trail) -> Result<(), EvalError> {
        self.instance(trail);
        self.tuples(cursor, trail)?;
        let parent = Rc::new(cursor.clone());
        for child in self.evaluator.schema.children(node) {
            if self.constraints.is_indexed.get(index_of(*child)) == Some(&true)
                && self.evaluator.is_accessible(*child)
            {
                let evaluator = self.evaluator;
                let mut above = || Rc::clone(&parent);
                let _ =
                    evaluator.visit_child(cursor.item().container(), *child, &mut above, &mut |item| {
                        evaluator.refill();
                        self.subtree(&Cursor::below(&parent, item), trail)?;
                        ON
                    })?;
            }
        }
        Ok(())
    }

    fn leaf(&mut self, node: NodeId, value: &Value, trail: &mut Trail) {
        self.instance(trail);
        for id in self.constraints.sites_of.get(&node).into_iter().flatten() {
            let Some(site) = self.constraints.sites.get(*id) else { continue };
            let Some(value) = site.value(self.evaluator.schema, value) else { continue };
            let hash = match &site.target {
                Some(target) => Some(hash_of(trail.keys_to(target.anchor), &value)),
                None if self.constraints.open_sites.contains(id) => {
                    hash_of_identifier(self.evaluator.schema, &value)
                }
                None => None,
            };
            if let Some(hash) = hash {
                self.rows.referrers.push(Row { what: *id, hash, keys: trail.row_keys() });
            }
        }
        for site in self.constraints.sites_to.get(&node).into_iter().flatten() {
            let target = self.constraints.sites.get(*site).and_then(|site| site.target.as_ref());
            if let Some(target) = target {
                let hash = hash_of(trail.keys_to(target.anchor), value);
                if let Some(referable) = &mut self.rows.referable {
                    referable.insert((*site, hash));
                }
                if target.is_indexed {
                    self.rows.targets.push(Row { what: *site, hash, keys: trail.row_keys() });
                }
            }
        }
    }

    /// Anything can be named by an instance-identifier.
    fn instance(&mut self, trail: &Trail) {
        if let Some(referable) = &mut self.rows.referable
            && !self.open.is_empty()
        {
            let hash = hash_of_instance(&trail.path());
            referable.extend(self.open.iter().map(|site| (*site, hash)));
        }
    }

    fn tuples(&mut self, entry: &Cursor<'a>, trail: &mut Trail) -> Result<(), EvalError> {
        let node = entry.item().node();
        for id in self.constraints.unique_of.get(&node).into_iter().flatten() {
            let Some(unique) = self.constraints.uniques.get(*id) else { continue };
            let Some(tuple) = tuple_of(self.evaluator, entry, &unique.leafs)? else { continue };
            let list = self.evaluator.schema.node(node).parent;
            let hash = hash_of_tuple(trail.keys_to(list), &tuple);
            self.rows.uniques.push(Row { what: *id, hash, keys: trail.row_keys() });
        }
        Ok(())
    }
}

/// The values of an entry's `unique` leafs, defaults included; `None` where one has no value (RFC 7950 section 7.8.3).
pub(super) fn tuple_of<'a>(
    evaluator: &Evaluator<'a>,
    entry: &Cursor<'a>,
    leafs: &[NodeId],
) -> Result<Option<Vec<&'a Value>>, EvalError> {
    let mut tuple = Vec::with_capacity(leafs.len());
    for leaf in leafs {
        match evaluator.leaf_below(entry, *leaf)? {
            Some(value) => tuple.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(tuple))
}
