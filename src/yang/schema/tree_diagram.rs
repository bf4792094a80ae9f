//! The tree diagram of RFC 8340, letter by letter as `pyang -f tree` prints it.

use std::fmt::Write as _;

use super::node::{Node, NodeKind, Status};
use super::{ModuleId, NodeId, Schema};
use crate::base::ident::Ident;

/// How the model's text writes what the compiled node holds in another form; only the diagram needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notation {
    /// The argument of `type`, prefix and all; of a leafref its path behind an arrow.
    pub ty: Option<Ident>,
    /// The argument of `key`.
    pub key: Option<Ident>,
    /// The arguments of its own `if-feature` statements and of the augment that put it here.
    pub if_features: Vec<Ident>,
}

/// Which flags a subtree gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Data,
    Input,
    Output,
    Notification,
}

impl Schema {
    /// The tree diagram of a module (RFC 8340): its own nodes, what it adds to other modules, its operations and
    /// notifications. Ends with a newline; a module without nodes has an empty diagram.
    pub fn tree_diagram(&self, module: ModuleId) -> String {
        let own = |wanted: fn(&Node) -> bool| -> Vec<NodeId> {
            let top = self.node(NodeId::ROOT).schema_children.iter().copied();
            top.filter(|id| self.node(*id).module == module && wanted(self.node(*id))).collect()
        };
        let mut out = String::new();
        let data = own(|node| !matches!(node.kind, NodeKind::Rpc | NodeKind::Notification));
        self.draw_children(&mut out, &data, module, "", Mode::Data, 0);
        let mut delimiter = "\n";
        for augment in &self.augments {
            if augment.module != module || self.node(augment.target).module == module {
                continue;
            }
            let _ = writeln!(out, "{delimiter}  augment {}:", augment.path);
            delimiter = "";
            let mode = match self.node(augment.target).kind {
                NodeKind::Input => Mode::Input,
                NodeKind::Output => Mode::Output,
                NodeKind::Notification => Mode::Notification,
                _ => Mode::Data,
            };
            self.draw_children(&mut out, &augment.added, module, "  ", mode, 0);
        }
        for (title, mode, nodes) in [
            ("rpcs", Mode::Data, own(|node| matches!(node.kind, NodeKind::Rpc))),
            ("notifications", Mode::Notification, own(|node| matches!(node.kind, NodeKind::Notification))),
        ] {
            if !nodes.is_empty() {
                let _ = writeln!(out, "\n  {title}:");
                self.draw_children(&mut out, &nodes, module, "  ", mode, 0);
            }
        }
        if out.is_empty() {
            return out;
        }
        format!("module: {}\n{out}", self.module(module).name)
    }

    /// The name as the diagram shows it: with a prefix when it is of another module.
    fn shown_name(&self, id: NodeId, module: ModuleId) -> String {
        let node = self.node(id);
        if node.module == module {
            node.name.to_string()
        } else {
            format!("{}:{}", self.module(node.module).prefix, node.name)
        }
    }

    fn width(&self, children: &[NodeId], module: ModuleId) -> usize {
        let width = |id: &NodeId| match self.node(*id).kind {
            NodeKind::Choice { .. } | NodeKind::Case => {
                3 + self.width(&self.node(*id).schema_children, module)
            }
            _ => self.shown_name(*id, module).chars().count(),
        };
        children.iter().map(width).max().unwrap_or(0)
    }

    fn draw_children(
        &self,
        out: &mut String,
        children: &[NodeId],
        module: ModuleId,
        prefix: &str,
        mode: Mode,
        width: usize,
    ) {
        let width = if width == 0 { self.width(children, module) } else { width };
        let is_empty_side = |id: &NodeId| {
            let node = self.node(*id);
            matches!(node.kind, NodeKind::Input | NodeKind::Output) && node.schema_children.is_empty()
        };
        let last_is_empty_output = children
            .last()
            .is_some_and(|id| matches!(self.node(*id).kind, NodeKind::Output) && is_empty_side(id));
        for (index, id) in children.iter().enumerate() {
            if is_empty_side(id) {
                continue;
            }
            let last = index + 1 == children.len() || last_is_empty_output;
            let mode = match self.node(*id).kind {
                NodeKind::Input => Mode::Input,
                NodeKind::Output => Mode::Output,
                _ => mode,
            };
            self.draw(out, *id, module, prefix, last, mode, width);
        }
    }

