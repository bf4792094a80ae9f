//! Identities and what they are derived from (RFC 7950 section 7.18).

use std::collections::BTreeSet;

use super::module_id;
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::HashMap;
use crate::base::ident::Ident;
use crate::yang::resolve::feature::FeatureStates;
use crate::yang::resolve::scope::{NameKind, Names, address};
use crate::yang::schema::{Identity, IdentityId};
use crate::yang::syntax::keyword::KeywordId as K;

/// How many pairs of an identity and what it is derived from, directly or not, there may be.
const MAX_DERIVATIONS: usize = 1_000_000;

/// All identities of the loaded modules, and their ids by address of their statement.
pub(super) fn compile(
    names: &Names<'_>,
    features: &mut FeatureStates,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Identity>, HashMap<usize, IdentityId>) {
    let mut definitions = Vec::new();
    for module in names.loaded.module_indexes() {
        let mut own: Vec<_> =
            names.exports(module, NameKind::Identity).map(|(_, definition)| definition).collect();
        own.sort_by_key(|definition| (definition.statement.span.source, definition.statement.span.start));
        for definition in own {
            if features.allow(names, definition.statement, definition.scope, diagnostics) {
                definitions.push((module, definition));
            }
        }
    }
    // An identity that several revisions of a module define is one identity.
    let mut ids: HashMap<usize, IdentityId> = HashMap::default();
    let mut by_name: HashMap<(Ident, Ident), IdentityId> = HashMap::default();
    definitions.retain(|(module, definition)| {
        let name = (names.loaded.module(*module).name.clone(), Ident::from(definition.statement.text()));
        let fresh = IdentityId(u32::try_from(by_name.len()).unwrap_or(u32::MAX));
        let id = *by_name.entry(name).or_insert(fresh);
        ids.insert(address(definition.statement), id);
        id == fresh
    });
    let mut identities: Vec<Identity> = definitions
        .iter()
        .map(|(module, definition)| {
            let mut bases = Vec::new();
            for base in definition.statement.all(K::Base) {
                match names.find(NameKind::Identity, definition.scope, base.text(), base.argument_span()) {
                    Ok(found) => bases.extend(ids.get(&address(found.statement))),
                    Err(unknown) => diagnostics.push(*unknown),
                }
            }
            Identity {
                module: module_id(names.data_module(*module)),
                name: Ident::from(definition.statement.text()),
                bases,
                ancestors: Vec::new(),
            }
        })
        .collect();
    let mut derivations = 0;
    for (index, (_, definition)) in definitions.iter().enumerate() {
        let mut reached: BTreeSet<IdentityId> = BTreeSet::new();
        let mut open: Vec<IdentityId> = identities[index].bases.clone();
        while let Some(at) = open.pop() {
            if reached.insert(at) {
                open.extend(&identities[at.0 as usize].bases);
            }
        }
        derivations += reached.len();
        if derivations > MAX_DERIVATIONS {
            let message = format!("identities are derived from each other more than {MAX_DERIVATIONS} times");
            diagnostics.push(Diagnostic::error("Y0231", definition.statement.argument_span(), message));
            break;
        }
        let mut reached: Vec<IdentityId> = reached.into_iter().collect();
        if reached.iter().any(|id| id.0 as usize == index) {
            let message = format!("the identity '{}' is derived from itself", definition.statement.text());
            diagnostics
                .push(Diagnostic::error("Y0331", definition.statement.argument_span(), message).note(
                    "an identity must not reference itself, directly or not (RFC 7950 section 7.18.2)",
                ));
            reached.retain(|id| id.0 as usize != index);
        }
        identities[index].ancestors = reached;
    }
    (identities, ids)
}
