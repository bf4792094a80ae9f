//! The chain: each line carries a keyed hash of itself and of the line before it.
//!
//! The key never leaves the barrier, so that somebody who can write the file cannot make the chain whole again.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A link of the chain.
pub type Link = [u8; 32];

/// What stands before the first line of a file.
pub const START: Link = [0; 32];

/// The key of the chain. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ChainKey(hmac::Key);

impl ChainKey {
    /// Makes the key from the log's sub-key of the barrier.
    pub fn new(key: &[u8]) -> Self {
        ChainKey(hmac::Key::new(hmac::HMAC_SHA256, &labelled(key, b"chain")))
    }

    /// The link behind `previous` of a line without its end. The number takes part, so that lines cannot change places.
    pub fn link(&self, previous: &Link, line: &[u8], number: u64) -> Link {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(previous);
        context.update(line);
        context.update(&number.to_be_bytes());
        let mut link = START;
        link.copy_from_slice(context.sign().as_ref());
        link
    }
}

/// The key of the hashes of tokens.
#[derive(Debug)]
pub(super) struct TokenKey(hmac::Key);

impl TokenKey {
    /// Makes the key from the log's sub-key of the barrier.
    pub fn new(key: &[u8]) -> Self {
        TokenKey(hmac::Key::new(hmac::HMAC_SHA256, &labelled(key, b"token")))
    }

    /// A keyed hash of a token, 16 bytes of it as base64url.
    pub fn hash(&self, token: &str) -> String {
        let tag = hmac::sign(&self.0, token.as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
    }
}

/// Two uses of one sub-key must not share a key.
fn labelled(key: &[u8], label: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), label).as_ref().to_vec()
}

/// Writes the end of a line: its number and its link. The line is everything before it.
pub fn write_tail(line: &mut Vec<u8>, number: u64, link: &Link) {
    let mut text = [0; 43];
    let length = URL_SAFE_NO_PAD.encode_slice(link, &mut text).unwrap_or(0);
    line.extend_from_slice(b",\"number\":");
    line.extend_from_slice(number.to_string().as_bytes());
    line.extend_from_slice(b",\"chain\":\"");
    line.extend_from_slice(text.get(..length).unwrap_or_default());
    line.extend_from_slice(b"\"}");
}

/// The first line of a file that goes on where another one ended: it names the link that it goes on from, so that the
/// file can be checked without the other.
pub(super) fn continuation(previous: &Link) -> Vec<u8> {
    [CONTINUES, URL_SAFE_NO_PAD.encode(previous).as_bytes(), b"\""].concat()
}

/// The link that a line says it goes on from, where it is a [`continuation`].
pub(super) fn continues(body: &[u8]) -> Option<Link> {
    let link = URL_SAFE_NO_PAD.decode(body.strip_prefix(CONTINUES)?.strip_suffix(b"\"")?).ok()?;
    link.try_into().ok()
}

const CONTINUES: &[u8] = b"{\"continues\":\"";

/// Takes a line apart: what the link is computed over, its number and the link that it claims.
pub fn split(line: &[u8]) -> Option<(&[u8], u64, Link)> {
    let text = std::str::from_utf8(line).ok()?;
    let (body, tail) = text.rsplit_once(",\"number\":")?;
    let (number, rest) = tail.split_once(",\"chain\":\"")?;
    let link = URL_SAFE_NO_PAD.decode(rest.strip_suffix("\"}")?).ok()?;
    Some((body.as_bytes(), number.parse().ok()?, link.try_into().ok()?))
}
