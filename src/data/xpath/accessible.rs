//! The accessible tree of RFC 7950 section 6.4.1: what is stored, plus the non-presence containers and the defaults in
//! use that nobody stored. Nothing is materialised; children are made up while they are looked at.
//!
//! Not here: axes other than child.

use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::cursor::{Cursor, Item};
use super::{EvalError, Evaluator};
use crate::data::default::case_holds;
use crate::data::tree::{Container, Data};
use crate::yang::schema::{NodeId, NodeKind, Value};

/// What a visitor answers: go on, stop, or fail.
pub(in crate::data) type Visited = Result<ControlFlow<()>, EvalError>;

/// Goes on.
pub(in crate::data) const ON: Visited = Ok(ControlFlow::Continue(()));

impl<'a> Evaluator<'a> {
    /// Whether nodes of this schema node can be part of the accessible tree: configuration sees configuration only, and
    /// a stranger's expression no secrets.
    pub(in crate::data) fn is_accessible(&self, node: NodeId) -> bool {
        let facts = self.schema.node(node);
        let is_secret = facts.extensions.secret || facts.extensions.hashed;
        let is_part = facts.is_data() || self.invoked.is_some_and(|invoked| invoked.node == node);
        is_part && (facts.config || self.sees_state) && (!is_secret || self.sees_secrets)
    }

