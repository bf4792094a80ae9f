//! The answer to a YANG Patch: `yang-patch-status` (RFC 8072 section 2.3).

use std::collections::HashMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::data::violation::Violation;
use crate::surface::restconf::errors::Errors;
use crate::surface::restconf::media::Format;
use crate::yang::schema::Schema;

/// What came of a patch.
#[derive(Clone, Copy)]
pub struct Status<'a> {
    /// The model, for paths.
    pub schema: &'a Schema,
    /// How the client calls the patch.
    pub patch_id: &'a str,
    /// How it calls the edits, in order.
    pub edit_ids: &'a [String],
    /// What is wrong, those of an edit with its index; nothing means that all was done.
    pub violations: &'a [Violation],
    /// The encoding that it is told in.
    pub format: Format,
}

impl Serialize for Status<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("patch-id", self.patch_id)?;
        if self.violations.is_empty() {
            map.serialize_entry("ok", &[()])?;
        }
        let whole = self.of(|edit| edit.is_none_or(|index| index >= self.edit_ids.len()));
        if !whole.is_empty() {
            map.serialize_entry("errors", &self.errors(&whole))?;
        }
        let faults: Vec<(&str, Vec<Violation>)> = (self.edit_ids.iter().enumerate())
            .map(|(index, id)| (id.as_str(), self.of(|edit| edit == Some(index))))
            .filter(|(_, violations)| !violations.is_empty())
            .collect();
        if !faults.is_empty() {
            let each = faults.iter().map(|(id, violations)| One { id, errors: self.errors(violations) });
            map.serialize_entry("edit-status", &HashMap::from([("edit", each.collect::<Vec<_>>())]))?;
        }
        map.end()
    }
}

impl Status<'_> {
    fn errors<'v>(&'v self, violations: &'v [Violation]) -> Errors<'v> {
        Errors { schema: self.schema, violations, format: self.format }
    }

    /// The violations of certain edits, or of none.
    fn of(&self, is_meant: impl Fn(Option<usize>) -> bool) -> Vec<Violation> {
        let is_meant = |violation: &&Violation| is_meant(violation.edit.map(usize::from));
        self.violations.iter().filter(is_meant).cloned().collect()
    }
}

struct One<'a> {
    id: &'a str,
    errors: Errors<'a>,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("edit-id", self.id)?;
        map.serialize_entry("errors", &self.errors)?;
        map.end()
    }
}
