//! Everything that can go wrong with a request, as status and error body. The one place of this dialect that knows which
//! error-tag is which status.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use super::format::{Format, Wanted};
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::surface::http::{Refusal, Reply};
use crate::yang::schema::Schema;

/// How many violations an answer lists: a stranger could otherwise have megabytes made of a few bytes each.
const LISTED: usize = 100;

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// Every violation; at least one.
    pub violations: Vec<Violation>,
    /// Header lines that belong to the status.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Failure {
    /// A failure with one violation and a status that is not the tag's usual one.
    pub fn new(status: StatusCode, violation: Violation) -> Self {
        Failure { status, violations: vec![violation], headers: Vec::new() }
    }

    /// 404 for a resource that is not there.
    pub fn not_found(path: &InstancePath, message: impl Into<String>) -> Self {
        Failure::new(StatusCode::NOT_FOUND, Violation::new(ErrorTag::DataMissing, path.clone(), message))
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The first violation's sentence, for logs.
    pub fn summary(&self) -> &str {
        self.violations.first().map_or("", |violation| violation.message.as_str())
    }

    /// The answer in the format that was asked for.
    pub fn reply(&self, schema: &Schema, wanted: Wanted) -> Reply {
        let mut reply = Reply::with_body(
            self.status,
            wanted.content_type(),
            body(schema, wanted.format, &self.violations),
        );
        for (name, value) in &self.headers {
            reply.headers.insert(name, value.clone());
        }
        reply
    }
}

/// Faults of the request's data. The gravest status wins where they differ: what is wrong in itself (400) before what
/// only the present state forbids (409, 404).
impl From<Vec<Violation>> for Failure {
    fn from(mut violations: Vec<Violation>) -> Self {
        if violations.is_empty() {
            violations.push(Violation::new(
                ErrorTag::OperationFailed,
                InstancePath::root(),
                "the request failed",
            ));
        }
        let more = violations.len().saturating_sub(LISTED);
        let mut statuses = violations.iter().map(status_of);
        let first = statuses.next().unwrap_or(StatusCode::BAD_REQUEST);
        let status = if statuses.all(|status| status == first) { first } else { StatusCode::BAD_REQUEST };
        if more > 0 {
            violations.truncate(LISTED);
            let message = format!("{more} further faults are not listed");
            violations.push(Violation::new(ErrorTag::OperationFailed, InstancePath::root(), message));
        }
        if status == StatusCode::CONFLICT {
            // The phrase by which clients of the reference product know this case.
            for violation in violations.iter_mut().filter(|one| one.tag == ErrorTag::DataExists) {
                if !violation.message.starts_with("Conflict") {
                    violation.message = format!("Conflict (instance exists): {}", violation.message);
                }
            }
        }
        Failure { status, violations, headers: Vec::new() }
    }
}

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Failure::from(vec![violation])
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let violation = Violation::new(refusal.tag, InstancePath::root(), refusal.message);
        Failure { status: refusal.status, violations: vec![violation], headers: refusal.headers }
    }
}

/// The status of a violation of the request's data. `data-missing` means two things: with an error-app-tag
/// (`instance-required`, RFC 7950 section 15.5) the body points at something that is not there, which makes the body
/// invalid; without one the resource itself is not there.
fn status_of(violation: &Violation) -> StatusCode {
    match violation.tag {
        ErrorTag::DataExists => StatusCode::CONFLICT,
        ErrorTag::DataMissing if violation.app_tag.is_none() => StatusCode::NOT_FOUND,
        ErrorTag::TooBig => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorTag::AccessDenied => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The error body: `{"errors":[{error-tag, error-app-tag?, error-path?, error-message, error-info?}]}`.
pub fn body(schema: &Schema, format: Format, violations: &[Violation]) -> Bytes {
    let errors = Errors { schema, violations };
    match format {
        Format::Json => serde_json::to_vec(&errors).unwrap_or_default().into(),
        Format::Yaml => yaml(&errors).into(),
    }
}

/// The body in YAML. Texts are printed as JSON strings, which are YAML too: no message can be taken for anything else.
fn yaml(errors: &Errors<'_>) -> String {
    let value = serde_json::to_value(errors).unwrap_or_default();
    let mut out = String::from("errors:\n");
    let list = value.get("errors").and_then(serde_json::Value::as_array);
    for error in list.into_iter().flatten() {
        for (index, (name, value)) in error.as_object().into_iter().flatten().enumerate() {
            out.push_str(if index == 0 { "- " } else { "  " });
            out.push_str(name);
            match value {
                serde_json::Value::Object(members) => {
                    out.push_str(":\n");
                    for (name, value) in members {
                        out.push_str(&format!("    {name}: {value}\n"));
                    }
                }
                _ => out.push_str(&format!(": {value}\n")),
            }
        }
    }
    out
}

struct Errors<'a> {
    schema: &'a Schema,
    violations: &'a [Violation],
}

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("errors", &List(self))?;
        map.end()
    }
}

