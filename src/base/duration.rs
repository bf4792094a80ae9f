//! The product's `duration` type: `[Ny][Nd][Nh][Nm][Ns]` in that order, at least one part, `0s` allowed.
//!
//! A year is 365 days and a day 24 hours: these are lengths, not calendar arithmetic.

use std::fmt;
use std::str::FromStr;

/// A length of time in whole seconds. Its canonical text is the shortest equal one: `90s` prints as `1m30s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

/// Unit letter and its length in seconds, longest first: the order in which parts must stand.
const UNITS: [(char, u64); 5] = [('y', 365 * 86_400), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest duration that is accepted: 1000 years, so that adding it to any date stays in range.
const LONGEST: u64 = 1_000 * 365 * 86_400;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{found}' is not a duration; write years, days, hours, minutes and seconds in that order, as in 15m, 1h30m or 32d (at most 1000y)"
)]
pub struct DurationError {
    /// The text as it was given.
    pub found: String,
}

impl Duration {
    /// A duration of that many seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Duration(seconds)
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        parse(text).map(Duration).ok_or_else(|| DurationError { found: text.chars().take(64).collect() })
    }
}

fn parse(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    let mut digits = String::new();
    if text.is_empty() {
        return None;
    }
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let (_, length) = units.find(|(unit, _)| *unit == letter)?;
        let count: u64 = digits.parse().ok()?;
        total = total.checked_add(count.checked_mul(*length)?)?;
        digits.clear();
    }
    (digits.is_empty() && total <= LONGEST).then_some(total)
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut left = self.0;
        for (unit, length) in UNITS {
            if left >= length {
                write!(f, "{}{unit}", left / length)?;
                left %= length;
            }
        }
        Ok(())
    }
}

impl serde::Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn canonical_form_is_the_shortest_equal_one() {
        for (given, canonical) in [
            ("15m", "15m"),
            ("90s", "1m30s"),
            ("0s", "0s"),
            ("0h", "0s"),
            ("24h", "1d"),
            ("1h0m5s", "1h5s"),
            ("365d", "1y"),
        ] {
            assert_eq!(given.parse::<Duration>().unwrap().to_string(), canonical, "{given}");
        }
    }

    #[test]
    fn wrong_order_repeats_signs_and_bare_numbers_are_refused() {
        for text in [
            "",
            "15",
            "m",
            "1s1m",
            "1m1m",
            "-1s",
            "+1s",
            " 1s",
            "1.5h",
            "1h 5m",
            "1w",
            "99999999999999999999s",
            "1001y",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn print_then_parse_is_identity(seconds in 0..LONGEST) {
            let duration = Duration::from_seconds(seconds);
            prop_assert_eq!(duration.to_string().parse::<Duration>().unwrap(), duration);
        }
    }
}
