//! Who a verified token is about, by the rules of a role: the claims that it must have, the user, the groups, and what
//! goes into the token that is handed out.

use serde_json::Value;

use super::claims::Claims;
use crate::services::jwt_issuer::glob::Glob;
use crate::yang::schema::types::is_yang_character;

/// How long a user or a group may be called, in bytes.
const LONGEST_NAME: usize = 512;

/// How many groups are taken from a token.
const MOST_GROUPS: usize = 1_024;

/// What a role wants to know of a token.
#[derive(Clone, Debug, Default)]
pub struct IdentityRules {
    /// The claim that names the user.
    pub user_claim: String,
    /// Whether `user_claim` is a JSON pointer when it begins with a slash. Otherwise it is a name, whatever it begins with.
    pub user_claim_is_pointer: bool,
    /// Claims that it must have, all of them.
    pub bound_claims: Vec<BoundClaim>,
    /// The claim that lists the user's groups; it must be there if this is.
    pub groups_claim: Option<String>,
    /// Claims that go into the metadata, with the name that they get there. Absent ones are passed over.
    pub mappings: Vec<(String, String)>,
}

/// A claim that a token must have, with one of these values.
#[derive(Clone, Debug)]
pub struct BoundClaim {
    /// A name, or a JSON pointer.
    pub claim: String,
    /// Any of them is enough.
    pub values: Vec<Wanted>,
}

/// A value that a claim may have. `"5"` is not 5.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// This text.
    Text(String),
    /// A text that the pattern matches.
    Pattern(Glob),
    /// This whole number.
    Integer(i64),
    /// This truth.
    Boolean(bool),
}

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: String,
    /// The user's groups, each once.
    pub groups: Vec<String>,
    /// Names and values for the metadata.
    pub metadata: Vec<(String, String)>,
}

/// Why a token says too little, or something else. In the words of the reference, which clients look for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No claim names the user.
    #[error("claim \"{0}\" not found in token")]
    NoUser(String),
    /// What names the user is not a string.
    #[error("claim \"{0}\" could not be converted to string")]
    UserType(String),
    /// What names the user cannot be a name.
    #[error("claim \"{0}\" names nobody: a name has 1 to 512 bytes, and no control characters among them")]
    UserName(String),
    /// A claim that goes into the metadata is no string, or too long a one.
    #[error("error converting claim '{0}' to string")]
    Mapping(String),
    /// A claim that is to be kept has characters that cannot be.
    #[error("claim \"{0}\" has control characters or noncharacters in it")]
    Characters(String),
    /// No claim lists groups.
    #[error("failed to fetch groups: \"{0}\" claim not found in token")]
    NoGroups(String),
    /// What lists groups is neither a string nor a list, or too long a one.
    #[error("\"{0}\" claim could not be converted to string list")]
    GroupsType(String),
    /// A group is not a string.
    #[error("value {0} in groups claim could not be parsed as string")]
    GroupType(String),
    /// A claim that must be there is not.
    #[error("error validating claims: claim \"{0}\" is missing")]
    Missing(String),
    /// A claim that is bound is an object, which is equal to nothing.
    #[error("error validating claims: received claim is not a string, bool, int or list: \"{0}\"")]
    Type(String),
    /// A claim has another value.
    #[error("error validating claims: claim \"{0}\" does not match any associated bound claim values")]
    Value(String),
}