    /// Visits the children of one schema node below a container: each entry of a list or leaf-list. `parent` is asked
    /// for only where a `when` decides whether something that is not stored exists.
    pub(in crate::data) fn visit_child(
        &self,
        container: Option<&'a Container>,
        node: NodeId,
        parent: &mut dyn FnMut() -> Rc<Cursor<'a>>,
        visit: &mut dyn FnMut(Item<'a>) -> Visited,
    ) -> Visited {
        if let Some(data) = container.and_then(|container| container.get(node)) {
            return match data {
                Data::Leaf(value) => self.spend_on(Item::Leaf { node, value }, visit),
                Data::LeafList(values) => self.visit_values(node, values, visit),
                Data::Container(inner) => self.spend_on(Item::Inner { node, data: Some(&**inner) }, visit),
                Data::List(list) => {
                    for entry in list.iter() {
                        if self.spend_on(Item::Inner { node, data: Some(&**entry) }, visit)?.is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                    ON
                }
                Data::Any(value) => self.spend_on(Item::Any { node, value }, visit),
            };
        }
        if let Some(invoked) = self.invoked.filter(|invoked| invoked.node == node) {
            let is_here = invoked.holder.map(std::ptr::from_ref) == container.map(std::ptr::from_ref);
            let item = Item::Inner { node: invoked.content.node, data: Some(invoked.content) };
            return if is_here { self.spend_on(item, visit) } else { ON };
        }
        if !self.can_be_virtual(node)
            || !case_holds(self.schema, container, node)
            || !self.whens_hold(node, parent)?
        {
            return ON;
        }
        match &self.schema.node(node).kind {
            NodeKind::Leaf { default: Some(value), .. } => self.spend_on(Item::Leaf { node, value }, visit),
            NodeKind::LeafList { defaults, .. } => self.visit_values(node, defaults, visit),
            _ => self.spend_on(Item::Inner { node, data: None }, visit),
        }
    }

    /// Whether the node can exist without being stored: a non-presence container, a default.
    pub(in crate::data) fn can_be_virtual(&self, node: NodeId) -> bool {
        match &self.schema.node(node).kind {
            NodeKind::Container { presence } => !presence,
            NodeKind::Leaf { default, .. } => default.is_some(),
            NodeKind::LeafList { defaults, .. } => !defaults.is_empty(),
            _ => false,
        }
    }

    /// Whether visiting a child needs the parent's cursor where it is not stored.
    pub(in crate::data) fn is_conditional(&self, node: NodeId) -> bool {
        !self.schema.node(node).whens.is_empty() && self.can_be_virtual(node)
    }

    /// Visits every child of a node, in schema order.
    pub(in crate::data) fn visit_children(
        &self,
        parent: &Cursor<'a>,
        visit: &mut dyn FnMut(Cursor<'a>) -> Visited,
    ) -> Visited {
        let Item::Inner { node, data } = parent.item() else { return ON };
        let shared = SharedParent::new(parent);
        for child in self.schema.children(node) {
            if self.is_accessible(*child) {
                let visited = self.visit_child(data, *child, &mut || shared.get(), &mut |item| {
                    visit(Cursor::below(&shared.get(), item))
                })?;
                if visited.is_break() {
                    return Ok(visited);
                }
            }
        }
        ON
    }

    fn visit_values(
        &self,
        node: NodeId,
        values: &'a [Value],
        visit: &mut dyn FnMut(Item<'a>) -> Visited,
    ) -> Visited {
        for value in values {
            if self.spend_on(Item::Leaf { node, value }, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        ON
    }

    fn spend_on(&self, item: Item<'a>, visit: &mut dyn FnMut(Item<'a>) -> Visited) -> Visited {
        self.spend(1)?;
        visit(item)
    }

    /// Whether the conditions hold on which a node that is not stored would exist.
    fn whens_hold(
        &self,
        node: NodeId,
        parent: &mut dyn FnMut() -> Rc<Cursor<'a>>,
    ) -> Result<bool, EvalError> {
        if self.schema.node(node).whens.is_empty() {
            return Ok(true);
        }
        let parent = parent();
        if let Some(known) = self.conditions.get(node, &parent) {
            self.spend(1)?;
            return Ok(known);
        }
        // A node whose condition asks for the node itself, directly or through other conditions, does not exist.
        let asked = |(other, above): &(NodeId, Rc<Cursor<'a>>)| *other == node && above.is_same(&parent);
        if self.in_question.borrow().iter().any(asked) {
            self.conditions.count_circle();
            return Ok(false);
        }
        let circles = self.conditions.circles();
        self.in_question.borrow_mut().push((node, Rc::clone(&parent)));
        let outcome = self.whens_of(node, &parent);
        self.in_question.borrow_mut().pop();
        if let Ok(outcome) = outcome
            && self.conditions.circles() == circles
        {
            self.conditions.keep(node, &parent, outcome);
        }
        outcome
    }

    /// Whether every `when` of a node holds for its instance below `parent`; see [`Evaluator::when_holds`].
    pub(in crate::data) fn whens_of(&self, node: NodeId, parent: &Rc<Cursor<'a>>) -> Result<bool, EvalError> {
        for index in 0..self.schema.node(node).whens.len() {
            if !self.when_holds(node, index, parent)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether one `when` of a node holds for its instance below `parent`, whether or not that instance is stored. Where
    /// the condition is the node's own, a node without value stands in for it (RFC 7950 section 7.21.5).
    ///
    /// # Errors
    /// As [`Evaluator::matches`].
    pub(in crate::data) fn when_holds(
        &self,
        node: NodeId,
        index: usize,
        parent: &Rc<Cursor<'a>>,
    ) -> Result<bool, EvalError> {
        let Some(when) = self.schema.node(node).whens.get(index) else { return Ok(true) };
        if when.levels_up == 0 {
            let dummy = Cursor::below(parent, Item::Inner { node, data: None });
            return self.matches(&when.condition, &dummy);
        }
        match parent.above(usize::from(when.levels_up) - 1) {
            Some(context) => self.matches(&when.condition, context),
            None => Ok(true),
        }
    }
}

/// A parent that is put behind a counter only when the first child asks for it.
pub(in crate::data) struct SharedParent<'c, 'a> {
    parent: &'c Cursor<'a>,
    shared: OnceCell<Rc<Cursor<'a>>>,
}

impl<'c, 'a> SharedParent<'c, 'a> {
    pub(in crate::data) fn new(parent: &'c Cursor<'a>) -> Self {
        SharedParent { parent, shared: OnceCell::new() }
    }

    pub(in crate::data) fn get(&self) -> Rc<Cursor<'a>> {
        Rc::clone(self.shared.get_or_init(|| Rc::new(self.parent.clone())))
    }
}
