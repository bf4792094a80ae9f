//! Tree diagrams (RFC 8340), letter by letter as `pyang -f tree` prints them: the sections of a module or submodule.
//!
//! Drawn from the resolved tree, because a diagram shows how the model writes things: prefixes of types, leafref paths,
//! features that a schema would have decided. Nothing is reported here: what is wrong with a model `compile` says.

mod line;
mod nodes;

use std::collections::HashSet;
use std::fmt::Write as _;

use super::resolve::expand::{Expander, Place};
use super::resolve::library::Library;
use super::resolve::load::{ModuleIndex, Unit, UnitIndex, Wanted, load};
use super::resolve::resolution::{Resolution, resolve};
use super::resolve::scope::{Names, split_name};
use super::resolve::tree::{Applied, ResolvedId, Tree};
use super::syntax::keyword::KeywordId as K;
use super::syntax::statement::{Keyword, Statement};
use crate::base::ident::Ident;
use nodes::{Mode, Walk};

/// What to draw, and how. The default draws what `pyang -f tree` draws without options.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How many levels of nodes are drawn; `None` is all.
    pub depth: Option<usize>,
    /// Lines longer than this are broken where they can be; `None` leaves them long.
    pub line_length: Option<usize>,
    /// Names from the top: only that subtree is drawn. Choices and cases may be left out of it.
    pub path: Vec<String>,
    /// Groupings in a section of their own.
    pub groupings: bool,
    /// `uses` instead of the nodes that they stand for.
    pub unexpanded: bool,
    /// `yang-data` of RFC 8040, in a section of its own.
    pub yang_data: bool,
    /// `structure` and `augment-structure` of RFC 8791, in sections of their own.
    pub structures: bool,
    /// `mp` where other models can be mounted (RFC 8340 section 2.6), which pyang does not draw.
    pub mount_points: bool,
    /// Module names instead of prefixes.
    pub module_names: bool,
}

/// A module or submodule to draw.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The module.
    pub module: Ident,
    /// The submodule of it that is drawn alone, with what it includes.
    pub submodule: Option<Ident>,
}

/// The diagrams of some of the wanted modules, in the order of `subjects`: a text for each that has anything to show, which
/// ends with a newline. Augments of one subject by another are shown where they end up only.
pub fn draw(
    library: &mut Library,
    wanted: &[Wanted],
    subjects: &[Subject],
    options: &Options,
) -> Vec<String> {
    let (loaded, mut diagnostics) = load(library, wanted);
    let names = Names::collect(&loaded, &mut diagnostics);
    let Some(resolution) = resolve(&names, &mut diagnostics) else { return Vec::new() };
    let module_of = |name: &str| {
        loaded
            .module_indexes()
            .find(|index| loaded.module(*index).name == *name && resolution.implemented.contains(index))
    };
    let whole: Vec<ModuleIndex> = subjects
        .iter()
        .filter(|subject| subject.submodule.is_none())
        .filter_map(|subject| module_of(&subject.module))
        .collect();
    let drawn = subjects.iter().filter_map(|subject| {
        let module = module_of(&subject.module)?;
        let shown = Shown::new(&names, &resolution, module, subject.submodule.as_deref())?;
        let (names, resolution, whole) = (&names, &resolution, &whole);
        let drawing = Drawing { names, resolution, options, shown, whole, none: HashSet::new() };
        Some(drawing.draw()).filter(|text| !text.is_empty())
    });
    drawn.collect()
}

/// The part of a module that is drawn.
struct Shown {
    module: ModuleIndex,
    /// The texts whose augments and groupings are shown: the text itself, then what it includes.
    units: Vec<UnitIndex>,
    /// Nodes that other submodules put in place.
    hidden: HashSet<ResolvedId>,
}

