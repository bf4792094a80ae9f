//! What is told of a token: the answer of the `lookup` paths, and the path of the request by which it came to be.

use serde_json::{Map, Value};

use crate::access::authenticate::TokenFacts;
use crate::base::duration::Duration;
use crate::data::path::InstancePath;
use crate::surface::vault::answer::{Answer, Auth};
use crate::surface::vault::call::Call;
use crate::yang::schema::Schema;

/// The answer of a `lookup` path; `text` is the token itself, where it is known.
pub fn show(call: &Call<'_>, facts: &TokenFacts, text: &str) -> Answer {
    let now = call.now();
    let seconds = |length: Option<Duration>| length.map_or(0, |length| length.seconds());
    let Auth { policies, metadata, token_type, orphan, .. } = Auth::of(facts, String::new(), now);
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| drop(data.insert(name.to_owned(), value));
    let made = Made::of(call.schema(), facts);
    put("accessor", facts.accessor.as_str().into());
    put("creation_time", facts.creation_time.seconds().into());
    put("creation_ttl", seconds(facts.period.or(facts.ttl)).into());
    put("display_name", display_name(facts).into());
    put("entity_id", facts.entity.as_ref().map_or("", |entity| entity.as_str()).into());
    put("expire_time", facts.expires.map(|end| end.rfc3339()).into());
    put("explicit_max_ttl", seconds(facts.explicit_max_ttl).into());
    put("id", text.into());
    put("issue_time", facts.creation_time.rfc3339().into());
    if let Some(time) = facts.refresh_time {
        put("last_renewal", time.rfc3339().into());
        put("last_renewal_time", time.seconds().into());
    }
    put("meta", metadata.into());
    put("num_uses", facts.num_uses.unwrap_or(0).into());
    put("orphan", orphan.into());
    put("path", made.path.into());
    put("policies", policies.into());
    put("renewable", facts.renewable.into());
    put("ttl", facts.expires_in(now).unwrap_or(0).into());
    put("type", token_type.into());
    if let Some(role) = made.role {
        put("role", role.into());
    }
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

fn display_name(facts: &TokenFacts) -> String {
    match (&facts.display_name, &facts.user) {
        (Some(name), _) => name.to_string(),
        (None, Some(user)) if facts.method == "userpass" => format!("userpass-{user}"),
        (None, Some(user)) => user.to_string(),
        (None, None) => "token".to_owned(),
    }
}

/// The request by which a token came to be.
pub struct Made {
    /// Its path.
    pub path: String,
    /// The role in which it was made by another token.
    pub role: Option<String>,
}

impl Made {
    /// Finds out by what is known of a token.
    pub fn of(schema: &Schema, facts: &TokenFacts) -> Self {
        let source = facts.source.as_ref();
        let source = source.and_then(|text| InstancePath::parse_instance_identifier(schema, text).ok());
        let keys: Vec<String> = source.iter().flat_map(keys).collect();
        let user = facts.user.as_ref().map(|user| user.as_str()).unwrap_or_default();
        let method = facts.method.as_str();
        let mount = facts.mount.as_deref().unwrap_or(method);
        let path = match (method, keys.first()) {
            ("root", _) => "auth/token/root".to_owned(),
            ("create-token", Some(role)) => match &facts.path_suffix {
                Some(suffix) => format!("auth/token/create/{role}/{suffix}"),
                None => format!("auth/token/create/{role}"),
            },
            ("create-token", None) => "auth/token/create".to_owned(),
            ("userpass", _) => format!("auth/{mount}/login/{user}"),
            ("oidc", _) => format!("auth/{mount}/oidc/callback"),
            _ => format!("auth/{mount}/login"),
        };
        let role = keys.into_iter().next().filter(|_| method == "create-token");
        Made { path, role }
    }
}

/// The keys on the way to an entry.
fn keys(path: &InstancePath) -> Vec<String> {
    path.steps.iter().flat_map(|step| &step.keys).map(ToString::to_string).collect()
}

/// What a token cannot be prolonged without, where that is gone: `role dev`.
pub fn missing_source(call: &Call<'_>, facts: &TokenFacts) -> Option<String> {
    let path = InstancePath::parse_instance_identifier(call.schema(), facts.source.as_ref()?).ok()?;
    if call.is_there(&path) {
        return None;
    }
    let what = if facts.method == "userpass" { "user" } else { "role" };
    Some(format!("{what} {}", keys(&path).pop().unwrap_or_default()))
}
