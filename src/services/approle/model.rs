//! The structs behind `strongbox-approle`.

use serde::{Deserialize, Serialize};

use crate::access::authenticate::{Metadata, TokenHash};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::services::token::TokenParameters;

/// An entry of `authentication/approle`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Role {
    /// Its name.
    pub name: Ident,
    /// The id by which machines name it.
    #[serde(default)]
    pub role_id: Option<Ident>,
    /// A log in needs a secret id.
    pub bind_secret_id: bool,
    /// How long a secret id lives.
    #[serde(default)]
    pub secret_id_ttl: Option<Duration>,
    /// How many log ins a secret id is good for; 0 is without a limit.
    pub secret_id_num_uses: u32,
    /// From where secret ids are accepted.
    #[serde(default)]
    pub secret_id_bound_cidrs: Vec<Ident>,
    /// Facts for the tokens.
    #[serde(default)]
    pub metadata: Vec<Metadata>,
    /// What the role says about tokens.
    #[serde(flatten)]
    pub parameters: TokenParameters,
}

/// What is known of a secret id.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretIdFacts {
    /// Its public name.
    pub accessor: Ident,
    /// When it was made.
    pub creation_time: Timestamp,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Log ins that are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_uses: Option<u32>,
    /// From where it is accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bound_cidrs: Vec<Ident>,
    /// Facts for the tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Metadata>,
    /// A hash of it. Absent where the facts are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_id_hash: Option<TokenHash>,
}

impl SecretIdFacts {
    /// Whether it has not ended.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }

    /// Seconds of life left.
    pub fn expires_in(&self, now: Timestamp) -> Option<u64> {
        self.expires.map(|end| u64::try_from(end.seconds() - now.seconds()).unwrap_or(0))
    }
}

/// Input of `approle-login`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoginInput {
    /// The tenant.
    #[serde(default)]
    pub tenant: Option<Ident>,
    /// The mount at which the machine logs in.
    #[serde(default)]
    pub mount: Option<Ident>,
    /// The id of the role.
    pub role_id: Ident,
    /// The secret id.
    #[serde(default)]
    pub secret_id: Option<Secret>,
}

/// Input of `generate-secret-id`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct GenerateInput {
    /// How long it lives.
    pub ttl: Option<Duration>,
    /// How many log ins it is good for.
    pub num_uses: Option<u32>,
    /// From where it is accepted.
    pub bound_cidrs: Vec<Ident>,
    /// Facts for the tokens.
    pub metadata: Vec<Metadata>,
}

/// Output of `generate-secret-id`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GenerateOutput {
    /// The secret id; absent when it was only validated.
    #[serde(serialize_with = "expose")]
    pub secret_id: Option<Secret>,
    /// Its public name.
    pub accessor: Ident,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Seconds until then.
    pub expires_in: Option<u64>,
    /// How many log ins it is good for.
    pub num_uses: Option<u32>,
}

/// The one place where a secret id leaves the server.
fn expose<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().and_then(Secret::expose_text).serialize(serializer)
}

/// The grouping `which-secret-id`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Which {
    /// By its public name.
    pub accessor: Option<Ident>,
    /// By itself.
    pub secret_id: Option<Secret>,
}

/// Output of `lookup-secret-id`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LookupOutput {
    /// What is known.
    #[serde(flatten)]
    pub facts: SecretIdFacts,
    /// Seconds of life left.
    pub expires_in: Option<u64>,
}
