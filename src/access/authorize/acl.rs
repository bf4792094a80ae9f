//! Rules over request paths: the part of a policy that is written for clients of the Vault dialect, in HCL or JSON.
//!
//! Where the rules of [`super::policy`] speak of the data, these speak of the paths of requests, whatever data such a request
//! leads to. Of the patterns that match a path the most specific one decides; rules of several policies with the same
//! pattern add up, and `deny` takes everything away. What no pattern speaks of is left to the rules over the data.

pub mod cover;
mod older;
pub mod parse;
pub mod path;

#[cfg(test)]
mod laws;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::path::{AclPath, Specificity};

/// What a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Make what is not there.
    Create,
    /// Nothing at all.
    Deny,
    /// Take away.
    Delete,
    /// Show names.
    List,
    /// Change a part.
    Patch,
    /// Show.
    Read,
    /// Use paths that are guarded once more.
    Sudo,
    /// Change what is there.
    Update,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Capability; 8] = [
        Capability::Create,
        Capability::Deny,
        Capability::Delete,
        Capability::List,
        Capability::Patch,
        Capability::Read,
        Capability::Sudo,
        Capability::Update,
    ];

    /// The word that policies use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Capability::Create => "create",
            Capability::Deny => "deny",
            Capability::Delete => "delete",
            Capability::List => "list",
            Capability::Patch => "patch",
            Capability::Read => "read",
            Capability::Sudo => "sudo",
            Capability::Update => "update",
        }
    }
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u16);

impl Capabilities {
    /// Adds one.
    pub fn add(&mut self, capability: Capability) {
        self.0 |= 1 << capability as u16;
    }

    /// Whether one is in it.
    pub fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u16) != 0
    }

    /// Both sets.
    #[must_use]
    pub fn with(self, other: Capabilities) -> Capabilities {
        Capabilities(self.0 | other.0)
    }

    /// Whether all of another set are in it.
    pub fn contains(self, other: Capabilities) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in it, in the order of the words.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.into_iter().filter(move |capability| self.has(*capability))
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct AclRule {
    /// What it is about.
    pub path: AclPath,
    /// What it allows.
    pub capabilities: Capabilities,
    /// The shortest time, in seconds, for which an answer must be wrapped; 0: it need not be.
    pub min_wrapping: i64,
    /// The longest time, in seconds, for which it may be; 0: no limit.
    pub max_wrapping: i64,
    /// Parameters that a request may have, with the values that they may have; no value: any.
    pub allowed: Option<Map<String, Value>>,
    /// Parameters that it must not have, with the values that they must not have.
    pub denied: Map<String, Value>,
    /// Parameters that it must have.
    pub required: Vec<String>,
}

/// The rules of a policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acl {
    /// In the order in which they were written.
    pub rules: Vec<AclRule>,
}

/// A request as rules see it.
#[derive(Clone, Debug)]
pub struct AclRequest<'a> {
    /// The path below `/v1/`, without a slash at its end.
    pub path: &'a str,
    /// What it asks for.
    pub capability: Capability,
    /// Whether the path is one that is guarded once more.
    pub sudo: bool,
    /// Its parameters.
    pub parameters: &'a Map<String, Value>,
    /// For how many seconds its answer is to be wrapped; 0: not at all.
    pub wrap_ttl: i64,
}

/// What rules say of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AclVerdict {
    /// It is allowed.
    Allow,
    /// It is refused, whatever else is allowed.
    Deny,
    /// Nothing: it is for others to say.
    Silent,
}

