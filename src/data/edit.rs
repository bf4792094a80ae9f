//! Edits and their application: from one tree to the next, or to all the reasons why not.
//!
//! An edit copies the way from the root to its target and shares everything else. Whether the result is valid by the
//! model is not decided here (see `validate`); what is decided here is what RFC 7950 says of editing itself: what must
//! exist, what must not, that one case of a choice displaces the others (section 7.9), that keys do not change.

pub(in crate::data) mod choice;
mod keep;
mod merge;

use std::sync::Arc;

use super::path::{InstancePath, PathStep};
use super::tree::{Container, Data, List, Position, Tree};
use super::violation::{Violation, shorten};
use crate::base::error::ErrorTag;
use crate::yang::schema::{Node, NodeId, NodeKind, Schema, Value};

/// One change that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where.
    pub path: InstancePath,
    /// What.
    pub operation: EditOperation,
    /// The new content, for all but [`EditOperation::Delete`], [`EditOperation::Remove`] and mostly
    /// [`EditOperation::Move`]. An entry is a [`Data::Container`]; its key leafs may be left out of it.
    pub value: Option<Data>,
}

/// The operations of RFC 8072 section 2.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditOperation {
    /// The target must not exist.
    Create,
    /// Merged into what is there: leafs replace, containers and entries merge, leaf-list values are added.
    Merge,
    /// Takes the place of what is there, or is created. What the model marks `secret`, `hashed` or `stored` and the new
    /// content leaves out stays.
    Replace,
    /// The target must exist.
    Delete,
    /// Gone afterwards, whether it existed or not.
    Remove,
    /// As [`EditOperation::Replace`], and at a position among the user-ordered entries.
    Place(Position),
    /// Create, at a position among the user-ordered entries.
    Insert(Position),
    /// Move an entry that exists; with a value it is replaced as well.
    Move(Position),
}

impl Edit {
    /// An edit with a value.
    pub fn new(path: InstancePath, operation: EditOperation, value: Data) -> Self {
        Edit { path, operation, value: Some(value) }
    }

    /// An edit without one.
    pub fn without_value(path: InstancePath, operation: EditOperation) -> Self {
        Edit { path, operation, value: None }
    }
}

/// Applies edits in order. Missing containers above a target are created, missing list entries are not.
///
/// # Errors
/// Every edit that cannot be done: `data-exists`, `data-missing`, `invalid-value` for a changed key, `bad-element` for
/// content that does not fit its target. An edit below the target of one that failed is not reported again.
pub fn apply(schema: &Schema, tree: &Tree, edits: &[Edit]) -> Result<Tree, Vec<Violation>> {
    let mut root = Arc::clone(&tree.root);
    let mut violations: Vec<Violation> = Vec::new();
    let mut failed: Vec<&InstancePath> = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        if failed.iter().any(|ancestor| edit.path.starts_with(ancestor)) {
            continue;
        }
        if let Err(violation) = (Application { schema, edit }).descend(&mut root, &edit.path.steps, 1) {
            violations.push(violation.of_edit(index));
            failed.push(&edit.path);
        }
    }
    if violations.is_empty() { Ok(Tree { root }) } else { Err(violations) }
}

/// The child of `container` that is in another case than `child` of a choice around both (RFC 7950 section 7.9).
pub fn excluded_by(schema: &Schema, container: &Container, child: NodeId) -> Option<NodeId> {
    if !choice::is_in_choice(schema, child) {
        return None;
    }
    let mut others = container.children().iter().map(|(id, _)| *id).filter(|id| *id != child);
    others.find(|id| choice::is_in_choice(schema, *id) && choice::conflict(schema, *id, child).is_some())
}

/// One edit on its way down.
struct Application<'a> {
    schema: &'a Schema,
    edit: &'a Edit,
}

