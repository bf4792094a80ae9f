//! Which constraints a change can reach. Each `must`, `when` and leafref path is walked over the schema instead of over
//! data; every schema node that the walk meets is one whose change may alter the outcome.
//!
//! For each such node the walk also finds the *anchor*: the deepest node of which the constraint's instance and the
//! changed instance are certain to share one instance. Only instances below it are checked again. Where a path goes
//! through `deref()` the two share nothing but the reference, and the index of references leads back.

use super::constraints::Constraints;
use crate::base::hashed::HashSet;
use crate::yang::schema::types::{Leafref, Type, TypeKind};
use crate::yang::schema::xpath::{Axis, ConstraintRef, Expr, Function, NodeTest, Step};
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// A constraint that a change of some node can reach.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reached {
    /// The node that carries the constraint.
    pub node: NodeId,
    /// Which constraint.
    pub constraint: ConstraintRef,
    /// What the changed instance and the constraint's instance share.
    pub anchor: NodeId,
    /// They share the anchor with the leaf that refers to the changed entry, not with the changed entry itself.
    pub via: Option<Via>,
}

/// A reference through which a constraint looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Via {
    /// The site whose target the constraint looks around.
    pub site: usize,
    /// The parent of the target: the changed instance is inside it.
    pub entry: NodeId,
}

/// A node that a walk stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    node: NodeId,
    anchor: NodeId,
    via: Option<(Via, NodeId)>,
}

impl Place {
    fn at(node: NodeId) -> Self {
        Place { node, anchor: node, via: None }
    }

    fn step_to(self, node: NodeId) -> Self {
        Place { node, ..self }
    }

    /// The parent; sharing less where the place is the anchor itself.
    fn up(self, schema: &Schema) -> Self {
        let node = schema.node(self.node).parent;
        let anchor = if self.node == self.anchor { node } else { self.anchor };
        match self.via {
            // Out of the referred-to entry: what is there has nothing certain to do with the reference.
            Some((via, _)) if self.node == via.entry => Place { node, anchor: NodeId::ROOT, via: None },
            via => Place { node, anchor, via },
        }
    }
}

/// Finds everything that the schema's expressions depend on.
pub(super) fn analyse(schema: &Schema, constraints: &mut Constraints) {
    let kept: Vec<NodeId> =
        schema.nodes().map(|(id, _)| id).filter(|id| constraints.keeps(schema, *id)).collect();
    for id in kept {
        let node = schema.node(id);
        for (index, must) in node.musts.iter().enumerate() {
            walk(
                schema,
                constraints,
                id,
                ConstraintRef::Must(number(index)),
                Place::at(id),
                &must.condition.root,
            );
        }
        for (index, when) in node.whens.iter().enumerate() {
            let mut context = Place::at(id);
            for _ in 0..when.levels_up {
                context = context.up(schema);
            }
            let constraint = ConstraintRef::When(number(index));
            walk(schema, constraints, id, constraint, context, &when.condition.root);
        }
        if let Some(ty) = node.ty() {
            analyse_type(schema, constraints, id, ty);
        }
    }
}

fn analyse_type(schema: &Schema, constraints: &mut Constraints, leaf: NodeId, ty: &Type) {
    match &ty.kind {
        TypeKind::Leafref(leafref) => {
            let mut walk = Walk::new(schema, constraints, leaf, ConstraintRef::Reference, Place::at(leaf));
            walk.path_of_leafref(leafref, Place::at(leaf));
            walk.finish();
        }
        TypeKind::Union { members } => {
            for member in members {
                analyse_type(schema, constraints, leaf, member);
            }
        }
        _ => {}
    }
}

/// What a leaf and the target of its leafref are certain to share.
pub(super) fn anchor_of(schema: &Schema, leaf: NodeId, leafref: &Leafref) -> NodeId {
    let Expr::Path(path) = &leafref.path.root else { return NodeId::ROOT };
    if path.absolute {
        return NodeId::ROOT;
    }
    let mut place = Place::at(leaf);
    for step in &path.steps {
        match step.axis {
            Axis::Parent => place = place.up(schema),
            Axis::SelfAxis => {}
            Axis::Child => return place.anchor,
            _ => return NodeId::ROOT,
        }
    }
    place.anchor
}

fn walk(
    schema: &Schema,
    constraints: &mut Constraints,
    node: NodeId,
    constraint: ConstraintRef,
    context: Place,
    expr: &Expr,
) {
    let mut walk = Walk::new(schema, constraints, node, constraint, context);
    walk.expression(expr, &[context], Use::Value);
    walk.finish();
}

/// What is asked of the nodes that an expression leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Whether they exist, and how many.
    Existence,
    /// Their string-values: everything inside them counts.
    Value,
}

