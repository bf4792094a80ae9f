//! The body of `POST /v1/config`: an ordered list of `{operation, path, value}`, in JSON or YAML.
//!
//! The value of each edit stays text here; it is decoded against the node that its path names, like any other body.

use std::borrow::Cow;

use super::format::Format;
use crate::base::error::ErrorTag;
use crate::base::outline::{Kind, Outline, outline};
use crate::data::path::InstancePath;
use crate::data::violation::{Violation, shorten};
use crate::surface::members::Members;

/// How many edits one transaction may have.
pub const MAX_EDITS: usize = 10_000;

/// One edit as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentEdit<'b> {
    /// What to do.
    pub operation: SentOperation,
    /// Where, in the form of `/v1` URLs.
    pub path: String,
    /// The value's own text, in the format of the body.
    pub value: Option<Cow<'b, str>>,
}

/// What an edit does (the operations of RFC 8072 that make sense without a position).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentOperation {
    /// The target must not exist.
    Create,
    /// As a plain PATCH, creating what does not exist.
    Merge,
    /// As a PUT.
    Replace,
    /// The target must exist.
    Delete,
    /// The target need not exist.
    Remove,
}

impl SentOperation {
    const NAMES: &'static str = "create, merge, replace, delete or remove";

    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "create" => SentOperation::Create,
            "merge" => SentOperation::Merge,
            "replace" => SentOperation::Replace,
            "delete" => SentOperation::Delete,
            "remove" => SentOperation::Remove,
            _ => return None,
        })
    }

    /// Whether it comes with a value.
    pub fn takes_value(self) -> bool {
        matches!(self, SentOperation::Create | SentOperation::Merge | SentOperation::Replace)
    }
}

/// Reads the list.
///
/// # Errors
/// A body that is no such list, and every edit in it that lacks something or has too much, by index.
pub fn parse(body: &str, format: Format) -> Result<Vec<SentEdit<'_>>, Vec<Violation>> {
    match format {
        Format::Json => parse_json(body),
        Format::Yaml => parse_yaml(body),
    }
}

/// An edit whose members have been found and not yet judged.
#[derive(Default)]
struct Loose<'b> {
    operation: Option<Cow<'b, str>>,
    path: Option<Cow<'b, str>>,
    value: Option<Cow<'b, str>>,
    unknown: Vec<String>,
}

impl<'b> Loose<'b> {
    fn judge(self, index: usize, faults: &mut Vec<Violation>) -> Option<SentEdit<'b>> {
        let before = faults.len();
        let mut say = |tag, message: String| faults.push(fault(tag, index, &message));
        for name in &self.unknown {
            let message =
                format!("'{}' is no member of an edit; it has operation, path and value", shorten(name));
            say(ErrorTag::UnknownElement, message);
        }
        let operation = match self.operation.as_deref() {
            None => {
                say(ErrorTag::MissingElement, format!("'operation' is missing: {}", SentOperation::NAMES));
                None
            }
            Some(text) => SentOperation::read(text).or_else(|| {
                let message =
                    format!("'{}' is no operation; allowed: {}", shorten(text), SentOperation::NAMES);
                say(ErrorTag::InvalidValue, message);
                None
            }),
        };
        if self.path.is_none() {
            say(ErrorTag::MissingElement, "'path' is missing".to_owned());
        }
        match (operation, &self.value) {
            (Some(operation), None) if operation.takes_value() => {
                say(ErrorTag::MissingElement, "'value' is missing".to_owned());
            }
            (Some(operation), Some(_)) if !operation.takes_value() => {
                say(ErrorTag::BadElement, "'value' means nothing for delete and remove".to_owned());
            }
            _ => {}
        }
        let edit = SentEdit { operation: operation?, path: self.path?.into_owned(), value: self.value };
        (faults.len() == before).then_some(edit)
    }
}

/// A violation of the edit with that index.
pub fn fault(tag: ErrorTag, index: usize, message: &str) -> Violation {
    Violation::new(tag, InstancePath::root(), format!("edit {index}: {message}"))
        .info("edit", index.to_string())
}

fn no_list(what: &str) -> Vec<Violation> {
    let message = format!("{what}; a transaction is an array of maps with operation, path and value");
    vec![Violation::new(ErrorTag::MalformedMessage, InstancePath::root(), message)]
}

fn judge_all(found: Vec<Loose<'_>>) -> Result<Vec<SentEdit<'_>>, Vec<Violation>> {
    if found.len() > MAX_EDITS {
        let message =
            format!("{} edits are more than the {MAX_EDITS} that a transaction may have", found.len());
        return Err(vec![Violation::new(ErrorTag::TooBig, InstancePath::root(), message)]);
    }
    let mut faults = Vec::new();
    let edits: Vec<SentEdit<'_>> =
        found.into_iter().enumerate().filter_map(|(index, loose)| loose.judge(index, &mut faults)).collect();
    if faults.is_empty() { Ok(edits) } else { Err(faults) }
}

fn parse_json(body: &str) -> Result<Vec<SentEdit<'_>>, Vec<Violation>> {
    let read = |error: serde_json::Error| no_list(&error.to_string());
    let edits: Vec<Members<'_>> = serde_json::from_str(body).map_err(read)?;
    let edits: Result<Vec<Loose<'_>>, _> = edits.into_iter().map(json_edit).collect();
    judge_all(edits.map_err(read)?)
}

