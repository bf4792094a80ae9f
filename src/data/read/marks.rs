//! What is told of data beside the data: metadata in the form of RFC 7952.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Page, Remaining};

/// The metadata of one object or value.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks<'p> {
    /// It is a default in use (RFC 6243 section 6).
    pub default: bool,
    /// Where it comes from (RFC 8342 section 5.3.4).
    pub origin: Option<Origin>,
    /// How many entries behind this one are not shown.
    pub remaining: Option<Remaining>,
    /// Where it stands among the entries that were asked for.
    pub page: Option<&'p Page>,
}

/// Where configuration in use comes from, as far as it differs here: nothing is learned from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Somebody set it.
    Intended,
    /// The model has it for what nobody set.
    Default,
}

impl Marks<'_> {
    pub fn is_empty(&self) -> bool {
        !self.default && self.origin.is_none() && self.remaining.is_none() && self.page.is_none()
    }
}

impl Serialize for Marks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Of a value among others that says nothing (RFC 7952 section 5.2.2).
        if self.is_empty() {
            return serializer.serialize_none();
        }
        let mut map = serializer.serialize_map(None)?;
        if self.default {
            map.serialize_entry("ietf-netconf-with-defaults:default", &true)?;
        }
        if let Some(origin) = self.origin {
            let name = match origin {
                Origin::Intended => "ietf-origin:intended",
                Origin::Default => "ietf-origin:default",
            };
            map.serialize_entry("ietf-origin:origin", name)?;
        }
        let page = self.page.cloned().unwrap_or_default();
        match self.remaining.or(page.remaining) {
            Some(Remaining::Exactly(count)) => {
                map.serialize_entry("ietf-list-pagination:remaining", &count)?
            }
            Some(Remaining::Unknown) => map.serialize_entry("ietf-list-pagination:remaining", "unknown")?,
            None => {}
        }
        let texts = [
            ("ietf-list-pagination:next", page.next.as_deref()),
            ("ietf-list-pagination:previous", page.previous.as_deref()),
            ("ietf-list-pagination:locale", page.locale),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        map.end()
    }
}
