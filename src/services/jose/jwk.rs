//! JSON Web Keys (RFC 7517; members of RFC 7518 section 6 and RFC 8037 section 2): public ones out, public and private
//! ones in.

use std::fmt;

use base64::Engine as _;
use serde::{Deserialize, Serialize};

use super::{BASE64, KeyError, KeyType, PublicKey};
use crate::base::secret::Secret;

/// The public members of a key, without those that say what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// `EC`, `OKP` or `RSA`.
    pub kty: &'static str,
    /// The curve, for `EC` and `OKP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<&'static str>,
    /// x coordinate with as many octets as the field has, or the Ed25519 key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// y coordinate, of the same length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Modulus, without leading zeros.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Public exponent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

impl Jwk {
    pub(super) fn new(kty: &'static str, crv: Option<&'static str>) -> Self {
        Jwk { kty, crv, x: None, y: None, n: None, e: None }
    }
}

/// A key as somebody else wrote it. Unknown members are ignored (RFC 7517 section 4); a member that stands twice is
/// refused.
#[derive(Debug, Deserialize)]
pub struct ForeignJwk {
    /// `EC`, `OKP`, `RSA` or `oct`.
    pub kty: String,
    /// Key id.
    pub kid: Option<String>,
    /// The algorithm that it is meant for.
    pub alg: Option<String>,
    /// `sig` or `enc`.
    #[serde(rename = "use")]
    pub key_use: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<Hidden>,
    p: Option<Hidden>,
    q: Option<Hidden>,
    dp: Option<Hidden>,
    dq: Option<Hidden>,
    qi: Option<Hidden>,
    k: Option<Hidden>,
}

/// The private members of a key.
pub enum PrivateParts {
    /// The scalar, as long as the curve's order, beside the uncompressed public point.
    Ec {
        /// Which curve.
        kind: KeyType,
        /// Private scalar.
        d: Secret,
        /// Public point.
        point: Vec<u8>,
    },
    /// Seed and public key of Ed25519.
    Ed25519 {
        /// 32 octets.
        seed: Secret,
        /// 32 octets.
        public: Vec<u8>,
    },
    /// RSA with two primes and the members of the Chinese remainder theorem.
    Rsa {
        /// Modulus.
        n: Vec<u8>,
        /// Public exponent.
        e: Vec<u8>,
        /// `d`, `p`, `q`, `dp`, `dq`, `qi`.
        private: Box<[Secret; 6]>,
    },
    /// A symmetric key.
    Octets(Secret),
}

/// Octets of one coordinate of a curve.
fn field_octets(kind: KeyType) -> usize {
    match kind {
        KeyType::P256 => 32,
        KeyType::P384 => 48,
        KeyType::P521 => 66,
        KeyType::Ed25519 | KeyType::Rsa => 0,
    }
}

