//! A set of public keys to verify with: a JWK Set of somebody else (RFC 7517 section 5), or keys without names.

use serde::Deserialize;

use super::jwk::ForeignJwk;
use super::{Algorithm, PublicKey};

/// How many keys of a set are looked at; more than any issuer publishes.
pub const MOST_KEYS: usize = 256;

/// How many keys are tried for a token that does not say which one.
const MOST_TRIED: usize = 16;

/// Public keys, each with the id and the algorithm that its publisher gave it.
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Vec<Named>,
}

#[derive(Clone)]
struct Named {
    id: Option<String>,
    /// `None`: any that fits its kind.
    algorithm: Option<Algorithm>,
    key: PublicKey,
}

/// A text is not a JWK Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a JWK Set: an object whose member 'keys' is an array of keys is expected")]
pub struct NotAKeySet;

impl KeySet {
    /// Keys without ids, every one of which is tried.
    pub fn unnamed(keys: Vec<PublicKey>) -> Self {
        let named = |key| Named { id: None, algorithm: None, key };
        KeySet { keys: keys.into_iter().map(named).collect() }
    }

    /// Reads a JWK Set. Keys for other purposes, of unknown kinds, symmetric or broken ones are left out, as RFC 7517
    /// section 5 has it: an issuer may publish what is not for us.
    ///
    /// # Errors
    /// [`NotAKeySet`].
    pub fn from_json(json: &[u8]) -> Result<Self, NotAKeySet> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_slice(json).map_err(|_| NotAKeySet)?;
        let keys = set.keys.into_iter().take(MOST_KEYS).filter_map(|key| {
            let key: ForeignJwk = serde_json::from_value(key).ok()?;
            if key.key_use.as_deref().is_some_and(|purpose| purpose != "sig") {
                return None;
            }
            let algorithm = match &key.alg {
                // A key for an algorithm that we do not know is of no use to us.
                Some(name) => Some(name.parse().ok()?),
                None => None,
            };
            Some(Named { key: key.public_key().ok()?, algorithm, id: key.kid })
        });
        Ok(KeySet { keys: keys.collect() })
    }

    /// The keys that can have signed a token with that `kid` in its header: those of that id, and all of them for a
    /// token without one. Keys that were given without ids can always have.
    pub fn candidates<'a>(
        &'a self,
        id: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a PublicKey> + 'a {
        self.keys
            .iter()
            .filter(move |key| id.is_none() || key.id.is_none() || key.id.as_deref() == id)
            .filter(move |key| key.algorithm.is_none_or(|only| only == algorithm))
            .filter(move |key| key.key.kind() == algorithm.key_type())
            .map(|key| &key.key)
            .take(MOST_TRIED)
    }

    /// Whether a key of that id is in the set; a token without an id can always be tried.
    pub fn has(&self, id: Option<&str>) -> bool {
        id.is_none_or(|id| self.keys.iter().any(|key| key.id.as_deref().is_none_or(|own| own == id)))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Cipher, Key};
    use super::*;

    fn jwk(cipher: Cipher, more: serde_json::Value) -> serde_json::Value {
        let key = Key::from_material(cipher, Key::generate(cipher).unwrap().expose()).unwrap();
        let mut jwk = serde_json::to_value(key.public_key().unwrap().unwrap().jwk()).unwrap();
        jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        jwk
    }

    #[test]
    fn rfc7517_5_keys_that_are_not_for_us_are_left_out() {
        let set = json!({"keys": [
            jwk(Cipher::EcdsaP256, json!({"kid": "a", "use": "sig", "alg": "ES256"})),
            jwk(Cipher::EcdsaP256, json!({"kid": "b", "use": "enc"})),
            jwk(Cipher::EcdsaP256, json!({"kid": "c", "alg": "ECDH-ES"})),
            {"kty": "oct", "kid": "d", "k": "AQID"},
            {"kty": "EC", "kid": "e", "crv": "P-256", "x": "AQID", "y": "AQID"},
            {"kty": "XX"}, 7,
            jwk(Cipher::Ed25519, json!({"kid": "f"})),
        ], "more": true});
        let set = KeySet::from_json(set.to_string().as_bytes()).unwrap();
        assert_eq!(format!("{set:?}"), r#"[Some("a"), Some("f")]"#);
        for text in ["", "[]", "{}", r#"{"keys":{}}"#] {
            assert_eq!(KeySet::from_json(text.as_bytes()).err(), Some(NotAKeySet), "{text}");
        }
    }

    #[test]
    fn the_id_and_the_algorithm_choose_the_key() {
        let set = json!({"keys": [
            jwk(Cipher::EcdsaP256, json!({"kid": "a"})),
            jwk(Cipher::EcdsaP256, json!({"kid": "b"})),
            jwk(Cipher::Rsa2048, json!({"kid": "r", "alg": "RS256"})),
        ]});
        let set = KeySet::from_json(set.to_string().as_bytes()).unwrap();
        assert_eq!(set.candidates(Some("a"), Algorithm::ES256).count(), 1);
        assert_eq!(set.candidates(None, Algorithm::ES256).count(), 2);
        assert_eq!(set.candidates(Some("a"), Algorithm::ES384).count(), 0);
        assert_eq!(set.candidates(Some("r"), Algorithm::PS256).count(), 0, "the key is for RS256");
        assert_eq!(set.candidates(Some("x"), Algorithm::ES256).count(), 0);
        assert!(set.has(Some("a")) && set.has(None) && !set.has(Some("x")));
    }
}
