//! What of the configuration a reader of its history may see.

use crate::access::authorize::Authority;
use crate::access::authorize::prune::{prune, walk_to};
use crate::data::diff::Change;
use crate::data::path::InstancePath;
use crate::data::tree::Data;
use crate::yang::schema::{NodeId, Schema};

/// A reader, by its policies.
pub(in crate::services) struct Eyes<'a> {
    pub schema: &'a Schema,
    pub authority: &'a Authority,
}

impl Eyes<'_> {
    /// Whether a change shows. State never does.
    pub fn see(&self, change: &Change) -> bool {
        if !self.schema.node(change.path.target()).config {
            return false;
        }
        match change.after.as_ref().or(change.before.as_ref()) {
            Some(data) => self.shown(&change.path, data).is_some(),
            None => walk_to(self.authority, &change.path).is_allowed(),
        }
    }

    /// What of the data at a path shows; `None` when nothing does.
    pub fn shown(&self, path: &InstancePath, data: &Data) -> Option<Data> {
        if let Some(parent) = path.parent()
            && walk_to(self.authority, &parent).hidden().contains(path.target())
        {
            return None;
        }
        prune(self.schema, &walk_to(self.authority, path), data)
            .or_else(|| self.is_shown_with_more(path).then(|| data.clone()))
    }

    /// Whether something around a node is shown with all that is in it.
    fn is_shown_with_more(&self, path: &InstancePath) -> bool {
        let mut around = path.parent();
        while let Some(above) = around.filter(|above| !above.steps.is_empty()) {
            let walk = walk_to(self.authority, &above);
            if walk.is_allowed() && walk.shows_all_below() {
                return true;
            }
            around = above.parent();
        }
        false
    }

    /// Whether a node's value never comes back.
    pub fn is_secret(&self, node: NodeId) -> bool {
        let extensions = self.schema.node(node).extensions;
        extensions.secret || extensions.hashed
    }
}
