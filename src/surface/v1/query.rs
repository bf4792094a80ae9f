//! Query parameters: one table of what there is, where it means something, and what its values are.
//!
//! What an expression or a list of fields means is not known here; that takes the model and the target.

use std::fmt::Write as _;

use crate::base::error::ErrorTag;
pub use crate::data::read::{Content, WithDefaults};
use crate::data::violation::Violation;
use crate::surface::parameters::{
    self, CONTENT, DEPTH, Manners, NUMBER, Parameter, SWITCH, WITH_DEFAULTS, content, depth, number,
    something, switch, with_defaults,
};
use crate::surface::select::Entries;
use crate::surface::writing::{self, Writing};

/// What kind of request a parameter stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// GET of a list in config.
    ConfigList,
    /// GET of anything else in config.
    ConfigNode,
    /// GET of a list in state.
    StateList,
    /// GET of anything else in state.
    StateNode,
    /// POST, PUT, PATCH and DELETE in config.
    Write,
    /// An action or a global operation.
    Invoke,
}

impl parameters::Place for Place {
    fn describe(self) -> &'static str {
        match self {
            Place::ConfigList => "on GET of a list in config",
            Place::ConfigNode => "on GET of a node in config that is no list",
            Place::StateList => "on GET of a list in state",
            Place::StateNode => "on GET of a node in state that is no list",
            Place::Write => "on a write",
            Place::Invoke => "on an action",
        }
    }
}

/// The parameters of one request, each as far as it can be read without the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// `fields`.
    pub fields: Option<String>,
    /// `where`.
    pub filter: Option<String>,
    /// `content`.
    pub content: Content,
    /// `keys`.
    pub keys: bool,
    /// `count`.
    pub count: bool,
    /// `sort`: a leaf, with `-` before it for descending.
    pub sort: Option<String>,
    /// `limit`.
    pub limit: Option<usize>,
    /// `offset`.
    pub offset: usize,
    /// `depth`; `None` is unbounded.
    pub depth: Option<u32>,
    /// `with-defaults`.
    pub with_defaults: Option<WithDefaults>,
    /// `validate`.
    pub validate: bool,
    /// What a write says besides.
    pub writing: Writing,
    /// `site`.
    pub site: Option<String>,
}

use Place::{ConfigList, ConfigNode, Invoke, StateList, StateNode, Write as Writes};

const READS: &[Place] = &[ConfigList, ConfigNode, StateList, StateNode];
const LISTS: &[Place] = &[ConfigList, StateList];