/// Finds a value for a variable of a templated path; `None`: there is none.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What several policies say of a path: the rules with the most specific pattern that matches. What may be a list has its path
/// with a slash at its end too. A pattern that speaks of a list only without the slash may speak of something else of that
/// name: it decides where it is exact, where it denies and where it grants the list, and is passed over otherwise.
fn deciding<'a>(policies: &[&'a Acl], path: &str, is_list: bool, lookup: Lookup<'_>) -> Vec<&'a AclRule> {
    let list = is_list.then(|| format!("{path}/"));
    let form = list.as_deref().unwrap_or(path);
    let mut speaking: BTreeMap<Specificity, (bool, Vec<&'a AclRule>)> = BTreeMap::new();
    for rule in policies.iter().flat_map(|policy| &policy.rules) {
        let of_form = rule.path.matches(form, lookup);
        let is_of_form = of_form.is_some();
        let other = || list.as_ref().and_then(|_| rule.path.matches(path, lookup));
        if let Some(specificity) = of_form.or_else(other) {
            speaking.entry(specificity).or_insert((is_of_form, Vec::new())).1.push(rule);
        }
    }
    let decides = |(specificity, (is_of_form, rules)): &(Specificity, (bool, Vec<&AclRule>))| {
        let together = union(rules);
        *is_of_form
            || specificity.is_exact()
            || together.has(Capability::Deny)
            || together.has(Capability::List)
    };
    speaking.into_iter().rev().find(decides).map(|(_, (_, rules))| rules).unwrap_or_default()
}

/// What policies say of a request.
pub fn decide(policies: &[&Acl], request: &AclRequest<'_>, lookup: Lookup<'_>) -> AclVerdict {
    let is_list = request.capability == Capability::List;
    let rules = deciding(policies, request.path, is_list, lookup);
    let together = union(&rules);
    if together.has(Capability::Deny) {
        return AclVerdict::Deny;
    }
    let guarded = !request.sudo || together.has(Capability::Sudo);
    if !together.has(request.capability) || !guarded {
        return AclVerdict::Silent;
    }
    let has_parameters = !matches!(request.capability, Capability::Delete | Capability::List);
    let allows = |rule: &&&AclRule| {
        rule.capabilities.has(request.capability)
            && rule.wraps(request.wrap_ttl)
            && (!has_parameters || rule.takes(request.parameters))
    };
    // Rules add up: one that has no objection is enough.
    if rules.iter().any(|rule| allows(&rule)) { AclVerdict::Allow } else { AclVerdict::Deny }
}

/// The capabilities that policies give on a path.
pub fn capabilities(policies: &[&Acl], path: &str, lookup: Lookup<'_>) -> Capabilities {
    let (path, is_list) = match path.strip_suffix('/') {
        Some(path) => (path, true),
        None => (path, false),
    };
    union(&deciding(policies, path, is_list, lookup))
}

fn union(rules: &[&AclRule]) -> Capabilities {
    rules.iter().fold(Capabilities::default(), |all, rule| all.with(rule.capabilities))
}

impl AclRule {
    fn wraps(&self, ttl: i64) -> bool {
        let long_enough = self.min_wrapping == 0 || ttl >= self.min_wrapping;
        let short_enough = self.max_wrapping == 0 || ttl > 0 && ttl <= self.max_wrapping;
        long_enough && short_enough
    }

    /// Whether it has no objection to the parameters of a request. What it lists is meant whatever the letters of a name; what
    /// it requires is there only under the name that the endpoint reads.
    fn takes(&self, parameters: &Map<String, Value>) -> bool {
        if !self.required.iter().all(|name| parameters.contains_key(&name.to_ascii_lowercase())) {
            return false;
        }
        if !self.denied.is_empty() {
            if self.denied.contains_key("*") && !parameters.is_empty() {
                return false;
            }
            let denies = |(name, value): (&String, &Value)| {
                listed(&self.denied, name).is_some_and(|values| match names_policies(name) {
                    true => has_one_of(&small(values), &small(value)),
                    false => has_one_of(values, value),
                })
            };
            if parameters.iter().any(denies) {
                return false;
            }
        }
        let Some(allowed) = &self.allowed else { return true };
        let any_name = allowed.contains_key("*");
        parameters.iter().all(|(name, value)| match listed(allowed, name) {
            Some(values) => is_of(values, value),
            None => any_name,
        })
    }
}

/// The values that are listed for a parameter, whose name is written in any case.
fn listed<'a>(parameters: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    parameters.iter().find(|(listed, _)| listed.eq_ignore_ascii_case(name)).map(|(_, values)| values)
}

