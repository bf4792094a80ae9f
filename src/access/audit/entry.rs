//! What a line says.

use std::net::IpAddr;

use serde::Serialize;

use crate::base::json;

/// One request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditEntry<'a> {
    /// When the answer was ready, RFC 3339.
    pub time: &'a str,
    /// Whose tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<&'a str>,
    /// The user who sent it, or whose log in made the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<&'a str>,
    /// As whom somebody tried to log in who was not let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted_user: Option<&'a str>,
    /// Public name of the token. Without one, and without a user, the line goes to the log of calls by strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accessor: Option<&'a str>,
    /// [`super::AuditLog::hash_token`] of whatever was sent as a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_hash: Option<&'a str>,
    /// HTTP method.
    pub method: &'a str,
    /// Path and query as they were sent.
    pub path: &'a str,
    /// Status of the answer.
    pub status: u16,
    /// From the first byte of the request to here, in microseconds.
    pub duration_us: u64,
    /// The other end of the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_address: Option<IpAddr>,
    /// `X-Forwarded-For`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_for: Option<&'a str>,
    /// `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'a str>,
    /// `X-Request-Id`.
    pub request_id: &'a str,
    /// This site.
    pub site: &'a str,
    /// What a write changed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub changes: &'a [AuditChange],
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
}

/// One changed path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditChange {
    /// Its path, in the `/v1` form.
    pub path: String,
    /// `created`, `changed`, `moved` or `deleted`.
    pub change: &'static str,
    /// The new value of a leaf; `***` for a secret one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// How much of a text that a stranger sent goes into a line.
const LONGEST_TEXT: usize = 2_048;

/// Most lines are shorter, in bytes.
const ORDINARY_LINE: usize = 640;

impl AuditEntry<'_> {
    /// Whether it is known who sent the request.
    pub(super) fn is_known(&self) -> bool {
        self.accessor.is_some() || self.user.is_some()
    }

    /// The line without its end, where the chain goes. `None` only if memory is short.
    pub(super) fn to_line(&self) -> Option<Vec<u8>> {
        let short = AuditEntry {
            path: shorten(self.path),
            forwarded_for: self.forwarded_for.map(shorten),
            user_agent: self.user_agent.map(shorten),
            request_id: shorten(self.request_id),
            attempted_user: self.attempted_user.map(shorten),
            error: self.error.map(shorten),
            ..self.clone()
        };
        let mut line = Vec::with_capacity(ORDINARY_LINE);
        json::append(&short, &mut line).ok()?;
        line.pop();
        Some(line)
    }
}

fn shorten(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
