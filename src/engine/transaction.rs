//! One transaction on a candidate: preconditions, edits, diff, preparations, guards, validation. Pure but for what the
//! registered hooks do; whether the result becomes the next revision is the writer's business.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Core;
use super::commit::{
    Amend, Amendment, Approval, Author, CommitError, CommitOptions, CommitRequest, Precondition,
    TenantChanges, TenantEdits,
};
use super::etag::config_digest;
use super::history::edits_towards;
use super::registry::{Departure, GuardContext, PrepareContext};
use super::rows::{RowWriter, RowWrites, each_row};
use super::snapshot::{SYSTEM_TENANT, Snapshot, TenantData};
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::base::parallel::both_or;
use crate::data::diff::{Change, ChangeKind, diff};
use crate::data::edit::{Edit, apply};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, Tree};
use crate::data::validate::{Reach, prune_false_whens, validate_reached};
use crate::data::violation::Violation;
use crate::store::EditRecord;
use crate::yang::schema::Value;

/// What preparations answered before the transaction had its turn, by tenant and instance.
#[derive(Default)]
pub(super) struct Prepared {
    answers: HashMap<(Ident, InstancePath), (Sides, Vec<Edit>)>,
}

/// Digests of an instance before and after: an answer holds for these only.
type Sides = (Option<u128>, Option<u128>);

fn sides(before: &Tree, after: &Tree, path: &InstancePath) -> Sides {
    let digest = |tree: &Tree| tree.entry(path).map(|entry| entry.digest());
    (digest(before), digest(after))
}

impl Prepared {
    /// Keeps an answer.
    pub fn add(&mut self, tenant: &Ident, path: InstancePath, before: &Tree, after: &Tree, edits: Vec<Edit>) {
        let sides = sides(before, after, &path);
        self.answers.insert((tenant.clone(), path), (sides, edits));
    }

    /// The answer for an instance, if it was asked about just this change of it.
    fn get(&self, tenant: &Ident, path: &InstancePath, before: &Tree, after: &Tree) -> Option<&[Edit]> {
        let (asked, edits) = self.answers.get(&(tenant.clone(), path.clone()))?;
        (*asked == sides(before, after, path)).then_some(edits)
    }
}

/// A transaction that could be made.
pub(super) struct Made {
    /// The candidate with it.
    pub snapshot: Snapshot,
    /// What it changes; empty when nothing does.
    pub changes: Vec<TenantChanges>,
    /// What it writes, by tenant.
    pub writes: Vec<(Ident, RowWrites)>,
}

/// What the edits of a transaction make of a tenant's tree.
struct Next {
    tree: Tree,
    /// The differences.
    changes: Vec<Change>,
    /// What these reach.
    reach: Reach,
}

