//! What went wrong, in the form of this dialect: a status and texts, `{"errors":[…]}`.

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

use crate::access::gate;
use crate::base::error::ErrorTag;
use crate::surface::failure::Failure;
use crate::surface::http::Refusal;

/// What a sealed daemon says.
pub const SEALED: &str = "Vault is sealed";
/// What is said to whoever may not.
pub const DENIED: &str = "permission denied";

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The status.
    pub status: StatusCode,
    /// The texts for the client; there may be none.
    pub errors: Vec<String>,
    /// Header lines that belong to the status.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// For the audit log, where that is to know more than the client.
    pub reason: Option<String>,
    /// Whether it is that credentials were refused.
    pub is_unauthenticated: bool,
}

impl Fault {
    /// A fault with one text.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Fault { errors: vec![error.into()], ..Fault::silent(status) }
    }

    /// A fault without a text.
    pub fn silent(status: StatusCode) -> Self {
        Fault { status, errors: Vec::new(), headers: Vec::new(), reason: None, is_unauthenticated: false }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(error: impl Into<String>) -> Self {
        Fault::new(StatusCode::BAD_REQUEST, error)
    }

    /// 403, whatever the reason is.
    pub fn denied() -> Self {
        Fault::new(StatusCode::FORBIDDEN, DENIED)
    }

    /// 403 in the form that a policy's refusal has.
    pub fn denied_by_policy() -> Self {
        Fault::wrapped(StatusCode::FORBIDDEN, DENIED)
    }

    /// 404 for an object that is not there, or an empty list.
    pub fn not_found() -> Self {
        Fault::silent(StatusCode::NOT_FOUND)
    }

    /// 404: the mount has no such path.
    pub fn unsupported_path() -> Self {
        Fault::wrapped(StatusCode::NOT_FOUND, "unsupported path")
    }

    /// 405: the path has no such verb.
    pub fn unsupported_operation() -> Self {
        Fault::wrapped(StatusCode::METHOD_NOT_ALLOWED, "unsupported operation")
    }

    /// A text as a list of errors with one member prints it.
    fn wrapped(status: StatusCode, error: &str) -> Self {
        Fault::new(status, format!("1 error occurred:\n\t* {error}\n\n"))
    }

    /// A refused log in: 400 with the one text for whatever was wrong with the credentials, where the model says 401.
    #[must_use]
    pub fn of_login(self, text: &str) -> Self {
        if self.is_unauthenticated { Fault { reason: self.reason, ..Fault::bad_request(text) } } else { self }
    }

    /// What the audit log is to know.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// What the audit log gets to know.
    pub fn summary(&self) -> &str {
        self.reason.as_deref().or(self.errors.first().map(String::as_str)).unwrap_or_default()
    }
}

/// What the model says is wrong, in its own sentences. Who may not is told nothing but that.
impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let status = failure.status_by(|violation| match violation.tag {
            ErrorTag::AccessDenied => StatusCode::FORBIDDEN,
            ErrorTag::TooBig => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorTag::DataMissing if violation.app_tag.is_none() => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        });
        let reason = Some(failure.summary().to_owned());
        match status {
            StatusCode::UNAUTHORIZED => Fault { reason, is_unauthenticated: true, ..Fault::denied() },
            StatusCode::FORBIDDEN => Fault { reason, ..Fault::denied_by_policy() },
            StatusCode::NOT_FOUND => Fault { reason, ..Fault::not_found() },
            _ => {
                let errors =
                    failure.violations.iter().map(|violation| violation.told().into_owned()).collect();
                Fault { errors, headers: failure.headers, ..Fault::silent(status) }
            }
        }
    }
}

impl From<gate::Refusal> for Fault {
    fn from(refusal: gate::Refusal) -> Self {
        Fault::from(Failure::from(refusal))
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let mut fault = Fault::new(refusal.status, refusal.message);
        fault.headers = refusal.headers;
        fault
    }
}
