//! `sys/mounts`, `sys/auth` and how mounts are tuned: entries of `strongbox/mounts`. What of them is shown to whom is in
//! [`seen`].

pub mod seen;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::base::duration::Duration;
use crate::data::decode::from_serde;
use crate::data::deserialize::from_data;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{Datastore, WriteKind};
use crate::surface::vault::answer::{Answer, Body};
use crate::surface::vault::call::{Call, internal};
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Arguments, Field, Kind};
use crate::surface::vault::route::{Audience, Endpoint};
use crate::surface::vault::{LOG_IN_METHODS, SECRETS_BACKENDS, translate};
use crate::yang::schema::Schema;

static ENABLE: &[Field] = &[
    Field::of("type", Kind::Text, "type", "What is to be mounted."),
    Field::of("description", Kind::Text, "description", "What it is for."),
    Field::new("config", Kind::Map, "How it is tuned."),
    Field::of("local", Kind::Flag, "local", "Kept for clients that set it."),
    Field::of(
        "seal_wrap",
        Kind::Flag,
        "seal-wrap",
        "Kept for clients that set it; everything is behind the seal.",
    ),
    Field::new("external_entropy_access", Kind::Flag, "Has no effect."),
    Field::of("options", Kind::Pairs, "options", "Kept for clients that set them."),
    Field::new("plugin_name", Kind::Text, "Has no effect: there are no plugins."),
    Field::new("plugin_version", Kind::Text, "Has no effect: there are no plugins."),
];

static TUNE: &[Field] = &[
    Field::of(
        "default_lease_ttl",
        Kind::LeaseLength,
        "tuning/default-lease-ttl",
        "How long what the mount hands out lives when nothing else says.",
    ),
    Field::of("max_lease_ttl", Kind::LeaseLength, "tuning/max-lease-ttl", "How long it can be kept alive."),
    Field::of("force_no_cache", Kind::Flag, "tuning/force-no-cache", "Kept for clients that set it."),
    Field::of(
        "listing_visibility",
        Kind::Text,
        "tuning/listing-visibility",
        "Who sees that the mount is there: 'hidden' or 'unauth'.",
    ),
    Field::of(
        "token_type",
        Kind::Text,
        "tuning/token-type",
        "What kind of tokens a log-in method hands out.",
    ),
    Field::of(
        "audit_non_hmac_request_keys",
        Kind::TextList,
        "tuning/audit-non-hmac-request-keys",
        "Kept for clients that set it.",
    ),
    Field::of(
        "audit_non_hmac_response_keys",
        Kind::TextList,
        "tuning/audit-non-hmac-response-keys",
        "Kept for clients that set it.",
    ),
    Field::of(
        "passthrough_request_headers",
        Kind::TextList,
        "tuning/passthrough-request-headers",
        "Kept for clients that set it.",
    ),
    Field::of(
        "allowed_response_headers",
        Kind::TextList,
        "tuning/allowed-response-headers",
        "Kept for clients that set it.",
    ),
];