/// Whether a parameter names policies, which are found in small letters too, however they were sent.
fn names_policies(name: &str) -> bool {
    ["policies", "token_policies"].iter().any(|policies| name.eq_ignore_ascii_case(policies))
}

/// The same in small letters.
fn small(value: &Value) -> Value {
    match value {
        Value::String(text) => text.to_lowercase().into(),
        Value::Array(members) => members.iter().map(small).collect(),
        _ => value.clone(),
    }
}

/// Whether a value that must not be sent was sent: alone, or as a member of a list, which may be written with commas. An empty
/// list of values means any.
fn has_one_of(listed: &Value, value: &Value) -> bool {
    let Some(listed) = listed.as_array().filter(|listed| !listed.is_empty()) else { return true };
    is_one_of(listed, value)
        || members(value).is_some_and(|sent| sent.iter().any(|one| is_one_of(listed, one)))
}

/// Whether nothing but values that may be sent was sent, alone or as members of a list. An empty list of values means any.
fn is_of(listed: &Value, value: &Value) -> bool {
    let Some(listed) = listed.as_array().filter(|listed| !listed.is_empty()) else { return true };
    is_one_of(listed, value)
        || members(value).is_some_and(|sent| sent.iter().all(|one| is_one_of(listed, one)))
}

/// The members of a list, which may be written as a text with commas; `None` for what is no list.
fn members(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::Array(members) => Some(Cow::Borrowed(members)),
        Value::String(text) => Some(text.split(',').map(|member| Value::from(member.trim())).collect()),
        _ => None,
    }
}

fn is_one_of(listed: &[Value], value: &Value) -> bool {
    listed.iter().any(|wanted| match (wanted, value) {
        (Value::String(glob), Value::String(text)) => matches_glob(glob, text),
        _ => wanted == value,
    })
}

