//! Lists that are read whole: entries that come in the order of their keys are collected and put in place at once.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Container;
use super::list::{Key, List, SMALL, Store};
use crate::yang::schema::{NodeId, Schema};

/// A list that is being read.
pub(crate) struct ListBuilder {
    list: List,
    /// The entries so far, as long as each has had a greater key than the one before.
    ascending: Option<Vec<Arc<Container>>>,
}

impl ListBuilder {
    /// An empty list of that schema node.
    pub fn new(schema: &Schema, node: NodeId) -> Self {
        let list = List::new(schema, node);
        let is_sorted = list.key_count() > 0 && !list.is_user_ordered();
        ListBuilder { list, ascending: is_sorted.then(Vec::new) }
    }

    /// Whether there is an entry with the key of this one.
    pub fn contains(&mut self, entry: &Container) -> bool {
        let count = self.list.key_count();
        if let Some(ascending) = &self.ascending {
            let before = ascending.last();
            if before.is_none_or(|last| last.key_values(count).cmp(entry.key_values(count)) == Ordering::Less)
            {
                return false;
            }
            self.settle();
        }
        count > 0 && self.list.get(std::borrow::Borrow::borrow(&Key::of_entry(entry, count))).is_some()
    }

    /// Adds an entry that is not in the list yet, as [`ListBuilder::contains`] has said.
    pub fn push(&mut self, entry: Arc<Container>) {
        match &mut self.ascending {
            Some(ascending) => ascending.push(entry),
            None => drop(self.list.insert(entry)),
        }
    }

    /// The list.
    pub fn finish(mut self) -> List {
        self.settle();
        if let Store::Small(entries) = &mut self.list.store {
            entries.shrink_to_fit();
        }
        self.list
    }

    /// Goes over from collecting to inserting.
    fn settle(&mut self) {
        let Some(ascending) = self.ascending.take() else { return };
        let count = self.list.key_count();
        self.list.store = if ascending.len() <= SMALL {
            Store::Small(ascending)
        } else {
            Store::Sorted(packed(ascending).map(|entry| (Key::of_entry(&entry, count), entry)).collect())
        };
    }
}

/// Sorted items in an order in which a map of pages gets full pages: every second one first, then those between them. One
/// after the other they would leave behind them pages that were split and stay half empty.
pub(crate) fn packed<T>(sorted: Vec<T>) -> impl Iterator<Item = T> {
    let mut between = Vec::with_capacity(sorted.len() / 2);
    let mut first = Vec::with_capacity(sorted.len() / 2 + 1);
    for (index, item) in sorted.into_iter().enumerate() {
        if index % 2 == 0 { first.push(item) } else { between.push(item) }
    }
    first.into_iter().chain(between)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::testing::{container, issuers};

    proptest! {
        #[test]
        fn a_list_that_is_read_whole_is_the_one_that_grows_entry_by_entry(
            names in prop::collection::vec(0..200_u32, 0..150),
            is_sorted in any::<bool>(),
        ) {
            let node = issuers().find("/top/issuer").unwrap();
            let mut names = names;
            if is_sorted {
                names.sort_unstable();
            }
            let mut builder = ListBuilder::new(issuers(), node);
            let mut list = List::new(issuers(), node);
            for name in names {
                let entry = container(issuers(), node, &serde_json::json!({ "name": format!("i{name:03}") }));
                let key = entry.key(issuers());
                prop_assert_eq!(builder.contains(&entry), list.get(&key).is_some());
                if list.get(&key).is_none() {
                    builder.push(Arc::clone(&entry));
                    list.insert(entry);
                }
            }
            let built = builder.finish();
            prop_assert_eq!(built.digest(), list.digest());
            prop_assert_eq!(&built, &list);
        }
    }
}
