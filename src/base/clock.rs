//! The only place that reads the time, so that a test can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// An instant, in whole microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the epoch, rounded down: the `NumericDate` of RFC 7519 section 2.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The instant that is `seconds` after the epoch. Saturates at the ends of the range.
    pub fn from_seconds(seconds: i64) -> Self {
        Timestamp(seconds.saturating_mul(1_000_000))
    }

    /// This instant moved by `seconds`, which may be negative. Saturates at the ends of the range.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Timestamp(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// RFC 3339 in UTC with six fractional digits, as `yang:date-and-time`: `2024-03-09T12:15:00.000000Z`.
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => format!("{instant:.6}"),
            Err(_) => "9999-12-31T23:59:59.999999Z".to_owned(),
        }
    }

    /// The form of `Last-Modified` and `Date` (RFC 9110 section 5.6.7): `Sat, 09 Mar 2024 12:15:00 GMT`.
    pub fn http_date(self) -> String {
        // The last second that the form has a year for.
        let seconds = u64::try_from(self.seconds()).unwrap_or(0).min(253_402_300_799);
        httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
    }

    /// Reads any RFC 3339 date and time with an offset.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|instant| Timestamp(instant.as_microsecond()))
    }
}

/// The form of [`Timestamp::rfc3339`].
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_rfc3339(&text)
            .ok_or_else(|| serde::de::Error::custom("not a date and time of RFC 3339"))
    }
}

/// Where the time comes from. Cheap to clone; every clone of a manual clock shows the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock(Source::System)
    }

    /// A clock that stands still at `start` until [`Clock::advance`] is called.
    pub fn manual(start: Timestamp) -> Self {
        Clock(Source::Manual(Arc::new(AtomicI64::new(start.0))))
    }

    /// The time now.
    #[allow(clippy::disallowed_methods)]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Manual(instant) => Timestamp(instant.load(Ordering::SeqCst)),
            Source::System => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
                Err(before) => {
                    Timestamp(i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros))
                }
            },
        }
    }

    /// Moves a manual clock by `seconds`; a system clock is left alone.
    pub fn advance(&self, seconds: i64) {
        if let Source::Manual(instant) = &self.0 {
            instant.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_has_six_fractional_digits_and_z() {
        let instant = Timestamp::from_seconds(1_710_000_900);
        assert_eq!(instant.rfc3339(), "2024-03-09T16:15:00.000000Z");
        assert_eq!(Timestamp::parse_rfc3339("2024-03-09T17:15:00+01:00"), Some(instant));
    }

    #[test]
    fn http_date_is_imf_fixdate() {
        assert_eq!(Timestamp::from_seconds(784_111_777).http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp::from_seconds(10));
        let other = clock.clone();
        clock.advance(5);
        assert_eq!(other.now().seconds(), 15);
    }
}
