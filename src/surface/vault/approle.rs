//! `auth/approle/…`: roles of machines, those of the mount, or of `authentication/approle` where its scope is the tenant.

mod settings;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::Call;
use super::fault::Fault;
use super::field::{Field, Kind};
use super::route::{Audience, Backend, Endpoint};
use super::token::tidied;
use super::token_fields::{OLDER_NAMES, TOKEN_FIELDS};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::data::path::InstancePath;
use crate::engine::Datastore;

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "approle",
    about: "The approle log-in method: roles of machines, with an id for the role and a secret for the machine.",
    endpoints: &[ENDPOINTS, settings::ENDPOINTS],
};

static ROLE: &[Field] = &[
    Field::of("bind_secret_id", Kind::Flag, "bind-secret-id", "Whether a log in needs a secret id."),
    Field::of("secret_id_ttl", Kind::Duration, "secret-id-ttl", "How long a secret id lives."),
    Field::of(
        "secret_id_num_uses",
        Kind::Int,
        "secret-id-num-uses",
        "How many log ins a secret id is good for; 0 is without a limit.",
    ),
    Field::of(
        "secret_id_bound_cidrs",
        Kind::TextList,
        "secret-id-bound-cidrs",
        "Addresses from which secret ids are accepted.",
    ),
    Field::of("role_id", Kind::Text, "role-id", "The id of the role; one is made when none is given."),
    Field::new("local_secret_ids", Kind::Flag, "Has no effect."),
];
static ROLE_ID: &[Field] = &[Field::of("role_id", Kind::Text, "role-id", "The id of the role.")];
static SECRET_ID: &[Field] = &[
    Field::new("metadata", Kind::Any, "Facts that go into the tokens, as JSON text or a map."),
    Field::new("cidr_list", Kind::TextList, "Addresses from which the secret id is accepted."),
    Field::new("ttl", Kind::Duration, "How long the secret id lives."),
    Field::new("num_uses", Kind::Int, "How many log ins the secret id is good for."),
    Field::new(
        "token_bound_cidrs",
        Kind::TextList,
        "Has no effect: the role says from where its tokens are accepted.",
    ),
];
static WHICH: &[Field] = &[
    Field::new("secret_id", Kind::Secret, "The secret id."),
    Field::new("secret_id_accessor", Kind::Text, "The accessor of the secret id."),
];
static LOGIN: &[Field] = &[
    Field::new("role_id", Kind::Text, "The id of the role."),
    Field::new("secret_id", Kind::Secret, "The secret id."),
];

