//! Resolved nodes to schema nodes: ids, kinds, and everything that needs no other node.

use std::sync::Arc;

use super::typing::{Template, TypeWorld, Typer, Typing};
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::{HashMap, HashSet};
use crate::base::ident::Ident;
use crate::yang::resolve::feature::FeatureStates;
use crate::yang::resolve::load::ModuleIndex;
use crate::yang::resolve::scope::{Definition, NameKind, Names};
use crate::yang::resolve::tree::{Property, Resolved, ResolvedId, Tree};
use crate::yang::schema::node::{Extensions, Node, NodeKind, Status};
use crate::yang::schema::types::{Type, TypeKind};
use crate::yang::schema::{Annotation, IdentityId, ModuleId, NodeId, Structure};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::{Keyword, Statement};

/// What waits until all nodes have their ids.
#[derive(Debug, Default)]
pub(super) struct Waiting<'a> {
    /// Leafs and leaf-lists with their types.
    pub types: Vec<(NodeId, Template<'a>)>,
    /// Defaults, own or of the type.
    pub defaults: Vec<(NodeId, Property<'a>)>,
    /// `must` statements in the order of the nodes.
    pub musts: Vec<(NodeId, Property<'a>)>,
    /// `when` statements: governed node, levels up.
    pub whens: Vec<(NodeId, u16, Property<'a>)>,
    /// `unique` statements.
    pub uniques: Vec<(NodeId, Property<'a>)>,
    /// Default cases by name.
    pub default_cases: Vec<(NodeId, Property<'a>)>,
}

/// Builds the arena.
pub(super) struct Builder<'b, 'a> {
    pub names: &'b Names<'a>,
    pub tree: &'b Tree<'a>,
    pub features: FeatureStates,
    pub identities: HashMap<usize, IdentityId>,
    pub diagnostics: Vec<Diagnostic>,
    pub typer: Typer<'a>,
    pub nodes: Vec<Node>,
    pub waiting: Waiting<'a>,
    /// Schema nodes by resolved node.
    pub ids: HashMap<ResolvedId, NodeId>,
    /// Names of nodes that a feature or a deviation left out.
    pub left_out: HashSet<Ident>,
    /// Stands in until the types are complete.
    pub placeholder: Arc<Type>,
    /// Templates and structures.
    pub structures: Vec<Structure>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// A grouping is looked at by itself: whether its nodes are configuration will be said where it is used.
    pub aside: bool,
}

/// What a node inherits.
#[derive(Clone, Debug)]
pub(super) struct Surroundings<'a> {
    parent: NodeId,
    schema_parent: NodeId,
    /// The nodes inside are configuration.
    pub config: bool,
    /// `config` means nothing inside operations and notifications.
    fixed: bool,
    extensions: Extensions,
    /// Conditions of the choices and cases around.
    whens: Vec<(u16, Property<'a>)>,
    /// Somewhere above is a list without keys.
    keyless: bool,
    /// Inside an operation or notification.
    operation: bool,
}

impl Surroundings<'_> {
    /// What the top-level nodes of a module inherit.
    pub fn top() -> Self {
        Surroundings {
            parent: NodeId::ROOT,
            schema_parent: NodeId::ROOT,
            config: true,
            fixed: false,
            extensions: Extensions::default(),
            whens: Vec::new(),
            keyless: false,
            operation: false,
        }
    }
}

impl<'b, 'a> Builder<'b, 'a> {
    pub fn new(
        names: &'b Names<'a>,
        tree: &'b Tree<'a>,
        features: FeatureStates,
        identities: HashMap<usize, IdentityId>,
    ) -> Self {
        let placeholder = Arc::new(Type { name: Ident::from("empty"), kind: TypeKind::Empty, format: None });
        let mut nodes = Vec::with_capacity(tree.len() + 1);
        nodes.push(root());
        Builder {
            names,
            tree,
            features,
            identities,
            diagnostics: Vec::new(),
            typer: Typer::default(),
            nodes,
            waiting: Waiting::default(),
            ids: HashMap::default(),
            left_out: HashSet::default(),
            placeholder,
            structures: Vec::new(),
            annotations: Vec::new(),
            aside: false,
        }
    }

    /// A builder over another tree that shares what was compiled so far; [`Builder::give_back`] ends it.
    pub fn scratch<'t>(&mut self, tree: &'t Tree<'a>) -> Builder<'t, 'a>
    where
        'b: 't,
    {
        let features = std::mem::take(&mut self.features);
        let identities = std::mem::take(&mut self.identities);
        let mut scratch = Builder::new(self.names, tree, features, identities);
        scratch.typer = std::mem::take(&mut self.typer);
        scratch.aside = true;
        scratch
    }

    /// Takes back what [`Builder::scratch`] lent, and what was found wrong.
    pub fn give_back(&mut self, scratch: Builder<'_, 'a>) {
        self.features = scratch.features;
        self.identities = scratch.identities;
        self.typer = scratch.typer;
        self.diagnostics.extend(scratch.diagnostics);
    }

    /// The type that a typedef gives a name to.
    pub fn typedef(&mut self, definition: Definition<'a>) -> Option<Arc<Typing<'a>>> {
        let mut world = TypeWorld {
            names: self.names,
            features: &mut self.features,
            identities: &self.identities,
            diagnostics: &mut self.diagnostics,
        };
        self.typer.typedef(&mut world, definition, definition.statement)
    }

    /// Adds the top-level nodes of a module.
    pub fn module(&mut self, module: ModuleIndex) {
        for id in self.tree.top(module) {
            let around = Surroundings::top();
            if let Some(id) = self.visit(*id, &around, false) {
                self.nodes[0].schema_children.push(id);
            }
        }
        self.structures(module);
        self.annotations(module);
    }

    pub(super) fn report(&mut self, code: &'static str, at: &Statement, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, at.head_span(), message));
    }

    /// Whether a node is there: its features are on and no deviation removed it.
    pub(super) fn present(&mut self, node: &Resolved<'a>) -> bool {
        let mut present = !node.removed;
        for condition in node.all(K::IfFeature) {
            present &=
                self.features.holds(self.names, condition.statement, condition.scope, &mut self.diagnostics);
        }
        present
    }

    pub(super) fn visit(
        &mut self,
        resolved: ResolvedId,
        around: &Surroundings<'a>,
        is_key: bool,
    ) -> Option<NodeId> {
        let tree = self.tree;
        let node = tree.node(resolved);
        if !self.present(node) {
            self.left_out.insert(node.name.clone());
            return None;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let transparent = matches!(node.kind, K::Choice | K::Case);
        let operation =
            matches!(node.kind, K::Rpc | K::Action | K::Notification | K::Input | K::Output | K::Extension);
        let config = self.config(node, around, operation);
        let mut extensions = self.extensions(node);
        extensions.stored |= around.extensions.stored;
        extensions.computed |= around.extensions.computed;
        self.ids.insert(resolved, id);
        self.nodes.push(Node {
            id,
            name: node.name.clone(),
            module: ModuleId(u16::try_from(node.module.0).unwrap_or(u16::MAX)),
            parent: around.parent,
            schema_parent: around.schema_parent,
            kind: NodeKind::Case,
            config,
            mandatory: node
                .property(K::Mandatory)
                .is_some_and(|property| property.statement.text() == "true"),
            status: status(node),
            children: Vec::new(),
            schema_children: Vec::new(),
            musts: Vec::new(),
            whens: Vec::new(),
            extensions,
            description: text(node, K::Description),
            units: text(node, K::Units),
            presence: text(node, K::Presence),
            mount_point: self.mount_point(node),
        });
        let whens = self.whens(id, node, around, transparent);
        for must in node.all(K::Must) {
            self.waiting.musts.push((id, must));
        }
        let keyless_list = node.kind == K::List && node.property(K::Key).is_none();
        let inside = Surroundings {
            parent: if transparent { around.parent } else { id },
            schema_parent: id,
            config,
            fixed: around.fixed || operation,
            extensions: Extensions {
                stored: extensions.stored,
                computed: extensions.computed,
                ..Extensions::default()
            },
            whens: if transparent { whens } else { Vec::new() },
            keyless: around.keyless || keyless_list,
            operation: around.operation || operation,
        };
        let kind = self.kind(id, node, &inside, is_key);
        self.nodes[id.0 as usize].kind = kind;
        if matches!(node.kind, K::Action | K::Notification) && node.parent.is_some() && around.keyless {
            let message = format!("'{}' stands inside a list without keys", node.name);
            self.report("Y0341", node.statement, message);
        }
        if matches!(node.kind, K::Action | K::Notification) && around.operation {
            let message = format!("'{}' stands inside an operation or notification", node.name);
            self.report("Y0341", node.statement, message);
        }
        if !transparent && node.kind != K::Extension {
            self.nodes[around.parent.0 as usize].children.push(id);
        }
        Some(id)
    }

    /// The `when` conditions that govern the node, outermost first; recorded for data nodes and choices alike.
    fn whens(
        &mut self,
        id: NodeId,
        node: &Resolved<'a>,
        around: &Surroundings<'a>,
        transparent: bool,
    ) -> Vec<(u16, Property<'a>)> {
        let mut whens = around.whens.clone();
        whens.extend(node.outer_whens.iter().map(|when| (1, *when)));
        whens.extend(node.property(K::When).map(|when| (u16::from(transparent), when)));
        self.waiting.whens.extend(whens.iter().map(|(levels, when)| (id, *levels, *when)));
        whens
    }

    fn config(&mut self, node: &Resolved<'a>, around: &Surroundings<'a>, operation: bool) -> bool {
        if around.fixed || operation {
            return false;
        }
        match node.property(K::Config) {
            None => around.config,
            Some(said) => {
                let wanted = said.statement.text() == "true";
                if wanted && !around.config {
                    let message = format!("'{}' cannot be config: the node above it is state", node.name);
                    self.diagnostics.push(
                        Diagnostic::error("Y0342", said.statement.head_span(), message)
                            .note("below 'config false' everything is state (RFC 7950 section 7.21.1)"),
                    );
                }
                wanted && around.config
            }
        }
    }

    /// Our own extension statements and those of NACM; what others mean is not ours to know.
    fn extensions(&mut self, node: &Resolved<'a>) -> Extensions {
        let mut found = Extensions::default();
        for property in &node.properties {
            let Keyword::Extension { prefix, name } = &property.statement.keyword else { continue };
            let Some(module) = self.names.module_of_prefix(property.scope, Some(prefix)) else { continue };
            let module = &self.names.loaded.module(module).name;
            if *module == *super::NACM {
                match name.as_str() {
                    "default-deny-write" => found.default_deny_write = true,
                    "default-deny-all" => found.default_deny_all = true,
                    _ => {}
                }
            }
            if *module != *super::EXTENSIONS {
                continue;
            }
            match name.as_str() {
                "secret" => found.secret = true,
                "hashed" => found.hashed = true,
                "distributable" => found.distributable = true,
                "stored" => found.stored = true,
                "computed" => found.computed = true,
                "grants" => found.grants = true,
                "public" => found.public = true,
                _ => {}
            }
        }
        found
    }

    fn kind(&mut self, id: NodeId, node: &Resolved<'a>, inside: &Surroundings<'a>, is_key: bool) -> NodeKind {
        match node.kind {
            K::Leaf => self.leaf(id, node, is_key),
            K::LeafList => self.leaf_list(id, node),
            K::List => self.list(id, node, inside),
            K::Container => {
                self.children(node, inside, &[]);
                NodeKind::Container { presence: node.property(K::Presence).is_some() }
            }
            K::Choice => {
                self.children(node, inside, &[]);
                if let Some(default) = node.property(K::Default) {
                    self.waiting.default_cases.push((id, default));
                    if self.nodes[id.0 as usize].mandatory {
                        self.report("Y0343", default.statement, "a mandatory choice has no default");
                    }
                }
                NodeKind::Choice { default_case: None }
            }
            K::Case => {
                self.children(node, inside, &[]);
                NodeKind::Case
            }
            K::Anydata => NodeKind::Anydata,
            K::Anyxml => NodeKind::Anyxml,
            K::Rpc | K::Action => {
                self.children(node, inside, &[]);
                if node.kind == K::Rpc { NodeKind::Rpc } else { NodeKind::Action }
            }
            K::Input => {
                self.children(node, inside, &[]);
                NodeKind::Input
            }
            K::Output => {
                self.children(node, inside, &[]);
                NodeKind::Output
            }
            K::Extension => {
                self.children(node, inside, &[]);
                NodeKind::Structure
            }
            _ => {
                self.children(node, inside, &[]);
                NodeKind::Notification
            }
        }
    }

    /// Visits the children: `first` before the others, in that order. `schema_children` keeps the written order.
    pub(super) fn children(&mut self, node: &Resolved<'a>, inside: &Surroundings<'a>, first: &[ResolvedId]) {
        let mut visited: HashMap<ResolvedId, NodeId> = HashMap::default();
        let is_first: HashSet<ResolvedId> = first.iter().copied().collect();
        let others = node.children.iter().filter(|child| !is_first.contains(child));
        for (index, child) in first.iter().chain(others).enumerate() {
            if let Some(id) = self.visit(*child, inside, index < first.len()) {
                visited.insert(*child, id);
            }
        }
        let written = node.children.iter().filter_map(|child| visited.get(child).copied()).collect();
        self.nodes[inside.schema_parent.0 as usize].schema_children = written;
    }

    /// Checks that every extension used in the loaded texts is defined, and has an argument if and only if it takes one.
    pub fn check_extensions(&mut self) {
        for unit in self.names.loaded.unit_indexes() {
            let scope = self.names.unit_scope(unit);
            let mut open: Vec<&Statement> = vec![&self.names.loaded.unit(unit).root];
            while let Some(statement) = open.pop() {
                if let Keyword::Extension { prefix, name } = &statement.keyword {
                    let qualified = format!("{prefix}:{name}");
                    match self.names.find(NameKind::Extension, scope, &qualified, statement.keyword_span) {
                        Ok(extension) => self.check_extension_argument(statement, extension.statement),
                        Err(unknown) => self.diagnostics.push(*unknown),
                    }
                }
                open.extend(&statement.substatements);
            }
        }
    }

    fn check_extension_argument(&mut self, statement: &Statement, extension: &Statement) {
        let message = match (&statement.argument, extension.find(K::Argument)) {
            (None, Some(argument)) => {
                format!("'{}' needs its argument '{}'", statement.keyword, argument.text())
            }
            (Some(_), None) => format!("'{}' takes no argument", statement.keyword),
            _ => return,
        };
        self.diagnostics.push(
            Diagnostic::error("Y0214", statement.head_span(), message)
                .related(extension.head_span(), "the extension is defined here")
                .note("RFC 7950 section 7.19.2"),
        );
    }
}

fn root() -> Node {
    Node {
        id: NodeId::ROOT,
        name: Ident::from(""),
        module: ModuleId(0),
        parent: NodeId::ROOT,
        schema_parent: NodeId::ROOT,
        kind: NodeKind::Root,
        config: true,
        mandatory: false,
        status: Status::Current,
        children: Vec::new(),
        schema_children: Vec::new(),
        musts: Vec::new(),
        whens: Vec::new(),
        extensions: Extensions::default(),
        description: None,
        units: None,
        presence: None,
        mount_point: None,
    }
}

fn status(node: &Resolved<'_>) -> Status {
    match node.property(K::Status).map(|property| property.statement.text()) {
        Some("deprecated") => Status::Deprecated,
        Some("obsolete") => Status::Obsolete,
        _ => Status::Current,
    }
}

fn text(node: &Resolved<'_>, kind: K) -> Option<Ident> {
    node.property(kind)?.statement.argument.as_ref().map(|argument| argument.text.clone())
}