static TUNE_ALSO: &[Field] = &[
    Field::of("description", Kind::Text, "description", "What the mount is for."),
    Field::of("options", Kind::Pairs, "options", "Kept for clients that set them."),
];

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "auth",
        about: "Lists the log-in methods that are enabled.",
        read: Some(|call| Box::pin(list(call, Side::Auth))),
        list: Some(|call| Box::pin(list(call, Side::Auth))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "auth/*path/tune",
        about: "Reads and changes how a log-in method is tuned.",
        fields: &[TUNE, TUNE_ALSO],
        audience: Audience::Sudo,
        read: Some(|call| Box::pin(tuning(call, Side::Auth))),
        write: Some(|call| Box::pin(tune(call, Side::Auth))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "auth/*path",
        about: "Enables and disables a log-in method.",
        fields: &[ENABLE],
        audience: Audience::Sudo,
        read: Some(|call| Box::pin(show(call, Side::Auth))),
        write: Some(|call| Box::pin(enable(call, Side::Auth))),
        delete: Some(|call| Box::pin(disable(call, Side::Auth))),
        exists: Some(|call| is_enabled(call, Side::Auth)),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "mounts",
        about: "Lists what is mounted beside log-in methods.",
        read: Some(|call| Box::pin(list(call, Side::Secrets))),
        list: Some(|call| Box::pin(list(call, Side::Secrets))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "mounts/auth/*path/tune",
        about: "Reads and changes how a log-in method is tuned.",
        fields: &[TUNE, TUNE_ALSO],
        read: Some(|call| Box::pin(tuning(call, Side::Auth))),
        write: Some(|call| Box::pin(tune(call, Side::Auth))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "mounts/*path/tune",
        about: "Reads and changes how a mount is tuned.",
        fields: &[TUNE, TUNE_ALSO],
        read: Some(|call| Box::pin(tuning(call, Side::Secrets))),
        write: Some(|call| Box::pin(tune(call, Side::Secrets))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "mounts/*path",
        about: "Mounts a secrets backend, and takes it away.",
        fields: &[ENABLE],
        read: Some(|call| Box::pin(show(call, Side::Secrets))),
        write: Some(|call| Box::pin(enable(call, Side::Secrets))),
        delete: Some(|call| Box::pin(disable(call, Side::Secrets))),
        exists: Some(|call| is_enabled(call, Side::Secrets)),
        ..Endpoint::NEW
    },
];

/// Which of the two lists of mounts is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Below `auth/`.
    Auth,
    /// Beside it.
    Secrets,
}

impl Side {
    fn place(self) -> &'static str {
        match self {
            Side::Auth => "strongbox/mounts/auth/{}",
            Side::Secrets => "strongbox/mounts/secrets/{}",
        }
    }

    fn list(self) -> &'static str {
        self.place().trim_end_matches("/{}")
    }

    fn knows(self, kind: &str) -> bool {
        let backends = match self {
            Side::Auth => LOG_IN_METHODS,
            Side::Secrets => SECRETS_BACKENDS,
        };
        backends.iter().any(|(name, _)| *name == kind)
    }
}

/// An entry of one of the lists.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    accessor: String,
    #[serde(default)]
    uuid: String,
    #[serde(default)]
    local: bool,
    #[serde(default)]
    seal_wrap: bool,
    #[serde(default)]
    options: Vec<OptionEntry>,
    #[serde(default)]
    tuning: Tuning,
}

#[derive(Deserialize)]
struct OptionEntry {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Tuning {
    default_lease_ttl: Option<Duration>,
    max_lease_ttl: Option<Duration>,
    listing_visibility: String,
    token_type: Option<String>,
    force_no_cache: bool,
    audit_non_hmac_request_keys: Vec<String>,
    audit_non_hmac_response_keys: Vec<String>,
    passthrough_request_headers: Vec<String>,
    allowed_response_headers: Vec<String>,
}

impl Tuning {
    /// The members that every mount has, with the given lifetimes.
    fn shown(&self, side: Side, default: u64, max: u64) -> Map<String, Value> {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
        put("default_lease_ttl", default.into());
        put("max_lease_ttl", max.into());
        put("force_no_cache", self.force_no_cache.into());
        if side == Side::Auth {
            put("token_type", self.token_type.as_deref().unwrap_or("default-service").into());
        }
        if self.listing_visibility == "unauth" {
            put("listing_visibility", "unauth".into());
        }
        for (name, list) in [
            ("audit_non_hmac_request_keys", &self.audit_non_hmac_request_keys),
            ("audit_non_hmac_response_keys", &self.audit_non_hmac_response_keys),
            ("passthrough_request_headers", &self.passthrough_request_headers),
            ("allowed_response_headers", &self.allowed_response_headers),
        ] {
            if !list.is_empty() {
                put(name, list.as_slice().into());
            }
        }
        shown
    }
}

impl Entry {
    fn of(call: &Call<'_>, container: &Container) -> Result<Self, Fault> {
        let mut entry: Entry =
            from_data(call.schema(), container).map_err(|error| internal(&error.to_string()))?;
        if let Some((_, name)) = entry.kind.rsplit_once(':') {
            entry.kind = name.to_owned();
        }
        Ok(entry)
    }

