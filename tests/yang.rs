//! The YANG compiler held against a corpus: `tests/yang/ok` holds modules that must be accepted, `tests/yang/err` modules
//! that must be refused, each beside the diagnostics that it must get. A file is named after the section of RFC 7950 and
//! the rule that it is about. `UPDATE=1` writes what is missing or has changed; review it before you commit.

use std::fs;
use std::path::{Path, PathBuf};

use strongbox::base::diagnostic::{Diagnostic, Sources};
use strongbox::base::ident::Interner;
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

/// All diagnostics of a module, and them as they are shown. It finds the modules of `tests/yang/lib`.
fn compile(path: &Path) -> (Vec<Diagnostic>, String) {
    let file_name = path.file_name().unwrap().to_str().unwrap();
    let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let mut sources = Sources::default();
    let id = sources.add(file_name, text.as_str());
    let (module, mut diagnostics) = syntax::parse_module(&text, id, &mut Interner::default());
    diagnostics.extend(module.iter().flat_map(|module| syntax::check(module, &text)));
    let module = module.filter(|module| module.is(KeywordId::Module));
    if let (Some(module), false) = (module, diagnostics.iter().any(Diagnostic::is_error)) {
        let mut library = Library::new();
        library.add_text(file_name, &text);
        library.add_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/yang/lib")).unwrap();
        (_, diagnostics) = yang::compile(&mut library, &[Wanted::latest(module.text())]);
        return (diagnostics.clone(), render(library.sources(), &diagnostics));
    }
    (diagnostics.clone(), render(&sources, &diagnostics))
}

fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let shown: Vec<String> = diagnostics.iter().map(|found| sources.render(found)).collect();
    shown.join("\n")
}

#[test]
fn accepts_what_rfc_7950_allows() {
    let mut wrong = Vec::new();
    for path in cases("ok") {
        let (diagnostics, shown) = compile(&path);
        if diagnostics.iter().any(Diagnostic::is_error) {
            wrong.push(shown);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn refuses_what_rfc_7950_forbids_and_says_why() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for path in cases("err") {
        let (diagnostics, shown) = compile(&path);
        if !diagnostics.iter().any(Diagnostic::is_error) {
            wrong.push(format!("{} is accepted", path.display()));
            continue;
        }
        let expected = path.with_extension("err");
        if fs::read_to_string(&expected).unwrap_or_default() == shown {
            continue;
        }
        if update {
            fs::write(&expected, shown).unwrap();
        } else {
            wrong.push(format!("{} differs; found:\n{shown}", expected.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
