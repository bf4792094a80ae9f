//! Whose candidates there are: configuration that callers prepare, each for itself, until it commits it or thinks better
//! of it.
//!
//! They are kept in memory only, within limits, and go with the daemon, with the keys when it is sealed, and when nobody
//! touches them for a day. Not for what a candidate is: that is the engine's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use imbl::HashSet;

use super::authorize::PolicyOperation;
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::data::violation::Violation;
use crate::engine::Engine;
use crate::engine::caller::Caller;
use crate::engine::candidate::Candidate;
use crate::engine::snapshot::Snapshot;
use crate::yang::schema::Value;

/// So many a tenant can have at once.
const MOST: usize = 100;
/// So much can have been written into those of a tenant, in bytes, roughly.
const HEAVIEST: usize = 64 << 20;
/// A candidate that was not touched for so long is gone, in microseconds: a day.
const LONGEST: i64 = 24 * 60 * 60 * 1_000_000;

/// What a caller prepares.
pub struct Held {
    /// The configuration.
    pub candidate: Candidate,
    /// What its edits asked for, each once: whoever commits has to be allowed to do it then as well.
    pub asked: HashSet<(PolicyOperation, InstancePath)>,
    /// What was last said about why.
    pub comment: Option<String>,
    weight: usize,
    touched: AtomicI64,
}

impl Held {
    /// Nothing prepared yet; `None` when there is no such tenant.
    pub fn new(running: &Snapshot, tenant: &Ident) -> Option<Held> {
        let candidate = Candidate::of(running, tenant)?;
        let touched = AtomicI64::default();
        Some(Held { candidate, asked: HashSet::new(), comment: None, weight: 0, touched })
    }

    /// The same after edits that asked for something.
    pub fn edited(
        &self,
        candidate: Candidate,
        asked: impl IntoIterator<Item = (PolicyOperation, InstancePath)>,
        edits: &[Edit],
        comment: Option<String>,
    ) -> Held {
        let mut all = self.asked.clone();
        all.extend(asked);
        let weight = edits.iter().map(weight).fold(self.weight, usize::saturating_add);
        let comment = comment.or_else(|| self.comment.clone());
        Held { candidate, asked: all, comment, weight, touched: AtomicI64::default() }
    }
}

/// Whose it is: the name under which the caller's changes stand in the history, so that a user who logs in anew finds it.
type Owner = (Ident, String);

fn owner(caller: &Caller) -> Owner {
    (caller.tenant.clone(), caller.actor())
}

/// All that is prepared.
#[derive(Default)]
pub struct Candidates(Mutex<HashMap<Owner, Arc<Held>>>);

impl Candidates {
    /// What a caller prepares, on top of what is running as far as the two are not in conflict; `None` when nothing.
    pub fn of(&self, engine: &Engine, running: &Snapshot, caller: &Caller) -> Option<Arc<Held>> {
        let now = engine.clock().now();
        let held = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|(tenant, _), held| {
                now.0.saturating_sub(held.touched.load(Relaxed)) < LONGEST && running.tenant(tenant).is_some()
            });
            Arc::clone(all.get(&owner(caller))?)
        };
        held.touched.store(now.0, Relaxed);
        if held.candidate.is_on(running) {
            return Some(held);
        }
        let Ok(candidate) = engine.rebase(&held.candidate, running) else { return Some(held) };
        let (asked, comment) = (held.asked.clone(), held.comment.clone());
        let rebased = Held { candidate, asked, comment, weight: held.weight, touched: AtomicI64::new(now.0) };
        // Where somebody else was quicker, its candidate is the one to look at next time.
        self.replace(caller, Some(&held), rebased).ok().flatten().or(Some(held))
    }

    /// Keeps what a caller prepares in the place of what it was; `None` when that is no longer it.
    ///
    /// # Errors
    /// `resource-denied` when the candidates of the tenant are too many or too large.
    pub fn keep(
        &self,
        caller: &Caller,
        before: Option<&Arc<Held>>,
        held: Held,
        now: Timestamp,
    ) -> Result<Option<Arc<Held>>, Violation> {
        self.replace(caller, before, Held { touched: AtomicI64::new(now.0), ..held })
    }

    fn replace(
        &self,
        caller: &Caller,
        before: Option<&Arc<Held>>,
        held: Held,
    ) -> Result<Option<Arc<Held>>, Violation> {
        let owner = owner(caller);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = match (all.get(&owner), before) {
            (Some(known), Some(before)) => Arc::ptr_eq(known, before),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            return Ok(None);
        }
        let others = all.iter().filter(|(other, _)| other.0 == owner.0 && **other != owner);
        let (count, weight) = others
            .fold((0, held.weight), |(count, sum), (_, held)| (count + 1, sum.saturating_add(held.weight)));
        let grows = before.is_none_or(|before| held.weight > before.weight);
        if grows && (count >= MOST || weight > HEAVIEST) {
            let message = format!(
                "the candidates of the tenant are {} with {} MiB; at most {MOST} with {} MiB can be kept: commit or discard some",
                count + 1,
                weight >> 20,
                HEAVIEST >> 20
            );
            return Err(Violation::new(ErrorTag::ResourceDenied, InstancePath::root(), message));
        }
        let held = Arc::new(held);
        all.insert(owner, Arc::clone(&held));
        Ok(Some(held))
    }

    /// Forgets what a caller prepares, if it still is that; without saying what, whatever it is. Says whether there was
    /// anything.
    pub fn discard(&self, caller: &Caller, only: Option<&Arc<Held>>) -> bool {
        let owner = owner(caller);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_meant = match (all.get(&owner), only) {
            (Some(known), Some(only)) => Arc::ptr_eq(known, only),
            (known, None) => known.is_some(),
            (None, Some(_)) => false,
        };
        is_meant && all.remove(&owner).is_some()
    }
}

