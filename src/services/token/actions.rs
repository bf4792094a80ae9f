//! The actions of `strongbox/token`: `create-token`, `refresh`, `revoke`.

use serde::Deserialize;

use super::issue::{IssuedToken, Life, NewToken, Origin, commit, issue};
use super::parameters::with_default;
use super::{Tokens, settings};
use crate::access::authenticate::TokenFacts;
use crate::access::authenticate::live::{DEEPEST, parse_network};
use crate::access::authorize::PolicyOperation;
use crate::access::authorize::policy::{DEFAULT, ROOT};
use crate::base::duration::Duration;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError};

/// Input of `create-token`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct CreateToken {
    policies: Vec<Ident>,
    ttl: Option<Duration>,
    explicit_max_ttl: Option<Duration>,
    period: Option<Duration>,
    num_uses: u32,
    renewable: bool,
    bound_cidrs: Vec<Ident>,
    no_default_policy: bool,
    display_name: Option<Ident>,
}

/// Input of `revoke`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Revoke {
    accessor: Option<Ident>,
}

impl Tokens {
    /// The token with which an action was called.
    fn own(&self, context: &ActionContext) -> Result<TokenFacts, ActionError> {
        let none = || ActionError::Denied("this needs a token of one's own".to_owned());
        let accessor = context.caller()?.accessor.clone().ok_or_else(none)?;
        self.facts(&context.snapshot, &context.tenant, &accessor)
    }

    /// Makes a token below the caller's: it can do no more than that, from no more places, and ends with it.
    pub(super) async fn create_token(
        &self,
        context: ActionContext,
        input: CreateToken,
    ) -> Result<IssuedToken, ActionError> {
        let own = self.own(&context)?;
        let mut faults = Vec::new();
        if own.num_uses.is_some() {
            faults.push("a token with a limited number of uses cannot make tokens".to_owned());
        }
        if self.access.tokens.depth(&own.accessor) >= DEEPEST {
            faults.push(format!("there are {DEEPEST} tokens above one another already"));
        }
        let bound_cidrs = bounds(&own.bound_cidrs, &input.bound_cidrs, &mut faults);
        if !faults.is_empty() {
            return Err(invalid(&context, faults));
        }
        let is_root = own.policies.iter().any(|name| *name == ROOT);
        let foreign: Vec<&str> = input
            .policies
            .iter()
            .filter(|name| !is_root && !own.policies.contains(name))
            .map(|name| &**name)
            .collect();
        if !foreign.is_empty() {
            return Err(ActionError::Denied(format!(
                "a token can hand on only the policies that it carries; it does not carry {}",
                foreign.join(", ")
            )));
        }
        let wanted = if input.policies.is_empty() { &own.policies } else { &input.policies };
        let may_default = is_root || own.policies.iter().any(|name| *name == DEFAULT);
        let policies: Vec<Ident> = with_default(wanted, may_default && !input.no_default_policy)
            .into_iter()
            .filter(|name| !(input.no_default_policy && *name == DEFAULT))
            .collect();
        let settings = settings(&context.engine, &context.snapshot, &context.tenant)?;
        let max = settings.max_ttl;
        let new = NewToken {
            tenant: context.tenant.clone(),
            user: own.user,
            entity: own.entity,
            display_name: input.display_name,
            method: "create-token",
            policies,
            life: Some(Life {
                ttl: input.ttl.unwrap_or(settings.default_ttl).min(max),
                max: Some(max),
                period: input.period,
            }),
            explicit_max: input.explicit_max_ttl,
            renewable: input.renewable,
            num_uses: input.num_uses,
            bound_cidrs,
            batch: false,
            parent: Some(own.accessor),
            metadata: own.metadata,
        };
        issue(&context.engine, &self.access, new, Origin::of(&context)).await
    }

    /// Prolongs the caller's token by its ttl or period.
    pub(super) async fn refresh(&self, context: ActionContext) -> Result<IssuedToken, ActionError> {
        let mut own = self.own(&context)?;
        if own.expires.is_none() {
            return Ok(IssuedToken::of(&own, None, context.now));
        }
        if !own.renewable {
            return Err(invalid(&context, vec!["this token cannot be refreshed".to_owned()]));
        }
        let end = own.refreshed_end(context.now).max(own.expires);
        if end != own.expires {
            own.expires = end;
            let schema = context.engine.schema();
            let change = serde_json::json!({ "accessor": own.accessor, "expires": end });
            let change = from_serde(schema, self.access.model.tokens.target(), &change)
                .map_err(|_| ActionError::Internal("an instant does not fit the model".to_owned()))?;
            let edit = Edit::new(self.access.model.token(&own.accessor), EditOperation::Merge, change);
            commit(&context.engine, context.tenant.clone(), vec![edit], Origin::of(&context)).await?;
        }
        Ok(IssuedToken::of(&own, None, context.now))
    }

    /// Ends a token and all below it: the caller's own or one below that; any other needs `delete` on the token's entry.
    pub(super) async fn revoke(&self, context: ActionContext, input: Revoke) -> Result<(), ActionError> {
        let caller = context.caller()?;
        let own = caller.accessor.clone().unwrap_or_else(|| Ident::from(""));
        let accessor = input.accessor.unwrap_or_else(|| own.clone());
        if accessor != own && !self.access.tokens.family(&own).contains(&accessor) {
            let path = self.access.model.token(&accessor);
            let authority = self.access.policies.authority(&context.snapshot, caller);
            let decision = authority.may(PolicyOperation::Delete, &path);
            if !decision.allowed {
                return Err(ActionError::Denied(format!(
                    "to revoke a token that is not below one's own is to delete it, which is {decision}"
                )));
            }
        }
        // Also finds out that the token is of this tenant.
        self.facts(&context.snapshot, &context.tenant, &accessor).map_err(|error| match error {
            ActionError::NotFound => {
                invalid(&context, vec!["there is no token with that accessor".to_owned()])
            }
            other => other,
        })?;
        let mut family = self.access.tokens.family(&accessor);
        if family.is_empty() {
            family.push(accessor);
        }
        let gone = |accessor| Edit::without_value(self.access.model.token(accessor), EditOperation::Remove);
        let edits = family.iter().map(|accessor| gone(accessor)).collect();
        commit(&context.engine, context.tenant.clone(), edits, Origin::of(&context)).await
    }
}

/// The networks of a token below one that is bound to `own`: no wider than those.
fn bounds(own: &[Ident], wanted: &[Ident], faults: &mut Vec<String>) -> Vec<Ident> {
    if wanted.is_empty() {
        return own.to_vec();
    }
    for text in wanted {
        match parse_network(text) {
            None => faults.push(format!("'{text}' is neither an address nor a network")),
            Some(network) => {
                let within =
                    |outer: &Ident| parse_network(outer).is_some_and(|outer| outer.contains(&network));
                if !own.is_empty() && !own.iter().any(within) {
                    faults.push(format!("{text} is not within the networks of the token above"));
                }
            }
        }
    }
    wanted.to_vec()
}

fn invalid(context: &ActionContext, reasons: Vec<String>) -> ActionError {
    let violation = |reason| Violation::new(ErrorTag::InvalidValue, context.path.clone(), reason);
    ActionError::Invalid(reasons.into_iter().map(violation).collect())
}
