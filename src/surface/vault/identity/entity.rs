//! `identity/entity…`, `identity/entity-alias…` and `identity/lookup/entity`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::Answer;
use super::super::call::{Call, internal};
use super::super::fault::Fault;
use super::super::field::{Field, Kind};
use super::super::route::Endpoint;
use super::{accessor, facts_or_null, into_map, key_info, member, place_of, shown_alias, text, texts};
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::engine::{Datastore, WriteKind};

static ENTITY: &[Field] = &[
    Field::new("id", Kind::Text, "The id of an entity that exists."),
    Field::of("name", Kind::Text, "name", "What to call the entity."),
    Field::of("metadata", Kind::Pairs, "metadata", "Facts about the entity."),
    Field::of("policies", Kind::LowerList, "policies", "Policies that tokens of the entity have."),
    Field::of("disabled", Kind::Flag, "disabled", "Nothing is allowed to tokens of the entity."),
];

static ALIAS: &[Field] = &[
    Field::new("id", Kind::Text, "The id of an alias that exists."),
    Field::new("name", Kind::Text, "What the entity is called at the mount."),
    Field::new("canonical_id", Kind::Text, "The entity; without it, one is made."),
    Field::alias("entity_id", Kind::Text, "canonical_id"),
    Field::new("mount_accessor", Kind::Text, "The accessor of the mount."),
    Field::of("custom_metadata", Kind::Pairs, "custom-metadata", "Facts that no log in touches."),
];

static MERGE: &[Field] = &[
    Field::new("from_entity_ids", Kind::TextList, "The entities that go."),
    Field::new("to_entity_id", Kind::Text, "The entity that stays."),
    Field::new(
        "conflicting_alias_ids_to_keep",
        Kind::TextList,
        "Of two aliases at one mount, the one that stays.",
    ),
    Field::new("force", Kind::Flag, "Accepted, and without a meaning here."),
];

static BATCH: &[Field] = &[Field::new("entity_ids", Kind::TextList, "The entities that go.")];

/// By what something is looked up.
pub(super) static LOOKUP: &[Field] = &[
    Field::new("name", Kind::Text, "The name."),
    Field::new("id", Kind::Text, "The id."),
    Field::new("alias_id", Kind::Text, "The id of an alias."),
    Field::new("alias_name", Kind::Text, "The name of an alias."),
    Field::new("alias_mount_accessor", Kind::Text, "The accessor of the mount of that alias."),
];

