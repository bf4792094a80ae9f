//! From the text of a policy, in HCL or in JSON, to its rules.

use serde_json::{Map, Value};

use super::older;
use super::path::AclPath;
use super::{Acl, AclRule, Capabilities, Capability};
use crate::base::duration::Duration;
use crate::base::json::distinct;

/// How long a text may be, in bytes: parsing costs time.
pub const LONGEST: usize = 256 * 1024;

/// How deep blocks and lists may stand in one another: the parser of HCL goes down as deep as its text does.
const DEEPEST: usize = 32;

/// How variables begin in other tools: a path that has this in it was meant to be filled in before it came here.
const FOREIGN: &str = "${";

/// Reads a text.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Acl, String> {
    if text.len() > LONGEST {
        return Err(format!("the text has {} bytes; at most {LONGEST} are accepted", text.len()));
    }
    if is_too_deep(text) {
        return Err(format!("blocks and lists stand more than {DEEPEST} deep in one another"));
    }
    let trimmed = text.trim_start();
    let value: Value = match trimmed.starts_with('{') {
        true => distinct::read(trimmed.as_bytes(), DEEPEST).map_err(|error| error.to_string())?,
        false => hcl(trimmed)?,
    };
    let Value::Object(members) = value else { return Err("a policy consists of blocks 'path'".to_owned()) };
    let mut rules = Vec::new();
    for (name, value) in &members {
        match name.as_str() {
            "path" => paths(value, &mut rules)?,
            "name" => {}
            other => return Err(format!("invalid key {other:?}: a policy consists of blocks 'path'")),
        }
    }
    Ok(Acl { rules })
}

/// Reads a text of the newer form of HCL, or of the older one; what is neither is told as it is in the newer one.
fn hcl(text: &str) -> Result<Value, String> {
    hcl::from_str(text).or_else(|error| {
        let newer = older::in_newer_form(text).and_then(|text| hcl::from_str(&text).ok());
        newer.ok_or_else(|| foreign_variable(text).unwrap_or_else(|| one_line(&error.to_string())))
    })
}

/// What is said of the first text in quotes with a variable as other tools write them.
fn foreign_variable(text: &str) -> Option<String> {
    let quoted = text.lines().map(str::trim_start).filter(|line| !line.starts_with(['#', '/']));
    let found =
        quoted.flat_map(|line| line.split('"').skip(1).step_by(2)).find(|text| text.contains(FOREIGN))?;
    let found = crate::data::violation::shorten(found);
    Some(format!(
        "path {found:?}: '${{…}}' is not known here; a variable is written as in \
         secret/{{{{identity.entity.name}}}}/*"
    ))
}

/// Counts brackets, wherever they stand: a text that has so many of them in strings is no policy either.
fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// The first line of what a parser says; the rest quotes the text.
fn one_line(said: &str) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [first, .., last] => format!("{first}: {last}"),
        [only] => (*only).to_owned(),
        [] => "it is not HCL".to_owned(),
    }
}

fn paths(value: &Value, rules: &mut Vec<AclRule>) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            for (path, body) in members {
                bodies(path, body, rules)?;
            }
            Ok(())
        }
        Value::Array(several) => several.iter().try_for_each(|one| paths(one, rules)),
        _ => Err("a block 'path' has the form: path \"…\" { capabilities = […] }".to_owned()),
    }
}

fn bodies(path: &str, body: &Value, rules: &mut Vec<AclRule>) -> Result<(), String> {
    match body {
        Value::Object(members) => {
            rules.push(rule(path, members)?);
            Ok(())
        }
        Value::Array(several) => several.iter().try_for_each(|one| bodies(path, one, rules)),
        _ => Err(format!("path {path:?}: a block is expected")),
    }
}

