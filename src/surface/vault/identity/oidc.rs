//! `identity/oidc/…`: identity tokens, by `strongbox/identity/oidc`.

use base64::Engine as _;
use hyper::StatusCode;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Body};
use super::super::call::Call;
use super::super::fault::Fault;
use super::super::field::{Field, Kind};
use super::super::route::{Audience, Endpoint};
use super::into_map;
use crate::access::gate::Refusal;
use crate::base::duration::Duration;
use crate::engine::Datastore;
use crate::services::identity_tokens::model::TokenOutput;
use crate::surface::http::Reply;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What a client is told when it sets the issuer.
const ISSUER_IS_SET: &str = "If \"issuer\" is set explicitly, all tokens must be validated against that address, including those issued by secondary clusters. Setting issuer to \"\" will restore the default behavior of using the cluster's api_addr as the issuer.";

static CONFIG: &[Field] =
    &[Field::of("issuer", Kind::Text, "issuer", "What 'iss' begins with: scheme, host, port.")];

static KEY: &[Field] = &[
    Field::of("rotation_period", Kind::Duration, "rotation-period", "How long each key signs."),
    Field::of(
        "verification_ttl",
        Kind::Duration,
        "verification-ttl",
        "How long a key stays published after that.",
    ),
    Field::of(
        "allowed_client_ids",
        Kind::TextList,
        "allowed-client-ids",
        "Client ids that it signs for; * is all.",
    ),
    Field::of("algorithm", Kind::Text, "algorithm", "RS256, RS384, RS512, ES256, ES384, ES512 or EdDSA."),
];

static ROTATE: &[Field] =
    &[Field::new("verification_ttl", Kind::Duration, "How long the old key stays published, this once.")];

static ROLE: &[Field] = &[
    Field::of("key", Kind::Text, "key", "The named key that signs."),
    Field::of("template", Kind::Text, "template", "Further claims: JSON, or base64 of it."),
    Field::of(
        "client_id",
        Kind::Text,
        "client-id",
        "The audience of the tokens; one is made when it is left out.",
    ),
    Field::of("ttl", Kind::Duration, "ttl", "How long the tokens are valid."),
];

static INTROSPECT: &[Field] = &[
    Field::new("token", Kind::Secret, "The identity token."),
    Field::new("client_id", Kind::Text, "The audience that it must have."),
];

