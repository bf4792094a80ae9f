//! A policy compiled to a trie over path segments: names as node ids, keys as text, `*` and `**`.
//!
//! A request's path is walked segment by segment with the set of states that its beginning can have reached. A state
//! stands for one pattern, so the set is never larger than the number of rules, and usually holds one or two states.

pub mod ordered;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use smallvec::SmallVec;

use super::acl::{self, Acl};
use super::decide::Hidden;
use super::pattern::{Literal, PathPattern, PatternSegment};
use super::policy::{Policy, PolicyOperation, Rule, Verdict};
use crate::base::hashed;
use crate::base::ident::Ident;
use crate::yang::schema::{NodeId, Schema, Value};

/// One segment of a request's path.
#[derive(Clone, Copy, Debug)]
pub enum Segment<'a> {
    /// A node.
    Name(NodeId),
    /// The keys of an entry of the list (or the value of an entry of the leaf-list) just named.
    Keys(&'a [Value]),
}

/// The nodes of a schema by name: what the names in a policy can mean. Made once a schema.
#[derive(Debug, Default)]
pub struct NameIndex(hashed::HashMap<Ident, Vec<Named>>);

/// One of the nodes that have a name.
#[derive(Debug)]
struct Named {
    module: Ident,
    node: NodeId,
    is_key: bool,
}

impl NameIndex {
    /// Reads every node of a schema that a path can name.
    pub fn new(schema: &Schema) -> Self {
        let mut index = NameIndex::default();
        for (id, node) in schema.nodes() {
            if node.is_data() || node.is_operation() || node.is_notification() {
                let is_key = node.is_key();
                index.add(&schema.module(node.module).name, &node.name, id, is_key);
            }
        }
        index
    }

    fn add(&mut self, module: &Ident, name: &Ident, node: NodeId, is_key: bool) {
        self.0.entry(name.clone()).or_default().push(Named { module: module.clone(), node, is_key });
    }

    /// The nodes that a name, or a `module:name`, can mean.
    fn named<'i>(&'i self, text: &'i str) -> impl Iterator<Item = &'i Named> {
        let (module, name) = match text.split_once(':') {
            Some((module, name)) => (Some(module), name),
            None => (None, text),
        };
        let all = self.0.get(name).into_iter().flatten();
        all.filter(move |named| module.is_none_or(|module| named.module == *module))
    }

    /// The nodes that a `hide-fields` name takes out: all of that name but keys, without which an entry has no name.
    fn hidden_by(&self, names: &[Ident]) -> Hidden {
        let named = names.iter().flat_map(|name| self.named(name));
        named.filter(|named| !named.is_key).map(|named| named.node).collect()
    }
}

/// Which states a path has reached. Opaque; made and read by one [`CompiledPolicy`].
pub(super) type States = SmallVec<[u32; 8]>;

/// A path that a policy has been held against.
#[derive(Debug)]
pub(super) struct Followed {
    /// What it reached.
    pub states: States,
    /// How specific the rule is that hides something on the way.
    pub shut: Option<u16>,
}

/// What a policy says of an operation on a path.
#[derive(Clone, Debug)]
pub(super) struct Ruling {
    /// Its word.
    pub verdict: Verdict,
    /// Index of the rule in [`CompiledPolicy::rules`].
    pub rule: u32,
    /// How specific the rule is.
    pub literals: u16,
    /// What a read does not show.
    pub hidden: Hidden,
}

impl Ruling {
    /// Whether it allows, where something is hidden on the way by a rule so specific.
    pub fn allows(&self, shut: Option<u16>) -> bool {
        self.verdict == Verdict::Allow && shut.is_none_or(|shut| self.literals > shut)
    }
}

