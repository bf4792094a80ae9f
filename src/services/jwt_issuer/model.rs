//! The service's view of its part of the model: plain structs, filled from data with the defaults in use.
//!
//! Not for rules: what the values mean is decided in [`super::rules`].

use serde::{Deserialize, Serialize};

use super::claims::ClaimType;
use crate::base::duration::Duration;
use crate::services::jose::Algorithm;

/// An entry of `/strongbox/jwt-issuers`, without its roles.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Issuer {
    /// Its name.
    pub name: String,
    /// Name of the transit key that signs.
    pub signing_key: String,
    /// The `iss` claim, where it is configured.
    #[serde(default)]
    pub issuer: Option<String>,
    /// When neither request nor role says.
    pub default_ttl: Duration,
    /// The cap for every role.
    pub max_ttl: Duration,
    /// Log attempts in detail.
    #[serde(default)]
    pub verbose_logging: bool,
}

/// An entry of `roles`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Globs.
    pub allowed_audiences: Vec<String>,
    /// When the request names none.
    pub default_audiences: Vec<String>,
    /// At least one audience.
    pub require_audience: bool,
    /// Template of `sub`.
    pub subject_template: Option<String>,
    /// Globs, where there is no template.
    pub allowed_subject_patterns: Vec<String>,
    /// When the request does not say.
    pub default_ttl: Option<Duration>,
    /// The role's own cap.
    pub max_ttl: Option<Duration>,
    /// Pinned algorithm.
    pub algorithm: Option<Algorithm>,
    /// Always put in, in this order.
    pub fixed_claims: Vec<FixedClaim>,
    /// What extra claims may carry.
    pub allowed_claims: Vec<AllowedClaim>,
    /// Must be in the result.
    pub required_claims: Vec<String>,
    /// Log attempts in detail.
    pub verbose_logging: bool,
}

/// An entry of `fixed-claims`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FixedClaim {
    /// The claim.
    pub name: String,
    /// Template of its value.
    pub value: String,
}

/// An entry of `allowed-claims`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AllowedClaim {
    /// The claim.
    pub name: String,
    /// The JSON type that its value must have.
    #[serde(rename = "type", default)]
    pub kind: ClaimType,
    /// Globs over its value.
    #[serde(default)]
    pub allowed_values: Vec<String>,
}

/// What a caller of `mint` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct MintInput {
    /// Audiences, in this order; empty: the role's defaults.
    pub audiences: Vec<String>,
    /// The subject, as far as the role leaves a choice.
    pub subject: Option<String>,
    /// How long the JWT is to be valid.
    pub ttl: Option<Duration>,
    /// A JSON object as text.
    pub extra_claims: Option<String>,
}

/// What `mint` answers; all of it empty where a request was only validated.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct MintOutput {
    /// The JWT in compact form.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub jwt: String,
    /// Version of the signing key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kid: String,
    /// `iss`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// `sub`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// `aud`; empty when there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// `exp`, RFC 3339 in UTC with six fractional digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expires: String,
}

/// Shows everything but the token.
impl std::fmt::Debug for MintOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MintOutput")
            .field("kid", &self.kid)
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("audiences", &self.audiences)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
