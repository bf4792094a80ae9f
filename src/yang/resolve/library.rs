//! The library: YANG texts by module name and revision, parsed when first wanted and kept parsed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, SourceId, Sources, Span};
use crate::base::hashed::HashMap;
use crate::base::ident::{Ident, Interner};
use crate::base::parallel::both;
use crate::yang::syntax;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// Sources of modules and submodules: embedded texts, directories, single files. Files are read when they are wanted.
#[derive(Debug, Default)]
pub struct Library {
    sources: Sources,
    files: Vec<File>,
    by_name: HashMap<Ident, Vec<FileId>>,
    interner: Interner,
}

/// Index of a file in the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(usize);

#[derive(Debug)]
struct File {
    revision: Option<Ident>,
    origin: Origin,
    parsed: Option<Arc<Parsed>>,
}

#[derive(Debug)]
enum Origin {
    Text(SourceId),
    Path(PathBuf),
}

/// A text and what the parser made of it.
#[derive(Debug)]
pub struct Parsed {
    /// Which text.
    pub source: SourceId,
    /// The `module` or `submodule` statement; `None` when the text holds none.
    pub statement: Option<Arc<Statement>>,
    /// What the parser and the checker of substatements found.
    pub diagnostics: Vec<Diagnostic>,
}

/// A text that is to be parsed.
struct Text {
    file: FileId,
    source: SourceId,
    text: Arc<str>,
}

impl Text {
    fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// So many bytes of a text are as much work to parse as one edit is to apply, which is how [`both`] measures work.
const BYTES_OF_WORK: usize = 256;

/// Outcome of a search by name and revision.
pub(crate) enum Lookup {
    /// The file.
    Found(FileId),
    /// No file of that name.
    NoModule,
    /// Files of that name, but of these revisions only.
    NoRevision(Vec<Ident>),
}

impl Library {
    /// An empty library.
    pub fn new() -> Self {
        Library::default()
    }

    /// Adds a text. Its module name is read from its first statement; `file_name` is what diagnostics show.
    pub fn add_text(&mut self, file_name: &str, text: &str) -> FileId {
        let stem = Path::new(file_name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file_name);
        let (stem_name, revision) = split_stem(stem);
        let revision = revision.map(Ident::from);
        let source = self.sources.add(file_name, text);
        let (name, parsed) = match module_name(text) {
            Some(name) => (name.to_owned(), None),
            None => {
                // It starts in an unusual way: the parser tells what it is.
                let parsed = parse(source, text, &mut self.interner);
                let name = parsed.statement.as_ref().map_or(stem_name, |statement| statement.text());
                (name.to_owned(), Some(Arc::new(parsed)))
            }
        };
        self.add(&name, File { revision, origin: Origin::Text(source), parsed })
    }

    /// Adds every `*.yang` file of a directory and of the directories below it, by the names `module.yang` and
    /// `module@revision.yang`. Links to directories are not followed: they may lead in circles.
    ///
    /// # Errors
    /// When a directory cannot be read. A file that cannot be read is reported when a module needs it.
    pub fn add_dir(&mut self, dir: &Path) -> io::Result<()> {
        let mut entries: Vec<std::fs::DirEntry> = std::fs::read_dir(dir)?.collect::<io::Result<_>>()?;
        entries.sort_by_key(std::fs::DirEntry::path);
        for entry in entries {
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                self.add_dir(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "yang") {
                self.add_file(&path);
            }
        }
        Ok(())
    }

    /// Adds one file, by its name `module.yang` or `module@revision.yang`, and returns the module name.
    pub fn add_file(&mut self, path: &Path) -> String {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let (name, revision) = split_stem(&stem);
        let revision = revision.map(Ident::from);
        self.add(name, File { revision, origin: Origin::Path(path.to_owned()), parsed: None });
        name.to_owned()
    }

