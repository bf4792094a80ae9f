//! The commands as a user runs them: output, messages, exit codes.

use super::*;

use clap::Parser as _;
use std::path::Path;

use crate::yang::codes::CODES;

#[derive(clap::Parser)]
struct Line {
    #[command(subcommand)]
    command: YangCommand,
}

/// Exit code, output and messages of a command line.
fn ran(arguments: &[&str]) -> (u8, String, String) {
    let line = Line::try_parse_from(["yang"].iter().chain(arguments)).unwrap();
    let (mut out, mut messages) = (Vec::new(), Vec::new());
    let status = line.command.execute(&mut out, &mut messages, &OnTerminal::default()).unwrap();
    (status, String::from_utf8(out).unwrap(), String::from_utf8(messages).unwrap())
}

fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const GOOD: &str = "module good { yang-version 1.1; namespace urn:good; prefix g; typedef t { type string; } leaf l { type t; } }";

fn user(revision: &str) -> String {
    format!(
        "module user {{ yang-version 1.1; namespace urn:user; prefix u; import good {{ prefix g; }} {revision}
           leaf m {{ type g:t; }} }}"
    )
}

#[test]
fn lint_accepts_and_finds_imports_beside_the_file_and_below_a_path() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "good.yang", GOOD);
    let beside = write(dir.path(), "user.yang", &user(""));
    assert_eq!(ran(&["lint", &beside]), (0, String::new(), "no errors, no warnings in 1 file\n".to_owned()));
    let elsewhere = write(dir.path(), "a/user.yang", &user(""));
    let (status, text, _) = ran(&["lint", &elsewhere]);
    assert_eq!(status, FAILED);
    assert!(text.starts_with("error[Y0201]: there is no module 'good'\n"), "{text}");
    write(dir.path(), "lib/deep/good@2026-01-01.yang", GOOD);
    let lib = dir.path().join("lib");
    assert_eq!(ran(&["lint", "--path", lib.to_str().unwrap(), &elsewhere]).0, 0);
}

#[test]
fn lint_looks_at_the_given_file_whatever_lies_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "good.yang", GOOD);
    write(dir.path(), "user@2026-01-01.yang", "module user { this is wrong");
    let old = write(dir.path(), "user@2020-01-01.yang", &user("revision 2020-01-01;"));
    assert_eq!(ran(&["lint", &old]).0, 0);
    let new = write(dir.path(), "user@2025-01-01.yang", &user("revision 2025-01-01;"));
    assert_eq!(ran(&["lint", &old, &new]).0, 0);
}

#[test]
fn lint_reports_errors_of_every_file_once() {
    let dir = tempfile::tempdir().unwrap();
    let good = write(dir.path(), "good.yang", &GOOD.replace("type string", "type strnig"));
    let bad = write(dir.path(), "bad.yang", "module bad { prefix b; leef x; }");
    let user = write(dir.path(), "user.yang", &user(""));
    let (status, text, message) = ran(&["lint", &user, &good, &bad]);
    assert_eq!(status, FAILED);
    assert_eq!(text.matches("error[").count(), 2, "{text}");
    assert!(message.starts_with("2 errors, "), "{message}");
    let (_, json, _) = ran(&["lint", "--format", "json", &bad]);
    assert!(json.contains("\"Y0101\""), "{json}");
    let (_, annotations, message) = ran(&["lint", "--format", "github", &bad]);
    assert!(annotations.starts_with("::error file="), "{annotations}");
    assert_eq!(message, "");
}

#[test]
fn files_that_cannot_be_read_are_another_failure_than_errors_in_them() {
    let (status, _, message) = ran(&["lint", "no/such/file.yang"]);
    assert_eq!(status, UNUSABLE);
    assert!(message.starts_with("strongbox: cannot read no/such/file.yang: "), "{message}");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("latin1.yang");
    std::fs::write(&path, b"module a { // gr\xfc\xdfe\n}").unwrap();
    let (status, text, _) = ran(&["lint", path.to_str().unwrap()]);
    assert_eq!(status, FAILED);
    assert!(text.contains("error[Y0017]") && text.contains(":1:17\n"), "{text}");
}

#[test]
fn tree_prints_diagrams_and_errors_apart() {
    let dir = tempfile::tempdir().unwrap();
    let good = write(dir.path(), "good.yang", GOOD);
    let bad = write(dir.path(), "bad.yang", "module bad {");
    assert_eq!(ran(&["tree", &good]), (0, "module: good\n  +--rw l?   t\n".to_owned(), String::new()));
    let (status, diagrams, message) = ran(&["tree", &bad, &good]);
    assert_eq!((status, diagrams.as_str()), (FAILED, "module: good\n  +--rw l?   t\n"));
    assert!(message.starts_with("error[Y0010]"), "{message}");
}

#[test]
fn lint_follows_guidelines_on_demand_only() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "good.yang", GOOD);
    assert_eq!(ran(&["lint", &file]).1, "");
    let (status, text, _) = ran(&["lint", "--rfc8407", &file]);
    assert_eq!(status, 0);
    assert!(text.contains("warning[Y0401]: the leaf 'l' has no description\n"), "{text}");
    let (_, text, _) = ran(&["lint", "--rfc8407", "--allow", "y0401", &file]);
    assert!(!text.contains("Y0401") && text.contains("Y0403"), "{text}");
    let (status, text, _) = ran(&["lint", "--deny", "Y0401", &file]);
    assert_eq!(status, FAILED);
    assert!(text.contains("error[Y0401]") && !text.contains("Y0403"), "{text}");
    assert_eq!(ran(&["lint", "--warn", "Y0412", &file]).0, 0);
    let (status, _, message) = ran(&["lint", "--warn", "Y0999", &file]);
    assert_eq!(status, UNUSABLE);
    assert!(message.starts_with("strongbox: there is no code 'Y0999'"), "{message}");
    assert_eq!(ran(&["lint", "--warn", "Y0101", &file]).0, UNUSABLE);
}

