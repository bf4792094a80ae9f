//! Nodes as lines of a diagram.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::Options;
use crate::yang::resolve::load::ModuleIndex;
use crate::yang::resolve::scope::{Names, split_name};
use crate::yang::resolve::tree::{Property, Resolved, ResolvedId, Tree};
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::{Keyword, Statement};

/// Which flags a subtree gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Data,
    Input,
    Output,
    Notification,
    /// Groupings and structures.
    Aside,
}

/// Walks over nodes and writes a line for each.
#[derive(Clone, Copy)]
pub(super) struct Walk<'w, 'a> {
    pub names: &'w Names<'a>,
    pub tree: &'w Tree<'a>,
    pub options: &'w Options,
    /// The module whose diagram it is: names of others get a prefix.
    pub module: ModuleIndex,
    pub hidden: &'w HashSet<ResolvedId>,
    pub mode: Mode,
    /// Whether the nodes are configuration, as far as that can be said.
    pub config: Option<bool>,
}

/// One line: a node, or a `uses` that stands for its nodes.
#[derive(Clone, Copy)]
enum Row<'a> {
    Node(ResolvedId),
    Uses(Property<'a>),
}

/// Where a line stands.
#[derive(Clone, Copy)]
struct At<'p> {
    /// What stands before every line of this level.
    prefix: &'p str,
    /// Levels that may still be drawn.
    depth: Option<usize>,
    /// What is left of the wanted path.
    path: &'p [String],
    /// Width of the names, so that types stand in a column; 0 is to be worked out.
    width: usize,
}

