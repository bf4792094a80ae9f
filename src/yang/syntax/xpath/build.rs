//! From the flat pairs of the grammar to the tree: precedences, abbreviations, axes.

use pest::iterators::Pair;

use super::{
    Arithmetic, Ast, Axis, Comparison, LocationPath, MAX_DEPTH, Name, NodeTest, Rule, Step, XPathSyntaxError,
};
use crate::base::ident::Ident;

/// A tree and how deep it is, so that nobody who walks it later needs a limit of their own.
type Built = Result<(Ast, usize), XPathSyntaxError>;

/// An operand or an intermediate result, with its depth.
type Operand = (Ast, usize);

#[derive(Clone, Copy, PartialEq)]
enum Operator {
    Or,
    And,
    Compare(Comparison),
    Arithmetic(Arithmetic),
}

impl Operator {
    fn from_text(text: &str) -> Self {
        match text {
            "or" => Operator::Or,
            "and" => Operator::And,
            "=" => Operator::Compare(Comparison::Equal),
            "!=" => Operator::Compare(Comparison::NotEqual),
            "<" => Operator::Compare(Comparison::Less),
            "<=" => Operator::Compare(Comparison::LessOrEqual),
            ">" => Operator::Compare(Comparison::Greater),
            ">=" => Operator::Compare(Comparison::GreaterOrEqual),
            "+" => Operator::Arithmetic(Arithmetic::Add),
            "-" => Operator::Arithmetic(Arithmetic::Subtract),
            "*" => Operator::Arithmetic(Arithmetic::Multiply),
            "div" => Operator::Arithmetic(Arithmetic::Divide),
            _ => Operator::Arithmetic(Arithmetic::Modulo),
        }
    }

    /// The higher, the tighter it binds.
    fn precedence(self) -> u8 {
        match self {
            Operator::Or => 0,
            Operator::And => 1,
            Operator::Compare(Comparison::Equal | Comparison::NotEqual) => 2,
            Operator::Compare(_) => 3,
            Operator::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => 4,
            Operator::Arithmetic(_) => 5,
        }
    }

    /// Whether `a op (b op c)` is `(a op b) op c`: such chains are built balanced, which keeps long ones flat.
    fn is_associative(self) -> bool {
        matches!(self, Operator::Or | Operator::And)
    }

    fn apply(self, left: Ast, right: Ast) -> Ast {
        let (left, right) = (Box::new(left), Box::new(right));
        match self {
            Operator::Or => Ast::Or(left, right),
            Operator::And => Ast::And(left, right),
            Operator::Compare(comparison) => Ast::Compare(comparison, left, right),
            Operator::Arithmetic(arithmetic) => Ast::Arithmetic(arithmetic, left, right),
        }
    }
}

/// `operation`: operands and operators in turn.
pub(super) fn operation(pair: Pair<'_, Rule>, text: &str) -> Built {
    let mut minuses = 0;
    let mut operands = Vec::new();
    let mut operators = Vec::new();
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::minus => minuses += 1,
            Rule::operator => operators.push((Operator::from_text(part.as_str()), part.as_span().start())),
            _ => {
                operands.push(negate(union(part, text)?, minuses));
                minuses = 0;
            }
        }
    }
    precedence_levels(operands, &operators)
}

/// Two minuses make a number of their operand, and so does every further pair.
fn negate((mut ast, mut depth): Operand, minuses: usize) -> Operand {
    let times = if minuses > 2 { 2 - minuses % 2 } else { minuses };
    for _ in 0..times {
        ast = Ast::Negate(Box::new(ast));
        depth += 1;
    }
    (ast, depth)
}

/// Joins the operands, the tightest operators first.
fn precedence_levels(operands: Vec<Operand>, operators: &[(Operator, usize)]) -> Built {
    let mut operands = operands;
    let mut operators = operators.to_vec();
    for level in (0..=5).rev() {
        let mut joined: Vec<Operand> = Vec::with_capacity(operands.len());
        let mut left_over = Vec::new();
        let mut chain: Vec<Operand> = Vec::new();
        let mut waiting = operands.into_iter();
        chain.extend(waiting.next());
        let mut joins: Vec<(Operator, usize)> = Vec::new();
        for (operator, operand) in operators.into_iter().zip(waiting) {
            if operator.0.precedence() == level {
                joins.push(operator);
            } else {
                joined.push(join(std::mem::take(&mut chain), &std::mem::take(&mut joins))?);
                left_over.push(operator);
            }
            chain.push(operand);
        }
        joined.push(join(chain, &joins)?);
        operands = joined;
        operators = left_over;
    }
    operands.pop().ok_or_else(|| XPathSyntaxError::new(0, "the expression is empty"))
}