impl Shown {
    fn new(
        names: &Names<'_>,
        resolution: &Resolution<'_>,
        module: ModuleIndex,
        submodule: Option<&str>,
    ) -> Option<Shown> {
        let loaded = names.loaded;
        let units = &loaded.module(module).units;
        let Some(submodule) = submodule else {
            return Some(Shown { module, units: units.clone(), hidden: HashSet::new() });
        };
        let itself = |unit: &&UnitIndex| {
            let unit = loaded.unit(**unit);
            unit.is_submodule && unit.name == *submodule
        };
        let mut shown = vec![*units.iter().find(itself)?];
        let mut next = 0;
        while let Some(unit) = shown.get(next).copied() {
            let new: Vec<UnitIndex> =
                loaded.unit(unit).includes.iter().copied().filter(|unit| !shown.contains(unit)).collect();
            shown.extend(new);
            next += 1;
        }
        let tree = &resolution.tree;
        let tops = tree
            .placed_by
            .iter()
            .filter(|(id, unit)| tree.node(*id).module == module && !shown.contains(unit));
        let sources: Vec<_> = shown.iter().map(|unit| loaded.unit(*unit).source).collect();
        let augmented = tree
            .augments
            .iter()
            .filter(|applied| applied.module == module && !sources.contains(&applied.statement.span.source));
        let hidden = tops.map(|(id, _)| *id).chain(augmented.flat_map(|applied| applied.added.clone()));
        Some(Shown { module, hidden: hidden.collect(), units: shown })
    }
}

/// A diagram being drawn.
struct Drawing<'d, 'a> {
    names: &'d Names<'a>,
    resolution: &'d Resolution<'a>,
    options: &'d Options,
    shown: Shown,
    /// The modules that are drawn in full: what is added to them is shown there.
    whole: &'d [ModuleIndex],
    /// Of what is expanded aside nothing is hidden.
    none: HashSet<ResolvedId>,
}

/// An extension statement with nodes in it, that a diagram can show.
struct Framed {
    module: &'static str,
    keyword: &'static str,
}

const YANG_DATA: Framed = Framed { module: "ietf-restconf", keyword: "yang-data" };
const STRUCTURE: Framed = Framed { module: "ietf-yang-structure-ext", keyword: "structure" };
const AUGMENT_STRUCTURE: Framed = Framed { module: "ietf-yang-structure-ext", keyword: "augment-structure" };

