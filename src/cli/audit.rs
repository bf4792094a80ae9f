//! `strongbox audit verify`: holds every line of audit logs against their chain. Needs the keyring and the seal key, and no
//! daemon; a daemon may be writing meanwhile.
//!
//! Exit codes: 0 when every chain is whole, 1 when one is broken, 2 when a log or the key cannot be read.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::access::audit::KEY_LABEL;
use crate::access::audit::file::older_files;
use crate::access::audit::verify::{Verifier, VerifyError};
use crate::base::secret::Secret;
use crate::daemon::KEY;
use crate::settings::{SEAL_KEY, Settings};
use crate::store::seal::{Envelope, SealKey};
use crate::store::{Barrier, key_file};

/// A chain is broken.
const BROKEN: u8 = 1;
/// A log or the key cannot be read.
const UNUSABLE: u8 = 2;

/// What to do with audit logs.
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Check that no line of an audit log was changed, removed or moved, and say which is the first that was
    Verify(VerifyArgs),
}

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The audit logs; the older files of a log, which have numbers behind its name, are checked with it
    #[arg(
        value_name = "FILE",
        required_unless_present = "data_directory",
        conflicts_with = "data_directory"
    )]
    files: Vec<PathBuf>,
    /// Check the audit logs of this data directory
    #[arg(long, value_name = "DIRECTORY")]
    data_directory: Option<PathBuf>,
    /// Keyring of the daemon that wrote them [default: the file keyring beside the first log]
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// File with the seal key [default: STRONGBOX_SEAL_KEY, or the file key beside the first log]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl AuditCommand {
    /// Runs the command on the standard streams.
    pub fn run(self) -> ExitCode {
        let AuditCommand::Verify(arguments) = self;
        let done = verify_all(&arguments, &mut std::io::stdout().lock(), &mut std::io::stderr().lock());
        // The reader of our output may have gone: nothing is left to say, and nobody to say it to.
        ExitCode::from(done.unwrap_or(UNUSABLE))
    }
}

/// Prints a line for each log to `out`, and what cannot be read to `messages`. Returns the exit code.
fn verify_all(arguments: &VerifyArgs, out: &mut dyn Write, messages: &mut dyn Write) -> std::io::Result<u8> {
    let files = files(arguments);
    let key = match key(arguments, &files) {
        Ok(key) => key,
        Err(reason) => {
            writeln!(messages, "strongbox: {reason}")?;
            return Ok(UNUSABLE);
        }
    };
    let mut status = 0;
    for log in &files {
        status = status.max(verify_one(log, &key, out, messages)?);
    }
    Ok(status)
}

/// Checks a log with its older files and stops at the first that is wrong. Returns the exit code.
fn verify_one(
    log: &Path,
    key: &Secret,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> std::io::Result<u8> {
    let mut files = match older_files(log) {
        Ok(older) => older,
        Err(error) => {
            writeln!(messages, "strongbox: {}: its directory cannot be read: {error}", log.display())?;
            return Ok(UNUSABLE);
        }
    };
    files.push(log.to_owned());
    let mut verifier = Verifier::new(key.expose());
    let mut lines = 0;
    for file in &files {
        let name = file.display();
        let verified =
            File::open(file).map_err(VerifyError::Read).and_then(|file| verifier.file(BufReader::new(file)));
        match verified {
            Ok(verified) => lines += verified.lines,
            Err(VerifyError::Read(error)) => {
                writeln!(messages, "strongbox: {name}: cannot be read: {error}")?;
                return Ok(UNUSABLE);
            }
            Err(broken) => {
                writeln!(out, "{name}: {broken}")?;
                return Ok(BROKEN);
            }
        }
    }
    let name = log.display();
    let older = match files.len() {
        1 => String::new(),
        count => format!(" in {count} files"),
    };
    writeln!(out, "{name}: the chain is whole, lines checked: {lines}{older}")?;
    Ok(0)
}

/// The logs that were named, or those of the data directory; of the anonymous ones, those that are there.
fn files(arguments: &VerifyArgs) -> Vec<PathBuf> {
    let Some(directory) = &arguments.data_directory else { return arguments.files.clone() };
    let mut settings = Settings::defaults();
    settings.data_directory.clone_from(directory);
    let anonymous = Some(settings.audit_anonymous_file()).filter(|file| file.exists());
    std::iter::once(settings.audit_file()).chain(anonymous).collect()
}

/// The sub-key of the log, from the keyring and the seal key that opens it.
fn key(arguments: &VerifyArgs, files: &[PathBuf]) -> Result<Secret, String> {
    let beside =
        |name: &str| files.first().map_or_else(|| PathBuf::from(name), |file| file.with_file_name(name));
    let keyring = arguments.keyring.clone().unwrap_or_else(|| Envelope::path(&beside("")));
    let envelope = Envelope::read(&keyring)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("there is no keyring {}; --keyring says where it is", keyring.display()))?;
    let of_environment = std::env::vars().find(|(name, _)| name == SEAL_KEY);
    let seal_key = match (of_environment, &arguments.key_file) {
        (Some((_, text)), None) => SealKey::parse(&text).map_err(|error| format!("{SEAL_KEY} {error}"))?,
        (_, file) => {
            let path = file.clone().unwrap_or_else(|| beside(KEY));
            let missing =
                || format!("there is no key file {}; --key-file or {SEAL_KEY} give one", path.display());
            key_file::read(&path).map_err(|error| error.to_string())?.ok_or_else(missing)?
        }
    };
    let keyring = envelope.open(&seal_key).map_err(|error| error.to_string())?;
    let barrier = Barrier::new(keyring).map_err(|error| error.to_string())?;
    Ok(barrier.derive(KEY_LABEL))
}

