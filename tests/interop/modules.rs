//! Modules and their diagrams, held against pyang and yanglint: the modules that pyang ships, and the corpus of
//! `tests/yang`. Where the three disagree about a file of the corpus, the file itself says so and why.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use strongbox::yang::diagram::{Options, Subject, draw};
use strongbox::yang::{Library, Wanted};

use crate::support::{command, python, skipped};

/// The version of yanglint that the corpus speaks of.
const YANGLINT: &str = "yanglint 2.1.30";

/// Diagrams that are drawn by both, and how we are asked for them.
fn diagrams() -> [(&'static str, Options); 5] {
    let plain = Options::default();
    [
        ("full", Options { groupings: true, yang_data: true, structures: true, ..plain.clone() }),
        ("narrow", Options { line_length: Some(60), ..plain.clone() }),
        ("shallow", Options { depth: Some(2), ..plain.clone() }),
        ("unexpanded", Options { unexpanded: true, ..plain.clone() }),
        ("plain", plain),
    ]
}

/// Diagrams that differ for a reason: pyang does not see that a leaf is a key where a `uses` inside a grouping brings the
/// leaf, and takes it for optional. RFC 7950 section 7.8.2: a key is always there.
const KEYS_IN_GROUPINGS: &[&str] =
    &["ietf-alarms-x733.yang", "ietf-l3-unicast-topology.yang", "ietf-yang-library.yang"];

/// What pyang makes of a file.
#[derive(Deserialize)]
struct Verdict {
    errors: Vec<String>,
    #[serde(flatten)]
    diagrams: BTreeMap<String, String>,
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self.errors.first() {
            None => "accepts",
            Some(error) if error.starts_with("pyang failed") => "fails on",
            Some(_) => "refuses",
        }
    }
}