impl<'a> Drawing<'_, 'a> {
    fn draw(&self) -> String {
        let mut out = String::new();
        let data = self.tops(|kind| !matches!(kind, K::Rpc | K::Notification));
        self.walk(&self.resolution.tree, Mode::Data, Some(true)).top(&mut out, &data, "", &self.options.path);
        self.augments(&mut out);
        for (title, kind, mode) in
            [("rpcs", K::Rpc, Mode::Data), ("notifications", K::Notification, Mode::Notification)]
        {
            let nodes = self.tops(|other| other == kind);
            let mut section = String::new();
            self.walk(&self.resolution.tree, mode, None).top(&mut section, &nodes, "  ", &self.options.path);
            if !section.is_empty() {
                let _ = write!(out, "\n  {title}:\n{section}");
            }
        }
        if self.options.groupings {
            self.groupings(&mut out);
        }
        if self.options.yang_data {
            self.framed(&mut out, &YANG_DATA);
        }
        if self.options.structures {
            self.framed(&mut out, &STRUCTURE);
            self.framed(&mut out, &AUGMENT_STRUCTURE);
        }
        if out.is_empty() {
            return out;
        }
        let Some(unit) = self.units().next() else { return out };
        match unit.is_submodule {
            true => {
                let module = &self.names.loaded.module(unit.module).name;
                format!("submodule: {} (belongs-to {module})\n{out}", unit.name)
            }
            false => format!("module: {}\n{out}", unit.name),
        }
    }

    fn units(&self) -> impl Iterator<Item = &'a Unit> {
        self.shown.units.iter().map(|unit| self.names.loaded.unit(*unit))
    }

    fn tops(&self, wanted: impl Fn(K) -> bool) -> Vec<ResolvedId> {
        let tree = &self.resolution.tree;
        tree.top(self.shown.module).iter().copied().filter(|id| wanted(tree.node(*id).kind)).collect()
    }

    /// A walk over the nodes of a tree. `config`: whether what is drawn is configuration, if that can be said.
    fn walk<'w>(&'w self, tree: &'w Tree<'a>, mode: Mode, config: Option<bool>) -> Walk<'w, 'a> {
        let hidden = if mode == Mode::Aside { &self.none } else { &self.shown.hidden };
        Walk {
            names: self.names,
            tree,
            options: self.options,
            module: self.shown.module,
            hidden,
            mode,
            config,
        }
    }

    /// What is added to modules that are not drawn themselves.
    fn augments(&self, out: &mut String) {
        let tree = &self.resolution.tree;
        let mut delimiter = "\n";
        for unit in self.units() {
            let elsewhere = |applied: &&Applied<'_>| {
                let target = tree.node(applied.target).module;
                applied.statement.span.source == unit.source
                    && target != self.shown.module
                    && !self.whole.contains(&target)
            };
            let mut augments: Vec<&Applied<'_>> = tree.augments.iter().filter(elsewhere).collect();
            augments.sort_by_key(|applied| applied.statement.span.start);
            for applied in augments {
                let Some(path) = below(applied.statement.text(), &self.options.path) else { continue };
                let mode = match tree.node(applied.target).kind {
                    K::Input => Mode::Input,
                    K::Output => Mode::Output,
                    K::Notification => Mode::Notification,
                    _ => Mode::Data,
                };
                // The nodes that the augment writes, without the cases that it implies.
                let written = applied.added.iter().flat_map(|id| {
                    let node = tree.node(*id);
                    if node.implied { node.children.clone() } else { vec![*id] }
                });
                let written: Vec<ResolvedId> = written.collect();
                let mut section = String::new();
                let config = nodes::config_below(tree, applied.target);
                self.walk(tree, mode, config).top(&mut section, &written, "  ", path);
                if !section.is_empty() || path.is_empty() {
                    out.push_str(delimiter);
                    delimiter = "";
                    line::path("  augment", applied.statement.text(), self.options.line_length, out);
                    out.push_str(&section);
                }
            }
        }
    }

    fn groupings(&self, out: &mut String) {
        let mut delimiter = "\n";
        for (unit, index) in self.units().zip(&self.shown.units) {
            let scope = self.names.unit_scope(*index);
            for grouping in unit.root.all(K::Grouping) {
                let inner = self.names.inside(grouping, scope);
                out.push_str(delimiter);
                delimiter = "";
                let _ = writeln!(out, "  grouping {}:", grouping.text());
                self.aside(out, grouping, inner);
            }
        }
    }

    /// The extension statements of one kind. Those of the text itself; the texts that it includes show their own.
    fn framed(&self, out: &mut String, kind: &Framed) {
        let Some(unit) = self.units().next() else { return };
        let Some(index) = self.shown.units.first() else { return };
        let is_kind = |statement: &&'a Statement| {
            let Keyword::Extension { prefix, name } = &statement.keyword else { return false };
            let module = self.names.loaded.module_of_prefix(*index, Some(prefix));
            *name == *kind.keyword
                && module.is_some_and(|module| self.names.loaded.module(module).name == *kind.module)
        };
        let mut delimiter = "\n";
        for statement in unit.root.substatements.iter().filter(is_kind) {
            out.push_str(delimiter);
            delimiter = "";
            let _ = writeln!(out, "  {} {}:", kind.keyword, statement.text());
            let scope = self.names.inside(statement, self.names.unit_scope(*index));
            self.aside(out, statement, scope);
        }
    }

    /// Nodes that are part of no data tree: whether they are configuration is not known.
    fn aside(&self, out: &mut String, block: &'a Statement, scope: super::resolve::scope::ScopeId) {
        let mut expander = Expander::new(self.names);
        let added = expander.children(block, scope, Place { parent: None, module: self.shown.module });
        self.walk(&expander.tree, Mode::Aside, None).top(out, &added, "  ", &self.options.path);
    }
}

/// What is left of the wanted path below the target of an augment; `None` where the paths part.
fn below<'p>(target: &str, wanted: &'p [String]) -> Option<&'p [String]> {
    let mut left = wanted;
    for step in target.trim_start_matches('/').split('/') {
        match left {
            [] => break,
            [next, rest @ ..] if split_name(step.trim()).1 == split_name(next).1 => left = rest,
            // The path that is wanted may leave choices and cases out.
            _ => {}
        }
    }
    (left.len() < wanted.len() || wanted.is_empty()).then_some(left)
}

#[cfg(test)]
mod tests;
