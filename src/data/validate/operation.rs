//! Validation of what an operation is called with or answers, and of notifications (RFC 7950 sections 7.14 to 7.16): their
//! own constraints, which may look at the datastore around the node that they are bound to.

use std::rc::Rc;

use super::check::Checker;
use super::index::ReferenceIndex;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Tree};
use crate::data::violation::Violation;
use crate::data::xpath::{Cursor, Evaluator, Invoked, Item};
use crate::yang::schema::Schema;

/// Checks the input or output of an operation, or a notification. `path` leads to the operation or notification; `index`
/// is the tree's. An operation on a node that does not exist has no violations here: that is for the caller to find.
/// Notifications are checked where the index is of [`super::Scope::Everything`].
pub fn validate_input(
    schema: &Schema,
    tree: &Tree,
    index: &ReferenceIndex,
    path: &InstancePath,
    input: &Container,
) -> Vec<Violation> {
    if schema.children(input.node).is_empty() && schema.node(input.node).musts.is_empty() {
        return Vec::new();
    }
    let holder = path.parent().unwrap_or_default();
    let evaluator = Evaluator::new(schema, &tree.root);
    let Ok(Some(parent)) = evaluator.find(&holder) else { return Vec::new() };
    let invoked = Invoked { node: path.target(), holder: parent.item().container(), content: input };
    let mut checker = Checker::of_invoked(schema, &tree.root, index, invoked);
    let cursor = Cursor::below(&Rc::new(parent), Item::Inner { node: input.node, data: Some(input) });
    checker.subtree(&cursor);
    checker.violations
}
