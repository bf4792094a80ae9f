//! `config`: an issuer as a whole. A write replaces all of it but `namespace_in_state`.

use serde_json::{Map, Value, json};

use super::{ISSUER, role_meant};
use crate::access::gate::Refusal;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::violation::shorten;
use crate::engine::{Datastore, Operation, WriteKind, WriteOptions};
use crate::surface::vault::answer::Answer;
use crate::surface::vault::call::{Call, internal};
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Arguments, Field, Kind};
use crate::surface::vault::route::Endpoint;
use crate::surface::vault::translate;

/// The row.
pub const ENDPOINTS: &[Endpoint] = &[Endpoint {
    pattern: "config",
    about: "Reads and replaces where the issuer's keys are, and how people log in at it.",
    fields: &[FIELDS],
    read: Some(|call| Box::pin(read(call))),
    write: Some(|call| Box::pin(write(call))),
    ..Endpoint::NEW
}];

const FIELDS: &[Field] = &[
    Field::new("oidc_discovery_url", Kind::Text, "The URL of the issuer, without '/.well-known'."),
    Field::new("oidc_discovery_ca_pem", Kind::Text, "Authorities that vouch for its server, PEM."),
    Field::new("oidc_client_id", Kind::Text, "As whom the issuer knows this server."),
    Field::new(
        "oidc_client_secret",
        Kind::Secret,
        "By what it recognises this server. It does not come back.",
    ),
    Field::new("oidc_response_mode", Kind::Text, "query or form_post."),
    Field::new("oidc_response_types", Kind::TextList, "code or id_token."),
    Field::new("jwks_url", Kind::Text, "Where the issuer's JWK Set is."),
    Field::new("jwks_ca_pem", Kind::Text, "Authorities that vouch for that server, PEM."),
    Field::new("jwks_pairs", Kind::Any, "Several of both, as a list of objects."),
    Field::new("jwt_validation_pubkeys", Kind::TextList, "Public keys or certificates, PEM."),
    Field::new("bound_issuer", Kind::Text, "What 'iss' must be."),
    Field::new("jwt_supported_algs", Kind::TextList, "Algorithms by which tokens may be signed."),
    Field::new("default_role", Kind::EntryName, "The role of log ins that name none."),
    Field::new("provider_config", Kind::Map, "There are no special providers here."),
    Field::new("namespace_in_state", Kind::Flag, "Keep the namespace in the state instead of the URL."),
    Field::new("skip_jwks_validation", Kind::Flag, "Do not fetch keys when this is written."),
    Field::new("unsupported_critical_cert_extensions", Kind::TextList, "Not supported: must be empty."),
];

const ALGORITHMS: [&str; 10] =
    ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"];

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let place = call.place(ISSUER, &[&call.mount.key])?;
    let found = call.container(Datastore::Config, place).await?.ok_or_else(Fault::not_found)?;
    let is_shown = |name: &str| !matches!(name, "roles" | "oidc-client-secret");
    let found = translate::part(call.schema(), &found, is_shown)?;
    if !has_keys(&found) {
        return Err(Fault::not_found());
    }
    let text = |leaf: &str| found.get(leaf).cloned().unwrap_or_else(|| json!(""));
    let list = |leaf: &str| found.get(leaf).cloned().unwrap_or_else(|| json!([]));
    let of = |owner: &str| if found.contains_key(owner) { text("ca-pem") } else { json!("") };
    let pairs: Vec<Value> = found
        .get("jwks-pairs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|pair| json!({"jwks_url": pair["jwks-url"], "jwks_ca_pem": pair.get("ca-pem").unwrap_or(&json!(""))}))
        .collect();
    let data = json!({
        "bound_issuer": text("bound-issuer"),
        "default_role": text("default-role"),
        "jwks_ca_pem": of("jwks-url"),
        "jwks_pairs": pairs,
        "jwks_url": text("jwks-url"),
        "jwt_supported_algs": list("algorithms"),
        "jwt_validation_pubkeys": list("public-keys"),
        "namespace_in_state": found.get("namespace-in-state").cloned().unwrap_or(Value::Bool(true)),
        "oidc_client_id": text("oidc-client-id"),
        "oidc_discovery_ca_pem": of("oidc-discovery-url"),
        "oidc_discovery_url": text("oidc-discovery-url"),
        "oidc_response_mode": text("oidc-response-mode"),
        "oidc_response_types": list("oidc-response-types"),
        "provider_config": {},
        "unsupported_critical_cert_extensions": [],
    });
    Ok(Answer::data(data.as_object().cloned().unwrap_or_default()))
}

