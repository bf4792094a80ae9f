//! The identities of a tenant, found by whatever is known of them.
//!
//! Nothing is searched: entries are found by their keys, by the leafs of which the model says that they are unique, and by
//! the index of references that the datastore keeps anyhow.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::model::IdentityModel;
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::snapshot::TenantData;
use crate::yang::schema::{NodeId, Schema, Value};

/// How often an entity can have been merged into another one, one after the other.
const LONGEST_CHAIN: usize = 64;

/// The identities of a tenant.
#[derive(Clone, Copy)]
pub struct Directory<'a> {
    /// Where they are.
    pub model: &'a IdentityModel,
    /// The schema.
    pub schema: &'a Schema,
    /// The tenant's data.
    pub data: &'a TenantData,
}

/// The groups of an entity, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Those that it is a member of.
    pub direct: BTreeSet<Ident>,
    /// Those that one of these is a member of, near or far, and it is not itself.
    pub inherited: BTreeSet<Ident>,
}

impl Groups {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Ident> {
        self.direct.iter().chain(&self.inherited)
    }
}

/// The text of a leaf.
pub fn text(entry: &Container, leaf: NodeId) -> Option<Ident> {
    entry.leaf(leaf).map(|value| Ident::from(value.to_string()))
}

/// The first key of an entry.
pub fn first_key(entry: &Container) -> Ident {
    entry.key_values(1).next().map_or_else(|| Ident::from(""), |key| Ident::from(key.to_string()))
}

/// The two keys of an alias: where, and what it is called there.
pub fn alias_keys(entry: &Container) -> (Ident, Ident) {
    let mut keys = entry.key_values(2).map(|key| Ident::from(key.to_string()));
    let accessor = keys.next().unwrap_or_else(|| Ident::from(""));
    (accessor, keys.next().unwrap_or_else(|| Ident::from("")))
}

