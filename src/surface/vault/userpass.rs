//! `auth/userpass/…`: users with passwords, those of the mount, or of `authentication/userpass` where its scope is the
//! tenant.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::fault::Fault;
use super::field::{Field, Kind};
use super::route::{Audience, Backend, Endpoint};
use super::token_fields::{OLDER_NAMES, TOKEN_FIELDS};
use crate::base::password;
use crate::data::path::InstancePath;

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "userpass",
    about: "The userpass log-in method: users with passwords.",
    endpoints: &[ENDPOINTS],
};

static PASSWORD: &[Field] = &[Field::of("password", Kind::Secret, "password", "The password.")];
static HASH: &[Field] =
    &[Field::of("password_hash", Kind::Secret, "password", "The password as a bcrypt or argon2 string.")];
static POLICIES: &[Field] = &[
    Field::of("token_policies", Kind::PolicyNames, "token-policies", "Policies that the token carries."),
    Field::alias("policies", Kind::PolicyNames, "token_policies"),
];
static LOGIN: &[Field] = &[
    Field::new("password", Kind::Secret, "The password."),
    Field::new("passcode", Kind::Secret, "A one-time code, where the user has a second factor."),
];

static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "login/:name",
        about: "Logs in with a user name and a password.",
        fields: &[LOGIN],
        audience: Audience::Anybody,
        write: Some(|call| Box::pin(login(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "users",
        about: "Lists the users.",
        list: Some(|call| Box::pin(list(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "users/:name",
        about: "Reads, writes and deletes a user.",
        fields: &[PASSWORD, HASH, TOKEN_FIELDS, OLDER_NAMES],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        exists: Some(|call| place(call).is_ok_and(|place| call.is_there(&place))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "users/:name/password",
        about: "Changes the password of a user.",
        fields: &[PASSWORD, HASH],
        write: Some(|call| Box::pin(change(call, "missing password"))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "users/:name/policies",
        about: "Changes the policies of a user.",
        fields: &[POLICIES],
        write: Some(|call| Box::pin(change(call, "missing policies"))),
        ..Endpoint::NEW
    },
];

fn users(call: &Call<'_>) -> Result<InstancePath, Fault> {
    call.served("userpass", "users")
}

fn place(call: &Call<'_>) -> Result<InstancePath, Fault> {
    call.named_entry(users(call)?)
}

async fn login(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let password = call.arguments.text("password").ok_or_else(|| Fault::bad_request("missing password"))?;
    let input = json!({
        "tenant": call.tenant,
        "mount": call.mount.key,
        "username": call.meant(&users(call)?, call.captured("name")),
        "password": password,
        "otp": call.arguments.text("passcode"),
    });
    let target = call.place("login", &[])?;
    call.hand_out(target, &input).await.map_err(|fault| fault.of_login("invalid username or password"))
}

async fn list(call: &mut Call<'_>) -> Result<Answer, Fault> {
    Answer::keys(call.keys(users(call)?).await?)
}

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let shown = call.shown(place(call)?).await?;
    shown.map(Answer::data).ok_or_else(Fault::not_found)
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = place(call)?;
    let has_password = call.arguments.has("password") || call.arguments.has("password_hash");
    let is_empty = |name| call.sent.get(name).and_then(Value::as_str).is_some_and(str::is_empty);
    if is_empty("password") || is_empty("password_hash") || !has_password && !call.is_there(&place) {
        return Err(Fault::bad_request("missing password"));
    }
    check_hash(call)?;
    call.put(place, Vec::new()).await?;
    Ok(Answer::nothing())
}

/// What is said to be a hash must be one that can be verified: it would be the password otherwise.
fn check_hash(call: &Call<'_>) -> Result<(), Fault> {
    let Some(hash) = call.arguments.text("password_hash") else { return Ok(()) };
    if call.arguments.has("password") {
        return Err(Fault::bad_request("'password' and 'password_hash' cannot be given together"));
    }
    if !password::is_hash(hash) {
        return Err(Fault::bad_request("'password_hash' must be a bcrypt or argon2 string"));
    }
    password::check_hash(hash).map_err(|error| Fault::bad_request(format!("'password_hash': {error}")))
}

async fn change(call: &mut Call<'_>, missing: &str) -> Result<Answer, Fault> {
    let place = place(call)?;
    if !call.is_there(&place) {
        return Err(Fault::bad_request("username does not exist"));
    }
    if !call.endpoint.fields.iter().copied().flatten().any(|field| call.arguments.has(field.name)) {
        return Err(Fault::bad_request(missing));
    }
    check_hash(call)?;
    call.put(place, Vec::new()).await?;
    Ok(Answer::nothing())
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    call.remove(place(call)?).await
}
