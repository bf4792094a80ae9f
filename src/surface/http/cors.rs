//! Cross-origin requests (the Fetch standard's CORS protocol). Off unless origins are configured.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, StatusCode};

use super::reply::Reply;

/// Which origins may read our answers from a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    origins: Vec<String>,
}

impl Cors {
    /// Allows these origins (`https://console.example.com`); `*` allows every one. Tokens travel in `Authorization`, never
    /// in cookies, so credentials mode is not offered.
    pub fn new(origins: Vec<String>) -> Self {
        Cors { origins }
    }

    /// The value of `Access-Control-Allow-Origin` for a request, if its origin is allowed.
    pub fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        if self.origins.iter().any(|known| known == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }

    /// The answer to a preflight request of an allowed origin; `None` for every other request.
    pub fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Reply> {
        if *method != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        self.allowed(headers)?;
        Some(
            Reply::empty(StatusCode::NO_CONTENT)
                .header(
                    ACCESS_CONTROL_ALLOW_METHODS,
                    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
                )
                .header(
                    ACCESS_CONTROL_ALLOW_HEADERS,
                    HeaderValue::from_static(
                        "Accept, Authorization, Content-Type, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, X-Request-Id",
                    ),
                )
                .header(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
        )
    }

    /// Adds what a browser must see on an answer to an allowed origin.
    pub fn dress(&self, allowed: Option<HeaderValue>, headers: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("Allow, ETag, Last-Modified, Location, X-Request-Id"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().unwrap());
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT"));
        headers
    }

    #[test]
    fn nothing_is_said_when_no_origin_is_configured() {
        let cors = Cors::default();
        let mut answer = HeaderMap::new();
        cors.dress(cors.allowed(&headers("https://a.example")), &mut answer);
        assert!(answer.is_empty());
        assert!(cors.preflight(&Method::OPTIONS, &headers("https://a.example")).is_none());
    }

    #[test]
    fn only_configured_origins_are_let_in() {
        let cors = Cors::new(vec!["https://a.example".to_owned()]);
        assert_eq!(cors.allowed(&headers("https://a.example")).unwrap(), "https://a.example");
        assert_eq!(cors.allowed(&headers("https://a.example.evil")), None);
        assert!(cors.preflight(&Method::OPTIONS, &headers("https://a.example")).is_some());
        assert!(cors.preflight(&Method::GET, &headers("https://a.example")).is_none());
        assert_eq!(Cors::new(vec!["*".to_owned()]).allowed(&headers("https://b.example")).unwrap(), "*");
    }
}
