//! Names: which typedef, grouping, identity, feature or extension a name means at a place (RFC 7950 sections 5.5, 6.2.1).

use std::cell::Cell;

use super::load::{Loaded, ModuleIndex, UnitIndex};
use crate::base::diagnostic::{Diagnostic, Span};
use crate::base::hashed::HashMap;
use crate::base::ident::Ident;
use crate::base::suggest::nearest;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// A lexical scope: the top of a text, or a statement that has typedefs or groupings of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(u32);

#[derive(Debug)]
struct Scope<'a> {
    unit: UnitIndex,
    parent: Option<ScopeId>,
    typedefs: HashMap<&'a str, &'a Statement>,
    groupings: HashMap<&'a str, &'a Statement>,
}

/// A definition and the scope it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'a> {
    /// The defining statement.
    pub statement: &'a Statement,
    /// The scope around it.
    pub scope: ScopeId,
}

/// The five kinds of names that stand at the top of a module; typedefs and groupings also deeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// `typedef`
    Typedef,
    /// `grouping`
    Grouping,
    /// `identity`
    Identity,
    /// `feature`
    Feature,
    /// `extension`
    Extension,
}

impl NameKind {
    /// The statement's keyword.
    pub fn as_str(self) -> &'static str {
        match self {
            NameKind::Typedef => "typedef",
            NameKind::Grouping => "grouping",
            NameKind::Identity => "identity",
            NameKind::Feature => "feature",
            NameKind::Extension => "extension",
        }
    }

    fn of(statement: &Statement) -> Option<NameKind> {
        match statement.id()? {
            K::Typedef => Some(NameKind::Typedef),
            K::Grouping => Some(NameKind::Grouping),
            K::Identity => Some(NameKind::Identity),
            K::Feature => Some(NameKind::Feature),
            K::Extension => Some(NameKind::Extension),
            _ => None,
        }
    }
}

/// The names of one kind at the top of a module, with the texts that define them.
type Exports<'a> = HashMap<&'a str, (&'a Statement, UnitIndex)>;

/// All names of the loaded modules.
#[derive(Debug)]
pub struct Names<'a> {
    /// The modules.
    pub loaded: &'a Loaded,
    scopes: Vec<Scope<'a>>,
    /// Inner scopes by the address of their statement.
    inner: HashMap<usize, ScopeId>,
    top: HashMap<(ModuleIndex, NameKind), Exports<'a>>,
    /// Top scope of each unit.
    unit_scopes: Vec<ScopeId>,
    /// By module: the revision of it whose nodes are in the tree.
    data_modules: Vec<ModuleIndex>,
    /// For how many unknown names a similar one was looked for.
    hints: Cell<usize>,
}

/// For more unknown names than these no similar one is looked for.
const MAX_HINTS: usize = 200;

/// The identity of a statement: its address, which is stable while the library is borrowed.
pub fn address(statement: &Statement) -> usize {
    std::ptr::from_ref(statement) as usize
}

/// `prefix:name` apart.
pub fn split_name(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    }
}

