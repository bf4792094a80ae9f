//! `decimal64` (RFC 7950 section 9.3).

use super::parse::Found;
use super::{Ranges, Raw, Strictness, TypeError};
use crate::yang::schema::value::{Decimal, Value};

pub(super) fn parse(
    fraction_digits: u8,
    range: Option<&Ranges<i64>>,
    raw: Raw<'_>,
    strictness: Strictness,
) -> Result<Value, TypeError> {
    let found = Found(raw);
    let digits = match (raw, strictness) {
        (Raw::Text(text), Strictness::Text) => {
            scaled(text.trim_matches([' ', '\t', '\r', '\n']), fraction_digits)
        }
        (Raw::Text(text), _) => scaled(text, fraction_digits),
        (Raw::Int(value), Strictness::Plain) => scaled(&value.to_string(), fraction_digits),
        (Raw::Uint(value), Strictness::Plain) => scaled(&value.to_string(), fraction_digits),
        (Raw::Float(value), Strictness::Plain) => scaled(&value.to_string(), fraction_digits),
        (_, Strictness::Rfc7951) => {
            return Err(TypeError::new(format!(
                "{found} is not a string; a decimal is written as a string (RFC 7951 section 6.1)"
            )));
        }
        _ => None,
    };
    let Some(digits) = digits else {
        let places = if fraction_digits == 1 { "digit" } else { "digits" };
        let (low, high) = (bound(i64::MIN, fraction_digits), bound(i64::MAX, fraction_digits));
        return Err(TypeError::new(format!(
            "{found} is not a decimal number with at most {fraction_digits} {places} behind the point, from {low} to {high}"
        )));
    };
    match range {
        Some(range) if !range.contains(digits) => {
            Err(TypeError::restricted(&found, range.message.as_ref(), range.app_tag.as_ref(), || {
                format!("{found} is outside {}", printed(range, fraction_digits))
            }))
        }
        _ => Ok(Value::Decimal(Decimal { digits, fraction_digits })),
    }
}

fn bound(digits: i64, fraction_digits: u8) -> Decimal {
    Decimal { digits, fraction_digits }
}

fn printed(range: &Ranges<i64>, fraction_digits: u8) -> String {
    let parts = range
        .parts
        .iter()
        .map(|(low, high)| (bound(*low, fraction_digits), bound(*high, fraction_digits)))
        .map(|(low, high)| if low == high { low.to_string() } else { format!("{low}..{high}") });
    parts.collect::<Vec<_>>().join(" | ")
}

/// The number as an integer scaled by ten to the power of `fraction_digits`. `None` when the text is no decimal number,
/// has more fraction digits than that (zeros at the end aside) or does not fit.
pub(crate) fn scaled(text: &str, fraction_digits: u8) -> Option<i64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
        None => (unsigned, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if fraction.len() > usize::from(fraction_digits) {
        return None;
    }
    let mut value: i128 = 0;
    let padding = std::iter::repeat_n(b'0', usize::from(fraction_digits) - fraction.len());
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        if value > 1 << 70 {
            return None;
        }
    }
    i64::try_from(if negative { -value } else { value }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(digits: u8, text: &str) -> Option<String> {
        parse(digits, None, Raw::Text(text), Strictness::Text).ok().map(|value| value.to_string())
    }

    #[test]
    fn rfc7950_9_3_2_canonical_form() {
        for (given, canonical) in [
            ("1.50", "1.5"),
            ("3", "3.0"),
            ("-0.001", "-0.001"),
            ("+007.100", "7.1"),
            ("0", "0.0"),
            ("-0", "0.0"),
        ] {
            assert_eq!(text(3, given).as_deref(), Some(canonical), "{given}");
        }
    }

    #[test]
    fn rfc7950_9_3_1_what_is_no_decimal() {
        for given in ["", ".", "1.", ".5", "1.2345", "1e3", "0x1", "1,5", "--1", "1.2.3", "٣.٤"] {
            assert_eq!(text(3, given), None, "{given}");
        }
    }

    #[test]
    fn rfc7950_9_3_4_fraction_digits_bound_the_whole_part() {
        assert_eq!(text(18, "9.223372036854775807").as_deref(), Some("9.223372036854775807"));
        assert_eq!(text(18, "9.223372036854775808"), None);
        assert_eq!(text(18, "-9.223372036854775808").as_deref(), Some("-9.223372036854775808"));
        assert_eq!(text(1, "922337203685477580.7").as_deref(), Some("922337203685477580.7"));
        assert_eq!(text(1, &"9".repeat(500)), None);
    }

    #[test]
    fn rfc7951_6_1_a_decimal_is_a_string() {
        assert!(parse(2, None, Raw::Float(1.5), Strictness::Rfc7951).is_err());
        assert!(parse(2, None, Raw::Text("1.5"), Strictness::Rfc7951).is_ok());
        assert_eq!(parse(2, None, Raw::Float(1.5), Strictness::Plain).unwrap().to_string(), "1.5");
    }

    #[test]
    fn a_refusal_prints_the_range_as_decimals() {
        let range = Ranges { parts: vec![(150, 300)], message: None, app_tag: None };
        let refused = parse(2, Some(&range), Raw::Text("4.0"), Strictness::Text).unwrap_err();
        assert_eq!(refused.message, "'4.0' is outside 1.5..3.0");
    }
}
