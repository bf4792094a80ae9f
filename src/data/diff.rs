//! What is different between two trees, at the cost of the difference: shared parts are not looked into.

mod members;
mod order;

pub use members::by_entries;

use std::cmp::Ordering;
use std::sync::Arc;

use imbl::ordmap::DiffItem;

use super::edit::{Edit, EditOperation};
use super::path::InstancePath;
use super::tree::{Container, Data, List, Position, Store, Tree};
use crate::yang::schema::{NodeId, Schema};

/// One difference: a subtree that came or went as a whole, a leaf or leaf-list that changed, an entry that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub path: InstancePath,
    /// What happened.
    pub kind: ChangeKind,
    /// The content before, unless it was created. An entry is a [`Data::Container`].
    pub before: Option<Data>,
    /// The content after, unless it was deleted.
    pub after: Option<Data>,
    /// Where a created or moved entry of a user-ordered list stands: first, or after which other.
    pub position: Option<Position>,
}

/// What happened to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It did not exist before.
    Created,
    /// It does not exist any more.
    Deleted,
    /// A leaf, leaf-list or anydata has another value. (A list without keys is compared as a whole.)
    Changed,
    /// An entry of a user-ordered list stands elsewhere; what changed inside it is reported by itself.
    Moved,
}

/// The differences, in schema order; a container without `presence` counts as always existing, so what is reported is
/// what came, went or changed inside it.
pub fn diff(schema: &Schema, before: &Tree, after: &Tree) -> Vec<Change> {
    let mut walk = Walk { schema, path: InstancePath::root(), changes: Vec::new() };
    walk.containers(&before.root, &after.root);
    walk.changes
}

/// Edits that lead from the tree before to the tree after: deletions first, then the rest in order.
pub fn changes_to_edits(changes: &[Change]) -> Vec<Edit> {
    let deleted = changes.iter().filter(|change| change.kind == ChangeKind::Deleted);
    let others = changes.iter().filter(|change| change.kind != ChangeKind::Deleted);
    deleted
        .chain(others)
        .map(|change| {
            let path = change.path.clone();
            match (change.kind, &change.position) {
                (ChangeKind::Deleted, _) => Edit::without_value(path, EditOperation::Remove),
                (ChangeKind::Moved, Some(position)) => {
                    Edit::without_value(path, EditOperation::Move(position.clone()))
                }
                (_, Some(position)) => {
                    let operation = EditOperation::Insert(position.clone());
                    Edit { path, operation, value: change.after.clone() }
                }
                (_, None) => Edit { path, operation: EditOperation::Replace, value: change.after.clone() },
            }
        })
        .collect()
}

struct Walk<'s> {
    schema: &'s Schema,
    path: InstancePath,
    changes: Vec<Change>,
}

impl Walk<'_> {
    fn containers(&mut self, before: &Arc<Container>, after: &Arc<Container>) {
        if Arc::ptr_eq(before, after) {
            return;
        }
        let (mut old, mut new) = (before.children().iter().peekable(), after.children().iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (Some((left, _)), Some((right, _))) => left.cmp(right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let before = if order == Ordering::Greater { None } else { old.next() };
            let after = if order == Ordering::Less { None } else { new.next() };
            let id = before.or(after).map_or(NodeId::ROOT, |(id, _)| *id);
            self.path.push(id, Vec::new());
            self.child(id, before.map(|(_, data)| data), after.map(|(_, data)| data));
            self.path.steps.pop();
        }
    }

    fn child(&mut self, id: NodeId, before: Option<&Data>, after: Option<&Data>) {
        let node = self.schema.node(id);
        match (before, after) {
            (Some(Data::Container(before)), Some(Data::Container(after))) => self.containers(before, after),
            (Some(Data::Container(before)), None) if node.is_np_container() => {
                self.containers(before, &Arc::new(Container::new(id)));
            }
            (None, Some(Data::Container(after))) if node.is_np_container() => {
                self.containers(&Arc::new(Container::new(id)), after);
            }
            (Some(Data::List(before)), Some(Data::List(after))) if !node.keys().is_empty() => {
                self.lists(before, after);
            }
            (Some(Data::List(before)), None) if !node.keys().is_empty() => {
                self.lists(before, &List::new(self.schema, id));
            }
            (None, Some(Data::List(after))) if !node.keys().is_empty() => {
                self.lists(&List::new(self.schema, id), after);
            }
            (before, after) if before != after => self.report(before.cloned(), after.cloned(), None),
            _ => {}
        }
    }

    fn report(&mut self, before: Option<Data>, after: Option<Data>, position: Option<Position>) {
        let kind = match (&before, &after) {
            (None, _) => ChangeKind::Created,
            (_, None) => ChangeKind::Deleted,
            _ => ChangeKind::Changed,
        };
        self.changes.push(Change { path: self.path.clone(), kind, before, after, position });
    }

    fn lists(&mut self, before: &List, after: &List) {
        if std::ptr::eq(before, after) {
            return;
        }
        if after.is_user_ordered() {
            order::lists(self, before, after);
            return;
        }
        if let (Store::Sorted(old), Store::Sorted(new)) = (&before.store, &after.store) {
            for item in old.diff(new) {
                match item {
                    DiffItem::Add(_, entry) => self.entry(None, Some(entry), None),
                    DiffItem::Remove(_, entry) => self.entry(Some(entry), None, None),
                    DiffItem::Update { old: (_, old), new: (_, new) } => {
                        self.entry(Some(old), Some(new), None)
                    }
                }
            }
            return;
        }
        let count = after.key_count();
        let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (Some(left), Some(right)) => left.key_values(count).cmp(right.key_values(count)),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let before = if order == Ordering::Greater { None } else { old.next() };
            let after = if order == Ordering::Less { None } else { new.next() };
            self.entry(before, after, None);
        }
    }

    /// Compares what is at one key.
    fn entry(
        &mut self,
        before: Option<&Arc<Container>>,
        after: Option<&Arc<Container>>,
        position: Option<Position>,
    ) {
        if let (Some(before), Some(after)) = (before, after)
            && (Arc::ptr_eq(before, after) || before == after)
        {
            return;
        }
        let Some(any) = before.or(after) else { return };
        if let Some(last) = self.path.steps.last_mut() {
            last.keys = any.key(self.schema);
        }
        match (before, after) {
            (Some(before), Some(after)) => self.containers(before, after),
            _ => self.report(
                before.map(|entry| Data::Container(Arc::clone(entry))),
                after.map(|entry| Data::Container(Arc::clone(entry))),
                position,
            ),
        }
        if let Some(last) = self.path.steps.last_mut() {
            last.keys.clear();
        }
    }

    /// Reports that an entry stands elsewhere.
    fn moved(&mut self, before: &Arc<Container>, after: &Arc<Container>, position: Position) {
        let path = match self.path.steps.last() {
            Some(_) => self.path.entry(after.key(self.schema)),
            None => return,
        };
        self.changes.push(Change {
            path,
            kind: ChangeKind::Moved,
            before: Some(Data::Container(Arc::clone(before))),
            after: Some(Data::Container(Arc::clone(after))),
            position: Some(position),
        });
    }
}

#[cfg(test)]
mod tests;
