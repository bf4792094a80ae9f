//! What may stand in the block of each statement, how often, and since which version of YANG: the tables of RFC 7950
//! section 7 with the differences of RFC 6020, and the grammar of section 14 where the tables are silent.

use super::KeywordId as K;
use crate::base::diagnostic::Severity;

/// The version of YANG that a module is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// RFC 6020.
    V1,
    /// RFC 7950.
    V1_1,
}

/// That a statement may stand in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Substatement {
    /// Which.
    pub id: K,
    /// Must be there.
    pub required: bool,
    /// May be there more than once in version 1 and in version 1.1.
    pub many: (bool, bool),
    /// The first version that allows it here.
    pub since: Version,
}

impl Substatement {
    const fn new(id: K, required: bool, many: bool) -> Self {
        Substatement { id, required, many: (many, many), since: Version::V1 }
    }

    const fn in_1_1(mut self) -> Self {
        self.since = Version::V1_1;
        self
    }

    /// Whether more than one may stand in a block.
    pub const fn may_repeat(&self, version: Version) -> bool {
        match version {
            Version::V1 => self.many.0,
            Version::V1_1 => self.many.1,
        }
    }
}

/// At most one.
const fn optional(id: K) -> Substatement {
    Substatement::new(id, false, false)
}

/// Exactly one.
const fn one(id: K) -> Substatement {
    Substatement::new(id, true, false)
}

/// Any number.
const fn any(id: K) -> Substatement {
    Substatement::new(id, false, true)
}

/// One or more.
const fn some(id: K) -> Substatement {
    Substatement::new(id, true, true)
}

/// At most one in version 1, any number in version 1.1.
const fn any_in_1_1(id: K) -> Substatement {
    Substatement { id, required: false, many: (false, true), since: Version::V1 }
}

/// What may stand in the block of one statement.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Section of RFC 7950 that says so; of another document with its name.
    pub section: &'static str,
    /// The substatements, in groups that several statements share.
    pub groups: &'static [&'static [Substatement]],
    /// At least one statement of the first group must be there (RFC 7950 section 14); how serious it is if there is none.
    pub needs_first_group: Option<Severity>,
}

impl Rule {
    const fn new(section: &'static str, groups: &'static [&'static [Substatement]]) -> Self {
        Rule { section, groups, needs_first_group: None }
    }

    const fn never_empty(mut self, severity: Severity) -> Self {
        self.needs_first_group = Some(severity);
        self
    }

    /// All substatements.
    pub fn substatements(&self) -> impl Iterator<Item = &'static Substatement> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// Document and section, for messages.
    pub fn cite(&self) -> String {
        match self.section.split_once(" of ") {
            Some((section, document)) => format!("{document} section {section}"),
            None => format!("RFC 7950 section {}", self.section),
        }
    }

    /// The row of one substatement.
    pub fn get(&self, id: K) -> Option<&'static Substatement> {
        self.substatements().find(|substatement| substatement.id == id)
    }
}