/// A policy in the form in which it decides.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// Its name.
    pub name: Ident,
    /// The paths of its rules, as written.
    pub rules: Vec<Ident>,
    /// What it was compiled from.
    pub source: Policy,
    /// Its rules over the paths of requests.
    pub acl: Acl,
    states: Vec<State>,
    /// Some rule hides something.
    hides: bool,
    /// Of each node the first rule that matches decides, whatever was said of the one above it.
    pub(super) in_order: bool,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// Sorted by node; one node can lead on to several states, when a policy writes `a` and `module:a`.
    names: Vec<(NodeId, u32)>,
    /// By decoded key; one key can lead on to several states, when it is written with and without percent-encoding.
    keys: HashMap<Box<str>, SmallVec<[u32; 1]>>,
    several_keys: Vec<(Vec<Box<str>>, u32)>,
    any: Option<u32>,
    /// Whatever the keys are, but not a name.
    entries: Option<u32>,
    subtree: Option<u32>,
    /// The state of a `**`: it stays reached whatever follows.
    stays: bool,
    literals: u16,
    rulings: [Option<(Verdict, u32)>; PolicyOperation::ALL.len()],
    hidden: Hidden,
    /// A rule further down this branch, or this one, allows to read.
    leads_to_read: bool,
}

impl State {
    fn ends_here(&self) -> bool {
        self.names.is_empty()
            && self.keys.is_empty()
            && self.several_keys.is_empty()
            && self.any.is_none()
            && self.entries.is_none()
            && self.subtree.is_none()
    }
}

impl CompiledPolicy {
    /// Compiles a policy. One with a rule that cannot be read grants nothing at all, because the unreadable rule may
    /// have been the one that rejects; such a policy is refused when it is committed (see [`super::check`]).
    pub fn compile(policy: &Policy, names: &NameIndex) -> Self {
        let patterns: Result<Vec<PathPattern>, _> =
            policy.rest_api.rules.iter().map(|rule| rule.path.parse()).collect();
        let mut compiled = CompiledPolicy {
            name: policy.name.clone(),
            rules: policy.rest_api.rules.iter().map(|rule| rule.path.clone()).collect(),
            source: policy.clone(),
            // A text that cannot be read is refused when it is committed; it grants nothing.
            acl: policy
                .vault
                .policy
                .as_deref()
                .and_then(|text| acl::parse::parse(text).ok())
                .unwrap_or_default(),
            states: vec![State::default()],
            hides: policy.rest_api.rules.iter().any(|rule| !rule.hide_fields.is_empty()),
            in_order: false,
        };
        if let Ok(patterns) = patterns {
            let mut branches = HashMap::new();
            for (index, (pattern, rule)) in patterns.iter().zip(&policy.rest_api.rules).enumerate() {
                compiled.add(pattern, rule, u32::try_from(index).unwrap_or(u32::MAX), names, &mut branches);
            }
            compiled.mark_branches_that_read();
        }
        compiled
    }

    fn add(
        &mut self,
        pattern: &PathPattern,
        rule: &Rule,
        index: u32,
        names: &NameIndex,
        branches: &mut HashMap<(u32, PatternSegment), u32>,
    ) {
        let mut at = 0_u32;
        for segment in &pattern.segments {
            let fresh = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
            let next = *branches.entry((at, segment.clone())).or_insert(fresh);
            if next == fresh {
                self.states.push(State { stays: *segment == PatternSegment::Subtree, ..State::default() });
                if let Some(state) = self.states.get_mut(at as usize) {
                    state.branch(segment, next, names);
                }
            }
            at = next;
        }
        let Some(state) = self.states.get_mut(at as usize) else { return };
        state.literals = pattern.literals();
        for operation in PolicyOperation::ALL {
            let Some(verdict) = rule.operations.verdict(operation) else { continue };
            let Some(slot) = state.rulings.get_mut(operation.index()) else { continue };
            let said = *slot;
            if said.is_none_or(|(known, _)| verdict > known) {
                *slot = Some((verdict, index));
            }
            if operation == PolicyOperation::Read && verdict == Verdict::Allow {
                let hidden = names.hidden_by(&rule.hide_fields);
                let first = said.is_none_or(|(known, _)| known == Verdict::Reject);
                state.hidden = if first { hidden } else { state.hidden.both(&hidden) };
            }
        }
    }

    /// A branch is added behind the state that it comes from, so one pass from the last state to the first is enough.
    fn mark_branches_that_read(&mut self) {
        for index in (0..self.states.len()).rev() {
            let Some(state) = self.states.get(index) else { continue };
            let own = state.rulings.get(PolicyOperation::Read.index()).copied().flatten();
            let reads = own.is_some_and(|(verdict, _)| verdict == Verdict::Allow)
                || state
                    .next_states()
                    .any(|next| self.states.get(next as usize).is_some_and(|state| state.leads_to_read));
            if let Some(state) = self.states.get_mut(index) {
                state.leads_to_read = reads;
            }
        }
    }

