//! Building everything in order, and stopping it in reverse.
//!
//! Sockets are bound first, so that the daemon knows its own URL. Everything made of data is built when the seal opens
//! (`house`); until then the sockets serve the seal alone.

pub mod boot;
pub mod capabilities;
pub mod house;
pub mod logging;
pub mod memory;
pub mod model;
pub mod seal;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use self::boot::Summary;
use self::boot::document::BootError;
use self::house::House;
use self::model::{ModelError, compile_model};
use self::seal::SealOfModel;
use crate::access::model::path_to;
use crate::access::{Access, AccessError};
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::engine::{Engine, ModelChange, StartError};
use crate::services::sealing::attempt::Offer;
use crate::services::sealing::model::SEAL_STATUS;
use crate::services::sealing::{Sealing, SealingError, Unsealing};
use crate::services::token;
use crate::settings::Settings;
use crate::store::seal::{Holders, SealKey};
use crate::store::{StoreError, key_file};
use crate::surface::http::cors::Cors;
use crate::surface::http::exchange::Exchange;
use crate::surface::http::server::{BindError, Bound};
use crate::surface::http::tls::{Tls, TlsError};
use crate::surface::sealed::Sealed;
use crate::surface::{Doorway, Surface};

/// The name of the file with the first root token of a daemon to try out.
pub const ROOT_TOKEN: &str = "root-token";
/// The name of the file with its seal key.
pub const KEY: &str = "key";

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
    /// The seal key that the daemon was to unseal itself with cannot be used.
    #[error("cannot unseal: {0}")]
    Unseal(String),
    /// It needs the data, and they are sealed.
    #[error("the store is sealed; unseal it, or say where the seal key is")]
    Sealed,
    /// The operating system gave no thread, or work on one panicked.
    #[error("a thread could not be started, or ended early")]
    Thread,
}

/// What the house had to say comes back as it was said.
impl From<SealingError> for DaemonError {
    fn from(error: SealingError) -> Self {
        match error {
            SealingError::Host(trouble) => match trouble.downcast::<DaemonError>() {
                Ok(error) => *error,
                Err(other) => DaemonError::Unseal(other.to_string()),
            },
            SealingError::Store(error) => DaemonError::Store(error),
            other => DaemonError::Unseal(other.to_string()),
        }
    }
}

impl From<Vec<BootError>> for DaemonError {
    fn from(errors: Vec<BootError>) -> Self {
        DaemonError::Boot(errors)
    }
}

/// A daemon that is ready to serve, or serving.
pub struct Daemon {
    sealing: Arc<Sealing>,
    house: House,
    public_url: String,
    addresses: Vec<SocketAddr>,
    door: Option<(Bound, Arc<Exchange<Surface>>)>,
    tls: Option<Arc<Tls>>,
    stop: watch::Sender<bool>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

impl Daemon {
    /// Binds the sockets, which are not served yet, and unseals where the settings lead to a seal key: then boot files are
    /// applied too. Otherwise the daemon is sealed, or waits for its `init`. Where the data was stored with other modules,
    /// `model_change` says what may become of it when it opens.
    ///
    /// # Errors
    /// [`DaemonError`]; whatever was started is stopped again.
    pub async fn prepare(settings: &Settings, model_change: ModelChange) -> Result<Self, DaemonError> {
        let daemon = Daemon::assemble(settings, model_change).await?;
        let key = seal::configured_key(&settings.seal)?;
        if let Some((key, place)) = key.filter(|_| daemon.sealing.status().initialized) {
            daemon.unseal(key, &place).await?;
        }
        Ok(daemon)
    }

    /// Like [`Daemon::prepare`] for trying out: the seal key lies in the data directory, and what does not exist is made,
    /// with the first token in a file beside it.
    ///
    /// # Errors
    /// [`DaemonError`].
    pub async fn prepare_to_try_out(
        settings: &Settings,
        model_change: ModelChange,
    ) -> Result<Self, DaemonError> {
        let daemon = Daemon::assemble(settings, model_change).await?;
        let path = settings.data_directory.join(KEY);
        let found = key_file::read(&path)?;
        let missing = || format!("{} does not exist, but the store that it opens does", path.display());
        let key = match found {
            Some(key) => key,
            None if daemon.sealing.status().initialized => return Err(DaemonError::Unseal(missing())),
            None => {
                let key = SealKey::generate().map_err(AccessError::from)?;
                key_file::create(&path, &key)?;
                key
            }
        };
        if !daemon.sealing.status().initialized {
            let founded = daemon.sealing.found(&key, Holders { shares: 1, threshold: 1 }).await?;
            let file = settings.data_directory.join(ROOT_TOKEN);
            write_private(&file, founded.root_token.expose())
                .map_err(|error| DaemonError::RootToken(format!("{}: {error}", file.display())))?;
            daemon.sealing.count(founded)?;
        }
        daemon.unseal(key, &path.display().to_string()).await?;
        Ok(daemon)
    }

    /// Prepares a daemon to try out, and serves it.
    ///
    /// # Errors
    /// [`DaemonError`].
    pub async fn start_to_try_out(settings: &Settings) -> Result<Self, DaemonError> {
        let mut daemon = Daemon::prepare_to_try_out(settings, ModelChange::Keep).await?;
        daemon.listen();
        Ok(daemon)
    }

