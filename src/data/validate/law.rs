//! The law of incremental validation: after any edit of a valid tree, what [`validate_diff`] finds is exactly what
//! [`validate_full`] finds, and the index is the one that would be built anew. It is held over a model with everything in
//! it, over the product's, and over models made up at random ([`model`]).
//!
//! `STRONGBOX_LAW_CASES=10000` tries that many models, and others than the last time.

mod model;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{ReferenceIndex, validate_diff, validate_full};
use crate::data::diff::diff;
use crate::data::tree::{Container, Data, List, Position, Tree};
use crate::data::xpath::testing::compiled;
use crate::yang::schema::types::{ParseContext, Raw, Strictness, Type, TypeKind};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};
use crate::yang::testing::try_schema;

/// Every kind of constraint, near and far, in groupings and augments, over defaults, choices and conditions.
const MODEL: &str = r#"module m { yang-version 1.1; namespace "urn:m"; prefix m;
  grouping pair {
    leaf a { type string; must "not(../b) or ../b != ."; }
    leaf b { when "../a"; type string; default "c"; }
  }
  container top {
    must "not(pres) or mode = 'x' or limit > 1";
    leaf mode { type enumeration { enum x; enum y; } default x; }
    leaf limit { type uint8 { range "0..5"; } default 3; }
    container np {
      leaf d { type string; default "a"; must "../../mode = 'x' or . = 'b'"; }
      leaf m { when "../../mode = 'y'"; type string; mandatory true; }
      container deep { must "count(../../list) < 3"; leaf q { type uint8; } }
    }
    container pres { presence "p";
      leaf needed { type string; mandatory true; }
      leaf e { type uint8; default 1; must ". <= ../../limit"; }
    }
    choice c { default ca;
      case ca {
        leaf ca1 { type string; default "a"; }
        leaf ca2 { type string; }
        container can { leaf z { type string; default "c"; must "/m:top/m:mode = 'x' or . = 'a'"; } }
      }
      case cb {
        leaf cb1 { type string; mandatory true; }
        leaf cb2 { type string; default "b"; }
        choice inner { mandatory true; leaf i1 { type string; } leaf i2 { type string; } }
      }
    }
    leaf sees-case { type string; must "../ca1 or ../cb2 = ."; }
    list list { key k; max-elements 3; unique "v"; unique "n/w x";
      must "count(sub) <= ../limit";
      leaf k { type string; }
      leaf v { type string; }
      leaf x { type string; default "a"; }
      container n { leaf w { type string; } }
      leaf ref { type leafref { path "../../list/k"; } }
      leaf ref2 { type leafref { path "../../list[k = current()/../ref]/v"; } }
      leaf-list ll { type string; max-elements 2; must "not(. = ../k)"; }
      list sub { key id; min-elements 0; leaf id { type string; }
        leaf up { type leafref { path "../../sub/id"; } must "deref(.)/../w = 'a' or ../w = 'b'"; }
        leaf w { type string; default "a"; } }
      uses pair;
    }
    leaf best { type leafref { path "../list/v"; } }
    leaf any-ref { type union { type leafref { path "../list/k"; } type enumeration { enum none; } } }
    leaf pointer { type instance-identifier; }
    leaf-list refs { type leafref { path "../list/k"; } max-elements 2; }
    leaf around-best { type string; must "deref(../best)/../x = . or not(../best)"; }
    leaf key-ref { type leafref { path "/m:top/m:list/m:k"; }
      must "not(deref(.)/../v = 'c')"; must "not(deref(.)/../n/w) or deref(.)/../../limit > 0"; }
    leaf w1 { when "../w2 = 'a'"; type string; default "b"; }
    leaf w2 { when "../mode = 'x'"; type string; default "a"; }
    leaf w3 { type string; must "../w1 = 'b'"; }
    leaf target { when "../mode = 'x'"; type string; default "a"; }
    leaf to-target { type leafref { path "../target"; } }
    container cond { when "../mode = 'y'"; leaf in { type string; default "b"; must "../../limit = 3"; }
      choice mc { mandatory true; leaf mc1 { type string; } leaf mc2 { type string; } } }
    list two { key "p q"; ordered-by user; leaf p { type string; } leaf q { type string; }
      must "not(preceding-sibling::m:two[p = current()/q])";
      leaf r { type leafref { path "../../two[p = current()/../q]/q"; } } }
    leaf last-two { type string; must ". = ../two[last()]/p"; }
    list cond-unique { key k; unique "cu"; leaf k { type string; }
      leaf cu { when "../../mode = 'x'"; type string; default "a"; } }
    leaf via-when { when "deref(../key-ref)/../x = 'a'"; type string; default "b"; }
    leaf sees-via { type string; must "../via-when"; }
    leaf near { type string; must "not(following-sibling::m:list[k = current()])"; }
    leaf deep-text { type string; must "string(../list) != 'aab'"; }
    leaf from-root { type string; must "count(//m:sub[m:w = current()]) < 2"; }
    leaf-list bag { type string; must "count(../bag) > 1 or ../mode = 'x'"; }
    list o { key k; leaf k { type string; }
      container p { presence "p"; list i { key "x y"; leaf x { type string; } leaf y { type string; }
        leaf z { type leafref { path "../../i[x = current()/../y]/y"; } } }
        leaf at { type leafref { path "../i/x"; } } }
      leaf other { type leafref { path "../../o/p/i/z"; } } }
    choice few { case f1 { leaf-list fl { type string; min-elements 2; } leaf fa { type string; } }
      case f2 { container fc { leaf fd { type string; default "a"; must "../../mode = 'x'"; } leaf fe { type string; } } } }
    leaf text { type string; must "not(contains(../np, 'c'))"; }
    leaf total { type uint8; must ". >= count(../list/sub) + count(../two)"; }
  }
  augment "/m:top" { when "m:limit != 2"; leaf aug { type string; default "c"; must "../w3 or true()"; } }
  augment "/m:top/m:list" { leaf extra { type leafref { path "../../best"; } } leaf-list dl { type string; default "a"; default "b"; } }
  augment "/m:top/m:c" { case cc { leaf cc1 { type string; must "../aug"; } } }
}"#;

