//! The datastore: immutable snapshots, one commit pipeline, change subscriptions, and how behaviour hangs on the model.
//!
//! Never here: HTTP, a policy, a path of the product's own model. What a node means is declared in the model or registered
//! by a service.

mod boot;
mod etag;
pub mod history;
mod prepare;
mod row_codec;
mod rows;
mod touched;
mod transaction;
mod writer;

pub mod action;
pub mod caller;
pub mod candidate;
pub mod commit;
pub mod derived;
pub mod facts;
pub mod model_change;
pub mod modified;
pub mod notification;
pub mod operation;
pub mod operational;
pub mod output;
pub mod registry;
pub mod snapshot;
pub mod watch;

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{broadcast, mpsc, oneshot};

pub use action::{ActionCall, ActionContext, ActionError, Attempted, Made};
pub use caller::{Caller, ClientInfo};
pub use candidate::Candidate;
pub use commit::{
    Amend, Amendment, Approval, Approve, Author, CommitError, CommitOptions, CommitRequest, Committed,
    Precondition, TenantChanges, TenantEdits,
};
pub use derived::Derived;
pub use model_change::{Loss, ModelChange};
pub use notification::{
    Announce, AnnounceContext, Event, EventId, EventReader, EventsEnd, Heard, Notification, Start,
};
pub use operation::{Confirmed, Datastore, Operation, WriteKind, WriteOptions};
pub use operational::{State, StateContext, StateError, StateProvider, StateReader};
pub use output::Output;
pub use registry::{Departure, GuardContext, Prepare, PrepareContext, Registry, RegistryError};
pub use snapshot::{SYSTEM_TENANT, Snapshot, TenantData};
pub use watch::{Commit, Observer, Watch, WatchEnd};

use crate::base::clock::{Clock, Timestamp};
use crate::base::ident::Ident;
use crate::base::password::Passwords;
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::data::validate::Constraints;
use crate::store::log::last_before;
use crate::store::{AppendError, CommitLog as _, Record, Recovered, Revision, SqliteStore, StoreError};
use crate::yang::schema::{NodeKind, Schema};
use etag::Etags;
use facts::Facts;
use notification::Told;
use registry::Bindings;
use transaction::Prepared;
use writer::{Waiting, Work, Writer};

/// What can be set of an engine.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Under which URL the world reaches this daemon, without a slash at the end.
    pub public_url: Arc<str>,
    /// The site on which it runs.
    pub site: Ident,
    /// So many transactions may wait for the writer.
    pub queue: usize,
    /// How long a transaction waits for a place in the queue before it is refused.
    pub patience: Duration,
    /// So many commits, and what was told of as many, may wait for a subscriber before it is told that it lags. They are the
    /// same for all subscribers, and stay in memory as long as one of these does not come for them.
    pub watch_queue: usize,
    /// So many revisions stay in the log at least.
    pub log_retention: u64,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// What may be done where the modules are not those that the data was stored with.
    pub model_change: ModelChange,
}

impl Default for EngineSettings {
    fn default() -> Self {
        EngineSettings {
            public_url: "http://127.0.0.1".into(),
            site: "local".into(),
            queue: 1024,
            patience: Duration::from_secs(10),
            watch_queue: 64,
            log_retention: 100_000,
            passwords: Passwords::new(),
            model_change: ModelChange::default(),
        }
    }
}

/// The datastore of all tenants. A handle: cheap to clone, shared by everyone who reads, writes or watches.
#[derive(Clone)]
pub struct Engine {
    core: Arc<Core>,
    queue: mpsc::Sender<Work>,
    thread: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
}

