//! The payload of a token, read without any room for a second reading.
//!
//! Two readers of one text must not come to different claims. So a name that stands twice is refused at any depth, and so
//! is a name that some reader could take for a registered claim because it differs in nothing but case (`SUB`, `ſub`).

use serde_json::{Map, Value};

use crate::base::json::distinct;

/// The registered claims of RFC 7519 section 4.1.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// How deep a payload is nested at most.
const DEEPEST: usize = 32;

/// The claims of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Map<String, Value>);

/// Why a payload is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// Not a JSON object, nested too deeply, or with a name that stands twice.
    #[error("error decoding token: its payload is not a JSON object with distinct names")]
    Malformed,
    /// A name that can be confused with a registered claim.
    #[error(
        "ambiguous claim: key \"{found}\" collides with registered claim \"{registered}\" under case folding"
    )]
    Ambiguous {
        /// The name, at most 64 characters of it.
        found: String,
        /// The registered claim.
        registered: &'static str,
    },
}

impl Claims {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`ClaimsError`].
    pub fn read(payload: &[u8]) -> Result<Self, ClaimsError> {
        let value = distinct::read(payload, DEEPEST).map_err(|_| ClaimsError::Malformed)?;
        let Value::Object(claims) = value else { return Err(ClaimsError::Malformed) };
        for name in claims.keys() {
            let is_like = |registered: &&str| name != registered && reads_like(name, registered);
            if let Some(registered) = REGISTERED.into_iter().find(is_like) {
                return Err(ClaimsError::Ambiguous { found: name.chars().take(64).collect(), registered });
            }
        }
        Ok(Claims(claims))
    }

    /// A claim by its name. `null` is as good as absent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// These claims with those of `other` put over them.
    #[must_use]
    pub fn with(mut self, other: Claims) -> Self {
        self.0.extend(other.0);
        self
    }

    /// These claims without one of them.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.shift_remove(name);
        self
    }

    /// What a reference to a claim leads to: a JSON pointer (RFC 6901) where it begins with a slash, a name otherwise.
    pub fn find(&self, reference: &str) -> Option<&Value> {
        let Some(pointer) = reference.strip_prefix('/') else { return self.get(reference) };
        let mut parts = pointer.split('/').map(|part| part.replace("~1", "/").replace("~0", "~"));
        let mut at = self.get(&parts.next()?)?;
        for part in parts {
            at = match at {
                Value::Object(members) => members.get(&part)?,
                Value::Array(members) => members.get(index(&part)?)?,
                _ => return None,
            };
        }
        (!at.is_null()).then_some(at)
    }

    /// The texts of `aud`, which is a string or an array of strings (RFC 7519 section 4.1.3). `None` when it is something
    /// else.
    pub fn audiences(&self) -> Option<Vec<&str>> {
        match self.get("aud") {
            None => Some(Vec::new()),
            Some(Value::String(only)) => Some(vec![only]),
            Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
            Some(_) => None,
        }
    }
}

/// An array index of a JSON pointer: digits without a zero in front.
fn index(part: &str) -> Option<usize> {
    let digits = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
    digits.then(|| part.parse().ok()).flatten()
}

/// Whether somebody who does not tell upper from lower case would read one name for a registered one. Letters beyond ASCII go
/// by way of upper case, because that also leads the long s and the Kelvin sign to the letters that they stand for.
fn reads_like(name: &str, registered: &str) -> bool {
    if name.is_ascii() {
        return name.eq_ignore_ascii_case(registered);
    }
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).eq(registered.chars())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn claims(text: &str) -> Result<Claims, ClaimsError> {
        Claims::read(text.as_bytes())
    }

    #[test]
    fn names_that_stand_twice_are_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"x":[{"a":1,"a":1}]}"#, "[]", "", "{} {}", r#"{"a":1e999}"#] {
            assert_eq!(claims(text), Err(ClaimsError::Malformed), "{text}");
        }
        let deep = format!("{}{}", r#"{"a":"#.repeat(40), "1}".repeat(40));
        assert_eq!(claims(&deep), Err(ClaimsError::Malformed));
    }

    #[test]
    fn claim_case_fold_collision_names_that_differ_in_case_only_are_refused() {
        for (name, registered) in
            [("SUB", "sub"), ("ſub", "sub"), ("iſs", "iss"), ("Exp", "exp"), ("JTI", "jti")]
        {
            let text = json!({ name: "x" }).to_string();
            let expected = ClaimsError::Ambiguous { found: name.to_owned(), registered };
            assert_eq!(claims(&text), Err(expected), "{name}");
        }
        assert!(claims(r#"{"sub":"a","subs":1,"Name":2,"name":3}"#).is_ok());
    }

    #[test]
    fn rfc6901_pointers_lead_into_objects_and_arrays() {
        let claims = claims(r#"{"a":{"b/c":[{"~d":7}]},"https://x/user":"u","n":null}"#).unwrap();
        assert_eq!(claims.find("/a/b~1c/0/~0d"), Some(&json!(7)));
        assert_eq!(claims.find("https://x/user"), Some(&json!("u")));
        for missing in ["/a/x", "/a/b~1c/1", "/a/b~1c/00", "/a/b~1c/-", "/", "a/b", "n", "/n", ""] {
            assert_eq!(claims.find(missing), None, "{missing}");
        }
    }

    #[test]
    fn rfc7519_4_1_3_audience_is_a_string_or_an_array_of_strings() {
        for (text, expected) in [
            (r#"{}"#, Some(vec![])),
            (r#"{"aud":"a"}"#, Some(vec!["a"])),
            (r#"{"aud":["a","b"]}"#, Some(vec!["a", "b"])),
            (r#"{"aud":7}"#, None),
            (r#"{"aud":["a",7]}"#, None),
            (r#"{"aud":{"a":1}}"#, None),
        ] {
            assert_eq!(claims(text).unwrap().audiences(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_payload_panics(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Claims::read(&bytes);
        }
    }
}
