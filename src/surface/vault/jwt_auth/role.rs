//! `role/:name`. A write changes what it names; only `role_type` and `bound_claims_type` fall back to their defaults.

use serde_json::{Map, Value, json};

use super::config::edits;
use super::roles;
use crate::access::authenticate::live::parse_network;
use crate::base::duration::Duration;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::Datastore;
use crate::surface::vault::answer::Answer;
use crate::surface::vault::call::Call;
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Arguments, Field, Kind};
use crate::surface::vault::route::Endpoint;
use crate::surface::vault::token_fields::{OLDER_NAMES, TOKEN_FIELDS};
use crate::surface::vault::translate;
use crate::yang::schema::Schema;

/// The rows. Older documentation lists roles at another path than it writes them.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "role/:name",
        about: "Reads, writes and deletes a role.",
        fields: &[FIELDS, TOKEN_FIELDS, OLDER_NAMES],
        read: Some(|call| Box::pin(read(call))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        exists: Some(|call| place(call).is_ok_and(|place| call.is_there(&place))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "role",
        about: "Lists roles.",
        list: Some(|call| Box::pin(list(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "roles",
        about: "Lists roles.",
        list: Some(|call| Box::pin(list(call))),
        ..Endpoint::NEW
    },
];

const FIELDS: &[Field] = &[
    Field::new("role_type", Kind::Text, "jwt or oidc; oidc unless it is given."),
    Field::of("user_claim", Kind::Text, "user-claim", "The claim that names the user."),
    Field::of(
        "user_claim_json_pointer",
        Kind::Flag,
        "user-claim-json-pointer",
        "Take a user_claim that begins with '/' for a JSON pointer.",
    ),
    Field::of("bound_audiences", Kind::TextList, "bound-audiences", "One of these must be in 'aud'."),
    Field::of("bound_subject", Kind::Text, "bound-subject", "What 'sub' must be."),
    Field::new("bound_claims", Kind::Map, "Claims that the token must have."),
    Field::new("bound_claims_type", Kind::Text, "string or glob; string unless it is given."),
    Field::new("claim_mappings", Kind::Pairs, "Claims that go into the metadata."),
    Field::of("groups_claim", Kind::Text, "groups-claim", "The claim that lists groups."),
    Field::of("oidc_scopes", Kind::TextList, "oidc-scopes", "Scopes besides 'openid'."),
    Field::of(
        "allowed_redirect_uris",
        Kind::TextList,
        "allowed-redirect-uris",
        "Where a browser may be sent back to.",
    ),
    Field::of("verbose_oidc_logging", Kind::Flag, "verbose-oidc-logging", "Log claims. For finding faults."),
    Field::of("max_age", Kind::Duration, "max-age", "How long ago the user may have proved who they are."),
    Field::new(
        "expiration_leeway",
        Kind::SignedDuration,
        "Life of a token without 'exp'; 0: 150 s, below 0: none.",
    ),
    Field::new("not_before_leeway", Kind::SignedDuration, "The same for 'nbf'; 0: 150 s, below 0: none."),
    Field::new("clock_skew_leeway", Kind::SignedDuration, "Difference of clocks; 0: 60 s, below 0: none."),
];

/// How long tokens can be kept alive where nobody says anything else.
const LONGEST_LIFE: Duration = Duration::from_seconds(32 * 24 * 3600);

const LEEWAYS: [(&str, &str); 3] = [
    ("expiration_leeway", "expiration-leeway"),
    ("not_before_leeway", "not-before-leeway"),
    ("clock_skew_leeway", "clock-skew-leeway"),
];

fn place(call: &Call<'_>) -> Result<InstancePath, Fault> {
    call.named_entry(roles(call)?).map_err(|_| Fault::unsupported_path())
}

async fn list(call: &mut Call<'_>) -> Result<Answer, Fault> {
    Answer::keys(call.keys(roles(call)?).await?)
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    call.remove(place(call)?).await
}

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = place(call)?;
    let Some(entry) = call.container(Datastore::Config, place).await? else { return Err(Fault::not_found()) };
    let mut data = translate::shown(call.schema(), call.endpoint.fields, &entry)?;
    let stored: Value = stored(call, &entry)?;
    data.insert("role_type".to_owned(), stored["role-type"].clone());
    data.insert("token_type".to_owned(), stored["token-type"].clone());
    let (bound, kind) = bound_claims_shown(&stored);
    data.insert("bound_claims".to_owned(), bound);
    data.insert("bound_claims_type".to_owned(), kind.into());
    let mappings: Map<String, Value> = members(&stored, "claim-mappings")
        .filter_map(|one| Some((one["claim"].as_str()?.to_owned(), one["metadata"].clone())))
        .collect();
    let mappings = if mappings.is_empty() { Value::Null } else { Value::Object(mappings) };
    data.insert("claim_mappings".to_owned(), mappings);
    for (name, leaf) in LEEWAYS {
        data.insert(name.to_owned(), leeway_shown(call.schema(), &entry, leaf).into());
    }
    let cidrs = data.get("token_bound_cidrs").and_then(Value::as_array).cloned().unwrap_or_default();
    let cidrs: Vec<String> = cidrs.iter().filter_map(Value::as_str).map(network_shown).collect();
    data.insert("token_bound_cidrs".to_owned(), cidrs.into());
    for older in OLDER_NAMES {
        let value = data.get(older.alias_of).cloned().unwrap_or_default();
        data.insert(older.name.to_owned(), value);
    }
    Ok(Answer::data(data))
}

fn stored(call: &Call<'_>, entry: &Container) -> Result<Value, Fault> {
    crate::data::deserialize::from_data(call.schema(), entry)
        .map_err(|error| crate::surface::vault::call::internal(&error.to_string()))
}

fn members<'v>(stored: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> {
    stored.get(list).and_then(Value::as_array).into_iter().flatten()
}

/// Zero for what holds anyway, -1 for none.
fn leeway_shown(schema: &Schema, entry: &Container, leaf: &str) -> i64 {
    let found = schema.own_child(entry.node, leaf).and_then(|node| entry.leaf(node));
    let length = found.and_then(|value| value.to_string().parse::<Duration>().ok());
    match length.map(|length| length.seconds()) {
        None => 0,
        Some(0) => -1,
        Some(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX),
    }
}

/// A network of one address is shown as that.
fn network_shown(text: &str) -> String {
    match parse_network(text) {
        Some(network) if network.prefix_len() == network.max_prefix_len() => network.addr().to_string(),
        Some(network) => network.to_string(),
        None => text.to_owned(),
    }
}

fn bound_claims_shown(stored: &Value) -> (Value, &'static str) {
    let mut bound = Map::new();
    let mut kind = "string";
    for one in members(stored, "bound-claims") {
        let value = |text: &Value| match (one["type"].as_str(), text.as_str()) {
            (Some("glob"), Some(text)) => text.replace("**", "*").into(),
            (Some("json" | "integer" | "boolean"), Some(text)) => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
            }
            _ => text.clone(),
        };
        if one["type"] == "glob" {
            kind = "glob";
        }
        let mut values: Vec<Value> = members(one, "values").map(value).collect();
        let only = if values.len() == 1 && one["is-list"] != true { values.pop() } else { None };
        bound.insert(
            one["claim"].as_str().unwrap_or_default().to_owned(),
            only.unwrap_or(Value::Array(values)),
        );
    }
    (if bound.is_empty() { Value::Null } else { Value::Object(bound) }, kind)
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = place(call)?;
    let entry = call.container(Datastore::Config, place.clone()).await?;
    let before = entry.map(|entry| stored(call, &entry)).transpose()?.unwrap_or(Value::Null);
    let longest = longest_life(call)?;
    let leafs = leafs(&mut call.arguments, &before, longest).map_err(Fault::bad_request)?;
    let more = edits(call, &place, leafs)?;
    let verbose = call.arguments.flag("verbose_oidc_logging");
    let is_cut = call.arguments.number("token_max_ttl") > longest;
    let mut answer = Answer::nothing();
    answer.warnings = levelled(&call.arguments);
    call.put(place, more).await?;
    if is_cut {
        answer = answer.warn(
            "token max ttl is greater than the system or backend mount's maximum TTL value; issued tokens' max TTL \
             value will be truncated",
        );
    }
    Ok(match verbose {
        true => answer.warn(
            "verbose_oidc_logging has been enabled for this role. This is not recommended in production since \
             sensitive information may be present in OIDC responses.",
        ),
        false => answer,
    })
}

