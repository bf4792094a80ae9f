//! The candidate datastore (RFC 8342 section 5.1.1): configuration that somebody prepares beside the running one, without
//! any effect until it is committed.
//!
//! A candidate is a tree that shares everything with the running one but what was edited, and remembers from which running
//! tree it started; so what it changes is a difference, and what others changed since is another. Where the two do not
//! meet it follows the running configuration; where they do it stays as it is, and is in conflict. Whose candidates there
//! are, and who may do what with them, is not decided here.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::commit::{Approval, Approve, CommitError, Committed, TenantChanges, TenantEdits};
use super::etag::config_digest;
use super::facts::Facts;
use super::snapshot::{Snapshot, TenantData};
use super::transaction::fault;
use super::{Core, Engine};
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::diff::{Change, ChangeKind, changes_to_edits, diff};
use crate::data::edit::{Edit, EditOperation, apply};
use crate::data::path::{InstancePath, Keys};
use crate::data::tree::{Container, Data, Found, Position, Tree};
use crate::data::violation::Violation;
use crate::store::Revision;
use crate::yang::schema::{NodeKind, Schema};

/// What the `error-app-tag` of a conflict is.
pub const CONFLICT: &str = "candidate-conflict";

/// Configuration of one tenant that is being prepared. Cheap to clone.
#[derive(Clone)]
pub struct Candidate {
    tenant: Ident,
    revision: Revision,
    base: Tree,
    data: Arc<TenantData>,
}

impl Candidate {
    /// The running configuration of a tenant, to be changed; `None` when there is no such tenant.
    pub fn of(running: &Snapshot, tenant: &Ident) -> Option<Candidate> {
        let data = Arc::clone(running.tenant(tenant)?);
        let base = data.tree.clone();
        Some(Candidate { tenant: tenant.clone(), revision: running.revision, base, data })
    }

    /// Whether what is running is still what it started from.
    pub fn is_on(&self, running: &Snapshot) -> bool {
        running.tenant(&self.tenant).is_some_and(|now| Arc::ptr_eq(&now.tree.root, &self.base.root))
    }

    /// The revision of the running configuration that it changes.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What it holds: configuration as it would be, and stored state as it is.
    pub fn tree(&self) -> &Tree {
        &self.data.tree
    }

    /// What is read of it: the data of its tenant is that of the candidate, and what is in force is what is running.
    pub fn view(&self, running: &Arc<Snapshot>) -> Arc<Snapshot> {
        Arc::new(running.with_candidate(&self.tenant, Arc::clone(&self.data)))
    }

    /// What it changes of the running configuration that it started from.
    pub fn changes(&self, schema: &Schema) -> Vec<Change> {
        let mut changes = diff(schema, &self.base, &self.data.tree);
        changes.retain(|change| schema.node(change.path.target()).config);
        changes
    }

    /// The edits that make the same of the running configuration, as long as [`Engine::hold`] finds no conflict.
    pub fn edits(&self, schema: &Schema) -> Vec<Edit> {
        let Parts { changes, again } = self.parts(schema);
        let mut edits: Vec<Edit> =
            again.iter().map(|path| Edit::without_value(path.clone(), EditOperation::Remove)).collect();
        edits.extend(changes_to_edits(&changes));
        edits.extend(again.into_iter().filter_map(|path| self.whole(schema, path)));
        edits
    }

    /// What it changes, and apart from that what it deleted and made again: of that even the stored state is new.
    fn parts(&self, schema: &Schema) -> Parts {
        let (mut changes, stored): (Vec<Change>, Vec<Change>) = diff(schema, &self.base, &self.data.tree)
            .into_iter()
            .partition(|change| schema.node(change.path.target()).config);
        let mut again: Vec<InstancePath> = Vec::new();
        for change in stored {
            let mut path = change.path;
            while let Some(above) = path.parent().filter(|_| !schema.node(path.target()).config) {
                path = above;
            }
            if !again.iter().any(|known| path.starts_with(known)) {
                again.push(path);
            }
        }
        changes.retain(|change| !again.iter().any(|path| change.path.starts_with(path)));
        Parts { changes, again }
    }

    /// The edit that makes a container or an entry again, in its place.
    fn whole(&self, schema: &Schema, path: InstancePath) -> Option<Edit> {
        let entry = configuration(schema, self.data.tree.entry(&path)?);
        let value = Some(Data::Container(Arc::new(entry)));
        let operation = match place(schema, &self.data.tree, &path) {
            Some(position) => EditOperation::Place(position),
            None => EditOperation::Replace,
        };
        Some(Edit { path, operation, value })
    }

