//! `strongbox yang diff`: two revisions of modules by the rules of RFC 7950 section 11.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::color::{BOLD, Color, ColorArgs, GREEN, PLAIN, RED};
use super::finding::{self, Finding};
use super::input::Batch;
use super::{FAILED, Inputs, OnTerminal, UNUSABLE, read_all};
use crate::yang::Wanted;
use crate::yang::update::{self, Change, Class, SECTION, Which};

/// Arguments of `diff`.
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 the new may take the place of the old, 1 it may not, 2 unusable input")]
pub struct DiffArgs {
    /// The old revision: a file, or a directory of modules
    old: PathBuf,
    /// The new revision: a file, or a directory of modules
    new: PathBuf,
    /// Look for imported modules in this directory and those below it, besides the directories of the files
    #[arg(long = "path", short = 'p', value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// How to print the changes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Leave out changes of less weight
    #[arg(long, value_enum, default_value_t = Least::Editorial)]
    least: Least,
    #[command(flatten)]
    color: ColorArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each change
    Text,
    /// An array with an object for each module
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Least {
    /// Show everything
    Editorial,
    /// Leave out what only people read
    Compatible,
    /// Show only what must not be
    Incompatible,
}

impl Least {
    fn class(self) -> Class {
        match self {
            Least::Editorial => Class::Editorial,
            Least::Compatible => Class::Compatible,
            Least::Incompatible => Class::Incompatible,
        }
    }
}

/// The changes of one module.
struct Compared {
    module: String,
    old: String,
    new: String,
    changes: Vec<Change>,
}

impl Compared {
    /// The heaviest class among the changes.
    fn class(&self) -> Class {
        self.changes.iter().map(|change| change.class).max().unwrap_or(Class::Editorial)
    }
}

/// Compares and prints the changes to `out`; what kept it from its work goes to `messages`.
pub(super) fn diff(
    args: &DiffArgs,
    on_terminal: &OnTerminal,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> std::io::Result<u8> {
    let inputs = |path: &PathBuf| Inputs { files: vec![path.clone()], paths: args.paths.clone() };
    let Some(mut old) = read_all(&inputs(&args.old), messages)? else { return Ok(UNUSABLE) };
    let Some(mut new) = read_all(&inputs(&args.new), messages)? else { return Ok(UNUSABLE) };
    let color = args.color.on(on_terminal.messages);
    for batch in [&mut old, &mut new] {
        let errors: Vec<Finding> = batch.check().into_iter().filter(Finding::is_error).collect();
        if !errors.is_empty() {
            finding::text(&errors, color, messages)?;
            writeln!(messages, "strongbox: only modules without errors can be compared")?;
            return Ok(UNUSABLE);
        }
    }
    let one_each = args.old.is_file() && args.new.is_file();
    if let ([before], [after]) = (old.wanted.as_slice(), new.wanted.as_slice())
        && one_each
        && before.module != after.module
    {
        writeln!(
            messages,
            "strongbox: '{}' and '{}' are different modules, not revisions of one",
            before.module, after.module
        )?;
        return Ok(UNUSABLE);
    }
    let compared = match compare(&mut old, &mut new) {
        Ok(compared) => compared,
        Err((which, module)) => {
            let side = if which == Which::Old { "old" } else { "new" };
            writeln!(messages, "strongbox: the {side} revision of '{module}' does not compile by itself")?;
            return Ok(UNUSABLE);
        }
    };
    match args.format {
        Format::Text => text(&compared, args.least.class(), args.color.on(on_terminal.out), out)?,
        Format::Json => json_array(&compared, args.least.class(), out)?,
    }
    let fits = compared.iter().all(|module| module.class() < Class::Incompatible);
    Ok(if fits { 0 } else { FAILED })
}

fn compare(old: &mut Batch, new: &mut Batch) -> Result<Vec<Compared>, (Which, String)> {
    let mut compared = Vec::new();
    let shown = |wanted: &Wanted| wanted.revision.as_deref().unwrap_or_default().to_owned();
    let lone = |wanted: &Wanted, kind: &'static str, class: Class| Change {
        path: wanted.module.to_string(),
        kind,
        class,
        old: String::new(),
        new: String::new(),
        note: None,
    };
    for before in &latest(&old.wanted) {
        let Some(after) = latest(&new.wanted).into_iter().find(|after| after.module == before.module) else {
            compared.push(Compared {
                module: before.module.to_string(),
                old: shown(before),
                new: String::new(),
                changes: vec![lone(before, "module-removed", Class::Incompatible)],
            });
            continue;
        };
        let changes = update::compare((&mut old.library, before), (&mut new.library, &after))
            .map_err(|(which, _)| (which, before.module.to_string()))?;
        let module = before.module.to_string();
        compared.push(Compared { module, old: shown(before), new: shown(&after), changes });
    }
    for after in latest(&new.wanted) {
        if !old.wanted.iter().any(|before| before.module == after.module) {
            compared.push(Compared {
                module: after.module.to_string(),
                old: String::new(),
                new: shown(&after),
                changes: vec![lone(&after, "module-added", Class::Compatible)],
            });
        }
    }
    Ok(compared)
}

/// Of several revisions of a module in one directory the latest.
fn latest(wanted: &[Wanted]) -> Vec<Wanted> {
    let mut kept: Vec<Wanted> = Vec::new();
    for one in wanted {
        match kept.iter_mut().find(|known| known.module == one.module) {
            Some(known) if known.revision < one.revision => *known = one.clone(),
            Some(_) => {}
            None => kept.push(one.clone()),
        }
    }
    kept
}

/// `incompatible  /system/name: mandatory false -> true`
fn text(compared: &[Compared], least: Class, color: Color, out: &mut dyn Write) -> std::io::Result<()> {
    for module in compared {
        let Compared { module: name, old, new, changes } = module;
        let class = module.class();
        let verdict = match class {
            _ if changes.is_empty() => "no change",
            Class::Incompatible => "incompatible",
            Class::Compatible => "compatible",
            Class::Editorial => "compatible: only texts changed",
        };
        let revisions = match (old.as_str(), new.as_str()) {
            ("", "") => String::new(),
            (old, new) => format!(
                " {} -> {}",
                if old.is_empty() { "-" } else { old },
                if new.is_empty() { "-" } else { new }
            ),
        };
        let (strong, bold, plain) = match color {
            Color::Off => ("", "", ""),
            Color::On if class == Class::Incompatible => (RED, BOLD, PLAIN),
            Color::On => (GREEN, BOLD, PLAIN),
        };
        writeln!(out, "{bold}{name}{revisions}{plain}: {strong}{verdict}{plain}")?;
        for change in changes.iter().filter(|change| change.class >= least) {
            let strong = if change.class == Class::Incompatible { strong } else { "" };
            let plain = if strong.is_empty() { "" } else { plain };
            write!(out, "  {strong}{:<12}{plain}  {}: {}", change.class.as_str(), change.path, change.kind)?;
            match (shorten(&change.old).as_str(), shorten(&change.new).as_str()) {
                ("", "") => writeln!(out)?,
                ("", new) => writeln!(out, " (new) {new}")?,
                (old, "") => writeln!(out, " {old} (gone)")?,
                (old, new) => writeln!(out, " {old} -> {new}")?,
            }
            if let Some(note) = change.note {
                writeln!(out, "                {note}")?;
            }
        }
        if class == Class::Incompatible {
            writeln!(out, "  {SECTION} asks for a new name instead of an incompatible change")?;
        }
    }
    Ok(())
}

/// Long texts by their beginning.
fn shorten(text: &str) -> String {
    const MOST: usize = 64;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn json_array(compared: &[Compared], least: Class, out: &mut dyn Write) -> std::io::Result<()> {
    let modules: Vec<Value> = compared
        .iter()
        .map(|module| {
            let changes = module.changes.iter().filter(|change| change.class >= least).map(|change| {
                json!({
                    "path": change.path,
                    "kind": change.kind,
                    "class": change.class.as_str(),
                    "old": change.old,
                    "new": change.new,
                    "note": change.note,
                    "section": SECTION,
                })
            });
            json!({
                "module": module.module,
                "old-revision": module.old,
                "new-revision": module.new,
                "class": module.class().as_str(),
                "changes": changes.collect::<Vec<Value>>(),
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &modules)?;
    writeln!(out)
}
