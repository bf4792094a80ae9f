//! Rules about single statements, wherever they stand.

use super::{Linter, Unit};
use crate::yang::resolve::tree::is_node;
use crate::yang::syntax::check::version_of;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::keyword::rules::Version;
use crate::yang::syntax::statement::Statement;

/// Names longer than this are too long (RFC 8407 section 4.3).
const NAME: usize = 64;

pub(super) fn check(linter: &mut Linter<'_, '_>, unit: &Unit) {
    linter.version = version_of(&unit.root);
    walk(linter, &unit.root, None);
}

fn walk(linter: &mut Linter<'_, '_>, statement: &Statement, parent: Option<&Statement>) {
    let Some(id) = statement.id() else {
        // What an extension makes of its block is its own business; what stands in it may be YANG all the same.
        for below in &statement.substatements {
            walk(linter, below, Some(statement));
        }
        return;
    };
    described(linter, statement, id);
    named(linter, statement, id, parent);
    said_for_nothing(linter, statement, id, parent);
    match id {
        K::Must if statement.find(K::ErrorMessage).is_none() => {
            let message = "nobody is told in words what this 'must' asks for";
            linter.warn_with("Y0412", statement.head_span(), message, "add an 'error-message'");
        }
        K::Anyxml if linter.version == Version::V1_1 => {
            let message = format!("'{}' can hold anything that is XML", statement.text());
            let help = "use 'anydata' for data that YANG can describe (RFC 8407 section 4.26.3)";
            linter.warn_with("Y0419", statement.head_span(), message, help);
        }
        K::List if is_state(statement) && statement.find(K::Key).is_none() => {
            let message = format!("the entries of the list '{}' cannot be told apart", statement.text());
            linter.warn_with("Y0417", statement.head_span(), message, "give it a 'key'");
        }
        K::Description | K::Reference if is_placeholder(statement.text()) => {
            let message = format!("this {id} says nothing");
            linter.warn("Y0418", statement.argument_span(), message);
        }
        _ => {}
    }
    if matches!(id, K::Must | K::When) {
        expression(linter, statement);
    }
    for below in &statement.substatements {
        walk(linter, below, Some(statement));
    }
}

/// RFC 8407 sections 4.11.3 and 4.14.
fn described(linter: &mut Linter<'_, '_>, statement: &Statement, id: K) {
    let code = match id {
        K::Extension
        | K::Feature
        | K::Identity
        | K::Typedef
        | K::Grouping
        | K::Augment
        | K::Rpc
        | K::Action
        | K::Notification
        | K::Container
        | K::Leaf
        | K::LeafList
        | K::List
        | K::Choice
        | K::Anydata
        | K::Anyxml => "Y0401",
        K::Enum | K::Bit => "Y0402",
        _ => return,
    };
    if statement.find(K::Description).is_none() {
        linter.warn(
            code,
            statement.head_span(),
            format!("the {id} '{}' has no description", statement.text()),
        );
    }
}

/// RFC 8407 section 4.3.
fn named(linter: &mut Linter<'_, '_>, statement: &Statement, id: K, parent: Option<&Statement>) {
    // The two without a name of their own have nothing to look at.
    let is_node = is_node(id) && !matches!(id, K::Input | K::Output);
    let is_definition =
        matches!(id, K::Module | K::Submodule | K::Typedef | K::Grouping | K::Feature | K::Extension);
    // These may be well-known values, which are written as the world writes them.
    let is_value = matches!(id, K::Enum | K::Bit | K::Identity);
    if !is_node && !is_definition && !is_value {
        return;
    }
    let name = statement.text();
    let length = name.chars().count();
    if length > NAME {
        let message = format!("the name has {length} characters");
        linter.warn_with("Y0409", statement.argument_span(), message, format!("at most {NAME} are wanted"));
    }
    let is_odd = |c: char| c.is_uppercase() || c == '_';
    if !is_value && name.contains(is_odd) {
        let better = hyphenated(name);
        linter.warn_with(
            "Y0408",
            statement.argument_span(),
            format!("'{name}' is not written in lower case with hyphens"),
            format!("such as '{better}' (RFC 8407 section 4.3.1)"),
        );
    }
    let above = parent.filter(|above| above.is(K::Container) || above.is(K::List)).map(Statement::text);
    let repeats = above.filter(|above| {
        name.strip_prefix(above).is_some_and(|rest| rest.starts_with('-')) && !above.is_empty()
    });
    if let (true, Some(above)) = (is_node, repeats) {
        let short = name.get(above.len() + 1..).unwrap_or_default();
        let message = format!("'{name}' repeats the name of the node that it is in");
        linter.warn_with("Y0416", statement.argument_span(), message, format!("'{short}' would do"));
    }
}

