//! Compiling a set of modules from files, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use strongbox::yang::{Features, Library, Wanted, compile};

use crate::peer::{Measured, status};

/// The module files below some directories: of each module the file with the latest revision in its name; no submodules.
pub fn files_of(dirs: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = BTreeMap::new();
    dirs.iter().for_each(|dir| add_files(dir, &mut found));
    found.into_values().collect()
}

fn add_files(dir: &Path, found: &mut BTreeMap<String, PathBuf>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(dir).expect("a directory").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yang") {
            let text = std::fs::read_to_string(&path).expect("a module");
            let is_module = text.lines().any(|line| line.trim_start().starts_with("module "));
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let name = stem.split('@').next().unwrap_or_default().to_owned();
            if is_module && found.get(&name).is_none_or(|other| other < &path) {
                found.insert(name, path);
            }
        }
    }
}

/// Writes the list that both sides read: one path a line.
pub fn write_list(dir: &Path, files: &[PathBuf]) -> PathBuf {
    let list = dir.join("modules.txt");
    let lines: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    std::fs::write(&list, lines.join("\n")).expect("a file");
    list
}

/// Reads and compiles the modules of a list; what they include and import is looked for in the directories around them.
pub fn measure(arguments: &[String]) -> Measured {
    let list = arguments.first().expect("a list of modules");
    let text = std::fs::read_to_string(list).expect("a list of modules");
    let before = status("self", "RssAnon").unwrap_or(0.0);
    let begin = Instant::now();
    let mut library = Library::new();
    let dirs: BTreeSet<&Path> = text.lines().filter_map(|file| Path::new(file).parent()).collect();
    for dir in dirs {
        library.add_dir(dir).expect("a directory");
    }
    let names = text.lines().filter_map(|file| Path::new(file).file_stem()?.to_str()?.split('@').next());
    let wanted: Vec<Wanted> =
        names.map(|name| Wanted { features: Features::All, ..Wanted::latest(name) }).collect();
    let (schema, diagnostics) = compile(&mut library, &wanted);
    let seconds = begin.elapsed().as_secs_f64();
    let kilobytes = status("self", "RssAnon").unwrap_or(0.0) - before;
    let refused: String = diagnostics
        .iter()
        .filter(|found| found.is_error())
        .map(|found| library.sources().render(found))
        .collect();
    let note = match &schema {
        Some(schema) => format!("{} nodes", schema.nodes().count()),
        None => format!("refused: {}", refused.replace('\n', " ")),
    };
    Measured { seconds, kilobytes, note }
}
