//! The keys behind a named key: how they are made, take turns, and are published.
//!
//! One signs; the next one is published before it signs, so that a verifier that keeps the key set knows it already; those
//! that have ceased to sign stay published until the tokens that they signed have ended.

use std::sync::Arc;

use super::model::{NamedKey, RingKey, cipher_of};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::Data;
use crate::data::violation::Violation;
use crate::services::jose::{Algorithm, Key, KeyError, PublicKey, jws};
use crate::services::transit::model::{Octets, PublicJwk};
use crate::yang::schema::{NodeId, Schema, Value};

/// Where named keys are in the model.
pub const KEYS: &str = "/strongbox/identity/oidc/keys";

/// The nodes of a named key that change.
#[derive(Clone, Copy, Debug)]
pub struct Nodes {
    /// `signing-key`
    pub signing_key: NodeId,
    /// `next-key`
    pub next_key: NodeId,
    /// `last-rotation`
    pub last_rotation: NodeId,
    /// `ring`
    pub ring: NodeId,
    /// `ring/expires`
    pub expires: NodeId,
    /// `ring/private-key`
    pub private_key: NodeId,
}

impl Nodes {
    /// Finds them; `None` for a model without identity tokens.
    pub fn find(schema: &Schema) -> Option<Self> {
        let node = |name: &str| schema.find(&format!("{KEYS}/{name}"));
        Some(Nodes {
            signing_key: node("signing-key")?,
            next_key: node("next-key")?,
            last_rotation: node("last-rotation")?,
            ring: node("ring")?,
            expires: node("ring/expires")?,
            private_key: node("ring/private-key")?,
        })
    }
}

/// Makes a key. RSA takes its time: not for a thread that others wait on.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn make(algorithm: Algorithm, now: Timestamp) -> Result<RingKey, KeyError> {
    let cipher = cipher_of(algorithm);
    let material = Key::generate(cipher)?;
    let public = Key::from_material(cipher, material.expose())?.public_key()?;
    Ok(RingKey {
        kid: Ident::from(uuid::Uuid::new_v4().to_string()),
        algorithm,
        creation_time: now,
        expires: None,
        jwk: public.map(|public| PublicJwk::from(public.jwk())).unwrap_or_default(),
        private_key: Some(Octets(material)),
    })
}

/// The edits after which `signing` signs and `next` is the next; either may be in the ring already, and what is neither of
/// them and has no end yet, ends `ttl` from now. What has ended is taken out.
///
/// # Errors
/// When the model does not fit.
pub fn turn(
    schema: &Schema,
    nodes: &Nodes,
    path: &InstancePath,
    key: &NamedKey,
    (signing, next): (&RingKey, &RingKey),
    (now, ttl): (Timestamp, Duration),
) -> Result<Vec<Edit>, Vec<Violation>> {
    let entry = |kid: &str| path.child(nodes.ring).entry([Value::string(kid)]);
    let replace = |path: InstancePath, data: Data| Edit::new(path, EditOperation::Replace, data);
    let mut edits = Vec::new();
    for fresh in [signing, next] {
        if !key.ring.iter().any(|known| known.kid == fresh.kid) {
            edits.push(Edit::new(
                entry(&fresh.kid),
                EditOperation::Create,
                from_serde(schema, nodes.ring, fresh)?,
            ));
        }
    }
    for old in key.ring.iter().filter(|known| known.kid != signing.kid && known.kid != next.kid) {
        let has_signed = key.signing_key.as_ref() == Some(&old.kid);
        let end = match old.expires {
            Some(end) => end,
            // A next key that never signed need not be published any longer.
            None if !has_signed => now,
            None => now.plus_seconds(i64::try_from(ttl.seconds()).unwrap_or(i64::MAX)),
        };
        if end <= now {
            edits.push(Edit::without_value(entry(&old.kid), EditOperation::Remove));
        } else if old.expires.is_none() {
            let expires = from_serde(schema, nodes.expires, &end)?;
            edits.push(replace(entry(&old.kid).child(nodes.expires), expires));
            let private = entry(&old.kid).child(nodes.private_key);
            edits.push(Edit::without_value(private, EditOperation::Remove));
        }
    }
    let leaf = |text: &str| Data::Leaf(Value::string(text));
    edits.push(replace(path.child(nodes.signing_key), leaf(&signing.kid)));
    edits.push(replace(path.child(nodes.next_key), leaf(&next.kid)));
    edits.push(replace(path.child(nodes.last_rotation), from_serde(schema, nodes.last_rotation, &now)?));
    Ok(edits)
}

