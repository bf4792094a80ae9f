//! What is stored of a token: an entry of `token/tokens` in the model.

use serde::{Deserialize, Serialize};

use super::bearer::TokenHash;
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;

/// Everything that is known of a token but its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TokenFacts {
    /// Its public name.
    pub accessor: Ident,
    /// The user whose log in made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Ident>,
    /// The entity that it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<Ident>,
    /// What to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Ident>,
    /// How it was obtained: `userpass`, `create-token`, `root`.
    pub method: Ident,
    /// Names of its policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Ident>,
    /// When it was made.
    pub creation_time: Timestamp,
    /// When it ends; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The end that no refresh can pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_expires: Option<Timestamp>,
    /// The life that a refresh gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// What was asked for as its longest life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit_max_ttl: Option<Duration>,
    /// Its end is moved by this at every refresh, without a last end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Duration>,
    /// It can be refreshed.
    #[serde(default)]
    pub renewable: bool,
    /// When it was last refreshed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_time: Option<Timestamp>,
    /// Requests that are left; without a limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_uses: Option<u32>,
    /// Addresses and networks from which it is accepted; from everywhere when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bound_cidrs: Vec<Ident>,
    /// Accessor of the token that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Ident>,
    /// The user or the role by which it was obtained, as an instance-identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Ident>,
    /// What the role in which another token made it adds to the path of that request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_suffix: Option<Ident>,
    /// The path of the mount through which it was obtained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<Ident>,
    /// Facts about the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Metadata>,
    /// A hash of its text. Absent where the facts are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_hash: Option<TokenHash>,
}

/// A fact about the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// What.
    pub name: Ident,
    /// Its value.
    pub value: Ident,
}

impl TokenFacts {
    /// Seconds of life left at `now`, not less than none; `None` for a token that does not end.
    pub fn expires_in(&self, now: Timestamp) -> Option<u64> {
        self.expires.map(|end| u64::try_from(end.seconds() - now.seconds()).unwrap_or(0))
    }

    /// When a client does well to refresh it: when two thirds of its life are over.
    pub fn renewal_time(&self, now: Timestamp) -> Option<Timestamp> {
        let left = i64::try_from(self.expires_in(now)?).unwrap_or(i64::MAX);
        self.renewable.then(|| now.plus_seconds(left / 3 * 2))
    }

    /// The end that a refresh at `now` gives: one `period` or `ttl` on, not beyond `max-expires`.
    pub fn refreshed_end(&self, now: Timestamp) -> Option<Timestamp> {
        let life = self.period.or(self.ttl)?;
        let end = now.plus_seconds(i64::try_from(life.seconds()).unwrap_or(i64::MAX));
        Some(self.max_expires.map_or(end, |last| end.min(last)))
    }
}
