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

    /// The link behind `previous` of a line without its own link.
    pub fn link(&self, previous: &Link, line: &[u8]) -> Link {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(previous);
        context.update(line);
        let mut link = START;
        link.copy_from_slice(context.sign().as_ref());
        link
    }
}

/// A keyed hash of a token, 16 bytes of it as base64url.
pub(super) fn token_hash(key: &[u8], token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &labelled(key, b"token"));
    let tag = hmac::sign(&key, token.as_bytes());
    URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
}

/// Two uses of one sub-key must not share a key.
fn labelled(key: &[u8], label: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), label).as_ref().to_vec()
}

/// The end of a line: its number and its link. The line is everything before it.
pub fn tail(number: u64, link: &Link) -> String {
    format!(",\"number\":{number},\"chain\":\"{}\"}}", URL_SAFE_NO_PAD.encode(link))
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

/// What the link of a line is computed over: the line and its number, so that lines cannot change places.
pub fn covered(body: &[u8], number: u64) -> Vec<u8> {
    let mut covered = body.to_vec();
    covered.extend_from_slice(&number.to_be_bytes());
    covered
}
