//! What goes with a mount: the tokens that were obtained there, and every token below them, in the transaction that takes
//! the mount away. Batch tokens, which are kept nowhere, notice by themselves.

use std::collections::HashMap;

use crate::access::model::path_to;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::{Departure, Prepare, PrepareContext};
use crate::yang::schema::{NodeId, Schema, Value};

/// Ends the tokens of a mount that is disabled.
pub struct TokensOfMount {
    tokens: InstancePath,
    mount: NodeId,
    parent: NodeId,
}

impl TokensOfMount {
    /// Looks the nodes up; `None` when the model has no tokens.
    pub fn new(schema: &Schema) -> Option<Self> {
        let tokens = path_to(schema, "/strongbox/token/tokens").ok()?;
        let leaf = |name: &str| schema.own_child(tokens.target(), name);
        Some(TokensOfMount { mount: leaf("mount")?, parent: leaf("parent")?, tokens })
    }
}

impl Prepare for TokensOfMount {
    fn prepare(&self, _context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        Ok(Vec::new())
    }

    fn depart(&self, departure: &Departure<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        let Some(tokens) = departure.tree.list(&self.tokens) else { return Ok(Vec::new()) };
        let [path] = departure.path.keys() else { return Ok(Vec::new()) };
        let mut below: HashMap<String, Vec<&Value>> = HashMap::new();
        let mut going: Vec<&Value> = Vec::new();
        for token in tokens.iter() {
            let Some(accessor) = token.key_values(1).next() else { continue };
            if let Some(parent) = token.leaf(self.parent) {
                below.entry(parent.to_string()).or_default().push(accessor);
            }
            if token.leaf(self.mount) == Some(path) {
                going.push(accessor);
            }
        }
        let mut edits = Vec::new();
        while let Some(accessor) = going.pop() {
            going.extend(below.remove(&accessor.to_string()).into_iter().flatten());
            let path = self.tokens.entry([accessor.clone()]);
            edits.push(Edit::without_value(path, EditOperation::Remove));
        }
        Ok(edits)
    }
}
