//! The history of a tenant's configuration: who changed what, what is different between revisions, and going back.
//!
//! What the past was, the engine tells; here is what of it a caller may see, and what it takes to make it the present.

mod commits;
pub mod confirm;
mod differences;
mod eyes;
mod rollback;

use std::sync::Arc;

use serde::Deserialize;

use crate::access::Access;
use crate::base::error::ErrorTag;
use crate::data::decode::from_serde;
use crate::data::diff;
use crate::data::tree::{Data, Tree};
use crate::data::violation::Violation;
use crate::engine::history::HistoryError;
use crate::engine::{ActionContext, ActionError, Registry, StateContext, StateError, StateProvider};
use crate::services::input::fault;
use crate::store::{Revision, StoreError};
use crate::yang::schema::Value;
use commits::{Pages, number, told};

pub(in crate::services) use differences::Differences;
pub(in crate::services) use eyes::Eyes;
pub(in crate::services) use rollback::Made;

const NEWEST: &str = "/strongbox/history/newest-revision";
const OLDEST: &str = "/strongbox/history/oldest-revision";
const COMMITS: &str = "/strongbox/history/commits";

/// Hangs the service on the model.
pub fn register(registry: &mut Registry, access: &Arc<Access>) {
    registry.state(NEWEST, Arc::new(Newest));
    registry.state(OLDEST, Arc::new(Oldest));
    registry.state(COMMITS, Arc::new(Newly { access: Arc::clone(access) }));
    let own = Arc::clone(access);
    registry.action("/list-commits", move |context, input| {
        let access = Arc::clone(&own);
        async move { commits::list(access, context, input).await }
    });
    let own = Arc::clone(access);
    registry.action("/diff", move |context, input| {
        let access = Arc::clone(&own);
        async move { diff(&access, context, input).await }
    });
    let own = Arc::clone(access);
    registry.action("/rollback", move |context, input| {
        let access = Arc::clone(&own);
        async move { rollback::rollback(&access, context, input).await }
    });
    let own = Arc::clone(access);
    registry.action("/confirm-commit", move |context, input| {
        let access = Arc::clone(&own);
        async move { confirm::confirm(&access, context, input).await }
    });
    let own = Arc::clone(access);
    registry.action("/cancel-commit", move |context, input| {
        let access = Arc::clone(&own);
        async move { confirm::cancel(&access, context, input).await }
    });
}

/// `newest-revision`.
struct Newest;

impl StateProvider for Newest {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        Ok(Some(Data::Leaf(Value::Uint(context.snapshot.revision.0))))
    }
}

/// `oldest-revision`.
struct Oldest;

impl StateProvider for Oldest {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let reach = context.engine.reach().map_err(|error| unreadable(OLDEST, &error))?;
        Ok(Some(Data::Leaf(Value::Uint(reach.oldest.0))))
    }
}

/// `commits`: the newest ones, or the one that is asked for by its key.
struct Newly {
    access: Arc<Access>,
}

impl StateProvider for Newly {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        // Who does not say who it is sees nothing of what others did.
        let Some(caller) = context.caller else { return Ok(None) };
        let schema = context.engine.schema();
        let authority = self.access.policies.authority(context.snapshot, caller);
        let eyes = Eyes { schema, authority: &authority };
        let pages = Pages { engine: context.engine, tenant: context.tenant, eyes: &eyes };
        let failed = |error: StoreError| unreadable(COMMITS, &error);
        let found = match context.keys {
            [revision, wanted] => {
                let Some(revision) = number(revision) else { return Ok(None) };
                let mut all = pages.of_revision(Revision(revision)).map_err(failed)?;
                all.retain(|commit| Some(u64::from(commit.number)) == number(wanted));
                all
            }
            _ => pages.newest(context.snapshot.revision).map_err(failed)?,
        };
        let list: Vec<_> = found.iter().map(|commit| told(&eyes, commit)).collect();
        from_serde(schema, context.node, &list).map(Some).map_err(|violations| {
            let reasons: Vec<&str> = violations.iter().map(|violation| violation.message.as_str()).collect();
            StateError { path: COMMITS.to_owned(), reason: reasons.join("; ") }
        })
    }
}

fn unreadable(path: &str, error: &StoreError) -> StateError {
    StateError { path: path.to_owned(), reason: error.to_string() }
}

/// Input of `diff`.
#[derive(Deserialize)]
struct Between {
    from: u64,
    to: Option<u64>,
}

/// What is different between two revisions.
async fn diff(access: &Access, context: ActionContext, input: Between) -> Result<Differences, ActionError> {
    let newest = context.snapshot.revision.0;
    let to = input.to.unwrap_or(newest);
    let before = tree_at(&context, "diff", "from", input.from).await?;
    let after = tree_at(&context, "diff", "to", to).await?;
    let schema = context.engine.schema();
    let caller = context.caller()?;
    let authority = access.policies.authority(&context.snapshot, caller);
    let eyes = Eyes { schema, authority: &authority };
    let changes = diff::diff(schema, &before, &after);
    Ok(Differences { from: Some(input.from), to: Some(to), ..Differences::of(&eyes, &changes) })
}

/// The tree of the caller's tenant at a revision that a leaf of the input names.
async fn tree_at(
    context: &ActionContext,
    operation: &str,
    leaf: &str,
    revision: u64,
) -> Result<Tree, ActionError> {
    let engine = &context.engine;
    let found = engine.tree_at(&context.snapshot, &context.tenant, Revision(revision)).await;
    found.map_err(|error| not_told(context, operation, leaf, &error))
}

fn not_told(context: &ActionContext, operation: &str, leaf: &str, error: &HistoryError) -> ActionError {
    let fault = |tag: ErrorTag| {
        let violation = fault(context, operation, Some(leaf), error.to_string());
        ActionError::Invalid(vec![Violation { tag, ..violation }])
    };
    match error {
        HistoryError::Future { .. } | HistoryError::Gone { .. } | HistoryError::BeforeTenant { .. } => {
            fault(ErrorTag::InvalidValue)
        }
        HistoryError::Misfit { .. } => fault(ErrorTag::OperationFailed),
        HistoryError::Store(error) => ActionError::Internal(error.to_string()),
        HistoryError::Stopped => ActionError::Unavailable(error.to_string()),
    }
}
