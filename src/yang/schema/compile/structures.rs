//! What known extensions add to a schema: data outside of datastores (RFC 8040 section 8, RFC 8791), annotations (RFC 7952)
//! and mount points (RFC 8528).

use super::module_id;
use super::nodes::{Builder, Surroundings};
use super::typing::{Template, TypeWorld};
use crate::base::diagnostic::Diagnostic;
use crate::base::ident::Ident;
use crate::yang::resolve::load::ModuleIndex;
use crate::yang::resolve::tree::{Resolved, ResolvedId};
use crate::yang::schema::{Annotation, Structure};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::known::Known;
use crate::yang::syntax::statement::Statement;

impl<'a> Builder<'_, 'a> {
    /// Adds the nodes of the templates and structures of a module.
    pub(super) fn structures(&mut self, module: ModuleIndex) {
        let tree = self.tree;
        for id in tree.structures.iter().copied().filter(|id| tree.node(*id).module == module) {
            let node = tree.node(id);
            let Some(root) = self.visit(id, &Surroundings::top(), false) else { continue };
            let is_template = self.known(node) == Some(Known::YangData);
            if is_template && !self.is_one_container(&node.children) {
                self.report(
                    "Y0354",
                    node.statement,
                    format!("'{}' does not hold exactly one container", node.name),
                );
            }
            let module = module_id(module);
            let twice = |known: &Structure| known.module == module && known.name == node.name;
            if self.structures.iter().any(twice) {
                let message = format!("the structure '{}' is defined twice", node.name);
                self.report("Y0355", node.statement, message);
                continue;
            }
            self.structures.push(Structure { module, name: node.name.clone(), root, is_template });
        }
    }

    fn known(&self, node: &Resolved<'a>) -> Option<Known> {
        let unit = self.names.loaded.unit(self.names.unit_of(node.scope));
        Known::of(&unit.root, &node.statement.keyword)
    }

    /// A container, or a choice in which each case is one.
    fn is_one_container(&self, nodes: &[ResolvedId]) -> bool {
        let [only] = nodes else { return false };
        let node = self.tree.node(*only);
        match node.kind {
            K::Container => true,
            K::Choice => {
                node.children.iter().all(|case| self.is_one_container(&self.tree.node(*case).children))
            }
            _ => false,
        }
    }

    /// Adds the annotations that a module defines.
    pub(super) fn annotations(&mut self, module: ModuleIndex) {
        let names = self.names;
        for unit in &names.loaded.module(module).units {
            let root: &'a Statement = &names.loaded.unit(*unit).root;
            let scope = names.unit_scope(*unit);
            for statement in &root.substatements {
                if Known::of(root, &statement.keyword) != Some(Known::Annotation)
                    || !self.features.allow(names, statement, scope, &mut self.diagnostics)
                {
                    continue;
                }
                let mut world = TypeWorld {
                    names,
                    features: &mut self.features,
                    identities: &self.identities,
                    diagnostics: &mut self.diagnostics,
                };
                let ty = statement.find(K::Type).and_then(|ty| self.typer.typing(&mut world, ty, scope));
                let Some(typing) = ty else { continue };
                let Template::Done(ty) = &typing.template else {
                    let message =
                        format!("the annotation '{}' cannot be a leafref: it is no node", statement.text());
                    self.diagnostics.push(Diagnostic::error("Y0372", statement.head_span(), message));
                    continue;
                };
                let module = module_id(module);
                let name = Ident::from(statement.text());
                if self.annotations.iter().any(|known| known.module == module && known.name == name) {
                    self.report("Y0355", statement, format!("the annotation '{name}' is defined twice"));
                    continue;
                }
                let units = statement.text_of(K::Units).cloned().or_else(|| typing.units.clone());
                self.annotations.push(Annotation { module, name, ty: ty.clone(), units });
            }
        }
    }

    /// The label of the mount point that a node is.
    pub(super) fn mount_point(&self, node: &Resolved<'a>) -> Option<Ident> {
        let mark = node.properties.iter().find(|property| {
            let unit = self.names.loaded.unit(self.names.unit_of(property.scope));
            Known::of(&unit.root, &property.statement.keyword) == Some(Known::MountPoint)
        })?;
        mark.statement.argument.as_ref().map(|label| label.text.clone())
    }
}
