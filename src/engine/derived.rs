//! Values worked out from parts of the tree (a parsed key, a compiled role), kept until those parts change.
//!
//! Nobody has to be told of a change: a look-up compares what the value was made from with what is there now, by pointer
//! first and by digest where pointers differ.

use std::hash::Hash;
use std::sync::Arc;

use arc_swap::ArcSwap;
use imbl::HashMap;

use crate::data::tree::Container;

/// A memo from `K` to `V`. Look-ups take no lock. When it holds `capacity` values it starts anew.
pub struct Derived<K, V> {
    kept: ArcSwap<HashMap<K, Arc<Kept<V>>>>,
    capacity: usize,
}

struct Kept<V> {
    sources: Vec<Arc<Container>>,
    value: Arc<V>,
}

impl<K: Clone + Hash + Eq, V> Derived<K, V> {
    /// An empty memo that holds at most `capacity` values.
    pub fn new(capacity: usize) -> Self {
        Derived { kept: ArcSwap::default(), capacity }
    }

    /// The value for `key`, made by `make` unless it was made before from the same `sources`. Everything that `make` looks
    /// at must be among them.
    ///
    /// # Errors
    /// What `make` says; a failure is not kept.
    pub fn get<E>(
        &self,
        key: &K,
        sources: &[&Arc<Container>],
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        if let Some(kept) = self.kept.load().get(key)
            && same(&kept.sources, sources)
        {
            return Ok(Arc::clone(&kept.value));
        }
        let value = Arc::new(make()?);
        let kept = Arc::new(Kept {
            sources: sources.iter().map(|source| Arc::clone(source)).collect(),
            value: Arc::clone(&value),
        });
        self.kept.rcu(|all| {
            let mut next = if all.len() >= self.capacity { HashMap::new() } else { HashMap::clone(all) };
            next.insert(key.clone(), Arc::clone(&kept));
            next
        });
        Ok(value)
    }

    /// How many values are kept.
    pub fn len(&self) -> usize {
        self.kept.load().len()
    }

    /// Whether no value is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn same(kept: &[Arc<Container>], sources: &[&Arc<Container>]) -> bool {
    kept.len() == sources.len()
        && kept.iter().zip(sources).all(|(old, new)| Arc::ptr_eq(old, new) || old == *new)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::data::tree::Data;
    use crate::yang::schema::{NodeId, Value};

    fn entry(text: &str) -> Arc<Container> {
        Arc::new(Container::with_children(NodeId(1), vec![(NodeId(2), Data::Leaf(Value::string(text)))]))
    }

    #[test]
    fn a_value_is_made_again_only_when_its_sources_differ() {
        let memo: Derived<&str, u32> = Derived::new(8);
        let mut made = 0;
        let mut get = |source: &Arc<Container>| {
            let answer: Result<_, Infallible> = memo.get(&"role", &[source], || {
                made += 1;
                Ok(made)
            });
            *answer.unwrap()
        };
        let first = entry("a");
        assert_eq!([get(&first), get(&first), get(&entry("a"))], [1, 1, 1]);
        assert_eq!([get(&entry("b")), get(&first)], [2, 3]);
    }

    #[test]
    fn failures_are_not_kept_and_the_memo_is_bounded() {
        let memo: Derived<u32, u32> = Derived::new(3);
        assert_eq!(memo.get(&1, &[], || Err("no")), Err("no"));
        assert!(memo.is_empty());
        for key in 0..10 {
            let _: Result<_, Infallible> = memo.get(&key, &[], || Ok(key));
            assert!(memo.len() <= 3);
        }
    }
}
