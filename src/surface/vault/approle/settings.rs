//! `role/:name/SETTING`: one setting of a role by a path of its own, for policies that let somebody change just that.

use serde_json::Value;

use super::place;
use crate::engine::WriteKind;
use crate::surface::vault::answer::Answer;
use crate::surface::vault::call::Call;
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Field, Kind};
use crate::surface::vault::route::Endpoint;
use crate::surface::vault::translate;

/// A row for one setting.
const fn setting(
    pattern: &'static str,
    about: &'static str,
    fields: &'static [&'static [Field]],
) -> Endpoint {
    Endpoint {
        pattern,
        about,
        fields,
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(reset(call))),
        ..Endpoint::NEW
    }
}

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    setting(
        "role/:name/policies",
        "The policies of the tokens.",
        &[&[
            Field::of(
                "token_policies",
                Kind::PolicyNames,
                "token-policies",
                "Policies that the token carries.",
            ),
            Field::alias("policies", Kind::PolicyNames, "token_policies"),
        ]],
    ),
    setting(
        "role/:name/bind-secret-id",
        "Whether a log in needs a secret id.",
        &[&[Field::of(
            "bind_secret_id",
            Kind::Flag,
            "bind-secret-id",
            "Whether a log in needs a secret id.",
        )]],
    ),
    setting(
        "role/:name/secret-id-num-uses",
        "How many log ins a secret id is good for.",
        &[&[Field::of("secret_id_num_uses", Kind::Int, "secret-id-num-uses", "0 is without a limit.")]],
    ),
    setting(
        "role/:name/secret-id-ttl",
        "How long a secret id lives.",
        &[&[Field::of("secret_id_ttl", Kind::Duration, "secret-id-ttl", "How long a secret id lives.")]],
    ),
    setting(
        "role/:name/secret-id-bound-cidrs",
        "Addresses from which a secret id is accepted.",
        &[&[Field::of("secret_id_bound_cidrs", Kind::TextList, "secret-id-bound-cidrs", "Networks.")]],
    ),
    setting(
        "role/:name/token-bound-cidrs",
        "Addresses from which the tokens are accepted.",
        &[&[Field::of("token_bound_cidrs", Kind::TextList, "token-bound-cidrs", "Networks.")]],
    ),
    setting(
        "role/:name/token-ttl",
        "How long the tokens live.",
        &[&[Field::of("token_ttl", Kind::Duration, "token-ttl", "How long the token lives.")]],
    ),
    setting(
        "role/:name/token-max-ttl",
        "How long the tokens can be kept alive.",
        &[&[Field::of("token_max_ttl", Kind::Duration, "token-max-ttl", "The longest life.")]],
    ),
    setting(
        "role/:name/token-num-uses",
        "How many requests the tokens are good for.",
        &[&[Field::of("token_num_uses", Kind::Int, "token-num-uses", "0 is without a limit.")]],
    ),
    setting(
        "role/:name/period",
        "Within which time the tokens are to be renewed, without a last end.",
        &[&[
            Field::of("token_period", Kind::Duration, "token-period", "The period."),
            Field::alias("period", Kind::Duration, "token_period"),
        ]],
    ),
];

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let shown = call.shown(place(call)?).await?;
    shown.map(Answer::data).ok_or_else(Fault::not_found)
}

/// A role comes into being by its own path only.
fn missing(call: &Call<'_>) -> Fault {
    Fault::bad_request(format!("role {:?} does not exist", call.name()))
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = place(call)?;
    if !call.is_there(&place) {
        return Err(missing(call));
    }
    let setting = call.endpoint.fields.iter().copied().flatten().find(|field| !field.leaf.is_empty());
    if let Some(field) = setting.filter(|field| !call.arguments.has(field.name)) {
        return Err(Fault::bad_request(format!("missing {}", field.name)));
    }
    call.put(place, Vec::new()).await?;
    Ok(Answer::nothing())
}

async fn reset(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = place(call)?;
    if !call.is_there(&place) {
        return Err(missing(call));
    }
    for field in call.endpoint.fields.iter().copied().flatten().filter(|field| !field.leaf.is_empty()) {
        call.arguments.set(field.name, Value::Null);
    }
    let edits = translate::edits(call.schema(), &place, call.endpoint.fields, &call.arguments)?;
    call.change(WriteKind::Patch, place, edits).await?;
    Ok(Answer::nothing())
}