    #[allow(clippy::too_many_arguments)] // one recursive walk; a struct would only rename them
    fn draw(
        &self,
        out: &mut String,
        id: NodeId,
        module: ModuleId,
        prefix: &str,
        last: bool,
        mode: Mode,
        width: usize,
    ) {
        let node = self.node(id);
        let notation = self.notation.get(id.0 as usize).cloned().unwrap_or_default();
        let status = match node.status {
            Status::Current => '+',
            Status::Deprecated => 'x',
            Status::Obsolete => 'o',
        };
        let flags = self.flags(node, mode);
        let name = self.shown_name(id, module);
        let _ = write!(out, "{prefix}  {status}--");
        let optional = if node.mandatory { "" } else { "?" };
        match &node.kind {
            NodeKind::List { .. } => {
                let _ = write!(out, "{flags} {name}*");
                let key = notation.key.as_deref().unwrap_or_default();
                let _ = write!(out, " [{}]", key.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            NodeKind::Container { presence } => {
                let _ = write!(out, "{flags} {name}{}", if *presence { "!" } else { "" });
            }
            NodeKind::Choice { .. } => {
                let _ = write!(out, "{flags} ({name}){optional}");
            }
            NodeKind::Case => {
                let _ = write!(out, ":({name})");
            }
            NodeKind::Leaf { is_key, .. } => {
                let name = format!("{name}{}", if *is_key { "" } else { optional });
                let ty = notation.ty.as_deref().unwrap_or_default();
                let _ = write!(out, "{flags} {name:<0$}   {ty}", width + 1);
            }
            NodeKind::LeafList { .. } => {
                let ty = notation.ty.as_deref().unwrap_or_default();
                let _ = write!(out, "{flags} {:<1$}   {ty}", format!("{name}*"), width + 1);
            }
            NodeKind::Anydata | NodeKind::Anyxml => {
                let ty = if matches!(node.kind, NodeKind::Anydata) { "<anydata>" } else { "<anyxml>" };
                let _ = write!(out, "{flags} {:<1$}   {ty}", format!("{name}{optional}"), width + 1);
            }
            _ => {
                let _ = write!(out, "{flags} {name}");
            }
        }
        if !notation.if_features.is_empty() {
            let _ = write!(out, " {{{}}}?", notation.if_features.join(","));
        }
        out.push('\n');
        let below = format!("{prefix}  {}", if last { ' ' } else { '|' });
        let transparent = matches!(node.kind, NodeKind::Choice { .. } | NodeKind::Case);
        let width = if transparent { width.saturating_sub(3) } else { 0 };
        self.draw_children(out, &node.schema_children, module, &below, mode, width);
    }

    fn flags(&self, node: &Node, mode: Mode) -> &'static str {
        match (&node.kind, mode) {
            (_, Mode::Input) => "-w",
            (NodeKind::Rpc | NodeKind::Action, _) => "-x",
            (NodeKind::Notification, _) => "-n",
            _ if node.config => "rw",
            // What is neither configuration nor state has no flags where the drawing starts or passes outside of it.
            (_, Mode::Data) if self.in_operation(node) => "",
            _ => "ro",
        }
    }

    /// Whether a node is inside an operation or notification.
    fn in_operation(&self, node: &Node) -> bool {
        let mut at = node;
        while at.id != NodeId::ROOT {
            if at.is_operation() || matches!(at.kind, NodeKind::Notification) {
                return true;
            }
            at = self.node(at.parent);
        }
        false
    }
}

/// A leafref's path as the diagram shows it: a prefix only where the module changes.
pub(crate) fn leafref_path(path: &str, own_prefix: &str) -> Ident {
    let mut shown = Vec::new();
    let mut current = own_prefix;
    for step in path.split('/') {
        match step.split_once(':') {
            Some((prefix, name)) if prefix == current => shown.push(name.to_owned()),
            Some((prefix, _)) => {
                shown.push(step.to_owned());
                current = prefix;
            }
            None => shown.push(step.to_owned()),
        }
    }
    Ident::from(format!("-> {}", shown.join("/")))
}
