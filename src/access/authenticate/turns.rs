//! Turns of those who use up the same thing, or ask for the same work: each finds what the one before it left.

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::sync::{Mutex, MutexGuard};

/// A fixed number of turns, so that strangers cannot make more of them. Two that share one by accident wait for each
/// other.
#[derive(Debug)]
pub struct Turns([Mutex<()>; 64]);

/// One's turn, until it is dropped.
pub type Turn<'a> = MutexGuard<'a, ()>;

impl Default for Turns {
    fn default() -> Self {
        Turns(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Turns {
    /// Waits for one's turn.
    pub async fn take(&self, of: &impl Hash) -> Option<Turn<'_>> {
        let mut hasher = DefaultHasher::new();
        of.hash(&mut hasher);
        let count = u64::try_from(self.0.len()).unwrap_or(1);
        let turn = self.0.get(usize::try_from(hasher.finish() % count).unwrap_or(0))?;
        Some(turn.lock().await)
    }
}
