//! What went wrong with a request, as status and error body. The one place of this dialect that knows which error-tag is
//! which status.

use bytes::Bytes;
use hyper::StatusCode;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::format::{Format, Wanted};
use crate::base::error::ErrorTag;
use crate::data::violation::Violation;
use crate::surface::failure::Failure;
use crate::surface::http::Reply;
use crate::yang::schema::Schema;

/// A failure with the status that it has in this dialect.
pub fn settle(mut failure: Failure) -> Failure {
    let status = failure.status_by(status_of);
    if failure.status.is_none() && status == StatusCode::CONFLICT {
        // The phrase by which clients of the reference product know this case.
        for violation in failure.violations.iter_mut().filter(|one| one.tag == ErrorTag::DataExists) {
            violation.message = format!("Conflict (instance exists): {}", violation.message);
        }
    }
    Failure { status: Some(status), ..failure }
}

/// The answer in the format that was asked for.
pub fn reply(failure: Failure, schema: &Schema, wanted: Wanted) -> Reply {
    let failure = settle(failure);
    let status = failure.status.unwrap_or(StatusCode::BAD_REQUEST);
    let body = body(schema, wanted.format, &failure.violations);
    failure.dress(Reply::with_body(status, wanted.content_type(), body))
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
        let each = self.violations.iter().map(|violation| One { schema: self.schema, violation });
        serializer.collect_map([("errors", each.collect::<Vec<_>>())])
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
            map.serialize_entry("error-info", &violation.facts())?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::path::InstancePath;

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
            let failure = settle(Failure::from(violations.clone()));
            assert_eq!(failure.status.unwrap().as_u16(), status, "{violations:?}");
        }
    }

    #[test]
    fn a_conflict_says_so_in_the_words_of_the_reference() {
        let failure = settle(Failure::from(violation(ErrorTag::DataExists)));
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
