//! Documents that hold one operation or notification: found among the data nodes that name it, and checked.

use std::sync::Arc;

use super::Kind;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, List, Tree};
use crate::data::validate::{Constraints, ReferenceIndex, Scope, validate_input};
use crate::data::violation::Violation;
use crate::yang::schema::{NodeKind, Schema};

/// An operation or notification with its content.
struct Invoked {
    path: InstancePath,
    content: Arc<Container>,
}

/// Checks a document that should hold exactly one operation or notification, and nothing else but what names it.
pub(super) fn validate(schema: &Schema, kind: Kind, tree: &Tree, datastore: Option<&Tree>) -> Vec<Violation> {
    let mut search = Search { schema, found: Vec::new(), superfluous: Vec::new() };
    let around = search.container(&tree.root, &InstancePath::root());
    let mut violations: Vec<Violation> = search
        .superfluous
        .into_iter()
        .map(|path| {
            let name = &schema.node(path.target()).name;
            let message =
                format!("'{name}' is neither a key of an entry on the way to what is called nor part of it");
            Violation::new(ErrorTag::BadElement, path, message)
        })
        .collect();
    let what = match kind {
        Kind::Notification => "notification",
        _ => "rpc or action",
    };
    let mut found = search.found.into_iter();
    let Some(invoked) = found.next() else {
        let message = format!("the document holds no {what}");
        violations.push(Violation::new(ErrorTag::MissingElement, InstancePath::root(), message));
        return violations;
    };
    for other in found {
        let message = format!("the document holds more than one {what}");
        violations.push(Violation::new(ErrorTag::BadElement, other.path, message));
    }
    let surrounding = datastore.cloned().unwrap_or(Tree { root: Arc::new(around) });
    if let Some(holder) = invoked.path.parent()
        && !holder.steps.is_empty()
        && datastore.is_some()
        && surrounding.get(&holder).is_none()
        && !schema.node(holder.target()).is_np_container()
    {
        let message = "the node that this belongs to does not exist in the datastore";
        violations.push(Violation::new(ErrorTag::DataMissing, holder, message));
        return violations;
    }
    let index = ReferenceIndex::of(Constraints::within(schema, Scope::Everything), schema, &surrounding);
    violations.extend(validate_input(schema, &surrounding, &index, &invoked.path, &invoked.content));
    violations
}

struct Search<'s> {
    schema: &'s Schema,
    found: Vec<Invoked>,
    superfluous: Vec<InstancePath>,
}

impl Search<'_> {
    /// Looks through a container or entry and returns it without what is called.
    fn container(&mut self, container: &Container, path: &InstancePath) -> Container {
        let mut kept = Vec::new();
        for (id, data) in container.children() {
            let node = self.schema.node(*id);
            let at = path.child(*id);
            match (&node.kind, data) {
                (NodeKind::Rpc | NodeKind::Action | NodeKind::Notification, Data::Container(content)) => {
                    self.found.push(Invoked { path: at, content: Arc::clone(content) });
                }
                (NodeKind::Leaf { is_key: true, .. }, _) => kept.push((*id, data.clone())),
                (_, Data::Container(inner)) => {
                    let before = self.found.len();
                    let inner = self.container(inner, &at);
                    if self.found.len() == before {
                        self.superfluous.push(at);
                    }
                    kept.push((*id, Data::Container(Arc::new(inner))));
                }
                (_, Data::List(list)) => {
                    let mut entries = List::new(self.schema, *id);
                    for entry in list.iter() {
                        let before = self.found.len();
                        let at = at.entry(entry.key(self.schema));
                        entries.insert(Arc::new(self.container(entry, &at)));
                        if self.found.len() == before {
                            self.superfluous.push(at);
                        }
                    }
                    kept.push((*id, Data::List(Arc::new(entries))));
                }
                _ => self.superfluous.push(at),
            }
        }
        Container::with_children(container.node, kept)
    }
}
