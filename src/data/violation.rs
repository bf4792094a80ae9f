//! What is wrong with a request's data: one violation a fault, each with the place, the value found and what is
//! allowed. Never here: a status line or a body format; the surface makes those from this.

use std::fmt;

use serde_json::Value;

use super::path::InstancePath;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::yang::schema::Schema;

/// How many characters of a value a message may quote.
const QUOTED: usize = 64;

/// One fault in a request's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What kind of fault.
    pub tag: ErrorTag,
    /// The model's `error-app-tag`, or the one that RFC 7950 section 15 defines for the case.
    pub app_tag: Option<Ident>,
    /// The node at fault, or the nearest one that the model knows.
    pub path: InstancePath,
    /// A name below `path` that the model does not have.
    pub unknown: Option<String>,
    /// One sentence that names the value found and what is allowed.
    pub message: String,
    /// Further facts for `error-info` by name: texts, or structures that an RFC has for the case.
    pub info: Vec<(String, Value)>,
    /// Which of the edits that were asked for is at fault, counted from 0, where it is one of them alone. Nobody sends as
    /// many as cannot be counted, and a larger number would make every result that can fail larger.
    pub edit: Option<u16>,
}

impl Violation {
    /// The message for people: with the value found, which a message of the model's own cannot name.
    pub fn told(&self) -> std::borrow::Cow<'_, str> {
        let fact = |wanted: &str| self.info_texts(wanted).next();
        match (fact("condition"), fact("value")) {
            (Some(_), Some(value)) if !self.message.contains(&format!("'{value}'")) => {
                format!("{} (found '{value}')", self.message).into()
            }
            _ => self.message.as_str().into(),
        }
    }

    /// A fault of the node at `path`.
    pub fn new(tag: ErrorTag, path: InstancePath, message: impl Into<String>) -> Self {
        Violation {
            tag,
            app_tag: None,
            path,
            unknown: None,
            message: message.into(),
            info: Vec::new(),
            edit: None,
        }
    }

    /// A name below `path` that the model does not have.
    pub fn unknown(path: InstancePath, name: &str, message: impl Into<String>) -> Self {
        Violation { unknown: Some(shorten(name)), ..Violation::new(ErrorTag::UnknownElement, path, message) }
    }

    /// Sets the `error-app-tag`.
    #[must_use]
    pub fn app_tag(mut self, app_tag: impl Into<Ident>) -> Self {
        self.app_tag = Some(app_tag.into());
        self
    }

    /// Adds a fact for `error-info`.
    #[must_use]
    pub fn info(mut self, name: impl Into<String>, fact: impl Into<Value>) -> Self {
        self.info.push((name.into(), fact.into()));
        self
    }

    /// The texts among the facts of that name.
    pub fn info_texts(&self, wanted: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.info.iter().filter(move |(name, _)| name == wanted).filter_map(|(_, fact)| fact.as_str())
    }

    /// Names the edit at fault.
    #[must_use]
    pub fn of_edit(mut self, index: usize) -> Self {
        self.edit = u16::try_from(index).ok();
        self
    }

    /// The place in the form of the `/v1` dialect, with the unknown name at its end if there is one.
    pub fn v1_path(&self, schema: &Schema) -> String {
        self.with_unknown(self.path.to_v1(schema))
    }

    /// The place as an instance-identifier (RFC 7951 section 6.11), with the unknown name at its end if there is one.
    pub fn instance_identifier(&self, schema: &Schema) -> String {
        self.with_unknown(self.path.to_instance_identifier(schema))
    }

    /// The facts for `error-info` by name: a fact, or all of them where there are several of that name.
    pub fn facts(&self) -> serde_json::Map<String, Value> {
        let mut facts = serde_json::Map::new();
        for (name, fact) in &self.info {
            match facts.get_mut(name) {
                None => drop(facts.insert(name.clone(), fact.clone())),
                Some(Value::Array(all)) => all.push(fact.clone()),
                Some(first) => *first = Value::Array(vec![first.take(), fact.clone()]),
            }
        }
        facts
    }

    fn with_unknown(&self, mut path: String) -> String {
        if let Some(name) = &self.unknown {
            if !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(name);
        }
        path
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tag, self.message)
    }
}

/// A text as messages quote it: at most 64 characters, control characters escaped, an ellipsis where it was cut.
pub fn shorten(text: &str) -> String {
    let mut shown = String::new();
    for (count, letter) in text.chars().enumerate() {
        if count == QUOTED {
            shown.push('…');
            break;
        }
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_up_to_64_characters() {
        assert_eq!(shorten("a\nb"), "a\\nb");
        assert_eq!(shorten(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(shorten(&"é".repeat(65)), format!("{}…", "é".repeat(64)));
    }
}
