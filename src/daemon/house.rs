//! What lives and dies with the keys of the store: engine, services, audit log and the way in for requests. It is built
//! when the seal opens, and torn down in reverse when it closes or the daemon stops.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::capabilities::{Background, Capabilities};
use super::{DaemonError, boot};
use crate::access::Access;
use crate::access::AccessError;
use crate::access::audit::{self, AuditFiles, AuditLog, Rotation};
use crate::access::authenticate::batch;
use crate::access::gate::Gate;
use crate::base::clock::{Clock, Timestamp};
use crate::base::parallel::both_or;
use crate::base::secret::Secret;
use crate::data::validate::Constraints;
use crate::engine::registry::BoxFuture;
use crate::engine::{Engine, EngineSettings, ModelChange, Registry};
use crate::services::history::confirm;
use crate::services::sealing::{Host, Sealing, Trouble};
use crate::services::token;
use crate::settings::Settings;
use crate::store::barrier::KeysWatch;
use crate::store::{Barrier, Recovered, Revision, SqliteStore, StoreError};
use crate::surface::{Doorway, Drained};
use crate::yang::schema::Schema;

/// How long whoever still holds a key after the daemon was sealed may take to let go of it before that is reported.
const LAST_HOLDERS: Duration = Duration::from_millis(500);

/// Builds and tears down. Cheap to clone.
#[derive(Clone)]
pub struct House(Arc<Inner>);

struct Inner {
    settings: Settings,
    model_change: ModelChange,
    public_url: Arc<str>,
    schema: Arc<Schema>,
    clock: Clock,
    started: Timestamp,
    doorway: Doorway,
    opened: Mutex<Option<Opened>>,
    /// The constraints of the model, once they were needed.
    constraints: Arc<OnceLock<Arc<Constraints>>>,
    /// The last teardown, while it goes on.
    closing: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

struct Opened {
    engine: Engine,
    access: Arc<Access>,
    audit: AuditLog,
    is_new: bool,
    background: Background,
    drained: Drained,
    keys: KeysWatch,
}

impl House {
    /// A house that stands empty. Where the data was stored with other modules, `model_change` says what may become of it
    /// when it opens.
    pub fn new(
        settings: Settings,
        model_change: ModelChange,
        public_url: &str,
        schema: Arc<Schema>,
        clock: Clock,
        doorway: Doorway,
    ) -> Self {
        House(Arc::new(Inner {
            settings,
            model_change,
            public_url: public_url.into(),
            schema,
            started: clock.now(),
            clock,
            doorway,
            opened: Mutex::default(),
            constraints: Arc::default(),
            closing: tokio::sync::Mutex::default(),
        }))
    }

    /// The engine with what the gate and its services share; `None` while sealed.
    pub fn engine(&self) -> Option<(Engine, Arc<Access>)> {
        let opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.as_ref().map(|opened| (opened.engine.clone(), Arc::clone(&opened.access)))
    }

    /// The audit log; `None` while sealed.
    pub fn audit(&self) -> Option<AuditLog> {
        let opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.as_ref().map(|opened| opened.audit.clone())
    }

    /// Whether there was nothing but the first token in the store when it was opened.
    pub fn is_new(&self) -> bool {
        let opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.as_ref().is_some_and(|opened| opened.is_new)
    }

    /// Ends the answers that go on and on: the daemon is about to stop.
    pub fn end_streams(&self) {
        self.0.doorway.end_streams();
    }

    /// Waits until a teardown that was begun is done.
    pub async fn closed(&self) {
        if let Some(closing) = self.0.closing.lock().await.take() {
            // A panic in it has been logged.
            let _ = closing.await;
        }
    }

    async fn make(&self, directory: PathBuf, barrier: Barrier) -> Result<Secret, DaemonError> {
        let inner = &self.0;
        let (engine, _) = inner.start(directory, barrier, Registry::new()).await?;
        let access = Access::new(&inner.schema)?;
        let token = token::first::root_token(&engine, &access, "init").await;
        engine.shutdown().await;
        token.map_err(|error| DaemonError::RootToken(error.to_string()))
    }

    async fn build(&self, sealing: Arc<Sealing>, barrier: Barrier) -> Result<(), DaemonError> {
        self.closed().await;
        let inner = &self.0;
        let directory = inner.settings.data_directory.clone();
        if !SqliteStore::exists(&directory) {
            let what = "the database is missing, though its keyring is there".to_owned();
            return Err(StoreError::Damaged { what, place: directory }.into());
        }
        let access = Access::new(&inner.schema)?;
        let mut registry = Registry::new();
        let capabilities = Capabilities::register(
            &mut registry,
            &inner.schema,
            &access,
            inner.started,
            sealing,
            &inner.settings.default_tenant,
            inner.settings.limits.push_bytes,
        )
        .ok_or(DaemonError::Service)?;
        let (keys, audit_key) = (barrier.watch(), barrier.derive(audit::KEY_LABEL));
        access.seal_batch_tokens(&barrier.derive(batch::KEY_LABEL)).map_err(AccessError::from)?;
        let (engine, recovered) = inner.start(directory, barrier, registry).await?;
        // The first record is that of the first token.
        let is_new = recovered.last <= Revision(1);
        let mut background = capabilities.start(&engine);
        match inner.furnish(&engine, &access, &capabilities, &audit_key).await {
            Ok((audit, drained)) => {
                background.add(confirm::watch(engine.clone(), Arc::clone(&access), audit.clone()));
                let opened = Opened { engine, access, audit, is_new, background, drained, keys };
                *inner.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
                Ok(())
            }
            Err(error) => {
                background.end().await;
                engine.shutdown().await;
                Err(error)
            }
        }
    }

