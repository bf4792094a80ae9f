//! Policies: what the holder of a token may do, compiled so that a decision costs a walk along the request's path.
//!
//! A rule is about a path pattern and says `allow` or `reject` for some operations. Within a policy the most specific
//! rule that matches decides (the one with the longest literal path; `allow` where two are equal); across the policies
//! of a token any `allow` is enough; a tenant's limits must allow as well; what nobody allows is refused.
//!
//! Pure: policies, paths and decisions. Where policies are kept and who carries them is not known here.

pub mod acl;
pub mod approve;
pub mod book;
pub mod check;
pub mod compile;
pub mod cover;
pub mod decide;
pub mod grant;
pub mod keep;
pub mod nacm;
pub mod pattern;
pub mod policy;
pub mod prune;
pub mod standing;
pub mod walk;

#[cfg(test)]
mod naive;

use crate::data::path::InstancePath;

pub use acl::{AclRequest, AclVerdict, Capability};
pub use book::{Authority, PolicyBook};
pub use compile::{CompiledPolicy, NameIndex, Segment};
pub use decide::{Decision, Hidden, Reason};
pub use grant::Granting;
pub use policy::{Operations, Policy, PolicyOperation, Rule, Verdict};
pub use standing::Policies;

/// A path as the segments that rules are held against: each name, and the keys of each entry.
pub fn segments(path: &InstancePath) -> impl Iterator<Item = Segment<'_>> + Clone {
    path.steps.iter().flat_map(|step| {
        let keys = (!step.keys.is_empty()).then_some(Segment::Keys(&step.keys));
        std::iter::once(Segment::Name(step.node)).chain(keys)
    })
}
