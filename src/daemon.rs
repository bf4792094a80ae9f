//! Building everything in order, and stopping it in reverse.
//!
//! Sockets are bound first, so that the daemon knows its own URL; they are served last, when boot files are applied.

pub mod boot;
pub mod capabilities;
pub mod logging;
pub mod model;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use self::boot::Summary;
use self::boot::document::BootError;
use self::capabilities::Capabilities;
use self::model::{ModelError, compile_model};
use crate::access::audit::{self, AuditFiles, AuditLog};
use crate::access::gate::Gate;
use crate::access::{Access, AccessError};
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::engine::{Engine, EngineSettings, ModelChange, Registry, StartError};
use crate::services::token;
use crate::settings::Settings;
use crate::store::{Barrier, SqliteStore, StoreError};
use crate::surface::Surface;
use crate::surface::http::cors::Cors;
use crate::surface::http::exchange::Exchange;
use crate::surface::http::server::{BindError, Bound};
use crate::surface::http::tls::{self, TlsError};

/// The name of the file with the first root token.
const ROOT_TOKEN: &str = "root-token";

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The model cannot be compiled.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A service misses a node of its own: a build that should not have been made, or a module of the user's deviated it.
    #[error(
        "a service of the product misses a node of its model; does a module deviate one of the product's?"
    )]
    Service,
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] BindError),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data cannot be rebuilt.
    #[error(transparent)]
    Engine(#[from] StartError),
    /// Nobody could be let in.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The audit log cannot be opened.
    #[error("cannot open the audit log {0}: {1}")]
    Audit(PathBuf, std::io::Error),
    /// A boot file is wrong; nothing was changed.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Boot(Vec<BootError>),
    /// No root token could be made or written.
    #[error("cannot make a root token: {0}")]
    RootToken(String),
}

impl From<Vec<BootError>> for DaemonError {
    fn from(errors: Vec<BootError>) -> Self {
        DaemonError::Boot(errors)
    }
}

/// A daemon that is ready to serve, or serving.
pub struct Daemon {
    engine: Engine,
    access: Arc<Access>,
    is_new: bool,
    public_url: String,
    addresses: Vec<SocketAddr>,
    door: Option<(Bound, Arc<Exchange<Surface>>)>,
    stop: watch::Sender<bool>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

impl Daemon {
    /// Opens the store, starts the engine, and binds the sockets, which are not served yet. Where the data was stored with
    /// other modules, `model_change` says what may become of it.
    ///
    /// # Errors
    /// [`DaemonError`]; whatever was started is stopped again.
    pub async fn prepare(settings: &Settings, model_change: ModelChange) -> Result<Self, DaemonError> {
        let encryption =
            settings.tls.as_ref().map(|files| tls::load(&files.certificate, &files.key)).transpose()?;
        let bound = Bound::bind(&settings.listen, encryption).await?;
        let addresses = bound.addresses();
        let first = addresses.first().copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let public_url = settings.public_url(first);

        let schema = compile_model(&settings.yang)?;
        let first_start = !SqliteStore::exists(&settings.data_directory);
        let barrier = Barrier::from_key_file(&settings.key_file(), first_start)?;
        let (store, recovered) = SqliteStore::open(&settings.data_directory, barrier.clone())?;

        let access = Access::new(&schema)?;
        let mut registry = Registry::new();
        let clock = Clock::system();
        let capabilities = Capabilities::register(&mut registry, &schema, &access, clock.now())
            .ok_or(DaemonError::Service)?;
        let engine_settings = EngineSettings {
            public_url: public_url.as_str().into(),
            site: settings.site.clone(),
            model_change,
            ..EngineSettings::default()
        };
        let engine = Engine::start(schema, registry, store, recovered, clock, engine_settings)?;
        let is_new = engine.was_unused();
        capabilities.start(&engine);

        let files = AuditFiles {
            known: settings.audit_file(),
            anonymous: settings.audit_anonymous_file(),
            anonymous_limit: settings.audit_anonymous_bytes,
        };
        let log = AuditLog::open(&files, &barrier.derive(audit::KEY_LABEL))
            .map_err(|error| DaemonError::Audit(files.known.clone(), error))?;
        let gate = Gate::new(engine.clone(), Arc::clone(&access), Some(log), settings.default_tenant.clone());
        let surface = Surface::new(gate, capabilities.documents(&engine));
        let cors = Cors::new(settings.cors_origins.clone());
        let exchange =
            Exchange::new(surface, settings.limits.clone(), cors, settings.trusted_proxies.clone());
        Ok(Daemon {
            engine,
            access,
            is_new,
            public_url,
            addresses,
            door: Some((bound, exchange)),
            stop: watch::Sender::new(false),
            serving: None,
        })
    }

