//! Whether an identity token is one of ours, and still good. What it says about itself is believed only after one of our
//! keys was found to have signed it.

use serde::Deserialize;

use super::IdentityTokens;
use super::model::{IntrospectInput, IntrospectOutput};
use crate::access::identity::EntityState;
use crate::base::ident::Ident;
use crate::engine::{ActionContext, ActionError};
use crate::services::jose::Algorithm;
use crate::services::jose::jws::Unverified;

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 60;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
}

impl IdentityTokens {
    /// Judges a token.
    pub(super) fn introspect(
        &self,
        context: &ActionContext,
        input: &IntrospectInput,
    ) -> Result<IntrospectOutput, ActionError> {
        Ok(match self.judge(context, input)? {
            Ok(()) => IntrospectOutput { active: true, error: None },
            Err(error) => IntrospectOutput { active: false, error: Some(error) },
        })
    }

    fn judge(
        &self,
        context: &ActionContext,
        input: &IntrospectInput,
    ) -> Result<Result<(), String>, ActionError> {
        let snapshot = &context.snapshot;
        let token = match Unverified::parse(&input.token) {
            Ok(token) => token,
            Err(error) => return Ok(Err(format!("error parsing token: {error}"))),
        };
        let known = token.algorithm(&Algorithm::ALL).is_ok();
        let mut signed = false;
        for entry in self.entries(snapshot, &context.tenant, &self.nodes.keys) {
            let ring = self.ring(snapshot.schema(), &context.tenant, entry)?;
            let named = token.header.kid.as_deref();
            let mut candidates =
                ring.published(context.now).filter(|key| named.is_none_or(|kid| key.kid == kid));
            signed |= candidates
                .any(|key| known && token.header.alg == key.algorithm.as_str() && key.has_signed(&token));
        }
        if !signed {
            return Ok(Err("unable to validate the token signature".to_owned()));
        }
        let Ok(claims) = serde_json::from_slice::<Claims>(token.payload()) else {
            return Ok(Err("error parsing token: its claims are not those of an identity token".to_owned()));
        };
        let issuer = self.issuer(snapshot, &context.tenant, &context.public_url);
        if let Err(fault) = check(&claims, &issuer, input.client_id.as_deref(), context.now.seconds()) {
            return Ok(Err(format!("error validating claims: {fault}")));
        }
        let identities = self.access.policies.identities();
        Ok(match identities.standing(snapshot, &context.tenant, &Ident::from(claims.sub)).state {
            EntityState::Active => Ok(()),
            EntityState::Disabled => Err("entity is disabled".to_owned()),
            EntityState::Gone => Err("entity was not found".to_owned()),
        })
    }
}

fn check(claims: &Claims, issuer: &str, client_id: Option<&str>, now: i64) -> Result<(), &'static str> {
    if claims.iss != issuer {
        return Err("invalid issuer claim (iss)");
    }
    if client_id.is_some_and(|wanted| wanted != claims.aud) {
        return Err("invalid audience claim (aud)");
    }
    if now - LEEWAY > claims.exp {
        return Err("token is expired (exp)");
    }
    if claims.nbf.is_some_and(|begin| now + LEEWAY < begin) {
        return Err("token not valid yet (nbf)");
    }
    if now + LEEWAY < claims.iat {
        return Err("token issued in the future (iat)");
    }
    Ok(())
}
