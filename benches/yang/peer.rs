//! Running a measurement as a process: our own binary again, yanglint, libyang under Python.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run took.
#[derive(Clone, Debug)]
pub struct Measured {
    /// How long, without starting the process where that can be told apart.
    pub seconds: f64,
    /// The peak of resident memory, over what the process had before where that can be told apart.
    pub kilobytes: f64,
    /// Where the time went.
    pub note: String,
}

impl Measured {
    /// As one line, for the process that asked.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.seconds, self.kilobytes, self.note)
    }

    /// The opposite of [`Measured::line`].
    fn parse(line: &str) -> Option<Measured> {
        let mut words = line.trim().splitn(3, ' ');
        let mut number = || words.next()?.parse().ok();
        let (seconds, kilobytes) = (number()?, number()?);
        Some(Measured { seconds, kilobytes, note: words.next().unwrap_or_default().to_owned() })
    }

    /// For the table.
    pub fn time(&self) -> String {
        if self.seconds < 1.0 {
            format!("{:.1} ms", self.seconds * 1e3)
        } else {
            format!("{:.2} s", self.seconds)
        }
    }

    /// For the table.
    pub fn memory(&self) -> String {
        format!("{:.1} MB", self.kilobytes * 1024.0 / 1e6)
    }
}

/// A field of `/proc/PID/status` in kB.
pub fn status(process: &str, field: &str) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().ok()
}

/// Runs a measurement of this benchmark in a process of its own.
pub fn own(arguments: &[&OsStr]) -> Measured {
    let binary = std::env::current_exe().expect("this binary");
    let output = Command::new(binary)
        .arg("--measure")
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .expect("this binary runs");
    assert!(output.status.success(), "the measurement {arguments:?} failed");
    Measured::parse(&String::from_utf8_lossy(&output.stdout)).expect("a line of figures")
}

/// Loads and validates a file with yanglint: the whole process, which starts in a few milliseconds.
// There is no worker to block here, and the peer is to have the processor.
#[allow(clippy::disallowed_methods)]
pub fn yanglint(module: &Path, data: &Path) -> Option<Measured> {
    let mut command = Command::new("yanglint");
    command.args(["-t", "config"]).arg(module).arg(data);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().ok()?;
    let begin = Instant::now();
    let process = child.id().to_string();
    let mut kilobytes = 0.0_f64;
    let outcome = loop {
        // The peak is gone with the process, so it is looked at until then.
        kilobytes = kilobytes.max(status(&process, "VmHWM").unwrap_or(0.0));
        match child.try_wait().expect("a child to wait for") {
            Some(outcome) => break outcome,
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    let seconds = begin.elapsed().as_secs_f64();
    let mut said = String::new();
    let _ = child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut said));
    assert!(outcome.success(), "yanglint refuses the data: {said}");
    Some(Measured { seconds, kilobytes, note: String::new() })
}

/// Compiles a list of modules with libyang itself, each once, from Python: the calls into libyang and nothing else.
pub fn libyang(list: &Path) -> Option<Measured> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/yang/libyang.py");
    let output = Command::new("python3").arg(script).arg(list).output().ok()?;
    if !output.status.success() {
        eprintln!("libyang: {}", String::from_utf8_lossy(&output.stderr).trim());
        return None;
    }
    Measured::parse(&String::from_utf8_lossy(&output.stdout))
}

/// Where an installed pyang keeps the modules of its wheel: in the environment of the tests, or the system's.
pub fn pyang_modules() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python/bin/python");
    [own.as_os_str(), "python3".as_ref()].into_iter().find_map(|python| {
        let output = Command::new(python).args(["-c", "import sys; print(sys.prefix)"]).output().ok()?;
        let prefix = String::from_utf8(output.stdout).ok()?;
        let modules = Path::new(prefix.trim()).join("share/yang/modules");
        modules.is_dir().then_some(modules)
    })
}
