//! `string` with its restrictions (RFC 7950 section 9.4) and the texts that have a meaning of their own.

use std::sync::Arc;

use super::parse::{Found, text_of};
use super::{Format, Pattern, Ranges, Raw, TypeError};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::yang::schema::value::Value;

pub(super) fn parse(
    length: Option<&Ranges<u64>>,
    patterns: &[Arc<Pattern>],
    format: Option<Format>,
    raw: Raw<'_>,
) -> Result<Value, TypeError> {
    let text = text_of(raw, "a string")?;
    let found = Found(raw);
    // Nearly every text is of these alone, which is found out for many bytes at once: without stopping at the first other.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'));
    if !is_plain && let Some(forbidden) = text.chars().find(|c| !is_yang_character(*c)) {
        return Err(TypeError::new(format!(
            "{found} contains the character U+{:04X}, which no YANG string may hold (RFC 7950 section 9.4)",
            u32::from(forbidden)
        )));
    }
    if let Some(length) = length {
        let characters = if is_plain { text.len() } else { text.chars().count() } as u64;
        if !length.contains(characters) {
            return Err(TypeError::restricted(
                &found,
                length.message.as_ref(),
                length.app_tag.as_ref(),
                || format!("{found} has {characters} characters; allowed are {length}"),
            ));
        }
    }
    for pattern in patterns {
        if pattern.is_match(text) == pattern.inverted {
            return Err(TypeError::restricted(
                &found,
                pattern.message.as_ref(),
                pattern.app_tag.as_ref(),
                || {
                    let must = if pattern.inverted { "must not match" } else { "does not match" };
                    format!("{found} {must} the pattern '{}'", pattern.source)
                },
            ));
        }
    }
    match format {
        None => Ok(Value::string(text)),
        Some(Format::Duration) => match text.parse::<Duration>() {
            Ok(duration) => Ok(Value::string(duration.to_string())),
            Err(wrong) => Err(TypeError::new(wrong.to_string())),
        },
        Some(Format::Spelling(spelling)) => match spelling.canonical(text) {
            Some(canonical) => Ok(Value::string(canonical)),
            None => {
                Err(TypeError::new(format!("{found} has the letters of an address or prefix and is none")))
            }
        },
        Some(Format::DateAndTime) => match instant(text) {
            Some(_) => Ok(Value::string(text)),
            None => Err(TypeError::new(format!(
                "{found} is not a date and time with an offset, as in 2024-03-09T12:15:00Z"
            ))),
        },
    }
}

/// The instant of a `date-and-time`; `-00:00` is an unknown offset (RFC 3339 section 4.3) and taken for UTC.
fn instant(text: &str) -> Option<Timestamp> {
    match text.strip_suffix("-00:00") {
        Some(local) => Timestamp::parse_rfc3339(&format!("{local}Z")),
        None => Timestamp::parse_rfc3339(text),
    }
}

/// Whether a string may have a character (RFC 7950 section 9.4): tab, line feed, carriage return and the Unicode characters that
/// are neither control nor noncharacters.
pub fn is_yang_character(c: char) -> bool {
    let code = u32::from(c);
    match code {
        0x9 | 0xA | 0xD => true,
        0..=0x1F | 0xFDD0..=0xFDEF => false,
        _ => code & 0xFFFE != 0xFFFE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(format: Option<Format>, text: &str) -> Option<String> {
        parse(None, &[], format, Raw::Text(text)).ok().map(|value| value.to_string())
    }

    #[test]
    fn rfc7950_9_4_control_characters_and_noncharacters_are_refused() {
        assert!(accepts(None, "tab\t and\r\n newline").is_some());
        for text in ["\u{0}", "a\u{b}", "\u{fffe}", "\u{1ffff}", "\u{fdd0}"] {
            assert_eq!(accepts(None, text), None, "{text:?}");
        }
    }

    #[test]
    fn rfc7950_9_4_4_length_counts_characters_not_bytes() {
        let length = Ranges { parts: vec![(1, 3)], message: None, app_tag: None };
        assert!(parse(Some(&length), &[], None, Raw::Text("äöü")).is_ok());
        let refused = parse(Some(&length), &[], None, Raw::Text("äöüß")).unwrap_err();
        assert_eq!(refused.message, "'äöüß' has 4 characters; allowed are 1..3");
    }

    #[test]
    fn durations_take_their_shortest_form() {
        assert_eq!(accepts(Some(Format::Duration), "90s").as_deref(), Some("1m30s"));
        assert_eq!(accepts(Some(Format::Duration), ""), None);
    }

    #[test]
    fn a_date_that_no_calendar_has_is_refused() {
        let format = Some(Format::DateAndTime);
        assert!(accepts(format, "2024-02-29T12:00:00+01:00").is_some());
        assert!(accepts(format, "2024-02-29T12:00:00-00:00").is_some());
        assert_eq!(accepts(format, "2023-02-29T12:00:00Z"), None);
        assert_eq!(accepts(format, "2024-02-29"), None);
    }
}
