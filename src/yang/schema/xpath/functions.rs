//! The functions of XPath 1.0 section 4 and RFC 7950 section 10, as one table: names, arguments and results.

use super::Function;
use super::bind::Gives;

/// One function: its name, its least and most arguments (`None`: any number), whether the first must be a node-set, and
/// what it gives; what the node-sets of `current()`, `deref()` and `id()` hold is worked out where they are called.
pub(super) struct Row {
    pub name: &'static str,
    pub function: Function,
    pub least: usize,
    pub most: Option<usize>,
    pub node_set: bool,
    pub gives: Gives,
}

const fn row(
    name: &'static str,
    function: Function,
    (least, most): (usize, usize),
    node_set: bool,
    gives: Gives,
) -> Row {
    Row { name, function, least, most: Some(most), node_set, gives }
}

/// XPath 1.0 section 4 and RFC 7950 section 10.
pub(super) const FUNCTIONS: &[Row] = &[
    row("last", Function::Last, (0, 0), false, Gives::Number),
    row("position", Function::Position, (0, 0), false, Gives::Number),
    row("count", Function::Count, (1, 1), true, Gives::Number),
    row("id", Function::Id, (1, 1), false, Gives::Nodes(None)),
    row("local-name", Function::LocalName, (0, 1), true, Gives::Text),
    row("namespace-uri", Function::NamespaceUri, (0, 1), true, Gives::Text),
    row("name", Function::Name, (0, 1), true, Gives::Text),
    row("string", Function::String, (0, 1), false, Gives::Text),
    Row {
        name: "concat",
        function: Function::Concat,
        least: 2,
        most: None,
        node_set: false,
        gives: Gives::Text,
    },
    row("starts-with", Function::StartsWith, (2, 2), false, Gives::Truth),
    row("contains", Function::Contains, (2, 2), false, Gives::Truth),
    row("substring-before", Function::SubstringBefore, (2, 2), false, Gives::Text),
    row("substring-after", Function::SubstringAfter, (2, 2), false, Gives::Text),
    row("substring", Function::Substring, (2, 3), false, Gives::Text),
    row("string-length", Function::StringLength, (0, 1), false, Gives::Number),
    row("normalize-space", Function::NormalizeSpace, (0, 1), false, Gives::Text),
    row("translate", Function::Translate, (3, 3), false, Gives::Text),
    row("boolean", Function::Boolean, (1, 1), false, Gives::Truth),
    row("not", Function::Not, (1, 1), false, Gives::Truth),
    row("true", Function::True, (0, 0), false, Gives::Truth),
    row("false", Function::False, (0, 0), false, Gives::Truth),
    row("lang", Function::Lang, (1, 1), false, Gives::Truth),
    row("number", Function::Number, (0, 1), false, Gives::Number),
    row("sum", Function::Sum, (1, 1), true, Gives::Number),
    row("floor", Function::Floor, (1, 1), false, Gives::Number),
    row("ceiling", Function::Ceiling, (1, 1), false, Gives::Number),
    row("round", Function::Round, (1, 1), false, Gives::Number),
    row("current", Function::Current, (0, 0), false, Gives::Nodes(None)),
    row("re-match", Function::ReMatch, (2, 2), false, Gives::Truth),
    row("deref", Function::Deref, (1, 1), true, Gives::Nodes(None)),
    row("derived-from", Function::DerivedFrom, (2, 2), true, Gives::Truth),
    row("derived-from-or-self", Function::DerivedFromOrSelf, (2, 2), true, Gives::Truth),
    row("enum-value", Function::EnumValue, (1, 1), true, Gives::Number),
    row("bit-is-set", Function::BitIsSet, (2, 2), true, Gives::Truth),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_documented() {
        let text = include_str!("../../../../docs/yang.md");
        let missing: Vec<&str> = FUNCTIONS
            .iter()
            .map(|row| row.name)
            .filter(|name| !text.contains(&format!("\n| `{name}` | ")))
            .collect();
        assert!(missing.is_empty(), "docs/yang.md has no row for {missing:?}");
    }
}
