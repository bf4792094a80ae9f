//! Logging in with a JWT of another issuer.
//!
//! An issuer and its roles are compiled when they change and kept until they do; the keys of an issuer that publishes
//! them are fetched when they are needed. What a token must be like is [`super::jwt_verify`]'s business.

pub mod compile;
pub mod login;
pub mod model;
pub mod rules;

use std::sync::Arc;

use self::compile::{CompiledIssuer, CompiledRole};
use super::jwt_verify::Fetcher;
use super::jwt_verify::keys::Remotes;
use super::login::check_networks;
use crate::access::Access;
use crate::access::model::{ModelError, path_to};
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::engine::{Derived, Registry};
use crate::yang::schema::{NodeId, Schema, Value};

const ISSUERS: &str = "/strongbox/authentication/jwt-auth";
const ROLES: &str = "/strongbox/authentication/jwt-auth/roles";

/// How many issuers and roles are kept compiled.
const KEPT: usize = 16_384;

/// The service.
pub struct JwtAuth {
    access: Arc<Access>,
    issuers: InstancePath,
    roles: NodeId,
    compiled: Derived<(Ident, Ident), CompiledIssuer>,
    compiled_roles: Derived<(Ident, Ident, Ident), CompiledRole>,
    remotes: Remotes<(Ident, Ident)>,
    fetcher: Fetcher,
}

impl JwtAuth {
    /// The service over these tokens.
    ///
    /// # Errors
    /// When the model has no such issuers.
    pub fn new(access: Arc<Access>, schema: &Schema) -> Result<Arc<Self>, ModelError> {
        Ok(Arc::new(JwtAuth {
            access,
            issuers: path_to(schema, ISSUERS)?,
            roles: schema.find(ROLES).ok_or(ModelError(ROLES))?,
            compiled: Derived::new(KEPT),
            compiled_roles: Derived::new(KEPT),
            remotes: Remotes::default(),
            fetcher: Fetcher::default(),
        }))
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let service = Arc::clone(self);
        registry.action("/jwt-login", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.login(context, input).await }
        });
        registry.guard(ISSUERS, rules::check_issuer);
        registry.guard(ROLES, check_networks);
        registry.guard(ROLES, rules::check_role);
    }

    fn issuer(&self, name: &str) -> InstancePath {
        self.issuers.entry(vec![Value::string(name)])
    }

    fn role(&self, issuer: &str, name: &str) -> InstancePath {
        self.issuer(issuer).child(self.roles).entry(vec![Value::string(name)])
    }
}