/// Nodes that may also be a case of their own (section 7.9.2).
const NODES: &[Substatement] = &[
    any(K::Container),
    any(K::Leaf),
    any(K::LeafList),
    any(K::List),
    any(K::Choice).in_1_1(),
    any(K::Anydata).in_1_1(),
    any(K::Anyxml),
];
/// `data-def-stmt` of section 14.
const DATA: &[Substatement] = &[
    any(K::Container),
    any(K::Leaf),
    any(K::LeafList),
    any(K::List),
    any(K::Choice),
    any(K::Anydata).in_1_1(),
    any(K::Anyxml),
    any(K::Uses),
];
/// What an `augment` may add.
const AUGMENTING: &[Substatement] = &[
    any(K::Container),
    any(K::Leaf),
    any(K::LeafList),
    any(K::List),
    any(K::Choice),
    any(K::Anydata).in_1_1(),
    any(K::Anyxml),
    any(K::Uses),
    any(K::Case),
    any(K::Action).in_1_1(),
    any(K::Notification).in_1_1(),
];
/// What an `augment-structure` may add.
const DATA_AND_CASES: &[Substatement] = &[
    any(K::Container),
    any(K::Leaf),
    any(K::LeafList),
    any(K::List),
    any(K::Choice),
    any(K::Anydata).in_1_1(),
    any(K::Anyxml),
    any(K::Uses),
    any(K::Case),
];
const DEFINITIONS: &[Substatement] = &[any(K::Typedef), any(K::Grouping)];
const OPERATIONS: &[Substatement] = &[any(K::Action).in_1_1(), any(K::Notification).in_1_1()];
const CONDITIONS: &[Substatement] = &[optional(K::When), any(K::IfFeature)];
const TEXTS: &[Substatement] = &[optional(K::Description), optional(K::Reference)];
const TEXTS_IN_1_1: &[Substatement] = &[optional(K::Description).in_1_1(), optional(K::Reference).in_1_1()];
const DOCUMENTED: &[Substatement] = &[optional(K::Status), optional(K::Description), optional(K::Reference)];
const ERRORS: &[Substatement] = &[optional(K::ErrorMessage), optional(K::ErrorAppTag)];
const BODY: &[Substatement] = &[
    any(K::Extension),
    any(K::Feature),
    any(K::Identity),
    any(K::Typedef),
    any(K::Grouping),
    any(K::Augment),
    any(K::Rpc),
    any(K::Notification),
    any(K::Deviation),
];
const HEADER: &[Substatement] = &[
    optional(K::YangVersion),
    any(K::Import),
    any(K::Include),
    optional(K::Organization),
    optional(K::Contact),
    optional(K::Description),
    optional(K::Reference),
    any(K::Revision),
];

