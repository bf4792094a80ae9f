//! Identity tokens: signed statements about the entity behind a token, and the keys by which the world checks them.
//!
//! From the inside out: `template` turns facts about an entity into claims, `ring` is how keys take turns, `issue` and
//! `introspect` make and judge tokens, `documents` are what verifiers read, `rotation` goes on by itself. Not for tokens that
//! a role's caller fills with claims of its own: those are [`super::jwt_issuer`]'s.

mod documents;
mod introspect;
mod issue;
pub mod model;
pub mod ring;
mod rotation;
mod rules;
pub mod template;

use std::sync::Arc;

use serde::de::DeserializeOwned;

use self::model::NamedKey;
use self::ring::{KEYS, Ring};
use crate::access::Access;
use crate::access::model::path_to;
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::engine::{ActionError, Derived, Registry, Snapshot, StateContext, StateError, StateProvider};
use crate::yang::schema::{NodeId, Schema, Value};

pub(super) const ROLES: &str = "/strongbox/identity/oidc/roles";

/// The key that is made for the first role that names it.
pub const DEFAULT: &str = "default";

/// How many keys and roles are kept parsed.
const KEPT: usize = 16_384;

/// Where the service finds its own things.
#[derive(Debug)]
struct Nodes {
    oidc: InstancePath,
    keys: InstancePath,
    roles: InstancePath,
    issuer: NodeId,
    role_key: NodeId,
    role_template: NodeId,
    role_ttl: NodeId,
    client_id: NodeId,
    verification_ttl: NodeId,
    ring: ring::Nodes,
}

/// The service.
pub struct IdentityTokens {
    access: Arc<Access>,
    nodes: Arc<Nodes>,
    default_tenant: Ident,
    rings: Derived<(Ident, Value), Ring>,
    roles: Derived<(Ident, Value), issue::Compiled>,
}

impl IdentityTokens {
    /// The service; `None` for a model without identity tokens. The documents of `default_tenant` have the shorter URLs.
    pub fn new(access: Arc<Access>, schema: &Schema, default_tenant: Ident) -> Option<Arc<Self>> {
        let nodes = Nodes {
            oidc: path_to(schema, "/strongbox/identity/oidc").ok()?,
            keys: path_to(schema, KEYS).ok()?,
            roles: path_to(schema, ROLES).ok()?,
            issuer: schema.find("/strongbox/identity/oidc/issuer")?,
            role_key: schema.find("/strongbox/identity/oidc/roles/key")?,
            role_template: schema.find("/strongbox/identity/oidc/roles/template")?,
            role_ttl: schema.find("/strongbox/identity/oidc/roles/ttl")?,
            client_id: schema.find("/strongbox/identity/oidc/roles/client-id")?,
            verification_ttl: schema.find("/strongbox/identity/oidc/keys/verification-ttl")?,
            ring: ring::Nodes::find(schema)?,
        };
        Some(Arc::new(IdentityTokens {
            access,
            nodes: Arc::new(nodes),
            default_tenant,
            rings: Derived::new(KEPT),
            roles: Derived::new(KEPT),
        }))
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        rules::register(registry, &self.nodes);
        registry.state(&format!("{KEYS}/roles"), Arc::clone(self) as Arc<dyn StateProvider>);
        let service = Arc::clone(self);
        registry.action(&format!("{KEYS}/rotate"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.rotate(&context, input).await }
        });
        let service = Arc::clone(self);
        registry.action(&format!("{ROLES}/token"), move |context, ()| {
            let service = Arc::clone(&service);
            async move { service.token(&context) }
        });
        let path = |action: &str| format!("/strongbox/identity/oidc/{action}");
        let service = Arc::clone(self);
        registry.action(&path("introspect"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.introspect(&context, &input) }
        });
        let service = Arc::clone(self);
        registry.action(&path("read-discovery"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.discovery(&context, input) }
        });
        let service = Arc::clone(self);
        registry.action(&path("read-keys"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.key_set(&context, input) }
        });
    }

    /// The keys of an entry of `keys`, parsed.
    fn ring(
        &self,
        schema: &Schema,
        tenant: &Ident,
        entry: &Arc<Container>,
    ) -> Result<Arc<Ring>, ActionError> {
        let name = entry.key_values(1).next().cloned().unwrap_or(Value::Empty);
        self.rings.get(&(tenant.clone(), name), &[entry], || {
            Ring::new(read::<NamedKey>(schema, entry)?).map_err(|error| internal(&error))
        })
    }

    /// The entries of one of the lists.
    fn entries<'s>(
        &self,
        snapshot: &'s Snapshot,
        tenant: &str,
        list: &InstancePath,
    ) -> impl Iterator<Item = &'s Arc<Container>> + use<'s> {
        let list = snapshot.tenant(tenant).and_then(|data| data.tree.list(list));
        list.into_iter().flat_map(|list| list.iter())
    }

    /// What `iss` is. The tenant that requests without a token belong to is served where clients expect it; the others
    /// below their names.
    fn issuer(&self, snapshot: &Snapshot, tenant: &str, public_url: &str) -> String {
        let configured = snapshot.entry(tenant, &self.nodes.oidc);
        let configured = configured.and_then(|oidc| oidc.leaf(self.nodes.issuer)).and_then(Value::as_str);
        let base = configured.unwrap_or(public_url);
        if self.default_tenant == *tenant {
            format!("{base}/v1/identity/oidc")
        } else {
            format!("{base}/{tenant}/identity/oidc")
        }
    }
}

/// Which roles name a key.
impl StateProvider for IdentityTokens {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let Some(key) = context.path.keys().first() else { return Ok(None) };
        let roles = self.entries(context.snapshot, context.tenant, &self.nodes.roles);
        let names: Vec<Value> = roles
            .filter(|role| role.leaf(self.nodes.role_key) == Some(key))
            .filter_map(|role| role.key_values(1).next().cloned())
            .collect();
        Ok((!names.is_empty()).then(|| Data::LeafList(names.into_iter().collect())))
    }
}

fn read<T: DeserializeOwned>(schema: &Schema, entry: &Container) -> Result<T, ActionError> {
    from_data(schema, entry).map_err(|error| internal(&error))
}

fn internal(error: &dyn std::fmt::Display) -> ActionError {
    ActionError::Internal(error.to_string())
}
