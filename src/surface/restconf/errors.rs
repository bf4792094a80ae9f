//! What went wrong with a request, as status and `ietf-restconf:errors` (RFC 8040 section 7).

use std::borrow::Cow;

use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, StatusCode};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::media::{Format, Wanted};
use crate::base::error::ErrorTag;
use crate::data::read::{Element, InstanceIdentifierText, Layout, OfYang, has_form, write_xml};
use crate::data::violation::Violation;
use crate::surface::failure::Failure;
use crate::surface::http::Reply;
use crate::yang::schema::{NodeKind, Schema};

/// A failure with the status that it has in this dialect. A resource that is not there is 404, for which the table of
/// section 7 has `invalid-value`; only to a DELETE the tag of NETCONF says more.
pub fn settle(mut failure: Failure, method: &Method) -> Failure {
    let status = failure.status_by(status_of);
    if status == StatusCode::NOT_FOUND && *method != Method::DELETE {
        for violation in failure.violations.iter_mut().filter(|one| one.tag == ErrorTag::DataMissing) {
            violation.tag = ErrorTag::InvalidValue;
        }
    }
    Failure { status: Some(status), ..failure }
}

/// The status of a violation of the request's data, by the table of section 7.
fn status_of(violation: &Violation) -> StatusCode {
    match violation.tag {
        // What the data of a request cannot fulfil is the client's affair; 500 would be ours.
        ErrorTag::OperationFailed => StatusCode::PRECONDITION_FAILED,
        // It is what was asked for that is too big; a request that is has its status already.
        ErrorTag::TooBig => StatusCode::BAD_REQUEST,
        tag => StatusCode::from_u16(tag.status()).unwrap_or(StatusCode::BAD_REQUEST),
    }
}

/// In which layer it went wrong.
fn error_type(violation: &Violation) -> &'static str {
    match violation.tag {
        ErrorTag::InUse
        | ErrorTag::AccessDenied
        | ErrorTag::ResourceDenied
        | ErrorTag::RollbackFailed
        | ErrorTag::OperationFailed
        | ErrorTag::PartialOperation => "application",
        _ if violation.app_tag.is_some() => "application",
        _ => "protocol",
    }
}

/// The answer in the encoding that was asked for.
pub fn reply(failure: &Failure, schema: &Schema, wanted: Wanted) -> Reply {
    let status = failure.status.unwrap_or(StatusCode::BAD_REQUEST);
    let errors = Errors { schema, violations: &failure.violations, format: wanted.format };
    let reply = letter(status, schema, wanted, "ietf-restconf", Element::restconf("errors"), &errors);
    let reply = failure.dress(reply);
    match status {
        StatusCode::UNAUTHORIZED => reply.header(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE)),
        _ => reply,
    }
}

/// How a client can say who it is (RFC 8040 section 2.5): standard clients know a name and a password.
const CHALLENGE: &str = r#"Bearer realm="strongbox", Basic realm="strongbox", charset="UTF-8""#;

/// A reply with a body that a protocol defines by itself: one member of a module, or one element.
pub(super) fn letter(
    status: StatusCode,
    schema: &Schema,
    wanted: Wanted,
    module: &str,
    element: Element<'_>,
    content: &impl Serialize,
) -> Reply {
    let xml = || {
        let mut out = Vec::new();
        write_xml(schema, content, element, Layout::Compact, &mut out).ok().map(|()| out)
    };
    let json = || {
        let mut out = format!("{{\"{module}:{}\":", element.name()).into_bytes();
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut out, content);
        out.push(b'}');
        out
    };
    let (media_type, body) = match wanted.format {
        Format::Json => (wanted.media_type, json()),
        // What was found in a request can be what XML does not have.
        Format::Xml => match xml() {
            Some(body) => (wanted.media_type, body),
            None => (Wanted::default().media_type, json()),
        },
    };
    Reply::with_body(status, HeaderValue::from_static(media_type), body)
}

