//! Batch tokens: tokens that are kept nowhere. Their text is what is known of them, sealed with a key that only the open
//! store gives.
//!
//! So they cost no commit, and can be neither refreshed nor revoked, nor counted: they end when their time is over, and all
//! of them when the seal key is replaced by that of another store.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::facts::TokenFacts;
use super::live::LiveTokens;
use super::live::{Use, is_within, parse_network};
use super::{AuthError, Invalid};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::base::secret::{RandomError, Secret};
use crate::engine::caller::Caller;

/// What every batch token begins with.
pub const BATCH_MARK: &str = "sbb.";

/// For which purpose the store derives the key.
pub const KEY_LABEL: &str = "batch tokens";

/// The longest token that is looked at, in bytes: headers are not longer either.
const LONGEST: usize = 16 * 1024;

/// Seals and opens batch tokens.
pub struct BatchTokens(RandomizedNonceKey);

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    tenant: Ident,
    #[serde(flatten)]
    facts: TokenFacts,
}

impl BatchTokens {
    /// With a key of 32 bytes.
    ///
    /// # Errors
    /// When the key has another length.
    pub fn new(key: &Secret) -> Result<Self, RandomError> {
        RandomizedNonceKey::new(&AES_256_GCM_SIV, key.expose()).map(BatchTokens).map_err(|_| RandomError)
    }

    /// Whether a text is meant as a batch token.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(BATCH_MARK)
    }

    /// The text of a token.
    ///
    /// # Errors
    /// When no random numbers can be had.
    pub fn seal(&self, tenant: &Ident, facts: &TokenFacts) -> Result<Secret, RandomError> {
        let content = Content { tenant: tenant.clone(), facts: facts.clone() };
        let mut sealed = serde_json::to_vec(&content).map_err(|_| RandomError)?;
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(KEY_LABEL.as_bytes()), &mut sealed)
            .map_err(|_| RandomError)?;
        sealed.extend_from_slice(nonce.as_ref());
        let mut text = String::with_capacity(BATCH_MARK.len() + sealed.len() * 4 / 3 + 4);
        text.push_str(BATCH_MARK);
        URL_SAFE_NO_PAD.encode_string(&sealed, &mut text);
        Ok(Secret::from_text(text))
    }

    /// Whose token it is and what is known of it; `None` for what was not sealed here. Whether it is valid is another
    /// question.
    pub fn open(&self, text: &str) -> Option<(Ident, TokenFacts)> {
        let packed = text.strip_prefix(BATCH_MARK).filter(|text| text.len() <= LONGEST)?;
        let mut sealed = URL_SAFE_NO_PAD.decode(packed).ok()?;
        let nonce = Nonce::assume_unique_for_key(*sealed.last_chunk::<NONCE_LEN>()?);
        sealed.truncate(sealed.len() - NONCE_LEN);
        let plain = self.0.open_in_place(nonce, Aad::from(KEY_LABEL.as_bytes()), &mut sealed).ok()?;
        let Content { tenant, facts } = serde_json::from_slice(plain).ok()?;
        Some((tenant, facts))
    }

    /// Checks what a client sent. One that was made by a token that is kept ends with that.
    ///
    /// # Errors
    /// [`AuthError::Invalid`].
    pub fn authenticate(
        &self,
        text: &str,
        address: Option<IpAddr>,
        now: Timestamp,
        kept: &LiveTokens,
    ) -> Result<Use, AuthError> {
        let (tenant, facts) = self.open(text).ok_or(AuthError::Invalid(Invalid::Unknown))?;
        if facts.expires.is_none_or(|end| end <= now) {
            return Err(AuthError::Invalid(Invalid::Expired));
        }
        if facts.parent.as_deref().is_some_and(|parent| !kept.is_alive(parent, now)) {
            return Err(AuthError::Invalid(Invalid::Revoked));
        }
        let bound: Vec<_> = facts.bound_cidrs.iter().map(|text| parse_network(text)).collect();
        if !is_within(&bound, address) {
            return Err(AuthError::Invalid(Invalid::Address));
        }
        let caller = Caller {
            tenant,
            accessor: None,
            user: facts.user,
            entity: facts.entity,
            policies: facts.policies,
            method: facts.method,
            warranted: false,
        };
        Ok(Use { caller: Arc::new(caller), taken: None })
    }
}

impl std::fmt::Debug for BatchTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BatchTokens(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> BatchTokens {
        BatchTokens::new(&Secret::random(32).unwrap()).unwrap()
    }

    fn facts() -> TokenFacts {
        serde_json::from_value(serde_json::json!({
            "accessor": "", "user": "alice", "method": "jwt", "policies": ["dev"],
            "creation-time": "2024-03-09T16:00:00Z", "expires": "2024-03-09T16:01:00Z",
            "bound-cidrs": ["192.0.2.0/24"],
        }))
        .unwrap()
    }

    #[test]
    fn a_batch_token_is_good_until_it_ends_and_from_where_it_is_bound_to() {
        let tokens = tokens();
        let text = tokens.seal(&"acme".into(), &facts()).unwrap();
        let text = text.expose_text().unwrap();
        let said = |address: &str, seconds: i64| {
            let now = Timestamp::from_seconds(1_710_000_000 + seconds);
            tokens.authenticate(text, Some(address.parse().unwrap()), now, &LiveTokens::default())
        };
        let caller = said("192.0.2.9", 59).unwrap().caller;
        assert_eq!((&*caller.tenant, caller.user.as_deref()), ("acme", Some("alice")));
        assert_eq!(said("192.0.2.9", 60).unwrap_err(), AuthError::Invalid(Invalid::Expired));
        assert_eq!(said("198.51.100.1", 0).unwrap_err(), AuthError::Invalid(Invalid::Address));
    }

    #[test]
    fn what_was_not_sealed_with_this_key_is_no_token() {
        let (ours, theirs) = (tokens(), tokens());
        let text = ours.seal(&"acme".into(), &facts()).unwrap();
        let text = text.expose_text().unwrap();
        assert!(ours.open(text).is_some() && theirs.open(text).is_none());
        let mut changed = text.to_owned().into_bytes();
        changed[20] ^= 1;
        assert!(ours.open(std::str::from_utf8(&changed).unwrap()).is_none());
        for text in ["", "sbb.", "sbb.AAAA", "sb.AAAA", &format!("sbb.{}", "A".repeat(LONGEST + 1))] {
            assert!(ours.open(text).is_none(), "{text}");
        }
    }
}
