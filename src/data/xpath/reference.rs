//! Where leafrefs and instance-identifiers lead: `deref()` (RFC 7950 section 10.3.1) and the look-up of a referenced
//! instance, by key wherever the target is one.

use std::ops::ControlFlow;
use std::rc::Rc;

use smallvec::SmallVec;

use super::accessible::{ON, Visited};
use super::cursor::{Cursor, Item};
use super::{Context, EvalError, Evaluator};
use crate::data::path::{InstancePath, Keys, PathStep};
use crate::yang::schema::types::{Leafref, ParseContext, Raw, Strictness, Type, TypeKind};
use crate::yang::schema::xpath::{Axis, Expr, Step};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// The way to what was looked for last, without its last step. Paths that follow one another in a change mostly have it in
/// common, at least at its beginning.
#[derive(Default)]
pub(in crate::data) struct Way<'p, 'a> {
    passed: SmallVec<[(&'p PathStep, Cursor<'a>); 4]>,
}

impl<'a> Evaluator<'a> {
    /// The nodes that a leaf refers to; none where it refers to nothing or is no reference.
    pub(super) fn deref(&self, leaf: &Cursor<'a>) -> Result<Vec<Cursor<'a>>, EvalError> {
        let Item::Leaf { node, value } = leaf.item() else { return Ok(Vec::new()) };
        match self.schema.node(node).ty() {
            Some(ty) => self.referenced(leaf, ty, value),
            None => Ok(Vec::new()),
        }
    }

    fn referenced(&self, leaf: &Cursor<'a>, ty: &Type, value: &Value) -> Result<Vec<Cursor<'a>>, EvalError> {
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
                    let Some(value) = as_member(self.schema, leaf.item().node(), member, value) else {
                        continue;
                    };
                    let found = self.referenced(leaf, member, &value)?;
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

    /// Visits what stands at a path in the accessible tree: one node, or all entries where the path names a list or
    /// leaf-list as a whole.
    pub(in crate::data) fn visit_at(
        &self,
        path: &InstancePath,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        self.visit_along(&mut Way::default(), path, visit)
    }

    /// The same, on from where the way to another path was the same.
    pub(in crate::data) fn visit_along<'p>(
        &self,
        way: &mut Way<'p, 'a>,
        path: &'p InstancePath,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        let Some((last, above)) = path.steps.split_last() else { return visit(&Cursor::root(self.root)) };
        let is_same = |((passed, _), step): &(&(&PathStep, Cursor<'a>), &PathStep)| passed == step;
        let same = way.passed.iter().zip(above).take_while(is_same).count();
        way.passed.truncate(same);
        let mut parent =
            way.passed.last().map_or_else(|| Cursor::root(self.root), |(_, cursor)| cursor.clone());
        for step in above.iter().skip(same) {
            let mut found = None;
            let _ = self.visit_at_step(&parent, step, &mut |cursor| {
                found = Some(cursor.clone());
                Ok(ControlFlow::Break(()))
            })?;
            match found {
                Some(cursor) => parent = cursor,
                None => return ON,
            }
            way.passed.push((step, parent.clone()));
        }
        self.visit_at_step(&parent, last, visit)
    }

    fn visit_at_step(
        &self,
        parent: &Cursor<'a>,
        step: &PathStep,
        visit: &mut dyn FnMut(&Cursor<'a>) -> Visited,
    ) -> Visited {
        let Item::Inner { data, .. } = parent.item() else { return ON };
        if !self.is_accessible(step.node) {
            return ON;
        }
        let parent = Rc::new(parent.clone());
        if let NodeKind::List { keys, .. } = &self.schema.node(step.node).kind
            && !step.keys.is_empty()
            && !keys.is_empty()
        {
            let list = data.and_then(|container| container.list(step.node));
            return match list.and_then(|list| list.get(&step.keys)) {
                Some(entry) => {
                    let item = Item::Inner { node: step.node, data: Some(&**entry) };
                    visit(&Cursor::below(&parent, item))
                }
                None => ON,
            };
        }
        self.visit_child(data, step.node, &mut || Rc::clone(&parent), &mut |item| {
            let is_it = step.keys.first().is_none_or(|wanted| item.value() == Some(wanted));
            if is_it { visit(&Cursor::below(&parent, item)) } else { ON }
        })
    }

    /// The value of a leaf below an entry, through non-presence containers; a default in use counts.
    pub(in crate::data) fn leaf_below(
        &self,
        entry: &Cursor<'a>,
        leaf: NodeId,
    ) -> Result<Option<&'a Value>, EvalError> {
        let parent = self.schema.node(leaf).parent;
        let holder = if parent == entry.item().node() {
            entry.clone()
        } else {
            let mut steps = Vec::new();
            let mut at = parent;
            while at != entry.item().node() && at != NodeId::ROOT {
                steps.push(PathStep { node: at, keys: Keys::new() });
                at = self.schema.node(at).parent;
            }
            let mut holder = entry.clone();
            for step in steps.iter().rev() {
                let mut found = None;
                let _ = self.visit_at_step(&holder, step, &mut |cursor| {
                    found = Some(cursor.clone());
                    Ok(ControlFlow::Break(()))
                })?;
                match found {
                    Some(cursor) => holder = cursor,
                    None => return Ok(None),
                }
            }
            holder
        };
        let mut value = None;
        let _ = self.visit_at_step(&holder, &PathStep { node: leaf, keys: Keys::new() }, &mut |cursor| {
            value = cursor.item().value();
            Ok(ControlFlow::Break(()))
        })?;
        Ok(value)
    }

    fn find_below(&self, top: &Cursor<'a>, path: &InstancePath) -> Result<Option<Cursor<'a>>, EvalError> {
        let mut at = top.clone();
        for step in &path.steps {
            let needs_keys = self.schema.node(step.node).list_facts().is_some();
            if needs_keys && step.keys.is_empty() {
                return Ok(None);
            }
            let mut found = None;
            let _ = self.visit_at_step(&at, step, &mut |cursor| {
                found = Some(cursor.clone());
                Ok(ControlFlow::Break(()))
            })?;
            match found {
                Some(cursor) => at = cursor,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

/// A union's value as the value of one of its members, if that could have it (RFC 7950 section 9.12): which member gave a
/// leaf its value depends on what exists. The kind of JSON that it came from must fit (RFC 7951 section 6.10).
pub(in crate::data) fn as_member(
    schema: &Schema,
    node: NodeId,
    member: &Type,
    value: &Value,
) -> Option<Value> {
    let module = schema.node(node).module;
    let parse = |raw: Raw<'_>, strictness| {
        member.parse(raw, ParseContext { schema, module, strictness, prefixes: None }).ok()
    };
    match value {
        Value::Bool(value) => parse(Raw::Bool(*value), Strictness::Plain),
        Value::Int(value) => match u64::try_from(*value) {
            Ok(value) => parse(Raw::Uint(value), Strictness::Plain),
            Err(_) => parse(Raw::Int(*value), Strictness::Plain),
        },
        Value::Uint(value) => parse(Raw::Uint(*value), Strictness::Plain),
        Value::Empty => parse(Raw::Null, Strictness::Plain),
        text => parse(Raw::Text(&text.to_string()), Strictness::Rfc7951),
    }
}

/// Splits a leafref path that ends in `list/key`.
fn key_target(steps: &[Step]) -> Option<(&[Step], &Step, &Step)> {
    let [above @ .., list, last] = steps else { return None };
    let ends_in_child = last.axis == Axis::Child && last.predicates.is_empty();
    let is_one = last.targets.as_ref().is_some_and(|targets| targets.len() == 1);
    (ends_in_child && is_one && list.axis == Axis::Child).then_some((above, list, last))
}
