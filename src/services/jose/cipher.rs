//! The ciphers of transit keys: one table says what each is made of and what it can do.
//!
//! Not for algorithms: which signature a JWT bears is [`super::Algorithm`]'s business; the two meet in [`KeyType`].

use std::fmt;
use std::str::FromStr;

use super::Algorithm;

/// What a transit key is. The names are those of the leaf `cipher`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521.
    EcdsaP521,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
    /// AES-256 in Galois/Counter mode with a nonce of 96 bits.
    Aes256Gcm96,
    /// ChaCha20-Poly1305 (RFC 8439).
    Chacha20Poly1305,
}

/// What material a key consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Material {
    /// A key pair; its private part is kept as PKCS#8.
    Pair(KeyType),
    /// Random bytes for message authentication, as many as the hash puts out (RFC 7518 section 3.2).
    Mac {
        /// How many.
        bytes: usize,
    },
    /// Random bytes for encryption.
    Encryption {
        /// How many.
        bytes: usize,
    },
}

/// The kind of a key pair, which decides the signature algorithms that it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 to 8192 bits.
    Rsa,
}

const TABLE: [(Cipher, &str, Material); 12] = [
    (Cipher::EcdsaP256, "ecdsa-p256", Material::Pair(KeyType::P256)),
    (Cipher::EcdsaP384, "ecdsa-p384", Material::Pair(KeyType::P384)),
    (Cipher::EcdsaP521, "ecdsa-p521", Material::Pair(KeyType::P521)),
    (Cipher::Rsa2048, "rsa-2048", Material::Pair(KeyType::Rsa)),
    (Cipher::Rsa3072, "rsa-3072", Material::Pair(KeyType::Rsa)),
    (Cipher::Rsa4096, "rsa-4096", Material::Pair(KeyType::Rsa)),
    (Cipher::Ed25519, "ed25519", Material::Pair(KeyType::Ed25519)),
    (Cipher::HmacSha256, "hmac-sha256", Material::Mac { bytes: 32 }),
    (Cipher::HmacSha384, "hmac-sha384", Material::Mac { bytes: 48 }),
    (Cipher::HmacSha512, "hmac-sha512", Material::Mac { bytes: 64 }),
    (Cipher::Aes256Gcm96, "aes256-gcm96", Material::Encryption { bytes: 32 }),
    (Cipher::Chacha20Poly1305, "chacha20-poly1305", Material::Encryption { bytes: 32 }),
];

impl Cipher {
    /// Every cipher, in the order of the table.
    pub fn all() -> impl Iterator<Item = Cipher> {
        TABLE.iter().map(|(cipher, _, _)| *cipher)
    }

    fn row(self) -> &'static (Cipher, &'static str, Material) {
        // The table has the order of the enumeration; a test holds it to that.
        &TABLE[self as usize]
    }

    /// Its name, as the model has it.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// What it is made of.
    pub fn material(self) -> Material {
        self.row().2
    }

    /// The kind of key pair; `None` for symmetric ciphers.
    pub fn key_type(self) -> Option<KeyType> {
        match self.material() {
            Material::Pair(kind) => Some(kind),
            Material::Mac { .. } | Material::Encryption { .. } => None,
        }
    }

    /// The signature algorithms that it can do, the usual one first; empty for symmetric ciphers.
    pub fn algorithms(self) -> &'static [Algorithm] {
        self.key_type().map_or(&[], KeyType::algorithms)
    }

    /// The length of the modulus in bits that an RSA key of this cipher has.
    pub fn modulus_bits(self) -> Option<usize> {
        match self {
            Cipher::Rsa2048 => Some(2048),
            Cipher::Rsa3072 => Some(3072),
            Cipher::Rsa4096 => Some(4096),
            _ => None,
        }
    }
}

impl KeyType {
    /// The signature algorithms of such keys, the usual one first.
    pub fn algorithms(self) -> &'static [Algorithm] {
        match self {
            KeyType::P256 => &[Algorithm::ES256],
            KeyType::P384 => &[Algorithm::ES384],
            KeyType::P521 => &[Algorithm::ES512],
            KeyType::Ed25519 => &[Algorithm::EdDSA],
            KeyType::Rsa => &[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
        }
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No cipher has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no cipher '{found}'")]
pub struct UnknownCipher {
    /// The text as it was given.
    pub found: String,
}

impl FromStr for Cipher {
    type Err = UnknownCipher;

    fn from_str(text: &str) -> Result<Self, UnknownCipher> {
        TABLE
            .iter()
            .find(|(_, name, _)| *name == text)
            .map(|(cipher, _, _)| *cipher)
            .ok_or_else(|| UnknownCipher { found: text.chars().take(64).collect() })
    }
}

impl<'de> serde::Deserialize<'de> for Cipher {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_order_of_the_enumeration() {
        for (index, (cipher, name, _)) in TABLE.iter().enumerate() {
            assert_eq!(*cipher as usize, index);
            assert_eq!(name.parse::<Cipher>(), Ok(*cipher));
            assert_eq!(cipher.as_str(), *name);
        }
        assert!("ecdsa-p257".parse::<Cipher>().is_err());
    }

    #[test]
    fn ciphers_and_algorithms_agree_about_each_other() {
        for cipher in Cipher::all() {
            for algorithm in Algorithm::ALL {
                let fits = cipher.key_type() == Some(algorithm.key_type());
                assert_eq!(cipher.algorithms().contains(&algorithm), fits, "{cipher} {algorithm}");
            }
        }
        assert_eq!(Cipher::Rsa4096.algorithms().first(), Some(&Algorithm::RS256));
        assert!(Cipher::HmacSha256.algorithms().is_empty());
    }
}