/// A small generator of numbers, so that one seed is one history.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Texts among which most types find a few values of theirs.
const TEXTS: &[&str] = &[
    "a",
    "b",
    "c",
    "1",
    "2",
    "3",
    "5",
    "true",
    "false",
    "1h",
    "2h",
    "0s",
    "2d",
    "none",
    "https://x.example/a",
    "/m:top/mode",
    "/m:top/list[k='a']",
    "/m:top/list[k='b']/v",
    "/m:top/np/d",
    "/m:top/pres",
    "/m:top/two[p='a'][q='b']",
    "a:b",
    "{{name}}",
    "*",
    "10.0.0.0/8",
    "[0-9]+",
];

struct Editor<'s> {
    schema: &'s Schema,
    random: Random,
}

impl Editor<'_> {
    fn value(&mut self, node: NodeId, ty: &Type) -> Option<Value> {
        let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
        self.names(ty, &mut texts);
        let start = self.random.below(texts.len());
        let context = ParseContext {
            schema: self.schema,
            module: self.schema.node(node).module,
            strictness: Strictness::Text,
            prefixes: None,
        };
        // Half of the time one of the first few, so that references meet their targets.
        let start = if self.random.one_in(2) { start % 3 } else { start };
        (0..texts.len())
            .filter_map(|offset| ty.parse(Raw::Text(&texts[(start + offset) % texts.len()]), context).ok())
            .next()
    }

    fn names(&mut self, ty: &Type, texts: &mut Vec<String>) {
        match &ty.kind {
            TypeKind::Enumeration { names } => texts.extend(names.iter().map(|name| name.name.to_string())),
            TypeKind::Bits { bits } => texts.extend(bits.iter().map(|bit| bit.name.to_string())),
            TypeKind::Identityref { .. } => {
                texts.extend(self.schema.identities().iter().map(|identity| {
                    format!("{}:{}", self.schema.module(identity.module).name, identity.name)
                }));
            }
            TypeKind::Leafref(leafref) => self.names(&leafref.target_type, texts),
            TypeKind::InstanceIdentifier { .. } => {
                texts.extend((0..4).filter_map(|_| self.instance()));
            }
            TypeKind::Union { members } => members.iter().for_each(|member| self.names(member, texts)),
            _ => {}
        }
    }

    /// An instance-identifier of something that may exist.
    fn instance(&mut self) -> Option<String> {
        let count = self.schema.nodes().count();
        let node = NodeId(u32::try_from(self.random.below(count)).unwrap());
        let mut steps = Vec::new();
        let mut at = node;
        while at != NodeId::ROOT {
            let facts = self.schema.node(at);
            if !facts.is_data() {
                return None;
            }
            let named = |id: &NodeId| format!("[{}='a']", self.schema.node(*id).name);
            let keys: String = match &facts.kind {
                NodeKind::LeafList { .. } => "[.='a']".to_owned(),
                _ => facts.keys().iter().map(named).collect(),
            };
            steps.push(format!("/{}:{}{keys}", self.schema.module(facts.module).name, facts.name));
            at = facts.parent;
        }
        steps.reverse();
        Some(steps.concat())
    }

    /// New content for a node; small, so that trees stay small.
    fn data(&mut self, node: NodeId, depth: usize) -> Option<Data> {
        let facts = self.schema.node(node);
        match &facts.kind {
            NodeKind::Leaf { ty, .. } => self.value(node, ty).map(Data::Leaf),
            NodeKind::LeafList { ty, .. } => {
                let count = 1 + self.random.below(3);
                let mut values: Vec<Value> = Vec::new();
                for _ in 0..count {
                    let value = self.value(node, ty)?;
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                Some(Data::LeafList(values.into()))
            }
            NodeKind::Container { .. } => Some(Data::Container(Arc::new(self.filled(node, depth)))),
            NodeKind::List { .. } => {
                let mut list = List::new(self.schema, node);
                list.insert(self.entry(node, depth)?);
                Some(Data::List(Arc::new(list)))
            }
            _ => None,
        }
    }

    fn entry(&mut self, list: NodeId, depth: usize) -> Option<Arc<Container>> {
        let mut entry = self.filled(list, depth);
        for key in self.schema.node(list).keys() {
            let value = self.value(*key, self.schema.node(*key).ty()?)?;
            entry.set(*key, Data::Leaf(value));
        }
        Some(Arc::new(entry))
    }

    fn filled(&mut self, node: NodeId, depth: usize) -> Container {
        let mut container = Container::new(node);
        for child in self.schema.children(node) {
            let mandatory = self.schema.node(*child).mandatory;
            if depth > 0 && (self.random.one_in(6) || (mandatory && !self.random.one_in(8))) {
                self.put(&mut container, *child, depth - 1);
            }
        }
        container
    }

    fn put(&mut self, container: &mut Container, child: NodeId, depth: usize) {
        let facts = self.schema.node(child);
        let is_key = facts.is_key();
        if !facts.is_data() || !facts.config || is_key {
            return;
        }
        if let Some(data) = self.data(child, depth)
            && (!data.is_empty() || matches!(facts.kind, NodeKind::Container { presence: true }))
        {
            self.leave_other_cases(container, child);
            container.set(child, data);
        }
    }

    /// Setting a node of one case deletes the nodes of the others.
    fn leave_other_cases(&self, container: &mut Container, child: NodeId) {
        let mut at = child;
        while self.schema.node(at).schema_parent != self.schema.node(at).parent {
            let above = self.schema.node(at).schema_parent;
            if matches!(self.schema.node(above).kind, NodeKind::Choice { .. }) {
                for case in self.schema.node(above).schema_children.iter().filter(|case| **case != at) {
                    self.remove_all(container, *case);
                }
            }
            at = above;
        }
    }

    fn remove_all(&self, container: &mut Container, inside: NodeId) {
        container.remove(inside);
        if matches!(self.schema.node(inside).kind, NodeKind::Choice { .. } | NodeKind::Case) {
            for child in &self.schema.node(inside).schema_children {
                self.remove_all(container, *child);
            }
        }
    }

    /// One edit somewhere inside a container.
    fn edit(&mut self, container: &mut Container) {
        let node = container.node;
        let children: Vec<NodeId> =
            self.schema.children(node).iter().copied().filter(|id| self.schema.node(*id).is_data()).collect();
        if children.is_empty() {
            return;
        }
        let child = children[self.random.below(children.len())];
        let is_key = self.schema.node(child).is_key();
        if is_key || !self.schema.node(child).config {
            return;
        }
        match container.get(child).cloned() {
            None => self.put(container, child, 3),
            Some(_) if self.random.one_in(4) => {
                container.remove(child);
            }
            Some(Data::Container(inner)) => {
                let mut inner = (*inner).clone();
                self.edit(&mut inner);
                let inner = Data::Container(Arc::new(inner));
                if inner.is_empty() && self.schema.node(child).is_np_container() {
                    container.remove(child);
                } else {
                    container.set(child, inner);
                }
            }
            Some(Data::List(list)) => {
                let mut list = (*list).clone();
                self.edit_list(&mut list);
                if list.is_empty() {
                    container.remove(child);
                } else {
                    container.set(child, Data::List(Arc::new(list)));
                }
            }
            Some(_) => self.put(container, child, 3),
        }
    }

    fn edit_list(&mut self, list: &mut List) {
        let place = self.random.below(list.len());
        let entry = Arc::clone(list.iter().nth(place).unwrap());
        let key = entry.key(self.schema);
        match self.random.below(4) {
            0 => {
                list.remove(&key);
            }
            1 => {
                if let Some(entry) = self.entry(list.node, 2) {
                    list.insert(entry);
                }
            }
            2 if list.is_user_ordered() => {
                list.remove(&key);
                list.insert_at(entry, &Position::First).unwrap();
            }
            _ => {
                list.update(&key, |entry| {
                    let mut inner = (**entry).clone();
                    self.edit(&mut inner);
                    *entry = Arc::new(inner);
                });
            }
        }
    }
}

