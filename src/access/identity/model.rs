//! Where identities are in the model. Looked up once, when the daemon starts.

use crate::access::model::{ModelError, path_to};
use crate::data::path::InstancePath;
use crate::yang::schema::{NodeId, Schema, Value};

/// The nodes that identities are made of.
#[derive(Clone, Debug)]
pub struct IdentityModel {
    /// `/strongbox/identity`.
    pub top: InstancePath,
    /// `entities`.
    pub entities: InstancePath,
    /// `entity-aliases`.
    pub aliases: InstancePath,
    /// `groups`.
    pub groups: InstancePath,
    /// `group-aliases`.
    pub group_aliases: InstancePath,
    /// `merged-entities`.
    pub merged: InstancePath,
    /// `entities/name`.
    pub entity_name: NodeId,
    /// `entities/disabled`.
    pub entity_disabled: NodeId,
    /// `entities/policies`.
    pub entity_policies: NodeId,
    /// `entity-aliases/id`.
    pub alias_id: NodeId,
    /// `entity-aliases/entity`.
    pub alias_entity: NodeId,
    /// `entity-aliases/metadata`.
    pub alias_metadata: NodeId,
    /// `entity-aliases/external-groups`.
    pub alias_groups: NodeId,
    /// `groups/name`.
    pub group_name: NodeId,
    /// `groups/type`.
    pub group_type: NodeId,
    /// `groups/policies`.
    pub group_policies: NodeId,
    /// `groups/member-entities`.
    pub member_entities: NodeId,
    /// `groups/member-groups`.
    pub member_groups: NodeId,
    /// `group-aliases/id`.
    pub group_alias_id: NodeId,
    /// `group-aliases/group`.
    pub group_alias_group: NodeId,
    /// `merged-entities/into`.
    pub merged_into: NodeId,
}

impl IdentityModel {
    /// Looks the nodes up.
    ///
    /// # Errors
    /// [`ModelError`] names the first one that is missing.
    pub fn find(schema: &Schema) -> Result<Self, ModelError> {
        let leaf = |path: &'static str| schema.find(path).ok_or(ModelError(path));
        Ok(IdentityModel {
            top: path_to(schema, "/strongbox/identity")?,
            entities: path_to(schema, "/strongbox/identity/entities")?,
            aliases: path_to(schema, "/strongbox/identity/entity-aliases")?,
            groups: path_to(schema, "/strongbox/identity/groups")?,
            group_aliases: path_to(schema, "/strongbox/identity/group-aliases")?,
            merged: path_to(schema, "/strongbox/identity/merged-entities")?,
            entity_name: leaf("/strongbox/identity/entities/name")?,
            entity_disabled: leaf("/strongbox/identity/entities/disabled")?,
            entity_policies: leaf("/strongbox/identity/entities/policies")?,
            alias_id: leaf("/strongbox/identity/entity-aliases/id")?,
            alias_entity: leaf("/strongbox/identity/entity-aliases/entity")?,
            alias_metadata: leaf("/strongbox/identity/entity-aliases/metadata")?,
            alias_groups: leaf("/strongbox/identity/entity-aliases/external-groups")?,
            group_name: leaf("/strongbox/identity/groups/name")?,
            group_type: leaf("/strongbox/identity/groups/type")?,
            group_policies: leaf("/strongbox/identity/groups/policies")?,
            member_entities: leaf("/strongbox/identity/groups/member-entities")?,
            member_groups: leaf("/strongbox/identity/groups/member-groups")?,
            group_alias_id: leaf("/strongbox/identity/group-aliases/id")?,
            group_alias_group: leaf("/strongbox/identity/group-aliases/group")?,
            merged_into: leaf("/strongbox/identity/merged-entities/into")?,
        })
    }

    /// The entry of an entity.
    pub fn entity(&self, id: &str) -> InstancePath {
        self.entities.entry([Value::string(id)])
    }

    /// The entry of a group.
    pub fn group(&self, id: &str) -> InstancePath {
        self.groups.entry([Value::string(id)])
    }

    /// The entry of an entity's alias.
    pub fn alias(&self, accessor: &str, name: &str) -> InstancePath {
        self.aliases.entry(vec![Value::string(accessor), Value::string(name)])
    }

    /// The entry of a group's alias.
    pub fn group_alias(&self, accessor: &str, name: &str) -> InstancePath {
        self.group_aliases.entry(vec![Value::string(accessor), Value::string(name)])
    }
}
