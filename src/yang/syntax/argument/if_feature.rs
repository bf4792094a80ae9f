//! The argument of `if-feature` in YANG 1.1: names of features with `not`, `and`, `or` and parentheses (RFC 7950
//! section 7.20.2). `not` binds tighter than `and`, `and` tighter than `or`.

use super::super::parse::shorten;
use super::{ArgumentError, is_reference};

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
/// When the text is not written as RFC 7950 section 14 says.
pub fn parse(text: &str) -> Result<IfFeature<'_>, ArgumentError> {
    let mut reader = Reader { tokens: tokens(text), next: 0, end: text.len(), depth: 0 };
    let condition = reader.any()?;
    match reader.tokens.get(reader.next) {
        None => Ok(condition),
        Some(_) => Err(reader.expected("'and', 'or' or the end")),
    }
}

/// Words and parentheses with their offsets.
fn tokens(text: &str) -> Vec<(&str, usize)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blanks = rest.len() - rest.trim_start().len();
        let length = match rest.trim_start().find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')) {
            Some(0) => 1,
            Some(length) => length,
            None => rest.len() - blanks,
        };
        at += blanks;
        if let Some(token) = text.get(at..at + length).filter(|token| !token.is_empty()) {
            tokens.push((token, at));
        }
        at += length;
    }
    tokens
}

struct Reader<'a> {
    tokens: Vec<(&'a str, usize)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: &str) -> bool {
        let found = self.tokens.get(self.next).is_some_and(|(token, _)| *token == wanted);
        self.next += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<IfFeature<'a>, ArgumentError> {
        let mut conditions = vec![self.all()?];
        while self.take("or") {
            conditions.push(self.all()?);
        }
        Ok(if conditions.len() == 1 { conditions.remove(0) } else { IfFeature::Or(conditions) })
    }

    fn all(&mut self) -> Result<IfFeature<'a>, ArgumentError> {
        let mut conditions = vec![self.one()?];
        while self.take("and") {
            conditions.push(self.one()?);
        }
        Ok(if conditions.len() == 1 { conditions.remove(0) } else { IfFeature::And(conditions) })
    }

    fn one(&mut self) -> Result<IfFeature<'a>, ArgumentError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(
                self.expected(&format!("a feature: no more than {MAX_DEPTH} conditions within each other"))
            );
        }
        let condition = if self.take("not") {
            IfFeature::Not(Box::new(self.one()?))
        } else if self.take("(") {
            let inner = self.any()?;
            if !self.take(")") {
                return Err(self.expected("'and', 'or' or ')'"));
            }
            inner
        } else {
            match self.tokens.get(self.next) {
                Some((name, at)) if is_reference(name) && !matches!(*name, "and" | "or") => {
                    self.next += 1;
                    IfFeature::Feature(name, *at)
                }
                _ => return Err(self.expected("the name of a feature, 'not' or '('")),
            }
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn expected(&self, what: &str) -> ArgumentError {
        let (found, at) = match self.tokens.get(self.next) {
            Some((token, at)) => (format!("'{}'", shorten(token)), *at),
            None => ("the end".to_owned(), self.end),
        };
        ArgumentError::new(
            "Y0118",
            format!("expected {what}, found {found}"),
            "a condition is written like \"tls and not (legacy or t:old)\"",
        )
        .at(at)
    }
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
        ] {
            assert_eq!(parse(text).unwrap_err().offset, Some(offset), "{text}");
        }
        assert!(parse(&"not ".repeat(100_000)).is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&format!("a{}", " and a".repeat(10_000))).is_ok());
    }
}
