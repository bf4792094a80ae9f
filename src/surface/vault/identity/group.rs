//! `identity/group…`, `identity/group-alias…` and `identity/lookup/group`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::answer::Answer;
use super::super::call::Call;
use super::super::fault::Fault;
use super::super::field::{Field, Kind};
use super::super::route::Endpoint;
use super::alike::{LOOKUP, Sort, asked_by};
use super::{accessor, facts_or_null, into_map, key_info, member, text, texts};
use crate::engine::Datastore;

/// The lists of groups and of their aliases.
static GROUPS: Sort = Sort {
    name: "group",
    list: "groups",
    aliases: "group-aliases",
    alias_brief: &["canonical_id", "mount_accessor", "mount_path", "mount_type", "name"],
    no_alias: "invalid group alias ID",
};

static GROUP: &[Field] = &[
    Field::new("id", Kind::Text, "The id of a group that exists."),
    Field::of("name", Kind::Text, "name", "What to call the group."),
    Field::of("type", Kind::Text, "type", "internal or external; it cannot be changed."),
    Field::of("metadata", Kind::Pairs, "metadata", "Facts about the group."),
    Field::of("policies", Kind::PolicyNames, "policies", "Policies that tokens of members have."),
    Field::of("member_group_ids", Kind::TextList, "member-groups", "Groups whose members are members."),
    Field::of("member_entity_ids", Kind::TextList, "member-entities", "Entities that are members."),
];

static ALIAS: &[Field] = &[
    Field::new("id", Kind::Text, "The id of an alias that exists."),
    Field::new("name", Kind::Text, "What the group is called at the mount."),
    Field::new("canonical_id", Kind::Text, "The group."),
    Field::new("mount_accessor", Kind::Text, "The accessor of the mount."),
];

