//! Reading an expression by recursive descent (XPath 1.0 section 3).
//!
//! The disambiguation rules of section 3.7 hold by construction: where an operand may stand, `*`, `and`, `or`, `div` and
//! `mod` are name tests; where an operator may stand, they are operators.

use super::operators::{Operator, balanced, check_depth, join_all, negate};
use super::{Ast, Axis, Built, LocationPath, Name, NodeTest, Operand, Step, XPathSyntaxError};
use crate::base::ident::Ident;
use crate::yang::syntax::parse::shorten;

/// What is missing where a step has to be.
const STEP: &str = "a name, '*', '.' or '..'";
/// What is missing behind an axis.
const TEST: &str = "a name, '*' or a node type";
const OPERAND: &str = "an operand";
const OPERATOR: &str = "an operator";

/// Tests of the kind of a node; a function cannot have one of these names.
const NODE_TYPES: [&str; 4] = ["comment", "text", "processing-instruction", "node"];

/// An expression and how far it has been read.
pub(super) struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Where a step could have stood behind a `/` that selects the root.
    behind_root: Option<usize>,
}

impl<'t> Reader<'t> {
    /// At the start of an expression whose parentheses, brackets and quotes pair up.
    pub fn new(text: &'t str) -> Self {
        Reader { text, at: 0, behind_root: None }
    }

    /// The whole expression.
    pub fn expression(mut self) -> Result<Ast, XPathSyntaxError> {
        let (ast, _) = self.operation()?;
        self.blanks();
        if self.at < self.text.len() {
            return Err(self.not_an_operator(&["the end of the expression"]));
        }
        Ok(ast)
    }

    /// Operands and operators in turn.
    fn operation(&mut self) -> Built {
        let first = self.operand()?;
        let Some(operator) = self.operator() else { return Ok(first) };
        let (mut operands, mut operators) = (vec![first, self.operand()?], vec![operator]);
        while let Some(operator) = self.operator() {
            operators.push(operator);
            operands.push(self.operand()?);
        }
        join_all(operands, operators)
    }

    /// The operator that stands here, with its offset.
    fn operator(&mut self) -> Option<(Operator, usize)> {
        self.blanks();
        let at = self.at;
        let word = self.text.get(at..self.name_end(at).unwrap_or(at)).unwrap_or_default();
        let (operator, length) = match Operator::of_word(word) {
            Some(operator) => (operator, word.len()),
            None => Operator::of_symbol(self.rest())?,
        };
        self.at += length;
        Some((operator, at))
    }

    /// Minuses, and paths with `|` between them.
    fn operand(&mut self) -> Built {
        let mut minuses = 0;
        while self.eat("-") {
            minuses += 1;
        }
        let first = self.path()?;
        if !self.eat("|") {
            return Ok(negate(first, minuses));
        }
        let mut paths = vec![first, self.path()?];
        while self.eat("|") {
            paths.push(self.path()?);
        }
        let union = balanced(paths, &|left, right| Ast::Union(Box::new(left), Box::new(right)))?;
        Ok(negate(union, minuses))
    }

    /// A location path, or what else gives a value, with predicates and steps behind it.
    fn path(&mut self) -> Built {
        self.blanks();
        let start = self.at;
        let primary = match self.peek() {
            Some(b'/') => return self.absolute(),
            Some(b'"' | b'\'') => (Ast::Literal(self.literal(), start), 1),
            Some(b'0'..=b'9') => self.number()?,
            Some(b'.') if self.byte(start + 1).is_some_and(|byte| byte.is_ascii_digit()) => self.number()?,
            Some(b'$') => return Err(self.variable()),
            Some(b'(') => self.group()?,
            _ => match self.function() {
                Some(name) => self.call(name)?,
                None => return self.relative(),
            },
        };
        self.filter(primary, start)
    }

