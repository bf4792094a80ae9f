//! What rules over paths come to, held against a definition as plain as it can be; and the law behind the escalation rule for
//! them: where [`covers`] says yes, the rules allow nothing that their author may not do.

use std::cmp::{Ordering, Reverse};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::cover::covers;
use super::path::AclPath;
use super::{Acl, AclRequest, AclRule, AclVerdict, Capabilities, Capability, decide};

/// Whether a pattern matches, letter by letter: `+` for a whole segment, `*` at the end for whatever follows.
fn matches(pattern: &str, path: &str, at_start: bool) -> bool {
    let plus_ends = |rest: &str| rest.is_empty() || rest.starts_with('/');
    if pattern == "*" {
        return true;
    }
    if let Some(rest) = pattern.strip_prefix('+').filter(|rest| at_start && plus_ends(rest)) {
        let end = path.find('/').unwrap_or(path.len());
        return matches(rest, &path[end..], false);
    }
    match (pattern.chars().next(), path.chars().next()) {
        (None, None) => true,
        (Some(wanted), Some(found)) if wanted == found => {
            let width = wanted.len_utf8();
            matches(&pattern[width..], &path[width..], wanted == '/')
        }
        _ => false,
    }
}

/// Which of two patterns decides, by the list in the documentation of policies.
fn stronger(a: &str, b: &str) -> Ordering {
    let pluses = |pattern: &str| pattern.split('/').filter(|segment| *segment == "+").count();
    let is_open = |pattern: &str| pattern.ends_with('*');
    let stem = |pattern: &str| pattern.trim_end_matches('*').len();
    let first = |pattern: &str| {
        let mut at = 0;
        for segment in pattern.split('/') {
            if segment == "+" {
                return at;
            }
            at += segment.len() + 1;
        }
        stem(pattern)
    };
    let exact = |pattern: &str| !is_open(pattern) && pluses(pattern) == 0;
    exact(a)
        .cmp(&exact(b))
        .then(first(a).cmp(&first(b)))
        .then(is_open(b).cmp(&is_open(a)))
        .then(Reverse(pluses(a)).cmp(&Reverse(pluses(b))))
        .then(stem(a).cmp(&stem(b)))
        .then(a.cmp(b))
}

fn deciding<'a>(acls: &[&'a Acl], path: &str) -> Vec<&'a AclRule> {
    let speaking: Vec<&AclRule> =
        acls.iter().flat_map(|acl| &acl.rules).filter(|rule| matches(&rule.path.text, path, true)).collect();
    let best = speaking.iter().map(|rule| rule.path.text.as_str()).max_by(|a, b| stronger(a, b));
    speaking.into_iter().filter(|rule| Some(rule.path.text.as_str()) == best).collect()
}

/// Of the patterns that match either form of a list's path, from the strongest on: the first that is exact, or speaks of the form
/// with the slash, or denies, or grants the list.
fn deciding_list<'a>(acls: &[&'a Acl], path: &str) -> Vec<&'a AclRule> {
    let with_slash = format!("{path}/");
    let rules: Vec<&AclRule> = acls.iter().flat_map(|acl| &acl.rules).collect();
    let mut patterns: Vec<&str> = rules.iter().map(|rule| rule.path.text.as_str()).collect();
    patterns.retain(|pattern| matches(pattern, path, true) || matches(pattern, &with_slash, true));
    patterns.sort_by(|a, b| stronger(b, a));
    let of = |pattern: &str| -> Vec<&'a AclRule> {
        rules.iter().copied().filter(|rule| rule.path.text == pattern).collect()
    };
    let says = |pattern: &str, word| of(pattern).iter().any(|rule| rule.capabilities.has(word));
    let decides = |pattern: &&&str| {
        !pattern.contains(['*', '+'])
            || matches(pattern, &with_slash, true)
            || says(pattern, Capability::Deny)
            || says(pattern, Capability::List)
    };
    patterns.iter().find(decides).map(|pattern| of(pattern)).unwrap_or_default()
}

fn takes(rule: &AclRule, parameters: &Map<String, Value>) -> bool {
    let is_listed = |values: &Value, value: &Value| {
        values.as_array().is_some_and(|values| values.is_empty() || values.contains(value))
    };
    let is_denied = |(name, value): (&String, &Value)| {
        rule.denied.contains_key("*") || rule.denied.get(name).is_some_and(|values| is_listed(values, value))
    };
    let is_allowed = |(name, value): (&String, &Value)| match &rule.allowed {
        None => true,
        Some(allowed) => match allowed.get(name) {
            Some(values) => is_listed(values, value),
            None => allowed.contains_key("*"),
        },
    };
    rule.required.iter().all(|name| parameters.contains_key(name))
        && !parameters.iter().any(is_denied)
        && parameters.iter().all(is_allowed)
}

fn plainly(acls: &[&Acl], request: &AclRequest<'_>) -> AclVerdict {
    let rules = match request.capability {
        Capability::List => deciding_list(acls, request.path),
        _ => deciding(acls, request.path),
    };
    let has = |capability| rules.iter().any(|rule| rule.capabilities.has(capability));
    if has(Capability::Deny) {
        return AclVerdict::Deny;
    }
    if !has(request.capability) || request.sudo && !has(Capability::Sudo) {
        return AclVerdict::Silent;
    }
    let has_parameters = request.capability != Capability::List;
    let ttl = request.wrap_ttl;
    let fits = rules.iter().any(|rule| {
        rule.capabilities.has(request.capability)
            && ttl >= rule.min_wrapping
            && (rule.max_wrapping == 0 || ttl > 0 && ttl <= rule.max_wrapping)
            && (!has_parameters || takes(rule, request.parameters))
    });
    if fits { AclVerdict::Allow } else { AclVerdict::Deny }
}

