//! People coming together with shares of one key: what was given so far, under a nonce that names the occasion.

use uuid::Uuid;

use super::SealingError;
use crate::base::secret::Secret;
use crate::store::seal::{SealKey, Share, shares};

/// What somebody gives.
pub enum Offer {
    /// The whole key.
    Key(SealKey),
    /// Shares of it; at least one.
    Shares(Vec<Share>),
}

/// Shares that were given so far.
#[derive(Debug)]
pub struct Attempt {
    /// Its name.
    pub nonce: Uuid,
    shares: Vec<Share>,
}

impl Default for Attempt {
    fn default() -> Self {
        Attempt { nonce: Uuid::new_v4(), shares: Vec::new() }
    }
}

impl Offer {
    /// Reads what stands in the leafs `seal-key` and `shares`; `None` when there is nothing.
    ///
    /// # Errors
    /// [`SealingError::Input`] for a text that is neither, and for both at once.
    pub fn read(key: Option<&Secret>, shares: &[Secret]) -> Result<Option<Offer>, SealingError> {
        let wrong = |leaf, message: String| SealingError::Input { leaf, message };
        match (key.map(|key| key.expose_text().unwrap_or_default()), shares) {
            (Some(_), [_, ..]) => {
                Err(wrong("seal-key", "give the whole key or shares of it, not both".to_owned()))
            }
            (Some(text), []) => SealKey::parse(text)
                .map(|key| Some(Offer::Key(key)))
                .map_err(|error| wrong("seal-key", format!("what was given {error}"))),
            (None, []) => Ok(None),
            (None, texts) => texts
                .iter()
                .map(|text| Share::parse(text.expose_text().unwrap_or_default()))
                .collect::<Result<Vec<Share>, _>>()
                .map(|shares| Some(Offer::Shares(shares)))
                .map_err(|error| wrong("shares", format!("one of them {error}"))),
        }
    }

    /// The leaf of the input that it came from.
    pub fn leaf(&self) -> &'static str {
        match self {
            Offer::Key(_) => "seal-key",
            Offer::Shares(_) => "shares",
        }
    }
}

impl Attempt {
    /// Adds what was given, and returns the key when it is enough for one; whether it is the right one is not known here.
    /// A share takes the place of an earlier one with its number.
    ///
    /// # Errors
    /// [`SealingError::Input`] when shares do not go together.
    pub fn add(&mut self, offer: Offer, threshold: u8) -> Result<Option<SealKey>, SealingError> {
        let given = match offer {
            Offer::Key(key) => return Ok(Some(key)),
            Offer::Shares(given) => given,
        };
        for share in given {
            self.shares.retain(|known| known.number != share.number);
            self.shares.push(share);
        }
        if self.progress() < threshold {
            return Ok(None);
        }
        let input =
            |error: shares::ShareError| SealingError::Input { leaf: "shares", message: error.to_string() };
        shares::combine(&self.shares, threshold).map(Some).map_err(input)
    }

    /// How many shares were given.
    pub fn progress(&self) -> u8 {
        u8::try_from(self.shares.len()).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(shares: &[Share]) -> Vec<Secret> {
        shares.iter().map(|share| Secret::new(share.to_text().as_bytes())).collect()
    }

    #[test]
    fn shares_come_one_by_one_and_a_share_counts_once() {
        let key = SealKey::generate().unwrap();
        let all = shares::split(&key, 5, 3).unwrap();
        let mut attempt = Attempt::default();
        for (given, progress) in [(4, 1), (4, 1), (0, 2)] {
            let offer = Offer::read(None, &texts(&all[given..=given])).unwrap().unwrap();
            assert!(attempt.add(offer, 3).unwrap().is_none());
            assert_eq!(attempt.progress(), progress);
        }
        let offer = Offer::read(None, &texts(&all[2..3])).unwrap().unwrap();
        assert!(attempt.add(offer, 3).unwrap().unwrap().same_as(&key));
    }

    #[test]
    fn what_is_wrong_is_told_and_never_repeated() {
        let told = |key: Option<&str>, shares: &[&str]| {
            let shares: Vec<Secret> = shares.iter().map(|text| Secret::new(text.as_bytes())).collect();
            let key = key.map(|text| Secret::new(text.as_bytes()));
            Offer::read(key.as_ref(), &shares).err().unwrap().to_string()
        };
        for said in
            [told(Some("hunter2"), &[]), told(None, &["hunter2"]), told(Some("hunter2"), &["hunter2"])]
        {
            assert!(!said.contains("hunter2"), "{said}");
        }
        assert!(told(None, &["hunter2"]).contains("a share looks like"));
        assert!(Offer::read(None, &[]).unwrap().is_none());
    }
}
