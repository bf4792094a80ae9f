//! Query parameters (RFC 8040 section 4.8), and those of the `/v1` dialect that work here too: one table.

use std::fmt::Write as _;
use std::num::NonZeroU32;

use super::page::Wish;
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
pub use crate::data::read::{Content, WithDefaults};
use crate::data::violation::Violation;
use crate::surface::failure::Failure;
use crate::surface::parameters::{
    self, CONTENT, DEPTH, Manners, Parameter, SWITCH, WITH_DEFAULTS, content, depth, number, something,
    switch, with_defaults,
};
use crate::surface::select::Entries;
use crate::surface::writing::{self, Writing};

/// What kind of request a parameter stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// GET of a list or leaf-list as a whole.
    List,
    /// GET of any other data.
    Node,
    /// POST and PUT of data.
    Put,
    /// PATCH and DELETE.
    Change,
    /// An operation.
    Invoke,
    /// A stream of events.
    Stream,
    /// GET of the API resource.
    Api,
    /// Everything that is no data.
    Elsewhere,
}

impl parameters::Place for Place {
    fn describe(self) -> &'static str {
        match self {
            Place::List => "on GET of a list",
            Place::Node => "on GET of a node that is no list",
            Place::Put => "on POST and PUT",
            Place::Change => "on PATCH and DELETE",
            Place::Invoke => "on an operation",
            Place::Stream => "on a stream of events",
            Place::Api => "on the API resource",
            Place::Elsewhere => "on this resource",
        }
    }
}

/// Where among user-ordered siblings (RFC 8040 section 4.8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insert {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
    /// Before the entry that `point` names.
    Before,
    /// Behind it.
    After,
}

/// The parameters of one request, each as far as it can be read without the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// `content`.
    pub content: Content,
    /// `depth`; `None` is unbounded.
    pub depth: Option<u32>,
    /// `fields`.
    pub fields: Option<String>,
    /// `with-defaults`.
    pub with_defaults: Option<WithDefaults>,
    /// `with-origin`.
    pub with_origin: bool,
    /// `insert`.
    pub insert: Option<Insert>,
    /// `point`.
    pub point: Option<String>,
    /// `where`.
    pub filter: Option<String>,
    /// `filter`, of events.
    pub event_filter: Option<String>,
    /// `start-time`.
    pub start_time: Option<Timestamp>,
    /// `stop-time`.
    pub stop_time: Option<Timestamp>,
    /// `keys`.
    pub keys: bool,
    /// `count`.
    pub count: bool,
    /// `validate`.
    pub validate: bool,
    /// What a write says besides.
    pub writing: Writing,
    /// `limit`, `offset`, `cursor`, `direction`, `sort-by` and `locale`.
    pub page: Wish,
    /// `sublist-limit`; `None` is unbounded.
    pub sublist_limit: Option<NonZeroU32>,
}

use Place::{Api, Change, Invoke, List, Node, Put};

const READS: &[Place] = &[List, Node];
/// Where the RFC has `depth` and `fields`: the API resource is made of resources, too.
const SELECTIONS: &[Place] = &[List, Node, Api];
const WRITES: &[Place] = &[Put, Change];

/// The form of an instant.
const INSTANT: &str = "a date and time of RFC 3339";