/// The rows.
pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "entity",
        about: "Makes an entity, or changes one.",
        fields: &[ENTITY],
        write: Some(|call| Box::pin(write(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity/merge",
        about: "Makes several entities one.",
        fields: &[MERGE],
        write: Some(|call| Box::pin(merge(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity/batch-delete",
        about: "Takes entities away.",
        fields: &[BATCH],
        write: Some(|call| Box::pin(batch_delete(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity/id",
        about: "Lists the ids of entities.",
        list: Some(|call| Box::pin(list_ids(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity/id/:id",
        about: "Shows, changes or takes away an entity by its id.",
        fields: &[ENTITY],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity/name",
        about: "Lists the names of entities.",
        list: Some(|call| Box::pin(list_names(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity/name/*name",
        about: "Shows, makes, changes or takes away an entity by its name.",
        fields: &[ENTITY],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity-alias",
        about: "Makes an alias of an entity, or changes one.",
        fields: &[ALIAS],
        write: Some(|call| Box::pin(write_alias(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity-alias/id",
        about: "Lists the ids of aliases.",
        list: Some(|call| Box::pin(list_aliases(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity-alias/id/:id",
        about: "Shows, changes or takes away an alias by its id.",
        fields: &[ALIAS],
        read: Some(|call| Box::pin(read_alias(call))),
        write: Some(|call| Box::pin(write_alias(call))),
        delete: Some(|call| Box::pin(delete_alias(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "lookup/entity",
        about: "Finds an entity.",
        fields: &[LOOKUP],
        write: Some(|call| Box::pin(lookup(call))),
        ..Endpoint::NEW
    },
];

#[derive(Default, Deserialize)]
struct Found {
    #[serde(default)]
    id: Option<String>,
}

/// The keys of an alias.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct AliasKeys {
    mount_accessor: Option<String>,
    name: Option<String>,
}

/// The id of the entity, or of the group, that is found by something.
pub(super) async fn find(call: &mut Call<'_>, what: &str, by: Value) -> Result<Option<String>, Fault> {
    let target = call.place(&format!("strongbox/identity/lookup-{what}"), &[])?;
    match call.invoke(target, &by).await? {
        Some(output) => {
            let found: Found = crate::data::deserialize::from_data(call.schema(), &output)
                .map_err(|error| internal(&error.to_string()))?;
            Ok(found.id)
        }
        None => Ok(None),
    }
}

/// The place of the alias with an id: in `entity-aliases` or `group-aliases`.
pub(super) async fn alias_place(
    call: &mut Call<'_>,
    what: &str,
    list: &str,
    id: &str,
) -> Result<Option<InstancePath>, Fault> {
    let target = call.place(&format!("strongbox/identity/lookup-{what}"), &[])?;
    let Some(output) = call.invoke(target, &json!({ "id": id })).await? else { return Ok(None) };
    let keys: AliasKeys = crate::data::deserialize::from_data(call.schema(), &output)
        .map_err(|error| internal(&error.to_string()))?;
    match (keys.mount_accessor, keys.name) {
        (Some(accessor), Some(name)) => {
            call.place(&format!("strongbox/identity/{list}/{{}},{{}}"), &[&accessor, &name]).map(Some)
        }
        _ => Ok(None),
    }
}

/// By what a lookup is asked for; exactly one way is taken.
pub(super) fn asked_by(call: &Call<'_>) -> Result<Value, Fault> {
    let arguments = &call.arguments;
    for (field, leaf) in [("name", "name"), ("id", "id"), ("alias_id", "alias-id")] {
        if let Some(text) = arguments.text(field) {
            return Ok(json!({ leaf: text }));
        }
    }
    match (arguments.text("alias_name"), arguments.text("alias_mount_accessor")) {
        (Some(name), Some(accessor)) => Ok(json!({ "alias-name": name, "alias-mount-accessor": accessor })),
        (Some(_), None) | (None, Some(_)) => {
            Err(Fault::bad_request("both 'alias_name' and 'alias_mount_accessor' needs to be set"))
        }
        (None, None) => Err(Fault::bad_request("query parameter not supplied")),
    }
}

/// The entity that a request is about, as far as its path or body says.
async fn meant(call: &mut Call<'_>) -> Result<Option<String>, Fault> {
    let (id, name) = (call.captured("id").to_owned(), call.captured("name").to_owned());
    let by = if !id.is_empty() {
        json!({ "id": id })
    } else if !name.is_empty() {
        json!({ "name": name })
    } else {
        return Ok(None);
    };
    find(call, "entity", by).await
}

fn place(call: &Call<'_>, id: &str) -> Result<InstancePath, Fault> {
    call.place("strongbox/identity/entities/{}", &[id])
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let by_path = meant(call).await?;
    if by_path.is_none() && !call.captured("id").is_empty() {
        return Err(Fault::bad_request("entity not found from id"));
    }
    let name = call.captured("name").to_owned();
    if !name.is_empty() {
        call.arguments.set("name", name.into());
    }
    let by_body = match (call.arguments.text("id").map(str::to_owned), call.arguments.text("name")) {
        _ if by_path.is_some() => None,
        (Some(id), _) => {
            let found = find(call, "entity", json!({ "id": id })).await?;
            Some(found.ok_or_else(|| Fault::bad_request("entity not found from id"))?)
        }
        (None, Some(name)) => {
            let by = json!({ "name": name });
            find(call, "entity", by).await?
        }
        (None, None) => None,
    };
    if let Some(id) = by_path.or(by_body) {
        let entry = place(call, &id)?;
        call.put(entry, Vec::new()).await?;
        return Ok(Answer::nothing());
    }
    let id = uuid::Uuid::new_v4().to_string();
    let entry = place(call, &id)?;
    call.put(entry.clone(), Vec::new()).await?;
    let name = match call.arguments.text("name") {
        Some(name) => name.to_owned(),
        None => {
            let entry: Option<Value> = call.read(Datastore::Config, entry).await?;
            entry
                .map(|entry| text(&entry, "name").as_str().unwrap_or_default().to_owned())
                .unwrap_or_default()
        }
    };
    Ok(Answer::data(into_map(json!({ "aliases": null, "id": id, "name": name }))))
}

/// An entity as clients see it.
async fn shown(call: &mut Call<'_>, id: &str) -> Result<Option<Map<String, Value>>, Fault> {
    let entry = place(call, id)?;
    let Some(entity) = call.read::<Value>(Datastore::State, entry).await? else { return Ok(None) };
    let mut aliases = Vec::new();
    for keys in member(&entity, "aliases").as_array().map(Vec::as_slice).unwrap_or_default() {
        let (accessor, name) = (text(keys, "mount-accessor"), text(keys, "name"));
        let keys = [accessor.as_str().unwrap_or_default(), name.as_str().unwrap_or_default()];
        let alias = call.place("strongbox/identity/entity-aliases/{},{}", &keys)?;
        if let Some(alias) = call.read::<Value>(Datastore::State, alias).await? {
            aliases.push(Value::from(shown_alias(call, &alias, "entity")));
        }
    }
    let direct = texts(&entity, "direct-groups");
    let inherited = texts(&entity, "inherited-groups");
    let both = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let all: Vec<Value> = both(&direct).into_iter().chain(both(&inherited)).collect();
    Ok(Some(into_map(json!({
        "aliases": aliases,
        "creation_time": text(&entity, "creation-time"),
        "direct_group_ids": direct,
        "disabled": member(&entity, "disabled").as_bool().unwrap_or_default(),
        "group_ids": all,
        "id": text(&entity, "id"),
        "inherited_group_ids": inherited,
        "last_update_time": text(&entity, "last-update-time"),
        "merged_entity_ids": member(&entity, "merged-ids"),
        "metadata": facts_or_null(&entity, "metadata"),
        "name": text(&entity, "name"),
        "namespace_id": "root",
        "policies": texts(&entity, "policies"),
    }))))
}

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let id = meant(call).await?.ok_or_else(Fault::not_found)?;
    shown(call, &id).await?.map(Answer::data).ok_or_else(Fault::not_found)
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if let Some(id) = meant(call).await? {
        delete_all(call, json!([id])).await?;
    }
    Ok(Answer::nothing())
}

async fn delete_all(call: &mut Call<'_>, ids: Value) -> Result<(), Fault> {
    let target = call.place("strongbox/identity/delete-entities", &[])?;
    call.invoke(target, &json!({ "ids": ids })).await.map(drop)
}

async fn batch_delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let ids = call.arguments.list("entity_ids");
    if ids.is_empty() {
        return Err(Fault::bad_request("missing entity ids to delete"));
    }
    let ids = json!(ids);
    delete_all(call, ids).await?;
    Ok(Answer::nothing())
}

async fn merge(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let arguments = &call.arguments;
    let from = arguments.list("from_entity_ids");
    if from.is_empty() {
        return Err(Fault::bad_request("missing entity ids to merge from"));
    }
    let into =
        arguments.text("to_entity_id").ok_or_else(|| Fault::bad_request("missing entity id to merge to"))?;
    let input = json!({ "from": from, "into": into, "keep-aliases": arguments.list("conflicting_alias_ids_to_keep") });
    let target = call.place("strongbox/identity/merge-entities", &[])?;
    call.invoke(target, &input).await?;
    Ok(Answer::nothing())
}

async fn all(call: &mut Call<'_>, list: &str, datastore: Datastore) -> Result<Vec<Value>, Fault> {
    let list = call.place(list, &[])?;
    let entries = call.entries(datastore, list).await?;
    let read = |entry: &std::sync::Arc<crate::data::tree::Container>| {
        crate::data::deserialize::from_data::<Value>(call.schema(), entry)
            .map_err(|error| internal(&error.to_string()))
    };
    entries.iter().map(read).collect()
}

/// The entries of a list below `strongbox/identity`.
pub(super) async fn identities(call: &mut Call<'_>, list: &str) -> Result<Vec<Value>, Fault> {
    all(call, &format!("strongbox/identity/{list}"), Datastore::Config).await
}

async fn list_ids(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let entities = identities(call, "entities").await?;
    let mut aliases: std::collections::HashMap<String, Vec<Value>> = std::collections::HashMap::new();
    for alias in identities(call, "entity-aliases").await? {
        let owner = member(&alias, "entity").as_str().unwrap_or_default().to_owned();
        let shown = shown_alias(call, &alias, "entity");
        let brief = ["id", "mount_accessor", "mount_path", "mount_type", "name"];
        let brief = brief.map(|name| (name.to_owned(), shown.get(name).cloned().unwrap_or_default()));
        aliases.entry(owner).or_default().push(Value::from(Map::from_iter(brief)));
    }
    let mut info = Map::new();
    for entity in &entities {
        let id = text(entity, "id").as_str().unwrap_or_default().to_owned();
        let of_entity = aliases.remove(&id).unwrap_or_default();
        info.insert(id, json!({ "aliases": of_entity, "name": text(entity, "name") }));
    }
    key_info(info.keys().cloned().collect(), info)
}

async fn list_names(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let entities = identities(call, "entities").await?;
    let names = entities.iter().filter_map(|entity| member(entity, "name").as_str().map(str::to_owned));
    Answer::keys(names.collect())
}

async fn lookup(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let by = asked_by(call)?;
    let Some(id) = find(call, "entity", by).await? else { return Ok(Answer::nothing()) };
    Ok(shown(call, &id).await?.map(Answer::data).unwrap_or_default())
}

async fn write_alias(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let id = match call.captured("id") {
        "" => call.arguments.text("id").map(str::to_owned),
        id => Some(id.to_owned()),
    };
    let before = match &id {
        Some(id) => {
            let place = alias_place(call, "entity-alias", "entity-aliases", id).await?;
            Some(place.ok_or_else(|| Fault::bad_request("invalid alias ID"))?)
        }
        None => None,
    };
    let stored = match &before {
        Some(place) => call.read::<Value>(Datastore::Config, place.clone()).await?,
        None => None,
    };
    let kept = |name: &str| stored.as_ref().and_then(|alias| member(alias, name).as_str().map(str::to_owned));
    let name = call.arguments.text("name").map(str::to_owned).or_else(|| kept("name"));
    let name = name.ok_or_else(|| Fault::bad_request("missing alias name"))?;
    let accessor = match kept("mount-accessor") {
        Some(known) if !call.arguments.has("mount_accessor") => known,
        _ => accessor(call)?,
    };
    let entry = call.place("strongbox/identity/entity-aliases/{},{}", &[&accessor, &name])?;
    let there = call.read::<Value>(Datastore::Config, entry.clone()).await?;
    let known = there.as_ref().or(stored.as_ref());
    let mut edits = Vec::new();
    let owner = call.arguments.text("canonical_id").map(str::to_owned);
    let owner = owner.or_else(|| known.and_then(|alias| member(alias, "entity").as_str().map(str::to_owned)));
    let owner = match owner {
        Some(owner) => {
            let found = find(call, "entity", json!({ "id": owner })).await?;
            found.ok_or_else(|| Fault::bad_request("invalid canonical ID"))?
        }
        None => {
            let id = uuid::Uuid::new_v4().to_string();
            let entity = place(call, &id)?;
            edits.push(super::super::translate::present(call.schema(), &entity));
            id
        }
    };
    let alias_id = known.and_then(|alias| member(alias, "id").as_str().map(str::to_owned));
    let alias_id = alias_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    if let Some(before) = before.filter(|before| *before != entry) {
        edits.push(Edit::without_value(before, EditOperation::Remove));
    }
    let value = json!({ "mount-accessor": accessor, "name": name, "id": alias_id, "entity": owner });
    let value = from_serde(call.schema(), entry.target(), &value)
        .map_err(|faults| Fault::from(crate::access::gate::Refusal::Invalid(faults)))?;
    edits.push(Edit::new(entry.clone(), EditOperation::Merge, value));
    let fields = call.endpoint.fields;
    edits.extend(super::super::translate::edits(call.schema(), &entry, fields, &call.arguments)?);
    let top = call.place("strongbox/identity", &[])?;
    call.change(WriteKind::Transaction, top, edits).await?;
    Ok(Answer::data(into_map(json!({ "canonical_id": owner, "id": alias_id }))))
}

async fn read_alias(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let id = call.captured("id").to_owned();
    let place =
        alias_place(call, "entity-alias", "entity-aliases", &id).await?.ok_or_else(Fault::not_found)?;
    let alias = call.read::<Value>(Datastore::State, place).await?.ok_or_else(Fault::not_found)?;
    Ok(Answer::data(shown_alias(call, &alias, "entity")))
}

async fn delete_alias(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let id = call.captured("id").to_owned();
    if let Some(place) = alias_place(call, "entity-alias", "entity-aliases", &id).await? {
        call.remove(place).await?;
    }
    Ok(Answer::nothing())
}

async fn list_aliases(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let mut info = Map::new();
    for alias in identities(call, "entity-aliases").await? {
        let id = text(&alias, "id").as_str().unwrap_or_default().to_owned();
        let accessor = text(&alias, "mount-accessor");
        let place = place_of(call, accessor.as_str().unwrap_or_default());
        let (path, kind) = place.map_or_else(Default::default, |place| (place.path, place.kind));
        let about = json!({
            "canonical_id": text(&alias, "entity"), "custom_metadata": facts_or_null(&alias, "custom-metadata"),
            "local": false, "mount_accessor": accessor, "mount_path": path, "mount_type": kind,
            "name": text(&alias, "name"),
        });
        info.insert(id, about);
    }
    key_info(info.keys().cloned().collect(), info)
}