fn rule(path: &str, members: &Map<String, Value>) -> Result<AclRule, String> {
    let wrong = |what: String| format!("path {path:?}: {what}");
    if let Some(told) = foreign_variable(&format!("{path:?}")) {
        return Err(told);
    }
    let mut rule = AclRule {
        path: AclPath::parse(path)?,
        capabilities: Capabilities::default(),
        min_wrapping: 0,
        max_wrapping: 0,
        allowed: None,
        denied: Map::new(),
        required: Vec::new(),
    };
    for (name, value) in members {
        match name.as_str() {
            "capabilities" => {
                for word in words(value).ok_or_else(|| wrong("capabilities is a list of texts".to_owned()))? {
                    rule.capabilities.add(capability(&word).map_err(wrong)?);
                }
            }
            "policy" => older(value, &mut rule.capabilities).map_err(wrong)?,
            "min_wrapping_ttl" => rule.min_wrapping = seconds(value).map_err(wrong)?,
            "max_wrapping_ttl" => rule.max_wrapping = seconds(value).map_err(wrong)?,
            "allowed_parameters" => rule.allowed = Some(parameters(value).map_err(wrong)?),
            "denied_parameters" => rule.denied = parameters(value).map_err(wrong)?,
            "required_parameters" => {
                rule.required =
                    words(value).ok_or_else(|| wrong("required_parameters is a list of texts".to_owned()))?;
            }
            "comment" => {}
            // Each takes something away from what the rule grants: without it, the rule would grant too much.
            "control_group" | "mfa_methods" | "subscribe_event_types" => {
                return Err(wrong(format!("{name:?} is not supported")));
            }
            other => return Err(wrong(format!("invalid key {other:?}"))),
        }
    }
    if rule.capabilities.has(Capability::Deny) {
        rule.capabilities = Capabilities::default();
        rule.capabilities.add(Capability::Deny);
    }
    if rule.min_wrapping > 0 && rule.max_wrapping > 0 && rule.max_wrapping < rule.min_wrapping {
        return Err(wrong("max_wrapping_ttl cannot be less than min_wrapping_ttl".to_owned()));
    }
    Ok(rule)
}

fn capability(word: &str) -> Result<Capability, String> {
    let known = Capability::ALL.into_iter().find(|known| known.as_str() == word);
    known.ok_or_else(|| format!("invalid capability {:?}", crate::data::violation::shorten(word)))
}

/// The older form: one word for several capabilities.
fn older(value: &Value, capabilities: &mut Capabilities) -> Result<(), String> {
    use Capability::{Create, Delete, Deny, List, Read, Sudo, Update};
    let word = value.as_str().unwrap_or_default();
    let meant: &[Capability] = match word {
        "deny" => &[Deny],
        "read" => &[Read, List],
        "write" => &[Create, Read, Update, Delete, List],
        "sudo" => &[Create, Read, Update, Delete, List, Sudo],
        _ => return Err(format!("invalid policy {:?}", crate::data::violation::shorten(word))),
    };
    meant.iter().for_each(|one| capabilities.add(*one));
    Ok(())
}

fn words(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|member| Some(member.as_str()?.to_owned())).collect()
}

fn parameters(value: &Value) -> Result<Map<String, Value>, String> {
    let members = value.as_object().ok_or("parameters are a map of names and lists of values")?;
    if members.values().any(|values| !values.is_array()) {
        return Err("the values of a parameter are a list".to_owned());
    }
    Ok(members.clone())
}

