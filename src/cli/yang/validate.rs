//! `strongbox yang validate`: instance data against modules, with every violation told by file, line and column.

mod print;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use self::print::{Found, Output};
use super::color::{Color, ColorArgs};
use super::finding;
use super::selection::Selection;
use super::{FAILED, UNUSABLE};
use crate::data::document::{self, Format, Kind, ReadOptions};
use crate::data::read::{WithDefaults, XmlError};
use crate::data::tree::Tree;
use crate::yang::schema::Schema;

/// Arguments of `validate`.
#[derive(Args, Debug)]
pub struct ValidateArgs {
    /// The files with data
    #[arg(required = true, value_name = "DATA")]
    data: Vec<PathBuf>,
    #[command(flatten)]
    modules: Selection,
    /// What the data is
    #[arg(long = "type", short = 't', value_enum, default_value_t = DataType::Data)]
    kind: DataType,
    /// The format of the data; by the name of each file when it is not given
    #[arg(long, short = 'f', value_enum)]
    format: Option<DataFormat>,
    /// For operations and notifications: the data of the datastore around them
    #[arg(long, value_name = "DATA")]
    datastore: Option<PathBuf>,
    /// Print violations as text for people, as JSON, or as annotations of a GitHub workflow
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Print the data in this format instead, where there is nothing wrong with it
    #[arg(long, value_enum, value_name = "FORMAT")]
    convert: Option<DataFormat>,
    /// Which defaults to print (RFC 6243): those that were set, all that are in use, none, or all with a tag
    #[arg(long, value_enum, value_name = "MODE", default_value_t = Defaults::Explicit, requires = "convert")]
    with_defaults: Defaults,
    #[command(flatten)]
    pub(super) color: ColorArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DataType {
    /// A configuration datastore, without state
    Config,
    /// Configuration and state together
    #[value(alias = "state")]
    Data,
    /// An rpc or action with its input
    #[value(alias = "action")]
    Rpc,
    /// An rpc or action with its output
    Reply,
    /// A notification
    Notification,
}

impl DataType {
    fn kind(self) -> Kind {
        match self {
            DataType::Config => Kind::Config,
            DataType::Data => Kind::Data,
            DataType::Rpc => Kind::Rpc,
            DataType::Reply => Kind::Reply,
            DataType::Notification => Kind::Notification,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DataFormat {
    /// RFC 7951
    Json,
    /// The same in YAML
    Yaml,
    /// RFC 7950, with or without the envelopes of NETCONF
    Xml,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Defaults {
    Explicit,
    All,
    Trim,
    Tagged,
}

impl Defaults {
    fn mode(self) -> WithDefaults {
        match self {
            Defaults::Explicit => WithDefaults::Explicit,
            Defaults::All => WithDefaults::ReportAll,
            Defaults::Trim => WithDefaults::Trim,
            Defaults::Tagged => WithDefaults::ReportAllTagged,
        }
    }
}

impl DataFormat {
    fn format(self) -> Format {
        match self {
            DataFormat::Json => Format::Json,
            DataFormat::Yaml => Format::Yaml,
            DataFormat::Xml => Format::Xml,
        }
    }

    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json" => Some(DataFormat::Json),
            "yaml" | "yml" => Some(DataFormat::Yaml),
            "xml" => Some(DataFormat::Xml),
            _ => None,
        }
    }
}

/// What came of looking at the files.
struct Outcome {
    found: Vec<Found>,
    /// What was valid, in the format that was asked for.
    converted: Vec<u8>,
}

/// Why data cannot be looked at: a message for people.
struct Unusable(String);

impl ValidateArgs {
    /// Validates every file and prints what is wrong to `out`; what kept it from its work goes to `messages`.
    pub(super) fn run(
        &self,
        color: Color,
        out: &mut dyn Write,
        messages: &mut dyn Write,
    ) -> std::io::Result<u8> {
        let schema = match self.modules.schema(false) {
            Ok(Ok(schema)) => schema,
            Ok(Err(findings)) => {
                finding::text(&findings, color, messages)?;
                writeln!(messages, "strongbox: the modules have errors, so no data was looked at")?;
                return Ok(UNUSABLE);
            }
            Err(why) => {
                writeln!(messages, "strongbox: {why}")?;
                return Ok(UNUSABLE);
            }
        };
        match self.validate(&schema) {
            Ok(Outcome { found, converted }) => {
                out.write_all(&converted)?;
                let is_told = self.convert.is_none() || !found.is_empty();
                let report: &mut dyn Write = if self.convert.is_some() { &mut *messages } else { out };
                if is_told {
                    print::print(self.output, &found, color, report)?;
                }
                if is_told && self.output == Output::Text {
                    writeln!(messages, "{}", print::summary(&found, self.data.len()))?;
                }
                Ok(if found.is_empty() { 0 } else { FAILED })
            }
            Err(Unusable(why)) => {
                writeln!(messages, "strongbox: {why}")?;
                Ok(UNUSABLE)
            }
        }
    }

    fn validate(&self, schema: &Schema) -> Result<Outcome, Unusable> {
        let datastore = match &self.datastore {
            Some(path) => Some(self.datastore(schema, path)?),
            None => None,
        };
        let mut outcome = Outcome { found: Vec::new(), converted: Vec::new() };
        for path in &self.data {
            let options = ReadOptions {
                datastore: datastore.as_ref(),
                ..ReadOptions::new(self.kind.kind(), self.format(path)?)
            };
            let bytes = bytes(path)?;
            let reading = document::read(schema, &options, &bytes);
            let name = path.display().to_string();
            outcome.found.extend(print::found(schema, &name, &bytes, &reading.findings));
            if let (Some(tree), true) = (reading.tree, reading.findings.is_empty()) {
                self.convert(schema, &tree, &mut outcome.converted)
                    .map_err(|error| Unusable(format!("{name} cannot be converted: {error}")))?;
            }
        }
        Ok(outcome)
    }

    /// Appends data in the format that it is to be converted to, if that was asked for.
    fn convert(&self, schema: &Schema, tree: &Tree, converted: &mut Vec<u8>) -> Result<(), XmlError> {
        let Some(format) = self.convert else { return Ok(()) };
        if format == DataFormat::Yaml && !converted.is_empty() {
            converted.extend_from_slice(b"---\n");
        }
        let defaults = self.with_defaults.mode();
        document::write(schema, self.kind.kind(), tree, format.format(), defaults, converted)
    }

    fn datastore(&self, schema: &Schema, path: &Path) -> Result<Tree, Unusable> {
        let options = ReadOptions::new(Kind::Data, self.format(path)?);
        let reading = document::read(schema, &options, &bytes(path)?);
        match (reading.tree, reading.findings.first()) {
            (Some(tree), None) => Ok(tree),
            (_, first) => {
                let why = first.map_or(String::new(), |found| format!(": {}", found.violation.told()));
                Err(Unusable(format!("{} is not valid data{why}", path.display())))
            }
        }
    }

    fn format(&self, path: &Path) -> Result<Format, Unusable> {
        let format = self.format.or_else(|| DataFormat::of(path));
        format.map(DataFormat::format).ok_or_else(|| {
            let path = path.display();
            Unusable(format!("the name of {path} does not tell its format; say it with --format"))
        })
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Unusable> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|error| Unusable(format!("cannot read {}: {error}", path.display())))
}

#[cfg(test)]
mod tests;