impl ForeignJwk {
    /// The public key.
    ///
    /// # Errors
    /// [`KeyError`] names the member that is missing or wrong.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        match self.kty.as_str() {
            "EC" => {
                let kind = self.curve()?;
                PublicKey::from_point(kind, &self.point(kind)?)
            }
            "OKP" => PublicKey::from_ed25519(&self.ed25519()?),
            "RSA" => PublicKey::from_rsa(&number("n", &self.n)?, &number("e", &self.e)?),
            other => Err(KeyError::Member {
                name: "kty",
                problem: format!("'{}' has no public part", short(other)),
            }),
        }
    }

    /// The private key.
    ///
    /// # Errors
    /// [`KeyError`] names the member that is missing or wrong, never its value.
    pub fn private_parts(&self) -> Result<PrivateParts, KeyError> {
        match self.kty.as_str() {
            "EC" => {
                let kind = self.curve()?;
                let d = secret("d", &self.d)?;
                if d.expose().len() != field_octets(kind) {
                    return Err(length("d", d.expose().len(), field_octets(kind)));
                }
                Ok(PrivateParts::Ec { kind, d, point: self.point(kind)? })
            }
            "OKP" => {
                let seed = secret("d", &self.d)?;
                if seed.expose().len() != 32 {
                    return Err(length("d", seed.expose().len(), 32));
                }
                Ok(PrivateParts::Ed25519 { seed, public: self.ed25519()? })
            }
            "RSA" => Ok(PrivateParts::Rsa {
                n: number("n", &self.n)?,
                e: number("e", &self.e)?,
                private: Box::new([
                    secret("d", &self.d)?,
                    secret("p", &self.p)?,
                    secret("q", &self.q)?,
                    secret("dp", &self.dp)?,
                    secret("dq", &self.dq)?,
                    secret("qi", &self.qi)?,
                ]),
            }),
            "oct" => Ok(PrivateParts::Octets(secret("k", &self.k)?)),
            other => Err(KeyError::Member {
                name: "kty",
                problem: format!("'{}' is none of EC, OKP, RSA and oct", short(other)),
            }),
        }
    }

    fn curve(&self) -> Result<KeyType, KeyError> {
        match self.crv.as_deref() {
            Some("P-256") => Ok(KeyType::P256),
            Some("P-384") => Ok(KeyType::P384),
            Some("P-521") => Ok(KeyType::P521),
            Some(other) => Err(KeyError::Member {
                name: "crv",
                problem: format!("'{}' is none of P-256, P-384 and P-521", short(other)),
            }),
            None => Err(KeyError::Missing("crv")),
        }
    }

    fn point(&self, kind: KeyType) -> Result<Vec<u8>, KeyError> {
        let mut point = vec![4];
        for (name, member) in [("x", &self.x), ("y", &self.y)] {
            let coordinate = octets(name, member)?;
            if coordinate.len() != field_octets(kind) {
                return Err(length(name, coordinate.len(), field_octets(kind)));
            }
            point.extend_from_slice(&coordinate);
        }
        Ok(point)
    }

    fn ed25519(&self) -> Result<Vec<u8>, KeyError> {
        match self.crv.as_deref() {
            Some("Ed25519") => {}
            Some(other) => {
                return Err(KeyError::Member {
                    name: "crv",
                    problem: format!("'{}' is not Ed25519", short(other)),
                });
            }
            None => return Err(KeyError::Missing("crv")),
        }
        let key = octets("x", &self.x)?;
        if key.len() == 32 { Ok(key) } else { Err(length("x", key.len(), 32)) }
    }
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

fn length(name: &'static str, found: usize, expected: usize) -> KeyError {
    KeyError::Member { name, problem: format!("it has {found} octets, {expected} are expected") }
}

fn octets(name: &'static str, member: &Option<String>) -> Result<Vec<u8>, KeyError> {
    let text = member.as_deref().ok_or(KeyError::Missing(name))?;
    BASE64
        .decode(text)
        .map_err(|_| KeyError::Member { name, problem: "it is not base64url without padding".to_owned() })
}

/// A Base64urlUInt (RFC 7518 section 2): not empty, no leading zero octet.
fn number(name: &'static str, member: &Option<String>) -> Result<Vec<u8>, KeyError> {
    let bytes = octets(name, member)?;
    match bytes.first() {
        Some(first) if *first != 0 => Ok(bytes),
        _ => Err(KeyError::Member { name, problem: "it is empty or begins with a zero octet".to_owned() }),
    }
}

fn secret(name: &'static str, member: &Option<Hidden>) -> Result<Secret, KeyError> {
    let Hidden(text) = member.as_ref().ok_or(KeyError::Missing(name))?;
    BASE64
        .decode(text.expose())
        .map(Secret::new)
        .map_err(|_| KeyError::Member { name, problem: "it is not base64url without padding".to_owned() })
}

/// The text of a private member.
struct Hidden(Secret);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Hidden(Secret::from_text(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_private_jwk_shows_no_private_member() {
        let jwk: ForeignJwk = serde_json::from_str(r#"{"kty":"oct","k":"c2VjcmV0"}"#).unwrap();
        assert!(!format!("{jwk:?}").contains("c2Vj"));
    }

    #[test]
    fn rfc7517_4_unknown_members_are_ignored_and_double_ones_refused() {
        assert!(serde_json::from_str::<ForeignJwk>(r#"{"kty":"oct","k":"AA","x5t":"q"}"#).is_ok());
        assert!(serde_json::from_str::<ForeignJwk>(r#"{"kty":"oct","k":"AA","k":"AQ"}"#).is_err());
    }

    #[test]
    fn rfc7518_6_2_1_2_short_coordinates_are_refused() {
        let jwk: ForeignJwk =
            serde_json::from_str(r#"{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}"#).unwrap();
        let error = jwk.public_key().err().unwrap();
        assert_eq!(error.to_string(), "member 'x' of the JWK is wrong: it has 1 octets, 32 are expected");
    }
}
