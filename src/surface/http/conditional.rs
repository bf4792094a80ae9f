//! Conditional requests (RFC 9110 section 13): the four header lines, and the order in which they decide.
//!
//! Our entity tags are `"RESOURCE"` with suffixes for the representation: `"RESOURCE.yaml"`, `"RESOURCE.yaml.gzip"`. The
//! resource part contains no dot. A precondition of a write compares the resource part, so that a client may read YAML and
//! write JSON; `If-None-Match` of a read compares the format too, because its body is another one.

use std::time::UNIX_EPOCH;

use hyper::header::{
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
};

use super::refusal::{Refusal, shorten};
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;

/// Names of the content codings that may end an entity tag.
const CODINGS: [&str; 2] = ["gzip", "br"];

/// One entity tag as a client sent it, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag {
    /// `W/` stood before it.
    pub weak: bool,
    /// What stood between the quotes.
    pub opaque: String,
}

impl EntityTag {
    /// The part that names the resource's state, without marks of format and coding.
    pub fn resource(&self) -> &str {
        self.opaque.split('.').next().unwrap_or_default()
    }

    /// Without the mark of the coding: the coded form of a body is as good as the plain one.
    fn uncoded(&self) -> &str {
        match self.opaque.rsplit_once('.') {
            Some((rest, coding)) if CODINGS.contains(&coding) => rest,
            _ => &self.opaque,
        }
    }
}

/// `*` or a list of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// Any state, as long as the resource exists.
    Any,
    /// One of these.
    Listed(Vec<EntityTag>),
}

