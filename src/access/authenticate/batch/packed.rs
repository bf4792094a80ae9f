//! What is known of a batch token in the form in which it is sealed: JSON with short names, numbers for times, and nothing
//! that a batch token never has, since all of it goes into a text that clients send with every request.

use serde::{Deserialize, Serialize};

use super::Sealed;
use crate::access::authenticate::facts::{Metadata, TokenFacts};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;

/// The content of a token.
#[derive(Serialize, Deserialize)]
pub(super) struct Packed {
    #[serde(rename = "t")]
    tenant: Ident,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    mount_accessor: Option<Ident>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    user: Option<Ident>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    entity: Option<Ident>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    display_name: Option<Ident>,
    #[serde(rename = "m")]
    method: Ident,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    policies: Vec<Ident>,
    /// Microseconds, as the other instants.
    #[serde(rename = "c")]
    creation_time: i64,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    max_expires: Option<i64>,
    /// Seconds, as the other lengths.
    #[serde(rename = "ttl", default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    #[serde(rename = "max", default, skip_serializing_if = "Option::is_none")]
    explicit_max_ttl: Option<u64>,
    #[serde(rename = "per", default, skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
    #[serde(rename = "from", default, skip_serializing_if = "Vec::is_empty")]
    bound_cidrs: Vec<Ident>,
    #[serde(rename = "up", default, skip_serializing_if = "Option::is_none")]
    parent: Option<Ident>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    path_suffix: Option<Ident>,
    #[serde(rename = "at", default, skip_serializing_if = "Option::is_none")]
    mount: Option<Ident>,
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    metadata: Vec<(Ident, Ident)>,
}

impl Packed {
    /// What a token of these facts carries.
    pub fn new(tenant: &Ident, facts: &TokenFacts, mount_accessor: Option<Ident>) -> Self {
        let instant = |time: Timestamp| time.0;
        Packed {
            tenant: tenant.clone(),
            mount_accessor,
            user: facts.user.clone(),
            entity: facts.entity.clone(),
            display_name: facts.display_name.clone(),
            method: facts.method.clone(),
            policies: facts.policies.clone(),
            creation_time: instant(facts.creation_time),
            expires: facts.expires.map(instant),
            max_expires: facts.max_expires.map(instant),
            ttl: facts.ttl.map(Duration::seconds),
            explicit_max_ttl: facts.explicit_max_ttl.map(Duration::seconds),
            period: facts.period.map(Duration::seconds),
            bound_cidrs: facts.bound_cidrs.clone(),
            parent: facts.parent.clone(),
            path_suffix: facts.path_suffix.clone(),
            mount: facts.mount.clone(),
            metadata: facts.metadata.iter().map(|fact| (fact.name.clone(), fact.value.clone())).collect(),
        }
    }
}

impl From<Packed> for Sealed {
    fn from(packed: Packed) -> Self {
        let facts = TokenFacts {
            accessor: Ident::from(""),
            user: packed.user,
            entity: packed.entity,
            display_name: packed.display_name,
            method: packed.method,
            policies: packed.policies,
            creation_time: Timestamp(packed.creation_time),
            expires: packed.expires.map(Timestamp),
            max_expires: packed.max_expires.map(Timestamp),
            ttl: packed.ttl.map(Duration::from_seconds),
            explicit_max_ttl: packed.explicit_max_ttl.map(Duration::from_seconds),
            period: packed.period.map(Duration::from_seconds),
            renewable: false,
            refresh_time: None,
            num_uses: None,
            bound_cidrs: packed.bound_cidrs,
            parent: packed.parent,
            source: None,
            path_suffix: packed.path_suffix,
            mount: packed.mount,
            metadata: packed.metadata.into_iter().map(|(name, value)| Metadata { name, value }).collect(),
            token_hash: None,
        };
        Sealed { tenant: packed.tenant, mount_accessor: packed.mount_accessor, facts }
    }
}