/// The rows.
pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "oidc/config",
        about: "Shows or sets the issuer of identity tokens.",
        fields: &[CONFIG],
        read: Some(|call| Box::pin(read_config(call))),
        write: Some(|call| Box::pin(write_config(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/key",
        about: "Lists named keys.",
        list: Some(|call| Box::pin(list(call, "keys"))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/key/:name",
        about: "Shows, makes, changes or takes away a named key.",
        fields: &[KEY],
        read: Some(|call| Box::pin(read_key(call))),
        write: Some(|call| Box::pin(write_key(call))),
        delete: Some(|call| Box::pin(delete_key(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/key/:name/rotate",
        about: "Lets the next key of a named key sign.",
        fields: &[ROTATE],
        write: Some(|call| Box::pin(rotate(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/role",
        about: "Lists roles.",
        list: Some(|call| Box::pin(list(call, "roles"))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/role/:name",
        about: "Shows, makes, changes or takes away a role.",
        fields: &[ROLE],
        read: Some(|call| Box::pin(read_role(call))),
        write: Some(|call| Box::pin(write_role(call))),
        delete: Some(|call| Box::pin(delete_role(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/token/:name",
        about: "Signs an identity token about the caller's entity.",
        read: Some(|call| Box::pin(token(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/introspect",
        about: "Says whether an identity token is good.",
        fields: &[INTROSPECT],
        write: Some(|call| Box::pin(introspect(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/.well-known/openid-configuration",
        about: "The discovery document.",
        audience: Audience::Anybody,
        read: Some(|call| Box::pin(document(call, "read-discovery"))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/.well-known/keys",
        about: "The public keys.",
        audience: Audience::Anybody,
        read: Some(|call| Box::pin(document(call, "read-keys"))),
        ..Endpoint::NEW
    },
];

const INVALID_ISSUER: &str = "invalid issuer, which must include only a scheme, host, and optional port (e.g. https://example.com:8200)";

async fn read_config(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = call.place("strongbox/identity/oidc", &[])?;
    let nothing = || Map::from_iter([("issuer".to_owned(), Value::from(""))]);
    Ok(Answer::data(call.shown(place).await?.unwrap_or_else(nothing)))
}

async fn write_config(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let is_set = call.arguments.text("issuer").is_some();
    let place = call.place("strongbox/identity/oidc", &[])?;
    call.put(place, Vec::new())
        .await
        .map_err(|fault| in_place_of(fault, StatusCode::BAD_REQUEST, INVALID_ISSUER))?;
    Ok(match is_set {
        true => Answer { body: Body::Kept(empty_envelope()), warnings: Vec::new() },
        false => Answer::nothing(),
    })
}

/// The envelope without data, with the warning about the issuer.
fn empty_envelope() -> Value {
    let mut envelope =
        Answer { body: Body::Data(Map::new()), warnings: vec![ISSUER_IS_SET.to_owned()] }.kept();
    if let Some(data) = envelope.get_mut("data") {
        *data = Value::Null;
    }
    envelope
}

/// A fault of the model in the words that clients know.
fn in_place_of(fault: Fault, status: StatusCode, message: impl Into<String>) -> Fault {
    if fault.status == status { Fault::new(status, message) } else { fault }
}

async fn list(call: &mut Call<'_>, what: &str) -> Result<Answer, Fault> {
    let place = call.place(&format!("strongbox/identity/oidc/{what}"), &[])?;
    Answer::keys(call.keys(place).await?)
}

/// A named key, as far as clients see it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Key {
    algorithm: String,
    rotation_period: Duration,
    verification_ttl: Duration,
    #[serde(default)]
    allowed_client_ids: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
}

async fn read_key(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = call.place("strongbox/identity/oidc/keys/{}", &[&call.name()])?;
    let key: Key = call.read(Datastore::Config, place).await?.ok_or_else(Fault::not_found)?;
    Ok(Answer::data(into_map(json!({
        "algorithm": key.algorithm,
        "allowed_client_ids": key.allowed_client_ids,
        "rotation_period": key.rotation_period.seconds(),
        "verification_ttl": key.verification_ttl.seconds(),
    }))))
}

async fn read_role(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = call.place("strongbox/identity/oidc/roles/{}", &[&call.name()])?;
    call.shown(place).await?.map(Answer::data).ok_or_else(Fault::not_found)
}

async fn write_key(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let name = call.name();
    let arguments = &call.arguments;
    if arguments.has("rotation_period") && arguments.number("rotation_period") < 60 {
        return Err(Fault::bad_request("rotation_period must be at least one minute"));
    }
    const ALGORITHMS: [&str; 7] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];
    if let Some(algorithm) = arguments.text("algorithm").filter(|name| !ALGORITHMS.contains(name)) {
        return Err(Fault::bad_request(format!("unknown signing algorithm {algorithm:?}")));
    }
    let place = call.place("strongbox/identity/oidc/keys/{}", &[&name])?;
    let mut more = Vec::new();
    if call.arguments.has("verification_ttl") && call.arguments.number("verification_ttl") == 0 {
        more.push(zero(call, &place, "verification-ttl")?);
    }
    call.put(place, more).await.map_err(in_snake_case)?;
    Ok(Answer::nothing())
}

/// A length of zero, where that does not stand for nothing.
fn zero(
    call: &Call<'_>,
    entry: &crate::data::path::InstancePath,
    leaf: &str,
) -> Result<crate::data::edit::Edit, Fault> {
    let leaf =
        call.schema().own_child(entry.target(), leaf).ok_or_else(|| Fault::bad_request("no such field"))?;
    let value = crate::data::decode::from_serde(call.schema(), leaf, &Duration::default().to_string())
        .map_err(|faults| Fault::from(Refusal::Invalid(faults)))?;
    Ok(crate::data::edit::Edit::new(entry.child(leaf), crate::data::edit::EditOperation::Replace, value))
}

/// The model's names of fields as clients write them.
fn in_snake_case(mut fault: Fault) -> Fault {
    for error in &mut fault.errors {
        for name in ["rotation-period", "verification-ttl", "allowed-client-ids"] {
            *error = error.replace(name, &name.replace('-', "_"));
        }
    }
    // One text is what clients expect; the first is about the most.
    fault.errors.truncate(1);
    fault
}

async fn delete_key(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let name = call.name();
    if name == "default" {
        return Err(Fault::bad_request("deletion of key \"default\" not allowed"));
    }
    let place = call.place("strongbox/identity/oidc/keys/{}", &[&name])?;
    let key: Option<Key> = call.read(Datastore::State, place.clone()).await?;
    if let Some(mut roles) = key.map(|key| key.roles).filter(|roles| !roles.is_empty()) {
        roles.sort_unstable();
        let roles = roles.join(", ");
        return Err(Fault::bad_request(format!(
            "unable to delete key {name:?} because it is currently referenced by these roles: {roles}"
        )));
    }
    call.remove(place).await
}

async fn rotate(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let name = call.name();
    let ttl = call.arguments.has("verification_ttl").then(|| {
        let seconds = u64::try_from(call.arguments.number("verification_ttl")).unwrap_or_default();
        Duration::from_seconds(seconds).to_string()
    });
    let target = call.place("strongbox/identity/oidc/keys/{}/rotate", &[&name])?;
    let none = format!("no named key found at {name:?}");
    let input = ttl.map_or_else(|| json!({}), |ttl| json!({ "verification-ttl": ttl }));
    call.invoke(target, &input).await.map_err(|fault| match fault.status {
        StatusCode::NOT_FOUND => Fault::bad_request(none),
        _ => fault,
    })?;
    Ok(Answer::nothing())
}

async fn write_role(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let name = call.name();
    let place = call.place("strongbox/identity/oidc/roles/{}", &[&name])?;
    if let Some(template) = call.arguments.text("template") {
        let decoded = base64::engine::general_purpose::STANDARD.decode(template).ok();
        if let Some(decoded) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
            call.arguments.set("template", decoded.into());
        }
    }
    let is_there = call.is_there(&place);
    match call.arguments.text("key").map(str::to_owned) {
        None if !is_there => return Err(Fault::bad_request("the key parameter is required")),
        Some(key) if key != "default" => {
            let of_key = call.place("strongbox/identity/oidc/keys/{}", &[&key])?;
            if !call.is_there(&of_key) {
                return Err(Fault::bad_request(format!("cannot find key {key:?}")));
            }
        }
        _ => {}
    }
    call.put(place, Vec::new()).await.map_err(|mut fault| {
        fault.errors.truncate(1);
        fault
    })?;
    Ok(Answer::nothing())
}

async fn delete_role(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = call.place("strongbox/identity/oidc/roles/{}", &[&call.name()])?;
    call.remove(place).await
}

async fn token(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let name = call.name();
    let target = call.place("strongbox/identity/oidc/roles/{}/token", &[&name])?;
    let issued = call.value::<TokenOutput>(target, &json!({})).await.map_err(|fault| match fault.status {
        StatusCode::NOT_FOUND => Fault::bad_request(format!("role {name:?} not found")),
        _ => fault,
    })?;
    let TokenOutput { token, client_id, ttl, warnings, .. } = *issued;
    let data = [
        ("client_id", Value::from(client_id)),
        ("token", Value::from(token.unwrap_or_default())),
        ("ttl", Value::from(ttl.seconds())),
    ];
    let data = data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Answer { body: Body::Data(data), warnings })
}

async fn introspect(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let token = call.arguments.text("token").unwrap_or_default().to_owned();
    if token.is_empty() {
        let error = "error parsing token: it is not a JWS in compact form";
        return Ok(Answer::raw(json!({ "active": false, "error": error })));
    }
    let mut input = json!({ "token": token });
    if let (Some(client_id), Some(input)) = (call.arguments.text("client_id"), input.as_object_mut()) {
        input.insert("client-id".to_owned(), client_id.into());
    }
    let target = call.place("strongbox/identity/oidc/introspect", &[])?;
    let told: Value = call.ask(target, &input).await?;
    Ok(Answer::raw(told))
}

/// A document for the world.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    document: String,
    #[serde(default)]
    max_age: Option<u32>,
}

async fn document(call: &mut Call<'_>, action: &str) -> Result<Answer, Fault> {
    let target = call.place(&format!("strongbox/identity/oidc/{action}"), &[])?;
    let input = json!({ "tenant": call.tenant });
    let Document { document, max_age } = call.ask(target, &input).await?;
    let age = max_age.map_or_else(|| "no-store".to_owned(), |seconds| format!("max-age={seconds}"));
    let reply = Reply::with_body(StatusCode::OK, JSON, document)
        .header(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))
        .header_text(CACHE_CONTROL, &age);
    Ok(Answer { body: Body::Other(reply), warnings: Vec::new() })
}
