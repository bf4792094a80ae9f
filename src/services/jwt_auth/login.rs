//! Logging in with a JWT. The checks, and what the audit log and clients of the reference are told, are in the order and the
//! words of the reference; clients of the model are told nothing.

use super::JwtAuth;
use super::admit::{PERMISSION_DENIED, admit};
use super::compile::{CompiledIssuer, CompiledRole, IssuerKeys};
use super::model::{LoginInput, Place, RoleType};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::engine::{ActionContext, ActionError};
use crate::services::jose::KeySet;
use crate::services::jose::jws::Unverified;
use crate::services::jwt_verify::{Claims, Expected, TokenError, verify};
use crate::services::login::Knock;
use crate::services::token::IssuedToken;

impl JwtAuth {
    pub(super) async fn login(
        &self,
        context: ActionContext,
        mut input: LoginInput,
    ) -> Result<IssuedToken, ActionError> {
        let (tenant, place) = input.at().place(&context.tenant);
        let who = format!("{place}/{}", input.role.as_deref().unwrap_or("-"));
        let knock = Knock::begin_signed(&context, &self.access, tenant, &who)?;
        let Some(door) = self.door(&context.snapshot, &knock.tenant, &place)? else {
            return Err(knock.refuse("could not load configuration").await);
        };
        let Some(issuer) = &door.issuer else {
            return Err(knock.refuse("could not load configuration").await);
        };
        let Some(name) = input.role.or_else(|| issuer.default_role.clone()) else {
            return Err(knock.refuse("missing role").await);
        };
        let Some(role) = self.role(&context, &knock.tenant, (&place, &door), &name)? else {
            return Err(knock.refuse(format!("role \"{name}\" could not be found")).await);
        };
        if role.kind != RoleType::Jwt {
            return Err(knock.refuse("role with oidc role_type is not allowed").await);
        }
        let Some(jwt) = input.jwt.expose_text().filter(|text| !text.is_empty()) else {
            return Err(knock.refuse("missing token").await);
        };
        // Before any work is done for a stranger's signature.
        if !knock.is_from(&role.parameters.token_bound_cidrs) {
            return Err(knock.refuse(PERMISSION_DENIED).await);
        }
        let claims = match self.claims(&context, (&knock.tenant, &place), issuer, &role, jwt).await {
            Ok(claims) => claims,
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        admit(knock, (&place, &door), (name, &role), &claims, "jwt").await
    }

    /// Verifies a token; says why it is not good.
    async fn claims(
        &self,
        context: &ActionContext,
        (tenant, place): (&Ident, &Place),
        issuer: &CompiledIssuer,
        role: &CompiledRole,
        jwt: &str,
    ) -> Result<Claims, String> {
        let said = |error: TokenError| match error {
            // The reference holds this against the role, not against the token.
            TokenError::UnboundAudience => error.to_string(),
            other => format!("error validating token: {other}"),
        };
        let token = Unverified::parse(jwt).map_err(|error| said(TokenError::Form(error)))?;
        let expected = |discovered: Option<&String>| Expected {
            algorithms: issuer.algorithms.clone(),
            issuer: issuer.bound_issuer.as_ref().or(discovered).cloned(),
            ..role.expected.clone()
        };
        self.verify(context.now, (tenant, place), issuer, &token, expected).await?.map_err(said)
    }

    /// Verifies a token with the keys of an issuer, wherever they are. The outer error is that there are no keys, or that
    /// they are those of somebody else.
    pub(super) async fn verify(
        &self,
        now: Timestamp,
        (tenant, place): (&Ident, &Place),
        issuer: &CompiledIssuer,
        token: &Unverified<'_>,
        expected: impl Fn(Option<&String>) -> Expected,
    ) -> Result<Result<Claims, TokenError>, String> {
        let seconds = now.seconds();
        let check =
            |keys: &KeySet, discovered: Option<&String>| verify(token, keys, &expected(discovered), seconds);
        let (sources, schedule) = match &issuer.keys {
            IssuerKeys::Known(keys) => return Ok(check(keys, None)),
            IssuerKeys::Remote(sources, schedule) => (sources, schedule),
        };
        let mut found = Err("error configuring token validator: there are no keys".to_owned());
        for (index, source) in sources.iter().enumerate() {
            let name = (tenant.clone(), place.clone(), index);
            let remote = self.remotes.get(name, source.clone(), *schedule);
            let keys = match remote.keys(token.header.kid.as_deref(), now, &self.fetcher).await {
                Ok(keys) => keys,
                Err(error) => {
                    found = found.or(Err(format!("error configuring token validator: {error}")));
                    continue;
                }
            };
            let discovered = keys.issuer.as_ref();
            if let (Some(bound), Some(discovered)) = (&issuer.bound_issuer, discovered)
                && bound != discovered
            {
                let other = "the discovery document names another issuer than bound-issuer";
                return Err(format!("error configuring token validator: {other}"));
            }
            match check(&keys.set, discovered) {
                // Another set may have the key.
                Err(TokenError::Signature) => found = Ok(Err(TokenError::Signature)),
                other => return Ok(other),
            }
        }
        found
    }
}
