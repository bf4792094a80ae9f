//! Rules for which names must be looked up: what is imported or defined and never used, prefixes, and what is mandatory at
//! the top of a module.

use super::{Linter, Unit};
use crate::yang::resolve::load::ModuleIndex;
use crate::yang::resolve::scope::split_name;
use crate::yang::resolve::tree::{Resolved, ResolvedId, Tree};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::{Keyword, Statement};

pub(super) fn check(linter: &mut Linter<'_, '_>, unit: &Unit) {
    imports(linter, unit);
    for statement in &unit.root.substatements {
        definitions(linter, unit, statement);
    }
}

fn imports(linter: &mut Linter<'_, '_>, unit: &Unit) {
    let loaded = linter.names.loaded;
    for import in unit.root.all(K::Import) {
        let Some(prefix) = import.find(K::Prefix) else { continue };
        if !unit.root.substatements.iter().any(|statement| mentions(statement, prefix.text())) {
            let message = format!("nothing of '{}' is used", import.text());
            if let Some(found) = linter.warn("Y0414", import.head_span(), message) {
                found.help.push("take the import away".to_owned());
            }
        }
        let known = unit.imports.iter().find(|known| known.prefix == *prefix.text());
        let own = known.and_then(|known| loaded.main(known.module)).map(|main| main.prefix.clone());
        let Some(own) = own.filter(|own| *own != *prefix.text()) else { continue };
        // Where two modules have one prefix, somebody must give way.
        let taken = unit.prefix == own
            || unit.imports.iter().any(|other| {
                other.prefix != *prefix.text()
                    && loaded.main(other.module).is_some_and(|main| main.prefix == own)
            });
        if !taken {
            let message = format!("'{}' is called '{}' here", import.text(), prefix.text());
            let help = format!("everywhere else its prefix is '{own}' (RFC 7950 section 7.1.5)");
            linter.warn_with("Y0422", prefix.argument_span(), message, help);
        }
    }
}

/// Whether a statement or one below it uses a prefix.
fn mentions(statement: &Statement, prefix: &str) -> bool {
    if let Keyword::Extension { prefix: used, .. } = &statement.keyword
        && *used == *prefix
    {
        return true;
    }
    let is_prose = matches!(
        statement.id(),
        Some(
            K::Description
                | K::Reference
                | K::Contact
                | K::Organization
                | K::ErrorMessage
                | K::Presence
                | K::Units
                | K::Namespace
                | K::Import
        )
    );
    if !is_prose && has_prefix(statement.text(), prefix) {
        return true;
    }
    !statement.is(K::Import) && statement.substatements.iter().any(|below| mentions(below, prefix))
}

/// Whether `prefix:` stands in a text as a word of its own.
fn has_prefix(text: &str, prefix: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.match_indices(prefix).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let behind = text.get(at + prefix.len()..).unwrap_or_default();
        behind.starts_with(':') && !before.ends_with(is_name)
    })
}

/// Typedefs and groupings inside other statements can be used there only.
fn definitions(linter: &mut Linter<'_, '_>, unit: &Unit, block: &Statement) {
    for statement in &block.substatements {
        let (user, what) = match statement.id() {
            Some(K::Typedef) => (K::Type, "typedef"),
            Some(K::Grouping) => (K::Uses, "grouping"),
            _ => {
                definitions(linter, unit, statement);
                continue;
            }
        };
        if !uses(block, user, statement.text(), &unit.prefix) {
            let message = format!("nothing uses the {what} '{}'", statement.text());
            linter.warn("Y0415", statement.head_span(), message);
        }
        definitions(linter, unit, statement);
    }
}

fn uses(block: &Statement, user: K, name: &str, own_prefix: &str) -> bool {
    block.substatements.iter().any(|statement| {
        let (prefix, used) = split_name(statement.text());
        statement.is(user) && used == name && prefix.is_none_or(|prefix| prefix == own_prefix)
            || uses(statement, user, name, own_prefix)
    })
}

/// RFC 8407 section 4.10: what stands at the top of a module is there on every server that has the module.
pub(super) fn mandatory_at_the_top(linter: &mut Linter<'_, '_>, tree: &Tree<'_>, module: ModuleIndex) {
    for top in tree.top(module) {
        let Some(mandatory) = mandatory(tree, *top) else { continue };
        let node = tree.node(mandatory);
        let message = format!("{} is mandatory, so no datastore is valid without it", tree.path(mandatory));
        if let Some(found) = linter.warn("Y0410", node.statement.head_span(), message) {
            found.help.push("put it into a presence container or a list, or make it optional".to_owned());
            let top = tree.node(*top);
            if top.statement.span != node.statement.span {
                found.related.push((top.statement.head_span(), "it stands in here".to_owned()));
            }
        }
    }
}

fn mandatory(tree: &Tree<'_>, id: ResolvedId) -> Option<ResolvedId> {
    let node = tree.node(id);
    if node.removed || is_conditional(node) {
        return None;
    }
    let says = |kind: K| node.property(kind).map(|property| property.statement.text());
    match node.kind {
        K::Rpc | K::Action | K::Notification => None,
        _ if says(K::Config) == Some("false") => None,
        _ if says(K::Mandatory) == Some("true") => Some(id),
        K::List | K::LeafList => says(K::MinElements).filter(|least| *least != "0").map(|_| id),
        K::Container if says(K::Presence).is_none() => {
            node.children.iter().find_map(|child| mandatory(tree, *child))
        }
        _ => None,
    }
}

fn is_conditional(node: &Resolved<'_>) -> bool {
    !node.outer_whens.is_empty() || node.property(K::When).is_some() || node.property(K::IfFeature).is_some()
}

#[cfg(test)]
mod tests {
    use super::has_prefix;

    #[test]
    fn a_prefix_is_a_word_with_a_colon() {
        assert!(has_prefix("/if:interfaces", "if"));
        assert!(has_prefix("not(x/if:a)", "if"));
        assert!(!has_prefix("/xif:interfaces", "if"));
        assert!(!has_prefix("if interfaces", "if"));
    }
}
