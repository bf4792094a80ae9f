//! `sys/…` about the daemon: the seal and its keys. What a sealed daemon answers too stands in [`super::super::unsealing`].

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::base::clock::Timestamp;
use crate::engine::Datastore;
use crate::surface::vault::answer::{Answer, Body};
use crate::surface::vault::call::Call;
use crate::surface::vault::fault::Fault;
use crate::surface::vault::route::{Audience, Endpoint};

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "seal",
        about: "Seals the daemon: every key is dropped from memory.",
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(seal(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "rotate",
        about: "Makes a new data key; what is written from now on is written with it.",
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(rotate(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "key-status",
        about: "Tells which data key is in use.",
        read: Some(|call| Box::pin(key_status(call))),
        ..Endpoint::NEW
    },
];

async fn seal(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let target = call.place("strongbox/system/seal", &[])?;
    call.invoke(target, &json!({})).await?;
    Ok(Answer::nothing())
}

async fn rotate(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let target = call.place("strongbox/system/rotate-data-key", &[])?;
    call.invoke(target, &json!({})).await?;
    Ok(Answer::nothing())
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct SealStatus {
    data_key: Option<u32>,
    #[serde(default)]
    data_key_time: Option<Timestamp>,
}

async fn key_status(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = call.place("strongbox/system/seal-status", &[])?;
    let status: SealStatus = call.read(Datastore::State, place).await?.ok_or_else(Fault::not_found)?;
    let data = Map::from_iter([
        ("term".to_owned(), Value::from(status.data_key)),
        ("install_time".to_owned(), Value::from(status.data_key_time.map(|time| time.rfc3339()))),
        // With AES-256-GCM-SIV nobody has to change the key after so many of them, so nothing counts them.
        ("encryptions".to_owned(), Value::from(0)),
    ]);
    Ok(Answer { body: Body::DataTwice(data), warnings: Vec::new() })
}
