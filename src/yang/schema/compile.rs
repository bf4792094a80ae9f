//! From sources to the schema: load, bind names, expand, amend, build the arena, and then everything that had to wait
//! for the whole: leafrefs, defaults, conditions.
//!
//! Every stage collects diagnostics and goes on; a schema comes out only when none of them is an error.

mod definitions;
mod identity;
mod lists;
mod nodes;
mod pending;
mod ranges;
mod restrict;
#[cfg(test)]
mod tests;
mod typing;

use std::collections::{HashMap, HashSet, VecDeque};

use super::tree_diagram::{Notation, leafref_path};
use super::{Augment, Module, ModuleId, NodeId, Schema};
use crate::base::diagnostic::Diagnostic;
use crate::base::ident::Ident;
use crate::yang::resolve::amend::Amendments;
use crate::yang::resolve::expand::Expander;
use crate::yang::resolve::feature::FeatureStates;
use crate::yang::resolve::library::Library;
use crate::yang::resolve::load::{Loaded, ModuleIndex, Wanted, load};
use crate::yang::resolve::scope::{NameKind, Names, ScopeId, address};
use crate::yang::resolve::tree::{Applied, ResolvedId, Tree};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// The module of our own extension statements.
const EXTENSIONS: &str = "strongbox-extensions";

/// More modules than this are not loaded: a [`ModuleId`] has 16 bits.
const MAX_MODULES: usize = u16::MAX as usize;

/// Compiles the wanted modules and what they need. Besides the wanted ones, modules that these augment, deviate or point
/// at with a leafref are implemented (RFC 7950 section 5.6.5).
pub fn compile(library: &mut Library, wanted: &[Wanted]) -> (Option<Schema>, Vec<Diagnostic>) {
    let (loaded, mut diagnostics) = load(library, wanted);
    if loaded.modules.len() > MAX_MODULES {
        let message = format!("more than {MAX_MODULES} modules");
        diagnostics.push(Diagnostic::error("Y0231", Library::nowhere(), message));
        return (None, diagnostics);
    }
    let names = Names::collect(&loaded, &mut diagnostics);
    let mut features = FeatureStates::default();
    let enabled: Vec<Vec<&str>> =
        loaded.module_indexes().map(|module| features.of_module(&names, module, &mut diagnostics)).collect();
    let (identities, identity_ids) = identity::compile(&names, &mut features, &mut diagnostics);
    let Some(Resolution { tree, implemented, used }) = resolve(&names, &mut diagnostics) else {
        return (None, diagnostics);
    };

    let mut builder = nodes::Builder::new(&names, &tree, features, identity_ids);
    builder.check_extensions();
    for module in implemented.iter().copied() {
        builder.module(module);
    }
    let modules = modules(library, &loaded, &implemented, &enabled, &tree);
    let mut schema = Schema::new(modules, std::mem::take(&mut builder.nodes), identities);
    schema.augments = augments(&tree, &builder.ids);
    schema.notation = notation(&names, &tree, &builder.ids, schema.nodes.len());
    check_names(&schema, &tree, &builder.ids, &mut builder.diagnostics);
    pending::settle(&mut schema, &mut builder, library.sources());
    definitions::check(&schema, &mut builder, &implemented, &used, library.sources());
    diagnostics.append(&mut builder.diagnostics);
    drop(builder);

    let mut seen = HashSet::new();
    diagnostics.retain(|found| seen.insert((found.code, found.span, found.message.clone())));
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    ((!failed).then_some(schema), diagnostics)
}

/// What expanding and amending gives.
struct Resolution<'a> {
    tree: Tree<'a>,
    implemented: Vec<ModuleIndex>,
    /// Addresses of the groupings that some `uses` named.
    used: HashSet<usize>,
}