/// What is said of leeways below -1: the model knows of no leeway at all, and of no less than that.
fn levelled(arguments: &Arguments) -> Vec<String> {
    let below =
        LEEWAYS.iter().map(|(name, _)| (name, arguments.number(name))).filter(|(_, given)| *given < -1);
    below
        .map(|(name, given)| format!("{name} {given} is kept as -1, which means the same: no leeway"))
        .collect()
}

/// How long tokens of the mount can be kept alive, in seconds.
fn longest_life(call: &Call<'_>) -> Result<i64, Fault> {
    let own = call.place("strongbox/mounts/auth/{}/tuning/max-lease-ttl", &[&call.mount.key])?;
    let of_tenant = call.place("strongbox/authentication/token-settings/max-ttl", &[])?;
    let of_tenant = call.configured_length(&of_tenant).unwrap_or(LONGEST_LIFE);
    let longest = call.configured_length(&own).unwrap_or(of_tenant).min(of_tenant);
    Ok(i64::try_from(longest.seconds()).unwrap_or(i64::MAX))
}

/// A length of time as clients write it: `99h0m0s`.
fn in_hours(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// Holds a role against what clients are told in words of the reference, in its order, and answers the leafs that are not
/// just another name for a field.
fn leafs(
    arguments: &mut Arguments,
    before: &Value,
    longest: i64,
) -> Result<Vec<(&'static str, Option<Value>)>, String> {
    let mut leafs = Vec::new();
    let role_type = arguments.text("role_type").unwrap_or("oidc").to_owned();
    if !matches!(role_type.as_str(), "jwt" | "oidc") {
        return Err(format!("invalid 'role_type': {role_type}"));
    }
    leafs.push(("role-type", Some(Value::from(role_type.as_str()))));
    token_leafs(arguments, before, &mut leafs)?;
    let period = arguments.number("token_period");
    if period > longest {
        let (period, longest) = (in_hours(period), in_hours(longest));
        let than = format!("the backend's maximum lease TTL of '{longest:?}'");
        return Err(format!("'period' of '{period:?}' is greater than {than}"));
    }
    if let Some(claims) = bound_claims(arguments)? {
        leafs.push(("bound-claims", claims));
    }
    if let Some(mappings) = claim_mappings(arguments)? {
        leafs.push(("claim-mappings", mappings));
    }
    let has = |name: &str, leaf: &str| match arguments.get(name) {
        None => before.get(leaf).is_some(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(members)) => !members.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(_) => true,
    };
    if !has("user_claim", "user-claim") {
        return Err("a user claim must be defined on the role".to_owned());
    }
    if role_type == "oidc" && !has("allowed_redirect_uris", "allowed-redirect-uris") {
        return Err("'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.".to_owned());
    }
    let bounds = [
        ("bound_audiences", "bound-audiences"),
        ("token_bound_cidrs", "token-bound-cidrs"),
        ("bound_subject", "bound-subject"),
        ("bound_claims", "bound-claims"),
    ];
    if role_type == "jwt" && !bounds.iter().any(|(name, leaf)| has(name, leaf)) {
        return Err("must have at least one bound constraint when creating/updating a role".to_owned());
    }
    for (name, leaf) in LEEWAYS {
        let Some(seconds) = arguments.get(name).and_then(Value::as_i64) else { continue };
        let length = match u64::try_from(seconds) {
            Ok(0) => None,
            Ok(seconds) => Some(Duration::from_seconds(seconds)),
            Err(_) => Some(Duration::from_seconds(0)),
        };
        leafs.push((leaf, length.map(|length| length.to_string().into())));
    }
    Ok(leafs)
}

/// What is wrong with the fields `token_…`.
fn token_leafs(
    arguments: &mut Arguments,
    before: &Value,
    leafs: &mut Vec<(&'static str, Option<Value>)>,
) -> Result<(), String> {
    let kept = |leaf: &str| before.get(leaf).and_then(Value::as_str).map(str::to_owned);
    let seconds = |name: &str, leaf: &str| match arguments.get(name) {
        Some(value) => value.as_i64().unwrap_or_default(),
        None => {
            let length = kept(leaf).and_then(|text| text.parse::<Duration>().ok());
            length.and_then(|length| i64::try_from(length.seconds()).ok()).unwrap_or_default()
        }
    };
    let kind = arguments.text("token_type").map(|kind| kind.replace('_', "-"));
    let kind = kind.or_else(|| kept("token-type")).unwrap_or_else(|| "default".to_owned());
    if !matches!(kind.as_str(), "default" | "service" | "batch" | "default-service" | "default-batch") {
        return Err(format!("invalid 'token_type' value {kind:?}"));
    }
    let (ttl, max) = (seconds("token_ttl", "token-ttl"), seconds("token_max_ttl", "token-max-ttl"));
    if max > 0 && ttl > max {
        return Err("'token_ttl' cannot be greater than 'token_max_ttl'".to_owned());
    }
    let uses = match arguments.get("token_num_uses") {
        Some(uses) => uses.as_i64().unwrap_or_default(),
        None => before.get("token-num-uses").and_then(Value::as_i64).unwrap_or_default(),
    };
    if uses < 0 {
        return Err("'token_num_uses' cannot be negative".to_owned());
    }
    let cannot = "'token_type' cannot be 'batch' or 'default_batch' when set to generate";
    if kind.ends_with("batch") && seconds("token_period", "token-period") > 0 {
        return Err(format!("{cannot} periodic tokens"));
    }
    if kind.ends_with("batch") && uses > 0 {
        return Err(format!("{cannot} tokens with limited use count"));
    }
    for text in arguments.list("token_bound_cidrs") {
        if parse_network(text).is_none() {
            let why = format!("Unable to convert {text:?} to an IPv4 or IPv6 address, or a UNIX Socket");
            return Err(format!("error parsing address {text:?}: {why}"));
        }
    }
    if arguments.has("token_type") {
        leafs.push(("token-type", Some(kind.into())));
    }
    Ok(())
}

/// `bound_claims` in the form of the model; `None` inside: there are none any more.
fn bound_claims(arguments: &Arguments) -> Result<Option<Option<Value>>, String> {
    let kind = arguments.text("bound_claims_type").unwrap_or("string");
    if !matches!(kind, "string" | "glob") {
        return Err(format!("invalid 'bound_claims_type': {kind}"));
    }
    let Some(claims) = arguments.get("bound_claims").and_then(Value::as_object) else { return Ok(None) };
    let mut bound = Vec::new();
    for (claim, value) in claims {
        let one = std::slice::from_ref(value);
        let values = if let Value::Array(several) = value { several.as_slice() } else { one };
        let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
        let mut entry = match (kind, texts) {
            ("glob", Some(texts)) => {
                let globs: Vec<String> = texts.iter().map(|text| text.replace('*', "**")).collect();
                json!({"claim": claim, "type": "glob", "values": globs})
            }
            ("glob", None) => {
                let what = if value.is_array() { "string" } else { "string or list" };
                let other = values.iter().find(|value| !value.is_string()).unwrap_or(value);
                return Err(format!("claim is not a {what}: {other}"));
            }
            (_, Some(texts)) => json!({"claim": claim, "values": texts}),
            (_, None) => {
                let texts: Vec<String> = values.iter().map(Value::to_string).collect();
                json!({"claim": claim, "type": "json", "values": texts})
            }
        };
        if value.is_array() && values.len() == 1 {
            entry["is-list"] = true.into();
        }
        bound.push(entry);
    }
    Ok(Some((!bound.is_empty()).then_some(Value::Array(bound))))
}

fn claim_mappings(arguments: &Arguments) -> Result<Option<Option<Value>>, String> {
    let Some(pairs) = arguments.get("claim_mappings").and_then(Value::as_object) else { return Ok(None) };
    let mut taken = Vec::new();
    let mut mappings = Vec::new();
    for (claim, metadata) in pairs {
        if metadata == "role" {
            return Err("metadata key \"role\" is reserved and may not be a mapping destination".to_owned());
        }
        if taken.contains(&metadata) {
            return Err(format!("multiple keys are mapped to metadata key {metadata}"));
        }
        taken.push(metadata);
        mappings.push(json!({"claim": claim, "metadata": metadata}));
    }
    Ok(Some((!mappings.is_empty()).then_some(Value::Array(mappings))))
}
