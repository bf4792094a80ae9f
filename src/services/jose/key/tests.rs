//! Keys of every cipher: made, stored, parsed, signed with, and checked by libraries other than the one that signs.

use base64::Engine as _;
use proptest::prelude::*;

use super::super::BASE64;
use super::*;

/// RFC 7515 appendix A.2.1, with the whitespace of the RFC.
pub(crate) const RFC7515_A2: &str = r#"{"kty":"RSA",
 "n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
 "e":"AQAB",
 "d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
 "p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
 "q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
 "dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
 "dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
 "qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;

/// RFC 8037 appendix A.1.
pub(crate) const RFC8037_A1: &str = r#"{"kty":"OKP","crv":"Ed25519",
 "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
 "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// RFC 7515 appendix A.3.1.
pub(crate) const RFC7515_A3: &str = r#"{"kty":"EC","crv":"P-256",
 "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
 "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
 "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// RFC 7515 appendix A.4.1.
pub(crate) const RFC7515_A4: &str = r#"{"kty":"EC","crv":"P-521",
 "x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
 "y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
 "d":"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"}"#;

/// A key of that cipher; RSA keys longer than 2048 bits are made in one test only, because that takes seconds.
fn fresh(cipher: Cipher) -> Key {
    Key::from_material(cipher, Key::generate(cipher).unwrap().expose()).unwrap()
}

/// A private key in PEM, as tools write it.
fn private_pem(material: &Secret) -> String {
    pem::encode_public_key(material.expose()).replace("PUBLIC", "PRIVATE")
}

fn quick_ciphers() -> impl Iterator<Item = Cipher> {
    Cipher::all().filter(|cipher| !matches!(cipher, Cipher::Rsa3072 | Cipher::Rsa4096))
}

#[test]
fn every_cipher_signs_and_verifies_with_each_of_its_algorithms() {
    for cipher in quick_ciphers() {
        let key = fresh(cipher);
        for algorithm in cipher.algorithms() {
            let signature = key.sign(Some(*algorithm), b"message").unwrap();
            assert_eq!(
                key.verify(Some(*algorithm), b"message", &signature),
                Ok(true),
                "{cipher} {algorithm}"
            );
            assert_eq!(
                key.verify(Some(*algorithm), b"massage", &signature),
                Ok(false),
                "{cipher} {algorithm}"
            );
            assert_eq!(key.verify(Some(*algorithm), b"message", &[]), Ok(false), "{cipher} {algorithm}");
        }
    }
}

#[test]
fn rfc7518_3_4_ecdsa_signatures_have_the_length_of_two_orders() {
    for (cipher, length) in [(Cipher::EcdsaP256, 64), (Cipher::EcdsaP384, 96), (Cipher::EcdsaP521, 132)] {
        let key = fresh(cipher);
        // Often enough that a value with a leading zero octet comes up.
        for round in 0..40_u32 {
            let message = round.to_be_bytes();
            let signature = key.sign(None, &message).unwrap();
            assert_eq!(signature.len(), length, "{cipher}");
            assert_eq!(key.verify(None, &message, &signature), Ok(true), "{cipher}");
        }
    }
}

#[test]
fn hmac_keys_authenticate_with_their_own_hash_and_take_no_algorithm() {
    for (cipher, length) in [(Cipher::HmacSha256, 32), (Cipher::HmacSha384, 48), (Cipher::HmacSha512, 64)] {
        let key = fresh(cipher);
        let tag = key.sign(None, b"message").unwrap();
        assert_eq!(tag.len(), length);
        assert_eq!(key.verify(None, b"message", &tag), Ok(true));
        assert_eq!(key.verify(None, b"other", &tag), Ok(false));
        assert!(matches!(key.sign(Some(Algorithm::ES256), b"message"), Err(KeyError::Unfit { .. })));
        assert!(key.public_key().unwrap().is_none());
    }
}

