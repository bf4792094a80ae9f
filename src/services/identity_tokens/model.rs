//! The service's view of its part of the model.

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::services::jose::{Algorithm, Cipher};
use crate::services::transit::model::{Octets, PublicJwk};

/// An entry of `oidc/keys`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NamedKey {
    /// Its name.
    pub name: Ident,
    /// By what it signs.
    pub algorithm: Algorithm,
    /// How long each key signs.
    pub rotation_period: Duration,
    /// How long a key stays published after that.
    pub verification_ttl: Duration,
    /// Client ids of roles that it may sign for.
    #[serde(default)]
    pub allowed_client_ids: Vec<Ident>,
    /// The kid of the key that signs.
    #[serde(default)]
    pub signing_key: Option<Ident>,
    /// The kid of the next one.
    #[serde(default)]
    pub next_key: Option<Ident>,
    /// When the signing key began to sign.
    #[serde(default)]
    pub last_rotation: Option<Timestamp>,
    /// All of its keys.
    #[serde(default)]
    pub ring: Vec<RingKey>,
}

/// An entry of `ring`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RingKey {
    /// Its id.
    pub kid: Ident,
    /// By what it signs.
    pub algorithm: Algorithm,
    /// When it was made.
    pub creation_time: Timestamp,
    /// Until when it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The public part.
    #[serde(default)]
    pub jwk: PublicJwk,
    /// The private part, as long as it may still sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<Octets>,
}

/// An entry of `oidc/roles`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Role {
    /// Its name.
    pub name: Ident,
    /// The key that signs.
    pub key: Ident,
    /// Further claims.
    #[serde(default)]
    pub template: String,
    /// The audience of its tokens.
    #[serde(default)]
    pub client_id: String,
    /// How long they are valid.
    pub ttl: Duration,
}

/// Output of `token`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TokenOutput {
    /// The token; absent when it was only tried whether there would be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Its audience.
    pub client_id: String,
    /// What the role says of its life.
    pub ttl: Duration,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// What is not as it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Input of `rotate`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct RotateInput {
    /// Instead of the key's own.
    pub verification_ttl: Option<Duration>,
}

/// Input of `introspect`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IntrospectInput {
    /// The token.
    pub token: String,
    /// The audience that it must have.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// Output of `introspect`.
#[derive(Debug, Serialize)]
pub struct IntrospectOutput {
    /// It is one of ours, and still good.
    pub active: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Input of the public documents.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DocumentInput {
    /// Whose.
    pub tenant: Option<Ident>,
}

/// Output of the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DocumentOutput {
    /// JSON.
    pub document: String,
    /// How long it may be kept, in seconds; `None`: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
}

/// What a key of an algorithm is made as.
pub fn cipher_of(algorithm: Algorithm) -> Cipher {
    match algorithm {
        Algorithm::ES256 => Cipher::EcdsaP256,
        Algorithm::ES384 => Cipher::EcdsaP384,
        Algorithm::ES512 => Cipher::EcdsaP521,
        Algorithm::EdDSA => Cipher::Ed25519,
        _ => Cipher::Rsa2048,
    }
}
