//! The service's view of its part of the model: plain structs, filled from data and turned into data.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::secret::Secret;
use crate::services::jose::{Algorithm, Cipher, jwk};

/// An entry of `/strongbox/transit-keys`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TransitKey {
    /// Its name.
    pub name: String,
    /// What it is.
    pub cipher: Cipher,
    /// The material may be exported.
    #[serde(default)]
    pub exportable: bool,
    /// The key may be deleted.
    #[serde(default)]
    pub deletion_allowed: bool,
    /// After how long a new version is made; absent or zero: never.
    #[serde(default)]
    pub auto_rotate_period: Option<Duration>,
    /// The version that signs; absent only before the first one was made.
    #[serde(default)]
    pub active_version: Option<u32>,
    /// When the active version was made.
    #[serde(default)]
    pub last_rotation: Option<Timestamp>,
    /// All versions that there still are.
    #[serde(default)]
    pub versions: Vec<KeyVersion>,
}

/// An entry of `versions`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyVersion {
    /// 1 for the first; the `kid` of a JWT.
    pub version: u32,
    /// When it was made.
    pub creation_time: Timestamp,
    /// When a newer one took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_time: Option<Timestamp>,
    /// SubjectPublicKeyInfo as PEM; absent for symmetric keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// The public key as JWK; absent for symmetric keys.
    #[serde(default, skip_serializing_if = "PublicJwk::is_empty")]
    pub jwk: PublicJwk,
    /// PKCS#8, or the octets of a symmetric key.
    pub private_key: Octets,
}

/// The public members of a JWK, as they are stored and published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublicJwk {
    /// Key type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kty: Option<String>,
    /// Curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// Coordinate or public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Modulus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Exponent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

impl PublicJwk {
    /// Whether there is no key in it.
    pub fn is_empty(&self) -> bool {
        self.kty.is_none()
    }
}

impl From<&jwk::Jwk> for PublicJwk {
    fn from(jwk: &jwk::Jwk) -> Self {
        PublicJwk {
            kty: Some(jwk.kty.to_owned()),
            crv: jwk.crv.map(str::to_owned),
            x: jwk.x.clone(),
            y: jwk.y.clone(),
            n: jwk.n.clone(),
            e: jwk.e.clone(),
        }
    }
}

/// Bytes of a `binary` leaf; may be secret, so they are wiped and never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Octets(pub Secret);

impl Serialize for Octets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0.expose()))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Octets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes or base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Octets, E> {
                STANDARD
                    .decode(text)
                    .map(|bytes| Octets(Secret::new(bytes)))
                    .map_err(|_| E::custom("not base64"))
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Octets, E> {
                Ok(Octets(Secret::new(bytes)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Octets, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(Octets(Secret::new(bytes)))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// Output of `rotate` and `import`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionOutput {
    /// The new version.
    pub version: u32,
}

/// Input of `sign`.
#[derive(Debug, Deserialize)]
pub struct SignInput {
    /// What to sign.
    pub input: Octets,
    /// Absent: the usual one of the cipher.
    #[serde(default)]
    pub algorithm: Option<Algorithm>,
    /// Absent: the active one.
    #[serde(default)]
    pub version: Option<u32>,
}

/// Output of `sign`.
#[derive(Debug, Serialize)]
pub struct SignOutput {
    /// The signature.
    pub signature: Octets,
    /// The version that made it.
    pub version: u32,
}

/// Input of `verify`.
#[derive(Debug, Deserialize)]
pub struct VerifyInput {
    /// What was signed.
    pub input: Octets,
    /// The signature.
    pub signature: Octets,
    /// Absent: the usual one of the cipher.
    #[serde(default)]
    pub algorithm: Option<Algorithm>,
    /// Absent: any.
    #[serde(default)]
    pub version: Option<u32>,
}

/// Output of `verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyOutput {
    /// Whether a version of the key made it.
    pub valid: bool,
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// Input of `import`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImportInput {
    /// PKCS#8 as PEM, or a JWK.
    pub private_key: String,
}

/// Input of `trim`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct TrimInput {
    /// Versions smaller than this one go.
    pub before: u32,
}

/// Output of `trim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrimOutput {
    /// The versions that are gone.
    pub removed: Vec<u32>,
}
