//! Tokens: their letters, and that independent verifiers accept them.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::*;
use crate::base::duration::Duration;
use crate::services::jose::{BASE64, Cipher};
use crate::services::jwt_issuer::model::{Issuer, MintInput, Role};
use crate::services::jwt_issuer::rules::tests::{reader, reference_request};
use crate::services::jwt_issuer::rules::{Asker, Rules};
use crate::services::jwt_issuer::template::Variables;
use base64::Engine as _;

const ISSUER: &str = "https://strongbox.example.com/jwt/payments-api";
const NOW: Timestamp = Timestamp(1_710_000_000_250_000);

fn signer(cipher: Cipher, algorithm: Option<Algorithm>) -> Signer {
    let material = Key::generate(cipher).unwrap();
    Signer::new(Arc::new(Key::from_material(cipher, material.expose()).unwrap()), 1, algorithm, ISSUER)
        .unwrap()
}

fn granted(role: &Role, input: &MintInput) -> Granted {
    let issuer = Issuer {
        name: "payments-api".to_owned(),
        signing_key: "payments".to_owned(),
        issuer: None,
        default_ttl: Duration::from_seconds(3600),
        max_ttl: Duration::from_seconds(86_400),
        verbose_logging: false,
    };
    let asker = Asker {
        variables: Variables { tenant: "acme", username: Some("alice"), site: "stockholm" },
        accessor: None,
    };
    Rules::compile(role, &issuer).unwrap().check(input, &asker).unwrap()
}

fn segment(jwt: &str, index: usize) -> String {
    String::from_utf8(BASE64.decode(jwt.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

#[test]
fn the_reference_example_letter_by_letter() {
    let minted = signer(Cipher::EcdsaP256, Some(Algorithm::ES256))
        .mint(granted(&reader(), &reference_request()), NOW)
        .unwrap();
    assert_eq!(segment(&minted.jwt, 0), r#"{"alg":"ES256","typ":"JWT","kid":"1"}"#);
    assert_eq!(
        segment(&minted.jwt, 1),
        r#"{"iss":"https://strongbox.example.com/jwt/payments-api","sub":"acme/alice","aud":["https://api.example.com"],"iat":1710000000,"exp":1710000900,"tier":"gold","realm":"acme","scope":["read:orders","list:invoices"],"trace_id":"7c1a"}"#
    );
    assert_eq!(minted.kid, "1");
    assert_eq!(minted.issuer, ISSUER);
    assert_eq!(minted.subject, "acme/alice");
    assert_eq!(minted.audiences, ["https://api.example.com"]);
    assert_eq!(minted.expires, "2024-03-09T16:15:00.000000Z");
}

#[test]
fn a_token_without_audience_has_no_aud() {
    let role = Role { require_audience: false, ..Role::default() };
    let minted = signer(Cipher::Ed25519, None).mint(granted(&role, &MintInput::default()), NOW).unwrap();
    let claims: Value = serde_json::from_str(&segment(&minted.jwt, 1)).unwrap();
    assert_eq!(
        claims,
        json!({"iss": ISSUER, "sub": "acme/alice", "iat": 1_710_000_000, "exp": 1_710_003_600})
    );
}

#[test]
fn names_and_values_are_escaped() {
    let role = Role {
        fixed_claims: vec![crate::services::jwt_issuer::model::FixedClaim {
            name: "a\"b".to_owned(),
            value: "line\n\\ \u{1f512}".to_owned(),
        }],
        ..Role::default()
    };
    let minted = signer(Cipher::Ed25519, None).mint(granted(&role, &MintInput::default()), NOW).unwrap();
    let claims: Value = serde_json::from_str(&segment(&minted.jwt, 1)).unwrap();
    assert_eq!(claims["a\"b"], "line\n\\ \u{1f512}");
}

#[test]
fn jsonwebtoken_accepts_the_token_with_every_check_on() {
    for (cipher, algorithm) in [
        (Cipher::EcdsaP256, "ES256"),
        (Cipher::EcdsaP384, "ES384"),
        (Cipher::Rsa2048, "PS512"),
        (Cipher::Ed25519, "EdDSA"),
    ] {
        let signer = signer(cipher, Some(algorithm.parse().unwrap()));
        let minted = signer.mint(granted(&reader(), &reference_request()), NOW).unwrap();
        let jwk = signer.key.public_key().unwrap().unwrap();
        let jwk = serde_json::from_value(serde_json::to_value(jwk.jwk()).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(algorithm.parse().unwrap());
        // The token is of the year 2024; everything else is checked.
        validation.validate_exp = false;
        validation.set_audience(&["https://api.example.com"]);
        validation.set_issuer(&[ISSUER]);
        validation.sub = Some("acme/alice".to_owned());
        validation.required_spec_claims = HashSet::from(["iss", "sub", "aud", "exp"].map(str::to_owned));
        let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        let data = jsonwebtoken::decode::<Value>(&minted.jwt, &key, &validation).unwrap();
        assert_eq!(data.claims["scope"], json!(["read:orders", "list:invoices"]));
    }
}

#[test]
fn without_a_pinned_algorithm_it_follows_from_the_key() {
    for (cipher, algorithm) in [
        (Cipher::EcdsaP256, "ES256"),
        (Cipher::EcdsaP384, "ES384"),
        (Cipher::EcdsaP521, "ES512"),
        (Cipher::Rsa2048, "RS256"),
        (Cipher::Ed25519, "EdDSA"),
    ] {
        let minted = signer(cipher, None).mint(granted(&reader(), &reference_request()), NOW).unwrap();
        let header: Value = serde_json::from_str(&segment(&minted.jwt, 0)).unwrap();
        assert_eq!(header["alg"], algorithm, "{cipher}");
    }
}

#[test]
fn keys_that_do_not_fit_make_no_signer() {
    let key = |cipher| Arc::new(Key::from_material(cipher, Key::generate(cipher).unwrap().expose()).unwrap());
    assert!(Signer::new(key(Cipher::EcdsaP256), 1, Some(Algorithm::ES384), ISSUER).is_err());
    assert!(Signer::new(key(Cipher::HmacSha256), 1, None, ISSUER).is_err());
    assert!(Signer::new(key(Cipher::Aes256Gcm96), 1, None, ISSUER).is_err());
}

#[test]
fn debug_of_what_was_minted_shows_no_token() {
    let minted = signer(Cipher::Ed25519, None).mint(granted(&reader(), &reference_request()), NOW).unwrap();
    assert!(!format!("{minted:?}").contains("eyJ"));
}