/// `fooBar_baz` as `foo-bar-baz`.
fn hyphenated(name: &str) -> String {
    let mut better = String::new();
    let mut before_is_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && before_is_lower {
            better.push('-');
        }
        before_is_lower = c.is_lowercase() || c.is_ascii_digit();
        better.extend(if c == '_' { vec!['-'] } else { c.to_lowercase().collect::<Vec<_>>() });
    }
    better
}

/// Statements that say what holds without them (RFC 8407 section 4.4).
fn said_for_nothing(linter: &mut Linter<'_, '_>, statement: &Statement, id: K, parent: Option<&Statement>) {
    let default = match id {
        K::Config | K::RequireInstance => "true",
        K::Mandatory | K::YinElement => "false",
        K::MaxElements => "unbounded",
        K::MinElements => "0",
        K::OrderedBy => "system",
        K::Status => "current",
        _ => return,
    };
    // A refinement or deviation says it to change what was said before.
    let changes = parent.is_some_and(|parent| parent.is(K::Refine) || parent.is(K::Deviate));
    if statement.text() == default && !changes {
        let message = format!("'{id} {default}' is what holds without it");
        linter.warn("Y0411", statement.head_span(), message);
    }
}

/// RFC 8407 sections 4.6.2 and 4.6.3.
fn expression(linter: &mut Linter<'_, '_>, statement: &Statement) {
    let code: String = outside_literals(statement.text()).split_whitespace().collect();
    for axis in ["preceding", "preceding-sibling", "following", "following-sibling"] {
        let uses = code.match_indices(axis).any(|(at, _)| {
            code.get(at + axis.len()..).is_some_and(|rest| rest.starts_with("::"))
                && !code.get(..at).is_some_and(|before| before.ends_with(is_name))
        });
        if uses {
            let message = format!("the axis '{axis}' goes by an order that data need not have");
            linter.warn("Y0413", statement.argument_span(), message);
        }
    }
    for function in ["position", "last"] {
        let uses = code.match_indices(function).any(|(at, _)| {
            code.get(at + function.len()..).is_some_and(|rest| rest.starts_with("()"))
                && !code.get(..at).is_some_and(|before| before.ends_with(is_name))
        });
        if uses {
            let message = format!("the function '{function}' goes by an order that data need not have");
            linter.warn("Y0413", statement.argument_span(), message);
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')
}

/// An expression without what stands in quotes.
fn outside_literals(expression: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    for c in expression.chars() {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            None => out.push(c),
            Some(open) if open == c => quote = None,
            Some(_) => {}
        }
    }
    out
}

fn is_state(statement: &Statement) -> bool {
    statement.find(K::Config).is_some_and(|config| config.text() == "false")
}

fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    matches!(
        text.as_str(),
        "" | "todo" | "tbd" | "fixme" | "xxx" | "description" | "reference" | "none" | "n/a"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_suggested_in_lower_case_with_hyphens() {
        assert_eq!(hyphenated("fooBar_baz"), "foo-bar-baz");
        assert_eq!(hyphenated("IPv4Address"), "ipv4-address");
    }

    #[test]
    fn what_stands_in_quotes_is_no_expression() {
        assert_eq!(outside_literals("a = 'last()' and b"), "a =  and b");
    }
}
