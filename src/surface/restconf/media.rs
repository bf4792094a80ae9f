//! Which of the two encodings a client asks for and sends (RFC 8040 section 5.2).

use hyper::StatusCode;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::base::error::ErrorTag;
use crate::data::decode;
use crate::surface::http::negotiate::{essence, media_type};
use crate::surface::http::refusal::{Refusal, shorten};

/// The encodings of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 7951.
    Json,
    /// RFC 7950.
    Xml,
}

impl From<Format> for decode::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => decode::Format::Json,
            Format::Xml => decode::Format::Xml,
        }
    }
}

/// The media types that we produce and accept. The plain ones are no part of the RFC, and many clients send nothing else.
const MEDIA_TYPES: &[(&str, Format)] = &[
    ("application/yang-data+json", Format::Json),
    ("application/yang-data+xml", Format::Xml),
    ("application/json", Format::Json),
    ("application/xml", Format::Xml),
    ("text/json", Format::Json),
    ("text/xml", Format::Xml),
];

/// The media type of several instances in XML (draft-ietf-netconf-list-pagination-rc), for GET of lists and leaf-lists only.
pub const XML_LIST: &str = "application/yang-data+xml-list";

/// The media types of YANG Patch (RFC 8072 section 2.2): of what is sent only.
const YANG_PATCH: &[(&str, Format)] =
    &[("application/yang-patch+json", Format::Json), ("application/yang-patch+xml", Format::Xml)];

const JSON_FIRST: &[&str] = &[
    "application/yang-data+json",
    "application/yang-data+xml",
    "application/json",
    "application/xml",
    "text/json",
    "text/xml",
    XML_LIST,
];

const XML_FIRST: &[&str] = &[
    "application/yang-data+xml",
    "application/yang-data+json",
    "application/xml",
    "application/json",
    "text/xml",
    "text/json",
    XML_LIST,
];

/// Header that says what PATCH accepts (RFC 5789 section 3.1).
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Its value.
pub const PATCH_TYPES: &str = "application/yang-data+json, application/yang-data+xml, application/json, application/xml, \
     application/yang-patch+json, application/yang-patch+xml";

/// What the body of a PATCH is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patch {
    /// Data to be merged (RFC 8040 section 4.6.1).
    Plain(Format),
    /// Edits (RFC 8072).
    Edits(Format),
}

/// The encoding of an answer, under the name by which the client asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The encoding.
    pub format: Format,
    /// The media type to answer with.
    pub media_type: &'static str,
}

impl Default for Wanted {
    fn default() -> Self {
        Wanted { format: Format::Json, media_type: "application/yang-data+json" }
    }
}

impl Wanted {
    /// What the request's `Accept` asks for; where it leaves the choice, the encoding of what was sent.
    ///
    /// # Errors
    /// 406 when it accepts neither encoding.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let offers = match headers.get(CONTENT_TYPE).and_then(format_of) {
            Some(Format::Xml) => XML_FIRST,
            _ => JSON_FIRST,
        };
        let chosen = media_type(headers, offers).and_then(|index| offers.get(index));
        let produced = || MEDIA_TYPES.iter().chain(&[(XML_LIST, Format::Xml)]);
        let known = chosen.and_then(|chosen| produced().find(|(known, _)| known == chosen));
        known
            .map(|(media_type, format)| Wanted { format: *format, media_type })
            .ok_or_else(|| not_acceptable(headers, true))
    }

    /// Whether several instances are wanted in one element.
    pub fn is_list(self) -> bool {
        self.media_type == XML_LIST
    }

    /// The same encoding for what is no list: errors, other resources.
    #[must_use]
    pub fn of_one(self) -> Self {
        if self.is_list() { Wanted { media_type: "application/yang-data+xml", ..self } } else { self }
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(self.media_type)
    }

    /// How entity tags of this encoding end.
    pub fn mark(self) -> &'static str {
        match self.format {
            Format::Json => "",
            Format::Xml if self.is_list() => ".xml-list",
            Format::Xml => ".xml",
        }
    }
}