/// A text with a `*` at one of its ends or both.
fn matches_glob(glob: &str, text: &str) -> bool {
    match (glob.strip_prefix('*'), glob.strip_suffix('*')) {
        (Some(_), Some(_)) => text.contains(glob.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => glob == text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn acl(text: &str) -> Acl {
        parse::parse(text).unwrap()
    }

    fn verdict(policies: &[&str], capability: Capability, path: &str) -> AclVerdict {
        verdict_of(policies, capability, path, json!({}), 0)
    }

    fn verdict_of(
        policies: &[&str],
        capability: Capability,
        path: &str,
        parameters: Value,
        wrap_ttl: i64,
    ) -> AclVerdict {
        let policies: Vec<Acl> = policies.iter().map(|text| acl(text)).collect();
        let policies: Vec<&Acl> = policies.iter().collect();
        let Value::Object(parameters) = parameters else { unreachable!() };
        let request = AclRequest { path, capability, sudo: false, parameters: &parameters, wrap_ttl };
        decide(&policies, &request, &|_| None)
    }

    #[test]
    fn the_most_specific_pattern_decides() {
        let policy = r#"
            path "secret/*" { capabilities = ["read"] }
            path "secret/private/*" { capabilities = ["deny"] }
            path "secret/+/open" { capabilities = ["update"] }
            path "secret/exact" { capabilities = ["delete"] }"#;
        for (capability, path, expected) in [
            (Capability::Read, "secret/a", AclVerdict::Allow),
            (Capability::Update, "secret/a", AclVerdict::Silent),
            (Capability::Read, "secret/private/a", AclVerdict::Deny),
            (Capability::Update, "secret/x/open", AclVerdict::Allow),
            (Capability::Read, "secret/x/open", AclVerdict::Silent),
            (Capability::Delete, "secret/exact", AclVerdict::Allow),
            (Capability::Read, "secret/exact", AclVerdict::Silent),
            (Capability::Read, "other", AclVerdict::Silent),
        ] {
            assert_eq!(verdict(&[policy], capability, path), expected, "{capability:?} {path}");
        }
    }

    #[test]
    fn policies_add_up_and_deny_takes_everything_away() {
        let read = r#"path "a/*" { capabilities = ["read"] }"#;
        let update = r#"path "a/*" { capabilities = ["update"] }"#;
        let deny = r#"path "a/*" { capabilities = ["deny"] }"#;
        assert_eq!(verdict(&[read, update], Capability::Read, "a/b"), AclVerdict::Allow);
        assert_eq!(verdict(&[read, update], Capability::Update, "a/b"), AclVerdict::Allow);
        assert_eq!(verdict(&[read, deny], Capability::Read, "a/b"), AclVerdict::Deny);
    }

    #[test]
    fn a_list_is_asked_for_with_and_without_a_slash() {
        for path in ["a/b/", "a/b", "a/*", "a/+/"] {
            let policy = format!(r#"path "{path}" {{ capabilities = ["list"] }}"#);
            assert_eq!(verdict(&[&policy], Capability::List, "a/b"), AclVerdict::Allow, "{path}");
        }
        let policy = r#"path "a/b/" { capabilities = ["read"] }"#;
        assert_eq!(verdict(&[policy], Capability::Read, "a/b"), AclVerdict::Silent);
    }

    #[test]
    fn a_deny_of_either_form_of_a_list_is_not_slipped_past() {
        let all = r#"path "a/*" { capabilities = ["list"] }"#;
        for (rule, expected) in [
            (r#"path "a/b" { capabilities = ["deny"] }"#, AclVerdict::Deny),
            (r#"path "a/b/" { capabilities = ["deny"] }"#, AclVerdict::Deny),
            (r#"path "a/b*" { capabilities = ["deny"] }"#, AclVerdict::Deny),
            (r#"path "a/+" { capabilities = ["deny"] }"#, AclVerdict::Deny),
            (r#"path "a/b/*" { capabilities = ["deny"] }"#, AclVerdict::Deny),
            (r#"path "+/b" { capabilities = ["deny"] }"#, AclVerdict::Allow),
            (r#"path "a/b" { capabilities = ["read"] }"#, AclVerdict::Silent),
            (r#"path "a/b/*" { capabilities = ["read"] }"#, AclVerdict::Silent),
            (r#"path "a/+" { capabilities = ["read"] }"#, AclVerdict::Allow),
        ] {
            assert_eq!(verdict(&[all, rule], Capability::List, "a/b"), expected, "{rule}");
        }
        let grants = r#"path "a/+" { capabilities = ["list"] }"#;
        let reads = r#"path "a/*" { capabilities = ["read"] }"#;
        assert_eq!(verdict(&[grants, reads], Capability::List, "a/b"), AclVerdict::Allow);
    }

    #[test]
    fn parameters_are_held_against_what_is_allowed_denied_and_required() {
        let policy = r#"path "a" {
            capabilities = ["update"]
            required_parameters = ["name"]
            allowed_parameters = { "name" = [], "kind" = ["x", "y*"], "*" = [] }
            denied_parameters = { "root" = [], "level" = ["high"] }
            }"#;
        for (parameters, expected) in [
            (json!({"name": "n"}), AclVerdict::Allow),
            (json!({}), AclVerdict::Deny),
            (json!({"name": "n", "kind": "x"}), AclVerdict::Allow),
            (json!({"name": "n", "kind": "yes"}), AclVerdict::Allow),
            (json!({"name": "n", "kind": "z"}), AclVerdict::Deny),
            (json!({"name": "n", "root": true}), AclVerdict::Deny),
            (json!({"name": "n", "LEVEL": "high"}), AclVerdict::Deny),
            (json!({"name": "n", "level": "low"}), AclVerdict::Allow),
            (json!({"NAME": "n"}), AclVerdict::Deny),
            (json!({"name": "n", "level": ["low", "high"]}), AclVerdict::Deny),
            (json!({"name": "n", "level": "low, high"}), AclVerdict::Deny),
            (json!({"name": "n", "level": ["low", "lower"]}), AclVerdict::Allow),
            (json!({"name": "n", "kind": ["x", "yes"]}), AclVerdict::Allow),
            (json!({"name": "n", "kind": "yes,x"}), AclVerdict::Allow),
            (json!({"name": "n", "kind": ["x", "z"]}), AclVerdict::Deny),
            (json!({"name": "n", "kind": 5}), AclVerdict::Deny),
        ] {
            let found = verdict_of(&[policy], Capability::Update, "a", parameters.clone(), 0);
            assert_eq!(found, expected, "{parameters}");
        }
    }

    #[test]
    fn what_a_read_sends_is_held_against_them_too() {
        let policy = r#"path "a" {
            capabilities = ["read", "list", "delete"]
            required_parameters = ["version"]
            }"#;
        let asks = |capability, parameters: Value| verdict_of(&[policy], capability, "a", parameters, 0);
        assert_eq!(asks(Capability::Read, json!({})), AclVerdict::Deny);
        assert_eq!(asks(Capability::Read, json!({"version": "1"})), AclVerdict::Allow);
        assert_eq!(asks(Capability::List, json!({})), AclVerdict::Allow);
        assert_eq!(asks(Capability::Delete, json!({})), AclVerdict::Allow);
    }

    #[test]
    fn capitals_of_policies_slip_past_nothing() {
        let policy = r#"path "a" {
            capabilities = ["update"]
            denied_parameters = { "token_policies" = ["admin", "Ops"] }
            }"#;
        for sent in [json!("Admin"), json!(["x", "ADMIN"]), json!("x,Admin"), json!("ops"), json!("Ops")] {
            let parameters = json!({ "token_policies": sent });
            assert_eq!(verdict_of(&[policy], Capability::Update, "a", parameters, 0), AclVerdict::Deny);
        }
        // Where there is one with capitals, it is another one: what is allowed is meant to the letter.
        let policy = r#"path "a" {
            capabilities = ["update"]
            allowed_parameters = { "token_policies" = ["dev"] }
            }"#;
        for (sent, expected) in [("dev", AclVerdict::Allow), ("Dev", AclVerdict::Deny)] {
            let parameters = json!({ "token_policies": sent });
            assert_eq!(verdict_of(&[policy], Capability::Update, "a", parameters, 0), expected);
        }
    }

    #[test]
    fn wrapping_can_be_demanded_and_bounded() {
        let policy = r#"path "a" {
            capabilities = ["read"]
            min_wrapping_ttl = "1m"
            max_wrapping_ttl = 3600
            }"#;
        for (ttl, expected) in
            [(0, AclVerdict::Deny), (30, AclVerdict::Deny), (60, AclVerdict::Allow), (3601, AclVerdict::Deny)]
        {
            assert_eq!(verdict_of(&[policy], Capability::Read, "a", json!({}), ttl), expected, "{ttl}");
        }
    }

    /// GHSA-59w7-v8rr-pr4p: what is substituted into a path must not widen it.
    #[test]
    fn ghsa_59w7_templated_values_cannot_widen_a_path() {
        let policy = acl(r#"path "u/{{identity.entity.name}}/*" { capabilities = ["read"] }"#);
        let read = |name: &'static str, path: &str| {
            let parameters = Map::new();
            let capability = Capability::Read;
            let request = AclRequest { path, capability, sudo: false, parameters: &parameters, wrap_ttl: 0 };
            decide(&[&policy], &request, &|variable| {
                (variable == "identity.entity.name").then(|| name.to_owned())
            })
        };
        assert_eq!(read("bob", "u/bob/x"), AclVerdict::Allow);
        assert_eq!(read("bob", "u/eve/x"), AclVerdict::Silent);
        for name in ["*", "+", "a/b", "b*", "{{x}}", ""] {
            assert_eq!(read(name, "u/b/x"), AclVerdict::Silent, "{name}");
            assert_eq!(read(name, "u/a/b/x"), AclVerdict::Silent, "{name}");
        }
    }
}
