//! The past: what each commit changed, and what the data was at an earlier revision.
//!
//! Nothing is kept in memory for it. The log says what was committed, and the store keeps beside each record what the rows
//! that it changed were before; both are read in small portions, on the writer's thread.

mod commits;
mod past;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::sync::mpsc::error::TrySendError;
use zeroize::Zeroizing;

pub use commits::{PastCommit, Stretch};

use super::snapshot::Snapshot;
use super::writer::Work;
use super::{Engine, stopping};
use crate::base::aside::aside;
use crate::base::ident::Ident;
use crate::data::diff::{changes_to_edits, diff};
use crate::data::edit::Edit;
use crate::data::tree::Tree;
use crate::store::{CommitLog as _, Revision, SqliteStore, StoreError};
use crate::yang::schema::Schema;

/// So many records are read at once: what others wait for meanwhile is a fraction of what a commit takes.
const PORTION: usize = 32;

/// Why the past cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The revision is still to come.
    #[error("there is no revision {wanted} yet; the newest is {newest}")]
    Future {
        /// Which was asked for.
        wanted: Revision,
        /// The newest.
        newest: Revision,
    },
    /// The log does not reach back that far.
    #[error("revision {wanted} is older than what the log keeps; the oldest that can be told is {oldest}")]
    Gone {
        /// Which was asked for.
        wanted: Revision,
        /// The oldest that can be had.
        oldest: Revision,
    },
    /// The tenant is younger.
    #[error("revision {wanted} is older than the tenant '{tenant}'")]
    BeforeTenant {
        /// Which was asked for.
        wanted: Revision,
        /// Whose.
        tenant: Ident,
    },
    /// What was stored then is not of the modules that are served now.
    #[error("what revision {wanted} had at {path} does not fit the modules that are served now: {reason}")]
    Misfit {
        /// Which was asked for.
        wanted: Revision,
        /// Instance-identifier of a row.
        path: String,
        /// Why.
        reason: String,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was given up half way, because the daemon stops.
    #[error("the engine is stopping")]
    Stopped,
}

/// Rows by path, as they were at some revision; `None` for what was not there.
type Rows = HashMap<String, Option<Zeroizing<String>>>;

/// Revisions that somebody will want to go back to, by tenant: the log is not purged beyond the oldest of them.
#[derive(Debug, Default)]
pub struct Pins(Mutex<BTreeMap<Ident, Revision>>);

impl Pins {
    /// What a tenant will want to go back to from now on, if anything.
    pub fn set(&self, tenant: &Ident, revision: Option<Revision>) {
        let mut pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match revision {
            Some(revision) => pins.insert(tenant.clone(), revision),
            None => pins.remove(tenant),
        };
    }

    /// The oldest of them.
    pub fn oldest(&self) -> Option<Revision> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }
}

/// How far the past reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The oldest revision of which the log tells.
    pub first: Revision,
    /// The oldest revision that the data can be taken back to.
    pub oldest: Revision,
    /// The newest revision.
    pub last: Revision,
}

impl Engine {
    /// The whole tree of a tenant as it was at a revision, stored state included; `snapshot` is what is counted back from.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn tree_at(
        &self,
        snapshot: &Arc<Snapshot>,
        tenant: &str,
        revision: Revision,
    ) -> Result<Tree, HistoryError> {
        let newest = snapshot.revision;
        if revision > newest {
            return Err(HistoryError::Future { wanted: revision, newest });
        }
        let rows = self.rows_at(tenant, revision, newest).await?;
        let (schema, facts) = (Arc::clone(&self.core().schema), Arc::clone(&self.core().facts));
        let (snapshot, tenant) = (Arc::clone(snapshot), Ident::from(tenant));
        let work = move || {
            let now = snapshot.tenant(&tenant).map_or_else(Tree::empty, |data| data.tree.clone());
            past::put_back(&schema, &facts, &now, rows, (&tenant, revision))
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| HistoryError::Stopped)?
    }

    /// What differs between the rows of a revision and those of a newer one.
    async fn rows_at(
        &self,
        tenant: &str,
        revision: Revision,
        newest: Revision,
    ) -> Result<Rows, HistoryError> {
        let mut rows = Rows::new();
        let mut after = revision;
        while after < newest {
            let limit = PORTION.min(usize::try_from(newest.0 - after.0).unwrap_or(PORTION));
            let portion = self.look(move |store| store.read_past(after, limit)).await?;
            let portion = portion.map_err(|error| match error {
                StoreError::Purged { first, .. } => HistoryError::Gone { wanted: revision, oldest: first },
                other => other.into(),
            })?;
            let Some((last, _)) = portion.last() else { break };
            after = *last;
            for row in portion.into_iter().flat_map(|(_, rows)| rows).filter(|row| row.tenant == tenant) {
                // What the first record behind the revision found is what the revision had.
                rows.entry(row.path).or_insert(row.value);
            }
        }
        Ok(rows)
    }

    /// Revisions that the log must keep.
    pub fn pins(&self) -> &Arc<Pins> {
        &self.core().pins
    }

    /// How far the past reaches.
    ///
    /// # Errors
    /// I/O.
    pub fn reach(&self) -> Result<Reach, StoreError> {
        self.look_now(|store| {
            let bounds = store.bounds();
            let oldest = store.first_past()?;
            Ok(Reach { first: bounds.first, oldest, last: bounds.last })
        })?
    }

    /// As [`Engine::look`], waiting on this thread.
    fn look_now<T: Send + 'static>(
        &self,
        look: impl FnOnce(&SqliteStore) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, outcome) = mpsc::sync_channel(1);
        let look = Box::new(move |store: &SqliteStore| drop(answer.send(look(store))));
        self.queue.try_send(Work::Look(look)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Io {
                action: "read",
                path: std::path::PathBuf::from("the log"),
                reason: "too many changes wait to be committed; try again".to_owned(),
            },
            TrySendError::Closed(_) => stopping(),
        })?;
        aside(|| outcome.recv()).map_err(|_| stopping())
    }
}

/// The edits that lead the configuration of one tree to that of another. State stays as it is: only what is stored inside of
/// an entry that comes back comes with it.
pub fn edits_towards(schema: &Schema, tree: &Tree, goal: &Tree) -> Vec<Edit> {
    let mut changes = diff(schema, tree, goal);
    changes.retain(|change| schema.node(change.path.target()).config);
    changes_to_edits(&changes)
}
