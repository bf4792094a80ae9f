//! What a log-in method, and the tenant, say about the tokens that are handed out: the `token-*` leafs.

use serde::Deserialize;

use super::issue::Life;
use crate::base::duration::Duration;
use crate::base::ident::Ident;

/// `authentication/token-settings` of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TokenSettings {
    /// How long a token lives when its method does not say.
    pub default_ttl: Duration,
    /// How long a token can be kept alive by refreshing.
    pub max_ttl: Duration,
}

/// The grouping `token-parameters`, for every log-in method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct TokenParameters {
    /// Policies that the token carries.
    pub token_policies: Vec<Ident>,
    /// How long it lives.
    pub token_ttl: Option<Duration>,
    /// How long it can be kept alive by refreshing.
    pub token_max_ttl: Option<Duration>,
    /// When it ends, whatever is refreshed.
    pub token_explicit_max_ttl: Option<Duration>,
    /// Addresses from which it, and the log in itself, is accepted.
    pub token_bound_cidrs: Vec<Ident>,
    /// How many requests it is good for; 0 is without a limit.
    pub token_num_uses: u32,
    /// It has no end as long as it is refreshed within this time.
    pub token_period: Option<Duration>,
    /// What kind of token it is.
    pub token_type: TokenType,
    /// Leaves the policy `default` out.
    pub token_no_default_policy: bool,
}

/// The leaf `token-type` of methods and of mounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenType {
    /// What the mount says.
    #[default]
    Default,
    /// Kept.
    Service,
    /// Not kept.
    Batch,
    /// Kept, unless the mount insists.
    DefaultService,
    /// Not kept, unless the mount insists.
    DefaultBatch,
}

impl TokenType {
    /// Whether a token is to be a batch token, by what its role and its mount say: a mount that says `service` or `batch`
    /// insists on it, anything else of it is for roles that say nothing.
    pub fn is_batch(role: TokenType, mount: TokenType) -> bool {
        match (mount, role) {
            (TokenType::Service, _) => false,
            (TokenType::Batch, _) => true,
            (_, TokenType::Batch | TokenType::DefaultBatch) => true,
            (mount, role) => mount == TokenType::DefaultBatch && role == TokenType::Default,
        }
    }
}

impl TokenParameters {
    /// The policies of the token: those named, each once, and `default` unless it is to be left out.
    pub fn policies(&self) -> Vec<Ident> {
        with_default(&self.token_policies, !self.token_no_default_policy)
    }

    /// How long the token lives: as its method says, within what the tenant says.
    pub fn life(&self, settings: TokenSettings) -> Life {
        let max = self.token_max_ttl.unwrap_or(settings.max_ttl).min(settings.max_ttl);
        Life {
            ttl: self.token_ttl.unwrap_or(settings.default_ttl).min(max),
            max: Some(max),
            period: self.token_period.map(|period| period.min(max)),
        }
    }
}

/// Names without repetitions, with `default` at the end if it is wanted and not there. Beside `root`, which allows
/// everything, nothing else is named.
pub fn with_default(names: &[Ident], default: bool) -> Vec<Ident> {
    use crate::access::authorize::policy::ROOT;
    if let Some(root) = names.iter().find(|name| **name == ROOT) {
        return vec![root.clone()];
    }
    let mut policies: Vec<Ident> = Vec::with_capacity(names.len() + 1);
    let default = default.then(|| Ident::from(crate::access::authorize::policy::DEFAULT));
    for name in names.iter().chain(&default) {
        if !policies.contains(name) {
            policies.push(name.clone());
        }
    }
    policies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration(text: &str) -> Duration {
        text.parse().unwrap()
    }

    const SETTINGS: TokenSettings =
        TokenSettings { default_ttl: Duration::from_seconds(7_200), max_ttl: Duration::from_seconds(86_400) };

    #[test]
    fn a_method_can_only_be_tighter_than_its_tenant() {
        let mut parameters = TokenParameters::default();
        assert_eq!(parameters.life(SETTINGS).ttl, duration("2h"));
        parameters.token_ttl = Some(duration("5d"));
        parameters.token_max_ttl = Some(duration("10d"));
        assert_eq!(
            parameters.life(SETTINGS),
            Life { ttl: duration("1d"), max: Some(duration("1d")), period: None }
        );
        parameters.token_max_ttl = Some(duration("1h"));
        assert_eq!(parameters.life(SETTINGS).ttl, duration("1h"));
        parameters.token_period = Some(duration("2h"));
        assert_eq!(parameters.life(SETTINGS).period, Some(duration("1h")));
    }

    #[test]
    fn a_mount_that_insists_is_heard_before_its_roles() {
        use TokenType::{Batch, Default, DefaultBatch, DefaultService, Service};
        for (role, mount, batch) in [
            (Default, Default, false),
            (Default, DefaultBatch, true),
            (DefaultService, DefaultBatch, false),
            (Batch, DefaultService, true),
            (Batch, Service, false),
            (Service, Batch, true),
            (DefaultBatch, Default, true),
        ] {
            assert_eq!(TokenType::is_batch(role, mount), batch, "{role:?} at {mount:?}");
        }
    }

    #[test]
    fn policies_are_named_once_and_default_comes_along() {
        let mut parameters = TokenParameters {
            token_policies: ["b", "a", "b"].map(Ident::from).to_vec(),
            ..Default::default()
        };
        assert_eq!(parameters.policies(), ["b", "a", "default"].map(Ident::from));
        parameters.token_no_default_policy = true;
        assert_eq!(parameters.policies(), ["b", "a"].map(Ident::from));
        parameters.token_policies.push(Ident::from("root"));
        assert_eq!(parameters.policies(), ["root"].map(Ident::from));
    }
}
