//! Rules of which the first that matches decides, in the same compiled form as those of which the most specific does: a
//! rule that stands earlier counts as more specific than all that follow it.

use super::{CompiledPolicy, State};
use crate::access::authorize::acl::Acl;
use crate::access::authorize::policy::{Policy, PolicyOperation, RestApi, VaultRules, Verdict};
use crate::base::ident::Ident;
use crate::yang::schema::NodeId;

/// What a rule says of each operation, by [`PolicyOperation::index`]; it is silent about those that are `None`.
pub type Verdicts = [Option<Verdict>; PolicyOperation::ALL.len()];

/// A rule.
#[derive(Clone, Debug)]
pub struct OrderedRule {
    /// What a decision calls it.
    pub name: Ident,
    /// What it says.
    pub verdicts: Verdicts,
    /// Of which place.
    pub path: Vec<OrderedStep>,
    /// How far from there.
    pub reach: Reach,
}

/// One step of a rule's path.
#[derive(Clone, Debug)]
pub enum OrderedStep {
    /// A node.
    Node(NodeId),
    /// The entry with these keys.
    Entry(Vec<Box<str>>),
    /// Any entry.
    Entries,
}

/// How far a rule reaches.
#[derive(Clone, Debug)]
pub enum Reach {
    /// The place and all below it.
    Below,
    /// Those of these nodes that are the place or below it, wherever; in their order.
    BelowAt(Vec<NodeId>),
}

impl CompiledPolicy {
    /// Compiles rules in their order. More of them than there are places in the order allow nothing.
    pub(in crate::access::authorize) fn in_order(name: &str, rules: &[OrderedRule]) -> Self {
        let name = Ident::from(name);
        let source =
            Policy { name: name.clone(), rest_api: RestApi::default(), vault: VaultRules::default() };
        let mut compiled = CompiledPolicy {
            name,
            rules: rules.iter().map(|rule| rule.name.clone()).collect(),
            source,
            acl: Acl::default(),
            states: vec![State::default()],
            hides: false,
            in_order: true,
        };
        if rules.len() < usize::from(u16::MAX) {
            for (index, rule) in (0_u16..).zip(rules) {
                compiled.add_in_order(rule, index);
            }
            compiled.mark_branches_that_read();
        }
        compiled
    }

    fn add_in_order(&mut self, rule: &OrderedRule, index: u16) {
        let mut at = 0;
        for step in &rule.path {
            let next = self.push(State::default());
            let Some(state) = self.state(at) else { return };
            match step {
                OrderedStep::Node(node) => state.name(*node, next),
                OrderedStep::Entry(keys) => state.entry(keys, next),
                OrderedStep::Entries => state.entries = Some(next),
            }
            at = next;
        }
        let said = State {
            literals: u16::MAX - index,
            rulings: rule.verdicts.map(|verdict| verdict.map(|verdict| (verdict, u32::from(index)))),
            ..State::default()
        };
        match &rule.reach {
            Reach::Below => {
                self.below(at, State { stays: true, ..said });
            }
            Reach::BelowAt(nodes) => {
                let here = self.below(at, State { stays: true, ..State::default() });
                let node = self.push(said.clone());
                let entry = self.push(said.clone());
                if let Some(state) = self.state(node) {
                    state.entries = Some(entry);
                }
                if let Some(state) = self.state(here) {
                    state.names = nodes.iter().map(|id| (*id, node)).collect();
                }
                let is_one = match rule.path.iter().rev().find_map(|step| match step {
                    OrderedStep::Node(node) => Some(node),
                    _ => None,
                }) {
                    Some(target) => nodes.contains(target),
                    None => false,
                };
                if is_one && let Some(state) = self.state(at) {
                    (state.literals, state.rulings) = (said.literals, said.rulings);
                    let entries = matches!(rule.path.last(), Some(OrderedStep::Node(_)));
                    if entries {
                        state.entries = Some(entry);
                    }
                }
            }
        }
    }

    /// Adds a state for whatever follows: behind those that there are already, since a state leads on to one such.
    fn below(&mut self, at: u32, state: State) -> u32 {
        let next = self.push(state);
        let mut last = at;
        while let Some(further) = self.states.get(last as usize).and_then(|state| state.subtree) {
            last = further;
        }
        if let Some(state) = self.state(last) {
            state.subtree = Some(next);
        }
        next
    }

    fn push(&mut self, state: State) -> u32 {
        let index = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
        self.states.push(state);
        index
    }

    fn state(&mut self, index: u32) -> Option<&mut State> {
        self.states.get_mut(index as usize)
    }
}
