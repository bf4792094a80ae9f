//! Models made up at random: every kind of node and constraint, put together in ways that nobody would think of.
//!
//! First the nodes are laid out, then each is written down with constraints that look at others of them.

use std::fmt::Write as _;

use super::Random;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Container,
    Presence,
    List,
    Key,
    Leaf,
    LeafList,
    Choice,
    Case,
}

/// A node of the model that is being made up; named `n` and its number.
#[derive(Debug)]
struct Plan {
    what: What,
    /// In the schema tree; the first node has none.
    parent: usize,
    children: Vec<usize>,
    /// The leaf that it refers to.
    refers_to: Option<usize>,
    /// Nothing mandatory may stand here: a default case.
    is_by_default: bool,
}

/// The text of a module `m` of about that many nodes below one presence container.
pub(super) fn module(random: &mut Random, size: usize) -> String {
    let mut maker = Maker { random, plans: Vec::new() };
    maker.add(What::Presence, 0);
    while maker.plans.len() < size {
        let parent = maker.random.below(maker.plans.len());
        maker.grow(parent);
    }
    maker.refer();
    let mut text = String::from("module m { yang-version 1.1; namespace \"urn:m\"; prefix m;\n");
    maker.write(0, &mut text);
    text.push('}');
    text
}

struct Maker<'r> {
    random: &'r mut Random,
    plans: Vec<Plan>,
}

