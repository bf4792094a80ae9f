//! All names bound and all nodes in place: the wanted modules with those that they pull in, expanded and amended.
//!
//! What the nodes mean is not looked at: `schema` compiles them, `diagram` draws them, `lint` and `update` read them.

use std::collections::{HashSet, VecDeque};

use super::amend::Amendments;
use super::expand::Expander;
use super::load::ModuleIndex;
use super::scope::{NameKind, Names, ScopeId, address};
use super::tree::Tree;
use crate::base::diagnostic::Diagnostic;
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

/// Expands and amends the wanted modules and those that they pull in: modules that these augment, deviate or point at
/// with a leafref are implemented too (RFC 7950 section 5.6.5). `None` when a limit stopped it.
pub fn resolve<'a>(names: &Names<'a>, diagnostics: &mut Vec<Diagnostic>) -> Option<Resolution<'a>> {
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
    if BUILT_IN_TYPES.contains(&ty.text()) {
        return;
    }
    if let Ok(typedef) = names.find(NameKind::Typedef, scope, ty.text(), ty.argument_span()) {
        let inner = names.inside(typedef.statement, typedef.scope);
        if let Some(base) = typedef.statement.find(K::Type) {
            leafref_modules(names, base, inner, seen, found);
        }
    }
}