/// Every parameter, in the order of the documentation.
pub const PARAMETERS: &[Parameter<Query, Place>] = &[
    Parameter {
        name: "content",
        places: READS,
        not_beside: &["keys", "count"],
        form: CONTENT,
        doc: "configuration only, state only, or both (section 4.8.1)",
        set: |query, text| {
            query.content = content(text)?;
            Some(())
        },
    },
    Parameter {
        name: "depth",
        places: SELECTIONS,
        not_beside: &["keys", "count"],
        form: DEPTH,
        doc: "at most so many levels; the target is the first (section 4.8.2)",
        set: |query, text| {
            query.depth = depth(text)?;
            Some(())
        },
    },
    Parameter {
        name: "fields",
        places: SELECTIONS,
        not_beside: &["keys", "count"],
        form: "names of descendants, as in name;album(name;year)",
        doc: "only these descendants; keys come along (section 4.8.3)",
        set: |query, text| {
            query.fields = something(text)?;
            Some(())
        },
    },
    Parameter {
        name: "with-defaults",
        places: READS,
        not_beside: &["keys", "count"],
        form: WITH_DEFAULTS,
        doc: "which defaults to show (section 4.8.9); without it, what was set",
        set: |query, text| {
            query.with_defaults = Some(with_defaults(text)?);
            Some(())
        },
    },
    Parameter {
        name: "with-origin",
        places: READS,
        not_beside: &["keys", "count"],
        form: SWITCH,
        doc: "where configuration comes from, as metadata; in the operational datastore only (RFC 8527 section 3.2.2)",
        set: |query, text| {
            query.with_origin = switch(text)?;
            Some(())
        },
    },
    Parameter {
        name: "insert",
        places: &[Put],
        not_beside: &[],
        form: "first, last, before or after",
        doc: "where among user-ordered entries (section 4.8.5)",
        set: |query, text| {
            query.insert = Some(match text {
                "first" => Insert::First,
                "last" => Insert::Last,
                "before" => Insert::Before,
                "after" => Insert::After,
                _ => return None,
            });
            Some(())
        },
    },
    Parameter {
        name: "point",
        places: &[Put],
        not_beside: &[],
        form: "the path of an entry, as in /example-jukebox:jukebox/playlist=Foo-One/song=1",
        doc: "before or after which entry (section 4.8.6)",
        set: |query, text| {
            query.point = something(text)?;
            Some(())
        },
    },
    Parameter {
        name: "where",
        places: READS,
        not_beside: &[],
        form: "an XPath 1.0 expression, as in starts-with(name,'pay')",
        doc: "own: only the entries for which the expression is true; below an entry, 404 when it is not true of that entry",
        set: |query, text| {
            query.filter = Some(text.to_owned());
            Some(())
        },
    },
    Parameter {
        name: "limit",
        places: &[List],
        not_beside: &["count"],
        form: LIMIT,
        doc: "at most so many entries (list pagination)",
        set: |query, text| {
            query.page.limit = limit(text)?;
            Some(())
        },
    },
    Parameter {
        name: "offset",
        places: &[List],
        not_beside: &["count"],
        form: "a number from 0 to 4294967295",
        doc: "without the first so many (list pagination)",
        set: |query, text| {
            query.page.offset = u32::try_from(number(text)?).ok()?;
            Some(())
        },
    },
    Parameter {
        name: "cursor",
        places: &[List],
        not_beside: &["count"],
        form: "what the metadata 'next' or 'previous' of another page said",
        doc: "the entries from this one on (list pagination)",
        set: |query, text| {
            query.page.cursor = something(text)?;
            Some(())
        },
    },
    Parameter {
        name: "direction",
        places: &[List],
        not_beside: &["count"],
        form: "forwards or backwards",
        doc: "from the first to the last, or the other way round (list pagination)",
        set: |query, text| {
            query.page.backwards = match text {
                "forwards" => false,
                "backwards" => true,
                _ => return None,
            };
            Some(())
        },
    },
    Parameter {
        name: "sort-by",
        places: &[List],
        not_beside: &["count"],
        form: "a leaf, or a path of names to one, as in stats/joined; of a leaf-list '.'",
        doc: "in ascending order of this leaf; entries without it come last (list pagination)",
        set: |query, text| {
            query.page.sort_by = (!matches!(text, "" | "none")).then(|| text.to_owned());
            (!text.is_empty()).then_some(())
        },
    },
    Parameter {
        name: "locale",
        places: &[List],
        not_beside: &["count"],
        form: "C, C.UTF-8 or POSIX",
        doc: "by whose rules texts are sorted; here that is by code points only (list pagination)",
        set: |query, text| {
            query.page.locale = Some(text.to_owned());
            Some(())
        },
    },
    Parameter {
        name: "sublist-limit",
        places: READS,
        not_beside: &["keys", "count"],
        form: LIMIT,
        doc: "at most so many entries of each list and leaf-list below (list pagination)",
        set: |query, text| {
            query.sublist_limit = limit(text)?;
            Some(())
        },
    },
    Parameter {
        name: "keys",
        places: &[List],
        not_beside: &["count"],
        form: SWITCH,
        doc: "own: only the keys of each entry",
        set: |query, text| {
            query.keys = switch(text)?;
            Some(())
        },
    },
    Parameter {
        name: "count",
        places: &[List],
        not_beside: &[],
        form: SWITCH,
        doc: "own: only the number of entries, after where",
        set: |query, text| {
            query.count = switch(text)?;
            Some(())
        },
    },
    Parameter {
        name: "validate",
        places: &[List, Node, Put, Change, Invoke],
        not_beside: &[],
        form: SWITCH,
        doc: "own: all checks and none of the effects: a write answers the status that it would have had, a GET or an operation 204",
        set: |query, text| {
            query.validate = switch(text)?;
            Some(())
        },
    },
    Parameter {
        name: "comment",
        places: WRITES,
        not_beside: &[],
        form: writing::COMMENT,
        doc: writing::COMMENT_DOC,
        set: |query, text| query.writing.comment(text),
    },
    Parameter {
        name: "confirmed",
        places: WRITES,
        not_beside: &[],
        form: writing::CONFIRMED,
        doc: writing::CONFIRMED_DOC,
        set: |query, text| query.writing.confirmed(text),
    },
    Parameter {
        name: "persist",
        places: WRITES,
        not_beside: &[],
        form: writing::PERSIST,
        doc: writing::PERSIST_DOC,
        set: |query, text| query.writing.persist(text),
    },
    Parameter {
        name: "persist-id",
        places: WRITES,
        not_beside: &[],
        form: writing::PERSIST,
        doc: writing::PERSIST_ID_DOC,
        set: |query, text| query.writing.persist_id(text),
    },
    Parameter {
        name: "filter",
        places: &[Place::Stream],
        not_beside: &[],
        form: "an XPath expression",
        doc: "only events of which this is true; the event stands at the root (section 4.8.4)",
        set: |query, text| {
            query.event_filter = Some(text.to_owned()).filter(|text| !text.is_empty());
            query.event_filter.as_ref().map(|_| ())
        },
    },
    Parameter {
        name: "start-time",
        places: &[Place::Stream],
        not_beside: &[],
        form: INSTANT,
        doc: "events from then on are told first (section 4.8.7)",
        set: |query, text| {
            query.start_time = Some(Timestamp::parse_rfc3339(text)?);
            Some(())
        },
    },
    Parameter {
        name: "stop-time",
        places: &[Place::Stream],
        not_beside: &[],
        form: INSTANT,
        doc: "when the stream ends, in the past or in the future (section 4.8.8)",
        set: |query, text| {
            query.stop_time = Some(Timestamp::parse_rfc3339(text)?);
            Some(())
        },
    },
];

