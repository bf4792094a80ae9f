//! Statements to resolved nodes: every `uses` becomes a copy of its grouping's nodes in the user's namespace, refined and
//! augmented as it says (RFC 7950 sections 7.12 and 7.13).

use super::load::ModuleIndex;
use super::scope::{NameKind, Names, ScopeId, address, split_name};
use super::tree::{MAX_NODES, Property, Resolved, ResolvedId, Tree, is_node};
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::HashSet;
use crate::base::ident::Ident;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::known::Known;
use crate::yang::syntax::statement::Statement;

/// Where new nodes go.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Below which node; `None` at the top of the module.
    pub parent: Option<ResolvedId>,
    /// In whose namespace.
    pub module: ModuleIndex,
}

/// Builds the tree.
#[derive(Debug)]
pub struct Expander<'n, 'a> {
    /// Names of all modules.
    pub names: &'n Names<'a>,
    /// What was built.
    pub tree: Tree<'a>,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Groupings being expanded, outermost first.
    stack: Vec<&'a Statement>,
    /// Groupings that some `uses` named.
    pub used: HashSet<usize>,
    /// `uses` whose mistakes were reported already, so that a grouping used often is reported once.
    reported: HashSet<(usize, usize)>,
    /// A limit was exceeded: the tree is not worth looking at.
    pub too_big: bool,
    /// How many blocks are open.
    depth: usize,
    /// How many groupings were expanded: also those without nodes may double at every level.
    expansions: usize,
}

/// Nodes and groupings may be this deep in each other.
const MAX_DEPTH: usize = 300;

impl<'n, 'a> Expander<'n, 'a> {
    /// An empty tree over these names.
    pub fn new(names: &'n Names<'a>) -> Self {
        Expander {
            names,
            tree: Tree::default(),
            diagnostics: Vec::new(),
            stack: Vec::new(),
            used: HashSet::default(),
            reported: HashSet::default(),
            too_big: false,
            depth: 0,
            expansions: 0,
        }
    }

    /// Adds the top-level nodes of a module.
    pub fn module(&mut self, module: ModuleIndex) {
        let loaded = self.names.loaded;
        for unit in &loaded.module(module).units {
            let scope = self.names.unit_scope(*unit);
            let root = &loaded.unit(*unit).root;
            let added = self.children(root, scope, Place { parent: None, module });
            if loaded.module(module).units.len() > 1 {
                self.tree.placed_by.extend(added.into_iter().map(|id| (id, *unit)));
            }
            for statement in &root.substatements {
                match Known::of(root, &statement.keyword) {
                    Some(Known::YangData) => {
                        let root = self.structure_root(statement, scope, module);
                        let inside = self.names.inside(statement, scope);
                        self.children(statement, inside, Place { parent: Some(root), module });
                    }
                    // A structure is a container that gives its name to the whole (RFC 8791 section 2).
                    Some(Known::Structure) => {
                        let root = self.structure_root(statement, scope, module);
                        self.node(statement, K::Container, scope, Place { parent: Some(root), module });
                    }
                    _ => {}
                }
            }
        }
    }

    /// The root of a template or structure, without anything below it.
    fn structure_root(
        &mut self,
        statement: &'a Statement,
        scope: ScopeId,
        module: ModuleIndex,
    ) -> ResolvedId {
        let place = Place { parent: None, module };
        self.implied(K::Extension, statement, Ident::from(statement.text()), scope, place)
    }

    /// Reports a mistake that stands in the model once, however often it is instantiated.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        let key = (diagnostic.span.source.0 as usize, diagnostic.span.start as usize);
        if self.reported.insert(key) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Adds every node that the block of a statement defines. `scope` is the one inside that block.
    pub fn children(&mut self, block: &'a Statement, scope: ScopeId, place: Place) -> Vec<ResolvedId> {
        let mut added = Vec::new();
        if self.too_big {
            return added;
        }
        if self.depth >= MAX_DEPTH {
            self.refuse(block, &format!("the model is more than {MAX_DEPTH} nodes and groupings deep"));
            return added;
        }
        self.depth += 1;
        for statement in &block.substatements {
            match statement.id() {
                Some(K::Uses) => added.extend(self.uses(statement, scope, place)),
                Some(kind) if is_node(kind) => added.extend(self.node(statement, kind, scope, place)),
                _ => {}
            }
        }
        self.depth -= 1;
        added
    }

