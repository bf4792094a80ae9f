//! An issuer and a role in the form in which they are held against a token.

use super::model::{Issuer, Role, ValueKind};
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::services::jose::spki::public_keys_from_pem;
use crate::services::jose::{Algorithm, KeySet};
use crate::services::jwt_issuer::glob::Glob;
use crate::services::jwt_verify::fetch::Site;
use crate::services::jwt_verify::keys::Schedule;
use crate::services::jwt_verify::{BoundClaim, Expected, IdentityRules, KeySource, Leeways, Wanted};
use crate::services::token::TokenParameters;

/// An issuer.
#[derive(Debug)]
pub struct CompiledIssuer {
    /// Its keys.
    pub keys: IssuerKeys,
    /// What `iss` must be.
    pub bound_issuer: Option<String>,
    /// Algorithms that are accepted; none: all.
    pub algorithms: Vec<Algorithm>,
    /// The role of log ins that name none.
    pub default_role: Option<Ident>,
}

/// Where an issuer's keys are.
#[derive(Debug)]
pub enum IssuerKeys {
    /// In the configuration.
    Known(KeySet),
    /// With the issuer.
    Remote(KeySource, Schedule),
}

/// A leaf of the configuration that makes no sense.
#[derive(Debug)]
pub struct Fault {
    /// Its name.
    pub leaf: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl CompiledIssuer {
    /// Compiles an issuer.
    ///
    /// # Errors
    /// A key that cannot be read; an issuer without a source of keys, which the model rules out.
    pub fn new(issuer: Issuer) -> Result<Self, Fault> {
        let site = |url: &String| Site {
            url: url.clone(),
            authorities: issuer.ca_pem.clone(),
            allow_http: issuer.allow_http,
        };
        let schedule = Schedule { max_age: issuer.keys_max_age, interval: issuer.keys_fetch_interval };
        let keys = match (&issuer.jwks_url, &issuer.oidc_discovery_url) {
            (Some(url), _) => IssuerKeys::Remote(KeySource::Jwks(site(url)), schedule),
            (None, Some(url)) => IssuerKeys::Remote(KeySource::Discovery(site(url)), schedule),
            (None, None) => {
                let mut keys = Vec::new();
                for text in &issuer.public_keys {
                    let fault = |message| Fault { leaf: "public-keys", message };
                    keys.extend(public_keys_from_pem(text).map_err(fault)?);
                }
                IssuerKeys::Known(KeySet::unnamed(keys))
            }
        };
        Ok(CompiledIssuer {
            keys,
            bound_issuer: issuer.bound_issuer,
            algorithms: issuer.algorithms,
            default_role: issuer.default_role,
        })
    }
}

/// A role.
#[derive(Debug)]
pub struct CompiledRole {
    /// What the token must be like, without what its issuer says.
    pub expected: Expected,
    /// Who it is about.
    pub identity: IdentityRules,
    /// What stands in front of the user's name.
    pub user_prefix: String,
    /// What the role says about tokens.
    pub parameters: TokenParameters,
    groups: Vec<(String, Vec<Ident>)>,
}

impl CompiledRole {
    /// Compiles a role.
    ///
    /// # Errors
    /// A value of a bound claim that is not of its type.
    pub fn new(role: Role) -> Result<Self, Fault> {
        let bound_claims = role.bound_claims.into_iter().map(|bound| {
            let values =
                bound.values.into_iter().map(|text| wanted(bound.kind, text)).collect::<Result<_, _>>()?;
            Ok(BoundClaim { claim: bound.claim, values })
        });
        let seconds = |length: Duration| i64::try_from(length.seconds()).unwrap_or(i64::MAX);
        Ok(CompiledRole {
            expected: Expected {
                algorithms: Vec::new(),
                issuer: None,
                subject: role.bound_subject,
                audiences: role.bound_audiences,
                leeways: Leeways {
                    expiration: seconds(role.expiration_leeway),
                    not_before: seconds(role.not_before_leeway),
                    clock_skew: seconds(role.clock_skew_leeway),
                },
            },
            identity: IdentityRules {
                user_claim: role.user_claim,
                user_claim_is_pointer: role.user_claim_json_pointer,
                bound_claims: bound_claims.collect::<Result<_, _>>()?,
                groups_claim: role.groups_claim,
                mappings: role.claim_mappings.into_iter().map(|one| (one.claim, one.metadata)).collect(),
            },
            user_prefix: role.user_prefix,
            parameters: role.parameters,
            groups: role.group_policies.into_iter().map(|one| (one.group, one.policies)).collect(),
        })
    }

    /// What the role says about the token of somebody in these groups.
    pub fn parameters_for(&self, groups: &[String]) -> TokenParameters {
        let mut parameters = self.parameters.clone();
        for (group, policies) in &self.groups {
            if groups.contains(group) {
                parameters.token_policies.extend(policies.iter().cloned());
            }
        }
        parameters
    }
}

fn wanted(kind: ValueKind, text: String) -> Result<Wanted, Fault> {
    let wrong = |expected: &str| Fault {
        leaf: "values",
        message: format!("'{}' is not {expected}", text.chars().take(64).collect::<String>()),
    };
    match kind {
        ValueKind::String => Ok(Wanted::Text(text)),
        ValueKind::Glob => Ok(Wanted::Pattern(Glob::new(&text))),
        ValueKind::Integer => text.parse().map(Wanted::Integer).map_err(|_| wrong("a whole number")),
        ValueKind::Boolean => text.parse().map(Wanted::Boolean).map_err(|_| wrong("true or false")),
    }
}
