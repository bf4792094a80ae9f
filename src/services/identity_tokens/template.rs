//! Templates of claims: a JSON object in which `{{...}}` stands for facts about an entity and for the time.
//!
//! A value is written with its quotes, so a template says `"name": {{identity.entity.name}}`. The text is cut at every `{{`
//! and `}}`, also where JSON closes two objects: write `} }` there. Pure: the entity and the time are parameters.

use serde::Serialize as _;
use serde_json::{Map, Value};

use crate::base::clock::Timestamp;
use crate::base::duration::Duration;

/// Claims that no template sets.
pub const RESERVED: [&str; 10] =
    ["iat", "aud", "exp", "iss", "sub", "namespace", "nonce", "auth_time", "at_hash", "c_hash"];

/// A template that was found to be good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Fact(Fact),
}

/// What a directive stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fact {
    Id,
    Name,
    Metadata,
    MetadataOf(String),
    GroupNames,
    GroupIds,
    Alias(String, AliasFact),
    /// Seconds from now.
    Time(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum AliasFact {
    Id,
    Name,
    Metadata,
    MetadataOf(String),
    Custom,
    CustomOf(String),
}

/// An entity as templates see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its metadata.
    pub metadata: Map<String, Value>,
    /// Its groups, direct and inherited.
    pub groups: Vec<GroupFacts>,
    /// What it is called where it logs in.
    pub aliases: Vec<AliasFacts>,
}

