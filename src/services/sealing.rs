//! The seal of the daemon: uninitialized, sealed or unsealed, and how it gets from one to the other.
//!
//! `init` makes the keys, `unseal` brings them into memory, `seal` takes them out, `rekey` changes who can bring them, and
//! `rotate-data-key` adds one. What is to be built or torn down with that is the business of a [`Host`]: this service knows
//! keys and people, no engine and no listener.

pub mod attempt;
pub mod model;
pub mod rekey;

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::attempt::{Attempt, Offer};
use self::model::SealStatus;
use self::rekey::{Progress, Rekey};
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::engine::registry::BoxFuture;
use crate::store::barrier::BarrierError;
use crate::store::founding::{Founding, settle};
use crate::store::seal::{Envelope, EnvelopeError, Holders, Keyring, SealKey, Share, shares};
use crate::store::{Barrier, SqliteStore, StoreError};

/// Why a [`Host`] could not do its part; the text is for the daemon's log and the operator.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// What lives and dies with the keys: implemented by the daemon.
pub trait Host: Send + Sync {
    /// Makes a store in an empty directory, with a root token of the system tenant as its first record, and closes it.
    fn found(&self, directory: PathBuf, barrier: Barrier) -> BoxFuture<Result<Secret, Trouble>>;
    /// Opens the store and begins to serve it.
    fn open(&self, sealing: Arc<Sealing>, barrier: Barrier) -> BoxFuture<Result<(), Trouble>>;
    /// Stops serving the store at once; requests that have begun may end, then everything made of the keys is dropped.
    fn close(&self) -> BoxFuture<()>;
}

