//! Query parameters by table: a dialect says which there are, where each means something and what its values are, and here
//! a query is held against that.

use crate::base::error::ErrorTag;
use crate::base::suggest::nearest;
use crate::data::path::InstancePath;
use crate::data::read::{Content, WithDefaults};
use crate::data::violation::{Violation, shorten};
use crate::surface::http::request::decode_percent;

/// No request has a use for more; a longer query is not worth reading to its end.
const PAIRS: usize = 64;

/// What kind of request a parameter stands in.
pub trait Place: Copy + PartialEq + 'static {
    /// In words, for messages: "on GET of a list".
    fn describe(self) -> &'static str;
}

/// One row of a dialect's table.
pub struct Parameter<Q: 'static, P: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Where it means something.
    pub places: &'static [P],
    /// Parameters beside which it means nothing.
    pub not_beside: &'static [&'static str],
    /// What its values look like, for messages and documentation.
    pub form: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Reads a value; `None` when it is not of the form.
    pub set: fn(&mut Q, &str) -> Option<()>,
}

/// How a dialect reads queries.
pub struct Manners {
    /// `+` stands for a space, as in HTML forms.
    pub plus_is_space: bool,
    /// The error-tag of a parameter that nobody knows.
    pub unknown: ErrorTag,
    /// That of one that is misplaced, repeated, or of another form.
    pub misused: ErrorTag,
    /// What may stand before a name, so that it is nobody else's.
    pub prefix: &'static str,
}

/// Reads the query of a URL for a request of that kind.
///
/// # Errors
/// Every parameter that is unknown, misplaced, repeated, or has a value that it cannot have.
pub fn read<Q: Default, P: Place>(
    table: &'static [Parameter<Q, P>],
    manners: &Manners,
    text: Option<&str>,
    place: P,
) -> Result<Q, Vec<Violation>> {
    let mut reader = Reader { table, manners, place, query: Q::default(), given: Vec::new() };
    let mut faults = Vec::new();
    if text.is_some_and(|text| text.split('&').count() > PAIRS) {
        let message = format!("a query has at most {PAIRS} parameters");
        return Err(vec![Violation::new(manners.misused, InstancePath::root(), message)]);
    }
    for pair in text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        match reader.pair(pair) {
            Ok(parameter) => reader.given.push(parameter),
            Err(fault) => faults.push(fault),
        }
    }
    for parameter in &reader.given {
        for other in reader.given.iter().filter(|other| parameter.not_beside.contains(&other.name)) {
            let message = format!("'{}' means nothing beside '{}'", parameter.name, other.name);
            faults.push(fault(manners.misused, parameter.name, message));
        }
    }
    if faults.is_empty() { Ok(reader.query) } else { Err(faults) }
}

struct Reader<'m, Q: 'static, P: 'static> {
    table: &'static [Parameter<Q, P>],
    manners: &'m Manners,
    place: P,
    query: Q,
    given: Vec<&'static Parameter<Q, P>>,
}

impl<Q, P: Place> Reader<'_, Q, P> {
    fn pair(&mut self, pair: &str) -> Result<&'static Parameter<Q, P>, Violation> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (self.decode(name)?, self.decode(value)?);
        let misused = |message: String| Err(fault(self.manners.misused, &name, message));
        let bare = name.strip_prefix(self.manners.prefix).unwrap_or(&name);
        let Some(parameter) = self.table.iter().find(|parameter| parameter.name == bare) else {
            let near = nearest(&name, self.table.iter().map(|parameter| parameter.name));
            let hint = near.map_or_else(|| self.allowed(), |near| format!("did you mean '{near}'?"));
            let message = format!("there is no query parameter '{}'; {hint}", shorten(&name));
            return Err(fault(self.manners.unknown, &name, message));
        };
        if !parameter.places.contains(&self.place) {
            return misused(format!("'{name}' means nothing {}; {}", self.place.describe(), self.allowed()));
        }
        if self.given.iter().any(|known| known.name == parameter.name) {
            return misused(format!("'{name}' is given twice"));
        }
        match (parameter.set)(&mut self.query, &value) {
            Some(()) => Ok(parameter),
            None => {
                misused(format!("'{}' is no value of '{name}'; allowed: {}", shorten(&value), parameter.form))
            }
        }
    }

    fn decode(&self, text: &str) -> Result<String, Violation> {
        let spaced = if self.manners.plus_is_space { text.replace('+', " ") } else { text.to_owned() };
        decode_percent(&spaced).map(std::borrow::Cow::into_owned).map_err(|refusal| {
            Violation::new(ErrorTag::MalformedMessage, InstancePath::root(), refusal.message)
        })
    }

    fn allowed(&self) -> String {
        let here = self.table.iter().filter(|parameter| parameter.places.contains(&self.place));
        let names: Vec<&str> = here.map(|parameter| parameter.name).collect();
        if names.is_empty() {
            return "there are none here".to_owned();
        }
        format!("possible here: {}", names.join(", "))
    }
}

fn fault(tag: ErrorTag, name: &str, message: String) -> Violation {
    Violation::new(tag, InstancePath::root(), message).info("bad-attribute", shorten(name))
}

/// What the values of a switch look like.
pub const SWITCH: &str = "true, or nothing";

/// The value of a switch, which can only be turned on.
pub fn switch(text: &str) -> Option<bool> {
    matches!(text, "" | "true").then_some(true)
}

/// A text that says something.
pub fn something(text: &str) -> Option<Option<String>> {
    (!text.is_empty()).then(|| Some(text.to_owned()))
}

/// A whole number.
pub fn number(text: &str) -> Option<usize> {
    // A sign would parse, and means nothing here.
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// What a number looks like.
pub const NUMBER: &str = "a whole number";

/// The form of a depth.
pub const DEPTH: &str = "a number from 1 to 65535, or unbounded";

/// A depth (RFC 8040 section 4.8.2); `None` inside for no bound.
pub fn depth(text: &str) -> Option<Option<u32>> {
    if text == "unbounded" {
        return Some(None);
    }
    let depth = u32::try_from(number(text)?).ok().filter(|depth| (1..=65_535).contains(depth))?;
    Some(Some(depth))
}

/// The form of a content.
pub const CONTENT: &str = "config, nonconfig or all";

/// What `content` asks for (RFC 8040 section 4.8.1).
pub fn content(text: &str) -> Option<Content> {
    Some(match text {
        "config" => Content::Config,
        "nonconfig" => Content::Nonconfig,
        "all" => Content::All,
        _ => return None,
    })
}

/// The form of a handling of defaults.
pub const WITH_DEFAULTS: &str = "explicit, report-all, trim or report-all-tagged";

/// What `with-defaults` asks for (RFC 6243).
pub fn with_defaults(text: &str) -> Option<WithDefaults> {
    Some(match text {
        "explicit" => WithDefaults::Explicit,
        "report-all" => WithDefaults::ReportAll,
        "trim" => WithDefaults::Trim,
        "report-all-tagged" => WithDefaults::ReportAllTagged,
        _ => return None,
    })
}
