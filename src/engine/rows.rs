//! Between trees and rows: which rows a change writes, and what stands in them.
//!
//! A row is an entry of a list that is ordered by the system and has keys, or the tenant itself, without the entries below
//! it that are rows of their own. `docs/store-format.md` has the reasons.

use std::sync::Arc;

use super::facts::Facts;
use super::modified::Modified;
use super::row_codec::{RowError, encode_row};
use crate::base::clock::Timestamp;
use crate::base::hashed::IndexSet;
use crate::data::diff::{Change, ChangeKind};
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::{Container, Data, Tree};
use crate::store::EditRecord;
use crate::yang::schema::Schema;

/// What one transaction writes of one tenant.
#[derive(Default)]
pub(super) struct RowWrites {
    /// For the record: deletions first.
    pub edits: Vec<EditRecord>,
    /// Rows that go because an entry above them does: effects that the record does not spell out. They come first.
    pub deleted_below: Vec<String>,
}

/// Works out the writes of one transaction in one tenant.
pub(super) struct RowWriter<'a> {
    schema: &'a Schema,
    facts: &'a Facts,
    after: &'a Tree,
    time: Timestamp,
    modified: &'a mut Modified,
    deleted: Vec<InstancePath>,
    put: IndexSet<InstancePath>,
    writes: RowWrites,
}

impl<'a> RowWriter<'a> {
    /// For a transaction that leads to `after` at `time`; keeps `modified` up to date.
    pub fn new(
        schema: &'a Schema,
        facts: &'a Facts,
        after: &'a Tree,
        time: Timestamp,
        modified: &'a mut Modified,
    ) -> Self {
        RowWriter {
            schema,
            facts,
            after,
            time,
            modified,
            deleted: Vec::new(),
            put: IndexSet::default(),
            writes: RowWrites::default(),
        }
    }

    /// The writes of these changes.
    ///
    /// # Errors
    /// When a row cannot be encoded, which would be a fault of the program.
    pub fn changes(mut self, changes: &[Change]) -> Result<RowWrites, RowError> {
        for change in changes {
            self.change(change);
        }
        self.finish()
    }

    /// The write of a new tenant's own row.
    ///
    /// # Errors
    /// As [`RowWriter::changes`].
    pub fn new_tenant(mut self) -> Result<RowWrites, RowError> {
        self.put_row(&[]);
        self.finish()
    }

    fn change(&mut self, change: &Change) {
        let steps = self.facts.row_steps(&change.path.steps);
        let is_row = steps > 0 && steps == change.path.steps.len();
        if let Some(before) = &change.before
            && change.after.is_none()
        {
            self.gone(&change.path, before, is_row);
        }
        let last_above = if change.kind == ChangeKind::Deleted && is_row { steps - 1 } else { steps };
        let above = change.path.steps.get(..last_above).unwrap_or_default();
        self.put_row(above.get(..self.facts.row_steps(above)).unwrap_or_default());
        if change.before.is_none()
            && let Some(after) = &change.after
        {
            let mut path = change.path.clone();
            each_row_below(self.schema, self.facts, &mut path, after, &mut |path| self.put_row(&path.steps));
        }
    }

    /// An entry or a container with entries in it went.
    fn gone(&mut self, path: &InstancePath, before: &Data, is_row: bool) {
        let (schema, facts) = (self.schema, self.facts);
        let mut at = path.clone();
        let mut below = Vec::new();
        each_row_below(schema, facts, &mut at, before, &mut |path| below.push(path.clone()));
        if is_row {
            self.deleted.push(path.clone());
        }
        for row in below {
            self.modified.forget(facts, &row);
            if is_row {
                self.writes.deleted_below.push(row.to_instance_identifier(schema));
            } else {
                self.deleted.push(row);
            }
        }
        self.modified.forget(facts, path);
    }

    fn put_row(&mut self, steps: &[PathStep]) {
        // Many changes are in one row: a path is made for the first of them.
        if !self.put.contains(steps) {
            let path = InstancePath { steps: steps.to_vec() };
            self.modified.touch(self.facts, &path, self.time);
            self.put.insert(path);
        }
    }

    fn finish(mut self) -> Result<RowWrites, RowError> {
        for path in &self.deleted {
            let path = path.to_instance_identifier(self.schema);
            self.writes.edits.push(EditRecord { path, value: None });
        }
        for path in &self.put {
            // A row around a deleted entry may have gone with it.
            let Some(entry) = self.after.entry(path) else { continue };
            let value = encode_row(self.schema, &without_rows(self.facts, entry))?;
            self.writes
                .edits
                .push(EditRecord { path: path.to_instance_identifier(self.schema), value: Some(value) });
        }
        Ok(self.writes)
    }
}

/// Shows the path of every row below `data`, which is at `path`; not of `data` itself.
fn each_row_below(
    schema: &Schema,
    facts: &Facts,
    path: &mut InstancePath,
    data: &Data,
    visit: &mut impl FnMut(&InstancePath),
) {
    if let Data::Container(container) = data {
        each_row_in(schema, facts, path, container, visit);
    }
}

fn each_row_in(
    schema: &Schema,
    facts: &Facts,
    path: &mut InstancePath,
    container: &Container,
    visit: &mut impl FnMut(&InstancePath),
) {
    for (id, data) in container.children().iter().filter(|(id, _)| facts.has_rows(*id)) {
        match data {
            Data::Container(inner) => {
                path.push(*id, Vec::new());
                each_row_in(schema, facts, path, inner, visit);
                path.steps.pop();
            }
            Data::List(list) if facts.is_row_list(*id) => {
                for entry in list.iter() {
                    path.push(*id, entry.key(schema));
                    visit(path);
                    each_row_in(schema, facts, path, entry, visit);
                    path.steps.pop();
                }
            }
            _ => {}
        }
    }
}

/// Shows the path of every row of a tree, the tenant's own first.
pub(super) fn each_row(schema: &Schema, facts: &Facts, tree: &Tree, visit: &mut impl FnMut(&InstancePath)) {
    let mut path = InstancePath::root();
    visit(&path);
    each_row_in(schema, facts, &mut path, &tree.root, visit);
}

/// The container without the entries that are rows of their own.
pub(super) fn without_rows(facts: &Facts, container: &Arc<Container>) -> Arc<Container> {
    if !container.children().iter().any(|(id, _)| facts.has_rows(*id)) {
        return Arc::clone(container);
    }
    let mut children = Vec::with_capacity(container.children().len());
    for (id, data) in container.children() {
        match data {
            Data::List(_) if facts.is_row_list(*id) => {}
            Data::Container(inner) if facts.has_rows(*id) => {
                children.push((*id, Data::Container(without_rows(facts, inner))));
            }
            _ => children.push((*id, data.clone())),
        }
    }
    Arc::new(Container::with_children(container.node, children))
}
