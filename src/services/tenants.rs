//! Tenants: the system tenant makes them, and hands out the first token of each.
//!
//! That an entry brings a tenant into being, and takes it away with all its data, is the engine's doing.

use std::sync::Arc;

use serde::Deserialize;

use super::token::issue::Life;
use super::token::{IssuedToken, NewToken, Origin, issue, settings};
use crate::access::Access;
use crate::access::authorize::policy::ROOT;
use crate::base::duration::Duration;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError, GuardContext, Registry, SYSTEM_TENANT};

const TENANTS: &str = "/tenants";

/// Input of `create-token`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CreateToken {
    policies: Vec<Ident>,
    ttl: Option<Duration>,
}

/// Hangs the service on the model.
pub fn register(registry: &mut Registry, access: &Arc<Access>) {
    registry.tenants(TENANTS);
    registry.guard(TENANTS, only_in_system);
    let access = Arc::clone(access);
    registry.action("/tenants/create-token", move |context, input| {
        let access = Arc::clone(&access);
        async move { create_token(&access, context, input).await }
    });
}

/// A guard for lists that only the system tenant has entries in.
pub(super) fn only_in_system(context: &GuardContext<'_>) -> Vec<Violation> {
    if *context.tenant == *SYSTEM_TENANT || context.entry_after.is_none() {
        return Vec::new();
    }
    let message = format!("only the tenant '{SYSTEM_TENANT}' has entries here; this is '{}'", context.tenant);
    vec![Violation::new(ErrorTag::OperationNotSupported, context.path.clone(), message)]
}

/// A token of that tenant for whoever sets it up: with the policy `root` unless others are named.
async fn create_token(
    access: &Access,
    context: ActionContext,
    input: CreateToken,
) -> Result<IssuedToken, ActionError> {
    let tenant =
        context.keys().first().map(|name| Ident::from(name.to_string())).ok_or(ActionError::NotFound)?;
    let settings = settings(access, &context.snapshot, &tenant)?;
    let policies = if input.policies.is_empty() { vec![Ident::from(ROOT)] } else { input.policies };
    let new = NewToken {
        tenant,
        user: None,
        entity: None,
        display_name: None,
        method: "create-token",
        policies,
        life: Some(Life {
            ttl: input.ttl.unwrap_or(settings.default_ttl).min(settings.max_ttl),
            max: Some(settings.max_ttl),
            period: None,
        }),
        explicit_max: None,
        renewable: true,
        num_uses: 0,
        bound_cidrs: Vec::new(),
        batch: false,
        parent: None,
        source: None,
        path_suffix: None,
        mount: None,
        metadata: Vec::new(),
    };
    issue(&context.engine, access, new, Origin::of(&context)).await
}
