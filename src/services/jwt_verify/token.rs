//! One token: its signature, and the claims that RFC 7519 registers.

use super::claims::{Claims, ClaimsError};
use super::time::{self, Leeways, TimeError};
use crate::services::jose::jws::{JwsError, Unverified};
use crate::services::jose::{Algorithm, KeySet};

/// What a token has to say to be accepted.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Algorithms by which it may be signed; none: all that use a pair of keys.
    pub algorithms: Vec<Algorithm>,
    /// Its `iss`; `None`: anybody.
    pub issuer: Option<String>,
    /// Its `sub`; `None`: anybody.
    pub subject: Option<String>,
    /// One of these must be in its `aud`. None: it must have no `aud`, because then it is meant for somebody else.
    pub audiences: Vec<String>,
    /// How far off its dates may be.
    pub leeways: Leeways,
}

/// Why a token is not accepted. For logs and for whoever configures it; a stranger is told nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It cannot be taken apart.
    #[error("error verifying token signature: {0}")]
    Form(JwsError),
    /// No key made its signature; also for algorithms that use no pair of keys, and `none`.
    #[error("error verifying token signature: no known key successfully validated the token signature")]
    Signature,
    /// Its algorithm is not on the list.
    #[error("invalid algorithm (alg) header parameter: token signed with unexpected algorithm")]
    Algorithm(Algorithm),
    /// Its payload cannot be read, or can be read in two ways.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// Another issuer.
    #[error("invalid issuer (iss) claim")]
    Issuer,
    /// Another subject.
    #[error("invalid subject (sub) claim")]
    Subject,
    /// None of its audiences is among those that are bound.
    #[error("invalid audience (aud) claim: audience claim does not match any expected audience")]
    Audience,
    /// It has audiences, and none is bound.
    #[error("audience claim found in JWT but no audiences bound to the role")]
    UnboundAudience,
    /// Its dates.
    #[error(transparent)]
    Time(#[from] TimeError),
}

