//! Extra claims: a JSON object that a caller brings, read with suspicion and held against what a role allows.
//!
//! What is admitted passes on as it was written, only without the whitespace between tokens: a number keeps its digits.
//! Not for the claims that the issuer sets itself.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::glob::GlobSet;
use crate::data::violation::shorten;

/// How many arrays and objects may stand inside each other, the outermost object not counted.
pub const DEEPEST: usize = 16;

/// The longest text of extra claims that is read, in bytes.
pub const LONGEST: usize = 64 * 1024;

/// The JSON type that an allowed claim must have. The names are those of the leaf `type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimType {
    /// A string.
    String,
    /// An array of strings.
    StringArray,
    /// A number without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
    /// Any value.
    #[default]
    Any,
}

impl fmt::Display for ClaimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClaimType::String => "a string",
            ClaimType::StringArray => "an array of strings",
            ClaimType::Integer => "an integer",
            ClaimType::Number => "a number",
            ClaimType::Boolean => "a boolean",
            ClaimType::Object => "an object",
            ClaimType::Any => "any value",
        })
    }
}

/// A claim that the caller brings.
#[derive(Debug)]
pub struct ExtraClaim {
    /// Its name.
    pub name: String,
    /// Its value as JSON, without whitespace between tokens.
    pub json: String,
    value: Json,
}

/// A value as far as rules look into it.
#[derive(Debug)]
enum Json {
    Null,
    Boolean(bool),
    /// By its text.
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object,
}

impl Json {
    fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Boolean(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object => "an object",
        }
    }

    fn is_of(&self, kind: ClaimType) -> bool {
        match (kind, self) {
            (ClaimType::Any, _)
            | (ClaimType::String, Json::String(_))
            | (ClaimType::Number, Json::Number(_))
            | (ClaimType::Boolean, Json::Boolean(_))
            | (ClaimType::Object, Json::Object) => true,
            (ClaimType::Integer, Json::Number(text)) => !text.contains(['.', 'e', 'E']),
            (ClaimType::StringArray, Json::Array(members)) => {
                members.iter().all(|member| matches!(member, Json::String(_)))
            }
            _ => false,
        }
    }

    /// Whether the globs admit it: a string by itself, a number, boolean and null by its text, an array when they admit
    /// every member. An object has no text that a glob could judge; only a glob that admits anything admits it.
    fn is_admitted_by(&self, globs: &GlobSet) -> bool {
        match self {
            Json::Null => globs.matches("null"),
            Json::Boolean(value) => globs.matches(if *value { "true" } else { "false" }),
            Json::Number(text) | Json::String(text) => globs.matches(text),
            Json::Array(members) => members.iter().all(|member| member.is_admitted_by(globs)),
            Json::Object => globs.admits_anything(),
        }
    }
}

/// What a role says about one extra claim.
#[derive(Debug)]
pub struct ClaimRule {
    /// The type that it must have.
    pub kind: ClaimType,
    /// Patterns for its value; none: any value of the type.
    pub values: GlobSet,
    /// The patterns as they were configured, for messages.
    pub patterns: Vec<String>,
}

impl ClaimRule {
    /// Holds a claim against the rule.
    ///
    /// # Errors
    /// A sentence that names the claim, its value and what is allowed.
    pub fn check(&self, claim: &ExtraClaim) -> Result<(), String> {
        if !claim.value.is_of(self.kind) {
            return Err(format!(
                "claim '{}' is {} ({}); the role allows {}",
                claim.name,
                claim.value.kind(),
                shorten(&claim.json),
                self.kind
            ));
        }
        if self.values.is_empty() || claim.value.is_admitted_by(&self.values) {
            return Ok(());
        }
        Err(format!(
            "claim '{}' has the value {}, which the role does not allow; allowed-values are {}",
            claim.name,
            shorten(&claim.json),
            listed(&self.patterns)
        ))
    }
}

/// Some configured values for a message: at most eight of them.
pub(super) fn listed(values: &[String]) -> String {
    let mut out = values.iter().take(8).map(|value| shorten(value)).collect::<Vec<_>>().join(", ");
    if values.len() > 8 {
        out.push_str(&format!(" and {} more", values.len() - 8));
    }
    out
}

