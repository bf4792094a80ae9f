//! The tree diagram of RFC 8340.

use super::{ModuleId, Schema};

impl Schema {
    /// The tree diagram of a module (RFC 8340).
    pub fn tree_diagram(&self, module: ModuleId) -> String {
        format!("module: {}\n", self.module(module).name)
    }
}
