//! Logging in as a machine: by the id of a role and a secret id that was handed out for it.
//!
//! A secret id is stored hashed below its role, under an accessor that follows from it; so it is found without an index,
//! and nothing that is stored leads back to it. A log in takes one of its uses in the transaction that makes the token.

pub mod actions;
pub mod login;
pub mod model;
pub mod role_ids;
pub mod secret_id;
pub mod sweep;

use std::sync::Arc;

use self::role_ids::RoleIds;
use super::login::check_networks;
use super::login::place::{Place, Places};
use crate::access::Access;
use crate::access::authenticate::turns::Turns;
use crate::access::model::ModelError;
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::engine::{ActionError, Engine, Registry};
use crate::yang::schema::{NodeId, Schema, Value};

/// The roles of a tenant, and those of a mount.
const ROLES: [&str; 2] = ["/strongbox/authentication/approle", "/strongbox/mounts/auth/approle/roles"];

/// The service.
#[derive(Debug)]
pub struct AppRoles {
    access: Arc<Access>,
    places: Places,
    role_ids: Arc<RoleIds>,
    turns: Turns,
}

impl AppRoles {
    /// The service over these tokens.
    ///
    /// # Errors
    /// When the model has no such roles.
    pub fn new(access: Arc<Access>, schema: &Schema) -> Result<Arc<Self>, ModelError> {
        let places = Places::find(schema, "approle", "roles")?;
        let role_ids = RoleIds::new(places.clone());
        Ok(Arc::new(AppRoles { access, places, role_ids, turns: Turns::default() }))
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let service = Arc::clone(self);
        registry.action("/approle-login", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.login(context, input).await }
        });
        for roles in ROLES {
            let path = |action: &str| format!("{roles}/{action}");
            let service = Arc::clone(self);
            registry.action(&path("generate-secret-id"), move |context, input| {
                let service = Arc::clone(&service);
                async move { service.generate(context, input).await }
            });
            let service = Arc::clone(self);
            registry.action(&path("lookup-secret-id"), move |context, input| {
                let service = Arc::clone(&service);
                async move { service.lookup(&context, &input) }
            });
            let service = Arc::clone(self);
            registry.action(&path("destroy-secret-id"), move |context, input| {
                let service = Arc::clone(&service);
                async move { service.destroy(context, input).await }
            });
            registry.prepare(roles, Arc::new(role_ids::OwnId));
            registry.guard(roles, check_networks);
        }
    }

    /// Begins to follow which role has which id. Before that nobody can log in without naming the tenant.
    pub fn start(&self, engine: &Engine) {
        engine.observe(Arc::clone(&self.role_ids) as Arc<dyn crate::engine::Observer>);
        self.role_ids.load(&engine.snapshot());
    }
}

/// A role by its tenant, place and name.
type RoleName = (Ident, Place, Ident);

/// The place of a secret id below its role.
fn secret_id_of(schema: &Schema, role: &InstancePath, accessor: &str) -> Result<InstancePath, ActionError> {
    let list = below(schema, role, "secret-ids")?;
    Ok(role.child(list).entry([Value::string(accessor)]))
}

/// A node below a role or a secret id: there are two of each, of tenants and of mounts.
fn below(schema: &Schema, path: &InstancePath, name: &str) -> Result<NodeId, ActionError> {
    let missing = || ActionError::Internal(format!("the model of roles has no '{name}'"));
    schema.own_child(path.target(), name).ok_or_else(missing)
}
