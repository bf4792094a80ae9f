//! Keys with an `auto-rotate-period` get a new version when it is due.

use std::sync::Arc;
use std::time::Duration as Wait;

use super::Transit;
use super::keyring::next_rotation;
use super::model::TransitKey;
use super::version::{Nodes, addition, make, next_number};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{Author, CommitOptions, CommitRequest, Engine, Snapshot, TenantEdits};
use crate::services::jose::Key;
use crate::yang::schema::Value;

/// How often it is looked whether a key is due.
const EVERY: Wait = Wait::from_secs(30);

impl Transit {
    /// Rotates keys when they are due, until it is dropped.
    pub async fn rotate_for_ever(self: Arc<Self>, engine: Engine) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.rotate_due(&engine).await;
        }
    }

    /// Rotates every key that is due now and returns how many were. A key that cannot be rotated is tried again at the next
    /// time; the others do not wait for it.
    pub async fn rotate_due(&self, engine: &Engine) -> usize {
        let now = engine.clock().now();
        let mut rotated = 0;
        for (tenant, path) in self.due(&engine.snapshot(), now) {
            match self.rotate_one(engine, &tenant, &path).await {
                Ok(()) => rotated += 1,
                Err(reason) => {
                    let key = path.to_v1(engine.schema());
                    tracing::error!(%tenant, %key, %reason, "a key could not be rotated by its period");
                }
            }
        }
        rotated
    }

    fn due(&self, snapshot: &Snapshot, now: Timestamp) -> Vec<(Ident, InstancePath)> {
        let mut due = Vec::new();
        for (tenant, data) in snapshot.tenants() {
            let Some(keys) = data.tree.list(&self.list) else { continue };
            for entry in keys.iter().filter(|entry| is_due(&self.nodes, entry, now)) {
                due.push((tenant.clone(), self.list.entry(entry.key(snapshot.schema()))));
            }
        }
        due
    }

    async fn rotate_one(&self, engine: &Engine, tenant: &Ident, path: &InstancePath) -> Result<(), String> {
        let snapshot = engine.snapshot();
        let schema = snapshot.schema();
        let Some(entry) = snapshot.entry(tenant, path) else { return Ok(()) };
        let key: TransitKey = from_data(schema, entry).map_err(|error| error.to_string())?;
        let cipher = key.cipher;
        let material = tokio::task::spawn_blocking(move || Key::generate(cipher))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        let version = make(cipher, next_number(&key), material, engine.clock().now())
            .map_err(|error| error.to_string())?;
        let edits = addition(schema, &self.nodes, path, key.active_version, &version)
            .map_err(|violations| violations.first().map(ToString::to_string).unwrap_or_default())?;
        let request = CommitRequest {
            actor: "auto-rotate".to_owned(),
            request_id: uuid::Uuid::new_v4().to_string(),
            by: Author::Service,
            changes: vec![TenantEdits { tenant: tenant.clone(), edits, preconditions: Vec::new() }],
            validate_only: false,
            approve: None,
            options: CommitOptions::default(),
        };
        engine.commit(request).await.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// Looks at two leafs only: this is asked of every key, twice a minute.
fn is_due(nodes: &Nodes, entry: &Container, now: Timestamp) -> bool {
    let text = |leaf| entry.leaf(leaf).and_then(Value::as_str);
    let period = text(nodes.auto_rotate_period).and_then(|period| period.parse().ok());
    let last = text(nodes.last_rotation).and_then(Timestamp::parse_rfc3339);
    next_rotation(period, last).is_some_and(|due| due <= now)
}
