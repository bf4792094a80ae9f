//! `sys/internal/ui/mounts`: the mounts as those see them who may not list them, down to anybody.

use serde_json::{Map, Value};

use super::{Side, mounted};
use crate::surface::vault::answer::Answer;
use crate::surface::vault::call::Call;
use crate::surface::vault::fault::Fault;
use crate::surface::vault::route::{Audience, Endpoint};

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "internal/ui/mounts",
        about: "Shows the mounts that the caller may see.",
        audience: Audience::Anybody,
        read: Some(|call| Box::pin(seen(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "internal/ui/mounts/*path",
        about: "Shows the mount that a path is below.",
        read: Some(|call| Box::pin(seen_at(call))),
        ..Endpoint::NEW
    },
];

/// The members of a mount that are for everybody.
fn outline(entry: &Value) -> Value {
    let member = |name: &str| entry.get(name).cloned().unwrap_or_default();
    serde_json::json!({ "description": member("description"), "options": member("options"), "type": member("type") })
}

/// Whoever has a token sees all mounts, anybody else those that are there for everybody.
async fn seen(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let is_known = call.trail.authenticate().await.is_ok();
    let is_own = call.trail.caller.as_ref().is_some_and(|caller| caller.tenant == call.tenant);
    let knows_nothing = !(is_known && is_own);
    let asking = call.trail.caller.replace(call.trail.gate.keeper(&call.tenant));
    let (auth, secrets) = (mounted(call, Side::Auth).await, mounted(call, Side::Secrets).await);
    call.trail.caller = asking.filter(|_| !knows_nothing);
    let (auth, secrets) = (auth?, secrets?);
    let is_seen = |entry: &Value| {
        !knows_nothing || entry.pointer("/config/listing_visibility").is_some_and(|seen| seen == "unauth")
    };
    let outlines = |mounts: Map<String, Value>| -> Value {
        mounts
            .into_iter()
            .filter(|(_, entry)| is_seen(entry))
            .map(|(path, entry)| (path, outline(&entry)))
            .collect::<Map<_, _>>()
            .into()
    };
    Ok(Answer::data(Map::from_iter([
        ("auth".to_owned(), outlines(auth)),
        ("secret".to_owned(), outlines(secrets)),
    ])))
}

async fn seen_at(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let path = format!("{}/", call.captured("path"));
    let refused = || {
        let why =
            "preflight capability check returned 403, please ensure client's policies grant access to path";
        Fault::new(hyper::StatusCode::FORBIDDEN, format!("{why} \"{path}\""))
    };
    let (side, below) = match path.strip_prefix("auth/") {
        Some(below) => (Side::Auth, below),
        None => (Side::Secrets, path.as_str()),
    };
    let mounts = mounted(call, side).await.map_err(|_| refused())?;
    let (found, entry) =
        mounts.iter().find(|(mount, _)| below.starts_with(mount.as_str())).ok_or_else(refused)?;
    let mut shown = entry.as_object().cloned().unwrap_or_default();
    let prefix = if side == Side::Auth { "auth/" } else { "" };
    shown.insert("path".to_owned(), format!("{prefix}{found}").into());
    Ok(Answer::data(shown))
}
