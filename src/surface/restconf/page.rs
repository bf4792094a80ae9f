//! Pages of lists and leaf-lists (draft-ietf-netconf-list-pagination, and its `-rc` for RESTCONF): of the entries that are
//! asked for, in the order that is asked for, so many from a certain one on.
//!
//! `where` and `sort-by` come before this; see [`crate::surface::select`].

use std::num::NonZeroU32;
use std::sync::Arc;

use hyper::StatusCode;

use crate::access::gate::Reading;
use crate::base::error::ErrorTag;
use crate::data::path::{InstancePath, Keys};
use crate::data::read::{Page, Remaining};
use crate::data::tree::{Container, List};
use crate::data::violation::{Violation, shorten};
use crate::engine::Datastore;
use crate::surface::failure::Failure;
use crate::surface::select::Selection;
use crate::yang::schema::{Schema, Value};

/// The rules by which texts are sorted: by code points, whatever the language.
const LOCALE: &str = "C";

/// What a request says of the page that it wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// `limit`; `None` is unbounded.
    pub limit: Option<NonZeroU32>,
    /// `offset`.
    pub offset: u32,
    /// `cursor`: the key of the first entry, as URLs have it.
    pub cursor: Option<String>,
    /// `direction=backwards`.
    pub backwards: bool,
    /// `sort-by`.
    pub sort_by: Option<String>,
    /// `locale`.
    pub locale: Option<String>,
}

/// Some of the entries, and where they stand among all.
#[derive(Debug)]
pub struct Chosen<T> {
    /// In order.
    pub entries: Vec<T>,
    /// For who looks for more.
    pub page: Option<Page>,
}

impl Wish {
    /// Whether it asks for all entries, in the order of the list.
    pub fn is_whole(&self) -> bool {
        let starts_at_the_first = self.offset == 0 && self.cursor.is_none() && !self.backwards;
        self.limit.is_none() && starts_at_the_first && self.sort_by.is_none()
    }

    /// Holds what needs no data against what there is.
    ///
    /// # Errors
    /// 501 for a locale that is not known here, 400 for one without `sort-by`; for a leaf-list, 501 for a cursor, since
    /// values need not differ, and 400 for sorting by anything but the value.
    pub fn check(&self, is_leaf_list: bool) -> Result<(), Failure> {
        if is_leaf_list && self.cursor.is_some() {
            let mut fault = fault("cursor", "a leaf-list has no cursors; use 'offset'".to_owned());
            fault.tag = ErrorTag::OperationNotSupported;
            return Err(Failure::new(StatusCode::NOT_IMPLEMENTED, fault));
        }
        if let Some(sort_by) = self.sort_by.as_ref().filter(|sort_by| is_leaf_list && *sort_by != ".") {
            let message = format!("'{}' is no way to sort a leaf-list; there is '.'", shorten(sort_by));
            return Err(fault("sort-by", message).into());
        }
        let Some(locale) = &self.locale else { return Ok(()) };
        if self.sort_by.is_none() {
            return Err(fault("locale", "'locale' goes with 'sort-by' only".to_owned()).into());
        }
        let known = [LOCALE, "POSIX"];
        if known.contains(&locale.trim_end_matches(".UTF-8")) {
            return Ok(());
        }
        let message = format!("'{}' is no locale here; there are {}", shorten(locale), known.join(" and "));
        let fault = fault("locale", message).app_tag("ietf-list-pagination:locale-unavailable");
        Err(Failure::new(StatusCode::NOT_IMPLEMENTED, fault))
    }

    /// The page of a list.
    ///
    /// # Errors
    /// Those of [`Selection::entries`]; 416 for an offset beyond the end, 404 for an unknown cursor.
    pub fn of_list(
        &self,
        reading: &Reading,
        list: &List,
        selection: &Selection,
    ) -> Result<Chosen<Arc<Container>>, Failure> {
        let schema = reading.snapshot.schema();
        if self.is_whole() {
            return Ok(Chosen { entries: selection.entries(reading, list)?, page: None });
        }
        let cursor = self.cursor.as_deref().map(|cursor| key(schema, &reading.target, cursor)).transpose()?;
        let is_at =
            |entry: &Container| cursor.as_ref().is_some_and(|key| entry.key_values(key.len()).eq(key));
        // What need not be looked at is only counted.
        if reading.datastore == Datastore::Config && selection.is_everything() && !self.backwards {
            let start = self.start(list.len(), list.iter().position(|entry| is_at(entry)))?;
            let wanted = self.end(start, list.len()) - start;
            let before = list.iter().nth(self.before(start)).filter(|_| start > 0);
            let mut from = list.iter().skip(start);
            let entries: Vec<_> = from.by_ref().take(wanted).cloned().collect();
            let page = self.page(&reading.target, schema, start, list.len(), before, from.next());
            return Ok(Chosen { entries, page });
        }
        let mut all = selection.entries(reading, list)?;
        if self.backwards {
            all.reverse();
        }
        let start = self.start(all.len(), all.iter().position(|entry| is_at(entry)))?;
        let end = self.end(start, all.len());
        let before = all.get(self.before(start)).filter(|_| start > 0);
        let page = self.page(&reading.target, schema, start, all.len(), before, all.get(end));
        let entries = all.get(start..end).unwrap_or_default().to_vec();
        Ok(Chosen { entries, page })
    }

