//! What a log in does to identities: it finds the entity behind the alias, or makes one, and notes what the log-in method
//! tells of it. Everything is edits, for the transaction that makes the token; where nothing is new, there are none.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::access::authenticate::{Arrival, Metadata};
use crate::access::identity::directory::{Directory, text};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::tree::{Container, Data};
use crate::data::violation::Violation;
use crate::yang::schema::{NodeId, Value};

/// The entity that was found or is to be made, and what has to be committed with the token.
#[derive(Clone, Debug, Default)]
pub struct Admission {
    /// Its id; `None`: nobody's in particular.
    pub entity: Option<Ident>,
    /// For the transaction; empty where nothing is new.
    pub edits: Vec<Edit>,
}

/// Why somebody is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// For the audit log.
    #[error("{0}")]
    Refused(&'static str),
    /// A defect.
    #[error("{0}")]
    Internal(String),
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct NewEntity<'a> {
    id: &'a str,
    name: String,
    creation_time: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct NewAlias<'a> {
    mount_accessor: &'a str,
    name: &'a str,
    id: String,
    entity: &'a str,
    metadata: &'a [Metadata],
    external_groups: &'a [Ident],
    creation_time: Timestamp,
}

/// Whom a log in is to be for.
///
/// # Errors
/// [`NotAdmitted::Refused`] for an entity that is disabled, or a name that is none.
pub fn admit(directory: &Directory<'_>, arrival: &Arrival, now: Timestamp) -> Result<Admission, NotAdmitted> {
    let model = directory.model;
    if arrival.alias.trim().is_empty() || arrival.alias.trim().len() != arrival.alias.len() {
        return Err(NotAdmitted::Refused("the alias has no name, or one with blanks around it"));
    }
    let metadata = once_each(&arrival.metadata);
    let groups = arrival.groups.as_ref().map(|names| external_groups(directory, arrival, names));
    let Some(alias) = directory.alias(&arrival.accessor, &arrival.alias) else {
        return new_entity(directory, arrival, &metadata, groups.unwrap_or_default(), now);
    };
    let entity = text(alias, model.alias_entity).unwrap_or_else(|| Ident::from(""));
    let entry = directory.entity(&entity).ok_or(NotAdmitted::Refused("the alias leads to no entity"))?;
    if entry.leaf(model.entity_disabled) == Some(&Value::Bool(true)) {
        return Err(NotAdmitted::Refused("the entity is disabled"));
    }
    let edits = refresh(directory, arrival, alias, &metadata, groups)?;
    Ok(Admission { entity: Some(entity), edits })
}

/// The ids of the external groups that have one of these names at the place of the log in.
fn external_groups(directory: &Directory<'_>, arrival: &Arrival, names: &[Ident]) -> Vec<Ident> {
    let leaf = directory.model.group_alias_group;
    let found = names.iter().filter_map(|name| directory.group_alias(&arrival.accessor, name));
    let groups: BTreeSet<Ident> = found.filter_map(|alias| text(alias, leaf)).collect();
    groups.into_iter().collect()
}

/// By name, the last word of each.
fn once_each(facts: &[Metadata]) -> Vec<Metadata> {
    let by_name: std::collections::BTreeMap<&Ident, &Metadata> =
        facts.iter().map(|fact| (&fact.name, fact)).collect();
    by_name.into_values().cloned().collect()
}

fn new_entity(
    directory: &Directory<'_>,
    arrival: &Arrival,
    metadata: &[Metadata],
    groups: Vec<Ident>,
    now: Timestamp,
) -> Result<Admission, NotAdmitted> {
    let (model, schema) = (directory.model, directory.schema);
    let id = uuid::Uuid::new_v4().to_string();
    let entity = NewEntity { id: &id, name: made_up_name(), creation_time: now };
    let alias = NewAlias {
        mount_accessor: &arrival.accessor,
        name: &arrival.alias,
        id: uuid::Uuid::new_v4().to_string(),
        entity: &id,
        metadata,
        external_groups: &groups,
        creation_time: now,
    };
    let entity = from_serde(schema, model.entities.target(), &entity).map_err(|faults| misfit(&faults))?;
    let alias = from_serde(schema, model.aliases.target(), &alias).map_err(|faults| misfit(&faults))?;
    let edits = vec![
        Edit::new(model.entity(&id), EditOperation::Create, entity),
        Edit::new(model.alias(&arrival.accessor, &arrival.alias), EditOperation::Create, alias),
    ];
    Ok(Admission { entity: Some(Ident::from(id)), edits })
}

/// A name for an entity that has none.
pub(super) fn made_up_name() -> String {
    let (random, ..) = uuid::Uuid::new_v4().as_fields();
    format!("entity_{random:08x}")
}

/// Writes down what is new of an alias.
fn refresh(
    directory: &Directory<'_>,
    arrival: &Arrival,
    alias: &Container,
    metadata: &[Metadata],
    groups: Option<Vec<Ident>>,
) -> Result<Vec<Edit>, NotAdmitted> {
    let (model, schema) = (directory.model, directory.schema);
    let mut edits = Vec::new();
    let mut put = |leaf: NodeId, data: Option<Data>| {
        let path = model.alias(&arrival.accessor, &arrival.alias).child(leaf);
        edits.push(match data {
            Some(data) => Edit::new(path, EditOperation::Replace, data),
            None => Edit::without_value(path, EditOperation::Remove),
        });
    };
    let told = metadata.iter().map(|fact| (fact.name.as_str(), fact.value.as_str()));
    if !stored_metadata(directory, alias).eq(told) {
        let data = from_serde(schema, model.alias_metadata, &metadata).map_err(|faults| misfit(&faults))?;
        put(model.alias_metadata, (!metadata.is_empty()).then_some(data));
    }
    if let Some(groups) = groups
        && !stored_groups(directory, alias).eq(groups.iter().map(Ident::as_str))
    {
        let values = groups.iter().map(|group| Value::string(group.as_str())).collect();
        put(model.alias_groups, (!groups.is_empty()).then_some(Data::LeafList(values)));
    }
    Ok(edits)
}

/// Names and values that are stored of an alias, by name.
fn stored_metadata<'a>(
    directory: &Directory<'a>,
    alias: &'a Container,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let (schema, list) = (directory.schema, directory.model.alias_metadata);
    let value = schema.own_child(list, "value");
    let facts = alias.list(list).into_iter().flat_map(|facts| facts.iter());
    facts.map(move |fact| {
        let name = fact.key_values(1).next().and_then(Value::as_str).unwrap_or_default();
        let value = value.and_then(|leaf| fact.leaf(leaf)).and_then(Value::as_str).unwrap_or_default();
        (name, value)
    })
}

/// The external groups that are stored of an alias, in order.
fn stored_groups<'a>(directory: &Directory<'a>, alias: &'a Container) -> impl Iterator<Item = &'a str> {
    let mut groups: Vec<&str> =
        alias.leaf_list(directory.model.alias_groups).iter().filter_map(Value::as_str).collect();
    groups.sort_unstable();
    groups.into_iter()
}

fn misfit(faults: &[Violation]) -> NotAdmitted {
    let reasons: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    NotAdmitted::Internal(format!("an identity does not fit the model: {}", reasons.join("; ")))
}
