//! A list: entries found by key in O(log n), in the order of their keys or in the order that the user gave them.
//!
//! Up to [`SMALL`] entries are a vector; more are persistent maps, so that changing one entry of a million copies a few
//! nodes. The digest is a sum over the entries, kept up to date with every change once it has been asked for.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::Values;
use imbl::shared_ptr::DefaultSharedPtr;

use super::Container;
use super::digest::{self, Kept};
use super::order::Ordered;
use crate::data::path::Keys;
use crate::yang::schema::{NodeId, Schema, Value};

/// A list with more entries than this is kept in persistent maps.
pub(super) const SMALL: usize = 32;

/// The entries of a list and how they are ordered.
#[derive(Clone)]
pub struct List {
    /// Its schema node.
    pub node: NodeId,
    key_count: u8,
    user_ordered: bool,
    pub(in crate::data) store: Store,
    sum: Kept,
}

/// How the entries are kept.
#[derive(Clone)]
pub(in crate::data) enum Store {
    /// Sorted by key, or in the user's order; also every list without keys, in the order of arrival.
    Small(Vec<Arc<Container>>),
    /// Sorted by key.
    Sorted(OrdMap<Key, Arc<Container>>),
    /// In the user's order.
    Ordered(Box<Ordered>),
}

/// The key of an entry. It is looked up by a slice of values, without building one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::data) enum Key {
    One(Value),
    Several(Box<[Value]>),
}

/// Where an entry of a list that is `ordered-by user` goes (RFC 7950 section 7.8.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// Directly before the entry with this key.
    Before(Keys),
    /// Directly after the entry with this key.
    After(Keys),
}

/// The entry that a [`Position`] names does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointMissing;

impl Key {
    pub(in crate::data) fn of_entry(entry: &Container, count: usize) -> Key {
        let mut values = entry.key_values(count);
        match (count, values.next()) {
            (1, Some(only)) => Key::One(only.clone()),
            (_, first) => Key::Several(first.into_iter().chain(values).cloned().collect()),
        }
    }

    pub(super) fn len(&self) -> usize {
        <Key as Borrow<[Value]>>::borrow(self).len()
    }
}

impl Borrow<[Value]> for Key {
    fn borrow(&self) -> &[Value] {
        match self {
            Key::One(value) => std::slice::from_ref(value),
            Key::Several(values) => values,
        }
    }
}

impl List {
    /// An empty list of that schema node.
    pub fn new(schema: &Schema, node: NodeId) -> Self {
        let facts = schema.node(node);
        List {
            node,
            key_count: u8::try_from(facts.keys().len()).unwrap_or(u8::MAX),
            user_ordered: facts.list_facts().is_some_and(|facts| facts.user_ordered),
            store: Store::Small(Vec::new()),
            sum: Kept::default(),
        }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        match &self.store {
            Store::Small(entries) => entries.len(),
            Store::Sorted(map) => map.len(),
            Store::Ordered(ordered) => ordered.entries.len(),
        }
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is `ordered-by user`.
    pub fn is_user_ordered(&self) -> bool {
        self.user_ordered
    }

    /// How many key leafs an entry has; 0 for state lists without keys.
    pub fn key_count(&self) -> usize {
        usize::from(self.key_count)
    }

    /// The entry with that key.
    pub fn get(&self, key: &[Value]) -> Option<&Arc<Container>> {
        match &self.store {
            Store::Small(entries) => {
                entries.get(find_whole(entries, key, self.key_count(), self.user_ordered)?)
            }
            Store::Sorted(map) => map.get(key),
            Store::Ordered(ordered) => ordered.get(key),
        }
    }

    /// The entries in order.
    pub fn iter(&self) -> Entries<'_> {
        Entries(match &self.store {
            Store::Small(entries) => Walk::Small(entries.iter()),
            Store::Sorted(map) => Walk::Sorted(map.values()),
            Store::Ordered(ordered) => Walk::Ordered(ordered.entries.values()),
        })
    }

    /// Adds an entry, or replaces the one with the same key where it stands, and returns the old one. A new entry of a
    /// list that is `ordered-by user`, or that has no keys, goes to the end.
    pub fn insert(&mut self, entry: Arc<Container>) -> Option<Arc<Container>> {
        let key = Key::of_entry(&entry, self.key_count());
        if self.key_count > 0 && self.get(key.borrow()).is_some() {
            return self.replace(key, entry);
        }
        self.grow();
        if !self.user_ordered {
            self.add_to_sum(|list| list.part(&entry, None));
        }
        match &mut self.store {
            Store::Small(entries) if self.user_ordered || self.key_count == 0 => {
                entries.push(entry);
                self.sum.forget();
            }
            Store::Small(entries) => {
                let wanted: &[Value] = key.borrow();
                let at = entries.partition_point(|other| compare(other, wanted) == Ordering::Less);
                entries.insert(at, entry);
            }
            Store::Sorted(map) => {
                map.insert(key, entry);
            }
            Store::Ordered(ordered) => {
                let place = ordered.last();
                ordered.insert(key.clone(), entry, place);
                self.link(key.borrow());
            }
        }
        None
    }

