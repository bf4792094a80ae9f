//! What the user or the role by which a token was obtained says of its life by now: a refresh gives no more than they
//! would give today.

use super::parameters::TokenParameters;
use super::settings;
use crate::access::Access;
use crate::access::authenticate::TokenFacts;
use crate::access::authorize::policy::ROOT;
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::engine::{ActionContext, ActionError};
use crate::services::login::Tuning;
use crate::services::login::place::MountNodes;

/// Why a token of a user whose policies have changed is not refreshed.
pub const POLICIES_CHANGED: &str = "the policies of the user have changed since the token was obtained";

/// Brings the lifetimes of a token to what its source says; says why it cannot be refreshed.
///
/// # Errors
/// [`ActionError::Internal`] when the source cannot be read.
pub(super) fn follow_source(
    access: &Access,
    context: &ActionContext,
    token: &mut TokenFacts,
) -> Result<Result<(), String>, ActionError> {
    let internal = |reason: String| ActionError::Internal(reason);
    let (schema, snapshot, tenant) = (context.engine.schema(), &context.snapshot, &context.tenant);
    let settings = settings(access, snapshot, tenant)?;
    token.period = token.period.map(|period| period.min(settings.max_ttl));
    let Some(text) = &token.source else { return Ok(Ok(())) };
    let gone = || Ok(Err("the user or the role by which the token was obtained is gone".to_owned()));
    // A part of the model that is not loaded any more.
    let Ok(path) = InstancePath::parse_instance_identifier(schema, text) else { return gone() };
    let parameters: Option<TokenParameters> =
        snapshot.get(tenant, &path).map_err(|error| internal(error.to_string()))?;
    let Some(parameters) = parameters else { return gone() };
    if token.method == "userpass" && !are_same(&parameters.policies(), &token.policies) {
        return Ok(Err(POLICIES_CHANGED.to_owned()));
    }
    if token.method == "create-token" {
        // A role in which tokens are made says nothing of their ttl.
        let explicit = parameters.token_explicit_max_ttl.map(|length| plus(token.creation_time, length));
        token.max_expires = token.max_expires.into_iter().chain(explicit).min();
        token.period = parameters.token_period.or(token.period).map(|period| period.min(settings.max_ttl));
        return Ok(Ok(()));
    }
    let life = parameters.life(tuning(context, &path)?.within(settings));
    let after = |length: Duration| plus(token.creation_time, length);
    let max = life.max.filter(|_| life.period.is_none()).map(after);
    let explicit = token.explicit_max_ttl.map(after);
    token.max_expires = max.into_iter().chain(explicit).min();
    token.ttl = Some(life.ttl);
    token.period = life.period;
    Ok(Ok(()))
}

fn plus(time: Timestamp, length: Duration) -> Timestamp {
    time.plus_seconds(i64::try_from(length.seconds()).unwrap_or(i64::MAX))
}

fn are_same(some: &[Ident], others: &[Ident]) -> bool {
    let is_root = |names: &[Ident]| names.iter().any(|name| *name == ROOT);
    // What stands beside it means nothing, and stood there once.
    if is_root(some) && is_root(others) {
        return true;
    }
    some.iter().all(|name| others.contains(name)) && others.iter().all(|name| some.contains(name))
}

/// What the mount that a source is below says of tokens.
fn tuning(context: &ActionContext, source: &InstancePath) -> Result<Tuning, ActionError> {
    let (schema, snapshot) = (context.engine.schema(), &context.snapshot);
    let Ok(mounts) = crate::access::model::path_to(schema, "/strongbox/mounts/auth") else {
        return Ok(Tuning::default());
    };
    if !source.starts_with(&mounts) {
        return Ok(Tuning::default());
    }
    let mount = InstancePath { steps: source.steps.iter().take(mounts.steps.len()).cloned().collect() };
    let entry = snapshot.entry(&context.tenant, &mount);
    let nodes = MountNodes::find(schema).map_err(|error| ActionError::Internal(error.to_string()))?;
    let read = entry.map(|entry| nodes.read(schema, entry).map(|(_, tuning)| tuning)).transpose();
    read.map(Option::unwrap_or_default).map_err(ActionError::Internal)
}