    /// The latest revision of a module that there is now.
    pub fn latest(&mut self, name: &str) -> Option<Ident> {
        match self.find(name, None) {
            Lookup::Found(file) => self.revision(file),
            Lookup::NoModule | Lookup::NoRevision(_) => None,
        }
    }

    /// The texts that diagnostics point into.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Names of all modules and submodules, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.by_name.keys().map(Ident::as_str).collect();
        names.sort_unstable();
        names
    }

    fn add(&mut self, name: &str, file: File) -> FileId {
        let id = FileId(self.files.len());
        self.files.push(file);
        let name = self.interner.intern(name);
        self.by_name.entry(name).or_default().push(id);
        id
    }

    /// The file of a module: of that revision, or the latest one. Of equals, the one that was added first.
    pub(crate) fn find(&mut self, name: &str, revision: Option<&str>) -> Lookup {
        let Some(candidates) = self.by_name.get(name).cloned() else { return Lookup::NoModule };
        if let ([only], None) = (candidates.as_slice(), revision) {
            return Lookup::Found(*only);
        }
        let mut known = Vec::new();
        for id in candidates {
            let found = self.revision(id);
            if revision.is_some() && found.as_deref() == revision {
                return Lookup::Found(id);
            }
            known.push((found, id));
        }
        if revision.is_some() {
            return Lookup::NoRevision(known.into_iter().filter_map(|(found, _)| found).collect());
        }
        known.reverse();
        match known.into_iter().max_by(|a, b| a.0.cmp(&b.0)) {
            Some((_, id)) => Lookup::Found(id),
            None => Lookup::NoModule,
        }
    }

    fn revision(&mut self, id: FileId) -> Option<Ident> {
        if let Some(File { revision: Some(revision), .. }) = self.files.get(id.0) {
            return Some(revision.clone());
        }
        let parsed = self.parsed(id)?;
        latest_revision(parsed.statement.as_deref()?)
    }

    /// The parsed text of a file; `None` when it cannot be read.
    pub fn parsed(&mut self, id: FileId) -> Option<Arc<Parsed>> {
        let file = self.files.get(id.0)?;
        if let Some(parsed) = &file.parsed {
            return Some(parsed.clone());
        }
        let source = self.source(id)?;
        let text = self.sources.get(source)?.text.clone();
        let parsed = Arc::new(parse(source, &text, &mut self.interner));
        self.files.get_mut(id.0)?.parsed = Some(parsed.clone());
        Some(parsed)
    }

    /// Parses modules that will be wanted, half of them by a second processor where they are large: [`Library::parsed`] has
    /// them at hand then. Of a module with several revisions nothing is parsed before it is known which one is wanted.
    pub fn parse_ahead<'n>(&mut self, modules: impl IntoIterator<Item = &'n str>) {
        let mut texts: Vec<Text> = modules.into_iter().filter_map(|module| self.unparsed(module)).collect();
        let bytes: usize = texts.iter().map(Text::bytes).sum();
        let mut ahead = 0;
        let is_in_half = |text: &&Text| {
            ahead += text.bytes();
            ahead <= bytes / 2
        };
        let half = texts.iter().take_while(is_in_half).count();
        let others = texts.split_off(half);
        let (own, others) = both(
            bytes / BYTES_OF_WORK,
            || parse_all(texts, &mut self.interner),
            || parse_all(others, &mut Interner::default()),
        );
        for (file, parsed) in own.into_iter().chain(others) {
            if let Some(file) = self.files.get_mut(file.0) {
                file.parsed = Some(parsed);
            }
        }
    }

    /// The text of the only revision of a module, where it has not been parsed.
    fn unparsed(&mut self, module: &str) -> Option<Text> {
        let [file] = *self.by_name.get(module)?.as_slice() else { return None };
        if self.files.get(file.0)?.parsed.is_some() {
            return None;
        }
        let source = self.source(file)?;
        Some(Text { file, source, text: self.sources.get(source)?.text.clone() })
    }

    /// The text of a file among the sources; `None` when it cannot be read.
    fn source(&mut self, file: FileId) -> Option<SourceId> {
        match &self.files.get(file.0)?.origin {
            Origin::Text(source) => Some(*source),
            Origin::Path(path) => {
                let text = std::fs::read_to_string(path).ok()?;
                Some(self.sources.add(path.display().to_string(), text))
            }
        }
    }

    /// A span for things that are wrong with no text in particular.
    pub(crate) fn nowhere() -> Span {
        Span { source: SourceId(u32::MAX), start: 0, end: 0 }
    }
}

