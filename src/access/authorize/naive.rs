//! The definition of a decision, written as plainly as it can be, for the compiled form to be held against.

mod escalation;

use proptest::prelude::*;

use super::compile::{NameIndex, Segment};
use super::policy::{Operations, Policy, PolicyOperation, RestApi, Rule, Verdict};
use super::{Authority, Decision, PolicyBook};
use crate::base::ident::Ident;
use crate::yang::schema::{NodeId, Value};

/// Names that paths in these tests are made of; a node's id is its position and one.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone, Debug)]
enum Step {
    Name(usize),
    Key(Value),
}

fn matches(pattern: &[&str], path: &[Step]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=path.len()).any(|skipped| matches(rest, &path[skipped..])),
        ([first, rest @ ..], [step, further @ ..]) => {
            let same = match step {
                Step::Name(index) => NAMES[*index] == *first,
                Step::Key(value) => value.to_string() == *first,
            };
            (*first == "*" || same) && matches(rest, further)
        }
        _ => false,
    }
}

fn literals(pattern: &[&str]) -> usize {
    pattern.iter().filter(|segment| !segment.starts_with('*')).count()
}

/// What one policy says: the word of its most specific rule, `allow` where two are equal, and what is then hidden.
fn ruling(
    policy: &Policy,
    operation: PolicyOperation,
    path: &[Step],
) -> Option<(usize, Verdict, Vec<Vec<Ident>>)> {
    let speaking: Vec<(usize, Verdict, &Rule)> = policy
        .rest_api
        .rules
        .iter()
        .filter_map(|rule| {
            let pattern: Vec<&str> = rule.path.split('/').filter(|segment| !segment.is_empty()).collect();
            let verdict = rule.operations.verdict(operation)?;
            matches(&pattern, path).then(|| (literals(&pattern), verdict, rule))
        })
        .collect();
    let best = speaking.iter().map(|(literals, verdict, _)| (*literals, *verdict)).max()?;
    let deciding = speaking.iter().filter(|(literals, verdict, _)| (*literals, *verdict) == best);
    Some((best.0, best.1, deciding.map(|(_, _, rule)| rule.hide_fields.clone()).collect()))
}

/// How specific the rule is that hides something on the way to a path: a rule that decides above it or, where the path above
/// cannot be read as such, any that would allow that.
fn shut(policy: &Policy, path: &[Step]) -> Option<usize> {
    let hides = |at: usize| {
        let Step::Name(next) = path.get(at)? else { return None };
        let above = &path[..at];
        let is_hidden =
            |hides: &[Vec<Ident>]| hides.iter().all(|names| names.iter().any(|name| *name == NAMES[*next]));
        let (literals, verdict, hidden) = ruling(policy, PolicyOperation::Read, above)?;
        if verdict == Verdict::Allow {
            return is_hidden(&hidden).then_some(literals);
        }
        let alone =
            |rule: &Rule| Policy { rest_api: RestApi { rules: vec![rule.clone()] }, ..policy.clone() };
        let each = policy.rest_api.rules.iter().filter_map(|rule| {
            let (literals, verdict, hidden) = ruling(&alone(rule), PolicyOperation::Read, above)?;
            (verdict == Verdict::Allow && is_hidden(&hidden)).then_some(literals)
        });
        each.max()
    };
    (0..path.len()).filter_map(hides).max()
}

/// What one policy says of a path to who asked for something above it where, on the way, a rule so specific hides something.
fn ruling_behind(
    policy: &Policy,
    operation: PolicyOperation,
    path: &[Step],
    shut: Option<usize>,
) -> Option<(usize, Verdict, Vec<Vec<Ident>>)> {
    let (literals, verdict, hides) = ruling(policy, operation, path)?;
    let is_shut = operation == PolicyOperation::Read && shut.is_some_and(|shut| literals <= shut);
    Some(if is_shut { (literals, Verdict::Reject, Vec::new()) } else { (literals, verdict, hides) })
}

/// Allowed when any policy allows; hidden is what every deciding rule hides.
fn decide(policies: &[Policy], operation: PolicyOperation, path: &[Step]) -> (bool, Vec<NodeId>) {
    let allowing: Vec<Vec<Ident>> = policies
        .iter()
        .filter_map(|policy| ruling_behind(policy, operation, path, shut(policy, path)))
        .filter(|(_, verdict, _)| *verdict == Verdict::Allow)
        .flat_map(|(_, _, hides)| hides)
        .collect();
    let hidden = (0..NAMES.len())
        .filter(|index| {
            operation == PolicyOperation::Read
                && !allowing.is_empty()
                && allowing.iter().all(|hides| hides.iter().any(|name| *name == NAMES[*index]))
        })
        .map(node)
        .collect();
    (!allowing.is_empty(), hidden)
}

