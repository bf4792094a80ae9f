//! What a field accepts, and what is made of it: clients send `"30m"`, `1800` and `"1800"` and mean the same. The texts of
//! refusals are those that clients of the reference product know.
//!
//! Values leave here in one form each: durations and numbers as JSON numbers (seconds), flags as booleans, lists as arrays of
//! strings, pairs as objects. What a value means is the model's business.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use super::field::Kind;
use crate::access::authorize::policy::{DEFAULT, ROOT};
use crate::data::violation::shorten;

/// Brings what was sent for a field into its one form; `None` where it says nothing: `null` does, but for lists, of which
/// clients know it as the empty one.
///
/// # Errors
/// The sentence for the client.
pub fn coerce(name: &str, kind: Kind, sent: &Value) -> Result<Option<Value>, String> {
    let says_nothing = match (kind, sent) {
        (Kind::TextList | Kind::PolicyNames, _) => false,
        (Kind::LeaseLength, Value::String(text)) => text.trim().is_empty(),
        (_, sent) => sent.is_null(),
    };
    if says_nothing { Ok(None) } else { coerced(name, kind, sent).map(Some) }
}

fn coerced(name: &str, kind: Kind, sent: &Value) -> Result<Value, String> {
    let failed = |why: String| {
        let found = shorten(&go(sent));
        Err(match kind {
            Kind::Map => format!("error converting input {found} for field {name:?}: '' {why}"),
            Kind::Secret => format!("error converting input for field {name:?}: {why}"),
            _ => format!("error converting input {found} for field {name:?}: {why}"),
        })
    };
    let coerced = match kind {
        Kind::Text | Kind::Secret | Kind::Base64 => text(sent).map(Value::String),
        Kind::EntryName => text(sent).map(|text| Value::String(text.trim().to_owned())),
        Kind::Flag => flag(sent).map(Value::Bool),
        Kind::Int => integer(sent).map(Value::from),
        Kind::Duration => seconds(sent).and_then(not_negative).map(Value::from),
        Kind::LeaseLength => match sent.as_str().map(str::trim) {
            Some("system") => Ok(0.into()),
            _ => seconds(sent).and_then(not_negative).map(Value::from),
        },
        Kind::SignedDuration => seconds(sent).map(Value::from),
        Kind::TextList => list(sent).map(Value::Array),
        Kind::PolicyNames => policy_names(sent, |_| false).map(Value::Array),
        Kind::Map => map(sent).map(Value::Object),
        Kind::Pairs => pairs(sent).map(Value::Object),
        Kind::Any => Ok(sent.clone()),
    };
    coerced.or_else(failed)
}

fn text(sent: &Value) -> Result<String, String> {
    match sent {
        // Beside others in a map.
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(go(sent)),
        _ => Err(format!("'' expected type 'string', got unconvertible type '{}'", go_type(sent))),
    }
}

/// As Go's `strconv.ParseBool`.
pub fn parse_flag(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

fn flag(sent: &Value) -> Result<bool, String> {
    match sent {
        Value::Bool(flag) => Ok(*flag),
        Value::Number(number) => Ok(number.as_f64().is_some_and(|number| number != 0.0)),
        Value::String(text) if text.is_empty() => Ok(false),
        Value::String(text) => parse_flag(text).ok_or_else(|| {
            format!("cannot parse '' as bool: strconv.ParseBool: parsing {}: invalid syntax", quoted(text))
        }),
        _ => Err(format!("'' expected type 'bool', got unconvertible type '{}'", go_type(sent))),
    }
}

fn integer(sent: &Value) -> Result<i64, String> {
    match sent {
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::Number(number) => whole(number),
        Value::String(text) if text.is_empty() => Ok(0),
        Value::String(text) => parse_integer(text),
        _ => Err(format!("'' expected type 'int', got unconvertible type '{}'", go_type(sent))),
    }
}

fn parse_integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        let why = match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.ParseInt: parsing {}: {why}", quoted(text))
    })
}

fn whole(number: &Number) -> Result<i64, String> {
    if let Some(number) = number.as_i64() {
        return Ok(number);
    }
    // What has a fraction is cut off; `as` would saturate silently what is too large.
    match number.as_f64() {
        Some(number) if number.abs() < 9.0e15 => Ok(number.trunc() as i64),
        _ => Err(format!("strconv.ParseInt: parsing {}: value out of range", quoted(&number.to_string()))),
    }
}

/// Whole seconds of a number of them, or of a text such as `1h30m`.
fn seconds(sent: &Value) -> Result<i64, String> {
    match sent {
        Value::Number(number) => whole(number),
        Value::String(text) => parse_duration(text),
        _ => Err("could not parse duration from input".to_owned()),
    }
}