/// The verdicts of pyang; imports are looked for in the directories. `None` where there is no Python.
fn pyang(files: &[PathBuf], directories: &[PathBuf]) -> Option<BTreeMap<PathBuf, Verdict>> {
    let mut child = Command::new(python()?)
        .arg(root().join("tests/interop/pyang_verdicts.py"))
        .args(directories)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let names: Vec<String> = files.iter().map(|file| format!("{}\n", file.display())).collect();
    child.stdin.take().unwrap().write_all(names.concat().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).expect("the script prints JSON"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every YANG file below a directory.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "yang") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The folder of the modules that pyang brings along.
fn pyang_modules() -> Option<PathBuf> {
    Some(python()?.parent()?.parent()?.join("share/yang/modules"))
}

#[test]
fn every_module_that_pyang_ships_is_accepted() {
    let Some(modules) = pyang_modules() else { return };
    assert!(files_below(&modules).len() > 70);
    let output = Command::new(env!("CARGO_BIN_EXE_strongbox")).args(["yang", "lint"]).arg(&modules).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn rfc8340_diagrams_of_the_modules_that_pyang_ships_are_those_of_pyang() {
    let Some(modules) = pyang_modules() else { return };
    let files = files_below(&modules);
    let directories = [modules.join("ietf"), modules.join("iana")];
    let Some(verdicts) = pyang(&files, &directories) else { return };
    let mut different = Vec::new();
    for (file, verdict) in &verdicts {
        assert!(verdict.errors.is_empty(), "{file:?}: {:?}", verdict.errors);
        let name = file.file_name().unwrap().to_str().unwrap();
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        let owner = text.lines().find_map(|line| line.trim().strip_prefix("belongs-to "));
        let owner = owner.map(|owner| owner.trim_end_matches(['{', ' ']).trim_matches('"'));
        let subject = Subject { module: owner.unwrap_or(stem).into(), submodule: owner.map(|_| stem.into()) };
        let mut library = Library::new();
        library.add_dir(&modules).unwrap();
        let wanted = [Wanted::latest(&subject.module)];
        for (kind, options) in diagrams() {
            let ours = draw(&mut library, &wanted, std::slice::from_ref(&subject), &options).concat();
            let same = ours == verdict.diagrams[kind];
            let explained = kind == "full" && KEYS_IN_GROUPINGS.contains(&name);
            if same == explained {
                different.push(format!(
                    "{name} ({kind}): {}",
                    if same { "no difference left" } else { "differs" }
                ));
            }
        }
    }
    assert!(different.is_empty(), "{different:#?}");
}

#[test]
fn the_corpus_agrees_with_pyang_and_yanglint_or_says_who_is_right() {
    let corpus = files_below(&root().join("tests/yang/ok"))
        .into_iter()
        .chain(files_below(&root().join("tests/yang/err")))
        .collect::<Vec<_>>();
    assert!(corpus.len() >= 600, "{} modules", corpus.len());
    let Some(pyang) = pyang(&corpus, &[root().join("tests/yang/lib")]) else { return };
    if !command("yanglint", "libyang2-tools") {
        return;
    }
    let version = Command::new("yanglint").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    if version != YANGLINT {
        skipped("what yanglint says of the corpus", &format!("it speaks of {YANGLINT}, this is {version}"));
        return;
    }
    let mut wrong = Vec::new();
    for file in &corpus {
        let ours =
            if file.parent().is_some_and(|folder| folder.ends_with("ok")) { "accept" } else { "refuse" };
        let (pyang, yanglint) = (pyang[file].word(), yanglint(file));
        let agreed = pyang.strip_suffix('s') == Some(ours) && yanglint.strip_suffix('s') == Some(ours);
        let wanted = format!("// pyang {pyang} this and yanglint {yanglint} it; we {ours} it.");
        wrong.extend(explanation(file, (!agreed).then_some(&wanted)).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Holds the start of a file against what it must say; `Err` says what is wrong with it. `UPDATE=1` writes the first line,
/// the reason on the second is for people to write.
fn explanation(file: &Path, wanted: Option<&String>) -> Result<(), String> {
    let bytes = std::fs::read(file).unwrap();
    let (mark, text) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(text) => (&b"\xef\xbb\xbf"[..], text),
        None => (&b""[..], &bytes[..]),
    };
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    let first = String::from_utf8_lossy(first);
    let reason = String::from_utf8_lossy(rest).lines().nth(1).unwrap_or_default().to_owned();
    let explains = first.starts_with("// pyang ");
    let Some(wanted) = wanted else {
        return match explains {
            true => Err(format!("{}: the three agree, take the comment away", file.display())),
            false => Ok(()),
        };
    };
    if first != *wanted {
        if crate::support::updates() && explains {
            std::fs::write(file, [mark, wanted.as_bytes(), rest].concat()).unwrap();
        } else {
            return Err(format!("{}: its first line should be\n  {wanted}", file.display()));
        }
    }
    let rests_on = ["section ", "appendix ", "A limit of ours"];
    if !reason.starts_with("// ") || !rests_on.iter().any(|source| reason.contains(source)) {
        return Err(format!("{}: its second line should say which section that rests on", file.display()));
    }
    Ok(())
}

fn yanglint(file: &Path) -> &'static str {
    let output = Command::new("yanglint").arg("-p").arg(root().join("tests/yang/lib")).arg(file).output();
    match output.expect("yanglint runs").status.code() {
        Some(0) => "accepts",
        Some(_) => "refuses",
        None => "fails on",
    }
}

#[test]
fn rfc8340_diagrams_of_the_corpus_are_those_of_pyang() {
    let corpus = files_below(&root().join("tests/yang/ok"));
    let Some(verdicts) = pyang(&corpus, &[root().join("tests/yang/lib")]) else { return };
    let drawn = verdicts.iter().filter(|(_, verdict)| verdict.errors.is_empty());
    let mut different = Vec::new();
    for (file, verdict) in drawn {
        // What we draw lies beside the module; another test holds it against the compiler.
        let ours = std::fs::read_to_string(file.with_extension("tree")).unwrap_or_default();
        if ours != verdict.diagrams["plain"] {
            different.push(format!("{}\n{}", file.display(), verdict.diagrams["plain"]));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