fn node(index: usize) -> NodeId {
    NodeId(u32::try_from(index).unwrap() + 1)
}

fn segments(path: &[Step]) -> Vec<Segment<'_>> {
    path.iter()
        .map(|step| match step {
            Step::Name(index) => Segment::Name(node(*index)),
            Step::Key(value) => Segment::Keys(std::slice::from_ref(value)),
        })
        .collect()
}

fn names() -> NameIndex {
    let nodes: Vec<(&str, NodeId)> =
        NAMES.iter().enumerate().map(|(index, name)| (*name, node(index))).collect();
    NameIndex::of(&nodes)
}

fn any_verdict() -> impl Strategy<Value = Option<Verdict>> {
    prop_oneof![3 => Just(None), 1 => Just(Some(Verdict::Allow)), 1 => Just(Some(Verdict::Reject))]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let segment = prop_oneof![4 => prop::sample::select(vec!["a", "b", "c", "x", "7"]), 2 => Just("*"), 1 => Just("**")];
    let operations = [(); 6].map(|()| any_verdict());
    let hidden = prop::sample::subsequence(vec!["a", "b", "c"], 0..=2);
    (prop::collection::vec(segment, 0..5), operations, hidden).prop_map(|(path, said, hidden)| {
        let [create, read, update, delete, execute, all] = said;
        Rule {
            path: Ident::from(path.join("/")),
            operations: Operations { create, read, update, delete, execute, all },
            hide_fields: hidden.into_iter().map(Ident::from).collect(),
            description: None,
        }
    })
}

fn any_policies() -> impl Strategy<Value = Vec<Policy>> {
    prop::collection::vec(prop::collection::vec(any_rule(), 0..8), 0..4).prop_map(|policies| {
        let numbered = policies.into_iter().enumerate();
        numbered
            .map(|(index, rules)| Policy {
                name: Ident::from(format!("p{index}")),
                rest_api: RestApi { rules },
                vault: Default::default(),
            })
            .collect()
    })
}

fn any_path() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..NAMES.len()).prop_map(Step::Name),
        1 => prop::sample::select(vec!["a", "x"]).prop_map(|key| Step::Key(Value::string(key))),
        1 => Just(Step::Key(Value::Uint(7))),
    ];
    prop::collection::vec(step, 0..6)
}

fn authority(policies: &[Policy], names: &NameIndex) -> Authority {
    let book = PolicyBook::new(policies, names);
    let carried: Vec<Ident> = policies.iter().map(|policy| policy.name.clone()).collect();
    book.authority(&carried)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_compiled_decision_is_the_plain_one(policies in any_policies(), path in any_path()) {
        let authority = authority(&policies, &names());
        for operation in PolicyOperation::ALL {
            let (allowed, hidden) = decide(&policies, operation, &path);
            let decision = authority.decide(operation, segments(&path));
            prop_assert_eq!(decision.allowed, allowed, "{} on {:?}: {}", operation, path, decision);
            prop_assert_eq!(decision.hide.nodes(), &hidden[..]);
        }
    }

    #[test]
    fn limits_only_take_away(policies in any_policies(), limits in any_policies(), path in any_path()) {
        let names = names();
        let limit_names: Vec<Ident> = limits.iter().map(|policy| policy.name.clone()).collect();
        let own = authority(&policies, &names);
        let bounded = own.clone().within(&PolicyBook::new(&limits, &names), &limit_names);
        for operation in PolicyOperation::ALL {
            let expected = decide(&policies, operation, &path).0 && decide(&limits, operation, &path).0;
            prop_assert_eq!(bounded.decide(operation, segments(&path)).allowed, expected);
        }
    }

    #[test]
    fn a_walk_ends_where_a_decision_would(policies in any_policies(), path in any_path(), split in 0_usize..6) {
        let authority = authority(&policies, &names());
        let (target, below) = path.split_at(split.min(path.len()));
        let mut walk = super::walk::Walk::begin(&authority, segments(target));
        let mut readable = decide(&policies, PolicyOperation::Read, target).0;
        prop_assert_eq!(walk.is_allowed(), readable);
        let word = |policy, path| {
            let ruling = ruling_behind(policy, PolicyOperation::Read, path, shut(policy, target))?;
            Some((ruling.0, ruling.1))
        };
        let mut said: Vec<Option<(usize, Verdict)>> = policies.iter().map(|policy| word(policy, target)).collect();
        for length in 1..=below.len() {
            let (uniform, leads) = (walk.is_uniform(), walk.leads_to_readable());
            walk = walk.enter(segments(&below[length - 1..length])[0]);
            let here = &path[..target.len() + length];
            for (policy, said) in policies.iter().zip(&mut said) {
                // The word of a less specific rule does not undo what was said above.
                let new = word(policy, here).filter(|new| said.is_none_or(|old| new.0 >= old.0));
                *said = new.or(*said);
            }
            let before = readable;
            readable = said.iter().flatten().any(|(_, verdict)| *verdict == Verdict::Allow);
            prop_assert_eq!(walk.is_allowed(), readable, "at {:?}", here);
            prop_assert!(!uniform || before == readable, "uniform, and yet other at {:?}", here);
            prop_assert!(leads || !readable, "leads nowhere, and yet readable at {:?}", here);
        }
    }
}