/// Whether somebody has said where the keys are: roles can be there before that.
fn has_keys(found: &Map<String, Value>) -> bool {
    ["public-keys", "jwks-url", "jwks-pairs", "oidc-discovery-url"]
        .iter()
        .any(|leaf| found.contains_key(*leaf))
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let pairs = check(&call.arguments).map_err(Fault::bad_request)?;
    let place = call.place(ISSUER, &[&call.mount.key])?;
    let arguments = &call.arguments;
    let text = |name: &str| arguments.text(name).map(Value::from);
    let list = |name: &str| {
        let members = arguments.list(name);
        (!members.is_empty()).then(|| Value::from(members))
    };
    let is_remote = arguments.text("jwks_url").is_some() || arguments.text("oidc_discovery_url").is_some();
    let is_checked = (is_remote || !pairs.is_empty()) && !arguments.flag("skip_jwks_validation");
    let mut leafs = vec![
        ("public-keys", list("jwt_validation_pubkeys")),
        ("jwks-url", text("jwks_url")),
        ("jwks-pairs", (!pairs.is_empty()).then_some(Value::Array(pairs))),
        ("oidc-discovery-url", text("oidc_discovery_url")),
        ("ca-pem", text("oidc_discovery_ca_pem").or_else(|| text("jwks_ca_pem")).filter(|_| is_remote)),
        ("check-keys", is_checked.then_some(Value::Bool(true))),
        ("bound-issuer", text("bound_issuer")),
        ("algorithms", list("jwt_supported_algs")),
        ("default-role", role_meant(call, "default_role")?.map(Value::from)),
        ("oidc-client-id", text("oidc_client_id")),
        ("oidc-client-secret", text("oidc_client_secret")),
        ("oidc-response-mode", text("oidc_response_mode")),
        ("oidc-response-types", list("oidc_response_types")),
    ];
    if let Some(flag) = arguments.get("namespace_in_state") {
        leafs.push(("namespace-in-state", Some(flag.clone())));
    }
    let edits = edits(call, &place, leafs)?;
    let operation = Operation::Write {
        kind: WriteKind::Patch,
        target: place,
        edits,
        preconditions: Vec::new(),
        validate_only: false,
        options: WriteOptions::default(),
    };
    match call.trail.write(operation).await {
        Ok(_) => Ok(Answer::nothing()),
        Err(refusal) => Err(told(call, refusal)),
    }
}

/// The edits that bring the leafs of a container to these values; those without one go.
pub fn edits(
    call: &Call<'_>,
    place: &InstancePath,
    leafs: Vec<(&str, Option<Value>)>,
) -> Result<Vec<Edit>, Fault> {
    let schema = call.schema();
    let mut edits = vec![translate::present(schema, place)];
    for (leaf, value) in leafs {
        let node = schema
            .own_child(place.target(), leaf)
            .ok_or_else(|| internal(&format!("the model has no '{leaf}'")))?;
        let path = place.child(node);
        edits.push(match value {
            None => Edit::without_value(path, EditOperation::Remove),
            Some(value) => {
                let data =
                    from_serde(schema, node, &value).map_err(|found| Fault::from(Refusal::Invalid(found)))?;
                Edit::new(path, EditOperation::Replace, data)
            }
        });
    }
    Ok(edits)
}

/// A refusal of the model in words that clients know, where they know one.
fn told(call: &Call<'_>, refusal: Refusal) -> Fault {
    let Refusal::Invalid(violations) = &refusal else { return refusal.into() };
    let leaf = |name: &str| {
        let is_it = |path: &InstancePath| call.schema().node(path.target()).name == *name;
        violations.iter().any(|violation| is_it(&violation.path))
    };
    if leaf("public-keys") {
        let keys = "data does not contain any valid RSA, ECDSA, or ED25519 public keys";
        return Fault::bad_request(format!("error parsing public key: {keys}"));
    }
    if leaf("ca-pem") {
        return Fault::bad_request(match call.arguments.text("oidc_discovery_url") {
            Some(_) => "error checking oidc discovery URL",
            None => "error checking jwks_ca_pem",
        });
    }
    refusal.into()
}

