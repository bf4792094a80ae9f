//! Conversations with a daemon over HTTP, as folders of cases: each folder of an area is a conversation with a daemon of its
//! own, request after request, and what must come back. `UPDATE=1` rewrites the answers. A folder with `yang` in it brings
//! modules of its own; `ONLY=name` runs the folders whose names have that in them.

mod folder;
pub mod pattern;
pub mod wire;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::support::{Daemon, variable};

/// Every folder of an area, by name.
fn folders(area: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(area);
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("01-request.http").exists())
        .collect();
    folders.sort();
    folders
}

/// The daemon of a folder: it serves every module of `yang/` in it, or of the directory that a file `yang` names.
fn daemon(folder: &Path) -> Daemon {
    let own = folder.join("yang");
    if !own.exists() {
        return Daemon::quickstart();
    }
    let dir = match std::fs::read_to_string(&own) {
        Ok(named) => Path::new(env!("CARGO_MANIFEST_DIR")).join(named.trim()),
        Err(_) => own,
    };
    let mut modules: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".yang").map(str::to_owned))
        .collect();
    modules.sort();
    let mut arguments = vec!["quickstart", "--output", "json", "--listen", "127.0.0.1:0", "--yang-dir"];
    arguments.push(dir.to_str().unwrap());
    arguments.push("--module");
    arguments.extend(modules.iter().map(String::as_str));
    Daemon::start(&arguments)
}

/// Holds every conversation of an area.
pub fn hold(area: &str) {
    let only = variable("ONLY");
    let queue: Mutex<Vec<PathBuf>> = Mutex::new(folders(area).into_iter().rev().collect());
    let failures: Mutex<Vec<String>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(folder) = queue.lock().unwrap().pop() else { return };
                    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
                    if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                        continue;
                    }
                    let daemon = daemon(&folder);
                    if let Err(report) = folder::run(&folder, &daemon) {
                        failures.lock().unwrap().push(format!("{name}\n{report}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
