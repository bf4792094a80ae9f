//! Whether a token is valid now: `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6), with leeways.
//!
//! A token that lacks an end or a beginning is given one, next to the dates that it has; so a token is never valid for
//! ever. All in whole seconds since the epoch.

use serde_json::Value;

use super::claims::Claims;

/// How far off a token's dates may be, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leeways {
    /// How long a token without `exp` lives after `iat` or `nbf`.
    pub expiration: i64,
    /// How long before `exp` a token without `nbf` and `iat` begins.
    pub not_before: i64,
    /// How far the clocks of issuer and server may differ.
    pub clock_skew: i64,
}

impl Default for Leeways {
    fn default() -> Self {
        Leeways { expiration: 150, not_before: 150, clock_skew: 60 }
    }
}

impl Leeways {
    /// As clients of the reference write them: 0 stands for the default, a negative number for none.
    pub fn from_reference(expiration: i64, not_before: i64, clock_skew: i64) -> Self {
        let or = |given: i64, default: i64| if given == 0 { default } else { given.max(0) };
        let default = Leeways::default();
        Leeways {
            expiration: or(expiration, default.expiration),
            not_before: or(not_before, default.not_before),
            clock_skew: or(clock_skew, default.clock_skew),
        }
    }
}

/// What is wrong with a token's dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// A date is not a number of seconds.
    #[error("invalid '{0}' claim: it is not a number of seconds")]
    NotADate(&'static str),
    /// None of `exp`, `nbf` and `iat` is there.
    #[error("no issued at (iat), not before (nbf), or expiration time (exp) claims in token")]
    Undated,
    /// `nbf` has not come.
    #[error("invalid not before (nbf) claim: token not yet valid")]
    NotYet,
    /// `exp` is over.
    #[error("invalid expiration time (exp) claim: token is expired")]
    Expired,
    /// `iat` has not come.
    #[error("invalid issued at (iat) claim: token issued in the future")]
    FromTheFuture,
}

/// Holds a token's dates against `now`.
///
/// # Errors
/// [`TimeError`].
pub fn check(claims: &Claims, leeways: Leeways, now: i64) -> Result<(), TimeError> {
    let (exp, nbf, iat) = (date(claims, "exp")?, date(claims, "nbf")?, date(claims, "iat")?);
    if exp.is_none() && nbf.is_none() && iat.is_none() {
        return Err(TimeError::Undated);
    }
    let ends = exp.unwrap_or_else(|| {
        let begins = iat.unwrap_or(i64::MIN).max(nbf.unwrap_or(i64::MIN));
        begins.saturating_add(leeways.expiration)
    });
    let begins = nbf.or(iat).unwrap_or_else(|| ends.saturating_sub(leeways.not_before));
    let skew = leeways.clock_skew;
    if now.saturating_add(skew) < begins {
        return Err(TimeError::NotYet);
    }
    if now.saturating_sub(skew) > ends {
        return Err(TimeError::Expired);
    }
    if iat.is_some_and(|iat| now.saturating_add(skew) < iat) {
        return Err(TimeError::FromTheFuture);
    }
    Ok(())
}

