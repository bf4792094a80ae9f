//! What a request shows to say who sent it, whatever dialect it is in: `Authorization: Bearer` (RFC 6750), `Basic` (RFC 7617),
//! or the certificate of its connection. What a header says counts before the certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, ORIGIN};
use zeroize::Zeroizing;

use super::http::Request;
use crate::access::authenticate::Credentials;
use crate::base::secret::Secret;

/// What a 401 asks for (RFC 9110 section 11.6.1).
pub const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"strongbox\", Basic realm=\"strongbox\", charset=\"UTF-8\"");

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What is said of credentials that a browser adds to what another site makes it send.
const OTHER_SITE: &str = "a password or a certificate is not accepted with a request that another site makes a browser send; send a token";

/// What a request shows.
pub fn of(request: &Request) -> Credentials<'_> {
    let mut lines = request.headers.get_all(AUTHORIZATION).iter();
    let shown = match (lines.next(), lines.next()) {
        (None, _) if request.client.certificate().is_some() => Credentials::Certificate,
        (None, _) => Credentials::Missing,
        (Some(line), None) => read(line),
        (Some(_), Some(_)) => Credentials::Unusable("there is more than one Authorization header"),
    };
    match shown {
        // A browser remembers these and adds them by itself, whoever wrote the page.
        Credentials::Password { .. } | Credentials::Certificate if is_of_other_site(request) => {
            Credentials::Unusable(OTHER_SITE)
        }
        shown => shown,
    }
}

fn read(line: &HeaderValue) -> Credentials<'_> {
    let Some((scheme, rest)) = line.to_str().ok().and_then(|line| line.split_once(' ')) else {
        return Credentials::Unusable(
            "'Authorization' is to be 'Bearer TOKEN', or 'Basic' and base64 of USER:PASSWORD",
        );
    };
    let rest = rest.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return if rest.is_empty() { Credentials::Missing } else { Credentials::Token(rest) };
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let wrong = "'Authorization: Basic' is to be followed by base64 of USER:PASSWORD in UTF-8";
        return basic(rest).unwrap_or(Credentials::Unusable(wrong));
    }
    Credentials::Unusable("'Authorization' is to begin with 'Bearer' or 'Basic'")
}

/// RFC 7617 section 2: everything up to the first colon is the name.
fn basic(encoded: &str) -> Option<Credentials<'static>> {
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Credentials::Password { name: name.to_owned(), password: Secret::new(password) })
}

/// Whether a browser says that a page of another origin made it send the request.
fn is_of_other_site(request: &Request) -> bool {
    if let Some(site) = request.header(&SEC_FETCH_SITE) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = request.headers.get(ORIGIN) else { return false };
    let own = request.uri.authority().map(|authority| authority.as_str()).or_else(|| request.header(&HOST));
    origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority) != own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[(HeaderName, &str)]) -> String {
        let mut request = Request::for_tests("GET", "/v1/config");
        request.headers.insert(HOST, HeaderValue::from_static("box.example:8200"));
        for (name, value) in lines {
            request.headers.append(name, value.parse().unwrap());
        }
        match of(&request) {
            Credentials::Password { name, password } => {
                format!("{name} {}", password.expose_text().unwrap())
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn rfc6750_2_1_and_rfc7617_2_credentials() {
        assert_eq!(shown(&[]), "Missing");
        assert_eq!(shown(&[(AUTHORIZATION, "Bearer sb.x")]), "Token(\"sb.x\")");
        assert_eq!(shown(&[(AUTHORIZATION, "bEARER  sb.x ")]), "Token(\"sb.x\")");
        assert_eq!(shown(&[(AUTHORIZATION, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]), "Aladdin open sesame");
        assert_eq!(shown(&[(AUTHORIZATION, "basic dGVzdDoxMjPCow==")]), "test 123\u{a3}");
        assert_eq!(shown(&[(AUTHORIZATION, "Basic YTpiOmM=")]), "a b:c");
    }

    #[test]
    fn what_cannot_be_read_is_no_credentials_at_all() {
        for line in ["Basic", "Basic %", "Basic YWI=", "Basic /zo6", "Digest username=x", "sb.x"] {
            assert!(shown(&[(AUTHORIZATION, line)]).starts_with("Unusable"), "{line}");
        }
        let two = shown(&[(AUTHORIZATION, "Bearer sb.x"), (AUTHORIZATION, "Bearer sb.y")]);
        assert!(two.contains("more than one"), "{two}");
    }

    #[test]
    fn a_password_that_a_browser_adds_for_another_site_is_not_accepted() {
        let basic = (AUTHORIZATION, "Basic YTpi");
        let with = |name: HeaderName, value| shown(&[basic.clone(), (name, value)]);
        for site in ["cross-site", "same-site"] {
            assert!(with(SEC_FETCH_SITE, site).starts_with("Unusable"), "{site}");
        }
        for origin in ["https://evil.example", "null", "https://box.example"] {
            assert!(with(ORIGIN, origin).starts_with("Unusable"), "{origin}");
        }
        assert_eq!(with(SEC_FETCH_SITE, "same-origin"), "a b");
        assert_eq!(with(ORIGIN, "https://box.example:8200"), "a b");
        let token = shown(&[(AUTHORIZATION, "Bearer sb.x"), (SEC_FETCH_SITE, "cross-site")]);
        assert_eq!(token, "Token(\"sb.x\")", "no browser adds a token by itself");
    }
}
