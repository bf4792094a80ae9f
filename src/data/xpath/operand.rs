//! Node-sets as operands: asked whether they exist, how many they are, for their texts, or for the nodes themselves.
//!
//! Most operands are a child leaf or a path of plain names. Those are followed by node id alone; a cursor with its
//! ancestors is made only for what may be asked for its parent later.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::accessible::{ON, Visited};
use super::{Context, Cursor, EvalError, Evaluator, Item, axis, text};
use crate::data::tree::Data;
use crate::yang::schema::NodeKind;
use crate::yang::schema::xpath::{Axis, Expr, Function, LocationPath, NodeTest, Step};

impl<'a> Evaluator<'a> {
    /// The string-value of the node that comes first in document order; empty for none.
    pub(super) fn first_text(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
    ) -> Result<Cow<'a, str>, EvalError> {
        if !is_ordered(expr) {
            return match self.nodes_of(expr, context)?.first() {
                Some(first) => self.string_value(first),
                None => Ok(Cow::Borrowed("")),
            };
        }
        let mut text = Cow::Borrowed("");
        let _ = self.visit_values_of(expr, context, &mut |item, cursor| {
            text = match (item.value(), cursor) {
                (Some(value), _) => text::of_value(value),
                (None, Some(cursor)) => self.string_value(cursor)?,
                (None, None) => Cow::Borrowed(""),
            };
            Ok(ControlFlow::Break(()))
        })?;
        Ok(text)
    }

    /// XPath 1.0 section 5: a leaf's text; for an inner node the texts of all leafs inside it, one after the other.
    pub(super) fn string_value(&self, cursor: &Cursor<'a>) -> Result<Cow<'a, str>, EvalError> {
        if let Some(value) = cursor.item().value() {
            return Ok(text::of_value(value));
        }
        let mut text = String::new();
        let _ = self.visit_subtree(cursor, &mut |node| {
            if let Item::Leaf { value, .. } = node.item() {
                text.push_str(&text::of_value(value));
            }
            ON
        })?;
        Ok(Cow::Owned(text))
    }

    pub(super) fn exists(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<bool, EvalError> {
        Ok(self.visit_items_of(expr, context, &mut |_| Ok(ControlFlow::Break(())))?.is_break())
    }

    pub(super) fn count(&self, expr: &Expr, context: &Context<'_, 'a>) -> Result<u64, EvalError> {
        if !is_distinct(expr) {
            return Ok(self.nodes_of(expr, context)?.len() as u64);
        }
        if let Some(length) = self.list_length(expr, context)? {
            return Ok(length);
        }
        let mut count = 0;
        let _ = self.visit_items_of(expr, context, &mut |_| {
            count += 1;
            ON
        })?;
        Ok(count)
    }

    /// How many entries a list has, where that is what the expression asks for: without looking at each.
    pub(super) fn list_length(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
    ) -> Result<Option<u64>, EvalError> {
        let Expr::Path(path) = expr else { return Ok(None) };
        let Some((from, [above @ .., last])) = self.plain(path, context, false) else { return Ok(None) };
        let Some([list]) = last.targets.as_deref() else { return Ok(None) };
        if !self.schema.node(*list).is_list() {
            return Ok(None);
        }
        let mut length = 0;
        let _ = self.visit_plain(from.item(), above, &mut |item| {
            let entries = item.container().and_then(|container| container.list(*list));
            if self.matching_children(item.node(), last).next().is_some() {
                length += entries.map_or(0, |entries| entries.len() as u64);
            }
            ON
        })?;
        Ok(Some(length))
    }

    /// The leaf that a path of plain names leads to, if that leaf is stored: by far the most frequent operand.
    pub(super) fn stored_leaf(&self, path: &LocationPath, context: &Context<'_, 'a>) -> Option<Item<'a>> {
        let mut at = Self::start(path, context).item();
        for step in &path.steps {
            if !is_plain(step) {
                return None;
            }
            let Some([node]) = step.targets.as_deref() else { return None };
            at = match at.container()?.get(*node)? {
                Data::Leaf(value) => Item::Leaf { node: *node, value },
                Data::Container(inner) => Item::Inner { node: *node, data: Some(&**inner) },
                _ => return None,
            };
        }
        (self.is_accessible(at.node()) && at.value().is_some() && !path.steps.is_empty()).then_some(at)
    }

    /// Visits the nodes of a node-set for their existence alone.
    pub(super) fn visit_items_of(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
        visit: &mut dyn FnMut(Item<'a>) -> Visited,
    ) -> Visited {
        if let Expr::Path(path) = expr
            && let Some(leaf) = self.stored_leaf(path, context)
        {
            self.spend(1)?;
            return visit(leaf);
        }
        if let Expr::Path(path) = expr
            && let Some((from, steps)) = self.plain(path, context, false)
        {
            return self.visit_plain(from.item(), steps, visit);
        }
        self.visit_nodes_of(expr, context, &mut |node| visit(node.item()))
    }

    /// Visits the nodes of a node-set for their string-values. The cursor is there for every node without a value of
    /// its own.
    pub(super) fn visit_values_of(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
        visit: &mut dyn FnMut(Item<'a>, Option<&Cursor<'a>>) -> Visited,
    ) -> Visited {
        if let Expr::Path(path) = expr
            && let Some(leaf) = self.stored_leaf(path, context)
        {
            self.spend(1)?;
            return visit(leaf, None);
        }
        if let Expr::Path(path) = expr
            && let Some((from, steps)) = self.plain(path, context, true)
        {
            if steps.is_empty() {
                return visit(from.item(), Some(from));
            }
            return self.visit_plain(from.item(), steps, &mut |item| visit(item, None));
        }
        self.visit_nodes_of(expr, context, &mut |node| visit(node.item(), Some(node)))
    }

    /// Visits the nodes of a node-set, each once; in document order where [`is_ordered`] says so.
    pub(super) fn visit_nodes_of(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        match expr {
            Expr::Path(path) if axis::is_distinct(path) => self
                .deeper(|| self.visit_path(Self::start(path, context), &path.steps, context.current, visit)),
            _ => {
                for node in self.nodes_of(expr, context)? {
                    if visit(&node)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                ON
            }
        }
    }

    /// All nodes of a node-set in document order.
    pub(super) fn nodes_of(
        &self,
        expr: &Expr,
        context: &Context<'_, 'a>,
    ) -> Result<Vec<Cursor<'a>>, EvalError> {
        self.deeper(|| match expr {
            Expr::Path(path) if axis::is_ordered(path) => {
                let mut found = Vec::new();
                let start = Self::start(path, context);
                let _ = self.visit_path(start, &path.steps, context.current, &mut |node| {
                    found.push(node.clone());
                    ON
                })?;
                Ok(found)
            }
            Expr::Path(path) => {
                let start = Self::start(path, context).clone();
                self.collect_path(vec![start], &path.steps, context.current)
            }
            Expr::Union(left, right) => {
                let mut nodes = self.nodes_of(left, context)?;
                nodes.extend(self.nodes_of(right, context)?);
                self.sort(nodes)
            }
            Expr::Filter { primary, predicates, steps } => {
                let nodes = self.nodes_of(primary, context)?;
                let nodes = self.filter(nodes, predicates, context.current)?;
                self.collect_path(nodes, steps, context.current)
            }
            Expr::Call(Function::Current, _) => Ok(vec![context.current.clone()]),
            Expr::Call(Function::Deref, arguments) => match arguments.first() {
                Some(argument) => match self.nodes_of(argument, context)?.first() {
                    Some(first) => self.deref(first),
                    None => Ok(Vec::new()),
                },
                None => Err(EvalError::BadArgument("deref() takes a node-set".to_owned())),
            },
            Expr::Call(Function::Id, _) => Ok(Vec::new()),
            _ => Err(EvalError::BadArgument("a node-set is expected".to_owned())),
        })
    }

    /// Splits a path that can be followed without cursors: up some levels, then down by name, nothing conditional.
    /// With `to_leafs` it must end in leafs, or where it starts.
    pub(super) fn plain<'c, 'p>(
        &self,
        path: &'p LocationPath,
        context: &Context<'c, 'a>,
        to_leafs: bool,
    ) -> Option<(&'c Cursor<'a>, &'p [Step])> {
        let mut from = Self::start(path, context);
        let mut steps = path.steps.as_slice();
        while let Some((step, rest)) = steps.split_first()
            && step.test == NodeTest::Node
            && step.predicates.is_empty()
        {
            match step.axis {
                Axis::Parent => from = from.parent()?,
                Axis::SelfAxis => {}
                _ => break,
            }
            steps = rest;
        }
        let is_certain =
            |step: &Step| is_plain(step) && step.targets.iter().flatten().all(|id| !self.is_conditional(*id));
        let ends_in_leafs = |step: &Step| {
            step.targets.iter().flatten().all(|id| {
                matches!(self.schema.node(*id).kind, NodeKind::Leaf { .. } | NodeKind::LeafList { .. })
            })
        };
        let fits = steps.iter().all(is_certain) && (!to_leafs || steps.last().is_none_or(ends_in_leafs));
        fits.then_some((from, steps))
    }

    pub(super) fn visit_plain(
        &self,
        from: Item<'a>,
        steps: &[Step],
        visit: &mut dyn FnMut(Item<'a>) -> Visited,
    ) -> Visited {
        let Some((step, rest)) = steps.split_first() else { return visit(from) };
        let Item::Inner { node, data } = from else { return ON };
        for child in self.matching_children(node, step) {
            // Nothing on a plain path is conditional, so the parent is not asked for.
            let mut parent = || Rc::new(Cursor::root(self.root));
            let visited = self.visit_child(data, child, &mut parent, &mut |item| {
                if rest.is_empty() { visit(item) } else { self.visit_plain(item, rest, visit) }
            })?;
            if visited.is_break() {
                return Ok(visited);
            }
        }
        ON
    }
}

/// Whether a step goes down by name to schema nodes that are known, and asks nothing of them.
fn is_plain(step: &Step) -> bool {
    step.axis == Axis::Child
        && matches!(step.test, NodeTest::Name { .. } | NodeTest::Any(_))
        && step.predicates.is_empty()
        && step.targets.is_some()
}

/// Whether visiting the nodes of an expression meets each once and in document order.
fn is_ordered(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => axis::is_ordered(path),
        _ => true,
    }
}

/// Whether visiting the nodes of an expression meets each once without collecting them first.
fn is_distinct(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if axis::is_distinct(path))
}
