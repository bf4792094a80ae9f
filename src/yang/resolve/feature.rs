//! Features and `if-feature` expressions (RFC 7950 sections 7.20.1 and 7.20.2).

use super::load::{Features, ModuleIndex, Version};
use super::scope::{Definition, NameKind, Names, ScopeId, address};
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::HashMap;
use crate::base::suggest::nearest;
use crate::yang::syntax::argument::if_feature::{self, IfFeature};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// How many features may depend on each other in a row.
const MAX_DEPTH: usize = 100;

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
        let outcome = match if_feature::parse(text) {
            _ if version == Version::V1 => self.named(names, condition, scope, text.trim(), diagnostics),
            Ok(parsed) => self.evaluate(names, condition, scope, &parsed, diagnostics),
            // The checker of arguments said so already.
            Err(_) => true,
        };
        self.conditions.insert(address(condition), outcome);
        outcome
    }

    fn evaluate(
        &mut self,
        names: &Names<'_>,
        condition: &Statement,
        scope: ScopeId,
        expression: &IfFeature<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        match expression {
            IfFeature::Feature(name, _) => self.named(names, condition, scope, name, diagnostics),
            IfFeature::Not(inner) => !self.evaluate(names, condition, scope, inner, diagnostics),
            // Every operand is looked at, so that each unknown name is reported.
            IfFeature::And(operands) => {
                let held = self.evaluate_all(names, condition, scope, operands, diagnostics);
                held == operands.len()
            }
            IfFeature::Or(operands) => self.evaluate_all(names, condition, scope, operands, diagnostics) > 0,
        }
    }

    /// How many of the operands hold.
    fn evaluate_all(
        &mut self,
        names: &Names<'_>,
        condition: &Statement,
        scope: ScopeId,
        operands: &[IfFeature<'_>],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> usize {
        let mut held = 0;
        for operand in operands {
            held += usize::from(self.evaluate(names, condition, scope, operand, diagnostics));
        }
        held
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
                    Some(near) => found.help(format!("did you mean '{near}'?")),
                    None => found,
                });
            }
        }
        all.retain(|(_, definition)| self.enabled(names, *definition, diagnostics));
        all.into_iter().map(|(name, _)| name).collect()
    }
}
