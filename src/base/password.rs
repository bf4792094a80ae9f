//! Password hashes: argon2id strings in the PHC form, bcrypt strings that somebody brings along, and the threads of
//! their own on which they are computed, so that a flood of wrong passwords does not slow anything else down.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::secret::Secret;

/// How many hashes are computed at the same time.
const THREADS: usize = 2;

/// How many may wait for a thread before further ones are turned away.
const QUEUE: usize = 1_024;

/// The dearest argon2 string that is accepted from outside: verifying it must not exhaust the machine, and must be done
/// within a beat. Memory is in KiB; the work is memory times passes, of which a core does about two millions in a second.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_WORK: u64 = 1024 * 1024;
const MOST_LANES: u32 = 16;

/// The dearest bcrypt string that is accepted from outside: about half a second.
const MOST_BCRYPT_COST: u32 = 13;

/// See [`Passwords::beat`].
const BEAT: Duration = Duration::from_secs(1);
const SHORT_BEAT: Duration = Duration::from_millis(20);

/// A hash of nothing that anybody knows, as costly as the ones that [`hash`] makes.
const STRANGER: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c3Ryb25nYm94LXN0cmFuZ2Vy$6yJ8bBqC0mT4v3oWm0C2tq3u0m4YkqQm5w3n8w2F0aE";

/// Why a password could not be hashed or a hash not be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The text begins like a hash and cannot be read as one, or would cost too much to verify.
    #[error("the value begins like a password hash, but {0}")]
    Hash(String),
    /// Too many are waiting.
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    /// The threads are gone, or the random generator failed.
    #[error("the password could not be hashed: {0}")]
    Failed(&'static str),
}

/// Whether a text is meant as a hash: it begins with the mark of argon2 or bcrypt.
pub fn is_hash(text: &str) -> bool {
    text.starts_with("$argon2") || is_bcrypt(text)
}

fn is_bcrypt(text: &str) -> bool {
    ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|mark| text.starts_with(mark))
}

/// Whether a hash that was brought along can be kept: it can be read, and verifying it costs at most 256 MiB, 16
/// passes and 1 GiB in all of them (argon2) or a cost of 13 (bcrypt).
///
/// # Errors
/// [`PasswordError::Hash`] says what is wrong; the hash itself is not in the message.
pub fn check_hash(text: &str) -> Result<(), PasswordError> {
    let wrong = |reason: String| PasswordError::Hash(reason);
    if is_bcrypt(text) {
        let parts: bcrypt::HashParts =
            text.parse().map_err(|_| wrong("it is not a whole bcrypt string".to_owned()))?;
        let cost = parts.get_cost();
        return match cost {
            4..=MOST_BCRYPT_COST => Ok(()),
            _ => Err(wrong(format!("its cost is {cost}; 4 to {MOST_BCRYPT_COST} are accepted"))),
        };
    }
    let hash = PasswordHash::new(text).map_err(|_| wrong("it is not a whole argon2 string".to_owned()))?;
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(wrong("it has no salt or no hash".to_owned()));
    }
    let known = ["argon2id", "argon2i", "argon2d"];
    if !known.contains(&hash.algorithm.as_str()) {
        return Err(wrong("it is not of argon2id, argon2i or argon2d".to_owned()));
    }
    let params = Params::try_from(&hash).map_err(|_| wrong("its parameters are out of range".to_owned()))?;
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    if params.m_cost() > MOST_MEMORY
        || params.t_cost() > MOST_PASSES
        || params.p_cost() > MOST_LANES
        || work > MOST_WORK
    {
        return Err(wrong(format!(
            "it is too dear to verify: at most m={MOST_MEMORY}, t={MOST_PASSES}, p={MOST_LANES} \
             and m*t={MOST_WORK} are accepted"
        )));
    }
    Ok(())
}

/// The argon2id string of a password, with a salt of its own. Takes about 15 ms and 19 MiB.
///
/// # Errors
/// [`PasswordError::Failed`] when the random generator fails.
pub fn hash(password: &[u8]) -> Result<String, PasswordError> {
    hash_with(password, Params::DEFAULT)
}

fn hash_with(password: &[u8], parameters: Params) -> Result<String, PasswordError> {
    let salt = Secret::random(16).map_err(|_| PasswordError::Failed("no random salt"))?;
    Argon2::from(parameters)
        .hash_password_with_salt(password, salt.expose())
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|_| PasswordError::Failed("argon2 refused the input"))
}

/// Whether a password is the one behind a hash. An unreadable hash matches nothing.
pub fn verify(hash: &str, password: &[u8]) -> bool {
    if check_hash(hash).is_err() {
        return false;
    }
    if is_bcrypt(hash) {
        return bcrypt::verify(password, hash).unwrap_or(false);
    }
    Argon2::default().verify_password(password, hash).is_ok()
}

/// Two threads of low priority that hash and verify. Cheap to clone; they end with the last clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    queue: mpsc::Sender<Job>,
    parameters: Params,
    beat: Duration,
}

type Job = Box<dyn FnOnce() + Send>;

