//! `strongbox yang`: commands that read YANG modules and need no daemon; one file a command, this one to choose among them.
//!
//! Exit codes: 0 for no errors, 1 for errors in the modules or the data, 2 when the command could not do its work.

mod color;
mod diff;
mod explain;
mod finding;
mod input;
mod json_schema;
mod lint;
mod progress;
mod selection;
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
    /// Write a JSON Schema for data of modules, or for boot files
    JsonSchema(json_schema::JsonSchemaArgs),
    /// Compare two revisions of modules: may one take the place of the other (RFC 7950 section 11)?
    Diff(diff::DiffArgs),
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
            YangCommand::JsonSchema(args) => args.run(args.color.on(on_terminal.messages), out, messages),
            YangCommand::Diff(args) => diff::diff(args, on_terminal, out, messages),
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
mod tests;
