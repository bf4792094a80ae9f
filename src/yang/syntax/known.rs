//! The extension statements whose meaning this compiler knows. All others are kept and ignored (RFC 7950 section 7.19).
//!
//! Which module a prefix stands for is read from the `import` statements of the text itself: no module is looked up.

use super::keyword::KeywordId as K;
use super::keyword::rules::{self, Rule};
use super::statement::{Keyword, Statement};

/// An extension statement that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// `rc:yang-data`: a template of data outside of datastores (RFC 8040 section 8).
    YangData,
    /// `sx:structure`: the same with more freedom (RFC 8791).
    Structure,
    /// `sx:augment-structure` (RFC 8791).
    AugmentStructure,
    /// `md:annotation`: metadata that instances can carry (RFC 7952).
    Annotation,
    /// `yangmnt:mount-point`: other models can be mounted here (RFC 8528).
    MountPoint,
}

/// Module, extension and what it is.
const TABLE: &[(&str, &str, Known)] = &[
    ("ietf-restconf", "yang-data", Known::YangData),
    ("ietf-yang-structure-ext", "structure", Known::Structure),
    ("ietf-yang-structure-ext", "augment-structure", Known::AugmentStructure),
    ("ietf-yang-metadata", "annotation", Known::Annotation),
    ("ietf-yang-schema-mount", "mount-point", Known::MountPoint),
];

impl Known {
    /// The known extension that a keyword uses; `root` is the module or submodule in which it stands.
    pub fn of(root: &Statement, keyword: &Keyword) -> Option<Known> {
        let Keyword::Extension { prefix, name } = keyword else { return None };
        if !TABLE.iter().any(|(_, known, _)| *name == **known) {
            return None;
        }
        let own = root.text_of(K::Prefix).filter(|own| *own == prefix).map(|_| root.text());
        let import = || root.all(K::Import).find(|import| import.text_of(K::Prefix) == Some(prefix));
        let module = own.or_else(|| import().map(Statement::text))?;
        TABLE.iter().find(|row| row.0 == module && *name == *row.1).map(|row| row.2)
    }

    /// Whether it stands at the top of a module only.
    pub const fn is_top_level(self) -> bool {
        !matches!(self, Known::MountPoint)
    }

    /// What may stand in its block.
    pub const fn rule(self) -> &'static Rule {
        match self {
            Known::YangData => &rules::YANG_DATA,
            Known::Structure => &rules::STRUCTURE,
            Known::AugmentStructure => &rules::AUGMENT_STRUCTURE,
            Known::Annotation => &rules::ANNOTATION,
            Known::MountPoint => &rules::MOUNT_POINT,
        }
    }
}
