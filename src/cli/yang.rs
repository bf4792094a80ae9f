//! `strongbox yang`: commands that read YANG modules and need no daemon; one file a command, this one to choose among them.
//!
//! Exit codes: 0 for no errors, 1 for errors in the modules or the data, 2 when the command could not do its work.

mod color;
mod explain;
mod finding;
mod input;
mod lint;
mod progress;
mod tree;
mod validate;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use input::{Batch, Files, InputError};

/// Modules have errors.
const FAILED: u8 = 1;
/// A file cannot be read, a code is not known.
const UNUSABLE: u8 = 2;

/// What to do with YANG modules.
#[derive(Subcommand, Debug)]
pub enum YangCommand {
    /// Check modules and say what is wrong with them
    Lint(lint::LintArgs),
    /// Print the tree diagrams of modules (RFC 8340)
    Tree(tree::TreeArgs),
    /// Check data against modules and say what is wrong with it
    Validate(validate::ValidateArgs),
    /// Explain a diagnostic code such as Y0103
    Explain(explain::ExplainArgs),
}

/// Which modules.
#[derive(Args, Debug)]
pub struct Inputs {
    /// The files to look at; a directory stands for every *.yang in it and below it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Look for imported modules in this directory and those below it, besides the directories of the files
    #[arg(long = "path", short = 'p', value_name = "DIR")]
    paths: Vec<PathBuf>,
}

impl YangCommand {
    /// Runs the command on the standard streams.
    pub fn run(self) -> ExitCode {
        let on_terminal =
            OnTerminal { out: std::io::stdout().is_terminal(), messages: std::io::stderr().is_terminal() };
        let done = self.execute(&mut std::io::stdout().lock(), &mut std::io::stderr().lock(), &on_terminal);
        // The reader of our output may have gone (`| head`): nothing is left to say, and nobody to say it to.
        ExitCode::from(done.unwrap_or(UNUSABLE))
    }

    /// Runs the command: results go to `out`, everything else to `messages`. Returns the exit code.
    fn execute(
        &self,
        out: &mut dyn Write,
        messages: &mut dyn Write,
        on_terminal: &OnTerminal,
    ) -> std::io::Result<u8> {
        match self {
            YangCommand::Lint(args) => lint::lint(args, on_terminal, out, messages),
            YangCommand::Tree(args) => tree::tree(args, args.color.on(on_terminal.messages), out, messages),
            YangCommand::Validate(args) => args.run(args.color.on(on_terminal.out), out, messages),
            YangCommand::Explain(args) => explain::explain(args, out, messages),
        }
    }
}

/// Which of the streams is a terminal.
#[derive(Debug, Default)]
struct OnTerminal {
    out: bool,
    messages: bool,
}

/// The files of the arguments; what kept it from listing them goes to `messages`.
fn files(inputs: &Inputs, messages: &mut dyn Write) -> std::io::Result<Option<Files>> {
    match Files::list(&inputs.files, &inputs.paths) {
        Ok(files) => Ok(Some(files)),
        Err(error) => unusable(&error, messages).map(|_| None),
    }
}

/// All files of the arguments, read.
fn read_all(inputs: &Inputs, messages: &mut dyn Write) -> std::io::Result<Option<Batch>> {
    let Some(files) = files(inputs, messages)? else { return Ok(None) };
    match Batch::read(&files, 0..files.given.len()) {
        Ok(batch) => Ok(Some(batch)),
        Err(error) => unusable(&error, messages).map(|_| None),
    }
}

