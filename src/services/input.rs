//! How the handlers of actions report a fault in their input. Not for faults that validation finds by itself.

use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::ActionContext;
use crate::yang::schema::Schema;

/// A fault of one leaf of an action's input, or of the action as a whole.
pub(crate) fn fault(context: &ActionContext, action: &str, leaf: Option<&str>, message: String) -> Violation {
    let schema = context.snapshot.schema();
    let mut path = context.path.clone();
    if let Some(action) = schema.own_child(path.target(), action) {
        path.push(action, Vec::new());
    }
    fault_of(schema, path, leaf, message)
}

/// The same for the operation at a path.
pub(crate) fn fault_of(
    schema: &Schema,
    mut path: InstancePath,
    leaf: Option<&str>,
    message: String,
) -> Violation {
    let input = schema.node(path.target()).schema_children.first().copied();
    if let (Some(input), Some(leaf)) = (input, leaf)
        && let Some(leaf) = schema.own_child(input, leaf)
    {
        path.push(input, Vec::new());
        path.push(leaf, Vec::new());
    }
    Violation::new(ErrorTag::InvalidValue, path, message)
}
