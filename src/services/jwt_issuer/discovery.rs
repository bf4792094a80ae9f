//! What verifiers read without a token: the configuration document (OpenID Connect Discovery 1.0 section 4) and the key
//! set (RFC 7517 section 5) of an issuer.
//!
//! Pure: which issuer, which key and what time it is are parameters.

use serde::Serialize;

use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::services::jose::{Algorithm, Cipher};
use crate::services::transit::keyring::{Keyring, Version};
use crate::services::transit::model::PublicJwk;

/// The longest time that a verifier is told to keep a document, in seconds. A key can be rotated by hand at any time; a
/// verifier that meets a `kid` which it does not know does well to ask again at once.
const LONGEST_AGE: i64 = 3600;

/// A document and how long it may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// JSON.
    pub json: String,
    /// For `Cache-Control: max-age`, in seconds.
    pub max_age: u32,
}

#[derive(Serialize)]
struct Configuration<'a> {
    issuer: &'a str,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: &'static [Algorithm],
}

#[derive(Serialize)]
struct KeySet<'a> {
    keys: Vec<PublishedKey<'a>>,
}

#[derive(Serialize)]
struct PublishedKey<'a> {
    kid: String,
    #[serde(rename = "use")]
    key_use: &'static str,
    /// Where roles of one issuer can pin different algorithms the key names none (RFC 7517 section 4.4: optional).
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<Algorithm>,
    #[serde(flatten)]
    jwk: &'a PublicJwk,
}

/// The configuration document. `location` is the URL under which this daemon serves the issuer; it stands in for an
/// issuer that is no web address.
pub fn configuration(
    issuer: &str,
    location: &str,
    keyring: &Keyring,
    max_ttl: Duration,
    now: Timestamp,
) -> Document {
    let is_web_address = issuer.starts_with("https://") || issuer.starts_with("http://");
    let base = if is_web_address { issuer.trim_end_matches('/') } else { location };
    let configuration = Configuration {
        issuer,
        jwks_uri: format!("{base}/.well-known/jwks.json"),
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: keyring.cipher.algorithms(),
    };
    document(&configuration, keyring, max_ttl, now)
}

/// The key set: the active version, and earlier ones with which a token that is still valid may have been signed.
pub fn key_set(keyring: &Keyring, max_ttl: Duration, now: Timestamp) -> Document {
    let keys = published(keyring, max_ttl, now).map(|version| PublishedKey {
        kid: version.number.to_string(),
        key_use: "sig",
        alg: only_algorithm(keyring.cipher),
        jwk: &version.jwk,
    });
    document(&KeySet { keys: keys.collect() }, keyring, max_ttl, now)
}

fn only_algorithm(cipher: Cipher) -> Option<Algorithm> {
    match cipher.algorithms() {
        [only] => Some(*only),
        _ => None,
    }
}

fn published(keyring: &Keyring, max_ttl: Duration, now: Timestamp) -> impl Iterator<Item = &Version> {
    let active = keyring.active().map(|version| version.number);
    keyring.newest_first().filter(move |version| {
        !version.jwk.is_empty()
            && (Some(version.number) == active || last_use(version, max_ttl).is_some_and(|end| now < end))
    })
}

/// When the last token that a retired version can have signed is no longer valid.
fn last_use(version: &Version, max_ttl: Duration) -> Option<Timestamp> {
    let longest = i64::try_from(max_ttl.seconds()).unwrap_or(i64::MAX);
    version.retired.map(|retired| retired.plus_seconds(longest))
}

fn document(content: &impl Serialize, keyring: &Keyring, max_ttl: Duration, now: Timestamp) -> Document {
    let withdrawals = published(keyring, max_ttl, now).filter_map(|version| last_use(version, max_ttl));
    let next = withdrawals.chain(keyring.next_rotation()).min();
    let left = next.map_or(LONGEST_AGE, |next| next.seconds().saturating_sub(now.seconds()));
    Document {
        json: serde_json::to_string(content).unwrap_or_default(),
        max_age: u32::try_from(left.clamp(0, LONGEST_AGE)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
