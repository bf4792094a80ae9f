//! The services of this daemon: hung on the model before the engine starts, set to work once it runs.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::access::{Access, Gate};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::engine::{Caller, Engine, Registry};
use crate::services::approle::AppRoles;
use crate::services::certificate_auth::CertificateAuth;
use crate::services::cubbyhole::Cubbyhole;
use crate::services::identity::Identity;
use crate::services::identity_tokens::IdentityTokens;
use crate::services::jwt_auth::JwtAuth;
use crate::services::jwt_issuer::{self, JwtIssuers};
use crate::services::jwt_secrets::JwtSecrets;
use crate::services::sealing::{self, Sealing};
use crate::services::subscriptions::Subscriptions;
use crate::services::token::{self, Tokens};
use crate::services::transit::Transit;
use crate::services::userpass::Userpass;
use crate::services::wrapping::Wrapping;
use crate::services::{
    candidate, distribution, history, mounts, nacm, notifications, policies, restconf_monitoring, sites,
    system, tenants, yang_library,
};
use crate::surface::public::{DocumentKind, Documents, PublicDocument};
use crate::surface::streams;
use crate::yang::schema::Schema;

/// What goes on beside requests.
pub struct Background(JoinSet<()>);

impl Background {
    /// Adds work.
    pub fn add(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(work);
    }

    /// Ends it. Work on a transaction is not cut off half way: that is the writer's.
    pub async fn end(mut self) {
        self.0.shutdown().await;
    }
}

/// The services that have more to do than to answer.
pub struct Capabilities {
    transit: Arc<Transit>,
    issuers: Arc<JwtIssuers>,
    app_roles: Arc<AppRoles>,
    identity_tokens: Arc<IdentityTokens>,
    wrapping: Arc<Wrapping>,
    access: Arc<Access>,
    subscriptions: Arc<Subscriptions>,
}

impl Capabilities {
    /// Hangs every service on the model; `None` when the model lacks what one of them needs.
    pub fn register(
        registry: &mut Registry,
        schema: &Schema,
        access: &Arc<Access>,
        start_time: Timestamp,
        sealing: Arc<Sealing>,
        default_tenant: &Ident,
        push_bytes: usize,
    ) -> Option<Capabilities> {
        let transit = Transit::new(schema)?;
        transit.register(registry);
        let issuers = JwtIssuers::new(schema, transit.keyrings().clone())?;
        issuers.register(registry, schema);
        distribution::register(registry, schema);
        Tokens::new(Arc::clone(access)).register(registry);
        Userpass::new(Arc::clone(access), schema).ok()?.register(registry);
        let app_roles = AppRoles::new(Arc::clone(access), schema).ok()?;
        app_roles.register(registry);
        JwtAuth::new(Arc::clone(access), schema).ok()?.register(registry);
        CertificateAuth::new(Arc::clone(access), schema).ok()?.register(registry);
        JwtSecrets::new().register(registry);
        mounts::register(registry, schema);
        let wrapping = Wrapping::new(schema).ok()?;
        wrapping.register(registry);
        Cubbyhole::new(Arc::clone(access), schema)?.register(registry);
        Identity::new(Arc::clone(access)).register(registry);
        let identity_tokens = IdentityTokens::new(Arc::clone(access), schema, default_tenant.clone())?;
        identity_tokens.register(registry);
        policies::register(registry);
        nacm::register(registry, access);
        history::register(registry, access);
        candidate::register(registry, access);
        tenants::register(registry, access);
        sites::register(registry);
        yang_library::register(registry);
        restconf_monitoring::register(registry);
        notifications::register(registry, schema)?;
        let subscriptions = Subscriptions::new(Arc::clone(access), push_bytes);
        subscriptions.register(registry);
        sealing::model::register(registry, &sealing);
        system::register(registry, start_time, sealing);
        Some(Capabilities {
            transit,
            issuers,
            app_roles,
            identity_tokens,
            wrapping,
            access: Arc::clone(access),
            subscriptions,
        })
    }

