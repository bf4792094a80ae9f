//! A policy as it is written: rules, operations and what they say. The shape of `policy/policies` in the model.

use serde::{Deserialize, Serialize};

use crate::base::ident::Ident;

/// What a request does to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyOperation {
    /// POST on a list, or a PUT that creates.
    Create,
    /// GET and HEAD.
    Read,
    /// PUT and PATCH.
    Update,
    /// DELETE.
    Delete,
    /// An action or rpc.
    Execute,
}

impl PolicyOperation {
    /// Every operation, in the order of their numbers.
    pub const ALL: [PolicyOperation; 5] = [
        PolicyOperation::Create,
        PolicyOperation::Read,
        PolicyOperation::Update,
        PolicyOperation::Delete,
        PolicyOperation::Execute,
    ];

    /// The operations that change something.
    pub const WRITES: [PolicyOperation; 3] =
        [PolicyOperation::Create, PolicyOperation::Update, PolicyOperation::Delete];

    /// The word that policies use.
    pub const fn as_str(self) -> &'static str {
        match self {
            PolicyOperation::Create => "create",
            PolicyOperation::Read => "read",
            PolicyOperation::Update => "update",
            PolicyOperation::Delete => "delete",
            PolicyOperation::Execute => "execute",
        }
    }

    /// Its position in a table of all operations.
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for PolicyOperation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for PolicyOperation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        PolicyOperation::ALL.into_iter().find(|operation| operation.as_str() == text).ok_or_else(|| {
            let found: String = text.chars().take(64).collect();
            format!("'{found}' is not an operation; there are create, read, update, delete and execute")
        })
    }
}

/// What a rule says of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is refused.
    Reject,
    /// It is allowed.
    Allow,
}

/// What a rule says of each operation; it is silent about those that are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Operations {
    /// `create`.
    pub create: Option<Verdict>,
    /// `read`.
    pub read: Option<Verdict>,
    /// `update`; allowing it on an action's path allows the action.
    pub update: Option<Verdict>,
    /// `delete`.
    pub delete: Option<Verdict>,
    /// `execute`.
    pub execute: Option<Verdict>,
    /// Every operation of which nothing is said by name.
    pub all: Option<Verdict>,
}

impl Operations {
    /// What these say of one operation.
    ///
    /// An action asks for `execute`, and the authority to mint is `update` on the path of `mint`; so a rule that is
    /// silent about `execute` allows it by allowing `update`, and where it says nothing else, rejects it likewise.
    pub fn verdict(&self, operation: PolicyOperation) -> Option<Verdict> {
        let own = match operation {
            PolicyOperation::Create => self.create,
            PolicyOperation::Read => self.read,
            PolicyOperation::Update => self.update,
            PolicyOperation::Delete => self.delete,
            PolicyOperation::Execute => {
                let minting = self.update.filter(|verdict| *verdict == Verdict::Allow);
                return self.execute.or(minting).or(self.all).or(self.update);
            }
        };
        own.or(self.all)
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rule {
    /// Its path pattern, as written.
    pub path: Ident,
    /// What it says.
    #[serde(default)]
    pub operations: Operations,
    /// Names of leafs and containers below the path that a GET does not show.
    #[serde(default)]
    pub hide_fields: Vec<Ident>,
    /// Why.
    #[serde(default)]
    pub description: Option<Ident>,
}

/// The rules of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct RestApi {
    /// In any order: the most specific one decides.
    pub rules: Vec<Rule>,
}

/// An entry of `policy/policies`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// Its name.
    pub name: Ident,
    /// Rules over the data tree.
    #[serde(default)]
    pub rest_api: RestApi,
    /// Rules over the paths of requests.
    #[serde(default)]
    pub vault: VaultRules,
}

/// Rules over the paths of requests of the Vault dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VaultRules {
    /// Their text, in HCL or JSON, as it was written.
    pub policy: Option<Ident>,
}

/// Name of the built-in policy that allows everything.
pub const ROOT: &str = "root";

/// Name of the built-in policy that every token carries unless it was asked not to: the caller's own token.
pub const DEFAULT: &str = "default";

/// What `root` says of paths. Whoever holds it is not refused by what another policy denies.
const ROOT_PATHS: &str =
    r#"path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"] }"#;

/// What `default` says of paths.
const DEFAULT_PATHS: &str = include_str!("acl/default.hcl");

/// The policies that exist in every tenant and cannot be changed.
pub fn built_in() -> [Policy; 2] {
    let rule = |path: &str, operations| Rule {
        path: Ident::from(path),
        operations,
        hide_fields: Vec::new(),
        description: None,
    };
    let read = Operations { read: Some(Verdict::Allow), ..Operations::default() };
    let execute = Operations { execute: Some(Verdict::Allow), ..Operations::default() };
    [
        Policy {
            name: Ident::from(ROOT),
            rest_api: RestApi {
                rules: vec![rule("**", Operations { all: Some(Verdict::Allow), ..Operations::default() })],
            },
            vault: VaultRules { policy: Some(Ident::from(ROOT_PATHS)) },
        },
        Policy {
            name: Ident::from(DEFAULT),
            rest_api: RestApi {
                rules: vec![
                    rule("strongbox/token/info", read),
                    rule("strongbox/token/lookup", execute.clone()),
                    rule("strongbox/token/refresh", execute.clone()),
                    rule("strongbox/token/revoke", execute.clone()),
                    rule("strongbox/wrapping/wrap", execute.clone()),
                    rule("strongbox/cubbyhole/**", execute),
                ],
            },
            vault: VaultRules { policy: Some(Ident::from(DEFAULT_PATHS)) },
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(json: &str) -> Operations {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn all_speaks_for_what_is_not_named() {
        let operations = operations(r#"{"all": "allow", "delete": "reject"}"#);
        assert_eq!(operations.verdict(PolicyOperation::Delete), Some(Verdict::Reject));
        assert_eq!(operations.verdict(PolicyOperation::Read), Some(Verdict::Allow));
        assert_eq!(super::Operations::default().verdict(PolicyOperation::Read), None);
    }

    #[test]
    fn the_authority_to_mint_is_update_or_execute() {
        for (json, verdict) in [
            (r#"{"update": "allow"}"#, Some(Verdict::Allow)),
            (r#"{"execute": "allow"}"#, Some(Verdict::Allow)),
            (r#"{"update": "allow", "execute": "reject"}"#, Some(Verdict::Reject)),
            (r#"{"all": "allow", "execute": "reject"}"#, Some(Verdict::Reject)),
            (r#"{"all": "allow", "update": "reject"}"#, Some(Verdict::Allow)),
            (r#"{"all": "reject", "update": "allow"}"#, Some(Verdict::Allow)),
            (r#"{"update": "reject"}"#, Some(Verdict::Reject)),
            (r#"{"read": "allow"}"#, None),
        ] {
            assert_eq!(operations(json).verdict(PolicyOperation::Execute), verdict, "{json}");
        }
    }
}