/// A history of edits from an empty tree on; returns how many of the trees were valid and invalid.
fn history(schema: &Schema, seed: u64, steps: usize) -> (usize, usize) {
    let mut editor = Editor { schema, random: Random(seed) };
    let mut before = Tree::empty();
    assert!(validate_full(schema, &before).is_empty());
    let mut index = ReferenceIndex::build(schema, &before);
    let (mut valid, mut invalid) = (0, 0);
    for step in 0..steps {
        let mut root = (*before.root).clone();
        for _ in 0..=editor.random.below(4) {
            editor.edit(&mut root);
        }
        let after = Tree { root: Arc::new(root) };
        let changes = diff(schema, &before, &after);
        let mut next = index.clone();
        let show = |violations: &[crate::data::violation::Violation]| -> BTreeSet<String> {
            let path = |at: &crate::data::violation::Violation| at.path.to_instance_identifier(schema);
            violations
                .iter()
                .map(|at| format!("{} {:?} {} {:?}", path(at), at.app_tag, at.message, at.info))
                .collect()
        };
        let full = show(&validate_full(schema, &after));
        let fast = show(&validate_diff(schema, &before, &after, &changes, &mut next));
        let changed: Vec<String> = changes
            .iter()
            .map(|change| format!("{:?} {}", change.kind, change.path.to_instance_identifier(schema)))
            .collect();
        assert_eq!(fast, full, "seed {seed} step {step}\n{changed:#?}\n{before:?}\n{after:?}");
        assert_eq!(
            next.rows(),
            ReferenceIndex::build(schema, &after).rows(),
            "seed {seed} step {step}\n{changed:#?}"
        );
        if full.is_empty() {
            valid += 1;
            before = after;
            index = next;
        } else {
            invalid += 1;
        }
    }
    (valid, invalid)
}

