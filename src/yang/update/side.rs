//! One of the two revisions, compiled together with a module of our own that uses what it exports.

use std::collections::HashMap;

use crate::base::diagnostic::{Diagnostic, SourceId};
use crate::base::ident::Ident;
use crate::yang::resolve::library::Library;
use crate::yang::resolve::load::{Loaded, ModuleIndex, Wanted, load};
use crate::yang::resolve::resolution::resolve;
use crate::yang::resolve::scope::{NameKind, Names};
use crate::yang::resolve::tree::{ResolvedId, Tree};
use crate::yang::schema::{ModuleId, Schema, compile};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// What the names of modules of our own start with.
pub(super) const PROBE: &str = "strongbox-update-probe";

/// An exported typedef or grouping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exported {
    pub kind: NameKind,
    pub name: Ident,
}

/// A revision ready to be compared.
pub(super) struct Side {
    pub schema: Schema,
    /// The module itself.
    pub module: ModuleId,
    pub loaded: Loaded,
    pub index: ModuleIndex,
    /// `if-feature` expressions by the path of the node.
    pub conditions: HashMap<String, Vec<String>>,
    /// Texts of the statements' sources.
    pub texts: HashMap<SourceId, std::sync::Arc<str>>,
}

impl Side {
    /// Compiles the module with a use of each of these definitions.
    pub fn read(library: &mut Library, wanted: &Wanted, used: &[Exported]) -> Result<Side, Vec<Diagnostic>> {
        let all = with_probe(library, wanted, used);
        let (schema, diagnostics) = compile(library, &all);
        let schema = schema.ok_or_else(|| {
            diagnostics.into_iter().filter(Diagnostic::is_error).collect::<Vec<Diagnostic>>()
        })?;
        let (loaded, mut ignored) = load(library, &all);
        let module = schema.module_by_name(&wanted.module).ok_or_else(Vec::new)?;
        let index = loaded
            .module_indexes()
            .find(|index| loaded.module(*index).name == wanted.module && loaded.module(*index).implemented);
        let index = index.ok_or_else(Vec::new)?;
        let mut conditions = HashMap::new();
        let names = Names::collect(&loaded, &mut ignored);
        if let Some(resolution) = resolve(&names, &mut ignored) {
            for top in resolution.tree.tops.iter().flatten() {
                collect(&names, &resolution.tree, *top, "", &mut conditions);
            }
        }
        let texts = loaded.units.iter().filter_map(|unit| {
            library.sources().get(unit.source).map(|source| (unit.source, source.text.clone()))
        });
        Ok(Side { schema, module, index, conditions, texts: texts.collect(), loaded })
    }

    /// The statements at the top of the module and its submodules.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.loaded
            .module(self.index)
            .units
            .iter()
            .flat_map(|unit| &self.loaded.unit(*unit).root.substatements)
    }

    /// The statement of the module itself.
    pub fn root(&self) -> Option<&Statement> {
        self.loaded.main(self.index).map(|unit| unit.root.as_ref())
    }

    /// A statement as it is written, with single spaces between its words.
    pub fn written(&self, statement: &Statement) -> String {
        let span = statement.span;
        let text =
            self.texts.get(&span.source).and_then(|text| text.get(span.start as usize..span.end as usize));
        text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The name of a module; those of our own, which differ in number, count as one.
pub(super) fn known_as(module: &str) -> &str {
    if module.starts_with(PROBE) { PROBE } else { module }
}

/// The conditions of a node and of those below it.
fn collect(
    names: &Names<'_>,
    tree: &Tree<'_>,
    id: ResolvedId,
    above: &str,
    conditions: &mut HashMap<String, Vec<String>>,
) {
    let node = tree.node(id);
    let path = format!("{above}/{}:{}", known_as(&names.loaded.module(node.module).name), node.name);
    let mut expressions: Vec<String> = node
        .all(K::IfFeature)
        .map(|condition| condition.statement.text().split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    if !expressions.is_empty() {
        expressions.sort();
        expressions.dedup();
        conditions.insert(path.clone(), expressions);
    }
    for child in &node.children {
        collect(names, tree, *child, &path, conditions);
    }
}

/// Those of the definitions that can be used outside of the nodes that they were made for.
pub(super) fn usable(definitions: &[Exported], library: &mut Library, wanted: &Wanted) -> Vec<Exported> {
    let mut works = |used: &[Exported]| {
        let all = with_probe(library, wanted, used);
        compile(library, &all).0.is_some()
    };
    if works(definitions) {
        return definitions.to_vec();
    }
    definitions.iter().filter(|definition| works(std::slice::from_ref(*definition))).cloned().collect()
}

/// Adds a module that uses the definitions to a library, under a name that is still free.
fn with_probe(library: &mut Library, wanted: &Wanted, used: &[Exported]) -> Vec<Wanted> {
    let mut probe = wanted.clone();
    probe.module = Ident::from(PROBE);
    probe.revision = None;
    if used.is_empty() {
        return vec![wanted.clone()];
    }
    let mut body = String::new();
    for Exported { kind, name } in used {
        body.push_str(&match kind {
            NameKind::Typedef => format!("leaf typedef-{name} {{ type it:{name}; }}\n"),
            _ => format!("container grouping-{name} {{ uses it:{name}; }}\n"),
        });
    }
    let name = format!("{PROBE}-{}", library.names().len());
    let text = format!(
        "module {name} {{ yang-version 1.1; namespace \"urn:{PROBE}\"; prefix probe;\nimport {} {{ prefix it; }}\n{body}}}",
        wanted.module
    );
    library.add_text(&format!("{name}.yang"), &text);
    probe.module = Ident::from(name);
    vec![wanted.clone(), probe]
}
