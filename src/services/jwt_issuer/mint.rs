//! From a granted request to a token. Everything that does not change from one request to the next is prepared once.
//!
//! Pure but for the signature: the time is a parameter, and whether the request is allowed was decided in
//! [`super::rules`].

use std::sync::Arc;

use super::model::MintOutput;
use super::rules::Granted;
use crate::base::clock::Timestamp;
use crate::services::jose::{Algorithm, Key, KeyError, jws};

/// One key version under one issuer, ready to sign with one algorithm.
pub struct Signer {
    key: Arc<Key>,
    algorithm: Algorithm,
    issuer: String,
    kid: String,
    /// The first segment of every token.
    header: String,
    /// The payload up to the value of `sub`.
    opening: Vec<u8>,
}

impl Signer {
    /// Prepares a signer. `version` is the version of the key and becomes the `kid`; without `algorithm` it is the usual
    /// one of the key's cipher.
    ///
    /// # Errors
    /// [`KeyError`] when key and algorithm do not go together, or the key does not sign.
    pub fn new(
        key: Arc<Key>,
        version: u32,
        algorithm: Option<Algorithm>,
        issuer: &str,
    ) -> Result<Self, KeyError> {
        let cipher = key.cipher();
        let usual = || cipher.algorithms().first().copied().ok_or(KeyError::CannotSign(cipher));
        let algorithm = algorithm.map_or_else(usual, Ok)?;
        if !cipher.algorithms().contains(&algorithm) {
            return Err(KeyError::Unfit { cipher, algorithm });
        }
        let kid = version.to_string();
        let mut opening = b"{\"iss\":".to_vec();
        write_string(&mut opening, issuer);
        opening.extend_from_slice(b",\"sub\":");
        let header = jws::header_segment(algorithm, &kid);
        Ok(Signer { key, algorithm, issuer: issuer.to_owned(), kid, header, opening })
    }

    /// Signs a token for what was granted, issued `now`.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the primitive fails.
    pub fn mint(&self, granted: Granted, now: Timestamp) -> Result<MintOutput, KeyError> {
        let issued = now.seconds();
        let lifetime = i64::try_from(granted.ttl.seconds()).unwrap_or(i64::MAX);
        let expires = issued.saturating_add(lifetime);
        let payload = self.payload(&granted, issued, expires);
        let jwt = jws::sign(&self.key, self.algorithm, &self.header, &payload)?;
        Ok(MintOutput {
            jwt,
            kid: self.kid.clone(),
            issuer: self.issuer.clone(),
            subject: granted.subject,
            audiences: granted.audiences,
            expires: Timestamp::from_seconds(expires).rfc3339(),
        })
    }

    /// The claims in their order: iss, sub, aud, iat, exp, fixed claims, extra claims. `aud` is an array also for one
    /// audience; without any the claim is left out, since an empty one would be a token for nobody (RFC 7519 section
    /// 4.1.3).
    fn payload(&self, granted: &Granted, issued: i64, expires: i64) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(&self.opening);
        write_string(&mut out, &granted.subject);
        if !granted.audiences.is_empty() {
            out.extend_from_slice(b",\"aud\":[");
            for (index, audience) in granted.audiences.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(&mut out, audience);
            }
            out.push(b']');
        }
        out.extend_from_slice(format!(",\"iat\":{issued},\"exp\":{expires}").as_bytes());
        for (name, value) in &granted.fixed {
            write_name(&mut out, name);
            write_string(&mut out, value);
        }
        for claim in &granted.extra {
            write_name(&mut out, &claim.name);
            out.extend_from_slice(claim.json.as_bytes());
        }
        out.push(b'}');
        out
    }
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    out.push(b',');
    write_string(out, name);
    out.push(b':');
}

fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing a string to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests;
