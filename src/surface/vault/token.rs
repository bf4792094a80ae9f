//! `auth/token/…`: tokens, by the actions of `strongbox/token`.

mod roles;
mod shown;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::shown::Made;
use self::shown::show;
use super::answer::{Answer, Auth, Body};
use super::call::Call;
use super::fault::Fault;
use super::field::{Field, Kind};
use super::route::{Audience, Backend, Endpoint};
use super::sys::wrapping;
use crate::access::authenticate::TokenFacts;
use crate::base::duration::Duration;
use crate::data::path::InstancePath;
use crate::engine::Datastore;
use crate::services::token::POLICIES_CHANGED;

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "token",
    about: "The token log-in method: makes, shows, prolongs and ends tokens.",
    endpoints: &[ENDPOINTS, roles::ENDPOINTS],
};

static CREATE: &[Field] = &[
    Field::new("policies", Kind::PolicyNames, "Policies of the token; without any, those of the caller's."),
    Field::new("meta", Kind::Pairs, "Facts that the token carries."),
    Field::new("no_parent", Kind::Flag, "The token does not end with the caller's."),
    Field::new("no_default_policy", Kind::Flag, "Leaves the policy 'default' out."),
    Field::new("renewable", Kind::Flag, "Whether the token can be renewed."),
    Field::new("ttl", Kind::Duration, "How long the token lives."),
    Field::alias("lease", Kind::Duration, "ttl"),
    Field::new("explicit_max_ttl", Kind::Duration, "When the token ends at the latest."),
    Field::new("display_name", Kind::Text, "What to call the token."),
    Field::new("num_uses", Kind::Int, "How many requests the token is good for; 0 is without a limit."),
    Field::new("period", Kind::Duration, "The token has no end as long as it is renewed within this time."),
    Field::new("type", Kind::Text, "service or batch."),
    Field::new("id", Kind::Text, "Not supported: the text of a token is always made here."),
    Field::new("entity_alias", Kind::Text, "Not supported without a role."),
];

static TOKEN: &[Field] = &[
    Field::new("token", Kind::Secret, "The token."),
    Field::new("increment", Kind::Duration, "How long it is to live from now."),
];
static ACCESSOR: &[Field] = &[
    Field::new("accessor", Kind::Text, "The accessor of the token."),
    Field::new("increment", Kind::Duration, "How long it is to live from now."),
];