    async fn assemble(settings: &Settings, model_change: ModelChange) -> Result<Self, DaemonError> {
        let tls = settings.tls.clone().map(Tls::load).transpose()?;
        let bound = Bound::bind(&settings.listen, tls.clone()).await?;
        let addresses = bound.addresses();
        let first = addresses.first().copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let public_url = settings.public_url(first);

        let schema = compile_model(&settings.yang)?;
        let clock = Clock::system();
        let doorway = Doorway::default();
        let house = House::new(
            settings.clone(),
            model_change,
            &public_url,
            Arc::clone(&schema),
            clock.clone(),
            doorway.clone(),
        );
        let sealing = Sealing::load(settings.data_directory.clone(), clock.clone(), Arc::new(house.clone()))?;
        let seal = SealOfModel::new(Arc::clone(&sealing), Arc::clone(&schema)).ok_or(DaemonError::Service)?;
        let status = path_to(&schema, SEAL_STATUS).map_err(|_| DaemonError::Service)?;
        let sealed = Sealed::new(schema, Arc::new(seal), status);
        let surface = Surface::new(sealed, doorway, settings.site.clone(), &clock);
        let cors = Cors::new(settings.cors_origins.clone());
        let exchange =
            Exchange::new(surface, settings.limits.clone(), cors, settings.trusted_proxies.clone());
        Ok(Daemon {
            sealing,
            house,
            public_url,
            addresses,
            door: Some((bound, exchange)),
            tls,
            stop: watch::Sender::new(false),
            serving: None,
        })
    }

    async fn unseal(&self, key: SealKey, place: &str) -> Result<(), DaemonError> {
        let given = Unsealing { offer: Some(Offer::Key(key)), nonce: None, reset: false };
        self.sealing.unseal(given).await.map_err(|error| match error {
            SealingError::Input { .. } => {
                DaemonError::Unseal(format!("the seal key of {place} is not the one of this store"))
            }
            other => other.into(),
        })
    }

    /// The seal.
    pub fn sealing(&self) -> &Arc<Sealing> {
        &self.sealing
    }

    fn engine(&self) -> Result<(Engine, Arc<Access>), DaemonError> {
        self.house.engine().ok_or(DaemonError::Sealed)
    }

    /// Begins to serve; a second call does nothing.
    pub fn listen(&mut self) {
        if let Some((bound, exchange)) = self.door.take() {
            // The cryptography gathers randomness of its own for signatures, which takes it longer than all of the start:
            // the first signature should not have to wait for it, and neither should the first answer.
            tokio::task::spawn_blocking(|| aws_lc_rs::rand::fill(&mut [0]).is_ok());
            self.serving = Some(tokio::spawn(bound.serve(exchange, self.stop.subscribe())));
        }
    }

    /// Whether there was nothing but the first token in the store when it was opened.
    pub fn is_new(&self) -> bool {
        self.house.is_new()
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
    /// [`DaemonError::Boot`] with everything that is wrong; [`DaemonError::Sealed`].
    pub async fn boot(&self, files: &[PathBuf], validate_only: bool) -> Result<Summary, DaemonError> {
        Ok(boot::apply(&self.engine()?.0, files, validate_only).await?)
    }

    /// Makes a root token of the system tenant.
    ///
    /// # Errors
    /// [`DaemonError::RootToken`]; [`DaemonError::Sealed`].
    pub async fn root_token(&self) -> Result<Secret, DaemonError> {
        let (engine, access) = self.engine()?;
        token::first::root_token(&engine, &access, "start")
            .await
            .map_err(|error| DaemonError::RootToken(error.to_string()))
    }

    /// Serves until the signal comes, then stops in order: no new requests, requests in flight, the writer, the store.
    /// At each SIGHUP it reads its TLS files again and goes on in new audit files where the old ones were moved away.
    pub async fn run_until_stopped(self, mut signals: Signals) {
        while signals.next().await == Asked::ToReload {
            self.reload().await;
        }
        self.stop().await;
    }

    async fn reload(&self) {
        tracing::info!("SIGHUP: looking at TLS files and audit files");
        if let Some(Err(error)) = self.tls.as_ref().map(|tls| tls.reload()) {
            tracing::error!(%error, "the TLS files cannot be used; the old ones stay in use");
        }
        if let Some(audit) = self.house.audit() {
            audit.reopen().await;
        }
    }

    /// Stops in order.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.house.end_streams();
        if let Some(serving) = self.serving {
            // It ends by itself within its grace period; a panic in it has been logged.
            let _ = serving.await;
        }
        self.sealing.seal().await;
        self.house.closed().await;
    }
}

/// A file that only its owner can read.
fn write_private(file: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(content)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// What a signal asks of a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    ToStop,
    ToReload,
}

/// The signals that a daemon follows. Made before the daemon starts, so that none that comes early is lost to the
/// system's own way of ending a process.
pub struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
    hangup: Option<Signal>,
}

impl Signals {
    /// Listens for SIGTERM, SIGINT and SIGHUP from now on. One that cannot be listened for keeps its ordinary effect.
    pub fn new() -> Self {
        Signals {
            terminate: signal(SignalKind::terminate()).ok(),
            interrupt: signal(SignalKind::interrupt()).ok(),
            hangup: signal(SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) -> Asked {
        async fn next(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = next(&mut self.terminate) => Asked::ToStop,
            () = next(&mut self.interrupt) => Asked::ToStop,
            () = next(&mut self.hangup) => Asked::ToReload,
        }
    }
}

impl Default for Signals {
    fn default() -> Self {
        Signals::new()
    }
}