struct Walk<'w> {
    schema: &'w Schema,
    constraints: &'w mut Constraints,
    node: NodeId,
    constraint: ConstraintRef,
    current: Place,
    found: HashSet<Place>,
    /// It follows an instance-identifier: anything may matter.
    is_open: bool,
}

impl<'w> Walk<'w> {
    fn new(
        schema: &'w Schema,
        constraints: &'w mut Constraints,
        node: NodeId,
        constraint: ConstraintRef,
        current: Place,
    ) -> Self {
        Walk { schema, constraints, node, constraint, current, found: HashSet::default(), is_open: false }
    }

    fn finish(self) {
        let reached = |anchor, via| Reached { node: self.node, constraint: self.constraint, anchor, via };
        for place in &self.found {
            let entry = match place.via {
                Some((via, anchor)) => reached(anchor, Some(via)),
                None => reached(place.anchor, None),
            };
            let known = self.constraints.reached.entry(place.node).or_default();
            if !known.contains(&entry) {
                known.push(entry);
            }
        }
        if self.is_open {
            self.constraints.reached_by_all.push(reached(NodeId::ROOT, None));
        }
    }

    /// Walks an expression and returns the places that it leads to, if it is a node-set.
    fn expression(&mut self, expr: &Expr, context: &[Place], used: Use) -> Vec<Place> {
        match expr {
            Expr::Or(left, right) | Expr::And(left, right) => {
                self.expression(left, context, Use::Existence);
                self.expression(right, context, Use::Existence);
                Vec::new()
            }
            Expr::Compare(_, left, right) | Expr::Arithmetic(_, left, right) => {
                self.expression(left, context, Use::Value);
                self.expression(right, context, Use::Value);
                Vec::new()
            }
            Expr::Negate(operand) => {
                self.expression(operand, context, Use::Value);
                Vec::new()
            }
            Expr::Union(left, right) => {
                let mut places = self.expression(left, context, used);
                places.extend(self.expression(right, context, used));
                places
            }
            Expr::Number(_) | Expr::Literal(_) => Vec::new(),
            Expr::Call(function, arguments) => self.call(*function, arguments, context, used),
            Expr::Path(path) => {
                let start = if path.absolute { vec![Place::at(NodeId::ROOT)] } else { context.to_vec() };
                self.steps(start, &path.steps, used)
            }
            Expr::Filter { primary, predicates, steps } => {
                let places = self.expression(primary, context, used);
                self.predicates(predicates, &places);
                self.steps(places, steps, used)
            }
        }
    }

    fn call(&mut self, function: Function, arguments: &[Expr], context: &[Place], used: Use) -> Vec<Place> {
        let used_inside = match function {
            Function::Count | Function::Boolean | Function::Not | Function::Name | Function::LocalName => {
                Use::Existence
            }
            _ => Use::Value,
        };
        let mut places = Vec::new();
        for argument in arguments {
            places.extend(self.expression(argument, context, used_inside));
        }
        if arguments.is_empty() && used_inside == Use::Value {
            self.note(context, Use::Value);
        }
        match function {
            Function::Current => {
                let current = vec![self.current];
                self.note(&current, used);
                current
            }
            Function::Deref => {
                let targets = self.deref(&places);
                self.note(&targets, used);
                targets
            }
            _ => Vec::new(),
        }
    }

    fn steps(&mut self, start: Vec<Place>, steps: &[Step], used: Use) -> Vec<Place> {
        let mut places = start;
        if steps.is_empty() {
            self.note(&places, used);
        }
        for (index, step) in steps.iter().enumerate() {
            places = self.step(&places, step);
            self.predicates(&step.predicates, &places);
            let is_last = index + 1 == steps.len();
            self.note(&places, if is_last { used } else { Use::Existence });
        }
        places
    }

    fn predicates(&mut self, predicates: &[Expr], context: &[Place]) {
        for predicate in predicates {
            self.expression(predicate, context, Use::Existence);
        }
    }

    fn step(&mut self, from: &[Place], step: &Step) -> Vec<Place> {
        let mut reached: Vec<Place> = Vec::new();
        for place in from {
            self.along(*place, step.axis, &mut reached);
        }
        let schema = self.schema;
        let mut seen = HashSet::default();
        reached.retain(|place| passes(schema, &step.test, place.node) && seen.insert(*place));
        reached
    }

