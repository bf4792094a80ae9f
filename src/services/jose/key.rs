//! Key material: made, brought in from outside, parsed once and then signed with.
//!
//! Material is what is stored: PKCS#8 (RFC 5208) for key pairs, the octets themselves for symmetric keys. A [`Key`] is
//! the parsed form; parsing costs more than a signature, so whoever signs often keeps it.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair, RsaPublicKeyComponents};
use aws_lc_rs::{hmac, rsa};
use p256::elliptic_curve::Generate as _;
use p256::pkcs8::EncodePrivateKey as _;

use super::algorithm::ecdsa_signing;
use super::cipher::Material;
use super::jwk::{ForeignJwk, PrivateParts};
use super::pem::{self, PemError};
use super::public_key::bit_length;
use super::{Algorithm, Cipher, KeyType, PublicKey};
use crate::base::secret::{RandomError, Secret};

/// A key, parsed and ready.
pub struct Key {
    cipher: Cipher,
    parsed: Parsed,
}

enum Parsed {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
    Mac(Box<hmac::Key>),
    /// Nothing here encrypts; the material was only measured.
    Encryption,
}

/// Why material is not a key, or a key cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are no key of that kind.
    #[error("it is not a valid key of that cipher")]
    Rejected,
    /// A modulus or symmetric key of another length.
    #[error("it has {bits} bits, {expected} are expected")]
    Size {
        /// Its length in bits.
        bits: usize,
        /// What is allowed.
        expected: String,
    },
    /// A JWK lacks a member.
    #[error("member '{0}' of the JWK is missing")]
    Missing(&'static str),
    /// A JWK has a member that cannot be used.
    #[error("member '{name}' of the JWK is wrong: {problem}")]
    Member {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Not JSON, or not an object with the members of a JWK.
    #[error("it begins like a JWK and is none: {0}")]
    Jwk(String),
    /// Not PEM of an unencrypted PKCS#8 key.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A key of another kind was brought.
    #[error("it is not a key of cipher {expected}")]
    WrongKind {
        /// The cipher that is wanted.
        expected: Cipher,
    },
    /// The algorithm and the cipher do not go together.
    #[error("a key of cipher {cipher} does not sign with {algorithm}; it does {}", listed(*.cipher))]
    Unfit {
        /// The key's cipher.
        cipher: Cipher,
        /// What was asked for.
        algorithm: Algorithm,
    },
    /// The cipher neither signs nor authenticates.
    #[error("a key of cipher {0} encrypts; it does not sign")]
    CannotSign(Cipher),
    /// The primitive failed.
    #[error("the cryptographic library failed")]
    Library,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

fn listed(cipher: Cipher) -> String {
    match cipher.algorithms() {
        [] => "no signature algorithm".to_owned(),
        known => known.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>().join(", "),
    }
}

impl Key {
    /// Fresh material for a key of that cipher. RSA takes seconds at its longest: not for a thread that others wait on.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(cipher: Cipher) -> Result<Secret, KeyError> {
        let kind = match cipher.material() {
            Material::Mac { bytes } | Material::Encryption { bytes } => return Ok(Secret::random(bytes)?),
            Material::Pair(kind) => kind,
        };
        match kind {
            KeyType::P256 => {
                let secret = p256::SecretKey::try_generate().map_err(|_| KeyError::Random(RandomError))?;
                secret.to_pkcs8_der().map(|der| Secret::new(der.as_bytes())).map_err(|_| KeyError::Library)
            }
            KeyType::P384 | KeyType::P521 => {
                let algorithm = ecdsa_signing(kind).ok_or(KeyError::Rejected)?;
                ecdsa_material(&EcdsaKeyPair::generate(algorithm).map_err(|_| KeyError::Library)?)
            }
            KeyType::Ed25519 => ed25519_material(&Ed25519KeyPair::generate().map_err(|_| KeyError::Library)?),
            KeyType::Rsa => {
                let size = match cipher {
                    Cipher::Rsa3072 => KeySize::Rsa3072,
                    Cipher::Rsa4096 => KeySize::Rsa4096,
                    _ => KeySize::Rsa2048,
                };
                rsa_material(&rsa::KeyPair::generate(size).map_err(|_| KeyError::Library)?)
            }
        }
    }

    /// Parses stored material.
    ///
    /// # Errors
    /// [`KeyError`] when the bytes are no key of that cipher.
    pub fn from_material(cipher: Cipher, material: &[u8]) -> Result<Self, KeyError> {
        let parsed = match cipher.material() {
            Material::Mac { bytes } => {
                measure(material, bytes)?;
                let algorithm = match cipher {
                    Cipher::HmacSha384 => hmac::HMAC_SHA384,
                    Cipher::HmacSha512 => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                Parsed::Mac(Box::new(hmac::Key::new(algorithm, material)))
            }
            Material::Encryption { bytes } => {
                measure(material, bytes)?;
                Parsed::Encryption
            }
            Material::Pair(KeyType::Ed25519) => {
                Parsed::Ed25519(Ed25519KeyPair::from_pkcs8(material).map_err(|_| KeyError::Rejected)?)
            }
            Material::Pair(KeyType::Rsa) => {
                let pair = RsaKeyPair::from_pkcs8(material).map_err(|_| KeyError::Rejected)?;
                let bits = modulus_bits(&pair);
                if cipher.modulus_bits() != Some(bits) {
                    let expected = cipher.modulus_bits().map_or_else(String::new, |bits| bits.to_string());
                    return Err(KeyError::Size { bits, expected });
                }
                Parsed::Rsa(Box::new(pair))
            }
            Material::Pair(kind) => {
                let algorithm = ecdsa_signing(kind).ok_or(KeyError::Rejected)?;
                Parsed::Ecdsa(EcdsaKeyPair::from_pkcs8(algorithm, material).map_err(|_| KeyError::Rejected)?)
            }
        };
        Ok(Key { cipher, parsed })
    }

    /// Reads a private key from outside, PKCS#8 as PEM or a JWK, and returns it as material for storing.
    ///
    /// # Errors
    /// [`KeyError`] says what is wrong with it; the text itself is never in the message.
    pub fn import(cipher: Cipher, text: &str) -> Result<Secret, KeyError> {
        if text.trim_start().starts_with('{') {
            // The reader's own message can quote the input; only its place is passed on.
            let jwk: ForeignJwk = serde_json::from_str(text)
                .map_err(|error| KeyError::Jwk(format!("line {} column {}", error.line(), error.column())))?;
            return import_jwk(cipher, &jwk);
        }
        let der = pem::decode_private_key(text)?;
        // Parsed and written again, so that what is stored has one form whatever tool wrote the input.
        let material = match Key::from_material(cipher, der.expose()) {
            Ok(Key { parsed: Parsed::Ecdsa(pair), .. }) => ecdsa_material(&pair)?,
            Ok(Key { parsed: Parsed::Ed25519(pair), .. }) => ed25519_material(&pair)?,
            Ok(Key { parsed: Parsed::Rsa(pair), .. }) => rsa_material(&pair)?,
            Ok(_) | Err(KeyError::Rejected) => return Err(KeyError::WrongKind { expected: cipher }),
            Err(other) => return Err(other),
        };
        Ok(material)
    }

    /// What it is.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The public part; `None` for symmetric keys.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the primitive fails on a key that it parsed.
    pub fn public_key(&self) -> Result<Option<PublicKey>, KeyError> {
        match &self.parsed {
            Parsed::Ecdsa(pair) => {
                let kind = self.cipher.key_type().ok_or(KeyError::Library)?;
                PublicKey::from_point(kind, pair.public_key().as_ref()).map(Some)
            }
            Parsed::Ed25519(pair) => PublicKey::from_ed25519(pair.public_key().as_ref()).map(Some),
            Parsed::Rsa(pair) => {
                let public = pair.public_key();
                PublicKey::from_rsa(
                    public.modulus().big_endian_without_leading_zero(),
                    public.exponent().big_endian_without_leading_zero(),
                )
                .map(Some)
            }
            Parsed::Mac(_) | Parsed::Encryption => Ok(None),
        }
    }

    /// Signs. ECDSA signatures are `r` and `s` side by side (RFC 7518 section 3.4). Without an algorithm it is the
    /// cipher's usual one; a symmetric key authenticates with its own hash and takes none.
    ///
    /// # Errors
    /// [`KeyError::Unfit`] or [`KeyError::CannotSign`] when the cipher cannot do it.
    pub fn sign(&self, algorithm: Option<Algorithm>, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        if let Some(algorithm) = algorithm
            && Some(algorithm.key_type()) != self.cipher.key_type()
        {
            return Err(KeyError::Unfit { cipher: self.cipher, algorithm });
        }
        match &self.parsed {
            Parsed::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Library)?;
                Ok(signature.as_ref().to_vec())
            }
            Parsed::Ed25519(pair) => {
                let signature = pair.try_sign(message).map_err(|_| KeyError::Library)?;
                Ok(signature.as_ref().to_vec())
            }
            Parsed::Rsa(pair) => {
                let algorithm = algorithm.unwrap_or(Algorithm::RS256);
                let encoding = algorithm.rsa_encoding().ok_or(KeyError::Library)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| KeyError::Library)?;
                Ok(signature)
            }
            Parsed::Mac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Parsed::Encryption => Err(KeyError::CannotSign(self.cipher)),
        }
    }

    /// Whether `signature` is what [`Key::sign`] could have made of `message`. A symmetric key compares in constant time.
    ///
    /// # Errors
    /// As [`Key::sign`]; a wrong signature is no error.
    pub fn verify(
        &self,
        algorithm: Option<Algorithm>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, KeyError> {
        if let Some(algorithm) = algorithm
            && Some(algorithm.key_type()) != self.cipher.key_type()
        {
            return Err(KeyError::Unfit { cipher: self.cipher, algorithm });
        }
        if let Parsed::Mac(key) = &self.parsed {
            return Ok(hmac::verify(key, message, signature).is_ok());
        }
        match (self.public_key()?, algorithm.or_else(|| self.cipher.algorithms().first().copied())) {
            (Some(public), Some(algorithm)) => Ok(public.verify(algorithm, message, signature)),
            _ => Err(KeyError::CannotSign(self.cipher)),
        }
    }
}

