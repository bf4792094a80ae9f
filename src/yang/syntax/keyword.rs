//! The statements of RFC 7950 and what each takes as its argument. What may stand in the block of each is one table,
//! [`rules`].

pub mod rules;

macro_rules! keywords {
    ($($id:ident = $name:literal,)*) => {
        /// A statement of RFC 7950.
        #[allow(missing_docs)] // each is named after its keyword and described in RFC 7950 section 7
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum KeywordId { $($id),* }

        impl KeywordId {
            /// All of them, by name.
            pub const ALL: &[KeywordId] = &[$(KeywordId::$id),*];

            /// The keyword as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(KeywordId::$id => $name),* }
            }

            /// The statement with that keyword.
            pub fn from_name(name: &str) -> Option<Self> {
                let place = Self::ALL.binary_search_by(|id| id.as_str().cmp(name)).ok()?;
                Self::ALL.get(place).copied()
            }
        }
    };
}

keywords! {
    Action = "action",
    Anydata = "anydata",
    Anyxml = "anyxml",
    Argument = "argument",
    Augment = "augment",
    Base = "base",
    BelongsTo = "belongs-to",
    Bit = "bit",
    Case = "case",
    Choice = "choice",
    Config = "config",
    Contact = "contact",
    Container = "container",
    Default = "default",
    Description = "description",
    Deviate = "deviate",
    Deviation = "deviation",
    Enum = "enum",
    ErrorAppTag = "error-app-tag",
    ErrorMessage = "error-message",
    Extension = "extension",
    Feature = "feature",
    FractionDigits = "fraction-digits",
    Grouping = "grouping",
    Identity = "identity",
    IfFeature = "if-feature",
    Import = "import",
    Include = "include",
    Input = "input",
    Key = "key",
    Leaf = "leaf",
    LeafList = "leaf-list",
    Length = "length",
    List = "list",
    Mandatory = "mandatory",
    MaxElements = "max-elements",
    MinElements = "min-elements",
    Modifier = "modifier",
    Module = "module",
    Must = "must",
    Namespace = "namespace",
    Notification = "notification",
    OrderedBy = "ordered-by",
    Organization = "organization",
    Output = "output",
    Path = "path",
    Pattern = "pattern",
    Position = "position",
    Prefix = "prefix",
    Presence = "presence",
    Range = "range",
    Reference = "reference",
    Refine = "refine",
    RequireInstance = "require-instance",
    Revision = "revision",
    RevisionDate = "revision-date",
    Rpc = "rpc",
    Status = "status",
    Submodule = "submodule",
    Type = "type",
    Typedef = "typedef",
    Unique = "unique",
    Units = "units",
    Uses = "uses",
    Value = "value",
    When = "when",
    YangVersion = "yang-version",
    YinElement = "yin-element",
}

impl std::fmt::Display for KeywordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What kind of text the argument of a statement is (RFC 7950 section 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// There is none.
    None,
    /// Any text.
    Text,
    /// `identifier`
    Identifier,
    /// `[prefix:]identifier`
    Reference,
    /// `true` or `false`
    Boolean,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A date `YYYY-MM-DD`.
    Date,
    /// A whole number between two bounds, both included.
    Integer(i64, i64),
    /// A positive whole number or `unbounded`.
    Maximum,
    /// Name of an enum: not empty, no blanks around it.
    EnumName,
    /// A URI.
    Uri,
    /// Bounds of numbers.
    Range,
    /// Bounds of a length.
    Length,
    /// Names of features with `not`, `and`, `or`; in version 1 one name.
    IfFeature,
    /// A path of schema nodes from the root of all modules.
    AbsoluteSchemaNode,
    /// A path of schema nodes below the parent of the statement.
    DescendantSchemaNode,
    /// Either of these two: `augment` takes the one in a module, the other in `uses`.
    SchemaNode,
    /// Names of leafs.
    Key,
    /// Paths of leafs.
    Unique,
    /// Where a leafref points.
    Path,
    /// An XPath expression.
    XPath,
}

impl KeywordId {
    /// What the argument of the statement is.
    pub const fn argument(self) -> ArgumentKind {
        use ArgumentKind as A;
        match self {
            KeywordId::Input | KeywordId::Output => A::None,
            KeywordId::Action
            | KeywordId::Anydata
            | KeywordId::Anyxml
            | KeywordId::Argument
            | KeywordId::BelongsTo
            | KeywordId::Bit
            | KeywordId::Case
            | KeywordId::Choice
            | KeywordId::Container
            | KeywordId::Extension
            | KeywordId::Feature
            | KeywordId::Grouping
            | KeywordId::Identity
            | KeywordId::Import
            | KeywordId::Include
            | KeywordId::Leaf
            | KeywordId::LeafList
            | KeywordId::List
            | KeywordId::Module
            | KeywordId::Notification
            | KeywordId::Prefix
            | KeywordId::Rpc
            | KeywordId::Submodule
            | KeywordId::Typedef => A::Identifier,
            KeywordId::Base | KeywordId::Type | KeywordId::Uses => A::Reference,
            KeywordId::Contact
            | KeywordId::Default
            | KeywordId::Description
            | KeywordId::ErrorAppTag
            | KeywordId::ErrorMessage
            | KeywordId::Organization
            | KeywordId::Pattern
            | KeywordId::Presence
            | KeywordId::Reference
            | KeywordId::Units => A::Text,
            KeywordId::Config | KeywordId::Mandatory | KeywordId::RequireInstance | KeywordId::YinElement => {
                A::Boolean
            }
            KeywordId::Deviate => A::Word(&["add", "delete", "replace", "not-supported"]),
            KeywordId::Modifier => A::Word(&["invert-match"]),
            KeywordId::OrderedBy => A::Word(&["user", "system"]),
            KeywordId::Status => A::Word(&["current", "deprecated", "obsolete"]),
            KeywordId::YangVersion => A::Word(&["1", "1.1"]),
            KeywordId::Revision | KeywordId::RevisionDate => A::Date,
            KeywordId::FractionDigits => A::Integer(1, 18),
            KeywordId::MinElements | KeywordId::Position => A::Integer(0, u32::MAX as i64),
            KeywordId::Value => A::Integer(i32::MIN as i64, i32::MAX as i64),
            KeywordId::MaxElements => A::Maximum,
            KeywordId::Enum => A::EnumName,
            KeywordId::Namespace => A::Uri,
            KeywordId::Range => A::Range,
            KeywordId::Length => A::Length,
            KeywordId::IfFeature => A::IfFeature,
            KeywordId::Deviation => A::AbsoluteSchemaNode,
            KeywordId::Refine => A::DescendantSchemaNode,
            KeywordId::Augment => A::SchemaNode,
            KeywordId::Key => A::Key,
            KeywordId::Unique => A::Unique,
            KeywordId::Path => A::Path,
            KeywordId::Must | KeywordId::When => A::XPath,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_found_by_its_name() {
        assert!(KeywordId::ALL.is_sorted_by_key(|id| id.as_str()));
        for id in KeywordId::ALL {
            assert_eq!(KeywordId::from_name(id.as_str()), Some(*id));
        }
        assert_eq!(KeywordId::from_name("leafs"), None);
    }
}
