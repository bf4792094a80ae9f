//! Codes that change with the time (RFC 6238), made from a counter by a keyed hash (RFC 4226). Pure.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use crate::base::secret::Secret;

/// The hash of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// With SHA-1, which most authenticators use.
    #[serde(rename = "SHA1")]
    Sha1,
    /// With SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
    /// With SHA-512.
    #[serde(rename = "SHA512")]
    Sha512,
}

impl Algorithm {
    /// Its name in an otpauth URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::Sha256 => hmac::HMAC_SHA256,
            Algorithm::Sha512 => hmac::HMAC_SHA512,
        }
    }

    /// How long a secret is for it, in bytes: as long as its hash (RFC 4226 section 4, R6, asks for 128 bits at least).
    pub fn secret_length(self) -> usize {
        match self {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        }
    }
}

/// How codes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The hash.
    pub algorithm: Algorithm,
    /// How long a code is: 6 to 8.
    pub digits: u8,
    /// How long a code is good, in seconds.
    pub period: u16,
}

/// How many periods a clock may be off, either way (RFC 6238 section 5.2).
const DRIFT: u64 = 1;

impl Parameters {
    /// The period that `now`, in seconds since the epoch, is in.
    pub fn step(self, now: i64) -> u64 {
        u64::try_from(now).unwrap_or(0) / u64::from(self.period.max(1))
    }

    /// The code of a period.
    pub fn code(self, secret: &Secret, step: u64) -> String {
        let key = hmac::Key::new(self.algorithm.hmac(), secret.expose());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or(0) & 0x0f);
        let word = tag.iter().skip(offset).take(4).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let digits = usize::from(self.digits);
        let number = u64::from(word & 0x7fff_ffff) % 10_u64.pow(u32::from(self.digits));
        format!("{number:0digits$}")
    }

    /// The period of a code that is good at `now`; `None` when it is wrong, or of a period not after `last`. Every period
    /// that it could be of is tried, whatever the outcome.
    pub fn accept(self, secret: &Secret, given: &Secret, now: i64, last: Option<u64>) -> Option<u64> {
        let current = self.step(now);
        let mut found = None;
        for step in current.saturating_sub(DRIFT)..=current.saturating_add(DRIFT) {
            let right = given.same_as(self.code(secret, step).as_bytes());
            if right && last.is_none_or(|last| step > last) {
                found = Some(step);
            }
        }
        found
    }
}

/// Bytes in base32 (RFC 4648 section 6), without padding.
pub fn base32(bytes: &[u8]) -> Secret {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let word = chunk.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        let word = word << (8 * (5 - chunk.len()));
        for place in 0..(chunk.len() * 8).div_ceil(5) {
            let letter =
                usize::try_from(word >> (35 - 5 * place) & 31).ok().and_then(|index| LETTERS.get(index));
            text.extend(letter.map(|letter| char::from(*letter)));
        }
    }
    Secret::from_text(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B, as long as the hash.
    fn secret(algorithm: Algorithm) -> Secret {
        let digits = b"1234567890".iter().copied().cycle();
        Secret::new(digits.take(algorithm.secret_length()).collect::<Vec<u8>>())
    }

    #[test]
    fn rfc6238_appendix_b_test_vectors() {
        for (time, sha1, sha256, sha512) in [
            (59, "94287082", "46119246", "90693936"),
            (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"),
            (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"),
            (20_000_000_000, "65353130", "77737706", "47863826"),
        ] {
            for (algorithm, code) in
                [(Algorithm::Sha1, sha1), (Algorithm::Sha256, sha256), (Algorithm::Sha512, sha512)]
            {
                let parameters = Parameters { algorithm, digits: 8, period: 30 };
                let step = parameters.step(time);
                assert_eq!(parameters.code(&secret(algorithm), step), code, "{time} {algorithm:?}");
            }
        }
    }

    #[test]
    fn rfc6238_5_2_a_code_is_good_once_and_one_period_around_its_own() {
        let parameters = Parameters { algorithm: Algorithm::Sha1, digits: 6, period: 30 };
        let secret = secret(Algorithm::Sha1);
        let now = 1_111_111_111;
        let step = parameters.step(now);
        let code = Secret::from_text(parameters.code(&secret, step));
        for (at, last, expected) in [
            (now, None, Some(step)),
            (now + 30, None, Some(step)),
            (now - 30, None, Some(step)),
            (now + 60, None, None),
            (now, Some(step - 1), Some(step)),
            (now, Some(step), None),
            (now, Some(step + 1), None),
        ] {
            assert_eq!(parameters.accept(&secret, &code, at, last), expected, "{at} {last:?}");
        }
        for wrong in ["", "000000", "0471", "14050471"] {
            assert_eq!(parameters.accept(&secret, &Secret::new(wrong.as_bytes()), now, None), None);
        }
    }

    #[test]
    fn rfc4648_10_base32_test_vectors() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()).expose_text(), Some(encoded));
        }
    }
}
