//! Trees from rows that other modules wrote: what fits is kept, what does not is told.
//!
//! Slower than the ordinary way and without its assumptions: a row may name nodes that are no more, hold values that are
//! not of their type any more, or belong to a list that has other keys now.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::edit::excluded_by;
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::{Container, Data, List, Tree};
use crate::data::violation::Violation;
use crate::engine::model_change::{Losses, step_ends};
use crate::engine::row_codec::decode_fitting_row;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// A row as it is stored.
pub(super) struct StoredRow {
    pub path: String,
    pub value: Zeroizing<String>,
    pub time: Timestamp,
}

/// The tree that the rows of one tenant come to by this schema.
pub(super) fn salvage(schema: &Schema, tenant: &Ident, rows: &[StoredRow], losses: &mut Losses) -> Tree {
    let mut salvage = Salvage { schema, tenant, losses, moved: HashMap::new() };
    // An entry's path is longer than that of the entry around it.
    let mut order: Vec<&StoredRow> = rows.iter().collect();
    order.sort_by_key(|row| row.path.len());
    let mut found: Vec<(InstancePath, &str, Arc<Container>)> = Vec::new();
    let mut taken = HashSet::new();
    for row in order {
        let Some((path, content)) = salvage.read(row) else { continue };
        if !taken.insert(path.clone()) {
            salvage.losses.add(tenant, &*row.path, "another entry has the same keys now");
            continue;
        }
        found.push((path, &row.path, content));
    }
    found.sort_by(|(a, ..), (b, ..)| compare(a, b));
    let mut root = Container::new(NodeId::ROOT);
    for (path, stored_at, content) in found {
        if path.steps.is_empty() {
            root = Arc::unwrap_or_clone(content);
        } else if let Err(reason) = place(schema, &mut root, &path.steps, content) {
            salvage.losses.add(tenant, stored_at, reason);
        }
    }
    Tree { root: Arc::new(root) }
}

struct Salvage<'a> {
    schema: &'a Schema,
    tenant: &'a Ident,
    losses: &'a mut Losses,
    /// Rows whose path is another one now.
    moved: HashMap<String, InstancePath>,
}

impl Salvage<'_> {
    /// Path and content of a row, as far as they fit.
    fn read(&mut self, row: &StoredRow) -> Option<(InstancePath, Arc<Container>)> {
        let path = match self.locate(&row.path, &row.value) {
            Ok(path) => path,
            Err((place, reason)) => {
                self.losses.add(self.tenant, place, reason);
                return None;
            }
        };
        if path.to_instance_identifier(self.schema) != row.path {
            self.moved.insert(row.path.clone(), path.clone());
        }
        let (content, violations) = decode_fitting_row(self.schema, &path, &row.value);
        if content.is_none() {
            let reason =
                violations.first().map_or("it cannot be read", |violation| violation.message.as_str());
            self.losses.add(self.tenant, &*row.path, reason);
        }
        for violation in &violations {
            self.losses.add(self.tenant, violation.instance_identifier(self.schema), &*violation.message);
        }
        content.map(|content| (path, content))
    }

    /// Where a row belongs by now. Its own path is read step by step; below an entry that has other keys now the rest of
    /// the path is read from there.
    ///
    /// # Errors
    /// The first part of the path that leads nowhere, and why.
    fn locate(&self, text: &str, value: &str) -> Result<InstancePath, (String, String)> {
        let mut at = InstancePath::root();
        let mut start = 0;
        for end in step_ends(text) {
            let (prefix, step) =
                (text.get(..end).unwrap_or_default(), text.get(start..end).unwrap_or_default());
            start = end;
            if let Some(moved) = self.moved.get(prefix) {
                at = moved.clone();
                continue;
            }
            at = match self.enter(&at, step) {
                Ok(next) => next,
                Err(violation) => {
                    let rekeyed = (end == text.len()).then(|| self.with_new_keys(&at, step, value)).flatten();
                    match rekeyed {
                        Some(next) => next,
                        // Of what the model does not have, the whole is lost, not entry by entry.
                        None if violation.unknown.is_some() => {
                            return Err((violation.instance_identifier(self.schema), violation.message));
                        }
                        None => return Err((prefix.to_owned(), violation.message)),
                    }
                }
            };
        }
        let node = self.schema.node(at.target());
        if at.steps.is_empty() || (node.is_list() && !at.keys().is_empty() && is_kept(self.schema, node.id)) {
            Ok(at)
        } else {
            Err((text.to_owned(), format!("'{}' is no list of configuration any more", node.name)))
        }
    }

    /// From a path one step further.
    fn enter(&self, at: &InstancePath, step: &str) -> Result<InstancePath, Violation> {
        let above = at.to_instance_identifier(self.schema);
        let text = format!("{}{step}", above.trim_end_matches('/'));
        InstancePath::parse_instance_identifier(self.schema, &text)
    }

    /// The entry of a list that has other keys now, if the row has what they need.
    fn with_new_keys(&self, at: &InstancePath, step: &str, value: &str) -> Option<InstancePath> {
        let name = step.split('[').next().unwrap_or(step);
        let list = self.enter(at, name).ok()?;
        let keys = self.schema.node(list.target()).keys().len();
        let (entry, _) = decode_fitting_row(self.schema, &list, value);
        let found = entry?.key(self.schema);
        (keys > 0 && found.len() == keys).then(|| list.entry(found))
    }
}