impl<'a> Walk<'_, 'a> {
    /// The nodes at the top of a section.
    pub fn top(&self, out: &mut String, nodes: &[ResolvedId], prefix: &str, path: &[String]) {
        let at = At { prefix, depth: self.options.depth, path, width: 0 };
        self.children(out, nodes, at);
    }

    fn children(&self, out: &mut String, nodes: &[ResolvedId], at: At<'_>) {
        let mut visible = self.visible(nodes);
        visible.retain(|id| self.on_path(*id, at.path));
        if at.depth == Some(0) {
            if !visible.is_empty() {
                let _ = writeln!(out, "{}     ...", at.prefix);
            }
            return;
        }
        let rows = self.rows(&visible);
        let width = if at.width == 0 { self.width(&rows) } else { at.width };
        let ends_silently = rows.last().is_some_and(|row| self.is_empty_side(*row, K::Output));
        for (index, row) in rows.iter().copied().enumerate() {
            if self.is_empty_side(row, K::Input) || self.is_empty_side(row, K::Output) {
                continue;
            }
            let last = index + 1 == rows.len() || ends_silently;
            let below = format!("{}  {}", at.prefix, if last { ' ' } else { '|' });
            let at = At { prefix: &below, width, ..at };
            match row {
                Row::Node(id) => self.node(out, id, at),
                Row::Uses(uses) => self.uses(out, uses, at),
            }
        }
    }

    fn visible(&self, nodes: &[ResolvedId]) -> Vec<ResolvedId> {
        let shown = |id: &ResolvedId| !self.hidden.contains(id) && !self.tree.node(*id).removed;
        nodes.iter().copied().filter(shown).collect()
    }

    /// The lines of a level: with `unexpanded` the nodes of a grouping are one.
    fn rows(&self, nodes: &[ResolvedId]) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for id in nodes {
            let uses = self.tree.node(*id).uses.filter(|_| self.options.unexpanded);
            match uses {
                None => rows.push(Row::Node(*id)),
                Some(uses) if seen.contains(&uses.statement.text()) => {}
                Some(uses) => {
                    seen.push(uses.statement.text());
                    rows.push(Row::Uses(uses));
                }
            }
        }
        rows
    }

    /// Whether a node lies on the wanted path or below its end. Choices and cases need not be named.
    fn on_path(&self, id: ResolvedId, path: &[String]) -> bool {
        let Some(step) = path.first() else { return true };
        let node = self.tree.node(id);
        node.name == *split_name(step).1
            || matches!(node.kind, K::Choice | K::Case)
                && node.children.iter().any(|child| self.on_path(*child, path))
    }

    fn is_empty_side(&self, row: Row<'_>, side: K) -> bool {
        let Row::Node(id) = row else { return false };
        let node = self.tree.node(id);
        node.kind == side && node.children.is_empty()
    }

    fn width(&self, rows: &[Row<'_>]) -> usize {
        let width = |row: &Row<'_>| match row {
            Row::Uses(uses) => {
                self.foreign(uses.statement.text(), self.names.module_of(uses.scope), false).len()
            }
            Row::Node(id) => {
                let node = self.tree.node(*id);
                match node.kind {
                    K::Choice | K::Case => {
                        // As pyang does: what a 'uses' in a case stands for counts.
                        let below = self.visible(&node.children);
                        3 + self.width(&below.into_iter().map(Row::Node).collect::<Vec<_>>())
                    }
                    _ => self.foreign(&node.name, node.module, false).chars().count(),
                }
            }
        };
        rows.iter().map(width).max().unwrap_or(0)
    }

    /// A name, with a prefix when it is of another module.
    fn foreign(&self, name: &str, module: ModuleIndex, module_names: bool) -> String {
        let loaded = self.names.loaded;
        if loaded.module(module).name == loaded.module(self.module).name {
            return name.to_owned();
        }
        let prefix = match loaded.main(module) {
            Some(main) if !module_names => &main.prefix,
            _ => &loaded.module(module).name,
        };
        format!("{prefix}:{name}")
    }

    fn uses(&self, out: &mut String, uses: Property<'a>, at: At<'_>) {
        let module = self.names.module_of(uses.scope);
        let name = self.foreign(uses.statement.text(), module, self.options.module_names);
        let flags = if self.mode == Mode::Input { "-w" } else { "-u" };
        let mut line = self.start(status(uses.statement.find(K::Status)), at.prefix);
        let _ = write!(line, "{flags} {name}");
        let column = at.prefix.chars().count() + 6;
        self.features(&mut line, out, uses.statement.all(K::IfFeature), at.prefix, column);
        out.push_str(&line);
        out.push('\n');
    }

    fn start(&self, status: char, prefix: &str) -> String {
        let mut line = prefix.to_owned();
        // The bar of this level belongs to the lines below.
        line.pop();
        let _ = write!(line, "{status}--");
        line
    }

    fn node(&self, out: &mut String, id: ResolvedId, at: At<'_>) {
        let node = self.tree.node(id);
        let walk = self.at_node(node);
        let text_of = |kind: K| node.property(kind).map(|property| property.statement.text());
        let mut line = self.start(status(node.property(K::Status).map(|status| status.statement)), at.prefix);
        // Where lines that are broken go on.
        let mut column = line.chars().count() + 4;
        let name = self.foreign(&node.name, node.module, self.options.module_names);
        let flags = walk.flags(node);
        let optional = if text_of(K::Mandatory) == Some("true") { "" } else { "?" };
        match node.kind {
            K::List => {
                let _ = write!(line, "{flags} {name}*");
                match text_of(K::Key) {
                    Some(key) => {
                        let keys: Vec<&str> = key.split_whitespace().collect();
                        self.fit(&mut line, out, &format!(" [{}]", keys.join(" ")), at.prefix, column);
                    }
                    None => line.push_str(" []"),
                }
            }
            K::Container => {
                let presence = if text_of(K::Presence).is_some() { "!" } else { "" };
                let _ = write!(line, "{flags} {name}{presence}");
            }
            K::Choice => {
                let _ = write!(line, "{flags} ({name}){optional}");
            }
            K::Case => {
                let _ = write!(line, ":({name})");
                column += 1;
            }
            K::Leaf if self.is_key(node) => self.typed(&mut line, out, node, flags, &name, at, column),
            K::Leaf | K::Anydata | K::Anyxml => {
                self.typed(&mut line, out, node, flags, &format!("{name}{optional}"), at, column);
            }
            K::LeafList => self.typed(&mut line, out, node, flags, &format!("{name}*"), at, column),
            _ => {
                let _ = write!(line, "{flags} {name}");
            }
        }
        let features = node.all(K::IfFeature).map(|property| property.statement);
        self.features(&mut line, out, features, at.prefix, column);
        out.push_str(&line);
        out.push('\n');

        let transparent = matches!(node.kind, K::Choice | K::Case);
        let named = at.path.first().is_some_and(|step| node.name == *split_name(step).1);
        walk.children(
            out,
            &node.children,
            At {
                prefix: at.prefix,
                depth: at.depth.map(|depth| depth.saturating_sub(1)),
                path: if named { at.path.get(1..).unwrap_or_default() } else { at.path },
                width: if transparent { at.width.saturating_sub(3) } else { 0 },
            },
        );
    }

    /// The walk for a node and what is below it.
    fn at_node(&self, node: &Resolved<'a>) -> Self {
        let mode = match node.kind {
            K::Input => Mode::Input,
            K::Output => Mode::Output,
            _ => self.mode,
        };
        let config = match node.kind {
            K::Rpc | K::Action | K::Notification => None,
            _ => match node.property(K::Config) {
                // Inside operations and notifications 'config' means nothing.
                Some(config) if self.config.is_some() || self.mode == Mode::Aside => {
                    Some(config.statement.text() == "true")
                }
                _ => self.config,
            },
        };
        Walk { mode, config, ..*self }
    }

    fn flags(&self, node: &Resolved<'_>) -> &'static str {
        match node.kind {
            _ if self.mode == Mode::Input => "-w",
            K::Rpc | K::Action => "-x",
            K::Notification => "-n",
            K::Container | K::List if self.options.mount_points && self.is_mount_point(node) => "mp",
            _ => match (self.config, self.mode) {
                (Some(true), _) => "rw",
                (Some(false), _) | (None, Mode::Output | Mode::Notification) => "ro",
                (None, _) => "",
            },
        }
    }

    /// Whether other models can be mounted there (RFC 8528 section 3.1).
    fn is_mount_point(&self, node: &Resolved<'_>) -> bool {
        node.properties.iter().any(|property| match &property.statement.keyword {
            Keyword::Extension { prefix, name } if *name == *"mount-point" => {
                let module = self.names.module_of_prefix(property.scope, Some(prefix));
                let name = module.map(|module| self.names.loaded.module(module).name.as_str());
                name == Some("ietf-yang-schema-mount")
            }
            _ => false,
        })
    }

    fn is_key(&self, node: &Resolved<'_>) -> bool {
        let list = node.parent.map(|parent| self.tree.node(parent)).filter(|list| list.kind == K::List);
        let key = list.and_then(|list| list.property(K::Key));
        key.is_some_and(|key| {
            key.statement.text().split_whitespace().any(|name| split_name(name).1 == node.name.as_str())
        })
    }

    /// Name and type of a leaf, leaf-list, anydata or anyxml.
    #[allow(clippy::too_many_arguments)] // what a line is made of
    fn typed(
        &self,
        line: &mut String,
        out: &mut String,
        node: &Resolved<'_>,
        flags: &str,
        name: &str,
        at: At<'_>,
        column: usize,
    ) {
        let (ty, is_leafref) = self.type_name(node);
        let before = line.chars().count() + flags.len() + at.width + 1 + 4;
        let padded = format!("{flags} {name:<0$}", at.width + 1);
        match self.options.line_length {
            Some(limit) if before + ty.chars().count() > limit => {
                // A path that does not even fit a line of its own is left out.
                let leave_out = is_leafref && ty.chars().count() + column > limit;
                if leave_out && before + "leafref".len() <= limit {
                    let _ = write!(line, "{padded}   leafref");
                    return;
                }
                let _ = writeln!(out, "{line}{flags} {name}");
                *line = continued(at.prefix, column);
                line.push(' ');
                line.push_str(if leave_out { "leafref" } else { &ty });
            }
            _ => {
                let _ = write!(line, "{padded}   {ty}");
            }
        }
    }

    /// The type as the model writes it, of a leafref its path; and whether it is one.
    fn type_name(&self, node: &Resolved<'_>) -> (String, bool) {
        match node.kind {
            K::Anydata => return ("<anydata>".to_owned(), false),
            K::Anyxml => return ("<anyxml>".to_owned(), false),
            _ => {}
        }
        let Some(ty) = node.property(K::Type) else { return (String::new(), false) };
        match ty.statement.find(K::Path) {
            Some(path) => (self.leafref_path(path, node.module, ty), true),
            None => (self.type_reference(ty), false),
        }
    }

    fn type_reference(&self, ty: Property<'_>) -> String {
        match split_name(ty.statement.text()) {
            (Some(prefix), name) => format!("{}:{name}", self.shown_prefix(prefix, ty)),
            (None, name) => name.to_owned(),
        }
    }

    /// A prefix as written, or the name of its module where names are wanted.
    fn shown_prefix(&self, prefix: &str, at: Property<'_>) -> String {
        let module = self.names.module_of_prefix(at.scope, Some(prefix));
        match module {
            Some(module) if self.options.module_names => self.names.loaded.module(module).name.to_string(),
            _ => prefix.to_owned(),
        }
    }

    /// A leafref's path: a prefix stands only where the module changes.
    fn leafref_path(&self, path: &Statement, module: ModuleIndex, ty: Property<'_>) -> String {
        let mut current = self.names.loaded.main(module).map_or("", |main| main.prefix.as_str());
        let mut shown = Vec::new();
        for step in path.text().split('/') {
            match split_name(step) {
                (Some(prefix), name) if prefix != current => {
                    current = prefix;
                    shown.push(format!("{}:{name}", self.shown_prefix(prefix, ty)));
                }
                (_, name) => shown.push(name.to_owned()),
            }
        }
        format!("-> {}", shown.join("/"))
    }

    fn features<'s>(
        &self,
        line: &mut String,
        out: &mut String,
        statements: impl Iterator<Item = &'s Statement>,
        prefix: &str,
        column: usize,
    ) {
        let names: Vec<&str> = statements.map(Statement::text).collect();
        if !names.is_empty() {
            self.fit(line, out, &format!(" {{{}}}?", names.join(",")), prefix, column);
        }
    }

    /// Appends to a line, or to the next one where it does not fit.
    fn fit(&self, line: &mut String, out: &mut String, more: &str, prefix: &str, column: usize) {
        let length = line.chars().count() + more.chars().count();
        if self.options.line_length.is_some_and(|limit| length > limit) {
            out.push_str(line);
            out.push('\n');
            *line = continued(prefix, column);
        }
        line.push_str(more);
    }
}

/// The start of a line that goes on with the one above.
fn continued(prefix: &str, column: usize) -> String {
    format!("{prefix:<column$}")
}

fn status(statement: Option<&Statement>) -> char {
    match statement.map(Statement::text) {
        Some("deprecated") => 'x',
        Some("obsolete") => 'o',
        _ => '+',
    }
}

/// Whether what is put below a node is configuration; `None` inside operations and notifications.
pub(super) fn config_below(tree: &Tree<'_>, id: ResolvedId) -> Option<bool> {
    let mut at = Some(id);
    let mut said = None;
    while let Some(node) = at.map(|id| tree.node(id)) {
        if matches!(node.kind, K::Rpc | K::Action | K::Notification) {
            return None;
        }
        said = said.or_else(|| node.property(K::Config).map(|config| config.statement.text() == "true"));
        at = node.parent;
    }
    said.or(Some(true))
}
