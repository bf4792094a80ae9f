//! One check a kind of constraint, over the accessible tree, and the violation it makes (RFC 7950 sections 8 and 15).
//!
//! Which nodes are checked is decided elsewhere: all of them in [`super::walk`], those a change reaches in
//! [`super::reached`].

use std::ops::ControlFlow;
use std::rc::Rc;

use super::constraints::{Constraints, index};
use super::index::{ReferenceIndex, Row, Trail, hash_of, path_of, tuple_of};
use crate::base::error::ErrorTag;
use crate::data::default::{case_holds, has_any};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::data::violation::{Violation, shorten};
use crate::data::xpath::accessible::ON;
use crate::data::xpath::reference::as_member;
use crate::data::xpath::{Cursor, EvalError, Evaluator, Invoked, Item};
use crate::yang::schema::types::{Type, TypeKind};
use crate::yang::schema::xpath::Expression;
use crate::yang::schema::{Must, NodeId, NodeKind, Schema, Value};

/// Checks constraints over one tree and keeps what is wrong.
pub(super) struct Checker<'a> {
    pub schema: &'a Schema,
    pub constraints: &'a Constraints,
    pub index: &'a ReferenceIndex,
    /// For constraints of configuration nodes.
    config: Evaluator<'a>,
    /// For constraints of state nodes, and for finding instances.
    pub all: Evaluator<'a>,
    pub violations: Vec<Violation>,
}

impl<'a> Checker<'a> {
    pub fn new(schema: &'a Schema, root: &'a Container, index: &'a ReferenceIndex) -> Self {
        Checker {
            schema,
            constraints: &index.constraints,
            index,
            config: Evaluator::new(schema, root).config_only(),
            all: Evaluator::new(schema, root),
            violations: Vec::new(),
        }
    }

    /// A checker of what an operation or notification holds.
    pub fn of_invoked(
        schema: &'a Schema,
        root: &'a Container,
        index: &'a ReferenceIndex,
        invoked: Invoked<'a>,
    ) -> Self {
        let checker = Checker::new(schema, root, index);
        Checker {
            config: checker.config.with_invoked(invoked),
            all: checker.all.with_invoked(invoked),
            ..checker
        }
    }

