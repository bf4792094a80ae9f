//! Maps and sets of what one process keeps for itself, by a hash that costs a fraction of the standard library's.
//!
//! Its seed is made at random when the process starts, so nobody can find keys that collide beforehand. Not for maps whose
//! order or hashes anybody sees, and not where somebody may measure for long how two keys of his own choice behave.

use std::collections;

use foldhash::fast::RandomState;

/// A map.
pub type HashMap<K, V> = collections::HashMap<K, V, RandomState>;
/// A map of which a changed copy shares most of its memory with the one before.
pub type SharedHashMap<K, V> = imbl::GenericHashMap<K, V, RandomState, imbl::shared_ptr::DefaultSharedPtr>;
/// A set.
pub type HashSet<K> = collections::HashSet<K, RandomState>;
/// A map that keeps the order in which its keys came.
pub type IndexMap<K, V> = indexmap::IndexMap<K, V, RandomState>;
/// A set that keeps the order in which its keys came.
pub type IndexSet<K> = indexmap::IndexSet<K, RandomState>;