    /// Predicates and steps behind a value.
    fn filter(&mut self, (primary, depth): Operand, start: usize) -> Built {
        let mut predicates = Vec::new();
        let mut steps = Vec::new();
        let deepest = depth.max(self.predicates(&mut predicates)?).max(self.steps(&mut steps)?);
        if predicates.is_empty() && steps.is_empty() {
            return Ok((primary, deepest));
        }
        check_depth(deepest + 1, start)?;
        Ok((Ast::Filter { primary: Box::new(primary), predicates, steps }, deepest + 1))
    }

    fn literal(&mut self) -> Ident {
        let quote = self.peek().unwrap_or_default();
        let behind = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let length = behind.iter().position(|byte| *byte == quote).unwrap_or(behind.len());
        let content = self.text.get(self.at + 1..self.at + 1 + length).unwrap_or_default();
        self.at = (self.at + length + 2).min(self.text.len());
        Ident::from(content)
    }

    fn number(&mut self) -> Built {
        let start = self.at;
        self.digits();
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits();
        }
        match self.text.get(start..self.at).unwrap_or_default().parse() {
            Ok(number) => Ok((Ast::Number(number), 1)),
            Err(_) => Err(XPathSyntaxError::new(start, "not a number")),
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// What there is to say about a variable.
    fn variable(&self) -> XPathSyntaxError {
        match self.qualified_end(self.at + 1) {
            Some(end) => {
                let shown = shorten(self.text.get(self.at..end).unwrap_or_default());
                XPathSyntaxError::new(
                    self.at,
                    format!("the variable '{shown}' does not exist: YANG has none"),
                )
            }
            None => self.expected(&[OPERAND]),
        }
    }

    fn group(&mut self) -> Built {
        self.at += 1;
        let inner = self.operation()?;
        if self.eat(")") { Ok(inner) } else { Err(self.not_an_operator(&["')'"])) }
    }

    /// The name of the function that is called here.
    fn function(&self) -> Option<&'t str> {
        let end = self.qualified_end(self.at)?;
        let name = self.text.get(self.at..end)?;
        let is_called = self.byte(self.behind_blanks(end)) == Some(b'(');
        (is_called && !NODE_TYPES.contains(&name)).then_some(name)
    }

    fn call(&mut self, name: &str) -> Built {
        let name = name_of(name, self.at);
        self.at = self.qualified_end(self.at).unwrap_or(self.at);
        self.eat("(");
        let mut arguments = Vec::new();
        let mut deepest = 0;
        if !self.eat(")") {
            self.blanks();
            if !self.peek().is_some_and(starts_operand) {
                return Err(self.expected(&[OPERAND, "')'"]));
            }
            loop {
                let (argument, depth) = self.operation()?;
                deepest = deepest.max(depth);
                arguments.push(argument);
                if self.eat(")") {
                    break;
                }
                if !self.eat(",") {
                    return Err(self.not_an_operator(&["','", "')'"]));
                }
            }
        }
        check_depth(deepest + 1, name.offset)?;
        Ok((Ast::Call { name, arguments }, deepest + 1))
    }

    /// A path from the root on.
    fn absolute(&mut self) -> Built {
        let start = self.at;
        let mut steps = Vec::new();
        let mut deepest = 0;
        if self.rest().starts_with("//") {
            deepest = self.steps(&mut steps)?;
        } else {
            self.at += 1;
            self.blanks();
            if self.peek().is_some_and(starts_step) && self.function().is_none() {
                deepest = self.step(&mut steps, STEP)?;
                deepest = deepest.max(self.steps(&mut steps)?);
            } else {
                self.behind_root = Some(self.at);
            }
        }
        check_depth(deepest + 1, start)?;
        Ok((Ast::Path(LocationPath { absolute: true, steps }), deepest + 1))
    }

    /// A path from the context node on.
    fn relative(&mut self) -> Built {
        let start = self.at;
        let mut steps = Vec::new();
        let first = self.step(&mut steps, OPERAND)?;
        let deepest = first.max(self.steps(&mut steps)?);
        check_depth(deepest + 1, start)?;
        Ok((Ast::Path(LocationPath { absolute: false, steps }), deepest + 1))
    }

