//! The table of codes against the compiler: every code is used, explained, and shown by an example that compiles.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

/// The codes that stand in quotes in the Rust files of a folder, tests aside.
fn used(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            used(&path, found);
        } else if !path.ends_with("codes.rs")
            && !path.ends_with("codes/examples.rs")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            let pieces = text.split('"').filter(|piece| {
                piece.len() == 5
                    && piece.starts_with('Y')
                    && piece.bytes().skip(1).all(|byte| byte.is_ascii_digit())
            });
            found.extend(pieces.map(str::to_owned));
        }
    }
}

#[test]
fn every_code_in_use_is_explained_and_no_other() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    used(&source.join("yang"), &mut found);
    used(&source.join("cli/yang"), &mut found);
    let explained: Vec<&str> = CODES.iter().map(|code| code.code).collect();
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), explained);
}

/// What the compiler, or the guideline of that code, finds in an example.
fn found_in(code: &str, text: &str) -> Vec<(&'static str, bool)> {
    use crate::yang::{Library, Wanted, compile, lint, product};

    let is_whole = ["module", "submodule", "//"].iter().any(|start| text.starts_with(start));
    let text = match is_whole || code == "Y0100" {
        true => text.to_owned(),
        false => {
            format!("module example {{\nyang-version 1.1; namespace urn:example; prefix ex;\n{text}\n}}")
        }
    };
    let starts: Vec<usize> = text
        .match_indices("module ")
        .map(|(at, _)| if text[..at].ends_with("sub") { at - 3 } else { at })
        .filter(|at| *at == 0 || text[..*at].ends_with('\n'))
        .collect();
    let mut library = Library::new();
    for (name, text) in product::MODULES {
        library.add_text(name, text);
    }
    let mut found = Vec::new();
    let mut wanted = Vec::new();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    for (start, end) in starts.iter().copied().chain(starts.is_empty().then_some(0)).zip(ends) {
        let file = library.add_text("example.yang", &text[start..end]);
        let parsed = library.parsed(file).unwrap();
        found.extend(parsed.diagnostics.iter().map(|found| (found.code, found.is_error())));
        if let Some(module) =
            parsed.statement.as_deref().filter(|module| module.keyword.to_string() == "module")
        {
            wanted.push(Wanted::latest(module.text()));
        }
    }
    let mut guidelines = lint::Guidelines::default();
    guidelines.add(code);
    found.extend(
        lint::lint(&mut library, &wanted, &guidelines).iter().map(|found| (found.code, found.is_error())),
    );
    let (_, diagnostics) = compile(&mut library, &wanted);
    found.extend(diagnostics.iter().map(|found| (found.code, found.is_error())));
    found
}

#[test]
fn every_example_gets_its_code_and_is_right_without_it() {
    let mut wrong = Vec::new();
    for example in examples::EXAMPLES {
        let code = example.code;
        let found = found_in(code, example.wrong);
        if !found.iter().any(|(found, _)| *found == code) {
            wrong.push(format!("{code}: the wrong example gets {found:?}"));
        }
        let found = found_in(code, example.right);
        if found.iter().any(|(found, is_error)| *found == code || *is_error) {
            wrong.push(format!("{code}: the right example gets {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_code_has_an_example_but_for_what_a_few_lines_cannot_show() {
    // Too long, too deep, not UTF-8, unreadable, misnamed files, two revisions and features asked for, too large.
    let cannot = ["Y0001", "Y0003", "Y0017", "Y0204", "Y0206", "Y0215", "Y0223", "Y0231"];
    let without = CODES.iter().map(|code| code.code).filter(|code| examples::find(code).is_none());
    assert_eq!(without.collect::<Vec<_>>(), cannot);
    assert!(examples::EXAMPLES.is_sorted_by_key(|example| example.code));
}

#[test]
fn codes_are_found_in_any_case() {
    assert_eq!(find("y0101").map(|code| code.code), Some("Y0101"));
    assert_eq!(find("Y9999"), None);
}
