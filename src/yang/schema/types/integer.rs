//! `int8` to `int64` and `uint8` to `uint64` (RFC 7950 section 9.2).

use super::parse::Found;
use super::{Ranges, Raw, Strictness, TypeError};
use crate::yang::schema::value::Value;

/// Smallest and largest value of a signed width.
pub(crate) fn signed_bounds(bits: u8) -> (i64, i64) {
    let shift = 64_u32.saturating_sub(u32::from(bits));
    (i64::MIN >> shift, i64::MAX >> shift)
}

/// Largest value of an unsigned width.
pub(crate) fn unsigned_bound(bits: u8) -> u64 {
    u64::MAX >> 64_u32.saturating_sub(u32::from(bits))
}

pub(super) fn signed(
    bits: u8,
    range: Option<&Ranges<i64>>,
    raw: Raw<'_>,
    strictness: Strictness,
) -> Result<Value, TypeError> {
    let (low, high) = signed_bounds(bits);
    let given = whole(raw, bits, strictness)?;
    let value = i64::try_from(given).ok().filter(|value| (low..=high).contains(value));
    match (value, range) {
        (Some(value), None) => Ok(Value::Int(value)),
        (Some(value), Some(range)) if range.contains(value) => Ok(Value::Int(value)),
        (_, Some(range)) => Err(outside(raw, range)),
        (None, None) => Err(TypeError::new(format!("{} is outside {low}..{high}", Found(raw)))),
    }
}

pub(super) fn unsigned(
    bits: u8,
    range: Option<&Ranges<u64>>,
    raw: Raw<'_>,
    strictness: Strictness,
) -> Result<Value, TypeError> {
    let high = unsigned_bound(bits);
    let given = whole(raw, bits, strictness)?;
    let value = u64::try_from(given).ok().filter(|value| *value <= high);
    match (value, range) {
        (Some(value), None) => Ok(Value::Uint(value)),
        (Some(value), Some(range)) if range.contains(value) => Ok(Value::Uint(value)),
        (_, Some(range)) => Err(outside(raw, range)),
        (None, None) => Err(TypeError::new(format!("{} is outside 0..{high}", Found(raw)))),
    }
}

fn outside<T: std::fmt::Display + PartialEq>(raw: Raw<'_>, range: &Ranges<T>) -> TypeError {
    let found = Found(raw);
    TypeError::restricted(&found, range.message.as_ref(), range.app_tag.as_ref(), || {
        format!("{found} is outside {range}")
    })
}

/// Below this every whole number is a float of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The whole number that a scalar stands for, in the forms that the encoding allows.
fn whole(raw: Raw<'_>, bits: u8, strictness: Strictness) -> Result<i128, TypeError> {
    let wrong = |how: &str| Err(TypeError::new(format!("{} is not a whole number{how}", Found(raw))));
    match (raw, strictness) {
        (Raw::Int(_) | Raw::Uint(_), Strictness::Rfc7951) if bits == 64 => {
            wrong(" in the form of a string, as 64-bit numbers are written (RFC 7951 section 6.1)")
        }
        (Raw::Int(value), _) => Ok(i128::from(value)),
        (Raw::Uint(value), _) => Ok(i128::from(value)),
        (Raw::Text(_), Strictness::Rfc7951) if bits < 64 => wrong("; write it without quotes"),
        (Raw::Text(text), Strictness::Rfc7951 | Strictness::Plain) => {
            decimal(text).map_or_else(|| wrong(""), Ok)
        }
        (Raw::Text(text), Strictness::Text) => lexical(text).map_or_else(|| wrong(""), Ok),
        // Larger ones come as floats although they were written as whole numbers.
        (Raw::Float(value), _) if value.fract() == 0.0 && value.abs() < EXACT => {
            wrong(" without point and exponent")
        }
        _ => wrong(""),
    }
}

/// Digits with an optional sign.
fn decimal(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.len() <= 30 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Section 9.2.1: decimal, `0x` hexadecimal, or octal with a leading zero.
fn lexical(text: &str) -> Option<i128> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let unsigned = |digits: &str, radix| {
        let first = digits.bytes().next()?;
        first.is_ascii_alphanumeric().then(|| i128::from_str_radix(digits, radix).ok()).flatten()
    };
    let value = if let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        unsigned(digits, 16)?
    } else if digits.len() > 1 && digits.starts_with('0') {
        unsigned(digits, 8)?
    } else {
        unsigned(digits, 10)?
    };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7950_9_2_1_hexadecimal_and_octal_in_text_only() {
        for (text, value) in
            [("0x1F", 31), ("-0x1f", -31), ("017", 15), ("-017", -15), ("0", 0), ("+5", 5), ("-0", 0)]
        {
            assert_eq!(signed(32, None, Raw::Text(text), Strictness::Text), Ok(Value::Int(value)), "{text}");
        }
        for text in ["", "0x", "-", "1 2", "0xG", "08", "--1", "1.0", "1e3", "0x-1", "٣"] {
            assert!(signed(32, None, Raw::Text(text), Strictness::Text).is_err(), "{text}");
        }
        assert!(signed(32, None, Raw::Text("0x1F"), Strictness::Plain).is_err());
    }

    #[test]
    fn rfc7950_9_2_bounds_of_every_width() {
        for (bits, low, high) in
            [(8, -128, 127), (16, -32768, 32767), (32, -2147483648, 2147483647), (64, i64::MIN, i64::MAX)]
        {
            let strict = Strictness::Plain;
            assert_eq!(signed_bounds(bits), (low, high));
            assert!(signed(bits, None, Raw::Text(&low.to_string()), strict).is_ok());
            assert!(signed(bits, None, Raw::Text(&(i128::from(high) + 1).to_string()), strict).is_err());
            assert!(signed(bits, None, Raw::Text(&(i128::from(low) - 1).to_string()), strict).is_err());
        }
        assert_eq!(unsigned_bound(8), 255);
        assert_eq!(unsigned_bound(64), u64::MAX);
        assert!(unsigned(8, None, Raw::Int(-1), Strictness::Plain).is_err());
        assert!(unsigned(8, None, Raw::Uint(256), Strictness::Plain).is_err());
    }

    #[test]
    fn rfc7951_6_1_64_bit_numbers_are_strings_and_others_numbers() {
        let strict = Strictness::Rfc7951;
        assert!(signed(64, None, Raw::Int(5), strict).is_err());
        assert_eq!(signed(64, None, Raw::Text("5"), strict), Ok(Value::Int(5)));
        assert!(unsigned(32, None, Raw::Text("5"), strict).is_err());
        assert_eq!(unsigned(32, None, Raw::Uint(5), strict), Ok(Value::Uint(5)));
        assert!(unsigned(32, None, Raw::Float(5.0), strict).is_err());
    }

    #[test]
    fn a_refusal_names_the_value_and_the_range() {
        let range = Ranges { parts: vec![(1, 5), (7, 7)], message: None, app_tag: None };
        let refused = unsigned(8, Some(&range), Raw::Uint(6), Strictness::Plain).unwrap_err();
        assert_eq!(refused.message, "6 is outside 1..5 | 7");
        let range = Ranges { message: Some("must be small".into()), app_tag: Some("small".into()), ..range };
        let refused = unsigned(8, Some(&range), Raw::Uint(6), Strictness::Plain).unwrap_err();
        assert_eq!(refused.message, "must be small (found 6)");
        assert_eq!(refused.app_tag.as_deref(), Some("small"));
    }
}