/// Checks a token. The order is: form, signature, payload, algorithm, issuer, subject, audience, dates, and last an audience
/// where none is expected; nothing of the payload is looked at before the signature is found right.
///
/// # Errors
/// [`TokenError`].
pub fn verify(
    token: &Unverified<'_>,
    keys: &KeySet,
    expected: &Expected,
    now: i64,
) -> Result<Claims, TokenError> {
    let algorithm = token.algorithm(&Algorithm::ALL).map_err(|_| TokenError::Signature)?;
    let mut candidates = keys.candidates(token.header.kid.as_deref(), algorithm);
    if !candidates.any(|key| token.is_signed_by(algorithm, key)) {
        return Err(TokenError::Signature);
    }
    drop(candidates);
    let claims = Claims::read(token.payload())?;
    if !expected.algorithms.is_empty() && !expected.algorithms.contains(&algorithm) {
        return Err(TokenError::Algorithm(algorithm));
    }
    let says =
        |claim: &str, wanted: &str| claims.get(claim).and_then(serde_json::Value::as_str) == Some(wanted);
    if expected.issuer.as_deref().is_some_and(|issuer| !says("iss", issuer)) {
        return Err(TokenError::Issuer);
    }
    if expected.subject.as_deref().is_some_and(|subject| !says("sub", subject)) {
        return Err(TokenError::Subject);
    }
    let audiences = claims.audiences().ok_or(TokenError::Audience)?;
    let unbound = expected.audiences.is_empty();
    if !unbound && !audiences.iter().any(|aud| expected.audiences.iter().any(|bound| bound == aud)) {
        return Err(TokenError::Audience);
    }
    time::check(&claims, expected.leeways, now)?;
    if unbound && !audiences.is_empty() {
        return Err(TokenError::UnboundAudience);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::services::jose::{Cipher, Key, jws};

    const NOW: i64 = 1_700_000_000;

    fn key(cipher: Cipher) -> Key {
        Key::from_material(cipher, Key::generate(cipher).unwrap().expose()).unwrap()
    }

    fn keys(of: &[&Key]) -> KeySet {
        KeySet::unnamed(of.iter().map(|key| key.public_key().unwrap().unwrap()).collect())
    }

    fn signed(key: &Key, algorithm: Algorithm, claims: &Value) -> String {
        jws::sign(key, algorithm, &jws::header_segment(algorithm, "1"), claims.to_string().as_bytes())
            .unwrap()
    }

    fn said(token: &str, keys: &KeySet, expected: &Expected) -> Result<Claims, TokenError> {
        verify(&Unverified::parse(token).map_err(TokenError::Form)?, keys, expected, NOW)
    }

    fn for_us() -> Expected {
        Expected { audiences: vec!["us".to_owned()], ..Expected::default() }
    }

    fn claims() -> Value {
        json!({"iss": "https://idp", "sub": "alice", "aud": ["them", "us"], "iat": NOW, "exp": NOW + 60})
    }

    #[test]
    fn every_algorithm_with_a_pair_of_keys_is_accepted_unless_a_list_says_less() {
        for cipher in
            [Cipher::EcdsaP256, Cipher::EcdsaP384, Cipher::EcdsaP521, Cipher::Ed25519, Cipher::Rsa2048]
        {
            let key = key(cipher);
            for algorithm in cipher.algorithms() {
                let token = signed(&key, *algorithm, &claims());
                assert!(said(&token, &keys(&[&key]), &for_us()).is_ok(), "{algorithm}");
                let other = if *algorithm == Algorithm::ES256 { Algorithm::ES384 } else { Algorithm::ES256 };
                let listed = Expected { algorithms: vec![other], ..for_us() };
                // Keys in PEM are no exception.
                assert_eq!(said(&token, &keys(&[&key]), &listed), Err(TokenError::Algorithm(*algorithm)));
            }
        }
    }

    #[test]
    fn alg_confusion_an_algorithm_without_a_pair_of_keys_has_no_key() {
        use base64::Engine as _;
        let key = key(Cipher::Rsa2048);
        let pem = key.public_key().unwrap().unwrap().pem();
        let base64 = |text: &str| super::super::super::jose::BASE64.encode(text);
        for alg in ["none", "NONE", "HS256"] {
            let message =
                format!("{}.{}", base64(&json!({ "alg": alg }).to_string()), base64(&claims().to_string()));
            // The public key as an HMAC secret: the classic confusion.
            let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, pem.as_bytes());
            let tag = aws_lc_rs::hmac::sign(&secret, message.as_bytes());
            let tag = super::super::super::jose::BASE64.encode(tag.as_ref());
            for signature in [tag.as_str(), ""] {
                let token = format!("{message}.{signature}");
                assert_eq!(said(&token, &keys(&[&key]), &for_us()), Err(TokenError::Signature), "{alg}");
            }
        }
    }

    #[test]
    fn a_signature_of_another_key_or_over_another_payload_is_wrong() {
        let (ours, theirs) = (key(Cipher::EcdsaP256), key(Cipher::EcdsaP256));
        let token = signed(&theirs, Algorithm::ES256, &claims());
        assert_eq!(said(&token, &keys(&[&ours]), &for_us()), Err(TokenError::Signature));
        assert!(said(&token, &keys(&[&ours, &theirs]), &for_us()).is_ok(), "every key is tried");
        let other = signed(&theirs, Algorithm::ES256, &json!({"sub": "root", "exp": NOW + 60}));
        let parts: Vec<&str> = token.split('.').collect();
        let payload = other.split('.').nth(1).unwrap();
        let mixed = [parts[0], payload, parts[2]].join(".");
        assert_eq!(said(&mixed, &keys(&[&theirs]), &for_us()), Err(TokenError::Signature));
    }

    #[test]
    fn cve_2024_5798_audiences_are_bound_whether_they_are_a_string_or_a_list() {
        let key = key(Cipher::Ed25519);
        let with = |aud: Value, bound: &[&str]| {
            let mut claims = claims();
            claims["aud"] = aud;
            let bound = bound.iter().map(|text| (*text).to_owned()).collect();
            let expected = Expected { audiences: bound, ..Expected::default() };
            said(&signed(&key, Algorithm::EdDSA, &claims), &keys(&[&key]), &expected).map(drop)
        };
        assert_eq!(with(json!("us"), &["us"]), Ok(()));
        assert_eq!(with(json!(["x", "us"]), &["us", "y"]), Ok(()));
        assert_eq!(with(json!("them"), &["us"]), Err(TokenError::Audience));
        assert_eq!(with(json!("US"), &["us"]), Err(TokenError::Audience));
        assert_eq!(with(Value::Null, &["us"]), Err(TokenError::Audience));
        assert_eq!(with(json!([]), &["us"]), Err(TokenError::Audience));
        assert_eq!(with(json!("us"), &[]), Err(TokenError::UnboundAudience), "CVE-2024-5798");
        assert_eq!(with(json!(["us"]), &[]), Err(TokenError::UnboundAudience));
        assert_eq!(with(json!(7), &["us"]), Err(TokenError::Audience));
        assert_eq!(with(Value::Null, &[]), Ok(()));
    }

    #[test]
    fn issuer_and_subject_are_compared_letter_by_letter() {
        let key = key(Cipher::Ed25519);
        let token = signed(&key, Algorithm::EdDSA, &claims());
        let with = |issuer: &str, subject: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let expected = Expected { issuer: some(issuer), subject: some(subject), ..for_us() };
            said(&token, &keys(&[&key]), &expected).map(drop)
        };
        assert_eq!(with("https://idp", "alice"), Ok(()));
        assert_eq!(with("https://idp/", ""), Err(TokenError::Issuer));
        assert_eq!(with("", "Alice"), Err(TokenError::Subject));
    }

    #[test]
    fn what_is_no_token_is_told_apart_from_what_is_no_good_one() {
        let key = key(Cipher::Ed25519);
        for text in ["", "a.b", "a.b.c.d", "....", "x.y.z", &"a.".repeat(200_000)] {
            let error = said(text, &keys(&[&key]), &for_us()).unwrap_err();
            assert_eq!(error, TokenError::Form(JwsError::Malformed));
        }
        let old = json!({"aud": "us", "iat": NOW - 600, "exp": NOW - 300});
        let expired = signed(&key, Algorithm::EdDSA, &old);
        assert_eq!(said(&expired, &keys(&[&key]), &for_us()), Err(TokenError::Time(TimeError::Expired)));
        let twice = r#"{"aud":"us","sub":"alice","sub":"root","exp":1700000060}"#;
        let header = jws::header_segment(Algorithm::EdDSA, "1");
        let token = jws::sign(&key, Algorithm::EdDSA, &header, twice.as_bytes()).unwrap();
        assert_eq!(said(&token, &keys(&[&key]), &for_us()), Err(TokenError::Claims(ClaimsError::Malformed)));
    }
}
