//! When each row was last changed: eight bytes a row beside the tree, enough for `Last-Modified`.
//!
//! An ancestor's time is never before its descendants', deleted ones included: deleting an entry writes the row above it
//! anew, so that the time is there after a restart too.

use std::hash::{Hash as _, Hasher as _};

use imbl::OrdMap;
use siphasher::sip::SipHasher13;

use super::facts::Facts;
use crate::base::clock::Timestamp;
use crate::data::path::InstancePath;

/// Times of rows, by a hash of their paths. Should two paths ever share a hash, the newer time shows for both, which
/// costs a cache entry and nothing else. A sorted map, because its nodes are full of entries and those of a hashed one are
/// not: 24 bytes a row instead of 70.
#[derive(Clone, Default)]
pub struct Modified {
    times: OrdMap<u64, Timestamp>,
}

impl Modified {
    /// When the resource at `path` was last changed, as far as it can be told: the time of the row that it is in. The
    /// epoch when nothing is known.
    pub fn of(&self, facts: &Facts, path: &InstancePath) -> Timestamp {
        let mut found = Timestamp(0);
        visit_rows(facts, path, |hash| {
            if let Some(time) = self.times.get(&hash) {
                found = *time;
            }
        });
        found
    }

    /// Says that the row of `path` was changed at `time`, and with it every row around it.
    pub fn touch(&mut self, facts: &Facts, path: &InstancePath, time: Timestamp) {
        let times = &mut self.times;
        visit_rows(facts, path, |hash| match times.get(&hash) {
            Some(newer) if *newer >= time => {}
            _ => {
                times.insert(hash, time);
            }
        });
    }

    /// Forgets the row at `path`, which is gone.
    pub fn forget(&mut self, facts: &Facts, path: &InstancePath) {
        let mut last = None;
        visit_rows(facts, path, |hash| last = Some(hash));
        if let Some(hash) = last
            && facts.row_steps(path) == path.steps.len()
            && !path.steps.is_empty()
        {
            self.times.remove(&hash);
        }
    }
}

/// Shows the hash of every row on the way to `path`, from the tenant's own row down.
fn visit_rows(facts: &Facts, path: &InstancePath, mut visit: impl FnMut(u64)) {
    let mut hasher = SipHasher13::new();
    visit(hasher.finish());
    for step in &path.steps {
        step.hash(&mut hasher);
        if !step.keys.is_empty() && facts.is_row_list(step.node) {
            visit(hasher.finish());
        }
    }
}