/// Why something was not done with the seal. Nothing of it repeats what was given.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// There is a store already.
    #[error("the store is initialized already")]
    Initialized,
    /// There is no store yet.
    #[error("the store is not initialized; init does that")]
    NotInitialized,
    /// The keys are not here.
    #[error("the daemon is sealed; unseal it first")]
    Sealed,
    /// A leaf of the input cannot be used.
    #[error("{message}")]
    Input {
        /// Its name.
        leaf: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The state of a change of the seal key does not allow it.
    #[error("{0}")]
    Rekey(&'static str),
    /// The keys are right, but the store could not be opened or made.
    #[error("the store could not be opened: {0}")]
    Host(Trouble),
    /// The keyring could not be written or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keyring is not what was written.
    #[error(transparent)]
    Envelope(EnvelopeError),
    /// No random numbers can be had.
    #[error(transparent)]
    Barrier(#[from] BarrierError),
    /// No random numbers can be had.
    #[error(transparent)]
    Random(#[from] crate::base::secret::RandomError),
}

/// The seal. Operations on it take their turn; its status can be read at any time.
pub struct Sealing {
    directory: PathBuf,
    clock: Clock,
    host: Arc<dyn Host>,
    state: Arc<Mutex<State>>,
    status: ArcSwap<SealStatus>,
    rekey: ArcSwapOption<Progress>,
}

enum State {
    Uninitialized,
    Sealed { envelope: Envelope, attempt: Option<Attempt> },
    Unsealed { envelope: Envelope, barrier: Barrier, rekey: Option<Rekey> },
}

/// What `init` made; shown once.
pub struct Initialized {
    /// The whole key.
    pub key: SealKey,
    /// Its shares.
    pub shares: Vec<Share>,
    /// The first token.
    pub root_token: Secret,
}

/// A store that was made and does not count yet.
pub struct Founded {
    /// Its first token.
    pub root_token: Secret,
    state: OwnedMutexGuard<State>,
    founding: Founding,
    envelope: Envelope,
}

/// What somebody who unseals brings.
pub struct Unsealing {
    /// A key or shares; nothing to only look or reset.
    pub offer: Option<Offer>,
    /// The nonce of the unsealing that they are for.
    pub nonce: Option<String>,
    /// Whether what was given before is to be forgotten.
    pub reset: bool,
}

impl Sealing {
    /// The seal of the store in `directory`. What a crash left of an `init` is finished or thrown away.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when of keyring and database only one is there.
    pub fn load(directory: PathBuf, clock: Clock, host: Arc<dyn Host>) -> Result<Arc<Self>, StoreError> {
        settle(&directory)?;
        let missing = |what: &str| StoreError::Damaged { what: what.to_owned(), place: directory.clone() };
        let state = match (Envelope::load(&directory)?, SqliteStore::exists(&directory)) {
            (None, false) => State::Uninitialized,
            (None, true) => {
                return Err(missing("the file keyring is missing, without which nothing can be opened"));
            }
            (Some(_), false) => return Err(missing("the database is missing, though its keyring is there")),
            (Some(envelope), true) => State::Sealed { envelope, attempt: None },
        };
        let status = ArcSwap::from_pointee(status_of(&state));
        let (state, rekey) = (Arc::new(Mutex::new(state)), ArcSwapOption::empty());
        Ok(Arc::new(Sealing { directory, clock, host, state, status, rekey }))
    }

    /// The status as of now. Never waits.
    pub fn status(&self) -> Arc<SealStatus> {
        self.status.load_full()
    }

    /// The change of the seal key that is under way. Never waits.
    pub fn rekey(&self) -> Option<Arc<Progress>> {
        self.rekey.load_full()
    }

    /// Makes a store, its keys, and its first token.
    ///
    /// # Errors
    /// [`SealingError::Initialized`], a split that is none; what the host has to say. Then there is no store.
    pub async fn init(&self, holders: Holders) -> Result<Initialized, SealingError> {
        let key = SealKey::generate()?;
        let shares = split(&key, holders)?;
        let founded = self.found(&key, holders).await?;
        let root_token = founded.root_token.clone();
        self.count(founded)?;
        Ok(Initialized { key, shares, root_token })
    }

    /// Makes a store for a seal key. It counts from [`Sealing::count`] on, so that its first token can be put where it
    /// belongs before.
    ///
    /// # Errors
    /// As [`Sealing::init`].
    pub async fn found(&self, key: &SealKey, holders: Holders) -> Result<Founded, SealingError> {
        let state = Arc::clone(&self.state).lock_owned().await;
        if !matches!(*state, State::Uninitialized) {
            return Err(SealingError::Initialized);
        }
        let keyring = Keyring::generate(self.clock.now())?;
        let envelope = Envelope::seal(&keyring, key, holders)?;
        let founding = Founding::begin(&self.directory)?;
        let made = self.host.found(founding.place().to_owned(), Barrier::new(keyring)?);
        let root_token = made.await.map_err(SealingError::Host)?;
        Ok(Founded { root_token, state, founding, envelope })
    }

    /// Lets a store that was made count. It is sealed.
    ///
    /// # Errors
    /// [`SealingError::Store`].
    pub fn count(&self, founded: Founded) -> Result<(), SealingError> {
        let Founded { mut state, founding, envelope, .. } = founded;
        founding.finish(&envelope)?;
        *state = State::Sealed { envelope, attempt: None };
        self.tell(&state);
        Ok(())
    }

    /// Unseals, or comes a step nearer to it. Of an unsealed daemon it changes nothing.
    ///
    /// # Errors
    /// [`SealingError`]; after shares that were enough and wrong all of them are forgotten.
    pub async fn unseal(self: &Arc<Self>, given: Unsealing) -> Result<(), SealingError> {
        let mut state = self.state.lock().await;
        let outcome = self.try_unseal(&mut state, given).await;
        self.tell(&state);
        outcome
    }

    async fn try_unseal(self: &Arc<Self>, state: &mut State, given: Unsealing) -> Result<(), SealingError> {
        let (envelope, attempt) = match state {
            State::Uninitialized => return Err(SealingError::NotInitialized),
            State::Unsealed { .. } => return Ok(()),
            State::Sealed { envelope, attempt } => (envelope, attempt),
        };
        if given.reset {
            *attempt = None;
        }
        if let Some(nonce) = &given.nonce
            && attempt.as_ref().is_none_or(|attempt| attempt.nonce.to_string() != *nonce)
        {
            let message = "it is not the nonce of the unsealing that is under way".to_owned();
            return Err(SealingError::Input { leaf: "nonce", message });
        }
        let Some(offer) = given.offer else { return Ok(()) };
        let leaf = offer.leaf();
        let threshold = envelope.holders().threshold;
        let Some(key) = attempt.get_or_insert_default().add(offer, threshold)? else { return Ok(()) };
        *attempt = None;
        let keyring = envelope.open(&key).map_err(|error| of_key(error, leaf))?;
        let barrier = Barrier::new(keyring)?;
        self.host.open(Arc::clone(self), barrier.clone()).await.map_err(SealingError::Host)?;
        *state = State::Unsealed { envelope: envelope.clone(), barrier, rekey: None };
        Ok(())
    }

    /// Drops the keys. Of a sealed daemon it changes nothing.
    pub async fn seal(&self) {
        let mut state = self.state.lock().await;
        if let State::Unsealed { envelope, .. } = &*state {
            self.host.close().await;
            *state = State::Sealed { envelope: envelope.clone(), attempt: None };
            self.tell(&state);
        }
    }

    /// Adds a data key and returns its number.
    ///
    /// # Errors
    /// [`SealingError::Sealed`]; when the keyring cannot be written, and then the old key stays in use.
    pub async fn rotate_data_key(&self) -> Result<u32, SealingError> {
        let mut state = self.state.lock().await;
        let State::Unsealed { envelope, barrier, .. } = &mut *state else { return Err(SealingError::Sealed) };
        let keyring = barrier.keyring().rotated(self.clock.now())?;
        let number = keyring.newest();
        let next = envelope.with_data_keys(&keyring)?;
        next.store(&self.directory)?;
        *envelope = next;
        barrier.use_keyring(keyring)?;
        self.tell(&state);
        Ok(number)
    }

    fn tell(&self, state: &State) {
        let progress = match state {
            State::Unsealed { envelope, rekey: Some(rekey), .. } => {
                Some(Arc::new(rekey.progress(envelope.holders().threshold)))
            }
            _ => None,
        };
        self.rekey.store(progress);
        self.status.store(Arc::new(status_of(state)));
    }
}

fn split(key: &SealKey, holders: Holders) -> Result<Vec<Share>, SealingError> {
    shares::split(key, holders.shares, holders.threshold)
        .map_err(|error| SealingError::Input { leaf: "threshold", message: error.to_string() })
}

/// A wrong key is a fault of what was given.
fn of_key(error: EnvelopeError, leaf: &'static str) -> SealingError {
    match error {
        EnvelopeError::WrongKey => {
            let message = format!("{error}; what was given is forgotten");
            SealingError::Input { leaf, message }
        }
        other => SealingError::Envelope(other),
    }
}

fn status_of(state: &State) -> SealStatus {
    let (envelope, attempt, data_key) = match state {
        State::Uninitialized => (None, None, None),
        State::Sealed { envelope, attempt } => (Some(envelope), attempt.as_ref(), None),
        State::Unsealed { envelope, barrier, .. } => (Some(envelope), None, Some(barrier.keyring().newest())),
    };
    let newest = match state {
        State::Unsealed { barrier, .. } => barrier.keyring().data_keys().last().map(|key| key.time),
        _ => None,
    };
    SealStatus {
        initialized: envelope.is_some(),
        sealed: data_key.is_none(),
        shares: envelope.map(|envelope| envelope.holders().shares),
        threshold: envelope.map(|envelope| envelope.holders().threshold),
        progress: envelope.filter(|_| data_key.is_none()).map(|_| attempt.map_or(0, Attempt::progress)),
        nonce: attempt.map(|attempt| attempt.nonce.to_string()),
        data_key,
        data_key_time: newest,
        store_id: envelope.map(|envelope| envelope.store_id().to_string()),
    }
}

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealing").field("status", &self.status.load()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
