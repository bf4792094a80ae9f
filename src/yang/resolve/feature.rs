//! Features and `if-feature` expressions (RFC 7950 sections 7.20.1 and 7.20.2).

use std::collections::HashMap;

use super::load::{Features, ModuleIndex, Version};
use super::scope::{Definition, NameKind, Names, ScopeId, address};
use crate::base::diagnostic::Diagnostic;
use crate::base::suggest::nearest;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// Which features are on, worked out when first asked.
#[derive(Debug, Default)]
pub struct FeatureStates {
    /// By address of the `feature` statement; `None` while it is being worked out.
    states: HashMap<usize, Option<bool>>,
    /// Outcome of `if-feature` statements by address: one is evaluated and reported once, however often it is used.
    conditions: HashMap<usize, bool>,
    /// Features being worked out.
    depth: usize,
}

impl FeatureStates {
    /// Whether all `if-feature` substatements of a statement hold.
    pub fn allow(
        &mut self,
        names: &Names<'_>,
        statement: &Statement,
        scope: ScopeId,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        let mut allowed = true;
        for condition in statement.all(K::IfFeature) {
            allowed &= self.holds(names, condition, scope, diagnostics);
        }
        allowed
    }

    /// Whether one `if-feature` statement holds. A faulty one counts as true, so that one mistake is reported once.
    pub fn holds(
        &mut self,
        names: &Names<'_>,
        condition: &Statement,
        scope: ScopeId,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        if let Some(known) = self.conditions.get(&address(condition)) {
            return *known;
        }
        let version = names.loaded.unit(names.unit_of(scope)).version;
        let text = condition.text();
        let outcome = if version == Version::V1 {
            self.named(names, condition, scope, text.trim(), diagnostics)
        } else {
            let mut parser = Parser { tokens: tokens(text), at: 0, wrong: false, depth: 0 };
            let parsed = parser.or();
            match parsed {
                Some(parsed) if !parser.wrong && parser.at == parser.tokens.len() => {
                    self.evaluate(names, condition, scope, &parsed, diagnostics)
                }
                _ => {
                    diagnostics.push(
                        Diagnostic::error(
                            "Y0221",
                            condition.argument_span(),
                            format!("'{text}' is not a feature expression"),
                        )
                        .note("write feature names with 'not', 'and', 'or' and parentheses"),
                    );
                    true
                }
            }
        };
        self.conditions.insert(address(condition), outcome);
        outcome
    }

    fn evaluate(
        &mut self,
        names: &Names<'_>,
        condition: &Statement,
        scope: ScopeId,
        expression: &Condition<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        match expression {
            Condition::Feature(name) => self.named(names, condition, scope, name, diagnostics),
            Condition::Not(inner) => !self.evaluate(names, condition, scope, inner, diagnostics),
            Condition::And(left, right) => {
                let left = self.evaluate(names, condition, scope, left, diagnostics);
                self.evaluate(names, condition, scope, right, diagnostics) && left
            }
            Condition::Or(left, right) => {
                let left = self.evaluate(names, condition, scope, left, diagnostics);
                self.evaluate(names, condition, scope, right, diagnostics) || left
            }
        }
    }

    fn named(
        &mut self,
        names: &Names<'_>,
        condition: &Statement,
        scope: ScopeId,
        name: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        match names.find(NameKind::Feature, scope, name, condition.argument_span()) {
            Ok(definition) => self.enabled(names, definition, diagnostics),
            Err(unknown) => {
                diagnostics.push(*unknown);
                true
            }
        }
    }

    /// Whether a feature is on: wanted, and everything it depends on is on too.
    pub fn enabled(
        &mut self,
        names: &Names<'_>,
        feature: Definition<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        let key = address(feature.statement);
        match self.states.get(&key) {
            Some(Some(known)) => return *known,
            Some(None) => {
                diagnostics.push(
                    Diagnostic::error(
                        "Y0222",
                        feature.statement.argument_span(),
                        format!("the feature '{}' depends on itself", feature.statement.text()),
                    )
                    .note("features must not refer to themselves, directly or not (RFC 7950 section 7.20.1)"),
                );
                return true;
            }
            None => {}
        }
        self.states.insert(key, None);
        if self.depth > MAX_DEPTH {
            let message = format!("features depend on each other more than {MAX_DEPTH} deep");
            diagnostics.push(Diagnostic::error("Y0222", feature.statement.argument_span(), message));
            return true;
        }
        self.depth += 1;
        let module = names.loaded.module(names.module_of(feature.scope));
        let wanted = match &module.features {
            Features::All => true,
            Features::Only(wanted) => wanted.iter().any(|name| name == feature.statement.text()),
        };
        let depends = self.allow(names, feature.statement, feature.scope, diagnostics);
        self.depth -= 1;
        self.states.insert(key, Some(wanted && depends));
        wanted && depends
    }

