//! The body of a YANG Patch (RFC 8072 section 2.2) as it was sent: its edits with the values still as text, each to be
//! decoded against the node that its target names. The two encodings give the same.

use std::borrow::Cow;

use super::{json, xml};
use crate::base::error::ErrorTag;
use crate::base::hashed::HashSet;
use crate::data::decode::Format;
use crate::data::path::InstancePath;
use crate::data::violation::{Violation, shorten};

/// How many edits one patch may have.
pub const MAX_EDITS: usize = 10_000;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Message<'b> {
    /// How the client calls the patch.
    pub patch_id: String,
    /// What people are to know of it.
    pub comment: Option<String>,
    /// In order.
    pub edits: Vec<SentEdit<'b>>,
}

/// One edit.
#[derive(Debug, PartialEq, Eq)]
pub struct SentEdit<'b> {
    /// How the client calls it.
    pub id: String,
    /// What to do.
    pub operation: SentOperation,
    /// Where, below the resource of the request, in the form of URLs.
    pub target: String,
    /// The content of `value`, whole: a body for the target, in the encoding of the patch.
    pub value: Option<Cow<'b, str>>,
}

/// The operations of RFC 8072 section 2.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentOperation {
    /// The target must not exist.
    Create,
    /// The target must exist.
    Delete,
    /// A new entry, put in a place.
    Insert(SentPlace),
    /// Merged into what is there.
    Merge,
    /// An entry that exists, put in another place.
    Move(SentPlace),
    /// Put in the place of what is there.
    Replace,
    /// The target need not exist.
    Remove,
}

/// A place among user-ordered entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentPlace {
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// Just before the entry of that path, which is relative as the target is.
    Before(String),
    /// Just after it.
    After(String),
}

/// A patch whose members have been found and not yet judged.
#[derive(Default)]
pub(super) struct Loose<'b> {
    pub patch_id: Option<String>,
    pub comment: Option<String>,
    pub edits: Option<Vec<LooseEdit<'b>>>,
    pub unknown: Vec<String>,
}

/// An edit of it.
#[derive(Default)]
pub(super) struct LooseEdit<'b> {
    pub id: Option<String>,
    pub operation: Option<String>,
    pub target: Option<String>,
    pub point: Option<String>,
    pub place: Option<String>,
    pub value: Option<Cow<'b, str>>,
    pub unknown: Vec<String>,
}

impl LooseEdit<'_> {
    /// Where a member that is text goes; `None` for a name that no such member has.
    pub fn text(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "edit-id" => &mut self.id,
            "operation" => &mut self.operation,
            "target" => &mut self.target,
            "point" => &mut self.point,
            "where" => &mut self.place,
            _ => return None,
        })
    }
}

