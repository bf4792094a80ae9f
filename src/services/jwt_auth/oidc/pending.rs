//! Log ins with a browser that have begun and not ended. In memory, bounded, each for ten minutes and for one use.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::base::secret::{RandomError, Secret};
use crate::services::jwt_auth::model::Place;

/// How long somebody has for it, in seconds.
const PATIENCE: i64 = 600;

/// How many may be under way; at one more the oldest is forgotten. One address cannot begin as many in the time that one
/// lasts.
const MOST: usize = 16_384;

/// A log in that has begun.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Where.
    pub tenant: Ident,
    /// At which issuer.
    pub place: Place,
    /// In which role.
    pub role: Ident,
    /// What the ID token must say.
    pub nonce: String,
    /// What proves that the code was asked for here (RFC 7636).
    pub verifier: Secret,
    /// Where the browser is sent back to.
    pub redirect_uri: String,
    /// What whoever ends it has to know.
    pub client_nonce: Option<Secret>,
    /// When it began.
    pub began: Timestamp,
    /// What the browser posted.
    pub posted: Option<Posted>,
}

/// What a browser posted.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The code.
    pub code: Option<Secret>,
    /// The ID token.
    pub id_token: Option<Secret>,
}

/// All of them, by state.
#[derive(Debug, Default)]
pub struct AllPending(Mutex<HashMap<String, Pending>>);

impl AllPending {
    /// Keeps one under a state that nobody can guess.
    pub fn add(&self, state: String, pending: Pending) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            let now = pending.began;
            all.retain(|_, one| one.is_alive(now));
        }
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, one)| one.began).map(|(state, _)| state.clone())
        {
            all.remove(&oldest);
        }
        all.insert(state, pending);
    }

    /// Takes one out: whatever comes of it, it is not there a second time. `None` also for one that is too old, or was begun
    /// elsewhere.
    pub fn take(&self, state: &str, at: (&Ident, &Place), now: Timestamp) -> Option<Pending> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(state).filter(|one| one.is_alive(now) && one.is_at(at))
    }

    /// Puts what a browser posted beside one, and says where that is sent back to.
    pub fn post(&self, state: &str, at: (&Ident, &Place), now: Timestamp, posted: Posted) -> Option<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = all.get_mut(state).filter(|one| one.is_alive(now) && one.is_at(at))?;
        one.posted = Some(posted);
        Some(one.redirect_uri.clone())
    }
}

impl Pending {
    fn is_alive(&self, now: Timestamp) -> bool {
        now.seconds() - self.began.seconds() < PATIENCE
    }

    fn is_at(&self, (tenant, place): (&Ident, &Place)) -> bool {
        self.tenant == *tenant && self.place == *place
    }
}

/// A mark and 20 letters and digits that nobody can guess: 119 bits.
///
/// # Errors
/// When no random numbers can be had.
pub fn random_text(mark: &str) -> Result<String, RandomError> {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = mark.to_owned();
    while text.len() < mark.len() + 20 {
        for byte in Secret::random(32)?.expose() {
            // The largest multiple of 62 that fits: so every letter is as likely as any other.
            let letter = LETTERS.get(usize::from(byte % 62)).filter(|_| *byte < 248);
            if let Some(letter) = letter.filter(|_| text.len() < mark.len() + 20) {
                text.push(char::from(*letter));
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(began: i64) -> Pending {
        Pending {
            tenant: "acme".into(),
            place: Place::Mount("oidc".into()),
            role: "dev".into(),
            nonce: String::new(),
            verifier: Secret::new([]),
            redirect_uri: "http://localhost/cb".to_owned(),
            client_nonce: None,
            began: Timestamp::from_seconds(began),
            posted: None,
        }
    }

    #[test]
    fn a_state_is_good_once_for_ten_minutes_and_where_it_was_made() {
        let all = AllPending::default();
        let (tenant, place) = (Ident::from("acme"), Place::Mount("oidc".into()));
        let take = |state: &str, place: &Place, seconds| {
            all.take(state, (&tenant, place), Timestamp::from_seconds(seconds)).is_some()
        };
        for state in ["a", "b", "c", "d"] {
            all.add(state.to_owned(), pending(0));
        }
        assert!(take("a", &place, 599));
        assert!(!take("a", &place, 599), "once");
        assert!(!take("b", &place, 600), "ten minutes");
        assert!(!take("c", &Place::Mount("other".into()), 1));
        assert!(!take("c", &place, 1), "and the attempt has used it up");
        let posted = Posted { code: None, id_token: None };
        assert!(all.post("d", (&tenant, &place), Timestamp::from_seconds(1), posted).is_some());
        assert!(take("d", &place, 2), "what is posted does not use it up");
    }

    #[test]
    fn the_memory_of_states_is_bounded() {
        let all = AllPending::default();
        for number in 0..MOST + 10 {
            all.add(number.to_string(), pending(i64::try_from(number).unwrap() / 100));
        }
        assert_eq!(all.0.lock().unwrap().len(), MOST);
        let place = Place::Mount("oidc".into());
        let last = (MOST + 9).to_string();
        assert!(all.take(&last, (&"acme".into(), &place), Timestamp::from_seconds(170)).is_some());
    }

    #[test]
    fn states_and_nonces_are_random_letters_and_digits() {
        let (one, other) = (random_text("st_").unwrap(), random_text("st_").unwrap());
        assert!(one.len() == 23 && one.starts_with("st_") && one != other);
        assert!(one[3..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