    /// Further steps, each behind a slash or two. Returns the depth of their predicates, as what follows does.
    fn steps(&mut self, steps: &mut Vec<Step>) -> Result<usize, XPathSyntaxError> {
        let mut deepest = 0;
        loop {
            self.blanks();
            let offset = self.at;
            if self.eat("//") {
                let (axis, test) = (Axis::DescendantOrSelf, NodeTest::Node);
                steps.push(Step { axis, test, predicates: Vec::new(), offset });
            } else if !self.eat("/") {
                return Ok(deepest);
            }
            deepest = deepest.max(self.step(steps, STEP)?);
        }
    }

    /// One step; `missing` is what to say where there is none.
    fn step(&mut self, steps: &mut Vec<Step>, missing: &str) -> Result<usize, XPathSyntaxError> {
        self.blanks();
        let offset = self.at;
        let mut predicates = Vec::new();
        if self.peek() == Some(b'.') {
            let axis = if self.eat("..") { Axis::Parent } else { Axis::SelfAxis };
            if axis == Axis::SelfAxis {
                self.at += 1;
            }
            steps.push(Step { axis, test: NodeTest::Node, predicates, offset });
            return Ok(0);
        }
        let (axis, missing) = match self.axis() {
            Some(axis) => (axis, TEST),
            None => ("child", missing),
        };
        let test = self.test(missing)?;
        let axis = axis_named(axis, offset)?;
        let deepest = self.predicates(&mut predicates)?;
        steps.push(Step { axis, test, predicates, offset });
        Ok(deepest)
    }