fn unusable(error: &InputError, messages: &mut dyn Write) -> std::io::Result<u8> {
    writeln!(messages, "strongbox: {error}")?;
    Ok(UNUSABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    use clap::Parser as _;
    use std::path::Path;

    use crate::yang::codes::CODES;

    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: YangCommand,
    }

    /// Exit code, output and messages of a command line.
    fn ran(arguments: &[&str]) -> (u8, String, String) {
        let line = Line::try_parse_from(["yang"].iter().chain(arguments)).unwrap();
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let status = line.command.execute(&mut out, &mut messages, &OnTerminal::default()).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(messages).unwrap())
    }

    fn write(dir: &Path, name: &str, text: &str) -> String {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    const GOOD: &str = "module good { yang-version 1.1; namespace urn:good; prefix g; typedef t { type string; } leaf l { type t; } }";

    fn user(revision: &str) -> String {
        format!(
            "module user {{ yang-version 1.1; namespace urn:user; prefix u; import good {{ prefix g; }} {revision}
               leaf m {{ type g:t; }} }}"
        )
    }

    #[test]
    fn lint_accepts_and_finds_imports_beside_the_file_and_below_a_path() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "good.yang", GOOD);
        let beside = write(dir.path(), "user.yang", &user(""));
        assert_eq!(
            ran(&["lint", &beside]),
            (0, String::new(), "no errors, no warnings in 1 file\n".to_owned())
        );
        let elsewhere = write(dir.path(), "a/user.yang", &user(""));
        let (status, text, _) = ran(&["lint", &elsewhere]);
        assert_eq!(status, FAILED);
        assert!(text.starts_with("error[Y0201]: there is no module 'good'\n"), "{text}");
        write(dir.path(), "lib/deep/good@2026-01-01.yang", GOOD);
        let lib = dir.path().join("lib");
        assert_eq!(ran(&["lint", "--path", lib.to_str().unwrap(), &elsewhere]).0, 0);
    }

    #[test]
    fn lint_looks_at_the_given_file_whatever_lies_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "good.yang", GOOD);
        write(dir.path(), "user@2026-01-01.yang", "module user { this is wrong");
        let old = write(dir.path(), "user@2020-01-01.yang", &user("revision 2020-01-01;"));
        assert_eq!(ran(&["lint", &old]).0, 0);
        let new = write(dir.path(), "user@2025-01-01.yang", &user("revision 2025-01-01;"));
        assert_eq!(ran(&["lint", &old, &new]).0, 0);
    }

    #[test]
    fn lint_reports_errors_of_every_file_once() {
        let dir = tempfile::tempdir().unwrap();
        let good = write(dir.path(), "good.yang", &GOOD.replace("type string", "type strnig"));
        let bad = write(dir.path(), "bad.yang", "module bad { prefix b; leef x; }");
        let user = write(dir.path(), "user.yang", &user(""));
        let (status, text, message) = ran(&["lint", &user, &good, &bad]);
        assert_eq!(status, FAILED);
        assert_eq!(text.matches("error[").count(), 2, "{text}");
        assert!(message.starts_with("2 errors, "), "{message}");
        let (_, json, _) = ran(&["lint", "--format", "json", &bad]);
        assert!(json.contains("\"Y0101\""), "{json}");
        let (_, annotations, message) = ran(&["lint", "--format", "github", &bad]);
        assert!(annotations.starts_with("::error file="), "{annotations}");
        assert_eq!(message, "");
    }

    #[test]
    fn files_that_cannot_be_read_are_another_failure_than_errors_in_them() {
        let (status, _, message) = ran(&["lint", "no/such/file.yang"]);
        assert_eq!(status, UNUSABLE);
        assert!(message.starts_with("strongbox: cannot read no/such/file.yang: "), "{message}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("latin1.yang");
        std::fs::write(&path, b"module a { // gr\xfc\xdfe\n}").unwrap();
        let (status, text, _) = ran(&["lint", path.to_str().unwrap()]);
        assert_eq!(status, FAILED);
        assert!(text.contains("error[Y0017]") && text.contains(":1:17\n"), "{text}");
    }

    #[test]
    fn tree_prints_diagrams_and_errors_apart() {
        let dir = tempfile::tempdir().unwrap();
        let good = write(dir.path(), "good.yang", GOOD);
        let bad = write(dir.path(), "bad.yang", "module bad {");
        assert_eq!(ran(&["tree", &good]), (0, "module: good\n  +--rw l?   t\n".to_owned(), String::new()));
        let (status, diagrams, message) = ran(&["tree", &bad, &good]);
        assert_eq!((status, diagrams.as_str()), (FAILED, "module: good\n  +--rw l?   t\n"));
        assert!(message.starts_with("error[Y0010]"), "{message}");
    }

    fn explained(code: &str) -> (u8, String, String) {
        ran(&["explain", code])
    }

    #[test]
    fn explains_codes_and_guesses_misspelt_ones() {
        let (status, text, _) = explained("y0004");
        assert_eq!(status, 0);
        assert!(text.starts_with("Y0004: a comment is never closed\n\n"), "{text}");
        assert!(text.ends_with("\nSee RFC 7950 section 6.1.1.\n"), "{text}");
        let (status, _, message) = explained("Y013");
        assert_eq!(status, UNUSABLE);
        assert!(message.starts_with("strongbox: there is no code 'Y013'; did you mean Y0"), "{message}");
    }

    #[test]
    fn all_codes_are_listed_a_line_each() {
        assert_eq!(ran(&["explain"]).1.lines().count(), CODES.len());
    }
}