    fn shown(&self, side: Side) -> Value {
        let seconds = |length: Option<Duration>| length.map_or(0, |length| length.seconds());
        let Tuning { default_lease_ttl, max_lease_ttl, .. } = self.tuning;
        let config = self.tuning.shown(side, seconds(default_lease_ttl), seconds(max_lease_ttl));
        serde_json::json!({
            "accessor": self.accessor,
            "config": config,
            "deprecation_status": "supported",
            "description": self.description,
            "external_entropy_access": false,
            "local": self.local,
            "options": self.shown_options(),
            "plugin_version": "",
            "running_plugin_version": "",
            "running_sha256": "",
            "seal_wrap": self.seal_wrap,
            "type": self.kind,
            "uuid": self.uuid,
        })
    }

    fn shown_options(&self) -> Option<Map<String, Value>> {
        let options = self.options.iter().map(|one| (one.name.clone(), Value::from(one.value.as_str())));
        (!self.options.is_empty()).then(|| options.collect())
    }
}

fn is_enabled(call: &Call<'_>, side: Side) -> bool {
    call.place(side.place(), &[call.captured("path")]).is_ok_and(|place| call.is_there(&place))
}

/// What is mounted on a side, by path with a slash at its end.
///
/// # Errors
/// A refusal.
pub async fn mounted(call: &Call<'_>, side: Side) -> Result<Map<String, Value>, Fault> {
    let mut shown = Map::new();
    let built_in = call.place("strongbox/mounts/built-in", &[])?;
    for container in call.entries(Datastore::State, built_in).await? {
        let entry = Entry::of(call, &container)?;
        let below_auth = entry.path.strip_prefix("auth/");
        match (side, below_auth) {
            (Side::Auth, Some(path)) => drop(shown.insert(format!("{path}/"), entry.shown(side))),
            (Side::Secrets, None) => drop(shown.insert(format!("{}/", entry.path), entry.shown(side))),
            _ => {}
        }
    }
    let place = call.place(side.list(), &[])?;
    for container in call.entries(Datastore::State, place).await? {
        let entry = Entry::of(call, &container)?;
        shown.insert(format!("{}/", entry.path), entry.shown(side));
    }
    shown.sort_keys();
    Ok(shown)
}

async fn list(call: &mut Call<'_>, side: Side) -> Result<Answer, Fault> {
    let shown = mounted(call, side).await?;
    Ok(Answer { body: Body::DataTwice(shown), warnings: Vec::new() })
}

async fn show(call: &mut Call<'_>, side: Side) -> Result<Answer, Fault> {
    let path = format!("{}/", call.captured("path"));
    match mounted(call, side).await?.remove(&path) {
        Some(Value::Object(entry)) => Ok(Answer::data(entry)),
        _ if side == Side::Auth => Err(Fault::bad_request(format!("No auth engine at {path}"))),
        _ => Err(Fault::bad_request(format!("No secret engine mount at {path}"))),
    }
}

async fn enable(call: &mut Call<'_>, side: Side) -> Result<Answer, Fault> {
    let path = call.captured("path").to_owned();
    let kind = match call.arguments.get("type").and_then(Value::as_str) {
        Some(kind) if !kind.is_empty() => kind.to_owned(),
        _ => return Err(Fault::bad_request("backend type must be specified as a string")),
    };
    if !side.knows(&kind) {
        return Err(Fault::bad_request(format!("plugin not found in the catalog: {kind}")));
    }
    let in_use = || Fault::bad_request(format!("path is already in use at {path}/"));
    if side == Side::Auth && path == "token" {
        return Err(in_use());
    }
    let place = call.place(side.place(), &[&path])?;
    if call.is_there(&place) {
        return Err(in_use());
    }
    let config = call.arguments.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
    let tuning = Arguments::read(&[TUNE], &config)?.arguments;
    let schema = call.schema();
    let mut edits = vec![translate::present(schema, &place)];
    edits.extend(translate::edits(schema, &place, call.endpoint.fields, &call.arguments)?);
    edits.extend(translate::edits(schema, &place, &[TUNE], &tuning)?);
    edits.extend(scope(schema, &place, &kind));
    call.change(WriteKind::Put, place, edits).await?;
    Ok(Answer::nothing())
}

/// What is mounted by a client has users and roles of its own.
fn scope(schema: &Schema, mount: &InstancePath, kind: &str) -> Option<Edit> {
    let settings = mount.child(schema.own_child(mount.target(), kind)?);
    let scope = settings.child(schema.own_child(settings.target(), "scope")?);
    let own = from_serde(schema, scope.target(), &"mount").ok()?;
    Some(Edit::new(scope, EditOperation::Replace, own))
}

async fn disable(call: &mut Call<'_>, side: Side) -> Result<Answer, Fault> {
    let path = call.captured("path").to_owned();
    if (side, path.as_str()) == (Side::Auth, "token") {
        return Err(Fault::bad_request("token credential backend cannot be disabled"));
    }
    if side == Side::Secrets && matches!(path.as_str(), "sys" | "identity" | "cubbyhole") {
        return Err(Fault::bad_request(format!("cannot unmount '{path}/'")));
    }
    let place = call.place(side.place(), &[&path])?;
    call.remove(place).await
}

/// The lifetimes of a tenant, which hold where a mount says nothing.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct TokenSettings {
    default_ttl: Duration,
    max_ttl: Duration,
}