    /// Prepares a daemon and serves it.
    ///
    /// # Errors
    /// [`DaemonError`].
    pub async fn start(settings: &Settings) -> Result<Self, DaemonError> {
        let mut daemon = Daemon::prepare(settings, ModelChange::Keep).await?;
        daemon.listen();
        Ok(daemon)
    }

    /// Begins to serve; a second call does nothing.
    pub fn listen(&mut self) {
        if let Some((bound, exchange)) = self.door.take() {
            self.serving = Some(tokio::spawn(bound.serve(exchange, self.stop.subscribe())));
        }
    }

    /// Whether nothing was ever committed to the store before this start.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The addresses with their real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The URL under which clients reach it.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Merges boot files; see [`boot::apply`].
    ///
    /// # Errors
    /// [`DaemonError::Boot`] with everything that is wrong.
    pub async fn boot(&self, files: &[PathBuf], validate_only: bool) -> Result<Summary, DaemonError> {
        Ok(boot::apply(&self.engine, files, validate_only).await?)
    }

    /// Makes a root token of the system tenant.
    ///
    /// # Errors
    /// [`DaemonError::RootToken`].
    pub async fn root_token(&self) -> Result<Secret, DaemonError> {
        token::first::root_token(&self.engine, &self.access, "start")
            .await
            .map_err(|error| DaemonError::RootToken(error.to_string()))
    }

    /// At the first start, makes a root token and leaves it in a file that only its owner can read; returns the file.
    ///
    /// # Errors
    /// [`DaemonError::RootToken`].
    pub async fn first_root_token(&self, directory: &Path) -> Result<Option<PathBuf>, DaemonError> {
        if !self.is_new {
            return Ok(None);
        }
        let token = self.root_token().await?;
        let file = directory.join(ROOT_TOKEN);
        write_private(&file, token.expose())
            .map_err(|error| DaemonError::RootToken(format!("{}: {error}", file.display())))?;
        Ok(Some(file))
    }

    /// Serves until the signal comes, then stops in order: no new requests, requests in flight, the writer, the store.
    pub async fn run_until_stopped(self, mut signals: Signals) {
        signals.wait().await;
        self.stop().await;
    }

    /// Stops in order.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Some(serving) = self.serving {
            // It ends by itself within its grace period; a panic in it has been logged.
            let _ = serving.await;
        }
        self.engine.shutdown().await;
    }
}

fn write_private(file: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(content)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// The signals that ask a daemon to stop. Made before the daemon starts, so that none that comes early is lost to the
/// system's own way of ending a process.
pub struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
}

impl Signals {
    /// Listens for SIGTERM and SIGINT from now on. One that cannot be listened for keeps its ordinary effect.
    pub fn new() -> Self {
        Signals {
            terminate: signal(SignalKind::terminate()).ok(),
            interrupt: signal(SignalKind::interrupt()).ok(),
        }
    }

    async fn wait(&mut self) {
        async fn next(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = next(&mut self.terminate) => {}
            () = next(&mut self.interrupt) => {}
        }
    }
}

impl Default for Signals {
    fn default() -> Self {
        Signals::new()
    }
}