/// Reads a duration as the `ttl` fields and headers of the dialect have it, in whole seconds.
///
/// # Errors
/// The reason in Go's words.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(number);
    }
    if let Some(days) = text.strip_suffix('d') {
        return parse_integer(days).map(|days| days.saturating_mul(86_400));
    }
    if !text.ends_with(['s', 'm', 'h']) {
        return parse_integer(text);
    }
    go_duration(text).ok_or_else(|| format!("time: invalid duration {}", quoted(text)))
}

/// A duration in the form of Go's `time.ParseDuration`, cut off to whole seconds.
fn go_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut nanoseconds: f64 = 0.0;
    while !rest.is_empty() {
        let number_end = rest.find(|found: char| !found.is_ascii_digit() && found != '.')?;
        let (number, after) = rest.split_at(number_end);
        let unit_end =
            after.find(|found: char| found.is_ascii_digit() || found == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1.0e3,
            "ms" => 1.0e6,
            "s" => 1.0e9,
            "m" => 60.0e9,
            "h" => 3_600.0e9,
            _ => return None,
        };
        nanoseconds += number.parse::<f64>().ok()? * scale;
        rest = next;
    }
    // Go's durations end at 292 years; so do these.
    (nanoseconds < 9.2e18).then(|| {
        let seconds = (nanoseconds / 1.0e9).trunc() as i64;
        if negative { -seconds } else { seconds }
    })
}

fn not_negative(seconds: i64) -> Result<i64, String> {
    if seconds < 0 { Err(format!("cannot provide negative value '{seconds}'")) } else { Ok(seconds) }
}

fn list(sent: &Value) -> Result<Vec<Value>, String> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(Value::String(text.trim().to_owned())),
        Value::Number(_) | Value::Bool(_) => Ok(Value::String(go(value))),
        other => Err(format!("'' expected type 'string', got unconvertible type '{}'", go_type(other))),
    };
    match sent {
        Value::Null => Ok(Vec::new()),
        Value::String(text) if text.trim().is_empty() => Ok(Vec::new()),
        Value::String(text) => Ok(text.split(',').map(|part| Value::from(part.trim())).collect()),
        Value::Array(members) => members.iter().map(scalar).collect(),
        other => Ok(vec![scalar(other)?]),
    }
}

/// Names of policies, each once, in order: in lower case, but for those with capitals that are there under that very name.
/// What is built in is meant however its letters are written.
///
/// # Errors
/// The reason why it is no list.
pub fn policy_names(sent: &Value, is_there: impl Fn(&str) -> bool) -> Result<Vec<Value>, String> {
    let name = |member: &str| {
        let (given, lower) = (member.trim(), member.trim().to_lowercase());
        let is_kept = given != lower && lower != ROOT && lower != DEFAULT && is_there(given);
        if is_kept { given.to_owned() } else { lower }
    };
    let mut names: Vec<String> = list(sent)?.iter().filter_map(Value::as_str).map(name).collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    Ok(names.into_iter().map(Value::String).collect())
}

fn map(sent: &Value) -> Result<Map<String, Value>, String> {
    match sent {
        Value::Object(members) => Ok(members.clone()),
        other => Err(format!("expected a map, got '{}'", go_type(other))),
    }
}

fn pairs(sent: &Value) -> Result<Map<String, Value>, String> {
    let members = match sent {
        Value::Object(members) => {
            return members.iter().map(|(name, value)| Ok((name.clone(), text(value)?.into()))).collect();
        }
        other => list(other)?,
    };
    let pair = |member: &Value| {
        let text = member.as_str().unwrap_or_default();
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("invalid key pair {}", quoted(text)))?;
        Ok((name.trim().to_owned(), Value::from(value.trim())))
    };
    members.iter().map(pair).collect()
}

/// A text as Go's `%q` prints it.
fn quoted(text: &str) -> String {
    format!("{:?}", shorten(text))
}