static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "create",
        about: "Makes a token below the caller's.",
        fields: &[CREATE],
        write: Some(|call| Box::pin(create(call, None))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "create/:name",
        about: "Makes a token in a role.",
        fields: &[CREATE],
        write: Some(|call| Box::pin(roles::create(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "create-orphan",
        about: "Makes a token that does not end with the caller's.",
        fields: &[CREATE],
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(create(call, Some("create-orphan")))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "lookup",
        about: "Shows a token.",
        fields: &[TOKEN],
        read: Some(|call| Box::pin(lookup(call))),
        write: Some(|call| Box::pin(lookup(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "lookup-self",
        about: "Shows the caller's token.",
        read: Some(|call| Box::pin(lookup_self(call))),
        write: Some(|call| Box::pin(lookup_self(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "lookup-accessor",
        about: "Shows a token by its accessor.",
        fields: &[ACCESSOR],
        write: Some(|call| Box::pin(lookup_accessor(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "renew",
        about: "Prolongs a token.",
        fields: &[TOKEN],
        write: Some(|call| Box::pin(renew(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "renew-self",
        about: "Prolongs the caller's token.",
        fields: &[TOKEN],
        write: Some(|call| Box::pin(renew_self(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "renew-accessor",
        about: "Prolongs a token by its accessor.",
        fields: &[ACCESSOR],
        write: Some(|call| Box::pin(renew_accessor(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "revoke",
        about: "Ends a token and all below it.",
        fields: &[TOKEN],
        write: Some(|call| Box::pin(revoke(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "revoke-self",
        about: "Ends the caller's token and all below it.",
        write: Some(|call| Box::pin(revoke_self(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "revoke-accessor",
        about: "Ends a token by its accessor, and all below it.",
        fields: &[ACCESSOR],
        write: Some(|call| Box::pin(revoke_accessor(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "revoke-orphan",
        about: "Ends a token; those that it made live on.",
        fields: &[TOKEN],
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(revoke_orphan(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "tidy",
        about: "Does nothing: what has ended is taken away by itself.",
        write: Some(|_| Box::pin(async { Ok(tidied("Tokens that have ended are taken away every minute")) })),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "accessors",
        about: "Lists the accessors of all tokens.",
        audience: Audience::Sudo,
        list: Some(|call| Box::pin(accessors(call))),
        ..Endpoint::NEW
    },
];

/// A length of time in the form of the model; `None` for none.
fn length(call: &Call<'_>, name: &str) -> Option<String> {
    let seconds = u64::try_from(call.arguments.number(name)).ok().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_seconds(seconds).to_string())
}

/// 202 for something that nobody needs to ask for.
pub fn tidied(why: &str) -> Answer {
    let said = Answer::default().warn(format!("{why}; nothing more was started."));
    Answer { body: Body::Raw(StatusCode::ACCEPTED, said.kept()), warnings: Vec::new() }
}

/// A length of time as Go prints it: `768h0m0s`.
fn go_length(seconds: i64) -> String {
    format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Makes a token by an action, or by the one that `no_parent` says.
async fn create(call: &mut Call<'_>, action: Option<&str>) -> Result<Answer, Fault> {
    if call.arguments.text("entity_alias").is_some() {
        return Err(Fault::bad_request("'entity_alias' is only allowed in combination with token role"));
    }
    let is_orphan = call.arguments.flag("no_parent");
    if is_orphan && !call.has_sudo() {
        return Err(Fault::bad_request("root or sudo privileges required to create orphan token"));
    }
    let action = action.unwrap_or(if is_orphan { "create-orphan" } else { "create-token" });
    let target = call.place(&format!("strongbox/token/{action}"), &[])?;
    create_by(call, target).await
}

/// Makes a token by an action that takes what the model calls `new-token`.
async fn create_by(call: &mut Call<'_>, target: InstancePath) -> Result<Answer, Fault> {
    let arguments = &call.arguments;
    let period = arguments.number("period");
    if period > 0 && !call.has_sudo() {
        return Err(Fault::bad_request("root or sudo privileges required to create periodic token"));
    }
    if arguments.text("id").is_some() {
        return Err(Fault::bad_request("token IDs cannot be chosen"));
    }
    let kind = match arguments.text("type") {
        None => None,
        Some("service" | "default" | "default-service") => Some("service"),
        Some("batch" | "default-batch") => Some("batch"),
        Some(other) => return Err(Fault::bad_request(format!("invalid 'token_type' value {other:?}"))),
    };
    let metadata: Vec<Value> = arguments
        .get("meta")
        .and_then(Value::as_object)
        .map(|facts| facts.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect())
        .unwrap_or_default();
    let policies = arguments.list("policies");
    let uses = u32::try_from(arguments.number("num_uses"));
    let input = json!({
        "policies": policies,
        "ttl": length(call, "ttl"),
        "explicit-max-ttl": length(call, "explicit_max_ttl"),
        "period": length(call, "period"),
        "num-uses": uses.map_err(|_| Fault::bad_request("number of uses cannot be negative"))?,
        "renewable": arguments.get("renewable").and_then(Value::as_bool).unwrap_or(true),
        "no-default-policy": arguments.flag("no_default_policy"),
        "display-name": arguments.text("display_name").map(display_name),
        "metadata": metadata,
        "type": kind,
    });
    let unknown = unknown_policies(call, &policies);
    let mut answer = call.hand_out(target, &input).await?;
    answer.warnings.extend(unknown);
    if let Body::Auth(auth) = &answer.body
        && let Some(granted) = i64::try_from(auth.lease_duration).ok().filter(|granted| *granted < period)
    {
        let (asked, granted) = (go_length(period), go_length(granted));
        answer.warnings.push(format!(
            "period of {asked:?} exceeded the effective max_ttl of {granted:?}; period value is capped accordingly"
        ));
    }
    Ok(answer)
}

/// What a token is called by a name that a client chose: what is no letter, digit or hyphen becomes a hyphen.
fn display_name(chosen: &str) -> String {
    let allowed = |found: char| if found.is_ascii_alphanumeric() { found } else { '-' };
    let name: String = "token-".chars().chain(chosen.chars().map(allowed)).collect();
    name.strip_suffix('-').unwrap_or(&name).to_owned()
}

/// What the caller is told of policies that grant nothing because there are none of these names.
fn unknown_policies(call: &Call<'_>, names: &[&str]) -> Vec<String> {
    let is_known = |name: &&str| {
        matches!(*name, "root" | "default")
            || call.place("policy/policies/{}", &[name]).is_ok_and(|place| call.is_there(&place))
    };
    let missing = names.iter().filter(|name| !is_known(name));
    missing.map(|name| format!("Policy {name:?} does not exist")).collect()
}

/// What `lookup` says of a token.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Known {
    #[serde(flatten)]
    facts: TokenFacts,
}

async fn look(call: &mut Call<'_>, which: Value) -> Result<TokenFacts, Fault> {
    let target = call.place("strongbox/token/lookup", &[])?;
    let Known { facts } = call.ask(target, &which).await?;
    Ok(facts)
}

/// The token that a request is about: that of its body.
fn meant(call: &Call<'_>) -> Result<String, Fault> {
    let own = call.trail.token().map(str::to_owned);
    call.arguments
        .text("token")
        .map(str::to_owned)
        .or(own)
        .ok_or_else(|| Fault::bad_request("missing token ID"))
}

fn own(call: &Call<'_>) -> Value {
    json!({ "token": call.trail.token() })
}

fn accessor(call: &Call<'_>) -> Result<Value, Fault> {
    let accessor =
        call.arguments.text("accessor").ok_or_else(|| Fault::bad_request("missing accessor_id"))?;
    Ok(json!({ "accessor": accessor }))
}

/// A token that is none.
fn bad(what: &'static str) -> impl Fn(Fault) -> Fault {
    move |fault| match fault.status.as_u16() {
        400 => Fault::new(hyper::StatusCode::FORBIDDEN, what).because(fault.summary()),
        _ => fault,
    }
}

async fn lookup(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let text = meant(call)?;
    let facts = look(call, json!({ "token": text })).await.map_err(bad("bad token"))?;
    Ok(show(call, &facts, &text))
}

async fn lookup_self(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let facts = look(call, own(call)).await.map_err(bad("bad token"))?;
    let text = call.trail.token().unwrap_or_default().to_owned();
    Ok(show(call, &facts, &text))
}

async fn lookup_accessor(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let which = accessor(call)?;
    let facts = look(call, which).await.map_err(bad("invalid accessor"))?;
    Ok(show(call, &facts, ""))
}

/// A token that is not prolonged because of its user or role, with the status and in the words that clients know.
fn not_renewed(why: &str) -> Fault {
    let error = format!("1 error occurred:\n\t* failed to renew entry: {why}\n\n");
    Fault::new(StatusCode::INTERNAL_SERVER_ERROR, error)
}

async fn prolong(call: &mut Call<'_>, which: Value, text: String) -> Result<Answer, Fault> {
    let unknown = if which.get("accessor").is_some() { "invalid accessor" } else { "bad token" };
    let facts = look(call, which.clone()).await.map_err(bad(unknown))?;
    if !facts.renewable {
        return Err(Fault::bad_request("lease is not renewable"));
    }
    let mut input = which.clone();
    if let (Some(increment), Some(input)) = (length(call, "increment"), input.as_object_mut()) {
        input.insert("increment".to_owned(), increment.into());
    }
    if let Some(gone) = shown::missing_source(call, &facts) {
        return Err(not_renewed(&format!("{gone} does not exist during renewal")));
    }
    let target = call.place("strongbox/token/refresh", &[])?;
    call.invoke(target, &input).await.map_err(|fault| match fault.summary() == POLICIES_CHANGED {
        true => not_renewed("policies have changed, not renewing").because(POLICIES_CHANGED),
        false => fault,
    })?;
    let facts = look(call, which).await?;
    let by_entity = call.trail.gate.identity_policies(&call.tenant, &facts);
    // As of when it was prolonged: a second that began since then is not taken from what was granted.
    let as_of = facts.refresh_time.unwrap_or(facts.creation_time);
    Ok(Answer::auth(Auth::of(&facts, text, as_of).with_identity(&by_entity)))
}

async fn renew(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let text = meant(call)?;
    prolong(call, json!({ "token": text }), text).await
}

async fn renew_self(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let (which, text) = (own(call), call.trail.token().unwrap_or_default().to_owned());
    prolong(call, which, text).await
}

async fn renew_accessor(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let which = accessor(call)?;
    prolong(call, which, String::new()).await
}

async fn end(call: &mut Call<'_>, which: Value) -> Result<Answer, Fault> {
    let target = call.place("strongbox/token/revoke", &[])?;
    call.invoke(target, &which).await?;
    Ok(Answer::nothing())
}

async fn revoke(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let text = call.arguments.text("token").ok_or_else(|| Fault::bad_request("missing token ID"))?;
    let which = json!({ "token": text });
    match end(call, which.clone()).await {
        // It may be one for an answer that is kept; what is not there at all need not be ended.
        Err(fault) if fault.status.as_u16() == 400 && !fault.summary().contains("batch") => {
            wrapping::discard(call, &which).await?;
            Ok(Answer::nothing())
        }
        outcome => outcome,
    }
}

async fn revoke_orphan(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let text = call.arguments.text("token").ok_or_else(|| Fault::bad_request("missing token ID"))?;
    let which = json!({ "token": text });
    let target = call.place("strongbox/token/revoke-orphan", &[])?;
    call.invoke(target, &which).await.map_err(|fault| match fault.status {
        StatusCode::BAD_REQUEST => Fault::bad_request("token to revoke not found").because(fault.summary()),
        _ => fault,
    })?;
    Ok(Answer::nothing())
}

async fn revoke_self(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let which = own(call);
    end(call, which).await
}

async fn revoke_accessor(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let which = accessor(call)?;
    match end(call, which.clone()).await {
        Err(fault) if fault.status == StatusCode::BAD_REQUEST => match wrapping::discard(call, &which).await?
        {
            true => Ok(Answer::nothing()),
            false => Err(bad("invalid accessor")(fault)),
        },
        outcome => outcome,
    }
}

async fn accessors(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = call.place("strongbox/token/tokens", &[])?;
    let tokens = call.entries(Datastore::State, place).await?;
    let keys = tokens.iter().filter_map(|token| token.key_values(1).next().map(ToString::to_string));
    Answer::keys(keys.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_token_has_letters_digits_and_hyphens() {
        for (chosen, name) in
            [("ci", "token-ci"), ("John Doe", "token-John-Doe"), ("a/b!", "token-a-b"), ("é", "token-")]
        {
            assert_eq!(display_name(chosen), name);
        }
    }
}
