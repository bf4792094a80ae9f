//! Everything that can go wrong with a request, in the words of the model: the faults, and a status where something else
//! than the faults decides it. Which error-tag is which status, and what an error body looks like, is each dialect's own.

mod causes;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

use super::http::{Refusal, Reply};
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;

/// How many violations an answer lists: a stranger could otherwise have megabytes made of a few bytes each.
const LISTED: usize = 100;

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status; `None` leaves it to what the dialect makes of the error-tags.
    pub status: Option<StatusCode>,
    /// Every violation; at least one.
    pub violations: Vec<Violation>,
    /// Header lines that belong to the status.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Failure {
    /// A failure with one violation and a status that is not the tag's usual one.
    pub fn new(status: StatusCode, violation: Violation) -> Self {
        Failure { status: Some(status), violations: vec![violation], headers: Vec::new() }
    }

    /// 404 for a resource that is not there.
    pub fn not_found(path: &InstancePath, message: impl Into<String>) -> Self {
        Failure::new(StatusCode::NOT_FOUND, Violation::new(ErrorTag::DataMissing, path.clone(), message))
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The first violation's sentence, for logs.
    pub fn summary(&self) -> &str {
        self.violations.first().map_or("", |violation| violation.message.as_str())
    }

    /// The status: its own, or what the dialect makes of the violations. Where these differ, what is wrong in itself (400)
    /// goes before what only the present state forbids.
    pub fn status_by(&self, of_violation: impl Fn(&Violation) -> StatusCode) -> StatusCode {
        self.status.unwrap_or_else(|| {
            let mut statuses = self.violations.iter().map(of_violation);
            let first = statuses.next().unwrap_or(StatusCode::BAD_REQUEST);
            if statuses.all(|status| status == first) { first } else { StatusCode::BAD_REQUEST }
        })
    }

    /// An answer with its header lines.
    pub fn dress(&self, mut reply: Reply) -> Reply {
        for (name, value) in &self.headers {
            reply.headers.insert(name, value.clone());
        }
        reply
    }
}

/// Faults of the request's data.
impl From<Vec<Violation>> for Failure {
    fn from(mut violations: Vec<Violation>) -> Self {
        let root = InstancePath::root;
        if violations.is_empty() {
            violations.push(Violation::new(ErrorTag::OperationFailed, root(), "the request failed"));
        }
        let more = violations.len().saturating_sub(LISTED);
        if more > 0 {
            violations.truncate(LISTED);
            let tag = violations.first().map_or(ErrorTag::OperationFailed, |first| first.tag);
            let message = format!("{more} further faults are not listed");
            violations.push(Violation::new(tag, root(), message));
        }
        Failure { status: None, violations, headers: Vec::new() }
    }
}

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Failure::from(vec![violation])
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let violation = Violation::new(refusal.tag, InstancePath::root(), refusal.message);
        Failure { status: Some(refusal.status), violations: vec![violation], headers: refusal.headers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_bounded() {
        let violation = Violation::new(ErrorTag::InvalidValue, InstancePath::root(), "no");
        let failure = Failure::from(vec![violation; LISTED + 7]);
        assert_eq!(failure.violations.len(), LISTED + 1);
        assert_eq!(failure.violations[LISTED].message, "7 further faults are not listed");
    }
}
