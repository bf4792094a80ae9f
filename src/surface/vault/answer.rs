//! A successful answer: what a handler has to say, and the envelope that it goes out in.
//!
//! Every key of the envelope is always there: some clients cannot read it otherwise.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::fault::Fault;
use crate::surface::http::Reply;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Most answers are shorter, in bytes.
const ORDINARY_ANSWER: usize = 1_024;

/// What a handler answers.
#[derive(Debug, Default)]
pub struct Answer {
    /// The form of it.
    pub body: Body,
    /// What the client should know besides.
    pub warnings: Vec<String>,
}

/// The forms of an answer.
#[derive(Debug, Default)]
pub enum Body {
    /// 204.
    #[default]
    Nothing,
    /// Data in the envelope.
    Data(Map<String, Value>),
    /// Data in the envelope, whose members stand beside it as well: older clients look there.
    DataTwice(Map<String, Value>),
    /// A token in the envelope.
    Auth(Box<Auth>),
    /// A token for one look at an answer.
    Wrapped(WrapInfo),
    /// JSON without an envelope.
    Raw(StatusCode, Value),
    /// The envelope of another answer, as it was kept.
    Kept(Value),
    /// Something else altogether.
    Other(Reply),
}

/// A token that a client got.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Auth {
    /// Its text; empty where it was only prolonged by its accessor.
    pub client_token: String,
    /// Its public name.
    pub accessor: String,
    /// All its policies, in order.
    pub policies: Vec<String>,
    /// Those that it carries itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_policies: Vec<String>,
    /// Those that it has by its entity.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity_policies: Vec<String>,
    /// Facts about who holds it.
    pub metadata: Option<Map<String, Value>>,
    /// Seconds that it lives.
    pub lease_duration: u64,
    /// It can be prolonged.
    pub renewable: bool,
    /// Whose it is.
    pub entity_id: String,
    /// `service` or `batch`.
    pub token_type: &'static str,
    /// It does not end with another one.
    pub orphan: bool,
    /// Always null.
    pub mfa_requirement: Option<()>,
    /// Requests that it is good for; 0 is without a limit.
    pub num_uses: u32,
}

/// A token for one look at an answer.
#[derive(Clone, Debug, Serialize)]
pub struct WrapInfo {
    /// Its text.
    pub token: String,
    /// Its public name.
    pub accessor: String,
    /// Seconds that it lives.
    pub ttl: u64,
    /// When it was made, RFC 3339.
    pub creation_time: String,
    /// Which request's answer it is.
    pub creation_path: String,
    /// The accessor of the token in the answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub wrapped_accessor: String,
}

