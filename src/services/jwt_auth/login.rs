//! The log in itself.

use std::sync::Arc;

use super::JwtAuth;
use super::compile::{CompiledIssuer, CompiledRole, IssuerKeys};
use super::model::{Issuer, LoginInput, Role};
use crate::access::authenticate::{Arrival, Metadata};
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::engine::{ActionContext, ActionError};
use crate::services::jose::jws::Unverified;
use crate::services::jwt_verify::{Expected, Identity, verify};
use crate::services::login::{Guest, Knock, Tuning};
use crate::services::token::{IssuedToken, TokenParameters};

/// A token without a user is called by its accessor, with this in front; so no user can be called like that.
const RESERVED_PREFIX: &str = "token:";

impl JwtAuth {
    pub(super) async fn login(
        &self,
        context: ActionContext,
        input: LoginInput,
    ) -> Result<IssuedToken, ActionError> {
        let tenant = input.tenant.clone().unwrap_or_else(|| context.tenant.clone());
        let who = format!("{}/{}", input.jwt_auth, input.role.as_deref().unwrap_or("-"));
        let knock = Knock::begin(&context, &self.access, tenant, &who)?;
        let Some(issuer) = self.compiled_issuer(&context, &knock.tenant, &input.jwt_auth)? else {
            return Err(knock.refuse("no such jwt-auth").await);
        };
        let Some(name) = input.role.clone().or_else(|| issuer.default_role.clone()) else {
            return Err(knock.refuse("no role is named, and there is no default-role").await);
        };
        let Some(role) = self.compiled_role(&context, &knock.tenant, &input.jwt_auth, &name)? else {
            return Err(knock.refuse("no such role").await);
        };
        // Before any work is done for a stranger's signature.
        if !knock.is_from(&role.parameters.token_bound_cidrs) {
            return Err(knock.refuse("not from this address").await);
        }
        let identity = match self.identify(&context, &knock.tenant, &input, &issuer, &role).await {
            Ok(identity) => identity,
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        let user = format!("{}{}", role.user_prefix, identity.user);
        if user.starts_with(RESERVED_PREFIX) {
            return Err(knock.refuse("the user's name begins with 'token:'").await);
        }
        let user = Ident::from(user);
        let parameters: TokenParameters = role.parameters_for(&identity.groups);
        let fact = |(name, value): (String, String)| Metadata { name: name.into(), value: value.into() };
        let mut metadata: Vec<Metadata> = identity.metadata.into_iter().map(fact).collect();
        metadata.push(Metadata { name: Ident::from("role"), value: name });
        let guest = Guest {
            user: Some(user.clone()),
            display_name: Some(input.jwt_auth.clone()),
            method: "jwt",
            parameters,
            arrival: Some(Arrival {
                accessor: Ident::from(format!("jwt-auth/{}", input.jwt_auth)),
                alias: user.clone(),
                metadata: metadata.clone(),
                groups: Some(identity.groups.iter().map(|group| Ident::from(group.as_str())).collect()),
            }),
            tuning: Tuning::default(),
            metadata,
            edits: Vec::new(),
            approve: None,
        };
        knock.let_in(guest).await
    }

    /// Verifies the token and reads who it is about; says why not.
    async fn identify(
        &self,
        context: &ActionContext,
        tenant: &Ident,
        input: &LoginInput,
        issuer: &CompiledIssuer,
        role: &CompiledRole,
    ) -> Result<Identity, String> {
        let text = input.jwt.expose_text().ok_or("it is not text")?;
        let token = Unverified::parse(text).map_err(|error| error.to_string())?;
        let fetched;
        let (keys, discovered) = match &issuer.keys {
            IssuerKeys::Known(keys) => (keys, None),
            IssuerKeys::Remote(source, schedule) => {
                let name = (tenant.clone(), input.jwt_auth.clone());
                let remote = self.remotes.get(name, source.clone(), *schedule);
                let id = token.header.kid.as_deref();
                fetched =
                    remote.keys(id, context.now, &self.fetcher).await.map_err(|error| error.to_string())?;
                (&fetched.set, fetched.issuer.as_ref())
            }
        };
        let bound = issuer.bound_issuer.as_ref();
        if let (Some(bound), Some(discovered)) = (bound, discovered)
            && bound != discovered
        {
            return Err("the discovery document names another issuer than bound-issuer".to_owned());
        }
        let expected = Expected {
            algorithms: issuer.algorithms.clone(),
            issuer: bound.or(discovered).cloned(),
            ..role.expected.clone()
        };
        let claims =
            verify(token, keys, &expected, context.now.seconds()).map_err(|error| error.to_string())?;
        role.identity.identify(&claims).map_err(|error| error.to_string())
    }

    fn compiled_issuer(
        &self,
        context: &ActionContext,
        tenant: &Ident,
        name: &Ident,
    ) -> Result<Option<Arc<CompiledIssuer>>, ActionError> {
        let Some(entry) = context.snapshot.entry(tenant, &self.issuer(name)) else { return Ok(None) };
        let compile = || {
            let issuer: Issuer =
                from_data(context.engine.schema(), entry).map_err(|error| error.to_string())?;
            CompiledIssuer::new(issuer).map_err(|fault| fault.message)
        };
        self.compiled
            .get(&(tenant.clone(), name.clone()), &[entry], compile)
            .map(Some)
            .map_err(|reason| ActionError::Internal(format!("an issuer cannot be read: {reason}")))
    }

    fn compiled_role(
        &self,
        context: &ActionContext,
        tenant: &Ident,
        issuer: &Ident,
        name: &Ident,
    ) -> Result<Option<Arc<CompiledRole>>, ActionError> {
        let Some(entry) = context.snapshot.entry(tenant, &self.role(issuer, name)) else { return Ok(None) };
        let compile = || {
            let role: Role = from_data(context.engine.schema(), entry).map_err(|error| error.to_string())?;
            CompiledRole::new(role).map_err(|fault| fault.message)
        };
        self.compiled_roles
            .get(&(tenant.clone(), issuer.clone(), name.clone()), &[entry], compile)
            .map(Some)
            .map_err(|reason| ActionError::Internal(format!("a role cannot be read: {reason}")))
    }
}