impl Passwords {
    /// With the parameters that OWASP names as the minimum for argon2id: 19 MiB, two passes, one lane.
    pub fn new() -> Self {
        Passwords { beat: BEAT, ..Passwords::with_parameters(Params::DEFAULT) }
    }

    /// With other parameters and a beat that suits them; for tests that hash a lot. Where the machine gives no thread, every answer is a failure.
    pub fn with_parameters(parameters: Params) -> Self {
        let (queue, jobs) = mpsc::channel::<Job>(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..THREADS {
            let jobs = Arc::clone(&jobs);
            let started =
                thread::Builder::new().name(format!("password-{number}")).spawn(move || work(&jobs));
            if let Err(error) = started {
                tracing::error!(%error, "a thread for password hashing could not be started");
            }
        }
        Passwords { queue, parameters, beat: SHORT_BEAT }
    }

    /// The time at whose multiples a refusal is to be given. It is longer than any hash that is accepted takes to verify,
    /// so that the time of a refusal does not tell which one it was, or whether there was any.
    pub fn beat(&self) -> Duration {
        self.beat
    }

    /// The argon2id string of a password. Waits for its turn.
    ///
    /// # Errors
    /// [`PasswordError::Failed`] when the hash cannot be made.
    pub async fn hash(&self, password: Secret) -> Result<String, PasswordError> {
        let parameters = self.parameters.clone();
        let (job, answer) = job(move || hash_with(password.expose(), parameters));
        self.queue.send(job).await.map_err(|_| GONE)?;
        answer.await.map_err(|_| GONE)?
    }

    /// Whether a password is the one behind a hash. Without a hash (there is no such user) it does the same work and
    /// says no. Does not wait when there is a crowd: strangers can make one.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many are waiting, [`PasswordError::Failed`] when the threads are gone.
    pub async fn verify(&self, hash: Option<&str>, password: Secret) -> Result<bool, PasswordError> {
        let hash = hash.map(str::to_owned);
        let (job, answer) = job(move || match hash {
            Some(hash) => verify(&hash, password.expose()),
            None => {
                let _ = verify(STRANGER, password.expose());
                false
            }
        });
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PasswordError::Busy,
            TrySendError::Closed(_) => GONE,
        })?;
        answer.await.map_err(|_| GONE)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords::new()
    }
}

const GONE: PasswordError = PasswordError::Failed("the threads for it have ended");

/// Work and where its answer arrives. Nothing is done when nobody waits for the answer any more.
fn job<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> (Job, oneshot::Receiver<T>) {
    let (answer, answered) = oneshot::channel();
    let job = Box::new(move || {
        if !answer.is_closed() {
            let _ = answer.send(work());
        }
    });
    (job, answered)
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    // On Linux a priority belongs to a thread: at this one a thread gets about a tenth of a core that others want, and
    // all of an idle one. Where it cannot be lowered, hashing competes as an equal.
    let _ = rustix::process::setpriority_process(None, 10);
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        match next {
            Some(job) => job(),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_password_and_no_other() {
        let hashed = hash(b"correct horse").unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(verify(&hashed, b"correct horse"));
        assert!(!verify(&hashed, b"correct horsf"));
        assert_ne!(hash(b"correct horse").unwrap(), hashed, "each hash has a salt of its own");
    }

    #[test]
    fn the_hash_of_a_stranger_costs_what_ours_cost() {
        let params = |text: &str| Params::try_from(&PasswordHash::new(text).unwrap()).unwrap();
        let (ours, strangers) = (hash(b"x").unwrap(), STRANGER);
        assert_eq!(params(&ours), params(strangers));
        assert!(!verify(strangers, b""));
    }

    #[test]
    fn bcrypt_strings_are_taken_as_they_are() {
        // Vector of the bcrypt test suite of OpenBSD: U*U.
        let hashed = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert!(is_hash(hashed));
        assert_eq!(check_hash(hashed), Ok(()));
        assert!(verify(hashed, b"U*U"));
        assert!(!verify(hashed, b"U*V"));
    }

    #[test]
    fn a_hash_that_would_exhaust_the_machine_is_refused() {
        for text in [
            "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$5yBAHpoGCmWw1z4hTFpN0g",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0",
            "$argon2id$nonsense",
            "$2b$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$05$short",
        ] {
            assert!(is_hash(text), "{text}");
            let error = check_hash(text).unwrap_err().to_string();
            assert!(!error.contains("c2FsdHNhbHRzYWx0"), "{error}");
            assert!(!verify(text, b"x"), "{text}");
        }
    }

    #[tokio::test]
    async fn the_pool_answers_for_users_and_for_strangers() {
        let pool = Passwords::new();
        let hashed = pool.hash(Secret::new(*b"hunter2")).await.unwrap();
        let known = Some(hashed.as_str());
        assert_eq!(pool.verify(known, Secret::new(*b"hunter2")).await, Ok(true));
        assert_eq!(pool.verify(known, Secret::new(*b"hunter3")).await, Ok(false));
        assert_eq!(pool.verify(None, Secret::new(*b"hunter2")).await, Ok(false));
    }
}