/// Expands and amends the wanted modules and those that they pull in; `None` when a limit stopped it.
fn resolve<'a>(names: &Names<'a>, diagnostics: &mut Vec<Diagnostic>) -> Option<Resolution<'a>> {
    let loaded = names.loaded;
    let mut queue: VecDeque<ModuleIndex> =
        loaded.module_indexes().filter(|index| loaded.module(*index).implemented).collect();
    let mut implemented: Vec<ModuleIndex> = queue.iter().copied().collect();
    let mut expander = Expander::new(names);
    let mut amendments = Amendments::default();
    let mut seen_types = HashSet::new();
    let mut scanned = 0;
    while !queue.is_empty() {
        while let Some(module) = queue.pop_front() {
            expander.module(module);
            for amended in amendments.take(names, module) {
                want(amended, &mut implemented, &mut queue);
            }
        }
        amendments.settle(&mut expander);
        let mut referenced = Vec::new();
        for node in expander.tree.since(scanned) {
            for property in node.all(K::Type) {
                leafref_modules(names, property.statement, property.scope, &mut seen_types, &mut referenced);
            }
        }
        scanned = expander.tree.len();
        for module in referenced {
            want(module, &mut implemented, &mut queue);
        }
    }
    amendments.finish(&mut expander);
    diagnostics.append(&mut expander.diagnostics);
    implemented.sort_unstable();
    let Expander { tree, used, too_big, .. } = expander;
    (!too_big).then_some(Resolution { tree, implemented, used })
}

fn want(module: ModuleIndex, implemented: &mut Vec<ModuleIndex>, queue: &mut VecDeque<ModuleIndex>) {
    if !implemented.contains(&module) {
        implemented.push(module);
        queue.push_back(module);
    }
}

/// The modules that the leafref paths of a type name.
fn leafref_modules<'a>(
    names: &Names<'a>,
    ty: &'a Statement,
    scope: ScopeId,
    seen: &mut HashSet<usize>,
    found: &mut Vec<ModuleIndex>,
) {
    if !seen.insert(address(ty)) {
        return;
    }
    if let Some(path) = ty.find(K::Path) {
        for (colon, _) in path.text().match_indices(':') {
            let before = path.text().get(..colon).unwrap_or_default();
            let start = before
                .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
                .map_or(0, |at| at + 1);
            found.extend(names.data_module_of_prefix(scope, before.get(start..)));
        }
    }
    for member in ty.all(K::Type) {
        leafref_modules(names, member, scope, seen, found);
    }
    if typing::BUILT_IN.contains(&ty.text()) {
        return;
    }
    if let Ok(typedef) = names.find(NameKind::Typedef, scope, ty.text(), ty.argument_span()) {
        let inner = names.inside(typedef.statement, typedef.scope);
        if let Some(base) = typedef.statement.find(K::Type) {
            leafref_modules(names, base, inner, seen, found);
        }
    }
}

/// The id of a loaded module: the same number.
fn module_id(index: ModuleIndex) -> ModuleId {
    ModuleId(u16::try_from(index.0).unwrap_or(u16::MAX))
}

fn modules(
    library: &Library,
    loaded: &Loaded,
    implemented: &[ModuleIndex],
    enabled: &[Vec<&str>],
    tree: &Tree<'_>,
) -> Vec<Module> {
    let describe = |index: ModuleIndex| {
        let module = loaded.module(index);
        let main = loaded.main(index);
        let submodules = module.units.iter().skip(1).map(|unit| {
            let unit = loaded.unit(*unit);
            (unit.name.clone(), unit.revision.clone())
        });
        let deviated_by = tree.deviations.iter().filter(|(deviated, _)| *deviated == index);
        Module {
            name: module.name.clone(),
            revision: main.and_then(|unit| unit.revision.clone()),
            namespace: module.namespace.clone(),
            prefix: main.map_or_else(|| Ident::from(""), |unit| unit.prefix.clone()),
            implemented: implemented.contains(&index),
            features: enabled.get(index.0).into_iter().flatten().map(|name| Ident::from(*name)).collect(),
            submodules: submodules.collect(),
            deviated_by: deviated_by.map(|(_, by)| loaded.module(*by).name.clone()).collect(),
            text: main
                .and_then(|unit| library.sources().get(unit.source))
                .map_or_else(|| "".into(), |source| source.text.clone()),
        }
    };
    loaded.module_indexes().map(describe).collect()
}

