//! An issuer and a role in the form in which they are held against a token.

use super::model::{Issuer, ResponseMode, ResponseType, Role, RoleType, ValueKind};
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::services::jose::spki::public_keys_from_pem;
use crate::services::jose::{Algorithm, KeySet};
use crate::services::jwt_issuer::glob::Glob;
use crate::services::jwt_verify::fetch::Site;
use crate::services::jwt_verify::identity::whole;
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
    /// What is needed for logging in with a browser; `None`: that is not configured.
    pub client: Option<Client>,
}

/// As whom an issuer knows this server, and how it answers browsers.
#[derive(Debug)]
pub struct Client {
    /// Its discovery document.
    pub site: Site,
    /// As whom it knows this server.
    pub id: String,
    /// By what it recognises this server.
    pub secret: Secret,
    /// Whether the browser posts what it answers.
    pub form_post: bool,
    /// Whether it answers with the ID token instead of a code.
    pub id_token: bool,
    /// Whether a namespace to go back to is kept in the state.
    pub namespace_in_state: bool,
}

/// Where an issuer's keys are.
#[derive(Debug)]
pub enum IssuerKeys {
    /// In the configuration.
    Known(KeySet),
    /// With the issuer, in one place or several.
    Remote(Vec<KeySource>, Schedule),
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
    /// Compiles an issuer; `None` where nothing says where its keys are.
    ///
    /// # Errors
    /// A key that cannot be read.
    pub fn new(issuer: Issuer) -> Result<Option<Self>, Fault> {
        let allow_http = issuer.allow_http;
        let site = |url: &String, authorities: &Option<String>| Site {
            url: url.clone(),
            authorities: authorities.clone(),
            allow_http,
        };
        let mut sources: Vec<KeySource> = issuer
            .jwks_pairs
            .iter()
            .map(|pair| KeySource::Jwks(site(&pair.jwks_url, &pair.ca_pem)))
            .collect();
        sources.extend(issuer.jwks_url.iter().map(|url| KeySource::Jwks(site(url, &issuer.ca_pem))));
        let discovery = issuer.oidc_discovery_url.as_ref().map(|url| site(url, &issuer.ca_pem));
        sources.extend(discovery.clone().map(KeySource::Discovery));
        let schedule = Schedule { max_age: issuer.keys_max_age, interval: issuer.keys_fetch_interval };
        let keys = match (sources.is_empty(), issuer.public_keys.is_empty()) {
            (false, _) => IssuerKeys::Remote(sources, schedule),
            (true, true) => return Ok(None),
            (true, false) => {
                let mut keys = Vec::new();
                for text in &issuer.public_keys {
                    let fault = |message| Fault { leaf: "public-keys", message };
                    keys.extend(public_keys_from_pem(text).map_err(fault)?);
                }
                IssuerKeys::Known(KeySet::unnamed(keys))
            }
        };
        let id_token = issuer.oidc_response_types.contains(&ResponseType::IdToken);
        let client = match (discovery, issuer.oidc_client_id, issuer.oidc_client_secret) {
            (Some(site), Some(id), Some(secret)) => Some(Client {
                site,
                id,
                secret,
                form_post: id_token || issuer.oidc_response_mode == Some(ResponseMode::FormPost),
                id_token,
                namespace_in_state: issuer.namespace_in_state,
            }),
            _ => None,
        };
        Ok(Some(CompiledIssuer {
            client,
            keys,
            bound_issuer: issuer.bound_issuer,
            algorithms: issuer.algorithms,
            default_role: issuer.default_role,
        }))
    }
}

/// A role.
#[derive(Debug)]
pub struct CompiledRole {
    /// How people log in in it.
    pub kind: RoleType,
    /// Where a browser may be sent back to.
    pub redirect_uris: Vec<String>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// How long ago the user may have proved who they are, in seconds; `None`: however long.
    pub max_age: Option<i64>,
    /// Whether claims are logged.
    pub verbose: bool,
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
            kind: role.role_type,
            redirect_uris: role.allowed_redirect_uris,
            scopes: role.oidc_scopes,
            max_age: role.max_age.map(seconds).filter(|age| *age > 0),
            verbose: role.verbose_oidc_logging,
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
        ValueKind::Integer => number(&text).map(Wanted::Integer).ok_or_else(|| wrong("a whole number")),
        ValueKind::Boolean => text.parse().map(Wanted::Boolean).map_err(|_| wrong("true or false")),
        ValueKind::Json => match serde_json::from_str(&text) {
            Ok(serde_json::Value::String(text)) => Ok(Wanted::Text(text)),
            Ok(serde_json::Value::Bool(truth)) => Ok(Wanted::Boolean(truth)),
            Ok(serde_json::Value::Number(number)) => {
                whole(&number).map(Wanted::Integer).ok_or_else(|| wrong("a number that can be compared"))
            }
            _ => Err(wrong("JSON of a string, a number or a truth")),
        },
    }
}

/// A number in decimal notation, without its fraction.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| whole(&serde_json::from_str(text).ok()?))
}
