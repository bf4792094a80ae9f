//! Whether somebody may do all that a policy allows: who hands a policy out, or writes it, must not come to more authority
//! by that than it has.
//!
//! The answer is on the safe side. `true` means that every request which the policy allows is allowed already; `false`
//! means that this is not so, or cannot be seen from the rules' paths alone.

use std::cmp::Ordering;

use super::pattern::{PathPattern, PatternSegment};
use super::policy::{Policy, PolicyOperation, Rule, Verdict};
use crate::base::ident::Ident;

/// A rule with its path parsed.
struct Parsed<'a> {
    pattern: PathPattern,
    rule: &'a Rule,
}

/// The rules of a policy; `None` when one cannot be read, in which case the policy grants nothing.
fn parsed(policy: &Policy) -> Option<Vec<Parsed<'_>>> {
    let rules = policy.rest_api.rules.iter();
    rules.map(|rule| Some(Parsed { pattern: rule.path.parse().ok()?, rule })).collect()
}

/// Whether all that `policy` allows is allowed by one of `held`, rule by rule.
pub fn covers(held: &[&Policy], policy: &Policy) -> bool {
    let Some(wanted) = parsed(policy) else { return true };
    let held: Vec<Vec<Parsed<'_>>> = held.iter().filter_map(|policy| parsed(policy)).collect();
    wanted.iter().all(|rule| {
        let allowed =
            |operation: &PolicyOperation| rule.rule.operations.verdict(*operation) == Some(Verdict::Allow);
        PolicyOperation::ALL.into_iter().filter(allowed).all(|operation| {
            held.iter()
                .any(|policy| policy.iter().any(|own| is_within(rule, &wanted, own, policy, operation)))
        })
    })
}