/// The form of a limit.
const LIMIT: &str = "a number from 1 to 4294967295, or unbounded";

fn limit(text: &str) -> Option<Option<NonZeroU32>> {
    if text == "unbounded" {
        return Some(None);
    }
    Some(Some(NonZeroU32::new(u32::try_from(number(text)?).ok()?)?))
}

/// Every fault of a query is `invalid-value` (section 4.8).
const MANNERS: Manners = Manners {
    plus_is_space: false,
    unknown: ErrorTag::InvalidValue,
    misused: ErrorTag::InvalidValue,
    prefix: "strongbox-",
};

impl Query {
    /// Reads the query of a URL for a request of that kind.
    ///
    /// # Errors
    /// Every parameter that is unknown, misplaced, repeated, or has a value that it cannot have.
    pub fn parse(text: Option<&str>, place: Place) -> Result<Query, Vec<Violation>> {
        parameters::read(PARAMETERS, &MANNERS, text, place)
    }

    /// Holds what is said of the entries of a list or leaf-list against which of them the target is.
    ///
    /// # Errors
    /// Those of [`Wish::check`]; 400 for the keys of a leaf-list, whose entries have none.
    pub fn check(&self, is_leaf_list: bool) -> Result<(), Failure> {
        if is_leaf_list && self.keys {
            let message = "'keys' means nothing on a leaf-list: its entries have no keys".to_owned();
            let fault = Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message);
            return Err(fault.info("bad-attribute", "keys").into());
        }
        self.page.check(is_leaf_list)
    }

    /// What it says of the entries of a list.
    pub fn entries(&self) -> Entries<'_> {
        let sort = self.page.sort_by.as_deref().map(|text| ("sort-by", text));
        Entries { filter: self.filter.as_deref(), sort, ..Entries::default() }
    }
}

