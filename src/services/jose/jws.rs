//! JSON Web Signature in compact form (RFC 7515 section 7.1): made of prepared parts, and taken apart again.
//!
//! Not for claims: what stands in the payload is somebody else's business.

use base64::Engine as _;
use serde::Deserialize;

use super::{Algorithm, BASE64, Key, KeyError, PublicKey};

/// The longest token that is looked at, in bytes.
pub const LONGEST: usize = 128 * 1024;

/// The first segment of a token: `{"alg":..,"typ":"JWT","kid":..}` in this order, as base64url.
pub fn header_segment(algorithm: Algorithm, kid: &str) -> String {
    let kid = serde_json::Value::from(kid);
    BASE64.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT","kid":{kid}}}"#))
}

/// The same without a type: `{"alg":..,"kid":..}`.
pub fn bare_header_segment(algorithm: Algorithm, kid: &str) -> String {
    let kid = serde_json::Value::from(kid);
    BASE64.encode(format!(r#"{{"alg":"{algorithm}","kid":{kid}}}"#))
}

/// A token over `payload`, with a header segment from [`header_segment`] for the same algorithm.
///
/// # Errors
/// [`KeyError`] when the key does not do that algorithm.
pub fn sign(
    key: &Key,
    algorithm: Algorithm,
    header_segment: &str,
    payload: &[u8],
) -> Result<String, KeyError> {
    // Three segments, two dots; the longest signature is that of an RSA key.
    let mut token = String::with_capacity(header_segment.len() + payload.len() * 4 / 3 + 192);
    token.push_str(header_segment);
    token.push('.');
    BASE64.encode_string(payload, &mut token);
    let signature = key.sign(Some(algorithm), token.as_bytes())?;
    token.push('.');
    BASE64.encode_string(&signature, &mut token);
    Ok(token)
}

/// The members of a header that decide how a token is checked (RFC 7515 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Header {
    /// The algorithm, by name: also one that is unknown here.
    pub alg: String,
    /// The type.
    pub typ: Option<String>,
    /// Which key.
    pub kid: Option<String>,
    /// Extensions that must be understood; none is.
    crit: Option<serde_json::Value>,
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three segments of base64url, or a header that is not a JSON object, or longer than [`LONGEST`].
    #[error("it is not a JWS in compact form")]
    Malformed,
    /// `crit` names something that is not understood here, and nothing is.
    #[error("its header has critical extensions, none of which is understood")]
    Critical,
    /// An algorithm that is not on the list.
    #[error("its algorithm '{0}' is not allowed")]
    Algorithm(String),
    /// No key of that id.
    #[error("its key '{0}' is not known")]
    UnknownKey(String),
    /// A wrong signature, or a key of another kind than the algorithm needs.
    #[error("its signature is wrong")]
    Signature,
}

/// A token taken apart, of which nothing can be believed yet.
pub struct Unverified<'t> {
    /// What it says about itself.
    pub header: Header,
    /// The first two segments: what is signed.
    message: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`JwsError::Malformed`], [`JwsError::Critical`].
    pub fn parse(token: &'t str) -> Result<Self, JwsError> {
        if token.len() > LONGEST {
            return Err(JwsError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(JwsError::Malformed)?;
        let decode = |segment: &str| BASE64.decode(segment).map_err(|_| JwsError::Malformed);
        let signature = decode(signature)?;
        let payload = decode(payload)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| JwsError::Malformed)?;
        if header.crit.is_some() {
            return Err(JwsError::Critical);
        }
        Ok(Unverified { header, message, payload, signature })
    }

    /// Its algorithm, if that is one of the list.
    ///
    /// # Errors
    /// [`JwsError::Algorithm`].
    pub fn algorithm(&self, allowed: &[Algorithm]) -> Result<Algorithm, JwsError> {
        let known = self.header.alg.parse::<Algorithm>().ok();
        known
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or_else(|| JwsError::Algorithm(self.header.alg.chars().take(64).collect()))
    }

    /// Whether the key made its signature by that algorithm. That the algorithm fits the kind of the key is checked here.
    pub fn is_signed_by(&self, algorithm: Algorithm, key: &PublicKey) -> bool {
        key.verify(algorithm, self.message.as_bytes(), &self.signature)
    }

    /// The payload, for whoever found the signature right.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// Checks a token's signature and returns its header and payload. `allowed` is the list of acceptable algorithms;
/// `key` finds the key for a header.
///
/// # Errors
/// [`JwsError`]; nothing of the payload is looked at before the signature is found right.
pub fn verify<'k>(
    token: &str,
    allowed: &[Algorithm],
    key: impl FnOnce(&Header) -> Option<&'k PublicKey>,
) -> Result<(Header, Vec<u8>), JwsError> {
    let token = Unverified::parse(token)?;
    let algorithm = token.algorithm(allowed)?;
    let key = key(&token.header).ok_or_else(|| {
        JwsError::UnknownKey(token.header.kid.as_deref().unwrap_or_default().chars().take(64).collect())
    })?;
    if !token.is_signed_by(algorithm, key) {
        return Err(JwsError::Signature);
    }
    Ok((token.header, token.payload))
}

#[cfg(test)]
mod tests;
