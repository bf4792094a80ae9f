//! The structs behind `strongbox-jwt-auth`.

use serde::Deserialize;

use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::services::jose::Algorithm;
use crate::services::token::TokenParameters;

/// An entry of `authentication/jwt-auth`, without its roles.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Issuer {
    /// Keys in PEM.
    #[serde(default)]
    pub public_keys: Vec<String>,
    /// Where its keys are.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// The URL of the issuer.
    #[serde(default)]
    pub oidc_discovery_url: Option<String>,
    /// Authorities that vouch for its server.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// Whether plain `http` will do.
    #[serde(default)]
    pub allow_http: bool,
    /// How old fetched keys may be.
    pub keys_max_age: Duration,
    /// How often keys are fetched at most.
    pub keys_fetch_interval: Duration,
    /// What `iss` must be.
    #[serde(default)]
    pub bound_issuer: Option<String>,
    /// Algorithms that are accepted; none: all.
    #[serde(default)]
    pub algorithms: Vec<Algorithm>,
    /// The role of log ins that name none.
    #[serde(default)]
    pub default_role: Option<Ident>,
}

/// An entry of `roles`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Role {
    /// One of these must be in `aud`.
    #[serde(default)]
    pub bound_audiences: Vec<String>,
    /// What `sub` must be.
    #[serde(default)]
    pub bound_subject: Option<String>,
    /// Claims that the token must have.
    #[serde(default)]
    pub bound_claims: Vec<BoundClaim>,
    /// The claim that names the user.
    pub user_claim: String,
    /// Whether that is a JSON pointer.
    pub user_claim_json_pointer: bool,
    /// What stands in front of the user's name.
    #[serde(default)]
    pub user_prefix: String,
    /// The claim that lists groups.
    #[serde(default)]
    pub groups_claim: Option<String>,
    /// What members of groups get.
    #[serde(default)]
    pub group_policies: Vec<GroupPolicies>,
    /// Claims that become metadata.
    #[serde(default)]
    pub claim_mappings: Vec<ClaimMapping>,
    /// Leeway for a missing `exp`.
    pub expiration_leeway: Duration,
    /// Leeway for a missing `nbf`.
    pub not_before_leeway: Duration,
    /// Difference of clocks.
    pub clock_skew_leeway: Duration,
    /// What the role says about tokens.
    #[serde(flatten)]
    pub parameters: TokenParameters,
}

/// An entry of `bound-claims`.
#[derive(Debug, Deserialize)]
pub struct BoundClaim {
    /// Which claim.
    pub claim: String,
    /// What the values are.
    #[serde(rename = "type")]
    pub kind: ValueKind,
    /// The values, as text.
    #[serde(default)]
    pub values: Vec<String>,
}

/// What the values of a bound claim are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueKind {
    /// Texts.
    String,
    /// Patterns for texts.
    Glob,
    /// Whole numbers.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// An entry of `group-policies`.
#[derive(Debug, Deserialize)]
pub struct GroupPolicies {
    /// The group.
    pub group: String,
    /// What its members get.
    #[serde(default)]
    pub policies: Vec<Ident>,
}

/// An entry of `claim-mappings`.
#[derive(Debug, Deserialize)]
pub struct ClaimMapping {
    /// Which claim.
    pub claim: String,
    /// What it is called in the metadata.
    pub metadata: String,
}

/// Input of `jwt-login`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoginInput {
    /// The tenant.
    #[serde(default)]
    pub tenant: Option<Ident>,
    /// The issuer's entry.
    pub jwt_auth: Ident,
    /// The role.
    #[serde(default)]
    pub role: Option<Ident>,
    /// The token.
    pub jwt: Secret,
}
