//! The resolved tree: every node that `uses`, augments and deviations leave, with the statements that say what it is.

use super::load::{ModuleIndex, UnitIndex};
use super::scope::ScopeId;
use crate::base::ident::Ident;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// Index of a node in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResolvedId(u32);

/// A statement that says something of a node, and the scope in which its names and prefixes are to be understood.
#[derive(Clone, Copy, Debug)]
pub struct Property<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Where it is written.
    pub scope: ScopeId,
}

/// One node.
#[derive(Debug)]
pub struct Resolved<'a> {
    /// The statement that it comes from: `container`, `leaf`, ...; `case`, `input` and `output` also where implied;
    /// `extension` for the root of a structure.
    pub kind: K,
    /// Its name.
    pub name: Ident,
    /// The module whose namespace it is in.
    pub module: ModuleIndex,
    /// The defining statement; of an implied node the one that implies it.
    pub statement: &'a Statement,
    /// The scope inside the defining statement.
    pub scope: ScopeId,
    /// The node above; `None` at the top of a module.
    pub parent: Option<ResolvedId>,
    /// The nodes below, in the order in which they are written.
    pub children: Vec<ResolvedId>,
    /// Everything else in its block, after refinement and deviation.
    pub properties: Vec<Property<'a>>,
    /// `when` of the `uses` and augments that put it here, outermost first.
    pub outer_whens: Vec<Property<'a>>,
    /// The outermost `uses` that put it here, and where that is written.
    pub uses: Option<Property<'a>>,
    /// A case, input or output that no statement spells out.
    pub implied: bool,
    /// `deviate not-supported`.
    pub removed: bool,
    /// It was put here by an augment of another module than its parent's.
    pub foreign: bool,
}

impl<'a> Resolved<'a> {
    /// The first property of that kind.
    pub fn property(&self, kind: K) -> Option<Property<'a>> {
        self.properties.iter().copied().find(|property| property.statement.is(kind))
    }

    /// All properties of that kind, in order.
    pub fn all(&self, kind: K) -> impl Iterator<Item = Property<'a>> + '_ {
        self.properties.iter().copied().filter(move |property| property.statement.is(kind))
    }
}

/// An augment that was applied, for those who print the tree.
#[derive(Debug)]
pub struct Applied<'a> {
    /// The module that says it.
    pub module: ModuleIndex,
    /// The `augment` statement.
    pub statement: &'a Statement,
    /// What it augments.
    pub target: ResolvedId,
    /// What it added.
    pub added: Vec<ResolvedId>,
}

/// All nodes of the implemented modules.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    nodes: Vec<Resolved<'a>>,
    /// Top-level nodes of each module, rpcs and notifications included.
    pub tops: Vec<Vec<ResolvedId>>,
    /// The texts that place top-level nodes of a module that has submodules, in order.
    pub placed_by: Vec<(ResolvedId, UnitIndex)>,
    /// Roots of data outside of datastores: templates of RFC 8040 and structures of RFC 8791.
    pub structures: Vec<ResolvedId>,
    /// Augments of one module by another.
    pub augments: Vec<Applied<'a>>,
    /// (deviated module, deviating module), without doubles.
    pub deviations: Vec<(ModuleIndex, ModuleIndex)>,
}

/// More nodes than this are taken for a mistake (groupings that double at each level).
/// Tests make do with less, to be fast.
pub const MAX_NODES: usize = if cfg!(test) { 20_000 } else { 500_000 };

impl<'a> Tree<'a> {
    /// The node behind an id.
    pub fn node(&self, id: ResolvedId) -> &Resolved<'a> {
        &self.nodes[id.0 as usize]
    }

    /// The node behind an id, to change it.
    pub fn node_mut(&mut self, id: ResolvedId) -> &mut Resolved<'a> {
        &mut self.nodes[id.0 as usize]
    }

    /// The nodes from the `first`-th on, in the order in which they were made.
    pub fn since(&self, first: usize) -> &[Resolved<'a>] {
        self.nodes.get(first..).unwrap_or_default()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds a node below its parent, or at the top of its module, or as the root of a structure.
    pub fn add(&mut self, node: Resolved<'a>) -> ResolvedId {
        let id = ResolvedId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        match node.parent {
            Some(parent) => self.nodes[parent.0 as usize].children.push(id),
            None if node.kind == K::Extension => self.structures.push(id),
            None => {
                let module = node.module.0;
                if self.tops.len() <= module {
                    self.tops.resize_with(module + 1, Vec::new);
                }
                self.tops[module].push(id);
            }
        }
        self.nodes.push(node);
        id
    }

    /// The top-level nodes of a module.
    pub fn top(&self, module: ModuleIndex) -> &[ResolvedId] {
        self.tops.get(module.0).map_or(&[], Vec::as_slice)
    }

    /// How many nodes are above a node.
    pub fn depth(&self, id: ResolvedId) -> usize {
        let mut depth = 0;
        let mut at = self.node(id).parent;
        while let Some(above) = at {
            depth += 1;
            at = self.node(above).parent;
        }
        depth
    }

    /// The top-level nodes of the structures of a module.
    pub fn structure_tops(&self, module: ModuleIndex) -> Vec<ResolvedId> {
        let roots = self.structures.iter().map(|id| self.node(*id)).filter(|root| root.module == module);
        roots.flat_map(|root| root.children.iter().copied()).collect()
    }

    /// The child of that name and module among some nodes; choices and cases are not looked through.
    pub fn named(&self, among: &[ResolvedId], module: ModuleIndex, name: &str) -> Option<ResolvedId> {
        among.iter().copied().find(|id| {
            let node = self.node(*id);
            node.name == *name && node.module == module
        })
    }

    /// `/if:interfaces/if:interface` with module names, for messages.
    pub fn path(&self, id: ResolvedId) -> String {
        let mut names = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at {
            let node = self.node(id);
            names.push(node.name.as_str());
            at = node.parent;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }
}

/// Whether a statement defines a node of the data tree.
pub fn is_node(kind: K) -> bool {
    matches!(
        kind,
        K::Container
            | K::List
            | K::Leaf
            | K::LeafList
            | K::Choice
            | K::Case
            | K::Anydata
            | K::Anyxml
            | K::Rpc
            | K::Action
            | K::Input
            | K::Output
            | K::Notification
    )
}
