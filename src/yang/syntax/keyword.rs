//! The statements of RFC 7950, as one table: what argument each takes and what may stand in its block.

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
                match name { $($name => Some(KeywordId::$id),)* _ => None }
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
