//! What had to wait for the whole tree: leafrefs, defaults, unique, default cases, `when` and `must`.

use std::ops::Range;
use std::sync::Arc;

use super::condition::Conditions;
use super::defaults::{conditional, default_value};
use super::module_id;
use super::nodes::Builder;
use super::typing::{LeafrefTemplate, Template};
use crate::base::diagnostic::{Diagnostic, Sources, Span};
use crate::base::hashed::HashMap;
use crate::base::ident::Ident;
use crate::base::suggest::nearest;
use crate::yang::resolve::scope::{address, split_name};
use crate::yang::resolve::tree::Property;
use crate::yang::schema::node::{Must, NodeKind, When};
use crate::yang::schema::types::{Leafref, Type, TypeKind};
use crate::yang::schema::xpath::bind::{Bound, Naming, ProblemKind, bind};
use crate::yang::schema::xpath::reach::parent;
use crate::yang::schema::xpath::{Expr, Expression};
use crate::yang::schema::{ModuleId, NodeId, Schema};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;
use crate::yang::syntax::string::locate;
use crate::yang::syntax::xpath::{Ast, parse_xpath};

/// Completes the schema.
pub(super) fn settle<'a>(schema: &mut Schema, builder: &mut Builder<'_, 'a>, sources: &Sources) {
    let waiting = std::mem::take(&mut builder.waiting);
    let mut templates: HashMap<NodeId, Template<'a>> = HashMap::default();
    for (id, template) in waiting.types {
        match template {
            Template::Done(ty) => set_type(schema, id, ty),
            other => {
                templates.insert(id, other);
            }
        }
    }
    let mut settler = Settler {
        builder,
        sources,
        templates,
        expressions: HashMap::default(),
        conditions: Conditions::default(),
        active: Vec::new(),
        bound_bytes: 0,
    };
    let mut leafrefs: Vec<NodeId> = settler.templates.keys().copied().collect();
    leafrefs.sort_unstable();
    for id in leafrefs {
        settler.complete(schema, id);
    }
    for (id, default) in waiting.defaults {
        settler.default(schema, id, default);
    }
    for (id, unique) in waiting.uniques {
        settler.unique(schema, id, unique);
    }
    for (id, default) in waiting.default_cases {
        settler.default_case(schema, id, default);
    }
    for (id, levels_up, when) in waiting.whens {
        settler.when(schema, id, levels_up, when);
    }
    for (id, must) in waiting.musts {
        settler.must(schema, id, must);
    }
    let mut circles = settler.conditions.circles(schema);
    settler.builder.diagnostics.append(&mut circles);
}

fn set_type(schema: &mut Schema, id: NodeId, fresh: Arc<Type>) {
    if let Some(NodeKind::Leaf { ty, .. } | NodeKind::LeafList { ty, .. }) =
        schema.nodes.get_mut(id.0 as usize).map(|node| &mut node.kind)
    {
        *ty = fresh;
    }
}

/// How many bytes all expressions may have, an expression in a grouping counted wherever it is used.
const MAX_BOUND_BYTES: usize = 16 << 20;

/// How long a chain of leafrefs may be.
const MAX_CHAIN: usize = 100;

struct Settler<'s, 'b, 'a> {
    builder: &'s mut Builder<'b, 'a>,
    sources: &'s Sources,
    /// Types that are not complete yet.
    templates: HashMap<NodeId, Template<'a>>,
    /// Parsed expressions by address of their statement.
    expressions: HashMap<usize, Option<Arc<Ast>>>,
    /// What each `when` looks at.
    conditions: Conditions,
    /// Leafs whose leafref is being followed.
    active: Vec<NodeId>,
    /// Length of all expressions that were bound.
    bound_bytes: usize,
}