fn seconds(value: &Value) -> Result<i64, String> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok().or_else(|| {
            let duration: Duration = text.parse().ok()?;
            i64::try_from(duration.seconds()).ok()
        }),
        _ => None,
    };
    number
        .filter(|seconds| *seconds >= 0)
        .ok_or_else(|| "a wrapping ttl is a number of seconds, or a text such as 5m or 1h30m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hcl_and_json_say_the_same() {
        let hcl = "# who reads\npath \"secret/*\" {\n  capabilities = [\"read\", \"list\"]\n}\npath \"sys/+/x\" { policy = \"write\" }\n";
        let json =
            r#"{"path": {"secret/*": {"capabilities": ["read", "list"]}, "sys/+/x": {"policy": "write"}}}"#;
        assert_eq!(parse(hcl).unwrap(), parse(json).unwrap());
        assert_eq!(parse(hcl).unwrap().rules.len(), 2);
        assert_eq!(parse("").unwrap(), Acl::default());
    }

    #[test]
    fn the_older_form_of_hcl_says_the_same() {
        let newer = "path \"a\" {\n  capabilities = [\"read\"]\n  min_wrapping_ttl = \"1m\"\n  denied_parameters = { \"*\" = [] }\n}";
        for older in [
            r#"path "a" { capabilities = ["read"] min_wrapping_ttl = "1m" denied_parameters { "*" = [] } }"#,
            r#""path" "a" { "capabilities" = ["read",], min_wrapping_ttl = 60, denied_parameters = { "*" = [] } }"#,
        ] {
            assert_eq!(parse(older).unwrap(), parse(newer).unwrap(), "{older}");
        }
    }

    #[test]
    fn what_would_take_away_is_not_left_out() {
        for name in ["control_group", "mfa_methods", "subscribe_event_types"] {
            let text = format!("path \"a\" {{\n  capabilities = [\"read\"]\n  {name} = [\"x\"]\n}}");
            assert_eq!(parse(&text).unwrap_err(), format!("path \"a\": \"{name}\" is not supported"));
        }
    }

    #[test]
    fn a_path_may_come_twice() {
        let text = "path \"a\" { capabilities = [\"read\"] }\npath \"a\" { capabilities = [\"list\"] }";
        assert_eq!(parse(text).unwrap().rules.len(), 2);
    }

    #[test]
    fn a_name_that_stands_twice_leaves_nothing_out() {
        for text in [
            r#"{"path": {"a": {"capabilities": ["deny"]}}, "path": {"a": {"capabilities": ["read"]}}}"#,
            r#"{"path": {"a": {"capabilities": ["deny"]}, "a": {"capabilities": ["read"]}}}"#,
            r#"{"path": {"a": {"capabilities": ["deny"], "capabilities": ["read"]}}}"#,
            "path \"a\" {\n  capabilities = [\"deny\"]\n  capabilities = [\"read\"]\n}",
            "path \"a\" {\n  capabilities = [\"read\"]\n  denied_parameters = { \"p\" = [\"1\"], \"p\" = [\"2\"] }\n}",
        ] {
            assert!(parse(text).is_err(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn times_are_written_as_elsewhere() {
        let least = |ttl: &str| {
            let text = format!("path \"a\" {{\n  capabilities = [\"read\"]\n  min_wrapping_ttl = {ttl}\n}}");
            parse(&text).map(|acl| acl.rules[0].min_wrapping)
        };
        for (ttl, seconds) in
            [("90", 90), ("\"90\"", 90), ("\"5m\"", 300), ("\"1h30m\"", 5400), ("\"2d\"", 172_800)]
        {
            assert_eq!(least(ttl), Ok(seconds), "{ttl}");
        }
        for ttl in ["-1", "\"-5m\"", "\"5x\"", "\"\"", "true"] {
            assert!(least(ttl).is_err(), "{ttl}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, told) in [
            (r#"path "a" { capabilities = ["fly"] }"#, r#"path "a": invalid capability "fly""#),
            (r#"path "a" { colour = 1 }"#, r#"path "a": invalid key "colour""#),
            (r#"paths "a" { }"#, "invalid key \"paths\""),
            (r#"path "a" {"#, ""),
            ("{\"path\": 5}", "a block 'path'"),
            ("[", ""),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(told), "{text}: {said}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"path \"a\" {".repeat(10_000)).is_err());
    }

    #[test]
    fn a_variable_of_other_tools_is_told_with_its_path_and_how_it_is_written_here() {
        for text in [
            "path \"a/${name}\" { capabilities = [\"read\"] }",
            "# for ${name}\npath \"a/${name}\" {\n  capabilities = [\"read\"]\n}\n",
            r#"{"path": {"a/${name}": {"capabilities": ["read"]}}}"#,
        ] {
            let said = parse(text).unwrap_err();
            let told = "path \"a/${name}\": '${…}' is not known here; a variable is written as in \
                        secret/{{identity.entity.name}}/*";
            assert_eq!(said, told, "{text}");
        }
    }

    #[test]
    fn deny_stands_alone() {
        let acl = parse(r#"path "a" { capabilities = ["deny", "read"] }"#).unwrap();
        assert_eq!(acl.rules[0].capabilities.iter().collect::<Vec<_>>(), [Capability::Deny]);
    }
}