struct List<'a>(&'a Errors<'a>);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.violations.len()))?;
        for violation in self.0.violations {
            list.serialize_element(&One { schema: self.0.schema, violation })?;
        }
        list.end()
    }
}

struct One<'a> {
    schema: &'a Schema,
    violation: &'a Violation,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let violation = self.violation;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("error-tag", violation.tag.as_str())?;
        if let Some(app_tag) = &violation.app_tag {
            map.serialize_entry("error-app-tag", app_tag)?;
        }
        if !violation.path.steps.is_empty() || violation.unknown.is_some() {
            map.serialize_entry("error-path", &violation.v1_path(self.schema))?;
        }
        map.serialize_entry("error-message", &violation.told())?;
        if !violation.info.is_empty() {
            map.serialize_entry("error-info", &facts(&violation.info))?;
        }
        map.end()
    }
}

/// Facts by name: a text, or all texts where a fact has several.
fn facts(info: &[(String, String)]) -> serde_json::Map<String, Value> {
    let mut facts = serde_json::Map::new();
    for (name, text) in info {
        let text = Value::from(text.as_str());
        match facts.get_mut(name) {
            None => drop(facts.insert(name.clone(), text)),
            Some(Value::Array(all)) => all.push(text),
            Some(first) => *first = Value::Array(vec![first.take(), text]),
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(tag: ErrorTag) -> Violation {
        Violation::new(tag, InstancePath::root(), "no")
    }

    #[test]
    fn statuses_follow_the_tags() {
        let dangling = violation(ErrorTag::DataMissing).app_tag("instance-required");
        for (violations, status) in [
            (vec![violation(ErrorTag::InvalidValue)], 400),
            (vec![violation(ErrorTag::OperationFailed).app_tag("must-violation")], 400),
            (vec![violation(ErrorTag::DataExists)], 409),
            (vec![violation(ErrorTag::DataMissing)], 404),
            (vec![dangling.clone()], 400),
            (vec![violation(ErrorTag::DataExists), dangling], 400),
            (vec![violation(ErrorTag::InUse)], 400),
            (vec![violation(ErrorTag::TooBig)], 413),
            (vec![], 400),
        ] {
            assert_eq!(Failure::from(violations.clone()).status.as_u16(), status, "{violations:?}");
        }
    }

    #[test]
    fn what_is_listed_is_bounded() {
        let failure = Failure::from(vec![violation(ErrorTag::InvalidValue); LISTED + 7]);
        assert_eq!((failure.status.as_u16(), failure.violations.len()), (400, LISTED + 1));
        assert_eq!(failure.violations[LISTED].message, "7 further faults are not listed");
    }

    #[test]
    fn a_conflict_says_so_in_the_words_of_the_reference() {
        let failure = Failure::from(violation(ErrorTag::DataExists));
        assert_eq!(failure.summary(), "Conflict (instance exists): no");
    }

    #[test]
    fn the_body_lists_every_violation_in_both_formats() {
        let schema = crate::yang::compile_product().unwrap();
        let path = InstancePath::parse_v1(&schema, "strongbox/jwt-issuers/a").unwrap();
        let violations = vec![
            Violation::new(ErrorTag::InvalidValue, path.clone(), "say \"no\": never")
                .app_tag("must-violation"),
            Violation::unknown(path, "colour", "unknown").info("bad-element", "colour"),
        ];
        let json = body(&schema, Format::Json, &violations);
        assert_eq!(
            std::str::from_utf8(&json).unwrap(),
            r#"{"errors":[{"error-tag":"invalid-value","error-app-tag":"must-violation","error-path":"/strongbox/jwt-issuers/a","error-message":"say \"no\": never"},{"error-tag":"unknown-element","error-path":"/strongbox/jwt-issuers/a/colour","error-message":"unknown","error-info":{"bad-element":"colour"}}]}"#
        );
        let yaml = body(&schema, Format::Yaml, &violations);
        let read: serde_json::Value = serde_yaml::from_slice(&yaml).unwrap();
        assert_eq!(read, serde_json::from_slice::<serde_json::Value>(&json).unwrap());
    }
}
