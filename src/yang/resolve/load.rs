//! From wanted module names to the closed set of modules: every import and include is followed and bound.

use std::sync::Arc;

use super::library::{FileId, Library, Lookup, latest_revision};
use crate::base::diagnostic::{Diagnostic, SourceId, Span};
use crate::base::hashed::HashMap;
use crate::base::ident::Ident;
use crate::base::suggest::nearest;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// Which features of a module are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Features {
    /// All of them.
    #[default]
    All,
    /// These only.
    Only(Vec<Ident>),
}

/// A module that is to be implemented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub module: Ident,
    /// A revision date; the latest one that the library has when absent.
    pub revision: Option<Ident>,
    /// Its features.
    pub features: Features,
}

impl Wanted {
    /// The latest revision of a module with all its features.
    pub fn latest(module: &str) -> Self {
        Wanted { module: Ident::from(module), revision: None, features: Features::All }
    }
}

/// Index of a module among the loaded ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleIndex(pub usize);

/// Index of a module's or submodule's text among the loaded ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitIndex(pub usize);

/// Version of the language that a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// RFC 6020.
    V1,
    /// RFC 7950.
    V1_1,
}

/// One text: a module or a submodule.
#[derive(Debug)]
pub struct Unit {
    /// Its statements.
    pub root: Arc<Statement>,
    /// Its own name.
    pub name: Ident,
    /// The source it came from.
    pub source: SourceId,
    /// The module it is or belongs to.
    pub module: ModuleIndex,
    /// The prefix by which it names its own module.
    pub prefix: Ident,
    /// Its `yang-version`.
    pub version: Version,
    /// Latest revision.
    pub revision: Option<Ident>,
    /// Imports by prefix.
    pub imports: Vec<Import>,
    /// Units whose definitions it may use without a prefix: itself first.
    pub visible: Vec<UnitIndex>,
    /// It is a submodule.
    pub is_submodule: bool,
    /// The submodules that it includes.
    pub includes: Vec<UnitIndex>,
}

/// One `import`.
#[derive(Debug)]
pub struct Import {
    /// Its prefix.
    pub prefix: Ident,
    /// The module.
    pub module: ModuleIndex,
}

/// A module with its submodules.
#[derive(Debug)]
pub struct LoadedModule {
    /// Its name.
    pub name: Ident,
    /// Its XML namespace.
    pub namespace: Ident,
    /// The module's own text first, then its submodules.
    pub units: Vec<UnitIndex>,
    /// Its data nodes are part of the schema.
    pub implemented: bool,
    /// Its features.
    pub features: Features,
}

/// The closed set.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Texts.
    pub units: Vec<Unit>,
    /// Modules.
    pub modules: Vec<LoadedModule>,
}

impl Loaded {
    /// A module.
    pub fn module(&self, index: ModuleIndex) -> &LoadedModule {
        &self.modules[index.0]
    }

    /// A text.
    pub fn unit(&self, index: UnitIndex) -> &Unit {
        &self.units[index.0]
    }

    /// The text of the module itself.
    pub fn main(&self, index: ModuleIndex) -> Option<&Unit> {
        self.module(index).units.first().map(|unit| self.unit(*unit))
    }

    /// All modules' indexes.
    pub fn module_indexes(&self) -> impl Iterator<Item = ModuleIndex> + use<> {
        (0..self.modules.len()).map(ModuleIndex)
    }

    /// All texts' indexes.
    pub fn unit_indexes(&self) -> impl Iterator<Item = UnitIndex> + use<> {
        (0..self.units.len()).map(UnitIndex)
    }

    /// The module that a prefix stands for in a text; no prefix is the text's own module.
    pub fn module_of_prefix(&self, unit: UnitIndex, prefix: Option<&str>) -> Option<ModuleIndex> {
        let unit = self.unit(unit);
        match prefix {
            None => Some(unit.module),
            Some(prefix) if unit.prefix == *prefix => Some(unit.module),
            Some(prefix) => {
                unit.imports.iter().find(|import| import.prefix == *prefix).map(|import| import.module)
            }
        }
    }
}

/// Loads the wanted modules and everything they need. What cannot be loaded is reported and left out.
pub fn load(library: &mut Library, wanted: &[Wanted]) -> (Loaded, Vec<Diagnostic>) {
    library.parse_ahead(wanted.iter().map(|want| want.module.as_str()));
    let pinned = wanted.iter().filter_map(|want| Some((want.module.clone(), want.revision.clone()?)));
    let mut loader = Loader {
        pinned: pinned.collect(),
        library,
        loaded: Loaded::default(),
        by_file: HashMap::default(),
        stack: Vec::new(),
        diagnostics: Vec::new(),
    };
    for want in wanted {
        let found = loader.module(&want.module, want.revision.as_deref(), Library::nowhere());
        let Some(found) = found else { continue };
        let other = loader.loaded.module_indexes().find(|other| {
            let (other_module, module) = (loader.loaded.module(*other), loader.loaded.module(found));
            *other != found && other_module.implemented && other_module.name == module.name
        });
        if other.is_some() {
            let message = format!("two revisions of '{}' are to be implemented", want.module);
            let at =
                loader.loaded.main(found).map_or_else(Library::nowhere, |unit| unit.root.argument_span());
            loader.diagnostics.push(Diagnostic::error("Y0215", at, message).note(
                "of a module one revision is implemented; others can be imported (RFC 7950 section 5.6.5)",
            ));
        } else if let Some(module) = loader.loaded.modules.get_mut(found.0) {
            module.implemented = true;
            module.features = want.features.clone();
        }
    }
    loader.bind_visibility();
    (loader.loaded, loader.diagnostics)
}

