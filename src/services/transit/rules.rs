//! What happens to a transit key inside commits: its first version is made, and some changes are refused.

use super::model::TransitKey;
use super::version::{Nodes, addition, make, next_number};
use crate::base::error::ErrorTag;
use crate::data::deserialize::from_data;
use crate::data::edit::Edit;
use crate::data::tree::Container;
use crate::data::violation::Violation;
use crate::engine::{GuardContext, Prepare, PrepareContext};
use crate::services::jose::Key;
use crate::yang::schema::{NodeId, Value};

/// Makes the first version of a key in the transaction that creates the key.
pub struct FirstVersion(pub Nodes);

impl Prepare for FirstVersion {
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        if context.after.list(self.0.versions).is_some_and(|versions| !versions.is_empty()) {
            return Ok(Vec::new());
        }
        // An entry that is not yet what the model wants is refused by validation, with a better reason than any from here.
        let Ok(key) = from_data::<TransitKey>(context.schema, context.after) else { return Ok(Vec::new()) };
        let failed = |error: &dyn std::fmt::Display| {
            let message = format!("no key material could be made: {error}");
            vec![Violation::new(ErrorTag::OperationFailed, context.path.clone(), message)]
        };
        let material = Key::generate(key.cipher).map_err(|error| failed(&error))?;
        let version =
            make(key.cipher, next_number(&key), material, context.now).map_err(|error| failed(&error))?;
        addition(context.schema, &self.0, context.path, None, &version)
    }
}

/// Refuses what a key does not let happen to itself: another cipher, an `exportable` taken back, and deletion where it is
/// not allowed.
pub fn guard(nodes: &Nodes, context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(before) = context.entry_before else { return Vec::new() };
    let Some(after) = context.entry_after else {
        if is_true(before, nodes.deletion_allowed) {
            return Vec::new();
        }
        let message = "the key cannot be deleted: its deletion-allowed is false; set it to true first";
        return vec![
            Violation::new(ErrorTag::InvalidValue, context.path.clone(), message)
                .app_tag("deletion-not-allowed"),
        ];
    };
    let mut violations = Vec::new();
    let mut refuse = |leaf: NodeId, message: String| {
        violations.push(Violation::new(ErrorTag::InvalidValue, context.path.child(leaf), message));
    };
    if let (Some(old), Some(new)) = (before.leaf(nodes.cipher), after.leaf(nodes.cipher))
        && old != new
    {
        refuse(
            nodes.cipher,
            format!("the cipher cannot be changed from '{old}' to '{new}'; make another key"),
        );
    }
    if is_true(before, nodes.exportable) && !is_true(after, nodes.exportable) {
        refuse(
            nodes.exportable,
            "exportable cannot be changed from 'true' to 'false'; it stays true".to_owned(),
        );
    }
    violations
}

fn is_true(entry: &Container, leaf: NodeId) -> bool {
    entry.leaf(leaf) == Some(&Value::Bool(true))
}