impl<'a> Settler<'_, '_, 'a> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.builder.diagnostics.push(diagnostic);
    }

    /// Parses an expression once, however many nodes carry it.
    fn parse(&mut self, statement: &Statement) -> Option<Arc<Ast>> {
        if let Some(known) = self.expressions.get(&address(statement)) {
            return known.clone();
        }
        // What is no expression was reported when the arguments were checked.
        let parsed = parse_xpath(statement.text()).ok().map(Arc::new);
        self.expressions.insert(address(statement), parsed.clone());
        parsed
    }

    /// Binds an expression at a context node and reports what is wrong with its names.
    fn bind(
        &mut self,
        schema: &Schema,
        property: Property<'a>,
        context: NodeId,
        module: ModuleId,
    ) -> Option<Bound> {
        let ast = self.parse(property.statement)?;
        self.bound_bytes = self.bound_bytes.saturating_add(property.statement.text().len());
        if self.bound_bytes > MAX_BOUND_BYTES {
            let message = format!("all expressions together have more than {} MiB", MAX_BOUND_BYTES >> 20);
            self.report(Diagnostic::error("Y0231", property.statement.head_span(), message));
            return None;
        }
        let names = self.builder.names;
        let prefix = |prefix: &str| names.data_module_of_prefix(property.scope, Some(prefix)).map(module_id);
        let own = module_id(names.module_of(property.scope));
        let naming = Naming::Module { prefix: &prefix, unprefixed: [module, own] };
        let bound = bind(schema, &ast, &naming, context);
        // A condition may ask for a node whose feature is off here: then it is not there, which is an answer.
        let may_be_absent = matches!(property.statement.id(), Some(K::Must | K::When));
        for problem in &bound.problems {
            let left_out = &self.builder.left_out;
            if may_be_absent && matches!(&problem.kind, ProblemKind::NoNode(name) if left_out.contains(name))
            {
                continue;
            }
            let at = place(self.sources, property.statement, problem.start..problem.end);
            let message = problem.message.clone();
            self.report(match problem.kind {
                ProblemKind::Fatal => Diagnostic::error("Y0362", at, message),
                ProblemKind::NoNode(_) | ProblemKind::NoIdentity => Diagnostic::warning("Y0363", at, message),
                ProblemKind::Doubt => Diagnostic::warning("Y0364", at, message),
            });
        }
        Some(bound)
    }

    /// Makes the type of a leaf complete and returns it; `None` for a circle or a path that leads nowhere.
    fn complete(&mut self, schema: &mut Schema, id: NodeId) -> Option<Arc<Type>> {
        let Some(template) = self.templates.remove(&id) else {
            return schema.node(id).ty().cloned();
        };
        self.active.push(id);
        let ty = self.instantiate(schema, id, &template);
        self.active.pop();
        if let Some(ty) = &ty {
            set_type(schema, id, ty.clone());
        }
        ty
    }

    fn instantiate(&mut self, schema: &mut Schema, id: NodeId, template: &Template<'a>) -> Option<Arc<Type>> {
        match template {
            Template::Done(ty) => Some(ty.clone()),
            Template::Union(name, members) => {
                let mut types = Vec::with_capacity(members.len());
                for member in members.iter() {
                    types.push(self.instantiate(schema, id, member)?);
                }
                Some(Arc::new(Type {
                    name: name.clone(),
                    kind: TypeKind::Union { members: types },
                    format: None,
                }))
            }
            Template::Leafref(leafref) => self.leafref(schema, id, *leafref),
        }
    }

    fn leafref(
        &mut self,
        schema: &mut Schema,
        id: NodeId,
        leafref: LeafrefTemplate<'a>,
    ) -> Option<Arc<Type>> {
        let path = leafref.path;
        let at = path.statement.argument_span();
        let module = schema.node(id).module;
        let before = self.builder.diagnostics.len();
        let bound = self.bind(schema, path, id, module)?;
        let targets = bound.gives.known().unwrap_or_default().to_vec();
        let target = match targets.as_slice() {
            [only] if schema.node(*only).ty().is_some() => {
                // What a condition cannot see a reference may still name.
                let mut position = 0;
                self.builder.diagnostics.retain(|found| {
                    position += 1;
                    position <= before || found.code != "Y0364"
                });
                // A name in a predicate: what selects nothing in a `must` makes a reference that is never valid.
                let problems = self.builder.diagnostics.iter_mut().skip(before);
                for problem in problems.filter(|problem| problem.code == "Y0363") {
                    *problem = Diagnostic::error("Y0371", problem.span, problem.message.clone())
                        .note(format!("in the path '{}'", path.statement.text().trim()));
                }
                *only
            }
            [] => {
                // The warning about the name that is not there is the reason: one error with both.
                let why: Vec<Diagnostic> = self.builder.diagnostics.split_off(before);
                let place = why.first().map_or(at, |why| why.span);
                let path_text = path.statement.text().trim();
                let mut found =
                    Diagnostic::error("Y0371", place, format!("the path '{path_text}' leads nowhere"))
                        .note(format!("seen from {}", schema.path(id)));
                found.notes.extend(why.into_iter().map(|why| why.message));
                self.report(found);
                return None;
            }
            _ => {
                let shown = targets.first().map_or_else(String::new, |target| schema.path(*target));
                let message =
                    format!("a leafref points at one leaf or leaf-list; this path leads to {shown}");
                self.report(Diagnostic::error("Y0372", at, message));
                return None;
            }
        };
        if let Some(position) = self.active.iter().position(|active| *active == target) {
            let chain: Vec<String> =
                self.active.iter().skip(position).chain([&target]).map(|id| schema.path(*id)).collect();
            let message = format!("leafrefs point at each other: {}", chain.join(" -> "));
            self.report(Diagnostic::error("Y0373", at, message));
            return None;
        }
        if self.active.len() > MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} leafrefs point at each other");
            self.report(Diagnostic::error("Y0373", at, message));
            return None;
        }
        if schema.node(id).config && !schema.node(target).config && leafref.require_instance {
            let message =
                format!("the configuration {} points at the state {}", schema.path(id), schema.path(target));
            self.report(
                Diagnostic::error("Y0374", at, message)
                    .note("say 'require-instance false;' or point at configuration (RFC 7950 section 9.9)"),
            );
        }
        self.check_predicates(schema, path.statement, &bound.root);
        let target_type = self.complete(schema, target)?;
        let target_type = match &target_type.kind {
            TypeKind::Leafref(inner) => inner.target_type.clone(),
            _ => target_type,
        };
        let (_, name) = split_name(leafref.named.text());
        let expression = Expression { source: Ident::from(path.statement.text()), root: bound.root };
        Some(Arc::new(Type {
            name: Ident::from(name),
            kind: TypeKind::Leafref(Leafref {
                path: Arc::new(expression),
                target,
                target_type,
                require_instance: leafref.require_instance,
            }),
            format: None,
        }))
    }

    /// The predicates of a leafref's path compare keys, each once (RFC 7950 section 9.9.2).
    fn check_predicates(&mut self, schema: &Schema, path: &Statement, root: &Expr) {
        let steps = match root {
            Expr::Path(path) => &path.steps,
            Expr::Filter { steps, .. } => steps,
            _ => return,
        };
        for step in steps.iter().filter(|step| !step.predicates.is_empty()) {
            let lists = step.targets.as_deref().unwrap_or_default();
            let mut seen: Vec<&[NodeId]> = Vec::new();
            for predicate in &step.predicates {
                let Expr::Compare(_, left, _) = predicate else { continue };
                let Expr::Path(left) = &**left else { continue };
                let named = left.steps.last().and_then(|step| step.targets.as_deref()).unwrap_or_default();
                let is_key = |id: &NodeId| lists.iter().any(|list| schema.node(*list).keys().contains(id));
                let wrong = match named.first() {
                    None => continue,
                    Some(first) if !named.iter().all(is_key) => {
                        format!("the predicate names '{}', which is no key", schema.node(*first).name)
                    }
                    Some(first) if seen.contains(&named) => {
                        format!("the key '{}' is compared twice", schema.node(*first).name)
                    }
                    Some(_) => {
                        seen.push(named);
                        continue;
                    }
                };
                self.report(Diagnostic::error("Y0375", path.argument_span(), wrong));
            }
        }
    }

    fn default(&mut self, schema: &mut Schema, id: NodeId, default: Property<'a>) {
        let Some(ty) = schema.node(id).ty().cloned() else { return };
        let (module, config) = (schema.node(id).module, schema.node(id).config);
        if let Some(name) = conditional(&ty, default.statement.text()) {
            let message = format!(
                "the default of {} depends on a feature: '{name}' has an 'if-feature'",
                schema.path(id)
            );
            self.report(
                Diagnostic::error("Y0383", default.statement.argument_span(), message)
                    .note("the default is always there (RFC 7950 section 7.6.4)"),
            );
        }
        match default_value(self.builder.names, schema, &ty, default, module) {
            Ok(value) => match schema.nodes.get_mut(id.0 as usize).map(|node| &mut node.kind) {
                Some(NodeKind::Leaf { default, .. }) => *default = Some(value),
                Some(NodeKind::LeafList { defaults, .. }) => {
                    // Only the entries of state may be equal (RFC 7950 section 7.7).
                    if config && defaults.contains(&value) {
                        let message = format!("the default '{value}' stands here twice");
                        let at = default.statement.argument_span();
                        self.builder.diagnostics.push(Diagnostic::error("Y0382", at, message));
                    } else {
                        defaults.push(value);
                    }
                }
                _ => {}
            },
            Err(why) => {
                let message = format!("the default of {} is not of its type: {why}", schema.path(id));
                self.report(Diagnostic::error("Y0381", default.statement.argument_span(), message));
            }
        }
    }

    fn unique(&mut self, schema: &mut Schema, list: NodeId, unique: Property<'a>) {
        let at = unique.statement.argument_span();
        let mut leafs = Vec::new();
        for path in unique.statement.text().split_whitespace() {
            let mut node = list;
            let mut wrong = None;
            for step in path.split('/').filter(|step| *step != ".") {
                let (prefix, name) = split_name(step);
                let module = match prefix {
                    None => Some(schema.node(list).module),
                    Some(_) => self.builder.names.data_module_of_prefix(unique.scope, prefix).map(module_id),
                };
                match module.map(|module| schema_child(schema, node, module, name)) {
                    Some(Some(child)) => {
                        node = child;
                        if schema.node(node).is_list() {
                            wrong = Some(format!("'{path}' passes through the list '{name}'"));
                        }
                    }
                    _ => {
                        let names =
                            schema.node(node).children.iter().map(|id| schema.node(*id).name.as_str());
                        let hint = nearest(name, names).map_or_else(String::new, |near| {
                            if near == name { String::new() } else { format!("; did you mean '{near}'?") }
                        });
                        wrong = Some(format!("there is no '{name}' in {}{hint}", schema.path(node)));
                        break;
                    }
                }
            }
            if wrong.is_none() && !schema.node(node).is_leaf() {
                wrong = Some(format!("'{path}' is not a leaf"));
            }
            match wrong {
                Some(message) => self.report(Diagnostic::error("Y0391", at, message)),
                None => leafs.push(node),
            }
        }
        let mixed = leafs.iter().any(|leaf| schema.node(*leaf).config)
            && leafs.iter().any(|leaf| !schema.node(*leaf).config);
        if mixed {
            let message = "a unique constraint cannot mix configuration and state";
            self.report(Diagnostic::error("Y0391", at, message));
        }
        if let Some(NodeKind::List { unique, .. }) =
            schema.nodes.get_mut(list.0 as usize).map(|node| &mut node.kind)
        {
            unique.push(leafs);
        }
    }

    fn default_case(&mut self, schema: &mut Schema, choice: NodeId, default: Property<'a>) {
        let (_, name) = split_name(default.statement.text());
        let cases = &schema.node(choice).schema_children;
        let found = cases.iter().copied().find(|case| schema.node(*case).name == *name);
        let Some(case) = found else {
            let known = cases.iter().map(|case| schema.node(*case).name.as_str());
            let message = format!("the choice '{}' has no case '{name}'", schema.node(choice).name);
            let mut diagnostic = Diagnostic::error("Y0392", default.statement.argument_span(), message);
            if let Some(near) = nearest(name, known) {
                diagnostic = diagnostic.help(format!("did you mean '{near}'?"));
            }
            self.report(diagnostic);
            return;
        };
        let mut open = schema.node(case).schema_children.clone();
        while let Some(id) = open.pop() {
            let node = schema.node(id);
            let needed = node.mandatory || node.list_facts().is_some_and(|facts| facts.min > 0);
            if needed
                && node.whens.is_empty()
                && matches!(
                    node.kind,
                    NodeKind::Leaf { .. }
                        | NodeKind::LeafList { .. }
                        | NodeKind::List { .. }
                        | NodeKind::Anydata
                        | NodeKind::Anyxml
                        | NodeKind::Choice { .. }
                )
            {
                let message = format!("the default case '{name}' has the mandatory node '{}'", node.name);
                self.builder.diagnostics.push(
                    Diagnostic::error("Y0393", default.statement.argument_span(), message)
                        .note("RFC 7950 section 7.9.3"),
                );
            }
            if node.is_np_container() {
                open.extend(&node.schema_children);
            }
        }
        if let Some(NodeKind::Choice { default_case }) =
            schema.nodes.get_mut(choice.0 as usize).map(|node| &mut node.kind)
        {
            *default_case = Some(case);
        }
    }

    fn when(&mut self, schema: &mut Schema, id: NodeId, levels_up: u16, when: Property<'a>) {
        let mut context = id;
        for _ in 0..levels_up {
            // The parent of a choice or case is its nearest data node already.
            context = parent(schema, context).unwrap_or(NodeId::ROOT);
        }
        let module = schema.node(id).module;
        let Some(bound) = self.bind(schema, when, context, module) else { return };
        self.conditions.add(id, when.statement, &bound.root);
        let condition = Arc::new(Expression { source: Ident::from(when.statement.text()), root: bound.root });
        if let Some(node) = schema.nodes.get_mut(id.0 as usize) {
            node.whens.push(When { condition, levels_up });
        }
    }

    fn must(&mut self, schema: &mut Schema, id: NodeId, must: Property<'a>) {
        let module = schema.node(id).module;
        let Some(bound) = self.bind(schema, must, id, module) else { return };
        let condition = Arc::new(Expression { source: Ident::from(must.statement.text()), root: bound.root });
        let fresh = Must {
            condition,
            message: must.statement.text_of(K::ErrorMessage).cloned(),
            app_tag: must.statement.text_of(K::ErrorAppTag).cloned(),
        };
        if let Some(node) = schema.nodes.get_mut(id.0 as usize) {
            node.musts.push(fresh);
        }
    }
}

/// The child of that name in the schema tree, where choices and cases are nodes (RFC 7950 section 6.5).
fn schema_child(schema: &Schema, parent: NodeId, module: ModuleId, name: &str) -> Option<NodeId> {
    let fits = |id: &NodeId| schema.node(*id).module == module && schema.node(*id).name == *name;
    schema.node(parent).schema_children.iter().copied().find(fits)
}

/// The place in its text of some bytes of a statement's argument.
fn place(sources: &Sources, statement: &Statement, bytes: Range<usize>) -> Span {
    let span = statement.argument_span();
    match sources.get(span.source) {
        Some(source) => {
            let first = locate(&source.text, span, bytes.start);
            first.to(locate(&source.text, span, bytes.end.saturating_sub(1).max(bytes.start)))
        }
        None => span,
    }
}