    /// The page of a leaf-list.
    ///
    /// # Errors
    /// 416 for an offset beyond the end.
    pub fn of_values(&self, mut values: Vec<Value>) -> Result<Chosen<Value>, Failure> {
        if self.sort_by.is_some() {
            values.sort();
        }
        if self.backwards {
            values.reverse();
        }
        let start = self.start(values.len(), None)?;
        let end = self.end(start, values.len());
        let page = Page {
            remaining: self.remaining(end, values.len()),
            locale: self.sort_by.as_ref().map(|_| LOCALE),
            ..Page::default()
        };
        let entries = values.get(start..end).unwrap_or_default().to_vec();
        Ok(Chosen { entries, page: (page != Page::default()).then_some(page) })
    }

    /// The index of the first entry of the page.
    fn start(&self, count: usize, cursor: Option<usize>) -> Result<usize, Failure> {
        let from = match (&self.cursor, cursor) {
            (None, _) => 0,
            (Some(_), Some(index)) => index,
            (Some(cursor), None) => {
                let message = format!("there is no entry '{}' to begin with", shorten(cursor));
                return Err(cursor_not_found(message));
            }
        };
        let start = from.saturating_add(usize::try_from(self.offset).unwrap_or(usize::MAX));
        if start > count {
            let message = format!("'offset' is {}, and there are {} entries", self.offset, count - from);
            let fault = fault("offset", message).app_tag("ietf-list-pagination:offset-out-of-range");
            return Err(Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, fault));
        }
        Ok(start)
    }

    fn limit(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| usize::try_from(limit.get()).unwrap_or(usize::MAX))
    }

    fn end(&self, start: usize, count: usize) -> usize {
        start.saturating_add(self.limit()).min(count)
    }

    /// The index at which the page before begins.
    fn before(&self, start: usize) -> usize {
        start.saturating_sub(self.limit())
    }

    fn remaining(&self, end: usize, count: usize) -> Option<Remaining> {
        let left = u32::try_from(count - end).unwrap_or(u32::MAX);
        (left > 0).then_some(Remaining::Exactly(left))
    }

    fn page(
        &self,
        list: &InstancePath,
        schema: &Schema,
        start: usize,
        count: usize,
        before: Option<&Arc<Container>>,
        after: Option<&Arc<Container>>,
    ) -> Option<Page> {
        let limited = self.limit.is_some();
        let cursor = |entry: Option<&Arc<Container>>| {
            let entry = entry.filter(|_| limited)?;
            let path = list.entry(entry.key(schema)).to_restconf(schema);
            let (_, key) = path.rsplit_once('=')?;
            Some(key.to_owned())
        };
        let page = Page {
            remaining: self.remaining(self.end(start, count), count),
            next: cursor(after),
            previous: cursor(before),
            locale: self.sort_by.as_ref().map(|_| LOCALE),
        };
        (page != Page::default()).then_some(page)
    }
}

/// The key that a cursor is.
fn key(schema: &Schema, list: &InstancePath, cursor: &str) -> Result<Keys, Failure> {
    let text = format!("{}={cursor}", list.to_restconf(schema));
    match InstancePath::parse_restconf(schema, &text) {
        Ok(path) => Ok(path.keys().into()),
        Err(fault) => Err(cursor_not_found(format!("'{}' is no cursor: {}", shorten(cursor), fault.message))),
    }
}

fn cursor_not_found(message: String) -> Failure {
    let fault = fault("cursor", message).app_tag("ietf-list-pagination:cursor-not-found");
    Failure::new(StatusCode::NOT_FOUND, fault)
}

fn fault(parameter: &str, message: String) -> Violation {
    Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message).info("bad-attribute", parameter)
}