#[cfg(test)]
mod tests {
    use super::*;

    use clap::Parser as _;

    use crate::access::audit::chain::ChainKey;
    use crate::access::audit::file::{AuditFile, Rotation};
    use crate::base::clock::Timestamp;
    use crate::store::seal::{Holders, Keyring};

    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: AuditCommand,
    }

    fn verified(arguments: &[&str]) -> (u8, String, String) {
        let AuditCommand::Verify(arguments) =
            Line::try_parse_from(["audit", "verify"].iter().chain(arguments)).unwrap().command;
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let status = verify_all(&arguments, &mut out, &mut messages).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(messages).unwrap())
    }

    /// A data directory with a key and a log of three lines.
    fn data_directory() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::generate(Timestamp::default()).unwrap();
        let seal_key = SealKey::generate().unwrap();
        key_file::create(&dir.path().join(KEY), &seal_key).unwrap();
        let holders = Holders { shares: 1, threshold: 1 };
        Envelope::seal(&keyring, &seal_key, holders).unwrap().store(dir.path()).unwrap();
        let barrier = Barrier::new(keyring).unwrap();
        let key = barrier.derive(KEY_LABEL);
        let log = dir.path().join("audit.log");
        let rotation = Rotation { bytes: u64::MAX, keep: None };
        let mut log = AuditFile::open(&log, ChainKey::new(key.expose()), rotation).unwrap();
        let lines: [&[u8]; 3] = [b"{\"status\":200", b"{\"status\":403", b"{\"status\":204"];
        log.append(lines.into_iter()).unwrap();
        dir
    }

    #[test]
    fn a_whole_log_a_changed_one_and_one_that_is_not_there() {
        let dir = data_directory();
        let directory = dir.path().to_str().unwrap();
        let log = dir.path().join("audit.log");
        let name = log.to_str().unwrap();
        let whole = (0, format!("{name}: the chain is whole, lines checked: 3\n"), String::new());
        assert_eq!(verified(&["--data-directory", directory]), whole);
        assert_eq!(verified(&[name]), whole);

        let text = std::fs::read_to_string(&log).unwrap();
        std::fs::write(&log, text.replace("403", "200")).unwrap();
        let (status, out, _) = verified(&[name]);
        assert_eq!(status, BROKEN);
        assert!(out.starts_with(&format!("{name}: line 2 was changed")), "{out}");

        std::fs::remove_file(&log).unwrap();
        let (status, out, messages) = verified(&["--data-directory", directory]);
        assert_eq!((status, out.as_str()), (UNUSABLE, ""));
        assert!(messages.contains("audit.log: cannot be read: "), "{messages}");
    }

    #[test]
    fn older_files_are_checked_with_their_log() {
        let dir = data_directory();
        let log = dir.path().join("audit.log");
        let AuditCommand::Verify(arguments) =
            Line::try_parse_from(["audit", "verify", log.to_str().unwrap()]).unwrap().command;
        let key = ChainKey::new(key(&arguments, &arguments.files).unwrap().expose());
        let mut file = AuditFile::open(&log, key, Rotation { bytes: 1, keep: None }).unwrap();
        file.append([b"{\"status\":200".as_slice()].into_iter()).unwrap();
        let name = log.to_str().unwrap();
        let (status, out, _) = verified(&[name]);
        assert_eq!((status, out), (0, format!("{name}: the chain is whole, lines checked: 5 in 2 files\n")));
        let older = dir.path().join("audit.log.000000000003");
        let text = std::fs::read_to_string(&older).unwrap();
        std::fs::write(&older, text.replace("403", "200")).unwrap();
        let (status, out, _) = verified(&[name]);
        assert_eq!(status, BROKEN);
        assert!(out.starts_with(&format!("{}: line 2 was changed", older.display())), "{out}");
    }

    #[test]
    fn the_key_may_be_elsewhere_and_another_key_opens_nothing() {
        let dir = data_directory();
        let elsewhere = tempfile::tempdir().unwrap();
        let moved = elsewhere.path().join("copy.log");
        std::fs::copy(dir.path().join("audit.log"), &moved).unwrap();
        let moved = moved.to_str().unwrap();
        let (status, _, messages) = verified(&[moved]);
        assert_eq!(status, UNUSABLE);
        assert!(messages.contains("there is no keyring"), "{messages}");
        let keys = |dir: &tempfile::TempDir| {
            [Envelope::path(dir.path()), dir.path().join(KEY)].map(|path| path.display().to_string())
        };
        let [keyring, key] = keys(&dir);
        let (status, _, messages) = verified(&[moved, "--keyring", &keyring]);
        assert_eq!(status, UNUSABLE);
        assert!(messages.contains("there is no key file"), "{messages}");
        assert_eq!(verified(&[moved, "--keyring", &keyring, "--key-file", &key]).0, 0);
        let other = data_directory();
        let [keyring, key] = keys(&other);
        let (status, out, _) = verified(&[moved, "--keyring", &keyring, "--key-file", &key]);
        assert_eq!(status, BROKEN);
        assert!(out.contains("line 1 was changed, or was written by another server"), "{out}");
    }
}