#[test]
fn a_directory_stands_for_the_modules_in_it_and_below_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "good.yang", GOOD);
    write(dir.path(), "deep/user.yang", &user(""));
    let name = dir.path().to_str().unwrap();
    assert_eq!(ran(&["lint", name]), (0, String::new(), "no errors, no warnings in 2 files\n".to_owned()));
    let empty = tempfile::tempdir().unwrap();
    let (status, _, message) = ran(&["lint", empty.path().to_str().unwrap()]);
    assert_eq!(status, UNUSABLE);
    assert!(message.contains("there is no file *.yang in "), "{message}");
}

#[test]
fn more_files_than_are_looked_at_together_are_all_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..150 {
        let next = match number {
            0 => String::new(),
            more => format!("import m{} {{ prefix x; }}", more - 1),
        };
        let text =
            format!("module m{number} {{ namespace urn:m{number}; prefix m; {next} leaf l {{ type t; }} }}");
        write(dir.path(), &format!("m{number}.yang"), &text);
    }
    let (status, text, message) = ran(&["lint", dir.path().to_str().unwrap()]);
    assert_eq!(status, FAILED);
    assert_eq!(text.matches("error[Y0212]").count(), 150, "{message}");
    let (_, sarif, _) = ran(&["lint", "--format", "sarif", dir.path().to_str().unwrap()]);
    let log: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 150);
}

#[test]
fn a_binary_file_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("noise.yang");
    std::fs::write(&path, [0x7f, b'E', b'L', b'F', 0, 0, 0xff, 0xfe]).unwrap();
    let (status, text, _) = ran(&["lint", path.to_str().unwrap()]);
    assert_eq!(status, FAILED);
    assert!(text.contains("this is a binary file") && !text.contains("ELF"), "{text}");
}

#[test]
fn diff_tells_whether_the_new_may_take_the_place_of_the_old() {
    let dir = tempfile::tempdir().unwrap();
    let module = |revisions: &str, ty: &str| {
        format!("module m {{ namespace urn:m; prefix m; {revisions} leaf l {{ type {ty}; }} }}")
    };
    let old = write(dir.path(), "m@2025-01-01.yang", &module("revision 2025-01-01;", "int8"));
    let revisions = "revision 2026-01-01; revision 2025-01-01;";
    let wider = write(dir.path(), "m@2026-01-01.yang", &module(revisions, "int16"));
    let (status, text, messages) = ran(&["diff", &old, &wider]);
    assert_eq!((status, messages.as_str()), (FAILED, ""));
    assert_eq!(
        text,
        "m 2025-01-01 -> 2026-01-01: incompatible\n  incompatible  /l: type int8 -> int16\n  \
         RFC 7950 section 11 asks for a new name instead of an incompatible change\n"
    );
    assert_eq!(
        ran(&["diff", &old, &old]),
        (0, "m 2025-01-01 -> 2025-01-01: no change\n".to_owned(), String::new())
    );
    let (_, json, _) = ran(&["diff", "--format", "json", &old, &wider]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["changes"][0]["kind"], "type");
    assert_eq!(json[0]["class"], "incompatible");
}

#[test]
fn diff_compares_directories_by_the_names_of_modules() {
    let dir = tempfile::tempdir().unwrap();
    let module = |name: &str| format!("module {name} {{ namespace urn:{name}; prefix {name}; }}");
    for (folder, names) in [("old", ["a", "b"]), ("new", ["b", "c"])] {
        for name in names {
            write(dir.path(), &format!("{folder}/{name}.yang"), &module(name));
        }
    }
    let path = |folder: &str| dir.path().join(folder).to_str().unwrap().to_owned();
    let (status, text, _) = ran(&["diff", "--least", "incompatible", &path("old"), &path("new")]);
    assert_eq!(status, FAILED);
    assert!(text.contains("a: incompatible\n  incompatible  a: module-removed\n"), "{text}");
    assert!(text.contains("b: no change\n") && text.contains("c: compatible\n"), "{text}");
}

#[test]
fn diff_of_what_cannot_be_compared_is_unusable() {
    let dir = tempfile::tempdir().unwrap();
    let good = write(dir.path(), "good.yang", GOOD);
    let other = write(dir.path(), "user.yang", &user(""));
    let bad = write(dir.path(), "bad.yang", "module bad {");
    assert_eq!(ran(&["diff", &good, &other]).0, UNUSABLE);
    assert_eq!(ran(&["diff", &good, &bad]).0, UNUSABLE);
    assert_eq!(ran(&["diff", &good, "no/such/file.yang"]).0, UNUSABLE);
}

fn explained(code: &str) -> (u8, String, String) {
    ran(&["explain", code])
}

#[test]
fn explains_codes_and_guesses_misspelt_ones() {
    let (status, text, _) = explained("y0004");
    assert_eq!(status, 0);
    assert!(text.starts_with("Y0004: a comment is never closed\n\n"), "{text}");
    assert!(text.contains("\nWrong:\n\n    leaf name") && text.contains("\nRight:\n"), "{text}");
    assert!(text.ends_with("\nSee RFC 7950 section 6.1.1.\n"), "{text}");
    let (status, _, message) = explained("Y013");
    assert_eq!(status, UNUSABLE);
    assert!(message.starts_with("strongbox: there is no code 'Y013'; did you mean Y0"), "{message}");
}

#[test]
fn all_codes_are_listed_a_line_each() {
    assert_eq!(ran(&["explain"]).1.lines().count(), CODES.len());
}