fn json_edit(members: Members<'_>) -> Result<Loose<'_>, serde_json::Error> {
    let mut loose = Loose::default();
    for (name, value) in members.0 {
        match &*name {
            "operation" => loose.operation = Some(serde_json::from_str(value.get())?),
            "path" => loose.path = Some(serde_json::from_str(value.get())?),
            "value" => loose.value = Some(Cow::Borrowed(value.get())),
            _ => loose.unknown.push(name.into_owned()),
        }
    }
    Ok(loose)
}

fn parse_yaml(body: &str) -> Result<Vec<SentEdit<'_>>, Vec<Violation>> {
    let documents = outline(body).map_err(|error| {
        no_list(&format!("{} at line {} column {}", error.message, error.place.line, error.place.column))
    })?;
    let [Outline { kind: Kind::Sequence(entries), .. }] = documents.as_slice() else {
        return Err(no_list("the body is something else"));
    };
    let characters = Characters::new(body);
    let mut found = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let Kind::Map(members) = &entry.kind else { return Err(no_list(&format!("edit {index} is no map"))) };
        let mut loose = Loose::default();
        for (name, _, value) in members {
            let scalar = || {
                value.text().map(|text| Cow::Owned(text.to_owned())).ok_or_else(|| {
                    vec![fault(ErrorTag::BadElement, index, &format!("'{}' is no text", shorten(name)))]
                })
            };
            let slot = match name.as_str() {
                "operation" => loose.operation.replace(scalar()?),
                "path" => loose.path.replace(scalar()?),
                "value" => loose.value.replace(Cow::Owned(characters.cut(value))),
                _ => {
                    loose.unknown.push(name.clone());
                    None
                }
            };
            if slot.is_some() {
                let message = format!("'{}' stands twice", shorten(name));
                return Err(vec![fault(ErrorTag::MalformedMessage, index, &message)]);
            }
        }
        found.push(loose);
    }
    judge_all(found)
}

/// Byte offsets of a text's characters: the outline counts characters.
struct Characters<'t> {
    text: &'t str,
    offsets: Vec<usize>,
}

impl<'t> Characters<'t> {
    fn new(text: &'t str) -> Self {
        Characters { text, offsets: text.char_indices().map(|(offset, _)| offset).collect() }
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        let offset = |index: usize| self.offsets.get(index).copied().unwrap_or(self.text.len());
        self.text.get(offset(start)..offset(end)).unwrap_or_default()
    }

    /// The text of a node, indented as it stood, so that its lines keep their relation to the first.
    fn cut(&self, node: &Outline) -> String {
        let own = self.slice(node.start, node.end);
        // A comment or the next entry's dash can follow a block before its end is known.
        format!("{:indent$}{own}", "", indent = node.place.column.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(body: &str, format: Format) -> Vec<String> {
        let found = parse(body, format).unwrap_err();
        found.iter().map(|violation| violation.message.clone()).collect()
    }

    #[test]
    fn json_and_yaml_give_the_same_edits() {
        let json = r#"[{"operation":"create","path":"a/b","value":{"x":1.10,"l":["é"]}},{"path":"c","operation":"remove"}]"#;
        let yaml = "- operation: create\n  path: a/b\n  value:\n    x: 1.10\n    l: [é]\n- {path: c, operation: remove}\n";
        let json = parse(json, Format::Json).unwrap();
        let yaml = parse(yaml, Format::Yaml).unwrap();
        assert_eq!(json.len(), 2);
        assert_eq!(json[0].value.as_deref(), Some(r#"{"x":1.10,"l":["é"]}"#));
        assert_eq!(yaml[0].value.as_deref().unwrap().trim_end(), "    x: 1.10\n    l: [é]");
        for (one, other) in json.iter().zip(&yaml) {
            assert_eq!((one.operation, &one.path), (other.operation, &other.path));
        }
    }

    #[test]
    fn every_fault_names_its_edit() {
        for (body, format) in [
            (
                r#"[{"path":"a"},{"operation":"patch","path":"a","valu":1},{"operation":"delete","path":"a","value":1}]"#,
                Format::Json,
            ),
            (
                "- path: a\n- {operation: patch, path: a, valu: 1}\n- {operation: delete, path: a, value: 1}\n",
                Format::Yaml,
            ),
        ] {
            let found = messages(body, format);
            assert_eq!(found.len(), 4, "{found:?}");
            assert!(found[0].starts_with("edit 0: 'operation' is missing"), "{found:?}");
            assert!(found[1].starts_with("edit 1: 'valu' is no member of an edit"), "{found:?}");
            assert!(found[2].starts_with("edit 1: 'patch' is no operation"), "{found:?}");
            assert!(found[3].starts_with("edit 2: 'value' means nothing"), "{found:?}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for body in ["{}", "[", "[1]", "[{\"path\":\"a\",\"path\":\"b\"}]", ""] {
            assert_eq!(parse(body, Format::Json).unwrap_err()[0].tag, ErrorTag::MalformedMessage, "{body}");
        }
        for body in ["a: 1", "- 1", "[", "- path: a\n  path: b\n", ""] {
            assert_eq!(parse(body, Format::Yaml).unwrap_err()[0].tag, ErrorTag::MalformedMessage, "{body}");
        }
    }
}