/// Whether entries of a list are kept in trees.
fn is_kept(schema: &Schema, node: NodeId) -> bool {
    let node = schema.node(node);
    node.config || node.extensions.stored
}

/// Puts an entry into its list, below what is there already.
fn place(
    schema: &Schema,
    container: &mut Container,
    steps: &[PathStep],
    content: Arc<Container>,
) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    let name = &schema.node(step.node).name;
    if container.get(step.node).is_none()
        && let Some(rival) = excluded_by(schema, container, step.node)
    {
        return Err(format!("'{name}' and '{}' exclude each other", schema.node(rival).name));
    }
    // Taken out and put back, so that nothing is copied.
    match (container.remove(step.node), rest) {
        (found, []) => {
            let mut list = match found {
                Some(Data::List(list)) => Arc::unwrap_or_clone(list),
                _ => List::new(schema, step.node),
            };
            list.insert(content);
            container.set(step.node, Data::List(Arc::new(list)));
            Ok(())
        }
        (Some(Data::List(list)), _) => {
            let mut list = Arc::unwrap_or_clone(list);
            let placed = list.update(&step.keys, |entry| place(schema, Arc::make_mut(entry), rest, content));
            container.set(step.node, Data::List(Arc::new(list)));
            placed.unwrap_or_else(|| Err(format!("the entry of '{name}' around it is gone")))
        }
        (Some(Data::Container(inner)), _) => {
            let mut inner = Arc::unwrap_or_clone(inner);
            let placed = place(schema, &mut inner, rest, content);
            container.set(step.node, Data::Container(Arc::new(inner)));
            placed
        }
        (None, _) if schema.node(step.node).is_np_container() => {
            let mut inner = Container::new(step.node);
            place(schema, &mut inner, rest, content)?;
            container.set(step.node, Data::Container(Arc::new(inner)));
            Ok(())
        }
        (found, _) => {
            if let Some(found) = found {
                container.set(step.node, found);
            }
            let what = if matches!(schema.node(step.node).kind, NodeKind::List { .. }) {
                "entry"
            } else {
                "container"
            };
            Err(format!("the {what} '{name}' around it is gone"))
        }
    }
}

/// Parents before children, the entries of one list together and in the order of their keys.
fn compare(a: &InstancePath, b: &InstancePath) -> Ordering {
    let step = |a: &PathStep, b: &PathStep| a.node.cmp(&b.node).then_with(|| a.keys.cmp(&b.keys));
    for (a, b) in a.steps.iter().zip(&b.steps) {
        match step(a, b) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    a.steps.len().cmp(&b.steps.len())
}
