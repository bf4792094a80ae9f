//! Batch tokens: tokens that are kept nowhere. Their text is what is known of them, sealed with a key that only the open
//! store gives.
//!
//! So they cost no commit, and can be neither refreshed nor revoked, nor counted: they end when their time is over, with the
//! token that made them or the mount through which they were obtained, and all of them when the seal key is replaced by that
//! of another store.

mod packed;

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use self::packed::Packed;
use super::facts::TokenFacts;
use super::live::LiveTokens;
use super::live::{Use, is_within, parse_network};
use super::mounts::LiveMounts;
use super::{AuthError, Invalid};
use crate::base::cipher::{Cipher, NONCE_LEN};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::base::json;
use crate::base::secret::{RandomError, Secret};
use crate::engine::caller::{Caller, Ends, Mount};

/// What every batch token begins with.
pub const BATCH_MARK: &str = "sbb.";

/// For which purpose the store derives the key.
pub const KEY_LABEL: &str = "batch tokens";

/// The longest token that is looked at, in bytes: headers are not longer either.
const LONGEST: usize = 16 * 1024;

/// Most tokens carry less, in bytes.
const ORDINARY: usize = 512;

/// Seals and opens batch tokens.
pub struct BatchTokens(Cipher);

/// What a token carries.
#[derive(Debug)]
pub struct Sealed {
    /// Whose token it is.
    pub tenant: Ident,
    /// The accessor of the mount through which it was obtained.
    mount_accessor: Option<Ident>,
    /// What is known of it.
    pub facts: TokenFacts,
}

/// What batch tokens end with, as of now.
#[derive(Clone, Copy, Debug)]
pub struct Alive<'a> {
    /// Tokens that are kept.
    pub tokens: &'a LiveTokens,
    /// Mounts of log-in methods.
    pub mounts: &'a LiveMounts,
}

impl Alive<'_> {
    /// Whether a batch token of a tenant is still good.
    ///
    /// # Errors
    /// Why not.
    pub fn check(self, tenant: &str, ends: &Ends, now: Timestamp) -> Result<(), Invalid> {
        if ends.at <= now {
            return Err(Invalid::Expired);
        }
        let has_parent = ends.parent.as_deref().is_none_or(|parent| self.tokens.is_alive(parent, now));
        let has_mount = ends.mount.as_ref().is_none_or(|mount| self.mounts.has(tenant, mount));
        if has_parent && has_mount { Ok(()) } else { Err(Invalid::Revoked) }
    }
}

impl Sealed {
    /// What it ends with. One without an end was never made, and has ended.
    fn ends(&mut self) -> Ends {
        let mount = self.facts.mount.clone().zip(self.mount_accessor.take());
        Ends {
            at: self.facts.expires.unwrap_or(Timestamp(i64::MIN)),
            parent: self.facts.parent.clone(),
            mount: mount.map(|(path, accessor)| Mount { path, accessor }),
        }
    }
}

impl BatchTokens {
    /// With a key of 32 bytes.
    ///
    /// # Errors
    /// When the key has another length.
    pub fn new(key: &Secret) -> Result<Self, RandomError> {
        Cipher::new(key.expose()).map(BatchTokens).map_err(|_| RandomError)
    }

