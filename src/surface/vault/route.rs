//! The table of routes as data: what an endpoint is, and how a path finds one.
//!
//! A backend is a table of endpoints below a mount. Everything that a client can know of an endpoint stands in its row:
//! its path, its parameters with their types, who may use it, and the sentences of `?help=1`. What it does is a handler
//! that translates into one operation on the model.

use std::future::Future;
use std::pin::Pin;

use super::answer::Answer;
use super::asked::Verb;
use super::call::Call;
use super::fault::Fault;
use super::field::Field;

/// What a handler comes to.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>>;

/// Translates a request into operations on the model.
pub type Handler = for<'a, 'r> fn(&'a mut Call<'r>) -> Answering<'a>;

/// Says whether the object of a request is there: then a write is an update, otherwise a creation.
pub type Exists = for<'a, 'r> fn(&'a Call<'r>) -> bool;

/// Who may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever the policies of the token allow it.
    Allowed,
    /// Whoever they allow it, with the capability `sudo`.
    Sudo,
    /// Anybody, without a token.
    Anybody,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// The path below the mount: `role/:name`. `:name` is one segment, `*name` is any number of them.
    pub pattern: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// More than that.
    pub details: &'static str,
    /// Its parameters.
    pub fields: &'static [&'static [Field]],
    /// Who may use it.
    pub audience: Audience,
    /// What GET does.
    pub read: Option<Handler>,
    /// What LIST does.
    pub list: Option<Handler>,
    /// What POST and PUT do.
    pub write: Option<Handler>,
    /// What DELETE does.
    pub delete: Option<Handler>,
    /// How to find out whether a write creates; without it, every write is an update.
    pub exists: Option<Exists>,
}

impl Endpoint {
    /// A row without anything in it.
    pub const NEW: Endpoint = Endpoint {
        pattern: "",
        about: "",
        details: "",
        fields: &[],
        audience: Audience::Allowed,
        read: None,
        list: None,
        write: None,
        delete: None,
        exists: None,
    };

    /// What it does for an operation.
    pub fn handler(&self, verb: Verb) -> Option<Handler> {
        match verb {
            Verb::Read => self.read,
            Verb::List => self.list,
            Verb::Write => self.write,
            Verb::Delete => self.delete,
        }
    }
}

/// A kind of mount.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// The name of the type.
    pub name: &'static str,
    /// What it is, for the help of the mount's root.
    pub about: &'static str,
    /// Its endpoints; of those that fit a path the first one counts.
    pub endpoints: &'static [&'static [Endpoint]],
}

/// The values of the variable parts of a path, by name.
pub type Captures = Vec<(&'static str, String)>;

impl Backend {
    /// All rows.
    pub fn all(&self) -> impl Iterator<Item = &'static Endpoint> {
        self.endpoints.iter().copied().flatten()
    }

    /// The row for an operation on a path below the mount. Where several patterns fit, the first that has the operation
    /// counts, and otherwise the first.
    pub fn find(&self, path: &str, verb: Verb) -> Option<(&'static Endpoint, Captures)> {
        let mut fallback = None;
        for endpoint in self.all() {
            let Some(captures) = matches(endpoint.pattern, path) else { continue };
            if endpoint.handler(verb).is_some() {
                return Some((endpoint, captures));
            }
            fallback.get_or_insert((endpoint, captures));
        }
        fallback
    }
}

/// The variable parts of a path, if it fits a pattern.
pub fn matches(pattern: &'static str, path: &str) -> Option<Captures> {
    // Most patterns are out of the question by what stands in front of their variable parts.
    let literal = pattern.split([':', '*']).next().unwrap_or_default();
    if !path.starts_with(literal.trim_end_matches('/')) {
        return None;
    }
    let split = |text: &'_ str| -> usize { if text.is_empty() { 0 } else { text.split('/').count() } };
    let (wanted, found) = (split(pattern), split(path));
    let mut captures = Vec::new();
    let mut rest = if path.is_empty() { None } else { Some(path) };
    for segment in pattern.split('/').filter(|_| wanted > 0) {
        if let Some(name) = segment.strip_prefix('*') {
            // It takes what the segments behind it leave.
            let take = (found + 1).checked_sub(wanted)?;
            let (value, behind) = split_at_segment(rest.unwrap_or_default(), take)?;
            captures.push((name, value.to_owned()));
            rest = behind;
            continue;
        }
        let (value, behind) = split_at_segment(rest?, 1)?;
        match segment.strip_prefix(':') {
            Some(name) if is_name(value) => captures.push((name, value.to_owned())),
            Some(_) => return None,
            None if segment == value => {}
            None => return None,
        }
        rest = behind;
    }
    rest.is_none().then_some(captures)
}

/// The first `count` segments of a path, and the rest.
fn split_at_segment(path: &str, count: usize) -> Option<(&str, Option<&str>)> {
    if count == 0 {
        return Some(("", (!path.is_empty()).then_some(path)));
    }
    match path.match_indices('/').nth(count - 1) {
        Some((at, _)) => Some((path.get(..at)?, Some(path.get(at + 1..)?))),
        None => (path.split('/').count() == count).then_some((path, None)),
    }
}

/// Whether a text can be the name of an object: it begins and ends with a letter, a digit or `_`.
fn is_name(text: &str) -> bool {
    let is_word = |found: char| found.is_ascii_alphanumeric() || found == '_';
    text.starts_with(is_word)
        && text.ends_with(is_word)
        && text.chars().all(|found| is_word(found) || matches!(found, '.' | '-' | '@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &'static str, path: &str) -> Option<Vec<String>> {
        matches(pattern, path).map(|captures| captures.into_iter().map(|(_, value)| value).collect())
    }

    fn values(values: &[&str]) -> Option<Vec<String>> {
        Some(values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn patterns_take_paths_segment_by_segment() {
        assert_eq!(found("config", "config"), values(&[]));
        assert_eq!(found("config", "config/x"), None);
        assert_eq!(found("role/:name", "role/dev-1.x"), values(&["dev-1.x"]));
        assert_eq!(found("role/:name/secret-id", "role/dev/secret-id"), values(&["dev"]));
        assert_eq!(found("", ""), values(&[]));
        assert_eq!(found("", "x"), None);
    }

    #[test]
    fn names_begin_and_end_with_a_letter_or_digit() {
        for name in ["a", "a-b", "a.b", "_a_", "A9", "bob@example.com"] {
            assert!(found("role/:name", &format!("role/{name}")).is_some(), "{name}");
        }
        for name in ["-a", "a-", ".a", "a b", "é", ""] {
            assert_eq!(found("role/:name", &format!("role/{name}")), None, "{name}");
        }
    }

    #[test]
    fn a_star_takes_what_is_left() {
        assert_eq!(found("mounts/*path", "mounts/a/b"), values(&["a/b"]));
        assert_eq!(found("mounts/*path", "mounts"), values(&[""]));
        assert_eq!(found("mounts/*path/tune", "mounts/auth/a/tune"), values(&["auth/a"]));
        assert_eq!(found("mounts/*path/tune", "mounts/tune"), values(&[""]));
        assert_eq!(found("mounts/*path/tune", "mounts/a/x"), None);
        assert_eq!(found("*path", ""), values(&[""]));
        assert_eq!(found("*path", "a/b"), values(&["a/b"]));
    }
}
