//! `sys/wrapping/…`: answers that are kept for one look, by `strongbox/wrapping`.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::access::gate::Gate;
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::surface::vault::answer::{Answer, Body, WrapInfo};
use crate::surface::vault::call::Call;
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Field, Kind};
use crate::surface::vault::route::{Audience, Endpoint};

static TOKEN: &[Field] =
    &[Field::new("token", Kind::Secret, "The wrapping token; without one, that of the request.")];

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "wrapping/wrap",
        about: "Keeps what is sent for one look at it; the header X-Vault-Wrap-TTL says for how long.",
        read: Some(|call| Box::pin(wrap(call))),
        write: Some(|call| Box::pin(wrap(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "wrapping/lookup",
        about: "Tells what is known of a wrapping token.",
        fields: &[TOKEN],
        audience: Audience::Anybody,
        read: Some(|call| Box::pin(lookup(call))),
        write: Some(|call| Box::pin(lookup(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "wrapping/unwrap",
        about: "Shows what a wrapping token is for; it is good for this once.",
        fields: &[TOKEN],
        audience: Audience::Anybody,
        write: Some(|call| Box::pin(unwrap(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "wrapping/rewrap",
        about: "Exchanges a wrapping token for another one.",
        fields: &[TOKEN],
        audience: Audience::Anybody,
        write: Some(|call| Box::pin(rewrap(call))),
        ..Endpoint::NEW
    },
];

/// What the model knows of a kept text.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Known {
    #[serde(default)]
    token: String,
    accessor: String,
    creation_time: Timestamp,
    ttl: Duration,
    creation_path: String,
}

impl Known {
    fn info(self, wrapped_accessor: String) -> WrapInfo {
        WrapInfo {
            token: self.token,
            accessor: self.accessor,
            ttl: self.ttl.seconds(),
            creation_time: self.creation_time.rfc3339(),
            creation_path: self.creation_path,
            wrapped_accessor,
        }
    }
}

/// Finds out, before anything is done, whether an answer could be kept for so long.
///
/// # Errors
/// When it could not.
pub async fn check(call: &mut Call<'_>, seconds: i64) -> Result<(), Fault> {
    let input = input(call, "", seconds);
    let target = call.place("strongbox/wrapping/wrap", &[])?;
    as_keeper(call, async |call| call.try_out(target, &input).await).await
}

/// Throws away what is kept under a token or an accessor; false where there is nothing. Whoever may end tokens may do this.
///
/// # Errors
/// When it cannot be thrown away.
pub async fn discard(call: &mut Call<'_>, which: &Value) -> Result<bool, Fault> {
    let target = call.place("strongbox/wrapping/revoke", &[])?;
    match as_keeper(call, async |call| call.invoke(target, which).await).await {
        Ok(_) => Ok(true),
        Err(fault) if fault.status == StatusCode::BAD_REQUEST => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Does something in the place of whoever asks, who may do it because of what the request is.
async fn as_keeper<T>(
    call: &mut Call<'_>,
    what: impl AsyncFnOnce(&mut Call<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let gate: &Gate = call.trail.gate;
    let asking = call.trail.caller.replace(gate.keeper(&call.tenant));
    let outcome = what(call).await;
    call.trail.caller = asking;
    outcome
}

fn input(call: &Call<'_>, text: &str, seconds: i64) -> Value {
    let length = Duration::from_seconds(u64::try_from(seconds).unwrap_or(0));
    json!({ "text": text, "ttl": length.to_string(), "creation-path": call.asked.path })
}

/// Keeps an answer, in place of which the token for it is given.
///
/// # Errors
/// When it cannot be kept.
pub async fn keep(call: &mut Call<'_>, answer: &Answer, seconds: i64) -> Result<Answer, Fault> {
    let (body, wrapped_accessor) = match &answer.body {
        Body::Auth(auth) => (answer.kept(), auth.accessor.clone()),
        _ => (answer.kept(), String::new()),
    };
    let input = input(call, &body.to_string(), seconds);
    let target = call.place("strongbox/wrapping/wrap", &[])?;
    // Whoever may have the answer may have it kept.
    let kept = as_keeper(call, async |call| call.ask::<Known>(target, &input).await).await;
    let info = kept?.info(wrapped_accessor);
    Ok(Answer { body: Body::Wrapped(info), warnings: answer.warnings.clone() })
}

async fn wrap(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if call.asked.wrap_ttl.is_none() {
        return Err(Fault::bad_request("endpoint requires response wrapping to be used"));
    }
    Ok(Answer::data(call.sent.clone()))
}

/// The wrapping token that a request is about.
fn meant(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.arguments.text("token").or(call.trail.token());
    let text = text.ok_or_else(|| Fault::bad_request("missing \"token\" value in input"))?;
    Ok(json!({ "token": text }))
}

async fn lookup(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let (which, target) = (meant(call)?, call.place("strongbox/wrapping/look-up", &[])?);
    let known: Known = call.ask(target, &which).await?;
    Ok(Answer::data(Map::from_iter([
        ("creation_path".to_owned(), known.creation_path.into()),
        ("creation_time".to_owned(), known.creation_time.rfc3339().into()),
        ("creation_ttl".to_owned(), known.ttl.seconds().into()),
    ])))
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

async fn unwrap(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let (which, target) = (meant(call)?, call.place("strongbox/wrapping/unwrap", &[])?);
    let Text { text } = call.ask(target, &which).await?;
    let kept: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(match kept {
        Value::Object(members) if members.contains_key("request_id") => {
            Answer { body: Body::Kept(Value::Object(members)), warnings: Vec::new() }
        }
        // It was not kept by this dialect.
        other => Answer::data(Map::from_iter([("response".to_owned(), other)])),
    })
}

async fn rewrap(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let (which, target) = (meant(call)?, call.place("strongbox/wrapping/rewrap", &[])?);
    let known: Known = call.ask(target, &which).await?;
    Ok(Answer { body: Body::Wrapped(known.info(String::new())), warnings: Vec::new() })
}
