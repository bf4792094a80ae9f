//! Keys take turns: when somebody asks for it, and by themselves when their period is over.

use std::sync::Arc;
use std::time::Duration as Wait;

use super::model::{NamedKey, RotateInput};
use super::ring::{self, next_rotation};
use super::{IdentityTokens, internal, read};
use crate::base::duration::Duration;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::{
    ActionContext, ActionError, Approval, Approve, Author, CommitError, CommitOptions, CommitRequest, Engine,
    SYSTEM_TENANT, TenantEdits,
};
use crate::yang::schema::Value;

/// How often it is looked whether a key is due.
const EVERY: Wait = Wait::from_secs(15);

/// How often a rotation is tried when others rotate the same key at the same time.
const ATTEMPTS: usize = 5;

/// On whose behalf a key is rotated.
struct Origin {
    actor: String,
    request_id: String,
    validate_only: bool,
}

impl IdentityTokens {
    /// Rotates the key that the action is bound to.
    pub(super) async fn rotate(
        &self,
        context: &ActionContext,
        input: RotateInput,
    ) -> Result<(), ActionError> {
        let caller = context.caller()?;
        let origin = || Origin {
            actor: caller.actor(),
            request_id: context.client.request_id.clone(),
            validate_only: context.validate_only,
        };
        for _ in 0..ATTEMPTS {
            let turned = self
                .turn(&context.engine, &context.tenant, &context.path, input.verification_ttl, origin())
                .await;
            match turned {
                Err(ActionError::Commit(CommitError::Invalid(faults)))
                    if faults.iter().all(|fault| fault.tag == ErrorTag::InUse) => {}
                other => return other,
            }
        }
        Err(ActionError::Unavailable("others rotate this key at the same time; try again".to_owned()))
    }

    /// Rotates keys when they are due, until it is dropped.
    pub async fn rotate_for_ever(self: Arc<Self>, engine: Engine) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.rotate_due(&engine).await;
        }
    }

    /// Rotates every key that is due now, and says how many it were. One that cannot be rotated is tried again at the next
    /// time.
    pub async fn rotate_due(&self, engine: &Engine) -> usize {
        let snapshot = engine.snapshot();
        let now = engine.clock().now();
        let mut due = Vec::new();
        for (tenant, _) in snapshot.tenants() {
            for entry in self.entries(&snapshot, tenant, &self.nodes.keys) {
                let last = entry.leaf(self.nodes.ring.last_rotation).and_then(Value::as_str);
                let last = last.and_then(crate::base::clock::Timestamp::parse_rfc3339);
                let period = read::<NamedKey>(snapshot.schema(), entry).ok().map(|key| key.rotation_period);
                if period.and_then(|period| next_rotation(period, last)).is_some_and(|time| time <= now) {
                    due.push((tenant.clone(), self.nodes.keys.entry(entry.key(snapshot.schema()))));
                }
            }
        }
        let mut rotated = 0;
        for (tenant, path) in due {
            let origin = Origin {
                actor: format!("{SYSTEM_TENANT}/-"),
                request_id: "rotation".to_owned(),
                validate_only: false,
            };
            match self.turn(engine, &tenant, &path, None, origin).await {
                Ok(()) => rotated += 1,
                Err(reason) => {
                    let key = path.to_v1(engine.schema());
                    tracing::error!(%tenant, %key, %reason, "a key of identity tokens could not be rotated");
                }
            }
        }
        rotated
    }

    async fn turn(
        &self,
        engine: &Engine,
        tenant: &Ident,
        path: &InstancePath,
        verification_ttl: Option<Duration>,
        origin: Origin,
    ) -> Result<(), ActionError> {
        let snapshot = engine.snapshot();
        let schema = snapshot.schema();
        let entry = snapshot.entry(tenant, path).ok_or(ActionError::NotFound)?;
        let key: NamedKey = read(schema, entry)?;
        let now = engine.clock().now();
        let algorithm = key.algorithm;
        let fresh = tokio::task::spawn_blocking(move || ring::make(algorithm, now))
            .await
            .map_err(|error| internal(&error))?
            .map_err(|error| internal(&error))?;
        let next = key.ring.iter().find(|known| Some(&known.kid) == key.next_key.as_ref());
        let signing = next.ok_or_else(|| internal(&"the key has no next key"))?;
        let ttl = verification_ttl.unwrap_or(key.verification_ttl);
        let edits: Vec<Edit> =
            ring::turn(schema, &self.nodes.ring, path, &key, (signing, &fresh), (now, ttl))
                .map_err(ActionError::Invalid)?;
        let request = CommitRequest {
            actor: origin.actor,
            request_id: origin.request_id,
            by: Author::Service,
            changes: vec![TenantEdits { tenant: tenant.clone(), edits, preconditions: Vec::new() }],
            validate_only: origin.validate_only,
            approve: Some(still(path.child(self.nodes.ring.signing_key), key.signing_key)),
            options: CommitOptions::default(),
        };
        engine.commit(request).await.map(drop).map_err(ActionError::Commit)
    }
}

/// Approves only as long as the same key signs.
fn still(leaf: InstancePath, signing: Option<Ident>) -> Approve {
    Arc::new(move |approval: &Approval<'_>| {
        if approval.before.leaf(&leaf).and_then(Value::as_str) == signing.as_deref() {
            return Vec::new();
        }
        vec![Violation::new(ErrorTag::InUse, leaf.clone(), "the key was rotated by somebody else meanwhile")]
    })
}