/// Whether the rule `wanted` of a policy (whose rules are `beside`) allows an operation only where the rule `own` of a held
/// policy (whose rules are `held`) allows it too, and nothing in that policy takes it back.
fn is_within(
    wanted: &Parsed<'_>,
    beside: &[Parsed<'_>],
    own: &Parsed<'_>,
    held: &[Parsed<'_>],
    operation: PolicyOperation,
) -> bool {
    let hides_no_more = |rule: &Rule| {
        operation != PolicyOperation::Read
            || rule.hide_fields.is_empty()
            || rule.hide_fields.iter().all(|name| wanted.rule.hide_fields.contains(name))
                && !leads_into(&wanted.pattern, &rule.hide_fields)
    };
    let allows = own.rule.operations.verdict(operation) == Some(Verdict::Allow);
    if !allows || !hides_no_more(own.rule) || !contains(&own.pattern.segments, &wanted.pattern.segments) {
        return false;
    }
    // A request reaches what is below the path that it names as well.
    let below = |pattern: &PathPattern| {
        let mut below = pattern.clone();
        below.segments.push(PatternSegment::Subtree);
        below
    };
    let reach = below(&wanted.pattern);
    held.iter().all(|other| {
        let verdict = other.rule.operations.verdict(operation);
        // What a rule hides is shut to who asks for something in it, too.
        let hides_more = verdict == Some(Verdict::Allow) && !hides_no_more(other.rule);
        let takes_back = hides_more || verdict == Some(Verdict::Reject);
        // Below the place of which `own` speaks, the word of a rule that is as specific counts as well.
        let is_stronger = match other.pattern.literals().cmp(&own.pattern.literals()) {
            Ordering::Less => false,
            Ordering::Equal => hides_more || own.pattern.segments.last() != Some(&PatternSegment::Subtree),
            Ordering::Greater => true,
        };
        let spoken_of = if hides_more { &below(&other.pattern) } else { &other.pattern };
        let speaks = takes_back && is_stronger && meet(&spoken_of.segments, &reach.segments);
        !speaks || also_rejected(&other.pattern, wanted, beside, operation)
    })
}

/// Whether a pattern can name something that is hidden, or something in it, by itself: what is below a subtree is hidden by the
/// rule that has the pattern as well.
fn leads_into(pattern: &PathPattern, hidden: &[Ident]) -> bool {
    let segments = match pattern.segments.split_last() {
        Some((PatternSegment::Subtree, before)) => before,
        _ => &pattern.segments,
    };
    segments.iter().any(|segment| match segment {
        PatternSegment::Any | PatternSegment::Subtree => true,
        PatternSegment::Literal(literal) => hidden.iter().any(|name| bare(name) == bare(&literal.text)),
    })
}

/// A name without its module.
fn bare(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Whether the policy itself rejects the operation wherever `pattern` speaks.
fn also_rejected(
    pattern: &PathPattern,
    wanted: &Parsed<'_>,
    beside: &[Parsed<'_>],
    operation: PolicyOperation,
) -> bool {
    let rejects = |rule: &Parsed<'_>| {
        rule.rule.operations.verdict(operation) == Some(Verdict::Reject)
            && rule.pattern.literals() > wanted.pattern.literals()
            && contains(&rule.pattern.segments, &pattern.segments)
    };
    // Beside the rejection no other rule may allow it again there.
    let allows_again = |rule: &Parsed<'_>| {
        rule.rule.operations.verdict(operation) == Some(Verdict::Allow)
            && rule.pattern.literals() > wanted.pattern.literals()
            && meet(&rule.pattern.segments, &pattern.segments)
    };
    beside.iter().any(rejects) && !beside.iter().any(allows_again)
}

/// Whether every path that `inner` matches is matched by `outer`.
fn contains(outer: &[PatternSegment], inner: &[PatternSegment]) -> bool {
    use PatternSegment::{Any, Literal, Subtree};
    // Of the rest of `outer` from its end on: for each rest of `inner`, whether it is contained.
    let mut below: Vec<bool> = (0..=inner.len()).map(|at| at == inner.len()).collect();
    for first in outer.iter().rev() {
        let mut row = vec![false; inner.len() + 1];
        for at in (0..=inner.len()).rev() {
            let next = |cells: &[bool]| cells.get(at + 1).copied().unwrap_or(false);
            let same = below.get(at).copied().unwrap_or(false);
            let here = match (first, inner.get(at)) {
                (Subtree, None) => same,
                (Subtree, Some(_)) => same || next(&row),
                (_, None | Some(Subtree)) => false,
                (Any, Some(_)) => next(&below),
                (Literal(outer), Some(Literal(inner))) => outer == inner && next(&below),
                (Literal(_), Some(Any)) => false,
            };
            if let Some(cell) = row.get_mut(at) {
                *cell = here;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

/// Whether some path could be matched by both.
fn meet(a: &[PatternSegment], b: &[PatternSegment]) -> bool {
    use PatternSegment::{Any, Literal, Subtree};
    let mut below: Vec<bool> = vec![false; b.len() + 1];
    for row in (0..=a.len()).rev() {
        let mut cells = vec![false; b.len() + 1];
        for column in (0..=b.len()).rev() {
            let right = cells.get(column + 1).copied().unwrap_or(false);
            let down = below.get(column).copied().unwrap_or(false);
            let both = below.get(column + 1).copied().unwrap_or(false);
            let here = match (a.get(row), b.get(column)) {
                (None, None) => true,
                (Some(Subtree), None) => down,
                (None, Some(Subtree)) => right,
                (Some(Subtree), Some(Subtree)) => down || right,
                (Some(Subtree), Some(_)) => down || right,
                (Some(_), Some(Subtree)) => right || down,
                (None, Some(_)) | (Some(_), None) => false,
                (Some(Any), Some(_)) | (Some(_), Some(Any)) => both,
                // Two ways of writing one name or key: what cannot be told apart by its end is taken for the same.
                (Some(Literal(a)), Some(Literal(b))) => {
                    (a.keys == b.keys || bare(&a.text) == bare(&b.text)) && both
                }
            };
            if let Some(cell) = cells.get_mut(column) {
                *cell = here;
            }
        }
        below = cells;
    }
    below.first().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(text: &str) -> Vec<PatternSegment> {
        text.parse::<PathPattern>().unwrap().segments
    }

    #[test]
    fn what_contains_what() {
        for (outer, inner) in [
            ("**", "a/b"),
            ("**", ""),
            ("a/**", "a"),
            ("a/**", "a/*/c/**"),
            ("a/*", "a/b"),
            ("a/*", "a/*"),
            ("**/c", "a/b/c"),
            ("**/c", "**/c"),
            ("a/**/c", "a/c"),
            ("**/b/**", "a/b/c"),
            ("*/b", "a/b"),
        ] {
            assert!(contains(&segments(outer), &segments(inner)), "{outer} {inner}");
        }
        for (outer, inner) in [
            ("a/b", "**"),
            ("a/*", "a"),
            ("a/*", "a/**"),
            ("a/b", "a/*"),
            ("a", "a/b"),
            ("**/c", "**"),
            ("*", ""),
        ] {
            assert!(!contains(&segments(outer), &segments(inner)), "{outer} {inner}");
        }
    }

    #[test]
    fn what_meets_what() {
        for (a, b) in [
            ("**", ""),
            ("a/*", "*/b"),
            ("a/**", "**/c"),
            ("m:a/b", "a/b"),
            ("a/**/c", "a/b/**"),
            ("a%2Cb", "a,b"),
        ] {
            assert_eq!(meet(&segments(a), &segments(b)), a != "a%2Cb", "{a} {b}");
            assert_eq!(meet(&segments(b), &segments(a)), a != "a%2Cb", "{b} {a}");
        }
        for (a, b) in [("a", "b"), ("a/b", "a"), ("a/*", "a"), ("a/**", "b/**")] {
            assert!(!meet(&segments(a), &segments(b)), "{a} {b}");
        }
    }

    fn policy(rules: &str) -> Policy {
        serde_json::from_str(&format!(r#"{{"name": "p", "rest-api": {{"rules": {rules}}}}}"#)).unwrap()
    }

    #[test]
    fn authority_covers_what_its_rules_allow() {
        let admin = policy(
            r#"[{"path": "strongbox/**", "operations": {"all": "allow"}},
            {"path": "strongbox/transit-keys/*/import", "operations": {"execute": "reject"}}]"#,
        );
        let reader = policy(r#"[{"path": "strongbox/jwt-issuers/**", "operations": {"read": "allow"}}]"#);
        let importer =
            policy(r#"[{"path": "strongbox/transit-keys/x/import", "operations": {"execute": "allow"}}]"#);
        let keys = policy(r#"[{"path": "strongbox/transit-keys/**", "operations": {"all": "allow"}}]"#);
        let keys_without = policy(
            r#"[{"path": "strongbox/transit-keys/**", "operations": {"all": "allow"}},
            {"path": "strongbox/transit-keys/*/import", "operations": {"execute": "reject"}}]"#,
        );
        let all = policy(r#"[{"path": "**", "operations": {"all": "allow"}}]"#);
        let hiding = policy(
            r#"[{"path": "strongbox/**", "operations": {"read": "allow"}, "hide-fields": ["signing-key"]}]"#,
        );
        assert!(covers(&[&admin], &reader));
        assert!(covers(&[&admin], &admin));
        assert!(covers(&[&admin], &keys_without));
        assert!(!covers(&[&admin], &keys), "it could import");
        assert!(!covers(&[&admin], &importer));
        assert!(!covers(&[&admin], &all));
        assert!(!covers(&[&reader], &admin));
        assert!(covers(&[&admin, &importer], &importer));
        assert!(covers(&[&all], &keys) && covers(&[&all], &all));
        assert!(!covers(&[&hiding], &reader), "it would see what is hidden");
        assert!(covers(&[&admin], &hiding) && covers(&[&hiding], &hiding));
        assert!(covers(&[], &policy("[]")) && !covers(&[], &reader));
        assert!(
            covers(&[], &policy(r#"[{"path": "a//b", "operations": {"all": "allow"}}]"#)),
            "it grants nothing"
        );
    }
}