/// The statements that have a block of their own; the others take none of the statements of RFC 7950.
const RULES: &[(K, Rule)] = &[
    (K::Module, Rule::new("7.1.1", &[&[one(K::Namespace), one(K::Prefix)], HEADER, BODY, DATA])),
    (K::Submodule, Rule::new("7.2.1", &[&[one(K::BelongsTo)], HEADER, BODY, DATA])),
    (K::Import, Rule::new("7.1.5", &[&[one(K::Prefix), optional(K::RevisionDate)], TEXTS_IN_1_1])),
    (K::Include, Rule::new("7.1.6", &[&[optional(K::RevisionDate)], TEXTS_IN_1_1])),
    (K::Revision, Rule::new("7.1.9.1", &[TEXTS])),
    (K::BelongsTo, Rule::new("7.2.2", &[&[one(K::Prefix)]])),
    (
        K::Typedef,
        Rule::new("7.3.1", &[&[one(K::Type), optional(K::Units), optional(K::Default)], DOCUMENTED]),
    ),
    (
        K::Type,
        Rule::new(
            "7.4.1",
            &[&[
                any_in_1_1(K::Base),
                any(K::Bit),
                any(K::Enum),
                optional(K::FractionDigits),
                optional(K::Length),
                optional(K::Path),
                any(K::Pattern),
                optional(K::Range),
                optional(K::RequireInstance),
                any(K::Type),
            ]],
        ),
    ),
    (
        K::Container,
        Rule::new(
            "7.5.2",
            &[
                DATA,
                CONDITIONS,
                &[any(K::Must), optional(K::Presence), optional(K::Config)],
                DEFINITIONS,
                OPERATIONS,
                DOCUMENTED,
            ],
        ),
    ),
    (K::Must, Rule::new("7.5.4", &[ERRORS, TEXTS])),
    (
        K::Leaf,
        Rule::new(
            "7.6.2",
            &[
                &[
                    one(K::Type),
                    optional(K::Units),
                    any(K::Must),
                    optional(K::Default),
                    optional(K::Config),
                    optional(K::Mandatory),
                ],
                CONDITIONS,
                DOCUMENTED,
            ],
        ),
    ),
    (
        K::LeafList,
        Rule::new(
            "7.7.3",
            &[
                &[
                    one(K::Type),
                    optional(K::Units),
                    any(K::Must),
                    any(K::Default).in_1_1(),
                    optional(K::Config),
                    optional(K::MinElements),
                    optional(K::MaxElements),
                    optional(K::OrderedBy),
                ],
                CONDITIONS,
                DOCUMENTED,
            ],
        ),
    ),
    (
        K::List,
        Rule::new(
            "7.8.1",
            &[
                DATA,
                &[
                    optional(K::Key),
                    any(K::Unique),
                    any(K::Must),
                    optional(K::Config),
                    optional(K::MinElements),
                    optional(K::MaxElements),
                    optional(K::OrderedBy),
                ],
                CONDITIONS,
                DEFINITIONS,
                OPERATIONS,
                DOCUMENTED,
            ],
        )
        .never_empty(Severity::Warning),
    ),
    (
        K::Choice,
        Rule::new(
            "7.9.1",
            &[
                NODES,
                &[any(K::Case), optional(K::Default), optional(K::Config), optional(K::Mandatory)],
                CONDITIONS,
                DOCUMENTED,
            ],
        ),
    ),
    (K::Case, Rule::new("7.9.2.1", &[DATA, CONDITIONS, DOCUMENTED])),
    (
        K::Anydata,
        Rule::new(
            "7.10.1",
            &[&[any(K::Must), optional(K::Config), optional(K::Mandatory)], CONDITIONS, DOCUMENTED],
        ),
    ),
    (
        K::Anyxml,
        Rule::new(
            "7.10.1",
            &[&[any(K::Must), optional(K::Config), optional(K::Mandatory)], CONDITIONS, DOCUMENTED],
        ),
    ),
    (K::Grouping, Rule::new("7.12.1", &[DATA, DEFINITIONS, OPERATIONS, DOCUMENTED])),
    (K::Uses, Rule::new("7.13.1", &[&[any(K::Refine), any(K::Augment)], CONDITIONS, DOCUMENTED])),
    (
        K::Refine,
        Rule::new(
            "7.13.2",
            &[
                &[
                    any(K::IfFeature).in_1_1(),
                    any(K::Must),
                    optional(K::Presence),
                    any_in_1_1(K::Default),
                    optional(K::Config),
                    optional(K::Mandatory),
                    optional(K::MinElements),
                    optional(K::MaxElements),
                ],
                TEXTS,
            ],
        ),
    ),
    (
        K::Rpc,
        Rule::new(
            "7.14.1",
            &[&[optional(K::Input), optional(K::Output), any(K::IfFeature)], DEFINITIONS, DOCUMENTED],
        ),
    ),
    (
        K::Action,
        Rule::new(
            "7.14.1",
            &[&[optional(K::Input), optional(K::Output), any(K::IfFeature)], DEFINITIONS, DOCUMENTED],
        ),
    ),
    (
        K::Input,
        Rule::new("7.14.2.1", &[DATA, &[any(K::Must).in_1_1()], DEFINITIONS]).never_empty(Severity::Error),
    ),
    (
        K::Output,
        Rule::new("7.14.2.1", &[DATA, &[any(K::Must).in_1_1()], DEFINITIONS]).never_empty(Severity::Error),
    ),
    (
        K::Notification,
        Rule::new("7.16.1", &[DATA, &[any(K::Must).in_1_1(), any(K::IfFeature)], DEFINITIONS, DOCUMENTED]),
    ),
    (K::Augment, Rule::new("7.17.1", &[AUGMENTING, CONDITIONS, DOCUMENTED]).never_empty(Severity::Warning)),
    (K::Identity, Rule::new("7.18.1", &[&[any_in_1_1(K::Base), any(K::IfFeature).in_1_1()], DOCUMENTED])),
    (K::Extension, Rule::new("7.19.1", &[&[optional(K::Argument)], DOCUMENTED])),
    (K::Argument, Rule::new("7.19.2", &[&[optional(K::YinElement)]])),
    (K::Feature, Rule::new("7.20.1.1", &[&[any(K::IfFeature)], DOCUMENTED])),
    (K::Deviation, Rule::new("7.20.3.1", &[&[some(K::Deviate)], TEXTS])),
    (K::Range, Rule::new("9.2.4.1", &[ERRORS, TEXTS])),
    (K::Length, Rule::new("9.4.4.1", &[ERRORS, TEXTS])),
    (K::Pattern, Rule::new("9.4.5.1", &[&[optional(K::Modifier).in_1_1()], ERRORS, TEXTS])),
    (K::Enum, Rule::new("9.6.4.1", &[&[optional(K::Value), any(K::IfFeature).in_1_1()], DOCUMENTED])),
    (K::Bit, Rule::new("9.7.4.1", &[&[optional(K::Position), any(K::IfFeature).in_1_1()], DOCUMENTED])),
    (K::When, Rule::new("7.21.5", &[TEXTS])),
];

