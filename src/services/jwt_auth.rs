//! Logging in at other issuers: with a JWT of theirs, or with a browser that they send back (OpenID Connect).
//!
//! An issuer and its roles are compiled when they change and kept until they do; the keys of an issuer that publishes
//! them are fetched when they are needed. What a token must be like is [`super::jwt_verify`]'s business; `door` finds the
//! issuer, `login` is for those who bring a token, `oidc` for those with a browser, and both end in `admit`.

pub mod admit;
pub mod check;
pub mod compile;
pub mod door;
pub mod login;
pub mod model;
pub mod oidc;
pub mod rules;

use std::sync::Arc;

use self::compile::CompiledRole;
use self::door::{Door, ISSUERS, MOUNTED, MOUNTED_ROLES, Nodes, ROLES};
use self::model::Place;
use self::oidc::pending::AllPending;
use self::oidc::provider::Documents;
use super::jwt_verify::Fetcher;
use super::jwt_verify::keys::Remotes;
use super::login::check_networks;
use crate::access::Access;
use crate::access::model::ModelError;
use crate::base::ident::Ident;
use crate::engine::{Derived, Registry};
use crate::yang::schema::Schema;

/// How many issuers and roles are kept compiled.
const KEPT: usize = 16_384;

/// The service.
pub struct JwtAuth {
    access: Arc<Access>,
    nodes: Nodes,
    doors: Derived<(Ident, Place), Door>,
    compiled_roles: Derived<(Ident, Place, Ident), CompiledRole>,
    remotes: Remotes<(Ident, Place, usize)>,
    fetcher: Fetcher,
    /// Log ins with a browser that are under way.
    pending: AllPending,
    documents: Documents,
}

impl JwtAuth {
    /// The service over these tokens.
    ///
    /// # Errors
    /// When the model has no such issuers.
    pub fn new(access: Arc<Access>, schema: &Schema) -> Result<Arc<Self>, ModelError> {
        Ok(Arc::new(JwtAuth {
            access,
            nodes: Nodes::find(schema)?,
            doors: Derived::new(KEPT),
            compiled_roles: Derived::new(KEPT),
            remotes: Remotes::default(),
            fetcher: Fetcher::default(),
            pending: AllPending::default(),
            documents: Documents::default(),
        }))
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let service = Arc::clone(self);
        registry.action("/jwt-login", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.login(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/oidc-auth-url", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.auth_url(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/oidc-callback", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.callback(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/oidc-form-post", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.form_post(context, input).await }
        });
        for (issuers, roles) in [(ISSUERS, ROLES), (MOUNTED, MOUNTED_ROLES)] {
            registry.prepare(issuers, Arc::new(check::KeysCheck(self.fetcher.clone())));
            registry.guard(issuers, rules::check_issuer);
            registry.guard(roles, check_networks);
            registry.guard(roles, rules::check_role);
        }
    }
}
