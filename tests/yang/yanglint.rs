//! What libyang's `yanglint` says of the same cases. One process reads a whole topic, command by command; a command that
//! does not exist stands between two cases, so that what it complains about can be told apart.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::case::{Case, Kind, Topic};

/// What it says of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepts,
    /// With the data path of the first fault, where it tells one.
    Refuses {
        path: Option<String>,
        told: String,
    },
    /// It ends without a word.
    Crashes,
}

/// What it says of a topic: of the model, if that is refused, or of each case.
pub fn judge(topic: &Topic) -> Result<Vec<Verdict>, String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("yanglint").join(topic.name());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in &topic.modules {
        fs::write(folder.join(format!("{name}.yang")), text).unwrap();
    }
    for (number, case) in topic.cases.iter().enumerate() {
        fs::write(folder.join(format!("{number}.json")), &case.body).unwrap();
        if let Some(datastore) = &case.datastore {
            fs::write(folder.join(format!("{number}.datastore.json")), datastore).unwrap();
        }
    }
    let mut verdicts = vec![Verdict::Crashes; topic.cases.len()];
    let (alone, mut together): (Vec<usize>, Vec<usize>) =
        (0..topic.cases.len()).partition(|number| topic.cases[*number].datastore.is_some());
    for number in alone {
        verdicts[number] = run_alone(&folder, topic, number);
    }
    // It sometimes falls over a case; the next process goes on behind it.
    loop {
        let told = run(&folder, topic, &together);
        let mut parts = told.split("Unknown command \"next\"");
        let model = parts.next().unwrap_or_default();
        let errors: Vec<&str> = model.lines().filter(|line| line.contains("libyang[0]")).collect();
        if !errors.is_empty() {
            return Err(errors.join("\n"));
        }
        let parts: Vec<&str> = parts.collect();
        let Some((last, complete)) = parts.split_last() else { return Err(told) };
        for (number, part) in together.iter().zip(complete) {
            verdicts[*number] = verdict(part);
        }
        let Some(fallen) = together.get(complete.len()) else { return Ok(verdicts) };
        let found = verdict(last);
        verdicts[*fallen] = if found == Verdict::Accepts { Verdict::Crashes } else { found };
        together.drain(..=complete.len());
    }
}

/// With a datastore around an operation, which it only reads when it is not asked command by command.
fn run_alone(folder: &Path, topic: &Topic, number: usize) -> Verdict {
    let output = Command::new("yanglint")
        .current_dir(folder)
        .env("HOME", folder)
        .args(["-t", kind(&topic.cases[number]), "-O", &format!("{number}.datastore.json")])
        .args(main_modules(topic))
        .arg(format!("{number}.json"))
        .output()
        .unwrap();
    verdict(&String::from_utf8_lossy(&output.stderr))
}

fn main_modules(topic: &Topic) -> impl Iterator<Item = String> {
    topic.implemented().map(|name| format!("{name}.yang"))
}

fn run(folder: &Path, topic: &Topic, cases: &[usize]) -> String {
    let mut commands: String = main_modules(topic).map(|file| format!("add {file}\n")).collect();
    commands.push_str("next\n");
    for number in cases {
        commands.push_str(&format!("data -t {} {number}.json\nnext\n", kind(&topic.cases[*number])));
    }
    let mut child = Command::new("yanglint")
        .current_dir(folder)
        .env("HOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        // Where it ends early it does not read to the end.
        let _ = input.write_all(commands.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn kind(case: &Case) -> &'static str {
    match case.kind {
        Kind::Config => "config",
        Kind::Data => "data",
        Kind::Input => "rpc",
        Kind::Output => "reply",
        Kind::Notification => "notif",
    }
}

fn verdict(part: &str) -> Verdict {
    let starts = ["libyang[0]: ", "libyang err : ", "YANGLINT[E]: Failed"];
    let is_refusal = |line: &&str| starts.iter().any(|start| line.starts_with(start));
    let Some(line) = part.lines().find(is_refusal) else { return Verdict::Accepts };
    let told = line.to_owned();
    let path = line.split_once("Data location \"").and_then(|(_, rest)| rest.rsplit_once('"'));
    Verdict::Refuses { path: path.map(|(path, _)| path.to_owned()), told }
}
