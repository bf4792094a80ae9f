//! What is known of the conditions of nodes that exist by default: a condition may ask for another node's, that for a third's,
//! and each is worked out once and not once for everybody who asks.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use smallvec::SmallVec;

use super::cursor::Cursor;
use crate::yang::schema::NodeId;

/// How many outcomes are kept: enough for those that hang together, whatever the size of the tree.
const KEPT: usize = 1024;

/// The node, and where its parent and the ancestors of that lie in memory.
type Place = (NodeId, SmallVec<[usize; 8]>);

/// Outcomes of conditions over one tree.
#[derive(Debug, Default)]
pub(super) struct Known {
    outcomes: RefCell<HashMap<Place, bool>>,
    /// How often a condition turned out to ask for itself: an outcome found meanwhile holds for that question only.
    circles: Cell<u64>,
}

impl Known {
    /// The outcome for a node below that parent.
    pub(super) fn get(&self, node: NodeId, parent: &Cursor<'_>) -> Option<bool> {
        let outcomes = self.outcomes.borrow();
        if outcomes.is_empty() { None } else { outcomes.get(&place(node, parent)).copied() }
    }

    /// Keeps an outcome.
    pub(super) fn keep(&self, node: NodeId, parent: &Cursor<'_>, outcome: bool) {
        let mut outcomes = self.outcomes.borrow_mut();
        if outcomes.len() == KEPT {
            outcomes.clear();
        }
        outcomes.insert(place(node, parent), outcome);
    }

    /// How many circles were met so far.
    pub(super) fn circles(&self) -> u64 {
        self.circles.get()
    }

    /// A circle was met.
    pub(super) fn count_circle(&self) {
        self.circles.set(self.circles.get() + 1);
    }
}

fn place(node: NodeId, parent: &Cursor<'_>) -> Place {
    let mut addresses = SmallVec::new();
    let mut at = Some(parent);
    while let Some(cursor) = at {
        // Without content it is told from its siblings by its schema node.
        addresses.push(cursor.item().address().max(cursor.item().node().0 as usize));
        at = cursor.parent().map(AsRef::as_ref);
    }
    (node, addresses)
}
