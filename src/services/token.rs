//! Tokens: the caller's own (who am I, refresh, revoke), those made below it, and the first one of all.
//!
//! What a token is and how it is looked up is `access`'s business; here is what makes, prolongs and ends one.

pub mod actions;
pub mod first;
pub mod issue;
pub mod parameters;
pub mod role;
pub mod source;
pub mod sweep;

use std::sync::Arc;

use serde::Serialize;

use crate::access::Access;
use crate::access::authenticate::TokenFacts;
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::tree::Data;
use crate::data::violation::Violation;
use crate::engine::{ActionError, Registry, Snapshot, StateContext, StateError, StateProvider};

pub(crate) use issue::commit;
pub use issue::{IssuedToken, NewToken, Origin, issue, issue_with};
pub use parameters::{TokenParameters, TokenSettings, TokenType};
pub use source::POLICIES_CHANGED;

/// The service.
#[derive(Debug)]
pub struct Tokens {
    access: Arc<Access>,
}

impl Tokens {
    /// The service over these tokens and policies.
    pub fn new(access: Arc<Access>) -> Arc<Self> {
        Arc::new(Tokens { access })
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let service = Arc::clone(self);
        registry.action("/strongbox/token/lookup", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.lookup(context, input).await }
        });
        for (path, is_orphan) in
            [("/strongbox/token/create-token", false), ("/strongbox/token/create-orphan", true)]
        {
            let service = Arc::clone(self);
            registry.action(path, move |context, input| {
                let service = Arc::clone(&service);
                async move { service.create_token(context, input, is_orphan).await }
            });
        }
        let service = Arc::clone(self);
        registry.action("/strongbox/token/refresh", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.refresh(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/token/revoke", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.revoke(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/token/revoke-orphan", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.revoke_orphan(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/authentication/token-roles/create-token", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.create_in_role(context, input).await }
        });
        registry.guard("/strongbox/authentication/token-roles", super::login::check_networks);
        registry.state("/strongbox/token/info", Arc::clone(self) as Arc<dyn StateProvider>);
    }

    /// What is stored of a token.
    fn facts(&self, snapshot: &Snapshot, tenant: &str, accessor: &str) -> Result<TokenFacts, ActionError> {
        snapshot
            .get(tenant, &self.access.model.token(accessor))
            .map_err(|error| ActionError::Internal(error.to_string()))?
            .ok_or(ActionError::NotFound)
    }
}

/// `token/info` for a caller without a token.
#[derive(Serialize)]
struct WithoutToken<'a> {
    user: Option<&'a Ident>,
    method: &'a Ident,
    policies: &'a [Ident],
}

/// `token/info`: the token with which the request was made.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Info {
    #[serde(flatten)]
    facts: TokenFacts,
    expires_in: Option<u64>,
}

impl StateProvider for Tokens {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let failed = |reason: String| StateError { path: "/strongbox/token/info".to_owned(), reason };
        let shown =
            |violations: Vec<Violation>| failed(violations.iter().map(|one| one.message.as_str()).collect());
        let Some(caller) = context.caller else { return Ok(None) };
        let (schema, node) = (context.engine.schema(), context.node);
        let Some(accessor) = &caller.accessor else {
            let user = caller.user.as_ref();
            let info = WithoutToken { user, method: &caller.method, policies: &caller.policies };
            return from_serde(schema, node, &info).map(Some).map_err(shown);
        };
        let mut facts = match self.facts(context.snapshot, context.tenant, accessor) {
            Ok(facts) => facts,
            Err(ActionError::NotFound) => return Ok(None),
            Err(error) => return Err(failed(error.to_string())),
        };
        facts.token_hash = None;
        let info = Info { expires_in: facts.expires_in(context.now), facts };
        from_serde(schema, node, &info).map(Some).map_err(shown)
    }
}

/// The settings of a tenant for all its tokens.
///
/// # Errors
/// [`ActionError::Internal`] when they cannot be read.
pub fn settings(access: &Access, snapshot: &Snapshot, tenant: &Ident) -> Result<TokenSettings, ActionError> {
    snapshot
        .get(tenant, &access.model.token_settings)
        .map_err(|error| ActionError::Internal(error.to_string()))?
        .ok_or(ActionError::NotFound)
}
