//! From file names to compiled modules: reading, finding imports, compiling in as few rounds as possible.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::report::Finding;
use crate::base::diagnostic::{Diagnostic, Sources, Span};
use crate::base::ident::{Ident, Interner};
use crate::yang::syntax::{self, KeywordId, Statement};
use crate::yang::{self, Features, Library, Wanted, product};

/// Directories within each other that are searched for imports.
const MAX_DIR_DEPTH: usize = 16;

/// Why files cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    /// A file or directory cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
}

/// The files of one command, and a library in which their imports are found.
pub(super) struct Batch {
    library: Library,
    /// What to compile.
    wanted: Vec<Wanted>,
    /// Names of the files, as diagnostics show them.
    names: HashSet<String>,
    /// What is wrong with the files by themselves.
    findings: Vec<Finding>,
}

/// What there is to say about the files.
pub(super) struct Checked {
    /// Errors, and warnings about the files themselves.
    pub findings: Vec<Finding>,
    /// Tree diagrams of the modules that compiled.
    pub diagrams: Vec<String>,
}

impl Batch {
    /// Reads the files. Imports will be looked for in `paths`, beside the files, and among the product's own modules.
    ///
    /// # Errors
    /// When a file or directory cannot be read.
    pub fn read(files: &[PathBuf], paths: &[PathBuf]) -> Result<Batch, InputError> {
        let mut batch = Batch {
            library: Library::new(),
            wanted: Vec::new(),
            names: HashSet::new(),
            findings: Vec::new(),
        };
        let mut given = HashSet::new();
        for file in files {
            let bytes =
                fs::read(file).map_err(|reason| InputError::Unreadable { path: file.clone(), reason })?;
            given.extend(batch.add(&file.display().to_string(), &bytes));
        }
        // A given file is the one that is meant, whatever other file of its name and whatever revision lies about.
        for path in paths {
            batch.add_dir(path, &given, MAX_DIR_DEPTH)?;
        }
        for file in files {
            let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            batch.add_dir(beside.unwrap_or(Path::new(".")), &given, 0)?;
        }
        for (name, text) in product::MODULES {
            if !given.contains(name.trim_end_matches(".yang")) {
                batch.library.add_text(name, text);
            }
        }
        Ok(batch)
    }

    /// Adds a file that was given; returns the name of its module or submodule.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Option<String> {
        self.names.insert(name.to_owned());
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut sources = Sources::default();
        let id = sources.add(name, text.as_str());
        if let Err(error) = std::str::from_utf8(bytes) {
            let at = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX);
            let span = Span { source: id, start: at, end: at.saturating_add(1) };
            let found = Diagnostic::error("Y0017", span, "these bytes are not UTF-8")
                .note("YANG modules are written in UTF-8 (RFC 7950 section 6)");
            self.findings.push(Finding::new(&sources, &found));
            return None;
        }
        let (statement, mut diagnostics) = syntax::parse_module(&text, id, &mut Interner::default());
        diagnostics.extend(statement.iter().flat_map(|statement| syntax::check(statement, &text)));
        self.findings.extend(diagnostics.iter().map(|found| Finding::new(&sources, found)));
        let module = statement.filter(|top| top.is(KeywordId::Module) || top.is(KeywordId::Submodule))?;
        self.library.add_text(name, &text);
        if !diagnostics.iter().any(Diagnostic::is_error) {
            self.want(&module);
        }
        Some(module.text().to_owned())
    }

    /// Wants a module, or the one that a submodule belongs to.
    fn want(&mut self, module: &Statement) {
        let (name, revision) = match module.find(KeywordId::BelongsTo) {
            Some(owner) => (owner.text(), None),
            None => {
                (module.text(), module.all(KeywordId::Revision).map(Statement::text).max().map(Ident::from))
            }
        };
        let wanted = Wanted { module: Ident::from(name), revision, features: Features::All };
        if !self.wanted.contains(&wanted) {
            self.wanted.push(wanted);
        }
    }

    /// Adds the YANG files of a directory and, down to a depth, of those below it.
    fn add_dir(&mut self, dir: &Path, given: &HashSet<String>, depth: usize) -> Result<(), InputError> {
        let unreadable = |reason| InputError::Unreadable { path: dir.to_owned(), reason };
        let mut entries: Vec<fs::DirEntry> =
            fs::read_dir(dir).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::path);
        for entry in entries {
            let path = entry.path();
            // Not the kind of what a link points at: links may lead in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth > 0 {
                    self.add_dir(&path, given, depth - 1)?;
                }
            } else if path.extension().is_some_and(|extension| extension == "yang") {
                let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                if !given.contains(stem.split('@').next().unwrap_or_default()) {
                    self.library.add_file(&path);
                }
            }
        }
        Ok(())
    }

    /// Compiles everything. Modules of one name (several revisions of one module) are compiled apart from each other.
    pub fn check(&mut self) -> Checked {
        let mut checked = Checked { findings: std::mem::take(&mut self.findings), diagrams: Vec::new() };
        let mut waiting = std::mem::take(&mut self.wanted);
        while !waiting.is_empty() {
            let mut taken = HashSet::new();
            let (round, rest): (Vec<Wanted>, Vec<Wanted>) =
                waiting.into_iter().partition(|wanted| taken.insert(wanted.module.clone()));
            self.round(&round, &mut checked);
            waiting = rest;
        }
        checked
    }

    fn round(&mut self, round: &[Wanted], checked: &mut Checked) {
        let (schema, diagnostics) = yang::compile(&mut self.library, round);
        let sources = self.library.sources();
        for diagnostic in &diagnostics {
            let ours =
                sources.get(diagnostic.span.source).is_some_and(|source| self.names.contains(&source.name));
            if ours || diagnostic.is_error() {
                let finding = Finding::new(sources, diagnostic);
                if !checked.findings.contains(&finding) {
                    checked.findings.push(finding);
                }
            }
        }
        let Some(schema) = schema else { return };
        let modules = round.iter().filter_map(|wanted| schema.module_by_name(&wanted.module));
        checked.diagrams.extend(modules.map(|module| schema.tree_diagram(module)));
    }
}
