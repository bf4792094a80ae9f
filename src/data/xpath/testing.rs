//! Schemas from YANG text and trees from JSON, for the tests of evaluation and validation.

use std::cell::Cell;
use std::sync::Arc;

use crate::data::decode::{Allow, DecodeOptions, Format, decode};
use crate::data::path::InstancePath;
use crate::data::tree::{Data, Tree};
use crate::yang::resolve::library::Library;
use crate::yang::resolve::load::Wanted;
use crate::yang::schema::Schema;
use crate::yang::schema::compile::compile;

thread_local! {
    /// Steps that all evaluators of a test have taken: the cost of what it does, whatever machine it runs on.
    pub(in crate::data) static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Compiles modules; each text is a whole module. The last one is the one that is wanted, with all that it needs.
pub(in crate::data) fn compiled(modules: &[&str]) -> Schema {
    let mut library = Library::new();
    let mut wanted = Vec::new();
    for text in modules {
        let name = text.trim_start().strip_prefix("module ").unwrap().split_whitespace().next().unwrap();
        library.add_text(&format!("{name}.yang"), text);
        wanted.push(Wanted::latest(name));
    }
    let (schema, diagnostics) = compile(&mut library, &wanted);
    let text: String = diagnostics.iter().map(|found| library.sources().render(found)).collect();
    schema.unwrap_or_else(|| panic!("{text}"))
}

/// A module named `t` around some statements.
pub(in crate::data) fn module(body: &str) -> Schema {
    compiled(&[&format!("module t {{ yang-version 1.1; namespace 'urn:t'; prefix t; {body} }}")])
}

/// A tree from the plain JSON form.
pub(in crate::data) fn tree(schema: &Schema, json: &str) -> Tree {
    let options = DecodeOptions::plain(Format::Json, Allow::Stored);
    match decode(schema, &InstancePath::root(), json.as_bytes(), &options) {
        Ok(Data::Container(root)) => Tree { root: Arc::clone(&root) },
        other => panic!("{json}: {other:?}"),
    }
}
