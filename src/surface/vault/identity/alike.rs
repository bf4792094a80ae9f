//! What entities and groups have alike: they are found by id, by name and by alias, and their aliases are kept in a list of
//! their own.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::Answer;
use super::super::call::{Call, internal};
use super::super::fault::Fault;
use super::super::field::{Field, Kind as FieldKind};
use super::{facts_or_null, into_map, key_info, member, place_of, text};
use crate::access::gate::Refusal;
use crate::data::decode::from_serde;
use crate::data::deserialize::from_data;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::engine::{Datastore, WriteKind};

/// By what something is looked up.
pub(super) static LOOKUP: &[Field] = &[
    Field::new("name", FieldKind::Text, "The name."),
    Field::new("id", FieldKind::Text, "The id."),
    Field::new("alias_id", FieldKind::Text, "The id of an alias."),
    Field::new("alias_name", FieldKind::Text, "The name of an alias."),
    Field::new("alias_mount_accessor", FieldKind::Text, "The accessor of the mount of that alias."),
];

/// Which of the two, by the names that the model has for it.
pub(super) struct Sort {
    /// The leaf of an alias that names its owner; `lookup-…` finds one by it.
    pub name: &'static str,
    /// The list of them.
    pub list: &'static str,
    /// The list of their aliases.
    pub aliases: &'static str,
    /// What a list of aliases tells of each.
    pub alias_brief: &'static [&'static str],
    /// What is said of an alias that is not there.
    pub no_alias: &'static str,
}

#[derive(Default, Deserialize)]
struct Found {
    #[serde(default)]
    id: Option<String>,
}

/// The keys of an alias.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct AliasKeys {
    mount_accessor: Option<String>,
    name: Option<String>,
}

impl Sort {
    /// The place of the one with an id.
    pub fn place(&self, call: &Call<'_>, id: &str) -> Result<InstancePath, Fault> {
        call.place(&format!("strongbox/identity/{}/{{}}", self.list), &[id])
    }

    /// The id of the one that is found by something. The id of an entity that was merged into another finds nothing here: the
    /// model leads to the other one, and a client that deletes by an old id does not mean that.
    pub async fn find(&self, call: &mut Call<'_>, by: Value) -> Result<Option<String>, Fault> {
        let target = call.place(&format!("strongbox/identity/lookup-{}", self.name), &[])?;
        let Some(output) = call.invoke(target, &by).await? else { return Ok(None) };
        let found: Found = from_data(call.schema(), &output).map_err(|error| internal(&error.to_string()))?;
        let asked = by.get("id").and_then(Value::as_str);
        Ok(found.id.filter(|id| asked.is_none_or(|asked| asked == id)))
    }

    /// The one that a request is about, as far as its path says.
    pub async fn meant(&self, call: &mut Call<'_>) -> Result<Option<String>, Fault> {
        let (id, name) = (call.captured("id"), call.captured("name"));
        let by = if !id.is_empty() {
            json!({ "id": id })
        } else if !name.is_empty() {
            json!({ "name": name })
        } else {
            return Ok(None);
        };
        self.find(call, by).await
    }

    /// Every one, as it is configured.
    pub async fn all(&self, call: &mut Call<'_>) -> Result<Vec<Value>, Fault> {
        entries(call, self.list).await
    }

    /// Lists their names.
    pub async fn names(&self, call: &mut Call<'_>) -> Result<Answer, Fault> {
        let all = self.all(call).await?;
        Answer::keys(all.iter().filter_map(|one| member(one, "name").as_str().map(str::to_owned)).collect())
    }

    /// The place of the alias with an id.
    async fn alias_place(&self, call: &mut Call<'_>, id: &str) -> Result<Option<InstancePath>, Fault> {
        let target = call.place(&format!("strongbox/identity/lookup-{}-alias", self.name), &[])?;
        let Some(output) = call.invoke(target, &json!({ "id": id })).await? else { return Ok(None) };
        let keys: AliasKeys =
            from_data(call.schema(), &output).map_err(|error| internal(&error.to_string()))?;
        match (keys.mount_accessor, keys.name) {
            (Some(accessor), Some(name)) => self.alias_at(call, &accessor, &name).map(Some),
            _ => Ok(None),
        }
    }

    /// The place of the alias of that name at a mount.
    pub fn alias_at(&self, call: &Call<'_>, accessor: &str, name: &str) -> Result<InstancePath, Fault> {
        call.place(&format!("strongbox/identity/{}/{{}},{{}}", self.aliases), &[accessor, name])
    }

    /// The alias that a write is about by an id in its path or body.
    pub async fn alias_before(&self, call: &mut Call<'_>) -> Result<Option<InstancePath>, Fault> {
        let id = match call.captured("id") {
            "" => call.arguments.text("id").map(str::to_owned),
            id => Some(id.to_owned()),
        };
        let Some(id) = id else { return Ok(None) };
        let place = self.alias_place(call, &id).await?;
        place.map(Some).ok_or_else(|| Fault::bad_request(self.no_alias))
    }

