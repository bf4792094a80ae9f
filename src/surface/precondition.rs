//! The conditions of a request about a resource of configuration (RFC 9110 section 13): as the writer checks them, and the
//! validators that answers carry.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, ETAG, HeaderValue, LAST_MODIFIED, VARY};

use super::failure::Failure;
use super::http::Reply;
use super::http::conditional::{Conditions, Tags, Verdict};
use crate::access::gate::Validators;
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::Precondition;

/// The conditions of a request as the writer checks them, in the order of RFC 9110 section 13.2.2.
pub fn preconditions(conditions: &Conditions, path: &InstancePath) -> Vec<Precondition> {
    let mut found = Vec::new();
    match &conditions.if_match {
        Some(Tags::Any) => found.push(Precondition::IfMatchAny { path: path.clone() }),
        Some(Tags::Listed(tags)) => {
            // If-Match compares strongly: a weak tag never matches (section 13.1.1).
            let strong = tags.iter().filter(|tag| !tag.weak);
            let etags = strong.map(|tag| tag.resource().to_owned()).collect();
            found.push(Precondition::IfMatch { path: path.clone(), etags });
        }
        None => {
            if let Some(time) = conditions.if_unmodified_since {
                found.push(Precondition::UnmodifiedSince { path: path.clone(), time });
            }
        }
    }
    match &conditions.if_none_match {
        Some(Tags::Any) => found.push(Precondition::IfNoneMatchAny { path: path.clone() }),
        Some(Tags::Listed(tags)) => {
            let etags = tags.iter().map(|tag| tag.resource().to_owned()).collect();
            found.push(Precondition::IfNoneMatch { path: path.clone(), etags });
        }
        None => {}
    }
    found
}

/// 304 for a read of what the client has already, or nothing: go on.
///
/// # Errors
/// 412 when a condition does not hold.
pub fn decide_read(
    conditions: &Conditions,
    validators: &Validators,
    path: &InstancePath,
) -> Result<Option<Reply>, Failure> {
    let Some(tag) = validators.etag.as_deref() else { return Ok(None) };
    match conditions.decide_read(tag, validators.modified) {
        Verdict::Proceed => Ok(None),
        Verdict::NotModified(same) => {
            let etag = Some(same.unwrap_or_else(|| tag.to_owned()));
            let reply = Reply::empty(StatusCode::NOT_MODIFIED);
            Ok(Some(of_read(reply, &Validators { etag, ..validators.clone() })))
        }
        Verdict::Failed(header) => Err(broken(header, path)),
    }
}

/// 412 for a read whose condition does not hold.
fn broken(header: &str, path: &InstancePath) -> Failure {
    let message = format!("{header} does not hold: the resource is another by now");
    let violation = Violation::new(ErrorTag::OperationFailed, path.clone(), message);
    Failure::new(StatusCode::PRECONDITION_FAILED, violation)
}

/// Says when what is answered was last changed, as far as the caller may know that.
pub fn dated(reply: Reply, modified: Option<Timestamp>) -> Reply {
    match modified {
        Some(modified) => reply.header_text(LAST_MODIFIED, modified.http_date()),
        None => reply,
    }
}

/// The answer to a read of what has these validators: state and what is made up for one request have none.
pub fn of_read(reply: Reply, validators: &Validators) -> Reply {
    let reply = reply.header(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    match &validators.etag {
        Some(tag) => dated(reply.header_text(ETAG, quoted(tag, "")), validators.modified)
            .header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        None => reply.header(CACHE_CONTROL, HeaderValue::from_static("no-store")),
    }
}

/// An entity tag as its header has it, with the mark of a representation.
fn quoted(tag: &str, mark: &str) -> String {
    ["\"", tag, mark, "\""].concat()
}

/// The answer to a write, with the validators of what is there now.
pub fn with_validators(reply: Reply, validators: Validators, mark: &str) -> Reply {
    match validators.etag {
        Some(tag) => dated(reply.header_text(ETAG, quoted(&tag, mark)), validators.modified),
        None => reply,
    }
}
