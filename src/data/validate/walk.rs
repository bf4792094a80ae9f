//! Checks everything at and below a node: all of a tree when it is loaded, what came or changed in a commit.

use std::rc::Rc;

use smallvec::SmallVec;

use super::check::Checker;
use super::constraints::index;
use super::index::Row;
use crate::data::xpath::accessible::ON;
use crate::data::xpath::{Cursor, Item};

impl<'a> Checker<'a> {
    /// Checks a node of the accessible tree and all below it, apart from `unique`. What is below a node that must not be
    /// there is not looked at.
    pub fn subtree(&mut self, cursor: &Cursor<'a>) {
        let item = cursor.item();
        let schema = self.schema;
        let node = schema.node(item.node());
        if !node.whens.is_empty() && self.is_stored(cursor) {
            let known = self.violations.len();
            for when in 0..node.whens.len() {
                self.when(cursor, when);
            }
            if self.violations.len() > known {
                return;
            }
        }
        for must in 0..node.musts.len() {
            self.must(cursor, must);
        }
        if self.constraints.sites_of.contains_key(&node.id) {
            self.reference(cursor);
        }
        let Item::Inner { node, data } = item else { return };
        let constraints = self.constraints;
        let watched = constraints.watched.get(index(node)).map_or(&[][..], |watched| watched);
        if watched.is_empty() && !constraints.mandatory_choices.contains_key(&node) {
            return;
        }
        let parent = Rc::new(cursor.clone());
        self.structure(&parent);
        for child in watched.iter().copied() {
            if let Some(list) = data.and_then(|data| data.list(child)) {
                for entry in list.iter() {
                    let item = Item::Inner { node: child, data: Some(&**entry) };
                    self.subtree(&Cursor::below(&parent, item));
                }
                continue;
            }
            let mut found: SmallVec<[Item<'a>; 2]> = SmallVec::new();
            let mut above = || Rc::clone(&parent);
            let visited = self.evaluator(child).visit_child(data, child, &mut above, &mut |item| {
                found.push(item);
                ON
            });
            if visited.is_ok() {
                for item in found {
                    self.subtree(&Cursor::below(&parent, item));
                }
            }
        }
    }

    /// Whether a node is stored, and not there by default.
    pub fn is_stored(&self, cursor: &Cursor<'a>) -> bool {
        match (cursor.parent(), cursor.item()) {
            (None, _) | (_, Item::Inner { data: Some(_), .. }) => true,
            (Some(parent), item) => {
                parent.item().container().is_some_and(|container| container.get(item.node()).is_some())
            }
        }
    }

    /// Checks every `unique` statement of the tree by the index.
    pub fn all_uniques(&mut self) {
        let index = self.index;
        let mut rows: Vec<Row> = Vec::new();
        for row in &index.uniques {
            if rows.last().is_some_and(|last| last.what != row.what || last.hash != row.hash) {
                if rows.len() > 1 {
                    self.unique(&rows);
                }
                rows.clear();
            }
            rows.push(row.clone());
        }
        if rows.len() > 1 {
            self.unique(&rows);
        }
    }
}