impl IdentityRules {
    /// Reads the identity out of the claims of a verified token: the user, the metadata, the groups, and last the claims
    /// that it must have.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn identify(&self, claims: &Claims) -> Result<Identity, IdentityError> {
        let claim = || self.user_claim.clone();
        let user = if self.user_claim_is_pointer {
            claims.find(&self.user_claim)
        } else {
            claims.get(&self.user_claim)
        };
        let user = user.ok_or_else(|| IdentityError::NoUser(claim()))?;
        let user = user.as_str().ok_or_else(|| IdentityError::UserType(claim()))?;
        if !is_name(user) {
            return Err(IdentityError::UserName(claim()));
        }
        let mut metadata = Vec::new();
        for (claim, called) in &self.mappings {
            let Some(value) = claims.find(claim) else { continue };
            let text = value.as_str().filter(|text| text.len() <= LONGEST_NAME);
            let text = text.ok_or_else(|| IdentityError::Mapping(claim.clone()))?;
            if !text.chars().all(is_yang_character) {
                return Err(IdentityError::Characters(claim.clone()));
            }
            metadata.push((called.clone(), text.to_owned()));
        }
        let groups = self.groups(claims)?;
        for bound in &self.bound_claims {
            bound.check(claims)?;
        }
        Ok(Identity { user: user.to_owned(), groups, metadata })
    }

    fn groups(&self, claims: &Claims) -> Result<Vec<String>, IdentityError> {
        let Some(claim) = &self.groups_claim else { return Ok(Vec::new()) };
        let value = claims.find(claim).ok_or_else(|| IdentityError::NoGroups(claim.clone()))?;
        let found = match value {
            Value::String(_) => std::slice::from_ref(value),
            Value::Array(several) if several.len() <= MOST_GROUPS => several.as_slice(),
            _ => return Err(IdentityError::GroupsType(claim.clone())),
        };
        let mut groups: Vec<String> = Vec::new();
        for group in found {
            let not_text = || IdentityError::GroupType(group.to_string().chars().take(64).collect());
            let group = group.as_str().ok_or_else(not_text)?;
            if !group.chars().all(is_yang_character) {
                return Err(IdentityError::Characters(claim.clone()));
            }
            let is_new = !groups.iter().any(|known| known == group);
            if is_new && !group.is_empty() && group.len() <= LONGEST_NAME {
                groups.push(group.to_owned());
            }
        }
        Ok(groups)
    }
}

/// A text that can stand for somebody in a log line: not empty, not too long, without control characters.
fn is_name(text: &str) -> bool {
    let is_allowed = |found: char| is_yang_character(found) && !found.is_control();
    !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(is_allowed)
}

impl BoundClaim {
    fn check(&self, claims: &Claims) -> Result<(), IdentityError> {
        let value = claims.find(&self.claim).ok_or_else(|| IdentityError::Missing(self.claim.clone()))?;
        let one = std::slice::from_ref(value);
        let found = if let Value::Array(several) = value { several.as_slice() } else { one };
        if value.is_object() {
            return Err(IdentityError::Type(self.claim.clone()));
        }
        if found.iter().any(|found| self.values.iter().any(|wanted| wanted.is(found))) {
            Ok(())
        } else {
            Err(IdentityError::Value(self.claim.clone()))
        }
    }
}

impl Wanted {
    fn is(&self, found: &Value) -> bool {
        match (self, found) {
            (Wanted::Text(wanted), Value::String(found)) => wanted == found,
            (Wanted::Pattern(wanted), Value::String(found)) => wanted.matches(found),
            (Wanted::Integer(wanted), Value::Number(found)) => whole(found) == Some(*wanted),
            (Wanted::Boolean(wanted), Value::Bool(found)) => wanted == found,
            _ => false,
        }
    }
}

