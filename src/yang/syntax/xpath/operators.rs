//! Operators: how tightly they bind, and the tree of a chain of them (XPath 1.0 sections 3.3 to 3.5).

use super::{Arithmetic, Ast, Built, Comparison, MAX_DEPTH, Operand, XPathSyntaxError};

/// What stands between two operands, apart from `|`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Operator {
    Or,
    And,
    Compare(Comparison),
    Arithmetic(Arithmetic),
}

/// How operators are written. Of two that begin alike the longer one stands first.
const SYMBOLS: [(&str, Operator); 9] = [
    ("!=", Operator::Compare(Comparison::NotEqual)),
    ("<=", Operator::Compare(Comparison::LessOrEqual)),
    (">=", Operator::Compare(Comparison::GreaterOrEqual)),
    ("=", Operator::Compare(Comparison::Equal)),
    ("<", Operator::Compare(Comparison::Less)),
    (">", Operator::Compare(Comparison::Greater)),
    ("+", Operator::Arithmetic(Arithmetic::Add)),
    ("-", Operator::Arithmetic(Arithmetic::Subtract)),
    ("*", Operator::Arithmetic(Arithmetic::Multiply)),
];

impl Operator {
    /// The operator that is a word.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "or" => Some(Operator::Or),
            "and" => Some(Operator::And),
            "div" => Some(Operator::Arithmetic(Arithmetic::Divide)),
            "mod" => Some(Operator::Arithmetic(Arithmetic::Modulo)),
            _ => None,
        }
    }

    /// The operator at the start of a text that is no word, with its length.
    pub fn of_symbol(text: &str) -> Option<(Self, usize)> {
        let found = SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol));
        found.map(|(symbol, operator)| (*operator, symbol.len()))
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

/// Two minuses make a number of their operand, and so does every further pair.
pub(super) fn negate((mut ast, mut depth): Operand, minuses: usize) -> Operand {
    let times = if minuses > 2 { 2 - minuses % 2 } else { minuses };
    for _ in 0..times {
        ast = Ast::Negate(Box::new(ast));
        depth += 1;
    }
    (ast, depth)
}

/// Joins operands with the operators between them, each with its offset: the tightest operators first.
pub(super) fn join_all(operands: Vec<Operand>, operators: Vec<(Operator, usize)>) -> Built {
    let mut operands = operands;
    let mut operators = operators;
    for level in (0..=5).rev() {
        if !operators.iter().any(|(operator, _)| operator.precedence() == level) {
            continue;
        }
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

/// A chain of one associative operator, as flat as it can be.
pub(super) fn balanced(mut chain: Vec<Operand>, apply: &dyn Fn(Ast, Ast) -> Ast) -> Built {
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

/// Refuses what is deeper than whoever walks it later can take.
pub(super) fn check_depth(depth: usize, at: usize) -> Result<(), XPathSyntaxError> {
    if depth > MAX_DEPTH {
        let message = format!("more than {MAX_DEPTH} operators need each other's result");
        return Err(XPathSyntaxError::new(at, message));
    }
    Ok(())
}
