//! Changing the seal key: enough holders of the present one agree, a new one is made and handed out, and where that was
//! asked for it counts only when enough of its new holders have given it back.

use uuid::Uuid;

use super::attempt::{Attempt, Offer};
use super::{Sealing, SealingError, State, of_key, split};
use crate::store::seal::{Holders, SealKey, Share};

/// A change that is under way.
#[derive(Debug)]
pub(super) struct Rekey {
    nonce: Uuid,
    holders: Holders,
    verify: bool,
    attempt: Attempt,
    /// The new key, once it was made and handed out.
    made: Option<SealKey>,
}

/// How far a change is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Names the change.
    pub nonce: Uuid,
    /// How the new key is to be kept.
    pub holders: Holders,
    /// How many shares were given.
    pub progress: u8,
    /// How many are needed.
    pub required: u8,
    /// Whether the new shares are to be given back.
    pub verifying: bool,
    /// Whether the new key counts.
    pub complete: bool,
}

/// A new key and its shares, shown once.
pub struct NewKey {
    /// The whole key.
    pub key: SealKey,
    /// Its shares.
    pub shares: Vec<Share>,
}

const NONE: SealingError = SealingError::Rekey("no change of the seal key is under way");

impl Sealing {
    /// Begins a change.
    ///
    /// # Errors
    /// When one is under way already, or the key cannot be split like that.
    pub async fn rekey_start(&self, holders: Holders, verify: bool) -> Result<Progress, SealingError> {
        let mut state = self.state.lock().await;
        let State::Unsealed { envelope, rekey, .. } = &mut *state else { return Err(SealingError::Sealed) };
        if rekey.is_some() {
            return Err(SealingError::Rekey(
                "a change of the seal key is under way already; cancel it first",
            ));
        }
        split(&SealKey::generate()?, holders)?;
        let nonce = Uuid::new_v4();
        let begun = Rekey { nonce, holders, verify, attempt: Attempt::default(), made: None };
        let progress = begun.progress(envelope.holders().threshold);
        *rekey = Some(begun);
        self.tell(&state);
        Ok(progress)
    }

    /// Takes the present seal key or shares of it. With enough of them there is a new key.
    ///
    /// # Errors
    /// [`SealingError`]; after shares that were enough and wrong all of them are forgotten.
    pub async fn rekey_submit(
        &self,
        nonce: &str,
        offer: Offer,
    ) -> Result<(Progress, Option<NewKey>), SealingError> {
        let mut state = self.state.lock().await;
        let outcome = self.submit_to(&mut state, nonce, offer);
        self.tell(&state);
        outcome
    }

    fn submit_to(
        &self,
        state: &mut State,
        nonce: &str,
        offer: Offer,
    ) -> Result<(Progress, Option<NewKey>), SealingError> {
        let State::Unsealed { envelope, barrier, rekey } = state else { return Err(SealingError::Sealed) };
        let (change, threshold) = (under_way(rekey, nonce)?, envelope.holders().threshold);
        if change.made.is_some() {
            return Err(SealingError::Rekey("the new seal key was made; its shares are now to be verified"));
        }
        let leaf = offer.leaf();
        let Some(key) = change.attempt.add(offer, threshold)? else {
            return Ok((change.progress(threshold), None));
        };
        change.attempt = Attempt::default();
        envelope.open(&key).map_err(|error| of_key(error, leaf))?;
        let key = SealKey::generate()?;
        let shares = split(&key, change.holders)?;
        let progress = if change.verify {
            change.made = Some(key.clone());
            change.progress(threshold)
        } else {
            let next = envelope.rekeyed(&barrier.keyring(), &key, change.holders)?;
            next.store(&self.directory)?;
            let progress = change.completed();
            (*envelope, *rekey) = (next, None);
            progress
        };
        Ok((progress, Some(NewKey { key, shares })))
    }

    /// Takes the new seal key or shares of it back. With enough of them it counts.
    ///
    /// # Errors
    /// [`SealingError`]; after shares that were enough and wrong all of them are forgotten.
    pub async fn rekey_verify(&self, nonce: &str, offer: Offer) -> Result<Progress, SealingError> {
        let mut state = self.state.lock().await;
        let outcome = self.verify_with(&mut state, nonce, offer);
        self.tell(&state);
        outcome
    }

    fn verify_with(&self, state: &mut State, nonce: &str, offer: Offer) -> Result<Progress, SealingError> {
        let State::Unsealed { envelope, barrier, rekey } = state else { return Err(SealingError::Sealed) };
        let change = under_way(rekey, nonce)?;
        let Some(made) = change.made.clone() else {
            return Err(SealingError::Rekey("there is no new seal key to verify yet"));
        };
        let leaf = offer.leaf();
        let threshold = change.holders.threshold;
        let Some(key) = change.attempt.add(offer, threshold)? else { return Ok(change.progress(threshold)) };
        change.attempt = Attempt::default();
        if !key.same_as(&made) {
            let message = "this is not the new seal key; what was given is forgotten".to_owned();
            return Err(SealingError::Input { leaf, message });
        }
        let next = envelope.rekeyed(&barrier.keyring(), &made, change.holders)?;
        next.store(&self.directory)?;
        let progress = change.completed();
        (*envelope, *rekey) = (next, None);
        Ok(progress)
    }

    /// Ends a change that is under way; the seal key stays as it is.
    ///
    /// # Errors
    /// When there is none, or the nonce is another one's.
    pub async fn rekey_cancel(&self, nonce: &str) -> Result<(), SealingError> {
        let mut state = self.state.lock().await;
        let State::Unsealed { rekey, .. } = &mut *state else { return Err(SealingError::Sealed) };
        under_way(rekey, nonce)?;
        *rekey = None;
        self.tell(&state);
        Ok(())
    }
}

fn under_way<'a>(rekey: &'a mut Option<Rekey>, nonce: &str) -> Result<&'a mut Rekey, SealingError> {
    let rekey = rekey.as_mut().ok_or(NONE)?;
    if rekey.nonce.to_string() == nonce {
        return Ok(rekey);
    }
    let message = "it is not the nonce of the change that is under way".to_owned();
    Err(SealingError::Input { leaf: "nonce", message })
}

impl Rekey {
    /// `present` is the threshold of the key that is being changed.
    pub(super) fn progress(&self, present: u8) -> Progress {
        let verifying = self.made.is_some();
        Progress {
            nonce: self.nonce,
            holders: self.holders,
            progress: self.attempt.progress(),
            required: if verifying { self.holders.threshold } else { present },
            verifying,
            complete: false,
        }
    }

    fn completed(&self) -> Progress {
        Progress {
            nonce: self.nonce,
            holders: self.holders,
            progress: 0,
            required: 0,
            verifying: false,
            complete: true,
        }
    }
}