/// What the handles and the writer share.
struct Core {
    schema: Arc<Schema>,
    facts: Arc<Facts>,
    constraints: Arc<Constraints>,
    bindings: Bindings,
    snapshot: ArcSwap<Snapshot>,
    clock: Clock,
    settings: EngineSettings,
    etags: Etags,
    passwords: Passwords,
    commits: broadcast::Sender<Arc<Commit>>,
    told: broadcast::Sender<Told>,
    model_changed: bool,
    /// The oldest revision that the log has, and its time.
    oldest: ArcSwapOption<(Revision, Timestamp)>,
    observers: ArcSwap<Vec<Arc<dyn Observer>>>,
    pins: Arc<history::Pins>,
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A registration does not fit the model.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored row does not fit the model.
    #[error("what is stored of tenant '{tenant}' at {path} does not fit the model: {reason}")]
    Row {
        /// Whose.
        tenant: Ident,
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// Stored data does not fit the modules, and nobody agreed to drop it.
    #[error("{} of the stored data {} not fit the modules; nothing was changed", parts(.0), if .0.len() == 1 { "does" } else { "do" })]
    Misfit(Vec<Loss>),
    /// Data could not be brought to the modules; nothing was changed.
    #[error("the data could not be brought to the modules: {0}")]
    Upgrade(AppendError),
    /// The operating system gave no thread.
    #[error("a thread could not be started")]
    Thread,
}

fn stopping() -> StoreError {
    let (path, reason) = (std::path::PathBuf::from("the log"), "the engine is stopping".to_owned());
    StoreError::Io { action: "read", path, reason }
}

fn parts(losses: &[Loss]) -> String {
    if losses.len() == 1 { "1 part".to_owned() } else { format!("{} parts", losses.len()) }
}

impl Engine {
    /// Rebuilds the data from the store and starts the writer, which owns the store from now on.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        schema: Arc<Schema>,
        registry: Registry,
        store: SqliteStore,
        recovered: Recovered,
        clock: Clock,
        settings: EngineSettings,
    ) -> Result<Engine, StartError> {
        let constraints = Constraints::new(&schema);
        Engine::start_with(schema, constraints, registry, store, recovered, clock, settings)
    }

    /// The same with the constraints of the schema, which somebody has worked out already.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_with(
        schema: Arc<Schema>,
        constraints: Arc<Constraints>,
        registry: Registry,
        mut store: SqliteStore,
        recovered: Recovered,
        clock: Clock,
        settings: EngineSettings,
    ) -> Result<Engine, StartError> {
        let bindings = registry.bind(&schema)?;
        let facts = Arc::new(Facts::new(&schema, |node| bindings.states.contains_key(&node)));
        let model = boot::Model {
            schema: &schema,
            facts: &facts,
            constraints: &constraints,
            content_id: bindings.content_id,
            tenants: bindings.tenants,
        };
        let start = boot::Start { change: settings.model_change, now: clock.now() };
        let (snapshot, model_changed) = boot::recover(&model, &mut store, recovered, start)?;
        let core = Arc::new(Core {
            schema,
            facts,
            constraints,
            bindings,
            snapshot: ArcSwap::from_pointee(snapshot),
            clock,
            etags: Etags::new(&store.barrier().derive("etags")),
            passwords: settings.passwords.clone(),
            commits: broadcast::Sender::new(settings.watch_queue.max(1)),
            told: broadcast::Sender::new(settings.watch_queue.max(1)),
            model_changed,
            oldest: ArcSwapOption::from(oldest(&store)?.map(Arc::new)),
            observers: ArcSwap::default(),
            pins: Arc::default(),
            settings,
        });
        let (queue, receiver) = mpsc::channel(core.settings.queue.max(1));
        let writer = Writer { core: Arc::clone(&core), store, queue: receiver };
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|_| StartError::Thread)?;
        Ok(Engine { core, queue, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// The model.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.core.schema
    }

    /// Whether the data had been stored with other modules when this engine started.
    pub fn model_changed(&self) -> bool {
        self.core.model_changed
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &Clock {
        &self.core.clock
    }

    /// What it was started with.
    pub fn settings(&self) -> &EngineSettings {
        &self.core.settings
    }

    /// Hashes and verifies passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.core.passwords
    }

    /// The data as of now. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.core.snapshot.load_full()
    }

    /// Makes a transaction. It is durable when this returns, and in every snapshot taken from then on.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn commit(&self, mut request: CommitRequest) -> Result<Committed, CommitError> {
        let snapshot = self.snapshot();
        let prepared = self.core.prepare(&mut request, &snapshot).await?;
        if request.validate_only {
            let made = self.core.make(&snapshot, &request, &prepared, self.core.clock.now())?;
            let changed = !made.changes.is_empty();
            let (revision, time) = (snapshot.revision, snapshot.time);
            return Ok(Committed { revision, time, changed, changes: made.changes, snapshot });
        }
        self.enqueue(request, prepared, Vec::new()).await
    }

    /// A transaction of nothing but notifications.
    async fn enqueue_notifications(
        &self,
        notifications: Vec<Notification>,
    ) -> Result<Committed, CommitError> {
        let request = CommitRequest {
            actor: "strongbox".to_owned(),
            request_id: String::new(),
            by: Author::Service,
            changes: Vec::new(),
            validate_only: false,
            approve: None,
            options: CommitOptions::default(),
        };
        self.enqueue(request, Prepared::default(), notifications).await
    }

    async fn enqueue(
        &self,
        request: CommitRequest,
        prepared: Prepared,
        notifications: Vec<Notification>,
    ) -> Result<Committed, CommitError> {
        let place = tokio::time::timeout(self.core.settings.patience, self.queue.reserve())
            .await
            .map_err(|_| CommitError::TooBusy)?
            .map_err(|_| CommitError::Stopped)?;
        let (answer, outcome) = oneshot::channel();
        place.send(Work::Commit(Box::new(Waiting { request, prepared, notifications, answer })));
        outcome.await.map_err(|_| CommitError::Stopped)?
    }

    /// Subscribes to commits.
    pub fn watch(&self) -> Watch {
        let commits = self.core.commits.subscribe();
        Watch { commits, last: self.snapshot().revision }
    }

    /// Adds an observer. It sees every commit from now on; one that comes while it is being added it may see twice, in
    /// what it read itself and as a commit.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.core.observers.rcu(|all| {
            let mut next = Vec::clone(all);
            next.push(Arc::clone(&observer));
            next
        });
    }

    /// At most `limit` records of the log behind a revision: how a subscriber that lagged catches up.
    ///
    /// # Errors
    /// [`StoreError::Purged`] when they are no longer there: start again from a snapshot. I/O.
    pub async fn read_log(
        &self,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<(Revision, Record)>, StoreError> {
        self.look(move |store| store.read_from(after, limit)).await?
    }

    /// The revision behind which everything was made at an instant or later.
    async fn last_before(&self, time: Timestamp) -> Result<Revision, StoreError> {
        self.look(move |store| last_before(store, time)).await?
    }

    /// Looks at the store on the writer's thread, between two commits: `look` must be quick.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&SqliteStore) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, outcome) = oneshot::channel();
        let look = Box::new(move |store: &SqliteStore| drop(answer.send(look(store))));
        self.queue.send(Work::Look(look)).await.map_err(|_| stopping())?;
        outcome.await.map_err(|_| stopping())
    }

    /// The entity tag of content with this digest, without quotes: 22 characters, keyed, the same after a restart.
    pub fn etag(&self, digest: u128) -> String {
        self.core.etags.of(digest)
    }

    /// The entity tag of the configuration at a path, without quotes; `None` when there is no such resource. It changes
    /// exactly when the resource or something below it does; state has no part in it.
    pub fn config_etag(&self, snapshot: &Snapshot, tenant: &str, path: &InstancePath) -> Option<String> {
        let tree = &snapshot.tenant(tenant)?.tree;
        let digest = etag::config_digest(&self.core.schema, &self.core.facts, tree, path)?;
        Some(self.core.etags.of(digest))
    }

    /// The entity tag of the configuration at a path of any tree, such as a part of a tenant's.
    pub fn etag_of(&self, tree: &Tree, path: &InstancePath) -> Option<String> {
        let digest = etag::config_digest(&self.core.schema, &self.core.facts, tree, path)?;
        Some(self.core.etags.of(digest))
    }

    /// Makes what waits durable, closes the store and ends the writer. Every later commit is refused.
    pub async fn shutdown(&self) {
        let (answer, done) = oneshot::channel();
        if self.queue.send(Work::Stop(answer)).await.is_ok() {
            let _ = done.await;
        }
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    fn core(&self) -> &Core {
        &self.core
    }
}