/// A number without its fraction; `None` beyond what a whole number can be.
pub fn whole(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let number = number.as_f64()?.trunc();
        // Up to here every whole number has a double of its own.
        #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
        (number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(json: &Value) -> Claims {
        Claims::read(json.to_string().as_bytes()).unwrap()
    }

    fn bound(claim: &str, values: Vec<Wanted>) -> IdentityRules {
        let bound_claims = vec![BoundClaim { claim: claim.to_owned(), values }];
        IdentityRules { user_claim: "sub".to_owned(), bound_claims, ..IdentityRules::default() }
    }

    fn text(text: &str) -> Wanted {
        Wanted::Text(text.to_owned())
    }

    #[test]
    fn user_claim_is_a_string_and_a_pointer_only_if_asked_for() {
        let claims = claims(
            &json!({"sub": "alice", "/sub": "mallory", "n": 7, "e": "", "c": "a\nb", "f": "\u{fffe}", "x": {"u": "bob"}}),
        );
        let user = |claim: &str, pointer| {
            let rules = IdentityRules {
                user_claim: claim.to_owned(),
                user_claim_is_pointer: pointer,
                ..IdentityRules::default()
            };
            rules.identify(&claims).map(|identity| identity.user)
        };
        assert_eq!(user("sub", false).unwrap(), "alice");
        assert_eq!(user("/sub", false).unwrap(), "mallory");
        assert_eq!(user("/sub", true).unwrap(), "alice");
        assert_eq!(user("/x/u", true).unwrap(), "bob");
        assert_eq!(user("gone", false), Err(IdentityError::NoUser("gone".to_owned())));
        for wrong in ["n", "e", "c", "f", "x"] {
            assert!(
                matches!(user(wrong, false), Err(IdentityError::UserType(_) | IdentityError::UserName(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn bound_claims_bypass_by_type_only_values_of_one_type_are_equal() {
        let said = |value: Value, wanted: Wanted| {
            bound("c", vec![text("other"), wanted])
                .identify(&claims(&json!({"sub": "a", "c": value})))
                .is_ok()
        };
        assert!(said(json!("x"), text("x")));
        assert!(said(json!(["y", "x"]), text("x")));
        assert!(!said(json!("5"), Wanted::Integer(5)));
        assert!(!said(json!(5), text("5")));
        assert!(said(json!(5), Wanted::Integer(5)));
        assert!(said(json!(5.7), Wanted::Integer(5)));
        assert!(!said(json!(1e300), Wanted::Integer(i64::MAX)));
        assert!(said(json!(true), Wanted::Boolean(true)));
        assert!(!said(json!("true"), Wanted::Boolean(true)));
        assert!(!said(json!({"x": "x"}), text("x")));
        assert!(!said(json!([["x"]]), text("x")));
        assert!(said(json!("team-a"), Wanted::Pattern(Glob::new("team-*"))));
        assert!(!said(json!(7), Wanted::Pattern(Glob::new("*"))));
        let missing = bound("c", vec![text("x")]).identify(&claims(&json!({"sub": "a"})));
        assert_eq!(missing, Err(IdentityError::Missing("c".to_owned())));
        let pointed = bound("/a/b", vec![text("x")]);
        assert!(pointed.identify(&claims(&json!({"sub": "a", "a": {"b": "x"}}))).is_ok());
    }

    #[test]
    fn groups_are_a_string_or_a_list_of_strings() {
        let groups = |value: Value| {
            let rules = IdentityRules {
                user_claim: "sub".to_owned(),
                groups_claim: Some("g".to_owned()),
                ..IdentityRules::default()
            };
            rules.identify(&claims(&json!({"sub": "a", "g": value}))).map(|identity| identity.groups)
        };
        assert_eq!(groups(json!(["x", "", "y", "x"])).unwrap(), ["x", "y"]);
        assert_eq!(groups(json!("x")).unwrap(), ["x"]);
        assert_eq!(groups(json!([])).unwrap(), [""; 0]);
        assert!(groups(json!(["x", 1])).is_err());
        for unprintable in [json!(["x\u{0}", "y"]), json!("\u{fffe}")] {
            assert_eq!(groups(unprintable), Err(IdentityError::Characters("g".to_owned())));
        }
        assert!(groups(json!(1)).is_err());
        assert_eq!(groups(Value::Null), Err(IdentityError::NoGroups("g".to_owned())));
    }

    #[test]
    fn mapped_claims_become_metadata() {
        let rules = IdentityRules {
            user_claim: "sub".to_owned(),
            mappings: vec![("/a/mail".to_owned(), "email".to_owned()), ("gone".to_owned(), "x".to_owned())],
            ..IdentityRules::default()
        };
        let identity = rules.identify(&claims(&json!({"sub": "a", "a": {"mail": "a@x"}}))).unwrap();
        assert_eq!(identity.metadata, [("email".to_owned(), "a@x".to_owned())]);
        for mail in ["a\u{0}b", "\u{1b}[2J", "\u{fffe}"] {
            let identity = rules.identify(&claims(&json!({"sub": "a", "a": {"mail": mail}})));
            assert_eq!(identity, Err(IdentityError::Characters("/a/mail".to_owned())), "{mail:?}");
        }
        assert!(rules.identify(&claims(&json!({"sub": "a", "a": {"mail": 7}}))).is_err());
    }
}
