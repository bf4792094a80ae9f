//! `strongbox serve` as an operator meets it: settings, boot files, the data directory, stopping.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// `strongbox serve` on a free port over `data`, with more arguments.
pub fn serve(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strongbox"));
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-directory"]).arg(data).args(more);
    command.current_dir(data.parent().unwrap()).env_remove("STRONGBOX_CONFIG");
    command
}

pub fn run(command: &mut Command) -> (Output, String) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, text)
}

/// Starts a daemon and reads its log until it listens.
pub fn start(data: &Path, more: &[&str]) -> (Child, String) {
    let mut child = serve(data, more).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    while !log.contains("listening") {
        assert!(lines.read_line(&mut log).unwrap() > 0, "the daemon ended: {log}");
    }
    // The rest of the log is read away, so that the daemon never waits for a reader.
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    (child, log)
}

/// Stops it as an init system does, and waits until it has.
pub fn stop(mut child: Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(child.wait().unwrap().success(), "SIGTERM ends it in order");
}

/// A daemon that dies with the test.
pub struct Running {
    child: Child,
    /// What it said until it listened.
    pub log: String,
}

impl Running {
    /// Starts one on a data directory; with it comes its address.
    pub fn new(data: &Path) -> (Self, String) {
        let (child, log) = start(data, &[]);
        let found = regex::Regex::new(r"address=(\S+)").unwrap().captures(&log).unwrap();
        let address = format!("http://{}", &found[1]);
        (Running { child, log }, address)
    }

    /// Ends it as a power cut does.
    pub fn die(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.die();
    }
}

/// The token that the first start of a daemon left in its data directory.
pub fn root_token(data: &Path) -> String {
    std::fs::read_to_string(data.join("root-token")).unwrap().trim().to_owned()
}

pub fn directory() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    (dir, data)
}

fn file(dir: &TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/payments.yaml");

#[test]
fn a_boot_file_is_applied_once_and_a_second_start_changes_nothing() {
    let (_dir, data) = directory();
    let (child, log) = start(&data, &["--boot", EXAMPLE]);
    assert!(log.contains("created acme: /strongbox"), "{log}");
    stop(child);
    let (child, log) = start(&data, &["--boot", EXAMPLE]);
    assert!(log.contains("nothing to change"), "{log}");
    stop(child);
}

#[test]
fn the_first_start_leaves_a_root_token_and_a_key_that_only_the_owner_can_read() {
    let (_dir, data) = directory();
    let (child, log) = start(&data, &[]);
    assert!(log.contains("root-token"), "{log}");
    for name in ["root-token", "key"] {
        let mode = std::fs::metadata(data.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let token = std::fs::read_to_string(data.join("root-token")).unwrap();
    assert!(!log.contains(token.trim()), "the token itself is in no log");
    stop(child);
    std::fs::remove_file(data.join("root-token")).unwrap();
    let (child, _) = start(&data, &[]);
    assert!(!data.join("root-token").exists(), "it is made at the first start only");
    stop(child);
}

#[test]
fn a_second_process_on_the_same_directory_is_refused() {
    let (_dir, data) = directory();
    let (child, _) = start(&data, &[]);
    let (output, text) = run(&mut serve(&data, &[]));
    assert!(!output.status.success());
    assert!(text.contains(&child.id().to_string()), "it names the process that has it: {text}");
    stop(child);
}

/// Boot files that are wrong, and what is said of them, with `FILE` for the file's path.
const WRONG: &[(&str, &[&str])] = &[
    ("tenant: system\nconfig:\n  tenants:\n    - name: a\n      colour: red\n", &["FILE:5:7: ", "'colour'"]),
    (
        "config:\n  tenants:\n    - name: 'a b'\n    - name: system\n",
        &["FILE:3:", "'a b'", "FILE:4:", "taken by the server"],
    ),
    ("config: [\n", &["FILE:2:1: "]),
    ("tenant: ghost\nconfig:\n  policy: {}\n", &["FILE:", "'ghost'"]),
    (
        "config:\n  strongbox:\n    jwt-issuers:\n      - name: i\n        signing-key: nope\n",
        &["FILE:5:", "'nope' does not exist"],
    ),
    ("config:\n  strongbox:\n    jwt-issuers:\n      - name: i\n", &["FILE:4:", "signing-key"]),
];

#[test]
fn a_wrong_boot_file_stops_the_start_with_its_places_and_changes_nothing() {
    let (dir, data) = directory();
    for (index, (text, told)) in WRONG.iter().enumerate() {
        let good = file(&dir, "good.yaml", "config:\n  tenants:\n    - name: good\n");
        let bad = file(&dir, &format!("bad{index}.yaml"), text);
        let (output, errors) = run(&mut serve(&data, &["--boot", &good, "--boot", &bad]));
        assert!(!output.status.success(), "{text}");
        for part in *told {
            let part = part.replace("FILE", &bad);
            assert!(errors.contains(&part), "{part:?} is not in\n{errors}\nfor\n{text}");
        }
        assert!(errors.contains("nothing was changed"), "{errors}");
    }
    let good = file(&dir, "good.yaml", "config:\n  tenants:\n    - name: good\n");
    let (output, errors) = run(&mut serve(&data, &["--boot", &good, "--validate"]));
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("created system: /tenants/good"),
        "the good file alone would still create it: {text}"
    );
}

#[test]
fn an_unknown_setting_is_an_error_with_its_place() {
    let (dir, data) = directory();
    let settings = file(&dir, "strongbox.yaml", "site: here\nlisten-on: 127.0.0.1:1\n");
    let (output, text) = run(&mut serve(&data, &["--config", &settings]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("strongbox.yaml:2:1") && text.contains("listen-on"), "{text}");
}

#[test]
fn a_store_that_is_damaged_is_told_and_left_alone() {
    let (_dir, data) = directory();
    let (child, _) = start(&data, &["--boot", EXAMPLE]);
    stop(child);
    let store = data.join("strongbox.db");
    let mut bytes = std::fs::read(&store).unwrap();
    for page in bytes.chunks_mut(4096).skip(1) {
        page[2048..2064].fill(0xA5);
    }
    std::fs::write(&store, &bytes).unwrap();
    let mut again = serve(&data, &[]).stderr(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    let mut lines = BufReader::new(again.stderr.take().unwrap());
    while lines.read_line(&mut text).unwrap() > 0 && !text.contains("listening") {}
    again.kill().unwrap();
    again.wait().unwrap();
    assert!(!text.contains("listening"), "it must not serve: {text}");
    assert!(text.contains("strongbox.db") || text.contains(data.to_str().unwrap()), "{text}");
    assert_eq!(std::fs::read(&store).unwrap(), bytes, "nothing was written over it");
}
