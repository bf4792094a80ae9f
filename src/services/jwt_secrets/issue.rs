//! From a role and a request to a token: defaults, then what the request says, then its own claims.

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::key::SigningKey;
use crate::base::clock::Timestamp;
use crate::services::jose::BASE64;

/// The registered claims of RFC 7519 section 4.1.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// A role, ready to sign.
pub struct Role {
    /// Its key.
    pub key: SigningKey,
    /// What `iss` is by default.
    pub issuer: Option<String>,
    /// What `sub` is by default.
    pub subject: Option<String>,
    /// What `aud` is by default.
    pub audience: Option<String>,
    /// Whether a request cannot say anything else.
    pub locked: bool,
}

/// Input of `issue`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct IssueInput {
    issuer: Option<String>,
    subject: Option<String>,
    audience: Option<String>,
    expiration: u64,
    not_before: u64,
    issued_at: u64,
    jti: Option<String>,
    claims: Option<String>,
}

/// Output of `issue`.
#[derive(Debug, Serialize)]
pub struct Issued {
    /// The token's id.
    pub jti: String,
    /// The token.
    pub token: String,
}

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The leaf of the input.
    pub leaf: &'static str,
    /// What is wrong with it.
    pub message: String,
}

fn fault(leaf: &'static str, message: impl Into<String>) -> Fault {
    Fault { leaf, message: message.into() }
}

impl Role {
    /// Signs a token.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn issue(&self, input: IssueInput, now: Timestamp) -> Result<Issued, Fault> {
        let own = self.own_claims(input.claims.as_deref())?;
        let mut claims = Map::new();
        for (name, leaf, default, given) in [
            ("iss", "issuer", &self.issuer, input.issuer),
            ("sub", "subject", &self.subject, input.subject),
            ("aud", "audience", &self.audience, input.audience),
        ] {
            if self.locked && given.is_some() && given != *default {
                return Err(fault(leaf, format!("the role is locked: {leaf} is what the role says")));
            }
            if let Some(value) = given.or_else(|| default.clone()) {
                claims.insert(name.to_owned(), Value::from(value));
            }
        }
        let now = u64::try_from(now.seconds()).unwrap_or(0);
        let or_now = |given: u64| if given > 0 { given } else { now };
        if input.expiration > 0 {
            claims.insert("exp".to_owned(), Value::from(input.expiration));
        }
        claims.insert("nbf".to_owned(), Value::from(or_now(input.not_before)));
        claims.insert("iat".to_owned(), Value::from(or_now(input.issued_at)));
        let jti = input.jti.unwrap_or_else(|| Uuid::new_v4().to_string());
        claims.insert("jti".to_owned(), Value::from(jti));
        claims.extend(own);
        let jti = claims.get("jti").and_then(Value::as_str).map(str::to_owned);
        let jti = jti.ok_or_else(|| fault("claims", "jti must be a string"))?;
        let token = self.sign(&claims).ok_or_else(|| fault("claims", "the token could not be signed"))?;
        Ok(Issued { jti, token })
    }

    /// The claims that a request brings itself.
    fn own_claims(&self, text: Option<&str>) -> Result<Map<String, Value>, Fault> {
        let Some(text) = text else { return Ok(Map::new()) };
        let own: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| fault("claims", "claims must be a JSON object"))?;
        let registered = own.keys().find(|name| REGISTERED.contains(&name.as_str()));
        match registered {
            Some(name) if self.locked => {
                Err(fault("claims", format!("the role is locked: claims cannot have '{name}'")))
            }
            _ => Ok(own),
        }
    }

    fn sign(&self, claims: &Map<String, Value>) -> Option<String> {
        let header = format!(r#"{{"alg":"{}","typ":"JWT"}}"#, self.key.algorithm);
        let payload = serde_json::to_vec(claims).ok()?;
        let mut token = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
        let signature = self.key.sign(token.as_bytes())?;
        token.push('.');
        BASE64.encode_string(signature, &mut token);
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::secret::Secret;

    fn role(locked: bool) -> Role {
        Role {
            key: SigningKey::read("HS256", &Secret::from_text("secret".to_owned())).unwrap(),
            issuer: Some("Vault".to_owned()),
            subject: None,
            audience: Some("clients".to_owned()),
            locked,
        }
    }

    fn issue(locked: bool, input: Value) -> Result<Value, Fault> {
        let input: IssueInput = serde_json::from_value(input).unwrap();
        let issued = role(locked).issue(input, Timestamp::from_seconds(1_000))?;
        let payload = issued.token.split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&BASE64.decode(payload).unwrap()).unwrap();
        assert_eq!(claims["jti"], json!(issued.jti));
        Ok(claims)
    }

    #[test]
    fn defaults_go_behind_the_request_and_that_behind_its_claims() {
        let claims = issue(false, json!({})).unwrap();
        assert_eq!(
            (&claims["iss"], &claims["aud"], claims.get("sub")),
            (&json!("Vault"), &json!("clients"), None)
        );
        assert_eq!((&claims["iat"], &claims["nbf"], claims.get("exp")), (&json!(1_000), &json!(1_000), None));
        let request = json!({"issuer": "me", "subject": "s", "expiration": 2_000, "not-before": 5, "jti": "j",
            "claims": r#"{"iss":"other","admin":true,"exp":7}"#});
        let claims = issue(false, request).unwrap();
        assert_eq!(
            claims,
            json!({"iss": "other", "sub": "s", "aud": "clients", "exp": 7, "nbf": 5, "iat": 1_000,
            "jti": "j", "admin": true})
        );
    }

    #[test]
    fn claims_that_make_no_sense_are_refused() {
        for claims in ["[1]", "x", r#"{"jti":7}"#] {
            assert_eq!(issue(false, json!({"claims": claims})).unwrap_err().leaf, "claims", "{claims}");
        }
    }

    #[test]
    fn secrets_backend_lock_a_locked_role_says_what_it_says() {
        assert!(issue(true, json!({"audience": "clients", "claims": r#"{"admin":true}"#})).is_ok());
        for (request, leaf) in [
            (json!({"issuer": "me"}), "issuer"),
            (json!({"subject": "me"}), "subject"),
            (json!({"audience": "others"}), "audience"),
            (json!({"claims": r#"{"exp":7}"#}), "claims"),
        ] {
            assert_eq!(issue(true, request.clone()).unwrap_err().leaf, leaf, "{request}");
        }
    }
}