    fn along(&self, place: Place, axis: Axis, reached: &mut Vec<Place>) {
        let schema = self.schema;
        match axis {
            Axis::SelfAxis => reached.push(place),
            // A leaf's only child is its text, which changes when the leaf does.
            Axis::Child if schema.node(place.node).ty().is_some() => reached.push(place),
            Axis::Child => reached.extend(self.children(place)),
            Axis::Parent => {
                if place.node != NodeId::ROOT {
                    reached.push(place.up(schema));
                }
            }
            Axis::Ancestor | Axis::AncestorOrSelf => {
                let mut at = place;
                if axis == Axis::AncestorOrSelf {
                    reached.push(at);
                }
                while at.node != NodeId::ROOT {
                    at = at.up(schema);
                    reached.push(at);
                }
            }
            Axis::Descendant => self.descendants(place, reached),
            Axis::DescendantOrSelf => {
                reached.push(place);
                self.descendants(place, reached);
            }
            Axis::FollowingSibling | Axis::PrecedingSibling => {
                if place.node != NodeId::ROOT {
                    reached.extend(self.children(place.up(schema)));
                }
            }
            Axis::Following | Axis::Preceding => {
                self.descendants(Place { via: None, ..Place::at(NodeId::ROOT) }, reached);
            }
            Axis::Attribute | Axis::Namespace => {}
        }
    }

    fn children(&self, place: Place) -> impl Iterator<Item = Place> + '_ {
        let children = self.schema.children(place.node).iter();
        children.filter(|child| self.schema.node(**child).is_data()).map(move |child| place.step_to(*child))
    }

    fn descendants(&self, place: Place, reached: &mut Vec<Place>) {
        for child in self.children(place) {
            reached.push(child);
            self.descendants(child, reached);
        }
    }

    fn note(&mut self, places: &[Place], used: Use) {
        for place in places {
            self.found.insert(*place);
            if used == Use::Value {
                let mut below = Vec::new();
                self.descendants(*place, &mut below);
                self.found.extend(below);
            }
        }
    }

    /// Where `deref()` leads from some places.
    fn deref(&mut self, from: &[Place]) -> Vec<Place> {
        let mut targets = Vec::new();
        for place in from {
            let sites = self.constraints.sites_of.get(&place.node).cloned().unwrap_or_default();
            for site in sites {
                let Some(target) = self.constraints.sites.get(site).and_then(|site| site.target.clone())
                else {
                    self.is_open = true;
                    continue;
                };
                let entry = self.schema.node(target.node).parent;
                let via = (Via { site, entry }, place.anchor);
                let direct = place.via.is_none() && entry != NodeId::ROOT;
                targets.push(if direct {
                    Place { node: target.node, anchor: target.node, via: Some(via) }
                } else {
                    Place { node: target.node, anchor: NodeId::ROOT, via: None }
                });
            }
            if let Some(ty) = self.schema.node(place.node).ty() {
                for leafref in leafrefs(ty) {
                    self.path_of_leafref(&leafref, *place);
                }
            }
        }
        targets
    }

    /// A leafref's path: what its predicates look at. The target itself and the keys on the way to it are the business
    /// of the index of references.
    fn path_of_leafref(&mut self, leafref: &Leafref, leaf: Place) {
        let Expr::Path(path) = &leafref.path.root else {
            self.expression(&leafref.path.root, &[leaf], Use::Value);
            return;
        };
        let current = std::mem::replace(&mut self.current, leaf);
        let mut places = if path.absolute { vec![Place::at(NodeId::ROOT)] } else { vec![leaf] };
        for step in &path.steps {
            places = self.step(&places, step);
            for predicate in &step.predicates {
                let before = self.found.clone();
                self.expression(predicate, &places, Use::Existence);
                let schema = self.schema;
                self.found.retain(|place| before.contains(place) || !is_key(schema, place.node, &places));
            }
        }
        self.current = current;
    }
}

/// Whether a node is a key of one of the lists.
fn is_key(schema: &Schema, node: NodeId, lists: &[Place]) -> bool {
    lists.iter().any(|list| list.node == node || schema.node(list.node).keys().contains(&node))
}

fn leafrefs(ty: &Type) -> Vec<Leafref> {
    match &ty.kind {
        TypeKind::Leafref(leafref) => vec![leafref.clone()],
        TypeKind::Union { members } => members.iter().flat_map(|member| leafrefs(member)).collect(),
        _ => Vec::new(),
    }
}

fn passes(schema: &Schema, test: &NodeTest, node: NodeId) -> bool {
    let facts = schema.node(node);
    match test {
        NodeTest::Node => true,
        NodeTest::Text => facts.ty().is_some(),
        NodeTest::Nothing => false,
        NodeTest::Any(module) => {
            !matches!(facts.kind, NodeKind::Root) && module.is_none_or(|module| facts.module == module)
        }
        NodeTest::Name { module, name } => {
            facts.name == *name && module.is_none_or(|module| facts.module == module)
        }
    }
}

fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