    /// The evaluator that sees what a node's constraints may see (RFC 7950 section 6.4.1), with a fresh budget.
    pub fn evaluator(&self, node: NodeId) -> &Evaluator<'a> {
        let evaluator = if self.schema.node(node).config { &self.config } else { &self.all };
        evaluator.refill();
        evaluator
    }

    /// Whether a node's content must not be quoted.
    fn is_private(&self, node: NodeId) -> bool {
        let extensions = self.schema.node(node).extensions;
        extensions.secret || extensions.hashed
    }

    fn quoted(&self, node: NodeId, value: &Value) -> String {
        if self.is_private(node) {
            "a secret".to_owned()
        } else {
            format!("'{}'", shorten(&value.to_string()))
        }
    }

    /// A condition that could not be evaluated counts as violated: nothing is let through unchecked.
    fn unevaluated(&mut self, cursor: &Cursor<'a>, expression: &Expression, error: &EvalError) {
        let message = format!("the condition '{}' cannot be evaluated: {error}", shorten(&expression.source));
        self.violations.push(Violation::new(ErrorTag::OperationFailed, cursor.path(self.schema), message));
    }

    /// RFC 7950 section 7.5.3, one `must`.
    pub fn must(&mut self, cursor: &Cursor<'a>, index: usize) {
        let schema = self.schema;
        let node = schema.node(cursor.item().node());
        let Some(must) = node.musts.get(index) else { return };
        match self.evaluator(node.id).matches(&must.condition, cursor) {
            Ok(true) => {}
            Ok(false) => {
                let violation = self.must_violation(cursor, must);
                self.violations.push(violation);
            }
            Err(error) => self.unevaluated(cursor, &must.condition, &error),
        }
    }

    fn must_violation(&self, cursor: &Cursor<'a>, must: &Must) -> Violation {
        let value = cursor.item().value().map(|value| self.quoted(cursor.item().node(), value));
        let message = match (&must.message, &value) {
            (Some(message), _) => message.to_string(),
            (None, Some(value)) => {
                format!("{value} does not fulfil the condition '{}'", shorten(&must.condition.source))
            }
            (None, None) => format!("the condition '{}' is not fulfilled", shorten(&must.condition.source)),
        };
        let app_tag = must.app_tag.as_deref().unwrap_or("must-violation");
        let path = cursor.path(self.schema);
        let violation = Violation::new(ErrorTag::OperationFailed, path, message).app_tag(app_tag);
        let violation = violation.info("condition", must.condition.source.to_string());
        match cursor.item().value() {
            Some(value) if !self.is_private(cursor.item().node()) => {
                violation.info("value", shorten(&value.to_string()))
            }
            _ => violation,
        }
    }

    /// Whether nothing forbids a stored node, or one that exists by default, and all that is above it: what stands under a
    /// false `when` is at fault as a whole, and nothing more is said about it.
    pub fn is_allowed(&self, cursor: &Cursor<'a>) -> bool {
        let mut at = Some(cursor);
        while let Some(here) = at {
            let node = here.item().node();
            let above = here.parent();
            if let Some(parent) = above
                && !self.schema.node(node).whens.is_empty()
                && self.is_stored(here)
                && self.evaluator(node).whens_of(node, parent) != Ok(true)
            {
                return false;
            }
            at = above.map(AsRef::as_ref);
        }
        true
    }

    /// RFC 7950 section 8.3.1: a node that is stored though its `when` is false.
    pub fn when(&mut self, cursor: &Cursor<'a>, index: usize) {
        let schema = self.schema;
        let node = schema.node(cursor.item().node());
        let (Some(when), Some(parent)) = (node.whens.get(index), cursor.parent()) else { return };
        match self.evaluator(node.id).when_holds(node.id, index, parent) {
            Ok(true) => {}
            Ok(false) => {
                let source = shorten(&when.condition.source);
                let message = format!("{} is allowed only when '{source}', which is not so here", node.name);
                let path = self.node_path(cursor);
                let violation = Violation::new(ErrorTag::UnknownElement, path, message);
                self.violations.push(violation.info("condition", when.condition.source.to_string()));
            }
            Err(error) => self.unevaluated(cursor, &when.condition, &error),
        }
    }

    /// The path of a node; of a leaf-list entry the whole leaf-list's, since its entries live and die together.
    fn node_path(&self, cursor: &Cursor<'a>) -> InstancePath {
        let mut path = cursor.path(self.schema);
        if matches!(self.schema.node(cursor.item().node()).kind, NodeKind::LeafList { .. })
            && let Some(last) = path.steps.last_mut()
        {
            last.keys.clear();
        }
        path
    }

    /// RFC 7950 sections 9.9.3, 9.13 and 15.5: a leafref or instance-identifier that requires its target.
    pub fn reference(&mut self, cursor: &Cursor<'a>) {
        let Item::Leaf { node, value } = cursor.item() else { return };
        let Some(ty) = self.schema.node(node).ty() else { return };
        match self.refers(cursor, ty, value) {
            Ok(true) => {}
            Ok(false) => {
                let message = self.missing_target(node, ty, value);
                let violation = Violation::new(ErrorTag::DataMissing, cursor.path(self.schema), message);
                self.violations.push(violation.app_tag("instance-required"));
            }
            Err(error) => {
                let message = format!("the reference cannot be followed: {error}");
                let path = cursor.path(self.schema);
                self.violations.push(Violation::new(ErrorTag::OperationFailed, path, message));
            }
        }
    }

    fn missing_target(&self, node: NodeId, ty: &Type, value: &Value) -> String {
        let value = self.quoted(node, value);
        match &ty.kind {
            TypeKind::Leafref(leafref) => {
                format!("{value} does not exist: there is no such {}", self.schema.path(leafref.target))
            }
            TypeKind::InstanceIdentifier { .. } => format!("{value} does not exist"),
            _ => format!("{value} is no value of its own and refers to nothing that exists"),
        }
    }

    fn refers(&self, cursor: &Cursor<'a>, ty: &Type, value: &Value) -> Result<bool, EvalError> {
        let node = cursor.item().node();
        match &ty.kind {
            TypeKind::Leafref(leafref) if !leafref.require_instance => Ok(true),
            TypeKind::Leafref(leafref) => match self.indexed_target(cursor, node, leafref.target, value)? {
                Some(exists) => Ok(exists),
                None => self.evaluator(node).has_target(leafref, cursor, value),
            },
            TypeKind::InstanceIdentifier { require_instance } => {
                Ok(!require_instance || self.evaluator(node).has_instance(cursor, value)?)
            }
            TypeKind::Union { members } => {
                for member in members {
                    if let Some(value) = as_member(self.schema, node, member, value)
                        && self.refers(cursor, member, &value)?
                    {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    /// Whether the value of a leafref to leafs that are not keys is there, by the index; `None` where the index does
    /// not say.
    fn indexed_target(
        &self,
        cursor: &Cursor<'a>,
        node: NodeId,
        target_node: NodeId,
        value: &Value,
    ) -> Result<Option<bool>, EvalError> {
        let Some([site]) = self.constraints.sites_of.get(&node).map(Vec::as_slice) else { return Ok(None) };
        let Some(target) = self.constraints.sites.get(*site).and_then(|site| site.target.as_ref()) else {
            return Ok(None);
        };
        if !target.is_indexed || target.node != target_node {
            return Ok(None);
        }
        let path = cursor.path(self.schema);
        let trail = Trail::to(&path);
        let hash = hash_of(trail.keys_to(target.anchor), value);
        for candidate in self.index.targets(self.schema, *site, hash) {
            let found = self.evaluator(node).find(&candidate)?;
            let shares = path
                .steps
                .iter()
                .zip(&candidate.steps)
                .take_while(|(own, other)| own == other)
                .any(|(own, _)| own.node == target.anchor);
            if (shares || target.anchor == NodeId::ROOT)
                && found.is_some_and(|found| found.item().value() == Some(value))
            {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    /// What a container, entry or the root must and must not have directly below it: mandatory nodes and choices,
    /// numbers of entries.
    pub fn structure(&mut self, parent: &Rc<Cursor<'a>>) {
        let Item::Inner { node, data } = parent.item() else { return };
        let schema = self.schema;
        let watched = self.constraints.watched.get(index(node));
        for child in watched.into_iter().flat_map(|children| children.iter().copied()) {
            let facts = schema.node(child);
            let stored = data.and_then(|data| data.get(child));
            if let Some(list) = facts.list_facts() {
                let count = match stored {
                    Some(Data::List(list)) => list.len(),
                    Some(Data::LeafList(values)) => values.len(),
                    _ => self.default_count(parent, child),
                };
                if list.max.is_some_and(|max| count > max as usize) {
                    self.count(parent, child, count);
                }
                if count < list.min as usize && self.is_wanted(parent, child) {
                    self.count(parent, child, count);
                }
            } else if facts.mandatory && stored.is_none() && self.is_wanted(parent, child) {
                let path = parent.path(schema);
                let message = format!("{} is missing; it is mandatory", facts.name);
                self.violations.push(Violation::new(ErrorTag::MissingElement, path.child(child), message));
            }
        }
        for choice in self.constraints.mandatory_choices.get(&node).into_iter().flatten() {
            if !has_any(schema, data, *choice) && self.is_wanted(parent, *choice) {
                self.missing_choice(parent, *choice);
            }
        }
    }

    /// How many entries a leaf-list has by default.
    fn default_count(&self, parent: &Rc<Cursor<'a>>, child: NodeId) -> usize {
        let mut count = 0;
        let data = parent.item().container();
        let _ = self.evaluator(child).visit_child(data, child, &mut || Rc::clone(parent), &mut |_| {
            count += 1;
            ON
        });
        count
    }

    /// Whether something mandatory is asked for: it is in no case, or in one that exists, and its conditions hold.
    fn is_wanted(&self, parent: &Rc<Cursor<'a>>, node: NodeId) -> bool {
        let data = parent.item().container();
        let facts = self.schema.node(node);
        let is_in_case = facts.schema_parent != facts.parent;
        if is_in_case && !(case_holds(self.schema, data, node) && self.case_exists(parent, node)) {
            return false;
        }
        self.evaluator(node).whens_of(node, parent).unwrap_or(true)
    }

    /// RFC 7950 section 7.6.5: what is mandatory inside a case is so where a node of the case exists.
    fn case_exists(&self, parent: &Rc<Cursor<'a>>, node: NodeId) -> bool {
        let case = self.schema.node(node).schema_parent;
        has_any(self.schema, parent.item().container(), case)
    }

    fn count(&mut self, parent: &Rc<Cursor<'a>>, child: NodeId, count: usize) {
        let facts = self.schema.node(child);
        let Some(list) = facts.list_facts() else { return };
        let (app_tag, limit, bound) = match list.max {
            Some(max) if count > max as usize => ("too-many-elements", "at most", max),
            _ => ("too-few-elements", "at least", list.min),
        };
        let entries = if count == 1 { "entry" } else { "entries" };
        let message = format!("{} has {count} {entries}; {limit} {bound} are allowed", facts.name);
        let path = parent.path(self.schema).child(child);
        self.violations.push(Violation::new(ErrorTag::OperationFailed, path, message).app_tag(app_tag));
    }

    fn missing_choice(&mut self, cursor: &Cursor<'a>, choice: NodeId) {
        let facts = self.schema.node(choice);
        let cases: Vec<String> =
            facts.schema_children.iter().map(|case| self.schema.node(*case).name.to_string()).collect();
        let message = format!("nothing is chosen for {}; one of {} is needed", facts.name, cases.join(", "));
        let violation = Violation::new(ErrorTag::DataMissing, cursor.path(self.schema), message);
        let violation = violation.app_tag("missing-choice");
        self.violations.push(violation.info("missing-choice", facts.name.to_string()));
    }

    /// RFC 7950 sections 7.8.3 and 15.1: entries whose rows have one hash, of which those with equal tuples are named.
    pub fn unique(&mut self, rows: &[Row]) {
        let Some(first) = rows.first() else { return };
        let Some(unique) = self.constraints.uniques.get(first.what) else { return };
        let mut groups: Vec<(InstancePath, Vec<&'a Value>, Vec<InstancePath>)> = Vec::new();
        for row in rows {
            let path = path_of(self.schema, unique.list, &row.keys);
            let evaluator = self.evaluator(unique.list);
            let Ok(Some(entry)) = evaluator.find(&path) else { continue };
            let Ok(Some(tuple)) = tuple_of(evaluator, &entry, &unique.leafs) else { continue };
            let list = path.parent().unwrap_or_default().child(unique.list);
            match groups.iter_mut().find(|(at, values, _)| *at == list && *values == tuple) {
                Some((_, _, entries)) => entries.push(path),
                None => groups.push((list, tuple, vec![path])),
            }
        }
        for (list, tuple, entries) in groups {
            if entries.len() > 1 {
                let violation = self.not_unique(list, &unique.leafs, &tuple, &entries);
                self.violations.push(violation);
            }
        }
    }

    fn not_unique(
        &self,
        list: InstancePath,
        leafs: &[NodeId],
        tuple: &[&Value],
        entries: &[InstancePath],
    ) -> Violation {
        let below = |leaf: NodeId| {
            let mut names = Vec::new();
            let mut at = leaf;
            while at != list.target() && at != NodeId::ROOT {
                names.push(at);
                at = self.schema.node(at).parent;
            }
            names.reverse();
            names
        };
        let same: Vec<String> = leafs
            .iter()
            .zip(tuple)
            .map(|(leaf, value)| {
                let names = below(*leaf);
                let names: Vec<&str> = names.iter().map(|node| &*self.schema.node(*node).name).collect();
                format!("{} {}", names.join("/"), self.quoted(*leaf, value))
            })
            .collect();
        let keys: Vec<String> = entries
            .iter()
            .take(5)
            .map(|entry| {
                let keys: Vec<String> = entry.keys().iter().map(ToString::to_string).collect();
                format!("'{}'", shorten(&keys.join(",")))
            })
            .collect();
        let more = if entries.len() > 5 { " and others" } else { "" };
        let message =
            format!("{}{more} have the same {}; no two entries may", keys.join(", "), same.join(" and "));
        let mut violation =
            Violation::new(ErrorTag::OperationFailed, list.clone(), message).app_tag("data-not-unique");
        for entry in entries {
            for leaf in leafs {
                let path = below(*leaf).into_iter().fold(entry.clone(), |path, node| path.child(node));
                violation = violation.info("non-unique", path.to_instance_identifier(self.schema));
            }
        }
        violation
    }
}

/// Visits the instances of a node below a cursor, stored or existing by default.
pub(super) fn visit_instances<'a>(
    evaluator: &Evaluator<'a>,
    anchor: &Cursor<'a>,
    node: NodeId,
    visit: &mut dyn FnMut(&Cursor<'a>),
) -> Result<(), EvalError> {
    let mut nodes = Vec::new();
    let mut at = node;
    while at != anchor.item().node() && at != NodeId::ROOT {
        nodes.push(at);
        at = evaluator.schema.node(at).parent;
    }
    nodes.reverse();
    descend(evaluator, anchor, &nodes, visit)
}

fn descend<'a>(
    evaluator: &Evaluator<'a>,
    from: &Cursor<'a>,
    nodes: &[NodeId],
    visit: &mut dyn FnMut(&Cursor<'a>),
) -> Result<(), EvalError> {
    let Some((next, rest)) = nodes.split_first() else {
        visit(from);
        return Ok(());
    };
    let parent = Rc::new(from.clone());
    let data = from.item().container();
    let _ = evaluator.visit_child(data, *next, &mut || Rc::clone(&parent), &mut |item| {
        evaluator.refill();
        descend(evaluator, &Cursor::below(&parent, item), rest, visit)?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}
