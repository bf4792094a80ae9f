//! `strongbox yang tree`: tree diagrams (RFC 8340).

use std::io::Write;

use clap::Args;

use super::color::{Color, ColorArgs};
use super::finding::{self, Finding};
use super::{FAILED, Inputs, read_all};
use crate::yang::diagram::Options;

/// Arguments of `tree`.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 all modules are drawn, 1 modules have errors or nothing lies on the path, 2 unusable"
)]
pub struct TreeArgs {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    /// Draw this many levels of nodes
    #[arg(long, value_name = "LEVELS", alias = "tree-depth")]
    depth: Option<usize>,
    /// Draw the subtree at this path of names from the top; choices and cases may be left out of it
    #[arg(long = "subtree", value_name = "PATH", alias = "tree-path")]
    subtree: Option<String>,
    /// Break lines that are longer than this
    #[arg(long, value_name = "COLUMNS", alias = "tree-line-length")]
    line_length: Option<usize>,
    /// Draw groupings too
    #[arg(long, alias = "tree-print-groupings")]
    groupings: bool,
    /// Draw 'uses' instead of the nodes of groupings
    #[arg(long, alias = "tree-no-expand-uses")]
    no_expand_uses: bool,
    /// Draw the 'yang-data' of RFC 8040 too
    #[arg(long, alias = "tree-print-yang-data")]
    yang_data: bool,
    /// Draw the structures of RFC 8791 too
    #[arg(long, alias = "tree-print-structures")]
    structures: bool,
    /// Mark mount points with 'mp' (RFC 8340 section 2.6); pyang does not
    #[arg(long)]
    mount_points: bool,
    /// Write module names where prefixes would stand
    #[arg(long, alias = "tree-module-name-prefix")]
    module_names: bool,
    #[command(flatten)]
    pub(super) color: ColorArgs,
}

impl TreeArgs {
    fn options(&self) -> Options {
        let steps = self.subtree.iter().flat_map(|path| path.split('/'));
        Options {
            depth: self.depth,
            line_length: self.line_length,
            path: steps.filter(|step| !step.is_empty()).map(str::to_owned).collect(),
            groupings: self.groupings,
            unexpanded: self.no_expand_uses,
            yang_data: self.yang_data,
            structures: self.structures,
            mount_points: self.mount_points,
            module_names: self.module_names,
        }
    }
}

/// Prints the diagrams of the files that compile to `out`, and the errors of the others to `messages`.
pub(super) fn tree(
    args: &TreeArgs,
    color: Color,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> std::io::Result<u8> {
    let Some(mut batch) = read_all(&args.inputs, messages)? else { return Ok(super::UNUSABLE) };
    let errors: Vec<Finding> = batch.check().into_iter().filter(Finding::is_error).collect();
    let diagrams = batch.diagrams(&args.options());
    for (number, diagram) in diagrams.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        out.write_all(diagram.as_bytes())?;
    }
    finding::text(&errors, color, messages)?;
    if let (Some(path), true, true) = (&args.subtree, diagrams.is_empty(), errors.is_empty()) {
        writeln!(messages, "strongbox: no node lies on the path {path}")?;
        return Ok(FAILED);
    }
    Ok(if errors.is_empty() { 0 } else { FAILED })
}
