//! `auth/token/…`: tokens, by the actions of `strongbox/token`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Auth};
use super::call::Call;
use super::fault::Fault;
use super::field::{Field, Kind};
use super::route::{Audience, Backend, Endpoint};
use crate::access::authenticate::TokenFacts;
use crate::base::duration::Duration;
use crate::engine::Datastore;

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "token",
    about: "The token log-in method: makes, shows, prolongs and ends tokens.",
    endpoints: &[ENDPOINTS],
};

static CREATE: &[Field] = &[
    Field::new("policies", Kind::LowerList, "Policies of the token; without any, those of the caller's."),
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
        write: Some(|call| Box::pin(create(call, false))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "create-orphan",
        about: "Makes a token that does not end with the caller's.",
        fields: &[CREATE],
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(create(call, true))),
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

async fn create(call: &mut Call<'_>, orphan: bool) -> Result<Answer, Fault> {
    let arguments = &call.arguments;
    if arguments.text("id").is_some() {
        return Err(Fault::bad_request("token IDs cannot be chosen"));
    }
    let kind = match arguments.text("type") {
        None | Some("service" | "default" | "default-service") => "service",
        Some("batch" | "default-batch") => "batch",
        Some(other) => return Err(Fault::bad_request(format!("invalid 'token_type' value {other:?}"))),
    };
    let metadata: Vec<Value> = arguments
        .get("meta")
        .and_then(Value::as_object)
        .map(|facts| facts.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect())
        .unwrap_or_default();
    let policies = arguments.list("policies");
    let input = json!({
        "policies": policies,
        "ttl": length(call, "ttl"),
        "explicit-max-ttl": length(call, "explicit_max_ttl"),
        "period": length(call, "period"),
        "num-uses": u32::try_from(arguments.number("num_uses")).map_err(|_| Fault::bad_request("number of uses cannot be negative"))?,
        "renewable": arguments.get("renewable").and_then(Value::as_bool).unwrap_or(true),
        "no-default-policy": arguments.flag("no_default_policy"),
        "display-name": arguments.text("display_name").map(|name| format!("token-{name}")),
        "metadata": metadata,
        "type": kind,
    });
    let unknown = unknown_policies(call, &policies);
    let action = if orphan || arguments.flag("no_parent") { "create-orphan" } else { "create-token" };
    let target = call.place(&format!("strongbox/token/{action}"), &[])?;
    let mut answer = call.hand_out(target, &input).await?;
    answer.warnings.extend(unknown);
    Ok(answer)
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

fn show(call: &Call<'_>, facts: &TokenFacts, text: &str) -> Answer {
    let now = call.now();
    let seconds = |length: Option<Duration>| length.map_or(0, |length| length.seconds());
    let Auth { policies, metadata, token_type, orphan, .. } = Auth::of(facts, String::new(), now);
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| drop(data.insert(name.to_owned(), value));
    put("accessor", facts.accessor.as_str().into());
    put("creation_time", facts.creation_time.seconds().into());
    put("creation_ttl", seconds(facts.period.or(facts.ttl)).into());
    let display_name = facts.display_name.as_ref().or(facts.user.as_ref());
    put("display_name", display_name.map_or("token", |name| name.as_str()).into());
    put("entity_id", facts.entity.as_ref().map_or("", |entity| entity.as_str()).into());
    put("expire_time", facts.expires.map(|end| end.rfc3339()).into());
    // What `max-expires` is beyond the ordinary limit was asked for.
    put("explicit_max_ttl", 0.into());
    put("id", text.into());
    put("issue_time", facts.creation_time.rfc3339().into());
    put("meta", metadata.into());
    put("num_uses", facts.num_uses.unwrap_or(0).into());
    put("orphan", orphan.into());
    put("path", made_at(facts).into());
    put("policies", policies.into());
    put("renewable", facts.renewable.into());
    put("ttl", facts.expires_in(now).unwrap_or(0).into());
    put("type", token_type.into());
    if let Some(period) = facts.period {
        put("period", period.seconds().into());
    }
    if !facts.bound_cidrs.is_empty() {
        put("bound_cidrs", facts.bound_cidrs.iter().map(|cidr| cidr.as_str()).collect());
    }
    let by_entity = call.trail.gate.identity_policies(&call.tenant, facts);
    if !by_entity.is_empty() {
        put("identity_policies", by_entity.iter().map(|name| name.as_str()).collect());
    }
    Answer::data(data)
}

/// The path of the request by which a token came to be.
fn made_at(facts: &TokenFacts) -> String {
    match (facts.method.as_str(), &facts.user) {
        ("root", _) => "auth/token/root".to_owned(),
        ("create-token", _) => "auth/token/create".to_owned(),
        ("userpass", Some(user)) => format!("auth/userpass/login/{user}"),
        (method, _) => format!("auth/{method}/login"),
    }
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
    let target = call.place("strongbox/token/refresh", &[])?;
    call.invoke(target, &input).await?;
    let facts = look(call, which).await?;
    Ok(Answer::auth(Auth::of(&facts, text, call.now())))
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
    match end(call, which).await {
        // What is not there need not be ended.
        Err(fault) if fault.status.as_u16() == 400 && !fault.summary().contains("batch") => {
            Ok(Answer::nothing())
        }
        outcome => outcome,
    }
}

async fn revoke_self(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let which = own(call);
    end(call, which).await
}

async fn revoke_accessor(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let which = accessor(call)?;
    end(call, which).await.map_err(bad("invalid accessor"))
}

async fn accessors(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = call.place("strongbox/token/tokens", &[])?;
    let tokens = call.entries(Datastore::State, place).await?;
    let keys = tokens.iter().filter_map(|token| token.key_values(1).next().map(ToString::to_string));
    Answer::keys(keys.collect())
}