    async fn tear_down(&self) {
        let inner = &self.0;
        inner.doorway.close();
        let opened = inner.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(opened) = opened else { return };
        let grace = inner.settings.limits.shutdown_grace;
        // Not waited for here: the request that asks for it is one of those that have to end first.
        let closing = tokio::spawn(opened.let_go(grace));
        *inner.closing.lock().await = Some(closing);
    }
}

impl Inner {
    /// Opens a store and starts an engine over it, on a thread for work that takes its time; with what was found there.
    async fn start(
        &self,
        directory: PathBuf,
        barrier: Barrier,
        registry: Registry,
    ) -> Result<(Engine, Recovered), DaemonError> {
        let settings = EngineSettings {
            public_url: Arc::clone(&self.public_url),
            site: self.settings.site.clone(),
            model_change: self.model_change,
            log_retention: self.settings.log_retention,
            ..EngineSettings::default()
        };
        let (schema, clock) = (Arc::clone(&self.schema), self.clock.clone());
        let constraints = Arc::clone(&self.constraints);
        let started = tokio::task::spawn_blocking(move || {
            let ((store, recovered), constraints) = both_or(
                usize::MAX,
                || SqliteStore::open(&directory, barrier),
                || Arc::clone(constraints.get_or_init(|| Constraints::new(&schema))),
            )?;
            let engine =
                Engine::start_with(schema, constraints, registry, store, recovered, clock, settings)?;
            Ok((engine, recovered))
        });
        started.await.map_err(|_| DaemonError::Thread)?
    }

    /// The audit log, undoing what was not confirmed, boot files, and at last the way in.
    async fn furnish(
        &self,
        engine: &Engine,
        access: &Arc<Access>,
        capabilities: &Capabilities,
        audit_key: &Secret,
    ) -> Result<(AuditLog, Drained), DaemonError> {
        let settings = &self.settings;
        let files = AuditFiles {
            known: settings.audit_file(),
            known_rotation: settings.audit_rotation,
            anonymous: settings.audit_anonymous_file(),
            anonymous_rotation: Rotation { bytes: settings.audit_anonymous_bytes, keep: Some(1) },
        };
        let audit = AuditLog::open(&files, audit_key)
            .map_err(|error| DaemonError::Audit(files.known.clone(), error))?;
        if self.model_change != ModelChange::Look {
            confirm::undo_all(engine, access, &audit).await;
        }
        if !settings.boot.is_empty() {
            let summary = boot::apply(engine, &settings.boot, false).await?;
            tracing::info!("boot: {summary}");
        }
        let tenant = settings.default_tenant.clone();
        let gate = Gate::new(engine.clone(), Arc::clone(access), Some(audit.clone()), tenant);
        let (documents, subscriptions) = (capabilities.documents(engine), capabilities.subscriptions());
        let patience = settings.limits.event_stream_patience;
        Ok((audit, self.doorway.open(gate, documents, subscriptions, patience)))
    }
}

impl Opened {
    /// Requests that have begun end, then the writer, then the store; with the last of it go the keys.
    async fn let_go(self, grace: Duration) {
        let Opened { engine, access, audit, background, drained, keys, .. } = self;
        if tokio::time::timeout(grace, drained.wait()).await.is_err() {
            tracing::warn!("requests were still going on when the store was closed");
        }
        background.end().await;
        engine.shutdown().await;
        // What callers had prepared is kept by what is shared around access, and goes with that.
        let shared = Arc::downgrade(&access);
        drop((engine, access, audit));
        // The last one to let go is whoever asked for it, when this has begun.
        let gone = async {
            while !keys.are_gone() || shared.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(LAST_HOLDERS, gone).await.is_err() {
            tracing::error!(
                "the keys of the store, or what was prepared, are still in memory, though it is closed"
            );
        } else {
            tracing::info!("the store is closed, and the keys are gone from memory");
        }
    }
}

impl Host for House {
    fn found(&self, directory: PathBuf, barrier: Barrier) -> BoxFuture<Result<Secret, Trouble>> {
        let house = self.clone();
        Box::pin(async move { house.make(directory, barrier).await.map_err(Trouble::from) })
    }

    fn open(&self, sealing: Arc<Sealing>, barrier: Barrier) -> BoxFuture<Result<(), Trouble>> {
        let house = self.clone();
        Box::pin(async move { house.build(sealing, barrier).await.map_err(Trouble::from) })
    }

    fn close(&self) -> BoxFuture<()> {
        let house = self.clone();
        Box::pin(async move { house.tear_down().await })
    }
}