impl Application<'_> {
    /// Carries the edit into `container`; `steps` are those still to go and `depth` is how many there are with the first.
    fn descend(
        &self,
        container: &mut Arc<Container>,
        steps: &[PathStep],
        depth: usize,
    ) -> Result<(), Violation> {
        let (step, rest) = match steps {
            [] => return self.at_root(container),
            [last] => return self.at_target(Arc::make_mut(container), last),
            [step, rest @ ..] => (step, rest),
        };
        let node = self.schema.node(step.node);
        match node.kind {
            NodeKind::List { .. } => {
                let inside = Arc::make_mut(container);
                let done = match inside.get_mut(step.node) {
                    Some(Data::List(list)) => {
                        Arc::make_mut(list).update(&step.keys, |entry| self.descend(entry, rest, depth + 1))
                    }
                    _ => None,
                };
                done.unwrap_or_else(|| self.missing_above(depth))
            }
            NodeKind::Container { .. } => {
                let absent = container.get(step.node).is_none();
                if absent && matches!(self.edit.operation, EditOperation::Remove) {
                    return Ok(());
                }
                if absent && matches!(self.edit.operation, EditOperation::Delete) {
                    return Err(self.missing());
                }
                let inside = Arc::make_mut(container);
                if absent {
                    inside.set(step.node, Data::Container(Arc::new(Container::new(step.node))));
                }
                if let Some(Data::Container(child)) = inside.get_mut(step.node) {
                    self.descend(child, rest, depth + 1)?;
                }
                self.settle(inside, node);
                Ok(())
            }
            _ => Err(self.violation(
                ErrorTag::BadElement,
                format!("'{}' is not a container or list, so nothing can be edited below it", node.name),
            )),
        }
    }

    /// After a change of a child: an empty one that means nothing goes, another displaces the other cases.
    fn settle(&self, container: &mut Container, child: &Node) {
        let presence = matches!(child.kind, NodeKind::Container { presence: true });
        match container.get(child.id) {
            Some(data) if data.is_empty() && !presence => {
                container.remove(child.id);
            }
            Some(_) => choice::displace_others(self.schema, container, child.id),
            None => {}
        }
    }

    fn at_root(&self, root: &mut Arc<Container>) -> Result<(), Violation> {
        match &self.edit.operation {
            EditOperation::Merge => {
                let new = self.container_value(NodeId::ROOT)?;
                merge::container(self.schema, Arc::make_mut(root), &new);
            }
            EditOperation::Replace => {
                let new = self.container_value(NodeId::ROOT)?;
                *root = keep::replaced(self.schema, root, new);
            }
            EditOperation::Delete | EditOperation::Remove => {
                let kept = keep::stored_only(self.schema, root);
                *root = Arc::new(kept.unwrap_or_else(|| Container::new(NodeId::ROOT)));
            }
            EditOperation::Create
            | EditOperation::Place(_)
            | EditOperation::Insert(_)
            | EditOperation::Move(_) => {
                return Err(self.violation(ErrorTag::DataExists, "the root of the data always exists"));
            }
        }
        Ok(())
    }

    fn at_target(&self, parent: &mut Container, step: &PathStep) -> Result<(), Violation> {
        let node = self.schema.node(step.node);
        match &node.kind {
            NodeKind::List { .. } if step.keys.is_empty() => self.whole(parent, node)?,
            NodeKind::List { .. } => self.entry(parent, node, &step.keys)?,
            NodeKind::LeafList { .. } if !step.keys.is_empty() => {
                self.leaf_list_entry(parent, node, &step.keys)?
            }
            NodeKind::Leaf { is_key: true, .. } => return self.key_leaf(parent, node),
            NodeKind::Container { .. }
            | NodeKind::Leaf { .. }
            | NodeKind::LeafList { .. }
            | NodeKind::Anydata
            | NodeKind::Anyxml => self.whole(parent, node)?,
            _ => return Err(self.violation(ErrorTag::BadElement, format!("'{}' is not data", node.name))),
        }
        self.settle(parent, node);
        Ok(())
    }

    /// A node as a whole: container, list, leaf-list, leaf, anydata.
    fn whole(&self, parent: &mut Container, node: &Node) -> Result<(), Violation> {
        let exists = parent.get(node.id).is_some();
        match &self.edit.operation {
            EditOperation::Create if exists => Err(self.exists()),
            EditOperation::Delete if !exists => Err(self.missing()),
            EditOperation::Delete | EditOperation::Remove => {
                let kept = match parent.get(node.id) {
                    Some(Data::Container(old)) if node.is_np_container() && !node.extensions.stored => {
                        keep::stored_only(self.schema, old)
                    }
                    _ => None,
                };
                match kept {
                    Some(kept) => parent.set(node.id, Data::Container(Arc::new(kept))),
                    None => drop(parent.remove(node.id)),
                }
                Ok(())
            }
            EditOperation::Merge => {
                let new = self.data_value(node)?;
                merge::child(self.schema, parent, node.id, &new);
                Ok(())
            }
            EditOperation::Create | EditOperation::Replace => {
                let new = self.data_value(node)?;
                let new = match parent.get(node.id) {
                    Some(old) => keep::replaced_data(self.schema, old, new),
                    None => new,
                };
                parent.set(node.id, new);
                Ok(())
            }
            EditOperation::Place(_) | EditOperation::Insert(_) | EditOperation::Move(_) => Err(self
                .violation(
                    ErrorTag::BadElement,
                    format!(
                        "'{}' has no position: only entries of user-ordered lists and leaf-lists have",
                        node.name
                    ),
                )),
        }
    }

    fn entry(&self, parent: &mut Container, node: &Node, keys: &[Value]) -> Result<(), Violation> {
        if keys.len() != node.keys().len() {
            let message =
                format!("an entry of '{}' is named by {} key value(s)", node.name, node.keys().len());
            return Err(self.violation(ErrorTag::BadElement, message));
        }
        let old = parent.list(node.id).and_then(|list| list.get(keys)).cloned();
        let edit = &self.edit.operation;
        let new = match (edit, &old) {
            (EditOperation::Create | EditOperation::Insert(_), Some(_)) => return Err(self.exists()),
            (EditOperation::Delete | EditOperation::Move(_), None) => return Err(self.missing()),
            (EditOperation::Remove, None) => return Ok(()),
            (EditOperation::Delete | EditOperation::Remove, Some(_)) => {
                self.list_mut(parent, node, |list| list.remove(keys));
                return Ok(());
            }
            (EditOperation::Merge, Some(old)) => {
                let mut merged = (**old).clone();
                merge::container(self.schema, &mut merged, &*self.entry_value(node, keys)?);
                Arc::new(merged)
            }
            (EditOperation::Move(_), Some(old)) if self.edit.value.is_none() => Arc::clone(old),
            (EditOperation::Replace | EditOperation::Place(_) | EditOperation::Move(_), Some(old)) => {
                keep::replaced(self.schema, old, self.entry_value(node, keys)?)
            }
            _ => self.entry_value(node, keys)?,
        };
        match edit {
            EditOperation::Place(position)
            | EditOperation::Insert(position)
            | EditOperation::Move(position) => {
                self.check_position(node)?;
                self.list_mut(parent, node, |list| list.insert_at(new, position))
                    .map_err(|_| self.point_missing(node, position))?;
            }
            _ => {
                self.list_mut(parent, node, |list| list.insert(new));
            }
        }
        Ok(())
    }

    fn list_mut<R>(&self, parent: &mut Container, node: &Node, change: impl FnOnce(&mut List) -> R) -> R {
        if let Some(Data::List(list)) = parent.get_mut(node.id) {
            return change(Arc::make_mut(list));
        }
        let mut list = List::new(self.schema, node.id);
        let result = change(&mut list);
        parent.set(node.id, Data::List(Arc::new(list)));
        result
    }

    fn leaf_list_entry(&self, parent: &mut Container, node: &Node, keys: &[Value]) -> Result<(), Violation> {
        let [value] = keys else {
            let message = format!("an entry of the leaf-list '{}' is named by its one value", node.name);
            return Err(self.violation(ErrorTag::BadElement, message));
        };
        let mut values: Vec<Value> = parent.leaf_list(node.id).to_vec();
        let found = values.iter().position(|known| known == value);
        match (&self.edit.operation, found) {
            (EditOperation::Create | EditOperation::Insert(_), Some(_)) => return Err(self.exists()),
            (EditOperation::Delete | EditOperation::Move(_), None) => return Err(self.missing()),
            (EditOperation::Delete | EditOperation::Remove, Some(at)) => drop(values.remove(at)),
            (EditOperation::Remove, None) | (EditOperation::Merge | EditOperation::Replace, Some(_)) => {}
            (
                EditOperation::Place(position)
                | EditOperation::Insert(position)
                | EditOperation::Move(position),
                found,
            ) => {
                self.check_position(node)?;
                if let Some(at) = found {
                    values.remove(at);
                }
                let place = |point: &[Value]| {
                    let known =
                        point.first().and_then(|point| values.iter().position(|value| value == point));
                    known.ok_or_else(|| self.point_missing(node, position))
                };
                let at = match position {
                    Position::First => 0,
                    Position::Last => values.len(),
                    Position::Before(point) => place(point)?,
                    Position::After(point) => place(point)? + 1,
                };
                values.insert(at, value.clone());
            }
            (EditOperation::Create | EditOperation::Merge | EditOperation::Replace, None) => {
                values.push(value.clone());
            }
        }
        parent.set(node.id, Data::LeafList(values.into()));
        Ok(())
    }

    /// A key leaf can be written only with the value that it has.
    fn key_leaf(&self, parent: &Container, node: &Node) -> Result<(), Violation> {
        let refused = |what: String| Err(self.violation(ErrorTag::InvalidValue, what));
        match (&self.edit.operation, parent.leaf(node.id), &self.edit.value) {
            (EditOperation::Delete | EditOperation::Remove, ..) => {
                refused(format!("'{}' is a key and cannot be deleted; delete the entry", node.name))
            }
            (EditOperation::Create, Some(_), _) => Err(self.exists()),
            (_, Some(old), Some(Data::Leaf(new))) if old == new => Ok(()),
            (_, Some(old), Some(Data::Leaf(new))) => refused(format!(
                "'{}' is a key and cannot change from '{}' to '{}'; create another entry instead",
                node.name,
                shorten(&old.to_string()),
                shorten(&new.to_string())
            )),
            _ => refused(format!("'{}' is a key and cannot be changed", node.name)),
        }
    }

    fn check_position(&self, node: &Node) -> Result<(), Violation> {
        if node.list_facts().is_some_and(|facts| facts.user_ordered) {
            return Ok(());
        }
        let message = format!("'{}' is not ordered by user, so its entries have no position", node.name);
        Err(self.violation(ErrorTag::BadElement, message))
    }

    /// The edit's value for a node as a whole, in normal form.
    fn data_value(&self, node: &Node) -> Result<Data, Violation> {
        let value = self.edit.value.as_ref();
        let fits = match (&node.kind, value) {
            (NodeKind::Container { .. }, Some(Data::Container(container))) => container.node == node.id,
            (NodeKind::List { .. }, Some(Data::List(list))) => list.node == node.id,
            (NodeKind::Leaf { .. }, Some(Data::Leaf(_)))
            | (NodeKind::LeafList { .. }, Some(Data::LeafList(_)))
            | (NodeKind::Anydata | NodeKind::Anyxml, Some(Data::Any(_))) => true,
            _ => false,
        };
        match value {
            Some(value) if fits => Ok(merge::normal(self.schema, value)),
            _ => Err(self.unfit(node)),
        }
    }

    fn container_value(&self, node: NodeId) -> Result<Arc<Container>, Violation> {
        match &self.edit.value {
            Some(Data::Container(container)) if container.node == node => {
                Ok(merge::normal_container(self.schema, container))
            }
            _ => Err(self.unfit(self.schema.node(node))),
        }
    }

    /// The edit's value for an entry: with its keys, which must be those of the path.
    fn entry_value(&self, node: &Node, keys: &[Value]) -> Result<Arc<Container>, Violation> {
        let mut entry = self.container_value(node.id)?;
        for (leaf, wanted) in node.keys().iter().zip(keys) {
            match entry.leaf(*leaf) {
                Some(found) if found == wanted => {}
                None => Arc::make_mut(&mut entry).set(*leaf, Data::Leaf(wanted.clone())),
                Some(found) => {
                    let message = format!(
                        "the key '{}' is '{}' in the body and '{}' in the path; they must agree",
                        self.schema.node(*leaf).name,
                        shorten(&found.to_string()),
                        shorten(&wanted.to_string())
                    );
                    return Err(Violation::new(ErrorTag::InvalidValue, self.edit.path.child(*leaf), message));
                }
            }
        }
        Ok(entry)
    }

    fn violation(&self, tag: ErrorTag, message: impl Into<String>) -> Violation {
        Violation::new(tag, self.edit.path.clone(), message)
    }

    /// How messages call the target: `'reader' of 'roles'`, `'max-ttl'`.
    fn name(&self) -> String {
        let name = &self.schema.node(self.edit.path.target()).name;
        match self.edit.path.keys() {
            [] => format!("'{name}'"),
            keys => {
                let keys: Vec<String> = keys.iter().map(Value::to_string).collect();
                format!("'{}' in '{name}'", shorten(&keys.join(",")))
            }
        }
    }

    fn exists(&self) -> Violation {
        self.violation(ErrorTag::DataExists, format!("{} exists already", self.name()))
    }

    fn missing(&self) -> Violation {
        self.violation(ErrorTag::DataMissing, format!("{} does not exist", self.name()))
    }

    /// The first `depth` steps lead to something that does not exist.
    fn missing_above(&self, depth: usize) -> Result<(), Violation> {
        if matches!(self.edit.operation, EditOperation::Remove) {
            return Ok(());
        }
        let path = InstancePath { steps: self.edit.path.steps.iter().take(depth).cloned().collect() };
        let above = Edit { path, operation: EditOperation::Delete, value: None };
        Err(Application { schema: self.schema, edit: &above }.missing())
    }

    fn point_missing(&self, node: &Node, position: &Position) -> Violation {
        let point = match position {
            Position::Before(keys) | Position::After(keys) => {
                keys.iter().map(Value::to_string).collect::<Vec<_>>().join(",")
            }
            Position::First | Position::Last => String::new(),
        };
        let message =
            format!("'{}' has no other entry '{}' to put this one next to", node.name, shorten(&point));
        self.violation(ErrorTag::BadAttribute, message).app_tag("missing-instance")
    }

    fn unfit(&self, node: &Node) -> Violation {
        self.violation(ErrorTag::BadElement, format!("the content does not fit '{}'", node.name))
    }
}

#[cfg(test)]
mod tests;