impl<'a> Names<'a> {
    /// Collects the names of all loaded modules and reports double and shadowing ones.
    pub fn collect(loaded: &'a Loaded, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut names = Names {
            loaded,
            scopes: Vec::new(),
            inner: HashMap::default(),
            top: HashMap::default(),
            unit_scopes: Vec::new(),
            data_modules: data_modules(loaded),
            hints: Cell::new(0),
        };
        for unit in loaded.unit_indexes() {
            names.collect_top(unit, diagnostics);
        }
        for unit in loaded.unit_indexes() {
            let scope = names.unit_scope(unit);
            for statement in &loaded.unit(unit).root.substatements {
                names.collect_inner(statement, scope, diagnostics);
            }
        }
        names
    }

    fn collect_top(&mut self, unit: UnitIndex, diagnostics: &mut Vec<Diagnostic>) {
        let id = ScopeId(u32::try_from(self.scopes.len()).unwrap_or(u32::MAX));
        self.scopes.push(Scope {
            unit,
            parent: None,
            typedefs: HashMap::default(),
            groupings: HashMap::default(),
        });
        self.unit_scopes.push(id);
        let module = self.loaded.unit(unit).module;
        for statement in &self.loaded.unit(unit).root.substatements {
            let Some(kind) = NameKind::of(statement) else { continue };
            let table = self.top.entry((module, kind)).or_default();
            if let Some((first, _)) = table.get(statement.text()) {
                diagnostics.push(twice(kind, statement, first));
            } else {
                table.insert(statement.text(), (statement, unit));
            }
        }
    }

    fn collect_inner(&mut self, statement: &'a Statement, outer: ScopeId, diagnostics: &mut Vec<Diagnostic>) {
        let mut scope = outer;
        if statement.substatements.iter().any(is_scoped) {
            scope = ScopeId(u32::try_from(self.scopes.len()).unwrap_or(u32::MAX));
            self.inner.insert(address(statement), scope);
            let unit = self.unit_of(outer);
            self.scopes.push(Scope {
                unit,
                parent: Some(outer),
                typedefs: HashMap::default(),
                groupings: HashMap::default(),
            });
            for definition in statement.substatements.iter().filter(|sub| is_scoped(sub)) {
                let kind = if definition.is(K::Typedef) { NameKind::Typedef } else { NameKind::Grouping };
                if let Some(first) = self.local(scope, kind, definition.text()) {
                    diagnostics.push(twice(kind, definition, first.statement));
                    continue;
                }
                let target = &mut self.scopes[scope.0 as usize];
                let table = match kind {
                    NameKind::Typedef => &mut target.typedefs,
                    _ => &mut target.groupings,
                };
                table.insert(definition.text(), definition);
            }
        }
        for sub in &statement.substatements {
            if !sub.substatements.is_empty() {
                self.collect_inner(sub, scope, diagnostics);
            }
        }
    }

    /// The top scope of a text.
    pub fn unit_scope(&self, unit: UnitIndex) -> ScopeId {
        self.unit_scopes[unit.0]
    }

    /// The text a scope is in.
    pub fn unit_of(&self, scope: ScopeId) -> UnitIndex {
        self.scopes[scope.0 as usize].unit
    }

    /// The module a scope is in.
    pub fn module_of(&self, scope: ScopeId) -> ModuleIndex {
        self.loaded.unit(self.unit_of(scope)).module
    }

    /// The scope inside a statement that stands in `outer`.
    pub fn inside(&self, statement: &Statement, outer: ScopeId) -> ScopeId {
        if self.inner.is_empty() || !statement.substatements.iter().any(is_scoped) {
            return outer;
        }
        self.inner.get(&address(statement)).copied().unwrap_or(outer)
    }

    /// The module that a prefix stands for in a scope.
    pub fn module_of_prefix(&self, scope: ScopeId, prefix: Option<&str>) -> Option<ModuleIndex> {
        self.loaded.module_of_prefix(self.unit_of(scope), prefix)
    }

    /// The module whose nodes a prefix stands for: of several revisions of a module only one is implemented
    /// (RFC 7950 section 5.6.5), whichever an import asks for.
    pub fn data_module_of_prefix(&self, scope: ScopeId, prefix: Option<&str>) -> Option<ModuleIndex> {
        self.module_of_prefix(scope, prefix).map(|module| self.data_module(module))
    }

    /// The revision of a module whose nodes are in the tree.
    pub fn data_module(&self, module: ModuleIndex) -> ModuleIndex {
        self.data_modules.get(module.0).copied().unwrap_or(module)
    }

    /// What a possibly prefixed name means.
    ///
    /// # Errors
    /// A diagnostic at `at` when the prefix or the name is not known.
    pub fn find(
        &self,
        kind: NameKind,
        scope: ScopeId,
        text: &str,
        at: Span,
    ) -> Result<Definition<'a>, Box<Diagnostic>> {
        let (prefix, name) = split_name(text);
        let Some(module) = self.module_of_prefix(scope, prefix) else {
            return Err(Box::new(self.unknown_prefix(scope, prefix.unwrap_or_default(), at)));
        };
        let unit = self.unit_of(scope);
        let own = module == self.loaded.unit(unit).module;
        let found = if own { self.local(scope, kind, name) } else { None };
        let found = found.or_else(|| if own { None } else { self.exported(module, kind, name) });
        found.ok_or_else(|| Box::new(self.unknown_name(kind, scope, module, name, at)))
    }

    /// Every name of a kind at the top of a module.
    pub fn exports(
        &self,
        module: ModuleIndex,
        kind: NameKind,
    ) -> impl Iterator<Item = (&'a str, Definition<'a>)> + '_ {
        self.top
            .get(&(module, kind))
            .into_iter()
            .flatten()
            .map(|(name, (statement, unit))| (*name, Definition { statement, scope: self.unit_scope(*unit) }))
    }

    /// Every typedef or grouping of a module, at whatever depth.
    pub fn all(&self, module: ModuleIndex, kind: NameKind) -> Vec<Definition<'a>> {
        let mut found: Vec<Definition<'a>> =
            self.exports(module, kind).map(|(_, definition)| definition).collect();
        for (scope, id) in self.scopes.iter().zip(0..).filter(|(scope, _)| scope.parent.is_some()) {
            if self.loaded.unit(scope.unit).module == module {
                let inner = if kind == NameKind::Typedef { &scope.typedefs } else { &scope.groupings };
                found.extend(inner.values().map(|statement| Definition { statement, scope: ScopeId(id) }));
            }
        }
        found.sort_by_key(|definition| (definition.statement.span.source, definition.statement.span.start));
        found
    }

    /// A name at the top of a module.
    pub fn exported(&self, module: ModuleIndex, kind: NameKind, name: &str) -> Option<Definition<'a>> {
        let (statement, unit) = self.top.get(&(module, kind))?.get(name)?;
        Some(Definition { statement, scope: self.unit_scope(*unit) })
    }

    /// An unprefixed name, from the innermost scope outwards.
    fn local(&self, scope: ScopeId, kind: NameKind, name: &str) -> Option<Definition<'a>> {
        let mut at = Some(scope);
        while let Some(id) = at {
            let scope = &self.scopes[id.0 as usize];
            let found = match kind {
                NameKind::Typedef => scope.typedefs.get(name),
                NameKind::Grouping => scope.groupings.get(name),
                _ => None,
            };
            if let Some(statement) = found {
                return Some(Definition { statement, scope: id });
            }
            at = scope.parent;
        }
        let unit = self.loaded.unit(self.unit_of(scope));
        let (statement, definer) = self.top.get(&(unit.module, kind))?.get(name)?;
        unit.visible.contains(definer).then(|| Definition { statement, scope: self.unit_scope(*definer) })
    }

    /// The diagnostic for a prefix that nothing declares.
    pub fn unknown_prefix(&self, scope: ScopeId, prefix: &str, at: Span) -> Diagnostic {
        let unit = self.loaded.unit(self.unit_of(scope));
        let known = std::iter::once(&unit.prefix).chain(unit.imports.iter().map(|import| &import.prefix));
        let found = Diagnostic::error("Y0211", at, format!("no import has the prefix '{prefix}'"));
        match nearest(prefix, known.map(Ident::as_str)) {
            Some(near) => found.help(format!("did you mean '{near}'?")),
            None => found,
        }
    }

    fn unknown_name(
        &self,
        kind: NameKind,
        scope: ScopeId,
        module: ModuleIndex,
        name: &str,
        at: Span,
    ) -> Diagnostic {
        let module_name = &self.loaded.module(module).name;
        let what = kind.as_str();
        let found = Diagnostic::error("Y0212", at, format!("there is no {what} '{name}' in '{module_name}'"));
        if let Some(hidden) = self.exported(module, kind, name) {
            let unit = self.loaded.unit(self.unit_of(hidden.scope));
            return found
                .related(hidden.statement.span, "it is defined here")
                .note(format!("a version 1 submodule sees it only with 'include {}'", unit.name));
        }
        if self.hints.get() >= MAX_HINTS {
            return found;
        }
        self.hints.set(self.hints.get() + 1);
        let mut known: Vec<&str> = self.exports(module, kind).map(|(name, _)| name).collect();
        let mut at = (module == self.module_of(scope)).then_some(scope);
        while let Some(id) = at {
            let scope = &self.scopes[id.0 as usize];
            let inner = if kind == NameKind::Typedef { &scope.typedefs } else { &scope.groupings };
            known.extend(inner.keys());
            at = scope.parent;
        }
        known.sort_unstable();
        match nearest(name, known) {
            Some(near) => found.help(format!("did you mean '{near}'?")),
            None => found,
        }
    }
}

