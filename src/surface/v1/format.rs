//! Which of the two body formats a client asks for and sends.

use hyper::StatusCode;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::base::error::ErrorTag;
use crate::data::decode;
use crate::surface::http::negotiate::{essence, media_type};
use crate::surface::http::refusal::{Refusal, shorten};

/// The formats that the dialect speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl From<Format> for decode::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => decode::Format::Json,
            Format::Yaml => decode::Format::Yaml,
        }
    }
}

/// The media types that we produce and accept; the first is what a client gets that does not say.
const MEDIA_TYPES: &[(&str, Format)] = &[
    ("application/json", Format::Json),
    ("application/yaml", Format::Yaml),
    ("application/x-yaml", Format::Yaml),
    ("text/yaml", Format::Yaml),
];

const OFFERS: &[&str] = &["application/json", "application/yaml", "application/x-yaml", "text/yaml"];

const JSON_PATCH: &str = "application/json-patch+json";

/// Header that says what PATCH accepts (RFC 5789 section 3.1).
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Its value.
pub const PATCH_TYPES: &str =
    "application/json, application/yaml, application/x-yaml, text/yaml, application/json-patch+json";

/// The format of an answer, under the name by which the client asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The format.
    pub format: Format,
    /// The media type to answer with.
    pub media_type: &'static str,
}

impl Default for Wanted {
    fn default() -> Self {
        Wanted { format: Format::Json, media_type: "application/json" }
    }
}

impl Wanted {
    /// What the request's `Accept` asks for.
    ///
    /// # Errors
    /// 406 when it accepts neither format.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        if !headers.contains_key(ACCEPT) {
            return Ok(Wanted::default());
        }
        let chosen = media_type(headers, OFFERS).and_then(|index| MEDIA_TYPES.get(index));
        chosen.map(|(media_type, format)| Wanted { format: *format, media_type }).ok_or_else(|| {
            let asked = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            Refusal::new(
                StatusCode::NOT_ACCEPTABLE,
                ErrorTag::BadAttribute,
                format!(
                    "Accept '{}' names no media type that is produced here: {}",
                    shorten(asked),
                    OFFERS.join(", ")
                ),
            )
        })
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(self.media_type)
    }
}

/// What a request's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A value in that format.
    Value(Format),
    /// A value in the one format or the other: there is no `Content-Type`.
    Either,
    /// A JSON Patch (RFC 6902).
    JsonPatch,
}

impl Sent {
    /// What the request's `Content-Type` says.
    ///
    /// # Errors
    /// 415 for everything that the method does not accept; JSON Patch is for PATCH only.
    pub fn of(headers: &HeaderMap, patch: bool) -> Result<Self, Refusal> {
        let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(Sent::Either) };
        let media_type = essence(given.to_str().unwrap_or("?"));
        if let Some((_, format)) = MEDIA_TYPES.iter().find(|(known, _)| *known == media_type) {
            return Ok(Sent::Value(*format));
        }
        if patch && media_type == JSON_PATCH {
            return Ok(Sent::JsonPatch);
        }
        let accepted = if patch { PATCH_TYPES.to_owned() } else { OFFERS.join(", ") };
        let message =
            format!("Content-Type '{}' is not accepted here; accepted: {accepted}", shorten(&media_type));
        let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorTag::BadAttribute, message);
        let name = if patch { ACCEPT_PATCH } else { ACCEPT };
        Err(match HeaderValue::from_str(&accepted) {
            Ok(value) => refusal.header(name, value),
            Err(_) => refusal,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn the_table_and_the_offers_agree() {
        let names: Vec<&str> = MEDIA_TYPES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, OFFERS);
        assert_eq!(PATCH_TYPES, format!("{}, {JSON_PATCH}", OFFERS.join(", ")));
    }

    #[test]
    fn the_answer_carries_the_name_that_was_asked_for() {
        let wanted = Wanted::of(&headers(ACCEPT, "text/yaml")).unwrap();
        assert_eq!((wanted.format, wanted.media_type), (Format::Yaml, "text/yaml"));
        assert_eq!(Wanted::of(&HeaderMap::new()).unwrap(), Wanted::default());
        assert_eq!(Wanted::of(&headers(ACCEPT, "text/html")).unwrap_err().status, 406);
    }

    #[test]
    fn rfc5789_2_2_a_415_says_what_is_accepted() {
        let refusal = Sent::of(&headers(CONTENT_TYPE, "text/plain"), true).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.headers[0].1.to_str().unwrap()), (415, PATCH_TYPES));
        assert_eq!(Sent::of(&headers(CONTENT_TYPE, JSON_PATCH), false).unwrap_err().status, 415);
        assert_eq!(
            Sent::of(&headers(CONTENT_TYPE, "Application/JSON; charset=utf-8"), false).unwrap(),
            Sent::Value(Format::Json)
        );
        assert_eq!(Sent::of(&headers(CONTENT_TYPE, JSON_PATCH), true).unwrap(), Sent::JsonPatch);
        assert_eq!(Sent::of(&HeaderMap::new(), true).unwrap(), Sent::Either);
    }
}
