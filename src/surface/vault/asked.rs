//! What a request asks for, before anybody looks at who asks: the logical operation, the path, the parameters.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use serde_json::{Map, Value};

use super::coerce::{parse_duration, parse_flag};
use super::fault::Fault;
use crate::surface::http::Request;
use crate::surface::http::request::decode_percent;

/// The header with the token of clients of this dialect.
pub const X_VAULT_TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const X_VAULT_REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
const X_VAULT_NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
const X_VAULT_WRAP_TTL: HeaderName = HeaderName::from_static("x-vault-wrap-ttl");

/// A logical operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET.
    Read,
    /// LIST, or GET with `?list=true`.
    List,
    /// POST and PUT.
    Write,
    /// DELETE.
    Delete,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The operation.
    pub verb: Verb,
    /// The path below `/v1/`, decoded, without a slash at its end.
    pub path: String,
    /// Whether there was one.
    pub trailing_slash: bool,
    /// Whether help is wanted instead.
    pub help: bool,
    /// Parameters of the query.
    pub query: Vec<(String, String)>,
    /// How long the answer is to be kept for one look at it, in seconds.
    pub wrap_ttl: Option<i64>,
}

impl Asked {
    /// Reads the line and the headers of a request.
    ///
    /// # Errors
    /// 400 for what cannot be read, 405 for methods that nothing here has, 415 for a patch that is none.
    pub fn of(request: &Request) -> Result<Self, Fault> {
        let below = request.path().strip_prefix("/v1").unwrap_or_default();
        let below = decode_percent(below.strip_prefix('/').unwrap_or(below))?;
        let trailing_slash = below.ends_with('/');
        let query = match request.uri.query() {
            Some(text) => parse_pairs(text)?,
            None => Vec::new(),
        };
        let flag = |name: &str| -> Result<bool, Fault> {
            match query.iter().find(|(found, _)| found == name) {
                Some((_, text)) => parse_flag(text).ok_or_else(|| Fault::silent(StatusCode::BAD_REQUEST)),
                None => Ok(false),
            }
        };
        let verb = match request.method.as_str() {
            "GET" | "HEAD" if flag("list")? => Verb::List,
            "GET" | "HEAD" => Verb::Read,
            "LIST" => Verb::List,
            "POST" | "PUT" => Verb::Write,
            "DELETE" => Verb::Delete,
            "PATCH" if !is_merge_patch(&request.headers) => {
                return Err(Fault::silent(StatusCode::UNSUPPORTED_MEDIA_TYPE));
            }
            "PATCH" => return Err(Fault::unsupported_operation()),
            _ => return Err(Fault::silent(StatusCode::METHOD_NOT_ALLOWED)),
        };
        let help = verb == Verb::Read && query.iter().any(|(name, _)| name == "help");
        let wrap_ttl = match request.header(&X_VAULT_WRAP_TTL) {
            Some(text) if !text.is_empty() => {
                let seconds = parse_duration(text).map_err(Fault::bad_request)?;
                if seconds < 0 {
                    return Err(Fault::bad_request("requested wrap ttl cannot be negative"));
                }
                (seconds > 0).then_some(seconds)
            }
            _ => None,
        };
        let path = below.strip_suffix('/').unwrap_or(&below).to_owned();
        Ok(Asked { verb, path, trailing_slash, help, query, wrap_ttl })
    }