impl Maker<'_> {
    fn add(&mut self, what: What, parent: usize) -> usize {
        let id = self.plans.len();
        let is_by_default = id > 0 && self.plans[parent].is_by_default && what != What::Presence;
        self.plans.push(Plan { what, parent, children: Vec::new(), refers_to: None, is_by_default });
        if id > 0 {
            self.plans[parent].children.push(id);
        }
        if what == What::List {
            self.add(What::Key, id);
        }
        id
    }

    fn grow(&mut self, parent: usize) {
        let kinds = [What::Container, What::Presence, What::List, What::LeafList, What::Choice];
        match self.plans[parent].what {
            What::Key | What::Leaf | What::LeafList => {}
            What::Choice => {
                let case = self.add(What::Case, parent);
                self.plans[case].is_by_default |= self.plans[parent].children[0] == case;
                for _ in 0..=self.random.below(2) {
                    self.grow(case);
                }
            }
            _ if self.random.one_in(2) => {
                self.add(What::Leaf, parent);
            }
            _ => {
                let what = kinds[self.random.below(kinds.len())];
                let id = self.add(what, parent);
                if what == What::Choice {
                    self.grow(id);
                    self.grow(id);
                } else if what != What::LeafList {
                    self.grow(id);
                }
            }
        }
    }

    /// Makes some leafs refer to others, each to one that is planned before it: no circles.
    fn refer(&mut self) {
        let leafs: Vec<usize> = self.all(&[What::Key, What::Leaf, What::LeafList]);
        for leaf in self.all(&[What::Leaf, What::LeafList]) {
            let target = leafs[self.random.below(leafs.len())];
            if self.random.one_in(3) && target < leaf {
                self.plans[leaf].refers_to = Some(target);
            }
        }
    }

    fn all(&self, what: &[What]) -> Vec<usize> {
        (0..self.plans.len()).filter(|id| what.contains(&self.plans[*id].what)).collect()
    }

    /// The nearest node above that stands in data.
    fn data_parent(&self, id: usize) -> usize {
        let mut at = self.plans[id].parent;
        while matches!(self.plans[at].what, What::Choice | What::Case) {
            at = self.plans[at].parent;
        }
        at
    }

    /// From the first node down to this one, in data.
    fn lineage(&self, id: usize) -> Vec<usize> {
        let mut lineage = vec![id];
        let mut at = id;
        while at != 0 {
            at = self.data_parent(at);
            lineage.push(at);
        }
        lineage.reverse();
        lineage
    }

    /// A node that stands in data.
    fn any_node(&mut self) -> usize {
        let id = self.random.below(self.plans.len());
        if matches!(self.plans[id].what, What::Choice | What::Case) { self.data_parent(id) } else { id }
    }

    fn relative(&self, from: usize, to: usize) -> String {
        let (from, to) = (self.lineage(from), self.lineage(to));
        let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
        let mut steps = vec!["..".to_owned(); from.len() - shared];
        steps.extend(to[shared..].iter().map(|id| format!("n{id}")));
        if steps.is_empty() { ".".to_owned() } else { steps.join("/") }
    }

    fn absolute(&self, to: usize) -> String {
        self.lineage(to).iter().map(|id| format!("/m:n{id}")).collect()
    }

    /// A path of a leafref; where it goes into a list, perhaps with a key that a leaf beside gives.
    fn reference(&mut self, leaf: usize, target: usize) -> String {
        if self.random.one_in(3) {
            return self.absolute(target);
        }
        let list = self.data_parent(target);
        let beside = self.data_parent(leaf);
        let siblings: Vec<usize> = self.plans[beside].children.clone();
        let giver = siblings
            .into_iter()
            .find(|id| *id != leaf && matches!(self.plans[*id].what, What::Leaf | What::Key));
        let into = self.lineage(leaf).contains(&list);
        match giver {
            Some(giver) if self.plans[list].what == What::List && !into && self.random.one_in(2) => {
                let key = self.plans[list].children[0];
                let entry = self.relative(leaf, list);
                format!("{entry}[n{key} = current()/../n{giver}]/n{target}")
            }
            _ => self.relative(leaf, target),
        }
    }

    /// A node-set.
    fn nodes(&mut self, from: usize) -> String {
        let to = self.any_node();
        match self.random.below(10) {
            0 => self.absolute(to),
            1 => format!("//m:n{to}"),
            2 => format!("current()/{}", self.relative(from, to)),
            3 => {
                let referring = self.all(&[What::Leaf, What::LeafList]);
                let referring: Vec<usize> =
                    referring.into_iter().filter(|id| self.plans[*id].refers_to.is_some()).collect();
                if referring.is_empty() {
                    return self.relative(from, to);
                }
                let leaf = referring[self.random.below(referring.len())];
                let target = self.plans[leaf].refers_to.unwrap_or_default();
                let beside = self.plans[self.data_parent(target)].children.clone();
                let beside = beside[self.random.below(beside.len())];
                let leaf = self.relative(from, leaf);
                if matches!(self.plans[beside].what, What::Choice | What::Case) {
                    return format!("deref({leaf})");
                }
                format!("deref({leaf})/../n{beside}")
            }
            4 if self.plans[to].what == What::List => {
                let key = self.plans[to].children[0];
                format!("{}[n{key} = 'a']/n{key}", self.relative(from, to))
            }
            5 if self.plans[to].what == What::List => {
                let inside = self.plans[to].children.clone();
                let inside = inside[self.random.below(inside.len())];
                format!("{}[n{inside} = current()]", self.relative(from, to))
            }
            6 => format!("{}/following-sibling::*", self.relative(from, to)),
            7 => format!("{} | {}", self.relative(from, to), self.relative(from, from)),
            _ => self.relative(from, to),
        }
    }

    /// A condition, seen from a node. Most hold most of the time, so that trees can grow.
    fn condition(&mut self, from: usize, depth: usize) -> String {
        let nodes = self.nodes(from);
        match self.random.below(14) {
            0 => nodes,
            1 => format!("{nodes} = 'a'"),
            2 => format!("{nodes} != 'b'"),
            3 | 4 => format!("not({nodes})"),
            5 => format!("count({nodes}) < {}", 1 + self.random.below(4)),
            6 => format!("not({nodes} = {})", self.nodes(from)),
            7 => format!("string-length({nodes}) < 3"),
            8 => format!("not(contains({nodes}, 'c'))"),
            9 => format!("not({nodes}) or {nodes} = 'a'"),
            10 | 11 if depth > 0 => {
                format!("({}) or ({})", self.condition(from, depth - 1), self.condition(from, depth - 1))
            }
            12 if depth > 0 => {
                format!("({}) and ({})", self.condition(from, depth - 1), self.condition(from, depth - 1))
            }
            13 if depth > 0 => format!("not({})", self.condition(from, depth - 1)),
            _ => format!("not({nodes} > 2)"),
        }
    }

    fn write(&mut self, id: usize, text: &mut String) {
        let what = self.plans[id].what;
        let keyword = match what {
            What::Container | What::Presence => "container",
            What::List => "list",
            What::Key | What::Leaf => "leaf",
            What::LeafList => "leaf-list",
            What::Choice => "choice",
            What::Case => "case",
        };
        let _ = write!(text, "{keyword} n{id} {{ ");
        match what {
            What::Presence => text.push_str("presence p; "),
            What::List => {
                let _ = write!(text, "key n{}; ", self.plans[id].children[0]);
            }
            _ => {}
        }
        self.conditions(id, text);
        match what {
            What::Key => text.push_str("type string; "),
            What::Leaf | What::LeafList => self.leaf(id, text),
            What::List => self.list(id, text),
            What::Choice if self.random.one_in(2) => {
                let first = self.plans[id].children.first().copied();
                let _ = first.map(|first| write!(text, "default n{first}; "));
            }
            What::Choice if !self.plans[id].is_by_default && self.random.one_in(4) => {
                text.push_str("mandatory true; ");
            }
            _ => {}
        }
        for child in self.plans[id].children.clone() {
            self.write(child, text);
        }
        text.push_str("}\n");
    }

    fn conditions(&mut self, id: usize, text: &mut String) {
        let what = self.plans[id].what;
        if id > 0 && what != What::Key && self.random.one_in(5) {
            let from = if matches!(what, What::Choice | What::Case) { self.data_parent(id) } else { id };
            let condition = self.condition(from, 1);
            let _ = write!(text, "when \"{condition}\"; ");
        }
        if !matches!(what, What::Choice | What::Case) && self.random.one_in(4) {
            let condition = self.condition(id, 2);
            let _ = write!(text, "must \"{condition}\"; ");
        }
    }

    fn leaf(&mut self, id: usize, text: &mut String) {
        let is_leaf = self.plans[id].what == What::Leaf;
        let types = [
            "type string;",
            "type string;",
            "type uint8 { range 0..5; }",
            "type enumeration { enum a; enum b; enum c; }",
            "type boolean;",
            "type instance-identifier;",
        ];
        let mut has_texts = true;
        match self.plans[id].refers_to {
            Some(target) => {
                let path = self.reference(id, target);
                if self.random.one_in(4) {
                    let _ = write!(
                        text,
                        "type union {{ type leafref {{ path \"{path}\"; }} type enumeration {{ enum b; enum none; }} }} "
                    );
                } else {
                    let require = if self.random.one_in(6) { "require-instance false; " } else { "" };
                    let _ = write!(text, "type leafref {{ path \"{path}\"; {require}}} ");
                }
                has_texts = false;
            }
            None => {
                let ty = types[self.random.below(types.len())];
                has_texts &= ty.contains("string") || ty.contains("enum");
                text.push_str(ty);
            }
        }
        if has_texts && self.random.one_in(3) {
            let _ = write!(text, "default {}; ", ["a", "b", "c"][self.random.below(3)]);
        } else if is_leaf && !self.plans[id].is_by_default && self.random.one_in(8) {
            text.push_str("mandatory true; ");
        } else if !is_leaf {
            self.bounds(id, text);
        }
    }

    fn list(&mut self, id: usize, text: &mut String) {
        if self.random.one_in(3) {
            text.push_str("ordered-by user; ");
        }
        let leafs: Vec<usize> = self.all(&[What::Leaf]);
        let own: Vec<String> = leafs
            .into_iter()
            .filter(|leaf| self.plans[*leaf].parent == id)
            .map(|leaf| format!("n{leaf}"))
            .collect();
        if !own.is_empty() && self.random.one_in(2) {
            let count = 1 + self.random.below(own.len().min(2));
            let _ = write!(text, "unique \"{}\"; ", own[..count].join(" "));
        }
        self.bounds(id, text);
    }

    fn bounds(&mut self, id: usize, text: &mut String) {
        if self.random.one_in(4) {
            let _ = write!(text, "max-elements {}; ", 1 + self.random.below(3));
        }
        if !self.plans[id].is_by_default && self.random.one_in(8) {
            text.push_str("min-elements 1; ");
        }
    }
}