/// Holds a configuration against what clients are told in words of the reference; answers the pairs in the form of the model.
fn check(arguments: &Arguments) -> Result<Vec<Value>, String> {
    let text = |name: &str| arguments.text(name);
    let pairs = pairs(arguments.get("jwks_pairs"))?;
    let sources = [
        !arguments.list("jwt_validation_pubkeys").is_empty(),
        text("jwks_url").is_some(),
        !pairs.is_empty(),
        text("oidc_discovery_url").is_some(),
    ];
    if sources.iter().filter(|given| **given).count() != 1 {
        let names = "'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs' or 'oidc_discovery_url'";
        return Err(format!("exactly one of {names} must be set"));
    }
    if text("oidc_client_id").is_some() != text("oidc_client_secret").is_some() {
        return Err("both 'oidc_client_id' and 'oidc_client_secret' must be set for OIDC".to_owned());
    }
    if text("oidc_client_id").is_some() && text("oidc_discovery_url").is_none() {
        return Err("'oidc_discovery_url' must be set for OIDC".to_owned());
    }
    if !pairs.is_empty() && text("jwks_ca_pem").is_some() {
        let place = "as part of the 'jwks_pairs' when using multiple JWKS URLs";
        return Err(format!("CA PEMs must be provided {place}"));
    }
    if !pairs.is_empty() && text("bound_issuer").is_some() {
        return Err("Bound issuer is not supported for use with 'jwks_pairs'".to_owned());
    }
    if let Some(extension) = arguments.list("unsupported_critical_cert_extensions").first() {
        let extension = shorten(extension);
        return Err(format!(
            "'unsupported_critical_cert_extensions' must be empty, and has {extension:?}: a server whose \
             certificate has a critical extension that is not known here is never trusted"
        ));
    }
    for name in arguments.list("jwt_supported_algs") {
        if !ALGORITHMS.contains(&name) {
            return Err(format!("invalid jwt_supported_algs: unsupported signing algorithm {name:?}"));
        }
    }
    let types = arguments.list("oidc_response_types");
    if types.iter().any(|name| !matches!(*name, "code" | "id_token")) {
        return Err(format!(
            "invalid response_types [{}]. 'code' and 'id_token' are allowed",
            types.join(" ")
        ));
    }
    match text("oidc_response_mode") {
        None | Some("query") if types.contains(&"id_token") => {
            return Err("query response_mode may not be used with an id_token response_type".to_owned());
        }
        None | Some("query" | "form_post") => {}
        Some(other) => return Err(format!("invalid response_mode: {other:?}")),
    }
    let provider = arguments.get("provider_config").and_then(Value::as_object).filter(|map| !map.is_empty());
    match provider.map(|map| map.get("provider").and_then(Value::as_str)) {
        None => Ok(pairs),
        Some(None) => {
            Err("invalid provider_config: 'provider' field not found in provider_config".to_owned())
        }
        Some(Some(name)) => {
            Err(format!("invalid provider_config: provider {name:?} not found in custom providers"))
        }
    }
}

/// `jwks_pairs` in the form of the model. Command lines send the list as a text.
fn pairs(sent: Option<&Value>) -> Result<Vec<Value>, String> {
    let invalid = || "invalid jwks_pairs: a list of objects with 'jwks_url' is expected".to_owned();
    let parsed: Value = match sent {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(Value::Object(members)) if members.is_empty() => return Ok(Vec::new()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| invalid())?,
        Some(other) => other.clone(),
    };
    let members = parsed.as_array().ok_or_else(invalid)?;
    let pair = |member: &Value| {
        let url = member.get("jwks_url").and_then(Value::as_str).ok_or_else(invalid)?;
        let mut pair = json!({ "jwks-url": url });
        if let Some(pem) = member.get("jwks_ca_pem").and_then(Value::as_str).filter(|pem| !pem.is_empty()) {
            pair["ca-pem"] = pem.into();
        }
        Ok(pair)
    };
    members.iter().map(pair).collect()
}
