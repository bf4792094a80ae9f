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
use crate::data::tree::Container;
use crate::data::tree::build::packed;
use crate::yang::schema::{NodeId, Schema, Value};

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
        let mut rows = smallvec::SmallVec::<[u64; 8]>::new();
        visit_rows(facts, path, |hash| rows.push(hash));
        rows.iter().rev().find_map(|hash| self.times.get(hash)).copied().unwrap_or(Timestamp(0))
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
            && facts.row_steps(&path.steps) == path.steps.len()
            && !path.steps.is_empty()
        {
            self.times.remove(&hash);
        }
    }
}

/// The path of a row, hashed so far that the rows in it can go on from there.
#[derive(Clone)]
pub(super) struct RowHash(SipHasher13);

impl RowHash {
    /// That of the tenant's own row.
    pub fn of_tenant() -> Self {
        RowHash(SipHasher13::new())
    }

    /// That of an entry inside of this row, perhaps in containers between them.
    pub fn of_entry(&self, schema: &Schema, facts: &Facts, entry: &Container) -> Self {
        let mut between = smallvec::SmallVec::<[NodeId; 4]>::new();
        let mut at = schema.node(entry.node).parent;
        while at != NodeId::ROOT && !facts.is_row_list(at) {
            between.push(at);
            at = schema.node(at).parent;
        }
        let mut hash = self.clone();
        for node in between.into_iter().rev() {
            hash.step(node, [].iter());
        }
        hash.step(entry.node, entry.key_values(schema.node(entry.node).keys().len()));
        hash
    }

    /// The hash.
    pub fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn step<'v>(&mut self, node: NodeId, keys: impl Iterator<Item = &'v Value>) {
        node.hash(&mut self.0);
        keys.for_each(|key| key.hash(&mut self.0));
    }
}

/// The times of many rows at once.
#[derive(Default)]
pub(super) struct ModifiedBuilder(Vec<(u64, Timestamp)>);

impl ModifiedBuilder {
    /// Adds a row by its hash. Its time is at least that of every row in it.
    pub fn add(&mut self, row: u64, time: Timestamp) {
        self.0.push((row, time));
    }

    /// All of them.
    pub fn finish(self) -> Modified {
        let mut times = self.0;
        times.sort_unstable();
        // Of one hash the newest time stays.
        times.reverse();
        times.dedup_by_key(|(hash, _)| *hash);
        times.reverse();
        Modified { times: packed(times).collect() }
    }
}

/// Shows the hash of every row on the way to `path`, from the tenant's own row down.
fn visit_rows(facts: &Facts, path: &InstancePath, mut visit: impl FnMut(u64)) {
    let mut hash = RowHash::of_tenant();
    visit(hash.finish());
    for step in &path.steps {
        hash.step(step.node, step.keys.iter());
        if !step.keys.is_empty() && facts.is_row_list(step.node) {
            visit(hash.finish());
        }
    }
}
