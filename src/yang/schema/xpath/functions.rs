//! The functions of XPath 1.0 section 4 and RFC 7950 section 10, as one table: names and arguments.

use super::Function;

/// One function: its name, its least and most arguments (`None`: any number), and whether the first must be a node-set.
pub(super) struct Row {
    pub name: &'static str,
    pub function: Function,
    pub least: usize,
    pub most: Option<usize>,
    pub node_set: bool,
}

const fn row(name: &'static str, function: Function, least: usize, most: usize, node_set: bool) -> Row {
    Row { name, function, least, most: Some(most), node_set }
}

/// XPath 1.0 section 4 and RFC 7950 section 10.
pub(super) const FUNCTIONS: &[Row] = &[
    row("last", Function::Last, 0, 0, false),
    row("position", Function::Position, 0, 0, false),
    row("count", Function::Count, 1, 1, true),
    row("id", Function::Id, 1, 1, false),
    row("local-name", Function::LocalName, 0, 1, true),
    row("namespace-uri", Function::NamespaceUri, 0, 1, true),
    row("name", Function::Name, 0, 1, true),
    row("string", Function::String, 0, 1, false),
    Row { name: "concat", function: Function::Concat, least: 2, most: None, node_set: false },
    row("starts-with", Function::StartsWith, 2, 2, false),
    row("contains", Function::Contains, 2, 2, false),
    row("substring-before", Function::SubstringBefore, 2, 2, false),
    row("substring-after", Function::SubstringAfter, 2, 2, false),
    row("substring", Function::Substring, 2, 3, false),
    row("string-length", Function::StringLength, 0, 1, false),
    row("normalize-space", Function::NormalizeSpace, 0, 1, false),
    row("translate", Function::Translate, 3, 3, false),
    row("boolean", Function::Boolean, 1, 1, false),
    row("not", Function::Not, 1, 1, false),
    row("true", Function::True, 0, 0, false),
    row("false", Function::False, 0, 0, false),
    row("lang", Function::Lang, 1, 1, false),
    row("number", Function::Number, 0, 1, false),
    row("sum", Function::Sum, 1, 1, true),
    row("floor", Function::Floor, 1, 1, false),
    row("ceiling", Function::Ceiling, 1, 1, false),
    row("round", Function::Round, 1, 1, false),
    row("current", Function::Current, 0, 0, false),
    row("re-match", Function::ReMatch, 2, 2, false),
    row("deref", Function::Deref, 1, 1, true),
    row("derived-from", Function::DerivedFrom, 2, 2, true),
    row("derived-from-or-self", Function::DerivedFromOrSelf, 2, 2, true),
    row("enum-value", Function::EnumValue, 1, 1, true),
    row("bit-is-set", Function::BitIsSet, 2, 2, true),
];
