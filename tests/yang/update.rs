//! RFC 7950 section 11: each folder of `tests/yang/diff` holds two revisions of a module and what is said of their
//! difference, a line for each change. `UPDATE=1` writes the lines; review them before you commit.

use std::fs;
use std::path::Path;

use strongbox::yang::update::compare;
use strongbox::yang::{Library, Wanted};

fn library(text: &str) -> Library {
    let mut library = Library::new();
    library.add_text("a.yang", text);
    library.add_dir(Path::new("tests/yang/lib")).unwrap();
    library
}

/// The changes between two texts of module `a`.
fn changes(old: &str, new: &str) -> String {
    let wanted = Wanted::latest("a");
    let (mut old, mut new) = (library(old), library(new));
    let found = compare((&mut old, &wanted), (&mut new, &wanted)).expect("both compile");
    let lines = found.iter().map(|change| {
        let note = change.note.map(|note| format!("\n    {note}")).unwrap_or_default();
        let (class, kind) = (change.class.as_str(), change.kind);
        format!("{class}: {}: {kind}: '{}' -> '{}'{note}\n", change.path, change.old, change.new)
    });
    lines.collect()
}

#[test]
fn rfc7950_11_changes_are_told_and_classed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/yang/diff");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        let read = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        let found = changes(&read("old.yang"), &read("new.yang"));
        wrong.extend(super::expect(&case.join("expected"), &found).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
