//! The argument of each statement as text: is it written as RFC 7950 section 14 says? What it names is not looked at.

pub mod if_feature;
pub mod path;
pub mod range;

use super::keyword::ArgumentKind;
use super::keyword::rules::Version;
use super::parse::shorten;
use super::xpath::parse_xpath;

/// What is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    /// Diagnostic code.
    pub code: &'static str,
    /// The byte of the argument's text at which it goes wrong; `None` for all of it.
    pub offset: Option<usize>,
    /// What was found.
    pub message: String,
    /// What would be right.
    pub note: String,
}

impl ArgumentError {
    fn new(code: &'static str, message: impl Into<String>, note: impl Into<String>) -> Self {
        ArgumentError { code, offset: None, message: message.into(), note: note.into() }
    }

    fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }
}

/// Checks a text against what an argument of that kind must look like.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(kind: ArgumentKind, text: &str, version: Version) -> Result<(), ArgumentError> {
    match kind {
        ArgumentKind::None | ArgumentKind::Text => Ok(()),
        ArgumentKind::Identifier => identifier(text, version),
        ArgumentKind::Reference => reference(text, version),
        ArgumentKind::Boolean => word(text, &["true", "false"]),
        ArgumentKind::Word(words) => word(text, words),
        ArgumentKind::Date => date(text),
        ArgumentKind::Integer(low, high) => integer(text, low, high),
        ArgumentKind::Maximum => maximum(text),
        ArgumentKind::EnumName => enum_name(text),
        ArgumentKind::Uri => uri(text),
        ArgumentKind::Range => range::parse(text, range::Of::Numbers).map(drop),
        ArgumentKind::Length => range::parse(text, range::Of::Lengths).map(drop),
        ArgumentKind::IfFeature if version == Version::V1 => reference(text, version),
        ArgumentKind::IfFeature => if_feature::parse(text).map(drop),
        ArgumentKind::AbsoluteSchemaNode => path::schema_node(text, path::Start::Root),
        // Which one it is depends on the parent; the checker asks for one of the two.
        ArgumentKind::DescendantSchemaNode | ArgumentKind::SchemaNode => {
            path::schema_node(text, path::Start::Below)
        }
        ArgumentKind::Key => path::key(text),
        ArgumentKind::Unique => path::unique(text),
        ArgumentKind::Path => path::leafref(text),
        ArgumentKind::XPath => parse_xpath(text).map(drop).map_err(|error| {
            ArgumentError::new("Y0120", format!("not an XPath expression: {}", error.message), "")
                .at(error.offset)
        }),
    }
}

/// Whether a text is an `identifier` (section 6.2).
pub fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Whether a text is `identifier` or `prefix:identifier`.
pub fn is_reference(text: &str) -> bool {
    match text.split_once(':') {
        Some((prefix, name)) => is_identifier(prefix) && is_identifier(name),
        None => is_identifier(text),
    }
}

fn identifier(text: &str, version: Version) -> Result<(), ArgumentError> {
    if !is_identifier(text) {
        return Err(ArgumentError::new(
            "Y0110",
            format!("'{}' is not an identifier", shorten(text)),
            "an identifier starts with a letter or '_' and goes on with letters, digits, '_', '-' and '.'",
        ));
    }
    if version == Version::V1 && text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml")) {
        return Err(ArgumentError::new(
            "Y0110",
            format!("the identifier '{}' starts with 'xml'", shorten(text)),
            "YANG version 1 reserves such names (RFC 6020 section 6.2); version 1.1 does not",
        ));
    }
    Ok(())
}

fn reference(text: &str, version: Version) -> Result<(), ArgumentError> {
    match text.split_once(':') {
        Some((prefix, name)) if is_identifier(prefix) && is_identifier(name) => Ok(()),
        None if is_identifier(text) => identifier(text, version),
        _ => Err(ArgumentError::new(
            "Y0111",
            format!("'{}' is not a name", shorten(text)),
            "write an identifier, or prefix:identifier for one of another module",
        )),
    }
}

fn word(text: &str, words: &[&str]) -> Result<(), ArgumentError> {
    if words.contains(&text) {
        return Ok(());
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let allowed = match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => String::new(),
    };
    Err(ArgumentError::new(
        "Y0112",
        format!("'{}' is not allowed here", shorten(text)),
        format!("write {allowed}"),
    ))
}

fn date(text: &str) -> Result<(), ArgumentError> {
    let wrong = |message: String| {
        Err(ArgumentError::new("Y0113", message, "a date is written YYYY-MM-DD, as in 2026-11-22"))
    };
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return wrong(format!("'{}' is not a date", shorten(text)));
    }
    match text.parse::<jiff::civil::Date>() {
        Ok(_) => Ok(()),
        Err(_) => wrong(format!("there is no day {text}")),
    }
}

/// `integer-value` of section 14: no plus, no leading zeros.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}

fn integer(text: &str, low: i64, high: i64) -> Result<(), ArgumentError> {
    let value = if is_integer(text) { text.parse::<i64>().ok() } else { None };
    match value {
        Some(value) if (low..=high).contains(&value) && !(low >= 0 && text.starts_with('-')) => Ok(()),
        _ => Err(ArgumentError::new(
            "Y0114",
            format!("'{}' is not allowed here", shorten(text)),
            format!("write a whole number from {low} to {high}, without plus sign or leading zeros"),
        )),
    }
}

fn maximum(text: &str) -> Result<(), ArgumentError> {
    if text == "unbounded" {
        return Ok(());
    }
    integer(text, 1, i64::from(u32::MAX)).map_err(|error| ArgumentError {
        note: format!("write 'unbounded' or a whole number from 1 to {}", u32::MAX),
        ..error
    })
}

fn enum_name(text: &str) -> Result<(), ArgumentError> {
    let note = "the name of an enum is not empty and has no blanks at its ends (RFC 7950 section 9.6.4)";
    if text.is_empty() {
        return Err(ArgumentError::new("Y0115", "the name of an enum is empty", note));
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Err(ArgumentError::new(
            "Y0115",
            format!("blanks around the enum name '{}'", shorten(text)),
            note,
        ));
    }
    Ok(())
}

/// RFC 3986: a scheme, a colon, and no characters that a URI cannot hold.
fn uri(text: &str) -> Result<(), ArgumentError> {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let scheme_is_one = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let foreign = text.char_indices().find(|(_, c)| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(*c));
    let note = "a namespace is a URI such as urn:example:system or https://example.org/ns/system";
    if let Some((at, c)) = foreign {
        return Err(ArgumentError::new("Y0116", format!("a URI cannot contain {c:?}"), note).at(at));
    }
    if !scheme_is_one {
        return Err(ArgumentError::new("Y0116", format!("'{}' is not a URI", shorten(text)), note));
    }
    Ok(())
}