    /// The parameters of a request: of its body, and for what is only read of its query. A body that comes with a read
    /// counts for what the query does not say: one client sends its arguments like that.
    ///
    /// # Errors
    /// 400 for a body that is no object.
    pub fn parameters(&self, headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Fault> {
        let is_write = matches!(self.verb, Verb::Write | Verb::Delete);
        let mut sent = match parse_body(headers, body) {
            Ok(sent) => sent,
            Err(fault) if is_write => return Err(fault),
            Err(_) => Map::new(),
        };
        if !is_write {
            for (name, value) in &self.query {
                sent.insert(name.clone(), Value::from(value.as_str()));
            }
        }
        Ok(sent)
    }
}

/// The token that a request carries. The scheme of `Authorization` is told by its letters, upper and lower case included.
pub fn token(request: &Request) -> Option<&str> {
    let own = request.header(&X_VAULT_TOKEN).map(str::trim).filter(|text| !text.is_empty());
    own.or_else(|| {
        let value = request.header(&hyper::header::AUTHORIZATION)?;
        value.strip_prefix("Bearer ").map(str::trim).filter(|text| !text.is_empty())
    })
}

/// Whether a client says by its headers that it speaks this dialect.
pub fn is_spoken(request: &Request) -> bool {
    [X_VAULT_TOKEN, X_VAULT_REQUEST, X_VAULT_NAMESPACE].iter().any(|name| request.headers.contains_key(name))
        || request.method.as_str() == "LIST"
}

/// The tenant that a request names as its namespace; `None` for none, and for the root.
pub fn namespace(request: &Request) -> Option<&str> {
    let name = request.header(&X_VAULT_NAMESPACE)?.trim_matches('/');
    (!name.is_empty() && name != "root").then_some(name)
}

fn is_merge_patch(headers: &HeaderMap) -> bool {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    sent.split(';').next().unwrap_or_default().trim() == "application/merge-patch+json"
}

fn parse_body(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if sent.starts_with("application/x-www-form-urlencoded")
        && let Ok(text) = std::str::from_utf8(body)
        && !text.trim_start().starts_with('{')
    {
        let pairs = parse_pairs(text)?;
        return Ok(pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect());
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let why = format!("the body is not UTF-8: byte {} is invalid", error.valid_up_to());
        Fault::bad_request(format!("failed to parse JSON input: {why}"))
    })?;
    match serde_json::from_str(text) {
        Ok(Value::Null) => Ok(Map::new()),
        Ok(Value::Object(members)) => Ok(members),
        Ok(other) => {
            let kind = match other {
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                _ => "number",
            };
            let why =
                format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}");
            Err(Fault::bad_request(format!("failed to parse JSON input: {why}")))
        }
        Err(error) => {
            Err(Fault::bad_request(format!("failed to parse JSON input: {}", go_syntax(body, &error))))
        }
    }
}

/// A fault of syntax in the words of Go's decoder.
fn go_syntax(body: &[u8], error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected EOF".to_owned();
    }
    let line = body.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let found = line.get(error.column().saturating_sub(1)).copied().map_or('?', char::from);
    let said = error.to_string();
    if said.starts_with("recursion limit exceeded") {
        return "exceeded max depth".to_owned();
    }
    let place = if said.starts_with("key must be a string") {
        "looking for beginning of object key string"
    } else if said.starts_with("trailing characters") {
        "after top-level value"
    } else if said.starts_with("expected `,` or") {
        "after object key:value pair"
    } else if said.starts_with("expected `:`") {
        "after object key"
    } else {
        "looking for beginning of value"
    };
    format!("invalid character '{}' {place}", found.escape_default())
}

/// `name=value&…`, decoded.
fn parse_pairs(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let decode =
        |part: &str| -> Result<String, Fault> { Ok(decode_percent(&part.replace('+', " "))?.into_owned()) };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn body(text: &str) -> Result<Map<String, Value>, String> {
        parse_body(&HeaderMap::new(), text.as_bytes()).map_err(|fault| fault.errors.concat())
    }

    #[test]
    fn nothing_and_null_are_empty_bodies() {
        for text in ["", " \n", "null", "{}"] {
            assert_eq!(body(text), Ok(Map::new()), "{text:?}");
        }
    }

    #[test]
    fn broken_json_is_refused_in_the_words_of_go() {
        for (text, why) in [
            ("{bad", "invalid character 'b' looking for beginning of object key string"),
            ("{\"a\":}", "invalid character '}' looking for beginning of value"),
            ("{\"a\":1 \"b\"", "invalid character '\\\"' after object key:value pair"),
            ("{\"a\":", "unexpected EOF"),
            ("[1]", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
            ("5", "json: cannot unmarshal number into Go value of type map[string]interface {}"),
            (&"{\"a\":".repeat(200), "exceeded max depth"),
        ] {
            assert_eq!(body(text), Err(format!("failed to parse JSON input: {why}")), "{text}");
        }
    }

    #[test]
    fn what_is_not_text_is_told_as_such() {
        let told = parse_body(&HeaderMap::new(), b"{\"a\":\"\xff\"}").unwrap_err().errors.concat();
        assert_eq!(told, "failed to parse JSON input: the body is not UTF-8: byte 6 is invalid");
    }

    #[test]
    fn forms_are_taken_as_texts() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let sent = parse_body(&headers, b"role=dev&jwt=a%2Bb+c").unwrap();
        assert_eq!(sent["role"], "dev");
        assert_eq!(sent["jwt"], "a+b c");
    }
}
