//! OpenAPI 3.1 descriptions of the dialects, made from the compiled schema: every path with its methods, parameters, bodies
//! and answers. Served from bytes that are made once, when somebody first asks.
//!
//! Never here: what a request does. A description says what the dialect's own tables say (its query parameters, its
//! methods), so that the two cannot differ.

mod api;
mod common;
mod public;
mod restconf;
mod serve;
mod streams;
mod v1;

use serde_json::Value;

pub use serve::Descriptions;

use crate::yang::schema::Schema;

/// What is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `/v1`, and what is public.
    V1,
    /// RESTCONF.
    Restconf,
}

impl Dialect {
    /// Every dialect that can be described.
    pub const ALL: &'static [Dialect] = &[Dialect::V1, Dialect::Restconf];

    /// Its name, as the query of the URL and the command line have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::V1 => "v1",
            Dialect::Restconf => "restconf",
        }
    }

    /// The dialect of that name.
    pub fn named(name: &str) -> Option<Self> {
        Dialect::ALL.iter().copied().find(|dialect| dialect.as_str() == name)
    }
}

/// The description of a dialect. With `modules`, of the nodes that these define and of what is above them.
pub fn document(schema: &Schema, dialect: Dialect, modules: Option<&[String]>) -> Value {
    match dialect {
        Dialect::V1 => v1::describe(schema, modules),
        Dialect::Restconf => restconf::describe(schema, modules),
    }
}

#[cfg(test)]
mod tests;
