//! The argument of `if-feature` in YANG 1.1: names of features with `not`, `and`, `or` and parentheses (RFC 7950
//! section 7.20.2). `not` binds tighter than `and`, `and` tighter than `or`.

use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

use super::super::parse::shorten;
use super::ArgumentError;
use grammar::{IfFeatureGrammar, Rule};

mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "yang/syntax/argument/if_feature.pest"]
    pub struct IfFeatureGrammar;
}

/// Parentheses and `not` within each other.
const MAX_DEPTH: usize = 100;

/// A condition on features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfFeature<'a> {
    /// The name of a feature, and its offset in the argument.
    Feature(&'a str, usize),
    /// `not`
    Not(Box<IfFeature<'a>>),
    /// All of these.
    And(Vec<IfFeature<'a>>),
    /// One of these.
    Or(Vec<IfFeature<'a>>),
}

/// Reads a condition.
///
/// # Errors
/// When the text is not written as RFC 7950 section 14 says, or more than 100 conditions are within each other.
pub fn parse(text: &str) -> Result<IfFeature<'_>, ArgumentError> {
    // The grammar is read by recursion: how deep that goes is known before.
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(too_deep(text, at));
        }
    }
    let mut read = IfFeatureGrammar::parse(Rule::condition, text).map_err(|error| misplaced(text, &error))?;
    read.next().map_or_else(|| Err(unexpected(text, 0, "a condition")), |any| tree(text, any, 0))
}

/// What a rule has read, inside of `depth` parentheses and `not`.
fn tree<'a>(text: &str, pair: Pair<'a, Rule>, depth: usize) -> Result<IfFeature<'a>, ArgumentError> {
    let (rule, at, name) = (pair.as_rule(), pair.as_span().start(), pair.as_str());
    if rule == Rule::feature {
        return Ok(IfFeature::Feature(name, at));
    }
    let inner = pair.into_inner();
    let nots = inner.clone().filter(|part| part.as_rule() == Rule::not).count();
    let depth = depth + nots + usize::from(rule == Rule::one);
    if depth > MAX_DEPTH {
        return Err(too_deep(text, at));
    }
    let is_operand =
        |part: &Pair<'_, Rule>| matches!(part.as_rule(), Rule::any | Rule::all | Rule::one | Rule::feature);
    let mut conditions = inner
        .filter(is_operand)
        .map(|part| tree(text, part, depth))
        .collect::<Result<Vec<_>, ArgumentError>>()?;
    Ok(match (rule, conditions.len()) {
        (_, 1) => (0..nots).fold(conditions.remove(0), |inner, _| IfFeature::Not(Box::new(inner))),
        (Rule::all, _) => IfFeature::And(conditions),
        _ => IfFeature::Or(conditions),
    })
}

fn too_deep(text: &str, at: usize) -> ArgumentError {
    unexpected(text, at, &format!("no more than {MAX_DEPTH} conditions within each other"))
}

/// What the grammar says.
fn misplaced(text: &str, error: &pest::error::Error<Rule>) -> ArgumentError {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else {
        return unexpected(text, at, "a condition");
    };
    let expects = |rules: &[Rule]| positives.iter().any(|rule| rules.contains(rule));
    let mut expected = Vec::new();
    if expects(&[Rule::any, Rule::all, Rule::one, Rule::feature, Rule::not, Rule::open]) {
        expected.extend(["the name of a feature", "'not'", "'('"]);
    }
    if expects(&[Rule::and, Rule::or]) {
        expected.extend(["'and'", "'or'"]);
    }
    if expects(&[Rule::close]) {
        expected.push("')'");
    }
    if expects(&[Rule::EOI]) {
        expected.push("the end");
    }
    let last = expected.pop().unwrap_or("a condition");
    let expected =
        if expected.is_empty() { last.to_owned() } else { format!("{} or {last}", expected.join(", ")) };
    unexpected(text, at, &expected)
}

fn unexpected(text: &str, at: usize, expected: &str) -> ArgumentError {
    let rest = text.get(at..).unwrap_or_default();
    let word = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(rest.len());
    let found = match rest.get(..word.max(usize::from(!rest.is_empty()))) {
        Some("") | None => "the end".to_owned(),
        Some(found) => format!("'{}'", shorten(found)),
    };
    ArgumentError::new(
        "Y0118",
        format!("expected {expected}, found {found}"),
        "a condition is written like \"tls and not (legacy or t:old)\"",
    )
    .at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(condition: &IfFeature<'_>) -> String {
        let list = |conditions: &[IfFeature<'_>], word: &str| {
            let shown: Vec<String> = conditions.iter().map(show).collect();
            format!("({})", shown.join(word))
        };
        match condition {
            IfFeature::Feature(name, _) => (*name).to_owned(),
            IfFeature::Not(inner) => format!("!{}", show(inner)),
            IfFeature::And(conditions) => list(conditions, " & "),
            IfFeature::Or(conditions) => list(conditions, " | "),
        }
    }

    #[test]
    fn rfc7950_7_20_2_not_binds_tighter_than_and_than_or() {
        let shown = |text| show(&parse(text).unwrap());
        assert_eq!(shown("a or not b and p:c"), "(a | (!b & p:c))");
        assert_eq!(shown("not (a or b)\n and\tc"), "(!(a | b) & c)");
        assert_eq!(shown("not not a"), "!!a");
        assert_eq!(shown("not(a)or(b)"), "(!a | b)");
        assert_eq!(shown("not-a and orange"), "(not-a & orange)");
    }

    #[test]
    fn rfc7950_14_conditions_that_are_not() {
        for (text, offset) in [
            ("", 0),
            ("a b", 2),
            ("a and", 5),
            ("(a", 2),
            ("a)", 1),
            ("or", 0),
            ("not", 3),
            ("a & b", 2),
            ("1a", 0),
            ("aor b", 4),
            ("a or b:", 5),
        ] {
            assert_eq!(parse(text).unwrap_err().offset, Some(offset), "{text}");
        }
        let says = |text| parse(text).unwrap_err().message;
        assert_eq!(says("a or"), "expected the name of a feature, 'not' or '(', found the end");
        assert_eq!(says("(a & b"), "expected 'and', 'or' or ')', found '&'");
        assert_eq!(says("a or b c"), "expected 'and', 'or' or the end, found 'c'");
        assert!(parse(&"not ".repeat(100_000)).is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&format!("{}a", "not ".repeat(100_000))).is_err());
        let within = |times: usize| format!("{}a{}", "(not ".repeat(times), ")".repeat(times));
        assert!(parse(&within(MAX_DEPTH / 3)).is_ok());
        assert!(parse(&within(MAX_DEPTH / 2 + 1)).is_err());
        assert!(parse(&format!("a{}", " and a".repeat(10_000))).is_ok());
    }
}
