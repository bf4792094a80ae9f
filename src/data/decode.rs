//! From JSON or YAML text to data, guided by the schema and without an intermediate value.
//!
//! Every fault of a body is reported with its data path, not only the first; only what keeps the rest from being read
//! (bad syntax, too deep, too many nodes) ends the reading. Bodies come from strangers, so the guards are here: UTF-8,
//! byte order mark, duplicate names and keys, nesting, and a budget of nodes against YAML aliases that multiply.
//! Whether the data is valid as a whole (mandatory, must, leafref) is `validate`'s business.

mod any;
mod direct;
mod member;
mod metadata;
mod nesting;
mod node;
mod object;
mod scalar;
mod share;
mod xml;

use std::fmt;

use serde::Serialize;
use serde::de::{self, DeserializeSeed};
use zeroize::Zeroizing;

pub use self::member::{Message, decode_input, decode_member, decode_target};
use self::node::TargetSeed;
use super::edit::{Edit, EditOperation};
use super::path::InstancePath;
use super::tree::Data;
use super::tree::share::shared;
use super::violation::Violation;
use crate::base::error::ErrorTag;
use crate::yang::schema::types::Strictness;
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// How deep the brackets of a YAML body may nest for it to be looked at at all: what is allowed is less.
const DEEPEST_FLOW: usize = 256;

/// Name of the fact in a violation's `info` that counts an entry, from 1, where a missing or unreadable key keeps it from
/// having a path; of nested lists, the innermost comes first.
pub const ENTRY_NUMBER: &str = "entry-number";

/// The text format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 8259.
    Json,
    /// YAML 1.2, one document.
    Yaml,
    /// XML 1.0 as RFC 7950 has it for NETCONF. Names are in namespaces, whatever [`Names`] says.
    Xml,
}

/// How member names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Names {
    /// Bare; `module:name` is understood too, and needed where several modules define a name.
    Bare,
    /// RFC 7951 section 4: qualified at the top and where the module changes.
    Qualified,
    /// Bare, as the product's own code names its nodes: see [`Schema::own_child`].
    Own,
}

/// Which nodes a body may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allow {
    /// Configuration only: what a client may write.
    Config,
    /// Everything: what the server itself wrote.
    Stored,
    /// What trees and rows hold: configuration, and state that is `stored`.
    Kept,
    /// The input of the operation that the target is, or of operations at or below the target.
    Input,
    /// The output of the operation that the target is, or of operations at or below the target.
    Output,
    /// Notifications at or below the target.
    Notification,
}

/// How a body is to be read.
#[derive(Clone, Copy, Debug)]
pub struct DecodeOptions {
    /// Its format.
    pub format: Format,
    /// How scalars are typed.
    pub strictness: Strictness,
    /// How names are written.
    pub names: Names,
    /// How many nodes it may have, aliases counted as often as they are used.
    pub max_nodes: usize,
    /// How deep objects and arrays may nest. Never more than 127, whatever stands here.
    pub max_depth: usize,
    /// Which nodes it may hold.
    pub allow: Allow,
}

impl DecodeOptions {
    /// What the `/v1` dialect reads: bare names, lenient numbers, at most a million nodes, 64 levels.
    pub fn plain(format: Format, allow: Allow) -> Self {
        DecodeOptions {
            format,
            strictness: Strictness::Plain,
            names: Names::Bare,
            max_nodes: 1_000_000,
            max_depth: 64,
            allow,
        }
    }

    /// What RESTCONF reads (RFC 8040): qualified names, scalars by the letter of RFC 7951, at most a million nodes.
    pub fn qualified(format: Format, allow: Allow) -> Self {
        let strictness = match format {
            Format::Xml => Strictness::Text,
            Format::Json | Format::Yaml => Strictness::Rfc7951,
        };
        DecodeOptions { strictness, names: Names::Qualified, ..DecodeOptions::plain(format, allow) }
    }

    /// What rows hold: RFC 7951 JSON without a limit but that on depth.
    pub fn row() -> Self {
        DecodeOptions { allow: Allow::Kept, ..DecodeOptions::stored() }
    }

