//! XPath 1.0 text to an expression tree. Names keep their prefixes and nothing is looked up; the compiled schema binds
//! them (`schema/xpath`).
//!
//! Abbreviations are written out: `//` is a `descendant-or-self::node()` step, `..` is `parent::node()`.

mod operators;
mod read;

use std::fmt;

use crate::base::ident::Ident;

/// Bytes of one expression.
pub const MAX_BYTES: usize = 64 << 10;
/// Parentheses and brackets within each other; also operators that need each other's result.
pub const MAX_DEPTH: usize = 200;

/// One operator, operand or call.
#[derive(Clone, Debug, PartialEq)]
pub enum Ast {
    /// `or`
    Or(Box<Ast>, Box<Ast>),
    /// `and`
    And(Box<Ast>, Box<Ast>),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`
    Compare(Comparison, Box<Ast>, Box<Ast>),
    /// `+`, `-`, `*`, `div`, `mod`
    Arithmetic(Arithmetic, Box<Ast>, Box<Ast>),
    /// Unary minus.
    Negate(Box<Ast>),
    /// `|`
    Union(Box<Ast>, Box<Ast>),
    /// A number.
    Number(f64),
    /// A string literal, without its quotes, and the offset of the first.
    Literal(Ident, usize),
    /// A function call.
    Call {
        /// The function.
        name: Name,
        /// Its arguments.
        arguments: Vec<Ast>,
    },
    /// A location path.
    Path(LocationPath),
    /// `primary[predicate]/step`: predicates and steps on something that is not a location path.
    Filter {
        /// What gives the node-set.
        primary: Box<Ast>,
        /// Its predicates.
        predicates: Vec<Ast>,
        /// Steps from there.
        steps: Vec<Step>,
    },
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `div`
    Divide,
    /// `mod`
    Modulo,
}

/// XPath axes; `attribute` and `namespace` are always empty over YANG data.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    SelfAxis,
}

/// A name as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The prefix, if one is written.
    pub prefix: Option<Ident>,
    /// The name without prefix.
    pub local: Ident,
    /// Offset of its first byte in the expression.
    pub offset: usize,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(prefix) = &self.prefix {
            write!(f, "{prefix}:")?;
        }
        f.write_str(&self.local)
    }
}

/// A location path.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationPath {
    /// Starts at the root instead of the context node.
    pub absolute: bool,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// One location step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Direction.
    pub axis: Axis,
    /// Which nodes.
    pub test: NodeTest,
    /// Conditions.
    pub predicates: Vec<Ast>,
    /// Offset of its first byte in the expression.
    pub offset: usize,
}

/// Node tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeTest {
    /// A name.
    Name(Name),
    /// `*`
    Any,
    /// `prefix:*`
    AnyOf(Ident),
    /// `node()`
    Node,
    /// `text()`
    Text,
    /// `comment()`
    Comment,
    /// `processing-instruction()`, with the target that it asks for.
    ProcessingInstruction(Option<Ident>),
}

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", offset + 1)]
pub struct XPathSyntaxError {
    /// Offset of the byte at which it goes wrong.
    pub offset: usize,
    /// What was found and what is allowed.
    pub message: String,
}

impl XPathSyntaxError {
    fn new(offset: usize, message: impl Into<String>) -> Self {
        XPathSyntaxError { offset, message: message.into() }
    }
}

/// An operand or an intermediate result, and how deep it is, so that nobody who walks it later needs a limit of their own.
type Operand = (Ast, usize);

type Built = Result<Operand, XPathSyntaxError>;

/// Reads an expression.
///
/// # Errors
/// The first thing that is wrong with it: a syntax error, an unknown axis, a variable (YANG binds none, RFC 7950
/// section 6.4.1), or one of the limits [`MAX_BYTES`] and [`MAX_DEPTH`].
pub fn parse_xpath(text: &str) -> Result<Ast, XPathSyntaxError> {
    if text.len() > MAX_BYTES {
        let message = format!("an expression of more than {} KiB is not read", MAX_BYTES >> 10);
        return Err(XPathSyntaxError::new(0, message));
    }
    if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        return Err(XPathSyntaxError::new(0, "the expression is empty"));
    }
    check_nesting(text)?;
    read::Reader::new(text).expression()
}

/// Parentheses and brackets outside literals pair up, at most [`MAX_DEPTH`] deep.
fn check_nesting(text: &str) -> Result<(), XPathSyntaxError> {
    let mut open = Vec::new();
    let mut literal: Option<(usize, u8)> = None;
    for (at, byte) in text.bytes().enumerate() {
        match (literal, byte) {
            (Some((_, quote)), _) if byte == quote => literal = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => literal = Some((at, byte)),
            (None, b'(' | b'[') => {
                open.push((at, byte));
                if open.len() > MAX_DEPTH {
                    let message = format!("parentheses and brackets are nested more than {MAX_DEPTH} deep");
                    return Err(XPathSyntaxError::new(at, message));
                }
            }
            (None, b')' | b']') => {
                let opening = if byte == b')' { b'(' } else { b'[' };
                match open.pop() {
                    Some((_, last)) if last == opening => {}
                    Some((_, last)) => {
                        let message = format!(
                            "expected '{}', found '{}'",
                            if last == b'(' { ')' } else { ']' },
                            char::from(byte)
                        );
                        return Err(XPathSyntaxError::new(at, message));
                    }
                    None => {
                        let message = format!("'{}' closes nothing", char::from(byte));
                        return Err(XPathSyntaxError::new(at, message));
                    }
                }
            }
            _ => {}
        }
    }
    if let Some((at, quote)) = literal {
        let message = format!("the string that starts here is not closed with {}", char::from(quote));
        return Err(XPathSyntaxError::new(at, message));
    }
    match open.pop() {
        Some((at, byte)) => Err(XPathSyntaxError::new(at, format!("'{}' is never closed", char::from(byte)))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree as text with every parenthesis written.
    fn show(ast: &Ast) -> String {
        let binary =
            |operator: &str, left: &Ast, right: &Ast| format!("({} {operator} {})", show(left), show(right));
        match ast {
            Ast::Or(left, right) => binary("or", left, right),
            Ast::And(left, right) => binary("and", left, right),
            Ast::Union(left, right) => binary("|", left, right),
            Ast::Compare(comparison, left, right) => {
                let operator = match comparison {
                    Comparison::Equal => "=",
                    Comparison::NotEqual => "!=",
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                binary(operator, left, right)
            }
            Ast::Arithmetic(arithmetic, left, right) => {
                let operator = match arithmetic {
                    Arithmetic::Add => "+",
                    Arithmetic::Subtract => "-",
                    Arithmetic::Multiply => "*",
                    Arithmetic::Divide => "div",
                    Arithmetic::Modulo => "mod",
                };
                binary(operator, left, right)
            }
            Ast::Negate(operand) => format!("-{}", show(operand)),
            Ast::Number(number) => number.to_string(),
            Ast::Literal(text, _) => format!("'{text}'"),
            Ast::Call { name, arguments } => {
                format!("{name}({})", arguments.iter().map(show).collect::<Vec<_>>().join(", "))
            }
            Ast::Path(path) => {
                format!("{}{}", if path.absolute { "/" } else { "" }, show_steps(&path.steps))
            }
            Ast::Filter { primary, predicates, steps } => {
                let predicates: String = predicates.iter().map(|ast| format!("[{}]", show(ast))).collect();
                let slash = if steps.is_empty() { "" } else { "/" };
                format!("<{}>{predicates}{slash}{}", show(primary), show_steps(steps))
            }
        }
    }

    fn show_steps(steps: &[Step]) -> String {
        let shown = steps.iter().map(|step| {
            let test = match &step.test {
                NodeTest::Name(name) => name.to_string(),
                NodeTest::Any => "*".to_owned(),
                NodeTest::AnyOf(prefix) => format!("{prefix}:*"),
                NodeTest::Node => "node()".to_owned(),
                NodeTest::Text => "text()".to_owned(),
                NodeTest::Comment => "comment()".to_owned(),
                NodeTest::ProcessingInstruction(target) => format!("pi({target:?})"),
            };
            let axis = match step.axis {
                Axis::Child => String::new(),
                axis => format!("{axis:?}::"),
            };
            let predicates: String = step.predicates.iter().map(|ast| format!("[{}]", show(ast))).collect();
            format!("{axis}{test}{predicates}")
        });
        shown.collect::<Vec<_>>().join("/")
    }

    fn parsed(text: &str) -> String {
        match parse_xpath(text) {
            Ok(ast) => show(&ast),
            Err(error) => format!("{}: {}", error.offset, error.message),
        }
    }

    #[test]
    fn xpath_3_5_precedence_and_associativity() {
        assert_eq!(parsed("1 + 2 * 3 - 4"), "((1 + (2 * 3)) - 4)");
        assert_eq!(parsed("a or b and c = d < e + f"), "(a or (b and (c = (d < (e + f)))))");
        assert_eq!(parsed("3 > 2 > 1"), "((3 > 2) > 1)");
        assert_eq!(parsed("1 = 2 != 3"), "((1 = 2) != 3)");
        assert_eq!(parsed("8 div 4 mod 3"), "((8 div 4) mod 3)");
        assert_eq!(parsed("a or b or c"), "((a or b) or c)");
        assert_eq!(parsed("-a|b"), "-(a | b)");
        assert_eq!(parsed("2 * -3"), "(2 * -3)");
        assert_eq!(parsed("- - - 1"), "-1");
        assert_eq!(parsed("--1"), "--1");
        assert_eq!(parsed("(1 + 2) * 3"), "((1 + 2) * 3)");
    }

    #[test]
    fn xpath_3_7_names_and_operators_are_told_apart_by_what_stands_before() {
        assert_eq!(parsed("div div div"), "(div div div)");
        assert_eq!(parsed("* * *"), "(* * *)");
        assert_eq!(parsed("and and or or mod"), "((and and or) or mod)");
        assert_eq!(parsed("a/mod mod div/*"), "(a/mod mod div/*)");
        assert_eq!(parsed("a-b"), "a-b");
        assert_eq!(parsed("a -b"), "(a - b)");
        assert_eq!(parsed("3and 4"), "(3 and 4)");
        assert_eq!(parsed("'a'or'b'"), "('a' or 'b')");
        assert_eq!(parsed("text"), "text");
        assert_eq!(parsed("text()"), "text()");
        assert_eq!(parsed("child::div/child::text()"), "div/text()");
        assert_eq!(parsed("a:b/c:*"), "a:b/c:*");
        assert_eq!(parsed("/*"), "/*");
        assert_eq!(parsed("/"), "/");
        assert_eq!(parsed("/ = 'x'"), "(/ = 'x')");
        assert_eq!(parsed("/mod(.)"), "(/ mod SelfAxis::node())");
        assert_eq!(parsed("a andb"), "2: expected an operator or the end of the expression, found 'andb'");
    }

    #[test]
    fn xpath_2_5_abbreviations_are_written_out() {
        assert_eq!(parsed("//a"), "/DescendantOrSelf::node()/a");
        assert_eq!(parsed("../a//b"), "Parent::node()/a/DescendantOrSelf::node()/b");
        assert_eq!(parsed(". = 5"), "(SelfAxis::node() = 5)");
        assert_eq!(parsed("@id"), "Attribute::id");
        assert_eq!(parsed(".//a[1][b]"), "SelfAxis::node()/DescendantOrSelf::node()/a[1][b]");
        assert_eq!(parsed("ancestor-or-self :: node ( )"), "AncestorOrSelf::node()");
        assert_eq!(parsed("processing-instruction('x')"), "pi(Some(\"x\"))");
    }

    #[test]
    fn xpath_3_3_filters_start_from_any_primary() {
        assert_eq!(parsed("current()/../a"), "<current()>/Parent::node()/a");
        assert_eq!(parsed("(a|b)[1]//c"), "<(a | b)>[1]/DescendantOrSelf::node()/c");
        assert_eq!(
            parsed("deref(../a)/../b[c = current()/d]"),
            "<deref(Parent::node()/a)>/Parent::node()/b[(c = <current()>/d)]"
        );
        assert_eq!(parsed("count(a) + last()"), "(count(a) + last())");
        assert_eq!(parsed("x:f(1, 'two', a)"), "x:f(1, 'two', a)");
    }

    #[test]
    fn xpath_3_7_numbers_and_literals() {
        assert_eq!(parsed("1."), "1");
        assert_eq!(parsed(".5"), "0.5");
        assert_eq!(parsed("\"it's\""), "'it's'");
        assert_eq!(parsed("'«'"), "'«'");
        assert_eq!(parsed("1..2"), "2: expected an operator or the end of the expression, found '.'");
    }

    #[test]
    fn errors_name_the_place_what_was_found_and_what_is_allowed() {
        for (text, expected) in [
            ("", "0: the expression is empty"),
            ("a +", "3: expected an operand, found the end of the expression"),
            ("a b", "2: expected an operator or the end of the expression, found 'b'"),
            ("(a", "0: '(' is never closed"),
            ("a)", "1: ')' closes nothing"),
            ("a[1)", "3: expected ']', found ')'"),
            ("f(a b)", "4: expected an operator, ',' or ')', found 'b'"),
            ("a/", "2: expected a name, '*', '.' or '..', found the end of the expression"),
            ("a[]", "2: expected an operand, found ']'"),
            ("..[1]", "2: expected an operator or the end of the expression, found '['"),
            ("'a", "0: the string that starts here is not closed with '"),
            ("$x + 1", "0: the variable '$x' does not exist: YANG has none"),
            ("a | -b", "4: expected an operand, found '-'"),
            ("a/text('x')", "2: text() takes no argument"),
            ("a == b", "3: expected an operand, found '='"),
            ("a:", "2: expected a name, found the end of the expression"),
            ("f(,a)", "2: expected an operand or ')', found ','"),
            (
                "/ 5",
                "2: expected a name, '*', '.' or '..', an operator or the end of the expression, found '5'",
            ),
            ("a::", "3: expected a name, '*' or a node type, found the end of the expression"),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        assert!(parsed("sibling::a").starts_with("0: 'sibling' is not an axis; the axes are ancestor"));
    }

    #[test]
    fn limits_hold_and_deep_trees_are_never_built() {
        let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(parsed(&deep), "200: parentheses and brackets are nested more than 200 deep");
        let nested = format!("{}1{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));
        assert_eq!(parsed(&nested), "1");
        let predicates = format!("{}1{}", "a[".repeat(MAX_DEPTH - 1), "]".repeat(MAX_DEPTH - 1));
        assert!(parse_xpath(&predicates).is_ok());
        let calls = format!("{}1{}", "f(".repeat(10_000), ")".repeat(10_000));
        assert!(parse_xpath(&calls).is_err());
        let sum = format!("1{}", "+1".repeat(1_000));
        assert_eq!(parsed(&sum), "399: more than 200 operators need each other's result");
        let choices = format!("a{}", " or a".repeat(5_000));
        assert!(parse_xpath(&choices).is_ok());
        let minuses = format!("{}1", "-".repeat(60_001));
        assert_eq!(parsed(&minuses), "-1");
        assert!(parse_xpath(&" ".repeat(MAX_BYTES + 1)).is_err());
        let steps = "a/".repeat(30_000) + "a";
        assert!(parse_xpath(&steps).is_ok());
    }
}
