//! What the engine and services report, as failures of a request.

use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use super::Failure;
use crate::access::gate;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::{ActionError, CommitError, StateError};
use crate::store::AppendError;

/// Error-app-tags of what is wrong with the server rather than with the request.
mod app_tag {
    pub const UNAVAILABLE: &str = "engine-unavailable";
    pub const UNKNOWN: &str = "outcome-unknown";
    pub const UNREACHABLE: &str = "site-unreachable";
}

impl Failure {
    /// 503: it may work later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let violation = Violation::new(ErrorTag::ResourceDenied, InstancePath::root(), message);
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, violation.app_tag(app_tag::UNAVAILABLE))
            .header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 503: the request is for a site that is known and cannot be reached.
    pub fn site_unreachable(site: &str) -> Self {
        let message = format!("site '{site}' cannot be reached from here");
        let violation = Violation::new(ErrorTag::ResourceDenied, InstancePath::root(), message);
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, violation.app_tag(app_tag::UNREACHABLE))
    }

    /// 401 with the challenge that RFC 9110 section 15.5.2 demands.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        let violation = Violation::new(ErrorTag::AccessDenied, InstancePath::root(), message);
        Failure::new(StatusCode::UNAUTHORIZED, violation)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"strongbox\""))
    }

    /// 500: our fault. The client learns that it happened; the log has the reason.
    pub fn internal(reason: &str) -> Self {
        tracing::error!(reason, "a request failed inside the server");
        Failure::from(crate::surface::http::Refusal::internal())
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Invalid(violations) => Failure::from(violations),
            CommitError::Precondition(violation) => Failure::new(StatusCode::PRECONDITION_FAILED, violation),
            CommitError::NoTenant(_) => {
                Failure::not_found(&InstancePath::root(), "the tenant does not exist any more")
            }
            CommitError::Store(error) => Failure::from(&*error),
            CommitError::TooBusy | CommitError::Stopped => Failure::unavailable(error.to_string()),
        }
    }
}

impl From<&AppendError> for Failure {
    fn from(error: &AppendError) -> Self {
        let message = error.to_string();
        let violation = |tag, message| Violation::new(tag, InstancePath::root(), message);
        match error {
            AppendError::Unknown { id, .. } => {
                let violation = violation(
                    ErrorTag::OperationFailed,
                    format!("{message}; repeating the request with the same X-Request-Id is safe"),
                );
                let violation = violation.app_tag(app_tag::UNKNOWN).info("transaction", id.to_string());
                Failure::new(StatusCode::SERVICE_UNAVAILABLE, violation)
            }
            AppendError::Conflict { .. } | AppendError::Unavailable(_) => Failure::unavailable(message),
            AppendError::Full(_) => {
                Failure::new(StatusCode::INSUFFICIENT_STORAGE, violation(ErrorTag::ResourceDenied, message))
            }
            AppendError::TooBig { .. } => {
                Failure::new(StatusCode::PAYLOAD_TOO_LARGE, violation(ErrorTag::TooBig, message))
            }
        }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Failure::internal(&error.to_string())
    }
}

impl From<gate::Refusal> for Failure {
    fn from(refusal: gate::Refusal) -> Self {
        match refusal {
            gate::Refusal::Unauthenticated(error) => Failure::unauthorized(error.to_string()),
            gate::Refusal::Forbidden { ref path, .. } => {
                let violation = Violation::new(ErrorTag::AccessDenied, path.clone(), refusal.to_string());
                Failure::new(StatusCode::FORBIDDEN, violation)
            }
            gate::Refusal::NotFound { path } => Failure::not_found(&path, "there is no such resource"),
            gate::Refusal::Invalid(violations) => Failure::from(violations),
            gate::Refusal::Precondition(violation) => {
                Failure::new(StatusCode::PRECONDITION_FAILED, violation)
            }
            gate::Refusal::Commit(error) => Failure::from(error),
            gate::Refusal::Action(error) => Failure::from(error),
            gate::Refusal::State(error) => Failure::from(error),
            gate::Refusal::Audit(error) => Failure::unaudited(&error.to_string()),
        }
    }
}

impl Failure {
    /// 500: what cannot be written down is not done.
    pub fn unaudited(message: &str) -> Self {
        let violation = Violation::new(ErrorTag::OperationFailed, InstancePath::root(), message);
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, violation)
    }
}

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Self {
        let root = InstancePath::root;
        match error {
            ActionError::Invalid(violations) => Failure::from(violations),
            ActionError::Unauthenticated { message, .. } => Failure::unauthorized(message.to_owned()),
            ActionError::Denied(message) => {
                let violation = Violation::new(ErrorTag::AccessDenied, root(), message);
                Failure::new(StatusCode::FORBIDDEN, violation)
            }
            ActionError::TooMany { message, seconds, .. } => {
                let violation = Violation::new(ErrorTag::ResourceDenied, root(), message);
                Failure::new(StatusCode::TOO_MANY_REQUESTS, violation)
                    .header(RETRY_AFTER, HeaderValue::from(seconds))
            }
            ActionError::NotFound => Failure::not_found(&root(), "there is no such resource"),
            ActionError::Missing(violation) => Failure::new(StatusCode::NOT_FOUND, *violation),
            ActionError::Unsupported(violation) => Failure::new(StatusCode::NOT_IMPLEMENTED, *violation),
            ActionError::NotImplemented => Failure::new(
                StatusCode::NOT_IMPLEMENTED,
                Violation::new(ErrorTag::OperationNotSupported, root(), error.to_string()),
            ),
            ActionError::Unavailable(message) => Failure::unavailable(message),
            ActionError::Internal(reason) => Failure::internal(&reason),
            ActionError::Commit(error) => Failure::from(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Attempted;

    #[test]
    fn what_is_the_servers_fault_says_nothing_of_its_reason() {
        let failure = Failure::from(ActionError::Internal("key 7 of /x".to_owned()));
        assert_eq!(failure.status, Some(StatusCode::INTERNAL_SERVER_ERROR));
        assert!(!failure.summary().contains("key 7"), "{}", failure.summary());
    }

    #[test]
    fn refused_credentials_are_401_and_refused_callers_403() {
        let attempted = || {
            let (user, reason) = ("alice".to_owned(), "wrong password".to_owned());
            Box::new(Attempted { tenant: "acme".into(), user, reason })
        };
        let refused = ActionError::Unauthenticated { message: "no", attempted: attempted() };
        let stranger = Failure::from(refused);
        assert_eq!(stranger.summary(), "no", "nothing of the reason");
        assert_eq!(stranger.status, Some(StatusCode::UNAUTHORIZED));
        assert_eq!(stranger.headers[0].0, WWW_AUTHENTICATE);
        assert_eq!(Failure::from(ActionError::Denied("no".to_owned())).status, Some(StatusCode::FORBIDDEN));
        let message = "wait".to_owned();
        let eager = Failure::from(ActionError::TooMany { message, seconds: 7, attempted: attempted() });
        assert_eq!(eager.status, Some(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(eager.headers[0].1, "7");
    }

    #[test]
    fn the_stores_troubles_have_statuses_of_their_own() {
        let status = |error: AppendError| Failure::from(&error).status.unwrap().as_u16();
        assert_eq!(status(AppendError::Full("disk".to_owned())), 507);
        assert_eq!(status(AppendError::TooBig { size: 2, limit: 1 }), 413);
        assert_eq!(status(AppendError::Unavailable("x".to_owned())), 503);
        assert_eq!(Failure::from(CommitError::TooBusy).status, Some(StatusCode::SERVICE_UNAVAILABLE));
    }
}