#[test]
fn keys_for_encryption_do_not_sign() {
    for cipher in [Cipher::Aes256Gcm96, Cipher::Chacha20Poly1305] {
        let key = fresh(cipher);
        assert_eq!(key.sign(None, b"message"), Err(KeyError::CannotSign(cipher)));
        assert_eq!(key.verify(None, b"message", b"x"), Err(KeyError::CannotSign(cipher)));
    }
}

#[test]
fn an_algorithm_that_does_not_fit_is_refused_with_those_that_do() {
    let error = fresh(Cipher::EcdsaP256).sign(Some(Algorithm::RS256), b"message").unwrap_err();
    assert_eq!(error.to_string(), "a key of cipher ecdsa-p256 does not sign with RS256; it does ES256");
}

#[test]
fn an_rsa_key_has_the_length_of_its_cipher() {
    let material = Key::generate(Cipher::Rsa3072).unwrap();
    assert!(Key::from_material(Cipher::Rsa3072, material.expose()).is_ok());
    let error = Key::from_material(Cipher::Rsa2048, material.expose()).err().unwrap();
    assert_eq!(error.to_string(), "it has 3072 bits, 2048 are expected");
}

#[test]
fn material_of_one_cipher_is_no_key_of_another() {
    let pairs = || quick_ciphers().filter(|cipher| cipher.key_type().is_some());
    for cipher in pairs() {
        let material = Key::generate(cipher).unwrap();
        for other in pairs().filter(|other| *other != cipher) {
            assert!(Key::from_material(other, material.expose()).is_err(), "{cipher} as {other}");
        }
    }
}

#[test]
fn what_is_imported_is_the_key_that_was_exported() {
    for cipher in quick_ciphers().filter(|cipher| cipher.key_type().is_some()) {
        let material = Key::generate(cipher).unwrap();
        let imported = Key::import(cipher, &private_pem(&material)).unwrap();
        let public = |material: &Secret| {
            Key::from_material(cipher, material.expose()).unwrap().public_key().unwrap().unwrap().pem()
        };
        assert_eq!(public(&material), public(&imported), "{cipher}");
    }
}

#[test]
fn importing_a_key_of_another_kind_names_the_cipher_that_is_wanted() {
    let ed25519 = Key::generate(Cipher::Ed25519).unwrap();
    for text in [private_pem(&ed25519), RFC8037_A1.to_owned()] {
        assert_eq!(
            Key::import(Cipher::EcdsaP256, &text).err(),
            Some(KeyError::WrongKind { expected: Cipher::EcdsaP256 })
        );
    }
    assert!(matches!(Key::import(Cipher::Rsa4096, RFC7515_A2), Err(KeyError::Size { bits: 2048, .. })));
}

#[test]
fn a_jwk_whose_halves_do_not_belong_together_is_refused() {
    let other = RFC7515_A3.replace("jpsQnnGQ", "jpsQnnGR");
    assert_eq!(Key::import(Cipher::EcdsaP256, &other).err(), Some(KeyError::Rejected));
    let other = RFC8037_A1.replace("nWGxne", "nWGxnf");
    assert_eq!(Key::import(Cipher::Ed25519, &other).err(), Some(KeyError::Rejected));
    let other = RFC7515_A2.replace("\"d\":\"Eq5xpG", "\"d\":\"Eq5xpH");
    assert_eq!(Key::import(Cipher::Rsa2048, &other).err(), Some(KeyError::Rejected));
}

#[test]
fn refusals_of_imports_never_quote_the_input() {
    let inputs = [
        r#"{"kty":"oct","k":"hunter2!"}"#,
        r#"{"kty":"EC","crv":"P-256","d":"hunter2","x":"hunter2","y":"hunter2"}"#,
        r#"{"kty":"oct","k":{"hunter2":1}}"#,
        r#"{"kty":"RSA","n":"hunter2","e":"AQAB"}"#,
        "{ hunter2 }",
        "hunter2",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
    ];
    for input in inputs {
        for cipher in [Cipher::EcdsaP256, Cipher::Rsa2048, Cipher::HmacSha256, Cipher::Ed25519] {
            let error = Key::import(cipher, input).err().unwrap();
            assert!(!error.to_string().contains("hunter2"), "{input}: {error}");
        }
    }
}