/// Reads the text of extra claims. An empty text is an empty object.
///
/// # Errors
/// A sentence on what is wrong with it: not a JSON object, a name that stands twice (at any depth), too long, nested too
/// deeply, a number that is out of range for a double, a string that is no Unicode.
pub fn read(text: &str) -> Result<Vec<ExtraClaim>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    if text.len() > LONGEST {
        return Err(format!("extra-claims has {} bytes; at most {LONGEST} are read", text.len()));
    }
    let Members(members) = serde_json::from_str(text)
        .map_err(|error| format!("extra-claims is not a JSON object with distinct names: {error}"))?;
    members
        .into_iter()
        .map(|(name, raw)| {
            let value = inspect(raw, 0).map_err(|problem| format!("claim '{}' {problem}", shorten(&name)))?;
            Ok(ExtraClaim { name, json: compact(raw.get()), value })
        })
        .collect()
}

fn inspect(raw: &RawValue, depth: usize) -> Result<Json, String> {
    let text = raw.get();
    let deeper = || {
        if depth < DEEPEST { Ok(depth + 1) } else { Err(format!("is nested deeper than {DEEPEST} levels")) }
    };
    match text.as_bytes().first() {
        Some(b'{') => {
            let depth = deeper()?;
            let Members(members) =
                serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
            for (_, member) in members {
                inspect(member, depth)?;
            }
            Ok(Json::Object)
        }
        Some(b'[') => {
            let depth = deeper()?;
            let members: Vec<&RawValue> =
                serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
            members
                .into_iter()
                .map(|member| inspect(member, depth))
                .collect::<Result<_, _>>()
                .map(Json::Array)
        }
        Some(b'"') => serde_json::from_str(text)
            .map(Json::String)
            .map_err(|error| format!("has a string that is no Unicode text: {error}")),
        Some(b't') => Ok(Json::Boolean(true)),
        Some(b'f') => Ok(Json::Boolean(false)),
        Some(b'n') => Ok(Json::Null),
        _ => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Json::Number(text.to_owned())),
            _ => Err(format!("has the number {}, which is out of range", shorten(text))),
        },
    }
}

/// A JSON text, known to be valid, without the whitespace between its tokens.
fn compact(json: &str) -> String {
    let mut in_string = false;
    let mut escaped = false;
    let keep = |letter: &char| {
        let kept = in_string || !letter.is_ascii_whitespace();
        if in_string {
            in_string = escaped || *letter != '"';
            escaped = !escaped && *letter == '\\';
        } else {
            in_string = *letter == '"';
        }
        kept
    };
    json.chars().filter(keep).collect()
}

