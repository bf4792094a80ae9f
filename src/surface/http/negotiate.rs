//! Proactive negotiation (RFC 9110 section 12): which of our media types and codings a client would rather have.

use std::cmp::Reverse;

use hyper::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};

/// One element of a weighted list such as `Accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Weighted<'a> {
    /// The element without its parameters.
    value: &'a str,
    /// Its weight in thousandths; 1000 where none is given.
    weight: u16,
}

fn weighted<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Weighted<'a>> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|element| {
            let mut parts = element.split(';').map(str::trim);
            let value = parts.next().filter(|value| !value.is_empty())?;
            let given = parts.find_map(|parameter| {
                let (name, value) = parameter.split_once('=')?;
                name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
            });
            // A weight that cannot be read counts as none given, as most servers have it.
            Some(Weighted { value, weight: given.and_then(thousandths).unwrap_or(1_000) })
        })
}

/// `qvalue` of RFC 9110 section 12.4.2: `0`, `1`, `0.5`, `0.125`.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1_000),
        _ => None,
    }
}

/// How exactly a range of `Accept` names a media type: 3 the very type, 2 `type/*`, 1 `*/*`, 0 not at all.
fn exactness(range: &str, media_type: &str) -> u8 {
    if range.eq_ignore_ascii_case(media_type) {
        return 3;
    }
    match (range.split_once('/'), media_type.split_once('/')) {
        (Some(("*", "*")), _) => 1,
        (Some((kind, "*")), Some((ours, _))) if kind.eq_ignore_ascii_case(ours) => 2,
        _ => 0,
    }
}

/// The index of the media type that the client prefers, by weight, then by how exactly it was named, then by which it named
/// first, then by our own order. Without an `Accept` line, or with nothing in it, the first. `None` when it accepts none of
/// them.
pub fn media_type(headers: &HeaderMap, offers: &[&str]) -> Option<usize> {
    let is_blank = |line: &HeaderValue| line.as_bytes().iter().all(u8::is_ascii_whitespace);
    if headers.get_all(ACCEPT).iter().all(is_blank) {
        return Some(0);
    }
    // Most clients name one of ours and nothing else.
    let mut lines = headers.get_all(ACCEPT).iter();
    if let (Some(line), None) = (lines.next(), lines.next())
        && let Some(index) = offers.iter().position(|offer| line == offer)
    {
        return Some(index);
    }
    let mut best = None;
    for (index, offer) in offers.iter().enumerate() {
        let matching = weighted(headers, &ACCEPT)
            .enumerate()
            .map(|(place, range)| (exactness(range.value, offer), range.weight, Reverse(place)))
            .filter(|(exactness, ..)| *exactness > 0)
            .max();
        let Some((exactness, weight, place)) = matching else { continue };
        let rank = (weight, exactness, place);
        if weight > 0 && best.is_none_or(|(known, _)| rank > known) {
            best = Some((rank, index));
        }
    }
    best.map(|(_, index)| index)
}

/// A content coding that we can produce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `br` (RFC 7932).
    Brotli,
    /// `gzip` (RFC 1952).
    Gzip,
}

impl Coding {
    /// Its registered name, which also marks the entity tag of the coded form.
    pub fn as_str(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
        }
    }
}

/// The coding that the client prefers among ours; `None` for the plain form. At equal weight brotli, which is smaller.
pub fn coding(headers: &HeaderMap) -> Option<Coding> {
    let (mut brotli, mut gzip, mut any) = (None, None, None);
    for element in weighted(headers, &hyper::header::ACCEPT_ENCODING) {
        match element.value {
            value if value.eq_ignore_ascii_case("br") => brotli = Some(element.weight),
            value if value.eq_ignore_ascii_case("gzip") || value.eq_ignore_ascii_case("x-gzip") => {
                gzip = Some(element.weight);
            }
            "*" => any = Some(element.weight),
            _ => {}
        }
    }
    let brotli = brotli.or(any).unwrap_or(0);
    let gzip = gzip.or(any).unwrap_or(0);
    match (brotli, gzip) {
        (0, 0) => None,
        _ if brotli >= gzip => Some(Coding::Brotli),
        _ => Some(Coding::Gzip),
    }
}

/// The media type of a `Content-Type` or `Accept` element: without parameters, in lower case.
pub fn essence(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERS: &[&str] = &["application/json", "application/yaml", "text/yaml"];

    fn choose(accept: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        media_type(&headers, OFFERS).map(|index| OFFERS[index])
    }

    fn choose_coding(accept: &str) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        headers.insert(hyper::header::ACCEPT_ENCODING, accept.parse().unwrap());
        coding(&headers)
    }

    #[test]
    fn rfc9110_12_5_1_weights_and_exactness_choose_the_media_type() {
        assert_eq!(media_type(&HeaderMap::new(), OFFERS), Some(0));
        for (accept, expected) in [
            ("*/*", Some("application/json")),
            ("application/yaml", Some("application/yaml")),
            ("text/*", Some("text/yaml")),
            ("application/yaml, */*", Some("application/yaml")),
            ("application/json;q=0.5, application/yaml;q=0.9", Some("application/yaml")),
            ("application/yaml, application/json", Some("application/yaml")),
            ("text/html, */*;q=0.1", Some("application/json")),
            ("application/json;q=0, */*;q=0.1", Some("application/yaml")),
            ("*/*;q=0.5, application/json;q=0.4", Some("application/yaml")),
            ("APPLICATION/JSON; charset=utf-8; q=1.0", Some("application/json")),
            ("text/html", None),
            ("application/json;q=0", None),
            ("", Some("application/json")),
        ] {
            assert_eq!(choose(accept), expected, "{accept}");
        }
    }

    #[test]
    fn rfc9110_12_5_3_content_codings() {
        for (accept, expected) in [
            ("gzip", Some(Coding::Gzip)),
            ("gzip, br", Some(Coding::Brotli)),
            ("br;q=0.5, gzip", Some(Coding::Gzip)),
            ("deflate", None),
            ("gzip;q=0", None),
            ("*", Some(Coding::Brotli)),
            ("br;q=0, *;q=0.1", Some(Coding::Gzip)),
            ("identity", None),
        ] {
            assert_eq!(choose_coding(accept), expected, "{accept}");
        }
    }

    #[test]
    fn rfc9110_12_4_2_quality_values() {
        assert_eq!(thousandths("0.125"), Some(125));
        assert_eq!(thousandths("1.000"), Some(1_000));
        for wrong in ["1.5", "0.1234", "-1", "", "x"] {
            assert_eq!(thousandths(wrong), None, "{wrong}");
        }
    }
}