/// A named key as it is used.
pub struct Ring {
    /// How long each key signs.
    pub rotation_period: Duration,
    /// How long a key stays published after that.
    pub verification_ttl: Duration,
    /// Client ids of roles that it may sign for.
    pub allowed_client_ids: Vec<Ident>,
    /// When the signing key is to be followed by the next one.
    pub next_rotation: Option<Timestamp>,
    signer: Option<Signer>,
    published: Vec<Published>,
}

/// The key that signs.
pub struct Signer {
    key: Arc<Key>,
    algorithm: Algorithm,
    /// The first segment of every token.
    header: String,
}

/// A key that others verify with.
pub struct Published {
    /// Its id.
    pub kid: Ident,
    /// By what it signs.
    pub algorithm: Algorithm,
    /// Its public part, for the key set.
    pub jwk: PublicJwk,
    expires: Option<Timestamp>,
    public: Option<PublicKey>,
}

impl Ring {
    /// Takes the keys of an entry.
    ///
    /// # Errors
    /// [`KeyError`] when stored material is no key.
    pub fn new(entry: NamedKey) -> Result<Self, KeyError> {
        let mut signer = None;
        let mut published = Vec::with_capacity(entry.ring.len());
        for key in entry.ring {
            let cipher = cipher_of(key.algorithm);
            let parsed = match &key.private_key {
                Some(material) => Some(Key::from_material(cipher, material.0.expose())?),
                None => None,
            };
            let public = match &parsed {
                Some(parsed) => parsed.public_key()?,
                None => public_of(&key.jwk),
            };
            if Some(&key.kid) == entry.signing_key.as_ref()
                && let Some(parsed) = parsed
            {
                let header = jws::bare_header_segment(key.algorithm, &key.kid);
                signer = Some(Signer { key: Arc::new(parsed), algorithm: key.algorithm, header });
            }
            published.push(Published {
                kid: key.kid,
                algorithm: key.algorithm,
                jwk: key.jwk,
                expires: key.expires,
                public,
            });
        }
        Ok(Ring {
            next_rotation: next_rotation(entry.rotation_period, entry.last_rotation),
            rotation_period: entry.rotation_period,
            verification_ttl: entry.verification_ttl,
            allowed_client_ids: entry.allowed_client_ids,
            signer,
            published,
        })
    }

    /// The key that signs; `None` where the entry has no keys yet.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// The keys that are published at a time.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &Published> {
        self.published.iter().filter(move |key| key.expires.is_none_or(|end| end > now))
    }

    /// Whether it signs for a client id.
    pub fn allows(&self, client_id: &str) -> bool {
        self.allowed_client_ids.iter().any(|allowed| *allowed == "*" || *allowed == client_id)
    }
}

impl Signer {
    /// A token with these claims.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the primitive fails.
    pub fn sign(&self, payload: &[u8]) -> Result<String, KeyError> {
        jws::sign(&self.key, self.algorithm, &self.header, payload)
    }
}

impl Published {
    /// Whether it made the signature of a token.
    pub fn has_signed(&self, token: &jws::Unverified<'_>) -> bool {
        self.public.as_ref().is_some_and(|public| token.is_signed_by(self.algorithm, public))
    }
}

fn public_of(jwk: &PublicJwk) -> Option<PublicKey> {
    let jwk = serde_json::to_value(jwk).ok()?;
    let jwk: crate::services::jose::jwk::ForeignJwk = serde_json::from_value(jwk).ok()?;
    jwk.public_key().ok()
}

/// When a key is to be followed by the next one.
pub fn next_rotation(period: Duration, last: Option<Timestamp>) -> Option<Timestamp> {
    Some(last?.plus_seconds(i64::try_from(period.seconds()).unwrap_or(i64::MAX)))
}
