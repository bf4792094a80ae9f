//! A secret id: its text, what is kept of it, and under which name.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::access::authenticate::TokenHash;
use crate::base::secret::{RandomError, Secret};

/// What every secret id begins with, for scanners that look for leaked secrets.
pub const MARK: &str = "sbs.";

/// 192 bits: a plain hash of it needs neither salt nor work.
const RANDOM_BYTES: usize = 24;

/// Makes a secret id.
///
/// # Errors
/// When the operating system's generator fails.
pub fn generate() -> Result<Secret, RandomError> {
    let mut text = String::from(MARK);
    URL_SAFE_NO_PAD.encode_string(Secret::random(RANDOM_BYTES)?.expose(), &mut text);
    Ok(Secret::from_text(text))
}

/// What is kept of a secret id.
pub fn hash(secret: &Secret) -> TokenHash {
    hashed(b"", secret)
}

/// Its public name: 24 hexadecimal digits that follow from it by another hash than the one that is kept.
pub fn accessor(secret: &Secret) -> String {
    let TokenHash(bytes) = hashed(b"accessor of ", secret);
    bytes.iter().take(12).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hashed(label: &[u8], secret: &Secret) -> TokenHash {
    let labelled = Secret::new([label, secret.expose()].concat());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, labelled.expose()).as_ref());
    TokenHash(hash)
}

/// Whether two hashes are equal, in a time that tells nothing of them.
pub fn same(stored: TokenHash, given: TokenHash) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(&stored.0, &given.0).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accessor_follows_from_the_secret_and_is_no_part_of_its_hash() {
        let secret = generate().unwrap();
        let text = secret.expose_text().unwrap();
        assert!(text.starts_with("sbs.") && text.len() == 36, "{text}");
        let accessor = accessor(&secret);
        assert_eq!(accessor.len(), 24);
        let hex: String = hash(&secret).0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!hex.contains(&accessor) && !text.contains(&accessor));
        assert!(same(hash(&secret), hash(&Secret::new(text.as_bytes()))));
        assert!(!same(hash(&secret), hash(&generate().unwrap())));
    }
}