fn import_jwk(cipher: Cipher, jwk: &ForeignJwk) -> Result<Secret, KeyError> {
    let wrong = || KeyError::WrongKind { expected: cipher };
    let material = match (cipher.material(), jwk.private_parts()?) {
        (Material::Pair(wanted), PrivateParts::Ec { kind, d, point }) if wanted == kind => {
            let algorithm = ecdsa_signing(kind).ok_or_else(wrong)?;
            let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, d.expose(), &point)
                .map_err(|_| KeyError::Rejected)?;
            ecdsa_material(&pair)?
        }
        (Material::Pair(KeyType::Ed25519), PrivateParts::Ed25519 { seed, public }) => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed.expose(), &public)
                .map_err(|_| KeyError::Rejected)?;
            ed25519_material(&pair)?
        }
        (Material::Pair(KeyType::Rsa), PrivateParts::Rsa { n, e, private }) => {
            let [d, p, q, dp, dq, qi] = private.as_ref();
            let pair = RsaKeyPair::from_components(&rsa::KeyPairComponents {
                public_key: RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() },
                d: d.expose(),
                p: p.expose(),
                q: q.expose(),
                dP: dp.expose(),
                dQ: dq.expose(),
                qInv: qi.expose(),
            })
            .map_err(|_| KeyError::Rejected)?;
            rsa_material(&pair)?
        }
        (Material::Mac { .. } | Material::Encryption { .. }, PrivateParts::Octets(octets)) => octets,
        _ => return Err(wrong()),
    };
    // Also holds the length of a modulus or symmetric key against the cipher.
    Key::from_material(cipher, material.expose())?;
    Ok(material)
}

fn measure(material: &[u8], bytes: usize) -> Result<(), KeyError> {
    if material.len() == bytes {
        Ok(())
    } else {
        Err(KeyError::Size { bits: material.len() * 8, expected: (bytes * 8).to_string() })
    }
}

fn modulus_bits(pair: &RsaKeyPair) -> usize {
    bit_length(pair.public_key().modulus().big_endian_without_leading_zero())
}

fn ecdsa_material(pair: &EcdsaKeyPair) -> Result<Secret, KeyError> {
    pair.to_pkcs8v1().map(|der| Secret::new(der.as_ref())).map_err(|_| KeyError::Library)
}

fn ed25519_material(pair: &Ed25519KeyPair) -> Result<Secret, KeyError> {
    pair.to_pkcs8v1().map(|der| Secret::new(der.as_ref())).map_err(|_| KeyError::Library)
}

fn rsa_material(pair: &RsaKeyPair) -> Result<Secret, KeyError> {
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Library)?;
    Ok(Secret::new(der.as_ref()))
}

#[cfg(test)]
pub(crate) mod tests;