    /// Where the running configuration, as it has become, and the candidate have been changed differently since they were
    /// the same.
    fn conflicts(&self, schema: &Schema, facts: &Facts, running: &Tree) -> Vec<Violation> {
        if Arc::ptr_eq(&self.base.root, &running.root) {
            return Vec::new();
        }
        let Parts { changes, again } = self.parts(schema);
        let sides = Sides { schema, facts, base: &self.base, own: &self.data.tree, running };
        let mut paths = Vec::new();
        for change in &changes {
            paths.extend(sides.lost_surroundings(&change.path));
            if sides.differ(&change.path) {
                paths.push(change.path.clone());
            }
            if change.position.is_some() {
                paths.extend(sides.other_order(&change.path));
            }
        }
        for path in again {
            paths.extend(sides.lost_surroundings(&path));
            if sides.differ(&path) {
                paths.push(path);
            }
        }
        let mut known = HashSet::new();
        paths.retain(|path| known.insert(path.clone()));
        paths.into_iter().map(conflict).collect()
    }
}

/// The two kinds of what a candidate does.
struct Parts {
    changes: Vec<Change>,
    again: Vec<InstancePath>,
}

fn conflict(path: InstancePath) -> Violation {
    let message = "the running configuration was changed here since the candidate was begun";
    Violation::new(ErrorTag::InUse, path, message).app_tag(CONFLICT)
}

/// The three trees that a conflict is found in.
struct Sides<'a> {
    schema: &'a Schema,
    facts: &'a Facts,
    base: &'a Tree,
    own: &'a Tree,
    running: &'a Tree,
}

impl Sides<'_> {
    fn digest(&self, tree: &Tree, path: &InstancePath) -> Option<u128> {
        config_digest(self.schema, self.facts, tree, path)
    }

    /// Whether a resource was changed on both sides, and not to the same.
    fn differ(&self, path: &InstancePath) -> bool {
        let running = self.digest(self.running, path);
        running != self.digest(self.base, path) && running != self.digest(self.own, path)
    }

    /// Whether the running configuration has become what the candidate wants already.
    fn is_done(&self, path: &InstancePath) -> bool {
        self.digest(self.running, path) == self.digest(self.own, path)
    }

    /// The outermost entry or container around a changed resource that is gone, while the candidate keeps it. What the candidate
    /// did there may be a deletion: whoever deletes the surroundings after that is told of it too.
    fn lost_surroundings(&self, path: &InstancePath) -> Option<InstancePath> {
        (1..path.steps.len())
            .map(|end| InstancePath { steps: path.steps.iter().take(end).cloned().collect() })
            .find(|above| {
                matches!(
                    self.schema.node(above.target()).kind,
                    NodeKind::List { .. } | NodeKind::Container { presence: true }
                ) && self.running.get(above).is_none()
            })
            .filter(|above| self.own.get(above).is_some())
    }

    /// The user-ordered list of an entry, if its order was changed on both sides, and not to the same.
    fn other_order(&self, entry: &InstancePath) -> Option<InstancePath> {
        let list = entry.parent()?.child(entry.target());
        let running = order(self.schema, self.running, &list);
        let changed = running != order(self.schema, self.base, &list);
        (changed && running != order(self.schema, self.own, &list)).then_some(list)
    }
}

/// The keys of a list's entries, in their order.
fn order(schema: &Schema, tree: &Tree, list: &InstancePath) -> Vec<Keys> {
    match tree.get(list) {
        Some(Found::Node(Data::List(list))) => list.iter().map(|entry| entry.key(schema)).collect(),
        _ => Vec::new(),
    }
}

/// Where an entry of a user-ordered list stands; `None` for anything else.
fn place(schema: &Schema, tree: &Tree, path: &InstancePath) -> Option<Position> {
    let list = path.parent()?.child(path.target());
    let Some(Found::Node(Data::List(entries))) = tree.get(&list) else { return None };
    if !entries.is_user_ordered() {
        return None;
    }
    let mut before = None;
    for entry in entries.iter() {
        let key = entry.key(schema);
        if *key == *path.keys() {
            break;
        }
        before = Some(key);
    }
    Some(before.map_or(Position::First, Position::After))
}

/// A container without the state that is stored in it.
fn configuration(schema: &Schema, container: &Container) -> Container {
    let mut own = container.clone();
    for (id, data) in container.children() {
        match data {
            _ if !schema.node(*id).config => drop(own.remove(*id)),
            Data::Container(inner) => own.set(*id, Data::Container(Arc::new(configuration(schema, inner)))),
            Data::List(list) => {
                let mut entries = Arc::clone(list);
                for entry in list.iter() {
                    let bare = configuration(schema, entry);
                    Arc::make_mut(&mut entries).update(&entry.key(schema), |entry| *entry = Arc::new(bare));
                }
                own.set(*id, Data::List(entries));
            }
            _ => {}
        }
    }
    own
}

