//! `hashed` leafs: a password is kept as an argon2id string only. Hashing is slow on purpose, so at most two run at once.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::base::secret::Secret;

/// So many hash at once; the rest wait in order.
const AT_ONCE: usize = 2;
/// What a string that is a hash already begins with: argon2 in PHC form, and bcrypt.
const HASH_PREFIXES: [&str; 6] = ["$argon2id$", "$argon2i$", "$argon2d$", "$2a$", "$2b$", "$2y$"];

/// Hashes and verifies passwords away from the threads that serve requests.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    parameters: Params,
}

/// Hashing failed: no random salt could be had, or the runtime is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError;

/// Whether a text is a password hash already and is kept as it is.
pub fn is_hash(text: &str) -> bool {
    HASH_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}

impl Passwords {
    /// With the parameters that OWASP names as the minimum for argon2id: 19 MiB, two passes, one lane.
    pub fn new() -> Self {
        Passwords::with_parameters(Params::DEFAULT)
    }

    /// With other parameters; for tests that hash a lot.
    pub fn with_parameters(parameters: Params) -> Self {
        Passwords { turns: Arc::new(Semaphore::new(AT_ONCE)), parameters }
    }

    /// The argon2id string of a password, with a salt of its own.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash(&self, password: Secret) -> Result<String, HashError> {
        let parameters = self.parameters.clone();
        self.in_turn(move || {
            let salt = Secret::random(16).ok()?;
            let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
            let hash = hasher.hash_password_with_salt(password.expose(), salt.expose()).ok()?;
            Some(hash.to_string())
        })
        .await
        .flatten()
        .ok_or(HashError)
    }

    /// Whether `stored` is an argon2 or bcrypt string of this password.
    pub async fn verify(&self, stored: &str, password: Secret) -> bool {
        let stored = stored.to_owned();
        self.in_turn(move || verify(&stored, &password)).await == Some(true)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .ok()
    }
}

fn verify(stored: &str, password: &Secret) -> bool {
    if stored.starts_with("$2") {
        return bcrypt::verify(password.expose(), stored).unwrap_or(false);
    }
    let verifier = Argon2::default();
    PasswordHash::new(stored).is_ok_and(|hash| verifier.verify_password(password.expose(), &hash).is_ok())
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_salted_and_verifies() {
        let passwords = Passwords::with_parameters(Params::new(64, 1, 1, None).unwrap());
        let given = || Secret::new(*b"correct horse");
        let first = passwords.hash(given()).await.unwrap();
        let second = passwords.hash(given()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=64,t=1,p=1$") && is_hash(&first), "{first}");
        assert_ne!(first, second);
        assert!(passwords.verify(&first, given()).await);
        assert!(!passwords.verify(&first, Secret::new(*b"battery staple")).await);
        assert!(!passwords.verify("not a hash", given()).await);
        let bcrypt = bcrypt::hash("correct horse", 4).unwrap();
        assert!(is_hash(&bcrypt) && passwords.verify(&bcrypt, given()).await);
        assert!(!passwords.verify(&bcrypt, Secret::new(*b"battery staple")).await);
    }

    #[test]
    fn only_known_hash_forms_are_taken_as_they_are() {
        assert!(is_hash("$2b$12$abcdefghijklmnopqrstuu"));
        assert!(!is_hash("$money$"));
        assert!(!is_hash("password"));
    }
}
