//! Rows to the tree of a tenant: each knows the row around it, so that lists are made from the innermost ones out, each at once
//! from its sorted entries.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::place::{Name, Place};
use crate::base::clock::Timestamp;
use crate::data::tree::build::ListBuilder;
use crate::data::tree::share::shared;
use crate::data::tree::{Container, Data, Tree};
use crate::data::validate::{Constraints, ReferenceIndex};
use crate::engine::facts::Facts;
use crate::engine::modified::{ModifiedBuilder, RowHash};
use crate::engine::snapshot::TenantData;
use crate::yang::schema::{NodeId, Schema};

/// The rows of one tenant, in whatever order they come.
pub(super) struct Assembly {
    /// The tenant's own row is the first.
    rows: Vec<Row>,
    named: HashMap<Name, usize>,
}

struct Row {
    /// In which list; the root for the tenant's own.
    list: NodeId,
    /// The index of the row around it.
    around: usize,
    /// `None` for a row that others are in and that has not come yet.
    content: Option<Arc<Container>>,
    time: Timestamp,
}

/// The tenant's own row.
const TENANT: usize = 0;

impl Default for Assembly {
    fn default() -> Self {
        let content = Some(Arc::new(Container::new(NodeId::ROOT)));
        let own = Row { list: NodeId::ROOT, around: TENANT, content, time: Timestamp(0) };
        Assembly { rows: vec![own], named: HashMap::new() }
    }
}

impl Assembly {
    /// Adds a row.
    pub fn add(&mut self, place: Place, content: Arc<Container>, time: Timestamp) {
        let (at, list, around) = match place {
            Place::Tenant => (TENANT, NodeId::ROOT, TENANT),
            Place::Entry { list, around, name } => {
                let around = around.map_or(TENANT, |name| self.index_of(name));
                let at = match name {
                    Some(name) => self.index_of(name),
                    None => self.reserve(),
                };
                (at, list, around)
            }
        };
        if let Some(row) = self.rows.get_mut(at) {
            *row = Row { list, around, content: Some(content), time };
        }
    }

    fn index_of(&mut self, name: Name) -> usize {
        if let Some(known) = self.named.get(&name) {
            return *known;
        }
        let index = self.reserve();
        self.named.insert(name, index);
        index
    }

    fn reserve(&mut self) -> usize {
        self.rows.push(Row { list: NodeId::ROOT, around: TENANT, content: None, time: Timestamp(0) });
        self.rows.len() - 1
    }

    /// The data that the rows add up to.
    ///
    /// # Errors
    /// The path of a row, as far as it is known, and what is wrong with it.
    pub fn finish(
        mut self,
        schema: &Schema,
        facts: &Facts,
        constraints: &Arc<Constraints>,
    ) -> Result<TenantData, (String, &'static str)> {
        self.named = HashMap::new();
        let order = self.order(schema)?;
        let hashes = self.hashes(schema, facts, &order);
        let mut modified = ModifiedBuilder::default();
        let mut entries = order.iter().copied().peekable();
        while let Some(first) = entries.next() {
            let Some(Row { list, around, .. }) = self.rows.get(first) else { continue };
            let (list, around) = (*list, *around);
            let mut builder = ListBuilder::new(schema, list);
            let mut newest = Timestamp(0);
            let mut next = Some(first);
            while let Some(row) = next.and_then(|at| self.rows.get_mut(at)) {
                newest = newest.max(row.time);
                if let (Some(hash), Some(entry)) = (next.and_then(|at| hashes.get(at)), row.content.take()) {
                    modified.add(*hash, row.time);
                    builder.push(entry);
                }
                next = entries.next_if(|at| {
                    self.rows.get(*at).is_some_and(|row| row.list == list && row.around == around)
                });
            }
            if let Some(row) = self.rows.get_mut(around) {
                row.time = row.time.max(newest);
                let data = Data::List(Arc::new(builder.finish()));
                let data = if around == TENANT { data } else { shared(schema, list, data) };
                let content =
                    row.content.take().map_or_else(|| Container::new(row.list), Arc::unwrap_or_clone);
                row.content = Some(Arc::new(with_list(schema, content, list, data)));
            }
        }
        let own = self.rows.into_iter().next();
        let (root, time) = own.map_or((None, Timestamp(0)), |own| (own.content, own.time));
        if time > Timestamp(0) {
            modified.add(RowHash::of_tenant().finish(), time);
        }
        let tree = Tree { root: root.unwrap_or_else(|| Arc::new(Container::new(NodeId::ROOT))) };
        let index = ReferenceIndex::of(Arc::clone(constraints), schema, &tree);
        Ok(TenantData { tree, index, modified: modified.finish() })
    }

