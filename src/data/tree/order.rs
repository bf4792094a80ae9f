//! A large list that is `ordered-by user`: entries by rank, ranks by key, so that look-up, insertion and moving cost
//! O(log n).
//!
//! Ranks are 128-bit numbers with wide gaps. Where a gap is used up, the entries around it are spread out again, over
//! a window that grows until there is room: few entries pay, and seldom. Ranks are not content.

use std::sync::Arc;

use imbl::OrdMap;

use super::Container;
use super::list::Key;
use crate::yang::schema::Value;

/// Distance between neighbours that are appended one after the other.
const GAP: u128 = 1 << 64;

/// The rank of the first entry: the middle, so that both ends have room.
const MIDDLE: u128 = 1 << 127;

/// Neighbours closer than this after spreading would be spread again too soon.
const ROOM: u128 = 1 << 16;

/// Entries in an order of their own.
#[derive(Clone, Default)]
pub(in crate::data) struct Ordered {
    pub(in crate::data) ranks: OrdMap<Key, u128>,
    pub(in crate::data) entries: OrdMap<u128, Arc<Container>>,
}

/// A place between two entries, by their ranks.
#[derive(Clone, Copy)]
pub(super) struct Place {
    after: Option<u128>,
    before: Option<u128>,
}

impl Ordered {
    pub(in crate::data) fn get(&self, key: &[Value]) -> Option<&Arc<Container>> {
        self.entries.get(self.ranks.get(key)?)
    }

    /// The entries next to the one of that key.
    pub(super) fn neighbours(&self, key: &[Value]) -> (Option<&Arc<Container>>, Option<&Arc<Container>>) {
        match self.ranks.get(key) {
            Some(rank) => {
                let place = self.around(*rank);
                let entry = |rank: Option<u128>| rank.and_then(|rank| self.entries.get(&rank));
                (entry(place.after), entry(place.before))
            }
            None => (None, None),
        }
    }

    pub(super) fn first(&self) -> Place {
        Place { after: None, before: self.entries.get_min().map(|(rank, _)| *rank) }
    }

    pub(super) fn last(&self) -> Place {
        Place { after: self.entries.get_max().map(|(rank, _)| *rank), before: None }
    }

    pub(super) fn before(&self, key: &[Value]) -> Option<Place> {
        let rank = *self.ranks.get(key)?;
        Some(Place { after: self.around(rank).after, before: Some(rank) })
    }

    pub(super) fn after(&self, key: &[Value]) -> Option<Place> {
        let rank = *self.ranks.get(key)?;
        Some(Place { after: Some(rank), before: self.around(rank).before })
    }

    /// Puts an entry that is not there yet into a place.
    pub(super) fn insert(&mut self, key: Key, entry: Arc<Container>, place: Place) {
        let rank = match (place.after, place.before) {
            (None, None) => MIDDLE,
            (Some(after), None) => after.saturating_add(GAP),
            (None, Some(before)) => before.saturating_sub(GAP),
            (Some(after), Some(before)) => after + (before - after) / 2,
        };
        self.ranks.insert(key, rank);
        if place.after == Some(rank) || place.before == Some(rank) {
            self.squeeze(rank, entry, place.before == Some(rank));
        } else {
            self.entries.insert(rank, entry);
        }
    }

    /// Replaces the entry of a key, which must be there, where it stands.
    pub(super) fn replace(&mut self, rank: u128, entry: Arc<Container>) -> Option<Arc<Container>> {
        self.entries.insert(rank, entry)
    }

    pub(super) fn remove(&mut self, key: &[Value]) -> Option<Arc<Container>> {
        let rank = self.ranks.remove(key)?;
        self.entries.remove(&rank)
    }

    fn around(&self, rank: u128) -> Place {
        Place {
            after: self.entries.range(..rank).next_back().map(|(rank, _)| *rank),
            before: rank
                .checked_add(1)
                .and_then(|next| self.entries.range(next..).next())
                .map(|(rank, _)| *rank),
        }
    }

    /// Inserts next to `rank`, which is taken, spreading the neighbourhood out.
    fn squeeze(&mut self, rank: u128, entry: Arc<Container>, before: bool) {
        let mut reach = 16_usize;
        loop {
            let low: Vec<u128> =
                self.entries.range(..rank).rev().take(reach).map(|(rank, _)| *rank).collect();
            let high: Vec<u128> = self.entries.range(rank..).take(reach).map(|(rank, _)| *rank).collect();
            // A side that ends early has the whole space up to the end of the number range.
            let start = if low.len() < reach { 0 } else { low.last().copied().unwrap_or(0) };
            let end = if high.len() < reach { u128::MAX } else { high.last().copied().unwrap_or(u128::MAX) };
            let count = low.len() + high.len() + 1;
            let step = (end - start) / (count as u128 + 1);
            if step >= ROOM || (low.len() < reach && high.len() < reach) {
                let mut window: Vec<Arc<Container>> = Vec::with_capacity(count);
                for old in low.iter().rev() {
                    window.extend(self.entries.remove(old));
                }
                let mut here = window.len();
                for old in &high {
                    window.extend(self.entries.remove(old));
                }
                if !before {
                    here += 1;
                }
                window.insert(here.min(window.len()), entry);
                let mut at = start;
                for entry in window {
                    at += step;
                    self.rerank(&entry, at);
                    self.entries.insert(at, entry);
                }
                return;
            }
            reach *= 2;
        }
    }

    fn rerank(&mut self, entry: &Arc<Container>, rank: u128) {
        let count = self.ranks.get_min().map_or(0, |(key, _)| key.len());
        self.ranks.insert(Key::of_entry(entry, count), rank);
    }
}