const CAPABILITIES: [Capability; 5] =
    [Capability::Read, Capability::Update, Capability::List, Capability::Sudo, Capability::Deny];

fn any_pattern() -> impl Strategy<Value = String> {
    let segment = || prop::sample::select(vec!["a", "b", "ab", "+"]);
    let end = prop::sample::select(vec!["", "", "", "/", "*", "/*"]);
    (prop::collection::vec(segment(), 0..4), end).prop_filter_map("no such pattern", |(segments, end)| {
        let pattern = format!("{}{end}", segments.join("/"));
        AclPath::parse(&pattern).is_ok().then_some(pattern)
    })
}

/// Parameters with the values that are listed for them.
fn any_list() -> impl Strategy<Value = Map<String, Value>> {
    let values = prop::sample::subsequence(vec!["1", "2"], 0..=1);
    prop::collection::btree_map(prop::sample::select(vec!["p", "q", "*"]), values, 0..2)
        .prop_map(|list| list.into_iter().map(|(name, values)| (name.to_owned(), json!(values))).collect())
}

fn any_rule() -> impl Strategy<Value = AclRule> {
    let capabilities = prop::sample::subsequence(CAPABILITIES.to_vec(), 0..=3);
    let seldom =
        |list: BoxedStrategy<Map<String, Value>>| prop_oneof![3 => Just(None), 1 => list.prop_map(Some)];
    let required = prop_oneof![4 => Just(vec![]), 1 => Just(vec!["p".to_owned()])];
    let wrapping = prop_oneof![4 => Just((0, 0)), 1 => Just((10, 0)), 1 => Just((0, 60))];
    (any_pattern(), capabilities, seldom(any_list().boxed()), seldom(any_list().boxed()), required, wrapping)
        .prop_map(|(path, words, allowed, denied, required, (min_wrapping, max_wrapping))| {
            let mut capabilities = Capabilities::default();
            let denies = words.contains(&Capability::Deny);
            // As the parser has it: `deny` stands alone.
            words
                .into_iter()
                .filter(|word| !denies || *word == Capability::Deny)
                .for_each(|word| capabilities.add(word));
            let path = AclPath::parse(&path).unwrap();
            let denied = denied.unwrap_or_default();
            AclRule { path, capabilities, min_wrapping, max_wrapping, allowed, denied, required }
        })
}

fn any_acl() -> impl Strategy<Value = Acl> {
    prop::collection::vec(any_rule(), 0..5).prop_map(|rules| Acl { rules })
}

#[derive(Clone, Debug)]
struct Asked {
    path: String,
    capability: Capability,
    sudo: bool,
    parameters: Map<String, Value>,
    wrap_ttl: i64,
}

impl Asked {
    fn request(&self) -> AclRequest<'_> {
        AclRequest {
            path: &self.path,
            capability: self.capability,
            sudo: self.sudo,
            parameters: &self.parameters,
            wrap_ttl: self.wrap_ttl,
        }
    }
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let path = prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "c"]), 1..5);
    let capability = prop::sample::select(CAPABILITIES[..3].to_vec());
    let value = prop::sample::select(vec!["1", "2"]);
    let parameters = prop::collection::btree_map(prop::sample::select(vec!["p", "q"]), value, 0..2);
    (path, capability, prop::bool::weighted(0.2), parameters, prop::sample::select(vec![0, 30, 90])).prop_map(
        |(path, capability, sudo, parameters, wrap_ttl)| {
            let parameters =
                parameters.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
            Asked { path: path.join("/"), capability, sudo, parameters, wrap_ttl }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn rules_over_paths_decide_as_they_are_defined(
        acls in prop::collection::vec(any_acl(), 0..3),
        asked in prop::collection::vec(any_asked(), 8),
    ) {
        let acls: Vec<&Acl> = acls.iter().collect();
        for asked in &asked {
            let request = asked.request();
            prop_assert_eq!(decide(&acls, &request, &|_| None), plainly(&acls, &request), "{:?}", asked);
        }
    }

    #[test]
    fn rules_over_paths_that_are_covered_allow_their_author_nothing_new(
        held in prop::collection::vec(any_acl(), 1..3),
        narrowed in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any_pattern()), any::<u8>()), 1..4),
        asked in prop::collection::vec(any_asked(), 32),
    ) {
        let all: Vec<&AclRule> = held.iter().flat_map(|acl| &acl.rules).collect();
        let narrow = |(of, path, words): &(prop::sample::Index, Option<String>, u8)| {
            let mut rule = AclRule::clone((!all.is_empty()).then(|| *of.get(&all))?);
            let kept = rule.capabilities.iter().filter(|word| words & 1 << *word as u8 != 0);
            rule.capabilities = kept.fold(Capabilities::default(), |mut kept, word| {
                kept.add(word);
                kept
            });
            if let Some(path) = path {
                rule.path = AclPath::parse(path).unwrap();
            }
            Some(rule)
        };
        let wanted = Acl { rules: narrowed.iter().filter_map(narrow).collect() };
        let held: Vec<&Acl> = held.iter().collect();
        if !covers(&held, &wanted) {
            return Ok(());
        }
        for asked in &asked {
            let request = asked.request();
            let verdict = |acls: &[&Acl]| decide(acls, &request, &|_| None);
            prop_assert!(
                verdict(&[&wanted]) != AclVerdict::Allow || verdict(&held) == AclVerdict::Allow,
                "{asked:?} is allowed by {wanted:?}"
            );
        }
    }
}