    /// All rows but the tenant's own: inner ones first, those of one list together and in the order of their keys.
    fn order(&self, schema: &Schema) -> Result<Vec<usize>, (String, &'static str)> {
        let parent = |node: &NodeId| Some(schema.node(*node).parent).filter(|parent| *parent != NodeId::ROOT);
        let depth = |list: NodeId| std::iter::successors(Some(list), parent).count();
        let mut depths: HashMap<NodeId, usize> = HashMap::new();
        let mut order = Vec::with_capacity(self.rows.len());
        for (index, row) in self.rows.iter().enumerate().skip(1) {
            let is_in_nothing = |around: usize| self.rows.get(around).is_none_or(|row| row.content.is_none());
            let Some(content) = &row.content else { continue };
            if is_in_nothing(row.around) {
                let path = schema.path(row.list);
                return Err((path, "the entry above it is missing"));
            }
            let depth = *depths.entry(row.list).or_insert_with(|| depth(row.list));
            order.push((Reverse(depth), row.around, row.list, index, content));
        }
        order.sort_unstable_by(|a, b| {
            let count = schema.node(a.2).keys().len();
            let keys = || a.4.key_values(count).cmp(b.4.key_values(count));
            (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(keys)
        });
        Ok(order.into_iter().map(|(.., index, _)| index).collect())
    }

    /// The hash of every row's path, by index.
    fn hashes(&self, schema: &Schema, facts: &Facts, order: &[usize]) -> Vec<u64> {
        let mut hashes = vec![0; self.rows.len()];
        let mut around: HashMap<usize, RowHash> = HashMap::from([(TENANT, RowHash::of_tenant())]);
        // Outer ones first: what is inside goes on from them.
        for at in order.iter().rev() {
            let Some(row) = self.rows.get(*at) else { continue };
            let (Some(content), Some(outer)) = (&row.content, around.get(&row.around)) else { continue };
            let hash = outer.of_entry(schema, facts, content);
            if let Some(slot) = hashes.get_mut(*at) {
                *slot = hash.finish();
            }
            if facts.has_rows_inside(schema, row.list) {
                around.insert(*at, hash);
            }
        }
        hashes
    }
}

/// A row with a list in it, perhaps in containers between them.
fn with_list(schema: &Schema, mut content: Container, list: NodeId, data: Data) -> Container {
    let mut between = vec![list];
    while let Some(inner) = between.last().map(|node| schema.node(*node).parent)
        && inner != content.node
        && inner != NodeId::ROOT
    {
        between.push(inner);
    }
    between.reverse();
    put(&mut content, &between, data);
    content
}

fn put(content: &mut Container, between: &[NodeId], list: Data) {
    match between {
        [] => {}
        [last] => content.set(*last, list),
        [first, rest @ ..] => {
            let mut inner = match content.remove(*first) {
                Some(Data::Container(inner)) => Arc::unwrap_or_clone(inner),
                _ => Container::new(*first),
            };
            put(&mut inner, rest, list);
            content.set(*first, Data::Container(Arc::new(inner)));
        }
    }
}