fn decided(policies: &str, operation: PolicyOperation, path: &[Step]) -> Decision {
    let policies: Vec<Policy> = serde_json::from_str(policies).unwrap();
    authority(&policies, &names()).decide(operation, segments(path))
}

#[test]
fn the_longest_literal_path_decides_and_says_so() {
    let policies = r#"[{"name": "ops", "rest-api": {"rules": [
        {"path": "a/**", "operations": {"all": "allow"}},
        {"path": "/a/x/b", "operations": {"delete": "reject"}}]}}]"#;
    let path = [Step::Name(0), Step::Key(Value::string("x")), Step::Name(1)];
    let refused = decided(policies, PolicyOperation::Delete, &path);
    assert_eq!(refused.to_string(), "refused by rule '/a/x/b' of policy 'ops'");
    let allowed = decided(policies, PolicyOperation::Update, &path);
    assert_eq!(allowed.to_string(), "allowed by rule 'a/**' of policy 'ops'");
    let silent = decided(policies, PolicyOperation::Read, &[Step::Name(1)]);
    assert_eq!(silent.to_string(), "refused: no rule of the caller's policies allows it");
}

#[test]
fn a_subtree_holds_its_own_root_and_a_star_is_one_segment() {
    let policies = r#"[{"name": "ops", "rest-api": {"rules": [
        {"path": "a/**", "operations": {"read": "allow"}},
        {"path": "b/*", "operations": {"read": "allow"}}]}}]"#;
    assert!(decided(policies, PolicyOperation::Read, &[Step::Name(0)]).allowed);
    assert!(!decided(policies, PolicyOperation::Read, &[Step::Name(1)]).allowed);
    assert!(decided(policies, PolicyOperation::Read, &[Step::Name(1), Step::Name(2)]).allowed);
    assert!(
        !decided(policies, PolicyOperation::Read, &[Step::Name(1), Step::Name(2), Step::Name(3)]).allowed
    );
}

#[test]
fn root_allows_everything_and_default_nothing_of_this() {
    let book = PolicyBook::built_in(&names());
    let path = [Step::Name(0), Step::Key(Value::string("x"))];
    for operation in PolicyOperation::ALL {
        assert!(book.authority(&[Ident::from("root")]).decide(operation, segments(&path)).allowed);
        assert!(!book.authority(&[Ident::from("default")]).decide(operation, segments(&path)).allowed);
        assert!(!book.authority(&[]).decide(operation, segments(&path)).allowed);
    }
}

#[test]
fn a_policy_with_an_unreadable_rule_grants_nothing() {
    let policies = r#"[{"name": "ops", "rest-api": {"rules": [
        {"path": "**", "operations": {"all": "allow"}},
        {"path": "a//b", "operations": {"all": "reject"}}]}}]"#;
    assert!(!decided(policies, PolicyOperation::Read, &[Step::Name(0)]).allowed);
}

#[test]
fn a_stranger_cannot_shadow_a_built_in_policy() {
    let policies = r#"[{"name": "root", "rest-api": {"rules": []}}]"#;
    assert!(decided(policies, PolicyOperation::Read, &[Step::Name(0)]).allowed);
}
