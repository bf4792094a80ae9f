//! `strongbox yang lint`: what is wrong with modules.

use std::collections::HashSet;
use std::io::Write;

use clap::Args;

use super::color::{Color, ColorArgs};
use super::finding::{self, Count, Finding, Format, sarif};
use super::input::Batch;
use super::progress::Progress;
use super::{FAILED, Inputs, OnTerminal, UNUSABLE, files, unusable};

/// Files that are looked at together: enough for imports to be shared, few enough for any number of files to fit in memory.
const TOGETHER: usize = 64;

/// Arguments of `lint`.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 no errors, 1 errors (with --deny-warnings: or warnings), 2 unusable input"
)]
pub struct LintArgs {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    pub(super) color: ColorArgs,
}

/// Checks the files and prints the findings to `out`; what kept it from its work goes to `messages`.
pub(super) fn lint(
    args: &LintArgs,
    on_terminal: &OnTerminal,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> std::io::Result<u8> {
    let Some(files) = files(&args.inputs, messages)? else { return Ok(UNUSABLE) };
    let color = args.color.on(on_terminal.out);
    let mut progress = Progress::new(on_terminal.messages, files.given.len());
    let mut report = Report { format: args.format, color, kept: Vec::new(), count: Count::default() };
    let mut seen = HashSet::new();
    for start in (0..files.given.len()).step_by(TOGETHER) {
        progress.show(start, messages)?;
        let end = (start + TOGETHER).min(files.given.len());
        let mut findings = match Batch::read(&files, start..end) {
            Ok(mut batch) => batch.check(),
            Err(error) => {
                progress.clear(messages)?;
                return unusable(&error, messages);
            }
        };
        // What is wrong with a module that many files import is told once.
        findings.retain(|finding| seen.insert(finding.rendered().to_owned()));
        if !findings.is_empty() {
            progress.clear(messages)?;
        }
        report.add(findings, out)?;
    }
    progress.clear(messages)?;
    report.finish(files.given.len(), out, messages)?;
    let failed = report.count.errors > 0 || args.deny_warnings && report.count.warnings > 0;
    Ok(if failed { FAILED } else { 0 })
}

/// Prints findings as they come where the format lets it.
struct Report {
    format: Format,
    color: Color,
    kept: Vec<Finding>,
    count: Count,
}

impl Report {
    fn add(&mut self, findings: Vec<Finding>, out: &mut dyn Write) -> std::io::Result<()> {
        self.count.add(&findings);
        match self.format {
            Format::Text => finding::text(&findings, self.color, out),
            Format::Github => finding::github(&findings, out),
            Format::Json | Format::Sarif => {
                self.kept.extend(findings);
                Ok(())
            }
        }
    }

    fn finish(&self, files: usize, out: &mut dyn Write, messages: &mut dyn Write) -> std::io::Result<()> {
        match self.format {
            Format::Text => writeln!(messages, "{}", self.count.summary(files)),
            Format::Github => Ok(()),
            Format::Json => finding::json(&self.kept, out),
            Format::Sarif => sarif::write(&self.kept, out),
        }
    }
}