/// A chain of operators of one precedence.
fn join(chain: Vec<Operand>, operators: &[(Operator, usize)]) -> Built {
    if let Some((operator, _)) = operators.first()
        && operator.is_associative()
    {
        return balanced(chain, &|left, right| operator.apply(left, right));
    }
    let mut operands = chain.into_iter();
    let Some((mut ast, mut depth)) = operands.next() else {
        return Err(XPathSyntaxError::new(0, "expected an operand"));
    };
    for ((operator, at), (operand, operand_depth)) in operators.iter().zip(operands) {
        ast = operator.apply(ast, operand);
        depth = depth.max(operand_depth) + 1;
        check_depth(depth, *at)?;
    }
    Ok((ast, depth))
}

fn balanced(mut chain: Vec<Operand>, apply: &dyn Fn(Ast, Ast) -> Ast) -> Built {
    while chain.len() > 1 {
        let mut halved = Vec::with_capacity(chain.len().div_ceil(2));
        let mut operands = chain.into_iter();
        while let Some((left, left_depth)) = operands.next() {
            halved.push(match operands.next() {
                Some((right, right_depth)) => (apply(left, right), left_depth.max(right_depth) + 1),
                None => (left, left_depth),
            });
        }
        chain = halved;
    }
    chain.pop().ok_or_else(|| XPathSyntaxError::new(0, "expected an operand"))
}

fn check_depth(depth: usize, at: usize) -> Result<(), XPathSyntaxError> {
    if depth > MAX_DEPTH {
        let message = format!("more than {MAX_DEPTH} operators need each other's result");
        return Err(XPathSyntaxError::new(at, message));
    }
    Ok(())
}

fn union(pair: Pair<'_, Rule>, text: &str) -> Built {
    let mut paths = Vec::new();
    for part in pair.into_inner() {
        if part.as_rule() == Rule::path {
            for path in part.into_inner() {
                paths.push(match path.as_rule() {
                    Rule::filter => filter(path, text)?,
                    _ => location_path(path, text)?,
                });
            }
        }
    }
    balanced(paths, &|left, right| Ast::Union(Box::new(left), Box::new(right)))
}

fn filter(pair: Pair<'_, Rule>, text: &str) -> Built {
    let at = pair.as_span().start();
    let mut first = None;
    let mut deepest = 0;
    let mut predicates = Vec::new();
    let mut steps = Vec::new();
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::primary => {
                let (ast, depth) = primary(part, text)?;
                deepest = deepest.max(depth);
                first = Some(ast);
            }
            Rule::predicate => {
                let (ast, depth) = predicate(part, text)?;
                deepest = deepest.max(depth);
                predicates.push(ast);
            }
            _ => deepest = deepest.max(step(part, text, &mut steps)?),
        }
    }
    let Some(first) = first else { return Err(XPathSyntaxError::new(at, "expected an operand")) };
    if predicates.is_empty() && steps.is_empty() {
        return Ok((first, deepest));
    }
    check_depth(deepest + 1, at)?;
    Ok((Ast::Filter { primary: Box::new(first), predicates, steps }, deepest + 1))
}

fn primary(pair: Pair<'_, Rule>, text: &str) -> Built {
    let Some(inner) = pair.into_inner().next() else {
        return Err(XPathSyntaxError::new(0, "expected an operand"));
    };
    let at = inner.as_span().start();
    match inner.as_rule() {
        Rule::literal => Ok((Ast::Literal(unquote(inner.as_str()), inner.as_span().start()), 1)),
        Rule::number => match inner.as_str().parse() {
            Ok(number) => Ok((Ast::Number(number), 1)),
            Err(_) => Err(XPathSyntaxError::new(at, "not a number")),
        },
        Rule::variable => Err(XPathSyntaxError::new(
            at,
            format!(
                "the variable '{}' does not exist: YANG has none",
                super::super::parse::shorten(inner.as_str())
            ),
        )),
        Rule::call => call(inner, text),
        _ => match inner.into_inner().next() {
            Some(group) => operation(group, text),
            None => Err(XPathSyntaxError::new(at, "expected an operand")),
        },
    }
}

fn call(pair: Pair<'_, Rule>, text: &str) -> Built {
    let at = pair.as_span().start();
    let mut called = None;
    let mut arguments = Vec::new();
    let mut deepest = 0;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::name => called = Some(name(part)),
            Rule::operation => {
                let (ast, depth) = operation(part, text)?;
                deepest = deepest.max(depth);
                arguments.push(ast);
            }
            _ => {}
        }
    }
    let Some(name) = called else { return Err(XPathSyntaxError::new(at, "expected a function")) };
    check_depth(deepest + 1, at)?;
    Ok((Ast::Call { name, arguments }, deepest + 1))
}

fn location_path(pair: Pair<'_, Rule>, text: &str) -> Built {
    let at = pair.as_span().start();
    let absolute = pair.as_rule() == Rule::absolute;
    let mut steps = Vec::new();
    let mut deepest = 0;
    for part in pair.into_inner() {
        if part.as_rule() != Rule::root {
            deepest = deepest.max(step(part, text, &mut steps)?);
        }
    }
    check_depth(deepest + 1, at)?;
    Ok((Ast::Path(LocationPath { absolute, steps }), deepest + 1))
}

