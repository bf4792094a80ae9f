//! Where leafrefs and instance-identifiers lead: `deref()` (RFC 7950 section 10.3.1) and the look-up of a referenced
//! instance, by key wherever the target is one.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::accessible::{ON, Visited};
use super::cursor::{Cursor, Item};
use super::{Context, EvalError, Evaluator};
use crate::data::path::InstancePath;
use crate::yang::schema::types::{Leafref, Type, TypeKind};
use crate::yang::schema::xpath::{Axis, Expr, Step};
use crate::yang::schema::{NodeKind, Value};

impl<'a> Evaluator<'a> {
    /// The nodes that a leaf refers to; none where it refers to nothing or is no reference.
    pub(super) fn deref(&self, leaf: &Cursor<'a>) -> Result<Vec<Cursor<'a>>, EvalError> {
        let Item::Leaf { node, value } = leaf.item() else { return Ok(Vec::new()) };
        match self.schema.node(node).ty() {
            Some(ty) => self.referenced(leaf, ty, value),
            None => Ok(Vec::new()),
        }
    }

    fn referenced(
        &self,
        leaf: &Cursor<'a>,
        ty: &Type,
        value: &'a Value,
    ) -> Result<Vec<Cursor<'a>>, EvalError> {
        match &ty.kind {
            TypeKind::Leafref(leafref) => {
                let mut found = Vec::new();
                let _ = self.visit_targets(leafref, leaf, value, &mut |target| {
                    found.push(target.clone());
                    ON
                })?;
                Ok(found)
            }
            TypeKind::InstanceIdentifier { .. } => {
                Ok(self.instance(leaf.top(), value)?.into_iter().collect())
            }
            TypeKind::Union { members } => {
                for member in members {
                    let found = self.referenced(leaf, member, value)?;
                    if !found.is_empty() {
                        return Ok(found);
                    }
                }
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Whether a leafref's value exists at its target.
    pub(in crate::data) fn has_target(
        &self,
        leafref: &Leafref,
        leaf: &Cursor<'a>,
        value: &Value,
    ) -> Result<bool, EvalError> {
        Ok(self.visit_targets(leafref, leaf, value, &mut |_| Ok(ControlFlow::Break(())))?.is_break())
    }

    /// Whether the instance exists that an instance-identifier names.
    pub(in crate::data) fn has_instance(&self, leaf: &Cursor<'a>, value: &Value) -> Result<bool, EvalError> {
        Ok(self.instance(leaf.top(), value)?.is_some())
    }

    /// Visits the target instances of a leafref that have its value.
    pub(in crate::data) fn visit_targets(
        &self,
        leafref: &Leafref,
        leaf: &Cursor<'a>,
        value: &Value,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        let mut visit_equal = |target: &Cursor<'a>| {
            if target.item().value() == Some(value) { visit(target) } else { ON }
        };
        let context = Context { node: leaf, current: leaf, position: 1, size: 1 };
        let Expr::Path(path) = &leafref.path.root else {
            for target in self.nodes_of(&leafref.path.root, &context)? {
                if visit_equal(&target)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            return ON;
        };
        let start = Self::start(path, &context);
        let steps = path.steps.as_slice();
        let Some((above, list, last)) = key_target(steps) else {
            return self.visit_path(start, steps, leaf, &mut visit_equal);
        };
        self.visit_path(start, above, leaf, &mut |parent| {
            let known = last.targets.as_deref().and_then(<[_]>::first).map(|key| (*key, value));
            match self.entry_by_key(parent, list, leaf, known)? {
                None => self.visit_path(parent, &[list.clone(), last.clone()], leaf, &mut visit_equal),
                Some(None) => ON,
                Some(Some(entry)) => {
                    if self.fulfils_all(&entry, &list.predicates, leaf)? {
                        self.visit_step(&entry, last, leaf, &mut visit_equal)
                    } else {
                        ON
                    }
                }
            }
        })
    }

    fn instance(&self, top: &Cursor<'a>, value: &Value) -> Result<Option<Cursor<'a>>, EvalError> {
        let Value::InstanceIdentifier(text) = value else { return Ok(None) };
        self.spend(1)?;
        match InstancePath::parse_instance_identifier(self.schema, text) {
            Ok(path) => self.find_below(top, &path),
            Err(_) => Ok(None),
        }
    }

    /// The node at a path in the accessible tree: stored or existing by default. A list as a whole has no node.
    ///
    /// # Errors
    /// As [`Evaluator::matches`].
    pub fn find(&self, path: &InstancePath) -> Result<Option<Cursor<'a>>, EvalError> {
        self.find_below(&Cursor::root(self.root), path)
    }

    fn find_below(&self, top: &Cursor<'a>, path: &InstancePath) -> Result<Option<Cursor<'a>>, EvalError> {
        let mut at = top.clone();
        for step in &path.steps {
            let Item::Inner { data, .. } = at.item() else { return Ok(None) };
            if !self.is_accessible(step.node) {
                return Ok(None);
            }
            let parent = Rc::new(at);
            let mut found = None;
            if matches!(self.schema.node(step.node).kind, NodeKind::List { .. }) {
                let list = data.and_then(|container| container.list(step.node));
                found = list
                    .and_then(|list| list.get(&step.keys))
                    .map(|entry| Item::Inner { node: step.node, data: Some(&**entry) });
            } else {
                let _ = self.visit_child(data, step.node, &mut || Rc::clone(&parent), &mut |item| {
                    let is_it = match step.keys.as_slice() {
                        [] => item.container().is_some() || !is_leaf_list(self, &item),
                        [wanted] => item.value() == Some(wanted),
                        _ => false,
                    };
                    if is_it {
                        found = Some(item);
                        return Ok(ControlFlow::Break(()));
                    }
                    ON
                })?;
            }
            match found {
                Some(item) => at = Cursor::below(&parent, item),
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

fn is_leaf_list(evaluator: &Evaluator<'_>, item: &Item<'_>) -> bool {
    matches!(evaluator.schema.node(item.node()).kind, NodeKind::LeafList { .. })
}

/// Splits a leafref path that ends in `list/key`.
fn key_target(steps: &[Step]) -> Option<(&[Step], &Step, &Step)> {
    let [above @ .., list, last] = steps else { return None };
    let ends_in_child = last.axis == Axis::Child && last.predicates.is_empty();
    let is_one = last.targets.as_ref().is_some_and(|targets| targets.len() == 1);
    (ends_in_child && is_one && list.axis == Axis::Child).then_some((above, list, last))
}