    /// Reports a limit, once: a model that exceeds it would be reported at every node.
    fn refuse(&mut self, statement: &Statement, message: &str) {
        if !std::mem::replace(&mut self.too_big, true) {
            self.diagnostics.push(Diagnostic::error("Y0231", statement.head_span(), message));
        }
    }

    fn node(
        &mut self,
        statement: &'a Statement,
        kind: K,
        outer: ScopeId,
        place: Place,
    ) -> Option<ResolvedId> {
        if self.tree.len() >= MAX_NODES {
            let message =
                format!("the model has more than {MAX_NODES} nodes; do groupings double at every level?");
            self.refuse(statement, &message);
            return None;
        }
        let in_choice = place.parent.is_some_and(|parent| self.tree.node(parent).kind == K::Choice);
        let place = if in_choice && kind != K::Case {
            let case = self.implied(K::Case, statement, Ident::from(statement.text()), outer, place);
            Place { parent: Some(case), ..place }
        } else {
            place
        };
        let scope = self.names.inside(statement, outer);
        let name = match (kind, &statement.argument) {
            (K::Input, _) => Ident::from("input"),
            (K::Output, _) => Ident::from("output"),
            (_, Some(argument)) => argument.text.clone(),
            (_, None) => return None,
        };
        let properties = statement
            .substatements
            .iter()
            .filter(|sub| is_property(sub))
            .map(|statement| Property { statement, scope })
            .collect();
        let id = self.tree.add(Resolved {
            kind,
            name,
            module: place.module,
            statement,
            scope,
            parent: place.parent,
            children: Vec::new(),
            properties,
            outer_whens: Vec::new(),
            uses: None,
            implied: false,
            removed: false,
            foreign: false,
        });
        let inside = Place { parent: Some(id), module: place.module };
        if matches!(kind, K::Rpc | K::Action) {
            for (side, name) in [(K::Input, "input"), (K::Output, "output")] {
                match statement.find(side) {
                    Some(written) => {
                        self.node(written, side, scope, inside);
                    }
                    None => {
                        self.implied(side, statement, Ident::from(name), scope, inside);
                    }
                }
            }
        } else if !matches!(kind, K::Leaf | K::LeafList) {
            self.children(statement, scope, inside);
        }
        Some(if in_choice && kind != K::Case { place.parent.unwrap_or(id) } else { id })
    }

    fn implied(
        &mut self,
        kind: K,
        statement: &'a Statement,
        name: Ident,
        scope: ScopeId,
        place: Place,
    ) -> ResolvedId {
        // A shorthand case has the status of its node; an implied input or output says nothing.
        let status = statement.find(K::Status).filter(|_| kind == K::Case);
        let properties = status.map(|statement| Property { statement, scope }).into_iter().collect();
        self.tree.add(Resolved {
            kind,
            name,
            module: place.module,
            statement,
            scope,
            parent: place.parent,
            children: Vec::new(),
            properties,
            outer_whens: Vec::new(),
            uses: None,
            implied: true,
            removed: false,
            foreign: false,
        })
    }