/// The table as Markdown, for the documentation.
pub fn documentation() -> String {
    let mut out = String::from("| parameter | on | value | meaning |\n| --- | --- | --- | --- |\n");
    for Parameter { name, places, form, doc, .. } in PARAMETERS {
        let on = |wanted: &[Place]| wanted.iter().all(|place| places.contains(place));
        let mut shown = Vec::new();
        match (on(READS), on(&[List])) {
            (true, _) => shown.push("GET"),
            (_, true) => shown.push("GET of a list"),
            _ => {}
        }
        match (on(WRITES), on(&[Put])) {
            (true, _) => shown.push("writes"),
            (_, true) => shown.push("POST, PUT"),
            _ => {}
        }
        if on(&[Place::Stream]) {
            shown.push("streams");
        }
        if on(&[Invoke]) {
            shown.push("operations");
        }
        let _ = writeln!(out, "| `{name}` | {} | {form} | {doc} |", shown.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str, place: Place) -> Vec<(ErrorTag, String)> {
        let found = Query::parse(Some(text), place).unwrap_err();
        found.into_iter().map(|violation| (violation.tag, violation.message)).collect()
    }

    #[test]
    fn rfc8040_4_8_an_unknown_repeated_or_misplaced_parameter_is_an_invalid_value() {
        for (text, place, part) in [
            ("colour=red", Node, "there is no query parameter"),
            ("depth=1&depth=1", Node, "is given twice"),
            ("depth=1", Put, "means nothing on POST and PUT"),
            ("insert=first", Node, "means nothing on GET"),
            ("insert=first", Change, "means nothing on PATCH"),
            ("depth=0", Node, "is no value of 'depth'"),
            ("depth=65536", Node, "is no value of 'depth'"),
            ("content=both", Node, "is no value of 'content'"),
            ("with-defaults=all", Node, "is no value of 'with-defaults'"),
            ("insert=second", Put, "is no value of 'insert'"),
            ("fields=", Node, "is no value of 'fields'"),
            ("depth=1", Place::Elsewhere, "there are none here"),
            ("content=all", Api, "means nothing on the API resource"),
        ] {
            let found = faults(text, place);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].0, ErrorTag::InvalidValue, "{text}");
            assert!(found[0].1.contains(part), "{text}: {}", found[0].1);
        }
    }

    #[test]
    fn rfc8040_4_8_our_parameters_may_have_a_prefix() {
        assert!(Query::parse(Some("strongbox-validate"), Put).unwrap().validate);
        assert_eq!(faults("keys&strongbox-keys", List)[0].1, "'strongbox-keys' is given twice");
    }

    #[test]
    fn rfc3986_2_1_a_plus_is_no_space() {
        let query = Query::parse(Some("where=a%2Bb+c%20d"), List).unwrap();
        assert_eq!(query.filter.as_deref(), Some("a+b+c d"));
    }
}
