//! `strongbox yang json-schema`: a JSON Schema (2020-12) for documents with data of modules, or for boot files.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::UNUSABLE;
use super::color::{Color, ColorArgs};
use super::finding;
use super::selection::Selection;
use crate::yang::json_schema::{Document, Encoding, of_document};

/// Arguments of `json-schema`.
#[derive(Args, Debug)]
#[command(after_help = "For boot files: strongbox yang json-schema --boot")]
pub struct JsonSchemaArgs {
    #[command(flatten)]
    modules: Selection,
    /// For boot files of this daemon: a tenant and its configuration. The product's own modules are added by themselves
    #[arg(long, conflicts_with_all = ["kind", "encoding"])]
    boot: bool,
    /// What documents hold
    #[arg(long = "type", short = 't', value_enum, default_value_t = DataType::Config)]
    kind: DataType,
    /// How they are written
    #[arg(long, value_enum, default_value_t = Form::Rfc7951)]
    encoding: Form,
    #[command(flatten)]
    pub(super) color: ColorArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DataType {
    /// Configuration
    Config,
    /// Configuration and state together
    Data,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The JSON of standards: names with their modules, 64-bit numbers as strings
    Rfc7951,
    /// As in /v1 and boot files: bare names, numbers as numbers
    Plain,
}

impl JsonSchemaArgs {
    /// Writes the schema to `out`; what kept it from its work goes to `messages`.
    pub(super) fn run(
        &self,
        color: Color,
        out: &mut dyn Write,
        messages: &mut dyn Write,
    ) -> std::io::Result<u8> {
        let schema = match self.modules.schema(self.boot) {
            Ok(Ok(schema)) => schema,
            Ok(Err(findings)) => {
                finding::text(&findings, color, messages)?;
                return Ok(UNUSABLE);
            }
            Err(why) => {
                writeln!(messages, "strongbox: {why}")?;
                return Ok(UNUSABLE);
            }
        };
        let document = match (self.boot, self.kind) {
            (true, _) => Document::Boot,
            (_, DataType::Config) => Document::Config,
            (_, DataType::Data) => Document::Data,
        };
        let encoding = match (self.boot, self.encoding) {
            (true, _) | (_, Form::Plain) => Encoding::Plain,
            (_, Form::Rfc7951) => Encoding::Rfc7951,
        };
        serde_json::to_writer_pretty(&mut *out, &of_document(&schema, encoding, document))?;
        writeln!(out)?;
        Ok(0)
    }
}
