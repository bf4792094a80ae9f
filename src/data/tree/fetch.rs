//! Bringing many entries near before each is looked at.
//!
//! The entries of a long list lie all over memory, and a look at one goes from its container to its children and from there to a
//! text: three waits, one after the other. Those of different entries do not depend on each other, so the processor waits for
//! many of them at once where it is shown many at once. Not for lists that fit into its caches: it does no harm there, nor good.

use std::hint::black_box;
use std::sync::Arc;

use super::{Container, Data};

/// How many entries are worth fetching at once.
const GROUP: usize = 64;

/// The same entries, each of them fetched before it comes, together with those around it.
pub struct Fetched<'e, I> {
    entries: I,
    /// Those that were fetched; they come from the end.
    near: Vec<&'e Arc<Container>>,
}

impl<'e, I: Iterator<Item = &'e Arc<Container>>> Fetched<'e, I> {
    /// All of these.
    pub fn new(entries: I) -> Self {
        Fetched { entries, near: Vec::new() }
    }
}

impl<'e, I: Iterator<Item = &'e Arc<Container>>> Iterator for Fetched<'e, I> {
    type Item = &'e Arc<Container>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.near.is_empty() {
            self.near.extend(self.entries.by_ref().take(GROUP));
            fetch(&self.near);
            self.near.reverse();
        }
        self.near.pop()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.entries.size_hint();
        (least + self.near.len(), most.and_then(|most| most.checked_add(self.near.len())))
    }
}

/// Looks at each of these entries, at its children, and at the text of its first key. It changes nothing.
fn fetch(entries: &[&Arc<Container>]) {
    let children: usize = entries.iter().map(|entry| entry.children().len()).sum();
    // Two children lie in one line of the cache.
    let lines = entries.iter().flat_map(|entry| entry.children().iter().step_by(2));
    let leafs = lines.filter(|(_, data)| matches!(data, Data::Leaf(_))).count();
    let texts = entries.iter().filter_map(|entry| entry.key_values(1).next()?.as_str()?.bytes().next());
    // Without this the compiler would leave everything out, since nobody wants to know.
    black_box((children, leafs, texts.fold(0, |sum: u8, byte| sum ^ byte)));
}