    fn uses(&mut self, uses: &'a Statement, scope: ScopeId, place: Place) -> Vec<ResolvedId> {
        let found = self.names.find(NameKind::Grouping, scope, uses.text(), uses.argument_span());
        let grouping = match found {
            Ok(grouping) => grouping,
            Err(unknown) => {
                self.report(*unknown);
                return Vec::new();
            }
        };
        self.used.insert(address(grouping.statement));
        if let Some(position) =
            self.stack.iter().position(|active| address(active) == address(grouping.statement))
        {
            let chain: Vec<&str> = self
                .stack
                .iter()
                .skip(position)
                .map(|active| active.text())
                .chain([grouping.statement.text()])
                .collect();
            let message = format!("the grouping uses itself: {}", chain.join(" -> "));
            self.report(
                Diagnostic::error("Y0232", uses.argument_span(), message)
                    .note("a grouping must not refer to itself, directly or not (RFC 7950 section 7.12)"),
            );
            return Vec::new();
        }
        self.expansions += 1;
        if self.expansions > MAX_NODES {
            let message =
                format!("groupings are used more than {MAX_NODES} times; do they double at every level?");
            self.refuse(uses, &message);
            return Vec::new();
        }
        self.stack.push(grouping.statement);
        let inner = self.names.inside(grouping.statement, grouping.scope);
        let added = self.children(grouping.statement, inner, place);
        self.stack.pop();
        for id in &added {
            self.govern(*id, uses, scope);
            self.tree.node_mut(*id).uses = Some(Property { statement: uses, scope });
        }
        for refine in uses.all(K::Refine) {
            self.refine(refine, scope, place.module, &added);
        }
        for augment in uses.all(K::Augment) {
            if let Some(target) = self.descendant(augment, scope, place.module, &added) {
                let inner = self.names.inside(augment, scope);
                self.augment(augment, inner, place.module, target);
            }
        }
        added
    }

    /// Hands the `when` and `if-feature` of a `uses` or augment down to a node that it put in place.
    fn govern(&mut self, id: ResolvedId, block: &'a Statement, scope: ScopeId) {
        let node = self.tree.node_mut(id);
        for statement in &block.substatements {
            match statement.id() {
                Some(K::When) => node.outer_whens.insert(0, Property { statement, scope }),
                Some(K::IfFeature) => node.properties.push(Property { statement, scope }),
                _ => {}
            }
        }
    }

    /// Adds the nodes of an augment below its target.
    pub fn augment(
        &mut self,
        augment: &'a Statement,
        scope: ScopeId,
        module: ModuleIndex,
        target: ResolvedId,
    ) -> Vec<ResolvedId> {
        if self.tree.depth(target) >= MAX_DEPTH {
            self.refuse(augment, &format!("the model is more than {MAX_DEPTH} nodes and groupings deep"));
            return Vec::new();
        }
        let kind = self.tree.node(target).kind;
        let fits = |sub: K| match kind {
            K::Container | K::List => !matches!(sub, K::Case | K::Rpc | K::Input | K::Output),
            K::Choice => {
                !matches!(sub, K::Uses | K::Action | K::Notification | K::Rpc | K::Input | K::Output)
            }
            K::Case | K::Input | K::Output | K::Notification => {
                !matches!(sub, K::Case | K::Rpc | K::Action | K::Notification | K::Input | K::Output)
            }
            _ => false,
        };
        if !matches!(
            kind,
            K::Container | K::List | K::Choice | K::Case | K::Input | K::Output | K::Notification
        ) {
            let message = format!("a {kind} cannot be augmented");
            self.report(Diagnostic::error("Y0233", augment.argument_span(), message).note(
                "augment a container, list, choice, case, input, output or notification (RFC 7950 section 7.17)",
            ));
            return Vec::new();
        }
        for sub in &augment.substatements {
            if let Some(id) = sub.id().filter(|id| (is_node(*id) || *id == K::Uses) && !fits(*id)) {
                let message = format!("a {id} cannot be added to a {kind}");
                self.report(Diagnostic::error("Y0234", sub.head_span(), message));
            }
        }
        let added = self.children(augment, scope, Place { parent: Some(target), module });
        let foreign = self.tree.node(target).module != module;
        for id in &added {
            self.govern(*id, augment, scope);
            self.tree.node_mut(*id).foreign = foreign;
        }
        added
    }

