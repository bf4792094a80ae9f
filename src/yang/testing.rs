//! Schemas from a few lines of YANG, for the tests of this folder and of those above it.

use super::{Library, Wanted, compile};
use crate::yang::schema::{NodeId, Schema};

/// Compiles module texts. A text that starts with `module` stands as it is; any other is taken for the body of a YANG 1.1
/// module `t` with prefix `t`. All are implemented.
pub(crate) fn try_schema(texts: &[&str]) -> Result<Schema, Vec<String>> {
    let mut library = Library::new();
    let mut wanted = Vec::new();
    for text in texts {
        let text = if text.trim_start().starts_with("module") || text.trim_start().starts_with("submodule") {
            (*text).to_owned()
        } else {
            format!("module t {{ yang-version 1.1; namespace urn:t; prefix t; {text} }}")
        };
        let mut words = text.split_whitespace();
        let keyword = words.next().unwrap();
        let name = words.next().unwrap();
        library.add_text(&format!("{name}.yang"), &text);
        if keyword == "module" {
            wanted.push(Wanted::latest(name));
        }
    }
    let (schema, diagnostics) = compile(&mut library, &wanted);
    schema.ok_or_else(|| {
        let errors = diagnostics.iter().filter(|found| found.is_error());
        errors.map(|found| format!("{}: {}", found.code, found.message)).collect()
    })
}

/// The same where nothing may be wrong.
pub(crate) fn schema(texts: &[&str]) -> Schema {
    match try_schema(texts) {
        Ok(schema) => schema,
        Err(errors) => panic!("{errors:#?}"),
    }
}

/// The node of a path of names.
pub(crate) fn node(schema: &Schema, path: &str) -> NodeId {
    schema.find(path).unwrap_or_else(|| panic!("there is no {path}"))
}
