//! XPath expressions bound to the schema: prefixes become modules, functions are checked, and every step knows the nodes
//! it can reach. What is legal and still cannot be meant is found on the way; [`doubt`] says what.

mod doubt;
mod names;
#[cfg(test)]
mod tests;

use crate::base::ident::Ident;
use crate::base::suggest::nearest;
use crate::yang::schema::node::NodeKind;
use crate::yang::schema::types::{TypeKind, pattern};
use crate::yang::schema::{ModuleId, NodeId, Schema};
use crate::yang::syntax::xpath::{self as ast, Ast, parse_xpath};

use super::functions::FUNCTIONS;
use super::reach::{children_named, document_root, walk};
use super::{Axis, Expr, Expression, Function, LocationPath, NodeTest, Step};

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
/// a module's name. The context node is `context`; unprefixed identities are those of `module`. With it comes what is
/// legal and can never be of use, such as a comparison with a name that an enumeration does not have.
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
    problems.sort_by_key(|problem| problem.start);
    let mut warnings = Vec::new();
    for Problem { start: offset, message, kind, .. } in problems {
        let found = XPathError { offset, message };
        match kind {
            ProblemKind::Doubt => warnings.push(found),
            ProblemKind::Fatal | ProblemKind::NoNode(_) | ProblemKind::NoIdentity => return Err(found),
        }
    }
    Ok((Expression { source: Ident::from(text), root: bound.root }, warnings))
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

/// How bad a [`Problem`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// The expression has no meaning at all: an unknown function, prefix or argument count.
    Fatal,
    /// The name of a node that is not there: legal in a module, where it selects nothing.
    NoNode(Ident),
    /// An identity that is not there: legal as well.
    NoIdentity,
    /// Legal, and certainly not what its author wanted.
    Doubt,
}

/// Something wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Offset of the first byte of what is wrong.
    pub start: usize,
    /// Offset behind its last byte.
    pub end: usize,
    pub message: String,
    pub kind: ProblemKind,
}

/// A bound expression and what was learnt on the way.
#[derive(Debug)]
pub(crate) struct Bound {
    pub root: Expr,
    pub problems: Vec<Problem>,
    /// What it gives.
    pub gives: Gives,
}

/// Schema nodes, sorted; `None` when they cannot be told.
pub(crate) type Nodes = Option<Vec<NodeId>>;

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Gives {
    /// Instances of these nodes.
    Nodes(Nodes),
    /// True or false.
    Truth,
    /// A number.
    Number,
    /// A text.
    Text,
}

impl Gives {
    /// The nodes, when these are known.
    pub fn known(&self) -> Option<&[NodeId]> {
        match self {
            Gives::Nodes(Some(nodes)) => Some(nodes),
            _ => None,
        }
    }
}

/// Binds a parsed expression.
pub(crate) fn bind(schema: &Schema, ast: &Ast, naming: &Naming<'_>, context: NodeId) -> Bound {
    let current = vec![context];
    let mut binder = Binder { schema, naming, context, problems: Vec::new() };
    let (root, gives) = binder.expr(ast, &Some(current));
    Bound { root, problems: binder.problems, gives }
}

struct Binder<'b> {
    schema: &'b Schema,
    naming: &'b Naming<'b>,
    /// What `current()` gives.
    context: NodeId,
    problems: Vec<Problem>,
}

