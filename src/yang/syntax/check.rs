//! What the statement tree must look like by RFC 7950 alone, before any name is resolved.

use super::statement::Statement;
use crate::base::diagnostic::Diagnostic;

/// Everything that is wrong with a module or submodule by sections 7 and 14 of RFC 7950.
pub fn check(_statement: &Statement) -> Vec<Diagnostic> {
    Vec::new()
}