fn format_of(content_type: &HeaderValue) -> Option<Format> {
    format_among(MEDIA_TYPES, content_type).or_else(|| format_among(YANG_PATCH, content_type))
}

fn format_among(known: &[(&str, Format)], content_type: &HeaderValue) -> Option<Format> {
    let sent = essence(content_type.to_str().ok()?);
    known.iter().find(|(known, _)| *known == sent).map(|(_, format)| *format)
}

/// 406: nothing that is produced is among what the client accepts. A list of elements is produced of lists only.
pub fn not_acceptable(headers: &HeaderMap, of_lists: bool) -> Refusal {
    let asked = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let message = format!(
        "Accept '{}' names no media type that is produced here: {}",
        shorten(asked),
        if of_lists { JSON_FIRST.join(", ") } else { types_of_one() }
    );
    Refusal::new(StatusCode::NOT_ACCEPTABLE, ErrorTag::InvalidValue, message)
}

/// The media types of one resource, for messages.
fn types_of_one() -> String {
    MEDIA_TYPES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// What a PATCH brings.
///
/// # Errors
/// As [`sent`].
pub fn sent_patch(headers: &HeaderMap) -> Result<Patch, Refusal> {
    match headers.get(CONTENT_TYPE).and_then(|given| format_among(YANG_PATCH, given)) {
        Some(format) => Ok(Patch::Edits(format)),
        None => sent(headers).map(Patch::Plain),
    }
}

/// The encoding of a request's body.
///
/// # Errors
/// 415 for everything that is neither, and when nothing is said.
pub fn sent(headers: &HeaderMap) -> Result<Format, Refusal> {
    let given = headers.get(CONTENT_TYPE);
    given.and_then(|given| format_among(MEDIA_TYPES, given)).ok_or_else(|| {
        let message = match given {
            Some(given) => format!(
                "Content-Type '{}' is not accepted here; accepted: {}",
                shorten(&String::from_utf8_lossy(given.as_bytes())),
                types_of_one()
            ),
            None => format!("a body needs a Content-Type; accepted: {}", types_of_one()),
        };
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorTag::InvalidValue, message)
            .header(ACCEPT, HeaderValue::from_static(PATCH_TYPES))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(HeaderName, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_tables_agree() {
        let mut names: Vec<&str> = MEDIA_TYPES.iter().map(|(name, _)| *name).collect();
        names.push(XML_LIST);
        assert_eq!(names, JSON_FIRST);
        names.sort_unstable();
        let mut other = XML_FIRST.to_vec();
        other.sort_unstable();
        assert_eq!(names, other);
    }

    #[test]
    fn rfc8040_5_2_without_accept_the_answer_has_the_encoding_of_the_request() {
        let wanted = |lines: &[(HeaderName, &'static str)]| Wanted::of(&headers(lines)).unwrap().media_type;
        assert_eq!(wanted(&[]), "application/yang-data+json");
        assert_eq!(wanted(&[(CONTENT_TYPE, "application/yang-data+xml")]), "application/yang-data+xml");
        assert_eq!(wanted(&[(CONTENT_TYPE, "text/xml"), (ACCEPT, "*/*")]), "application/yang-data+xml");
        let both = [(CONTENT_TYPE, "text/xml"), (ACCEPT, "application/json")];
        assert_eq!(wanted(&both), "application/json");
        let refusal = Wanted::of(&headers(&[(ACCEPT, "text/plain")])).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.tag), (406, ErrorTag::InvalidValue));
    }

    #[test]
    fn rfc8040_5_2_other_media_types_are_415() {
        assert_eq!(sent(&headers(&[(CONTENT_TYPE, "application/xml; charset=utf-8")])).unwrap(), Format::Xml);
        assert_eq!(sent(&headers(&[(CONTENT_TYPE, "text/plain")])).unwrap_err().status, 415);
        assert_eq!(sent(&headers(&[])).unwrap_err().status, 415);
    }
}
