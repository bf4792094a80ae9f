//! The documents against the rotation of a key.

use serde_json::{Value, json};

use super::*;
use crate::services::jose::{Key, KeyType, PublicKey};
use crate::services::transit::model::{KeyVersion, Octets, TransitKey};

const DAY: i64 = 86_400;
const MAX_TTL: Duration = Duration::from_seconds(86_400);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A key whose version `n` was made on day `n`, up to `versions`.
fn keyring(cipher: Cipher, versions: u32, period: Option<u64>) -> Keyring {
    let version = |number: u32| {
        let material = Key::generate(cipher).unwrap();
        let public = Key::from_material(cipher, material.expose()).unwrap().public_key().unwrap();
        KeyVersion {
            version: number,
            creation_time: at(i64::from(number) * DAY),
            retired_time: (number < versions).then(|| at(i64::from(number + 1) * DAY)),
            public_key: None,
            jwk: public.map(|public: PublicKey| public.jwk().into()).unwrap_or_default(),
            private_key: Octets(material),
        }
    };
    Keyring::new(TransitKey {
        name: "k".to_owned(),
        cipher,
        exportable: false,
        deletion_allowed: false,
        auto_rotate_period: period.map(Duration::from_seconds),
        active_version: Some(versions),
        last_rotation: Some(at(i64::from(versions) * DAY)),
        versions: (1..=versions).map(version).collect(),
    })
}

fn kids(document: &Document) -> Vec<String> {
    let set: Value = serde_json::from_str(&document.json).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_configuration_names_issuer_key_set_and_algorithms() {
    let ring = keyring(Cipher::EcdsaP256, 1, None);
    let issuer = "https://strongbox.example.com/jwt/payments-api";
    let document = configuration(issuer, "https://x/acme/jwt/p", &ring, MAX_TTL, at(DAY));
    assert_eq!(
        serde_json::from_str::<Value>(&document.json).unwrap(),
        json!({
            "issuer": issuer,
            "jwks_uri": "https://strongbox.example.com/jwt/payments-api/.well-known/jwks.json",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    );
}

#[test]
fn openid_discovery_4_a_slash_at_the_end_of_the_issuer_is_not_doubled() {
    let ring = keyring(Cipher::Ed25519, 1, None);
    let uri = |issuer| {
        let document = configuration(issuer, "https://here/acme/jwt/p", &ring, MAX_TTL, at(DAY));
        serde_json::from_str::<Value>(&document.json).unwrap()["jwks_uri"].as_str().unwrap().to_owned()
    };
    assert_eq!(uri("https://a/"), "https://a/.well-known/jwks.json");
    assert_eq!(uri("urn:example:issuer"), "https://here/acme/jwt/p/.well-known/jwks.json");
}

#[test]
fn keys_are_published_as_jwks_for_signatures() {
    for (cipher, kty, alg) in [
        (Cipher::EcdsaP256, "EC", Some("ES256")),
        (Cipher::EcdsaP521, "EC", Some("ES512")),
        (Cipher::Ed25519, "OKP", Some("EdDSA")),
        (Cipher::Rsa2048, "RSA", None),
    ] {
        let ring = keyring(cipher, 1, None);
        let set: Value = serde_json::from_str(&key_set(&ring, MAX_TTL, at(DAY)).json).unwrap();
        let key = &set["keys"][0];
        assert_eq!(key["kid"], "1");
        assert_eq!(key["use"], "sig");
        assert_eq!(key["kty"], kty);
        assert_eq!(key.get("alg").and_then(Value::as_str), alg);
        assert!(key.get("d").is_none() && key.get("private-key").is_none());
        let foreign: crate::services::jose::jwk::ForeignJwk = serde_json::from_value(key.clone()).unwrap();
        assert_eq!(Some(foreign.public_key().unwrap().kind()), cipher.key_type());
    }
}

#[test]
fn an_earlier_version_stays_until_its_last_token_has_expired() {
    let ring = keyring(Cipher::Ed25519, 3, None);
    // Version 3 was made on day 3, and the longest token lives a day.
    assert_eq!(kids(&key_set(&ring, MAX_TTL, at(3 * DAY))), ["3", "2"]);
    assert_eq!(kids(&key_set(&ring, MAX_TTL, at(4 * DAY - 1))), ["3", "2"]);
    assert_eq!(kids(&key_set(&ring, MAX_TTL, at(4 * DAY))), ["3"]);
    assert_eq!(kids(&key_set(&ring, Duration::from_seconds(10 * 86_400), at(3 * DAY))), ["3", "2", "1"]);
}

#[test]
fn the_age_ends_with_the_next_change_and_is_never_longer_than_an_hour() {
    let ring = keyring(Cipher::Ed25519, 2, None);
    assert_eq!(key_set(&ring, MAX_TTL, at(2 * DAY)).max_age, 3600);
    assert_eq!(key_set(&ring, MAX_TTL, at(3 * DAY - 60)).max_age, 60);
    assert_eq!(key_set(&ring, MAX_TTL, at(3 * DAY)).max_age, 3600);
    let rotating = keyring(Cipher::Ed25519, 1, Some(7200));
    assert_eq!(key_set(&rotating, MAX_TTL, at(DAY)).max_age, 3600);
    assert_eq!(key_set(&rotating, MAX_TTL, at(DAY + 7100)).max_age, 100);
    assert_eq!(key_set(&rotating, MAX_TTL, at(DAY + 7300)).max_age, 0);
    let document = configuration("https://a", "https://b", &rotating, MAX_TTL, at(DAY + 7100));
    assert_eq!(document.max_age, 100);
}

#[test]
fn symmetric_keys_are_never_published() {
    assert_eq!(Cipher::HmacSha256.key_type(), None::<KeyType>);
    let ring = keyring(Cipher::HmacSha256, 1, None);
    assert_eq!(key_set(&ring, MAX_TTL, at(DAY)).json, r#"{"keys":[]}"#);
}
