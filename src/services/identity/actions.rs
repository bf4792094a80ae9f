//! What is asked of identities besides writing entries: finding them, taking them away with everything that hangs on them,
//! and making several entities one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Identity;
use crate::access::identity::directory::{Directory, alias_keys, first_key, text};
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::engine::{
    ActionContext, ActionError, Approval, Approve, Author, CommitOptions, CommitRequest, TenantEdits,
};
use crate::services::input;
use crate::yang::schema::{NodeId, Value};

/// Input of `merge-entities`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Merge {
    from: Vec<Ident>,
    into: Ident,
    #[serde(default)]
    keep_aliases: Vec<Ident>,
}

/// Input of `delete-entities` and `delete-groups`.
#[derive(Debug, Deserialize)]
pub(super) struct Delete {
    ids: Vec<Ident>,
}

/// Input of `lookup-entity` and `lookup-group`: one of its members, or the last two.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[derive(Default)]
pub(super) struct Lookup {
    id: Option<Ident>,
    name: Option<Ident>,
    alias_id: Option<Ident>,
    alias_name: Option<Ident>,
    alias_mount_accessor: Option<Ident>,
}

/// Output of the same.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Ident>,
}

/// Input of `lookup-entity-alias` and `lookup-group-alias`.
#[derive(Debug, Deserialize)]
pub(super) struct WhichAlias {
    id: Ident,
}

/// The keys of an alias.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AliasKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    mount_accessor: Option<Ident>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Ident>,
}

impl AliasKeys {
    /// Those of an entry.
    pub(super) fn of(alias: &Container) -> Self {
        let (accessor, name) = alias_keys(alias);
        AliasKeys { mount_accessor: Some(accessor), name: Some(name) }
    }
}

impl Identity {
    fn directory<'a>(&'a self, context: &'a ActionContext) -> Result<Directory<'a>, ActionError> {
        let identities = self.access.policies.identities();
        identities.directory(&context.snapshot, &context.tenant).ok_or(ActionError::NotFound)
    }

    /// Finds an entity.
    pub(super) fn lookup_entity(&self, context: &ActionContext, by: &Lookup) -> Result<Found, ActionError> {
        let directory = self.directory(context)?;
        let of_alias = |alias: &Arc<Container>| text(alias, directory.model.alias_entity);
        let id = match by {
            Lookup { id: Some(id), .. } => directory.resolve(id).map(|(id, _)| id),
            Lookup { name: Some(name), .. } => directory.entity_named(name).map(|entry| first_key(entry)),
            Lookup { alias_id: Some(id), .. } => directory.alias_with_id(id).and_then(of_alias),
            Lookup { alias_name: Some(name), alias_mount_accessor: Some(accessor), .. } => {
                directory.alias(accessor, name).and_then(of_alias)
            }
            _ => None,
        };
        Ok(Found { id })
    }

    /// Finds the alias of an entity by its id; no keys when there is none.
    pub(super) fn lookup_alias(
        &self,
        context: &ActionContext,
        which: &WhichAlias,
    ) -> Result<AliasKeys, ActionError> {
        let found = self.directory(context)?.alias_with_id(&which.id).map(|alias| AliasKeys::of(alias));
        Ok(found.unwrap_or_default())
    }

    /// The same for the alias of a group.
    pub(super) fn lookup_group_alias(
        &self,
        context: &ActionContext,
        which: &WhichAlias,
    ) -> Result<AliasKeys, ActionError> {
        let found = self.directory(context)?.group_alias_with_id(&which.id).map(|alias| AliasKeys::of(alias));
        Ok(found.unwrap_or_default())
    }

    /// Finds a group.
    pub(super) fn lookup_group(&self, context: &ActionContext, by: &Lookup) -> Result<Found, ActionError> {
        let directory = self.directory(context)?;
        let of_alias = |alias: &Arc<Container>| text(alias, directory.model.group_alias_group);
        let id = match by {
            Lookup { id: Some(id), .. } => directory.group(id).map(|entry| first_key(entry)),
            Lookup { name: Some(name), .. } => directory.group_named(name).map(|entry| first_key(entry)),
            Lookup { alias_id: Some(id), .. } => directory.group_alias_with_id(id).and_then(of_alias),
            Lookup { alias_name: Some(name), alias_mount_accessor: Some(accessor), .. } => {
                directory.group_alias(accessor, name).and_then(of_alias)
            }
            _ => None,
        };
        Ok(Found { id })
    }

    /// Takes entities away, and what would lead nowhere without them.
    pub(super) async fn delete_entities(
        &self,
        context: ActionContext,
        input: Delete,
    ) -> Result<(), ActionError> {
        let directory = self.directory(&context)?;
        let model = directory.model;
        let mut edits = Vec::new();
        for id in input.ids.iter().filter(|id| directory.entity(id).is_some()) {
            edits.extend(directory.aliases_of(id).into_iter().map(|alias| remove(alias_path(model, alias))));
            let groups = directory.member_of(id).into_iter();
            edits.extend(groups.map(|group| remove(member(&model.group(&group), model.member_entities, id))));
            for merged in directory.merged_into(id) {
                edits.push(remove(model.merged.entry([Value::string(merged.as_str())])));
            }
            edits.push(remove(model.entity(id)));
        }
        self.commit(&context, edits).await
    }

