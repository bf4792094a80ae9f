//! What an ID token has to say beyond what every token has to (OpenID Connect Core 1.0 sections 2, 3.1.3.7 and 3.2.2.9):
//! that it answers this very request, was made for this server, and belongs to the code and the access token beside it.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::base::secret::Secret;
use crate::services::jose::Algorithm;
use crate::services::jwt_verify::Claims;

/// How far the clocks of issuer and server may differ, in seconds.
const SKEW: i64 = 60;

/// What an ID token is held against.
pub struct Request<'a> {
    /// The nonce that was sent.
    pub nonce: &'a str,
    /// As whom the issuer knows this server.
    pub client_id: &'a str,
    /// How long ago the user may have proved who they are, in seconds.
    pub max_age: Option<i64>,
    /// The access token beside it.
    pub access_token: Option<&'a Secret>,
    /// The code beside it.
    pub code: Option<&'a Secret>,
    /// By what it is signed.
    pub algorithm: Algorithm,
    /// Seconds since the epoch.
    pub now: i64,
}

/// Checks the claims of an ID token whose signature, issuer, audience and dates are right.
///
/// # Errors
/// Why not.
pub fn check(claims: &Claims, request: &Request<'_>) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    if text("nonce") != Some(request.nonce) {
        return Err("Invalid ID token nonce.");
    }
    if claims.get("exp").is_none() || claims.get("iat").is_none() {
        return Err("The ID token lacks exp or iat.");
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err("The ID token has no subject.");
    }
    let audiences = claims.audiences().unwrap_or_default();
    let is_for_us = audiences.contains(&request.client_id);
    match (claims.get("azp"), text("azp")) {
        (Some(_), None) => return Err("The ID token's azp is not a string."),
        (_, Some(azp)) if azp != request.client_id => {
            return Err("The ID token was made for another client.");
        }
        (_, Some(_)) if audiences.len() > 1 && !is_for_us => {
            return Err("The ID token has several audiences, and this client is none of them.");
        }
        (None, _) if audiences.len() > 1 || !is_for_us => {
            return Err("The ID token does not say for which of its audiences it was made.");
        }
        _ => {}
    }
    if let Some(max_age) = request.max_age {
        let since = number("auth_time").map(|then| request.now.saturating_sub(then));
        if since.is_none_or(|since| since > max_age.saturating_add(SKEW)) {
            return Err("The user proved to the issuer too long ago who they are.");
        }
    }
    for (name, beside) in [("at_hash", request.access_token), ("c_hash", request.code)] {
        if let (Some(said), Some(beside)) = (claims.get(name), beside)
            && said.as_str() != Some(half_hash(request.algorithm, beside.expose()).as_str())
        {
            return Err("The ID token does not belong to what came with it.");
        }
    }
    Ok(())
}

/// The left half of a hash, of the kind that the signature uses.
fn half_hash(algorithm: Algorithm, of: &[u8]) -> String {
    let hash = match algorithm {
        Algorithm::RS256 | Algorithm::ES256 | Algorithm::PS256 => &SHA256,
        Algorithm::RS384 | Algorithm::ES384 | Algorithm::PS384 => &SHA384,
        Algorithm::RS512 | Algorithm::ES512 | Algorithm::PS512 | Algorithm::EdDSA => &SHA512,
    };
    let hash = digest(hash, of);
    let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(half)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(more: Value, max_age: Option<i64>) -> Result<(), &'static str> {
        let mut claims = json!({"nonce": "n", "exp": 1_060, "iat": 1_000, "sub": "alice", "aud": "us"});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let claims = Claims::read(claims.to_string().as_bytes()).unwrap();
        // The access token and the at_hash of OpenID Connect Core 1.0 appendix A.3.
        let access_token = Secret::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".as_bytes());
        let code = Secret::new("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk".as_bytes());
        let request = Request {
            nonce: "n",
            client_id: "us",
            max_age,
            access_token: Some(&access_token),
            code: Some(&code),
            algorithm: Algorithm::RS256,
            now: 1_000,
        };
        check(&claims, &request)
    }

    #[test]
    fn openid_connect_core_3_1_3_7_an_id_token_is_for_this_request_and_this_client() {
        for (more, fine) in [
            (json!({}), true),
            (json!({"nonce": "m"}), false),
            (json!({"nonce": null}), false),
            (json!({"exp": null}), false),
            (json!({"iat": null}), false),
            (json!({"sub": ""}), false),
            (json!({"azp": "us"}), true),
            (json!({"azp": "them"}), false),
            (json!({"azp": 7}), false),
            (json!({"aud": ["us", "them"]}), false),
            (json!({"aud": ["us", "them"], "azp": "us"}), true),
            (json!({"aud": ["them", "others"], "azp": "us"}), false),
            (json!({"aud": "them"}), false),
            (json!({"aud": "them", "azp": "us"}), true),
        ] {
            assert_eq!(said(more.clone(), None).is_ok(), fine, "{more}");
        }
    }

    #[test]
    fn openid_connect_core_3_2_2_9_hashes_bind_an_id_token_to_what_comes_with_it() {
        assert_eq!(said(json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), None), Ok(()));
        assert_eq!(said(json!({"c_hash": "LDktKdoQak3Pk0cnXxCltA"}), None), Ok(()));
        for name in ["at_hash", "c_hash"] {
            assert!(said(json!({ name: "AAAAAAAAAAAAAAAAAAAAAA" }), None).is_err());
            assert!(said(json!({ name: 7 }), None).is_err());
        }
    }

    #[test]
    fn openid_connect_core_3_1_3_7_a_user_that_proved_itself_too_long_ago_is_refused() {
        assert_eq!(said(json!({"auth_time": 930}), Some(10)), Ok(()));
        assert!(said(json!({"auth_time": 929}), Some(10)).is_err());
        assert!(said(json!({}), Some(10)).is_err());
    }
}