async fn token_settings(call: &Call<'_>) -> Result<TokenSettings, Fault> {
    let place = call.place("strongbox/authentication/token-settings", &[])?;
    let settings = call.read(Datastore::Config, place).await?;
    settings.ok_or_else(|| internal("a tenant without token-settings"))
}

async fn tuning(call: &mut Call<'_>, side: Side) -> Result<Answer, Fault> {
    let path = call.captured("path").to_owned();
    let settings = token_settings(call).await?;
    let built_in = match side {
        Side::Auth => path == "token",
        Side::Secrets => matches!(path.as_str(), "sys" | "identity" | "cubbyhole"),
    };
    let entry = match built_in {
        true => None,
        false => {
            let place = call.place(side.place(), &[&path])?;
            let container = call.container(Datastore::State, place).await?;
            let unknown = || Fault::bad_request(format!("cannot fetch sysview for path \"{path}/\""));
            Some(Entry::of(call, &*container.ok_or_else(unknown)?)?)
        }
    };
    let none = Tuning::default();
    let own = entry.as_ref().map_or(&none, |entry| &entry.tuning);
    let default = own.default_lease_ttl.unwrap_or(settings.default_ttl).seconds();
    let max = own.max_lease_ttl.unwrap_or(settings.max_ttl).seconds();
    let mut shown = own.shown(side, default, max);
    let description = entry.as_ref().map(|entry| entry.description.as_str()).unwrap_or_default();
    shown.insert("description".to_owned(), description.into());
    if let Some(options) = entry.as_ref().and_then(Entry::shown_options) {
        shown.insert("options".to_owned(), options.into());
    }
    Ok(Answer { body: Body::DataTwice(shown), warnings: Vec::new() })
}

/// How the tokens that come from no mount are tuned is what the tenant says of all tokens.
static TUNE_TOKENS: &[Field] = &[
    Field::of("default_lease_ttl", Kind::LeaseLength, "default-ttl", ""),
    Field::of("max_lease_ttl", Kind::LeaseLength, "max-ttl", ""),
];

async fn tune(call: &mut Call<'_>, side: Side) -> Result<Answer, Fault> {
    let path = call.captured("path").to_owned();
    let (place, fields) = if (side, path.as_str()) == (Side::Auth, "token") {
        (call.place("strongbox/authentication/token-settings", &[])?, &[TUNE_TOKENS] as &[_])
    } else {
        (call.place(side.place(), &[&path])?, call.endpoint.fields)
    };
    if !place.keys().is_empty() && !call.is_there(&place) {
        return Err(Fault::bad_request(format!("tune of path \"{path}/\" failed: no mount entry found")));
    }
    let edits = translate::edits(call.schema(), &place, fields, &call.arguments)?;
    call.change(WriteKind::Patch, place, edits).await?;
    Ok(Answer::nothing())
}
