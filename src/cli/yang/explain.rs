//! `strongbox yang explain`: what a diagnostic code means.

use std::io::Write;

use clap::Args;

use super::UNUSABLE;
use crate::base::suggest::nearest;
use crate::yang::codes::{CODES, Code, examples, find};

/// Arguments of `explain`.
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 explained, 2 there is no such code")]
pub struct ExplainArgs {
    /// The code; all of them, a line each, when none is given
    code: Option<String>,
}

/// Prints what a code means to `out`, or the list of codes.
pub(super) fn explain(
    args: &ExplainArgs,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> std::io::Result<u8> {
    let Some(name) = &args.code else {
        for Code { code, title, .. } in CODES {
            writeln!(out, "{code}  {title}")?;
        }
        return Ok(0);
    };
    let Some(Code { code, title, text, section }) = find(name) else {
        write!(messages, "strongbox: there is no code '{name}'")?;
        let upper = name.to_uppercase();
        match nearest(&upper, CODES.iter().map(|known| known.code)) {
            Some(near) => writeln!(messages, "; did you mean {near}?")?,
            None => writeln!(messages, "; 'strongbox yang explain' lists them")?,
        }
        return Ok(UNUSABLE);
    };
    writeln!(out, "{code}: {title}\n\n{text}")?;
    if let Some(example) = examples::find(code) {
        for (heading, text) in [("Wrong", example.wrong), ("Right", example.right)] {
            writeln!(out, "\n{heading}:\n")?;
            for line in text.lines() {
                writeln!(out, "    {line}")?;
            }
        }
    }
    match *section {
        "" => {}
        section if section.contains("RFC") => writeln!(out, "\nSee section {section}.")?,
        section => writeln!(out, "\nSee RFC 7950 section {section}.")?,
    }
    Ok(0)
}
