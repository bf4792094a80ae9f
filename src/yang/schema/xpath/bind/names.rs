//! Names in expressions: prefixes, node tests, identities in literals, and what to say of those that are not there.

use super::{Binder, Gives, Naming, ProblemKind, step_place};
use crate::base::ident::Ident;
use crate::base::suggest::nearest;
use crate::yang::schema::node::NodeKind;
use crate::yang::schema::types::{ParseContext, Raw, Strictness, Type, TypeKind};
use crate::yang::schema::xpath::reach::children;
use crate::yang::schema::xpath::{Axis, Expr, NodeTest};
use crate::yang::schema::{IdentityId, ModuleId, NodeId};
use crate::yang::syntax::xpath as ast;

impl Binder<'_> {
    pub(super) fn module(&self, prefix: &str) -> Option<ModuleId> {
        match self.naming {
            Naming::Module { prefix: of, .. } => of(prefix),
            Naming::Request { .. } => self.schema.module_by_name(prefix),
        }
    }

    /// The bound test, and for names without prefix the modules to choose from.
    pub(super) fn test(&mut self, test: &ast::NodeTest, offset: usize) -> (NodeTest, Vec<ModuleId>) {
        let bound = match test {
            ast::NodeTest::Name(name) => {
                let local = name.local.clone();
                return match (&name.prefix, self.naming) {
                    (Some(prefix), _) => (
                        NodeTest::Name { module: self.known_module(prefix, offset), name: local },
                        Vec::new(),
                    ),
                    (None, Naming::Module { unprefixed, .. }) => (
                        NodeTest::Name { module: unprefixed.first().copied(), name: local },
                        unprefixed.to_vec(),
                    ),
                    (None, Naming::Request { .. }) => {
                        (NodeTest::Name { module: None, name: local }, Vec::new())
                    }
                };
            }
            ast::NodeTest::Any => NodeTest::Any(None),
            ast::NodeTest::AnyOf(prefix) => NodeTest::Any(self.known_module(prefix, offset)),
            ast::NodeTest::Node => NodeTest::Node,
            ast::NodeTest::Text => NodeTest::Text,
            ast::NodeTest::Comment | ast::NodeTest::ProcessingInstruction(_) => NodeTest::Nothing,
        };
        (bound, Vec::new())
    }

    /// The module of a prefix; an unknown one is reported.
    fn known_module(&mut self, prefix: &str, offset: usize) -> Option<ModuleId> {
        let found = self.module(prefix);
        if found.is_none() {
            let message = match self.naming {
                Naming::Module { .. } => format!("no import has the prefix '{prefix}'"),
                Naming::Request { .. } => {
                    let modules = self.schema.modules();
                    match nearest(prefix, modules.iter().map(|module| module.name.as_str())) {
                        Some(near) => format!("there is no module '{prefix}'; did you mean '{near}'?"),
                        None => format!("there is no module '{prefix}'"),
                    }
                }
            };
            self.problem((offset, offset + prefix.len()), ProblemKind::Fatal, message);
        }
        found
    }

    /// A literal beside an identityref gets the module's name in front, as values print. Beside a union it means what
    /// the union would read: the first member that takes it.
    pub(super) fn qualify_beside(&self, expr: &mut Expr, beside: &Gives) {
        let (Expr::Literal(text), Some(nodes)) = (expr, beside.known()) else { return };
        let mut meant =
            nodes.iter().map(|id| self.schema.node(*id).ty().and_then(|ty| self.as_identity(text, ty)));
        let Some(Some(first)) = meant.next() else { return };
        if meant.all(|other| other == Some(first)) {
            *text = self.qualified(first);
        }
    }

    /// The identity that a text means as a value of a type.
    fn as_identity(&self, text: &str, ty: &Type) -> Option<IdentityId> {
        match &ty.effective().kind {
            TypeKind::Identityref { .. } => self.identity_named(text),
            TypeKind::Union { members } => members
                .iter()
                .find_map(|member| match &member.effective().kind {
                    TypeKind::Identityref { bases } => {
                        self.identity_named(text).filter(|id| self.is_derived(*id, bases)).map(Some)
                    }
                    TypeKind::Union { .. } => self.as_identity(text, member).map(Some),
                    _ => self.accepts(member, text).then_some(None),
                })
                .flatten(),
            _ => None,
        }
    }

    /// Whether a type that names no identities takes a text.
    pub(super) fn accepts(&self, ty: &Type, text: &str) -> bool {
        let module = self.schema.node(self.context).module;
        let context =
            ParseContext { schema: self.schema, module, strictness: Strictness::Text, prefixes: None };
        ty.parse(Raw::Text(text), context).is_ok()
    }

    /// Whether an identity is derived from all of some bases.
    pub(super) fn is_derived(&self, id: IdentityId, bases: &[IdentityId]) -> bool {
        self.schema.identity(id).is_derived_from(bases)
    }

    /// The identity that a possibly prefixed name means.
    pub(super) fn identity_named(&self, text: &str) -> Option<IdentityId> {
        match (text.split_once(':'), self.naming) {
            (Some((prefix, name)), _) => {
                self.module(prefix).and_then(|module| self.schema.identity_by_name(module, name))
            }
            (None, Naming::Module { unprefixed, .. }) => {
                unprefixed.iter().find_map(|module| self.schema.identity_by_name(*module, text))
            }
            (None, Naming::Request { module }) => {
                self.schema.identity_by_name(*module, text).or(match self.schema.identities_named(text) {
                    [only] => Some(*only),
                    _ => None,
                })
            }
        }
    }

    /// `module:name` of an identity.
    fn qualified(&self, id: IdentityId) -> Ident {
        let identity = self.schema.identity(id);
        Ident::from(format!("{}:{}", self.schema.module(identity.module).name, identity.name))
    }

    /// The identity that the second argument of `derived-from()` names, written with its module's name.
    pub(super) fn identity_argument(&mut self, text: &mut Ident, at: (usize, usize)) {
        let Some(id) = self.identity_named(text) else {
            let local = text.rsplit(':').next().unwrap_or_default();
            let known = self.schema.identities().iter().map(|identity| identity.name.as_str());
            let hint = match nearest(local, known) {
                Some(near) if near != local => format!("; did you mean '{near}'?"),
                Some(_) => "; another module has one: is the prefix right?".to_owned(),
                None => String::new(),
            };
            self.problem(at, ProblemKind::NoIdentity, format!("there is no identity '{text}'{hint}"));
            return;
        };
        *text = self.qualified(id);
    }

    /// Says why a step selects nothing, where the model can tell.
    pub(super) fn selects_nothing(&mut self, step: &ast::Step, test: &NodeTest, before: &[NodeId]) {
        let schema = self.schema;
        let opaque = |id: &NodeId| matches!(schema.node(*id).kind, NodeKind::Anydata | NodeKind::Anyxml);
        if before.iter().any(opaque) {
            return;
        }
        let doubt = |message: &str| (ProblemKind::Doubt, message.to_owned());
        let (kind, message) = match (step.axis, test) {
            (Axis::Attribute | Axis::Namespace, _) => doubt("data of YANG has no attributes and namespaces"),
            // A node of a module that is not implemented here may well be there where it is.
            (_, NodeTest::Name { module: Some(module), .. }) if !schema.module(*module).implemented => return,
            (_, NodeTest::Name { name, .. }) => {
                (ProblemKind::NoNode(name.clone()), self.no_such_node(before, step.axis, name))
            }
            (_, NodeTest::Nothing) => doubt("data of YANG has no comments and processing instructions"),
            (_, NodeTest::Text) => doubt("only leafs and leaf-lists have a text()"),
            (Axis::Parent | Axis::Ancestor, _) => doubt("this leads above the root"),
            (Axis::Child | Axis::Descendant, _) => doubt("leafs and leaf-lists have no children"),
            _ => return,
        };
        self.problem(step_place(step), kind, message);
    }

    fn no_such_node(&self, before: &[NodeId], axis: Axis, name: &str) -> String {
        let known: Vec<&str> = if axis == Axis::Child {
            let children = before.iter().flat_map(|id| children(self.schema, *id));
            children.map(|id| self.schema.node(id).name.as_str()).collect()
        } else {
            Vec::new()
        };
        let place = match (before, axis) {
            ([only], Axis::Child) => format!(" in {}", self.schema.path(*only)),
            ([only], Axis::Ancestor | Axis::AncestorOrSelf | Axis::Parent) => {
                format!(" above {}", self.schema.path(*only))
            }
            _ => String::new(),
        };
        let hint = match nearest(name, known) {
            Some(near) if near != name => format!("; did you mean '{near}'?"),
            Some(_) => "; another module has one: is the prefix right?".to_owned(),
            None => String::new(),
        };
        format!("there is no '{name}'{place}{hint}")
    }
}
