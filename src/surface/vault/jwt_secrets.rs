//! Mounts of type `jwt` beside log-in methods: `roles/:name` and `issue/:name`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::Call;
use super::fault::Fault;
use super::field::{Field, Kind};
use super::route::{Backend, Endpoint};
use crate::data::path::InstancePath;
use crate::services::jwt_secrets::key::advice;

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "jwt",
    about: "Signs JWTs with a key for each role. Nothing is kept of what is signed.",
    endpoints: &[ENDPOINTS],
};

const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "roles/:name",
        about: "Reads, writes and deletes a role.",
        details: "A write without a key keeps the one that is there, as long as it fits the algorithm.",
        fields: &[ROLE],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        exists: Some(|call| place(call).is_ok_and(|place| call.is_there(&place))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "roles",
        about: "Lists roles.",
        list: Some(|call| Box::pin(list(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "issue/:name",
        about: "Signs a token.",
        details: "Whoever may do this says what the token says, unless the role is locked.",
        fields: &[ISSUE],
        write: Some(|call| Box::pin(issue(call))),
        ..Endpoint::NEW
    },
];

const ROLE: &[Field] = &[
    Field::of(
        "algorithm",
        Kind::Text,
        "algorithm",
        "RS256 to RS512, PS…, ES… (also as EC…), HS…; RS256 if absent.",
    ),
    Field::of(
        "key",
        Kind::Secret,
        "key",
        "The private key, PEM, or the secret of an HMAC. It does not come back.",
    ),
    Field::of("default_issuer", Kind::Text, "default-issuer", "'iss' of requests that do not say."),
    Field::of("default_subject", Kind::Text, "default-subject", "'sub' of requests that do not say."),
    Field::of("default_audience", Kind::Text, "default-audience", "'aud' of requests that do not say."),
    Field::of("locked", Kind::Flag, "locked", "Requests cannot say anything else than the defaults."),
];

const ISSUE: &[Field] = &[
    Field::new("issuer", Kind::Text, "'iss'."),
    Field::new("subject", Kind::Text, "'sub'."),
    Field::new("audience", Kind::Text, "'aud'."),
    Field::new("expiration", Kind::Int, "'exp', seconds since the epoch; none if absent."),
    Field::new("not_before", Kind::Int, "'nbf', seconds since the epoch; now if absent."),
    Field::new("issued_at", Kind::Int, "'iat', seconds since the epoch; now if absent."),
    Field::new("jti", Kind::Text, "'jti'; a random UUID if absent."),
    Field::new("claims", Kind::Any, "Further claims: a JSON object, or the text of one."),
];

const ROLES: &str = "strongbox/mounts/secrets/{}/jwt/roles";

fn place(call: &Call<'_>) -> Result<InstancePath, Fault> {
    let place = call.place(&format!("{ROLES}/{{}}"), &[&call.mount.key, &call.name()]);
    place.map_err(|_| Fault::unsupported_path())
}

async fn list(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let list = call.place(ROLES, &[&call.mount.key])?;
    Answer::keys(call.keys(list).await?)
}

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = place(call)?;
    call.shown(place).await?.map(Answer::data).ok_or_else(Fault::not_found)
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    call.remove(place(call)?).await
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = place(call)?;
    let algorithm = call.arguments.text("algorithm").unwrap_or("RS256").to_owned();
    let known = ["256", "384", "512"].into_iter().any(|size| {
        algorithm.strip_suffix(size).is_some_and(|kind| matches!(kind, "RS" | "PS" | "ES" | "EC" | "HS"))
    });
    if !known {
        return Err(Fault::bad_request("Invalid Signing Algorithm"));
    }
    match call.arguments.get("key").and_then(Value::as_str) {
        None | Some("") if !call.is_there(&place) => return Err(Fault::bad_request("Key is Required")),
        // Not sent, or sent as nothing: what is there stays.
        None | Some("") => drop(call.arguments.take("key")),
        Some(text) if text.trim().is_empty() => return Err(Fault::bad_request("Key must not be blank")),
        Some(_) => {}
    }
    let advised = call.arguments.text("key").and_then(|key| advice(&algorithm, key));
    call.put(place, Vec::new()).await?;
    Ok(advised.into_iter().fold(Answer::nothing(), Answer::warn))
}

async fn issue(call: &mut Call<'_>) -> Result<Answer, Fault> {
    #[derive(Deserialize)]
    struct Issued {
        jti: String,
        token: String,
    }
    let role = place(call)?;
    if !call.is_there(&role) {
        return Err(Fault::bad_request(format!("Unknown role: {}", call.name())));
    }
    let mut input = Map::new();
    for (name, leaf) in
        [("issuer", "issuer"), ("subject", "subject"), ("audience", "audience"), ("jti", "jti")]
    {
        if let Some(text) = call.arguments.text(name) {
            input.insert(leaf.to_owned(), text.into());
        }
    }
    for (name, leaf) in
        [("expiration", "expiration"), ("not_before", "not-before"), ("issued_at", "issued-at")]
    {
        let seconds = call.arguments.number(name);
        let seconds = u64::try_from(seconds)
            .map_err(|_| Fault::bad_request(format!("{name} must not be negative, and is '{seconds}'")))?;
        input.insert(leaf.to_owned(), seconds.into());
    }
    match call.arguments.get("claims") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.is_empty() => {}
        Some(Value::String(text)) => drop(input.insert("claims".to_owned(), text.as_str().into())),
        Some(other) => drop(input.insert("claims".to_owned(), other.to_string().into())),
    }
    let target = call.place(&format!("{ROLES}/{{}}/issue"), &[&call.mount.key, &call.name()])?;
    let Issued { jti, token } = call.ask(target, &Value::Object(input)).await?;
    let data = json!({"jti": jti, "token": token});
    Ok(Answer::data(data.as_object().cloned().unwrap_or_default()))
}
