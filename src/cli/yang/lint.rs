//! `strongbox yang lint`: what is wrong with modules.

use std::collections::HashSet;
use std::io::Write;

use clap::Args;

use super::color::{Color, ColorArgs};
use super::finding::{self, Count, Finding, Format, sarif};
use super::input::Batch;
use super::progress::Progress;
use super::{FAILED, Inputs, OnTerminal, UNUSABLE, files, unusable};
use crate::base::suggest::nearest;
use crate::yang::codes;
use crate::yang::lint::{Audience, Guidelines};

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
    /// Hold the modules against the guidelines of RFC 8407 too
    #[arg(long)]
    rfc8407: bool,
    /// Hold the modules against what the IETF asks of its own modules too; includes --rfc8407
    #[arg(long)]
    ietf: bool,
    /// Look for what this guideline is about; may be given several times
    #[arg(long, value_name = "CODE")]
    warn: Vec<String>,
    /// Leave out warnings with this code; may be given several times
    #[arg(long, value_name = "CODE")]
    allow: Vec<String>,
    /// Take warnings with this code for errors; may be given several times
    #[arg(long, value_name = "CODE")]
    deny: Vec<String>,
    /// Take all warnings for errors
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    pub(super) color: ColorArgs,
}

impl LintArgs {
    /// The guidelines that are asked for.
    ///
    /// # Errors
    /// A message about a code that does not exist, or cannot be asked for.
    fn guidelines(&self) -> Result<Guidelines, String> {
        let mut guidelines = Guidelines::default();
        if self.rfc8407 || self.ietf {
            guidelines = guidelines.of(Audience::Everybody);
        }
        if self.ietf {
            guidelines = guidelines.of(Audience::Ietf);
        }
        for code in self.warn.iter().chain(&self.allow).chain(&self.deny) {
            if codes::find(code).is_none() {
                let codes = codes::CODES.iter().map(|known| known.code);
                let near = nearest(&code.to_uppercase(), codes).map(|near| format!("; did you mean {near}?"));
                return Err(format!("there is no code '{code}'{}", near.unwrap_or_default()));
            }
        }
        for code in &self.warn {
            if !guidelines.add(&code.to_uppercase()) {
                return Err(format!("{code} is no guideline: it is always looked for"));
            }
        }
        for code in &self.deny {
            guidelines.add(&code.to_uppercase());
        }
        for code in &self.allow {
            guidelines.remove(&code.to_uppercase());
        }
        Ok(guidelines)
    }

    /// Leaves out and sharpens what was asked for.
    fn judge(&self, findings: &mut Vec<Finding>) {
        let named = |codes: &[String], finding: &Finding| {
            codes.iter().any(|code| code.eq_ignore_ascii_case(finding.code()))
        };
        findings.retain(|finding| finding.is_error() || !named(&self.allow, finding));
        for finding in findings.iter_mut().filter(|finding| self.deny_warnings || named(&self.deny, finding))
        {
            finding.deny();
        }
    }
}

/// Checks the files and prints the findings to `out`; what kept it from its work goes to `messages`.
pub(super) fn lint(
    args: &LintArgs,
    on_terminal: &OnTerminal,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> std::io::Result<u8> {
    let guidelines = match args.guidelines() {
        Ok(guidelines) => guidelines,
        Err(why) => {
            writeln!(messages, "strongbox: {why}")?;
            return Ok(UNUSABLE);
        }
    };
    let Some(files) = files(&args.inputs, messages)? else { return Ok(UNUSABLE) };
    let color = args.color.on(on_terminal.out);
    let mut progress = Progress::new(on_terminal.messages, files.given.len());
    let mut report = Report { format: args.format, color, kept: Vec::new(), count: Count::default() };
    let mut seen = HashSet::new();
    for start in (0..files.given.len()).step_by(TOGETHER) {
        progress.show(start, messages)?;
        let end = (start + TOGETHER).min(files.given.len());
        let mut findings = match Batch::read(&files, start..end) {
            Ok(mut batch) => {
                let mut findings = batch.check();
                findings.extend(batch.style(&guidelines));
                findings
            }
            Err(error) => {
                progress.clear(messages)?;
                return unusable(&error, messages);
            }
        };
        args.judge(&mut findings);
        // What is wrong with a module that many files import is told once.
        findings.retain(|finding| seen.insert(finding.rendered().to_owned()));
        if !findings.is_empty() {
            progress.clear(messages)?;
        }
        report.add(findings, out)?;
    }
    progress.clear(messages)?;
    report.finish(files.given.len(), out, messages)?;
    Ok(if report.count.errors > 0 { FAILED } else { 0 })
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