fn parse_all(texts: Vec<Text>, interner: &mut Interner) -> Vec<(FileId, Arc<Parsed>)> {
    let parsed = texts.into_iter().map(|Text { file, source, text }| (file, parse(source, &text, interner)));
    parsed.map(|(file, parsed)| (file, Arc::new(parsed))).collect()
}

fn parse(source: SourceId, text: &str, interner: &mut Interner) -> Parsed {
    let (statement, mut diagnostics) = syntax::parse_module(text, source, interner);
    if let Some(statement) = &statement {
        diagnostics.extend(syntax::check(statement, text));
    }
    Parsed { source, statement: statement.map(Arc::new), diagnostics }
}

/// The latest `revision` of a module or submodule; dates order as texts.
pub(crate) fn latest_revision(module: &Statement) -> Option<Ident> {
    module.all(K::Revision).map(Statement::text).max().map(Ident::from)
}

/// `name@revision` apart.
fn split_stem(stem: &str) -> (&str, Option<&str>) {
    match stem.split_once('@') {
        Some((name, revision)) => (name, Some(revision)),
        None => (stem, None),
    }
}

/// The name behind `module` or `submodule` at the start of a text, comments skipped; `None` where the text starts
/// differently, which the parser will explain.
fn module_name(text: &str) -> Option<&str> {
    let start = skip_separators(text.trim_start_matches('\u{feff}'));
    let rest = start.strip_prefix("submodule").or_else(|| start.strip_prefix("module"))?;
    let name = skip_separators(rest).trim_start_matches(['"', '\'']);
    let end = name.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))?;
    name.get(..end).filter(|name| !name.is_empty())
}

/// A text without the blanks and comments at its start.
fn skip_separators(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let comment = match (rest.strip_prefix("//"), rest.strip_prefix("/*")) {
            (Some(line), _) => line.split_once('\n'),
            (None, Some(block)) => block.split_once("*/"),
            (None, None) => return rest,
        };
        rest = comment.map_or("", |(_, behind)| behind).trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_text_is_the_name_of_its_module() {
        assert_eq!(module_name("// x\n/* y */ module /* z */ a-b.c {"), Some("a-b.c"));
        assert_eq!(module_name("submodule \"s\" {"), Some("s"));
        assert_eq!(module_name("container x;"), None);
    }

    #[test]
    fn rfc7950_5_1_1_the_latest_revision_is_taken_without_revision_date() {
        let mut library = Library::new();
        let text = |date: &str| format!("module m {{ namespace urn:m; prefix m; revision {date}; }}");
        library.add_text("m@2020-01-01.yang", &text("2020-01-01"));
        library.add_text("m@2022-01-01.yang", &text("2022-01-01"));
        library.add_text("m.yang", &text("2021-01-01"));
        let found = |lookup| match lookup {
            Lookup::Found(FileId(index)) => index,
            _ => usize::MAX,
        };
        assert_eq!(found(library.find("m", None)), 1);
        assert_eq!(found(library.find("m", Some("2021-01-01"))), 2);
        assert!(
            matches!(library.find("m", Some("2019-01-01")), Lookup::NoRevision(known) if known.len() == 3)
        );
        assert!(matches!(library.find("n", None), Lookup::NoModule));
    }
}