/// The container `errors`.
#[derive(Clone, Copy)]
pub struct Errors<'a> {
    /// The model, for paths.
    pub schema: &'a Schema,
    /// What is wrong.
    pub violations: &'a [Violation],
    /// The encoding that it is told in.
    pub format: Format,
}

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Errors { schema, format, .. } = *self;
        let each = self.violations.iter().map(|violation| One { schema, violation, format });
        serializer.collect_map([("error", each.collect::<Vec<_>>())])
    }
}

struct One<'a> {
    schema: &'a Schema,
    violation: &'a Violation,
    format: Format,
}

impl One<'_> {
    /// What of a text the encoding can say: a request may have what XML does not.
    fn told<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.format == Format::Json || text.chars().all(has_form) {
            return Cow::Borrowed(text);
        }
        let shown = |letter| if has_form(letter) { letter } else { char::REPLACEMENT_CHARACTER };
        Cow::Owned(text.chars().map(shown).collect())
    }

    /// Where it went wrong; in XML, where a name is of no module that has a namespace, what is around of it.
    fn place(&self) -> Option<String> {
        let violation = self.violation;
        let module = violation.unknown.as_deref().and_then(|name| name.split_once(':'));
        let is_unknown = module.is_some_and(|(module, _)| self.schema.module_by_name(module).is_none());
        if self.format == Format::Xml && is_unknown {
            let around = Violation { unknown: None, ..violation.clone() };
            return (!around.path.steps.is_empty()).then(|| place(self.schema, &around));
        }
        let is_there = !violation.path.steps.is_empty() || violation.unknown.is_some();
        is_there.then(|| place(self.schema, violation))
    }
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let violation = self.violation;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("error-type", error_type(violation))?;
        map.serialize_entry("error-tag", violation.tag.as_str())?;
        if let Some(app_tag) = &violation.app_tag {
            map.serialize_entry("error-app-tag", app_tag)?;
        }
        if let Some(path) = self.place() {
            map.serialize_entry("error-path", &InstanceIdentifierText(&self.told(&path)))?;
        }
        map.serialize_entry("error-message", &self.told(&violation.told()))?;
        let mut facts = violation.facts();
        if let Some(name) = bad_element(self.schema, violation) {
            facts.entry("bad-element").or_insert_with(|| name.into());
        }
        for fact in facts.values_mut() {
            if let Some(text) = fact.as_str() {
                *fact = self.told(text).into();
            }
        }
        if !facts.is_empty() {
            map.serialize_entry("error-info", &Info(&facts))?;
        }
        map.end()
    }
}

/// The facts of an error: two of them are those of RFC 7950 section 15, by whose names paths are told.
struct Info<'a>(&'a Map<String, Value>);

impl Serialize for Info<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, fact) in self.0 {
            match name.as_str() {
                "non-unique" => map.serialize_entry(name, &OfYang(Paths(fact)))?,
                "missing-choice" => map.serialize_entry(name, &OfYang(fact))?,
                _ => map.serialize_entry(name, fact)?,
            }
        }
        map.end()
    }
}

/// Instance-identifiers, or one.
struct Paths<'a>(&'a Value);

impl Serialize for Paths<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) => InstanceIdentifierText(text).serialize(serializer),
            Value::Array(several) => serializer.collect_seq(several.iter().map(Paths)),
            other => other.serialize(serializer),
        }
    }
}

/// Where it went wrong. Input is no data and has no instance-identifier: the examples of the RFC begin it with `input`
/// (section 3.6.3).
fn place(schema: &Schema, violation: &Violation) -> String {
    let text = violation.instance_identifier(schema);
    let Some(rpc) = violation.path.steps.first().map(|step| schema.node(step.node)) else { return text };
    let module = &schema.module(rpc.module).name;
    match text.strip_prefix(&format!("/{module}:{}/", rpc.name)) {
        Some(below) if matches!(rpc.kind, NodeKind::Rpc) => format!("/{module}:input/{below}"),
        _ => text,
    }
}