/// For each module, the revision of it that is or would be implemented: the wanted one, else the latest.
fn data_modules(loaded: &Loaded) -> Vec<ModuleIndex> {
    let mut chosen: HashMap<&str, (bool, Option<&str>, ModuleIndex)> = HashMap::default();
    for index in loaded.module_indexes() {
        let module = loaded.module(index);
        let revision = loaded.main(index).and_then(|unit| unit.revision.as_deref());
        let candidate = (module.implemented, revision, index);
        let best = chosen.entry(&module.name).or_insert(candidate);
        if (candidate.0, candidate.1) > (best.0, best.1) {
            *best = candidate;
        }
    }
    let of =
        |index: ModuleIndex| chosen.get(loaded.module(index).name.as_str()).map_or(index, |found| found.2);
    loaded.module_indexes().map(of).collect()
}

fn is_scoped(statement: &Statement) -> bool {
    statement.is(K::Typedef) || statement.is(K::Grouping)
}

fn twice(kind: NameKind, second: &Statement, first: &Statement) -> Diagnostic {
    Diagnostic::error(
        "Y0213",
        second.argument_span(),
        format!("the {} '{}' is defined twice", kind.as_str(), second.text()),
    )
    .related(first.argument_span(), "first defined here")
    .note("a name must not be used again in its scope or below it (RFC 7950 section 6.2.1)")
}
