//! Two revisions of a module compared by the rules of RFC 7950 section 11: what may change in a published module without
//! its name changing, and what must not.
//!
//! Nodes are compared as they are compiled, so that it does not matter how a model is written: a grouping may become
//! inline text, a typedef a built-in type. Exported typedefs and groupings are compared in a module of our own that uses
//! them. Whether a changed condition is looser or stricter nobody can compute in general: it is reported as incompatible
//! and a person has to look.

mod definitions;
mod nodes;
mod side;
mod types;

use super::resolve::library::Library;
use super::resolve::load::Wanted;
use crate::base::diagnostic::Diagnostic;
use side::Side;

/// What a change means for those who use the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Nothing: text for people.
    Editorial,
    /// What was valid stays valid and keeps its meaning.
    Compatible,
    /// RFC 7950 section 11 does not allow it.
    Incompatible,
}

impl Class {
    /// `editorial`, `compatible` or `incompatible`.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Editorial => "editorial",
            Class::Compatible => "compatible",
            Class::Incompatible => "incompatible",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where: a schema path, `typedef percent`, `grouping target /host`, `feature fast`, or the module's name.
    pub path: String,
    /// What kind of change it is: `node-removed`, `range`, `default`, ...
    pub kind: &'static str,
    /// What it means.
    pub class: Class,
    /// How it was; empty for what is new.
    pub old: String,
    /// How it is; empty for what is gone.
    pub new: String,
    /// Why it is of that class, where that needs saying.
    pub note: Option<&'static str>,
}

/// The section that classes rest on.
pub const SECTION: &str = "RFC 7950 section 11";

/// All changes from one revision of a module to another, in the order of the module. The libraries hold the module and what
/// it imports, each in its own revision.
///
/// # Errors
/// What is wrong with the module on the old or the new side, for which there is nothing to compare.
pub fn compare(
    old: (&mut Library, &Wanted),
    new: (&mut Library, &Wanted),
) -> Result<Vec<Change>, (Which, Vec<Diagnostic>)> {
    let after = definitions::exported(new.0, new.1);
    let mut common = definitions::exported(old.0, old.1);
    common.retain(|definition| after.contains(definition));
    let usable = side::usable(&common, old.0, old.1);
    let usable = side::usable(&usable, new.0, new.1);
    let before = Side::read(old.0, old.1, &usable).map_err(|found| (Which::Old, found))?;
    let after = Side::read(new.0, new.1, &usable).map_err(|found| (Which::New, found))?;
    let mut changes = Vec::new();
    definitions::compare(&before, &after, &usable, &mut changes);
    nodes::compare(&before, &after, &mut changes);
    Ok(changes)
}

/// Which of the two revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The old one.
    Old,
    /// The new one.
    New,
}