impl<'a> Directory<'a> {
    fn entry(&self, list: &InstancePath, keys: &[Value]) -> Option<&'a Arc<Container>> {
        self.data.tree.list(list)?.get(keys)
    }

    /// The entity of that id.
    pub fn entity(&self, id: &str) -> Option<&'a Arc<Container>> {
        self.entry(&self.model.entities, &[Value::string(id)])
    }

    /// The entity of that id, or the one that it was merged into.
    pub fn resolve(&self, id: &str) -> Option<(Ident, &'a Arc<Container>)> {
        let mut id = Ident::from(id);
        for _ in 0..LONGEST_CHAIN {
            if let Some(entry) = self.entity(&id) {
                return Some((id, entry));
            }
            let merged = self.entry(&self.model.merged, &[Value::string(id.as_str())])?;
            id = text(merged, self.model.merged_into)?;
        }
        None
    }

    /// The entity of that name.
    pub fn entity_named(&self, name: &str) -> Option<&'a Arc<Container>> {
        self.unique(&self.model.entities, self.model.entity_name, name)
    }

    /// The ids of entities that were merged into one.
    pub fn merged_into(&self, id: &str) -> Vec<Ident> {
        let entries = self.referring(self.model.merged_into, id);
        entries.map(|entry| first_key(entry)).collect()
    }

    /// The group of that id.
    pub fn group(&self, id: &str) -> Option<&'a Arc<Container>> {
        self.entry(&self.model.groups, &[Value::string(id)])
    }

    /// The group of that name.
    pub fn group_named(&self, name: &str) -> Option<&'a Arc<Container>> {
        self.unique(&self.model.groups, self.model.group_name, name)
    }

    /// The entity's alias of that name at a place.
    pub fn alias(&self, accessor: &str, name: &str) -> Option<&'a Arc<Container>> {
        self.entry(&self.model.aliases, &[Value::string(accessor), Value::string(name)])
    }

    /// The entity's alias of that id.
    pub fn alias_with_id(&self, id: &str) -> Option<&'a Arc<Container>> {
        self.unique(&self.model.aliases, self.model.alias_id, id)
    }

    /// The aliases of an entity.
    pub fn aliases_of(&self, entity: &str) -> Vec<&'a Arc<Container>> {
        let mut aliases: Vec<_> = self.referring(self.model.alias_entity, entity).collect();
        aliases.sort_by_cached_key(|alias| alias_keys(alias));
        aliases
    }

    /// The group's alias of that name at a place.
    pub fn group_alias(&self, accessor: &str, name: &str) -> Option<&'a Arc<Container>> {
        self.entry(&self.model.group_aliases, &[Value::string(accessor), Value::string(name)])
    }

    /// The group's alias of that id.
    pub fn group_alias_with_id(&self, id: &str) -> Option<&'a Arc<Container>> {
        self.unique(&self.model.group_aliases, self.model.group_alias_id, id)
    }

    /// The alias of a group.
    pub fn alias_of_group(&self, group: &str) -> Option<&'a Arc<Container>> {
        self.referring(self.model.group_alias_group, group).next()
    }

    /// The groups that a group is a member of.
    pub fn parents_of(&self, group: &str) -> Vec<Ident> {
        let mut parents: Vec<Ident> =
            self.referring(self.model.member_groups, group).map(|entry| first_key(entry)).collect();
        parents.sort_unstable();
        parents
    }

    /// The entities that are in an external group.
    pub fn external_members(&self, group: &str) -> Vec<Ident> {
        let Some(place) = self.alias_of_group(group).map(|alias| alias_keys(alias).0) else {
            return Vec::new();
        };
        let members =
            self.referring(self.model.alias_groups, group).filter(|alias| alias_keys(alias).0 == place);
        let members: BTreeSet<Ident> =
            members.filter_map(|alias| text(alias, self.model.alias_entity)).collect();
        members.into_iter().collect()
    }

    /// The internal groups that name an entity as a member.
    pub fn member_of(&self, entity: &str) -> Vec<Ident> {
        let mut groups: Vec<Ident> =
            self.referring(self.model.member_entities, entity).map(|entry| first_key(entry)).collect();
        groups.sort_unstable();
        groups
    }

    /// The groups that an entity is in.
    pub fn groups_of(&self, entity: &str) -> Groups {
        let mut groups = Groups::default();
        groups.direct.extend(self.member_of(entity));
        for alias in self.referring(self.model.alias_entity, entity) {
            let place = alias_keys(alias).0;
            for group in alias.leaf_list(self.model.alias_groups) {
                let group = Ident::from(group.to_string());
                // The group may have lost its alias since that log in, or have one somewhere else.
                if self.alias_of_group(&group).is_some_and(|alias| alias_keys(alias).0 == place) {
                    groups.direct.insert(group);
                }
            }
        }
        let mut open: Vec<Ident> = groups.direct.iter().cloned().collect();
        while let Some(group) = open.pop() {
            for parent in self.referring(self.model.member_groups, &group).map(|entry| first_key(entry)) {
                if !groups.direct.contains(&parent) && groups.inherited.insert(parent.clone()) {
                    open.push(parent);
                }
            }
        }
        groups
    }

    /// The entry of a list with that value in a leaf that is unique in the list.
    fn unique(&self, list: &InstancePath, leaf: NodeId, value: &str) -> Option<&'a Arc<Container>> {
        let value = Value::string(value);
        let candidates = self.data.index.with_unique(self.schema, list.target(), &[leaf], &[&value]);
        let entries = candidates.iter().filter_map(|path| self.data.tree.entry(path));
        entries.into_iter().find(|entry| entry.leaf(leaf) == Some(&value))
    }

    /// The entries with that value in a leaf, or among those of a leaf-list, that refers to it.
    fn referring(&self, leaf: NodeId, value: &str) -> impl Iterator<Item = &'a Arc<Container>> + use<'a> {
        let value = Value::string(value);
        let data = self.data;
        let found = data.index.referring(self.schema, leaf, &value);
        found
            .filter_map(move |path| data.tree.entry(&path))
            .filter(move |entry| entry.leaf(leaf) == Some(&value) || entry.leaf_list(leaf).contains(&value))
    }
}