impl Core {
    /// Tells observers, then subscribers.
    fn tell(&self, commit: Commit) {
        for observer in self.observers.load().iter() {
            observer.committed(&commit);
        }
        let _ = self.commits.send(Arc::new(commit));
    }

    /// Whether everything that must be there for `path` to exist is there, as far as it is not a container without
    /// `presence`.
    fn surrounded(&self, tree: &Tree, path: &InstancePath) -> bool {
        let mut at = Some(&tree.root);
        for step in &path.steps {
            at = match (at, &self.schema.node(step.node).kind) {
                (Some(container), NodeKind::List { .. }) => {
                    let Some(entry) = container.list(step.node).and_then(|list| list.get(&step.keys)) else {
                        return false;
                    };
                    Some(entry)
                }
                (None, NodeKind::List { .. }) => return false,
                (Some(container), kind) => match container.container(step.node) {
                    None if matches!(kind, NodeKind::Container { presence: true }) => return false,
                    found => found,
                },
                (None, NodeKind::Container { presence: true }) => return false,
                (None, _) => None,
            };
        }
        true
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("revision", &self.core.snapshot.load().revision)
            .finish_non_exhaustive()
    }
}

/// The oldest revision that a log has, and its time; `None` when it has none.
fn oldest(store: &SqliteStore) -> Result<Option<(Revision, Timestamp)>, StoreError> {
    let bounds = store.bounds();
    let first = (bounds.first <= bounds.last).then_some(bounds.first);
    first.map(|first| Ok((first, store.time_of(first)?))).transpose()
}

#[cfg(test)]
mod tests;
