//! What happened to data while nothing was told of it, for the sake of what is as it was before (RFC 8641 section 3.3, step 4):
//! its last change is told all the same, so that the receiver knows that something went on.

use std::collections::{HashMap, HashSet};

use crate::base::ident::Ident;
use crate::data::diff::Change;
use crate::data::path::InstancePath;
use crate::engine::Commit;

/// Of so many places at most the last change is kept; of further ones only the outcome is told.
const MOST: usize = 1_000;

/// The last change of each place.
#[derive(Default)]
pub(super) struct Churn {
    last: HashMap<InstancePath, (usize, Change)>,
    seen: usize,
}

impl Churn {
    /// Keeps what a commit changed in a tenant.
    pub fn note(&mut self, commit: &Commit, tenant: &Ident) {
        let parts = commit.transactions.iter().flat_map(|transaction| &transaction.changes);
        for change in parts.filter(|part| part.tenant == *tenant).flat_map(|part| part.changes.iter()) {
            if self.last.len() < MOST || self.last.contains_key(&change.path) {
                self.seen += 1;
                self.last.insert(change.path.clone(), (self.seen, change.clone()));
            }
        }
    }

    /// The last change of each place that is as it was, in the order in which they came; `told` are the differences that
    /// are told anyway. Begins anew.
    pub fn cancelled(&mut self, told: &[Change]) -> Vec<Change> {
        let last = std::mem::take(&mut self.last);
        if last.is_empty() {
            return Vec::new();
        }
        let mut around: HashSet<InstancePath> = HashSet::new();
        for change in told {
            around.insert(change.path.clone());
            around.extend(ancestors(&change.path));
        }
        let of_told: HashSet<&InstancePath> = told.iter().map(|change| &change.path).collect();
        // What is around a difference has changed, and what is inside of one is told with it.
        let is_told = |path: &InstancePath| {
            around.contains(path) || ancestors(path).any(|above| of_told.contains(&above))
        };
        let is_inside = |path: &InstancePath| ancestors(path).any(|above| last.contains_key(&above));
        let mut cancelled: Vec<&(usize, Change)> =
            last.values().filter(|(_, change)| !is_told(&change.path) && !is_inside(&change.path)).collect();
        cancelled.sort_by_key(|(number, _)| *number);
        cancelled.into_iter().map(|(_, change)| change.clone()).collect()
    }
}

fn ancestors(path: &InstancePath) -> impl Iterator<Item = InstancePath> {
    std::iter::successors(path.parent(), InstancePath::parent)
}
