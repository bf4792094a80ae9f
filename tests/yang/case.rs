//! The files of `tests/yang/data`, read and written: a model, and cases of instance data for it.
//!
//! ```text
//! # What the file is about.
//! leaf a { type int8; must ". > 3"; }         the body of a module `t`, or whole modules
//!
//! === a name for the case
//! {"t:a": 1}                                   RFC 7951; of an rpc, action or notification with the nodes around it
//! ! operation-failed must-violation /t:a      every violation: error-tag, error-app-tag, path, the model's message
//! ~ yanglint accepts: why it is wrong          only where yanglint says something else
//! ```
//!
//! A line `# only imported: NAME` keeps a module from being implemented.
//!
//! A case is configuration unless its name ends in `| data` (with state), `| input`, `| output` or `| notification`. A
//! line that starts with `in` gives the datastore in which an operation is invoked.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What a case's data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Config,
    Data,
    Input,
    Output,
    Notification,
}

const KINDS: &[(&str, Kind)] = &[
    ("data", Kind::Data),
    ("input", Kind::Input),
    ("output", Kind::Output),
    ("notification", Kind::Notification),
];

/// One file.
#[derive(Debug)]
pub struct Topic {
    pub path: PathBuf,
    /// Everything in front of the first case, as it is written.
    head: String,
    /// Names and texts.
    pub modules: Vec<(String, String)>,
    /// Names of modules that are not implemented.
    imported: Vec<String>,
    /// Why yanglint does not take the model.
    pub model_refused: Option<String>,
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub kind: Kind,
    /// The data, as it is written.
    pub body: String,
    /// The datastore around an operation.
    pub datastore: Option<String>,
    /// What is expected, sorted; of edits that succeed, the data after them.
    pub violations: Vec<String>,
    /// Where yanglint says something else: what, and who is right.
    pub disagreement: Option<String>,
}

impl Topic {
    /// Reads every file of a folder, by name.
    pub fn all(folder: &str) -> Vec<Topic> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "cases"))
            .collect();
        paths.sort();
        paths.into_iter().map(Topic::read).collect()
    }

    fn read(path: PathBuf) -> Topic {
        let text = fs::read_to_string(&path).unwrap();
        let mut parts = text.split("\n=== ");
        let head = parts.next().unwrap_or_default().trim_end().to_owned();
        let cases = parts.map(Case::read).collect();
        let is_about = |line: &&str| line.starts_with('#') || line.starts_with('~');
        let (about, model): (Vec<&str>, Vec<&str>) = head.lines().partition(is_about);
        let model_refused = about.iter().find_map(|line| line.strip_prefix("~ yanglint refuses the model: "));
        let model_refused = model_refused.map(str::to_owned);
        let imported = about.iter().filter_map(|line| line.strip_prefix("# only imported: "));
        let imported = imported.map(str::to_owned).collect();
        Topic { modules: modules(&model.join("\n")), imported, model_refused, head, cases, path }
    }

    /// Names of the modules that are implemented.
    pub fn implemented(&self) -> impl Iterator<Item = &str> {
        let modules = self.modules.iter().filter(|(_, text)| text.starts_with("module "));
        modules.map(|(name, _)| name.as_str()).filter(|name| !self.imported.iter().any(|one| one == name))
    }

    /// Writes the file anew, with what its cases say now.
    pub fn write(&self) {
        let mut text = self.head.clone();
        text.push('\n');
        for case in &self.cases {
            case.write(&mut text);
        }
        fs::write(&self.path, text).unwrap();
    }

    /// Its name without folder and extension.
    pub fn name(&self) -> String {
        self.path.file_stem().unwrap().to_string_lossy().into_owned()
    }
}

/// Whole modules as they stand, or the body of one.
fn modules(text: &str) -> Vec<(String, String)> {
    if !text.lines().any(|line| line.starts_with("module ")) {
        let whole = format!("module t {{\n yang-version 1.1;\n namespace urn:t;\n prefix t;\n{text}\n}}\n");
        return vec![("t".to_owned(), whole)];
    }
    let mut modules: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with("module ") || line.starts_with("submodule ") {
            let name = line.split_whitespace().nth(1).unwrap().to_owned();
            modules.push((name, String::new()));
        }
        if let Some((_, module)) = modules.last_mut() {
            module.push_str(line);
            module.push('\n');
        }
    }
    modules
}

impl Case {
    fn read(text: &str) -> Case {
        let mut lines = text.lines();
        let title = lines.next().unwrap_or_default();
        let (name, kind) = match title.rsplit_once(" | ") {
            None => (title, Kind::Config),
            Some((name, word)) => {
                let known = KINDS.iter().find(|(known, _)| *known == word.trim());
                (name, known.unwrap_or_else(|| panic!("{title}: no such kind")).1)
            }
        };
        let mut case = Case {
            name: name.trim().to_owned(),
            kind,
            body: String::new(),
            datastore: None,
            violations: Vec::new(),
            disagreement: None,
        };
        for line in lines.filter(|line| !line.trim().is_empty()) {
            if line.starts_with("> ") {
                case.violations.push(line.to_owned());
            } else if let Some(violation) = line.strip_prefix("! ") {
                case.violations.push(violation.to_owned());
            } else if let Some(said) = line.strip_prefix("~ yanglint ") {
                case.disagreement = Some(said.to_owned());
            } else if let Some(datastore) = line.strip_prefix("in ") {
                case.datastore = Some(datastore.to_owned());
            } else {
                case.body.push_str(line);
                case.body.push('\n');
            }
        }
        case.violations.sort();
        case
    }

    fn write(&self, text: &mut String) {
        let kind = KINDS.iter().find(|(_, kind)| *kind == self.kind);
        let kind = kind.map(|(word, _)| format!(" | {word}")).unwrap_or_default();
        let _ = write!(text, "\n=== {}{kind}\n{}", self.name, self.body);
        if let Some(datastore) = &self.datastore {
            let _ = writeln!(text, "in {datastore}");
        }
        for violation in &self.violations {
            let mark = if violation.starts_with("> ") { "" } else { "! " };
            let _ = writeln!(text, "{mark}{violation}");
        }
        if let Some(said) = &self.disagreement {
            let _ = writeln!(text, "~ yanglint {said}");
        }
    }
}