/// A history over a model made up at random, if there is such a model.
fn made_up(seed: u64, size: usize) -> Option<(usize, usize)> {
    let text = model::module(&mut Random(seed), size);
    let schema = try_schema(&[&text]).ok()?;
    let outcome = std::panic::catch_unwind(|| history(&schema, seed, 30));
    outcome.inspect_err(|_| println!("{text}")).ok().or_else(|| panic!("see the model above"))
}

fn random_cases(few: u32) -> ProptestConfig {
    let many = std::env::var_os("STRONGBOX_LAW_CASES").and_then(|many| many.to_str()?.parse().ok());
    ProptestConfig {
        cases: many.unwrap_or(few),
        failure_persistence: None,
        rng_seed: if many.is_some() { RngSeed::Random } else { RngSeed::Fixed(7950) },
        ..ProptestConfig::default()
    }
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| compiled(&[MODEL]));

static PRODUCT: LazyLock<Schema> = LazyLock::new(|| crate::yang::product::compile_product().unwrap());

proptest! {
    #![proptest_config(random_cases(24))]

    #[test]
    fn incremental_validation_finds_what_full_validation_finds(seed: u64) {
        history(&SCHEMA, seed, 40);
    }

    #[test]
    fn the_same_holds_for_the_products_model(seed: u64) {
        history(&PRODUCT, seed, 30);
    }

    #[test]
    fn the_same_holds_for_any_model(seed: u64, size in 3_usize..40) {
        made_up(seed, size);
    }
}

#[test]
fn histories_meet_valid_and_invalid_trees() {
    let sum = |schema: &Schema, steps| {
        (0..6)
            .map(|seed| history(schema, seed, steps))
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let outcomes: Vec<Option<(usize, usize)>> = (0..20).map(|seed| made_up(seed, 20)).collect();
    assert!(outcomes.iter().flatten().count() > 10, "{outcomes:?}");
    let fruitful = outcomes.iter().flatten().filter(|(valid, invalid)| *valid > 3 && *invalid > 3);
    assert!(fruitful.count() > 8, "{outcomes:?}");
    for (valid, invalid) in [sum(&SCHEMA, 40), sum(&PRODUCT, 60)] {
        assert!(valid > 10 && invalid > 10, "{valid} valid, {invalid} invalid");
    }
}
