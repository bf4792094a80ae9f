//! Takes tokens that have ended out of the store. They are refused from the moment they end; this only tidies up.

use std::collections::BTreeMap;
use std::time::Duration;

use super::issue::{Origin, commit};
use crate::access::Access;
use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation};
use crate::engine::{ActionError, Engine};

/// How many tokens go at once.
const BATCH: usize = 1_000;

/// How often is looked for them.
pub const INTERVAL: Duration = Duration::from_secs(60);

/// Takes out at most a thousand tokens that have ended, and says how many it were.
///
/// # Errors
/// When the commit fails; the next sweep finds the same tokens again.
pub async fn sweep(engine: &Engine, access: &Access) -> Result<usize, ActionError> {
    let ended = access.tokens.ended(engine.clock().now(), BATCH);
    let count = ended.len();
    let mut by_tenant: BTreeMap<Ident, Vec<Edit>> = BTreeMap::new();
    for (tenant, accessor) in ended {
        let gone = Edit::without_value(access.model.token(&accessor), EditOperation::Remove);
        by_tenant.entry(tenant).or_default().push(gone);
    }
    for (tenant, edits) in by_tenant {
        commit(engine, tenant, edits, Origin::of_daemon("sweep")).await?;
    }
    Ok(count)
}
