//! JSON Object Signing and Encryption, as far as tokens need it: keys (RFC 7517), algorithms (RFC 7518, RFC 8037) and
//! signatures in compact form (RFC 7515). Pure: bytes in, bytes out.
//!
//! Never here: a clock, a random choice other than key material and signatures, a YANG node, an issuer's rules.

pub mod cipher;
pub mod algorithm;
pub mod pem;
pub mod public_key;
pub mod spki;
pub mod jwk;
pub mod key_set;
pub mod key;
pub mod jws;

pub use algorithm::Algorithm;
pub use cipher::{Cipher, KeyType};
pub use key::{Key, KeyError};
pub use key_set::KeySet;
pub use public_key::PublicKey;

/// Base64url without padding (RFC 7515 section 2), the only alphabet of this folder.
pub(crate) const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;
