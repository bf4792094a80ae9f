//! XPath expressions bound to the schema: prefixes become modules, functions are checked, and every step knows the nodes
//! it can reach.

#[cfg(test)]
mod tests;

use crate::base::ident::Ident;
use crate::base::suggest::nearest;
use crate::yang::schema::node::NodeKind;
use crate::yang::schema::types::{TypeKind, pattern};
use crate::yang::schema::{ModuleId, NodeId, Schema};
use crate::yang::syntax::xpath::{self as ast, Ast, parse_xpath};

use super::functions::FUNCTIONS;
use super::reach::{Reach, children, join, parent, walk, way_up};
use super::{Axis, Comparison, Expr, Expression, Function, LocationPath, NodeTest, Step};

/// Why a text is not an expression over this schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", offset + 1)]
pub struct XPathError {
    /// Offset of the byte at which it goes wrong.
    pub offset: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// Something that is legal and probably not meant.
pub type XPathWarning = XPathError;

/// Compiles an expression of a request (`where`, `filter`): a name without prefix matches nodes of any module, a prefix is
/// a module's name. The context node is `context`; unprefixed identities are those of `module`.
///
/// # Errors
/// Syntax errors, names that the schema does not have there, unknown functions and wrong numbers of arguments.
pub fn compile_expression(
    schema: &Schema,
    text: &str,
    context: NodeId,
    module: ModuleId,
) -> Result<(Expression, Vec<XPathWarning>), XPathError> {
    let ast =
        parse_xpath(text).map_err(|error| XPathError { offset: error.offset, message: error.message })?;
    let bound = bind(schema, &ast, &Naming::Request { module }, context);
    let mut problems = bound.problems;
    problems.sort_by_key(|problem| problem.offset);
    match problems.into_iter().next() {
        Some(first) => Err(XPathError { offset: first.offset, message: first.message }),
        None => Ok((Expression { source: Ident::from(text), root: bound.root }, Vec::new())),
    }
}

/// How the names of an expression are to be understood.
pub(crate) enum Naming<'n> {
    /// In a module (RFC 7950 section 6.4.1).
    Module {
        /// The module of a prefix.
        prefix: &'n dyn Fn(&str) -> Option<ModuleId>,
        /// Modules for names without prefix: the first that has the name at that place counts, else the first.
        unprefixed: [ModuleId; 2],
    },
    /// In a request: prefixes are module names, names without prefix match any module.
    Request {
        /// For identities without prefix.
        module: ModuleId,
    },
}

/// Something wrong with a name in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub offset: usize,
    pub message: String,
    /// The expression has no meaning at all: an unknown function, prefix or argument count. Otherwise it only selects
    /// nothing.
    pub fatal: bool,
}

/// A bound expression and what was learnt on the way.
#[derive(Debug)]
pub(crate) struct Bound {
    pub root: Expr,
    /// Nodes whose change may alter the outcome, each with its anchor; see [`super::Dependent`].
    pub touched: Vec<(NodeId, NodeId)>,
    pub problems: Vec<Problem>,
    /// The nodes that it selects, when it is a node-set.
    pub result: Option<Reach>,
}

/// Binds a parsed expression.
pub(crate) fn bind(schema: &Schema, ast: &Ast, naming: &Naming<'_>, context: NodeId) -> Bound {
    let start = Reach { nodes: Some(vec![context]), anchor: context };
    let mut binder =
        Binder { schema, naming, current: start.clone(), touched: Vec::new(), problems: Vec::new() };
    let (root, result) = binder.expr(ast, &start);
    let mut touched = binder.touched;
    touched.sort_unstable();
    touched.dedup_by_key(|(node, _)| *node);
    Bound { root, touched, problems: binder.problems, result }
}

struct Binder<'b> {
    schema: &'b Schema,
    naming: &'b Naming<'b>,
    current: Reach,
    touched: Vec<(NodeId, NodeId)>,
    problems: Vec<Problem>,
}

