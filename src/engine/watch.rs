//! Change subscriptions: commits as diffs, in revision order, through a bounded queue. A subscriber that is too slow is
//! told how much it missed, and catches up from the log or starts again from a snapshot.

use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::commit::TenantChanges;
use super::snapshot::Snapshot;
use crate::base::clock::Timestamp;
use crate::store::Revision;

/// One revision: transactions that became durable together.
pub struct Commit {
    /// Its number.
    pub revision: Revision,
    /// Its time.
    pub time: Timestamp,
    /// In the order in which they were made.
    pub transactions: Vec<CommittedTransaction>,
    /// The data before.
    pub before: Arc<Snapshot>,
    /// The data after.
    pub after: Arc<Snapshot>,
}

/// One transaction of a commit.
pub struct CommittedTransaction {
    /// The request that caused it.
    pub request_id: String,
    /// Who asked.
    pub actor: String,
    /// Why, where somebody said so.
    pub comment: Option<String>,
    /// What it changed, by tenant.
    pub changes: Vec<TenantChanges>,
}

/// Sees every commit on the writer's own thread, after it can be read and before it is acknowledged: for tables that
/// must be up to date when a client hears of its success. Must be quick, and cannot commit.
pub trait Observer: Send + Sync {
    /// A revision was published.
    fn committed(&self, commit: &Commit);
}

/// A subscription.
pub struct Watch {
    pub(super) commits: Receiver<Arc<Commit>>,
    pub(super) last: Revision,
}

/// What a subscription says instead of the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchEnd {
    /// So many commits were missed since `after`; the next call goes on with what is still queued.
    Lagged {
        /// The last revision that was seen.
        after: Revision,
        /// How many were missed.
        missed: u64,
    },
    /// The engine has stopped.
    Stopped,
}

impl Watch {
    /// Waits for the next commit.
    ///
    /// # Errors
    /// [`WatchEnd`].
    pub async fn next(&mut self) -> Result<Arc<Commit>, WatchEnd> {
        match self.commits.recv().await {
            Ok(commit) => {
                self.last = commit.revision;
                Ok(commit)
            }
            Err(RecvError::Lagged(missed)) => Err(WatchEnd::Lagged { after: self.last, missed }),
            Err(RecvError::Closed) => Err(WatchEnd::Stopped),
        }
    }

    /// The last revision that was seen, at first the one that was current when the subscription began.
    pub fn last(&self) -> Revision {
        self.last
    }
}
