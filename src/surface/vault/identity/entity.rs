//! `identity/entity…`, `identity/entity-alias…` and `identity/lookup/entity`.

use serde_json::{Map, Value, json};

use super::super::answer::Answer;
use super::super::call::Call;
use super::super::fault::Fault;
use super::super::field::{Field, Kind};
use super::super::route::Endpoint;
use super::super::translate;
use super::alike::{LOOKUP, Sort, asked_by};
use super::{accessor, facts_or_null, into_map, key_info, member, text, texts};
use crate::engine::Datastore;

/// The lists of entities and of their aliases.
static ENTITIES: Sort = Sort {
    name: "entity",
    list: "entities",
    aliases: "entity-aliases",
    alias_brief: &[
        "canonical_id",
        "custom_metadata",
        "local",
        "mount_accessor",
        "mount_path",
        "mount_type",
        "name",
    ],
    no_alias: "invalid alias ID",
};

static ENTITY: &[Field] = &[
    Field::new("id", Kind::Text, "The id of an entity that exists."),
    Field::of("name", Kind::Text, "name", "What to call the entity."),
    Field::of("metadata", Kind::Pairs, "metadata", "Facts about the entity."),
    Field::of("policies", Kind::PolicyNames, "policies", "Policies that tokens of the entity have."),
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
        list: Some(|call| Box::pin(ENTITIES.names(call))),
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
        list: Some(|call| Box::pin(ENTITIES.list_aliases(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "entity-alias/id/:id",
        about: "Shows, changes or takes away an alias by its id.",
        fields: &[ALIAS],
        read: Some(|call| Box::pin(ENTITIES.read_alias(call))),
        write: Some(|call| Box::pin(write_alias(call))),
        delete: Some(|call| Box::pin(ENTITIES.delete_alias(call))),
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

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let by_path = ENTITIES.meant(call).await?;
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
            let found = ENTITIES.find(call, json!({ "id": id })).await?;
            Some(found.ok_or_else(|| Fault::bad_request("entity not found from id"))?)
        }
        (None, Some(name)) => {
            let by = json!({ "name": name });
            ENTITIES.find(call, by).await?
        }
        (None, None) => None,
    };
    if let Some(id) = by_path.or(by_body) {
        let entry = ENTITIES.place(call, &id)?;
        call.put(entry, Vec::new()).await?;
        return Ok(Answer::nothing());
    }
    let id = uuid::Uuid::new_v4().to_string();
    let entry = ENTITIES.place(call, &id)?;
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
    let entry = ENTITIES.place(call, id)?;
    let Some(entity) = call.read::<Value>(Datastore::State, entry).await? else { return Ok(None) };
    let aliases = ENTITIES.aliases_of(call, &entity, usize::MAX).await?;
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
    let id = ENTITIES.meant(call).await?.ok_or_else(Fault::not_found)?;
    shown(call, &id).await?.map(Answer::data).ok_or_else(Fault::not_found)
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if let Some(id) = ENTITIES.meant(call).await? {
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

async fn list_ids(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let entities = ENTITIES.all(call).await?;
    let mut aliases: std::collections::HashMap<String, Vec<Value>> = std::collections::HashMap::new();
    for alias in ENTITIES.all_aliases(call).await? {
        let owner = member(&alias, "entity").as_str().unwrap_or_default().to_owned();
        let brief = ["id", "mount_accessor", "mount_path", "mount_type", "name"];
        let brief = ENTITIES.brief_alias(call, &alias, &brief);
        aliases.entry(owner).or_default().push(brief.into());
    }
    let mut info = Map::new();
    for entity in &entities {
        let id = text(entity, "id").as_str().unwrap_or_default().to_owned();
        let of_entity = aliases.remove(&id).unwrap_or_default();
        info.insert(id, json!({ "aliases": of_entity, "name": text(entity, "name") }));
    }
    key_info(info.keys().cloned().collect(), info)
}

async fn lookup(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let by = asked_by(call)?;
    let Some(id) = ENTITIES.find(call, by).await? else { return Ok(Answer::nothing()) };
    Ok(shown(call, &id).await?.map(Answer::data).unwrap_or_default())
}

async fn write_alias(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let before = ENTITIES.alias_before(call).await?;
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
    let entry = ENTITIES.alias_at(call, &accessor, &name)?;
    let there = call.read::<Value>(Datastore::Config, entry.clone()).await?;
    let known = there.as_ref().or(stored.as_ref());
    let mut others = Vec::new();
    let owner = call.arguments.text("canonical_id").map(str::to_owned);
    let owner = owner.or_else(|| known.and_then(|alias| member(alias, "entity").as_str().map(str::to_owned)));
    let owner = match owner {
        Some(owner) => {
            let found = ENTITIES.find(call, json!({ "id": owner })).await?;
            found.ok_or_else(|| Fault::bad_request("invalid canonical ID"))?
        }
        None => {
            let id = uuid::Uuid::new_v4().to_string();
            let entity = ENTITIES.place(call, &id)?;
            others.push(translate::present(call.schema(), &entity));
            id
        }
    };
    let alias_id = known.and_then(|alias| member(alias, "id").as_str().map(str::to_owned));
    let alias_id = alias_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let value = json!({ "mount-accessor": accessor, "name": name, "id": alias_id, "entity": owner });
    others.extend(translate::edits(call.schema(), &entry, call.endpoint.fields, &call.arguments)?);
    ENTITIES.put_alias(call, before, entry, &value, others).await
}
