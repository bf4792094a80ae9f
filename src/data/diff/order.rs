//! Differences of lists that are `ordered-by user`: what came, went and moved.
//!
//! The entries that are neither created nor moved stand in the same order in both lists. So replaying creations and
//! moves in the order of the list after, each directly behind its predecessor there, gives that list.

use std::borrow::Borrow as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::ordmap::DiffItem;

use super::Walk;
use crate::data::path::Keys;
use crate::data::tree::{Container, Key, List, Ordered, Position, Store};
use crate::yang::schema::Value;

pub(super) fn lists(walk: &mut Walk<'_>, before: &List, after: &List) {
    if let (Store::Ordered(old), Store::Ordered(new)) = (&before.store, &after.store) {
        large(walk, before.key_count(), old, new);
    } else {
        small(walk, before, after);
    }
}

/// Compares two lists entry by entry.
fn small(walk: &mut Walk<'_>, before: &List, after: &List) {
    let count = after.key_count();
    let old: BTreeMap<Key, (usize, &Arc<Container>)> =
        before.iter().enumerate().map(|(at, entry)| (Key::of_entry(entry, count), (at, entry))).collect();
    for entry in before {
        if after.get(Key::of_entry(entry, count).borrow()).is_none() {
            walk.entry(Some(entry), None, None);
        }
    }
    let common: Vec<usize> =
        after.iter().filter_map(|entry| old.get(&Key::of_entry(entry, count)).map(|(at, _)| *at)).collect();
    let stayed: BTreeSet<usize> = longest_ascending(&common).into_iter().collect();
    let mut previous: Option<&Arc<Container>> = None;
    for entry in after {
        match old.get(&Key::of_entry(entry, count)) {
            None => walk.entry(None, Some(entry), Some(behind(previous, count))),
            Some((at, old)) => {
                if !stayed.contains(at) {
                    walk.moved(old, entry, behind(previous, count));
                }
                walk.entry(Some(old), Some(entry), None);
            }
        }
        previous = Some(entry);
    }
}

fn behind(previous: Option<&Arc<Container>>, count: usize) -> Position {
    behind_keys(previous.map(|entry| entry.key_values(count).cloned().collect()))
}

/// The place behind the entry with these keys, or before all.
pub(super) fn behind_keys(previous: Option<Keys>) -> Position {
    previous.map_or(Position::First, Position::After)
}

/// Compares two large lists by what their maps do not share. A rank that changed need not be a move: entries are given
/// new ranks where a gap was used up.
fn large(walk: &mut Walk<'_>, count: usize, before: &Ordered, after: &Ordered) {
    let mut touched: BTreeSet<Key> = BTreeSet::new();
    let mut created: Vec<(u128, Key)> = Vec::new();
    let mut reranked: Vec<(u128, u128, Key)> = Vec::new();
    for item in before.ranks.diff(&after.ranks) {
        match item {
            DiffItem::Add(key, rank) => created.push((*rank, key.clone())),
            DiffItem::Remove(_, rank) => walk.entry(before.entries.get(rank), None, None),
            DiffItem::Update { old: (key, old), new: (_, new) } => reranked.push((*old, *new, key.clone())),
        }
    }
    touched.extend(created.iter().map(|(_, key)| key.clone()));
    touched.extend(reranked.iter().map(|(_, _, key)| key.clone()));
    let fixed_before = |ordered: &Ordered, rank: u128| {
        let mut earlier = ordered.entries.range(..rank).rev().map(|(_, entry)| Key::of_entry(entry, count));
        earlier.find(|key| {
            let key: &[Value] = key.borrow();
            !touched.contains(key) && before.ranks.contains_key(key) && after.ranks.contains_key(key)
        })
    };
    reranked.sort_by_key(|(old, ..)| *old);
    let (level, mut moved): (Vec<_>, Vec<_>) = reranked
        .into_iter()
        .partition(|(old, new, _)| fixed_before(before, *old) == fixed_before(after, *new));
    let new_ranks: Vec<u128> = level.iter().map(|(_, new, _)| *new).collect();
    let stayed: BTreeSet<u128> = longest_ascending(&new_ranks).into_iter().collect();
    let mut content: Vec<Key> = Vec::new();
    for item in level {
        if stayed.contains(&item.1) {
            content.push(item.2);
        } else {
            moved.push(item);
        }
    }
    content.extend(moved.iter().map(|(_, _, key)| key.clone()));
    let mut placed: Vec<(u128, Option<u128>)> = created.iter().map(|(rank, _)| (*rank, None)).collect();
    placed.extend(moved.iter().map(|(old, new, _)| (*new, Some(*old))));
    placed.sort_unstable();
    for (rank, old) in placed {
        let Some(entry) = after.entries.get(&rank) else { continue };
        let position = behind(after.entries.range(..rank).next_back().map(|(_, entry)| entry), count);
        match old.and_then(|old| before.entries.get(&old)) {
            Some(old) => walk.moved(old, entry, position),
            None => walk.entry(None, Some(entry), Some(position)),
        }
    }
    for item in before.entries.diff(&after.entries) {
        if let DiffItem::Update { old: (_, old), new: (_, new) } = item
            && old.key_values(count).eq(new.key_values(count))
        {
            walk.entry(Some(old), Some(new), None);
        }
    }
    for key in content {
        walk.entry(before.get(key.borrow()), after.get(key.borrow()), None);
    }
}

/// The members of a longest ascending subsequence (patience sorting).
pub(super) fn longest_ascending<T: Copy + Ord>(sequence: &[T]) -> Vec<T> {
    let mut tails: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(sequence.len());
    for (index, item) in sequence.iter().enumerate() {
        let at = tails.partition_point(|tail| sequence.get(*tail).is_some_and(|other| other < item));
        previous.push(at.checked_sub(1).and_then(|at| tails.get(at)).copied());
        match tails.get_mut(at) {
            Some(slot) => *slot = index,
            None => tails.push(index),
        }
    }
    let mut found = Vec::with_capacity(tails.len());
    let mut at = tails.last().copied();
    while let Some(index) = at {
        found.extend(sequence.get(index));
        at = previous.get(index).copied().flatten();
    }
    found.reverse();
    found
}