/// The name of the node at fault, for the tags to which RFC 6241 appendix A gives it.
fn bad_element<'a>(schema: &'a Schema, violation: &'a Violation) -> Option<&'a str> {
    match violation.tag {
        ErrorTag::MissingElement
        | ErrorTag::BadElement
        | ErrorTag::UnknownElement
        | ErrorTag::UnknownNamespace => {
            let known = (!violation.path.steps.is_empty())
                .then(|| schema.node(violation.path.target()).name.as_str());
            violation.unknown.as_deref().or(known)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::path::InstancePath;
    use crate::data::testing::issuers;

    fn violation(tag: ErrorTag) -> Violation {
        Violation::new(tag, InstancePath::root(), "no")
    }

    #[test]
    fn rfc8040_7_every_error_tag_has_the_status_of_the_table() {
        for (tag, statuses) in [
            (ErrorTag::InUse, &[409][..]),
            (ErrorTag::InvalidValue, &[400, 404, 406]),
            (ErrorTag::TooBig, &[413, 400]),
            (ErrorTag::MissingAttribute, &[400]),
            (ErrorTag::BadAttribute, &[400]),
            (ErrorTag::UnknownAttribute, &[400]),
            (ErrorTag::MissingElement, &[400]),
            (ErrorTag::BadElement, &[400]),
            (ErrorTag::UnknownElement, &[400]),
            (ErrorTag::UnknownNamespace, &[400]),
            (ErrorTag::AccessDenied, &[401, 403]),
            (ErrorTag::LockDenied, &[409]),
            (ErrorTag::ResourceDenied, &[409]),
            (ErrorTag::RollbackFailed, &[500]),
            (ErrorTag::DataExists, &[409]),
            (ErrorTag::DataMissing, &[409]),
            (ErrorTag::OperationNotSupported, &[405, 501]),
            (ErrorTag::OperationFailed, &[412, 500]),
            (ErrorTag::PartialOperation, &[500]),
            (ErrorTag::MalformedMessage, &[400]),
        ] {
            let status = settle(violation(tag).into(), &Method::PUT).status.unwrap().as_u16();
            assert!(statuses.contains(&status), "{tag}: {status}");
        }
    }

    #[test]
    fn rfc8040_7_1_the_errors_are_an_array_with_paths_in_both_encodings() {
        let schema = issuers();
        let path = InstancePath::parse_restconf(schema, "test:top/issuer=a").unwrap();
        let violations = vec![
            Violation::new(ErrorTag::DataExists, path.clone(), "say \"no\"").app_tag("own"),
            Violation::unknown(path, "colour", "unknown").info("bad-element", "colour"),
        ];
        let failure = Failure::from(violations);
        let text = |wanted| String::from_utf8(reply(&failure, schema, wanted).body.to_vec()).unwrap();
        assert_eq!(
            text(Wanted::default()),
            r#"{"ietf-restconf:errors":{"error":[{"error-type":"application","error-tag":"data-exists","error-app-tag":"own","error-path":"/test:top/issuer[name='a']","error-message":"say \"no\""},{"error-type":"protocol","error-tag":"unknown-element","error-path":"/test:top/issuer[name='a']/colour","error-message":"unknown","error-info":{"bad-element":"colour"}}]}}"#
        );
        let xml = Wanted { format: Format::Xml, media_type: "application/yang-data+xml" };
        let text = text(xml);
        assert!(
            text.starts_with(
                "<errors xmlns=\"urn:ietf:params:xml:ns:yang:ietf-restconf\"><error><error-type>"
            )
        );
        assert!(
            text.contains("<error-path xmlns:test=\"urn:test\">/test:top/test:issuer[test:name='a']<"),
            "{text}"
        );
    }
}
