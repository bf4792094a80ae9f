//! Rules about what stands in the model whether or not a node comes of it: typedefs, groupings that nothing uses, status,
//! and what an augment may add to another module.

use super::defaults::default_value;
use super::nodes::Builder;
use super::typing::Template;
use super::{check_names, module_id};
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::HashSet;
use crate::yang::resolve::expand::{Expander, Place};
use crate::yang::resolve::load::ModuleIndex;
use crate::yang::resolve::scope::{Definition, NameKind, ScopeId, address};
use crate::yang::schema::node::{NodeKind, Status};
use crate::yang::schema::{NodeId, Schema};
use crate::yang::syntax::check::BUILT_IN_TYPES;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// Checks the definitions of the implemented modules. `used` holds the addresses of groupings that became nodes.
pub(super) fn check(
    schema: &Schema,
    builder: &mut Builder<'_, '_>,
    implemented: &[ModuleIndex],
    used: &HashSet<usize>,
) {
    for module in implemented.iter().copied() {
        for typedef in builder.names.all(module, NameKind::Typedef) {
            check_typedef(schema, builder, module, typedef);
        }
        for grouping in builder.names.all(module, NameKind::Grouping) {
            if !used.contains(&address(grouping.statement)) {
                check_grouping(schema, builder, module, grouping);
            }
        }
        let loaded = builder.names.loaded;
        for unit in &loaded.module(module).units {
            let scope = builder.names.unit_scope(*unit);
            for statement in &loaded.unit(*unit).root.substatements {
                check_status(builder, statement, scope, Status::Current);
            }
        }
    }
    check_augments(schema, builder);
}

/// Its type is sound and its default, own or inherited, is of it (RFC 7950 section 7.3.4).
fn check_typedef<'a>(
    schema: &Schema,
    builder: &mut Builder<'_, 'a>,
    module: ModuleIndex,
    typedef: Definition<'a>,
) {
    let Some(typing) = builder.typedef(typedef) else { return };
    let (Template::Done(ty), Some(default)) = (&typing.template, typing.default) else { return };
    if let Err(why) = default_value(builder.names, schema, ty, default, module_id(module)) {
        let own = typedef.statement.find(K::Default).is_some();
        let name = typedef.statement.text();
        let message = format!("the default of the typedef '{name}' is not of its type: {why}");
        let at = if own { default.statement.argument_span() } else { typedef.statement.argument_span() };
        let found = Diagnostic::error("Y0381", at, message);
        builder.diagnostics.push(if own {
            found
        } else {
            found
                .related(default.statement.head_span(), "the default comes from here")
                .note("give the typedef a default of its own (RFC 7950 section 7.3.4)")
        });
    }
}

/// A grouping that nothing uses is expanded aside, so that its mistakes are found before somebody uses it.
fn check_grouping<'a>(
    schema: &Schema,
    builder: &mut Builder<'_, 'a>,
    module: ModuleIndex,
    grouping: Definition<'a>,
) {
    let mut expander = Expander::new(builder.names);
    let scope = builder.names.inside(grouping.statement, grouping.scope);
    expander.children(grouping.statement, scope, Place { parent: None, module });
    let mut found = std::mem::take(&mut expander.diagnostics);
    let tree = expander.tree;
    let mut scratch = builder.scratch(&tree);
    scratch.module(module);
    let nodes = std::mem::take(&mut scratch.nodes);
    let aside = Schema::new(Vec::new(), nodes, Vec::new());
    check_names(&aside, &tree, &scratch.ids, &mut scratch.diagnostics);
    let waiting = std::mem::take(&mut scratch.waiting);
    for (id, default) in waiting.defaults {
        let template = waiting.types.iter().find(|(typed, _)| *typed == id).map(|(_, template)| template);
        if let Some(Template::Done(ty)) = template
            && let Err(why) = default_value(scratch.names, schema, ty, default, module_id(module))
        {
            let message = format!("the default of {} is not of its type: {why}", aside.path(id));
            found.push(Diagnostic::error("Y0381", default.statement.argument_span(), message));
        }
    }
    builder.give_back(scratch);
    builder.diagnostics.append(&mut found);
}

