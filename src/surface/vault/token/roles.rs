//! `auth/token/roles`: roles in which tokens are made, the entries of `authentication/token-roles`.

use serde_json::Value;

use super::create_by;
use crate::data::path::InstancePath;
use crate::surface::vault::answer::Answer;
use crate::surface::vault::call::Call;
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Field, Kind};
use crate::surface::vault::route::Endpoint;

static ROLE: &[Field] = &[
    Field::of("allowed_policies", Kind::PolicyNames, "allowed-policies", "Policies that a token may carry."),
    Field::of(
        "allowed_policies_glob",
        Kind::PolicyNames,
        "allowed-policy-patterns",
        "Policies that a token may carry besides, if the caller's token carries them too.",
    ),
    Field::of(
        "disallowed_policies",
        Kind::PolicyNames,
        "disallowed-policies",
        "Policies that no token carries.",
    ),
    Field::of(
        "disallowed_policies_glob",
        Kind::PolicyNames,
        "disallowed-policy-patterns",
        "The same, by pattern.",
    ),
    Field::of("orphan", Kind::Flag, "orphan", "The tokens do not end with that of whoever made them."),
    Field::of("renewable", Kind::Flag, "renewable", "Whether the tokens can be renewed."),
    Field::of(
        "path_suffix",
        Kind::Text,
        "path-suffix",
        "Added to the path of tokens of the role, for 'revoke-prefix'.",
    ),
    Field::of(
        "token_explicit_max_ttl",
        Kind::Duration,
        "token-explicit-max-ttl",
        "When a token ends at the latest, whatever is renewed.",
    ),
    Field::of(
        "token_bound_cidrs",
        Kind::TextList,
        "token-bound-cidrs",
        "Addresses from which it is accepted.",
    ),
    Field::of("token_num_uses", Kind::Int, "token-num-uses", "How many requests it is good for."),
    Field::of(
        "token_period",
        Kind::Duration,
        "token-period",
        "It has no end as long as it is renewed within this time.",
    ),
    Field::of("token_type", Kind::Text, "token-type", "service, batch, default-service or default-batch."),
    Field::of(
        "token_no_default_policy",
        Kind::Flag,
        "token-no-default-policy",
        "Leaves the policy 'default' out.",
    ),
    Field::alias("explicit_max_ttl", Kind::Duration, "token_explicit_max_ttl"),
    Field::alias("bound_cidrs", Kind::TextList, "token_bound_cidrs"),
    Field::alias("period", Kind::Duration, "token_period"),
    Field::new("allowed_entity_aliases", Kind::TextList, "Not supported."),
];

/// Older names under which clients read the same.
const ALSO: [(&str, &str); 3] = [
    ("explicit_max_ttl", "token_explicit_max_ttl"),
    ("period", "token_period"),
    ("bound_cidrs", "token_bound_cidrs"),
];

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "roles",
        about: "Lists the roles in which tokens are made.",
        list: Some(|call| Box::pin(list(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "roles/:name",
        about: "Reads, writes and deletes a role in which tokens are made.",
        fields: &[ROLE],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        exists: Some(|call| place(call).is_ok_and(|place| call.is_there(&place))),
        ..Endpoint::NEW
    },
];

fn place(call: &Call<'_>) -> Result<InstancePath, Fault> {
    call.place("strongbox/authentication/token-roles/{}", &[&call.name()])
}

/// Makes a token in a role.
pub async fn create(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if call.arguments.text("entity_alias").is_some() {
        return Err(Fault::bad_request("entity aliases are not supported: 'entity_alias' must not be given"));
    }
    let role = place(call)?;
    if !call.is_there(&role) {
        return Err(Fault::bad_request(format!("unknown role {}", call.name())));
    }
    let target = call.below(role, "create-token")?;
    create_by(call, target).await
}

async fn list(call: &mut Call<'_>) -> Result<Answer, Fault> {
    Answer::keys(call.keys(call.place("strongbox/authentication/token-roles", &[])?).await?)
}

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let mut shown = call.shown(place(call)?).await?.ok_or_else(Fault::not_found)?;
    for (older, name) in ALSO {
        let value = shown.get(name).cloned().unwrap_or_default();
        shown.insert(older.to_owned(), value);
    }
    if shown.get("token_type").and_then(Value::as_str) == Some("default") {
        shown.insert("token_type".to_owned(), "default-service".into());
    }
    shown.insert("allowed_entity_aliases".to_owned(), Value::Array(Vec::new()));
    shown.insert("name".to_owned(), call.name().into());
    Ok(Answer::data(shown))
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if !call.arguments.list("allowed_entity_aliases").is_empty() {
        return Err(Fault::bad_request(
            "entity aliases are not supported: 'allowed_entity_aliases' must be empty",
        ));
    }
    let place = place(call)?;
    call.put(place, Vec::new()).await?;
    Ok(Answer::nothing())
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    call.remove(place(call)?).await
}