/// The rows.
pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "group",
        about: "Makes a group, or changes one.",
        fields: &[GROUP],
        write: Some(|call| Box::pin(write(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "group/id",
        about: "Lists the ids of groups.",
        list: Some(|call| Box::pin(list_ids(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "group/id/:id",
        about: "Shows, changes or takes away a group by its id.",
        fields: &[GROUP],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "group/name",
        about: "Lists the names of groups.",
        list: Some(|call| Box::pin(GROUPS.names(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "group/name/*name",
        about: "Shows, makes, changes or takes away a group by its name.",
        fields: &[GROUP],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "group-alias",
        about: "Makes the alias of an external group, or changes it.",
        fields: &[ALIAS],
        write: Some(|call| Box::pin(write_alias(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "group-alias/id",
        about: "Lists the ids of aliases of groups.",
        list: Some(|call| Box::pin(GROUPS.list_aliases(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "group-alias/id/:id",
        about: "Shows, changes or takes away the alias of a group by its id.",
        fields: &[ALIAS],
        read: Some(|call| Box::pin(GROUPS.read_alias(call))),
        write: Some(|call| Box::pin(write_alias(call))),
        delete: Some(|call| Box::pin(GROUPS.delete_alias(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "lookup/group",
        about: "Finds a group.",
        fields: &[LOOKUP],
        write: Some(|call| Box::pin(lookup(call))),
        ..Endpoint::NEW
    },
];

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let by_path = GROUPS.meant(call).await?;
    let id = match (call.captured("id"), by_path) {
        (_, Some(found)) => Some(found),
        ("", None) => call.arguments.text("id").map(str::to_owned),
        (_, None) => return Err(Fault::bad_request("invalid group ID")),
    };
    let captured = call.captured("name").to_owned();
    if !captured.is_empty() {
        call.arguments.set("name", captured.into());
    }
    let known = match (&id, call.arguments.text("name").map(str::to_owned)) {
        (Some(id), _) => {
            let found = GROUPS.find(call, json!({ "id": id })).await?;
            Some(found.ok_or_else(|| Fault::bad_request("invalid group ID"))?)
        }
        (None, Some(name)) => GROUPS.find(call, json!({ "name": name })).await?,
        (None, None) => None,
    };
    let id = match known {
        Some(id) => {
            let stored: Option<Value> = call.read(Datastore::Config, GROUPS.place(call, &id)?).await?;
            let kind = stored.map(|group| text(&group, "type"));
            let asked = call.arguments.text("type");
            if asked.is_some() && kind.as_ref().and_then(Value::as_str) != asked {
                return Err(Fault::bad_request("group type cannot be changed"));
            }
            id
        }
        None => {
            if call.arguments.text("name").is_none() {
                let (random, ..) = uuid::Uuid::new_v4().as_fields();
                call.arguments.set("name", format!("group_{random:08x}").into());
            }
            uuid::Uuid::new_v4().to_string()
        }
    };
    if let Some(kind) = call.arguments.text("type").filter(|kind| !matches!(*kind, "internal" | "external")) {
        return Err(Fault::bad_request(format!("invalid group type {kind:?}")));
    }
    let entry = GROUPS.place(call, &id)?;
    call.put(entry.clone(), Vec::new()).await?;
    let stored: Option<Value> = call.read(Datastore::Config, entry).await?;
    let name = stored.map(|group| text(&group, "name")).unwrap_or_default();
    Ok(Answer::data(into_map(json!({ "id": id, "name": name }))))
}

/// A group as clients see it.
async fn shown(call: &mut Call<'_>, id: &str) -> Result<Option<Map<String, Value>>, Fault> {
    let entry = GROUPS.place(call, id)?;
    let Some(group) = call.read::<Value>(Datastore::State, entry).await? else { return Ok(None) };
    let alias = GROUPS.aliases_of(call, &group, 1).await?.into_iter().next().unwrap_or_default();
    let kind = text(&group, "type");
    let members = if kind == "external" { "external-members" } else { "member-entities" };
    Ok(Some(into_map(json!({
        "alias": alias,
        "creation_time": text(&group, "creation-time"),
        "id": text(&group, "id"),
        "last_update_time": text(&group, "last-update-time"),
        "member_entity_ids": texts(&group, members),
        "member_group_ids": texts(&group, "member-groups"),
        "metadata": facts_or_null(&group, "metadata"),
        "modify_index": 1,
        "name": text(&group, "name"),
        "namespace_id": "root",
        "parent_group_ids": texts(&group, "parent-groups"),
        "policies": texts(&group, "policies"),
        "type": kind,
    }))))
}

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let id = GROUPS.meant(call).await?.ok_or_else(Fault::not_found)?;
    shown(call, &id).await?.map(Answer::data).ok_or_else(Fault::not_found)
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if let Some(id) = GROUPS.meant(call).await? {
        let target = call.place("strongbox/identity/delete-groups", &[])?;
        call.invoke(target, &json!({ "ids": [id] })).await?;
    }
    Ok(Answer::nothing())
}

async fn list_ids(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let groups = GROUPS.all(call).await?;
    let mut parents: HashMap<&str, usize> = HashMap::new();
    for inside in groups.iter().filter_map(|group| member(group, "member-groups").as_array()) {
        for id in inside.iter().filter_map(Value::as_str) {
            *parents.entry(id).or_default() += 1;
        }
    }
    let mut info = Map::new();
    for group in &groups {
        let id = text(group, "id").as_str().unwrap_or_default().to_owned();
        let count = |list: &Value| list.as_array().map_or(0, Vec::len);
        let about = json!({
            "name": text(group, "name"),
            "num_member_entities": count(member(group, "member-entities")),
            "num_parent_groups": parents.get(id.as_str()).copied().unwrap_or_default(),
        });
        info.insert(id.clone(), about);
    }
    key_info(info.keys().cloned().collect(), info)
}

async fn lookup(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let by = asked_by(call)?;
    let Some(id) = GROUPS.find(call, by).await? else { return Ok(Answer::nothing()) };
    Ok(shown(call, &id).await?.map(Answer::data).unwrap_or_default())
}

async fn write_alias(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let before = GROUPS.alias_before(call).await?;
    let name =
        call.arguments.text("name").ok_or_else(|| Fault::bad_request("missing alias name"))?.to_owned();
    let accessor = accessor(call)?;
    let entry = GROUPS.alias_at(call, &accessor, &name)?;
    let from = before.clone().unwrap_or_else(|| entry.clone());
    let known = call.read::<Value>(Datastore::Config, from).await?;
    let kept = |name: &str| known.as_ref().and_then(|alias| member(alias, name).as_str().map(str::to_owned));
    let group = call.arguments.text("canonical_id").map(str::to_owned).or_else(|| kept("group"));
    let group = group.ok_or_else(|| Fault::bad_request("missing canonical_id"))?;
    let found = call.read::<Value>(Datastore::Config, GROUPS.place(call, &group)?).await?;
    match found.as_ref().map(|group| text(group, "type")) {
        None => return Err(Fault::bad_request("invalid group ID given in 'canonical_id'")),
        Some(kind) if kind != "external" => {
            return Err(Fault::bad_request("alias can't be set on an internal group"));
        }
        Some(_) => {}
    }
    let alias_id = kept("id").unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let value = json!({ "mount-accessor": accessor, "name": name, "id": alias_id, "group": group });
    GROUPS.put_alias(call, before, entry, &value, Vec::new()).await
}