/// Reads a patch.
///
/// # Errors
/// A body that is no patch (`malformed-message`), and everything that a patch lacks or has too much, by edit.
pub fn read(body: &[u8], format: Format) -> Result<Message<'_>, Vec<Violation>> {
    let text = std::str::from_utf8(body).map_err(|error| {
        vec![malformed(&format!("the body is not UTF-8: byte {} is invalid", error.valid_up_to()))]
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let loose = match format {
        Format::Xml => xml::read(text),
        Format::Json | Format::Yaml => json::read(text),
    };
    judge(loose.map_err(|violation| vec![violation])?)
}

/// What is no patch at all.
pub(super) fn malformed(what: &str) -> Violation {
    let message =
        format!("{what}; a YANG Patch is one 'ietf-yang-patch:yang-patch' with a patch-id and edits");
    Violation::new(ErrorTag::MalformedMessage, InstancePath::root(), message)
}

fn judge(loose: Loose<'_>) -> Result<Message<'_>, Vec<Violation>> {
    let mut faults = Vec::new();
    let fault = |tag, message: String| Violation::new(tag, InstancePath::root(), message);
    for name in &loose.unknown {
        let message =
            format!("'{}' is no member of a patch; it has patch-id, comment and edit", shorten(name));
        faults.push(fault(ErrorTag::UnknownElement, message));
    }
    if loose.patch_id.is_none() {
        faults.push(fault(ErrorTag::MissingElement, "'patch-id' is missing".to_owned()));
    }
    let sent = loose.edits.unwrap_or_default();
    if sent.len() > MAX_EDITS {
        let message = format!("{} edits are more than the {MAX_EDITS} of a patch", sent.len());
        return Err(vec![fault(ErrorTag::TooBig, message)]);
    }
    let mut ids = HashSet::default();
    let is_again: Vec<bool> =
        sent.iter().map(|edit| edit.id.as_deref().is_some_and(|id| !ids.insert(id))).collect();
    let mut edits = Vec::with_capacity(sent.len());
    for ((index, edit), is_again) in sent.into_iter().enumerate().zip(is_again) {
        if let Some(id) = edit.id.as_deref().filter(|_| is_again) {
            let message = format!("edit '{}' is there twice; each edit-id names one edit", shorten(id));
            faults.push(fault(ErrorTag::BadElement, message).app_tag("data-not-unique").of_edit(index));
        }
        edits.extend(judge_edit(edit, index, &mut faults));
    }
    match loose.patch_id {
        Some(patch_id) if faults.is_empty() => Ok(Message { patch_id, comment: loose.comment, edits }),
        _ => Err(faults),
    }
}

fn judge_edit<'b>(edit: LooseEdit<'b>, index: usize, faults: &mut Vec<Violation>) -> Option<SentEdit<'b>> {
    let name =
        || edit.id.as_deref().map_or_else(|| format!("edit {index}"), |id| format!("edit '{}'", shorten(id)));
    let before = faults.len();
    let mut say = |tag, message: String| {
        let message = format!("{}: {message}", name());
        faults.push(Violation::new(tag, InstancePath::root(), message).of_edit(index));
    };
    for unknown in &edit.unknown {
        let message = format!(
            "'{}' is no member of an edit; it has edit-id, operation, target, point, where and value",
            shorten(unknown)
        );
        say(ErrorTag::UnknownElement, message);
    }
    for (member, found) in [("edit-id", &edit.id), ("operation", &edit.operation), ("target", &edit.target)] {
        if found.is_none() {
            say(ErrorTag::MissingElement, format!("'{member}' is missing"));
        }
    }
    let place = match (edit.place.as_deref().unwrap_or("last"), &edit.point) {
        ("before", Some(point)) => Some(SentPlace::Before(point.clone())),
        ("after", Some(point)) => Some(SentPlace::After(point.clone())),
        (place @ ("before" | "after"), None) => {
            say(ErrorTag::MissingElement, format!("'point' is missing: what is the target to be {place}?"));
            None
        }
        ("first" | "last", Some(_)) => {
            let message = "'point' means something with 'where' before or after only".to_owned();
            say(ErrorTag::BadElement, message);
            None
        }
        ("first", None) => Some(SentPlace::First),
        ("last", None) => Some(SentPlace::Last),
        (other, _) => {
            let message = format!("'where' is '{}'; allowed: before, after, first or last", shorten(other));
            say(ErrorTag::InvalidValue, message);
            None
        }
    };
    let text = edit.operation.as_deref();
    if let Some(text) = text
        && !matches!(text, "insert" | "move")
        && (edit.place.is_some() || edit.point.is_some())
    {
        say(ErrorTag::BadElement, "'where' and 'point' belong to insert and move only".to_owned());
    }
    let takes_value = matches!(text, Some("create" | "insert" | "merge" | "replace"));
    match (&edit.value, text) {
        (None, _) if takes_value => say(ErrorTag::MissingElement, "'value' is missing".to_owned()),
        (Some(_), Some("delete" | "move" | "remove")) => {
            say(ErrorTag::BadElement, "'value' means nothing for delete, move and remove".to_owned());
        }
        _ => {}
    }
    let operation = match (text, place) {
        (Some("create"), _) => SentOperation::Create,
        (Some("delete"), _) => SentOperation::Delete,
        (Some("insert"), Some(place)) => SentOperation::Insert(place),
        (Some("merge"), _) => SentOperation::Merge,
        (Some("move"), Some(place)) => SentOperation::Move(place),
        (Some("replace"), _) => SentOperation::Replace,
        (Some("remove"), _) => SentOperation::Remove,
        (Some("insert" | "move") | None, _) => return None,
        (Some(other), _) => {
            let message = format!(
                "'{}' is no operation; allowed: create, delete, insert, merge, move, replace or remove",
                shorten(other)
            );
            say(ErrorTag::InvalidValue, message);
            return None;
        }
    };
    let sent = SentEdit { id: edit.id?, operation, target: edit.target?, value: edit.value };
    (faults.len() == before).then_some(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"ietf-yang-patch:yang-patch": {
        "patch-id": "p&1", "comment": "why",
        "edit": [
            {"edit-id": "a", "operation": "create", "target": "/song=A%2FB", "value": {"m:song": [{"id": "A/B"}]}},
            {"edit-id": "b", "operation": "move", "target": "/song=x", "where": "before", "point": "/song=y"},
            {"edit-id": "c", "operation": "remove", "target": "/"}
        ]}}"#;

    const XML: &str = r#"<?xml version="1.0"?>
      <p:yang-patch xmlns:p="urn:ietf:params:xml:ns:yang:ietf-yang-patch" xmlns="urn:one" xmlns:o="urn:o&amp;ther">
        <p:patch-id>p&amp;1</p:patch-id>
        <p:comment> why </p:comment>
        <p:edit>
          <p:edit-id>a</p:edit-id><p:operation>create</p:operation><p:target>/song=A%2FB</p:target>
          <p:value><!-- the song --> <song a='q"' xmlns="urn:two"><id>A/B</id><o:x/></song></p:value>
        </p:edit>
        <p:edit>
          <p:edit-id>b</p:edit-id><p:operation>move</p:operation><p:target>/song=x</p:target>
          <p:where>before</p:where><p:point>/song=y</p:point>
        </p:edit>
        <p:edit><p:edit-id>c</p:edit-id><p:operation>remove</p:operation><p:target>/</p:target></p:edit>
      </p:yang-patch>"#;

    #[test]
    fn json_and_xml_give_the_same_edits() {
        let mut json = read(JSON.as_bytes(), Format::Json).unwrap();
        let mut xml = read(XML.as_bytes(), Format::Xml).unwrap();
        assert_eq!(json.edits[0].value.take().unwrap(), r#"{"m:song": [{"id": "A/B"}]}"#);
        let value = xml.edits[0].value.take().unwrap();
        let (tag, rest) = value.split_once('>').unwrap();
        assert_eq!(rest, "<id>A/B</id><o:x/></song>");
        for part in [r#" xmlns="urn:two""#, r#" xmlns:o="urn:o&amp;ther""#, r#" a="q&quot;""#, " xmlns:p="] {
            assert_eq!(tag.matches(part).count(), 1, "{tag}");
        }
        assert!(!tag.contains("urn:one"), "{tag}");
        assert_eq!(json, xml);
        assert_eq!(json.patch_id, "p&1");
        assert_eq!(json.edits[1].operation, SentOperation::Move(SentPlace::Before("/song=y".to_owned())));
    }

    #[test]
    fn every_fault_is_told_with_its_edit() {
        let body = r#"{"ietf-yang-patch:yang-patch": {"edit": [
            {"operation": "create", "target": "/a", "valu": 1},
            {"edit-id": "x", "operation": "insert", "target": "/a", "where": "before", "value": {}},
            {"edit-id": "x", "operation": "patch", "target": "/a"},
            {"edit-id": "y", "operation": "delete", "target": "/a", "where": "last", "value": {}},
            {"edit-id": "z", "operation": "move", "target": "/a", "where": "up"},
            {"edit-id": "u", "operation": "move", "target": "/a", "where": "first", "point": "/b"}
        ]}}"#;
        let found = read(body.as_bytes(), Format::Json).unwrap_err();
        let told: Vec<(Option<u16>, &str)> =
            found.iter().map(|fault| (fault.edit, fault.message.as_str())).collect();
        let expected = [
            (None, "'patch-id' is missing"),
            (Some(0), "edit 0: 'valu' is no member of an edit"),
            (Some(0), "edit 0: 'edit-id' is missing"),
            (Some(0), "edit 0: 'value' is missing"),
            (Some(1), "edit 'x': 'point' is missing"),
            (Some(2), "edit 'x' is there twice"),
            (Some(2), "edit 'x': 'patch' is no operation"),
            (Some(3), "edit 'y': 'where' and 'point' belong"),
            (Some(3), "edit 'y': 'value' means nothing"),
            (Some(4), "edit 'z': 'where' is 'up'"),
            (Some(5), "edit 'u': 'point' means something"),
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for ((edit, message), (wanted, start)) in told.iter().zip(expected) {
            assert!(*edit == wanted && message.starts_with(start), "{edit:?} {message} is not {start}");
        }
    }

    #[test]
    fn what_is_no_patch_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"yang-patch":{}}"#,
            r#"{"ietf-yang-patch:yang-patch":[]}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"ietf-yang-patch:yang-patch":{"patch-id":"1","edit":[],"edit":[]}}"#,
            r#"{"ietf-yang-patch:yang-patch":{"patch-id":"1","edit":[{"target":"/a","target":"/b"}]}}"#,
            r#"{"ietf-yang-patch:yang-patch":{"patch-id":"1","edit":[{"value":{},"value":{}}]}}"#,
            r#"{"ietf-yang-patch:yang-patch":{"patch-id":1}}"#,
        ] {
            let found = read(body.as_bytes(), Format::Json).unwrap_err();
            assert_eq!(found[0].tag, ErrorTag::MalformedMessage, "{body}");
        }
        let space = "xmlns='urn:ietf:params:xml:ns:yang:ietf-yang-patch'";
        for body in [
            String::new(),
            "<yang-patch/>".to_owned(),
            format!("<yang-patch {space}><patch-id>1</patch-id><patch-id>2</patch-id></yang-patch>"),
            format!("<yang-patch {space}>text</yang-patch>"),
            format!("<yang-patch {space}><edit><value/></edit></yang-patch>"),
            format!("<yang-patch {space}><edit><value><a/><b/></value></edit></yang-patch>"),
            format!("<!DOCTYPE x><yang-patch {space}/>"),
            format!("<yang-patch {space}><edit>"),
            format!("<yang-patch {space}/><yang-patch {space}/>"),
        ] {
            let found = read(body.as_bytes(), Format::Xml).unwrap_err();
            assert_eq!(found[0].tag, ErrorTag::MalformedMessage, "{body}");
        }
    }
}