    /// What the server itself wrote as RFC 7951 JSON: no limit but that on depth.
    pub fn stored() -> Self {
        DecodeOptions {
            format: Format::Json,
            strictness: Strictness::Rfc7951,
            names: Names::Qualified,
            max_nodes: usize::MAX,
            max_depth: 127,
            allow: Allow::Stored,
        }
    }
}

/// Reads the new content of `target`, to create or replace it. For a list without keys in the path the body is one
/// entry (a [`Data::Container`]) or an array of them (a [`Data::List`]). The keys of a target entry may be left out;
/// where they are given they must agree with the path. For an operation the body is its input or output, as
/// [`DecodeOptions::allow`] says, and the result a container of that node.
///
/// # Errors
/// All faults: `malformed-message` for syntax (with `line` and `column` among the facts), `unknown-element`,
/// `invalid-value`, `bad-element`, `missing-element` for a missing key, `too-big` beyond the budget of nodes.
pub fn decode(
    schema: &Schema,
    target: &InstancePath,
    body: &[u8],
    options: &DecodeOptions,
) -> Result<Data, Vec<Violation>> {
    let mut decoder = Decoder::new(schema, target, options, Nulls::Refused);
    let read = decoder.read(body, target.keys());
    let is_part = decoder.entries > 1 && !target.keys().is_empty();
    decoder.finish(read, is_part)
}

/// Reads an entry of a list by the path of the list, in which no entry has keys.
///
/// # Errors
/// As [`decode`].
pub fn decode_entry(
    schema: &Schema,
    list: &InstancePath,
    body: &[u8],
    options: &DecodeOptions,
) -> Result<Data, Vec<Violation>> {
    let mut decoder = Decoder::new(schema, list, options, Nulls::Refused);
    decoder.entries = list.steps.iter().filter(|step| schema.node(step.node).is_list()).count();
    let read = decoder.read(body, &[]);
    let is_part = decoder.entries > 1;
    decoder.finish(read, is_part)
}

/// As [`decode`], of what another model wrote: what does not fit is left out, and a value whose type was another one is
/// taken by its text. Returns what fits, `None` when nothing can be read, and every fault, each of which says what was
/// left out.
pub fn decode_fitting(
    schema: &Schema,
    target: &InstancePath,
    body: &[u8],
    options: &DecodeOptions,
) -> (Option<Data>, Vec<Violation>) {
    let mut decoder = Decoder::new(schema, target, options, Nulls::Refused);
    decoder.by_text = true;
    let read = decoder.read(body, target.keys());
    (read, decoder.violations)
}

/// Reads a plain patch of `target`: scalars replace, containers and entries merge, user-ordered lists and leaf-lists
/// are replaced, other ones merged, `null` deletes.
///
/// # Errors
/// As [`decode`].
pub fn decode_patch(
    schema: &Schema,
    target: &InstancePath,
    body: &[u8],
    options: &DecodeOptions,
) -> Result<Vec<Edit>, Vec<Violation>> {
    let mut decoder = Decoder::new(schema, target, options, Nulls::Delete);
    let read = decoder.read(body, target.keys());
    if !decoder.violations.is_empty() || (read.is_none() && decoder.edits.is_empty()) {
        return Err(decoder.refusal());
    }
    let (mut edits, replacements): (Vec<Edit>, Vec<Edit>) =
        decoder.edits.into_iter().partition(|edit| edit.operation == EditOperation::Remove);
    // Replacements of lists come last: the entries that hold them may be new.
    edits.extend(read.map(|data| Edit::new(target.clone(), EditOperation::Merge, data)));
    edits.extend(replacements);
    Ok(edits)
}

/// A service's own struct as data of `node`: a container, an entry (the struct has the keys), a list (a sequence), or
/// the input or output of an operation. `None` is absent. Member names are kebab-case leaf names.
///
/// # Errors
/// Where the struct does not fit the model: a defect of the service, named as for a client's body.
pub fn from_serde<T: Serialize>(schema: &Schema, node: NodeId, value: &T) -> Result<Data, Vec<Violation>> {
    let (target, options) = of_service(schema, node);
    let mut decoder = Decoder::new(schema, &target, &options, Nulls::Absent);
    match direct::take(&mut decoder, value) {
        Ok(Some(data)) if decoder.violations.is_empty() => Ok(data),
        _ => by_text(schema, &target, &options, value),
    }
}

