//! Public keys as other people keep them: SubjectPublicKeyInfo and X.509 certificates (RFC 5280 sections 4.1 and 4.1.2.7),
//! in PEM.
//!
//! Of a certificate only the key is taken. Whoever writes a key into the configuration vouches for it, so neither its
//! dates nor its issuer are looked at.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{KeyError, KeyType, PublicKey};

/// Contents of the AlgorithmIdentifier of each kind of key.
const P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
const P521: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23";
const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Every key in a text of one or more `PUBLIC KEY` and `CERTIFICATE` blocks.
///
/// # Errors
/// One sentence that names the block; the whole text is refused when one block is.
pub fn public_keys_from_pem(text: &str) -> Result<Vec<PublicKey>, String> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once("-----BEGIN ") {
        let broken =
            || "a '-----BEGIN ...-----' line has no '-----END ...-----' line that goes with it".to_owned();
        let (label, block) = block.split_once("-----").ok_or_else(broken)?;
        let (body, after) = block.split_once(&format!("-----END {label}-----")).ok_or_else(broken)?;
        rest = after;
        let packed: String = body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
        let der =
            STANDARD.decode(packed).map_err(|_| format!("the text of a '{}' is not base64", short(label)))?;
        let key = match label {
            "PUBLIC KEY" => public_key(&der),
            "CERTIFICATE" => key_of_certificate(&der).ok_or(KeyError::Rejected).and_then(public_key),
            _ => {
                return Err(format!(
                    "it is PEM of '{}'; a 'PUBLIC KEY' or a 'CERTIFICATE' is expected",
                    short(label)
                ));
            }
        };
        keys.push(key.map_err(|error| format!("the key of a '{label}' cannot be used: {error}"))?);
    }
    if keys.is_empty() {
        return Err("it is not PEM: a line '-----BEGIN PUBLIC KEY-----' is expected".to_owned());
    }
    Ok(keys)
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The key in a SubjectPublicKeyInfo.
///
/// # Errors
/// [`KeyError`] when it is no key of a kind that signs, or one that is too short.
pub fn public_key(der: &[u8]) -> Result<PublicKey, KeyError> {
    let parts = || {
        let (info, _) = Reader(der).read(SEQUENCE)?;
        let (algorithm, rest) = Reader(info).read(SEQUENCE)?;
        let (bits, _) = rest.read(BIT_STRING)?;
        Some((algorithm, bits.strip_prefix(&[0])?))
    };
    let (algorithm, key) = parts().ok_or(KeyError::Rejected)?;
    match algorithm {
        P256 => PublicKey::from_point(KeyType::P256, key),
        P384 => PublicKey::from_point(KeyType::P384, key),
        P521 => PublicKey::from_point(KeyType::P521, key),
        ED25519 => PublicKey::from_ed25519(key),
        RSA => {
            let numbers = || {
                let (numbers, _) = Reader(key).read(SEQUENCE)?;
                let (n, rest) = Reader(numbers).read(INTEGER)?;
                let (e, _) = rest.read(INTEGER)?;
                Some((positive(n), positive(e)))
            };
            let (n, e) = numbers().ok_or(KeyError::Rejected)?;
            PublicKey::from_rsa(n, e)
        }
        _ => Err(KeyError::Rejected),
    }
}

/// DER writes a zero in front of a number whose first bit is set.
fn positive(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

/// The SubjectPublicKeyInfo of a certificate, header included.
fn key_of_certificate(der: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = Reader(der).read(SEQUENCE)?;
    let (fields, _) = Reader(certificate).read(SEQUENCE)?;
    let mut at = Reader(fields);
    if let Some((_, rest)) = at.read(VERSION) {
        at = rest;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        at = at.read(tag)?.1;
    }
    let (_, rest) = at.read(SEQUENCE)?;
    at.0.get(..at.0.len() - rest.0.len())
}

/// What is left of some DER (X.690 section 10).
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The contents of the next value, which has to have that tag, and what follows it.
    fn read(self, tag: u8) -> Option<(&'a [u8], Reader<'a>)> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        (found == tag).then_some((contents, Reader(rest)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Cipher, Key};
    use super::*;

    /// A self-signed certificate of the P-256 key that follows it, made with openssl for this test.
    const CERTIFICATE: &str = include_str!("testdata/certificate.pem");

    #[test]
    fn every_kind_of_key_is_read_from_the_pem_that_we_write() {
        for cipher in
            [Cipher::EcdsaP256, Cipher::EcdsaP384, Cipher::EcdsaP521, Cipher::Ed25519, Cipher::Rsa2048]
        {
            let key = Key::from_material(cipher, Key::generate(cipher).unwrap().expose()).unwrap();
            let public = key.public_key().unwrap().unwrap();
            let read = public_keys_from_pem(&public.pem()).unwrap();
            assert_eq!(read.first().unwrap().jwk(), public.jwk());
        }
    }

    #[test]
    fn a_certificate_stands_for_its_key_and_several_blocks_for_several_keys() {
        let keys = public_keys_from_pem(CERTIFICATE).unwrap();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0].jwk(), keys[1].jwk());
    }

    #[test]
    fn other_blocks_and_broken_frames_are_named() {
        for (text, said) in [
            ("", "not PEM"),
            ("-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----", "PEM of 'PRIVATE KEY'"),
            ("-----BEGIN PUBLIC KEY-----\nAQID", "no '-----END"),
            ("-----BEGIN PUBLIC KEY-----\nA*ID\n-----END PUBLIC KEY-----", "not base64"),
            ("-----BEGIN PUBLIC KEY-----\nAQID\n-----END PUBLIC KEY-----", "cannot be used"),
            ("-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----", "cannot be used"),
        ] {
            let error = public_keys_from_pem(text).err().unwrap();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = public_key(&bytes);
            let _ = key_of_certificate(&bytes);
        }
    }
}