    /// Starts what goes on beside requests: rotation of keys that are due, sweeping of tokens and secret ids that have
    /// ended. Where the modules are others than before, everybody is told.
    pub fn start(&self, engine: &Engine) -> Background {
        self.app_roles.start(engine);
        history::confirm::follow(engine, &self.access);
        self.subscriptions.follow(engine);
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&self.transit).rotate_for_ever(engine.clone()));
        tasks.spawn(Arc::clone(&self.identity_tokens).rotate_for_ever(engine.clone()));
        if engine.model_changed() {
            let engine = engine.clone();
            tasks.spawn(async move { notifications::tell_of_modules(&engine).await });
        }
        let (engine, access) = (engine.clone(), Arc::clone(&self.access));
        let app_roles = Arc::clone(&self.app_roles);
        let wrapping = Arc::clone(&self.wrapping);
        tasks.spawn(async move {
            let mut every = tokio::time::interval(token::sweep::INTERVAL);
            loop {
                every.tick().await;
                if let Err(error) = token::sweep::sweep(&engine, &access).await {
                    tracing::warn!(%error, "tokens that have ended could not be swept");
                }
                if let Err(error) = wrapping.sweep(&engine).await {
                    tracing::warn!(%error, "kept texts that have ended could not be swept");
                }
                if let Err(error) = app_roles.sweep(&engine).await {
                    tracing::warn!(%error, "secret ids that have ended could not be swept");
                }
            }
        });
        Background(tasks)
    }

    /// What clients subscribe to.
    pub fn subscriptions(&self) -> Arc<dyn streams::Subscriptions> {
        Arc::new(Received(Arc::clone(&self.subscriptions)))
    }

    /// The documents of issuers, as of the newest data.
    pub fn documents(&self, engine: &Engine) -> Arc<dyn Documents> {
        Arc::new(IssuerDocuments {
            engine: engine.clone(),
            issuers: Arc::clone(&self.issuers),
            identity_tokens: Arc::clone(&self.identity_tokens),
        })
    }
}

/// What clients subscribed to, for the surface.
struct Received(Arc<Subscriptions>);

impl streams::Subscriptions for Received {
    fn receive(&self, gate: &Gate, caller: &Arc<Caller>, id: u32) -> Option<streams::Subscribed> {
        let (feed, is_xml) = self.0.receive(gate, caller, id)?;
        Some(streams::Subscribed { feed, is_xml })
    }

    fn is_waiting(&self, caller: &Caller, id: u32) -> bool {
        self.0.is_waiting(caller, id)
    }
}

struct IssuerDocuments {
    engine: Engine,
    issuers: Arc<JwtIssuers>,
    identity_tokens: Arc<IdentityTokens>,
}

impl Documents for IssuerDocuments {
    fn find(&self, tenant: &str, issuer: &str, kind: DocumentKind) -> Option<PublicDocument> {
        let kind = match kind {
            DocumentKind::Configuration => jwt_issuer::DocumentKind::Configuration,
            DocumentKind::KeySet => jwt_issuer::DocumentKind::KeySet,
        };
        let public_url = &self.engine.settings().public_url;
        let now = self.engine.clock().now();
        let found = self.issuers.document(&self.engine.snapshot(), tenant, issuer, kind, public_url, now)?;
        Some(PublicDocument { json: found.json, max_age: found.max_age })
    }

    fn of_identity_tokens(&self, tenant: &str, kind: DocumentKind) -> Option<PublicDocument> {
        let snapshot = self.engine.snapshot();
        let tenant = Ident::from(tenant);
        let found = match kind {
            DocumentKind::Configuration => {
                let public_url = &self.engine.settings().public_url;
                self.identity_tokens.discovery_of(&snapshot, &tenant, public_url)?
            }
            DocumentKind::KeySet => {
                snapshot.tenant(&tenant)?;
                self.identity_tokens.key_set_of(&snapshot, &tenant, self.engine.clock().now()).ok()?
            }
        };
        Some(PublicDocument { json: found.document, max_age: found.max_age.unwrap_or(0) })
    }
}
