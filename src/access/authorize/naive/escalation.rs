//! The law behind the escalation rule: where [`covers`] says yes, the policy's holder reaches nothing, from wherever it asks,
//! that its author could not reach.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::cover::covers;
use super::*;

/// How a rule comes about that is likely to be within one that is held: that rule, narrowed.
#[derive(Clone, Debug)]
struct Narrowed {
    of: Index,
    /// What stands for each star; nothing: the star itself.
    stars: Vec<Option<&'static str>>,
    /// What is put behind the path.
    tail: Vec<&'static str>,
    /// Which of its words are taken over.
    words: [bool; 6],
    hides_too: Option<&'static str>,
}

fn any_narrowed() -> impl Strategy<Value = Narrowed> {
    let star = prop_oneof![Just(None), prop::sample::select(vec!["a", "b", "x"]).prop_map(Some)];
    let hidden = prop_oneof![2 => Just(None), 1 => prop::sample::select(vec!["a", "b"]).prop_map(Some)];
    (
        any::<Index>(),
        prop::collection::vec(star, 3),
        prop::collection::vec(prop::sample::select(vec!["a", "b", "*", "**"]), 0..2),
        any::<[bool; 6]>(),
        hidden,
    )
        .prop_map(|(of, stars, tail, words, hides_too)| Narrowed { of, stars, tail, words, hides_too })
}

impl Narrowed {
    fn rule(&self, held: &[Policy]) -> Option<Rule> {
        let rules: Vec<&Rule> = held.iter().flat_map(|policy| &policy.rest_api.rules).collect();
        let rule = (!rules.is_empty()).then(|| *self.of.get(&rules))?;
        let mut stars = self.stars.iter();
        let own = rule.path.split('/').filter(|segment| !segment.is_empty());
        let path: Vec<&str> = own
            .map(|segment| match segment {
                "*" | "**" => stars.next().copied().flatten().unwrap_or(segment),
                literal => literal,
            })
            .chain(self.tail.iter().copied())
            .collect();
        let words = &rule.operations;
        let mut kept = [words.create, words.read, words.update, words.delete, words.execute, words.all];
        for (word, keep) in kept.iter_mut().zip(self.words) {
            *word = word.filter(|_| keep);
        }
        let [create, read, update, delete, execute, all] = kept;
        let mut hide_fields = rule.hide_fields.clone();
        hide_fields.extend(self.hides_too.map(Ident::from));
        Some(Rule {
            path: Ident::from(path.join("/")),
            operations: Operations { create, read, update, delete, execute, all },
            hide_fields,
            description: None,
        })
    }
}

/// What one policy says on the way from a target down to what lies below it: the last word that is as specific as those
/// before it, and what is then hidden.
fn word_below(
    policy: &Policy,
    operation: PolicyOperation,
    path: &[Step],
    target: usize,
) -> Option<(usize, Verdict, Vec<Vec<Ident>>)> {
    let mut said: Option<(usize, Verdict, Vec<Vec<Ident>>)> = None;
    for length in target..=path.len() {
        let new = ruling_behind(policy, operation, &path[..length], shut(policy, &path[..target]));
        if let Some(new) = new.filter(|new| said.as_ref().is_none_or(|old| new.0 >= old.0)) {
            said = Some(new);
        }
    }
    said
}

/// Whether somebody who asks for `path[..target]` reaches all of `path`, and which nodes it does not see there.
fn reached(
    policies: &[Policy],
    operation: PolicyOperation,
    path: &[Step],
    target: usize,
) -> Option<Vec<usize>> {
    let hidden_at = |length: usize| {
        let allowing: Vec<Vec<Ident>> = policies
            .iter()
            .filter_map(|policy| word_below(policy, operation, &path[..length], target))
            .filter(|(_, verdict, _)| *verdict == Verdict::Allow)
            .flat_map(|(_, _, hides)| hides)
            .collect();
        let hides = |index: &usize| {
            operation == PolicyOperation::Read
                && allowing.iter().all(|hides| hides.iter().any(|name| *name == NAMES[*index]))
        };
        (!allowing.is_empty()).then(|| (0..NAMES.len()).filter(hides).collect::<Vec<usize>>())
    };
    let is_hidden = |at: usize| match &path[at] {
        Step::Name(next) => hidden_at(at).is_some_and(|hidden| hidden.contains(next)),
        Step::Key(_) => false,
    };
    if (target..path.len()).any(is_hidden) {
        return None;
    }
    hidden_at(path.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn a_policy_that_is_covered_allows_its_author_nothing_new(
        held in any_policies(),
        narrowed in prop::collection::vec(any_narrowed(), 0..4),
        others in prop::collection::vec(any_rule(), 0..2),
        paths in prop::collection::vec((any_path(), 0_usize..6), 24),
    ) {
        let rules: Vec<Rule> = narrowed.iter().filter_map(|narrowed| narrowed.rule(&held)).chain(others).collect();
        let wanted =
            Policy { name: Ident::from("wanted"), rest_api: RestApi { rules }, vault: Default::default() };
        let holds: Vec<&Policy> = held.iter().collect();
        if !covers(&holds, &wanted) {
            return Ok(());
        }
        let wanted = std::slice::from_ref(&wanted);
        for (path, target) in &paths {
            let target = (*target).min(path.len());
            for (operation, length) in
                PolicyOperation::ALL.into_iter().flat_map(|asked| (target..=path.len()).map(move |length| (asked, length)))
            {
                let path = &path[..length];
                let Some(hidden) = reached(wanted, operation, path, target) else { continue };
                // From wherever the author asks.
                let own: Vec<Vec<usize>> =
                    (0..=length).filter_map(|from| reached(&held, operation, path, from)).collect();
                prop_assert!(!own.is_empty(), "{operation} of {path:?} from {target} on by {wanted:?}");
                for node in (0..NAMES.len()).filter(|node| !hidden.contains(node)) {
                    let is_seen = own.iter().any(|hidden| !hidden.contains(&node));
                    prop_assert!(is_seen, "{path:?} from {target} on shows {}: {wanted:?}", NAMES[node]);
                }
            }
        }
    }
}
