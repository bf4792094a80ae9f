//! A key that somebody brought, ready to sign. The refusals are in the words of the reference and say nothing of the key.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base::secret::Secret;

const BLANK: &str = "Key must not be blank";
const NOT_RSA: &str = "Key is not a PEM formatted RSA Private Key";
const NOT_EC: &str = "Key is not a PEM formatted EC Private Key";
const SHORT_RSA: &str = "Failed to parse the private key: an RSA key has 2048 to 8192 bits";
const UNREADABLE: &str = "Failed to parse the private key: it is no key of that algorithm";
const PEM_AS_SECRET: &str = "Key is PEM, which is not taken for the secret of an HMAC";

/// A key with the algorithm that it signs by.
pub struct SigningKey {
    /// The name of the algorithm in a JWS header.
    pub algorithm: &'static str,
    parsed: Parsed,
}

enum Parsed {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ecdsa(Box<EcdsaKeyPair>),
    Mac(Box<hmac::Key>),
}

/// What an algorithm needs.
enum Needs {
    Rsa(&'static dyn RsaEncoding),
    Ecdsa(&'static EcdsaSigningAlgorithm),
    Mac(hmac::Algorithm),
}

/// The algorithms: the name that people write, the name in the header, and what it needs.
fn algorithm(name: &str) -> Option<(&'static str, Needs)> {
    Some(match name {
        "RS256" => ("RS256", Needs::Rsa(&signature::RSA_PKCS1_SHA256)),
        "RS384" => ("RS384", Needs::Rsa(&signature::RSA_PKCS1_SHA384)),
        "RS512" => ("RS512", Needs::Rsa(&signature::RSA_PKCS1_SHA512)),
        "PS256" => ("PS256", Needs::Rsa(&signature::RSA_PSS_SHA256)),
        "PS384" => ("PS384", Needs::Rsa(&signature::RSA_PSS_SHA384)),
        "PS512" => ("PS512", Needs::Rsa(&signature::RSA_PSS_SHA512)),
        "ES256" | "EC256" => ("ES256", Needs::Ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)),
        "ES384" | "EC384" => ("ES384", Needs::Ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING)),
        "ES512" | "EC512" => ("ES512", Needs::Ecdsa(&signature::ECDSA_P521_SHA512_FIXED_SIGNING)),
        "HS256" => ("HS256", Needs::Mac(hmac::HMAC_SHA256)),
        "HS384" => ("HS384", Needs::Mac(hmac::HMAC_SHA384)),
        "HS512" => ("HS512", Needs::Mac(hmac::HMAC_SHA512)),
        _ => return None,
    })
}

