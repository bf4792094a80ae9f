//! Mounts of type `jwt` and `oidc`: `config`, `role/:name`, `login`. What a browser does there is in [`super::oidc`].
//!
//! The refusals of configuration that clients know by their words are told here, in the order of the reference; the model
//! refuses the same, and more, in its own.

mod config;
mod role;

use serde::Serialize;

use super::answer::Answer;
use super::call::Call;
use super::fault::Fault;
use super::field::{Field, Kind};
use super::oidc;
use super::route::{Audience, Backend, Endpoint};
use crate::base::ident::Ident;
use crate::data::path::InstancePath;

const ABOUT: &str = "Logs in who brings a JWT of another issuer, or logs in at it with a browser.";

const ALL: &[&[Endpoint]] = &[config::ENDPOINTS, role::ENDPOINTS, ENDPOINTS, oidc::ENDPOINTS];

/// The backend.
pub static BACKEND: Backend = Backend { name: "jwt", about: ABOUT, endpoints: ALL };

/// The same under its other name.
pub static OIDC: Backend = Backend { name: "oidc", about: ABOUT, endpoints: ALL };

/// The issuer of a mount in the model.
const ISSUER: &str = "strongbox/mounts/auth/{}/jwt";

const ENDPOINTS: &[Endpoint] = &[Endpoint {
    pattern: "login",
    about: "Exchanges a JWT for a token.",
    fields: &[&[
        Field::new("role", Kind::EntryName, "The role; when absent, the default role."),
        Field::new("jwt", Kind::Secret, "The signed JWT."),
        Field::new("distributed_claim_access_token", Kind::Secret, "Accepted and not used."),
    ]],
    audience: Audience::Anybody,
    write: Some(|call| Box::pin(login(call))),
    ..Endpoint::NEW
}];

/// Input of `jwt-login`.
#[derive(Serialize)]
struct Login<'a> {
    tenant: Ident,
    mount: String,
    role: Option<&'a str>,
    jwt: &'a str,
}

/// The roles of the mount.
fn roles(call: &Call<'_>) -> Result<InstancePath, Fault> {
    call.place(&format!("{ISSUER}/roles"), &[&call.mount.key])
}

/// The role that a parameter means.
///
/// # Errors
/// 500 where the model has no roles.
pub(super) fn role_meant(call: &Call<'_>, parameter: &str) -> Result<Option<String>, Fault> {
    let list = roles(call)?;
    Ok(call.arguments.text(parameter).map(|name| call.meant(&list, name)))
}

async fn login(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let role = role_meant(call, "role")?;
    let sent = std::mem::take(&mut call.arguments);
    let input = Login {
        tenant: call.tenant.clone(),
        mount: call.mount.key.clone(),
        role: role.as_deref(),
        jwt: sent.text("jwt").unwrap_or_default(),
    };
    log_in(call, "jwt-login", &input).await.map_err(|refused| refused.fault(""))
}

/// A log in that failed.
pub(super) struct NotLoggedIn {
    fault: Fault,
    /// Why, if that is for clients.
    pub reason: Option<String>,
}

impl NotLoggedIn {
    /// What the client is told: the reason, with these words in front where it is a sentence of its own.
    pub fn fault(self, words: &str) -> Fault {
        match self.reason {
            None => self.fault,
            Some(reason) if reason == super::fault::DENIED => Fault::denied(),
            Some(reason) if reason.starts_with(char::is_uppercase) => {
                Fault::bad_request(format!("{words}{reason}"))
            }
            Some(reason) => Fault::bad_request(reason),
        }
    }
}

/// Runs a public operation that hands out a token.
pub(super) async fn log_in(
    call: &mut Call<'_>,
    operation: &str,
    input: &(impl Serialize + Sync),
) -> Result<Answer, NotLoggedIn> {
    let place = call.place(operation, &[]).map_err(|fault| NotLoggedIn { fault, reason: None })?;
    let answer = call.hand_out(place, input).await;
    answer.map_err(|fault| NotLoggedIn { reason: reason(call, &fault), fault })
}

/// Why a log in failed, where that is for clients: not that they tried too often, which has its own status.
pub(super) fn reason(call: &Call<'_>, fault: &Fault) -> Option<String> {
    let attempted = call.trail.attempted().map(|attempted| attempted.reason.clone());
    attempted.filter(|_| fault.status != hyper::StatusCode::TOO_MANY_REQUESTS)
}
