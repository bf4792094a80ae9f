//! Texts and names as XML has them, and the names inside values.

use super::XmlError;
use crate::data::violation::shorten;

/// Where a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    Attribute,
}

/// Appends a text with what means something to XML replaced. A carriage return, and in an attribute every line break,
/// would come back as something else.
pub(super) fn escape(text: &str, place: Place, out: &mut Vec<u8>) -> Result<(), XmlError> {
    for letter in text.chars() {
        let replaced = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '\r' => "&#13;",
            '"' if place == Place::Attribute => "&quot;",
            '\n' if place == Place::Attribute => "&#10;",
            '\t' if place == Place::Attribute => "&#9;",
            _ if has_form(letter) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => {
                let code = u32::from(letter);
                return Err(XmlError(format!("the character U+{code:04X} has no XML form")));
            }
        };
        out.extend_from_slice(replaced.as_bytes());
    }
    Ok(())
}

/// Whether XML has a character in any form (XML 1.0 section 2.2).
pub fn has_form(letter: char) -> bool {
    matches!(letter,
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Checks the name of an element. Those of a model always are; those in `anydata` can be anything.
pub(super) fn check_name(name: &str) -> Result<(), XmlError> {
    let mut letters = name.chars();
    let starts_well = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if starts_well && letters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        return Ok(());
    }
    Err(XmlError(format!("'{}' cannot be the name of an XML element", shorten(name))))
}

/// An instance-identifier with a module in front of every name, and the modules that it and the values in it name.
pub(super) fn qualify<'t>(text: &'t str, is_module: &dyn Fn(&str) -> bool) -> (String, Vec<&'t str>) {
    let mut out = String::with_capacity(2 * text.len());
    let mut modules: Vec<&str> = Vec::new();
    let mut module = "";
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or_default();
        out.push(letter);
        rest = after;
        match letter {
            '/' | '[' if !after.starts_with(|c: char| c == '.' || c.is_ascii_digit()) => {
                let end = after.find(['/', '[', '=']).unwrap_or(after.len());
                let (name, behind) = after.split_at(end);
                let (of, local) = name.split_once(':').unwrap_or((module, name));
                if letter == '/' {
                    module = of;
                }
                note(of, &mut modules);
                out.push_str(of);
                out.push_str(if of.is_empty() { "" } else { ":" });
                out.push_str(local);
                rest = behind;
            }
            '\'' | '"' => {
                let end = after.find(letter).unwrap_or(after.len());
                let (value, behind) = after.split_at(end);
                out.push_str(value);
                out.push(letter);
                rest = behind.get(1..).unwrap_or_default();
                if let Some((of, _)) = value.split_once(':')
                    && is_module(of)
                {
                    note(of, &mut modules);
                }
            }
            _ => {}
        }
    }
    (out, modules)
}

fn note<'t>(module: &'t str, modules: &mut Vec<&'t str>) {
    if !module.is_empty() && !modules.contains(&module) {
        modules.push(module);
    }
}
