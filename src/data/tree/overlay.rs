//! An inner node with children laid over it: state beside the configuration that it belongs to, seen as one without a copy.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Container, Data};
use crate::yang::schema::NodeId;

/// Children that are laid over others: mostly one.
pub type Over = SmallVec<[(NodeId, Data); 1]>;

/// A container or entry with children laid over its own.
#[derive(Clone, Debug)]
pub struct Overlay {
    under: Arc<Container>,
    over: Over,
}

impl Overlay {
    /// Lays children, in ascending order, over those of a container, each in the place of the one with its id.
    pub fn new(under: Arc<Container>, over: Over) -> Self {
        Overlay { under, over }
    }

    /// The schema node of the container.
    pub fn node(&self) -> NodeId {
        self.under.node
    }

    /// The children of both, sorted by node id.
    pub fn children(&self) -> impl Iterator<Item = &(NodeId, Data)> {
        let mut under = self.under.children().iter().peekable();
        let mut over = self.over.iter().peekable();
        std::iter::from_fn(move || {
            let Some((above, _)) = over.peek() else { return under.next() };
            match under.peek() {
                Some((below, _)) if below < above => under.next(),
                Some((below, _)) if below == above => {
                    under.next();
                    over.next()
                }
                _ => over.next(),
            }
        })
    }

    /// Both in one; where nothing is laid over it, the container itself.
    pub fn into_container(self) -> Arc<Container> {
        if self.over.is_empty() {
            return self.under;
        }
        let mut children = Vec::with_capacity(self.under.children().len() + self.over.len());
        children.extend(self.children().cloned());
        Arc::new(Container::with_children(self.under.node, children))
    }
}

impl From<Arc<Container>> for Overlay {
    fn from(under: Arc<Container>) -> Self {
        Overlay { under, over: Over::new() }
    }
}