/// A value as Go's `%v` prints it.
pub fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(members) => {
            let members: Vec<String> = members.iter().map(go).collect();
            format!("[{}]", members.join(" "))
        }
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            let mut text = String::from("map[");
            for (index, name) in names.into_iter().enumerate() {
                let value = members.get(name).map(go).unwrap_or_default();
                let space = if index == 0 { "" } else { " " };
                let _ = write!(text, "{space}{name}:{value}");
            }
            text + "]"
        }
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "json.Number",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ok(kind: Kind, sent: Value) -> Value {
        coerce("ttl", kind, &sent).unwrap().unwrap()
    }

    #[test]
    fn null_says_nothing_but_to_lists() {
        use Kind::{
            Any, Base64, Duration, EntryName, Flag, Int, LeaseLength, Map, Pairs, Secret, SignedDuration,
            Text,
        };
        let kinds = [
            Any,
            Base64,
            Duration,
            Flag,
            Int,
            LeaseLength,
            EntryName,
            Map,
            Pairs,
            Secret,
            SignedDuration,
            Text,
        ];
        for kind in kinds {
            assert_eq!(coerce("x", kind, &Value::Null).unwrap(), None, "{kind:?}");
        }
        assert_eq!(ok(Kind::PolicyNames, Value::Null), json!([]));
    }

    #[test]
    fn the_lease_of_a_mount_can_be_left_alone_and_taken_back() {
        assert_eq!(coerce("x", Kind::LeaseLength, &json!("")).unwrap(), None);
        assert_eq!(ok(Kind::LeaseLength, json!("system")), json!(0));
        assert_eq!(ok(Kind::LeaseLength, json!("1h")), json!(3600));
        assert!(coerce("x", Kind::LeaseLength, &json!("-1h")).is_err());
    }

    #[test]
    fn durations_come_as_numbers_and_in_several_forms_of_text() {
        for (sent, seconds) in [
            (json!(3600), 3_600),
            (json!(3600.0), 3_600),
            (json!("3600"), 3_600),
            (json!("30m"), 1_800),
            (json!("1h30m"), 5_400),
            (json!("500ms"), 0),
            (json!("1.5h"), 5_400),
            (json!("7d"), 604_800),
            (json!(""), 0),
        ] {
            assert_eq!(ok(Kind::Duration, sent.clone()), json!(seconds), "{sent}");
        }
        assert_eq!(ok(Kind::SignedDuration, json!("-1")), json!(-1));
    }

    #[test]
    fn refusals_are_in_the_words_that_clients_know() {
        for (kind, sent, text) in [
            (
                Kind::Duration,
                json!("xx"),
                r#"error converting input xx for field "ttl": strconv.ParseInt: parsing "xx": invalid syntax"#,
            ),
            (
                Kind::Duration,
                json!(-5),
                r#"error converting input -5 for field "ttl": cannot provide negative value '-5'"#,
            ),
            (
                Kind::Duration,
                json!("1x3s"),
                r#"error converting input 1x3s for field "ttl": time: invalid duration "1x3s""#,
            ),
            (
                Kind::Map,
                json!("str"),
                r#"error converting input str for field "ttl": '' expected a map, got 'string'"#,
            ),
            (
                Kind::Int,
                json!("five"),
                r#"error converting input five for field "ttl": strconv.ParseInt: parsing "five": invalid syntax"#,
            ),
        ] {
            assert_eq!(coerce("ttl", kind, &sent).unwrap_err(), text);
        }
        let secret = coerce("password", Kind::Secret, &json!({"hunter2": 1})).unwrap_err();
        assert!(!secret.contains("hunter2"), "{secret}");
    }

    #[test]
    fn lists_come_with_commas_as_arrays_and_alone() {
        for (sent, list) in [
            (json!("a, b,c"), json!(["a", "b", "c"])),
            (json!(["a", 1, true]), json!(["a", "1", "true"])),
            (json!("one"), json!(["one"])),
            (json!(""), json!([])),
            (json!(null), json!([])),
        ] {
            assert_eq!(ok(Kind::TextList, sent.clone()), list, "{sent}");
        }
        assert_eq!(ok(Kind::PolicyNames, json!(" Dev,prod,dev")), json!(["dev", "prod"]));
    }

    #[test]
    fn a_policy_keeps_the_capitals_under_which_it_is_there_and_root_is_root() {
        let names = policy_names(&json!("Ops, Dev,ROOT, Root ,Default"), |name| name != "Dev").unwrap();
        assert_eq!(names, ["Ops", "default", "dev", "root"]);
    }

    #[test]
    fn flags_and_numbers_may_be_text() {
        for sent in [json!(true), json!("true"), json!("1"), json!(1)] {
            assert_eq!(ok(Kind::Flag, sent), json!(true));
        }
        assert_eq!(ok(Kind::Int, json!("5")), json!(5));
        assert_eq!(ok(Kind::EntryName, json!(" Dev-Role ")), json!("Dev-Role"));
        assert_eq!(ok(Kind::Text, json!(5)), json!("5"));
    }

    #[test]
    fn pairs_come_as_objects_and_with_equal_signs() {
        let expected = json!({"a": "b", "c": "d"});
        for sent in [json!({"a": "b", "c": "d"}), json!("a=b, c=d"), json!(["a=b", "c=d"])] {
            assert_eq!(ok(Kind::Pairs, sent), expected);
        }
        assert!(coerce("m", Kind::Pairs, &json!("nonsense")).is_err());
    }

    #[test]
    fn values_are_printed_as_go_prints_them() {
        assert_eq!(go(&json!({"b": [1, "x"], "a": null})), "map[a:<nil> b:[1 x]]");
    }
}
