//! Where a row belongs, by the text of its path: in which list, and in which row. The text is taken apart and not read: the keys
//! of an entry are in its content as well, and those of the entries around it in theirs.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::data::path::InstancePath;
use crate::engine::facts::Facts;
use crate::yang::schema::{NodeId, Schema};

/// What stands for the text of a row's path.
pub(super) type Name = u128;

/// Where a row belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the tenant's own.
    Tenant,
    /// It is an entry.
    Entry {
        /// Of this list.
        list: NodeId,
        /// In the row of that name; `None`: in the tenant's own.
        around: Option<Name>,
        /// Its own name, where other rows can be in it.
        name: Option<Name>,
    },
}

/// Finds the places of rows, and remembers which paths lead to which lists.
#[derive(Clone)]
pub(super) struct Places<'f> {
    facts: &'f Facts,
    lists: HashMap<String, InstancePath>,
    names: String,
    /// Two hashes of 64 bits with keys of their own: two texts never have the same.
    hashers: [RandomState; 2],
    root: InstancePath,
}

impl<'f> Places<'f> {
    /// For rows of a model with these facts.
    pub fn new(facts: &'f Facts) -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        Places { facts, lists: HashMap::new(), names: String::new(), hashers, root: InstancePath::root() }
    }

    /// The place of the row with that path, and the path of its list without any keys.
    ///
    /// # Errors
    /// Why there is no such list.
    pub fn of(&mut self, schema: &Schema, text: &str) -> Result<(Place, &InstancePath), String> {
        if text == "/" {
            return Ok((Place::Tenant, &self.root));
        }
        let around = take_apart(text, &mut self.names);
        let [high, low] = &self.hashers;
        let name = |text: &str| u128::from(high.hash_one(text)) << 64 | u128::from(low.hash_one(text));
        if !self.lists.contains_key(&self.names) {
            let path = InstancePath::parse_instance_identifier(schema, &self.names);
            let path = path.map_err(|violation| violation.message)?;
            if !self.facts.is_row_list(path.target()) {
                return Err("it is not the path of a row".to_owned());
            }
            self.lists.insert(self.names.clone(), path);
        }
        let path = self.lists.get(&self.names).unwrap_or(&self.root);
        let list = path.target();
        let holds_rows = self.facts.has_rows_inside(schema, list);
        let place = Place::Entry { list, around: around.map(name), name: holds_rows.then(|| name(text)) };
        Ok((place, path))
    }
}

/// Puts the path without any keys into `names`, and returns that of the entry around the last one.
fn take_apart<'t>(text: &'t str, names: &mut String) -> Option<&'t str> {
    names.clear();
    let mut quote = None;
    let mut is_key = false;
    // Where the keys of the entry that was met last end, and where those of the one before it do.
    let (mut last, mut around) = (None, None);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) => quote = quote.filter(|_| letter != open),
            (None, '\'' | '"') if is_key => quote = Some(letter),
            (None, '[') => is_key = true,
            (None, ']') => {
                is_key = false;
                last = Some(at + 1);
            }
            (None, _) if is_key => {}
            (None, _) => {
                if letter == '/' {
                    around = last;
                }
                names.push(letter);
            }
        }
    }
    text.get(..around?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_its_names_and_the_path_of_the_entry_around() {
        let apart = |text| {
            let mut names = String::new();
            let around = take_apart(text, &mut names);
            (names, around)
        };
        assert_eq!(apart("/a:b/c[k='x']"), ("/a:b/c".to_owned(), None));
        let text = "/a:b[k='x/[y'][l=\"it's\"]/c/d[k=concat('a',\"'\",'b/')]";
        assert_eq!(apart(text), ("/a:b/c/d".to_owned(), Some("/a:b[k='x/[y'][l=\"it's\"]")));
        let text = "/a:b[k='1']/c[k='2']/d[k='3']";
        assert_eq!(apart(text), ("/a:b/c/d".to_owned(), Some("/a:b[k='1']/c[k='2']")));
    }
}