    /// Adds an entry at a position, or moves the one with the same key there, and returns the old one. In a list that
    /// is ordered by the system the position means nothing.
    ///
    /// # Errors
    /// [`PointMissing`] when the position names an entry that is not there (or the entry itself); nothing is changed.
    pub fn insert_at(
        &mut self,
        entry: Arc<Container>,
        position: &Position,
    ) -> Result<Option<Arc<Container>>, PointMissing> {
        if !self.user_ordered {
            return Ok(self.insert(entry));
        }
        let key = Key::of_entry(&entry, self.key_count());
        if let Position::Before(point) | Position::After(point) = position {
            let own: &[Value] = key.borrow();
            if **point == *own || self.get(point).is_none() {
                return Err(PointMissing);
            }
        }
        let old = self.remove(key.borrow());
        self.grow();
        match &mut self.store {
            Store::Small(entries) => {
                let at = match position {
                    Position::First => 0,
                    Position::Last => entries.len(),
                    Position::Before(point) => place_of(entries, point).ok_or(PointMissing)?,
                    Position::After(point) => place_of(entries, point).ok_or(PointMissing)? + 1,
                };
                entries.insert(at, entry);
                self.sum.forget();
            }
            Store::Sorted(_) => {}
            Store::Ordered(ordered) => {
                let place = match position {
                    Position::First => ordered.first(),
                    Position::Last => ordered.last(),
                    Position::Before(point) => ordered.before(point).ok_or(PointMissing)?,
                    Position::After(point) => ordered.after(point).ok_or(PointMissing)?,
                };
                ordered.insert(key.clone(), entry, place);
                self.link(key.borrow());
            }
        }
        Ok(old)
    }

    /// Takes the entry with that key out.
    pub fn remove(&mut self, key: &[Value]) -> Option<Arc<Container>> {
        if self.user_ordered {
            self.unlink(key);
        }
        let removed = match &mut self.store {
            Store::Small(entries) => {
                let at = find(entries, key, self.user_ordered).ok()?;
                if self.user_ordered {
                    self.sum.forget();
                }
                entries.remove(at)
            }
            Store::Sorted(map) => map.remove(key)?,
            Store::Ordered(ordered) => ordered.remove(key)?,
        };
        if !self.user_ordered {
            self.take_from_sum(|list| list.part(&removed, None));
        }
        Some(removed)
    }

    /// Changes the entry with that key in place, and returns what the function returned. The function must leave the
    /// entry's key alone.
    pub fn update<R>(&mut self, key: &[Value], change: impl FnOnce(&mut Arc<Container>) -> R) -> Option<R> {
        if self.user_ordered {
            let mut entry = Arc::clone(self.get(key)?);
            let result = change(&mut entry);
            self.replace(Key::of_entry(&entry, self.key_count()), entry);
            return Some(result);
        }
        // The list keeps the only reference to an entry that this transaction has changed already, so that another change
        // of it copies nothing.
        let key_count = self.key_count();
        let entry = match &mut self.store {
            Store::Small(entries) => {
                let at = find_whole(entries, key, key_count, false)?;
                entries.get_mut(at)?
            }
            Store::Sorted(map) => map.get_mut(key)?,
            Store::Ordered(_) => return None,
        };
        let Some(sum) = self.sum.get() else { return Some(change(entry)) };
        let before = digest::of_entry(entry, key_count, None);
        let result = change(entry);
        let after = digest::of_entry(entry, key_count, None);
        self.sum.set(sum.wrapping_sub(before).wrapping_add(after));
        Some(result)
    }

    /// A hash of the content and, where it matters, of the order.
    pub fn digest(&self) -> u128 {
        let sum = self.sum.get_or_init(|| {
            if self.key_count == 0 {
                return digest::of_sequence(self);
            }
            let mut sum = 0_u128;
            let mut before = None;
            for entry in self.iter() {
                sum = sum.wrapping_add(self.part(entry, before));
                before = Some(entry);
            }
            sum
        });
        digest::of_list(self, sum)
    }

    fn part(&self, entry: &Arc<Container>, before: Option<&Arc<Container>>) -> u128 {
        digest::of_entry(entry, self.key_count(), self.user_ordered.then_some(before))
    }

    fn replace(&mut self, key: Key, entry: Arc<Container>) -> Option<Arc<Container>> {
        if self.user_ordered {
            self.unlink(key.borrow());
        } else {
            self.add_to_sum(|list| list.part(&entry, None));
        }
        let old = match &mut self.store {
            Store::Small(entries) => {
                if self.user_ordered {
                    self.sum.forget();
                }
                let at = find(entries, key.borrow(), self.user_ordered).ok()?;
                entries.get_mut(at).map(|slot| std::mem::replace(slot, entry))
            }
            Store::Sorted(map) => map.insert(key, entry),
            Store::Ordered(ordered) => {
                let rank = *ordered.ranks.get::<[Value]>(key.borrow())?;
                let old = ordered.replace(rank, entry);
                self.link(key.borrow());
                return old;
            }
        };
        if let Some(old) = &old
            && !self.user_ordered
        {
            self.take_from_sum(|list| list.part(old, None));
        }
        old
    }

