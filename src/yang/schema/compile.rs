//! From sources to the schema: load, bind names, expand, amend, build the arena, and then everything that had to wait
//! for the whole: leafrefs, defaults, conditions.
//!
//! Every stage collects diagnostics and goes on; a schema comes out only when none of them is an error.

mod condition;
mod defaults;
mod definitions;
mod identity;
mod lists;
mod nodes;
mod pending;
mod ranges;
mod restrict;
mod structures;
#[cfg(test)]
mod tests;
mod typing;

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};

use super::{Module, ModuleId, NodeId, Schema, Submodule};
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::{HashMap, HashSet};
use crate::base::ident::Ident;
use crate::yang::resolve::feature::FeatureStates;
use crate::yang::resolve::library::Library;
use crate::yang::resolve::load::{Loaded, LoadedModule, ModuleIndex, Unit, Wanted, load};
use crate::yang::resolve::resolution::{Resolution, resolve};
use crate::yang::resolve::scope::Names;
use crate::yang::resolve::tree::{ResolvedId, Tree};

/// The module of our own extension statements.
const EXTENSIONS: &str = "strongbox-extensions";

/// The module of NACM, two of whose extension statements are read (RFC 8341 section 3.5).
const NACM: &str = "ietf-netconf-acm";

/// More modules than this are not loaded: a [`ModuleId`] has 16 bits.
const MAX_MODULES: usize = u16::MAX as usize;

/// Compiles the wanted modules and what they need. Besides the wanted ones, modules that these augment, deviate or point
/// at with a leafref are implemented (RFC 7950 section 5.6.5), and those whose identities are defaults.
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
    schema.structures = std::mem::take(&mut builder.structures);
    schema.annotations = std::mem::take(&mut builder.annotations);
    check_names(&schema, &tree, &builder.ids, &mut builder.diagnostics);
    pending::settle(&mut schema, &mut builder, library.sources());
    definitions::check(&schema, &mut builder, &implemented, &used);
    diagnostics.append(&mut builder.diagnostics);
    drop(builder);

    let mut seen = HashSet::default();
    diagnostics.retain(|found| seen.insert((found.code, found.span, found.message.clone())));
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    ((!failed).then_some(schema), diagnostics)
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
            Submodule { name: unit.name.clone(), revision: unit.revision.clone(), text: text(library, unit) }
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
            text: main.map_or_else(|| "".into(), |unit| text(library, unit)),
            digest: digest(library, loaded, module),
        }
    };
    loaded.module_indexes().map(describe).collect()
}

fn text(library: &Library, unit: &Unit) -> Arc<str> {
    library.sources().get(unit.source).map_or_else(|| "".into(), |source| source.text.clone())
}

/// SHA-256 over the texts of a module, each with its length in front.
fn digest(library: &Library, loaded: &Loaded, module: &LoadedModule) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for unit in &module.units {
        let text = text(library, loaded.unit(*unit));
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut digest = [0_u8; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
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
