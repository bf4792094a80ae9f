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
use crate::access::Access;
use crate::access::authenticate::turns::Turns;
use crate::access::model::{ModelError, path_to};
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::engine::{Engine, Registry};
use crate::yang::schema::{NodeId, Schema, Value};

const ROLES: &str = "/strongbox/authentication/approle";

/// The service.
#[derive(Debug)]
pub struct AppRoles {
    access: Arc<Access>,
    nodes: Nodes,
    role_ids: Arc<RoleIds>,
    turns: Turns,
}

/// Where things are in the model.
#[derive(Clone, Debug)]
struct Nodes {
    roles: InstancePath,
    role_id: NodeId,
    secret_ids: NodeId,
    num_uses: NodeId,
    expires: NodeId,
}

impl Nodes {
    fn find(schema: &Schema) -> Result<Self, ModelError> {
        let node = |path: &'static str| schema.find(path).ok_or(ModelError(path));
        Ok(Nodes {
            roles: path_to(schema, ROLES)?,
            role_id: node("/strongbox/authentication/approle/role-id")?,
            secret_ids: node("/strongbox/authentication/approle/secret-ids")?,
            num_uses: node("/strongbox/authentication/approle/secret-ids/num-uses")?,
            expires: node("/strongbox/authentication/approle/secret-ids/expires")?,
        })
    }

    fn role(&self, name: &str) -> InstancePath {
        self.roles.entry(vec![Value::string(name)])
    }

    fn secret_id(&self, role: &InstancePath, accessor: &str) -> InstancePath {
        role.child(self.secret_ids).entry(vec![Value::string(accessor)])
    }
}

impl AppRoles {
    /// The service over these tokens.
    ///
    /// # Errors
    /// When the model has no such roles.
    pub fn new(access: Arc<Access>, schema: &Schema) -> Result<Arc<Self>, ModelError> {
        let nodes = Nodes::find(schema)?;
        let role_ids = RoleIds::new(nodes.roles.clone(), nodes.role_id);
        Ok(Arc::new(AppRoles { access, nodes, role_ids, turns: Turns::default() }))
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let service = Arc::clone(self);
        registry.action("/approle-login", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.login(context, input).await }
        });
        let path = |action: &str| format!("{ROLES}/{action}");
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
        registry.prepare(ROLES, Arc::new(role_ids::OwnId(self.nodes.role_id)));
        registry.guard(ROLES, check_networks);
    }

    /// Begins to follow which role has which id. Before that nobody can log in without naming the tenant.
    pub fn start(&self, engine: &Engine) {
        engine.observe(Arc::clone(&self.role_ids) as Arc<dyn crate::engine::Observer>);
        self.role_ids.load(&engine.snapshot());
    }
}

/// A role by its tenant and name.
type RoleName = (Ident, Ident);