impl Binder<'_> {
    fn problem(&mut self, offset: usize, fatal: bool, message: String) {
        self.problems.push(Problem { offset, message, fatal });
    }

    fn plain(&mut self, ast: &Ast, context: &Reach) -> Box<Expr> {
        Box::new(self.expr(ast, context).0)
    }

    /// The bound expression, and what it selects when it is a node-set.
    fn expr(&mut self, ast: &Ast, context: &Reach) -> (Expr, Option<Reach>) {
        let expr = match ast {
            Ast::Or(left, right) => Expr::Or(self.plain(left, context), self.plain(right, context)),
            Ast::And(left, right) => Expr::And(self.plain(left, context), self.plain(right, context)),
            Ast::Compare(comparison, left, right) => self.compare(*comparison, left, right, context),
            Ast::Arithmetic(operator, left, right) => {
                Expr::Arithmetic(*operator, self.plain(left, context), self.plain(right, context))
            }
            Ast::Negate(inner) => Expr::Negate(self.plain(inner, context)),
            Ast::Union(left, right) => {
                let (left, first) = self.expr(left, context);
                let (right, second) = self.expr(right, context);
                let joined = match (first, second) {
                    (Some(first), Some(second)) => Some(join(first, second)),
                    _ => None,
                };
                return (Expr::Union(Box::new(left), Box::new(right)), joined);
            }
            Ast::Number(number) => Expr::Number(*number),
            Ast::Literal(text) => Expr::Literal(text.clone()),
            Ast::Call { name, arguments } => return self.call(name, arguments, context),
            Ast::Path(path) => {
                let start = if path.absolute {
                    Reach { nodes: Some(vec![NodeId::ROOT]), anchor: NodeId::ROOT }
                } else {
                    context.clone()
                };
                let (steps, reach) = self.steps(&path.steps, start);
                return (Expr::Path(LocationPath { absolute: path.absolute, steps }), Some(reach));
            }
            Ast::Filter { primary, predicates, steps } => {
                let (primary, reach) = self.expr(primary, context);
                let reach = reach.unwrap_or(Reach { nodes: None, anchor: NodeId::ROOT });
                let predicates = predicates.iter().map(|predicate| self.expr(predicate, &reach).0).collect();
                let (steps, reach) = self.steps(steps, reach);
                return (Expr::Filter { primary: Box::new(primary), predicates, steps }, Some(reach));
            }
        };
        (expr, None)
    }

    /// A comparison; a literal beside an identityref gets the module's name in front, as values print.
    fn compare(&mut self, comparison: Comparison, left: &Ast, right: &Ast, context: &Reach) -> Expr {
        let (mut bound_left, reach_left) = self.expr(left, context);
        let (mut bound_right, reach_right) = self.expr(right, context);
        if let Expr::Literal(text) = &mut bound_right {
            self.qualify(text, reach_left.as_ref());
        }
        if let Expr::Literal(text) = &mut bound_left {
            self.qualify(text, reach_right.as_ref());
        }
        Expr::Compare(comparison, Box::new(bound_left), Box::new(bound_right))
    }

    fn qualify(&mut self, text: &mut Ident, beside: Option<&Reach>) {
        let Some(nodes) = beside.and_then(|reach| reach.nodes.as_ref()) else { return };
        let is_identity = |id: &NodeId| {
            let ty = self.schema.node(*id).ty();
            ty.is_some_and(|ty| matches!(ty.effective().kind, TypeKind::Identityref { .. }))
        };
        if nodes.is_empty() || !nodes.iter().all(is_identity) {
            return;
        }
        let (prefix, name) = match text.split_once(':') {
            Some((prefix, name)) => (Some(prefix), name),
            None => (None, text.as_str()),
        };
        let module = match (prefix, self.naming) {
            (Some(prefix), _) => self.module(prefix),
            (None, Naming::Module { unprefixed: [first, _], .. }) => Some(*first),
            (None, Naming::Request { .. }) => match self.schema.identities_named(name) {
                [only] => Some(self.schema.identity(*only).module),
                _ => None,
            },
        };
        if let Some(module) = module {
            *text = Ident::from(format!("{}:{name}", self.schema.module(module).name));
        }
    }

    fn module(&self, prefix: &str) -> Option<ModuleId> {
        match self.naming {
            Naming::Module { prefix: of, .. } => of(prefix),
            Naming::Request { .. } => self.schema.module_by_name(prefix),
        }
    }

    fn call(&mut self, name: &ast::Name, arguments: &[Ast], context: &Reach) -> (Expr, Option<Reach>) {
        let row = FUNCTIONS.iter().find(|row| name.prefix.is_none() && row.name == name.local.as_str());
        let Some(row) = row else {
            let near = nearest(&name.local, FUNCTIONS.iter().map(|row| row.name));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            self.problem(name.offset, true, format!("there is no function '{name}'{hint}"));
            return (Expr::Literal(Ident::from("")), None);
        };
        let count = arguments.len();
        if count < row.least || row.most.is_some_and(|most| count > most) {
            let allowed = match row.most {
                Some(most) if most == row.least => row.least.to_string(),
                Some(most) => format!("{} to {most}", row.least),
                None => format!("at least {}", row.least),
            };
            let message = format!("'{}' takes {allowed} arguments, not {count}", row.name);
            self.problem(name.offset, true, message);
        }
        let mut bound = Vec::with_capacity(count);
        let mut first = None;
        for (index, argument) in arguments.iter().enumerate() {
            let (expr, reach) = self.expr(argument, context);
            if index == 0 {
                if row.node_set && reach.is_none() {
                    let message = format!("the first argument of '{}' must select nodes", row.name);
                    self.problem(name.offset, true, message);
                }
                first = reach;
            }
            bound.push(expr);
        }
        let result = match row.function {
            Function::Current => {
                self.touch(&self.current.clone());
                Some(self.current.clone())
            }
            Function::Deref => {
                let reach = self.deref(first.as_ref());
                self.touch(&reach);
                Some(reach)
            }
            Function::Id => Some(Reach { nodes: Some(Vec::new()), anchor: NodeId::ROOT }),
            Function::ReMatch => {
                if let Some(Expr::Literal(text)) = bound.get(1)
                    && let Err(wrong) = pattern::Matcher::new(text)
                {
                    let message = format!("'{text}' is not an XML Schema regular expression: {wrong}");
                    self.problem(name.offset, true, message);
                }
                None
            }
            Function::DerivedFrom | Function::DerivedFromOrSelf => {
                if let Some(Expr::Literal(text)) = bound.get_mut(1) {
                    self.identity(text, name.offset);
                }
                None
            }
            _ => None,
        };
        (Expr::Call(row.function, bound), result)
    }

    /// The identity that a literal names, written with its module's name.
    fn identity(&mut self, text: &mut Ident, offset: usize) {
        let found = match (text.split_once(':'), self.naming) {
            (Some((prefix, name)), _) => {
                self.module(prefix).and_then(|module| self.schema.identity_by_name(module, name))
            }
            (None, Naming::Module { unprefixed, .. }) => {
                unprefixed.iter().find_map(|module| self.schema.identity_by_name(*module, text))
            }
            (None, Naming::Request { module }) => {
                self.schema.identity_by_name(*module, text).or(match self.schema.identities_named(text) {
                    [only] => Some(*only),
                    _ => None,
                })
            }
        };
        match found.map(|id| self.schema.identity(id)) {
            Some(identity) => {
                let module = &self.schema.module(identity.module).name;
                *text = Ident::from(format!("{module}:{}", identity.name));
            }
            None => self.problem(offset, false, format!("there is no identity '{text}'")),
        }
    }

    /// What the leafrefs among some nodes point at.
    fn deref(&mut self, from: Option<&Reach>) -> Reach {
        let unknown = Reach { nodes: None, anchor: NodeId::ROOT };
        let Some(Reach { nodes: Some(nodes), anchor }) = from else { return unknown };
        let mut targets = Vec::new();
        let mut highest = *anchor;
        for node in nodes {
            match self.schema.node(*node).ty().map(|ty| &ty.kind) {
                Some(TypeKind::Leafref(leafref)) => {
                    targets.push(leafref.target);
                    highest = highest.min(way_up(self.schema, *node, &leafref.path));
                }
                Some(TypeKind::InstanceIdentifier { .. } | TypeKind::Union { .. }) => return unknown,
                _ => {}
            }
        }
        targets.sort_unstable();
        targets.dedup();
        Reach { nodes: Some(targets), anchor: highest }
    }

    fn touch(&mut self, reach: &Reach) {
        match &reach.nodes {
            Some(nodes) => self.touched.extend(nodes.iter().map(|node| (*node, reach.anchor))),
            None => self.touched.push((NodeId::ROOT, NodeId::ROOT)),
        }
    }

    fn steps(&mut self, steps: &[ast::Step], start: Reach) -> (Vec<Step>, Reach) {
        let mut reach = start;
        let mut bound = Vec::with_capacity(steps.len());
        for step in steps {
            let (step, next) = self.step(step, &reach);
            bound.push(step);
            reach = next;
        }
        (bound, reach)
    }

    fn step(&mut self, step: &ast::Step, from: &Reach) -> (Step, Reach) {
        let (test, candidates) = self.test(&step.test, step.offset);
        let reached = from.nodes.as_ref().and_then(|nodes| walk(self.schema, nodes, step.axis));
        let mut test = test;
        let nodes = match reached {
            Some(mut nodes) => {
                if let NodeTest::Name { module: Some(module), name } = &mut test {
                    // A name without prefix means the first of its modules that has such a node here.
                    let has = |wanted: ModuleId| {
                        nodes.iter().any(|id| {
                            let node = self.schema.node(*id);
                            node.module == wanted && node.name == *name
                        })
                    };
                    *module = candidates.iter().copied().find(|wanted| has(*wanted)).unwrap_or(*module);
                }
                nodes.retain(|id| self.fits(*id, &test));
                Some(nodes)
            }
            None => self.anywhere(&test),
        };
        if let (Some(found), Some(before), NodeTest::Name { name, .. }) = (&nodes, &from.nodes, &test) {
            let opaque =
                |id: &NodeId| matches!(self.schema.node(*id).kind, NodeKind::Anydata | NodeKind::Anyxml);
            if found.is_empty() && !before.is_empty() && !before.iter().any(opaque) {
                let message = self.no_such_node(before, step.axis, name);
                self.problem(step.offset, false, message);
            }
        }
        let up = matches!(step.axis, Axis::Parent | Axis::Ancestor | Axis::AncestorOrSelf);
        let anchor = match (&nodes, step.axis) {
            (None, _) | (_, Axis::Following | Axis::Preceding) => NodeId::ROOT,
            (Some(nodes), _) if up => nodes.iter().copied().fold(from.anchor, NodeId::min),
            (_, Axis::FollowingSibling | Axis::PrecedingSibling) => match &from.nodes {
                Some(nodes) => nodes
                    .iter()
                    .map(|id| parent(self.schema, *id).unwrap_or(NodeId::ROOT))
                    .fold(from.anchor, NodeId::min),
                None => NodeId::ROOT,
            },
            _ => from.anchor,
        };
        let reach = Reach { nodes, anchor };
        if !up {
            self.touch(&reach);
        }
        let predicates = step.predicates.iter().map(|predicate| self.expr(predicate, &reach).0).collect();
        (Step { axis: step.axis, test, predicates, targets: reach.nodes.clone() }, reach)
    }

    fn no_such_node(&self, before: &[NodeId], axis: Axis, name: &str) -> String {
        let known: Vec<&str> = if axis == Axis::Child {
            let children = before.iter().flat_map(|id| children(self.schema, *id));
            children.map(|id| self.schema.node(id).name.as_str()).collect()
        } else {
            Vec::new()
        };
        let place = match before {
            [only] if axis == Axis::Child => format!(" in {}", self.schema.path(*only)),
            _ => String::new(),
        };
        let hint = match nearest(name, known) {
            Some(near) if near != name => format!("; did you mean '{near}'?"),
            Some(_) => "; another module has one: is the prefix right?".to_owned(),
            None => String::new(),
        };
        format!("there is no '{name}'{place}{hint}")
    }

    /// The bound test, and for names without prefix the modules to choose from.
    fn test(&mut self, test: &ast::NodeTest, offset: usize) -> (NodeTest, Vec<ModuleId>) {
        let bound = match test {
            ast::NodeTest::Name(name) => {
                let local = name.local.clone();
                return match (&name.prefix, self.naming) {
                    (Some(prefix), _) => {
                        let module = self.module(prefix);
                        if module.is_none() {
                            self.unknown_prefix(prefix, offset);
                        }
                        (NodeTest::Name { module, name: local }, Vec::new())
                    }
                    (None, Naming::Module { unprefixed, .. }) => (
                        NodeTest::Name { module: unprefixed.first().copied(), name: local },
                        unprefixed.to_vec(),
                    ),
                    (None, Naming::Request { .. }) => {
                        (NodeTest::Name { module: None, name: local }, Vec::new())
                    }
                };
            }
            ast::NodeTest::Any => NodeTest::Any(None),
            ast::NodeTest::AnyOf(prefix) => {
                let module = self.module(prefix);
                if module.is_none() {
                    self.unknown_prefix(prefix, offset);
                }
                NodeTest::Any(module)
            }
            ast::NodeTest::Node => NodeTest::Node,
            ast::NodeTest::Text => NodeTest::Text,
            ast::NodeTest::Comment | ast::NodeTest::ProcessingInstruction(_) => NodeTest::Nothing,
        };
        (bound, Vec::new())
    }

    fn unknown_prefix(&mut self, prefix: &str, offset: usize) {
        let message = match self.naming {
            Naming::Module { .. } => format!("no import has the prefix '{prefix}'"),
            Naming::Request { .. } => {
                let modules = self.schema.modules();
                match nearest(prefix, modules.iter().map(|module| module.name.as_str())) {
                    Some(near) => format!("there is no module '{prefix}'; did you mean '{near}'?"),
                    None => format!("there is no module '{prefix}'"),
                }
            }
        };
        self.problem(offset, true, message);
    }

    fn fits(&self, id: NodeId, test: &NodeTest) -> bool {
        let node = self.schema.node(id);
        match test {
            NodeTest::Name { module, name } => {
                id != NodeId::ROOT && node.name == *name && module.is_none_or(|module| node.module == module)
            }
            NodeTest::Any(module) => id != NodeId::ROOT && module.is_none_or(|module| node.module == module),
            NodeTest::Node => true,
            // The text of a leaf stands for the leaf.
            NodeTest::Text => node.ty().is_some(),
            NodeTest::Nothing => false,
        }
    }

    /// All nodes of the schema that pass a name test, for steps from nodes that cannot be told.
    fn anywhere(&self, test: &NodeTest) -> Option<Vec<NodeId>> {
        match test {
            NodeTest::Name { .. } => {
                Some(self.schema.nodes().map(|(id, _)| id).filter(|id| self.fits(*id, test)).collect())
            }
            NodeTest::Nothing => Some(Vec::new()),
            _ => None,
        }
    }
}
