//! What the compiler, the decoder and validation do, each figure beside libyang's for the same files in the same run.
//!
//! `cargo bench --bench yang` compiles the modules of the pyang wheel, loads lists of entries with constraints from JSON,
//! and edits one leaf of them. Each measurement is a process of its own, so that its peak of memory is its own. The peers
//! are Debian's libyang2-tools (`yanglint`, and libyang itself called from Python); where they are missing their cells say so.
//!
//! `ENTRIES` sets the sizes (default `10000,100000,1000000`), `MODULES` the directories of modules, separated by `:`
//! (default: those of an installed pyang), `RUNS` how often each measurement is made (default 3, the best one counts).

// A measurement that cannot be made ends the run; there is nobody to recover for.
#![allow(clippy::expect_used)]

mod compile;
mod entries;
mod peer;

use std::path::{Path, PathBuf};

use peer::Measured;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test` runs bench targets too, with this argument; there is nothing to test here.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    if let Some(at) = arguments.iter().position(|argument| argument == "--measure") {
        let rest = &arguments[at + 1..];
        let argument = |index: usize| rest.get(index).expect("an argument").as_str();
        let measured = match argument(0) {
            "compile" => compile::measure(&rest[1..]),
            "load" => entries::measure_load(Path::new(argument(1))),
            "edit" => entries::measure_edit(Path::new(argument(1))),
            other => unreachable!("no measurement is called {other}"),
        };
        println!("{}", measured.line());
        return;
    }
    let setting = |name: &str, default: &str| {
        std::env::vars().find(|(key, _)| key == name).map_or(default.to_owned(), |pair| pair.1)
    };
    let runs: usize = setting("RUNS", "3").parse().expect("RUNS is a number");
    let sizes: Vec<usize> = setting("ENTRIES", "10000,100000,1000000")
        .split(',')
        .map(|size| size.trim().parse().expect("ENTRIES are numbers"))
        .collect();
    let dir = tempfile::tempdir().expect("a directory");

    println!("| work | strongbox | memory | libyang | memory | time ratio | memory ratio | target |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    compare_compile(dir.path(), &setting("MODULES", ""), runs);
    let module = entries::write_module(dir.path());
    for size in &sizes {
        let data = entries::write_data(dir.path(), *size);
        let megabytes = std::fs::metadata(&data).map_or(0, |facts| facts.len()) / 1_000_000;
        let ours = best(runs, || Some(peer::own(&["load".as_ref(), data.as_os_str()])));
        let yanglint = best(runs, || peer::yanglint(&module, &data));
        row(&format!("load and validate {size} entries ({megabytes} MB)"), ours, yanglint, "0.50");
        std::fs::remove_file(&data).expect("a file");
    }
    let mut flat = None;
    for size in [1000, 100_000, 1_000_000] {
        let data = entries::write_data(dir.path(), size);
        let edit = best(runs, || Some(peer::own(&["edit".as_ref(), data.as_os_str()]))).expect("a figure");
        let smallest: &mut f64 = flat.get_or_insert(edit.seconds);
        let ratio = edit.seconds / *smallest;
        println!(
            "| edit one leaf of {size} entries | {:.1} µs | | | | {ratio:.2} of 1000 entries | | flat |",
            edit.seconds * 1e6
        );
        std::fs::remove_file(&data).expect("a file");
    }
}

fn compare_compile(dir: &Path, given: &str, runs: usize) {
    let dirs: Vec<PathBuf> = match given {
        "" => peer::pyang_modules().into_iter().collect(),
        given => given.split(':').map(PathBuf::from).collect(),
    };
    let files = compile::files_of(&dirs);
    if files.is_empty() {
        println!(
            "| compile the modules of pyang | not run: pyang is not installed, and MODULES is not set | | | | | | |"
        );
        return;
    }
    let list = compile::write_list(dir, &files);
    let ours = best(runs, || Some(peer::own(&["compile".as_ref(), list.as_os_str()])));
    let libyang = best(runs, || peer::libyang(&list));
    row(&format!("compile {} modules", files.len()), ours, libyang, "1.00");
}

fn best(runs: usize, mut measure: impl FnMut() -> Option<Measured>) -> Option<Measured> {
    (0..runs).filter_map(|_| measure()).min_by(|one, other| one.seconds.total_cmp(&other.seconds))
}

fn row(what: &str, ours: Option<Measured>, peer: Option<Measured>, target: &str) {
    let ours = ours.expect("a figure of our own");
    let peer_note = peer.as_ref().map_or(String::new(), |peer| peer.note.clone());
    let cells = peer.map_or("not installed | | | ".to_owned(), |peer| {
        format!(
            "{} | {} | {:.2} | {:.2}",
            peer.time(),
            peer.memory(),
            ours.seconds / peer.seconds,
            ours.kilobytes / peer.kilobytes
        )
    });
    println!("| {what} | {} | {} | {cells} | {target} |", ours.time(), ours.memory());
    for (side, note) in [("strongbox", &ours.note), ("libyang", &peer_note)] {
        if !note.is_empty() {
            eprintln!("{what}: {side}: {note}");
        }
    }
}