impl Engine {
    /// The candidate on top of the running configuration of now: what it changes stays, everything else follows.
    ///
    /// # Errors
    /// Its conflicts; then it is to stay on what it started from.
    pub fn rebase(&self, candidate: &Candidate, running: &Snapshot) -> Result<Candidate, Vec<Violation>> {
        let core = self.core();
        let facts = &core.facts;
        let tenant = candidate.tenant.clone();
        let Some(now) = running.tenant(&tenant) else { return Err(Vec::new()) };
        if candidate.is_on(running) {
            return Ok(candidate.clone());
        }
        let (tree, changes) = core.onto(candidate, &now.tree)?;
        let mut modified = now.modified.clone();
        for change in &changes {
            modified.touch(facts, &change.path, candidate.data.modified.of(facts, &change.path));
        }
        let data = Arc::new(TenantData { tree, index: now.index.clone(), modified });
        Ok(Candidate { tenant, revision: running.revision, base: now.tree.clone(), data })
    }

    /// Whether a candidate can be committed onto a running tree without undoing what somebody else did.
    ///
    /// # Errors
    /// Its conflicts: `in-use`, with the path of each.
    pub fn hold(&self, candidate: &Candidate, running: &Tree) -> Result<(), Vec<Violation>> {
        if Arc::ptr_eq(&running.root, &candidate.base.root) {
            return Ok(());
        }
        self.core().onto(candidate, running).map(drop)
    }

    /// Edits a candidate. What YANG says of types and of editing itself holds at once; whether the whole is valid is only
    /// asked when it is committed (RFC 8342 section 5.1).
    ///
    /// # Errors
    /// [`CommitError`]; the candidate is then what it was.
    pub async fn edit_candidate(
        &self,
        candidate: &Candidate,
        running: &Arc<Snapshot>,
        mut edits: TenantEdits,
        approve: Approve,
    ) -> Result<(Candidate, Committed), CommitError> {
        let core = Arc::clone(&self.core);
        core.hash_passwords(&mut edits, &candidate.view(running)).await?;
        let (before, running) = (candidate.clone(), Arc::clone(running));
        let work = move || {
            let attempt = AssertUnwindSafe(|| core.edited(&before, &running, &edits, &approve));
            catch_unwind(attempt).unwrap_or_else(|_| Err(fault()))
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| CommitError::Stopped)?
    }
}

impl Core {
    /// A running tree with what a candidate changes, and the differences.
    fn onto(&self, candidate: &Candidate, running: &Tree) -> Result<(Tree, Vec<Change>), Vec<Violation>> {
        let schema = &self.schema;
        let conflicts = candidate.conflicts(schema, &self.facts, running);
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let (base, own) = (&candidate.base, &candidate.data.tree);
        let sides = Sides { schema, facts: &self.facts, base, own, running };
        let mut edits = candidate.edits(schema);
        edits.retain(|edit| matches!(edit.operation, EditOperation::Move(_)) || !sides.is_done(&edit.path));
        let tree = apply(schema, running, &edits)?;
        let changes = diff(schema, running, &tree);
        // What goes that nobody asked to go was displaced by the other case of a choice.
        let edited: HashSet<&InstancePath> = edits.iter().map(|edit| &edit.path).collect();
        let asked = |path: &InstancePath| path.lineage().any(|above| edited.contains(&above));
        let displaced = changes.iter().filter(|change| !asked(&change.path));
        let displaced: Vec<Violation> = displaced.map(|change| conflict(change.path.clone())).collect();
        if displaced.is_empty() { Ok((tree, changes)) } else { Err(displaced) }
    }

    fn edited(
        &self,
        candidate: &Candidate,
        running: &Arc<Snapshot>,
        edits: &TenantEdits,
        approve: &Approve,
    ) -> Result<(Candidate, Committed), CommitError> {
        let (schema, data) = (&self.schema, &candidate.data);
        self.hold_preconditions(data, edits)?;
        self.refuse_state(edits)?;
        let tree = apply(schema, &data.tree, &edits.edits).map_err(CommitError::Invalid)?;
        let changes = diff(schema, &data.tree, &tree);
        let (tenant, edits) = (&edits.tenant, &edits.edits);
        let refused =
            approve(&Approval { tenant, edits, before: &data.tree, after: &tree, changes: &changes });
        if !refused.is_empty() {
            return Err(CommitError::Invalid(refused));
        }
        let time = self.clock.now();
        let mut modified = data.modified.clone();
        for change in &changes {
            modified.touch(&self.facts, &change.path, time);
            if change.kind == ChangeKind::Deleted {
                modified.forget(&self.facts, &change.path);
            }
        }
        let data = Arc::new(TenantData { tree, index: data.index.clone(), modified });
        let candidate = Candidate { data, ..candidate.clone() };
        let snapshot = candidate.view(running);
        let changed = !changes.is_empty();
        let changes = vec![TenantChanges { tenant: tenant.clone(), changes: changes.into() }];
        let committed =
            Committed { revision: running.revision, time: running.time, changed, changes, snapshot };
        Ok((candidate, committed))
    }
}
