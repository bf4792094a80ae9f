//! What verifiers read without a token: the discovery document (OpenID Connect Discovery 1.0 section 4) and the key set
//! (RFC 7517 section 5).

use std::collections::BTreeSet;

use serde::Serialize;

use super::IdentityTokens;
use super::model::{DocumentInput, DocumentOutput};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::engine::{ActionContext, ActionError, Snapshot};
use crate::services::jose::Algorithm;
use crate::services::transit::model::PublicJwk;

/// How long the discovery document may be kept, in seconds.
const DISCOVERY_AGE: u32 = 3_600;

/// What identity tokens can be signed by, in the order of the document.
const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
];

#[derive(Serialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [Algorithm; 7],
}

#[derive(Serialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Key {
    #[serde(rename = "use")]
    key_use: &'static str,
    kid: Ident,
    alg: Algorithm,
    #[serde(flatten)]
    jwk: PublicJwk,
}

impl IdentityTokens {
    /// Where keys are, and by what they sign.
    pub(super) fn discovery(
        &self,
        context: &ActionContext,
        input: DocumentInput,
    ) -> Result<DocumentOutput, ActionError> {
        let tenant = input.tenant.unwrap_or_else(|| context.tenant.clone());
        let found = self.discovery_of(&context.snapshot, &tenant, &context.public_url);
        found.ok_or(ActionError::NotFound)
    }

    /// The same of any tenant; `None` when there is no such tenant.
    pub fn discovery_of(
        &self,
        snapshot: &Snapshot,
        tenant: &Ident,
        public_url: &str,
    ) -> Option<DocumentOutput> {
        snapshot.tenant(tenant)?;
        let issuer = self.issuer(snapshot, tenant, public_url);
        let document = Discovery {
            jwks_uri: format!("{issuer}/.well-known/keys"),
            issuer,
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ALGORITHMS,
        };
        Some(DocumentOutput { document: json(&document), max_age: Some(DISCOVERY_AGE) })
    }

    /// The public keys of named keys that a role names.
    pub(super) fn key_set(
        &self,
        context: &ActionContext,
        input: DocumentInput,
    ) -> Result<DocumentOutput, ActionError> {
        let tenant = input.tenant.unwrap_or_else(|| context.tenant.clone());
        context.snapshot.tenant(&tenant).ok_or(ActionError::NotFound)?;
        self.key_set_of(&context.snapshot, &tenant, context.now)
    }

    /// The same of any tenant.
    ///
    /// # Errors
    /// [`ActionError::Internal`] when a stored key cannot be read.
    pub fn key_set_of(
        &self,
        snapshot: &Snapshot,
        tenant: &Ident,
        now: Timestamp,
    ) -> Result<DocumentOutput, ActionError> {
        let named: BTreeSet<String> = self
            .entries(snapshot, tenant, &self.nodes.roles)
            .filter_map(|role| role.leaf(self.nodes.role_key).map(ToString::to_string))
            .collect();
        let mut keys = Vec::new();
        let mut shortest: Option<u64> = None;
        for entry in self.entries(snapshot, tenant, &self.nodes.keys) {
            if !entry.key_values(1).next().is_some_and(|name| named.contains(&name.to_string())) {
                continue;
            }
            let ring = self.ring(snapshot.schema(), tenant, entry)?;
            let age = ring.rotation_period.min(ring.verification_ttl).seconds();
            shortest = Some(shortest.map_or(age, |known| known.min(age)));
            keys.extend(ring.published(now).map(|key| Key {
                key_use: "sig",
                kid: key.kid.clone(),
                alg: key.algorithm,
                jwk: key.jwk.clone(),
            }));
        }
        let max_age = shortest.filter(|_| !keys.is_empty()).and_then(somewhere_below);
        Ok(DocumentOutput { document: json(&KeySet { keys }), max_age })
    }
}

/// A random number of seconds below a limit, so that not all verifiers come back at once; `None` for a limit of zero.
fn somewhere_below(limit: u64) -> Option<u32> {
    let bytes: [u8; 4] = Secret::random(4).ok()?.expose().try_into().ok()?;
    u32::try_from(u64::from(u32::from_le_bytes(bytes)).checked_rem(limit)?).ok()
}

fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}