/// The conditions of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<Tags>,
    /// `If-None-Match`.
    pub if_none_match: Option<Tags>,
    /// `If-Modified-Since`; ignored (absent here) when it is no date, or next to `If-None-Match`.
    pub if_modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`; ignored (absent here) when it is no date, or next to `If-Match`.
    pub if_unmodified_since: Option<Timestamp>,
}

/// What the conditions say about a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Proceed,
    /// 304; the tag of the client that matched, if it was a tag.
    NotModified(Option<String>),
    /// 412, and the name of the header line that failed.
    Failed(&'static str),
}

impl Conditions {
    /// Reads the four header lines.
    ///
    /// # Errors
    /// 400 for an entity tag without quotes. A date that cannot be read is ignored, as section 13.1.3 demands.
    pub fn parse(headers: &HeaderMap) -> Result<Self, Refusal> {
        let if_match = tags(headers, &IF_MATCH)?;
        let if_none_match = tags(headers, &IF_NONE_MATCH)?;
        Ok(Conditions {
            if_modified_since: date(headers, &IF_MODIFIED_SINCE).filter(|_| if_none_match.is_none()),
            if_unmodified_since: date(headers, &IF_UNMODIFIED_SINCE).filter(|_| if_match.is_none()),
            if_match,
            if_none_match,
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Conditions::default()
    }

    /// Decides a GET or HEAD of an existing resource (section 13.2.2). `tag` is the selected representation's, without
    /// quotes and without a coding's mark.
    pub fn decide_read(&self, tag: &str, modified: Option<Timestamp>) -> Verdict {
        let resource = tag.split('.').next().unwrap_or_default();
        match &self.if_match {
            Some(Tags::Listed(given)) if !given.iter().any(|one| !one.weak && one.resource() == resource) => {
                return Verdict::Failed("If-Match");
            }
            Some(_) => {}
            None => {
                if let (Some(since), Some(modified)) = (self.if_unmodified_since, modified)
                    && modified.seconds() > since.seconds()
                {
                    return Verdict::Failed("If-Unmodified-Since");
                }
            }
        }
        match &self.if_none_match {
            Some(Tags::Any) => Verdict::NotModified(None),
            Some(Tags::Listed(given)) => match given.iter().find(|one| one.uncoded() == tag) {
                Some(same) => Verdict::NotModified(Some(same.opaque.clone())),
                None => Verdict::Proceed,
            },
            None => match (self.if_modified_since, modified) {
                (Some(since), Some(modified)) if modified.seconds() <= since.seconds() => {
                    Verdict::NotModified(None)
                }
                _ => Verdict::Proceed,
            },
        }
    }
}

/// The entity tag with one more mark: `"x"` and `gzip` give `"x.gzip"`.
pub fn tag_with_suffix(tag: &HeaderValue, suffix: &str) -> Option<HeaderValue> {
    let text = tag.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::from_str(&format!("{text}.{suffix}\"")).ok()
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    let instant = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    let since = instant.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok().map(Timestamp::from_seconds)
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Refusal> {
    let mut found = Vec::new();
    let mut present = false;
    for line in headers.get_all(name) {
        present = true;
        let text = String::from_utf8_lossy(line.as_bytes());
        let text = text.trim_matches([' ', '\t']);
        if text == "*" {
            return Ok(Some(Tags::Any));
        }
        parse_list(text, &mut found).ok_or_else(|| {
            Refusal::bad_request(
                ErrorTag::BadAttribute,
                format!(
                    "{name} '{}' is neither * nor a list of entity tags; copy the ETag with its quotes",
                    shorten(text)
                ),
            )
        })?;
    }
    Ok(present.then_some(Tags::Listed(found)))
}

fn parse_list(mut text: &str, found: &mut Vec<EntityTag>) -> Option<()> {
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        if text.is_empty() {
            return Some(());
        }
        let weak = text.starts_with("W/");
        let quoted = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"')?;
        let (opaque, rest) = quoted.split_once('"')?;
        found.push(EntityTag { weak, opaque: opaque.to_owned() });
        text = rest.trim_start_matches([' ', '\t']);
        if !text.is_empty() && !text.starts_with(',') {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(lines: &[(HeaderName, &str)]) -> Result<Conditions, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value.parse().unwrap());
        }
        Conditions::parse(&headers)
    }

    fn decide(lines: &[(HeaderName, &str)]) -> Verdict {
        let modified = Timestamp::from_seconds(784_111_777);
        conditions(lines).unwrap().decide_read("abc.yaml", Some(modified))
    }

    #[test]
    fn rfc9110_13_1_1_if_match_is_strong_and_compares_the_resource() {
        assert_eq!(decide(&[(IF_MATCH, "\"abc\"")]), Verdict::Proceed);
        assert_eq!(decide(&[(IF_MATCH, "\"abc.gzip\"")]), Verdict::Proceed);
        assert_eq!(decide(&[(IF_MATCH, "*")]), Verdict::Proceed);
        assert_eq!(decide(&[(IF_MATCH, "\"x\", \"abc\"")]), Verdict::Proceed);
        assert_eq!(decide(&[(IF_MATCH, "W/\"abc\"")]), Verdict::Failed("If-Match"));
        assert_eq!(decide(&[(IF_MATCH, "\"x\"")]), Verdict::Failed("If-Match"));
    }

    #[test]
    fn rfc9110_13_1_2_if_none_match_is_weak_and_compares_the_format() {
        let same = |tag: &str| Verdict::NotModified(Some(tag.to_owned()));
        assert_eq!(decide(&[(IF_NONE_MATCH, "\"abc.yaml\"")]), same("abc.yaml"));
        assert_eq!(decide(&[(IF_NONE_MATCH, "W/\"abc.yaml.br\"")]), same("abc.yaml.br"));
        assert_eq!(decide(&[(IF_NONE_MATCH, "\"abc\"")]), Verdict::Proceed);
        assert_eq!(decide(&[(IF_NONE_MATCH, "*")]), Verdict::NotModified(None));
    }

    #[test]
    fn rfc9110_13_2_2_dates_step_back_behind_tags() {
        let (before, same) = ("Sun, 06 Nov 1994 08:49:36 GMT", "Sunday, 06-Nov-94 08:49:37 GMT");
        assert_eq!(decide(&[(IF_MODIFIED_SINCE, same)]), Verdict::NotModified(None));
        assert_eq!(decide(&[(IF_MODIFIED_SINCE, before)]), Verdict::Proceed);
        assert_eq!(decide(&[(IF_MODIFIED_SINCE, same), (IF_NONE_MATCH, "\"x\"")]), Verdict::Proceed);
        assert_eq!(decide(&[(IF_UNMODIFIED_SINCE, before)]), Verdict::Failed("If-Unmodified-Since"));
        assert_eq!(decide(&[(IF_UNMODIFIED_SINCE, before), (IF_MATCH, "\"abc\"")]), Verdict::Proceed);
        assert_eq!(decide(&[(IF_MODIFIED_SINCE, "yesterday")]), Verdict::Proceed);
    }

    #[test]
    fn tags_without_quotes_are_refused() {
        for wrong in ["abc", "\"abc", "\"a\" \"b\"", "W/abc"] {
            assert_eq!(conditions(&[(IF_MATCH, wrong)]).unwrap_err().status, 400, "{wrong}");
        }
        // What is not ASCII is a fault as well, and not as if nothing were there.
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_bytes(b"\x84").unwrap());
        assert_eq!(Conditions::parse(&headers).unwrap_err().status, 400);
    }
}
