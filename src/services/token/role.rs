//! Making a token in a role. The role says what the token may carry: its `allowed-policies` whoever uses the role, since
//! whoever wrote it had their authority; anything else only if the caller's token carries it too.

use serde::Deserialize;

use super::Tokens;
use super::actions::{CreateToken, asked_for, invalid};
use super::issue::{IssuedToken, Origin, issue};
use super::parameters::{TokenParameters, TokenType, with_default};
use crate::access::authenticate::TokenFacts;
use crate::access::authorize::policy::{DEFAULT, ROOT};
use crate::base::ident::Ident;
use crate::engine::{ActionContext, ActionError};
use crate::services::jwt_issuer::glob::Glob;

/// An entry of `authentication/token-roles`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct TokenRole {
    #[serde(default)]
    allowed_policies: Vec<Ident>,
    #[serde(default)]
    allowed_policy_patterns: Vec<String>,
    #[serde(default)]
    disallowed_policies: Vec<Ident>,
    #[serde(default)]
    disallowed_policy_patterns: Vec<String>,
    orphan: bool,
    renewable: bool,
    path_suffix: Option<Ident>,
    #[serde(flatten)]
    limits: TokenParameters,
}

impl Tokens {
    /// Makes a token in the role that the action was called on.
    pub(super) async fn create_in_role(
        &self,
        context: ActionContext,
        input: CreateToken,
    ) -> Result<IssuedToken, ActionError> {
        let own = self.own(&context)?;
        let role: TokenRole = context.get(&context.path)?;
        let wanted = match input.bound_cidrs.is_empty() {
            true => &role.limits.token_bound_cidrs,
            false => &input.bound_cidrs,
        };
        let bound_cidrs = self.check_maker(&context, &own, wanted)?;
        let policies = role.policies(&own, &input).map_err(|reasons| invalid(&context, reasons))?;
        let limits = &role.limits;
        let batch = match limits.token_type {
            TokenType::Batch => true,
            TokenType::Service => false,
            TokenType::DefaultBatch => input.kind != TokenType::Service,
            _ => input.kind == TokenType::Batch,
        };
        let mut new = asked_for(&self.access, &context, own, input, policies, bound_cidrs)?;
        new.batch = batch;
        if let Some(life) = &mut new.life {
            let is_periodic = life.period.is_some() || limits.token_period.is_some();
            let periods = limits.token_period.into_iter().chain(life.period);
            life.period = periods.chain(life.max).min().filter(|_| is_periodic && !batch);
        }
        new.explicit_max = limits.token_explicit_max_ttl.into_iter().chain(new.explicit_max).min();
        new.renewable &= role.renewable;
        let uses = [limits.token_num_uses, new.num_uses];
        new.num_uses = uses.into_iter().filter(|uses| *uses > 0).min().unwrap_or(0);
        if role.orphan {
            new.parent = None;
        }
        new.path_suffix = role.path_suffix;
        new.source = Some(Ident::from(context.path.to_instance_identifier(context.engine.schema())));
        issue(&context.engine, &self.access, new, Origin::of(&context)).await
    }
}

impl TokenRole {
    /// What a token carries; everything that speaks against it otherwise.
    fn policies(&self, own: &TokenFacts, input: &CreateToken) -> Result<Vec<Ident>, Vec<String>> {
        let is_root = own.policies.iter().any(|name| *name == ROOT);
        let says_nothing = self.allowed_policies.is_empty() && self.allowed_policy_patterns.is_empty();
        let base = match (input.policies.is_empty(), self.allowed_policies.is_empty()) {
            (false, _) => &input.policies,
            (true, false) => &self.allowed_policies,
            (true, true) => &own.policies,
        };
        let default = !input.no_default_policy
            && !self.limits.token_no_default_policy
            && !self.is_disallowed(&Ident::from(DEFAULT));
        let policies = with_default(base, default);
        let mut reasons = Vec::new();
        for name in &policies {
            let is_carried = is_root || own.policies.contains(name);
            let is_allowed = match self.allowed_policies.contains(name) || *name == DEFAULT {
                // The one policy that no role hands out.
                true => *name != ROOT || is_root,
                false => is_carried && (says_nothing || matches(&self.allowed_policy_patterns, name)),
            };
            if !is_allowed {
                reasons.push(format!("the policy '{name}' is not one that the role allows"));
            } else if self.is_disallowed(name) {
                reasons.push(format!("the policy '{name}' is disallowed by the role"));
            }
        }
        if reasons.is_empty() { Ok(policies) } else { Err(reasons) }
    }

    fn is_disallowed(&self, name: &Ident) -> bool {
        self.disallowed_policies.contains(name) || matches(&self.disallowed_policy_patterns, name)
    }
}

/// Whether a name is one of those that patterns stand for.
fn matches(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| Glob::new(&pattern.replace('*', "**")).matches(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn carrying(policies: &[&str]) -> TokenFacts {
        serde_json::from_value(json!({
            "accessor": "a", "method": "root", "policies": policies, "creation-time": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    fn role(says: serde_json::Value) -> TokenRole {
        let mut all = json!({ "orphan": false, "renewable": true });
        all.as_object_mut().unwrap().extend(says.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn asked(policies: &[&str]) -> CreateToken {
        CreateToken {
            policies: policies.iter().map(|name| Ident::from(*name)).collect(),
            ..CreateToken::default()
        }
    }

    fn handed_out(role: &TokenRole, own: &[&str], wanted: &[&str]) -> Option<Vec<String>> {
        let policies = role.policies(&carrying(own), &asked(wanted)).ok()?;
        Some(policies.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn allowed_policies_are_for_whoever_uses_the_role() {
        let role = role(json!({ "allowed-policies": ["dev", "test"] }));
        assert_eq!(handed_out(&role, &["x"], &[]).unwrap(), ["dev", "test", "default"]);
        assert_eq!(handed_out(&role, &["x"], &["dev"]).unwrap(), ["dev", "default"]);
        assert_eq!(handed_out(&role, &["x"], &["x"]), None);
    }

    #[test]
    fn a_pattern_hands_on_what_the_caller_carries_and_nothing_else() {
        let role = role(json!({ "allowed-policy-patterns": ["dev-*"] }));
        assert_eq!(handed_out(&role, &["dev-a"], &["dev-a"]).unwrap(), ["dev-a", "default"]);
        assert_eq!(handed_out(&role, &["dev-a"], &["dev-b"]), None);
        assert_eq!(handed_out(&role, &["root"], &["dev-b"]).unwrap(), ["dev-b", "default"]);
    }

    #[test]
    fn what_is_disallowed_is_carried_by_nobody() {
        let role =
            role(json!({ "disallowed-policies": ["default"], "disallowed-policy-patterns": ["prod-*"] }));
        assert_eq!(handed_out(&role, &["dev"], &[]).unwrap(), ["dev"]);
        assert_eq!(handed_out(&role, &["root"], &["prod-a"]), None);
    }

    #[test]
    fn no_role_makes_a_root_token_for_whoever_has_none() {
        let role = role(json!({ "allowed-policies": ["root"] }));
        assert_eq!(handed_out(&role, &["dev"], &["root"]), None);
        assert_eq!(handed_out(&role, &["root"], &["root"]).unwrap(), ["root"]);
    }
}
