//! Which policies a change of identities hands out: those of everything that the changed entry is in. Whoever adds a member
//! to a group hands out the policies of the groups around it too.
//!
//! Looks at the tree that a change leads to, of which there is no index yet: this is asked of administrators without `root`
//! only.

use std::collections::BTreeSet;

use super::directory::{first_key, text};
use super::model::IdentityModel;
use crate::base::ident::Ident;
use crate::data::diff::Change;
use crate::data::path::InstancePath;
use crate::data::tree::{List, Tree};
use crate::yang::schema::{NodeId, Value};

/// The policies that the changes hand out, each with the leaf-list that names it.
pub fn handed_out(model: &IdentityModel, after: &Tree, changes: &[Change]) -> Vec<(InstancePath, Ident)> {
    let mut reached = Reached::default();
    for change in changes {
        if change.path.starts_with(&model.top) {
            reached.take_in(model, after, &change.path);
        } else if model.top.starts_with(&change.path) {
            reached.take_in_all(model, after);
        }
    }
    if reached.entities.is_empty() && reached.groups.is_empty() {
        return Vec::new();
    }
    reached.climb(model, after);
    let of_entities = reached.entities.iter().map(|id| (model.entity(id), model.entity_policies));
    let of_groups = reached.groups.iter().map(|id| (model.group(id), model.group_policies));
    let mut named = Vec::new();
    for (path, leaf) in of_entities.chain(of_groups) {
        for name in after.entry(&path).map_or(&[][..], |entry| entry.leaf_list(leaf)) {
            named.push((path.child(leaf), Ident::from(name.to_string())));
        }
    }
    named
}

#[derive(Default)]
struct Reached {
    entities: BTreeSet<Ident>,
    groups: BTreeSet<Ident>,
}

impl Reached {
    fn take_in(&mut self, model: &IdentityModel, after: &Tree, path: &InstancePath) {
        let depth = model.entities.steps.len();
        let entry = InstancePath { steps: path.steps.iter().take(depth).cloned().collect() };
        let list = entry.target();
        let [key, ..] = entry.keys() else { return self.take_in_all(model, after) };
        let leads_to = |leaf: NodeId| after.entry(&entry).and_then(|entry| text(entry, leaf));
        if list == model.entities.target() {
            self.entities.insert(Ident::from(key.to_string()));
        } else if list == model.groups.target() {
            self.groups.insert(Ident::from(key.to_string()));
        } else if list == model.aliases.target() {
            self.entities.extend(leads_to(model.alias_entity));
        } else if list == model.group_aliases.target() {
            self.groups.extend(leads_to(model.group_alias_group));
        }
    }

    /// A list, or everything, came or went.
    fn take_in_all(&mut self, model: &IdentityModel, after: &Tree) {
        let ids = |list: &InstancePath| -> Vec<Ident> {
            let list = after.list(list).map(|list| &**list);
            list.into_iter().flat_map(List::iter).map(|entry| first_key(entry)).collect()
        };
        self.entities.extend(ids(&model.entities));
        self.groups.extend(ids(&model.groups));
    }

    /// Adds every group that one of these is in, near or far.
    fn climb(&mut self, model: &IdentityModel, after: &Tree) {
        let Some(groups) = after.list(&model.groups) else { return };
        let has = |values: &[Value], ids: &BTreeSet<Ident>| {
            values.iter().any(|value| ids.contains(value.to_string().as_str()))
        };
        for group in groups.iter() {
            if has(group.leaf_list(model.member_entities), &self.entities) {
                self.groups.insert(first_key(group));
            }
        }
        loop {
            let before = self.groups.len();
            for group in groups.iter() {
                if has(group.leaf_list(model.member_groups), &self.groups) {
                    self.groups.insert(first_key(group));
                }
            }
            if self.groups.len() == before {
                return;
            }
        }
    }
}
