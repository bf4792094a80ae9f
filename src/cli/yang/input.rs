//! From names of files and directories to a library of modules: reading, finding imports, compiling in as few rounds as
//! possible.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::base::diagnostic::{Diagnostic, Sources, Span};
use crate::base::ident::Ident;
use crate::yang::diagram::{self, Subject};
use crate::yang::syntax::{KeywordId, Statement};
use crate::yang::{self, Features, Library, Wanted, lint, product};

/// Directories within each other that are searched.
const MAX_DIR_DEPTH: usize = 16;

/// A byte more than a module may have: what is longer is refused without being read.
const MAX_BYTES: u64 = 32 * 1024 * 1024 + 1;

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
    /// A directory without modules.
    #[error("there is no file *.yang in {} or below it", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

/// The files of a command, and where their imports may lie.
pub(super) struct Files {
    /// The files that were given, those of given directories included.
    pub given: Vec<PathBuf>,
    /// Files that may be imported.
    around: Vec<PathBuf>,
}

impl Files {
    /// Lists what was given; a directory stands for all YANG files in it and below it. Imports will be looked for in
    /// `paths`, beside the given files, and among the product's own modules.
    ///
    /// # Errors
    /// When a directory cannot be read, or has no YANG file.
    pub fn list(inputs: &[PathBuf], paths: &[PathBuf]) -> Result<Files, InputError> {
        let mut files = Files { given: Vec::new(), around: Vec::new() };
        let mut listed = HashSet::new();
        for input in inputs {
            if input.is_dir() {
                let before = files.given.len();
                collect(input, MAX_DIR_DEPTH, &mut files.given)?;
                if files.given.len() == before {
                    return Err(InputError::Empty { path: input.clone() });
                }
            } else {
                files.given.push(input.clone());
            }
        }
        for path in paths {
            collect(path, MAX_DIR_DEPTH, &mut files.around)?;
        }
        for file in &files.given {
            let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            let beside = beside.unwrap_or(Path::new("."));
            if listed.insert(beside.to_owned()) && beside.is_dir() {
                collect(beside, 0, &mut files.around)?;
            }
        }
        Ok(files)
    }
}

/// The YANG files of a directory and, down to a depth, of those below it, in order of their names.
fn collect(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let unreadable = |reason| InputError::Unreadable { path: dir.to_owned(), reason };
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(dir).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        // Not the kind of what a link points at: links may lead in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth > 0 {
                collect(&path, depth - 1, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yang") {
            found.push(path);
        }
    }
    Ok(())
}

/// Some of the files, and a library in which their imports are found.
pub(super) struct Batch {
    pub library: Library,
    /// What to compile.
    pub wanted: Vec<Wanted>,
    /// What to draw.
    pub subjects: Vec<Subject>,
    /// Names of the files, as diagnostics show them.
    names: HashSet<String>,
    /// What is wrong with the files by themselves.
    findings: Vec<Finding>,
}