/// The members of an object in the order in which they stand, values unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members: Vec<(String, &'de RawValue)> = Vec::new();
                let mut seen = HashSet::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if !seen.insert(name.clone()) {
                        let problem = format!("the name '{}' stands twice", shorten(&name));
                        return Err(serde::de::Error::custom(problem));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(kind: ClaimType, patterns: &[&str]) -> ClaimRule {
        ClaimRule {
            kind,
            values: patterns.iter().copied().collect(),
            patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
        }
    }

    fn check(kind: ClaimType, patterns: &[&str], value: &str) -> Result<(), String> {
        let claims = read(&format!("{{\"c\":{value}}}")).unwrap();
        rule(kind, patterns).check(&claims[0])
    }

    #[test]
    fn each_type_takes_its_own_values_and_no_others() {
        let values =
            ["\"s\"", "[\"s\"]", "[]", "1", "-7", "1.5", "1e3", "true", "{}", "null", "[1]", "[\"s\",1]"];
        let taken = |kind| -> Vec<&str> {
            values.into_iter().filter(|value| check(kind, &[], value).is_ok()).collect()
        };
        assert_eq!(taken(ClaimType::String), ["\"s\""]);
        assert_eq!(taken(ClaimType::StringArray), ["[\"s\"]", "[]"]);
        assert_eq!(taken(ClaimType::Integer), ["1", "-7"]);
        assert_eq!(taken(ClaimType::Number), ["1", "-7", "1.5", "1e3"]);
        assert_eq!(taken(ClaimType::Boolean), ["true"]);
        assert_eq!(taken(ClaimType::Object), ["{}"]);
        assert_eq!(taken(ClaimType::Any), values);
    }

    #[test]
    fn globs_judge_strings_members_and_the_text_of_numbers_and_booleans() {
        assert!(check(ClaimType::String, &["read:*"], "\"read:orders\"").is_ok());
        assert!(check(ClaimType::String, &["read:*"], "\"write:orders\"").is_err());
        assert!(check(ClaimType::String, &["caf\u{e9}"], "\"caf\\u00e9\"").is_ok());
        assert!(check(ClaimType::StringArray, &["a", "b"], "[\"a\",\"b\",\"a\"]").is_ok());
        assert!(check(ClaimType::StringArray, &["a", "b"], "[\"a\",\"c\"]").is_err());
        assert!(check(ClaimType::Integer, &["4*"], "42").is_ok());
        assert!(check(ClaimType::Integer, &["4*"], "24").is_err());
        assert!(check(ClaimType::Number, &["1.*"], "1.50").is_ok());
        assert!(check(ClaimType::Boolean, &["true"], "true").is_ok());
        assert!(check(ClaimType::Boolean, &["true"], "false").is_err());
        assert!(check(ClaimType::Any, &["null"], "null").is_ok());
        assert!(check(ClaimType::Any, &["a", "1"], "[\"a\",[1,\"a\"]]").is_ok());
        assert!(check(ClaimType::Any, &["a", "1"], "[\"a\",[1,\"b\"]]").is_err());
    }

    #[test]
    fn only_a_glob_that_admits_anything_admits_an_object() {
        assert!(check(ClaimType::Object, &["*"], "{\"a\":\"b/c\"}").is_ok());
        assert!(check(ClaimType::Object, &[], "{\"a\":1}").is_ok());
        assert!(check(ClaimType::Object, &["{*"], "{\"a\":1}").is_err());
        assert!(check(ClaimType::Any, &["a*"], "[{\"a\":1}]").is_err());
    }

    #[test]
    fn refusals_name_the_claim_the_value_and_what_is_allowed() {
        assert_eq!(
            check(ClaimType::Integer, &[], "\"7\"").unwrap_err(),
            "claim 'c' is a string (\"7\"); the role allows an integer"
        );
        assert_eq!(
            check(ClaimType::String, &["a", "b*"], "\"c\"").unwrap_err(),
            "claim 'c' has the value \"c\", which the role does not allow; allowed-values are a, b*"
        );
        let long = format!("\"{}\"", "x".repeat(1000));
        assert!(check(ClaimType::Integer, &[], &long).unwrap_err().len() < 200);
    }

    #[test]
    fn values_keep_their_letters_and_digits_but_no_whitespace_between_tokens() {
        let claims =
            read(" { \"n\" : 1.00 ,\n\"s\":\"a \\\" b\\\\\" , \"o\":{ \"k\" : [ 1 , 2 ] }, \"e\":1E+2}")
                .unwrap();
        let written: Vec<_> = claims.iter().map(|claim| (claim.name.as_str(), claim.json.as_str())).collect();
        assert_eq!(
            written,
            [("n", "1.00"), ("s", "\"a \\\" b\\\\\""), ("o", "{\"k\":[1,2]}"), ("e", "1E+2")]
        );
    }

    #[test]
    fn nothing_but_an_object_with_distinct_names_is_read() {
        assert!(read("").unwrap().is_empty() && read(" {} ").unwrap().is_empty());
        for text in
            ["[]", "1", "\"a\"", "null", "{", "{\"a\":1}x", "{a:1}", "{\"a\":01}", "{\"a\":}", "{'a':1}"]
        {
            assert!(read(text).is_err(), "{text}");
        }
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"o":{"a":1,"a":1}}"#,
            r#"{"o":[{"x":{"a":1,"a":1}}]}"#,
        ] {
            assert!(read(text).unwrap_err().contains("'a' stands twice"), "{text}");
        }
    }

    #[test]
    fn depth_length_numbers_and_surrogates_have_limits() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(DEEPEST)).is_ok());
        assert!(read(&nested(DEEPEST + 1)).unwrap_err().contains("deeper"));
        assert!(read(&nested(10_000)).is_err());
        assert!(read(&format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST))).is_err());
        assert!(read("{\"a\":1e999}").unwrap_err().contains("out of range"));
        assert!(read("{\"a\":[\"\\ud800\"]}").is_err());
        assert!(read("{\"a\":\"\\ud83d\\ude00\"}").is_ok());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[{}\\[\\]\",:a0-9eE.\\\\u -]{0,60}") {
            let _ = read(&text);
        }

        #[test]
        fn what_is_written_means_what_was_read(value in arbitrary_json()) {
            let text = serde_json::to_string_pretty(&serde_json::json!({ "c": value })).unwrap();
            let claims = read(&text).unwrap();
            let again: serde_json::Value = serde_json::from_str(&claims[0].json).unwrap();
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(&claims[0].json, &serde_json::to_string(&value).unwrap());
        }
    }

    fn arbitrary_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "\\PC{0,12}".prop_map(Into::into),
            "[\"\\\\ \n{}]{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::hash_map("[a-c \"]{0,3}", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