impl std::fmt::Debug for Candidates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Candidates").field("count", &all.len()).finish()
    }
}

/// How much memory an edit takes, in bytes, roughly.
fn weight(edit: &Edit) -> usize {
    const NODE: usize = 64;
    fn of_container(container: &Container) -> usize {
        container.children().iter().map(|(_, data)| of_data(data)).fold(NODE, usize::saturating_add)
    }
    fn of_value(value: &Value) -> usize {
        NODE.saturating_add(value.as_str().map_or(0, str::len))
    }
    fn of_data(data: &Data) -> usize {
        match data {
            Data::Leaf(value) => of_value(value),
            Data::LeafList(values) => values.iter().map(of_value).fold(NODE, usize::saturating_add),
            Data::Container(container) => of_container(container),
            Data::List(list) => {
                list.iter().map(|entry| of_container(entry)).fold(NODE, usize::saturating_add)
            }
            Data::Any(value) => NODE.saturating_add(value.to_string().len()),
        }
    }
    edit.value.as_ref().map_or(NODE, of_data).saturating_add(edit.path.steps.len().saturating_mul(NODE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Clock;
    use crate::data::edit::EditOperation;
    use crate::data::testing::schema;
    use crate::engine::{EngineSettings, Registry};
    use crate::store::{Barrier, SqliteStore};

    fn engine(dir: &tempfile::TempDir) -> Engine {
        let schema = Arc::new(schema("list tenants key=name\n  leaf name string\nleaf motto string\n"));
        let (store, recovered) = SqliteStore::open(dir.path(), Barrier::random().unwrap()).unwrap();
        let mut registry = Registry::new();
        registry.tenants("/tenants");
        let clock = Clock::manual(Timestamp::from_seconds(1_000_000));
        Engine::start(schema, registry, store, recovered, clock, EngineSettings::default()).unwrap()
    }

    fn caller(name: &str) -> Caller {
        Caller {
            tenant: "system".into(),
            accessor: None,
            user: Some(name.into()),
            entity: None,
            policies: Vec::new(),
            method: "userpass".into(),
            warranted: false,
            ends: None,
        }
    }

    fn motto(engine: &Engine, length: usize) -> Edit {
        let node = engine.schema().own_child(crate::yang::schema::NodeId::ROOT, "motto").unwrap();
        let value = Data::Leaf(Value::string("x".repeat(length)));
        Edit::new(InstancePath::root().child(node), EditOperation::Replace, value)
    }

    fn written(engine: &Engine, length: usize) -> Held {
        let nothing = Held::new(&engine.snapshot(), &"system".into()).unwrap();
        let candidate = nothing.candidate.clone();
        nothing.edited(candidate, [], &[motto(engine, length)], None)
    }

    #[tokio::test]
    async fn a_tenant_has_so_many_candidates_and_no_more_than_so_much_in_them() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(&dir);
        let (all, now) = (Candidates::default(), engine.clock().now());
        for number in 0..MOST {
            let name = format!("u{number}");
            assert!(all.keep(&caller(&name), None, written(&engine, 1), now).unwrap().is_some());
        }
        let full = all.keep(&caller("late"), None, written(&engine, 1), now).err().unwrap();
        assert_eq!(full.tag, ErrorTag::ResourceDenied);
        assert!(all.discard(&caller("u0"), None));
        assert!(all.keep(&caller("late"), None, written(&engine, 1), now).is_ok());
        let own = all.of(&engine, &engine.snapshot(), &caller("late")).unwrap();
        let heavy = all.keep(&caller("late"), Some(&own), written(&engine, HEAVIEST), now).err().unwrap();
        assert!(heavy.message.contains("64 MiB"), "{}", heavy.message);
    }

    #[tokio::test]
    async fn what_nobody_touches_for_a_day_is_gone_and_reading_keeps_it() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(&dir);
        let all = Candidates::default();
        let alice = caller("alice");
        all.keep(&alice, None, written(&engine, 1), engine.clock().now()).unwrap();
        let there = || all.of(&engine, &engine.snapshot(), &alice).is_some();
        for _ in 0..3 {
            engine.clock().advance(20 * 60 * 60);
            assert!(there());
        }
        engine.clock().advance(24 * 60 * 60);
        assert!(!there());
    }

    #[tokio::test]
    async fn of_two_requests_at_once_one_is_to_look_again() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(&dir);
        let (all, alice, now) = (Candidates::default(), caller("alice"), engine.clock().now());
        let first = all.keep(&alice, None, written(&engine, 1), now).unwrap().unwrap();
        assert!(all.keep(&alice, None, written(&engine, 1), now).unwrap().is_none());
        let second = all.keep(&alice, Some(&first), written(&engine, 1), now).unwrap().unwrap();
        assert!(all.keep(&alice, Some(&first), written(&engine, 1), now).unwrap().is_none());
        assert!(!all.discard(&alice, Some(&first)) && all.discard(&alice, Some(&second)));
        assert!(!all.discard(&caller("bob"), None));
    }
}