    /// Checks every feature of a module and returns the names of those that are on, sorted.
    pub fn of_module<'a>(
        &mut self,
        names: &Names<'a>,
        module: ModuleIndex,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<&'a str> {
        let mut all: Vec<(&'a str, Definition<'a>)> = names.exports(module, NameKind::Feature).collect();
        all.sort_by_key(|(name, _)| *name);
        if let Features::Only(wanted) = &names.loaded.module(module).features {
            for name in wanted.iter().filter(|name| !all.iter().any(|(known, _)| *name == known)) {
                let at =
                    names.loaded.main(module).map_or_else(Default::default, |unit| unit.root.argument_span());
                let message =
                    format!("module '{}' has no feature '{name}'", names.loaded.module(module).name);
                let found = Diagnostic::error("Y0223", at, message);
                diagnostics.push(match nearest(name, all.iter().map(|(known, _)| *known)) {
                    Some(near) => found.note(format!("did you mean '{near}'?")),
                    None => found,
                });
            }
        }
        all.retain(|(_, definition)| self.enabled(names, *definition, diagnostics));
        all.into_iter().map(|(name, _)| name).collect()
    }
}

#[derive(Debug, PartialEq)]
enum Condition<'t> {
    Feature(&'t str),
    Not(Box<Condition<'t>>),
    And(Box<Condition<'t>>, Box<Condition<'t>>),
    Or(Box<Condition<'t>>, Box<Condition<'t>>),
}

/// Words and parentheses.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let end = match rest.find(['(', ')']) {
                Some(0) => 1,
                Some(end) => end,
                None => rest.len(),
            };
            let (token, after) = rest.split_at(end);
            found.push(token);
            rest = after;
        }
    }
    found
}

/// How deep parentheses and `not` may nest, and features depend on each other.
const MAX_DEPTH: usize = 100;

struct Parser<'t> {
    tokens: Vec<&'t str>,
    at: usize,
    wrong: bool,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn next_is(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<Condition<'t>> {
        let mut left = self.and()?;
        while self.next_is("or") {
            left = Condition::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Condition<'t>> {
        let mut left = self.factor()?;
        while self.next_is("and") {
            left = Condition::And(Box::new(left), Box::new(self.factor()?));
        }
        Some(left)
    }

    fn factor(&mut self) -> Option<Condition<'t>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let found = if self.next_is("not") {
            self.factor().map(|inner| Condition::Not(Box::new(inner)))
        } else if self.next_is("(") {
            let inner = self.or();
            self.wrong |= !self.next_is(")");
            inner
        } else {
            let name = self.tokens.get(self.at).copied();
            self.at += 1;
            name.filter(|name| !matches!(*name, "and" | "or" | "not" | "(" | ")")).map(Condition::Feature)
        };
        self.depth -= 1;
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Option<String> {
        fn show(condition: &Condition<'_>) -> String {
            match condition {
                Condition::Feature(name) => (*name).to_owned(),
                Condition::Not(inner) => format!("!{}", show(inner)),
                Condition::And(left, right) => format!("({}&{})", show(left), show(right)),
                Condition::Or(left, right) => format!("({}|{})", show(left), show(right)),
            }
        }
        let mut parser = Parser { tokens: tokens(text), at: 0, wrong: false, depth: 0 };
        let parsed = parser.or()?;
        (!parser.wrong && parser.at == parser.tokens.len()).then(|| show(&parsed))
    }

    #[test]
    fn rfc7950_7_20_2_not_binds_tighter_than_and_and_tighter_than_or() {
        assert_eq!(shape("a or b and not c").as_deref(), Some("(a|(b&!c))"));
        assert_eq!(shape("(a or p:b)and c").as_deref(), Some("((a|p:b)&c)"));
        assert_eq!(shape("not(a)").as_deref(), Some("!a"));
        assert_eq!(shape("not not a").as_deref(), Some("!!a"));
    }

    #[test]
    fn rfc7950_7_20_2_what_is_no_expression() {
        for text in ["", "a b", "a and", "and", "(a", "a)", "not", "or a"] {
            assert_eq!(shape(text), None, "{text:?}");
        }
        assert_eq!(shape(&"(".repeat(100_000)), None);
    }
}