impl Batch {
    /// Reads the given files with these numbers.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(files: &Files, numbers: std::ops::Range<usize>) -> Result<Batch, InputError> {
        let mut batch = Batch {
            library: Library::new(),
            wanted: Vec::new(),
            subjects: Vec::new(),
            names: HashSet::new(),
            findings: Vec::new(),
        };
        let mut given = HashSet::new();
        for file in files.given.get(numbers.clone()).unwrap_or_default() {
            let bytes = read(file).map_err(|reason| InputError::Unreadable { path: file.clone(), reason })?;
            given.extend(batch.add(&file.display().to_string(), &bytes));
        }
        // A given file is the one that is meant, whatever other file of its name and whatever revision lies about.
        let others = files.given.iter().enumerate().filter(|(number, _)| !numbers.contains(number));
        for path in others.map(|(_, path)| path).chain(&files.around) {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if !given.contains(stem.split('@').next().unwrap_or_default()) {
                batch.library.add_file(path);
            }
        }
        for (name, text) in product::embedded() {
            if !given.contains(product::module_of(name)) {
                batch.library.add_text(name, text);
            }
        }
        Ok(batch)
    }

    /// Adds a file that was given; returns the name of its module or submodule.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Option<String> {
        self.names.insert(name.to_owned());
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                self.findings.push(not_utf8(name, bytes, error.valid_up_to()));
                return None;
            }
        };
        let file = self.library.add_text(name, text);
        let parsed = self.library.parsed(file)?;
        let new = parsed.diagnostics.iter().map(|found| Finding::new(self.library.sources(), found));
        self.findings.extend(new);
        let is_module = |top: &&Statement| top.is(KeywordId::Module) || top.is(KeywordId::Submodule);
        let module = parsed.statement.as_deref().filter(is_module)?;
        if !parsed.diagnostics.iter().any(Diagnostic::is_error) {
            self.want(module);
        }
        Some(module.text().to_owned())
    }

    /// Wants a module, or the one that a submodule belongs to.
    fn want(&mut self, module: &Statement) {
        let own = Ident::from(module.text());
        let revision = || module.all(KeywordId::Revision).map(Statement::text).max().map(Ident::from);
        let (name, submodule, revision) = match module.find(KeywordId::BelongsTo) {
            Some(owner) => (Ident::from(owner.text()), Some(own), None),
            None => (own, None, revision()),
        };
        let wanted = Wanted { module: name.clone(), revision, features: Features::All };
        let twice = submodule.is_some() && self.wanted.iter().any(|known| known.module == name);
        if !twice && !self.wanted.contains(&wanted) {
            self.wanted.push(wanted);
        }
        self.subjects.push(Subject { module: name, submodule });
    }

    /// The wanted modules in rounds: modules of one name (several revisions of one module) come apart from each other.
    pub fn rounds(&self) -> Vec<Vec<Wanted>> {
        let mut rounds = Vec::new();
        let mut waiting = self.wanted.clone();
        while !waiting.is_empty() {
            let mut taken = HashSet::new();
            let (round, rest): (Vec<Wanted>, Vec<Wanted>) =
                waiting.into_iter().partition(|wanted| taken.insert(wanted.module.clone()));
            rounds.push(round);
            waiting = rest;
        }
        rounds
    }

    /// Compiles everything: the errors, and the warnings about the files themselves.
    pub fn check(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
        let mut seen: HashSet<String> =
            findings.iter().map(|finding| finding.rendered().to_owned()).collect();
        for round in self.rounds() {
            let (_, diagnostics) = yang::compile(&mut self.library, &round);
            self.keep(&diagnostics, &mut seen, &mut findings);
        }
        findings
    }

    /// What the guidelines say of the files.
    pub fn style(&mut self, guidelines: &lint::Guidelines) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut seen = HashSet::new();
        for round in self.rounds() {
            let diagnostics = lint::lint(&mut self.library, &round, guidelines);
            self.keep(&diagnostics, &mut seen, &mut findings);
        }
        findings
    }

    fn keep(&self, diagnostics: &[Diagnostic], seen: &mut HashSet<String>, findings: &mut Vec<Finding>) {
        let sources = self.library.sources();
        for diagnostic in diagnostics {
            let ours =
                sources.get(diagnostic.span.source).is_some_and(|source| self.names.contains(&source.name));
            if ours || diagnostic.is_error() {
                let finding = Finding::new(sources, diagnostic);
                if seen.insert(finding.rendered().to_owned()) {
                    findings.push(finding);
                }
            }
        }
    }

    /// Tree diagrams of the modules and submodules that were given.
    pub fn diagrams(&mut self, options: &diagram::Options) -> Vec<String> {
        let mut diagrams = Vec::new();
        let mut waiting = self.subjects.clone();
        for round in self.rounds() {
            let mut taken = HashSet::new();
            let (now, later): (Vec<Subject>, Vec<Subject>) =
                waiting.into_iter().partition(|subject| taken.insert(subject.clone()));
            diagrams.extend(diagram::draw(&mut self.library, &round, &now, options));
            waiting = later;
        }
        diagrams
    }
}

/// The bytes of a file, or as many as make it too long.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_utf8(name: &str, bytes: &[u8], at: usize) -> Finding {
    let mut sources = Sources::default();
    let is_binary = bytes.contains(&0);
    // What a binary file holds is not worth showing.
    let text = if is_binary { String::new() } else { String::from_utf8_lossy(bytes).into_owned() };
    let id = sources.add(name, text);
    let start = if is_binary { 0 } else { u32::try_from(at).unwrap_or(u32::MAX) };
    let span = Span { source: id, start, end: start.saturating_add(1) };
    let what = if is_binary { "this is a binary file, not a module" } else { "these bytes are not UTF-8" };
    let found =
        Diagnostic::error("Y0017", span, what).note("YANG modules are written in UTF-8 (RFC 7950 section 6)");
    Finding::new(&sources, &found)
}
