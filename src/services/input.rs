//! What the handlers of actions have in common: who acts, and how a fault in the input is reported.

use crate::base::error::ErrorTag;
use crate::data::violation::Violation;
use crate::engine::ActionContext;

/// A fault of one leaf of an action's input, or of the action as a whole.
pub(crate) fn fault(context: &ActionContext, action: &str, leaf: Option<&str>, message: String) -> Violation {
    let schema = context.snapshot.schema();
    let mut path = context.path.clone();
    if let Ok(action) = schema.child(path.target(), None, action) {
        path.push(action, Vec::new());
        let input = schema.node(action).schema_children.first().copied();
        if let (Some(input), Some(leaf)) = (input, leaf)
            && let Ok(leaf) = schema.child(input, None, leaf)
        {
            path.push(input, Vec::new());
            path.push(leaf, Vec::new());
        }
    }
    Violation::new(ErrorTag::InvalidValue, path, message)
}

/// Who acts, for the log of commits: `TENANT/USER`, or the accessor of a token that belongs to no user.
pub(crate) fn actor(context: &ActionContext) -> String {
    match context.caller.as_deref() {
        Some(caller) => match (&caller.user, &caller.accessor) {
            (Some(user), _) => format!("{}/{user}", caller.tenant),
            (None, Some(accessor)) => format!("{}/token:{accessor}", caller.tenant),
            (None, None) => format!("{}/{}", caller.tenant, caller.method),
        },
        None => "nobody".to_owned(),
    }
}