    /// Takes groups away, and what would lead nowhere without them.
    pub(super) async fn delete_groups(
        &self,
        context: ActionContext,
        input: Delete,
    ) -> Result<(), ActionError> {
        let directory = self.directory(&context)?;
        let model = directory.model;
        let mut edits = Vec::new();
        for id in input.ids.iter().filter(|id| directory.group(id).is_some()) {
            if let Some(alias) = directory.alias_of_group(id) {
                let (accessor, name) = alias_keys(alias);
                edits.push(remove(model.group_alias(&accessor, &name)));
            }
            let groups = directory.parents_of(id).into_iter();
            edits.extend(groups.map(|group| remove(member(&model.group(&group), model.member_groups, id))));
            edits.push(remove(model.group(id)));
        }
        self.commit(&context, edits).await
    }

    /// Makes several entities one.
    pub(super) async fn merge_entities(
        &self,
        context: ActionContext,
        input: Merge,
    ) -> Result<(), ActionError> {
        let directory = self.directory(&context)?;
        let edits = merge(&directory, &context, &input)?;
        self.commit(&context, edits).await
    }

    /// Commits, if the caller gets no authority by it.
    async fn commit(&self, context: &ActionContext, edits: Vec<Edit>) -> Result<(), ActionError> {
        if edits.is_empty() {
            return Ok(());
        }
        let caller = context.caller()?;
        let author = self.access.policies.author(&context.snapshot, caller);
        let access = Arc::clone(&self.access);
        let schema = Arc::clone(context.engine.schema());
        let approve: Approve = Arc::new(move |approval: &Approval<'_>| {
            access.policies.granting().check(&schema, &author, approval.after, approval.changes)
        });
        let request = CommitRequest {
            actor: caller.actor(),
            request_id: context.client.request_id.clone(),
            by: Author::Service,
            changes: vec![TenantEdits { tenant: context.tenant.clone(), edits, preconditions: Vec::new() }],
            validate_only: context.validate_only,
            approve: Some(approve),
            options: CommitOptions::default(),
        };
        context.engine.commit(request).await.map(drop).map_err(ActionError::Commit)
    }
}

fn remove(path: InstancePath) -> Edit {
    Edit::without_value(path, EditOperation::Remove)
}

fn alias_path(model: &crate::access::identity::model::IdentityModel, alias: &Container) -> InstancePath {
    let (accessor, name) = alias_keys(alias);
    model.alias(&accessor, &name)
}

/// One member of a group.
fn member(group: &InstancePath, members: NodeId, id: &str) -> InstancePath {
    group.child(members).entry([Value::string(id)])
}

/// The edits of a merge.
fn merge(
    directory: &Directory<'_>,
    context: &ActionContext,
    input: &Merge,
) -> Result<Vec<Edit>, ActionError> {
    let (model, schema) = (directory.model, directory.schema);
    let refuse = |leaf: &str, message: String| {
        ActionError::Invalid(vec![input::fault(context, "merge-entities", Some(leaf), message)])
    };
    if directory.entity(&input.into).is_none() {
        return Err(refuse("into", format!("there is no entity '{}' to merge into", input.into)));
    }
    let mut edits = Vec::new();
    // By place: the alias that stays.
    let mut kept: BTreeMap<Ident, &Arc<Container>> = BTreeMap::new();
    for alias in directory.aliases_of(&input.into) {
        kept.insert(alias_keys(alias).0, alias);
    }
    for from in &input.from {
        if *from == input.into {
            return Err(refuse("from", format!("'{from}' cannot be merged into itself")));
        }
        if directory.entity(from).is_none() {
            return Err(refuse("from", format!("there is no entity '{from}' to merge from")));
        }
        for alias in directory.aliases_of(from) {
            let place = alias_keys(alias).0;
            let stays = match kept.get(&place) {
                None => true,
                Some(other) => {
                    let is_kept = |alias: &Container| {
                        text(alias, model.alias_id).is_some_and(|id| input.keep_aliases.contains(&id))
                    };
                    let loser = match (is_kept(alias), is_kept(other)) {
                        (true, false) => *other,
                        (false, true) => alias,
                        _ => {
                            let message = format!(
                                "'{from}' and another of the entities both have an alias at '{place}'; \
                                 name the one that is to stay in keep-aliases"
                            );
                            return Err(refuse("from", message));
                        }
                    };
                    edits.push(remove(alias_path(model, loser)));
                    !Arc::ptr_eq(loser, alias)
                }
            };
            if stays {
                kept.insert(place, alias);
            }
        }
        for group in directory.member_of(from) {
            let path = model.group(&group);
            edits.push(remove(member(&path, model.member_entities, from)));
            let value = Data::LeafList([Value::string(input.into.as_str())].into_iter().collect());
            edits.push(Edit::new(path.child(model.member_entities), EditOperation::Merge, value));
        }
    }
    for alias in kept.values().filter(|alias| text(alias, model.alias_entity).as_ref() != Some(&input.into)) {
        let path = alias_path(model, alias).child(model.alias_entity);
        let value = Data::Leaf(Value::string(input.into.as_str()));
        edits.push(Edit::new(path, EditOperation::Replace, value));
    }
    for from in &input.from {
        edits.push(remove(model.entity(from)));
        let entry = serde_json::json!({ "id": from, "into": input.into });
        let entry = from_serde(schema, model.merged.target(), &entry)
            .map_err(|_| ActionError::Internal("a merged entity does not fit the model".to_owned()))?;
        let path = model.merged.entry([Value::string(from.as_str())]);
        edits.push(Edit::new(path, EditOperation::Replace, entry));
    }
    Ok(edits)
}