/// Every parameter, in the order of the documentation.
pub const PARAMETERS: &[Parameter<Query, Place>] = &[
    Parameter {
        name: "fields",
        places: &[ConfigList, ConfigNode, StateList, StateNode, Invoke],
        not_beside: &["keys", "count"],
        form: "names of descendants, as in name,roles/[name,max-ttl]",
        doc: "only these descendants; keys come along",
        set: |query, text| {
            query.fields = Some(text.to_owned());
            Some(())
        },
    },
    Parameter {
        name: "where",
        places: READS,
        not_beside: &[],
        form: "an XPath 1.0 expression, as in starts-with(name,'pay')",
        doc: "only the entries for which the expression is true; below an entry, 404 when it is not true of that entry",
        set: |query, text| {
            query.filter = Some(text.to_owned());
            Some(())
        },
    },
    Parameter {
        name: "content",
        places: &[StateList, StateNode],
        not_beside: &["keys", "count"],
        form: CONTENT,
        doc: "configuration only, state only, or both",
        set: |query, text| {
            query.content = content(text)?;
            Some(())
        },
    },
    Parameter {
        name: "keys",
        places: LISTS,
        not_beside: &["count"],
        form: SWITCH,
        doc: "only the keys: an array of strings, or of maps where a list has several keys",
        set: |query, text| {
            query.keys = switch(text)?;
            Some(())
        },
    },
    Parameter {
        name: "count",
        places: LISTS,
        not_beside: &[],
        form: SWITCH,
        doc: "only the number of entries, after where",
        set: |query, text| {
            query.count = switch(text)?;
            Some(())
        },
    },
    Parameter {
        name: "sort",
        places: LISTS,
        not_beside: &["count"],
        form: "the name of a leaf, with - before it for descending order",
        doc: "the entries in the order of a leaf",
        set: |query, text| {
            query.sort = Some(text.to_owned());
            Some(())
        },
    },
    Parameter {
        name: "limit",
        places: LISTS,
        not_beside: &["count"],
        form: NUMBER,
        doc: "at most so many entries",
        set: |query, text| {
            query.limit = Some(number(text)?);
            Some(())
        },
    },
    Parameter {
        name: "offset",
        places: LISTS,
        not_beside: &["count"],
        form: NUMBER,
        doc: "without the first so many entries",
        set: |query, text| {
            query.offset = number(text)?;
            Some(())
        },
    },
    Parameter {
        name: "depth",
        places: READS,
        not_beside: &["keys", "count"],
        form: DEPTH,
        doc: "at most so many levels; the target is the first",
        set: |query, text| {
            query.depth = depth(text)?;
            Some(())
        },
    },
    Parameter {
        name: "with-defaults",
        places: READS,
        not_beside: &["keys", "count"],
        form: WITH_DEFAULTS,
        doc: "which defaults to show (RFC 6243); without it, config shows what was set and state what is in use",
        set: |query, text| {
            query.with_defaults = Some(with_defaults(text)?);
            Some(())
        },
    },
    Parameter {
        name: "validate",
        places: &[ConfigList, ConfigNode, StateList, StateNode, Writes, Invoke],
        not_beside: &[],
        form: SWITCH,
        doc: "all checks and none of the effects: a write answers the status that it would have had, a GET or an action 204",
        set: |query, text| {
            query.validate = switch(text)?;
            Some(())
        },
    },
    Parameter {
        name: "comment",
        places: &[Writes],
        not_beside: &[],
        form: writing::COMMENT,
        doc: writing::COMMENT_DOC,
        set: |query, text| query.writing.comment(text),
    },
    Parameter {
        name: "confirmed",
        places: &[Writes],
        not_beside: &[],
        form: writing::CONFIRMED,
        doc: writing::CONFIRMED_DOC,
        set: |query, text| query.writing.confirmed(text),
    },
    Parameter {
        name: "persist",
        places: &[Writes],
        not_beside: &[],
        form: writing::PERSIST,
        doc: writing::PERSIST_DOC,
        set: |query, text| query.writing.persist(text),
    },
    Parameter {
        name: "persist-id",
        places: &[Writes],
        not_beside: &[],
        form: writing::PERSIST,
        doc: writing::PERSIST_ID_DOC,
        set: |query, text| query.writing.persist_id(text),
    },
    Parameter {
        name: "site",
        places: &[StateList, StateNode, Invoke],
        not_beside: &[],
        form: "the name of a site",
        doc: "which site is to answer",
        set: |query, text| {
            query.site = something(text)?;
            Some(())
        },
    },
];

/// Faults of a query, by the words of NETCONF for attributes.
const MANNERS: Manners = Manners {
    plus_is_space: true,
    unknown: ErrorTag::UnknownAttribute,
    misused: ErrorTag::BadAttribute,
    prefix: "",
};

impl Query {
    /// What it says of the entries of a list.
    pub fn entries(&self) -> Entries<'_> {
        let Query { filter, sort, limit, offset, .. } = self;
        Entries {
            filter: filter.as_deref(),
            sort: sort.as_deref().map(|text| ("sort", text)),
            limit: *limit,
            offset: *offset,
        }
    }

    /// Reads the query of a URL for a request of that kind.
    ///
    /// # Errors
    /// Every parameter that is unknown, misplaced, repeated, or has a value that it cannot have.
    pub fn parse(text: Option<&str>, place: Place) -> Result<Query, Vec<Violation>> {
        parameters::read(PARAMETERS, &MANNERS, text, place)
    }
}

