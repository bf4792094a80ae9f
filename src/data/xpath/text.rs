//! Conversions between strings, numbers and values (XPath 1.0 section 4).

use std::borrow::Cow;

use crate::yang::schema::Value;

/// What XPath calls whitespace.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The text of a value; borrowed where its canonical form is a text.
pub(super) fn of_value(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        _ => match value.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(value.to_string()),
        },
    }
}

/// The number that a value is, by its text.
#[allow(clippy::cast_precision_loss)] // XPath has no other numbers
pub(super) fn number_of_value(value: &Value) -> f64 {
    match value {
        Value::Int(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        Value::Decimal(number) => number.to_f64(),
        _ => to_number(&of_value(value)),
    }
}

/// XPath 1.0 section 4.4: digits, at most one point, perhaps a minus sign and whitespace around; else not a number.
pub(super) fn to_number(text: &str) -> f64 {
    let text = text.trim_matches(SPACE);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1;
    if is_number { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// XPath 1.0 section 4.2: no exponent, no `.0`, no negative zero.
pub(super) fn from_number(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

/// XPath 1.0 section 4.4 `round()`: halves go up; not a number, the infinities and zeros stay.
pub(super) fn round(number: f64) -> f64 {
    if number.is_nan() || number.is_infinite() || number == 0.0 {
        number
    } else if (-0.5..0.0).contains(&number) {
        -0.0
    } else {
        (number + 0.5).floor()
    }
}

/// XPath 1.0 section 4.2 `substring()`: the characters whose position, counted from 1, is at least the rounded start
/// and below start plus length.
pub(super) fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let start = round(start);
    let end = length.map_or(f64::INFINITY, |length| start + round(length));
    let mut position = 0.0;
    let mut taken = String::new();
    for character in text.chars() {
        position += 1.0;
        if position >= start && position < end {
            taken.push(character);
        }
    }
    taken
}

/// XPath 1.0 section 4.2 `normalize-space()`.
pub(super) fn normalize_space(text: &str) -> String {
    let words: Vec<&str> = text.split(SPACE).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// XPath 1.0 section 4.2 `translate()`: characters of `from` become those at the same place in `to`, or go.
pub(super) fn translate(text: &str, from: &str, to: &str) -> String {
    let mut table = std::collections::HashMap::new();
    let mut replacements = to.chars();
    for character in from.chars() {
        let replacement = replacements.next();
        table.entry(character).or_insert(replacement);
    }
    text.chars().filter_map(|character| table.get(&character).copied().unwrap_or(Some(character))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xpath_4_2_numbers_print_without_exponent() {
        for (number, text) in [
            (1.0, "1"),
            (-0.0, "0"),
            (0.5, "0.5"),
            (-1.25, "-1.25"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(from_number(number), text);
        }
    }

    #[test]
    fn xpath_4_4_only_plain_decimals_are_numbers() {
        for (text, number) in [("1", 1.0), (" -1.50\n", -1.5), (".5", 0.5), ("5.", 5.0)] {
            assert_eq!(to_number(text).to_bits(), f64::to_bits(number), "{text:?}");
        }
        for text in ["", "+1", "1e3", "inf", "NaN", "- 1", "--1", "1.2.3", ".", "0x10", "1 2"] {
            assert!(to_number(text).is_nan(), "{text:?}");
        }
    }

    #[test]
    fn xpath_4_4_round_sends_halves_up() {
        for (number, rounded) in [(2.5, 3.0), (-2.5, -2.0), (-0.2, -0.0), (0.49, 0.0), (-0.5, -0.0)] {
            assert_eq!(round(number).to_bits(), f64::to_bits(rounded), "{number}");
        }
    }

    #[test]
    fn xpath_4_2_substring_examples_of_the_recommendation() {
        let nan = f64::NAN;
        let infinity = f64::INFINITY;
        assert_eq!(substring("12345", 2.0, Some(3.0)), "234");
        assert_eq!(substring("12345", 2.0, None), "2345");
        assert_eq!(substring("12345", 1.5, Some(2.6)), "234");
        assert_eq!(substring("12345", 0.0, Some(3.0)), "12");
        assert_eq!(substring("12345", nan, Some(3.0)), "");
        assert_eq!(substring("12345", 1.0, Some(nan)), "");
        assert_eq!(substring("12345", -42.0, Some(infinity)), "12345");
        assert_eq!(substring("12345", -infinity, Some(infinity)), "");
        assert_eq!(substring("äöü", 2.0, Some(1.0)), "ö");
    }

    #[test]
    fn xpath_4_2_translate_and_normalize_space() {
        assert_eq!(translate("bar", "abc", "ABC"), "BAr");
        assert_eq!(translate("--aaa--", "abc-", "ABC"), "AAA");
        assert_eq!(translate("aa", "aa", "xy"), "xx");
        assert_eq!(normalize_space("  a \t\n b\u{a0}c "), "a b\u{a0}c");
    }
}