    /// The states before the first segment.
    pub(super) fn start(&self) -> States {
        let mut states = States::new();
        self.reach(&mut states, 0);
        states
    }

    /// The states behind one more segment.
    pub(super) fn step(&self, from: &States, segment: Segment<'_>) -> States {
        let mut reached = States::new();
        for &index in from {
            let Some(state) = self.states.get(index as usize) else { continue };
            if state.stays {
                self.reach(&mut reached, index);
            }
            if let Some(any) = state.any {
                self.reach(&mut reached, any);
            }
            if let (Some(entries), Segment::Keys(_)) = (state.entries, segment) {
                self.reach(&mut reached, entries);
            }
            match segment {
                Segment::Name(node) => {
                    let first = state.names.partition_point(|(named, _)| *named < node);
                    let same = state.names.get(first..).unwrap_or_default();
                    for (_, next) in same.iter().take_while(|(named, _)| *named == node) {
                        self.reach(&mut reached, *next);
                    }
                }
                Segment::Keys([key]) => {
                    let next = match key.as_str() {
                        Some(text) => state.keys.get(text),
                        None if state.keys.is_empty() => None,
                        None => state.keys.get(key.to_string().as_str()),
                    };
                    for next in next.into_iter().flatten() {
                        self.reach(&mut reached, *next);
                    }
                }
                Segment::Keys(keys) => {
                    for (wanted, next) in &state.several_keys {
                        if same_keys(wanted, keys) {
                            self.reach(&mut reached, *next);
                        }
                    }
                }
            }
        }
        reached
    }

    /// Follows a path to its end. What is hidden from who reads what is above it is shut to who asks for it, or for something
    /// in it, as well, unless a rule allows that which is more specific than the one that hides.
    pub(super) fn follow<'a>(
        &self,
        operation: PolicyOperation,
        path: impl IntoIterator<Item = Segment<'a>>,
    ) -> Followed {
        let looks = self.hides && operation == PolicyOperation::Read;
        let mut followed = Followed { states: self.start(), shut: None };
        for segment in path {
            if let Segment::Name(node) = segment
                && looks
            {
                followed.shut = followed.shut.max(self.hides_here(&followed.states, node));
            }
            followed.states = self.step(&followed.states, segment);
            if followed.states.is_empty() {
                break;
            }
        }
        followed
    }

    /// How specific the rule is that hides a node from who reads what is above it. Where that cannot be read as such, each
    /// rule that would allow it counts.
    fn hides_here(&self, states: &States, node: NodeId) -> Option<u16> {
        let above = self.ruling(states, PolicyOperation::Read)?;
        if above.verdict == Verdict::Allow {
            return above.hidden.contains(node).then_some(above.literals);
        }
        let states = states.iter().filter_map(|index| self.states.get(*index as usize));
        states.filter(|state| state.hidden.contains(node)).map(|state| state.literals).max()
    }

    /// The nodes that rules of these states, or of any that follow, hide.
    pub(super) fn hidden_below(&self, states: &States) -> Hidden {
        if !self.hides {
            return Hidden::default();
        }
        let mut open: Vec<u32> = states.to_vec();
        let mut seen = HashSet::new();
        let mut hidden = Vec::new();
        while let Some(index) = open.pop() {
            if let Some(state) = self.states.get(index as usize).filter(|_| seen.insert(index)) {
                hidden.extend_from_slice(state.hidden.nodes());
                open.extend(state.next_states());
            }
        }
        hidden.into_iter().collect()
    }

    fn reach(&self, states: &mut States, index: u32) {
        if states.contains(&index) {
            return;
        }
        states.push(index);
        // `**` matches no segment as well, so its state is reached together with the one before it.
        if let Some(subtree) = self.states.get(index as usize).and_then(|state| state.subtree) {
            self.reach(states, subtree);
        }
    }

    /// What the most specific rule among these states says.
    pub(super) fn ruling(&self, states: &States, operation: PolicyOperation) -> Option<Ruling> {
        self.most_specific(states, operation, |_| true)
    }

    /// What would be said further down where no other rule begins to match: the word of the subtrees reached so far.
    pub(super) fn ruling_below(&self, states: &States, operation: PolicyOperation) -> Option<Ruling> {
        self.most_specific(states, operation, |state| state.stays)
    }

    fn most_specific(
        &self,
        states: &States,
        operation: PolicyOperation,
        counts: impl Fn(&State) -> bool,
    ) -> Option<Ruling> {
        let mut best: Option<Ruling> = None;
        for &index in states {
            let Some(state) = self.states.get(index as usize).filter(|state| counts(state)) else { continue };
            let Some((verdict, rule)) = state.rulings.get(operation.index()).copied().flatten() else {
                continue;
            };
            let ruling = || Ruling { verdict, rule, literals: state.literals, hidden: state.hidden.clone() };
            match &mut best {
                None => best = Some(ruling()),
                Some(known) => match (state.literals, verdict).cmp(&(known.literals, known.verdict)) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Greater => best = Some(ruling()),
                    std::cmp::Ordering::Equal => {
                        known.rule = known.rule.min(rule);
                        known.hidden = known.hidden.both(&state.hidden);
                    }
                },
            }
        }
        best
    }

    /// Whether no rule can begin to match further down.
    pub(super) fn is_final(&self, states: &States) -> bool {
        states.iter().all(|index| self.states.get(*index as usize).is_none_or(State::ends_here))
    }

    /// Whether some rule could still allow to read something further down.
    pub(super) fn leads_to_read(&self, states: &States) -> bool {
        states.iter().any(|index| self.states.get(*index as usize).is_some_and(|state| state.leads_to_read))
    }

    /// The path of a rule, as written.
    pub(super) fn rule_path(&self, rule: u32) -> Ident {
        self.rules.get(rule as usize).cloned().unwrap_or_else(|| Ident::from(""))
    }
}

