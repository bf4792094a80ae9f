//! Texts in JSON, byte for byte as serde_json writes them.
//!
//! serde_json looks at each byte of a text by itself for what has to be escaped. Here eight are looked at at once; a text with
//! such a byte in it is left to serde_json.

use serde_json::Error;

/// Whether any of eight bytes is a control character, a quotation mark or a backslash (RFC 8259 section 7).
#[inline]
fn has_special(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    // A byte below the limit borrows from its own highest bit. A byte behind one that did may be taken for smaller than it
    // is, but then there is one that is.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | equal(b'"') | equal(b'\\')) & HIGH_BITS != 0
}

/// Whether a text stands in JSON as it is.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    let has_special = |word: &[u8; 8]| has_special(u64::from_le_bytes(*word));
    match text.last_chunk() {
        // The last word is looked at in part twice, so that no byte is left over.
        Some(last) => !text.as_chunks().0.iter().any(has_special) && !has_special(last),
        None => !text.iter().any(|byte| *byte < b' ' || *byte == b'"' || *byte == b'\\'),
    }
}

/// Appends what stands between the quotation marks.
///
/// # Errors
/// None: writing to memory does not fail.
pub fn append_text(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    let quoted = serde_json::to_string(text)?;
    let inside = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    out.extend_from_slice(inside.as_bytes());
    Ok(())
}

/// Appends a text with its quotation marks.
///
/// # Errors
/// None, as [`append_text`].
#[inline]
pub fn append_quoted(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    out.reserve(text.len() + 2);
    out.push(b'"');
    append_text(text, out)?;
    out.push(b'"');
    Ok(())
}

/// Appends a text that needs no escapes with its quotation marks.
#[inline]
pub fn append_plain(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8259_7_every_byte_at_every_place_of_a_word() {
        for character in (0..=0x2ff).filter_map(char::from_u32) {
            for (place, behind) in (0..20).flat_map(|place| [(place, 0), (place, 1), (place, 9)]) {
                let text = format!("{}{character}{}", "x".repeat(place), "é".repeat(behind));
                let mut written = Vec::new();
                append_quoted(&text, &mut written).unwrap();
                assert_eq!(written, serde_json::to_vec(&text).unwrap());
            }
        }
    }
}