    /// Writes an alias in one transaction with other edits, and takes the one before away where its keys are others.
    pub async fn put_alias(
        &self,
        call: &mut Call<'_>,
        before: Option<InstancePath>,
        entry: InstancePath,
        value: &Value,
        others: Vec<Edit>,
    ) -> Result<Answer, Fault> {
        let mut edits: Vec<Edit> = before
            .filter(|before| *before != entry)
            .map(|before| Edit::without_value(before, EditOperation::Remove))
            .into_iter()
            .collect();
        let data = from_serde(call.schema(), entry.target(), value)
            .map_err(|faults| Fault::from(Refusal::Invalid(faults)))?;
        edits.push(Edit::new(entry, EditOperation::Merge, data));
        edits.extend(others);
        let top = call.place("strongbox/identity", &[])?;
        call.change(WriteKind::Transaction, top, edits).await?;
        let answer = json!({ "canonical_id": text(value, self.name), "id": text(value, "id") });
        Ok(Answer::data(into_map(answer)))
    }

    /// Shows the alias with the id in the path.
    pub async fn read_alias(&self, call: &mut Call<'_>) -> Result<Answer, Fault> {
        let id = call.captured("id").to_owned();
        let place = self.alias_place(call, &id).await?.ok_or_else(Fault::not_found)?;
        let alias = call.read::<Value>(Datastore::State, place).await?.ok_or_else(Fault::not_found)?;
        Ok(Answer::data(self.shown_alias(call, &alias)))
    }

    /// Takes the alias with the id in the path away.
    pub async fn delete_alias(&self, call: &mut Call<'_>) -> Result<Answer, Fault> {
        let id = call.captured("id").to_owned();
        if let Some(place) = self.alias_place(call, &id).await? {
            call.remove(place).await?;
        }
        Ok(Answer::nothing())
    }

    /// Every alias, as it is configured.
    pub async fn all_aliases(&self, call: &mut Call<'_>) -> Result<Vec<Value>, Fault> {
        entries(call, self.aliases).await
    }

    /// Lists the ids of aliases.
    pub async fn list_aliases(&self, call: &mut Call<'_>) -> Result<Answer, Fault> {
        let mut info = Map::new();
        for alias in self.all_aliases(call).await? {
            let id = text(&alias, "id").as_str().unwrap_or_default().to_owned();
            info.insert(id, self.brief_alias(call, &alias, self.alias_brief).into());
        }
        key_info(info.keys().cloned().collect(), info)
    }

    /// These facts of an alias.
    pub fn brief_alias(&self, call: &Call<'_>, alias: &Value, facts: &[&str]) -> Map<String, Value> {
        let shown = self.shown_alias(call, alias);
        facts.iter().map(|name| ((*name).to_owned(), member_of(&shown, name))).collect()
    }

    /// The aliases of one of them, by the keys that its state lists.
    pub async fn aliases_of(
        &self,
        call: &mut Call<'_>,
        owner: &Value,
        at_most: usize,
    ) -> Result<Vec<Map<String, Value>>, Fault> {
        let mut shown = Vec::new();
        let listed = member(owner, "aliases").as_array().map(Vec::as_slice).unwrap_or_default();
        for keys in listed.iter().take(at_most) {
            let key = |name: &str| member(keys, name).as_str().unwrap_or_default();
            let place = self.alias_at(call, key("mount-accessor"), key("name"))?;
            if let Some(alias) = call.read::<Value>(Datastore::State, place).await? {
                shown.push(self.shown_alias(call, &alias));
            }
        }
        Ok(shown)
    }

    /// An alias as clients see it.
    fn shown_alias(&self, call: &Call<'_>, alias: &Value) -> Map<String, Value> {
        let place = place_of(call, member(alias, "mount-accessor").as_str().unwrap_or_default());
        let (path, kind) = place.map_or_else(Default::default, |place| (place.path, place.kind));
        into_map(json!({
            "canonical_id": text(alias, self.name),
            "creation_time": text(alias, "creation-time"),
            "custom_metadata": facts_or_null(alias, "custom-metadata"),
            "id": text(alias, "id"),
            "last_update_time": text(alias, "last-update-time"),
            "local": false,
            "merged_from_canonical_ids": null,
            "metadata": facts_or_null(alias, "metadata"),
            "mount_accessor": text(alias, "mount-accessor"),
            "mount_path": path,
            "mount_type": kind,
            "name": text(alias, "name"),
            "namespace_id": "root",
        }))
    }
}

fn member_of(shown: &Map<String, Value>, name: &str) -> Value {
    shown.get(name).cloned().unwrap_or_default()
}

/// The entries of a list below `strongbox/identity`.
pub(super) async fn entries(call: &mut Call<'_>, list: &str) -> Result<Vec<Value>, Fault> {
    let list = call.place(&format!("strongbox/identity/{list}"), &[])?;
    let entries = call.entries(Datastore::Config, list).await?;
    let read = entries.iter().map(|entry| from_data::<Value>(call.schema(), entry));
    read.collect::<Result<_, _>>().map_err(|error| internal(&error.to_string()))
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