impl SigningKey {
    /// Reads a key.
    ///
    /// # Errors
    /// Why it is no key for that algorithm.
    pub fn read(name: &str, key: &Secret) -> Result<Self, &'static str> {
        let (algorithm, needs) = algorithm(name).ok_or("Invalid Signing Algorithm")?;
        let text = key.expose_text().ok_or(UNREADABLE)?;
        if text.trim().is_empty() {
            return Err(BLANK);
        }
        let parsed = match needs {
            Needs::Rsa(encoding) => {
                let (label, der) = private_key(text).ok_or(NOT_RSA)?;
                let pair = match label {
                    "RSA PRIVATE KEY" => RsaKeyPair::from_der(der.expose()),
                    "PRIVATE KEY" => RsaKeyPair::from_pkcs8(der.expose()),
                    _ => return Err(NOT_RSA),
                };
                let pair = pair.map_err(|_| UNREADABLE)?;
                if !(256..=1024).contains(&pair.public_modulus_len()) {
                    return Err(SHORT_RSA);
                }
                Parsed::Rsa(Box::new(pair), encoding)
            }
            Needs::Ecdsa(signing) => {
                let (label, der) = private_key(text).ok_or(NOT_EC)?;
                let pair = match label {
                    "EC PRIVATE KEY" => EcdsaKeyPair::from_private_key_der(signing, der.expose()),
                    "PRIVATE KEY" => EcdsaKeyPair::from_pkcs8(signing, der.expose()),
                    _ => return Err(NOT_EC),
                };
                Parsed::Ecdsa(Box::new(pair.map_err(|_| UNREADABLE)?))
            }
            Needs::Mac(_) if text.contains("-----BEGIN ") => return Err(PEM_AS_SECRET),
            Needs::Mac(mac) => Parsed::Mac(Box::new(hmac::Key::new(mac, key.expose()))),
        };
        Ok(SigningKey { algorithm, parsed })
    }

    /// Signs; `None` when the library fails.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.parsed {
            Parsed::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Parsed::Ecdsa(pair) => Some(pair.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec()),
            Parsed::Mac(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

/// What whoever brings a key should know of it: that the secret of an HMAC is shorter than its hash (RFC 7518
/// section 3.2). It is taken all the same.
pub fn advice(name: &str, key: &str) -> Option<String> {
    let (algorithm, Needs::Mac(mac)) = algorithm(name)? else { return None };
    let wanted = mac.digest_algorithm().output_len();
    (key.len() < wanted)
        .then(|| format!("key has {} bytes; RFC 7518 asks for {wanted} at least with {algorithm}", key.len()))
}

/// The first private key in a PEM text, with its label. Parameters of a curve may stand in front of it.
fn private_key(text: &str) -> Option<(&str, Secret)> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let (label, body) = after.split_once("-----")?;
        let (body, after) = body.split_once(&format!("-----END {label}-----"))?;
        if label.ends_with("PRIVATE KEY") {
            let packed: String = body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
            let packed = Secret::from_text(packed);
            return Some((label, Secret::new(STANDARD.decode(packed.expose()).ok()?)));
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};

    use super::*;

    fn pem(label: &str, der: &[u8]) -> Secret {
        Secret::from_text(format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            STANDARD.encode(der)
        ))
    }

    #[test]
    fn rfc7518_3_2_a_secret_that_is_shorter_than_the_hash_gets_advice() {
        for (name, length) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
            assert_eq!(advice(name, &"s".repeat(length)), None);
            assert!(advice(name, &"s".repeat(length - 1)).unwrap().contains(name));
        }
        assert_eq!(advice("RS256", "short"), None);
    }

    fn said(name: &str, key: &Secret) -> Result<&'static str, &'static str> {
        SigningKey::read(name, key).map(|key| key.algorithm)
    }

    #[test]
    fn keys_come_in_every_form_that_tools_write() {
        let ec = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let sec1: EcPrivateKeyRfc5915Der<'_> = ec.private_key().as_der().unwrap();
        let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        let sec1_pem = pem("EC PRIVATE KEY", sec1.as_ref());
        let with_parameters = Secret::from_text(format!("{parameters}{}", sec1_pem.expose_text().unwrap()));
        let pkcs8 = pem("PRIVATE KEY", ec.to_pkcs8v1().unwrap().as_ref());
        for key in [&sec1_pem, &with_parameters, &pkcs8] {
            assert_eq!(said("EC256", key), Ok("ES256"));
            assert_eq!(said("ES256", key), Ok("ES256"));
            assert_eq!(said("ES384", key), Err(UNREADABLE), "the curve is that of the algorithm");
            assert_eq!(said("HS256", key), Err(PEM_AS_SECRET));
        }
        let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        let rsa = pem("PRIVATE KEY", der.as_ref());
        assert_eq!(said("PS384", &rsa), Ok("PS384"));
        assert_eq!(said("ES256", &rsa), Err(UNREADABLE));
    }

    #[test]
    fn what_is_no_key_is_refused_in_the_words_of_the_reference() {
        let text = |text: &str| Secret::from_text(text.to_owned());
        assert_eq!(said("RS256", &text("hunter2")), Err(NOT_RSA));
        assert_eq!(
            said("EC512", &text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")),
            Err(NOT_EC)
        );
        assert_eq!(said("RS256", &pem("RSA PRIVATE KEY", b"nonsense")), Err(UNREADABLE));
        assert_eq!(said("HS256", &text(" ")), Err(BLANK));
        assert_eq!(said("none", &text("x")), Err("Invalid Signing Algorithm"));
        assert_eq!(said("HS512", &text("short")), Ok("HS512"));
    }
}
