//! Commits as a reader sees them, a page at a time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::eyes::Eyes;
use crate::access::Access;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::diff::{Change, ChangeKind};
use crate::engine::history::PastCommit;
use crate::engine::{ActionContext, ActionError, Engine};
use crate::store::{Revision, StoreError};
use crate::yang::schema::Value;

/// How many commits the state of the model lists.
const LISTED: usize = 100;
/// So many stretches of the log are looked through for those: what else was committed is not worth a longer wait.
const STRETCHES_OF_STATE: usize = 16;
/// So many for a page; behind them the next page goes on.
const STRETCHES_OF_PAGE: usize = 256;
/// How many changes of one commit are listed.
const CHANGES: usize = 100;

/// Input of `list-commits`.
#[derive(Deserialize)]
pub(super) struct Wanted {
    before: Option<u64>,
    limit: u16,
}

/// Output of `list-commits`.
#[derive(Serialize)]
pub(super) struct Page {
    commits: Vec<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// An entry of a list of commits.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Told {
    revision: u64,
    number: u16,
    time: Timestamp,
    author: String,
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    changes: Vec<ToldChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    further_changes: Option<usize>,
}

#[derive(Serialize)]
struct ToldChange {
    path: String,
    change: &'static str,
}

/// What happened to a node, as the model calls it.
pub(super) fn name_of(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Created => "created",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Changed => "changed",
        ChangeKind::Moved => "moved",
    }
}

/// The number that a key is.
pub(super) fn number(key: &Value) -> Option<u64> {
    match key {
        Value::Uint(number) => Some(*number),
        _ => None,
    }
}

/// A commit, whose changes are those that its reader may see.
pub(super) fn told(eyes: &Eyes<'_>, commit: &PastCommit) -> Told {
    let change =
        |change: &Change| ToldChange { path: change.path.to_v1(eyes.schema), change: name_of(change.kind) };
    let further = commit.changes.len().saturating_sub(CHANGES);
    Told {
        revision: commit.revision.0,
        number: commit.number,
        time: commit.time,
        author: commit.actor.clone(),
        request_id: commit.request_id.clone(),
        comment: commit.comment.clone(),
        changes: commit.changes.iter().take(CHANGES).map(change).collect(),
        further_changes: (further > 0).then_some(further),
    }
}

/// The log of a tenant, as far as a reader may see it.
pub(super) struct Pages<'a> {
    pub engine: &'a Engine,
    pub tenant: &'a Ident,
    pub eyes: &'a Eyes<'a>,
}

impl Pages<'_> {
    /// The newest commits up to a revision.
    pub fn newest(&self, last: Revision) -> Result<Vec<PastCommit>, StoreError> {
        self.page(last.next(), LISTED, STRETCHES_OF_STATE).map(|(commits, _)| commits)
    }

    /// The commits of one revision.
    pub fn of_revision(&self, revision: Revision) -> Result<Vec<PastCommit>, StoreError> {
        let stretch = self.engine.stretch(self.tenant, revision.next())?;
        let own = stretch.commits.into_iter().filter(|commit| commit.revision == revision);
        Ok(own.filter_map(|commit| self.seen(commit)).collect())
    }

    /// At least `limit` commits before a revision where there are so many in as many stretches, and where the next page begins.
    fn page(
        &self,
        before: Revision,
        limit: usize,
        stretches: usize,
    ) -> Result<(Vec<PastCommit>, Option<Revision>), StoreError> {
        let mut found: Vec<PastCommit> = Vec::new();
        let mut before = before;
        for _ in 0..stretches {
            let stretch = self.engine.stretch(self.tenant, before)?;
            for commit in stretch.commits {
                // A page ends between two revisions.
                if found.len() >= limit
                    && let Some(last) = found.last().map(|last| last.revision)
                    && last != commit.revision
                {
                    return Ok((found, Some(last)));
                }
                found.extend(self.seen(commit));
            }
            match stretch.down_to {
                Some(down_to) => before = down_to,
                None => return Ok((found, None)),
            }
        }
        Ok((found, Some(before)))
    }

    /// The commit without the changes that do not show; `None` when none does.
    fn seen(&self, mut commit: PastCommit) -> Option<PastCommit> {
        commit.changes.retain(|change| self.eyes.see(change));
        (!commit.changes.is_empty()).then_some(commit)
    }
}

/// A page of the history.
pub(super) async fn list(
    access: Arc<Access>,
    context: ActionContext,
    input: Wanted,
) -> Result<Page, ActionError> {
    let caller = Arc::clone(context.caller()?);
    let page = move || {
        let authority = access.policies.authority(&context.snapshot, &caller);
        let eyes = Eyes { schema: context.engine.schema(), authority: &authority };
        let pages = Pages { engine: &context.engine, tenant: &context.tenant, eyes: &eyes };
        let newest = context.snapshot.revision.next();
        let before = input.before.map_or(newest, |before| newest.min(Revision(before)));
        let (commits, next) = pages.page(before, usize::from(input.limit), STRETCHES_OF_PAGE)?;
        let commits = commits.iter().map(|commit| told(&eyes, commit)).collect();
        Ok(Page { commits, next: next.map(|next| next.0) })
    };
    let internal = |error: &dyn std::fmt::Display| ActionError::Internal(error.to_string());
    let done: Result<Page, StoreError> =
        tokio::task::spawn_blocking(page).await.map_err(|error| internal(&error))?;
    done.map_err(|error| internal(&error))
}
