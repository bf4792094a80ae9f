//! The answer to a YANG Patch: `yang-patch-status` (RFC 8072 section 2.3).

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::data::violation::Violation;
use crate::surface::restconf::errors::Errors;
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
}

impl Serialize for Status<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("patch-id", self.patch_id)?;
        if self.violations.is_empty() {
            map.serialize_entry("ok", &[()])?;
        }
        let whole: Vec<Violation> =
            self.violations.iter().filter(|violation| self.id(violation).is_none()).cloned().collect();
        if !whole.is_empty() {
            map.serialize_entry("errors", &Errors { schema: self.schema, violations: &whole })?;
        }
        if whole.len() < self.violations.len() {
            map.serialize_entry("edit-status", &Edits(self))?;
        }
        map.end()
    }
}

impl Status<'_> {
    /// The name of the edit at fault.
    fn id(&self, violation: &Violation) -> Option<&String> {
        self.edit_ids.get(usize::from(violation.edit?))
    }
}

struct Edits<'a>(&'a Status<'a>);

impl Serialize for Edits<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("edit", &List(self.0))?;
        map.end()
    }
}

struct List<'a>(&'a Status<'a>);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (index, id) in (0_u16..).zip(self.0.edit_ids) {
            let own = self.0.violations.iter().filter(|violation| violation.edit == Some(index));
            let violations: Vec<Violation> = own.cloned().collect();
            if !violations.is_empty() {
                let errors = Errors { schema: self.0.schema, violations: &violations };
                list.serialize_element(&One { id, errors })?;
            }
        }
        list.end()
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