    /// Whether a text is meant as a batch token.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(BATCH_MARK)
    }

    /// The text of a token; `mount_accessor` is that of the mount through which it is obtained. What batch tokens never have
    /// is left out of the facts: an accessor, uses, a source, whatever is for refreshing.
    ///
    /// # Errors
    /// When no random numbers can be had.
    pub fn seal(
        &self,
        tenant: &Ident,
        facts: &TokenFacts,
        mount_accessor: Option<Ident>,
    ) -> Result<Secret, RandomError> {
        let mut sealed = Vec::with_capacity(ORDINARY);
        let content = Packed::new(tenant, facts, mount_accessor);
        json::append(&content, &mut sealed).map_err(|_| RandomError)?;
        let (nonce, tag) = self.0.seal(KEY_LABEL.as_bytes(), &mut sealed)?;
        sealed.extend_from_slice(tag.as_ref());
        sealed.extend_from_slice(&nonce);
        let mut text = String::with_capacity(BATCH_MARK.len() + sealed.len() * 4 / 3 + 4);
        text.push_str(BATCH_MARK);
        URL_SAFE_NO_PAD.encode_string(&sealed, &mut text);
        Ok(Secret::from_text(text))
    }

    /// Whose token it is and what is known of it; `None` for what was not sealed here. Whether it is valid is another
    /// question.
    pub fn open(&self, text: &str) -> Option<Sealed> {
        let packed = text.strip_prefix(BATCH_MARK).filter(|text| text.len() <= LONGEST)?;
        let mut sealed = URL_SAFE_NO_PAD.decode(packed).ok()?;
        let nonce = *sealed.last_chunk::<NONCE_LEN>()?;
        sealed.truncate(sealed.len() - NONCE_LEN);
        let plain = self.0.open(KEY_LABEL.as_bytes(), nonce, &mut sealed).ok()?;
        serde_json::from_slice::<Packed>(plain).ok().map(Sealed::from)
    }

    /// Whether the text of a token is that of one that is still good, wherever it may be used.
    pub fn is_alive(&self, text: &str, now: Timestamp, alive: Alive<'_>) -> bool {
        self.open(text).is_some_and(|mut token| {
            let ends = token.ends();
            alive.check(&token.tenant, &ends, now).is_ok()
        })
    }

    /// Checks what a client sent.
    ///
    /// # Errors
    /// [`AuthError::Invalid`].
    pub fn authenticate(
        &self,
        text: &str,
        address: Option<IpAddr>,
        now: Timestamp,
        alive: Alive<'_>,
    ) -> Result<Use, AuthError> {
        let mut token = self.open(text).ok_or(AuthError::Invalid(Invalid::Unknown))?;
        let ends = token.ends();
        alive.check(&token.tenant, &ends, now).map_err(AuthError::Invalid)?;
        let Sealed { tenant, facts, .. } = token;
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
            ends: Some(ends),
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
        let text = tokens.seal(&"acme".into(), &facts(), None).unwrap();
        let text = text.expose_text().unwrap();
        let said = |address: &str, seconds: i64| {
            let now = Timestamp::from_seconds(1_710_000_000 + seconds);
            let (kept, mounts) = (LiveTokens::default(), LiveMounts::default());
            let alive = Alive { tokens: &kept, mounts: &mounts };
            tokens.authenticate(text, Some(address.parse().unwrap()), now, alive)
        };
        let caller = said("192.0.2.9", 59).unwrap().caller;
        assert_eq!((&*caller.tenant, caller.user.as_deref()), ("acme", Some("alice")));
        assert_eq!(said("192.0.2.9", 60).unwrap_err(), AuthError::Invalid(Invalid::Expired));
        assert_eq!(said("198.51.100.1", 0).unwrap_err(), AuthError::Invalid(Invalid::Address));
    }

    #[test]
    fn a_batch_token_carries_whatever_is_known_of_one() {
        let facts: TokenFacts = serde_json::from_value(serde_json::json!({
            "accessor": "", "user": "alice", "entity": "e1", "display-name": "jwt-alice", "method": "jwt",
            "policies": ["dev", "ops"], "creation-time": "2024-03-09T16:00:00.000001Z",
            "expires": "2024-03-09T16:01:00.000001Z", "max-expires": "2024-03-09T17:00:00Z", "ttl": "1m",
            "explicit-max-ttl": "1h", "period": "2m", "renewable": false, "bound-cidrs": ["192.0.2.0/24"],
            "parent": "p1", "path-suffix": "ci", "mount": "jwt", "metadata": [{"name": "b", "value": "2"},
            {"name": "a", "value": "1"}],
        }))
        .unwrap();
        // Every member but those that only kept tokens have.
        let members = serde_json::to_value(&facts).unwrap().as_object().unwrap().len();
        assert_eq!(members, 18);
        let tokens = tokens();
        let text = tokens.seal(&"acme".into(), &facts, Some("m1".into())).unwrap();
        let Sealed { tenant, mount_accessor, facts: opened } =
            tokens.open(text.expose_text().unwrap()).unwrap();
        assert_eq!((&*tenant, mount_accessor.as_deref(), opened), ("acme", Some("m1"), facts));
    }

    #[test]
    fn what_was_not_sealed_with_this_key_is_no_token() {
        let (ours, theirs) = (tokens(), tokens());
        let text = ours.seal(&"acme".into(), &facts(), None).unwrap();
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