impl Core {
    /// Makes a transaction on `candidate`. A panic in a hook or in validation is this transaction's failure and nobody
    /// else's: nothing that is shared has been changed by then.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn make(
        &self,
        candidate: &Snapshot,
        request: &CommitRequest,
        prepared: &Prepared,
        time: Timestamp,
    ) -> Result<Made, CommitError> {
        let attempt = AssertUnwindSafe(|| self.attempt(candidate, request, prepared, time));
        catch_unwind(attempt).unwrap_or_else(|_| Err(fault()))
    }

    fn attempt(
        &self,
        candidate: &Snapshot,
        request: &CommitRequest,
        prepared: &Prepared,
        time: Timestamp,
    ) -> Result<Made, CommitError> {
        let mut made = Made { snapshot: candidate.clone(), changes: Vec::new(), writes: Vec::new() };
        let mut amend = request.options.amend.as_ref();
        for edits in &request.changes {
            let data = made
                .snapshot
                .tenants
                .get(&edits.tenant)
                .cloned()
                .ok_or_else(|| CommitError::NoTenant(edits.tenant.clone()))?;
            self.hold_preconditions(&data, edits)?;
            if request.by == Author::Client {
                self.refuse_state(edits)?;
            }
            let edits = &*self.with_goal(edits, &request.options, &data.tree);
            let more = match amend.take() {
                Some(Amend(amend)) => {
                    let (before, revision) = (&data.tree, candidate.revision);
                    amend(&Amendment { before, revision, time }).map_err(CommitError::Invalid)?
                }
                None => Vec::new(),
            };
            let next = self.next_tree(&data, edits, more, prepared, time)?;
            let approve = |next: &Next| match &request.approve {
                Some(approve) => {
                    let (tenant, edits, before) = (&edits.tenant, &edits.edits, &data.tree);
                    let (after, changes) = (&next.tree, &next.changes);
                    approve(&Approval { tenant, edits, before, after, changes })
                }
                None => Vec::new(),
            };
            if next.changes.is_empty() {
                none(approve(&next))?;
                continue;
            }
            self.adopt(&mut made, &edits.tenant, &data, next, approve, time)?;
        }
        Ok(made)
    }

    /// The part with the edits that lead to its goal, where it has one.
    fn with_goal<'e>(
        &self,
        edits: &'e TenantEdits,
        options: &CommitOptions,
        tree: &Tree,
    ) -> Cow<'e, TenantEdits> {
        let Some((_, goal)) = options.goals.iter().find(|(tenant, _)| *tenant == edits.tenant) else {
            return Cow::Borrowed(edits);
        };
        let mut all = edits_towards(&self.schema, tree, goal);
        all.extend_from_slice(&edits.edits);
        Cow::Owned(TenantEdits { edits: all, ..edits.clone() })
    }

    /// The tree after the edits, `more` and what preparations add to them, without what these made impossible (RFC 7950 section
    /// 8.2).
    fn next_tree(
        &self,
        data: &TenantData,
        edits: &TenantEdits,
        mut more: Vec<Edit>,
        prepared: &Prepared,
        time: Timestamp,
    ) -> Result<Next, CommitError> {
        let (schema, before) = (&self.schema, &data.tree);
        let mut next = apply(schema, before, &edits.edits).map_err(CommitError::Invalid)?;
        let mut changes = diff(schema, before, &next);
        let mut asked = HashSet::new();
        let mut done = 0;
        loop {
            // What preparations add may be in need of preparation itself.
            for path in self.bindings.preparations.touched(schema, &changes) {
                if !asked.insert(path.clone()) {
                    continue;
                }
                match prepared.get(&edits.tenant, &path, before, &next) {
                    Some(known) => more.extend_from_slice(known),
                    None => more.extend(self.prepare_instance(before, &next, &edits.tenant, &path, time)?),
                }
            }
            let added = more.get(done..).unwrap_or_default();
            if added.is_empty() {
                break;
            }
            // What is wrong with an edit that nobody asked for is the fault of none that somebody did.
            let nobodys =
                |found: Vec<Violation>| found.into_iter().map(|fault| Violation { edit: None, ..fault });
            next = apply(schema, &next, added)
                .map_err(|found| CommitError::Invalid(nobodys(found).collect()))?;
            changes = diff(schema, before, &next);
            done = more.len();
        }
        let mut reach = Reach::of(schema, before, &next, &changes, &data.index);
        let said = edits.edits.iter().chain(&more);
        if let Some(pruned) = prune_false_whens(schema, before, &next, &reach, said, &data.index) {
            changes = diff(schema, before, &pruned);
            reach = Reach::of(schema, before, &pruned, &changes, &data.index);
            next = pruned;
        }
        Ok(Next { tree: next, changes, reach })
    }

    /// Asks every preparation for one instance, which may be gone.
    pub(super) fn prepare_instance(
        &self,
        before: &Tree,
        next: &Tree,
        tenant: &Ident,
        path: &InstancePath,
        now: Timestamp,
    ) -> Result<Vec<Edit>, CommitError> {
        let mut edits = Vec::new();
        let Some(after) = next.entry(path) else {
            for hook in self.bindings.preparations.at(path.target()) {
                let departure = Departure { schema: &self.schema, path, tree: next };
                edits.extend(hook.depart(&departure).map_err(CommitError::Invalid)?);
            }
            return Ok(edits);
        };
        let before = before.entry(path);
        for hook in self.bindings.preparations.at(path.target()) {
            let context =
                PrepareContext { schema: &self.schema, tenant, now, path, before, after, tree: next };
            edits.extend(hook.prepare(&context).map_err(CommitError::Invalid)?);
        }
        Ok(edits)
    }

    /// Validates the next tree of a tenant and takes it into the candidate, if `approve` has nothing against it.
    fn adopt(
        &self,
        made: &mut Made,
        tenant: &Ident,
        data: &TenantData,
        next: Next,
        approve: impl FnOnce(&Next) -> Vec<Violation>,
        time: Timestamp,
    ) -> Result<(), CommitError> {
        let schema = &self.schema;
        let judge = || -> Result<_, CommitError> {
            none(approve(&next))?;
            let mut index = data.index.clone();
            let found = validate_reached(schema, &data.tree, &next.tree, &next.reach, &mut index);
            Ok((index, found))
        };
        // Where there are many changes, another processor asks the guards and works the rows out meanwhile.
        let write = || {
            let guarded = self.ask_guards(tenant, &data.tree, &next.tree, &next.changes);
            let mut modified = data.modified.clone();
            let rows = RowWriter::new(schema, &self.facts, &next.tree, time, &mut modified);
            (guarded, rows.changes(&next.changes), modified)
        };
        let ((index, mut found), (guarded, writes, modified)) = both_or(next.changes.len(), judge, write)?;
        found.extend(guarded);
        none(found)?;
        let Next { tree: next, changes, .. } = next;
        let writes = writes.map_err(|fault| CommitError::Invalid(vec![internal(&fault.to_string())]))?;
        made.writes.push((tenant.clone(), writes));
        let next = Arc::new(TenantData { tree: next, index, modified });
        made.snapshot.tenants.insert(tenant.clone(), next);
        if *tenant == *SYSTEM_TENANT {
            self.follow_tenants(made, &changes, time)?;
        }
        made.changes.push(TenantChanges { tenant: tenant.clone(), changes: changes.into() });
        Ok(())
    }

    fn ask_guards(&self, tenant: &Ident, before: &Tree, after: &Tree, changes: &[Change]) -> Vec<Violation> {
        let guards = &self.bindings.guards;
        let mut violations = Vec::new();
        for path in guards.touched(&self.schema, changes) {
            let context = GuardContext {
                schema: &self.schema,
                tenant,
                before,
                after,
                path: &path,
                entry_before: before.entry(&path),
                entry_after: after.entry(&path),
            };
            for guard in guards.at(path.target()) {
                violations.extend(guard(&context));
            }
        }
        violations
    }

    /// An entry in the list of tenants came or went: so does the tenant, with all its data.
    fn follow_tenants(
        &self,
        made: &mut Made,
        changes: &[Change],
        time: Timestamp,
    ) -> Result<(), CommitError> {
        let Some(list) = self.bindings.tenants else { return Ok(()) };
        for change in changes.iter().filter(|change| change.path.target() == list) {
            let [Value::String(name)] = change.path.keys() else { continue };
            let name = Ident::from(&**name);
            match change.kind {
                ChangeKind::Created if made.snapshot.tenants.get(&name).is_none() => {
                    let mut data = TenantData::empty(&self.constraints);
                    let writes =
                        RowWriter::new(&self.schema, &self.facts, &data.tree, time, &mut data.modified)
                            .new_tenant()
                            .map_err(|fault| CommitError::Invalid(vec![internal(&fault.to_string())]))?;
                    made.writes.push((name.clone(), writes));
                    made.snapshot.tenants.insert(name, Arc::new(data));
                }
                ChangeKind::Deleted => {
                    let Some(data) = made.snapshot.tenants.remove(&name) else { continue };
                    let mut writes = RowWrites::default();
                    each_row(&self.schema, &self.facts, &data.tree, &mut |path| {
                        writes.deleted_below.push(path.to_instance_identifier(&self.schema));
                    });
                    writes.edits.push(EditRecord { path: "/".to_owned(), value: None });
                    made.writes.push((name, writes));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn hold_preconditions(
        &self,
        data: &TenantData,
        edits: &TenantEdits,
    ) -> Result<(), CommitError> {
        for precondition in &edits.preconditions {
            if let Some(violation) = self.broken_precondition(data, precondition) {
                return Err(CommitError::Precondition(violation));
            }
        }
        Ok(())
    }

    fn broken_precondition(&self, data: &TenantData, precondition: &Precondition) -> Option<Violation> {
        let etag = |path: &InstancePath| {
            config_digest(&self.schema, &self.facts, &data.tree, path).map(|digest| self.etags.of(digest))
        };
        let (path, found, message) = match precondition {
            Precondition::IfMatch { path, etags } => match etag(path) {
                Some(current) if etags.contains(&current) => return None,
                Some(current) => (path, Some(current), "the resource was changed meanwhile"),
                None => (path, None, "the resource does not exist"),
            },
            Precondition::IfMatchAny { path } => match etag(path) {
                Some(_) => return None,
                None => (path, None, "the resource does not exist"),
            },
            Precondition::IfNoneMatch { path, etags } => match etag(path) {
                Some(current) if etags.contains(&current) => {
                    (path, Some(current), "the resource is still the same")
                }
                _ => return None,
            },
            Precondition::IfNoneMatchAny { path } => match etag(path) {
                Some(current) => (path, Some(current), "the resource exists already"),
                None => return None,
            },
            Precondition::UnmodifiedSince { path, time } => {
                let modified = data.modified.of(&self.facts, path);
                if modified.seconds() <= time.seconds() {
                    return None;
                }
                (path, etag(path), "the resource was changed since then")
            }
        };
        let violation = Violation::new(ErrorTag::OperationFailed, path.clone(), message);
        Some(match found {
            Some(etag) => violation.info("etag", etag),
            None => violation,
        })
    }

    /// Clients write configuration only, in values too.
    pub(super) fn refuse_state(&self, edits: &TenantEdits) -> Result<(), CommitError> {
        let mut violations = Vec::new();
        for edit in &edits.edits {
            if !edit.path.steps.is_empty() && !self.schema.node(edit.path.target()).config {
                violations.push(state_violation(edit.path.clone()));
            } else if let Some(value @ (Data::Container(_) | Data::List(_))) = &edit.value {
                self.find_state(&mut edit.path.clone(), value, &mut violations);
            }
        }
        none(violations)
    }

    fn find_state(&self, path: &mut InstancePath, value: &Data, violations: &mut Vec<Violation>) {
        match value {
            Data::Container(container) => self.find_state_in(path, container, violations),
            Data::List(list) => {
                for entry in list.iter() {
                    let keys = entry.key(&self.schema);
                    let whole = path.steps.last_mut().map(|last| std::mem::replace(&mut last.keys, keys));
                    self.find_state_in(path, entry, violations);
                    if let (Some(last), Some(whole)) = (path.steps.last_mut(), whole) {
                        last.keys = whole;
                    }
                }
            }
            _ => {}
        }
    }

    fn find_state_in(&self, path: &mut InstancePath, container: &Container, violations: &mut Vec<Violation>) {
        for (id, data) in container.children() {
            path.push(*id, Vec::new());
            if self.schema.node(*id).config {
                self.find_state(path, data, violations);
            } else {
                violations.push(state_violation(path.clone()));
            }
            path.steps.pop();
        }
    }
}

/// A transaction with violations is not made.
fn none(violations: Vec<Violation>) -> Result<(), CommitError> {
    if violations.is_empty() { Ok(()) } else { Err(CommitError::Invalid(violations)) }
}

fn state_violation(path: InstancePath) -> Violation {
    Violation::new(ErrorTag::InvalidValue, path, "this is state, which cannot be written")
}

/// What a client hears of a panic; the rest is in the log.
pub(super) fn fault() -> CommitError {
    CommitError::Invalid(vec![internal("the change met a fault in the program; nothing was changed")])
}

fn internal(reason: &str) -> Violation {
    Violation::new(ErrorTag::OperationFailed, InstancePath::root(), reason)
}
