//! Whole documents, as files and messages hold them: read, checked, written; what is wrong is told by line and column.
//!
//! This is the reading of RFC 7951 and its sisters, with qualified names. The `/v1` dialect, whose bodies are bare and
//! belong to a path, decodes for itself.

mod operation;

use super::decode::{Allow, DecodeOptions, Names, decode};
use super::locate::Locator;
use super::path::InstancePath;
use super::read::{
    Element, Layout, Shape, Subject, Surroundings, View, WithDefaults, XmlError, encode_xml_in, encode_yaml,
};
use super::tree::{Data, Tree};
use super::validate::{Scope, validate_within};
use super::violation::Violation;
pub use crate::base::outline::Place;
use crate::base::outline::{self, Outline};
pub use crate::data::decode::Format;
use crate::yang::schema::Schema;
use crate::yang::schema::types::Strictness;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A configuration datastore: no state in it, and everything about it that the model demands of configuration.
    Config,
    /// Configuration and state together (RFC 8342 section 5.3), and everything that the model demands of both.
    Data,
    /// One rpc or action with its input, named by the data nodes around it (RFC 7950 sections 7.14.4 and 7.15.2).
    Rpc,
    /// One rpc or action with its output.
    Reply,
    /// One notification, named by the data nodes around it (RFC 7950 section 7.16.2).
    Notification,
}

/// How a document is to be read.
#[derive(Clone, Copy, Debug)]
pub struct ReadOptions<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text format.
    pub format: Format,
    /// How many nodes it may have.
    pub max_nodes: usize,
    /// For operations and notifications: the data around them. Without it they stand alone, and whatever refers to
    /// data elsewhere refers to nothing.
    pub datastore: Option<&'a Tree>,
}

impl ReadOptions<'_> {
    /// Of any size, and standing alone.
    pub fn new(kind: Kind, format: Format) -> Self {
        ReadOptions { kind, format, max_nodes: usize::MAX, datastore: None }
    }
}

/// What came of reading a document.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The data; `None` where it could not be decoded. An operation or notification stands in it below its data nodes,
    /// with the content of its input or output.
    pub tree: Option<Tree>,
    /// Everything wrong with it, in the order of the text.
    pub findings: Vec<Finding>,
}

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub violation: Violation,
    /// Where in the text; of what is missing, where it should be.
    pub place: Option<Place>,
}

/// Reads a document and checks it against everything that the model demands of its kind. Constraints are checked only
/// where the whole could be decoded.
pub fn read(schema: &Schema, options: &ReadOptions<'_>, bytes: &[u8]) -> Reading {
    let decoded = decode(schema, &InstancePath::root(), bytes, &decode_options(options));
    let (tree, violations) = match decoded {
        Ok(Data::Container(root)) => {
            let tree = Tree { root };
            let violations = validate(schema, options, &tree);
            (Some(tree), violations)
        }
        Ok(_) => (None, Vec::new()),
        Err(violations) => (None, violations),
    };
    Reading { tree, findings: place_all(schema, options.format, bytes, violations) }
}

fn decode_options(options: &ReadOptions<'_>) -> DecodeOptions {
    let allow = match options.kind {
        Kind::Config => Allow::Config,
        Kind::Data => Allow::Stored,
        Kind::Rpc => Allow::Input,
        Kind::Reply => Allow::Output,
        Kind::Notification => Allow::Notification,
    };
    let strictness = match options.format {
        Format::Json => Strictness::Rfc7951,
        Format::Yaml => Strictness::Plain,
        Format::Xml => Strictness::Text,
    };
    DecodeOptions {
        format: options.format,
        strictness,
        names: Names::Qualified,
        max_nodes: options.max_nodes,
        max_depth: 127,
        allow,
    }
}

fn validate(schema: &Schema, options: &ReadOptions<'_>, tree: &Tree) -> Vec<Violation> {
    match options.kind {
        Kind::Config => validate_within(schema, tree, Scope::Config),
        Kind::Data => validate_within(schema, tree, Scope::Everything),
        Kind::Rpc | Kind::Reply | Kind::Notification => {
            operation::validate(schema, options.kind, tree, options.datastore)
        }
    }
}

/// Appends a document's data in a format, laid out for people. Names are qualified as RFC 7951 has it, in YAML too.
///
/// # Errors
/// [`XmlError`] for `anydata` and `anyxml` that have no XML form.
pub fn write(
    schema: &Schema,
    kind: Kind,
    tree: &Tree,
    format: Format,
    defaults: WithDefaults,
    out: &mut Vec<u8>,
) -> Result<(), XmlError> {
    let strictness = match format {
        Format::Yaml => Strictness::Plain,
        Format::Json | Format::Xml => Strictness::Rfc7951,
    };
    let shape = Shape { defaults, strictness, names: Names::Qualified, ..Shape::default() };
    let root = InstancePath::root();
    let surroundings = Some(Surroundings { tree, path: &root });
    let view = View { schema, data: Subject::Container(&tree.root), shape: &shape, surroundings };
    match format {
        Format::Json => {
            // Writing to memory does not fail.
            let _ = serde_json::to_writer_pretty(&mut *out, &view);
            out.push(b'\n');
        }
        Format::Yaml => encode_yaml(&view, out),
        Format::Xml => {
            let element = match kind {
                Kind::Config | Kind::Data => Element::DATA,
                Kind::Rpc | Kind::Reply | Kind::Notification => Element::NONE,
            };
            encode_xml_in(&view, element, Layout::Indented, out)?;
        }
    }
    Ok(())
}

/// Finds the places of violations in the text that they are about.
fn place_all(schema: &Schema, format: Format, bytes: &[u8], violations: Vec<Violation>) -> Vec<Finding> {
    if violations.is_empty() {
        return Vec::new();
    }
    let outline = outline_of(schema, format, bytes);
    let mut locator = outline.as_ref().map(|outline| Locator::new(schema, outline));
    let mut findings: Vec<Finding> = violations
        .into_iter()
        .map(|violation| {
            let place =
                stated(&violation).or_else(|| locator.as_mut().map(|locator| locator.locate(&violation).0));
            Finding { violation, place }
        })
        .collect();
    findings.sort_by_key(|finding| finding.place.map(|place| (place.line, place.column)));
    findings
}

/// The place that the decoder itself told.
fn stated(violation: &Violation) -> Option<Place> {
    let number = |wanted: &str| violation.info_texts(wanted).next()?.parse::<usize>().ok();
    Some(Place { line: number("line")?, column: number("column")?.max(1) })
}

fn outline_of(schema: &Schema, format: Format, bytes: &[u8]) -> Option<Outline> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Json => Some(outline::json::outline(text)),
        Format::Yaml => outline::partial(text).into_iter().next(),
        Format::Xml => outline::xml::outline(text, &|namespace| module_of(schema, namespace)),
    }
}

/// The name of the module of a namespace.
fn module_of<'s>(schema: &'s Schema, namespace: &str) -> Option<&'s str> {
    schema.modules().iter().find(|module| *module.namespace == *namespace).map(|module| module.name.as_str())
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod law;
#[cfg(test)]
mod rfc7951;
#[cfg(test)]
mod tests;