/// A NumericDate in whole seconds; 0 is as good as absent.
fn date(claims: &Claims, name: &'static str) -> Result<Option<i64>, TimeError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let Value::Number(number) = value else { return Err(TimeError::NotADate(name)) };
    let seconds = match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => whole,
        // Out of range it becomes the nearest date there is.
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is what is wanted")]
        (None, Some(other)) => other.trunc() as i64,
        (None, None) => return Err(TimeError::NotADate(name)),
    };
    Ok((seconds != 0).then_some(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn said(json: &str, leeways: Leeways) -> Result<(), TimeError> {
        check(&Claims::read(json.as_bytes()).unwrap(), leeways, NOW)
    }

    fn with(dates: &[(&str, i64)], leeways: (i64, i64, i64)) -> Result<(), TimeError> {
        let members: Vec<String> =
            dates.iter().map(|(name, at)| format!(r#""{name}":{}"#, NOW + at)).collect();
        let (skew, exp, nbf) = leeways;
        said(&format!("{{{}}}", members.join(",")), Leeways::from_reference(exp, nbf, skew))
    }

    /// Skew, expiration and not-before leeway as the reference writes them; then the latest date that is too early or
    /// the earliest that is too late, beside one that is not.
    #[test]
    fn a_token_with_one_date_is_given_the_others() {
        for ((skew, exp), fine, refused) in [
            ((0, 0), -205, -215),
            ((10, 0), -150, -165),
            ((-1, 0), -145, -155),
            ((0, 10), -65, -75),
            ((10, 10), -5, -25),
            ((10, -1), -5, -15),
        ] {
            for name in ["iat", "nbf"] {
                assert_eq!(with(&[(name, fine)], (skew, exp, 0)), Ok(()), "{name} {skew} {exp} {fine}");
                let error = with(&[(name, refused)], (skew, exp, 0));
                assert_eq!(error, Err(TimeError::Expired), "{name} {skew} {exp} {refused}");
            }
        }
        for ((skew, nbf), fine, refused) in [
            ((0, 0), 205, 215),
            ((10, 0), 150, 165),
            ((-1, 0), 145, 152),
            ((0, 10), 65, 75),
            ((10, 10), 15, 25),
            ((-1, 5), 3, 70),
        ] {
            assert_eq!(with(&[("exp", fine)], (skew, 0, nbf)), Ok(()), "{skew} {nbf} {fine}");
            assert_eq!(
                with(&[("exp", refused)], (skew, 0, nbf)),
                Err(TimeError::NotYet),
                "{skew} {nbf} {refused}"
            );
        }
    }

    #[test]
    fn a_token_from_the_future_is_refused_beyond_the_skew() {
        for (skew, fine, refused) in [(0, 55, 65), (10, 5, 15), (-1, 0, 6)] {
            assert!(with(&[("iat", fine)], (skew, 0, 5)).is_ok(), "{skew}");
            assert!(with(&[("iat", refused), ("exp", refused)], (skew, 0, 5)).is_err(), "{skew}");
        }
        assert_eq!(
            with(&[("iat", 70), ("nbf", -10), ("exp", 100)], (0, 0, 0)),
            Err(TimeError::FromTheFuture)
        );
    }

    #[test]
    fn rfc7519_4_1_4_explicit_dates_have_the_skew_only() {
        assert_eq!(with(&[("iat", -600), ("exp", -30)], (0, 0, 0)), Ok(()));
        assert_eq!(with(&[("iat", -600), ("exp", -70)], (0, 0, 0)), Err(TimeError::Expired));
        assert_eq!(with(&[("nbf", 30), ("exp", 100)], (0, 0, 0)), Ok(()));
        assert_eq!(with(&[("nbf", 70), ("exp", 100)], (0, 0, 0)), Err(TimeError::NotYet));
    }

    #[test]
    fn dates_are_numbers_and_zero_is_none() {
        let default = Leeways::default();
        assert_eq!(said("{}", default), Err(TimeError::Undated));
        assert_eq!(said(r#"{"exp":0,"iat":0}"#, default), Err(TimeError::Undated));
        assert_eq!(said(r#"{"exp":"1700000000"}"#, default), Err(TimeError::NotADate("exp")));
        assert_eq!(said(r#"{"exp":1700000010.9,"iat":1700000000.5}"#, default), Ok(()));
        assert_eq!(said(r#"{"exp":1e300,"iat":1}"#, default), Ok(()));
        assert_eq!(said(r#"{"exp":-1}"#, default), Err(TimeError::Expired));
        assert_eq!(said(r#"{"exp":18446744073709551615,"iat":-9223372036854775808}"#, default), Ok(()));
    }
}