    /// The name of the axis that stands here, over which it goes.
    fn axis(&mut self) -> Option<&'t str> {
        if self.eat("@") {
            return Some("attribute");
        }
        let end = self.name_end(self.at)?;
        let behind = self.behind_blanks(end);
        if !self.text.get(behind..)?.starts_with("::") {
            return None;
        }
        let name = self.text.get(self.at..end);
        self.at = behind + 2;
        name
    }

    fn test(&mut self, missing: &str) -> Result<NodeTest, XPathSyntaxError> {
        if self.eat("*") {
            return Ok(NodeTest::Any);
        }
        let start = self.at;
        let Some(end) = self.name_end(start) else { return Err(self.expected(&[missing])) };
        let first = self.text.get(start..end).unwrap_or_default();
        if self.text.get(end..).is_some_and(|rest| rest.starts_with(":*")) {
            self.at = end + 2;
            return Ok(NodeTest::AnyOf(Ident::from(first)));
        }
        let Some(end) = self.qualified_end(start) else {
            self.at = end + 1;
            return Err(self.expected(&["a name"]));
        };
        let is_called = self.byte(self.behind_blanks(end)) == Some(b'(');
        if is_called && NODE_TYPES.contains(&self.text.get(start..end).unwrap_or_default()) {
            return self.node_type(first, end);
        }
        if is_called {
            return Err(self.expected(&[missing]));
        }
        self.at = end;
        Ok(NodeTest::Name(name_of(self.text.get(start..end).unwrap_or_default(), start)))
    }

    /// A test of the kind of a node, whose name ends at `end`.
    fn node_type(&mut self, kind: &str, end: usize) -> Result<NodeTest, XPathSyntaxError> {
        let start = self.at;
        self.at = end;
        self.eat("(");
        self.blanks();
        let target = matches!(self.peek(), Some(b'"' | b'\'')).then(|| self.literal());
        if !self.eat(")") {
            let allowed: &[&str] = if target.is_some() { &["')'"] } else { &[OPERAND, "')'"] };
            return Err(self.expected(allowed));
        }
        match (kind, target) {
            ("processing-instruction", target) => Ok(NodeTest::ProcessingInstruction(target)),
            (kind, Some(_)) => Err(XPathSyntaxError::new(start, format!("{kind}() takes no argument"))),
            ("text", None) => Ok(NodeTest::Text),
            ("comment", None) => Ok(NodeTest::Comment),
            _ => Ok(NodeTest::Node),
        }
    }

    fn predicates(&mut self, predicates: &mut Vec<Ast>) -> Result<usize, XPathSyntaxError> {
        let mut deepest = 0;
        while self.eat("[") {
            let (predicate, depth) = self.operation()?;
            deepest = deepest.max(depth);
            predicates.push(predicate);
            if !self.eat("]") {
                return Err(self.not_an_operator(&["']'"]));
            }
        }
        Ok(deepest)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at = self.behind_blanks(self.at);
    }

    fn behind_blanks(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.byte(at) {
            at += 1;
        }
        at
    }

    /// Goes over blanks, and over a token if it stands behind them.
    fn eat(&mut self, token: &str) -> bool {
        self.blanks();
        let stands_here = self.rest().starts_with(token);
        if stands_here {
            self.at += token.len();
        }
        stands_here
    }

    /// The end of the name without prefix that starts at `at`.
    fn name_end(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        if !rest.starts_with(is_name_start) {
            return None;
        }
        Some(rest.find(|c| !is_name_char(c)).map_or(self.text.len(), |length| at + length))
    }

    /// The end of the name, with or without prefix, that starts at `at`.
    fn qualified_end(&self, at: usize) -> Option<usize> {
        let end = self.name_end(at)?;
        if self.byte(end) != Some(b':') || self.byte(end + 1) == Some(b':') {
            return Some(end);
        }
        self.name_end(end + 1)
    }

    /// An error where an operand has ended and something follows that is neither an operator nor one of `closing`.
    fn not_an_operator(&mut self, closing: &[&str]) -> XPathSyntaxError {
        self.blanks();
        let mut allowed = vec![OPERATOR];
        if self.behind_root == Some(self.at) {
            allowed.insert(0, STEP);
        }
        allowed.extend(closing);
        self.expected(&allowed)
    }

    fn expected(&self, allowed: &[&str]) -> XPathSyntaxError {
        let found = match self.rest() {
            "" => "the end of the expression".to_owned(),
            rest => format!("'{}'", shorten(token(rest))),
        };
        let allowed = match allowed.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => allowed.concat(),
        };
        XPathSyntaxError::new(self.at, format!("expected {allowed}, found {found}"))
    }
}

fn starts_step(byte: u8) -> bool {
    matches!(byte, b'.' | b'@' | b'*' | b'_') || byte.is_ascii_alphabetic() || !byte.is_ascii()
}

fn starts_operand(byte: u8) -> bool {
    matches!(byte, b'/' | b'"' | b'\'' | b'$' | b'(' | b'-' | b'0'..=b'9') || starts_step(byte)
}

fn name_of(text: &str, offset: usize) -> Name {
    match text.split_once(':') {
        Some((prefix, local)) => {
            Name { prefix: Some(Ident::from(prefix)), local: Ident::from(local), offset }
        }
        None => Name { prefix: None, local: Ident::from(text), offset },
    }
}

fn axis_named(name: &str, offset: usize) -> Result<Axis, XPathSyntaxError> {
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
            let message = format!(
                "'{}' is not an axis; the axes are ancestor, ancestor-or-self, attribute, child, descendant, \
                 descendant-or-self, following, following-sibling, namespace, parent, preceding, \
                 preceding-sibling and self",
                shorten(unknown)
            );
            return Err(XPathSyntaxError::new(offset, message));
        }
    })
}

/// `NCNameStartChar` of XML.
fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// `NCNameChar` of XML.
fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// The token at the start of a text, for messages.
fn token(text: &str) -> &str {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end =
        if text.starts_with(['-', '.']) { first } else { text.find(|c| !in_word(c)).unwrap_or(text.len()) };
    text.get(..end.max(first)).unwrap_or_default()
}
