//! Where access finds its own things in the model: policies, tokens, tenants. Looked up once, when the daemon starts.

use crate::data::path::{InstancePath, Keys, PathStep};
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// The nodes that access works with.
#[derive(Clone, Debug)]
pub struct Model {
    /// `/policy/policies`.
    pub policies: InstancePath,
    /// `/strongbox/token/tokens`.
    pub tokens: InstancePath,
    /// `/strongbox/authentication/token-settings`.
    pub token_settings: InstancePath,
    /// `/tenants`.
    pub tenants: InstancePath,
    /// `/tenants/policies`: the limits of a tenant.
    pub limits: NodeId,
    /// `/nacm`.
    pub nacm: InstancePath,
    /// `/strongbox/mounts/auth`.
    pub mounts: InstancePath,
    /// `/strongbox/mounts/auth/accessor`.
    pub mount_accessor: NodeId,
}

/// The schema lacks a node that access cannot do without.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model has no '{0}', without which nobody can be let in")]
pub struct ModelError(pub &'static str);

impl Model {
    /// Looks the nodes up.
    ///
    /// # Errors
    /// [`ModelError`] names the first one that is missing.
    pub fn find(schema: &Schema) -> Result<Self, ModelError> {
        let node = |path: &'static str| schema.find(path).ok_or(ModelError(path));
        Ok(Model {
            policies: path_to(schema, "/policy/policies")?,
            tokens: path_to(schema, "/strongbox/token/tokens")?,
            token_settings: path_to(schema, "/strongbox/authentication/token-settings")?,
            tenants: path_to(schema, "/tenants")?,
            limits: node("/tenants/policies")?,
            nacm: path_to(schema, "/ietf-netconf-acm:nacm")?,
            mounts: path_to(schema, "/strongbox/mounts/auth")?,
            mount_accessor: node("/strongbox/mounts/auth/accessor")?,
        })
    }

    /// The entry of one token.
    pub fn token(&self, accessor: &str) -> InstancePath {
        self.tokens.entry([Value::string(accessor)])
    }
}

/// The instance path of a list or container that stands below containers only.
pub fn path_to(schema: &Schema, path: &'static str) -> Result<InstancePath, ModelError> {
    let mut at = schema.find(path).ok_or(ModelError(path))?;
    let mut steps = Vec::new();
    while at != NodeId::ROOT {
        let node = schema.node(at);
        if !steps.is_empty() && matches!(node.kind, NodeKind::List { .. }) {
            return Err(ModelError(path));
        }
        steps.push(PathStep { node: at, keys: Keys::new() });
        at = node.parent;
    }
    steps.reverse();
    Ok(InstancePath { steps })
}
