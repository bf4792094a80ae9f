//! `binary` (RFC 7950 section 9.8): base64 (RFC 4648 section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::parse::{Found, text_of};
use super::{Ranges, Raw, TypeError};
use crate::yang::schema::value::Value;

pub(super) fn parse(length: Option<&Ranges<u64>>, raw: Raw<'_>) -> Result<Value, TypeError> {
    let text = text_of(raw, "base64")?;
    let found = Found(raw);
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let decoded = if text.contains(is_blank) {
        STANDARD.decode(text.replace(is_blank, ""))
    } else {
        STANDARD.decode(text)
    };
    let Ok(octets) = decoded else {
        return Err(TypeError::new(format!("{found} is not base64 (RFC 4648 section 4)")));
    };
    let count = octets.len() as u64;
    match length {
        Some(length) if !length.contains(count) => {
            Err(TypeError::restricted(&found, length.message.as_ref(), length.app_tag.as_ref(), || {
                format!("{found} has {count} octets; allowed are {length}")
            }))
        }
        _ => Ok(Value::binary(octets)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7950_9_8_2_octets_are_counted_after_decoding() {
        let length = Ranges { parts: vec![(2, 2)], message: None, app_tag: None };
        assert_eq!(parse(Some(&length), Raw::Text("aGk=")).unwrap().to_string(), "aGk=");
        assert_eq!(parse(Some(&length), Raw::Text(" aG\nk=\n")).unwrap().to_string(), "aGk=");
        assert_eq!(
            parse(Some(&length), Raw::Text("aGlo")).unwrap_err().message,
            "'aGlo' has 3 octets; allowed are 2"
        );
    }

    #[test]
    fn rfc7950_9_8_what_is_no_base64() {
        for text in ["a", "aGk", "aG_=", "aGk=x", "=", "aGl="] {
            assert!(parse(None, Raw::Text(text)).is_err(), "{text}");
        }
        assert!(parse(None, Raw::Uint(5)).is_err());
    }
}