/// The envelope.
struct Envelope<'a> {
    request_id: &'a str,
    answer: &'a Answer,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Answer { body, warnings } = self.answer;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("request_id", self.request_id)?;
        map.serialize_entry("lease_id", "")?;
        map.serialize_entry("renewable", &false)?;
        map.serialize_entry("lease_duration", &0)?;
        let data = match body {
            Body::Data(data) | Body::DataTwice(data) => Some(data),
            _ => None,
        };
        map.serialize_entry("data", &data)?;
        let wrap_info = if let Body::Wrapped(info) = body { Some(info) } else { None };
        map.serialize_entry("wrap_info", &wrap_info)?;
        map.serialize_entry("warnings", &(!warnings.is_empty()).then_some(warnings))?;
        map.serialize_entry("auth", &if let Body::Auth(auth) = body { Some(auth) } else { None })?;
        if let Body::DataTwice(data) = body {
            for (name, value) in data.iter().filter(|(name, _)| !is_of_envelope(name)) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

fn is_of_envelope(name: &str) -> bool {
    matches!(name, "request_id" | "lease_id" | "renewable" | "lease_duration" | "data" | "wrap_info")
        || matches!(name, "warnings" | "auth")
}

impl Answer {
    /// 204.
    pub fn nothing() -> Self {
        Answer::default()
    }

    /// 200 with data.
    pub fn data(data: Map<String, Value>) -> Self {
        Answer { body: Body::Data(data), warnings: Vec::new() }
    }

    /// 200 with the keys of a list; 404 when there are none.
    ///
    /// # Errors
    /// 404.
    pub fn keys(mut keys: Vec<String>) -> Result<Self, Fault> {
        if keys.is_empty() {
            return Err(Fault::not_found());
        }
        keys.sort_unstable();
        Ok(Answer::data(Map::from_iter([("keys".to_owned(), Value::from(keys))])))
    }

    /// JSON without an envelope.
    pub fn raw(value: Value) -> Self {
        Answer { body: Body::Raw(StatusCode::OK, value), warnings: Vec::new() }
    }

    /// A token.
    pub fn auth(auth: Auth) -> Self {
        Answer { body: Body::Auth(Box::new(auth)), warnings: Vec::new() }
    }

    /// Adds something that the client should know.
    #[must_use]
    pub fn warn(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// The envelope as a value, for keeping: without the id of a request.
    pub fn kept(&self) -> Value {
        match &self.body {
            Body::Kept(value) | Body::Raw(_, value) => value.clone(),
            _ => serde_json::to_value(Envelope { request_id: "", answer: self }).unwrap_or_default(),
        }
    }

    /// The answer to a request.
    pub fn reply(self, request_id: &str) -> Reply {
        let reply = match self.body {
            Body::Nothing if self.warnings.is_empty() => {
                Reply::empty(StatusCode::NO_CONTENT).header(CONTENT_TYPE, JSON)
            }
            Body::Raw(status, ref value) => json(status, value),
            Body::Other(reply) => return reply,
            Body::Kept(mut value) => {
                if let Some(map) = value.as_object_mut() {
                    map.insert("request_id".to_owned(), Value::from(uuid_of(request_id)));
                }
                json(StatusCode::OK, &value)
            }
            _ => json(StatusCode::OK, &Envelope { request_id: &uuid_of(request_id), answer: &self }),
        };
        // What is answered is made for this caller and this moment, and may hold a secret.
        reply.header(CACHE_CONTROL, NO_STORE).uncompressed()
    }
}

impl Fault {
    /// The answer to a request.
    pub fn reply(&self) -> Reply {
        let mut reply = json(self.status, &serde_json::json!({ "errors": self.errors }));
        for (name, value) in &self.headers {
            reply.headers.insert(name, value.clone());
        }
        reply.header(CACHE_CONTROL, NO_STORE)
    }
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Reply {
    let mut body = Vec::with_capacity(ORDINARY_ANSWER);
    if crate::base::json::append(value, &mut body).is_err() {
        body.clear();
    }
    body.push(b'\n');
    Reply::with_body(status, JSON, body)
}

/// The id of a request in the form that clients expect: that of the log where it can have that form.
fn uuid_of(request_id: &str) -> String {
    Uuid::try_parse(request_id).unwrap_or_else(|_| Uuid::new_v4()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_key_of_the_envelope_is_always_there() {
        let data = Map::from_iter([("a".to_owned(), json!(1))]);
        assert_eq!(
            Answer::data(data.clone()).kept().to_string(),
            r#"{"request_id":"","lease_id":"","renewable":false,"lease_duration":0,"data":{"a":1},"wrap_info":null,"warnings":null,"auth":null}"#
        );
        let twice = Answer { body: Body::DataTwice(data), warnings: vec!["w".to_owned()] };
        assert_eq!(twice.kept().pointer("/a"), Some(&json!(1)));
        assert_eq!(twice.kept().pointer("/warnings/0"), Some(&json!("w")));
    }

    #[test]
    fn a_token_stands_beside_data_that_is_null() {
        let auth = Auth { client_token: "t".to_owned(), token_type: "service", ..Auth::default() };
        let kept = Answer::auth(auth).kept();
        assert_eq!(kept.pointer("/auth/client_token"), Some(&json!("t")));
        assert_eq!(kept.pointer("/data"), Some(&Value::Null));
        assert_eq!(kept.pointer("/auth/mfa_requirement"), Some(&Value::Null));
        assert_eq!(kept.pointer("/auth/token_policies"), None);
    }

    #[test]
    fn an_empty_list_is_not_found() {
        assert_eq!(Answer::keys(Vec::new()).unwrap_err().status, 404);
        let keys = Answer::keys(vec!["b".to_owned(), "a".to_owned()]).unwrap().kept();
        assert_eq!(keys.pointer("/data/keys"), Some(&json!(["a", "b"])));
    }

    #[test]
    fn request_ids_have_the_form_of_a_uuid() {
        assert_eq!(uuid_of("0123456789abcdef0123456789abcdef"), "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(uuid_of("build-7").len(), 36);
    }
}