#[test]
fn rfc8037_a_4_ed25519_signature_of_the_rfc() {
    let key = Key::from_material(Cipher::Ed25519, Key::import(Cipher::Ed25519, RFC8037_A1).unwrap().expose())
        .unwrap();
    let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(BASE64.encode(key.sign(Some(Algorithm::EdDSA), input).unwrap()), expected);
}

#[test]
fn rfc7515_a_2_rs256_signature_of_the_rfc() {
    let key = Key::from_material(Cipher::Rsa2048, Key::import(Cipher::Rsa2048, RFC7515_A2).unwrap().expose())
        .unwrap();
    let input = b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let expected = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert_eq!(BASE64.encode(key.sign(Some(Algorithm::RS256), input).unwrap()), expected);
}

#[test]
fn public_jwks_of_imported_keys_are_those_of_the_rfcs() {
    for (cipher, private) in [
        (Cipher::EcdsaP256, RFC7515_A3),
        (Cipher::EcdsaP521, RFC7515_A4),
        (Cipher::Ed25519, RFC8037_A1),
        (Cipher::Rsa2048, RFC7515_A2),
    ] {
        let material = Key::import(cipher, private).unwrap();
        let public = Key::from_material(cipher, material.expose()).unwrap().public_key().unwrap().unwrap();
        let mut expected: serde_json::Map<String, serde_json::Value> = serde_json::from_str(private).unwrap();
        expected.retain(|name, _| matches!(name.as_str(), "kty" | "crv" | "x" | "y" | "n" | "e"));
        assert_eq!(
            serde_json::to_value(public.jwk()).unwrap(),
            serde_json::Value::Object(expected),
            "{cipher}"
        );
    }
}

#[test]
fn p256_reads_our_public_keys_and_agrees_about_our_signatures() {
    use p256::ecdsa::signature::Verifier as _;
    use p256::elliptic_curve::sec1::ToSec1Point as _;
    use p256::pkcs8::DecodePublicKey as _;

    for _ in 0..8 {
        let key = fresh(Cipher::EcdsaP256);
        let public = key.public_key().unwrap().unwrap();
        let theirs = p256::PublicKey::from_public_key_pem(&public.pem()).unwrap();
        let point = theirs.to_sec1_point(false);
        assert_eq!(public.jwk().x, point.x().map(|x| BASE64.encode(x)));
        assert_eq!(public.jwk().y, point.y().map(|y| BASE64.encode(y)));
        let signature = key.sign(None, b"message").unwrap();
        let verifier = p256::ecdsa::VerifyingKey::from(&theirs);
        verifier.verify(b"message", &p256::ecdsa::Signature::from_slice(&signature).unwrap()).unwrap();
    }
}

#[test]
fn p256_signatures_of_another_library_are_accepted() {
    use p256::ecdsa::signature::Signer as _;

    let secret = p256::SecretKey::try_generate().unwrap();
    let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(&secret).sign(b"message");
    let material = Secret::new(secret.to_pkcs8_der().unwrap().as_bytes());
    let key = Key::from_material(Cipher::EcdsaP256, material.expose()).unwrap();
    assert_eq!(key.verify(None, b"message", &signature.to_bytes()), Ok(true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_of_an_import_panics(text in "\\PC{0,200}", brace in any::<bool>()) {
        let text = if brace { format!("{{{text}") } else { text };
        for cipher in Cipher::all() {
            prop_assert!(Key::import(cipher, &text).is_err());
        }
    }

    #[test]
    fn a_changed_signature_is_wrong(position in 0_usize..64, bit in 0_u8..8) {
        let key = fresh(Cipher::EcdsaP256);
        let mut signature = key.sign(None, b"message").unwrap();
        signature[position] ^= 1 << bit;
        prop_assert_eq!(key.verify(None, b"message", &signature), Ok(false));
    }
}