fn predicate(pair: Pair<'_, Rule>, text: &str) -> Built {
    let at = pair.as_span().start();
    match pair.into_inner().next() {
        Some(inner) => operation(inner, text),
        None => Err(XPathSyntaxError::new(at, "expected an expression")),
    }
}

/// Appends the steps that a step or slash stands for; returns the depth of its predicates.
fn step(pair: Pair<'_, Rule>, text: &str, steps: &mut Vec<Step>) -> Result<usize, XPathSyntaxError> {
    let offset = pair.as_span().start();
    let mut found = Step { axis: Axis::Child, test: NodeTest::Node, predicates: Vec::new(), offset };
    match pair.as_rule() {
        Rule::double_slash => {
            steps.push(Step { axis: Axis::DescendantOrSelf, ..found });
            return Ok(0);
        }
        Rule::step => {}
        _ => return Ok(0),
    }
    let mut deepest = 0;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::dots => found.axis = if part.as_str() == "." { Axis::SelfAxis } else { Axis::Parent },
            Rule::at => found.axis = Axis::Attribute,
            Rule::axis => found.axis = axis(part.as_str(), offset)?,
            Rule::test => found.test = node_test(part)?,
            Rule::predicate => {
                let (ast, depth) = predicate(part, text)?;
                deepest = deepest.max(depth);
                found.predicates.push(ast);
            }
            _ => {}
        }
    }
    steps.push(found);
    Ok(deepest)
}

fn axis(name: &str, offset: usize) -> Result<Axis, XPathSyntaxError> {
    Ok(match name {
        "ancestor" => Axis::Ancestor,
        "ancestor-or-self" => Axis::AncestorOrSelf,
        "attribute" => Axis::Attribute,
        "child" => Axis::Child,
        "descendant" => Axis::Descendant,
        "descendant-or-self" => Axis::DescendantOrSelf,
        "following" => Axis::Following,
        "following-sibling" => Axis::FollowingSibling,
        "namespace" => Axis::Namespace,
        "parent" => Axis::Parent,
        "preceding" => Axis::Preceding,
        "preceding-sibling" => Axis::PrecedingSibling,
        "self" => Axis::SelfAxis,
        unknown => {
            let shown = super::super::parse::shorten(unknown);
            return Err(XPathSyntaxError::new(
                offset,
                format!(
                    "'{shown}' is not an axis; the axes are ancestor, ancestor-or-self, attribute, child, descendant, \
                     descendant-or-self, following, following-sibling, namespace, parent, preceding, \
                     preceding-sibling and self"
                ),
            ));
        }
    })
}

fn node_test(pair: Pair<'_, Rule>) -> Result<NodeTest, XPathSyntaxError> {
    let at = pair.as_span().start();
    let Some(inner) = pair.into_inner().next() else {
        return Err(XPathSyntaxError::new(at, "expected a node test"));
    };
    Ok(match inner.as_rule() {
        Rule::name_test => match inner.into_inner().next() {
            Some(tested) => NodeTest::Name(name(tested)),
            None => return Err(XPathSyntaxError::new(at, "expected a name")),
        },
        Rule::prefixed_any => NodeTest::AnyOf(Ident::from(inner.as_str().trim_end_matches(":*"))),
        Rule::node_test => {
            let mut parts = inner.into_inner();
            let kind = parts.next().map_or("", |kind| kind.as_str());
            let target =
                parts.find(|part| part.as_rule() == Rule::literal).map(|part| unquote(part.as_str()));
            match (kind, target) {
                ("processing-instruction", target) => NodeTest::ProcessingInstruction(target),
                ("node", None) => NodeTest::Node,
                ("text", None) => NodeTest::Text,
                ("comment", None) => NodeTest::Comment,
                (kind, Some(_)) => {
                    return Err(XPathSyntaxError::new(at, format!("{kind}() takes no argument")));
                }
                (kind, None) => {
                    return Err(XPathSyntaxError::new(at, format!("'{kind}' is not a node type")));
                }
            }
        }
        _ => NodeTest::Any,
    })
}

fn name(pair: Pair<'_, Rule>) -> Name {
    let offset = pair.as_span().start();
    let text = pair.as_str();
    match text.split_once(':') {
        Some((prefix, local)) => {
            Name { prefix: Some(Ident::from(prefix)), local: Ident::from(local), offset }
        }
        None => Name { prefix: None, local: Ident::from(text), offset },
    }
}

fn unquote(text: &str) -> Ident {
    Ident::from(text.get(1..text.len().saturating_sub(1)).unwrap_or_default())
}

/// The token at the start of a text, for messages.
pub(super) fn token(text: &str) -> &str {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end =
        if text.starts_with(['-', '.']) { first } else { text.find(|c| !in_word(c)).unwrap_or(text.len()) };
    text.get(..end.max(first)).unwrap_or_default()
}