    /// Turns a vector that has become too long into maps.
    fn grow(&mut self) {
        let key_count = self.key_count();
        let Store::Small(entries) = &mut self.store else { return };
        if key_count == 0 || entries.len() < SMALL {
            return;
        }
        let entries = std::mem::take(entries);
        self.store = if self.user_ordered {
            let mut ordered = Ordered::default();
            for entry in entries {
                let place = ordered.last();
                ordered.insert(Key::of_entry(&entry, key_count), entry, place);
            }
            Store::Ordered(Box::new(ordered))
        } else {
            let keyed = entries.into_iter().map(|entry| (Key::of_entry(&entry, key_count), entry));
            Store::Sorted(keyed.collect())
        };
    }

    fn add_to_sum(&mut self, part: impl FnOnce(&List) -> u128) {
        if let Some(sum) = self.sum.get() {
            self.sum.set(sum.wrapping_add(part(self)));
        }
    }

    fn take_from_sum(&mut self, part: impl FnOnce(&List) -> u128) {
        self.add_to_sum(|list| part(list).wrapping_neg());
    }

    /// Takes the parts of an entry that is about to go, and of the one behind it, out of the sum.
    fn unlink(&mut self, key: &[Value]) {
        self.take_from_sum(|list| list.parts_at(key));
        self.add_to_sum(|list| list.part_across(key));
    }

    /// The opposite of [`List::unlink`], for an entry that is in its place now.
    fn link(&mut self, key: &[Value]) {
        self.take_from_sum(|list| list.part_across(key));
        self.add_to_sum(|list| list.parts_at(key));
    }

    /// The part of an entry and the part of the one behind it.
    fn parts_at(&self, key: &[Value]) -> u128 {
        let Store::Ordered(ordered) = &self.store else { return 0 };
        let Some(entry) = ordered.get(key) else { return 0 };
        let (before, after) = ordered.neighbours(key);
        let own = self.part(entry, before);
        own.wrapping_add(after.map_or(0, |after| self.part(after, Some(entry))))
    }

    /// The part that the entry behind would have without this one.
    fn part_across(&self, key: &[Value]) -> u128 {
        let Store::Ordered(ordered) = &self.store else { return 0 };
        let (before, after) = ordered.neighbours(key);
        after.map_or(0, |after| self.part(after, before))
    }
}

/// Compares an entry's key with one that is looked for.
fn compare(entry: &Container, key: &[Value]) -> Ordering {
    entry.key_values(key.len()).cmp(key)
}

fn place_of(entries: &[Arc<Container>], key: &[Value]) -> Option<usize> {
    entries.iter().position(|entry| compare(entry, key) == Ordering::Equal)
}

/// The place of the entry with that key, which must have as many values as keys of the list.
fn find_whole(
    entries: &[Arc<Container>],
    key: &[Value],
    key_count: usize,
    user_ordered: bool,
) -> Option<usize> {
    let is_whole = key_count > 0 && key.len() == key_count;
    is_whole.then(|| find(entries, key, user_ordered).ok())?
}

fn find(entries: &[Arc<Container>], key: &[Value], user_ordered: bool) -> Result<usize, usize> {
    if key.is_empty() {
        return Err(0);
    }
    if user_ordered {
        return place_of(entries, key).ok_or(entries.len());
    }
    entries.binary_search_by(|entry| compare(entry, key))
}

/// Equality of content and order. Sums decide where both are known, and shared parts are not looked into.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        if self.node != other.node || self.len() != other.len() {
            return false;
        }
        match (self.sum.get(), other.sum.get(), &self.store, &other.store) {
            (Some(own), Some(other), _, _) => own == other,
            (_, _, Store::Sorted(own), Store::Sorted(other)) => own.diff(other).next().is_none(),
            _ => self.iter().eq(other),
        }
    }
}

impl Eq for List {}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The entries of a list in order. See [`List::iter`].
pub struct Entries<'a>(Walk<'a>);

enum Walk<'a> {
    Small(std::slice::Iter<'a, Arc<Container>>),
    Sorted(Values<'a, Key, Arc<Container>, DefaultSharedPtr>),
    Ordered(Values<'a, u128, Arc<Container>, DefaultSharedPtr>),
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a Arc<Container>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Small(entries) => entries.next(),
            Walk::Sorted(entries) => entries.next(),
            Walk::Ordered(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Walk::Small(entries) => entries.size_hint(),
            Walk::Sorted(entries) => entries.size_hint(),
            Walk::Ordered(entries) => entries.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Entries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Small(entries) => entries.next_back(),
            Walk::Sorted(entries) => entries.next_back(),
            Walk::Ordered(entries) => entries.next_back(),
        }
    }
}

impl ExactSizeIterator for Entries<'_> {}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Arc<Container>;
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        self.iter()
    }
}