/// How a service's struct is read as the content of a node.
fn of_service(schema: &Schema, node: NodeId) -> (InstancePath, DecodeOptions) {
    let mut target = InstancePath::root();
    let mut at = node;
    while at != NodeId::ROOT {
        target.push(at, Vec::new());
        at = schema.node(at).parent;
    }
    target.steps.reverse();
    let options =
        DecodeOptions { strictness: Strictness::Plain, names: Names::Own, ..DecodeOptions::stored() };
    (target, options)
}

/// A service's struct by way of its JSON text, which settles every shape and names every fault.
fn by_text<T: Serialize>(
    schema: &Schema,
    target: &InstancePath,
    options: &DecodeOptions,
    value: &T,
) -> Result<Data, Vec<Violation>> {
    // The text may hold secrets.
    let mut text = Zeroizing::new(Vec::with_capacity(512));
    if let Err(error) = serde_json::to_writer(&mut *text, value) {
        let message = format!("a value of the service has no JSON form: {error}");
        return Err(vec![Violation::new(ErrorTag::OperationFailed, target.clone(), message)]);
    }
    let mut decoder = Decoder::new(schema, target, options, Nulls::Absent);
    match decoder.read(&text, &[]) {
        Some(data) if decoder.violations.is_empty() => Ok(data),
        _ => Err(decoder.refusal()),
    }
}

/// What `null` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nulls {
    /// A fault, except for a leaf of type `empty` in YAML.
    Refused,
    /// Deletes the node.
    Delete,
    /// As if the node had been left out.
    Absent,
}

/// The error of readers that have none of their own: everything worth telling is among the violations.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Stop
    }
}

/// The state of one reading: where it is, what it found wrong, what is left of its budgets.
struct Decoder<'s> {
    schema: &'s Schema,
    options: &'s DecodeOptions,
    nulls: Nulls,
    path: InstancePath,
    violations: Vec<Violation>,
    /// What a patch asks for besides merging.
    edits: Vec<Edit>,
    nodes_left: usize,
    depth: usize,
    /// Entries of lists around what is read: parts of an entry are often those of another one, too.
    entries: usize,
    /// A limit was hit and reported: the error that ends the reading says nothing new.
    stopped: bool,
    /// A value that is not of its type's JSON form is taken by its text.
    by_text: bool,
    /// The format's reader was asked for a text, and gives up by itself where it finds something else.
    wants_text: bool,
}

impl<'s> Decoder<'s> {
    fn new(schema: &'s Schema, target: &InstancePath, options: &'s DecodeOptions, nulls: Nulls) -> Self {
        Decoder {
            schema,
            options,
            nulls,
            path: target.clone(),
            violations: Vec::new(),
            edits: Vec::new(),
            nodes_left: options.max_nodes,
            depth: 0,
            entries: target.steps.iter().filter(|step| !step.keys.is_empty()).count(),
            stopped: false,
            by_text: false,
            wants_text: false,
        }
    }