/// A group as templates see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// An alias as templates see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AliasFacts {
    /// Where.
    pub accessor: String,
    /// Its id.
    pub id: String,
    /// What the entity is called there.
    pub name: String,
    /// What the log-in method told.
    pub metadata: Map<String, Value>,
    /// What an administrator wrote.
    pub custom: Map<String, Value>,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{{` without `}}` or the other way round.
    #[error("error parsing template: unbalanced templating characters")]
    Unbalanced,
    /// A directive that there is not.
    #[error("error parsing template: no value could be found for one of the template directives")]
    Unknown,
    /// Groups are not to be reached like this.
    #[error("error parsing template: string contains groups template directives but no groups were provided")]
    Groups,
    /// An alias without a word about what of it.
    #[error("error parsing template: invalid alias selector")]
    Alias,
    /// Something else than `now`.
    #[error("error parsing template: invalid time selector {0:?}")]
    TimeSelector(String),
    /// Something else than `plus` and `minus`.
    #[error("error parsing template: invalid time operator {0:?}")]
    TimeOperator(String),
    /// Nothing behind the operator.
    #[error("error parsing template: missing time operand")]
    TimeOperand,
    /// No duration behind the operator.
    #[error("error parsing template: invalid duration {0:?}")]
    Duration(String),
    /// What comes of it is no JSON object.
    #[error("error parsing template JSON: {0}")]
    Json(String),
    /// It sets a claim that is not its own.
    #[error("top level key {key:?} not allowed. Restricted keys: {}", RESERVED.join(", "))]
    Reserved {
        /// Which one.
        key: String,
    },
}

impl Template {
    /// Reads a template, and tries it out with an entity of which nothing is known.
    ///
    /// # Errors
    /// [`TemplateError`], in words that clients know.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.is_empty() {
            return Ok(Template::default());
        }
        let mut pieces = text.split("{{");
        let first = pieces.next().unwrap_or_default();
        if first.contains("}}") {
            return Err(TemplateError::Unbalanced);
        }
        let mut parts = vec![Part::Text(first.to_owned())];
        for piece in pieces {
            let (directive, rest) = piece.split_once("}}").ok_or(TemplateError::Unbalanced)?;
            if rest.contains("}}") {
                return Err(TemplateError::Unbalanced);
            }
            parts.push(Part::Fact(fact(directive.trim())?));
            parts.push(Part::Text(rest.to_owned()));
        }
        let template = Template { parts };
        let claims = template.claims(&Subject::default(), Timestamp::default())?;
        match claims.keys().find(|key| RESERVED.contains(&key.as_str())) {
            Some(key) => Err(TemplateError::Reserved { key: key.clone() }),
            None => Ok(template),
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The claims for an entity.
    ///
    /// # Errors
    /// [`TemplateError::Json`] when they are no object after all.
    pub fn claims(&self, subject: &Subject, now: Timestamp) -> Result<Map<String, Value>, TemplateError> {
        if self.is_empty() {
            return Ok(Map::new());
        }
        let mut text = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.extend_from_slice(literal.as_bytes()),
                // Writing JSON to memory does not fail.
                Part::Fact(fact) => {
                    let _ = fact.value(subject, now).serialize(&mut serde_json::Serializer::new(&mut text));
                }
            }
        }
        match serde_json::from_slice(&text) {
            Ok(Value::Object(claims)) => Ok(claims),
            Ok(other) => {
                let message = format!(
                    "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                    kind(&other)
                );
                Err(TemplateError::Json(message))
            }
            Err(error) if error.is_eof() => {
                Err(TemplateError::Json("unexpected end of JSON input".to_owned()))
            }
            Err(error) => Err(TemplateError::Json(error.to_string())),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "array",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Null | Value::Object(_) => "null",
    }
}

impl Fact {
    fn value(&self, subject: &Subject, now: Timestamp) -> Value {
        let texts =
            |text: fn(&GroupFacts) -> &str| subject.groups.iter().map(text).map(Value::from).collect();
        match self {
            Fact::Id => subject.id.as_str().into(),
            Fact::Name => subject.name.as_str().into(),
            Fact::Metadata => subject.metadata.clone().into(),
            Fact::MetadataOf(key) => member(&subject.metadata, key),
            Fact::GroupNames => texts(|group| &group.name),
            Fact::GroupIds => texts(|group| &group.id),
            Fact::Alias(accessor, fact) => {
                let nobody = AliasFacts::default();
                let alias =
                    subject.aliases.iter().find(|alias| alias.accessor == *accessor).unwrap_or(&nobody);
                match fact {
                    AliasFact::Id => alias.id.as_str().into(),
                    AliasFact::Name => alias.name.as_str().into(),
                    AliasFact::Metadata => alias.metadata.clone().into(),
                    AliasFact::MetadataOf(key) => member(&alias.metadata, key),
                    AliasFact::Custom => alias.custom.clone().into(),
                    AliasFact::CustomOf(key) => member(&alias.custom, key),
                }
            }
            Fact::Time(seconds) => now.seconds().saturating_add(*seconds).into(),
        }
    }
}

fn member(metadata: &Map<String, Value>, key: &str) -> Value {
    metadata.get(key).cloned().unwrap_or_else(|| Value::from(""))
}

fn fact(directive: &str) -> Result<Fact, TemplateError> {
    if let Some(selector) = directive.strip_prefix("identity.entity.") {
        return entity_fact(selector);
    }
    if directive.starts_with("identity.groups.") {
        return Err(TemplateError::Groups);
    }
    match directive.strip_prefix("time.") {
        Some(selector) => time_fact(selector).map(Fact::Time),
        None => Err(TemplateError::Unknown),
    }
}

fn entity_fact(selector: &str) -> Result<Fact, TemplateError> {
    Ok(match selector {
        "id" => Fact::Id,
        "name" => Fact::Name,
        "metadata" => Fact::Metadata,
        "groups.names" => Fact::GroupNames,
        "groups.ids" => Fact::GroupIds,
        _ => {
            if let Some(key) = selector.strip_prefix("metadata.") {
                return Ok(Fact::MetadataOf(key.to_owned()));
            }
            let of_alias = selector.strip_prefix("aliases.").ok_or(TemplateError::Unknown)?;
            let (accessor, what) = of_alias.split_once('.').ok_or(TemplateError::Alias)?;
            let what = match what {
                "id" => AliasFact::Id,
                "name" => AliasFact::Name,
                "metadata" => AliasFact::Metadata,
                "custom_metadata" => AliasFact::Custom,
                _ => match (what.strip_prefix("metadata."), what.strip_prefix("custom_metadata.")) {
                    (Some(key), _) => AliasFact::MetadataOf(key.to_owned()),
                    (None, Some(key)) => AliasFact::CustomOf(key.to_owned()),
                    (None, None) => return Err(TemplateError::Unknown),
                },
            };
            Fact::Alias(accessor.to_owned(), what)
        }
    })
}

fn time_fact(selector: &str) -> Result<i64, TemplateError> {
    let mut words = selector.splitn(3, '.');
    let first = words.next().unwrap_or_default();
    if first != "now" {
        return Err(TemplateError::TimeSelector(first.to_owned()));
    }
    let Some(operator) = words.next() else { return Ok(0) };
    let operand = words.next().ok_or(TemplateError::TimeOperand)?;
    let sign = match operator {
        "plus" => 1,
        "minus" => -1,
        other => return Err(TemplateError::TimeOperator(other.to_owned())),
    };
    let seconds = match operand.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            operand.parse::<Duration>().map_err(|_| TemplateError::Duration(operand.to_owned()))?.seconds()
        }
    };
    Ok(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(sign))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subject() -> Subject {
        let object = |value: Value| value.as_object().cloned().unwrap();
        Subject {
            id: "e1".to_owned(),
            name: "alice".to_owned(),
            metadata: object(json!({"color": "re\"d"})),
            groups: ["ops", "staff"]
                .map(|name| GroupFacts { id: format!("id-{name}"), name: name.to_owned() })
                .to_vec(),
            aliases: vec![AliasFacts {
                accessor: "auth_jwt_1".to_owned(),
                id: "a1".to_owned(),
                name: "al".to_owned(),
                metadata: object(json!({"org": "o1"})),
                custom: object(json!({"seat": "7"})),
            }],
        }
    }

    fn claims(text: &str) -> Value {
        Value::Object(
            Template::parse(text).unwrap().claims(&subject(), Timestamp::from_seconds(1_000)).unwrap(),
        )
    }

    #[test]
    fn every_directive_stands_for_its_fact_with_quotes_around_it() {
        for (text, expected) in [
            (r#"{"x": {{identity.entity.id}}}"#.replace("}}}", "}} }"), json!("e1")),
            (r#"{"x": {{ identity.entity.name }} }"#.to_owned(), json!("alice")),
            (r#"{"x": {{identity.entity.metadata}} }"#.to_owned(), json!({"color": "re\"d"})),
            (r#"{"x": {{identity.entity.metadata.color}} }"#.to_owned(), json!("re\"d")),
            (r#"{"x": {{identity.entity.metadata.none}} }"#.to_owned(), json!("")),
            (r#"{"x": {{identity.entity.groups.names}} }"#.to_owned(), json!(["ops", "staff"])),
            (r#"{"x": {{identity.entity.groups.ids}} }"#.to_owned(), json!(["id-ops", "id-staff"])),
            (r#"{"x": {{identity.entity.aliases.auth_jwt_1.id}} }"#.to_owned(), json!("a1")),
            (r#"{"x": {{identity.entity.aliases.auth_jwt_1.name}} }"#.to_owned(), json!("al")),
            (r#"{"x": {{identity.entity.aliases.auth_jwt_1.metadata.org}} }"#.to_owned(), json!("o1")),
            (
                r#"{"x": {{identity.entity.aliases.auth_jwt_1.custom_metadata}} }"#.to_owned(),
                json!({"seat": "7"}),
            ),
            (r#"{"x": {{identity.entity.aliases.nowhere.metadata}} }"#.to_owned(), json!({})),
            (r#"{"x": {{identity.entity.aliases.nowhere.name}} }"#.to_owned(), json!("")),
            (r#"{"x": {{time.now}} }"#.to_owned(), json!(1_000)),
            (r#"{"x": {{time.now.plus.1h}} }"#.to_owned(), json!(4_600)),
            (r#"{"x": {{time.now.minus.5s}} }"#.to_owned(), json!(995)),
        ] {
            assert_eq!(claims(&text), json!({"x": expected}), "{text}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused_in_the_words_that_clients_know() {
        for (text, message) in [
            (r#"{"a": {"b": {{time.now}}}}"#, "error parsing template: unbalanced templating characters"),
            ("{{identity.entity.id", "error parsing template: unbalanced templating characters"),
            ("}}", "error parsing template: unbalanced templating characters"),
            (
                r#"{"a": {{identity.foo}} }"#,
                "error parsing template: no value could be found for one of the template directives",
            ),
            (
                r#"{"a": {{identity.groups.names.x}} }"#,
                "error parsing template: string contains groups template directives but no groups were provided",
            ),
            (r#"{"a": {{time.foo}} }"#, "error parsing template: invalid time selector \"foo\""),
            (r#"{"a": 1"#, "error parsing template JSON: unexpected end of JSON input"),
            (
                "[1]",
                "error parsing template JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
            ),
            (
                r#"{"iss": "x"}"#,
                "top level key \"iss\" not allowed. Restricted keys: iat, aud, exp, iss, sub, namespace, nonce, \
                 auth_time, at_hash, c_hash",
            ),
        ] {
            assert_eq!(Template::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn a_time_before_which_a_token_is_not_valid_can_be_set() {
        assert_eq!(claims(r#"{"nbf": {{time.now}} }"#), json!({"nbf": 1_000}));
    }
}