/// Within a module, a definition does not refer to one that is nearer its end (RFC 7950 section 7.21.2).
fn check_status(builder: &mut Builder<'_, '_>, statement: &Statement, outer: ScopeId, above: Status) {
    let scope = builder.names.inside(statement, outer);
    let status = status_of(statement).unwrap_or(above);
    let referred = match statement.id() {
        Some(K::Type) if !BUILT_IN_TYPES.contains(&statement.text()) => Some(NameKind::Typedef),
        Some(K::Uses) => Some(NameKind::Grouping),
        Some(K::Base) => Some(NameKind::Identity),
        _ => None,
    };
    if let Some(kind) = referred {
        let name = statement.text();
        let target = builder.names.find(kind, scope, name, statement.argument_span()).ok();
        let own =
            target.filter(|target| builder.names.module_of(target.scope) == builder.names.module_of(scope));
        let worse = own.filter(|target| status_of(target.statement).is_some_and(|theirs| theirs > status));
        if let Some(target) = worse {
            let message = format!(
                "a {} definition refers to the {} {} '{name}'",
                shown(status),
                status_of(target.statement).map_or("", shown),
                kind.as_str()
            );
            builder.diagnostics.push(
                Diagnostic::error("Y0352", statement.head_span(), message)
                    .related(target.statement.head_span(), "defined here")
                    .note("RFC 7950 section 7.21.2"),
            );
        }
    }
    for sub in &statement.substatements {
        if !sub.substatements.is_empty() || matches!(sub.id(), Some(K::Type | K::Uses | K::Base)) {
            check_status(builder, sub, scope, status);
        }
    }
}

fn status_of(statement: &Statement) -> Option<Status> {
    statement.find(K::Status).map(|status| match status.text() {
        "deprecated" => Status::Deprecated,
        "obsolete" => Status::Obsolete,
        _ => Status::Current,
    })
}

fn shown(status: Status) -> &'static str {
    match status {
        Status::Current => "current",
        Status::Deprecated => "deprecated",
        Status::Obsolete => "obsolete",
    }
}

/// Mandatory configuration comes into another module on a condition only (RFC 7950 section 7.17).
fn check_augments(schema: &Schema, builder: &mut Builder<'_, '_>) {
    let tree = builder.tree;
    for applied in &tree.augments {
        let target_module = tree.node(applied.target).module;
        if target_module == applied.module || applied.statement.find(K::When).is_some() {
            continue;
        }
        for resolved in &applied.added {
            let Some(id) = builder.ids.get(resolved) else { continue };
            if let Some(mandatory) = mandatory_config(schema, *id) {
                let message = format!(
                    "the augment makes {} mandatory in a module that knows nothing of it",
                    schema.path(mandatory)
                );
                builder.diagnostics.push(
                    Diagnostic::error("Y0353", applied.statement.head_span(), message)
                        .related(tree.node(*resolved).statement.head_span(), "added here")
                        .note("give the augment a 'when' (RFC 7950 section 7.17)"),
                );
            }
        }
    }
}

/// The node that makes `id` a mandatory configuration node (RFC 7950 section 3): itself, or one below it through
/// containers without presence.
fn mandatory_config(schema: &Schema, id: NodeId) -> Option<NodeId> {
    let node = schema.node(id);
    if !node.config || node.whens.iter().any(|when| when.levels_up == 0) {
        return None;
    }
    let is_mandatory = node.mandatory || node.list_facts().is_some_and(|facts| facts.min > 0);
    if is_mandatory {
        return Some(id);
    }
    match node.kind {
        NodeKind::Container { presence: false } => {
            node.schema_children.iter().find_map(|child| mandatory_config(schema, *child))
        }
        _ => None,
    }
}