    /// The node that a descendant schema node identifier names among the nodes of a `uses`.
    fn descendant(
        &mut self,
        statement: &'a Statement,
        scope: ScopeId,
        module: ModuleIndex,
        among: &[ResolvedId],
    ) -> Option<ResolvedId> {
        let mut level: Vec<ResolvedId> = among.to_vec();
        let mut found = None;
        for step in statement.text().trim().split('/') {
            let (prefix, name) = split_name(step.trim());
            let step_module = match prefix {
                None => Some(module),
                Some(_) => self.names.data_module_of_prefix(scope, prefix),
            };
            let Some(step_module) = step_module else {
                let unknown =
                    self.names.unknown_prefix(scope, prefix.unwrap_or_default(), statement.argument_span());
                self.report(unknown);
                return None;
            };
            // A prefix inside a grouping may name the grouping's own module, whose nodes are in the user's namespace here.
            let own = self.names.module_of(scope);
            found = self
                .tree
                .named(&level, step_module, name)
                .or_else(|| (step_module == own).then(|| self.tree.named(&level, module, name)).flatten());
            let Some(id) = found else {
                let known = level.iter().map(|id| self.tree.node(*id).name.as_str());
                let message = format!("'{step}' of '{}' names no node of the grouping", statement.text());
                let mut diagnostic = Diagnostic::error("Y0235", statement.argument_span(), message);
                if let Some(near) = crate::base::suggest::nearest(name, known) {
                    diagnostic = diagnostic.help(format!("did you mean '{near}'?"));
                }
                self.report(diagnostic);
                return None;
            };
            level.clone_from(&self.tree.node(id).children);
        }
        found
    }

    fn refine(&mut self, refine: &'a Statement, scope: ScopeId, module: ModuleIndex, among: &[ResolvedId]) {
        let Some(target) = self.descendant(refine, scope, module, among) else { return };
        let kind = self.tree.node(target).kind;
        let mut replaced_defaults = false;
        for statement in &refine.substatements {
            let property = Property { statement, scope };
            let Some(id) = statement.id() else {
                self.tree.node_mut(target).properties.push(property);
                continue;
            };
            if !refines(id, kind) {
                let message = format!("'{id}' of a {kind} cannot be refined");
                self.report(Diagnostic::error("Y0236", statement.head_span(), message));
                continue;
            }
            if id == K::Default && replaced_defaults && kind != K::LeafList {
                let message = format!("a {kind} has one default");
                self.report(Diagnostic::error("Y0236", statement.head_span(), message));
                continue;
            }
            let node = self.tree.node_mut(target);
            let adds = matches!(id, K::Must | K::IfFeature) || (id == K::Default && replaced_defaults);
            if !adds {
                node.properties.retain(|known| !known.statement.is(id));
            }
            replaced_defaults |= id == K::Default;
            node.properties.push(property);
        }
    }
}

/// What a refine may say of which node (RFC 7950 section 7.13.2).
fn refines(property: K, kind: K) -> bool {
    match property {
        K::Default => matches!(kind, K::Leaf | K::LeafList | K::Choice),
        K::Description | K::Reference => true,
        K::Config => !matches!(kind, K::Rpc | K::Action | K::Input | K::Output | K::Notification),
        K::Mandatory => matches!(kind, K::Leaf | K::Choice | K::Anydata | K::Anyxml),
        K::Presence => kind == K::Container,
        K::Must => {
            matches!(kind, K::Leaf | K::LeafList | K::List | K::Container | K::Anydata | K::Anyxml)
        }
        K::MinElements | K::MaxElements => matches!(kind, K::LeafList | K::List),
        K::IfFeature => matches!(
            kind,
            K::Leaf | K::LeafList | K::List | K::Container | K::Choice | K::Case | K::Anydata | K::Anyxml
        ),
        _ => false,
    }
}

/// Whether a substatement says something of the node itself, rather than defining nodes or names.
fn is_property(statement: &Statement) -> bool {
    match statement.id() {
        Some(K::Typedef | K::Grouping | K::Uses | K::Reference) => false,
        Some(kind) => !is_node(kind),
        None => true,
    }
}