impl State {
    fn branch(&mut self, segment: &PatternSegment, next: u32, names: &NameIndex) {
        match segment {
            PatternSegment::Any => self.any = Some(next),
            PatternSegment::Subtree => self.subtree = Some(next),
            PatternSegment::Literal(Literal { text, keys }) => {
                for named in names.named(text) {
                    self.name(named.node, next);
                }
                self.entry(keys, next);
            }
        }
    }

    fn name(&mut self, node: NodeId, next: u32) {
        let at = self.names.partition_point(|(named, _)| *named <= node);
        self.names.insert(at, (node, next));
    }

    fn entry(&mut self, keys: &[Box<str>], next: u32) {
        match keys {
            [only] => self.keys.entry(only.clone()).or_default().push(next),
            several => self.several_keys.push((several.to_vec(), next)),
        }
    }

    fn next_states(&self) -> impl Iterator<Item = u32> {
        let names = self.names.iter().map(|(_, next)| *next);
        let keys = self.keys.values().flatten().copied();
        let several = self.several_keys.iter().map(|(_, next)| *next);
        names.chain(keys).chain(several).chain(self.any).chain(self.entries).chain(self.subtree)
    }
}

fn same_keys(wanted: &[Box<str>], keys: &[Value]) -> bool {
    wanted.len() == keys.len()
        && wanted.iter().zip(keys).all(|(wanted, key)| match key.as_str() {
            Some(text) => text == &**wanted,
            None => key.to_string() == **wanted,
        })
}

/// Compiles the built-in policies.
pub(super) fn built_in(names: &NameIndex) -> Vec<Arc<CompiledPolicy>> {
    super::policy::built_in().iter().map(|policy| Arc::new(CompiledPolicy::compile(policy, names))).collect()
}

#[cfg(test)]
impl NameIndex {
    /// An index without a schema, for tests: ids by name, all of a module `m`, none of them keys.
    pub(super) fn of(nodes: &[(&str, NodeId)]) -> Self {
        let mut index = NameIndex::default();
        for (name, id) in nodes {
            index.add(&Ident::from("m"), &Ident::from(*name), *id, false);
        }
        index
    }
}