/// The applied augments whose target and nodes are in the schema.
fn augments(tree: &Tree<'_>, ids: &HashMap<ResolvedId, NodeId>) -> Vec<Augment> {
    // The nodes that the augment writes, without the cases that it implies.
    let written_nodes = |id: &'_ ResolvedId| {
        let node = tree.node(*id);
        if node.implied { node.children.clone() } else { vec![*id] }
    };
    let known = |applied: &Applied<'_>| {
        Some(Augment {
            module: module_id(applied.module),
            path: Ident::from(applied.statement.text()),
            target: *ids.get(&applied.target)?,
            added: applied
                .added
                .iter()
                .flat_map(written_nodes)
                .filter_map(|id| ids.get(&id).copied())
                .collect(),
        })
    };
    let mut written: Vec<_> = tree.augments.iter().collect();
    written.sort_by_key(|applied| (applied.statement.span.source, applied.statement.span.start));
    written.into_iter().filter_map(known).collect()
}

/// How the texts write types, keys and features, for the tree diagram.
fn notation(
    names: &Names<'_>,
    tree: &Tree<'_>,
    ids: &HashMap<ResolvedId, NodeId>,
    count: usize,
) -> Vec<Notation> {
    let mut table = vec![Notation::default(); count];
    for (resolved, id) in ids {
        let node = tree.node(*resolved);
        let Some(row) = table.get_mut(id.0 as usize) else { continue };
        let argument =
            |statement: &Statement| statement.argument.as_ref().map(|argument| argument.text.clone());
        row.key = node.property(K::Key).and_then(|key| argument(key.statement));
        row.if_features = node.all(K::IfFeature).filter_map(|feature| argument(feature.statement)).collect();
        let Some(ty) = node.property(K::Type) else { continue };
        row.ty = match ty.statement.find(K::Path) {
            Some(path) => {
                let own = names.loaded.main(node.module).map_or("", |unit| unit.prefix.as_str());
                Some(leafref_path(path.text(), own))
            }
            None => argument(ty.statement),
        };
    }
    table
}

/// Two nodes of one module with one name under one parent, choices and cases looked through (RFC 7950 section 6.2.1).
fn check_names(
    schema: &Schema,
    tree: &Tree<'_>,
    ids: &HashMap<ResolvedId, NodeId>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut twice: Vec<(NodeId, NodeId)> = Vec::new();
    let mut check = |names: &[(Ident, NodeId)]| {
        for pair in names.windows(2) {
            if let [(first, a), (second, b)] = pair
                && first == second
                && schema.node(*a).module == schema.node(*b).module
            {
                twice.push((*a, *b));
            }
        }
    };
    for names in &schema.child_names {
        check(names);
    }
    for node in &schema.nodes {
        let choice_below = node.schema_children.len() > 1 && node.schema_children != node.children;
        if choice_below {
            let mut names: Vec<(Ident, NodeId)> =
                node.schema_children.iter().map(|id| (schema.node(*id).name.clone(), *id)).collect();
            names.sort();
            check(&names);
        }
    }
    if twice.is_empty() {
        return;
    }
    let origins: HashMap<NodeId, ResolvedId> = ids.iter().map(|(resolved, id)| (*id, *resolved)).collect();
    let span = |id: NodeId| origins.get(&id).map(|resolved| tree.node(*resolved).statement.head_span());
    for (first, second) in twice {
        let (Some(first_at), Some(second_at)) = (span(first), span(second)) else { continue };
        let message = format!("{} is defined twice", schema.path(second));
        diagnostics.push(
            Diagnostic::error("Y0351", second_at, message)
                .related(first_at, "first defined here")
                .note("nodes of one parent have different names, in different cases of a choice too (RFC 7950 sections 6.2.1 and 7.9.2)"),
        );
    }
}
