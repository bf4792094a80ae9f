//! The public part of a key pair: what verifiers get, and what checks signatures.
//!
//! Signatures are checked by the jsonwebtoken crate, for which ES512 is unknown; that one goes to the primitive.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine as _;
use jsonwebtoken::DecodingKey;

use super::jwk::Jwk;
use super::{Algorithm, BASE64, KeyError, KeyType, pem};

/// A public key with the forms in which it is handed out.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyType,
    /// SubjectPublicKeyInfo (RFC 5280 section 4.1).
    spki: Box<[u8]>,
    jwk: Jwk,
    decoding: DecodingKey,
}

impl PublicKey {
    /// An elliptic curve key from its uncompressed point (SEC 1 section 2.3.3): `04`, then x and y of full length.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when it is not a point of that curve.
    pub fn from_point(kind: KeyType, point: &[u8]) -> Result<Self, KeyError> {
        let (curve, algorithm) = match kind {
            KeyType::P256 => ("P-256", Algorithm::ES256),
            KeyType::P384 => ("P-384", Algorithm::ES384),
            KeyType::P521 => ("P-521", Algorithm::ES512),
            KeyType::Ed25519 | KeyType::Rsa => return Err(KeyError::Rejected),
        };
        let spki = spki(algorithm, point)?;
        let coordinates = point.strip_prefix(&[4]).ok_or(KeyError::Rejected)?;
        let (x, y) = coordinates.split_at_checked(coordinates.len() / 2).ok_or(KeyError::Rejected)?;
        let jwk = Jwk { x: Some(BASE64.encode(x)), y: Some(BASE64.encode(y)), ..Jwk::new("EC", Some(curve)) };
        Ok(PublicKey { kind, jwk, decoding: DecodingKey::from_ec_der(&spki), spki })
    }

    /// An Ed25519 key from its 32 bytes (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when there are not 32 bytes.
    pub fn from_ed25519(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != signature::ED25519_PUBLIC_KEY_LEN {
            return Err(KeyError::Rejected);
        }
        let spki = spki(Algorithm::EdDSA, bytes)?;
        let jwk = Jwk { x: Some(BASE64.encode(bytes)), ..Jwk::new("OKP", Some("Ed25519")) };
        Ok(PublicKey { kind: KeyType::Ed25519, jwk, decoding: DecodingKey::from_ed_der(bytes), spki })
    }

    /// An RSA key from modulus and exponent, both big-endian without leading zeros.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when they make no key, [`KeyError::Size`] when the modulus is shorter than 2048 bits or
    /// longer than 8192.
    pub fn from_rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let bits = bit_length(n);
        if !(2048..=8192).contains(&bits) {
            return Err(KeyError::Size { bits, expected: "2048 to 8192".to_owned() });
        }
        let der = RsaPublicKeyComponents { n, e }.as_der().map_err(|_| KeyError::Rejected)?;
        let jwk = Jwk { n: Some(BASE64.encode(n)), e: Some(BASE64.encode(e)), ..Jwk::new("RSA", None) };
        let decoding = DecodingKey::from_rsa_der(der.as_ref());
        Ok(PublicKey { kind: KeyType::Rsa, spki: der.as_ref().into(), jwk, decoding })
    }

    /// What kind of key it is.
    pub fn kind(&self) -> KeyType {
        self.kind
    }

    /// SubjectPublicKeyInfo as PEM.
    pub fn pem(&self) -> String {
        pem::encode_public_key(&self.spki)
    }

    /// SubjectPublicKeyInfo as DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key as JWK, without `kid`, `use` and `alg`.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Whether `signature` is this key's signature of `message`. An algorithm that does not fit the kind of the key is
    /// never true: the key decides, not what a token says about itself.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if algorithm.key_type() != self.kind {
            return false;
        }
        match library_algorithm(algorithm) {
            Some(known) => {
                jsonwebtoken::crypto::verify(&BASE64.encode(signature), message, &self.decoding, known)
                    .unwrap_or(false)
            }
            None => algorithm.verification().verify_sig(&self.spki, message, signature).is_ok(),
        }
    }
}

/// Checks a key and brings it into the one form in which all kinds are kept.
fn spki(algorithm: Algorithm, key: &[u8]) -> Result<Box<[u8]>, KeyError> {
    let parsed = ParsedPublicKey::new(algorithm.verification(), key).map_err(|_| KeyError::Rejected)?;
    let der = parsed.as_der().map_err(|_| KeyError::Rejected)?;
    Ok(der.as_ref().into())
}

/// The number of significant bits of a big-endian number.
pub(super) fn bit_length(number: &[u8]) -> usize {
    let significant = number.iter().skip_while(|byte| **byte == 0);
    let leading = significant.clone().next().map_or(0, |byte| byte.leading_zeros() as usize);
    significant.count() * 8 - leading
}

fn library_algorithm(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    algorithm.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_es512_is_unknown_to_the_library() {
        for algorithm in Algorithm::ALL {
            assert_eq!(library_algorithm(algorithm).is_none(), algorithm == Algorithm::ES512, "{algorithm}");
        }
    }

    #[test]
    fn points_off_the_curve_and_short_keys_are_refused() {
        let mut point = [1_u8; 65];
        point[0] = 4;
        assert_eq!(PublicKey::from_point(KeyType::P256, &point).err(), Some(KeyError::Rejected));
        assert_eq!(PublicKey::from_ed25519(&[1; 31]).err(), Some(KeyError::Rejected));
        assert!(matches!(
            PublicKey::from_rsa(&[0xff; 128], &[1, 0, 1]),
            Err(KeyError::Size { bits: 1024, .. })
        ));
    }

    #[test]
    fn bit_lengths() {
        assert_eq!(bit_length(&[]), 0);
        assert_eq!(bit_length(&[0, 0]), 0);
        assert_eq!(bit_length(&[0, 1]), 1);
        assert_eq!(bit_length(&[0x80, 0]), 16);
    }
}