/// The same for each argument of `deviate` (section 7.20.3.2).
const DEVIATE_RULES: &[(&str, Rule)] = &[
    (
        "add",
        Rule::new(
            "7.20.3.2",
            &[&[
                optional(K::Units),
                any(K::Must),
                any(K::Unique),
                any_in_1_1(K::Default),
                optional(K::Config),
                optional(K::Mandatory),
                optional(K::MinElements),
                optional(K::MaxElements),
            ]],
        ),
    ),
    (
        "delete",
        Rule::new("7.20.3.2", &[&[optional(K::Units), any(K::Must), any(K::Unique), any_in_1_1(K::Default)]]),
    ),
    (
        "replace",
        Rule::new(
            "7.20.3.2",
            &[&[
                optional(K::Type),
                optional(K::Units),
                any_in_1_1(K::Default),
                optional(K::Config),
                optional(K::Mandatory),
                optional(K::MinElements),
                optional(K::MaxElements),
            ]],
        ),
    ),
];

/// `rc:yang-data` (RFC 8040 section 8).
pub const YANG_DATA: Rule = Rule::new("8 of RFC 8040", &[DATA]).never_empty(Severity::Error);

/// `sx:structure` (RFC 8791 section 2).
pub const STRUCTURE: Rule = Rule::new("2 of RFC 8791", &[DATA, &[any(K::Must)], DEFINITIONS, DOCUMENTED]);

/// `sx:augment-structure` (RFC 8791 section 3).
pub const AUGMENT_STRUCTURE: Rule =
    Rule::new("3 of RFC 8791", &[DATA_AND_CASES, DOCUMENTED]).never_empty(Severity::Warning);

/// `md:annotation` (RFC 7952 section 3).
pub const ANNOTATION: Rule =
    Rule::new("3 of RFC 7952", &[&[one(K::Type), optional(K::Units), any(K::IfFeature)], DOCUMENTED]);

/// `yangmnt:mount-point` (RFC 8528 section 3.1).
pub const MOUNT_POINT: Rule =
    Rule::new("3.1 of RFC 8528", &[&[optional(K::Config), any(K::IfFeature)], DOCUMENTED]);

const EMPTY: Rule = Rule::new("14", &[]);

/// What may stand in the block of a statement; [`deviate`] says it for that one.
pub fn rule(id: K) -> &'static Rule {
    RULES.iter().find(|(known, _)| *known == id).map_or(&EMPTY, |(_, rule)| rule)
}

/// What may stand in the block of a `deviate` with that argument.
pub fn deviate(argument: &str) -> &'static Rule {
    DEVIATE_RULES.iter().find(|(known, _)| *known == argument).map_or(&EMPTY, |(_, rule)| rule)
}

/// The first version of YANG that has a statement at all.
pub const fn since(id: K) -> Version {
    match id {
        K::Action | K::Anydata | K::Modifier => Version::V1_1,
        _ => Version::V1,
    }
}

/// The statements in whose block a statement may stand, for messages.
pub fn parents(id: K) -> Vec<K> {
    K::ALL
        .iter()
        .copied()
        .filter(|parent| {
            rule(*parent).get(id).is_some()
                || *parent == K::Deviate && DEVIATE_RULES.iter().any(|(_, rule)| rule.get(id).is_some())
        })
        .collect()
}

/// The section of a module or submodule to which a statement belongs; sections follow each other in this order
/// (RFC 7950 sections 7.1 and 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `yang-version`, `namespace`, `prefix`, `belongs-to`
    Header,
    /// `import`, `include`
    Linkage,
    /// `organization`, `contact`, `description`, `reference`
    Meta,
    /// `revision`
    Revisions,
    /// Everything else.
    Body,
}

impl Section {
    /// The section of a statement.
    pub const fn of(id: K) -> Self {
        match id {
            K::YangVersion | K::Namespace | K::Prefix | K::BelongsTo => Section::Header,
            K::Import | K::Include => Section::Linkage,
            K::Organization | K::Contact | K::Description | K::Reference => Section::Meta,
            K::Revision => Section::Revisions,
            _ => Section::Body,
        }
    }

    /// Its name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Section::Header => "the header (yang-version, namespace, prefix, belongs-to)",
            Section::Linkage => "import and include",
            Section::Meta => "organization, contact, description and reference",
            Section::Revisions => "the revisions",
            Section::Body => "the definitions",
        }
    }
}
