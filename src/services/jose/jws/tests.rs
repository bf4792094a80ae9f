//! Tokens in compact form, against the RFCs' examples and the jsonwebtoken crate.

use serde_json::{Value, json};

use super::super::{Cipher, KeyType};
use super::*;

fn key(cipher: Cipher) -> Key {
    Key::from_material(cipher, Key::generate(cipher).unwrap().expose()).unwrap()
}

fn token(key: &Key, algorithm: Algorithm) -> String {
    sign(key, algorithm, &header_segment(algorithm, "7"), br#"{"sub":"alice"}"#).unwrap()
}

#[test]
fn the_header_has_alg_typ_and_kid_in_this_order() {
    let header = BASE64.decode(header_segment(Algorithm::ES256, "1")).unwrap();
    assert_eq!(header, br#"{"alg":"ES256","typ":"JWT","kid":"1"}"#);
    assert_eq!(header_segment(Algorithm::ES256, "1"), "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjEifQ");
}

#[test]
fn what_is_signed_is_verified_for_every_algorithm() {
    for cipher in [Cipher::EcdsaP256, Cipher::EcdsaP384, Cipher::EcdsaP521, Cipher::Rsa2048, Cipher::Ed25519]
    {
        let key = key(cipher);
        let public = key.public_key().unwrap().unwrap();
        for algorithm in cipher.algorithms() {
            let (header, payload) =
                verify(&token(&key, *algorithm), &Algorithm::ALL, |_| Some(&public)).unwrap();
            assert_eq!(header.alg, algorithm.as_str());
            assert_eq!(header.kid.as_deref(), Some("7"));
            assert_eq!(payload, br#"{"sub":"alice"}"#);
        }
    }
}

#[test]
fn jsonwebtoken_accepts_our_tokens_with_our_pem_and_our_jwk() {
    for cipher in [Cipher::EcdsaP256, Cipher::EcdsaP384, Cipher::Rsa2048, Cipher::Ed25519] {
        let key = key(cipher);
        let public = key.public_key().unwrap().unwrap();
        let pem = public.pem();
        let from_pem = match public.kind() {
            KeyType::Rsa => jsonwebtoken::DecodingKey::from_rsa_pem(pem.as_bytes()),
            KeyType::Ed25519 => jsonwebtoken::DecodingKey::from_ed_pem(pem.as_bytes()),
            _ => jsonwebtoken::DecodingKey::from_ec_pem(pem.as_bytes()),
        }
        .unwrap();
        let jwk = serde_json::from_value(serde_json::to_value(public.jwk()).unwrap()).unwrap();
        let from_jwk = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        for algorithm in cipher.algorithms() {
            let mut validation = jsonwebtoken::Validation::new(algorithm.as_str().parse().unwrap());
            validation.required_spec_claims.clear();
            for decoding in [&from_pem, &from_jwk] {
                let data =
                    jsonwebtoken::decode::<Value>(token(&key, *algorithm), decoding, &validation).unwrap();
                assert_eq!(data.claims, json!({"sub": "alice"}));
            }
        }
    }
}

#[test]
fn our_verifier_accepts_tokens_of_jsonwebtoken() {
    let pem = |material: &[u8]| super::super::pem::encode_public_key(material).replace("PUBLIC", "PRIVATE");
    for (cipher, algorithm) in [
        (Cipher::EcdsaP256, Algorithm::ES256),
        (Cipher::EcdsaP384, Algorithm::ES384),
        (Cipher::Rsa2048, Algorithm::PS384),
        (Cipher::Ed25519, Algorithm::EdDSA),
    ] {
        let material = Key::generate(cipher).unwrap();
        let pem = pem(material.expose());
        let encoding = match cipher {
            Cipher::Rsa2048 => jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()),
            Cipher::Ed25519 => jsonwebtoken::EncodingKey::from_ed_pem(pem.as_bytes()),
            _ => jsonwebtoken::EncodingKey::from_ec_pem(pem.as_bytes()),
        }
        .unwrap();
        let header = jsonwebtoken::Header::new(algorithm.as_str().parse().unwrap());
        let token = jsonwebtoken::encode(&header, &json!({"a": 1}), &encoding).unwrap();
        let public = Key::from_material(cipher, material.expose()).unwrap().public_key().unwrap().unwrap();
        let (_, payload) = verify(&token, &[algorithm], |_| Some(&public)).unwrap();
        assert_eq!(payload, br#"{"a":1}"#);
    }
}

#[test]
fn rfc7515_a_3_and_a_4_ecdsa_tokens_of_the_rfc() {
    use super::super::key::tests::{RFC7515_A3, RFC7515_A4};
    let a3 = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let a4 = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    for (jwk, token) in [(RFC7515_A3, a3), (RFC7515_A4, a4)] {
        let jwk: super::super::jwk::ForeignJwk = serde_json::from_str(jwk).unwrap();
        let public = jwk.public_key().unwrap();
        assert!(verify(token, &Algorithm::ALL, |_| Some(&public)).is_ok());
    }
}

#[test]
fn an_algorithm_that_is_not_on_the_list_is_refused_before_a_key_is_looked_for() {
    let key = key(Cipher::EcdsaP256);
    let found = verify(&token(&key, Algorithm::ES256), &[Algorithm::EdDSA], |_| panic!("asked for a key"));
    assert_eq!(found, Err(JwsError::Algorithm("ES256".into())));
    for alg in ["none", "HS256", "None", ""] {
        let header = BASE64.encode(format!(r#"{{"alg":"{alg}"}}"#));
        let found = verify(&format!("{header}.e30."), &Algorithm::ALL, |_| panic!("asked for a key"));
        assert_eq!(found, Err(JwsError::Algorithm(alg.into())));
    }
}

#[test]
fn the_kind_of_the_key_decides_not_the_token() {
    let ours = key(Cipher::EcdsaP256);
    let other = key(Cipher::EcdsaP384).public_key().unwrap().unwrap();
    let found = verify(&token(&ours, Algorithm::ES256), &Algorithm::ALL, |_| Some(&other));
    assert_eq!(found, Err(JwsError::Signature));
}

#[test]
fn unknown_keys_and_critical_extensions_are_refused() {
    let ours = key(Cipher::Ed25519);
    let found = verify(&token(&ours, Algorithm::EdDSA), &Algorithm::ALL, |_| None);
    assert_eq!(found, Err(JwsError::UnknownKey("7".into())));
    let header = BASE64.encode(r#"{"alg":"EdDSA","crit":["exp"],"exp":1}"#);
    let token = sign(&ours, Algorithm::EdDSA, &header, b"{}").unwrap();
    let public = ours.public_key().unwrap().unwrap();
    assert_eq!(verify(&token, &Algorithm::ALL, |_| Some(&public)), Err(JwsError::Critical));
}

#[test]
fn what_is_not_three_segments_of_base64url_is_malformed() {
    let ours = key(Cipher::Ed25519);
    let public = ours.public_key().unwrap().unwrap();
    let good = token(&ours, Algorithm::EdDSA);
    let long = format!("{good}{}", "A".repeat(LONGEST));
    let padded = format!("{good}=");
    let four = format!("{good}.AA");
    let twice = format!("{}.e30.", BASE64.encode(r#"{"alg":"EdDSA","alg":"EdDSA"}"#));
    for token in ["", ".", "..", "a.b", "e30.e30.", "W10.e30.", &long, &padded, &four, &twice] {
        assert_eq!(
            verify(token, &Algorithm::ALL, |_| Some(&public)),
            Err(JwsError::Malformed),
            "{token:.40}"
        );
    }
    assert!(verify(&good, &Algorithm::ALL, |_| Some(&public)).is_ok());
}
