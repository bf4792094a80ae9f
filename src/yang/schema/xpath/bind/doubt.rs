//! Expressions that are legal and cannot be meant: comparisons that always come out the same because of the types of the
//! nodes, functions called with nodes for which they do nothing, configuration that looks at state.
//!
//! A doubt is raised only when every node that the expression can reach agrees, so that a model in which one of several
//! nodes fits is left alone.

use super::{Binder, Gives, Naming, ProblemKind, place};
use crate::base::suggest::nearest;
use crate::yang::schema::types::{Type, TypeKind};
use crate::yang::schema::xpath::{Comparison, Expr, Function};
use crate::yang::schema::{IdentityId, NodeId};
use crate::yang::syntax::xpath::Ast;

/// One operand: as written, as bound, and what it gives.
#[derive(Clone, Copy)]
pub(super) struct Side<'s> {
    pub ast: &'s Ast,
    pub expr: &'s Expr,
    pub gives: &'s Gives,
}

impl Binder<'_> {
    fn doubt(&mut self, at: (usize, usize), message: String) {
        self.problem(at, ProblemKind::Doubt, message);
    }

    /// The types of all values of some nodes, members of unions one by one; empty when one of the nodes is no leaf or
    /// cannot be told.
    fn types(&self, gives: &Gives) -> Vec<&Type> {
        let mut found = Vec::new();
        for id in gives.known().unwrap_or_default() {
            let Some(ty) = self.schema.node(*id).ty() else { return Vec::new() };
            collect(ty, &mut found);
        }
        found
    }

    pub(super) fn doubt_comparison(&mut self, comparison: Comparison, sides: [Side<'_>; 2]) {
        let [left, right] = sides;
        for (constant, other) in [(left, right), (right, left)] {
            match constant.expr {
                Expr::Literal(text) => self.doubt_literal(comparison, constant, text, other),
                Expr::Number(number) if self.never_a_number(other.gives, Some(*number)) => {
                    let shown = self.shown(other.gives);
                    self.doubt(place(other.ast), format!("{shown} is never the number {number}"));
                }
                Expr::Call(Function::True | Function::False, _) => self.doubt_truth(constant, other),
                _ => {}
            }
        }
    }

    fn doubt_literal(&mut self, comparison: Comparison, literal: Side<'_>, text: &str, other: Side<'_>) {
        let is_order = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let is_number = text.trim().parse::<f64>().is_ok();
        let types = self.types(other.gives);
        // Durations and dates are ordered by what they mean.
        let has_order = types.is_empty() || types.iter().any(|ty| ty.format.is_some());
        if (*other.gives == Gives::Number || is_order && !has_order) && !is_number {
            self.doubt(place(literal.ast), format!("'{text}' is compared as a number, which it is not"));
            return;
        }
        // To ask whether anything is there by comparing with the empty text is usual, if roundabout.
        if is_order || text.is_empty() {
            return;
        }
        if types.is_empty() || types.iter().any(|ty| self.may_be(ty, text)) {
            return;
        }
        let shown = self.shown(other.gives);
        let hint =
            self.similar(&types, text).map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
        self.doubt(place(literal.ast), format!("'{text}' is no value of {shown}{hint}"));
    }

    /// `leaf = true()` asks whether the leaf is there, whatever it says.
    fn doubt_truth(&mut self, constant: Side<'_>, other: Side<'_>) {
        let types = self.types(other.gives);
        if !types.is_empty() && types.iter().all(|ty| matches!(ty.kind, TypeKind::Boolean)) {
            let wanted =
                if matches!(constant.expr, Expr::Call(Function::True, _)) { "true" } else { "false" };
            let shown = self.shown(other.gives);
            let message = format!(
                "this asks whether {shown} is there, not what it says; to ask for its value compare with '{wanted}'"
            );
            self.doubt(place(other.ast), message);
        }
    }

    /// An operand of arithmetic.
    pub(super) fn doubt_operand(&mut self, side: Side<'_>) {
        match side.expr {
            Expr::Literal(text) if text.trim().parse::<f64>().is_err() => {
                self.doubt(place(side.ast), format!("'{text}' is no number"));
            }
            _ if self.never_a_number(side.gives, None) => {
                let shown = self.shown(side.gives);
                self.doubt(place(side.ast), format!("{shown} is never a number"));
            }
            _ => {}
        }
    }

    /// Whether no value of the nodes reads as a number, or as that number.
    fn never_a_number(&self, gives: &Gives, wanted: Option<f64>) -> bool {
        let types = self.types(gives);
        let fits = |text: &str| {
            text.trim().parse::<f64>().is_ok_and(|number| wanted.is_none_or(|wanted| wanted == number))
        };
        !types.is_empty()
            && types.iter().all(|ty| match &ty.kind {
                TypeKind::Enumeration { names } => !names.iter().any(|known| fits(&known.name)),
                TypeKind::Bits { bits } => !bits.iter().any(|known| fits(&known.name)),
                TypeKind::Boolean | TypeKind::Identityref { .. } | TypeKind::InstanceIdentifier { .. } => {
                    true
                }
                _ => false,
            })
    }

    /// Whether a text can be the string-value of a type. Types whose values are many are not looked into.
    fn may_be(&self, ty: &Type, text: &str) -> bool {
        match &ty.kind {
            TypeKind::Identityref { bases } => {
                let id = text.split_once(':').and_then(|(module, name)| {
                    self.schema.identity_by_name(self.schema.module_by_name(module)?, name)
                });
                let id = id.or_else(|| self.identity_named(text));
                id.is_some_and(|id| self.is_derived(id, bases))
            }
            TypeKind::Enumeration { .. }
            | TypeKind::Boolean
            | TypeKind::Int { .. }
            | TypeKind::Uint { .. }
            | TypeKind::Decimal64 { .. } => self.accepts(ty, text),
            _ => true,
        }
    }

    /// A value of the types that looks like a text.
    fn similar(&self, types: &[&Type], text: &str) -> Option<String> {
        let local = text.rsplit(':').next().unwrap_or_default();
        let mut known: Vec<&str> = Vec::new();
        for ty in types {
            match &ty.kind {
                TypeKind::Enumeration { names } => {
                    known.extend(names.iter().map(|known| known.name.as_str()))
                }
                TypeKind::Boolean => known.extend(["true", "false"]),
                TypeKind::Identityref { bases } => {
                    let identities = (0_u32..).map(IdentityId).zip(self.schema.identities());
                    let derived = identities.filter(|(id, _)| self.is_derived(*id, bases));
                    known.extend(derived.map(|(_, identity)| identity.name.as_str()));
                }
                _ => {}
            }
        }
        nearest(local, known).filter(|near| *near != local).map(str::to_owned)
    }

    /// Functions of RFC 7950 section 10 that do nothing for nodes of other types.
    pub(super) fn doubt_call(
        &mut self,
        function: Function,
        at: (usize, usize),
        arguments: &[Expr],
        first: Option<&Gives>,
    ) {
        let Some(gives) = first else { return };
        let types = self.types(gives);
        if types.is_empty() {
            return;
        }
        let has = |wanted: fn(&TypeKind) -> bool| types.iter().any(|ty| wanted(&ty.kind));
        let (fits, what) = match function {
            Function::EnumValue => (has(|kind| matches!(kind, TypeKind::Enumeration { .. })), "enumeration"),
            Function::BitIsSet => (has(|kind| matches!(kind, TypeKind::Bits { .. })), "bits"),
            Function::DerivedFrom | Function::DerivedFromOrSelf => {
                (has(|kind| matches!(kind, TypeKind::Identityref { .. })), "identityref")
            }
            Function::Deref => (self.refers(gives), "leafref or instance-identifier"),
            _ => return,
        };
        if !fits {
            let shown = self.shown(gives);
            self.doubt(at, format!("{shown} is no {what}, so this function finds nothing"));
            return;
        }
        if let (Function::BitIsSet, Some(Expr::Literal(name))) = (function, arguments.get(1)) {
            let bits: Vec<&str> = types.iter().flat_map(|ty| bit_names(ty)).collect();
            if !bits.contains(&name.as_str()) {
                let hint =
                    nearest(name, bits).map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
                let message = format!("{} has no bit '{name}'{hint}", self.shown(gives));
                self.doubt(at, message);
            }
        }
    }

    /// Whether some of the nodes refer to others.
    fn refers(&self, gives: &Gives) -> bool {
        let refers = |id: &NodeId| {
            let ty = self.schema.node(*id).ty();
            ty.is_some_and(|ty| {
                matches!(
                    ty.kind,
                    TypeKind::Leafref(_) | TypeKind::InstanceIdentifier { .. } | TypeKind::Union { .. }
                )
            })
        };
        gives.known().unwrap_or_default().iter().any(refers)
    }

    /// Configuration sees configuration only (RFC 7950 section 6.4.1).
    pub(super) fn doubt_state(&mut self, ast: &Ast, nodes: Option<&[NodeId]>) {
        let schema = self.schema;
        let is_config = matches!(self.naming, Naming::Module { .. }) && schema.node(self.context).config;
        let is_state = |id: &NodeId| {
            let node = schema.node(*id);
            !node.config && !node.extensions.stored
        };
        if let Some(nodes) =
            nodes.filter(|nodes| is_config && !nodes.is_empty() && nodes.iter().all(is_state))
        {
            let shown = self.shown(&Gives::Nodes(Some(nodes.to_vec())));
            self.doubt(
                place(ast),
                format!("{shown} is state, which the condition of configuration never sees"),
            );
        }
    }

    /// The nodes of an operand for a message.
    fn shown(&self, gives: &Gives) -> String {
        match gives.known() {
            Some([only]) => self.schema.path(*only),
            Some([first, ..]) => format!("{} and what else is meant", self.schema.path(*first)),
            _ => "this".to_owned(),
        }
    }
}

fn collect<'t>(ty: &'t Type, found: &mut Vec<&'t Type>) {
    match &ty.effective().kind {
        TypeKind::Union { members } => members.iter().for_each(|member| collect(member, found)),
        _ => found.push(ty.effective()),
    }
}

fn bit_names(ty: &Type) -> Vec<&str> {
    match &ty.kind {
        TypeKind::Bits { bits } => bits.iter().map(|bit| bit.name.as_str()).collect(),
        _ => Vec::new(),
    }
}
