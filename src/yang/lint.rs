//! Guidelines for authors: RFC 8407 and, for modules of the IETF, what it asks of those. Each rule has a code and can be
//! switched on or off; all of them are warnings.
//!
//! What makes a module invalid is not found here but by the compiler. A rule must be right about published modules: one
//! that cries wolf is worse than none.

mod header;
mod names;
mod statements;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::resolve::library::Library;
use super::resolve::load::{ModuleIndex, Unit, UnitIndex, Wanted, load};
use super::resolve::resolution::resolve;
use super::resolve::scope::Names;
use super::syntax::keyword::rules::Version;
use crate::base::diagnostic::{Diagnostic, Sources, Span};

/// Who has to follow a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody: RFC 8407 and what goes without saying.
    Everybody,
    /// Authors of the IETF and of IANA.
    Ietf,
    /// Those who ask for it.
    OnRequest,
}

/// A rule and who has to follow it. What it means is told by [`super::codes`].
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// Who has to follow it.
    pub audience: Audience,
}

const fn rule(code: &'static str, audience: Audience) -> Rule {
    Rule { code, audience }
}

/// All rules, in order.
pub const RULES: &[Rule] = &[
    rule("Y0401", Audience::Everybody),
    rule("Y0402", Audience::Everybody),
    rule("Y0403", Audience::Everybody),
    rule("Y0404", Audience::Everybody),
    rule("Y0405", Audience::Everybody),
    rule("Y0407", Audience::Everybody),
    rule("Y0408", Audience::Everybody),
    rule("Y0409", Audience::Everybody),
    rule("Y0410", Audience::Everybody),
    rule("Y0411", Audience::Everybody),
    rule("Y0412", Audience::OnRequest),
    rule("Y0413", Audience::Everybody),
    rule("Y0414", Audience::Everybody),
    rule("Y0415", Audience::Everybody),
    rule("Y0416", Audience::OnRequest),
    rule("Y0417", Audience::OnRequest),
    rule("Y0418", Audience::Everybody),
    rule("Y0419", Audience::Everybody),
    rule("Y0420", Audience::Everybody),
    rule("Y0422", Audience::OnRequest),
    rule("Y0450", Audience::Ietf),
    rule("Y0451", Audience::Ietf),
    rule("Y0452", Audience::Ietf),
    rule("Y0453", Audience::Ietf),
    rule("Y0454", Audience::Ietf),
    rule("Y0455", Audience::Ietf),
    rule("Y0456", Audience::Ietf),
    rule("Y0457", Audience::Ietf),
];

/// The rules that are on.
#[derive(Clone, Debug, Default)]
pub struct Guidelines {
    on: BTreeSet<&'static str>,
}

impl Guidelines {
    /// Switches on the rules for an audience; those for everybody come with those for the IETF.
    #[must_use]
    pub fn of(mut self, audience: Audience) -> Self {
        let wanted = |rule: &&Rule| {
            rule.audience == audience || audience == Audience::Ietf && rule.audience == Audience::Everybody
        };
        self.on.extend(RULES.iter().filter(wanted).map(|rule| rule.code));
        self
    }

    /// Switches one rule on. False when there is no rule of that code.
    pub fn add(&mut self, code: &str) -> bool {
        let found = RULES.iter().find(|rule| rule.code == code);
        self.on.extend(found.map(|rule| rule.code));
        found.is_some()
    }

    /// Switches one rule off.
    pub fn remove(&mut self, code: &str) {
        self.on.remove(code);
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.on.is_empty()
    }

    fn has(&self, code: &str) -> bool {
        self.on.contains(code)
    }
}

/// Holds the wanted modules and their submodules against the guidelines.
pub fn lint(library: &mut Library, wanted: &[Wanted], guidelines: &Guidelines) -> Vec<Diagnostic> {
    if guidelines.is_empty() {
        return Vec::new();
    }
    let (loaded, mut ignored) = load(library, wanted);
    let names = Names::collect(&loaded, &mut ignored);
    let resolution = resolve(&names, &mut ignored);
    let mut linter = Linter {
        guidelines,
        sources: library.sources(),
        names: &names,
        version: Version::V1,
        found: Vec::new(),
    };
    for module in loaded.module_indexes().filter(|index| loaded.module(*index).implemented) {
        for index in loaded.module(module).units.iter().copied() {
            linter.unit(index, module);
        }
        if let Some(resolution) = &resolution {
            names::mandatory_at_the_top(&mut linter, &resolution.tree, module);
        }
    }
    let mut found = linter.found;
    found.sort_by_key(|diagnostic| diagnostic.span);
    found
}

/// Collects what it finds.
struct Linter<'l, 'a> {
    guidelines: &'l Guidelines,
    sources: &'l Sources,
    names: &'l Names<'a>,
    /// The version of YANG of the text that is looked at.
    version: Version,
    found: Vec<Diagnostic>,
}

impl Linter<'_, '_> {
    /// Everything about a text.
    fn unit(&mut self, index: UnitIndex, module: ModuleIndex) {
        let loaded = self.names.loaded;
        let unit = loaded.unit(index);
        header::check(self, unit, module);
        statements::check(self, unit);
        names::check(self, unit);
    }

    /// Warns where the rule is on.
    fn warn(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Option<&mut Diagnostic> {
        if !self.guidelines.has(code) {
            return None;
        }
        self.found.push(Diagnostic::warning(code, span, message));
        self.found.last_mut()
    }

    /// The same with a line that says what to do about it.
    fn warn_with(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if let Some(found) = self.warn(code, span, message) {
            found.help.push(help.into());
        }
    }

    /// The text of a file.
    fn text(&self, unit: &Unit) -> &str {
        self.sources.get(unit.source).map_or("", |source| &source.text)
    }
}
