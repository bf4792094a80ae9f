//! Textual encoding of keys (RFC 7468): `-----BEGIN PUBLIC KEY-----` out, `-----BEGIN PRIVATE KEY-----` in.
//!
//! Only the two labels that this product speaks. Other labels are named in the refusal, so that somebody who brings a
//! PKCS#1 or an encrypted key learns how to convert it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base::secret::Secret;

/// A SubjectPublicKeyInfo (RFC 5280 section 4.1) as PEM, lines of 64 characters, with a final newline.
pub fn encode_public_key(spki: &[u8]) -> String {
    let body = STANDARD.encode(spki);
    let mut out = String::with_capacity(body.len() + body.len() / 64 + 60);
    out.push_str("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str("-----END PUBLIC KEY-----\n");
    out
}

/// Why a text is not a private key in PEM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No `-----BEGIN ...-----` line, or no end line that goes with it.
    #[error(
        "it is not PEM: a line '-----BEGIN PRIVATE KEY-----' and one '-----END PRIVATE KEY-----' are expected"
    )]
    Frame,
    /// PEM of something else.
    #[error(
        "it is PEM of '{0}'; a 'PRIVATE KEY' is expected (PKCS#8, not encrypted; \
         'openssl pkcs8 -topk8 -nocrypt' converts others)"
    )]
    Label(String),
    /// The text between the lines is not base64.
    #[error("the text between the BEGIN and END lines is not base64")]
    Base64,
}

/// The PKCS#8 document (RFC 5208) inside a PEM text. Text before and after the one key is ignored, as RFC 7468
/// section 2 has it.
///
/// # Errors
/// [`PemError`] when it is not PEM of an unencrypted PKCS#8 key.
pub fn decode_private_key(text: &str) -> Result<Secret, PemError> {
    const BEGIN: &str = "-----BEGIN ";
    let (_, after) = text.split_once(BEGIN).ok_or(PemError::Frame)?;
    let (label, body) = after.split_once("-----").ok_or(PemError::Frame)?;
    if label != "PRIVATE KEY" {
        return Err(PemError::Label(label.chars().take(64).collect()));
    }
    let (body, _) = body.split_once("-----END PRIVATE KEY-----").ok_or(PemError::Frame)?;
    let packed = Secret::from_text(body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect());
    STANDARD.decode(packed.expose()).map(Secret::new).map_err(|_| PemError::Base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7468_2_lines_have_64_characters() {
        let pem = encode_public_key(&[7; 91]);
        let lines: Vec<&str> = pem.lines().collect();
        assert_eq!(lines.first(), Some(&"-----BEGIN PUBLIC KEY-----"));
        assert_eq!(lines.last(), Some(&"-----END PUBLIC KEY-----"));
        assert!(lines[1..lines.len() - 2].iter().all(|line| line.len() == 64));
    }

    #[test]
    fn text_around_the_key_and_line_breaks_do_not_matter() {
        let text = "Bag\n-----BEGIN PRIVATE KEY-----\r\nAQ\n ID\n-----END PRIVATE KEY-----\n# end";
        assert_eq!(decode_private_key(text).unwrap().expose(), [1, 2, 3]);
    }

    #[test]
    fn other_labels_are_named_and_broken_frames_are_refused() {
        let rsa = "-----BEGIN RSA PRIVATE KEY-----\nAQID\n-----END RSA PRIVATE KEY-----";
        assert_eq!(decode_private_key(rsa), Err(PemError::Label("RSA PRIVATE KEY".into())));
        for text in ["", "AQID", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nAQID"] {
            assert_eq!(decode_private_key(text), Err(PemError::Frame), "{text}");
        }
        let wrong = "-----BEGIN PRIVATE KEY-----\nA*ID\n-----END PRIVATE KEY-----";
        assert_eq!(decode_private_key(wrong), Err(PemError::Base64));
    }
}