/// The table as Markdown, for the documentation.
pub fn documentation() -> String {
    let mut out = String::from("| parameter | on | value | meaning |\n| --- | --- | --- | --- |\n");
    for parameter in PARAMETERS {
        let on = |places: &[Place]| places.iter().all(|place| parameter.places.contains(place));
        let mut places = Vec::new();
        match (on(READS), on(LISTS), on(&[StateList, StateNode])) {
            (true, _, _) => places.push("GET"),
            (_, true, _) => places.push("GET of a list"),
            (_, _, true) => places.push("GET of state"),
            _ => {}
        }
        if on(&[Writes]) {
            places.push("writes");
        }
        if on(&[Invoke]) {
            places.push("actions");
        }
        let (name, form, doc) = (parameter.name, parameter.form, parameter.doc);
        let _ = writeln!(out, "| `{name}` | {} | {form} | {doc} |", places.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str, place: Place) -> Vec<String> {
        let found = Query::parse(Some(text), place).unwrap_err();
        found.iter().map(|violation| violation.message.clone()).collect()
    }

    #[test]
    fn parameters_combine() {
        let text =
            "where=starts-with(name,%27r%27)%20and+a='b'&fields=name,b/[c]&limit=2&offset=1&sort=-name";
        let query = Query::parse(Some(text), Place::ConfigList).unwrap();
        assert_eq!(query.filter.as_deref(), Some("starts-with(name,'r') and a='b'"));
        assert_eq!(query.fields.as_deref(), Some("name,b/[c]"));
        assert_eq!((query.limit, query.offset, query.sort.as_deref()), (Some(2), 1, Some("-name")));
        assert_eq!(Query::parse(None, Place::Write).unwrap(), Query::default());
    }

    #[test]
    fn switches_take_true_or_nothing() {
        for text in ["count", "count=", "count=true"] {
            assert!(Query::parse(Some(text), Place::StateList).unwrap().count);
        }
        assert_eq!(
            faults("count=false", Place::StateList),
            ["'false' is no value of 'count'; allowed: true, or nothing"]
        );
    }

    #[test]
    fn every_fault_is_told() {
        let found = faults("limt=1&keys&site=x&limit=-1&keys=true&%zz=1", Place::ConfigList);
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!(found[0], "there is no query parameter 'limt'; did you mean 'limit'?");
        assert!(
            found[1].starts_with("'site' means nothing on GET of a list in config; possible here: fields, ")
        );
        assert_eq!(found[2], "'-1' is no value of 'limit'; allowed: a whole number");
        assert_eq!(found[3], "'keys' is given twice");
    }

    #[test]
    fn parameters_that_mean_nothing_together_are_refused() {
        assert_eq!(faults("keys&count", Place::ConfigList), ["'keys' means nothing beside 'count'"]);
        assert_eq!(faults("fields=a&keys", Place::ConfigList), ["'fields' means nothing beside 'keys'"]);
    }

    #[test]
    fn depth_is_at_least_one_level() {
        assert_eq!(Query::parse(Some("depth=unbounded"), Place::ConfigNode).unwrap().depth, None);
        assert_eq!(Query::parse(Some("depth=3"), Place::ConfigNode).unwrap().depth, Some(3));
        for wrong in ["depth=0", "depth=65536", "depth=x", "depth"] {
            assert!(Query::parse(Some(wrong), Place::ConfigNode).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_documentation_has_a_row_for_each() {
        let text = documentation();
        assert_eq!(text.lines().count(), PARAMETERS.len() + 2);
        assert!(text.contains("| `site` | GET of state, actions |"), "{text}");
    }
}
