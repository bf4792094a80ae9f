//! Takes secret ids that have ended out of the store. They are refused from the moment they end; this only tidies up.

use super::AppRoles;
use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation};
use crate::engine::{ActionError, Engine};
use crate::services::token::{Origin, commit};

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
        let roles = snapshot.tenant(tenant).and_then(|data| data.tree.list(&self.nodes.roles));
        for role in roles.into_iter().flat_map(|roles| roles.iter()) {
            let path = self.nodes.roles.entry(role.key(snapshot.schema()));
            let secrets = role.list(self.nodes.secret_ids).into_iter().flat_map(|secrets| secrets.iter());
            for secret in secrets {
                let end = secret.leaf(self.nodes.expires).map(ToString::to_string);
                let end = end.and_then(|text| crate::base::clock::Timestamp::parse_rfc3339(&text));
                if end.is_some_and(|end| end <= now) && edits.len() < BATCH {
                    let path = path.child(self.nodes.secret_ids).entry(secret.key(snapshot.schema()));
                    edits.push(Edit::without_value(path, EditOperation::Remove));
                }
            }
        }
        edits
    }
}
