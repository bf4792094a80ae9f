//! Takes secret ids that have ended out of the store. They are refused from the moment they end; this only tidies up.

use super::AppRoles;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{ActionError, Engine};
use crate::services::token::{Origin, commit};
use crate::yang::schema::Schema;

/// How many go at once.
const BATCH: usize = 1_000;

impl AppRoles {
    /// Takes out at most a thousand secret ids of each tenant that have ended, and says how many it were.
    ///
    /// # Errors
    /// When the commit fails; the next sweep finds the same ones again.
    pub async fn sweep(&self, engine: &Engine) -> Result<usize, ActionError> {
        let tenants: Vec<Ident> = engine.snapshot().tenants().map(|(tenant, _)| tenant.clone()).collect();
        let mut count = 0;
        for tenant in tenants {
            let edits = self.ended(engine, &tenant);
            count += edits.len();
            if !edits.is_empty() {
                commit(engine, tenant, edits, Origin::of_daemon("sweep")).await?;
            }
        }
        Ok(count)
    }

    fn ended(&self, engine: &Engine, tenant: &Ident) -> Vec<Edit> {
        let snapshot = engine.snapshot();
        let now = engine.clock().now();
        let mut edits = Vec::new();
        let Some(data) = snapshot.tenant(tenant) else { return edits };
        for place in self.places.all(&data.tree) {
            let list = self.places.list(&place);
            let roles = data.tree.list(&list).map(|roles| roles.iter());
            for role in roles.into_iter().flatten() {
                let path = list.entry(role.key(snapshot.schema()));
                self.ended_of(snapshot.schema(), &path, role, now, &mut edits);
            }
        }
        edits.truncate(BATCH);
        edits
    }

    /// Adds what has ended of one role.
    fn ended_of(
        &self,
        schema: &Schema,
        path: &InstancePath,
        role: &Container,
        now: Timestamp,
        edits: &mut Vec<Edit>,
    ) {
        let Some(list) = schema.own_child(role.node, "secret-ids") else { return };
        let Some(expires) = schema.own_child(list, "expires") else { return };
        for secret in role.list(list).into_iter().flat_map(|secrets| secrets.iter()) {
            let end = secret.leaf(expires).map(ToString::to_string);
            if end.and_then(|text| Timestamp::parse_rfc3339(&text)).is_some_and(|end| end <= now) {
                let path = path.child(list).entry(secret.key(schema));
                edits.push(Edit::without_value(path, EditOperation::Remove));
            }
        }
    }
}
