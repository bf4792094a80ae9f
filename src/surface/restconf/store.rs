//! The datastores that URLs name (RFC 8527 section 3.1): what of the data each holds, and whether it can be written.

use super::query::{Content, Query, WithDefaults};
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::WriteOptions;
use crate::surface::failure::Failure;

/// A datastore (RFC 8342), or the one resource in which RFC 8040 has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// `{+restconf}/data`: what is written is running, what is read is running and the state beside it.
    Unified,
    /// Configuration as it was set.
    Running,
    /// Configuration as the caller prepares it.
    Candidate,
    /// Configuration as it is meant to be applied. Nothing expands or takes parts out of it here, so it is that of running.
    Intended,
    /// What is in use: configuration with its defaults, and state.
    Operational,
}

impl Store {
    const NAMED: [Store; 4] = [Store::Running, Store::Candidate, Store::Intended, Store::Operational];

    /// The datastore of an identity of `ietf-datastores`, with the name of that module before it.
    ///
    /// # Errors
    /// 404 with those that there are.
    pub fn named(identity: &str) -> Result<Store, Failure> {
        let found = Self::NAMED.into_iter().find(|store| store.place().rsplit('/').next() == Some(identity));
        found.ok_or_else(|| {
            let known: Vec<&str> =
                Self::NAMED.iter().filter_map(|store| store.place().rsplit('/').next()).collect();
            let shown = crate::data::violation::shorten(identity);
            let message = format!("there is no datastore '{shown}'; there are {}", known.join(", "));
            Failure::not_found(&InstancePath::root(), message)
        })
    }

    /// Where it is below the root of the API.
    pub fn place(self) -> &'static str {
        match self {
            Store::Unified => "data",
            Store::Running => "ds/ietf-datastores:running",
            Store::Candidate => "ds/ietf-datastores:candidate",
            Store::Intended => "ds/ietf-datastores:intended",
            Store::Operational => "ds/ietf-datastores:operational",
        }
    }

    /// Whether clients can change it.
    pub fn is_writable(self) -> bool {
        matches!(self, Store::Unified | Store::Running | Store::Candidate)
    }

    /// Whether it holds state.
    pub fn has_state(self) -> bool {
        matches!(self, Store::Unified | Store::Operational)
    }

    /// The query of a read as this datastore understands it: a conventional one holds configuration only, and what is in use
    /// has its defaults (RFC 8527 sections 3.2.1 and 3.2.2).
    ///
    /// # Errors
    /// 400 for an origin that is asked of anything but what is in use.
    pub fn understand(self, query: &Query) -> Result<Query, Failure> {
        let mut query = query.clone();
        if query.with_origin && self != Store::Operational {
            let message = format!("'with-origin' means something in {} only", Store::Operational.place());
            let fault = Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message);
            return Err(fault.info("bad-attribute", "with-origin").into());
        }
        match self {
            Store::Unified => {}
            Store::Running | Store::Candidate | Store::Intended if query.content == Content::All => {
                query.content = Content::Config
            }
            Store::Running | Store::Candidate | Store::Intended => {}
            Store::Operational => query.with_defaults = query.with_defaults.or(Some(WithDefaults::ReportAll)),
        }
        Ok(query)
    }

    /// What a write to it is besides its edits.
    ///
    /// # Errors
    /// 400 for parameters that mean nothing together.
    pub fn options(self, query: &Query) -> Result<WriteOptions, Failure> {
        Ok(WriteOptions { candidate: self == Store::Candidate, ..query.writing.options()? })
    }
}
