//! The YANG compiler held against a corpus: `tests/yang/ok` holds modules that must be accepted, `tests/yang/err` modules
//! that must be refused, each beside the diagnostics that it must get. A file is named after the section of RFC 7950 and
//! the rule that it is about. Beside an accepted module that has nodes lies its tree diagram (RFC 8340), beside one that is
//! probably not meant so its warnings.
//! `UPDATE=1` writes what is missing or has changed; review it before you commit.

mod case;
mod data;
mod edits;
mod hostile;
mod mutation;
mod round_trip;
mod standard;
mod update;
mod yanglint;

use std::fs;
use std::path::{Path, PathBuf};

use strongbox::base::diagnostic::{Diagnostic, Sources};
use strongbox::base::ident::Interner;
use strongbox::yang::diagram::{Options, Subject, draw};
use strongbox::yang::syntax::KeywordId;
use strongbox::yang::{self, Library, Wanted, syntax};

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/yang").join(kind);
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yang"))
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// What the compiler makes of a file.
struct Outcome {
    diagnostics: Vec<Diagnostic>,
    /// The diagnostics as they are shown.
    shown: String,
    /// The tree diagram; empty if it was refused or has no nodes.
    tree: String,
}

/// Compiles a file, which may import the modules of `tests/yang/lib`.
fn compile(path: &Path) -> Outcome {
    let file_name = path.file_name().unwrap().to_str().unwrap();
    let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let mut sources = Sources::default();
    let id = sources.add(file_name, text.as_str());
    let (module, mut diagnostics) = syntax::parse_module(&text, id, &mut Interner::default());
    diagnostics.extend(module.iter().flat_map(|module| syntax::check(module, &text)));
    let module = module.filter(|module| module.is(KeywordId::Module));
    let Some(module) = module.filter(|_| !diagnostics.iter().any(Diagnostic::is_error)) else {
        return Outcome { shown: render(&sources, &diagnostics), diagnostics, tree: String::new() };
    };
    let mut library = Library::new();
    library.add_text(file_name, &text);
    // Relative, so that diagnostics show the same place on every machine.
    library.add_dir(Path::new("tests/yang/lib")).unwrap();
    let wanted = [Wanted::latest(module.text())];
    let (schema, diagnostics) = yang::compile(&mut library, &wanted);
    let subject = Subject { module: module.text().into(), submodule: None };
    let tree = match schema {
        Some(_) => draw(&mut library, &wanted, &[subject], &Options::default()).concat(),
        None => String::new(),
    };
    Outcome { shown: render(library.sources(), &diagnostics), diagnostics, tree }
}

fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let shown: Vec<String> = diagnostics.iter().map(|found| sources.render(found)).collect();
    shown.join("\n")
}

/// Holds a text against the file beside a case; `Err` says how they differ.
fn expect(beside: &Path, found: &str) -> Result<(), String> {
    let expected = fs::read_to_string(beside).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    if !crate::support::updates() {
        return Err(format!("{} differs; found:\n{found}", beside.display()));
    }
    if found.is_empty() {
        fs::remove_file(beside).unwrap()
    } else {
        fs::write(beside, found).unwrap()
    }
    Ok(())
}

#[test]
fn accepts_what_rfc_7950_allows() {
    let mut wrong = Vec::new();
    for path in cases("ok") {
        let outcome = compile(&path);
        if outcome.diagnostics.iter().any(Diagnostic::is_error) {
            wrong.push(outcome.shown);
        } else {
            wrong.extend(expect(&path.with_extension("tree"), &outcome.tree).err());
            wrong.extend(expect(&path.with_extension("warn"), &outcome.shown).err());
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn refuses_what_rfc_7950_forbids_and_says_why() {
    let mut wrong = Vec::new();
    for path in cases("err") {
        let outcome = compile(&path);
        if outcome.diagnostics.iter().any(Diagnostic::is_error) {
            wrong.extend(expect(&path.with_extension("err"), &outcome.shown).err());
        } else {
            wrong.push(format!("{} is accepted", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