static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "login",
        about: "Logs in with a role id and a secret id.",
        fields: &[LOGIN],
        audience: Audience::Anybody,
        write: Some(|call| Box::pin(login(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role",
        about: "Lists the roles.",
        list: Some(|call| Box::pin(list(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role/:name",
        about: "Reads, writes and deletes a role.",
        fields: &[ROLE, TOKEN_FIELDS, OLDER_NAMES],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        exists: Some(|call| place(call).is_ok_and(|place| call.is_there(&place))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role/:name/role-id",
        about: "Shows and sets the id of a role.",
        fields: &[ROLE_ID],
        read: Some(|call| Box::pin(role_id(call))),
        write: Some(|call| Box::pin(write(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "tidy/secret-id",
        about: "Does nothing: what has ended is taken away by itself.",
        write: Some(|_| {
            Box::pin(async { Ok(tidied("Secret ids that have ended are taken away every minute")) })
        }),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role/:name/secret-id",
        about: "Makes a secret id, and lists the accessors of those that there are.",
        fields: &[SECRET_ID],
        list: Some(|call| Box::pin(accessors(call))),
        write: Some(|call| Box::pin(secret_id(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role/:name/secret-id/lookup",
        about: "Shows what is known of a secret id.",
        fields: &[WHICH],
        write: Some(|call| Box::pin(lookup(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role/:name/secret-id-accessor/lookup",
        about: "Shows what is known of the secret id with an accessor.",
        fields: &[WHICH],
        write: Some(|call| Box::pin(lookup(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role/:name/secret-id/destroy",
        about: "Ends a secret id.",
        fields: &[WHICH],
        write: Some(|call| Box::pin(destroy(call))),
        delete: Some(|call| Box::pin(destroy(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role/:name/secret-id-accessor/destroy",
        about: "Ends the secret id with an accessor.",
        fields: &[WHICH],
        write: Some(|call| Box::pin(destroy(call))),
        delete: Some(|call| Box::pin(destroy(call))),
        ..Endpoint::NEW
    },
];

fn roles(call: &Call<'_>) -> Result<InstancePath, Fault> {
    call.served("approle", "roles")
}

fn place(call: &Call<'_>) -> Result<InstancePath, Fault> {
    call.named_entry(roles(call)?)
}

/// An action of the role, which must be there.
fn action(call: &Call<'_>, name: &str) -> Result<InstancePath, Fault> {
    let place = place(call)?;
    if !call.is_there(&place) {
        return Err(Fault::bad_request(format!("role \"{}\" does not exist", call.name())));
    }
    call.below(place, name)
}

async fn login(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let role_id = call.arguments.text("role_id").ok_or_else(|| Fault::bad_request("missing role_id"))?;
    let input = json!({
        "tenant": call.tenant,
        "mount": call.mount.key,
        "role-id": role_id,
        "secret-id": call.arguments.text("secret_id"),
    });
    let target = call.place("approle-login", &[])?;
    call.hand_out(target, &input).await.map_err(|fault| fault.of_login("invalid role or secret ID"))
}

async fn list(call: &mut Call<'_>) -> Result<Answer, Fault> {
    Answer::keys(call.keys(roles(call)?).await?)
}

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let mut shown = call.shown(place(call)?).await?.ok_or_else(Fault::not_found)?;
    shown.remove("role_id");
    shown.insert("local_secret_ids".to_owned(), false.into());
    Ok(Answer::data(shown))
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = place(call)?;
    call.put(place, Vec::new()).await?;
    Ok(Answer::nothing())
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    call.remove(place(call)?).await
}

async fn role_id(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let shown = call.shown(place(call)?).await?;
    shown.map(Answer::data).ok_or_else(Fault::not_found)
}

/// Facts come as a map, or as the JSON text of one.
fn metadata(call: &Call<'_>) -> Result<Vec<Value>, Fault> {
    let wrong = || Fault::bad_request("failed to parse metadata: a map of names and texts is expected");
    let sent = match call.arguments.get("metadata") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| wrong())?,
        Some(other) => other.clone(),
    };
    let members = sent.as_object().ok_or_else(wrong)?;
    let fact = |(name, value): (&String, &Value)| Some(json!({ "name": name, "value": value.as_str()? }));
    members.iter().map(fact).collect::<Option<_>>().ok_or_else(wrong)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Made {
    secret_id: String,
    accessor: String,
    #[serde(default)]
    expires_in: u64,
    #[serde(default)]
    num_uses: u32,
}

async fn secret_id(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let target = action(call, "generate-secret-id")?;
    let seconds = u64::try_from(call.arguments.number("ttl")).unwrap_or(0);
    let input = json!({
        "ttl": (seconds > 0).then(|| Duration::from_seconds(seconds).to_string()),
        "num-uses": u32::try_from(call.arguments.number("num_uses")).ok().filter(|uses| *uses > 0),
        "bound-cidrs": call.arguments.list("cidr_list"),
        "metadata": metadata(call)?,
    });
    let made: Made = call.ask(target, &input).await?;
    Ok(Answer::data(Map::from_iter([
        ("secret_id".to_owned(), made.secret_id.into()),
        ("secret_id_accessor".to_owned(), made.accessor.into()),
        ("secret_id_num_uses".to_owned(), made.num_uses.into()),
        ("secret_id_ttl".to_owned(), made.expires_in.into()),
    ])))
}

async fn accessors(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let list = call.below(place(call)?, "secret-ids")?;
    let entries = call.entries(Datastore::State, list).await?;
    let keys = entries.iter().filter_map(|entry| entry.key_values(1).next().map(ToString::to_string));
    Answer::keys(keys.collect())
}

fn which(call: &Call<'_>) -> Value {
    json!({
        "accessor": call.arguments.text("secret_id_accessor"),
        "secret-id": call.arguments.text("secret_id"),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Known {
    accessor: String,
    creation_time: Timestamp,
    #[serde(default)]
    expires: Option<Timestamp>,
    #[serde(default)]
    expires_in: u64,
    #[serde(default)]
    num_uses: u32,
    #[serde(default)]
    bound_cidrs: Vec<String>,
    #[serde(default)]
    metadata: Vec<crate::access::authenticate::Metadata>,
}

async fn lookup(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let target = action(call, "lookup-secret-id")?;
    let which = which(call);
    let known: Known = match call.ask(target, &which).await {
        // What is not there is shown as nothing.
        Err(fault) if fault.status.as_u16() == 400 => return Ok(Answer::nothing()),
        outcome => outcome?,
    };
    let facts: Map<String, Value> =
        known.metadata.iter().map(|fact| (fact.name.to_string(), fact.value.as_str().into())).collect();
    let creation = known.creation_time.rfc3339();
    Ok(Answer::data(Map::from_iter([
        ("secret_id_accessor".to_owned(), known.accessor.into()),
        ("secret_id_num_uses".to_owned(), known.num_uses.into()),
        ("secret_id_ttl".to_owned(), known.expires_in.into()),
        ("creation_time".to_owned(), creation.clone().into()),
        ("last_updated_time".to_owned(), creation.into()),
        (
            "expiration_time".to_owned(),
            known.expires.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |end| end.rfc3339()).into(),
        ),
        ("cidr_list".to_owned(), known.bound_cidrs.into()),
        ("token_bound_cidrs".to_owned(), Value::Array(Vec::new())),
        ("metadata".to_owned(), facts.into()),
    ])))
}

async fn destroy(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let target = action(call, "destroy-secret-id")?;
    let which = which(call);
    call.invoke(target, &which).await?;
    Ok(Answer::nothing())
}