impl Binder<'_> {
    fn problem(&mut self, (start, end): (usize, usize), kind: ProblemKind, message: String) {
        self.problems.push(Problem { start, end, message, kind });
    }

    fn plain(&mut self, ast: &Ast, context: &Nodes) -> Box<Expr> {
        Box::new(self.expr(ast, context).0)
    }

    /// The bound expression, and what it gives.
    fn expr(&mut self, ast: &Ast, context: &Nodes) -> (Expr, Gives) {
        match ast {
            Ast::Or(left, right) => {
                (Expr::Or(self.plain(left, context), self.plain(right, context)), Gives::Truth)
            }
            Ast::And(left, right) => {
                (Expr::And(self.plain(left, context), self.plain(right, context)), Gives::Truth)
            }
            Ast::Compare(comparison, left, right) => {
                let (mut bound_left, gives_left) = self.expr(left, context);
                let (mut bound_right, gives_right) = self.expr(right, context);
                self.qualify_beside(&mut bound_right, &gives_left);
                self.qualify_beside(&mut bound_left, &gives_right);
                let sides = [
                    doubt::Side { ast: left, expr: &bound_left, gives: &gives_left },
                    doubt::Side { ast: right, expr: &bound_right, gives: &gives_right },
                ];
                self.doubt_comparison(*comparison, sides);
                (Expr::Compare(*comparison, Box::new(bound_left), Box::new(bound_right)), Gives::Truth)
            }
            Ast::Arithmetic(operator, left, right) => {
                let (bound_left, gives_left) = self.expr(left, context);
                let (bound_right, gives_right) = self.expr(right, context);
                self.doubt_operand(doubt::Side { ast: left, expr: &bound_left, gives: &gives_left });
                self.doubt_operand(doubt::Side { ast: right, expr: &bound_right, gives: &gives_right });
                (Expr::Arithmetic(*operator, Box::new(bound_left), Box::new(bound_right)), Gives::Number)
            }
            Ast::Negate(inner) => {
                let (bound, gives) = self.expr(inner, context);
                self.doubt_operand(doubt::Side { ast: inner, expr: &bound, gives: &gives });
                (Expr::Negate(Box::new(bound)), Gives::Number)
            }
            Ast::Union(left, right) => {
                let (bound_left, first) = self.nodes_of(left, context, "'|' joins");
                let (bound_right, second) = self.nodes_of(right, context, "'|' joins");
                let joined = first.zip(second).map(|(mut nodes, others)| {
                    nodes.extend(others);
                    nodes.sort_unstable();
                    nodes.dedup();
                    nodes
                });
                (Expr::Union(Box::new(bound_left), Box::new(bound_right)), Gives::Nodes(joined))
            }
            Ast::Number(number) => (Expr::Number(*number), Gives::Number),
            Ast::Literal(text, _) => (Expr::Literal(text.clone()), Gives::Text),
            Ast::Call { name, arguments } => self.call(name, arguments, context),
            Ast::Path(path) => {
                let start = if path.absolute {
                    Some(vec![document_root(self.schema, self.context)])
                } else {
                    context.clone()
                };
                let (steps, nodes) = self.steps(&path.steps, start);
                self.doubt_state(ast, nodes.as_deref());
                (Expr::Path(LocationPath { absolute: path.absolute, steps }), Gives::Nodes(nodes))
            }
            Ast::Filter { primary, predicates, steps } => {
                let (primary, nodes) = self.nodes_of(primary, context, "predicates and steps follow");
                let predicates = predicates.iter().map(|predicate| self.expr(predicate, &nodes).0).collect();
                let (steps, nodes) = self.steps(steps, nodes);
                (Expr::Filter { primary: Box::new(primary), predicates, steps }, Gives::Nodes(nodes))
            }
        }
    }

    /// An operand that must select nodes (XPath 1.0 section 3.3).
    fn nodes_of(&mut self, ast: &Ast, context: &Nodes, what: &str) -> (Expr, Nodes) {
        match self.expr(ast, context) {
            (expr, Gives::Nodes(nodes)) => (expr, nodes),
            (expr, _) => {
                self.problem(
                    place(ast),
                    ProblemKind::Fatal,
                    format!("{what} what selects nodes, not a value"),
                );
                (expr, None)
            }
        }
    }

    fn call(&mut self, name: &ast::Name, arguments: &[Ast], context: &Nodes) -> (Expr, Gives) {
        let at = (name.offset, name.offset + name.local.len());
        let row = FUNCTIONS.iter().find(|row| name.prefix.is_none() && row.name == name.local.as_str());
        let Some(row) = row else {
            let near = nearest(&name.local, FUNCTIONS.iter().map(|row| row.name));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            self.problem(at, ProblemKind::Fatal, format!("there is no function '{name}'{hint}"));
            let nothing = LocationPath { absolute: false, steps: Vec::new() };
            return (Expr::Path(nothing), Gives::Nodes(None));
        };
        let count = arguments.len();
        if count < row.least || row.most.is_some_and(|most| count > most) {
            let allowed = match row.most {
                Some(most) if most == row.least => row.least.to_string(),
                Some(most) => format!("{} to {most}", row.least),
                None => format!("at least {}", row.least),
            };
            let message = format!("'{}' takes {allowed} arguments, not {count}", row.name);
            self.problem(at, ProblemKind::Fatal, message);
        }
        let mut bound = Vec::with_capacity(count);
        let mut given = Vec::with_capacity(count);
        for argument in arguments {
            let (expr, gives) = self.expr(argument, context);
            bound.push(expr);
            given.push(gives);
        }
        if row.node_set && matches!(given.first(), Some(gives) if !matches!(gives, Gives::Nodes(_))) {
            let message = format!("the first argument of '{}' must select nodes", row.name);
            self.problem(at, ProblemKind::Fatal, message);
        }
        let gives = match row.function {
            Function::Current => Gives::Nodes(Some(vec![self.context])),
            Function::Deref => Gives::Nodes(self.deref(given.first())),
            Function::Id => Gives::Nodes(Some(Vec::new())),
            Function::ReMatch => {
                if let Some(Expr::Literal(text)) = bound.get(1)
                    && let Err(wrong) = pattern::Matcher::new(text)
                {
                    let message = format!("'{text}' is not an XML Schema regular expression: {wrong}");
                    self.problem(at, ProblemKind::Fatal, message);
                }
                Gives::Truth
            }
            Function::DerivedFrom | Function::DerivedFromOrSelf => {
                if let Some(Expr::Literal(text)) = bound.get_mut(1) {
                    self.identity_argument(text, at);
                }
                Gives::Truth
            }
            _ => row.gives.clone(),
        };
        self.doubt_call(row.function, at, &bound, given.first());
        (Expr::Call(row.function, bound), gives)
    }

    /// What the leafrefs among some nodes point at.
    fn deref(&mut self, from: Option<&Gives>) -> Nodes {
        let mut targets = Vec::new();
        for node in from?.known()? {
            match self.schema.node(*node).ty().map(|ty| &ty.kind) {
                Some(TypeKind::Leafref(leafref)) => targets.push(leafref.target),
                Some(TypeKind::InstanceIdentifier { .. } | TypeKind::Union { .. }) => return None,
                _ => {}
            }
        }
        targets.sort_unstable();
        targets.dedup();
        Some(targets)
    }

    fn steps(&mut self, steps: &[ast::Step], start: Nodes) -> (Vec<Step>, Nodes) {
        let mut nodes = start;
        let mut bound = Vec::with_capacity(steps.len());
        for step in steps {
            let step = self.step(step, &nodes);
            nodes.clone_from(&step.targets);
            bound.push(step);
        }
        (bound, nodes)
    }

    fn step(&mut self, step: &ast::Step, from: &Nodes) -> Step {
        let (mut test, candidates) = self.test(&step.test, step.offset);
        let reached = match (&test, step.axis) {
            // The only child of a leaf is its text.
            (NodeTest::Text, Axis::Child) => from.clone(),
            (NodeTest::Name { name, .. }, Axis::Child) => {
                from.as_ref().and_then(|nodes| children_named(self.schema, nodes, name))
            }
            _ => from.as_ref().and_then(|nodes| walk(self.schema, nodes, step.axis)),
        };
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
        if let (Some(found), Some(before)) = (&nodes, from)
            && found.is_empty()
            && !before.is_empty()
        {
            self.selects_nothing(step, &test, before);
        }
        let predicates = step.predicates.iter().map(|predicate| self.expr(predicate, &nodes).0).collect();
        Step { axis: step.axis, test, predicates, targets: nodes }
    }

    fn fits(&self, id: NodeId, test: &NodeTest) -> bool {
        let node = self.schema.node(id);
        let is_root = matches!(node.kind, NodeKind::Root | NodeKind::Structure);
        match test {
            NodeTest::Name { module, name } => {
                !is_root && node.name == *name && module.is_none_or(|module| node.module == module)
            }
            NodeTest::Any(module) => !is_root && module.is_none_or(|module| node.module == module),
            NodeTest::Node => true,
            // The text of a leaf stands for the leaf.
            NodeTest::Text => node.ty().is_some(),
            NodeTest::Nothing => false,
        }
    }

    /// All nodes of the schema that pass a name test, for steps from nodes that cannot be told.
    fn anywhere(&self, test: &NodeTest) -> Nodes {
        match test {
            NodeTest::Name { .. } => {
                Some(self.schema.nodes().map(|(id, _)| id).filter(|id| self.fits(*id, test)).collect())
            }
            NodeTest::Nothing => Some(Vec::new()),
            _ => None,
        }
    }
}

/// Where the first step or name of an expression stands in its text.
fn place(ast: &Ast) -> (usize, usize) {
    match ast {
        Ast::Or(left, _)
        | Ast::And(left, _)
        | Ast::Compare(_, left, _)
        | Ast::Arithmetic(_, left, _)
        | Ast::Union(left, _) => place(left),
        Ast::Negate(inner) => place(inner),
        Ast::Filter { primary, .. } => place(primary),
        Ast::Number(_) => (0, 1),
        Ast::Literal(text, offset) => (*offset, offset + text.len() + 2),
        Ast::Call { name, .. } => (name.offset, name.offset + name.local.len()),
        Ast::Path(path) => path.steps.last().map_or((0, 1), step_place),
    }
}

/// Where a step stands in the text of its expression, without its predicates.
fn step_place(step: &ast::Step) -> (usize, usize) {
    let length = match (&step.test, step.axis) {
        (ast::NodeTest::Name(name), _) => {
            name.local.len() + name.prefix.as_ref().map_or(0, |prefix| prefix.len() + 1)
        }
        (ast::NodeTest::Node, Axis::Parent) => 2,
        _ => 1,
    };
    (step.offset, step.offset + length)
}
