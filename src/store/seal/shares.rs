//! Shares of the seal key, by Shamir's scheme over GF(2^8): any `threshold` of them give the key, fewer say nothing of it.
//!
//! A share is written `NUMBER:BASE64`. Shares carry no checksum: whether they were the right ones is known when the key
//! that they give opens the root key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blahaj::Sharks;
use zeroize::Zeroizing;

use super::key::SealKey;
use crate::base::secret::Secret;
use crate::store::barrier::KEY_LENGTH;

/// One share of a seal key.
#[derive(Clone, Debug)]
pub struct Share {
    /// Its number, 1 to 255.
    pub number: u8,
    part: Secret,
}

/// A share that is none, or shares that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Not of the form.
    #[error("is not a share; a share looks like 1:BASE64, with {KEY_LENGTH} bytes in base64")]
    Form,
    /// Not enough different shares.
    #[error("{found} shares are too few; {threshold} are needed")]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many are needed.
        threshold: u8,
    },
    /// A key cannot be split like that.
    #[error(
        "a key cannot be split into {shares} shares of which {threshold} open it; allowed are 1 of 1, and 2 to 255 shares with a threshold of at least 2 and at most all of them"
    )]
    Split {
        /// How many shares were asked for.
        shares: u8,
        /// How many were to open it.
        threshold: u8,
    },
}

/// Whether a key can be split into so many shares of which so many open it. One of several would make each share the key.
pub fn can_split(shares: u8, threshold: u8) -> bool {
    match threshold {
        0 => false,
        1 => shares == 1,
        _ => threshold <= shares,
    }
}

/// Splits a key.
///
/// # Errors
/// [`ShareError::Split`].
pub fn split(key: &SealKey, shares: u8, threshold: u8) -> Result<Vec<Share>, ShareError> {
    if !can_split(shares, threshold) {
        return Err(ShareError::Split { shares, threshold });
    }
    let dealt = Sharks(threshold).dealer(key.expose()).take(usize::from(shares));
    dealt
        .map(|share| {
            let bytes = Zeroizing::new(Vec::from(&share));
            let (number, part) = bytes.split_first().ok_or(ShareError::Form)?;
            Ok(Share { number: *number, part: Secret::new(part) })
        })
        .collect()
}

/// The key that shares give together. Whether it is the right one is not known here.
///
/// # Errors
/// [`ShareError::TooFew`] when there are fewer different numbers than `threshold`.
pub fn combine(shares: &[Share], threshold: u8) -> Result<SealKey, ShareError> {
    let mut parts = Vec::with_capacity(shares.len());
    let mut numbers = Vec::with_capacity(shares.len());
    for share in shares {
        if !numbers.contains(&share.number) {
            numbers.push(share.number);
            let bytes: Zeroizing<Vec<u8>> = Zeroizing::new([&[share.number], share.part.expose()].concat());
            parts.push(blahaj::Share::try_from(bytes.as_slice()).map_err(|_| ShareError::Form)?);
        }
    }
    let too_few = ShareError::TooFew { found: parts.len(), threshold };
    let bytes = Sharks(threshold.max(1)).recover(&parts).map_err(|_| too_few)?;
    SealKey::from_bytes(Secret::new(bytes)).map_err(|_| ShareError::Form)
}

impl Share {
    /// From `NUMBER:BASE64`, with or without white space around it.
    ///
    /// # Errors
    /// [`ShareError::Form`].
    pub fn parse(text: &str) -> Result<Self, ShareError> {
        let (number, part) = text.trim().split_once(':').ok_or(ShareError::Form)?;
        let number = number.parse().ok().filter(|number| *number > 0).ok_or(ShareError::Form)?;
        let part = Secret::new(STANDARD.decode(part).map_err(|_| ShareError::Form)?);
        if part.expose().len() != KEY_LENGTH {
            return Err(ShareError::Form);
        }
        Ok(Share { number, part })
    }

    /// As `NUMBER:BASE64`, for whoever is to keep it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let part = Zeroizing::new(STANDARD.encode(self.part.expose()));
        Zeroizing::new(format!("{}:{}", self.number, *part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    /// Shares, threshold, and a choice among the shares of so many.
    fn choice(missing: u8) -> impl Strategy<Value = (u8, u8, Vec<usize>)> {
        (2_u8..=9).prop_flat_map(|shares| (Just(shares), 2..=shares)).prop_flat_map(
            move |(shares, threshold)| {
                let all: Vec<usize> = (0..usize::from(shares)).collect();
                let taken = usize::from(threshold - missing);
                (Just(shares), Just(threshold), subsequence(all, taken))
            },
        )
    }

    proptest! {
        #[test]
        fn any_threshold_of_them_give_the_key((shares, threshold, chosen) in choice(0)) {
            let key = SealKey::generate().unwrap();
            let all = split(&key, shares, threshold).unwrap();
            let texts: Vec<_> = chosen.iter().rev().map(|at| all[*at].to_text()).collect();
            let read: Vec<Share> = texts.iter().map(|text| Share::parse(text).unwrap()).collect();
            prop_assert!(combine(&read, threshold).unwrap().same_as(&key));
        }

        #[test]
        fn one_fewer_do_not((shares, threshold, chosen) in choice(1)) {
            let key = SealKey::generate().unwrap();
            let all = split(&key, shares, threshold).unwrap();
            let mut few: Vec<Share> = chosen.iter().map(|at| all[*at].clone()).collect();
            prop_assert!(combine(&few, threshold).is_err());
            // Not even when somebody says that fewer are needed, or counts one twice.
            prop_assert!(!combine(&few, threshold - 1).unwrap().same_as(&key));
            few.push(few[0].clone());
            prop_assert!(combine(&few, threshold).is_err());
        }
    }

    #[test]
    fn the_largest_split_works_and_impossible_ones_are_refused() {
        let key = SealKey::generate().unwrap();
        let all = split(&key, 255, 255).unwrap();
        assert!(combine(&all, 255).unwrap().same_as(&key));
        assert!(combine(&split(&key, 1, 1).unwrap(), 1).unwrap().same_as(&key));
        for (shares, threshold) in [(5, 0), (0, 0), (3, 1), (3, 4)] {
            assert_eq!(split(&key, shares, threshold).unwrap_err(), ShareError::Split { shares, threshold });
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "1", "0:AAAA", "256:AAAA", "x:AAAA", "1:AAAA", "1:***"] {
            assert_eq!(Share::parse(text).unwrap_err(), ShareError::Form, "{text}");
        }
    }
}
