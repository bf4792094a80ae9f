//! `sys/rekey/…`: another seal key and other shares, by the actions of `system/rekey`. In the reference these paths are for
//! anybody; here they take a token, since who may begin and cancel such a change could lock others out of theirs.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::base::secret::Secret;
use crate::engine::Datastore;
use crate::surface::vault::answer::Answer;
use crate::surface::vault::call::Call;
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Field, Kind};
use crate::surface::vault::keys;
use crate::surface::vault::route::{Audience, Endpoint};

static INIT: &[Field] = &[
    Field::new("secret_shares", Kind::Int, "Into how many shares the new key is split."),
    Field::new("secret_threshold", Kind::Int, "How many of them open the store."),
    Field::new(
        "require_verification",
        Kind::Flag,
        "The new key counts only when its shares were given back.",
    ),
    Field::new("pgp_keys", Kind::TextList, "Not supported."),
    Field::new("backup", Kind::Flag, "Not supported."),
    Field::new("nonce", Kind::Text, "Which change is to be cancelled; when absent, the one under way."),
];

static GIVEN: &[Field] = &[
    Field::new("key", Kind::Secret, "A share of the key, or the key, in base64 or hexadecimal."),
    Field::new("nonce", Kind::Text, "Names the change of the key."),
];

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "rekey/init",
        about: "Begins to change the seal key, shows how far that is, and cancels it.",
        fields: &[INIT],
        audience: Audience::Sudo,
        read: Some(|call| Box::pin(show(call))),
        write: Some(|call| Box::pin(start(call))),
        delete: Some(|call| Box::pin(cancel(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "rekey/update",
        about: "Takes a share of the present seal key; with enough of them there is a new one.",
        fields: &[GIVEN],
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(submit(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "rekey/verify",
        about: "Takes shares of the new seal key back, and shows how many were given.",
        fields: &[GIVEN],
        audience: Audience::Sudo,
        read: Some(|call| Box::pin(show_verification(call))),
        write: Some(|call| Box::pin(verify(call))),
        ..Endpoint::NEW
    },
];

/// The container `rekey` of the model.
#[derive(Default, Deserialize)]
#[serde(default)]
struct UnderWay {
    nonce: Option<String>,
    shares: u8,
    threshold: u8,
    progress: u8,
    required: u8,
    verifying: bool,
}

async fn under_way(call: &Call<'_>) -> Result<UnderWay, Fault> {
    let place = call.place("strongbox/system/rekey", &[])?;
    Ok(call.read(Datastore::State, place).await?.unwrap_or_default())
}

async fn show(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let found = under_way(call).await?;
    let required = match found.nonce {
        Some(_) => found.required,
        None => present_threshold(call).await?,
    };
    Ok(Answer::raw(json!({
        "nonce": found.nonce.as_deref().unwrap_or_default(),
        "started": found.nonce.is_some(),
        "t": found.threshold,
        "n": found.shares,
        "progress": if found.verifying { 0 } else { found.progress },
        "required": required,
        "pgp_fingerprints": null,
        "backup": false,
        "verification_required": found.verifying,
        "verification_nonce": if found.verifying { found.nonce.unwrap_or_default() } else { String::new() },
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Threshold {
    threshold: u8,
}

async fn present_threshold(call: &Call<'_>) -> Result<u8, Fault> {
    let place = call.place("strongbox/system/seal-status", &[])?;
    let status: Threshold = call.read(Datastore::State, place).await?.unwrap_or_default();
    Ok(status.threshold)
}

async fn start(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if !call.arguments.list("pgp_keys").is_empty() || call.arguments.flag("backup") {
        return Err(Fault::bad_request("keys encrypted with PGP are not supported"));
    }
    let input = json!({
        "shares": call.arguments.number("secret_shares"),
        "threshold": call.arguments.number("secret_threshold"),
        "verify": call.arguments.flag("require_verification"),
    });
    let target = call.place("strongbox/system/rekey/start", &[])?;
    call.invoke(target, &input).await?;
    show(call).await
}

async fn cancel(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let nonce = match call.arguments.text("nonce") {
        Some(nonce) => Some(nonce.to_owned()),
        None => under_way(call).await?.nonce,
    };
    // What is not under way need not be cancelled.
    let Some(nonce) = nonce else { return Ok(Answer::nothing()) };
    let target = call.place("strongbox/system/rekey/cancel", &[])?;
    call.invoke(target, &json!({ "nonce": nonce })).await?;
    Ok(Answer::nothing())
}

/// The share and the nonce of a request as input of the model.
fn given(call: &Call<'_>) -> Result<Map<String, Value>, Fault> {
    let missing = || Fault::bad_request("'key' must be specified in request body as JSON");
    let mut input = keys::offered(call.arguments.text("key").ok_or_else(missing)?)?;
    let nonce = call.arguments.text("nonce").ok_or_else(|| Fault::bad_request("missing nonce"))?;
    input.insert("nonce".to_owned(), nonce.into());
    Ok(input)
}

/// What a share came to.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Progress {
    nonce: String,
    #[serde(default)]
    verifying: bool,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    seal_key: Option<Secret>,
    #[serde(default)]
    key_shares: Vec<Secret>,
}

async fn submit(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let (input, target) = (given(call)?, call.place("strongbox/system/rekey/submit", &[])?);
    let progress: Progress = call.ask(target, &input).await?;
    let Some(seal_key) = &progress.seal_key else { return show(call).await };
    let mut shown = Map::from_iter([
        ("nonce".to_owned(), progress.nonce.clone().into()),
        ("complete".to_owned(), true.into()),
    ]);
    keys::show(seal_key, &progress.key_shares, &mut shown)?;
    shown.extend([
        ("pgp_fingerprints".to_owned(), Value::Null),
        ("backup".to_owned(), false.into()),
        ("verification_required".to_owned(), progress.verifying.into()),
    ]);
    if progress.verifying {
        shown.insert("verification_nonce".to_owned(), progress.nonce.into());
    }
    Ok(Answer::raw(shown.into()))
}

async fn show_verification(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let found = under_way(call).await?;
    if !found.verifying {
        return Err(Fault::bad_request("no rekey verification is under way"));
    }
    Ok(Answer::raw(json!({
        "nonce": found.nonce.unwrap_or_default(),
        "started": true,
        "t": found.threshold,
        "n": found.shares,
        "progress": found.progress,
    })))
}

async fn verify(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let (input, target) = (given(call)?, call.place("strongbox/system/rekey/verify", &[])?);
    let progress: Progress = call.ask(target, &input).await?;
    match progress.complete {
        true => Ok(Answer::raw(json!({ "nonce": progress.nonce, "complete": true }))),
        false => show_verification(call).await,
    }
}