    /// The text of a body, unless there is something in the way of reading it at all.
    fn text<'b>(&mut self, body: &'b [u8]) -> Option<&'b str> {
        let text = match std::str::from_utf8(body) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => {
                let message = format!("the body is not UTF-8: byte {} is invalid", error.valid_up_to());
                self.report(ErrorTag::MalformedMessage, message);
                return None;
            }
        };
        if text.trim_ascii().is_empty() {
            self.report(ErrorTag::MalformedMessage, "the body is empty");
            return None;
        }
        Some(text)
    }

    /// Reads a whole body; everything wrong with it is in `violations` afterwards.
    fn read(&mut self, body: &[u8], keys: &[Value]) -> Option<Data> {
        let text = self.text(body)?;
        if self.options.format == Format::Yaml && nesting::is_deeper(text, DEEPEST_FLOW) {
            let message = format!("the body nests brackets deeper than {DEEPEST_FLOW} levels");
            self.report(ErrorTag::MalformedMessage, message);
            return None;
        }
        match self.options.format {
            Format::Json => {
                let mut reader = serde_json::Deserializer::from_str(text);
                let read = self.start(keys).deserialize(&mut reader);
                match read.and_then(|data| reader.end().map(|()| data)) {
                    Ok(data) => data,
                    Err(error) => {
                        let place = (error.line() > 0).then(|| (error.line(), error.column()));
                        self.unreadable("JSON", &error, place);
                        None
                    }
                }
            }
            Format::Yaml => match self.start(keys).deserialize(serde_yaml::Deserializer::from_str(text)) {
                Ok(data) => data,
                Err(error) => {
                    let place = error.location().map(|location| (location.line(), location.column()));
                    self.unreadable("YAML", &error, place);
                    None
                }
            },
            Format::Xml => self.xml(text, keys),
        }
    }

    /// The seed for the target, with the path moved into an operation's input or output.
    fn start<'d, 'k>(&'d mut self, keys: &'k [Value]) -> TargetSeed<'d, 's, 'k> {
        if let Some(side) = self.side(self.path.target()) {
            self.path.push(side, Vec::new());
        }
        TargetSeed { decoder: self, keys }
    }

    /// The input or output of an operation, whichever is read; `None` for every other node.
    fn side(&self, node: NodeId) -> Option<NodeId> {
        let node = self.schema.node(node);
        let wants_output = self.options.allow == Allow::Output;
        let is_it = |id: &&NodeId| match self.schema.node(**id).kind {
            NodeKind::Input => !wants_output,
            NodeKind::Output => wants_output,
            _ => false,
        };
        node.is_operation().then(|| node.schema_children.iter().find(is_it).copied()).flatten()
    }

    fn unreadable(&mut self, format: &str, error: &dyn fmt::Display, place: Option<(usize, usize)>) {
        if self.stopped {
            return;
        }
        // A reader may quote a whole line of the body.
        let reason: String = error.to_string().chars().take(300).collect();
        let mut violation = if self.wants_text {
            let name = &self.schema.node(self.path.target()).name;
            Violation::new(ErrorTag::BadElement, self.path.clone(), format!("{name}: {reason}"))
        } else {
            let message = format!("the body is not valid {format}: {reason}");
            Violation::new(ErrorTag::MalformedMessage, self.path.clone(), message)
        };
        if let Some((line, column)) = place {
            violation = violation.info("line", line.to_string()).info("column", column.to_string());
        }
        self.violations.push(violation);
    }

    /// What was read, if nothing is wrong with it. An entry inside of another one, which is what a store calls a row of its
    /// own, is a part of that.
    fn finish(self, read: Option<Data>, is_part: bool) -> Result<Data, Vec<Violation>> {
        match read {
            Some(data) if self.violations.is_empty() && is_part => {
                Ok(shared(self.schema, self.path.target(), data))
            }
            Some(data) if self.violations.is_empty() => Ok(data),
            _ => Err(self.refusal()),
        }
    }

    /// What to answer when there is no data.
    fn refusal(self) -> Vec<Violation> {
        if self.violations.is_empty() {
            return vec![Violation::new(ErrorTag::MalformedMessage, self.path, "the body holds nothing")];
        }
        self.violations
    }

    /// A fault of the node that is being read.
    fn report(&mut self, tag: ErrorTag, message: impl Into<String>) {
        self.violations.push(Violation::new(tag, self.path.clone(), message));
    }

    /// Goes into an object or array.
    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > self.options.max_depth {
            let message = format!("the body is nested deeper than {} levels", self.options.max_depth);
            self.report(ErrorTag::MalformedMessage, message);
            return Err(self.stop());
        }
        self.count()
    }

    /// Comes out of an object or array.
    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Counts a node.
    fn count<E: de::Error>(&mut self) -> Result<(), E> {
        match self.nodes_left.checked_sub(1) {
            Some(left) => {
                self.nodes_left = left;
                Ok(())
            }
            None => {
                let message = format!("the body has more than {} nodes", self.options.max_nodes);
                self.report(ErrorTag::TooBig, message);
                Err(self.stop())
            }
        }
    }

    /// The error that ends the reading after a reported fault.
    fn stop<E: de::Error>(&mut self) -> E {
        self.stopped = true;
        E::custom("stopped")
    }
}

#[cfg(test)]
mod tests;
