//! All names bound and all nodes in place: the wanted modules with those that they pull in, expanded and amended.
//!
//! What the nodes mean is not looked at: `schema` compiles them, `diagram` draws them, `lint` and `update` read them.

use std::collections::VecDeque;

use super::amend::Amendments;
use super::expand::Expander;
use super::load::ModuleIndex;
use super::scope::{NameKind, Names, ScopeId, address, split_name};
use super::tree::Tree;
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::HashSet;
use crate::yang::syntax::check::BUILT_IN_TYPES;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// What expanding and amending gives.
#[derive(Debug)]
pub struct Resolution<'a> {
    /// The nodes.
    pub tree: Tree<'a>,
    /// The modules whose nodes are in the tree, sorted.
    pub implemented: Vec<ModuleIndex>,
    /// Addresses of the groupings that some `uses` named.
    pub used: HashSet<usize>,
}

/// How many typedefs and unions stand behind one another at most where an identity is looked for: a circle of them, which is
/// an error, ends there.
const DEEPEST_TYPE: usize = 64;

/// Expands and amends the wanted modules and those that they pull in: modules that these augment, deviate or point at
/// with a leafref are implemented too (RFC 7950 section 5.6.5), and those whose identities are defaults, since no others are
/// values (section 9.10.2). `None` when a limit stopped it.
pub fn resolve<'a>(names: &Names<'a>, diagnostics: &mut Vec<Diagnostic>) -> Option<Resolution<'a>> {
    let loaded = names.loaded;
    let mut queue: VecDeque<ModuleIndex> =
        loaded.module_indexes().filter(|index| loaded.module(*index).implemented).collect();
    let mut implemented: Vec<ModuleIndex> = queue.iter().copied().collect();
    let mut expander = Expander::new(names);
    let mut amendments = Amendments::default();
    let mut seen_types = HashSet::default();
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
                named_modules(names, property.statement, property.scope, &mut seen_types, &mut referenced);
            }
            let ty = node.all(K::Type).next();
            for (default, ty) in node.all(K::Default).zip(ty.into_iter().cycle()) {
                let default = (default.statement.text(), default.scope);
                referenced.extend(identity_module(names, (ty.statement, ty.scope), default, 0));
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

/// The modules that the leafref paths and the defaults of a type name.
fn named_modules<'a>(
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
        named_modules(names, member, scope, seen, found);
    }
    if BUILT_IN_TYPES.contains(&ty.text()) {
        return;
    }
    if let Ok(typedef) = names.find(NameKind::Typedef, scope, ty.text(), ty.argument_span()) {
        let inner = names.inside(typedef.statement, typedef.scope);
        if let Some(base) = typedef.statement.find(K::Type) {
            if let Some(default) = typedef.statement.find(K::Default) {
                found.extend(identity_module(names, (base, inner), (default.text(), inner), 0));
            }
            named_modules(names, base, inner, seen, found);
        }
    }
}

/// The module of the identity that a default names, where its type has identities.
fn identity_module<'a>(
    names: &Names<'a>,
    (ty, scope): (&'a Statement, ScopeId),
    (default, default_scope): (&str, ScopeId),
    depth: usize,
) -> Option<ModuleIndex> {
    if depth > DEEPEST_TYPE {
        return None;
    }
    match ty.text() {
        "identityref" => {
            let (prefix, name) = split_name(default.trim());
            let module = names.data_module_of_prefix(default_scope, prefix)?;
            names.exports(module, NameKind::Identity).any(|(known, _)| *known == *name).then_some(module)
        }
        "union" => ty
            .all(K::Type)
            .find_map(|member| identity_module(names, (member, scope), (default, default_scope), depth + 1)),
        built_in if BUILT_IN_TYPES.contains(&built_in) => None,
        name => {
            let typedef = names.find(NameKind::Typedef, scope, name, ty.argument_span()).ok()?;
            let inner = names.inside(typedef.statement, typedef.scope);
            let base = typedef.statement.find(K::Type)?;
            identity_module(names, (base, inner), (default, default_scope), depth + 1)
        }
    }
}