/// How long a chain of imports may be.
const MAX_IMPORT_DEPTH: usize = 200;

struct Loader<'l> {
    library: &'l mut Library,
    /// Revisions of the modules that are to be implemented: an import that does not say which means that one, not a
    /// later one that happens to lie about.
    pinned: HashMap<Ident, Ident>,
    loaded: Loaded,
    /// `None` while it is being loaded or when it failed.
    by_file: HashMap<FileId, Option<ModuleIndex>>,
    stack: Vec<(FileId, Ident)>,
    diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn find(&mut self, name: &str, revision: Option<&str>, at: Span) -> Option<FileId> {
        let revision = revision.or(self.pinned.get(name).map(Ident::as_str));
        match self.library.find(name, revision) {
            Lookup::Found(file) => Some(file),
            Lookup::NoModule => {
                let mut found = Diagnostic::error("Y0201", at, format!("there is no module '{name}'"))
                    .label("not in the library");
                if let Some(near) = nearest(name, self.library.names()) {
                    found = found.help(format!("did you mean '{near}'?"));
                }
                self.diagnostics.push(found);
                None
            }
            Lookup::NoRevision(known) => {
                let known: Vec<&str> = known.iter().map(Ident::as_str).collect();
                let message =
                    format!("there is no revision {} of module '{name}'", revision.unwrap_or_default());
                self.diagnostics.push(
                    Diagnostic::error("Y0202", at, message)
                        .note(format!("the library has {}", known.join(", "))),
                );
                None
            }
        }
    }

    /// Loads a module by name, once.
    fn module(&mut self, name: &str, revision: Option<&str>, at: Span) -> Option<ModuleIndex> {
        let file = self.find(name, revision, at)?;
        if let Some(position) = self.stack.iter().position(|(loading, _)| *loading == file) {
            let chain: Vec<&str> =
                self.stack.iter().skip(position).map(|(_, name)| name.as_str()).chain([name]).collect();
            self.diagnostics.push(
                Diagnostic::error("Y0203", at, format!("modules import each other: {}", chain.join(" -> ")))
                    .note("a chain of imports must not be circular (RFC 7950 section 5.1)"),
            );
            return None;
        }
        if let Some(known) = self.by_file.get(&file) {
            return *known;
        }
        self.by_file.insert(file, None);
        if self.stack.len() >= MAX_IMPORT_DEPTH {
            let message = format!("modules import each other more than {MAX_IMPORT_DEPTH} deep");
            self.diagnostics.push(Diagnostic::error("Y0203", at, message));
            return None;
        }
        let root = self.statement(file, name, K::Module, at)?;
        self.stack.push((file, Ident::from(name)));
        let module = self.new_module(&root.0, root.1);
        self.stack.pop();
        self.by_file.insert(file, Some(module));
        Some(module)
    }

    /// The statement of a file, which must be of that kind and name.
    fn statement(
        &mut self,
        file: FileId,
        name: &str,
        kind: K,
        at: Span,
    ) -> Option<(Arc<Statement>, SourceId)> {
        let Some(parsed) = self.library.parsed(file) else {
            self.diagnostics.push(Diagnostic::error(
                "Y0204",
                at,
                format!("cannot read the text of '{name}'"),
            ));
            return None;
        };
        self.diagnostics.extend(parsed.diagnostics.iter().cloned());
        let statement = parsed.statement.clone()?;
        if !statement.is(kind) {
            let wanted = if kind == K::Module { "a module" } else { "a submodule" };
            self.diagnostics.push(Diagnostic::error("Y0205", at, format!("'{name}' is not {wanted}")));
            return None;
        }
        if statement.text() != name {
            self.diagnostics.push(Diagnostic::error(
                "Y0206",
                statement.argument_span(),
                format!("the file was taken for '{name}', but it holds '{}'", statement.text()),
            ));
            return None;
        }
        Some((statement, parsed.source))
    }

    fn new_module(&mut self, root: &Arc<Statement>, source: SourceId) -> ModuleIndex {
        let module = ModuleIndex(self.loaded.modules.len());
        self.loaded.modules.push(LoadedModule {
            name: Ident::from(root.text()),
            namespace: Ident::from(root.find(K::Namespace).map_or("", Statement::text)),
            units: Vec::new(),
            implemented: false,
            features: Features::All,
        });
        let prefix = root.find(K::Prefix).map_or("", Statement::text);
        self.new_unit(root, source, module, Ident::from(prefix), false);
        module
    }

    fn new_unit(
        &mut self,
        root: &Arc<Statement>,
        source: SourceId,
        module: ModuleIndex,
        prefix: Ident,
        is_submodule: bool,
    ) -> UnitIndex {
        let index = UnitIndex(self.loaded.units.len());
        let version = match root.find(K::YangVersion).map(Statement::text) {
            Some("1.1") => Version::V1_1,
            _ => Version::V1,
        };
        self.loaded.units.push(Unit {
            root: root.clone(),
            name: Ident::from(root.text()),
            source,
            module,
            prefix,
            version,
            revision: latest_revision(root),
            imports: Vec::new(),
            visible: vec![index],
            is_submodule,
            includes: Vec::new(),
        });
        self.loaded.modules[module.0].units.push(index);
        self.imports(root, index, version);
        self.includes(root, index, module, version);
        index
    }

    fn imports(&mut self, root: &Statement, index: UnitIndex, version: Version) {
        for import in root.all(K::Import) {
            let revision = import.find(K::RevisionDate);
            let Some(module) =
                self.module(import.text(), revision.map(Statement::text), import.argument_span())
            else {
                continue;
            };
            let Some(prefix) = import.find(K::Prefix) else { continue };
            let unit = &self.loaded.units[index.0];
            if unit.prefix == *prefix.text()
                || unit.imports.iter().any(|known| known.prefix == *prefix.text())
            {
                self.diagnostics.push(Diagnostic::error(
                    "Y0207",
                    prefix.argument_span(),
                    format!("the prefix '{}' is in use already", prefix.text()),
                ));
                continue;
            }
            let imported = self.loaded.main(module).map(|unit| unit.version);
            if revision.is_some() && version == Version::V1 && imported == Some(Version::V1_1) {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Y0208",
                        import.span,
                        format!("a version 1 text cannot import '{}' by revision", import.text()),
                    )
                    .note("that module is of YANG version 1.1 (RFC 7950 section 12)"),
                );
            }
            self.loaded.units[index.0].imports.push(Import { prefix: Ident::from(prefix.text()), module });
        }
    }

    fn includes(&mut self, root: &Statement, index: UnitIndex, module: ModuleIndex, version: Version) {
        for include in root.all(K::Include) {
            let name = include.text();
            let at = include.argument_span();
            let known =
                self.loaded.modules[module.0].units.iter().copied().find(|unit| {
                    self.loaded.unit(*unit).name == *name && self.loaded.unit(*unit).is_submodule
                });
            let unit = match known {
                Some(unit) => Some(unit),
                None => self.submodule(include, module, at),
            };
            let Some(unit) = unit else { continue };
            let included = self.loaded.unit(unit).version;
            if included != version {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Y0209",
                        at,
                        format!("'{name}' is of another YANG version than the text that includes it"),
                    )
                    .note("a module and its submodules are of one version (RFC 7950 section 12)"),
                );
            }
            self.loaded.units[index.0].includes.push(unit);
        }
    }

    fn submodule(&mut self, include: &Statement, module: ModuleIndex, at: Span) -> Option<UnitIndex> {
        let revision = include.find(K::RevisionDate).map(Statement::text);
        let file = self.find(include.text(), revision, at)?;
        let (root, source) = self.statement(file, include.text(), K::Submodule, at)?;
        let belongs_to = root.find(K::BelongsTo)?;
        let owner = &self.loaded.modules[module.0].name;
        if belongs_to.text() != owner.as_str() {
            let message =
                format!("submodule '{}' belongs to '{}', not to '{owner}'", root.text(), belongs_to.text());
            self.diagnostics
                .push(Diagnostic::error("Y0210", at, message).related(belongs_to.span, "it says so here"));
            return None;
        }
        let prefix = Ident::from(belongs_to.find(K::Prefix).map_or("", Statement::text));
        Some(self.new_unit(&root, source, module, prefix, true))
    }

    /// Which units each unit sees: a version 1.1 text the whole module; a version 1 text what it includes, and a module
    /// also what its submodules include (RFC 7950 section 5.1, RFC 6020 section 5.1).
    fn bind_visibility(&mut self) {
        for index in self.loaded.unit_indexes() {
            let unit = self.loaded.unit(index);
            let visible = if unit.version == Version::V1_1 || !unit.is_submodule {
                let all = &self.loaded.module(unit.module).units;
                std::iter::once(index).chain(all.iter().copied().filter(|other| *other != index)).collect()
            } else {
                let mut reached = vec![index];
                let mut next = 0;
                while let Some(at) = reached.get(next).copied() {
                    next += 1;
                    for include in &self.loaded.unit(at).includes {
                        if !reached.contains(include) {
                            reached.push(*include);
                        }
                    }
                }
                reached
            };
            self.loaded.units[index.0].visible = visible;
        }
    }
}
